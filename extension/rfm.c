/*
 * rfm.c: aggregate vibe.rfm over Sources/Kernels/RFM.swift and RFMCollapse.swift.
 */
#include "glue.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/typcache.h"

/* Rows are added up per customer whenever so many have come in since the last time. */
#define ROWS_BETWEEN_COLLAPSES (1024 * 1024)

typedef struct rfm_state
{
	row_list	purchases;		/* of ks_purchase */
	int64		collapse_at;	/* rows */
	int64		period_end;		/* DateADT; wide, since it travels to other processes as it is */
	local_calendar calendar;
	text	   *zone;			/* what calendar is of; null where rows come with days */
} rfm_state;

static rfm_state *
make_state(MemoryContext context, int64 period_end)
{
	rfm_state  *state = MemoryContextAllocZero(context, sizeof(rfm_state));

	rows_init(&state->purchases, context, sizeof(ks_purchase));
	state->collapse_at = ROWS_BETWEEN_COLLAPSES;
	state->period_end = period_end;
	return state;
}

static rfm_state *
getarg_state(FunctionCallInfo fcinfo, int period_end_arg)
{
	rfm_state  *state = PG_ARGISNULL(0) ? NULL : (rfm_state *) PG_GETARG_POINTER(0);

	if (PG_ARGISNULL(period_end_arg) || DATE_NOT_FINITE(PG_GETARG_DATEADT(period_end_arg)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("period_end is null or infinite"),
				 errdetail("It must be the day after the last one of the period.")));
	if (state == NULL)
		return make_state(aggregate_rows_context(fcinfo), PG_GETARG_DATEADT(period_end_arg));
	if (state->period_end != PG_GETARG_DATEADT(period_end_arg))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("period_end differs between rows")));
	return state;
}

static void
set_zone(rfm_state *state, const text *zone)
{
	if (state->zone != NULL &&
		VARSIZE_ANY_EXHDR(state->zone) == VARSIZE_ANY_EXHDR(zone) &&
		memcmp(VARDATA_ANY(state->zone), VARDATA_ANY(zone), VARSIZE_ANY_EXHDR(zone)) == 0)
		return;
	if (state->zone != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("time_zone differs between rows")));
	calendar_init(&state->calendar, zone);
	state->zone = MemoryContextAlloc(state->purchases.context, VARSIZE_ANY(zone));
	memcpy(state->zone, zone, VARSIZE_ANY(zone));
}

static void
collapse(rfm_state *state)
{
	int64		customers = 0;

	RUN_KERNEL(ks_rfm_collapse(state->purchases.first, &limits, &customers));
	rows_drop_empty(&state->purchases, customers);
	state->collapse_at = Max(2 * customers, customers + ROWS_BETWEEN_COLLAPSES);
}

/* One purchase; nothing at or after the end of the period is seen. */
static void
add_purchase(rfm_state *state, int64 customer, DateADT day, Datum amount, bool is_refund)
{
	int64		money;
	ks_purchase *purchase;

	if (day >= state->period_end)
		return;
	money = money_from_numeric(amount);
	if (state->purchases.count >= state->collapse_at)
		collapse(state);
	purchase = rows_next(&state->purchases);
	purchase->customer = customer;
	purchase->amount = is_refund && money > 0 ? -money : money;
	purchase->day = is_refund ? KS_NO_DAY : day;
	purchase->orders = is_refund ? 0 : 1;
}

/* rfm(customer, purchased_at, amount, is_refund, period_end, time_zone) */
PG_FUNCTION_INFO_V1(vibe_rfm_add_at);
Datum
vibe_rfm_add_at(PG_FUNCTION_ARGS)
{
	rfm_state  *state = getarg_state(fcinfo, 5);
	TimestampTz at;

	if (PG_ARGISNULL(6))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("time_zone is null")));
	set_zone(state, PG_GETARG_TEXT_PP(6));
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		PG_RETURN_POINTER(state);
	at = PG_GETARG_TIMESTAMPTZ(2);
	if (!TIMESTAMP_NOT_FINITE(at))
		add_purchase(state, PG_GETARG_INT64(1), local_day(&state->calendar, at), PG_GETARG_DATUM(3),
					 !PG_ARGISNULL(4) && PG_GETARG_BOOL(4));
	PG_RETURN_POINTER(state);
}

/* rfm(customer, purchased_on, amount, is_refund, period_end) */
PG_FUNCTION_INFO_V1(vibe_rfm_add_on);
Datum
vibe_rfm_add_on(PG_FUNCTION_ARGS)
{
	rfm_state  *state = getarg_state(fcinfo, 5);

	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2) && !PG_ARGISNULL(3) && !DATE_NOT_FINITE(PG_GETARG_DATEADT(2)))
		add_purchase(state, PG_GETARG_INT64(1), PG_GETARG_DATEADT(2), PG_GETARG_DATUM(3),
					 !PG_ARGISNULL(4) && PG_GETARG_BOOL(4));
	PG_RETURN_POINTER(state);
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
			state = make_state(aggregate_rows_context(fcinfo), other->period_end);
		else if (state->period_end != other->period_end)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("period_end differs between rows")));
		rows_append_all(&state->purchases, &other->purchases);
	}
	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

/* Adds up first, so that one row a customer travels instead of one a purchase. */
PG_FUNCTION_INFO_V1(vibe_rfm_serialize);
Datum
vibe_rfm_serialize(PG_FUNCTION_ARGS)
{
	rfm_state  *state = (rfm_state *) PG_GETARG_POINTER(0);

	collapse(state);
	PG_RETURN_BYTEA_P(rows_serialize(&state->purchases, &state->period_end, sizeof(int64)));
}

PG_FUNCTION_INFO_V1(vibe_rfm_deserialize);
Datum
vibe_rfm_deserialize(PG_FUNCTION_ARGS)
{
	rfm_state  *state = make_state(CurrentMemoryContext, 0);

	rows_deserialize(&state->purchases, PG_GETARG_BYTEA_PP(0), &state->period_end, sizeof(int64));
	PG_RETURN_POINTER(state);
}

static const char *const cluster_codes[] = {
	"champions", "loyal", "opportunists", "at_risk", "hibernating", "lost"
};

/* rfm_cluster(r_score, f_score, m_score) */
PG_FUNCTION_INFO_V1(vibe_rfm_cluster);
Datum
vibe_rfm_cluster(PG_FUNCTION_ARGS)
{
	int			cluster = ks_rfm_cluster(PG_GETARG_INT32(0), PG_GETARG_INT32(1), PG_GETARG_INT32(2));

	if (cluster == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the scores are %d, %d and %d", PG_GETARG_INT32(0), PG_GETARG_INT32(1), PG_GETARG_INT32(2)),
				 errdetail("Each must be 1 to 5.")));
	PG_RETURN_TEXT_P(cstring_to_text(cluster_codes[cluster - 1]));
}

#define SCORE_COLUMNS 9

/* A score as a value of vibe.rfm_score. */
static HeapTuple
score_row(TupleDesc shape, const ks_rfm_score *score, const Datum *cluster_names)
{
	static const bool nulls[SCORE_COLUMNS] = {false};
	Datum		values[SCORE_COLUMNS];

	values[0] = Int64GetDatum(score->customer);
	values[1] = Int32GetDatum(score->recency_days);
	values[2] = Int32GetDatum(score->frequency);
	values[3] = NumericGetDatum(int64_div_fast_to_numeric(score->amount, MONEY_DECIMALS));
	values[4] = Int32GetDatum(score->r_score);
	values[5] = Int32GetDatum(score->f_score);
	values[6] = Int32GetDatum(score->m_score);
	values[7] = cluster_names[score->cluster - 1];
	values[8] = BoolGetDatum(score->small_n);
	return heap_form_tuple(shape, values, (bool *) nulls);
}

/* No row of vibe.rfm_score takes more. */
#define MAX_SCORE_BYTES 128

static Datum
scores_to_array(const ks_rfm_score *scores, int64 count, Oid row_type)
{
	Datum		cluster_names[lengthof(cluster_codes)];
	TupleDesc	shape;
	MemoryContext rows,
				caller;
	ArrayType  *array;
	char	   *place;

	if (count > (int64) ((MaxAllocSize - ARR_OVERHEAD_NONULLS(1)) / MAX_SCORE_BYTES))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("vibe.rfm cannot return " INT64_FORMAT " customers at once", count),
				 errdetail("The limit is " INT64_FORMAT ".", (int64) (MaxAllocSize / MAX_SCORE_BYTES - 1))));
	if (count == 0)
		return PointerGetDatum(construct_empty_array(row_type));

	shape = lookup_rowtype_tupdesc(row_type, -1);
	if (shape->natts != SCORE_COLUMNS)
		elog(ERROR, "type vibe.rfm_score has been changed");
	for (int i = 0; i < lengthof(cluster_codes); i++)
		cluster_names[i] = CStringGetTextDatum(cluster_codes[i]);
	array = palloc(ARR_OVERHEAD_NONULLS(1) + count * MAX_SCORE_BYTES);
	array->ndim = 1;
	array->dataoffset = 0;
	array->elemtype = row_type;
	ARR_DIMS(array)[0] = count;
	ARR_LBOUND(array)[0] = 1;
	place = ARR_DATA_PTR(array);
	rows = AllocSetContextCreate(CurrentMemoryContext, "vibe rfm rows", ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(rows);
	for (int64 i = 0; i < count; i++)
	{
		HeapTuple	row = score_row(shape, &scores[i], cluster_names);
		Size		size = MAXALIGN(row->t_len);

		if (size > MAX_SCORE_BYTES)
			elog(ERROR, "a row of vibe.rfm_score takes %zu bytes", size);
		memset(place + size - MAXIMUM_ALIGNOF, 0, MAXIMUM_ALIGNOF);
		memcpy(place, row->t_data, row->t_len);
		place += size;
		if (i % 1024 == 1023)
		{
			MemoryContextReset(rows);
			CHECK_FOR_INTERRUPTS();
		}
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(rows);
	ReleaseTupleDesc(shape);
	SET_VARSIZE(array, place - (char *) array);
	PG_RETURN_ARRAYTYPE_P(array);
}

/* vibe.rfm_score[] in the order of customer; null if the aggregate saw no row. */
PG_FUNCTION_INFO_V1(vibe_rfm_final);
Datum
vibe_rfm_final(PG_FUNCTION_ARGS)
{
	rfm_state  *state;
	ks_rfm_score *scores;
	int64		count = 0;
	int64		size;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (rfm_state *) PG_GETARG_POINTER(0);
	collapse(state);
	size = Max(state->purchases.count, 1) * sizeof(ks_rfm_score);
	check_kernel_memory(size);
	scores = MemoryContextAllocHuge(CurrentMemoryContext, size);
	RUN_KERNEL(ks_rfm_scores(state->purchases.first, state->purchases.count, (int32) state->period_end,
							 &limits, scores, &count));
	return scores_to_array(scores, count, get_element_type(get_fn_expr_rettype(fcinfo->flinfo)));
}
