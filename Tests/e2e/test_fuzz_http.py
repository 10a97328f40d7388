"""Random requests against the query parser of /rest/v1 and random bytes against the door of HTTP.

Whatever comes is answered below 500 or hung up on, and neither the server nor another client takes harm: one of them asks beside
it all the time. The seed is fixed (VIBE_FUZZ_SEED tells another), the time is bounded (VIBE_FUZZ_SECONDS).
"""
import collections
import json
import os
import random
import socket
import threading
import time
import urllib.parse

import pytest

from client_shop import shop  # noqa: F401
from test_injection import STATE, Asker, judge

SEED = int(os.environ.get("VIBE_FUZZ_SEED", "20261121"))
SECONDS = float(os.environ.get("VIBE_FUZZ_SECONDS", "5"))
COLUMNS = ["name", "email", "customer_id", "site_id", "traits", "bot_reasons", "birth_date", "purchases", "customers", "amount", "*", "", '"a,b"', "é", "x" * 70]
OPERATORS = ["eq", "neq", "gt", "like", "ilike", "match", "is", "in", "cs", "cd", "ov", "fts(english)", "wfts", "isdistinct", "like(any)", "not.eq", "not.not.eq", "sl", "adj", "almost", ""]
VALUES = ["1", "null", "true", "x", "(1,2)", '("a","b")', "(", "{a,b}", '{"a": 1}', "[1,5)", "*a*", "%", '"', "\\", "2026-01-01", "é", "", "0x1", "1e9", "(((", "{{{{", "not_null", "\0", "\ud7ff"]
SIGNS = list(',.()":*!<>-= {}[]\\%&+?#;\'') + ["->", "->>", "::", "...", "!inner", "and(", "or(", "not.", "select=", "\0", "é", "\U0001f5fc", "%00", "%ff", "%", "%zz", "&&", "=="]


class Maker:
    """Queries by the grammar, and what chance makes of them."""

    def __init__(self, seed):
        self.choice = random.Random(seed)

    def field(self):
        path = "".join(self.choice.choice(["->", "->>"]) + self.choice.choice(["a", "0", "-1", '"q"', ""]) for _ in range(self.choice.choice([0, 0, 0, 1, 2, 9])))
        return self.choice.choice(COLUMNS) + path

    def item(self, depth=0):
        choice = self.choice
        if depth < 4 and choice.random() < 0.25:
            inner = ",".join(self.item(depth + 1) for _ in range(choice.randrange(3)))
            return choice.choice(["", "a:", "..."]) + choice.choice(["purchases", "customers", "site_users", "nothing"]) + choice.choice(["", "!inner", "!left", "!purchases_customer_fkey", "!x"]) + f"({inner})"
        return choice.choice(["", "", "alias:", '"a b":', ":"]) + self.field() + choice.choice(["", "", "::text", "::int", "::double precision", "::", "::x y z", ".sum()", ".count()::text"])

    def tree(self, depth=0):
        choice = self.choice
        if depth < 6 and choice.random() < 0.4:
            return choice.choice(["", "not."]) + choice.choice(["or", "and"]) + "(" + ",".join(self.tree(depth + 1) for _ in range(choice.randrange(4))) + ")"
        return f"{self.field()}.{choice.choice(OPERATORS)}.{choice.choice(VALUES)}"

    def parameter(self):
        choice = self.choice
        way = choice.randrange(7)
        if way == 0:
            return "select", ",".join(self.item() for _ in range(choice.randrange(5)))
        if way == 1:
            return choice.choice(["or", "and", "not.or", "not.and", "purchases.or", "x.and"]), "(" + ",".join(self.tree() for _ in range(choice.randrange(4))) + ")"
        if way == 2:
            return choice.choice(["order", "purchases.order"]), ",".join(self.field() + choice.choice(["", ".asc", ".desc", ".desc.nullslast", ".up", ".asc.asc"]) for _ in range(choice.randrange(4)))
        if way == 3:
            return choice.choice(["limit", "offset", "purchases.limit", "purchases.offset"]), choice.choice(["1", "0", "-1", "x", "", "9" * 30, "1.5", "2147483648", "9223372036854775807"])
        if way == 4:
            return choice.choice(["columns", "on_conflict"]), ",".join(self.field() for _ in range(choice.randrange(4)))
        return choice.choice(["", "", "", "purchases.", "customers.purchases."]) + self.field(), choice.choice(OPERATORS) + "." + choice.choice(VALUES)

    def query(self):
        """A query string, %-encoded as clients do it, sometimes with holes."""
        choice = self.choice
        pairs = [self.parameter() for _ in range(choice.choice([0, 1, 1, 2, 3, 8]))]
        if choice.random() < 0.5:
            pairs = [tuple(self.scratch(text) for text in pair) for pair in pairs]
        text = "&".join("=".join(urllib.parse.quote(part.encode("utf-8", "surrogatepass"), safe=choice.choice(["", ",.():*", "%"])) for part in pair) for pair in pairs)
        return text.replace(" ", "+").replace("\0", "%00")

    def scratch(self, text):
        choice, place = self.choice, self.choice.randrange(len(text) + 1)
        return choice.choice([text[:place] + choice.choice(SIGNS) * choice.choice([1, 1, 2, 200]) + text[place:], text[:place] + text[place + 1:], text[::-1], text])

    def body(self):
        choice = self.choice
        row = {choice.choice(COLUMNS): choice.choice([1, None, "x", [], {}, [1, [2]], {"a": {"b": None}}, True, 1e300, "\u0000", "é"]) for _ in range(choice.randrange(4))}
        text = json.dumps(choice.choice([row, [row], [row, row], [row, {"name": 1}], [], 5, "x", None, [[]], [5]]))
        return (self.scratch(text) if choice.random() < 0.3 else text).encode("utf-8", "replace")


@pytest.fixture
def companion(shop):  # noqa: F811
    """A well-behaved client that asks on and on; at the end all its questions must have been answered."""
    answers, stop = collections.Counter(), threading.Event()
    token = shop.client().auth.get_session().access_token

    def ask():
        good = Asker(shop.server, token)
        while not stop.is_set():
            got = good.ask("GET", "/rest/v1/customers?select=external_id&order=external_id&limit=1")
            answers[got == (200, '[{"external_id":"c-1"}]')] += 1
            stop.wait(0.02)

    thread = threading.Thread(target=ask)
    thread.start()
    yield answers
    stop.set()
    thread.join(30)
    assert answers[True] > 5 and not answers[False], answers
    assert shop.server.process.poll() is None


def test_queries(shop, companion):  # noqa: F811
    """Reads, calls and writes that reach no row, by random queries."""
    maker, seen, wrong = Maker(SEED), collections.Counter(), []
    asker = Asker(shop.server, shop.client().auth.get_session().access_token)
    before, deadline = shop.one(STATE), time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        relation = maker.choice.choice(["customers", "customers", "purchases", "site_users", "site_sessions", "customer_profiles", "rpc/get_crm_metrics", "rpc/my_sites"])
        method = maker.choice.choice(["GET", "GET", "GET", "HEAD", "POST", "PATCH", "DELETE"])
        query, body = maker.query(), None if method in ("GET", "HEAD") else maker.body()
        if method in ("PATCH", "DELETE", "POST"):
            # Nothing is meant to be written: no row is of this site, and none may be added to it.
            query += "&site_id=eq.-1"
        headers = {"Prefer": maker.choice.choice(["", "count=exact", "return=representation", "resolution=merge-duplicates", "missing=default", "max-affected=1,handling=strict"]),
                   "Accept": maker.choice.choice(["*/*", "application/json", "application/vnd.pgrst.object+json", "text/csv", "x"])}
        got = asker.ask(method, f"/rest/v1/{relation}?{query}", body, headers)
        problem = judge("" if method == "HEAD" else "/rest/v1", got)
        if problem:
            wrong.append((method, relation, query, body, headers, problem, str(got)[:300]))
        seen[got and got[0]] += 1
    print(f"seed {SEED}: {dict(seen)}")
    assert wrong == [], "\n".join([str(len(wrong)), *map(str, wrong[:20])])
    assert shop.one(STATE) == before
    assert seen[200] > 20 and seen[400] > 100, "too little to prove anything"


def raw(server, data, seconds=0.3):
    """What the server sends to bytes of ours, until it hangs up or is silent."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as line:
        try:
            line.sendall(data)
            line.settimeout(seconds)
            heard = b""
            while piece := line.recv(65536):
                heard += piece
            return heard
        except (TimeoutError, ConnectionError):
            return b""


def test_bytes_that_are_no_http(shop, companion):  # noqa: F811
    """Broken request lines, headers and bodies: an answer of the 400s or nothing."""
    choice = random.Random(SEED)
    good = b"GET /rest/v1/customers?select=name HTTP/1.1\r\nHost: x\r\napikey: k\r\nContent-Length: 5\r\n\r\nhello"
    cases = [b"\0" * 100, b"\r\n" * 1000, b"GET", b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
             b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n", b"POST /track HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
             b"POST /track HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", b"POST /track HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
             b"POST /track HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
             b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20_000 + b"\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
             b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", b"BREW /rest/v1/customers HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"]
    for _ in range(100):
        piece = bytearray(good)
        for _ in range(choice.randrange(1, 6)):
            piece[choice.randrange(len(piece))] = choice.randrange(256)
        cases.append(bytes(piece[:choice.randrange(1, len(piece) + 1)]))
    for case in cases:
        heard = raw(shop.server, case, 0.05)
        assert not heard.startswith((b"HTTP/1.1 5", b"HTTP/1.0 5")), (case[:200], heard[:300])
