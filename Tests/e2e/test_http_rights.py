"""Who may do what over HTTP: every table, view and function of schema vibe and every door, asked by each role.

The expectation is http_rights.txt, grouped for reading. VIBE_ACCEPT=1 writes it anew: read the difference before it is committed.
"""
import difflib
import json
import os
import pathlib

import pytest

from conftest import connect
from http_rights import OTHER_DOORS, WRITABLE, Filler, Person, arguments, cell, equal, label
from test_rights import tenants  # noqa: F401  two sites with rows in every table and a user of each kind

EXPECTED = pathlib.Path(__file__).with_name("http_rights.txt")
ROLES = ["anon", "stranger", "viewer", "member", "owner", "operator", "secret", "api key"]
HEAD = """\
# Who may do what over HTTP: the status that each role gets from each endpoint. test_http_rights.py asks the real server and compares.
# All are asked about site alpha: viewer, member and owner belong to it, stranger owns another site, anon has only the public key,
# operator is a signed-in user who runs the installation, secret is the server's secret key, api key is one that the owner made to read.
#   200/0  answered without any row: nothing of that site is seen, or nothing was written
#   400-   refused like a site that does not exist       400  could be called, but the example's arguments are refused
"""
REPRESENTATION = {"Prefer": "return=representation"}


@pytest.fixture
def people(tenants, make_server):  # noqa: F811
    """One of each role, signed in at the real server; .database, .server and .ids of site alpha beside them."""
    server = make_server(tenants)

    class People(list):
        pass

    everybody = People()
    everybody.server, everybody.database = server, connect(tenants)
    everybody.database.execute("select vibe.create_user('operator@example.com', 'correct horse', true)")
    everybody.database.execute("insert into vibe.segments (site_id, name, kind) select site_id, 'by hand', 'static' from vibe.sites where name = 'alpha'")
    everybody.database.execute("insert into vibe.job_runs (job, site_id, started_at) select 'revenue', site_id, now() from vibe.sites")
    everybody.ids = json.loads(everybody.database.execute("""
        select json_build_object('site', s.site_id, 'key', s.key,
            'user', (select min(user_id) from vibe.site_users as u where u.site_id = s.site_id),
            'customer', (select min(customer_id) from vibe.customers as c where c.site_id = s.site_id),
            'purchase', (select min(purchase_id) from vibe.purchases as p where p.site_id = s.site_id),
            'campaign', (select min(campaign_id) from vibe.campaigns as c where c.site_id = s.site_id),
            'funnel', (select min(funnel_id) from vibe.funnels as f where f.site_id = s.site_id))::text
        from vibe.sites as s where name = 'alpha'""").fetchone()[0])
    everybody.filler = Filler(everybody.ids)
    emails = {"stranger": "rival@example.com"}
    for role in ROLES:
        if role == "api key":
            token = next(person for person in everybody if person.role == "owner").ask("POST", "/rest/v1/rpc/create_api_key", {"name": "reads", "sites": ["alpha"], "requests_per_minute": 60_000})[1]
        else:
            token = {"anon": server.anon_key, "secret": server.secret_key}.get(role) or sign_in(server, emails.get(role, f"{role}@example.com"))
        everybody.append(Person(server, role, token))
    yield everybody
    everybody.database.close()


def sign_in(server, email):
    status, answer = server.request("/auth/v1/token?grant_type=password", {"email": email, "password": "correct horse"})
    assert status == 200, answer
    return answer["access_token"]


def relations(people):
    """(name, how its rows of site alpha are found) of every table and view."""
    shapes = people.database.execute("select vibe_private.schema_cache() -> 'relations'").fetchone()[0]
    for shape in shapes:
        columns = [column["name"] for column in shape["columns"]]
        where = equal("site_id", people.ids["site"]) if "site_id" in columns else equal("site", "alpha") if "site" in columns else ""
        yield shape["name"], columns, where


def reads(people):
    for name, columns, where in relations(people):
        found = [person.ask("GET", f"/rest/v1/{name}?select={columns[0]}&limit=5&{where}") for person in people]
        heads = [person.ask("HEAD", f"/rest/v1/{name}?select={columns[0]}&limit=5&{where}")[0] for person in people]
        assert heads == [status for status, _ in found], f"HEAD of {name}"
        yield name, [cell(*answer, rows=True) for answer in found]


def writes(people, method):
    """Each role with a row of its own, made by the superuser where the role is to change or remove it."""
    for name, columns, where in relations(people):
        cells = []
        for person in people:
            row, change, key = WRITABLE.get(name, ({columns[0]: None}, {columns[0]: None}, columns[0]))
            row = people.filler.fill(row) | ({"site_id": people.ids["site"]} if "site_id" in columns else {})
            path = f"/rest/v1/{name}?select={columns[0]}"
            if method == "POST":
                cells.append(cell(*person.ask("POST", path, row, REPRESENTATION), rows=True))
            else:
                if name in WRITABLE:
                    people.database.execute(f"insert into vibe.{name} ({', '.join(row)}) select {', '.join(row)} "
                                            f"from json_populate_record(null::vibe.{name}, %s)", [json.dumps(row)])
                path += "&" + (equal(key, row[key]) if name in WRITABLE else f"{key}=is.null")
                cells.append(cell(*person.ask(method, path, change if method == "PATCH" else None, REPRESENTATION), rows=True))
            if name == "funnel_steps" or name == "purchase_items":
                people.database.execute(f"delete from vibe.{name} where name like 'new %%'")
        yield name, cells


def functions(people):
    found = people.database.execute("select vibe_private.schema_cache() -> 'functions'").fetchone()[0]
    return [function for function in found if function["name"]]


def calls(people):
    known = functions(people)
    for function in known:
        name = label(function, known)
        yield name, [cell(*person.ask("POST", f"/rest/v1/rpc/{function['name']}", arguments(function, name, people.filler))) for person in people]
        if name == "change_site_key":
            people.ids["key"] = people.database.execute("select key from vibe.sites where name = 'alpha'").fetchone()[0]


def grouped(title, rows):
    """Lines of one section: each combination of statuses once, with the names that have it."""
    groups = {}
    for name, cells in rows:
        groups.setdefault(tuple(cells), []).append(name)
    lines = ["", f"[{title}]", "".join(f"{role:<10}" for role in ROLES).rstrip()]
    for cells, names in sorted(groups.items()):
        lines.append("".join(f"{text:<10}" for text in cells).rstrip())
        line = "   "
        for name in sorted(names):
            if len(line) + len(name) > 130:
                lines.append(line)
                line = "   "
            line += " " + name
        lines.append(line)
    return lines


def test_statuses_are_those_of_the_table(people):
    lines = HEAD.splitlines()
    lines += grouped("GET and HEAD /rest/v1/…", reads(people))
    for method in ("POST", "PATCH", "DELETE"):
        lines += grouped(f"{method} /rest/v1/…", writes(people, method))
    lines += grouped("POST /rest/v1/rpc/…", calls(people))
    lines += ["", "[the other doors, in this order]", "".join(f"{role:<10}" for role in ROLES).rstrip()]
    for method, path, *body in OTHER_DOORS:
        cells = [person.knock(method, path, *people.filler.fill(body)) for person in people]
        lines.append("".join(f"{status:<10}" for status in cells) + f"{method} {path}")
    text = "\n".join(lines) + "\n"
    if os.environ.get("VIBE_ACCEPT"):
        EXPECTED.write_text(text)
    differences = difflib.unified_diff(EXPECTED.read_text().splitlines(), text.splitlines(), "http_rights.txt", "the server", lineterm="", n=1)
    changed = "\n".join(differences)
    assert not changed, f"read this difference, then write the file anew with VIBE_ACCEPT=1:\n{changed}"
