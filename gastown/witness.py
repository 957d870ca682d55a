"""The witness: a pure decision about one attempt, from facts and the time. It looks nothing up and does nothing.

It never ends what is alive and within its time; a fact that could not be established is None and never a reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from gastown.model import Attempt, Session

WAIT, NUDGE, RESTART, FAIL, ESCALATE = "wait", "nudge", "restart", "fail", "escalate"
MAX_SESSIONS = 3
"""Sessions that may die on one attempt after its agent had started; before that, two."""
DOWN = "town went down"
"""How a session ended that a person ended with the whole town: no fault of the attempt."""


@dataclass(frozen=True, slots=True)
class Facts:
    """`alive`: None when tmux could not say. `sessions`: all of the attempt's, oldest first; the last one is judged."""

    attempt: Attempt
    sessions: tuple[Session, ...]
    alive: bool | None
    status: str | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Limits:
    ack: timedelta
    time: timedelta
    nudges: bool


@dataclass(frozen=True, slots=True)
class Decision:
    what: str
    reason: str = ""


def decide(facts: Facts, limits: Limits) -> Decision:
    if not facts.sessions or facts.alive is None:
        return Decision(WAIT)
    session = facts.sessions[-1]
    if not facts.alive:
        return _dead(facts, session)
    # From this session's own start: the time in which the town was down, or the machine off, is nobody's fault.
    if facts.now - session.started_at > limits.time:
        return Decision(ESCALATE, f"time limit: no `gt done` within {limits.time.total_seconds():g} s")
    if session.acked_at is None:
        return _silent(facts, session, limits)
    return Decision(WAIT)


def _dead(facts: Facts, session: Session) -> Decision:
    if session.ended == DOWN:
        return Decision(RESTART, DOWN)
    deaths = sum(s.ended != DOWN for s in facts.sessions)
    how = f"exit status {facts.status}" if facts.status else "it was killed"
    if facts.attempt.acked_at is None:
        allowed, what = 2, f"the session ended before it called `gt prime` or `gt hook` ({how})"
    else:
        allowed, what = MAX_SESSIONS, f"the session ended before `gt done` ({how})"
    return Decision(RESTART, what) if deaths < allowed else Decision(FAIL, f"{what}, {deaths} times")


def _silent(facts: Facts, session: Session, limits: Limits) -> Decision:
    age = facts.now - session.started_at
    if age <= limits.ack:
        return Decision(WAIT)
    if limits.nudges and session.nudged_at is None:
        return Decision(NUDGE)
    if age <= limits.ack * 2:
        return Decision(WAIT)
    what = f"no call of `gt prime` or `gt hook` within {age.total_seconds():.0f} s"
    deaths = sum(s.ended != DOWN for s in facts.sessions)
    return Decision(RESTART, what) if deaths < 2 else Decision(FAIL, what)
