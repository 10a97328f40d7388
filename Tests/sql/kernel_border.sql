-- What every aggregate over a kernel owes the server: parallel plans, limits of memory, windows, and a quick end.
set timezone = 'UTC';
\set SHOW_CONTEXT never

create table visits as
    select (hashint8extended(i, 1) & 16383) as user_id,
        timestamptz '2026-01-01' + (hashint8extended(i, 2) & 524287) * interval '1 second' as at,
        (hashint8extended(i, 3) & 7)::integer as kind,
        ((hashint8extended(i, 4) & 65535)::numeric / 100) as amount
    from generate_series(1, 300000) as i;
alter table visits set (parallel_workers = 2);
analyze visits;

-- One process, then parallel workers: the same answers.
set max_parallel_workers_per_gather = 0;
create table alone as select
    vibe.funnel(user_id, at, array[kind = 1, kind = 2, kind = 3], interval '1 day') as by_array,
    vibe.funnel(user_id, at, kind & 7, 3, interval '1 day') as by_bits,
    vibe.rfm(user_id, at, amount, kind = 7, '2026-01-05', 'Asia/Tokyo') as by_time,
    vibe.rfm(user_id, at::date, amount, kind = 7, '2026-01-05') as by_date
    from visits;
create table depths_alone as
    select user_id, vibe.funnel_depth(at, kind & 7, 3, interval '1 day') as depth from visits group by user_id;
set max_parallel_workers_per_gather = 2;
set parallel_setup_cost = 0;
set parallel_tuple_cost = 0;
set force_parallel_mode = off;
explain (costs off)
select vibe.funnel(user_id, at, array[kind = 1, kind = 2, kind = 3], interval '1 day'),
    vibe.rfm(user_id, at, amount, kind = 7, '2026-01-05', 'Asia/Tokyo')
from visits;
select
    vibe.funnel(user_id, at, array[kind = 1, kind = 2, kind = 3], interval '1 day') = (select by_array from alone) as by_array,
    vibe.funnel(user_id, at, kind & 7, 3, interval '1 day') = (select by_bits from alone) as by_bits,
    vibe.rfm(user_id, at, amount, kind = 7, '2026-01-05', 'Asia/Tokyo') = (select by_time from alone) as by_time,
    vibe.rfm(user_id, at::date, amount, kind = 7, '2026-01-05') = (select by_date from alone) as by_date
from visits;
explain (costs off)
select user_id, vibe.funnel_depth(at, kind & 7, 3, interval '1 day') from visits where user_id < 100 group by user_id;
select count(*) as users, count(*) filter (where a.depth is distinct from p.depth) as different
from depths_alone as a
full join (select user_id, vibe.funnel_depth(at, kind & 7, 3, interval '1 day') as depth from visits group by user_id) as p
    using (user_id);
-- Workers that see no row that counts.
select vibe.funnel(user_id, at, array[kind = 8, kind = 9], null) from visits;
select vibe.rfm(user_id, at, amount, false, '2025-01-01', 'UTC') from visits;
select vibe.funnel(user_id, at, array[kind = 1, kind = 2], null) is null as nothing from visits where user_id < 0;
reset parallel_setup_cost;
reset parallel_tuple_cost;
set max_parallel_workers_per_gather = 0;

-- As window functions, which call the final function again and again over one state.
select user_id, at, vibe.funnel_depth(at, 1 << (kind - 1), 3, null) over w as depth,
    (vibe.rfm(user_id, at, amount, false, '2027-01-01', 'UTC') over w)[1].frequency as orders
from (values
    (1, timestamptz '2026-01-01', 1, 1.5), (1, '2026-01-02', 3, 2), (1, '2026-01-03', 2, 3), (1, '2026-01-04', 3, 4)
) as v (user_id, at, kind, amount)
window w as (partition by user_id order by at);

-- Memory: the setting is named, the session goes on, and what was taken is given back.
set vibe.max_kernel_memory = '1MB';
select vibe.funnel(user_id, at, 1, 2, null) from visits;
select vibe.rfm(user_id, at, amount, false, '2027-01-01', 'UTC') from visits;
do $$
begin
    perform vibe.funnel(user_id, at, 1, 2, null) from public.visits;
exception when out_of_memory then
    raise notice 'SQLSTATE %', sqlstate;
end
$$;
select max(depth) from (select vibe.funnel_depth(at, 1, 2, null) as depth from visits group by user_id) as d;
select vibe.funnel(user_id, at, 1, 2, null) from visits where user_id < 100;
-- The scratch of the kernel counts too: 30,000 rows take 720 kB, and sorting them into users about as much again.
select vibe.funnel(user_id, at, 1, 2, null) from (select * from visits limit 30000) as v;
set vibe.max_kernel_memory = '64kB';
set vibe.max_kernel_memory = '63kB';
reset vibe.max_kernel_memory;
select vibe.funnel(user_id, at, 1, 2, null) from visits;
set vibe.kernel_threads = 0;

-- Support functions are not for calling, and nobody but the owner may.
set role vibe_member;
select vibe_private.funnel_final(null);
reset role;

-- A timeout ends a run in time, wherever it is; the answer afterwards is right.
create function public.overshoot(query text) returns boolean language plpgsql as $$
declare
    started timestamptz := clock_timestamp();
begin
    execute query;
    return null;
exception when query_canceled then
    return clock_timestamp() - started > interval '500 milliseconds';
end
$$;
set statement_timeout = '250ms';
select public.overshoot($$
    select vibe.funnel_depth(v.at, 1 + v.kind % 2, 2, null) from public.visits as v cross join generate_series(1, 100)
$$) as too_late;
select public.overshoot($$
    select vibe.rfm(v.user_id + n, v.at, v.amount, false, '2027-01-01', 'UTC') from public.visits as v cross join generate_series(1, 100) as n
$$) as too_late;
reset statement_timeout;
select vibe.funnel(user_id, at, 1, 2, null) from visits where user_id < 100;
