"""Many processes on one store: fifty create at once while ten look on; how long does a turn take?"""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import quantiles
from typing import Any

from beads import shapes
from beads.filters import Filter
from beads.model import Draft
from beads.store import Store
from benchmarks.measure import BD, ENV, options, run, table

WRITERS, READERS, EACH = 50, 10, 200
QUICK_WRITERS, QUICK_READERS, QUICK_EACH = 8, 2, 4
LIMIT = 2.0
"""Seconds that 999 of 1000 creations may take at most, waiting for their turn included."""
PATIENCE = 1200
Work = Callable[[Store, str], Any]


@dataclass(frozen=True)
class Storm:
    """What came of it: ids, the seconds of each creation by library, and how often was read meanwhile."""

    made: list[str]
    waits: list[float]
    reads: int
    took: float


def main(argv: Sequence[str]) -> None:
    asked = options("Many writers at once.", argv, rounds=1, quick=1)
    writers, readers, each = (
        (QUICK_WRITERS, QUICK_READERS, QUICK_EACH) if asked.quick else (WRITERS, READERS, EACH)
    )
    with tempfile.TemporaryDirectory(prefix="bd-bench-") as folder:
        store = Store.create(Path(folder) / ".beads", "be")
        found = storm(store.dir, writers, each, readers)
        sound = integrity(store)
        store.close()
    waits = sorted(found.waits)
    print(f"{writers} processes create {each} beads each, at once; {readers} others read")
    print(f"{len(found.made)} beads, {found.reads} reads, no error, integrity {sound}")
    cuts = quantiles(waits, n=1000)
    rows = [
        (name, f"{cuts[at - 1] * 1000:.1f}") for name, at in (("median", 500), ("99 %", 990), ("99.9 %", 999))
    ]
    table(
        ("a creation, waiting for its turn included", "ms"), [*rows, ("longest", f"{waits[-1] * 1000:.1f}")]
    )
    print(f"{len(waits) / found.took:.0f} creations a second")
    print(f"99.9 % {'within' if cuts[998] <= LIMIT else 'beyond'} the limit of {LIMIT:g} s")


def storm(beads_dir: Path, writers: int, each: int, readers: int, commands: int = 0) -> Storm:
    """Let all of them work at the same instant: `commands` of the writers by `bd create`, one twentieth as often."""
    system = multiprocessing.get_context("fork")
    over = system.Event()

    def write(store: Store, name: str) -> tuple[list[str], list[float]]:
        if int(name) < commands:
            return _by_command(beads_dir, name, max(each // 20, 1)), []
        return _by_library(store, name, each)

    looking = Crowd(beads_dir, readers, lambda store, name: _read(store, over))
    writing = Crowd(beads_dir, writers, write)
    started = time.perf_counter()
    answers = writing.answers()
    took = time.perf_counter() - started
    over.set()
    reads = sum(looking.answers())
    made = [issue_id for ids, _ in answers for issue_id in ids]
    return Storm(made, [wait for _, waits in answers for wait in waits], reads, took)


def integrity(store: Store) -> str:
    """Return what the database says of its own file."""
    with store.read() as view:
        return str(view.conn.exec_driver_sql("PRAGMA integrity_check").scalar())


class Crowd:
    """Processes that begin to work at the same instant, each with the store opened by itself.

    They are forked, so that the libraries are not imported sixty times; and talk over a pipe each, so that none that
    is killed can take anything with it that the others need.
    """

    def __init__(self, beads_dir: Path, count: int, work: Work) -> None:
        system = multiprocessing.get_context("fork")
        pipes = [system.Pipe() for _ in range(count)]
        self._ends = [mine for mine, _ in pipes]
        self.processes = [
            system.Process(target=_work, args=(beads_dir, str(number), work, pipe), daemon=True)
            for number, (_, pipe) in enumerate(pipes)
        ]
        for each in self.processes:
            each.start()
        for _, theirs in pipes:
            theirs.close()
        for end in self._ends:
            end.recv()
        for end in self._ends:
            end.send("go")

    def answers(self) -> list[Any]:
        """Wait for all, and return what each has returned.

        :raises RuntimeError: with the errors, when there was any.
        """
        found = [end.recv() if end.poll(PATIENCE) else (False, "no answer") for end in self._ends]
        errors = [what for fine, what in found if not fine]
        if errors:
            raise RuntimeError(f"{len(errors)} of {len(found)} failed: {errors[:3]}")
        return [what for _, what in found]


def _work(beads_dir: Path, name: str, work: Work, pipe: Connection) -> None:
    try:
        store = Store.open(beads_dir)
        pipe.send("ready")
        pipe.recv()
        pipe.send((True, work(store, name)))
    except BaseException as error:
        pipe.send((False, f"{name}: {error!r}"))


def _by_library(store: Store, name: str, each: int) -> tuple[list[str], list[float]]:
    made, waits = [], []
    for number in range(each):
        begun = time.perf_counter()
        with store.write(name) as change:
            made.append(change.create(Draft(title=f"{name} {number}", labels=("storm",))).id)
        waits.append(time.perf_counter() - begun)
    return made, waits


def _by_command(beads_dir: Path, name: str, each: int) -> list[str]:
    env = ENV | {"BEADS_ACTOR": name}
    return [
        run(*BD, "create", f"{name} {number}", "--silent", cwd=beads_dir.parent, env=env).strip()
        for number in range(each)
    ]


def _read(store: Store, over: Event) -> int:
    """Read by turns what is ready and what there is, until the writers are through; return how often."""
    count = 0
    while not over.is_set():
        with store.read() as view:
            wanted = view.ready(limit=100) if count % 2 else view.find(Filter(limit=50))
            shapes.counted(view, wanted)
        count += 1
    return count


if __name__ == "__main__":
    main(sys.argv[1:])
