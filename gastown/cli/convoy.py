"""`gt convoy`: create, add, list, status (show), run, close."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gastown.cli.output import json_option, print_json, some, table

if TYPE_CHECKING:
    from gastown.convoys import Convoy


@click.group()
def convoy() -> None:
    """Convoys: beads tracked together, across rigs, until all of them are merged."""


@convoy.command()
@click.argument("title")
@click.argument("beads", nargs=-1, required=True)
@click.option("--silent", is_flag=True, help="Print only the id.")
@json_option
def create(title: str, beads: tuple[str, ...], silent: bool, as_json: bool) -> None:
    """Make a convoy that tracks BEADS."""
    from beads.workspace import actor
    from gastown import convoys, town

    made = convoys.create(town.find(), title, list(beads), actor=actor())
    if as_json:
        print_json(_facts(made))
        return
    if silent:
        click.echo(made.id)
        return
    click.echo(f"made convoy {made.id} of {some(len(made.beads), 'bead')}")
    click.echo(f"next: gt convoy run {made.id}")


@convoy.command()
@click.argument("convoy")
@click.argument("beads", nargs=-1, required=True)
def add(convoy: str, beads: tuple[str, ...]) -> None:
    """Track more beads."""
    from beads.workspace import actor
    from gastown import convoys, town

    changed = convoys.add(town.find(), convoy, list(beads), actor=actor())
    click.echo(f"{changed.id} tracks {some(len(changed.beads), 'bead')}")


@convoy.command("list")
@click.option("--all", "everything", is_flag=True, help="Landed ones too.")
@json_option
def list_(everything: bool, as_json: bool) -> None:
    """Open convoys."""
    from gastown import convoys, town

    found = convoys.listing(town.find(), everything)
    if as_json:
        print_json([_facts(c) for c in found])
        return
    rows = [(c.id, c.state, f"{c.done}/{len(c.beads)}", c.title) for c in found]
    table(("id", "state", "done", "title"), rows, 'no open convoys: gt convoy create "Title" BEAD…')


@convoy.command()
@click.argument("convoy")
@json_option
def status(convoy: str, as_json: bool) -> None:
    """One convoy, bead by bead."""
    from gastown import convoys, town

    found = convoys.show(town.find(), convoy)
    if as_json:
        print_json(_facts(found))
        return
    from beads.text import safe

    done = f"{found.done} of {len(found.beads)} done"
    state = {"landed": "landed", "closed": f"closed with {done}", "open": done}[found.state]
    click.echo(f"{found.id}  {safe(found.title)}  {state}")
    table(
        ("bead", "state", "worker", "commit", "title"),
        [(b.bead, b.state, b.worker, (b.commit or "")[:10], b.title) for b in found.beads],
        f"tracks nothing yet: gt convoy add {found.id} BEAD…",
    )


@convoy.command()
@click.argument("convoy")
@json_option
def run(convoy: str, as_json: bool) -> None:
    """Work a convoy until it lands.

    Slings what is ready in it, and what becomes ready by each merge. Needs no daemon."""
    from gastown import town
    from gastown.cli.convoy_run import run_convoy

    found, landed = run_convoy(town.find(), convoy, quiet=as_json)
    if as_json:
        print_json(_facts(found))
    else:
        click.echo(
            f"convoy {found.id} landed"
            if landed
            else f"convoy {found.id} has not landed: {found.done} of {len(found.beads)} done"
        )
    if not landed:
        raise SystemExit(1)


@convoy.command()
@click.argument("convoy")
@click.option("-r", "--reason", default="")
def close(convoy: str, reason: str) -> None:
    """Say by hand that a convoy is over."""
    from beads.workspace import actor
    from gastown import convoys, town

    found = convoys.close(town.find(), convoy, reason=reason, actor=actor())
    click.echo(f"closed {found.id}")


def _facts(c: Convoy) -> dict[str, Any]:
    return {"id": c.id, "title": c.title, "status": c.state, "done": c.done,
            "total": len(c.beads), "created_at": c.created_at, "closed_at": c.closed_at, "beads": c.beads}  # fmt: skip


convoy.add_command(status, "show")
