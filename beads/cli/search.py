"""`bd search`."""

from typing import Any

import click

from beads import shapes
from beads.cli import narrow, render
from beads.cli.call import current
from beads.cli.verb import Verb
from beads.errors import Invalid

_USUAL = 50


@click.command(cls=Verb)
@click.argument("words", nargs=-1)
@click.option("--query", help="The words, when not given as arguments.")
@click.option(
    "-s", "--status", help="Only these statuses; comma list, or `all` (the default is all but closed)."
)
@click.option("-n", "--limit", type=int, help="At most so many; 0 for all.")
@click.option("--sort", help="priority, created, updated, closed, status, id, title, type, assignee.")
@click.option("-r", "--reverse", is_flag=True, help="In the opposite order.")
@click.option("--long", is_flag=True, help="A page each.")
@narrow.common_options
@narrow.content_options
@narrow.range_options
def search(words: tuple[str, ...], query: str | None, status: str | None, **given: Any) -> None:
    """Find issues by id, title or any of their texts."""
    from beads import searching
    from beads.filters import SORTS, Filter

    text = query if query is not None else " ".join(words)
    if not text.strip():
        raise Invalid("there is nothing to search for", "bd search WORDS")
    call = current()
    with call.reading() as view:
        every = status and status.lower() == "all"
        wanted = Filter(
            **narrow.common(view, given) | narrow.content(view, given) | narrow.ranges(given, view.now),
            statuses=narrow.statuses(view, status) if status and not every else (),
            not_statuses=() if status else ("closed",),
            parent=view.resolve(given["parent"]) if given["parent"] else None,
            sort=narrow.checked_sort(given["sort"], SORTS, "priority"),
            reverse=given["reverse"],
            limit=narrow.limit(given["limit"], _USUAL),
            ephemeral=False,
        )
        found = shapes.counted(view, searching.search(view, text.strip(), wanted), edges=False)
    if call.json:
        call.emit(found)
    elif given["long"] and found:
        render.pages(found)
    else:
        render.lines(found, "nothing found")
