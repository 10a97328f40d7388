"""Nothing is lost and nothing is told twice: over lost doorbells, lost connections, restarts, long transactions and two servers."""
import json
import threading
import time
import urllib.request

import pytest
from websockets.exceptions import ConnectionClosed

from conftest import connect
from talking import PATIENCE, Talk, sign_up


def add(database, site, *names):
    with connect(database) as session:
        for name in names:
            session.execute("insert into vibe.site_users (site_id, name) values (%s, %s)", [site, name])


class Stream:
    """Server-sent events, read as EventSource does (HTML standard 9.2)."""

    def __init__(self, server, token, last=None):
        headers = {"Authorization": f"Bearer {token}"} | ({"Last-Event-ID": last} if last else {})
        self.lines = urllib.request.urlopen(urllib.request.Request(server.url + "/realtime/v1/sse?tables=site_users", headers=headers), timeout=PATIENCE)
        self.last, self.names, self.kinds = last, [], []

    def event(self):
        kind, data, last = "message", "", None
        for line in self.lines:
            field, _, value = line.decode().rstrip("\n").partition(": ")
            if field == "event":
                kind = value
            elif field == "data":
                data += value
            elif field == "id":
                last = value
            elif not field and data:
                self.last = last or self.last
                self.kinds.append(kind)
                if kind == "change":
                    self.names.append(json.loads(data)["record"]["name"])
                return kind
        return None

    def until(self, name):
        while name not in self.names:
            assert self.event(), f"the stream ended; heard {self.names}"
        return self


def waiting_doorbells(database):
    """From now on nobody rings: a lost doorbell is one that was never heard."""
    with connect(database) as session:
        session.execute("create or replace function vibe_private.ring_doorbell() returns void language plpgsql as $$ begin end $$")


def test_lost_doorbell(server):
    token, site, _ = sign_up(server, "ann")
    waiting_doorbells(server.database)
    talk = Talk(server)
    talk.join(token, {"table": "site_users"})
    for number in range(3):
        add(server.database, site, f"unrung {number}")
        assert talk.changes(1) == [("INSERT", f"unrung {number}")]
    talk.close()


def test_two_commits_then_silence(server):
    """The second commit within the doorbell's 20 ms does not ring."""
    token, site, _ = sign_up(server, "ann")
    talk = Talk(server)
    talk.join(token, {"table": "site_users"})
    with connect(server.database) as session:
        for number in range(20):
            session.execute("insert into vibe.site_users (site_id, name) values (%s, %s)", [site, f"first {number}"])
            time.sleep(0.001 * number * 1.5)
            session.execute("insert into vibe.site_users (site_id, name) values (%s, %s)", [site, f"second {number}"])
            assert talk.changes(2) == [("INSERT", f"first {number}"), ("INSERT", f"second {number}")]
    talk.close()


def test_long_transactions_delay_nobody(server, make_database):
    """A write transaction that stays open, here or in another database, holds up no later commit, and is itself heard once."""
    token, site, _ = sign_up(server, "ann")
    talk = Talk(server)
    talk.join(token, {"table": "site_users"})
    with connect(make_database(), autocommit=False) as elsewhere, connect(server.database, autocommit=False) as here:
        elsewhere.execute("select pg_current_xact_id()")
        here.execute("insert into vibe.site_users (site_id, name) values (%s, 'long')", [site])
        waits = []
        for number in range(20):
            begun = time.monotonic()
            add(server.database, site, f"short {number}")
            assert talk.changes(1) == [("INSERT", f"short {number}")]
            waits.append(time.monotonic() - begun)
        # Whatever the machine does meanwhile: far from waiting for the end of a transaction.
        assert sorted(waits)[10] < 2, waits
        here.commit()
        assert talk.changes(1) == [("INSERT", "long")]
    talk.silence()
    talk.close()


def test_lost_connections(server):
    """Both connections of the feed, the listening and the reading one, are cut while changes go on."""
    token, site, _ = sign_up(server, "ann")
    talk = Talk(server)
    talk.join(token, {"table": "site_users"})
    cut = "select count(pg_terminate_backend(pid)) from pg_stat_activity where datname = current_database() and usename = 'vibe_server'"
    names = []
    with connect(server.database) as session:
        for round in range(4):
            for number in range(5):
                names.append(f"{round}.{number}")
                session.execute("insert into vibe.site_users (site_id, name) values (%s, %s)", [site, names[-1]])
                if number == 2:
                    deadline = time.monotonic() + PATIENCE
                    while session.execute(cut).fetchone()[0] == 0:
                        assert time.monotonic() < deadline, "the server did not come back"
        assert talk.changes(len(names)) == [("INSERT", name) for name in names]
    talk.silence()
    talk.close()


@pytest.mark.parametrize("signal", ["TERM", "KILL"])
def test_server_restart(server, signal):
    """An event stream goes on where it was; a channel is joined again, and hears all that comes after its join."""
    import signal as signals
    token, site, _ = sign_up(server, "ann")
    stream, talk = Stream(server, token), Talk(server)
    talk.join(token, {"table": "site_users"})
    add(server.database, site, "before")
    stream.until("before")
    assert talk.changes(1) == [("INSERT", "before")]
    server.kill(getattr(signals, f"SIG{signal}"))
    with pytest.raises(ConnectionClosed):
        while True:
            talk.next()
    add(server.database, site, "away 1", "away 2")
    server.start()
    again = Stream(server, token, stream.last)
    talk = Talk(server)
    assert talk.join(token, {"table": "site_users"})[4]["status"] == "ok"
    add(server.database, site, "after")
    again.until("after")
    assert again.names == ["away 1", "away 2", "after"]
    assert talk.changes(1) == [("INSERT", "after")]
    talk.silence()


def test_changing_servers_all_the_time(database, make_server):
    """Two servers; one reader goes from one to the other with its last id while several write. It hears all, once, in the order of each writer."""
    servers = [make_server(database) for _ in range(2)]
    for server in servers[1:]:
        server.environment["VIBE_JWT_SECRET"] = servers[0].environment["VIBE_JWT_SECRET"]
        server.anon_key = servers[0].anon_key
        server.restart()
    token, site, _ = sign_up(servers[0], "ann")
    writers, rows = 3, 60

    def write(writer):
        with connect(database) as session:
            for number in range(rows):
                session.execute("insert into vibe.site_users (site_id, name) values (%s, %s)", [site, f"{writer}.{number}"])
                time.sleep(0.005)

    steady = Talk(servers[1])
    steady.join(token, {"table": "site_users"})
    reader = Stream(servers[0], token)
    assert reader.event() == "ready"
    add(database, site, "start")
    reader.until("start")
    threads = [threading.Thread(target=write, args=[writer]) for writer in range(writers)]
    [thread.start() for thread in threads]
    wanted = ["start", *(f"{writer}.{number}" for writer in range(writers) for number in range(rows))]
    heard, turn, deadline = list(reader.names), 0, time.monotonic() + 2 * PATIENCE
    while len(heard) < len(wanted):
        before = len(reader.names)
        while len(reader.names) < before + 7 and len(heard) + len(reader.names) - before < len(wanted):
            assert reader.event() in ("change", "ready") and time.monotonic() < deadline, sorted(set(wanted) - set(heard))
        heard += reader.names[before:]
        turn += 1
        reader.lines.close()
        reader = Stream(servers[turn % 2], token, reader.last)
    assert turn > 3
    # Also where it left in the middle of a page: nothing is missing, nothing came twice.
    assert sorted(heard) == sorted(wanted)
    [thread.join() for thread in threads]
    told = steady.changes(len(wanted))
    assert sorted(name for _, name in told) == sorted(wanted)
    for writer in range(writers):
        own = [name for _, name in told if name.startswith(f"{writer}.")]
        assert own == [f"{writer}.{number}" for number in range(rows)]
    steady.close()


def test_past_the_reach_of_the_feed(server):
    """Who was away for too long, or whose server was, is told to load everything again."""
    token, site, _ = sign_up(server, "ann")
    stream = Stream(server, token)
    add(server.database, site, "one")
    stream.until("one")
    snapshot, _, moment = stream.last.partition("@")
    old = Stream(server, token, f"{snapshot}@{int(moment) - 11 * 60_000}")
    assert [old.event(), old.event()] == ["ready", "resync"]
    # The same happens to all when the server itself was cut off: its clock says so.
    talk = Talk(server)
    talk.join(token, {"table": "site_users"})
    talk.until("system")
    with connect(server.database) as session:
        # Every reading now looks like one by a reader whose last was long ago.
        session.execute("""do $$ begin execute replace(replace(
            pg_get_functiondef('vibe_private.changes_since(text,text,int[])'::regprocedure), $a$'10 minutes'$a$, $a$'-10 minutes'$a$), 'x', 'x'); end $$""")
    assert talk.until("system")[4] == {
        "channel": "db", "extension": "postgres_changes", "message": "Changes were lost: load everything again", "status": "error"}
    assert talk.next()[3] == "phx_error"
    while stream.event() != "resync":
        pass
    talk.close()


def test_a_new_site_is_heard_from_its_first_change(server):
    token, site, _ = sign_up(server, "ann")
    talk = Talk(server)
    talk.join(token, {"table": "site_users"})
    talk.until("system")
    with connect(server.database) as session:
        for number in range(5):
            session.execute("""with made as (insert into vibe.sites (name) values (%s) returning site_id),
                mine as (insert into vibe.site_members (site_id, user_id, role) select made.site_id, m.user_id, 'viewer'
                         from made, vibe.site_members as m where m.site_id = %s)
                insert into vibe.site_users (site_id, name) select site_id, %s from made""", [f"new {number}", site, f"of {number}"])
            assert talk.changes(1) == [("INSERT", f"of {number}")]
    talk.close()
