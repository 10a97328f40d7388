/*
 * json_lines.c: lines of JSON files as SQL values. As in csv.c, what cannot be read is null and no exception, where a cast to
 * jsonb would raise one.
 */
#include "glue.h"
#include "records.h"

#include <math.h>

#include "common/jsonapi.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

PG_FUNCTION_INFO_V1(vibe_json_record);
PG_FUNCTION_INFO_V1(vibe_json_problem);

#define MAX_DEPTH 100
#define MAX_NUMBER_SIZE 400

/* What the parser has met so far of an object. */
typedef struct parsed_object
{
	JsonbParseState *state;
	JsonbValue *whole;
	bool		is_out_of_range;
} parsed_object;

static void
add(parsed_object *object, JsonbIteratorToken token, JsonbValue *value)
{
	object->whole = pushJsonbValue(&object->state, token, value);
}

static void
begin_object(void *object)
{
	add(object, WJB_BEGIN_OBJECT, NULL);
}

static void
end_object(void *object)
{
	add(object, WJB_END_OBJECT, NULL);
}

static void
begin_array(void *object)
{
	add(object, WJB_BEGIN_ARRAY, NULL);
}

static void
end_array(void *object)
{
	add(object, WJB_END_ARRAY, NULL);
}

static void
begin_field(void *object, char *name, bool is_null)
{
	JsonbValue	key = {.type = jbvString};

	key.val.string.val = name;
	key.val.string.len = strlen(name);
	add(object, WJB_KEY, &key);
}

/* A number can be short and yet have more digits than numeric takes; what reads properties makes double precision of it. */
static bool
is_in_range(const char *number)
{
	double		value;

	if (strlen(number) > MAX_NUMBER_SIZE)
		return false;
	errno = 0;
	value = strtod(number, NULL);
	return !(errno == ERANGE && (value == 0 || isinf(value)));
}

static void
add_scalar(void *parsed, char *token, JsonTokenType type)
{
	parsed_object *object = parsed;
	JsonbValue	value = {.type = jbvNull};

	if (type == JSON_TOKEN_STRING)
	{
		value.type = jbvString;
		value.val.string.val = token;
		value.val.string.len = strlen(token);
	}
	else if (type == JSON_TOKEN_TRUE || type == JSON_TOKEN_FALSE)
	{
		value.type = jbvBool;
		value.val.boolean = type == JSON_TOKEN_TRUE;
	}
	else if (type == JSON_TOKEN_NUMBER && !is_in_range(token))
		object->is_out_of_range = true;
	else if (type == JSON_TOKEN_NUMBER)
	{
		value.type = jbvNumeric;
		value.val.numeric = DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(token),
																ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
	}
	/* The record is an object, so a scalar is in one or in an array. */
	add(object, object->state->contVal.type == jbvArray ? WJB_ELEM : WJB_VALUE, &value);
}

/* Makes an object of the record, or says why it is none that can be stored. */
static const char *
read_record(text *record, int encoding, JsonbValue **whole)
{
	parsed_object object = {0};
	JsonSemAction actions = {
		.semstate = &object, .object_start = begin_object, .object_end = end_object, .array_start = begin_array,
		.array_end = end_array, .object_field_start = begin_field, .scalar = add_scalar,
	};
	const uint8 *bytes = (uint8 *) VARDATA_ANY(record);
	int			size = VARSIZE_ANY_EXHDR(record);
	JsonParseErrorType error;
	const char *problem;
	int			start = 0;

	if (size > MAX_RECORD_SIZE)
		return "is longer than 1 MB";
	problem = decode_record(&bytes, &size, encoding);
	if (problem)
		return problem;
	while (start < size && strchr(" \t\r\n", bytes[start]))
		start++;
	if (start == size || bytes[start] != '{')
		return "must be a JSON object on one line";
	if (ks_json_depth(bytes, size) > MAX_DEPTH)
		return "has more than 100 levels";
	error = pg_parse_json(makeJsonLexContextCstringLen((char *) bytes, size, GetDatabaseEncoding(), true), &actions);
	if (error == JSON_UNICODE_CODE_POINT_ZERO)
		return "holds \\u0000, which PostgreSQL's text cannot";
	if (error != JSON_SUCCESS)
		return "is not valid JSON";
	if (object.is_out_of_range)
		return "holds a number that double precision cannot";
	*whole = object.whole;
	return NULL;
}

/* json_record(record text, encoding int) */
Datum
vibe_json_record(PG_FUNCTION_ARGS)
{
	JsonbValue *whole;

	if (read_record(PG_GETARG_TEXT_PP(0), PG_GETARG_INT32(1), &whole))
		PG_RETURN_NULL();
	PG_RETURN_JSONB_P(JsonbValueToJsonb(whole));
}

/* json_problem(record text, encoding int) */
Datum
vibe_json_problem(PG_FUNCTION_ARGS)
{
	JsonbValue *whole;
	const char *problem = read_record(PG_GETARG_TEXT_PP(0), PG_GETARG_INT32(1), &whole);

	if (!problem)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(problem));
}
