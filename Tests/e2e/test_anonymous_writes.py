"""What a browser with the public key may write (A-22): events through /track or rpc/track, and no table by itself.

The documents let pages POST and PATCH the tables of tracking. Then anybody could end another's visit or invent one, and each answer
would give numbers of rows away. So a table refuses the public key whatever is asked, with one answer that tells nothing of what is there;
sessions and repeats are the business of ingest, and an answer holds counts, no ids.
"""
import json
import uuid

import pytest
from postgrest import APIError
from supabase import create_client

from conftest import connect

TABLES = ("site_users", "site_sessions", "user_events")


@pytest.fixture
def site(server):
    """A running server with one site, its key and one visitor with a visit."""
    with connect(server.database) as database:
        database.execute("select vibe.create_site('shop')")
        server.site, server.key = database.execute("select site_id, key from vibe.sites").fetchone()
        server.user = database.execute("insert into vibe.site_users (site_id, anonymous_id, email) values (%s, 'visitor-one', 'ana@example.org') returning user_id", [server.site]).fetchone()[0]
        server.visit = database.execute("insert into vibe.site_sessions (site_id, user_id) values (%s, %s) returning session_id", [server.site, server.user]).fetchone()[0]
    yield server


def everything(server):
    """All rows of tracking, to see that nothing moved."""
    with connect(server.database) as database:
        return [database.execute(f"select coalesce(jsonb_agg(to_jsonb(t) order by t::text), '[]') from vibe.{table} as t").fetchone()[0] for table in TABLES]


def test_tables_refuse_the_public_key(site):
    """Insert, upsert, change, remove and read, of rows that exist and of others: always the same answer, and nothing is stored."""
    before, answers = everything(site), set()
    rows = {"site_users": {"site_id": site.site, "anonymous_id": "visitor-one"}, "site_sessions": {"site_id": site.site, "user_id": site.user},
            "user_events": {"site_id": site.site, "user_id": site.user, "session_id": site.visit, "event_name": "click", "event_id": str(uuid.uuid4())}}
    keys = {"site_users": "user_id", "site_sessions": "session_id", "user_events": "user_id"}
    numbers = {"site_users": site.user, "site_sessions": site.visit, "user_events": site.user}
    for table, row in rows.items():
        for prefer in ("return=minimal", "return=representation", "resolution=merge-duplicates", "resolution=ignore-duplicates,return=representation", "missing=default"):
            for body in (row, [row], [row | {"site_id": 999}], {key: None for key in row}):
                answers.add((table, *site.request(f"/rest/v1/{table}", body, headers={"Prefer": prefer})[:1],
                             json.dumps(site.request(f"/rest/v1/{table}", body, headers={"Prefer": prefer})[1])))
        for number in (numbers[table], 999):
            for method, body in (("PATCH", {"is_bot": True} if table != "site_users" else {"email": "x"}), ("DELETE", None), ("GET", None)):
                status, answer = site.request(f"/rest/v1/{table}?{keys[table]}=eq.{number}", body, method=method)
                answers.add((table, status, json.dumps(answer)))
    assert answers == {(table, 401, json.dumps({"code": "42501", "message": f"permission denied for table {table}", "details": None, "hint": None})) for table in TABLES}
    assert everything(site) == before


def test_what_browsers_call_instead(site):
    """rpc/track from the unmodified client: visits are cut and repeats dropped inside; the answer counts and names no row."""
    client = create_client(site.url, site.anon_key)
    first, second = str(uuid.uuid4()), str(uuid.uuid4())

    def track(*items, visitor="visitor-two"):
        items = [{"time": 5, "type": "page_view", "url": "https://shop.example/a"} | item for item in items]
        return client.rpc("track", {"payload": {"site": site.key, "visitor": visitor, "sent_at": 5, "items": items}}).execute().data

    assert track({"id": first}, {"id": second, "type": "event", "name": "click"}) == {"accepted": 2, "duplicate": 0, "rejected": 0, "errors": []}
    assert track({"id": first}, {"id": second, "type": "event", "name": "click"}) == {"accepted": 0, "duplicate": 2, "rejected": 0, "errors": []}
    # The same event from another browser is the same event.
    assert track({"id": first}, visitor="visitor-three")["duplicate"] == 1
    with connect(site.database) as database:
        assert database.execute("""
            select u.anonymous_id, s.page_views, s.events, (select count(*) from vibe.user_events as e where e.session_id = s.session_id)
            from vibe.site_sessions as s join vibe.site_users as u using (site_id, user_id)
            where s.session_id <> %s""", [site.visit]).fetchall() == [("visitor-two", 1, 1, 2)]
    # Nor does a made-up session, user or id in an item count: unknown fields are not read.
    assert track({"id": str(uuid.uuid4()), "session_id": site.visit, "user_id": site.user, "site_id": 1})["accepted"] == 1
    with connect(site.database) as database:
        assert database.execute("select page_views, events from vibe.site_sessions where session_id = %s", [site.visit]).fetchone() == (0, 0)
    for name in ("ingest", "auth", "changes_since"):
        with pytest.raises(APIError) as refused:
            client.rpc(name, {}).execute()
        assert refused.value.code == "PGRST202", "vibe_private is not exposed"


def test_staff_write_rows_as_they_are(site):
    """A member's own row is stored as given: the visit it names moves on, a repeat is another row, and its numbers come back."""
    with connect(site.database) as database:
        database.execute("select vibe.create_user('staff@example.org', 'a long password'), vibe.add_member('shop', 'staff@example.org', 'member')")
    client = create_client(site.url, site.anon_key)
    client.auth.sign_in_with_password({"email": "staff@example.org", "password": "a long password"})
    row = {"site_id": site.site, "user_id": site.user, "session_id": site.visit, "event_name": "call", "event_id": str(uuid.uuid4())}
    for turn in (1, 2):
        made = client.table("user_events").insert(row).execute().data[0]
        assert (made["event_id"], made["session_id"]) == (row["event_id"], site.visit)
        visit = client.table("site_sessions").select("events,page_views").eq("session_id", site.visit).single().execute().data
        assert visit == {"events": turn, "page_views": 0}
    made = client.table("site_sessions").insert({"site_id": site.site, "user_id": site.user}).execute().data[0]
    assert made["session_id"] != site.visit and made["events"] == 0
