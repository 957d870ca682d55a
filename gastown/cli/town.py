"""`gt init`, `gt status`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from gastown.cli.output import age, json_option, print_json, table


@click.command()
@click.argument("path", type=click.Path(path_type=Path), default=".")
@click.option("--name", help="The town's name; the folder's by default.")
def init(path: Path, name: str | None) -> None:
    """Make a town in PATH, a new or empty folder (default: here)."""
    from gastown import town

    made = town.create(path, name or path.absolute().name)
    click.echo(f"made the town {made.root}")
    here = "" if made.root == Path.cwd() else f"cd {shlex.quote(str(made.root))} && "
    click.echo(f"next: {here}gt rig create NAME --repo URL")


@click.command()
@json_option
def status(as_json: bool) -> None:
    """The town at a glance: daemon, rigs, live work, open convoys."""
    from gastown import convoys, daemon, rigs, store
    from gastown import town as towns

    town = towns.find()
    settings = town.settings
    infos = [rigs.info(town, name) for name in settings.rigs]
    with town.store.read() as view:
        live = store.live_attempts(view.conn)
        stuck = [
            a
            for a in store.escalated(view.conn)
            if view.exists(a.bead) and view.get(a.bead).status != "closed"
        ]
        now = view.now
    open_convoys = convoys.listing(town)
    process = daemon.holder(town)
    if as_json:
        facts: dict[str, Any] = {
            "town": settings.town.name,
            "root": town.root,
            "daemon": {"running": process is not None, "pid": process},
            "rigs": [{"name": i.name, "runtime": i.settings.runtime, "prefix": i.settings.prefix, "parked": i.parked,
                      "attempts": i.attempts, "tip": i.tip} for i in infos],
            "attempts": live,
            "escalated": stuck,
            "convoys": [{"id": c.id, "title": c.title, "done": c.done, "total": len(c.beads)} for c in open_convoys],
        }  # fmt: skip
        print_json(facts)
        return
    running = f"daemon {process}" if process else "no daemon (gt up starts it)"
    click.echo(f"{settings.town.name}  {town.root}  {running}\n")
    table(
        ("rig", "prefix", "runtime", "live", "tip"),
        [
            (i.name + (" (parked)" if i.parked else ""), i.settings.prefix, i.settings.runtime,
             sum(i.attempts.values()), i.tip or "") for i in infos
        ],
        "no rigs yet: gt rig create NAME --repo URL",
    )  # fmt: skip
    if live:
        click.echo()
        table(
            ("bead", "state", "worker", "runtime", "since"),
            [(a.bead, a.state, a.worker, a.runtime, age(a.hooked_at, now)) for a in live],
            "",
        )
    if stuck:
        click.echo("\nfor a person to look at (bd show BEAD; then gt sling BEAD, or bd close BEAD):")
        table(
            ("bead", "since", "why"),
            [(a.bead, age(a.ended_at, now), (a.reason or "").split("\n")[0]) for a in stuck],
            "",
        )
    if open_convoys:
        click.echo()
        table(
            ("convoy", "done", "title"),
            [(c.id, f"{c.done}/{len(c.beads)}", c.title) for c in open_convoys],
            "",
        )
