"""Reading with the unmodified supabase client: every filter, shape and modifier that it has, on vibe's own tables.

The expected rows come from Python, which reads whole tables as the superuser and applies the obvious condition.
"""
import csv
import io
import re

import pytest
from postgrest import APIError, CountMethod

from client_shop import STRANGER, shop  # noqa: F401


@pytest.fixture(scope="module")
def client(shop):  # noqa: F811
    return shop.client()


def like(pattern, flags=0):
    """SQL's like as a condition on a value; null is never alike."""
    expression = re.compile("".join({"%": ".*", "_": "."}.get(letter, re.escape(letter)) for letter in pattern), flags | re.S)
    return lambda value: value is not None and expression.fullmatch(value) is not None


def known(value):
    return value is not None


NAME = "name"
# (what is asked, the client's call, the same in Python), all on customers.
CUSTOMER_FILTERS = [
    ("eq", lambda q: q.eq(NAME, "Ana Silva"), lambda r: r[NAME] == "Ana Silva"),
    ("eq with quotes", lambda q: q.eq(NAME, 'Bruno "the cat" Quist'), lambda r: r[NAME] == 'Bruno "the cat" Quist'),
    ("eq with the dialect's own signs", lambda q: q.eq(NAME, "O'Neil (junior), A."), lambda r: r[NAME] == "O'Neil (junior), A."),
    ("eq with a backslash", lambda q: q.eq(NAME, "back\\slash %_*"), lambda r: r[NAME] == "back\\slash %_*"),
    ("eq with plus", lambda q: q.eq("email", "a+b@example.org"), lambda r: r["email"] == "a+b@example.org"),
    ("eq beyond ASCII", lambda q: q.eq("location", "東京 🗼"), lambda r: r["location"] == "東京 🗼"),
    ("eq None is the string null", lambda q: q.eq("external_id", None), lambda r: r["external_id"] == "null"),
    ("eq empty", lambda q: q.eq(NAME, ""), lambda r: r[NAME] == ""),
    ("neq", lambda q: q.neq("gender", "f"), lambda r: r["gender"] not in ("f", None)),
    ("gt", lambda q: q.gt("birth_date", "1990-05-01"), lambda r: known(r["birth_date"]) and r["birth_date"] > "1990-05-01"),
    ("gte", lambda q: q.gte("birth_date", "1990-05-01"), lambda r: known(r["birth_date"]) and r["birth_date"] >= "1990-05-01"),
    ("lt", lambda q: q.lt("birth_date", "1990-05-01"), lambda r: known(r["birth_date"]) and r["birth_date"] < "1990-05-01"),
    ("lte", lambda q: q.lte("birth_date", "1990-05-01"), lambda r: known(r["birth_date"]) and r["birth_date"] <= "1990-05-01"),
    ("like", lambda q: q.like(NAME, "%na%"), lambda r: like("%na%")(r[NAME])),
    ("like with stars", lambda q: q.like(NAME, "*na*"), lambda r: like("%na%")(r[NAME])),
    ("ilike", lambda q: q.ilike(NAME, "ANA%"), lambda r: like("ANA%", re.I)(r[NAME])),
    ("like_all_of", lambda q: q.like_all_of(NAME, "%a%,A%"), lambda r: like("%a%")(r[NAME]) and like("A%")(r[NAME])),
    ("like_any_of", lambda q: q.like_any_of(NAME, "A%,B%"), lambda r: like("A%")(r[NAME]) or like("B%")(r[NAME])),
    ("ilike_all_of", lambda q: q.ilike_all_of(NAME, "%A%,ana%"), lambda r: like("ana%", re.I)(r[NAME])),
    ("ilike_any_of", lambda q: q.ilike_any_of(NAME, "ANA%,%quist"), lambda r: like("ana%", re.I)(r[NAME]) or like("%quist", re.I)(r[NAME])),
    ("match of an expression", lambda q: q.filter(NAME, "match", "^A.*a$"), lambda r: re.search("^A.*a$", r[NAME])),
    ("imatch of an expression", lambda q: q.filter(NAME, "imatch", "^ANA"), lambda r: re.search("^ANA", r[NAME], re.I)),
    ("is null", lambda q: q.is_("email", None), lambda r: r["email"] is None),
    ("is null by word", lambda q: q.is_("email", "NULL"), lambda r: r["email"] is None),
    ("is not null", lambda q: q.not_.is_("gender", None), lambda r: known(r["gender"])),
    ("is not_null", lambda q: q.is_("gender", "not_null"), lambda r: known(r["gender"])),
    ("isdistinct", lambda q: q.filter("gender", "isdistinct", "f"), lambda r: r["gender"] != "f"),
    ("in", lambda q: q.in_("external_id", ["c-1", "c-4", "nobody"]), lambda r: r["external_id"] in ("c-1", "c-4")),
    ("in with signs", lambda q: q.in_(NAME, ["O'Neil (junior), A.", 'Bruno "the cat" Quist', "back\\slash %_*"]),
     lambda r: r[NAME] in ("O'Neil (junior), A.", 'Bruno "the cat" Quist', "back\\slash %_*")),
    ("in nothing", lambda q: q.in_(NAME, []), lambda r: False),
    ("not in", lambda q: q.not_.in_("gender", ["f"]), lambda r: r["gender"] not in ("f", None)),
    ("in as supabase-js writes it", lambda q: q.filter(NAME, "in", '("O\'Neil (junior), A.",Bruno "the cat" Quist)'),
     lambda r: r[NAME] in ("O'Neil (junior), A.", 'Bruno "the cat" Quist')),
    ("not eq", lambda q: q.not_.eq("gender", "f"), lambda r: r["gender"] not in ("f", None)),
    ("match of several columns", lambda q: q.match({"gender": "f", "income_range": "low"}), lambda r: (r["gender"], r["income_range"]) == ("f", "low")),
    ("the same column twice", lambda q: q.gte("birth_date", "1985-01-01").lt("birth_date", "1990-05-02"),
     lambda r: known(r["birth_date"]) and "1985-01-01" <= r["birth_date"] < "1990-05-02"),
    ("or", lambda q: q.or_("gender.eq.m,location.eq.São Paulo"), lambda r: r["gender"] == "m" or r["location"] == "São Paulo"),
    ("or with quoted values", lambda q: q.or_('location.eq."Rio, RJ",name.eq."O\'Neil (junior), A."'), lambda r: r["external_id"] in ("c-2", "c-3")),
    ("nested or and and", lambda q: q.or_("and(gender.eq.f,income_range.eq.low),and(gender.eq.m,or(email.is.null,birth_date.lt.1980-01-01))"),
     lambda r: (r["gender"], r["income_range"]) == ("f", "low") or r["gender"] == "m" and (r["email"] is None or (r["birth_date"] or "9") < "1980")),
    ("or with not and in", lambda q: q.or_("not.and(gender.eq.f,income_range.in.(low,middle)),external_id.in.(c-5)"),
     lambda r: r["external_id"] == "c-5" or known(r["gender"]) and not (r["gender"] == "f" and r["income_range"] in ("low", "middle"))),
    ("not or", lambda q: q.not_.or_("gender.eq.f,email.is.null"), lambda r: known(r["gender"]) and r["gender"] != "f" and known(r["email"])),
    ("or beside a filter", lambda q: q.eq("gender", "f").or_("income_range.eq.high,income_range.eq.middle"),
     lambda r: r["gender"] == "f" and r["income_range"] in ("high", "middle")),
    ("an integer", lambda q: q.eq("order_count", 0), lambda r: r["order_count"] == 0),
    ("fts", lambda q: q.fts(NAME, "cat"), lambda r: "cat" in r[NAME]),
    ("plfts", lambda q: q.plfts(NAME, "cat quist"), lambda r: "Quist" in r[NAME]),
    ("phfts", lambda q: q.phfts(NAME, "the cat"), lambda r: "the cat" in r[NAME]),
    ("wfts", lambda q: q.wfts(NAME, "silva or cat"), lambda r: "Silva" in r[NAME] or "cat" in r[NAME]),
    ("text_search", lambda q: q.text_search(NAME, "'cats' | 'silva'", {"config": "english"}), lambda r: "Silva" in r[NAME] or "cat" in r[NAME]),
    ("text_search of the web", lambda q: q.text_search(NAME, "cats -bruno", {"config": "english", "type": "web_search"}), lambda r: False),
    ("not fts", lambda q: q.not_.fts(NAME, "cat"), lambda r: "cat" not in r[NAME]),
]
# On site_users, whose traits are JSON, and site_sessions, whose bot_reasons are an array.
VISITOR_FILTERS = [
    ("contains an object", lambda q: q.contains("traits", {"plan": "pro"}), lambda r: r["traits"].get("plan") == "pro"),
    ("contains a deep object", lambda q: q.contains("traits", {"address": {"city": "Recife"}}), lambda r: "address" in r["traits"]),
    ("contained by an object", lambda q: q.contained_by("traits", {"plan": None, "we \"ird->key": 1}), lambda r: r["traits"] in ({}, {"plan": None, "we \"ird->key": 1})),
    ("->>", lambda q: q.eq("traits->>plan", "free"), lambda r: r["traits"].get("plan") == "free"),
    ("-> with a number", lambda q: q.gt("traits->age", 5), lambda r: r["traits"].get("age", 0) > 5),
    ("-> is not ->>", lambda q: q.eq("traits->plan", '"pro"'), lambda r: r["traits"].get("plan") == "pro"),
    ("a longer path", lambda q: q.eq("traits->address->>city", "Recife"), lambda r: "address" in r["traits"]),
    ("an element", lambda q: q.eq("traits->tags->>0", "b"), lambda r: r["traits"].get("tags") == ["b"]),
    ("the last element", lambda q: q.eq("traits->tags->>-1", "b"), lambda r: "tags" in r["traits"]),
    ("is null in JSON", lambda q: q.is_("traits->>plan", None), lambda r: r["traits"].get("plan") is None),
    ("or in JSON", lambda q: q.or_("traits->>plan.eq.pro,traits->>age.eq.4"), lambda r: r["traits"].get("plan") in ("pro", "free")),
]
VISIT_FILTERS = [
    ("contains a list", lambda q: q.contains("bot_reasons", ["says so"]), lambda r: "says so" in (r["bot_reasons"] or [])),
    ("contains a literal", lambda q: q.contains("bot_reasons", '{"no headers"}'), lambda r: "no headers" in (r["bot_reasons"] or [])),
    ("contained by", lambda q: q.contained_by("bot_reasons", ["says so", "x"]), lambda r: r["bot_reasons"] in (["says so"], [])),
    ("overlaps", lambda q: q.overlaps("bot_reasons", ["no headers", "x"]), lambda r: "no headers" in (r["bot_reasons"] or [])),
    ("is true", lambda q: q.is_("is_bot", True), lambda r: r["is_bot"]),
    ("is not true", lambda q: q.not_.is_("is_bot", True), lambda r: not r["is_bot"]),
    ("is false", lambda q: q.is_("is_bot", False), lambda r: not r["is_bot"]),
    ("is unknown", lambda q: q.is_("is_bot", "unknown"), lambda r: False),
    ("eq True", lambda q: q.eq("is_bot", True), lambda r: r["is_bot"]),
]
FILTERS = [(table, key, *case) for table, key, cases in
           (("customers", "external_id", CUSTOMER_FILTERS), ("site_users", "anonymous_id", VISITOR_FILTERS), ("site_sessions", "entry_page", VISIT_FILTERS))
           for case in cases]


@pytest.mark.parametrize(("table", "key", "name", "ask", "holds"), FILTERS, ids=[f"{table}: {name}" for table, _, name, _, _ in FILTERS])
def test_filter(shop, client, table, key, name, ask, holds):  # noqa: F811
    """The client finds the rows that Python finds, and never one of the other tenant's equal rows."""
    expected = sorted(row[key] for row in shop.rows(table) if holds(row))
    found = ask(client.table(table).select(f"site_id,{key}")).execute().data
    assert sorted(row[key] for row in found) == expected
    assert {row["site_id"] for row in found} <= {shop.site}


def test_ranges(shop, client):  # noqa: F811
    """Vibe has no range column: a table that the operator adds is served at once, and by ranges."""
    shop.database.execute("""
        create table vibe.bookings (site_id int, name text, during int4range);
        insert into vibe.bookings select %s, v.name, v.during::int4range
        from (values ('early', '[1,5)'), ('middle', '[5,9)'), ('late', '[20,30)'), ('none', null)) as v (name, during);
        grant select on vibe.bookings to vibe_analyst""".replace("%s", str(shop.site)))
    try:
        eventually(lambda: client.table("bookings").select("name").execute())
        for ask, names in ((lambda q: q.range_lt("during", (5, 9)), {"early"}), (lambda q: q.range_gt("during", (5, 9)), {"late"}),
                           (lambda q: q.range_gte("during", (4, 9)), {"middle", "late"}), (lambda q: q.range_lte("during", (5, 9)), {"early", "middle"}),
                           (lambda q: q.range_adjacent("during", (4, 9)), {"early"}), (lambda q: q.contains("during", "[6,7]"), {"middle"}),
                           (lambda q: q.contained_by("during", "[0,10]"), {"early", "middle"}), (lambda q: q.ov("during", "[4,6]"), {"early", "middle"})):
            assert {row["name"] for row in ask(client.table("bookings").select("name")).execute().data} == names
    finally:
        shop.database.execute("drop table vibe.bookings")


def eventually(work, tries=100):
    """The server reads its schema again soon after a change; nothing says when to the client."""
    import time

    for turn in range(tries):
        try:
            return work()
        except APIError as error:
            if error.code not in ("PGRST205", "PGRST202") or turn == tries - 1:
                raise
            time.sleep(0.1)


def test_columns(shop, client):  # noqa: F811
    """Column list, alias, cast and JSON path; * among others."""
    ask = client.table("site_users").select
    assert ask("anonymous_id", "name").eq("anonymous_id", "visitor-2").execute().data == [{"anonymous_id": "visitor-2", "name": "Bo"}]
    assert ask("who:name, age:traits->age, plan:traits->>plan, first:traits->tags->>0").eq("anonymous_id", "visitor-1").execute().data == [
        {"who": "Ana", "age": 30, "plan": "pro", "first": "a"}]
    assert ask("traits->address->>city").eq("anonymous_id", "visitor-1").execute().data == [{"city": "Recife"}]
    assert ask("traits->tags->1, age:traits->>age::int").eq("anonymous_id", "visitor-1").execute().data[0]["age"] == 30
    number = shop.one("select user_id from vibe.site_users where site_id = %s and anonymous_id = 'visitor-1'", shop.site)
    assert ask("number:user_id::text").eq("anonymous_id", "visitor-1").execute().data == [{"number": str(number)}]
    everything = ask("*").eq("anonymous_id", "visitor-1").execute().data[0]
    assert everything == next(row for row in shop.rows("site_users") if row["anonymous_id"] == "visitor-1")
    assert ask().eq("anonymous_id", "visitor-1").execute().data == [everything]


def test_order_and_pages(shop, client):  # noqa: F811
    def names(query):
        return [row["external_id"] for row in query.execute().data]

    def ask():
        return client.table("customers").select("external_id")

    rows = shop.rows("customers")
    born = sorted((row for row in rows if row["birth_date"]), key=lambda row: row["birth_date"])
    unborn = [row["external_id"] for row in rows if not row["birth_date"]]
    born = [row["external_id"] for row in born]
    assert names(ask().order("birth_date")) == born + unborn
    assert names(ask().order("birth_date", nullsfirst=True)) == unborn + born
    assert names(ask().order("birth_date", desc=True)) == unborn + born[::-1]
    assert names(ask().order("birth_date", desc=True, nullsfirst=False)) == born[::-1] + unborn
    by_two = [row["external_id"] for row in sorted(rows, key=lambda row: row["external_id"], reverse=True)]
    by_two.sort(key=lambda key: next(row["income_range"] or "~" for row in rows if row["external_id"] == key))
    assert names(ask().order("income_range").order("external_id", desc=True)) == by_two
    by_key = sorted(row["external_id"] for row in rows)
    assert names(ask().order("external_id").limit(2)) == by_key[:2]
    assert names(ask().order("external_id").limit(2).offset(1)) == by_key[1:3]
    assert names(ask().order("external_id").range(2, 4)) == by_key[2:5]
    assert names(ask().order("external_id").range(100, 110)) == []
    assert names(ask().limit(0)) == []
    assert [row["name"] for row in client.table("site_users").select("name").order("traits->age", nullsfirst=False).limit(2).execute().data] == ["Bo", "Ana"]


def test_counts(shop, client):  # noqa: F811
    ask = client.table("customers").select
    answer = ask("external_id", count=CountMethod.exact).limit(2).execute()
    assert (answer.count, len(answer.data)) == (6, 2)
    assert ask("external_id", count="exact").eq("gender", "f").execute().count == 3
    head = ask("*", count="exact", head=True).execute()
    assert (head.count, head.data) == (6, [])
    assert ask("*").execute().count is None
    assert ask("*", count="exact").eq("name", "nobody").execute().count == 0
    with pytest.raises(APIError) as refused:
        ask("*", count=CountMethod.exact).offset(100).execute()
    assert refused.value.code == "PGRST103" and "there are only 6 rows" in refused.value.details
    for kind in (CountMethod.planned, CountMethod.estimated):
        with pytest.raises(APIError) as refused:
            ask("*", count=kind).execute()
        assert refused.value.code == "PGRST127" and kind in refused.value.details


def test_single(client):
    ask = client.table("customers").select
    assert ask("name").eq("external_id", "c-1").single().execute().data == {"name": "Ana Silva"}
    for external, number in (("nobody", 0), (None, 6)):
        with pytest.raises(APIError) as refused:
            (ask("name").eq("external_id", external) if external else ask("name")).single().execute()
        assert (refused.value.code, refused.value.message) == ("PGRST116", "Cannot coerce the result to a single JSON object")
        assert refused.value.details == f"The result contains {number} rows"
    assert ask("name").eq("external_id", "c-1").maybe_single().execute().data == {"name": "Ana Silva"}
    assert ask("name").eq("external_id", "nobody").maybe_single().execute() is None
    with pytest.raises(APIError):
        ask("name").maybe_single().execute()


def test_csv(shop, client):  # noqa: F811
    text = client.table("customers").select("external_id,name,email,location").order("external_id").csv().execute().data
    found = list(csv.DictReader(io.StringIO(text)))
    assert found == [{key: row[key] or "" for key in ("external_id", "name", "email", "location")} for row in sorted(shop.rows("customers"), key=lambda row: row["external_id"])]
    nobody = client.table("customers").select("external_id,name").eq("name", "nobody").csv().execute().data
    assert list(csv.DictReader(io.StringIO(nobody))) == []


def test_embedding(shop, client):  # noqa: F811
    """One level, both directions, by hint and alias; the other tenant's equal rows stay out."""
    number = {row["external_id"]: row["customer_id"] for row in shop.rows("customers")}
    orders = client.table("purchases").select("external_id,customers(name,external_id)").order("external_id").execute().data
    assert orders[0] == {"external_id": "p-1", "customers": {"name": "Ana Silva", "external_id": "c-1"}} and len(orders) == 4
    ask = client.table("customers").select
    with_orders = ask("external_id,purchases(external_id,amount)").order("external_id").order("external_id", foreign_table="purchases").execute().data
    assert with_orders[0] == {"external_id": "c-1", "purchases": [{"external_id": "p-1", "amount": 10.5}, {"external_id": "p-2", "amount": 20.0}, {"external_id": "p-3", "amount": -5.0}]}
    assert with_orders[2] == {"external_id": "c-3", "purchases": []}
    inner = ask("external_id,bought:purchases!inner(external_id)").eq("bought.channel", "web").order("external_id").execute().data
    assert inner == [{"external_id": "c-1", "bought": [{"external_id": "p-1"}]}, {"external_id": "c-2", "bought": [{"external_id": "p-4"}]}]
    outer = ask("external_id,purchases(external_id)").eq("purchases.is_refund", True).in_("external_id", ["c-1", "c-2"]).order("external_id").execute().data
    assert outer == [{"external_id": "c-1", "purchases": [{"external_id": "p-3"}]}, {"external_id": "c-2", "purchases": []}]
    either = ask("external_id,purchases(external_id)").or_("channel.eq.store,is_refund.is.true", reference_table="purchases").eq("external_id", "c-1")
    assert [row["external_id"] for row in either.order("external_id", foreign_table="purchases").execute().data[0]["purchases"]] == ["p-2", "p-3"]
    latest = ask("external_id,purchases(external_id)").eq("external_id", "c-1").order("purchased_at", desc=True, foreign_table="purchases").limit(1, foreign_table="purchases")
    assert latest.execute().data == [{"external_id": "c-1", "purchases": [{"external_id": "p-3"}]}]
    page = ask("external_id,purchases(external_id)").eq("external_id", "c-1").order("external_id", foreign_table="purchases").range(1, 2, foreign_table="purchases")
    assert page.execute().data[0]["purchases"] == [{"external_id": "p-2"}, {"external_id": "p-3"}]
    hinted = client.table("purchases").select("external_id,customer:customers!purchases_customer_fkey(customer_id)").eq("external_id", "p-4").single().execute().data
    assert hinted == {"external_id": "p-4", "customer": {"customer_id": number["c-2"]}}
    assert client.table("purchases").select("external_id,visitor:site_users(name)").eq("external_id", "p-1").single().execute().data["visitor"] is None
    whole = client.table("purchases").select("*,customers(*)").eq("external_id", "p-1").single().execute().data
    assert whole["customers"]["email"] == "ana@example.org" and whole["amount"] == 10.5
    with pytest.raises(APIError) as refused:
        ask("name,user_events(page)").execute()
    assert refused.value.code == "PGRST200" and "'customers' and 'user_events'" in refused.value.message
    with pytest.raises(APIError) as refused:
        client.table("user_merges").select("merge_id,site_users(name)").execute()
    assert refused.value.code == "PGRST201" and "user_merges_site_id_into_user_id_fkey" in str(refused.value.details)


def test_errors(client):
    """What clients read of an error: all four members, the codes of the dialect and PostgreSQL's own."""
    def refused(query):
        with pytest.raises(APIError) as error:
            query.execute()
        return error.value

    ask = client.table
    wrong = refused(ask("customer").select("*"))
    assert (wrong.code, wrong.message, wrong.hint) == ("PGRST205", "Could not find the table 'vibe.customer' in the schema cache", "Perhaps you meant the table 'vibe.customers'")
    wrong = refused(ask("customers").select("nothing"))
    assert (wrong.code, wrong.message) == ("42703", "column customers.nothing does not exist")
    assert refused(ask("customers").select("*").eq("nothing", 1)).code == "42703"
    assert refused(ask("customers").select("*").order("nothing")).code == "42703"
    wrong = refused(ask("customers").select("*").eq("customer_id", "x"))
    assert (wrong.code, wrong.message) == ("22P02", 'invalid input syntax for type bigint: "x"')
    wrong = refused(ask("customers").select("*").filter("name", "almost", "x"))
    assert wrong.code == "PGRST100" and wrong.message.startswith('"failed to parse filter (almost.x)"') and "operator" in wrong.details
    assert refused(ask("customers").select("name,").or_("name.eq")).code == "PGRST100"
    assert refused(client.schema("crm").table("customers").select("*")).code == "PGRST106"
    assert refused(client.rpc("get_crm_metric", {})).code == "PGRST202"
    assert refused(ask("customers").select("*").explain()).code in ("PGRST107", "406")
    assert refused(ask("sites").insert({"name": "x"})).code == "42501"


def test_rpc(shop, client):  # noqa: F811
    """Functions by POST, GET and HEAD, with filters on what they return."""
    assert client.rpc("my_sites", {}).execute().data == [shop.site]
    assert client.rpc("site_id", {"site": "shop"}).execute().data == shop.site
    assert client.rpc("site_id", {}, get=True).execute().data == shop.site
    metrics = client.rpc("get_crm_metrics", {"site": "shop"}).execute().data
    assert {"total_users", "revenue"} <= {row["metric"] for row in metrics}
    only = client.rpc("get_crm_metrics", {"site": "shop"}).select("metric", "value").eq("metric", "total_users").execute().data
    assert only == [{"metric": "total_users", "value": next(row["value"] for row in metrics if row["metric"] == "total_users")}]
    names = [row["metric"] for row in client.rpc("get_crm_metrics", {"site": "shop"}).select("metric").order("metric", desc=True).limit(3).execute().data]
    assert names == sorted((row["metric"] for row in metrics), reverse=True)[:3]
    assert client.rpc("get_crm_metrics", {"site": "shop"}, get=True).eq("metric", "revenue").single().execute().data["currency"] == "USD"
    counted = client.rpc("get_crm_metrics", {"site": "shop"}, count=CountMethod.exact).limit(1).execute()
    assert (len(counted.data), counted.count) == (1, len(metrics))
    assert client.rpc("get_crm_metrics", {"site": "shop"}, count=CountMethod.exact, head=True).execute().count == len(metrics)
    # Arrays, JSON and nulls as arguments.
    assert client.rpc("rfm_cluster", {"r_score": 5, "f_score": 5, "m_score": 5}).execute().data == "champions"
    criteria = {"version": 1, "all": [{"bought": {}}]}
    assert client.rpc("preview_segment", {"site": "shop", "criteria": criteria}).single().execute().data["size"] == 2
    events = client.rpc("active_users_of_events", {"site": "shop", "event_names": ["a,b", 'c"d', "{e}"]}, get=True).execute().data
    assert all(row["dau"] == 0 for row in events)
    # A function without a result, which writes.
    assert client.rpc("keep_events", {"site": "shop", "days": 400}).execute().data == []
    assert client.table("sites").select("keep_events_days").single().execute().data == {"keep_events_days": 400}
    with pytest.raises(APIError) as refused:
        client.rpc("keep_events", {"site": "shop", "days": 500}, get=True).execute()
    assert refused.value.code == "25006"
    with pytest.raises(APIError) as refused:
        client.rpc("site_id", {"site": "elsewhere"}).execute()
    assert (refused.value.code, refused.value.message) == ("22023", 'site "elsewhere" does not exist or is not yours')


def test_profiles(shop, client):  # noqa: F811
    """`public`, which clients send unless told otherwise, is schema vibe."""
    assert shop.client(schema="public").table("customers").select("external_id").eq("external_id", "c-1").execute().data == [{"external_id": "c-1"}]
    assert client.schema("public").rpc("my_sites", {}).execute().data == [shop.site]


def test_views(shop, client):  # noqa: F811
    """A view reads like a table; its rows are those of the caller's sites."""
    people = client.table("customer_profiles").select("site_id,name").execute().data
    assert sorted(row["name"] for row in people) == sorted(row["name"] for row in shop.rows("customers"))
    assert {row["site_id"] for row in people} == {shop.site}
    assert client.table("revenue_by_month").select("*").execute().data is not None


def test_tenants_apart(shop):  # noqa: F811
    """The same questions by the other tenant's member and by nobody."""
    stranger, nobody = shop.client(STRANGER), shop.client(None)
    for table in ("customers", "purchases", "site_users", "site_sessions", "customer_profiles"):
        found = stranger.table(table).select("site_id", count="exact").execute()
        assert {row["site_id"] for row in found.data} == {shop.elsewhere} and found.count == len(found.data)
        assert stranger.table(table).select("site_id", count="exact").eq("site_id", shop.site).execute().count == 0
        with pytest.raises(APIError) as refused:
            nobody.table(table).select("*").execute()
        assert refused.value.code == "42501"
    joined = stranger.table("customers").select("site_id,purchases(site_id)").execute().data
    assert {order["site_id"] for row in joined for order in row["purchases"]} == {shop.elsewhere}
