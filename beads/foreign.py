"""Issues as other programs write them, said the way ours are."""

import json
from typing import Any

from sqlalchemy import select

from beads import ids
from beads.errors import Invalid
from beads.model import MAX_TITLE_BYTES
from beads.queries import View
from beads.records import typed
from beads.schema import issues

SYSTEM = "github"
_CUT = "…"
_TYPES = {
    "bug": "bug",
    "enhancement": "feature",
    "feature": "feature",
    "epic": "epic",
    "documentation": "chore",
}


def is_github(raw: dict[str, Any]) -> bool:
    """Say whether this is an issue as `gh issue list --json …` writes it."""
    return ("id" not in raw and "number" in raw and "title" in raw) or "createdAt" in raw


def from_github(view: View, raw: dict[str, Any]) -> dict[str, Any]:
    """Return a GitHub issue as a record. The same number of the same repository meets the same issue again.

    :raises Invalid: when it has no number, or a field is of the wrong kind.
    """
    number = typed(raw, "number", int)
    said = {name: value for name, value in raw.items() if value is not None}
    names = [typed(each, "name", str) for each in _objects(said, "labels")]
    closed = typed(said, "state", str, "").upper() == "CLOSED"
    url = typed(said, "url", str, "")
    title, description = _fitting(typed(said, "title", str), typed(said, "body", str, ""))
    found = {
        "id": _id(view, number, url),
        "title": title,
        "description": description,
        "status": "closed" if closed else "open",
        "issue_type": next((_TYPES[name.lower()] for name in names if name.lower() in _TYPES), "task"),
        "priority": 2,
        "labels": names,
        "assignee": next((typed(each, "login", str) for each in _objects(said, "assignees")), ""),
        "created_by": _author(said),
        "created_at": said.get("createdAt"),
        "updated_at": said.get("updatedAt") or said.get("createdAt"),
        "closed_at": said.get("closedAt") if closed else None,
        "external_ref": f"gh-{number}",
        "source_system": SYSTEM,
        "metadata": {"github_url": url} if url else None,
    }
    return found | {"comments": [_comment(each) for each in _objects(said, "comments")]}


def _objects(said: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [typed({name: each}, name, dict) for each in typed(said, name, list, [])]


def _author(said: dict[str, Any]) -> str:
    # An account that was deleted is null.
    author = typed(said, "author", dict, {})
    return str(typed(author, "login", str, ""))


def _fitting(title: str, description: str) -> tuple[str, str]:
    """Return a title short enough for us; one that had to be cut stands whole before the description."""
    if len(title.encode()) <= MAX_TITLE_BYTES:
        return title, description
    cut = title.encode()[: MAX_TITLE_BYTES - len(_CUT.encode())].decode(errors="ignore")
    return cut + _CUT, f"{title}\n\n{description}"


def _comment(raw: dict[str, Any]) -> dict[str, Any]:
    said = {name: value for name, value in raw.items() if value is not None}
    return {
        "id": said.get("id"),
        "author": _author(said),
        "text": typed(said, "body", str, "") or "(empty)",
        "created_at": said.get("createdAt"),
    }


def _id(view: View, number: int, url: str) -> str:
    """Return the id that this issue has here already, or a new one."""
    known = select(issues.c.id, issues.c.metadata).where(
        issues.c.external_ref == f"gh-{number}", issues.c.source_system == SYSTEM
    )
    for issue_id, metadata in view.conn.execute(known.order_by(issues.c.id)):
        noted = json.loads(metadata or "{}")
        there = noted.get("github_url") if isinstance(noted, dict) else None
        if not (url and there) or url == there:
            return str(issue_id)
    # Made of what names it on GitHub alone, so that a file imported twice at once means the same issues.
    for nonce in range(100):
        issue_id = f"{view.prefix()}-{ids.hash_of(SYSTEM, str(number), url, 0, nonce, 6)}"
        if not view.exists(issue_id):
            return issue_id
    raise Invalid(f"no free id was found for GitHub issue {number}")
