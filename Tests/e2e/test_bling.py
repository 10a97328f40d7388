"""Bling ERP through real servers against a Bling of our own (fakes/bling.py), which keeps Bling's documented rules.

What must come out is reckoned here from the orders that the fake was given, apart from the product's SQL.
"""
import contextlib
import datetime
import json
import os
import pathlib
import subprocess
import sys
import time
import urllib.parse
from decimal import Decimal

import pytest

from conftest import ROOT, Server, connect

sys.path.insert(0, str(pathlib.Path(__file__).parent / "fakes"))
from bling import Bling  # noqa: E402

PAID, OPEN, CANCELLED = 9, 6, 12
PASSWORD = "correct horse"


def until(done, seconds=60, what="it"):
    """The first true result of `done`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        result = done()
        if result:
            return result
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen within {seconds} s")


class Shop:
    """A site, its Bling and the servers between them."""

    def __init__(self, dbname, directory, bling):
        self.dbname, self.directory, self.bling = dbname, directory, bling
        self.servers = []
        self.admin = connect(dbname)
        self.admin.execute("select vibe.create_site('shop', time_zone => 'America/Sao_Paulo', currency => 'BRL')")
        self.site_id = self.one("select vibe.site_id('shop')")
        self.admin.execute("select vibe.create_user('owner@example.com', %s)", [PASSWORD])
        self.admin.execute("select vibe.add_member('shop', 'owner@example.com', 'owner')")
        self.secret = os.urandom(32).hex()

    def close(self):
        for server in self.servers:
            server.stop()
        self.admin.close()

    def serve(self):
        place = self.directory / f"server{len(self.servers)}"
        place.mkdir()
        server = Server(self.dbname, place, VIBE_OUTGOING_ALLOW=self.bling.address, VIBE_JWT_SECRET=self.secret)
        self.servers.append(server.start())
        return server

    def sign_in(self, email="owner@example.com"):
        status, answer = self.servers[0].request("/auth/v1/token?grant_type=password", {"email": email, "password": PASSWORD})
        assert status == 200, answer
        return answer["access_token"]

    def one(self, query, *parameters):
        return self.admin.execute(query, parameters).fetchone()[0]

    def rows(self, query, *parameters):
        return self.admin.execute(query, parameters).fetchall()

    def begin(self, **settings):
        """Connects the source; the start address."""
        settings = {"client_id": self.bling.client_id, "client_secret": self.bling.client_secret, "base_url": self.bling.url,
                    "requests_per_second": 40, "import_from": self.bling.today() - datetime.timedelta(days=60)} | settings
        arguments = ", ".join(f"{name} => %s" for name in settings)
        row = self.admin.execute(f"select * from vibe.connect_bling('shop', {arguments})", list(settings.values())).fetchone()
        self.source_id, start, callback, self.webhook = row
        self.bling.redirect_uri = self.servers[0].url + callback
        return start

    def consent(self, start):
        """The owner allows it at Bling, whose answer the browser carries to the server: (status, answer)."""
        url = urllib.parse.urlsplit(self.bling.approve(start))
        return self.servers[0].request(f"{url.path}?{url.query}")

    def connect(self, **settings):
        status, answer = self.consent(self.begin(**settings))
        assert status == 200, answer

    def job(self, kind):
        """(status, error code) of the newest job of a kind."""
        rows = self.rows("select status, error ->> 'code' from vibe.queue_jobs where kind = %s order by job_id desc limit 1", kind)
        return rows[0] if rows else (None, None)

    def is_through(self):
        """Whether the import is over and applied."""
        return (self.job("bling_sync")[0] == "done" and self.job("bling_read")[0] == "done"
                and not self.one("select count(*) from vibe.source_deliveries where status = 'new'")
                and not self.one("select count(*) from vibe_private.bling_tasks where wanted_at is not null"))

    def finish(self, seconds=60):
        until(self.is_through, seconds, "the import")
        self.check()

    def hurry(self):
        """The pause of what waits is over: a test's way of letting an hour pass."""
        self.admin.execute("update vibe.queue_jobs set run_at = now() where status = 'queued'; notify vibe_queue")

    def check(self):
        """Orders, items and customers are those of the fake."""
        assert self.rows("select external_id, reason from (select external_id, error as reason from vibe.source_deliveries where status = 'failed') as f") == []
        stored = {number: rest for number, *rest in self.rows("""
            select p.external_id, p.amount, p.is_cancelled, (p.purchased_at at time zone 'America/Sao_Paulo')::date, c.external_id, c.email
            from vibe.purchases as p left join vibe.customers as c using (site_id, customer_id) where p.site_id = %s""", self.site_id)}
        expected = {}
        for number, order in self.bling.orders.items():
            person = order["contato"]["id"]
            expected[str(number)] = [
                Decimal(str(order["total"])).quantize(Decimal("0.01")), order["situacao"]["id"] not in (9, 15, 18, 24),
                datetime.date.fromisoformat(order["data"]), str(person) if person else None,
                self.bling.contacts[person]["email"] or None if person else None]
        assert stored == expected
        lines = sorted(self.rows("""
            select p.external_id, i.product_id, i.quantity, i.amount from vibe.purchase_items as i
            join vibe.purchases as p using (site_id, purchase_id) where p.site_id = %s""", self.site_id))
        assert lines == sorted(
            (str(number), str(item["produto"]["id"]), item["quantidade"],
             (Decimal(str(item["valor"])) * item["quantidade"] * (100 - Decimal(str(item["desconto"]))) / 100).quantize(Decimal("0.01")))
            for number, order in self.bling.orders.items() for item in order["itens"])


@pytest.fixture
def bling():
    fake = Bling(per_second=60)
    yield fake
    fake.close()


@pytest.fixture
def shop(database, tmp_path, bling):
    with contextlib.closing(Shop(database, tmp_path, bling)) as made:
        made.serve()
        yield made


def fill(bling, orders, contacts=5, products=3):
    """Orders of the last 50 days: paid ones, open and cancelled ones, guests, discounts."""
    for n in range(contacts):
        bling.add_contact(700 + n, f"Pessoa {n} Conceição", f"pessoa{n}@example.com", "11 98888-0000")
    for n in range(products):
        bling.add_product(500 + n, f"Camisa {n}", f"SKU-{n}", 19.9 + n, 10 * n)
    for n in range(orders):
        price = 10 + n / 4
        bling.add_order(
            90_000 + n, str(bling.today() - datetime.timedelta(days=n % 50)), round(2 * price * 0.9 + 5, 2),
            contact=700 + n % contacts if n % 7 else 0, status=(PAID, PAID, OPEN, CANCELLED, 15)[n % 5],
            items=[(500 + n % products, "Camisa", 2, price, 10), (500, "Brinde", 1, 5, 0)])


def test_from_consent_to_figures(shop, bling):
    fill(bling, 130)
    token = shop.sign_in()
    status, answer = shop.servers[0].request("/rest/v1/rpc/connect_bling", {
        "client_id": bling.client_id, "client_secret": bling.client_secret, "base_url": bling.url, "requests_per_second": 40,
        "import_from": str(bling.today() - datetime.timedelta(days=60))}, token)
    assert status == 200, answer
    answer = answer[0] if isinstance(answer, list) else answer
    shop.source_id = answer["source_id"]
    start, bling.redirect_uri = answer["start_url"], shop.servers[0].url + answer["callback_path"]
    url = urllib.parse.urlsplit(bling.approve(start))
    status, said = shop.servers[0].request(f"{url.path}?{url.query}")
    assert (status, said) == (200, {"message": "Bling is being connected; you may close this page"})
    # The state has served: neither again nor made up does it do anything.
    for query in (url.query, "state=made-up&code=x", "code=x", ""):
        status, said = shop.servers[0].request(f"{url.path}?{query}")
        assert (status, said["error"]["code"]) == (400, "STATE_UNKNOWN"), said
    shop.finish()
    # A page that is not full is the last: two of orders for the month with most, and each order and person once.
    assert bling.count("GET /pedidos/vendas/") == 130
    assert bling.count("GET /contatos/") == 5
    assert bling.count("POST /oauth/token") == 1
    assert bling.refused == 0
    assert sorted(shop.rows("select product_id, code, stock, physical_stock, is_stale from vibe.stock_levels")) == [
        (str(500 + n), f"SKU-{n}", 10 * n, 10 * n, False) for n in range(3)]
    status, levels = shop.servers[0].request("/rest/v1/stock_levels?select=product_id,sold_30_days&order=product_id", token=token)
    month = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=30)
    sold = dict.fromkeys(range(500, 503), 0)
    for order in bling.orders.values():
        at = datetime.datetime.fromisoformat(order["data"] + "T00:00:00-03:00")
        if order["situacao"]["id"] in (9, 15) and at >= month:
            for item in order["itens"]:
                sold[item["produto"]["id"]] += item["quantidade"]
    assert (status, levels) == (200, [{"product_id": str(n), "sold_30_days": pieces} for n, pieces in sold.items()])
    assert shop.rows("select status, last_error from vibe.source_status") == [("ok", None)]
    status, account = shop.servers[0].request("/rest/v1/rpc/get_bling_account", {}, token)
    assert status == 200 and account[0]["is_connected"] and account[0]["waiting"] == 0 and account[0]["given_up"] == 0
    assert account[0]["requests_today"] == len(bling.requests) - 1
    # An hour later nothing new is read one by one but what changed.
    bling.add_order(90_001, str(bling.today()), 77, contact=701, status=PAID, changed=str(bling.today()), items=[(501, "Camisa", 1, 77, 0)])
    bling.products[502]["situacao"] = "I"
    del bling.products[501]
    shop.admin.execute("update vibe.queue_jobs set created_at = created_at - interval '61 minutes';"
                       "update vibe_private.queue_kinds set ticked_at = null; notify vibe_queue")
    until(lambda: bling.count("GET /pedidos/vendas/90001$") == 2, what="the changed order")
    shop.finish()
    assert bling.count(r"GET /pedidos/vendas/\d") == 131
    assert shop.rows("select product_id from vibe.stock_levels") == [("500",)]
    # Everything again, as a member may ask for.
    status, job = shop.servers[0].request("/rest/v1/rpc/import_source", {"site": "shop", "source_id": shop.source_id, "everything": True}, token)
    assert status == 200, job
    until(lambda: bling.count(r"GET /pedidos/vendas/\d") == 261, what="the reading of everything")
    shop.finish()


def test_pace_of_two_servers(shop, bling):
    bling.per_second = 3
    fill(bling, 9, contacts=2, products=1)
    shop.serve()
    # Less than is allowed: on a busy machine a request may come up to a quarter of a second late, and the fourth after it not.
    shop.connect(requests_per_second=Decimal("2.5"), import_from=bling.today() - datetime.timedelta(days=20))
    shop.finish(90)
    assert bling.refused == 0 and bling.most_in_a_second <= 3
    times = sorted(r["at"] for r in bling.requests if not r["path"].startswith("/oauth"))
    assert len(times) > 12 and times[-1] - times[0] >= (len(times) - 1) / 2.5 - 0.2, "both together keep to it"


def test_token_ends_in_mid_import(shop, bling):
    fill(bling, 60)
    bling.fault(path=r"^/pedidos/vendas/\d", after=20, hook=bling.expire_access)
    shop.connect()
    shop.finish()
    assert [r["form"]["grant_type"] for r in bling.requests if r["path"] == "/oauth/token"] == ["authorization_code", "refresh_token"]
    assert bling.count(r"GET /pedidos/vendas/\d") <= 62
    # Before its end a token is renewed too, without an order refused.
    before = bling.count("401")
    shop.admin.execute("update vibe_private.source_secrets set expires_at = now() + interval '4 minutes' where name = 'access_token'")
    shop.admin.execute("select vibe_private.want_from_bling(%s, %s, 'order', '{90000}')", [shop.site_id, shop.source_id])
    until(lambda: bling.count("POST /oauth/token") == 3, what="the refresh")
    shop.finish()
    assert bling.count("401") == before
    # What is stored is what Bling gave last, and unused.
    stored = shop.one("select value from vibe_private.source_secrets where name = 'refresh_token'")
    assert not bling.refresh[stored]["is_used"]


def test_refresh_token_used_twice_ends_the_consent(shop, bling):
    fill(bling, 30)
    shop.connect()
    shop.finish()
    # Somebody restored a backup elsewhere and used its token.
    stored = shop.one("select value from vibe_private.source_secrets where name = 'refresh_token'")
    with bling.lock:
        bling.refresh[stored]["is_used"] = True
    bling.expire_access()
    bling.add_order(95_000, str(bling.today()), 12.5, contact=701, items=[(501, "Camisa", 1, 12.5, 0)])
    calls = bling.count("POST /oauth/token")
    assert bling.deliver(shop.servers[0].url + shop.webhook, "order.created", {"id": 95_000}) == 200
    until(lambda: shop.job("bling_read") == ("failed", "RECONNECT_NEEDED"), what="the failure")
    status, error = shop.rows("select status, last_error from vibe.source_status")[0]
    assert status == "error" and "vibe.start_bling()" in error
    assert shop.one("select is_connected from vibe.get_bling_account('shop')") is False
    # Nobody knocks again: notices are kept, the hourly work leaves it out.
    shop.admin.execute("update vibe.queue_jobs set created_at = created_at - interval '61 minutes';"
                       "update vibe_private.queue_kinds set ticked_at = null; notify vibe_queue")
    assert bling.deliver(shop.servers[0].url + shop.webhook, "order.updated", {"id": 95_000}) == 200
    time.sleep(2)
    assert bling.count("POST /oauth/token") == calls + 1
    # The owner allows it again: what waited is read.
    assert shop.consent(shop.one("select vibe.start_bling('shop')"))[0] == 200
    until(lambda: shop.one("select count(*) from vibe.purchases where external_id = '95000'") == 1, what="the order")
    shop.finish()
    assert shop.rows("select status from vibe.source_status") == [("ok",)]


def test_too_many_requests(shop, bling):
    # Another app of the same account uses up most of its share.
    bling.per_second = 4
    fill(bling, 25)
    shop.connect(requests_per_second=20, import_from=bling.today() - datetime.timedelta(days=30))
    shop.finish(120)
    assert bling.refused > 0
    assert shop.one("select max(attempts) from vibe.queue_jobs") == 0
    assert shop.one("select count(*) from vibe.queue_circuits") == 0


def test_limit_of_the_day(shop, bling):
    def midnight():
        return datetime.datetime.combine(bling.today() + datetime.timedelta(days=1), datetime.time(3), datetime.timezone.utc)

    left = (midnight() - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
    if left < 90:  # A day that ended under the test would give it a second limit.
        time.sleep(left + 1)
    bling.per_day = 20
    fill(bling, 40)
    shop.connect()
    paused = "select max(run_at) from vibe.queue_jobs where kind = 'bling_read' and status = 'queued' and run_at >= %s"
    until(lambda: shop.one(paused, midnight()), what="the pause")
    asked = len(bling.requests)
    assert shop.one(paused, midnight()) - midnight() <= datetime.timedelta(seconds=70)
    # Woken too soon it asks nothing, nor does another kind of job.
    shop.hurry()
    time.sleep(2)
    assert len(bling.requests) <= asked + 1
    bling.per_day = 100_000
    shop.admin.execute("update vibe_private.bling_accounts set day = day - 1")
    shop.hurry()
    shop.finish()


def test_down_for_an_hour_then_back(shop, bling):
    fill(bling, 50)
    # Nothing is read any more: one answer between would begin to count the failures anew.
    bling.fault(path=r"^/(pedidos/vendas/\d|contatos/|estoques/)", after=15, times=10_000, status=503, body={"error": {"type": "SERVER_ERROR"}})
    shop.connect()
    until(lambda: shop.rows("select 1 from vibe.queue_jobs where kind = 'bling_read' and attempts = 1"), what="the first failure")
    for tries in range(2, 8):
        shop.hurry()
        until(lambda: shop.one("select max(attempts) from vibe.queue_jobs where kind = 'bling_read'") == tries, what=f"failure {tries}")
    # It is left alone by now, and nothing was given up.
    assert shop.one("select state from vibe.queue_status where kind = 'bling_read'") == "paused"
    assert shop.rows("select status, last_error, since <= last_error_at from vibe.source_status") == [("error", "Bling answered with status 503", True)]
    assert shop.one("select given_up from vibe.get_bling_account('shop')") == 0
    bling.mend()
    shop.hurry()
    shop.finish()
    assert shop.rows("select status from vibe.source_status") == [("ok",)]
    assert shop.one("select count(*) from vibe.queue_circuits") == 0


def test_what_bling_cannot_give_is_given_up_alone(shop, bling):
    fill(bling, 12)
    bling.fault(path=r"^/pedidos/vendas/90003$", times=10_000, status=500)
    bling.fault(path=r"^/pedidos/vendas/90004$", times=10_000, status=400, body={
        "error": {"type": "VALIDATION_ERROR", "description": "x", "fields": [{"msg": "pedido inválido"}]}})
    bling.fault(path=r"^/contatos/", times=10_000, status=403, body={"error": {"type": "FORBIDDEN", "description": "insufficient_scope"}})
    shop.connect()
    until(lambda: shop.rows("select 1 from vibe_private.bling_tasks where external_id = '90003' and attempts > 0"), what="the failure")

    def is_given_up():
        shop.hurry()
        # Others are read between its failures.
        shop.admin.execute("select vibe_private.want_from_bling(%s, %s, 'order', '{90005}')", [shop.site_id, shop.source_id])
        time.sleep(0.5)
        return shop.rows("select 1 from vibe_private.bling_tasks where external_id = '90003' and wanted_at is null")

    until(is_given_up, what="giving up")
    assert shop.rows("select error from vibe_private.bling_tasks where external_id in ('90003', '90004') order by external_id") == [
        ("Bling answered with status 500",), ("Bling refuses it with status 400: pedido inválido",)]
    until(lambda: shop.one("select count(*) from vibe.purchases") == 10, what="the others")


def test_server_killed_in_mid_import(shop, bling):
    fill(bling, 80)
    shop.begin()
    shop.connect(requests_per_second=15)
    until(lambda: bling.count(r"GET /pedidos/vendas/\d") >= 25, what="a part of the import")
    shop.servers[0].kill()
    read = bling.count(r"GET /pedidos/vendas/\d")
    assert read < 80
    shop.serve()
    shop.finish(120)
    # One may have been asked twice: the answer that died with the server.
    assert 80 <= bling.count(r"GET /pedidos/vendas/\d") <= 81
    assert bling.count("POST /oauth/token") == 1
    assert shop.rows("select external_id from vibe.purchases group by external_id having count(*) > 1") == []


def test_two_servers_read_each_thing_once(shop, bling):
    fill(bling, 100)
    shop.serve()
    shop.connect()
    shop.finish()
    assert bling.count(r"GET /pedidos/vendas/\d") == 100
    assert bling.count("POST /oauth/token") == 1
    assert shop.one("select count(*) from vibe.source_deliveries where topic = 'order.read'") == 100
    # Both need a new token at once, and one asks.
    bling.expire_access()
    shop.admin.execute("update vibe.queue_jobs set created_at = created_at - interval '61 minutes';"
                       "update vibe_private.queue_kinds set ticked_at = null; notify vibe_queue")
    shop.admin.execute("select vibe_private.want_from_bling(%s, %s, 'order', %s)", [shop.site_id, shop.source_id, [str(n) for n in list(bling.orders)[:20]]])
    until(lambda: bling.count("POST /oauth/token") == 2, what="the refresh")
    shop.finish()
    assert bling.count("POST /oauth/token") == 2
    assert not any(known["consent"].is_revoked for known in bling.refresh.values())


def test_codes(shop, bling):
    # Denied.
    url = urllib.parse.urlsplit(bling.deny(shop.begin()))
    status, answer = shop.servers[0].request(f"{url.path}?{url.query}")
    assert (status, answer["error"]["code"]) == (400, "CONSENT_DENIED")
    # The answer to the code is lost: it is not sent again, since that would end the consent.
    bling.fault(path="^/oauth/token", drop=True)
    shop.consent(shop.one("select vibe.start_bling('shop')"))
    until(lambda: shop.job("bling_connect")[0] == "failed", what="the failure")
    assert bling.count("POST /oauth/token") == 1
    assert "vibe.start_bling()" in shop.one("select last_error from vibe.source_status")
    # Older than its minute at Bling.
    start = shop.one("select vibe.start_bling('shop')")
    url = urllib.parse.urlsplit(bling.approve(start))
    bling.advance(61)
    shop.servers[0].request(f"{url.path}?{url.query}")
    until(lambda: shop.job("bling_connect") == ("failed", "CODE_REFUSED"), what="the refusal")
    # A state older than ten minutes.
    start = shop.one("select vibe.start_bling('shop')")
    shop.admin.execute("update vibe_private.bling_states set expires_at = now()")
    status, answer = shop.consent(start)
    assert (status, answer["error"]["code"]) == (400, "STATE_UNKNOWN")
    # A wrong secret.
    shop.begin(client_secret="wrong")
    shop.consent(shop.one("select vibe.start_bling('shop')"))
    until(lambda: shop.job("bling_connect") == ("failed", "CLIENT_REFUSED"), what="the refusal")
    # And at last the right way.
    shop.connect()
    until(lambda: shop.job("bling_connect")[0] == "done", what="the connection")


def test_webhooks(shop, bling):
    fill(bling, 10)
    shop.connect()
    shop.finish()
    url = shop.servers[0].url + shop.webhook
    kept = shop.one("select count(*) from vibe.source_deliveries")
    # Nobody but Bling: wrong secret, changed body, no signature, no such source: one answer.
    assert bling.deliver(url, "order.created", {"id": 1}, secret="other") == 401
    assert bling.deliver(url, "order.created", {"id": 1}, tamper=True) == 401
    assert bling.deliver(shop.servers[0].url + "/webhooks/bling/999", "order.created", {"id": 1}) == 401
    assert bling.deliver(shop.servers[0].url + "/webhooks/bling/shop", "order.created", {"id": 1}) == 401
    answers = {json.dumps(shop.servers[0].request(path, {"event": "order.created"}, method="POST")) for path in (shop.webhook, "/webhooks/bling/999")}
    assert len(answers) == 1 and '"BAD_SIGNATURE"' in answers.pop()
    assert shop.one("select count(*) from vibe.source_deliveries") == kept
    # A new order, told twice.
    bling.add_order(96_000, str(bling.today()), 50, contact=702, items=[(501, "Camisa", 1, 50, 0)])
    assert [bling.deliver(url, "order.created", {"id": 96_000}) for _ in range(2)] == [200, 200]
    until(lambda: shop.one("select count(*) from vibe.purchases where external_id = '96000'") == 1, what="the order")
    # It is changed and deleted; the notices come in the wrong order and count for nothing but what they name.
    bling.orders[96_000] |= {"total": 70, "situacao": {"id": CANCELLED, "valor": 2}}
    assert bling.deliver(url, "order.updated", {"id": 96_000}) == 200
    until(lambda: shop.rows("select 1 from vibe.purchases where external_id = '96000' and is_cancelled and amount = 70"), what="the change")
    bling.orders[96_000] |= {"situacao": {"id": PAID, "valor": 1}}
    assert bling.deliver(url, "pedido_venda.atualizado", {"id": 96_000}) == 200
    until(lambda: shop.rows("select 1 from vibe.purchases where external_id = '96000' and not is_cancelled"), what="the change")
    del bling.orders[96_000]
    assert bling.deliver(url, "order.deleted", {"id": 96_000}) == 200
    assert bling.deliver(url, "order.updated", {"id": 96_000}) == 200
    until(lambda: shop.rows("select 1 from vibe.purchases where external_id = '96000' and is_cancelled"), what="the deletion")
    # Stock and articles.
    bling.products[501] |= {"virtual": -3, "physical": 4.5}
    bling.add_product(510, "Nova", "SKU-10", 5, 99)
    assert bling.deliver(url, "stock.updated", {"produto": {"id": 501}, "saldoVirtualTotal": 12345}) == 200
    assert bling.deliver(url, "product.created", {"id": 510}) == 200
    until(lambda: sorted(shop.rows("select product_id, stock, physical_stock from vibe.stock_levels where product_id in ('501', '510')")) == [
        ("501", Decimal("-3.0000"), Decimal("4.5000")), ("510", 99, 99)], what="the stock")
    # What is no JSON, or no event of ours, is kept and harms nothing.
    for event, data in (("invoice.created", {"id": 5}), ("order.created", {"id": "1; drop table"}), ("order.created", {})):
        assert bling.deliver(url, event, data) == 200
    until(lambda: not shop.one("select count(*) from vibe.source_deliveries where status = 'new'"), what="the notices")
    assert shop.rows("select distinct status from vibe.source_deliveries where topic like 'notice %%'") == [("ignored",)]
    # Disconnected, nothing is taken in and nothing asked.
    shop.admin.execute("select vibe.disconnect_source('shop', %s)", [shop.source_id])
    assert bling.deliver(url, "order.created", {"id": 96_000}) == 401
    assert shop.one("select count(*) from vibe_private.source_secrets") == 0


def test_stores_that_are_sources_of_their_own_and_statuses(shop, bling):
    fill(bling, 6)
    bling.statuses[4711] = {"id": 4711, "nome": "Enviado", "idHerdado": 15, "cor": ""}
    bling.statuses[4712] = {"id": 4712, "nome": "Devolvido", "idHerdado": 0, "cor": ""}
    for number, status, store in ((97_001, 4711, 0), (97_002, 4712, 0), (97_003, PAID, 88), (97_004, OPEN, 0)):
        bling.add_order(number, str(bling.today()), 10, status=status, store=store)
    shop.connect()
    until(shop.is_through, what="the import")
    def counted():
        return dict(shop.rows("select external_id, not is_cancelled from vibe.purchases where external_id like '97%%'"))
    assert counted() == {"97001": True, "97002": False, "97003": True, "97004": False}
    # Told otherwise, all is read again.
    shop.connect(skip_stores=["88"], statuses=json.dumps({"6": "paid"}))
    until(lambda: counted() == {"97001": True, "97002": False, "97003": False, "97004": True}, what="the other reading")


def test_other_tenants_see_nothing(shop, bling):
    fill(bling, 8)
    shop.connect()
    shop.finish()
    shop.admin.execute("select vibe.create_site('rival')")
    shop.admin.execute("select vibe.create_user('rival@example.com', %s)", [PASSWORD])
    shop.admin.execute("select vibe.add_member('rival', 'rival@example.com', 'owner')")
    shop.admin.execute("select vibe.create_user('viewer@example.com', %s)", [PASSWORD])
    shop.admin.execute("select vibe.add_member('shop', 'viewer@example.com', 'member')")
    rival, member = shop.sign_in("rival@example.com"), shop.sign_in("viewer@example.com")
    server = shop.servers[0]
    for relation in ("products", "stock_levels", "sources", "source_status", "source_deliveries", "queue_jobs", "queue_status", "purchases", "customers"):
        assert server.request(f"/rest/v1/{relation}?select=site_id", token=rival) == (200, []), relation
        status, rows = server.request(f"/rest/v1/{relation}?select=site_id", token=member)
        assert status == 200 and rows, relation
    for function, arguments in (("start_bling", {"site": "shop"}), ("get_bling_account", {"site": "shop"}),
                                ("connect_bling", {"site": "shop", "client_id": "a", "client_secret": "b"})):
        for token, refusal in ((rival, (400, "does not exist or is not yours")), (member, (403, "takes the role owner"))):
            status, answer = server.request(f"/rest/v1/rpc/{function}", arguments, token)
            assert status == refusal[0] and refusal[1] in answer["message"], answer
    # A source of another site is not found in one's own.
    status, answer = server.request("/rest/v1/rpc/start_bling", {"site": "rival", "source": str(shop.source_id)}, rival)
    assert status == 400 and "does not exist" in answer["message"]


def test_secrets_are_told_to_nobody(shop, bling):
    fill(bling, 12)
    # Bling's errors repeat what they were sent.
    def echo(number):
        bling.faults.append({"path": r"^/pedidos/vendas/90001$", "after": 0, "times": 2, "status": number, "headers": {}, "delay": 0, "drop": False, "hook": None,
                             "body": {"error": {"type": "VALIDATION_ERROR", "description": "no", "fields": [{"msg": f"Bearer {list(bling.access)[-1]}"}]}}})
    bling.fault(path=r"^/pedidos/vendas$", hook=lambda: echo(400))
    shop.connect()
    until(shop.is_through, what="the import")
    assert shop.one("select error from vibe_private.bling_tasks where external_id = '90001'") == "Bling refuses it with status 400: a reason that repeats a secret"
    bling.expire_access()
    shop.admin.execute("select vibe_private.want_from_bling(%s, %s, 'order', '{90002}')", [shop.site_id, shop.source_id])
    until(lambda: bling.count("POST /oauth/token") == 2 and shop.is_through(), what="the refresh")
    bling.fault(path="^/oauth/token", status=400, body={"error": {"type": "invalid_grant", "description": bling.secrets[-1]}})
    bling.expire_access()
    shop.admin.execute("select vibe_private.want_from_bling(%s, %s, 'order', '{90002}')", [shop.site_id, shop.source_id])
    until(lambda: shop.job("bling_read") == ("failed", "RECONNECT_NEEDED"), what="the failure")
    dump = subprocess.run([os.environ["VIBE_PG_BINDIR"] + "/pg_dump", "--data-only", "-T", "vibe_private.source_secrets", shop.dbname],
                          check=True, capture_output=True, text=True).stdout
    log = "".join(server.log.read_text() for server in shop.servers)
    token = shop.sign_in()
    answers = "".join(json.dumps(shop.servers[0].request(path, token=token)[1]) for path in (
        "/rest/v1/queue_jobs", "/rest/v1/queue_status", "/rest/v1/queue_circuits", "/rest/v1/sources", "/rest/v1/source_status",
        "/rest/v1/source_states", "/rest/v1/source_deliveries")) + json.dumps(shop.servers[0].request("/rest/v1/rpc/get_bling_account", {}, token)[1])
    assert len(bling.secrets) >= 6 and "90001" in dump and "order.read" in answers
    for secret in bling.secrets:
        for place, text in (("the database", dump), ("the log", log), ("an answer", answers)):
            assert secret not in text, place
    # A copy of the whole database is a secret: README says so.
    assert "source_secrets" in (ROOT / "README.md").read_text()
