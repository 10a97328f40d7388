"""Analysts (S1-25, S0-11, S1-16): a login made by vibe.create_analyst, used over TCP with its password as a BI tool does.

It sees its sites in every view, writes nothing, and its limits are there. What PostgreSQL shows to any login, whatever we do:
names of roles and databases, the sizes and row counts of whole tables (pg_class, EXPLAIN), of all tenants together.
"""
import os
import pathlib
import time
from urllib.parse import quote

import psycopg
import pytest
import sqlalchemy
from psycopg import errors, sql
from sqlalchemy.types import NullType

from conftest import connect
from test_rights import tenants  # noqa: F401  alpha and beta with rows in every topic

LOGIN = "test.analyst-1"
LOG = pathlib.Path(os.environ["PGHOST"]) / "log"
RELATIONS = """select c.relname, c.relkind::text from pg_class as c
    where c.relnamespace = 'vibe'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f') order by 1"""


def drop_roles(*names):
    with connect() as admin:
        for name in names:
            admin.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(name)))


@pytest.fixture
def two_sites(database):
    """Two empty sites; the logins of the test are gone before and after it."""
    drop_roles(LOGIN, "test_operator")
    with connect(database) as admin:
        admin.execute("select vibe.create_site('alpha'), vibe.create_site('beta', time_zone => 'America/Sao_Paulo')")
    yield database
    with connect(database) as admin:
        admin.execute("select vibe.drop_analyst(login) from vibe.get_analysts() where login = %s", [LOGIN])
    drop_roles("test_operator")


@pytest.fixture
def reader(tenants):  # noqa: F811
    """(database, password) of an analyst of alpha where every topic has rows."""
    drop_roles(LOGIN)
    with connect(tenants) as admin:
        yield tenants, create(admin)
        admin.execute("select vibe.drop_analyst(%s)", [LOGIN])


@pytest.fixture
def analyst(two_sites):
    """(database, password) of an analyst of alpha."""
    with connect(two_sites) as admin:
        return two_sites, create(admin)


def create(admin, sites=("alpha",), password=None, login=LOGIN):
    return admin.execute("select vibe.create_analyst(%s, %s, %s)", [login, password, sites and list(sites)]).fetchone()[0]


def log_in(database, password, login=LOGIN, **options):
    """A connection as a BI tool makes it."""
    return connect(database, user=login, password=password, host="127.0.0.1", **options)


def refused(session, statement, *parameters):
    """The error of a statement that must fail."""
    with pytest.raises(psycopg.Error) as caught:
        session.execute(statement, parameters or None)
    return caught.value


def test_sqlalchemy_reflects_and_reads_every_view(reader):
    database, password = reader
    with connect(database) as admin:
        kinds = dict(admin.execute(RELATIONS).fetchall())
    views = {name for name, kind in kinds.items() if kind == "v"}
    engine = sqlalchemy.create_engine(f"postgresql+psycopg://{quote(LOGIN)}:{password}@127.0.0.1:{os.environ['PGPORT']}/{database}")
    try:
        inspector = sqlalchemy.inspect(engine)
        assert set(inspector.get_view_names("vibe")) == views and len(views) >= 9
        assert set(inspector.get_table_names("vibe")) == set(kinds) - views
        catalog = sqlalchemy.MetaData(schema="vibe")
        catalog.reflect(engine, views=True)
        for name in kinds:
            table = catalog.tables[f"vibe.{name}"]
            assert inspector.get_table_comment(name, "vibe")["text"], name
            for column in inspector.get_columns(name, "vibe"):
                assert column["comment"], f"{name}.{column['name']}"
                # A type that tools do not know becomes a column that they cannot show.
                assert name not in views or not isinstance(column["type"], NullType), f"{name}.{column['name']}"
            with engine.connect() as session:
                session.execute(table.select().limit(5)).all()
    finally:
        engine.dispose()


def test_everything_in_the_contract_is_commented(database):
    with connect(database) as admin:
        assert admin.execute("""
            select c.oid::regclass::text from pg_class as c
            where c.relnamespace = 'vibe'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
              and obj_description(c.oid, 'pg_class') is null
            union all
            select c.oid::regclass || '.' || a.attname from pg_class as c join pg_attribute as a on a.attrelid = c.oid
            where c.relnamespace = 'vibe'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')
              and a.attnum > 0 and not a.attisdropped and col_description(c.oid, a.attnum) is null
            union all
            select p.oid::regprocedure::text from pg_proc as p
            where p.pronamespace = 'vibe'::regnamespace and obj_description(p.oid, 'pg_proc') is null
            union all
            select t.oid::regtype::text from pg_type as t left join pg_class as c on c.oid = t.typrelid
            where t.typnamespace = 'vibe'::regnamespace and t.typcategory <> 'A' and coalesce(c.relkind, 'c') = 'c'
              and obj_description(t.oid, 'pg_type') is null
            order by 1""").fetchall() == []


def test_other_tenants_are_in_no_view(reader):
    """By site_id or site where a relation has them, else by no row that names the other."""
    database, password = reader
    with connect(database) as admin:
        relations = [name for name, _ in admin.execute(RELATIONS).fetchall()]
        by = dict(admin.execute("""select c.relname, max(a.attname) from pg_class as c join pg_attribute as a on a.attrelid = c.oid
            where c.relnamespace = 'vibe'::regnamespace and c.relkind in ('r', 'p', 'v') and a.attname in ('site_id', 'site')
            group by 1""").fetchall())
        alpha = {"site": "alpha", "site_id": admin.execute("select site_id from vibe.sites where name = 'alpha'").fetchone()[0]}

        def sites(session, name):
            query = sql.SQL("select distinct {} from vibe.{}").format(sql.Identifier(by[name]), sql.Identifier(name))
            return {row[0] for row in session.execute(query)} - {None}

        everything = {name: sites(admin, name) for name in by}
    assert sum(len(found) == 2 for found in everything.values()) > 25, "a test without rows of both proves nothing"
    with log_in(database, password) as session:
        # Claims and roles that anybody can set give nothing.
        session.execute("select set_config('request.jwt.claims', '{\"role\": \"vibe_operator\"}', false)")
        session.execute("set role vibe_analyst")
        for name in relations:
            if name in by:
                assert sites(session, name) == everything[name] & {alpha[by[name]]}, name
            else:
                rows = session.execute(sql.SQL("select v::text from vibe.{} as v").format(sql.Identifier(name))).fetchall()
                assert not [row for row in rows if "beta" in row[0]], name
        for call in ("vibe.site_id('beta')", "vibe.get_crm_metrics('beta')", "vibe.calculate_funnel_conversion('beta', 'checkout')"):
            assert "not yours" in str(refused(session, f"select * from {call}"))


def test_nothing_can_be_written(analyst):
    """Every table, view, sequence and function, in a read-write transaction, so that rights alone refuse."""
    database, password = analyst
    with connect(database) as admin:
        relations = admin.execute("""select c.oid::regclass::text, c.relkind::text, (
                select a.attname from pg_attribute as a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped limit 1)
            from pg_class as c where c.relnamespace::regnamespace::text in ('vibe', 'vibe_private', 'vibe_operator')
              and c.relkind in ('r', 'p', 'v', 'S') order by 1""").fetchall()
        routines = admin.execute("""select p.oid::regprocedure::text, p.prokind::text, p.pronamespace::regnamespace::text, p.proname,
                array(select format('null::%s', t::regtype) from unnest(p.proargtypes) as t),
                has_function_privilege('vibe_analyst', p.oid, 'execute') and p.pronamespace = 'vibe'::regnamespace, p.prosecdef, p.provolatile::text
            from pg_proc as p where p.pronamespace::regnamespace::text in ('vibe', 'vibe_private', 'vibe_operator')
              and p.prokind in ('f', 'p') and not p.proisstrict
              and p.prorettype <> all (array['trigger', 'internal']::regtype[]) and not 'internal'::regtype = any (p.proargtypes)""").fetchall()
    assert len(relations) > 40 and len(routines) > 60
    with log_in(database, password) as session:
        assert isinstance(refused(session, "create temporary table mine (a int)"), errors.ReadOnlySqlTransaction)
        session.execute("set default_transaction_read_only = off")
        for name, kind, column in relations:
            if kind == "S":
                attempts = [f"select nextval('{name}')", f"select setval('{name}', 1)", f"alter sequence {name} restart"]
            else:
                attempts = [f"insert into {name} default values", f"update {name} set {column} = default", f"delete from {name}",
                            f"alter table {name} rename {column} to mine", f"drop {'view' if kind == 'v' else 'table'} {name}",
                            f"comment on {'view' if kind == 'v' else 'table'} {name} is 'mine'"]
            if kind in "rp":
                attempts += [f"truncate {name}", f"do $$ begin lock table {name}; end $$", f"create policy mine on {name} using (true)",
                             f"copy {name} from stdin", f"create index on {name} ({column})",
                             f"alter table {name} disable row level security"]
            for attempt in attempts:
                error = refused(session, attempt)
                # A view that no rule makes writable says so before rights are asked.
                assert isinstance(error, (errors.InsufficientPrivilege, errors.ObjectNotInPrerequisiteState, errors.GeneratedAlways)), f"{attempt}: {error!r}"
        for signature, kind, schema, name, nulls, allowed, definer, volatility in routines:
            if allowed:
                # What runs with its owner's rights is stable, so PostgreSQL lets it write nothing.
                assert not (definer and volatility == "v"), signature
            else:
                error = refused(session, f"{'call' if kind == 'p' else 'select'} {schema}.{name}({', '.join(nulls)})")
                assert isinstance(error, errors.InsufficientPrivilege), f"{signature}: {error!r}"
        for statement in ("create table vibe.mine (a int)", "create schema mine", "create extension pg_stat_statements", "create role mine",
                          "create function vibe.mine() returns int language sql as 'select 1'", "copy vibe.sites to program 'true'",
                          "select pg_read_file('postgresql.conf')", "alter system set work_mem = '1GB'"):
            assert isinstance(refused(session, statement), errors.InsufficientPrivilege), statement


def test_no_other_role_and_no_secret_can_be_had(analyst):
    database, password = analyst
    with log_in(database, password) as session:
        roles = session.execute("select rolname from pg_roles where rolname <> all (array[session_user, 'vibe_analyst'])").fetchall()
        assert ("vibe_owner",) in roles and ("postgres",) in roles
        for role, in roles:
            assert isinstance(refused(session, sql.SQL("set role {}").format(sql.Identifier(role))), errors.InsufficientPrivilege), role
        for secret in ("pg_authid", "pg_statistic", "vibe_private.users", "vibe_private.sessions", "vibe_private.user_events_default"):
            assert isinstance(refused(session, f"select * from {secret}"), errors.InsufficientPrivilege), secret
        # Samples of values are hidden where row-level security filters the table.
        assert session.execute("select count(*) from pg_stats where schemaname in ('vibe', 'vibe_private')").fetchone() == (0,)
        session.execute("set row_security = off")
        assert isinstance(refused(session, "select * from vibe.sites"), errors.InsufficientPrivilege)


def test_limits_hold_for_the_login(two_sites):
    with connect(two_sites) as admin:
        before = admin.execute("select value from vibe.role_settings('vibe_analyst') where name = 'statement_timeout'").fetchone()[0]
        try:
            admin.execute("alter role vibe_analyst set statement_timeout = '300ms'")
            password = create(admin)
        finally:
            admin.execute(sql.SQL("alter role vibe_analyst set statement_timeout = {}").format(sql.Literal(before)))
        assert before == "1min"
        began = time.monotonic()
        with log_in(two_sites, password) as session:
            assert isinstance(refused(session, "select pg_sleep(20)"), errors.QueryCanceled)
            assert time.monotonic() - began < 5
            # Enforced: temporary files and the number of connections. The rest are defaults, which a login may change.
            assert isinstance(refused(session, "set temp_file_limit = -1"), errors.InsufficientPrivilege)
            more = sql.SQL("alter role {} connection limit 99").format(sql.Identifier(LOGIN))
            longer = sql.SQL("alter role {} set statement_timeout = 0").format(sql.Identifier(LOGIN))
            assert isinstance(refused(session, longer), errors.ReadOnlySqlTransaction)
            session.execute("set default_transaction_read_only = off")
            assert isinstance(refused(session, more), errors.InsufficientPrivilege)
            session.execute(longer)
        assert admin.execute("select changed from vibe.get_analysts() where login = %s", [LOGIN]).fetchone() == (["statement_timeout=0"],)
        admin.execute("select vibe.reset_analyst(%s, connections => 2)", [LOGIN])
        sites, connections, changed = admin.execute("select sites, connections, changed from vibe.get_analysts() where login = %s", [LOGIN]).fetchone()
        assert (sites, connections, changed) == (["alpha"], 2, [])
        with log_in(two_sites, password) as session, log_in(two_sites, password):
            assert session.execute("""select current_setting('statement_timeout'), current_setting('default_transaction_read_only'),
                current_setting('search_path'), current_setting('temp_file_limit'), current_setting('idle_session_timeout')""").fetchone() == (
                    "1min", "on", "vibe, public", "5GB", "4h")
            with pytest.raises(psycopg.OperationalError, match="too many connections for role"):
                log_in(two_sites, password)
        assert "1 to 1000" in str(refused(admin, "select vibe.reset_analyst(%s, 0)", LOGIN))


def test_passwords_stay_out_of_logs_and_statistics(two_sites):
    with connect(two_sites) as admin:
        start = LOG.stat().st_size
        given = "a Password, näively chosen"
        admin.execute(sql.SQL("select vibe.create_analyst({}, {}, '{{alpha}}')").format(LOGIN, given))
        admin.execute("set log_statement = 'all'")
        made = admin.execute("select vibe.set_analyst_password(%s)", [LOGIN]).fetchone()[0]
        with log_in(two_sites, made):
            pass
        assert len(made) == 32
        assert admin.execute("select vibe.set_analyst_password(%s)", [LOGIN]).fetchone()[0] != made
        # What we warn of: the call is a statement like any other, and log_statement shows it. The inner one never shows.
        admin.execute("reset log_statement")
        logged = LOG.read_text(errors="replace")[start:]
        assert given not in logged and made not in logged and "SCRAM-SHA-256" not in logged
        admin.execute("set log_statement = 'all'")
        shown = "shown by log_statement"
        admin.execute(sql.SQL("select vibe.set_analyst_password({}, {})").format(LOGIN, shown))
        admin.execute("reset log_statement")
        assert LOG.read_text(errors="replace")[start:].count(shown) == 1
        with connect() as statistics:
            statistics.execute("create extension if not exists pg_stat_statements")
            kept = statistics.execute("select string_agg(query, ' ') from pg_stat_statements").fetchone()[0]
            assert given not in kept and made not in kept and shown not in kept
        stored = admin.execute("select rolpassword from pg_authid where rolname = %s", [LOGIN]).fetchone()[0]
        assert stored.startswith("SCRAM-SHA-256$4096:") and shown not in stored
    with log_in(two_sites, shown):
        pass
    for wrong in (given, made, stored, ""):
        with pytest.raises(psycopg.OperationalError):
            log_in(two_sites, wrong)


def test_errors_name_the_field_and_the_rule(two_sites):
    good = "long enough password"
    with connect(two_sites) as admin:
        for login, password, sites, message in (
            (None, good, ["alpha"], 'login name "<NULL>" is not allowed'),
            ("", good, ["alpha"], 'login name "" is not allowed'),
            ("Maria", good, ["alpha"], 'login name "Maria" is not allowed'),
            ("7maria", good, ["alpha"], 'login name "7maria" is not allowed'),
            ("maría", good, ["alpha"], 'login name "maría" is not allowed'),
            ("maria@shop.example", good, ["alpha"], "is not allowed"),
            ("m" * 64, good, ["alpha"], "is not allowed"),
            ("x; drop role postgres", good, ["alpha"], "is not allowed"),
            ("public", good, ["alpha"], 'login name "public" is not allowed'),
            ("none", good, ["alpha"], 'login name "none" is not allowed'),
            ("pg_maria", good, ["alpha"], 'login name "pg_maria" is not allowed'),
            ("vibe_maria", good, ["alpha"], 'login name "vibe_maria" is not allowed'),
            ("postgres", good, ["alpha"], 'role "postgres" exists already'),
            (LOGIN, "short", ["alpha"], "the password has 5 characters"),
            (LOGIN, "", ["alpha"], "the password has 0 characters"),
            (LOGIN, "x" * 257, ["alpha"], "the password has 257 characters"),
            (LOGIN, good, None, f'no sites are named for login "{LOGIN}"'),
            (LOGIN, good, ["alpha", None], "must not be null"),
            (LOGIN, good, ["alpha", "gamma"], 'site "gamma" does not exist or is not yours'),
        ):
            error = refused(admin, "select vibe.create_analyst(%s, %s, %s)", login, password, sites)
            assert message in str(error), f"{login}, {sites}: {error}"
            assert error.sqlstate == ("42710" if "exists already" in message else "22023"), f"{login}, {sites}: {error!r}"
        assert admin.execute("select count(*) from pg_roles where rolname = %s", [LOGIN]).fetchone() == (0,), "an error leaves nothing"
        create(admin)
        assert "exists already" in str(refused(admin, "select vibe.create_analyst(%s, null, '{alpha}')", LOGIN))
        assert "must not be null" in str(refused(admin, "select vibe.set_analyst_sites(%s, null)", LOGIN))
        assert "not yours" in str(refused(admin, "select vibe.set_analyst_sites(%s, '{gamma}')", LOGIN))
        assert "has 3 characters" in str(refused(admin, "select vibe.set_analyst_password(%s, 'abc')", LOGIN))
        for call in ("set_analyst_sites({}, '{{}}')", "set_analyst_password({})", "reset_analyst({})", "drop_analyst({})"):
            for role in ("postgres", "vibe_server", "vibe_analyst", "nobody_here"):
                error = refused(admin, "select vibe." + call.format(f"'{role}'"))
                assert f'role "{role}" is not an analyst' in str(error), call


def test_who_may_call(two_sites):
    with connect(two_sites) as admin:
        admin.execute("create role test_operator login; grant vibe_operator to test_operator")
        admin.execute("drop role if exists test_writer; create role test_writer login; grant vibe_member to test_writer")
        try:
            with connect(two_sites, user="test_writer") as writer:
                assert isinstance(refused(writer, "select vibe.create_analyst(%s, null, '{alpha}')", LOGIN), errors.InsufficientPrivilege)
        finally:
            admin.execute("drop role test_writer")
        with connect(two_sites, user="test_operator") as operator:
            error = refused(operator, "select vibe.create_analyst(%s, null, '{alpha}')", LOGIN)
            assert isinstance(error, errors.InsufficientPrivilege) and "CREATEROLE" in str(error)
            admin.execute("alter role test_operator createrole")
            password = create(operator)
            # Only a superuser may limit temporary files, and the list says that it is missing.
            assert operator.execute("select changed from vibe.get_analysts() where login = %s", [LOGIN]).fetchone() == (["temp_file_limit is missing"],)
            with log_in(two_sites, password) as session:
                assert session.execute("select count(*) from sites").fetchone() == (1,)
                assert f'login "{LOGIN}" is connected' in str(refused(operator, "select vibe.drop_analyst(%s)", LOGIN))
                assert session.execute("select count(*) from sites").fetchone() == (1,), "a refused drop changes nothing"
            deadline = time.monotonic() + 10
            while operator.execute("select sessions from vibe.get_analysts() where login = %s", [LOGIN]).fetchone() != (0,) and time.monotonic() < deadline:
                time.sleep(0.05)
            operator.execute("select vibe.drop_analyst(%s)", [LOGIN])


def test_sites_change_at_once_and_a_drop_ends_everything(analyst):
    database, password = analyst
    with connect(database) as admin, log_in(database, password) as session:
        names = "select array_agg(name order by name) from sites"
        assert session.execute(names).fetchone() == (["alpha"],)
        admin.execute("select vibe.set_analyst_sites(%s, '{alpha,beta,beta}')", [LOGIN])
        assert session.execute(names).fetchone() == (["alpha", "beta"],)
        admin.execute("select vibe.set_analyst_sites(%s, array[vibe.site_id('beta')::text])", [LOGIN])
        assert session.execute(names).fetchone() == (["beta"],)
        admin.execute("select vibe.set_analyst_sites(%s, '{}')", [LOGIN])
        assert session.execute(names).fetchone() == (None,)
        admin.execute("select vibe.set_analyst_sites(%s, '{beta}')", [LOGIN])
        admin.execute("select vibe.drop_analyst(%s)", [LOGIN])
        with pytest.raises(psycopg.OperationalError):
            session.execute(names)
        assert admin.execute("select count(*) from vibe.site_members").fetchone() == (0,)
        # A later login of that name starts with nothing of the old one's.
        admin.execute("select vibe.create_analyst(%s, null, '{alpha}')", [LOGIN])
        assert admin.execute("select sites from vibe.get_analysts() where login = %s", [LOGIN]).fetchone() == (["alpha"],)


def test_a_restored_database_knows_its_analysts(analyst):
    """Roles are not in a dump: the members are there, the login is made again and keeps its sites."""
    database, _ = analyst
    with connect(database) as admin:
        admin.execute(sql.SQL("drop role {}").format(sql.Identifier(LOGIN)))
        assert admin.execute("select count(*) from vibe.site_members where login_name = %s", [LOGIN]).fetchone() == (1,)
        password = create(admin, None)
        with log_in(database, password) as session:
            assert session.execute("select array_agg(name) from sites").fetchone() == (["alpha"],)
