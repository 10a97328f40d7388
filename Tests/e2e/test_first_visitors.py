"""The first minute of a new installation, before autovacuum has counted anything: looking visitors up must not grow with their number."""
import json
import uuid

from conftest import connect

VISITORS, BATCH = 3_000, 100


def test_first_visitors_are_found_by_their_keys(make_database):
    name = make_database()
    with connect(name) as admin:
        # This test is about what happens without it.
        for table in ("site_users", "site_sessions", "online_users"):
            admin.execute(f"alter table vibe.{table} set (autovacuum_enabled = off)")
        admin.execute("select vibe.create_site('shop')")
        key = admin.execute("select key from vibe.sites").fetchone()[0]
    with connect(name) as sender:  # one connection, whose plans are made for the first call
        for turn in range(2):
            for first in range(0, VISITORS, BATCH):
                envelopes = [json.dumps({"site": key, "visitor": f"visitor-{n:05}", "sent_at": 1000, "items": [
                    {"type": "page_view", "id": str(uuid.uuid4()), "time": 1000, "url": "https://shop.example/"}]}) for n in range(first, first + BATCH)]
                statuses = sender.execute("select status from vibe_private.ingest(%s::text[], array_fill('{}'::jsonb, array[%s]))", [envelopes, BATCH])
                assert {status for status, in statuses} == {202}
    with connect(name) as admin:
        admin.execute("select pg_stat_force_next_flush()")
        read = dict(admin.execute("""select relname, sum(idx_tup_read)::bigint from pg_stat_user_indexes
                                     where relname in ('site_users', 'site_sessions', 'online_users') group by 1""").fetchall())
        scanned = admin.execute("select sum(seq_tup_read)::bigint from pg_stat_user_tables where relname in ('site_users', 'site_sessions', 'online_users')").fetchone()[0]
        assert admin.execute("select count(*) from vibe.site_users").fetchone()[0] == VISITORS
    print("rows read by index:", read, "by scans:", scanned)
    # Two visits to each; found by any index of the site, each would read a thousand rows.
    assert max(read.values()) < VISITORS * 2 * 60 and scanned < VISITORS * 60, (read, scanned)
