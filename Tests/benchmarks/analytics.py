#!/usr/bin/env python3
"""The /api/v1 answers for a large shop, over HTTP, under row-level security: 5 million purchases of 300,000 customers in three years.

Beside the limits: an answer must be right before it is timed. Its figures are compared with plain counts over the purchases.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

from measure import scaled
from web import SECONDS, fetch, member, psql, report, vibe

PURCHASES = scaled(5_000_000)
CUSTOMERS = scaled(300_000)
ZONE = "America/Sao_Paulo"
YEAR = "start_date=2025-01-01&end_date=2025-12-31"
FREE = "start_date=2025-02-11&end_date=2025-11-20"


def fill(site):
    """Every customer orders in December 2025; all other orders are spread over three years, as a shop writes them: by time."""
    psql(f"""
        set session_replication_role = replica;
        insert into vibe.customers (site_id, customer_id, external_id, name, email) overriding system value
        select {site}, c, 'c' || c,
            initcap((array['ana','bruno','carla','diego','elisa','fabio','gilda','hugo','iara','joao','katia','luis','marta','nuno','olga','paulo'])
                [1 + (hashint8extended(c, 7) & 15)]) || ' ' || initcap(translate(left(md5(c::text), 8), '0123456789', 'aeiourstln')),
            'c' || c || '@' || left(md5((c % 1000)::text), 6) || '.example'
        from generate_series(1, {CUSTOMERS}) as c;
        insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency, item_count, is_refund, is_cancelled)
        select {site}, 1 + floor({CUSTOMERS} * power((hashint8extended(i, 1) & 1048575) / 1048576.0::float8, 1.5))::bigint, 'order-' || i,
            timestamptz '2023-01-01 03:00Z' + (i - 1) * (interval '1096 days' / {PURCHASES - CUSTOMERS}::float8),
            case when (hashint8extended(i, 3) & 31) = 0 then -1 else 1 end
                * round((5 + 400 * power((hashint8extended(i, 2) & 1048575) / 1048576.0::float8, 3))::numeric, 2),
            case when (hashint8extended(i, 5) & 63) = 0 then 'EUR' else 'USD' end,
            1 + (i % 4)::integer, (hashint8extended(i, 3) & 31) = 0, (hashint8extended(i, 4) & 63) = 0
        from generate_series(1, {PURCHASES} - {CUSTOMERS}) as i;
        insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency, item_count)
        select {site}, c, 'december-' || c, timestamptz '2025-12-01 12:00Z' + (hashint8extended(c, 8) & 4095) * interval '10 minutes',
            round((5 + 400 * power((hashint8extended(c, 9) & 1048575) / 1048576.0::float8, 3))::numeric, 2), 'USD', 1
        from generate_series(1, {CUSTOMERS}) as c;
        reset session_replication_role;
        update vibe.sites set time_zone = '{ZONE}' where site_id = {site}""")
    psql("vacuum (analyze) vibe.purchases; ")
    psql("vacuum (analyze) vibe.customers")
    psql(f"select vibe_private.refresh_revenue({site})")
    psql(f"select vibe_private.refresh_customer_days({site})")
    psql(f"select vibe.calculate_rfm('{site}', m) from unnest(array['2025-10', '2025-11', '2025-12']) as m")
    psql("vacuum (analyze) vibe.rfm_analysis")
    psql("vacuum (analyze) vibe.customer_days")
    psql("analyze")


def check(server, token, site):
    """Ends the benchmark where an answer is not what plain SQL counts."""
    for query, first, end in ((YEAR, "2025-01-01", "2026-01-01"), (FREE, "2025-02-11", "2025-11-21")):
        answer = get(server, token, f"/api/v1/analytics?{query}")
        counted = psql(f"""
            select sum(amount) filter (where currency = 'USD'), count(*) filter (where not is_refund), count(distinct customer_id) filter (where not is_refund)
            from vibe.purchases where site_id = {site} and not is_cancelled
            and purchased_at >= timestamp '{first}' at time zone '{ZONE}' and purchased_at < timestamp '{end}' at time zone '{ZONE}'""").split("|")
        told = [f"{answer['revenue']['total']:.2f}", str(answer["revenue"]["orders"]), str(answer["customers"]["total"])]
        if told != counted:
            sys.exit(f"{query}: told {told}, counted {counted}")
    page = get(server, token, "/api/v1/customers?month=2025-12&limit=50")
    if page["total"] != CUSTOMERS or len(page["customers"]) != 50 or sum(part["value"] for part in page["distribution"]) != CUSTOMERS:
        sys.exit(f"the month has {page['total']} customers, not {CUSTOMERS}")
    return page["pages"]


def get(server, token, path):
    status, answer = fetch(server.url + path, token=token)
    if status != 200:
        sys.exit(f"{path}: {status} {answer}")
    return answer


def slowest(server, token, path, connections):
    """The 95th percentile in ms."""
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder) / "request.lua"
        script.write_text(f'wrk.headers["Authorization"] = "Bearer {token}"\n'
                          'done = function(summary, latency) io.write(string.format(\'{"p95":%d,"errors":%d}\', latency:percentile(95), summary.errors.status)) end')
        command = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS * 2}s", "--timeout", "30s", "-s", script, server.url + path]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    told = json.loads(output[output.index("{"):])
    if told["errors"]:
        sys.exit(f"{path}: {told['errors']} failed")
    return told["p95"] / 1000


def main():
    with vibe() as server:
        token, _, site, _ = member(server)
        fill(site)
        pages = check(server, token, site)
        month = "/api/v1/customers?month=2025-12&limit=50"
        good = True
        for title, path, connections, most in (
            ("12 whole months, 8 clients, p95", f"/api/v1/analytics?{YEAR}", 8, 150),
            ("free range, 1 client, p95", f"/api/v1/analytics?{FREE}", 1, 1000),
            ("first page of the month", month, 1, 50),
            ("last page of the month", f"{month}&page={pages}", 1, 50),
            ("first page by a search", f"{month}&search=marta", 1, 200),
            ("last page by a search for an address", f"{month}&search=9@", 1, 200),
        ):
            good &= report(title, slowest(server, token, path, connections), most, "ms", most=True)
    return good


if __name__ == "__main__":
    sys.exit(not main())
