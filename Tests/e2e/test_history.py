"""Import of history: random lives of visitors, written as each tool would export them, against a reading in plain Python;
hostile files through COPY; imports beside each other and beside the tracker; members over HTTP.

The layouts are those of the tools' public documentation: Umami "Data export" (website_event.csv), PostHog "Batch exports: Events
model" as JSON lines, Google "BigQuery Export schema" of GA4. The files are made here.
"""
import csv
import datetime
import io
import json
import random
import threading
import uuid
from collections import defaultdict
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg.types.json import Jsonb

from conftest import connect

UTC = datetime.timezone.utc
ZONE = ZoneInfo("America/Sao_Paulo")
TEXTS = ["Início", "日本 \"quoted\"", "semi;colon, comma", "two\nlines", "👩‍👩‍👧", "'; drop table vibe.sites; --", "%L $1 \\N'", "plain"]


def lives(seed, visitors=40):
    """(visitor, user or None, instant to the millisecond, event name, path, title) of every event, in no order."""
    draw, events = random.Random(seed), []
    for visitor in range(visitors):
        at = datetime.datetime(2024, 2, 10, tzinfo=UTC) + datetime.timedelta(milliseconds=draw.randrange(20 * 86_400_000))
        user = None
        for _ in range(draw.randint(1, 40)):
            if draw.random() < 0.1:
                user = user or f"user-{visitor // 3}"
            events.append((f"visitor-{visitor}", user, at, draw.choice(["page_view", "page_view", "add to cart", "größe"]),
                           draw.choice(["/", "/cart", "/p/1", "/é"]), draw.choice(TEXTS)))
            # Around the two rules: half an hour to the millisecond, and days without a pause.
            at += datetime.timedelta(milliseconds=draw.choice([1, 60_000, 1_799_999, 1_800_000, 1_800_001, 5_000_000, 90_000_000, draw.randrange(4_000_000)]))
    draw.shuffle(events)
    return events


def as_csv(header, rows):
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerows([header, *rows])
    return file.getvalue()


def number(event):
    return str(uuid.uuid5(uuid.NAMESPACE_URL, repr(event)))


def umami(events):
    return as_csv(
        ["website_id", "session_id", "visit_id", "event_id", "hostname", "browser", "url_path", "url_query", "referrer_domain", "referrer_path",
         "page_title", "event_type", "event_name", "tag", "distinct_id", "created_at"],
        [["w", e[0], "v", number(e), "shop.example", "chrome", e[4], "", "", "", e[5], 1 if e[3] == "page_view" else 2,
          "" if e[3] == "page_view" else e[3], "\\N", e[1] or "\\N", f"{e[2]:%Y-%m-%d %H:%M:%S}.{e[2].microsecond // 1000:03d}"] for e in events])


def posthog(events):
    return "\n".join(json.dumps({
        "uuid": number(e), "event": "$pageview" if e[3] == "page_view" else e[3], "distinct_id": e[1] or e[0], "timestamp": e[2].isoformat(),
        "properties": {"$device_id": e[0], "$current_url": f"https://shop.example{e[4]}", "title": e[5]},
    }, ensure_ascii=e[0][-1] in "02468") for e in events)


def ga4(events):
    return "\r\n".join(json.dumps({
        "event_timestamp": str((e[2] - datetime.datetime(1970, 1, 1, tzinfo=UTC)) // datetime.timedelta(microseconds=1)), "event_name": e[3],
        "user_pseudo_id": e[0], "event_params": [{"key": "page_location", "value": {"string_value": f"https://shop.example{e[4]}"}},
                                                 {"key": "page_title", "value": {"string_value": e[5]}}],
    } | ({"user_id": e[1]} if e[1] else {})) for e in events)


def plain_csv(events):
    return "\ufeff" + as_csv(["user_id", "TIME", "visitor_id", "title", "url", "event_name"],
                             [[e[1] or "", e[2].astimezone(ZONE).isoformat(), e[0], e[5], e[4], e[3]] for e in events])


def ndjson(events):
    return "\n".join(json.dumps({"time": round(e[2].timestamp() * 1000), "visitor_id": e[0], "url": e[4], "event_name": e[3], "title": e[5],
                                 "user_id": e[1]}) for e in events)


FORMATS = {"umami": umami, "posthog": posthog, "ga4": ga4, "csv": plain_csv, "ndjson": ndjson}


def visits(events):
    """visitor → [(first, last, page views, other events)], one event after the other by the rule of 30 minutes and 24 hours."""
    found = defaultdict(list)
    for visitor, _, at, name, _, _ in sorted(events, key=lambda e: e[2]):
        mine = found[visitor]
        if not mine or at - mine[-1][2] > datetime.timedelta(minutes=30):
            mine.append([at, at, at, 0, 0])
        elif (at - mine[-1][0]) // datetime.timedelta(days=1) > (mine[-1][1] - mine[-1][0]) // datetime.timedelta(days=1):
            mine.append([mine[-1][0], at, at, 0, 0])
        mine[-1][2] = at
        mine[-1][3 if name == "page_view" else 4] += 1
    return {visitor: [tuple(v[1:]) for v in mine] for visitor, mine in found.items()}


def people(events):
    """Groups of visitors who are one person: the first user that each was known as."""
    first = {}
    for visitor, user, *_ in sorted(events, key=lambda e: e[2]):
        if user:
            first.setdefault(visitor, user)
    groups = defaultdict(set)
    for visitor, *_ in events:
        groups[first.get(visitor, visitor)].add(visitor)
    return sorted(map(sorted, groups.values()))


def stored(admin, site):
    rows = admin.execute("""
        select regexp_replace(u.anonymous_id, '^[a-z0-9]+:', ''), e.occurred_at, e.event_name, e.page, e.title
        from vibe.user_events as e join vibe.site_users as u using (site_id, user_id) where site_id = vibe.site_id(%s)""", [site]).fetchall()
    spans = defaultdict(list)
    for visitor, *span in admin.execute("""
            select regexp_replace(u.anonymous_id, '^[a-z0-9]+:', ''), s.started_at, s.last_seen_at, s.page_views, s.events
            from vibe.site_sessions as s join vibe.site_users as u using (site_id, user_id) where site_id = vibe.site_id(%s) order by s.started_at""", [site]):
        spans[visitor].append(tuple(span))
    groups = admin.execute("""
        select array_agg(regexp_replace(anonymous_id, '^[a-z0-9]+:', '') order by 1) from vibe.site_users where site_id = vibe.site_id(%s)
        group by coalesce(merged_into, user_id)""", [site]).fetchall()
    return sorted(rows), dict(spans), sorted(sorted(group) for group, in groups)


def load(connection, site, kind, content, options=None):
    """As psql does it: begin, \\copy, finish."""
    opened, command = connection.execute("select * from vibe.begin_event_import(%s, %s, %s)", [site, kind, Jsonb(options or {})]).fetchone()
    with connection.cursor().copy(command) as rows:
        rows.write(content.encode() if isinstance(content, str) else content)
    return connection.execute("select vibe.finish_event_import(%s)", [opened]).fetchone()[0]


@pytest.fixture
def admin(database):
    with connect(database) as connection:
        connection.execute("set client_min_messages = error")
        for site in ("shop", "other"):
            connection.execute("select vibe.create_site(%s, 'shop.example', 'America/Sao_Paulo')", [site])
        yield connection


@pytest.mark.parametrize("kind", FORMATS)
def test_lives_come_back_as_they_were(admin, kind):
    events = lives(kind)
    wanted = sorted((e[0], e[2], e[3], e[4], " ".join(e[5].split(" "))) for e in events)
    answer = load(admin, "shop", kind, FORMATS[kind](events))
    assert (answer["imported"], answer["rejected"], answer["unchanged"]) == (len(events), 0, 0), answer
    found = stored(admin, "shop")
    assert found[0] == wanted
    assert found[1] == visits(events)
    assert found[2] == people(events)
    # The same file by one call, lines of it in another order: nothing new.
    draw = random.Random(kind)
    again = admin.execute("select vibe.import_events('shop', %s, %s)", [kind, FORMATS[kind](draw.sample(events, len(events)))]).fetchone()[0]
    assert (again["imported"], again["unchanged"], again["visitors"], again["visits"]) == (0, len(events), 0, 0)
    assert stored(admin, "shop") == found
    # In three files that overlap, the later first: each event once.
    by_time = sorted(events, key=lambda e: e[2])
    third = len(events) // 3
    answers = [load(admin, "other", kind, FORMATS[kind](part)) for part in (by_time[third:], by_time[: 2 * third], by_time)]
    assert sum(a["imported"] for a in answers) == len(events) and not any(a["rejected"] for a in answers)
    assert stored(admin, "other")[0] == wanted


def test_days_are_counted_as_python_counts_them(admin):
    """Daily figures after the nightly recount, in the site's zone; 2024-02-18 is when its clocks would change, were there a change."""
    events = lives("days")
    load(admin, "shop", "posthog", posthog(events))
    first = admin.execute("select min(day) from vibe_private.dirty_days").fetchone()[0]
    admin.execute("select vibe.calculate_daily_stats('shop', %s, %s)", [first, first + datetime.timedelta(days=60)])
    wanted = defaultdict(lambda: [set(), 0, 0, 0])
    for visitor, _, at, name, _, _ in events:
        day = wanted[at.astimezone(ZONE).date()]
        day[0].add(visitor)
        day[2 if name == "page_view" else 3] += 1
    for spans in visits(events).values():
        for begun, *_ in spans:
            wanted[begun.astimezone(ZONE).date()][1] += 1
    found = admin.execute("select day, visitors, sessions, page_views, events from vibe.daily_stats where site = 'shop' and page_views + events > 0").fetchall()
    assert {row[0]: row[1:] for row in found} == {day: (len(w[0]), w[1], w[2], w[3]) for day, w in wanted.items()}
    assert admin.execute("select max(total_visitors) from vibe.daily_stats where site = 'shop'").fetchone()[0] == 40


GOOD = '{"time": "2024-01-01T10:00:00Z", "visitor_id": "v", "url": "/%s"}'


@pytest.mark.parametrize("content, imported, reasons", [
    (b"\xef\xbb\xbf" + (GOOD % 1).encode() + b"\r\n" + (GOOD % 2).encode() + b"\r\n\r\n", 2, []),
    ((GOOD % 1).encode() + b"\n" + (GOOD % "\xe9").encode("latin1") + b"\n" + (GOOD % 2).encode(), 2, ["is not valid in the file's encoding"]),
    ((GOOD % 1).encode() + b"\n{\"title\": \"" + b"x" * 10_000_000 + b"\"}\n" + (GOOD % 2).encode(), 2, ["is longer than 1 MB"]),
    ((GOOD % 1).encode() + b"\n" + b"[" * 900_000 + b"\n{\"a\":" + b"[" * 900_000, 1, ["has more than 100 levels", "must be a JSON object on one line"]),
    ((GOOD % 1).encode() + b"\n\\.x\n\\N\n" + (GOOD % 2).encode(), 2, ["must be a JSON object on one line"]),
    (b"\n\n" + (GOOD % 1).encode() + b"\n" + (GOOD % "\\u0000").encode(), 1, ["holds \\u0000, which PostgreSQL's text cannot"]),
])
def test_hostile_lines(admin, content, imported, reasons):
    answer = load(admin, "shop", "ndjson", content)
    assert answer["imported"] == imported
    assert sorted(answer["reasons"]) == sorted(reasons)
    assert admin.execute("select count(*) from vibe.import_rejects").fetchone()[0] == answer["rejected"]


@pytest.mark.parametrize("content, message", [
    (b"", "the file is empty"), (b"\r\n \r\n", "the file is empty"), (b"\xef\xbb\xbf", None),
    ((GOOD % 1).encode() + b"\n\x00" + (GOOD % 2).encode(), "invalid byte sequence for encoding \"LATIN1\": 0x00"),
    ((GOOD % 1).encode() + b"\n" + (GOOD % 2).encode() + b"\r\n", "unquoted carriage return"),
    # As Excel writes line breaks within fields.
    (b"time,visitor_id,url,title\r\n2024-01-01,v,/,\"two\nlines\"\r\n", "unquoted newline"),
    ((GOOD % 1).encode() + b"\n\x01\n", "extra data after last expected column"),
])
def test_files_that_are_refused_whole(admin, content, message):
    """COPY says which line; nothing is stored, and the connection can begin again."""
    if message is None:
        assert load(admin, "shop", "ndjson", content)["rejected"] == 1
    else:
        with pytest.raises(psycopg.Error, match=message):
            load(admin, "shop", "ndjson", content)
    assert admin.execute("select count(*) from vibe.user_events").fetchone()[0] == 0
    assert load(admin, "shop", "ndjson", GOOD % 1)["imported"] == 1
    # README's `tr -d` makes every one of these files readable.
    cleaned = content.translate(None, b"\x00\x01\x02\r")
    if cleaned.strip(b"\xef\xbb\xbf \n"):
        assert load(admin, "other", "csv" if content.startswith(b"time") else "ndjson", cleaned)["imported"] >= 1


def test_a_file_in_another_encoding(admin):
    content = "time,visitor_id,url,title\n2024-01-01,v,/,Início €\n".encode("cp1252")
    assert load(admin, "shop", "csv", content, {"encoding": "WIN1252"})["imported"] == 1
    assert load(admin, "other", "csv", content)["reasons"] == {"is not valid in the file's encoding": 1}
    assert admin.execute("select title from vibe.user_events").fetchone()[0] == "Início €"


@pytest.mark.parametrize("kind", FORMATS)
def test_mutilated_files(admin, kind):
    """Bytes of good files changed at random: every record is stored or kept with a reason, and nothing else is ever raised."""
    draw, seen = random.Random(f"mutilated {kind}"), set()
    allowed = ("the file is empty", "the header", "unquoted carriage return", "unquoted newline", "extra data after last expected column", "invalid byte sequence for encoding")
    for _ in range(40):
        content = bytearray(FORMATS[kind](lives(draw.random(), 3)).encode())
        start = content.find(b"\n") if kind in ("umami", "csv") and draw.random() < 0.9 else 0
        for _ in range(draw.choice([1, 5, 50])):
            place = draw.randrange(start, len(content))
            piece = draw.choice([b'"', b"\\", b"\n", b"\xff", b"{", b"}", b"[", b",", b"'", b"\\u0000", b"\\ud800", b"1e999", b"null", b"\t", b"\xe2\x80", bytes([draw.randrange(256)])])
            content[place:place + draw.choice([0, 1, 10])] = piece
        try:
            answer = load(admin, "shop", kind, bytes(content))
        except psycopg.Error as error:
            assert any(word in str(error) for word in allowed), error
            continue
        assert answer["records"] == answer["accepted"] + answer["rejected"]
        assert answer["accepted"] == answer["imported"] + answer["unchanged"] + answer["skipped"]
        assert sum(answer["reasons"].values()) == answer["rejected"]
        seen |= set(answer["reasons"])
    assert len(seen) >= 3, seen
    assert admin.execute("select count(*) from vibe.site_sessions as s where not exists (select from vibe.user_events as e where e.session_id = s.session_id)").fetchone()[0] == 0


def test_two_imports_of_one_file_at_the_same_time(admin, database):
    events, answers = lives("twice"), []

    def run():
        with connect(database) as own:
            answers.append(load(own, "shop", "umami", umami(events)))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(a["imported"] for a in answers) == [0, 0, len(events)]
    assert stored(admin, "shop")[1] == visits(events)


def test_the_tracker_goes_on_beside_an_import(admin, database):
    """While an import is not committed, page views of the site's visitors, new ones and known ones, are stored at once."""
    key = admin.execute("select key from vibe.sites where name = 'shop'").fetchone()[0]

    def track(visitor):
        now = round(datetime.datetime.now(UTC).timestamp() * 1000)
        item = {"type": "page_view", "id": str(uuid.uuid4()), "time": now, "url": "https://shop.example/"}
        with connect(database) as own:
            own.execute("set lock_timeout = '3s'")
            return own.execute("select status, body from vibe_private.ingest(array[%s], array[null::jsonb])", [
                json.dumps({"site": key, "visitor": visitor, "sent_at": now, "items": [item]})]).fetchone()[0]

    assert track("known-visitor") == 202
    with connect(database, autocommit=False) as other:
        # New months, new visitors, who they are: with everything that an import locks.
        assert load(other, "shop", "umami", umami(lives("beside")))["imported"] > 0
        assert track("known-visitor") == 202
        assert track("fresh-visitor") == 202
        other.commit()
    assert admin.execute("select count(*) from vibe.user_events where event_name = 'page_view' and occurred_at > now() - interval '1 hour'").fetchone()[0] == 3


def test_a_cancelled_import_leaves_nothing(admin):
    events = lives("cancelled", 400)
    opened, command = admin.execute("select * from vibe.begin_event_import('shop', 'posthog')").fetchone()
    with admin.cursor().copy(command) as rows:
        rows.write(posthog(events))
    admin.execute("set statement_timeout = '150ms'")
    with pytest.raises(psycopg.errors.QueryCanceled):
        admin.execute("select vibe.finish_event_import(%s)", [opened])
    admin.execute("reset statement_timeout")
    assert admin.execute("select count(*) from vibe.site_users").fetchone()[0] == 0
    # The lines are still there: finishing can be tried again.
    assert admin.execute("select vibe.finish_event_import(%s)", [opened]).fetchone()[0]["imported"] == len(events)


def test_members_import_over_http(server):
    with connect(server.database) as admin:
        admin.execute("select vibe.create_site('shop', 'shop.example')")
        admin.execute("select vibe.create_site('other')")
        tokens = {}
        for who in ("viewer", "member"):
            admin.execute("select vibe.create_user(%s, 'correct horse')", [f"{who}@example.com"])
            admin.execute("select vibe.add_member('shop', %s, %s)", [f"{who}@example.com", who])
            tokens[who] = server.request("/auth/v1/token?grant_type=password", {"email": f"{who}@example.com", "password": "correct horse"})[1]["access_token"]
    call = lambda who, site, content: server.request("/rest/v1/rpc/import_events", {"site": site, "format": "ndjson", "content": content}, token=tokens[who])
    status, answer = call("member", "shop", GOOD % "a" + "\n" + GOOD % "b" + "\nbroken")
    assert status == 200 and (answer["imported"], answer["rejected"]) == (2, 1), answer
    for who, site in (("member", "other"), ("viewer", "other")):
        status, answer = call(who, site, GOOD % "a")
        assert status == 400 and "not yours" in answer["message"], answer
    status, answer = call("viewer", "shop", GOOD % "a")
    assert (status, answer["code"], answer["message"]) == (403, "42501", 'this takes the role member of site "shop"')
    status, rows = server.request("/rest/v1/import_rejects?select=line,reason,record", token=tokens["viewer"])
    assert (status, rows) == (200, [{"line": 3, "reason": "must be a JSON object on one line", "record": "broken"}])
    assert server.request("/rest/v1/import_rejects")[0] in (401, 403)
    status, rows = server.request("/rest/v1/rpc/import_events", {"site": "shop", "format": "ndjson", "content": GOOD % "a"})
    assert status in (401, 403, 404), rows
