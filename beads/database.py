"""The one place that is about SQLite: how it is opened, how its transactions begin, what its errors mean."""

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy import func as fn
from sqlalchemy.exc import DatabaseError

from beads.errors import BeadsError, StoreBroken, StoreBusy

BUSY_SECONDS = 30


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


def blank(path: Path) -> bool:
    """Say whether this is a database into which nothing has been put yet: what is left of a `make` that was killed."""
    import sqlite3

    try:
        raw = sqlite3.connect(path, timeout=BUSY_SECONDS)
        try:
            return raw.execute("SELECT 1 FROM sqlite_master").fetchone() is None
        finally:
            raw.close()
    except sqlite3.Error:
        return False


def prepare(engine: Engine, statements: Iterable[tuple[Any, Iterable[str]]]) -> None:
    """Compile statements with the names of their values, as executing them the first time would.

    A process that has just been started would do it in its first transaction, while everybody waits. There is no
    public name for this.
    """
    for statement, names in statements:
        statement._compile_w_cache(
            engine.dialect, compiled_cache=engine._compiled_cache, column_keys=sorted(names)
        )


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
