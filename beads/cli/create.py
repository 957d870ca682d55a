"""`bd create` and `bd q`: file an issue."""

from typing import TYPE_CHECKING, Any

import click

from beads import shapes, words
from beads.cli import fields, lint, render, texts
from beads.cli.call import Call, current
from beads.cli.verb import Verb
from beads.errors import Refused
from beads.model import DEPENDENCY_TYPES, WAITS_FOR, Draft, Issue
from beads.text import safe

if TYPE_CHECKING:
    from beads.store import Change, View

_FORWARD = ("depends-on", "blocked-by")


class _DryRun(Exception):
    """Takes the transaction back, with what it would have made."""

    def __init__(self, issue: Issue) -> None:
        self.issue = issue


@click.command(cls=Verb)
@click.argument("words_of_title", nargs=-1, metavar="[TITLE]")
@click.option("--title", help="The title, when not given as argument.")
@click.option("--rig", help="File it for this rig: its id begins with the rig's prefix.")
@click.option("-l", "--labels", "--label", multiple=True, help="Labels; comma list or repeated.")
@click.option("--deps", multiple=True, help="What it depends on: ID, or TYPE:ID; `blocks:ID` holds ID up.")
@click.option("--parent", help="Make it a child of this issue.")
@click.option("--no-inherit-labels", is_flag=True, help="Do not take over the parent's labels.")
@click.option("--id", "issue_id", help="Give it this id.")
@click.option("--prefix", help="Begin its id with this.")
@click.option("--waits-for", help="Wait until the children of this issue are closed.")
@click.option(
    "--waits-for-gate", type=click.Choice(["all-children", "any-children"]), help="… or any one of them."
)
@click.option("--ephemeral", is_flag=True, help="A wisp: never exported.")
@click.option("--no-history", is_flag=True, help="Keep no history of it.")
@click.option("--silent", is_flag=True, help="Print only the id.")
@click.option("--dry-run", is_flag=True, help="Check everything, and make nothing.")
@click.option("-f", "--file", help="File an issue for each `## Title` of a Markdown file.")
@click.option("--graph", metavar="FILE", help="File the nodes and edges of a JSON plan; - is stdin.")
@click.option("-s", "--status", help="Its status, when not open.")
@click.option("--validate", is_flag=True, help="Refuse it when it lacks what its type should say.")
@click.option("--force", is_flag=True, help="Take an --id that begins with another prefix.")
@click.option("--repo", type=click.Path(), help="File it in the store of this directory.")
@fields.field_options
def create(
    words_of_title: tuple[str, ...], title: str | None, file: str | None, graph: str | None, **given: Any
) -> None:
    """File an issue, or all the issues of a file."""
    call = current()
    if repo := given.pop("repo"):
        call.flags["directory"] = str(call.cwd / repo)
    call.owner  # noqa: B018 asks git, which is slow, so before anybody has to wait for this transaction
    silent, dry_run = given.pop("silent"), given.pop("dry_run")
    if file is not None or graph is not None:
        given["title"] = " ".join(words_of_title) or title
        return _create_many(call, file, graph, given, silent, dry_run)
    try:
        with call.writing() as change:
            issue = change.create(_draft(change, _title(words_of_title, title), given))
            lint.check_new(call, change, issue, given["validate"])
            _wait(change, issue, given)
            if dry_run:
                raise _DryRun(issue)
    except _DryRun as dry:
        issue = dry.issue
    else:
        call.touched(issue.id)
    return _answer(call, issue, silent, dry_run)


def _create_many(
    call: Call, file: str | None, graph: str | None, given: dict[str, Any], silent: bool, dry_run: bool
) -> None:
    from beads.cli import create_many

    if file is not None and graph is not None:
        raise click.UsageError("--file and --graph exclude each other")
    if file is not None:
        create_many.from_markdown(call, file, given, _draft, silent, dry_run)
    else:
        create_many.from_graph(call, str(graph), given, silent, dry_run)


def _title(positional: tuple[str, ...], option: str | None) -> str:
    if option is not None and positional:
        raise click.UsageError("the title is given twice, as argument and as --title")
    title = option if option is not None else " ".join(positional)
    if not positional and option is None:
        raise click.UsageError("a title is needed")
    return title


def _draft(change: "Change", title: str, given: dict[str, Any]) -> Draft:
    given = {**given, **_links(change, given["deps"])}
    parent = given.pop("parent")
    more = {
        "title": title,
        "labels": texts.joined(given.pop("labels")),
        "parent": change.resolve(parent) if parent else "",
        "inherit_labels": not given.pop("no_inherit_labels"),
        "id": given.pop("issue_id") or "",
        "rig": given.pop("rig") or "",
        "prefix": (given.pop("prefix") or "").rstrip("-"),
        "depends_on": given.pop("depends_on"),
        "blocks": given.pop("blocks"),
        "ephemeral": given.pop("ephemeral"),
        "no_history": given.pop("no_history"),
    }
    if more["id"] and not given["force"]:
        _check_prefix(change, more["id"])
    for name in ("deps", "waits_for", "waits_for_gate", "validate", "force", "title"):
        given.pop(name, None)
    notes = given.pop("append_notes")
    values = fields.fields(given, change.now)
    if notes:
        values["notes"] = notes
    values["owner"] = current().owner
    return Draft(**more, **values, infix="wisp" if more["ephemeral"] else "")


def _check_prefix(view: "View", issue_id: str) -> None:
    """Take an id for a slip of the hand when nothing here begins so, and nothing here waits for it."""
    from beads.ids import is_id
    from beads.links import id_prefixes

    known = id_prefixes(view)
    ours = any(issue_id.startswith(f"{prefix}-") for prefix in known)
    if is_id(issue_id) and not ours and not view.dependents(issue_id):
        raise Refused(
            f"{safe(issue_id)} begins with none of this store's prefixes: {', '.join(sorted(known))}",
            "say --force if it is meant",
        )


def _links(view: "View", deps: tuple[str, ...]) -> dict[str, Any]:
    """Read `ID`, `depends-on:ID`, `blocked-by:ID` (it is held up), `blocks:ID` (it holds up), `type:ID`."""
    from beads.links import resolve_target

    depends_on, blocks = [], []
    for entry in texts.joined(deps):
        kind, colon, target = entry.partition(":")
        if not colon or kind == "external":
            kind, target = "depends-on", entry
        target = resolve_target(view, target.strip())
        if kind == "blocks":
            blocks.append(target)
        elif kind in _FORWARD:
            depends_on.append((target, "blocks"))
        elif kind in DEPENDENCY_TYPES:
            depends_on.append((target, kind))
        else:
            raise words.unknown("dependency type", kind, ("depends-on", "blocked-by", *DEPENDENCY_TYPES))
    return {"depends_on": tuple(depends_on), "blocks": tuple(blocks)}


def _wait(change: "Change", issue: Issue, given: dict[str, Any]) -> None:
    if given["waits_for"]:
        gate = given["waits_for_gate"] or "all-children"
        change.add_dependency(issue.id, change.resolve(given["waits_for"]), WAITS_FOR, f'{{"gate":"{gate}"}}')


def _answer(call: Call, issue: Issue, silent: bool, dry_run: bool) -> None:
    if silent:
        click.echo(issue.id)
    elif call.json:
        call.emit(shapes.issue(issue) | ({"dry_run": True} if dry_run else {}))
    else:
        click.echo(("would create " if dry_run else "created ") + render.line(shapes.issue(issue)))


@click.command(cls=Verb)
@click.argument("title", nargs=-1, required=True)
@click.option("-p", "--priority", default="2", help="0-4 or P0-P4.")
@click.option("-t", "--type", "issue_type", default="task", help="bug, feature, task, …")
@click.option("-l", "--labels", "--label", multiple=True, help="Labels; comma list or repeated.")
@click.option("--parent", help="Make it a child of this issue.")
def quick(
    title: tuple[str, ...], priority: str, issue_type: str, labels: tuple[str, ...], parent: str | None
) -> None:
    """File an issue and print only its id."""
    call = current()
    owner = call.owner
    with call.writing() as change:
        issue = change.create(
            Draft(
                title=" ".join(title),
                type=issue_type,
                priority=words.priority(priority),
                labels=texts.joined(labels),
                parent=change.resolve(parent) if parent else "",
                owner=owner,
            )
        )
    call.touched(issue.id)
    click.echo(issue.id)
