-- Import of CSV files. PostgreSQL 15's COPY stops at the first bad line, so it loads numbered lines into a temporary table
-- and everything else happens in sets: take apart, check, store, keep what was refused.
-- Definer functions, because derived columns, imports and rejects are not the members' to write; each asks for membership
-- first, and reads no table but those it made itself.

create function vibe.begin_import(site text, kind text, options jsonb default '{}', out import_id bigint, out command text)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    into_site integer := vibe.site_id(site, 'member');
begin
    if begin_import.kind is null or begin_import.kind not in ('orders', 'lines', 'customers') then
        perform vibe_private.fail(
            format('kind is %s', coalesce(quote_literal(begin_import.kind), 'null')), hint => 'orders, lines or customers'
        );
    end if;
    perform vibe_private.check_import_options(begin_import.kind, begin_import.options);
    select o.import_id, o.command into begin_import.import_id, begin_import.command
    from vibe_private.open_import(into_site, begin_import.kind, begin_import.options) as o;
end
$$;
comment on function vibe.begin_import(text, text, jsonb) is
'opens an import of a CSV file with a header; kind says what a record is: orders, lines (of orders) or customers. Then load the file by `command` in the same session and call finish_import(import_id). Options: columns {"our name": "name in the header"}, delimiter (,), decimal_mark (.), date_order (ymd, dmy, mdy), time_zone and currency (the site''s), encoding (UTF8), refund_prefix (order numbers that begin so are refunds), duplicate_lines (reject or keep)';
grant execute on function vibe.begin_import(text, text, jsonb) to vibe_member;

create function vibe.finish_import(import_id bigint) returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set jit = off
set work_mem = '128MB'
set enable_nestloop = on
as $$
declare
    into_site integer := vibe_private.claim_import(finish_import.import_id, array['orders', 'lines', 'customers'], 'vibe.finish_event_import()');
    answer jsonb;
begin
    answer := vibe_private.import_lines(into_site, finish_import.import_id);
    perform vibe_private.drop_import_tables();
    return answer;
end
$$;
comment on function vibe.finish_import(bigint) is
'checks and stores the lines that were loaded since begin_import() and answers how many records and orders there were: imported, changed, unchanged, rejected, by reason; each reject is kept in vibe.import_rejects. Importing a file again changes nothing. An order is stored whole or not at all';
grant execute on function vibe.finish_import(bigint) to vibe_member;

create function vibe.import_csv(site text, kind text, content text, options jsonb default '{}') returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    opened bigint;
begin
    perform vibe.site_id(site, 'member');
    if content is null then
        perform vibe_private.fail('content is null', hint => 'the text of a CSV file');
    elsif options ? 'encoding' then
        perform vibe_private.fail('options has encoding', hint => 'content is text already; only files have an encoding');
    end if;
    select b.import_id into opened from vibe.begin_import(site, kind, options) as b;
    perform vibe_private.load_import_lines(content);
    return vibe.finish_import(opened);
end
$$;
comment on function vibe.import_csv(text, text, text, jsonb) is
'imports the text of a CSV file in one call, for programs that come through the server; else as begin_import() and finish_import()';
grant execute on function vibe.import_csv(text, text, text, jsonb) to vibe_member;

-- The whole of an import; the tables it makes on the way stand beside import_lines.
create function vibe_private.import_lines(into_site integer, of_import bigint) returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    kind text;
    columns text[];
    answer jsonb;
begin
    select i.kind into kind from vibe.imports as i where i.site_id = into_site and i.import_id = of_import;
    columns := vibe_private.read_import(into_site, of_import);
    case kind
        when 'lines' then perform vibe_private.gather_import_orders(into_site, of_import);
        when 'orders' then perform vibe_private.refuse_repeated('order_id');
        else perform vibe_private.refuse_repeated('customer_id');
    end case;
    answer := vibe_private.keep_rejects(into_site, of_import);
    select answer || to_jsonb(s) into answer from vibe_private.store_import(into_site, kind, columns) as s;
    -- Else the revenue views would count years of marked days again and again until the next job.
    if kind <> 'customers' then
        perform vibe_private.refresh_revenue(into_site);
    end if;
    return vibe_private.close_import(into_site, of_import, answer);
end
$$;
comment on function vibe_private.import_lines(integer, bigint) is 'reads, checks and stores what is in pg_temp.import_lines';
