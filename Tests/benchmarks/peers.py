"""Other tools as peers of `measure.compare`: each function gives a callable that answers with rows.

    "duckdb over postgres": duckdb_over_postgres("select count(*) from purchases_narrow")
    "duckdb own file":      duckdb_own(query, ["purchases_narrow"])
    "chdb over postgres":   chdb_over_postgres(query, ["events_narrow"])
    "chdb own table":       chdb_own(query, ["events_narrow"], order_by="user_id, at")
    "polars own frame":     polars_own(lambda frame: frame.select(...).rows(), "select user_id, at from events_narrow")
    "scikit-learn":         Apart(lambda: fetch_floats("select a, b from features"), lambda points: fit(points))

The same query text serves both DuckDB forms, and both chdb forms. Tables are names as PostgreSQL has them, "vibe.purchases" too
(chdb, which has no schemas there, calls it vibe_purchases), or a dictionary name → select for what a tool shall keep as its own
(chdb takes columns of a select for nullable, which makes it slower: give it names, and `columns`).

Each peer is a process of its own, for their thread pools and allocators disturb each other in one; it starts, and loads what is
its own, at the first call, which `compare` does not count. All use THREADS threads. A library that is missing raises Missing,
which `compare` prints and leaves out. Times go by UTC.
"""
import functools
import multiprocessing
import os
import pathlib
import subprocess
import tempfile

import psycopg

THREADS = 2
LOGIN, PASSWORD = "vibe_bench_peer", "only-on-this-loopback"


class Missing(Exception):
    """A peer whose library is not installed here."""


class Apart:
    """A callable in a process of its own: `prepare()` once (not timed), then `answer(what it gave)` at each call."""

    def __init__(self, prepare, answer):
        self._prepare, self._answer, self._pipe = prepare, answer, None

    def start(self):
        """Starts the process and waits until it is prepared."""
        if self._pipe is None:
            # fork: the functions may be closures. This process loads none of the libraries, so it has no threads of theirs.
            context = multiprocessing.get_context("fork")
            self._pipe, theirs = context.Pipe()
            context.Process(target=self._work, args=(theirs,), daemon=True).start()
            theirs.close()
            self._result()
        return self

    def __call__(self):
        self.start()
        self._pipe.send("answer")
        return self._result()

    def _work(self, pipe):
        try:
            prepared = self._prepare()
            pipe.send((None, None))
            while True:
                pipe.recv()
                pipe.send((None, self._answer(prepared)))
        except EOFError:
            pass
        except ModuleNotFoundError as error:
            pipe.send((Missing(f"{error.name} is not installed"), None))
        except Exception as error:
            pipe.send((RuntimeError(f"{type(error).__name__}: {error}"), None))

    def _result(self):
        error, answer = self._pipe.recv()
        if error:
            raise error
        return answer


def duckdb_over_postgres(query):
    """DuckDB that reads the benchmark's database through its own PostgreSQL extension, over the unix socket."""

    def prepare():
        connection = _duckdb()
        connection.execute("use pg")
        return connection

    return Apart(prepare, lambda connection: connection.execute(query).fetchall())


def duckdb_own(query, tables):
    """DuckDB over a file of its own with these tables, loaded once."""

    def prepare():
        directory = tempfile.mkdtemp(prefix="vibe-bench-")
        connection = _duckdb(f"{directory}/own.duckdb")
        connection.execute("use pg")
        for name, select in _selects(tables).items():
            schema, _, table = name.rpartition(".")
            connection.execute(f"create schema if not exists own.{schema or 'main'}")
            connection.execute(f"create table own.{schema or 'main'}.{table} as {select}")
        connection.execute("use own")
        connection.execute("detach pg")
        connection.execute("checkpoint")
        # The file is open and goes with the process.
        for file in pathlib.Path(directory).iterdir():
            file.unlink()
        os.rmdir(directory)
        return connection

    return Apart(prepare, lambda connection: connection.execute(query).fetchall())


def chdb_over_postgres(query, tables):
    """ClickHouse in the process, over its PostgreSQL table engine, by TCP."""
    return Apart(functools.partial(_chdb, tables), lambda ask: ask(query))


def chdb_own(query, tables, order_by, columns="*"):
    """ClickHouse in the process over MergeTree tables of its own, loaded once.

    `columns` is what it keeps, in its own SQL, as "user_id, at, toLowCardinality(event_name) as event_name".
    """

    def prepare():
        ask = _chdb(tables)
        ask("create database own")
        for name in (name.replace(".", "_") for name in _selects(tables)):
            ask(f"create table own.{name} engine = MergeTree order by ({order_by}) settings allow_nullable_key = 1 as select {columns} from {name}")
            ask(f"optimize table own.{name} final")
        ask("use own")
        return ask

    return Apart(prepare, lambda ask: ask(query))


def polars_own(answer, select):
    """`answer(frame)` over a polars frame in memory with what this select gave, loaded once."""

    def prepare():
        os.environ["POLARS_MAX_THREADS"] = str(THREADS)
        import polars

        return polars.read_database_uri(select, _uri())

    return Apart(prepare, answer)


def fetch_floats(select):
    """The rows of a select of `float8` columns without null as a numpy array, by COPY in binary form.

    psql reads it: a client in Python would handle a million messages one by one and be several times slower.
    """
    import numpy

    command = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", f"copy ({select}) to stdout (format binary)"]
    data = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    # A header of 19 bytes; rows of a count and, for each column, a length and eight bytes; two bytes at the end.
    width = int.from_bytes(data[19:21], "big")
    row = numpy.dtype([("count", ">i2")] + [(f"{kind}{n}", form) for n in range(width) for kind, form in (("size", ">i4"), ("value", ">f8"))])
    rows = numpy.frombuffer(data, row, offset=19, count=(len(data) - 21) // row.itemsize)
    return numpy.stack([rows[f"value{n}"].astype("f8") for n in range(width)], axis=1)


def _selects(tables):
    return tables if isinstance(tables, dict) else {name: f"select * from {name}" for name in tables}


def _duckdb(file=":memory:"):
    import duckdb
    import duckdb_extension_postgres_scanner as package

    connection = duckdb.connect(file, config={"threads": THREADS})
    # The package brings the extension; nothing is downloaded.
    extension = next(pathlib.Path(package.__file__).parent.glob(f"extensions/v{duckdb.__version__}/*.duckdb_extension"))
    connection.execute(f"load '{extension}'")
    connection.execute("set timezone = 'UTC'")
    connection.execute(f"attach 'host={os.environ['PGHOST']} port={os.environ['PGPORT']} user={os.environ['PGUSER']} dbname={os.environ['PGDATABASE']}' as pg (type postgres, read_only)")
    return connection


def _chdb(tables):
    from chdb.session import Session

    session = Session()
    _make_login()

    def ask(query):
        text = str(session.query(query, "JSONCompact"))
        return _json_rows(text) if text.strip() else []

    for setting in (f"max_threads = {THREADS}", "output_format_json_quote_64bit_integers = 0", "output_format_json_quote_decimals = 1",
                    "session_timezone = 'UTC'"):
        ask(f"set {setting}")
    ask("create database pg")
    ask("use pg")
    place = f"'127.0.0.1:{os.environ['PGPORT']}', '{os.environ['PGDATABASE']}'"
    for name, select in _selects(tables).items():
        schema, _, table = name.rpartition(".")
        source = f"query('{select.replace(chr(39), 2 * chr(39))}')" if isinstance(tables, dict) else f"'{table}'"
        ask(f"create table {name.replace('.', '_')} engine = PostgreSQL({place}, {source}, '{LOGIN}', '{PASSWORD}'"
            + ("" if isinstance(tables, dict) else f", '{schema or 'public'}'") + ")")
    return ask


def _json_rows(text):
    import decimal
    import json

    # Decimals come as texts, so that none is lost.
    parsed = json.loads(text)
    decimals = [column["type"].startswith(("Decimal", "Nullable(Decimal")) for column in parsed["meta"]]
    return [tuple(decimal.Decimal(value) if is_decimal and value is not None else value for value, is_decimal in zip(row, decimals))
            for row in parsed["data"]]


def _make_login():
    """A login for TCP, where the cluster asks for a password; it reads everything, and nobody else can reach this cluster."""
    with psycopg.connect(autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(20260001)")
        if not connection.execute("select from pg_roles where rolname = %s", [LOGIN]).fetchall():
            connection.execute(f"create role {LOGIN} login bypassrls in role pg_read_all_data password '{PASSWORD}'")


def _uri():
    _make_login()
    return f"postgresql://{LOGIN}:{PASSWORD}@127.0.0.1:{os.environ['PGPORT']}/{os.environ['PGDATABASE']}"
