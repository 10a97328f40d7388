"""README.md runs as it stands: each ```sql block is executed by psql, in order, in a database with the demo shop.

The block after it is what psql printed: ```text must be equal; ```text sample (live data) must have the same column names.
"""
import re
import subprocess

import pytest

from conftest import ROOT, connect

FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.M | re.S)


def examples():
    """(line number, statement, kind of expectation, expected text) of every sql block."""
    text = (ROOT / "README.md").read_text()
    blocks = [(text[: m.start()].count("\n") + 1, m[1], m[2].strip(), m[3]) for m in FENCE.finditer(text)]
    for (line, language, _, statement), after in zip(blocks, blocks[1:] + [(0, "", "", "")]):
        if language == "sql":
            kind = ("sample" if "sample" in after[2] else "equal") if after[1] == "text" else "none"
            yield line, statement, kind, after[3]


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
