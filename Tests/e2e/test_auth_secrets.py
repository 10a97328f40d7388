"""What must not be seen or done at the door: secrets in logs, guessing, sign-ins that make others wait."""
import concurrent.futures
import os
import pathlib
import threading

import psycopg
import pytest

from conftest import connect

PASSWORD = "correct horse battery"


def sign_in(server, email, password=PASSWORD):
    return server.request("/auth/v1/token?grant_type=password", {"email": email, "password": password})


def test_secrets_are_in_no_log_and_no_table(database, make_server):
    server = make_server(database, VIBE_LOG_LEVEL="trace")
    log_of_database = pathlib.Path(os.environ["PGHOST"]) / "log"
    began = log_of_database.stat().st_size
    secrets = {"password": PASSWORD, "new password": "battery staple x", "wrong password": "a guess of mine"}
    account = {"email": "ann@example.com", "password": PASSWORD}
    session = server.request("/auth/v1/signup", account)[1]
    secrets |= {"access token": session["access_token"], "refresh token": session["refresh_token"]}
    token = session["access_token"]
    sign_in(server, "ann@example.com", secrets["wrong password"])
    refreshed = server.request("/auth/v1/token?grant_type=refresh_token", {"refresh_token": session["refresh_token"]})[1]
    secrets["second refresh token"] = refreshed["refresh_token"]
    server.request("/rest/v1/rpc/create_site", {"name": "shop"}, token=token)
    secrets["API key"] = server.request("/rest/v1/rpc/create_api_key", {"name": "k"}, token=token)[1]
    assert server.request("/rest/v1/sites", token=secrets["API key"])[0] == 200
    server.request(f"/rest/v1/sites?apikey={secrets['API key']}")  # addresses are logged without what is after the question mark
    secrets["invitation"] = server.request("/rest/v1/rpc/invite_member", {"site": "shop", "email": "b@example.com", "role": "viewer"}, token=token)[1]
    assert server.request("/rest/v1/rpc/accept_invitation", {"token": secrets["invitation"]}, token=token)[0] == 400
    secrets["reset"] = server.request("/rest/v1/rpc/create_password_reset", {"email": "ann@example.com"}, token=server.secret_key)[1]
    assert server.request("/auth/v1/verify", {"type": "recovery", "token_hash": secrets["reset"]})[0] == 200
    # Bodies that cannot be read: PostgreSQL would show them in its log.
    for broken in (b'{"email":"ann@example.com","password":"%s"', b'{"password":"%s","email":"\\u0000"}', b'["%s"]', b'{"password":"%s\xff"}'):
        assert server.request("/auth/v1/token?grant_type=password", broken.replace(b"%s", PASSWORD.encode()))[0] == 400
    assert server.request("/auth/v1/user", {"password": secrets["new password"]}, token=token, method="PUT")[0] == 200
    server.request("/auth/v1/logout", {}, token=token)
    server.request("/rest/v1/sites", token=token)
    figures = server.request("/metrics")[1]
    secrets |= {"anon key": server.anon_key, "secret key": server.secret_key, "signing secret": server.environment["VIBE_JWT_SECRET"],
                "database password": server.environment["VIBE_DB_PASSWORD"]}
    server.stop()
    with log_of_database.open("rb") as log:
        log.seek(began)
        logged = log.read().decode(errors="replace")
    written = server.log.read_text()
    assert "/auth/v1/signup" in written, "the log at this level tells of requests"
    with connect(database) as admin:
        tables = [name for name, in admin.execute("""select c.oid::regclass::text from pg_class as c where c.relkind in ('r', 'p')
            and c.relnamespace in ('vibe'::regnamespace, 'vibe_private'::regnamespace) and not c.relispartition""")]
        stored = "\n".join(admin.execute(f"select coalesce(string_agg(t::text, ' '), '') from {name} as t").fetchone()[0] for name in tables)
    for name, secret in secrets.items():
        for place, text in (("server's log", written), ("database's log", logged), ("figures", figures), ("tables", stored)):
            assert secret not in text, f"{name} is in the {place}"


def test_guessing_ends_for_known_and_unknown_accounts_alike(server):
    server.request("/auth/v1/signup", {"email": "ann@example.com", "password": PASSWORD})
    with connect(server.database) as database:
        database.execute("""insert into vibe_private.attempts (kind, subject, attempts)
            select 'password of account', who || '@example.com', 18 from unnest(array['ann', 'ghost']) as who""")
    for email in ("ann@example.com", "ghost@example.com"):
        answers = [sign_in(server, email, "wrong") for _ in range(3)]
        assert [(status, answer["error_code"]) for status, answer in answers] == [
            (400, "invalid_credentials"), (400, "invalid_credentials"), (429, "over_request_rate_limit")]
    assert sign_in(server, "ann@example.com")[0] == 429  # the right password too
    # From this address a hundred failures, whatever the account.
    with connect(server.database) as database:
        database.execute("delete from vibe_private.attempts where kind = 'password of account'")
        database.execute("update vibe_private.attempts set attempts = 99 where kind = 'password from address'")
    assert [sign_in(server, f"{who}@example.com", "wrong")[0] for who in ("x", "y")] == [400, 429]


def test_a_one_time_token_works_once_however_many_try(server):
    server.request("/auth/v1/signup", {"email": "ann@example.com", "password": PASSWORD})
    token = server.request("/rest/v1/rpc/create_password_reset", {"email": "ann@example.com"}, token=server.secret_key)[1]
    with concurrent.futures.ThreadPoolExecutor(8) as crowd:
        statuses = list(crowd.map(lambda _: server.request("/auth/v1/verify", {"type": "recovery", "token_hash": token})[0], range(8)))
    assert sorted(statuses) == [200] + [403] * 7


def test_sign_ins_do_not_make_requests_wait(database, make_server):
    server = make_server(database, VIBE_POOL_SIZE="1")
    session = server.request("/auth/v1/signup", {"email": "ann@example.com", "password": PASSWORD})[1]
    done, first = [], threading.Event()

    def guess(number):
        first.set()
        done.append(sign_in(server, f"nobody-{number}@example.com")[0])

    with concurrent.futures.ThreadPoolExecutor(12) as crowd:
        guesses = [crowd.submit(guess, number) for number in range(12)]
        first.wait(10)
        # Twelve comparisons take seconds, two at a time; these need none of them.
        assert server.request("/rest/v1/sites", token=session["access_token"])[0] == 200
        assert server.request("/auth/v1/user", token=session["access_token"])[0] == 200
        assert server.request("/auth/v1/token?grant_type=refresh_token", {"refresh_token": session["refresh_token"]})[0] == 200
        assert len(done) < 12, "requests waited for sign-ins"
        for one in guesses:
            one.result()
    assert done == [400] * 12


@pytest.mark.parametrize("statement", [
    "select * from vibe_private.users", "select vibe_private.auth('password', '{}', '{}')", "select vibe_private.use_api_key('x')",
    "select vibe_private.answer_auth('password', '{}', '{}')", "select vibe_private.new_secret()", "select * from vibe_private.api_keys",
])
def test_no_role_of_a_request_reaches_accounts(database, statement):
    for role in ("vibe_anon", "vibe_member", "vibe_operator"):
        with connect(database, user="vibe_server") as session:
            session.execute(f"set role {role}")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute(statement)
