"""One record of an interchange file: checked field by field, and turned into what the store keeps."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from beads import clock, creation, ids, rows, words
from beads.errors import Invalid
from beads.model import DEPENDENCY_TYPES, MAX_WORD
from beads.text import safe

_TEXTS = frozenset(
    "description design acceptance_criteria notes spec_id assignee owner created_by close_reason closed_by_session "
    "external_ref source_system compacted_at_commit sender wisp_type await_type await_id source_formula "
    "source_location mol_type work_type event_kind actor target payload".split()
)
_NUMBERS = frozenset(("estimated_minutes", "compaction_level", "original_size", "timeout"))
_FLAGS = frozenset(("ephemeral", "no_history", "pinned", "is_template"))
_INSTANTS = frozenset(("started_at", "closed_at", "due_at", "defer_until", "compacted_at"))
_DOCUMENTS = frozenset(("metadata", "bonded_from", "waiters"))
_HANDLED = frozenset(
    "id title status priority issue_type created_at updated_at labels dependencies comments _type wisp".split()
)
# Said by exports and not kept: derived, or of columns that are gone.
_DROPPED = frozenset(
    "dependency_count dependent_count comment_count parent content_hash source_repo dependents deleted_at deleted_by "
    "delete_reason original_type schema_version id_prefix prefix".split()
)
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@:-]{0,254}")
_INT64 = 2**63
_MAX_COMMENT_ID = 64
# What Go writes for a time that was never set.
_NEVER = "0001-01-01T00:00:00Z"


@dataclass
class Record:
    """An issue as a file says it. `fields` are those of the model; edges are (target, values)."""

    id: str
    fields: dict[str, Any]
    labels: list[str] = field(default_factory=list)
    edges: list[dict[str, Any]] = field(default_factory=list)
    comments: list[dict[str, Any]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


def read(raw: Mapping[str, Any], now: datetime) -> Record:
    """Check one record.

    :raises Invalid: naming the field that is wrong.
    """
    found = _present(raw)
    known = _TEXTS | _NUMBERS | _FLAGS | _INSTANTS | _DOCUMENTS | _HANDLED | _DROPPED
    fields = _main(found, now)
    for name in _TEXTS & found.keys():
        fields[name] = words.checked(typed(found, name, str), name)
    for name in _NUMBERS & found.keys():
        fields[name] = typed(found, name, int)
    for name in _FLAGS & found.keys():
        fields[name] = typed(found, name, bool)
    for name in _INSTANTS & found.keys():
        fields[name] = _instant(found, name)
    for name in _DOCUMENTS & found.keys():
        fields[name] = _words(found, name) if name == "waiters" else found[name]
    if "wisp" in found:
        fields["ephemeral"] = typed(found, "wisp", bool)
    _settle(fields)
    issue_id = typed(found, "id", str)
    return Record(
        issue_id,
        fields,
        sorted({words.label(name) for name in _words(found, "labels")}),
        [_edge(each, issue_id, fields["created_at"]) for each in typed(found, "dependencies", list, [])],
        [_comment(each, issue_id, fields["created_at"]) for each in typed(found, "comments", list, [])],
        sorted(found.keys() - known),
    )


def _present(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is said, without what is said to be absent."""
    absent = {name for name in rows.INSTANTS & raw.keys() if raw[name] == _NEVER}
    return {name: value for name, value in raw.items() if value is not None and name not in absent}


def _main(found: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    issue_id = found.get("id")
    if not isinstance(issue_id, str) or not _ID.fullmatch(issue_id):
        raise Invalid(f"{safe(repr(issue_id)[:80])} is not an id")
    created = _instant(found, "created_at") if "created_at" in found else now
    priority = typed(found, "priority", int, 0)
    if priority not in range(5):
        raise Invalid(f"priority {priority} is not one of 0-4")
    return {
        "title": words.title(typed(found, "title", str)),
        "status": _word(found, "status", "open"),
        "type": _word(found, "issue_type", "task"),
        "priority": priority,
        "created_at": created,
        "updated_at": _instant(found, "updated_at") if "updated_at" in found else created,
    }


def _settle(fields: dict[str, Any]) -> None:
    """Make status and closing time agree, as older exports did not always."""
    if fields["status"] == "closed":
        fields.setdefault("closed_at", fields["updated_at"])
    else:
        fields.pop("closed_at", None)


def typed(found: Mapping[str, Any], name: str, kind: type, default: Any = None) -> Any:
    """Return a value of a JSON object that has to be of this kind.

    :raises Invalid: naming it, when it is of another, or missing and without a default.
    """
    value = found.get(name, default)
    right = isinstance(value, kind) and not (kind is int and isinstance(value, bool))
    if not right:
        raise Invalid(f"{name} is {_kind(value)}, not {_NAMES[kind]}")
    if kind is int and not -_INT64 <= value < _INT64:
        raise Invalid(f"{name} {_kind(value)} is beyond 64 bits")
    return value


_NAMES: dict[type, str] = {
    str: "text",
    int: "a whole number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}


def _kind(value: Any) -> str:
    return "missing" if value is None else f"{safe(json.dumps(value, default=str)[:60])}"


def _word(found: Mapping[str, Any], name: str, default: str) -> str:
    word: str = typed(found, name, str, default)
    if not 0 < len(word) <= MAX_WORD or not word.isprintable() or " " in word:
        raise Invalid(f"{name} {safe(word[:60])!r} is no word")
    return word


def _words(found: Mapping[str, Any], name: str) -> tuple[str, ...]:
    every = typed(found, name, list, [])
    for each in every:
        if not isinstance(each, str):
            raise Invalid(f"{name} has {_kind(each)}, which is not text")
    return tuple(every)


def _text(found: Mapping[str, Any], name: str, default: str | None = "") -> str:
    """Return a text that is neither half a character nor beyond all measure."""
    text: str = typed(found, name, str, default)
    creation.check_texts({name: text})
    return text


def _instant(found: Mapping[str, Any], name: str) -> datetime:
    try:
        return clock.parse(typed(found, name, str))
    except (ValueError, OverflowError):
        raise Invalid(f"{name} {safe(str(found[name])[:60])!r} is not a time") from None


def _edge(raw: Any, issue_id: str, created: datetime) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise Invalid(f"a dependency is {_kind(raw)}, not an object")
    found = _present(raw)
    target = _text(found, "depends_on_id", None)
    if not 0 < len(target) <= ids.MAX_ID:
        raise Invalid(f"depends_on_id {safe(target[:60])!r} must have 1 to {ids.MAX_ID} characters")
    metadata = found.get("metadata", "")
    kind = found.get("type") or found.get("dep_type") or DEPENDENCY_TYPES[0]
    return {
        "issue_id": issue_id,
        "depends_on_id": target,
        "type": words.dependency_type(typed({"type": kind}, "type", str)),
        "created_at": clock.stored(_instant(found, "created_at") if "created_at" in found else created),
        "created_by": _text(found, "created_by"),
        "metadata": metadata if isinstance(metadata, str) else rows.dumps(metadata),
        "thread_id": _text(found, "thread_id"),
    }


def _comment(raw: Any, issue_id: str, created: datetime) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise Invalid(f"a comment is {_kind(raw)}, not an object")
    found = _present(raw)
    number = found.get("id", "")
    known = isinstance(number, str | int) and not isinstance(number, bool)
    if not known or len(str(number)) > _MAX_COMMENT_ID:
        raise Invalid(f"a comment's id is {_kind(number)}, not a short text or a number")
    text, author = _text(found, "text", None), _text(found, "author")
    at = _instant(found, "created_at") if "created_at" in found else created
    made = ids.hash_of(issue_id, text, author, int(at.timestamp() * 1e6), 0, 8)
    return {
        "id": str(number) or made,
        "issue_id": issue_id,
        "author": author,
        "text": text,
        "created_at": clock.stored(at),
    }
