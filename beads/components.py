"""Issues that hang together, whichever way and by whichever type of dependency."""

from collections.abc import Iterable

from sqlalchemy import or_, select

from beads import ready
from beads.model import Dependency
from beads.queries import View
from beads.schema import dependencies as links


def around(view: View, root: str, kind: str = "") -> list[str]:
    """Return every issue that hangs together with this one, whichever way and by this type or any; itself first."""
    found = {root: None}
    level = [root]
    while level:
        ends: list[str] = []
        for chunk in ready.chunks(level):
            either = or_(links.c.issue_id.in_(chunk), links.c.depends_on_id.in_(chunk))
            query = select(links.c.issue_id, links.c.depends_on_id).where(either)
            for pair in view.conn.execute(query.where(links.c.type == kind) if kind else query):
                ends += pair
        level = [id for id in dict.fromkeys(ends) if id not in found]
        found |= dict.fromkeys(level)
    here = view.many(found)
    return [id for id in found if id in here]


def within(view: View, ids: Iterable[str]) -> list[Dependency]:
    """Return the dependencies that join these issues."""
    every = list(ids)
    inside = set(every)
    found = view.edges(every)
    return [link for id in every for link in found.get(id, ()) if link.depends_on_id in inside]


def parts(ids: Iterable[str], edges: Iterable[Dependency]) -> list[list[str]]:
    """Cut issues into groups that do not hang together: the largest first, each in the order of the ids."""
    every = list(ids)
    group = {id: [id] for id in every}
    for link in edges:
        one, other = group[link.issue_id], group[link.depends_on_id]
        if one is not other:
            larger, smaller = (one, other) if len(one) >= len(other) else (other, one)
            larger += smaller
            group |= dict.fromkeys(smaller, larger)
    order = {id: i for i, id in enumerate(every)}
    groups = {id(members): members for members in group.values()}.values()
    return sorted(
        (sorted(members, key=order.__getitem__) for members in groups),
        key=lambda members: (-len(members), order[members[0]]),
    )
