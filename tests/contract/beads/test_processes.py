"""Many processes at once: nothing is refused, nothing is lost, and what can be had once is had once."""

from __future__ import annotations

import json
import multiprocessing
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from beads.errors import Refused
from beads.filters import Filter
from beads.model import Draft
from beads.store import Store

PROCESSES = 50


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.create(tmp_path / ".beads", "gt")


def create(store: Store, name: str) -> list[str]:
    """File twenty issues, each in a transaction of its own."""
    made = []
    for number in range(20):
        with store.write(name) as change:
            made.append(change.create(Draft(title=f"{name} {number}")).id)
    return made


def claim(store: Store, name: str) -> list[str]:
    """Claim from the ready list until it is empty; then try for what everybody tries for."""
    mine: list[str] = []
    while True:
        with store.write(name) as change:
            free = [issue for issue in change.ready() if not issue.assignee]
            if not free:
                break
            mine.append(change.claim(free[0].id).id)
    try:
        with store.write(name) as change:
            mine.append(change.claim("gt-contended").id)
    except Refused:
        pass
    return mine


def run_all(work: Callable[[Store, str], list[str]], beads_dir: Path, count: int = PROCESSES) -> list[str]:
    """Let so many processes work at the same instant, each with the store opened by itself; return all results.

    They are forked, so that the libraries are not imported fifty times.
    """
    system = multiprocessing.get_context("fork")
    results, barrier = system.Queue(), system.Barrier(count)

    def process(name: str) -> None:
        store = Store.open(beads_dir)
        barrier.wait(60)
        try:
            results.put(work(store, name))
        except BaseException as error:
            results.put(repr(error))

    started = [system.Process(target=process, args=(f"p{number}",), daemon=True) for number in range(count)]
    for each in started:
        each.start()
    answers = [results.get(timeout=60) for _ in started]
    for each in started:
        each.join(60)
    assert not [answer for answer in answers if isinstance(answer, str)]
    return [issue_id for answer in answers for issue_id in answer]


def test_fifty_processes_create_at_once(store: Store) -> None:
    made = run_all(create, store.dir)
    assert len(made) == len(set(made)) == PROCESSES * 20
    with store.read() as view:
        assert {issue.id for issue in view.find(Filter())} == set(made)
        assert view.conn.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


def test_fifty_processes_claim_from_one_list(store: Store) -> None:
    with store.write("me") as change:
        made = {change.create(Draft(title=f"n{number}")).id for number in range(60)}
        # Hidden from the list, so that everybody meets it only at the end.
        made.add(change.create(Draft(title="one", id="gt-contended", pinned=True)).id)
    claimed = run_all(claim, store.dir)
    assert len(claimed) == len(made), "each exactly once"
    assert set(claimed) == made


def test_a_story_through_the_real_command(tmp_path: Path) -> None:
    """`bd` as its clients call it: a process of its own, standard input closed, JSON read back."""
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), "BEADS_ACTOR": "story"}

    def bd(*line: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-c", "from beads.cli import main; main()", *line],
            cwd=tmp_path, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        return done.stdout

    bd("init", "--prefix", "st")
    first = json.loads(bd("create", "First", "-p", "1", "-t", "task", "--json"))["id"]
    second = json.loads(bd("create", "Second", "--deps", first, "--json"))["id"]
    assert [each["id"] for each in json.loads(bd("ready", "--json"))] == [first]
    bd("update", first, "--claim", "--no-auto-flush", "--no-auto-import", "--json")
    bd("close", second, code=1)
    bd("close", first, "--reason", "done", "--json")
    assert [each["id"] for each in json.loads(bd("ready", "--json"))] == [second]
    assert json.loads(bd("show", first, "--json"))[0]["close_reason"] == "done"
    assert bd("--version").startswith("bd version ")
    assert not list((tmp_path / ".beads").glob("*.db-*")), "who leaves last folds the log into the one file"
    raw = sqlite3.connect(tmp_path / ".beads" / "beads.db")
    assert raw.execute("SELECT count(*) FROM events").fetchone()[0] >= 4
    raw.close()
