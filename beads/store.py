"""Store: an issue store on disk, opened, and the transactions one has with it."""

import json
import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from beads import bell, clock, database, ids, workspace
from beads.changes import Change, ahead
from beads.errors import Invalid, NoWorkspace, Refused, StoreBroken, StoreOutdated, StoreTooNew
from beads.queries import View
from beads.schema import REVISION
from beads.turnstile import Turnstile

__all__ = ["Change", "Store", "View"]

_CONFIG_YAML = """\
# Settings of this issue store that belong to the checkout; the others live in the database: bd config list
"""
_IGNORED = """\
*.db
*.db-wal
*.db-shm
*.db-journal
write.lock
bells/
last-touched
redirect
"""


class Store:
    """One issue store. May be used from several threads; every transaction is its own."""

    def __init__(self, beads_dir: Path) -> None:
        self.dir = beads_dir
        self.path = beads_dir / workspace.DATABASE
        self._turnstile = Turnstile(beads_dir)
        self._prepared = False
        self._engine = database.connect(self.path)
        self._writer = self._engine.execution_options(write=True)
        # The last one to leave folds the log into the database, whichever way a process ends.
        weakref.finalize(self, self._engine.dispose)

    @classmethod
    def create(cls, beads_dir: Path, prefix: str) -> "Store":
        """Make `beads_dir` and an empty store in it whose ids begin with `prefix`.

        :raises Invalid: for a prefix that no id can begin with.
        :raises Refused: when there is a store already.
        """
        if not ids.is_prefix(prefix):
            raise Invalid(
                f"{prefix!r} cannot be a prefix", "use letters, digits and single hyphens, a letter first"
            )
        path = beads_dir / workspace.DATABASE
        with database.translated(path):
            beads_dir.mkdir(parents=True, exist_ok=True)
            store = cls(beads_dir)
            with store._turnstile.held():
                if cls.there(beads_dir):
                    raise Refused(f"{beads_dir} has an issue store already", "look at it: bd info")
                store._make(prefix)
        return store

    def _make(self, prefix: str) -> None:
        from beads import migrate

        _write_new(
            self.dir / "metadata.json", json.dumps({"database": self.path.name, "backend": "sqlite"}) + "\n"
        )
        _write_new(self.dir / "config.yaml", _CONFIG_YAML)
        _write_new(self.dir / ".gitignore", _IGNORED)
        _write_new(self.dir / "interactions.jsonl", "")
        database.make(self.path)
        try:
            with self._writer.begin() as connection:
                migrate.upgrade(connection)
                Change(connection, clock.now(), "").set_config("issue_prefix", prefix)
        except BaseException:
            # Half a store would be taken for one; this file is ours, made a moment ago under the gate.
            self._engine.dispose()
            self.path.unlink(missing_ok=True)
            raise

    @staticmethod
    def there(beads_dir: Path) -> bool:
        """Say whether there is a store, or anything else that must not be written over."""
        path = beads_dir / workspace.DATABASE
        return path.exists() and not database.blank(path)

    @classmethod
    def open(cls, beads_dir: Path) -> "Store":
        """Open the store in `beads_dir`.

        :raises NoWorkspace: when there is none. :raises StoreTooNew:, StoreOutdated:, StoreBroken:
        """
        store = cls.found(beads_dir)
        store._check_revision()
        return store

    @classmethod
    def found(cls, beads_dir: Path) -> "Store":
        """Return the store in `beads_dir`, of whatever revision.

        :raises NoWorkspace: when there is none.
        """
        store = cls(beads_dir)
        if not store.path.is_file():
            raise NoWorkspace(f"{beads_dir} has no {workspace.DATABASE}", "run `bd init` to create one")
        return store

    def _check_revision(self) -> None:
        found = self.revision()
        if found > REVISION:
            raise StoreTooNew(
                f"{self.path} is at revision {found}; this program knows {REVISION}",
                "install the newer version",
            )
        if found < REVISION:
            raise StoreOutdated(f"{self.path} is at revision {found}, before {REVISION}", "run: bd migrate")

    def revision(self) -> str:
        """Return the revision of the schema that the database is at.

        :raises StoreBroken: when it is no issue store at all.
        """
        with database.translated(self.path), self._engine.connect() as connection:
            try:
                found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
            except OperationalError as error:
                if "no such table" not in str(error):
                    raise
                found = None
        if not isinstance(found, str):
            raise StoreBroken(
                f"{self.path} is a database, but not an issue store", "move it aside and run `bd init`"
            )
        return found

    def migrate(self) -> tuple[str, str]:
        """Bring the schema to this version's; return the revisions before and after."""
        from beads import migrate

        before = self.revision()
        with database.translated(self.path), self._turnstile.held(), self._writer.begin() as connection:
            migrate.upgrade(connection)
        return before, self.revision()

    @property
    def engine(self) -> Engine:
        """The engine that readers use."""
        return self._engine

    @contextmanager
    def read(self) -> Iterator[View]:
        """Look at the store: everything seen inside is of one moment."""
        with database.translated(self.path), self._engine.begin() as connection:
            yield View(connection, clock.now())

    @contextmanager
    def write(self, actor: str) -> Iterator[Change]:
        """Change the store, all or nothing. Do nothing slow inside: everybody else waits.

        :raises StoreBusy: when no turn came. :raises StoreBroken: when the disk is full or the file damaged.
        """
        with database.translated(self.path):
            # Connected before the turn, and given back after it.
            with (
                self._writer.connect() as connection,
                self._turnstile.held(self._prepare),
                connection.begin(),
            ):
                before = database.changes_of(connection)
                yield Change(connection, clock.now(), actor)
                changed = database.changes_of(connection) != before
            if changed:
                self._announce()

    def _prepare(self) -> None:
        if not self._prepared:
            database.prepare(self._engine, ahead())
            self._prepared = True

    def _announce(self) -> None:
        # Clients watch the time of exactly this file; the write-ahead log would leave it as it was.
        try:
            os.utime(self.path)
        except OSError:
            pass
        bell.ring(self.dir)

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()


def _write_new(path: Path, content: str) -> None:
    if not path.exists():
        path.write_text(content)
