"""Fixtures of the end-to-end tests: fresh databases on the test cluster and real `vibe serve` processes.

The environment comes from `.dev/test`: PGHOST PGPORT PGUSER (superuser over the unix socket), VIBE_PG_BINDIR, VIBE_BIN.
"""
import asyncio
import concurrent.futures
import contextlib
import json
import os
import pathlib
import secrets
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import psycopg
import pytest
from psycopg import sql

from browsing import chromium, person  # noqa: F401  fixtures of the tests that need a browser

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEMPLATE = "vibe_template"


def connect(dbname="postgres", **options):
    """A superuser connection, or another role's with user=…; autocommit unless told otherwise."""
    return psycopg.connect(dbname=dbname, **{"autocommit": True, **options})


def finish(work, seconds=120):
    """Runs a coroutine to its end, in a thread of its own: the browser of other tests keeps a loop running in this one."""
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, asyncio.wait_for(work, seconds)).result()


@contextlib.contextmanager
def new_database():
    """The name of a database made from the installed template, dropped at the end."""
    name = f"vibe_test_{secrets.token_hex(4)}"
    with connect() as admin:
        admin.execute(sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(TEMPLATE)))
    try:
        yield name
    finally:
        with connect() as admin:
            admin.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
def make_database():
    """Makes databases from the installed template and drops them after the test."""
    with contextlib.ExitStack() as made:
        yield lambda: made.enter_context(new_database())


@pytest.fixture
def database(make_database):
    """The name of a fresh database with the extension and its tables."""
    return make_database()


class Server:
    """One `vibe serve` process against one database, on a port of its own."""

    def __init__(self, dbname, directory, **environment):
        self.directory = pathlib.Path(directory)
        self.log = self.directory / "vibe.log"
        password = set_server_password()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = os.environ | {
            "PGDATABASE": dbname,
            "VIBE_DB_USER": "vibe_server",
            "VIBE_DB_PASSWORD": password,
            "VIBE_LISTEN": f"127.0.0.1:{self.port}",
            "VIBE_JWT_SECRET": secrets.token_hex(32),
            "VIBE_DASHBOARD_DIR": str(ROOT / "Sources/Dashboard"),
        } | environment
        keys = subprocess.run([os.environ["VIBE_BIN"], "keys"], env=self.environment, check=True, capture_output=True, text=True).stdout
        exported = dict(line.removeprefix("export ").split("=", 1) for line in keys.splitlines() if line.startswith("export "))
        self.anon_key = exported["VIBE_ANON_KEY"].strip("'\"")
        self.secret_key = exported["VIBE_SECRET_KEY"].strip("'\"")
        self.process = None

    def start(self):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen([os.environ["VIBE_BIN"], "serve"], env=self.environment, stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(self.url + "/healthz", timeout=2) as answer:
                    if answer.status == 200:
                        return self
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        raise RuntimeError(f"vibe serve did not come up:\n{self.log.read_text()[-4000:]}")

    def kill(self, number=signal.SIGKILL):
        self.process.send_signal(number)
        self.process.wait(30)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.kill(signal.SIGTERM)

    def restart(self):
        self.stop()
        return self.start()

    def request(self, path, body=None, token=None, method=None, headers=None):
        """(status, parsed JSON or text) of one request; `body` is sent as JSON, `token` as bearer with the anon key as apikey."""
        headers = {"apikey": self.anon_key, "Authorization": f"Bearer {token or self.anon_key}"} | (headers or {})
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        request = urllib.request.Request(self.url + path, data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                status, text = answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read().decode()
        try:
            return status, json.loads(text)
        except ValueError:
            return status, text


def set_server_password():
    """One password for vibe_server on the whole test cluster (roles belong to the cluster, tests run one after another)."""
    password = "test-" + os.environ["PGPORT"]
    with connect() as admin:
        admin.execute(sql.SQL("alter role vibe_server password {}").format(sql.Literal(password)))
    return password


@pytest.fixture
def make_server(tmp_path):
    """Starts servers (`make_server(dbname, NAME=value…)`) and stops them after the test."""
    started = []

    def make(dbname, **environment):
        started.append(Server(dbname, tmp_path, **environment).start())
        return started[-1]

    yield make
    for server in started:
        server.stop()


@pytest.fixture
def server(database, make_server):
    """A running server over a fresh database."""
    running = make_server(database)
    running.database = database
    return running
