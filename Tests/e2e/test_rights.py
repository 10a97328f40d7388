"""Rights (S4-76): what each role may reach is rights.txt and nothing else, and no login sees another tenant.

Two tenants with the same kinds of rows; every role logs in and tries every table, view and function of the schemas.
"""
import json
import pathlib

import psycopg
import pytest
from psycopg import errors, sql

from conftest import connect, set_server_password

ALLOWED = pathlib.Path(__file__).with_name("rights.txt")
SCHEMAS = ["vibe", "vibe_private", "vibe_operator"]
ROLES = ["public", "vibe_anon", "vibe_analyst", "vibe_member", "vibe_operator", "vibe_server", "vibe_jobs"]
INHERITS = {"vibe_member": "vibe_analyst", "vibe_operator": "vibe_member"}

RELATIONS = """
    select c.oid::regclass::text as name, c.relname, n.nspname,
        exists (select from pg_attribute as a where a.attrelid = c.oid and a.attname = 'site_id' and not a.attisdropped) as by_id,
        exists (select from pg_attribute as a where a.attrelid = c.oid and a.attname = 'site' and not a.attisdropped) as by_name
    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = any (%s) and c.relkind in ('r', 'p', 'v', 'm', 'f') order by 1
"""

# A role has a right on an object only if it may also enter the schema. Columns count: a right on one is a right.
REACHABLE = """
    select privilege, name from (
        select lower(x.privilege) as privilege, c.oid::regclass::text as name, c.relnamespace as schema,
            has_table_privilege(%(role)s, c.oid, x.privilege)
                or (x.privilege in ('SELECT', 'INSERT', 'UPDATE') and has_any_column_privilege(%(role)s, c.oid, x.privilege)) as has
        from pg_class as c, unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) as x (privilege)
        where c.relkind in ('r', 'p', 'v', 'm', 'f')
        union all
        select 'usage', c.oid::regclass::text, c.relnamespace,
            case when c.relkind = 'S' then has_sequence_privilege(%(role)s, c.oid, 'USAGE, SELECT, UPDATE') end
        from pg_class as c
        union all
        select 'execute', p.oid::regprocedure::text, p.pronamespace, has_function_privilege(%(role)s, p.oid, 'EXECUTE')
        from pg_proc as p
    ) as o
    where o.has and o.schema::regnamespace::text = any (%(schemas)s) and has_schema_privilege(%(role)s, o.schema, 'USAGE')
    union all
    select 'create', n.nspname from pg_namespace as n where n.nspname = any (%(schemas)s) and has_schema_privilege(%(role)s, n.oid, 'CREATE')
"""


@pytest.fixture
def tenants(database):
    """Two sites with data in every topic, and one login of each kind; yields the database's name."""
    with connect(database) as admin:
        admin.execute("set client_min_messages = error")
        for name in ("alpha", "beta"):
            admin.execute("select vibe.create_demo_site(%s, 1, 60, 40)", [name])
            admin.execute("select vibe.create_goal(%s, 'Buy', 'purchase')", [name])
            admin.execute("select vibe.calculate_daily_stats(%s, current_date - 3, current_date - 2)", [name])
            admin.execute("select vibe.calculate_funnel_days(%s)", [name])
            admin.execute("select vibe.calculate_rfm(%s, current_date - 40, current_date - 2)", [name])
            admin.execute("select vibe.calculate_rfm(%s, to_char(current_date, 'YYYY-MM')), vibe.use_rfm_map(%s, 1)", [name, name])
            admin.execute("select vibe.create_segment(%s, 'buyers', '{\"version\": 1, \"all\": [{\"bought\": {}}]}')", [name])
            admin.execute("insert into vibe.segmentations (site_id, name, features, k) values (vibe.site_id(%s), 'worth', '{total_spent}', 3)", [name])
            # One order, and one record that is refused.
            admin.execute("select vibe.import_csv(%s, 'orders', e'order_id,purchased_at,amount\n1,2024-01-01,1\n2,soon,1')", [name])
            admin.execute("select vibe.import_events(%s, 'plausible', e'date,visitors,pageviews,visits\n2020-01-01,1,1,1')", [name])
            admin.execute("insert into vibe.products (site_id, source_id, product_id, currency) select vibe.site_id(%s), b.source_id, '1', 'BRL' "
                          "from vibe.connect_bling(%s, 'app', 'secret') as b", [name, name])
            # What a CRM told: a delivery, an interaction, an event of a model.
            site, source = admin.execute("select vibe.site_id(%s), source_id from vibe.connect_crm(%s, 'hub')", [name, name]).fetchone()
            admin.execute("select vibe_private.receive(%s, %s, 'x', null, null, '{}', '{}'), vibe_private.note_source(%s, %s)", [site, source] * 2)
            admin.execute("insert into vibe.interactions (site_id, kind, at) values (%s, 'call', now())", [site])
            admin.execute("insert into vibe.ai_model_events (site_id, model, event_type, at) values (%s, 'm', 'result', now())", [site])
            # Days of revenue and periods of RFM are marked until somebody counts them.
            admin.execute("update vibe.rfm_analysis set small_n = small_n where site_id = vibe.site_id(%s)", [name])
            admin.execute("update vibe.purchases set channel = 'web' where site_id = vibe.site_id(%s)", [name])
            # A job, and one of its kind that failed before.
            admin.execute("insert into vibe.queue_jobs (site_id, kind) values (vibe.site_id(%s), 'test')", [name])
            admin.execute("""insert into vibe.queue_circuits (site_id, kind, subject, failures, error, failed_at)
                values (vibe.site_id(%s), 'test', '', 1, '{}', now())""", [name])
        track(admin, "alpha"), track(admin, "beta")
        for email in ("viewer", "member", "owner", "outsider", "rival"):
            admin.execute("select vibe.create_user(%s, 'correct horse')", [f"{email}@example.com"])
        admin.execute("select vibe.add_member('beta', 'rival@example.com', 'owner')")
        for role in ("viewer", "member", "owner"):
            admin.execute("select vibe.add_member('alpha', %s, %s)", [f"{role}@example.com", role])
        for role, group in LOGINS.items():
            admin.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(role)))
            admin.execute(sql.SQL("create role {} login").format(sql.Identifier(role)))
            if group:
                admin.execute(sql.SQL("grant {} to {}").format(sql.Identifier(group), sql.Identifier(role)))
        for login in ("test_analyst", "test_writer"):
            admin.execute("select vibe.add_member('alpha', %s, 'viewer')", [login])
    yield database
    with connect(database) as admin:
        for role in LOGINS:
            admin.execute(sql.SQL("drop owned by {0}; drop role {0}").format(sql.Identifier(role)))


LOGINS = {"test_nobody": None, "test_stranger": "vibe_analyst", "test_analyst": "vibe_analyst", "test_writer": "vibe_member",
          "test_operator": "vibe_operator"}


def track(admin, site):
    """A visitor who is online, was merged, and got a warning, so that no tracking table is empty."""
    for visitor, user in (("browser-one", "u1"), ("browser-two", "u1"), ("browser-two", "u2")):
        items = [{"type": "identify", "id": psycopg_uuid(admin), "time": 5, "user_id": user},
                 {"type": "page_view", "id": psycopg_uuid(admin), "time": 5, "url": "https://shop.example/"}]
        envelope = {"site": admin.execute("select key from vibe.sites where name = %s", [site]).fetchone()[0],
                    "visitor": visitor, "sent_at": 5, "items": items}
        admin.execute("select * from vibe_private.ingest(%s, null)", [[json.dumps(envelope)]])


def psycopg_uuid(admin):
    return str(admin.execute("select gen_random_uuid()").fetchone()[0])


def sign_in(admin, email):
    return admin.execute(
        "select claims from vibe_private.auth('password', jsonb_build_object('email', %s::text, 'password', 'correct horse'), '{}')",
        [f"{email}@example.com"]).fetchone()[0]


def sessions(database):
    """(who, connection, the sites they may see) for every kind of login; connections do not commit."""
    with connect(database) as admin:
        claims = {who: sign_in(admin, who) for who in ("viewer", "member", "owner", "outsider")}
    password = set_server_password()
    for login, sees in (("test_nobody", set()), ("test_stranger", set()), ("test_analyst", {"alpha"}), ("test_writer", {"alpha"}),
                        ("test_operator", {"alpha", "beta"})):
        with connect(database, user=login, autocommit=False) as connection:
            # Whoever can send SQL can make such settings; they must give nothing.
            connection.execute("select set_config('request.jwt.claims', %s, false)", [json.dumps(claims["owner"])])
            yield login, connection, sees
            connection.rollback()
    for who, role, sees in (("nobody", None, set()), ("nobody", "vibe_anon", set()), ("nobody", "vibe_member", set()),
                            ("nobody", "vibe_operator", set()), ("outsider", "vibe_member", set()), ("viewer", "vibe_member", {"alpha"}),
                            ("member", "vibe_member", {"alpha"}), ("owner", "vibe_member", {"alpha"}), ("owner", "vibe_operator", {"alpha"})):
        with connect(database, user="vibe_server", password=password, autocommit=False) as connection:
            connection.execute("select set_config('request.jwt.claims', %s, false)", [json.dumps(claims.get(who, {}))])
            if role:
                connection.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
            yield f"{who} as {role or 'vibe_server'}", connection, sees
            connection.rollback()


def attempt(connection, statement, parameters=None):
    """The rows, or the error; either way the transaction goes on as before."""
    connection.execute("savepoint attempt")
    try:
        return connection.execute(statement, parameters).fetchall()
    except psycopg.Error as error:
        return error
    finally:
        connection.execute("rollback to savepoint attempt")


def test_allow_list(database):
    """The rights in the catalog are those of rights.txt, line by line (a role's line is not repeated for who inherits it)."""
    with connect(database) as admin:
        admin.execute("set search_path = pg_catalog")
        found = {role: set(admin.execute(REACHABLE, {"role": role, "schemas": SCHEMAS}).fetchall()) for role in ROLES}
    months = "vibe_private.user_events_"
    lines = {f"{role} {privilege} {name}" for role in ROLES for privilege, name in found[role] - found.get(INHERITS.get(role), set())
             if not name.startswith(months)}
    allowed = {line for line in ALLOWED.read_text().splitlines() if line and not line.startswith("#")}
    assert sorted(lines - allowed) == [], "reachable, but not in rights.txt"
    assert sorted(allowed - lines) == [], "in rights.txt, but not reachable"


def test_partitions_are_out_of_reach(database):
    with connect(database) as admin:
        assert admin.execute("""
            select c.oid::regclass::text, r.rolname from pg_class as c, pg_roles as r
            where c.relispartition and r.rolname like 'vibe%%' and r.rolname <> 'vibe_owner'
              and has_any_column_privilege(r.rolname, c.oid, 'SELECT, INSERT, UPDATE')""").fetchall() == []


def test_definer_functions_fix_their_search_path(database):
    with connect(database) as admin:
        assert admin.execute("""
            select p.oid::regprocedure::text from pg_proc as p
            where p.pronamespace::regnamespace::text like 'vibe%%'
              and (p.prosecdef or exists (select from unnest(p.proconfig) as c where c like 'search_path=%%'))
              and not coalesce('search_path=pg_catalog, pg_temp' = any (p.proconfig), false)
            order by 1""").fetchall() == []


def test_temporary_types_do_not_run_in_definer_functions(tenants):
    """Where a path does not name pg_temp, types are looked up there first, and the check of a domain is code of its maker."""
    with connect(tenants, user="test_analyst") as connection:
        connection.execute("""
            create table pg_temp.seen (who pg_catalog.text);
            grant insert on pg_temp.seen to public;
            create function pg_temp.spy(pg_catalog.anyelement) returns pg_catalog.bool language plpgsql as
                $$ begin insert into pg_temp.seen values (current_user); return true; end $$""")
        types = connection.execute("""
            select typname from pg_catalog.pg_type
            where typnamespace = 'pg_catalog'::regnamespace and typtype = 'b' and typelem = 0""").fetchall()
        for name, in types:
            connection.execute(sql.SQL("create domain pg_temp.{0} as pg_catalog.{0} check (pg_temp.spy(value))").format(sql.Identifier(name)))
        connection.execute("set search_path = pg_catalog, vibe, pg_temp")
        for call in ("my_sites()", "my_sites('member')", "demo_site_key()", "site_id('alpha')", "get_online_users()", "get_crm_metrics()"):
            connection.execute(f"select * from vibe.{call}")
        assert connection.execute("select distinct who from pg_temp.seen").fetchall() == []


def test_every_tenant_table_has_row_security(database):
    with connect(database) as admin:
        assert admin.execute("""
            select c.oid::regclass::text from pg_class as c
            where c.relnamespace = 'vibe'::regnamespace and c.relkind in ('r', 'p') and not c.relrowsecurity""").fetchall() == []
        assert admin.execute("""
            select c.oid::regclass::text from pg_class as c
            where c.relnamespace = 'vibe'::regnamespace and c.relkind = 'v'
              and not coalesce('security_invoker=true' = any (c.reloptions), false)""").fetchall() == []


def test_no_login_sees_another_tenant_in_any_table_or_view(tenants):
    with connect(tenants) as admin:
        relations = admin.execute(RELATIONS, [SCHEMAS]).fetchall()
        names = dict(admin.execute("select site_id, name from vibe.sites").fetchall())
        # A test over empty tables would prove nothing.
        empty = [name for name, _, schema, by_id, by_name in relations if schema == "vibe" and (by_id or by_name)
                 and admin.execute(sql.SQL("select count(distinct {}) from " + name).format(
                     sql.Identifier("site_id" if by_id else "site"))).fetchone()[0] < 2]
    assert set(empty) <= {"vibe.job_runs"}, "tables without rows of both tenants"
    for who, connection, sees in sessions(tenants):
        read = 0
        for name, _, schema, by_id, by_name in relations:
            result = attempt(connection, f"select * from {name}")
            if isinstance(result, Exception):
                assert isinstance(result, errors.InsufficientPrivilege), f"{who} reading {name}: {result}"
                continue
            read += 1
            assert schema == "vibe", f"{who} reads {name}"
            if by_id or by_name:
                sites = {row[0] for row in attempt(connection, f"select distinct {'site_id' if by_id else 'site'} from {name}")}
                sites = {names[site] for site in sites} if by_id else sites
                assert sites <= sees, f"{who} sees {sites} in {name}"
                # And those who may see do see; the server alone knows who has had a run of a job.
                if name not in empty:
                    assert sites == sees, f"{who} sees only {sites} in {name}"
        assert (read > 10) == (who not in ("test_nobody", "nobody as vibe_server", "nobody as vibe_anon")), f"{who} reads {read}"


def test_no_login_writes_to_another_tenant(tenants):
    """Every table: rows of the other tenant can be neither changed, deleted nor added."""
    with connect(tenants) as admin:
        relations = admin.execute(RELATIONS, [SCHEMAS]).fetchall()
        beta = admin.execute("select site_id from vibe.sites where name = 'beta'").fetchone()[0]
        columns = dict(admin.execute("""
            select attrelid::regclass::text, array_agg(attname::text order by attnum) from pg_attribute
            where attnum > 0 and not attisdropped and attgenerated = '' and attidentity <> 'a' group by 1""").fetchall())
    for who, connection, sees in sessions(tenants):
        if "beta" in sees:
            continue
        for name, _, schema, by_id, _ in relations:
            if not by_id:
                continue
            for column in columns.get(name, []):
                changed = attempt(connection, sql.SQL("update {} set {c} = {c} where site_id = {b} returning 1").format(
                    sql.SQL(name), c=sql.Identifier(column), b=beta))
                assert changed == [] or isinstance(changed, psycopg.Error), f"{who} changes {name}.{column}"
            deleted = attempt(connection, sql.SQL("delete from {} where site_id = {} returning 1").format(sql.SQL(name), beta))
            assert deleted == [] or isinstance(deleted, psycopg.Error), f"{who} deletes from {name}"
            added = attempt(connection, sql.SQL("insert into {} (site_id) values ({}) returning 1").format(sql.SQL(name), beta))
            assert isinstance(added, psycopg.Error), f"{who} adds to {name}"


def test_functions_refuse_what_is_not_listed_and_other_tenants(tenants):
    with connect(tenants) as admin:
        functions = admin.execute("""
            select p.oid::regprocedure::text, n.nspname, p.proname, p.prokind::text,
                array(select format('%%I => null::%%s', p.proargnames[i], format_type(p.proargtypes[i - 1], null))
                      from generate_series(1, p.pronargs - p.pronargdefaults) as i where p.proargnames[i] <> 'site'),
                coalesce('site' = any (p.proargnames[1:p.pronargs]), false),
                p.pronargs, p.pronargdefaults, array(select format('%%snull::%%s', case when p.provariadic <> 0 and n = p.pronargs then 'variadic ' else '' end, t::regtype) from unnest(p.proargtypes) with ordinality as a (t, n) order by n),
                p.proisstrict
            from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
            where n.nspname = any (%s) and p.prokind in ('f', 'p')
              and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype, 'internal'::regtype)
              and not 'internal'::regtype = any (p.proargtypes)
            order by 1""", [SCHEMAS]).fetchall()
        known = {row[0] for row in admin.execute("select name from vibe.sites").fetchall()}
    assert known >= {"alpha", "beta"}
    tried = 0
    for who, connection, sees in sessions(tenants):
        for signature, schema, name, kind, others, has_site, count, defaults, nulls, strict in functions:
            allowed = attempt(connection, "select has_schema_privilege(%s, 'usage') and has_function_privilege(%s::regprocedure, 'execute')",
                              [schema, signature])
            allowed = not isinstance(allowed, Exception) and allowed[0][0]
            verb = "call" if kind == "p" else "select * from"
            if not allowed:
                result = attempt(connection, f"{verb} {schema}.{name}({', '.join(nulls)})")
                # A strict function of nulls is null without being called.
                assert isinstance(result, errors.InsufficientPrivilege) or (strict and result == [(None,)]), f"{who} calls {signature}: {result}"
            elif has_site and "beta" not in sees:
                tried += 1
                result = attempt(connection, f"{verb} {schema}.{name}({', '.join(others + ['site => %s'])})", ["beta"])
                # Doors for other systems tell nobody but the one that signs whether there is such a site.
                refused = "The signature is not that of" if name.startswith("receive_") else "not yours"
                assert isinstance(result, psycopg.Error) and refused in str(result), f"{who} calls {signature} on beta: {result}"
            elif count == defaults and kind == "f" and "beta" not in sees:
                result = attempt(connection, f"select row_to_json(f)::text from {schema}.{name}() as f")
                assert isinstance(result, psycopg.Error) or "beta" not in str(result), f"{who} learns of beta by {signature}"
    assert tried > 30
