"""After an erasure every past number is the one of a site that never had the person: a random site is loaded twice, once whole
and once without one of its persons; the person is erased from the first; then all tables, views and reports must be equal.
"""
import collections
import json
import random
import re
import threading
import time
import uuid
from datetime import datetime, timedelta, timezone

import psycopg
import pytest

from conftest import connect

ZONES = ["UTC", "America/Sao_Paulo", "Asia/Tehran", "Australia/Sydney"]
FUNNELS = {
    "path": {"steps": [{"event_name": "page_view"}, {"event_name": "cart"}, {"event_name": "purchase"}], "within": "3 days"},
    "any": {"steps": [{"event_name": "purchase"}, {"event_name": "cart"}], "mode": "unordered", "within": "1 day"},
    "held": {"steps": [{"event_name": "cart"}, {"event_name": "purchase"}], "hold": "sku", "within": "2 days"},
}
SEGMENTS = {
    "spenders": {"version": 1, "all": [{"customer": "total_spent", "op": "gt", "value": 100}]},
    "seen": {"version": 1, "all": [{"customer": "order_count", "op": "ge", "value": 2}]},
}
CAMPAIGNS = {"Letter": "weekly", "Search": "brand", "Calls": None}
# What no reference has: the time at which something was written, and numbers of rows.
DROPPED = {
    "site", "site_id", "calculated_at", "created_at", "sized_at", "entered_at", "since", "key", "merge_id", "started_at", "finished_at",
    "session_id", "ends_at_now", "took", "model", "name_of_site", "campaign_event_id", "reported_at",
    "entered_30_days", "departed_30_days",  # when somebody entered: an erasure moves others between clusters then
}
NOT_COMPARED = {
    "vibe.sites": "the site itself", "vibe.site_members": "none", "vibe.job_runs": "none", "vibe.job_status": "of the site itself",
    "vibe_private.turns": "locks", "vibe_private.changes": "the erasure tells its readers to load again",
    "vibe_private.event_ids": "none: events were written directly", "vibe.segment_sizes_by_month": "times at which somebody entered",
    "vibe_private.demo_sites": "none",
}
# Calls beside the one by defaults; {} is that. A function that needs an argument is called with ARGUMENTS.
VARIANTS = {
    "stats_series": [{"metric": metric, "step": step, "first_day": "{start}", "last_day": "{end}"}
                     for metric in ("users", "new_users", "sessions", "page_views", "events", "bounce_rate", "session_seconds")
                     for step in ("day", "week", "month")],
    "stats_breakdown": [{"dimension": d, "first_day": "{start}", "compare": True} for d in ("page", "referrer_domain", "device", "channel")],
    "retention": [{"period": period} for period in ("day", "week", "month")],
    "active_users": [{"first_day": "{start}", "last_day": "{end}"}],
    "calculate_funnel_conversion": [{"funnel": funnel, "first_day": "{kept}", "last_day": "{end}"} for funnel in FUNNELS],
    "funnel_trend": [{"funnel": funnel, "first_day": "{kept}", "last_day": "{end}"} for funnel in FUNNELS],
    "funnel_times": [{"funnel": funnel} for funnel in FUNNELS],
    "funnel_users": [{"funnel": funnel} for funnel in FUNNELS],
    "get_campaigns": [{"start_date": "{middle}", "end_date": "{end}"}],
    "campaign_attribution": [{"model": model, "start_date": "{start}", "end_date": "{end}"} for model in ("first", "last", "linear")],
}
ARGUMENTS = {
    "user_id": "{other_user}", "customer_id": "{other_customer}", "first_day": "{start}", "last_day": "{end}", "funnel": "path",
    "definition": None, "usual_length": "29 days", "longest": 3660, "period_start": "{start}", "period_end": "{end}", "period": "{month}",
    "from_start": "{start}", "from_end": "{middle}", "to_start": "{middle}", "to_end": "{end}", "from_period": "{month_before}",
    "to_period": "{month}", "as_of": None, "id": "{other_customer}", "search": "Name", "start_date": "{start}", "end_date": "{end}", "compare": "full_month", "segment": "spenders", "in_segment": "spenders", "month": "{month_before}", "criteria": json.dumps(SEGMENTS["seen"]),
    "metrics": ["revenue", "orders", "customers", "repeat_rate"], "interval_by": "week",
}
# Where an id is of something else than a customer.
ARGUMENTS_OF = {"get_funnel": {"id": "{funnel_id}"}, "get_segment_members": {"id": "{segment_id}"}}
NOT_CALLED = {
    "site_id", "site_ids", "funnel_task", "segment_query",  # say which site it is
    "rfm_packed",  # the numbers of customers as bytes; rfm_scores has the same
    "segment_movement", "segmentation_moves", "segmentation_movement", "segmentation_movers",  # when somebody entered
}


def make_story(seed):
    """Persons with their browsers, visits, events, orders: plain data. Person 0 has something of everything."""
    dice = random.Random(seed)
    # The last noon that is past: nothing of the story is yet to come.
    today = (datetime.now(timezone.utc) - timedelta(hours=12)).replace(hour=12, minute=0, second=0, microsecond=0)
    persons = []
    for number in range(14):
        main = number == 0
        person = {"number": number, "browsers": [], "known": main or dice.random() < 0.6, "customer": main or dice.random() < 0.6, "orders": []}
        for place in range(3 if main else dice.randint(1, 3)):
            browser = {"id": f"browser-{number}-{place}", "merged": place > 0 and person["known"] and (main or dice.random() < 0.7), "visits": []}
            ages = ([66, 44, 20, 3] if main else []) + [dice.uniform(0.1, 75) for _ in range(dice.randint(1, 6))]
            for age in ages:
                start = today - timedelta(days=age, seconds=dice.randint(0, 40000))
                visit = {"start": start, "is_bot": dice.random() < 0.05, "channel": dice.choice(["direct", "email", "referral"]),
                         "device": dice.choice(["desktop", "mobile"]), "events": []}
                at = start
                for _ in range(dice.randint(1, 6)):
                    name = dice.choice(["page_view", "page_view", "cart", "purchase"])
                    visit["events"].append({"at": at, "name": name, "page": dice.choice(["/", "/a", "/b"]), "id": f"{dice.getrandbits(128):032x}",
                                            "properties": {"sku": dice.choice(["x", "y"]), "total": dice.randint(1, 90)}})
                    at += timedelta(seconds=dice.randint(1, 900))
                visit["end"] = at
                browser["visits"].append(visit)
            person["browsers"].append(browser)
        if person["customer"]:
            for place in range(4 if main else dice.randint(0, 5)):
                person["orders"].append({
                    "id": f"order-{number}-{place}", "at": today - timedelta(days=dice.uniform(0.2, 80)), "amount": dice.randint(5, 200),
                    "currency": dice.choice(["USD"] * 5 + ["EUR"]), "refund": dice.random() < 0.15, "cancelled": dice.random() < 0.1,
                    "items": [(dice.choice(["tea", "cups", None]), dice.randint(1, 3)) for _ in range(dice.randint(0, 3))],
                    "by_browser": dice.random() < 0.5, "guest": main and place == 0, "borrowed": False})
        persons.append(person)
    # Visits by campaigns, and what campaigns did to whom: known by the shop, by a browser, by an order, by name alone.
    dice = random.Random(f"campaigns of {seed}")
    for person in persons:
        for browser in person["browsers"]:
            for visit in browser["visits"]:
                visit["utm_campaign"] = dice.choice([None, "weekly", "Brand"])
        person["met"] = [{"campaign": dice.choice(list(CAMPAIGNS)), "at": today - timedelta(days=dice.uniform(0.2, 80)), "by": by,
                          "type": dice.choice(["sent", "click", "conversion"]), "value": dice.randint(1, 9)}
                         for by in ["customer", "visitor", "order", "name"] + dice.choices(["customer", "visitor"], k=4)]
    # What another customer bought in the person's browser stays that customer's.
    lender = next(person for person in persons[1:] if person["orders"])
    lender["orders"][0]["borrowed"] = True
    return persons


def load(db, site, persons, zone, without=None, keeping_orders=False):
    """Writes the story, or all of it but person `without`, whose orders may stay without a name."""
    site_id = db.execute("select vibe.create_site(%s, null, %s)", [site, zone]).fetchone()[0]
    one = lambda query, *values: db.execute(query, values).fetchone()[0]  # noqa: E731
    db.execute("select vibe.create_goal(%s, 'Buy', 'purchase', value_property => 'total'), vibe.create_goal(%s, 'Page a', page_pattern => '/a')", [site, site])
    for name, definition in FUNNELS.items():
        db.execute("select vibe.create_funnel(%s, %s::jsonb)", [site, json.dumps({"name": name} | definition)])
    for name, criteria in SEGMENTS.items():
        db.execute("select vibe.create_segment(%s, %s, %s::jsonb)", [site, name, json.dumps(criteria)])
    campaigns = {name: one("select vibe.create_campaign(%s, %s, utm_campaign => %s)", site, name, utm) for name, utm in CAMPAIGNS.items()}
    db.execute("select vibe.report_campaign_day(%s, current_date - 5, 1000, 40, cost => 12)", [campaigns["Search"]])
    db.execute("update vibe.sites set created_at = now() - interval '80 days' where site_id = %s", [site_id])
    for person in persons:
        number, gone = person["number"], person["number"] == without
        if gone and not keeping_orders:
            continue
        customer = head = None
        if person["customer"] and not gone:
            customer = one("insert into vibe.customers (site_id, external_id, name, gender, registered_at) values (%s, %s, %s, %s, '2026-01-01') "
                           "returning customer_id", site_id, f"customer-{number}", f"Name {number}", "fm"[number % 2])
        for browser in [] if gone else person["browsers"]:
            first = min(visit["start"] for visit in browser["visits"])
            last = max(visit["end"] for visit in browser["visits"])
            known = person["known"] and head is None
            user = one("insert into vibe.site_users (site_id, anonymous_id, external_id, email, first_seen_at, last_seen_at, customer_id, merged_into) "
                       "values (%s, %s, %s, %s, %s, %s, %s, %s) returning user_id", site_id, browser["id"], f"user-{number}" if known else None,
                       f"p{number}@mail.example" if known else None, first, last, customer if head is None else None, head if browser["merged"] else None)
            if browser["merged"]:
                db.execute("insert into vibe.user_merges (site_id, user_id, into_user_id, merged_at) values (%s, %s, %s, %s)", [site_id, user, head, last])
            browser["now"] = user
            head = head or user
            for visit in browser["visits"]:
                views = sum(event["name"] == "page_view" for event in visit["events"])
                session = one("insert into vibe.site_sessions (site_id, user_id, started_at, last_seen_at, page_views, events, entry_page, channel, device, is_bot, utm_campaign) "
                              "values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) returning session_id", site_id, user, visit["start"], visit["end"], views,
                              len(visit["events"]) - views, visit["events"][0]["page"], visit["channel"], visit["device"], visit["is_bot"], visit["utm_campaign"])
                for event in visit["events"]:
                    db.execute("insert into vibe.user_events (site_id, user_id, session_id, event_id, event_name, page, occurred_at, received_at, properties, is_bot) "
                               "values (%s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s)", [site_id, user, session, event["id"], event["name"], event["page"],
                               event["at"], event["at"], json.dumps(event["properties"]), visit["is_bot"]])
        for met in [] if gone else person["met"]:
            told = {"customer": {"customer": f"customer-{number}"}, "visitor": {"visitor": person["browsers"][0]["id"]}, "name": {"to": f"Mail-{number} <p{number}@mail.example>"},
                    "order": {"order": f"order-{number}-0"}}[met["by"]]
            if met["by"] in ("visitor", "order") or met["by"] == "customer" and customer or met["by"] == "name" and person["known"]:
                db.execute("select vibe.track_campaign_event(%s, %s, %s::jsonb)", [campaigns[met["campaign"]], met["type"], json.dumps(
                    told | {"occurred_at": met["at"].isoformat(), "value": met["value"]})])
        for order in person["orders"]:
            user = person["browsers"][-1]["now"] if (order["by_browser"] or order["guest"]) and not gone else None
            if order["borrowed"]:
                user = persons[0]["browsers"][0]["now"] if without is None else None
            purchase = one("insert into vibe.purchases (site_id, customer_id, user_id, external_id, purchased_at, amount, currency, is_refund, is_cancelled) "
                           "values (%s, %s, %s, %s, %s, %s, %s, %s, %s) returning purchase_id", site_id,
                           None if order["guest"] else customer, user, order["id"], order["at"],
                           -order["amount"] if order["refund"] else order["amount"], order["currency"], order["refund"], order["cancelled"])
            for line, (category, quantity) in enumerate(order["items"], 1):
                db.execute("insert into vibe.purchase_items (site_id, purchase_id, line, category, quantity, amount) values (%s, %s, %s, %s, %s, %s)",
                           [site_id, purchase, line, category, quantity, 3 * quantity])
    return site_id


def count_everything(db, site_id, site):
    first, yesterday = db.execute("select (now() at time zone time_zone)::date - 78, (now() at time zone time_zone)::date - 1 "
                                  "from vibe.sites where site_id = %s", [site_id]).fetchone()
    db.execute("select vibe_private.calculate_nightly(%s, %s, %s)", [site_id, first, yesterday])
    db.execute("select vibe.calculate_rfm(%s, %s, %s)", [site, first, yesterday])
    db.execute("select vibe.calculate_rfm(%s, to_char(now() - interval '1 month', 'YYYY-MM'))", [site])
    db.execute("select vibe_private.refresh_revenue(%(s)s), vibe_private.refresh_customer_days(%(s)s)", {"s": site_id})


def expire(db, site_id, site):
    db.execute("select vibe.keep_events(%s, 40)", [site])
    assert db.execute("select vibe_private.expire_events(%s)", [site_id]).fetchone()[0] > 0


def same_clusters(db, whole, other):
    """The model of the whole site, in both: a model is not counted again, only who belongs to which of its clusters."""
    db.execute("select count(*) from vibe.calculate_clusters(%s, 'kinds', 2)", [str(whole)])
    db.execute("select count(*) from vibe.calculate_clusters(%s, 'kinds', 2)", [str(other)])
    db.execute("update vibe.segmentations as o set model = w.model from vibe.segmentations as w where w.site_id = %s and o.site_id = %s", [whole, other])
    db.execute("select vibe_private.write_clusters(site_id, segmentation_id) from vibe.segmentations where site_id = %s", [other])
    db.execute("select vibe_private.refresh_clusters(%s)", [other])


class Reader:
    """Reads all of a site with its numbers turned into names, which both sites share."""

    def __init__(self, db, site_id, site):
        self.db, self.site_id, self.site = db, site_id, site
        self.names = dict(db.execute("""
            select user_id, anonymous_id from vibe.site_users where site_id = %(s)s union all
            select customer_id, external_id from vibe.customers where site_id = %(s)s union all
            select segment_id, 'segment ' || name from vibe.segments where site_id = %(s)s union all
            select goal_id, 'goal ' || name from vibe.goals where site_id = %(s)s union all
            select funnel_id, 'funnel ' || name from vibe.funnels where site_id = %(s)s union all
            select segmentation_id, 'segmentation ' || name from vibe.segmentations where site_id = %(s)s union all
            select campaign_id, 'campaign ' || name from vibe.campaigns where site_id = %(s)s union all
            select purchase_id, external_id from vibe.purchases where site_id = %(s)s union all
            select session_id, 'session ' || started_at from vibe.site_sessions where site_id = %(s)s""", {"s": site_id}).fetchall())
        days = db.execute("""
            select t - 70, t - 35, t - 38, t - 1, to_char(t - 1, 'YYYY-MM'), to_char(date_trunc('month', t - 1) - interval '1 day', 'YYYY-MM')
            from (select (now() at time zone time_zone)::date from vibe.sites where site_id = %s) as s (t)""", [site_id]).fetchone()
        other = db.execute("select user_id from vibe.site_users where site_id = %s and anonymous_id = 'browser-1-0'", [site_id]).fetchone()
        customer = db.execute("select min(customer_id) from vibe.customers where site_id = %s and external_id <> 'customer-0'", [site_id]).fetchone()
        self.values = dict(zip(("start", "middle", "kept", "end", "month", "month_before"), map(str, days)))
        self.values |= {"other_user": str(other[0]), "other_customer": str(customer[0])}
        for name, key in (("funnel", "path"), ("segment", "spenders")):
            number = db.execute(f"select {name}_id from vibe.{name}s where site_id = %s and name = %s", [site_id, key]).fetchone()
            self.values[f"{name}_id"] = str(number[0])

    def named(self, value, key=None):
        if isinstance(value, dict):
            return {k: self.named(v, k) for k, v in value.items() if k not in DROPPED}
        if isinstance(value, list):
            return [self.named(v, key) for v in value]
        return self.names.get(value, value) if isinstance(value, int) and not isinstance(value, bool) else value

    def rows(self, query, values=()):
        found = [row[0] for row in self.db.execute(query, values).fetchall()]
        return sorted(json.dumps(self.named(row), sort_keys=True) for row in found)

    def relations(self):
        for name, by_id in self.db.execute("""
                select c.oid::regclass::text, bool_or(a.attname = 'site_id') from pg_class as c
                join pg_attribute as a on a.attrelid = c.oid and a.attname in ('site', 'site_id') and not a.attisdropped
                where c.relnamespace in ('vibe'::regnamespace, 'vibe_private'::regnamespace) and c.relkind in ('r', 'p', 'v')
                  and not c.relispartition group by 1 order by 1""").fetchall():
            if name not in NOT_COMPARED:
                only = " and left_at is null" if name == "vibe.segment_members" else ""
                yield name, self.rows(f"select to_jsonb(r) from {name} as r where {'site_id = %s' if by_id else 'site = %s'}{only}",
                                      [self.site_id if by_id else self.site])

    def reports(self):
        functions = self.db.execute("""
            select p.proname, array(select p.proargnames[i] from generate_series(1, p.pronargs - p.pronargdefaults) as i where p.proargnames[i] <> 'site')
            from pg_proc as p
            where p.pronamespace = 'vibe'::regnamespace and p.prokind = 'f' and p.provolatile <> 'v' and 'site' = any (p.proargnames[1:p.pronargs])
              and has_function_privilege('vibe_analyst', p.oid, 'execute') order by p.oid::regprocedure::text""").fetchall()
        for name, needed in functions:
            if name in NOT_CALLED:
                continue
            assert set(needed) <= set(ARGUMENTS), f"vibe.{name} needs {set(needed) - set(ARGUMENTS)}: tell ARGUMENTS what to call it with"
            for variant in [{}, *VARIANTS.get(name, [])]:
                given = {k: v.format(**self.values) if isinstance(v, str) and v.startswith("{") and v.endswith("}") and '"' not in v else v
                         for k, v in ({n: ARGUMENTS[n] for n in needed} | ARGUMENTS_OF.get(name, {}) | variant).items()}
                call = f"vibe.{name}({', '.join(['site => %s'] + [f'{k} => %s' for k in given])})"
                text = f"{name}({given | {k: '…' for k in given if k in ('user_id', 'customer_id', 'id')}})"
                try:
                    with self.db.transaction():
                        yield text, self.rows(f"select to_jsonb(r) from {call} as r", [self.site, *given.values()])
                except psycopg.Error as error:
                    yield text, [f"{error.sqlstate} {error.diag.message_primary}"]
        for campaign, number in self.db.execute("select name, campaign_id from vibe.campaigns where site_id = %s", [self.site_id]).fetchall():
            for name in ("get_campaign", "get_campaign_performance", "campaign_days", "get_campaign_events"):
                yield f"{name}({campaign})", self.rows(f"select to_jsonb(r) from vibe.{name}(%s) as r", [number])


@pytest.mark.parametrize("seed", range(6))
def test_every_past_number_is_that_of_a_site_without_the_person(database, seed):
    persons = make_story(seed)
    zone, with_purchases, expires, by_customer = ZONES[seed % 4], seed % 2 == 0, seed % 3 != 2, seed == 3
    with connect(database, autocommit=False) as db:
        db.execute("set jit = off")
        # Numbers of one kind are numbers of nothing else, so that each can be told by itself.
        for table, column, start in (("site_users", "user_id", 10), ("customers", "customer_id", 20), ("segments", "segment_id", 30), ("goals", "goal_id", 40),
                                     ("funnels", "funnel_id", 50), ("segmentations", "segmentation_id", 60), ("purchases", "purchase_id", 70), ("site_sessions", "session_id", 80), ("campaigns", "campaign_id", 90)):
            db.execute(f"alter table vibe.{table} alter {column} restart {start}000000")
        whole = load(db, "whole", persons, zone)
        other = load(db, "without", persons, zone, without=0, keeping_orders=not with_purchases)
        for site_id, site in ((whole, "whole"), (other, "without")):
            count_everything(db, site_id, site)
        same_clusters(db, whole, other)
        for site_id, site in ((whole, "whole"), (other, "without")):
            if expires:
                expire(db, site_id, site)
        before = dict(Reader(db, whole, "whole").relations())

        browser = db.execute("select user_id from vibe.site_users where site_id = %s and anonymous_id = 'browser-0-1'", [whole]).fetchone()[0]
        customer = db.execute("select customer_id from vibe.customers where site_id = %s and external_id = 'customer-0'", [whole]).fetchone()[0]
        answer = db.execute("select vibe.erase_customer('whole', %s, %s)" if by_customer else "select vibe.erase_user('whole', %s, %s)",
                            [customer if by_customer else browser, with_purchases]).fetchone()[0]
        assert answer["visitors"] == 3 and answer["customers"] == 1 and answer["events"] > 0
        db.execute("select vibe_private.refresh_clusters(%s), vibe_private.refresh_segments(%s)", [other, other])

        erased, reference = Reader(db, whole, "whole"), Reader(db, other, "without")
        expected = dict(reference.relations())
        found = dict(erased.relations())
        different = {name for name in expected if found[name] != expected[name]}
        assert {name: (set(found[name]) ^ set(expected[name])) for name in different} == {}
        # The person was in all of these, or equality would say nothing.
        roll_ups = {"vibe.user_days", "vibe.daily_user_stats", "vibe.goal_conversions", "vibe.daily_funnel_stats", "vibe.rfm_analysis",
                    "vibe.segment_members", "vibe.customer_totals", "vibe.retention_by_week", "vibe.campaign_events", "vibe.customer_days"}
        assert {name for name in roll_ups if before[name] == found[name]} == set()
        if expires:
            assert found["vibe_private.expired_funnel_users"] and answer["funnel_days"] > 0
        expected = dict(reference.reports())
        found = dict(erased.reports())
        assert len(expected) > 50 and sum(len(rows) > 0 for rows in expected.values()) > 45
        assert {name: rows for name, rows in expected.items() if any(re.match("[0-9A-Z]{5} ", row) for row in rows)} == {}
        different = {name for name in expected if found[name] != expected[name]}
        assert {name: (set(found[name]) ^ set(expected[name])) for name in different} == {}


@pytest.mark.parametrize("seed", range(3))
def test_expiry_changes_no_figure_that_was_counted(database, seed):
    """Reference: the figures before. They are counted again afterwards, as after a late event or a missed night."""
    counted = {"vibe.user_days", "vibe.daily_user_stats", "vibe.daily_stats", "vibe.goal_conversions", "vibe.goal_stats", "vibe.daily_funnel_stats",
               "vibe.funnel_days", "vibe.rfm_analysis", "vibe.retention_by_day", "vibe.retention_by_week", "vibe.retention_by_month", "vibe.site_sessions",
               "vibe.site_users", "vibe.revenue_by_day"}
    with connect(database, autocommit=False) as db:
        db.execute("set jit = off")
        site_id = load(db, "shop", make_story(seed), ZONES[seed])
        count_everything(db, site_id, "shop")
        before = dict(Reader(db, site_id, "shop").relations())
        expire(db, site_id, "shop")
        assert db.execute("select vibe_private.expire_events(%s)", [site_id]).fetchone()[0] == 0
        after = dict(Reader(db, site_id, "shop").relations())
        count_everything(db, site_id, "shop")
        again = dict(Reader(db, site_id, "shop").relations())
        assert {name: set(before[name]) ^ set(after[name]) for name in counted if before[name] != after[name]} == {}
        assert {name: set(before[name]) ^ set(again[name]) for name in counted if before[name] != again[name]} == {}
        assert len(before["vibe.user_events"]) > len(after["vibe.user_events"]) > 0
        # Who was in the funnels is kept to the person: as many as were counted, on each day and step.
        assert db.execute("""
            select count(*) from vibe.daily_funnel_stats as d join vibe.sites as s using (site_id)
            where d.day < s.events_from and d.users is distinct from (
                select count(*) from vibe_private.expired_funnel_users as x
                where (x.site_id, x.funnel_id, x.day) = (d.site_id, d.funnel_id, d.day) and x.step >= d.step)""").fetchone()[0] == 0


def test_erasing_beside_everything_else_leaves_no_event_of_nobody(database):
    """Tracking, signing in, the nightly work, goals and erasures at once: no error, no deadlock, nothing of the erased."""
    with connect(database) as db:
        site_id = db.execute("select vibe.create_site('busy')").fetchone()[0]
        db.execute("update vibe.sites set key = 'busy', created_at = now() - interval '3 days'")
    ends, errors, counts = time.monotonic() + 8, [], collections.Counter()

    def repeat(work, user=None):
        dice = random.Random(work.__name__)
        try:
            with connect(database, **({"user": user} if user else {})) as session:
                while time.monotonic() < ends:
                    counts[work.__name__] += work(session, dice) or 0
        except psycopg.Error as error:
            errors.append((work.__name__, error.sqlstate, str(error)))

    def track(session, dice):
        items = [{"type": "page_view", "id": str(uuid.UUID(int=dice.getrandbits(128))), "time": 200_000_000 * dice.randint(0, 1), "url": "https://busy.example/"}
                 for _ in range(3)]
        if dice.random() < 0.4:
            items.append({"type": "identify", "id": str(uuid.UUID(int=dice.getrandbits(128))), "time": 0, "user_id": f"user-{dice.randint(1, 6)}"})
        envelopes = [json.dumps({"site": "busy", "visitor": f"visitor-{dice.randint(1, 30)}", "sent_at": 200_000_000, "items": items})]
        status, body = session.execute("select status, body from vibe_private.ingest(%s, null)", [envelopes]).fetchone()
        assert status == 202 and body["accepted"] + body["duplicate"] == len(items), body
        return body["accepted"]

    def erase(session, dice):
        chosen = session.execute("select user_id from vibe.site_users order by random() limit 1").fetchone()
        try:
            return chosen and session.execute("select vibe.erase_user('busy', %s)", chosen).fetchone()[0]["visitors"]
        except psycopg.errors.InvalidParameterValue as error:  # the other one was quicker
            assert "does not exist" in str(error)

    def run(session, dice):
        session.execute("call vibe.run_due()")
        time.sleep(0.05)
        return 1

    def push_back(session, dice):
        session.execute("update vibe.job_runs set done_through = done_through - 1 where job = 'nightly'")
        time.sleep(0.1)
        return 1

    def goals(session, dice):
        session.execute("select vibe.create_goal('busy', 'goal', page_pattern => '/')")
        session.execute("delete from vibe.goals")
        return 1

    works = [track, track, track, erase, erase, run, push_back, goals]
    threads = [threading.Thread(target=repeat, args=[work, "vibe_jobs" if work is run else None]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    assert all(counts[work.__name__] > 5 for work in works), counts
    with connect(database) as db:
        assert db.execute("select state, error from vibe.job_status where state = 'failed'").fetchall() == []
        assert db.execute("select count(*) from vibe.user_events as e where not exists (select from vibe.site_users as u where u.user_id = e.user_id)").fetchone()[0] == 0
        # The figures as the nights and the erasures left them are those of a recount, once the marked days are counted.
        db.execute("update vibe.job_runs set finished_at = now() - interval '2 hours'")
        db.execute("call vibe.run_due()")
        figures = "select day, to_jsonb(d) - '{calculated_at,last_received_at}'::text[] from vibe.daily_user_stats as d order by day"
        kept = db.execute(figures).fetchall()
        db.execute("select vibe.calculate_daily_stats('busy', %s, %s)", [kept[0][0], kept[-1][0]])
        assert db.execute(figures).fetchall() == kept
        assert site_id and len(kept) >= 3
