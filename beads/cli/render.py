"""Issues as lines for a person: short, plain when nobody is at a terminal, safe to print whatever a title holds."""

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import click

from beads.cli.call import current
from beads.cli.jsonl import as_json
from beads.text import fitted, safe, safe_block, width

_COLOURS = {"in_progress": "yellow", "hooked": "yellow", "blocked": "red", "closed": "bright_black"}
_LEAST = 20  # columns of a title that are shown on however narrow a terminal


def styled(text: str, **style: Any) -> str:
    """Colour text when somebody is at a terminal, and has not asked for none."""
    plain = not sys.stdout.isatty() or os.environ.get("NO_COLOR") or current().flags.get("no_color")
    return text if plain else click.style(text, **style)


@dataclass(frozen=True)
class Row:
    """An issue on a line of its own, so many steps to the right, with `more` after its title."""

    issue: Mapping[str, Any]
    depth: int = 0
    more: str = ""


def aligned(found: Iterable[Row], room: int | None = None) -> list[str]:
    """Return lines of id, priority, type, status and title, one below the other; titles are cut where `room` ends."""
    every = list(found)
    names = [f"{'  ' * row.depth}{safe(row.issue['id'])}" for row in every]
    wide = max(map(width, names), default=0)
    kinds, states = (
        max((len(row.issue[key]) for row in every), default=0) for key in ("issue_type", "status")
    )
    return [_line(row, name, wide, kinds, states, room) for row, name in zip(every, names, strict=True)]


def _line(row: Row, name: str, wide: int, kinds: int, states: int, room: int | None) -> str:
    issue = row.issue
    kind = f"P{issue['priority']}  {issue['issue_type']:<{kinds}}"
    state = styled(f"{issue['status']:<{states}}", fg=_COLOURS.get(issue["status"]))
    after = (f" @{safe(issue['assignee'])}" if issue.get("assignee") else "") + row.more
    title = safe(issue["title"])
    if room is not None:
        taken = wide + 2 + len(kind) + 2 + states + 2 + width(after)
        title = fitted(title, max(room - taken, _LEAST))
    return f"{styled(name, bold=True)}{' ' * (wide - width(name))}  {kind}  {state}  {title}{after}"


def line(issue: Mapping[str, Any], more: str = "") -> str:
    """Return one issue as one line, whole."""
    return aligned([Row(issue, more=more)])[0]


def terminal() -> int | None:
    """Return how many columns a line may take; None where nobody is at a terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def rows(found: Iterable[Row], none: str = "") -> None:
    """Print lines, cut to the terminal's width if there is one; or what to say when there are none."""
    for text in aligned(found, terminal()) or [none]:
        click.echo(text)


def lines(
    found: Iterable[Mapping[str, Any]], none: str, more: Callable[[Mapping[str, Any]], str] = lambda _: ""
) -> None:
    """Print issues, or what to say when there are none."""
    rows((Row(issue, more=more(issue)) for issue in found), none)


def tree(found: Iterable[dict[str, Any]], none: str) -> None:
    """Print issues, children below their parents as far as these are among them."""
    every = {each["id"]: each for each in found}
    children: dict[str | None, list[str]] = {}
    for each in every.values():
        parent = each.get("parent")
        children.setdefault(parent if parent in every else None, []).append(each["id"])
    stack = [(id, 0) for id in reversed(children.get(None, []))]
    shown = []
    while stack:
        id, depth = stack.pop()
        shown.append(Row(every.pop(id), depth))
        stack += [(child, depth + 1) for child in reversed(children.get(id, []))]
    rows([*shown, *map(Row, every.values())], none)  # the last are in a circle of parents


_PARTS = (
    ("description", "Description"),
    ("design", "Design"),
    ("acceptance_criteria", "Acceptance criteria"),
    ("notes", "Notes"),
    ("close_reason", "Closed because"),
)


def moment(text: str) -> str:
    """Return an instant of JSON as a person reads it."""
    return f"{text[:10]} {text[11:19]}Z"


def _names(values: Iterable[str]) -> str:
    return ", ".join(values)


_FACTS: tuple[tuple[str, Callable[[Any], str]], ...] = (
    *(("assignee", str), ("owner", str), ("parent", str), ("labels", _names), ("external_ref", str)),
    *((name, moment) for name in ("created_at", "updated_at", "started_at", "closed_at", "due_at")),
    *(("defer_until", moment), ("estimated_minutes", str), ("spec_id", str)),
    ("metadata", lambda value: as_json(value, None)),
)


def full(issue: dict[str, Any]) -> str:
    """Return one issue as a page."""
    page = [line(issue), *(f"  {name + ':':<18} {value}" for name, value in _facts(issue))]
    for key, heading in _PARTS:
        if issue.get(key):
            page += ["", styled(heading, bold=True), safe_block(issue[key])]
    page += _links("Depends on", issue.get("dependencies", ()))
    page += _links("Depended on by", issue.get("dependents", ()))
    for said in issue.get("comments", ()):
        page += ["", comment(said)]
    return "\n".join(page)


def _facts(issue: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key, shown in _FACTS:
        if issue.get(key):
            yield key.replace("_", " "), safe(shown(issue[key]))
    if issue.get("epic_total_children"):
        yield "children closed", f"{issue['epic_closed_children']} of {issue['epic_total_children']}"


def comment(said: Mapping[str, Any]) -> str:
    """Return what was said, by whom and when."""
    who = styled(f"{safe(said['author'])}, {moment(said['created_at'])}", bold=True)
    return f"{who}\n{safe_block(said['text'])}"


def pages(found: Iterable[dict[str, Any]]) -> None:
    """Print a page each, of issues as lists have them: what they depend on is not told there."""
    bare = ({key: value for key, value in each.items() if key != "dependencies"} for each in found)
    click.echo("\n\n".join(map(full, bare)))


def kind(linked: Mapping[str, Any]) -> str:
    """Return the type of a dependency, to follow the issue at its end."""
    return f"  ({safe(linked['dependency_type'])})"


def _links(heading: str, found: Iterable[Mapping[str, Any]]) -> list[str]:
    every = [Row(each, 1, kind(each)) for each in found]
    return ["", styled(heading, bold=True), *aligned(every)] if every else []
