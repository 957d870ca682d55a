"""Sling: put beads on polecats' hooks. One transaction for all of them: everything is hooked, or nothing is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from beads.errors import Refused
from gastown import convoys, rigs, runtimes, store
from gastown.model import LIVE, Attempt, RigRow
from gastown.town import Town

if TYPE_CHECKING:
    from beads.model import Issue
    from beads.store import Change

OPEN_TO_WORK = ("open", "blocked", "deferred", "in_progress", "hooked")


@dataclass(frozen=True, slots=True)
class Slung:
    """What became of one bead. `fresh`: False when it was on a hook of that rig already."""

    bead: str
    title: str
    attempt: Attempt
    fresh: bool


def sling(
    town: Town,
    beads: list[str],
    *,
    rig: str | None = None,
    runtime: str | None = None,
    actor: str = "gt",
    force: bool = False,
) -> tuple[list[Slung], str | None]:
    """Hook the beads; returns what happened to each and the id of the convoy made for those that were in none.

    :raises Refused: a bead is closed, blocked, claimed by a person (unless `force`), of another rig, or live
        elsewhere; the rig is parked or its runtime is not installed. Then nothing at all was changed."""
    if rig is not None:
        town.rig(rig)
    with town.store.write(actor) as change:
        rows = store.rig_rows(change.conn)
        ids = list(dict.fromkeys(change.resolve(b) for b in beads))
        slung = [_one(town, change, rows, bead, rig, runtime, force) for bead in ids]
        lone = [s for s in slung if s.fresh and not convoys.of_bead(change, s.bead)]
        convoy = convoys.automatic(change, [(s.bead, s.title) for s in lone]) if lone else None
    return slung, convoy


def _one(
    town: Town,
    change: Change,
    rows: dict[str, RigRow],
    bead: str,
    rig: str | None,
    runtime: str | None,
    force: bool,
) -> Slung:
    issue = change.get(bead)
    home = _home(rows, issue, rig)
    live = store.live_attempt(change.conn, bead)
    if live is not None:
        if live.rig == home and runtime in (None, live.runtime):
            return Slung(bead, issue.title, live, fresh=False)
        raise Refused(
            f"{bead} is {live.state} with {live.worker} ({live.runtime})", hint=f"gt unsling {bead}"
        )
    _check(change, rows, issue, home, force)
    settings = town.settings
    name = runtime or town.rig(home).runtime
    adapter = runtimes.get(name, settings)
    if problem := adapter.missing():
        raise Refused(f"runtime {name} cannot start: {problem}", hint=f"gt rig config {home} runtime shell")
    if name == "shell" and runtimes.shell.script_of(issue.metadata, issue.description) is None:
        raise Refused(
            f"{bead} has no script for the shell runtime",
            hint=f'bd update {bead} --metadata \'{{"script": "…"}}\', or a fenced sh block in its description',
        )
    attempt = hook(change, bead, home, name, issue.priority)
    return Slung(bead, issue.title, attempt, fresh=True)


def hook(
    change: Change,
    bead: str,
    rig: str,
    runtime: str,
    priority: int,
    *,
    tries: int = 1,
    not_before: object = None,
) -> Attempt:
    """The attempt row, the bead's status and assignee, and the event: the assignment is these together."""
    attempt = store.add_attempt(
        change.conn,
        bead=bead,
        rig=rig,
        runtime=runtime,
        tries=tries,
        priority=priority,
        hooked_at=change.now,
        not_before=not_before,
    )
    change.update(bead, status="hooked", assignee=rig)
    change.record(bead, "slung", new=f"attempt {attempt.id}: {rig} ({runtime})")
    return attempt


def wanted(change: Change, bead: str) -> bool:
    """Whether a bead is still work: a person may have closed or deleted it while it was on a hook."""
    return change.exists(bead) and change.get(bead).status != "closed"


def _home(rows: dict[str, RigRow], issue: Issue, rig: str | None) -> str:
    home = rigs.of_bead(rows, issue.id)
    if ".." in issue.id or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}", issue.id):
        raise Refused(
            f"{issue.id!r} cannot name a branch and a folder", hint="bd create --rig NAME … gives an id"
        )
    if issue.type == "convoy":
        raise Refused(f"{issue.id} is a convoy, not work", hint=f"gt convoy run {issue.id}")
    if home is None:
        known = ", ".join(f"{row.prefix}- ({row.name})" for row in rows.values()) or "none yet"
        raise Refused(
            f"no rig has the prefix of {issue.id}", hint=f"prefixes: {known}; bd create --rig NAME …"
        )
    if rig is not None and rig != home:
        raise Refused(f"{issue.id} belongs to rig {home}, not {rig}", hint=f"gt sling {issue.id} {home}")
    return home


def _check(change: Change, rows: dict[str, RigRow], issue: Issue, home: str, force: bool) -> None:
    if issue.status not in OPEN_TO_WORK:
        how = "reopen" if issue.status == "closed" else "update --status open"
        raise Refused(f"{issue.id} is {issue.status}", hint=f"bd {how} {issue.id}")
    if rows[home].parked_at:
        raise Refused(f"rig {home} is parked", hint=f"gt rig unpark {home}")
    blockers = change.blockers(issue.id)
    if blockers:
        raise Refused(f"{issue.id} is blocked by {', '.join(blockers)}", hint=f"bd show {blockers[0]}")
    last = store.attempts_of(change.conn, issue.id)
    workers = {home, *(a.worker for a in last)}
    if issue.status == "in_progress" and issue.assignee and issue.assignee not in workers and not force:
        raise Refused(
            f"{issue.id} is claimed by {issue.assignee}", hint=f"gt sling --force {issue.id} takes it over"
        )


def unsling(town: Town, bead: str, *, actor: str = "gt") -> Attempt:
    """Take a bead back: the attempt is released, the bead is open again. Its session is ended by the daemon (or the
    next foreground run), after its commits and its dirty tree are saved.

    :raises Refused: nothing is on a hook, or the commits are being merged right now."""
    with town.store.write(actor) as change:
        id = change.resolve(bead)
        live = store.live_attempt(change.conn, id)
        if live is None:
            raise Refused(f"{id} is on no hook", hint=f"bd show {id}")
        if live.state == "merging":
            raise Refused(f"{id} is being merged right now", hint=f"bd show {id}")
        for request in store.merge_requests_of(change.conn, id):
            if request.state == "open":
                store.change_merge_request(
                    change.conn, request.id, state="rejected", verdict="withdrawn", ended_at=change.now
                )
        released = store.move(change.conn, live.id, "released", change.now, reason=f"taken back by {actor}")
        change.update(id, status="open", assignee="")
        change.record(id, "unslung", old=f"attempt {live.id}")
    assert released.state not in LIVE
    return released
