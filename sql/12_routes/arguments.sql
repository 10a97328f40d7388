create function vibe_private.wrong_argument(
    given json, texts json, types json, out name text, out type text, out reason text
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
    for name, type in select t.key, t.value from json_each_text(types) as t loop
        begin
            execute format('select r.value from json_to_record($1) as r (value %s)', type::regtype)
                using json_build_object('value', coalesce(texts -> name, given -> name));
        exception when data_exception or check_violation or not_null_violation then
            reason := sqlerrm;
            return;
        end;
    end loop;
    name := null;
    type := null;
end
$$;
comment on function vibe_private.wrong_argument(json, json, json) is
    'the first argument whose value is none of its type, with PostgreSQL''s reason; null when all are. texts are those of path and query, given those of the body, types by name; for the answer to a call that failed';
grant execute on function vibe_private.wrong_argument(json, json, json) to vibe_server;
