"""`bd update`."""

from typing import TYPE_CHECKING, Any

import click

from beads import shapes
from beads.cli import fields, many, render, texts
from beads.cli.call import current
from beads.cli.verb import Verb
from beads.errors import Invalid

if TYPE_CHECKING:
    from beads.model import Issue
    from beads.store import Change


@click.command(cls=Verb)
@click.argument("ids", nargs=-1)
@click.option("--claim", is_flag=True, help="Take it: assignee me, in progress; only one caller gets it.")
@click.option("-s", "--status", help="open, in_progress, blocked, hooked, deferred, closed, …")
@click.option("--title", help="A new title.")
@click.option("--add-label", multiple=True, help="Put these labels on.")
@click.option("--remove-label", multiple=True, help="Take these labels off.")
@click.option("-l", "--set-labels", "--labels", multiple=True, help="Leave exactly these labels.")
@click.option("--parent", help="Put it below this issue; empty takes it out.")
@click.option("--set-metadata", multiple=True, metavar="KEY=VALUE", help="Set one key of the metadata.")
@click.option("--unset-metadata", multiple=True, metavar="KEY", help="Remove one key of the metadata.")
@click.option("--ephemeral", is_flag=True, help="Make it a wisp.")
@click.option("--persistent", is_flag=True, help="Make it no wisp.")
@click.option("--no-history", is_flag=True, help="Keep no history of it.")
@click.option("--history", is_flag=True, help="Keep a history of it again.")
@click.option("--session", help="The session that closes it.")
@click.option("--allow-empty-description", is_flag=True, help="Take an empty file for the description.")
@fields.field_options
def update(ids: tuple[str, ...], claim: bool, **given: Any) -> None:
    """Change issues; without an id, the one last touched."""
    call = current()
    if not claim and not any(value not in (None, False, ()) for value in given.values()):
        click.echo("No updates specified")
        return
    with call.writing() as change:
        names = many.named(call, change, ids)
        done = many.each(call, names, lambda name: _one(change, change.resolve(name), claim, dict(given)))
        shown = [shapes.issue(issue) for issue in done]
    call.touched(shown[-1]["id"])
    if call.json:
        call.emit(shown)
    else:
        for each in shown:
            click.echo("updated " + render.line(each))


def _one(change: "Change", issue_id: str, claim: bool, given: dict[str, Any]) -> "Issue":
    # One issue changes wholly or not at all, though others of the same call may have succeeded.
    with change.conn.begin_nested():
        if claim:
            change.claim(issue_id)
        _labels(change, issue_id, given)
        parent = given.pop("parent")
        if parent is not None:
            change.set_parent(issue_id, change.resolve(parent) if parent else "")
        return change.update(issue_id, **_values(change, issue_id, given))


def _labels(change: "Change", issue_id: str, given: dict[str, Any]) -> None:
    if replaced := given.pop("set_labels"):
        change.set_labels(issue_id, texts.joined(replaced))
    for name in texts.joined(given.pop("add_label")):
        change.add_label(issue_id, name)
    for name in texts.joined(given.pop("remove_label")):
        change.remove_label(issue_id, name)


def _values(change: "Change", issue_id: str, given: dict[str, Any]) -> dict[str, Any]:
    ephemeral, persistent = given.pop("ephemeral"), given.pop("persistent")
    if ephemeral and persistent:
        raise click.UsageError("--ephemeral and --persistent exclude each other")
    session, added = given.pop("session"), given.pop("append_notes")
    put, taken = given.pop("set_metadata"), given.pop("unset_metadata")
    for name, value in (("no_history", given.pop("no_history")), ("history", given.pop("history"))):
        if value:
            given["no_history"] = name == "no_history"
    read, empty = given["stdin"] or given["body_file"], given.pop("allow_empty_description")
    values = fields.fields(given, change.now)
    if read and not values["description"].strip() and not empty:
        raise Invalid("the description that was read is empty", "to have none: --allow-empty-description")
    before = change.get(issue_id)
    if ephemeral or persistent:
        values["ephemeral"] = ephemeral
    if session is not None:
        values["closed_by_session"] = session
    if added is not None:
        notes = values.get("notes", before.notes)
        values["notes"] = f"{notes}\n{added}" if notes else added
    if "metadata" in values or put or taken:
        values["metadata"] = _merged(before.metadata, values.get("metadata"), put, taken)
    return values


def _merged(before: Any, new: Any, put: tuple[str, ...], taken: tuple[str, ...]) -> Any:
    """Merge new keys into the metadata there is; what is no object is replaced."""
    if new is not None and not (isinstance(new, dict) and isinstance(before, dict | None)):
        if put or taken:
            raise Invalid("the metadata is no JSON object, so it has no keys to set")
        return new
    merged = {**(before if isinstance(before, dict) else {}), **(new or {})}
    for entry in put:
        key, equals, value = entry.partition("=")
        if not equals or not key:
            raise Invalid("--set-metadata takes KEY=VALUE")
        merged[key] = value
    for key in taken:
        merged.pop(key, None)
    return merged or None
