"""`bd epic`: how far epics have come."""

from typing import Any

import click

from beads import shapes
from beads.cli import render
from beads.cli.call import current
from beads.cli.verb import Nouns


@click.group(cls=Nouns)
def epic() -> None:
    """Epics: issues made of others."""


@epic.command()
@click.option("--eligible-only", is_flag=True, help="Only those whose children are all closed.")
def status(eligible_only: bool) -> None:
    """List the epics that are not closed, and how far each has come."""
    from beads import statistics

    call = current()
    with call.reading() as view:
        found = [
            {**each, "epic": shapes.issue(each["epic"])} for each in statistics.epics(view, eligible_only)
        ]
    if call.json:
        call.emit(found)
    else:
        render.rows((render.Row(each["epic"], more=_progress(each)) for each in found), "no open epics")


def _progress(each: dict[str, Any]) -> str:
    done = f"  {each['closed_children']}/{each['total_children']}"
    return f"{done}, can be closed" if each["eligible_for_close"] else done


@epic.command("close-eligible")
@click.option("--dry-run", is_flag=True, help="Only tell which.")
def close_eligible(dry_run: bool) -> None:
    """Close the epics whose children are all closed."""
    from beads import statistics

    call = current()
    if dry_run:
        with call.reading() as view:
            found = [each["epic"].id for each in statistics.epics(view, eligible_only=True)]
    else:
        with call.writing() as change:
            found = [each["epic"].id for each in statistics.epics(change, eligible_only=True)]
            for issue_id in found:
                change.close(issue_id, "All children completed")
    if call.json:
        call.emit({"closed": found, "count": len(found)})
    else:
        call.say(f"{'would close' if dry_run else 'closed'} {', '.join(found) or 'nothing'}")
