/*
 * places.h: sets of (user, place) as the aggregates over days and periods collect them.
 */
#ifndef PLACES_H
#define PLACES_H

#include "glue.h"

/* Rows wait in a small buffer and go to the tables together, so that the kernel can fetch slots ahead. */
typedef struct place_set
{
	MemoryContext context;
	ks_place_table *tables;
	int32		table_count;
	int32		waiting;		/* rows in buffer */
	int32		room;			/* rows that buffer has room for */
	ks_user_place *buffer;
	const ks_renames *renames;	/* null if users count as they are */
} place_set;

extern void places_init(place_set *set, MemoryContext context, int places);
extern void places_flush(place_set *set);
extern void places_merge(place_set *set, const place_set *other);
extern Size places_packed_size(place_set *set);
extern char *places_pack(place_set *set, char *bytes);
extern const char *places_unpack(place_set *set, MemoryContext context, const char *bytes);

extern ks_renames *getarg_renames(FunctionCallInfo fcinfo, int users_arg, MemoryContext context);

static inline void
places_add(place_set *set, int64 user, int32 place)
{
	if (unlikely(set->waiting == set->room))
		places_flush(set);
	set->buffer[set->waiting++] = (ks_user_place) {.user = user, .place = place};
}

/* The days of a time zone, with the one that was met last: rows mostly come in the order of time. */
typedef struct day_clock
{
	local_calendar calendar;
	text	   *zone;			/* what calendar is of */
	TimestampTz begin;			/* from begin up to before end it is day */
	TimestampTz end;
	DateADT		day;
} day_clock;

extern void clock_getarg_zone(day_clock *clock, MemoryContext context, FunctionCallInfo fcinfo, int arg);
extern DateADT clock_find_day(day_clock *clock, TimestampTz at);

/* The local day of a finite instant. */
static inline DateADT
clock_day(day_clock *clock, TimestampTz at)
{
	return likely(at >= clock->begin && at < clock->end) ? clock->day : clock_find_day(clock, at);
}

/* From first_day to last_day, both included; an ERROR if one is null or infinite or if they are the wrong way round. */
typedef struct day_range
{
	int32		first;
	int32		last;
} day_range;

extern bool args_are_constant(FunctionCallInfo fcinfo, int first_arg);
extern day_range getarg_days(FunctionCallInfo fcinfo, int first_arg);
extern const char *day_text(int32 day);

static inline bool
same_bytes(const void *a, const void *b)
{
	return VARSIZE_ANY_EXHDR(a) == VARSIZE_ANY_EXHDR(b) &&
		memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

#endif							/* PLACES_H */
