"""Campaigns as programs reach them: over HTTP with every role, as logins of the database, from many connections at once, live."""
import json
import pathlib
import threading

import jsonschema
import psycopg
import pytest
from psycopg import sql

from conftest import connect, set_server_password
from talking import Talk

SCHEMAS = pathlib.Path(__file__).with_name("schemas")
LOGIN = "test_campaign_reader"


def fits(answer, name):
    schema = json.loads((SCHEMAS / f"{name}.json").read_text())
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER).validate(answer)
    return answer


@pytest.fixture
def shop(server):
    """The running server with two sites, a viewer and a member of one and an owner of the other, signed in."""
    with connect(server.database) as admin:
        for site in ("shop", "other"):
            admin.execute("select vibe.create_site(%s, time_zone => 'America/Sao_Paulo', currency => 'BRL')", [site])
        server.tokens = {}
        for who, site, role in (("viewer", "shop", "viewer"), ("member", "shop", "member"), ("stranger", "other", "owner")):
            admin.execute("select vibe.create_user(%s, 'correct horse')", [f"{who}@example.com"])
            admin.execute("select vibe.add_member(%s, %s, %s)", [site, f"{who}@example.com", role])
            status, answer = server.request("/auth/v1/token?grant_type=password", {"email": f"{who}@example.com", "password": "correct horse"})
            assert status == 200, answer
            server.tokens[who] = answer["access_token"]
        admin.execute("insert into vibe.customers (site_id, external_id, name) select site_id, 'c' || n, 'Customer ' || n from vibe.sites, generate_series(1, 3) as n")
    return server


def ask(shop, method, path, body=None, who="member"):
    return shop.request("/api/v1/campaigns" + path, body, token=shop.tokens.get(who), method=method)


def test_from_the_first_campaign_to_its_figures(shop):
    status, made = ask(shop, "POST", "", {"name": "Letter", "type": "email", "utm_campaign": "Weekly", "budget": 500, "start_date": "2026-03-01"})
    assert status == 200 and isinstance(made, int), made
    assert fits(ask(shop, "GET", f"/{made}")[1], "campaign")["utm_campaign"] == "weekly"
    assert ask(shop, "PATCH", f"/{made}", {"status": "paused", "clear": ["budget"]}) == (200, made)
    assert {"status": "paused", "budget": None}.items() <= ask(shop, "GET", f"/{made}")[1].items()

    for kind, told in (("sent", {"customer": "c1", "event_id": "e1"}), ("sent", {"customer": "c2", "event_id": "e2"}), ("sent", {"customer": "c2", "event_id": "e2"}),
                       ("click", {"customer": "c1", "cost": 0.5, "occurred_at": "2026-03-02T12:00:00Z"}), ("impression", {"page": "/a", "deep": {"x": [1]}})):
        told = {"occurred_at": "2026-03-01T12:00:00Z"} | told
        status, event = ask(shop, "POST", f"/{made}/events", {"event_type": kind, "metadata": told})
        assert status == 200 and isinstance(event, int), event
    with connect(shop.database) as admin:
        admin.execute("insert into vibe.purchases (site_id, customer_id, external_id, purchased_at, amount, currency) "
                      "select site_id, customer_id, 'o1', '2026-03-03T12:00:00Z', 80, 'BRL' from vibe.customers join vibe.sites as s using (site_id) "
                      "where s.name = 'shop' and external_id = 'c1'")
    status, answer = ask(shop, "GET", f"/{made}/performance?start_date=2026-03-01&end_date=2026-03-31")
    assert status == 200
    assert fits(answer, "campaign_performance") == {
        "total_events": 4, "exposed": 2, "converted": 1, "conversion_rate": 0.5, "event_conversion_rate": 0, "impressions": 1, "clicks": 1,
        "conversions": 1, "revenue": 80, "cost": 0.5, "ctr": 1, "cpc": 0.5, "roas": 160}
    # Reported by a network, for a day whose clicks were counted.
    assert ask(shop, "PUT", f"/{made}/performance", {"date": "2026-03-02", "impressions": 4000, "clicks": 100, "cost": 40}) == (204, "")
    answer = fits(ask(shop, "GET", f"/{made}/performance", who="viewer")[1], "campaign_performance")
    assert {"impressions": 4001, "clicks": 100, "cost": 40, "roas": 2, "revenue": 80}.items() <= answer.items()
    days = fits(ask(shop, "GET", f"/{made}/days?start_date=2026-03-01&end_date=2026-03-04", who="viewer")[1], "campaign_days")
    assert [(day["date"], day["clicks"], day["conversions"]) for day in days] == [
        ("2026-03-01", 0, 0), ("2026-03-02", 100, 0), ("2026-03-03", 0, 1), ("2026-03-04", 0, 0)]
    events = fits(ask(shop, "GET", f"/{made}/events?type=sent&limit=1", who="viewer")[1], "campaign_events")
    assert [(event["customer"], event["metadata"]["event_id"]) for event in events] == [("Customer 2", "e2")]
    rows = fits(ask(shop, "GET", "?search=lett&start_date=2026-03-01", who="viewer")[1], "campaigns")
    assert [(row["name"], row["revenue"]) for row in rows] == [("Letter", 80)]
    for model, orders in (("first", 1), ("linear", 1)):
        answer = fits(ask(shop, "GET", f"/attribution?model={model}&window_days=7", who="viewer")[1], "campaign_attribution")
        assert answer == [{"campaign_id": made, "name": "Letter", "orders": orders, "customers": 1, "revenue": 80}]
    assert ask(shop, "DELETE", f"/{made}") == (204, "")
    assert ask(shop, "GET", f"/{made}")[0] == 404 and ask(shop, "GET", "") == (200, [])


def test_mistakes_name_the_field_and_the_rule(shop):
    made = ask(shop, "POST", "", {"name": "Letter"})[1]
    for method, path, body, status, message, details in (
            ("POST", "", {"name": ""}, 400, "name is ''", "name must be 1 to 200 characters, no space at either end."),
            ("POST", "", {"name": "x", "color": 1}, 400, 'This endpoint has no parameter "color"', {"field": "color"}),
            ("POST", "", {"name": "x", "budget": "much"}, 400, 'Parameter "budget" must be numeric', None),
            ("POST", "", {"name": "Letter"}, 409, 'campaign "Letter" exists already', None),
            ("PATCH", f"/{made}", {"status": "gone"}, 400, "status is 'gone'", "status must be draft, active, paused, completed or archived."),
            ("GET", "/987654321", None, 404, "campaign 987654321 does not exist", None),
            ("GET", "/none", None, 400, 'Parameter "campaign_id" must be bigint', None),
            ("GET", "/987654321/performance", None, 404, "campaign 987654321 does not exist", None),
            ("POST", "/987654321/events", {"event_type": "x"}, 404, "campaign 987654321 does not exist", None),
            ("POST", f"/{made}/events", {"metadata": {}}, 400, 'Parameter "event_type" is missing', {"field": "event_type"}),
            ("POST", f"/{made}/events", {"event_type": "x", "metadata": {"value": "a lot"}}, 400, "metadata.value is a lot", "value must be a number from 0 to 999999999999."),
            ("POST", f"/{made}/events", {"event_type": "x", "metadata": {"customer": "c9"}}, 400, "metadata.customer is c9", "the site has no such customer."),
            ("GET", "?start_date=2026-03-02&end_date=2026-03-01", None, 400, "end_date is 2026-03-01", "end_date must not be before start_date 2026-03-02."),
            ("GET", "?start_date=soon", None, 400, 'Parameter "start_date" must be date', None),
            ("GET", "/attribution?model=best", None, 400, "model is 'best'", "model must be first, last or linear."),
            ("PUT", f"/{made}/performance", {"date": "2026-03-01", "clicks": -1}, 400, "clicks is -1", "clicks must be 0 or more.")):
        found, answer = ask(shop, method, path, body)
        assert (found, answer["error"]["message"]) == (status, message), (method, path, answer)
        if details is not None:
            assert answer["error"]["details"] == details
    assert [row["total_events"] for row in ask(shop, "GET", "")[1]] == [0]


def test_every_role_gets_what_it_may(shop):
    made = ask(shop, "POST", "", {"name": "Letter"})[1]
    theirs = ask(shop, "POST", "", {"name": "Theirs"}, who="stranger")[1]
    reading = ["", "/attribution", f"/{made}", f"/{made}/performance", f"/{made}/days", f"/{made}/events"]
    writing = [("PATCH", f"/{made}", {"name": "Mine"}), ("DELETE", f"/{made}", None), ("PUT", f"/{made}/performance", {"date": "2026-03-01"}),
               ("POST", f"/{made}/events", {"event_type": "click"})]
    for path in reading:
        assert ask(shop, "GET", path, who=None)[0] == 401
        assert ask(shop, "GET", path, who="viewer")[0] == 200
        # The other site's own list is what a stranger sees; of this campaign there is nothing.
        assert ask(shop, "GET", path, who="stranger")[0] == (404 if str(made) in path else 200)
    for method, path, body in writing:
        assert ask(shop, method, path, body, who=None)[0] == 401
        assert ask(shop, method, path, body, who="viewer")[0] == 403
        assert ask(shop, method, path, body, who="stranger")[0] == 404
    assert ask(shop, "POST", "", {"name": "Mine"}, who=None)[0] == 401
    assert ask(shop, "POST", "", {"name": "Mine", "site": "shop"}, who="viewer")[0] == 403
    assert ask(shop, "POST", "", {"name": "Mine", "site": "shop"}, who="stranger")[0] == 400
    assert [row["name"] for row in ask(shop, "GET", "", who="stranger")[1]] == ["Theirs"]
    assert [row["campaign_id"] for row in ask(shop, "GET", "")[1]] == [made]
    # The same by the REST door: a stranger's row never gets into this site, nor under its campaign.
    with connect(shop.database) as admin:
        sites = dict(admin.execute("select name, site_id from vibe.sites").fetchall())
    for who, row in (("stranger", {"site_id": sites["shop"], "campaign_id": made}), ("stranger", {"site_id": sites["other"], "campaign_id": made}),
                     ("viewer", {"site_id": sites["shop"], "campaign_id": made})):
        status, _ = shop.request("/rest/v1/campaign_events", row | {"event_type": "click"}, token=shop.tokens[who])
        assert status in (403, 409), (who, row, status)
        assert shop.request("/rest/v1/campaign_performance", row | {"date": "2026-03-01"}, token=shop.tokens[who])[0] in (403, 409)
    for table in ("campaigns", "campaign_events", "campaign_performance", "campaign_settings"):
        status, rows = shop.request(f"/rest/v1/{table}?site_id=eq.{sites['shop']}", token=shop.tokens["stranger"])
        assert (status, rows) == (200, [])
    assert shop.request(f"/rest/v1/campaigns?campaign_id=eq.{theirs}", {"name": "x"}, token=shop.tokens["member"], method="PATCH")[0] in (200, 204)
    with connect(shop.database) as admin:
        assert admin.execute("select count(*) from vibe.campaign_events").fetchone()[0] == 0
        assert admin.execute("select array_agg(name order by name) from vibe.campaigns").fetchone()[0] == ["Letter", "Theirs"]


def test_logins_of_the_database_see_their_sites(shop):
    """A login with an analyst's rights, and the server's own login, which is nobody until it has taken a role."""
    made = ask(shop, "POST", "", {"name": "Letter"})[1]
    theirs = ask(shop, "POST", "", {"name": "Theirs"}, who="stranger")[1]
    ask(shop, "POST", f"/{made}/events", {"event_type": "click", "metadata": {"customer": "c1"}})
    ask(shop, "PUT", f"/{made}/performance", {"date": "2026-03-01", "clicks": 1})
    with connect(shop.database) as admin:
        admin.execute("select vibe.change_campaign_settings('shop')")
        admin.execute(sql.SQL("drop role if exists {0}; create role {0} login in role vibe_analyst").format(sql.Identifier(LOGIN)))
        try:
            admin.execute("select vibe.add_member('other', %s, 'viewer')", [LOGIN])
            with connect(shop.database, user=LOGIN) as session:
                for table in ("campaign_events", "campaign_performance", "campaign_settings"):
                    assert session.execute(f"select count(*) from vibe.{table}").fetchone()[0] == 0
                assert session.execute("select array_agg(campaign_id) from vibe.campaigns").fetchone()[0] == [theirs]
                for call in ("get_campaign(%s)", "get_campaign_performance(%s)", "campaign_days(%s)", "get_campaign_events(%s)"):
                    with pytest.raises(psycopg.Error, match=f"campaign {made} does not exist"):
                        session.execute(f"select vibe.{call}", [made])
                site = admin.execute("select site_id from vibe.sites where name = 'shop'").fetchone()[0]
                for inner in ("campaign_daily(%s, null, null, null)", "campaign_reach(%s, null, null, null, false)", "campaign_touches(%s, null, '-infinity', 'infinity')",
                              "campaign_credits(%s, '-infinity', 'infinity')", "campaign_orders(%s, '-infinity', 'infinity')", "campaign_subjects(%s)",
                              "campaign_visits(%s, '-infinity', 'infinity')"):
                    assert session.execute(f"select count(*) from vibe.{inner}", [site]).fetchone()[0] == 0, inner
                for statement in ("insert into vibe.campaigns (site_id, name) values (2, 'x')", "delete from vibe.campaigns", "delete from vibe.campaign_events",
                                  "select vibe.track_campaign_event(%s, 'click')" % theirs):
                    with pytest.raises(psycopg.errors.InsufficientPrivilege):
                        session.execute(statement)
        finally:
            admin.execute(sql.SQL("drop owned by {0}; drop role {0}").format(sql.Identifier(LOGIN)))
    with connect(shop.database, user="vibe_server", password=set_server_password()) as session:
        for statement in ("select * from vibe.campaigns", "select * from vibe.get_campaigns('shop')", "select vibe.track_campaign_event(%s, 'x')" % made):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute(statement)


def test_an_event_sent_by_many_at_once_is_stored_once(shop):
    """Each event is sent by four connections at the same time; every one gets the same number, and nothing is lost."""
    made = ask(shop, "POST", "", {"name": "Letter"})[1]
    answers, gate = {}, threading.Barrier(4)

    def send(place):
        gate.wait()
        for number in range(40):
            answers[place, number] = ask(shop, "POST", f"/{made}/events", {"event_type": "click", "metadata": {"customer": f"c{1 + number % 3}", "event_id": f"e{number}"}})
            assert ask(shop, "POST", f"/{made}/events", {"event_type": "click"})[0] == 200

    threads = [threading.Thread(target=send, args=[place]) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {status for status, _ in answers.values()} == {200} and len(answers) == 160
    for number in range(40):
        assert len({answers[place, number][1] for place in range(4)}) == 1
    found = ask(shop, "GET", f"/{made}/performance")[1]
    assert (found["total_events"], found["clicks"], found["exposed"]) == (40 + 160, 200, 3)


def test_who_watches_hears_of_campaigns_and_events(shop):
    """Realtime: a viewer of the site hears of a new campaign and its events at once, a stranger of nothing."""
    table = lambda name: {"table": name}  # noqa: E731
    viewer, stranger = Talk(shop), Talk(shop)
    for talk, who in ((viewer, "viewer"), (stranger, "stranger")):
        reply = talk.join(shop.tokens[who], table("campaigns"), table("campaign_events"), table("campaign_performance"))
        assert reply[4]["status"] == "ok"
        talk.until("system")
    made = ask(shop, "POST", "", {"name": "Letter"})[1]
    ask(shop, "POST", f"/{made}/events", {"event_type": "click"})
    ask(shop, "PUT", f"/{made}/performance", {"date": "2026-03-01", "clicks": 5})
    heard = []
    while len(heard) < 3:
        data = viewer.until("postgres_changes")[4]["data"]
        heard.append((data["type"], data["table"], data["record"].get("name") or data["record"].get("event_type") or data["record"].get("clicks")))
    assert heard == [("INSERT", "campaigns", "Letter"), ("INSERT", "campaign_events", "click"), ("INSERT", "campaign_performance", 5)]
    stranger.silence()
    viewer.close(), stranger.close()
