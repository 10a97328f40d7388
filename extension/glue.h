/*
 * glue.h: what the C files of the extension share.
 *
 * A function of the glue unpacks its arguments, calls one kernel and gives the answer back; casts, memory
 * accounting and the translation of a ks_status into an ERROR are here, once.
 */
#ifndef GLUE_H
#define GLUE_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/date.h"
#include "utils/timestamp.h"

#include "kernels.h"

/* ---- module.c: settings and kernel calls --------------------------------------------------------- */

extern int	max_kernel_memory;	/* vibe.max_kernel_memory, kB */
extern int	kernel_threads;		/* vibe.kernel_threads */

/* The limits for the next attempt to run a kernel; attempt counts from 0. */
extern ks_limits kernel_limits(int attempt);

/* After a kernel: true if it must be called again, false if it is done; every failure is raised. */
extern bool kernel_stopped(ks_status status);

/*
 * Runs a kernel to its end. When it stops for an interrupt that turns out to be no cancel, it starts over.
 * The call may use `limits`.
 */
#define RUN_KERNEL(call) \
	do { \
		int			attempt_ = 0; \
		ks_limits	limits; \
		do \
			limits = kernel_limits(attempt_++); \
		while (kernel_stopped(call)); \
	} while (0)

/* ---- rows.c: packed rows of aggregate states, counted against vibe.max_kernel_memory --------------- */

typedef struct row_list
{
	MemoryContext context;		/* where chunks are allocated */
	size_t		row_size;
	ks_chunk   *first;
	ks_chunk   *last;			/* the one being filled */
	int64		count;			/* rows in all chunks */
} row_list;

extern MemoryContext aggregate_rows_context(FunctionCallInfo fcinfo);
extern int64 kernel_memory_in_use(void);
extern void check_kernel_memory(int64 wanted);
extern void *allocate_large(MemoryContext context, Size size);
extern void rows_init(row_list *rows, MemoryContext context, size_t row_size);
extern void rows_add_chunk(row_list *rows, int64 at_least);
extern void rows_append_all(row_list *rows, const row_list *others);
extern void rows_drop_empty(row_list *rows, int64 count);
extern bytea *state_bytes(uint64 size);
extern bytea *rows_serialize(const row_list *rows, const void *head, size_t head_size);
extern void rows_deserialize(row_list *rows, bytea *bytes, void *head, size_t head_size);

/* Room for one more row. */
static inline void *
rows_next(row_list *rows)
{
	ks_chunk   *chunk = rows->last;

	if (unlikely(chunk == NULL || chunk->count == chunk->capacity))
	{
		rows_add_chunk(rows, 1);
		chunk = rows->last;
	}
	rows->count++;
	return (char *) (chunk + 1) + rows->row_size * chunk->count++;
}

/* ---- dictionary.c: the distinct texts of an aggregate ---------------------------------------------- */

typedef struct dictionary_entry
{
	text	   *value;
	uint32		hash;
	uint32		number;			/* used while sorting */
} dictionary_entry;

typedef struct text_dictionary
{
	MemoryContext context;
	dictionary_entry *entries;	/* entry n - 1 has number n */
	uint32	   *slots;			/* numbers by hash, 0 for none; twice as many as there may be entries */
	uint32		count;
	uint32		capacity;		/* entries there is room for: a power of two */
	bool		sorted;
} text_dictionary;

extern void dictionary_init(text_dictionary *dictionary, MemoryContext context);
extern uint32 dictionary_number(text_dictionary *dictionary, const char *bytes, int size);
extern uint32 *sort_dictionary(text_dictionary *dictionary);
extern uint32 *dictionary_add_all(text_dictionary *dictionary, const text_dictionary *others);
extern text *dictionary_text(const text_dictionary *dictionary, uint32 number);
extern void dictionary_write(const text_dictionary *dictionary, StringInfo buffer);
extern const char *dictionary_read(text_dictionary *dictionary, const char *bytes);

/* ---- values.c: SQL values as the kernels take them ------------------------------------------------- */

/* Money in ten-thousandths of a unit; an ERROR for NaN, infinity, more decimals or too large an amount. */
#define MONEY_DECIMALS 4
extern int64 money_from_numeric(Datum amount);

/* Room for such an amount as numeric. */
#define MONEY_DIGITS 5
typedef struct money_buffer
{
	int32		length;
	char		content[sizeof(int16) * (1 + MONEY_DIGITS)];
} money_buffer;

extern Datum money_to_numeric(int64 amount, money_buffer *buffer);

/* An interval as microseconds, a day being 24 hours; an ERROR for months and for less than nothing. */
extern int64 window_from_interval(const Interval *interval);

/* The local calendar of one time zone, with the offsets that were met last. */
typedef struct local_calendar
{
	pg_tz	   *zone;
	struct
	{
		int64		begin;		/* Unix seconds: the offset holds from begin … */
		int64		end;		/* … up to before end */
		int64		offset;		/* seconds east of Greenwich */
	}			spans[8];
	int			latest;			/* the span that was used last */
	int			next;			/* the span to be replaced next */
} local_calendar;

extern void calendar_init(local_calendar *calendar, const text *zone);
/* What the clocks there show at a finite instant, and the date of that. */
extern Timestamp local_time(local_calendar *calendar, TimestampTz at);
extern DateADT local_day(local_calendar *calendar, TimestampTz at);

/* The bits of a boolean array: bit i is set if element i + 1 is true; null is false. */
extern uint32 bits_from_booleans(Datum array, int *count);

/* bigint[] with one dimension. */
extern Datum int64_array(const int64 *values, int count);

#endif							/* GLUE_H */
