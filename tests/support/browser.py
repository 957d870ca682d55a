"""A real browser for tests: this machine's own Chromium, without a window, driven by Playwright.

Playwright would fetch browsers of its own; the tests use the one that the system's packages bring.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MACOS = tuple(
    Path("/Applications") / f"{name}.app" / "Contents" / "MacOS" / name
    for name in ("Chromium", "Google Chrome")
)
# Long enough for a busy machine: a page waits for several commands, one after the other.
PATIENCE = 30_000  # milliseconds
QUIET = ("--disable-gpu", "--disable-quic", "--no-first-run")


class BrowserUnavailable(Exception):
    """This machine has no browser that the tests can drive."""

    def __init__(self) -> None:
        self.reason = f"no browser: none of {', '.join(NAMES)} is here (Debian: apt-get install chromium)"
        super().__init__(self.reason)


def executable() -> Path:
    """The browser's program.

    :raises BrowserUnavailable: there is none.
    """
    found = [Path(path) for path in map(shutil.which, NAMES) if path]
    found += [path for path in MACOS if path.exists()]
    if not found:
        raise BrowserUnavailable
    return found[0]


@contextmanager
def browsing() -> Iterator[Page]:
    """An empty page of a new browser with an empty profile; both are gone afterwards.

    :raises BrowserUnavailable: there is no browser.
    """
    program = executable()
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*QUIET], timeout=PATIENCE)
        try:
            page = browser.new_page(viewport={"width": 1600, "height": 1000})
            page.set_default_timeout(PATIENCE)
            yield page
        finally:
            browser.close()
