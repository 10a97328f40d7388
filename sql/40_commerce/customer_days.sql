-- How many different customers ordered in a range cannot be added up from days. But each customer counts once if only the
-- first day in the range counts: the day before which the customer ordered last lies before the range. So a day keeps how
-- many of its customers came last on which day, and any range is a sum (of whole months over few rows).
create function vibe.count_customer_days(of_site integer, days date[], until timestamptz default 'infinity')
returns table (day date, previous_day date, customers bigint, second_orders bigint)
language sql stable
set search_path = pg_catalog, pg_temp
set jit = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
    with spans as materialized (
        select d.day, s.site_id, s.time_zone, vibe.day_start(d.day, s.time_zone) as starts_at, least(vibe.day_start(d.day + 1, s.time_zone), until) as ends_at
        from (select distinct u.day from unnest(days) as u (day)) as d
        join vibe.sites as s on s.site_id = of_site
    )
    select
        s.day,
        coalesce(vibe.local_day(o.times[1], s.time_zone), '0001-01-01'),
        count(*),
        count(*) filter (where coalesce(cardinality(o.times), 0) <= 1 and coalesce(cardinality(o.times), 0) + b.orders >= 2)
    from spans as s
    cross join lateral (
        select p.customer_id, count(*) as orders
        from vibe.purchases as p
        where p.site_id = s.site_id and p.purchased_at >= s.starts_at and p.purchased_at < s.ends_at
          and p.customer_id is not null and not p.is_refund and not p.is_cancelled
        group by p.customer_id
    ) as b
    cross join lateral (
        select array_agg(l.purchased_at order by l.purchased_at desc) as times
        from (
            select p.purchased_at
            from vibe.purchases as p
            where p.site_id = s.site_id and p.customer_id = b.customer_id and p.purchased_at < s.starts_at
              and not p.is_refund and not p.is_cancelled
            order by p.purchased_at desc
            limit 2
        ) as l
    ) as o
    group by s.day, coalesce(vibe.local_day(o.times[1], s.time_zone), '0001-01-01')
$$;
comment on function vibe.count_customer_days(integer, date[], timestamptz) is
'for these days of a site (the last one up to until) how many customers with an order (neither refund nor cancelled) had ordered last on which day before (0001-01-01: never), and how many of them placed the second order of their lives; from the purchases';
grant execute on function vibe.count_customer_days(integer, date[], timestamptz) to vibe_analyst;

-- The reference, and the way for what is not stored: one reading of the range.
create function vibe.count_customers(of_site integer, starts_at timestamptz, ends_at timestamptz)
returns table (customers bigint, new_customers bigint, repeat_customers bigint)
language sql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
    select
        count(*),
        count(*) filter (where not b.came_before),
        count(*) filter (where b.came_before or b.orders > 1)
    from (
        select
            p.customer_id,
            count(*) as orders,
            exists (
                select from vibe.purchases as o
                where o.site_id = of_site and o.customer_id = p.customer_id and o.purchased_at < starts_at
                  and not o.is_refund and not o.is_cancelled
            ) as came_before
        from vibe.purchases as p
        where p.site_id = of_site
          and p.purchased_at >= starts_at
          and p.purchased_at < ends_at
          and p.customer_id is not null
          and not p.is_refund
          and not p.is_cancelled
        group by p.customer_id
    ) as b
$$;
comment on function vibe.count_customers(integer, timestamptz, timestamptz) is
'vibe.customers_between() counted from the purchases';
grant execute on function vibe.count_customers(integer, timestamptz, timestamptz) to vibe_analyst;

-- Many ranges at once. Whole months come from vibe.customer_months where the range begins with one, other days from
-- vibe.customer_days, marked days and the part of the last one from the purchases.
create function vibe.customers_of_ranges(of_site integer, starts timestamptz[], ends timestamptz[])
returns table (place integer, customers bigint, new_customers bigint, repeat_customers bigint)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
#variable_conflict use_column
declare
    zone constant text := (select s.time_zone from vibe.sites as s where s.site_id = of_site);
    first_days constant date[] := array(select (t at time zone zone)::date from unnest(starts) with ordinality as u (t, n) order by n);
    end_days constant date[] := array(select (t at time zone zone)::date from unnest(ends) with ordinality as u (t, n) order by n);
    first_of_all constant date := (select min(d) from unnest(first_days) as d);
    end_of_all constant date := (select max(d) from unnest(end_days) as d);
    marked constant date[] := array(
        select distinct m.day from vibe.customer_marks as m
        where m.site_id = of_site and not m.onwards and m.day >= first_of_all and m.day < end_of_all
    );
    marked_months constant date[] := array(select distinct date_trunc('month', d.day::timestamp)::date from unnest(marked) as d (day));
begin
    if cardinality(marked) > 31
        or exists (select from vibe.customer_marks as m where m.site_id = of_site and m.onwards and m.day < end_of_all)
        or exists (select from unnest(starts, first_days) as u (starts_at, day) where vibe.day_start(u.day, zone) <> u.starts_at) then
        return query
        select u.place::integer, c.customers, c.new_customers, c.repeat_customers
        from unnest(starts, ends) with ordinality as u (starts_at, ends_at, place)
        cross join lateral vibe.count_customers(of_site, u.starts_at, u.ends_at) as c;
        return;
    end if;
    return query
    with ranges as materialized (
        select
            u.place::integer as place, u.first_day, u.end_day, u.ends_at,
            -- From here on days are added up, before that whole months.
            case when extract(day from u.first_day) = 1 then date_trunc('month', u.end_day::timestamp)::date else u.first_day end as from_day,
            vibe.day_start(u.end_day, zone) < u.ends_at and u.first_day <= u.end_day as has_rest
        from unnest(first_days, end_days, ends) with ordinality as u (first_day, end_day, ends_at, place)
    ), parts as (
        select r.place, r.first_day, m.previous_month as previous_day, m.customers, m.second_orders
        from ranges as r
        join vibe.customer_months as m
            on m.site_id = of_site and m.month >= r.first_day and m.month < r.from_day
        where m.month <> all (marked_months)
        union all
        select r.place, r.first_day, d.previous_day, d.customers, d.second_orders
        from ranges as r
        join vibe.customer_days as d on d.site_id = of_site and d.day >= r.from_day and d.day < r.end_day
        where d.day <> all (marked)
        union all
        select r.place, r.first_day, d.previous_day, d.customers, d.second_orders
        from ranges as r
        join unnest(marked_months) as m (month) on m.month >= r.first_day and m.month < r.from_day
        join vibe.customer_days as d on d.site_id = of_site and d.day >= m.month and d.day < (m.month + interval '1 month')::date
        where d.day <> all (marked)
        union all
        select r.place, r.first_day, c.previous_day, c.customers, c.second_orders
        from (select * from vibe.count_customer_days(of_site, marked) where cardinality(marked) > 0) as c
        join ranges as r on c.day >= r.first_day and c.day < r.end_day
        union all
        select r.place, r.first_day, c.previous_day, c.customers, c.second_orders
        from (select distinct n.end_day, n.ends_at from ranges as n where n.has_rest) as e
        cross join lateral vibe.count_customer_days(of_site, array[e.end_day], e.ends_at) as c
        join ranges as r on r.has_rest and r.end_day = e.end_day and r.ends_at = e.ends_at
    ), sums as (
        select
            p.place,
            sum(p.customers) filter (where p.previous_day < p.first_day) as customers,
            sum(p.customers) filter (where p.previous_day = '0001-01-01') as new_customers,
            -- The second order of those who came first in the range.
            sum(p.second_orders) filter (where p.previous_day = '0001-01-01' or p.previous_day >= p.first_day) as came_again
        from parts as p
        group by p.place
    )
    select
        r.place, coalesce(s.customers, 0)::bigint, coalesce(s.new_customers, 0)::bigint,
        (coalesce(s.customers, 0) - coalesce(s.new_customers, 0) + coalesce(s.came_again, 0))::bigint
    from ranges as r
    left join sums as s on s.place = r.place
    order by r.place;
end
$$;
comment on function vibe.customers_of_ranges(integer, timestamptz[], timestamptz[]) is
'vibe.customers_between() for many ranges at once: the nth begins at starts[n] and ends at ends[n]';
grant execute on function vibe.customers_of_ranges(integer, timestamptz[], timestamptz[]) to vibe_analyst;

create function vibe.customers_between(of_site integer, starts_at timestamptz, ends_at timestamptz)
returns table (customers bigint, new_customers bigint, repeat_customers bigint)
language sql stable
as $$
    select c.customers, c.new_customers, c.repeat_customers from vibe.customers_of_ranges(of_site, array[starts_at], array[ends_at]) as c
$$;
comment on function vibe.customers_between(integer, timestamptz, timestamptz) is
'different customers of a site with an order (neither refund nor cancelled) from starts_at up to, not including, ends_at; those of them whose first order of all this was; and those with an order in it that was not their first. Guests are not counted';
grant execute on function vibe.customers_between(integer, timestamptz, timestamptz) to vibe_analyst;

-- After the customers' rows are locked: whoever writes an order of the same customer at the same time sees ours or we see theirs.
create function vibe_private.mark_customer_days(sites integer[], customers bigint[], times timestamptz[]) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if coalesce(cardinality(sites), 0) = 0 then
        return;
    elsif cardinality(sites) > 1000 then
        -- Too many to look at one by one.
        insert into vibe.customer_marks (site_id, day, onwards)
        select t.site_id, vibe.local_day(min(t.purchased_at), s.time_zone), true
        from unnest(sites, times) as t (site_id, purchased_at)
        join vibe.sites as s using (site_id)
        group by t.site_id, s.time_zone;
        return;
    end if;
    -- Of the customer's next two orders it changes which they are and what came before.
    insert into vibe.customer_marks (site_id, day, onwards)
    select distinct t.site_id, d.day, false
    from (
        select distinct u.site_id, u.customer_id, s.time_zone, vibe.local_day(u.purchased_at, s.time_zone) as day
        from unnest(sites, customers, times) as u (site_id, customer_id, purchased_at)
        join vibe.sites as s using (site_id)
    ) as t
    cross join lateral (
        select t.day
        union all
        (
            select vibe.local_day(p.purchased_at, t.time_zone)
            from vibe.purchases as p
            where p.site_id = t.site_id and p.customer_id = t.customer_id and p.purchased_at >= vibe.day_start(t.day + 1, t.time_zone)
              and not p.is_refund and not p.is_cancelled
            order by p.purchased_at
            limit 2
        )
    ) as d;
end
$$;
comment on function vibe_private.mark_customer_days(integer[], bigint[], timestamptz[]) is
'marks the days of vibe.customer_days that orders of these customers at these times change';

-- Two steps: a mark that the first one sees stands for rows that the second one sees; later marks stay for the next time.
create function vibe_private.refresh_customer_days(of_site integer) returns integer
language plpgsql
set search_path = pg_catalog, pg_temp
set jit = off
set work_mem = '128MB'
as $$
declare
    zone constant text := (select s.time_zone from vibe.sites as s where s.site_id = of_site);
    due date[];
    due_months date[];
    since date;
    since_month date;
begin
    perform vibe_private.take_turn(of_site, 'customer_days');
    with gone as (
        delete from vibe.customer_marks as m where m.site_id = of_site returning m.day, m.onwards
    )
    select coalesce(array_agg(distinct g.day) filter (where not g.onwards), '{}'), min(g.day) filter (where g.onwards) into due, since
    from gone as g;
    if cardinality(due) > 100 then
        since := least(since, (select min(d.day) from unnest(due) as d (day)));
    end if;
    due := array(select d.day from unnest(due) as d (day) where since is null or d.day < since);
    if due = '{}' and since is null then
        return 0;
    end if;
    due_months := array(select distinct date_trunc('month', d.day::timestamp)::date from unnest(due) as d (day));
    since_month := date_trunc('month', since::timestamp)::date;
    delete from vibe.customer_days as d where d.site_id = of_site and (d.day >= since or d.day = any (due));
    if since is not null then
        -- All orders once, in the order of customers: what came before is the row before.
        insert into vibe.customer_days (site_id, day, previous_day, customers, second_orders)
        select
            of_site, c.day, coalesce(c.previous_day, '0001-01-01'), count(*),
            count(*) filter (where c.orders_before <= 1 and c.orders_before + c.orders >= 2)
        from (
            select
                b.day, b.orders,
                lag(b.day) over w as previous_day,
                coalesce(sum(b.orders) over (partition by b.customer_id order by b.day rows between unbounded preceding and 1 preceding), 0) as orders_before
            from (
                select p.customer_id, vibe.local_day(p.purchased_at, zone) as day, count(*) as orders
                from vibe.purchases as p
                where p.site_id = of_site and p.customer_id is not null and not p.is_refund and not p.is_cancelled
                group by p.customer_id, vibe.local_day(p.purchased_at, zone)
            ) as b
            window w as (partition by b.customer_id order by b.day)
        ) as c
        where c.day >= since
        group by c.day, coalesce(c.previous_day, '0001-01-01')
        order by c.day, coalesce(c.previous_day, '0001-01-01');
    end if;
    insert into vibe.customer_days (site_id, day, previous_day, customers, second_orders)
    select of_site, c.day, c.previous_day, c.customers, c.second_orders
    from vibe.count_customer_days(of_site, due) as c
    order by c.day, c.previous_day;
    delete from vibe.customer_months as m
    where m.site_id = of_site and (
        m.month >= since_month or m.month = any (due_months)
    );
    insert into vibe.customer_months (site_id, month, previous_month, customers, second_orders)
    select
        of_site, date_trunc('month', d.day::timestamp)::date, date_trunc('month', d.previous_day::timestamp)::date,
        sum(d.customers), sum(d.second_orders)
    from vibe.customer_days as d
    where d.site_id = of_site and (
        d.day >= since_month or date_trunc('month', d.day::timestamp)::date = any (due_months)
    )
    group by 2, 3
    order by 2, 3;
    return cardinality(due) + (since is not null)::integer;
end
$$;
comment on function vibe_private.refresh_customer_days(integer) is
'counts the days of a site whose customers changed into vibe.customer_days and vibe.customer_months; returns how many marks it found: days, and one for all days from one on';
