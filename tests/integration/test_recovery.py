"""Recovery: kill -9 of anything at any moment. After `gt up` everything lands, once, and no orphan lives on.

`GT_CHAOS_ROUNDS=20` plays the last story that often, with other victims at other moments each time.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from gastown import daemon, store
from tests.support.sandbox import Sandbox, eventually
from tests.support.town_at_work import TownAtWork, a_long_sleep, running

ROUNDS = int(os.environ.get("GT_CHAOS_ROUNDS", "1"))  # read before the tests' environment is scrubbed


@pytest.fixture
def forever() -> Iterator[str]:
    yield from a_long_sleep()


@pytest.fixture
def log(sandbox: Sandbox) -> Path:
    path = sandbox.folder / "log"
    path.mkdir()
    return path


def hangs_once(log: Path, name: str, marker: str) -> str:
    """A command that hangs the first time, so that a test can kill whatever waits for it; and then goes on."""
    return f"if mkdir {log}/{name} 2>/dev/null; then {marker}; fi"


def hung(log: Path, *names: str) -> None:
    eventually(lambda: all((log / name).exists() for name in names), what=f"{names} begun")


def landed_once(town: TownAtWork, *beads: str) -> None:
    """Every bead is on the target branch exactly once, and nothing is left of the work on it."""
    town.settle(*beads)
    assert {bead: town.attempt(bead).state for bead in beads} == dict.fromkeys(beads, "merged")
    titles = [town.issue(bead).title for bead in beads]
    assert sorted(s for s in town.subjects() if s in titles) == sorted(titles)
    assert all(sum(m.state == "merged" for m in town.merge_requests(bead)) == 1 for bead in beads)
    assert town.sessions() == []
    eventually(lambda: not town.clones(), what="every clone is deleted")


def test_daemon_killed_in_a_spawn(sandbox: Sandbox, log: Path, forever: str) -> None:
    town = TownAtWork(sandbox, setup=hangs_once(log, "setup", forever))
    bead = town.bead("Work", "echo work > work")
    town.up()
    town.sling(bead)
    hung(log, "setup")
    town.kill_daemon()
    town.up()
    landed_once(town, bead)
    assert len(town.attempts(bead)) == 1, "the same attempt went on"
    assert running(forever) == [], "the set-up of the killed daemon is over"


def test_daemon_killed_in_a_gate(sandbox: Sandbox, log: Path, forever: str) -> None:
    town = TownAtWork(sandbox, gates=[hangs_once(log, "gate", forever)])
    bead = town.bead("Work", "echo work > work")
    town.up()
    town.sling(bead)
    hung(log, "gate")
    assert town.issue(bead).status == "in_progress"
    town.kill_daemon()
    town.up()
    landed_once(town, bead)
    assert len(town.merge_requests(bead)) == 1
    assert running(forever) == [], "the gate of the killed daemon is over"


def test_agents_outlive_the_daemon_and_hand_in_without_it(sandbox: Sandbox, log: Path) -> None:
    town = TownAtWork(sandbox)
    script = "touch {log}/{n}; while [ ! -e {log}/go ]; do sleep 0.05; done; echo {n} > {n}"
    beads = [town.bead(f"Work {n}", script.format(log=log, n=n)) for n in "abc"]
    town.up()
    town.sling(*beads)
    hung(log, *"abc")
    town.kill_daemon()
    (log / "go").touch()
    for bead in beads:
        town.state_is(bead, "submitted")
    assert {town.issue(bead).status for bead in beads} == {"in_progress"}, "handed in is not merged"
    town.up()
    landed_once(town, *beads)


def test_tmux_server_killed(sandbox: Sandbox, log: Path, forever: str) -> None:
    town = TownAtWork(sandbox)
    beads = [town.bead(f"Work {n}", hangs_once(log, n, forever) + f"\necho {n} > {n}") for n in "abc"]
    town.up()
    town.sling(*beads)
    hung(log, *"abc")
    os.kill(int(town.tmux("display-message", "-p", "#{pid}")), signal.SIGKILL)
    landed_once(town, *beads)
    assert [len(town.attempts(bead)) for bead in beads] == [1, 1, 1], "new sessions in the same clones"
    assert running(forever) == []


def test_agent_killed_and_its_edits_kept(sandbox: Sandbox, log: Path, forever: str) -> None:
    town = TownAtWork(sandbox)
    script = "echo half > half\n" + hangs_once(log, "agent", forever) + "\necho work > work; rm half"
    bead = town.bead("Work", script)
    town.up()
    town.sling(bead)
    hung(log, "agent")
    os.kill(int(town.tmux("list-panes", "-a", "-F", "#{pane_pid}")), signal.SIGKILL)
    landed_once(town, bead)
    assert len(town.sessions_of(bead)) == 2
    assert running(forever) == []
    [half] = [
        ref for ref, subject in town.safe_commits(town.attempt(bead)).items() if "Uncommitted" in subject
    ]
    assert town.file("half", half) == "half", "what the killed one had written is kept"


def test_an_agent_that_does_not_hear_the_hangup_is_ended_all_the_same(
    sandbox: Sandbox, log: Path, forever: str
) -> None:
    """Two of them in one clone would write over each other."""
    town = TownAtWork(sandbox)
    script = "trap '' HUP\n" + hangs_once(log, "deaf", forever) + "\necho work > work"
    bead = town.bead("Work", script)
    town.up()
    town.sling(bead)
    hung(log, "deaf")
    os.kill(int(town.tmux("display-message", "-p", "#{pid}")), signal.SIGKILL)
    landed_once(town, bead)
    assert running(forever) == []


def test_an_agent_killed_inside_git_goes_on_in_the_same_clone(sandbox: Sandbox) -> None:
    town = TownAtWork(sandbox)
    once = "if [ ! -e ../once ]; then touch ../once .git/index.lock; kill -9 $PPID; sleep 60; fi"
    bead = town.bead("Killed", f"echo x >x; {once}")
    town.gt("sling", "--wait", bead)
    assert [a.state for a in town.attempts(bead)] == ["merged"]


def test_down_and_up_again_is_nobodys_fault(sandbox: Sandbox, log: Path) -> None:
    town = TownAtWork(sandbox)
    script = f"mkdir -p {log}/go; ls {log}/go | wc -l > {log}/begun\n"
    script += f"while [ ! -e {log}/go/on ]; do sleep 0.05; done; echo work > work"
    bead = town.bead("Work", script)
    town.sling(bead)
    for _ in range(4):
        town.up()
        hung(log, "begun")
        (log / "begun").unlink()
        assert "; 1 session ended" in town.gt("down").stdout
        assert town.sessions() == []
    (log / "go" / "on").touch()
    town.up()
    landed_once(town, bead)
    assert len(town.attempts(bead)) == 1


def test_a_foreground_run_that_is_killed_is_taken_up_by_the_next(
    sandbox: Sandbox, log: Path, forever: str
) -> None:
    town = TownAtWork(sandbox, gates=[hangs_once(log, "gate", forever)])
    bead = town.bead("Work", "echo work > work")
    first = sandbox.start("gt", "sling", "--wait", bead)
    hung(log, "gate")
    first.kill()
    first.communicate()
    again = town.gt("sling", "--wait", bead)
    assert "already" in again.stdout and "merged" in again.stdout
    landed_once(town, bead)
    assert running(forever) == []


def test_a_daemon_started_beside_a_foreground_run_stays_when_that_is_done(sandbox: Sandbox) -> None:
    town = TownAtWork(sandbox)
    flag = sandbox.folder / "flag"
    first = town.bead("First", f"until test -e {flag}; do sleep 0.1; done; echo 1 >1")
    waiting = sandbox.start("gt", "sling", "--wait", first)
    town.state_is(first, "working")
    assert "no daemon" in town.gt("status").stdout
    assert "started" in town.gt("up").stdout and "runs already" in town.gt("up").stdout
    flag.touch()
    waiting.communicate(timeout=30)
    assert waiting.returncode == 0
    second = town.bead("Second", "echo 2 >2")
    town.sling(second)
    town.settle(second)
    assert town.attempt(second).state == "merged"


def test_down_stops_every_foreground_run_too(sandbox: Sandbox, forever: str) -> None:
    town = TownAtWork(sandbox)
    bead = town.bead("Long", forever)
    runs = [sandbox.start("gt", "sling", "--wait", bead) for _ in range(2)]
    eventually(lambda: running(forever), what="it works")
    town.up()
    town.gt("down")
    assert running(forever) == [] and town.sessions() == []
    for run in runs:
        run.communicate(timeout=30)
        assert run.returncode == 130, "told that it was stopped"
    assert daemon.holder(town.town) is None and daemon.holder(town.town, daemon.TICK) is None


def test_an_agent_that_dies_again_and_again_is_given_up_and_told(sandbox: Sandbox) -> None:
    """Not restarted for ever: a fresh attempt after a pause, with the evidence on the bead."""
    town = TownAtWork(sandbox)
    bead = town.bead("Deadly", "kill -9 $PPID")
    town.up()
    town.sling(bead)
    eventually(lambda: len(town.attempts(bead)) == 2, 60, "a second attempt")
    first, second = town.attempts(bead)
    assert first.state == "failed" and second.state == "hooked" and second.not_before is not None
    told = town.comments(bead)
    assert "the session ended before `gt done`" in told and "'Deadly' on polecat/" in told, (
        "and what it printed"
    )


class Chaos:
    """Kills what it finds, by a seed that a failure reports."""

    def __init__(self, town: TownAtWork, seed: int) -> None:
        self.town = town
        self.random = random.Random(seed)

    def strike(self) -> str:
        victim = self.random.choice(["daemon", "tmux", "agent"])
        if victim == "daemon":
            self.town.kill_daemon()
            return victim
        question = (
            ("display-message", "-p", "#{pid}")
            if victim == "tmux"
            else ("list-panes", "-a", "-F", "#{pane_pid}")
        )
        found = self.town.tmux(*question).split()
        if found:
            with_luck(int(self.random.choice(found)))
        return victim


def with_luck(process: int) -> None:
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        pass  # it was quicker


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_chaos(sandbox: Sandbox, log: Path, seed: int) -> None:
    """Six beads, a gate, five strikes at moments that follow from the work's own progress."""
    gate = "ls part-* >/dev/null"
    town = TownAtWork(sandbox, max_polecats=3, gates=[gate])
    beads = [
        town.bead(f"Part {n}", f"sleep 0.{n}; echo {n} > part-{n}; git add -A; git commit -qm {n}")
        for n in range(6)
    ]
    convoy = town.convoy("All", *beads)
    town.up()
    town.sling(*beads)
    chaos = Chaos(town, seed)
    struck = []
    for _ in range(5):
        wait_for_event(town, chaos.random.randrange(1, 12))
        struck.append(chaos.strike())
        town.gt("up")
    try:
        town.settle(*beads, deadline=180)
    except AssertionError as error:
        raise AssertionError(f"seed {seed}, struck {struck}: {error}") from error
    for bead in beads:
        landed_or_safe(town, bead)
    if all(town.issue(bead).status == "closed" for bead in beads):
        eventually(lambda: town.issue(convoy).status == "closed", what="the convoy landed")
    assert town.sessions() == []
    eventually(lambda: not town.clones(), what="every clone is deleted")
    assert len(town.subjects()) == len(set(town.subjects())), "nothing merged twice"


def wait_for_event(town: TownAtWork, count: int) -> None:
    """Until `count` more things have happened in the town, or nothing is left to happen."""

    def happened() -> int:
        with town.town.store.read() as view:
            return sum(len(view.events(bead)) for bead in _beads(town))

    goal = happened() + count
    eventually(lambda: happened() >= goal or all(town.settled(bead) for bead in _beads(town)), 30)


def _beads(town: TownAtWork) -> list[str]:
    with town.town.store.read() as view:
        return [attempt.bead for attempt in store.recent_attempts(view.conn, 100)]


def landed_or_safe(town: TownAtWork, bead: str) -> None:
    last = town.attempt(bead)
    if last.state == "merged":
        return
    assert last.state == "escalated", last
    assert "gt polecat restore" in town.comments(bead)
    assert town.safe_commits(last), "its commits are safe"
