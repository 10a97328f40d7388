/*
 * tracked_items.h: what the files of the quick reader of trackers' requests share. Each of these functions answers false
 * where something is not certainly good; nothing is refused here.
 */
#ifndef TRACKED_ITEMS_H
#define TRACKED_ITEMS_H

#include "utils/builtins.h"
#include "utils/jsonb.h"

/* The places of vibe_private.tracked_item. */
enum
{
	ITEM_ORD, ITEM_PLACE, ITEM_SITE, ITEM_KIND, ITEM_EVENT_ID, ITEM_OCCURRED_AT, ITEM_ANONYMOUS_ID, ITEM_EVENT_NAME, ITEM_PAGE,
	ITEM_URL, ITEM_REFERRER, ITEM_TITLE, ITEM_PROPERTIES, ITEM_EXTERNAL_ID, ITEM_TRAITS, ITEM_USER, ITEM_SESSION,
	ITEM_STARTS_SESSION, ITEM_QUERY, ITEM_IS_BOT, ITEM_COLUMNS
};

static inline bool
is_text(const JsonbValue *value, int longest)
{
	return value->type == jbvString && value->val.string.len <= longest;
}

static inline Datum
text_datum(const char *bytes, int size)
{
	return PointerGetDatum(cstring_to_text_with_len(bytes, size));
}

/* Whether all bytes are printable ASCII from `first` on. */
static inline bool
is_printable(const char *bytes, int size, char first)
{
	for (int i = 0; i < size; i++)
		if (bytes[i] < first || bytes[i] > '~')
			return false;
	return true;
}

/* ---- tracked_values.c ------------------------------------------------------------------------------ */

extern bool read_milliseconds(const JsonbValue *value, int64 *milliseconds);
extern bool read_uuid(const JsonbValue *value, Datum *id);
extern bool is_plain_tree(JsonbContainer *item);

/* ---- tracked_addresses.c --------------------------------------------------------------------------- */

extern bool read_address(const JsonbValue *value, Datum *values, bool *nulls);
extern bool read_referrer(const JsonbValue *referrer, const JsonbValue *address, Datum *values, bool *nulls);

#endif
