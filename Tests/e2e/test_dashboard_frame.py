"""The frame of the dashboard: its parts on a page of this test's own, the sign-in pages, and what every page must keep to."""
import json
import pathlib
import re

import pytest
from playwright.sync_api import expect

import dashboard
from dashboard import PEOPLE, board, visit  # noqa: F401  fixtures
from conftest import ROOT

HTML = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Try</title>
<script src="/dashboard/theme.js"></script><link rel="stylesheet" href="/dashboard/styles/tokens.css">
<link rel="stylesheet" href="/dashboard/styles/parts.css"><script type="module" src="/dashboard/try.js"></script></head>
<body><main id="main"></main></body></html>"""
SCRIPT = """
import { openPage } from "/dashboard/shell.js"
import { panel } from "/dashboard/panel.js"
import { pager, table } from "/dashboard/table.js"
import { lineChart } from "/dashboard/chart.js"
import { bars } from "/dashboard/bars.js"
import { metricCard } from "/dashboard/card.js"
import { confirmAct, toast } from "/dashboard/dialog.js"
import { chartData, crmMetrics, Query, site, store } from "/client.js"

const words = { en: { users: { one: "{n} user", other: "{n} users" } }, pt: { users: { one: "{n} usuário", other: "{n} usuários" } } }
openPage({ name: "crm", words, build({ t, main, toolbar, state, shortcut }) {
  const card = metricCard({ label: "Total users" })
  crmMetrics.subscribe(() => { card.metric = crmMetrics.data?.find(({ metric }) => metric === "total_users") })
  const chart = lineChart({ label: "Users per day" })
  const people = store(() => new Query({ from: "site_users", select: ["user_id", "name", "email"],
    where: [["site_id", "eq", site.current.site_id]], order: [state.get("sort", "user_id.asc").replace(".asc", "")], limit: 8 }), { count: true })
  const list = table({
    caption: "People", rowKey: (row) => row.user_id, sort: state.get("sort", "user_id.asc"), onSort: (sort) => state.set({ sort }),
    columns: [{ key: "name", title: "Name", sort: "name", narrow: true }, { key: "user_id", title: "Id", kind: "number", sort: "user_id" }, { key: "email", title: "Mail" }],
    open: async (row) => toast(String(await confirmAct({ title: "Delete", text: "For ever.", act: "Delete it", danger: true, word: "yes" }))),
  })
  state.watch(["sort"], () => { list.sort = state.get("sort"); people.refresh() })
  chartData.set({ compare: true })
  main.append(card,
    panel({ title: "Users", store: chartData, height: 300, csv: "users", draw: (_, points) => { chart.points = points; return chart } }),
    panel({ title: "Shares", store: crmMetrics, draw: () => bars([{ label: "Loyal\\u202e", value: 18120, share: 0.27, color: 2 }, { label: "Lost", value: 3, share: 1 }]) }),
    panel({ title: "People", store: people, csv: "people", empty: ({ total }) => total ? null : { title: "Nobody yet", text: "Nothing." },
      draw: (body, { rows, total }) => { list.rows = rows; body.replaceChildren(list, pager({ total, limit: 8, offset: 0, go() {} })) } }),
    panel({ title: "Broken", store: crmMetrics, draw: () => { throw new Error("on purpose") } }))
  toolbar.append(t("users", { n: 1 }), "/", t("users", { n: 1234 }))
  shortcut("x", "Compare", () => toast("compared"))
  window.parts = { chart, list, state, card, site, people }
} })
"""
PAGES = sorted(path.stem for path in (ROOT / "Sources/Dashboard/dashboard").glob("*.html"))
FRAMED = [name for name in PAGES if name in ("crm", "segmentation", "funnels", "retention", "settings")]


@pytest.fixture
def trial(board, visit):
    """Opens the page of this test, under the policy of the real ones."""
    def go(path="/try", **options):
        page = visit("/dashboard/icon.svg", **options)
        real = page.request.get(board.url + "/login").headers
        policy = {name: real[name] for name in ("content-security-policy", "referrer-policy")}
        page.context.route("**/try*", lambda route: route.fulfill(body=HTML, content_type="text/html", headers=policy))
        page.context.route("**/dashboard/try.js", lambda route: route.fulfill(body=SCRIPT, content_type="text/javascript"))
        page.goto(board.url + path)
        dashboard.settle(page)
        # The last panel is broken on purpose.
        page.problems[:] = [problem for problem in page.problems if "on purpose" not in problem]
        return page

    return go


def test_sql_of_a_panel_is_what_it_shows(board, trial):
    page = trial()
    assert dashboard.check_sql(board, page, ["Users", "People"]) == ["Users", "People"]
    page.problems.clear()
