"""Random frames at the WebSocket door: no crash, and a subscriber beside them hears each of its changes once.

The seed is fixed (VIBE_FUZZ_SEED tells another), the time is bounded (VIBE_FUZZ_SECONDS).
"""
import base64
import json
import os
import random
import socket
import struct
import time

from client_shop import shop  # noqa: F401
from test_fuzz_http import SECONDS, SEED, companion  # noqa: F401


def handshake(server, token, path="/realtime/v1/websocket?vsn=1.0.0"):
    """An upgraded connection and what came with the answer."""
    line = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    key = base64.b64encode(os.urandom(16)).decode()
    line.sendall((f"GET {path}&apikey={token} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                  f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n").encode())
    heard = b""
    while b"\r\n\r\n" not in heard:
        heard += line.recv(4096)
    assert heard.startswith(b"HTTP/1.1 101"), heard
    return line


def frame(payload, opcode=1, fin=True, masked=True, claimed=None, reserved=0):
    """A WebSocket frame, right or wrong."""
    length = len(payload) if claimed is None else claimed
    head = bytes([(fin << 7) | (reserved << 4) | opcode])
    mark = 0x80 if masked else 0
    head += bytes([mark | length]) if length < 126 else bytes([mark | 126]) + struct.pack(">H", length) if length < 65536 else bytes([mark | 127]) + struct.pack(">Q", length)
    mask = os.urandom(4) if masked else b""
    return head + mask + (bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload)) if masked else payload)


def join(topic="realtime:x", changes=({"event": "*", "schema": "vibe", "table": "site_users"},), token=None, **more):
    return {"topic": topic, "event": "phx_join", "ref": "1", "join_ref": "1",
            "payload": {"config": {"broadcast": {"ack": False, "self": False}, "presence": {"key": ""}, "private": False, "postgres_changes": list(changes)}, "access_token": token} | more}


class Frames:
    """Frames by the protocol, and what chance makes of them."""

    def __init__(self, seed, token):
        self.choice, self.token = random.Random(seed), token

    def message(self):
        choice = self.choice
        junk = choice.choice([None, 0, -1, 1e99, True, "", "x" * 3_000, [], {}, [[]], {"a": {"b": []}}, "\0", "é", "realtime:x", "phoenix"])
        made = choice.choice([
            join(token=self.token), join(token="x.y.z"), join(changes=[junk]), join(changes=[{"event": junk, "schema": "vibe", "table": junk}], token=self.token),
            join(changes=[{"event": "*", "schema": "vibe", "table": "site_users", "filter": choice.choice(["x", "name=eq", "name=in.(", "name=not.not.eq.1", "=", "name=match.(((", 'name=in.("', "é=eq.1"])}], token=self.token),
            join(topic=f"realtime:{choice.randrange(50)}", token=self.token), {"topic": "phoenix", "event": "heartbeat", "payload": {}, "ref": junk, "join_ref": None},
            {"topic": "realtime:x", "event": choice.choice(["phx_leave", "access_token", "broadcast", "presence", "phx_close", "phx_reply", "nothing"]), "payload": junk, "ref": "2", "join_ref": "1"},
            {"topic": "realtime:x", "event": "access_token", "payload": {"access_token": choice.choice([None, "", "x", self.token, 5])}, "ref": "3", "join_ref": "1"}, junk])
        if isinstance(made, dict) and choice.random() < 0.5:
            made[choice.choice(list(made) or ["topic"])] = json.loads(json.dumps(junk))
        if isinstance(made, dict) and choice.random() < 0.5:
            made = [made.get(name) for name in ("join_ref", "ref", "topic", "event", "payload")]
        text = json.dumps(made)
        for _ in range(choice.choice([0, 0, 0, 1, 3])):
            place = choice.randrange(len(text) + 1)
            text = text[:place] + choice.choice(['"', "{", "]", ",", "\\u0000", "\\", "[" * 500]) + text[place:]
        return text.encode()

    def wire(self):
        """Bytes of one or several frames."""
        choice = self.choice
        text = self.message()
        return choice.choice([
            frame(text), frame(text), frame(text), frame(text, opcode=2), frame(text, opcode=choice.randrange(16)), frame(text[:9], fin=False) + frame(text[9:], opcode=0), frame(text, opcode=0),
            frame(text, masked=False), frame(text, reserved=choice.randrange(8)), frame(text, claimed=2**40), frame(text, claimed=2**63), frame(text, claimed=len(text) + 5), frame(b"\xff\xfe\x80"),
            frame(os.urandom(20), opcode=9), frame(b"x" * 200, opcode=9), frame(b"", opcode=10), frame(b"\x03", opcode=8), frame(struct.pack(">H", 1000) + b"\xff", opcode=8), os.urandom(choice.randrange(1, 60)),
            frame(bytes([3, 255, 1, 255, 0, 9, 1]) + text[:50], opcode=2), frame(b"[" * 5_000), frame(b"")])


def test_websocket_frames(shop, companion):  # noqa: F811
    """Random frames by many connections; a subscriber beside them gets every one of its changes, each once."""
    token = shop.client().auth.get_session().access_token
    choice, deadline = random.Random(SEED), time.monotonic() + SECONDS
    listener = handshake(shop.server, token)
    listener.sendall(frame(json.dumps(join(token=token)).encode()))
    heard, wanted = Reader(listener), 0
    heard.until(lambda message: message["event"] == "phx_reply" and message["payload"]["status"] == "ok")
    made, closed, frames = Frames(SEED, token), 0, 0
    while time.monotonic() < deadline:
        line = handshake(shop.server, token, choice.choice(["/realtime/v1/websocket?vsn=1.0.0", "/realtime/v1/websocket?vsn=2.0.0", "/realtime/v1/websocket?x="]))
        try:
            for _ in range(choice.randrange(1, 12)):
                line.sendall(made.wire())
                frames += 1
            line.settimeout(0.02)
            while line.recv(65536):
                pass
            closed += 1
        except TimeoutError:
            pass
        except ConnectionError:
            closed += 1
        finally:
            line.close()
        shop.database.execute("insert into vibe.site_users (site_id, anonymous_id) values (%s, %s)", [shop.site, f"fuzz-{wanted}"])
        wanted += 1
    got = [heard.until(lambda message: message["event"] == "postgres_changes")["payload"]["data"]["record"]["anonymous_id"] for _ in range(wanted)]
    assert got == [f"fuzz-{n}" for n in range(wanted)]
    print(f"seed {SEED}: {frames} frames, {wanted} connections, {closed} closed")
    assert frames > 100 and closed
    listener.close()
    shop.database.execute("delete from vibe.site_users where anonymous_id like 'fuzz-%%'")


class Reader:
    """Messages of a server's frames (never masked, never in pieces)."""

    def __init__(self, line):
        self.line, self.bytes = line, b""
        line.settimeout(30)

    def take(self, count):
        while len(self.bytes) < count:
            piece = self.line.recv(65536)
            assert piece, "the server hung up on a good client"
            self.bytes += piece
        taken, self.bytes = self.bytes[:count], self.bytes[count:]
        return taken

    def message(self):
        first, second = self.take(2)
        assert first & 0x70 == 0 and second & 0x80 == 0
        length = second if second < 126 else struct.unpack(">H", self.take(2))[0] if second == 126 else struct.unpack(">Q", self.take(8))[0]
        payload = self.take(length)
        return json.loads(payload) if first & 15 == 1 else {"event": first & 15}

    def until(self, holds):
        while not holds(message := self.message()):
            pass
        return message
