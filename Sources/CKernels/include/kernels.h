/*
 * kernels.h: the contract between the C glue (extension/) and the Swift kernels (Sources/Kernels/).
 *
 * The only file both sides read. Swift implements every ks_ function with `@c @implementation`, so the
 * compiler checks that both agree. Rules for every entry:
 *
 * - numbers in, numbers out: no Postgres type, no Postgres call, no memory that changes hands. The caller
 *   allocates what a kernel writes; a kernel frees its own scratch before it returns;
 * - a kernel cannot trap: bad numbers, overflow and lack of memory are a ks_status;
 * - KS_STOPPED leaves the input as it was: call again to start over;
 * - the order of the input rows never changes the answer.
 *
 * libc and pthread reach Swift through this header, since Embedded Swift has no module for them.
 */
#ifndef KERNELS_H
#define KERNELS_H

#include <math.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Pointers are never null unless marked so; Swift reads these marks, GCC does not know them. */
#ifdef __clang__
#pragma clang assume_nonnull begin
#define KS_NULLABLE _Nullable
#else
#define KS_NULLABLE
#endif

typedef enum ks_status
{
	KS_OK = 0,
	KS_STOPPED,					/* a stop flag was up; nothing was changed */
	KS_NO_MEMORY,				/* malloc gave none */
	KS_MEMORY_LIMIT,			/* scratch would pass ks_limits.memory */
	KS_OVERFLOW,				/* a sum left the range of its integer */
	KS_TOO_MANY_ROWS,			/* more than 2^32 - 2 rows in one call */
	KS_BAD_ARGUMENT				/* a parameter outside its documented range */
} ks_status;

/* What a kernel may use, and how it is told to stop. */
typedef struct ks_limits
{
	const volatile int *stop;		/* looked at every few thousand rows: non-zero stops */
	const volatile int *stop_too;	/* likewise; may be the same */
	int64_t		memory;			/* bytes of scratch a kernel may hold at once */
	int32_t		threads;		/* at least 1 */
} ks_limits;

static inline bool
ks_stop_requested(const ks_limits *limits)
{
	return *limits->stop != 0 || *limits->stop_too != 0;
}

/* Packed rows as an aggregate collects them: a list of blocks, each followed by its rows. */
typedef struct ks_chunk
{
	struct ks_chunk *KS_NULLABLE next;
	int64_t		count;			/* rows in use */
	int64_t		capacity;		/* rows there is room for */
} ks_chunk;

/* Was the Swift side compiled for x86-64-v3 (AVX2, BMI2, FMA)? Answered by the kernels' own flags. */
#ifdef __AVX2__
#define KS_TARGET_V3 1
#else
#define KS_TARGET_V3 0
#endif

int32_t		ks_target_v3(void);

/* ---- RFM: recency, frequency, monetary -------------------------------------------------------- */

#define KS_NO_DAY INT32_MIN

/* One purchase or refund, or several of one customer already added up. */
typedef struct ks_purchase
{
	int64_t		customer;
	int64_t		amount;			/* ten-thousandths of the currency unit; refunds are negative */
	int32_t		day;			/* local day number of the last order; KS_NO_DAY if orders = 0 */
	int32_t		orders;			/* a refund has none */
} ks_purchase;

typedef struct ks_rfm_score
{
	int64_t		customer;
	int64_t		amount;			/* ten-thousandths of the currency unit */
	int32_t		recency_days;	/* from the last order's day to the period end, at least 1 */
	int32_t		frequency;		/* orders */
	int8_t		r_score;		/* 1 (worst) to 5 (best) */
	int8_t		f_score;
	int8_t		m_score;
	int8_t		cluster;		/* 1 champions, 2 loyal, 3 opportunists, 4 at risk, 5 hibernating, 6 lost */
	int8_t		small_n;		/* 1 if some score could not be ranked and is 3 for everyone */
} ks_rfm_score;

/* Adds up the rows of each customer in place: afterwards *rows rows remain, one a customer. */
ks_status	ks_rfm_collapse(ks_chunk *KS_NULLABLE purchases, const ks_limits *limits, int64_t *rows);

/*
 * Scores collapsed rows (one a customer). Rows without an order or not before period_end are left out.
 * scores has room for every row; *count of them are written, in the order of customer.
 */
ks_status	ks_rfm_scores(const ks_chunk *KS_NULLABLE customers, int64_t rows, int32_t period_end,
						  const ks_limits *limits, ks_rfm_score *scores, int64_t *count);

/* The cluster of a cell of scores, each 1 to 5; 0 outside of that. */
int8_t		ks_rfm_cluster(int32_t r_score, int32_t f_score, int32_t m_score);

/* ---- ordered funnel with one window for the whole of it ---------------------------------------- */

#define KS_MIN_STEPS 2
#define KS_MAX_STEPS 32
#define KS_NO_WINDOW INT64_MAX		/* the last step may come any time after the first */

typedef struct ks_event
{
	int64_t		user;
	int64_t		time;			/* microseconds */
	uint32_t	steps;			/* bit i is set if the event can be step i + 1; never 0 */
	uint32_t	padding;		/* 0 */
} ks_event;

/* reached[i] becomes the number of users who come to step i + 1 within window of their step 1. */
ks_status	ks_funnel(const ks_chunk *KS_NULLABLE events, int32_t steps, int64_t window,
					  const ks_limits *limits, int64_t *reached);

/* The deepest step that the events reach, all being one user's; 0 if none is a first step. */
ks_status	ks_funnel_depth(const ks_chunk *KS_NULLABLE events, int32_t steps, int64_t window,
							const ks_limits *limits, int32_t *depth);

#ifdef __clang__
#pragma clang assume_nonnull end
#endif

#endif							/* KERNELS_H */
