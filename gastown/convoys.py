"""Convoys: a bead of type `convoy` that tracks others, across rigs, and lands when all of them are merged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from beads.errors import Invalid, Refused
from gastown import store
from gastown.town import Town

if TYPE_CHECKING:
    from beads.model import Issue
    from beads.store import Change, View

TRACKS = "tracks"
ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class Tracked:
    """One bead of a convoy. `state`: the live attempt's state, else the bead's status; `commit`: where it merged."""

    bead: str
    title: str
    status: str
    state: str
    worker: str
    commit: str | None


@dataclass(frozen=True, slots=True)
class Convoy:
    id: str
    title: str
    status: str
    created_at: datetime
    closed_at: datetime | None
    beads: list[Tracked]

    @property
    def state(self) -> str:
        """`landed` when all its beads are done; a person may have closed it before."""
        if self.status != "closed":
            return "open"
        return "landed" if self.done == len(self.beads) else "closed"

    @property
    def landed(self) -> bool:
        return self.state == "landed"

    @property
    def done(self) -> int:
        return sum(b.status == "closed" for b in self.beads)


def create(town: Town, title: str, beads: list[str], *, actor: str = "gt") -> Convoy:
    """:raises Invalid: no title. :raises NotFound: a bead is not there; then no convoy is made either."""
    if not beads:
        raise Invalid("a convoy tracks at least one bead", hint='gt convoy create "Title" BEAD…')
    with town.store.write(actor) as change:
        id = _new(change, title, [_trackable(change, b) for b in beads])
    return show(town, id)


def _new(change: Change, title: str, beads: list[str]) -> str:
    from beads.model import Draft

    # In progress from the start: a convoy is never work to pick up, so `bd ready` must not offer it.
    made = change.create(Draft(title=title, type="convoy", status="in_progress"))
    for bead in dict.fromkeys(beads):
        change.add_dependency(made.id, bead, TRACKS)
    return made.id


def _trackable(change: Change, text: str) -> str:
    id = change.resolve(text)
    if change.get(id).type == "convoy":
        raise Refused(f"{id} is a convoy itself", hint="track its beads: gt convoy status " + id)
    return id


def automatic(change: Change, beads: list[tuple[str, str]]) -> str:
    """The convoy of beads that were slung without one, so that all work is seen in one place."""
    first = beads[0][1]
    title = f"Work: {first}" if len(beads) == 1 else f"Work: {first} and {len(beads) - 1} more"
    return _new(change, title.encode()[:480].decode("utf-8", "ignore"), [bead for bead, _ in beads])


def of_bead(view: View, bead: str) -> list[str]:
    """The open convoys that track a bead."""
    tracking = [d.issue_id for d in view.dependents(bead) if d.type == TRACKS]
    return [id for id in tracking if view.get(id).type == "convoy" and view.get(id).status != "closed"]


def add(town: Town, convoy: str, beads: list[str], *, actor: str = "gt") -> Convoy:
    """Track more beads; a landed convoy is opened again by it."""
    with town.store.write(actor) as change:
        id = _convoy_id(change, convoy)
        for bead in beads:
            change.add_dependency(id, _trackable(change, bead), TRACKS)
        if change.get(id).status == "closed" and not _all_closed(change, id):
            change.update(id, status="in_progress")
    return show(town, id)


def close(town: Town, convoy: str, *, reason: str = "", actor: str = "gt") -> Convoy:
    """A person's word that it is over, landed or not."""
    with town.store.write(actor) as change:
        id = _convoy_id(change, convoy)
        change.close(id, reason=reason or "closed by hand", force=True)
    return show(town, id)


def _convoy_id(view: View, text: str) -> str:
    id = view.resolve(text)
    if view.get(id).type != "convoy":
        raise Refused(f"{id} is no convoy but a {view.get(id).type}", hint="gt convoy list")
    return id


def show(town: Town, convoy: str) -> Convoy:
    with town.store.read() as view:
        return read(view, _convoy_id(view, convoy))


def read(view: View, id: str) -> Convoy:
    issue = view.get(id)
    beads = [_tracked(view, view.get(bead)) if view.exists(bead) else _elsewhere(bead)
             for bead in tracked_ids(view, id)]  # fmt: skip
    return Convoy(id, issue.title, issue.status, issue.created_at, issue.closed_at, beads)


def tracked_ids(view: View, id: str) -> list[str]:
    return [d.depends_on_id for d in view.dependencies(id) if d.type == TRACKS]


def _elsewhere(bead: str) -> Tracked:
    """`bd dep add` can point to what is in another store; nothing is known of it here."""
    return Tracked(bead, "", ELSEWHERE, ELSEWHERE, "", None)


def _tracked(view: View, issue: Issue) -> Tracked:
    live = store.live_attempt(view.conn, issue.id)
    commit = store.merged_commit(view.conn, issue.id)
    if live:
        return Tracked(issue.id, issue.title, issue.status, live.state, live.worker, commit)
    last = store.last_attempt(view.conn, issue.id)
    state = "merged" if issue.status == "closed" and commit else issue.status
    if state == "blocked" and last is not None and last.state == "escalated":
        state = "escalated"
    return Tracked(issue.id, issue.title, issue.status, state, issue.assignee, commit)


def listing(town: Town, everything: bool = False) -> list[Convoy]:
    """Open convoys, newest first; with `everything` the landed ones too."""
    with town.store.read() as view:
        return [read(view, issue.id) for issue in _convoys(view, everything)]


def _convoys(view: View, everything: bool) -> list[Issue]:
    from beads.filters import Filter

    return view.find(Filter(types=("convoy",), not_statuses=() if everything else ("closed",)))


def _all_closed(view: View, id: str) -> bool:
    beads = tracked_ids(view, id)
    return bool(beads) and all(view.exists(b) and view.get(b).status == "closed" for b in beads)


def land(town: Town) -> list[str]:
    """Close every convoy whose beads are all closed; returns their ids. A bead is closed when it is merged, so a
    convoy cannot land on work that was only submitted."""
    with town.store.read() as view:
        waiting = [c.id for c in _convoys(view, False) if _all_closed(view, c.id)]
    landed = []
    for id in waiting:
        with town.store.write("gt") as change:
            if change.get(id).status != "closed" and _all_closed(change, id):
                n = len(tracked_ids(change, id))
                change.close(id, reason=f"landed: {n} of {n} beads are merged or closed", force=True)
                landed.append(id)
    return landed
