"""The chapter "Sign-in and keys" of README.md runs as it stands: its python and shell blocks print the text after them."""
import contextlib
import io
import os
import re
import subprocess

from conftest import ROOT
from test_readme import FENCE


def blocks(chapter):
    """(language, code, what it prints) in order."""
    text = re.split(r"\n##+ ", (ROOT / "README.md").read_text().split(f"\n### {chapter}\n")[1])[0]
    found = [(m[1], m[3]) for m in FENCE.finditer(text)]
    for (language, code), after in zip(found, found[1:] + [("", "")]):
        if language != "text":
            yield language, code, after[1] if after[0] == "text" else ""


def run(chapter, server, monkeypatch):
    """Runs a chapter's blocks, compares what they print, and gives their languages and the names they made."""
    monkeypatch.setenv("VIBE_URL", server.url)
    monkeypatch.setenv("VIBE_ANON_KEY", server.anon_key)
    names, seen = {}, []
    for language, code, expected in blocks(chapter):
        seen.append(language)
        if language == "python":
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(code, "README.md", "exec"), names)
            assert printed.getvalue() == expected
        else:
            answer = subprocess.run(["bash", "-c", code], env=os.environ, check=True, capture_output=True, text=True).stdout
            assert answer.strip() == expected.strip()
    return seen, names


def test_sign_in_and_keys_print_what_the_readme_shows(server, monkeypatch):
    seen, names = run("Sign-in and keys", server, monkeypatch)
    assert seen == ["python", "python", "sh"]
    assert server.request("/rest/v1/sites", token=names["key"])[0] == 401  # revoked
