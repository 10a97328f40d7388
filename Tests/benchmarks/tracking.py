#!/usr/bin/env python3
"""What tracking costs: events a second, bytes an event, the online list, and heartbeats of one site or of many.

Clients are threads that send prepared calls through libpq, which frees the interpreter while it waits; what they send is made before
the clock starts. Every call is its own transaction, flushed to disk, and feeds realtime.
"""
import itertools
import os
import random
import statistics
import struct
import sys
import threading
import time
import uuid

from psycopg import pq

from measure import SHARE, as_login, connect, processor_time, scaled, viewer

VISITORS = scaled(20_000)
REPEATS = 0.05
AGENT = b'{"user_agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36", "address": "192.0.2.1"}'
INGEST = "select * from vibe_private.ingest($1::text[], $2::jsonb[])"
SECONDS = max(1.0, 12 * SHARE)
chance = random.Random(4)
sent = [str(uuid.UUID(int=chance.getrandbits(128), version=4))]


def array(element_type, values):
    """An array in PostgreSQL's binary form, as the server sends it."""
    body = b"".join(struct.pack("!i", len(value)) + value for value in values)
    return struct.pack("!iiIii", 1, 0, element_type, len(values), 1) + body


def item():
    """A page view with three properties, one of twenty under an id that was sent before."""
    if chance.random() < REPEATS:
        event = chance.choice(sent)
    else:
        event = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        sent.append(event)
    n = chance.randrange(1000)
    return (f'{{"type":"page_view","id":"{event}","time":1763700000000,"url":"https://shop.example/products/{n}?list=summer","title":"Product {n}",'
            f'"referrer":"https://shop.example/","properties":{{"price":{n}.5,"list":"summer","position":{n % 50}}}}}')


def envelope(key, visitor, items):
    return f'{{"site":"{key}","visitor":"visitor-{visitor}","sent_at":1763700000100,"items":[{",".join(items)}]}}'.encode()


def call(envelopes):
    """The two parameters of one call of ingest."""
    return [array(25, envelopes), array(3802, [b"\x01" + AGENT] * len(envelopes))]


def one_visitor(key, size):
    return call([envelope(key, chance.randrange(VISITORS), [item() for _ in range(size)])])


def many_visitors(key, size):
    return call([envelope(key, visitor, [item()]) for visitor in chance.sample(range(VISITORS), size)])


def heartbeat(key, visitor):
    return call([envelope(key, visitor, ['{"type":"heartbeat","time":1763700000000}'])])


def client(statement, calls, formats, start, stop, done, wrong):
    """One connection: its calls in turn until the time is over or nothing is left to send."""
    link = pq.PGconn.connect(b"")
    link.prepare(b"call", statement.encode())
    link.exec_(b"set synchronous_commit = on")
    link.exec_prepared(b"call", calls[0], formats)
    start.wait()
    count, spent = 0, processor_time(link.backend_pid)
    for parameters in calls[1:]:
        if stop.is_set():
            break
        answer = link.exec_prepared(b"call", parameters, formats)
        if answer.status not in (pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK):
            wrong.append(answer.error_message)
            break
        count += 1
    done.append((count, processor_time(link.backend_pid) - spent))
    link.finish()


def rate(statement, calls, formats=None, seconds=None):
    """Calls a second of as many connections as there are lists of calls, and the processor time of the server for one of them."""
    start, stop, done, wrong = threading.Barrier(len(calls) + 1), threading.Event(), [], []
    threads = [threading.Thread(target=client, args=(statement, own, formats, start, stop, done, wrong)) for own in calls]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.perf_counter()
    # Whoever runs out of calls first ends the race, so that all connections are at work while it is timed.
    while time.perf_counter() - began < (seconds or SECONDS) and all(thread.is_alive() for thread in threads):
        time.sleep(0.005)
    took = time.perf_counter() - began
    stop.set()
    for thread in threads:
        thread.join()
    if wrong:
        raise SystemExit(wrong[0].decode())
    calls = sum(count for count, _ in done)
    return calls / took, sum(spent for _, spent in done) / max(1, calls)


def report(title, value, target, unit, most=False):
    """Prints one figure; true if it reaches its target (`most`: does not pass it)."""
    good = value <= target if most else value >= target
    print(f"   {title}: {value:,.2f} {unit} (target {'at most' if most else 'at least'} {target:,g}: {'ok' if good else 'MISSED'})", flush=True)
    return good


COLUMNS = {"occurred_at": "timestamptz", "received_at": "timestamptz", "user_id": "bigint", "session_id": "bigint", "site_id": "int",
           "event_id": "uuid", "event_name": "text", "page": "text", "query": "text", "title": "text", "properties": "jsonb"}


def bare_insert(size):
    """A multi-row insert of such events, as a program that does nothing else would send it."""
    places = iter(range(1, size * len(COLUMNS) + 1))
    rows = ", ".join("(" + ", ".join(f"${next(places)}::{kind}" for kind in COLUMNS.values()) + ")" for _ in range(size))
    return f"insert into public.bare ({', '.join(COLUMNS)}) values {rows}"


def bare_rows(site, size):
    rows = []
    for _ in range(size):
        n, user, now = chance.randrange(1000), chance.randrange(VISITORS), f"2026-11-{chance.randrange(1, 28):02} 12:{chance.randrange(60):02}:01Z".encode()
        rows += [now, now, b"%d" % user, b"%d" % user, b"%d" % site, str(uuid.UUID(int=chance.getrandbits(128))).encode(), b"page_view",
                 b"/products/%d" % n, b"list=summer", b"Product %d" % n, b'{"price":%d.5,"list":"summer","position":%d}' % (n, n % 50)]
    return rows


def throughput(connection, title, make, size, connections, target, unit):
    """Events (or calls) a second, beside the bare inserts of the same rows in as many on as many connections."""
    site, key = connection.execute("select site_id, key from vibe.sites where name = 'bench'").fetchone()
    binary = [pq.Format.BINARY] * 2
    number = max(20, int(SECONDS * target * 1.6 / size / connections))
    ours, spent = rate(INGEST, [[make(key, size) for _ in range(number)] for _ in range(connections)], binary)
    ours, spent = size * ours, spent / size
    pool = [[bare_rows(site, size) for _ in range(200)] for _ in range(connections)]
    bare, bare_spent = rate(bare_insert(size), [list(itertools.islice(itertools.cycle(rows), 200_000)) for rows in pool], seconds=SECONDS / 3)
    bare, bare_spent = size * bare, bare_spent / size
    good = report(title, ours, target, unit)
    print(f"      bare inserts into the same indexes: {bare:,.0f} {unit}, {bare / ours:.1f} times as many; processor time {1e6 * spent:.0f} against "
          f"{1e6 * bare_spent:.0f} µs each", flush=True)
    return good


def sizes(connection):
    """Bytes that an event takes, its share of the indexes included; the ledger of ids apart."""
    connection.execute("vacuum (analyze) vibe.user_events, vibe_private.event_ids")
    rows, size, indexes = connection.execute("""select (select count(*) from vibe.user_events), sum(pg_total_relation_size(inhrelid)),
        sum(pg_indexes_size(inhrelid)) from pg_inherits where inhparent = 'vibe.user_events'::regclass
        and pg_relation_size(inhrelid) > 0""").fetchone()
    ledger, = connection.execute("select pg_total_relation_size('vibe_private.event_ids') / count(*)::float8 from vibe_private.event_ids").fetchone()
    good = report(f"disk of one of {rows:,} events (of it {float(indexes / rows):.0f} in indexes)", float(size / rows), 300, "bytes", most=True)
    print(f"      the ledger of ids: {ledger:.0f} bytes for each event of the last 8 days", flush=True)
    return good


def milliseconds(connection, query, runs):
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        connection.execute(query, prepare=True).fetchall()
        times.append(1000 * (time.perf_counter() - began))
    return times


def online(connection):
    """The list of fifty and the count, as a member of the site sees them, among a million visitors."""
    users, online_users = scaled(1_000_000), scaled(10_000)
    connection.execute("select vibe.create_site('crowd')")
    site = connection.execute("select site_id from vibe.sites where name = 'crowd'").fetchone()[0]
    connection.execute("set session_replication_role = replica")
    connection.execute("insert into vibe.site_users (site_id, anonymous_id) select %s, 'c' || i from generate_series(1, %s) as i", [site, users])
    connection.execute(f"""
        insert into vibe.online_users (site_id, user_id, session_id, person_id, name, current_page, device, browser, started_at, last_seen_at,
            page_views, events, has_heartbeat)
        select site_id, user_id, user_id, user_id, 'name ' || user_id, '/page/' || user_id, 'desktop', 'Chrome',
            now(), now() + random() * interval '60 s', 1, 1, true
        from vibe.site_users where site_id = {site} order by user_id limit {online_users}""")
    connection.execute("reset session_replication_role")
    connection.execute("vacuum (analyze) vibe.site_users, vibe.online_users")
    with as_login(connection, viewer(connection, "crowd")):
        listed = milliseconds(connection, "select * from vibe.get_online_users('crowd') limit 50", 200)
        counted = milliseconds(connection, "select vibe.count_online_users('crowd')", 200)
    good = report(f"50 of {online_users:,} online users, 95th percentile", statistics.quantiles(listed, n=20)[-1], 5, "ms", most=True)
    return good & report(f"count of {online_users:,} online users, median", statistics.median(counted), 2, "ms", most=True)


def heartbeats(connection, connections=50):
    """Heartbeats of fifty visitors at a time, all of one site or each of its own: nothing of a site may be a queue."""
    keys = [connection.execute("select key from vibe.sites where name = %s", [connection.execute("select vibe.create_site(%s)", [name]) and name])
            .fetchone()[0] for name in (f"beat {n}" for n in range(connections))]
    binary, rates = [pq.Format.BINARY] * 2, {"one": [], "many": []}
    for _ in range(5):
        for name, own in rates.items():
            calls = [[heartbeat(keys[0] if name == "one" else keys[n], f"beat-{n:03}")] * int(500 * SECONDS) for n in range(connections)]
            own.append(rate(INGEST, calls, binary, seconds=SECONDS / 4)[0])
    one, many = (statistics.median(values) for values in rates.values())
    print(f"   heartbeats of {connections} connections: {one:,.0f} a second to one site, {many:,.0f} to {connections} sites", flush=True)
    return report("heartbeats to one site are slower by", 100 * (1 - one / many), 20, "%", most=True)


def main():
    with connect() as connection:
        connection.execute("select vibe.create_site('bench')")
        connection.execute("create table public.bare (like vibe.user_events including defaults including constraints)")
        connection.execute("create index on public.bare (site_id, user_id)")
        connection.execute("create index on public.bare (site_id, event_name, occurred_at) include (user_id) where not is_bot and event_name <> 'page_view'")
        connection.execute("create index on public.bare (site_id, occurred_at) include (user_id, event_name, is_bot)")
        key = connection.execute("select key from vibe.sites where name = 'bench'").fetchone()[0]
        # Every visitor is known and has a visit, as on a site that is running.
        for first in range(0, VISITORS, 500):
            envelopes = [envelope(key, visitor, [item()]).decode() for visitor in range(first, min(first + 500, VISITORS))]
            connection.execute("select count(*) from vibe_private.ingest(%s::text[], %s::jsonb[])", [envelopes, [AGENT.decode()] * len(envelopes)])
        connection.execute("vacuum analyze")
        wanted = os.environ.get("VIBE_BENCH_PARTS", "batches visitors singles sizes online heartbeats").split()
        parts = {
            "batches": lambda: throughput(connection, "50 items of one visitor, 4 connections", one_visitor, 50, 4, 25_000, "events/s"),
            "visitors": lambda: throughput(connection, "50 items of 50 visitors, 4 connections", many_visitors, 50, 4, 15_000, "events/s"),
            "singles": lambda: throughput(connection, "single items, 8 connections", one_visitor, 1, 8, 5_000, "calls/s"),
            "sizes": lambda: sizes(connection),
            "online": lambda: online(connection),
            "heartbeats": lambda: heartbeats(connection),
        }
        return all([measured() for name, measured in parts.items() if name in wanted])


if __name__ == "__main__":
    sys.exit(not main())
