"""The real CDNOW purchases against a plain recount of the published file (69,659 orders of 23,570 customers)."""
import collections
import csv
import datetime
import decimal
import gzip
import os
import pathlib
import subprocess

import pytest
from conftest import ROOT, connect

CACHE = ROOT / ".vibe/cdnow.csv"
SHARED = ROOT.parent / "shared/data/cdnow_master.txt.gz"


def import_cdnow(dbname, **environment):
    answer = subprocess.run(
        [ROOT / ".dev/import-cdnow"], env=os.environ | {"PGDATABASE": dbname} | environment, capture_output=True, text=True, check=True
    )
    return answer.stdout.strip()


def write_cache(source: pathlib.Path):
    """What the script makes of the package, from the same file elsewhere."""
    CACHE.parent.mkdir(exist_ok=True)
    lines = [line.split() for line in gzip.open(source, "rt")]
    with CACHE.open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["order_id", "customer_id", "purchased_at", "item_count", "amount"])
        rows.writerows([n, *fields] for n, fields in enumerate((f for f in lines if f and f[0].isdigit()), 1))


@pytest.fixture
def cdnow(database):
    """A database with the site `cdnow`."""
    said = import_cdnow(database)
    if said.startswith("cdnow: skipped") and SHARED.exists():
        write_cache(SHARED)
        said = import_cdnow(database)
    if said.startswith("cdnow: skipped"):
        pytest.skip(said)
    assert said == "cdnow: 69659 orders imported, 0 unchanged, 0 rejected"
    with connect(database) as db:
        yield db


def orders():
    """The orders as the file has them: customer, day, CDs, dollars."""
    with CACHE.open() as file:
        for row in csv.DictReader(file):
            day = datetime.datetime.strptime(row["purchased_at"], "%Y%m%d").date()
            yield row["customer_id"], day, int(row["item_count"]), decimal.Decimal(row["amount"])


def test_import_agrees_with_the_file(cdnow):
    # The figures published with the data set.
    assert cdnow.execute(
        "select count(*), count(distinct customer_id), sum(amount), min(date), max(date) from vibe.transactions"
    ).fetchone() == (69659, 23570, decimal.Decimal("2500315.63"), datetime.date(1997, 1, 1), datetime.date(1998, 6, 30))

    expected = collections.defaultdict(lambda: [0, 0, decimal.Decimal(0), None, None])
    for customer, day, items, dollars in orders():
        entry = expected[customer]
        entry[0] += 1
        entry[1] += items
        entry[2] += dollars
        entry[3] = min(entry[3] or day, day)
        entry[4] = max(entry[4] or day, day)
    got = cdnow.execute(
        "select c.external_id, count(*), sum(p.item_count), sum(p.amount), c.first_purchase_at::date, c.last_purchase_at::date "
        "from vibe.customers as c join vibe.purchases as p using (site_id, customer_id) group by c.site_id, c.customer_id"
    ).fetchall()
    assert {row[0]: list(row[1:]) for row in got} == dict(expected)


def test_second_import_changes_nothing_and_needs_no_network(cdnow):
    before = cdnow.execute("select purchase_id, xmin::text from vibe.purchases order by 1").fetchall()
    said = import_cdnow(cdnow.info.dbname, PIP_INDEX_URL="http://127.0.0.1:9/", PIP_RETRIES="0")
    assert said == "cdnow: 0 orders imported, 69659 unchanged, 0 rejected"
    assert cdnow.execute("select purchase_id, xmin::text from vibe.purchases order by 1").fetchall() == before


def test_rfm_agrees_with_the_file(cdnow):
    # The first half of 1997; later orders must not be seen.
    start, end = datetime.date(1997, 1, 1), datetime.date(1997, 7, 1)
    expected = {}
    for customer, day, _, dollars in orders():
        if start <= day < end:
            last, count, money = expected.get(customer, (start, 0, decimal.Decimal(0)))
            expected[customer] = (max(last, day), count + 1, money + dollars)
    assert cdnow.execute("select vibe.calculate_rfm('cdnow', %s, %s)", [start, end]).fetchone()[0] == len(expected) == 23570
    got = cdnow.execute(
        "select c.external_id, r.recency, r.frequency, r.monetary from vibe.rfm_analysis as r "
        "join vibe.customers as c using (site_id, customer_id)"
    ).fetchall()
    assert {row[0]: row[1:] for row in got} == {
        customer: ((end - last).days, count, money) for customer, (last, count, money) in expected.items()
    }
    # Five scores each, and all six clusters are there.
    assert cdnow.execute(
        "select array_agg(distinct r_score), count(distinct cluster) from vibe.rfm_analysis"
    ).fetchone() == ([1, 2, 3, 4, 5], 6)
