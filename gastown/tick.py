"""One tick: observe → decide → act, as a function with its clock passed in. It remembers nothing: what should be is in
the store, what is, tmux and git say. So a town may be left at any moment, and whoever ticks next goes on."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from datetime import datetime, timedelta

from beads.errors import BeadsError, NotFound
from gastown import cleanup, convoys, polecats, refinery, runtimes, sling, store, witness
from gastown.giveback import give_back
from gastown.host import git, processes
from gastown.jobs import Jobs
from gastown.model import WITH_SESSION, Attempt, MergeRequest, Session
from gastown.town import Town

SWEEP = 5.0
"""Seconds between looks at tmux while sessions live: only for what no hook reports, such as a killed tmux server."""
HEARTBEAT = 60.0
"""Seconds between looks at an idle town: only for an edit of town.toml by hand."""


def tick(town: Town, jobs: Jobs, now: datetime) -> float:
    """One look at everything. Returns how many seconds may pass before the next, if nobody rings.

    A failure that concerns one attempt is logged and does not stop the others."""
    busy = jobs.active()
    with town.store.read() as view:
        live = store.live_attempts(view.conn)
        unclean = store.unclean_attempts(view.conn)
        parked = {name for name, row in store.rig_rows(view.conn).items() if row.parked_at}
        queue = store.merge_queue(view.conn)
        watched = [a for a in live if a.state in WITH_SESSION and ours(a)]
        sessions = store.sessions_of(view.conn, [a.id for a in watched])
        wake = store.next_not_before(view.conn, now)
    steps: list[Callable[[], None]] = []
    if watched:
        steps.append(
            lambda: _watch(town, jobs, [a for a in watched if f"attempt {a.id}" not in busy], sessions, now)
        )
    steps.append(lambda: _merge(town, jobs, queue, busy, now))
    steps.append(lambda: _clear(town, jobs, unclean))
    steps.append(lambda: _dispatch(town, jobs, live, unclean, parked, now))
    steps.append(lambda: _land(town))
    for step in steps:
        _guarded(town, step)
    waits = [SWEEP if watched else HEARTBEAT]
    if wake is not None:
        waits.append(max(0.0, (wake - now).total_seconds()))
    waits += [w for w in (jobs.next_rest(),) if w is not None]
    return min(waits)


def _guarded(town: Town, step: Callable[[], None]) -> None:
    try:
        step()
    except BeadsError as error:
        town.log(f"tick: {error.message}")
    except Exception:
        town.log(f"tick: {traceback.format_exc()}")


def ours(attempt: Attempt) -> bool:
    """A process or session of another host is never judged from here."""
    return attempt.host in (None, polecats.HOST)


# liveness


def _watch(
    town: Town, jobs: Jobs, attempts: list[Attempt], sessions: dict[int, list[Session]], now: datetime
) -> None:
    panes = town.tmux.panes()
    for attempt in attempts:
        mine = tuple(sessions[attempt.id])
        if not mine:
            jobs.start(f"attempt {attempt.id}", lambda id=attempt.id: _spawn(town, id))  # type: ignore[misc]
            continue
        pane = None if panes is None else panes.get(mine[-1].name)
        alive = None if panes is None else bool(pane and pane.alive)
        facts = witness.Facts(attempt, mine, alive, pane.status if pane else None, now)
        _guarded(town, lambda facts=facts: _act(town, jobs, facts))  # type: ignore[misc]


def _act(town: Town, jobs: Jobs, facts: witness.Facts) -> None:
    attempt = facts.attempt
    rig = town.rig(attempt.rig)
    limits = witness.Limits(
        ack=timedelta(seconds=rig.ack_timeout),
        time=timedelta(seconds=rig.time_limit),
        nudges=_nudges(town, attempt.runtime),
    )
    decision = witness.decide(facts, limits)
    if decision.what == witness.WAIT:
        return
    town.log(f"attempt {attempt.id} on {attempt.bead}: {decision.what} {decision.reason}")
    action = _ACTIONS[decision.what]
    jobs.start(f"attempt {attempt.id}", lambda: action(town, attempt, decision.reason))


def _nudges(town: Town, runtime: str) -> bool:
    try:
        return runtimes.get(runtime, town.settings).nudges
    except NotFound:  # a person took it out of town.toml: its sessions are watched all the same
        return False


def _nudge(town: Town, attempt: Attempt, reason: str) -> None:
    session = polecats.session_of(town, attempt)
    polecats.nudge(town, session)


def _restart(town: Town, attempt: Attempt, reason: str) -> None:
    with town.store.write("witness") as change:
        if store.attempt(change.conn, attempt.id).state not in WITH_SESSION:
            return  # it called `gt done` meanwhile: its session was right to end
        if not sling.wanted(change, attempt.bead):
            store.move(
                change.conn, attempt.id, "released", change.now, reason="its bead is closed or deleted"
            )
            return
    cleanup.end_sessions(town, attempt.id, reason)
    git.repair(town.clone(attempt), town.mirror(attempt.rig))
    try:
        polecats.start_session(town, attempt.id)
    except (BeadsError, OSError) as error:
        _fail(town, attempt, f"its session could not be started again: {error}")


def _fail(town: Town, attempt: Attempt, reason: str) -> None:
    _end(town, attempt, reason, again=True)


def _escalate(town: Town, attempt: Attempt, reason: str) -> None:
    _end(town, attempt, reason, again=False)


def _end(town: Town, attempt: Attempt, reason: str, *, again: bool) -> None:
    with town.store.write("witness") as change:
        fresh = store.attempt(change.conn, attempt.id)
        if fresh.state not in WITH_SESSION:
            return
        session = store.last_session(change.conn, attempt.id)
        tail = processes.tail(town.transcript(session.name))[-2000:] if session else ""
        give_back(change, fresh, reason, f"its transcript ended with:\n{tail}" if tail else "", again=again)


_ACTIONS: dict[str, Callable[[Town, Attempt, str], None]] = {
    witness.NUDGE: _nudge,
    witness.RESTART: _restart,
    witness.FAIL: _fail,
    witness.ESCALATE: _escalate,
}


# dispatch, merging, clearing, landing


def _dispatch(
    town: Town, jobs: Jobs, live: list[Attempt], unclean: list[Attempt], parked: set[str], now: datetime
) -> None:
    """Start what waits, as far as there is room: every clone that may still have a session takes a place."""
    settings = town.settings
    placed = [a for a in live if a.state in WITH_SESSION] + [a for a in unclean if a.clone]
    total = len(placed)
    for attempt in live:
        if attempt.state != "hooked" or attempt.rig in parked or attempt.rig not in settings.rigs:
            continue
        if attempt.not_before is not None and attempt.not_before > now:
            continue
        if total >= settings.town.max_polecats:
            return
        if sum(a.rig == attempt.rig for a in placed) >= settings.rigs[attempt.rig].max_polecats:
            continue
        started = polecats.dispatch(town, attempt.id)
        if started is not None:
            placed.append(started)
            total += 1
            jobs.start(f"attempt {started.id}", lambda id=started.id: _spawn(town, id))  # type: ignore[misc]


def _spawn(town: Town, id: int) -> None:
    try:
        polecats.spawn(town, id)
    except processes.Interrupted:
        raise
    except (BeadsError, OSError) as error:
        hint = f" ({error.hint})" if isinstance(error, BeadsError) and error.hint else ""
        with town.store.read() as view:
            attempt = store.attempt(view.conn, id)
        town.log(f"attempt {id} on {attempt.bead}: spawn failed: {error}{hint}")
        _fail(town, attempt, f"could not be started: {error}{hint}")


def _merge(town: Town, jobs: Jobs, queue: list[MergeRequest], busy: frozenset[str], now: datetime) -> None:
    """One merge at a time a rig; the queue's order is the store's."""
    started: set[str] = set()
    for request in queue:
        key = f"refinery {request.rig}"
        due = request.retry_at is None or request.retry_at <= now
        if key in busy or request.rig in started or not due or request.rig not in town.settings.rigs:
            continue
        started.add(request.rig)
        jobs.start(key, lambda id=request.id: refinery.merge(town, id))  # type: ignore[misc]


def _clear(town: Town, jobs: Jobs, unclean: list[Attempt]) -> None:
    for attempt in unclean:
        if ours(attempt):
            jobs.start(f"attempt {attempt.id}", lambda id=attempt.id: cleanup.clear(town, id))  # type: ignore[misc]


def _land(town: Town) -> None:
    for id in convoys.land(town):
        town.log(f"convoy {id} landed")
