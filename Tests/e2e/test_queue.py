"""The queue of jobs and the servers that work on it, against an outside system that answers as each test wants.

Two kinds of jobs are made here as a topic would make them: `walk` reads page after page and stores each, `probe` asks once and
keeps what it heard.
"""
import gzip
import json
import signal
import subprocess
import threading
import time

import pytest
from fakes.scripted import Scripted

from conftest import connect

PATIENCE = 60  # seconds until something must have happened; never a measure of speed

KINDS = """
    create table public.applied (job_id bigint, page int, text text, worker uuid, at timestamptz default clock_timestamp());
    create table public.heard (job_id bigint, answer jsonb);
    grant insert on public.applied, public.heard to vibe_owner;

    create function vibe_private.test_walk(job_id bigint, answer jsonb) returns jsonb language plpgsql
    set search_path = pg_catalog, pg_temp as $$
    declare
        job record;
        page int := coalesce((vibe_private.queue_state(test_walk.job_id) ->> 'page')::int, 1);
    begin
        select * into job from vibe.queue_jobs as j where j.job_id = test_walk.job_id;
        if answer ->> 'status' = '200' then
            insert into public.applied (job_id, page, text, worker)
            values (job.job_id, page, answer ->> 'body', job.worker);
            page := page + 1;
            perform vibe_private.queue_note(job.job_id, jsonb_build_object('page', page), total => (job.input ->> 'pages')::int);
            perform vibe_private.queue_count(job.job_id, 1, added => 1);
        elsif answer ->> 'status' = '429' then
            return jsonb_build_object('do', 'wait', 'seconds', (answer -> 'headers' ->> 'retry-after')::numeric);
        elsif answer ->> 'status' = '401' then
            return '{"do": "fail", "code": "unauthorized", "message": "the key is not accepted"}';
        elsif answer is not null then
            return jsonb_build_object('do', 'retry', 'code', coalesce(answer ->> 'error', 'status_' || (answer ->> 'status')),
                'message', 'the shop did not answer');
        end if;
        if page > (job.input ->> 'pages')::int then
            return '{"do": "done"}';
        end if;
        return jsonb_build_object('do', 'request', 'url', format('%s/%s/%s?key=secret-query', job.input ->> 'base', job.subject, page),
            'headers', '{"Authorization": "Bearer secret-header"}'::jsonb);
    end
    $$;

    create function vibe_private.test_probe(job_id bigint, answer jsonb) returns jsonb language plpgsql
    set search_path = pg_catalog, pg_temp as $$
    begin
        if answer is null then
            return (select j.input from vibe.queue_jobs as j where j.job_id = test_probe.job_id) || '{"do": "request"}';
        end if;
        insert into public.heard (job_id, answer) values (test_probe.job_id, answer);
        return '{"do": "done"}';
    end
    $$;

    insert into vibe_private.queue_kinds (kind, step_function, max_attempts, first_pause, circuit_after) values
        ('walk', 'test_walk', 6, '0.4 seconds', 10),
        ('probe', 'test_probe', 1, '1 second', 100);
    select vibe.create_site('shop');
"""


@pytest.fixture
def admin(database):
    with connect(database) as connection:
        connection.execute(KINDS)
        connection.name = database
        yield connection


@pytest.fixture
def make_fake():
    made = []

    def make(script, **options):
        made.append(Scripted(script, **options))
        return made[-1]

    yield make
    for fake in made:
        fake.close()


@pytest.fixture
def serve(admin, make_server):
    """Starts servers that may ask the given fakes."""
    return lambda *fakes, **options: make_server(
        admin.name, VIBE_OUTGOING_ALLOW=",".join(f"127.0.0.1:{f.port}" for f in fakes), VIBE_LOG_LEVEL="debug", **options)


def walk(admin, fake, subject="a", pages=5):
    return enqueue(admin, "walk", subject, {"base": fake.url, "pages": pages})


def enqueue(admin, kind, subject, given):
    return admin.execute("select vibe_private.enqueue(1, %s, %s, %s)", [kind, subject, json.dumps(given)]).fetchone()[0]


def job(admin, number):
    with admin.cursor() as cursor:
        cursor.execute("select *, now() from vibe.queue_jobs where job_id = %s", [number])
        return dict(zip([c.name for c in cursor.description], cursor.fetchone()))


def until(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.05)
    return found


def until_status(admin, number, *statuses):
    return until(lambda: (found := job(admin, number))["status"] in statuses and found, f"job {number} {statuses}, not {job(admin, number)}")


def applied(admin, number):
    return [row[0] for row in admin.execute("select page from public.applied where job_id = %s order by at", [number])]


def probe(admin, **given):
    """What a step hears of one request."""
    number = enqueue(admin, "probe", str(time.monotonic_ns()), given)
    until_status(admin, number, "done", "failed")
    return admin.execute("select answer from public.heard where job_id = %s", [number]).fetchone()[0]


def page(request):
    """`walk` asks for /subject/page; every page is there."""
    return 200, {}, f"page {request.path.split('/')[2].split('?')[0]}".encode()


def test_a_job_goes_through_its_requests_and_shows_how_far_it_is(admin, make_fake, serve):
    held, seen = threading.Event(), threading.Event()

    def script(request):
        if request.path.startswith("/a/4"):
            held.set()
            seen.wait(30)
        return page(request)

    fake = make_fake(script)
    server = serve(fake)
    number = walk(admin, fake)
    assert held.wait(30)
    running = job(admin, number)
    assert (running["status"], running["progress"], running["processed"], running["total"], running["added"]) == ("running", 60, 3, 5, 3)
    status, rows = server.request(f"/rest/v1/queue_status?job_id=eq.{number}&select=site,state,progress", token=server.secret_key)
    assert (status, rows) == (200, [{"site": "shop", "state": "running", "progress": 60}])
    assert running["worker"] and running["lease_until"] > running["now"] and running["started_at"]
    seen.set()
    done = until_status(admin, number, "done")
    assert (done["progress"], done["attempts"], done["error"], done["worker"], done["steps"]) == (100, 0, None, None, 6)
    assert applied(admin, number) == [1, 2, 3, 4, 5]
    assert [r.path for r in fake.requests] == [f"/a/{n}?key=secret-query" for n in range(1, 6)]
    assert all(r.headers["authorization"] == "Bearer secret-header" and r.headers["user-agent"] == "vibe" for r in fake.requests)
    # One connection for all requests of a job.
    assert fake.connections == 1
    assert admin.execute("select count(*) from vibe_private.queue_states").fetchone()[0] == 0
    # What is asked and heard stays out of the log.
    log = server.log.read_text()
    assert "secret-" not in log and "page 1" not in log
    figures = server.request("/metrics")[1]
    assert "\nvibe_queue_jobs 0\n" in figures and "\nvibe_queue_done_total 1\n" in figures and "\nvibe_queue_requests_total 5\n" in figures


def test_a_request_goes_out_as_the_step_wants_it(admin, make_fake, serve):
    fake = make_fake(lambda request: (201, {"X-Total": "7", "Set-Cookie": "a=1", "Content-Type": "application/json"}, '{"grün": "\\u0000"}'.encode()))
    serve(fake)
    answer = probe(admin, url=fake.url + "/a%20b?q=1", method="PUT", headers={"X-One": "eins"}, body="Füße")
    (request,) = fake.requests
    assert (request.method, request.path, request.headers["x-one"], request.body.decode()) == ("PUT", "/a%20b?q=1", "eins", "Füße")
    assert answer["status"] == 201 and answer["body"] == '{"grün": "\\u0000"}'
    assert answer["headers"]["x-total"] == "7" and answer["headers"]["content-type"] == "application/json"


def test_failures_are_tried_again_after_growing_pauses(admin, make_fake, serve):
    left = [503, 500, None, 503]

    def script(request):
        if request.path.startswith("/a/2") and left:
            status = left.pop(0)
            return None if status is None else (status, {}, b"no")
        return page(request)

    fake = make_fake(script)
    serve(fake)
    number = walk(admin, fake, pages=3)
    failing = until(lambda: (found := job(admin, number))["attempts"] >= 2 and found, "the second failure")
    assert failing["error"]["message"] == "the shop did not answer"
    done = until_status(admin, number, "done")
    assert (done["attempts"], done["error"]) == (0, None)
    assert applied(admin, number) == [1, 2, 3]
    tries = [r.at for r in fake.requests if r.path.startswith("/a/2")]
    assert len(tries) == 5
    # 0.4 s, twice as long each time, shortened by up to a half; a busy machine only makes them longer.
    for index, (before, after) in enumerate(zip(tries, tries[1:])):
        assert after - before >= 0.4 * 2 ** index / 2 - 0.05
    assert admin.execute("select count(*) from vibe.queue_circuits").fetchone()[0] == 0


def test_the_last_attempt_fails_the_job(admin, make_fake, serve):
    admin.execute("update vibe_private.queue_kinds set max_attempts = 2, first_pause = '0.05 s' where kind = 'walk'")
    fake = make_fake(lambda request: (500, {}, b"broken"))
    server = serve(fake)
    failed = until_status(admin, walk(admin, fake), "failed")
    assert failed["attempts"] == 2 and len(fake.requests) == 2 and failed["error"]["code"] == "status_500"
    assert failed["worker"] is None and failed["finished_at"]
    until(lambda: "\nvibe_queue_failed_total 1\n" in server.request("/metrics")[1], "the figure")
    # What no time heals is not tried again.
    denied = make_fake(lambda request: (401, {}, b""))
    server.stop()
    serve(denied)
    refused = until_status(admin, walk(admin, denied, "b"), "failed")
    assert len(denied.requests) == 1 and refused["error"] == {"code": "unauthorized", "message": "the key is not accepted"}


def test_a_job_that_is_queued_again_is_not_lost_by_a_server_that_has_just_put_it_down(admin, serve):
    """The bell rings without end while a job fails again and again without any pause: every attempt is made by its step, none is lost."""
    admin.execute("""
        create function vibe_private.test_stumble(job_id bigint, answer jsonb) returns jsonb language sql as
            $$ select '{"do": "retry", "after": 0, "code": "stumbled", "message": "once more"}'::jsonb $$;
        insert into vibe_private.queue_kinds (kind, step_function, max_attempts, circuit_after) values ('stumble', 'test_stumble', 400, 1000)""")
    serve()
    number, ended = enqueue(admin, "stumble", "", {}), threading.Event()

    def ring():
        with connect(admin.name) as other:
            while not ended.is_set():
                other.execute("notify vibe_queue")

    ringer = threading.Thread(target=ring)
    ringer.start()
    try:
        failed = until_status(admin, number, "failed")
    finally:
        ended.set()
        ringer.join()
    assert failed["error"]["code"] == "stumbled" and failed["attempts"] == failed["steps"] == 400


def test_a_subject_that_fails_again_and_again_is_left_alone(admin, make_fake, serve):
    admin.execute("update vibe_private.queue_kinds set circuit_after = 3, first_pause = '0.05 s', circuit_pause = '30 minutes' where kind = 'walk'")
    is_broken = True
    fake = make_fake(lambda request: (503, {}, b"") if is_broken and request.path.startswith("/a/") else page(request))
    serve(fake)
    number = walk(admin, fake)
    status = until(lambda: admin.execute("select * from vibe.queue_status where state = 'paused'").fetchone(), "the pause")
    assert status
    paused = job(admin, number)
    assert 1700 < (paused["run_at"] - paused["now"]).total_seconds() <= 1800
    assert paused["status"] == "queued" and len(fake.requests) == 3
    # Other subjects go on, and who asks for this one again changes nothing.
    until_status(admin, walk(admin, fake, "b", pages=1), "done")
    assert walk(admin, fake) == number and len([r for r in fake.requests if r.path.startswith("/a/")]) == 3
    # A job that begins while the circuit is open waits for its end.
    admin.execute("select vibe.cancel_job('shop', %s)", [number])
    again = walk(admin, fake)
    assert again != number and job(admin, again)["run_at"] == paused["run_at"]
    # Somebody has repaired it.
    is_broken = False
    admin.execute("select vibe_private.close_circuit(1, 'walk', 'a')")
    assert until_status(admin, again, "done")["attempts"] == 0
    assert admin.execute("select count(*) from vibe.queue_circuits").fetchone()[0] == 0


def test_a_limit_of_the_far_side_is_no_failure(admin, make_fake, serve):
    left = ["0.3", "0.3", "0.3", "7"]

    def script(request):
        return (429, {"Retry-After": left.pop(0)}, b"") if request.path.startswith("/a/2") and left else page(request)

    fake = make_fake(script)
    serve(fake)
    number = walk(admin, fake, pages=3)
    # Short waits keep the server's place, a longer one gives it up.
    until(lambda: job(admin, number)["status"] == "queued" and not left, "the long wait")
    waiting = job(admin, number)
    assert waiting["attempts"] == 0 and waiting["error"] is None and waiting["run_at"] > waiting["now"]
    until_status(admin, number, "done")
    assert applied(admin, number) == [1, 2, 3]
    tries = [r.at for r in fake.requests if r.path.startswith("/a/2")]
    assert [round(b - a, 3) >= limit for a, b, limit in zip(tries, tries[1:], (0.3, 0.3, 0.3, 7))] == [True] * 4


def test_a_killed_server_loses_nothing(admin, make_fake, serve):
    reached = threading.Event()

    def script(request):
        if request.path.startswith("/a/4") and not reached.is_set():
            reached.set()
            time.sleep(1)
        return page(request)

    fake = make_fake(script)
    first = serve(fake)
    number = walk(admin, fake, pages=8)
    assert reached.wait(30)
    first.kill(signal.SIGKILL)
    left = job(admin, number)
    assert left["status"] == "running" and left["processed"] == 3
    serve(fake)
    # The other one waits until the lease of the dead is over, and goes on where it was.
    done = until_status(admin, number, "done")
    assert applied(admin, number) == list(range(1, 9)) and done["added"] == 8
    workers = admin.execute("select count(distinct worker) from public.applied").fetchone()[0]
    assert workers == 2


def test_two_servers_share_the_work_and_do_nothing_twice(admin, make_fake, serve):
    def script(request):
        time.sleep(0.01)
        return page(request)

    fake = make_fake(script)
    serve(fake), serve(fake)
    numbers = [walk(admin, fake, f"s{n}", pages=5) for n in range(30)]
    for number in numbers:
        until_status(admin, number, "done")
    assert admin.execute("select count(*), count(distinct (job_id, page)) from public.applied").fetchone() == (150, 150)
    assert len(fake.requests) == 150
    shares = [row[0] for row in admin.execute("select count(distinct job_id) from public.applied group by worker")]
    assert len(shares) == 2 and min(shares) > 0


def test_lost_connections_to_the_database_do_no_step_twice(admin, make_fake, serve):
    fake = make_fake(page)
    serve(fake)
    numbers = [walk(admin, fake, f"s{n}", pages=60) for n in range(4)]
    for _ in range(10):
        time.sleep(0.15)
        admin.execute("""select pg_terminate_backend(pid) from pg_stat_activity
            where usename = 'vibe_server' and datname = current_database() and query like '%queue_step%'""")
    for number in numbers:
        until_status(admin, number, "done")
        assert applied(admin, number) == list(range(1, 61))
        assert job(admin, number)["added"] == 60


def test_a_database_that_is_away_for_longer_than_a_lease(admin, make_fake, serve):
    held, release = threading.Event(), threading.Event()

    def script(request):
        if request.path.startswith("/a/3"):
            held.set()
            release.wait(30)
        return page(request)

    fake = make_fake(script)
    serve(fake)
    number = walk(admin, fake)
    assert held.wait(30)
    admin.execute("alter role vibe_server nologin")
    try:
        admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'vibe_server'")
        release.set()
        until(lambda: (found := job(admin, number))["lease_until"] < found["now"], "the end of the lease")
        time.sleep(1)
    finally:
        admin.execute("alter role vibe_server login")
    until_status(admin, number, "done")
    # The answer that came meanwhile is handed in, and nothing is asked for or stored twice.
    assert applied(admin, number) == [1, 2, 3, 4, 5] and len(fake.requests) == 5


def test_answers_that_are_none(admin, make_fake, serve):
    def script(request):
        match request.path:
            case "/slow":
                time.sleep(3)
                return 200, {}, b"late"
            case "/drip":
                return 200, {"Content-Length": "100"}, (time.sleep(0.1) or b"x" for _ in range(100))
            case "/hangup":
                return None
            case "/short":
                return 200, {"Content-Length": "100", "Connection": "close"}, b"x"
            case "/large":
                return 200, {"Content-Length": str(33 << 20)}, (b"x" * (1 << 20) for _ in range(33))
            case "/endless":
                return 200, {"Transfer-Encoding": "chunked"}, (b"100000\r\n" + b"x" * (1 << 20) + b"\r\n" for _ in range(40))
            case "/bomb":
                return 200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(60 << 20))
            case "/packed":
                return 200, {"Content-Encoding": "gzip"}, gzip.compress("schön".encode())
            case "/binary":
                return 200, {}, b"\xff\xfe"
            case "/zero":
                return 200, {}, b"a\0b"
            case "/moved":
                return 302, {"Location": "/target"}, b""
        return 200, {}, b"x" * int(request.path[1:])

    fake = make_fake(script)
    serve(fake)
    errors = {path: probe(admin, url=fake.url + path, timeout_ms=500 if path in ("/slow", "/drip") else 20000)
              for path in ("/slow", "/drip", "/hangup", "/short", "/large", "/endless", "/bomb", "/binary", "/zero")}
    assert {path: answer.get("error") for path, answer in errors.items()} == {
        "/slow": "timeout", "/drip": "timeout", "/hangup": "closed", "/short": "closed", "/large": "too_large",
        "/endless": "too_large", "/bomb": "too_large", "/binary": "not_text", "/zero": "not_text"}
    assert errors["/binary"]["status"] == 200
    assert probe(admin, url=fake.url + "/packed")["body"] == "schön"
    # The most that is taken, whole.
    assert len(probe(admin, url=f"{fake.url}/{32 << 20}")["body"]) == 32 << 20
    # A redirect is told and not followed.
    moved = probe(admin, url=fake.url + "/moved")
    assert (moved["status"], moved["headers"]["location"]) == (302, "/target")
    assert not [r for r in fake.requests if r.path == "/target"]


def test_requests_go_only_where_they_may(admin, make_fake, serve, tmp_path):
    inner, named = make_fake(page), make_fake(lambda request: (200, {}, b"named"))
    certificate = tmp_path / "own.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1", "-addext",
                    "subjectAltName=IP:127.0.0.1", "-keyout", certificate, "-out", tmp_path / "c.pem"], check=True, capture_output=True)
    certificate.write_text(certificate.read_text() + (tmp_path / "c.pem").read_text())
    strange = make_fake(lambda request: (200, {}, b""), certificate=str(certificate))
    serve(named, strange)
    port = inner.port
    asked = {
        f"http://127.0.0.1:{port}/": "not_allowed", f"https://127.0.0.1:{port}/": "not_allowed", f"https://localhost:{port}/": "not_allowed",
        f"https://[::1]:{port}/": "not_allowed", f"https://[::ffff:127.0.0.1]:{port}/": "not_allowed", f"https://2130706433:{port}/": "not_allowed",
        f"https://0x7f.1:{port}/": "not_allowed", f"https://0:{port}/": "not_allowed", "https://169.254.169.254/latest": "not_allowed",
        "https://10.0.0.1/": "not_allowed", "http://93.184.216.34/": "not_allowed", f"https://localhost:{named.port}/": "not_allowed",
        f"https://user:word@127.0.0.1:{named.port}/": "bad_url", "ftp://127.0.0.1/": "bad_url", "file:///etc/passwd": "bad_url",
        "127.0.0.1": "bad_url", "https://": "bad_url", "": "bad_url", "https://name.invalid/": "dns",
        # Somebody who is not who they say they are.
        f"{strange.url}/": "tls",
    }
    assert {url: probe(admin, url=url, timeout_ms=5000)["error"] for url in asked} == asked
    assert inner.connections == 0 and not strange.requests
    assert probe(admin, url=named.url)["body"] == "named"
    assert probe(admin, url=named.url, headers={"X-Bad": "a\r\nX-Worse: b"})["error"] == "bad_request"
    named.close()
    assert probe(admin, url=named.url)["error"] == "refused"


def test_cancelling(admin, make_fake, serve):
    held, release = threading.Event(), threading.Event()

    def script(request):
        if request.path.startswith("/a/2"):
            held.set()
            release.wait(30)
        return page(request)

    fake = make_fake(script)
    later = enqueue(admin, "walk", "later", {"base": fake.url, "pages": 1})
    admin.execute("update vibe.queue_jobs set run_at = now() + interval '1 day'")
    assert admin.execute("select vibe.cancel_job('shop', %s)", [later]).fetchone()[0] == "cancelled"
    serve(fake)
    number = walk(admin, fake)
    assert held.wait(30)
    assert admin.execute("select vibe.cancel_job('shop', %s)", [number]).fetchone()[0] == "cancelling"
    assert walk(admin, fake) == number
    release.set()
    cancelled = until_status(admin, number, "cancelled")
    # What was on its way is stored, and nothing more is asked for.
    assert applied(admin, number) == [1, 2] and cancelled["processed"] == 2
    time.sleep(0.5)
    assert len(fake.requests) == 2
    assert admin.execute("select vibe.cancel_job('shop', %s)", [number]).fetchone()[0] == "cancelled"
    assert admin.execute("select count(*) from vibe_private.queue_cancels").fetchone()[0] == 0
    # Another job of the subject may begin.
    assert walk(admin, fake, pages=1) != number


def test_a_server_that_stops_ends_its_requests_and_leaves_the_rest_to_others(admin, make_fake, serve):
    held = threading.Event()

    def script(request):
        if request.path.startswith("/a/3"):
            held.set()
            time.sleep(1.5)
        return page(request)

    fake = make_fake(script)
    first = serve(fake)
    number = walk(admin, fake)
    assert held.wait(30)
    first.stop()
    assert first.process.returncode == 0
    left = job(admin, number)
    assert (left["status"], left["processed"], left["attempts"], left["error"]) == ("queued", 3, 0, None)
    serve(fake)
    until_status(admin, number, "done")
    assert applied(admin, number) == [1, 2, 3, 4, 5] and len(fake.requests) == 5


def test_a_server_that_stops_does_not_wait_for_ever(admin, make_fake, serve):
    held, release = threading.Event(), threading.Event()

    def script(request):
        held.set()
        release.wait(60)
        return page(request)

    fake = make_fake(script)
    server = serve(fake)
    number = walk(admin, fake)
    assert held.wait(30)
    start = time.monotonic()
    server.stop()
    assert time.monotonic() - start < 20 and server.process.returncode == 0
    left = job(admin, number)
    assert (left["status"], left["attempts"]) == ("queued", 0)
    release.set()


def test_work_that_begins_by_itself(admin, make_fake, serve):
    fake = make_fake(page)
    admin.execute(f"""
        create function vibe_private.test_subjects() returns table (site_id int, subject text, input jsonb) language sql as
        $$ select 1, 'own', '{json.dumps({"base": fake.url, "pages": 1})}'::jsonb $$;
        update vibe_private.queue_kinds set every = '1 second', subjects_function = 'test_subjects' where kind = 'walk'""")
    serve(fake), serve(fake)
    until(lambda: admin.execute("select count(*) >= 4 from vibe.queue_jobs where status = 'done'").fetchone()[0], "four jobs")
    gaps = [row[0] for row in admin.execute(
        "select extract(epoch from created_at - lag(created_at) over (order by created_at))::float8 from vibe.queue_jobs")][1:]
    assert min(gaps) >= 1


def test_a_server_may_leave_the_work_to_others(admin, make_fake, serve):
    fake = make_fake(page)
    server = serve(fake, VIBE_QUEUE_JOBS="0")
    number = walk(admin, fake)
    time.sleep(1)
    assert job(admin, number)["status"] == "queued" and not fake.requests
    assert server.request("/healthz")[0] == 200
