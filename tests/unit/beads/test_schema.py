"""The schema that the migrations build is the one that is declared: structure, defaults and checks."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

from sqlalchemy import create_engine

from beads import schema
from beads.store import Store


def _objects(path: Path) -> dict[str, str]:
    raw = sqlite3.connect(path)
    rows = raw.execute(
        "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name <> 'sqlite_sequence'"
    ).fetchall()
    raw.close()
    return {name: _normal(sql) for name, sql in rows}


def _normal(sql: str) -> str:
    """One form of a statement: blanks, quotes and the order of a table's constraints do not matter."""
    text = re.sub(r"\s+", " ", sql.replace('"', "")).strip()
    if not text.startswith("CREATE TABLE"):
        return text.replace("( ", "(").replace(" )", ")")
    head, _, body = text.partition("(")
    parts, depth, part = [], 0, ""
    for sign in body.rpartition(")")[0]:
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if sign == "," and depth == 0:
            parts.append(part.strip())
            part = ""
        else:
            part += sign
    columns = [each for each in (*parts, part.strip()) if not _is_constraint(each)]
    constraints = sorted(each for each in (*parts, part.strip()) if _is_constraint(each))
    return f"{head.strip()} {columns} {constraints} {body.rpartition(')')[2].strip()}"


def _is_constraint(part: str) -> bool:
    return part.startswith(("CONSTRAINT", "PRIMARY KEY", "FOREIGN KEY", "UNIQUE", "CHECK"))


def test_migrations_build_what_is_declared(template: Path, tmp_path: Path) -> None:
    path = tmp_path / "declared.db"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        schema.metadata.create_all(connection)
        for statement in schema.SEARCH:
            connection.exec_driver_sql(statement)
    engine.dispose()
    declared, migrated = _objects(path), _objects(template / "beads.db")
    names = {table.name for table in schema.metadata.tables.values()}
    ours = {
        name: sql
        for name, sql in migrated.items()
        if name.startswith("issue_search") or re.search(rf"(TABLE|ON) ({'|'.join(names)})\b", sql)
    }
    assert ours == declared


def test_the_comparison_sees_a_changed_default_and_a_missing_check() -> None:
    one = "CREATE TABLE t (a INTEGER DEFAULT 1 NOT NULL, CONSTRAINT c CHECK (a > 0))"
    assert _normal(one) != _normal(one.replace("DEFAULT 1", "DEFAULT 2"))
    assert _normal(one) != _normal("CREATE TABLE t (a INTEGER DEFAULT 1 NOT NULL)")
    assert _normal(one) == _normal(
        "CREATE TABLE t (\n\ta INTEGER DEFAULT 1 NOT NULL, \n\tCONSTRAINT c CHECK (a > 0)\n)"
    )


def test_the_revision_is_the_head_of_the_history(store: Store) -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    from beads import migrate

    config = Config()
    config.set_main_option("script_location", str(migrate.history()))
    assert ScriptDirectory.from_config(config).get_heads() == [schema.REVISION]
    assert store.revision() == schema.REVISION


def test_a_store_that_is_read_has_the_declared_modes(store: Store) -> None:
    with store.read() as view:
        pragma = {
            name: view.conn.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "synchronous")
        }
    assert pragma == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 1}
