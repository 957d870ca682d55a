"""The queue of those who write: first come, first served, and no death holds it up."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from beads import turnstile
from beads.errors import StoreBusy
from beads.turnstile import Turnstile
from tests.support.environment import CHECKOUT
from tests.support.sandbox import eventually

WAIT = """
import sys
from pathlib import Path
from beads.turnstile import Turnstile
with Turnstile(Path(sys.argv[1])).held(), (Path(sys.argv[1]) / "order").open("a") as order:
    order.write(sys.argv[2])
"""


def last_number(folder: Path) -> int:
    return int.from_bytes((folder / turnstile.FILE).read_bytes(), "little")


def waiting(folder: Path, name: str) -> subprocess.Popen[bytes]:
    """Start a process that writes its name when its turn has come; return when it is in the queue.

    Not forked: a fork would hold what its parent holds.
    """
    before = last_number(folder)
    process = subprocess.Popen([sys.executable, "-c", WAIT, folder, name], env={"PYTHONPATH": str(CHECKOUT)})
    eventually(lambda: last_number(folder) > before)
    return process


def test_who_comes_first_is_served_first(tmp_path: Path) -> None:
    with Turnstile(tmp_path).held():
        processes = [waiting(tmp_path, name) for name in "abcdefgh"]
    # Who has just written is at work, and those that were woken are not yet: it would get in before them.
    with Turnstile(tmp_path).held():
        assert (tmp_path / "order").read_text() == "abcdefgh"
    assert [process.wait(60) for process in processes] == [0] * 8


def test_those_who_die_in_the_queue_hold_nobody_up(tmp_path: Path) -> None:
    with Turnstile(tmp_path).held():
        processes = [waiting(tmp_path, name) for name in "abcd"]
        for dead in (processes[0], processes[2]):
            dead.kill()
            dead.wait(60)
        assert not (tmp_path / "order").exists(), "nobody is let in before the holder has gone"
    for process in processes:
        process.wait(60)
    assert sorted((tmp_path / "order").read_text()) == ["b", "d"]


def test_without_numbers_only_one_writes_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(fcntl, "F_OFD_SETLKW", raising=False)
    with Turnstile(tmp_path).held():
        handle = os.open(tmp_path / turnstile.FILE, os.O_RDWR)
        with pytest.raises(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(handle)


def test_the_alarm_clock_is_left_as_it_was_and_nobody_elses_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turnstile, "SECONDS", 0.2)
    rung: list[int] = []
    with Turnstile(tmp_path).held():
        for handler in (signal.SIG_DFL, lambda number, _: rung.append(number)):
            signal.signal(signal.SIGALRM, handler)
            with pytest.raises(StoreBusy), Turnstile(tmp_path).held():
                pass
            assert signal.getsignal(signal.SIGALRM) is handler
            assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    assert not rung
    with Turnstile(tmp_path).held():
        pass
