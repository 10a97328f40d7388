/*
 * funnel.c: aggregates vibe.funnel, vibe.funnel_depth and vibe.funnel_chains over Sources/Kernels/Funnel*.swift.
 */
#include "glue.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funnel.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

static funnel_state *
make_state(MemoryContext context, size_t row_size)
{
	funnel_state *state = MemoryContextAllocZero(context, sizeof(funnel_state));

	rows_init(&state->events, context, row_size);
	dictionary_init(&state->held, context);
	dictionary_init(&state->values, context);
	return state;
}

/* The state of argument 0; made by the first row, whose shape later ones must share. */
static pg_attribute_always_inline funnel_state *
getarg_state(FunctionCallInfo fcinfo, const funnel_places *places)
{
	funnel_state *state = PG_ARGISNULL(0) ? NULL : (funnel_state *) PG_GETARG_POINTER(0);
	MemoryContext context;

	if (likely(state != NULL && state->shape_is_constant))
		return state;
	if (state == NULL)
	{
		context = aggregate_rows_context(fcinfo);
		state = make_state(context, places->held || places->value ? sizeof(ks_valued_event) : sizeof(ks_event));
		read_funnel_shape(fcinfo, places, context, state);
		state->shape_is_constant = funnel_shape_is_constant(fcinfo, places);
	}
	else
		check_funnel_shape(fcinfo, places, state);
	return state;
}

/* The steps that the row can be. */
static pg_attribute_always_inline uint32
getarg_steps_of_row(FunctionCallInfo fcinfo, const funnel_places *places, const funnel_state *state)
{
	int			count;
	uint32		bits;

	if (places->name)
		return PG_ARGISNULL(places->name) ? 0
			: steps_of_name(state, (const struct varlena *) PG_GETARG_POINTER(places->name));
	if (places->matches)
	{
		if (PG_ARGISNULL(places->matches))
			count = bits = 0;
		else
			bits = bits_from_booleans(PG_GETARG_DATUM(places->matches), &count);
		check_same_steps(state->shape.steps, count);
		return bits;
	}
	return PG_ARGISNULL(places->bits) ? 0
		: check_bits("step_bits", PG_GETARG_INT32(places->bits), state->shape.steps);
}

/* The number of a text in its dictionary, 0 for null. */
static uint32
getarg_number(FunctionCallInfo fcinfo, int arg, text_dictionary *dictionary)
{
	text	   *value;

	if (PG_ARGISNULL(arg))
		return 0;
	value = PG_GETARG_TEXT_PP(arg);
	return dictionary_number(dictionary, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
}

/*
 * Adds one row to the state. Left out are events without a user or a finite time, and without a part in the funnel,
 * which in the strict mode every event has.
 */
static pg_attribute_always_inline Datum
add_event(FunctionCallInfo fcinfo, const funnel_places *places)
{
	funnel_state *state = getarg_state(fcinfo, places);
	uint32		steps = getarg_steps_of_row(fcinfo, places, state);
	uint32		exclusions = 0;
	ks_valued_event *row;
	ks_event   *event;

	if (places->exclusions && !PG_ARGISNULL(places->exclusions))
		exclusions = check_bits("exclusion_bits", PG_GETARG_INT32(places->exclusions), state->shape.steps);
	if ((steps | exclusions) == 0 && state->shape.mode != KS_FUNNEL_STRICT)
		PG_RETURN_POINTER(state);
	if (PG_ARGISNULL(places->at) || TIMESTAMP_NOT_FINITE(PG_GETARG_TIMESTAMPTZ(places->at)) ||
		(places->user && PG_ARGISNULL(places->user)))
		PG_RETURN_POINTER(state);

	row = rows_next(&state->events);
	event = &row->event;		/* a row without values is the event alone */
	event->user = places->user ? PG_GETARG_INT64(places->user) : 0;
	event->time = PG_GETARG_TIMESTAMPTZ(places->at);
	event->steps = steps;
	event->exclusions = exclusions;
	if (places->held || places->value)
	{
		bool		may_start = (steps & 1) != 0 || (steps != 0 && state->shape.mode == KS_FUNNEL_UNORDERED);

		row->held = row->value = 0;	/* a row that fails below must not be half a row */
		if (places->held)
			row->held = getarg_number(fcinfo, places->held, &state->held);
		if (places->value && may_start)
			row->value = getarg_number(fcinfo, places->value, &state->values);
	}
	PG_RETURN_POINTER(state);
}

/* The places of the arguments; options may be left out at the end. */
#define FUNNEL_TRANSITION(name, ...) \
	PG_FUNCTION_INFO_V1(name); \
	Datum \
	name(PG_FUNCTION_ARGS) \
	{ \
		static const funnel_places places = {__VA_ARGS__}; \
		return add_event(fcinfo, &places); \
	} \
	extern int	no_such_variable

/* funnel(user, occurred_at, matches, within [, options]) */
FUNNEL_TRANSITION(vibe_funnel_add_matches,.user = 1,.at = 2,.matches = 3,.within = 4,.options = 5);
/* funnel(user, occurred_at, step_bits, steps, within) */
FUNNEL_TRANSITION(vibe_funnel_add,.user = 1,.at = 2,.bits = 3,.steps = 4,.within = 5);
/* funnel(user, occurred_at, event_name, steps, within [, options]) */
FUNNEL_TRANSITION(vibe_funnel_add_name,.user = 1,.at = 2,.name = 3,.names = 4,.within = 5,.options = 6);
/* funnel(user, occurred_at, step_bits, exclusion_bits, hold, steps, within, options) */
FUNNEL_TRANSITION(vibe_funnel_add_held,.user = 1,.at = 2,.bits = 3,.exclusions = 4,.held = 5,.steps = 6,.within = 7,.options = 8);
/* funnel_depth(occurred_at, matches, within [, options]) */
FUNNEL_TRANSITION(vibe_funnel_depth_add_matches,.at = 1,.matches = 2,.within = 3,.options = 4);
/* funnel_depth(occurred_at, step_bits, steps, within) */
FUNNEL_TRANSITION(vibe_funnel_depth_add,.at = 1,.bits = 2,.steps = 3,.within = 4);
/* funnel_depth(occurred_at, step_bits, exclusion_bits, hold, steps, within, options) */
FUNNEL_TRANSITION(vibe_funnel_depth_add_held,.at = 1,.bits = 2,.exclusions = 3,.held = 4,.steps = 5,.within = 6,.options = 7);
/* funnel_chains(user, occurred_at, step_bits, exclusion_bits, hold, entry_value, steps, within, options, periods) */
FUNNEL_TRANSITION(vibe_funnel_chains_add,.user = 1,.at = 2,.bits = 3,.exclusions = 4,.held = 5,.value = 6,.steps = 7,.within = 8,.options = 9,.periods = 10);

/* Gives the rows from one on the numbers that their texts have in another dictionary. */
static void
renumber(funnel_state *state, const uint32 *held, const uint32 *values)
{
	if (state->events.row_size != sizeof(ks_valued_event))
		return;
	for (ks_chunk *chunk = state->events.first; chunk != NULL; chunk = chunk->next)
	{
		ks_valued_event *rows = (ks_valued_event *) (chunk + 1);

		for (int64 i = 0; i < chunk->count; i++)
		{
			if (held)
				rows[i].held = held[rows[i].held];
			if (values)
				rows[i].value = values[rows[i].value];
		}
	}
}

PG_FUNCTION_INFO_V1(vibe_funnel_combine);
Datum
vibe_funnel_combine(PG_FUNCTION_ARGS)
{
	funnel_state *state = PG_ARGISNULL(0) ? NULL : (funnel_state *) PG_GETARG_POINTER(0);
	funnel_state *other = PG_ARGISNULL(1) ? NULL : (funnel_state *) PG_GETARG_POINTER(1);
	MemoryContext context;

	if (other != NULL)
	{
		context = aggregate_rows_context(fcinfo);
		if (state == NULL)
		{
			state = make_state(context, other->events.row_size);
			copy_funnel_shape(other, context, state);
		}
		check_same_shape(state, other);
		renumber(other, dictionary_add_all(&state->held, &other->held),
				 dictionary_add_all(&state->values, &other->values));
		rows_append_all(&state->events, &other->events);
	}
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(vibe_funnel_serialize);
Datum
vibe_funnel_serialize(PG_FUNCTION_ARGS)
{
	funnel_state *state = (funnel_state *) PG_GETARG_POINTER(0);
	StringInfoData head;

	initStringInfo(&head);
	write_funnel_head(state, &head);
	PG_RETURN_BYTEA_P(rows_serialize(&state->events, head.data, head.len));
}

PG_FUNCTION_INFO_V1(vibe_funnel_deserialize);
Datum
vibe_funnel_deserialize(PG_FUNCTION_ARGS)
{
	bytea	   *bytes = PG_GETARG_BYTEA_PP(0);
	funnel_state *state = make_state(CurrentMemoryContext, sizeof(ks_event));
	int			head_size = read_funnel_head(state, VARDATA_ANY(bytes));

	if (state->shape.valued)
		state->events.row_size = sizeof(ks_valued_event);
	rows_deserialize(&state->events, bytes, palloc(head_size), head_size);
	PG_RETURN_POINTER(state);
}

/* bigint[]: users who reach each step; null if the aggregate saw no row. */
PG_FUNCTION_INFO_V1(vibe_funnel_final);
Datum
vibe_funnel_final(PG_FUNCTION_ARGS)
{
	funnel_state *state;
	int64		reached[KS_MAX_STEPS];

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (funnel_state *) PG_GETARG_POINTER(0);
	RUN_KERNEL(ks_funnel(state->events.first, &state->shape, &limits, reached));
	return int64_array(reached, state->shape.steps);
}

/* integer: the deepest step that one user reaches; null if the aggregate saw no row. */
PG_FUNCTION_INFO_V1(vibe_funnel_depth_final);
Datum
vibe_funnel_depth_final(PG_FUNCTION_ARGS)
{
	funnel_state *state;
	int32		depth;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (funnel_state *) PG_GETARG_POINTER(0);
	RUN_KERNEL(ks_funnel_depth(state->events.first, &state->shape, &limits, &depth));
	PG_RETURN_INT32(depth);
}

#define CHAIN_COLUMNS 5

/* timestamptz[] with one dimension. */
static Datum
times_array(const int64 *times, int count)
{
	ArrayType  *array = DatumGetArrayTypeP(int64_array(times, count));

	array->elemtype = TIMESTAMPTZOID;
	PG_RETURN_ARRAYTYPE_P(array);
}

/* A chain as a value of vibe.funnel_chain. */
static HeapTuple
chain_row(TupleDesc shape, const funnel_state *state, const ks_funnel_chain *chain, const int64 *times)
{
	text	   *held = dictionary_text(&state->held, chain->held);
	text	   *value = dictionary_text(&state->values, chain->value);
	Datum		columns[CHAIN_COLUMNS];
	bool		nulls[CHAIN_COLUMNS] = {false, false, false, held == NULL, value == NULL};

	columns[0] = Int64GetDatum(chain->user);
	columns[1] = Int32GetDatum(chain->depth);
	columns[2] = times_array(times, chain->depth);
	columns[3] = PointerGetDatum(held);
	columns[4] = PointerGetDatum(value);
	return heap_form_tuple(shape, columns, nulls);
}

/* At least what such a row takes in an array. */
static Size
chain_row_bound(const funnel_state *state, const ks_funnel_chain *chain)
{
	text	   *held = dictionary_text(&state->held, chain->held);
	text	   *value = dictionary_text(&state->values, chain->value);

	return MAXALIGN(SizeofHeapTupleHeader + 1) + 2 * sizeof(int64) + ARR_OVERHEAD_NONULLS(1) +
		chain->depth * sizeof(int64) + (held ? INTALIGN(VARSIZE(held)) : 0) + (value ? INTALIGN(VARSIZE(value)) : 0) +
		2 * MAXIMUM_ALIGNOF;
}

static Size
chains_array_bound(const funnel_state *state, const ks_funnel_chain *chains, int64 count)
{
	Size		size = ARR_OVERHEAD_NONULLS(1);

	for (int64 i = 0; i < count; i++)
		size += chain_row_bound(state, &chains[i]);
	if (size > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("vibe.funnel_chains cannot return " INT64_FORMAT " chains at once", count),
				 errdetail("They take up to %zu bytes; the limit is %zu.", size, (size_t) MaxAllocSize),
				 errhint("Call it for fewer users or a shorter time.")));
	return size;
}

static Datum
chains_to_array(const funnel_state *state, const ks_funnel_chain *chains, int64 count, const int64 *times, Oid row_type)
{
	TupleDesc	shape;
	MemoryContext rows,
				caller;
	ArrayType  *array;
	char	   *place;

	if (count == 0)
		return PointerGetDatum(construct_empty_array(row_type));
	shape = lookup_rowtype_tupdesc(row_type, -1);
	if (shape->natts != CHAIN_COLUMNS)
		elog(ERROR, "type vibe.funnel_chain has been changed");
	array = palloc(chains_array_bound(state, chains, count));
	array->ndim = 1;
	array->dataoffset = 0;
	array->elemtype = row_type;
	ARR_DIMS(array)[0] = count;
	ARR_LBOUND(array)[0] = 1;
	place = ARR_DATA_PTR(array);
	rows = AllocSetContextCreate(CurrentMemoryContext, "vibe funnel rows", ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(rows);
	for (int64 i = 0; i < count; i++)
	{
		HeapTuple	row = chain_row(shape, state, &chains[i], times);
		Size		size = MAXALIGN(row->t_len);

		memset(place + size - MAXIMUM_ALIGNOF, 0, MAXIMUM_ALIGNOF);
		memcpy(place, row->t_data, row->t_len);
		place += size;
		times += chains[i].depth;
		if (i % 1024 == 1023)
		{
			MemoryContextReset(rows);
			CHECK_FOR_INTERRUPTS();
		}
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(rows);
	ReleaseTupleDesc(shape);
	SET_VARSIZE(array, place - (char *) array);
	PG_RETURN_ARRAYTYPE_P(array);
}

/* vibe.funnel_chain[] in the order of user and time; null if the aggregate saw no row. */
PG_FUNCTION_INFO_V1(vibe_funnel_chains_final);
Datum
vibe_funnel_chains_final(PG_FUNCTION_ARGS)
{
	funnel_state *state;
	ks_funnel_chain *chains;
	int64	   *times;
	int64		chain_room,
				time_room,
				chain_count,
				time_count;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (funnel_state *) PG_GETARG_POINTER(0);
	renumber(state, sort_dictionary(&state->held), sort_dictionary(&state->values));
	/* Chains of different periods may share events; only then is this too little. */
	chain_count = time_count = state->events.count;
	do
	{
		Size		size = (chain_count + 1) * sizeof(ks_funnel_chain) + (time_count + 1) * sizeof(int64);

		chain_room = chain_count;
		time_room = time_count;
		check_kernel_memory(size);
		chains = MemoryContextAllocHuge(CurrentMemoryContext, size);
		times = (int64 *) (chains + chain_room + 1);
		RUN_KERNEL((chain_count = chain_room, time_count = time_room,
					ks_funnel_chains(state->events.first, &state->shape, state->periods, state->period_count,
									 &limits, chains, &chain_count, times, &time_count)));
	} while (chain_count > chain_room || time_count > time_room);
	return chains_to_array(state, chains, chain_count, times, get_element_type(get_fn_expr_rettype(fcinfo->flinfo)));
}
