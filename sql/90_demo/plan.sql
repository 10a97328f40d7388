-- What happened in a demo shop, as pure functions of the seed and the hour: nothing here reads a table or random().
-- Places p in [0, 1) are laid on the clock by demo_rhythm(), so counts depend on the seed alone, whenever it is run.

create function vibe_private.demo_chance(seed integer, what text, a integer, b integer default 0) returns double precision
language sql
immutable
parallel safe
as $$
    select ((hashtextextended(what || ':' || a::text || ':' || b::text, seed) >> 11) & 9007199254740991) / 9007199254740992.0::float8
$$;
comment on function vibe_private.demo_chance(integer, text, integer, integer) is
'a number in [0, 1) that looks random and is the same for the same arguments';

create function vibe_private.demo_id(seed integer, what text, a integer, b integer default 0, c integer default 0) returns uuid
language sql
immutable
parallel safe
as $$
    select md5(seed::text || ':' || what || ':' || a::text || ':' || b::text || ':' || c::text)::uuid
$$;
comment on function vibe_private.demo_id(integer, text, integer, integer, integer) is 'an id that is the same for the same arguments';

-- Nights are quiet, evenings and Sundays busy, and the shop grows by two thirds over the time shown.
create function vibe_private.demo_rhythm(ends timestamptz, days integer, time_zone text) returns double precision[]
language sql
stable
parallel safe
as $$
    select array[0::float8] || array_agg(r.until order by r.hour)
    from (
        select h.hour, (sum(h.weight) over (order by h.hour) / sum(h.weight) over ())::float8 as until
        from (
            select
                n as hour,
                (array[5, 3, 2, 2, 2, 3, 6, 11, 17, 22, 25, 27, 28, 26, 25, 25, 26, 28, 32, 37, 40, 36, 25, 12])
                    [extract(hour from l.clock)::integer + 1]
                * (array[1.0, 0.95, 0.95, 1.0, 1.1, 1.25, 1.35])[extract(isodow from l.clock)::integer]
                * (0.75 + 0.5 * n / (days * 24)) as weight
            from generate_series(0, days * 24 - 1) as n
            cross join lateral (select (ends - make_interval(hours => days * 24 - n)) at time zone time_zone) as l (clock)
        ) as h
    ) as r
$$;
comment on function vibe_private.demo_rhythm(timestamptz, integer, text) is
'the share of all traffic that came before each hour of the days that lead to ends; the last element, one more than hours, is 1';

create function vibe_private.demo_visitors(seed integer, visitors integer, days integer)
returns table (visitor integer, arrival double precision, is_loyal boolean, is_bot boolean, visits integer)
language sql
stable
parallel safe
as $$
    with drawn as materialized (
        select
            n as visitor,
            vibe_private.demo_chance(seed, 'arrival', n) as arrival,
            vibe_private.demo_chance(seed, 'loyal', n) < 0.1 as is_loyal,
            vibe_private.demo_chance(seed, 'bot', n) < 0.015 as is_bot,
            vibe_private.demo_chance(seed, 'visits', n) as draw
        from generate_series(1, visitors) as n
    )
    select
        v.visitor,
        v.arrival,
        v.is_loyal,
        v.is_bot,
        case when v.is_bot then 1 else
            least(
                1 + floor(-1.6 * ln(1 - v.draw)) + case when v.is_loyal then 4 else 0 end,
                -- So many that the clock keeps them hours apart.
                1 + floor((1 - v.arrival) * days / 0.36)
            )::integer
        end
    from drawn as v
$$;
comment on function vibe_private.demo_visitors(integer, integer, integer) is
'the demo''s visitors: when they come first, whether they like to come back, how often they do';

-- depth: 0 home, 1 product, 2 add to cart, 3 checkout, 4 purchase. Live visits are under way at ends and have not bought yet.
create function vibe_private.demo_visits(seed integer, visitors integer, days integer, ends timestamptz, time_zone text)
returns table (visitor integer, visit integer, started_at timestamptz, depth integer, looks integer, is_bot boolean, is_live boolean)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
    -- The last hour is left to the live visits, so that nobody has two at once.
    last_start timestamptz := ends - interval '1 hour';
    rhythm float8[] := vibe_private.demo_rhythm(last_start, days, time_zone);
begin
    return query
    with placed as materialized (
        select
            u.visitor,
            n as visit,
            u.is_loyal,
            u.is_bot,
            u.arrival + (1 - u.arrival) / u.visits
                * case n when 1 then 0 else n - 1 + 0.6 * vibe_private.demo_chance(seed, 'place', u.visitor, n) end as place
        from vibe_private.demo_visitors(seed, visitors, days) as u
        cross join lateral generate_series(1, u.visits) as n
    ), drawn as materialized (
        select
            p.*,
            width_bucket(p.place, rhythm) as hour,
            vibe_private.demo_chance(seed, 'depth', p.visitor, p.visit) as draw,
            case when p.is_loyal then 4.0 else 1 + 0.25 * least(p.visit - 1, 3) end as interest
        from placed as p
    )
    select
        v.visitor,
        v.visit,
        last_start - make_interval(hours => days * 24)
            + (v.hour - 1 + (v.place - rhythm[v.hour]) / (rhythm[v.hour + 1] - rhythm[v.hour])) * interval '1 hour',
        case
            when v.is_bot then 0
            when v.draw < 0.035 * v.interest then 4
            when v.draw < 0.060 * v.interest then 3
            when v.draw < 0.130 * v.interest then 2
            when v.draw < 0.600 then 1
            else 0
        end,
        1 + floor(3 * vibe_private.demo_chance(seed, 'looks', v.visitor, v.visit))::integer,
        v.is_bot,
        false
    from drawn as v
    union all
    select
        u.visitor,
        u.visits + 1,
        ends - interval '1 second' * (120 + 500 * vibe_private.demo_chance(seed, 'live', u.visitor)),
        1 + floor(2 * vibe_private.demo_chance(seed, 'depth', u.visitor))::integer,
        1 + floor(3 * vibe_private.demo_chance(seed, 'looks', u.visitor))::integer,
        false,
        true
    from vibe_private.demo_visitors(seed, visitors, days) as u
    where u.visitor <= greatest(3, visitors / 200) and not u.is_bot;
end
$$;
comment on function vibe_private.demo_visits(integer, integer, integer, timestamptz, text) is
'the demo''s visits: who came when, how deep into the shop, and who is there now';

-- A visit's steps are half a minute to a minute apart; a live visit reaches up to some seconds ago.
create function vibe_private.demo_steps(seed integer, visitors integer, days integer, ends timestamptz, time_zone text)
returns table (
    visitor integer,
    visit integer,
    started_at timestamptz,
    step integer,
    occurred_at timestamptz,
    event_name text,
    page text,
    title text,
    product integer,
    quantity integer,
    is_bot boolean,
    is_live boolean
)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
    select
        s.visitor,
        s.visit,
        s.started_at,
        s.step,
        s.started_at + case
            when s.is_live then (ends - s.started_at - interval '1 second' * (3 + 60 * vibe_private.demo_chance(seed, 'last', s.visitor)))
                * (s.step - 1) / (s.steps - 1)
            when s.step = 1 then interval '0'
            else interval '1 second' * (35 * (s.step - 1) + 30 * vibe_private.demo_chance(seed, 'pause', s.visitor * 64 + s.visit, s.step))
        end,
        s.event_name,
        s.page,
        s.title,
        case when s.look > 0 then floor(8 * vibe_private.demo_chance(seed, 'product', s.visitor * 64 + s.visit, s.look) ^ 1.3)::integer end,
        1 + floor(3 * vibe_private.demo_chance(seed, 'quantity', s.visitor, s.visit) ^ 3)::integer,
        s.is_bot,
        s.is_live
    from (
        select
            v.*,
            w.*,
            row_number() over (partition by v.visitor, v.visit order by w.stage, w.look)::integer as step,
            count(*) over (partition by v.visitor, v.visit) as steps
        from vibe_private.demo_visits(seed, visitors, days, ends, time_zone) as v
        cross join lateral (
            select 0 as stage, 0 as look, 'page_view' as event_name, '/shop' as page, 'Hearth & Hill' as title
            union all
            select 1, n, 'page_view', '/shop/product.html', 'Hearth & Hill' from generate_series(1, v.looks) as n
            union all
            select m.stage, v.looks, m.event_name, m.page, m.title
            from (
                values
                    (2, 'add_to_cart', '/shop/product.html', null),
                    (2.5, 'page_view', '/shop/cart.html', 'Cart · Hearth & Hill'),
                    (2.6, 'page_view', '/shop/checkout.html', 'Checkout · Hearth & Hill'),
                    (3, 'checkout', '/shop/checkout.html', null),
                    (4, 'purchase', '/shop/checkout.html', null)
            ) as m (stage, event_name, page, title)
        ) as w
        where w.stage <= v.depth
    ) as s
$$;
comment on function vibe_private.demo_steps(integer, integer, integer, timestamptz, text) is
'the demo''s page views and events in order, with the product each is about';
