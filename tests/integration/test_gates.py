"""Gates: only one that ran and passed lets work through. Every other ending has its name, told on the bead."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.sandbox import Sandbox
from tests.support.town_at_work import TownAtWork, a_long_sleep, detached, running


@pytest.fixture
def forever() -> Iterator[str]:
    yield from a_long_sleep()


@dataclass(frozen=True)
class Bad:
    """A gate that must not pass. `again`: whether another attempt is made, since a worker could mend it."""

    gate: str
    verdict: str
    says: str
    tail: str = ""
    again: bool = True
    timeout: float = 60.0


BAD = {
    "red": Bad("echo 3 failed, 2 passed; exit 1", "red", "is red (exit 1)", "3 failed, 2 passed"),
    "missing": Bad(
        "no-such-test-command --all", "missing", "could not run", "no-such-test-command", again=False
    ),
    "not executable": Bad("./README.md", "missing", "could not run", "ermission denied", again=False),
    "hanging": Bad(
        "echo waiting for a database; FOREVER & FOREVER",
        "timeout",
        "did not end within 0.5 s",
        "waiting for a database",
        timeout=0.5,
    ),
    "killed": Bad("echo out of memory; kill -9 $$", "killed", "was killed by signal 9", "out of memory"),
    "no tests": Bad(
        "{ run = \"echo collected 0 items, 0 passed\", tests = '([0-9]+) passed' }",
        "no-tests",
        "exited 0 but ran no test",
        "collected 0 items",
    ),
    "printing any bytes": Bad(
        "printf 'not \\000 \\351 text'; exit 1", "red", "is red", "not \ufffd \ufffd text"
    ),
    "the second one red": Bad(
        "['echo lint is fine', 'echo broken; exit 2']", "red", "is red (exit 2)", "broken"
    ),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD.keys())
def test_what_does_not_pass_does_not_merge(sandbox: Sandbox, bad: Bad, forever: str) -> None:
    town = TownAtWork(sandbox, gates=_gates(bad.gate.replace("FOREVER", forever)), gate_timeout=bad.timeout)
    before = town.git("rev-parse", "main")
    bead = town.bead("Good work", "echo good > good.txt")
    dependent = town.bead("After it", "true", depends_on=((bead, "blocks"),))
    convoy = town.convoy("Both", bead, dependent)

    ended = town.gt("sling", "--wait", bead, check=False)

    assert ended.returncode == 1 and f"{bead} is escalated" in ended.stderr
    assert town.git("rev-parse", "main") == before, "nothing was merged"
    assert {(m.state, m.verdict) for m in town.merge_requests(bead)} == {("rejected", bad.verdict)}
    assert len(town.attempts(bead)) == (3 if bad.again else 1)
    told = town.comments(bead)
    assert bad.says in told and bad.tail in told
    assert town.issue(bead).status == "blocked", "neither closed nor offered as ready"
    assert town.issue(convoy).status == "in_progress"
    assert [i["id"] for i in sandbox.json("bd", "ready")] == [], "its dependent waits"
    assert running(forever) == [], "nothing of the gate runs on"
    for attempt in town.attempts(bead):
        assert list(town.safe_commits(attempt).values()) == [f"Good work ({bead})"]


def _gates(text: str) -> list[Any]:
    """A gate as it stands in town.toml: a string, a table, or a list of them."""
    if text[0] not in "[{":
        return [text]
    value = tomllib.loads(f"gates = {text}")["gates"]
    return value if isinstance(value, list) else [value]


def test_a_red_gate_goes_back_to_a_worker_who_can_mend_it(sandbox: Sandbox) -> None:
    """The second attempt reads the gate's words on its bead, as an agent would, and does what they ask for."""
    town = TownAtWork(sandbox, gates=["test -f changelog.txt || { echo please add changelog.txt; exit 1; }"])
    script = """
        echo work > work.txt
        if gt prime | grep -q 'please add changelog.txt'; then echo fixed > changelog.txt; fi
    """
    bead = town.bead("Needs a changelog", script)
    convoy = town.convoy("One", bead)
    town.gt("sling", "--wait", bead)
    assert [a.state for a in town.attempts(bead)] == ["failed", "merged"]
    assert town.file("changelog.txt") == "fixed"
    assert {town.issue(id).status for id in (bead, convoy)} == {"closed"}


def test_the_gate_sees_exactly_the_merged_tree(sandbox: Sandbox) -> None:
    """Two beads, each fine alone, that break each other: the second is stopped, whatever its own branch looked like."""
    seen = sandbox.folder / "seen"
    gate = f"git rev-parse HEAD >> {seen}; git status --porcelain --ignored >> {seen}; ! (test -f a && test -f b)"
    town = TownAtWork(sandbox, gates=[gate])
    first, second = town.bead("Make a", "echo a > a"), town.bead("Make b", "echo b > b")
    town.gt("sling", "--wait", first, second, check=False)
    states = sorted((town.attempts(bead)[-1].state, len(town.attempts(bead))) for bead in (first, second))
    assert states == [("escalated", 3), ("merged", 1)]
    assert seen.read_text().split()[0] == town.git("rev-parse", "main"), "the tested commit is the merged one"
    assert len(seen.read_text().split()) == 4, "and nothing else lay in the folder"


def test_a_gate_that_changes_the_tree_does_not_change_the_commit(sandbox: Sandbox) -> None:
    town = TownAtWork(sandbox, gates=["echo dirt >> README.md; echo dirt > dirt; git add -A"])
    beads = [town.bead(f"Make {n}", f"echo {n} > {n}") for n in "ab"]
    town.gt("sling", "--wait", *beads)
    assert town.git("ls-tree", "-r", "--name-only", "main").split() == ["README.md", "a", "b", "src/app.py"]
    assert town.file("README.md") == "# A project"


def test_a_gate_sees_no_keys_and_no_session(sandbox: Sandbox) -> None:
    seen = sandbox.folder / "env"
    town = TownAtWork(sandbox, gates=[f"env > {seen}"])
    sandbox.env |= {
        "OPENAI_API_KEY": "sk-1",
        "ANTHROPIC_API_KEY": "sk-2",
        "GT_ATTEMPT": "77",
        "TMUX": "/tmp/x,1,0",
    }
    town.gt("sling", "--wait", town.bead("Work", "echo x > x"))
    names = {line.partition("=")[0] for line in seen.read_text().splitlines()}
    assert not names & {"OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GT_ATTEMPT", "TMUX"}


def test_what_a_gate_leaves_running_neither_lives_on_nor_stops_the_next_merge(
    sandbox: Sandbox, forever: str
) -> None:
    """A test that starts a server of its own and forgets it, in a session of its own."""
    town = TownAtWork(sandbox, gates=[detached(forever)])
    for n in "ab":
        town.gt("sling", "--wait", town.bead(f"Make {n}", f"echo {n} > {n}"), timeout=30)
    assert running(forever) == []
