#!/usr/bin/env python3
"""What tracking costs the server: one envelope of one item, a hundred envelopes in one call, and the online list at 10,000."""
import json
import statistics
import sys
import time
import uuid

from measure import connect, scaled

ONLINE = 10_000
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36"


def envelope(key, visitor):
    """A page view as a tracker sends it."""
    return json.dumps({"site": key, "visitor": f"visitor-{visitor}", "sent_at": 1000, "items": [
        {"type": "page_view", "id": str(uuid.uuid4()), "time": 900, "url": "https://shop.example/a?b", "title": "A"}]})


def milliseconds(connection, query, parameters=None):
    """The wall time of one query whose rows are read."""
    began = time.perf_counter()
    connection.execute(query, parameters, prepare=True).fetchall()
    return 1000 * (time.perf_counter() - began)


def ingest(connection, key, visitors, size, calls):
    """Median milliseconds of calls with `size` envelopes each, every call its own transaction."""
    times = []
    for call in range(calls):
        batch = [envelope(key, (call * size + place) % visitors) for place in range(size)]
        meta = [json.dumps({"user_agent": AGENT})] * size
        times.append(milliseconds(connection, "select * from vibe_private.ingest(%s, %s::jsonb[])", [batch, meta]))
    return statistics.median(times)


def report(title, value, target):
    """Prints one figure; true if it is below its target."""
    print(f"   {title}: {value:.2f} ms (target below {target}: {'ok' if value < target else 'ABOVE'})", flush=True)
    return value < target


with connect() as connection:
    # The figures are of the work, not of the disk: a commit would wait for its flush.
    connection.execute("set synchronous_commit = off")
    connection.execute("select vibe.create_site('shop')")
    key = connection.execute("select key from vibe.sites").fetchone()[0]
    visitors = scaled(20_000)
    ingest(connection, key, visitors, 100, visitors // 100)
    connection.execute("vacuum analyze")
    good = report("one envelope of one item", ingest(connection, key, visitors, 1, 1000), 1)
    good &= report("a hundred envelopes, each", ingest(connection, key, visitors, 100, 50) / 100, 0.3)
    connection.execute(f"""
        insert into vibe.online_users
        select site_id, user_id, user_id, user_id, 'name ' || user_id, null, null, '/page/' || user_id, null, 'desktop', 'Chrome',
            now(), now(), 1, 1, true
        from vibe.site_users order by user_id limit {ONLINE}
        on conflict (site_id, user_id) do update set last_seen_at = now() - random() * interval '30 s', has_heartbeat = true""")
    connection.execute("delete from vibe.online_users where (site_id, user_id) not in (select site_id, user_id from vibe.site_users order by user_id limit %s)" % ONLINE)
    connection.execute("vacuum analyze vibe.online_users")
    online = connection.execute("select count(*) from vibe.get_online_users()").fetchone()[0]
    # The rows are all made and sorted, but only counted: sending ten thousand of them would measure the client.
    listed = "select count(last_seen_at) from (select * from vibe.get_online_users() offset 0) as o"
    good &= report(f"the online list of {online}", statistics.median(milliseconds(connection, listed) for _ in range(50)), 5)
sys.exit(not good)
