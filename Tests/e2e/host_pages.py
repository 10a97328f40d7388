"""Pages of a site that is not ours, with the tracker in them: another origin, answered for by the test itself."""
import pytest

from conftest import connect

HOST = "http://localhost:9"  # nothing listens there
STUB = """
for (const door of ["vibeTrack", "vibeIdentify", "vibeConsent"])
  window[door] ??= (...given) => (window.vibeQueue ??= []).push([door, ...given]);
"""


@pytest.fixture
def site(server):
    """A site on a running server: its key and ways to look into its tables."""

    class Site:
        url = server.url
        database = connect(server.database)

        def rows(self, query):
            return [list(row) for row in self.database.execute(query, {"site": self.site_id}).fetchall()]

        def events(self):
            return self.rows("""select event_name, page, properties ->> 'n' from vibe.user_events
                                where site_id = %(site)s order by occurred_at, event_id""")

        def visitors(self):
            return self.rows("select anonymous_id from vibe.site_users where site_id = %(site)s order by user_id")

    found = Site()
    found.site_id = found.database.execute("select vibe.create_site('host')").fetchone()[0]
    found.key = found.database.execute("select key from vibe.sites where site_id = %s", [found.site_id]).fetchone()[0]
    yield found
    found.database.close()


@pytest.fixture
def visit(site, person):
    """Opens a page of the host site that embeds the tracker with `options`; `before` is script that runs ahead of it.

    The page's `sent` collects the envelopes it posts.
    """

    def open_page(path="/", before="", page=None, options=""):
        page = page or person()
        page.sent = []
        page.on("request", lambda request: page.sent.append(request.post_data_json) if request.url.endswith("/track") else None)
        page.route(f"{HOST}/**", lambda route: route.fulfill(content_type="text/html", body=f"""<!doctype html>
            <title>Start</title><script>{before}</script>
            <script async src="{site.url}/tracker.js" data-site="{site.key}" {options}></script>
            <a href="/next">Next</a> <a href="/last">Last</a>"""))
        page.goto(HOST + path)
        page.wait_for_load_state()
        return page

    return open_page
