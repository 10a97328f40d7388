"""What goes wrong around a server leaves it and its other clients unharmed: crowds, slow and huge requests, stops, restarts."""
import concurrent.futures
import http.client
import json
import resource
import signal
import socket
import threading
import time
import urllib.error
import urllib.request

import pytest

from conftest import TEMPLATE, connect
from test_kill import Client, cluster  # noqa: F401  a fixture

PATIENCE = 60  # seconds until a condition must hold; never a measure of speed


def until(condition, what):
    """Waits for what must come."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.05)


def get(server, path, timeout=PATIENCE):
    """(status, headers, body) of a GET without any key."""
    try:
        with urllib.request.urlopen(server.url + path, timeout=timeout) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


def figure(server, name):
    return float(next(line.split()[1] for line in get(server, "/metrics")[2].splitlines() if line.startswith(name + " ")))


class Reader(threading.Thread):
    """Asks for one thing again and again and keeps what came: (status, Retry-After, seconds)."""

    def __init__(self, server, stop):
        super().__init__(daemon=True)
        self.server, self.stop, self.answers = server, stop, []

    def run(self):
        while not self.stop.is_set():
            start = time.monotonic()
            status, headers, _ = get(self.server, "/api/demo")
            self.answers.append((status, headers["Retry-After"], time.monotonic() - start))


def test_the_database_restarts_under_load(cluster, make_server):  # noqa: F811
    with connect() as admin:
        admin.execute(f"create database vibe_restart template {TEMPLATE}")
    with connect("vibe_restart") as database:
        database.execute("select vibe.create_site('shop')")
        key = database.execute("select key from vibe.sites").fetchone()[0]
    server, stop = make_server("vibe_restart"), threading.Event()
    clients = [Client(server.url, key, number, stop) for number in range(3)]
    readers = [Reader(server, stop) for _ in range(3)]
    for thread in clients + readers:
        thread.start()

    def goes_well():
        before = [len(reader.answers) for reader in readers]
        until(lambda: all(any(answer[0] == 200 for answer in reader.answers[count:]) for reader, count in zip(readers, before)),
              "answers with 200")
        assert get(server, "/healthz")[0] == 200

    until(lambda: all(client.acknowledged for client in clients), "events")
    cluster("stop")
    cluster("start")
    goes_well()
    # Away for longer than requests wait: they are told so, and health says what is missing.
    cluster("stop")
    until(lambda: all(reader.answers[-1][0] == 503 for reader in readers), "answers with 503")
    status, _, body = get(server, "/healthz")
    assert (status, json.loads(body)) == (503, {"status": "unavailable", "missing": ["a connection to the database"]})
    cluster("start")
    goes_well()

    stop.set()
    for thread in clients + readers:
        thread.join(PATIENCE + 30)
    answers = sum((reader.answers for reader in readers), [])
    assert {status for status, _, _ in answers} == {200, 503}
    assert {after for status, after, _ in answers if status == 503} == {"1"}
    assert max(seconds for _, _, seconds in answers) < 30
    assert [client.refusals for client in clients] == [[]] * 3
    with connect("vibe_restart") as database:
        stored = [str(row[0]) for row in database.execute("select event_id from vibe.user_events")]
    assert len(stored) == len(set(stored)) and set(stored) == set().union(*(client.acknowledged for client in clients))


def test_crowds_of_idle_slow_and_huge_clients_harm_nobody(server):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    memory = figure(server, "process_resident_memory_bytes")
    idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(1000)]
    slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(100)]
    beginnings = [b"GET /api/demo HTTP/1.1\r\nHost: x\r\nX-Slow: ", b"POST /track HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"]
    for number, connection in enumerate(slow):
        connection.sendall(beginnings[number % 2])
    try:
        for turn in range(20):
            for connection in slow:
                connection.sendall(b"x")
            for path, headers in [("/api/demo", {"X-Huge": "x" * 1_000_000}), ("/api/" + "x" * 1_000_000, {}),
                                  ("/api/demo", {f"X-{n}": "x" for n in range(20_000)})]:
                assert huge(server, path, headers) in (400, 414, 431, None)
            for _ in range(20):
                assert get(server, "/api/demo")[0] == 200
        # Those who did nothing wrong were kept.
        idle[0].sendall(b"GET /api/demo HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle[0].recv(12) == b"HTTP/1.1 200"
        assert figure(server, "process_resident_memory_bytes") - memory < 200e6
    finally:
        for connection in idle + slow:
            connection.close()
    assert get(server, "/healthz")[0] == 200 and server.process.poll() is None


def huge(server, path, headers):
    """The status that a request gets which is too large; None when it is cut off."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status
    except OSError:
        return None
    finally:
        connection.close()


@pytest.fixture
def slow_route(server):
    """An endpoint that takes its time."""
    with connect(server.database) as database:
        database.execute("""create function vibe.test_slow(seconds float8) returns text language sql volatile as
                            $$ select pg_sleep(seconds)::text || 'done' $$""")
        database.execute("grant execute on function vibe.test_slow to vibe_anon")
        database.execute("insert into vibe.routes values ('POST', '/api/slow', 'test_slow', 'vibe_anon')")
    until(lambda: server.request("/api/slow", {"seconds": 0})[0] == 200, "the new route")


def test_a_stop_answers_what_is_under_way_and_takes_nothing_new(server, slow_route):
    with concurrent.futures.ThreadPoolExecutor(5) as pool:
        under_way = [pool.submit(server.request, "/api/slow", {"seconds": 2.5}) for _ in range(5)]
        with connect(server.database) as database:
            until(lambda: database.execute("select count(*) from pg_stat_activity where query like '%test_slow%' and state = 'active' "
                                           "and usename = 'vibe_server'").fetchone()[0] == 5, "five requests under way")
        server.process.send_signal(signal.SIGTERM)

        def is_closed():
            try:
                socket.create_connection(("127.0.0.1", server.port), timeout=5).close()
                return False
            except ConnectionRefusedError:
                return True

        until(is_closed, "refusal of new connections")
        assert [request.result() for request in under_way] == [(200, "done")] * 5
    assert server.process.wait(PATIENCE) == 0


def test_logs_name_requests_and_hold_no_secret(database, make_server):
    server = make_server(database, VIBE_LOG_LEVEL="trace", VIBE_TRUSTED_PROXIES="127.0.0.1")
    status, _ = server.request("/auth/v1/signup", {"email": "ana@shop.example", "password": "the password of ana"},
                               headers={"X-Request-Id": "from-the-proxy-17"})
    assert status == 200
    assert server.request("/rest/v1/sites?name=eq.value-of-the-query", headers={"X-Request-Id": "from-the-proxy-18"})[0] < 500
    server.request("/track", b'{"site": "value-of-the-body"}')
    server.stop()
    log = server.log.read_text()
    line = next(line for line in log.splitlines() if "from-the-proxy-17" in line and "status=" in line)
    assert "method=POST" in line and "path=/auth/v1/signup" in line and "status=200" in line and "milliseconds=" in line
    for secret in ["the password of ana", "value-of-the-query", "value-of-the-body", server.anon_key, server.secret_key,
                   server.environment["VIBE_JWT_SECRET"], server.environment["VIBE_DB_PASSWORD"]]:
        assert secret not in log


def test_figures_are_for_operators_and_this_machine(server):
    assert get(server, "/metrics")[0] == 200
    through_a_proxy = {"X-Forwarded-For": "192.0.2.1"}
    assert server.request("/metrics", headers=through_a_proxy)[0] == 401
    with connect(server.database) as database:
        database.execute("select vibe.create_site('shop')")
    status, figures = server.request("/metrics", token=server.secret_key, headers=through_a_proxy)
    assert status == 200 and 'vibe_database_busy{lane="requests"} ' in figures
    for secret in [server.secret_key, server.anon_key, server.environment["VIBE_JWT_SECRET"], server.environment["VIBE_DB_PASSWORD"]]:
        assert secret not in figures


def test_two_servers_on_one_database(database, make_server):
    secret = "the same secret for both of the servers"
    servers = [make_server(database, VIBE_JWT_SECRET=secret) for _ in range(2)]
    with connect(database) as admin:
        admin.execute("select vibe.create_site('shop')")
        key = admin.execute("select key from vibe.sites").fetchone()[0]
        admin.execute("create function vibe.test_now() returns int language sql stable as 'select 17'")
        admin.execute("grant execute on function vibe.test_now to vibe_anon")
        assert [get(server, "/api/test/now")[0] for server in servers] == [404, 404]
        admin.execute("insert into vibe.routes values ('GET', '/api/test/now', 'test_now', 'vibe_anon')")
        for server in servers:
            until(lambda: get(server, "/api/test/now")[::2] == (200, "17"), "the new route, without a restart")
        admin.execute("delete from vibe.routes where path = '/api/test/now'")
        for server in servers:
            until(lambda: get(server, "/api/test/now")[0] == 404, "the end of the route")
        # The same events through both at once are stored once; a token of one counts at the other.
        client = Client(servers[0].url, key, 1, threading.Event())
        batches = [[client.item() for _ in range(5)] for _ in range(40)]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda job: post(job[1], key, job[0]), [(batch, server) for batch in batches for server in servers]))
        assert sum(answer["accepted"] for answer in answers) == sum(answer["duplicate"] for answer in answers) == 200
        assert admin.execute("select count(*) from vibe.user_events").fetchone()[0] == 200
    _, session = servers[0].request("/auth/v1/signup", {"email": "ana@shop.example", "password": "correct horse battery"})
    assert servers[1].request("/auth/v1/user", token=session["access_token"])[0] == 200


def post(server, key, items):
    body = {"site": key, "sent_at": int(time.time() * 1000), "visitor": "visitor-of-two-servers", "items": items}
    status, answer = server.request("/track", body)
    assert status == 202, answer
    return answer
