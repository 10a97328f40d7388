"""The tracker in pages that are not ours: another origin, odd callers, a server that comes and goes.

Expected rows are written down from what the test itself did in the page.
"""
import gzip
import json
import pathlib

import pytest

from browsing import eventually
from host_pages import HOST, STUB, site, visit  # noqa: F401  fixtures

TRACKER = pathlib.Path(__file__).resolve().parents[2] / "Sources/Dashboard/tracker/tracker.js"


def test_size():
    """At most 2,500 bytes as gzip -9 packs it."""
    assert len(gzip.compress(TRACKER.read_bytes(), 9)) <= 2500


def test_single_page_application(site, visit):
    page = visit("/start?a=1")
    page.evaluate("history.pushState(null, '', '/list'); document.title = 'List'")
    page.wait_for_timeout(300)  # longer than the tracker gathers, so that the title of this view is sent
    page.evaluate("history.replaceState({}, '', '/list#part')")  # a hash is no new page
    page.evaluate("history.pushState({}, '', '/list')")
    page.evaluate("history.pushState({}, '', '/list?sort=price'); document.title = 'By price'")
    page.wait_for_timeout(300)
    page.evaluate("history.back()")
    page.wait_for_url("**/list")
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")  # as after the back-forward cache
    wanted = [["/start", "Start"], ["/list", "List"], ["/list", "By price"], ["/list", "By price"], ["/list", "By price"]]
    views = """select page, title from vibe.user_events
               where site_id = %(site)s and event_name = 'page_view' order by occurred_at, event_id"""
    assert eventually(page, lambda: site.rows(views), wanted) == wanted
    assert site.rows("select distinct count(*) from vibe.site_sessions where site_id = %(site)s") == [[1]]
    referrers = "select referrer from vibe.user_events where site_id = %(site)s order by occurred_at, event_id limit 2"
    assert site.rows(referrers) == [[None], [None]]  # the site itself sent the second
    assert page.problems == []


def test_calls_before_the_script_has_loaded(site, visit):
    page = visit("/early", before=STUB + "vibeTrack('early', { n: 1 }); vibeIdentify('u-1', { name: 'Early Bird' })")
    wanted = [["page_view", "/early", None], ["early", "/early", "1"]]
    assert sorted(eventually(page, site.events, wanted)) == sorted(wanted)
    known = "select external_id, name from vibe.site_users where site_id = %(site)s and external_id is not null"
    assert eventually(page, lambda: site.rows(known), [["u-1", "Early Bird"]]) == [["u-1", "Early Bird"]]
    assert page.problems == []


def test_leaving_sends_what_is_left(site, visit):
    page = visit("/last")
    assert eventually(page, site.events, [["page_view", "/last", None]]) == [["page_view", "/last", None]]
    page.evaluate("vibeTrack('goodbye', { n: 2 }); location.href = 'about:blank'")
    wanted = [["page_view", "/last", None], ["goodbye", "/last", "2"]]
    assert eventually(page, site.events, wanted) == wanted


def test_never_throws_into_the_page(site, visit, person):
    page = person()
    page.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new Error('forbidden') } })")
    page.route("**/track", lambda route: route.abort())
    visit("/odd", before="window.vibeQueue = 7", page=page)
    page.evaluate("""() => {
        const circle = {}; circle.self = circle;
        vibeTrack(); vibeTrack('a', circle); vibeTrack(Symbol('b')); vibeTrack('c', 1n); vibeTrack('d', () => 1);
        vibeIdentify(); vibeIdentify({}, circle); vibeIdentify(Symbol('e')); vibeIdentify('f', document);
        history.pushState({}, '', '/odd/2');
        for (let n = 0; n < 5000; n++) vibeTrack('flood', { n });
        document.dispatchEvent(new Event('visibilitychange', { bubbles: true })); dispatchEvent(new Event('pagehide'));
    }""")
    page.wait_for_timeout(1500)
    assert [problem for problem in page.problems if "net::ERR_FAILED" not in problem] == []
    page.unroute("**/track")
    page.evaluate("vibeTrack('after', { n: 3 })")  # the tracker is still alive, and without storage too
    after = "select count(*)::int from vibe.user_events where site_id = %(site)s and event_name = 'after'"
    assert eventually(page, lambda: site.rows(after), [[1]], seconds=30) == [[1]]


def test_host_page_errors_stay_its_own(visit):
    page = visit("/")
    with pytest.raises(Exception, match="SecurityError"):
        page.evaluate("history.pushState({}, '', 'http://elsewhere.example/')")


def test_a_lost_answer_counts_once(site, visit, person):
    """The server stores the batch, its answer is lost: the retry carries the same ids."""
    sent, page = [], person()

    def lose_two_answers(route):
        sent.append(json.loads(route.request.post_data))
        if len(sent) <= 2:
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route("**/track", lose_two_answers)
    visit("/once", before=STUB + "vibeTrack('paid', { n: 9 })", page=page)
    assert eventually(page, lambda: len(sent), 3, seconds=20) == 3
    ids = [[item.get("id") for item in body["items"]] for body in sent]
    assert ids[0] == ids[1] == ids[2] and None not in ids[0]
    page.wait_for_timeout(500)
    assert sorted(site.events()) == sorted([["page_view", "/once", None], ["paid", "/once", "9"]])
    assert site.rows("select page_views, events from vibe.site_sessions where site_id = %(site)s") == [[1, 1]]


def test_a_server_away_and_back_loses_nothing(site, visit, person):
    page = person()
    page.route("**/track", lambda route: route.fulfill(status=503))
    visit("/away", page=page)
    for n in range(3):
        page.evaluate(f"vibeTrack('kept', {{ n: {n} }})")
        page.wait_for_timeout(250)  # a batch each
    page.unroute("**/track")
    wanted = [["page_view", "/away", None]] + [["kept", "/away", str(n)] for n in range(3)]
    assert eventually(page, site.events, wanted, seconds=30) == wanted


def test_heartbeats_only_while_visible(visit, person):
    beats, page = [], person()
    page.on("request", lambda request: beats.append(request.post_data) if '"heartbeat"' in (request.post_data or "") else None)
    page.clock.install()
    page.add_init_script("Object.defineProperty(document, 'hidden', { get: () => window.away === true })")
    visit("/beat", page=page)
    page.clock.run_for(61_000)
    assert eventually(page, lambda: len(beats), 2) == 2
    page.evaluate("window.away = true")
    page.clock.run_for(120_000)
    page.wait_for_timeout(300)
    assert len(beats) == 2
    page.evaluate("window.away = false; document.dispatchEvent(new Event('visibilitychange', { bubbles: true }))")
    page.clock.run_for(1_000)
    assert eventually(page, lambda: len(beats), 3) == 3


def test_signing_out_makes_a_new_visitor(site, visit):
    page = visit("/account")
    page.evaluate("vibeIdentify('u-1', { name: 'Ada' }); vibeTrack('as_ada', { n: 1 })")
    page.evaluate("vibeIdentify(null); vibeTrack('as_nobody', { n: 2 })")
    who = """select e.event_name, u.external_id from vibe.user_events as e
             join vibe.site_users as u on u.site_id = e.site_id and u.user_id = e.user_id
             where e.site_id = %(site)s and e.event_name like 'as%%' order by e.event_name"""
    wanted = [["as_ada", "u-1"], ["as_nobody", None]]
    assert eventually(page, lambda: site.rows(who), wanted) == wanted


def test_refused_items_are_told_to_the_developer(visit, person):
    warnings, page = [], person()
    page.on("console", lambda message: warnings.append(message.text) if message.type == "warning" else None)
    visit("/", page=page)
    page.evaluate("vibeTrack('')")
    assert eventually(page, lambda: any("vibe:" in text for text in warnings), True)
