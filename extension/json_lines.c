/*
 * json_lines.c: lines of JSON files as SQL values. As in csv.c, what cannot be read is null and no exception: whatever the
 * cast to jsonb would raise is looked for before.
 */
#include "glue.h"
#include "records.h"

#include <math.h>

#include "common/jsonapi.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

PG_FUNCTION_INFO_V1(vibe_json_record);
PG_FUNCTION_INFO_V1(vibe_json_problem);

#define MAX_DEPTH 100
#define MAX_NUMBER_SIZE 400

/* A number can be short and yet have more digits than numeric takes; what reads properties makes double precision of it. */
static void
check_number(void *state, char *token, JsonTokenType type)
{
	bool	   *is_out_of_range = state;
	double		value;

	if (type != JSON_TOKEN_NUMBER)
		return;
	errno = 0;
	value = strtod(token, NULL);
	if (strlen(token) > MAX_NUMBER_SIZE || (errno == ERANGE && (value == 0 || isinf(value))))
		*is_out_of_range = true;
}

/* Decodes the record and says why it is no JSON object that can be stored, if it is none. */
static const char *
read_record(const uint8 **bytes, int *size, int encoding)
{
	bool		is_out_of_range = false;
	JsonSemAction actions = {.semstate = &is_out_of_range, .scalar = check_number};
	JsonLexContext *lex;
	JsonParseErrorType error;
	const char *problem;
	int			start = 0;

	if (*size > MAX_RECORD_SIZE)
		return "is longer than 1 MB";
	problem = decode_record(bytes, size, encoding);
	if (problem)
		return problem;
	while (start < *size && strchr(" \t\r\n", (*bytes)[start]))
		start++;
	if (start == *size || (*bytes)[start] != '{')
		return "must be a JSON object on one line";
	if (ks_json_depth(*bytes, *size) > MAX_DEPTH)
		return "has more than 100 levels";
	lex = makeJsonLexContextCstringLen((char *) *bytes, *size, GetDatabaseEncoding(), true);
	error = pg_parse_json(lex, &actions);
	if (error == JSON_UNICODE_CODE_POINT_ZERO)
		return "holds \\u0000, which PostgreSQL's text cannot";
	if (error != JSON_SUCCESS)
		return "is not valid JSON";
	if (is_out_of_range)
		return "holds a number that double precision cannot";
	return NULL;
}

/* json_record(record text, encoding int) */
Datum
vibe_json_record(PG_FUNCTION_ARGS)
{
	text	   *record = PG_GETARG_TEXT_PP(0);
	const uint8 *bytes = (uint8 *) VARDATA_ANY(record);
	int			size = VARSIZE_ANY_EXHDR(record);

	if (read_record(&bytes, &size, PG_GETARG_INT32(1)))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(pnstrdup((const char *) bytes, size))));
}

/* json_problem(record text, encoding int) */
Datum
vibe_json_problem(PG_FUNCTION_ARGS)
{
	text	   *record = PG_GETARG_TEXT_PP(0);
	const uint8 *bytes = (uint8 *) VARDATA_ANY(record);
	int			size = VARSIZE_ANY_EXHDR(record);
	const char *problem = read_record(&bytes, &size, PG_GETARG_INT32(1));

	if (!problem)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(problem));
}
