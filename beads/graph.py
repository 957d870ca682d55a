"""Walks over dependencies: the tree below or above an issue, and circles."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, select

from beads import ready
from beads.model import BLOCKING, PARENT, WAITS_FOR, Dependency
from beads.queries import View
from beads.schema import dependencies as links

DOWN, UP, BOTH = "down", "up", "both"


@dataclass(frozen=True)
class Node:
    """One place in a tree: an issue, how deep, under which, by which type, and whether more lies below unseen."""

    id: str
    depth: int
    parent_id: str
    type: str
    truncated: bool


def tree(
    view: View, root: str, direction: str = DOWN, depth: int = 50, kinds: tuple[str, ...] = ()
) -> list[Node]:
    """Return an issue and what lies below (or above) it, depth first; an issue seen before is not opened again."""
    nodes: list[Node] = []
    seen: set[str] = set()
    stack = [(root, 0, "", "")]
    while stack:
        issue_id, level, parent, kind = stack.pop()
        nexts = [] if issue_id in seen else _ends(view, issue_id, direction, kinds)
        cut = bool(nexts) and level >= depth
        nodes.append(Node(issue_id, level, parent, kind, cut))
        seen.add(issue_id)
        if not cut:
            stack += [(id, level + 1, issue_id, kind) for id, kind in reversed(nexts)]
    return nodes


def _ends(view: View, issue_id: str, direction: str, kinds: tuple[str, ...]) -> list[tuple[str, str]]:
    ends = (
        [] if direction == UP else [(link.depends_on_id, link.type) for link in view.dependencies(issue_id)]
    )
    if direction != DOWN:
        ends += [(link.issue_id, link.type) for link in view.dependents(issue_id)]
    return [(id, kind) for id, kind in ends if not kinds or kind in kinds]


def neighbours(view: View, issue_id: str, direction: str) -> list[tuple[str, str]]:
    """Return the other ends of an issue's dependencies, with their types."""
    return _ends(view, issue_id, direction, ())


def edges(view: View, issue_id: str, direction: str) -> list[Dependency]:
    """Return an issue's dependencies as they are."""
    found = [] if direction == UP else view.dependencies(issue_id)
    return found + (view.dependents(issue_id) if direction != DOWN else [])


def cycles(view: View, starts: Iterable[str] | None = None) -> list[list[str]]:
    """Return every circle, as the ids that can all reach each other; each family of types by itself.

    With `starts`, only those that can be reached from there.
    """
    found: list[list[str]] = []
    first = None if starts is None else list(starts)
    for family in ((*BLOCKING, WAITS_FOR), (PARENT,)):
        query = select(links.c.issue_id, links.c.depends_on_id).where(links.c.type.in_(family))
        every = view.conn.execute(query) if first is None else _reached(view, query, first)
        found += _components(tuple(row) for row in every)
    return found


def _reached(view: View, query: Select[Any], starts: Iterable[str]) -> Iterator[Row[Any]]:
    seen: set[str] = set()
    level = set(starts)
    while level:
        seen |= level
        ends: set[str] = set()
        for chunk in ready.chunks(sorted(level)):
            for row in view.conn.execute(query.where(links.c.issue_id.in_(chunk))).all():
                ends.add(row.depends_on_id)
                yield row
        level = ends - seen


def _components(pairs: Iterable[tuple[str, ...]]) -> list[list[str]]:
    """Return the strongly connected components of more than one member (Tarjan, without recursion)."""
    nexts: dict[str, list[str]] = {}
    for source, target in pairs:
        nexts.setdefault(source, []).append(target)
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    path: list[str] = []
    on_path: set[str] = set()
    found: list[list[str]] = []
    for root in sorted(nexts):
        if root in number:
            continue
        work = [(root, iter(nexts[root]))]
        while work:
            node, rest = work[-1]
            if node not in number:
                number[node] = lowest[node] = len(number)
                path.append(node)
                on_path.add(node)
            step = next(rest, None)
            if step is None:
                work.pop()
                if work:
                    above = work[-1][0]
                    lowest[above] = min(lowest[above], lowest[node])
                if lowest[node] == number[node]:
                    start = path.index(node)
                    members, path = path[start:], path[:start]
                    on_path.difference_update(members)
                    if len(members) > 1:
                        found.append(sorted(members))
            elif step not in number:
                work.append((step, iter(nexts.get(step, ()))))
            elif step in on_path:
                lowest[node] = min(lowest[node], number[step])
    return found
