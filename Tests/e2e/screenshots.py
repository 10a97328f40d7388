"""Pictures of every page for people to look at; run by `.dev/screenshots [name …]`, no test."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from playwright.sync_api import expect, sync_playwright

import dashboard
from browsing import ARGUMENTS, USER_AGENT
from conftest import ROOT, Server, connect, new_database

EMAIL = "ana@hearth-and-hill.example"
PLACE = ROOT / ".vibe/screenshots"
# A person with a past, by the number of their visits.
REGULAR = "select user_id from vibe.site_sessions join vibe.site_users using (site_id, user_id) where site_id = 1 and name is not null" \
    " group by user_id order by count(*) desc, user_id limit 1"


def fill(name):
    """The demo shop and, where they can be had, the CDNOW customers with their clusters."""
    with connect(name) as database:
        database.execute("select vibe.create_demo_site('demo')")
        database.execute("select vibe.create_user(%s, %s)", [EMAIL, dashboard.PASSWORD])
        subprocess.run([ROOT / ".dev/import-cdnow"], env=os.environ | {"PGDATABASE": name}, check=True, stdout=sys.stderr)
        for statement in ("vibe.calculate_rfm('cdnow', '1998-05')", "vibe.calculate_rfm('cdnow', '1998-06')", "vibe.calculate_clusters('cdnow')"):
            database.execute(f"select {statement} where exists (select from vibe.sites where name = 'cdnow')")
        database.execute("""select vibe.create_segment('demo', 'Came back', '{"version": 1, "all": [{"bought": {}, "at_least": 2}]}')""")
        database.execute("analyze")
        for (site,) in database.execute("select name from vibe.sites").fetchall():
            database.execute("select vibe.add_member(%s, %s, 'owner')", [site, EMAIL])
        database.execute("insert into vibe.site_users (site_id, anonymous_id, name) select 1, 'odd', %s", ["<b>Robert</b> \u202egpj.exe " + "A" * 90])
        return database.execute(REGULAR).fetchone()[0]


def views(person):
    """(name, address, what opens there): every page, and the dialogs over them."""
    sections = ["site", "install", "members", "keys", "goals", "sessions", "danger"]
    return [
        ("crm", "/crm", None), ("crm-cdnow", "/crm?site=cdnow", None), ("person", f"/crm?user={person}", "dialog"), ("sql", "/crm", "SQL"),
        ("shortcuts", "/crm", "?"), ("segmentation", "/segmentation?site=cdnow", None), ("segmentation-demo", "/segmentation", None),
        ("analytics", "/analytics", None), ("analytics-cdnow", "/analytics?site=cdnow&from=1997-07-01&to=1998-06-30&month=1998-06", None),
        ("campaigns", "/campaigns", None), ("campaign", "/campaigns?campaign=1", None), ("campaign-form", "/campaigns?campaign=1&edit=1", "dialog"),
        ("movement", "/segmentation?site=cdnow&view=movement", None), ("segments", "/segmentation?view=segments", None),
        ("segment-form", "/segmentation?view=segments", "n"), ("funnel-form", "/funnels?edit=new", "dialog"),
        ("funnels", "/funnels", None), ("retention", "/retention", None), *((f"settings-{section}", f"/settings?section={section}", None) for section in sections),
    ]


def take(page, url, name, address, opens):
    page.goto(url + address)
    dashboard.settle(page)
    if opens == "SQL":
        page.locator("data-panel button[aria-label^='SQL']").first.click()
    elif opens in ("?", "n"):
        page.keyboard.press(opens)
    if opens:
        expect(page.get_by_role("dialog")).to_be_visible()
    page.wait_for_timeout(400)
    page.screenshot(path=PLACE / f"{name}.png", full_page=not opens)


def main(chosen):
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    with new_database() as name, tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        person = fill(name)
        server = Server(name, folder).start()
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS + (["--no-sandbox"] if os.geteuid() == 0 else []))
        try:
            state = None
            for width, scheme in dashboard.LOOKS:
                options = {"user_agent": USER_AGENT, "viewport": {"width": width, "height": 900}, "color_scheme": scheme, "reduced_motion": "reduce",
                           "locale": "pt-BR" if scheme == "dark" else "en-US"}
                nobody = chromium.new_context(**options)
                for form in ("login", "signup", "reset#token=x", "invitation#token=x"):
                    page = nobody.new_page()
                    page.goto(f"{server.url}/{form}")
                    expect(page.locator("main h1")).to_be_visible()
                    page.screenshot(path=PLACE / f"{form.split('#')[0]}-{width}-{scheme}.png")
                    page.close()
                if state is None:
                    page = chromium.new_page(locale="en-US")
                    dashboard.sign_in(page, server.url, EMAIL)
                    state = page.context.storage_state()
                context = chromium.new_context(**options, storage_state=state)
                for view, address, opens in views(person):
                    if chosen and view not in chosen:
                        continue
                    page = context.new_page()
                    take(page, server.url, f"{view}-{width}-{scheme}", address, opens)
                    page.close()
        finally:
            chromium.close()
            server.stop()
    print(f"{len(list(PLACE.glob('*.png')))} pictures in {pathlib.Path(PLACE).relative_to(ROOT)}")


if __name__ == "__main__":
    main(set(sys.argv[1:]))
