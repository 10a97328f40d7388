/*
 * dictionary.c: the distinct texts of an aggregate, numbered, so that kernels compare numbers.
 *
 * Numbers count from 1 in the order of coming; 0 is null. sort_dictionary() makes them follow the order of bytes,
 * which does not hang on the order of rows.
 */
#include "glue.h"

#include "common/hashfn.h"
#include "utils/memutils.h"

#define FIRST_ENTRIES 64

/* There may be millions of texts, and a cancel must not wait for them. */
static inline void
check_sometimes(uint32 i)
{
	if (i % 4096 == 0)
		CHECK_FOR_INTERRUPTS();
}

void
dictionary_init(text_dictionary *dictionary, MemoryContext context)
{
	memset(dictionary, 0, sizeof(text_dictionary));
	dictionary->context = context;
	dictionary->sorted = true;
}

/* At most half of the slots are in use. */
static void
place_in_slots(text_dictionary *dictionary, uint32 number)
{
	uint32		mask = dictionary->capacity * 2 - 1;
	uint32		slot = dictionary->entries[number - 1].hash & mask;

	while (dictionary->slots[slot] != 0)
		slot = (slot + 1) & mask;
	dictionary->slots[slot] = number;
}

static void
fill_slots(text_dictionary *dictionary)
{
	memset(dictionary->slots, 0, dictionary->capacity * 2 * sizeof(uint32));
	for (uint32 number = 1; number <= dictionary->count; number++)
		place_in_slots(dictionary, number);
}

static void
make_room(text_dictionary *dictionary)
{
	uint64		capacity = dictionary->capacity ? dictionary->capacity * UINT64CONST(2) : FIRST_ENTRIES;
	uint64		bytes = capacity * (sizeof(dictionary_entry) + 2 * sizeof(uint32));
	dictionary_entry *entries;

	if (capacity > PG_INT32_MAX / 2)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many distinct texts for one call of an aggregate of vibe"),
				 errdetail("The limit is %d.", PG_INT32_MAX / 4)));
	check_kernel_memory(bytes);
	entries = allocate_large(dictionary->context, capacity * sizeof(dictionary_entry));
	if (dictionary->count > 0)
	{
		memcpy(entries, dictionary->entries, dictionary->count * sizeof(dictionary_entry));
		pfree(dictionary->entries);
		pfree(dictionary->slots);
	}
	dictionary->entries = entries;
	dictionary->slots = allocate_large(dictionary->context, capacity * 2 * sizeof(uint32));
	dictionary->capacity = capacity;
	fill_slots(dictionary);
}

uint32
dictionary_number(text_dictionary *dictionary, const char *bytes, int size)
{
	uint32		hash = hash_bytes((const unsigned char *) bytes, size);
	dictionary_entry *entry;

	if (dictionary->capacity > 0)
	{
		uint32		mask = dictionary->capacity * 2 - 1;

		for (uint32 slot = hash & mask; dictionary->slots[slot] != 0; slot = (slot + 1) & mask)
		{
			entry = &dictionary->entries[dictionary->slots[slot] - 1];
			if (entry->hash == hash && VARSIZE(entry->value) - VARHDRSZ == size &&
				memcmp(VARDATA(entry->value), bytes, size) == 0)
				return dictionary->slots[slot];
		}
	}
	if (dictionary->count == dictionary->capacity)
		make_room(dictionary);
	check_kernel_memory(VARHDRSZ + size);
	entry = &dictionary->entries[dictionary->count++];
	entry->hash = hash;
	entry->value = MemoryContextAlloc(dictionary->context, VARHDRSZ + size);
	SET_VARSIZE(entry->value, VARHDRSZ + size);
	memcpy(VARDATA(entry->value), bytes, size);
	place_in_slots(dictionary, dictionary->count);
	dictionary->sorted = dictionary->count == 1;
	return dictionary->count;
}

static int
compare_entries(const void *a, const void *b, void *arg)
{
	const text *first = ((const dictionary_entry *) a)->value;
	const text *second = ((const dictionary_entry *) b)->value;
	Size		first_size = VARSIZE(first) - VARHDRSZ;
	Size		second_size = VARSIZE(second) - VARHDRSZ;
	int			order = memcmp(VARDATA(first), VARDATA(second), Min(first_size, second_size));

	if (order != 0)
		return order;
	return first_size < second_size ? -1 : first_size > second_size;
}

/* The new number of each old one; null if the numbers stay. The caller frees it. */
uint32 *
sort_dictionary(text_dictionary *dictionary)
{
	uint32	   *map;

	if (dictionary->sorted)
		return NULL;
	map = allocate_large(CurrentMemoryContext, (dictionary->count + 1) * sizeof(uint32));
	for (uint32 i = 0; i < dictionary->count; i++)
		dictionary->entries[i].number = i + 1;
	qsort_interruptible(dictionary->entries, dictionary->count, sizeof(dictionary_entry), compare_entries, NULL);
	map[0] = 0;
	for (uint32 i = 0; i < dictionary->count; i++)
	{
		check_sometimes(i);
		map[dictionary->entries[i].number] = i + 1;
	}
	fill_slots(dictionary);
	dictionary->sorted = true;
	return map;
}

/* Takes in all texts of another; returns the number here of each number there. The caller frees it. */
uint32 *
dictionary_add_all(text_dictionary *dictionary, const text_dictionary *others)
{
	uint32	   *map = allocate_large(CurrentMemoryContext, (others->count + 1) * sizeof(uint32));

	map[0] = 0;
	for (uint32 i = 0; i < others->count; i++)
	{
		check_sometimes(i);
		map[i + 1] = dictionary_number(dictionary, VARDATA(others->entries[i].value),
									   VARSIZE(others->entries[i].value) - VARHDRSZ);
	}
	return map;
}

/* The text of a number; 0 has none. */
text *
dictionary_text(const text_dictionary *dictionary, uint32 number)
{
	return number == 0 ? NULL : dictionary->entries[number - 1].value;
}

/* The texts as they travel from a parallel worker: their number, then one after the other, headers and all. */
void
dictionary_write(const text_dictionary *dictionary, StringInfo buffer)
{
	appendBinaryStringInfo(buffer, (const char *) &dictionary->count, sizeof(uint32));
	for (uint32 i = 0; i < dictionary->count; i++)
	{
		check_sometimes(i);
		appendBinaryStringInfo(buffer, (const char *) dictionary->entries[i].value,
							   VARSIZE(dictionary->entries[i].value));
	}
}

/* Returns the place behind what was read. */
const char *
dictionary_read(text_dictionary *dictionary, const char *bytes)
{
	uint32		count;

	memcpy(&count, bytes, sizeof(count));
	bytes += sizeof(count);
	for (uint32 i = 0; i < count; i++)
	{
		uint32		header;

		check_sometimes(i);
		memcpy(&header, bytes, sizeof(header));
		dictionary_number(dictionary, bytes + VARHDRSZ, VARSIZE(&header) - VARHDRSZ);
		bytes += VARSIZE(&header);
	}
	return bytes;
}
