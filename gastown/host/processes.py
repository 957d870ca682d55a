"""Commands that the town runs itself (set-up, gates): a group of their own, a time limit, output in a file.

Whatever a command starts inherits an open lock, by which it is found again: after the command has ended, and after
its starter was killed. So nothing started here outlives its purpose, and nothing else is ever touched.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
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
PROC = Path("/proc")
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
            ["/bin/sh", "-c", command],
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


def end_marked(marks: Mapping[str, str], patience: float = 0.5) -> None:
    """End what was started with all of these in its environment, after some seconds in which it may end by itself."""
    deadline = time.monotonic() + patience
    while (found := _marked(marks)) and time.monotonic() < deadline:
        time.sleep(0.02)
    for process in found:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(process, signal.SIGKILL)


def _marked(marks: Mapping[str, str]) -> set[int]:
    words = {f"{name}={value}" for name, value in marks.items()}
    return (_marked_in_proc(words) if PROC.is_dir() else _marked_in_ps(words)) - {os.getpid()}


def _marked_in_proc(words: set[str]) -> set[int]:
    wanted, found = {word.encode() for word in words}, set()
    for process in (entry for entry in PROC.iterdir() if entry.name.isdigit()):
        with contextlib.suppress(OSError):
            if wanted <= set((process / "environ").read_bytes().split(b"\0")):
                found.add(int(process.name))
    return found


def _marked_in_ps(words: set[str]) -> set[int]:
    listing = subprocess.run(["ps", "-axEwwo", "pid=,command="], capture_output=True, text=True).stdout
    lines = [line for line in listing.splitlines() if all(f" {word} " in f"{line} " for word in words)]
    return {int(line.split()[0]) for line in lines}


def stop_all() -> None:
    """End every command now running; their `run` raises Interrupted."""
    _stopping.set()
    with _running_lock:
        for process in _running:
            _kill_group(process.pid)


def stopping() -> bool:
    """Whether `stop_all` was called: whoever waits for something slow gives up."""
    return _stopping.is_set()


def allow_again() -> None:
    _stopping.clear()


def tail(path: Path, begin: int = 0) -> str:
    """The last 4,000 bytes of a file, from `begin` on, as text that can be stored, whatever was written there."""
    with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(begin, size - TAIL_BYTES))
        return file.read().decode("utf-8", "replace").replace("\0", "\ufffd").strip()
    return ""


@contextlib.contextmanager
def _claimed(path: Path) -> Iterator[IO[str]]:
    """The lock; before and after, what an earlier command, or this one, left running under it is ended."""
    path.parent.mkdir(parents=True, exist_ok=True)
    end_orphan(path)
    with path.open("a+") as file:
        if not _try_lock(file):
            raise BeadsError(f"another command runs under {path}", hint="gt daemon status")
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield file
    end_orphan(path)


def end_orphan(lock: Path) -> None:
    """End what was started under this lock and still has it: its starter was killed, or it has forgotten it, or is to
    be interrupted because its folder is no longer wanted.

    :raises BeadsError: it does not end, or could not be found."""
    if not lock.exists():
        return
    deadline = time.monotonic() + 10
    with lock.open("a+") as file:
        while not _try_lock(file):
            time.sleep(0.05)
            file.seek(0)
            starter = file.read()
            starters = {_session(os.getpid()), _session(int(starter) if starter.isdigit() else 0)}
            for process in _holders(lock):
                if (session := _session(process)) and session not in starters:
                    with contextlib.suppress(ProcessLookupError):
                        _kill_group(os.getpgid(process))
            if time.monotonic() > deadline:
                raise BeadsError(f"an earlier command still runs under {lock}", hint="gt daemon status")


def _session(process: int) -> int | None:
    """A starter, and for an instant what it starts, has the lock's file open too, but in another session than any
    command, which is given one of its own."""
    with contextlib.suppress(ProcessLookupError):
        return os.getsid(process) if process else None
    return None


def _holders(lock: Path) -> set[int]:
    """Processes that have the file open."""
    return _in_proc(lock) if PROC.is_dir() else _in_lsof(lock)


def _in_proc(path: Path) -> set[int]:
    wanted, found = str(path.resolve()), set()
    for process in (entry for entry in PROC.iterdir() if entry.name.isdigit()):
        with contextlib.suppress(OSError):
            if any(_target(link) == wanted for link in (process / "fd").iterdir()):
                found.add(int(process.name))
    return found


def _target(link: Path) -> str | None:
    with contextlib.suppress(OSError):
        return str(link.readlink())
    return None


def _in_lsof(path: Path) -> set[int]:
    """The same where there is no /proc; `lsof` is a part of macOS."""
    lsof = shutil.which("lsof") or "/usr/sbin/lsof"
    with contextlib.suppress(OSError):
        listing = subprocess.run([lsof, "-w", "-t", "--", path], capture_output=True, text=True)
        return {int(process) for process in listing.stdout.split()}
    return set()


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _kill_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
