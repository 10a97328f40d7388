"""What webhooks did not bring is fetched: paged, resumable, by any of the servers, through all that goes wrong on the way."""
import collections
import concurrent.futures
import csv
import datetime
import decimal
import io
import json
import lzma
import random
import signal
import zoneinfo

import pytest
from conftest import ROOT, Server, connect
from fakes.woocommerce import account, open_shop, order, stamp
from sources import T0, ask, connect_shop, settled, shop, until  # noqa: F401  a fixture

FILE = ROOT.parent / "shared/data/online_retail.csv.xz"


def fill(shop, orders, accounts=0):
    for number in range(1, accounts + 1):
        shop.put(account(number, email=f"c{number}@x.example", first=f"C{number}", created=T0))
    for number in range(1, orders + 1):
        shop.put(order(number, created=T0 + number * 60, customer=number % 7 + 1, email=f"c{number % 7 + 1}@x.example", items=[(number % 5, "A", 1, 10)]))


def ended(dbname, seconds=60):
    """The import job when it has ended."""
    return until(lambda: ask(dbname, """
        select status, processed, total, error ->> 'code' from vibe.queue_jobs
        where kind = 'import_woocommerce' and status not in ('queued', 'running') order by job_id desc limit 1"""), seconds)[0]


def begin(dbname):
    with connect(dbname) as admin:
        return admin.execute("select vibe.import_source('shop', source_id) from vibe.sources").fetchone()[0]


def make_due(dbname):
    """As if the pause of the job that waits were over."""
    with connect(dbname) as admin:
        admin.execute("delete from vibe.queue_circuits")
        admin.execute("update vibe.queue_jobs set run_at = now() where status = 'queued'")


def totals(dbname):
    return ask(dbname, "select count(*), count(distinct customer_id), sum(amount)::text from vibe.purchases where not is_cancelled")[0]


def test_everything_once_then_what_changed(database, shop, make_server):
    fill(shop, 250, accounts=9)
    server = make_server(database, VIBE_OUTGOING_ALLOW=f"127.0.0.1:{shop.port}")
    connect_shop(database, shop)
    begin(database)
    assert ended(database)[:2] == ("done", 259)
    assert settled(database) == {"applied": 259}
    assert totals(database) == (250, 7, "2500.00")
    assert ask(database, "select count(*) from vibe.customers") == [(9,)]
    pages = [(path.rsplit("/", 1)[1], query["page"], query["per_page"]) for path, query, _ in shop.requests]
    assert pages == [("customers", "1", "100"), ("orders", "1", "100"), ("orders", "2", "100"), ("orders", "3", "100")]
    assert "modified_after" not in shop.requests[1][1]
    # Then only what changed after that; what is listed again is not applied again.
    now = int(datetime.datetime.now().timestamp())
    shop.put(order(7, created=T0 + 7 * 60, modified=now, customer=1, email="c1@x.example", items=[(1, "A", 2, 25)]))
    shop.put(order(251, created=now, customer=1, email="c1@x.example", items=[(1, "A", 2, 20)]))
    shop.requests.clear()
    begin(database)
    until(lambda: ask(database, "select from vibe.queue_jobs where kind = 'import_woocommerce' having count(*) filter (where status = 'done') = 2"))
    settled(database)
    assert [(path.rsplit("/", 1)[1], query.get("modified_after", "")[:4]) for path, query, _ in shop.requests] == [("orders", str(datetime.date.today().year))]
    assert totals(database) == (251, 7, "2535.00")
    assert ask(database, "select status, failed, waiting from vibe.source_status") == [("ok", 0, 0)]
    # The keys are in no table that anybody reads, and in no log.
    log = server.log.read_text()
    assert shop.secret not in log and shop.key not in log
    assert shop.secret not in str(ask(database, "select j.input::text, s.state::text from vibe.queue_jobs as j left join vibe_private.queue_states as s using (job_id)"))


def test_a_shop_that_is_down_for_an_hour(database, shop, make_server):
    fill(shop, 120)
    make_server(database, VIBE_OUTGOING_ALLOW=f"127.0.0.1:{shop.port}")
    connect_shop(database, shop)
    begin(database)
    assert ended(database)[0] == "done"
    settled(database)
    shop.close()
    shop.put(order(121, created=int(datetime.datetime.now().timestamp()), customer=1, email="c1@x.example", items=[(1, "A", 1, 10)]))
    begin(database)
    for attempt in (1, 2, 3):
        until(lambda: ask(database, "select from vibe.queue_jobs where status = 'queued' and kind = 'import_woocommerce' and attempts >= %s", attempt))
        make_due(database)
    (status, since, last_error), = ask(database, "select status, since, last_error from vibe.source_status")
    assert status == "error" and last_error.startswith("the shop cannot be reached")
    # Since the first failure, not the last; and nobody is told that there were no orders.
    assert since < ask(database, "select last_error_at from vibe.source_status")[0][0]
    # An hour later it is back.
    with connect(database) as admin:
        admin.execute("update vibe.source_states set error_since = error_since - interval '1 hour', last_success_at = last_success_at - interval '1 hour'")
    shop.open()
    make_due(database)
    until(lambda: ask(database, "select from vibe.source_status where status = 'ok'"))
    until(lambda: totals(database) == (121, 7, "1210.00"))
    assert ask(database, "select count(*) filter (where status = 'failed') from vibe.queue_jobs") == [(0,)]


def test_errors_of_the_shop(database, shop, make_server):
    fill(shop, 150)
    make_server(database, VIBE_OUTGOING_ALLOW=f"127.0.0.1:{shop.port}")
    source, _, _ = connect_shop(database, shop)
    # Too fast, broken, half an answer, no list: each is asked again and nothing is lost.
    shop.fault(429, headers={"Retry-After": "1"}, after=1)
    shop.fault(503, after=1)
    shop.fault(200, body=b'[{"id": 1', after=1)
    shop.fault(200, body=b'{"maintenance": true}', after=0)
    begin(database)

    def done():
        make_due(database)
        return ask(database, "select from vibe.queue_jobs where kind = 'import_woocommerce' and status = 'done'")

    until(done, 60)
    settled(database)
    assert totals(database) == (150, 7, "1500.00")
    assert not [fault for fault in shop.faults if fault["times"]]
    # A key that is refused is no matter of time.
    shop.key, kept = "ck_other", shop.key
    begin(database)
    assert until(lambda: ask(database, "select error ->> 'code' from vibe.queue_jobs where kind = 'import_woocommerce' and status = 'failed'")) == [("http_401",)]
    assert ask(database, "select status, last_error from vibe.source_status") == [("error", "the shop refuses the consumer key (401)")]
    # New credentials: it goes on at once.
    shop.key = kept
    connect_shop(database, shop)
    begin(database)
    until(lambda: ask(database, "select from vibe.source_status where status = 'ok'"))


def test_orders_deleted_while_they_are_read(database, shop, make_server):
    fill(shop, 250)
    make_server(database, VIBE_OUTGOING_ALLOW=f"127.0.0.1:{shop.port}")
    connect_shop(database, shop)
    shop.pause = 0.5
    begin(database)
    # After the first page of orders 30 of its orders go, and all others move forward.
    until(lambda: any(path.endswith("orders") and query["page"] == "1" for path, query, _ in shop.requests), pause=0.02)
    until(lambda: ask(database, "select from vibe.source_deliveries having count(*) = 100"), pause=0.02)
    with shop.lock:
        for number in range(1, 31):
            del shop.orders[number]
    assert ended(database)[0] == "done"
    settled(database)
    assert {row[0] for row in ask(database, "select external_id::int from vibe.purchases")} >= set(range(31, 251))


def test_a_server_killed_in_the_middle_is_gone_on_for(database, shop, make_server):
    fill(shop, 600)
    shop.pause = 0.3
    first = make_server(database, VIBE_OUTGOING_ALLOW=f"127.0.0.1:{shop.port}")
    connect_shop(database, shop)
    begin(database)
    until(lambda: ask(database, "select from vibe.queue_jobs where kind = 'import_woocommerce' and processed >= 200"), pause=0.02)
    first.kill(signal.SIGKILL)
    stored = ask(database, "select count(*) from vibe.source_deliveries")[0][0]
    assert 200 <= stored < 600
    read = len(shop.requests)
    make_server(database, VIBE_OUTGOING_ALLOW=f"127.0.0.1:{shop.port}")
    assert ended(database, 90)[:2] == ("done", 600)
    settled(database)
    assert totals(database) == (600, 7, "6000.00")
    # What was stored was not asked for again, but for the page under way.
    assert [query["page"] for _, query, _ in shop.requests[read:]][0] in (str(stored // 100), str(stored // 100 + 1))
    assert ask(database, "select count(*) from vibe.source_deliveries") == [(600,)]


def test_two_servers_share_the_work(database, shop, make_server, tmp_path_factory):
    fill(shop, 500)
    shop.pause = 0.05
    servers = [make_server(database, VIBE_OUTGOING_ALLOW=f"127.0.0.1:{shop.port}")]
    second = Server(database, tmp_path_factory.mktemp("second"), VIBE_OUTGOING_ALLOW=f"127.0.0.1:{shop.port}").start()
    try:
        source, path, secret = connect_shop(database, shop)
        hooks = [shop.add_webhook("order.updated", server.url + path, secret) for server in (servers[0], second)]
        begin(database)
        # Meanwhile both doors bring orders, some of which the import brings too.
        for number in range(1, 101):
            assert shop.deliver(hooks[number % 2], number) == 200
        assert ended(database)[:2] == ("done", 500)
        counts = settled(database)
        assert counts["applied"] + counts["ignored"] == 600 and "failed" not in counts
        assert totals(database) == (500, 7, "5000.00")
        assert ask(database, "select max(attempts), count(*) from vibe.source_deliveries") == [(1, 600)]
        assert ask(database, "select count(*) from vibe.queue_jobs where kind = 'import_woocommerce'") == [(1,)]
        assert collections.Counter(query["page"] for path, query, _ in shop.requests if path.endswith("orders")) == {str(page): 1 for page in range(1, 6)}
    finally:
        second.stop()


# -- The invoices of UCI Online Retail as orders of a shop ------------------------------------------------------------------

CENT = decimal.Decimal("0.01")
LONDON = zoneinfo.ZoneInfo("Europe/London")
OPTIONS = {
    "columns": {"order_id": "InvoiceNo", "product_id": "StockCode", "product": "Description", "quantity": "Quantity", "purchased_at": "InvoiceDate",
                "unit_price": "UnitPrice", "customer_id": "CustomerID", "location": "Country"},
    "refund_prefix": "C",
}


def invoices(months):
    """(the file's records of these months, orders of WooCommerce that say the same).

    A cancellation is a refund of the customer's order before it, told by a later version of that order. Without such an order it
    can be no refund of a shop and is left out of both.
    """
    source = csv.DictReader(io.StringIO(lzma.open(FILE, "rt", encoding="utf-8", newline="").read()))
    groups = collections.defaultdict(list)
    for row in source:
        if row["InvoiceDate"][:7] in months and row["CustomerID"]:
            groups[row["InvoiceNo"]].append(row | {"CustomerID": row["CustomerID"].removesuffix(".0")})
    last, records, versions = {}, [], []
    for invoice, rows in sorted(groups.items(), key=lambda item: (item[1][0]["InvoiceDate"], item[0])):
        at = int(datetime.datetime.fromisoformat(rows[0]["InvoiceDate"]).replace(tzinfo=LONDON).timestamp())
        customer = rows[0]["CustomerID"]
        # Exact repeats of a line are refused by the import.
        rows = list({tuple(row.values()): row for row in rows}.values())
        amounts = [(int(row["Quantity"]) * decimal.Decimal(row["UnitPrice"])).quantize(CENT, decimal.ROUND_HALF_UP) for row in rows]
        if invoice.startswith("C"):
            told = last.get(customer)
            if told is None:
                continue
            # The file knows minutes: of one minute each version is a second later.
            while stamp(at) <= told["date_modified_gmt"]:
                at += 1
            told = told | {"refunds": told["refunds"] + [{"id": int(invoice[1:]), "reason": "", "total": str(sum(amounts))}], "date_modified_gmt": stamp(at)}
        else:
            if any(int(row["Quantity"]) <= 0 for row in rows):
                continue
            told = order(int(invoice), status="completed", created=at, customer=int(customer), email=f"c{customer}@x.example", currency="GBP",
                         items=[(row["StockCode"], row["Description"], int(row["Quantity"]), amount) for row, amount in zip(rows, amounts)], total=sum(amounts))
        last[customer] = told
        records += rows
        versions.append(told)
    return records, versions


def test_online_retail_as_orders_gives_the_rfm_of_the_import(make_database, make_server):
    """Expected values come from the bulk import, which test_online_retail.py compares with a recount in Python."""
    if not FILE.exists():
        pytest.skip(f"{FILE} is missing")
    months = ["2011-02", "2011-03"]
    records, versions = invoices(months)
    database = make_database()
    text = io.StringIO()
    writer = csv.DictWriter(text, records[0].keys())
    writer.writeheader()
    writer.writerows(records)
    with connect(database) as admin:
        for site in ("bulk", "shop"):
            admin.execute("select vibe.create_site(%s, time_zone => 'Europe/London', currency => 'GBP')", [site])
        number, command = admin.execute("select * from vibe.begin_import('bulk', 'lines', %s)", [json.dumps(OPTIONS)]).fetchone()
        with admin.cursor().copy(command) as rows:
            rows.write(text.getvalue().encode())
        answer = admin.execute("select vibe.finish_import(%s)", [number]).fetchone()[0]
        assert answer["rejected"] == 0 and answer["imported"] > 2000
    server = make_server(database)
    with open_shop() as shop:
        _, path, secret = connect_shop(database, shop, keys=False)
        hook = shop.add_webhook("order.updated", server.url + path, secret)
        # All of them overtake each other, and refunds come before the orders they are of.
        random.Random(3).shuffle(versions)
        with concurrent.futures.ThreadPoolExecutor(8) as senders:
            assert set(senders.map(lambda told: shop.send(hook, told), versions)) == {200}
        counts = settled(database, 120)
    assert "failed" not in counts
    with connect(database) as admin:
        def rfm(site, month):
            admin.execute("select vibe.calculate_rfm(%s, %s)", [site, month])
            return admin.execute("""
                select c.external_id, a.recency, a.frequency, a.monetary, a.r_score, a.f_score, a.m_score
                from vibe.rfm_analysis as a join vibe.customers as c using (site_id, customer_id)
                where a.site_id = vibe.site_id(%s) and a.period_start = %s order by 1""", [site, month + "-01"]).fetchall()

        for month in months:
            told, expected = rfm("shop", month), rfm("bulk", month)
            assert len(expected) > 300 and told == expected, month
        told, expected = (admin.execute("""
            select external_id, order_count, total_spent, first_purchase_at, last_purchase_at from vibe.customers
            where site_id = vibe.site_id(%s) order by 1""", [site]).fetchall() for site in ("shop", "bulk"))
        assert told == expected
