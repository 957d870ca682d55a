"""`bd show`."""

import click

from beads import shapes
from beads.cli import many, render
from beads.cli.call import current
from beads.cli.verb import Verb


@click.command(cls=Verb)
@click.argument("ids", nargs=-1)
@click.option("--id", "more_ids", multiple=True, help="An id, also one that begins with a hyphen.")
@click.option("--short", is_flag=True, help="One line each.")
@click.option("--children", is_flag=True, help="Show the children instead.")
@click.option("--refs", is_flag=True, help="Show what depends on it instead.")
@click.option("--current", "use_current", is_flag=True, help="The issue last touched.")
@click.option("--include-comments", "--thread", "--include-dependents", "ignored", is_flag=True, hidden=True)
def show(
    ids: tuple[str, ...],
    more_ids: tuple[str, ...],
    short: bool,
    children: bool,
    refs: bool,
    use_current: bool,
    ignored: bool,
) -> None:
    """Show issues with all that hangs on them, in both directions."""
    call = current()
    with call.reading() as view:
        names = many.named(call, view, () if use_current else (*ids, *more_ids))
        found = many.each(call, names, lambda name: shapes.detailed(view, view.get(view.resolve(name))))
        if children:
            found = [child for each in found for child in shapes.counted(view, view.children(each["id"]))]
        elif refs:
            found = [linked for each in found for linked in each["dependents"]]
    if call.json:
        call.emit(found)
    elif short or children or refs:
        render.lines(found, "none")
    else:
        click.echo("\n\n".join(render.full(each) for each in found))
