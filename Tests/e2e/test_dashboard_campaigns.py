"""The campaigns page: the list, one campaign, attribution, the form for those who may write, and hostile names."""
import datetime
import re

import pytest
from playwright.sync_api import expect

import dashboard
from browsing import eventually
from dashboard import HOSTILE, board, panel, settle, visit  # noqa: F401  fixtures

expect.set_options(timeout=20_000)

ZONE = "America/New_York"  # of the demo shop
LIST = ["Campaigns", "Attribution"]
ONE = ["Performance", "Revenue by day", "About", "Events, the latest first"]
RUN = "Sale <b>now</b>"  # the campaign of these tests: a name that must stay text


@pytest.fixture(scope="module")
def sale(board):
    """A campaign of 60 visitors over ten days: each saw it, every third one clicked, every tenth bought for 50; 10 a day were paid."""
    one = board.one("select vibe.create_campaign('shop', %s, 'email', 'Big spenders', 1500, current_date - 20, current_date + 9, utm_campaign => 'sale')", RUN)
    # Noon of the shop's days, none of them today: what is counted by day does not depend on the hour.
    board.database.execute("""
        select vibe.track_campaign_event(%(one)s, k.event_type, jsonb_build_object('user_id', u.user_id, 'creative', %(hostile)s::text,
            'occurred_at', ((now() at time zone %(zone)s)::date - 1 - (u.place %% 10)::integer + time '12:00' + k.after) at time zone %(zone)s)
            || case k.event_type when 'conversion' then '{"value": 50}'::jsonb else '{}' end)
        from (select user_id, row_number() over (order by user_id) as place from vibe.site_users where site_id = %(site)s and merged_into is null limit 60) as u
        join (values ('impression', 1, interval '0'), ('click', 3, interval '1 minute'), ('conversion', 10, interval '1 hour'))
            as k (event_type, every, after) on u.place %% k.every = 0
        order by u.place, k.after""", {"one": one, "site": board.site_id, "zone": ZONE, "hostile": HOSTILE[0]})
    board.database.execute("select vibe.report_campaign_day(%s, (now() at time zone %s)::date - n, cost => 10) from generate_series(1, 10) as n", [one, ZONE])
    for name, status in zip(HOSTILE, ["draft", "paused", "completed", "archived", "active"]):
        board.one("select vibe.create_campaign('shop', %s, %s, status => %s)", name, name[:40], status)
    return one


def rows(page, title="Campaigns"):
    return panel(page, title).locator("tbody tr")


def names(page, title="Campaigns"):
    return [row["name"] for row in dashboard.shown_rows(page, title)]


def card(page, metric):
    return page.locator(f"metric-card[data-metric={metric}] .figure")


# -- What is shown is what the database says -----------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["owner", "viewer"])
def test_every_panel_shows_what_its_sql_gives(board, visit, sale, who):
    page = settle(visit("/campaigns", who=who))
    assert dashboard.check_sql(board, page) == LIST
    page.goto(board.url + f"/campaigns?campaign={sale}")
    expect(panel(page, "About")).to_contain_text("Big spenders")
    settle(page)
    assert dashboard.check_sql(board, page) == ONE


def test_the_figures_are_the_events_counted(board, visit, sale):
    page = settle(visit(f"/campaigns?campaign={sale}"))
    counted = dict(board.database.execute("select event_type, count(*) from vibe.campaign_events where site_id = %s and campaign_id = %s group by 1",
                                          [board.site_id, sale]).fetchall())
    assert counted == {"impression": 60, "click": 20, "conversion": 6}
    expect(card(page, "impressions")).to_have_text("60")
    expect(card(page, "clicks")).to_have_text("20")
    expect(card(page, "ctr")).to_have_text("33.3%")
    expect(card(page, "total_events")).to_have_text("86")
    expect(card(page, "cost")).to_have_text("$100")
    expect(card(page, "cpc")).to_have_text("$5")
    [row] = dashboard.shown_rows(page, "Performance")
    assert row["revenue"] >= 300 and row["roas"] == pytest.approx(row["revenue"] / 100)
    # Ten days of six impressions, as the chart has them.
    page.locator("metric-card[data-metric=impressions] button").click()
    expect(page).to_have_url(board.url + f"/campaigns?campaign={sale}&metric=impressions")
    days = dashboard.shown_rows(page, "Impressions by day")
    assert [day["impressions"] for day in days][-11:] == [6] * 10 + [0] and len(days) == 30
    assert sum(day["cost"] for day in days) == 100
    panel(page, "Impressions by day").get_by_text("Show as table").click()
    expect(panel(page, "Impressions by day").locator("details")).to_contain_text("so far")
    for metric, title in (("ctr", "CTR"), ("conversion_rate", "Conversion rate"), ("cpc", "Cost per click"), ("roas", "ROAS")):
        page.locator(f"metric-card[data-metric={metric}] button").click()
        expect(panel(page, f"{title} by day")).to_have_attribute("data-state", "ready")


def test_the_period_bounds_every_figure(board, visit, sale):
    page = settle(visit(f"/campaigns?campaign={sale}&period=7d"))
    today = board.one("select (now() at time zone %s)::date", ZONE)
    first = today - datetime.timedelta(6)
    for title in (ONE[0], ONE[1]):
        assert f"start_date => '{first}', end_date => '{today}'" in dashboard.sql_of(page, title)
    expect(card(page, "impressions")).to_have_text("36")  # six days, without today
    expect(panel(page, ONE[3])).to_contain_text("1–20 of ")
    assert dashboard.check_sql(board, page) == ONE
    page.goto(board.url + "/campaigns?period=7d")
    settle(page)
    assert next(row for row in dashboard.shown_rows(page, "Campaigns") if row["name"] == RUN)["impressions"] == 36
    assert dashboard.check_sql(board, page) == LIST


# -- The list --------------------------------------------------------------------------------------------------------


def test_sort_search_and_filter_are_in_the_address(board, visit, sale):
    page = settle(visit("/campaigns"))
    everything = board.one("select count(*) from vibe.campaigns where site_id = %s", board.site_id)
    assert len(names(page)) == everything
    revenues = [row["revenue"] for row in dashboard.shown_rows(page, "Campaigns")]
    assert revenues == sorted(revenues, reverse=True)
    for column, key, way in (("Clicks", "clicks", "desc"), ("Clicks", "clicks", "asc"), ("Name", "name", "asc"), ("ROAS", "roas", "desc")):
        panel(page, "Campaigns").locator("thead button").filter(has_text=re.compile(f"^{column}$")).click()
        expect(page).to_have_url(board.url + f"/campaigns?sort={key}.{way}")
        wanted = [name for [name] in board.database.execute(
            f"select name from vibe.get_campaigns('shop', (now() at time zone %s)::date - 29, (now() at time zone %s)::date) order by {key} {way} nulls last, campaign_id", [ZONE, ZONE])]
        assert eventually(page, lambda: names(page), wanted) == wanted
    page.get_by_label("Search campaigns").fill("sale")
    expect(page).to_have_url(re.compile("q=sale"))
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text(RUN)
    assert dashboard.check_sql(board, page, ["Campaigns"])
    page.get_by_label("Search campaigns").fill("'; drop table vibe.campaigns --")
    expect(panel(page, "Campaigns")).to_contain_text("No campaign matches")
    panel(page, "Campaigns").get_by_role("button", name="Clear search and filter").click()
    expect(rows(page)).to_have_count(everything)
    page.get_by_label("Status").select_option("paused")
    expect(page).to_have_url(re.compile("status=paused"))
    expect(rows(page)).to_have_count(1)
    page.reload()
    settle(page)
    assert names(page) == [HOSTILE[1]] and page.get_by_label("Status").input_value() == "paused"
    for address in ("/campaigns?sort=site_id;drop.desc&status=%3Cimg%3E&offset=-7&model=x&window=1e9", "/campaigns?offset=5000"):
        page.goto(board.url + address)
        settle(page)
        expect(rows(page)).to_have_count(everything)
    page.problems.clear()  # a page behind the last one is refused once


def test_a_campaign_opens_and_back_leads_to_the_list(board, visit, sale):
    page = settle(visit("/campaigns?period=90d"))
    rows(page).filter(has_text=RUN).get_by_role("button").click()
    expect(page).to_have_url(board.url + f"/campaigns?period=90d&campaign={sale}")
    heading = page.get_by_role("heading", name=RUN, exact=True)
    expect(heading).to_be_focused()
    expect(page.locator(".campaign-head")).to_contain_text("Active")
    expect(panel(page, "Campaigns")).to_have_count(0)
    page.go_back()
    expect(rows(page).filter(has_text=RUN)).to_be_visible()
    expect(page).to_have_url(board.url + "/campaigns?period=90d")
    page.go_forward()
    expect(heading).to_be_visible()
    page.keyboard.press("b")
    expect(page).to_have_url(board.url + "/campaigns?period=90d")
    # From the attribution too, and from a link.
    rows(page, "Attribution").first.get_by_role("button").click()
    expect(page).to_have_url(re.compile(r"campaign=\d+"))
    page.goto(board.url + f"/campaigns?campaign={sale}")
    page.get_by_role("button", name="All campaigns").click()
    expect(page).to_have_url(board.url + "/campaigns")
    page.goto(board.url + "/campaigns?campaign=987654321")
    expect(page.get_by_text("There is no such campaign")).to_be_visible()


def test_events_are_paged(board, visit, sale):
    page = settle(visit(f"/campaigns?campaign={sale}"))
    events = panel(page, ONE[3])
    expect(events).to_contain_text("1–20 of 86")
    expect(events.locator("tbody tr")).to_have_count(20)
    seen = []
    for first in (1, 21, 41, 61, 81):
        expect(events).to_contain_text(f"{first}–{min(first + 19, 86)} of 86")
        expect(events.locator("tbody tr")).to_have_count(min(20, 87 - first))
        seen += [row["campaign_event_id"] for row in dashboard.shown_rows(page, ONE[3])]
        if first < 81:
            events.get_by_label("Next page").click()
    wanted = board.database.execute("select campaign_event_id from vibe.campaign_events where site_id = %s and campaign_id = %s"
                                    " order by occurred_at desc, campaign_event_id desc", [board.site_id, sale]).fetchall()
    assert seen == [number for [number] in wanted]
    expect(page).to_have_url(re.compile("at=80"))
    # What was told besides stands there as text; a visitor opens.
    expect(events).to_contain_text(f"creative: {HOSTILE[0]}")
    events.get_by_role("button", name=re.compile("Visitor")).first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    head, *lines = dashboard.csv_of(page, ONE[3])
    assert len(lines) == 86 and {line[head.index("event_type")] for line in lines} == {"impression", "click", "conversion"}


# -- Attribution -----------------------------------------------------------------------------------------------------


def test_attribution_by_model_and_window(board, visit, sale):
    page = settle(visit("/campaigns"))
    attribution = panel(page, "Attribution")
    expect(attribution.get_by_role("button", name="Last touch")).to_have_attribute("aria-pressed", "true")
    expect(attribution.get_by_label("How long a touch counts").locator("option:checked")).to_have_text("30 days (as set)")
    orders = {}
    for key, model, word in (("2", "first", "First touch"), ("3", "linear", "Linear"), ("1", "last", "Last touch")):
        page.keyboard.press(key)
        expect(page).to_have_url(board.url + f"/campaigns?model={model}")
        expect(attribution.get_by_role("button", name=word)).to_have_attribute("aria-pressed", "true")
        assert eventually(page, lambda: f"model => '{model}'" in dashboard.sql_of(page, "Attribution"), True) is True
        assert dashboard.check_sql(board, page, ["Attribution"])
        orders[model] = sum(row["orders"] for row in dashboard.shown_rows(page, "Attribution"))
    # Each order is given away once, however it is shared out.
    assert orders["last"] >= 5 and orders["first"] == orders["last"] == pytest.approx(orders["linear"], abs=0.01)
    attribution.get_by_label("How long a touch counts").select_option("1")
    expect(page).to_have_url(board.url + "/campaigns?model=last&window=1")
    assert eventually(page, lambda: "window_days => '1'" in dashboard.sql_of(page, "Attribution"), True) is True
    assert dashboard.check_sql(board, page, ["Attribution"])
    # The site's own setting is where the page begins.
    board.afterwards.append(("select vibe.change_campaign_settings('shop', 'last', 30)",))
    board.one("select vibe.change_campaign_settings('shop', 'first', 14)::text")
    page.goto(board.url + "/campaigns")
    expect(attribution.get_by_role("button", name="First touch")).to_have_attribute("aria-pressed", "true")
    expect(attribution.get_by_label("How long a touch counts").locator("option:checked")).to_have_text("14 days (as set)")
    # A member makes another choice the site's; a viewer has no such button.
    keep = attribution.get_by_role("button", name="Make this the site’s setting")
    expect(keep).to_be_hidden()
    attribution.get_by_role("button", name="Linear").click()
    attribution.get_by_label("How long a touch counts").select_option("60")
    keep.click()
    expect(page).to_have_url(board.url + "/campaigns")
    expect(attribution.get_by_role("button", name="Linear")).to_have_attribute("aria-pressed", "true")
    expect(keep).to_be_hidden()
    assert board.one("select attribution_model, window_days from vibe.campaign_settings where site_id = %s", board.site_id) == ("linear", 60)
    viewer = settle(visit("/campaigns?model=first", who="viewer"))
    expect(panel(viewer, "Attribution").get_by_role("button", name="First touch")).to_have_attribute("aria-pressed", "true")
    expect(panel(viewer, "Attribution").get_by_role("button", name="Make this the site’s setting")).to_be_hidden()


# -- Writing ---------------------------------------------------------------------------------------------------------


def test_make_change_and_delete(board, visit, sale):
    page = settle(visit("/campaigns", who="member"))
    page.keyboard.press("n")
    dialog = page.get_by_role("dialog")
    expect(page).to_have_url(board.url + "/campaigns?edit=new")
    dialog.get_by_label("Name").fill("Spring & “summer”")
    dialog.get_by_label("Type").fill("podcast")
    dialog.get_by_label("For which segment").select_option(label="Big spenders")
    dialog.get_by_label("Budget (USD)").fill("1234,50")
    dialog.get_by_label("First day").fill("2026-03-01")
    dialog.get_by_label("Last day").fill("2026-05-31")
    dialog.get_by_label("utm_campaign").fill("Spring")
    dialog.get_by_role("button", name="Create campaign").click()
    expect(dialog).to_have_count(0)
    expect(page.locator(".toasts")).to_contain_text("Campaign “Spring & “summer”” saved")
    made = board.one("select campaign_id from vibe.campaigns where name = 'Spring & “summer”'")
    expect(page).to_have_url(board.url + f"/campaigns?campaign={made}")
    row = lambda: board.database.execute("select name, type, status, budget::float, start_date::text, end_date::text, utm_campaign,"  # noqa: E731
        " (select s.name from vibe.segments as s where s.site_id = c.site_id and s.segment_id = c.segment_id) from vibe.campaigns as c where campaign_id = %s", [made]).fetchone()
    assert row() == ("Spring & “summer”", "podcast", "active", 1234.5, "2026-03-01", "2026-05-31", "spring", "Big spenders")
    expect(panel(page, "About")).to_contain_text("$1,234.50")
    # What is emptied becomes empty.
    page.get_by_role("button", name="Edit", exact=True).click()
    expect(dialog.get_by_label("For which segment").locator("option:checked")).to_have_text("Big spenders")
    dialog.get_by_label("Name").fill("Spring")
    dialog.get_by_label("Status").select_option("paused")
    dialog.get_by_label("Budget (USD)").fill("")
    dialog.get_by_label("For which segment").select_option(label="Everybody")
    dialog.get_by_label("utm_campaign").fill("")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("heading", name="Spring", exact=True)).to_be_visible()
    expect(page.locator(".campaign-head")).to_contain_text("Paused")
    assert row() == ("Spring", "podcast", "paused", None, "2026-03-01", "2026-05-31", None, None)
    page.get_by_role("button", name="Edit", exact=True).click()
    dialog.get_by_role("button", name="Delete…").click()
    page.get_by_role("dialog", name="Delete “Spring”?").get_by_role("button", name="Delete", exact=True).click()
    expect(page).to_have_url(board.url + "/campaigns")
    expect(rows(page).filter(has_text=RUN)).to_be_visible()
    assert row() is None
    assert eventually(page, lambda: "Spring" in names(page), False) is False


@pytest.mark.parametrize("fill, field, text", [
    ({}, "Name", "1 to 200 characters"),
    ({"Name": RUN}, "Name", "Another campaign has this name."),
    ({"Name": "x", "Budget (USD)": "a lot"}, "Budget (USD)", "A number from 0"),
    ({"Name": "x", "First day": "2026-03-02", "Last day": "2026-03-01"}, "Last day", "not before the first one"),
    ({"Name": "x", "utm_source": "google"}, "utm_source", "only with utm_campaign"),
    ({"Name": "x", "utm_campaign": "SALE"}, "utm_campaign", "Another campaign has these visits already."),
    ({"Name": "x", "Type": ""}, "Type", "1 to 50 characters"),
])
def test_what_is_refused_stands_beside_its_field(board, visit, sale, fill, field, text):
    page = settle(visit("/campaigns?edit=new"))
    dialog = page.get_by_role("dialog")
    for label, value in fill.items():
        dialog.get_by_label(label).fill(value)
    before = board.one("select count(*) from vibe.campaigns")
    dialog.get_by_role("button", name="Create campaign").click()
    control = dialog.get_by_label(field)
    expect(control).to_have_attribute("aria-invalid", "true")
    expect(control).to_be_focused()
    expect(dialog.locator(".campaign-field").filter(has=page.get_by_label(field)).locator(".field-error")).to_contain_text(text)
    assert board.one("select count(*) from vibe.campaigns") == before
    page.keyboard.press("Escape")
    expect(page).to_have_url(board.url + "/campaigns")
    page.problems.clear()  # the browser logs what is refused


def test_viewers_only_look(board, visit, sale):
    page = settle(visit("/campaigns?edit=new", who="viewer"))
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="New campaign")).to_have_count(0)
    page.keyboard.press("n")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.goto(board.url + f"/campaigns?campaign={sale}&edit=1")
    expect(panel(page, "About")).to_contain_text("Big spenders")
    expect(page.get_by_role("button", name="Edit", exact=True)).to_have_count(0)
    expect(page.get_by_role("dialog")).to_have_count(0)
    # The server does not rely on that.
    for function, given in (("create_campaign", {"site": str(board.site_id), "name": "mine"}), ("update_campaign", {"campaign_id": sale, "name": "mine"}),
                            ("delete_campaign", {"campaign_id": sale}), ("track_campaign_event", {"campaign_id": sale, "event_type": "click"})):
        status = page.evaluate("""async ([name, body]) => (await fetch(`/rest/v1/rpc/${name}`,
            { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) })).status""", [function, given])
        assert status in (400, 403), (function, status)  # of a site whose member one is not the database says "is not yours"
    assert board.one("select name from vibe.campaigns where campaign_id = %s", sale) == RUN
    page.problems.clear()


def test_strangers_see_nothing(board, visit, sale):
    page = settle(visit(f"/campaigns?site=shop&campaign={sale}", who="stranger"))
    expect(page.get_by_text("There is no such campaign")).to_be_visible()
    page.get_by_role("button", name="All campaigns").click()
    expect(panel(page, "Campaigns")).to_contain_text("No campaign yet")
    assert RUN not in page.content()
    for text in (f"select * from vibe.get_campaigns('{board.site_id}')", f"select * from vibe.get_campaign_performance({sale})", f"select * from vibe.campaign_days({sale})"):
        with pytest.raises(AssertionError, match="is not yours|does not exist"):
            dashboard.as_person(board, "stranger", text)
    for table in ("campaigns", "campaign_events", "campaign_performance"):
        assert dashboard.as_person(board, "stranger", f"select * from vibe.{table}") == ([], 0)


# -- Live, hostile text, files, errors, looks ------------------------------------------------------------------------------


def test_an_event_shows_without_a_reload(board, visit, sale):
    page = settle(visit(f"/campaigns?campaign={sale}"))
    expect(page.locator("header [role=status]")).to_have_text("Live")
    board.afterwards.append(("delete from vibe.campaign_events where event_type = 'live'", None))
    board.one("select vibe.track_campaign_event(%s, 'live')", sale)
    expect(panel(page, ONE[3]).locator("tbody tr").first).to_contain_text("live")
    expect(card(page, "total_events")).to_have_text("87")


def test_hostile_names_stay_text(board, visit, sale):
    for width in (1440, 390):
        page = settle(visit("/campaigns", width=width))
        text = panel(page, "Campaigns").inner_text()
        for name in (HOSTILE[0], HOSTILE[1], HOSTILE[4], RUN, "gpj.\u2423exe"):
            assert name in text, name
        assert "\u202e" not in text
        assert page.title() == "Campaigns · Vibe" and page.evaluate("document.images.length + document.querySelectorAll('main a[href^=\"javascript\"], main b').length") == 0
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    number = board.one("select campaign_id from vibe.campaigns where name = %s", HOSTILE[0])
    page = settle(visit(f"/campaigns?campaign={number}&edit=1"))
    expect(page.get_by_role("dialog").get_by_label("Name")).to_have_value(HOSTILE[0])
    assert page.evaluate("document.images.length") == 0 and page.title() == "Campaigns · Vibe"


def test_csv_is_what_is_shown(board, visit, sale):
    page = settle(visit("/campaigns"))
    head, *cells = dashboard.csv_of(page, "Campaigns")
    found = dashboard.shown_rows(page, "Campaigns")
    assert head == list(found[0]) and len(cells) == len(found)
    for line, row in zip(cells, found):
        for name, text in zip(head, line):
            value = row[name]
            if isinstance(value, (int, float)):
                assert float(text) == pytest.approx(value), (name, text)
            elif value is None or value[0] not in "=+-@":
                assert text == (value or ""), (name, text)
            else:
                assert text == "'" + value, (name, text)  # no formula
    page.goto(board.url + f"/campaigns?campaign={sale}")
    settle(page)
    head, *cells = dashboard.csv_of(page, "Revenue by day")
    assert len(cells) == 30 and sum(float(line[head.index("cost")]) for line in cells) == 100


def test_a_failing_panel_takes_nothing_with_it(board, visit, sale):
    page = visit("/dashboard/icon.svg")
    page.route("**/rpc/campaign_attribution*", lambda route: route.abort())
    page.goto(board.url + "/campaigns")
    settle(page)
    expect(panel(page, "Attribution")).to_have_attribute("data-state", "error")
    expect(panel(page, "Attribution").get_by_role("alert")).to_contain_text("The server cannot be reached.")
    expect(panel(page, "Campaigns")).to_have_attribute("data-state", "ready")
    page.unroute("**/rpc/campaign_attribution*")
    panel(page, "Attribution").get_by_role("button", name="Try again").click()
    expect(panel(page, "Attribution")).to_have_attribute("data-state", "ready")
    page.route("**/rpc/get_campaigns*", lambda route: route.fulfill(status=500, body="{}"))
    page.keyboard.press("w")
    expect(panel(page, "Campaigns")).to_have_attribute("data-state", "stale")
    page.problems.clear()  # the browser logs each request that failed


def test_a_site_without_campaigns(board, visit):
    page = settle(visit("/campaigns?site=empty"))
    expect(panel(page, "Campaigns")).to_contain_text("No campaign yet")
    expect(panel(page, "Attribution")).to_contain_text("No order came by a campaign")
    panel(page, "Campaigns").get_by_role("button", name="New campaign").click()
    expect(page.get_by_role("dialog", name="New campaign")).to_be_visible()
    viewer = settle(visit("/campaigns?site=empty", who="viewer"))
    expect(panel(viewer, "Campaigns").get_by_role("button", name="New campaign")).to_have_count(0)


def test_portuguese(board, visit, sale):
    page = settle(visit(f"/campaigns?campaign={sale}", locale="pt-BR"))
    for title in ("Desempenho", "Receita por dia", "Sobre", "Eventos, o último primeiro"):
        expect(panel(page, title)).to_have_attribute("data-state", "ready")
    expect(page.locator(".campaign-head")).to_contain_text("Ativa")
    page.get_by_role("button", name="Editar", exact=True).click()
    page.get_by_role("dialog").get_by_label("Nome").fill("")
    page.get_by_role("dialog").get_by_role("button", name="Salvar").click()
    expect(page.get_by_role("dialog")).to_contain_text("De 1 a 200 caracteres")
    page.problems.clear()
    page.goto(board.url + "/campaigns")
    expect(panel(page, "Atribuição")).to_contain_text("Cada pedido vai para a campanha")


@pytest.mark.parametrize("path", ["/campaigns", "/campaigns?campaign=", "/campaigns?site=empty", "/campaigns?edit=new"])
def test_looks(board, visit, sale, path):
    def ready(page):
        settle(page)
        if "edit" in path:
            expect(page.get_by_role("dialog")).to_be_visible()
        if path.endswith("campaign="):
            expect(panel(page, ONE[3])).to_have_attribute("data-state", "ready")
            settle(page)
    page = visit(path + (str(sale) if path.endswith("campaign=") else ""))
    ready(page)
    dashboard.check_looks(page, ready)


@pytest.mark.parametrize("path", ["/campaigns", "/campaigns?campaign="])
def test_weight(board, visit, sale, path):
    found = dashboard.check_weight(visit, path + (str(sale) if path.endswith("campaign=") else ""))
    print(path, "weighs", found.requests, "requests,", found.js, "bytes of scripts,", found.own, "of them our own,", found.css, "of styles")
