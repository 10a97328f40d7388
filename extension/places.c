/*
 * places.c: sets of (user, place) over Sources/Kernels/Places.swift, and the days that rows fall on.
 *
 * A set costs 16 bytes for each slot of its tables, which are 5/16 to 5/8 full: 26 to 51 bytes for a user and 64
 * places, and half as much again while a table grows. Rows that repeat what is known cost nothing, so a set is
 * bounded by users and places, not by rows. Slots lie in one piece each table, since a hash needs it so.
 */
#include "places.h"

#include "nodes/primnodes.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#define FIRST_SLOTS 16
#define FIRST_BUFFER_ROWS 16
#define LARGEST_BUFFER_ROWS 1024

void
places_init(place_set *set, MemoryContext context, int places)
{
	memset(set, 0, sizeof(place_set));
	set->context = context;
	set->table_count = (places + KS_TABLE_PLACES - 1) / KS_TABLE_PLACES;
	set->tables = MemoryContextAllocZero(context, set->table_count * sizeof(ks_place_table));
}

/*
 * Room for so many users more.
 */
static void
reserve(MemoryContext context, ks_place_table *table, int64 users)
{
	ks_place_table larger = {.capacity = Max(table->capacity, FIRST_SLOTS), .count = 0};
	Size		size;

	while (ks_table_is_full(&larger, table->count + users))
		larger.capacity *= 2;
	if (larger.capacity == table->capacity)
		return;
	size = larger.capacity * sizeof(ks_user_bits);
	check_kernel_memory(size);
	larger.slots = allocate_large(context, size);
	memset(larger.slots, 0, size);
	if (table->slots != NULL)
	{
		RUN_KERNEL(ks_places_merge(table->slots, table->capacity, &larger, &limits));
		pfree(table->slots);
	}
	*table = larger;
}

static void
grow_buffer(place_set *set)
{
	set->room = set->room == 0 ? FIRST_BUFFER_ROWS : Min(set->room * 8, LARGEST_BUFFER_ROWS);
	if (set->buffer != NULL)
		pfree(set->buffer);
	set->buffer = MemoryContextAlloc(set->context, set->room * sizeof(ks_user_place));
}

/*
 * Moves the waiting rows into the tables; afterwards there is room in the buffer.
 */
void
places_flush(place_set *set)
{
	int64		added = 0;
	int64		count = set->waiting;

	if (set->renames != NULL)
		count = ks_places_rename(set->buffer, count, set->renames);
	while (added < count)
	{
		const ks_user_place *rows = set->buffer + added;
		int64		done = 0;

		/* An error or a cancel ends the query: nothing sees a buffer of which half is renamed. */
		RUN_KERNEL(ks_places_add(rows, count - added, set->tables, set->table_count, &limits, &done));
		if (done < count - added)
			reserve(set->context, &set->tables[rows[done].place / KS_TABLE_PLACES], 1);
		added += done;
	}
	if (set->waiting == set->room && set->room < LARGEST_BUFFER_ROWS)
		grow_buffer(set);
	set->waiting = 0;
}

static const int64 *
getarg_users(FunctionCallInfo fcinfo, int arg, const char *name, int *count)
{
	ArrayType  *array;

	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s is null", name)));
	array = PG_GETARG_ARRAYTYPE_P(arg);
	*count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s has %d dimensions", name, ARR_NDIM(array)), errdetail("It must have one.")));
	return (const int64 *) ARR_DATA_PTR(array);
}

/*
 * What the arguments visitors and persons say: the first are to be counted as the second, and a null person is nobody.
 */
ks_renames *
getarg_renames(FunctionCallInfo fcinfo, int users_arg, MemoryContext context)
{
	ks_renames *renames = MemoryContextAllocZero(context, sizeof(ks_renames));
	int			user_count,
				other_count;
	const int64 *users = getarg_users(fcinfo, users_arg, "visitors", &user_count);
	const int64 *others = getarg_users(fcinfo, users_arg + 1, "persons", &other_count);
	const bits8 *nulls = ARR_NULLBITMAP(PG_GETARG_ARRAYTYPE_P(users_arg + 1));
	int64	   *person;
	bool	   *is_nobody;

	if (user_count != other_count || ARR_HASNULL(PG_GETARG_ARRAYTYPE_P(users_arg)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("visitors has %d elements and persons has %d", user_count, other_count),
				 errdetail("They must have as many, and no visitor may be null.")));
	check_kernel_memory(user_count * (sizeof(int64) + sizeof(bool)));
	person = allocate_large(context, Max(user_count, 1) * sizeof(int64));
	is_nobody = allocate_large(context, Max(user_count, 1));
	for (int i = 0; i < user_count; i++)
	{
		is_nobody[i] = nulls != NULL && (nulls[i / 8] & (1 << (i % 8))) == 0;
		person[i] = is_nobody[i] ? 0 : *others++;
	}
	renames->others = person;
	renames->is_nobody = is_nobody;
	reserve(context, &renames->table, user_count);
	RUN_KERNEL(ks_renames_fill(users, user_count, &renames->table, &limits));
	return renames;
}

/*
 * Adds what another set holds; its buffer must be empty.
 */
void
places_merge(place_set *set, const place_set *other)
{
	for (int i = 0; i < other->table_count; i++)
	{
		const ks_place_table *table = &other->tables[i];

		reserve(set->context, &set->tables[i], table->count);
		RUN_KERNEL(ks_places_merge(table->slots, table->capacity, &set->tables[i], &limits));
	}
}

/*
 * How many bytes places_pack() writes: the users of each table, then their slots.
 */
Size
places_packed_size(place_set *set)
{
	Size		size = 0;

	places_flush(set);
	for (int i = 0; i < set->table_count; i++)
		size += sizeof(int64) + set->tables[i].count * sizeof(ks_user_bits);
	return size;
}

/*
 * Writes a set at bytes and returns the place behind it.
 */
char *
places_pack(place_set *set, char *bytes)
{
	for (int i = 0; i < set->table_count; i++)
	{
		ks_place_table *table = &set->tables[i];

		memcpy(bytes, &table->count, sizeof(int64));
		bytes += sizeof(int64);
		RUN_KERNEL(ks_places_pack(table, &limits, (ks_user_bits *) bytes));
		bytes += table->count * sizeof(ks_user_bits);
	}
	return bytes;
}

/*
 * Fills an initialized set from bytes, for places_merge() only: its tables are lists, nothing can be found in them.
 * Returns the place behind them.
 */
const char *
places_unpack(place_set *set, MemoryContext context, const char *bytes)
{
	for (int i = 0; i < set->table_count; i++)
	{
		ks_place_table *table = &set->tables[i];
		Size		size;

		memcpy(&table->count, bytes, sizeof(int64));
		bytes += sizeof(int64);
		table->capacity = table->count;
		size = table->count * sizeof(ks_user_bits);
		table->slots = allocate_large(context, Max(size, 1));
		memcpy(table->slots, bytes, size);
		bytes += size;
	}
	return bytes;
}

/*
 * Takes the time zone of the first row, and an ERROR for another one in a later row.
 */
void
clock_getarg_zone(day_clock *clock, MemoryContext context, FunctionCallInfo fcinfo, int arg)
{
	text	   *zone;

	if (PG_ARGISNULL(arg))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("time_zone is null")));
	zone = PG_GETARG_TEXT_PP(arg);
	if (clock->zone != NULL && same_bytes(clock->zone, zone))
		return;
	if (clock->zone != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time_zone differs between rows")));
	calendar_init(&clock->calendar, zone);
	clock->zone = MemoryContextAlloc(context, VARSIZE_ANY(zone));
	memcpy(clock->zone, zone, VARSIZE_ANY(zone));
	clock->begin = clock->end = 0;
}

/*
 * The day of an instant, and as much of it as has the same offset from Greenwich.
 */
DateADT
clock_find_day(day_clock *clock, TimestampTz at)
{
	const int64 epoch = (int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY;
	int64		begin,
				end;

	clock->day = local_day(&clock->calendar, at);
	/* local_day() leaves the span it used in latest. */
	begin = clock->day * (int64) SECS_PER_DAY + epoch - clock->calendar.spans[clock->calendar.latest].offset;
	end = begin + SECS_PER_DAY;
	begin = Max(begin, clock->calendar.spans[clock->calendar.latest].begin);
	end = Min(end, clock->calendar.spans[clock->calendar.latest].end);
	clock->begin = (begin - epoch) * USECS_PER_SEC;
	clock->end = (end - epoch) * USECS_PER_SEC;
	return clock->day;
}

/*
 * Whether the arguments of a transition function from first_arg on are the same in all rows by the look of the
 * query, as literals and parameters of it are (a parameter of an outer query does not change while its aggregate
 * runs): then they need not be compared in each row, which takes as long as counting it.
 */
bool
args_are_constant(FunctionCallInfo fcinfo, int first_arg)
{
	Aggref	   *call = AggGetAggref(fcinfo);
	ListCell   *cell;

	if (call == NULL)
		return false;			/* a window function */
	for_each_from(cell, call->args, first_arg - 1)
	{
		Expr	   *arg = lfirst_node(TargetEntry, cell)->expr;

		if (!IsA(arg, Const) && !IsA(arg, Param))
			return false;
	}
	return true;
}

const char *
day_text(int32 day)
{
	return DatumGetCString(DirectFunctionCall1(date_out, DateADTGetDatum(day)));
}

day_range
getarg_days(FunctionCallInfo fcinfo, int first_arg)
{
	static const char *const names[] = {"first_day", "last_day"};
	DateADT		days[2];

	for (int i = 0; i < 2; i++)
	{
		if (PG_ARGISNULL(first_arg + i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("%s is null", names[i])));
		days[i] = PG_GETARG_DATEADT(first_arg + i);
		if (DATE_NOT_FINITE(days[i]))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s is %s", names[i], day_text(days[i])),
					 errdetail("It must be finite.")));
	}
	if (days[0] > days[1])
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("first_day %s is after last_day %s", day_text(days[0]), day_text(days[1]))));
	return (day_range) {days[0], days[1]};
}
