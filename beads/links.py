"""Which dependencies may be added: existing ends, no self-dependency, no second edge for a pair, no cycle."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from beads import clock, ids, ready, words
from beads.errors import Invalid, NotFound, Refused
from beads.model import BLOCKING, PARENT, WAITS_FOR, is_external
from beads.queries import View
from beads.schema import dependencies as links
from beads.schema import issues, prefixes
from beads.text import safe

# Within each family a circle could never be worked off.
_FAMILIES = ((*BLOCKING, WAITS_FOR), (PARENT,))


def check(view: View, issue_id: str, target: str, kind: str) -> None:
    """Refuse a dependency that cannot be.

    :raises Invalid: for a self-dependency or one that crosses epics.
    :raises NotFound: when an end does not exist.
    :raises Refused: when it would close a circle.
    """
    if issue_id == target:
        raise Invalid(f"{issue_id} cannot depend on itself")
    _check_ends(view, issue_id, target, kind)
    check_circle(view.conn, issue_id, target, kind)


def check_circle(conn: Connection, issue_id: str, target: str, kind: str) -> None:
    """Refuse a dependency that would close a circle.

    :raises Refused: naming it.
    """
    if path := way_back(conn, issue_id, target, kind):
        circle = " -> ".join((issue_id, *path))
        raise Refused(f"this dependency would make a cycle: {circle}", f"see them: bd dep tree {target}")


def way_back(conn: Connection, issue_id: str, target: str, kind: str) -> list[str]:
    """Return how one comes from `target` back to the issue, if such a dependency would close a circle."""
    family = next((family for family in _FAMILIES if kind in family), ())
    return _path(conn, target, issue_id, family) if family else []


def _check_ends(view: View, issue_id: str, target: str, kind: str) -> None:
    query = select(issues.c.id, issues.c.issue_type).where(issues.c.id.in_((issue_id, target)))
    found = {row.id: row.issue_type for row in view.conn.execute(query)}
    if issue_id not in found:
        raise NotFound(f"no issue found matching {safe(issue_id)!r}", "see what there is: bd list")
    if target not in found:
        if kind in (PARENT, WAITS_FOR) or not is_elsewhere(view, target):
            raise NotFound(f"no issue found matching {safe(target)!r}", "see what there is: bd list")
        return
    if kind != "blocks" or "gate" in found.values():
        return
    if (found[issue_id] == "epic") != (found[target] == "epic"):
        epic, other = (issue_id, target) if found[issue_id] == "epic" else (target, issue_id)
        raise Invalid(
            f"{epic} is an epic and {other} is not: `blocks` joins epics with epics and tasks with tasks",
            f"to put one under the other: bd dep add {other} {epic} --type parent-child",
        )


def check_ancestor(view: View, issue_id: str, target: str, kind: str) -> None:
    """Refuse to let an issue wait for what it lies below.

    :raises Refused: when it would.
    """
    if kind in (*BLOCKING, WAITS_FOR) and _is_ancestor(view, target, issue_id):
        raise Refused(
            f"{issue_id} is below {target}: waiting for it would never end",
            f"to join them without waiting: bd dep add {issue_id} {target} --type related",
        )


def _is_ancestor(view: View, ancestor: str, issue_id: str) -> bool:
    seen: set[str] = set()
    above = view.parent(issue_id)
    while above is not None and above not in seen:
        if above == ancestor:
            return True
        seen.add(above)
        above = view.parent(above)
    return False


def resolve_target(view: View, target: str) -> str:
    """Return the whole id of a dependency's target, which may lie elsewhere.

    :raises NotFound: when it should be here and is not.
    """
    if not target:
        raise Invalid("a dependency names no issue", "write it as ID or TYPE:ID")
    return target if not view.exists(target) and is_elsewhere(view, target) else view.resolve(target)


def is_elsewhere(view: View, target: str) -> bool:
    """Say whether a target need not exist here: external, or of a prefix that this store does not use."""
    if is_external(target):
        return True
    known = known_prefixes(view)
    return ids.is_id(target) and ids.prefix_of(target) not in known and ids.home_of(target) not in known


def known_prefixes(view: View) -> set[str]:
    """Return the prefixes of this store: its own, and those of its rigs."""
    rigs = {value for key, value in view.config_items("rig.").items() if key.endswith(".prefix")}
    return {view.prefix(), *rigs}


def id_prefixes(view: View) -> set[str]:
    """Return what an id may begin with: the prefixes of this store, those allowed beside, and those in use."""
    used = view.conn.execute(select(prefixes.c.prefix)).scalars()
    return {*known_prefixes(view), *words.split(view.config("allowed_prefixes") or ""), *used}


def _path(conn: Connection, start: str, goal: str, kinds: Iterable[str]) -> list[str]:
    """Return the shortest way from `start` to `goal` along these types, both ends included."""
    came_from: dict[str, str] = {start: ""}
    level = [start]
    while level and goal not in came_from:
        steps: list[Any] = []
        for chunk in ready.chunks(level):
            query = select(links.c.issue_id, links.c.depends_on_id)
            steps += conn.execute(query.where(links.c.issue_id.in_(chunk), links.c.type.in_(kinds))).all()
        level = []
        for source, target in steps:
            if target not in came_from:
                came_from[target] = source
                level.append(target)
    return _walked_back(came_from, goal) if goal in came_from else []


def _walked_back(came_from: dict[str, str], goal: str) -> list[str]:
    path = [goal]
    while came_from[path[-1]]:
        path.append(came_from[path[-1]])
    return path[::-1]


def existing(conn: Connection, issue_id: str, target: str) -> str | None:
    """Return the type of the dependency that joins these two, if any does."""
    query = select(links.c.type).where(links.c.issue_id == issue_id, links.c.depends_on_id == target)
    return conn.execute(query).scalar()


def put(view: View, issue_id: str, target: str, kind: str, actor: str, metadata: str = "") -> None:
    """Write a dependency that was found allowed."""
    values = {"type": kind, "created_at": clock.stored(view.now), "created_by": actor, "metadata": metadata}
    view.conn.execute(insert(links).values(issue_id=issue_id, depends_on_id=target, **values))


def drop(conn: Connection, issue_id: str, target: str) -> dict[str, str]:
    """Take a dependency away; return it whole."""
    mine = (links.c.issue_id == issue_id, links.c.depends_on_id == target)
    whole = dict(conn.execute(select(links).where(*mine)).mappings().one())
    conn.execute(delete(links).where(*mine))
    return {name: value for name, value in whole.items() if value}


def restore(conn: Connection, edge: Mapping[str, str]) -> None:
    """Write a dependency that was taken away."""
    values = {name: value for name, value in edge.items() if name in links.c}
    conn.execute(
        insert(links).values({**values, "created_at": clock.stored(clock.parse(edge["created_at"]))})
    )


def set_metadata(conn: Connection, issue_id: str, target: str, metadata: str) -> None:
    """Replace what is noted on a dependency."""
    query = update(links).where(links.c.issue_id == issue_id, links.c.depends_on_id == target)
    conn.execute(query.values(metadata=metadata))
