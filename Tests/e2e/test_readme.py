"""README.md runs as it stands: each ```sql block is executed by psql, in order, in a database with the demo shop.

The block after it is what psql printed: ```text must be equal; ```text sample (live data) must have the same column names.
```sh run, ```python run and ```js run speak to a server with the same shop and the variables of .vibe/env: a shell each, one Python program
for all, the browser on a page of the server. Their ```text must be equal but for what … stands for.
"""
import contextlib
import io
import os
import re
import subprocess

import pytest

from browsing import eventually
from conftest import ROOT, connect

FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.M | re.S)


def blocks():
    """(line number, language, what stands behind it, code, kind of expectation, expected text) of every block."""
    text = (ROOT / "README.md").read_text()
    found = [(text[: m.start()].count("\n") + 1, m[1], m[2].strip(), m[3]) for m in FENCE.finditer(text)]
    for block, after in zip(found, found[1:] + [(0, "", "", "")]):
        kind = ("sample" if "sample" in after[2] else "equal") if after[1] == "text" else "none"
        yield *block, kind, after[3]


def examples():
    """(line number, statement, kind of expectation, expected text) of every sql block."""
    return [(line, code, kind, expected) for line, language, _, code, kind, expected in blocks() if language == "sql"]


def programs(*languages):
    """(line number, language, code, expected text) of every block that is to run outside of the database."""
    return [(line, language, code, expected if kind != "none" else "") for line, language, how, code, kind, expected in blocks()
            if how == "run" and language in languages]


def alike(expected, printed):
    """Equal, where … stands for any text of one line."""
    pattern = re.escape(expected.strip()).replace("…", ".*")
    return re.fullmatch(pattern, printed.strip()) is not None


def columns(printed):
    return [name.strip() for name in printed.lstrip("\n").split("\n", 1)[0].split("|")]


@pytest.fixture
def demo(database):
    with connect(database) as session:
        session.execute("select vibe.create_demo_site('demo', visitors => 500, days => 35)")
    yield database
    # Roles belong to the cluster, not to the database that is dropped.
    with connect(database) as session:
        session.execute("drop role if exists maria")


def test_sql_examples_print_what_the_readme_shows(demo):
    found = list(examples())
    assert len(found) >= 5, "README.md has lost its examples"
    for line, statement, kind, expected in found:
        printed = subprocess.run(
            ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-P", "pager=off", "-d", demo, "-c", "set search_path = vibe, public", "-c", statement],
            capture_output=True, text=True,
        )
        assert printed.returncode == 0, f"README.md:{line}: {printed.stderr}"
        if kind == "equal":
            assert printed.stdout.strip() == expected.strip(), f"README.md:{line}"
        elif kind == "sample":
            assert columns(printed.stdout) == columns(expected), f"README.md:{line}"


@pytest.fixture
def served(demo, make_server, monkeypatch):
    """A server over the demo shop with the login that `make run` makes; the environment is that of .vibe/env."""
    with connect(demo) as session:
        session.execute("select vibe.create_user('demo@vibe.local', 'the demo password'), vibe.add_member('demo', 'demo@vibe.local', 'owner')")
    server = make_server(demo)
    for name, value in {"VIBE_URL": server.url, "VIBE_ANON_KEY": server.anon_key, "VIBE_SECRET_KEY": server.secret_key,
                        "VIBE_DEMO_EMAIL": "demo@vibe.local", "VIBE_DEMO_PASSWORD": "the demo password", "PGDATABASE": demo}.items():
        monkeypatch.setenv(name, value)
    return server


def test_programs_print_what_the_readme_shows(served):
    found, names = programs("sh", "python"), {"__name__": "__main__"}
    assert {language for _, language, _, _ in found} == {"sh", "python"}, "README.md has lost its examples"
    for line, language, code, expected in found:
        if language == "sh":
            shell = subprocess.run(["bash", "-euo", "pipefail", "-c", code], env=os.environ, capture_output=True, text=True, timeout=120)
            assert shell.returncode == 0, f"README.md:{line}: {shell.stderr}"
            printed = shell.stdout
        else:
            with contextlib.redirect_stdout(io.StringIO()) as shown:
                exec(compile("\n" * line + code, "README.md", "exec"), names)
            printed = shown.getvalue()
        assert alike(expected, printed), f"README.md:{line} printed:\n{printed}"


def test_pages_log_what_the_readme_shows(served, person):
    found = programs("js")
    assert found, "README.md has lost its examples"
    for line, _, code, expected in found:
        page, logged = person(), []
        page.on("console", lambda message: logged.append(message.text) if message.type == "log" else None)
        page.on("dialog", lambda dialog: dialog.accept("the demo password"))
        page.goto(served.url + "/login")
        page.evaluate(f"(async () => {{ {code} }})()")
        lines = len(expected.strip().splitlines())
        eventually(page, lambda: len(logged) >= lines, True, seconds=30)
        assert alike(expected, "\n".join(logged)), f"README.md:{line} logged: {logged}, {page.problems}"
