"""Two tenants for the tests with the public supabase client: a shop with rows that Python knows too, and a stranger's site."""
import json

import psycopg.rows
import pytest
from supabase import ClientOptions, create_client

from conftest import Server, connect, new_database

PASSWORD = "a long enough password"
STAFF, STRANGER = "staff@example.org", "stranger@example.org"
# Names that break a careless quoting, on purpose.
CUSTOMERS = [
    {"external_id": "c-1", "name": "Ana Silva", "email": "ana@example.org", "gender": "f", "location": "São Paulo", "income_range": "high", "birth_date": "1990-05-01"},
    {"external_id": "c-2", "name": 'Bruno "the cat" Quist', "email": "bruno@example.org", "gender": "m", "location": "Rio, RJ", "income_range": "low", "birth_date": "1985-01-31"},
    {"external_id": "c-3", "name": "O'Neil (junior), A.", "email": None, "gender": "m", "location": None, "income_range": "high", "birth_date": None},
    {"external_id": "c-4", "name": "back\\slash %_*", "email": "back@example.org", "gender": None, "location": "東京 🗼", "income_range": None, "birth_date": "2000-02-29"},
    {"external_id": "c-5", "name": "ana lower", "email": "lower@example.org", "gender": "f", "location": "São Paulo", "income_range": "low", "birth_date": "1990-05-02"},
    {"external_id": "null", "name": "null", "email": "a+b@example.org", "gender": "f", "location": "{x,y}", "income_range": "middle", "birth_date": "1970-12-31"},
]
PURCHASES = [("c-1", "p-1", "2026-01-05T10:00:00Z", "10.50", "web", False), ("c-1", "p-2", "2026-02-06T10:00:00Z", "20.00", "store", False),
             ("c-1", "p-3", "2026-03-07T10:00:00Z", "-5.00", None, True), ("c-2", "p-4", "2026-01-08T10:00:00Z", "99.99", "web", False)]
VISITORS = [
    {"anonymous_id": "visitor-1", "name": "Ana", "traits": {"plan": "pro", "age": 30, "tags": ["a", "b"], "address": {"city": "Recife"}}},
    {"anonymous_id": "visitor-2", "name": "Bo", "traits": {"plan": "free", "age": 4, "tags": ["b"]}},
    {"anonymous_id": "visitor-3", "name": None, "traits": {"plan": None, "we \"ird->key": 1}},
    {"anonymous_id": "visitor-4", "name": "Di", "traits": {}},
]
VISITS = [("visitor-1", "/a", ["says so", "no headers"], True), ("visitor-1", "/b", ["says so"], True), ("visitor-2", "/c", None, False), ("visitor-3", "/d", [], False)]


class Shop:
    """A running server with the shop, `rows(table)` as Python sees them, and signed-in clients."""

    def __init__(self, server):
        self.server = server
        self.database = connect(server.database, row_factory=psycopg.rows.dict_row)
        for name, email in (("shop", STAFF), ("elsewhere", STRANGER)):
            self.one("select vibe.create_user(%s, %s)", email, PASSWORD)
            self.one("select vibe.create_site(%s)", name)
            self.one("select vibe.add_member(%s, %s, 'owner')::text", name, email)
        self.site, self.elsewhere = (self.one("select site_id from vibe.sites where name = %s", name) for name in ("shop", "elsewhere"))
        self.key = self.one("select key from vibe.sites where name = 'shop'")
        for site in (self.elsewhere, self.site):
            self.fill(site)

    def fill(self, site):
        """The same rows for both tenants, so that only rights tell them apart."""
        for row in CUSTOMERS:
            self.insert("customers", row | {"site_id": site})
        for customer, order, at, amount, channel, refund in PURCHASES:
            number = self.one("select customer_id from vibe.customers where site_id = %s and external_id = %s", site, customer)
            self.insert("purchases", {"site_id": site, "customer_id": number, "external_id": order, "purchased_at": at, "amount": amount, "currency": "USD",
                                      "channel": channel, "is_refund": refund})
        for row in VISITORS:
            self.insert("site_users", row | {"site_id": site, "traits": json.dumps(row["traits"])})
        for visitor, page, reasons, bot in VISITS:
            number = self.one("select user_id from vibe.site_users where site_id = %s and anonymous_id = %s", site, visitor)
            self.insert("site_sessions", {"site_id": site, "user_id": number, "entry_page": page, "bot_reasons": reasons, "is_bot": bot})

    def insert(self, table, row):
        self.database.execute(f"insert into vibe.{table} ({', '.join(row)}) values ({', '.join(['%s'] * len(row))})", list(row.values()))

    def one(self, query, *given):
        row = self.database.execute(query, given or None).fetchone()
        return next(iter(row.values())) if row else None

    def rows(self, table):
        """The shop's rows of a table as the superuser reads them, JSON-like."""
        return [row["r"] for row in self.database.execute(f"select to_jsonb(t) as r from vibe.{table} as t where site_id = %s", [self.site]).fetchall()]

    def client(self, email=STAFF, schema="vibe"):
        """The public client with the anon key, signed in; nobody signs in with None."""
        made = create_client(self.server.url, self.server.anon_key, ClientOptions(schema=schema))
        if email:
            made.auth.sign_in_with_password({"email": email, "password": PASSWORD})
        return made


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """One server and database for all tests of a file: none of them may leave rows that another would see."""
    with new_database() as name:
        server = Server(name, tmp_path_factory.mktemp("server"))
        server.database = name
        try:
            made = Shop(server.start())
            yield made
            made.database.close()
        finally:
            server.stop()
