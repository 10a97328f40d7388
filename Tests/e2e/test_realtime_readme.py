"""The examples of README's chapter Realtime, run as they stand."""
import os
import re
import subprocess
import sys

from browsing import eventually
from conftest import ROOT, connect
from talking import sign_up

CHAPTER = re.search(r"^### Realtime$(.*?)^##", (ROOT / "README.md").read_text(), re.M | re.S)[1]


def example(language):
    return re.search(rf"^```{language}\n(.*?)^```$", CHAPTER, re.M | re.S)[1]


def test_python(server):
    _, site, _ = sign_up(server, "ann")
    environment = os.environ | {"VIBE_URL": server.url, "VIBE_ANON_KEY": server.anon_key, "EMAIL": "ann@shop.example", "PASSWORD": "correct horse battery"}
    with subprocess.Popen([sys.executable, "-u", "-c", example("python")], env=environment, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout.readline() == "SUBSCRIBED\n"
        with connect(server.database) as session:
            session.execute("insert into vibe.site_users (site_id, name) values (%s, 'robot'), (%s, 'Ada')", [site, site])
        assert program.stdout.readline() == "INSERT Ada\n"
        program.terminate()


def test_event_source(server, person):
    _, site, _ = sign_up(server, "ann")
    page = person()
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(server.url + "/login")
    page.evaluate("""() => fetch("/auth/v1/token?grant_type=password", {method: "POST", headers: {"Content-Type": "application/json", "X-Vibe-Session": "cookie"},
        body: JSON.stringify({email: "ann@shop.example", password: "correct horse battery"})})""")
    page.evaluate("() => {" + example("js") + "}")
    assert eventually(page, lambda: "load what is shown, once more" in said, True) is True, said
    with connect(server.database) as session:
        session.execute("insert into vibe.site_users (site_id, name) values (%s, 'Ada')", [site])
    assert eventually(page, lambda: "site_users INSERT Ada" in said, True) is True, said
