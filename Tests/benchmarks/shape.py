"""The data that benchmarks share, deterministic, made once per database: the peers' narrow tables, and the product's own tables."""
from measure import fill, scaled

PURCHASES, CUSTOMERS = scaled(5_000_000), scaled(260_000)
EVENTS, USERS = scaled(10_000_000), scaled(350_000)
POINTS = scaled(1_000_000)
STEPS = ["product_view", "add_to_cart", "checkout", "purchase"]

# In the order of time, as a shop writes them; customers and amounts skewed by squaring.
_PURCHASE = f"""
    select 1 + floor({CUSTOMERS} * power((hashint8extended(i, 1) & 1048575) / 1048576.0::float8, 1.5))::bigint as customer_id,
        timestamptz '2025-01-01 03:00Z' + i * (interval '365 days' / {PURCHASES}::float8) as purchased_at,
        case when (hashint8extended(i, 3) & 31) = 0 then -1 else 1 end
            * round((5 + 400 * power((hashint8extended(i, 2) & 1048575) / 1048576.0::float8, 3))::numeric, 2) as amount, i
    from generate_series(1, {PURCHASES}) as i"""
# In the order of time, as a tracker writes them: 400 visits at once, of 12 events in an hour each. 45 % of them only look
# around, 30 % look at products, 15 % fill a cart, 6 % come to the checkout, 4 % pay: 24 % of the events are steps.
_EVENT = f"""
    select 1 + (hashint8extended(e.visit, 1) & 1073741823) % {USERS} as user_id, e.at,
        case
            when e.turn in (2, 4, 5, 7) and v.intent >= 45 then 'product_view'
            when e.turn in (6, 8) and v.intent >= 75 then 'add_to_cart'
            when e.turn = 9 and v.intent >= 90 then 'checkout'
            when e.turn = 10 and v.intent >= 96 then 'purchase'
            else 'page_view'
        end as event_name, e.visit, e.n, v.intent
    from (
        select i / 4800 * 400 + i % 400 as visit, i % 4800 / 400 as turn, i % 977 as n,
            timestamptz '2025-01-01' + i * (interval '90 days' / {EVENTS}::float8) as at
        from generate_series(0, {EVENTS} - 1) as i
    ) as e
    cross join lateral (select (hashint8extended(e.visit, 2) & 1048575) % 100 as intent) as v"""


def purchases_narrow(connection):
    """purchases_narrow (customer_id, purchased_at, amount): 5 million purchases of 260,000 customers in 2025."""
    _once(connection, "purchases_narrow", "customer_id int8 not null, purchased_at timestamptz not null, amount numeric(12, 2) not null",
          f"select customer_id, purchased_at, amount from ({_PURCHASE}) as p", PURCHASES)


def events_narrow(connection):
    """events_narrow (user_id, at, event_name): 10 million events of 350,000 users in 90 days of 2025, with the names of STEPS."""
    _once(connection, "events_narrow", "user_id int8 not null, at timestamptz not null, event_name text not null",
          f"select user_id, at, event_name from ({_EVENT}) as e", EVENTS)


def features(connection):
    """features (id, a, b, c, d): a million points around eight centres that overlap."""
    values = ", ".join(
        # The sum of four uniform values is near enough to a normal one.
        f"3 * (hashint8extended(i & 7, {n}) & 15) + ("
        + " + ".join(f"(hashint8extended(i, {10 * n + part}) & 65535)" for part in range(4)) + f") / 16384.0::float8 as {name}"
        for n, name in enumerate("abcd", 1))
    _once(connection, "features", "id int8 not null, " + ", ".join(f"{name} float8 not null" for name in "abcd"),
          f"select i, {values} from generate_series(1, {POINTS}) as i", POINTS)


def product_purchases(connection, site="bench"):
    """vibe.customers and vibe.purchases of a new site: purchases_narrow with all their columns, refunds and cancellations."""
    connection.execute("select vibe.create_site(%s, time_zone => 'America/Sao_Paulo')", [site])
    number = connection.execute("select site_id from vibe.sites where name = %s", [site]).fetchone()[0]
    fill(connection, f"vibe.purchases, {PURCHASES} rows", [
        f"""insert into vibe.customers (site_id, customer_id, external_id) overriding system value
            select {number}, c, 'c' || c from generate_series(1, {CUSTOMERS}) as c""",
        f"""insert into vibe.purchases
                (site_id, customer_id, external_id, purchased_at, amount, currency, item_count, is_refund, is_cancelled)
            select {number}, customer_id, 'order-' || i, purchased_at, amount, 'USD', 1 + (i % 4)::integer, amount < 0,
                (hashint8extended(i, 4) & 63) = 0
            from ({_PURCHASE}) as p""",
        "vacuum (analyze) vibe.customers",
        "vacuum (analyze) vibe.purchases",
    ])


def product_events(connection, site="bench"):
    """vibe.user_events of a site (made if it is new): events_narrow with all their columns; 1 % of the visits are a bot's."""
    if not connection.execute("select from vibe.sites where name = %s", [site]).fetchall():
        connection.execute("select vibe.create_site(%s)", [site])
    number = connection.execute("select site_id from vibe.sites where name = %s", [site]).fetchone()[0]
    fill(connection, f"vibe.user_events, {EVENTS} rows", [
        "select vibe_private.add_partition(m::date) from generate_series(date '2025-01-01', '2025-03-01', '1 month') as m",
        f"""insert into vibe.user_events
                (site_id, occurred_at, received_at, user_id, session_id, event_name, page, query, referrer, title, properties, is_bot)
            select {number}, at, at, user_id, visit, event_name,
                '/products/' || n, 'from=search', 'https://search.example/', 'Product ' || n,
                jsonb_build_object('price', n % 500, 'list', 'summer'), intent = 10
            from ({_EVENT}) as e""",
        "vacuum (analyze) vibe.user_events",
    ])


def _once(connection, name, columns, select, rows):
    if connection.execute("select to_regclass(%s)", [f"public.{name}"]).fetchone()[0] is None:
        fill(connection, f"{name}, {rows} rows", [f"create table public.{name} ({columns})", f"insert into public.{name} {select}",
                                                  f"vacuum (analyze, freeze) public.{name}"])
