/*
 * actives.c: aggregate vibe.rolling_users over Sources/Kernels/Actives.swift.
 */
#include "places.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#define MAX_DAYS 3660			/* of a range, and of a window */

/* What all rows of a call must agree on. */
typedef struct rolling_shape
{
	day_range	days;
	int32		window_count;
	int32		history;		/* days before the first that windows reach back to */
	int32		windows[KS_MAX_WINDOWS];
} rolling_shape;

typedef struct rolling_state
{
	place_set	users;			/* place 0 is the day days.first - history */
	rolling_shape shape;
	day_clock	clock;
	bool		args_checked;	/* the arguments cannot differ between rows */
	ArrayType  *windows;		/* the argument that shape.windows was made of; null for the usual three */
} rolling_state;

static rolling_state *
make_state(MemoryContext context, const rolling_shape *shape)
{
	rolling_state *state = MemoryContextAllocZero(context, sizeof(rolling_state));

	state->shape = *shape;
	places_init(&state->users, context, shape->history + shape->days.last - shape->days.first + 1);
	return state;
}

static void
bad_windows(Datum windows, const char *rule)
{
	Oid			output;
	bool		is_varlena;

	getTypeOutputInfo(INT4ARRAYOID, &output, &is_varlena);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("windows is %.100s", OidOutputFunctionCall(output, windows)),
			 errdetail("%s", rule)));
}

static void
set_windows(rolling_shape *shape, ArrayType *array)
{
	int			count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	const int32 *windows = (const int32 *) ARR_DATA_PTR(array);

	if (ARR_NDIM(array) != 1 || count > KS_MAX_WINDOWS || ARR_HASNULL(array))
		bad_windows(PointerGetDatum(array), "It must have 1 to 16 elements, none of them null.");
	shape->window_count = count;
	shape->history = 0;
	for (int i = 0; i < count; i++)
	{
		if (windows[i] < 1 || windows[i] > MAX_DAYS)
			bad_windows(PointerGetDatum(array), "Each window must be 1 to 3660 days long.");
		shape->windows[i] = windows[i];
		shape->history = Max(shape->history, windows[i] - 1);
	}
}

static rolling_shape
getarg_shape(FunctionCallInfo fcinfo, int days_arg, int windows_arg)
{
	rolling_shape shape = {.window_count = 3, .history = 29, .windows = {1, 7, 30}};

	shape.days = getarg_days(fcinfo, days_arg);
	if (shape.days.last - (int64) shape.days.first >= MAX_DAYS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the range from %s to %s is too long", day_text(shape.days.first), day_text(shape.days.last)),
				 errdetail("It must have at most %d days.", MAX_DAYS)));
	if (windows_arg < PG_NARGS())
	{
		if (PG_ARGISNULL(windows_arg))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("windows is null")));
		set_windows(&shape, PG_GETARG_ARRAYTYPE_P(windows_arg));
	}
	return shape;
}

static rolling_state *
first_state(FunctionCallInfo fcinfo, int days_arg, int windows_arg)
{
	rolling_shape shape = getarg_shape(fcinfo, days_arg, windows_arg);
	rolling_state *state = make_state(aggregate_rows_context(fcinfo), &shape);

	if (windows_arg < PG_NARGS())
	{
		ArrayType  *windows = PG_GETARG_ARRAYTYPE_P(windows_arg);

		state->windows = MemoryContextAlloc(state->users.context, VARSIZE(windows));
		memcpy(state->windows, windows, VARSIZE(windows));
	}
	state->args_checked = args_are_constant(fcinfo, days_arg);
	return state;
}

static void
check_same_args(FunctionCallInfo fcinfo, const rolling_state *state, int days_arg, int windows_arg)
{
	if (PG_ARGISNULL(days_arg) || PG_ARGISNULL(days_arg + 1) ||
		state->shape.days.first != PG_GETARG_DATEADT(days_arg) ||
		state->shape.days.last != PG_GETARG_DATEADT(days_arg + 1))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("first_day or last_day differs between rows")));
	if (windows_arg < PG_NARGS() &&
		(PG_ARGISNULL(windows_arg) ||
		 !same_bytes(state->windows, PG_DETOAST_DATUM_PACKED(PG_GETARG_DATUM(windows_arg)))))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("windows differs between rows")));
}

static inline rolling_state *
getarg_state(FunctionCallInfo fcinfo, int days_arg, int windows_arg)
{
	rolling_state *state = PG_ARGISNULL(0) ? NULL : (rolling_state *) PG_GETARG_POINTER(0);

	if (unlikely(state == NULL))
		return first_state(fcinfo, days_arg, windows_arg);
	if (!state->args_checked)
		check_same_args(fcinfo, state, days_arg, windows_arg);
	return state;
}

/* A day that no window of the range reaches is not kept; the difference of two days fits 32 bits unsigned. */
static inline void
add_day(rolling_state *state, int64 user, DateADT day)
{
	int32		first = state->shape.days.first - state->shape.history;

	if (day >= first && day <= state->shape.days.last)
		places_add(&state->users, user, day - first);
}

/* rolling_users(user, at, first_day, last_day, time_zone [, windows]) */
PG_FUNCTION_INFO_V1(vibe_rolling_users_add_at);
Datum
vibe_rolling_users_add_at(PG_FUNCTION_ARGS)
{
	rolling_state *state = getarg_state(fcinfo, 3, 6);
	TimestampTz at;

	if (!state->args_checked || state->clock.zone == NULL)
		clock_getarg_zone(&state->clock, state->users.context, fcinfo, 5);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_POINTER(state);
	at = PG_GETARG_TIMESTAMPTZ(2);
	if (!TIMESTAMP_NOT_FINITE(at))
		add_day(state, PG_GETARG_INT64(1), clock_day(&state->clock, at));
	PG_RETURN_POINTER(state);
}

/* rolling_users(user, day, first_day, last_day [, windows]) */
PG_FUNCTION_INFO_V1(vibe_rolling_users_add_on);
Datum
vibe_rolling_users_add_on(PG_FUNCTION_ARGS)
{
	rolling_state *state = getarg_state(fcinfo, 3, 5);

	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
		add_day(state, PG_GETARG_INT64(1), PG_GETARG_DATEADT(2));
	PG_RETURN_POINTER(state);
}

/* rolling_users(user, day, first_day, last_day, visitors, persons [, windows]) */
PG_FUNCTION_INFO_V1(vibe_rolling_users_add_renamed);
Datum
vibe_rolling_users_add_renamed(PG_FUNCTION_ARGS)
{
	rolling_state *state = getarg_state(fcinfo, 3, 7);

	if (unlikely(state->users.renames == NULL))
		state->users.renames = getarg_renames(fcinfo, 5, state->users.context);
	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
		add_day(state, PG_GETARG_INT64(1), PG_GETARG_DATEADT(2));
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(vibe_rolling_users_combine);
Datum
vibe_rolling_users_combine(PG_FUNCTION_ARGS)
{
	rolling_state *state = PG_ARGISNULL(0) ? NULL : (rolling_state *) PG_GETARG_POINTER(0);
	rolling_state *other = PG_ARGISNULL(1) ? NULL : (rolling_state *) PG_GETARG_POINTER(1);

	if (other != NULL)
	{
		if (state == NULL)
			state = make_state(aggregate_rows_context(fcinfo), &other->shape);
		else if (memcmp(&state->shape, &other->shape, sizeof(rolling_shape)) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("first_day, last_day or windows differs between rows")));
		places_merge(&state->users, &other->users);
	}
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(vibe_rolling_users_serialize);
Datum
vibe_rolling_users_serialize(PG_FUNCTION_ARGS)
{
	rolling_state *state = (rolling_state *) PG_GETARG_POINTER(0);
	bytea	   *bytes = state_bytes(sizeof(rolling_shape) + places_packed_size(&state->users));

	memcpy(VARDATA(bytes), &state->shape, sizeof(rolling_shape));
	places_pack(&state->users, VARDATA(bytes) + sizeof(rolling_shape));
	PG_RETURN_BYTEA_P(bytes);
}

PG_FUNCTION_INFO_V1(vibe_rolling_users_deserialize);
Datum
vibe_rolling_users_deserialize(PG_FUNCTION_ARGS)
{
	bytea	   *bytes = PG_GETARG_BYTEA_PP(0);
	rolling_shape shape;
	rolling_state *state;

	memcpy(&shape, VARDATA_ANY(bytes), sizeof(rolling_shape));
	state = make_state(CurrentMemoryContext, &shape);
	places_unpack(&state->users, CurrentMemoryContext, VARDATA_ANY(bytes) + sizeof(rolling_shape));
	PG_RETURN_POINTER(state);
}

/* One row a day, as an array of the aggregate's row type: the windows are three columns, or one of bigint[]. */
static Datum
days_to_array(const rolling_shape *of, const int64 *users, Oid row_type)
{
	int			days = of->days.last - of->days.first + 1;
	TupleDesc	shape = lookup_rowtype_tupdesc(row_type, -1);
	bool		as_array = shape->natts == 2 && TupleDescAttr(shape, 1)->atttypid == INT8ARRAYOID;
	Datum	   *rows = palloc(days * sizeof(Datum));

	if (!as_array && shape->natts != 1 + of->window_count)
		elog(ERROR, "type vibe.active_day has been changed");
	for (int day = 0; day < days; day++)
	{
		static const bool nulls[1 + KS_MAX_WINDOWS] = {false};
		Datum		values[1 + KS_MAX_WINDOWS];
		int64		numbers[KS_MAX_WINDOWS];

		values[0] = DateADTGetDatum(of->days.first + day);
		for (int window = 0; window < of->window_count; window++)
		{
			numbers[window] = users[window * days + day];
			values[1 + window] = Int64GetDatum(numbers[window]);
		}
		if (as_array)
			values[1] = int64_array(numbers, of->window_count);
		rows[day] = HeapTupleGetDatum(heap_form_tuple(shape, values, (bool *) nulls));
	}
	ReleaseTupleDesc(shape);
	return PointerGetDatum(construct_array(rows, days, row_type, -1, false, TYPALIGN_DOUBLE));
}

/* One element a day in their order; null if the aggregate saw no row. */
PG_FUNCTION_INFO_V1(vibe_rolling_users_final);
Datum
vibe_rolling_users_final(PG_FUNCTION_ARGS)
{
	rolling_state *state;
	const rolling_shape *shape;
	int			days;
	int64	   *users;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (rolling_state *) PG_GETARG_POINTER(0);
	shape = &state->shape;
	days = shape->days.last - shape->days.first + 1;
	users = palloc(days * shape->window_count * sizeof(int64));
	places_flush(&state->users);
	RUN_KERNEL(ks_rolling_users(state->users.tables, state->users.table_count, shape->history, days,
								shape->windows, shape->window_count, &limits, users));
	return days_to_array(shape, users, get_element_type(get_fn_expr_rettype(fcinfo->flinfo)));
}
