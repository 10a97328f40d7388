-- Counters that make guessing slow.
create function vibe_private.counted_address(address text) returns text
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
    return case when family(address::inet) = 6 then network(set_masklen(address::inet, 64))::text else address end;
exception when invalid_text_representation then
    return coalesce(address, '');
end
$$;
comment on function vibe_private.counted_address(text) is
    'what is counted for an address: of IPv6 the network of 64 bits, all of which one customer of a provider has';

create function vibe_private.attempts_left(kind text, subject text, most int, span interval) returns boolean
language sql stable parallel safe
as $$
    select not exists (
        select from vibe_private.attempts as a
        where a.kind = attempts_left.kind and a.subject = attempts_left.subject
          and a.attempts >= most and a.began_at > now() - span
    )
$$;
comment on function vibe_private.attempts_left(text, text, int, interval) is
    'whether the subject has made fewer than so many attempts in the running window';

create function vibe_private.count_attempt(kind text, subject text, span interval) returns int
language sql volatile
as $$
    insert into vibe_private.attempts as a (kind, subject)
    select count_attempt.kind, count_attempt.subject where count_attempt.subject is not null
    on conflict (kind, subject) do update set
        began_at = case when a.began_at > now() - span then a.began_at else now() end,
        attempts = case when a.began_at > now() - span then a.attempts + 1 else 1 end
    returning a.attempts
$$;
comment on function vibe_private.count_attempt(text, text, interval) is
    'counts one more attempt and tells how many there are in the running window';
