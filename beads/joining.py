"""The dependencies of a file: those that lead somewhere and close no circle are taken over, the others told."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import delete, insert, select

from beads import graph, links, ready
from beads.changes import Change
from beads.model import GATING
from beads.schema import dependencies, issues

Edge = Mapping[str, Any]


def join(change: Change, edges: Iterable[Edge]) -> list[str]:
    """Write these dependencies, one for each pair; return what was left out and why, one line each."""
    wanted = {(edge["issue_id"], edge["depends_on_id"]): edge for edge in edges}
    there = _existing(change, {target for _, target in wanted})
    taken, left_out = [], []
    for (issue_id, target), edge in wanted.items():
        if issue_id == target:
            left_out.append(_told(edge, "on itself"))
        elif target in there or links.is_elsewhere(change, target):
            taken.append(edge)
        else:
            left_out.append(_told(edge, "its end is not here"))
    if taken:
        change.conn.execute(insert(dependencies), taken)
    return left_out + [_told(edge, "it would close a circle") for edge in _opened(change, taken)]


def _told(edge: Edge, why: str) -> str:
    return f"{edge['issue_id']} -> {edge['depends_on_id']} ({edge['type']}): {why}"


def _existing(change: Change, targets: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for chunk in ready.chunks(sorted(targets)):
        found.update(change.conn.execute(select(issues.c.id).where(issues.c.id.in_(chunk))).scalars())
    return found


def _opened(change: Change, edges: list[Edge]) -> list[Edge]:
    """Open every circle that these dependencies, already written, have closed; return those taken away."""
    taken_away = []
    for circle in graph.cycles(change, {edge["issue_id"] for edge in edges}):
        inside = set(circle)
        suspects = [edge for edge in edges if {edge["issue_id"], edge["depends_on_id"]} <= inside]
        suspects = [edge for edge in suspects if edge["type"] in GATING]
        for edge in suspects:
            _drop(change, edge)
        for edge in suspects:
            if links.way_back(change.conn, edge["issue_id"], edge["depends_on_id"], edge["type"]):
                taken_away.append(edge)
            else:
                change.conn.execute(insert(dependencies), [edge])
    return taken_away


def _drop(change: Change, edge: Edge) -> None:
    mine = dependencies.c.issue_id == edge["issue_id"], dependencies.c.depends_on_id == edge["depends_on_id"]
    change.conn.execute(delete(dependencies).where(*mine))
