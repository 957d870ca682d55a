"""What clients read: issues and their kin as JSON objects, keys in upstream's order, empty ones left out."""

from collections.abc import Iterable
from typing import Any

from beads import clock
from beads.model import Comment, Dependency, Event, Issue
from beads.queries import View

# (JSON key, attribute), in the order of upstream's struct. The first ones are there even when empty.
_ALWAYS = frozenset(("id", "title", "status", "priority", "issue_type", "created_at", "updated_at"))
_KEYS = tuple(
    (name, "type" if name == "issue_type" else name)
    for name in (
        *("id", "title", "description", "design", "acceptance_criteria", "notes", "spec_id", "status"),
        *("priority", "issue_type", "assignee", "owner", "estimated_minutes", "created_at", "created_by"),
        *("updated_at", "started_at", "closed_at", "close_reason", "closed_by_session", "due_at"),
        *("defer_until", "external_ref", "source_system", "metadata", "compaction_level", "compacted_at"),
        *("compacted_at_commit", "original_size", "labels", "sender", "ephemeral", "no_history", "wisp_type"),
        *("pinned", "is_template", "bonded_from", "await_type", "await_id", "timeout", "waiters"),
        *("source_formula", "source_location", "mol_type", "work_type", "event_kind", "actor", "target"),
        "payload",
    )
)
_INSTANTS = frozenset(
    ("created_at", "updated_at", "started_at", "closed_at", "due_at", "defer_until", "compacted_at")
)


def issue(issue: Issue) -> dict[str, Any]:
    """Return an issue alone."""
    found: dict[str, Any] = {}
    for key, attribute in _KEYS:
        value = getattr(issue, attribute)
        if key in _INSTANTS:
            if value is not None:
                found[key] = clock.shown(value)
        elif key in _ALWAYS or (value is not None if key == "metadata" else value):
            found[key] = list(value) if isinstance(value, tuple) else value
    return found


def edge(dependency: Dependency) -> dict[str, Any]:
    """Return a dependency as it stands in an export."""
    found: dict[str, Any] = {
        "issue_id": dependency.issue_id,
        "depends_on_id": dependency.depends_on_id,
        "type": dependency.type,
        "created_at": clock.shown(dependency.created_at),
    }
    for key in ("created_by", "metadata", "thread_id"):
        if value := getattr(dependency, key):
            found[key] = value
    return found


def comment(comment: Comment) -> dict[str, Any]:
    """Return a comment."""
    return {
        "id": comment.id,
        "issue_id": comment.issue_id,
        "author": comment.author,
        "text": comment.text,
        "created_at": clock.shown(comment.created_at),
    }


def event(event: Event) -> dict[str, Any]:
    """Return an event."""
    found: dict[str, Any] = {
        "id": event.id,
        "issue_id": event.issue_id,
        "event_type": event.event_type,
        "actor": event.actor,
    }
    for key in ("old_value", "new_value", "comment"):
        if (value := getattr(event, key)) is not None:
            found[key] = value
    return {**found, "created_at": clock.shown(event.created_at)}


def counted(view: View, found: Iterable[Issue], edges: bool = True) -> list[dict[str, Any]]:
    """Return issues with their counts, parent and, unless told otherwise, raw dependencies."""
    every = list(found)
    wanted = [each.id for each in every]
    counts, parents = view.counts(wanted), view.parents(wanted)
    links = view.edges(wanted) if edges else {}
    return [_counted(each, counts[each.id], parents.get(each.id), links.get(each.id)) for each in every]


def _counted(
    each: Issue, counts: tuple[int, int, int], parent: str | None, links: list[Dependency] | None
) -> dict[str, Any]:
    found = issue(each)
    if links:
        found["dependencies"] = [edge(link) for link in links]
    names = ("dependency_count", "dependent_count", "comment_count")
    found |= dict(zip(names, counts, strict=True))
    return found | ({"parent": parent} if parent else {})


def linked(view: View, ends: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """Return the issues at the other ends of dependencies, each with its type; ends elsewhere are left out."""
    wanted = list(ends)
    found = view.many(id for id, _ in wanted)
    return [{**issue(found[id]), "dependency_type": kind} for id, kind in wanted if id in found]


def detailed(view: View, each: Issue) -> dict[str, Any]:
    """Return one issue with everything that hangs on it: both directions and all that was said.

    What was said belongs to it, since a board that redraws an issue from here would lose it otherwise.
    """
    found = counted(view, [each], edges=False)[0]
    below = linked(view, [(link.depends_on_id, link.type) for link in view.dependencies(each.id)])
    above = linked(view, [(link.issue_id, link.type) for link in view.dependents(each.id)])
    found |= {"dependencies": below} if below else {}
    found["dependents"] = above
    found["comments"] = [comment(said) for said in view.comments(each.id)]
    if each.type == "epic":
        found |= progress(view, each)
    return found


def progress(view: View, epic: Issue) -> dict[str, Any]:
    """Return how far an epic has come."""
    children = view.children(epic.id)
    closed = sum(child.status == "closed" for child in children)
    return {
        "epic_total_children": len(children),
        "epic_closed_children": closed,
        "epic_closeable": bool(children) and closed == len(children) and epic.status != "closed",
    }
