"""`bd history` and `bd undo`."""

import json
import re
from typing import Any

import click

from beads import shapes
from beads.cli import render
from beads.cli.call import current
from beads.cli.verb import Verb
from beads.text import fitted, safe, width

_STAMPS = ("started_at", "closed_at", "updated_at")  # the time of the event says as much
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_LONGEST = 60


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
    kinds, actors = (
        max((width(safe(event[key])) for event in found), default=0) for key in ("event_type", "actor")
    )
    room = render.terminal()
    for event in found:
        actor = safe(event["actor"])
        who = f"{event['event_type']:<{kinds}}  {actor}{' ' * (actors - width(actor))}"
        told = safe(f"{render.moment(event['created_at'])}  {who}  {_told(event)}").rstrip()
        click.echo(told if room is None else fitted(told, room))


def _told(event: dict[str, Any]) -> str:
    """Return what an event did, in a person's words."""
    if said := event.get("comment"):
        return str(said)
    old, new = (_read(event.get(key)) for key in ("old_value", "new_value"))
    link = new or old
    if isinstance(link, dict) and "depends_on_id" in link:
        return f"{link['depends_on_id']} ({link['type']})"
    if isinstance(old, dict) and isinstance(new, dict):
        changed = ((name, old.get(name), value) for name, value in new.items() if name not in _STAMPS)
        return ", ".join(f"{name} {_short(before)} -> {_short(after)}" for name, before, after in changed)
    return _short(new if new is not None else old) if (new, old) != (None, None) else ""


def _read(value: str | None) -> Any:
    try:
        return None if value is None else json.loads(value)
    except ValueError:
        return value  # a label, or a number of an event


def _short(value: Any) -> str:
    if value in (None, "", [], {}):
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return render.moment(text) if _INSTANT.fullmatch(text) else fitted(safe(text), _LONGEST)


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
