/*
 * rfm_rows.c: scores of RFM as SQL values: rows of vibe.rfm_score in an array, packed, and unpacked again.
 */
#include "rfm.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

static const char *const cluster_codes[] = {
	"champions", "loyal", "opportunists", "at_risk", "hibernating", "lost"
};

/* Cells of scores, 5 of each of the three. */
#define CELLS 125

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

#define SCORE_COLUMNS 10

/* The values of vibe.rfm_score. */
static inline void
score_values(const ks_rfm_score *score, Datum cluster, money_buffer *money, Datum *values)
{
	values[0] = Int64GetDatum(score->customer);
	values[1] = Int32GetDatum(score->recency);
	values[2] = Int32GetDatum(score->frequency);
	values[3] = money_to_numeric(score->amount, money);
	values[4] = Int32GetDatum(score->r_score);
	values[5] = Int32GetDatum(score->f_score);
	values[6] = Int32GetDatum(score->m_score);
	values[7] = cluster;
	values[8] = BoolGetDatum(score->small_n);
	values[9] = Int32GetDatum(score->foreign_orders);
}

static void
name_clusters(Datum *names)
{
	for (int i = 0; i < lengthof(cluster_codes); i++)
		names[i] = CStringGetTextDatum(cluster_codes[i]);
}

/* No row of vibe.rfm_score takes more. */
#define MAX_SCORE_BYTES 128

Datum
rfm_scores_to_array(const ks_rfm_score *scores, int64 count, Oid row_type)
{
	static const bool nulls[SCORE_COLUMNS] = {false};
	Datum		cluster_names[lengthof(cluster_codes)];
	Datum		values[SCORE_COLUMNS];
	money_buffer money;
	TupleDesc	shape;
	ArrayType  *array;
	char	   *place;

	if (count > (int64) ((MaxAllocSize - ARR_OVERHEAD_NONULLS(1)) / MAX_SCORE_BYTES))
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("vibe.rfm cannot return " INT64_FORMAT " customers at once", count),
				 errdetail("The limit is " INT64_FORMAT ".", (int64) (MaxAllocSize / MAX_SCORE_BYTES - 1)),
				 errhint("Use vibe.rfm_pack and vibe.rfm_unpack, which take three times as many.")));
	if (count == 0)
		return PointerGetDatum(construct_empty_array(row_type));

	shape = lookup_rowtype_tupdesc(row_type, -1);
	if (shape->natts != SCORE_COLUMNS)
		elog(ERROR, "type vibe.rfm_score has been changed");
	name_clusters(cluster_names);
	array = palloc(ARR_OVERHEAD_NONULLS(1) + count * MAX_SCORE_BYTES);
	array->ndim = 1;
	array->dataoffset = 0;
	array->elemtype = row_type;
	ARR_DIMS(array)[0] = count;
	ARR_LBOUND(array)[0] = 1;
	place = ARR_DATA_PTR(array);
	for (int64 i = 0; i < count; i++)
	{
		HeapTuple	row;
		Size		size;

		score_values(&scores[i], cluster_names[scores[i].cluster - 1], &money, values);
		row = heap_form_tuple(shape, values, (bool *) nulls);
		size = MAXALIGN(row->t_len);
		if (size > MAX_SCORE_BYTES)
			elog(ERROR, "a row of vibe.rfm_score takes %zu bytes", size);
		memset(place + size - MAXIMUM_ALIGNOF, 0, MAXIMUM_ALIGNOF);
		memcpy(place, row->t_data, row->t_len);
		heap_freetuple(row);
		place += size;
		if (i % 1024 == 1023)
			CHECK_FOR_INTERRUPTS();
	}
	ReleaseTupleDesc(shape);
	SET_VARSIZE(array, place - (char *) array);
	PG_RETURN_ARRAYTYPE_P(array);
}

/* Makes a bytea of what has the scores behind it. */
bytea *
rfm_seal(rfm_packed *packed, int64 count)
{
	uint64		size = sizeof(rfm_packed) + count * (uint64) sizeof(ks_rfm_score);

	if (size > MaxAllocSize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("vibe.rfm_pack cannot return " INT64_FORMAT " customers at once", count),
				 errdetail("The limit is " INT64_FORMAT ".", (int64) (MaxAllocSize / sizeof(ks_rfm_score) - 1))));
	SET_VARSIZE(packed, size);
	packed->mark = RFM_MARK;
	packed->count = count;
	return (bytea *) packed;
}

static void
bad_pack(const char *why)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("scores is no value of vibe.rfm_pack"),
			 errdetail("%s", why)));
}

static int64
check_pack(const bytea *bytes)
{
	rfm_packed	head;

	if (VARSIZE(bytes) < sizeof(rfm_packed))
		bad_pack("It is too short.");
	memcpy(&head, bytes, sizeof(rfm_packed));
	if (head.mark != RFM_MARK)
		bad_pack("It does not begin as one.");
	if (head.count < 0 || head.count > MaxAllocSize / sizeof(ks_rfm_score) ||
		VARSIZE(bytes) != sizeof(rfm_packed) + head.count * sizeof(ks_rfm_score))
		bad_pack("Its length is wrong.");
	return head.count;
}

static bool
is_score(int score)
{
	return score >= 1 && score <= 5;
}

/* The names of the 125 cells: of the array given, or of the built-in map. */
static void
name_cells(ArrayType *given, Datum *names)
{
	Datum		own[lengthof(cluster_codes)];
	Datum	   *elements;
	bool	   *nulls;
	int			count;

	if (given == NULL)
	{
		name_clusters(own);
		for (int cell = 0; cell < CELLS; cell++)
			names[cell] = own[ks_rfm_cluster(1 + cell / 25, 1 + cell / 5 % 5, 1 + cell % 5) - 1];
		return;
	}
	deconstruct_array(given, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
	if (count != CELLS || ARR_HASNULL(given))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("clusters has %d elements%s", count, ARR_HASNULL(given) ? ", some of them null" : ""),
				 errdetail("It must name the cluster of each of the 125 cells, in the order of r, f and m score.")));
	memcpy(names, elements, sizeof(Datum) * CELLS);
}

/* rfm_unpack(scores, clusters): a set of vibe.rfm_score */
PG_FUNCTION_INFO_V1(vibe_rfm_unpack);
Datum
vibe_rfm_unpack(PG_FUNCTION_ARGS)
{
	static const bool nulls[SCORE_COLUMNS] = {false};
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Datum		names[CELLS];
	Datum		values[SCORE_COLUMNS];
	money_buffer money;
	bytea	   *bytes;
	int64		count;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	bytes = PG_GETARG_BYTEA_P(0);
	count = check_pack(bytes);
	name_cells(PG_ARGISNULL(1) ? NULL : PG_GETARG_ARRAYTYPE_P(1), names);
	if (result->setDesc->natts != SCORE_COLUMNS)
		elog(ERROR, "type vibe.rfm_score has been changed");
	for (int64 i = 0; i < count; i++)
	{
		ks_rfm_score score;

		/* Where bytes lie in a row of a table, they need not be aligned. */
		memcpy(&score, (char *) bytes + sizeof(rfm_packed) + i * sizeof(ks_rfm_score), sizeof(ks_rfm_score));
		if (!is_score(score.r_score) || !is_score(score.f_score) || !is_score(score.m_score))
			bad_pack("A score is not 1 to 5.");
		score_values(&score, names[25 * score.r_score + 5 * score.f_score + score.m_score - 31], &money, values);
		tuplestore_putvalues(result->setResult, result->setDesc, values, (bool *) nulls);
		if (i % 1024 == 1023)
			CHECK_FOR_INTERRUPTS();
	}
	return (Datum) 0;
}
