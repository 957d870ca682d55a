"""Deleting issues for good: what hangs on them goes too, and what speaks of them says that they are gone."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete as sql_delete
from sqlalchemy import or_, select, update

from beads import clock, filters, ids, ready, rows, shapes
from beads.changes import Change
from beads.queries import View
from beads.schema import SEARCH_COLUMNS, dependencies, events, issues, prefixes

UNDONE = "undone"


@dataclass(frozen=True)
class Deleted:
    """What a deletion removed, or would remove."""

    ids: list[str]
    dependencies: int
    labels: int
    events: int
    references: int
    orphaned: list[str]


def preview(view: View, wanted: Iterable[str], cascade: bool = False) -> Deleted:
    """Return what deleting these would remove; with `cascade`, everything that depends on them as well."""
    every = _with_dependents(view, wanted) if cascade else list(dict.fromkeys(wanted))
    counts = (dependencies.c.issue_id.in_(every), dependencies.c.depends_on_id.in_(every))
    gone = view.conn.execute(select(dependencies).where(or_(*counts))).all()
    orphaned = sorted({row.issue_id for row in gone} - set(every))
    logged = view.conn.execute(select(events.c.id).where(events.c.issue_id.in_(every))).all()
    labelled = sum(len(mine) for mine in view.labels_of(every).values())
    return Deleted(every, len(gone), labelled, len(logged), len(_mentioning(view, every)), orphaned)


def _with_dependents(view: View, wanted: Iterable[str]) -> list[str]:
    found: dict[str, None] = {}
    level = list(wanted)
    while level:
        found |= dict.fromkeys(level)
        level = [link.issue_id for id in level for link in view.dependents(id) if link.issue_id not in found]
    return list(found)


def delete(change: Change, wanted: Iterable[str], cascade: bool = False) -> Deleted:
    """Delete issues. Their last state is kept in the log, from which `bd undo` brings them back.

    :raises NotFound: when one does not exist; then none is deleted.
    """
    done = preview(change, wanted, cascade)
    for id in done.ids:
        change.get(id)
    rewrite(change, _mentioning(change, done.ids), {id: f"[deleted:{id}]" for id in done.ids})
    remove(change, done.ids)
    return done


def remove(change: Change, wanted: Iterable[str], kept: bool = True) -> None:
    """Delete issues that exist, and leave the texts of others as they are; what is not `kept` is not in the log."""
    every = list(wanted)
    affected: set[str] = set()
    for id in every:
        affected |= ready.affected_by_settling(change.conn, id)
        affected |= {link.issue_id for link in change.dependents(id)}
    for id in every:
        _delete_one(change, id, kept)
    ready.refresh(change.conn, affected - set(every))


def _delete_one(change: Change, issue_id: str, kept: bool) -> None:
    whole = snapshot(change, issue_id) if kept else None
    gone = or_(dependencies.c.issue_id == issue_id, dependencies.c.depends_on_id == issue_id)
    change.conn.execute(sql_delete(dependencies).where(gone))
    # What says that a change was undone stays: without it that change would be undone again.
    mine = events.c.issue_id == issue_id, events.c.event_type != UNDONE
    change.conn.execute(sql_delete(events).where(*mine))
    change.conn.execute(sql_delete(issues).where(issues.c.id == issue_id))
    if ids.parent_of(issue_id) is None:
        fewer = prefixes.c.issue_count - 1
        query = update(prefixes).where(
            prefixes.c.prefix == ids.prefix_of(issue_id), prefixes.c.issue_count > 0
        )
        change.conn.execute(query.values(issue_count=fewer))
    if whole is not None:
        change.record(issue_id, "deleted", old=json.dumps(whole, ensure_ascii=False))


def snapshot(view: View, issue_id: str) -> dict[str, Any]:
    """Return everything about an issue, as an export would say it, with the dependencies of others on it."""
    whole = shapes.issue(view.get(issue_id))
    whole["dependencies"] = [shapes.edge(link) for link in view.dependencies(issue_id)]
    whole["dependents"] = [shapes.edge(link) for link in view.dependents(issue_id)]
    whole["comments"] = [shapes.comment(said) for said in view.comments(issue_id)]
    return whole


def _mentioning(view: View, wanted: list[str]) -> list[str]:
    """Return the ids of other issues in whose texts these ids stand."""
    if not wanted:
        return []
    found: set[str] = set()
    for id in wanted:
        query = select(issues.c.id).where(
            issues.c.id.not_in(wanted),
            or_(*(filters.containing(issues.c[name], id) for name in SEARCH_COLUMNS)),
        )
        found |= set(view.conn.execute(query).scalars())
    pattern = mention(wanted)
    texts = view.many(found)
    return sorted(
        id
        for id, issue in texts.items()
        if any(pattern.search(getattr(issue, name)) for name in SEARCH_COLUMNS)
    )


def mention(wanted: Iterable[str]) -> re.Pattern[str]:
    """Return what finds these ids where they stand as whole words."""
    words = "|".join(re.escape(id) for id in sorted(wanted, key=len, reverse=True))
    return re.compile(rf"(?<![A-Za-z0-9_.:-])({words})(?![A-Za-z0-9_-]|\.\d)")


def rewrite(change: Change, mentioning: Iterable[str], renamed: Mapping[str, str]) -> None:
    """Replace ids in the texts of these issues."""
    pattern = mention(renamed)
    for id, issue in change.many(mentioning).items():
        new = {
            name: pattern.sub(lambda match: renamed[match[1]], getattr(issue, name))
            for name in SEARCH_COLUMNS
        }
        changed = {name: text for name, text in new.items() if text != getattr(issue, name)}
        if changed:
            values = {**rows.columns(changed), "updated_at": clock.stored(change.now)}
            change.conn.execute(update(issues).where(issues.c.id == id).values(**values))
            old = {name: getattr(issue, name) for name in changed}
            change.record(id, "updated", rows.dumps(old), rows.dumps(changed))
