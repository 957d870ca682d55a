"""`bd rename` and `bd rename-prefix`: other ids, and everything that refers to them follows."""

from typing import Any

import click

from beads.cli.call import Call, current
from beads.cli.verb import Verb
from beads.errors import Refused

_SHOWN = 5


@click.command(cls=Verb)
@click.argument("issue")
@click.argument("new")
@click.option("--dry-run", is_flag=True, help="Check everything, and change nothing.")
def rename(issue: str, new: str, dry_run: bool) -> None:
    """Give an issue another id, and what lies below it by its id as well."""
    from beads import renaming

    call = current()
    with call.writing(dry_run) as change:
        old = change.resolve(issue)
        renamed = renaming.one(change, old, new)
        references = renaming.rename(change, renamed)
    if not dry_run:
        _follow(call, renamed)
    if call.json:
        answer: dict[str, Any] = {
            "old_id": old,
            "new_id": new,
            "renamed": renamed,
            "references_updated": references,
        }
        return call.emit(answer | ({"dry_run": True} if dry_run else {}))
    return _say(call, renamed, references, dry_run)


def _follow(call: Call, renamed: dict[str, str]) -> None:
    try:
        last = call.last_touched()
    except Refused:
        return
    if last in renamed:
        call.touched(renamed[last])


def _say(call: Call, renamed: dict[str, str], references: int, dry_run: bool) -> None:
    for old, new in list(renamed.items())[:_SHOWN]:
        call.say(f"{old} -> {new}")
    if len(renamed) > _SHOWN:
        call.say(f"… and {len(renamed) - _SHOWN} more")
    would = "would rename" if dry_run else "renamed"
    call.say(f"{would} {len(renamed)} issues; {references} issues speak of them")


@click.command("rename-prefix", cls=Verb)
@click.argument("prefix")
@click.option("--repair", is_flag=True, help="Also issues whose ids begin with anything else.")
@click.option("--dry-run", is_flag=True, help="Check everything, and change nothing.")
def rename_prefix(prefix: str, repair: bool, dry_run: bool) -> None:
    """Let every id of this store begin with another prefix. The rigs of a town keep theirs."""
    from beads import renaming

    call = current()
    new = prefix.rstrip("-")
    with call.writing(dry_run) as change:
        old, renamed = renaming.all_of(change, new, repair)
        if old == new and not renamed:
            raise Refused(f"ids begin with {new}- already", "bd info")
        references = renaming.rename(change, renamed)
        renaming.move_prefix(change, old, new)
    if not dry_run:
        _follow(call, renamed)
    if not call.json:
        return _say(call, renamed, references, dry_run)
    answer = {
        "old_prefix": old,
        "new_prefix": new,
        "issues_count": len(renamed),
        "references_updated": references,
    }
    return call.emit(answer | ({"dry_run": True, "renamed": renamed} if dry_run else {}))
