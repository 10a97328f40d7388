"""Random requests, mutated from good ones, against ingest: whatever comes, the answer has a documented shape and is true.

The reference is a ledger in Python: which ids were not refused, in the order in which they came. The seed is fixed
(VIBE_FUZZ_SEED tells another), the time is bounded (VIBE_FUZZ_SECONDS).
"""
import collections
import copy
import json
import os
import random
import re
import time
import uuid

import psycopg

from conftest import connect
from hostile_doors import BROWSER, NOW, broken_rules, sites  # noqa: F401

SEED = int(os.environ.get("VIBE_FUZZ_SEED", "20260104"))
SECONDS = float(os.environ.get("VIBE_FUZZ_SECONDS", "15"))
REQUESTS = 6_000
SITES = ["shop-key", "second-key"]
COUNTS = {"accepted", "duplicate", "rejected", "errors"}
REFUSAL = {"code", "message", "details", "hint"}
# What vibe.track may raise, as README lists it: refused, and JSON that PostgreSQL's own cast refuses before the call.
TRACK_STATES = {"22023", "PT403", "PT404", "22P02", "22P05", "22003", "54001"}
JUNK = [None, True, False, 0, -1, 1.5, 5, 2**63, 10**400, "", " ", "x", "\u0000", "\ud83d", "😀", "null", "undefined", "a\nb", "x" * 5_000,
        [], {}, [[]], [None], {"a": {"b": {"c": {"d": {"e": {"f": {}}}}}}}, {"k" * 101: 1}, "'; drop table vibe.sites; --", "https://x.example/\u202e",
        "page_view", "event", "heartbeat", "identify", "shop-key", "visitor-1", 99_999_999_999_999, 100_000_000_000_000]
FIELDS = ["type", "id", "time", "url", "referrer", "title", "name", "properties", "user_id", "traits", "site", "visitor", "sent_at", "items", "zzz"]


class Maker:
    """Good requests, and what chance makes of them."""

    def __init__(self, seed):
        self.choice = random.Random(seed)
        self.ids = [str(uuid.UUID(int=self.choice.getrandbits(128), version=4)) for _ in range(50)]

    def request(self):
        """The text of a request: a tenth is left as it is."""
        choice = self.choice
        envelope = {"site": choice.choice(SITES), "visitor": f"visitor-{choice.randrange(40)}", "sent_at": NOW,
                    "items": [self.item() for _ in range(choice.choice([1, 1, 2, 3, 5, 20]))]}
        for _ in range(choice.choice([0, 1, 1, 2, 4])):
            self.mutate(envelope)
        text = json.dumps(envelope, ensure_ascii=choice.random() < 0.5)
        for _ in range(choice.choice([0] * 8 + [1, 3])):
            text = self.scratch(text)
        return text.encode("utf-8", "replace").decode().replace("\0", " ")

    def item(self):
        choice = self.choice
        kind = choice.choice(["page_view", "page_view", "event", "event", "heartbeat", "identify"])
        made = {"type": kind, "time": NOW - choice.choice([0, 1, 60_000, 1_800_000, 1_800_001, 86_400_000, 700_000_000, -3_600_000, choice.randrange(10**9)])}
        if kind != "heartbeat":
            new = str(uuid.UUID(int=choice.getrandbits(128), version=4))
            made["id"] = choice.choice([new, new, new, choice.choice(self.ids), choice.choice(self.ids).upper()])
        if kind == "page_view" or choice.random() < 0.5:
            made["url"] = f"https://shop.example/{choice.randrange(9)}?utm_source={choice.choice(['x', '%ff', '😀', 'google'])}"
        if kind == "event":
            made |= {"name": choice.choice(["click", "buy", "😀"]), "properties": {"n": choice.random(), "s": "x" * choice.randrange(200)}}
        if kind == "identify":
            made |= {"user_id": f"user-{choice.randrange(20)}", "traits": {"name": "Ana", "plan": choice.randrange(5)}}
        return made

    def mutate(self, envelope):
        """One change somewhere in the tree."""
        choice, place = self.choice, envelope
        if choice.random() < 0.85 and isinstance(envelope.get("items"), list) and envelope["items"]:
            items = envelope["items"]
            position = choice.randrange(len(items))
            if choice.random() < 0.1:
                items[position] = copy.deepcopy(choice.choice(JUNK))
            elif choice.random() < 0.1:
                items.append(copy.deepcopy(items[position]))
            elif choice.random() < 0.01:
                items *= 501
            place = items[position]
        if isinstance(place, dict):
            field = choice.choice(list(place) + FIELDS)
            if choice.random() < 0.3:
                place.pop(field, None)
            else:
                place[field] = copy.deepcopy(choice.choice(JUNK))

    def scratch(self, text):
        """One change of letters."""
        choice, place = self.choice, self.choice.randrange(len(text) + 1)
        return choice.choice([
            text[:place] + choice.choice(['"', "\\", "{", "]", ",", "\\u0000", "\\ud800", "\\\\", "e999", "-", "\x01", "0"]) + text[place:],
            text[:place] + text[place + choice.randrange(1, 9):], text[:place] + text[place:place + 20] + text[place:]])


class Ledger:
    """What must have become of each item, kept as the answers come."""

    def __init__(self):
        self.seen, self.events, self.accepted = collections.defaultdict(set), collections.defaultdict(set), 0

    def check(self, text, answer):
        """Compares the counts of a 202 with the ids that came before."""
        assert set(answer) == COUNTS, answer
        try:
            sent = json.loads(text)
        except ValueError:
            sent = json.loads(re.sub(r"\\u(0000|[dD][89a-fA-F]..)", "?", text))
        errors = {error["index"]: error for error in answer["errors"]}
        assert len(errors) == len(answer["errors"]) == answer["rejected"]
        for error in errors.values():
            assert error["field"] and error["reason"] and len(error["value"] or "") <= 100, error
            assert not error["reason"].startswith("cannot be stored"), error
        accepted = duplicate = 0
        for index, item in enumerate(sent["items"]):
            if index in errors:
                continue
            name = None if item["type"] == "heartbeat" else str(uuid.UUID(item["id"]))
            if name in self.seen[sent["site"]]:
                duplicate += 1
                continue
            accepted += 1
            if name:
                self.seen[sent["site"]].add(name)
            if item["type"] in ("page_view", "event"):
                self.events[sent["site"]].add(name)
        assert (answer["accepted"], answer["duplicate"]) == (accepted, duplicate), (answer, text)
        assert set(errors) <= set(range(len(sent["items"])))


def test_random_requests(sites):
    maker, ledger, answers = Maker(SEED), Ledger(), collections.Counter()
    with connect(sites.database) as database:
        database.execute("select vibe.create_site('second')")
        database.execute("update vibe.sites set key = 'second-key' where name = 'second'")
        backend, deadline = database.info.backend_pid, time.monotonic() + SECONDS
        anonymous = connect(sites.database, user="vibe_server")
        anonymous.execute("set role vibe_anon")
        while sum(answers.values()) < REQUESTS and time.monotonic() < deadline:
            if maker.choice.random() < 0.3:
                answers[track(anonymous, maker, ledger, sum(answers.values()))] += 1
            else:
                answers.update(ingest(database, maker, ledger))
        anonymous.close()
        assert database.execute("select pg_backend_pid()").fetchone()[0] == backend
        stored = collections.defaultdict(list)
        for key, name in database.execute("select s.key, e.event_id::text from vibe.user_events as e join vibe.sites as s using (site_id) where s.key <> 'other-key'"):
            stored[key].append(name)
        for key in SITES:
            assert sorted(stored[key]) == sorted(ledger.events[key]), "what was accepted is stored once, and nothing else"
        assert broken_rules(database) == {}
    print(f"seed {SEED}: {dict(answers)}")
    assert answers[202] > 500 and answers[400] > 100 and sum(answers.values()) > 1_000, "too little to prove anything"


def ingest(database, maker, ledger):
    """Some requests in one transaction, as the server sends them; the status of each."""
    texts = [maker.request() for _ in range(maker.choice.choice([1, 1, 2, 5, 9]))]
    meta = [json.dumps(maker.choice.choice([None, {}, {"user_agent": BROWSER["User-Agent"]}, {"user_agent": None, "origin": "null"}])) for _ in texts]
    rows = database.execute("select * from vibe_private.ingest(%s::text[], %s::jsonb[])", [texts, meta]).fetchall()
    assert [row[0] for row in rows] == list(range(1, len(texts) + 1))
    for text, (_, status, body) in zip(texts, rows):
        if status == 202:
            ledger.check(text, body)
        else:
            assert status in (400, 403, 404) and set(body) == REFUSAL and body["message"], (status, body)
    return [row[1] for row in rows]


def track(anonymous, maker, ledger, turn):
    """One request through vibe.track; 202 or 400, as the door for pages would say."""
    text = maker.request()
    anonymous.execute("select set_config('vibe.client', %s, false)", [json.dumps({"address": f"192.0.2.{turn // 100}"})])
    try:
        answer = anonymous.execute("select vibe.track(%s::jsonb)", [text]).fetchone()[0]
    except psycopg.Error as error:
        assert error.sqlstate in TRACK_STATES, (error.sqlstate, str(error), text)
        return 400
    ledger.check(text, answer)
    return 202
