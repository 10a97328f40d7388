"""The chapter "Sign-in and keys" of README.md runs as it stands: its python and shell blocks print the text after them."""
import contextlib
import io
import os
import subprocess

from conftest import ROOT
from test_readme import FENCE


def blocks():
    """(language, code, what it prints) in order."""
    chapter = (ROOT / "README.md").read_text().split("\n### Sign-in and keys\n")[1].split("\n## ")[0]
    found = [(m[1], m[3]) for m in FENCE.finditer(chapter)]
    for (language, code), after in zip(found, found[1:] + [("", "")]):
        if language != "text":
            yield language, code, after[1] if after[0] == "text" else ""


def test_sign_in_and_keys_print_what_the_readme_shows(server, monkeypatch):
    monkeypatch.setenv("VIBE_URL", server.url)
    monkeypatch.setenv("VIBE_ANON_KEY", server.anon_key)
    names, seen = {}, []
    for language, code, expected in blocks():
        seen.append(language)
        if language == "python":
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(code, "README.md", "exec"), names)
            assert printed.getvalue() == expected
        else:
            answer = subprocess.run(["bash", "-c", code], env=os.environ, check=True, capture_output=True, text=True).stdout
            assert answer.strip() == expected.strip()
    assert seen == ["python", "python", "sh"]
    assert server.request("/rest/v1/sites", token=names["key"])[0] == 401  # revoked
