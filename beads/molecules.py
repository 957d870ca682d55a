"""Molecules: work poured from a template, with what varies filled in; and wisps, those that are soon forgotten.

A template is an issue, marked as such, with steps below it. What is poured from it is a tree of its own whose
root has the type `molecule`, and which closes with its last step. A wisp is one that is never exported.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from beads import ids, words
from beads.changes import Change
from beads.errors import Ambiguous, Invalid, NotFound
from beads.filters import Filter
from beads.model import PARENT, Dependency, Draft, Issue
from beads.queries import View
from beads.text import safe

MOLECULE, WISP = ids.INFIXES
LABEL = "template"  # how upstream's exports mark one
_VARIABLE = re.compile(r"\{\{([A-Za-z_][A-Za-z0-9_]*)\}\}")
_TEXTS = ("title", "description", "design", "acceptance_criteria", "notes", "await_id")
_COPIED = (
    *("type", "priority", "assignee", "estimated_minutes", "metadata", "spec_id", "await_type", "timeout"),
    *("waiters", "mol_type", "work_type", "wisp_type"),
)
_SHOWN = 10


@dataclass(frozen=True)
class Poured:
    """What was made: its root, and what each part of the template has become."""

    root: str
    parts: dict[str, str]


def is_molecule(issue: Issue) -> bool:
    """Say whether an issue is the root or a part of something poured."""
    return issue.type == "molecule" or issue.ephemeral or ids.prefix_of(issue.id) != ids.home_of(issue.id)


def is_template(issue: Issue) -> bool:
    """Say whether something can be poured from an issue."""
    return issue.is_template or LABEL in issue.labels


def members(view: View, root: str) -> list[Issue]:
    """Return an issue and everything below it, parents before their children, siblings in the order made."""
    found = view.many([root, *view.descendants(root)])
    below: dict[str, list[Issue]] = {}
    for child, parent in view.parents(found).items():
        below.setdefault(parent, []).append(found[child])
    order: list[Issue] = []
    stack = [view.get(root)]
    while stack:
        order.append(stack.pop())
        children = sorted(
            below.get(order[-1].id, ()), key=lambda each: (each.created_at, len(each.id), each.id)
        )
        stack += [each for each in reversed(children) if each.id != root]
    return order


def inner_links(view: View, parts: Iterable[Issue]) -> list[Dependency]:
    """Return the dependencies of which both ends are among these."""
    inside = [part.id for part in parts]
    every = view.edges(inside)
    return [link for id in inside for link in every.get(id, ()) if link.depends_on_id in set(inside)]


# templates


def templates(view: View) -> list[Issue]:
    """Return what can be poured: templates that are no part of another one."""
    marked = {each.id: each for each in view.find(Filter(templates=True))}
    marked |= {each.id: each for each in view.find(Filter(labels=(LABEL,), not_statuses=("closed",)))}
    parents = view.parents(marked)
    return [each for each in marked.values() if parents.get(each.id) not in marked]


def template(view: View, name: str) -> Issue:
    """Return a template by its id, or by its title or a part of that.

    :raises NotFound: when there is none. :raises Ambiguous: when several have that in their title.
    :raises Invalid: when the issue of that id is no template.
    """
    try:
        named = view.get(view.resolve(name))
    except NotFound:
        named = None
    if named is not None and is_template(named):
        return named
    wanted, known = name.strip().lower(), templates(view)
    found = [each for each in known if each.title.strip().lower() == wanted]
    found = found or [each for each in known if wanted and wanted in each.title.lower()]
    if len(found) > 1:
        listed = ", ".join(each.id for each in found[:_SHOWN])
        raise Ambiguous(f"{safe(name)!r} is in the title of {len(found)} templates: {listed}", "give an id")
    if found:
        return found[0]
    if named is not None:
        raise Invalid(f"{named.id} is no template", f"make it one: bd update {named.id} --template")
    raise NotFound(f"there is no template {safe(name)!r}", "see what there is: bd mol list")


def variables(parts: Iterable[Issue]) -> list[str]:
    """Return the names of what varies, in the order of their first appearance."""
    texts = (getattr(part, name) for part in parts for name in _TEXTS)
    return list(dict.fromkeys(name for text in texts for name in _VARIABLE.findall(text)))


def check_values(parts: Iterable[Issue], values: Mapping[str, str]) -> None:
    """Refuse to pour while a variable has no value, or a value no variable.

    :raises Invalid: saying which.
    """
    known = variables(parts)
    if missing := [name for name in known if name not in values]:
        told = " ".join(f"--var {name}=…" for name in missing)
        raise Invalid(f"{len(missing)} variables have no value: {', '.join(missing)}", told)
    for name in values:
        if name not in known:
            raise words.unknown("variable", name, known)


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return a text with its variables replaced; what a value itself says in braces stays as it is."""
    return _VARIABLE.sub(lambda match: values.get(match[1], match[0]), text)


# pouring


def pour(
    change: Change,
    source: str,
    values: Mapping[str, str],
    wisp: bool = False,
    assignee: str = "",
    root_only: bool = False,
) -> Poured:
    """Make a molecule from a template, or a wisp; `root_only` leaves out the steps.

    :raises Invalid: when a variable has no value.
    """
    parts = members(change, source)[: 1 if root_only else None]
    check_values(parts, values)
    links = inner_links(change, parts)
    parents = {link.issue_id: link.depends_on_id for link in reversed(links) if link.type == PARENT}
    made: dict[str, str] = {}
    for part in parts:
        parent = made.get(parents.get(part.id, ""), "")
        draft = _copy(part, values, wisp, parent)
        if part.id == source:
            draft |= {"type": "molecule", "source_formula": source, "prefix": ids.home_of(source)}
            draft |= {"assignee": assignee} if assignee else {}
        made[part.id] = change.create(Draft(**draft)).id
    for link in links:
        ends = made[link.issue_id], made[link.depends_on_id]
        if link.type != PARENT or parents[link.issue_id] != link.depends_on_id:
            change.add_dependency(*ends, link.type, link.metadata)
    return Poured(made[source], made)


def _copy(part: Issue, values: Mapping[str, str], wisp: bool, parent: str) -> dict[str, Any]:
    found = {name: getattr(part, name) for name in _COPIED}
    found |= {name: filled(getattr(part, name), values) for name in _TEXTS}
    found["labels"] = tuple(label for label in part.labels if label != LABEL)
    return found | {
        "parent": parent,
        "inherit_labels": False,
        "ephemeral": wisp,
        "infix": WISP if wisp else MOLECULE,
    }


# working on one


@dataclass(frozen=True)
class Progress:
    """How far a molecule has come: each step with `done`, `current`, `ready`, `blocked` or `pending`."""

    root: Issue
    steps: list[tuple[Issue, str]]

    def first(self, standing: str) -> Issue | None:
        """Return the first step of this standing."""
        return next((step for step, mine in self.steps if mine == standing), None)


_STANDINGS = {"closed": "done", "in_progress": "current", "hooked": "current", "blocked": "blocked"}


def progress(view: View, root: str) -> Progress:
    """Return how far a molecule has come."""
    first, *steps = members(view, root)
    return Progress(first, [(step, _standing(step)) for step in steps])


def _standing(step: Issue) -> str:
    ready = "ready" if step.status == "open" and not step.is_blocked else "pending"
    return _STANDINGS.get(step.status, ready)


def worked_on(view: View, assignee: str) -> list[str]:
    """Return the roots of the molecules that somebody works on, or else has hooked."""
    for status in ("in_progress", "hooked"):
        mine = view.find(Filter(statuses=(status,), assignee=assignee))
        found = view.many(_top(view, issue.id) for issue in mine)
        roots = [root.id for root in found.values() if is_molecule(root) or root.type == "epic"]
        if roots:
            return sorted(roots)
    return []


def _top(view: View, issue_id: str) -> str:
    seen = {issue_id}
    while (above := view.parent(issue_id)) is not None and above not in seen:
        issue_id = above
        seen.add(above)
    return issue_id


def checked(view: View, name: str) -> Issue:
    """Return a molecule by its id.

    :raises Invalid: when the issue is none.
    """
    found = view.get(view.resolve(name))
    if not is_molecule(found):
        raise Invalid(f"{found.id} is no molecule but a {found.type}", f"bd show {found.id}")
    return found
