-- Normal forms into customers, purchases and items: one set-wise upsert for all sources.
create function vibe_private.apply_forms(site_id integer, source_id bigint, ids bigint[], forms jsonb[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    raise exception 'not there yet';
end
$$;
comment on function vibe_private.apply_forms(integer, bigint, bigint[], jsonb[]) is
'applies the normal forms of these deliveries of a source and settles their status';
