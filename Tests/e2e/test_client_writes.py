"""Writing with the unmodified supabase client: insert, upsert, update, delete and what they give back.

What was written is looked up by the superuser; each test leaves the tables as it found them.
"""
import pytest
from postgrest import APIError, CountMethod, ReturnMethod

from client_shop import STRANGER, shop  # noqa: F401

RETURN = {"Prefer": "return=representation"}


@pytest.fixture
def client(shop):  # noqa: F811
    before = shop.rows("customers"), shop.rows("goals")
    yield shop.client()
    shop.database.execute("delete from vibe.customers where site_id = %s and external_id like 'new%%'", [shop.site])
    shop.database.execute("delete from vibe.goals where site_id = %s", [shop.site])
    assert (shop.rows("customers"), shop.rows("goals")) == before


def new(shop, client, **values):  # noqa: F811
    """A row that a test may do with as it likes."""
    row = {"site_id": shop.site, "external_id": "new-1", "name": "New"} | values
    return client.table("customers").insert(row).execute().data[0]


def stored(shop, external="new-1"):  # noqa: F811
    return next((row for row in shop.rows("customers") if row["external_id"] == external), None)


def refused(query):
    with pytest.raises(APIError) as error:
        query.execute()
    return error.value


def test_insert(shop, client):  # noqa: F811
    hostile = "Robert'); drop table vibe.customers; -- \\ \"$1 東京 🗼\n\t"
    row = {"site_id": shop.site, "external_id": "new-1", "name": hostile, "birth_date": "2001-02-03"}
    made = client.table("customers").insert(row).execute()
    assert made.data == [stored(shop)] and made.data[0]["name"] == hostile and made.count is None
    some = client.postgrest.session.post("customers?select=external_id,who:name", json=row | {"external_id": "new-2"}, headers=RETURN | dict(client.postgrest.headers))
    assert (some.status_code, some.json()) == (201, [{"external_id": "new-2", "who": hostile}])
    quiet = client.table("customers").insert(row | {"external_id": "new-3"}, returning=ReturnMethod.minimal).execute()
    assert quiet.data == [] and stored(shop, "new-3")["name"] == hostile
    wrong = refused(client.table("customers").insert(row))
    assert (wrong.code, wrong.message) == ("23505", 'duplicate key value violates unique constraint "customers_external_id_key"')
    assert wrong.details is None, "under row-level security PostgreSQL does not tell the key"


def test_insert_many(shop, client):  # noqa: F811
    """Objects with different keys fill the columns of all; missing ones are null, or their default if asked."""
    rows = [{"site_id": shop.site, "external_id": "new-1", "name": "A"}, {"site_id": shop.site, "external_id": "new-2", "gender": "f"}]
    made = client.table("customers").insert(rows, count=CountMethod.exact).execute()
    assert sorted((row["external_id"], row["name"], row["gender"]) for row in made.data) == [("new-1", "A", None), ("new-2", None, "f")]
    assert made.count == 2
    goals = [{"site_id": shop.site, "name": "one", "page_pattern": "/one"}, {"site_id": shop.site, "name": "two", "event_name": "buy"}]
    assert refused(client.table("goals").insert(goals)).code == "23502", "null is no event name"
    made = client.table("goals").insert(goals, default_to_null=False).execute()
    assert sorted((row["name"], row["event_name"]) for row in made.data) == [("one", "page_view"), ("two", "buy")]
    # All or nothing.
    rows = [{"site_id": shop.site, "external_id": "new-3"}, {"site_id": shop.site, "external_id": "c-1"}]
    assert refused(client.table("customers").insert(rows)).code == "23505" and stored(shop, "new-3") is None
    assert client.table("customers").insert([]).execute().data == []


def test_upsert(shop, client):  # noqa: F811
    first = new(shop, client, gender="f")
    keys = "site_id,external_id"
    merged = client.table("customers").upsert([{"site_id": shop.site, "external_id": "new-1", "name": "Renamed"},
                                               {"site_id": shop.site, "external_id": "new-2", "name": "Second"}], on_conflict=keys).execute()
    assert sorted((row["external_id"], row["name"], row["gender"]) for row in merged.data) == [("new-1", "Renamed", "f"), ("new-2", "Second", None)]
    assert stored(shop)["customer_id"] == first["customer_id"]
    ignored = client.table("customers").upsert([{"site_id": shop.site, "external_id": "new-1", "name": "Again"},
                                                {"site_id": shop.site, "external_id": "new-3", "name": "Third"}], on_conflict=keys, ignore_duplicates=True).execute()
    assert [row["external_id"] for row in ignored.data] == ["new-3"] and stored(shop)["name"] == "Renamed"
    # Without on_conflict the primary key counts, and here PostgreSQL makes it.
    assert refused(client.table("customers").upsert({"site_id": shop.site, "external_id": "new-1", "name": "x"})).code == "23505"
    wrong = refused(client.table("customers").upsert({"site_id": shop.site, "external_id": "new-1"}, on_conflict="name"))
    assert wrong.code == "42P10"
    # The key of a table whose key staff may not change.
    visitor = {"site_id": shop.site, "anonymous_id": "visitor-2", "segment": "vip"}
    assert client.table("site_users").upsert(visitor, on_conflict="site_id,anonymous_id").execute().data[0]["segment"] == "vip"
    shop.database.execute("update vibe.site_users set segment = null where site_id = %s", [shop.site])


def test_update(shop, client):  # noqa: F811
    new(shop, client)
    changed = client.table("customers").update({"name": "Other", "gender": None, "birth_date": "1999-12-31"}).eq("external_id", "new-1").execute()
    assert changed.data == [stored(shop)] and (stored(shop)["name"], stored(shop)["birth_date"]) == ("Other", "1999-12-31")
    quiet = client.table("customers").update({"name": "Quiet"}, returning=ReturnMethod.minimal, count=CountMethod.exact).in_("external_id", ["new-1"]).execute()
    assert (quiet.data, quiet.count, stored(shop)["name"]) == ([], 1, "Quiet")
    assert client.table("customers").update({"name": "x"}).eq("external_id", "nobody").execute().data == []
    assert client.table("customers").update({}).eq("external_id", "new-1").execute().data == []
    wrong = refused(client.table("customers").update({"nothing": 1}).eq("external_id", "new-1"))
    assert wrong.code == "PGRST204" and wrong.message == "Could not find the 'nothing' column of 'customers' in the schema cache"
    assert refused(client.table("customers").update({"birth_date": "soon"}).eq("external_id", "new-1")).code == "22007"
    assert refused(client.table("customers").update({"total_spent": 5}).eq("external_id", "new-1")).code == "42501"
    # An object as JSON, and a visitor whose fields are protected from then on.
    traits = client.table("site_users").update({"traits": {"plan": "pro", "we'ird": ["\\", {"a": None}]}}).eq("anonymous_id", "visitor-4").execute()
    assert traits.data[0]["traits"] == {"plan": "pro", "we'ird": ["\\", {"a": None}]}
    shop.database.execute("update vibe.site_users set traits = '{}', verified_fields = '{}' where anonymous_id = 'visitor-4' and site_id = %s", [shop.site])


def test_delete(shop, client):  # noqa: F811
    made = [new(shop, client, external_id=f"new-{n}") for n in (1, 2, 3)]
    gone = client.table("customers").delete().eq("external_id", "new-1").execute()
    assert gone.data == [made[0]] and stored(shop) is None
    quiet = client.table("customers").delete(returning=ReturnMethod.minimal, count="exact").like("external_id", "new-%").execute()
    assert (quiet.data, quiet.count) == ([], 2) and stored(shop, "new-2") is None
    assert client.table("customers").delete().eq("external_id", "new-1").execute().data == []


def test_max_affected(shop, client):  # noqa: F811
    """More rows than said: nothing is changed."""
    for n in (1, 2):
        new(shop, client, external_id=f"new-{n}")
    wrong = refused(client.table("customers").update({"name": "x"}).like("external_id", "new-%").max_affected(1))
    assert wrong.code == "PGRST124" and stored(shop)["name"] == "New"
    assert refused(client.table("customers").delete().like("external_id", "new-%").max_affected(1)).code == "PGRST124"
    assert len(client.table("customers").update({"name": "x"}).like("external_id", "new-%").max_affected(2).execute().data) == 2


def test_tenants_apart(shop, client):  # noqa: F811
    """The other tenant's owner can write none of the shop's rows, by any way, nor move its own there."""
    new(shop, client)
    stranger = shop.client(STRANGER)
    ask = stranger.table
    assert refused(ask("customers").insert({"site_id": shop.site, "external_id": "new-9"})).code == "42501"
    assert ask("customers").update({"name": "stolen"}).eq("external_id", "new-1").execute().data == []
    assert ask("customers").update({"name": "stolen"}).eq("site_id", shop.site).execute().data == []
    assert refused(ask("customers").update({"site_id": shop.site}).eq("external_id", "c-3")).code == "42501"
    assert ask("customers").delete().eq("external_id", "new-1").execute().data == []
    assert refused(ask("customers").upsert({"site_id": shop.site, "external_id": "new-1", "name": "stolen"}, on_conflict="site_id,external_id")).code == "42501"
    assert stored(shop)["name"] == "New" and stored(shop, "new-9") is None
    nobody = shop.client(None).table
    for query in (nobody("customers").insert({"site_id": shop.site}), nobody("customers").update({"name": "x"}).eq("external_id", "new-1"),
                  nobody("customers").delete().eq("external_id", "new-1"), nobody("sites").select("key")):
        assert refused(query).code == "42501"
