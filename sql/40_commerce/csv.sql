-- Reading of CSV records without exceptions: what cannot be read is null.

create function vibe_private.csv_fields(record text, delimiter text, encoding integer, width integer, places integer[]) returns text[]
language c
immutable
strict
parallel safe
as 'MODULE_PATHNAME', 'vibe_csv_fields';
comment on function vibe_private.csv_fields(text, text, integer, integer, integer[]) is
'the fields of a record at these places (all for none), blanks around them cut off and empty ones null; null if the record is broken or has not so many fields as width (-1: any number). encoding is that of the file, whose bytes were loaded as Latin 1';

create function vibe_private.csv_problem(record text, delimiter text, encoding integer, width integer) returns text
language c
immutable
strict
parallel safe
as 'MODULE_PATHNAME', 'vibe_csv_problem';
comment on function vibe_private.csv_problem(text, text, integer, integer) is
'what is wrong with a record for which csv_fields() is null';

create function vibe_private.csv_text(record text, encoding integer) returns text
language c
immutable
strict
parallel safe
as 'MODULE_PATHNAME', 'vibe_csv_text';
comment on function vibe_private.csv_text(text, integer) is
'a record in the database''s encoding; as it was loaded if its bytes are none of the file''s encoding';

create function vibe_private.csv_ends_in_quotes(begins boolean, line text, delimiter text) returns boolean
language c
immutable
strict
parallel safe
as 'MODULE_PATHNAME', 'vibe_csv_ends_in_quotes';
comment on function vibe_private.csv_ends_in_quotes(boolean, text, text) is
'whether a line ends inside a quoted field, given whether it begins inside one';

create function vibe_private.csv_decimal(value text, mark text, decimals integer) returns numeric
language c
immutable
strict
parallel safe
as 'MODULE_PATHNAME', 'vibe_csv_decimal';
comment on function vibe_private.csv_decimal(text, text, integer) is
'a written number of up to 12 digits before the mark (. or ,) and decimals (0 to 6) after it, further zeros allowed, thousands set off by the other mark or not at all; null if it is none';

create function vibe_private.csv_instant(value text, date_order integer, time_zone text) returns timestamptz
language c
immutable
strict
parallel safe
as 'MODULE_PATHNAME', 'vibe_csv_instant';
comment on function vibe_private.csv_instant(text, integer, text) is
'a written date or time (date_order 0: 2024-12-31 or 20241231, 1: 31/12/2024, 2: 12/31/2024, each with - / or .) at time_zone unless it has an offset; null if it is none. A time that a clock change repeats is the second one, one that it skips is an hour later';

create aggregate vibe_private.csv_in_quotes(line text, delimiter text) (
    sfunc = vibe_private.csv_ends_in_quotes,
    stype = boolean,
    initcond = 'false'
);
comment on aggregate vibe_private.csv_in_quotes(text, text) is
'over lines in their order: whether the last one ends inside a quoted field; one byte of memory';
