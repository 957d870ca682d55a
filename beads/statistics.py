"""Numbers about the whole store, from the same rules that the lists follow."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func as fn
from sqlalchemy import select

from beads import clock, database, filters, ready
from beads.errors import Invalid
from beads.filters import Filter
from beads.model import PARENT, SETTLED
from beads.queries import View
from beads.schema import dependencies as links
from beads.schema import events, issues, labels

ACTIVITY_HOURS = 24
GROUPS = ("status", "priority", "type", "assignee", "label")


def summary(view: View, wanted: Filter) -> dict[str, Any]:
    """Return how many issues are in which state; `ready` and `blocked` count what the verbs of that name list."""
    by_status = dict(grouped(view, wanted, "status"))
    pinned = view.count(_with(wanted, pinned=True))
    return {
        "total_issues": sum(by_status.values()),
        "open_issues": by_status.get("open", 0),
        "in_progress_issues": by_status.get("in_progress", 0),
        "closed_issues": by_status.get("closed", 0),
        "blocked_issues": _count(view, _with(wanted, templates=False), ready.BLOCKED),
        "deferred_issues": by_status.get("deferred", 0),
        "ready_issues": _rows(view, view.ready_query(wanted)),
        "pinned_issues": pinned,
        "epics_eligible_for_closure": sum(epic["eligible_for_close"] for epic in epics(view)),
        "average_lead_time_hours": _lead_time(view, wanted),
    }


def _with(wanted: Filter, **changes: Any) -> Filter:
    from dataclasses import replace

    return replace(wanted, **changes)


def _rows(view: View, query: Any) -> int:
    return int(view.conn.execute(select(fn.count()).select_from(query.subquery())).scalar_one())


def _count(view: View, wanted: Filter, condition: Any) -> int:
    query = filters.narrowed(select(fn.count()).select_from(issues).where(condition), wanted)
    return int(view.conn.execute(query).scalar_one())


def _lead_time(view: View, wanted: Filter) -> float:
    hours = database.hours_between(issues.c.created_at, issues.c.closed_at)
    query = filters.narrowed(select(fn.avg(hours)).where(issues.c.status == "closed"), wanted)
    return round(float(view.conn.execute(query).scalar() or 0), 2)


def activity(view: View, hours: int = ACTIVITY_HOURS) -> dict[str, int]:
    """Return how much was done lately."""
    since = clock.stored(view.now - timedelta(hours=hours))
    query = (
        select(events.c.event_type, fn.count())
        .where(events.c.created_at >= since)
        .group_by(events.c.event_type)
    )
    counts = {row[0]: int(row[1]) for row in view.conn.execute(query)}
    changed = sum(counts.get(kind, 0) for kind in ("updated", "status_changed", "claimed"))
    return {
        "hours_tracked": hours,
        "commit_count": 0,
        "issues_created": counts.get("created", 0),
        "issues_closed": counts.get("closed", 0),
        "issues_updated": changed,
        "issues_reopened": counts.get("reopened", 0),
        "total_changes": sum(counts.values()),
    }


def grouped(view: View, wanted: Filter, by: str) -> list[tuple[str, int]]:
    """Return how many issues have each status, priority, type, assignee or label.

    :raises Invalid: for anything else.
    """
    if by not in GROUPS:
        raise Invalid(f"issues cannot be counted by {by!r}", f"one of: {', '.join(GROUPS)}")
    column: Any = labels.c.label if by == "label" else issues.c["issue_type" if by == "type" else by]
    query = select(column, fn.count()).select_from(issues)
    if by == "label":
        query = query.join(labels, labels.c.issue_id == issues.c.id)
    query = filters.narrowed(query.group_by(column).order_by(column), wanted)
    return [(value, count) for value, count in view.conn.execute(query)]


def epics(view: View, eligible_only: bool = False) -> list[dict[str, Any]]:
    """Return the epics that are not closed, with how far each has come; `epic` holds the issue."""
    found = view.find(Filter(types=("epic",), not_statuses=("closed",), templates=False))
    counts = _children(view, [epic.id for epic in found])
    every = [
        {
            "epic": epic,
            "total_children": total,
            "closed_children": closed,
            "eligible_for_close": total > 0 and total == closed,
        }
        for epic in found
        for total, closed in (counts.get(epic.id, (0, 0)),)
    ]
    return [each for each in every if each["eligible_for_close"] or not eligible_only]


def _children(view: View, parents: Sequence[str]) -> dict[str, tuple[int, int]]:
    counts: dict[str, tuple[int, int]] = {}
    for chunk in ready.chunks(parents):
        query = (
            select(links.c.depends_on_id, issues.c.status, fn.count())
            .join(issues, issues.c.id == links.c.issue_id)
            .where(links.c.type == PARENT, links.c.depends_on_id.in_(chunk))
            .group_by(links.c.depends_on_id, issues.c.status)
        )
        for parent, status, count in view.conn.execute(query):
            total, closed = counts.get(parent, (0, 0))
            counts[parent] = total + count, closed + (count if status == "closed" else 0)
    return counts


def stale(view: View, days: int, status: str | None, limit: int | None) -> list[Any]:
    """Return unsettled issues that nobody has changed for so many days, the longest first."""
    wanted = Filter(
        statuses=(status,) if status else (),
        not_statuses=() if status else (*SETTLED, "deferred"),
        before={"updated_at": view.now - timedelta(days=days)},
        ephemeral=False,
        templates=False,
        sort="updated",
        reverse=True,
        limit=limit,
    )
    return view.find(wanted)


def label_counts(view: View) -> list[tuple[str, int]]:
    """Return every label with how many issues carry it."""
    query = select(labels.c.label, fn.count()).group_by(labels.c.label).order_by(labels.c.label)
    return [(name, count) for name, count in view.conn.execute(query)]
