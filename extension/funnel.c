/*
 * funnel.c: aggregates vibe.funnel and vibe.funnel_depth over Sources/Kernels/Funnel.swift.
 */
#include "glue.h"

typedef struct funnel_shape
{
	int64		window;			/* microseconds, KS_NO_WINDOW for none */
	int64		steps;
} funnel_shape;

typedef struct funnel_state
{
	row_list	events;			/* of ks_event */
	funnel_shape shape;
	Interval	within;			/* the argument that shape.window was made of, if it was not null */
} funnel_state;

static funnel_state *
make_state(MemoryContext context, funnel_shape shape)
{
	funnel_state *state = MemoryContextAlloc(context, sizeof(funnel_state));

	rows_init(&state->events, context, sizeof(ks_event));
	state->shape = shape;
	return state;
}

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

static void
check_same_steps(int64 a, int64 b)
{
	if (a != b)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the funnel has " INT64_FORMAT " steps in one row and " INT64_FORMAT " in another", a, b)));
}

static void
check_same_window(int64 a, int64 b)
{
	if (a != b)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("within differs between rows")));
}

/* The usual row has the very interval of the first one; only another is taken apart. */
static void
check_window(FunctionCallInfo fcinfo, const funnel_state *state, int window_arg)
{
	int64		window = KS_NO_WINDOW;

	if (!PG_ARGISNULL(window_arg))
	{
		const Interval *within = PG_GETARG_INTERVAL_P(window_arg);

		if (state->shape.window != KS_NO_WINDOW && memcmp(within, &state->within, sizeof(Interval)) == 0)
			return;
		window = window_from_interval(within);
	}
	check_same_window(state->shape.window, window);
}

static funnel_shape
getarg_shape(FunctionCallInfo fcinfo, int steps, int window_arg)
{
	funnel_shape shape = {KS_NO_WINDOW, check_steps(steps)};

	if (!PG_ARGISNULL(window_arg))
		shape.window = window_from_interval(PG_GETARG_INTERVAL_P(window_arg));
	return shape;
}

/*
 * Adds one row to the state in argument 0. The first row decides about the shape; later ones must agree, or the
 * answer would hang on which of them came first. Events without a step, a user or a finite time are left out.
 */
static Datum
add_event(FunctionCallInfo fcinfo, bool has_key, int64 user, int time_arg, uint32 bits, int steps, int window_arg)
{
	funnel_state *state = PG_ARGISNULL(0) ? NULL : (funnel_state *) PG_GETARG_POINTER(0);
	TimestampTz at;
	ks_event   *event;

	if (state == NULL)
	{
		state = make_state(aggregate_rows_context(fcinfo), getarg_shape(fcinfo, steps, window_arg));
		if (!PG_ARGISNULL(window_arg))
			state->within = *PG_GETARG_INTERVAL_P(window_arg);
	}
	check_same_steps(state->shape.steps, steps);
	check_window(fcinfo, state, window_arg);
	if (has_key && bits != 0 && !PG_ARGISNULL(time_arg))
	{
		at = PG_GETARG_TIMESTAMPTZ(time_arg);
		if (!TIMESTAMP_NOT_FINITE(at))
		{
			event = rows_next(&state->events);
			event->user = user;
			event->time = at;
			event->steps = bits;
			event->padding = 0;
		}
	}
	PG_RETURN_POINTER(state);
}

/* A mask of steps as SQL has it: bit i for step i + 1, null for none. */
static uint32
getarg_bits(FunctionCallInfo fcinfo, int arg, int steps)
{
	uint32		bits = PG_ARGISNULL(arg) ? 0 : (uint32) PG_GETARG_INT32(arg);

	if (steps < KS_MAX_STEPS && bits >> steps != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("step_bits is %d, which names a step beyond %d", (int) bits, steps),
				 errdetail("Bit 0 stands for step 1, bit %d for step %d.", steps - 1, steps)));
	return bits;
}

static int
getarg_steps(FunctionCallInfo fcinfo, int arg)
{
	return check_steps(PG_ARGISNULL(arg) ? 0 : PG_GETARG_INT32(arg));
}

/* funnel(user, occurred_at, step_bits, steps, within) */
PG_FUNCTION_INFO_V1(vibe_funnel_add);
Datum
vibe_funnel_add(PG_FUNCTION_ARGS)
{
	int			steps = getarg_steps(fcinfo, 4);

	return add_event(fcinfo, !PG_ARGISNULL(1), PG_ARGISNULL(1) ? 0 : PG_GETARG_INT64(1), 2,
					 getarg_bits(fcinfo, 3, steps), steps, 5);
}

/* funnel(user, occurred_at, matches, within) */
PG_FUNCTION_INFO_V1(vibe_funnel_add_matches);
Datum
vibe_funnel_add_matches(PG_FUNCTION_ARGS)
{
	int			steps = 0;
	uint32		bits = PG_ARGISNULL(3) ? 0 : bits_from_booleans(PG_GETARG_DATUM(3), &steps);

	return add_event(fcinfo, !PG_ARGISNULL(1), PG_ARGISNULL(1) ? 0 : PG_GETARG_INT64(1), 2, bits, steps, 4);
}

/* funnel_depth(occurred_at, step_bits, steps, within) */
PG_FUNCTION_INFO_V1(vibe_funnel_depth_add);
Datum
vibe_funnel_depth_add(PG_FUNCTION_ARGS)
{
	int			steps = getarg_steps(fcinfo, 3);

	return add_event(fcinfo, true, 0, 1, getarg_bits(fcinfo, 2, steps), steps, 4);
}

/* funnel_depth(occurred_at, matches, within) */
PG_FUNCTION_INFO_V1(vibe_funnel_depth_add_matches);
Datum
vibe_funnel_depth_add_matches(PG_FUNCTION_ARGS)
{
	int			steps = 0;
	uint32		bits = PG_ARGISNULL(2) ? 0 : bits_from_booleans(PG_GETARG_DATUM(2), &steps);

	return add_event(fcinfo, true, 0, 1, bits, steps, 3);
}

PG_FUNCTION_INFO_V1(vibe_funnel_combine);
Datum
vibe_funnel_combine(PG_FUNCTION_ARGS)
{
	funnel_state *state = PG_ARGISNULL(0) ? NULL : (funnel_state *) PG_GETARG_POINTER(0);
	funnel_state *other = PG_ARGISNULL(1) ? NULL : (funnel_state *) PG_GETARG_POINTER(1);

	if (other != NULL)
	{
		if (state == NULL)
			state = make_state(aggregate_rows_context(fcinfo), other->shape);
		check_same_steps(state->shape.steps, other->shape.steps);
		check_same_window(state->shape.window, other->shape.window);
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

	PG_RETURN_BYTEA_P(rows_serialize(&state->events, &state->shape, sizeof(funnel_shape)));
}

PG_FUNCTION_INFO_V1(vibe_funnel_deserialize);
Datum
vibe_funnel_deserialize(PG_FUNCTION_ARGS)
{
	funnel_state *state = make_state(CurrentMemoryContext, (funnel_shape) {0});

	rows_deserialize(&state->events, PG_GETARG_BYTEA_PP(0), &state->shape, sizeof(funnel_shape));
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
	RUN_KERNEL(ks_funnel(state->events.first, state->shape.steps, state->shape.window, &limits, reached));
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
	RUN_KERNEL(ks_funnel_depth(state->events.first, state->shape.steps, state->shape.window, &limits, &depth));
	PG_RETURN_INT32(depth);
}
