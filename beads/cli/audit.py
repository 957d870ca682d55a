"""`bd audit`: what agents have done, as lines that are only ever added to `.beads/interactions.jsonl`."""

import json
import os
import secrets
from typing import Any

import click

from beads import clock
from beads.cli import texts
from beads.cli.call import Call, current
from beads.cli.jsonl import as_json
from beads.cli.verb import Nouns
from beads.errors import Invalid, NotFound, Refused
from beads.text import safe

FILE = "interactions.jsonl"
_KEYS = frozenset(
    "kind issue_id model prompt response error tool_name exit_code parent_id label reason extra".split()
)


@click.group(cls=Nouns)
def audit() -> None:
    """What agents have done: a record that only grows."""


def _add(call: Call, entry: dict[str, Any]) -> str:
    """Add one line, whole: others may be adding theirs at the same moment."""
    if call.flags.get("readonly"):
        raise Refused("this call was made with --readonly, and it would write", "leave the flag out")
    number = f"int-{secrets.token_hex(4)}"
    found = {key: value for key, value in entry.items() if value not in (None, "")}
    line = {"id": number, "created_at": clock.shown(clock.now()), "actor": call.actor, **found}
    handle = os.open(call.beads_dir / FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(handle, (as_json(line, indent=None) + "\n").encode())
    finally:
        os.close(handle)
    return number


@audit.command()
@click.option("--kind", help="What happened: llm_call, tool_call, …")
@click.option("--issue-id", help="The issue that it was about.")
@click.option("--model", help="Which model.")
@click.option("--prompt", help="What it was asked.")
@click.option("--response", help="What it answered.")
@click.option("--tool-name", help="Which tool.")
@click.option("--exit-code", type=int, help="What the tool ended with.")
@click.option("--error", help="What went wrong.")
@click.option("--stdin", is_flag=True, help="Read the entry as a JSON object from standard input.")
def record(stdin: bool, **given: Any) -> None:
    """Add an entry, and print its id."""
    call = current()
    entry = _read(texts.read_file("-")) if stdin else {}
    entry |= {name: value for name, value in given.items() if value is not None}
    if not entry.get("kind"):
        raise Invalid(
            "an entry needs a kind", "bd audit record --kind tool_call --tool-name pytest --exit-code 0"
        )
    number = _add(call, entry)
    if call.json:
        call.emit({"id": number, "kind": entry["kind"]})
    else:
        call.say(number)


def _read(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"the entry is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise Invalid("the entry is not a JSON object")
    if unknown := sorted(found.keys() - _KEYS):
        raise Invalid(f"an entry has no {safe(unknown[0][:40])!r}", f"one of: {', '.join(sorted(_KEYS))}")
    return found


@audit.command()
@click.argument("entry")
@click.option("--label", required=True, help="What you think of it: good, bad, …")
@click.option("--reason", help="Why.")
def label(entry: str, label: str, reason: str | None) -> None:
    """Say what you think of an entry: another line, which names it."""
    call = current()
    if not _known(call, entry):
        raise NotFound(f"no entry found matching {safe(entry)!r}", f"see {call.beads_dir / FILE}")
    number = _add(call, {"kind": "label", "parent_id": entry, "label": label, "reason": reason})
    if call.json:
        call.emit({"id": number, "parent_id": entry, "label": label})
    else:
        call.say(number)


def _known(call: Call, entry: str) -> bool:
    try:
        with (call.beads_dir / FILE).open(encoding="utf-8", errors="replace") as file:
            return any(f'"id":"{entry}"' in line.replace(" ", "") for line in file)
    except OSError:
        return False
