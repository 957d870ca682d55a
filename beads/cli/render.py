"""Issues as lines for a person: short, plain when nobody is at a terminal, safe to print whatever a title holds."""

import os
import sys
from collections.abc import Iterable
from typing import Any

import click

from beads.cli.call import current
from beads.text import safe, safe_block

_COLOURS = {"in_progress": "yellow", "hooked": "yellow", "blocked": "red", "closed": "bright_black"}


def styled(text: str, **style: Any) -> str:
    """Colour text when somebody is at a terminal, and has not asked for none."""
    plain = not sys.stdout.isatty() or os.environ.get("NO_COLOR") or current().flags.get("no_color")
    return text if plain else click.style(text, **style)


def line(issue: dict[str, Any], more: str = "") -> str:
    """Return one issue as one line: id, priority, type, status, title."""
    status = styled(f"{issue['status']:<11}", fg=_COLOURS.get(issue["status"]))
    assignee = f" @{safe(issue['assignee'])}" if issue.get("assignee") else ""
    head = f"{styled(safe(issue['id']), bold=True)}  P{issue['priority']}  {issue['issue_type']:<8}  {status}"
    return f"{head}  {safe(issue['title'])}{assignee}{more}"


def lines(found: Iterable[dict[str, Any]], none: str) -> None:
    """Print issues, or what to say when there are none."""
    every = list(found)
    for issue in every:
        click.echo(line(issue))
    if not every:
        click.echo(none)


def tree(found: Iterable[dict[str, Any]]) -> None:
    """Print issues, children below their parents as far as these are among them."""
    every = {each["id"]: each for each in found}
    children: dict[str | None, list[str]] = {}
    for each in every.values():
        parent = each.get("parent")
        children.setdefault(parent if parent in every else None, []).append(each["id"])
    stack = [(id, 0) for id in reversed(children.get(None, []))]
    while stack:
        id, depth = stack.pop()
        click.echo("  " * depth + line(every.pop(id)))
        stack += [(child, depth + 1) for child in reversed(children.get(id, []))]
    for each in every.values():  # a circle of parents
        click.echo(line(each))


_PARTS = (
    ("description", "Description"),
    ("design", "Design"),
    ("acceptance_criteria", "Acceptance criteria"),
    ("notes", "Notes"),
    ("close_reason", "Closed because"),
)
_FACTS = ("assignee", "owner", "created_at", "updated_at", "started_at", "closed_at", "due_at", "defer_until")


def full(issue: dict[str, Any]) -> str:
    """Return one issue as a page."""
    page = [line(issue)]
    page += [f"  {name.replace('_', ' ')}: {safe(str(issue[name]))}" for name in _FACTS if issue.get(name)]
    if issue.get("labels"):
        page.append(f"  labels: {safe(', '.join(issue['labels']))}")
    if issue.get("parent"):
        page.append(f"  parent: {safe(issue['parent'])}")
    for key, heading in _PARTS:
        if issue.get(key):
            page += ["", heading, safe_block(issue[key])]
    page += _links("Depends on", issue.get("dependencies", ()))
    page += _links("Depended on by", issue.get("dependents", ()))
    for said in issue.get("comments", ()):
        page += ["", f"{safe(said['author'])}, {said['created_at']}", safe_block(said["text"])]
    return "\n".join(page)


def pages(found: Iterable[dict[str, Any]]) -> None:
    """Print a page each, of issues as lists have them: what they depend on is not told there."""
    bare = ({key: value for key, value in each.items() if key != "dependencies"} for each in found)
    click.echo("\n\n".join(map(full, bare)))


def _links(heading: str, found: Iterable[dict[str, Any]]) -> list[str]:
    every = [f"  {safe(each['dependency_type'])}: {line(each)}" for each in found]
    return ["", heading, *every] if every else []
