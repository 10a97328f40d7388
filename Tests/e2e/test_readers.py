"""Two readers, one rule: whatever vibe_private.read_plain (C) takes as plain is good for the written-out checks too, and both make
the same rows of it. The reference is vibe_private.read_envelopes, SQL that knows all rules and whose answers test_hostile.py compares
with rules written by hand. The seed of the random requests is fixed (VIBE_FUZZ_SEED tells another).
"""
import json
import os
import random
import uuid

import pytest

from conftest import connect, new_database
from hostile_items import CASES, EVENT, Raw
from test_fuzz import NOW, Maker
from test_hostile import written

SEED = int(os.environ.get("VIBE_FUZZ_SEED", "20260105"))
TOGETHER = 100
# As PostgreSQL writes them, the rows are the same to the letter, order of keys and zeros of numbers included.
READ = """
    with given as materialized (
        select g.envelopes, array(
            select (select s.site_id from vibe.sites as s where s.key = case jsonb_typeof(e.envelope -> 'site') when 'string' then e.envelope ->> 'site' end)
            from unnest(g.envelopes) with ordinality as e (envelope, place) order by e.place
        ) as sites, timestamptz '2026-11-21 12:00Z' as received
        from (select vibe_private.parse_envelopes(%(texts)s) as envelopes) as g
    )
    select c.count is not null, h.problem is null and h.errors = '[]',
        (select array_agg(i order by i.place)::text from unnest(p.items) as i where i.ord = c.place)
            = (select array_agg(i order by i.place)::text from unnest(s.items) as i where i.ord = c.place)
    from given as g
    cross join lateral vibe_private.read_plain(g.envelopes, g.sites, g.received) as p
    cross join lateral vibe_private.read_envelopes(
        g.envelopes, array_fill('{}'::jsonb, array[cardinality(g.envelopes)]), g.received, array_fill(null::int, array[cardinality(g.envelopes)])
    ) as s
    cross join lateral unnest(p.item_counts) with ordinality as c (count, place)
    left join lateral (select h.* from unnest(s.heads) as h where h.ord = c.place) as h on true
    order by c.place"""

ADDRESSES = ["https://shop.example", "https://shop.example/", "https://shop.example?a", "https://shop.example#b", "https://shop.example/a?#b",
             "https://shop.example/a?b#c?d", "http://SHOP.example:8080/a/b?c=d&e", "https://u:p@shop.example/x?y", "https://www.shop.example//a",
             "HTTPS://shop.example/a", "https://shop.example/a b", "https://shop.example/ü", "https://shop.example/a??", "http://x"]
REFERRERS = [*ADDRESSES, "", None, "https://www.shop.example", "https://shop.example.evil/", "http://shop.example:9/", "https://www.", "https://wwww.shop.example/",
             "android-app://com.example/", "shop.example", "about:blank", "https:///", "https://SHOP.EXAMPLE/x", "//shop.example/", "httpx://shop.example/"]


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
        return choice.choice([0.5, Raw("1e10"), Raw("1.50"), Raw("1e255"), Raw("1e256"), Raw("1e308"), Raw("1e309"), Raw("1e-63"), Raw("1e-64"), Raw("1e-400"),
                              Raw("123456789012345678901234567890.123456"), Raw("0." + "1" * 70), "x" * choice.choice([10, 1000, 4000, 8150, 8170, 8192]), self.text(50)])


@pytest.fixture(scope="module")
def database():
    """A connection to a database of its own with one site, whose number is 1."""
    with new_database() as name, connect(name) as made:
        made.execute("select vibe.create_site('shop')")
        made.execute("update vibe.sites set key = 'shop-key'")
        yield made


def compare(database, texts, always=False):
    """How many of the requests were plain; `always`: each has to be."""
    plain = 0
    for first in range(0, len(texts), TOGETHER):
        some = texts[first:first + TOGETHER]
        answers = database.execute(READ, {"texts": some}).fetchall()
        assert len(answers) == len(some)
        for text, (is_plain, is_good, is_same) in zip(some, answers):
            assert not is_plain or (is_good and is_same), text
            assert is_plain or not always, text
            plain += is_plain
    return plain


def request(item):
    return f'{{"site": "shop-key", "visitor": "visitor-1", "sent_at": {NOW}, "items": [{item}]}}'


def test_hostile_items(database):
    ids = {"$id": str(uuid.uuid4()), "$other_id": str(uuid.uuid4()), "$other_ID": str(uuid.uuid4()).upper(), "$user": "user-1"}
    texts = [request(written(changes if isinstance(changes, Raw) else EVENT | changes, ids)) for _, changes, _ in CASES]
    plain = compare(database, texts)
    assert 50 < plain < len(texts) - 100


def test_addresses(database):
    texts = [request(json.dumps({"type": "page_view", "id": str(uuid.uuid4()), "time": NOW, "url": url, "referrer": referrer}))
             for url in ADDRESSES for referrer in REFERRERS]
    assert 100 < compare(database, texts) < len(texts)


def test_numbers(database):
    """Every form of a number that double precision holds, or does not."""
    numbers = [f"{sign}{digits}e{exponent}" for sign in ("", "-") for digits in ("0", "1", "9.999", "0.0001", "123456789.987654321", "1" * 40)
               for exponent in (-400, -330, -300, -255, -64, -1, 0, 1, 63, 64, 65, 250, 255, 256, 308, 309, 400)]
    texts = [request(f'{{"type": "event", "name": "n", "id": "{uuid.uuid4()}", "time": {NOW}, "properties": {{"n": {number}}}}}') for number in numbers]
    texts += [f'{{"site": "shop-key", "visitor": "visitor-1", "sent_at": {number}, "items": [{{"type": "heartbeat", "time": {number}}}]}}' for number in numbers]
    assert 100 < compare(database, texts) < len(texts) - 100


def test_sizes(database):
    """Properties at their limits: bytes, levels, keys and the length of keys."""
    many = [{f"k{n}": n for n in range(size)} for size in (1, 99, 100, 101)] + [{"k" * size: 1} for size in (99, 100, 101, 102)]
    many += [{"a": "x" * size} for size in (8000, 8170, 8180, 8183, 8184, 8200)] + [{"a": "\u0001\"\\" * size} for size in (500, 700, 1000, 1500)]
    many += [{"a": [1e250] * size} for size in (10, 30, 31, 33, 40)] + [{"a": list(range(size))} for size in (1000, 1400, 1500, 3000)]
    texts = [request(json.dumps({"type": "event", "name": "n", "id": str(uuid.uuid4()), "time": NOW, "properties": value})) for value in many]
    deep = ['{"a": ' * depth + bottom + "}" * depth for depth in range(1, 8) for bottom in ("1", "{}", "[]", "[1]", "[[1]]")]
    texts += [request(f'{{"type": "event", "name": "n", "id": "{uuid.uuid4()}", "time": {NOW}, "properties": {value}}}') for value in deep]
    assert 15 < compare(database, texts) < len(texts) - 15


@pytest.mark.parametrize("maker, count, least", [(Maker(SEED), 3000, 100), (Edge(SEED), 6000, 1000)], ids=["mutated", "at the edges"])
def test_random_requests(database, maker, count, least):
    plain = compare(database, [maker.request() for _ in range(count)])
    print(f"seed {SEED}: {plain} plain requests")
    assert plain > least, "too little to prove anything"


def test_ordinary_requests_are_plain(database):
    """What tracker.js sends does not take the slow way."""
    compare(database, [request(text) for text in (
        f'{{"type": "page_view", "id": "{uuid.uuid4()}", "time": {NOW}, "url": "https://shop.example/a?b=c", "referrer": "", "title": "Überblick · 日本"}}',
        f'{{"type": "page_view", "id": "{uuid.uuid4()}", "time": {NOW}, "url": "https://shop.example/", "referrer": "https://www.google.com/"}}',
        f'{{"type": "event", "id": "{uuid.uuid4()}", "time": {NOW}, "url": "https://shop.example/", "name": "add_to_cart", "properties": {{"price": 12.50, "tags": ["ü"]}}}}',
        f'{{"type": "heartbeat", "time": {NOW}, "url": "https://shop.example/"}}')], always=True)
