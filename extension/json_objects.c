/*
 * json_objects.c: what an import of history asks of the objects in a file, for each of millions of events. SQL can say all of
 * it, at four to ten times the cost.
 */
#include "glue.h"

#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

PG_FUNCTION_INFO_V1(vibe_json_parameters);
PG_FUNCTION_INFO_V1(vibe_json_own_keys);

static bool
is_told(JsonbValue *value)
{
	return value && (value->type == jbvString || value->type == jbvNumeric || value->type == jbvBool);
}

/* The one that is told of string_value, int_value, double_value and float_value; whole numbers come as text. */
static JsonbValue *
parameter_value(JsonbContainer *fields)
{
	static const char *const names[] = {"string_value", "int_value", "double_value", "float_value"};

	for (int i = 0; i < lengthof(names); i++)
	{
		JsonbValue *value = getKeyJsonValueFromContainer(fields, names[i], strlen(names[i]), NULL);

		if (!is_told(value))
			continue;
		if (i == 1 && value->type == jbvString)
		{
			char	   *digits = pnstrdup(value->val.string.val, value->val.string.len);
			char	   *end;
			int64		number;

			errno = 0;
			number = strtoll(digits, &end, 10);
			if (errno || end == digits || *end)
				continue;
			value->type = jbvNumeric;
			value->val.numeric = int64_to_numeric(number);
		}
		return value;
	}
	return NULL;
}

/* json_parameters(list jsonb): GA4's [{"key", "value": {"string_value" …}}] as one object */
Datum
vibe_json_parameters(PG_FUNCTION_ARGS)
{
	Jsonb	   *list = PG_GETARG_JSONB_P(0);
	JsonbParseState *state = NULL;
	int			count = JB_ROOT_IS_ARRAY(list) && !JB_ROOT_IS_SCALAR(list) ? JB_ROOT_COUNT(list) : 0;

	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < count; i++)
	{
		JsonbValue *item = getIthJsonbValueFromContainer(&list->root, i);
		JsonbValue *key;
		JsonbValue *fields;
		JsonbValue *value;

		if (item->type != jbvBinary || !JsonContainerIsObject(item->val.binary.data))
			continue;
		key = getKeyJsonValueFromContainer(item->val.binary.data, "key", 3, NULL);
		fields = getKeyJsonValueFromContainer(item->val.binary.data, "value", 5, NULL);
		if (!key || key->type != jbvString || !fields || fields->type != jbvBinary || !JsonContainerIsObject(fields->val.binary.data))
			continue;
		value = parameter_value(fields->val.binary.data);
		if (!value)
			continue;
		pushJsonbValue(&state, WJB_KEY, key);
		pushJsonbValue(&state, WJB_VALUE, value);
	}
	PG_RETURN_JSONB_P(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)));
}

/* json_own_keys(object jsonb, prefix text): without the keys that begin so */
Datum
vibe_json_own_keys(PG_FUNCTION_ARGS)
{
	Jsonb	   *object = PG_GETARG_JSONB_P(0);
	text	   *prefix = PG_GETARG_TEXT_PP(1);
	int			size = VARSIZE_ANY_EXHDR(prefix);
	JsonbIterator *place;
	JsonbIteratorToken token;
	JsonbValue	item;
	JsonbParseState *state = NULL;
	bool		is_kept = true;

	if (!JB_ROOT_IS_OBJECT(object))
		PG_RETURN_NULL();
	place = JsonbIteratorInit(&object->root);
	JsonbIteratorNext(&place, &item, false);
	pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	while ((token = JsonbIteratorNext(&place, &item, true)) == WJB_KEY || token == WJB_VALUE)
	{
		if (token == WJB_KEY)
			is_kept = item.val.string.len < size || memcmp(item.val.string.val, VARDATA_ANY(prefix), size) != 0;
		if (is_kept)
			pushJsonbValue(&state, token, &item);
	}
	PG_RETURN_JSONB_P(JsonbValueToJsonb(pushJsonbValue(&state, WJB_END_OBJECT, NULL)));
}
