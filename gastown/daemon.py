"""The daemon: the loop around the tick, which sleeps on the store's bell, and the lock that says who ticks. It may be
killed at any moment, and the next one, or `gt sling --wait` in the foreground, goes on.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import IO

from beads import clock
from beads.bell import Bell, ring
from beads.errors import BeadsError, Refused
from gastown import cleanup, polecats, store, witness
from gastown.host import processes
from gastown.jobs import COOL_DOWN, Jobs
from gastown.model import WITH_SESSION
from gastown.tick import ours, tick
from gastown.town import Town

DAEMON, TICK = "daemon.lock", "tick.lock"
"""Held by the one daemon of a town, and by the one process that ticks in it: the daemon, or a run in the foreground."""


class Stop:
    """Noted by the signal handler, which does nothing else but ring."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self.asked = False

    def __call__(self, *_: object) -> None:
        self.asked = True
        ring(self._town.beads_dir)


def drive(
    town: Town,
    until: Callable[[], bool],
    look: Callable[[], None] = lambda: None,
    *,
    stop: Stop | None = None,
) -> None:
    """Tick until the condition holds. Where a daemon runs already, only look on; take over should it die.

    `look` is called after every change, for whoever shows progress."""
    up = _last_down(town)
    with Bell(town.beads_dir) as bell:
        while not (stop and stop.asked):
            if stop and _last_down(town) != up:
                stop.asked = True
                return
            with _lock(town, TICK) as ours:
                if ours:
                    _loop(town, bell, until, look, stop)
                    return
            look()
            if until():
                return
            bell.wait(1.0)


def _last_down(town: Town) -> int:
    """When `gt down` was called last: who only looks on has no lock by which it could be found."""
    with suppress(FileNotFoundError):
        return (town.state_dir / "down").stat().st_mtime_ns
    return 0


def _loop(
    town: Town, bell: Bell, until: Callable[[], bool], look: Callable[[], None], stop: Stop | None
) -> None:
    processes.allow_again()
    jobs = Jobs(town)
    jobs.start("sweep", lambda: cleanup.sweep(town))
    try:
        while not (stop and stop.asked):
            try:
                pause = tick(town, jobs, clock.now())
            except BeadsError as error:
                # A store that cannot be read just now (a full disk) is no reason to leave the town alone.
                town.log(f"tick: {error.message}")
                pause = COOL_DOWN
            look()
            if until():
                return
            bell.wait(pause)
    finally:
        jobs.stop()


@contextmanager
def _lock(town: Town, name: str, patience: float = 0.0) -> Iterator[bool]:
    """Whether the lock is ours. It dies with its holder.

    `patience`: seconds to try, for a question (`holder`) has the lock for an instant too."""
    path = town.state_dir / name
    deadline = time.monotonic() + patience
    with path.open("a+") as file:
        while not _try_lock(file, fcntl.LOCK_EX):
            if time.monotonic() >= deadline:
                yield False
                return
            time.sleep(0.01)
        file.truncate(0)
        file.write(f"{os.getpid()} {polecats.HOST}\n")
        file.flush()
        try:
            yield True
        finally:
            file.truncate(0)


def _try_lock(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def holder(town: Town, name: str = DAEMON) -> int | None:
    """The town's daemon, or whoever else has the lock of that name."""
    path = town.state_dir / name
    if not path.exists():
        return None
    with path.open("a+") as file:
        # Shared, so that two who ask at once do not take each other for a daemon.
        while not _try_lock(file, fcntl.LOCK_SH):
            file.seek(0)
            if text := file.read().split():
                return int(text[0])
            time.sleep(0.005)  # it has the lock, and is about to write who it is
    return None


def run(town: Town) -> None:
    """The daemon itself, until SIGTERM or SIGINT. Agents outlive it. While somebody runs the same tick in the
    foreground it looks on.

    :raises Refused: one runs in this town already."""
    stop = Stop(town)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    town.tmux.require()
    with _lock(town, DAEMON, patience=1.0) as ours:
        if not ours:
            raise Refused(
                f"a daemon runs in this town already (process {holder(town)})", hint="gt daemon status"
            )
        town.log(f"daemon {os.getpid()} started")
        drive(town, lambda: False, stop=stop)
        town.log(f"daemon {os.getpid()} stopped")


def start(town: Town) -> int:
    """Start the daemon in the background; returns the process that holds the lock, ours or one that was quicker.

    :raises Refused: it ended at once, with the end of its log."""
    running = holder(town)
    if running is not None:
        return running
    town.tmux.require()
    output = town.logs / "daemon.out"
    code = "from gastown.cli import main; main()"
    with output.open("ab") as file:
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", code, "daemon", "run"],
            cwd=town.root,
            env=_daemon_env(town),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if holder(town) == process.pid:
            return process.pid
        if process.poll() is not None:
            break
        time.sleep(0.02)
    if (other := holder(town)) is not None:
        return other
    raise Refused(f"the daemon did not start: {processes.tail(output)[-500:]}", hint="gt daemon run")


def _daemon_env(town: Town) -> dict[str, str]:
    """Ours, less what belongs to the session that starts it."""
    prefixes, names = ("GT_", "BD_", "BEADS_"), ("TMUX", "TMUX_PANE", "PYTHONDONTWRITEBYTECODE")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(prefixes) and k not in names}
    return kept | {"GT_TOWN": str(town.root)}


def stop(town: Town, timeout: float = 30.0) -> bool:
    """Ask the daemon to stop and wait for it. False: none ran. :raises Refused: it does not stop."""
    process = holder(town)
    if process is None:
        return False
    _stop(town, process, DAEMON, timeout)
    return True


def _stop(town: Town, process: int, lock: str, timeout: float) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGTERM)
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if holder(town, lock) != process:
            return
        time.sleep(0.02)
    raise Refused(f"process {process} has not stopped within {timeout:g} s", hint="gt daemon status")


def down(town: Town) -> int:
    """Stop whoever ticks and end every session. Clones stay; `gt up` starts their sessions again. Returns how many."""
    (town.state_dir / "down").touch()
    ring(town.beads_dir)
    stop(town)
    while (process := holder(town, TICK)) is not None:
        _stop(town, process, TICK, 30.0)
    with town.store.read() as view:
        working = [a for a in store.live_attempts(view.conn) if a.state in WITH_SESSION and ours(a)]
    for attempt in working:
        cleanup.end_sessions(town, attempt.id, witness.DOWN)
    town.tmux.kill_server()
    return len(working)
