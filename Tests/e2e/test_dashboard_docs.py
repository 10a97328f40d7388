"""/docs and /redoc: the endpoints as the server describes them, asked through the page, read in three columns."""
import json
import re

from playwright.sync_api import expect

import dashboard
from dashboard import board, visit  # noqa: F401  fixtures


def ready(page):
    expect(page.locator("main[data-state=ready]")).to_be_visible()
    return page


def described(board):
    """(method, path, summary) of each operation, from the file itself."""
    status, file = board.server.request("/openapi.json")
    assert status == 200
    return [(method, path, operation) for path, item in file["paths"].items() for method, operation in item.items()]


def unfold(page, operation):
    page.locator(f"#{operation} > summary").click()
    return page.locator(f"#{operation}")


def test_all_endpoints_are_listed(board, visit):
    page = ready(visit("/docs", who=None))
    operations = described(board)
    assert len(operations) > 10
    shown = page.locator("details.operation > summary")
    texts = [re.sub(r"\s+", " ", text) for text in shown.all_inner_texts()]
    assert sorted(texts) == sorted(re.sub(r"\s+", " ", f"{method.upper()} {path} {operation['summary']}") for method, path, operation in operations)
    page.get_by_role("searchbox", name="Filter endpoints").fill("daily-stats")
    expect(page.locator("details.operation:visible")).to_have_count(1)
    page.get_by_role("searchbox", name="Filter endpoints").fill("no such thing")
    expect(page.get_by_text("No endpoint has this")).to_be_visible()
    assert page.locator("details.operation:visible").count() == 0


def test_try_it_with_the_session(board, visit):
    """What the page shows is what the server answers to the same question."""
    page = ready(visit("/docs", who="viewer"))
    place = unfold(page, "get_api_v1_daily_stats_export")
    place.get_by_label("site").fill("shop")
    place.get_by_label("start_date").fill("2020-01-01")
    place.get_by_label("format").select_option("ndjson")
    place.get_by_role("button", name="Send").click()
    expect(place.locator("[data-status='200']")).to_be_visible()
    shown = [json.loads(line) for line in place.get_by_label("Answer", exact=True).inner_text().splitlines() if line]
    stored = board.database.execute("select day::text, visitors from vibe.daily_user_stats where site_id = %s order by day", [board.site_id]).fetchall()
    assert len(stored) > 30 and [(row["day"], row["visitors"]) for row in shown] == stored
    assert "/api/v1/daily-stats/export?site=shop&start_date=2020-01-01&format=ndjson" in place.get_by_label("Request", exact=True).inner_text()
    with page.expect_download() as waiting:
        place.get_by_role("link", name="Download the file").click()
    assert re.fullmatch(r"daily-stats-\d{4}-\d\d-\d\d\.ndjson", waiting.value.suggested_filename)


def test_an_error_is_shown(board, visit):
    page = ready(visit("/docs", who="viewer"))
    page.provoked = re.compile("400 \\(|Failed to load resource")
    place = unfold(page, "get_api_v1_events_export")
    place.get_by_label("site").fill("<img src=x onerror=alert(1)>")
    place.get_by_role("button", name="Send").click()
    expect(place.locator("[data-status='400']")).to_be_visible()
    answer = json.loads(place.get_by_label("Answer", exact=True).inner_text())
    assert "does not exist or is not yours" in answer["error"]["message"] and place.locator("img").count() == 0


def test_try_it_with_a_token(board, visit):
    """Without a session it is refused, with a token it is not; a body is checked before it is sent."""
    page = ready(visit("/docs", who=None))
    page.provoked = re.compile("401 \\(|Failed to load resource")
    place = unfold(page, "get_api_v1_events_export")
    place.get_by_role("button", name="Send").click()
    expect(place.locator("[data-status='401']")).to_be_visible()
    status, session = board.server.request("/auth/v1/token?grant_type=password", {"email": dashboard.PEOPLE["viewer"], "password": dashboard.PASSWORD})
    assert status == 200
    page.get_by_label("Token or API key").fill(session["access_token"])
    place.get_by_label("site").fill("empty")
    place.get_by_role("button", name="Send").click()
    expect(place.locator("[data-status='200']")).to_be_visible()
    assert place.get_by_label("Answer", exact=True).inner_text().strip().startswith('"site_id","site","event_id"')
    place = unfold(page, "post_api_v1_segments")
    place.get_by_label("Request body").fill("{nonsense")
    place.get_by_role("button", name="Send").click()
    expect(place.get_by_role("alert")).to_contain_text("This is not JSON")


def test_a_body_is_sent(board, visit):
    page = ready(visit("/docs", who="member"))
    place = unfold(page, "post_api_v1_segments")
    place.get_by_label("Request body").fill(json.dumps({"site": "shop", "name": "From the page", "criteria": {"version": 1, "all": [{"customer": "total_spent", "op": "ge", "value": 5}]}}))
    place.get_by_role("button", name="Send").click()
    expect(place.locator("[data-status]")).to_have_attribute("data-status", re.compile("20[01]"))
    assert board.one("select count(*) from vibe.segments where site_id = %s and name = 'From the page'", board.site_id) == 1


def test_address_opens_an_endpoint(board, visit):
    page = ready(visit("/docs#get_api_v1_csv", who=None))
    expect(page.locator("#get_api_v1_csv").get_by_label("query")).to_be_visible()


def test_reference_says_all(board, visit):
    page = ready(visit("/redoc", who=None))
    for method, path, operation in described(board):
        article = page.locator(f"#{operation['operationId']}")
        text = article.inner_text()
        assert operation["summary"] in text and path in re.sub(r"\s+", "", text)
        assert all(parameter["name"] in text for parameter in operation["parameters"])
        assert "curl" in article.get_by_label("Request", exact=True).inner_text()
    first = page.locator(".contents li a").last
    first.click()
    expect(first).to_have_attribute("aria-current", "location")
    boxes = [page.locator(selector).first.bounding_box() for selector in (".contents", "article .text", "article .samples")]
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"] and boxes[1]["x"] + boxes[1]["width"] <= boxes[2]["x"]


def test_portuguese(visit):
    page = ready(visit("/docs", who=None, locale="pt-BR"))
    expect(page.get_by_role("searchbox", name="Filtrar endpoints")).to_be_visible()
    place = unfold(page, "get_openapi_json")
    place.get_by_role("button", name="Enviar").click()
    expect(place.locator("[data-status='200']")).to_be_visible()
    page.get_by_role("link", name="Referência da API").click()
    expect(page.get_by_role("heading", name="Referência da API")).to_be_visible()


def test_error_state(board, visit):
    page = visit("/dashboard/icon.svg", who=None)
    page.provoked = re.compile("Failed to load resource")
    page.route("**/openapi.json", lambda route: route.abort())
    page.goto(board.url + "/docs")
    expect(page.get_by_role("alert")).to_contain_text("The description cannot be read.")
    page.unroute("**/openapi.json")
    page.get_by_role("button", name="Try again").click()
    ready(page)


def test_looks(visit):
    def opened(page):
        ready(page)
        if "/docs" in page.url:
            place = unfold(page, "get_api_v1_daily_stats_export")
            expect(place.get_by_role("button", name="Send")).to_be_visible()

    for path in ("/docs", "/redoc"):
        dashboard.check_looks(visit(path, who=None), ready=opened)


def test_weight(visit):
    for path in ("/docs", "/redoc"):
        page = visit("/dashboard/icon.svg", who=None)
        sizes, session = [], page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.dataReceived", lambda event: sizes.append(event["encodedDataLength"]))
        page.goto(re.sub(r"/dashboard/icon.svg$", "", page.url) + path)
        ready(page)
        assert sum(sizes) < 160_000, f"{path}: {sum(sizes)} bytes"
