"""Many processes on one store: nothing is refused or lost, what can be had once is had once, and no death leaves half.

GT_CHAOS_ROUNDS asks for the long form.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from beads import health
from beads.errors import Refused
from beads.filters import Filter
from beads.model import Draft
from beads.store import Store, View
from benchmarks.interchange import made_up
from benchmarks.measure import BD, ENV
from benchmarks.writers import Crowd, integrity, storm

LONG = "GT_CHAOS_ROUNDS" in os.environ
WRITERS, READERS, COMMANDS = 50, 10, 2
EACH = 200 if LONG else 4
KILLS = 200 if LONG else 25
HANG = 30.0
"""No bound on speed, which is the benchmarks' business: a turn that takes so long has been forgotten."""

pytestmark = pytest.mark.xdist_group("many-writers")


@pytest.fixture
def beads_dir(tmp_path: Path) -> Path:
    """A store that no process has open yet: SQLite does not survive a fork."""
    Store.create(tmp_path / ".beads", "gt").close()
    return tmp_path / ".beads"


@pytest.fixture
def store(beads_dir: Path) -> Iterator[Store]:
    opened = Store.open(beads_dir)
    yield opened
    opened.close()


def test_fifty_create_while_ten_read(beads_dir: Path) -> None:
    found = storm(beads_dir, WRITERS, EACH, READERS, COMMANDS)
    by_command = COMMANDS * max(EACH // 20, 1)
    assert len(found.made) == len(set(found.made)) == (WRITERS - COMMANDS) * EACH + by_command
    assert LONG or max(found.waits) < HANG
    assert found.reads >= READERS
    store = Store.open(beads_dir)
    assert integrity(store) == "ok"
    with store.read() as view:
        assert {issue.id for issue in view.find(Filter())} == set(found.made)
        assert not errors(view)
    store.close()


def errors(view: View) -> list[str]:
    return [str(found) for found in health.examine(view) if found["status"] == health.ERROR]


def claim(store: Store, name: str) -> list[str]:
    """Claim from the ready list until it is empty; then try for what everybody tries for."""
    mine: list[str] = []
    while True:
        with store.write(name) as change:
            free = [issue for issue in change.ready(limit=1) if not issue.assignee]
            if not free:
                break
            mine.append(change.claim(free[0].id).id)
    try:
        with store.write(name) as change:
            mine.append(change.claim("gt-contended").id)
    except Refused:
        pass
    return mine


def test_fifty_claim_from_one_list(beads_dir: Path, store: Store) -> None:
    with store.write("me") as change:
        made = {change.create(Draft(title=f"n{number}")).id for number in range(60)}
        # Hidden from the list, so that everybody meets it only at the end.
        made.add(change.create(Draft(title="one", id="gt-contended", pinned=True)).id)
    store.close()
    claimed = [issue_id for mine in Crowd(beads_dir, WRITERS, claim).answers() for issue_id in mine]
    assert len(claimed) == len(made), "each exactly once"
    assert set(claimed) == made


def test_commands_claim_each_its_own(beads_dir: Path, store: Store) -> None:
    with store.write("me") as change:
        made = {change.create(Draft(title=f"n{number}")).id for number in range(6)}
    commands = [bd(beads_dir, "ready", "--claim", "--json", actor=f"a{number}") for number in range(8)]
    answers = [(command.communicate(timeout=120)[0], command.returncode) for command in commands]
    claimed = [json.loads(out)[0]["id"] for out, code in answers if code == 0]
    assert sorted(claimed) == sorted(made)
    assert sorted(code for _, code in answers) == [0] * 6 + [1] * 2


def bd(beads_dir: Path, *line: str, actor: str = "killed") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*BD, *line], cwd=beads_dir.parent, env=ENV | {"BEADS_ACTOR": actor, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def write_for_ever(beads_dir: Path, log: Path) -> None:
    """Create beads with all that may hang on one, and note each when the store has said that it is there."""
    store = Store.open(beads_dir)
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    last = ""
    while True:
        with store.write("killed") as change:
            after = ((last, "blocks"),) if last else ()
            last = change.create(Draft(title="whole", labels=("a", "b"), depends_on=after)).id
            change.add_comment(last, "said")
        os.write(handle, f"{last}\n".encode())


def begun(beads_dir: Path, log: Path) -> BaseProcess:
    process = multiprocessing.get_context("fork").Process(
        target=write_for_ever, args=(beads_dir, log), daemon=True
    )
    process.start()
    return process


def test_what_was_answered_is_there_and_nothing_is_half_written(beads_dir: Path, tmp_path: Path) -> None:
    chance = random.Random(1)
    log = tmp_path / "log"
    writers = [begun(beads_dir, log) for _ in range(8)]
    commands = []
    for number in range(KILLS):
        time.sleep(chance.uniform(0, 0.1))  # at any moment of a transaction
        victim = writers.pop(chance.randrange(len(writers)))
        victim.kill()
        victim.join(60)
        writers.append(begun(beads_dir, log))
        if number % 5 == 0:
            commands.append(bd(beads_dir, "create", "whole", "-l", "a,b", "--silent"))
        if number % 10 == 9:
            commands[chance.randrange(len(commands))].kill()
    for writer in writers:
        writer.kill()
        writer.join(60)
    answers = [(command.communicate(timeout=120)[0].strip(), command.returncode) for command in commands]
    answered = {*log.read_text().split(), *(out for out, code in answers if code == 0)}
    assert len(answered) > KILLS // 2, "it has to have written to prove anything"
    store = Store.open(beads_dir)
    check(store, answered)
    store.close()


def check(store: Store, answered: set[str]) -> None:
    assert integrity(store) == "ok"
    with store.read() as view:
        there = view.find(Filter())
        assert answered <= {issue.id for issue in there}
        for issue in there:
            assert issue.labels == ("a", "b")
            events = view.events(issue.id)
            kinds = [event.event_type for event in events]
            links = view.dependencies(issue.id)
            assert kinds[0] == "created" and kinds.count("dependency_added") == len(links)
            assert len({event.change for event in events}) == 1, "all of it in one transaction"
            assert len(view.comments(issue.id)) == kinds.count("commented")
            assert issue.is_blocked == bool(links)
        assert not errors(view)


def test_what_was_killed_while_it_was_made_is_made_again(tmp_path: Path) -> None:
    chance = random.Random(2)
    for number in range(20 if LONG else 4):
        beads_dir = tmp_path / str(number) / ".beads"
        beads_dir.parent.mkdir()
        first = bd(beads_dir, "init", "--prefix", "gt")
        time.sleep(chance.uniform(0.2, 0.6))
        first.kill()
        first.communicate(timeout=60)
        again = bd(beads_dir, "init", "--prefix", "gt")
        _, told = again.communicate(timeout=60)
        assert again.returncode in (0, 11), told
        store = Store.open(beads_dir)
        assert integrity(store) == "ok"
        with store.read() as view:
            assert view.prefix() == "gt"
        store.close()


def test_an_import_that_was_killed_took_nothing_or_all(beads_dir: Path, tmp_path: Path) -> None:
    file = made_up(tmp_path / "export.jsonl", 3000)
    living = sum('"tombstone"' not in line for line in file.read_text().splitlines())
    chance = random.Random(3)
    for _ in range(20 if LONG else 3):
        command = bd(beads_dir, "import", str(file), "--quiet")
        time.sleep(chance.uniform(0.4, 1.2))
        command.kill()
        command.communicate(timeout=60)
        store = Store.open(beads_dir)
        assert integrity(store) == "ok"
        with store.read() as view:
            assert view.count(Filter()) in (0, living)
        store.close()
