"""What becomes of a bead when its attempt failed: another attempt with the evidence on the bead, or a person's turn."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from gastown import sling, store
from gastown.model import MAX_TRIES, Attempt

if TYPE_CHECKING:
    from beads.store import Change

AUTHOR = "gastown"
PAUSE = timedelta(seconds=10)


def pause(tries: int) -> timedelta:
    """How long a bead rests after its n-th failed attempt: 10 s, 60 s, …"""
    return PAUSE * (6.0 ** (tries - 1))


def give_back(
    change: Change, attempt: Attempt, reason: str, evidence: str = "", *, again: bool, rest: bool = True
) -> Attempt | None:
    """End an attempt and, in the same transaction, hook the next one or escalate.

    `again`: whether another attempt could help; `rest`: whether it waits first. Returns the new attempt.
    :raises store.IllegalTransition: the attempt is over already; then nothing happens."""
    if not sling.wanted(change, attempt.bead):
        store.move(
            change.conn, attempt.id, "failed", change.now, reason=f"{reason}; its bead is closed or deleted"
        )
        return None
    retry = again and attempt.tries < MAX_TRIES
    store.move(change.conn, attempt.id, "failed" if retry else "escalated", change.now, reason=reason)
    text = f"attempt {attempt.id} ({attempt.worker}): {reason}"
    if evidence:
        text += f"\n\n{evidence}"
    if retry:
        change.add_comment(attempt.bead, text, author=AUTHOR)
        change.record(attempt.bead, "given_back", old=f"attempt {attempt.id}", new=reason)
        return sling.hook(
            change,
            attempt.bead,
            attempt.rig,
            attempt.runtime,
            attempt.priority,
            tries=attempt.tries + 1,
            not_before=change.now + pause(attempt.tries) if rest else None,
        )
    tail = f"\n\nIts commits and its uncommitted work are kept: gt polecat restore {attempt.id} DIR"
    change.add_comment(attempt.bead, f"escalated: {text}{tail if attempt.clone else ''}", author=AUTHOR)
    change.update(attempt.bead, status="blocked", assignee="")
    change.record(attempt.bead, "escalated", old=f"attempt {attempt.id}", new=reason)
    return None
