"""`bd query`: issues by a condition that one can say, however it is joined."""

from typing import Any

import click

from beads import shapes
from beads.cli import narrow, render
from beads.cli.call import current
from beads.cli.verb import Verb

_USUAL = 50
_HELP = """Find issues by a condition: FIELD OPERATOR VALUE, joined by AND, OR, NOT and parentheses.

\b
  bd query "status=open AND priority<=1"
  bd query "(type=bug OR label=urgent) AND assignee=none"
  bd query "updated<30d AND NOT label=later"
  bd query 'title~"log in" AND metadata.team=web'

\b
Operators   = != < <= > >=, and for texts ~ (contains) and !~
Words       status type priority label parent id spec external_ref mol_type wisp_type
Texts       title description design acceptance notes close_reason (= means contains)
People      assignee owner creator
Times       created updated started closed (7d is a week ago); due defer (7d is a week ahead)
Numbers     estimate
True/false  blocked pinned ephemeral template no_history
Metadata    metadata.KEY has_metadata_key

`none` stands for nothing: assignee=none, due=none. `*` stands for anything: id=gt-*, label=tech-*.
Closed issues are left out unless the query speaks of status or closing."""


@click.command(cls=Verb, help=_HELP, short_help="Find issues by a condition.")
@click.argument("expression", nargs=-1)
@click.option("-n", "--limit", type=int, help="At most so many; 0 for all.")
@click.option("--offset", type=click.IntRange(0), default=0, help="Leave out the first so many.")
@click.option("-a", "--all", "everything", is_flag=True, help="Closed ones too.")
@click.option("--long", is_flag=True, help="A page each.")
@click.option("--sort", help="priority, created, updated, closed, status, id, title, type, assignee.")
@click.option("-r", "--reverse", is_flag=True, help="In the opposite order.")
@click.option("--parse-only", is_flag=True, help="Only tell how the query is understood.")
def query(
    expression: tuple[str, ...],
    limit: int | None,
    offset: int,
    everything: bool,
    parse_only: bool,
    **given: Any,
) -> None:
    """Find issues by a condition."""
    from beads import expressions, querying
    from beads.filters import SORTS, Filter

    text = " ".join(expression)
    call = current()
    if parse_only:
        return call.say(f"Parsed query: {expressions.parse(text)}")
    sort = narrow.checked_sort(given["sort"], SORTS, "priority")
    most = narrow.limit(limit, _USUAL)
    wanted = Filter(
        sort=sort, reverse=given["reverse"], limit=None if most is None else most + 1, offset=offset
    )
    with call.reading() as view:
        found = querying.query(view, text, wanted, everything=everything)
        shown = shapes.counted(view, found[:most])
    if call.json:
        call.emit(shown)
    elif given["long"] and shown:
        render.pages(shown)
    else:
        render.lines(shown, "nothing found")
    if most is not None and len(found) > most:
        call.note(f"showing the first {most}; --limit 0 shows all")
    return None
