"""Between rows and plain data: the store's texts and numbers on one side, `beads.model` on the other."""

import json
import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from beads import clock, schema
from beads.model import Comment, Dependency, Event, Issue

INSTANTS = frozenset(
    ("created_at", "updated_at", "started_at", "closed_at", "due_at", "defer_until", "compacted_at")
)
FLAGS = frozenset(("ephemeral", "no_history", "pinned", "is_template"))
DOCUMENTS = frozenset(("metadata", "bonded_from", "waiters"))
COLUMNS = tuple(column for column in schema.issues.c if column.name != "seq")
NAMES = tuple("type" if column.name == "issue_type" else column.name for column in COLUMNS)
_INSTANT_AT = tuple(i for i, name in enumerate(NAMES) if name in INSTANTS)
_BLOCKED_AT = NAMES.index("is_blocked")
_DOCUMENT_AT = tuple(i for i, name in enumerate(NAMES) if name in DOCUMENTS)
_WAITERS_AT = NAMES.index("waiters")


def issue(row: Row[Any], labels: Iterable[str] = ()) -> Issue:
    """Make an issue of a row that was selected as COLUMNS."""
    values = list(row)
    for i in _INSTANT_AT:
        if values[i] is not None:
            values[i] = datetime.fromisoformat(values[i])
    for i in _DOCUMENT_AT:
        if values[i] is not None:
            values[i] = json.loads(values[i])
    values[_WAITERS_AT] = tuple(values[_WAITERS_AT] or ())
    values[_BLOCKED_AT] = bool(values[_BLOCKED_AT])
    return Issue(**dict(zip(NAMES, values, strict=True)), labels=tuple(labels))


def columns(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the column values for fields of an issue."""
    return {"issue_type" if name == "type" else name: stored(name, value) for name, value in fields.items()}


def stored(name: str, value: Any) -> Any:
    """Return one field's value as its column keeps it."""
    if isinstance(value, datetime):
        return clock.stored(value)
    if name in DOCUMENTS:
        return None if value is None or value == () else dumps(value)
    return int(value) if name == "is_blocked" else value


def dumps(value: Any) -> str:
    """Write JSON compactly, its characters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def dependency(row: Row[Any]) -> Dependency:
    """Make a dependency of a row of its table."""
    return Dependency(**{**row._mapping, "created_at": datetime.fromisoformat(row.created_at)})


def comment(row: Row[Any]) -> Comment:
    """Make a comment of a row of its table."""
    return Comment(**{**row._mapping, "created_at": datetime.fromisoformat(row.created_at)})


def logged(row: Row[Any]) -> Event:
    """Make an event of a row of its table."""
    return Event(**{**row._mapping, "created_at": datetime.fromisoformat(row.created_at)})


def plain(value: Any) -> Any:
    """Return a field's value as JSON can carry it."""
    return clock.stored(value) if isinstance(value, datetime) else value


def new_comment_id(now: datetime) -> str:
    """Return a new id that sorts by time: milliseconds, then chance."""
    return f"{int(now.timestamp() * 1000):012x}-{secrets.token_hex(8)}"
