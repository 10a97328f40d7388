"""Campaigns: random shops against an attribution written in Python from plain lists; plans of the reports.

The reference knows nothing of the SQL: it walks the story's persons, touches and orders one by one, with fractions for shares.
"""
import collections
import datetime
import json
import random
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from conftest import connect

UTC = datetime.timezone.utc
CENT = Decimal("0.01")
PASSIVE = {"impression", "sent", "delivered", "bounced", "unsubscribed"}


def money(value):
    """A fraction of an amount in cents, halves away from zero as PostgreSQL has them."""
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(CENT, ROUND_HALF_UP)


class Shop:
    """A made-up shop as plain lists: who owns which browsers, which campaign met whom when, who ordered what."""

    CAMPAIGNS = [("Letter", "weekly", None, None), ("Letter of partner", "weekly", "partner", None), ("Letter of post", "weekly", None, "post"),
                 ("Search", "brand", "google", "cpc"), ("Calls", None, None, None), ("Silent", None, None, None)]

    def __init__(self, seed):
        dice = self.dice = random.Random(f"campaigns {seed}")
        self.zone = ["America/New_York", "UTC", "Australia/Lord_Howe", "America/Sao_Paulo"][seed % 4]
        # The range has the nights when clocks change in New York (8 March) and on Lord Howe Island (5 April).
        self.start = datetime.datetime(2026, 3, 1, tzinfo=UTC)
        self.days = 45
        self.persons = []
        for number in range(12):
            kind = dice.choice(["customer", "customer", "visitor", "merged", "merged customer", "two browsers"])
            browsers = {"customer": 0, "visitor": 1, "merged": 2, "merged customer": 3, "two browsers": 2}[kind]
            self.persons.append({"number": number, "kind": kind, "is_customer": "customer" in kind or kind == "two browsers", "browsers": browsers})
        self.visits, self.events, self.orders, self.reports = [], [], [], []
        for _ in range(120):
            person = dice.choice([p for p in self.persons if p["browsers"]])
            self.visits.append({"person": person, "browser": dice.randrange(person["browsers"]), "at": self.moment(), "is_bot": dice.random() < 0.05,
                                "utm": (dice.choice([None, "weekly", "Weekly", "brand", "other"]), dice.choice([None, "partner", "Google", "x"]),
                                        dice.choice([None, "post", "CPC"]))})
        for place in range(90):
            person = dice.choice(self.persons + [None])
            by = None if person is None else dice.choice((["customer"] if person["is_customer"] else []) + (["browser"] if person["browsers"] else []))
            self.events.append({"campaign": dice.choice(["Letter", "Search", "Calls", "Calls"]), "at": self.moment(), "person": person, "by": by,
                                "browser": dice.randrange(person["browsers"]) if by == "browser" else None,
                                "type": dice.choice(["impression", "sent", "click", "open", "conversion"]), "value": dice.choice([None, dice.randint(0, 5000)]),
                                "cost": dice.choice([None, dice.randint(0, 300)]), "order": dice.choice([None, None, f"o{dice.randrange(80)}", "elsewhere"])})
        for place in range(70):
            person = dice.choice(self.persons + [None])
            kinds = [] if person is None else (["customer"] if person["is_customer"] else []) + (["browser"] if person["browsers"] else [])
            lent = dice.choice([p for p in self.persons if p["browsers"]]) if dice.random() < 0.1 else None
            self.orders.append({"id": f"o{place}", "at": self.moment(), "cents": dice.randint(0, 9999), "person": person,
                                "by": dice.choice(kinds) if kinds else None, "lent": lent if kinds and "customer" in kinds else None,
                                "browser": dice.randrange(person["browsers"]) if kinds and person["browsers"] else 0,
                                "kind": dice.choice(["order"] * 7 + ["refund", "cancelled", "foreign"]),
                                "utm": dice.choice([None, None, ("Weekly", None, "post"), ("brand", "Google", "cpc"), ("weekly", None, None), (None, "x", None)])})
        for day in range(0, self.days, 3):
            self.reports.append({"campaign": dice.choice(["Search", "Letter"]), "day": datetime.date(2026, 3, 1) + datetime.timedelta(days=day)} | {
                name: dice.choice([None, dice.randint(0, 500)]) for name in ("impressions", "clicks", "conversions", "revenue", "cost")})

    def moment(self):
        at = self.start + datetime.timedelta(seconds=self.dice.randrange(self.days * 86400))
        # Some at the very edges of days and of windows.
        return at.replace(hour=self.dice.choice([4, 5, 13, 14]), minute=0, second=0) if self.dice.random() < 0.2 else at

    def write(self, db, site):
        one = lambda query, *values: db.execute(query, values).fetchone()[0]  # noqa: E731
        site_id = one("select vibe.create_site(%s, time_zone => %s)", site, self.zone)
        self.ids = {name: one("select vibe.create_campaign(%s, %s, utm_campaign => %s, utm_source => %s, utm_medium => %s)", site, name, *utm)
                    for name, *utm in self.CAMPAIGNS}
        for person in self.persons:
            person["customer_id"] = one("insert into vibe.customers (site_id, external_id) values (%s, %s) returning customer_id",
                                        site_id, f"c{person['number']}") if person["is_customer"] else None
            person["users"] = []
            for place in range(person["browsers"]):
                # A merged family has its customer on any of the browsers; of two browsers each is known by itself.
                known = person["customer_id"] if person["kind"] == "two browsers" or place == person["number"] % 3 and person["is_customer"] else None
                head = person["users"][0] if place and person["kind"].startswith("merged") else None
                person["users"].append(one("insert into vibe.site_users (site_id, anonymous_id, external_id, customer_id, merged_into) "
                                           "values (%s, %s, %s, %s, %s) returning user_id", site_id, f"b{person['number']}-{place}",
                                           f"u{person['number']}" if place == 0 else None, known, head))
        for visit in self.visits:
            db.execute("insert into vibe.site_sessions (site_id, user_id, started_at, last_seen_at, utm_campaign, utm_source, utm_medium, is_bot) "
                       "values (%s, %s, %s, %s, %s, %s, %s, %s)", [site_id, visit["person"]["users"][visit["browser"]], visit["at"], visit["at"], *visit["utm"], visit["is_bot"]])
        for event in self.events:
            told = {"occurred_at": event["at"].isoformat(), "order": event["order"], "value": event["value"] and event["value"] / 100, "cost": event["cost"] and event["cost"] / 100}
            if event["by"] == "customer":
                told["customer"] = f"c{event['person']['number']}"
            elif event["by"] == "browser":
                told["visitor"] = f"b{event['person']['number']}-{event['browser']}"
            db.execute("select vibe.track_campaign_event(%s, %s, %s::jsonb)", [self.ids[event["campaign"]], event["type"], json.dumps(told)])
        for order in self.orders:
            person = order["person"]
            customer = person["customer_id"] if order["by"] == "customer" else None
            user = order["lent"]["users"][0] if order["lent"] and customer else person["users"][order["browser"]] if order["by"] == "browser" else None
            db.execute("insert into vibe.purchases (site_id, customer_id, user_id, external_id, purchased_at, amount, currency, is_refund, is_cancelled, utm) "
                       "values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb)", [site_id, customer, user, order["id"], order["at"],
                       (-1 if order["kind"] == "refund" else 1) * Decimal(order["cents"]) / 100, "EUR" if order["kind"] == "foreign" else "USD",
                       order["kind"] == "refund", order["kind"] == "cancelled",
                       order["utm"] and json.dumps({name: value for name, value in zip(("campaign", "source", "medium"), order["utm"]) if value})])
        for report in self.reports:
            db.execute("select vibe.report_campaign_day(%s, %s, %s, %s, %s, %s, %s)", [self.ids[report["campaign"]], *list(report.values())[1:]])
        return site_id

    # The reference.

    def campaign_of(self, utm):
        """Of the campaigns whose parameters the visit has, the one with most of them; the source says more than the medium."""
        campaign, source, medium = ((part or "").lower() or None for part in utm)
        best = None
        for name, *wanted in self.CAMPAIGNS:
            if wanted[0] and wanted[0] == campaign and wanted[1] in (None, source) and wanted[2] in (None, medium):
                best = max(best or (-1, ""), (2 * (wanted[1] is not None) + (wanted[2] is not None), name))
        return best and best[1]

    def touches(self, conversions):
        """(campaign, person, time, whether it earns orders, whether it is a conversion) of everything with a person."""
        for visit in self.visits:
            campaign = self.campaign_of(visit["utm"])
            if campaign and not visit["is_bot"]:
                yield campaign, visit["person"]["number"], visit["at"], True, False
        for event in self.events:
            if event["by"]:
                yield event["campaign"], event["person"]["number"], event["at"], event["type"] not in PASSIVE | conversions, event["type"] in conversions

        # What the shop says of an order, unless a visit of the last 24 hours says the same.
        for order, buyers, _ in self.sales():
            campaign = order["utm"] and self.campaign_of(order["utm"])
            if campaign and order["by"]:
                person = order["person"]["number"]
                if not any(visit["person"]["number"] == person and not visit["is_bot"] and self.campaign_of(visit["utm"]) == campaign
                           and order["at"] - datetime.timedelta(hours=24) < visit["at"] <= order["at"] for visit in self.visits):
                    yield campaign, person, order["at"], True, False

    def sales(self):
        """Orders that count, with their buyers: the person, and who lent the browser."""
        for order in self.orders:
            if order["kind"] in ("order", "foreign"):
                buyers = {order["person"]["number"]} if order["by"] else set()
                if order["lent"] and order["by"] == "customer":
                    buyers.add(order["lent"]["number"])
                yield order, buyers, order["cents"] if order["kind"] == "order" else 0

    def local_day(self, at):
        return at.astimezone(ZoneInfo(self.zone)).date()

    def credits(self, model, window, conversions=frozenset({"conversion"})):
        """{(campaign, order id): (share, money)}"""
        span, found = datetime.timedelta(hours=24 * window), {}
        touches = list(self.touches(conversions))
        for order, buyers, cents in self.sales():
            met = [(at, 0, campaign) for campaign, person, at, earns, _ in touches if earns and person in buyers and order["at"] - span < at <= order["at"]]
            met += [(order["at"], 1, event["campaign"]) for event in self.events if event["type"] in conversions and event["order"] == order["id"]]
            if not buyers and order["utm"] and self.campaign_of(order["utm"]):
                met.append((order["at"], 0, self.campaign_of(order["utm"])))
            met.sort(key=lambda touch: (touch[0], touch[1], self.ids[touch[2]]))
            if not met:
                continue
            if model == "first":
                met = met[:1]
            elif model == "last":
                latest = max(touch[:2] for touch in met)
                met = [min((touch for touch in met if touch[:2] == latest), key=lambda touch: self.ids[touch[2]])]
            given = Decimal(0)
            for place, (_, _, campaign) in enumerate(met, 1):
                upto = money(Fraction(cents * place, 100 * len(met)))
                share, amount = found.get((campaign, order["id"]), (Fraction(0), Decimal(0)))
                found[campaign, order["id"]] = share + Fraction(1, len(met)), amount + upto - given
                given = upto
        return found

    def daily(self, model, window, conversions=frozenset({"conversion"})):
        """{(campaign, day): figures} counted, then overlaid with what was reported."""
        days = collections.defaultdict(lambda: collections.defaultdict(Fraction))
        known = {order["id"] for order in self.orders}
        for event in self.events:
            day = days[event["campaign"], self.local_day(event["at"])]
            day["total_events"] += 1
            day["impressions"] += event["type"] == "impression"
            day["clicks"] += event["type"] == "click"
            day["cost"] += Fraction(event["cost"] or 0, 100)
            if event["type"] in conversions:
                day["conversion_events"] += 1
                if event["order"] not in known:
                    day["conversions"] += 1
                    day["revenue"] += Fraction(event["value"] or 0, 100)
        orders = {order["id"]: order for order in self.orders}
        for (campaign, order), (share, amount) in self.credits(model, window, conversions).items():
            day = days[campaign, self.local_day(orders[order]["at"])]
            day["conversions"] += share
            day["revenue"] += Fraction(amount)
        for report in self.reports:
            day = days[report["campaign"], report["day"]]
            for name in ("impressions", "clicks", "conversions", "revenue", "cost"):
                if report[name] is not None:
                    day[name] = Fraction(report[name])
        return days

    def reach(self, campaign, first, last, window, conversions=frozenset({"conversion"})):
        """(exposed, converted) persons of the days from first to last."""
        span = datetime.timedelta(hours=24 * window)
        touches = [touch for touch in self.touches(conversions) if touch[0] == campaign]
        met = [(person, at) for _, person, at, _, _ in touches if first <= self.local_day(at) <= last]
        bought = {(person, at) for person, at in met for order, buyers, _ in self.sales() if person in buyers and at <= order["at"] < at + span}
        bought |= {(person, at) for person, at in met for _, other, then, _, is_conversion in touches
                   if is_conversion and other == person and at <= then < at + span}
        return len({person for person, _ in met}), len({person for person, _ in bought})


def ratio(above, below, places):
    """A quotient as the reports round it; None for nothing to divide by."""
    if not below:
        return None
    quotient = Fraction(above) / Fraction(below)
    return (Decimal(quotient.numerator) / Decimal(quotient.denominator)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def figures(days):
    """What a report must say of these days' figures: sums, and ratios of the sums."""
    total = collections.defaultdict(Fraction)
    for day in days:
        for name, value in day.items():
            total[name] += value
    return {name: int(total[name]) for name in ("total_events", "impressions", "clicks")} | {
        name: money(total[name]) for name in ("conversions", "revenue", "cost")} | {
        "event_conversion_rate": ratio(total["conversion_events"], total["total_events"], 6), "ctr": ratio(total["clicks"], total["impressions"], 6),
        "cpc": ratio(total["cost"], total["clicks"], 4), "roas": ratio(total["revenue"], total["cost"], 4)}


def records(db, query, *values):
    cursor = db.execute(query, values)
    names = [column.name for column in cursor.description]
    return [dict(zip(names, row)) for row in cursor.fetchall()]


@pytest.mark.parametrize("seed", range(8))
def test_reports_are_those_of_an_attribution_in_python(database, seed):
    shop = Shop(seed)
    first, last = datetime.date(2026, 3, 6), datetime.date(2026, 4, 6)
    every = datetime.date(2000, 1, 1), datetime.date(2100, 1, 1)
    with connect(database) as db:
        shop.write(db, "shop")
        checked = 0
        for model in ("first", "last", "linear"):
            for window in (1, 7, 30):
                for span, dates in ((every, (None, None)), ((first, last), (first, last))):
                    orders = {order["id"]: order for order in shop.orders}
                    expected = {name: [Fraction(0), Decimal(0), set()] for name in shop.ids}
                    for (campaign, order), (share, amount) in shop.credits(model, window).items():
                        if span[0] <= shop.local_day(orders[order]["at"]) <= span[1]:
                            expected[campaign][0] += share
                            expected[campaign][1] += amount
                            checked += 1
                    found = {row["name"]: row for row in records(db, "select * from vibe.campaign_attribution('shop', %s, %s, %s, %s)", *dates, model, window)}
                    assert {name: (row["orders"], row["revenue"]) for name, row in found.items()} == {
                        name: ((Decimal(share.numerator) / share.denominator).quantize(Decimal("0.0001"), ROUND_HALF_UP), amount)
                        for name, (share, amount, _) in expected.items()}
        assert checked > 200
        # Whoever bought more than once counts once; guests whose browser was lent are one buyer with the customer.
        distinct = {row["name"]: row["customers"] for row in records(db, "select * from vibe.campaign_attribution('shop', model => 'linear')")}
        sales = {order["id"]: (order, buyers) for order, buyers, _ in shop.sales()}
        for name in shop.ids:
            bought = [sales[order] for campaign, order in shop.credits("linear", 30) if campaign == name]
            assert distinct[name] <= len({order["id"] for order, _ in bought})
            assert distinct[name] >= len({min(buyers) for _, buyers in bought if len(buyers) == 1})

        for model, window in (("last", 30), ("linear", 3), ("first", 10)):
            db.execute("select vibe.change_campaign_settings('shop', %s, %s)", [model, window])
            days = shop.daily(model, window)
            listed = {row["name"]: row for row in records(db, "select * from vibe.get_campaigns('shop', %s, %s)", first, last)}
            for name, number in shop.ids.items():
                for span, dates in ((every, (None, None)), ((first, last), (first, last))):
                    exposed, converted = shop.reach(name, *span, window)
                    expected = figures(day for (campaign, at), day in days.items() if campaign == name and span[0] <= at <= span[1]) | {
                        "exposed": exposed, "converted": converted, "conversion_rate": ratio(converted, exposed, 6)}
                    assert records(db, "select * from vibe.get_campaign_performance(%s, %s, %s)", number, *dates) == [expected]
                    assert converted <= exposed
                assert {key: listed[name][key] for key in expected.keys() & listed[name].keys()} == {
                    key: value for key, value in expected.items() if key in listed[name]}
                found = records(db, "select * from vibe.campaign_days(%s, %s, %s)", number, first, last)
                assert [row["date"] for row in found] == [first + datetime.timedelta(days=n) for n in range((last - first).days + 1)]
                for row in found:
                    exposed, converted = shop.reach(name, row["date"], row["date"], window)
                    assert row == {"date": row["date"]} | figures([days.get((name, row["date"]), {})]) | {
                        "exposed": exposed, "converted": converted, "conversion_rate": ratio(converted, exposed, 6)}


FILL = """
set session_replication_role = replica;
insert into vibe.site_users (site_id, anonymous_id) select s.site_id, 'visitor-' || n from vibe.sites as s, generate_series(1, 5000) as n;
insert into vibe.customers (site_id, external_id) select s.site_id, 'customer-' || n from vibe.sites as s, generate_series(1, 3000) as n;
insert into vibe.site_sessions (site_id, user_id, started_at, last_seen_at, utm_campaign)
select u.site_id, u.user_id, t.at, t.at, case when (u.user_id + n) % 10 = 0 then 'weekly' when (u.user_id + n) % 10 = 1 then 'x' || u.user_id end
from vibe.site_users as u, generate_series(1, 12) as n,
    lateral (select timestamptz '2025-07-01' + interval '300 days' * ((u.user_id * 7919 + n * 104729) % 10007) / 10007.0 as at) as t;
insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency, utm)
select c.site_id, c.customer_id, c.customer_id || '-' || n, timestamptz '2025-07-01' + interval '300 days' * ((c.customer_id * 7919 + n * 104729) % 10007) / 10007.0, 10, 'USD',
    case when n = 1 and c.customer_id % 9 = 0 then '{"campaign": "weekly"}'::jsonb end
from vibe.customers as c, generate_series(1, 10) as n;
insert into vibe.campaign_events (site_id, campaign_id, event_type, occurred_at, customer_id, order_id)
select c.site_id, c.campaign_id, 'click', timestamptz '2025-07-01' + interval '300 days' * n / 20000.0, k.first + n % 3000, case when n % 50 = 0 then k.first || '-' || n end
from vibe.campaigns as c join (select site_id, min(customer_id) as first from vibe.customers group by 1) as k using (site_id), generate_series(1, 20000) as n;
reset session_replication_role;
"""
LOGIN = "test_campaign_plans"


def nodes(plan):
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


def test_a_range_of_days_is_found_by_index(database):
    """As an analyst under row-level security, a month of ten: each big table is read by an index whose condition has site and time."""
    with connect(database) as admin:
        admin.execute("select vibe.create_site('shop', time_zone => 'America/Sao_Paulo'), vibe.create_site('other')")
        number = admin.execute("select vibe.create_campaign('shop', 'Letter', utm_campaign => 'weekly')").fetchone()[0]
        admin.execute("select vibe.create_campaign('shop', 'Calls'), vibe.create_campaign('other', 'Letter', utm_campaign => 'weekly')")
        admin.execute(FILL)
        admin.execute("vacuum analyze")
        admin.execute("select vibe.create_analyst(%s, 'correct horse battery', array['shop'])", [LOGIN])
        try:
            with connect(database) as session:
                session.execute("""load 'auto_explain'; set auto_explain.log_min_duration = 0; set auto_explain.log_analyze = on; set auto_explain.log_timing = off;
                    set auto_explain.log_nested_statements = on; set auto_explain.log_format = json; set client_min_messages = log; set max_parallel_workers_per_gather = 0""")
                session.execute(f"set session authorization {LOGIN}")
                notices = []
                session.add_notice_handler(lambda notice: notices.append(notice.message_primary))
                for query in ("select * from vibe.get_campaigns('shop', '2025-10-01', '2025-10-31')", f"select * from vibe.get_campaign_performance({number}, '2025-10-01', '2025-10-31')",
                              f"select * from vibe.campaign_days({number}, '2025-10-01', '2025-10-31')", "select * from vibe.campaign_attribution('shop', '2025-10-01', '2025-10-31', 'linear')"):
                    notices.clear()
                    assert session.execute(query).fetchall()
                    found = [node for text in notices if text.startswith("duration") for node in nodes(json.loads(text[text.index("{"):])["Plan"])]
                    big = ("site_sessions", "purchases", "campaign_events")
                    assert [node for node in found if node["Node Type"] == "Seq Scan" and node.get("Relation Name") in big] == [], query
                    conditions = collections.defaultdict(set)
                    for node in found:
                        if "Index Name" in node and node["Actual Loops"]:
                            conditions[node["Index Name"]].add(node.get("Index Cond", ""))
                    for index, column in (("site_sessions_by_campaign", "started_at"), ("purchases_by_time", "purchased_at"), ("campaign_events_by_time", "occurred_at"),
                                          ("purchases_by_campaign", "purchased_at")):
                        assert any(f"{column} >=" in condition and f"{column} <" in condition and "site_id" in condition for condition in conditions[index]), (query, index, dict(conditions))
                    # A month and the window before it, never the whole year.
                    read = sum(node["Actual Rows"] * node["Actual Loops"] for node in found if node.get("Relation Name") == "purchases" and "Scan" in node["Node Type"])
                    assert read < 30000, (query, read)
                # The events of a page, the latest first, come from the index as they are: nothing is sorted or read beyond them.
                notices.clear()
                assert len(session.execute(f"select * from vibe.get_campaign_events({number}, start_date => '2025-10-01', end_date => '2025-10-31', \"limit\" => 10)").fetchall()) == 10
                found = [node for text in notices if text.startswith("duration") for node in nodes(json.loads(text[text.index("{"):])["Plan"])]
                assert max(node["Actual Rows"] for node in found if node.get("Relation Name") == "campaign_events") <= 20
        finally:
            admin.execute("select vibe.drop_analyst(%s)", [LOGIN])
