/*
 * tracked_values.c: numbers, ids and the size of what trackers send.
 */
#include "glue.h"

#include "mb/pg_wchar.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"
#include "utils/uuid.h"

#include "tracked_items.h"

#define LONGEST_KEY 100
#define MOST_KEYS 100
#define DEEPEST 5
#define LARGEST_OBJECT 8192		/* as text */
#define MAX_MILLISECONDS INT64CONST(99999999999999)

PG_FUNCTION_INFO_V1(vibe_is_small_object);

/*
 * Numbers as nearly everybody writes them: in numeric's short form, whose weight of at most 63 groups of four digits
 * either way lies within double precision. The two highest bits of the first word tell the form.
 */
static inline uint16
number_head(const JsonbValue *value)
{
	return *(uint16 *) VARDATA_ANY(value->val.numeric);
}

static bool
is_usual_number(const JsonbValue *value)
{
	return (number_head(value) & 0xC000) == 0x8000;
}

/* The decimals of a usual number, shown even where they are zero. */
static int
decimals(const JsonbValue *value)
{
	return (number_head(value) & 0x1F80) >> 7;
}

bool
read_milliseconds(const JsonbValue *value, int64 *milliseconds)
{
	if (value == NULL || value->type != jbvNumeric || !is_usual_number(value)
		/* A scale: 5.0 is no integer to the checks. */
		|| decimals(value) != 0
		/* Four groups of four digits at most, before anything is converted: 1e20 is short too, but no bigint. */
		|| (number_head(value) & 0x7F) > 3)
		return false;
	*milliseconds = DatumGetInt64(DirectFunctionCall1(numeric_int8, NumericGetDatum(value->val.numeric)));
	return *milliseconds >= 0 && *milliseconds <= MAX_MILLISECONDS;
}

static int
hexadecimal(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

bool
read_uuid(const JsonbValue *value, Datum *id)
{
	pg_uuid_t  *uuid;
	const char *digits;

	if (value == NULL || !is_text(value, 36) || value->val.string.len != 36)
		return false;
	uuid = palloc(sizeof(pg_uuid_t));
	digits = value->val.string.val;
	for (int i = 0, place = 0; i < UUID_LEN; i++, place += 2)
	{
		int			high,
					low;

		if ((place == 8 || place == 13 || place == 18 || place == 23) && digits[place++] != '-')
			return false;
		high = hexadecimal(digits[place]);
		low = hexadecimal(digits[place + 1]);
		if (high < 0 || low < 0)
			return false;
		uuid->data[i] = high << 4 | low;
	}
	*id = UUIDPGetDatum(uuid);
	return true;
}

/* The bytes that a value takes as JSON, at most. */
static int
written_size(const JsonbValue *value)
{
	const char *bytes = value->val.string.val;
	int			size = value->val.string.len + 4;

	if (value->type == jbvNumeric)
		/* Four digits for each group before the point; the lower six bits are the weight, if it is not negative. */
		return 4 * ((number_head(value) & 0x3F) + 2) + decimals(value) + 4;
	if (value->type != jbvString)
		return 8;
	for (int i = 0; i < value->val.string.len; i++)
		if ((unsigned char) bytes[i] < ' ' || bytes[i] == '"' || bytes[i] == '\\')
			size += 5;
	return size;
}

/*
 * Whether all numbers of an item are usual, and its properties within their limits: those are what lies below the key
 * `properties` of the first level.
 */
bool
is_plain_tree(JsonbContainer *item)
{
	JsonbIterator *iterator = JsonbIteratorInit(item);
	JsonbIteratorToken token;
	JsonbValue	value;
	int			level = 0,
				keys = 0,
				size = 0;
	bool		in_properties = false;

	while ((token = JsonbIteratorNext(&iterator, &value, false)) != WJB_DONE)
	{
		switch (token)
		{
			case WJB_BEGIN_ARRAY:
			case WJB_BEGIN_OBJECT:
				/* The item is level 1, its properties level 2. */
				if (++level > DEEPEST + 1)
					return false;
				size += 4;
				break;
			case WJB_END_ARRAY:
			case WJB_END_OBJECT:
				level--;
				break;
			case WJB_KEY:
				if (level == 1)
				{
					in_properties = value.val.string.len == 10 && memcmp(value.val.string.val, "properties", 10) == 0;
					break;
				}
				if (in_properties)
				{
					if (value.val.string.len > LONGEST_KEY || ++keys > MOST_KEYS)
						return false;
					size += written_size(&value);
				}
				break;
			default:
				if (value.type == jbvNumeric && !is_usual_number(&value))
					return false;
				if (in_properties && level > 1)
					size += written_size(&value);
		}
		if (size > LARGEST_OBJECT)
			return false;
	}
	return true;
}

/* is_small_object(value jsonb): these limits exactly, where is_plain_tree() may fall short of them. */
Datum
vibe_is_small_object(PG_FUNCTION_ARGS)
{
	Jsonb	   *object = PG_GETARG_JSONB_P(0);
	JsonbIterator *iterator = JsonbIteratorInit(&object->root);
	JsonbIteratorToken token;
	JsonbValue	value;
	int			level = 0;

	if (!JB_ROOT_IS_OBJECT(object) || JB_ROOT_COUNT(object) > MOST_KEYS)
		PG_RETURN_BOOL(false);
	while ((token = JsonbIteratorNext(&iterator, &value, false)) != WJB_DONE)
	{
		if (token == WJB_END_OBJECT || token == WJB_END_ARRAY)
			level--;
		else if (token == WJB_KEY)
		{
			if (value.val.string.len > LONGEST_KEY && pg_mbstrlen_with_len(value.val.string.val, value.val.string.len) > LONGEST_KEY)
				PG_RETURN_BOOL(false);
		}
		else
		{
			if (level > DEEPEST)
				PG_RETURN_BOOL(false);
			if (token == WJB_BEGIN_OBJECT || token == WJB_BEGIN_ARRAY)
				level++;
		}
	}
	/* Not written out where it is certainly too long. */
	if (VARSIZE(object) > 16 * LARGEST_OBJECT)
		PG_RETURN_BOOL(false);
	PG_RETURN_BOOL(strlen(JsonbToCString(NULL, &object->root, VARSIZE(object))) <= LARGEST_OBJECT);
}
