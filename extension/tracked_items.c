/*
 * tracked_items.c: vibe_private.read_plain, the ordinary requests of trackers as rows.
 *
 * Nearly all that trackers send is plain: known fields of the right type, addresses in ASCII, short properties. That is
 * read here, at a tenth of what the expressions of vibe_private.item_problem() cost. Whatever is not certainly good is left
 * to them: this reader never refuses anything, it only says "not plain", and must say so where they would find a problem.
 */
#include "glue.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/typcache.h"
#include "utils/uuid.h"

#define MOST_ITEMS 500
#define LONGEST_ADDRESS 4096	/* bytes, never fewer than characters */
#define LONGEST_TITLE 1000
#define LONGEST_NAME 100
#define LONGEST_KEY 100
#define MOST_KEYS 100
#define DEEPEST 5
#define LARGEST_OBJECT 8192		/* as text */
#define LARGEST_ITEM 65536		/* as jsonb */
#define MAX_MILLISECONDS INT64CONST(99999999999999)
#define DAYS_7 (7 * USECS_PER_DAY)

/* The places of vibe_private.tracked_item. */
enum
{
	ITEM_ORD, ITEM_PLACE, ITEM_SITE, ITEM_KIND, ITEM_EVENT_ID, ITEM_OCCURRED_AT, ITEM_ANONYMOUS_ID, ITEM_EVENT_NAME, ITEM_PAGE,
	ITEM_URL, ITEM_REFERRER, ITEM_TITLE, ITEM_PROPERTIES, ITEM_EXTERNAL_ID, ITEM_TRAITS, ITEM_USER, ITEM_SESSION,
	ITEM_STARTS_SESSION, ITEM_QUERY, ITEM_IS_BOT, ITEM_COLUMNS
};

typedef struct envelope_reader
{
	int			ord;
	int			site_id;
	TimestampTz received;
	int64		sent_at;
	Datum		visitor;
	Datum		no_properties;	/* {} */
	TupleDesc	shape;
	Oid			type;
} envelope_reader;

static const JsonbValue *
field(JsonbContainer *object, const char *name, JsonbValue *room)
{
	const JsonbValue *value = getKeyJsonValueFromContainer(object, name, strlen(name), room);

	/* JSON's null says the same as nothing. */
	return value != NULL && value->type == jbvNull ? NULL : value;
}

static bool
is_text(const JsonbValue *value, int longest)
{
	return value->type == jbvString && value->val.string.len <= longest;
}

static Datum
text_datum(const char *bytes, int size)
{
	return PointerGetDatum(cstring_to_text_with_len(bytes, size));
}

/* Whether all bytes are printable ASCII from `first` on. */
static bool
is_printable(const char *bytes, int size, char first)
{
	for (int i = 0; i < size; i++)
		if (bytes[i] < first || bytes[i] > '~')
			return false;
	return true;
}

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

static bool
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

static bool
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
 * Whether all numbers of an item are usual, and its properties within their limits. Only the first level of an item has
 * fields of its own; `properties` is given the places that belong to it.
 */
static bool
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

/* The length of the scheme with its slashes; 0 for other schemes and nothing behind. */
static int
scheme_size(const char *address, int size)
{
	if (size > 8 && memcmp(address, "https://", 8) == 0)
		return 8;
	return size > 7 && memcmp(address, "http://", 7) == 0 ? 7 : 0;
}

/* The host of an http address without www and port; it may be empty. */
static void
find_host(const char *address, int size, int *begin, int *length)
{
	int			place = scheme_size(address, size);

	if (size - place > 4 && pg_strncasecmp(address + place, "www.", 4) == 0)
		place += 4;
	*begin = place;
	while (place < size && strchr("/?#:@", address[place]) == NULL)
		place++;
	*length = place - *begin;
}

/* An address as the checks want it, in ASCII; its path and query. */
static bool
read_address(const JsonbValue *value, Datum *values, bool *nulls)
{
	const char *address;
	int			size,
				host,
				path,
				end;

	if (!is_text(value, LONGEST_ADDRESS))
		return false;
	address = value->val.string.val;
	size = value->val.string.len;
	if (!is_printable(address, size, '!'))
		return false;
	host = scheme_size(address, size);
	if (host == 0 || strchr("/?#", address[host]) != NULL)
		return false;
	for (path = host; path < size && strchr("/?#", address[path]) == NULL; path++)
		;
	for (end = path; end < size && address[end] != '?' && address[end] != '#'; end++)
		;
	values[ITEM_URL] = text_datum(address, size);
	values[ITEM_PAGE] = end > path ? text_datum(address + path, end - path) : text_datum("/", 1);
	nulls[ITEM_URL] = nulls[ITEM_PAGE] = false;
	if (end < size && address[end] == '?')
	{
		int			query = end + 1;

		for (end = query; end < size && address[end] != '#'; end++)
			;
		nulls[ITEM_QUERY] = end == query;
		if (end > query)
			values[ITEM_QUERY] = text_datum(address + query, end - query);
	}
	return true;
}

/* A referrer in ASCII, left out where it is the page's own site. */
static bool
read_referrer(const JsonbValue *referrer, const JsonbValue *address, Datum *values, bool *nulls)
{
	int			begin,
				length,
				own,
				own_length;
	const char *bytes;

	if (!is_text(referrer, LONGEST_ADDRESS))
		return false;
	bytes = referrer->val.string.val;
	if (referrer->val.string.len == 0)
		return true;
	if (!is_printable(bytes, referrer->val.string.len, '!'))
		return false;
	/* A name and password before the host, and what is no http address: the slow way knows. */
	if (scheme_size(bytes, referrer->val.string.len) == 0 || memchr(bytes, '@', referrer->val.string.len) != NULL)
		return false;
	find_host(bytes, referrer->val.string.len, &begin, &length);
	if (length == 0)
		return false;
	if (address != NULL)
	{
		if (memchr(address->val.string.val, '@', address->val.string.len) != NULL)
			return false;
		find_host(address->val.string.val, address->val.string.len, &own, &own_length);
		if (own_length == length && pg_strncasecmp(address->val.string.val + own, bytes + begin, length) == 0)
			return true;
	}
	values[ITEM_REFERRER] = text_datum(bytes, referrer->val.string.len);
	nulls[ITEM_REFERRER] = false;
	return true;
}

static bool
is_plain_name(const JsonbValue *name)
{
	const char *bytes;
	int			size;

	if (name == NULL || !is_text(name, LONGEST_NAME))
		return false;
	bytes = name->val.string.val;
	size = name->val.string.len;
	return size > 0 && is_printable(bytes, size, ' ') && bytes[0] != ' ' && bytes[size - 1] != ' '
		&& !(size == 9 && memcmp(bytes, "page_view", 9) == 0);
}

static bool
is_kind(const JsonbValue *value, const char *kind)
{
	return value->val.string.len == strlen(kind) && memcmp(value->val.string.val, kind, strlen(kind)) == 0;
}

/* One item as a row; false where it is not plain. */
static bool
read_item(const envelope_reader *envelope, int place, JsonbContainer *item, Datum *row)
{
	Datum		values[ITEM_COLUMNS];
	bool		nulls[ITEM_COLUMNS];
	JsonbValue	rooms[9];
	const JsonbValue *kind = field(item, "type", &rooms[0]);
	const JsonbValue *address = field(item, "url", &rooms[1]);
	const JsonbValue *referrer = field(item, "referrer", &rooms[2]);
	const JsonbValue *title = field(item, "title", &rooms[3]);
	const JsonbValue *properties = field(item, "properties", &rooms[4]);
	bool		is_heartbeat,
				is_view;
	int64		at;

	memset(nulls, true, sizeof(nulls));
	if (kind == NULL || kind->type != jbvString || field(item, "traits", &rooms[5]) != NULL || !is_plain_tree(item))
		return false;
	is_heartbeat = is_kind(kind, "heartbeat");
	is_view = is_kind(kind, "page_view");
	/* identify is rare, and the rules for whom it names are long. */
	if (!is_heartbeat && !is_view && !is_kind(kind, "event"))
		return false;
	if (!read_milliseconds(field(item, "time", &rooms[6]), &at))
		return false;
	if (!is_heartbeat && !read_uuid(field(item, "id", &rooms[7]), &values[ITEM_EVENT_ID]))
		return false;
	if (address == NULL ? is_view : !read_address(address, values, nulls))
		return false;
	if (referrer != NULL && !read_referrer(referrer, address, values, nulls))
		return false;
	if (title != NULL)
	{
		if (!is_text(title, LONGEST_TITLE))
			return false;
		values[ITEM_TITLE] = text_datum(title->val.string.val, title->val.string.len);
	}
	values[ITEM_PROPERTIES] = envelope->no_properties;
	if (properties != NULL)
	{
		if (properties->type != jbvBinary || !JsonContainerIsObject(properties->val.binary.data))
			return false;
		values[ITEM_PROPERTIES] = JsonbPGetDatum(JsonbValueToJsonb((JsonbValue *) properties));
	}
	if (!is_heartbeat && !is_view)
	{
		const JsonbValue *name = field(item, "name", &rooms[8]);

		if (!is_plain_name(name))
			return false;
		values[ITEM_EVENT_NAME] = text_datum(name->val.string.val, name->val.string.len);
	}
	values[ITEM_ORD] = Int32GetDatum(envelope->ord);
	values[ITEM_PLACE] = Int32GetDatum(place);
	values[ITEM_SITE] = Int32GetDatum(envelope->site_id);
	values[ITEM_KIND] = text_datum(kind->val.string.val, kind->val.string.len);
	if (is_view)
		values[ITEM_EVENT_NAME] = values[ITEM_KIND];
	/* The two readings of the visitor's clock cancel its error; what is left is held to a sane range. */
	values[ITEM_OCCURRED_AT] = TimestampTzGetDatum(Max(envelope->received - DAYS_7, Min(envelope->received + USECS_PER_MINUTE,
																						envelope->received - (envelope->sent_at - at) * 1000)));
	values[ITEM_ANONYMOUS_ID] = envelope->visitor;
	values[ITEM_TRAITS] = envelope->no_properties;
	nulls[ITEM_ORD] = nulls[ITEM_PLACE] = nulls[ITEM_SITE] = nulls[ITEM_KIND] = nulls[ITEM_OCCURRED_AT] = false;
	nulls[ITEM_ANONYMOUS_ID] = nulls[ITEM_PROPERTIES] = nulls[ITEM_TRAITS] = false;
	nulls[ITEM_EVENT_ID] = nulls[ITEM_EVENT_NAME] = is_heartbeat;
	nulls[ITEM_TITLE] = title == NULL;
	*row = HeapTupleHeaderGetDatum(heap_form_tuple(envelope->shape, values, nulls)->t_data);
	return true;
}

/* All items of an envelope, appended to `rows`; their number, or -1 where something in it is not plain. */
static int
read_envelope(envelope_reader *envelope, JsonbContainer *root, Datum *rows)
{
	JsonbValue	rooms[3],
				value;
	const JsonbValue *visitor,
			   *items;
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	int			count = 0;

	if (!JsonContainerIsObject(root))
		return -1;
	visitor = field(root, "visitor", &rooms[0]);
	items = field(root, "items", &rooms[1]);
	if (visitor == NULL || !is_text(visitor, 64) || visitor->val.string.len < 8
		|| !is_printable(visitor->val.string.val, visitor->val.string.len, '!')
		|| !read_milliseconds(field(root, "sent_at", &rooms[2]), &envelope->sent_at)
		|| items == NULL || items->type != jbvBinary || !JsonContainerIsArray(items->val.binary.data)
		|| JsonContainerSize(items->val.binary.data) < 1 || JsonContainerSize(items->val.binary.data) > MOST_ITEMS)
		return -1;
	envelope->visitor = text_datum(visitor->val.string.val, visitor->val.string.len);
	iterator = JsonbIteratorInit(items->val.binary.data);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token != WJB_ELEM)
			continue;
		if (value.type != jbvBinary || !JsonContainerIsObject(value.val.binary.data) || value.val.binary.len > LARGEST_ITEM
			|| !read_item(envelope, count, value.val.binary.data, &rows[count]))
			return -1;
		count++;
	}
	return count;
}

/* read_plain(envelopes jsonb[], site_ids int[], received, out item_counts int[], out items tracked_item[]) */
PG_FUNCTION_INFO_V1(vibe_read_plain);
Datum
vibe_read_plain(PG_FUNCTION_ARGS)
{
	Datum	   *envelopes,
			   *sites,
			   *counts,
			   *rows,
				answers[2];
	bool	   *are_null,
			   *sites_null,
			   *not_plain,
				answers_null[2] = {false, false};
	int			count,
				site_count,
				total = 0,
				room = 16;
	int			dimensions[1],
				bounds[1] = {1};
	TupleDesc	answer_shape;
	envelope_reader envelope = {.received = PG_GETARG_TIMESTAMPTZ(2)};

	if (get_call_result_type(fcinfo, NULL, &answer_shape) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), JSONBOID, -1, false, TYPALIGN_INT, &envelopes, &are_null, &count);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), INT4OID, sizeof(int32), true, TYPALIGN_INT, &sites, &sites_null, &site_count);
	envelope.type = get_element_type(TupleDescAttr(answer_shape, 1)->atttypid);
	envelope.shape = lookup_rowtype_tupdesc_copy(envelope.type, -1);
	if (envelope.shape->natts != ITEM_COLUMNS || site_count != count)
		elog(ERROR, "read_plain expects one site per envelope and rows of %d columns", ITEM_COLUMNS);
	envelope.no_properties = DirectFunctionCall1(jsonb_in, CStringGetDatum("{}"));
	counts = palloc(sizeof(Datum) * Max(count, 1));
	not_plain = palloc(sizeof(bool) * Max(count, 1));
	rows = palloc(sizeof(Datum) * (room + MOST_ITEMS));
	for (int i = 0; i < count; i++)
	{
		int			added = -1;

		if (!are_null[i] && !sites_null[i])
		{
			envelope.ord = i + 1;
			envelope.site_id = DatumGetInt32(sites[i]);
			added = read_envelope(&envelope, &DatumGetJsonbP(envelopes[i])->root, rows + total);
		}
		not_plain[i] = added < 0;
		counts[i] = Int32GetDatum(added);
		total += Max(added, 0);
		if (total > room)
		{
			room = 2 * total;
			rows = repalloc(rows, sizeof(Datum) * (room + MOST_ITEMS));
		}
	}
	dimensions[0] = count;
	answers[0] = PointerGetDatum(construct_md_array(counts, not_plain, 1, dimensions, bounds, INT4OID, sizeof(int32), true, TYPALIGN_INT));
	answers_null[1] = total == 0;
	if (total > 0)
		answers[1] = PointerGetDatum(construct_array(rows, total, envelope.type, -1, false, TYPALIGN_DOUBLE));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(answer_shape), answers, answers_null)));
}
