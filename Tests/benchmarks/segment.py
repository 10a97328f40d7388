#!/usr/bin/env python3
"""Previews and refreshes of rule segments: 260,000 customers, 345,000 users, 5 million purchases, 10 million events, as a viewer."""
import json
import statistics
import sys

from measure import connect, fill, scaled, seconds

CUSTOMERS, USERS, PURCHASES, EVENTS = scaled(260_000), scaled(345_000), scaled(5_000_000), scaled(10_000_000)
SITE = "(select site_id from vibe.sites where name = 'bench')"
PREVIEW = {
    "two attributes": ("customer", {"all": [{"customer": "gender", "op": "eq", "value": "f"}, {"customer": "age", "op": "between", "value": [20, 40]}]}),
    "bought 3 times in 90 days, spent 500": ("customer", {"all": [{"bought": {}, "at_least": 3, "days": 90}, {"spent": {}, "at_least": 500, "days": 365}]}),
    "bought a category in 90 days": ("customer", {"all": [{"bought": {"category": "category 3"}, "days": 90}]}),
    "did X 3 times in 30 days": ("user", {"all": [{"event": "product_view", "at_least": 3, "days": 30}]}),
    "never did X in 30 days": ("user", {"all": [{"event": "purchase", "exactly": 0, "days": 30}]}),
    "did X with a property in 30 days": ("user", {"all": [{"event": "product_view", "days": 30, "properties": [{"path": ["price"], "op": "ge", "value": 90}]}]}),
    "page views over all time": ("user", {"all": [{"event": "page_view", "at_least": 20}]}),
    "customers who did X, not in a cluster": ("customer", {"all": [
        {"event": "add_to_cart", "days": 30}, {"not": {"rfm": "cluster", "op": "in", "value": ["lost", "hibernating"]}},
        {"any": [{"customer": "total_spent", "op": "gt", "value": 1000}, {"trait": ["plan"], "op": "eq", "value": "pro"}]}]}),
}
connection = connect()
connection.execute("select vibe.create_site('bench', time_zone => 'America/Sao_Paulo')")
fill(connection, f"{CUSTOMERS} customers, {USERS} users, {PURCHASES} purchases, {EVENTS} events", [
    "select vibe_private.add_partition(m::date) from generate_series(now() - interval '120 days', now(), '1 month') as m",
    f"""insert into vibe.customers (site_id, customer_id, external_id, gender, birth_date, order_count, total_spent) overriding system value
        select {SITE}, c, 'c' || c, (array['f', 'm', null])[1 + c % 3], date '1950-01-01' + c % 20000, c % 7, c % 3000 from generate_series(1, {CUSTOMERS}) as c""",
    f"""insert into vibe.purchases (site_id, purchase_id, customer_id, external_id, purchased_at, amount, currency) overriding system value
        select {SITE}, i, 1 + floor({CUSTOMERS} * power((hashint8extended(i, 1) & 1048575) / 1048576.0::float8, 1.5))::bigint, 'order-' || i,
            now() - (interval '365 days' / {PURCHASES}::float8) * i, 5 + (hashint8extended(i, 2) & 127), 'USD'
        from generate_series(1, {PURCHASES}) as i""",
    f"""insert into vibe.purchase_items (site_id, purchase_id, line, product_id, category, amount)
        select {SITE}, i, l, 'p' || (hashint8extended(i, l) & 1023), 'category ' || (hashint8extended(i, l + 5) & 15), 10
        from generate_series(1, {PURCHASES // 2}) as i, generate_series(1, 2) as l""",
    f"""insert into vibe.site_users (site_id, user_id, anonymous_id, customer_id, traits, first_seen_at, last_seen_at, merged_into) overriding system value
        select {SITE}, u, 'b' || u, case when u % 2 = 0 and u / 2 <= {CUSTOMERS} then u / 2 end, jsonb_build_object('plan', (array['pro', 'free'])[1 + u % 2]),
            now() - interval '100 days', now() - (u % 90) * interval '1 day', case when u % 20 = 19 then u - 1 end
        from generate_series(1, {USERS}) as u""",
    f"""insert into vibe.user_events (site_id, occurred_at, user_id, event_name, page, properties)
        select {SITE}, now() - (interval '90 days' / {EVENTS}::float8) * i,
            1 + floor({USERS} * power((hashint8extended(i, 1) & 1048575) / 1048576.0::float8, 1.5))::bigint,
            (array['page_view', 'page_view', 'page_view', 'page_view', 'product_view', 'product_view', 'add_to_cart', 'purchase'])[1 + (hashint8extended(i, 2) & 7)],
            '/p/' || (hashint8extended(i, 3) & 255), jsonb_build_object('price', hashint8extended(i, 4) & 127)
        from generate_series(1, {EVENTS}) as i""",
    "vacuum (analyze)",
])
connection.execute("select vibe.calculate_rfm('bench', (now() - interval '60 days')::date, (now() - interval '5 days')::date)")
connection.execute("analyze vibe.rfm_analysis")
connection.execute("create role bench_viewer login in role vibe_analyst")
connection.execute("select vibe.add_member('bench', 'bench_viewer', 'viewer')")
viewer = connect(user="bench_viewer")
viewer.execute("reset all")

good = True
for title, (subject, criteria) in PREVIEW.items():
    query = "select size from vibe.preview_segment('bench', '%s', '%s')" % (json.dumps({"version": 1} | criteria), subject)
    runs = [seconds(viewer, query) for _ in range(4)][1:]
    took = statistics.median(run[1] for run in runs)
    good &= took < 2
    print(f"   preview, {title}: {runs[0][0][0][0]} found in {took:.3f} s (target 2: {'ok' if took < 2 else 'ABOVE'})", flush=True)
subject, criteria = PREVIEW["never did X in 30 days"]
for title, query in {
    "create and store": "select vibe.create_segment('bench', 'quiet', '%s', 'user')" % json.dumps({"version": 1} | criteria),
    "refresh without change": "select size from vibe.refresh_segment('bench', 'quiet')",
    "sizes by month": "select count(*) from vibe.segment_sizes_by_month",
    "movement by day": "select count(*) from vibe.segment_movement('bench', 'quiet')",
    "online users of a segment": "select count(*) from vibe.get_online_users_in_segment('bench', 'quiet')",
}.items():
    answer, took = seconds(viewer if "count" in query else connection, query)
    print(f"   {title}: {took:.3f} s, {answer[0][0]}", flush=True)
connection.execute("drop owned by bench_viewer; drop role bench_viewer")
sys.exit(not good)
