"""What the tests of sources share: a site with a connected shop, signed requests, and waiting until all is applied."""
import hashlib
import hmac
import json
import time

import pytest
from conftest import connect
from fakes.woocommerce import open_shop

T0 = 1_767_348_000  # 2026-01-02 10:00 UTC


@pytest.fixture
def shop(database):
    with connect(database) as admin:
        admin.execute("select vibe.create_site('shop')")
    with open_shop() as shop:
        yield shop


def ask(dbname, query, *values):
    with connect(dbname) as admin:
        return admin.execute(query, values or None).fetchall()


def connect_shop(dbname, shop, site="shop", keys=True, name=None):
    """(source_id, path, secret) of a shop that the site takes in."""
    given = (shop.key, shop.secret) if keys else (None, None)
    return ask(dbname, "select * from vibe.connect_woocommerce(%s, %s, %s, %s, %s)", site, shop.url, *given, name)[0]


def settled(dbname, seconds=30):
    """Waits until no delivery waits; returns how many have which status."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        counts = dict(ask(dbname, "select status, count(*) from vibe.source_deliveries group by 1"))
        if counts and not counts.get("new"):
            return counts
        time.sleep(0.05)
    raise AssertionError(f"deliveries still wait: {counts}")


def until(question, seconds=30, pause=0.1):
    """The first true answer to `question()`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = question()
        if answer:
            return answer
        time.sleep(pause)
    raise AssertionError("it did not come true")


def signed(secret, content, at=None):
    """(body, headers) of an event in our own custom: X-Signature: t=…,v1=…"""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    moment = str(int(time.time() if at is None else at))
    digest = hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()
    return body, {"X-Signature": f"t={moment},v1={digest}", "Content-Type": "application/json"}
