"""Row changes with the unmodified supabase client over its WebSocket: what is subscribed arrives once, and nothing of another tenant.

A test waits for a condition, never for a time. That something does not arrive is shown by a later change that does: changes
of one subscription come in the order of their commits.
"""
import asyncio
import contextlib
import json
import uuid

import pytest
from supabase import AsyncClientOptions, acreate_client

from client_shop import PASSWORD, STAFF, STRANGER, shop  # noqa: F401
from conftest import finish

LIMIT = 30


class Ear:
    """A client with one channel; `heard` are its changes, `states` what became of the subscription."""

    def __init__(self, client):
        self.client, self.heard, self.states, self.moved = client, [], [], asyncio.Event()
        self.channel = client.channel(f"room-{uuid.uuid4()}")

    def on(self, table, event="*", filter=None, schema="vibe"):  # noqa: A002
        self.channel.on_postgres_changes(event, self.hear, table=table, schema=schema, filter=filter)
        return self

    def hear(self, payload):
        self.heard.append(payload["data"])
        self.moved.set()

    async def join(self):
        def told(state, error):
            self.states.append(str(state.value if hasattr(state, "value") else state))
            self.error = error
            self.moved.set()

        await self.channel.subscribe(told)
        return self

    async def until(self, holds):
        """Waits for a condition on what was heard."""
        async with asyncio.timeout(LIMIT):
            while not holds():
                self.moved.clear()
                if not holds():
                    await self.moved.wait()

    async def names(self, count):
        """(type, anonymous_id or name of the record) of the first `count` changes."""
        await self.until(lambda: len(self.heard) >= count)
        return [(change["type"], (change.get("record") or change.get("old_record")).get("anonymous_id")) for change in self.heard]


@contextlib.asynccontextmanager
async def person(shop, email=STAFF, **options):  # noqa: F811
    """A signed-in async client, closed at the end."""
    client = await acreate_client(shop.server.url, shop.server.anon_key, AsyncClientOptions(schema="vibe", **options))
    try:
        if email:
            await client.auth.sign_in_with_password({"email": email, "password": PASSWORD})
            # The client hands its new token to realtime in the background.
            async with asyncio.timeout(LIMIT):
                while client.realtime.access_token == shop.server.anon_key:
                    await asyncio.sleep(0.01)
        yield client
    finally:
        await client.remove_all_channels()
        await client.realtime.close()


def visitor(shop, key, **values):  # noqa: F811
    return {"site_id": shop.site, "anonymous_id": key} | values


@pytest.fixture(autouse=True)
def tidy(shop):  # noqa: F811
    yield
    shop.database.execute("delete from vibe.site_users where anonymous_id like 'heard-%%'")


def test_insert_update_delete(shop):  # noqa: F811
    async def work():
        async with person(shop) as client:
            ear = await Ear(client).on("site_users").join()
            assert ear.states == ["SUBSCRIBED"]
            made = (await client.table("site_users").insert(visitor(shop, "heard-1", traits={"plan": "pro", "n": [1, None]})).execute()).data[0]
            await client.table("site_users").update({"name": "東京 \"q\""}).eq("anonymous_id", "heard-1").execute()
            shop.database.execute("delete from vibe.site_users where anonymous_id = 'heard-1'")
            assert await ear.names(3) == [("INSERT", "heard-1"), ("UPDATE", "heard-1"), ("DELETE", ear.heard[2]["old_record"].get("anonymous_id"))]
            inserted, updated, deleted = ear.heard
            assert inserted["record"] == made, "the record reads like the row over REST"
            assert updated["record"]["name"] == "東京 \"q\"" and updated["old_record"]["user_id"] == made["user_id"]
            assert deleted["old_record"]["user_id"] == made["user_id"] and "record" not in deleted
            types = {column["name"]: column["type"] for column in inserted["columns"]}
            assert (types["user_id"], types["traits"], types["first_seen_at"], types["verified_fields"]) == ("int8", "jsonb", "timestamptz", "_text")
            assert all((change["schema"], change["table"], change["errors"]) == ("vibe", "site_users", None) for change in ear.heard)

    finish(work())


def test_filters(shop):  # noqa: F811
    """Each filter hears the rows that match and no other; the last row matches all of them and ends the wait."""
    rows = [("heard-a", "Ana", "x"), ("heard-b", None, "y"), ("heard-c", "Bo, \"b\"", None), ("heard-z", "Zoe", "last")]
    everybody = {"heard-a", "heard-b", "heard-c", "heard-z"}
    cases = {
        "anonymous_id=eq.heard-a": {"heard-a"}, "name=eq.Ana": {"heard-a"}, "segment=neq.x": {"heard-b", "heard-z"}, "segment=in.(x,y)": {"heard-a", "heard-b"},
        'name=in.("Bo, \\"b\\"",Zoe)': {"heard-c", "heard-z"}, f"site_id=eq.{shop.site}": everybody, "user_id=gt.0": everybody, "user_id=lte.0": set(), "name=gte.B": {"heard-c", "heard-z"},
        "name=lt.Z,segment=eq.x": {"heard-a"}, "first_seen_at=gt.2001-01-01T00:00:00+02:00": everybody,
    }

    async def work():
        async with person(shop) as client:
            ears = {}
            for filter in cases:  # noqa: A001
                ears[filter] = await Ear(client).on("site_users", "INSERT", filter).on("site_users", "INSERT", "anonymous_id=eq.heard-z").join()
                assert ears[filter].states == ["SUBSCRIBED"], (filter, ears[filter].error)
            for name, person_name, segment in rows:
                await client.table("site_users").insert(visitor(shop, name, name=person_name, segment=segment)).execute()
            for filter, expected in cases.items():  # noqa: A001
                ear = ears[filter]
                # Once by each binding that matches.
                wanted = sorted(list(expected) + ["heard-z"])
                await ear.until(lambda: sum(change["record"]["anonymous_id"] == "heard-z" for change in ear.heard) == wanted.count("heard-z"))  # noqa: B023
                assert sorted(change["record"]["anonymous_id"] for change in ear.heard) == wanted, filter

    finish(work())


def test_kinds_tables_and_the_whole_schema(shop):  # noqa: F811
    """Only the kind asked for; a visit that ingest stores is heard on all three tables, by table, by *, and as schema public."""
    async def work():
        async with person(shop) as client:
            updates = await Ear(client).on("site_users", "UPDATE").join()
            visits = await Ear(client).on("site_sessions", "INSERT").on("user_events", schema="public").join()
            everything = await Ear(client).on("*").join()
            item = {"type": "event", "id": str(uuid.uuid4()), "time": 5, "name": "click", "properties": {"a": [1, "b"]}}
            envelope = {"site": shop.key, "visitor": "heard-tracked", "sent_at": 5, "items": [item]}
            assert (await client.postgrest.session.post(shop.server.url + "/track", json=envelope)).status_code == 202
            await client.table("site_users").update({"name": "Tracked"}).eq("anonymous_id", "heard-tracked").execute()
            assert (await updates.names(1))[0] == ("UPDATE", "heard-tracked") and updates.heard[0]["record"]["name"] == "Tracked"
            await visits.until(lambda: len(visits.heard) >= 2)
            assert {change["table"] for change in visits.heard} == {"site_sessions", "user_events"}
            event = next(change for change in visits.heard if change["table"] == "user_events")
            assert event["record"]["event_id"] == item["id"] and event["record"]["properties"] == item["properties"]
            await everything.until(lambda: {change["table"] for change in everything.heard} >= {"site_users", "site_sessions", "user_events"})

    finish(work())


def test_nothing_lost_or_doubled_between_many_writers(shop):  # noqa: F811
    """Sixty commits by six clients at once: each row arrives exactly once, in every subscription."""
    async def work():
        async with person(shop) as first, person(shop) as second:
            ears = [await Ear(client).on("site_users", "INSERT").join() for client in (first, second, first)]
            async def write(writer):
                for turn in range(10):
                    await first.table("site_users").insert(visitor(shop, f"heard-{writer}-{turn}")).execute()

            await asyncio.gather(*(write(writer) for writer in range(6)))
            await first.table("site_users").insert(visitor(shop, "heard-last")).execute()
            wanted = sorted([f"heard-{writer}-{turn}" for writer in range(6) for turn in range(10)] + ["heard-last"])
            for ear in ears:
                await ear.until(lambda: ear.heard and ear.heard[-1]["record"]["anonymous_id"] == "heard-last")  # noqa: B023
                assert sorted(change["record"]["anonymous_id"] for change in ear.heard) == wanted

    finish(work())


def test_token_refresh_while_subscribed(shop):  # noqa: F811
    """New tokens go over the open channel and it stays; when the session ends, so does what it hears."""
    async def work():
        async with person(shop) as client, person(shop) as other:
            ear = await Ear(client).on("site_users", "INSERT").join()
            for turn in range(3):
                before = client.realtime.access_token
                await client.auth.refresh_session()
                async with asyncio.timeout(LIMIT):
                    while client.realtime.access_token == before:
                        await asyncio.sleep(0.01)
                await other.table("site_users").insert(visitor(shop, f"heard-{turn}")).execute()
                assert (await ear.names(turn + 1))[turn] == ("INSERT", f"heard-{turn}")
            assert ear.states == ["SUBSCRIBED"]
            # Another of the account's sessions ends them all.
            shop.database.execute("update vibe_private.sessions set revoked_at = now() where session_id = %s", [session_of(client)])
            await ear.until(lambda: ear.states[-1] != "SUBSCRIBED")
            assert ear.states[-1] in ("CLOSED", "CHANNEL_ERROR")
            await other.table("site_users").insert(visitor(shop, "heard-after")).execute()
            assert len(ear.heard) == 3

    finish(work())


def session_of(client):
    import base64

    part = client.realtime.access_token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))["session_id"]


def test_tenants_apart(shop):  # noqa: F811
    """The stranger asks for everything, for the table and for the shop's own site, and hears only what is theirs."""
    async def work():
        async with person(shop) as staff, person(shop, STRANGER) as stranger:
            asked = [("*", None), ("site_users", None), ("site_users", f"site_id=eq.{shop.site}"), ("site_users", "anonymous_id=eq.heard-shop")]
            ears = [await Ear(stranger).on(table, filter=filter).join() for table, filter in asked[:2]]
            # These can match the shop's rows only, and one of the stranger's that ends the wait.
            ears += [await Ear(stranger).on(table, filter=filter).on("site_users", filter="anonymous_id=eq.heard-own").join() for table, filter in asked[2:]]
            mine = await Ear(staff).on("site_users").join()
            await staff.table("site_users").insert(visitor(shop, "heard-shop", email="secret@example.org")).execute()
            await staff.table("site_users").update({"name": "x"}).eq("anonymous_id", "heard-shop").execute()
            shop.database.execute("delete from vibe.site_users where anonymous_id = 'heard-shop'")
            await stranger.table("site_users").insert({"site_id": shop.elsewhere, "anonymous_id": "heard-own"}).execute()
            await mine.until(lambda: len(mine.heard) == 3)
            for ear in ears:
                assert await ear.names(1) == [("INSERT", "heard-own")]
                assert ear.heard[0]["record"]["site_id"] == shop.elsewhere

    finish(work())


def test_nobody_hears_nothing(shop):  # noqa: F811
    """With the public key alone there is nothing to hear."""
    async def work():
        async with person(shop, None) as nobody, person(shop) as staff:
            ear, theirs = await Ear(nobody).on("*").join(), await Ear(staff).on("site_users").join()
            await staff.table("site_users").insert(visitor(shop, "heard-1")).execute()
            await theirs.names(1)
            # One reading of the feed goes to all sockets: what the staff heard had gone to this one too before it is told goodbye.
            await ear.channel.unsubscribe()
            await ear.until(lambda: ear.states[-1] == "CLOSED")
            assert ear.heard == []

    finish(work())


def test_refusals_say_why(shop):  # noqa: F811
    async def work():
        async with person(shop) as client:
            for make, word in ((lambda ear: ear.on("no_such_table"), "no_such_table"), (lambda ear: ear.on("site_users", filter="nothing=eq.1"), "nothing"),
                               (lambda ear: ear.on("site_users", filter="name=almost.1"), "almost"),
                               (lambda ear: ear.on("site_users", filter="name=is.null"), "is.null"), (lambda ear: ear.on("site_users", schema="crm"), "crm")):
                ear = await make(Ear(client)).join()
                assert ear.states == ["CHANNEL_ERROR"] and word in str(ear.error), (ear.states, ear.error)
            private = client.channel("secret", {"config": {"private": True}})
            told = []
            await private.subscribe(lambda state, error: told.append((str(state.value if hasattr(state, "value") else state), str(error))))
            assert told[0][0] == "CHANNEL_ERROR" and "rivate" in told[0][1], told

    finish(work())


def test_leave_and_come_again(shop):  # noqa: F811
    async def work():
        async with person(shop) as client:
            ear = await Ear(client).on("site_users", "INSERT").join()
            still = await Ear(client).on("site_users", "INSERT").join()
            await ear.channel.unsubscribe()
            await ear.until(lambda: ear.states[-1] == "CLOSED")
            await client.table("site_users").insert(visitor(shop, "heard-1")).execute()
            assert await still.names(1) == [("INSERT", "heard-1")]
            assert ear.heard == []

    finish(work())


def test_server_restart(shop):  # noqa: F811
    """The client comes back by itself, and hears what is written from then on."""
    async def work():
        async with person(shop) as client:
            ear = await Ear(client).on("site_users", "INSERT").join()
            shop.server.kill()
            await ear.until(lambda: "CHANNEL_ERROR" in ear.states)
            await asyncio.to_thread(shop.server.start)
            await ear.until(lambda: ear.states[-1] == "SUBSCRIBED")
            await client.table("site_users").insert(visitor(shop, "heard-again")).execute()
            assert (await ear.names(1))[-1] == ("INSERT", "heard-again")

    finish(work())
