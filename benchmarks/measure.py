"""Clock, medians and tables of the benchmarks, and a town in a folder that is gone afterwards."""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from gastown import daemon, git, rigs, town
from gastown.town import Town

ENV = {
    k: v for k, v in os.environ.items() if not k.startswith(("GT_", "BD_", "BEADS_", "TMUX", "PYTHONDONT"))
}
FILES = 200
RIG = "bench"


def options(about: str, argv: Sequence[str], *, rounds: int, quick: int) -> int:
    """How many rounds were asked for."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument(
        "--quick", action="store_true", help=f"{quick} rounds: shows that it works, and no more"
    )
    parser.add_argument("--rounds", type=int, default=rounds, help=f"rounds (default: {rounds})")
    given = parser.parse_args(argv)
    return quick if given.quick else int(given.rounds)


def seconds(step: Callable[[], object]) -> float:
    started = time.perf_counter()
    step()
    return time.perf_counter() - started


def run(*argv: str | Path, cwd: Path | None = None, env: Mapping[str, str] = ENV) -> None:
    """Run quietly. :raises subprocess.CalledProcessError: it failed; what it said is part of the error's notes."""
    try:
        subprocess.run(
            [str(a) for a in argv], cwd=cwd, env=dict(env), check=True, capture_output=True, text=True
        )
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
