"""`bd show`."""

from typing import TYPE_CHECKING, Any

import click

from beads import shapes
from beads.cli import many, render
from beads.cli.call import Call, current
from beads.cli.verb import Verb
from beads.model import REPLY

if TYPE_CHECKING:
    from beads.store import View


@click.command(cls=Verb)
@click.argument("ids", nargs=-1)
@click.option("--id", "more_ids", multiple=True, help="An id, also one that begins with a hyphen.")
@click.option("--short", is_flag=True, help="One line each.")
@click.option("--children", is_flag=True, help="Show the children instead.")
@click.option("--refs", is_flag=True, help="Show what depends on it instead.")
@click.option(
    "--current", "use_current", is_flag=True, help="What you have taken, or else the issue last touched."
)
@click.option("--thread", is_flag=True, help="Show the conversation that it is part of.")
@click.option(
    "--include-comments",
    "--include-dependents",
    "--long",
    "--local-time",
    "--brief-deps",
    "ignored",
    is_flag=True,
    hidden=True,
)
def show(
    ids: tuple[str, ...],
    more_ids: tuple[str, ...],
    short: bool,
    children: bool,
    refs: bool,
    use_current: bool,
    thread: bool,
    ignored: bool,
) -> None:
    """Show issues with all that hangs on them, in both directions."""
    call = current()
    with call.reading() as view:
        names = _taken(call, view) if use_current else many.named(call, view, (*ids, *more_ids))
        found = many.each(call, names, lambda name: shapes.detailed(view, view.get(view.resolve(name))))
        first = found[0]["id"]
        if thread:
            found = [said for each in found for said in _thread(view, each["id"])]
        elif children:
            found = [child for each in found for child in shapes.counted(view, view.children(each["id"]))]
        elif refs:
            found = [linked for each in found for linked in each["dependents"]]
    if not call.json:
        call.touched(first)  # not for programs: those that watch the folder would look again, and again
    if call.json:
        call.emit(found)
    elif refs:
        render.lines(found, f"nothing depends on {first}", render.kind)
    elif short or children:
        render.lines(found, f"{first} has no children")
    else:
        click.echo("\n\n".join(render.full(each) for each in found))


def _taken(call: Call, view: "View") -> tuple[str, ...]:
    """Return what the caller has in hand: in progress, else on the hook, else last touched."""
    from beads.filters import Filter

    for status in ("in_progress", "hooked"):
        mine = Filter(statuses=(status,), assignee=call.actor, sort="updated", limit=1)
        if found := view.find(mine):
            return (found[0].id,)
    return many.named(call, view, ())


def _thread(view: "View", issue_id: str) -> list[dict[str, Any]]:
    """Return the conversation that an issue is part of, oldest first, each message with what was said about it."""
    from beads import components

    messages = view.many(components.around(view, issue_id, REPLY)).values()
    ordered = sorted(messages, key=lambda message: (message.created_at, message.id))
    return [shapes.detailed(view, message) for message in ordered]
