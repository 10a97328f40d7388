-- Work that begins by itself. Servers ask with each claim; of several, one does it.
create function vibe_private.queue_tick() returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
    due record;
    one record;
    message text;
begin
    for due in
        select k.* from vibe_private.queue_kinds as k
        where k.every is not null
          and coalesce(k.ticked_at, '-infinity') <= clock_timestamp() - least(k.every, interval '1 minute')
        for no key update skip locked
    loop
        message := null;
        begin
            for one in execute format('select s.site_id, s.subject, s.input from vibe_private.%I() as s', due.subjects_function) loop
                if not exists (
                    select from vibe.queue_jobs as j
                    where j.site_id = one.site_id and j.kind = due.kind and j.subject = one.subject
                      and (j.status in ('queued', 'running') or j.created_at > clock_timestamp() - due.every)
                ) then
                    perform vibe_private.enqueue(one.site_id, due.kind, one.subject, one.input);
                end if;
            end loop;
        exception when others then
            get stacked diagnostics message = message_text;
            message := format('%s: %s', sqlstate, message);
        end;
        update vibe_private.queue_kinds as k set ticked_at = clock_timestamp(), problem = message where k.kind = due.kind;
    end loop;
end
$$;
comment on function vibe_private.queue_tick() is
'begins the jobs of recurring kinds whose time has come: asked each minute, or as often as the kind recurs if that is sooner';
