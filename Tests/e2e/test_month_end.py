"""The last hundredths of a second of a month, and the same request sent again when the month has turned.

A cluster of its own, whose clock stands eight seconds before the end of the month: the repeat has another occurred_at by
the clock rule and belongs to another partition, so only the ledger of ids can know it.
"""
import datetime
import json
import time
import uuid

import pytest

from clusters import by_clock, make_template, own_cluster
from conftest import connect

AIMS = [*range(9_000, 9_991, 45), 9_990]  # milliseconds: from 23:59:59.000 to 23:59:59.990, counted from ten seconds before


@pytest.fixture
def month_end():
    """Where to connect to, and the instant at which the month of that cluster's clock ends."""
    today = datetime.datetime.now(datetime.timezone.utc)
    turn = (today.replace(day=1, hour=0, minute=0, second=0, microsecond=0) + datetime.timedelta(days=32)).replace(day=1)
    clock = by_clock((turn - datetime.timedelta(seconds=8)).strftime("%Y-%m-%d %H:%M:%S UTC"))
    with own_cluster() as (environment, control):
        make_template(environment)
        control("stop")
        control("start", **clock)
        yield {"host": environment["PGHOST"], "port": environment["PGPORT"]}, turn


def send(database, **envelope):
    """The counts of one request."""
    answer = database.execute("select body from vibe_private.ingest(array[%s], null)", [json.dumps(envelope)]).fetchone()[0]
    assert answer.pop("errors") == []
    return answer


def test_resent_after_the_month_turned(month_end):
    where, turn = month_end
    with connect("vibe_template", **where) as database:
        database.execute("select vibe.create_site('shop', time_zone => 'UTC')")
        key, clock = database.execute("select key, clock_timestamp() from vibe.sites").fetchone()
        ahead = round((turn - clock).total_seconds() * 1000) - 10_000  # of ten seconds before the turn
        assert ahead > -10_000, "too slow: the month has turned already"
        said = 1_700_000_000_000
        items = [{"type": "page_view", "id": str(uuid.uuid4()), "time": said + ahead + aim, "url": "https://shop.example/"} for aim in AIMS]
        envelope = {"site": key, "visitor": "visitor-one", "sent_at": said, "items": items}
        assert send(database, **envelope) == {"accepted": len(AIMS), "duplicate": 0, "rejected": 0}

        rows = "select occurred_at, tableoid::regclass::text from vibe.user_events order by occurred_at"
        before = database.execute(rows).fetchall()
        old, new = ((turn - datetime.timedelta(days=days)).strftime("vibe_private.user_events_%Y_%m") for days in (1, -1))
        late = [row for row in before if turn - datetime.timedelta(milliseconds=200) < row[0] < turn]
        assert late and {row[1] for row in late} == {old}
        # Processing took some milliseconds: what was aimed at the last of them may have got beyond the end, rightly.
        assert all(row[1] == (old if row[0] < turn else new) for row in before)

        while database.execute("select clock_timestamp() < %s", [turn + datetime.timedelta(seconds=2)]).fetchone()[0]:
            time.sleep(0.1)
        # Letter by letter: each item would now have happened next month. And as the tracker does, with the clock of the second sending.
        again = {"accepted": 0, "duplicate": len(AIMS), "rejected": 0}
        assert send(database, **envelope) == again
        now = database.execute("select clock_timestamp()").fetchone()[0]
        assert send(database, **envelope | {"sent_at": said + round((now - clock).total_seconds() * 1000)}) == again
        assert database.execute(rows).fetchall() == before

        # New items between repeats: those of today, and one that waited since last month and marks its day.
        waited = {"type": "event", "id": str(uuid.uuid4()), "time": said - 60_000, "name": "waited"}
        fresh = {"type": "event", "id": str(uuid.uuid4()), "time": said, "name": "fresh"}
        assert send(database, **envelope | {"items": [items[-1], waited, items[0], fresh]}) == {"accepted": 2, "duplicate": 2, "rejected": 0}
        found = dict(database.execute("select event_name, tableoid::regclass::text from vibe.user_events where event_name <> 'page_view'").fetchall())
        assert found == {"waited": old, "fresh": new}
        assert database.execute("select distinct day from vibe_private.dirty_days").fetchall() == [((turn - datetime.timedelta(days=1)).date(),)]
        # One visit: neither midnight nor the month cuts it.
        visit = database.execute("select page_views, events, started_at < %s, last_seen_at >= %s from vibe.site_sessions", [turn, turn]).fetchall()
        assert visit == [(len(AIMS), 2, True, True)]
