"""The bell: whoever waits for the store to change is told, and nobody has to poll.

Each waiter owns one FIFO in `<beads_dir>/bells/`; a writer puts one byte into every FIFO there. A FIFO whose
reader died refuses to be opened for writing, which is how it is found out and removed.
"""

import errno
import os
import secrets
import select
from pathlib import Path
from types import TracebackType

FOLDER = "bells"


def ring(beads_dir: Path) -> None:
    """Wake every waiter. Never fails and never blocks: a full FIFO already says that something changed."""
    try:
        fifos = list((beads_dir / FOLDER).iterdir())
    except OSError:
        return
    for fifo in fifos:
        _strike(fifo)


def _strike(fifo: Path) -> None:
    try:
        handle = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ENXIO:
            fifo.unlink(missing_ok=True)
        return
    try:
        os.write(handle, b"!")
    except OSError:
        pass
    finally:
        os.close(handle)


class Bell:
    """One waiter's ear. Enter it before looking at the store: no change then falls between look and wait."""

    def __init__(self, beads_dir: Path) -> None:
        self._folder = beads_dir / FOLDER
        self._path = self._folder / f"{os.getpid()}-{secrets.token_hex(4)}"
        self._handle = -1

    def __enter__(self) -> "Bell":
        self._folder.mkdir(exist_ok=True)
        os.mkfifo(self._path, 0o600)
        # Opened for both: it then never reports end-of-file when the last writer leaves.
        self._handle = os.open(self._path, os.O_RDWR | os.O_NONBLOCK)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._path.unlink(missing_ok=True)
        os.close(self._handle)

    def fileno(self) -> int:
        """Return the descriptor, for a `select` over several things."""
        return self._handle

    def wait(self, timeout: float | None) -> bool:
        """Wait until the store changes; say whether it did within `timeout` seconds (None: for ever)."""
        readable, _, _ = select.select([self._handle], [], [], timeout)
        if readable:
            self.drain()
        return bool(readable)

    def drain(self) -> None:
        """Forget the rings so far: one look at the store answers them all."""
        try:
            while os.read(self._handle, 4096):
                pass
        except BlockingIOError:
            pass
