"""An acknowledged event is a committed event: `kill -9` of PostgreSQL, of its backends and of the server under load.

Clients send what has no answer again, and now and then what has one: those are duplicates, each and every one.

The reference is the clients' own log: every uuid they sent and every one they were given an answer for.
"""
import json
import os
import random
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
import uuid

import psycopg
import pytest

from clusters import make_template, own_cluster
from conftest import TEMPLATE, connect

SEED = int(os.environ.get("VIBE_KILL_SEED", "20260101"))
ROUNDS = 20
CLIENTS = 6
LONGEST_CALM = 0.8  # seconds between two kills
CATCH_UP = 60  # seconds that clients have at the end to get their last answers


@pytest.fixture
def cluster(monkeypatch):
    """A cluster of its own, since this test kills its postmaster; PGHOST and PGPORT point to it meanwhile."""
    with own_cluster() as (environment, control):
        monkeypatch.setenv("PGHOST", environment["PGHOST"])
        monkeypatch.setenv("PGPORT", environment["PGPORT"])
        make_template(environment)
        yield control


class Client(threading.Thread):
    """One visitor who never gives up: each batch goes out with the same ids until it is acknowledged."""

    def __init__(self, url, key, number, stop):
        super().__init__(daemon=True)
        self.url, self.key, self.stop = url, key, stop
        self.visitor = f"client-{SEED}-{number}"
        self.choice = random.Random(SEED * 1000 + number)
        self.sent, self.acknowledged, self.failures, self.refusals = set(), set(), 0, []
        self.delivered, self.repeats = [], 0

    def run(self):
        while not self.stop.is_set():
            self.deliver([self.item() for _ in range(self.choice.randint(1, 5))])
            if self.choice.random() < 0.2:
                self.repeat()
        # After the last kill, by whoever answers now.
        for _ in range(20):
            self.repeat()

    def repeat(self):
        """Sends acknowledged items again, in another company than before: the answer must know them all."""
        items = sum(self.choice.sample(self.delivered, min(3, len(self.delivered))), [])
        if items:
            self.repeats += len(items)
            self.deliver(items, duplicates=len(items))

    def item(self):
        made = {"type": "event", "id": str(uuid.UUID(int=self.choice.getrandbits(128), version=4)),
                "time": int(time.time() * 1000), "url": "https://shop.test/kill", "name": "click"}
        return made | ({"type": "page_view"} if self.choice.random() < 0.3 else {})

    def deliver(self, items, duplicates=None):
        ids = {item["id"] for item in items}
        self.sent |= ids
        deadline = time.monotonic() + CATCH_UP
        while time.monotonic() < deadline:
            try:
                answer = self.post(items)
            except (OSError, ValueError):  # refused, reset, 5xx, or cut off in the middle: nothing is known
                self.failures += 1
                time.sleep(self.choice.uniform(0.01, 0.1))
                continue
            if answer["accepted"] + answer["duplicate"] != len(items) or duplicates not in (None, answer["duplicate"]):
                self.refusals.append(answer)
            if duplicates is None:
                self.delivered.append(items)
            self.acknowledged |= ids
            return

    def post(self, items):
        body = json.dumps({"site": self.key, "sent_at": int(time.time() * 1000), "visitor": self.visitor, "items": items})
        request = urllib.request.Request(self.url + "/track", data=body.encode(), headers={"Content-Type": "text/plain"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read())


def crash(cluster):
    """The postmaster dies, perhaps while it recovers from the last crash; its children may need a moment to notice."""
    cluster("kill")
    for attempt in range(50):
        try:
            return cluster("start")
        except subprocess.CalledProcessError:
            if attempt == 49:
                raise
            time.sleep(0.2)


def kill_backend(chance):
    """`kill -9` of one connection that stores events, in the middle of it if there is such: PostgreSQL ends all others and recovers."""
    try:
        with connect() as admin:
            busy = admin.execute("""select pid from pg_stat_activity where usename = 'vibe_server'
                                    order by state = 'active' desc, pid limit 4""").fetchall()
        os.kill(chance.choice(busy)[0], signal.SIGKILL)
        return True
    except (psycopg.OperationalError, IndexError, ProcessLookupError):
        return False  # it recovers from the kill before, or nobody is connected yet


def test_nothing_lost_nothing_doubled(cluster, make_server):
    with connect() as admin:
        admin.execute(f"create database vibe_kill template {TEMPLATE}")
    with connect("vibe_kill") as database:
        site = database.execute("select vibe.create_site('kill')").fetchone()[0]
        key = database.execute("select key from vibe.sites").fetchone()[0]
    server = make_server("vibe_kill")
    stop, chance = threading.Event(), random.Random(SEED)
    clients = [Client(server.url, key, number, stop) for number in range(CLIENTS)]
    for client in clients:
        client.start()

    backends = []
    for turn in range(ROUNDS):
        killings = [lambda: (server.kill(), server.start()),
                    (lambda: crash(cluster)) if turn % 2 else lambda: backends.append(kill_backend(chance))]
        chance.shuffle(killings)
        for kill in killings:
            time.sleep(chance.uniform(0.02, LONGEST_CALM))
            kill()

    time.sleep(1)
    stop.set()
    for client in clients:
        client.join(CATCH_UP + 30)
    sent = set().union(*(client.sent for client in clients))
    acknowledged = set().union(*(client.acknowledged for client in clients))
    with connect("vibe_kill") as database:
        stored = [str(row[0]) for row in database.execute("select event_id from vibe.user_events where site_id = %s", [site])]
        counted = database.execute("select sum(page_views), sum(events) from vibe.site_sessions").fetchone()
        views = database.execute("select count(*) from vibe.user_events where event_name = 'page_view'").fetchone()[0]

    print(f"seed {SEED}: {len(sent)} sent, {len(acknowledged)} acknowledged, {len(stored)} stored, "
          f"{sum(client.failures for client in clients)} requests without an answer, "
          f"{sum(client.repeats for client in clients)} items sent again, {sum(backends)} backends killed")
    assert [client.refusals for client in clients] == [[]] * CLIENTS
    assert sum(backends) > ROUNDS / 4 and sum(client.repeats for client in clients) > 20 * CLIENTS
    assert len(acknowledged) > 50 * ROUNDS, "too little load to prove anything"
    assert acknowledged - set(stored) == set(), "acknowledged events are missing"
    assert len(stored) == len(set(stored)), "events stand twice"
    assert set(stored) <= sent
    assert sent == acknowledged, "clients retried until they had an answer"
    assert counted == (views, len(stored) - views), "counters of sessions differ from the events"
