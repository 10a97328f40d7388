/*
 * retention.c: aggregate vibe.cohort_users over Sources/Kernels/Retention.swift.
 */
#include "places.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#define MAX_PERIODS 1000

typedef enum period_kind
{
	PERIOD_DAY, PERIOD_WEEK, PERIOD_MONTH
} period_kind;

static const char *const period_names[] = {"day", "week", "month"};

/* What all rows of a call must agree on. */
typedef struct cohort_shape
{
	day_range	days;			/* the first is the first of its period */
	int32		kind;			/* period_kind */
	int32		periods;
	int32		has_entries;	/* entries are rows of their own */
} cohort_shape;

typedef struct cohort_state
{
	place_set	activity;		/* place 0 is before the range, place p its period p - 1 */
	place_set	entries;		/* likewise; without tables if activity tells the entry */
	cohort_shape shape;
	DateADT		first_day;		/* as the caller gave it */
	day_clock	clock;
	bool		args_checked;	/* the arguments cannot differ between rows */
	int16	   *places;			/* of each day of the range */
} cohort_state;

static int32
floor_div(int64 a, int32 b)
{
	return a / b - (a % b < 0);
}

/* Months are counted from January 2000, weeks (ISO: from Monday) from 3 January 2000, day 2 of PostgreSQL's count. */
static int32
period_of_day(period_kind kind, DateADT day)
{
	int			year,
				month,
				day_of_month;

	switch (kind)
	{
		case PERIOD_DAY:
			return day;
		case PERIOD_WEEK:
			return floor_div((int64) day - 2, 7);
		default:
			j2date(day + POSTGRES_EPOCH_JDATE, &year, &month, &day_of_month);
			return (year - 2000) * MONTHS_PER_YEAR + month - 1;
	}
}

static DateADT
period_start(period_kind kind, int32 period)
{
	int32		year = floor_div(period, MONTHS_PER_YEAR);

	switch (kind)
	{
		case PERIOD_DAY:
			return period;
		case PERIOD_WEEK:
			return period * 7 + 2;
		default:
			return date2j(2000 + year, period - year * MONTHS_PER_YEAR + 1, 1) - POSTGRES_EPOCH_JDATE;
	}
}

static cohort_state *
make_state(MemoryContext context, const cohort_shape *shape)
{
	cohort_state *state = MemoryContextAllocZero(context, sizeof(cohort_state));

	state->shape = *shape;
	places_init(&state->activity, context, shape->periods + 1);
	places_init(&state->entries, context, shape->has_entries ? shape->periods + 1 : 0);
	return state;
}

static period_kind
getarg_kind(FunctionCallInfo fcinfo, int arg)
{
	char	   *name;

	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("period is null")));
	name = text_to_cstring(PG_GETARG_TEXT_PP(arg));
	for (int kind = PERIOD_DAY; kind <= PERIOD_MONTH; kind++)
		if (strcmp(name, period_names[kind]) == 0)
			return kind;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("period is \"%.100s\"", name), errdetail("It must be day, week or month.")));
}

static cohort_shape
getarg_shape(FunctionCallInfo fcinfo, int period_arg, bool has_entries)
{
	cohort_shape shape = {.kind = getarg_kind(fcinfo, period_arg), .has_entries = has_entries};
	int64		periods;
	int32		first;

	shape.days = getarg_days(fcinfo, period_arg + 1);
	first = period_of_day(shape.kind, shape.days.first);
	periods = (int64) period_of_day(shape.kind, shape.days.last) - first + 1;
	if (periods > MAX_PERIODS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the range from %s to %s is too long", day_text(shape.days.first), day_text(shape.days.last)),
				 errdetail("It has " INT64_FORMAT " %ss; at most %d are allowed.", periods, period_names[shape.kind],
						   MAX_PERIODS)));
	shape.periods = periods;
	shape.days.first = period_start(shape.kind, first);
	return shape;
}

static cohort_state *
first_state(FunctionCallInfo fcinfo, int period_arg, bool has_entries)
{
	cohort_shape shape = getarg_shape(fcinfo, period_arg, has_entries);
	cohort_state *state = make_state(aggregate_rows_context(fcinfo), &shape);
	int32		days = shape.days.last - shape.days.first + 1;
	int32		first = period_of_day(shape.kind, shape.days.first);

	state->first_day = PG_GETARG_DATEADT(period_arg + 1);
	state->places = MemoryContextAlloc(state->activity.context, days * sizeof(int16));
	for (int day = 0; day < days; day++)
		state->places[day] = 1 + period_of_day(shape.kind, shape.days.first + day) - first;
	state->args_checked = args_are_constant(fcinfo, period_arg);
	return state;
}

static void
check_same_args(FunctionCallInfo fcinfo, const cohort_state *state, int period_arg)
{
	const char *name = period_names[state->shape.kind];
	text	   *period = PG_ARGISNULL(period_arg) ? NULL : PG_GETARG_TEXT_PP(period_arg);

	if (PG_ARGISNULL(period_arg + 1) || PG_ARGISNULL(period_arg + 2) ||
		state->first_day != PG_GETARG_DATEADT(period_arg + 1) ||
		state->shape.days.last != PG_GETARG_DATEADT(period_arg + 2))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("first_day or last_day differs between rows")));
	if (period == NULL || VARSIZE_ANY_EXHDR(period) != strlen(name) ||
		memcmp(VARDATA_ANY(period), name, strlen(name)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("period differs between rows")));
}

static inline cohort_state *
getarg_state(FunctionCallInfo fcinfo, int period_arg, bool has_entries)
{
	cohort_state *state = PG_ARGISNULL(0) ? NULL : (cohort_state *) PG_GETARG_POINTER(0);

	if (unlikely(state == NULL))
		return first_state(fcinfo, period_arg, has_entries);
	if (!state->args_checked)
		check_same_args(fcinfo, state, period_arg);
	return state;
}

/* Days after the range are not seen; those before it tell who is not new. */
static inline void
add_day(cohort_state *state, int64 user, DateADT day, place_set *set)
{
	if (day <= state->shape.days.last)
		places_add(set, user, day < state->shape.days.first ? 0 : state->places[day - state->shape.days.first]);
}

/* cohort_users(user, at, period, first_day, last_day, time_zone) */
PG_FUNCTION_INFO_V1(vibe_cohort_users_add_at);
Datum
vibe_cohort_users_add_at(PG_FUNCTION_ARGS)
{
	cohort_state *state = getarg_state(fcinfo, 3, false);
	TimestampTz at;

	if (!state->args_checked || state->clock.zone == NULL)
		clock_getarg_zone(&state->clock, state->activity.context, fcinfo, 6);
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_POINTER(state);
	at = PG_GETARG_TIMESTAMPTZ(2);
	if (!TIMESTAMP_NOT_FINITE(at))
		add_day(state, PG_GETARG_INT64(1), clock_day(&state->clock, at), &state->activity);
	PG_RETURN_POINTER(state);
}

/* cohort_users(user, day, period, first_day, last_day) */
PG_FUNCTION_INFO_V1(vibe_cohort_users_add_on);
Datum
vibe_cohort_users_add_on(PG_FUNCTION_ARGS)
{
	cohort_state *state = getarg_state(fcinfo, 3, false);

	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2) && !DATE_NOT_FINITE(PG_GETARG_DATEADT(2)))
		add_day(state, PG_GETARG_INT64(1), PG_GETARG_DATEADT(2), &state->activity);
	PG_RETURN_POINTER(state);
}

/* cohort_users(user, day, is_entry, period, first_day, last_day) */
PG_FUNCTION_INFO_V1(vibe_cohort_users_add_entry);
Datum
vibe_cohort_users_add_entry(PG_FUNCTION_ARGS)
{
	cohort_state *state = getarg_state(fcinfo, 4, true);
	bool		is_entry = !PG_ARGISNULL(3) && PG_GETARG_BOOL(3);

	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2) && !DATE_NOT_FINITE(PG_GETARG_DATEADT(2)))
		add_day(state, PG_GETARG_INT64(1), PG_GETARG_DATEADT(2), is_entry ? &state->entries : &state->activity);
	PG_RETURN_POINTER(state);
}

/* cohort_users(user, day, is_entry, period, first_day, last_day, visitors, persons) */
PG_FUNCTION_INFO_V1(vibe_cohort_users_add_renamed);
Datum
vibe_cohort_users_add_renamed(PG_FUNCTION_ARGS)
{
	cohort_state *state = getarg_state(fcinfo, 4, true);
	bool		is_entry = !PG_ARGISNULL(3) && PG_GETARG_BOOL(3);

	if (unlikely(state->activity.renames == NULL))
		state->activity.renames = state->entries.renames = getarg_renames(fcinfo, 7, state->activity.context);
	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2) && !DATE_NOT_FINITE(PG_GETARG_DATEADT(2)))
		add_day(state, PG_GETARG_INT64(1), PG_GETARG_DATEADT(2), is_entry ? &state->entries : &state->activity);
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(vibe_cohort_users_combine);
Datum
vibe_cohort_users_combine(PG_FUNCTION_ARGS)
{
	cohort_state *state = PG_ARGISNULL(0) ? NULL : (cohort_state *) PG_GETARG_POINTER(0);
	cohort_state *other = PG_ARGISNULL(1) ? NULL : (cohort_state *) PG_GETARG_POINTER(1);

	if (other != NULL)
	{
		if (state == NULL)
			state = make_state(aggregate_rows_context(fcinfo), &other->shape);
		else if (memcmp(&state->shape, &other->shape, sizeof(cohort_shape)) != 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("period, first_day or last_day differs between rows")));
		places_merge(&state->activity, &other->activity);
		places_merge(&state->entries, &other->entries);
	}
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

PG_FUNCTION_INFO_V1(vibe_cohort_users_serialize);
Datum
vibe_cohort_users_serialize(PG_FUNCTION_ARGS)
{
	cohort_state *state = (cohort_state *) PG_GETARG_POINTER(0);
	bytea	   *bytes = state_bytes(sizeof(cohort_shape) + places_packed_size(&state->activity) +
									places_packed_size(&state->entries));
	char	   *place = VARDATA(bytes);

	memcpy(place, &state->shape, sizeof(cohort_shape));
	place = places_pack(&state->activity, place + sizeof(cohort_shape));
	places_pack(&state->entries, place);
	PG_RETURN_BYTEA_P(bytes);
}

PG_FUNCTION_INFO_V1(vibe_cohort_users_deserialize);
Datum
vibe_cohort_users_deserialize(PG_FUNCTION_ARGS)
{
	bytea	   *bytes = PG_GETARG_BYTEA_PP(0);
	const char *place = VARDATA_ANY(bytes);
	cohort_shape shape;
	cohort_state *state;

	memcpy(&shape, place, sizeof(cohort_shape));
	state = make_state(CurrentMemoryContext, &shape);
	place = places_unpack(&state->activity, CurrentMemoryContext, place + sizeof(cohort_shape));
	places_unpack(&state->entries, CurrentMemoryContext, place);
	PG_RETURN_POINTER(state);
}

typedef struct cohort_counts
{
	int64	   *users;			/* of each cohort */
	int64	   *on;				/* a row of periods for each cohort */
	int64	   *on_or_after;
} cohort_counts;

#define PERIOD_COLUMNS 6

/* Values of vibe.cohort_period: for each cohort the periods from its own to the last of the range. */
static Datum
periods_to_array(const cohort_shape *of, const cohort_counts *counts, Oid row_type)
{
	static const bool nulls[PERIOD_COLUMNS] = {false};
	TupleDesc	shape = lookup_rowtype_tupdesc(row_type, -1);
	int32		first = period_of_day(of->kind, of->days.first);
	int			row_count = 0;
	Datum	   *rows = palloc((Size) of->periods * (of->periods + 1) / 2 * sizeof(Datum));

	if (shape->natts != PERIOD_COLUMNS)
		elog(ERROR, "type vibe.cohort_period has been changed");
	for (int cohort = 0; cohort < of->periods; cohort++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int number = 0; cohort + number < of->periods; number++)
		{
			int			cell = cohort * of->periods + number;
			Datum		values[PERIOD_COLUMNS];

			values[0] = DateADTGetDatum(period_start(of->kind, first + cohort));
			values[1] = Int64GetDatum(counts->users[cohort]);
			values[2] = Int32GetDatum(number);
			values[3] = DateADTGetDatum(period_start(of->kind, first + cohort + number));
			values[4] = Int64GetDatum(counts->on[cell]);
			values[5] = Int64GetDatum(counts->on_or_after[cell]);
			rows[row_count++] = HeapTupleGetDatum(heap_form_tuple(shape, values, (bool *) nulls));
		}
	}
	ReleaseTupleDesc(shape);
	return PointerGetDatum(construct_array(rows, row_count, row_type, -1, false, TYPALIGN_DOUBLE));
}

/* By cohort and period; null if the aggregate saw no row. */
PG_FUNCTION_INFO_V1(vibe_cohort_users_final);
Datum
vibe_cohort_users_final(PG_FUNCTION_ARGS)
{
	cohort_state *state;
	Size		cells;
	const ks_place_table *entries;
	cohort_counts counts;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (cohort_state *) PG_GETARG_POINTER(0);
	cells = (Size) state->shape.periods * state->shape.periods * sizeof(int64);
	check_kernel_memory(2 * cells);
	counts.users = palloc(state->shape.periods * sizeof(int64));
	counts.on = palloc(cells);
	counts.on_or_after = palloc(cells);
	places_flush(&state->activity);
	places_flush(&state->entries);
	entries = state->shape.has_entries ? state->entries.tables : state->activity.tables;
	RUN_KERNEL(ks_cohort_users(entries, state->activity.tables, state->activity.table_count, state->shape.periods,
							   &limits, counts.users, counts.on, counts.on_or_after));
	return periods_to_array(&state->shape, &counts, get_element_type(get_fn_expr_rettype(fcinfo->flinfo)));
}
