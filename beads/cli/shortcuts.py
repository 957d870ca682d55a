"""`bd assign`, `priority`, `tag`, `unclaim`: verbs that are short for an update."""

from typing import Any

import click

from beads import shapes, words
from beads.cli import many, render
from beads.cli.call import current
from beads.cli.verb import Verb
from beads.errors import Invalid, Refused
from beads.text import safe


def _update(issue: str, what: str, **fields: Any) -> None:
    call = current()
    with call.writing() as change:
        done = shapes.issue(change.update(change.resolve(issue), **fields))
    call.touched(done["id"])
    if call.json:
        call.emit([done])
    else:
        click.echo(f"{what} {render.line(done)}")


@click.command(cls=Verb)
@click.argument("issue")
@click.argument("assignee")
def assign(issue: str, assignee: str) -> None:
    """Give an issue to somebody; the empty string takes it from whoever has it."""
    _update(issue, "assigned", assignee=assignee)


@click.command(cls=Verb)
@click.argument("issue")
@click.argument("level")
def priority(issue: str, level: str) -> None:
    """Say how urgent an issue is: 0-4 or P0-P4; 0 is the most urgent."""
    _update(issue, "updated", priority=words.priority(level))


@click.command(cls=Verb)
@click.argument("issue")
@click.argument("label")
def tag(issue: str, label: str) -> None:
    """Put a label on an issue."""
    call = current()
    with call.writing() as change:
        issue_id = change.resolve(issue)
        change.add_label(issue_id, label)
        done = shapes.issue(change.get(issue_id))
    if call.json:
        call.emit([done])
    else:
        click.echo("tagged " + render.line(done))


@click.command(cls=Verb)
@click.argument("ids", nargs=-1, required=True)
@click.option("-r", "--reason", default="", help="Why; kept as a comment.")
@click.option("--force", is_flag=True, help="Also what somebody else has.")
@click.option("--if-assignee", help="Only while this is whose it is.")
def unclaim(ids: tuple[str, ...], reason: str, force: bool, if_assignee: str | None) -> None:
    """Give back what was claimed: nobody's again, and open."""
    call = current()
    if if_assignee is not None and (force or not if_assignee.strip()):
        raise Invalid("--if-assignee needs a name, and excludes --force")
    with call.writing() as change:
        expected = if_assignee or change.actor

        def one(name: str) -> dict[str, Any]:
            before = change.get(change.resolve(name))
            if before.status != "in_progress":
                raise Refused(
                    f"{before.id} is not claimed: its status is {before.status}", f"bd show {before.id}"
                )
            if before.assignee != expected and not force:
                holder = safe(before.assignee) or "nobody"
                raise Refused(f"{before.id} is claimed by {holder}, not by {safe(expected)}", "ask first")
            if reason:
                change.add_comment(before.id, reason)
            return shapes.issue(change.update(before.id, status="open", assignee=""))

        done = many.each(call, ids, one)
    if call.json:
        call.emit(done)
    else:
        for each in done:
            click.echo("unclaimed " + render.line(each))
