"""The answers of /api/v1 over HTTP: each fits its schema, and its figures are those that Python counts from the same orders.

The clock is as_of, so that month edges and changes of clocks come in any year (S0-1, S0-2, S0-6, S0-8, S0-9, S0-20, S0-36..39; A-02, A-03, A-05).
"""
import calendar
import collections
import datetime
import json
import random
import threading
import urllib.parse
import zoneinfo

import jsonschema
import pytest

from conftest import ROOT, Server, connect, new_database
from talking import sign_up

ZONE = zoneinfo.ZoneInfo("Europe/Lisbon")
UTC = datetime.timezone.utc
DAY = datetime.timedelta(days=1)
Order = collections.namedtuple("Order", "customer at amount currency refund cancelled")
CLUSTERS = ["champions", "loyal", "opportunists", "at_risk", "hibernating", "lost"]


def schema(name):
    return json.loads((ROOT / f"Tests/e2e/schemas/{name}.json").read_text())


def fits(answer, name):
    jsonschema.Draft202012Validator(schema(name), format_checker=jsonschema.FormatChecker()).validate(answer)


def make_orders():
    """Three years of orders with guests, refunds, other currencies, orders called off, and nothing in May 2023."""
    dice = random.Random(7)
    orders = []
    while len(orders) < 900:
        at = datetime.datetime(2022, 11, 1, tzinfo=UTC) + datetime.timedelta(minutes=dice.randrange(26 * 30 * 24 * 60))
        if not (at.astimezone(ZONE).year, at.astimezone(ZONE).month) == (2023, 5):
            refund = dice.random() < 0.08
            orders.append(Order(
                dice.choice([None, *range(1, 120)]), at, dice.randrange(0, 30000) / 100 * (-1 if refund else 1),
                "USD" if dice.random() < 0.05 else "EUR", refund, dice.random() < 0.07))
    # The hour that a change of clocks repeats, and both ends of days around changes.
    for month, day in ((3, 31), (10, 27)):
        orders += [Order(abs(n) or None, datetime.datetime(2024, month, day, 0, 30, tzinfo=UTC) + n * datetime.timedelta(minutes=30), 10.0 * abs(n), "EUR", False, False)
                   for n in range(-4, 5)]
    return orders


ORDERS = make_orders()


class Shop:
    """A server with the shop of these tests, its member, a viewer, and the member of another site."""

    def __init__(self, server):
        self.server = server
        self.member, self.site, _ = sign_up(server, "answers")
        self.stranger, self.other, _ = sign_up(server, "others")
        status, session = server.request("/auth/v1/signup", {"email": "viewer@shop.example", "password": "correct horse battery"})
        assert status == 200
        self.viewer = session["access_token"]
        with connect(server.database) as admin:
            admin.execute("insert into vibe.site_members (site_id, user_id, role) values (%s, %s, 'viewer')", [self.site, session["user"]["id"]])
            admin.execute("update vibe.sites set time_zone = %s, currency = 'EUR' where site_id = %s", [str(ZONE), self.site])
            admin.cursor().executemany(
                "insert into vibe.customers (site_id, customer_id, external_id, name, email) overriding system value values (%s, %s, %s, %s, %s)",
                [(self.site, n, f"c{n}", None if n % 11 == 0 else f"Zoé 50%_{n}" if n % 10 == 0 else f"Ana {n}", f"C{n}@shop.example") for n in range(1, 120)])
            admin.cursor().executemany(
                """insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency, is_refund, is_cancelled)
                values (%s, %s, %s, %s, %s, %s, %s, %s)""", [(self.site, o.customer, f"o{n}", *o[1:]) for n, o in enumerate(ORDERS)])
            for month in ("2024-02", "2024-03"):
                admin.execute("select vibe.calculate_rfm(%s, %s)", [str(self.site), month])
            # Half of the figures come from sums, half from the orders.
            admin.execute("select vibe_private.refresh_revenue(%s), vibe_private.refresh_customer_days(%s)", [self.site, self.site])
            admin.execute("update vibe.purchases set channel = 'web' where site_id = %s and external_id in ('o5', 'o50', 'o500')", [self.site])
            self.funnel = admin.execute(
                """select vibe.create_funnel(%s, 'way', '[{"event_name": "page_view"}, {"event_name": "purchase"}]')""", [str(self.site)]).fetchone()[0]

    def ask(self, path, token=None, **parameters):
        query = urllib.parse.urlencode({name: value for name, value in parameters.items() if value is not None})
        return self.server.request(f"/api/v1/{path}" + (f"?{query}" if query else ""), token=token or self.member)

    def get(self, path, **parameters):
        status, answer = self.ask(path, **parameters)
        assert status == 200, answer
        return answer


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    with new_database() as database:
        server = Server(database, tmp_path_factory.mktemp("answers")).start()
        server.database = database
        try:
            yield Shop(server)
        finally:
            server.stop()


# The reference: calendars by Python, figures by looking at each order.
def midnight(day):
    return datetime.datetime.combine(day, datetime.time(), ZONE).astimezone(UTC)


def months_on(day, months):
    """The first of the month so many months from the one of `day`."""
    count = day.year * 12 + day.month - 1 + months
    return datetime.date(count // 12, count % 12 + 1, 1)


def ranges(first, last, as_of, compare):
    """(start, end, previous start, previous end) as instants."""
    starts, ends = midnight(first), midnight(last + DAY)
    if as_of < ends:
        clock = as_of.astimezone(ZONE)
        ends = as_of - datetime.timedelta(minutes=clock.minute, seconds=clock.second, microseconds=clock.microsecond)
        ends = max(ends, starts)
    until = ends.astimezone(ZONE).replace(tzinfo=None)
    if first.day == 1:
        months = (last.year - first.year) * 12 + last.month - first.month + 1
        before = months_on(first, -months)
        opening = datetime.datetime.combine(until.date().replace(day=1), datetime.time())
        then = months_on(opening.date(), -months)
        limit = datetime.datetime.combine(months_on(then, 1), datetime.time())
        earlier = min(datetime.datetime.combine(then, datetime.time()) + (until - opening), limit)
    else:
        before = first - (last - first + DAY)
        earlier = until - (last - first + DAY)
    if compare == "none":
        return starts, ends, None, None
    return starts, ends, midnight(before), starts if compare == "full_month" else earlier.replace(tzinfo=ZONE).astimezone(UTC)


def figures(starts, ends):
    live = [order for order in ORDERS if not order.cancelled]
    here = [order for order in live if starts <= order.at < ends]
    bought = sorted((order for order in live if order.customer and not order.refund and order.at < ends), key=lambda order: order.at)
    numbers, customers, new, again = collections.Counter(), set(), set(), set()
    for order in bought:
        numbers[order.customer] += 1
        if order.at >= starts:
            customers.add(order.customer)
            (again if numbers[order.customer] > 1 else new).add(order.customer)
    count = sum(not order.refund for order in here)
    own = [order for order in here if order.currency == "EUR"]
    sales = sum(order.amount for order in own if not order.refund)
    own_count = sum(not order.refund for order in own)
    return {
        "revenue": round(sum(order.amount for order in own), 2), "orders": count, "customers": len(customers), "new_customers": len(new),
        "average_order_value": round(sales / own_count, 2) if own_count else None,
        "repeat_rate": round(len(again) / len(customers), 4) if customers else None}


def instant(text):
    return datetime.datetime.fromisoformat(text)


def near(told, counted):
    return told is counted or told is not None and counted is not None and abs(told - counted) < 0.011


TIMES = [
    # Whole months and years, long over.
    ("2024-03-01", "2024-03-31", None), ("2023-03-01", "2024-02-29", None), ("2023-12-01", "2023-12-31", None),
    # The running month on its first day, before and after the first full hour, and at the ends of months of any length.
    ("2024-03-01", "2024-03-31", "2024-03-01T00:20:00+00:00"), ("2024-03-01", "2024-03-31", "2024-03-01T01:00:00+00:00"),
    ("2024-02-01", "2024-02-29", "2024-02-29T13:37:00+00:00"), ("2024-03-01", "2024-03-31", "2024-03-29T10:00:00+00:00"),
    ("2024-03-01", "2024-03-31", "2024-03-30T10:59:59+00:00"), ("2024-03-01", "2024-03-31", "2024-03-31T20:15:00+00:00"),
    ("2024-05-01", "2024-05-31", "2024-05-31T23:30:00+00:00"), ("2023-03-01", "2023-03-31", "2023-03-29T12:00:00+00:00"),
    # Days on which clocks change, also in the hour that comes twice.
    ("2024-03-31", "2024-03-31", None), ("2024-10-27", "2024-10-27", None), ("2024-10-27", "2024-10-27", "2024-10-27T00:45:00+00:00"),
    ("2024-10-27", "2024-10-27", "2024-10-27T01:45:00+00:00"), ("2024-10-01", "2024-10-31", "2024-10-28T09:10:00+00:00"),
    # Free ranges, several months of which one runs, and one that has ended within its month.
    ("2024-02-11", "2024-04-20", None), ("2024-01-15", "2024-01-15", None), ("2024-01-01", "2024-03-31", "2024-03-15T12:34:56+00:00"),
    ("2024-03-01", "2024-03-15", None), ("2024-02-27", "2024-03-12", "2024-03-05T05:05:05+00:00"),
    # An empty month, and one after it: nothing to compare with.
    ("2023-05-01", "2023-05-31", None), ("2023-06-01", "2023-06-30", None), ("2021-01-01", "2021-12-31", None),
]


@pytest.mark.parametrize("compare", ["same_elapsed", "full_month", "none"])
@pytest.mark.parametrize("first,last,as_of", TIMES)
def test_figures_of_a_range(shop, first, last, as_of, compare):
    answer = shop.get("analytics", start_date=first, end_date=last, as_of=as_of, compare=compare)
    fits(answer, "analytics")
    now = instant(as_of) if as_of else instant(answer["as_of"])
    starts, ends, before, until = ranges(datetime.date.fromisoformat(first), datetime.date.fromisoformat(last), now, compare)
    assert (instant(answer["range"]["starts_at"]), instant(answer["range"]["ends_at"])) == (starts, ends)
    assert [part and instant(part) for part in (answer["compare"]["starts_at"], answer["compare"]["ends_at"])] == [before, until]
    told = {kpi["metric"]: kpi for kpi in answer["kpis"]}
    counted, earlier = figures(starts, ends), figures(before, until) if before else {}
    for metric, value in counted.items():
        assert near(told[metric]["value"], value), (metric, told[metric], value)
        assert near(told[metric]["previous"], earlier.get(metric)), (metric, told[metric], earlier)
        if metric == "repeat_rate" and None not in (value, earlier.get(metric)):
            assert abs(told[metric]["change"] - (value - earlier[metric])) < 0.0002  # percentage points
        elif metric != "repeat_rate" and earlier.get(metric) and value is not None:
            assert abs(told[metric]["change"] - (value - earlier[metric]) / abs(earlier[metric])) < 0.0002
        else:
            # From zero, or from nothing, there is no share.
            assert told[metric]["change"] is None
    assert near(answer["revenue"]["total"], counted["revenue"]) and answer["customers"]["total"] == counted["customers"]
    assert answer["range"]["is_partial"] == (as_of is not None and now < midnight(datetime.date.fromisoformat(last) + DAY))
    # Sums of the steps are the whole.
    for metric in ("revenue", "orders"):
        assert near(sum(point["value"] or 0 for point in answer["trends"][metric]), counted[metric])


def test_the_month_and_the_one_before(shop):
    answer = shop.get("analytics", start_date="2024-01-10", end_date="2024-03-20", as_of="2024-03-20T15:30:00+00:00")
    now, then = answer["currentMonth"], answer["previousMonth"]
    starts, ends, before, until = ranges(datetime.date(2024, 3, 1), datetime.date(2024, 3, 31), instant("2024-03-20T15:30:00+00:00"), "same_elapsed")
    for told, counted, name in ((now, figures(starts, ends), "2024-03"), (then, figures(before, until), "2024-02")):
        assert told["month"] == name and near(told["receita"], counted["revenue"]) and told["receita"] == told["revenue"]
        assert (told["pedidos"], told["clientes"]) == (told["orders"], told["customers"]) == (counted["orders"], counted["customers"])
    assert near(now["change"], (now["receita"] - then["receita"]) / then["receita"])


def test_pro_rata(shop):
    """A third of June 2024 has passed, so a third of what May brought counts; averages are those of all May."""
    answer = shop.get("analytics", start_date="2024-06-01", end_date="2024-06-30", as_of="2024-06-10T23:00:00+00:00", compare="pro_rata")
    whole = figures(midnight(datetime.date(2024, 5, 1)), midnight(datetime.date(2024, 6, 1)))
    told = {kpi["metric"]: kpi["previous"] for kpi in answer["kpis"]}
    assert near(told["revenue"], whole["revenue"] / 3) and near(told["orders"], whole["orders"] / 3)
    assert near(told["average_order_value"], whole["average_order_value"])


@pytest.mark.parametrize("metric", ["revenue", "orders", "customers", "new_customers", "average_order_value", "repeat_rate"])
@pytest.mark.parametrize("step", ["day", "week", "month"])
def test_trend_step_by_step(shop, metric, step):
    status, points = shop.server.request("/rest/v1/rpc/analytics_trend", {
        "site": str(shop.site), "start_date": "2024-03-01", "end_date": "2024-04-30", "metric": metric, "interval_by": step,
        "as_of": "2024-04-20T12:00:00+00:00"}, token=shop.member)
    assert status == 200, points
    days = [datetime.date.fromisoformat(point["starts_at"]) for point in points]
    now = instant("2024-04-20T12:00:00+00:00")
    for point, day, following in zip(points, days, [*days[1:], datetime.date(2024, 5, 1)]):
        if midnight(day) > now:
            assert point["value"] is None and point["is_partial"]
        else:
            assert near(point["value"], figures(midnight(day), min(midnight(following), now))[metric]), point
            assert point["is_partial"] == (midnight(following) > now)


def test_nothing_after_as_of(shop):
    """What is asked as of an instant is what was asked then, whatever came later."""
    question = {"start_date": "2024-03-01", "end_date": "2024-03-31", "as_of": "2024-03-12T12:00:00+00:00"}
    answer = shop.get("analytics", **question)
    with connect(shop.server.database) as admin:
        admin.execute("""insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency)
            values (%s, 1, 'later', '2024-03-12 12:00:01Z', 1000000, 'EUR')""", [shop.site])
        assert shop.get("analytics", **question) == answer
        admin.execute("delete from vibe.purchases where external_id = 'later'")
    sizes = shop.get("customers", month="2024-03", as_of="2024-03-12T12:00:00+00:00")
    fits(sizes, "customers")
    assert sizes["total"] == figures(midnight(datetime.date(2024, 3, 1)), midnight(datetime.date(2024, 3, 12)))["customers"]
    assert sizes["previous"]["total"] == figures(midnight(datetime.date(2024, 2, 1)), midnight(datetime.date(2024, 2, 12)))["customers"]
    assert sizes["is_partial"] and all(row["total_spent"] is None for row in sizes["customers"])


def test_one_snapshot(shop):
    """While orders come in, each answer agrees with itself."""
    stop = threading.Event()

    def write():
        with connect(shop.server.database) as admin:
            number = 0
            while not stop.is_set():
                number += 1
                admin.execute("""insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency)
                    values (%s, %s, %s, '2024-08-10 12:00Z', 7, 'EUR')""", [shop.other, None, f"n{number}"])
            admin.execute("delete from vibe.purchases where site_id = %s", [shop.other])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        seen = set()
        for _ in range(12):
            answer = shop.get("analytics", token=shop.stranger, start_date="2024-08-01", end_date="2024-08-31")
            orders = {kpi["metric"]: kpi["value"] for kpi in answer["kpis"]}["orders"]
            assert orders == answer["currentMonth"]["orders"] == answer["revenue"]["orders"] == sum(point["value"] for point in answer["trends"]["orders"])
            seen.add(orders)
        assert len(seen) > 1
    finally:
        stop.set()
        writer.join()


def test_sources_are_never_a_false_zero(shop):
    none = shop.get("analytics", start_date="2024-03-01", end_date="2024-03-31")["sources"]
    assert {name: (source["value"], source["status"], source["code"]) for name, source in none.items()} == {
        name: (None, "off", "NOT_CONNECTED") for name in ("wordpress", "bling", "crm")}
    with connect(shop.server.database) as admin:
        one, two = (admin.execute("insert into vibe.sources (site_id, kind, name, id_prefix, stale_after) values (%s, %s, 'x', %s, '1 hour') returning source_id",
                                  [shop.site, kind, kind]).fetchone()[0] for kind in ("woocommerce", "bling"))
        admin.execute("update vibe.purchases set source_id = %s where site_id = %s and external_id < 'o5'", [one, shop.site])
        try:
            for states, expected in (
                ((None, None), ("never", "NO_DATA_YET")), (("now()", None), ("ok", None)), (("now() - interval '2 hours'", None), ("stale", "STALE")),
                (("now() - interval '2 hours'", "now()"), ("error", "SOURCE_ERROR")),
            ):
                admin.execute("delete from vibe.source_states where site_id = %s", [shop.site])
                if states[0]:
                    admin.execute(f"""insert into vibe.source_states (site_id, source_id, last_success_at, ok_since, last_error_at, last_error, error_since)
                        values (%s, %s, {states[0]}, {states[0]}, {states[1] or 'null'}, 'it is down', {states[1] or 'null'})""", [shop.site, one])
                answer = shop.get("analytics", start_date="2024-03-01", end_date="2024-03-31")
                fits(answer, "analytics")
                source = answer["sources"]["wordpress"]
                assert (source["status"], source["code"]) == expected
                if expected[0] == "ok":
                    starts, ends = midnight(datetime.date(2024, 3, 1)), midnight(datetime.date(2024, 4, 1))
                    own = [o for n, o in enumerate(ORDERS) if f"o{n}" < "o5" and starts <= o.at < ends and not o.cancelled]
                    assert near(source["value"], round(sum(o.amount for o in own if o.currency == "EUR"), 2))
                    assert source["orders"] == sum(not o.refund for o in own) > 0
                else:
                    assert source["value"] is None and source["orders"] is None
                assert answer["sources"]["bling"]["status"] == "never" and answer["sources"]["crm"]["status"] == "off"
        finally:
            admin.execute("update vibe.purchases set source_id = null where site_id = %s", [shop.site])
            admin.execute("delete from vibe.sources where source_id in (%s, %s)", [one, two])


def test_customers_page_by_page(shop):
    whole = shop.get("customers", month="2024-03", limit=1000)
    fits(whole, "customers")
    starts, ends = midnight(datetime.date(2024, 3, 1)), midnight(datetime.date(2024, 4, 1))
    counted = figures(starts, ends)["customers"]
    assert whole["total"] == whole["matches"] == len(whole["customers"]) == sum(part["value"] for part in whole["distribution"]) == counted
    assert [part["cluster"] for part in whole["distribution"]] == CLUSTERS
    # A client's recount (S0-9).
    assert {part["cluster"]: part["value"] for part in whole["distribution"]} == {
        name: sum(row["cluster"] == name for row in whole["customers"]) for name in CLUSTERS}
    spent = collections.Counter()
    for order in ORDERS:
        if order.customer and not order.cancelled and starts <= order.at < ends and order.currency == "EUR":
            spent[order.customer] += order.amount
    for row in whole["customers"]:
        assert near(row["monetary"], spent[row["customer_id"]])
    assert near(whole["average_value"], sum(row["monetary"] for row in whole["customers"]) / counted)
    before = figures(midnight(datetime.date(2024, 2, 1)), starts)["customers"]
    assert whole["previous"]["total"] == before and near(whole["change"]["total"], (counted - before) / before)
    for key in ("monetary", "recency", "frequency", "customer_id", "name"):
        for direction in ("asc", "desc"):
            pages = [shop.get("customers", month="2024-03", sort=f"{key}.{direction}", limit=4, page=n + 1) for n in range(-(-counted // 4))]
            rows = [row for page in pages for row in page["customers"]]
            assert sorted(row["customer_id"] for row in rows) == sorted(row["customer_id"] for row in whole["customers"])
            known = [row[key].lower() if key == "name" else row[key] for row in rows if row[key] is not None]
            if key != "name":
                assert known == sorted(known, reverse=direction == "desc")
            else:
                assert all(row["name"] is None for row in rows[len(known):])
            assert all(page["pages"] == len(pages) for page in pages)
    beyond = shop.get("customers", month="2024-03", limit=4, page=1000)
    assert beyond["customers"] == [] and beyond["matches"] == counted
    assert shop.get("customers", month="2024-03", limit=4, page=1000, search="ana")["matches"] == shop.get("customers", month="2024-03", search="ANA")["matches"] > 0
    for cluster in CLUSTERS:
        page = shop.get("customers", month="2024-03", cluster=cluster, limit=1000)
        assert [row["customer_id"] for row in page["customers"]] == [row["customer_id"] for row in whole["customers"] if row["cluster"] == cluster]
        assert page["matches"] == len(page["customers"]) and page["total"] == counted


@pytest.mark.parametrize("search", ["ana", "ZOÉ", "50%", "%", "_", "c1", "@shop", "\\", "nobody", "7"])
def test_customers_found(shop, search):
    whole = shop.get("customers", month="2024-03", limit=1000)["customers"]
    found = shop.get("customers", month="2024-03", search=search, limit=1000)
    wanted = [row for row in whole if any(search.lower() in (row[key] or "").lower() for key in ("name", "email", "external_id"))]
    assert found["customers"] == wanted and found["matches"] == len(wanted)
    assert found["total"] == len(whole)


def test_a_month_that_is_not_stored(shop):
    """Scored as the orders are; the newest stored month is the one that is shown first."""
    page = shop.get("customers", month="2023-09", limit=1000)
    fits(page, "customers")
    assert page["total"] == figures(midnight(datetime.date(2023, 9, 1)), midnight(datetime.date(2023, 10, 1)))["customers"] == len(page["customers"])
    empty = shop.get("customers", month="2023-05")
    fits(empty, "customers")
    assert (empty["total"], empty["average_value"], empty["change"]["average_value"], empty["customers"]) == (0, None, None, [])
    after = shop.get("customers", month="2023-06")
    assert after["previous"]["total"] == 0 and after["change"] == {"total": None, "revenue": None, "average_value": None}
    assert shop.get("customers")["month"] == "2024-03"


def test_one_customer(shop):
    answer = shop.get("customers/7")
    fits(answer, "customer")
    own = sorted((o for o in ORDERS if o.customer == 7), key=lambda o: o.at, reverse=True)
    assert [instant(p["purchased_at"]) for p in answer["purchases"]] == [o.at for o in own]
    assert answer["order_count"] == sum(not o.refund and not o.cancelled for o in own)
    assert [row["period"] for row in answer["rfm"]] == sorted((row["period"] for row in answer["rfm"]), reverse=True)
    status, unknown = shop.ask("customers/99999")
    fits(unknown, "error")
    assert status == 404 and unknown["error"]["code"] == "NOT_FOUND" and unknown["error"]["details"]["field"] == "id"


def test_segments(shop):
    rule = {"version": 1, "all": [{"customer": "order_count", "op": "ge", "value": 9}]}
    counts = collections.Counter(o.customer for o in ORDERS if o.customer and not o.refund and not o.cancelled)
    wanted = sorted(customer for customer, count in counts.items() if count >= 9)
    status, preview = shop.server.request("/api/v1/segments/preview", {"criteria": rule}, token=shop.viewer)
    assert status == 200, preview
    fits(preview, "segment_preview")
    assert preview["size"] == len(wanted) and [row["customer_id"] for row in preview["sample"]] == wanted[:5]
    status, made = shop.server.request("/api/v1/segments", {"name": "regulars", "criteria": rule}, token=shop.member)
    assert status == 201, made
    fits(made, "segment")
    assert made["size"] == len(wanted)
    listed = shop.get("segments")
    fits(listed, "segments")
    assert [segment["name"] for segment in listed["segments"]] == ["regulars"]
    members = []
    for page in range(1, -(-len(wanted) // 2) + 1):
        answer = shop.get(f"segments/{made['segment_id']}/members", limit=2, page=page)
        fits(answer, "segment_members")
        members += [row["customer_id"] for row in answer["members"]]
    assert members == wanted and answer["matches"] == len(wanted)
    status, again = shop.server.request("/api/v1/segments", {"name": "regulars", "criteria": rule}, token=shop.member)
    assert status == 409 and again["error"]["code"] == "CONFLICT"
    # Who may only read makes none.
    status, refused = shop.server.request("/api/v1/segments", {"name": "mine", "criteria": rule}, token=shop.viewer)
    assert status == 403 and "takes the role member" in refused["error"]["message"]
    assert len(shop.get("segments")["segments"]) == 1


def test_visits(shop):
    for path, name, parameters in (
        (f"funnels/{shop.funnel}", "funnel", {}), (f"funnels/{shop.funnel}", "funnel", {"start_date": "2024-01-01", "end_date": "2024-12-31"}),
        ("retention", "retention", {}), ("retention", "retention", {"period": "month", "mode": "on_or_after", "start_date": "2024-01-01", "end_date": "2024-12-31"}),
        ("online", "online", {}), ("metrics", "metrics", {}),
        ("series", "series", {}), ("series", "series", {"metric": "revenue", "start_date": "2024-03-30", "end_date": "2024-04-01", "interval_by": "hour", "compare": "true"}),
    ):
        fits(shop.get(path, **parameters), name)
    hours = shop.get("series", metric="revenue", start_date="2024-03-31", end_date="2024-03-31", interval_by="hour")["points"]
    starts, ends = midnight(datetime.date(2024, 3, 31)), midnight(datetime.date(2024, 4, 1))
    assert len(hours) == 23 and near(sum(point["value"] for point in hours), figures(starts, ends)["revenue"])


BAD = [
    ("analytics", {"start_date": "2024-03-02", "end_date": "2024-03-01"}, "start_date", "must not be after end_date 2024-03-01"),
    ("analytics", {"start_date": "2010-01-01", "end_date": "2024-03-01"}, "start_date", "must be at most 3660 days before end_date 2024-03-01"),
    ("analytics", {"start_date": "2999-01-01"}, "start_date", "must have begun"),
    ("analytics", {"start_date": "infinity"}, "start_date", "must be a day"),
    ("analytics", {"end_date": "-infinity"}, "end_date", "must be a day"),
    ("analytics", {"compare": "yes"}, "compare", "must be same_elapsed, full_month, pro_rata or none"),
    ("analytics", {"as_of": "2999-01-01T00:00:00Z"}, "as_of", "must be an instant that has come"),
    ("customers", {"month": "2024-13"}, "month", "must be a month as 2026-01"), ("customers", {"month": "2024-3"}, "month", "must be a month as 2026-01"),
    ("customers", {"month": "2999-01"}, "month", "must have begun"), ("customers", {"cluster": "best"}, "cluster", "must be one of champions, loyal"),
    ("customers", {"sort": "email; drop table"}, "sort", "must be monetary"), ("customers", {"page": "0"}, "page", "must be 1 to 1000000"),
    ("customers", {"limit": "1001"}, "limit", "must be 1 to 1000"), ("customers", {"search": "x" * 201}, "search", "must be at most 200"),
    ("customers", {"month": "2024-03", "as_of": "infinity"}, "as_of", "must be an instant"),
    ("retention", {"period": "year"}, "period", "must be day, week or month"), ("retention", {"mode": "off"}, "mode", "must be on or on_or_after"),
    ("retention", {"start_date": "2024-03-02", "end_date": "2024-03-01"}, "start_date", "must not be after"),
    ("series", {"metric": "money"}, "metric", "must be users"), ("series", {"interval_by": "year"}, "interval_by", "must be hour, day, week or month"),
    ("series", {"interval_by": "hour", "start_date": "2024-01-01", "end_date": "2024-03-01"}, "interval_by", "more than 31 days"),
    ("series", {"start_date": "1500-01-01"}, "start_date", "must not be before 1900-01-01"), ("online", {"limit": "-1"}, "limit", "must be 1 to 1000"),
    ("segments/1/members", {"page": "-4"}, "page", "must be 1 to"),
]


@pytest.mark.parametrize("path,parameters,field,rule", BAD)
def test_bad_values(shop, path, parameters, field, rule):
    status, answer = shop.ask(path, **parameters)
    fits(answer, "error")
    details = answer["error"]["details"]
    assert status == 400 and answer["error"]["code"] == "VALIDATION_ERROR"
    assert details["field"] == field and rule in details["rule"] and details["value"].startswith(parameters[field][:10])


@pytest.mark.parametrize("path,field,value", [
    ("analytics", "start_date", "2024-02-30"), ("analytics", "end_date", "soon"), ("analytics", "as_of", "now-ish"), ("customers", "page", "one"),
    ("customers/abc", None, "abc"), ("customers", "limit", "99999999999"), ("series", "compare", "perhaps"), ("retention", "end_date", "2024-99-01"),
])
def test_values_of_another_type(shop, path, field, value):
    status, answer = shop.ask(path, **({field: value} if field else {}))
    fits(answer, "error")
    assert status == 400 and answer["error"]["details"]["field"] == (field or "id") and value in answer["error"]["details"]["reason"]


def test_parameters_that_there_are_not(shop):
    status, answer = shop.ask("analytics", from_date="2024-01-01")
    assert status == 400 and answer["error"]["details"]["field"] == "from_date"
    for criteria, field in (({"version": 1, "all": [{"customer": "order_count", "op": "near", "value": 1}]}, "criteria.all[0]"), ({}, "criteria")):
        status, answer = shop.server.request("/api/v1/segments/preview", {"criteria": criteria}, token=shop.member)
        fits(answer, "error")
        assert status == 400 and answer["error"]["details"]["field"].startswith(field) and answer["error"]["details"]["rule"]


PATHS = ["analytics", "customers", "customers/7", "segments", "retention", "online", "metrics", "series"]


@pytest.mark.parametrize("path", PATHS)
def test_who_may_ask(shop, path):
    assert shop.ask(path, token=shop.server.anon_key)[0] == 401
    status, viewed = shop.ask(path, token=shop.viewer)
    assert status == 200, viewed
    status, refused = shop.ask(path, token=shop.stranger, site=shop.site)
    assert status == 400 and "not yours" in refused["error"]["message"]
    # Of their own site they see their own: nothing.
    status, own = shop.ask(path, token=shop.stranger)
    assert own["site_id"] == shop.other if status == 200 else (path, status) == ("customers/7", 404)


def test_months_have_their_days():
    """The reference's own calendar, so that it is not wrong in the same way: February 2024 has 29 days."""
    starts, ends, before, until = ranges(datetime.date(2024, 2, 1), datetime.date(2024, 2, 29), datetime.datetime(2025, 1, 1, tzinfo=UTC), "same_elapsed")
    assert (ends - starts).days == calendar.monthrange(2024, 2)[1] and (until - before).days == 31
