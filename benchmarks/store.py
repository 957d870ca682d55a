"""Does the store get slower as it grows? The same steps in a small and in a large store, by library and by command;
and, when one is named, the same commands of another `bd`.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import event

from beads import interchange, shapes
from beads.filters import Filter
from beads.model import Draft
from beads.store import Store
from benchmarks import sample
from benchmarks.measure import BD, ENV, Options, options, ratio, run, table, take_turns

SMALL, LARGE, QUICK = 1_000, 100_000, 3_000
LIMIT = 1.2
"""How much longer a step may take in the large store than in the small one."""
INDEX = "issues_ready"
STEPS = ("create", "show", "close", "ready", "list")
Steps = Mapping[str, Callable[[], object]]


def main(argv: Sequence[str]) -> None:
    asked = options("The store by its size.", argv, rounds=41, quick=2)
    sizes = (SMALL, QUICK if asked.quick else LARGE)
    with tempfile.TemporaryDirectory(prefix="bd-bench-") as folder:
        stores = [filled(Path(folder) / str(size), size) for size in sizes]
        for store in stores:
            print(f"{_count(store, 'issues')} beads with {_count(store, 'dependencies')} dependencies")
        _plan(stores[-1])
        _by_size("library calls", sizes, asked.rounds, [Library(store).steps() for store in stores])
        commands = [Command(BD, store.dir.parent).steps() for store in stores]
        _by_size("whole commands", sizes, max(asked.rounds // 4, 1), commands)
        for store in stores:
            store.close()
        if asked.other:
            _against(asked, asked.other, Path(folder))


def filled(folder: Path, size: int) -> Store:
    """Make a store of so many beads."""
    store = Store.create(folder / ".beads", sample.PREFIX)
    with store.write("bench") as change:
        interchange.load(change, list(sample.records(size)))
    return store


def _count(store: Store, name: str) -> int:
    with store.read() as view:
        return int(view.conn.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one())


def _plan(store: Store) -> None:
    """Print how `ready` is answered.

    :raises SystemExit: when not from its index alone.
    """
    said: list[tuple[str, Any]] = []
    with store.read() as view:
        event.listen(
            view.conn, "before_cursor_execute", lambda _, __, sql, values, *___: said.append((sql, values))
        )
        view.ready(limit=100)
        sql, values = said[0]
        lines = [row.detail for row in view.conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)]
    print("\n".join(("bd ready is answered by:", *(f"  {line}" for line in lines))))
    if INDEX not in lines[0] or any(line.startswith(("SCAN", "USE TEMP")) for line in lines):
        raise SystemExit(f"not from {INDEX}")


@dataclass
class Library:
    """The steps as calls of the library, on a store that stays open."""

    store: Store
    made: list[str] = field(default_factory=list)

    def steps(self) -> Steps:
        return dict(zip(STEPS, (self.create, self.show, self.close, self.ready, self.browse), strict=True))

    def create(self) -> None:
        with self.store.write("bench") as change:
            self.made.append(change.create(Draft(title="New", description="Do it", labels=("new",))).id)

    def show(self) -> None:
        with self.store.read() as view:
            shapes.detailed(view, view.get(self.made[-1]))

    def close(self) -> None:
        with self.store.write("bench") as change:
            change.close(self.made.pop())

    def ready(self) -> None:
        with self.store.read() as view:
            shapes.counted(view, view.ready(limit=100))

    def browse(self) -> None:
        with self.store.read() as view:
            shapes.counted(view, view.find(Filter(not_statuses=("closed",), limit=50)))


@dataclass
class Command:
    """The steps as commands of a `bd`, each a process of its own."""

    bd: Sequence[str | Path]
    cwd: Path
    made: list[str] = field(default_factory=list)

    def steps(self) -> Steps:
        return {
            "create": lambda: self.made.append(self._created("New", "-d", "Do it")),
            "show": lambda: self._run("show", self.made[-1], "--json"),
            "close": lambda: self._run("close", self.made.pop(), "--json"),
            "ready": lambda: self._run("ready", "--json"),
            "list": lambda: self._run("list", "--json"),
        }

    def _created(self, *line: str) -> str:
        found: Any = json.loads(self._run("create", *line, "--json"))
        return str((found[0] if isinstance(found, list) else found)["id"])

    def _run(self, *line: str) -> str:
        return run(*self.bd, *line, cwd=self.cwd, env=ENV | {"BEADS_ACTOR": "bench", "BD_ACTOR": "bench"})

    def begin(self, beads: int) -> None:
        self.cwd.mkdir()
        self._run("init", "--prefix", sample.PREFIX)
        for number in range(beads):
            self._created(f"Bead {number}")


def _by_size(what: str, sizes: tuple[int, int], rounds: int, steps: list[Steps]) -> None:
    small, large = sizes
    turns = {f"{name} {size}": of[name] for name in STEPS for size, of in zip(sizes, steps, strict=True)}
    found = take_turns(rounds, turns)
    print(f"\n{what}, medians of {rounds} rounds in which they take turns")
    rows, beyond = [], []
    for name in STEPS:
        times = [found[f"{name} {size}"] for size in sizes]
        reached = ratio(times[1], times[0])
        rows.append((name, *(f"{median(each) * 1000:.1f}" for each in times), f"{reached:.2f}"))
        beyond += [name] if reached > LIMIT else []
    table(("", f"ms at {small}", f"ms at {large}", "ratio"), rows)
    print(
        f"beyond the limit of {LIMIT}: {', '.join(beyond)}" if beyond else f"all within the limit of {LIMIT}"
    )


def _against(asked: Options, other: Path, folder: Path) -> None:
    """Our commands and another's, each on a fresh store of its own."""
    both = {"ours": Command(BD, folder / "ours"), "other": Command((other.resolve(),), folder / "other")}
    for command in both.values():
        command.begin(5 if asked.quick else 50)
    steps = {who: command.steps() for who, command in both.items()}
    turns = {f"{who} {name}": of[name] for name in STEPS for who, of in steps.items()}
    found = take_turns(max(asked.rounds // 4, 1), turns)
    print(f"\nwhole commands on a fresh store, {other} beside ours")
    rows = []
    for name in STEPS:
        ours, theirs = found[f"ours {name}"], found[f"other {name}"]
        reached = ratio(theirs, ours)
        rows.append((name, f"{median(ours) * 1000:.1f}", f"{median(theirs) * 1000:.1f}", f"{reached:.2f}"))
    table(("", "ms ours", "ms other", "other / ours"), rows)


if __name__ == "__main__":
    main(sys.argv[1:])
