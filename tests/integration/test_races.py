"""Races: many processes want the same thing at the same instant, and exactly one gets it."""

from __future__ import annotations

import fcntl
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gastown import cleanup, polecats, sling, store
from gastown.sessions.tmux import Tmux
from tests.support.sandbox import Sandbox, eventually
from tests.support.town_at_work import TownAtWork, a_long_sleep, running

# One warm interpreter becomes many processes, which wait for the same end of file: so they really begin at the same
# instant, and not one after the other as fast as a machine can import libraries.
RACE = """
import os, sys
import beads.store, gastown.sling, gastown.daemon
from gastown.cli import main
count, folder = int(sys.argv[1]), sys.argv[2]
sys.argv = ["gt", *sys.argv[3:]]
gate, trigger = os.pipe()
racers = []
for n in range(count):
    if (racer := os.fork()) == 0:
        os.close(trigger)
        for name, stream in (("out", 1), ("err", 2)):
            os.dup2(os.open(f"{folder}/{n}.{name}", os.O_CREAT | os.O_WRONLY, 0o600), stream)
        os.read(gate, 1)
        main()
        os._exit(0)
    racers.append(racer)
os.close(trigger)
print(*(os.waitstatus_to_exitcode(os.waitpid(racer, 0)[1]) for racer in racers))
"""


@pytest.fixture
def forever() -> Iterator[str]:
    yield from a_long_sleep()


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


def at_once(town: TownAtWork, count: int, *arguments: str) -> list[Ended]:
    """Run `gt ARGUMENTS` in `count` processes that begin together."""
    folder = Path(tempfile.mkdtemp(dir=town.box.folder))
    codes = town.box.run(sys.executable, "-P", "-c", RACE, str(count), folder, *arguments).stdout.split()
    return [
        Ended(int(code), (folder / f"{n}.out").read_text(), (folder / f"{n}.err").read_text())
        for n, code in enumerate(codes)
    ]


def test_fifty_slings_of_one_bead_make_one_attempt(sandbox: Sandbox) -> None:
    town = TownAtWork(sandbox)
    bead = town.bead("Wanted by all", "echo once >> once.txt")

    ended = at_once(town, 50, "sling", bead)

    assert all(p.code in (0, 1) and "Traceback" not in p.out + p.err for p in ended), ended
    assert sum(f"slung {bead}" in p.out for p in ended) == 1
    assert sum(f"{bead} is on a hook of app (shell) already" in p.out for p in ended) == 49
    assert len(town.attempts(bead)) == 1
    with town.town.store.read() as view:
        tracking = [d for d in view.dependents(bead) if d.type == "tracks"]
    assert len(tracking) == 1, "one convoy, not fifty"

    town.up()
    town.settle(bead)
    assert town.file("once.txt") == "once"


def test_slings_with_different_runtimes_agree_on_one(sandbox: Sandbox) -> None:
    """Half of the racers want the rig's runtime, half another one: the later ones are refused and say who has it."""
    town = TownAtWork(sandbox)
    table = '\n[runtimes.other]\ncommand = "true"\n'
    town.town.file.write_text(town.town.file.read_text() + table)
    bead = town.bead("Wanted by two kinds", "true")

    script = f"gt sling {bead} --runtime $1; echo $?"
    racers = [sandbox.start("sh", "-c", script, "sh", name) for name in ("shell", "other") * 4]
    printed = ["".join(racer.communicate(timeout=60)) for racer in racers]

    assert len(town.attempts(bead)) == 1
    assert sum(f"slung {bead}" in text for text in printed) == 1
    assert sum(f"{bead} is hooked with app" in text for text in printed) == 4, printed
    assert not any("Traceback" in text for text in printed)


def test_a_sling_that_is_refused_for_one_bead_hooks_none(sandbox: Sandbox) -> None:
    town = TownAtWork(sandbox)
    good, closed = town.bead("Good", "true"), town.bead("Closed", "true")
    with town.town.store.write("person") as change:
        change.close(closed)

    refused = town.gt("sling", good, closed, check=False)

    assert refused.returncode == 1 and f"{closed} is closed" in refused.stderr
    assert town.attempts(good) == [] and town.issue(good).status == "open"


def test_a_rig_is_made_once_and_prefixes_are_given_once(sandbox: Sandbox) -> None:
    town = TownAtWork(sandbox)
    repo = sandbox.repo("new")
    ended = at_once(town, 6, "rig", "create", "new", "--repo", str(repo))
    assert sorted(e.code for e in ended) == [0, 1, 1, 1, 1, 1]
    assert [e.err for e in ended if e.code and "there is a rig 'new' already" not in e.err] == []
    several = [sandbox.start("gt", "rig", "create", f"new{n}", "--repo", repo) for n in range(3)]
    assert [process.wait(60) for process in several] == [0, 0, 0]
    prefixes = [rig["prefix"] for rig in sandbox.json("gt", "rig", "list")]
    assert len(prefixes) == 5 and len(set(prefixes)) == 5


def test_two_daemons_started_at_once_are_one(sandbox: Sandbox) -> None:
    town = TownAtWork(sandbox)
    ended = at_once(town, 8, "up")
    assert [p.code for p in ended] == [0] * 8, [p.err for p in ended]
    log = (town.town.logs / "daemon.log").read_text()
    assert log.count("started") == 1, log


def test_those_who_ask_at_once_do_not_take_each_other_for_a_daemon(sandbox: Sandbox) -> None:
    """A killed daemon leaves its number in the lock's file; somebody else's question holds the lock for an instant."""
    town = TownAtWork(sandbox)
    town.up()
    town.kill_daemon()
    with (town.town.state_dir / "daemon.lock").open() as question:
        fcntl.flock(question, fcntl.LOCK_SH)
        assert town.gt("daemon", "status", check=False).stdout.strip() == "no daemon runs: gt up"


def test_a_session_whose_work_is_taken_back_as_it_starts_does_not_stay(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, forever: str
) -> None:
    """The worst moment: after its row was written, before tmux has it."""
    town = TownAtWork(sandbox)
    bead = town.bead("Taken back", forever)
    town.sling(bead)
    attempt = polecats.dispatch(town.town, town.attempt(bead).id)
    assert attempt is not None
    really_start = Tmux.start

    def start(*arguments: Any) -> None:
        sling.unsling(town.town, bead)
        cleanup.end_sessions(town.town, attempt.id, "released")
        really_start(*arguments)

    monkeypatch.setattr(Tmux, "start", start)
    polecats.spawn(town.town, attempt.id)
    cleanup.clear(town.town, attempt.id)
    assert town.sessions() == [] and running(forever) == [] and town.clones() == []


def test_unsling_while_the_daemon_spawns_leaves_nothing_running(sandbox: Sandbox) -> None:
    town = TownAtWork(sandbox)
    beads = [town.bead(f"Taken back {n}", "sleep 600") for n in range(6)]
    town.up()
    for bead in beads:
        town.sling(bead)
        town.gt("unsling", bead)
    town.settle(*beads)
    with town.town.store.read() as view:
        assert store.live_attempts(view.conn) == []
    assert town.sessions() == []
    eventually(lambda: not town.clones(), what="every clone is deleted")
    assert {town.issue(bead).status for bead in beads} == {"open"}


def test_of_two_who_make_one_town_one_does_and_it_is_whole(sandbox: Sandbox) -> None:
    path = sandbox.home / "town"
    makers = [sandbox.start("gt", "init", path) for _ in range(4)]
    codes = sorted(maker.wait(60) for maker in makers)
    assert codes == [0, 1, 1, 1]
    sandbox.cwd = path
    sandbox.run("gt", "rig", "create", "app", "--repo", sandbox.repo("app"))
