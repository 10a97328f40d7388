"""Ingest never lies: hundreds of hostile payloads through both doors, and random ones.

What each case must come to is written beside it in hostile_items.py and hostile_envelopes.py. What was accepted is then
looked up and compared with what Python reads from the JSON that was sent; a second site must not have changed at all.
"""
import http.client
import json
import re
import sys
import uuid
from decimal import Decimal

import psycopg
import pytest

import hostile_envelopes
import hostile_items
from conftest import connect
from hostile_items import EVENT, MISSING, Raw

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36",
           "Accept-Language": "pt-BR", "Sec-Fetch-Mode": "cors"}
NOW = 1_700_000_000_000
UNSTORABLE = re.compile(r"(?<!\\)(?:\\\\)*\\u(0000|d83d|de00)", re.IGNORECASE)


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


sys.setrecursionlimit(20_000)  # Python reads deep JSON by recursion
DOORS = {"track": TrackDoor, "http": HttpDoor}


@pytest.fixture
def sites(make_database, make_server):
    """A server with a site to attack and another that nothing may touch."""
    name = make_database()
    server = make_server(name, VIBE_TRACK_RATE="1000000")
    server.database = name
    with connect(name) as database:
        database.execute("select vibe.create_site('shop'), vibe.create_site('other')")
        database.execute("update vibe.sites set key = name || '-key'")
        seed = {"site": "other-key", "visitor": "visitor-other", "sent_at": NOW, "items": [
            EVENT | {"id": str(uuid.uuid4())}, {"type": "identify", "id": str(uuid.uuid4()), "time": NOW, "user_id": "u1"}]}
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


def written(item, ids):
    """The JSON of an item as it is sent."""
    if isinstance(item, Raw):
        text = item
    else:
        fields = [f"{json.dumps(key, ensure_ascii=False)}: {value if isinstance(value, Raw) else nested_json(value)}"
                  for key, value in item.items() if value is not MISSING]
        text = "{" + ", ".join(fields) + "}"
    for mark, made in ids.items():
        text = text.replace(mark, made)
    return text


def nested_json(value):
    """JSON of a value that may have Raw parts below."""
    raws = []

    def hide(part):
        if isinstance(part, Raw):
            raws.append(part)
            return f"@raw {len(raws) - 1}@"
        if isinstance(part, dict):
            return {key: hide(below) for key, below in part.items()}
        return [hide(below) for below in part] if isinstance(part, list) else part

    text = json.dumps(hide(value), ensure_ascii=False)
    for place, raw in enumerate(raws):
        text = text.replace(f'"@raw {place}@"', raw)
    return text


def path_of(url):
    """The reference for `page`: what stands between the host and the first ? or #."""
    if url is None:
        return None
    beyond = url.split("://", 1)[1]
    path = beyond[re.search(r"[/?#]|$", beyond).start():]
    return re.split(r"[?#]", path)[0] or "/"


def read(text):
    """JSON with exact numbers."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


@pytest.mark.parametrize("door", DOORS)
def test_items(sites, door):
    """Each between two good ones, which are stored whatever it is."""
    way, wrong, kept, rows = DOORS[door](sites), [], {}, 0
    for place, (name, changes, field) in enumerate(hostile_items.CASES):
        first, ids = str(uuid.uuid4()), {}
        ids = {"$other_id": first, "$other_ID": first.upper(), "$id": str(uuid.uuid4()), "$user": f"user-{place}"}
        text = written(changes if isinstance(changes, Raw) else EVENT | changes, ids)
        around = [written(EVENT, {"$id": made}) for made in (first, str(uuid.uuid4()))]
        body = f'{{"site": "shop-key", "visitor": "visitor-{place}", "sent_at": {NOW}, "items": [{around[0]}, {text}, {around[1]}]}}'
        status, answer = way.send(body)
        if door == "track" and field == "item" and UNSTORABLE.search(text):
            # There the caller's own cast to jsonb fails, before anything is called.
            expected = ("22P05", "22P02")["22P02" == status], answer
        else:
            stored = 2 + (field is None)
            expected = 202, {"accepted": stored, "duplicate": int(field == "duplicate"), "rejected": 3 - stored - (field == "duplicate")}
            if status == 202:
                errors = answer.pop("errors")
                if [(error["index"], error["field"]) for error in errors] != [(1, field)] * answer["rejected"]:
                    wrong.append((name, field, errors))
                if not all(error["reason"] and len(error["value"] or "") <= 100 for error in errors):
                    wrong.append((name, "an error without reason, or with a long value", errors))
        if (status, answer) != expected:
            wrong.append((name, expected, status, answer))
        elif field is None:
            kept[place] = (name, read(text))
        rows += 2 * (status == 202) + (place in kept and kept[place][1]["type"] in ("event", "page_view"))
    assert wrong == []
    with connect(sites.database) as database:
        assert database.execute("select count(*) from vibe.events where site = 'shop'").fetchone()[0] == rows
        assert [found for found in (differs(database, place, *case) for place, case in kept.items()) if found] == []


def differs(database, place, name, item):
    """How what is stored of an accepted item differs from what was sent, or None."""
    visitor = f"visitor-{place}"
    if item["type"] == "identify":
        traits = {key: value for key, value in (item.get("traits") or {}).items() if key not in ("name", "email")}
        query = """select external_id, traits::text from vibe.site_users as u join vibe.sites as s using (site_id)
                   where s.name = 'shop' and u.anonymous_id = %s"""
        user, learnt = database.execute(query, [visitor]).fetchone()
        return None if (user, read(learnt)) == (item["user_id"], traits) else (name, user, learnt)
    query = """select to_jsonb(e)::text from vibe.events as e join vibe.site_users as u on (u.site_id, u.user_id) = (e.site_id, e.visitor_id)
               where e.site = 'shop' and u.anonymous_id = %s and e.event_id = %s"""
    if item["type"] == "heartbeat":
        return None  # that no row stands for it, the number of all rows says
    found = database.execute(query, [visitor, item["id"]]).fetchall()
    if len(found) != 1:
        return name, f"{len(found)} rows"
    row = read(found[0][0])
    expected = {"event_name": item["name"] if item["type"] == "event" else "page_view", "title": item.get("title"),
                "page": path_of(item.get("url")), "properties": item.get("properties") or {}}
    return None if {key: row[key] for key in expected} == expected else (name, expected, row)


@pytest.mark.parametrize("door", DOORS)
def test_envelopes(sites, door):
    way, wrong = DOORS[door](sites), []
    for place, (name, body, over_http, by_track) in enumerate(hostile_envelopes.CASES):
        expected = over_http if door == "http" else by_track
        if expected is None:
            continue
        marks = {"$site": "shop-key", "$visitor": f"visitor-{place}"}
        for mark, made in marks.items():
            body = body.replace(mark.encode(), made.encode()) if isinstance(body, bytes) else body.replace(mark, made)
        status, answer = way.send(body)
        if isinstance(expected, int):
            counts = [answer[count] for count in ("accepted", "duplicate")] if status == 202 else None
            if counts != [expected, 0] or len(answer["errors"]) != answer["rejected"]:
                wrong.append((name, expected, status, answer))
        elif (status, str(answer).split(" ")[0]) != expected:
            wrong.append((name, expected, status, answer))
    assert wrong == []
