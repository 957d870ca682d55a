"""Ids: length by birthday probability, base 36, taken apart; and how partial ones resolve."""

import pytest

from beads import ids
from beads.errors import Ambiguous, Invalid, NotFound, Refused
from beads.model import Draft
from beads.store import Store


@pytest.mark.parametrize(
    ("count", "length"), [(0, 3), (163, 3), (164, 4), (983, 4), (984, 5), (5898, 5), (5899, 6)]
)
def test_length_grows_when_a_collision_becomes_probable(count: int, length: int) -> None:
    assert ids.Lengths().for_count(count) == length


def test_length_stops_at_the_longest() -> None:
    assert ids.Lengths().for_count(10**9) == 8


def test_hash_is_the_low_base36_digits_of_the_leading_bytes() -> None:
    # sha256("t|d|c|1|0") begins with these two bytes, by sha256sum.
    import hashlib

    lead = int.from_bytes(hashlib.sha256(b"t|d|c|1|0").digest()[:2], "big")
    digits = ""
    for _ in range(3):
        lead, digit = divmod(lead, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
    assert ids.hash_of("t", "d", "c", 1, 0, 3) == digits


def test_base36_pads_and_keeps_low_digits() -> None:
    assert ids.base36(35, 3) == "00z"
    assert ids.base36(36**3 + 1, 3) == "001"


@pytest.mark.parametrize(
    ("issue_id", "prefix", "parent", "depth"),
    [
        ("gt-a3f", "gt", None, 0),
        ("my-app-x7k.1", "my-app", "my-app-x7k", 1),
        ("gt-a.1.2.3", "gt", "gt-a.1.2", 3),
    ],
)
def test_an_id_is_taken_apart(issue_id: str, prefix: str, parent: str | None, depth: int) -> None:
    assert (ids.prefix_of(issue_id), ids.parent_of(issue_id), ids.depth_of(issue_id)) == (
        prefix,
        parent,
        depth,
    )


@pytest.mark.parametrize("prefix", ["", "-x", "a b", "../x", "a:b", "x-", "1a", "a" * 41])
def test_what_cannot_be_a_prefix(prefix: str) -> None:
    assert not ids.is_prefix(prefix)


def test_children_are_numbered_on_and_at_most_three_deep(store: Store) -> None:
    with store.write("me") as change:
        top = change.create(Draft(title="top")).id
        first, second = (change.create(Draft(title="child", parent=top)).id for _ in range(2))
        assert (first, second) == (f"{top}.1", f"{top}.2")
        change.create(Draft(title="given", id=f"{top}.7", parent=top))
        assert change.create(Draft(title="next", parent=top)).id == f"{top}.8"
        deep = change.create(Draft(title="d", parent=change.create(Draft(title="c", parent=first)).id)).id
        assert deep == f"{top}.1.1.1"
        with pytest.raises(Refused, match="3 levels deep"):
            change.create(Draft(title="too deep", parent=deep))


def test_children_keep_clear_of_those_that_no_counter_knows(store: Store) -> None:
    with store.write("me") as change:
        top = change.create(Draft(title="top", id="gt-top")).id
        change.create(Draft(title="child", id="gt-top.12", parent=top))
        change.conn.exec_driver_sql("DELETE FROM child_counters")
        assert change.create(Draft(title="next", parent=top)).id == "gt-top.13"


def test_counter_mode_gives_sequential_ids(store: Store) -> None:
    with store.write("me") as change:
        change.set_config("issue_id_mode", "counter")
        assert [change.create(Draft(title="x")).id for _ in range(3)] == ["gt-1", "gt-2", "gt-3"]


def test_a_rig_gives_the_prefix(store: Store) -> None:
    with store.write("me") as change:
        change.set_config("rig.backend.prefix", "be")
        assert change.create(Draft(title="x", rig="backend")).id.startswith("be-")
        with pytest.raises(NotFound, match="unknown rig 'backed'") as refused:
            change.create(Draft(title="x", rig="backed"))
    assert refused.value.hint is not None and "did you mean 'backend'?" in refused.value.hint


def test_an_id_that_exists_or_is_none_is_refused(store: Store) -> None:
    with store.write("me") as change:
        change.create(Draft(title="x", id="gt-mine"))
        with pytest.raises(Refused, match="gt-mine exists already"):
            change.create(Draft(title="x", id="gt-mine"))
        for wrong in ("--force", "nohyphen", "gt-a b", "gt-a;drop", "gt-" + "a" * 300):
            with pytest.raises(Invalid, match="is not an id"):
                change.create(Draft(title="x", id=wrong))


def test_partial_ids(store: Store) -> None:
    with store.write("me") as change:
        for issue_id in ("gt-abc", "gt-abd", "gt-xyz", "gt-xyz.1", "my-app-q1w"):
            change.create(Draft(title="x", id=issue_id))
        assert change.resolve("gt-abc") == "gt-abc"
        assert change.resolve("abc") == "gt-abc"
        assert change.resolve("gtabc") == "gt-abc"
        assert change.resolve("xyz") == "gt-xyz", (
            "a bare hash is not mistaken for a part of its children's ids"
        )
        assert change.resolve("q1w") == "my-app-q1w"
        assert change.resolve("z.1") == "gt-xyz.1"
        with pytest.raises(Ambiguous, match="gt-abc, gt-abd"):
            change.resolve("ab")
        for unknown in ("nope", "", "%", "_", "gt-"):
            with pytest.raises((NotFound, Ambiguous)):
                change.resolve(unknown)
        with pytest.raises(NotFound):
            change.resolve("%")
