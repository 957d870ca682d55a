"""Issues as other programs write them, said the way ours are."""

from typing import Any

from sqlalchemy import select

from beads import ids
from beads.errors import Invalid
from beads.queries import View
from beads.schema import issues

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
    """Return a GitHub issue as a record. The same number meets the same issue again.

    :raises Invalid: when it has no number.
    """
    number = raw.get("number")
    if not isinstance(number, int):
        raise Invalid("a GitHub issue has no number", "gh issue list --json number,title,body,state,labels,…")
    names = [each["name"] for each in raw.get("labels") or [] if isinstance(each, dict) and each.get("name")]
    closed = str(raw.get("state", "")).upper() == "CLOSED"
    found = {
        "id": _id(view, number, str(raw.get("title", ""))),
        "title": raw.get("title"),
        "description": raw.get("body") or "",
        "status": "closed" if closed else "open",
        "issue_type": next((_TYPES[name.lower()] for name in names if name.lower() in _TYPES), "task"),
        "priority": 2,
        "labels": names,
        "assignee": next((each["login"] for each in raw.get("assignees") or []), ""),
        "created_by": (raw.get("author") or {}).get("login", ""),
        "created_at": raw.get("createdAt"),
        "updated_at": raw.get("updatedAt") or raw.get("createdAt"),
        "closed_at": raw.get("closedAt") if closed else None,
        "external_ref": f"gh-{number}",
        "source_system": "github",
        "metadata": {"github_url": raw["url"]} if raw.get("url") else None,
    }
    return found | {"comments": [_comment(each) for each in raw.get("comments") or []]}


def _comment(raw: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": raw.get("id"),
        "author": (raw.get("author") or {}).get("login", ""),
        "text": raw.get("body") or "(empty)",
        "created_at": raw.get("createdAt"),
    }


def _id(view: View, number: int, title: str) -> str:
    known = select(issues.c.id).where(
        issues.c.external_ref == f"gh-{number}", issues.c.source_system == "github"
    )
    found = view.conn.execute(known).scalar()
    if found is not None:
        return str(found)
    # Made of the number alone, so that a file imported twice at once means the same issues.
    for nonce in range(100):
        issue_id = f"{view.prefix()}-{ids.hash_of('github', str(number), title, 0, nonce, 6)}"
        if not view.exists(issue_id):
            return issue_id
    raise Invalid(f"no free id was found for GitHub issue {number}")
