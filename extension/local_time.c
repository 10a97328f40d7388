/*
 * local_time.c: vibe.local_time and vibe.local_day, an instant by the clocks of a time zone.
 */
#include "glue.h"

#include "utils/builtins.h"

/* The zone of the latest row: rows of one query mostly have the same. */
typedef struct known_zone
{
	local_calendar calendar;
	int			size;
	char		name[FLEXIBLE_ARRAY_MEMBER];
} known_zone;

static local_calendar *
calendar_of(FmgrInfo *function, const text *zone)
{
	known_zone *known = function->fn_extra;
	int			size = VARSIZE_ANY_EXHDR(zone);

	if (known == NULL || known->size != size || memcmp(known->name, VARDATA_ANY(zone), size) != 0)
	{
		known_zone *fresh = MemoryContextAlloc(function->fn_mcxt, offsetof(known_zone, name) + size);

		calendar_init(&fresh->calendar, zone);
		fresh->size = size;
		memcpy(fresh->name, VARDATA_ANY(zone), size);
		if (known != NULL)
			pfree(known);
		function->fn_extra = known = fresh;
	}
	return &known->calendar;
}

PG_FUNCTION_INFO_V1(vibe_local_time);
Datum
vibe_local_time(PG_FUNCTION_ARGS)
{
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(0);
	local_calendar *calendar = calendar_of(fcinfo->flinfo, PG_GETARG_TEXT_PP(1));
	Timestamp	local;

	if (TIMESTAMP_NOT_FINITE(at))
		PG_RETURN_TIMESTAMP(at);
	local = local_time(calendar, at);
	if (!IS_VALID_TIMESTAMP(local))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range")));
	PG_RETURN_TIMESTAMP(local);
}

PG_FUNCTION_INFO_V1(vibe_local_day);
Datum
vibe_local_day(PG_FUNCTION_ARGS)
{
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(0);
	local_calendar *calendar = calendar_of(fcinfo->flinfo, PG_GETARG_TEXT_PP(1));

	if (TIMESTAMP_IS_NOBEGIN(at))
		PG_RETURN_DATEADT(DATEVAL_NOBEGIN);
	if (TIMESTAMP_IS_NOEND(at))
		PG_RETURN_DATEADT(DATEVAL_NOEND);
	PG_RETURN_DATEADT(local_day(calendar, at));
}
