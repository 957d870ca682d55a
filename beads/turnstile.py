"""The queue in front of the writers of a store: who comes first writes first, whatever the scheduler does.

`flock` alone keeps no order: a process that has just written gets in again before the one that was woken has run, and
under load somebody waits for a minute. So everybody takes a number, and holds a lock of that number until it has
written; whoever comes next waits for just that lock. What a process holds goes when it dies. Where the system has no
such locks, `flock` has to do; and it alone is what keeps two from writing at once.
"""

import errno
import fcntl
import os
import signal
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from beads.errors import StoreBusy

FILE = "write.lock"
SECONDS = 60
# The file holds the last number given out; its bytes from here on stand for the numbers, and are never written.
_COUNTER_BYTES = 8


class Turnstile:
    """The queue of one store, across processes and threads."""

    def __init__(self, beads_dir: Path) -> None:
        self._path = beads_dir / FILE
        self._inside = threading.local()

    @contextmanager
    def held(self, meanwhile: Callable[[], None] | None = None) -> Iterator[None]:
        """Have one's turn. When it does not come at once, `meanwhile` is called: what can be done while waiting.

        :raises StoreBusy: when no turn has come for a minute.
        """
        if getattr(self._inside, "held", False):
            raise RuntimeError("a write transaction was begun inside another one")
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            self._take(handle, meanwhile)
        except BaseException:
            os.close(handle)
            raise
        self._inside.held = True
        try:
            yield
        finally:
            self._inside.held = False
            os.close(handle)

    def _take(self, handle: int, meanwhile: Callable[[], None] | None) -> None:
        before = _line_up(handle)
        try:
            _wait_for(handle, before, fcntl.LOCK_NB)
        except BlockingIOError:
            self._queue(handle, before, meanwhile)

    def _queue(self, handle: int, before: int | None, meanwhile: Callable[[], None] | None) -> None:
        if meanwhile is not None:
            meanwhile()
        wait = _with_alarm if _has_alarm() else _with_thread
        if not wait(handle, before):
            raise StoreBusy(
                f"another process has been writing to {self._path.parent} for over {SECONDS} seconds",
                f"see who holds it: fuser -v {self._path}",
            )


# Neither lock can be given a time limit. A command has the alarm clock to itself; anybody else needs another thread to
# wait in, and is woken twice, which takes long where much is going on.


class _TooLate(Exception):
    """The alarm clock rang."""


def _has_alarm() -> bool:
    return (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
        and signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    )


def _with_alarm(handle: int, before: int | None) -> bool:
    """Wait; say whether the turn has come."""

    def ring(_: int, __: FrameType | None) -> None:
        raise _TooLate

    signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        _wait_for(handle, before, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        return True
    except _TooLate:
        return False
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)


def _with_thread(handle: int, before: int | None) -> bool:
    """Wait; say whether the turn has come. What comes too late goes with its handle."""
    got, given_up = threading.Event(), threading.Event()
    mine = os.dup(handle)

    def wait() -> None:
        try:
            _wait_for(mine, before, 0)
            if given_up.is_set():
                fcntl.flock(mine, fcntl.LOCK_UN)
            got.set()
        finally:
            os.close(mine)

    threading.Thread(target=wait, daemon=True).start()
    try:
        return got.wait(SECONDS)
    finally:
        if not got.is_set():
            given_up.set()


def _line_up(handle: int) -> int | None:
    """Take the next number; return the one before it, or None where there are no numbers."""
    try:
        _lock(handle, 0)
        try:
            number = int.from_bytes(os.pread(handle, _COUNTER_BYTES, 0), "little") + 1
            os.pwrite(handle, number.to_bytes(_COUNTER_BYTES, "little"), 0)
            _lock(handle, number)
        finally:
            _lock(handle, 0, kind=fcntl.F_UNLCK)
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.ENOTSUP, errno.ENOLCK):
            return None
        raise
    return number - 1


def _wait_for(handle: int, before: int | None, flag: int) -> None:
    """Wait until who came before has written or died, and then for the store itself.

    :raises BlockingIOError: instead of waiting, with LOCK_NB.
    """
    if before is not None:
        _lock(handle, before, flag)
        _lock(handle, before, kind=fcntl.F_UNLCK)
    fcntl.flock(handle, fcntl.LOCK_EX | flag)


def _lock(handle: int, number: int, flag: int = 0, kind: int = fcntl.F_WRLCK) -> None:
    """Lock (or unlock) the byte that stands for a number; 0 stands for the counter."""
    if not hasattr(fcntl, "F_OFD_SETLKW"):
        raise OSError(errno.ENOTSUP, "no locks of open files here")
    command = fcntl.F_OFD_SETLK if flag else fcntl.F_OFD_SETLKW
    place = _COUNTER_BYTES + number
    fcntl.fcntl(handle, command, struct.pack("hhqqi", kind, os.SEEK_SET, place, 1, 0))
