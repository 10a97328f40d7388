"""Tokens that ran out, were forged or belong to no session, sent by the unmodified supabase client and by hand."""
import base64
import hashlib
import hmac
import json
import time

import pytest

from client_shop import PASSWORD, STAFF, shop  # noqa: F401


@pytest.fixture
def client(shop):  # noqa: F811
    return shop.client(None)


def signed(server, claims):
    """A token with claims of ours, signed like the server's."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in ({"alg": "HS256", "typ": "JWT"}, claims)]
    mac = hmac.new(server.environment["VIBE_JWT_SECRET"].encode(), b".".join(parts), hashlib.sha256).digest()
    return b".".join([*parts, base64.urlsafe_b64encode(mac).rstrip(b"=")]).decode()


def claims(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_refresh(shop, client):  # noqa: F811
    """A refresh gives new tokens for the same session; an expired access token is refreshed before it is used."""
    first = client.auth.sign_in_with_password({"email": STAFF, "password": PASSWORD}).session
    second = client.auth.refresh_session().session
    assert second.refresh_token != first.refresh_token
    assert claims(second.access_token)["session_id"] == claims(first.access_token)["session_id"]
    stale = signed(shop.server, claims(second.access_token) | {"exp": int(time.time()) - 600})
    late = shop.client(None)
    third = late.auth.set_session(stale, second.refresh_token).session
    assert third.refresh_token != second.refresh_token and late.rpc("my_sites", {}).execute().data == [shop.site]
    # What a client with a clock of its own sends: an expired bearer beside a good sign-in means nothing.
    late.auth._headers["Authorization"] = f"Bearer {stale}"
    assert late.auth.sign_in_with_password({"email": STAFF, "password": PASSWORD}).session


def test_expired_and_forged_tokens(shop, client):  # noqa: F811
    good = claims(client.auth.sign_in_with_password({"email": STAFF, "password": PASSWORD}).session.access_token)
    ask = lambda token: shop.server.request("/rest/v1/customers?select=site_id&limit=1", token=token)  # noqa: E731
    assert ask(signed(shop.server, good)) == (200, [{"site_id": shop.site}])
    status, answer = ask(signed(shop.server, good | {"exp": int(time.time()) - 600}))
    assert (status, answer["code"], answer["message"]) == (401, "PGRST303", "JWT expired")
    head, body, mac = signed(shop.server, good).split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    for forged in (f"{none}.{body}.", f"{head}.{body}.{mac[:-2]}AA", f"{none}.{body}.{mac}", "x", "a.b.c", "." * 3, f"{head}.{body}"):
        assert (ask(forged)[0], ask(forged)[1]["code"]) == (401, "PGRST301"), forged
    # Signed by us, yet the session is not one that lives.
    status, answer = ask(signed(shop.server, good | {"session_id": "00000000-0000-0000-0000-000000000000"}))
    assert (status, answer["code"], answer["message"]) == (401, "PGRST303", "The session or API key has ended")
