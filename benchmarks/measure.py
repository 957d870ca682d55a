"""Clock, medians and tables of the benchmarks, and a town in a folder that is gone afterwards."""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gastown import daemon, rigs, town
from gastown.host import git
from gastown.town import Town

ENV = {
    k: v for k, v in os.environ.items() if not k.startswith(("GT_", "BD_", "BEADS_", "TMUX", "PYTHONDONT"))
}
BD = (sys.executable, "-c", "from beads.cli import main; main()")
FILES = 200
RIG = "bench"


@dataclass(frozen=True)
class Options:
    """What was asked for. Every benchmark takes all of it, so that they can be run in one go."""

    rounds: int
    quick: bool
    other: Path | None
    file: Path | None


def options(about: str, argv: Sequence[str], *, rounds: int, quick: int) -> Options:
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument(
        "--quick", action="store_true", help=f"{quick} rounds: shows that it works, and no more"
    )
    parser.add_argument("--rounds", type=int, default=rounds, help=f"rounds (default: {rounds})")
    parser.add_argument("--other", type=Path, metavar="BD", help="time this `bd` beside ours (store)")
    parser.add_argument(
        "--file", type=Path, metavar="JSONL", help="import this export, not a made-up one (interchange)"
    )
    given = parser.parse_args(argv)
    return Options(quick if given.quick else given.rounds, given.quick, given.other, given.file)


def seconds(step: Callable[[], object]) -> float:
    started = time.perf_counter()
    step()
    return time.perf_counter() - started


def run(*argv: str | Path, cwd: Path | None = None, env: Mapping[str, str] = ENV) -> str:
    """Run quietly and return what it printed.

    :raises subprocess.CalledProcessError: it failed; what it said is part of the error's notes.
    """
    command = [str(a) for a in argv]
    try:
        return subprocess.run(
            command, cwd=cwd, env=dict(env), check=True, capture_output=True, text=True
        ).stdout
    except subprocess.CalledProcessError as error:
        error.add_note(str(error.stderr))
        raise


def take_turns(rounds: int, steps: Mapping[str, Callable[[], object]]) -> dict[str, list[float]]:
    """The times of each step, in seconds, by round. They take turns, so that a busy moment is everybody's."""
    for step in steps.values():
        step()
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            times[name].append(seconds(step))
    return times


def ratio(times: Sequence[float], to: Sequence[float]) -> float:
    """The median of each round's own ratio."""
    return statistics.median(one / other for one, other in zip(times, to, strict=True))


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """The first column to the left, figures to the right."""
    widths = [max(len(row[i]) for row in [headings, *rows]) for i in range(len(headings))]
    for row in (headings, *rows):
        cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
        print("  ".join([row[0].ljust(widths[0]), *cells[1:]]).rstrip())


@contextmanager
def a_town(**settings: str) -> Iterator[Town]:
    """A town with one rig of a few hundred files and one commit; its daemon is stopped afterwards."""
    with tempfile.TemporaryDirectory(prefix="gt-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        code = folder / "code"
        git.begin(code, "Bench", "bench@gastown.invalid")
        for number in range(FILES):
            path = code / f"part{number % 10}" / f"file{number}.txt"
            path.parent.mkdir(exist_ok=True)
            path.write_text(f"file {number}\n" * 100)
        git.commit_all(code, "Start")
        made = town.create(folder / "town", "bench")
        rigs.create(made, RIG, str(code), "shell", "be")
        for key, value in settings.items():
            rigs.set_setting(made, RIG, key, value)
        try:
            yield made
        finally:
            daemon.down(made)
            made.store.close()
