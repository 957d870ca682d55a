"""`bd children`, `link`, `supersede`, `duplicate`, `duplicates`: issues among one another."""

from typing import TYPE_CHECKING, Any

import click

from beads import shapes
from beads.cli import render
from beads.cli.call import Call, current
from beads.cli.dep import join
from beads.cli.verb import Verb
from beads.errors import Invalid

if TYPE_CHECKING:
    from beads.model import Issue


@click.command(cls=Verb)
@click.argument("issue")
@click.option("--pretty", "ignored", is_flag=True, hidden=True)
def children(issue: str, ignored: bool) -> None:
    """List the children of an issue."""
    call = current()
    with call.reading() as view:
        found = shapes.counted(view, view.children(view.get(view.resolve(issue)).id), edges=False)
    if call.json:
        call.emit(found)
    else:
        render.lines(found, "no children")


@click.command(cls=Verb)
@click.argument("issue")
@click.argument("target")
@click.option("-t", "--type", "kind", default="blocks", help="blocks, related, …")
def link(issue: str, target: str, kind: str) -> None:
    """Let ISSUE depend on TARGET; the same as `bd dep add`."""
    call = current()
    with call.writing() as change:
        answer = join(change, issue, target, kind)
    _answer(call, answer, f"{answer['issue_id']} depends on {answer['depends_on_id']} ({answer['type']})")


@click.command(cls=Verb)
@click.argument("issue")
@click.option("--with", "successor", required=True, help="What takes its place.")
def supersede(issue: str, successor: str) -> None:
    """Close an issue because another one takes its place."""
    _replace(issue, successor, "supersedes", "superseded", "replacement", "Superseded by")


@click.command(cls=Verb)
@click.argument("issue")
@click.option("--of", "original", required=True, help="The one that stays.")
def duplicate(issue: str, original: str) -> None:
    """Close an issue because another one says the same."""
    _replace(issue, original, "duplicates", "duplicate", "canonical", "Duplicate of")


def _replace(issue: str, other: str, kind: str, name: str, other_name: str, why: str) -> None:
    call = current()
    with call.writing() as change:
        issue_id, other_id = change.resolve(issue), change.resolve(other)
        if issue_id == other_id:
            raise Invalid(f"{issue_id} cannot take its own place")
        change.add_dependency(issue_id, other_id, kind)
        change.close(issue_id, f"{why} {other_id}", force=True)
    _answer(
        call,
        {name: issue_id, other_name: other_id, "status": "closed"},
        f"closed {issue_id}: {why} {other_id}",
    )


def _answer(call: Call, answer: dict[str, Any], text: str) -> None:
    if call.json:
        call.emit(answer)
    else:
        call.say(text)


@click.command(cls=Verb)
@click.option("--auto-merge", is_flag=True, help="Close all but the first of each group.")
@click.option("--dry-run", is_flag=True, help="Only tell.")
def duplicates(auto_merge: bool, dry_run: bool) -> None:
    """Find open issues that say the same."""
    from beads import health

    call = current()
    merging = auto_merge and not dry_run
    with call.writing() if merging else call.reading() as view:
        groups = health.duplicates(view)
        if merging:
            for keep, *rest in groups:
                for each in rest:
                    view.close(each.id, f"Duplicate of {keep.id}", force=True)  # type: ignore[attr-defined]
        found = [_group(group) for group in groups]
    commands = [
        f"bd duplicate {source} --of {each['suggested_target']}"
        for each in found
        for source in each["suggested_sources"]
    ]
    answer: dict[str, Any] = {"duplicate_groups": len(found), "groups": found}
    answer |= {"merged": len(commands)} if merging else {"merge_commands": commands}
    if call.json:
        call.emit(answer)
        return
    for same in found:
        call.say(f"{same['suggested_target']} = {', '.join(same['suggested_sources'])}  {same['title']}")
    call.say(f"{len(found)} groups" + (", merged" if merging and found else ""))


def _group(group: "list[Issue]") -> dict[str, Any]:
    return {
        "title": group[0].title,
        "issues": [{**shapes.issue(each), "is_merge_target": each is group[0]} for each in group],
        "suggested_target": group[0].id,
        "suggested_sources": [each.id for each in group[1:]],
    }
