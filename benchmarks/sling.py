"""From `gt sling` to merged, with a running daemon and a bead for the `shell` runtime; against its bare parts done by
hand in the same run. Says where the time goes.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from beads.bell import Bell
from beads.model import Draft
from benchmarks import trace
from benchmarks.measure import ENV, RIG, a_town, options, ratio, run, seconds, table
from gastown import daemon, store
from gastown.model import Attempt, MergeRequest, Session
from gastown.town import Town

SCRIPT = "date >>log.txt; echo {n} >number.txt"
GATE = "test -f number.txt"
DEADLINE = 60.0
IDENTITY = {
    **{f"GIT_{who}_NAME": "Bench" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_EMAIL": "bench@gastown.invalid" for who in ("AUTHOR", "COMMITTER")},
}
Parts = dict[str, float]
"""Seconds by what they went into, and their `total`."""
TMUX, GATES, WAITING = "tmux new-session, script", "gate", "waiting for the daemon"


def main(argv: Sequence[str]) -> None:
    rounds = options("From gt sling to merged.", argv, rounds=15, quick=2).rounds
    with a_town(gates=GATE, env=trace.VARIABLE) as town:
        file = town.root.parent / "trace.json"
        os.environ[trace.VARIABLE] = str(file)
        daemon.start(town)
        del os.environ[trace.VARIABLE]
        hand = Hand(town)
        pairs = [_round(town, hand, n, file) for n in range(rounds + 1)][1:]
    _report(rounds, [gt for gt, _ in pairs], [by_hand for _, by_hand in pairs])


def _round(town: Town, hand: Hand, number: int, file: Path) -> tuple[Parts, Parts]:
    by_hand = hand.all(number)
    return _by_gt(town, number, file, by_hand), by_hand


# by gt


def _by_gt(town: Town, number: int, file: Path, by_hand: Parts) -> Parts:
    """One bead from `gt sling` to merged: what each kind of thing took, in seconds."""
    with town.store.write("bench") as change:
        bead = change.create(
            Draft(title=f"Task {number}", rig=RIG, metadata={"script": SCRIPT.format(n=number)})
        )
    file.write_text("")
    env = ENV | {"GT_TOWN": str(town.root), trace.VARIABLE: str(file)}
    with Bell(town.beads_dir) as bell:
        begin = time.time()
        run(sys.executable, "-c", "from gastown.cli import main; main()", "sling", bead.id, env=env)
        deadline = time.monotonic() + DEADLINE
        while not _settled(town, bead.id):
            if time.monotonic() > deadline:
                raise SystemExit(f"{bead.id} was not merged within {DEADLINE:g} s")
            bell.wait(1.0)
    return _parts(begin, _facts(town, bead.id), trace.spans(file), by_hand)


@dataclass(frozen=True)
class Facts:
    attempt: Attempt
    session: Session
    request: MergeRequest


def _settled(town: Town, bead: str) -> bool:
    """Merged, and the clone of its attempt cleared away: nothing of this round runs into the next."""
    with town.store.read() as view:
        tried = store.attempts_of(view.conn, bead)
    if tried[-1].state in ("failed", "escalated"):
        raise SystemExit(f"{bead}: {tried[-1].reason}")
    return tried[-1].state == "merged" and tried[-1].cleaned_at is not None


def _facts(town: Town, bead: str) -> Facts:
    with town.store.read() as view:
        (attempt,) = store.attempts_of(view.conn, bead)
        (session,) = store.sessions_of(view.conn, [attempt.id])[attempt.id]
        (request,) = store.merge_requests_of(view.conn, bead)
    return Facts(attempt, session, request)


def _parts(begin: float, facts: Facts, git: list[trace.Span], by_hand: Parts) -> Parts:
    """The path of one bead, cut at the moments that the store has noted. Where git ran, it is git's time; from a
    note in the store to the daemon's first git for it is waiting. What tmux and the gate took is taken from the same
    by hand, for they leave no trace of their own."""
    assert facts.session.acked_at and facts.request.ended_at
    hooked, started, acked = (
        t.timestamp() for t in (facts.attempt.hooked_at, facts.session.started_at, facts.session.acked_at)
    )
    handed_in, merged = facts.request.created_at.timestamp(), facts.request.ended_at.timestamp()
    woken = _first(git, hooked, "fetch") - hooked + _first(git, handed_in, "fetch") - handed_in
    parts = {
        "interpreter and imports: gt sling": hooked - begin,
        "interpreter and imports: worker": acked - started - by_hand[TMUX],
        "git": trace.covered(git, hooked, started) + trace.covered(git, acked, merged),
        TMUX: by_hand[TMUX],
        GATES: by_hand[GATES],
        WAITING: woken,
    }
    rest = merged - begin - sum(parts.values())
    return parts | {"own code and store": rest, "total": merged - begin}


def _first(git: list[trace.Span], after: float, command: str) -> float:
    """When the daemon began to act: its first step for a spawn, and for a merge, is a fetch."""
    return min(span.begin for span in git if span.begin >= after and command in span.argv)


# by hand


class Hand:
    """The same with nothing between: git and tmux called directly, one after the other."""

    def __init__(self, town: Town) -> None:
        self._folder = town.root.parent / "by-hand"
        self._folder.mkdir()
        self._env = ENV | IDENTITY
        self._mirror, self._refinery = self._folder / "repo.git", self._folder / "refinery"
        run("git", "clone", "--quiet", "--bare", town.mirror(RIG), self._mirror)
        run("git", "clone", "--quiet", self._mirror, self._refinery)
        self._socket = f"gt-bench-{os.getpid()}"

    def all(self, number: int) -> Parts:
        clone = self._folder / f"clone{number}"
        steps: dict[str, Callable[[], None]] = {
            "git clone --local": lambda: self._clone(clone),
            TMUX: lambda: self._session(clone, number),
            "git commit": lambda: self._git(clone, ["add", "-A"], ["commit", "-qm", f"Task {number}"]),
            "git push": lambda: self._git(clone, ["push", "-q", "origin", f"HEAD:refs/heads/work{number}"]),
            "git merge": lambda: self._merge(number),
            GATES: lambda: self._run("/bin/sh", "-c", GATE, cwd=self._refinery),
            "git push, merged": lambda: self._git(self._refinery, ["push", "-q", "origin", "HEAD:main"]),
        }
        times = {name: seconds(step) for name, step in steps.items()}
        shutil.rmtree(clone)
        return times | {"total": sum(times.values())}

    def _clone(self, clone: Path) -> None:
        self._run("git", "clone", "--quiet", "--local", self._mirror, clone)
        self._git(clone, ["checkout", "-qb", "work"])

    def _session(self, clone: Path, number: int) -> None:
        """Like a town's, whose server lives while it has a session, and no longer."""
        tmux = ("tmux", "-L", self._socket, "-f", "/dev/null")
        script = f"{SCRIPT.format(n=number)}; tmux -L {self._socket} wait-for -S done; sleep 60"
        self._run(*tmux, "new-session", "-d", "-c", str(clone), script)
        self._run(*tmux, "wait-for", "done")
        self._run(*tmux, "kill-server")

    def _merge(self, number: int) -> None:
        self._git(
            self._refinery,
            ["fetch", "-q", "origin"],
            ["checkout", "-q", "--detach", "origin/main"],
            ["merge", "-q", "--squash", f"origin/work{number}"],
            ["commit", "-qm", f"Task {number}"],
        )

    def _git(self, cwd: Path, *commands: Sequence[str]) -> None:
        for command in commands:
            self._run("git", *command, cwd=cwd)

    def _run(self, *argv: str | Path, cwd: Path | None = None) -> None:
        run(*argv, cwd=cwd, env=self._env)


# the report


def _report(rounds: int, gt: list[Parts], hand: list[Parts]) -> None:
    bare = _median(hand, "total")
    print(f"From gt sling to merged, medians of {rounds} beads one after the other")
    rows = [(name, f"{t * 1000:.0f}", f"{t / bare:.2f}") for name, t in _medians(gt).items()]
    table(("by gt, where the time goes", "ms", "/ by hand"), rows)
    print()
    table(
        ("by hand", "ms", "share"),
        [(n, f"{t * 1000:.0f}", f"{t / bare:.2f}") for n, t in _medians(hand).items()],
    )
    print(f"gt sling to merged / its bare parts by hand: {_ratio(gt, hand):.2f}")
    longest = max(parts[WAITING] for parts in gt)
    print(f"longest that a bead waited for the daemon, woken twice: {longest * 1000:.0f} ms")


def _medians(found: list[Parts]) -> Parts:
    return {name: _median(found, name) for name in found[0]}


def _ratio(gt: list[Parts], hand: list[Parts]) -> float:
    return ratio([parts["total"] for parts in gt], [parts["total"] for parts in hand])


def _median(found: list[Parts], name: str) -> float:
    return statistics.median(parts[name] for parts in found)


if __name__ == "__main__":
    main(sys.argv[1:])
