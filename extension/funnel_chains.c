/*
 * funnel_chains.c: the result of vibe.funnel_chains, an array of vibe.funnel_chain.
 */
#include "funnel.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#define CHAIN_COLUMNS 5

/* timestamptz[] with one dimension. */
static Datum
times_array(const int64 *times, int count)
{
	ArrayType  *array = DatumGetArrayTypeP(int64_array(times, count));

	array->elemtype = TIMESTAMPTZOID;
	PG_RETURN_ARRAYTYPE_P(array);
}

/* A chain as a value of vibe.funnel_chain. */
static HeapTuple
chain_row(TupleDesc shape, const funnel_state *state, const ks_funnel_chain *chain, const int64 *times)
{
	text	   *held = dictionary_text(&state->held, chain->held);
	text	   *value = dictionary_text(&state->values, chain->value);
	Datum		columns[CHAIN_COLUMNS];
	bool		nulls[CHAIN_COLUMNS] = {false, false, false, held == NULL, value == NULL};

	columns[0] = Int64GetDatum(chain->user);
	columns[1] = Int32GetDatum(chain->depth);
	columns[2] = times_array(times, chain->depth);
	columns[3] = PointerGetDatum(held);
	columns[4] = PointerGetDatum(value);
	return heap_form_tuple(shape, columns, nulls);
}

/* At least what such a row takes in an array. */
static Size
chain_row_bound(const funnel_state *state, const ks_funnel_chain *chain)
{
	text	   *held = dictionary_text(&state->held, chain->held);
	text	   *value = dictionary_text(&state->values, chain->value);

	return MAXALIGN(SizeofHeapTupleHeader + 1) + 2 * sizeof(int64) + ARR_OVERHEAD_NONULLS(1) +
		chain->depth * sizeof(int64) + (held ? INTALIGN(VARSIZE(held)) : 0) + (value ? INTALIGN(VARSIZE(value)) : 0) +
		2 * MAXIMUM_ALIGNOF;
}

static Size
chains_array_bound(const funnel_state *state, const ks_funnel_chain *chains, int64 count)
{
	Size		size = ARR_OVERHEAD_NONULLS(1);

	for (int64 i = 0; i < count; i++)
		size += chain_row_bound(state, &chains[i]);
	if (size > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("vibe.funnel_chains cannot return " INT64_FORMAT " chains at once", count),
				 errdetail("They take up to %zu bytes; the limit is %zu.", size, (size_t) MaxAllocSize),
				 errhint("Call it for fewer users or a shorter time.")));
	return size;
}

static Datum
chains_to_array(const funnel_state *state, const ks_funnel_chain *chains, int64 count, const int64 *times, Oid row_type)
{
	TupleDesc	shape;
	MemoryContext rows,
				caller;
	ArrayType  *array;
	char	   *place;

	if (count == 0)
		return PointerGetDatum(construct_empty_array(row_type));
	shape = lookup_rowtype_tupdesc(row_type, -1);
	if (shape->natts != CHAIN_COLUMNS)
		elog(ERROR, "type vibe.funnel_chain has been changed");
	array = palloc(chains_array_bound(state, chains, count));
	array->ndim = 1;
	array->dataoffset = 0;
	array->elemtype = row_type;
	ARR_DIMS(array)[0] = count;
	ARR_LBOUND(array)[0] = 1;
	place = ARR_DATA_PTR(array);
	rows = AllocSetContextCreate(CurrentMemoryContext, "vibe funnel rows", ALLOCSET_DEFAULT_SIZES);
	caller = MemoryContextSwitchTo(rows);
	for (int64 i = 0; i < count; i++)
	{
		HeapTuple	row = chain_row(shape, state, &chains[i], times);
		Size		size = MAXALIGN(row->t_len);

		memset(place + size - MAXIMUM_ALIGNOF, 0, MAXIMUM_ALIGNOF);
		memcpy(place, row->t_data, row->t_len);
		place += size;
		times += chains[i].depth;
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

/* vibe.funnel_chain[] in the order of user and time; null if the aggregate saw no row. */
PG_FUNCTION_INFO_V1(vibe_funnel_chains_final);
Datum
vibe_funnel_chains_final(PG_FUNCTION_ARGS)
{
	funnel_state *state;
	ks_funnel_chain *chains = NULL;
	int64	   *times;
	int64		chain_room,
				time_room,
				chain_count,
				time_count;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (funnel_state *) PG_GETARG_POINTER(0);
	renumber_funnel_texts(state, sort_dictionary(&state->held), sort_dictionary(&state->values));
	/* Chains of different periods may share events; only then is this too little. */
	chain_count = time_count = state->events.count;
	do
	{
		Size		size = (chain_count + 1) * sizeof(ks_funnel_chain) + (time_count + 1) * sizeof(int64);

		chain_room = chain_count;
		time_room = time_count;
		check_kernel_memory(size);
		if (chains != NULL)
			pfree(chains);
		chains = allocate_large(CurrentMemoryContext, size);
		times = (int64 *) (chains + chain_room + 1);
		RUN_KERNEL((chain_count = chain_room, time_count = time_room,
					ks_funnel_chains(state->events.first, &state->shape, state->periods, state->period_count,
									 &limits, chains, &chain_count, times, &time_count)));
	} while (chain_count > chain_room || time_count > time_room);
	return chains_to_array(state, chains, chain_count, times, get_element_type(get_fn_expr_rettype(fcinfo->flinfo)));
}
