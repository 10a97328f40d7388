"""Two readers, one rule: what vibe_private.read_plain (C) takes as plain is for the checks in SQL good, and the same rows.

The reference is vibe_private.read_envelopes, which knows all rules; random requests are good or nearly so, at the edges of every limit.
"""
import json
import os
import random
import time
import uuid

from conftest import connect
from hostile_doors import NOW
from hostile_items import CASES, EVENT, Raw
from test_hostile import written

SEED = int(os.environ.get("VIBE_FUZZ_SEED", "20260105"))
SECONDS = float(os.environ.get("VIBE_FUZZ_SECONDS", "12"))

COMPARE = """
with given as materialized (select vibe_private.parse_envelopes(%(texts)s) as envelopes, (select site_id from vibe.sites) as site_id, now() as received),
fast as (select g.*, (vibe_private.read_plain(g.envelopes, array_fill(g.site_id, array[cardinality(g.envelopes)]), g.received)).* from given as g),
slow as (select (vibe_private.read_envelopes(g.envelopes, array_fill('{}'::jsonb, array[cardinality(g.envelopes)]), g.received,
    array_fill(null::int, array[cardinality(g.envelopes)]))).* from given as g)
select c.place::int, h.problem, h.errors,
    (select jsonb_agg(to_jsonb(i) order by i.place) from unnest(f.items) as i where i.ord = c.place)::text as fast,
    (select jsonb_agg(to_jsonb(i) order by i.place) from unnest(s.items) as i where i.ord = c.place)::text as slow
from fast as f cross join slow as s cross join lateral unnest(f.item_counts) with ordinality as c (count, place)
left join lateral (select h.* from unnest(s.heads) as h where h.ord = c.place) as h on true
where c.count is not null order by 1
"""


class Edge:
    """Random items whose parts lie at the edges of the limits."""

    def __init__(self, seed):
        self.choice = random.Random(seed)
        ids = {"$id": str(uuid.UUID(int=seed)), "$other_id": str(uuid.UUID(int=seed)), "$other_ID": str(uuid.UUID(int=seed)).upper(), "$user": "user-one"}
        texts = [written(changes if isinstance(changes, Raw) else EVENT | changes, ids) for _, changes, _ in CASES]
        self.cases = [text for text in texts if len(text) < 10_000]

    def request(self):
        choice = self.choice
        envelope = {"site": "shop-key", "visitor": self.pick("visitor-one", "v" * 8, "v" * 64, "v" * 65, "seven77", "a b c d e", "vísitor-one", "!~!~!~!~"),
                    "sent_at": self.pick(NOW, 0, Raw("1e3"), Raw("1.0"), Raw("1e20"), Raw("1e100"), 99_999_999_999_999, 10**14, -1),
                    "items": [Raw(self.item()) for _ in range(choice.choice([1, 1, 1, 2, 5]))]}
        fields = [f'"{key}": {value if isinstance(value, Raw) else json.dumps(value, ensure_ascii=False)}' for key, value in envelope.items() if key != "items"]
        return "{" + ", ".join(fields) + ', "items": [' + ", ".join(envelope["items"]) + "]}"

    def pick(self, usual, *edges):
        """Nearly always the usual."""
        return usual if self.choice.random() < 0.96 else self.choice.choice(edges)

    def item(self):
        choice = self.choice
        if choice.random() < 0.1:
            return choice.choice(self.cases)
        made = {"type": choice.choice(["page_view", "event", "heartbeat"]), "id": str(uuid.UUID(int=choice.getrandbits(128))), "time": NOW - choice.randrange(-10**5, 10**9)}
        if choice.random() < 0.9:
            made["url"] = self.address()
        if choice.random() < 0.4:
            made["referrer"] = self.pick(self.address(), "", "about:blank", "x", "android-app://com.example/", "http://", "https://@/")
        if choice.random() < 0.4:
            made["title"] = self.text(1000)
        if made["type"] == "event":
            made["name"] = self.text(100)
        if choice.random() < 0.7:
            made["properties"] = {self.text(100): self.value(choice.randrange(7)) for _ in range(self.pick(3, 0, 99, 100, 101))}
        return written(made, {})

    def address(self):
        choice = self.choice
        host = choice.choice(["shop.example", "www.shop.example", "WWW.shop.example", "Shop.Example", "www.www.a", "[::1]", "a", "www", "shop.example:8080"])
        if choice.random() < 0.05:
            host = choice.choice(["www.", "user@shop.example", "user:x@www.shop.example", "xn--a.example", "bücher.example", "", "www.:80", "."])
        rest = choice.choice(["", "/", "/a/b", "?q", "?", "#f", "#", "/a?b#c", "/a#c?b", "//", "/a?b?c", "?#", "/\\"])
        if choice.random() < 0.05:
            rest = choice.choice(["/é", "/ ", "/@", "?@", "/" + "x" * choice.choice([4070, 4075, 4080])])
        return self.pick("https", "http", "HTTPS", "ftp", "Http") + "://" + host + rest

    def text(self, longest):
        choice = self.choice
        alphabet = self.pick("abcXYZ/<>'", "abc XYZ", "é", "😀", "\"\\/", "\x01\x1f\x7f\x85", "a\n", " ", "\u2028")
        return "".join(choice.choices(alphabet, k=choice.choice([1, 3, 10, longest - 1, longest, longest + 1] if choice.random() < 0.2 else [1, 3, 10])))

    def value(self, depth):
        choice = self.choice
        if depth and choice.random() < 0.4:
            below = [self.value(depth - 1) for _ in range(choice.choice([0, 1, 2]))]
            return below if choice.random() < 0.5 else {self.text(100): part for part in below}
        if choice.random() < 0.8:
            return choice.choice([None, True, 0, -1, 12.5, self.text(50)])
        return choice.choice([ 0.5, Raw("1e10"), Raw("1.50"), Raw("1e255"), Raw("1e256"), Raw("1e308"), Raw("1e309"), Raw("1e-63"), Raw("1e-64"), Raw("1e-400"),
                              Raw("123456789012345678901234567890.123456"), Raw("0." + "1" * 70), "x" * choice.choice([10, 1000, 4000, 8150, 8170, 8192]), self.text(50)])


def test_plain_is_good(database):
    edge, read, deadline = Edge(SEED), 0, time.monotonic() + SECONDS
    with connect(database) as session:
        session.execute("set jit = off")
        session.execute("select vibe.create_site('shop')")
        session.execute("update vibe.sites set key = 'shop-key'")
        while time.monotonic() < deadline and read < 20_000:
            texts = [edge.request() for _ in range(100)]
            for place, problem, errors, fast, slow in session.execute(COMPARE, {"texts": texts}).fetchall():
                read += 1
                assert (problem, errors) == (None, []), texts[place - 1]
                # As PostgreSQL writes them: the same rows to the letter, order of keys and zeros of numbers included.
                assert fast == slow, texts[place - 1]
    print(f"seed {SEED}: {read} plain requests")
    assert read > 200, "too little to prove anything"

