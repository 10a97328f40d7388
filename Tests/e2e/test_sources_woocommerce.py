"""Webhooks of WooCommerce over real HTTP: what is signed is kept and applied, whatever the order in which it comes."""
import base64
import itertools
import random

from conftest import connect
from fakes.woocommerce import account, encode, open_shop, order, sign
from sources import T0, ask, connect_shop, settled, shop  # noqa: F401  a fixture

DAY = 86_400


def hook_of(server, shop, topic="order.updated", **options):
    source, path, secret = connect_shop(server.database, shop, keys=False, **options)
    return shop.add_webhook(topic, server.url + path, secret)


def stored(dbname):
    """What the shop's orders have become, without numbers of ours."""
    return ask(dbname, """
        select p.external_id, p.purchased_at, p.amount, p.item_count, p.is_refund, p.is_cancelled, c.email, c.name, c.order_count, c.total_spent,
            (select jsonb_agg(jsonb_build_array(i.product_id, i.name, i.quantity, i.amount) order by i.line)
             from vibe.purchase_items as i where i.purchase_id = p.purchase_id)
        from vibe.purchases as p left join vibe.customers as c using (site_id, customer_id) order by 1""")


def test_an_order_arrives_as_it_is(server, shop):
    hook = hook_of(server, shop)
    shop.put(order(727, email="Ana@Shop.Example", first="José", last="O'Neil & Filhos", customer=12, created=T0, shipping="5.00", total="46.50", refunds=[(9, 1.5)],
                   items=[(7, "Ship Your Idea – Color <b>", 2, 29.35), (8, "Çay", 1, 12.15)], utm={"source": "news", "campaign": "spring"}))
    assert shop.deliver(hook, 727) == 200
    assert settled(server.database) == {"applied": 1}
    (number, at, amount, pieces, refund, cancelled, email, name, orders, spent, items), back = stored(server.database)
    assert (number, at.timestamp(), str(amount), pieces, refund, cancelled, email, orders) == ("727", T0, "46.50", 3, False, False, "ana@shop.example", 1)
    assert name == "José O'Neil & Filhos"
    assert items == [["7", "Ship Your Idea – Color <b>", 2, 29.35], ["8", "Çay", 1, 12.15]]
    assert (back[0], str(back[2]), back[4], str(spent)) == ("727-refund-9", "-1.50", True, "45.00")
    assert ask(server.database, "select external_id, location from vibe.customers") == [("12", "São Paulo, BR")]
    assert ask(server.database, "select distinct utm, channel from vibe.purchases") == [({"source": "news", "campaign": "spring"}, "web")]
    # The bytes are kept, the signature's key is not, and members see what became of it.
    kept, headers = ask(server.database, "select body, headers from vibe_private.inbox")[0]
    assert kept == encode(shop.orders[727]) and b"\\u00e9" in kept and headers["x-wc-webhook-topic"] == "order.updated"
    assert ask(server.database, "select topic, external_id, status, size from vibe.source_deliveries") == [("order.updated", "727", "applied", len(kept))]
    assert ask(server.database, "select kind, status, applied, waiting, failed from vibe.source_status") == [("woocommerce", "ok", 1, 0, 0)]


def test_any_order_of_arrival_ends_the_same(make_database, make_server):
    """Six versions of three orders in many orders of arrival, with repeats, in one batch or several: the same in the end."""
    versions = [
        order(1, status="pending", created=T0, modified=T0, email="a@x.example", items=[(1, "A", 1, 10)]),
        order(1, status="processing", created=T0, modified=T0 + 60, email="a@x.example", items=[(1, "A", 2, 20)]),
        order(1, status="completed", created=T0, modified=T0 + 120, email="a@x.example", items=[(1, "A", 2, 20), (2, "B", 1, 5)], refunds=[(5, 5)]),
        order(2, status="processing", created=T0 + 5, modified=T0 + 5, email="A@x.example", customer=3, items=[(3, "C", 1, 7)]),
        order(2, status="cancelled", created=T0 + 5, modified=T0 + 90, email="a@x.example", customer=3, items=[(3, "C", 1, 7)]),
        order(3, status="completed", created=T0 + 9, modified=T0 + 9, email="b@x.example", items=[(3, "C", 3, 21)]),
    ]
    results = []
    draw = random.Random(7)
    database = make_database()
    server = make_server(database)
    server.database = database
    for attempt in range(6):
        site = f"shop{attempt}"
        with connect(database) as admin:
            admin.execute("select vibe.create_site(%s)", [site])
        with open_shop() as shop:
            _, path, secret = connect_shop(database, shop, site=site, keys=False)
            hook = shop.add_webhook("order.updated", server.url + path, secret)
            told = versions + draw.choices(versions, k=3)
            draw.shuffle(told)
            for place, content in enumerate(told):
                assert shop.send(hook, content) == 200
                if attempt % 2 and place == len(told) // 2:
                    settled(database)
        settled(database)
        results.append(ask(database, """
            select p.external_id, p.purchased_at, p.amount, p.item_count, p.is_refund, p.is_cancelled, c.email, c.external_id, c.order_count, c.total_spent,
                (select array_agg((i.line, i.product_id, i.quantity, i.amount)::text order by i.line) from vibe.purchase_items as i
                 where i.site_id = p.site_id and i.purchase_id = p.purchase_id)
            from vibe.purchases as p left join vibe.customers as c using (site_id, customer_id)
            where p.site_id = vibe.site_id(%s) order by 1""", site))
    assert all(result == results[0] for result in results)
    assert [(row[0], str(row[2]), row[5]) for row in results[0]] == [
        ("1", "25.00", False), ("1-refund-5", "-5.00", False), ("2", "7.00", True), ("3", "21.00", False)]
    # Guest and account of one address are one customer.
    assert {row[6:8] for row in results[0]} == {("a@x.example", "3"), ("b@x.example", None)}
    assert ask(database, "select count(*) from vibe.customers")[0][0] == 12


def test_repeats_are_kept_and_counted_once(server, shop):
    hook = hook_of(server, shop)
    shop.put(order(1, created=T0, email="a@x.example", items=[(1, "A", 1, 10)]))
    shop.put(order(2, created=T0, email="a@x.example", items=[(1, "A", 1, 10)]))
    # Two orders of one second share a delivery id.
    for number in (1, 2, 1, 2, 2):
        assert shop.deliver(hook, number, second=T0) == 200
    assert settled(server.database) == {"applied": 2, "ignored": 3}
    assert ask(server.database, "select count(*), count(distinct headers ->> 'x-wc-webhook-delivery-id') from vibe_private.inbox") == [(5, 1)]
    assert ask(server.database, "select order_count, total_spent::text from vibe.customers") == [(2, "20.00")]
    assert {row[0] for row in ask(server.database, "select error from vibe.source_deliveries where status = 'ignored'")} == {"repeats another delivery"}


def test_only_the_signed_come_in(server, shop):
    hook = hook_of(server, shop)
    body = encode(order(1, created=T0, items=[(1, "A", 1, 10)]))
    path = hook.url.removeprefix(server.url)
    good = sign(hook.secret, body)
    refusal = {"error": {"code": "AUTH_REQUIRED", "message": "The signature is not that of a source of this site", "details": None}}
    for what, address, content, signature in [
        ("other secret", path, body, sign("no", body)), ("changed body", path, body.replace(b"10.00", b"99.00"), good), ("none", path, body, None),
        ("empty", path, body, ""), ("no base64", path, body, "%%%"), ("cut", path, body, good[:-4]), ("hex", path, body, base64.b64decode(good).hex()),
        ("other site", "/webhooks/woocommerce/999", body, good), ("no such site", "/webhooks/woocommerce/nobody", body, good), ("huge number", "/webhooks/woocommerce/99999999999999", body, good),
    ]:
        headers = {"X-WC-Webhook-Topic": "order.updated"} | ({} if signature is None else {"X-WC-Webhook-Signature": signature})
        assert server.request(address, content, headers=headers) == (401, refusal), what
    # A ping needs no signature and says nothing of who is there; what only looks like one is none.
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for address in (path, "/webhooks/woocommerce/nobody"):
        assert server.request(address, b"webhook_id=12", headers=form) == (200, {"received": True})
    assert server.request(path, b"webhook_id=12&" + b"x" * 100, headers=form)[0] == 401
    assert ask(server.database, "select count(*) from vibe.source_deliveries") == [(0,)]
    # Another source's secret opens only that source.
    with open_shop() as other:
        second = connect_shop(server.database, other, keys=False, name="second")
        assert server.request(path, body, headers={"X-WC-Webhook-Topic": "order.updated", "X-WC-Webhook-Signature": sign(second[2], body)})[0] == 200
    settled(server.database)
    assert ask(server.database, "select s.name, p.external_id from vibe.purchases as p join vibe.sources as s using (site_id, source_id)") == [("second", "second:1")]
    # Connected again, the former secret works for a day; disconnected, none does.
    with connect(server.database) as admin:
        admin.execute("select vibe.connect_woocommerce('shop', %s)", [shop.url])
        assert shop.send(hook, body) == 200
        admin.execute("update vibe_private.source_secrets set expires_at = now() where name = 'former_webhook_secret'")
        assert shop.send(hook, body) == 401
        admin.execute("select vibe.disconnect_source('shop', source_id) from vibe.sources")
    assert server.request(path, body, headers={"X-WC-Webhook-Topic": "order.updated", "X-WC-Webhook-Signature": sign(second[2], body)})[0] == 401
    assert {row[0] for row in ask(server.database, "select status from vibe.source_status")} == {"off"}


def test_a_failing_door_disables_the_webhook_at_the_seventh(server, shop):
    """The fake keeps WooCommerce's rule, for which reason the door must answer 200 to all that is signed."""
    hook = hook_of(server, shop)
    hook.secret = "wrong"
    assert [shop.send(hook, {"id": 1}) for _ in range(8)] == [401] * 7 + [None]
    assert hook.status == "disabled"


HOSTILE = {
    b"": "is no JSON", b"{": "is no JSON", b"\xff\xfe": "is no JSON", b"null": "the content is no object", b"[]": "the content is no object", b"{}": "id",
    b'{"id": "x"}': 'id "x" is no number', b'{"id": 1, "note": "\\u0000"}': "is no JSON", b"[" * 5000: "is no JSON",
}
CHANGED = [
    ({"total": "abc"}, 'total "abc" is no amount'), ({"total": None}, 'total "null" is no amount'), ({"total": "-1"}, 'total "-1" is below zero'),
    ({"total": "9" * 40}, 'is no amount'), ({"total": {"a": 1}}, "is no amount"), ({"total": "NaN"}, 'total "NaN" is no amount'),
    ({"currency": "us"}, 'currency "us" is unknown'), ({"currency": None}, 'currency "null" is unknown'), ({"status": None}, "status is missing"),
    ({"date_created_gmt": "yesterday"}, 'date_created_gmt "yesterday" is no time'), ({"date_created_gmt": "2026-02-30T00:00:00"}, "is no time"),
    ({"date_created_gmt": "9999-01-01T00:00:00"}, "is no time"), ({"date_modified_gmt": "x"}, 'date_modified_gmt "x" is no time'),
    ({"line_items": "x"}, "line_items is no list"), ({"line_items": [1]}, "no amount"), ({"refunds": {"id": 1}}, "refunds is no list"),
    ({"line_items": [{"total": "1", "quantity": "many"}]}, "many"), ({"line_items": [{"total": "1", "quantity": 1e30}]}, "out of range"),
    ({"billing": {"email": "a@b.c", "first_name": ["x"]}}, "first_name is no text"),
    ({"billing": {"first_name": "x" * 300}}, "first_name is 300 characters long"),
]


def test_hostile_bodies_fail_alone_and_can_be_applied_again(server, shop):
    hook = hook_of(server, shop)
    good = order(5000, created=T0, email="good@x.example", items=[(1, "A", 1, 10)])
    expected = []
    for body, reason in HOSTILE.items():
        assert shop.send(hook, body) == 200
        expected.append(reason)
    for number, (change, reason) in enumerate(CHANGED, 1):
        assert shop.send(hook, order(number, created=T0, items=[(1, "A", 1, 10)]) | change) == 200
        expected.append(reason)
    assert shop.send(hook, good) == 200
    assert shop.send(hook, {"id": 1, "name": "mug"}, "product.updated") == 200
    assert settled(server.database) == {"failed": len(expected), "applied": 1, "ignored": 1}
    reasons = [row[0] for row in ask(server.database, "select error from vibe.source_deliveries where status = 'failed' order by delivery_id")]
    for told, reason in itertools.zip_longest(reasons, expected):
        assert reason in told, (told, reason)
    assert ask(server.database, "select external_id from vibe.purchases") == [("5000",)]
    assert ask(server.database, "select error from vibe.source_deliveries where status = 'ignored'") == [('topic "product.updated" is nothing for us',)]
    # Mended (as a newer version of ours might), they are applied when they are asked for again.
    with connect(server.database) as admin:
        admin.execute("update vibe_private.inbox set body = convert_to(replace(convert_from(body, 'UTF8'), '\"abc\"', '\"10.00\"'), 'UTF8') where position('\"abc\"'::bytea in body) > 0")
        assert admin.execute("select vibe.reapply_deliveries('shop', source_id) from vibe.sources").fetchone()[0] == len(expected)
    assert settled(server.database) == {"failed": len(expected) - 1, "applied": 2, "ignored": 1}
    assert ask(server.database, "select max(attempts) from vibe.source_deliveries") == [(2,)]
    assert server.request(hook.url.removeprefix(server.url), b"x" * (1 << 20 | 1), headers={"X-WC-Webhook-Signature": "x"})[0] == 413


def test_unpaid_deleted_and_restored_orders(server, shop):
    hook = hook_of(server, shop)
    for number, status in enumerate(["pending", "on-hold", "failed", "cancelled", "processing", "completed", "refunded", "packed"], 1):
        shop.put(order(number, status=status, created=T0, email="a@x.example", items=[(1, "A", 1, 10)], refunds=[(70, 10)] if status == "refunded" else []))
        shop.deliver(hook, number)
    assert settled(server.database) == {"applied": 8}
    assert [row[0] for row in ask(server.database, "select external_id from vibe.purchases where not is_cancelled order by 1")] == ["5", "6", "7", "7-refund-70", "8"]
    assert ask(server.database, "select order_count, total_spent::text from vibe.customers") == [(4, "30.00")]
    # A deletion tells only the number; what was sent before it and comes after it changes nothing.
    before = shop.orders[6]
    assert shop.deliver(hook, 6, "order.deleted") == 200
    shop.deliver(hook, 7, "order.deleted")
    settled(server.database)
    shop.send(hook, before | {"date_modified_gmt": "2026-01-03T00:00:00"})
    settled(server.database)
    assert ask(server.database, "select order_count, total_spent::text from vibe.customers") == [(2, "20.00")]
    # Restored it is newer than the deletion.
    shop.send(hook, before | {"date_modified_gmt": "2099-01-03T00:00:00"}, "order.restored")
    settled(server.database)
    assert ask(server.database, "select order_count, total_spent::text from vibe.customers") == [(3, "30.00")]
    # A refund that was taken back counts no more.
    shop.send(hook, order(6, status="completed", created=T0, modified=T0 + 99 * 366 * DAY, email="a@x.example", items=[(1, "A", 1, 10)], refunds=[(71, 4)]))
    settled(server.database)
    assert ask(server.database, "select total_spent::text from vibe.customers") == [("26.00",)]
    shop.send(hook, order(6, status="completed", created=T0, modified=T0 + 100 * 366 * DAY, email="a@x.example", items=[(1, "A", 1, 10)]))
    settled(server.database)
    assert ask(server.database, "select order_count, total_spent::text from vibe.customers") == [(3, "30.00")]


def test_guests_and_accounts(server, shop):
    hook = hook_of(server, shop)
    shop.put(order(1, created=T0, email="ana@x.example", first="Guest", items=[(1, "A", 1, 10)]))
    shop.put(order(2, created=T0, email=" ANA@x.example ", first="Guest", items=[(1, "A", 1, 10)]))
    shop.put(order(3, created=T0, email="", items=[(1, "A", 1, 10)]))
    shop.put(order(4, created=T0, email="none", items=[(1, "A", 1, 10)]))
    for number in (1, 2, 3, 4):
        shop.deliver(hook, number)
    settled(server.database)
    assert ask(server.database, "select external_id, email, order_count from vibe.customers") == [(None, "ana@x.example", 2)]
    # She makes an account: the guest becomes it.
    shop.put(account(9, email="ana@x.example", first="Ana", last="Anders", created=T0))
    shop.deliver(hook, 9, "customer.created")
    settled(server.database)
    assert ask(server.database, "select external_id, name, order_count, registered_at is not null from vibe.customers") == [("9", "Ana Anders", 2, True)]
    # A guest's order of that address is hers, and does not rename her. Another account of the same address is somebody else.
    shop.put(order(5, created=T0, modified=T0 + DAY, email="ana@x.example", first="Someone", items=[(1, "A", 1, 10)]))
    shop.put(order(6, created=T0, modified=T0 + DAY, email="ana@x.example", customer=10, first="Bo", items=[(1, "A", 1, 10)]))
    shop.deliver(hook, 5)
    settled(server.database)
    shop.deliver(hook, 6)
    settled(server.database)
    assert ask(server.database, "select external_id, name, order_count from vibe.customers order by 1") == [("10", "Bo", 1), ("9", "Ana Anders", 3)]
    # An account whose address becomes that of a guest takes the guest's orders over.
    shop.put(order(7, created=T0, email="bo@x.example", items=[(1, "A", 1, 10)]))
    shop.deliver(hook, 7)
    settled(server.database)
    shop.put(order(8, created=T0, modified=T0 + 2 * DAY, email="bo@x.example", customer=10, first="Bo", items=[(1, "A", 1, 10)]))
    shop.deliver(hook, 8)
    settled(server.database)
    assert ask(server.database, "select external_id, email, order_count from vibe.customers order by 1") == [("10", "bo@x.example", 3), ("9", "ana@x.example", 3)]


def test_tenants_do_not_meet(make_server, make_database):
    database = make_database()
    server = make_server(database)
    with connect(database) as admin:
        admin.execute("select vibe.create_site(n) from unnest('{one,two}'::text[]) as n")
    with open_shop() as first, open_shop() as second:
        hooks = []
        for shop, site in ((first, "one"), (second, "two")):
            _, path, secret = connect_shop(database, shop, site=site, keys=False)
            hooks.append((shop, shop.add_webhook("order.updated", server.url + path, secret)))
        for place, (shop, hook) in enumerate(hooks):
            shop.put(order(1, created=T0, email="same@x.example", customer=4, items=[(1, "A", 1, 10 + place)]))
            assert shop.deliver(hook, 1) == 200
        # One site's secret does not open the other's door.
        hooks[0][1].url = hooks[1][1].url
        assert first.deliver(hooks[0][1], 1) == 401
    settled(database)
    assert ask(database, "select site_id, count(*), sum(amount)::text from vibe.purchases group by 1 order by 1") == [(1, 1, "10.00"), (2, 1, "11.00")]
    assert ask(database, "select count(*) from vibe.customers") == [(2,)]
