"""What is ready, what is blocked, and why: the stored column `is_blocked` and the rules that keep it true.

An issue that is not settled is blocked when
  1. something it depends on by a blocking type is not settled, or
  2. its parent is blocked, or
  3. it waits for the children of something that has unsettled children (or, with the gate `any-children`, has
     children of which none is closed).
The column is brought up to date in the transaction that changes what it follows from, and only where it can
differ: `affected_*` names those issues, `refresh` follows them down the tree and writes those that flipped.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import BindParameter, Connection, Select, bindparam, select, text, update
from sqlalchemy import func as fn

from beads.model import BLOCKING, PARENT, SETTLED, WAITS_FOR
from beads.schema import dependencies as links
from beads.schema import issues

# Spelt as in the partial index: with bound values the planner would not use it.
READY = text("issues.status = 'open' AND issues.is_blocked = 0")
BLOCKED = text("issues.is_blocked = 1")
ANY_CHILDREN = "any-children"
_CHUNK = 400
# What every write asks: made once, since making a statement takes longer than running it, and others wait meanwhile.
IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_HELD = select(links.c.issue_id).where(links.c.depends_on_id.in_(IDS), links.c.type.in_(BLOCKING))
_PARENTS = select(links.c.depends_on_id).where(links.c.type == PARENT, links.c.issue_id.in_(IDS))
_WAITERS = select(links.c.issue_id).where(links.c.type == WAITS_FOR, links.c.depends_on_id.in_(IDS))
_CHILDREN = select(links.c.issue_id).where(links.c.type == PARENT, links.c.depends_on_id.in_(IDS))
_STORED = select(issues.c.id, issues.c.status, issues.c.is_blocked).where(issues.c.id.in_(IDS))
_JOINED = issues.c.id == links.c.depends_on_id
_PARENT_LINKS = (
    select(links.c.issue_id, links.c.depends_on_id, issues.c.is_blocked)
    .join(issues, _JOINED)
    .where(links.c.type == PARENT, links.c.issue_id.in_(IDS))
)
_BLOCKERS = (
    select(links.c.issue_id, links.c.depends_on_id)
    .join(issues, _JOINED)
    .where(links.c.issue_id.in_(IDS), links.c.type.in_(BLOCKING), issues.c.status.not_in(SETTLED))
)
_WAITS = select(links.c.issue_id, links.c.depends_on_id, links.c.metadata).where(
    links.c.type == WAITS_FOR, links.c.issue_id.in_(IDS)
)
_CHILDREN_COUNTS = (
    select(links.c.depends_on_id, issues.c.status, fn.count())
    .join(issues, issues.c.id == links.c.issue_id)
    .where(links.c.type == PARENT, links.c.depends_on_id.in_(IDS))
    .group_by(links.c.depends_on_id, issues.c.status)
)
_SET = update(issues).where(issues.c.id.in_(IDS)).values(is_blocked=bindparam("value"))


def ahead() -> Iterator[tuple[Any, Iterable[str]]]:
    """Yield the statements of nearly every write, with the names of their values."""
    yield from ((query, ("ids",)) for query in (_HELD, _PARENTS, _WAITERS))


def refresh(conn: Connection, seeds: Iterable[str]) -> None:
    """Recompute `is_blocked` of the seeds and of everything below them; write what changed."""
    roots = set(seeds)
    region = roots | below(conn, roots)
    stored, open_ids = _stored(conn, region)
    blocked = _blocked_in(conn, stored.keys(), open_ids)
    _write(conn, [id for id, was in stored.items() if not was and id in blocked], 1)
    _write(conn, [id for id, was in stored.items() if was and id not in blocked], 0)


def refresh_all(conn: Connection) -> None:
    """Recompute `is_blocked` of every issue; write what changed."""
    right = recompute(conn)
    stored = {row.id: row.is_blocked for row in conn.execute(select(issues.c.id, issues.c.is_blocked))}
    for value in (0, 1):
        _write(conn, [id for id, blocked in right.items() if blocked == value != stored[id]], value)


def recompute(conn: Connection) -> dict[str, bool]:
    """Return what `is_blocked` ought to be, for every issue, from nothing but statuses and dependencies."""
    every = list(conn.execute(select(issues.c.id)).scalars())
    stored, open_ids = _stored(conn, every)
    blocked = _blocked_in(conn, stored.keys(), open_ids)
    return {id: id in blocked for id in every}


def affected_by_settling(conn: Connection, issue_id: str) -> set[str]:
    """Return whose blockedness may change when this issue becomes settled, stops being so, or goes away."""
    return {issue_id, *held_by(conn, issue_id), *waiters_on(conn, parents_of(conn, [issue_id]))}


def held_by(conn: Connection, issue_id: str) -> set[str]:
    """Return who depends on this by a blocking type."""
    return {row.issue_id for row in by_chunks(conn, _HELD, [issue_id])}


def affected_by_link(conn: Connection, issue_id: str, target: str, kind: str) -> set[str]:
    """Return whose blockedness may change when this dependency comes or goes."""
    if kind == PARENT:
        return {issue_id, *waiters_on(conn, [target])}
    return {issue_id} if kind in BLOCKING or kind == WAITS_FOR else set()


def parents_of(conn: Connection, ids: Iterable[str]) -> set[str]:
    """Return the parents of these issues."""
    return {row.depends_on_id for row in by_chunks(conn, _PARENTS, ids)}


def waiters_on(conn: Connection, spawners: Iterable[str]) -> set[str]:
    """Return who waits for the children of these."""
    return {row.issue_id for row in by_chunks(conn, _WAITERS, spawners)}


def below(conn: Connection, roots: Iterable[str]) -> set[str]:
    """Return every descendant of these; a root is among them only when it lies below one of them."""
    found: set[str] = set()
    level = set(roots)
    while level:
        level = {row.issue_id for row in by_chunks(conn, _CHILDREN, level)} - found
        found |= level
    return found


def _stored(conn: Connection, ids: Iterable[str]) -> tuple[dict[str, int], set[str]]:
    """Return the stored column of each issue, and which of them are not settled."""
    stored: dict[str, int] = {}
    unsettled = set()
    for id, status, was in by_chunks(conn, _STORED, ids):
        stored[id] = was
        if status not in SETTLED:
            unsettled.add(id)
    return stored, unsettled


def _blocked_in(conn: Connection, region: Iterable[str], unsettled: set[str]) -> set[str]:
    """Return the blocked ones of a region that contains all its own descendants: the least fixed point."""
    inside = set(region)
    blocked = {id for id in _directly(conn, unsettled) if id in unsettled}
    children: dict[str, list[str]] = {}
    for child, parent, parent_blocked in by_chunks(conn, _PARENT_LINKS, unsettled):
        if parent in inside:
            children.setdefault(parent, []).append(child)
        elif parent_blocked:
            blocked.add(child)
    level = list(blocked)
    while level:
        level = [child for parent in level for child in children.get(parent, ()) if child not in blocked]
        blocked.update(level)
    return blocked


def _directly(conn: Connection, ids: Iterable[str]) -> set[str]:
    """Return which of these are blocked by a dependency of their own, rather than through a parent."""
    return {issue_id for issue_id, _ in blockers_of(conn, ids)}


def blockers_of(conn: Connection, ids: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield (issue, what blocks it): unsettled targets, and spawners still waited for."""
    wanted = list(ids)
    yield from (tuple(row) for row in by_chunks(conn, _BLOCKERS, wanted))
    yield from _waited_for(conn, wanted)


def _waited_for(conn: Connection, ids: Iterable[str]) -> Iterator[tuple[str, str]]:
    waits = list(by_chunks(conn, _WAITS, ids))
    if not waits:
        return
    children = _children_counts(conn, {spawner for _, spawner, _ in waits})
    for waiter, spawner, metadata in waits:
        unsettled, closed = children.get(spawner, (0, 0))
        if unsettled and not (closed and gate_of(metadata) == ANY_CHILDREN):
            yield waiter, spawner


def _children_counts(conn: Connection, spawners: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Return how many children of each spawner are unsettled, and how many are closed."""
    counts: dict[str, tuple[int, int]] = {}
    for spawner, status, count in by_chunks(conn, _CHILDREN_COUNTS, spawners):
        unsettled, closed = counts.get(spawner, (0, 0))
        counts[spawner] = (
            unsettled + (0 if status in SETTLED else count),
            closed + (count if status == "closed" else 0),
        )
    return counts


def gate_of(metadata: str) -> str:
    """Return the gate that a waits-for dependency names; all children, unless it says otherwise."""
    try:
        found = json.loads(metadata or "{}")
    except ValueError:
        return "all-children"
    return str(found.get("gate") or "all-children") if isinstance(found, dict) else "all-children"


def _write(conn: Connection, ids: list[str], value: int) -> None:
    for chunk in chunks(ids):
        conn.execute(_SET, {"ids": chunk, "value": value})


def by_chunks(conn: Connection, query: Select[Any], ids: Iterable[str]) -> Iterator[Any]:
    """Yield the rows of a query that takes IDS, for as many ids as there are."""
    for chunk in chunks(ids):
        yield from conn.execute(query, {"ids": chunk})


def chunks(ids: Iterable[str]) -> Iterator[list[str]]:
    """Cut ids into lists that a statement can take."""
    every = list(ids)
    for start in range(0, len(every), _CHUNK):
        yield every[start : start + _CHUNK]
