"""CRMs and models over real HTTP: contacts, interactions and model events, signed in the custom of their sender."""
import base64
import hashlib
import hmac
import json
import time

import pytest
from conftest import connect
from sources import ask, settled, signed

REFUSED = {"error": {"code": "AUTH_REQUIRED", "message": "The signature is not that of a source of this site", "details": None}}


@pytest.fixture
def site(server):
    with connect(server.database) as admin:
        admin.execute("select vibe.create_site('shop')")
    return server


def connect_crm(server, name, adapter="generic", secret=None):
    return ask(server.database, "select delivery_path, webhook_secret from vibe.connect_crm('shop', %s, %s, %s)", name, adapter, secret)[0]


def event(number, type="interaction.created", at="2026-01-05T12:00:00Z", contact=None, **data):
    return {"id": number, "type": type, "occurredAt": at, "contact": contact or {"externalId": "77", "email": "Ana@x.example"}, "data": data}


def test_contacts_and_interactions(site):
    path, secret = connect_crm(site, "hub")
    for content in [
        event("c1", "contact.upserted", contact={"externalId": "77", "email": "Ana@x.example", "name": "Ana &amp; Co"}),
        event("i1", kind="call", minutes=5), event("i1", kind="call", minutes=7), event("d1", "deal.updated", stage="won", amount=10),
        event("i2", kind="visit", contact={"externalId": "78"}),
        # Older than what is known: no rename.
        event("c0", "contact.upserted", at="2026-01-04T12:00:00Z", contact={"externalId": "77", "email": "ana@x.example", "name": "Older"}),
    ]:
        assert site.request(path, *signed(secret, content)[:1], headers=signed(secret, content)[1]) == (202, {"received": True, "events": 1})
    body, headers = signed(secret, {"events": [event("i3", kind="mail"), event("c2", "contact.deleted")]})
    assert site.request(path, body, headers=headers) == (202, {"received": True, "events": 2})
    assert settled(site.database) == {"applied": 6, "ignored": 2}
    assert ask(site.database, "select external_id, name, email from vibe.customers order by 1") == [("hub:77", "Ana & Co", "ana@x.example"), ("hub:78", None, None)]
    assert ask(site.database, """
        select i.external_id, i.kind, i.data, c.external_id from vibe.interactions as i join vibe.customers as c using (site_id, customer_id) order by 1""") == [
        ("d1", "deal.updated", {"stage": "won", "amount": 10}, "hub:77"), ("i1", "call", {"kind": "call", "minutes": 7}, "hub:77"),
        ("i2", "visit", {"kind": "visit"}, "hub:78"), ("i3", "mail", {"kind": "mail"}, "hub:77")]


def test_campaign_events(site):
    path, secret = connect_crm(site, "hub")
    for number, campaign in (("e1", "Spring"), ("e1", "Spring"), ("e2", "Autumn")):
        body, headers = signed(secret, event(number, "campaign.event", campaign=campaign, event="click", value=3))
        assert site.request(path, body, headers=headers)[0] == 202
        if number == "e1":
            with connect(site.database) as admin:
                admin.execute("insert into vibe.campaigns (site_id, name) values (1, 'Spring') on conflict do nothing")
    settled(site.database)
    # The first may have come before its campaign was there.
    with connect(site.database) as admin:
        admin.execute("select vibe.reapply_deliveries('shop', source_id) from vibe.sources")
    settled(site.database)
    assert ask(site.database, "select event_type, external_id, value::text, customer_id is not null from vibe.campaign_events") == [("click", "e1", "3.00", True)]
    assert ask(site.database, "select error from vibe.source_deliveries where status = 'failed'") == [('campaign "Autumn" is unknown',)]


def test_signatures_of_each_custom(site):
    content = json.dumps(event("i1", kind="call")).encode()
    now = str(int(time.time()))

    def digest(secret, signed_content):
        return hmac.new(secret.encode(), signed_content, hashlib.sha256)

    twenty = json.dumps({"event": "person.created", "timestamp": "2026-01-05T12:00:00.000Z", "data": {
        "id": "p-1", "name": {"firstName": "Tia", "lastName": "Twenty"}, "emails": {"primaryEmail": "tia@x.example"}, "city": "Rio", "updatedAt": "2026-01-05T12:00:00.000Z"}}).encode()
    note = json.dumps({"eventName": "note.created", "eventDate": "2026-01-06T12:00:00Z", "record": {"id": "n-1", "personId": "p-1", "title": "called"}}).encode()
    mautic = json.dumps({"mautic.lead_post_save_new": [
        {"timestamp": "2026-01-05T12:00:00+00:00", "contact": {"id": 5, "fields": {"core": {"email": {"value": "mo@x.example"}, "firstname": {"value": "Mo"}, "lastname": {"value": None}}}}}],
        "mautic.email_on_open": [{"timestamp": "2026-01-05T13:00:00+00:00", "stat": {"lead": {"id": 5}, "emailAddress": "mo@x.example"}}]}).encode()
    customs = {
        "hmac_hex": lambda s: [(content, {"X-Signature": digest(s, content).hexdigest()})],
        "hmac_b64": lambda s: [(content, {"X-Signature": base64.b64encode(digest(s, content).digest()).decode()})],
        "twenty": lambda s: [(b, {"X-Twenty-Webhook-Signature": digest(s, now.encode() + b"000:" + b).hexdigest(), "X-Twenty-Webhook-Timestamp": now + "000"}) for b in (twenty, note)],
        "mautic": lambda s: [(mautic, {"Webhook-Signature": base64.b64encode(digest(s, mautic).digest()).decode()})],
    }
    for adapter, sign in customs.items():
        path, secret = connect_crm(site, adapter, adapter, "a secret of 16+ letters for " + adapter)
        for body, headers in sign(secret):
            assert site.request(path, body, headers=headers)[0] == 202, adapter
            assert site.request(path, body + b" ", headers=headers) == (401, REFUSED), adapter
        for body, headers in sign("some other secret of theirs"):
            assert site.request(path, body, headers=headers) == (401, REFUSED), adapter
    assert settled(site.database) == {"applied": 6}
    assert ask(site.database, "select name, email, location from vibe.customers where name is not null order by 1") == [
        ("Mo", "mo@x.example", None), ("Tia Twenty", "tia@x.example", "Rio")]
    assert ask(site.database, """
        select i.kind, c.email from vibe.interactions as i join vibe.customers as c using (site_id, customer_id) order by 1, 2""") == [
        ("call", "ana@x.example"), ("call", "ana@x.example"), ("email_on_open", "mo@x.example"), ("note.created", "tia@x.example")]
    assert ask(site.database, "select count(*) from vibe.customers") == [(3,)]


def test_old_and_future_signatures_are_refused(site):
    path, secret = connect_crm(site, "hub")
    for seconds, status in ((-200, 202), (-400, 401), (30, 202), (120, 401)):
        body, headers = signed(secret, event(f"t{seconds}"), at=time.time() + seconds)
        assert site.request(path, body, headers=headers)[0] == status, seconds
    body, headers = signed(secret, event("x"))
    for bad in ("", "t=1", "v1=" + "0" * 64, headers["X-Signature"].replace("t=", "t=1"), headers["X-Signature"].replace("v1=", "v0="), "t=99999999999,v1=" + "0" * 64):
        assert site.request(path, body, headers={"X-Signature": bad}) == (401, REFUSED), bad
    # While a secret changes both may sign.
    assert site.request(path, body, headers={"X-Signature": headers["X-Signature"].replace("v1=", "v1=" + "0" * 64 + ",v1=")})[0] == 202


def test_models(site):
    path, secret = ask(site.database, "select delivery_path, webhook_secret from vibe.connect_ai_model('shop', 'scoring')")[0]
    assert path == "/webhooks/ai-models/1"
    told = [("a1", "activation", "1", None), ("a2", "activation", "1", None), ("a3", "activation", "2", None), ("a4", "activation", "1", None),
            ("r1", "result", "1", 10), ("r2", "result", "1", 2.5), ("r9", "result", "0", 1)]
    events = [{"id": number, "model": "churn", "version": version, "type": kind, "occurredAt": "2026-01-05T12:00:00Z", "value": value,
               "customer": {"email": "ana@x.example"}, "metadata": {"n": number}} for number, kind, version, value in told]
    for content in (events[0], {"events": events}):
        body, headers = signed(secret, content)
        assert site.request(path, body, headers=headers)[0] == 202
    bad = [{"type": "guess"}, {"model": None}, {"id": None}, {"value": "much"}, {"occurredAt": "now"}, {"metadata": [1]}, {"customer": "ana"}, {"model": "m" * 101}]
    body, headers = signed(secret, {"events": [events[0] | change for change in bad] + [5]})
    assert site.request(path, body, headers=headers) == (202, {"received": True, "events": 9})
    counts = settled(site.database)
    assert counts == {"applied": 8, "failed": 9}
    assert [row[0] for row in ask(site.database, "select error from vibe.source_deliveries where status = 'failed' order by delivery_id")] == [
        'type "guess" is neither activation nor result', "model is missing", "id is missing: an event that is sent again could not be known",
        'value "much" is no number with at most 18 digits before the decimal point', 'occurredAt "now" is no time', "metadata is no object",
        "contact is no object", "model is 101 characters long, at most 100", "the content is no object"]
    # Counted by hand from the list above; a1 came twice.
    assert ask(site.database, """
        select model, version, activations, results, result_rate::text, total_value::text, average_value::text from vibe.ai_model_performance order by 2""") == [
        ("churn", "0", 0, 1, None, "1.000000", "1.000000"), ("churn", "1", 3, 2, "0.6667", "12.500000", "6.250000"), ("churn", "2", 1, 0, "0.0000", None, None)]
    assert ask(site.database, "select count(*), count(distinct customer_id) from vibe.ai_model_events") == [(7, 1)]


def test_connecting_refuses_nonsense(site):
    with connect(site.database) as admin:
        for call, message in [
            ("vibe.connect_crm('shop', '')", 'name "" is not allowed'), ("vibe.connect_crm('shop', 'x', 'soap')", 'adapter "soap" is not offered'),
            ("vibe.connect_crm('shop', 'x', secret => 'short')", "secret is not 16 to 200 characters long"),
            ("vibe.connect_woocommerce('shop', 'shop.example')", 'base_url "shop.example" is not allowed'),
            ("vibe.connect_woocommerce('shop', 'https://u:p@shop.example')", "is not allowed"), ("vibe.connect_woocommerce('shop', null)", "base_url is null"),
            ("vibe.connect_woocommerce('shop', 'https://a.example', 'ck')", "consumer_key and consumer_secret are not both given"),
            ("vibe.connect_woocommerce('nobody', 'https://a.example')", 'site "nobody" does not exist'),
            ("vibe.disconnect_source('shop', 99)", "source 99 does not exist"), ("vibe.import_source('shop', 99)", "source 99 does not exist or is disconnected"),
            ("vibe.reapply_deliveries('shop', null)", "source null does not exist"),
        ]:
            with pytest.raises(Exception, match=".") as caught:
                admin.execute(f"select {call}")
            assert message in str(caught.value), (call, str(caught.value))
        admin.execute("select vibe.connect_crm('shop', 'x')")
        with pytest.raises(Exception, match="sends by itself"):
            admin.execute("select vibe.import_source('shop', source_id) from vibe.sources")
