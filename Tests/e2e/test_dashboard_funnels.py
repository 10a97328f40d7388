"""The pages /funnels and /retention: what they show is what the database says, and what people build there is what it stores."""
import decimal
import json
import re
import urllib.parse

import pytest
from playwright.sync_api import expect
from psycopg.types.json import Jsonb

import dashboard
from browsing import eventually
from dashboard import PEOPLE, board, check_axe, check_looks, check_sql, check_weight, csv_of, panel, settle, visit  # noqa: F401

CART = {"steps": [{"event_name": "add_to_cart"}, {"event_name": "checkout"}, {"event_name": "purchase"}], "within": "3 days"}
THIRTY = "(now() at time zone 'America/New_York')::date - 29, (now() at time zone 'America/New_York')::date"


def defined(definition):
    return "define=" + urllib.parse.quote(json.dumps(definition))


def percent(share):
    """A share with one decimal, halves rounded up, as browsers write it."""
    text = str((decimal.Decimal(str(share)) * 100).quantize(decimal.Decimal("0.1"), decimal.ROUND_HALF_UP))
    return text.removesuffix(".0") + "%"


def conversion(board, more=""):
    """(name, users, share, dropped) of the stored funnel in the last thirty days, by another call than the page's."""
    return board.database.execute(
        f"select name, users, conversion_from_start::float, drop_off from vibe.calculate_funnel_conversion('shop', 'checkout', {THIRTY}{more}) order by step"
    ).fetchall()


@pytest.fixture
def builder(visit):
    """The form for a new funnel, opened by somebody."""

    def open_form(who="owner", path="/funnels", **options):
        page = settle(visit(path, who=who, **options))
        page.get_by_role("button", name="New funnel").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        return page, page.get_by_role("dialog")

    yield open_form


def fill_step(dialog, place, event=None, page=None, label=None):
    step = dialog.locator(".funnel-part[data-kind=step]").nth(place)
    step.get_by_label("What happens").select_option("page" if event is None else "event")
    if event is not None:
        step.get_by_label("Event", exact=True).fill(event)
    if page is not None:
        step.get_by_label("Page", exact=True).fill(page)
    if label is not None:
        step.get_by_label("Shown as").fill(label)
    return step


# -- What is shown ---------------------------------------------------------------------------------------------------


def test_every_panel_tells_what_its_sql_says(board, visit):
    page = settle(visit("/funnels?compare=previous&drop=2"))
    told = conversion(board)
    result = panel(page, "checkout")
    expect(result.locator(".steps-name")).to_have_text([name for name, *_ in told])
    expect(result.locator(".steps-users")).to_have_text([f"{users:,}" for _, users, *_ in told])
    expect(result.locator(".steps-overall strong")).to_have_text(percent(told[-1][2]))
    expect(result.locator(".steps-drop button")).to_contain_text([f"{dropped:,} user" for *_, dropped in told[1:]])
    biggest = max(range(1, len(told)), key=lambda n: told[n][3])
    expect(result.locator("li").nth(biggest).locator(".steps-mark")).to_have_text("Biggest drop")
    expect(result.locator(".steps-mark")).to_have_count(1)
    found = check_sql(board, page)
    assert {"checkout", "Previous period", "Funnels", "Conversion over time", "How long each step takes"} <= set(found) and len(found) == 7
    page.goto(f"{board.url}/funnels?by=product&{defined(CART)}")
    check_sql(board, settle(page), ["Unsaved funnel", "By product"])
    values = board.database.execute(
        f"""select coalesce(entry_value, '(not set)') from vibe.calculate_funnel_conversion('shop', null, {THIRTY}, %s, 'product')
            where step = 1 order by users desc, entry_value limit 6""", [Jsonb(CART)]).fetchall()
    expect(page.locator(".funnel-values h3")).to_have_text([value for value, in values])


def test_tables_come_as_csv(board, visit):
    page = settle(visit("/funnels?drop=2"))
    head, *rows = csv_of(page, "checkout")
    assert head[:3] == ["step", "name", "users"]
    assert [(row[1], int(row[2])) for row in rows] == [(name, users) for name, users, *_ in conversion(board)]
    people = csv_of(page, "Who dropped off before “Cart”")
    assert people[0][0] == "user_id" and len(people) == 1 + conversion(board)[1][3] > 21, "all of them, not the page alone"
    page.goto(f"{board.url}/retention")
    head, *rows = csv_of(settle(page), "Retention by cohort")
    assert head[0] == "cohort" and len(rows) == 12 * 13 // 2


def test_a_drop_leads_to_the_people(board, visit):
    page = settle(visit("/funnels"))
    panel(page, "checkout").locator(".steps-drop button").first.click()
    expect(page).to_have_url(re.compile(r"drop=2"))
    lost = panel(page, "Who dropped off before “Cart”")
    expect(lost.get_by_role("heading")).to_be_focused()
    wanted = [row[0] for row in board.database.execute(
        f"select user_id from vibe.funnel_users('shop', 'checkout', {THIRTY}, stopped_after => 1, at_most => 10000) order by 1").fetchall()]
    assert len(wanted) == conversion(board)[1][3] > 40
    shown = lambda: [int(key) for key in lost.locator("tbody tr").evaluate_all("(rows) => rows.map((row) => row.dataset.key)")]  # noqa: E731
    assert eventually(page, shown, wanted[:20]) == wanted[:20]
    lost.get_by_role("button", name="Next page").click()
    assert eventually(page, shown, wanted[20:40]) == wanted[20:40]
    expect(lost.locator(".pager")).to_contain_text(f"21–40 of {len(wanted)}")
    check_sql(board, page, ["Who dropped off before “Cart”"])
    page.reload()
    assert eventually(page, shown, wanted[20:40]) == wanted[20:40]
    lost.get_by_role("button", name="Previous page").click()
    assert eventually(page, shown, wanted[:20]) == wanted[:20]
    lost.locator("tbody button").first.click()
    expect(page).to_have_url(re.compile(rf"user={wanted[0]}\b"))
    page.go_back()
    expect(page).not_to_have_url(re.compile("user="))
    page.go_back()
    page.go_back()
    expect(lost).to_have_count(0)


def test_the_address_holds_every_choice(board, visit):
    page = settle(visit("/funnels"))
    page.get_by_role("button", name="90 days").click()
    expect(page).to_have_url(re.compile(r"/funnels\?period=90d$"))
    page.keyboard.press("w")
    expect(page).to_have_url(re.compile(r"\?period=7d$"))
    page.keyboard.press("m")
    expect(page).to_have_url(re.compile(r"/funnels$"))
    page.keyboard.press("x")
    expect(panel(page, "Previous period")).to_be_visible()
    segment = page.get_by_label("Segment")
    segment.focus()
    expect(segment.locator("option")).to_contain_text(["All users", "Big spenders"])
    segment.select_option("Big spenders")
    expect(page).to_have_url(re.compile(r"compare=previous&segment=Big\+spenders"))
    users = lambda: panel(page, "checkout").locator(".steps-users").first.inner_text()  # noqa: E731
    few = f"{conversion(board, more=', segment => $$Big spenders$$')[0][1]:,}"
    assert eventually(page, users, few) == few != f"{conversion(board)[0][1]:,}"
    check_sql(board, settle(page))
    page.reload()
    expect(segment).to_have_value("Big spenders")
    page.get_by_role("button", name="Custom").click()
    first, last = board.one("select ((now() - interval '20 days')::date)::text, ((now() - interval '10 days')::date)::text")
    page.get_by_label("First day").fill(last)
    page.get_by_label("Last day").fill(first)
    page.get_by_role("button", name="Show", exact=True).click()
    assert page.get_by_label("First day").evaluate("(field) => field.validationMessage") == "The first day is after the last one."
    page.get_by_label("First day").fill(first)
    page.get_by_label("Last day").fill(last)
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page).to_have_url(re.compile(f"from={first}&to={last}"))
    assert eventually(page, lambda: f"first_day => '{first}', last_day => '{last}'" in dashboard.sql_of(page, "checkout"), True)


def test_another_target_of_the_trend(board, visit):
    page = settle(visit("/funnels"))
    page.get_by_label("Converted to").select_option(label="to Cart")
    expect(page).to_have_url(re.compile(r"step=2$"))
    expect(panel(page, "Time to “Cart”")).to_be_visible()
    check_sql(board, settle(page), ["Conversion over time", "Time to “Cart”"])
    chart = page.locator("line-chart")
    assert eventually(page, lambda: chart.evaluate("(chart) => chart.points.length"), 30) == 30
    assert chart.evaluate("(chart) => chart.points.at(-1).is_partial") is True


def test_an_unsaved_funnel_stands_in_the_address(board, visit):
    page = settle(visit(f"/funnels?{defined(CART)}"))
    expect(panel(page, "Unsaved funnel").locator(".steps-name")).to_have_text(["add_to_cart", "checkout", "purchase"])
    expect(page.get_by_role("button", name="Delete")).to_have_count(0)
    # Nonsense there is nothing; what only the database can refuse is an error of the panels, not of the page.
    page.goto(f"{board.url}/funnels?define=%7Bnonsense&drop=77&step=x&period=none&from=2026-02-31&to=a&after=,;1")
    expect(panel(settle(page), "checkout")).to_be_visible()
    page.goto(f"{board.url}/funnels?{defined(CART | {'mode': 'backwards'})}")
    expect(panel(page, "Unsaved funnel").get_by_role("alert").first).to_contain_text("Could not load data.")
    expect(panel(page, "Funnels").locator(".funnel-list")).to_be_visible()
    page.problems.clear()


def test_strange_names_stay_text(board, visit):
    hostile = [name[:100] for name in dashboard.HOSTILE[:3]]
    definition = {"name": hostile[0], "steps": [{"event_name": "page_view", "name": hostile[1]}, {"event_name": "add_to_cart", "name": hostile[2]}]}
    board.afterwards.append(("delete from vibe.funnels where name = %s", [hostile[0]]))
    board.one("select vibe.create_funnel('shop', %s)", Jsonb(definition))
    page = settle(visit("/funnels?" + urllib.parse.urlencode({"funnel": hostile[0], "drop": 2}), width=390))
    expect(panel(page, hostile[0]).locator(".steps-name")).to_have_text([hostile[1], hostile[2].replace("\u202e", "␣")])
    page.get_by_role("button", name="Edit").click()
    expect(page.get_by_role("dialog").get_by_role("heading", level=2)).to_have_text(f"Edit “{hostile[0]}”")
    assert page.title() == "Funnels · Vibe" and page.evaluate("document.documentElement.scrollWidth <= innerWidth")


# -- What is built ---------------------------------------------------------------------------------------------------


def test_a_funnel_is_built_changed_and_deleted(board, builder):
    page, dialog = builder("member")
    fill_step(dialog, 0, page="/shop/product%", label="Looked")
    cart = fill_step(dialog, 1, event="add_to_cart")
    cart.get_by_role("button", name="Add condition").click()
    cart.get_by_label("Property").fill("price")
    cart.get_by_label("Comparison").select_option(">=")
    cart.get_by_label("Value").fill("20")
    dialog.get_by_role("button", name="Add step").click()
    expect(dialog.locator(".funnel-part")).to_have_count(3)
    bought = fill_step(dialog, 2, event="purchase")
    # By keys: third to second; the focus goes along, so the same keys bring it back.
    bought.get_by_label("Event", exact=True).press("Alt+ArrowUp")
    events = dialog.locator(".funnel-part[data-kind=step] [data-path=event_name]")
    assert events.evaluate_all("(all) => all.map((field) => field.value)") == ["", "purchase", "add_to_cart"]
    expect(dialog.locator("[role=status]")).to_have_text("The step is now number 2.")
    page.keyboard.press("Alt+ArrowDown")
    assert events.evaluate_all("(all) => all.map((field) => field.value)") == ["", "add_to_cart", "purchase"]
    # By buttons: at the end the button is off and the focus stays in the step.
    dialog.get_by_role("button", name="Move step 2 down").click()
    expect(dialog.get_by_role("button", name="Move step 3 up")).to_be_focused()
    page.keyboard.press("Enter")
    dialog.get_by_label("Longest time from first to last").fill("36")
    dialog.get_by_label("Unit of time").select_option("hours")
    dialog.get_by_text("More rules").click()
    dialog.get_by_label("Each step must be later").check()
    dialog.get_by_role("button", name="Add exclusion").click()
    barred = dialog.locator(".funnel-part[data-kind=exclusion]")
    barred.get_by_label("What happens").select_option("event")
    barred.get_by_label("Event", exact=True).fill("logout")
    # Seen before it is stored.
    dialog.get_by_role("button", name="Preview").click()
    wanted = {"mode": "ordered", "within": "36 hours", "ties": "strict", "steps": [
        {"event_name": "page_view", "page_pattern": "/shop/product%", "name": "Looked"},
        {"event_name": "add_to_cart", "properties": {"price": {">=": 20}}}, {"event_name": "purchase"}],
        "exclusions": [{"event_name": "logout", "from_step": 1, "to_step": 3}]}
    users = [f"{users:,}" for users, in board.database.execute(
        f"select users from vibe.calculate_funnel_conversion('shop', null, {THIRTY}, %s) order by step", [Jsonb(wanted)]).fetchall()]
    expect(dialog.locator(".funnel-preview .steps-users")).to_have_text(users)
    assert board.one("select count(*) from vibe.funnels where name = 'Dear things'") == 0
    check_axe(page)
    dialog.get_by_label("Name", exact=True).fill("Dear things")
    dialog.get_by_role("button", name="Save funnel").click()
    expect(dialog).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/funnels\?funnel=Dear\+things$"))
    expect(panel(page, "Dear things").locator(".steps-users")).to_have_text(users)
    stored = board.one("select definition from vibe.stored_funnels('shop') where name = 'Dear things'")
    assert {key: stored[key] for key in ("mode", "ties")} == {"mode": "ordered", "ties": "strict"} and stored["within"] == "36:00:00"
    assert [step.get("properties") for step in stored["steps"]] == [None, {"price": {">=": 20}}, None]
    assert stored["exclusions"] == [{"name": "logout", "event_name": "logout", "from_step": 1, "to_step": 3}]

    # What is stored comes back into the form; a step less, another name.
    page.get_by_role("button", name="Edit").click()
    expect(dialog.get_by_label("Name", exact=True)).to_have_value("Dear things")
    expect(dialog.get_by_label("Longest time from first to last")).to_have_value("36")
    expect(dialog.get_by_label("Unit of time")).to_have_value("hour")
    expect(dialog.get_by_label("Value")).to_have_value("20")
    dialog.get_by_role("button", name="Remove step 1").click()
    dialog.get_by_label("Before step").fill("2")
    dialog.get_by_label("Name", exact=True).fill("Dear")
    dialog.get_by_role("button", name="Save funnel").click()
    expect(panel(page, "Dear").locator(".steps-name")).to_have_text(["add_to_cart", "purchase"])
    expect(panel(page, "Funnels").locator(".funnel-list .name")).to_have_text(["checkout", "Dear"])
    # The form closes by Back, and nothing is stored.
    page.get_by_role("button", name="Edit").click()
    dialog.get_by_label("Name", exact=True).fill("Forgotten")
    page.go_back()
    expect(dialog).to_have_count(0)
    assert board.one("select count(*) from vibe.funnels where name = 'Forgotten'") == 0

    page.get_by_role("button", name="Delete").click()
    expect(dialog).to_contain_text("Events stay as they are.")
    dialog.get_by_role("button", name="Cancel").click()
    assert board.one("select count(*) from vibe.funnels where name = 'Dear'") == 1
    page.get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(panel(page, "Funnels").locator(".funnel-list .name")).to_have_text(["checkout"])
    expect(panel(page, "checkout")).to_be_visible()
    assert board.one("select count(*) from vibe.funnels where name = 'Dear'") == 0


def test_what_is_wrong_stands_at_its_field(board, builder):
    page, dialog = builder()
    save = dialog.get_by_role("button", name="Save funnel")
    wrong = dialog.locator("[aria-invalid=true]")

    def refused(label, text):
        save.click()
        expect(wrong).to_have_count(1)
        expect(wrong).to_have_attribute("data-path", label)
        described = wrong.get_attribute("aria-describedby")
        expect(dialog.locator(f"#{described}")).to_have_text(text)

    first, second = fill_step(dialog, 0), fill_step(dialog, 1, event="")
    refused("name", "Give it a name of 1 to 100 characters.")
    expect(dialog.get_by_label("Name", exact=True)).to_be_focused()
    dialog.get_by_label("Name", exact=True).fill("checkout")
    refused("event_name", "Name the event, in 1 to 100 characters.")
    expect(second.get_by_label("Event", exact=True)).to_be_focused()
    second.get_by_label("Event", exact=True).fill("purchase")
    refused("name", "Another funnel has this name already.")
    dialog.get_by_label("Longest time from first to last").fill("soon")
    refused("within", "It must be a whole number, not too large.")
    dialog.get_by_label("Longest time from first to last").fill("")
    first.get_by_label("Page", exact=True).fill("/" * 2001)
    refused("page_pattern", "It must have at most 2,000 characters.")
    first.get_by_label("Page", exact=True).fill("")
    first.get_by_role("button", name="Add condition").click()
    refused("properties", "A condition lacks its property or value, or does not fit.")
    first.get_by_label("Property").fill("price")
    first.get_by_label("Comparison").select_option("missing")
    first.get_by_role("button", name="Add condition").click()
    first.get_by_label("Property").nth(1).fill("price")
    first.get_by_label("Value").nth(1).fill("3")
    refused("properties", "One property cannot have both of these conditions.")
    first.get_by_role("button", name="Remove condition").nth(1).click()
    dialog.get_by_text("More rules").click()
    dialog.get_by_label("Property that stays the same").fill("p" * 101)
    refused("hold", "It must have 1 to 100 characters.")
    dialog.get_by_label("Property that stays the same").fill("")
    dialog.get_by_role("button", name="Add exclusion").click()
    dialog.get_by_label("After step").fill("2")
    refused("to_step", "The second step must come after the first one; without order it must span all steps.")
    dialog.get_by_label("After step").fill("0")
    refused("from_step", "The second step must come after the first one; without order it must span all steps.")
    dialog.get_by_role("button", name="Remove exclusion 1").click()
    dialog.get_by_role("button", name="Remove step 1").click()
    refused("steps", "A funnel has 2 to 32 steps.")
    for _ in range(31):
        dialog.get_by_role("button", name="Add step").click()
    expect(dialog.get_by_role("button", name="Add step")).to_be_disabled()
    assert board.one("select count(*) from vibe.funnels where site_id = %s", board.site_id) == 1
    page.problems.clear()  # the browser logs each refusal


def test_a_funnel_can_be_tried_without_saving(board, builder):
    page, dialog = builder("viewer")
    expect(dialog.get_by_role("button", name="Save funnel")).to_have_count(0)
    expect(dialog).to_contain_text("As a viewer you can try funnels, but not save them.")
    fill_step(dialog, 0, event="add_to_cart")
    fill_step(dialog, 1, event="purchase", label="Paid")
    dialog.get_by_label("Order of the steps").select_option("unordered")
    dialog.get_by_role("button", name="Show without saving").click()
    expect(dialog).to_have_count(0)
    expect(panel(page, "Unsaved funnel").locator(".steps-name")).to_have_text(["any 1 of 2", "any 2 of 2"])
    page.reload()
    expect(panel(page, "Unsaved funnel").locator(".steps-name")).to_have_text(["any 1 of 2", "any 2 of 2"])
    page.get_by_role("button", name="Change").click()
    expect(dialog.get_by_label("Shown as").nth(1)).to_have_value("Paid")


def test_viewers_write_nothing(board, visit):
    page = settle(visit("/funnels", who="viewer"))
    expect(page.get_by_role("button", name="Delete")).to_have_count(0)
    expect(page.get_by_role("button", name="Edit")).to_have_count(0)
    write = """(body) => fetch("/rest/v1/rpc/delete_funnel", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) })
        .then((answer) => answer.status)"""
    assert page.evaluate(write, {"site": "shop", "funnel": "checkout"}) in (400, 403)
    page.problems.clear()
    # Who loses the right while the page is open is told so, and the funnel stays.
    page = settle(visit("/funnels", who="member"))
    board.database.execute("select vibe.add_member('shop', %s, 'viewer')", [PEOPLE["member"]])
    try:
        page.get_by_role("button", name="Delete").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(page.locator(".toast.bad")).to_be_visible()
    finally:
        board.database.execute("select vibe.add_member('shop', %s, 'member')", [PEOPLE["member"]])
    assert board.one("select count(*) from vibe.funnels where name = 'checkout'") == 1
    page.problems.clear()


def test_a_site_without_funnels_offers_the_first_step(board, visit):
    page = settle(visit("/funnels?site=empty"))
    expect(page.locator("data-panel")).to_have_count(1)
    expect(page.get_by_text("No funnel yet")).to_be_visible()
    page.get_by_role("button", name="Add step").click()
    dialog = page.get_by_role("dialog")
    fill_step(dialog, 1, event="purchase")
    dialog.get_by_label("Name", exact=True).fill("first")
    board.afterwards.append(("delete from vibe.funnels where site_id = %s", [board.empty_id]))
    dialog.get_by_role("button", name="Save funnel").click()
    expect(panel(page, "first")).to_contain_text("Nobody entered this funnel")
    page.get_by_role("button", name="Try 12 months").click()
    expect(page).to_have_url(re.compile("period=12m"))
    page.get_by_label("Site", exact=True).select_option("shop")
    expect(panel(page, "checkout").locator(".steps-users").first).to_be_visible()
    expect(page).not_to_have_url(re.compile("funnel="))


# -- Retention -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked, period, mode", [("", "week", "on"), ("?by=day&mode=on_or_after", "day", "on_or_after"), ("?by=month", "month", "on")])
def test_retention_is_what_the_database_says(board, visit, asked, period, mode):
    page = settle(visit(f"/retention{asked}"))
    check_sql(board, page)
    first = {"day": "current - 13", "week": "current - 77", "month": "(date_trunc('month', current) - interval '11 months')::date"}[period]
    wanted = board.database.execute(
        f"""select r.cohort, r.period_number, r.users, r.share, r.is_complete
            from (select (now() at time zone 'America/New_York')::date as current) as d
            cross join lateral vibe.retention('shop', %s, {first}, current, %s) as r where r.cohort_users > 0 order by 1, 2""", [period, mode]).fetchall()
    cells = page.locator("table.retention td.cell")
    expect(cells).to_have_count(len(wanted))
    shown = cells.evaluate_all("(all) => all.map((cell) => [cell.querySelector('strong').textContent, cell.children[1].textContent, cell.classList.contains('unfinished')])")
    assert shown == [[percent(share), f"{users:,}", not is_complete] for _, _, users, share, is_complete in wanted]
    assert any(unfinished for *_, unfinished in shown)
    expect(cells.locator("nth=-1")).to_contain_text("so far")
    by_number = {}
    for _, n, users, share, is_complete in wanted:
        if is_complete:
            by_number.setdefault(n, []).append((users, share))
    assert page.locator("line-chart").evaluate("(chart) => chart.points.length") == len(by_number)


def test_retention_keeps_its_choices_in_the_address(board, visit):
    page = settle(visit("/retention"))
    page.get_by_role("button", name="Day", exact=True).click()
    expect(page).to_have_url(re.compile(r"\?by=day$"))
    page.get_by_label("Number of cohorts").select_option("30")
    expect(page).to_have_url(re.compile(r"by=day&span=30$"))
    page.get_by_label("Counts as back").select_option("on_or_after")
    expect(page).to_have_url(re.compile(r"by=day&span=30&mode=on_or_after$"))
    expect(page.locator("table.retention thead th")).to_have_count(32)
    page.reload()
    expect(page.locator("table.retention thead th")).to_have_count(32)
    page.keyboard.press("w")
    expect(page).to_have_url(re.compile(r"\?mode=on_or_after$"))
    page.keyboard.press("o")
    expect(page).to_have_url(re.compile("/retention$"))


def test_only_the_table_scrolls_on_a_phone(board, visit):
    page = settle(visit("/retention?by=day", width=390))
    scroll = page.get_by_role("group", name="Share of each cohort that was active, by period")
    assert scroll.evaluate("(box) => box.scrollWidth > box.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    scroll.focus()
    page.keyboard.press("End")
    scroll.evaluate("(box) => { box.scrollLeft = 200 }")
    left = "(cell) => cell.getBoundingClientRect().left - cell.closest('.scroll').getBoundingClientRect().left"
    assert abs(page.locator("table.retention tbody th").first.evaluate(left)) < 4, "the cohort stays in sight"


def test_nobody_is_retained_on_an_empty_site(board, visit):
    page = settle(visit("/retention?site=empty"))
    expect(page.get_by_text("No new visitors")).to_be_visible()
    page.get_by_role("button", name="Look further back").click()
    expect(page).to_have_url(re.compile("span=52"))


# -- Manners ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path, function, title", [("/funnels", "funnel_times", "How long each step takes"), ("/retention", "retention_curve", "All cohorts together")])
def test_one_panel_fails_alone_and_comes_back(board, visit, path, function, title):
    page = visit("/dashboard/icon.svg")
    page.route(f"**/rpc/{function}*", lambda route: route.abort())
    page.goto(board.url + path)
    failed = panel(page, title)
    expect(failed.get_by_role("alert")).to_contain_text("The server cannot be reached.")
    expect(page.locator("data-panel[data-state=ready]").first).to_be_visible()
    page.unroute(f"**/rpc/{function}*")
    failed.get_by_role("button", name="Try again").click()
    expect(failed).to_have_attribute("data-state", "ready")
    page.problems.clear()


def test_portuguese(board, visit):
    page = settle(visit("/funnels?compare=previous&drop=2", locale="pt-BR"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Funis")
    expect(panel(page, "checkout").locator(".steps-drop button").first).to_contain_text("desistiram")
    expect(panel(page, "Quem desistiu antes de “Cart”")).to_be_visible()
    page.get_by_role("button", name="Novo funil").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Salvar funil").click()
    expect(dialog.locator(".field-error").filter(has_text="Dê um nome de 1 a 100 caracteres.")).to_be_visible()
    page.problems.clear()
    page.goto(f"{board.url}/retention?by=month")
    expect(panel(settle(page), "Retenção por coorte").locator("thead")).to_contain_text("Mês 0")


@pytest.mark.parametrize("path", ["/funnels?compare=previous&drop=2", "/retention"])
def test_looks(board, visit, path):
    check_looks(settle(visit(path)))


@pytest.mark.parametrize("path", ["/funnels", "/retention"])
def test_weight(board, visit, path):
    check_weight(visit, path)
