"""Realtime with the unmodified `supabase` client: what its users meet first."""
import asyncio
import contextlib
import time

import pytest
from supabase import acreate_client

from conftest import connect, finish

PATIENCE = 30  # seconds; every wait ends as soon as what it waits for is there


class Heard(list):
    """Calls of a callback, to be waited for."""

    def __call__(self, payload, *rest):
        self.append((payload, *rest) if rest else payload)

    async def wait(self, enough):
        deadline = time.monotonic() + PATIENCE
        while not enough(self):
            assert time.monotonic() < deadline, f"waited in vain; heard {list(self)}"
            await asyncio.sleep(0.01)
        return self

    def rows(self):
        """Kind and name of each change."""
        return [(change["data"]["type"], (change["data"].get("record") or change["data"].get("old_record")).get("name")) for change in self]


class Tenant:
    """A user with a site, and the user's client."""

    def __init__(self, client, session, site):
        self.client, self.session, self.site = client, session, site

    async def listen(self, *bindings, topic="db"):
        """Subscribes; returns the channel, the states it told and what each binding hears."""
        channel = self.client.channel(topic)
        heard = [Heard() for _ in bindings]
        for calls, binding in zip(heard, bindings):
            channel.on_postgres_changes(binding.pop("event", "*"), callback=calls, **({"schema": "public", "table": "site_users"} | binding))
        states = Heard()
        channel.on_system(states.append)
        await channel.subscribe(lambda state, error: states.append(state.value))
        await states.wait(lambda all: "SUBSCRIBED" in all)
        return channel, states, *heard


@pytest.fixture
def make_tenant(server):
    clients = []

    async def make(name):
        client = await acreate_client(server.url, server.anon_key)
        clients.append(client)
        signed = await client.auth.sign_up({"email": f"{name}@shop.example", "password": "correct horse battery"})
        site = (await client.rpc("create_site", {"name": name}).execute()).data
        return Tenant(client, signed.session, site)

    return make


def write(server, sql, *parameters):
    with connect(server.database) as session:
        session.execute(sql, parameters)


def add(server, site, *names):
    for name in names:
        write(server, "insert into vibe.site_users (site_id, name) values (%s, %s)", site, name)


def test_insert_update_delete(server, make_tenant):
    async def scenario():
        ann = await make_tenant("ann")
        channel, states, all, inserts, deletes = await ann.listen({}, {"event": "INSERT"}, {"event": "DELETE"})
        await states.wait(lambda told: len(told) >= 2)
        assert [state.message for state in states if not isinstance(state, str)] == ["Subscribed to PostgreSQL"]
        row = (await ann.client.table("site_users").insert({"site_id": ann.site, "name": "Ada"}).execute()).data[0]
        write(server, "update vibe.site_users set name = 'Ada L.' where user_id = %s", row["user_id"])
        await all.wait(lambda heard: len(heard) >= 2)
        write(server, "delete from vibe.site_users where user_id = %s", row["user_id"])
        await all.wait(lambda heard: len(heard) >= 3)
        assert all.rows() == [("INSERT", "Ada"), ("UPDATE", "Ada L."), ("DELETE", "Ada L.")]
        inserted, updated, deleted = (change["data"] for change in all)
        assert inserted["record"] == row and "old_record" not in inserted
        assert updated["record"] == row | {"name": "Ada L.", "last_seen_at": updated["record"]["last_seen_at"]}
        assert updated["old_record"] == {"site_id": ann.site, "user_id": row["user_id"]}
        assert deleted["old_record"]["user_id"] == row["user_id"] and "record" not in deleted
        assert {"name": "user_id", "type": "int8"} in inserted["columns"] and inserted["errors"] is None
        assert (inserted["schema"], inserted["table"]) == ("vibe", "site_users")
        assert [change["ids"] for change in all] == [[1, 2], [1], [1, 3]]
        assert inserts.rows() == [("INSERT", "Ada")] and deletes.rows() == [("DELETE", "Ada L.")]
        await channel.unsubscribe()
        await states.wait(lambda told: "CLOSED" in told)
        await ann.client.realtime.close()

    finish(scenario())


@pytest.mark.parametrize("condition, names", [
    ("name=eq.b", "b"), ("name=neq.b", "ac"), ("name=lt.b", "a"), ("name=lte.b", "ab"), ("name=gt.b", "c"), ("name=gte.b", "bc"),
    ("name=in.(a,\"c\",x)", "ac"), ("user_id=gte.{1}", "bc"), ("user_id=in.({0},{2})", "ac"), ("first_seen_at=lt.2026-01-02 01:00+01", "a"),
    ("first_seen_at=gte.2026-01-01T22:00:00-03:00,name=neq.b", "c"),
])
def test_filters(filtering, condition, names):
    assert filtering[condition] == names


@pytest.fixture(scope="module")
def filtering(request, tmp_path_factory):
    """What each filter lets through, all tried in one go."""
    from conftest import Server, TEMPLATE, sql
    name = "vibe_test_filters"
    conditions = [mark.args[1] for mark in test_filters.pytestmark if mark.name == "parametrize"][0]
    with connect() as admin:
        admin.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
        admin.execute(sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(TEMPLATE)))
    server = Server(name, tmp_path_factory.mktemp("filters")).start()
    server.database = name
    passed = {}

    async def scenario():
        client = await acreate_client(server.url, server.anon_key)
        await client.auth.sign_up({"email": "ann@shop.example", "password": "correct horse battery"})
        site = (await client.rpc("create_site", {"name": "ann"}).execute()).data
        ann = Tenant(client, None, site)
        ids = [17, 18, 19]
        texts = [condition.format(*ids) for condition, _ in conditions]
        _, _, every, *heard = await ann.listen({}, *({"filter": text} for text in texts))
        # One session in another time zone: instants compare, not their texts.
        with connect(name) as session:
            session.execute("set timezone = 'Asia/Tokyo'")
            for user, letter, day in zip(ids, "abc", ("2026-01-01T23:30Z", "2026-01-02T00:30Z", "2026-01-02T01:00Z")):
                session.execute("insert into vibe.site_users (site_id, user_id, name, first_seen_at, last_seen_at) overriding system value"
                                " values (%s, %s, %s, %s, now())", [site, user, letter, day])
        await every.wait(lambda changes: len(changes) >= 3)
        for (condition, _), changes in zip(conditions, heard):
            passed[condition] = "".join(name for _, name in changes.rows())
        await client.realtime.close()

    try:
        finish(scenario())
        yield passed
    finally:
        server.stop()
        with connect() as admin:
            admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def test_two_tenants(server, make_tenant):
    async def scenario():
        ann, bob = await make_tenant("ann"), await make_tenant("bob")
        _, _, anns = await ann.listen({})
        _, _, bobs = await bob.listen({})
        add(server, ann.site, "first of Ann")
        add(server, bob.site, "first of Bob")
        write(server, "delete from vibe.site_users where site_id = %s", ann.site)
        add(server, ann.site, "last of Ann")
        add(server, bob.site, "last of Bob")
        await anns.wait(lambda heard: ("INSERT", "last of Ann") in heard.rows())
        await bobs.wait(lambda heard: ("INSERT", "last of Bob") in heard.rows())
        assert anns.rows() == [("INSERT", "first of Ann"), ("DELETE", "first of Ann"), ("INSERT", "last of Ann")]
        assert bobs.rows() == [("INSERT", "first of Bob"), ("INSERT", "last of Bob")]
        # Who gains a site hears of it without subscribing again, who loses it no more.
        assert bob.client.rpc
        with connect(server.database) as session:
            session.execute("insert into vibe.site_members (site_id, user_id, role) select %s, user_id, 'viewer' from vibe.site_members where site_id = %s",
                            [ann.site, bob.site])
            session.execute("insert into vibe.site_users (site_id, name) values (%s, 'for both')", [ann.site])
            session.execute("delete from vibe.site_members where site_id = %s and role = 'viewer'", [ann.site])
            session.execute("insert into vibe.site_users (site_id, name) values (%s, 'for Ann alone')", [ann.site])
            session.execute("insert into vibe.site_users (site_id, name) values (%s, 'end')", [bob.site])
        await bobs.wait(lambda heard: ("INSERT", "end") in heard.rows())
        assert ("INSERT", "for Ann alone") not in bobs.rows()
        await anns.wait(lambda heard: ("INSERT", "for Ann alone") in heard.rows())
        for tenant in (ann, bob):
            await tenant.client.realtime.close()

    finish(scenario())


def test_anonymous_until_signed_in(server, make_tenant):
    """A channel joined with the public key hears nothing until its client signs in; then without joining again."""
    async def scenario():
        ann = await make_tenant("ann")
        client = await acreate_client(server.url, server.anon_key)
        guest = Tenant(client, None, None)
        _, states, heard = await guest.listen({})
        _, _, anns = await ann.listen({})
        add(server, ann.site, "unheard")
        await anns.wait(len)
        signed = await client.auth.sign_in_with_password({"email": "ann@shop.example", "password": "correct horse battery"})
        await client.realtime.set_auth(signed.session.access_token)
        deadline = time.monotonic() + PATIENCE
        while not heard:
            assert time.monotonic() < deadline
            add(server, ann.site, "heard")
            await asyncio.sleep(0.2)
        assert {name for _, name in heard.rows()} == {"heard"}
        assert [state for state in states if isinstance(state, str)] == ["SUBSCRIBED"]
        await client.realtime.close()
        await ann.client.realtime.close()

    finish(scenario())


def test_token_refresh_and_session_end(server, make_tenant):
    async def scenario():
        ann = await make_tenant("ann")
        _, states, heard = await ann.listen({})
        for round in range(3):
            add(server, ann.site, f"before {round}")
            refreshed = await ann.client.auth.refresh_session()
            await ann.client.realtime.set_auth(refreshed.session.access_token)
            add(server, ann.site, f"after {round}")
        await heard.wait(lambda changes: len(changes) >= 6)
        assert heard.rows() == [("INSERT", f"{when} {round}") for round in range(3) for when in ("before", "after")]
        assert [state for state in states if isinstance(state, str)] == ["SUBSCRIBED"]
        await ann.client.auth.sign_out()
        await states.wait(lambda told: "CLOSED" in told)
        add(server, ann.site, "too late")
        assert [state.message for state in states if not isinstance(state, str)][-1:] == ["Subscribed to PostgreSQL"]
        assert ("INSERT", "too late") not in heard.rows()
        await ann.client.realtime.close()

    finish(scenario())


@pytest.mark.parametrize("binding, reason", [
    ({"table": "nope"}, 'table "nope" is not in realtime'), ({"table": "sites"}, 'table "sites" is not in realtime'),
    ({"filter": "nope=eq.1"}, "column site_users.nope does not exist"), ({"filter": "user_id=eq.x"}, 'invalid input syntax for type bigint: "x"'),
    ({"filter": "name=like.x"}, 'filter "name=like.x" cannot be read'), ({"filter": "traits=eq.1"}, "of type jsonb cannot be filtered"),
    ({"schema": "vibe_private"}, 'schema "vibe_private" is not offered'),
])
def test_refused_with_a_reason(refusing, binding, reason):
    assert reason in refusing(binding)


@pytest.fixture(scope="module")
def refusing(tmp_path_factory):
    from conftest import Server, TEMPLATE, sql
    name = "vibe_test_refusing"
    with connect() as admin:
        admin.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
        admin.execute(sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(TEMPLATE)))
    server = Server(name, tmp_path_factory.mktemp("refusing")).start()

    def ask(binding):
        told = []

        async def scenario():
            client = await acreate_client(server.url, server.anon_key)
            channel = client.channel("db")
            channel.on_postgres_changes("*", callback=print, **({"schema": "public", "table": "site_users"} | binding))
            await channel.subscribe(lambda state, error: told.append((state.value, str(error))))
            with contextlib.suppress(Exception):
                await channel.unsubscribe()
            await client.realtime.close()

        finish(scenario())
        assert told[0][0] == "CHANNEL_ERROR", told
        return told[0][1].replace('\\"', '"')

    yield ask
    server.stop()
    with connect() as admin:
        admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
