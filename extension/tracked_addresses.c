/*
 * tracked_addresses.c: addresses of pages and what led to them.
 */
#include "glue.h"

#include "tracked_items.h"

#define LONGEST_ADDRESS 4096	/* bytes, never fewer than characters */

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
bool
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
bool
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
