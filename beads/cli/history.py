"""`bd history` and `bd undo`."""

import click

from beads import shapes
from beads.cli import render
from beads.cli.call import current
from beads.cli.verb import Verb


@click.command(cls=Verb)
@click.argument("issue")
@click.option("-n", "--limit", type=click.IntRange(0), default=0, help="Only the last so many.")
@click.option("--events", "ignored", is_flag=True, hidden=True)
def history(issue: str, limit: int, ignored: bool) -> None:
    """Tell what was done to an issue, by whom and when."""
    call = current()
    with call.reading() as view:
        # A deleted issue has a history and no row.
        issue_id = issue if view.events(issue) else view.get(view.resolve(issue)).id
        found = [shapes.event(event) for event in view.events(issue_id)][-limit:]
    if call.json:
        call.emit(found)
        return
    for event in found:
        said = event.get("comment") or event.get("new_value") or ""
        when = render.moment(event["created_at"])
        call.say(f"{when}  {event['event_type']:<18}  {event['actor']}  {said}".rstrip())


@click.command(cls=Verb)
@click.option("--dry-run", is_flag=True, help="Only tell what would be taken back.")
def undo(dry_run: bool) -> None:
    """Take back your last change, unless somebody has built on it since."""
    from beads import undoing

    call = current()
    if dry_run:
        with call.writing() as change:
            found = undoing.last(change, change.actor)
    else:
        with call.writing() as change:
            found = undoing.undo(change, change.actor)
    shown = [shapes.event(event) for event in found]
    if call.json:
        call.emit({"undone": shown, "count": len(shown), **({"dry_run": True} if dry_run else {})})
        return
    for event in shown:
        call.say(
            f"{'would take back' if dry_run else 'took back'} {event['event_type']} of {event['issue_id']}"
        )
