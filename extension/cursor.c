/*
 * cursor.c: the rows of an open cursor, joined to pieces that are worth a message each. FETCH gathers all of its rows
 * before the first one leaves, and so does PL/pgSQL; here at most a piece of them is ever in memory.
 */
#include "glue.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(vibe_cursor_pieces);

#define ROWS_AT_ONCE 25
#define PIECE_SIZE (32 * 1024)

/* Appends rows to the piece; false after the last. Runs between SPI_connect() and SPI_finish(). */
static bool
add_rows(StringInfo piece, Portal portal)
{
	uint64		count;

	SPI_cursor_fetch(portal, true, ROWS_AT_ONCE);
	count = SPI_processed;
	if (SPI_tuptable->tupdesc->natts != 1 || TupleDescAttr(SPI_tuptable->tupdesc, 0)->atttypid != TEXTOID)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
						errmsg("cursor \"%s\" must have one column of type text", portal->name)));
	for (uint64 i = 0; i < count; i++)
	{
		bool		is_null;
		Datum		value = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &is_null);

		if (!is_null)
		{
			text	   *line = DatumGetTextPP(value);

			appendBinaryStringInfo(piece, VARDATA_ANY(line), VARSIZE_ANY_EXHDR(line));
		}
	}
	SPI_freetuptable(SPI_tuptable);
	return count == ROWS_AT_ONCE;
}

/* cursor_pieces(cursor refcursor) returns setof text */
Datum
vibe_cursor_pieces(PG_FUNCTION_ARGS)
{
	FuncCallContext *calls;
	StringInfoData piece;
	Portal		portal;

	if (SRF_IS_FIRSTCALL())
		SRF_FIRSTCALL_INIT();
	calls = SRF_PERCALL_SETUP();
	if (calls->user_fctx != NULL)
		SRF_RETURN_DONE(calls);

	initStringInfo(&piece);
	SPI_connect();
	portal = SPI_cursor_find(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	if (portal == NULL)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_CURSOR), errmsg("there is no open cursor of this name"),
						errdetail("The name is \"%s\".", text_to_cstring(PG_GETARG_TEXT_PP(0)))));
	while (piece.len < PIECE_SIZE)
		if (!add_rows(&piece, portal))
		{
			/* Nothing to ask for any more: the next call is the last. */
			calls->user_fctx = portal;
			break;
		}
	SPI_finish();
	if (piece.len == 0)
		SRF_RETURN_DONE(calls);
	SRF_RETURN_NEXT(calls, PointerGetDatum(cstring_to_text_with_len(piece.data, piece.len)));
}
