"""The store on disk: made once, all or nothing, one writer at a time, and every failure told plainly."""

from __future__ import annotations

import os
import sqlite3
import threading
from pathlib import Path

import pytest

from beads import database, turnstile
from beads.errors import (
    Invalid,
    NotFound,
    NoWorkspace,
    Refused,
    StoreBroken,
    StoreBusy,
    StoreOutdated,
    StoreTooNew,
)
from beads.filters import Filter
from beads.model import Draft
from beads.store import Store


def test_what_is_made(beads_dir: Path) -> None:
    assert {"beads.db", "metadata.json", "config.yaml", ".gitignore", "interactions.jsonl"} <= {
        path.name for path in beads_dir.iterdir()
    }
    assert len(list(beads_dir.glob("*.db"))) == 1


def test_a_second_store_in_its_place_is_refused(beads_dir: Path) -> None:
    with pytest.raises(Refused, match="already"):
        Store.create(beads_dir, "gt")
    with pytest.raises(Invalid, match="cannot be a prefix"):
        Store.create(beads_dir / "x", "../x")
    assert not (beads_dir / "x").exists()


def test_a_failed_transaction_leaves_nothing(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.write("me") as change:
        change.create(Draft(title="x"))
        raise ZeroDivisionError
    with store.read() as view:
        assert view.find(Filter()) == []


def test_a_failed_create_leaves_nothing(store: Store) -> None:
    with store.write("me") as change:
        pass
    with pytest.raises(NotFound), store.write("me") as change:
        change.create(Draft(title="x", depends_on=(("gt-nope", "blocks"),)))
    with store.read() as view:
        assert view.count(Filter()) == 0


def test_a_reader_sees_one_moment(store: Store) -> None:
    with store.read() as view:
        assert view.count(Filter()) == 0
        with store.write("me") as change:
            change.create(Draft(title="x"))
        assert view.count(Filter()) == 0
    with store.read() as view:
        assert view.count(Filter()) == 1


def test_threads_take_turns(store: Store) -> None:
    def work() -> None:
        for _ in range(10):
            with store.write("me") as change:
                change.set_config("n", str(int(change.config("n") or 0) + 1))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as view:
        assert view.config("n") == "80"


def test_a_writer_holds_others_off_from_its_first_look(store: Store) -> None:
    other = sqlite3.connect(store.path, timeout=0, isolation_level=None)
    with store.write("me") as change:
        change.config("n")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")
    other.close()


def test_a_write_inside_a_write_is_a_bug_and_not_a_deadlock(store: Store) -> None:
    with store.write("me"), pytest.raises(RuntimeError, match="inside another"), store.write("me"):
        pass


def test_a_turn_that_never_comes_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turnstile, "SECONDS", 0.1)
    other = Store.open(store.dir)
    with store.write("me"):
        failures: list[BaseException] = []

        def wait() -> None:
            try:
                with other.write("you"):
                    pass
            except StoreBusy as error:
                failures.append(error)

        thread = threading.Thread(target=wait)
        thread.start()
        thread.join()
    assert "has been writing" in str(failures[0])
    with other.write("you") as change:
        change.set_config("a", "b")  # what came too late was given back


def _raw(store: Store, sql: str) -> None:
    store.close()
    raw = sqlite3.connect(store.path)
    raw.execute(sql)
    raw.commit()
    raw.close()


def test_newer_older_and_foreign_databases(store: Store) -> None:
    _raw(store, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreTooNew, match="revision 9999"):
        Store.open(store.dir)
    _raw(store, "UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(StoreOutdated) as outdated:
        Store.open(store.dir)
    assert outdated.value.hint == "run: bd migrate"
    _raw(store, "DROP TABLE alembic_version")
    with pytest.raises(StoreBroken, match="not an issue store"):
        Store.open(store.dir)


def test_what_a_killed_creation_left_is_completed(tmp_path: Path) -> None:
    folder = tmp_path / ".beads"
    folder.mkdir()
    database.make(folder / "beads.db")
    Store.create(folder, "gt").close()
    with pytest.raises(Refused):
        Store.create(folder, "gt")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "beads.db").write_text("somebody's notes")
    with pytest.raises(Refused):
        Store.create(tmp_path / "other", "gt")


def test_no_database(tmp_path: Path) -> None:
    with pytest.raises(NoWorkspace, match=r"has no beads\.db"):
        Store.open(tmp_path)


@pytest.mark.parametrize("damage", [b"not a database at all, but text" * 100, b""])
def test_a_file_that_is_no_database(store: Store, damage: bytes) -> None:
    store.close()
    store.path.write_bytes(damage)
    with pytest.raises(StoreBroken):
        Store.open(store.dir)


def test_damage_inside(store: Store) -> None:
    with store.write("me") as change:
        for _ in range(50):
            change.create(Draft(title="x" * 400))
    _raw(store, "PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(store.path.read_bytes())
    content[8192:] = os.urandom(len(content) - 8192)
    store.path.write_bytes(content)
    with pytest.raises(StoreBroken, match="is damaged"):
        opened = Store.open(store.dir)
        with opened.read() as view:
            view.find(Filter())


def test_a_full_disk(store: Store) -> None:
    pages = 0
    with store.read() as view:
        pages = view.conn.exec_driver_sql("PRAGMA page_count").scalar_one()
    with pytest.raises(StoreBroken, match="is full; nothing was changed"), store.write("me") as change:
        change.conn.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
        change.create(Draft(title="x", description="y" * 100_000))
    with store.read() as view:
        assert view.count(Filter()) == 0


def test_an_interrupted_creation_leaves_no_half_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from beads import migrate

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(migrate, "upgrade", interrupt)
    with pytest.raises(KeyboardInterrupt):
        Store.create(tmp_path / ".beads", "gt")
    monkeypatch.undo()
    Store.create(tmp_path / ".beads", "gt").close()
