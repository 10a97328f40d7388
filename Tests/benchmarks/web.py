"""Servers and load generators for the benchmarks of the HTTP doors.

`vibe serve` and the twin of its doors in FastAPI (`fastapi_twin.py`, with uvicorn and asyncpg) run against the benchmark's database;
wrk and pgbench, both C, load them, and `subscribers.c` reads streams. Programs take turns, so that a noisy neighbour hits all of them.
Needs wrk, cc, VIBE_BIN and a database made from the template (PGHOST, PGPORT, PGDATABASE), which `run` makes.
"""
import base64
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BIN = os.environ.get("VIBE_BIN", str(ROOT / ".build/release/vibe"))
PGBIN = pathlib.Path(os.environ.get("VIBE_PG_BINDIR", ""))
SHARE = float(os.environ.get("VIBE_BENCH_SHARE", "1"))
SECRET = "a secret of this benchmark and nothing else"
PAIRS = int(os.environ.get("VIBE_BENCH_PAIRS", "5"))
SECONDS = max(1, round(float(os.environ.get("VIBE_BENCH_SECONDS", "4")) * min(1, SHARE * 2)))


def psql(sql):
    """Runs SQL as superuser; gives what it prints."""
    command = [PGBIN / "psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-c", "set client_min_messages = warning", "-c", sql]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fetch(url, body=None, token=None, headers=None):
    """Status and JSON of one request."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {}) | (headers or {})
    request = urllib.request.Request(url, data=body if body is None or isinstance(body, bytes) else json.dumps(body).encode(), headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


class Process:
    """A server process: its base URL, its memory and its processor time."""

    def __init__(self, command, port, ready, **environment):
        self.url, self.log = f"http://127.0.0.1:{port}", tempfile.TemporaryFile()
        began = time.monotonic()
        self.process = subprocess.Popen(
            command, env=os.environ | environment, cwd=HERE, stdout=self.log, stderr=self.log, start_new_session=True)
        while not self._answers(ready):
            if self.process.poll() is not None or time.monotonic() > began + 30:
                self.log.seek(0)
                sys.exit(f"{command[0]} did not become ready:\n{self.log.read().decode()[-3000:]}")
            time.sleep(0.005)
        self.ready_after = time.monotonic() - began

    def _answers(self, ready):
        try:
            with urllib.request.urlopen(self.url + ready, timeout=2) as answer:
                return b"false" not in answer.read()
        except OSError:
            return False

    def memory(self):
        """Resident bytes."""
        return int(re.search(r"VmRSS:\s*(\d+)", pathlib.Path(f"/proc/{self.process.pid}/status").read_text())[1]) * 1024

    def processor_time(self):
        """Seconds that it has run so far, whatever else the machine does."""
        return sum(int(file.read_text().split()[0]) for file in pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")) / 1e9

    def __enter__(self):
        return self

    def __exit__(self, *error):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait()


def vibe(**environment):
    """`vibe serve` with its default settings but for those given."""
    port = free_port()
    settings = {
        "VIBE_JWT_SECRET": SECRET, "VIBE_LISTEN": f"127.0.0.1:{port}", "VIBE_LOG_LEVEL": "warning",
        "VIBE_DASHBOARD_DIR": str(ROOT / "Sources/Dashboard"), "VIBE_TRACK_RATE": "1000000", "VIBE_TRACK_SITE_RATE": "1000000"}
    return Process([BIN, "serve"], port, "/healthz", **settings | environment)


def fastapi(workers=2):
    """The same doors in FastAPI, on uvicorn with uvloop and httptools; gives `None` where those are not installed."""
    python = ROOT / ".venv/bin/python"
    if subprocess.run([python, "-c", "import fastapi, uvicorn, uvloop, httptools, asyncpg, jwt"], capture_output=True).returncode:
        print("   without FastAPI: it is not installed", flush=True)
        return contextlib.nullcontext()
    port = free_port()
    command = [python, "-m", "uvicorn", "fastapi_twin:app", "--port", str(port), "--workers", str(workers), "--no-access-log", "--log-level", "warning"]
    return Process(command, port, "/healthz", BENCH_SECRET=SECRET, BENCH_CONNECTIONS=str(16 // workers))


def create_site(name):
    """Its number and its public key."""
    psql(f"select vibe.create_site('{name}', domain => 'shop.example')")
    number, key = psql(f"select site_id, key from vibe.sites where name = '{name}'").split("|")
    return int(number), key


def member(server, site="bench"):
    """Signs up an account that is member of a new site; gives its token, the claims in it as text, the site's number and its key."""
    email, password = f"{site}@bench.example", "a long benchmark password"
    status, session = fetch(f"{server.url}/auth/v1/signup", {"email": email, "password": password})
    if status != 200:
        sys.exit(f"signing up failed: {session}")
    token = session["access_token"]
    number, key = create_site(site)
    payload = token.split(".")[1]
    claims = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()
    psql(f"insert into vibe.site_members (site_id, user_id, role) values ({number}, '{json.loads(claims)['sub']}', 'member')")
    return token, claims, number, key


class Subscribers:
    """Open streams in a process of their own."""

    def __init__(self, server, token, count, path="/realtime/v1/sse?tables=user_events"):
        port = server.url.rsplit(":", 1)[1]
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder) / "subscribers"
            subprocess.run(["cc", "-O2", "-o", program, HERE / "subscribers.c"], check=True)
            self.process = subprocess.Popen([program, port, token, str(count), path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            if self.process.stdout.readline() != "ready\n":
                sys.exit("the subscribers did not become ready")

    def end(self):
        """Changes that came, and the delays in ms: 50th and 99th percentile and the longest."""
        output, _ = self.process.communicate("")
        if self.process.returncode:
            sys.exit("the subscribers lost a stream")
        count, *delays = output.split()
        return int(count), *map(float, delays)


def wrk(url, connections, script, seconds=SECONDS):
    """Requests a second; anything but a 2xx ends the benchmark."""
    if not shutil.which("wrk"):
        sys.exit("wrk is missing: apt-get install wrk")
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s", "-s", file.name, url]
        return figure(r"Requests/sec:\s*([\d.]+)", command)


def request_script(token, body=None):
    """A wrk script that sends one request again and again."""
    head = f'wrk.headers["Authorization"] = "Bearer {token}"\n'
    return head if body is None else f"{head}wrk.method = 'POST'\nwrk.body = '{body}'\nwrk.headers['Content-Type'] = 'application/json'\n"


def pgbench(script, connections, seconds=SECONDS, variables=None, user="vibe_server", options=()):
    """Transactions a second."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        names = [option for name, value in (variables or {}).items() for option in ("-D", f"{name}={value}")]
        command = [PGBIN / "pgbench", "-n", "-M", "prepared", "-U", user, "-c", str(connections), "-j", "1", "-T", str(seconds), *options, *names,
                   "-f", file.name, os.environ["PGDATABASE"]]
        return figure(r"tps = ([\d.]+)", command)


def figure(pattern, command):
    """The number that `pattern` finds in what a command prints."""
    output = subprocess.run(command, capture_output=True, text=True)
    found = re.search(pattern, output.stdout)
    if output.returncode or not found or "Non-2xx" in output.stdout:
        sys.exit(f"{command[0]} failed:\n{output.stdout}{output.stderr}")
    return float(found[1])


def take_turns(title, programs, pairs=PAIRS):
    """Runs each of `programs` (name → callable that gives a rate) once a round; gives the medians of the first one's ratios to the others."""
    rates = {name: [] for name in programs}
    for _ in range(pairs):
        for name, program in programs.items():
            rates[name].append(program())
    first = next(iter(programs))
    print(f"   {title}: " + ", ".join(f"{name} {statistics.median(all_):,.0f}/s" for name, all_ in rates.items()), flush=True)
    return {name: statistics.median(a / b for a, b in zip(rates[first], all_)) for name, all_ in rates.items() if name != first}


def report(title, value, target, unit="", most=False):
    """Prints one figure; true if it reaches its target (`most`: does not pass it)."""
    good = value <= target if most else value >= target
    shown = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.2f}"
    print(f"   {title}: {shown} {unit} (target {'at most' if most else 'at least'} {target:,g}: {'ok' if good else 'MISSED'})", flush=True)
    return good
