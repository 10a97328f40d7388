"""/client.js in a real browser: what a page gets from it, against the real server and database."""
import pytest

from browsing import eventually
from conftest import connect

PASSWORD = "a long enough password"
OWNER = "owner@example.org"


@pytest.fixture
def shop(server):
    """A shop with an owner, and the database as a superuser."""
    with connect(server.database) as admin:
        admin.execute("select vibe.create_user(%s, %s)", (OWNER, PASSWORD))
        for name in ("shop", "other"):
            admin.execute("select vibe.create_site(%s, time_zone => 'America/Sao_Paulo')", (name,))
            admin.execute("select vibe.add_member(%s, %s, 'owner')", (name, OWNER))
        yield admin


def open_client(page, server):
    """A page that is signed in and has loaded its sites; `client` is the module."""
    page.goto(server.url + "/login")
    page.evaluate(
        """async ([email, password]) => {
            window.client = await import("/client.js")
            await client.session.signIn(email, password)
            await client.site.load()
        }""",
        [OWNER, PASSWORD],
    )
    return page


def visit(admin, name, site="shop"):
    """A visitor with a page open, as the tracker tells of them."""
    admin.execute(
        """insert into vibe.site_users (site_id, anonymous_id, external_id, name)
           values (vibe.site_id(%s), gen_random_uuid(), %s, %s)""",
        (site, name, name),
    )


def test_online_users_follow_the_database(server, shop, person):
    page = open_client(person(), server)
    page.evaluate("void client.onlineUsers.subscribe(() => {})")
    assert eventually(page, lambda: page.evaluate("client.live.state"), "live") == "live"
    assert eventually(page, lambda: page.evaluate("client.onlineUsers.data?.total"), 0) == 0
    assert page.problems == []
