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
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

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

/* Asks the processor to fetch what will be read soon; Swift has no word for it. */
static inline void
ks_prefetch(const void *address)
{
	__builtin_prefetch(address);
}

/* The next number that no thread has taken. */
static inline int64_t
ks_take_number(int64_t *next)
{
	return __atomic_fetch_add(next, 1, __ATOMIC_RELAXED);
}

/* The whole part of a number that is known to fit; Swift's own conversion ends the process where it does not. */
static inline int64_t
ks_truncate(double number)
{
	return (int64_t) number;
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
	int32_t		foreign_orders;	/* those of them whose money is not in amount */
	int32_t		padding;		/* 0; two customers share a cache line */
} ks_purchase;

/*
 * Purchases added up per customer: a hash table in memory of the caller. A slot whose orders are negative is
 * empty; at most half of them are in use.
 */
typedef struct ks_rfm_totals
{
	ks_purchase *KS_NULLABLE slots;
	int64_t		capacity;		/* slots: 0 or a power of two, 2^32 at most */
	int64_t		count;			/* customers */
} ks_rfm_totals;

typedef struct ks_rfm_score
{
	int64_t		customer;
	int64_t		amount;			/* ten-thousandths of the currency unit */
	int32_t		recency;		/* days from the last order's day to the period end, at least 1 */
	int32_t		frequency;		/* orders */
	int32_t		foreign_orders;
	int8_t		r_score;		/* 1 (worst) to 5 (best) */
	int8_t		f_score;
	int8_t		m_score;
	int8_t		cluster;		/* 1 champions, 2 loyal, 3 opportunists, 4 at risk, 5 hibernating, 6 lost */
	int8_t		small_n;		/* 1 if some score could not be ranked and is 3 for everyone */
} ks_rfm_score;

/*
 * Adds rows to the totals of their customers. Totals must have room for as many new customers as there are
 * rows. On KS_OVERFLOW some rows are added and the totals are of no use any more. It never stops, so callers
 * hand over some ten thousand rows at a time.
 */
ks_status	ks_rfm_add(ks_rfm_totals *totals, const ks_purchase *rows, int64_t count);

/* Fills larger totals, whose slots hold nothing yet, with those of smaller ones. */
ks_status	ks_rfm_move(const ks_rfm_totals *smaller, ks_rfm_totals *larger, const ks_limits *limits);

/* Writes one row a customer, in the order of customer; rows has room for totals->count. */
ks_status	ks_rfm_list(const ks_rfm_totals *totals, ks_purchase *rows, const ks_limits *limits);

/*
 * Makes one list of two, each in the order of customer and with one row a customer. rows has room for both;
 * *count of them are written.
 */
ks_status	ks_rfm_merge(const ks_purchase *left, int64_t left_count, const ks_purchase *right, int64_t right_count,
						 const ks_limits *limits, ks_purchase *rows, int64_t *count);

/*
 * Scores the customers of such a list. Those without an order or whose last one is not before period_end are left
 * out. scores has room for every customer; *count of them are written, in the order of customer.
 */
ks_status	ks_rfm_scores(const ks_purchase *rows, int64_t row_count, int32_t period_end, const ks_limits *limits,
						  ks_rfm_score *scores, int64_t *count);

/* The cluster of a cell of scores, each 1 to 5; 0 outside of that. */
int8_t		ks_rfm_cluster(int32_t r_score, int32_t f_score, int32_t m_score);

/* ---- funnels: Funnel*.swift, Moment.swift --------------------------------------------------------- */

#define KS_MIN_STEPS 2
#define KS_MAX_STEPS 32
#define KS_NO_WINDOW INT64_MAX		/* the last step may come any time after the first */

typedef enum ks_funnel_mode
{
	KS_FUNNEL_ORDERED = 0,		/* step 1, then 2, then 3 …, whatever else happens between */
	KS_FUNNEL_STRICT,			/* likewise, and no other event between */
	KS_FUNNEL_UNORDERED			/* in any order */
} ks_funnel_mode;

typedef struct ks_funnel_shape
{
	int64_t		window;			/* from the first event of a chain to its last, in the unit of time */
	int32_t		steps;
	int32_t		mode;			/* ks_funnel_mode */
	int32_t		strict_ties;	/* 1: a chain takes at most one event of an instant */
	int32_t		valued;			/* 1: the rows are ks_valued_event, 0: ks_event */
} ks_funnel_shape;

typedef struct ks_event
{
	int64_t		user;
	int64_t		time;			/* microseconds */
	uint32_t	steps;			/* bit i is set if the event can be step i + 1 */
	uint32_t	exclusions;		/* bit i is set if the event ends a chain that stands after step i + 1 */
} ks_event;

typedef struct ks_valued_event
{
	ks_event	event;
	uint32_t	held;			/* chains consist of events of one user that are equal in this */
	uint32_t	value;			/* reported for the first event of a chain */
} ks_valued_event;

/* What is told of one user: the chain that goes deepest; the header of Funnel.swift says which one of several. */
typedef struct ks_funnel_chain
{
	int64_t		user;
	uint32_t	held;			/* of the chain */
	uint32_t	value;			/* of the chain's first event */
	int32_t		depth;			/* at least 1: so many times are the chain's */
	int32_t		padding;		/* 0 */
} ks_funnel_chain;

/* reached[i] becomes the number of users who come to step i + 1. */
ks_status	ks_funnel(const ks_chunk *KS_NULLABLE events, const ks_funnel_shape *shape,
					  const ks_limits *limits, int64_t *reached);

/* The depth that the events reach, all being one user's; 0 if none is a first step. */
ks_status	ks_funnel_depth(const ks_chunk *KS_NULLABLE events, const ks_funnel_shape *shape,
							const ks_limits *limits, int32_t *depth);

/*
 * The chains of the users who reach step 1 at least, in the order of user, and the times of their steps, chain after
 * chain. Among chains of one user that begin in one of the periods [periods[i], periods[i + 1]) the deepest is told,
 * one a period; period_count + 1 ascending instants, or 0 periods for all time as one.
 *
 * chains has room for *chain_count, times for *time_count. Both become what there is to tell; if there was too
 * little room, nothing else is written: call again.
 */
ks_status	ks_funnel_chains(const ks_chunk *KS_NULLABLE events, const ks_funnel_shape *shape,
							 const int64_t *KS_NULLABLE periods, int64_t period_count, const ks_limits *limits,
							 ks_funnel_chain *chains, int64_t *chain_count, int64_t *times, int64_t *time_count);

/* ---- who was there: sets of (user, place), a place being a day or another period ----------------- */

/* Places are dealt to tables, 64 to each: place p is bit p % 64 of the user's slot in table p / 64. */
#define KS_TABLE_PLACES 64

typedef struct ks_user_place
{
	int64_t		user;
	int32_t		place;			/* from 0 */
	int32_t		padding;		/* 0 */
} ks_user_place;

typedef struct ks_user_bits
{
	int64_t		user;
	uint64_t	bits;			/* 0: the slot is empty, whatever user says */
} ks_user_bits;

/* A hash table by user, at most 5/8 full. Whoever makes it fills it with empty slots. */
typedef struct ks_place_table
{
	ks_user_bits *KS_NULLABLE slots;
	int64_t		capacity;		/* 0 or a power of two from 16 on */
	int64_t		count;			/* slots in use */
} ks_place_table;

static inline bool
ks_table_is_full(const ks_place_table *table, int64_t more)
{
	return (table->count + more) * 8 > table->capacity * 5;
}

/*
 * Adds rows until done or until the table of rows[*done] has no room for a new user: the caller then gives it a
 * larger one and goes on from there. Repeating rows that were added already changes nothing.
 */
ks_status	ks_places_add(const ks_user_place *rows, int64_t count, ks_place_table *tables, int32_t table_count,
						  const ks_limits *limits, int64_t *done);

/* Adds slots, empty ones among them or not, to a table that has room for all of them. May be repeated. */
ks_status	ks_places_merge(const ks_user_bits *slots, int64_t count, ks_place_table *table, const ks_limits *limits);

/* Writes the table->count slots in use one after the other. */
ks_status	ks_places_pack(const ks_place_table *table, const ks_limits *limits, ks_user_bits *packed);

/*
 * Users that are to be counted as others: table has a slot for each, whose bits are 1 + its number in others.
 * Of a user that comes twice the first number counts. The table must have room for all of them.
 */
typedef struct ks_renames
{
	ks_place_table table;
	const int64_t *KS_NULLABLE others;
	const bool *KS_NULLABLE is_nobody;	/* instead of becoming others[i], the user does not count */
} ks_renames;

ks_status	ks_renames_fill(const int64_t *users, int64_t count, ks_place_table *table, const ks_limits *limits);

/* Renames rows in place and takes out those that do not count; returns how many remain, at the front. */
int64_t		ks_places_rename(ks_user_place *rows, int64_t count, const ks_renames *renames);

/* ---- distinct users of rolling windows ----------------------------------------------------------- */

#define KS_MAX_WINDOWS 16

/*
 * Place p is day p - history of the range. users[w * days + d] becomes the number of users who were there on one
 * of the windows[w] days that end with day d. history must be the longest window less 1.
 */
ks_status	ks_rolling_users(const ks_place_table *tables, int32_t table_count, int32_t history, int32_t days,
							 const int32_t *windows, int32_t window_count, const ks_limits *limits, int64_t *users);

/* ---- retention: distinct users by cohort and period ------------------------------------------------ */

/*
 * Place 0 is everything before the range, place p its period p - 1. A user's cohort is the lowest place among
 * entries (which may be the same tables as activity); place 0 is no cohort. cohort_users has an element a cohort;
 * on[c * periods + n] counts the users of cohort c who were there n periods later, on_or_after[…] those who were
 * there then or in a later period.
 */
ks_status	ks_cohort_users(const ks_place_table *entries, const ks_place_table *activity, int32_t table_count,
							int32_t periods, const ks_limits *limits, int64_t *cohort_users, int64_t *on,
							int64_t *on_or_after);

/* ---- k-means ----------------------------------------------------------------------------------- */

#define KS_MAX_FEATURES 64
#define KS_MAX_CLUSTERS 256
#define KS_MAX_FEATURE_VALUE 1e140	/* larger squares and their sums would leave the range of double */

typedef enum ks_normalisation
{
	KS_NORMALISE_NONE = 0,
	KS_NORMALISE_ZSCORE,		/* (x - mean) / population standard deviation */
	KS_NORMALISE_MINMAX,		/* (x - min) / (max - min) */
	KS_NORMALISE_LOG1P_ZSCORE	/* ln(1 + x), then as ZSCORE; x above -1 */
} ks_normalisation;

/*
 * What to find. Rows are `features` doubles each and, if weighted, one more: the weight, above 0.
 */
typedef struct ks_kmeans_task
{
	int32_t		features;		/* 1 to KS_MAX_FEATURES */
	int32_t		k;				/* 1 to KS_MAX_CLUSTERS */
	int32_t		normalisation;	/* ks_normalisation */
	int32_t		weighted;		/* 0 or 1 */
	int32_t		max_iterations; /* 0 or more */
	int32_t		restarts;		/* at least 1; of k-means++ */
	uint64_t	seed;
	double		tolerance;		/* stops when the squared moves of all centroids sum up to so many mean variances */
	const double *KS_NULLABLE start;	/* k centroids in the rows' units; null for k-means++ */
} ks_kmeans_task;

/* What was found. The caller makes the arrays, each with room for all k clusters. */
typedef struct ks_kmeans_result
{
	double	   *centroids;		/* clusters * features, in the rows' units, in ascending order */
	int64_t    *sizes;			/* rows of each cluster */
	double	   *weights;		/* and the sum of their weights */
	double	   *shift;			/* of each feature, subtracted after the logarithm … */
	double	   *scale;			/* … then multiplied; 0 for a constant one that was normalised */
	double		inertia;		/* weighted sum of squared distances, in normalised units */
	int32_t		clusters;		/* at most k; fewer only if there are fewer different rows */
	int32_t		iterations;
	int32_t		converged;		/* 0 if max_iterations ended the search */
} ks_kmeans_result;

/* Finds clusters among at least one row; bit for bit the same for any order of rows and any number of threads. */
ks_status	ks_kmeans(const ks_chunk *KS_NULLABLE rows, const ks_kmeans_task *task, const ks_limits *limits,
					  ks_kmeans_result *result);

/* A found model, laid out for ks_kmeans_nearest. */
typedef struct ks_kmeans_model
{
	int32_t		features;
	int32_t		clusters;
	int32_t		normalisation;
	int32_t		padded;			/* clusters rounded up to 8 */
	const double *shift;
	const double *scale;
	double	   *placed;			/* features * padded: normalised centroids, one feature after the other */
} ks_kmeans_model;

/* Fills model->placed from centroids in the rows' units. */
ks_status	ks_kmeans_place(const ks_kmeans_model *model, const double *centroids);

/* The cluster, counted from 0, whose centroid is nearest to a finite row; the first one of several. Scales the row. */
int32_t		ks_kmeans_nearest(const ks_kmeans_model *model, double *row);
/* ---- CSV: records of a file, numbers and dates as people write them ----------------------------- */

/* A field's place in the text of its record; blanks around it and its quotes are left out. */
typedef struct ks_csv_field
{
	int32_t		start;
	int32_t		length;			/* 0: nothing was written */
} ks_csv_field;

#define KS_CSV_OPEN_QUOTE (-1)			/* a quoted field does not end */
#define KS_CSV_TEXT_AFTER_QUOTE (-2)	/* neither a delimiter nor the end follows a closing quote */

/* How many fields the record has, the first `room` of which are written; or one of the codes above. `text` has room for `size`. */
int32_t		ks_csv_split(const uint8_t *record, int32_t size, uint8_t delimiter, uint8_t *text,
						 ks_csv_field *fields, int32_t room);

/* Does a line end inside a quoted field, if it begins so or not? */
bool		ks_csv_ends_in_quotes(const uint8_t *line, int32_t size, uint8_t delimiter, bool begins);

/* The bytes of which UTF-8 text holds the Latin 1 reading; -1 if a character is above 255. `bytes` has room for `size`. */
int32_t		ks_bytes_of_latin1(const uint8_t *text, int32_t size, uint8_t *bytes);

/* A number of up to 12 digits before the mark and `decimals` (0 to 6) after it, in units of 10^-decimals; false if it is none. */
bool		ks_read_decimal(const uint8_t *text, int32_t size, uint8_t mark, int32_t decimals, int64_t *value);

typedef enum ks_date_order
{
	KS_YEAR_FIRST,
	KS_DAY_FIRST,
	KS_MONTH_FIRST
} ks_date_order;

typedef struct ks_clock
{
	int32_t		year;			/* 1 to 9999 */
	int32_t		month;
	int32_t		day;
	int32_t		hour;
	int32_t		minute;
	int32_t		second;
	int32_t		microsecond;
	bool		has_offset;
	int32_t		offset;			/* seconds east of Greenwich */
} ks_clock;

/* A date with or without time and offset, all parts within their range; false if it is none. */
bool		ks_read_clock(const uint8_t *text, int32_t size, ks_date_order order, ks_clock *result);

/* How deep objects and arrays lie in each other, 0 for a scalar; never less than a parser of JSON descends. */
int32_t		ks_json_depth(const uint8_t *text, int32_t size);

#ifdef __clang__
#pragma clang assume_nonnull end
#endif

#endif							/* KERNELS_H */
