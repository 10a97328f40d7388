#!/usr/bin/env python3
"""The export of 500,000 customers over HTTP beside COPY of the same query by psql, and the memory that the server takes for it.

Both run as the same signed-in member, below row-level security, and both outputs are read and thrown away.
"""
import csv
import io
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request

from web import PGBIN, SHARE, member, psql, report, take_turns, vibe

CUSTOMERS = max(1000, round(500_000 * SHARE))
TARGET = 0.5
MOST_MEMORY = 64  # MB
MONTH = "2026-03"
FILL = """
insert into vibe.customers (site_id, customer_id, external_id, name, email, first_purchase_at, last_purchase_at, order_count, total_spent)
overriding system value
select {site}, n, 'c-' || n, case n % 50 when 0 then '=cmd' when 1 then 'Ana "Nita", ' else 'Customer number ' end || n, 'customer.' || n || '@shop.example',
    timestamptz '2025-05-01' + n * interval '17 seconds', timestamptz '2026-03-02' + n * interval '5 seconds', 1 + n % 9, round((n * 7.77) % 5000, 2)
from generate_series(1, {customers}) as n;
insert into vibe.rfm_analysis (site_id, customer_id, period_start, period_end, recency, frequency, monetary, currency, foreign_orders,
    r_score, f_score, m_score, cluster, map_version, small_n)
select {site}, n, m::date, (m + interval '1 month')::date, n % 31, 1 + n % 5, round((hashint8extended(n, 3) & 1048575) / 100.0, 2), 'USD', 0,
    1 + n % 5, 1 + n / 5 % 5, 1 + n / 25 % 5, (array['champions', 'loyal', 'opportunists', 'at_risk', 'hibernating', 'lost'])[1 + n % 6],
    (select max(version) from vibe.rfm_maps), false
from generate_series(1, {customers}) as n, unnest(array[timestamp '2026-02-01', timestamp '2026-03-01']) as m;
"""
QUERY = """
select a.customer_id, c.external_id, c.name, c.email, a.cluster, l.label_en, l.label_pt, a.recency, a.frequency, a.monetary, 'USD' as currency,
    a.r_score, a.f_score, a.m_score, a.small_n, a.foreign_orders, b.cluster as previous_cluster, b.monetary as previous_monetary,
    case when b.monetary > 0 then round(a.monetary / b.monetary - 1, 4) end as monetary_change,
    c.order_count, c.total_spent, c.first_purchase_at, c.last_purchase_at
from vibe.rfm_analysis as a
join vibe.customers as c on c.site_id = {site} and c.customer_id = a.customer_id
join vibe.rfm_cluster_labels as l on l.cluster = a.cluster
left join vibe.rfm_analysis as b on b.site_id = {site} and b.customer_id = a.customer_id and b.period_start = '2026-02-01' and b.period_end = '2026-03-01'
where a.site_id = {site} and a.period_start = '2026-03-01' and a.period_end = '2026-04-01'
order by a.monetary desc, a.customer_id desc"""


def peak(server):
    """The most that the server ever held, in MB."""
    with open(f"/proc/{server.process.pid}/status") as status:
        return int(re.search(r"VmHWM:\s*(\d+)", status.read())[1]) / 1024


def rate(run):
    """Rows a second."""
    def measured():
        began = time.monotonic()
        run()
        return CUSTOMERS / (time.monotonic() - began)
    return measured


def main():
    with vibe() as server:
        token, claims, site, _ = member(server)
        psql(FILL.format(site=site, customers=CUSTOMERS))
        psql("vacuum (analyze) vibe.customers")
        psql("vacuum (analyze) vibe.rfm_analysis")
        preamble = f"set role vibe_member;\nselect set_config('request.jwt.claims', $c${claims}$c$, false) \\g /dev/null\nset jit = off;\n"
        copy = preamble + "copy (" + QUERY.format(site=site).replace("\n", " ") + ") to stdout (format csv, header)"

        def by_psql(output=subprocess.DEVNULL):
            return subprocess.run([PGBIN / "psql", "-X", "-q", "-U", "vibe_server", "-v", "ON_ERROR_STOP=1"], input=copy.encode(), stdout=output, check=True).stdout

        def by_http(output="/dev/null", **more):
            query = urllib.parse.urlencode({"month": MONTH} | more)
            subprocess.run(["curl", "-sf", "-o", output, "-H", f"Authorization: Bearer {token}", f"{server.url}/api/v1/customers/export?{query}"], check=True)

        # The same rows first: what COPY writes, but for the apostrophe before what a spreadsheet would calculate.
        with urllib.request.urlopen(urllib.request.Request(
                f"{server.url}/api/v1/customers/export?month={MONTH}", headers={"Authorization": f"Bearer {token}"})) as answer:
            begun = time.monotonic()
            first = answer.read(1)
            waited = time.monotonic() - begun
            ours = list(csv.reader(io.StringIO((first + answer.read()).decode(), newline="")))
        theirs = list(csv.reader(io.StringIO(by_psql(subprocess.PIPE).decode(), newline="")))
        if len(ours) != CUSTOMERS + 1 or [row[0] for row in ours] != [row[0] for row in theirs] or ours[1][7:20] != [
                {"t": "true", "f": "false"}.get(cell, cell) for cell in theirs[1][7:20]]:
            sys.exit(f"the rows differ: {len(ours)} and {len(theirs)}, {ours[1]} and {theirs[1]}")
        ours = theirs = None
        ratios = take_turns(f"{CUSTOMERS:,} customers as CSV, rows", {"vibe": rate(by_http), "COPY by psql": rate(by_psql)})
        good = report("ratio to COPY by psql", ratios["COPY by psql"], TARGET)
        ratios = take_turns(f"{CUSTOMERS:,} customers as lines of JSON, rows", {"vibe": rate(lambda: by_http(format="ndjson")), "COPY by psql": rate(by_psql)}, pairs=1)
        print(f"   lines of JSON, ratio to COPY of CSV by psql: {ratios['COPY by psql']:.2f}; first byte after the head: {waited * 1000:.0f} ms", flush=True)
        good &= report("most memory of the server", peak(server), MOST_MEMORY, "MB", most=True)
    return good


if __name__ == "__main__":
    sys.exit(not main())
