/*
 * values.c: SQL values as the kernels take them.
 */
#include "glue.h"

#include "catalog/pg_type.h"
#include "common/int.h"
#include "utils/array.h"
#include "utils/arrayaccess.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

/*
 * The stored form of numeric: a header of one or two 16-bit words, then digits to the base 10000, the first of
 * which stands for 10000^weight. It is fixed by what is on disk; numeric.c keeps its names to itself. Reading
 * the digits takes a few nanoseconds a row where numeric arithmetic takes a few hundred.
 */
#define NUMERIC_KIND(header)		((header) & 0xC000)
#define NUMERIC_IS_SPECIAL(header)	(NUMERIC_KIND(header) == 0xC000)
#define NUMERIC_IS_SHORT_(header)	(((header) & 0x8000) != 0)
#define NUMERIC_SHORT_NEGATIVE(header) (((header) & 0x2000) != 0)
#define NUMERIC_SHORT_WEIGHT(header) \
	(((header) & 0x0040 ? ~0x003F : 0) | ((header) & 0x003F))

static int64
bad_money(Datum amount, int code, const char *rule)
{
	ereport(ERROR,
			(errcode(code),
			 errmsg("amount is %.100s", DatumGetCString(DirectFunctionCall1(numeric_out, amount))),
			 errdetail("%s", rule)));
	return 0;					/* not reached */
}

int64
money_from_numeric(Datum amount)
{
	struct varlena *stored = PG_DETOAST_DATUM_PACKED(amount);
	const char *bytes = VARDATA_ANY(stored);
	int			size = VARSIZE_ANY_EXHDR(stored);
	uint16		header;
	int16		weight;
	bool		negative,
				overflow = false;
	int64		money = 0;
	int			digit_count;

	memcpy(&header, bytes, sizeof(header));
	if (NUMERIC_IS_SPECIAL(header))
		return bad_money(amount, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, "It must be finite.");
	if (NUMERIC_IS_SHORT_(header))
	{
		negative = NUMERIC_SHORT_NEGATIVE(header);
		weight = NUMERIC_SHORT_WEIGHT(header);
		bytes += sizeof(uint16);
		digit_count = (size - sizeof(uint16)) / sizeof(int16);
	}
	else
	{
		negative = NUMERIC_KIND(header) == 0x4000;
		memcpy(&weight, bytes + sizeof(uint16), sizeof(weight));
		bytes += 2 * sizeof(uint16);
		digit_count = (size - 2 * sizeof(uint16)) / sizeof(int16);
	}

	/* Zeros at the end are not stored, so a digit below 10000^-1 means a fifth decimal. */
	if (digit_count > weight + 2)
		return bad_money(amount, ERRCODE_INVALID_PARAMETER_VALUE, "It must have at most 4 decimals, as round(amount, 4) gives.");
	/* Up to 10^12, as money mostly is: nothing can overflow. */
	if (likely(digit_count > 0 && weight >= 0 && weight < 3))
	{
		for (int place = 0; place < weight + 2; place++)
		{
			int16		digit = 0;

			if (place < digit_count)
				memcpy(&digit, bytes + place * sizeof(int16), sizeof(digit));
			money = money * 10000 + digit;
		}
		return negative ? -money : money;
	}
	for (int place = 0; digit_count > 0 && place < weight + 2 && !overflow; place++)
	{
		int16		digit = 0;

		if (place < digit_count)
			memcpy(&digit, bytes + place * sizeof(int16), sizeof(digit));
		overflow = pg_mul_s64_overflow(money, 10000, &money) ||
			pg_sub_s64_overflow(money, digit, &money);
	}
	if (!negative && money == PG_INT64_MIN)
		overflow = true;
	if (overflow)
		return bad_money(amount, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
						 "It must be between -922337203685477 and 922337203685477.");
	return negative ? money : -money;
}

/*
 * The other way, into the caller's memory: the short stored form holds any of these amounts. It has two decimals,
 * as money mostly has, or four where it needs them.
 */
Datum
money_to_numeric(int64 amount, money_buffer *buffer)
{
	uint64		rest = amount < 0 ? -(uint64) amount : (uint64) amount;
	int16		digits[MONEY_DIGITS];	/* to the base 10000, the last one being the fraction */
	int			first = MONEY_DIGITS,
				last = MONEY_DIGITS,
				weight;
	uint16		header = 0x8000 | (amount < 0 ? 0x2000 : 0) | (amount % 100 == 0 ? 2 : 4) << 7;

	while (rest > 0)
	{
		digits[--first] = rest % 10000;
		rest /= 10000;
	}
	weight = MONEY_DIGITS - 2 - first;
	while (last > first && digits[last - 1] == 0)
		last--;
	if (first == last)
		weight = 0;
	header |= (weight < 0 ? 0x0040 : 0) | (weight & 0x003F);
	memcpy(buffer->content, &header, sizeof(header));
	memcpy(buffer->content + sizeof(header), digits + first, (last - first) * sizeof(int16));
	SET_VARSIZE(buffer, VARHDRSZ + sizeof(header) + (last - first) * sizeof(int16));
	return PointerGetDatum(buffer);
}

int64
window_from_interval(const Interval *interval)
{
	int64		days,
				window;

	if (interval->month != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("within is %s, whose length depends on the date",
						DatumGetCString(DirectFunctionCall1(interval_out, IntervalPGetDatum(interval)))),
				 errhint("Give it in days, hours or smaller units.")));
	if (pg_mul_s64_overflow(interval->day, USECS_PER_DAY, &days) ||
		pg_add_s64_overflow(days, interval->time, &window) || window < 0 || window == KS_NO_WINDOW)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("within is %s, which is no length of time",
						DatumGetCString(DirectFunctionCall1(interval_out, IntervalPGetDatum(interval)))),
				 errdetail("It must be 0 or more, and at most 106751991 days.")));
	return window;
}

void
calendar_init(local_calendar *calendar, const text *zone)
{
	char	   *name = text_to_cstring(zone);

	memset(calendar, 0, sizeof(local_calendar));
	calendar->zone = pg_tzset(name);
	if (calendar->zone == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time zone \"%s\" not recognized", name)));
}

static void
find_offset(local_calendar *calendar, pg_time_t at)
{
	pg_time_t	boundary;
	long int	before,
				after;
	int			dst_before,
				dst_after,
				result,
				span = calendar->next;

	result = pg_next_dst_boundary(&at, &before, &dst_before, &boundary, &after, &dst_after, calendar->zone);
	if (result < 0)
		before = 0;				/* out of the range of zones: as Postgres, Greenwich */
	calendar->spans[span].begin = at;
	calendar->spans[span].end = result == 1 ? boundary : PG_INT64_MAX;
	calendar->spans[span].offset = before;
	calendar->latest = span;
	calendar->next = (span + 1) % lengthof(calendar->spans);
}

/* Seconds east of Greenwich. Rows come roughly in order, so the offset used last is mostly right; two spans may
 * overlap, since a span begins where it was first asked for. */
static int64
offset_at(local_calendar *calendar, int64 seconds)
{
	int			tried = 0;

	while (seconds < calendar->spans[calendar->latest].begin || seconds >= calendar->spans[calendar->latest].end)
	{
		if (++tried == lengthof(calendar->spans))
		{
			find_offset(calendar, seconds);
			break;
		}
		calendar->latest = (calendar->latest + 1) % lengthof(calendar->spans);
	}
	return calendar->spans[calendar->latest].offset;
}

Timestamp
local_time(local_calendar *calendar, TimestampTz at)
{
	const int64 epoch = (int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY;
	int64		seconds = at / USECS_PER_SEC - (at % USECS_PER_SEC < 0);

	return at + offset_at(calendar, seconds + epoch) * USECS_PER_SEC;
}

DateADT
local_day(local_calendar *calendar, TimestampTz at)
{
	Timestamp	local = local_time(calendar, at);

	return local / USECS_PER_DAY - (local % USECS_PER_DAY < 0);
}

uint32
bits_from_booleans(Datum array, int *count)
{
	AnyArrayType *booleans = DatumGetAnyArrayP(array);
	array_iter	it;
	uint32		bits = 0;

	*count = ArrayGetNItems(AARR_NDIM(booleans), AARR_DIMS(booleans));
	if (*count > KS_MAX_STEPS)
		return 0;				/* the caller checks the number of steps */
	array_iter_setup(&it, booleans);
	for (int i = 0; i < *count; i++)
	{
		bool		isnull;
		Datum		value = array_iter_next(&it, &isnull, i, 1, true, TYPALIGN_CHAR);

		if (!isnull && DatumGetBool(value))
			bits |= UINT32_C(1) << i;
	}
	return bits;
}

Datum
int64_array(const int64 *values, int count)
{
	Size		size = ARR_OVERHEAD_NONULLS(1) + count * sizeof(int64);
	ArrayType  *array = palloc0(size);

	SET_VARSIZE(array, size);
	array->ndim = 1;
	array->elemtype = INT8OID;
	ARR_DIMS(array)[0] = count;
	ARR_LBOUND(array)[0] = 1;
	memcpy(ARR_DATA_PTR(array), values, count * sizeof(int64));
	PG_RETURN_ARRAYTYPE_P(array);
}
