"""Tokens signed as the server signs them (HS256, RFC 7515), for tests that need one it would not give."""
import base64
import hashlib
import hmac
import json


def _encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def sign(server, secret=None, **claims):
    """A token with these claims, by the server's secret or another."""
    body = _encode(b'{"alg":"HS256","typ":"JWT"}') + b"." + _encode(json.dumps(claims).encode())
    key = (secret or server.environment["VIBE_JWT_SECRET"]).encode()
    return (body + b"." + _encode(hmac.new(key, body, hashlib.sha256).digest())).decode()


def claims(token):
    """What a token says."""
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
