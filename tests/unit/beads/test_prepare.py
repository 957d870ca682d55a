"""What is prepared while a writer waits for its turn need not be done when it has come."""

from __future__ import annotations

from pathlib import Path

import pytest

from beads import turnstile
from beads.errors import StoreBusy
from beads.model import Draft
from beads.store import Store
from beads.turnstile import Turnstile


def test_a_creation_compiles_nothing_that_was_prepared(store: Store) -> None:
    with store.write("me") as change:
        change.create(Draft(title="the first of its prefix"))
    fresh = Store.open(store.dir)
    fresh._prepare()
    before = set(fresh.engine._compiled_cache)
    with fresh.write("me") as change:
        change.create(Draft(title="x", labels=("a",)))
    assert not [key for key in fresh.engine._compiled_cache if key not in before]
    fresh.close()


def test_who_waits_prepares_and_who_need_not_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    with Turnstile(tmp_path).held(lambda: done.append("at once")):
        monkeypatch.setattr(turnstile, "SECONDS", 0.1)
        with (
            pytest.raises(StoreBusy, match="for over"),
            Turnstile(tmp_path).held(lambda: done.append("late")),
        ):
            pass
    assert done == ["late"]
