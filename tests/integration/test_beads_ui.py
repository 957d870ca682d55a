"""The unmodified beads-ui from npm, in a real browser: it shows our store, changes it, and sees it change."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from beads.model import Draft
from beads.store import Store
from tests.support import board, browser
from tests.support.sandbox import Sandbox
from tests.support.vendors import VendorUnavailable


class Workspace:
    """A store with an epic and a few issues, a board that serves it, and a page on that board."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.path = sandbox.home / "project"
        self.path.mkdir()
        sandbox.cwd = self.path
        self.bd("init", "--prefix", "ui")
        with Store.open(self.path / ".beads").write("ann") as change:
            self.epic = change.create(Draft(title="Auth overhaul", type="epic", priority=1)).id
            self.first = change.create(Draft(title="Refactor middleware", parent=self.epic, priority=0)).id
            waits = ((self.first, "blocks"),)
            self.second = change.create(Draft(title="Login component", parent=self.epic, depends_on=waits)).id
            self.done = change.create(Draft(title="Delete old tokens", parent=self.epic, type="chore")).id
            change.close(self.done, "gone & forgotten")
            crash = Draft(title="Crash on <empty> password", type="bug", description="Seen **twice**")
            self.bug = change.create(crash).id
            change.claim(self.bug)
            change.add_comment(self.bug, "me too", "bob")

    def bd(self, *line: str) -> None:
        self.sandbox.run("bd", *line)

    def shown(self, issue: str) -> dict[str, Any]:
        """What `bd show` says of it now."""
        [found] = self.sandbox.json("bd", "show", issue)
        assert isinstance(found, dict)
        return found


@pytest.fixture
def workspace(sandbox: Sandbox) -> Workspace:
    return Workspace(sandbox)


@pytest.fixture
def page(sandbox: Sandbox, workspace: Workspace) -> Iterator[Page]:
    """The board's own page."""
    with ExitStack() as stack:
        try:
            opened = stack.enter_context(browser.browsing())
            address = stack.enter_context(board.serving(sandbox, workspace.path))
        except (browser.BrowserUnavailable, VendorUnavailable) as unavailable:
            pytest.skip(unavailable.reason)
        opened.goto(address)
        yield opened


def go(page: Page, view: str) -> None:
    """Go to a view of the board as a link in it would."""
    page.evaluate("view => { location.hash = '#/' + view }", view)


def detail(page: Page, issue: str) -> Locator:
    """Open an issue's dialog."""
    go(page, f"issues?issue={issue}")
    dialog = page.locator("#issue-dialog")
    expect(dialog.locator("#issue-dialog-title")).to_have_text(issue)
    expect(dialog.locator("h2")).to_be_visible()
    return dialog


def settled(dialog: Locator) -> Locator:
    """Wait until what was edited is answered, and open the dialog anew.

    An answer that comes after the news of the same change leaves the dialog of this version empty, and on a busy
    machine it may.
    """
    page = dialog.page
    issue = dialog.locator("#issue-dialog-title").inner_text()
    expect(page.locator("#header-loading")).to_be_hidden()
    go(page, "issues")
    expect(dialog).to_be_hidden()
    return detail(page, issue)


def card(dialog: Locator, title: str) -> Locator:
    """One of the boxes beside an issue: its labels, its dependencies, its dependents."""
    heading = dialog.page.locator(".props-card__title", has_text=title)
    return dialog.locator(".props-card", has=heading)


def row(page: Page, issue: str) -> Locator:
    return page.locator(f"tr[data-issue-id='{issue}']")


def titles(page: Page, column: str) -> Locator:
    return page.locator(f"#{column} .board-card__title")


def test_lists_epics_board_and_detail(page: Page, workspace: Workspace) -> None:
    go(page, "issues")
    shown = page.locator("tr[data-issue-id]")
    expect(shown).to_have_count(4)
    first = row(page, workspace.first)
    expect(first).to_contain_text("Refactor middleware")
    expect(first).to_contain_text("→1←1")  # its epic, and one that waits for it
    expect(row(page, workspace.bug).locator("select.badge--status")).to_have_value("in_progress")
    expect(row(page, workspace.bug)).to_contain_text("ann")

    go(page, "epics")
    group = page.locator(f".epic-group[data-epic-id='{workspace.epic}']")
    expect(group.locator(".epic-header")).to_contain_text("Auth overhaul")
    expect(group.locator(".epic-progress")).to_have_text("1/3")
    children = group.locator("tr[data-issue-id]")
    expect(children).to_have_count(3)
    for child in (workspace.first, workspace.second, workspace.done):
        expect(group.locator(f"tr[data-issue-id='{child}']")).to_be_visible()

    go(page, "board")
    expect(titles(page, "blocked-col")).to_have_text(["Login component"])
    expect(titles(page, "ready-col")).to_have_text(["Refactor middleware", "Auth overhaul"])
    expect(titles(page, "in-progress-col")).to_have_text(["Crash on <empty> password"])
    expect(titles(page, "closed-col")).to_have_text(["Delete old tokens"])

    bug = detail(page, workspace.bug)
    expect(bug.locator("h2")).to_have_text("Crash on <empty> password")
    expect(bug.locator("strong", has_text="twice")).to_be_visible()
    expect(bug.locator(".comment-author")).to_have_text("bob")
    expect(bug.locator(".comment-text")).to_have_text("me too")

    epic = detail(page, workspace.epic)
    dependents = card(epic, "Dependents").locator("li")
    expect(dependents).to_have_count(3)
    closed = detail(page, workspace.done)
    expect(closed).to_contain_text("gone & forgotten")


def test_what_is_edited_in_the_page_is_in_the_store(page: Page, workspace: Workspace) -> None:
    bug = detail(page, workspace.bug)

    bug.locator("select.badge--status").select_option("open")
    settled(bug).locator("select.badge--priority").select_option("0")
    settled(bug).get_by_label("Edit title").click()
    bug.get_by_label("Edit title").fill("Crash & burn")
    bug.locator("h2 button", has_text="Save").click()
    expect(settled(bug).locator("h2")).to_have_text("Crash & burn")
    found = workspace.shown(workspace.bug)
    assert (found["status"], found["priority"], found["title"]) == ("open", 0, "Crash & burn")

    text = "- one\n- two"
    bug.get_by_placeholder("Add a comment").fill(text)
    bug.get_by_role("button", name="Add Comment").click()
    expect(bug.locator(".comment-author")).to_have_text(["bob", "Test Person"])

    labels = card(settled(bug), "Labels")
    labels.get_by_placeholder("Label").fill("urgent")
    labels.get_by_role("button", name="Add").click()
    expect(card(settled(bug), "Labels").locator("li")).to_contain_text("urgent")

    links = card(bug, "Dependencies")
    links.get_by_placeholder("Issue ID").fill(workspace.first)
    links.get_by_role("button", name="Add").click()
    expect(card(settled(bug), "Dependencies").locator("li")).to_contain_text("Refactor middleware")
    expect(bug.locator(".comment-text")).to_have_count(2)  # what was said is still there
    found = workspace.shown(workspace.bug)
    assert [each["text"] for each in found["comments"]] == ["me too", text]
    assert found["labels"] == ["urgent"]
    assert [(each["id"], each["dependency_type"]) for each in found["dependencies"]] == [
        (workspace.first, "blocks")
    ]

    bug.get_by_label(f"Remove dependency {workspace.first}").click()
    settled(bug)
    assert "dependencies" not in workspace.shown(workspace.bug)


def test_an_issue_is_made_in_the_page(page: Page, workspace: Workspace) -> None:
    page.get_by_role("button", name="New issue").click()
    dialog = page.locator("#new-issue-dialog")
    dialog.get_by_label("Title").fill("Made in the page")
    dialog.get_by_label("Issue type").select_option("feature")
    dialog.get_by_label("Priority").select_option("3")
    dialog.get_by_role("button", name="Create", exact=True).click()
    expect(page.locator("tr[data-issue-id]", has_text="Made in the page")).to_contain_text("Feature")
    [made] = workspace.sandbox.json("bd", "list", "--title", "Made in the page")
    assert (made["issue_type"], made["priority"], made["status"]) == ("feature", 3, "open")


HOLD_OPEN = """\
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("SELECT count(*) FROM issues").fetchone()
print("open", flush=True)
sys.stdin.read()
"""


def nobody(workspace: Workspace) -> None:
    """The database is nobody's between two commands."""


def another_process(workspace: Workspace) -> None:
    """The database stays open elsewhere: no command is the last to leave, and none writes the log back into it."""
    database = workspace.path / ".beads" / "beads.db"
    holder = workspace.sandbox.start(sys.executable, "-c", HOLD_OPEN, database, stdin=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "open\n"


@pytest.mark.parametrize("hold", [nobody, another_process])
def test_a_change_in_a_terminal_appears_in_the_open_page(
    page: Page, workspace: Workspace, hold: Callable[[Workspace], None]
) -> None:
    go(page, "issues")
    expect(row(page, workspace.first)).to_contain_text("Refactor middleware")
    page.evaluate("window.neverReloaded = true")
    hold(workspace)

    workspace.bd("update", workspace.first, "--title", "Rewrite middleware")
    expect(row(page, workspace.first)).to_contain_text("Rewrite middleware")
    assert page.evaluate("window.neverReloaded")
