"""Issues in the shape of a real export, made by a fixed rule: epics with children, blockers, labels, comments."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

PREFIX = "be"
_STATUSES = ("closed", "closed", "closed", "closed", "closed", "open", "open", "open", "hooked", "deferred")
_TYPES = (
    "task",
    "task",
    "task",
    "task",
    "bug",
    "feature",
    "chore",
    "merge-request",
    "agent",
    "event",
    "message",
)
_CHILDREN = 20
_NEAR = 2000


def records(count: int, tombstones: float = 0.0, seed: int = 1) -> Iterator[dict[str, Any]]:
    """Yield so many records, about two dependencies each; some of them of issues that are gone."""
    chance = random.Random(seed)
    for number in range(count):
        if chance.random() < tombstones:
            yield _tombstone(number)
        else:
            yield _record(number, count, chance)


def _id(number: int) -> str:
    return f"{PREFIX}-{number:05x}"


def _at(number: int) -> str:
    minute, second = divmod(number, 60)
    hour, minute = divmod(minute, 60)
    return f"2026-01-{1 + hour // 24:02d}T{hour % 24:02d}:{minute:02d}:{second:02d}.{number % 1000 * 997:06d}-08:00"


def _tombstone(number: int) -> dict[str, Any]:
    return _main(number, "tombstone", "task") | {
        "deleted_at": _at(number),
        "deleted_by": "batch",
        "delete_reason": "batch delete",
        "original_type": "task",
    }


def _main(number: int, status: str, kind: str) -> dict[str, Any]:
    return {
        "id": _id(number),
        "title": f"Bead {number}: naïve “do it” — <b>now</b>",
        "description": "## Steps\n\n1. read\n2. write\n" + "and so on " * (number % 40),
        "status": status,
        "priority": number % 5,
        "issue_type": kind,
        "created_at": _at(number),
        "updated_at": _at(number),
    }


def _record(number: int, count: int, chance: random.Random) -> dict[str, Any]:
    epic = number % _CHILDREN == 0
    # What is old is done, mostly.
    status = chance.choice(_STATUSES) if number < 0.8 * count else "open"
    found = _main(number, status, "epic" if epic else chance.choice(_TYPES) if number % 7 == 0 else "task")
    if status == "closed":
        found |= {"closed_at": _at(number), "close_reason": "done"}
    if number % 3 == 0:
        found["labels"] = [f"area-{number % 11}", "ünï"]
    if number % 10 == 0:
        said = {
            "id": str(number),
            "issue_id": found["id"],
            "author": "ann",
            "text": "Seen.",
            "created_at": _at(number),
        }
        found["comments"] = [said]
    if number:
        found["dependencies"] = [*_edges(number, chance)]
    return found


def _edges(number: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    step = _CHILDREN**2 if number % _CHILDREN == 0 else _CHILDREN
    ends = {number - number % step: "parent-child"} if number % step else {}
    if number % _CHILDREN:
        kinds = ("blocks", "related" if number % 50 else "discovered-from")[: 1 + (number % 9 == 1)]
        near = [chance.randrange(max(0, number - _NEAR), number) for _ in kinds]
        ends = {other: kind for other, kind in zip(near, kinds, strict=True) if other % _CHILDREN} | ends
    for other, kind in ends.items():
        yield {
            "issue_id": _id(number),
            "depends_on_id": _id(other),
            "type": kind,
            "created_at": _at(number),
            "created_by": "ann",
        }
