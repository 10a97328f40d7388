"""The analytics page: every panel against the database, sources that do not deliver, months, an earlier day, and hostile addresses."""
import datetime
import re
import time

import psycopg
import pytest
from playwright.sync_api import expect

import dashboard
from browsing import eventually
from dashboard import board, panel, settle, visit  # noqa: F401  fixtures

expect.set_options(timeout=20_000)

ZONE = "America/New_York"  # of the demo shop
PANELS = ["Key figures", "Revenue", "Sources", "Month over month", "Clusters"]
METRICS = {"revenue": "Revenue", "orders": "Orders", "average_order_value": "Average order", "customers": "Customers", "new_customers": "New customers",
           "repeat_rate": "Repeat rate", "active_users": "Active users", "conversion_rate": "Conversion rate"}


@pytest.fixture(autouse=True)
def within_one_hour():
    """Figures are of the time up to the last full hour: one that ends between the page's question and the test's makes two answers of them."""
    left = 3600 - time.time() % 3600
    if left < 30:
        time.sleep(left + 1)


@pytest.fixture
def today(board):
    return board.one("select (now() at time zone %s)::date", ZONE)


@pytest.fixture
def sources(board):
    """A shop that delivers and an ERP that fails since five hours: half of the purchases came from the shop."""
    board.database.execute("insert into vibe.sources (site_id, kind, name, id_prefix) values (%s, 'woocommerce', 'shop', ''), (%s, 'bling', 'erp', 'erp:')", [board.site_id] * 2)
    board.database.execute("""
        insert into vibe.source_states (site_id, source_id, last_success_at, ok_since, last_error_at, last_error, error_since)
        select site_id, source_id, now() - case kind when 'bling' then interval '6 hours' else interval '3 minutes' end, now() - interval '9 days',
            case kind when 'bling' then now() end, case kind when 'bling' then 'TIMEOUT: no answer within 30 s' end,
            case kind when 'bling' then date_trunc('minute', now() - interval '5 hours') end
        from vibe.sources where site_id = %s""", [board.site_id])
    board.database.execute("""update vibe.purchases set source_id = (select source_id from vibe.sources as s where s.site_id = %s and kind = 'woocommerce')
        where site_id = %s and purchase_id %% 2 = 0""", [board.site_id] * 2)
    yield
    board.afterwards.append(("delete from vibe.sources where site_id = %s", [board.site_id]))
    board.afterwards.append(("update vibe.purchases set source_id = null where site_id = %s", [board.site_id]))  # first: last in, first out


def bought(board, first, last, until="now()", having=""):
    """(revenue, orders) of the days first to last of the site's calendar, up to the last full hour: by the orders themselves."""
    return board.database.execute(f"""
        select coalesce(sum(p.amount), 0), count(*) filter (where not p.is_refund) from vibe.purchases as p
        where p.site_id = %(site)s and not p.is_cancelled {having}
          and p.purchased_at >= %(first)s::timestamp at time zone %(zone)s
          and p.purchased_at < least((%(last)s::date + 1)::timestamp at time zone %(zone)s, date_trunc('hour', {until}))""",
        {"site": board.site_id, "first": first, "last": last, "zone": ZONE}).fetchone()


def figure(page, metric):
    """The exact figure of a card."""
    return float(re.sub(r"[^\d.-]", "", page.locator(f"metric-card[data-metric={metric}] .figure").get_attribute("title")))


def lines(page, title="Month over month"):
    return {row[0]: row[1:] for row in ([cell.strip() for cell in text.split("\t")] for text in panel(page, title).locator("tbody tr").all_inner_texts())}


def shown(page, title="Key figures"):
    return {row["metric"]: row for row in dashboard.shown_rows(page, title)}


# -- What is shown is what the database says -----------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["owner", "viewer"])
def test_every_panel_shows_what_its_sql_gives(board, visit, sources, who):
    page = settle(visit("/analytics", who=who))
    assert dashboard.check_sql(board, page) == PANELS


def test_cards_are_the_orders_added_up(board, visit, today):
    page = settle(visit("/analytics"))
    first = today - datetime.timedelta(29)
    revenue, orders = bought(board, first, today)
    assert orders > 20
    assert figure(page, "revenue") == float(revenue) and figure(page, "orders") == orders
    sold, _ = bought(board, first, today, having="and not p.is_refund")
    assert figure(page, "average_order_value") == pytest.approx(float(sold) / orders, abs=0.006)
    before, _ = bought(board, first - datetime.timedelta(30), first - datetime.timedelta(1), until="now() - interval '30 days'")
    assert shown(page)["revenue"]["previous"] == pytest.approx(float(before))
    expect(page.locator("metric-card[data-metric=revenue] .delta")).to_contain_text("vs $")
    expect(panel(page, "Key figures")).to_contain_text("compared with")
    assert {card.get_by_role("button").inner_text() for card in page.locator("metric-card").all()} == set(METRICS.values())


@pytest.mark.parametrize("metric", METRICS)
def test_a_card_chooses_the_chart(board, visit, metric):
    page = settle(visit("/analytics"))
    expect(page.locator("metric-card[data-metric=revenue] button")).to_have_attribute("aria-pressed", "true")
    page.locator(f"metric-card[data-metric={metric}] button").click()
    expect(page).to_have_url(board.url + "/analytics" + (f"?metric={metric}" if metric != "revenue" else ""))
    chart = panel(page, METRICS[metric])
    expect(chart).to_have_attribute("data-state", "ready")
    wanted = [row and float(row) for [row] in board.database.execute(
        "select value from vibe.analytics_trend('shop', (now() at time zone %s)::date - 29, (now() at time zone %s)::date, %s) order by starts_at",
        [ZONE, ZONE, metric])]
    points = lambda: [row["value"] for row in dashboard.shown_rows(page, METRICS[metric])]  # noqa: E731
    assert eventually(page, lambda: dashboard.same(points(), wanted), True) is True
    assert len(wanted) == 30
    chart.get_by_text("Show as table").click()
    expect(chart.locator("details")).to_contain_text("so far")


def test_the_days_of_the_chart_are_the_orders(board, visit, today):
    page = settle(visit("/analytics?period=7d"))
    rows = dashboard.shown_rows(page, "Revenue")
    assert [row["starts_at"] for row in rows] == [str(today - datetime.timedelta(n)) for n in range(6, -1, -1)]
    if board.one("select extract(hour from now() at time zone %s)::int", ZONE) == 0:
        assert rows.pop()["value"] is None  # of a day without a full hour nothing is said yet
    for row in rows:
        assert row["value"] == pytest.approx(float(bought(board, row["starts_at"], row["starts_at"])[0])), row
    expect(panel(page, "Revenue")).to_contain_text("by day")
    page.goto(board.url + "/analytics?period=12m")
    expect(panel(page, "Revenue")).to_contain_text(re.compile("by (week|month)"))


def test_period_and_comparison_are_in_the_address(board, visit, today):
    page = settle(visit("/analytics"))
    page.get_by_role("button", name="7 days").click()
    expect(page).to_have_url(board.url + "/analytics?period=7d")
    first = str(today - datetime.timedelta(6))
    for title in PANELS[:3]:
        wanted = f"start_date => '{first}', end_date => '{today}'"
        assert eventually(page, lambda: wanted in dashboard.sql_of(page, title), True), title
    page.get_by_role("button", name="Compare").click()
    expect(page).to_have_url(board.url + "/analytics?period=7d&compare=0")
    expect(page.locator("metric-card[data-metric=revenue] .delta")).to_have_text("")
    expect(panel(page, "Revenue").locator(".legend span")).to_have_count(0)
    assert eventually(page, lambda: shown(page)["revenue"]["previous"], None) is None
    assert dashboard.check_sql(board, page, ["Key figures"])
    page.keyboard.press("x")
    page.keyboard.press("m")
    expect(page).to_have_url(board.url + "/analytics")
    expect(panel(page, "Revenue").locator(".legend span")).to_have_count(2)
    # The choices go along to other pages.
    page.keyboard.press("q")
    expect(page.get_by_role("link", name="CRM")).to_have_attribute("href", board.url + "/crm?period=90d")


# -- Sources ---------------------------------------------------------------------------------------------------------


def test_a_source_that_fails_is_no_zero(board, visit, sources, today):
    page = settle(visit("/analytics"))
    item = lambda source: panel(page, "Sources").locator(f"[data-source={source}]")  # noqa: E731
    revenue, orders = bought(board, today - datetime.timedelta(29), today, having="and p.purchase_id %% 2 = 0")
    assert orders > 5
    assert item("wordpress").locator(".value").get_attribute("title") == f"${revenue:,.2f}"
    expect(item("wordpress")).to_contain_text(f"{orders} orders")
    expect(item("wordpress").locator(".status")).to_have_text("OK")
    failed = item("bling")
    expect(failed.locator(".status")).to_have_text("Unavailable")
    expect(failed).to_contain_text(re.compile(r"Unavailable since \w+ \d+, \d{4}"))
    since = board.one("select since from vibe.source_status where kind = 'bling'")
    expect(failed.locator(".value")).to_contain_text(f"{since.hour % 12 or 12}:{since.minute:02} ")
    expect(failed).to_contain_text("Reason: TIMEOUT")
    expect(item("crm").locator(".value")).to_have_text("Not connected")
    for source in ("bling", "crm"):
        assert not re.search(r"\$|\b0\b", item(source).locator(".value").inner_text())
    assert dashboard.check_sql(board, page, ["Sources"])


@pytest.mark.parametrize("status, word, text", [("stale", "Late", "Unavailable since"), ("never", "Waiting", "Nothing received yet"), ("off", "Off", "Not connected")])
def test_every_status_says_what_it_is(board, visit, sources, status, word, text):
    change = {"stale": ("vibe.source_states set last_success_at = now() - interval '3 days'", "vibe.sources set stale_after = '1 day'"),
              "never": ("vibe.source_states set last_success_at = null, ok_since = null",), "off": ("vibe.sources set is_active = false",)}[status]
    for statement in change:
        board.database.execute(f"update {statement} where site_id = {board.site_id} and source_id = (select source_id from vibe.sources where kind = 'woocommerce')")
    page = settle(visit("/analytics"))
    item = panel(page, "Sources").locator("[data-source=wordpress]")
    expect(item).to_have_attribute("data-status", status)
    expect(item.locator(".status")).to_have_text(word)
    expect(item.locator(".value")).to_contain_text(text)


# -- Months ----------------------------------------------------------------------------------------------------------


def test_month_over_month(board, visit):
    # The latest month with orders: on the first of a month it may be the one before.
    now = board.one("select month from vibe.rfm_months('shop') limit 1")
    first = datetime.date.fromisoformat(f"{now}-01")
    last = first - datetime.timedelta(1)  # of the month before
    before = f"{last:%Y-%m}"
    page = settle(visit("/analytics"))
    months = panel(page, "Month over month")
    wanted = lambda month, compare: {row[0]: row for row in board.database.execute(  # noqa: E731
        "select metric, value, previous from vibe.analytics_kpis('shop', %s::date, (%s::date + interval '1 month - 1 day')::date, %s)",
        [f"{month}-01", f"{month}-01", compare]).fetchall()}
    assert months.get_by_label("Month", exact=True).input_value() == now
    assert list(lines(page)) == list(METRICS.values())
    orders = lambda: lines(page)["Orders"][:2]  # noqa: E731
    assert orders() == [f"{int(n):,}" for n in wanted(now, "same_elapsed")["orders"][1:]]
    months.get_by_label("Compared with").select_option("full_month")
    expect(page).to_have_url(board.url + "/analytics?against=full_month")
    full = bought(board, f"{before}-01", last)
    assert eventually(page, lambda: orders()[1], f"{full[1]:,}") == f"{full[1]:,}"
    assert shown(page, "Month over month")["revenue"]["previous"] == pytest.approx(float(full[0]))
    assert "compare => 'full_month'" in dashboard.sql_of(page, "Month over month")
    page.keyboard.press("[")
    expect(page).to_have_url(board.url + f"/analytics?against=full_month&month={before}")
    assert eventually(page, lambda: orders()[0], f"{full[1]:,}") == f"{full[1]:,}"
    expect(panel(page, "Clusters")).to_contain_text(f"{last:%B %Y}")
    assert dashboard.check_sql(board, page, ["Month over month", "Clusters"])
    page.keyboard.press("]")
    months.get_by_label("Compared with").select_option("pro_rata")
    assert eventually(page, lambda: "compare => 'pro_rata'" in dashboard.sql_of(page, "Month over month"), True)
    assert dashboard.check_sql(board, page, ["Month over month"])


def test_clusters_have_their_colours(board, visit):
    page = settle(visit("/analytics"))
    rows = dashboard.shown_rows(page, "Clusters")
    assert [row["cluster"] for row in rows] == ["champions", "loyal", "opportunists", "at_risk", "hibernating", "lost"]
    items = panel(page, "Clusters").locator("ol > li")
    colours = dict(board.database.execute("select cluster, color from vibe.rfm_cluster_labels").fetchall())
    for item, row in zip(items.all(), rows, strict=True):
        assert item.evaluate("(element) => getComputedStyle(element).getPropertyValue('--cluster')") == colours[row["cluster"]]
        expect(item.locator(".count")).to_have_text(f"{row['customers']:,}")
        if row["customers_change"]:  # more lost customers are no good news
            good = (row["customers_change"] > 0) != (row["cluster"] in ("at_risk", "hibernating", "lost"))
            expect(item.locator(".delta")).to_have_class("delta good" if good else "delta bad")
    expect(panel(page, "Clusters").get_by_role("link", name="Segmentation")).to_have_attribute("href", re.compile(r"/segmentation\?month=\d{4}-\d\d$"))


# -- As of an earlier day ----------------------------------------------------------------------------------------------


def test_as_of_an_earlier_day(board, visit, today):
    day = today - datetime.timedelta(10)
    page = settle(visit("/analytics"))
    page.get_by_role("button", name="As of now").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("End of this day").fill(str(day))
    dialog.get_by_role("button", name="Show").click()
    expect(page).to_have_url(board.url + f"/analytics?asof={day}")
    expect(page.get_by_role("status").filter(has_text="Figures as of the end of")).to_contain_text(f"{day:%B} {day.day}, {day.year}")
    first = day - datetime.timedelta(29)
    revenue, orders = bought(board, first, day)
    assert eventually(page, lambda: figure(page, "orders"), orders) == orders
    assert figure(page, "revenue") == float(revenue)
    settle(page)
    for title in PANELS:
        assert f"as_of => '{day} 24:00 {ZONE}'" in dashboard.sql_of(page, title), title
    assert dashboard.check_sql(board, page) == PANELS
    # An order of later changes nothing, one of before does.
    board.afterwards.append(("delete from vibe.purchases where site_id = %s and external_id like 'as-of-%%'", [board.site_id]))
    for name, at in (("later", day + datetime.timedelta(1)), ("before", day)):
        board.one("insert into vibe.purchases (site_id, external_id, purchased_at, amount, currency) values (%s, %s, %s::timestamp at time zone %s, 1000, 'USD') returning 1",
                  board.site_id, f"as-of-{name}", f"{at} 12:00", ZONE)
        page.reload()
        settle(page)
        assert figure(page, "orders") == orders + (name == "before")
    page.get_by_role("button", name="Back to now").click()
    expect(page).to_have_url(board.url + "/analytics")
    expect(page.get_by_text("Figures as of the end of")).to_be_hidden()
    page.keyboard.press("o")
    expect(dialog).to_be_visible()


# -- Rights, hostile addresses, files, errors ------------------------------------------------------------------------------


def test_strangers_see_nothing(board, visit):
    page = settle(visit("/analytics?site=shop", who="stranger"))
    expect(page.get_by_label("Site", exact=True).locator("option")).to_have_text(["elsewhere"])
    assert figure(page, "orders") == 0 and shown(page)["revenue"]["value"] == 0
    text = dashboard.sql_of(page, "Key figures")
    other = re.sub(r"site => '\d+'", f"site => '{board.site_id}'", text)
    with pytest.raises(AssertionError, match="is not yours"):
        dashboard.as_person(board, "stranger", other)
    with dashboard.connect(board.server.database, user="vibe_server") as session, pytest.raises(psycopg.Error):
        session.execute("set role vibe_anon")
        session.execute("select * from vibe.analytics_kpis('shop')")


def test_a_hostile_address_falls_back(board, visit, today):
    page = settle(visit("/analytics?metric=%3Cimg%20src%3Dx%3E&month=9999-99&against=';drop&asof=2026-02-31x&period=1000y&compare=%27"))
    for title in PANELS:
        expect(panel(page, title)).to_have_attribute("data-state", "ready")
    assert page.evaluate("document.images.length") == 0
    later = settle(visit(f"/analytics?month={today.year + 1}-01&asof={today.year + 1}-01-01&from={today.year + 1}-01-01&to={today.year + 1}-02-01"))
    for title in PANELS:
        expect(panel(later, title)).to_have_attribute("data-state", "ready")
    # A range that lies behind the day that was gone back to.
    past = settle(visit(f"/analytics?asof={today - datetime.timedelta(20)}&from={today - datetime.timedelta(5)}&to={today}"))
    expect(panel(past, "Key figures")).to_have_attribute("data-state", "ready")


def test_csv_is_what_is_shown(board, visit):
    page = settle(visit("/analytics"))
    for title in ("Key figures", "Revenue", "Month over month", "Clusters", "Sources"):
        head, *cells = dashboard.csv_of(page, title)
        rows = dashboard.shown_rows(page, title)
        assert head == list(rows[0]) and len(cells) == len(rows), title
        for line, row in zip(cells, rows):
            for text, value in zip(line, row.values()):
                number = isinstance(value, (int, float)) and not isinstance(value, bool)
                assert (float(text) == pytest.approx(value)) if number else True, (title, head, line)
                assert (value is None) == (text == ""), (title, line)


def test_downloads_have_the_bounds_of_the_page(board, visit, today):
    page = settle(visit("/analytics?period=7d"))
    links = panel(page, "Downloads").get_by_role("link")
    addresses = {link.get_attribute("aria-label"): link.get_attribute("href") for link in links.all()}
    days = f"start_date={today - datetime.timedelta(6)}&end_date={today}"
    assert addresses["Download Events as NDJSON"] == f"/api/v1/events/export?site={board.site_id}&{days}&format=ndjson"
    assert addresses["Download This page as the API gives it as JSON"] == f"/api/v1/analytics?site={board.site_id}&{days}"
    assert f"month={board.one('select month from vibe.rfm_months(%s) limit 1', 'shop')}" in addresses["Download Customers of the month as CSV"]
    for label, address in addresses.items():
        answer = page.request.get(board.url + address, headers={"Sec-Fetch-Site": "same-origin", "Referer": page.url})
        assert answer.status == 200, (label, answer.status, answer.text()[:300])
    revenue, _ = bought(board, today - datetime.timedelta(6), today)
    answer = page.request.get(board.url + addresses["Download This page as the API gives it as JSON"], headers={"Sec-Fetch-Site": "same-origin"}).json()
    assert answer["revenue"] == pytest.approx(float(revenue)) or answer["kpis"]


def test_a_failing_panel_takes_nothing_with_it(board, visit):
    page = visit("/dashboard/icon.svg")
    page.route("**/rpc/analytics_sources*", lambda route: route.abort())
    page.goto(board.url + "/analytics")
    settle(page)
    expect(panel(page, "Sources")).to_have_attribute("data-state", "error")
    expect(panel(page, "Sources").get_by_role("alert")).to_contain_text("The server cannot be reached.")
    for title in PANELS[:2] + PANELS[3:]:
        expect(panel(page, title)).to_have_attribute("data-state", "ready")
    page.unroute("**/rpc/analytics_sources*")
    panel(page, "Sources").get_by_role("button", name="Try again").click()
    expect(panel(page, "Sources")).to_have_attribute("data-state", "ready")
    # An old picture stays beside an honest message.
    page.route("**/rpc/analytics_kpis*", lambda route: route.fulfill(status=500, body="{}"))
    page.keyboard.press("x")
    expect(panel(page, "Key figures")).to_have_attribute("data-state", "stale")
    expect(panel(page, "Key figures")).to_contain_text("a newer answer could not be had")
    page.problems.clear()  # the browser logs each request that failed


def test_a_site_without_anything(board, visit):
    page = settle(visit("/analytics?site=empty"))
    assert dashboard.check_sql(board, page) == PANELS
    expect(panel(page, "Clusters")).to_contain_text("No customers in this month")
    expect(page.locator("metric-card[data-metric=repeat_rate] .figure")).to_have_text("–")


def test_portuguese(board, visit, sources):
    page = settle(visit("/analytics", locale="pt-BR"))
    for title in ("Números principais", "Receita", "Fontes", "Mês a mês", "Clusters", "Downloads"):
        expect(panel(page, title)).to_be_visible()
    expect(panel(page, "Fontes")).to_contain_text("Indisponível desde")
    expect(panel(page, "Clusters")).to_contain_text("Fiéis")
    expect(page.get_by_role("link", name="Campanhas", exact=True)).to_be_visible()


@pytest.mark.parametrize("path", ["/analytics", "/analytics?site=empty", "/analytics?asof=2026-11-10&metric=repeat_rate"])
def test_looks(board, visit, sources, path):
    dashboard.check_looks(settle(visit(path)))


def test_weight(board, visit):
    found = dashboard.check_weight(visit, "/analytics")
    print("analytics weighs", found.requests, "requests,", found.js, "bytes of scripts,", found.own, "of them our own,", found.css, "of styles")
