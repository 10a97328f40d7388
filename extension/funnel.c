/*
 * funnel.c: aggregates vibe.funnel, vibe.funnel_depth and vibe.funnel_chains over Sources/Kernels/Funnel*.swift.
 *
 * What the rows have in common is in funnel_shape.c, the result of vibe.funnel_chains in funnel_chains.c.
 */
#include "funnel.h"

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

/* Gives the rows other numbers of their texts; null leaves those of that kind alone. */
void
renumber_funnel_texts(funnel_state *state, const uint32 *held, const uint32 *values)
{
	if (state->events.row_size != sizeof(ks_valued_event))
		return;
	for (ks_chunk *chunk = state->events.first; chunk != NULL; chunk = chunk->next)
	{
		ks_valued_event *rows = (ks_valued_event *) (chunk + 1);

		CHECK_FOR_INTERRUPTS();
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
		renumber_funnel_texts(other, dictionary_add_all(&state->held, &other->held),
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
