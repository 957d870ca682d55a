"""Bring a database to this version's schema. The only place that imports alembic; never on a normal path."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import Connection

from beads.errors import StoreBroken


def history() -> Path:
    """Return the directory of migrations: inside the installed package, or beside it in a checkout."""
    here = Path(__file__).resolve().parent
    installed = here / "_migrations"
    return installed if installed.is_dir() else here.parent / "migrations"


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Run every migration up to `revision` on an open connection, inside its transaction.

    :raises StoreBroken: when the database is at a revision that this history does not know.
    """
    config = Config()
    config.set_main_option("script_location", str(history()).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, revision)
    except CommandError as error:
        raise StoreBroken(f"the database could not be migrated: {error}") from error
