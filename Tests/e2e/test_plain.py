"""The quick reader of ordinary requests against the slow one: whatever it takes for good, the written-out checks take for good
too, and both make the same rows of it. The slow one, SQL whose answers test_hostile.py compares with rules written by hand, is the
reference."""
import json
import uuid

import hostile_items
import psycopg
import pytest
from conftest import connect
from hostile_items import EVENT, Raw
from test_fuzz import NOW, Maker
from test_hostile import written

READ = """
    select p.item_counts[1], p.items::text = s.items::text, s.heads[1].problem is null and s.heads[1].errors = '[]', s.items is null
    from (select array[%(text)s::jsonb] as envelopes, '2026-11-21 12:00Z'::timestamptz as received) as e
    cross join lateral (select array[(
        select site_id from vibe.sites where key = case jsonb_typeof(e.envelopes[1] -> 'site') when 'string' then e.envelopes[1] ->> 'site' end
    )] as sites) as k
    cross join lateral vibe_private.read_plain(e.envelopes, k.sites, e.received) as p
    cross join lateral vibe_private.read_envelopes(e.envelopes, array['{}'::jsonb], e.received, array[null]::int[]) as s"""

ADDRESSES = ["https://shop.example", "https://shop.example/", "https://shop.example?a", "https://shop.example#b", "https://shop.example/a?#b",
             "https://shop.example/a?b#c?d", "http://SHOP.example:8080/a/b?c=d&e", "https://u:p@shop.example/x?y", "https://www.shop.example//a",
             "HTTPS://shop.example/a", "https://shop.example/a b", "https://shop.example/ü", "https://shop.example/a??", "http://x"]
REFERRERS = [*ADDRESSES, "", None, "https://www.shop.example", "https://shop.example.evil/", "http://shop.example:9/", "https://www.", "https://wwww.shop.example/",
             "android-app://com.example/", "shop.example", "about:blank", "https:///", "https://SHOP.EXAMPLE/x", "//shop.example/", "httpx://shop.example/"]


@pytest.fixture(scope="module")
def database():
    """A database of its own with one site, whose number is 1."""
    with connect("postgres") as admin:
        admin.execute("drop database if exists vibe_plain with (force)")
        admin.execute("create database vibe_plain template vibe_template")
    with connect("vibe_plain") as made:
        made.execute("select vibe.create_site('shop')")
        made.execute("update vibe.sites set key = 'shop-key'")
        yield made
    with connect("postgres") as admin:
        admin.execute("drop database vibe_plain with (force)")


def compare(database, texts, always=False):
    """How many of the requests were plain; `always`: each has to be."""
    plain = 0
    for text in texts:
        try:
            count, same, good, nothing = database.execute(READ, {"text": text}).fetchone()
        except psycopg.errors.DataError:
            continue  # no JSON for PostgreSQL: parse_envelopes() has it before either reader
        assert count is None or (good and same and not nothing), text
        assert count is not None or not always, text
        plain += count is not None
    return plain


def request(item):
    return f'{{"site": "shop-key", "visitor": "visitor-1", "sent_at": {NOW}, "items": [{item}]}}'


def test_hostile_items(database):
    ids = {"$id": str(uuid.uuid4()), "$other_id": str(uuid.uuid4()), "$other_ID": str(uuid.uuid4()).upper(), "$user": "user-1"}
    texts = [request(written(changes if isinstance(changes, Raw) else EVENT | changes, ids)) for _, changes, _ in hostile_items.CASES]
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


def test_random_requests(database):
    maker = Maker(20)
    assert compare(database, [maker.request() for _ in range(3000)]) > 100


def test_ordinary_requests_are_plain(database):
    """What tracker.js sends does not take the slow way."""
    compare(database, [request(text) for text in (
        f'{{"type": "page_view", "id": "{uuid.uuid4()}", "time": {NOW}, "url": "https://shop.example/a?b=c", "referrer": "", "title": "Überblick · 日本"}}',
        f'{{"type": "page_view", "id": "{uuid.uuid4()}", "time": {NOW}, "url": "https://shop.example/", "referrer": "https://www.google.com/"}}',
        f'{{"type": "event", "id": "{uuid.uuid4()}", "time": {NOW}, "url": "https://shop.example/", "name": "add_to_cart", "properties": {{"price": 12.50, "tags": ["ü"]}}}}',
        f'{{"type": "heartbeat", "time": {NOW}, "url": "https://shop.example/"}}')], always=True)
