"""What a person reads: columns, the terminal's width, colours, instants, and what is said of nothing."""

from __future__ import annotations

import fcntl
import os
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from beads.text import fitted, width
from tests.unit.beads.conftest import Bd, issue

CHECKOUT = Path(__file__).parents[3]
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
LONG = "Rewrite the very long and winding title of this issue until it says what is meant by it"


def on_terminal(*line: str, columns: int = 72, **env: str) -> str:
    """What `bd` writes to a terminal of that width."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    code = f"import sys; sys.path.insert(0, {str(CHECKOUT)!r}); from beads.cli import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, *line],
        stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, env={**os.environ, **env},
    )  # fmt: skip
    os.close(theirs)
    found = b""
    try:
        while part := os.read(ours, 65536):
            found += part
    except OSError:  # the other side was closed
        pass
    os.close(ours)
    assert process.wait(60) == 0, found
    return found.decode().replace("\r\n", "\n")


def test_columns_stand_below_each_other(bd: Bd) -> None:
    epic = issue(bd, "TITLE", "-t", "epic")
    for kind in ("task", "feature"):
        issue(bd, "TITLE", "-t", kind, "--parent", epic)
    bd("update", f"{epic}.1", "--claim")
    for line in (("list",), ("list", "--tree"), ("children", epic), ("ready",)):
        rows = bd(*line).out.splitlines()
        assert len({row.index("TITLE") for row in rows}) == 1, rows
        assert len({row.index("  P2  ") for row in rows}) == 1, rows
    assert [row[:4] for row in bd("list", "--tree").out.splitlines()] == ["gt-" + epic[3], "  gt", "  gt"]


def test_a_terminal_gets_colours_and_titles_that_fit(bd: Bd) -> None:
    blocker = issue(bd, LONG, "-a", "ann")
    held = issue(bd, LONG, "--deps", blocker)
    for line in (("list",), ("blocked",), ("ready",), ("dep", "tree", held)):
        shown = on_terminal(*line)
        rows = COLOUR.sub("", shown).splitlines()
        assert shown != "\n".join(rows) + "\n", "colours"
        assert all("…" in row and width(row) <= 72 for row in rows), rows
    assert f"…  <- {blocker}" in on_terminal("blocked"), "what follows the title stays"
    assert LONG in on_terminal("show", held), "a page is whole"
    assert not COLOUR.search(on_terminal("list", NO_COLOR="1"))
    piped = bd("list").out
    assert piped.count(LONG) == 2
    assert not COLOUR.search(piped)


def test_a_narrow_terminal_still_shows_some_of_the_title(bd: Bd) -> None:
    issue(bd, LONG)
    assert LONG[:15] in on_terminal("list", columns=10)


@pytest.mark.parametrize(
    ("text", "room", "shown"),
    [
        ("short", 5, "short"),
        ("longer", 5, "long…"),
        ("日本語のこと", 12, "日本語のこと"),
        ("日本語のこと", 11, "日本語のこ…"),
        ("日本語のこと", 10, "日本語の…"),
        ("e\u0301te\u0301", 3, "e\u0301te\u0301"),
    ],
)
def test_fitted(text: str, room: int, shown: str) -> None:
    assert fitted(text, room) == shown
    assert width(fitted(text, room)) <= room


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("list", "no issues"),
        ("list --tree", "no issues"),
        ("ready", "nothing is ready"),
        ("blocked", "nothing is blocked"),
        ("epic status", "no open epics"),
        ("label list-all", "no labels"),
        ("dep cycles", "no cycles"),
        ("search word", "nothing found"),
        ("stale", "nothing is older"),
        ("gate list", "no gates"),
        ("kv list", "no keys"),
        ("memories", "nothing is remembered"),
    ],
)
def test_nothing_is_said_to_be_nothing(bd: Bd, line: str, said: str) -> None:
    done = bd(*line.split())
    assert (done.code, said in done.out) == (0, True), done


def test_an_issue_on_which_nothing_hangs(bd: Bd) -> None:
    one = issue(bd)
    for line in (
        "dep list",
        "dep tree",
        "children",
        "comments",
        "label list",
        "show --refs",
        "show --children",
    ):
        verb, *more = line.split()
        done = bd(verb, *more, one)
        assert re.search(
            rf"{one} (depends on nothing|has no children)|nothing depends on {one}|no \w+",
            done.out + done.err,
        )
        assert done.code == 0


def test_a_page_has_the_facts_and_instants_that_can_be_read(bd: Bd) -> None:
    epic = issue(bd, "Epic", "-t", "epic")
    child = issue(
        bd, "Child", "--parent", epic, "-l", "x", "-e", "30", "--external-ref", "gh-1", "--due", "+1d"
    )
    bd("comment", child, "said", "--author", "ann")
    bd("close", child, "-r", "done")
    page = bd("show", child).out
    for fact in (
        f"parent: +{epic}",
        "labels: +x",
        "estimated minutes: +30",
        "external ref: +gh-1",
        r"closed at: +\d{4}-",
    ):
        assert re.search(fact, page), page
    assert f"{epic}  P2  epic  open  Epic  (parent-child)" in page
    assert re.search(r"^ann, \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ\nsaid$", page, re.M)
    assert re.search("children closed: +1 of 1", bd("show", epic).out)
    assert not re.search(r"\d\.\d{3,}Z", page + bd("history", child).out + bd("comments", child).out)


def test_a_history_is_told_in_words(bd: Bd) -> None:
    one, other = issue(bd, "Old"), issue(bd)
    bd("update", one, "--title", "New", "-p", "0", "--metadata", '{"k": [1]}', "--actor", "a longer name")
    bd("update", one, "--claim", "--due", "2030-01-02T03:04:05Z")
    bd("dep", "add", one, other)
    bd("dep", "remove", one, other)
    bd("label", "add", one, "x")
    bd("close", one, "--force", "-r", "because\nof that")
    said = bd("history", one).out
    for part in (
        "title Old -> New", "priority 2 -> 0", 'metadata nothing -> {"k": [1]}', "status open -> in_progress",
        "due_at nothing -> 2030-01-02 03:04:05Z", f"dependency_added    tester         {other} (blocks)",
        f"dependency_removed  tester         {other} (blocks)", "because of that",
    ):  # fmt: skip
        assert part in said
    assert "started_at" not in said
    columns = [re.split(r"  +", row, maxsplit=3) for row in said.splitlines()]
    starts = {row.index(text[3]) for row, text in zip(said.splitlines(), columns, strict=True) if text[3:]}
    assert len(starts) == 1, said


def test_the_numbers_add_up(bd: Bd) -> None:
    for status in ("open", "hooked", "blocked", "deferred"):
        bd("update", issue(bd, status), "--status", status)
    bd("close", issue(bd))
    lines = dict(reversed(line.split(maxsplit=1)) for line in bd("stats").out.splitlines() if line[:1] == " ")
    states = ("open", "hooked", "blocked", "deferred", "closed")
    assert [lines[name] for name in states] == ["1"] * len(states)
    assert lines["issues"] == str(len(states))
    assert bd("count").out == "5\n"
