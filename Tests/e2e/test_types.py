"""README's table of types for programs says what functions and views really give."""
import re

from conftest import ROOT, connect


def test_types_are_what_the_functions_give(database):
    rows = re.findall(r"^\| `(\w+)` \| (?:view )?`(\w+)` \| (.+) \|$", (ROOT / "README.md").read_text(), re.MULTILINE)
    documented = {kind: (source, re.findall(r"`(\w+)`", fields)) for kind, source, fields in rows}
    assert set(documented) == {"OnlineUser", "UserSession", "CrmMetric", "ChartDataPoint", "FunnelStep", "Segment"}
    with connect(database) as admin:
        for kind, (source, fields) in documented.items():
            given = admin.execute("""
                select a.name from pg_proc as p cross join lateral unnest(p.proargnames, p.proargmodes) with ordinality as a (name, mode, place)
                where p.pronamespace = 'vibe'::regnamespace and p.proname = %(source)s and a.mode = 't'
                union all
                select attname from pg_attribute where attrelid = to_regclass('vibe.' || %(source)s) and attnum > 0""", {"source": source}).fetchall()
            assert fields == [name for name, in given], kind
