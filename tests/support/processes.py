"""Find and end the processes that were started in a folder, however far they have detached themselves."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

PROC = Path("/proc")


def in_folder(folder: Path) -> set[int]:
    """Processes that work in `folder`, or were started with its path in their environment or arguments."""
    assert len(folder.parts) > 2, f"{folder} is everybody's"
    found = _in_proc(folder) if PROC.is_dir() else _in_ps(folder)
    return found - {os.getpid(), os.getppid()}


def _in_proc(folder: Path) -> set[int]:
    return {int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit() and _mentions(entry, folder)}


def _mentions(process: Path, folder: Path) -> bool:
    needle = f"{folder}/".encode()
    try:
        if (process / "stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return False
        working = (process / "cwd").readlink()
        return (
            folder == working
            or folder in working.parents
            or needle in (process / "environ").read_bytes()
            or needle in (process / "cmdline").read_bytes()
        )
    except (OSError, IndexError):
        return False  # ended in the meantime, or somebody else's


def _in_ps(folder: Path) -> set[int]:
    listing = subprocess.run(["ps", "-axEwwo", "pid=,command="], capture_output=True, text=True, timeout=10)
    lines = (line.split(maxsplit=1) for line in listing.stdout.splitlines() if f"{folder}/" in line)
    return {int(line[0]) for line in lines}


def end_in_folder(folder: Path) -> None:
    """End them all: asked first, then killed, again for those that the ended ones started. Never raises."""
    for signal_number, patience in ((signal.SIGTERM, 1.0), *[(signal.SIGKILL, 0.5)] * 5):
        found = _signal(folder, signal_number)
        deadline = time.monotonic() + patience
        while found and time.monotonic() < deadline:
            time.sleep(0.02)
            found = found & _found(folder)


def _signal(folder: Path, signal_number: int) -> set[int]:
    found = _found(folder)
    for pid in found:
        try:
            os.kill(pid, signal_number)
        except OSError:
            pass
    return found


def _found(folder: Path) -> set[int]:
    try:
        return in_folder(folder)
    except (OSError, subprocess.SubprocessError):
        return set()
