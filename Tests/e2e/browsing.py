"""A real browser for the tests that need one: Debian's Chromium, driven by Playwright."""
import os
import time

import pytest
from playwright.sync_api import sync_playwright

# An ordinary browser by name: a headless one says so, and its visits would be counted as a robot's.
USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
ARGUMENTS = [
    f"--user-agent={USER_AGENT}",  # a page's own user agent is not that of what it sends when it is left
    "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    # A page that a test answers for has no address; Chromium would not let it reach a server on the loopback.
    "--disable-features=LocalNetworkAccessChecks",
]


@pytest.fixture(scope="session")
def chromium():
    """One browser process for the whole run; tests open contexts of their own."""
    with sync_playwright() as playwright:
        arguments = ARGUMENTS + (["--no-sandbox"] if os.geteuid() == 0 else [])
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def person(chromium):
    """Makes people: `person()` is a page in a browser profile of its own whose `problems` list collects console errors."""
    contexts = []

    def make(**options):
        context = chromium.new_context(**{"user_agent": USER_AGENT, "viewport": {"width": 1280, "height": 800}} | options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.problems = []
        page.on("pageerror", lambda error: page.problems.append(f"thrown: {error}"))
        page.on("console", lambda message: page.problems.append(f"console: {message.text}") if message.type == "error" else None)
        return page

    yield make
    for context in contexts:
        context.close()


def eventually(page, read, wanted, seconds=10):
    """Reads until the wanted answer comes, and returns the last one for the assertion to show.

    It waits in the page's own loop: handlers of routes and events run only there.
    """
    deadline = time.monotonic() + seconds
    while (got := read()) != wanted and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    return got
