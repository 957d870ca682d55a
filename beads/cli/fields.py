"""The fields of an issue as options, shared by `create` and `update`, and read into values in one place."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

import click

from beads import when, words
from beads.cli import texts
from beads.errors import Invalid

F = TypeVar("F", bound=Callable[..., Any])

_TEXTS = (
    (("--design",), "Design notes."),
    (("--acceptance", "--acceptance-criteria"), "When it is done."),
    (("--notes",), "Notes."),
    (("-a", "--assignee"), "Whose it is; empty for nobody's."),
    (("--external-ref",), "What it is called elsewhere, such as gh-9."),
    (("--spec-id",), "The specification that it follows."),
    (("--due",), "When it is due: +1d, friday, 2025-01-15."),
    (("--defer",), "Hide it until then; empty ends the hiding."),
    (("--await-id",), "What a gate waits for."),
    (("--mol-type",), "Kind of molecule."),
    (("--wisp-type",), "Kind of wisp."),
    (("--event-kind", "--event-category"), "What happened, of an event."),
    (("--event-actor",), "Who did it, of an event."),
    (("--event-target",), "To what, of an event."),
    (("--event-payload",), "With what, of an event."),
)


def field_options(command: F) -> F:
    """Add the options that set fields."""
    options = [
        click.option("-t", "--type", "issue_type", help="bug, feature, task, epic, chore, …"),
        click.option("-p", "--priority", help="0-4 or P0-P4; 0 is the most urgent."),
        click.option("-d", "--description", "--body", "-m", "--message", help="What and why."),
        click.option(
            "--body-file", "--description-file", help="Read the description from a file; - is stdin."
        ),
        click.option("--stdin", is_flag=True, help="Read the description from standard input."),
        click.option("--design-file", help="Read the design from a file; - is stdin."),
        click.option("--append-notes", help="Add to the notes."),
        click.option("-e", "--estimate", type=int, help="Minutes that it may take."),
        click.option("--metadata", help="A JSON object; @FILE reads it from a file."),
        click.option(
            "--template", "template", flag_value="yes", help="A template: to pour from, not to work on."
        ),
        click.option("--no-template", "template", flag_value="no", help="No template any more."),
        *(click.option(*names, help=text) for names, text in _TEXTS),
    ]
    for option in reversed(options):
        command = option(command)
    return command


_RENAMED = {
    "acceptance": "acceptance_criteria",
    "event_actor": "actor",
    "event_target": "target",
    "event_payload": "payload",
}


def fields(given: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Return the fields that the options name, ready for the store. `given` holds what the options gave.

    :raises Invalid: for a value that is not understood.
    """
    stdin = "-" if given.pop("stdin") else None
    file = given.pop("body_file") or stdin
    found: dict[str, Any] = {
        "description": texts.one_of(given.pop("description"), file, "--description"),
        "design": texts.one_of(given.pop("design"), given.pop("design_file"), "--design"),
        "type": given.pop("issue_type"),
        "estimated_minutes": given.pop("estimate"),
    }
    if (template := given.pop("template")) is not None:
        found["is_template"] = template == "yes"
    if (metadata := given.pop("metadata")) is not None:
        found["metadata"] = document(texts.read_file(metadata[1:]) if metadata.startswith("@") else metadata)
    for name in ("due", "defer"):
        if (text := given.pop(name)) is not None:
            key = "due_at" if name == "due" else "defer_until"
            found[key] = when.parse(text, now) if text else _NONE
    if (priority := given.pop("priority")) is not None:
        found["priority"] = words.priority(priority)
    found |= {_RENAMED.get(name, name): value for name, value in given.items()}
    return {name: None if value is _NONE else value for name, value in found.items() if value is not None}


_NONE: Any = object()


def document(text: str) -> Any:
    """Read metadata: any JSON.

    :raises Invalid: when it is not.
    """
    try:
        return json.loads(text, parse_constant=_refuse)
    except ValueError as error:
        raise Invalid(f"metadata is not JSON: {error}", """write it as '{"key": "value"}'""") from None
    except RecursionError:
        raise Invalid("metadata is nested too deeply") from None


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")
