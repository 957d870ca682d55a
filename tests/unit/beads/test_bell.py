"""The bell: rung by every committed write that changed something, and never in the way."""

import os
import threading
from pathlib import Path

from beads import bell
from beads.model import Draft
from beads.store import Store


def test_a_write_rings_every_bell_and_a_read_none(store: Store) -> None:
    with bell.Bell(store.dir) as one, bell.Bell(store.dir) as other:
        with store.read() as view:
            view.ready()
        assert not one.wait(0)
        with store.write("me") as change:
            change.create(Draft(title="x"))
        assert one.wait(5)
        assert other.wait(5)
        assert not one.wait(0), "one look answers every ring"


def test_a_write_that_changes_nothing_rings_no_bell(store: Store) -> None:
    with bell.Bell(store.dir) as ear:
        with store.write("me"):
            pass
        assert not ear.wait(0)


def test_the_bell_wakes_a_waiter(store: Store) -> None:
    with bell.Bell(store.dir) as ear:
        threading.Timer(0.05, bell.ring, (store.dir,)).start()
        assert ear.wait(10)


def test_a_bell_whose_owner_died_is_removed(tmp_path: Path) -> None:
    (tmp_path / bell.FOLDER).mkdir()
    left = tmp_path / bell.FOLDER / "1-dead"
    os.mkfifo(left)
    bell.ring(tmp_path)
    assert not left.exists()


def test_a_full_bell_does_not_block_the_ringer(tmp_path: Path) -> None:
    with bell.Bell(tmp_path) as ear:
        with open(ear.fileno(), "wb", buffering=0, closefd=False) as full:
            while full.write(b"x" * 4096):
                pass
        bell.ring(tmp_path)
        assert ear.wait(0)
    assert list((tmp_path / bell.FOLDER).iterdir()) == []


def test_the_databases_time_changes_with_a_write_and_not_with_a_read(store: Store) -> None:
    os.utime(store.path, (1, 1))
    with store.read() as view:
        view.ready()
    assert store.path.stat().st_mtime == 1
    with store.write("me") as change:
        change.set_config("a", "b")
    assert store.path.stat().st_mtime > 1
