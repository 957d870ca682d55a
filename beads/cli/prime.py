"""`bd prime`: what an agent should know at the start of a session."""

import click

from beads.cli.call import Call, current
from beads.cli.kv import MEMORY
from beads.cli.verb import Verb
from beads.errors import NoWorkspace
from beads.text import safe_block

_TEXT = """\
# Issues of this project: bd

Work is tracked as issues with `bd`, not in lists of your own.

- `bd ready` shows what can be started; `bd update ID --claim` takes it; `bd show ID` tells everything about it.
- File what you find on the way: `bd create "Title" --type bug --deps discovered-from:ID`.
- `bd dep add A B` lets A wait for B. `bd comment ID "…"` says something; `bd note ID "…"` adds to the notes.
- `bd close ID --reason "…"` when it is done: what waited for it becomes ready.
- `bd remember "…"` keeps a fact for later sessions; `bd memories` lists them.

Add `--json` to read answers with a program.
"""
_SHORT = "# bd\n\nUse the beads tools: ready, claim, show, create, comment, close. Do not keep lists of your own.\n"


@click.command(cls=Verb)
@click.option("--full", is_flag=True, help="The long form; what is printed anyway.")
@click.option("--mcp", is_flag=True, help="The short form, for agents with the MCP tools.")
@click.option("--memories-only", is_flag=True, help="Only what is remembered.")
@click.option("--hook-json", is_flag=True, help="As a SessionStart hook answers.")
@click.option("--stealth", "--export", "ignored", is_flag=True, hidden=True)
def prime(full: bool, mcp: bool, memories_only: bool, hook_json: bool, ignored: bool) -> None:
    """Print what an agent should know at the start of a session; nothing where there is no store."""
    call = current()
    try:
        call.beads_dir  # noqa: B018 a hook runs everywhere, also where there is no store
    except NoWorkspace:
        return
    text = _memories(call) if memories_only else _instructions(call, mcp and not full) + _memories(call)
    if hook_json or call.json:
        specific = {"hookEventName": "SessionStart", "additionalContext": text}
        call.emit({"hookSpecificOutput": specific})
    else:
        click.echo(safe_block(text), nl=False)


def _instructions(call: Call, short: bool) -> str:
    own = call.beads_dir / "PRIME.md"
    if own.is_file():
        return own.read_text(errors="replace").rstrip() + "\n"
    return _SHORT if short else _TEXT


def _memories(call: Call) -> str:
    with call.reading() as view:
        found = view.config_items(MEMORY)
    if not found:
        return ""
    lines = "".join(f"- {key.removeprefix(MEMORY)}: {text}\n" for key, text in found.items())
    return f"\n## Remembered\n\n{lines}"
