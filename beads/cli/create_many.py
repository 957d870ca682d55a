"""`bd create --file` and `bd create --graph`: many issues at once, all of them or none."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from beads import outlines, shapes
from beads.cli import lint, render, texts
from beads.cli.call import Call
from beads.errors import BeadsError, Invalid
from beads.text import safe

if TYPE_CHECKING:
    from beads.model import Draft, Issue
    from beads.plans import Plan
    from beads.store import Change

_MARKDOWN = (".md", ".markdown")
# What may be said for all issues of a file.
_FOR_ALL_OF_FILE = frozenset(
    (
        "labels",
        "rig",
        "prefix",
        "parent",
        "no_inherit_labels",
        "ephemeral",
        "no_history",
        "mol_type",
        "validate",
    )
)
_FOR_ALL_OF_GRAPH = frozenset(("rig", "prefix", "ephemeral", "no_history"))

Drafter = Callable[["Change", str, dict[str, Any]], "Draft"]


class _DryRun(Exception):
    """Takes the transaction back."""


def _check_alone(given: dict[str, Any], flag: str, allowed: frozenset[str]) -> None:
    for name, value in given.items():
        if name not in allowed and value not in (None, False, ()):
            said = "a title" if name == "title" else f"--{name.replace('_', '-')}"
            raise click.UsageError(f"{said} cannot be given with {flag}: the file says it for each issue")


def from_markdown(
    call: Call, path: str, given: dict[str, Any], draft: Drafter, silent: bool, dry_run: bool
) -> None:
    """Make an issue of each `## Title` of a file."""
    _check_alone(given, "--file", _FOR_ALL_OF_FILE)
    found = outlines.read(_markdown(call, path))
    made: list[Issue] = []
    try:
        with call.writing() as change:
            made += [_outlined(call, change, each, given, draft) for each in found]
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass
    else:
        call.touched(made[-1].id)
    for each in found:
        for heading in each.unknown:
            call.note(f"{each.title!r}: the section {heading!r} is kept in the description")
    _answer(call, made, silent, dry_run)


def _markdown(call: Call, path: str) -> str:
    if ".." in Path(path).parts:
        raise Invalid(
            f"{safe(path)} leads upwards", "name a file below the current directory, or its whole path"
        )
    if Path(path).suffix.lower() not in _MARKDOWN:
        raise Invalid(f"{safe(path)} is not Markdown", f"its name must end with {' or '.join(_MARKDOWN)}")
    return texts.read_file(str(call.cwd / path))


def _outlined(
    call: Call, change: "Change", outline: outlines.Outline, given: dict[str, Any], draft: Drafter
) -> "Issue":
    said = outline.sections
    options = {
        **given,
        "issue_type": said.get("type"),
        "priority": said.get("priority"),
        "description": said.get("description"),
        "design": said.get("design"),
        "acceptance": said.get("acceptance"),
        "notes": said.get("notes"),
        "assignee": said.get("assignee"),
        "labels": (*given["labels"], *outline.words("labels")),
        "deps": outline.words("dependencies"),
    }
    try:
        issue = change.create(draft(change, outline.title, options))
        lint.check_new(call, change, issue, given["validate"])
        return issue
    except BeadsError as error:
        raise Invalid(
            f"line {outline.line}, {safe(outline.title[:60])!r}: {error.message}", error.hint
        ) from None


def _answer(call: Call, made: "list[Issue]", silent: bool, dry_run: bool) -> None:
    more = {"dry_run": True} if dry_run else {}
    if silent:
        for each in made:
            click.echo(each.id)
    elif call.json:
        call.emit([shapes.issue(each) | more for each in made])
    else:
        for each in made:
            click.echo(("would create " if dry_run else "created ") + render.line(shapes.issue(each)))


def from_graph(call: Call, path: str, given: dict[str, Any], silent: bool, dry_run: bool) -> None:
    """Make the nodes and edges of a plan."""
    from beads import plans

    _check_alone(given, "--graph", _FOR_ALL_OF_GRAPH)
    plan = plans.read(texts.read_file(path if path == "-" else str(call.cwd / path)))
    usual = {name: value for name, value in given.items() if name in _FOR_ALL_OF_GRAPH and value}
    usual["owner"] = call.owner
    if "prefix" in usual:
        usual["prefix"] = usual["prefix"].rstrip("-")
    made: dict[str, Issue] = {}
    try:
        with call.writing() as change:
            made |= plans.make(change, plan, usual)
            if dry_run:
                raise _DryRun
    except _DryRun:
        return _preview(call, plan, made)
    for note in plan.notes:
        call.note(note)
    ids = {key: issue.id for key, issue in made.items()}
    if silent:
        click.echo("\n".join(ids.values()))
    elif call.json:
        call.emit({"ids": ids})
    else:
        call.say(f"created {len(ids)} issues")
        for key, issue_id in ids.items():
            call.say(f"  {key} -> {issue_id}")
    return None


def _preview(call: Call, plan: "Plan", made: "dict[str, Issue]") -> None:
    rows = []
    for node in plan.nodes:
        issue = made[node.key]
        row = {
            "key": node.key,
            "id": node.fields.get("id", ""),
            "title": issue.title,
            "type": issue.type,
            "status": "" if issue.status == "open" else issue.status,
            "priority": issue.priority,
            "parent_key": node.parent_key,
            "parent_id": node.parent_id,
        }
        rows.append({name: value for name, value in row.items() if value != ""})
    counts = {"node_count": len(rows), "edge_count": len(plan.edges), "parent_deps": plan.parents}
    if call.json:
        return call.emit({"dry_run": True, **counts, "validation_notes": plan.notes, "nodes": rows})
    call.say(f"would create {len(rows)} issues, {len(plan.edges)} edges and {plan.parents} parents")
    for row in rows:
        below = row.get("parent_key") or row.get("parent_id")
        call.say(
            f"  {row['key']}  P{row['priority']}  {row['type']}  {row['title']}"
            + (f"  below {below}" if below else "")
        )
    for note in plan.notes:
        call.note(note)
    return None
