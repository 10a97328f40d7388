/*
 * funnel_shape.c: what all rows of one funnel have in common: steps, window, options, periods.
 *
 * The first row decides about them. Where the plan does not know them to be the same for all rows, each row is
 * checked, or the answer would hang on which of them came first.
 */
#include "funnel.h"

#include "catalog/pg_type.h"
#include "nodes/primnodes.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

static int
check_steps(int steps)
{
	if (steps < KS_MIN_STEPS || steps > KS_MAX_STEPS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the funnel has %d steps", steps),
				 errdetail("It must have %d to %d.", KS_MIN_STEPS, KS_MAX_STEPS)));
	return steps;
}

void
check_same_steps(int a, int b)
{
	if (a != b)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the funnel has %d steps in one row and %d in another", a, b)));
}

static void
check_same(const char *argument, bool same)
{
	if (!same)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s differs between rows", argument)));
}

void
raise_bad_bits(const char *argument, int32 bits, int steps)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s is %d, which names a step beyond %d", argument, bits, steps),
			 errdetail("Bit 0 stands for step 1, bit %d for step %d.", steps - 1, steps)));
}

/* An option is one of a few words; returns which. */
static int
read_word(const char *option, const JsonbValue *value, const char *const *words, const char *rule)
{
	if (value->type == jbvString)
		for (int i = 0; words[i] != NULL; i++)
			if (strlen(words[i]) == value->val.string.len &&
				memcmp(words[i], value->val.string.val, value->val.string.len) == 0)
				return i;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("option \"%s\" is %s", option,
					value->type == jbvString ? psprintf("\"%.*s\"", Min(value->val.string.len, 100), value->val.string.val)
					: "not a string"),
			 errdetail("It must be %s.", rule)));
	return 0;					/* not reached */
}

static void
read_options(Jsonb *options, ks_funnel_shape *shape)
{
	static const char *const modes[] = {"ordered", "strict", "unordered", NULL};
	static const char *const ties[] = {"allow", "strict", NULL};
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	key,
				value;

	if (!JB_ROOT_IS_OBJECT(options))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("options is not a JSON object")));
	it = JsonbIteratorInit(&options->root);
	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		if (token != WJB_KEY)
			continue;
		JsonbIteratorNext(&it, &value, true);
		if (key.val.string.len == 4 && memcmp(key.val.string.val, "mode", 4) == 0)
			shape->mode = read_word("mode", &value, modes, "ordered, strict or unordered");
		else if (key.val.string.len == 4 && memcmp(key.val.string.val, "ties", 4) == 0)
			shape->strict_ties = read_word("ties", &value, ties, "allow or strict");
		else
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("option \"%.*s\" is unknown", Min(key.val.string.len, 100), key.val.string.val),
					 errdetail("The options of a funnel are mode and ties.")));
	}
}

static ks_funnel_shape
getarg_shape(FunctionCallInfo fcinfo, const funnel_places *places)
{
	ks_funnel_shape shape = {.window = KS_NO_WINDOW,.mode = KS_FUNNEL_ORDERED};
	int			steps = 0;

	if (places->steps)
		steps = PG_ARGISNULL(places->steps) ? 0 : PG_GETARG_INT32(places->steps);
	else if (places->names && !PG_ARGISNULL(places->names))
	{
		ArrayType  *names = PG_GETARG_ARRAYTYPE_P(places->names);

		steps = ArrayGetNItems(ARR_NDIM(names), ARR_DIMS(names));
	}
	else if (places->matches && !PG_ARGISNULL(places->matches))
		bits_from_booleans(PG_GETARG_DATUM(places->matches), &steps);
	shape.steps = check_steps(steps);
	if (!PG_ARGISNULL(places->within))
		shape.window = window_from_interval(PG_GETARG_INTERVAL_P(places->within));
	if (places->options && places->options < PG_NARGS() && !PG_ARGISNULL(places->options))
		read_options(PG_GETARG_JSONB_P(places->options), &shape);
	shape.valued = places->held || places->value;
	return shape;
}

static void
add_name(funnel_state *state, const char *bytes, uint32 size, int step)
{
	uint64		first,
				last;
	step_name  *known;
	uint32		slot;

	name_ends(bytes, size, &first, &last);
	slot = name_slot(first, last, size);
	for (known = &state->names[slot]; known->steps != 0; known = &state->names[slot])
	{
		if (known->size == size && memcmp(known->bytes, bytes, size) == 0)
			break;
		slot = (slot + 1) % STEP_NAME_SLOTS;
	}
	known->first = first;
	known->last = last;
	known->size = size;
	known->bytes = bytes;
	known->steps |= UINT32_C(1) << step;
}

/* The array must live as long as the state. */
static void
read_names(ArrayType *names, MemoryContext context, funnel_state *state)
{
	Datum	   *elements;
	bool	   *nulls;
	int			count;

	state->names_array = (struct varlena *) names;
	state->names = MemoryContextAllocZero(context, STEP_NAME_SLOTS * sizeof(step_name));
	deconstruct_array(names, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		text	   *name;

		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("the name of step %d is null", i + 1)));
		name = DatumGetTextPP(elements[i]);
		add_name(state, VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), i);
	}
}

static void
bad_periods(const char *rule)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("periods %s", rule),
			 errdetail("It must be null or at least two ascending instants: where the first period begins, then where each ends.")));
}

static void
read_periods(ArrayType *periods, MemoryContext context, funnel_state *state)
{
	int			count = ArrayGetNItems(ARR_NDIM(periods), ARR_DIMS(periods));

	if (ARR_NDIM(periods) != 1 || count < 2)
		bad_periods("is no list of two or more");
	if (array_contains_nulls(periods))
		bad_periods("has a null");
	state->period_count = count - 1;
	state->periods = MemoryContextAlloc(context, count * sizeof(int64));
	memcpy(state->periods, ARR_DATA_PTR(periods), count * sizeof(int64));
	for (int i = 0; i + 1 < count; i++)
		if (state->periods[i] >= state->periods[i + 1])
			bad_periods("does not ascend");
}

void
read_funnel_shape(FunctionCallInfo fcinfo, const funnel_places *places, MemoryContext context, funnel_state *state)
{
	MemoryContext caller = MemoryContextSwitchTo(context);

	state->shape = getarg_shape(fcinfo, places);
	if (places->names)
		read_names(PG_GETARG_ARRAYTYPE_P_COPY(places->names), context, state);
	if (places->periods && !PG_ARGISNULL(places->periods))
		read_periods(PG_GETARG_ARRAYTYPE_P(places->periods), context, state);
	MemoryContextSwitchTo(caller);
}

/* A missing argument is constant too. */
static bool
is_constant(const Aggref *aggregate, int arg)
{
	Expr	   *value;

	if (arg == 0 || arg > list_length(aggregate->args))
		return true;
	value = ((TargetEntry *) list_nth(aggregate->args, arg - 1))->expr;
	return IsA(value, Const) || (IsA(value, Param) && ((Param *) value)->paramkind == PARAM_EXTERN);
}

bool
funnel_shape_is_constant(FunctionCallInfo fcinfo, const funnel_places *places)
{
	Aggref	   *aggregate = AggGetAggref(fcinfo);

	return aggregate != NULL && is_constant(aggregate, places->names) && is_constant(aggregate, places->steps) &&
		is_constant(aggregate, places->within) && is_constant(aggregate, places->options) &&
		is_constant(aggregate, places->periods);
}

static void
check_same_fields(const ks_funnel_shape *a, const ks_funnel_shape *b)
{
	check_same_steps(a->steps, b->steps);
	check_same("within", a->window == b->window);
	check_same("options", a->mode == b->mode && a->strict_ties == b->strict_ties);
}

static bool
same_varlena(const struct varlena *a, const struct varlena *b)
{
	return VARSIZE(a) == VARSIZE(b) && memcmp(a, b, VARSIZE(a)) == 0;
}

void
check_funnel_shape(FunctionCallInfo fcinfo, const funnel_places *places, const funnel_state *state)
{
	ks_funnel_shape shape = getarg_shape(fcinfo, places);

	check_same_fields(&state->shape, &shape);
	if (places->names)
		check_same("steps", !PG_ARGISNULL(places->names) &&
				   same_varlena(state->names_array, (struct varlena *) PG_GETARG_ARRAYTYPE_P(places->names)));
	if (places->periods)
	{
		funnel_state other = {0};

		if (!PG_ARGISNULL(places->periods))
			read_periods(PG_GETARG_ARRAYTYPE_P(places->periods), CurrentMemoryContext, &other);
		check_same("periods", other.period_count == state->period_count &&
				   (other.period_count == 0 ||
					memcmp(other.periods, state->periods, (other.period_count + 1) * sizeof(int64)) == 0));
	}
}

/* For the states of parallel workers, which have the same arguments: only what may differ by row is compared. */
void
check_same_shape(const funnel_state *state, const funnel_state *other)
{
	check_same_fields(&state->shape, &other->shape);
	check_same("steps", (state->names_array == NULL) == (other->names_array == NULL) &&
			   (state->names_array == NULL || same_varlena(state->names_array, other->names_array)));
	check_same("periods", state->period_count == other->period_count &&
			   (state->period_count == 0 ||
				memcmp(state->periods, other->periods, (state->period_count + 1) * sizeof(int64)) == 0));
}

void
copy_funnel_shape(const funnel_state *from, MemoryContext context, funnel_state *to)
{
	to->shape = from->shape;
	to->period_count = from->period_count;
	if (from->period_count > 0)
	{
		to->periods = MemoryContextAlloc(context, (from->period_count + 1) * sizeof(int64));
		memcpy(to->periods, from->periods, (from->period_count + 1) * sizeof(int64));
	}
	if (from->names_array != NULL)
	{
		to->names_array = MemoryContextAlloc(context, VARSIZE(from->names_array));
		memcpy(to->names_array, from->names_array, VARSIZE(from->names_array));
	}
}

/* A state without its rows, as it travels from a parallel worker. */
void
write_funnel_head(const funnel_state *state, StringInfo head)
{
	uint32		names_size = state->names_array ? VARSIZE(state->names_array) : 0;

	appendBinaryStringInfo(head, (const char *) &state->shape, sizeof(ks_funnel_shape));
	appendBinaryStringInfo(head, (const char *) &state->period_count, sizeof(int64));
	if (state->period_count > 0)
		appendBinaryStringInfo(head, (const char *) state->periods, (state->period_count + 1) * sizeof(int64));
	appendBinaryStringInfo(head, (const char *) &names_size, sizeof(uint32));
	appendBinaryStringInfo(head, (const char *) state->names_array, names_size);
	dictionary_write(&state->held, head);
	dictionary_write(&state->values, head);
}

/* Returns how many bytes the head takes. */
int
read_funnel_head(funnel_state *state, const char *bytes)
{
	const char *begin = bytes;
	uint32		names_size;

	memcpy(&state->shape, bytes, sizeof(ks_funnel_shape));
	bytes += sizeof(ks_funnel_shape);
	memcpy(&state->period_count, bytes, sizeof(int64));
	bytes += sizeof(int64);
	if (state->period_count > 0)
	{
		Size		size = (state->period_count + 1) * sizeof(int64);

		state->periods = palloc(size);
		memcpy(state->periods, bytes, size);
		bytes += size;
	}
	memcpy(&names_size, bytes, sizeof(uint32));
	bytes += sizeof(uint32);
	if (names_size > 0)
	{
		state->names_array = palloc(names_size);
		memcpy(state->names_array, bytes, names_size);
		bytes += names_size;
	}
	bytes = dictionary_read(&state->held, bytes);
	return dictionary_read(&state->values, bytes) - begin;
}
