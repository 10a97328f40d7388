"""Pure functions of the dashboard, run in the browser that will run them; expected texts are written by hand (locale en-US)."""
import pytest
from playwright.sync_api import expect

CASES = [
    ("figure", [None, "en-US"], "–"),
    ("figure", [0, "en-US"], "0"),
    ("figure", [9999, "en-US"], "9,999"),
    ("figure", [18423, "en-US"], "18.4K"),
    ("figure", [1_250_000_000, "en-US"], "1.3B"),
    ("figure", [3.14159, "en-US"], "3.1"),
    ("figure", [18423, "pt-BR"], "18,4\u00a0mil"),
    ("exact", [1234567, "en-US"], "1,234,567"),
    ("exact", [None, "en-US"], ""),
    ("duration", [0, "en-US"], "0s"),
    ("duration", [-5, "en-US"], "0s"),
    ("duration", [59.9, "en-US"], "59s"),
    ("duration", [60, "en-US"], "1m"),
    ("duration", [185, "en-US"], "3m 5s"),
    ("duration", [3600, "en-US"], "1h"),
    ("duration", [3725, "en-US"], "1h 2m"),
    ("duration", [90_000, "en-US"], "25h"),
    ("host", [None], "–"),
    ("host", ["https://www.example.org/a?b"], "example.org"),
    ("host", ["https://www2.example.org/"], "www2.example.org"),
    ("host", ["javascript:alert(1)"], "javascript:alert(1)"),
    ("host", ["newsletter"], "newsletter"),
    ("plain", ["a\nb\u202ec\u200bd"], "a␣b␣c␣d"),
    ("plain", ["A" * 121], "A" * 120 + "…"),
    ("plain", ["👩" * 120], "👩" * 120),
]


@pytest.fixture
def call(server, person):
    """`call(name, given)` runs a function of format.js."""
    page = person()
    page.goto(f"{server.url}/login")
    expect(page.get_by_role("button", name="Sign in")).to_be_enabled()
    script = "([name, given]) => import('/dashboard/format.js').then((module) => module[name](...given))"
    return lambda name, given: page.evaluate(script, [name, given])


def test_format(call):
    assert [call(name, given) for name, given, _ in CASES] == [wanted for _, _, wanted in CASES]
