/*
 * csv_line.c: a record as a line of a CSV file, the way back of csv.c. COPY writes CSV as well, but takes no formula for
 * text and writes days as the session likes them; in SQL the same line cost four times as much.
 */
#include "glue.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

PG_FUNCTION_INFO_V1(vibe_csv_cell);
PG_FUNCTION_INFO_V1(vibe_csv_line);

/* How the values of a column are written. */
typedef struct csv_column
{
	Oid			type;			/* what lies below a domain */
	char		category;
	FmgrInfo	output;
} csv_column;

/* What is known of the records of one call's place, from its first on. */
typedef struct csv_head
{
	Oid			type;
	int32		typmod;
	TupleDesc	shape;
	csv_column *columns;
	Datum	   *values;
	bool	   *nulls;
} csv_head;

/* Whether a spreadsheet would calculate: - + = @, also full-width, tab, CR or LF come first. */
static bool
looks_like_formula(const char *text, size_t size)
{
	static const char wide[4][3] = {"\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"};

	if (size == 0)
		return false;
	if (memchr("-=+@\t\r\n", text[0], 7) != NULL)
		return true;
	if (size >= 3 && (uint8) text[0] == 0xef && GetDatabaseEncoding() == PG_UTF8)
		for (int i = 0; i < 4; i++)
			if (memcmp(text, wide[i], 3) == 0)
				return true;
	return false;
}

/* A text in quotes, its own quotes doubled. */
static void
add_text(StringInfo line, const char *text, size_t size)
{
	const char *end = text + size;
	const char *quote;

	appendStringInfoCharMacro(line, '"');
	if (looks_like_formula(text, size))
		appendStringInfoCharMacro(line, '\'');
	while ((quote = memchr(text, '"', end - text)) != NULL)
	{
		appendBinaryStringInfo(line, text, quote + 1 - text);
		appendStringInfoCharMacro(line, '"');
		text = quote + 1;
	}
	appendBinaryStringInfo(line, text, end - text);
	appendStringInfoCharMacro(line, '"');
}

/* Numbers and truth stay bare; what is no number to a spreadsheet, as infinity, is text. */
static void
add_value(StringInfo line, csv_column *column, Datum value)
{
	char		moment[MAXDATELEN + 1];
	char	   *written;
	text	   *packed;

	switch (column->type)
	{
		case BOOLOID:
			appendStringInfoString(line, DatumGetBool(value) ? "true" : "false");
			return;
		case DATEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			JsonEncodeDateTime(moment, value, column->type, NULL);
			add_text(line, moment, strlen(moment));
			return;
		case TEXTOID:
		case VARCHAROID:
			packed = DatumGetTextPP(value);
			add_text(line, VARDATA_ANY(packed), VARSIZE_ANY_EXHDR(packed));
			return;
	}
	written = OutputFunctionCall(&column->output, value);
	if (column->category == TYPCATEGORY_NUMERIC && isdigit((uint8) written[written[0] == '-' ? 1 : 0]))
		appendStringInfoString(line, written);
	else
		add_text(line, written, strlen(written));
	pfree(written);
}

/* What is known of the records with this header, kept for the next. */
static csv_head *
head_of(FunctionCallInfo fcinfo, HeapTupleHeader record)
{
	csv_head   *head = fcinfo->flinfo->fn_extra;
	MemoryContext before;

	if (head != NULL && head->type == HeapTupleHeaderGetTypeId(record) && head->typmod == HeapTupleHeaderGetTypMod(record))
		return head;
	before = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	head = palloc0(sizeof(csv_head));
	head->type = HeapTupleHeaderGetTypeId(record);
	head->typmod = HeapTupleHeaderGetTypMod(record);
	head->shape = lookup_rowtype_tupdesc_copy(head->type, head->typmod);
	head->columns = palloc0(sizeof(csv_column) * Max(head->shape->natts, 1));
	head->values = palloc(sizeof(Datum) * Max(head->shape->natts, 1));
	head->nulls = palloc(sizeof(bool) * Max(head->shape->natts, 1));
	for (int i = 0; i < head->shape->natts; i++)
	{
		csv_column *column = &head->columns[i];
		Oid			function;
		bool		ignored;

		if (TupleDescAttr(head->shape, i)->attisdropped)
			continue;
		column->type = getBaseType(TupleDescAttr(head->shape, i)->atttypid);
		get_type_category_preferred(column->type, &column->category, &ignored);
		getTypeOutputInfo(column->type, &function, &ignored);
		fmgr_info_cxt(function, &column->output, fcinfo->flinfo->fn_mcxt);
	}
	MemoryContextSwitchTo(before);
	fcinfo->flinfo->fn_extra = head;
	return head;
}

/* csv_cell(value text) returns text */
Datum
vibe_csv_cell(PG_FUNCTION_ARGS)
{
	text	   *value = PG_GETARG_TEXT_PP(0);
	StringInfoData cell;

	initStringInfo(&cell);
	add_text(&cell, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
	PG_RETURN_TEXT_P(cstring_to_text_with_len(cell.data, cell.len));
}

/* csv_line(values record) returns text */
Datum
vibe_csv_line(PG_FUNCTION_ARGS)
{
	HeapTupleHeader record = PG_GETARG_HEAPTUPLEHEADER(0);
	csv_head   *head = head_of(fcinfo, record);
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(record), .t_data = record};
	StringInfoData line;
	bool		is_first = true;

	heap_deform_tuple(&tuple, head->shape, head->values, head->nulls);
	initStringInfo(&line);
	appendStringInfoSpaces(&line, VARHDRSZ);
	for (int i = 0; i < head->shape->natts; i++)
	{
		if (TupleDescAttr(head->shape, i)->attisdropped)
			continue;
		if (!is_first)
			appendStringInfoCharMacro(&line, ',');
		is_first = false;
		if (!head->nulls[i])
			add_value(&line, &head->columns[i], head->values[i]);
	}
	appendBinaryStringInfo(&line, "\r\n", 2);
	SET_VARSIZE(line.data, line.len);
	PG_RETURN_TEXT_P(line.data);
}
