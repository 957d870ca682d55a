"""`gt demo`: a town at work, from nothing to merged commits."""

from __future__ import annotations

import shlex
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from gastown import demo as station
    from gastown.demo import Demo


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
def demo(folder: Path | None) -> None:
    """Make a town with three rigs in FOLDER (default: a new temporary one) and let it work.

    Two repositories are made on the spot, the third is a clone of this one. Their beads are worked by the built-in
    `shell` runtime: no account and no model is needed, and nothing keeps running afterwards."""
    import tempfile

    from gastown import daemon
    from gastown import demo as station
    from gastown.cli.convoy_run import run_convoy

    started = time.monotonic()
    made = station.prepare(folder or Path(tempfile.mkdtemp(prefix="gastown-demo-")))
    _introduce(made)
    try:
        convoy, landed = run_convoy(made.town, made.convoy, quiet=False)
    finally:
        daemon.down(made.town)
    done = station.merged(made)
    _conclude(made, done)
    if not landed or sum(map(len, done.values())) != made.beads:
        click.echo(f"\nconvoy {convoy.id} has not landed: gt convoy status {convoy.id}", err=True)
        raise SystemExit(1)
    click.echo(f"\nConvoy {convoy.id} landed: {made.beads} beads, {time.monotonic() - started:.1f} s")
    _next(made, convoy.beads[-1].bead)


def _introduce(made: Demo) -> None:
    from gastown.cli.output import table

    click.echo(f"Town {made.town.root}\n")
    table(
        ("rig", "prefix", "history", "what", "gate"),
        [
            (r.project.name, f"{r.project.prefix}-", f"{r.commits} commits", r.project.about, r.gate)
            for r in made.rigs
        ],
        "",
    )
    click.echo(
        f"\nConvoy {made.convoy} of {made.beads} beads; each is done by a polecat in a clone of its own\n"
    )


def _conclude(made: Demo, done: dict[str, list[station.Merged]]) -> None:
    click.echo("\nMerged")
    for rig, commits in done.items():
        click.echo(f"  {rig} ({made.town.rig(rig).branch})")
        for commit in commits:
            click.echo(f"    {commit.line}  [{commit.bead}]")


def _next(made: Demo, bead: str) -> None:
    """What to type, and so that it works: `gt` need not be on PATH where `make demo` ran it."""
    root = made.town.root
    rig = made.rigs[0].project.name
    click.echo("\nNext, look around:")
    click.echo(f"  cd {shlex.quote(str(root))}")
    if Path(shutil.which("gt") or "").parent != Path(sys.argv[0]).parent:
        click.echo('  export PATH="$PWD/.gt/bin:$PATH"')
    click.echo(f"  gt convoy status {made.convoy}")
    click.echo(f"  bd show {bead}")
    click.echo(f"  git -C rigs/{rig}/repo.git log --stat main")
    click.echo("  gt rig create NAME --repo URL    # your own repository; README.md goes on from here")
