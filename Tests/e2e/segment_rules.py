"""An evaluator of segment criteria that shares nothing with the product: plain Python, one subject after the other.

It reads whole tables into memory and asks every condition of every subject by the words of README and the comments.
"""
import datetime
import re
import zoneinfo
from decimal import Decimal

SCALARS = (str, bool, int, float, Decimal)


class Rules:
    def __init__(self, connection, site, as_of):
        read = lambda query: [dict(zip(names, row)) for names, rows in [self.fetch(connection, query, site)] for row in rows]
        self.site = read("select * from vibe.sites where site_id = %s")[0]
        self.zone = zoneinfo.ZoneInfo(self.site["time_zone"])
        self.as_of = as_of
        self.today = as_of.astimezone(self.zone).date()
        self.customers = {row["customer_id"]: row for row in read("select * from vibe.customers where site_id = %s")}
        self.visitors = {row["user_id"]: row for row in read("select * from vibe.site_users where site_id = %s")}
        self.events = read("select * from vibe.user_events where site_id = %s")
        self.purchases = read("select * from vibe.purchases where site_id = %s")
        self.items = read("select * from vibe.purchase_items where site_id = %s")
        self.rfm = read("select * from vibe.rfm_analysis where site_id = %s")
        self.members = read("select * from vibe.segment_members where site_id = %s")
        self.segments = read("select * from vibe.segments where site_id = %s")
        sessions = read("select user_id, is_bot from vibe.site_sessions where site_id = %s")
        bots = {s["user_id"] for s in sessions if s["is_bot"]} - {s["user_id"] for s in sessions if not s["is_bot"]}
        self.persons = {row["merged_into"] or row["user_id"] for row in self.visitors.values() if row["user_id"] not in bots}
        self.browsers = [row for row in self.visitors.values() if row["user_id"] not in bots]
        self.links = {(row["merged_into"] or row["user_id"], row["customer_id"]) for row in self.visitors.values() if row["customer_id"]}

    @staticmethod
    def fetch(connection, query, site):
        cursor = connection.execute(query, [site])
        return [column.name for column in cursor.description], cursor.fetchall()

    def find(self, criteria, subject):
        universe = self.customers if subject == "customer" else self.persons
        return {one for one in universe if self.meets(criteria, subject, one)}

    def meets(self, node, subject, one):
        if "all" in node:
            return all(self.meets(part, subject, one) for part in node["all"])
        if "any" in node:
            return any(self.meets(part, subject, one) for part in node["any"])
        if "not" in node:
            return not self.meets(node["not"], subject, one)
        if node.get("op") == "is_not_set":
            return not self.meets(node | {"op": "is_set"}, subject, one)
        customers = [one] if subject == "customer" else [c for u, c in self.links if u == one]
        users = [one] if subject == "user" else [u for u, c in self.links if c == one]
        if "event" in node:
            return self.enough(node, self.times(node, users))
        if "bought" in node:
            return self.enough(node, sum(1 for p in self.orders(node, customers) if not p["is_refund"]
                                         and (not node["bought"] or self.lines(p, node["bought"]))))
        if "spent" in node:
            paid = [p for p in self.orders(node, customers) if p["currency"] == self.site["currency"]]
            return self.enough(node, sum(sum(i["amount"] for i in self.lines(p, node["spent"])) if node["spent"] else p["amount"] for p in paid))
        if "segment" in node:
            segment = next(s for s in self.segments if node["segment"] in (s["segment_id"], s["name"]))
            ids = customers if segment["subject"] == "customer" else users
            if segment["kind"] == "rule":
                universe = self.customers if segment["subject"] == "customer" else self.persons
                return any(i in universe and self.meets(segment["criteria"], segment["subject"], i) for i in ids)
            inside = {m["subject_id"] for m in self.members if m["segment_id"] == segment["segment_id"]
                      and m["entered_at"] <= self.as_of and (m["left_at"] is None or m["left_at"] > self.as_of)}
            return any(i in inside for i in ids)
        if "customer" in node:
            return any(self.compare(node, self.of_customer(self.customers[c], node["customer"])) for c in customers)
        if "rfm" in node:
            return any(self.compare(node, row[node["rfm"]]) for row in self.latest_rfm() if row["customer_id"] in customers)
        if "user" in node:
            return any(self.compare(node, self.of_user(u, node["user"])) for u in users)
        return any(self.compare_json(node, dig(self.visitors[u]["traits"], node["trait"])) for u in users)

    def of_customer(self, row, name):
        if name == "age":
            born = row["birth_date"]
            return born and self.today.year - born.year - ((self.today.month, self.today.day) < (born.month, born.day))
        if name == "registered_at":
            return row["registered_at"] or row["first_purchase_at"] or row["created_at"]
        return row[name]

    def of_user(self, user, name):
        seen = [b[name] for b in self.browsers if (b["merged_into"] or b["user_id"]) == user] if name.endswith("_seen_at") else None
        if seen is not None:
            return (min(seen) if name == "first_seen_at" else max(seen)) if seen else None
        return self.visitors[user][name]

    def latest_rfm(self):
        ended = [(r["period_start"], r["period_end"]) for r in self.rfm if r["period_end"] <= self.today]
        return [r for r in self.rfm if ended and (r["period_start"], r["period_end"]) == max(ended)]

    def since(self, days):
        day = self.today - datetime.timedelta(days=int(days))
        return datetime.datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(datetime.timezone.utc)

    def within(self, node, at):
        return at < self.as_of and ("days" not in node or at >= self.since(node["days"]))

    def times(self, node, users):
        def counts(event):
            visitor = self.visitors.get(event["user_id"])
            return (visitor and (visitor["merged_into"] or visitor["user_id"]) in users and event["event_name"] == node["event"]
                    and not event["is_bot"] and self.within(node, event["occurred_at"])
                    and ("page" not in node or (event["page"] is not None and like(event["page"], node["page"])))
                    and all(self.compare_json(p, dig(event["properties"], p["path"])) for p in node.get("properties", [])))
        return sum(1 for event in self.events if counts(event))

    def orders(self, node, customers):
        return [p for p in self.purchases if p["customer_id"] in customers and not p["is_cancelled"] and self.within(node, p["purchased_at"])]

    def lines(self, purchase, goods):
        return [i for i in self.items if i["purchase_id"] == purchase["purchase_id"]
                and i["category"] == goods.get("category", i["category"]) and i["product_id"] == goods.get("product", i["product_id"])]

    @staticmethod
    def enough(node, count):
        if not node.keys() & {"at_least", "at_most", "exactly"}:
            return count >= 1
        return (count >= number(node.get("at_least", count)) and count <= number(node.get("at_most", count))
                and count == number(node.get("exactly", count)))

    def compare(self, node, found):
        if found is None:
            return False
        op, value = node["op"], node.get("value")
        if op == "is_set":
            return True
        if op == "in_last":
            return self.since(node["days"]) <= found < self.as_of
        if op == "before_last":
            return found < self.since(node["days"])
        if isinstance(found, datetime.datetime):
            found = found.astimezone(self.zone).date().isoformat()
        elif not isinstance(found, str):
            found = Decimal(found)
            value = [number(v) for v in value] if isinstance(value, list) else number(value)
        return relate(op, found, value)

    @staticmethod
    def compare_json(node, found):
        if node["op"] == "is_not_set":
            return found is None
        if found is None:
            return False
        op, value = node["op"], node.get("value")
        if op == "is_set":
            return True
        if op in ("eq", "ne"):
            return same(found, value) == (op == "eq")
        if op in ("in", "not_in"):
            return any(same(found, v) for v in value) == (op == "in")
        if op == "contains":
            return value in found if isinstance(found, str) else isinstance(found, list) and any(same(f, value) for f in found)
        if op == "starts_with":
            return isinstance(found, str) and found.startswith(value)
        if isinstance(found, bool) or not isinstance(found, (int, float, Decimal)):
            return False
        return relate(op, number(found), [number(v) for v in value] if op == "between" else number(value))


def relate(op, found, value):
    match op:
        case "eq": return found == value
        case "ne": return found != value
        case "lt": return found < value
        case "le": return found <= value
        case "gt": return found > value
        case "ge": return found >= value
        case "in": return found in value
        case "not_in": return found not in value
        case "between": return value[0] <= found <= value[1]
        case "contains": return value in found
        case "starts_with": return found.startswith(value)


def number(value):
    return Decimal(str(value))


def same(a, b):
    """Equal as JSON: true is not 1, and only scalars are asked for."""
    if not isinstance(a, SCALARS) or isinstance(a, bool) != isinstance(b, bool) or isinstance(a, str) != isinstance(b, str):
        return False
    return a == b if isinstance(a, (str, bool)) else number(a) == number(b)


def dig(value, path):
    """What lies at a path of a JSON value; None where there is nothing or JSON null."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and re.fullmatch(r"\s*[+-]?[0-9]{1,9}", step) and -len(value) <= int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def like(text, pattern):
    parts, i = [], 0
    while i < len(pattern):
        if pattern[i] == "\\":
            i += 1
            parts.append(re.escape(pattern[i]))
        else:
            parts.append({"%": ".*", "_": "."}.get(pattern[i]) or re.escape(pattern[i]))
        i += 1
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None
