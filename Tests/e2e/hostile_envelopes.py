"""What hostile or broken pages may send as a whole request, and what the two doors must answer.

Each case is (name, body, answer over HTTP, answer of vibe.track). An answer is the number of accepted items, or
(status or SQLSTATE, first word of the message); SENT_ALONE marks bodies that are no text, which SQL cannot be given.
Written by hand from the table of limits in README.
"""
import gzip
import json

from hostile_items import MISSING, Raw, nested, said

SENT_ALONE = None
BEAT = {"type": "heartbeat", "time": 5}


def envelope(**changes):
    """A good request with one heartbeat, changed; what is Raw stands in it letter by letter."""
    given = {"site": "$site", "visitor": "$visitor", "sent_at": 5, "items": [BEAT]} | changes
    fields = [f'"{key}": {value if isinstance(value, Raw) else json.dumps(value, ensure_ascii=False)}'
              for key, value in given.items() if value is not MISSING]
    return "{" + ", ".join(fields) + "}"


def refused(word, status=400):
    """Both doors read it and refuse it for the same reason."""
    return (status, word), ({400: "22023", 403: "PT403", 404: "PT404"}[status], word)


def unreadable(state="22P02", message="invalid"):
    """No JSON: the door for pages says so itself, for vibe.track PostgreSQL's own cast does."""
    return (400, "envelope"), (state, message)


GOOD = [(name, body, 1, 1) for name, body in (
    ("plain", envelope()), ("with spaces", "\n\t " + envelope() + "\r\n "), ("unknown fields", envelope(zzz=1, origin="https://shop.example")),
    ("field of 900 levels", envelope(zzz=nested(900))), ("a prototype of a request", envelope(__proto__={"site": "other-key"})),
    ("site twice: the last", envelope(site=Raw('"other-key", "site": "$site"'))),
    ("items twice: the last", envelope(items=Raw('[1, 2, 3], "items": [{"type": "heartbeat", "time": 5}]'))),
    ("sent_at 0", envelope(sent_at=0)), ("sent_at 1e3", envelope(sent_at=Raw("1e3"))), ("sent_at of the year 5138", envelope(sent_at=99_999_999_999_999)),
    ("escaped letters of keys", envelope().replace('"items"', r'"\u0069tems"')),
    ("visitor of 64", envelope(visitor="v" * 64)), ("visitor of signs", envelope(visitor="!\"#$%&'()*+,-./~")),
    ("visitor of SQL", envelope(visitor="';drop--table")), ("visitor of HTML", envelope(visitor="<script>alert(1)</script>")))]
# In a field that nobody reads; it must not take long either.
GOOD += [(name, envelope(zzz=Raw(f'"{text}"')), 1, (state, word)) for name, text, state, word in (
    ("40,000 zero bytes", r"\u0000" * 40_000, "22P05", "unsupported"), ("40,000 first halves", r"\ud83d" * 40_000, "22P02", "invalid"),
    ("40,000 second halves", r"\ude00" * 40_000, "22P02", "invalid"), ("20,000 pairs and a half", r"\ud83d\ude00" * 20_000 + r"\ud83d", "22P02", "invalid"),
    ("a pair and a half", r"\ud83d\ude00\ude00", "22P02", "invalid"), ("100,000 backslashes and a half", r"\\" * 100_000 + r"\ude00", "22P02", "invalid"))]
GOOD += [("500 items", envelope(items=[BEAT] * 500), 500, 500),
         ("a hole in the list", envelope(items=[BEAT, None, BEAT]), 2, 2), ("lists in the list", envelope(items=[[BEAT], BEAT]), 1, 1)]

BODIES = [(f"body {said(body)}", body, *unreadable()) for body in (
    "not json", "{", "}", '{"site"', '{"site": }', "{'site': 'x'}", "{site: 1}", "[1,]", '{"a": 1,}', "// comment\n{}", "{} {}", "NaN", "Infinity",
    "-Infinity", "0x10", "01", "1.", ".5", "+1", "undefined", "True", '"open', '"\t"', "<html></html>", "<?xml version='1.0'?><a/>",
    "site=shop-key&visitor=visitor-one", "--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--x--", "\\u0000", r'"\x41"', r'"\u12"', r'"\ud8"')]
BODIES += [("body empty", "", *unreadable()), ("body of spaces", " \n\t", *unreadable()),
           ("byte order mark", "\ufeff" + envelope(), *unreadable()), ("non-breaking space", "\u00a0" + envelope(), *unreadable()),
           ("two requests", envelope() + envelope(), *unreadable()), ("NaN inside", envelope(sent_at=Raw("NaN")), *unreadable()),
           ("a line in a text", envelope(visitor=Raw('"visitor\none"')), *unreadable()), ("cut in the middle", envelope()[:-20], *unreadable()),
           ("a half and an escape that is none", envelope(zzz=Raw(r'"\ud83d \v12345678"')), *unreadable()),
           ("sent_at 1e999999", envelope(sent_at=Raw("1e999999")), *unreadable("22003", "value")),
           ("number 1e999999 in an item", envelope(items=Raw('[{"type": "heartbeat", "time": 1e999999}]')), *unreadable("22003", "value")),
           ("100,000 lists", "[" * 100_000 + "]" * 100_000, *unreadable("54001", "stack")),
           ("100,000 objects", '{"a":' * 50_000, *unreadable("54001", "stack")),
           ("100,000 lists in an item", envelope(items=nested(100_000)), *unreadable("54001", "stack"))]
BODIES += [(f"body {body}", body, *refused("envelope")) for body in ("null", "true", "5", "-0", "1e300", '""', '"{}"', "[]", "[[]]")]
BODIES += [("an array of requests", "[" + envelope() + "]", *refused("envelope")), ("body {}", "{}", *refused("site"))]

SITES = [(f"site {said(value)}", envelope(site=value), *refused("site")) for value in (MISSING, None, 5, True, [], {}, ["$site"])]
SITES += [(f"site {said(value)}", envelope(site=value), *refused("site", 404)) for value in (
    "", " ", "no-such-key", "$site ", " $site", "$SITE", "1", "shop", "$site' or '1'='1", "' union select key from vibe.sites --", "%", "k" * 10_000, "é", "\u0001")]
SITES += [("site with zero byte", envelope(site=Raw(r'"$site\u0000"')), (404, "site"), ("22P05", "unsupported")),
          ("site of numbers", envelope(site=Raw("[" + "1e131000," * 2000 + "1]")), *refused("site"))]

VISITORS = [(f"visitor {said(value)}", envelope(visitor=value), *refused("visitor")) for value in (
    MISSING, None, 5, True, [], {}, "", "short", "seven77", "v" * 65, "visitor one", " visitor-one", "visitor-one\n", "visitor\tone", "visitor-é", "😀" * 8,
    "visitor\u200bone", "visitor\x7fone", "visitor\x01one", "ｖｉｓｉｔｏｒ１")]
VISITORS += [("visitor with zero byte", envelope(visitor=Raw(r'"visitor\u0000one"')), (400, "visitor"), ("22P05", "unsupported")),
             ("visitor cut in an emoji", envelope(visitor=Raw(r'"visitor\ud83d"')), (400, "visitor"), ("22P02", "invalid"))]

TIMES = [(f"sent_at {said(value)}", envelope(sent_at=value), *refused("sent_at")) for value in (
    MISSING, None, "5", "", True, [], {}, 1.5, Raw("5.0"), -1, 100_000_000_000_000, 9_223_372_036_854_775_808, Raw("1e20"), Raw("1e100"), Raw("1e-20"),
    Raw("1e300"), Raw("1e400"), Raw("1e-400"), Raw("1e131000"))]

ITEMS = [(f"items {said(value)}", envelope(items=value), *refused("items")) for value in (
    MISSING, None, 5, "", "x", True, {}, {"0": BEAT, "length": 1}, [], [BEAT] * 501)]
ITEMS += [("100,001 items", envelope(items=Raw("[" + "5," * 100_000 + "5]")), *refused("items")),
          ("items of zero bytes", envelope(items=Raw(r'"\u0000"')), (400, "envelope"), ("22P05", "unsupported"))]

# Bytes that are no text, only HTTP can bring them.
BYTES = [(name, body, (400, "The"), SENT_ALONE) for name, body in (
    ("byte ff", b'{"a": "\xff"}'), ("overlong slash", b'{"a": "\xc0\xaf"}'), ("overlong zero", b'{"a": "\xc0\x80"}'), ("surrogate in UTF-8", b'{"a": "\xed\xa0\x80"}'),
    ("cut UTF-8", envelope().encode()[:-1] + b"\xf0\x9f\x98"), ("beyond Unicode", b'{"a": "\xf4\x90\x80\x80"}'), ("Latin-1", '{"a": "é"}'.encode("latin-1")),
    ("UTF-16", envelope().encode("utf-16")), ("UTF-32", envelope().encode("utf-32")), ("zero byte", envelope().encode() + b"\0"),
    ("zero byte in a text", envelope(visitor="visitor").encode().replace(b'visitor"', b'visi\0tor"')), ("compressed", gzip.compress(envelope().encode(), mtime=0)))]

CASES = GOOD + BODIES + SITES + VISITORS + TIMES + ITEMS + BYTES
