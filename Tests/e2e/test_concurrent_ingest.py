"""Eight connections store at once what the same thirty browsers send: page views, repeats, identities and their undoing.

No call may fail (no deadlock either), every event is accepted exactly once by whoever came first, and at the end counters,
sessions and identities are what the rows say.
"""
import collections
import json
import random
import threading
import time
import uuid

from conftest import connect
from hostile_doors import NOW, broken_rules, recount, sites  # noqa: F401

SECONDS, CONNECTIONS, VISITORS = 8, 8, 30


class Sender(threading.Thread):
    """One connection; `shared` ids are sent by all."""

    def __init__(self, dbname, number, shared):
        super().__init__(daemon=True)
        self.dbname, self.choice, self.shared = dbname, random.Random(number), shared
        self.events, self.counts, self.problem = collections.Counter(), collections.Counter(), None

    def run(self):
        try:
            with connect(self.dbname) as database:
                deadline = time.monotonic() + SECONDS
                while time.monotonic() < deadline:
                    if self.choice.random() < 0.05:
                        database.execute("""select vibe.undo_merge('shop', user_id) from vibe.site_users
                                            where merged_into is not null order by random() limit 1""")
                    self.send(database)
        except Exception as problem:  # whatever it is, the test shows it
            self.problem = problem

    def send(self, database):
        envelopes = [self.envelope() for _ in range(self.choice.choice([1, 1, 3, 10]))]
        answers = database.execute("select status, body from vibe_private.ingest(%s::text[], null) order by ord",
                                   [[json.dumps(envelope) for envelope in envelopes]]).fetchall()
        for envelope, (status, body) in zip(envelopes, answers):
            assert status == 202 and body["rejected"] == 0 and body["accepted"] + body["duplicate"] == len(envelope["items"]), body
            self.counts.update(accepted=body["accepted"], duplicate=body["duplicate"])
            self.events.update(item["id"] for item in envelope["items"])

    def envelope(self):
        return {"site": "shop-key", "visitor": f"visitor-{self.choice.randrange(VISITORS)}", "sent_at": NOW,
                "items": [self.item() for _ in range(self.choice.choice([1, 2, 5]))]}

    def item(self):
        choice = self.choice
        made = {"type": "page_view", "id": str(uuid.UUID(int=choice.getrandbits(128), version=4)), "url": f"https://shop.example/{choice.randrange(9)}",
                "time": NOW - choice.choice([0, 0, 0, 60_000, 2_000_000, 4_000_000, 90_000_000])}
        if choice.random() < 0.3:
            made["id"] = choice.choice(self.shared)
        elif choice.random() < 0.1:
            made |= {"type": "identify", "user_id": f"user-{choice.randrange(8)}", "traits": {"plan": choice.randrange(9)}}
        return made


def test_senders_at_once(sites):
    shared = [str(uuid.uuid4()) for _ in range(300)]
    senders = [Sender(sites.database, number, shared) for number in range(CONNECTIONS)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(60)
    assert [sender.problem for sender in senders] == [None] * CONNECTIONS
    sent = set().union(*(sender.events for sender in senders))
    counts = sum((sender.counts for sender in senders), collections.Counter())
    print(dict(counts))
    assert counts["accepted"] == len(sent), "each id was accepted once"
    assert counts["duplicate"] > 500 and counts["accepted"] > 500, "too little to prove anything"
    with connect(sites.database) as database:
        stored = [row[0] for row in database.execute("select event_id::text from vibe.user_events as e join vibe.sites as s using (site_id) where s.name = 'shop'")]
        assert len(stored) == len(set(stored)) and set(stored) <= sent
        named = {row[0] for row in database.execute("select event_id::text from vibe_private.event_ids as e join vibe.sites as s using (site_id) where s.name = 'shop'")}
        assert named == sent
        assert recount(database) == []
        assert broken_rules(database) == {}
        assert database.execute("select count(*) from vibe.site_users as u join vibe.sites as s using (site_id) where s.name = 'shop'").fetchone()[0] == VISITORS
