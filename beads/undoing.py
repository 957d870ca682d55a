"""Taking back the last change of an actor, from the log of what was done."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy import func as fn

from beads import clock, deletion, interchange, links, rows, shapes
from beads.changes import Change
from beads.deletion import UNDONE
from beads.errors import NotFound, Refused
from beads.model import Event
from beads.rows import INSTANTS
from beads.schema import comments, events

_FIELDS = frozenset(("updated", "status_changed", "claimed", "closed", "reopened"))


def last(change: Change, actor: str) -> list[Event]:
    """Return the events of the actor's last change that was not undone yet.

    :raises NotFound: when there is none.
    """
    query = select(fn.max(events.c.change)).where(
        events.c.actor == actor, events.c.change.not_in(_settled(change))
    )
    number = change.conn.execute(query).scalar()
    if number is None:
        raise NotFound(f"{actor} has changed nothing that could be undone", "bd history ID")
    found = change.conn.execute(select(events).where(events.c.change == number).order_by(events.c.id))
    return [rows.logged(row) for row in found]


def _settled(change: Change) -> set[int]:
    """Return the changes that were undone, and those that did it."""
    query = select(events.c.old_value, events.c.change).where(events.c.event_type == UNDONE)
    return {int(number) for row in change.conn.execute(query) for number in row}


def undo(change: Change, actor: str) -> list[Event]:
    """Take back the actor's last change; return what was taken back.

    :raises Refused: when somebody has changed the same issues since, or a kind of event cannot be taken back.
    """
    found = last(change, actor)
    for event in found:
        _check_untouched(change, event, found[-1].id)
    for event in reversed(found):
        _undo_one(change, event)
    change.record(found[0].issue_id, UNDONE, old=str(found[0].change))
    return found


def _check_untouched(change: Change, event: Event, last_id: int) -> None:
    query = select(events.c.actor).where(
        events.c.issue_id == event.issue_id, events.c.id > last_id, events.c.change.not_in(_settled(change))
    )
    later = change.conn.execute(query).scalar()
    if later is not None:
        since = f"{event.issue_id} was changed again since, by {later}"
        raise Refused(since, f"see what was done: bd history {event.issue_id}")


def _undo_one(change: Change, event: Event) -> None:
    if event.comment == "imported":
        raise Refused("an import cannot be undone", "bd history ID")
    speaking = event.event_type in _FIELDS or event.event_type == "dependency_removed"
    old = json.loads(event.old_value) if event.old_value and speaking else {}
    match event.event_type:
        case "created":
            _unmake(change, event.issue_id)
        case "deleted":
            _restore(change, json.loads(event.old_value or "{}"))
        case kind if kind in _FIELDS:
            change.restore(event.issue_id, {name: _value(name, value) for name, value in old.items()})
        case "label_added":
            change.remove_label(event.issue_id, event.new_value or "")
        case "label_removed":
            change.add_label(event.issue_id, event.old_value or "")
        case "dependency_added":
            target = json.loads(event.new_value or "{}")["depends_on_id"]
            if (
                links.existing(change.conn, event.issue_id, target) is not None
            ):  # else it went with its target
                change.remove_dependency(event.issue_id, target)
        case "dependency_removed":
            _put_back(change, old)
        case "commented":
            said = comments.c.text == event.comment, comments.c.created_at == clock.stored(event.created_at)
            change.conn.execute(delete(comments).where(comments.c.issue_id == event.issue_id, *said))
        case other:
            raise Refused(f"a change of the kind {other!r} cannot be undone", f"bd history {event.issue_id}")


def _value(name: str, value: Any) -> Any:
    if name == "waiters":
        return tuple(value)
    return datetime.fromisoformat(value) if name in INSTANTS and value is not None else value


def _unmake(change: Change, issue_id: str) -> None:
    """Delete an issue as if it had never been: what depended on its id before it was made still does."""
    made = change.get(issue_id).created_at
    dependents = change.dependents(issue_id)
    for link in dependents:
        if link.created_at >= made:
            raise Refused(f"{link.issue_id} depends on {issue_id} by now", f"bd dep list {link.issue_id}")
    deletion.remove(change, [issue_id])
    for link in dependents:
        change.restore_dependency(shapes.edge(link))


def _restore(change: Change, snapshot: dict[str, Any]) -> None:
    edges = [*snapshot.pop("dependencies", []), *snapshot.pop("dependents", [])]
    interchange.load(change, [{**snapshot, "\0where": snapshot["id"]}])
    for edge in edges:
        _put_back(change, edge)


def _put_back(change: Change, edge: dict[str, Any]) -> None:
    """Restore a dependency, unless one of its ends has gone since."""
    if change.exists(edge["issue_id"]) and (
        change.exists(edge["depends_on_id"]) or links.is_elsewhere(change, edge["depends_on_id"])
    ):
        change.restore_dependency(edge)
