"""The one place that is about SQLite: how it is opened, how writers take turns, what its errors mean.

Writers queue on a file lock before they begin: SQLite's own waiting has no order, and under load somebody
starves.
"""

import errno
import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy import func as fn
from sqlalchemy.exc import DatabaseError

from beads.errors import BeadsError, StoreBroken, StoreBusy

GATE = "write.lock"
BUSY_SECONDS = 30
GATE_SECONDS = 60


def connect(path: Path) -> Engine:
    """Return an engine; with `execution_options(write=True)` its transactions begin as writers."""
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"isolation_level": None, "timeout": BUSY_SECONDS},
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(raw: Any, _: object) -> None:
    raw.execute("PRAGMA foreign_keys = ON")
    raw.execute("PRAGMA synchronous = NORMAL")


def _begin(connection: Connection) -> None:
    # The driver's own transactions are off: it would begin only before the first write, after what was read.
    writing = connection.get_execution_options().get("write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def make(path: Path) -> None:
    """Create the file, in the mode in which readers and a writer do not wait for each other."""
    import sqlite3

    with translated(path):
        try:
            raw = sqlite3.connect(path, isolation_level=None, timeout=BUSY_SECONDS)
            try:
                raw.execute("PRAGMA journal_mode = WAL")
            finally:
                raw.close()
        except sqlite3.Error as error:
            raise _translate(error, path) or error from error


def changes_of(connection: Connection) -> int:
    """Return how many rows this connection has changed since it was opened."""
    raw: Any = connection.connection.driver_connection
    return int(raw.total_changes)


def hours_between(earlier: Any, later: Any) -> Any:
    """Return the SQL for the hours between two columns that hold instants."""
    return (fn.julianday(later) - fn.julianday(earlier)) * 24


def sound(connection: Connection) -> list[str]:
    """Return what the database itself finds wrong with its file and its search index."""
    found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA quick_check(20)") if row[0] != "ok"]
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    return found + [f"row {row[1]} of {row[0]} refers to nothing in {row[2]}" for row in broken[:20]]


class Gate:
    """A queue in front of the writers, one for the store, across processes and threads."""

    def __init__(self, beads_dir: Path) -> None:
        self._path = beads_dir / GATE
        self._inside = threading.local()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the gate.

        :raises StoreBusy: when another process has kept it for a minute.
        """
        if getattr(self._inside, "held", False):
            raise RuntimeError("a write transaction was begun inside another one")
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            self._take(handle)
        except BaseException:
            os.close(handle)
            raise
        self._inside.held = True
        try:
            yield
        finally:
            self._inside.held = False
            os.close(handle)

    def _take(self, handle: int) -> None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._queue(handle)

    def _queue(self, handle: int) -> None:
        # flock cannot be given a time limit, so another thread waits; what it gets too late it gives back.
        got, given_up = threading.Event(), threading.Event()
        mine = os.dup(handle)

        def wait() -> None:
            try:
                fcntl.flock(mine, fcntl.LOCK_EX)
                if given_up.is_set():
                    fcntl.flock(mine, fcntl.LOCK_UN)
                got.set()
            finally:
                os.close(mine)

        threading.Thread(target=wait, daemon=True).start()
        try:
            if got.wait(GATE_SECONDS):
                return
            raise StoreBusy(
                f"another process has been writing to {self._path.parent} for over {GATE_SECONDS} seconds",
                f"see who holds it: fuser -v {self._path}",
            )
        except BaseException:
            given_up.set()
            raise


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what the database or the file system reports into an error that a person can act on."""
    try:
        yield
    except DatabaseError as error:
        found = _translate(error.orig or error, path)
        if found is None:
            raise
        raise found from error
    except OSError as error:
        found = _translate_os(error, path)
        if found is None:
            raise
        raise found from error


def _full(path: Path) -> BeadsError:
    return StoreBroken(
        f"the disk that holds {path} is full; nothing was changed", "free some space and try again"
    )


def _read_only(path: Path) -> BeadsError:
    return StoreBroken(f"{path} cannot be written here", f"check who may write in {path.parent}")


def _translate(error: BaseException, path: Path) -> BeadsError | None:
    text = str(error)
    if "disk is full" in text:
        return _full(path)
    if "readonly" in text:
        return _read_only(path)
    if "unable to open" in text:
        return StoreBroken(f"{path} cannot be opened", f"check that {path.parent} exists and may be written")
    if "locked" in text or "busy" in text:
        return StoreBusy(f"{path} stayed locked by another process for {BUSY_SECONDS} seconds", "try again")
    if "malformed" in text or "not a database" in text or "disk I/O error" in text:
        return StoreBroken(
            f"{path} is damaged ({text})",
            f"move {path.parent} aside, then restore a backup, or `bd init --from-jsonl` with an export",
        )
    return None


def _translate_os(error: OSError, path: Path) -> BeadsError | None:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _full(path)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return _read_only(path)
    return None
