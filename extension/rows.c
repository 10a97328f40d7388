/*
 * rows.c: the packed rows that an aggregate collects, and the memory they take.
 *
 * Rows lie in a list of chunks that never move, so growing copies nothing and no chunk comes near 1 GB. All
 * chunks of an aggregate are in a memory context of its own below the aggregate's; these contexts are listed
 * while they live, and their sizes are what counts against vibe.max_kernel_memory.
 */
#include "glue.h"

#include <sys/mman.h>

#include "utils/memutils.h"

#define FIRST_CHUNK_ROWS 8
#define LARGEST_CHUNK_BYTES (16 * 1024 * 1024)

typedef struct counted_context
{
	MemoryContext context;
	struct counted_context *next;
	MemoryContextCallback forget;
} counted_context;

static counted_context *counted = NULL;
static const char *const rows_context_name = "vibe aggregate rows";

static void
forget_context(void *arg)
{
	counted_context **link = &counted;

	while (*link != NULL && *link != arg)
		link = &(*link)->next;
	if (*link != NULL)
		*link = (*link)->next;
}

/*
 * The context for states and rows of the aggregate that is being called: one for all its groups.
 */
MemoryContext
aggregate_rows_context(FunctionCallInfo fcinfo)
{
	MemoryContext parent,
				context;
	counted_context *entry;

	if (!AggCheckCallContext(fcinfo, &parent))
		elog(ERROR, "a support function of an aggregate was called outside of it");
	for (context = parent->firstchild; context != NULL; context = context->nextchild)
		if (context->name == rows_context_name)
			return context;

	context = AllocSetContextCreateInternal(parent, rows_context_name, ALLOCSET_DEFAULT_SIZES);
	entry = MemoryContextAllocZero(context, sizeof(counted_context));
	entry->context = context;
	entry->forget.func = forget_context;
	entry->forget.arg = entry;
	MemoryContextRegisterResetCallback(context, &entry->forget);
	entry->next = counted;
	counted = entry;
	return context;
}

int64
kernel_memory_in_use(void)
{
	int64		total = 0;

	for (counted_context *entry = counted; entry != NULL; entry = entry->next)
		total += MemoryContextMemAllocated(entry->context, true);
	return total;
}

void
check_kernel_memory(int64 wanted)
{
	if (kernel_memory_in_use() + wanted > max_kernel_memory * INT64CONST(1024))
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("vibe.max_kernel_memory (%d kB) does not suffice", max_kernel_memory),
				 errhint("Raise vibe.max_kernel_memory, or call the aggregate on fewer rows.")));
}

void
rows_init(row_list *rows, MemoryContext context, size_t row_size)
{
	memset(rows, 0, sizeof(row_list));
	rows->context = context;
	rows->row_size = row_size;
}

/*
 * MemoryContextAllocHuge() in pages of 2 MB where the system has them. Without, 600 MB take half a second to fill and a
 * tenth to give back, which is what a cancelled statement waits for.
 */
void *
allocate_large(MemoryContext context, Size size)
{
	const uintptr_t page = 2 * 1024 * 1024;
	char	   *place = MemoryContextAllocHuge(context, size);

#ifdef MADV_HUGEPAGE
	uintptr_t	first = TYPEALIGN(page, (uintptr_t) place);
	uintptr_t	end = TYPEALIGN_DOWN(page, (uintptr_t) place + size);

	/* Advice only: where it is not taken, pages are small. */
	if (first < end)
		(void) madvise((void *) first, end - first, MADV_HUGEPAGE);
	/* Tables are written here and there: a machine that has to find the memory first must not be met between two looks. */
	if (size > LARGEST_CHUNK_BYTES + page)
		for (; first < end; first += page)
		{
			CHECK_FOR_INTERRUPTS();
			*(volatile char *) first = 0;
		}
#endif
	return place;
}

/* memcpy() of as much as a gigabyte of rows, which a cancel can end: into new memory that takes half a second. */
static void
copy_many(char *to, const char *from, size_t size)
{
	const size_t piece = 4 * 1024 * 1024;

	for (size_t done = 0; done < size; done += piece)
	{
		CHECK_FOR_INTERRUPTS();
		memcpy(to + done, from + done, Min(piece, size - done));
	}
}

/*
 * Appends an empty chunk, twice as large as the one before up to 16 MB; larger if one call needs more rows.
 */
void
rows_add_chunk(row_list *rows, int64 at_least)
{
	int64		capacity = rows->last ? rows->last->capacity * 2 : FIRST_CHUNK_ROWS;
	ks_chunk   *chunk;
	Size		size;

	capacity = Min(capacity, LARGEST_CHUNK_BYTES / rows->row_size);
	capacity = Max(capacity, at_least);
	size = sizeof(ks_chunk) + capacity * rows->row_size;
	check_kernel_memory(size);
	chunk = allocate_large(rows->context, size);
	chunk->next = NULL;
	chunk->count = 0;
	chunk->capacity = capacity;
	if (rows->last)
		rows->last->next = chunk;
	else
		rows->first = chunk;
	rows->last = chunk;
}

void
rows_append_all(row_list *rows, const row_list *others)
{
	for (const ks_chunk *chunk = others->first; chunk != NULL; chunk = chunk->next)
	{
		if (chunk->count == 0)
			continue;
		if (rows->last == NULL || rows->last->capacity - rows->last->count < chunk->count)
			rows_add_chunk(rows, chunk->count);
		copy_many((char *) (rows->last + 1) + rows->last->count * rows->row_size,
				  (const char *) (chunk + 1), chunk->count * rows->row_size);
		rows->last->count += chunk->count;
		rows->count += chunk->count;
	}
}

/*
 * Frees the chunks that a kernel has emptied; count rows remain in those before.
 */
void
rows_drop_empty(row_list *rows, int64 count)
{
	ks_chunk   *chunk,
			   *next;

	rows->count = count;
	rows->last = rows->first;
	if (rows->last == NULL)
		return;
	while (rows->last->next != NULL && rows->last->next->count > 0)
		rows->last = rows->last->next;
	for (chunk = rows->last->next; chunk != NULL; chunk = next)
	{
		next = chunk->next;
		pfree(chunk);
	}
	rows->last->next = NULL;
}

/*
 * Memory for a state as it travels from a parallel worker. Both sides are the same server on the same machine, so
 * bytes are copied as they are.
 */
bytea *
state_bytes(uint64 size)
{
	bytea	   *bytes;

	size += VARHDRSZ;
	if (size > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("the rows that one parallel worker collected are too many to pass on"),
				 errdetail("They take " UINT64_FORMAT " bytes; the limit is %zu.", size, (size_t) MaxAllocSize),
				 errhint("Set max_parallel_workers_per_gather to 0 for this query.")));
	bytes = allocate_large(CurrentMemoryContext, size);
	SET_VARSIZE(bytes, size);
	return bytes;
}

/*
 * A state: head, then the rows.
 */
bytea *
rows_serialize(const row_list *rows, const void *head, size_t head_size)
{
	bytea	   *bytes = state_bytes(head_size + rows->count * (uint64) rows->row_size);
	char	   *place = VARDATA(bytes);

	memcpy(place, head, head_size);
	place += head_size;
	for (const ks_chunk *chunk = rows->first; chunk != NULL; chunk = chunk->next)
	{
		copy_many(place, (const char *) (chunk + 1), chunk->count * rows->row_size);
		place += chunk->count * rows->row_size;
	}
	return bytes;
}

/*
 * The other way; rows must be initialized. The combining function copies them on, so they are not counted here.
 */
void
rows_deserialize(row_list *rows, bytea *bytes, void *head, size_t head_size)
{
	size_t		size = VARSIZE_ANY_EXHDR(bytes) - head_size;
	ks_chunk   *chunk = allocate_large(rows->context, sizeof(ks_chunk) + size);

	memcpy(head, VARDATA_ANY(bytes), head_size);
	copy_many((char *) (chunk + 1), VARDATA_ANY(bytes) + head_size, size);
	chunk->next = NULL;
	chunk->count = chunk->capacity = size / rows->row_size;
	rows->first = rows->last = chunk;
	rows->count = chunk->count;
}
