/*
 * csv.c: records of CSV files as SQL values. Every function answers null to what it cannot read, so that one bad record
 * among millions costs neither an exception nor the others.
 */
#include "glue.h"
#include "records.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/numeric.h"

PG_FUNCTION_INFO_V1(vibe_csv_fields);
PG_FUNCTION_INFO_V1(vibe_csv_problem);
PG_FUNCTION_INFO_V1(vibe_csv_text);
PG_FUNCTION_INFO_V1(vibe_csv_ends_in_quotes);
PG_FUNCTION_INFO_V1(vibe_csv_decimal);
PG_FUNCTION_INFO_V1(vibe_csv_instant);

#define MAX_FIELDS 1000

/* A record taken apart: the fields lie in text; or why it cannot be. */
typedef struct csv_record
{
	char	   *text;
	ks_csv_field *fields;
	int			count;
	const char *problem;
} csv_record;

static inline uint8
first_byte(text *value)
{
	return VARSIZE_ANY_EXHDR(value) > 0 ? *(uint8 *) VARDATA_ANY(value) : 0;
}

static bool
is_ascii(const uint8 *bytes, int size)
{
	for (int i = 0; i < size; i++)
		if (bytes[i] >= 0x80)
			return false;
	return true;
}

/*
 * The record in the server's encoding. It was loaded as Latin 1, in which every byte is a character, so that a bad
 * byte is one record's fault.
 */
const char *
decode_record(const uint8 **bytes, int *size, int encoding)
{
	uint8	   *file;
	int			length;
	Oid			conversion;
	uint8	   *result;

	if (encoding == PG_LATIN1 || is_ascii(*bytes, *size))
		return NULL;
	file = palloc(*size + 1);
	length = ks_bytes_of_latin1(*bytes, *size, file);
	if (length < 0)
		return "holds a character that is no byte: import_lines must be loaded with encoding 'latin1'";
	file[length] = 0;
	*bytes = file;
	*size = length;
	if (encoding == PG_UTF8)
		return pg_verify_mbstr(PG_UTF8, (char *) file, length, true) ? NULL : "is not valid in the file's encoding";
	conversion = FindDefaultConversionProc(encoding, PG_UTF8);
	if (!OidIsValid(conversion))
		return "is in an encoding that cannot be converted";
	result = palloc(length * MAX_CONVERSION_GROWTH + 1);
	if (pg_do_encoding_conversion_buf(conversion, encoding, PG_UTF8, file, length, result,
									  length * MAX_CONVERSION_GROWTH + 1, true) != length)
		return "is not valid in the file's encoding";
	*bytes = result;
	*size = strlen((char *) result);
	return NULL;
}

static csv_record
read_record(text *value, uint8 delimiter, int encoding, int width)
{
	csv_record	record = {0};
	const uint8 *bytes = (uint8 *) VARDATA_ANY(value);
	int			size = VARSIZE_ANY_EXHDR(value);
	int			room = width < 0 ? MAX_FIELDS : width;

	record.problem = size > MAX_RECORD_SIZE ? "is longer than 1 MB" : decode_record(&bytes, &size, encoding);
	if (record.problem)
		return record;
	record.text = palloc(size + 1);
	record.fields = palloc(sizeof(ks_csv_field) * Max(room, 1));
	record.count = ks_csv_split(bytes, size, delimiter, (uint8 *) record.text, record.fields, room);
	if (record.count == KS_CSV_OPEN_QUOTE)
		record.problem = "has a quote that is not closed";
	else if (record.count == KS_CSV_TEXT_AFTER_QUOTE)
		record.problem = "has text after a closing quote";
	else if (width < 0)
		record.count = Min(record.count, room);
	else if (record.count != width)
		record.problem = psprintf("has %d fields where the first line has %d", record.count, width);
	return record;
}

/* csv_fields(record text, delimiter text, encoding int, width int, places int[]): width -1 is any, no places are all */
Datum
vibe_csv_fields(PG_FUNCTION_ARGS)
{
	csv_record	record = read_record(PG_GETARG_TEXT_PP(0), first_byte(PG_GETARG_TEXT_PP(1)),
									 PG_GETARG_INT32(2), PG_GETARG_INT32(3));
	ArrayType  *wanted = PG_GETARG_ARRAYTYPE_P(4);
	int			count = ArrayGetNItems(ARR_NDIM(wanted), ARR_DIMS(wanted));
	int32	   *places = (int32 *) ARR_DATA_PTR(wanted);
	int			lower = 1;
	Datum	   *values;
	bool	   *nulls;

	if (record.problem)
		PG_RETURN_NULL();
	if (ARR_HASNULL(wanted))
		PG_RETURN_NULL();
	if (count == 0)
	{
		count = record.count;
		places = palloc(sizeof(int32) * count);
		for (int i = 0; i < count; i++)
			places[i] = i + 1;
	}
	values = palloc(sizeof(Datum) * count);
	nulls = palloc(sizeof(bool) * count);
	for (int i = 0; i < count; i++)
	{
		ks_csv_field field = {0};

		if (places[i] >= 1 && places[i] <= record.count)
			field = record.fields[places[i] - 1];
		nulls[i] = field.length == 0;
		if (!nulls[i])
			values[i] = PointerGetDatum(cstring_to_text_with_len(record.text + field.start, field.length));
	}
	PG_RETURN_ARRAYTYPE_P(construct_md_array(values, nulls, 1, &count, &lower, TEXTOID, -1, false, TYPALIGN_INT));
}

/* csv_problem(record text, delimiter text, encoding int, width int) */
Datum
vibe_csv_problem(PG_FUNCTION_ARGS)
{
	csv_record	record = read_record(PG_GETARG_TEXT_PP(0), first_byte(PG_GETARG_TEXT_PP(1)),
									 PG_GETARG_INT32(2), PG_GETARG_INT32(3));

	if (!record.problem)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(record.problem));
}

/* csv_text(record text, encoding int): as people read it; undecoded where it cannot be decoded */
Datum
vibe_csv_text(PG_FUNCTION_ARGS)
{
	text	   *value = PG_GETARG_TEXT_PP(0);
	const uint8 *bytes = (uint8 *) VARDATA_ANY(value);
	int			size = VARSIZE_ANY_EXHDR(value);

	if (size > MAX_RECORD_SIZE || decode_record(&bytes, &size, PG_GETARG_INT32(1)))
		PG_RETURN_TEXT_P(value);
	PG_RETURN_TEXT_P(cstring_to_text_with_len((char *) bytes, size));
}

/* csv_ends_in_quotes(begins boolean, line text, delimiter text) */
Datum
vibe_csv_ends_in_quotes(PG_FUNCTION_ARGS)
{
	text	   *line = PG_GETARG_TEXT_PP(1);

	PG_RETURN_BOOL(ks_csv_ends_in_quotes((uint8 *) VARDATA_ANY(line), VARSIZE_ANY_EXHDR(line),
										 first_byte(PG_GETARG_TEXT_PP(2)), PG_GETARG_BOOL(0)));
}

/* csv_decimal(value text, mark text, decimals int) */
Datum
vibe_csv_decimal(PG_FUNCTION_ARGS)
{
	text	   *value = PG_GETARG_TEXT_PP(0);
	int64		number;

	if (!ks_read_decimal((uint8 *) VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value),
						 first_byte(PG_GETARG_TEXT_PP(1)), PG_GETARG_INT32(2), &number))
		PG_RETURN_NULL();
	PG_RETURN_NUMERIC(int64_div_fast_to_numeric(number, PG_GETARG_INT32(2)));
}

/* csv_instant(value text, date_order int, time_zone text) */
Datum
vibe_csv_instant(PG_FUNCTION_ARGS)
{
	text	   *value = PG_GETARG_TEXT_PP(0);
	ks_clock	clock;
	struct pg_tm tm = {0};
	pg_tz	   *zone;
	int			west;
	TimestampTz instant;

	if (!ks_read_clock((uint8 *) VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), PG_GETARG_INT32(1), &clock))
		PG_RETURN_NULL();
	tm.tm_year = clock.year;
	tm.tm_mon = clock.month;
	tm.tm_mday = clock.day;
	tm.tm_hour = clock.hour;
	tm.tm_min = clock.minute;
	tm.tm_sec = clock.second;
	tm.tm_isdst = -1;
	if (clock.has_offset)
		west = -clock.offset;
	else
	{
		zone = pg_tzset(text_to_cstring(PG_GETARG_TEXT_PP(2)));
		if (zone == NULL)
			PG_RETURN_NULL();
		west = DetermineTimeZoneOffset(&tm, zone);
	}
	if (tm2timestamp(&tm, clock.microsecond, &west, &instant) != 0)
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(instant);
}
