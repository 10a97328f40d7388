/*
 * kmeans_model.c: values of vibe.kmeans_model, and vibe.kmeans_assign, which scores rows by one.
 */
#include "kmeans.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/typcache.h"

/* The columns of vibe.kmeans_model, as sql/50_segment/types.sql has them. */
enum
{
	MODEL_K, MODEL_FEATURES, MODEL_CLUSTERS, MODEL_CENTROIDS, MODEL_SIZES, MODEL_WEIGHTS, MODEL_INERTIA,
	MODEL_ITERATIONS, MODEL_CONVERGED, MODEL_NORMALISE, MODEL_SHIFT, MODEL_SCALE, MODEL_TOLERANCE,
	MODEL_MAX_ITERATIONS, MODEL_START, MODEL_SEED, MODEL_RESTARTS, MODEL_WEIGHTED, MODEL_ROWS, MODEL_ROWS_LEFT_OUT,
	MODEL_COLUMNS
};

bool
kmeans_feature_counts(double value, int number, bool takes_logarithm)
{
	if (likely(fabs(value) <= KS_MAX_FEATURE_VALUE && !(takes_logarithm && value <= -1)))
		return true;
	if (!isfinite(value))
		return false;
	if (fabs(value) > KS_MAX_FEATURE_VALUE)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("feature %d is %g", number, value),
				 errdetail("It must be from %g to %g.", -KS_MAX_FEATURE_VALUE, KS_MAX_FEATURE_VALUE)));
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("feature %d is %g, and ln(1 + x) does not exist for it", number, value),
			 errdetail("With normalise log1p_zscore it must be above -1.")));
	return false;				/* not reached */
}

static Datum
float8_array(const double *values, int rows, int columns)
{
	int			ndim = columns > 0 ? 2 : 1;
	int			count = columns > 0 ? rows * columns : rows;
	Size		size = ARR_OVERHEAD_NONULLS(ndim) + count * sizeof(double);
	ArrayType  *array = palloc0(size);

	SET_VARSIZE(array, size);
	array->ndim = ndim;
	array->elemtype = FLOAT8OID;
	ARR_DIMS(array)[0] = rows;
	ARR_LBOUND(array)[0] = 1;
	if (ndim == 2)
	{
		ARR_DIMS(array)[1] = columns;
		ARR_LBOUND(array)[1] = 1;
	}
	memcpy(ARR_DATA_PTR(array), values, count * sizeof(double));
	PG_RETURN_ARRAYTYPE_P(array);
}

static TupleDesc
model_shape(Oid type, int32 typmod)
{
	TupleDesc	shape = lookup_rowtype_tupdesc(type, typmod);

	if (shape->natts != MODEL_COLUMNS)
		elog(ERROR, "type vibe.kmeans_model has been changed");
	return shape;
}

Datum
kmeans_model_datum(const ks_kmeans_result *result, const kmeans_facts *facts, Oid row_type)
{
	const ks_kmeans_task *task = facts->task;
	TupleDesc	shape = model_shape(row_type, -1);
	Datum		values[MODEL_COLUMNS];
	bool		nulls[MODEL_COLUMNS] = {false};
	HeapTuple	tuple;

	values[MODEL_K] = Int32GetDatum(task->k);
	values[MODEL_FEATURES] = Int32GetDatum(task->features);
	values[MODEL_CLUSTERS] = Int32GetDatum(result->clusters);
	values[MODEL_CENTROIDS] = float8_array(result->centroids, result->clusters, task->features);
	values[MODEL_SIZES] = int64_array(result->sizes, result->clusters);
	values[MODEL_WEIGHTS] = float8_array(result->weights, result->clusters, 0);
	values[MODEL_INERTIA] = Float8GetDatum(result->inertia);
	values[MODEL_ITERATIONS] = Int32GetDatum(result->iterations);
	values[MODEL_CONVERGED] = BoolGetDatum(result->converged != 0);
	values[MODEL_NORMALISE] = CStringGetTextDatum(kmeans_normalisation_name(task->normalisation));
	values[MODEL_SHIFT] = float8_array(result->shift, task->features, 0);
	values[MODEL_SCALE] = float8_array(result->scale, task->features, 0);
	values[MODEL_TOLERANCE] = Float8GetDatum(task->tolerance);
	values[MODEL_MAX_ITERATIONS] = Int32GetDatum(task->max_iterations);
	values[MODEL_START] = CStringGetTextDatum(task->start ? "given" : "k-means++");
	values[MODEL_SEED] = Int64GetDatum((int64) task->seed);
	nulls[MODEL_SEED] = task->start != NULL;
	values[MODEL_RESTARTS] = Int32GetDatum(task->restarts);
	values[MODEL_WEIGHTED] = BoolGetDatum(task->weighted != 0);
	values[MODEL_ROWS] = Int64GetDatum(facts->rows);
	values[MODEL_ROWS_LEFT_OUT] = Int64GetDatum(facts->rows_left_out);
	tuple = heap_form_tuple(shape, values, nulls);
	ReleaseTupleDesc(shape);
	return HeapTupleHeaderGetDatum(tuple->t_data);
}

/* ---- vibe.kmeans_assign ------------------------------------------------------------------------------ */

/* The model of the call before, laid out for the kernel, and the value that it was made of. */
typedef struct placed_model
{
	MemoryContext context;		/* of all of this */
	struct varlena *source;
	Size		source_size;
	ks_kmeans_model model;
	double	   *row;
} placed_model;

static void
bad_model(const char *column, const char *rule)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("column %s of the model is not as vibe.kmeans made it", column),
			 errdetail("It must be %s.", rule)));
}

/* So many finite numbers of an array. */
static const double *
model_numbers(Datum array, bool isnull, int count, const char *column)
{
	ArrayType  *numbers;

	if (!isnull)
	{
		bool		finite = true;

		numbers = DatumGetArrayTypeP(array);
		if (ArrayGetNItems(ARR_NDIM(numbers), ARR_DIMS(numbers)) == count && !array_contains_nulls(numbers))
		{
			for (int i = 0; i < count; i++)
				finite &= isfinite(((double *) ARR_DATA_PTR(numbers))[i]) != 0;
			if (finite)
				return (double *) ARR_DATA_PTR(numbers);
		}
	}
	bad_model(column, psprintf("an array of %d finite numbers", count));
	return NULL;				/* not reached */
}

static int
model_int(Datum value, bool isnull, int greatest, const char *column)
{
	if (isnull || DatumGetInt32(value) < 1 || DatumGetInt32(value) > greatest)
		bad_model(column, psprintf("a number from 1 to %d", greatest));
	return DatumGetInt32(value);
}

/* Fills placed->model from a flat value; in placed->context. */
static void
place_model(placed_model *placed, HeapTupleHeader header)
{
	ks_kmeans_model *model = &placed->model;
	TupleDesc	shape = model_shape(HeapTupleHeaderGetTypeId(header), HeapTupleHeaderGetTypMod(header));
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(header), .t_data = header};
	Datum		values[MODEL_COLUMNS];
	bool		nulls[MODEL_COLUMNS];
	const double *centroids;

	heap_deform_tuple(&tuple, shape, values, nulls);
	ReleaseTupleDesc(shape);
	model->features = model_int(values[MODEL_FEATURES], nulls[MODEL_FEATURES], KS_MAX_FEATURES, "features");
	model->clusters = model_int(values[MODEL_CLUSTERS], nulls[MODEL_CLUSTERS], KS_MAX_CLUSTERS, "clusters");
	model->normalisation = nulls[MODEL_NORMALISE] ? -1 :
		kmeans_normalisation_from_name(TextDatumGetCString(values[MODEL_NORMALISE]));
	if (model->normalisation < 0)
		bad_model("normalise", "none, zscore, minmax or log1p_zscore");
	model->shift = model_numbers(values[MODEL_SHIFT], nulls[MODEL_SHIFT], model->features, "shift");
	model->scale = model_numbers(values[MODEL_SCALE], nulls[MODEL_SCALE], model->features, "scale");
	centroids = model_numbers(values[MODEL_CENTROIDS], nulls[MODEL_CENTROIDS], model->clusters * model->features,
							  "centroids");
	model->padded = TYPEALIGN(8, model->clusters);
	model->placed = palloc(model->padded * model->features * sizeof(double));
	placed->row = palloc(model->features * sizeof(double));
	if (ks_kmeans_place(model, centroids) != KS_OK)
		elog(ERROR, "a kernel of vibe refused a model");
}

/*
 * The model in argument 0, made anew only if it is another one than at the call before. A value that lies in a
 * TOAST table is known by its address there, which is not used again while the query runs.
 */
static placed_model *
getarg_model(FunctionCallInfo fcinfo)
{
	placed_model *placed = fcinfo->flinfo->fn_extra;
	struct varlena *given = (struct varlena *) PG_GETARG_POINTER(0);
	MemoryContext context,
				caller;

	if (VARATT_IS_EXTERNAL(given) && !VARATT_IS_EXTERNAL_ONDISK(given))
		given = (struct varlena *) PG_GETARG_HEAPTUPLEHEADER(0);
	if (placed != NULL && placed->source_size == VARSIZE_ANY(given) &&
		memcmp(placed->source, given, placed->source_size) == 0)
		return placed;

	context = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "vibe k-means model", ALLOCSET_SMALL_SIZES);
	caller = MemoryContextSwitchTo(context);
	placed = palloc0(sizeof(placed_model));
	placed->context = context;
	placed->source_size = VARSIZE_ANY(given);
	placed->source = palloc(placed->source_size);
	memcpy(placed->source, given, placed->source_size);
	place_model(placed, DatumGetHeapTupleHeaderCopy(PointerGetDatum(given)));
	MemoryContextSwitchTo(caller);
	if (fcinfo->flinfo->fn_extra != NULL)
		MemoryContextDelete(((placed_model *) fcinfo->flinfo->fn_extra)->context);
	fcinfo->flinfo->fn_extra = placed;
	return placed;
}

static void
check_features(const placed_model *placed, int features)
{
	if (placed->model.features != features)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the model has %d features and the row %d", placed->model.features, features),
				 errdetail("They must be as many, in the same order; a weight is none.")));
}

/* The number of the nearest cluster of placed->row, null if a feature is NaN or infinite. */
static Datum
nearest(FunctionCallInfo fcinfo, placed_model *placed)
{
	bool		takes_logarithm = placed->model.normalisation == KS_NORMALISE_LOG1P_ZSCORE;

	for (int i = 0; i < placed->model.features; i++)
		if (!kmeans_feature_counts(placed->row[i], i + 1, takes_logarithm))
			PG_RETURN_NULL();
	PG_RETURN_INT32(ks_kmeans_nearest(&placed->model, placed->row) + 1);
}

/* kmeans_assign(model, variadic features) */
PG_FUNCTION_INFO_V1(vibe_kmeans_assign);
Datum
vibe_kmeans_assign(PG_FUNCTION_ARGS)
{
	placed_model *placed = getarg_model(fcinfo);
	ArrayType  *features = PG_GETARG_ARRAYTYPE_P(1);

	check_features(placed, ArrayGetNItems(ARR_NDIM(features), ARR_DIMS(features)));
	if (array_contains_nulls(features))
		PG_RETURN_NULL();
	memcpy(placed->row, ARR_DATA_PTR(features), placed->model.features * sizeof(double));
	return nearest(fcinfo, placed);
}

/* kmeans_assign(model, feature_1, feature_2 …) */
PG_FUNCTION_INFO_V1(vibe_kmeans_assign_columns);
Datum
vibe_kmeans_assign_columns(PG_FUNCTION_ARGS)
{
	placed_model *placed = getarg_model(fcinfo);

	check_features(placed, PG_NARGS() - 1);
	for (int i = 0; i < placed->model.features; i++)
		placed->row[i] = PG_GETARG_FLOAT8(1 + i);
	return nearest(fcinfo, placed);
}
