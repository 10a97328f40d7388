"""What the tests with hostile payloads share: the two doors of tracking, and a server whose second site nothing may touch."""
import http.client
import json
import sys
import uuid

import psycopg
import pytest

from conftest import connect

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36",
           "Accept-Language": "pt-BR", "Sec-Fetch-Mode": "cors"}
NOW = 1_700_000_000_000  # of the visitors' clocks, which may be wrong
sys.setrecursionlimit(20_000)  # Python reads deep JSON by recursion


class TrackDoor:
    """vibe.track, called as pages call it through REST: as vibe_anon, the server having said who asks."""

    def __init__(self, server):
        self.connection = connect(server.database, user="vibe_server")
        self.connection.execute("set role vibe_anon")
        self.calls = 0

    def send(self, body):
        """(202, answer) or (SQLSTATE, message)."""
        self.calls += 1
        client = {"address": f"192.0.2.{self.calls // 400}", "user_agent": BROWSER["User-Agent"]}  # 600 a minute for each
        self.connection.execute("select set_config('vibe.client', %s, false)", [json.dumps(client)])
        try:
            return 202, self.connection.execute("select vibe.track(%s::jsonb)", [body]).fetchone()[0]
        except psycopg.Error as error:
            return error.sqlstate, error.diag.message_primary


class HttpDoor:
    """POST /track of the real server."""

    def __init__(self, server):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)

    def send(self, body, **headers):
        """(status, answer or message)."""
        data = body if isinstance(body, bytes) else body.encode()
        self.connection.request("POST", "/track", data, BROWSER | {"Content-Type": "text/plain"} | headers)
        answer = self.connection.getresponse()
        read = json.loads(answer.read())
        return answer.status, read if answer.status == 202 else read.get("message", read.get("error", {}).get("message"))


DOORS = {"track": TrackDoor, "http": HttpDoor}


@pytest.fixture
def sites(make_database, make_server):
    """A server with a site to attack and another that nothing may touch."""
    name = make_database()
    server = make_server(name, VIBE_TRACK_RATE="1000000", VIBE_TRACK_SITE_RATE="1000000")
    server.database = name
    with connect(name) as database:
        database.execute("select vibe.create_site('shop'), vibe.create_site('other')")
        database.execute("update vibe.sites set key = name || '-key'")
        seed = {"site": "other-key", "visitor": "visitor-other", "sent_at": NOW, "items": [
            {"type": "page_view", "id": str(uuid.uuid4()), "time": NOW, "url": "https://other.example/"},
            {"type": "identify", "id": str(uuid.uuid4()), "time": NOW, "user_id": "u1"}]}
        database.execute("select * from vibe_private.ingest(array[%s], null)", [json.dumps(seed)])
        server.other = digest(database)
    yield server
    with connect(name) as database:
        assert digest(database) == server.other, "another site changed"
        assert recount(database) == [], "counters of sessions differ from the events"
        # The one backend of the test lives; and a crash of any other would have ended it too.
        assert server.process.poll() is None


def digest(database):
    """What belongs to the other site, table by table."""
    tables = database.execute("""
        select c.oid::regclass::text from pg_class as c join pg_attribute as a on a.attrelid = c.oid
        where a.attname = 'site_id' and c.relkind in ('r', 'p') and not c.relispartition
          and c.relnamespace in ('vibe'::regnamespace, 'vibe_private'::regnamespace) order by 1""").fetchall()
    query = """select md5(coalesce(string_agg(to_jsonb(t)::text, ' ' order by to_jsonb(t)::text), '')) from {} as t
               where t.site_id = (select s.site_id from vibe.sites as s where s.name = 'other')"""
    return {table: database.execute(query.format(table)).fetchone()[0] for table, in tables}


def recount(database):
    """Sessions whose counters are not what their events come to."""
    return database.execute("""
        select s.session_id, s.page_views, s.events, e.page_views, e.events
        from vibe.site_sessions as s
        left join lateral (
            select count(*) filter (where event_name = 'page_view') as page_views, count(*) filter (where event_name <> 'page_view') as events
            from vibe.user_events as e where e.site_id = s.site_id and e.session_id = s.session_id
        ) as e on true
        where (s.page_views, s.events) is distinct from (e.page_views, e.events)""").fetchall()

CHECKS = {
    "events outside of their visit": """select count(*) from vibe.user_events as e left join vibe.site_sessions as s
        on (s.site_id, s.session_id, s.user_id) = (e.site_id, e.session_id, e.user_id) and e.occurred_at between s.started_at and s.last_seen_at
        where s.session_id is null""",
    "visits that overlap": """select count(*) from vibe.site_sessions as s join vibe.site_sessions as t
        on (t.site_id, t.user_id) = (s.site_id, s.user_id) and t.session_id <> s.session_id and t.started_at < s.last_seen_at and t.last_seen_at > s.started_at""",
    "visits longer than 24 hours": "select count(*) from vibe.site_sessions where last_seen_at - started_at > interval '24 hours'",
    "merged into somebody merged, or unknown": """select count(*) from vibe.site_users as u join vibe.site_users as k
        on (k.site_id, k.user_id) = (u.site_id, u.merged_into) where k.merged_into is not null or k.external_id is null or u.external_id is not null""",
    "merges without history, or history without merge": """select count(*) from vibe.site_users as u
        where (u.merged_into is not null) <> exists (select from vibe.user_merges as m
            where (m.site_id, m.user_id, m.into_user_id) = (u.site_id, u.user_id, u.merged_into) and m.undone_at is null)
           or (select count(*) from vibe.user_merges as m where (m.site_id, m.user_id) = (u.site_id, u.user_id) and m.undone_at is null) > 1""",
    "shown online as somebody else": """select count(*) from vibe.online_users as o join vibe.site_users as u using (site_id, user_id)
        where o.person_id <> coalesce(u.merged_into, u.user_id)""",
    "online counters": """select count(*) from vibe.online_users as o join vibe.site_sessions as s using (site_id, session_id)
        where (o.page_views, o.events) is distinct from (s.page_views, s.events)""",
}


def broken_rules(database):
    """Which of these are found how often."""
    found = {name: database.execute(query).fetchone()[0] for name, query in CHECKS.items()}
    return {name: count for name, count in found.items() if count}
