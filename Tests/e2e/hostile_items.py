"""What a hostile or broken page may put into one item, and what must become of it.

Each case is (name, changes to a valid item, outcome). The outcome is None when the item is stored as it was sent, or the
field that the refusal names. They follow from the table of limits in README, and are written by hand.
"""

ID, OTHER_ID = "$id", "$other_id"  # the runner puts fresh ids there


class Missing:
    """A field that is left out."""

    def __repr__(self):
        return "missing"


MISSING = Missing()


class Raw(str):
    """JSON to be sent letter by letter: what Python's own writer would not produce."""


def said(value):
    """A value as names of cases show it."""
    return repr(value) if len(repr(value)) <= 60 else f"{value!r:.40}… of {len(value)}"


def nested(depth, opening="[", closing="]"):
    return Raw(opening * depth + closing * depth)


def chain(depth):
    """{"a": {"a": … {}}}: `depth` objects within each other."""
    return Raw('{"a":' * (depth - 1) + "{}" + "}" * (depth - 1))


def filled(size):
    """An object whose text, as PostgreSQL writes it, has exactly `size` bytes: {"a": "…"} has nine besides the dots."""
    return {"a": "x" * (size - 9)}


EVENT = {"type": "event", "id": ID, "time": 1_700_000_000_000, "url": "https://shop.example/p?q=1#f", "name": "click"}
VIEW = {"type": "page_view", "name": MISSING}
BEAT = {"type": "heartbeat", "id": MISSING, "name": MISSING}
KNOWN = {"type": "identify", "name": MISSING, "user_id": "$user"}
HALF, PAIR = Raw(r'"cut \ud83d"'), Raw(r'"whole \ud83d\ude00"')

TYPES = [(f"type {said(value)}", {"type": value}, "type") for value in (
    MISSING, None, 1, True, "", "Event", "event ", "pageview", "page view", ["event"], {"event": 1}, "__proto__",
    "event' or '1'='1", "evеnt", "event\u200b")]  # one of these has a Cyrillic letter

TIMES = [(f"time {said(value)}", {"time": value}, "time") for value in (
    MISSING, None, "", "5", "1700000000000", "2026-01-01T00:00:00Z", True, [], {}, [5], 1.5, Raw("1.0"), -1, Raw("-1e3"),
    Raw("1.70000000000001e12"), Raw("1e14"), Raw("1e16"), Raw("1e20"), Raw("1e100"),
    Raw("-1e100"), Raw("1e-20"), Raw("1e250"), Raw("1e300"), Raw("1e400"), Raw("-1e400"), Raw("1e-400"), Raw("1e131000"),
    100_000_000_000_000, 253_402_300_799_000, 9_223_372_036_854_775_807, 9_223_372_036_854_775_808)]
TIMES += [(f"time {said(value)} is read", {"time": value}, None) for value in (
    0, Raw("-0"), Raw("1e3"), Raw("1.7e12"), Raw("1E+12"), 99_999_999_999_999)]

IDS = [(f"id {said(value)}", {"id": value}, "id") for value in (
    MISSING, None, "", 7, True, "7", [ID], {"id": ID}, "'; drop table vibe.user_events; --", "-" * 36,
    "00000000-0000-0000-0000-00000000000", "00000000-0000-0000-0000-0000000000000", "0000000000000-000-0000-0000-00000000000",
    "00000000000000000000000000000000", "{00000000-0000-0000-0000-000000000000}", "urn:uuid:00000000-0000-0000-0000-000000000000",
    "g0000000-0000-0000-0000-000000000000", "00000000_0000_0000_0000_000000000000", " 00000000-0000-0000-0000-000000000000",
    "00000000-0000-0000-0000-000000000000\n", "０0000000-0000-0000-0000-000000000000")]
IDS += [("id is another's, in capitals", {"id": OTHER_ID.replace("id", "ID")}, "duplicate"),
        ("id is another's", {"id": OTHER_ID}, "duplicate"),
        ("id of zeros", {"id": "00000000-0000-0000-0000-000000000000"}, None),
        ("id of fs", {"id": "FFFFFFFF-ffff-FFFF-ffff-FFFFFFFFFFFF"}, None),
        ("id of version 1", {"id": "2ed6657d-e927-11e9-81b4-2a2ae2dbcce4"}, None),
        ("id of version 7", {"id": "01890a5d-ac96-774b-bcce-b302099a8057"}, None)]

ADDRESSES = [(f"page view at {said(value)}", VIEW | {"url": value}, "url") for value in (
    MISSING, None, "", " ", 5, True, [], {}, ["https://shop.example/"], "shop.example", "/path", "//shop.example/path", "javascript:alert(1)",
    "data:text/html,<script>", "ftp://shop.example/", "file:///etc/passwd", "about:blank", "https:/shop.example/", "https://",
    "https:///path", "https://?q", "https://#f", "https:// shop.example/", " https://shop.example/", "\thttps://shop.example/",
    "https://shop.example/a\nb", "https://shop.example/a\tb", "https://shop.example/\x7f", "https://shop.example/\x85",
    "https://shop.example/\x01", "https://shop.example/" + "x" * 4076)]
ADDRESSES += [(f"page view at {said(value)} is stored", VIEW | {"url": value}, None) for value in (
    "https://shop.example", "http://shop.example?q", "HTTPS://SHOP.EXAMPLE/Path", "http://[::1]:8080/", "http://127.0.0.1/",
    "https://user:secret@shop.example/", "https://xn--bcher-kva.example/", "https://bücher.example/ü?ü=ü#ü",
    "https://shop.example/😀/\u202etxt.exe", "https://shop.example/a b", "https://shop.example/%zz%00%ff", "https://shop.example/\\..\\",
    "https://shop.example/../../etc/passwd", "https://shop.example/<script>alert(1)</script>", "https://shop.example/?q='; --",
    "https://shop.example//double//", "https://shop.example/?", "https://shop.example/#", "https://shop.example/?a?b#c?d",
    "https://shop.example/?utm_source=%ff&utm_medium=%00&gclid=" + "g" * 3000, "https://shop.example/" + "x" * 4075,
    "https://shop.example/" + "é" * 4075, "https://shop.example/" + "😀" * 4075)]
ADDRESSES += [("event without url", {"url": MISSING}, None), ("event with url null", {"url": None}, None),
              ("event with url empty", {"url": ""}, "url"), ("heartbeat at no address", BEAT | {"url": "nowhere"}, "url")]

TEXTS = [("referrer 5", {"referrer": 5}, "referrer"), ("referrer false", {"referrer": False}, "referrer"),
         ("referrer list", {"referrer": ["x"]}, "referrer"), ("referrer too long", {"referrer": "x" * 4097}, "referrer"),
         ("referrer of 4096", {"referrer": "https://find.example/" + "é" * 4075}, None),
         ("referrer empty", {"referrer": ""}, None), ("referrer null", {"referrer": None}, None),
         ("referrer is script", {"referrer": "javascript:alert(document.cookie)"}, None),
         ("title 5", VIEW | {"title": 5}, "title"), ("title false", VIEW | {"title": False}, "title"),
         ("title object", VIEW | {"title": {}}, "title"), ("title too long", VIEW | {"title": "x" * 1001}, "title"),
         ("title of 1000 emoji", VIEW | {"title": "😀" * 1000}, None), ("title of 1001 emoji", VIEW | {"title": "😀" * 1001}, "title"),
         ("title empty", VIEW | {"title": ""}, None), ("title null", VIEW | {"title": None}, None),
         ("title with lines", VIEW | {"title": "one\ntwo\r\n\tthree\x01"}, None),
         ("title of HTML", VIEW | {"title": "</title><script>alert(1)</script>"}, None),
         ("title cut in an emoji", VIEW | {"title": HALF}, "item"), ("title with a whole emoji", VIEW | {"title": PAIR}, None)]

NAMES = [(f"name {said(value)}", {"name": value}, "name") for value in (
    MISSING, None, 5, True, [], {}, ["x"], "", " ", " x", "x ", "\tx", "x\n", "\u2028x", "a\nb", "a\x01b", "\x01", "\x7f", "a\x85b", "\x1b[31m",
    "page_view", "x" * 101, "😀" * 101)]
NAMES += [(f"name {said(value)} is stored", {"name": value}, None) for value in (
    "x", "a b", "PAGE_VIEW", "heartbeat", "null", "0", "__proto__", "constructor", "x" * 100, "😀" * 100, "e\u0301" * 50,
    "'; drop table vibe.user_events; --", '"', "\\", "\\n", "%s%n", "${jndi:ldap://x}", "{{7*7}}", "=HYPERLINK(1)",
    "<img src=x onerror=alert(1)>", "\u202egpj.exe", "a\u200bb", "\u200b", "שלום", "مرحبا", "こんにちは", "\ufffe", "\U0010ffff", "\ufeffbom")]
NAMES += [("name with zero byte", {"name": Raw(r'"a\u0000b"')}, "item"), ("name cut in an emoji", {"name": HALF}, "item"),
          ("name of the second half", {"name": Raw(r'"\ude00"')}, "item"), ("name of halves turned", {"name": Raw(r'"\ude00\ud83d"')}, "item"),
          ("name of two zero bytes", {"name": Raw(r'"\u0000\u0000"')}, "item"),
          ("name of backslashes", {"name": Raw(r'"\\u0000\\\\u0000\\ud83d"')}, None), ("name of a pair", {"name": PAIR}, None),
          ("name is ignored of page views", VIEW | {"name": 5}, None)]

SHAPES = [(f"properties {said(value)}", {"properties": value}, "properties") for value in ([], [1], "", "x", 5, 0, True, False, [{}])]
SHAPES += [("properties null", {"properties": None}, None), ("properties empty", {"properties": {}}, None),
           ("5 levels", {"properties": chain(6)}, None), ("6 levels", {"properties": chain(7)}, "properties"),
           ("5 lists", {"properties": {"a": nested(5)}}, None), ("6 lists", {"properties": {"a": nested(6)}}, "properties"),
           ("a value on the sixth level", {"properties": Raw('{"a":[[[[[1]]]]]}')}, "properties"),
           ("1,000 lists", {"properties": {"a": nested(1000)}}, "properties"),
           ("1,000 objects", {"properties": chain(1000)}, "properties"),
           ("8,192 bytes", {"properties": filled(8192)}, None), ("8,193 bytes", {"properties": filled(8193)}, "properties"),
           ("2,045 emoji and 8,189 bytes", {"properties": {"a": "😀" * 2045}}, None),
           ("2,046 emoji and 8,193 bytes", {"properties": {"a": "😀" * 2046}}, "properties"),
           ("100 keys", {"properties": {f"key {n}": n for n in range(100)}}, None),
           ("101 keys", {"properties": {f"key {n}": n for n in range(101)}}, "properties"),
           ("101 keys, one level down", {"properties": {"a": {f"key {n}": n for n in range(101)}}}, None),
           ("4,000 keys", {"properties": {str(n): n for n in range(4_000)}}, "properties"),
           ("10,000 keys", {"properties": {str(n): n for n in range(10_000)}}, "item"),
           ("key of 100", {"properties": {"k" * 100: 1}}, None), ("key of 101", {"properties": {"k" * 101: 1}}, "properties"),
           ("key of 100 emoji", {"properties": {"😀" * 100: 1}}, None), ("key of 101 emoji", {"properties": {"😀" * 101: 1}}, "properties"),
           ("key of 101, with lines", {"properties": {"\n" * 101: 1}}, "properties"),
           ("key of 101, far down", {"properties": {"a": [{"b": {"k" * 101: 1}}]}}, "properties"),
           ("key empty", {"properties": {"": 1}}, None), ("keys of prototypes", {"properties": {"__proto__": {"admin": True}, "constructor": {"prototype": 1}}}, None),
           ("keys that look alike", {"properties": {"é": 1, "e\u0301": 2, "е": 3}}, None),
           ("key with zero byte", {"properties": Raw(r'{"a\u0000": 1}')}, "item"),
           ("key twice: the last", {"properties": Raw('{"a": 1, "a": 2, "a": 3}')}, None),
           ("properties twice: the last", {"properties": Raw('{"a": 1}, "properties": {"b": 2}')}, None)]

NUMBERS = [(f"number {said(value)}", {"properties": {"n": Raw(value)}}, "properties") for value in (
    "1e309", "-1e309", "1e400", "-1e400", "1e131000", "1.7976931348623160e308", "1e-400", "-1e-400", "1e-16000")]
NUMBERS += [(f"number {said(value)} is stored", {"properties": {"n": Raw(value)}}, None) for value in (
    "0", "-0", "0.0", "-0.0", "0e10", "1.50", "0.1", "1e2", "1E-2", "1e308", "1.7976931348623157e308", "-1.7976931348623157e308",
    "5e-324", "-5e-324", "9007199254740993", "123456789012345678901234567890", "0." + "1" * 300, "9" * 300)]
NUMBERS += [("a huge number deep down", {"properties": {"a": {"b": [1, {"c": Raw("1e400")}]}}}, "properties"),
            ("a huge number in a field that nobody reads", {"zzz": Raw("1e400")}, "zzz"),
            ("many huge numbers", {"properties": {"a": Raw("[" + "1e131000," * 2000 + "1]")}}, "properties"),
            ("many tiny numbers", {"properties": {"a": Raw("[" + "1e-16000," * 2000 + "1]")}}, "properties"),
            ("numbers as type", {"type": Raw("[" + "1e131000," * 500 + "1]")}, "type"),
            ("numbers as url", VIEW | {"url": Raw("[" + "1e131000," * 500 + "1]")}, "url")]

VALUES = [(f"value {said(value)} is stored", {"properties": {"v": value}}, None) for value in (
    None, True, False, "", " ", [], {}, [None, [1, "a"], {"b": False}], "x" * 8000, "\x01\x02\x1f\x7f", "a\nb\tc", "\ufffe\uffff\U0010ffff",
    "\u202eabc\u202c", "👩‍👩‍👧‍👦", "e\u0301", "Z͑ͫ̓ͪ̂ͫ̽͏̴̙", "'; drop schema vibe cascade; --", "</script><script>", "{\"a\": 1}", "%00%0a", "../../etc/passwd",
    "=1+1", "@SUM(A1)", "\\x00", "\\u0000", "NaN", "Infinity", "null", "true", "2026-01-01", "1e400", "$$", "\\", "\"", "`id`")]
VALUES += [("value with zero byte", {"properties": {"v": Raw(r'"\u0000"')}}, "item"), ("value cut in an emoji", {"properties": {"v": HALF}}, "item"),
           ("value with a half before text", {"properties": {"v": Raw(r'"\uD83Dabc"')}}, "item"),
           ("value with two first halves", {"properties": {"v": Raw(r'"\ud83d\ud83d\ude00"')}}, "item"),
           ("value of a pair", {"properties": {"v": PAIR}}, None), ("value of escapes", {"properties": {"v": Raw(r'"\u0041\/\b\f\\\"\u00e9"')}}, None)]

PERSONS = [(f"user id {said(value)}", KNOWN | {"user_id": value}, "user_id") for value in (
    MISSING, None, 5, True, [], {}, "", " ", " x", "x ", "x\n", "a\nb", "a\x01b", "x" * 201, "0", "-1", "null", "NULL", "nil", "None",
    "undefined", "NaN", "true", "False", "guest", "Anonymous", "[object Object]")]
PERSONS += [(f"user id {said(value)} is taken", KNOWN | {"user_id": value}, None) for value in (
    "1", "00", "x" * 200, "😀" * 200, "a@example.com", "' or 1=1 --", "<b>", "\u202euser", "nullify", "guest1", "用户")]
PERSONS += [("traits list", KNOWN | {"traits": []}, "traits"), ("traits text", KNOWN | {"traits": "x"}, "traits"),
            ("traits null", KNOWN | {"traits": None}, None), ("traits of 8,193 bytes", KNOWN | {"traits": filled(8193)}, "traits"),
            ("traits of 8,192 bytes", KNOWN | {"traits": filled(8192)}, None), ("traits of 6 levels", KNOWN | {"traits": chain(7)}, "traits"),
            ("traits of 101 keys", KNOWN | {"traits": {f"key {n}": n for n in range(101)}}, "traits"),
            ("traits with 1e400", KNOWN | {"traits": {"age": Raw("1e400")}}, "traits"),
            ("traits of tables' columns", KNOWN | {"traits": {"site_id": 1, "user_id": 1, "segment": "vip", "verified_fields": []}}, None),
            ("traits with a name that is no text", KNOWN | {"traits": {"name": {"a": 1}, "email": 5}}, None)]

REST = [("heartbeat", BEAT, None), ("heartbeat with an id that is none", BEAT | {"id": "7", "name": "", "user_id": 0}, None),
        ("heartbeat with properties that are none", BEAT | {"properties": 5}, "properties"),
        ("fields that nobody asked for", {"site_id": 2, "session_id": 1, "user_id": 1, "is_bot": False, "received_at": "2001-01-01", "site": "other-key"}, None),
        ("a prototype", {"__proto__": {"type": "heartbeat"}}, None), ("4,000 fields", {f"f{n}": n for n in range(4_000)}, None),
        ("an unread field of 140 kB", {"zzz": "x" * 140_000}, "item"), ("an unread field of 100 kB", {"zzz": "x" * 100_000}, None),
        ("an unread field of 1,000 lists", {"zzz": nested(1000)}, None), ("an unread field with a zero byte", {"zzz": Raw(r'"\u0000"')}, "item")]
# Whole items that are no changed event.
REST += [(f"item {said(value)}", value, field) for value, field in (
    (Raw("null"), "item"), (Raw("5"), "item"), (Raw('"event"'), "item"), (Raw("true"), "item"), (Raw("[]"), "item"), (Raw("[[]]"), "item"),
    (Raw("{}"), "type"), (Raw('{"type": {}}'), "type"), (Raw(r'"\u0000"'), "item"))]

CASES = TYPES + TIMES + IDS + ADDRESSES + TEXTS + NAMES + SHAPES + NUMBERS + VALUES + PERSONS + REST
