"""Run a convoy to its end: sling what is ready, and again whenever a merge has made more of it ready."""

from __future__ import annotations

from beads.workspace import actor
from gastown import convoys, sling
from gastown.cli.progress import follow
from gastown.convoys import Convoy
from gastown.town import Town


def run_convoy(town: Town, text: str, *, quiet: bool) -> tuple[Convoy, bool]:
    """The convoy as it stands in the end, and whether it landed. Beads that a person has to look at end the run once
    nothing else can go on."""
    town.tmux.require()
    tried: set[str] = set()
    while True:
        found = convoys.show(town, text)
        todo = [b.bead for b in found.beads if b.status != "closed"]
        ready = [b for b in todo if b not in tried and not _blocked(town, b)]
        if ready:
            sling.sling(town, ready, actor=actor())
            tried |= set(ready)
        live = [b.bead for b in convoys.show(town, text).beads if _live(town, b.bead)]
        if not live:
            break
        follow(town, live if quiet else [b.bead for b in found.beads if b.bead in tried], quiet=quiet)
    if not todo:
        convoys.land(town)
    found = convoys.show(town, text)
    return found, found.landed


def _blocked(town: Town, bead: str) -> bool:
    with town.store.read() as view:
        return bool(view.blockers(bead))


def _live(town: Town, bead: str) -> bool:
    from gastown import store

    with town.store.read() as view:
        return store.live_attempt(view.conn, bead) is not None
