"""The realtime protocol frame by frame: version 2.0.0 as supabase-js speaks it, who is refused, what ends a channel or a socket."""
import json
import socket
import time

import jwt_making
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from conftest import connect
from talking import PATIENCE, Talk, sign_up


def write(server, sql, *parameters):
    with connect(server.database) as session:
        session.execute(sql, parameters)


def add(server, site, *names):
    with connect(server.database) as session:
        for name in names:
            session.execute("insert into vibe.site_users (site_id, name) values (%s, %s)", [site, name])


@pytest.fixture
def ann(server):
    return sign_up(server, "ann")


def test_channel_from_join_to_close(server, ann):
    token, site, _ = ann
    talk = Talk(server)
    wishes = [{"event": "*", "schema": "public", "table": "site_users"},
              {"event": "INSERT", "schema": "public", "table": "site_users", "filter": "name=eq.Ada"}]
    reply = talk.join(token, *wishes)
    assert reply == ["13", "13", "realtime:db", "phx_reply", {"status": "ok", "response": {"postgres_changes": [
        wishes[0] | {"id": 1}, wishes[1] | {"id": 2}]}}]
    assert talk.next() == ["13", None, "realtime:db", "system", {
        "channel": "db", "extension": "postgres_changes", "message": "Subscribed to PostgreSQL", "status": "ok"}]
    add(server, site, "Ada", "Bea")
    first, second = talk.next(), talk.next()
    assert first[:4] == ["13", None, "realtime:db", "postgres_changes"]
    assert sorted(first[4]) == ["data", "ids"] and first[4]["ids"] == [1, 2] and second[4]["ids"] == [1]
    assert first[4]["data"]["record"]["name"] == "Ada"
    talk.say(None, "26", "phoenix", "heartbeat", {})
    assert talk.next() == [None, "26", "phoenix", "phx_reply", {"status": "ok", "response": {}}]
    # A push without listening callbacks, as the client's send() and track() make them.
    for ref, event in (("27", "broadcast"), ("28", "presence")):
        talk.say("13", ref, "realtime:db", event, {"type": event, "event": "hi", "payload": {}})
        assert talk.next() == ["13", ref, "realtime:db", "phx_reply", {"status": "error", "response": {"reason": f"Unsupported: {event}"}}]
    talk.socket.send(b"\x03\x02\x02\x0b\x02\x00\x0113" b"29" b"realtime:db" b"hi" b'{"a":1}')
    assert talk.next() == ["13", "29", "realtime:db", "phx_reply", {"status": "error", "response": {"reason": "Unsupported: broadcast"}}]
    talk.say("13", "30", "realtime:db", "phx_leave", {})
    assert talk.next() == ["13", "30", "realtime:db", "phx_reply", {"status": "ok", "response": {}}]
    assert talk.next() == ["13", "30", "realtime:db", "phx_close", {}]
    add(server, site, "unheard")
    talk.silence()
    talk.say("13", "31", "realtime:db", "access_token", {"access_token": token})
    assert talk.next()[4] == {"status": "error", "response": {"reason": "unmatched topic"}}
    talk.close()


def test_channels_of_one_socket(server, ann):
    """Each channel has its own wishes; joining a topic again replaces the channel, and no change is told twice."""
    token, site, _ = ann
    talk = Talk(server)
    assert talk.join(token, {"table": "site_users"}, topic="realtime:a", ref="1")[4]["status"] == "ok"
    assert talk.join(token, {"table": "user_events"}, topic="realtime:b", ref="2")[4]["status"] == "ok"
    assert talk.join(token, topic="realtime:c", ref="3")[4] == {"status": "ok", "response": {"postgres_changes": []}}
    assert talk.join(token, {"table": "*"}, topic="realtime:a", ref="4")[4]["status"] == "ok"
    add(server, site, "one")
    assert talk.until("postgres_changes")[:3] == ["4", None, "realtime:a"]
    write(server, "insert into vibe.user_events (site_id, user_id, event_name) select site_id, user_id, 'bought' from vibe.site_users")
    add(server, site, "two")
    told = []  # a channel is told in the order of the writes; of two channels either may be told first
    while not {("realtime:a", "two"), ("realtime:b", None)} <= set(told):
        message = talk.until("postgres_changes")
        told.append((message[2], message[4]["data"]["record"].get("name")))
    assert [name for topic, name in told if topic == "realtime:a"] == [None, "two"]
    assert [name for topic, name in told if topic == "realtime:b"] == [None]
    talk.silence()
    talk.close()


def test_refused_joins(server, ann):
    token, _, _ = ann
    talk = Talk(server)
    refusal = lambda *bindings, token=token, **config: talk.join(token, *bindings, **config)[4]["response"].get("reason")
    assert refusal(private=True) == "Unsupported: private channels"
    assert refusal(topic="db") == "unmatched topic"
    assert refusal({"table": "nope"}) == 'table "nope" is not in realtime'
    assert refusal({"table": "site_users", "select": ["name"]}) == "Unsupported: select"
    assert refusal(*[{"table": "site_users"}] * 101) == "a channel has at most 100 postgres_changes"
    assert refusal(token="nonsense") == "MalformedJWT: The token provided is not a valid JWT"
    assert refusal(token=jwt_making.sign(server, role="vibe_member", exp=int(time.time()) - 60)) == "InvalidJWTToken: Token has expired"
    assert refusal(token=jwt_making.sign(server, secret="another secret that is long enough for it", role="vibe_member")) \
        == "MalformedJWT: The token provided is not a valid JWT"
    assert refusal({"table": "site_users"}, token=jwt_making.sign(server, role="vibe_member", session_id="no uuid")) \
        == "InvalidJWTToken: the session has ended"
    for number in range(100):
        assert talk.join(token, topic=f"realtime:{number}", ref=str(number))[4]["status"] == "ok"
    assert refusal(topic="realtime:one too many") == "ChannelRateLimitReached: Too many channels"
    talk.close()


@pytest.mark.parametrize("path, headers, status, text", [
    ("", {}, 401, "No API key found in request"), ("?apikey=nonsense", {}, 401, "No suitable key"), ("?apikey={key}&vsn=3.0.0", {}, 400, "vsn must be"),
    ("", {"Cookie": "vibe_session={token}"}, 401, "No API key found"),
    ("", {"Cookie": "vibe_session={token}", "Origin": "http://evil.example"}, 401, "No API key found"),
    ("", {"Cookie": "vibe_session={token}", "Sec-Fetch-Site": "cross-site", "Origin": "{url}"}, 401, "No API key found"),
])
def test_refused_handshakes(server, ann, path, headers, status, text):
    fill = lambda template: template.format(key=server.anon_key, token=ann[0], url=server.url)
    address = server.url.replace("http", "ws") + "/realtime/v1/websocket" + fill(path)
    with pytest.raises(InvalidStatus) as refused:
        from websockets.sync.client import connect as open_socket
        open_socket(address, additional_headers={name: fill(value) for name, value in headers.items()})
    assert refused.value.response.status_code == status
    assert text in json.loads(refused.value.response.body)["error"]


def test_cookie_of_our_own_page(server, ann):
    token, site, _ = ann
    own = {"Cookie": f"vibe_session={token}", "Origin": server.url}
    from websockets.sync.client import connect as open_socket
    with open_socket(server.url.replace("http", "ws") + "/realtime/v1/websocket?vsn=2.0.0", additional_headers=own) as page:
        page.send(json.dumps(["1", "1", "realtime:page", "phx_join", {"config": {"postgres_changes": [{"table": "site_users"}]}}]))
        assert json.loads(page.recv(PATIENCE))[4]["status"] == "ok"
        page.recv(PATIENCE)
        add(server, site, "seen")
        assert json.loads(page.recv(PATIENCE))[4]["data"]["record"]["name"] == "seen"


def test_plain_requests(server, ann):
    assert server.request("/realtime/v1/websocket")[0] == 426
    status, body = server.request("/realtime/v1/api/broadcast", {"messages": []})
    assert (status, body["error"]) == (422, "Unsupported: broadcast")
    # Whoever offers another protocol is answered in this one.
    with socket.create_connection(("127.0.0.1", server.port)) as wire:
        wire.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n")
        answer = b""
        while chunk := wire.recv(65536):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 200 OK") and answer.endswith(b"}")
    # What cannot be read is answered too, and so is the second request of a connection that wants a WebSocket.
    for sent, wanted in ((b"nonsense\r\n\r\n", b"HTTP/1.1 400"), (
            b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /realtime/v1/websocket?apikey=" + server.anon_key.encode() +
            b" HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", b"HTTP/1.1 426")):
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as wire:
            wire.sendall(sent)
            answer = b""
            while chunk := wire.recv(65536):
                answer += chunk
        assert wanted in answer


def test_token_expires_while_subscribed(server, ann):
    """At its end the channel is closed with a reason; a newer token in time keeps it open. The server allows for clocks 30 s apart."""
    token, site, _ = ann
    claims = jwt_making.claims(token)
    old, renewed = Talk(server), Talk(server)
    ends = int(time.time()) - 27
    short = jwt_making.sign(server, **claims | {"exp": ends})
    assert old.join(short, {"table": "site_users"})[4]["status"] == "ok"
    assert renewed.join(short, {"table": "site_users"})[4]["status"] == "ok"
    renewed.say("13", "14", "realtime:db", "access_token", {"access_token": token})
    message = old.until("system") and old.until("system")
    assert message[4] == {"channel": "db", "extension": "postgres_changes", "message": "InvalidJWTToken: Token has expired", "status": "error"}
    assert old.next() == ["13", None, "realtime:db", "phx_close", {}]
    add(server, site, "still here")
    assert renewed.changes(1) == [("INSERT", "still here")]
    old.silence()
    # A token that does not count ends the channel at once.
    renewed.say("13", "15", "realtime:db", "access_token", {"access_token": "nonsense"})
    assert renewed.until("system")[4]["message"] == "MalformedJWT: The token provided is not a valid JWT"
    assert renewed.next()[3] == "phx_close"
    old.close(), renewed.close()


def test_session_ends(server, ann):
    token, site, _ = ann
    talk = Talk(server)
    talk.join(token, {"table": "site_users"})
    talk.until("system")
    assert server.request("/auth/v1/logout", token=token, method="POST")[0] == 204
    add(server, site, "too late")
    assert talk.next()[3:] == ["system", {"channel": "db", "extension": "postgres_changes", "message": "the session has ended", "status": "error"}]
    assert talk.next()[3] == "phx_close"
    talk.silence()
    talk.close()


def test_too_many_rows_and_another_table(server, ann):
    """A statement too large to list is told as such; a table comes into realtime by one line, without a restart."""
    token, site, _ = ann
    talk = Talk(server)
    assert "not in realtime" in talk.join(token, {"table": "customers"})[4]["response"]["reason"]
    write(server, "select vibe_private.feed_table('vibe.customers')")
    assert talk.join(token, {"table": "site_users", "filter": "name=eq.x"}, {"table": "customers"})[4]["status"] == "ok"
    write(server, "insert into vibe.site_users (site_id, name) select %s, n from generate_series(1, 1001) as n", site)
    write(server, "insert into vibe.customers (site_id, name) values (%s, 'Cora')", site)
    many, one = talk.until("postgres_changes")[4], talk.until("postgres_changes")[4]
    assert many["ids"] == [1] and many["data"]["errors"] == ["Error 413: Payload Too Large"] and many["data"]["record"] == {}
    assert one["ids"] == [2] and one["data"]["record"]["name"] == "Cora" and one["data"]["table"] == "customers"
    talk.close()


def test_hostile_sockets_harm_nobody(server, ann):
    token, site, _ = ann
    good = Talk(server)
    good.join(token, {"table": "site_users"})
    good.until("system")
    head = (f"GET /realtime/v1/websocket?apikey={server.anon_key} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n").encode()
    hostile = [b"\x81\x05hello", b"\x81\xff" + b"\x7f" * 8, b"\xf1\x80" + b"0000", b"\x81\x85abcd" + b"\xff" * 5, b"\x8f\x80abcd", b"\x00" * 1000,
               b"\x01\x81aaaab" * 2000, b"GET / HTTP/1.1\r\n" * 10]
    wires = []
    for bytes in hostile:
        wire = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
        wire.sendall(head + bytes)
        wires.append(wire)
    for wire in wires:
        heard = b""
        while b"\x88" not in heard.partition(b"\r\n\r\n")[2]:
            chunk = wire.recv(65536)
            assert chunk, heard
            heard += chunk
        assert heard.startswith(b"HTTP/1.1 101")
        wire.close()
    add(server, site, "unharmed")
    assert good.changes(1) == [("INSERT", "unharmed")]
    good.close()


def test_never_reading_subscribers(server, ann):
    """They are cut off, and nobody else waits for them."""
    token, site, _ = ann
    good = Talk(server)
    good.join(token, {"table": "site_users", "event": "INSERT"})
    good.until("system")
    lazy = [Talk(server, max_queue=1) for _ in range(3)]
    for talk in lazy:
        talk.join(token, {"table": "site_users", "event": "UPDATE"})
    gauge = lambda: int([line for line in server.request("/metrics")[1].splitlines() if line.startswith("vibe_realtime_subscribers ")][0].split()[1])
    assert gauge() == 4
    add(server, site, "large")
    assert good.changes(1) == [("INSERT", "large")]
    deadline = time.monotonic() + PATIENCE
    round = 0
    while gauge() > 1:
        assert time.monotonic() < deadline
        round += 1
        write(server, "update vibe.site_users set name = repeat(%s, 1000000) where site_id = %s", str(round % 10), site)
        add(server, site, f"round {round}")
        assert good.changes(1) == [("INSERT", f"round {round}")]
    assert round > 3
    # The reason is the last thing that one who reads after all finds.
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            lazy[0].next()
    assert closed.value.rcvd is None or (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "the reader is too slow")
    good.close()


def test_shutdown_says_good_bye(server, ann):
    token, _, _ = ann
    talk = Talk(server)
    talk.join(token, {"table": "site_users"})
    idle = socket.create_connection(("127.0.0.1", server.port))
    server.stop()
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            talk.next()
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1001, "the server is shutting down")
    assert idle.recv(1) == b""
