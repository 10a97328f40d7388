"""Other engines as peers of a benchmark: callables that give the rows of a query, for measure.compare()."""
import os
import pathlib
import tempfile

try:
    import duckdb
    import duckdb_extension_postgres_scanner
except ImportError:
    duckdb = None


def _scanner():
    """The reader of PostgreSQL that comes as a Python package of DuckDB's version, so that nothing is downloaded here."""
    place = pathlib.Path(duckdb_extension_postgres_scanner.__file__).parent
    return next(place.glob("extensions/*/postgres_scanner.duckdb_extension"))


def _attach(engine):
    engine.execute(f"load '{_scanner()}'")
    address = " ".join(f"{word}={os.environ[name]}" for word, name in (
        ("host", "PGHOST"), ("port", "PGPORT"), ("dbname", "PGDATABASE"), ("user", "PGUSER")) if name in os.environ)
    engine.execute(f"attach '{address}' as pg (type postgres, read_only)")


def duckdb_over_postgres(query):
    """DuckDB reading the tables (as pg.public.…) out of the benchmark's database each time; None if it is not installed."""
    if duckdb is None:
        return None
    engine = duckdb.connect()
    _attach(engine)
    return lambda: engine.execute(query).fetchall()


def duckdb_own(query, tables):
    """DuckDB on a file of its own that holds copies of the tables (name → SELECT over pg.public.…); None if not installed."""
    if duckdb is None:
        return None
    folder = tempfile.TemporaryDirectory(prefix="vibe-duckdb-")
    engine = duckdb.connect(f"{folder.name}/own.duckdb")
    _attach(engine)
    for name, rows in tables.items():
        engine.execute(f"create table {name} as {rows}")
    engine.execute("checkpoint")

    def answer(folder=folder):
        return engine.execute(query).fetchall()
    return answer
