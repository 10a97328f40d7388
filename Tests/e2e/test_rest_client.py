"""/rest/v1 through the unmodified `supabase` client: every kind of call it can make, on vibe's own tables, under row-level security.

Expected rows are those that the same question gives in Python over the rows that were inserted.
"""
import gzip
import json
import random
import time
import urllib.request

import pytest
from postgrest.exceptions import APIError
from supabase import Client, ClientOptions, create_client

from conftest import connect

PEOPLE = [
    {"anonymous_id": "v-ann", "name": "Ann", "email": "ann@x.example", "segment": "gold", "traits": {"plan": "pro", "n": 1, "tags": ["a", "b"]}},
    {"anonymous_id": "v-bob", "name": "Bob, Jr", "email": "bob@x.example", "segment": "gold", "traits": {"plan": "free", "n": 2}},
    {"anonymous_id": "v-cid", "name": 'Cid "C"', "email": None, "segment": None, "traits": {"plan": "pro", "n": 10, "tags": ["b"]}},
    {"anonymous_id": "v-dot", "name": None, "email": "dot@x.example", "segment": "new", "traits": {}},
]


def client(server) -> Client:
    return create_client(server.url, server.anon_key, ClientOptions(auto_refresh_token=False, persist_session=False))


def owner(server, name):
    one = client(server)
    one.auth.sign_up({"email": f"{name}@shop.example", "password": "correct horse battery"})
    return one, one.rpc("create_site", {"name": name}).execute().data


@pytest.fixture
def shop(server):
    one, site = owner(server, "shop")
    one.table("site_users").insert([{"site_id": site} | person for person in PEOPLE]).execute()
    other, elsewhere = owner(server, "elsewhere")
    other.table("site_users").insert({"site_id": elsewhere, "anonymous_id": "v-eve", "name": "Eve"}).execute()
    one.site = site
    return one


def names(query):
    return sorted(row["anonymous_id"][2:] for row in query.execute().data)


def users(shop, columns="anonymous_id"):
    return shop.table("site_users").select(columns)


def refusal(query):
    with pytest.raises(APIError) as raised:
        query.execute()
    return raised.value.code


def test_filters(shop):
    cases = [
        (lambda q: q.eq("name", "Ann"), "ann"), (lambda q: q.neq("name", "Ann"), "bob cid"),
        (lambda q: q.eq("name", "Bob, Jr"), "bob"), (lambda q: q.eq("name", 'Cid "C"'), "cid"),
        (lambda q: q.gt("anonymous_id", "v-b").lt("anonymous_id", "v-d"), "bob cid"),
        (lambda q: q.gte("anonymous_id", "v-cid").lte("anonymous_id", "v-dot"), "cid dot"),
        (lambda q: q.like("name", "%b%"), "bob"), (lambda q: q.ilike("name", "*B*"), "bob"),
        (lambda q: q.like_any_of("name", "A%,C%"), "ann cid"), (lambda q: q.ilike_all_of("name", "%b%,%j%"), "bob"),
        (lambda q: q.match({"segment": "gold", "name": "Ann"}), "ann"),
        (lambda q: q.is_("name", None), "dot"), (lambda q: q.not_.is_("name", "null"), "ann bob cid"),
        (lambda q: q.in_("name", ["Ann", "Bob, Jr", 'Cid "C"']), "ann bob cid"), (lambda q: q.in_("name", []), ""),
        (lambda q: q.not_.in_("name", ["Ann"]), "bob cid"),
        (lambda q: q.contains("traits", {"plan": "pro"}), "ann cid"), (lambda q: q.contained_by("traits", {"plan": "free", "n": 2}), "bob dot"),
        (lambda q: q.contains("verified_fields", ["name", "email"]), "ann bob"), (lambda q: q.overlaps("verified_fields", ["plan", "n"]), "ann bob cid"),
        (lambda q: q.eq("traits->>plan", "pro"), "ann cid"), (lambda q: q.gt("traits->n", 1), "bob cid"),
        (lambda q: q.eq("traits->tags->>0", "b"), "cid"),
        (lambda q: q.or_("name.eq.Ann,and(segment.is.null,traits->>plan.eq.pro)"), "ann cid"),
        (lambda q: q.or_('name.eq."Bob, Jr",not.and(name.not.is.null,email.not.is.null)'), "bob cid dot"),
        (lambda q: q.text_search("name", "'ann' | 'bob'", {"config": "simple"}), "ann bob"),
        (lambda q: q.text_search("name", "cid", {"type": "web_search", "config": "english"}), "cid"),
        (lambda q: q.filter("segment", "isdistinct", "gold"), "cid dot"), (lambda q: q.filter("name", "imatch", "^b"), "bob"),
    ]
    for narrow, expected in cases:
        assert " ".join(names(narrow(users(shop)))) == expected


def test_rows_columns_order_and_pages(shop):
    rows = users(shop, "who:name,plan:traits->>plan,n:traits->n,site_id::text").order("anonymous_id").limit(2).execute().data
    assert rows == [{"who": "Ann", "plan": "pro", "n": 1, "site_id": str(shop.site)}, {"who": "Bob, Jr", "plan": "free", "n": 2, "site_id": str(shop.site)}]
    assert [r["anonymous_id"] for r in users(shop).order("segment", desc=True, nullsfirst=True).order("anonymous_id").execute().data] == \
        ["v-cid", "v-dot", "v-ann", "v-bob"]
    assert [r["anonymous_id"] for r in users(shop).order("traits->n", desc=True, nullsfirst=False).execute().data] == ["v-cid", "v-bob", "v-ann", "v-dot"]
    assert [r["anonymous_id"] for r in users(shop).order("anonymous_id").range(1, 2).execute().data] == ["v-bob", "v-cid"]
    page = shop.table("site_users").select("name", count="exact").order("anonymous_id").offset(3).limit(5).execute()
    assert page.count == 4 and page.data == [{"name": None}]
    head = shop.table("site_users").select("*", count="exact", head=True).eq("segment", "gold").execute()
    assert head.count == 2 and head.data == []
    assert users(shop, "name").eq("anonymous_id", "v-ann").single().execute().data == {"name": "Ann"}
    assert users(shop, "name").eq("anonymous_id", "nobody").maybe_single().execute() is None
    assert refusal(users(shop).single()) == "PGRST116"
    assert users(shop, "name,email").order("anonymous_id").limit(3).csv().execute().data == \
        'name,email\nAnn,ann@x.example\n"Bob, Jr",bob@x.example\n"Cid ""C""",'
    assert users(shop, "name,email").eq("anonymous_id", "v-cid").strip_nulls().execute().data == [{"name": 'Cid "C"'}]
    assert refusal(users(shop).explain()) == "PGRST107"
    assert refusal(shop.table("site_users").select("*", count="planned")) == "PGRST127"
    assert refusal(shop.table("site_user").select("*")) == "PGRST205"
    assert refusal(shop.schema("vibe_private").table("users").select("*")) == "PGRST106"
    assert shop.schema("vibe").table("sites").select("name").execute().data == [{"name": "shop"}]


def test_writes(shop):
    table = lambda: shop.table("funnels")
    made = table().insert({"site_id": shop.site, "name": "one"}).execute()
    number = made.data[0]["funnel_id"]
    assert made.data[0]["mode"] == "ordered"
    assert table().insert({"site_id": shop.site, "name": "two"}, returning="minimal").execute().data == []
    many = table().insert([{"site_id": shop.site, "name": "three"}, {"site_id": shop.site, "name": "four", "mode": "strict"}],
                          default_to_null=False, count="exact").execute()
    assert [(row["name"], row["mode"]) for row in many.data] == [("three", "ordered"), ("four", "strict")] and many.count == 2
    assert refusal(table().insert({"site_id": shop.site, "name": "one"})) == "23505"
    merged = table().upsert([{"site_id": shop.site, "name": "one", "mode": "strict"}, {"site_id": shop.site, "name": "five", "mode": "strict"}],
                            on_conflict="site_id,name").execute()
    assert [(row["name"], row["mode"], row["funnel_id"] == number) for row in merged.data] == [("one", "strict", True), ("five", "strict", False)]
    ignored = table().upsert([{"site_id": shop.site, "name": "one", "mode": "ordered"}, {"site_id": shop.site, "name": "six", "mode": "ordered"}],
                             on_conflict="site_id,name", ignore_duplicates=True).execute()
    assert [row["name"] for row in ignored.data] == ["six"]
    changed = table().update({"mode": "unordered"}).in_("name", ["five", "six"]).execute()
    assert sorted(row["name"] for row in changed.data) == ["five", "six"]
    assert refusal(table().update({"mode": "ordered"}).gt("funnel_id", 0).max_affected(2)) == "PGRST124"
    assert refusal(table().update({"mode": "ordered"})) == "21000" and refusal(table().delete()) == "21000"
    assert table().delete(count="exact").eq("name", "six").execute().count == 1
    gone = table().delete().eq("name", "five").execute().data
    assert [row["name"] for row in gone] == ["five"]
    left = table().select("name,mode").order("name").execute().data
    assert [(row["name"], row["mode"]) for row in left] == [("four", "strict"), ("one", "strict"), ("three", "ordered"), ("two", "ordered")]


def test_related_rows(shop):
    for name, steps in (("buy", ["look", "cart", "pay"]), ("read", ["open"]), ("idle", [])):
        funnel = shop.table("funnels").insert({"site_id": shop.site, "name": name}).execute().data[0]["funnel_id"]
        rows = [{"site_id": shop.site, "funnel_id": funnel, "position": n, "name": step, "event_name": step} for n, step in enumerate(steps, 1)]
        if rows:
            shop.table("funnel_steps").insert(rows).execute()
    funnels = lambda columns: shop.table("funnels").select(columns).order("name")
    assert funnels("name,funnel_steps(name)").order("position", desc=True, foreign_table="funnel_steps").limit(2, foreign_table="funnel_steps").execute().data == [
        {"name": "buy", "funnel_steps": [{"name": "pay"}, {"name": "cart"}]}, {"name": "idle", "funnel_steps": []},
        {"name": "read", "funnel_steps": [{"name": "open"}]}]
    assert funnels("name,s:funnel_steps!inner(name)").eq("s.name", "cart").execute().data == [{"name": "buy", "s": [{"name": "cart"}]}]
    assert funnels("name,funnel_steps(name)").or_("name.eq.pay,position.eq.1", reference_table="funnel_steps").eq("name", "buy").execute().data == [
        {"name": "buy", "funnel_steps": [{"name": "look"}, {"name": "pay"}]}]
    steps = shop.table("funnel_steps").select("name,in:funnels!funnel_steps_funnel_fkey(name,mode)").eq("event_name", "open").execute().data
    assert steps == [{"name": "open", "in": {"name": "read", "mode": "ordered"}}]
    assert refusal(shop.table("funnels").select("*,goals(*)")) == "PGRST200"
    assert refusal(shop.table("user_merges").select("*,site_users(name)")) == "PGRST201"
    assert shop.table("user_merges").select("*,site_users!into_user_id(name)").execute().data == []


def test_functions(server):
    with connect(server.database) as admin:
        admin.execute("create function vibe.e2e_add(a int, b int default 1) returns int language sql stable as 'select a + b'")
        admin.execute("create function vibe.e2e_rows(n int[], o jsonb default '{}') returns table (i int, o jsonb) language sql stable as 'select i, e2e_rows.o from unnest(n) as i'")
        admin.execute("grant execute on function vibe.e2e_add, vibe.e2e_rows to vibe_anon")
    one = client(server)
    for _ in range(100):
        try:
            assert one.rpc("e2e_add", {"a": 1}).execute().data == 2
            break
        except APIError as error:
            assert error.code == "PGRST202"  # the servers hear of new functions a moment later
            time.sleep(0.1)
    assert one.rpc("e2e_add", {"a": 1, "b": 5}).execute().data == 6
    assert one.rpc("e2e_add", {"a": 1, "b": 5}, get=True).execute().data == 6
    assert one.rpc("e2e_rows", {"n": [1, 2, 3]}).gt("i", 1).order("i", desc=True).limit(1).execute().data == [{"i": 3, "o": {}}]
    assert one.rpc("e2e_rows", {"n": [1, 2, 3], "o": {"a": 1}}, get=True).select("i,o->a").eq("i", 2).execute().data == [{"i": 2, "a": 1}]
    assert one.rpc("e2e_rows", {"n": [7]}).single().execute().data == {"i": 7, "o": {}}
    assert one.rpc("e2e_rows", {"n": [1, 2, 3]}, head=True, count="exact").execute().count == 3
    assert refusal(one.rpc("e2e_rows", {"n": [1, 2]}).single()) == "PGRST116"
    assert refusal(one.rpc("e2e_add", {"x": 1})) == "PGRST202"


def test_no_query_ends_in_a_server_error(shop, server):
    """1,000 seeded queries: valid ones with pieces put in, taken out or doubled. Whatever comes, the server says 2xx or 4xx and lives."""
    token = shop.auth.get_session().access_token
    chance = random.Random(2026)
    valid = [
        "select=name,plan:traits->>plan,site_id::text&order=name.desc.nullslast&limit=2&offset=1", "name=not.ilike.*a*&site_id=eq.1",
        "or=(name.eq.Ann,and(segment.is.null,not.or(email.is.null,user_id.in.(1,2))))", "select=*,site_sessions!inner(host)&site_sessions.events=gt.1",
        "select=name,site_sessions(host)&site_sessions.order=events&site_sessions.limit=1", "traits=cs.{\"plan\":\"pro\"}&name=fts(simple).ann",
        "verified_fields=ov.{name,email}&name=like(any).{A*,B*}", "columns=name&on_conflict=site_id,anonymous_id",
    ]
    pieces = ["'", '"', ";", "--", "\\", "%00", "%ff", "é", "(", ")", ",", ".", ":", "::", "->", "->>", "*", "!", "null", "not.", "in.", "is.", "eq.", "select=",
              "order=", "&", "=", "{", "}", "[", "99999999999999999999", "-1", "%E2%80%A8", "::regclass", "::name", "count()", "...", "$1", "\t", "😀"]
    seen = set()
    for number in range(1000):
        query = chance.choice(valid)
        for _ in range(chance.randint(0, 4)):
            place, end = chance.randint(0, len(query)), chance.randint(0, 3)
            query = query[:place] + chance.choice(pieces) + query[place + end:]
        method, body = chance.choice([("GET", None), ("HEAD", None), ("PATCH", {"segment": "x"}), ("POST", {"name": "x"})])
        quoted = "".join(c if 32 < ord(c) < 127 and c not in '"' else "".join(f"%{b:02X}" for b in c.encode()) for c in query)
        status, _ = server.request(f"/rest/v1/site_users?{quoted}", body, token, method=method, headers={"Prefer": "return=representation"})
        assert 200 <= status < 500, (method, query, status)
        seen.add(status)
    assert {200, 400} <= seen
    assert users(shop).limit(1).execute().data


@pytest.mark.parametrize("accepted, packed", [("gzip", True), ("br, *;q=0.1", True), ("gzip;q=0, identity", False), (None, False)])
def test_long_answers_are_packed_for_who_unpacks(server, shop, accepted, packed):
    shop.table("site_users").insert([{"site_id": shop.site, "anonymous_id": f"v-{number}", "name": f"Zoë {number}"} for number in range(60)]).execute()
    token = shop.auth.get_session().access_token

    def read(query):
        headers = {"apikey": server.anon_key, "Authorization": f"Bearer {token}"} | ({"Accept-Encoding": accepted} if accepted else {})
        request = urllib.request.Request(f"{server.url}/rest/v1/site_users?site_id=eq.{shop.site}&order=user_id&{query}", headers=headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.headers, answer.read()

    headers, body = read("select=anonymous_id,name")
    assert headers["Vary"] == "Accept-Encoding" and headers["Content-Encoding"] == ("gzip" if packed else None)
    assert int(headers["Content-Length"]) == len(body)
    rows = json.loads(gzip.decompress(body) if packed else body)
    assert len(rows) == 64 and rows == users(shop, "anonymous_id,name").eq("site_id", shop.site).order("user_id").execute().data
    headers, body = read("select=name&limit=2")
    assert headers["Content-Encoding"] is None and len(json.loads(body)) == 2
