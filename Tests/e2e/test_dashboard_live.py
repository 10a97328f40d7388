"""Live pages: eight tabs with one stream, a server that goes and comes back, a stream that is cut, many changes a second.

What the pages must show is what the test itself wrote into the database.
"""
import json
import re
import threading
import time
import uuid

import pytest
from playwright.sync_api import expect

from browsing import eventually
from conftest import connect
from dashboard import board, panel, settle, visit  # noqa: F401  fixtures

TABS = 8
STREAM = re.compile(r"/realtime/v1/sse")
# Frames that came late, as the page's own clock sees them.
FRAMES = """() => {
    window.gaps = []
    let before = performance.now()
    const frame = (now) => { gaps.push(now - before); before = now; requestAnimationFrame(frame) }
    requestAnimationFrame(frame)
}"""


@pytest.fixture(autouse=True)
def nobody(board):
    """Nobody of the demo is online, so that the test's own visitors are alone; the server runs, whatever a test before did."""
    if board.server.process.poll() is not None:
        board.server.start()
    board.one("delete from vibe.online_users where site_id = %s returning 1", board.site_id)


def track(board, visitor, path, database=None):
    """A page view of this visitor, as their browser sends it."""
    payload = {"site": board.key, "sent_at": 1000, "visitor": f"visitor-{visitor}", "items": [
        {"type": "page_view", "id": str(uuid.uuid4()), "time": 1000, "url": f"https://x.test/{path}"}]}
    (database or board.database).execute("select * from vibe_private.ingest(array[%s], array['{}'::jsonb])", [json.dumps(payload)])


def rows(page):
    return panel(page, "Active users").locator("tbody tr")


def light(page):
    return page.locator("header.top [role=status]")


class Streams:
    """The event streams that a browser holds open, by the page that asked."""

    def __init__(self, context):
        self.running, self.opened = [], 0
        context.on("request", self.began)
        context.on("requestfinished", self.ended)
        context.on("requestfailed", self.ended)

    def began(self, request):
        if STREAM.search(request.url):
            self.running.append((request, request.frame.page))
            self.opened += 1

    def ended(self, request):
        self.running = [(other, page) for other, page in self.running if other != request]

    def holders(self):
        """A page that is closed tells nothing of the end of its requests."""
        return [page for _, page in self.running if not page.is_closed()]


def test_eight_tabs_share_one_stream(board, visit):
    first = settle(visit("/crm"))
    streams = Streams(first.context)
    first.reload()
    pages = [first] + [first.context.new_page() for _ in range(TABS - 1)]
    for page in pages[1:]:
        page.set_default_timeout(30_000)
        page.goto(board.url + "/crm")
    for page in pages:
        expect(light(page)).to_have_attribute("data-state", "live", timeout=60_000)
        settle(page)
    assert eventually(first, lambda: len(streams.holders()), 1) == 1
    track(board, "first", "all-tabs")
    for page in pages:
        expect(rows(page).filter(has_text="/all-tabs")).to_have_count(1, timeout=20_000)

    # The leading tab is closed, and somebody comes in that very moment: another tab takes over, no tab misses them.
    leading = streams.holders()[0]
    leading.close()
    track(board, "second", "in-the-gap")
    others = [page for page in pages if page is not leading]
    assert eventually(others[0], lambda: len(streams.holders()), 1, seconds=20) == 1
    for page in others:
        expect(light(page)).to_have_attribute("data-state", "live", timeout=20_000)
        expect(rows(page).filter(has_text="/in-the-gap")).to_have_count(1, timeout=20_000)
    track(board, "third", "after-it")
    for page in others:
        expect(rows(page)).to_have_count(3, timeout=20_000)
    assert len(streams.holders()) == 1


def test_the_server_restarts_under_an_open_page(board, visit):
    page = settle(visit("/crm"))
    track(board, "before", "before")
    expect(rows(page)).to_have_count(1, timeout=20_000)
    board.server.kill()
    # It says so, and what it showed stays.
    expect(light(page)).not_to_have_attribute("data-state", "live", timeout=20_000)
    expect(panel(page, "Active users").locator(".stale")).to_be_visible(timeout=30_000)
    expect(rows(page).filter(has_text="/before")).to_have_count(1)
    track(board, "meanwhile", "meanwhile")
    board.server.start()
    # Nobody touches the page: it comes back by itself, with what happened meanwhile and what happens next.
    expect(light(page)).to_have_attribute("data-state", "live", timeout=60_000)
    expect(rows(page).filter(has_text="/meanwhile")).to_have_count(1, timeout=20_000)
    expect(panel(page, "Active users").locator(".stale")).to_be_hidden()
    track(board, "after", "after")
    expect(rows(page)).to_have_count(3, timeout=20_000)
    expect(page.locator("data-panel[data-state=error]")).to_have_count(0)
    page.problems.clear()  # the browser logs each refused connection


def test_a_cut_stream_becomes_polling_and_live_again(board, visit):
    page = settle(visit("/crm"))
    streams = Streams(page.context)
    page.route(STREAM, lambda route: route.fulfill(status=503))
    board.server.restart()  # the stream is cut; questions are answered as before
    expect(light(page)).to_have_attribute("data-state", "polling", timeout=30_000)
    assert eventually(page, lambda: streams.opened > 0 and len(streams.holders()), 0, seconds=30) == 0
    track(board, "polled", "polled")
    expect(rows(page).filter(has_text="/polled")).to_have_count(1, timeout=30_000)  # the list is read every 10 s
    expect(light(page)).to_have_attribute("data-state", "polling")
    page.unroute(STREAM)
    expect(light(page)).to_have_attribute("data-state", "live", timeout=60_000)
    track(board, "live", "live")
    begun = time.monotonic()
    expect(rows(page).filter(has_text="/live")).to_have_count(1, timeout=8_000)  # sooner than polling would promise
    print(f"live again: row after {time.monotonic() - begun:.2f} s")
    page.problems.clear()


def test_two_hundred_changes_a_second(board, visit):
    """The page reads few times, answers clicks, and shows at the end who is there: 40 visitors, each where they went last."""
    page, reads, written = settle(visit("/crm")), [], []
    page.on("request", lambda request: reads.append(1) if "get_online_users" in request.url and "count" not in request.url else None)
    page.evaluate(FRAMES)
    stop = threading.Event()

    def write():
        with connect(board.server.database) as database:
            begun = time.monotonic()
            while not stop.is_set():
                n = len(written)
                track(board, n % 40, f"{n % 40}/{n // 40}", database)
                written.append(n)
                time.sleep(max(0, begun + n / 200 - time.monotonic()))

    writer = threading.Thread(target=write)
    writer.start()
    took = []
    try:
        end = time.monotonic() + 6
        while time.monotonic() < end:
            compare = page.get_by_role("button", name="Compare", exact=True)
            before, begun = compare.get_attribute("aria-pressed"), time.monotonic()
            compare.click()
            expect(compare).not_to_have_attribute("aria-pressed", before)
            took.append(time.monotonic() - begun)
            page.wait_for_timeout(300)
    finally:
        stop.set()
        writer.join()
    rate = len(written) / 6
    expect(rows(page)).to_have_count(40, timeout=20_000)
    latest = {n % 40: n // 40 for n in written}
    places = lambda: sorted(cell for cell in panel(page, "Active users").locator("tbody").inner_text().split() if re.fullmatch(r"/\d+/\d+", cell))  # noqa: E731
    wanted = sorted(f"/{visitor}/{turn}" for visitor, turn in latest.items())
    assert eventually(page, places, wanted, seconds=20) == wanted
    gaps = page.evaluate("gaps")
    print(f"{rate:.0f} changes/s, {len(reads)} reads, clicks {[round(one, 2) for one in took]}, longest frame {max(gaps):.0f} ms")
    assert len(reads) <= 40 and max(took) < 3
