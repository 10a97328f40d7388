"""The segmentation page: the clusters and customers of a month, movement between two, and segments, each compared with the database."""
import datetime
import json
import re

import pytest
from playwright.sync_api import expect

import dashboard
from dashboard import board, panel, settle, visit  # noqa: F401  fixtures

expect.set_options(timeout=20_000)  # many tests share a machine
NAMES = ["<img src=x onerror=\"document.title='owned'\">", "=HYPERLINK(\"http://evil.example\")", "gpj.\u202eexe", "A" * 180]


@pytest.fixture(scope="module")
def shop(board):  # noqa: F811
    """The site of the board with its running month calculated, value clusters, hostile names and a customer whom nobody saw."""
    board.month = board.one("select month from vibe.rfm_months('shop') where is_default")
    board.before = board.one("select month from vibe.rfm_months('shop') where month < %s order by month desc limit 1", board.month)
    board.stranger_id = board.one("""insert into vibe.customers (site_id, external_id, name, email) values (%s, 'S-1', 'Unseen Buyer', 'unseen@example.org')
        returning customer_id""", board.site_id)
    board.database.execute("""insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency, is_refund)
        select %s, %s, 'unseen-' || n, (%s || '-10')::timestamptz + n * interval '1 day', case when n = 3 then -5 else 100 * n end,
            (select currency from vibe.sites where site_id = %s), n = 3 from generate_series(1, 3) as n""",
        [board.site_id, board.stranger_id, board.month, board.site_id])
    # More than one page of them.
    board.database.execute("insert into vibe.customers (site_id, external_id, name) select %s, 'many-' || n, 'Buyer ' || n from generate_series(1, 40) as n", [board.site_id])
    board.database.execute("""insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency)
        select c.site_id, c.customer_id, c.external_id, (%s || '-05')::timestamptz + c.customer_id %% 20 * interval '1 day', 10 + c.customer_id %% 7, s.currency
        from vibe.customers as c join vibe.sites as s using (site_id) where c.site_id = %s and c.external_id like 'many-%%'""", [board.month, board.site_id])
    named = board.database.execute("select customer_id from vibe.rfm_customers('shop', %s) where customer_id <> %s order by monetary desc limit 4",
                                   [board.month, board.stranger_id]).fetchall()
    for name, (customer,) in zip(NAMES, named):
        board.database.execute("update vibe.customers set name = %s where site_id = %s and customer_id = %s", [name, board.site_id, customer])
    board.one("select vibe.calculate_rfm('shop', %s)", board.month)
    board.database.execute("select * from vibe.calculate_clusters('shop')")
    return board


def rows_of(board, query, *given):  # noqa: F811
    """Rows as dictionaries of JSON values."""
    return board.one(f"select coalesce(jsonb_agg(to_jsonb(q)), '[]') from ({query}) as q", *given)


def names_in(page, title):
    """The first cells of the panel's table."""
    return panel(page, title).locator("tbody tr td:first-child").all_inner_texts()


def eventually_shows(page, title, wanted):
    """The panel's table comes to have these first cells."""
    expect(panel(page, title).locator("tbody tr td:first-child")).to_have_text(wanted)


def shown(name):
    """What a table makes of a name (plain() of format.js): invisible characters can be seen, long text is cut."""
    text = re.sub(r"[\u200b-\u200f\u202a-\u202e\u2066-\u2069]", "\u2423", name)
    return text if len(text) <= 120 else text[:120] + "…"


def test_clusters_of_the_month(shop, visit):  # noqa: F811
    page = settle(visit("/segmentation"))
    expect(page.get_by_label("Month", exact=True)).to_have_value(shop.month)
    wanted = rows_of(shop, "select * from vibe.rfm_distribution('shop', %s) order by customers desc", shop.month)
    bars = panel(page, "RFM clusters").locator(".bars > li")
    expect(bars).to_have_count(6)
    by_label = {one["label_en"]: one for one in wanted}
    sizes = []
    for bar in bars.all():
        label, count = bar.locator(".name").inner_text(), bar.locator(".count").get_attribute("title")
        row = by_label.pop(label)
        sizes.append(row["customers"])
        assert int(count.replace(",", "")) == row["customers"]
        assert float(bar.locator(".share").inner_text().rstrip("%")) == pytest.approx(row["share"] * 100, abs=0.06)
        # The colour is the one of SQL's map; the label says the same.
        assert bar.evaluate("(bar) => bar.style.getPropertyValue('--cluster')") == row["color"]
        if row["customers_change"] is not None and row["customers_change"] != 0:
            assert ("↑" if row["customers_change"] > 0 else "↓") in bar.inner_text()
    assert by_label == {} and sizes == sorted(sizes, reverse=True)
    # The cards are the month's figures.
    figures = dict(shop.database.execute("select metric, value from vibe.rfm_month_metrics('shop', %s)", [shop.month]).fetchall())
    cards = panel(page, "Customers of the month").locator("metric-card .figure")
    assert [card.get_attribute("title") for card in cards.all()][:2] == [f"{figures['customers']:,}", f"{figures['orders']:,}"]
    assert cards.nth(2).get_attribute("title").lstrip("$") == f"{figures['monetary']:,.2f}"
    # Beside them High, Medium and Low.
    expect(panel(page, "Value clusters").locator(".bars .name")).to_have_text(["High value", "Medium value", "Low value"])


def test_month_in_the_address(shop, visit):  # noqa: F811
    page = settle(visit(f"/segmentation?month={shop.before}"))
    expect(page.get_by_label("Month", exact=True)).to_have_value(shop.before)
    count = "select count(*) from vibe.rfm_analysis where site_id = %s and period = %s"
    expect(panel(page, "Customers").locator(".pager")).to_contain_text(f"of {shop.one(count, shop.site_id, shop.before)}")
    page.get_by_role("button", name="Later month").click()
    expect(page).to_have_url(re.compile("/segmentation$"))
    expect(panel(page, "Customers").locator(".pager")).to_contain_text(f"of {shop.one(count, shop.site_id, shop.month)}")
    page.keyboard.press("[")
    expect(page).to_have_url(re.compile(f"month={shop.before}"))
    expect(panel(page, "Customers").locator(".pager")).to_contain_text(f"of {shop.one(count, shop.site_id, shop.before)}")


def test_customers_search_sort_page(shop, visit):  # noqa: F811
    page = settle(visit("/segmentation"))
    table = panel(page, "Customers")

    def wanted(where="true", order="monetary desc nulls last, customer_id", offset=0, search=None):
        rows = shop.database.execute(f"select coalesce(name, external_id) from vibe.rfm_customers('shop', %s, %s) where {where} order by {order} limit 25 offset {offset}",
                                     [shop.month, search]).fetchall()
        return [shown(name) for name, in rows]

    eventually_shows(page, "Customers", wanted())
    for title, column, first in (("R", "r_score", "desc"), ("Days since", "recency", "desc"), ("Customer", "name", "asc"), ("Cluster", "cluster", "asc"),
                                 ("Month over month", "monetary_change", "desc")):
        head = table.locator("th button").filter(has_text=re.compile(f"^{title}$"))
        head.click()
        eventually_shows(page, "Customers", wanted(order=f"{column} {first} nulls last, customer_id"))
        head.click()
        other = "asc" if first == "desc" else "desc"
        eventually_shows(page, "Customers", wanted(order=f"{column} {other} nulls last, customer_id"))
        expect(page).to_have_url(re.compile(f"sort={column}.{other}"))
    page.goto(shop.url + "/segmentation?sort=recency.asc&offset=25")
    eventually_shows(page, "Customers", wanted(order="recency, customer_id", offset=25))
    table.get_by_role("button", name="Previous page").click()
    eventually_shows(page, "Customers", wanted(order="recency, customer_id"))
    page.goto(shop.url + "/segmentation?sort=recency.asc&offset=100000")  # behind the last page there is the first
    eventually_shows(page, "Customers", wanted(order="recency, customer_id"))
    expect(page).to_have_url(re.compile("sort=recency.asc$"))
    page.problems.clear()
    # A bar is a filter, and so is the list; the search takes part of name, email or number.
    panel(page, "RFM clusters").get_by_role("button", name="Loyal").click()
    expect(page).to_have_url(re.compile("cluster=loyal"))
    eventually_shows(page, "Customers", wanted("cluster = 'loyal'", "recency, customer_id"))
    expect(table.get_by_label("Cluster", exact=True)).to_have_value("loyal")
    table.get_by_label("Cluster", exact=True).select_option("")
    page.keyboard.press("/")
    page.keyboard.type("UNSEEN@")
    eventually_shows(page, "Customers", ["Unseen Buyer"])
    expect(page).to_have_url(re.compile("q=UNSEEN%40"))
    page.get_by_label("Name, email or number").fill("nobody is called so")
    expect(table).to_contain_text("No customer matches")
    table.get_by_role("button", name="Clear filter").click()
    eventually_shows(page, "Customers", wanted(order="recency, customer_id"))


def test_hostile_names_stay_text(shop, visit):  # noqa: F811
    page = settle(visit("/segmentation"))
    found = " ".join(names_in(page, "Customers"))
    assert NAMES[0] in found and "gpj.\u2423exe" in found and "\u202e" not in found
    assert page.title() == "Segmentation · Vibe"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_csv(shop, visit):  # noqa: F811
    page = settle(visit("/segmentation?cluster=lost&sort=recency.asc"))
    begun = int(datetime.datetime.now().timestamp() * 1000) - 60_000
    with page.expect_download() as waiting:
        panel(page, "Customers").get_by_role("link", name="Download Customers as CSV").click()
    stamp = re.fullmatch(r"customers-(\d{13})\.csv", waiting.value.suggested_filename)
    assert stamp and begun < int(stamp[1]) < begun + 180_000  # S0-42
    page.goto(shop.url + "/segmentation")
    settle(page)
    head, *body = dashboard.csv_of(page, "Customers")
    everybody = rows_of(shop, "select * from vibe.rfm_customers('shop', %s) order by monetary desc nulls last, customer_id", shop.month)
    assert head == list(rows_of(shop, "select * from vibe.rfm_customers('shop', %s) limit 1", shop.month)[0]) or set(head) == set(everybody[0])
    assert [int(row[head.index("customer_id")]) for row in body] == [row["customer_id"] for row in everybody], "all rows, not one page"
    cell = body[[row["name"] for row in everybody].index(NAMES[1])][head.index("name")]
    assert cell == "'" + NAMES[1], "a formula is text in a spreadsheet"
    for title, view in (("RFM clusters", ""), ("Movement between clusters", "?view=movement"), ("Segments", "?view=segments")):
        page.goto(shop.url + "/segmentation" + view)
        settle(page)
        assert len(dashboard.csv_of(page, title)) - 1 == len(dashboard.shown_rows(page, title))


def test_sql_of_every_panel(shop, visit):  # noqa: F811
    page = settle(visit("/segmentation?cluster=loyal&q=a&sort=name.asc", who="viewer"))
    assert dashboard.check_sql(shop, page) == ["Customers of the month", "RFM clusters", "Value clusters", "Twelve months", "Customers"]
    for path in ("?view=movement", "?view=movement&by=value", "?view=movement&moved=new~lost", "?view=segments"):
        page.goto(shop.url + "/segmentation" + path)
        assert dashboard.check_sql(shop, settle(page))
    # Panels in dialogs.
    segment = shop.one("select segment_id from vibe.segments where name = 'Big spenders'")
    for path in (f"?view=segments&segment={segment}", f"?customer={shop.stranger_id}"):
        page.goto(shop.url + "/segmentation" + path)
        settle(page)
        inside = page.get_by_role("dialog").locator("data-panel")
        expect(inside).to_have_count(2)
        for place in inside.all():
            title = place.locator("h2").inner_text()
            place.get_by_role("button", name=f"SQL of {title}").click()
            text = page.locator("dialog pre.sql:has(code)").inner_text()
            page.get_by_role("dialog", name=f"SQL of {title}").get_by_role("button", name="Close").click()
            rows, printed = dashboard.as_person(shop, "viewer", text)
            data = place.evaluate("(element) => JSON.parse(JSON.stringify(element.data))")
            assert dashboard.same(data["rows"] if isinstance(data, dict) else data, rows) and len(rows) == printed > 0, title


def test_opening_a_customer(shop, visit):  # noqa: F811
    page = settle(visit(f"/segmentation?q={'unseen%40'}"))
    page.get_by_role("button", name="Unseen Buyer").click()
    dialog = page.get_by_role("dialog", name="Unseen Buyer")
    expect(dialog).to_contain_text("never seen on the site")
    expect(dialog.locator("data-panel").nth(1).locator("tbody tr")).to_have_count(3)
    expect(dialog).to_contain_text("Refund")
    expect(page).to_have_url(re.compile(f"customer={shop.stranger_id}"))
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page).to_have_url(re.compile("q=unseen"))
    page.go_forward()
    expect(page.get_by_role("dialog", name="Unseen Buyer")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    # Somebody who was seen opens as the person, also by the customer's number in the address.
    customer, user, name = shop.one("select customer_id, user_id, name from vibe.rfm_customers('shop', %s) where user_id is not null and name !~ '^[<=gA]' order by 1 limit 1", shop.month)
    page.goto(f"{shop.url}/segmentation?q={name}")
    settle(page)
    panel(page, "Customers").get_by_role("button", name=name).first.click()
    expect(page).to_have_url(re.compile(r"user=\d+"))
    expect(page.get_by_role("dialog")).to_be_visible()
    page.goto(f"{shop.url}/segmentation?customer={customer}")
    expect(page).to_have_url(re.compile(f"user={user}"))
    expect(page.get_by_role("dialog")).to_contain_text(name)


def test_movement(shop, visit):  # noqa: F811
    page = settle(visit("/segmentation?view=movement"))
    expect(page.get_by_label("Compared with")).to_have_value(shop.before)
    wanted = {f"{one['from_cluster']}~{one['to_cluster']}": one["customers"] for one in
              rows_of(shop, "select * from vibe.rfm_movement('shop', %s, %s)", shop.before, shop.month)}
    cells = page.locator(".matrix [data-cell]")
    assert {cell.get_attribute("data-cell"): int(cell.locator("b").get_attribute("title")) for cell in cells.all()} == wanted
    came = next(key for key in wanted if key.startswith("new~"))
    page.locator(f"[data-cell='{came}']").click()
    expect(page.locator(f"[data-cell='{came}']")).to_have_attribute("aria-pressed", "true")
    expect(page).to_have_url(re.compile("moved=new"))
    movers = [shown(name) for name, in shop.database.execute("select coalesce(name, external_id) from vibe.rfm_movers('shop', %s, %s, 'new', %s, null, null) order by customer_id limit 25",
                                                            [shop.before, shop.month, came.split("~")[1]]).fetchall()]
    eventually_shows(page, "Who moved", movers)
    expect(panel(page, "Who moved").locator(".pager")).to_contain_text(f"of {wanted[came]}")
    page.get_by_role("button", name="All who moved").click()
    expect(panel(page, "Who moved").locator(".pager")).to_contain_text(f"of {sum(n for key, n in wanted.items() if len(set(key.split('~'))) == 2)}")
    page.get_by_role("button", name="Value clusters").click()
    expect(page).to_have_url(re.compile("by=value"))
    moved = rows_of(shop, "select * from vibe.segmentation_movement('shop', %s, %s)", shop.before, shop.month)
    if not moved:  # members have come only now: the running month shows them
        page.get_by_label("Month", exact=True).select_option(index=0)
        running = shop.one("select month from vibe.rfm_months('shop') limit 1")
        moved = rows_of(shop, "select * from vibe.segmentation_movement('shop', %s, %s)", shop.month, running)
    expect(cells).to_have_count(len(moved))
    assert {cell.get_attribute("data-cell"): int(cell.locator("b").get_attribute("title")) for cell in cells.all()} \
        == {f"{one['from_segment']}~{one['to_segment']}": one["customers"] for one in moved}
    # On a phone the rows are lists, and nothing lies outside of the screen.
    phone = settle(visit("/segmentation?view=movement", width=390))
    expect(phone.locator(".matrix .to").first).to_be_visible()
    assert phone.locator(".matrix button").last.bounding_box()["width"] > 250


def test_running_month_is_calculated(shop, visit):  # noqa: F811
    running = shop.one("select month from vibe.rfm_months('shop') where not is_complete")
    shop.database.execute("delete from vibe.rfm_analysis where site_id = %s and period = %s", [shop.site_id, running])
    viewer = settle(visit(f"/segmentation?month={running}", who="viewer"))
    expect(panel(viewer, "RFM clusters")).to_contain_text("Members of the site can calculate it.")
    page = settle(visit(f"/segmentation?month={running}", who="member"))
    panel(page, "RFM clusters").get_by_role("button", name=re.compile("^Calculate ")).click()
    expect(panel(page, "RFM clusters").locator(".bars > li")).to_have_count(6)
    expect(panel(page, "RFM clusters")).to_contain_text("compared with")
    size = shop.one("select count(*) from vibe.rfm_analysis where site_id = %s and period = %s", shop.site_id, running)
    expect(panel(page, "Customers").locator(".pager")).to_contain_text(f"of {size}")


def open_builder(page):
    page.get_by_role("button", name="New segment").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".preview")).to_have_attribute("data-state", "good")
    return dialog


def test_rule_segment(shop, visit):  # noqa: F811
    page = settle(visit("/segmentation?view=segments", who="member"))
    dialog = open_builder(page)
    # Everything that the schema knows can be chosen, by a name of its own.
    options = dialog.get_by_label("What", exact=True).first.locator("option")
    listed = shop.database.execute("select side || '.' || name from vibe.segment_attributes()").fetchall()
    assert {option.get_attribute("value") for option in options.all()} == {one for one, in listed} | {"trait.", "event", "bought", "spent", "segment"}
    assert not [text for text in options.all_inner_texts() if "_" in text]
    # What is wrong is said at the field that it is about, and the other conditions stay.
    dialog.get_by_role("button", name="Behaviour").click()
    conditions = dialog.locator(".condition")
    conditions.nth(1).get_by_label("in the last").fill("4000")
    expect(conditions.nth(1).locator(".problem")).to_have_text("It must be 1 to 3650.")
    expect(conditions.nth(1).get_by_label("in the last")).to_have_attribute("aria-invalid", "true")
    expect(conditions.nth(0).locator(".problem")).to_be_empty()
    page.problems.clear()  # the browser logs the refusal
    conditions.nth(1).get_by_label("in the last").fill("60")
    conditions.nth(1).get_by_label("times").fill("2")
    conditions.nth(0).get_by_label("Value").fill("50")
    # A group within: none of these.
    dialog.get_by_role("button", name="Group").first.click()
    dialog.get_by_label("How many hold").nth(1).select_option("none")
    conditions.nth(2).get_by_label("What", exact=True).select_option("rfm.cluster")
    conditions.nth(2).get_by_label("Comparison").select_option("in")
    conditions.nth(2).get_by_label("Lost").check()
    criteria = {"version": 1, "all": [{"customer": "total_spent", "op": "ge", "value": 50}, {"event": "page_view", "at_least": 2, "days": 60},
                                      {"not": {"any": [{"rfm": "cluster", "op": "in", "value": ["lost"]}]}}]}
    size = shop.one("select size from vibe.preview_segment('shop', %s)", json.dumps(criteria))
    expect(dialog.locator(".preview")).to_contain_text(f"{size:,} customer{'' if size == 1 else 's'} match")
    dialog.get_by_label("Name", exact=True).fill("Warm")
    dialog.get_by_label("Description").fill("bought and came back")
    dialog.get_by_role("button", name="Create segment").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(panel(page, "Segments").get_by_role("button", name="Warm")).to_be_visible()
    stored = "select criteria, size, description from vibe.segments where site_id = %s and name = %s"
    assert shop.one(stored, shop.site_id, "Warm") == (criteria, size, "bought and came back")
    # Opening it shows history and members; Back closes.
    panel(page, "Segments").get_by_role("button", name="Warm").click()
    opened = page.get_by_role("dialog", name="Warm")
    expect(opened.locator("data-panel").nth(1).locator("tbody tr").first).to_be_visible()
    expect(opened.locator(".pager")).to_contain_text(f"of {size}")
    # What was stored comes back into the builder, and can be changed.
    opened.get_by_role("button", name="Edit").click()
    editor = page.get_by_role("dialog", name="Edit Warm")
    expect(editor.locator(".preview")).to_contain_text(f"{size:,} ")
    editor.get_by_label("Value").first.fill("100000000")
    expect(editor.locator(".preview")).to_contain_text("0 customers match")
    editor.get_by_label("Name", exact=True).fill("Hot")
    editor.get_by_role("button", name="Save").click()
    expect(editor).to_have_count(0)
    expect(page.get_by_role("dialog").locator("data-panel").nth(1)).to_contain_text("Nobody is in this segment")
    assert shop.one("select size from vibe.segments where site_id = %s and name = 'Hot'", shop.site_id) == 0
    page.get_by_role("dialog").get_by_role("button", name="Delete segment").click()
    page.get_by_role("dialog", name="Delete segment").get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(panel(page, "Segments").get_by_role("button", name="Hot")).to_have_count(0)
    assert shop.one("select count(*) from vibe.segments where site_id = %s and name = 'Hot'", shop.site_id) == 0


def test_rule_survives_the_builder(shop, visit):  # noqa: F811
    """Every kind of condition comes out of the builder as it went in."""
    shop.one("select vibe.create_segment('shop', 'A first one')")
    big = shop.one("select segment_id from vibe.segments where name = 'Big spenders'")
    criteria = {"version": 1, "any": [
        {"customer": "email", "op": "contains", "value": "@"}, {"customer": "age", "op": "between", "value": [18, 30]},
        {"customer": "last_purchase_at", "op": "in_last", "days": 90}, {"customer": "first_purchase_at", "op": "between", "value": ["2026-01-01", "2026-12-31"]},
        {"customer": "location", "op": "is_not_set"}, {"customer": "gender", "op": "in", "value": ["f", "m"]}, {"rfm": "r_score", "op": "in", "value": [4, 5]},
        {"rfm": "cluster", "op": "eq", "value": "loyal"}, {"user": "last_seen_at", "op": "ge", "value": "2026-01-31"}, {"trait": ["plan", "tier"], "op": "eq", "value": True},
        {"event": "purchase", "exactly": 1, "properties": [{"path": ["total"], "op": "gt", "value": 5}]}, {"event": "page_view", "page": "/shop%", "at_most": 3, "days": 7},
        {"bought": {"category": "Kitchen"}, "at_least": 2}, {"spent": {}, "at_most": 10, "days": 30}, {"segment": big},
        {"all": [{"not": {"any": [{"customer": "order_count", "op": "ne", "value": 3}]}}]}]}
    made = shop.one("select vibe.create_segment('shop', 'Everything', %s)", json.dumps(criteria))
    shop.afterwards.append(("select vibe.delete_segment('shop', 'Everything')",))
    page = settle(visit(f"/segmentation?view=segments&segment={made}", who="member"))
    page.get_by_role("dialog").get_by_role("button", name="Edit").click()
    editor = page.get_by_role("dialog", name="Edit Everything")
    expect(editor.locator(".preview")).to_have_attribute("data-state", "good")
    expect(editor.locator(".problem:not(:empty)")).to_have_count(0)
    editor.get_by_label("Description").fill("saved again")
    editor.get_by_role("button", name="Save").click()
    expect(editor).to_have_count(0)
    stored, description = shop.one("select criteria, description from vibe.segments where segment_id = %s", made)
    assert description == "saved again"
    for came, went in zip(stored["any"], criteria["any"], strict=True):
        assert came == went
    assert stored == criteria


def test_segment_by_hand(shop, visit):  # noqa: F811
    page = settle(visit("/segmentation?view=segments", who="member"))
    page.keyboard.press("n")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("By hand").check()
    expect(dialog.locator(".rule-place")).to_be_hidden()
    dialog.get_by_role("button", name="Create segment").click()
    expect(dialog.get_by_role("alert").filter(has_text="name")).to_be_visible()  # the database says what a name must be
    page.problems.clear()
    dialog.get_by_label("Name", exact=True).fill("Friends")
    dialog.get_by_role("button", name="Create segment").click()
    panel(page, "Segments").get_by_role("button", name="Friends").click()
    opened = page.get_by_role("dialog", name="Friends")
    expect(opened.get_by_text("Nobody is in this segment")).to_be_visible()
    opened.get_by_label("Add somebody").fill("unseen")
    opened.get_by_role("button", name="Add Unseen Buyer").click()
    expect(opened.locator("tbody tr")).to_have_count(1)
    expect(opened).to_contain_text("Size: 1")
    members = "select array_agg(m.subject_id) from vibe.segment_members as m join vibe.segments using (site_id, segment_id) where name = 'Friends' and left_at is null"
    assert shop.one(members) == [shop.stranger_id]
    opened.get_by_role("button", name="Remove").click()
    expect(opened.get_by_text("Nobody is in this segment")).to_be_visible()  # a panel keeps its last notice, hidden
    assert shop.one(members) is None


def test_segments_by_clusters(shop, visit):  # noqa: F811
    page = settle(visit("/segmentation?view=segments", who="member"))
    page.get_by_role("button", name="New segment").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Clusters", exact=True).check()
    dialog.get_by_label("Name", exact=True).fill("money")
    dialog.get_by_label("How many clusters").fill("2")
    expect(dialog.get_by_label("Money spent")).to_be_checked()
    dialog.get_by_label("Days since the last order").uncheck()
    dialog.get_by_role("button", name="Create segment").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(panel(page, "Segments").get_by_role("button", name="money: High value")).to_be_visible()
    assert shop.one("select k, features from vibe.segmentations where name = 'money'") == (2, ["order_count", "total_spent"])


def test_viewer_cannot_write(shop, visit):  # noqa: F811
    page = settle(visit("/segmentation?view=segments", who="viewer"))
    expect(page.get_by_role("button", name="New segment")).to_be_hidden()
    panel(page, "Segments").get_by_role("button", name="Big spenders").click()
    expect(page.get_by_role("dialog").locator("tbody tr").first).to_be_visible()
    for name in ("Edit", "Count now", "Delete segment"):
        expect(page.get_by_role("dialog").get_by_role("button", name=name)).to_have_count(0)
    # A page that was opened with more rights: the server refuses, and the page says so.
    member = settle(visit("/segmentation?view=segments", who="member"))
    dialog = open_builder(member)
    dialog.get_by_label("Name", exact=True).fill("Not mine")
    shop.one("select vibe.add_member('shop', %s, 'viewer')::text", dashboard.PEOPLE["member"])
    try:
        dialog.get_by_role("button", name="Create segment").click()
        expect(dialog.locator(".form > [role=alert]")).not_to_be_empty()
    finally:
        shop.one("select vibe.add_member('shop', %s, 'member')::text", dashboard.PEOPLE["member"])
    assert shop.one("select count(*) from vibe.segments where name = 'Not mine'") == 0
    member.problems.clear()


def test_portuguese(shop, visit):  # noqa: F811
    page = settle(visit("/segmentation", locale="pt-BR"))
    expect(panel(page, "Grupos RFM").locator(".bars .name").filter(has_text="Fiéis")).to_be_visible()
    expect(panel(page, "Grupos de valor").locator(".bars .name")).to_have_text(["Alto valor", "Médio valor", "Baixo valor"])
    page.goto(shop.url + "/segmentation?view=movement")
    expect(panel(settle(page), "Movimento entre grupos")).to_contain_text("Sem pedidos")
    page.goto(shop.url + "/segmentation?view=segments")
    settle(page).get_by_role("button", name="Novo segmento").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".preview")).to_contain_text("correspond")
    # A refusal says in Portuguese what it means; the database's own sentence stands behind.
    dialog.get_by_label("Nome", exact=True).fill("Big spenders")
    dialog.get_by_role("button", name="Criar segmento").click()
    expect(dialog.get_by_role("alert").last).to_contain_text("Isto já existe (segment \"Big spenders\" exists already")
    dialog.get_by_label("Valor").first.fill("")
    expect(dialog.locator(".condition .problem")).to_have_text("Deve ser um número.")
    page.problems.clear()
    text = page.locator("body").inner_text()
    assert not re.search(r"\b(seg|rule)\.[a-z]", text)


def test_errors_and_retry(shop, visit):  # noqa: F811
    page = visit("/dashboard/icon.svg")
    page.route("**/rpc/rfm_distribution*", lambda route: route.abort())
    page.goto(shop.url + "/segmentation")
    broken = panel(page, "RFM clusters")
    expect(broken.get_by_role("alert")).to_contain_text("Could not load data.")
    expect(panel(page, "Value clusters").locator(".bars > li")).to_have_count(3)  # one broken panel takes nothing with it
    expect(panel(page, "Customers").locator("tbody tr").first).to_be_visible()
    page.unroute("**/rpc/rfm_distribution*")
    broken.get_by_role("button", name="Try again").click()
    expect(broken.locator(".bars > li")).to_have_count(6)
    page.route("**/rpc/rfm_months*", lambda route: route.abort())
    page.goto(shop.url + "/segmentation")
    expect(panel(page, "Customers of the month").get_by_role("alert")).to_be_visible()
    page.unroute("**/rpc/rfm_months*")
    page.get_by_role("button", name="Try again").click()
    expect(panel(page, "RFM clusters").locator(".bars > li")).to_have_count(6)
    page.problems.clear()


def test_site_without_orders(shop, visit):  # noqa: F811
    page = settle(visit("/segmentation?site=empty"))
    expect(page.get_by_text("No orders yet")).to_be_visible()
    page.get_by_role("button", name="Segments", exact=True).click()
    expect(page.get_by_text("No segments yet")).to_be_visible()
    page.get_by_label("Site", exact=True).select_option("shop")
    expect(panel(page, "Customers").locator("tbody tr").first).to_be_visible()


@pytest.mark.parametrize("path", ["", "?view=movement", "?view=segments&segment=1", "?customer=STRANGER"])
def test_looks(shop, visit, path):  # noqa: F811
    looks = dashboard.LOOKS if path == "" else [(1440, "dark"), (390, "light")]
    dashboard.check_looks(settle(visit("/segmentation" + path.replace("STRANGER", str(shop.stranger_id)))), looks=looks)


def test_looks_of_the_builder(shop, visit):  # noqa: F811
    def ready(page):
        settle(page)
        dialog = open_builder(page)
        dialog.get_by_role("button", name="Behaviour").click()
        dialog.get_by_role("button", name="Group").first.click()
        expect(dialog.locator(".preview")).to_have_attribute("data-state", "good")

    dashboard.check_looks(visit("/segmentation?view=segments", who="member"), ready, looks=[(1440, "light"), (390, "dark")])


@pytest.mark.parametrize("path", ["/segmentation", "/segmentation?view=movement", "/segmentation?view=segments"])
def test_weight(shop, visit, path):  # noqa: F811
    dashboard.check_weight(visit, path)
