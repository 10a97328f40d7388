"""The page of README's chapter "A dashboard of your own", served as it stands."""
import re
import shutil
import urllib.parse

import pytest
from playwright.sync_api import expect

from conftest import ROOT, connect

CHAPTER = re.search(r"^### A dashboard of your own$(.*?)^##", (ROOT / "README.md").read_text(), re.M | re.S)[1]


def block(language):
    [code] = re.findall(rf"^```{language}\n(.*?)^```$", CHAPTER, re.M | re.S)
    return code


@pytest.fixture
def wall(database, make_server, tmp_path):
    """A server whose dashboard has one page more."""
    shutil.copytree(ROOT / "Sources/Dashboard", tmp_path / "pages")
    for language, ending in (("html", "html"), ("js", "js")):
        (tmp_path / f"pages/dashboard/wall.{ending}").write_text(block(language))
    with connect(database) as admin:
        admin.execute("select vibe.create_demo_site('demo', visitors => 300, days => 35)")
        admin.execute("select vibe.create_user('demo@vibe.local', 'the demo password'), vibe.add_member('demo', 'demo@vibe.local', 'viewer')")
        yield make_server(database, VIBE_DASHBOARD_DIR=str(tmp_path / "pages")), admin


def test_the_page_works(wall, person):
    server, admin = wall
    page = person()
    page.goto(server.url + "/wall")
    expect(page).to_have_url(re.compile("/login"))
    page.evaluate("""async () => {
        const { session } = await import("/client.js")
        await session.signIn("demo@vibe.local", "the demo password")
    }""")
    page.problems.clear()
    page.goto(server.url + "/wall")
    expect(page.locator("h1")).to_have_text("demo")
    expect(page.locator("#online")).to_have_text(re.compile(r"^\d+ online$"))
    wanted = admin.execute("select value, users from vibe.stats_breakdown('demo', 'channel') where users >= 1 order by users desc, value limit 3").fetchall()
    assert len(wanted) == 3
    expect(page.locator("li")).to_have_text([f"{value}: {users}" for value, users in wanted])
    # The text that the page shows, in psql; and the file.
    assert admin.execute(page.locator("pre").inner_text()).fetchall() == wanted
    with page.expect_download() as begun:
        page.get_by_role("link", name="CSV").click()
    assert begun.value.suggested_filename == "channels.csv"
    lines = [f'"{value}",{users}' for value, users in wanted]
    assert open(begun.value.path(), encoding="utf-8-sig", newline="").read() == "\r\n".join(['"value","users"', *lines, ""])
    assert urllib.parse.urlsplit(page.url).path == "/wall"
    assert page.problems == []
