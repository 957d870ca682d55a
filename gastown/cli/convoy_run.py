"""Run a convoy to its end: sling what is ready, and again as soon as a merge has made more of it ready."""

from __future__ import annotations

import click

from beads.errors import Refused
from beads.workspace import actor
from gastown import convoys, sling
from gastown.cli.progress import follow
from gastown.convoys import Convoy
from gastown.town import Town


def run_convoy(town: Town, text: str, *, quiet: bool) -> tuple[Convoy, bool]:
    """The convoy as it stands in the end, and whether it landed. Beads that a person has to look at end the run once
    nothing else can go on.

    :raises Refused: something that is ready cannot be slung; nothing was started then."""
    town.tmux.require()
    tried = set(_ready(town, text, set()))
    if tried:
        sling.sling(town, sorted(tried), actor=actor())

    def beads() -> list[str]:
        return [b.bead for b in convoys.show(town, text).beads]

    def more() -> bool:
        ready = _ready(town, text, tried)
        tried.update(ready)
        started = [_slung(town, bead) for bead in ready]
        return any(started)

    follow(town, beads, more=more, quiet=quiet)
    found = convoys.show(town, text)
    return found, found.landed


def _slung(town: Town, bead: str) -> bool:
    try:
        sling.sling(town, [bead], actor=actor())
    except Refused as error:  # the others go on
        click.echo(f"{error.message}: {error.hint}", err=True)
        return False
    return True


def _ready(town: Town, text: str, tried: set[str]) -> list[str]:
    """Beads of the convoy that can be worked on now and have not been slung by this run."""
    over = ("closed", convoys.ELSEWHERE)
    waiting = [b.bead for b in convoys.show(town, text).beads if b.status not in over and b.bead not in tried]
    with town.store.read() as view:
        return [bead for bead in waiting if not view.blockers(bead)]
