"""The chapter "REST" of README.md runs as it stands."""
from test_auth_readme import run


def test_rest_prints_what_the_readme_shows(server, monkeypatch):
    monkeypatch.setenv("TOKEN", "")
    assert run("REST", server, monkeypatch)[0] == ["python", "sh"]
