/*
 * rfm.c: the aggregates vibe.rfm and vibe.rfm_pack over Sources/Kernels/RFM.swift and RFMTotals.swift.
 */
#include "glue.h"

#include "nodes/primnodes.h"
#include "port/pg_bitutils.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "places.h"
#include "rfm.h"

/* So many rows wait before they are added up; enough for the kernel to ask for memory ahead, few enough for a cache. */
#define WAITING_ROWS 1024

/* A kernel that adds up cannot be stopped, so it gets so many rows at a time. */
#define ROWS_AT_ONCE (64 * 1024)

typedef struct rfm_state
{
	row_list	purchases;		/* of ks_purchase: not in totals yet */
	ks_rfm_totals totals;
	ks_purchase *list;			/* instead of both, where workers' states are combined: in the order of customer */
	int64		list_count;
	int64		period_end;		/* DateADT; wide, since it travels to other processes as it is */
	bool		is_constant;	/* period_end and time_zone are the same for every row, by the query's text */
	day_clock	clock;
} rfm_state;

/* A state as it travels from a parallel worker; the list follows, where rows are aligned. */
typedef struct rfm_message
{
	int32		length;
	int32		padding;
	int64		period_end;
} rfm_message;

static rfm_state *
make_state(MemoryContext context, int64 period_end)
{
	rfm_state  *state = MemoryContextAllocZero(context, sizeof(rfm_state));

	rows_init(&state->purchases, context, sizeof(ks_purchase));
	state->period_end = period_end;
	return state;
}

static bool
is_constant(const Aggref *call, int argument)
{
	Node	   *node = (Node *) list_nth_node(TargetEntry, call->args, argument)->expr;

	return IsA(node, Const) || (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXTERN);
}

/* The state with period_end checked; has_zone tells whether time_zone is the next argument. */
static pg_noinline rfm_state *
check_state(FunctionCallInfo fcinfo, rfm_state *state, int period_end_arg, bool has_zone)
{
	Aggref	   *call;

	if (PG_ARGISNULL(period_end_arg) || DATE_NOT_FINITE(PG_GETARG_DATEADT(period_end_arg)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("period_end is null or infinite"),
				 errdetail("It must be the day after the last one of the period.")));
	if (state == NULL)
	{
		state = make_state(aggregate_rows_context(fcinfo), PG_GETARG_DATEADT(period_end_arg));
		call = AggGetAggref(fcinfo);
		state->is_constant = call != NULL && is_constant(call, period_end_arg - 1) &&
			(!has_zone || is_constant(call, period_end_arg));
	}
	else if (state->period_end != PG_GETARG_DATEADT(period_end_arg))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("period_end differs between rows")));
	if (has_zone)
		clock_getarg_zone(&state->clock, state->purchases.context, fcinfo, period_end_arg + 1);
	return state;
}

static inline rfm_state *
getarg_state(FunctionCallInfo fcinfo, int period_end_arg, bool has_zone)
{
	rfm_state  *state = PG_ARGISNULL(0) ? NULL : (rfm_state *) PG_GETARG_POINTER(0);

	if (likely(state != NULL && state->is_constant))
		return state;
	return check_state(fcinfo, state, period_end_arg, has_zone);
}

static void *
alloc_counted(MemoryContext context, Size size)
{
	check_kernel_memory(size);
	return allocate_large(context, Max(size, 1));
}

/* Makes the table of totals large enough for more customers. */
static void
make_room(rfm_state *state, int64 more)
{
	ks_rfm_totals larger = {0};
	int64		wanted = 2 * (state->totals.count + more);

	if (wanted <= state->totals.capacity)
		return;
	larger.capacity = pg_nextpower2_64(wanted);
	larger.slots = alloc_counted(state->purchases.context, larger.capacity * sizeof(ks_purchase));
	RUN_KERNEL(ks_rfm_move(&state->totals, &larger, &limits));
	if (state->totals.slots != NULL)
		pfree(state->totals.slots);
	state->totals = larger;
}

/* Adds rows to the totals and leaves the list of rows empty. */
static void
add_up(rfm_state *state, row_list *purchases)
{
	for (ks_chunk *chunk = purchases->first; chunk != NULL; chunk = chunk->next)
	{
		for (int64 done = 0; done < chunk->count; done += ROWS_AT_ONCE)
		{
			int64		count = Min(chunk->count - done, ROWS_AT_ONCE);

			make_room(state, count);
			kernel_stopped(ks_rfm_add(&state->totals, (ks_purchase *) (chunk + 1) + done, count));
			CHECK_FOR_INTERRUPTS();
		}
		chunk->count = 0;
	}
	rows_drop_empty(purchases, 0);
}

/* Adds up what waits, and makes room for as many rows as may wait from now on. */
static void
add_up_waiting(rfm_state *state)
{
	row_list   *waiting = &state->purchases;

	add_up(state, waiting);
	if (waiting->last->capacity < WAITING_ROWS)
	{
		pfree(waiting->first);
		rows_init(waiting, waiting->context, sizeof(ks_purchase));
		rows_add_chunk(waiting, WAITING_ROWS);
	}
}

/* One purchase; nothing at or after the end of the period is seen. */
static inline void
add_purchase(rfm_state *state, int64 customer, DateADT day, Datum amount, bool is_refund, bool is_foreign)
{
	int64		money;
	ks_purchase *purchase;

	if (day >= state->period_end)
		return;
	money = is_foreign ? 0 : money_from_numeric(amount);
	if (unlikely(state->purchases.count >= WAITING_ROWS))
		add_up_waiting(state);
	purchase = rows_next(&state->purchases);
	purchase->customer = customer;
	purchase->amount = is_refund && money > 0 ? -money : money;
	purchase->day = is_refund ? KS_NO_DAY : day;
	purchase->orders = is_refund ? 0 : 1;
	purchase->foreign_orders = is_foreign && !is_refund ? 1 : 0;
	purchase->padding = 0;
}

/*
 * rfm(customer, purchased_at, amount, is_refund, period_end, time_zone), and the same with is_foreign at the end
 */
PG_FUNCTION_INFO_V1(vibe_rfm_add_at);
Datum
vibe_rfm_add_at(PG_FUNCTION_ARGS)
{
	rfm_state  *state = getarg_state(fcinfo, 5, true);
	TimestampTz at;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		PG_RETURN_POINTER(state);
	at = PG_GETARG_TIMESTAMPTZ(2);
	if (!TIMESTAMP_NOT_FINITE(at))
		add_purchase(state, PG_GETARG_INT64(1), clock_day(&state->clock, at), PG_GETARG_DATUM(3),
					 !PG_ARGISNULL(4) && PG_GETARG_BOOL(4),
					 PG_NARGS() > 7 && !PG_ARGISNULL(7) && PG_GETARG_BOOL(7));
	PG_RETURN_POINTER(state);
}

/* rfm(customer, purchased_on, amount, is_refund, period_end) */
PG_FUNCTION_INFO_V1(vibe_rfm_add_on);
Datum
vibe_rfm_add_on(PG_FUNCTION_ARGS)
{
	rfm_state  *state = getarg_state(fcinfo, 5, false);

	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2) && !PG_ARGISNULL(3) && !DATE_NOT_FINITE(PG_GETARG_DATEADT(2)))
		add_purchase(state, PG_GETARG_INT64(1), PG_GETARG_DATEADT(2), PG_GETARG_DATUM(3),
					 !PG_ARGISNULL(4) && PG_GETARG_BOOL(4), false);
	PG_RETURN_POINTER(state);
}

/* The totals of all rows, in the order of customer. */
static void
make_list(rfm_state *state, ks_purchase *list)
{
	RUN_KERNEL(ks_rfm_list(&state->totals, list, &limits));
}

/* Adds the other list of customers; it may go away afterwards. */
static void
merge_list(rfm_state *state, const rfm_state *other)
{
	ks_purchase *list;
	int64		count = 0;

	list = alloc_counted(state->purchases.context, (state->list_count + other->list_count) * sizeof(ks_purchase));
	RUN_KERNEL(ks_rfm_merge(state->list, state->list_count, other->list, other->list_count, &limits, list, &count));
	pfree(state->list);
	state->list = list;
	state->list_count = count;
}

PG_FUNCTION_INFO_V1(vibe_rfm_combine);
Datum
vibe_rfm_combine(PG_FUNCTION_ARGS)
{
	rfm_state  *state = PG_ARGISNULL(0) ? NULL : (rfm_state *) PG_GETARG_POINTER(0);
	rfm_state  *other = PG_ARGISNULL(1) ? NULL : (rfm_state *) PG_GETARG_POINTER(1);

	if (other != NULL)
	{
		if (state == NULL)
		{
			state = make_state(aggregate_rows_context(fcinfo), other->period_end);
			state->list = alloc_counted(state->purchases.context, 0);
		}
		else if (state->period_end != other->period_end)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("period_end differs between rows")));
		merge_list(state, other);
	}
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

/* One row a customer travels, not one a purchase; workers sort, so that the leader need not. */
PG_FUNCTION_INFO_V1(vibe_rfm_serialize);
Datum
vibe_rfm_serialize(PG_FUNCTION_ARGS)
{
	rfm_state  *state = (rfm_state *) PG_GETARG_POINTER(0);
	rfm_message *message;

	add_up(state, &state->purchases);
	message = (rfm_message *) state_bytes(sizeof(rfm_message) - VARHDRSZ +
										  state->totals.count * (uint64) sizeof(ks_purchase));
	message->padding = 0;
	message->period_end = state->period_end;
	make_list(state, (ks_purchase *) (message + 1));
	PG_RETURN_BYTEA_P((bytea *) message);
}

/* The rows stay where they are: the combining function is called next, and copies them. */
PG_FUNCTION_INFO_V1(vibe_rfm_deserialize);
Datum
vibe_rfm_deserialize(PG_FUNCTION_ARGS)
{
	rfm_message *message = (rfm_message *) PG_GETARG_BYTEA_P(0);
	rfm_state  *state;

	if ((uintptr_t) message % MAXIMUM_ALIGNOF != 0)
		message = (rfm_message *) PG_GETARG_BYTEA_P_COPY(0);
	state = make_state(CurrentMemoryContext, message->period_end);
	state->list = (ks_purchase *) (message + 1);
	state->list_count = (VARSIZE(message) - sizeof(rfm_message)) / sizeof(ks_purchase);
	PG_RETURN_POINTER(state);
}

/*
 * The scores of all customers, in the order of customer. The result has room for `ahead` bytes before them; a
 * window asks for it again and again while rows are added.
 */
static ks_rfm_score *
score(rfm_state *state, Size ahead, int64 *count)
{
	ks_purchase *list = state->list;
	int64		list_count = state->list_count;
	char	   *place;

	if (list == NULL)
	{
		add_up(state, &state->purchases);
		list_count = state->totals.count;
		list = alloc_counted(state->purchases.context, list_count * sizeof(ks_purchase));
		make_list(state, list);
	}
	place = alloc_counted(CurrentMemoryContext, ahead + list_count * sizeof(ks_rfm_score));
	RUN_KERNEL(ks_rfm_scores(list, list_count, (int32) state->period_end, &limits,
							 (ks_rfm_score *) (place + ahead), count));
	if (list != state->list)
		pfree(list);
	return (ks_rfm_score *) (place + ahead);
}

/* vibe.rfm_score[] in the order of customer; null if the aggregate saw no row. */
PG_FUNCTION_INFO_V1(vibe_rfm_final);
Datum
vibe_rfm_final(PG_FUNCTION_ARGS)
{
	ks_rfm_score *scores;
	int64		count = 0;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	scores = score((rfm_state *) PG_GETARG_POINTER(0), 0, &count);
	return rfm_scores_to_array(scores, count, get_element_type(get_fn_expr_rettype(fcinfo->flinfo)));
}

/* What vibe.rfm_unpack() takes; null if the aggregate saw no row. */
PG_FUNCTION_INFO_V1(vibe_rfm_pack_final);
Datum
vibe_rfm_pack_final(PG_FUNCTION_ARGS)
{
	ks_rfm_score *scores;
	int64		count = 0;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	scores = score((rfm_state *) PG_GETARG_POINTER(0), sizeof(rfm_packed), &count);
	PG_RETURN_BYTEA_P(rfm_seal((rfm_packed *) ((char *) scores - sizeof(rfm_packed)), count));
}
