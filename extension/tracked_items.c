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
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "tracked_items.h"

#define MOST_ITEMS 500
#define LONGEST_TITLE 1000
#define LONGEST_NAME 100
#define LARGEST_ITEM 65536		/* as jsonb */
#define DAYS_7 (7 * USECS_PER_DAY)

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
