"""`bd state` and `bd set-state`: states that are labels, such as `health:failing`, with a record of each change."""

from typing import TYPE_CHECKING, Any

import click

from beads import words as vocabulary
from beads.cli.call import Call, current
from beads.cli.verb import Verb
from beads.errors import Invalid, Refused
from beads.model import PARENT, Draft
from beads.text import safe

if TYPE_CHECKING:
    from beads.store import Change, View


def _states(view: "View", issue_id: str) -> dict[str, str]:
    labels = view.get(issue_id).labels
    return {
        name: value for name, colon, value in (label.partition(":") for label in labels) if name and colon
    }


@click.command(cls=Verb)
@click.argument("words", nargs=-1, required=True, metavar="ID DIMENSION | list ID")
def state(words: tuple[str, ...]) -> None:
    """Tell the state of an issue in one dimension, or in all."""
    call = current()
    if len(words) != 2:
        raise click.UsageError("an issue and a dimension are needed: bd state ID DIMENSION")
    everything = words[0] == "list"
    with call.reading() as view:
        issue_id = view.resolve(words[1] if everything else words[0])
        found = _states(view, issue_id)
    if everything:
        return _tell_all(call, issue_id, found)
    value = found.get(words[1])
    if call.json:
        return call.emit({"issue_id": issue_id, "dimension": words[1], "value": value})
    return call.say(value or f"(no {words[1]} state set)")


def _tell_all(call: Call, issue_id: str, found: dict[str, str]) -> None:
    if call.json:
        return call.emit({"issue_id": issue_id, "states": found})
    for name, value in found.items():
        call.say(f"{name}: {value}")
    if not found:
        call.say(f"{issue_id} has no state")
    return None


@click.command("set-state", cls=Verb)
@click.argument("issue")
@click.argument("setting", metavar="DIMENSION=VALUE")
@click.option("-r", "--reason", default="", help="Why.")
def set_state(issue: str, setting: str, reason: str) -> None:
    """Set the state of an issue: its label changes, and a closed event below it says when and why."""
    call = current()
    dimension, equals, value = setting.partition("=")
    if not dimension or not equals or not value or ":" in dimension:
        raise Invalid(
            f"{safe(setting[:60])!r} is no DIMENSION=VALUE", f"bd set-state {safe(issue)} health=failing"
        )
    label = vocabulary.label(f"{dimension}:{value}")
    with call.writing() as change:
        issue_id = change.resolve(issue)
        old = _states(change, issue_id).get(dimension)
        event_id = _change(change, issue_id, dimension, value, old, reason, label) if old != value else None
    known = {"issue_id": issue_id, "dimension": dimension}
    if call.json:
        changed = {"old_value": old, "new_value": value, "event_id": event_id, "changed": True}
        return call.emit(known | (changed if event_id else {"value": value, "changed": False}))
    if event_id is None:
        return call.say(f"{dimension} of {issue_id} is {value} already")
    before = f", it was {old}" if old else ""
    return call.say(f"{dimension} of {issue_id} is {value}{before}; recorded as {event_id}")


def _change(
    change: "Change", issue_id: str, dimension: str, value: str, old: str | None, reason: str, label: str
) -> str:
    what = f"Changed {dimension} from {old} to {value}" if old else f"Set {dimension} to {value}"
    event = _event(
        change,
        issue_id,
        title=f"State change: {dimension} → {value}",
        description=f"{what}\n\nReason: {reason}" if reason else what,
        type="event",
        status="closed",
        priority=4,
    )
    for other in change.get(issue_id).labels:
        if other.startswith(f"{dimension}:"):
            change.remove_label(issue_id, other)
    change.add_label(issue_id, label)
    return event


def _event(change: "Change", issue_id: str, **fields: Any) -> str:
    """Record what happened below an issue, however deep that lies: an event is no level of work."""
    try:
        return change.create(Draft(parent=issue_id, inherit_labels=False, **fields)).id
    except Refused:
        event = change.create(Draft(**fields))
        change.add_dependency(event.id, issue_id, PARENT)
        return event.id
