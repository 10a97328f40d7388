"""UCI Online Retail (541,909 invoice lines of a gift shop, 2010-11) through the import, against a recount in Python.

The recount applies the rules by itself, line by line, over what the csv module reads: no SQL takes part in it. The file holds
cancellations (invoices C…), lines without customer, exact repeats, stock corrections (negative pieces outside of
cancellations) and two corrections of bad debt below zero. Nothing is refused for any other reason.
"""
import collections
import csv
import datetime
import decimal
import io
import json
import lzma

import pytest
from conftest import ROOT, connect

FILE = ROOT.parent / "shared/data/online_retail.csv.xz"
OPTIONS = {
    "columns": {"order_id": "InvoiceNo", "product_id": "StockCode", "product": "Description", "quantity": "Quantity", "purchased_at": "InvoiceDate",
                "unit_price": "UnitPrice", "customer_id": "CustomerID", "location": "Country"},
    "refund_prefix": "C",
}
CENT = decimal.Decimal("0.01")
NO_QUANTITY = "quantity must be above zero unless the order is a refund"
REPEATS = "order_id repeats another line"
OTHER_LINE = "order_id another line of the same order is refused"
BELOW_ZERO = "amount must add up to zero or above unless the order is a refund"


def recount(content):
    """(reason → lines refused, order id → [first time, customer, amount, pieces, lines])."""
    reasons = collections.Counter()
    orders = collections.defaultdict(list)
    spoilt = collections.Counter()
    seen = set()
    for row in csv.DictReader(io.StringIO(content)):
        row = {name: value.strip() for name, value in row.items()}
        invoice, quantity, price = row["InvoiceNo"], int(row["Quantity"]), decimal.Decimal(row["UnitPrice"])
        if quantity <= 0 and not invoice.startswith("C"):
            reasons[NO_QUANTITY] += 1
            spoilt[invoice] += 1
            continue
        key = (invoice, row["StockCode"], row["Description"], quantity, row["InvoiceDate"], price, row["CustomerID"], row["Country"])
        if key in seen:
            reasons[REPEATS] += 1
            continue
        seen.add(key)
        amount = (quantity * price).quantize(CENT, decimal.ROUND_HALF_UP)
        orders[invoice].append((datetime.datetime.fromisoformat(row["InvoiceDate"]), row["CustomerID"] or None, amount, quantity))
    kept = {}
    for invoice, lines in orders.items():
        total = sum(line[2] for line in lines)
        assert len({line[1] for line in lines}) == 1, "an invoice of two customers"
        if spoilt[invoice]:
            reasons[OTHER_LINE] += len(lines)
        elif total < 0 and not invoice.startswith("C"):
            reasons[BELOW_ZERO] += len(lines)
        else:
            assert total <= 0 or not invoice.startswith("C"), "a cancellation that costs"
            kept[invoice] = (min(line[0] for line in lines), lines[0][1], total, abs(sum(line[3] for line in lines)), len(lines))
    return reasons, kept


def test_online_retail_end_to_end(database):
    if not FILE.exists():
        pytest.skip(f"{FILE} is missing")
    content = lzma.open(FILE, "rt", encoding="utf-8", newline="").read()
    reasons, orders = recount(content)
    lines = sum(order[4] for order in orders.values())

    with connect(database) as db:
        db.execute("select vibe.create_site('gifts', time_zone => 'Europe/London', currency => 'GBP')")

        def load():
            number, command = db.execute("select * from vibe.begin_import('gifts', 'lines', %s)", [json.dumps(OPTIONS)]).fetchone()
            with db.cursor().copy(command) as rows:
                rows.write(content.encode())
            return db.execute("select vibe.finish_import(%s)", [number]).fetchone()[0]

        answer = load()
        assert answer["reasons"] == dict(reasons)
        assert (answer["records"], answer["accepted"], answer["imported"]) == (541909, lines, len(orders))
        assert answer["rejected"] == 541909 - lines == sum(reasons.values())
        # What the file is known for: so that a recount that is wrong in the same way would show.
        assert reasons == {REPEATS: 5268, NO_QUANTITY: 1336, BELOW_ZERO: 2}

        stored = db.execute("""
            select p.external_id, p.purchased_at at time zone 'Europe/London', c.external_id, p.amount, p.item_count, i.lines, p.is_refund
            from vibe.purchases as p left join vibe.customers as c using (site_id, customer_id)
            join (select purchase_id, count(*) as lines, sum(amount) as amount from vibe.purchase_items group by 1) as i
                on i.purchase_id = p.purchase_id and i.amount = p.amount""").fetchall()
        assert {row[0]: row[1:6] for row in stored} == orders
        assert all(row[6] == row[0].startswith("C") for row in stored)

        # Customers: derived columns of all of them, and the totals of months.
        spent, count, first = collections.Counter(), collections.Counter(), {}
        months = collections.Counter()
        for invoice, (at, customer, amount, _, _) in orders.items():
            months[at.date().replace(day=1)] += amount
            if customer:
                spent[customer] += amount
                count[customer] += not invoice.startswith("C")
                if not invoice.startswith("C"):
                    first[customer] = min(at, first.get(customer, at))
        assert {row[0]: row[1:] for row in db.execute(
            "select external_id, total_spent, order_count, first_purchase_at at time zone 'Europe/London' from vibe.customers")} == {
            customer: (spent[customer], count[customer], first.get(customer)) for customer in spent}
        by_month = dict(db.execute("select month, revenue from vibe.revenue_by_month where month < '2012-01-01'").fetchall())
        assert by_month == dict(months)
        assert sum(by_month.values()) == db.execute("select sum(revenue) from vibe.revenue_by_category").fetchone()[0]

        # A second time nothing changes.
        again = load()
        assert (again["imported"], again["changed"], again["unchanged"], again["reasons"]) == (0, 0, len(orders), dict(reasons))
        assert db.execute("select count(*) from vibe.import_rejects group by import_id").fetchall() == [(sum(reasons.values()),)] * 2
