"""Segments by thousands of random criteria, as a viewer under row-level security.

The published schema is asked by the jsonschema package whether criteria are right, and segment_rules.py, row by row in
Python, who meets them; the product must refuse the same criteria and find the same ids.
"""
import copy
import datetime
import json
import random
import re

import jsonschema
import psycopg
import pytest
from psycopg.types.json import Jsonb

from conftest import connect
from segment_rules import Rules

AS_OF = datetime.datetime(2026, 11, 5, 15, 30, tzinfo=datetime.timezone.utc)  # four days after New York's clocks went back
EVENTS = ["page_view", "add_to_cart", "größe", "o'brien", "100%"]
CATEGORIES = ["Books", "Música", "a\\b", "'; drop table vibe.customers; --"]
HOSTILE = ["'", "''", '"', "\\", "\\'", "$1", "$2", "%L", "%", "_", "{", "}", "{all,0}", "--", "/*", ";", "'); delete from vibe.customers; --",
           "$vibe_script$", "\u00a0", "é", "日本語", "👩‍👩‍👧", "\u202e", "\n", "\t", "null", "NaN", "Infinity", "1e5", "E'\\x27'", "x" * 1000,
           "' or true or '", "vibe_private.users", "::int", "1; select 1"]
TRAITS = [5, "5", 5.5, -1, 0, True, False, None, "pro", "Pró", ["a", 5, "pro"], [], {"b": {"c": "deep"}}, {"b": [1, 2]}, "", "'", "100%"]


@pytest.fixture
def shop(database):
    """A shop of 60 customers and 90 browsers with everything that rules can ask for, a second tenant, and a viewer's connection."""
    draw = random.Random(6)
    at = lambda: AS_OF + datetime.timedelta(seconds=draw.choice([draw.randint(-70 * 86400, 86400), -86400 * draw.randint(0, 12) - 37800]))
    with connect(database) as admin:
        admin.execute("set client_min_messages = error")
        fill(admin, draw, at)
        site = admin.execute("select vibe.site_id('shop')").fetchone()[0]
        admin.execute("analyze")
        admin.execute("drop role if exists segment_viewer")
        admin.execute("create role segment_viewer login in role vibe_analyst")
        admin.execute("select vibe.add_member('shop', 'segment_viewer', 'viewer')")
        with connect(database, user="segment_viewer") as viewer:
            yield admin, viewer, site
        admin.execute("drop owned by segment_viewer; drop role segment_viewer")


def fill(admin, draw, at):
    """One transaction: thousands of small commits would take longer than the test."""
    with admin.transaction():
        site = admin.execute("select vibe.create_site('shop', time_zone => 'America/New_York')").fetchone()[0]
        other = admin.execute("select vibe.create_site('other', time_zone => 'Asia/Tokyo')").fetchone()[0]
        admin.execute("select vibe_private.add_partition(m::date) from generate_series(date '2026-08-01', '2026-11-01', '1 month') as m")
        for of_site, many in ((other, 20), (site, 60)):
            for i in range(many):
                admin.execute(
                    "insert into vibe.customers (site_id, external_id, name, email, birth_date, gender, location, income_range, registered_at, created_at)"
                    " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                    [of_site, f"c{i}", draw.choice([None, "Ana", "Bruno 'x'", "Zoë"]), draw.choice([None, f"c{i}@shop.example"]),
                     draw.choice([None, datetime.date(draw.randint(1940, 2010), draw.choice([2, 11]), draw.choice([4, 5, 6, 28]))]),
                     draw.choice([None, "f", "m", "ö"]), draw.choice([None, "São Paulo", "Berlin", "100%"]), draw.choice([None, "low", "high"]),
                     draw.choice([None, at()]), at()])
            customers = [r[0] for r in admin.execute("select customer_id from vibe.customers where site_id = %s order by 1", [of_site])]
            users = []
            for i in range(many * 3 // 2):
                first = at()
                users.append(admin.execute(
                    "insert into vibe.site_users (site_id, anonymous_id, name, email, traits, customer_id, segment, first_seen_at, last_seen_at, merged_into)"
                    " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) returning user_id",
                    [of_site, f"b{i}", draw.choice([None, "Ana", "日本"]), draw.choice([None, "u@shop.example"]),
                     Jsonb({k: draw.choice(TRAITS) for k in ("plan", "a", "o'k") if draw.random() < 0.7}),
                     draw.choice([None, None, draw.choice(customers)]), draw.choice([None, "vip", "new"]), first,
                     max(first, at()), draw.choice([None, None, None, draw.choice(users)]) if i > many else None]).fetchone()[0])
            for user in users:
                for _ in range(draw.choice([0, 1, 2])):
                    begins = at()
                    admin.execute("insert into vibe.site_sessions (site_id, user_id, started_at, last_seen_at, is_bot) values (%s, %s, %s, %s, %s)",
                                  [of_site, user, begins, begins, draw.random() < 0.3])
            for _ in range(many * 12):
                page = draw.choice([None, "/", "/shop/a", "/shop/100%", "/shop/A\\b", "/größe"])
                admin.execute("insert into vibe.user_events (site_id, user_id, event_name, page, properties, occurred_at, is_bot) values (%s, %s, %s, %s, %s, %s, %s)",
                              [of_site, draw.choice(users), draw.choice(EVENTS), page,
                               Jsonb({k: draw.choice(TRAITS) for k in ("plan", "a") if draw.random() < 0.5}), at(), draw.random() < 0.1])
            for i in range(many * 4):
                refund = draw.random() < 0.15
                purchase = admin.execute(
                    "insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency, is_refund, is_cancelled)"
                    " values (%s, %s, %s, %s, %s, %s, %s, %s) returning purchase_id",
                    [of_site, draw.choice([None] + customers[: many // 2]), f"o{i}", at(), draw.randint(0, 9999) / 100 * (-1 if refund else 1),
                     draw.choice(["USD", "USD", "USD", "EUR"]), refund, draw.random() < 0.1]).fetchone()[0]
                for line in range(draw.choice([0, 1, 2, 3])):
                    admin.execute("insert into vibe.purchase_items (site_id, purchase_id, line, product_id, category, amount) values (%s, %s, %s, %s, %s, %s)",
                                  [of_site, purchase, line + 1, draw.choice([None, "A1", "B'2"]), draw.choice([None] + CATEGORIES),
                                   draw.randint(1, 999) / 100 * (-1 if refund else 1)])
            for first, last in (("2026-09-01", "2026-10-01"), ("2026-10-01", "2026-11-01"), ("2026-11-01", "2026-12-01")):
                admin.execute("select vibe.calculate_rfm(%s, %s::date, %s::date)", [str(of_site), first, last])
            for name, subject, ids in (("list", "customer", customers[::3]), ("people", "user", users[::4])):
                made = admin.execute("select vibe.create_segment(%s, %s, subject => %s)", [str(of_site), name, subject]).fetchone()[0]
                for i in ids:
                    enters = AS_OF + datetime.timedelta(days=draw.randint(-9, 2))
                    admin.execute("insert into vibe.segment_members values (%s, %s, %s, %s, %s)",
                                  [of_site, made, i, enters, draw.choice([None, enters + datetime.timedelta(days=3)])])
            admin.execute("""select vibe.create_segment(%s, 'wo''men', '{"version": 1, "any": [{"customer": "gender", "op": "eq", "value": "f"}, {"event": "größe"}]}')""", [str(of_site)])
            admin.execute("""select vibe.create_segment(%s, 'pros', '{"version": 1, "all": [{"trait": ["plan"], "op": "ne", "value": "pro"}, {"not": {"segment": "wo''men"}}]}', 'user')""", [str(of_site)])


class Maker:
    """Random criteria that follow the grammar, with values that occur and values that hurt."""

    def __init__(self, seed, attributes):
        self.draw = random.Random(seed)
        self.attributes = attributes

    def criteria(self):
        key = self.draw.choice(["all", "any", "not"])
        return {"version": 1, key: self.node(1) if key == "not" else self.nodes(1)}

    def nodes(self, depth):
        return [self.node(depth) for _ in range(self.draw.choice([1, 1, 2, 3]))]

    def node(self, depth):
        kind = self.draw.random()
        if depth < 4 and kind < 0.3:
            return {(key := self.draw.choice(["all", "any"])): self.nodes(depth + 1)}
        if depth < 5 and kind < 0.42:
            return {"not": self.node(depth + 1)}
        return self.draw.choice([self.attribute, self.attribute, self.trait, self.event, self.bought, self.spent, self.segment])()

    def text(self):
        return self.draw.choice(HOSTILE) if self.draw.random() < 0.3 else self.draw.choice(
            ["f", "m", "ö", "Ana", "A", "Berlin", "100%", "low", "Books", "Música", "vip", "champions", "lost", "loyal", "c1", "@", "pro", "日本"])

    def number(self):
        return self.draw.choice([0, 1, 2, 3, 5, 5.5, 30, 50, 100, -1, 0.01, 1000000000000000, 3.0, self.draw.randint(0, 200)])

    def day(self):
        return (AS_OF.date() - datetime.timedelta(days=self.draw.choice([0, 1, 3, 4, 5, 30, 60, -1]))).isoformat()

    def some(self, make):
        return [make() for _ in range(self.draw.choice([1, 2, 3, 12]))]

    def span(self, make):
        return sorted([make(), make()])

    def attribute(self):
        side, name, kind = self.draw.choice(self.attributes)
        ops = {"text": ["eq", "ne", "contains", "starts_with", "in", "not_in"], "number": ["eq", "ne", "lt", "le", "gt", "ge", "in", "not_in", "between"],
               "time": ["eq", "ne", "lt", "le", "gt", "ge", "between", "in_last", "before_last"]}[kind]
        op = self.draw.choice(ops + ["is_set", "is_not_set"])
        make = {"text": self.text, "number": self.number, "time": self.day}[kind]
        return {side: name} | self.operand(op, make)

    def operand(self, op, make):
        if op in ("is_set", "is_not_set"):
            return {"op": op}
        if op in ("in_last", "before_last"):
            return {"op": op, "days": self.days()}
        return {"op": op, "value": self.some(make) if op in ("in", "not_in") else self.span(make) if op == "between" else make()}

    def days(self):
        return self.draw.choice([1, 2, 3, 4, 5, 7, 30, 60, 3650])

    def json(self):
        op = self.draw.choice(["eq", "ne", "lt", "le", "gt", "ge", "between", "in", "not_in", "contains", "starts_with", "is_set", "is_not_set"])
        scalar = lambda: self.draw.choice([t for t in TRAITS if not isinstance(t, (dict, list)) and t is not None] + [self.text()])
        return self.operand(op, scalar if op in ("eq", "ne", "in", "not_in") else self.text if op in ("contains", "starts_with") else self.number)

    def path(self):
        return self.draw.choice([["plan"], ["a"], ["o'k"], ["plan", "0"], ["a", "b", "c"], ["a", "b", "-1"], ["a", "1"], [self.text()], ["a", self.text()]])

    def trait(self):
        return {"trait": self.path()} | self.json()

    def counts(self, most):
        return {key: self.draw.randint(0, most) for key in self.draw.choice([[], ["at_least"], ["at_most"], ["exactly"], ["at_least", "exactly"]])}

    def event(self):
        node = {"event": self.draw.choice(EVENTS + [self.text()[:100]])} | self.counts(5)
        if self.draw.random() < 0.6:
            node["days"] = self.days()
        if self.draw.random() < 0.3:
            node["page"] = self.draw.choice(["/shop/%", "/", "%a%", "/shop/100\\%", "/shop/_", "%\\\\b", "%'%", "_"])
        if self.draw.random() < 0.3:
            node["properties"] = [{"path": self.path()} | self.json() for _ in range(self.draw.choice([1, 2]))]
        return node

    def goods(self):
        return {key: value for key, value in (("category", self.draw.choice(CATEGORIES)), ("product", self.draw.choice(["A1", "B'2", "'"])))
                if self.draw.random() < 0.4}

    def bought(self):
        return {"bought": self.goods()} | self.counts(4) | ({"days": self.days()} if self.draw.random() < 0.5 else {})

    def spent(self):
        node = {"spent": self.goods()} | {self.draw.choice(["at_least", "at_most"]): self.draw.choice([0, 5, 50.5, 100, 200])}
        return node | ({"days": self.days()} if self.draw.random() < 0.5 else {})

    def segment(self):
        return {"segment": self.draw.choice(["list", "people", "wo'men", "pros"])}

    def spoil(self, criteria):
        """The same with one or two things changed, mostly for the worse."""
        criteria = copy.deepcopy(criteria)
        for _ in range(self.draw.choice([1, 1, 2])):
            places = list(walk(criteria))
            holder, key = self.draw.choice(places)
            junk = self.draw.choice([None, True, {}, [], -3, 3651, 1e15 + 1, 2.5, "18", "", "nobody's", "2026-02-30", ["x"], {"all": []}, 0, [1], "x" * 1001,
                                     "eq", "between", "age", "a\\", [3, 1], self.text(), self.node(4)])
            change = self.draw.random()
            if change < 0.5 or isinstance(holder, list):
                holder[key] = junk
            elif change < 0.7:
                del holder[key]
            elif change < 0.85:
                holder[self.draw.choice(["op", "value", "days", "at_least", "at_most", "all", "event", "x'y", self.text()])] = junk
            else:
                holder[self.draw.choice(["any", "trait", "customer", "page", "not", "segment", self.text()])] = holder.pop(key)
        return criteria


def walk(value):
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], (dict, list)):
            yield from walk(value[key])


def beyond_the_schema(node):
    """What a JSON schema cannot say."""
    nodes = [node] + [holder[key] for holder, key in walk(node) if isinstance(holder[key], dict)]
    return any(n.get("op") == "between" and n["value"][0] > n["value"][1]
               or n.get("at_least", 0) > n.get("at_most", 1e99)
               or n.get("segment", "list") not in ("list", "people", "wo'men", "pros") for n in nodes)


def preview(viewer, criteria, subject):
    """The ids by the shown query, the size by preview_segment(); or the error."""
    try:
        query = viewer.execute("select vibe.segment_query('shop', %s, %s, %s)", [Jsonb(criteria), subject, AS_OF]).fetchone()[0]
        size, sample = viewer.execute("select * from vibe.preview_segment('shop', %s, %s, %s)", [Jsonb(criteria), subject, AS_OF]).fetchone()
        ids = [row[0] for row in viewer.execute(query.encode()).fetchall()]
    except psycopg.Error as error:
        return error
    assert len(ids) == len(set(ids)) == size, (criteria, subject)
    assert [row[f"{subject}_id"] for row in sample] == sorted(ids)[:5]
    return set(ids)


def test_random_criteria_find_whom_python_finds(shop):
    admin, viewer, site = shop
    attributes = admin.execute("select side, name, kind from vibe.segment_attributes()").fetchall()
    schema = jsonschema.Draft202012Validator(admin.execute("select vibe.segment_schema()").fetchone()[0],
                                             format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
    rules, maker = Rules(admin, site, AS_OF), Maker(7, attributes)
    rows = "select (select count(*) from vibe.customers), (select count(*) from vibe.site_users), (select count(*) from vibe.segments)"
    before = admin.execute(rows).fetchone()
    refused, nobody, everybody, some = 0, 0, 0, 0
    for i in range(1200):
        subject = maker.draw.choice(["customer", "user"])
        criteria = maker.criteria()
        if i % 2:
            criteria = maker.spoil(criteria)
        is_right = schema.is_valid(criteria) and not beyond_the_schema(criteria)
        found = preview(viewer, criteria, subject)
        if isinstance(found, Exception):
            assert not is_right, (criteria, found, str(found))
            assert found.sqlstate == "22023" and re.match(r"criteria[.\[ ]", str(found)), (criteria, str(found))
            refused += 1
            continue
        assert is_right, (criteria, list(schema.iter_errors(criteria))[:1])
        expected = rules.find(criteria, subject)
        assert found == expected, (subject, json.dumps(criteria, ensure_ascii=False), sorted(found - expected), sorted(expected - found))
        nobody, everybody, some = nobody + (not found), everybody + (len(found) >= 60), some + (0 < len(found) < 60)
    assert admin.execute(rows).fetchone() == before
    assert min(refused, some) > 250 and min(nobody, everybody) > 20, (refused, nobody, everybody, some)


def test_stored_members_are_those_of_the_preview(shop):
    """A member stores rules, refreshes them twice, and every id is the one that Python finds; the viewer may not store."""
    admin, viewer, site = shop
    attributes = admin.execute("select side, name, kind from vibe.segment_attributes()").fetchall()
    maker = Maker(8, attributes)
    for i in range(30):
        subject, criteria = maker.draw.choice(["customer", "user"]), maker.criteria()
        if beyond_the_schema(criteria):
            continue
        made = admin.execute("select vibe.create_segment('shop', %s, %s, %s)", [f"rule {i}", Jsonb(criteria), subject]).fetchone()[0]
        sized_at = admin.execute("select sized_at from vibe.segments where segment_id = %s", [made]).fetchone()[0]
        # The clock is the real one here: nothing of the shop happens after AS_OF but in the first day.
        expected = Rules(admin, site, sized_at).find(criteria, subject)
        members = {row[0] for row in viewer.execute("select subject_id from vibe.segment_members_at('shop', %s)", [f"rule {i}"])}
        assert members == expected, criteria
        assert viewer.execute("select size from vibe.segment_sizes where segment_id = %s", [made]).fetchone()[0] == len(expected)
        assert admin.execute("select entered, departed from vibe.refresh_segment('shop', %s)", [f"rule {i}"]).fetchone() == (0, 0)
    for statement in ("select vibe.create_segment('shop', 'x')", "select vibe.refresh_segments('shop')", "select vibe.refresh_segment('shop', 'list')",
                      "select vibe.add_to_segment('shop', 'list', '{1}')", "select vibe.update_segment('shop', 'list', 'x')",
                      "select vibe.delete_segment('shop', 'list')", "delete from vibe.segments"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            viewer.execute(statement)
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="not yours"):
        viewer.execute("""select vibe.preview_segment('other', '{"version": 1, "all": [{"bought": {}}]}')""")


def test_a_dialog_previews_and_stores_over_http(server):
    """What the create-segment dialog does: schema, live size, store, list; mistakes come back as 400 with their path."""
    call = lambda function, **body: server.request(f"/rest/v1/rpc/{function}", body, token=server.tokens["member"])
    with connect(server.database) as admin:
        site = admin.execute("select vibe.create_site('shop')").fetchone()[0]
        admin.execute("insert into vibe.customers (site_id, external_id, gender) select %s, 'c' || c, 'f' from generate_series(1, 3) as c", [site])
        admin.execute("select vibe.create_site('other')")
        server.tokens = {}
        for who, role in (("viewer", "viewer"), ("member", "member")):
            admin.execute("select vibe.create_user(%s, 'correct horse')", [f"{who}@example.com"])
            admin.execute("select vibe.add_member('shop', %s, %s)", [f"{who}@example.com", role])
            status, answer = server.request("/auth/v1/token?grant_type=password", {"email": f"{who}@example.com", "password": "correct horse"})
            assert status == 200, answer
            server.tokens[who] = answer["access_token"]
    rule = {"version": 1, "all": [{"customer": "gender", "op": "eq", "value": "f"}]}
    assert call("segment_schema")[1]["title"].startswith("criteria")
    status, answer = call("preview_segment", site="shop", criteria=rule)
    assert status == 200 and answer[0]["size"] == 3 and len(answer[0]["sample"]) == 3
    status, answer = call("create_segment", site="shop", name="women", criteria=rule)
    assert status == 200, answer
    assert call("refresh_segment", site="shop", segment="women")[1] == {"size": 3, "entered": 0, "departed": 0}
    status, answer = server.request("/rest/v1/segment_sizes?select=segment,size", token=server.tokens["viewer"])
    assert (status, answer) == (200, [{"segment": "women", "size": 3}])
    rule["all"][0]["value"] = 5
    status, answer = call("preview_segment", site="shop", criteria=rule)
    assert status == 400 and answer["code"] == "22023" and answer["message"] == "criteria.all[0].value is 5: it must be a string"
    status, answer = call("preview_segment", site="other", criteria=rule)
    assert status == 400 and "not yours" in answer["message"]
    status, answer = server.request("/rest/v1/rpc/create_segment", {"site": "shop", "name": "mine"}, token=server.tokens["viewer"])
    assert (status, answer["code"], answer["message"]) == (403, "42501", 'this takes the role member of site "shop"')


def test_plans_find_sets_by_index(shop):
    """As a viewer under row-level security: windows of events and purchases are index conditions, no condition is asked row by row."""
    admin, viewer, site = shop
    admin.execute("set session_replication_role = replica")
    admin.execute("""
        insert into vibe.user_events (site_id, user_id, event_name, occurred_at)
        select %s, 1 + i %% 500, case when i %% 50 = 0 then 'rare' else 'common' end, timestamptz '2026-11-05' - i * interval '3 minutes'
        from generate_series(1, 30000) as i""", [site])
    admin.execute("""
        insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency)
        select %s, 1 + i %% 500, 'many' || i, timestamptz '2026-11-05' - i * interval '15 minutes', 1, 'USD' from generate_series(1, 30000) as i""", [site])
    admin.execute("reset session_replication_role")
    admin.execute("vacuum (analyze) vibe.user_events"), admin.execute("vacuum (analyze) vibe.purchases")
    rule = {"version": 1, "any": [{"event": "rare", "at_least": 2, "days": 3}, {"not": {"bought": {}, "days": 3}}, {"spent": {}, "at_least": 5, "days": 5},
                                  {"not": {"trait": ["plan"], "op": "eq", "value": "pro"}}]}
    for subject in ("customer", "user"):
        query = viewer.execute("select vibe.segment_query('shop', %s, %s, %s)", [Jsonb(rule), subject, AS_OF]).fetchone()[0]
        plan = "\n".join(row[0] for row in viewer.execute(("explain (costs off) " + query).encode()))
        assert re.search(r"user_events_2026_11_name.*\n +Index Cond: \(.*site_id = \d+.*event_name = 'rare'.*occurred_at >=.*occurred_at <", plan), plan
        assert len(re.findall(r"purchases_by_time.*\n +(?:Recheck|Index) Cond: \(.*site_id = \d+.*purchased_at >=.*purchased_at <", plan)) == 2, plan
        assert "SubPlan" not in plan, plan
