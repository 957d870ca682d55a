"""Gates: issues that hold others up until something outside of them has happened.

A gate is an issue of type `gate` that others depend on. What it waits for is in `await_type` and `await_id`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from beads import clock, closing, ids, words
from beads.changes import Change
from beads.errors import Invalid
from beads.filters import Filter
from beads.model import Draft, Issue
from beads.queries import View
from beads.text import safe

HUMAN, TIMER, BEAD, MAIL, GH_RUN, GH_PR = "human", "timer", "bead", "mail", "gh:run", "gh:pr"
TYPES = (HUMAN, TIMER, GH_RUN, GH_PR, BEAD, MAIL)
GITHUB = (GH_RUN, GH_PR)
RESOLVED, PENDING, FAILED, UNCHECKED = "resolved", "pending", "failed", "unchecked"
ESCALATED = "escalated"
# What an `await_id` is, for the types that cannot do without one.
_NEEDED = {
    GH_RUN: "the number of a run, or a workflow's name",
    GH_PR: "the number of a pull request",
    BEAD: "an issue",
}


@dataclass(frozen=True)
class Verdict:
    """Whether what a gate waits for has happened, has failed, is still to come, or could not be found out."""

    outcome: str
    reason: str


def create(
    change: Change,
    held: str,
    kind: str,
    await_id: str = "",
    timeout: int = 0,
    title: str = "",
    reason: str = "",
) -> Issue:
    """Make a gate that holds up an issue; `timeout` is in nanoseconds.

    :raises Invalid: when what it waits for is not said. :raises NotFound: when a bead to wait for does not exist.
    """
    if kind not in TYPES:
        raise words.unknown("kind of gate", kind, TYPES)
    if kind in _NEEDED and not await_id:
        raise Invalid(f"a gate of type {kind} needs {_NEEDED[kind]}", "--await-id")
    if kind == TIMER and timeout <= 0:
        raise Invalid("a gate of type timer needs a length of time", "--timeout 2h")
    if await_id.startswith("-"):
        raise Invalid(f"{safe(await_id)!r} cannot be waited for: it looks like an option")
    if kind == BEAD and ":" not in await_id:
        await_id = change.resolve(await_id)
    draft = Draft(
        title=title or f"Gate: {kind} {await_id}".rstrip(),
        description=f"Holds up {held}." + (f"\n\n{reason}" if reason else ""),
        type="gate",
        await_type=kind,
        await_id=await_id,
        timeout=timeout,
        prefix=ids.home_of(held),
        metadata=_repository(change.get(held)) if kind in GITHUB else None,
        blocks=(held,),
    )
    return change.create(draft)


def _repository(held: Issue) -> dict[str, Any] | None:
    repository = held.metadata.get("repo") if isinstance(held.metadata, dict) else None
    return {"repo": repository} if repository else None


def listed(view: View, every: bool = False, of: str = "", limit: int | None = None) -> list[Issue]:
    """Return the gates that are shut, or all; `of` keeps those that hold up one issue."""
    found = view.find(Filter(types=("gate",), not_statuses=() if every else ("closed",), templates=False))
    if of:
        targets = {link.depends_on_id for link in view.dependencies(of)}
        found = [gate for gate in found if gate.id in targets]
    return found[:limit]


def get(view: View, name: str) -> Issue:
    """Return a gate.

    :raises Invalid: when the issue is none.
    """
    found = view.get(view.resolve(name))
    if found.type != "gate":
        raise Invalid(f"{found.id} is no gate but a {found.type}", "bd gate list")
    return found


def add_waiter(change: Change, gate: Issue, waiter: str) -> bool:
    """Note who is to be told when a gate opens; say whether that is new.

    :raises Invalid: when nobody is named.
    """
    if not waiter.strip():
        raise Invalid("nobody is named who waits")
    if waiter in gate.waiters:
        return False
    change.update(gate.id, waiters=(*gate.waiters, waiter))
    return True


def resolve(change: Change, gate: Issue, reason: str = "") -> Issue:
    """Open a gate, whatever it waits for: it is closed, and holds nobody up any more."""
    return change.close(gate.id, reason or "resolved", force=True)


# checking


def is_checkable(gate: Issue, kind: str) -> bool:
    """Say whether a check of this kind is about this gate: a type, `gh` for both of GitHub's, or any."""
    if kind == "gh":
        return gate.await_type in GITHUB
    return gate.await_type in (TIMER, BEAD, *GITHUB) if kind in ("", "all") else gate.await_type == kind


def verdict(view: View, gate: Issue, answers: Mapping[str, Verdict]) -> Verdict:
    """Return what became of what a gate waits for; `answers` holds what was found out elsewhere, by gate."""
    if gate.await_type in GITHUB:
        return answers.get(gate.id, Verdict(UNCHECKED, "GitHub was not asked"))
    if gate.await_type == TIMER:
        return _timer(view, gate)
    if gate.await_type == BEAD:
        return _bead(view, gate)
    return Verdict(PENDING, f"somebody has to say so: bd gate resolve {gate.id}")


def _timer(view: View, gate: Issue) -> Verdict:
    if not gate.timeout:
        return Verdict(UNCHECKED, "the timer has no length")
    ends = closing.timer_ends(gate)
    if closing.gate_open(view, gate):
        return Verdict(RESOLVED, f"the timer ran out at {clock.shown(ends)}")
    return Verdict(PENDING, f"the timer runs until {clock.shown(ends)}")


def _bead(view: View, gate: Issue) -> Verdict:
    target = closing.awaited_bead(gate)
    found = view.many([target]).get(target)
    if found is None:
        return Verdict(UNCHECKED, f"{target} is not in this store")
    return Verdict(RESOLVED if closing.gate_open(view, gate) else PENDING, f"{target} is {found.status}")


def settle(change: Change, gate_id: str, found: Verdict, escalate: bool = False) -> bool:
    """Act on a verdict: open the gate, or mark one that can no longer open; say whether that was done.

    A gate that somebody else has closed meanwhile is left alone.
    """
    gate = change.many([gate_id]).get(gate_id)
    if gate is None or gate.status == "closed":
        return False
    if found.outcome == RESOLVED:
        resolve(change, gate, found.reason)
        return True
    if found.outcome == FAILED and escalate and change.add_label(gate.id, ESCALATED):
        change.add_comment(gate.id, f"This gate cannot open by itself: {found.reason}")
        return True
    return False
