"""The hook: what the session that calls is to work on. Calling it is what proves that the agent has started."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from beads.errors import Refused
from gastown import names, store
from gastown.model import WITH_SESSION, Attempt
from gastown.town import Town

if TYPE_CHECKING:
    from beads.model import Issue
    from beads.store import Change

NO_WORK = 4
"""Exit code of `gt hook` where nothing is on the hook."""
SEEN_EVERY = timedelta(seconds=15)


class NothingHooked(Refused):
    """There is no work on this hook: not an error of the store, which would say so."""

    exit_code = NO_WORK


class StaleAttempt(Refused):
    """The session belongs to an attempt that is over: it was released, replaced, or has ended."""


@dataclass(frozen=True, slots=True)
class Hooked:
    attempt: Attempt
    issue: Issue


def attempt_id(environ: Mapping[str, str] = os.environ) -> int:
    """The attempt whose session this is. :raises NothingHooked: this is no agent's session."""
    text = environ.get("GT_ATTEMPT", "")
    id = names.number(text)
    if id is None:
        why = "is no number" if text else "is not set"
        raise NothingHooked(
            f"not in an agent's session (GT_ATTEMPT {why}), so nothing is on a hook here",
            hint="bd ready shows what could be slung",
        )
    return id


def hooked(town: Town, id: int) -> Hooked:
    """What is on the hook; notes that the session lives, and by the first call that it has started its work.

    :raises StaleAttempt: the attempt is over."""
    with town.store.read() as view:
        attempt = fenced(store.find_attempt(view.conn, id), id)
        issue = view.get(attempt.bead)
        session = store.last_session(view.conn, id)
        answered = attempt.state == "working" and (session is None or session.acked_at is not None)
        if answered and attempt.seen_at is not None and view.now - attempt.seen_at < SEEN_EVERY:
            return Hooked(attempt, issue)
    with town.store.write(attempt.worker) as change:
        attempt = acknowledge(change, id)
        return Hooked(attempt, change.get(attempt.bead))


def fenced(attempt: Attempt | None, id: int) -> Attempt:
    """:raises StaleAttempt: unless the attempt is one whose agent may still work."""
    if attempt is None or attempt.state not in WITH_SESSION:
        state = "unknown" if attempt is None else attempt.state
        why = f" ({attempt.reason})" if attempt and attempt.reason else ""
        raise StaleAttempt(
            f"attempt {id} is {state}{why}: nothing is on this hook", hint="stop here; nothing was changed"
        )
    return attempt


def acknowledge(change: Change, id: int) -> Attempt:
    """The session of this attempt is alive and at work. :raises StaleAttempt: the attempt is over."""
    attempt = fenced(store.find_attempt(change.conn, id), id)
    session = store.last_session(change.conn, id)
    if session is not None and session.acked_at is None:
        store.change_session(change.conn, session.id, acked_at=change.now)
    if attempt.state == "spawning":
        attempt = store.move(change.conn, id, "working", change.now, acked_at=change.now)
        change.update(attempt.bead, status="in_progress", assignee=attempt.worker)
    store.change_attempt(change.conn, id, seen_at=change.now)
    return attempt
