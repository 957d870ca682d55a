"""`bd defer` and `bd undefer`."""

from typing import Any

import click

from beads import shapes, when
from beads.cli import many, render
from beads.cli.call import current
from beads.cli.verb import Verb
from beads.errors import Refused


@click.command(cls=Verb)
@click.argument("ids", nargs=-1, required=True)
@click.option("--until", help="Until then: +1d, next monday, 2025-01-15; else until undeferred.")
@click.option("-r", "--reason", default="", help="Why.")
def defer(ids: tuple[str, ...], until: str | None, reason: str) -> None:
    """Put issues off: they are not ready until then."""
    call = current()
    with call.writing() as change:
        at = when.parse(until, change.now) if until else None

        def one(name: str) -> dict[str, Any]:
            before = change.get(change.resolve(name))
            if before.status == "closed":
                raise Refused(f"{before.id} is closed", f"bd reopen {before.id}")
            done = change.update(before.id, status="deferred", defer_until=at)
            if reason:
                change.add_comment(before.id, f"Deferred: {reason}")
            return shapes.issue(done)

        shown = many.each(call, ids, one)
    _answer(call.json, shown, "deferred")


@click.command(cls=Verb)
@click.argument("ids", nargs=-1, required=True)
def undefer(ids: tuple[str, ...]) -> None:
    """Take issues up again."""
    call = current()
    with call.writing() as change:

        def one(name: str) -> dict[str, Any]:
            before = change.get(change.resolve(name))
            status = "open" if before.status == "deferred" else before.status
            return shapes.issue(change.update(before.id, status=status, defer_until=None))

        shown = many.each(call, ids, one)
    _answer(call.json, shown, "open again")


def _answer(as_json: bool, shown: list[dict[str, Any]], word: str) -> None:
    if as_json:
        current().emit(shown)
        return
    for each in shown:
        click.echo(f"{word} {render.line(each)}")
