"""The tracker's options and limits, each in a page of another origin.

Expected rows are written down from what the test itself did in the page.
"""
import json
import re
import time
import uuid

import pytest

from browsing import eventually
from host_pages import HOST, STUB, site, visit  # noqa: F401  fixtures

STORED = "() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])"
NOTHING = '[{},{},""]'
UUID_7 = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def names(site):
    return [name for name, _, _ in site.events()]


def rest(page):
    """Longer than the tracker gathers: what it wants to send is on its way."""
    page.wait_for_timeout(400)


def test_a_site_of_several_pages(site, visit):
    page = visit("/first")
    for name in ("Next", "Last"):
        rest(page)
        page.get_by_role("link", name=name).click()
        page.wait_for_load_state()
    wanted = [["page_view", path, None] for path in ("/first", "/next", "/last")]
    assert eventually(page, site.events, wanted) == wanted
    assert site.rows("select page_views, entry_page, exit_page, referrer from vibe.site_sessions where site_id = %(site)s") == [[3, "/first", "/last", None]]
    assert len(site.visitors()) == 1 and page.problems == []


def test_posts_need_no_preflight(site, visit, person):
    page, asked = person(), []
    page.on("request", lambda request: asked.append((request.method, request.headers.get("content-type"))) if request.url.endswith("/track") else None)
    visit("/", page=page)
    assert eventually(page, lambda: asked, [("POST", "text/plain;charset=UTF-8")]) == [("POST", "text/plain;charset=UTF-8")]


def test_ids_are_ordered_uuids_and_what_happens_together_goes_together(visit):
    page = visit("/")
    rest(page)
    page.evaluate("for (let n = 0; n < 20; n++) vibeTrack('step', { n })")
    rest(page)
    assert [len(envelope["items"]) for envelope in page.sent] == [1, 20]
    ids = [item["id"] for envelope in page.sent for item in envelope["items"]]
    assert all(UUID_7.fullmatch(one) for one in ids) and len(set(ids)) == 21
    milliseconds = [int(one[:8] + one[9:13], 16) for one in ids]
    assert milliseconds == sorted(milliseconds) and abs(milliseconds[0] / 1000 - time.time()) < 60


def test_only_origins_of_the_site(site, visit, person):
    site.rows("update vibe.sites set allowed_origins = array['https://elsewhere.example'] where site_id = %(site)s returning 1")
    page, warnings = person(), []
    page.on("console", lambda message: warnings.append(message.text) if message.type == "warning" else None)
    visit("/closed", page=page)
    assert eventually(page, lambda: any("origin" in text for text in warnings), True)  # the developer is told why
    assert site.events() == []
    site.rows(f"update vibe.sites set allowed_origins = array['{HOST}'] where site_id = %(site)s returning 1")
    visit("/open")
    assert eventually(page, site.events, [["page_view", "/open", None]]) == [["page_view", "/open", None]]


def test_consent_first(site, visit):
    page = visit("/asked", options="data-consent", before=STUB + "vibeTrack('early', { n: 1 })")
    page.evaluate("vibeTrack('waiting', { n: 2 }); vibeIdentify('u-1'); history.pushState({}, '', '/asked/2')")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange', { bubbles: true })); dispatchEvent(new Event('pagehide'))")
    rest(page)
    assert page.sent == [] and page.evaluate(STORED) == NOTHING
    page.evaluate("vibeConsent(true)")
    wanted = [["page_view", "/asked", None], ["early", "/asked", "1"], ["waiting", "/asked", "2"], ["page_view", "/asked/2", None]]
    assert sorted(map(str, eventually(page, lambda: len(site.events()), 4) and site.events())) == sorted(map(str, wanted))
    assert site.rows("select external_id from vibe.site_users where external_id is not null and site_id = %(site)s") == [["u-1"]]
    # The answer is kept: the next page does not ask, and knows the visitor.
    page.get_by_role("link", name="Next").click()
    assert eventually(page, lambda: names(site).count("page_view"), 3) == 3
    assert len({envelope["visitor"] for envelope in page.sent}) == 1


def test_refused_consent_drops_what_waited(site, visit):
    page = visit("/asked", options="data-consent")
    page.evaluate("vibeTrack('waiting'); vibeConsent(false); vibeTrack('after')")
    rest(page)
    assert page.sent == [] and page.evaluate(STORED) == '[{"vibe_consent":"no"},{},""]'


def test_opting_out_and_in_again(site, visit):
    page = visit("/first")
    assert eventually(page, lambda: names(site), ["page_view"]) == ["page_view"]
    page.evaluate("vibeTrack('never'); vibeConsent(false); vibeTrack('never'); vibeIdentify('u-1'); history.pushState({}, '', '/x')")
    rest(page)
    assert page.evaluate(STORED) == '[{"vibe_consent":"no"},{},""]'
    page.get_by_role("link", name="Next").click()  # it holds on the next page too
    page.wait_for_load_state()
    page.evaluate("vibeTrack('never')")
    rest(page)
    assert len(page.sent) == 1 and names(site) == ["page_view"]
    page.evaluate("vibeConsent(true); vibeTrack('again')")
    assert eventually(page, lambda: sorted(names(site)), ["again", "page_view", "page_view"]) == ["again", "page_view", "page_view"]
    assert len(site.visitors()) == 2  # who comes back is not known again


def test_opting_out_in_another_tab(site, visit):
    page = visit("/first")
    other = page.context.new_page()
    visit("/second", page=other)
    assert eventually(page, lambda: len(site.events()), 2) == 2
    other.evaluate("vibeConsent(false)")
    page.evaluate("vibeTrack('never')")
    rest(page)
    assert len(page.sent) == 1


@pytest.mark.parametrize(("signal", "ignored", "is_tracked"), [
    ("globalPrivacyControl = true", "", False), ("globalPrivacyControl = true", "dnt", False), ("globalPrivacyControl = true", "gpc", True),
    ("doNotTrack = '1'", "", False), ("doNotTrack = '1'", "gpc", False), ("doNotTrack = '1'", "dnt gpc", True), ("doNotTrack = '0'", "", True)])
def test_signals_of_the_browser(visit, person, signal, ignored, is_tracked):
    page, (name, value) = person(), signal.split(" = ")
    page.add_init_script(f"Object.defineProperty(Navigator.prototype, '{name}', {{ get: () => {value} }})")
    visit("/", page=page, options=f'data-ignore="{ignored}"' if ignored else "")
    page.evaluate("vibeTrack('a'); vibeIdentify('u-1'); vibeConsent(true); history.pushState({}, '', '/x')")
    rest(page)
    assert bool(page.sent) is is_tracked
    assert ("vibe_visitor" in page.evaluate(STORED)) is is_tracked and page.problems == []


def test_cookieless(site, visit, person):
    page = visit("/first", options="data-cookieless")
    page.get_by_role("link", name="Next").click()
    assert eventually(page, lambda: names(site), ["page_view"] * 2) == ["page_view"] * 2
    assert page.evaluate(STORED) == NOTHING
    same = r"select anonymous_id ~ '^day-[0-9a-f]{32}$' from vibe.site_users where site_id = %(site)s"
    assert site.rows(same) == [[True]]  # one visitor on both pages
    other = person(user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0")
    visit("/first", page=other, options="data-cookieless")
    assert eventually(page, lambda: site.rows(same), [[True]] * 2) == [[True]] * 2
    # Who signs in is known for as long as the page is open; others of the same address and browser are not taken for them.
    page.evaluate("vibeIdentify('u-1'); vibeTrack('as_u1')")
    page.evaluate("vibeIdentify(null); vibeTrack('as_nobody')")
    who = """select e.event_name, v.external_id from vibe.user_events as e join vibe.visitors as i on i.site_id = e.site_id and i.visitor_id = e.user_id
             join vibe.site_users as v on v.site_id = i.site_id and v.user_id = i.user_id
             where e.site_id = %(site)s and e.event_name like 'as%%' order by 1"""
    assert eventually(page, lambda: site.rows(who), [["as_nobody", None], ["as_u1", "u-1"]]) == [["as_nobody", None], ["as_u1", "u-1"]]
    assert page.evaluate(STORED) == NOTHING


def test_hash_routing(site, visit):
    page = visit("/app?utm_source=mail#/list", options="data-hash")
    page.evaluate("location.hash = '#!/item?n=1'")
    page.evaluate("history.pushState({}, '', '#/list')")
    wanted = [["/app/list"], ["/app/item"], ["/app/list"]]
    views = "select page from vibe.user_events where site_id = %(site)s order by occurred_at, event_id"
    assert sorted(eventually(page, lambda: site.rows(views), wanted)) == sorted(wanted)
    assert site.rows("select utm_source from vibe.site_sessions where site_id = %(site)s") == [["mail"]]


def test_a_flood_is_cut(site, visit):
    page, warnings = visit("/"), []
    page.on("console", lambda message: warnings.append(message.text) if message.type == "warning" else None)
    rest(page)
    page.evaluate("for (let n = 0; n < 1000; n++) vibeTrack('flood', { n })")
    page.wait_for_timeout(3000)
    page.evaluate("vibeTrack('later')")  # ten more each second
    assert eventually(page, lambda: "later" in names(site), True)
    assert 95 <= names(site).count("flood") <= 110
    assert any("more than 10 a second" in text for text in warnings)


def test_retry_after_is_respected(site, visit, person):
    page, came = person(), []

    def busy(route):
        came.append(time.monotonic())
        if len(came) > 1:
            return route.continue_()
        route.fulfill(status=429, headers={"Retry-After": "3", "Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Retry-After"})

    page.route("**/track", busy)
    visit("/busy", page=page)
    page.evaluate("vibeTrack('meanwhile')")
    assert eventually(page, lambda: sorted(names(site)), ["meanwhile", "page_view"], seconds=20) == ["meanwhile", "page_view"]
    assert 3 <= came[1] - came[0] < 9  # and up to as long again, so that not all come back at once


def test_back_off_grows(visit, person):
    page, came = person(), []
    page.route("**/track", lambda route: [came.append(time.monotonic()), route.fulfill(status=503)])
    visit("/", page=page)
    assert eventually(page, lambda: len(came), 4, seconds=20) == 4
    waits = [after - before for before, after in zip(came, came[1:])]
    for tries, wait in enumerate(waits, 1):
        assert 0.35 * 2 ** tries <= wait < 0.7 * 2 ** tries + 1


def test_offline_and_gone_is_sent_by_the_next_page(site, visit):
    page = visit("/first")
    after = page.context.new_page()
    assert eventually(page, lambda: names(site), ["page_view"]) == ["page_view"]
    page.context.set_offline(True)
    page.evaluate("vibeTrack('in_the_tunnel', { n: 1 })")
    rest(page)
    page.close(run_before_unload=True)
    assert eventually(after, lambda: len(after.context.pages), 1) == 1
    after.context.set_offline(False)
    visit("/back", page=after)
    assert eventually(after, lambda: sorted(names(site)), ["in_the_tunnel", "page_view", "page_view"]) == ["in_the_tunnel", "page_view", "page_view"]
    assert eventually(after, lambda: "unsent" in after.evaluate(STORED), False) is False
    assert len(site.visitors()) == 1


def test_back_online_at_once(site, visit):
    page = visit("/first")
    rest(page)
    page.context.set_offline(True)
    page.evaluate("vibeTrack('a')")
    page.wait_for_timeout(3000)  # some tries have failed, the next is far
    page.context.set_offline(False)
    assert eventually(page, lambda: names(site), ["page_view", "a"], seconds=2) == ["page_view", "a"]


def test_engaged_time(site, visit, person):
    page = person()
    page.clock.install()
    page.add_init_script("""Object.defineProperty(document, 'hidden', { get: () => window.away === true });
        document.hasFocus = () => window.elsewhere !== true""")
    visit("/", page=page)
    page.clock.run_for(30_500)
    page.evaluate("window.elsewhere = true")  # another window has the focus
    page.clock.run_for(30_000)
    page.evaluate("window.elsewhere = false")
    page.clock.run_for(10_000)
    page.evaluate("window.away = true; dispatchEvent(new Event('visibilitychange'))")  # the rest is sent at once
    page.clock.run_for(120_000)
    engaged = "select engaged_seconds, page_views, events from vibe.site_sessions where site_id = %(site)s"
    assert eventually(page, lambda: site.rows(engaged), [[40, 1, 0]]) == [[40, 1, 0]]
    beats = [item for envelope in page.sent for item in envelope["items"] if item["type"] == "heartbeat"]
    assert len(beats) == 3 and sum(item["properties"]["engaged"] for item in beats) == 40
    # The last one may come in after the next page's view: it must not bring the page that was left back into the online list.
    assert [item["url"] is None for item in beats] == [False, False, True]

    def send(item):
        answer = page.request.post(f"{site.url}/track", data=json.dumps(page.sent[-1] | {"items": [item]}))
        assert answer.status == 202, answer.text()
        return site.rows("select current_page from vibe.online_users where site_id = %(site)s")

    view = {"type": "page_view", "url": f"{HOST}/next", "time": page.sent[-1]["sent_at"]}
    assert send(view | {"id": str(uuid.uuid4())}) == [["/next"]]
    assert send(beats[-1]) == [["/next"]]
    # Nor does it keep the next page away whose view happened after it, but took less time to come.
    earlier = view | {"id": str(uuid.uuid4()), "url": f"{HOST}/third", "time": view["time"] - 1500}
    assert send(earlier) == [["/third"]]


def test_a_prerendered_page_waits_to_be_seen(site, visit, person):
    page = person()
    page.add_init_script("Object.defineProperty(document, 'prerendering', { get: () => window.seen !== true })")
    visit("/soon", page=page)
    page.evaluate("vibeTrack('soon'); history.replaceState({}, '', '/soon/2')")
    rest(page)
    assert page.sent == [] and page.evaluate(STORED) == NOTHING
    page.evaluate("window.seen = true; document.dispatchEvent(new Event('prerenderingchange'))")
    wanted = [["soon", "/soon", None], ["page_view", "/soon/2", None]]
    assert eventually(page, site.events, wanted) == wanted


def test_what_is_wrapped_keeps_its_answers(visit):
    before = """for (const name of ["pushState", "replaceState"]) {
        const own = history[name]
        history[name] = function (...given) { own.apply(this, given); return [name, this === history, given.length] }
    }"""
    page = visit("/", before=before)
    assert page.evaluate("history.pushState({}, '', '/a')") == ["pushState", True, 3]
    assert page.evaluate("history.replaceState({}, '')") == ["replaceState", True, 2]
    for call in ("vibeTrack('a')", "vibeTrack()", "vibeIdentify('u')", "vibeConsent(true)"):
        assert page.evaluate(f"typeof {call}") == "undefined"


def test_embedded_twice_counts_once(site, visit):
    page = visit("/")
    page.evaluate("""([address, key]) => new Promise((loaded) => {
        const script = document.createElement("script")
        Object.assign(script, { src: address, onload: loaded }).dataset.site = key
        document.head.append(script)
    })""", [site.url + "/tracker.js?again", site.key])
    page.evaluate("history.pushState({}, '', '/x')")
    rest(page)
    assert eventually(page, lambda: len(site.events()), 2) == 2
    assert json.dumps(page.sent).count("page_view") == 2 and page.problems == []
