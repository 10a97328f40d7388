"""sql/REFERENCE.md and types.d.ts say what the catalog of a fresh installation says."""
import difflib
import subprocess

from conftest import ROOT, connect


def test_the_reference_is_current(database):
    made = subprocess.run([ROOT / ".dev/reference", database], check=True, capture_output=True, text=True).stdout
    kept = (ROOT / "sql/REFERENCE.md").read_text()
    changed = "\n".join(difflib.unified_diff(kept.splitlines(), made.splitlines(), "sql/REFERENCE.md", "catalog", lineterm="", n=0))
    assert kept == made, f"run `make reference`:\n{changed[:4000]}"


def test_the_reference_has_everything_a_caller_meets(database):
    """Every name that a role of the product may read or call is a heading, in a topic and with a meaning."""
    kept = (ROOT / "sql/REFERENCE.md").read_text()
    with connect(database) as admin:
        names = admin.execute("""
            select c.relname from pg_class as c
            where c.relnamespace = 'vibe'::regnamespace and has_any_column_privilege('vibe_operator', c.oid, 'select') and c.relkind in ('r', 'p', 'v')
            union
            select p.proname from pg_proc as p, unnest(array['vibe_anon', 'vibe_operator']) as role
            where p.pronamespace = 'vibe'::regnamespace and has_function_privilege(role, p.oid, 'execute')""").fetchall()
    assert len(names) > 60
    for name, in names:
        assert any(f"### {kind}`{name}`\n" in kept for kind in ("", "Table ", "View ")), name
    assert "## Others" not in kept, "an object whose folder .dev/reference does not find"


def test_the_types_are_current(database):
    """/client.js is checked against what the functions take and give."""
    made = subprocess.run([ROOT / ".dev/reference", database, "types"], check=True, capture_output=True, text=True).stdout
    kept = (ROOT / "Sources/Dashboard/client/types.d.ts").read_text()
    changed = "\n".join(difflib.unified_diff(kept.splitlines(), made.splitlines(), "types.d.ts", "catalog", lineterm="", n=0))
    assert kept == made, f"run `make reference`:\n{changed[:4000]}"
    assert all(f"export type {name} =" in kept for name in ("OnlineUser", "Segment", "CrmMetrics", "ChartDataPoint", "FunnelStep", "UserSession"))
