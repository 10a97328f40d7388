-- Every mode, rule for ties, window, exclusion and held value: the aggregates against a second algorithm in plain SQL,
-- which makes every chain (ordered, strict) or looks into every window (unordered).
set timezone = 'UTC';
\set SHOW_CONTEXT never

-- 1,800 events of 60 users in 120 hours, many at one instant. Kinds 1 to 4 are steps, 5 is an exclusion, 6 and 7 nothing.
create temporary table events as
    select
        hashint8extended(i, 1) & 63 as user_id,
        timestamptz '2026-01-01' + (hashint8extended(i, 2) & 127) * interval '1 hour' as at,
        (hashint8extended(i, 3) & 7)::integer as kind,
        case (hashint8extended(i, 4) & 3) when 0 then null else 'v' || (hashint8extended(i, 4) & 3) end as colour
    from generate_series(1, 1800) as i;
delete from events where kind = 0;

-- Exclusions are between step 2 and step 4. One place for each event of a walk; events that are no step come last.
create function pg_temp.chains(mode text, ties text, window_hours integer, excluding boolean, holding boolean)
returns table (user_id bigint, depth integer) language sql as $$
    with recursive e as (
        select user_id, at, kind, case when holding then colour end as held,
            row_number() over (partition by user_id, case when holding then colour end order by at, kind) as place
        from events
        where mode = 'strict' or kind <= 4 or (excluding and kind = 5)
    ), chain as (
        select e.user_id, e.held, 1 as depth, e.place, e.at, e.at as start from e where e.kind = 1
        union
        select n.user_id, n.held, c.depth + 1, n.place, n.at, c.start
        from chain as c
        join e as n on n.user_id = c.user_id and n.held is not distinct from c.held and n.kind = c.depth + 1 and c.depth < 4
            and n.place > c.place and (ties = 'allow' or n.at > c.at)
            and (window_hours is null or n.at <= c.start + make_interval(hours => window_hours))
        where not exists (
            select from e as x
            where x.user_id = c.user_id and x.held is not distinct from c.held
              and (mode = 'strict' or (excluding and x.kind = 5 and c.depth in (2, 3)))
              and case ties when 'allow' then x.place > c.place and x.place < n.place else x.at > c.at and x.at < n.at end
        )
    )
    select c.user_id, max(c.depth) from chain as c group by c.user_id
$$;
-- Exclusions are between any two steps. With strict ties an instant gives one step: of two instants with the same two
-- kinds one can be either, so those cases are left to the kernel's tests.
create function pg_temp.windows(window_hours integer, excluding boolean, holding boolean)
returns table (user_id bigint, depth integer) language sql as $$
    with e as (
        select user_id, at, kind, case when holding then colour end as held,
            row_number() over (partition by user_id, case when holding then colour end order by at, kind) as place
        from events
        where kind <= 4 or (excluding and kind = 5)
    ), w as (
        select s.user_id, s.place, count(distinct n.kind)::integer as depth
        from e as s
        join e as n on n.user_id = s.user_id and n.held is not distinct from s.held and n.kind <= 4 and n.place >= s.place
            and (window_hours is null or n.at <= s.at + make_interval(hours => window_hours))
        where s.kind <= 4 and not exists (
            select from e as x
            where x.user_id = s.user_id and x.held is not distinct from s.held and x.kind = 5 and x.place between s.place and n.place
        )
        group by s.user_id, s.held, s.place
    )
    select user_id, max(depth) from w group by user_id
$$;

create temporary table answers as
select q.*, d.depths, f.reached, c.depths as chain_depths, r.depths as expected
from (
    select mode, ties, window_hours, excluding, holding,
        jsonb_build_object('mode', mode, 'ties', ties) as options, make_interval(hours => window_hours) as within,
        case mode when 'unordered' then 7 else 6 end as excluded
    from unnest(array['ordered', 'strict', 'unordered']) as m (mode)
    cross join unnest(array['allow', 'strict']) as t (ties)
    cross join unnest(array[0, 5, 40, null]) as w (window_hours)
    cross join unnest(array[false, true]) as x (excluding)
    cross join unnest(array[false, true]) as h (holding)
    where mode <> 'unordered' or ties = 'allow'
) as q
cross join lateral (
    select jsonb_object_agg(u.user_id, u.depth order by u.user_id) filter (where u.depth > 0) as depths
    from (
        select user_id, vibe.funnel_depth(
            at, case when kind <= 4 then 1 << kind - 1 end, case when q.excluding and kind = 5 then q.excluded end,
            case when q.holding then colour end, 4, q.within, q.options) as depth
        from events group by user_id
    ) as u
) as d
cross join lateral (
    select vibe.funnel(
        user_id, at, case when kind <= 4 then 1 << kind - 1 end, case when q.excluding and kind = 5 then q.excluded end,
        case when q.holding then colour end, 4, q.within, q.options) as reached
    from events
) as f
cross join lateral (
    select jsonb_object_agg(u.user_id, u.depth order by u.user_id) as depths
    from unnest((
        select vibe.funnel_chains(
            user_id, at, case when kind <= 4 then 1 << kind - 1 end, case when q.excluding and kind = 5 then q.excluded end,
            case when q.holding then colour end, null, 4, q.within, q.options, null)
        from events
    )) as u
) as c
cross join lateral (
    select jsonb_object_agg(u.user_id, u.depth order by u.user_id) as depths
    from (
        select * from pg_temp.chains(q.mode, q.ties, q.window_hours, q.excluding, q.holding) where q.mode <> 'unordered'
        union all
        select * from pg_temp.windows(q.window_hours, q.excluding, q.holding) where q.mode = 'unordered'
    ) as u
) as r;
select a.mode, a.ties, a.window_hours, a.excluding, a.holding, a.reached,
    a.depths = a.expected as by_user, a.chain_depths = a.expected as by_chain,
    a.reached = (
        select array_agg((select count(*) from jsonb_each_text(a.expected) as u where u.value::integer >= s) order by s)
        from generate_series(1, 4) as s
    ) as by_count
from answers as a
order by a.mode, a.ties, a.window_hours, a.excluding, a.holding;
-- Plain rows have a door of their own: names, and booleans with options.
select vibe.funnel(user_id, at, kind::text, '{1,2,3,4}', interval '5 hours')
    = vibe.funnel(user_id, at, array[kind = 1, kind = 2, kind = 3, kind = 4], interval '5 hours') as by_name
from events;
select mode, vibe.funnel(user_id, at, kind::text, '{1,2,3,4}', interval '5 hours', o.options)
    = vibe.funnel(user_id, at, array[kind = 1, kind = 2, kind = 3, kind = 4], interval '5 hours', o.options) as by_name
from events cross join (
    select mode, jsonb_build_object('mode', mode) as options from unnest(array['ordered', 'strict', 'unordered']) as mode
) as o
group by mode, o.options order by mode;

-- Which chain is told: of user 1 the deepest; completed first; started last. Then by days.
create temporary table few (user_id bigint, at timestamptz, kind integer, what text);
insert into few values
    (1, '2026-01-01 08:00Z', 1, 'a'), (1, '2026-01-01 09:00Z', 1, 'b'), (1, '2026-01-01 10:00Z', 2, 'c'), (1, '2026-01-01 11:00Z', 2, 'd'),
    (1, '2026-01-02 08:00Z', 1, 'e'), (1, '2026-01-02 09:00Z', 2, 'f'), (1, '2026-01-02 10:00Z', 3, 'g'), (1, '2026-01-02 11:00Z', 3, 'h'),
    (2, '2026-01-01 23:00Z', 1, 'ü'), (2, '2026-01-02 01:00Z', 2, 'j'), (3, '2026-01-01 12:00Z', 2, 'k'), (4, '2026-01-03 00:00Z', 1, null);
select c.* from unnest((
    select vibe.funnel_chains(user_id, at, 1 << kind - 1, null, null, what, 3, interval '4 hours', null, null) from few
)) as c;
select c.user_id, c.depth, c.step_times[1] as entered_at, c.entry_value from unnest((
    select vibe.funnel_chains(user_id, at, 1 << kind - 1, null, null, what, 3, interval '4 hours', null,
        array[timestamptz '2026-01-01', '2026-01-02', '2026-01-03'])
    from few
)) as c;
-- The order of rows does not reach the answer, nor does it the numbers of the texts.
select count(distinct told) as answers from (
    select (select vibe.funnel_chains(user_id, at, kind, kind & 3, colour, colour || kind, 3, null, '{"ties": "strict"}', null)
        from (select * from events order by case o when 1 then kind when 2 then -kind else user_id end, at, colour) as e) as told
    from generate_series(1, 3) as o
) as t;
-- An exclusion ends what stands, and the depth reached before counts; at the instant of a step it comes after it,
-- and with strict ties not at all.
select ties, vibe.funnel(u, at, s, x, null, 3, null, jsonb_build_object('ties', ties)) as reached
from (values (1, 0, 1, 0), (1, 1, 0, 1), (1, 2, 2, 0), (2, 0, 1, 0), (2, 1, 2, 0), (2, 1, 0, 2), (2, 2, 4, 0), (3, 0, 1, 0), (3, 1, 2, 1), (3, 2, 4, 0))
    as e (u, minute, s, x)
cross join lateral (select timestamptz '2026-01-01' + make_interval(mins => minute)) as a (at)
cross join unnest(array['allow', 'strict']) as t (ties)
group by ties order by ties;

-- By workers, whose dictionaries are joined.
create table many as
    select hashint8extended(i, 1) & 1023 as user_id, timestamptz '2026-01-01' + (hashint8extended(i, 2) & 65535) * interval '1 minute' as at,
        'n' || (hashint8extended(i, 3) & 7) as name, 'c' || (hashint8extended(i, 4) & 15) as colour
    from generate_series(1, 40000) as i;
set parallel_setup_cost = 0;
set parallel_tuple_cost = 0;
set min_parallel_table_scan_size = 0;
set parallel_leader_participation = off;
create function pg_temp.told() returns text language sql as $$
    select md5(vibe.funnel_chains(user_id, at, case name when 'n1' then 1 when 'n2' then 2 when 'n3' then 4 end,
            case name when 'n4' then 1 end, colour, colour || name, 3, interval '30 days', null,
            array[timestamptz '2026-01-01', '2026-01-05', '2026-02-01'])::text)
        || vibe.funnel(user_id, at, name, '{n1,n2,n3}', interval '1 day')::text
    from many
$$;
set max_parallel_workers_per_gather = 0;
select pg_temp.told() as alone \gset
set max_parallel_workers_per_gather = 3;
select pg_temp.told() = :'alone' as same;
explain (costs off) select vibe.funnel(user_id, at, name, '{n1,n2,n3}', interval '1 day') from many;
reset max_parallel_workers_per_gather;

-- Edges: 32 steps of every mode, nothing, one row, all at one instant, infinite times, bounds beyond which nothing starts.
select mode, vibe.funnel(1, timestamptz '2026-01-01' + i * interval '1 second', 's' || i, array(select 's' || n from generate_series(1, 32) as n order by n),
    interval '31 seconds', jsonb_build_object('mode', mode)) = array_fill(1::bigint, array[32]) as all_reached
from generate_series(1, 32) as i cross join unnest(array['ordered', 'strict', 'unordered']) as mode group by mode order by mode;
select vibe.funnel(1, now(), 'a'::text, '{a,b}', null) from generate_series(1, 0);
select vibe.funnel_chains(1, now(), 1, null, null, null, 2, null, null, null) from generate_series(1, 0);
select vibe.funnel_chains(1, now(), 2, null, null, null, 2, null, null, null);
select vibe.funnel_chains(1, '2026-01-01Z', 1, 1, 'h', 'e', 2, null, null, null);
select vibe.funnel_chains(1, '2026-01-01Z', 1, 1, 'h', 'e', 2, null, null, '{2026-01-02Z,2026-01-03Z}');
select ties, vibe.funnel(1, timestamptz '2026-01-01', name, '{a,b,c}', '0', jsonb_build_object('ties', ties))
from unnest('{c,b,a}'::text[]) as name cross join unnest(array['allow', 'strict']) as ties group by ties order by ties;
select vibe.funnel(1, at, 'a'::text, '{a,a}', null) from unnest('{-infinity,2026-01-01,infinity}'::timestamptz[]) as at;
-- Names of any length, one a part of another, unicode, empty.
select vibe.funnel(n, timestamptz '2026-01-01' + i * interval '1 s', name, array[s.names[n], s.names[n + 1]], null) = '{1,1}' as both_found
from (select array['', 'a', 'ab', 'abc', 'abcd', 'abcdefg', 'abcdefgh', 'abcdefghi', 'abcdefgh12345678', 'abcdefghX12345678', 'abcdefghY12345678', repeat('é', 300), repeat('é', 300) || '!'] as names) as s
cross join generate_series(1, 12) as n
cross join unnest(s.names) with ordinality as e (name, i)
group by n, s.names order by n;

-- Errors name what is wrong.
select vibe.funnel(1, now(), 'a'::text, '{a}', null);
select vibe.funnel(1, now(), 'a'::text, '{a,null}', null);
select vibe.funnel(1, now(), 'a'::text, null::text[], null);
select vibe.funnel(1, now(), 'a', array(select 'a' || n from generate_series(1, 33) as n), null);
select vibe.funnel(1, now(), 'a', array['a', 'b' || i], null) from generate_series(1, 2) as i;
select vibe.funnel(1, now(), 'a'::text, '{a,b}', null, '{"mode": "loose"}');
select vibe.funnel(1, now(), 'a'::text, '{a,b}', null, '{"mode": 5}');
select vibe.funnel(1, now(), 'a'::text, '{a,b}', null, '{"ties": "none"}');
select vibe.funnel(1, now(), 'a'::text, '{a,b}', null, '{"window": 1}');
select vibe.funnel(1, now(), 'a'::text, '{a,b}', null, '[]');
select vibe.funnel(1, now(), 'a'::text, '{a,b}', null, jsonb_build_object('ties', case i when 1 then 'allow' else 'strict' end)) from generate_series(1, 2) as i;
select vibe.funnel(1, now(), 1, 4, null, 2, null, null);
select vibe.funnel_chains(1, now(), 1, null, null, null, 2, null, null, '{2026-01-01}');
select vibe.funnel_chains(1, now(), 1, null, null, null, 2, null, null, '{2026-01-02,2026-01-01}');
select vibe.funnel_chains(1, now(), 1, null, null, null, 2, null, null, '{2026-01-01,null}');
select vibe.funnel_chains(1, now(), 1, null, null, null, 2, null, null, array[timestamptz '2026-01-01', timestamptz '2026-01-01' + i * interval '1 day'])
from generate_series(1, 2) as i;
set vibe.max_kernel_memory = '1MB';
select vibe.funnel_chains(user_id, at, 1, null, repeat(name, 100) || at, null, 2, null, null, null) from many;
select vibe.funnel(user_id, at, name, '{n1,n2,n3}', interval '1 day') from many;
reset vibe.max_kernel_memory;
drop table many;
