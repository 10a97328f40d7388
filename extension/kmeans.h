/*
 * kmeans.h: what the files of k-means share.
 */
#ifndef KMEANS_H
#define KMEANS_H

#include "glue.h"

#include "utils/jsonb.h"

/* ---- kmeans_options.c -------------------------------------------------------------------------------- */

/*
 * The options of one call; features is still to be known, and with it how the rows of start are checked. start is
 * allocated in the given context.
 */
extern ks_kmeans_task kmeans_task_from_options(int k, Jsonb *options, int values, MemoryContext context);
extern const char *kmeans_normalisation_name(int normalisation);
extern int	kmeans_normalisation_from_name(const char *name);	/* -1 if there is none */

/* ---- kmeans_model.c ---------------------------------------------------------------------------------- */

/* What a model says beside the result of the kernel. */
typedef struct kmeans_facts
{
	const ks_kmeans_task *task;
	int64		rows;
	int64		rows_left_out;
} kmeans_facts;

/* A value of vibe.kmeans_model, whose type is row_type. */
extern Datum kmeans_model_datum(const ks_kmeans_result *result, const kmeans_facts *facts, Oid row_type);

/*
 * Is the feature (counted from 1) a number that can be used? False for NaN and infinity; an ERROR if it is too large,
 * or has no logarithm where one is taken.
 */
extern bool kmeans_feature_counts(double value, int number, bool takes_logarithm);

#endif							/* KMEANS_H */
