/*
 * kmeans.c: aggregate vibe.kmeans over Sources/Kernels/KMeans.swift.
 */
#include "kmeans.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/float.h"

#define LEAST_WEIGHT 1e-15
#define GREATEST_WEIGHT 1e15

/* A state as it travels from a parallel worker; the options follow. */
typedef struct kmeans_head
{
	int64		size;			/* of head and options */
	int64		rows_left_out;
	int32		k;
	int32		values;			/* of a row: features, and the weight if there is one */
} kmeans_head;

typedef struct kmeans_state
{
	row_list	rows;			/* of values doubles */
	int64		rows_left_out;
	int32		values;
	Jsonb	   *options;
	ks_kmeans_task task;
} kmeans_state;

static kmeans_state *
make_state(MemoryContext context, int k, Jsonb *options, int values)
{
	kmeans_state *state = MemoryContextAllocZero(context, sizeof(kmeans_state));

	state->values = values;
	state->options = MemoryContextAlloc(context, VARSIZE(options));
	memcpy(state->options, options, VARSIZE(options));
	state->task = kmeans_task_from_options(k, state->options, values, context);
	rows_init(&state->rows, context, values * sizeof(double));
	return state;
}

static void
check_same_call(const kmeans_state *state, int k, const Jsonb *options, int values)
{
	if (state->task.k != k)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k is %d in one row and %d in another", state->task.k, k)));
	if (state->values != values)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there are %d features in one row and %d in another", state->values, values)));
	if (VARSIZE(state->options) != VARSIZE(options) ||
		memcmp(state->options, options, VARSIZE(options)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("options differ between rows")));
}

/* The state in argument 0, made by the first row; later rows must agree with it. */
static kmeans_state *
getarg_state(FunctionCallInfo fcinfo, int values)
{
	Jsonb	   *options;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s is null", PG_ARGISNULL(1) ? "k" : "options")));
	options = PG_GETARG_JSONB_P(2);
	if (PG_ARGISNULL(0))
		return make_state(aggregate_rows_context(fcinfo), PG_GETARG_INT32(1), options, values);
	check_same_call((kmeans_state *) PG_GETARG_POINTER(0), PG_GETARG_INT32(1), options, values);
	return (kmeans_state *) PG_GETARG_POINTER(0);
}

/* A weight of 0 leaves the row out. */
static bool
weight_counts(double weight)
{
	if (weight == 0)
		return false;
	if (!(weight >= LEAST_WEIGHT && weight <= GREATEST_WEIGHT))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("the weight is %g", weight),
				 errdetail("It must be 0, or from %g to %g.", LEAST_WEIGHT, GREATEST_WEIGHT)));
	return true;
}

static bool
row_counts(const kmeans_state *state, const double *row)
{
	bool		takes_logarithm = state->task.normalisation == KS_NORMALISE_LOG1P_ZSCORE;

	for (int i = 0; i < state->task.features; i++)
		if (!kmeans_feature_counts(row[i], i + 1, takes_logarithm))
			return false;
	return !state->task.weighted || weight_counts(row[state->task.features]);
}

/* Adding 0 makes one zero of the two that there are. */
static void
add_row(kmeans_state *state, const double *values)
{
	double	   *row;

	if (!row_counts(state, values))
	{
		state->rows_left_out++;
		return;
	}
	row = rows_next(&state->rows);
	for (int i = 0; i < state->values; i++)
		row[i] = values[i] + 0.0;
}

/* kmeans(k, options, variadic features) */
PG_FUNCTION_INFO_V1(vibe_kmeans_add);
Datum
vibe_kmeans_add(PG_FUNCTION_ARGS)
{
	ArrayType  *features;
	kmeans_state *state;

	if (PG_ARGISNULL(3))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("the array of features is null")));
	features = PG_GETARG_ARRAYTYPE_P(3);
	state = getarg_state(fcinfo, ArrayGetNItems(ARR_NDIM(features), ARR_DIMS(features)));
	if (array_contains_nulls(features))
		state->rows_left_out++;
	else
		add_row(state, (double *) ARR_DATA_PTR(features));
	PG_RETURN_POINTER(state);
}

/* kmeans(k, options, feature_1, feature_2 …): no array has to be made of each row. */
PG_FUNCTION_INFO_V1(vibe_kmeans_add_columns);
Datum
vibe_kmeans_add_columns(PG_FUNCTION_ARGS)
{
	int			values = PG_NARGS() - 3;
	kmeans_state *state = getarg_state(fcinfo, values);
	double		row[KS_MAX_FEATURES + 1];

	for (int i = 0; i < values; i++)
	{
		row[i] = PG_ARGISNULL(3 + i) ? get_float8_nan() : PG_GETARG_FLOAT8(3 + i);
		if (PG_ARGISNULL(3 + i) && i == state->task.features)
			row[i] = 0;			/* no weight */
	}
	add_row(state, row);
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(vibe_kmeans_combine);
Datum
vibe_kmeans_combine(PG_FUNCTION_ARGS)
{
	kmeans_state *state = PG_ARGISNULL(0) ? NULL : (kmeans_state *) PG_GETARG_POINTER(0);
	kmeans_state *other = PG_ARGISNULL(1) ? NULL : (kmeans_state *) PG_GETARG_POINTER(1);

	if (other != NULL)
	{
		if (state == NULL)
			state = make_state(aggregate_rows_context(fcinfo), other->task.k, other->options, other->values);
		check_same_call(state, other->task.k, other->options, other->values);
		state->rows_left_out += other->rows_left_out;
		rows_append_all(&state->rows, &other->rows);
	}
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(vibe_kmeans_serialize);
Datum
vibe_kmeans_serialize(PG_FUNCTION_ARGS)
{
	kmeans_state *state = (kmeans_state *) PG_GETARG_POINTER(0);
	int64		size = sizeof(kmeans_head) + VARSIZE(state->options);
	kmeans_head *head = palloc(size);

	head->size = size;
	head->rows_left_out = state->rows_left_out;
	head->k = state->task.k;
	head->values = state->values;
	memcpy(head + 1, state->options, VARSIZE(state->options));
	PG_RETURN_BYTEA_P(rows_serialize(&state->rows, head, size));
}

PG_FUNCTION_INFO_V1(vibe_kmeans_deserialize);
Datum
vibe_kmeans_deserialize(PG_FUNCTION_ARGS)
{
	bytea	   *bytes = PG_GETARG_BYTEA_PP(0);
	kmeans_head head;
	char	   *whole;
	kmeans_state *state;

	memcpy(&head, VARDATA_ANY(bytes), sizeof(kmeans_head));
	whole = palloc(head.size);
	memcpy(whole, VARDATA_ANY(bytes), head.size);
	state = make_state(CurrentMemoryContext, head.k, (Jsonb *) (whole + sizeof(kmeans_head)), head.values);
	state->rows_left_out = head.rows_left_out;
	rows_deserialize(&state->rows, bytes, whole, head.size);
	PG_RETURN_POINTER(state);
}

/* vibe.kmeans_model; null if no row counted. */
PG_FUNCTION_INFO_V1(vibe_kmeans_final);
Datum
vibe_kmeans_final(PG_FUNCTION_ARGS)
{
	kmeans_state *state = PG_ARGISNULL(0) ? NULL : (kmeans_state *) PG_GETARG_POINTER(0);
	ks_kmeans_result result = {0};
	kmeans_facts facts;

	if (state == NULL || state->rows.count == 0)
		PG_RETURN_NULL();
	result.centroids = palloc(state->task.k * state->task.features * sizeof(double));
	result.sizes = palloc(state->task.k * sizeof(int64));
	result.weights = palloc(state->task.k * sizeof(double));
	result.shift = palloc(state->task.features * sizeof(double));
	result.scale = palloc(state->task.features * sizeof(double));
	RUN_KERNEL(ks_kmeans(state->rows.first, &state->task, &limits, &result));
	facts.task = &state->task;
	facts.rows = state->rows.count;
	facts.rows_left_out = state->rows_left_out;
	return kmeans_model_datum(&result, &facts, get_fn_expr_rettype(fcinfo->flinfo));
}
