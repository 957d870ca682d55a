"""Readiness, rule by rule."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import Select, select

from beads import filters, ready, rows
from beads.errors import Refused
from beads.filters import Filter
from beads.model import Draft
from beads.store import Change, Store, View


def make(change: Change, title: str = "x", **more: object) -> str:
    return change.create(Draft(title=title, **more)).id  # type: ignore[arg-type]


def ids(view: View, **how: object) -> set[str]:
    return {issue.id for issue in view.ready(**how)}  # type: ignore[arg-type]


def agrees(view: View) -> None:
    """The stored column is what a recomputation from nothing gives."""
    stored = {issue.id: issue.is_blocked for issue in view.find(Filter())}
    assert stored == ready.recompute(view.conn)


@pytest.mark.parametrize("kind", ["blocks", "conditional-blocks"])
@pytest.mark.parametrize("status", ["open", "in_progress", "blocked", "hooked", "deferred"])
def test_an_unsettled_blocker_blocks_whatever_its_status(store: Store, kind: str, status: str) -> None:
    with store.write("me") as change:
        blocker, held = make(change), make(change)
        change.add_dependency(held, blocker, kind)
        change.update(blocker, status=status)
        assert held not in ids(change)
        assert change.blockers(held) == [blocker]
        agrees(change)


@pytest.mark.parametrize("status", ["closed", "pinned"])
def test_a_settled_blocker_does_not_block(store: Store, status: str) -> None:
    with store.write("me") as change:
        blocker, held = make(change), make(change)
        change.add_dependency(held, blocker)
        change.update(blocker, status=status)
        assert held in ids(change)
        change.update(blocker, status="open")
        assert held not in ids(change), "reopening blocks again"
        agrees(change)


def test_blockedness_goes_down_the_tree_and_openness_does_not(store: Store) -> None:
    with store.write("me") as change:
        epic, blocker = make(change, type="epic"), make(change, type="epic")
        child = make(change, parent=epic)
        grandchild = make(change, parent=child)
        assert {child, grandchild} <= ids(change), "an open parent blocks nobody"
        change.add_dependency(epic, blocker)
        assert not {epic, child, grandchild} & ids(change)
        assert change.blockers(grandchild) == [child], "who is blocked through the parent is told the parent"
        assert make(change, parent=grandchild, title="late") not in ids(change)
        agrees(change)
        change.close(blocker)
        assert {epic, child, grandchild} <= ids(change)
        agrees(change)


def test_a_closed_parent_passes_nothing_down(store: Store) -> None:
    with store.write("me") as change:
        parent, blocker = make(change), make(change)
        child = make(change, parent=parent)
        change.add_dependency(parent, blocker)
        change.close(parent, force=True)
        assert child in ids(change)
        change.reopen(parent)
        assert child not in ids(change)
        agrees(change)


def test_waits_for_all_children(store: Store) -> None:
    with store.write("me") as change:
        spawner, waiter = make(change), make(change)
        change.add_dependency(waiter, spawner, "waits-for")
        assert waiter in ids(change), "a spawner without children blocks nobody"
        first, second = make(change, parent=spawner), make(change, parent=spawner)
        assert change.blockers(waiter) == [spawner]
        change.close(first)
        assert waiter not in ids(change)
        change.close(second)
        assert waiter in ids(change)
        change.reopen(second)
        assert waiter not in ids(change)
        change.remove_dependency(second, spawner)
        assert waiter in ids(change)
        agrees(change)


def test_waits_for_any_child(store: Store) -> None:
    with store.write("me") as change:
        spawner, waiter = make(change), make(change)
        change.add_dependency(waiter, spawner, "waits-for", '{"gate":"any-children"}')
        first = make(change, parent=spawner)
        make(change, parent=spawner)
        assert waiter not in ids(change)
        change.close(first)
        assert waiter in ids(change)
        agrees(change)


def test_waits_for_any_child_to_be_closed_and_not_only_pinned(store: Store) -> None:
    with store.write("me") as change:
        spawner, waiter = make(change), make(change)
        change.add_dependency(waiter, spawner, "waits-for", '{"gate":"any-children"}')
        first, _second = make(change, parent=spawner), make(change, parent=spawner)
        change.update(first, status="pinned")
        assert waiter not in ids(change)
        change.update(first, status="closed")
        assert waiter in ids(change)
        change.update(first, status="pinned")
        assert waiter not in ids(change)
        agrees(change)


def test_what_lay_elsewhere_blocks_as_soon_as_it_is_here(store: Store) -> None:
    with store.write("me") as change:
        held = make(change, depends_on=(("zz-far", "blocks"),))
        assert held in ids(change)
        make(change, id="zz-far")
        assert held not in ids(change)
        agrees(change)


@pytest.mark.parametrize("kind", ["related", "discovered-from", "tracks", "my-own"])
def test_other_dependencies_hold_nobody_up(store: Store, kind: str) -> None:
    with store.write("me") as change:
        one, other = make(change), make(change)
        change.add_dependency(one, other, kind)
        assert one in ids(change)


def test_what_lies_elsewhere_does_not_block(store: Store) -> None:
    with store.write("me") as change:
        here = make(change, depends_on=(("external:other:thing", "blocks"), ("zz-abc", "blocks")))
        assert here in ids(change)
        assert change.blocked() == []


@pytest.mark.parametrize("status", ["in_progress", "blocked", "hooked", "deferred", "pinned", "closed"])
def test_only_open_is_ready(store: Store, status: str) -> None:
    with store.write("me") as change:
        one = make(change)
        change.update(one, status=status)
        assert ids(change) == set()


def test_pinned_and_ephemeral_and_what_is_no_work(store: Store) -> None:
    with store.write("me") as change:
        change.set_config("types.custom", "agent,merge-request")
        make(change, pinned=True)
        make(change, is_template=True)
        wisp = make(change, ephemeral=True)
        gate, agent = make(change, type="gate"), make(change, type="agent")
        assert ids(change) == set()
        assert ids(change, ephemeral=True) == {wisp}
        assert ids(change, wanted=Filter(types=("gate", "agent"))) == {gate, agent}


def test_deferral_hides_an_issue_and_its_direct_children(store: Store) -> None:
    with store.write("me") as change:
        later = change.now + timedelta(hours=1)
        parent = make(change)
        child = make(change, parent=parent)
        grandchild = make(change, parent=child)
        change.update(parent, defer_until=later)
        assert ids(change) == {grandchild}
        assert ids(change, deferred=True) == {parent, child, grandchild}
        change.update(parent, defer_until=change.now - timedelta(seconds=1))
        assert ids(change) == {parent, child, grandchild}


def test_created_deferred_is_of_that_status(store: Store) -> None:
    with store.write("me") as change:
        issue = change.create(Draft(title="x", defer_until=change.now + timedelta(days=1)))
        assert issue.status == "deferred"


def test_orders(store: Store) -> None:
    made = []
    for priority in (3, 1, 2, 1):
        with store.write("me") as change:
            made.append(make(change, priority=priority))
    with store.read() as view:
        assert [issue.id for issue in view.ready()] == [made[3], made[1], made[2], made[0]]
        assert [issue.id for issue in view.ready(sort="oldest")] == made
        assert [issue.id for issue in view.ready(sort="hybrid")] == [made[1], made[3], made[2], made[0]]
        assert [issue.id for issue in view.ready(limit=1)] == [made[3]]


def test_blocked_tells_of_work_only(store: Store) -> None:
    with store.write("me") as change:
        blocker = make(change)
        held = [make(change, depends_on=((blocker, "blocks"),), **{flag: True} if flag else {}) for flag in
                ("", "ephemeral", "is_template")]  # fmt: skip
        assert [issue.id for issue, _ in change.blocked()] == held[:1]
        agrees(change)


def test_below_is_all_descendants(store: Store) -> None:
    with store.write("me") as change:
        top = make(change)
        child = make(change, parent=top)
        grandchild = make(change, parent=child)
        make(change)
        assert ids(change, below=top) == {child, grandchild}
        assert {issue.id for issue, _ in change.blocked(parent=top)} == set()


def plan_of(view: View, query: Select[Any]) -> str:
    text = str(query.compile(view.conn.engine, compile_kwargs={"literal_binds": True}))
    return "\n".join(row[3] for row in view.conn.exec_driver_sql("EXPLAIN QUERY PLAN " + text))


def test_ready_is_answered_from_the_partial_index(store: Store) -> None:
    with store.read() as view:
        plan = plan_of(view, view._ready_order(view.ready_query(Filter()), "priority").limit(10))
    assert "USING INDEX issues_ready" in plan
    assert "TEMP B-TREE" not in plan, plan


def test_a_list_of_what_is_unfinished_passes_no_closed_issue(store: Store) -> None:
    wanted = Filter(not_statuses=("closed",), not_types=("gate",), ephemeral=False, pinned=False, limit=50)
    query = filters.ordered(filters.narrowed(select(*rows.COLUMNS), wanted), wanted)
    with store.read() as view:
        plan = plan_of(view, query)
    assert "USING INDEX issues_unfinished" in plan
    assert "TEMP B-TREE" not in plan, plan


def test_a_cycle_is_refused_at_any_distance(store: Store) -> None:
    with store.write("me") as change:
        chain = [make(change) for _ in range(4)]
        for held, blocker in pairwise(chain):
            change.add_dependency(held, blocker)
        with pytest.raises(Refused, match=" -> ".join((chain[3], *chain))):
            change.add_dependency(chain[3], chain[0], "conditional-blocks")
        agrees(change)
