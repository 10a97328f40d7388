/*
 * kmeans_options.c: the options of vibe.kmeans as they stand in jsonb.
 */
#include "kmeans.h"

#include <math.h>

#include "utils/builtins.h"
#include "utils/numeric.h"

#define MOST_ITERATIONS 100000
#define MOST_RESTARTS 1000
#define GREATEST_SEED 9007199254740991.0	/* what a JSON number surely carries */

static const char *const normalisation_names[] = {"none", "zscore", "minmax", "log1p_zscore"};

const char *
kmeans_normalisation_name(int normalisation)
{
	return normalisation_names[normalisation];
}

int
kmeans_normalisation_from_name(const char *name)
{
	for (int i = 0; i < lengthof(normalisation_names); i++)
		if (strcmp(name, normalisation_names[i]) == 0)
			return i;
	return -1;
}

static void
bad_option(const char *name, JsonbValue *value, const char *rule)
{
	Jsonb	   *shown = JsonbValueToJsonb(value);

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("option \"%s\" is %.100s", name, JsonbToCString(NULL, &shown->root, VARSIZE(shown))),
			 errdetail("It must be %s.", rule)));
}

static double
number_option(const char *name, JsonbValue *value, double least, double greatest, bool whole, const char *rule)
{
	double		number;

	if (value->type != jbvNumeric)
		bad_option(name, value, rule);
	number = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(value->val.numeric)));
	if (!(number >= least && number <= greatest) || (whole && number != floor(number)))
		bad_option(name, value, rule);
	return number;
}

static bool
boolean_option(const char *name, JsonbValue *value)
{
	if (value->type != jbvBool)
		bad_option(name, value, "true or false");
	return value->val.boolean;
}

static int
normalise_option(JsonbValue *value)
{
	int			normalisation = -1;

	if (value->type == jbvString)
		normalisation = kmeans_normalisation_from_name(pnstrdup(value->val.string.val, value->val.string.len));
	if (normalisation < 0)
		bad_option("normalise", value, "\"none\", \"zscore\", \"minmax\" or \"log1p_zscore\"");
	return normalisation;
}

static bool
is_array_of(const JsonbValue *value, int count)
{
	return value->type == jbvBinary && JsonContainerIsArray(value->val.binary.data) &&
		JsonContainerSize(value->val.binary.data) == count;
}

/* k arrays of a number for each feature; each number must count as one of a row would. */
static double *
start_option(JsonbValue *value, const ks_kmeans_task *task, MemoryContext context)
{
	double	   *start = MemoryContextAlloc(context, task->k * task->features * sizeof(double));
	char	   *rule = psprintf("an array of %d (k) arrays of %d (features) finite numbers", task->k, task->features);

	if (!is_array_of(value, task->k))
		bad_option("start", value, rule);
	for (int i = 0; i < task->k; i++)
	{
		JsonbValue *row = getIthJsonbValueFromContainer(value->val.binary.data, i);

		if (!is_array_of(row, task->features))
			bad_option("start", value, rule);
		for (int j = 0; j < task->features; j++)
		{
			double		number = number_option("start", getIthJsonbValueFromContainer(row->val.binary.data, j),
											  -INFINITY, INFINITY, false, rule);

			if (!kmeans_feature_counts(number, j + 1, task->normalisation == KS_NORMALISE_LOG1P_ZSCORE))
				bad_option("start", value, rule);
			start[i * task->features + j] = number + 0.0;
		}
	}
	return start;
}

static void
read_option(ks_kmeans_task *task, const char *name, JsonbValue *value)
{
	if (strcmp(name, "seed") == 0)
		task->seed = (uint64) (int64) number_option(name, value, -GREATEST_SEED, GREATEST_SEED, true,
													"a whole number of at most 15 digits");
	else if (strcmp(name, "restarts") == 0)
		task->restarts = number_option(name, value, 1, MOST_RESTARTS, true, "a whole number from 1 to 1000");
	else if (strcmp(name, "max_iterations") == 0)
		task->max_iterations = number_option(name, value, 0, MOST_ITERATIONS, true, "a whole number from 0 to 100000");
	else if (strcmp(name, "tolerance") == 0)
		task->tolerance = number_option(name, value, 0, 1, false, "a number from 0 to 1");
	else if (strcmp(name, "normalise") == 0)
		task->normalisation = normalise_option(value);
	else if (strcmp(name, "weighted") == 0)
		task->weighted = boolean_option(name, value);
	else if (strcmp(name, "start") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no option \"%s\"", name),
				 errdetail("The options are start, seed, restarts, normalise, tolerance, max_iterations and weighted.")));
}

static void
check_sizes(const ks_kmeans_task *task, int values)
{
	if (task->k < 1 || task->k > KS_MAX_CLUSTERS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("k is %d", task->k),
				 errdetail("It must be 1 to %d.", KS_MAX_CLUSTERS)));
	if (task->features < 1 || task->features > KS_MAX_FEATURES)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there are %d features", task->features),
				 errdetail("There must be 1 to %d%s.", KS_MAX_FEATURES,
						   task->weighted ? " before the weight" : "")));
}

ks_kmeans_task
kmeans_task_from_options(int k, Jsonb *options, int values, MemoryContext context)
{
	ks_kmeans_task task = {.k = k, .max_iterations = 300, .restarts = 1, .tolerance = 1e-4};
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	item,
			   *start;
	char	   *name = NULL;

	if (!JB_ROOT_IS_OBJECT(options))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("options is %.100s", JsonbToCString(NULL, &options->root, VARSIZE(options))),
				 errdetail("It must be a JSON object, as {\"seed\": 1}.")));
	it = JsonbIteratorInit(&options->root);
	JsonbIteratorNext(&it, &item, false);
	while ((token = JsonbIteratorNext(&it, &item, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			name = pnstrdup(item.val.string.val, item.val.string.len);
		else if (token == WJB_VALUE)
			read_option(&task, name, &item);
	}
	task.features = values - task.weighted;
	check_sizes(&task, values);
	start = getKeyJsonValueFromContainer(&options->root, "start", strlen("start"), NULL);
	if (start != NULL)
	{
		task.start = start_option(start, &task, context);
		if (task.restarts != 1)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("option \"restarts\" is %d", task.restarts),
					 errdetail("With given starts it must be 1: every run would end alike.")));
	}
	return task;
}
