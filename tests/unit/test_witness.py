"""The witness decides from facts alone: every combination of them has its answer here."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from gastown.model import Attempt, Session
from gastown.witness import DOWN, ESCALATE, FAIL, NUDGE, RESTART, WAIT, Facts, Limits, decide

START = datetime(2030, 1, 1, tzinfo=UTC)
LIMITS = Limits(ack=timedelta(seconds=60), time=timedelta(hours=1), nudges=True)
SILENT_PROGRAM = replace(LIMITS, nudges=False)


def after(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def an_attempt(*, acked: bool = True) -> Attempt:
    nothing = dict.fromkeys(
        ("base_commit", "head_commit", "reason", "host", "not_before", "seen_at", "ended_at")
    )
    return Attempt(
        id=1, bead="ap-1", rig="app", polecat="toast", runtime="codex", number=1, tries=1, priority=2,
        state="working" if acked else "spawning", branch="polecat/toast/ap-1-1", clone="/clone", hooked_at=START,
        acked_at=after(1) if acked else None, cleaned_at=None, **nothing,
    )  # fmt: skip


def a_session(
    *, started: float = 0, acked: bool = True, nudged: bool = False, ended: str | None = None
) -> Session:
    return Session(
        id=1, attempt=1, name="app-toast-1", host="here", transcript="/log", started_at=after(started),
        acked_at=after(started + 1) if acked else None, nudged_at=after(started + 60) if nudged else None,
        ended_at=after(started + 2) if ended else None, ended=ended,
    )  # fmt: skip


def facts(
    *sessions: Session,
    now: float = 10,
    alive: bool | None = True,
    status: str | None = None,
    acked: bool = True,
) -> Facts:
    return Facts(an_attempt(acked=acked), sessions, alive, status, after(now))


CRASHED, DOWNED = a_session(ended="it was killed"), a_session(ended=DOWN)
SILENT, RUNG = a_session(acked=False), a_session(acked=False, nudged=True)

TABLE = {
    "nothing runs yet": (facts(), LIMITS, WAIT),
    "at work": (facts(a_session()), LIMITS, WAIT),
    "tmux does not say": (facts(a_session(), alive=None, now=9999), LIMITS, WAIT),
    # alive
    "at work, just within its time": (facts(a_session(), now=3600), LIMITS, WAIT),
    "at work, past its time": (facts(a_session(), now=3601), LIMITS, ESCALATE),
    "not answered yet": (facts(SILENT, now=60, acked=False), LIMITS, WAIT),
    "not answered in time": (facts(SILENT, now=61, acked=False), LIMITS, NUDGE),
    "rung at": (facts(RUNG, now=120, acked=False), LIMITS, WAIT),
    "rung at in vain": (facts(RUNG, now=121, acked=False), LIMITS, RESTART),
    "rung at in vain, the second session": (
        facts(
            a_session(acked=False, ended="silent"), a_session(acked=False, nudged=True), now=121, acked=False
        ),
        LIMITS,
        FAIL,
    ),
    "cannot be rung at": (facts(SILENT, now=61, acked=False), SILENT_PROGRAM, WAIT),
    "cannot be rung at, past twice the time": (facts(SILENT, now=121, acked=False), SILENT_PROGRAM, RESTART),
    "a later session is silent": (
        facts(CRASHED, a_session(started=100, acked=False), now=161),
        LIMITS,
        NUDGE,
    ),
    # dead
    "died before it answered": (facts(SILENT, alive=False, acked=False), LIMITS, RESTART),
    "died twice before it answered": (facts(SILENT, SILENT, alive=False, acked=False), LIMITS, FAIL),
    "died at work": (facts(a_session(), alive=False), LIMITS, RESTART),
    "died twice at work": (facts(CRASHED, a_session(), alive=False), LIMITS, RESTART),
    "died three times at work": (facts(CRASHED, CRASHED, a_session(), alive=False), LIMITS, FAIL),
    "dead past its time is not escalated but restarted": (
        facts(a_session(), alive=False, now=9999),
        LIMITS,
        RESTART,
    ),
    # taken down by a person
    "down": (facts(DOWNED, alive=False), LIMITS, RESTART),
    "down for the fifth time": (facts(*[DOWNED] * 5, alive=False), LIMITS, RESTART),
    "downs are no deaths": (facts(DOWNED, DOWNED, DOWNED, a_session(), alive=False), LIMITS, RESTART),
    "the time while the town was down is not work": (
        facts(DOWNED, a_session(started=9000), now=9100),
        LIMITS,
        WAIT,
    ),
    "nor the time after a power cut": (facts(CRASHED, a_session(started=9000), now=9100), LIMITS, WAIT),
}


@pytest.mark.parametrize(("given", "limits", "what"), TABLE.values(), ids=TABLE.keys())
def test_decision(given: Facts, limits: Limits, what: str) -> None:
    assert decide(given, limits).what == what


EVERY = [
    facts(*sessions, now=now, alive=alive, acked=acked)
    for sessions, now, alive, acked in product(
        [(a,) for a in (a_session(), SILENT, RUNG, CRASHED, DOWNED)]
        + [(a, b) for a, b in product((CRASHED, DOWNED), (a_session(), SILENT, RUNG))],
        (0, 59, 61, 121, 3599, 3601),
        (True, False, None),
        (True, False),
    )
]


def test_what_is_alive_at_work_and_in_time_is_never_ended() -> None:
    for given in EVERY:
        if given.alive and given.sessions[-1].acked_at and given.now <= after(3600):
            assert decide(given, LIMITS).what == WAIT, given


def test_an_unknown_fact_is_never_a_reason() -> None:
    assert {decide(given, LIMITS).what for given in EVERY if given.alive is None} == {WAIT}


def test_the_dead_are_never_left_alone_and_never_rung_at() -> None:
    assert {decide(given, LIMITS).what for given in EVERY if given.alive is False} == {RESTART, FAIL}


def test_every_end_has_its_reason_in_words() -> None:
    for given in EVERY:
        decision = decide(given, LIMITS)
        assert bool(decision.reason) == (decision.what in (RESTART, FAIL, ESCALATE)), decision


def test_the_exit_status_is_told() -> None:
    assert "exit status 3" in decide(facts(a_session(), alive=False, status="3"), LIMITS).reason
    assert "it was killed" in decide(facts(a_session(), alive=False), LIMITS).reason
