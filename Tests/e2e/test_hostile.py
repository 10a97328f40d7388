"""Ingest never lies: hundreds of hostile payloads through both doors, and random ones.

What each case must come to is written beside it in hostile_items.py and hostile_envelopes.py. What was accepted is then
looked up and compared with what Python reads from the JSON that was sent; a second site must not have changed at all.
"""
import concurrent.futures
import json
import random
import re
import urllib.request
import uuid
from decimal import Decimal

import pytest

import hostile_envelopes
import hostile_items
from conftest import connect
from hostile_doors import BROWSER, DOORS, NOW, HttpDoor, digest, sites  # noqa: F401
from hostile_items import EVENT, MISSING, Raw

UNSTORABLE = re.compile(r"(?<!\\)(?:\\\\)*\\u(0000|d83d|de00)", re.IGNORECASE)


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


def query_of(url):
    """The reference for `query`: what stands between the first ? and #."""
    return (url or "").split("#")[0].partition("?")[2] or None


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
        assert digest(database) == sites.other
        read_everything(database)
        sites.other = digest(database)  # the nightly run is for all sites


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
                "page": path_of(item.get("url")), "query": query_of(item.get("url")), "referrer": item.get("referrer") or None,
                "properties": item.get("properties") or {}}
    return None if {key: row[key] for key in expected} == expected else (name, expected, row)


def read_everything(database):
    """No view, report, nightly run or export trips over what was stored."""
    for view, in database.execute("select oid::regclass::text from pg_class where relnamespace = 'vibe'::regnamespace and relkind = 'v'").fetchall():
        database.execute(f"select * from {view}")
    for dimension in database.execute("select regexp_split_to_table(vibe.stats_dimensions(), '[, ]+')").fetchall():
        database.execute("select * from vibe.stats_breakdown('shop', %s, max_rows => 1000)", dimension)
    database.execute("select * from vibe.page_paths('shop', max_rows => 1000)")
    database.execute("select * from vibe.stats_series('shop', 'page_views')")
    database.execute("select vibe.create_goal('shop', 'value', event_name => 'x', value_property => 'n')")
    database.execute("""select vibe.create_funnel('shop', '{"name": "f", "steps": [{"event_name": "x"}, {"event_name": "click"}]}')""")
    database.execute("select * from vibe.calculate_funnel_conversion('shop', 'f')")
    database.execute("select vibe.calculate_daily_stats('shop', current_date - 9, current_date)")
    for visitor, in database.execute("select user_id from vibe.site_users as u join vibe.sites as s using (site_id) where s.name = 'shop'").fetchall():
        for function in ("user_profile", "user_sessions", "user_timeline", "export_user"):
            database.execute(f"select * from vibe.{function}('shop', %s)", [visitor])
    database.execute("call vibe.run_due()")
    assert database.execute("select job, error from vibe.job_status where error is not null").fetchall() == []


@pytest.mark.parametrize("door", DOORS)
def test_envelopes(sites, door):
    way = DOORS[door](sites)
    assert [found for found in (answered(way, place, case) for place, case in enumerate(hostile_envelopes.CASES)) if found] == []


def test_envelopes_that_travel_together(sites):
    """Sixteen at a time the server puts many into one transaction; none takes another with it."""
    cases = list(enumerate(hostile_envelopes.CASES * 3))
    random.Random(7).shuffle(cases)
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        assert [found for found in pool.map(lambda case: answered(HttpDoor(sites), *case), cases) if found] == []
    with urllib.request.urlopen(sites.url + "/metrics") as answer:
        counts = dict(re.findall(r"^(vibe_track_\w+_total) (\d+)", answer.read().decode(), re.M))
    assert int(counts["vibe_track_transactions_total"]) < int(counts["vibe_track_envelopes_total"]), "nothing travelled together"


def answered(way, place, case):
    """How the answer to a whole request differs from what is written beside it, or None."""
    name, body, over_http, by_track = case
    expected = over_http if isinstance(way, HttpDoor) else by_track
    if expected is None:
        return None
    for mark, made in {"$site": "shop-key", "$visitor": f"visitor-{place}"}.items():
        body = body.replace(mark.encode(), made.encode()) if isinstance(body, bytes) else body.replace(mark, made)
    status, answer = way.send(body)
    if isinstance(expected, int):
        good = status == 202 and (answer["accepted"], answer["duplicate"], len(answer["errors"])) == (expected, 0, answer["rejected"])
    else:
        good = (status, str(answer).split(" ")[0]) == expected
    return None if good else (name, expected, status, answer)


HEADERS = [(name, {"Content-Type": value}) for name, value in (
    ("JSON", "application/json"), ("a form", "application/x-www-form-urlencoded"), ("parts", "multipart/form-data; boundary=x"), ("bytes", "application/octet-stream"),
    ("UTF-16 by name only", "text/plain; charset=utf-16"), ("no type", ""), ("a long type", "x" * 5_000))]
HEADERS += [("a long user agent", {"User-Agent": BROWSER["User-Agent"] + "x" * 5_000}), ("a user agent of quotes", {"User-Agent": "\\\"'{}\\u0000"}),
            ("a user agent in Latin-1", {"User-Agent": "Mozilla/5.0 \xff\xfe caf\xe9"}), ("a user agent of HTML", {"User-Agent": "<script>alert(1)</script>"}),
            ("another's address", {"X-Forwarded-For": "198.51.100.1, '; drop table x", "True-Client-IP": "198.51.100.1"}),
            ("cookies", {"Cookie": "vibe=1; __Host-vibe=2", "Origin": "https://evil.example"}), ("a token that is none", {"Authorization": "Bearer x.y.z"}),
            ("an origin that is none", {"Origin": "\\u0000"}), ("languages", {"Accept-Language": "x" * 5_000})]


def beat(**changes):
    return hostile_envelopes.envelope(**changes).replace("$site", "shop-key").replace("$visitor", "visitor-one")


def test_requests(sites):
    """What HTTP adds to a body never decides whether it is stored, except its size and, if the site says so, its origin."""
    way, wrong = HttpDoor(sites), []
    for name, headers in HEADERS:
        if (got := way.send(beat(), **headers))[0] != 202 or got[1]["accepted"] != 1:
            wrong.append((name, got))
    assert wrong == []
    limit = 256 << 10
    assert way.send(beat() + " " * (limit - len(beat())))[1] == {"accepted": 1, "duplicate": 0, "rejected": 0, "errors": []}
    for size in (limit + 1, 20 << 20):
        way = HttpDoor(sites)  # the server may have hung up on so much
        try:
            assert way.send(beat() + " " * (size - len(beat())))[0] == 413
        except OSError:
            assert size > limit + 1
    way = HttpDoor(sites)
    pieces = (beat().encode()[place:place + 7] for place in range(0, len(beat()), 7))
    way.connection.request("POST", "/track", pieces, BROWSER, encode_chunked=True)
    assert json.loads(way.connection.getresponse().read())["accepted"] == 1
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        assert sites.request("/track", beat().encode(), method=method)[0] in (404, 405)


def test_origins(sites):
    """Only the origins that a site lists, letter by letter; the answer can be read by any page, without credentials."""
    with connect(sites.database) as database:
        database.execute("update vibe.sites set allowed_origins = array['https://shop.example'] where name = 'shop'")
    way = HttpDoor(sites)
    for origin, status in (("https://shop.example", 202), ("http://shop.example", 403), ("https://shop.example.evil.example", 403),
                           ("https://shop.example/", 403), ("HTTPS://SHOP.EXAMPLE", 403), ("https://sub.shop.example", 403), ("null", 403), ("*", 403), ("", 403)):
        assert way.send(beat(), Origin=origin)[0] == status, origin
    assert way.send(beat())[0] == 403
    way.connection.request("OPTIONS", "/track", headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"})
    answer = way.connection.getresponse()
    answer.read()
    assert (answer.status, answer.headers["access-control-allow-origin"], answer.headers["access-control-allow-credentials"]) == (204, "*", None)


def test_rest(sites):
    """vibe.track through the REST door, whose statuses follow from the SQLSTATEs that README lists; the 601st call of a minute is refused."""
    def call(text):
        status, answer = sites.request("/rest/v1/rpc/track", f'{{"payload": {text}}}'.encode(), headers=BROWSER)
        return status, answer.get("code", answer.get("accepted")) if isinstance(answer, dict) else answer

    assert call(beat()) == (200, 1)
    for text, expected in ((beat(site="no-such-key"), (404, "PT404")), (beat(visitor="short"), (400, "22023")), ("[]", (400, "22023")),
                           (beat(visitor=Raw(r'"visitor\u0000one"')), (400, "22P05")), (beat(visitor=Raw(r'"visitor\ud83d"')), (400, "22P02")),
                           (beat(sent_at=Raw("1e999999")), (400, "22003"))):
        assert call(text) == expected, text
    with connect(sites.database) as database:
        database.execute("update vibe_private.attempts set attempts = 600 where kind = 'track from address'")
    assert call(beat()) == (429, "PT429")
    assert HttpDoor(sites).send(beat())[0] == 202, "the tracker's own door counts for itself"
