"""Escalation: what a person has to look at is said on the bead, and the work so far can be brought back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.sandbox import Sandbox, eventually
from tests.support.town_at_work import TownAtWork, a_long_sleep, running

HALF = "echo half > half.txt; rm src/app.py; echo more >> README.md"


@pytest.fixture
def forever() -> Iterator[str]:
    yield from a_long_sleep()


def brought_back(town: TownAtWork, bead: str) -> Path:
    folder = town.box.home / "restored"
    town.gt("polecat", "restore", bead, folder)
    return folder


def has_half(folder: Path) -> bool:
    """Whether new, deleted and changed files are all there again."""
    new = (folder / "half.txt").read_text() == "half\n"
    changed = (folder / "README.md").read_text().endswith("more\n")
    return new and changed and not (folder / "src/app.py").exists()


def test_the_time_limit_escalates_and_keeps_what_is_not_committed(sandbox: Sandbox, forever: str) -> None:
    town = TownAtWork(sandbox, time_limit=6)
    bead = town.bead("Endless", f"{HALF}; echo so far so good; {forever}")
    convoy = town.convoy("Waits for it", bead)
    town.up()
    town.sling(bead)
    town.settle(bead)

    attempt = town.attempt(bead)
    assert attempt.state == "escalated" and len(town.attempts(bead)) == 1
    told = town.comments(bead)
    assert "time limit" in told and "so far so good" in told, "with the end of its transcript"
    assert f"gt polecat restore {attempt.id}" in told
    assert town.issue(bead).status == "blocked" and town.issue(convoy).status == "in_progress"
    assert running(forever) == [] and town.sessions() == []
    assert has_half(brought_back(town, bead))


@pytest.mark.parametrize(("status", "becomes"), [("escalated", "blocked"), ("deferred", "deferred")])
def test_an_agent_may_hand_the_question_on(sandbox: Sandbox, status: str, becomes: str) -> None:
    town = TownAtWork(sandbox)
    bead = town.bead("Unclear", f"{HALF}; gt done --status {status} --message 'which one is meant?'")
    town.up()
    town.sling(bead)
    town.settle(bead)
    assert town.attempt(bead).state == status and town.issue(bead).status == becomes
    assert f"{status}: which one is meant?" in town.comments(bead)
    assert town.merge_requests(bead) == []
    assert has_half(brought_back(town, bead))


def test_a_script_that_fails_escalates_with_its_last_words(sandbox: Sandbox) -> None:
    town = TownAtWork(sandbox)
    bead = town.bead("Fails", f"{HALF}; echo no such table >&2; exit 7")
    town.up()
    town.sling(bead)
    town.settle(bead)
    assert "the script exited 7" in town.comments(bead) and "no such table" in town.comments(bead)
    assert has_half(brought_back(town, bead))


def test_a_script_whose_result_cannot_be_handed_in_escalates_at_once(sandbox: Sandbox) -> None:
    town = TownAtWork(sandbox)
    bead = town.bead("Nested", "git init --quiet lib; echo x >lib/x")
    town.gt("sling", "--wait", bead, check=False)
    assert [a.state for a in town.attempts(bead)] == ["escalated"]
    assert "lib/ in this clone is a git repository of its own" in town.comments(bead)


def test_last_words_that_are_no_text_are_told_all_the_same(sandbox: Sandbox) -> None:
    town = TownAtWork(sandbox)
    bead = town.bead("Binary", "printf 'not \\000 \\351 text'; exit 3")
    town.gt("sling", "--wait", bead, check=False)
    assert [a.state for a in town.attempts(bead)] == ["escalated"]
    assert "the script exited 3" in town.comments(bead) and "not \ufffd \ufffd text" in town.comments(bead)


@pytest.mark.parametrize("command", [("unsling",), ("polecat", "nuke")])
def test_taking_work_away_saves_it_first(sandbox: Sandbox, command: tuple[str, ...], forever: str) -> None:
    town = TownAtWork(sandbox)
    bead = town.bead("Taken away", f"echo 1 > one; git add one; git commit -qm One; {HALF}; {forever}")
    town.up()
    town.sling(bead)
    eventually(lambda: running(forever), what="it works")

    town.gt(*command, bead)

    town.settle(bead)
    assert running(forever) == [] and town.sessions() == []
    assert town.issue(bead).status == "open" and town.issue(bead).assignee == ""
    assert town.attempt(bead).state == "released"
    assert sorted(town.safe_commits(town.attempt(bead)).values()) == [
        "One",
        "Uncommitted work, saved by Gas Town",
    ]
    folder = brought_back(town, bead)
    assert has_half(folder) and (folder / "one").exists()
    again = town.gt(*command, bead, check=False)
    assert again.returncode == (1 if command == ("unsling",) else 0), "nothing more to take"


def test_an_agent_that_never_answers_is_started_again_and_then_given_up(
    sandbox: Sandbox, forever: str
) -> None:
    """Acknowledged is what `gt prime` or `gt hook` says, whatever the program prints."""
    town = TownAtWork(sandbox, ack_timeout=0.5)
    table = (
        f'\n[runtimes.mute]\ncommand = "sh"\nargs = ["-c", "echo I am ready; {forever}"]\nprompt = "none"\n'
    )
    town.town.file.write_text(town.town.file.read_text() + table)
    bead = town.bead("Unheard")
    town.up()
    town.gt("sling", bead, "--runtime", "mute")
    eventually(lambda: len(town.attempts(bead)) == 2, 60, "given up, and tried anew")
    first = town.attempts(bead)[0]
    assert first.state == "failed" and "no call of `gt prime` or `gt hook`" in (first.reason or "")
    assert "I am ready" in town.comments(bead)
    town.gt("unsling", bead)
