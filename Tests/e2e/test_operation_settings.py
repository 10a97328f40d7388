"""`vibe serve` says what it can be told, and what is wrong with what it was told, by the variable's name."""
import os
import re
import socket
import subprocess

import pytest

from conftest import ROOT

LEAST = {"PGDATABASE": "nowhere", "VIBE_JWT_SECRET": "x" * 32, "VIBE_DASHBOARD_DIR": str(ROOT / "Sources/Dashboard")}


def serve(**given):
    """What `vibe serve` answers at once with nothing but these variables."""
    environment = {"PATH": os.environ["PATH"], "PGHOST": os.environ["PGHOST"]} | LEAST | given
    return subprocess.run([os.environ["VIBE_BIN"], "serve"], env=environment, capture_output=True, text=True, timeout=60)


def test_readme_lists_the_settings_that_help_lists():
    printed = subprocess.run([os.environ["VIBE_BIN"], "serve", "--help"], check=True, capture_output=True, text=True).stdout
    helped = {}
    for line in printed.split("USAGE")[0].splitlines():
        if entry := re.match(r"  ((?:PG|VIBE_)\w+)  (.+)", line):
            helped[entry[1]] = (entry[2], [])
        elif helped and line.strip():  # the meaning, perhaps over several lines
            list(helped.values())[-1][1].append(line.strip())
    helped = [(name, fallback, " ".join(meaning)) for name, (fallback, meaning) in helped.items()]
    chapter = (ROOT / "README.md").read_text().split("## Run the server")[1].split("\n## ")[0]
    assert helped == re.findall(r"^\| `((?:PG|VIBE_)\w+)` \| (.+?) \| (.+?) \|$", chapter, re.M)
    assert len(helped) > 10


@pytest.mark.parametrize("name, value", [
    ("PGDATABASE", ""), ("PGPORT", "many"), ("VIBE_JWT_SECRET", "too short"), ("VIBE_DASHBOARD_DIR", "/nowhere"),
    ("VIBE_LISTEN", "8080"), ("VIBE_LISTEN", "0.0.0.0:8080"), ("VIBE_TRUSTED_PROXIES", "proxy.example"),
    ("VIBE_CORS_ORIGINS", "shop.example"), ("VIBE_POOL_SIZE", "none"), ("VIBE_TRACK_RATE", "0"),
    ("VIBE_LOG_LEVEL", "loud"), ("VIBE_POOL_SIZES", "5")])
def test_a_wrong_setting_is_named(name, value):
    ended = serve(**{name: value})
    assert ended.returncode != 0 and name in ended.stderr
    assert "too short" not in ended.stderr, "a secret was printed"


def test_an_address_in_use_is_named():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ended = serve(VIBE_LISTEN="127.0.0.1:%d" % taken.getsockname()[1])
    assert ended.returncode != 0 and "VIBE_LISTEN" in ended.stderr and "in use" in ended.stderr
