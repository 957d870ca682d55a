"""What can be wrong with a store, found and put right: the doctor's examinations."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from sqlalchemy import delete, insert, select

from beads import database, graph, ids, links, ready
from beads.changes import Change
from beads.filters import Filter
from beads.model import Dependency, Issue
from beads.queries import View
from beads.schema import REVISION, dependencies, issues, prefixes

OK, WARNING, ERROR = "ok", "warning", "error"
# Titles that tests leave behind.
_POLLUTION = re.compile(
    r"(test|testing|debug|sample|dummy|foo|bar|baz|tmp|temp)([ _-]?(issue|bead|task|bug|item))?([ _-]?\d+)?|"
    r"test[_-](issue|bead|task|bug|item|cache|race|sync).*|benchmark[ _-]?issue.*",
    re.IGNORECASE,
)


def check(name: str, wrong: Iterable[str], fine: str, fix: str = "", status: str = ERROR) -> dict[str, Any]:
    """Return one examination's result."""
    found = list(wrong)
    if not found:
        return {"name": name, "status": OK, "message": fine}
    message = found[0] if len(found) == 1 else f"{len(found)} found, the first: {found[0]}"
    result = {"name": name, "status": status, "message": message, "detail": "\n".join(found[:20])}
    return result | ({"fix": fix} if fix else {})


def examine(view: View) -> list[dict[str, Any]]:
    """Examine everything."""
    return [
        check("Database", database.sound(view.conn), "the file is sound", "restore it from a backup"),
        check("Schema", _revision(view), f"at revision {REVISION}", "bd migrate"),
        *validate(view),
        check("Readiness", wrong_readiness(view), "the stored readiness is right", "bd doctor --fix"),
        check("Counts of ids", wrong_counts(view), "right", "bd doctor --fix", WARNING),
    ]


def validate(view: View) -> list[dict[str, Any]]:
    """Examine what people and other programs have put in."""
    dangling = (
        f"{link.issue_id} depends on {link.depends_on_id}, which is not here" for link in orphans(view)
    )
    circles = (" -> ".join((*circle, circle[0])) for circle in graph.cycles(view))
    polluted = (f"{issue.id}: {issue.title}" for issue in pollution(view))
    same = (", ".join(issue.id for issue in group) for group in duplicates(view))
    return [
        check("Dependencies", dangling, "every dependency leads somewhere", "bd repair-deps --fix"),
        check("Cycles", circles, "none", "bd dep remove"),
        check("Duplicates", same, "none", "bd duplicates", WARNING),
        check("Test pollution", polluted, "none", "bd doctor --check=pollution", WARNING),
    ]


def _revision(view: View) -> list[str]:
    found = view.revision()
    return [] if found == REVISION else [f"at revision {found}, not {REVISION}"]


def wrong_readiness(view: View) -> list[str]:
    """Return the ids whose stored readiness is not what a recomputation gives."""
    right = ready.recompute(view.conn)
    stored = view.conn.execute(select(issues.c.id, issues.c.is_blocked))
    return [id for id, blocked in stored if bool(blocked) != right[id]]


def repair_readiness(change: Change) -> int:
    """Store the right readiness everywhere; return how many were wrong."""
    wrong = len(wrong_readiness(change))
    ready.refresh_all(change.conn)
    return wrong


def _top_levels(view: View) -> Counter[str]:
    every = view.conn.execute(select(issues.c.id)).scalars()
    return Counter(ids.prefix_of(id) for id in every if ids.parent_of(id) is None)


def wrong_counts(view: View) -> list[str]:
    """Return the prefixes of which fewer ids are known than exist: new ids would be too short."""
    stored = {row.prefix: row.issue_count for row in view.conn.execute(select(prefixes))}
    return [prefix for prefix, count in _top_levels(view).items() if stored.get(prefix, 0) < count]


def repair_counts(change: Change) -> None:
    """Count the ids of every prefix anew."""
    last = {row.prefix: row.last_number for row in change.conn.execute(select(prefixes))}
    counts = _top_levels(change)
    change.conn.execute(delete(prefixes))
    for prefix in sorted(counts.keys() | last.keys()):
        values = {"issue_count": counts[prefix], "last_number": last.get(prefix, 0)}
        change.conn.execute(insert(prefixes).values(prefix=prefix, **values))


def orphans(view: View) -> list[Dependency]:
    """Return the dependencies whose target should be in this store and is not."""
    there = select(issues.c.id)
    query = select(dependencies.c.issue_id).where(dependencies.c.depends_on_id.not_in(there)).distinct()
    suspects = list(view.conn.execute(query).scalars())
    known = set(view.conn.execute(there).scalars()) if suspects else set()
    every = [link for mine in view.edges(suspects).values() for link in mine]
    return [
        link
        for link in every
        if link.depends_on_id not in known and not links.is_elsewhere(view, link.depends_on_id)
    ]


def repair_orphans(change: Change) -> list[Dependency]:
    """Remove the dependencies that lead nowhere; return them."""
    found = orphans(change)
    for link in found:
        change.remove_dependency(link.issue_id, link.depends_on_id)
    return found


def pollution(view: View) -> list[Issue]:
    """Return the unsettled issues that look as if a test had left them."""
    return [
        issue for issue in view.find(Filter(ephemeral=False)) if _POLLUTION.fullmatch(issue.title.strip())
    ]


def duplicates(view: View) -> list[list[Issue]]:
    """Return groups of open issues that say the same: the most depended upon first, then the oldest."""
    groups: dict[tuple[str, ...], list[Issue]] = {}
    for issue in view.find(Filter(not_statuses=("closed",), ephemeral=False, templates=False)):
        said = (issue.title, issue.description, issue.design, issue.acceptance_criteria, issue.status)
        groups.setdefault(tuple(text.strip().lower() for text in said), []).append(issue)
    found = [group for group in groups.values() if len(group) > 1]
    counts = view.counts(issue.id for group in found for issue in group)
    return [
        sorted(group, key=lambda each: (-counts[each.id][1], each.created_at, each.id)) for group in found
    ]
