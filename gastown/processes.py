"""Commands that the town runs itself (set-up, gates): a group of their own, a time limit, output in a file.

A command whose starter was killed is found again: it inherits an open lock, and the lock's file names its process
group. So nothing started here outlives its purpose, and nothing else is ever touched.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from beads.errors import BeadsError

TAIL_BYTES = 4000
_WRAPPER = 'echo $$ >"$1"; exec /bin/sh -c "$2"'
_running: set[subprocess.Popen[bytes]] = set()
_running_lock = threading.Lock()
_stopping = threading.Event()


class Interrupted(BeadsError):
    """The command was ended because we are being stopped; it says nothing about the command."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended: `exit_code` as the shell gives it (128 + n for signal n), or None when it ran out of
    time; and the end of what it printed."""

    exit_code: int | None
    tail: str
    seconds: float


def run(command: str, *, cwd: Path, env: Mapping[str, str], timeout: float, log: Path, lock: Path) -> Outcome:
    """Run a shell command to its end, or to its time limit, and leave no process of it behind.

    :raises Interrupted: when `stop_all` was called meanwhile."""
    log.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    with log.open("ab") as output, _claimed(lock) as held:
        begin = output.tell()
        process = subprocess.Popen(
            ["/bin/sh", "-c", _WRAPPER, "sh", str(lock), command],
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=(held.fileno(),),
        )
        with _running_lock:
            _running.add(process)
        try:
            code: int | None = process.wait(timeout)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _kill_group(process.pid)
            process.wait()
            with _running_lock:
                _running.discard(process)
    if _stopping.is_set():
        raise Interrupted(f"stopped while running: {command}")
    if code is not None and code < 0:
        code = 128 - code
    return Outcome(code, tail(log, begin), time.monotonic() - started)


def end_orphan(lock: Path) -> None:
    """End what a starter, killed since, left running under this lock, before anything touches its folder."""
    if lock.exists():
        with _claimed(lock):
            pass


def stop_all() -> None:
    """End every command now running; their `run` raises Interrupted."""
    _stopping.set()
    with _running_lock:
        for process in _running:
            _kill_group(process.pid)


def allow_again() -> None:
    _stopping.clear()


def tail(path: Path, begin: int = 0) -> str:
    """The last 4,000 bytes of a text file, from `begin` on."""
    with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(begin, size - TAIL_BYTES))
        return file.read().decode("utf-8", "replace").strip()
    return ""


@contextlib.contextmanager
def _claimed(path: Path) -> Iterator[IO[str]]:
    """The lock, after ending what an earlier starter, killed since, left running under it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a+")
    try:
        if not _try_lock(file):
            file.seek(0)
            group = file.read().strip()
            if group.isdigit():
                _kill_group(int(group))
            deadline = time.monotonic() + 10
            while not _try_lock(file):
                if time.monotonic() > deadline:
                    raise BeadsError(f"an earlier command still runs under {path}", hint="gt daemon status")
                time.sleep(0.05)
        file.truncate(0)
        yield file
    finally:
        file.close()


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
