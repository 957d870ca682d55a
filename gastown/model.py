"""What the town speaks of: attempts, sessions, merge requests. Plain data and the table of allowed transitions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

ATTEMPT_STATES = (
    "hooked",  # slung; waits for a place under the capacity
    "spawning",  # clone and session are being made, or the agent has not answered yet
    "working",  # the session itself has called `gt prime` or `gt hook`
    "submitted",  # `gt done`: the commits are on a branch of the rig's repository
    "merging",
    "merged",  # the commits are verified on the target branch
    "completed",  # `gt done --no-merge`: there was nothing to merge
    "escalated",  # a person has to look
    "deferred",
    "failed",
    "released",  # taken back by a person
)
LIVE = ("hooked", "spawning", "working", "submitted", "merging")
WITH_SESSION = ("spawning", "working")

TRANSITIONS: dict[str, frozenset[str]] = {
    "hooked": frozenset({"spawning", "released", "escalated"}),
    "spawning": frozenset({"working", "hooked", "failed", "escalated", "released"}),
    "working": frozenset({"submitted", "completed", "escalated", "deferred", "failed", "released"}),
    "submitted": frozenset({"merging", "released"}),
    "merging": frozenset({"merged", "submitted", "failed", "escalated"}),
}

MERGE_STATES = ("open", "merging", "merged", "rejected")

MAX_TRIES = 3
"""Attempts on one bead before a person has to say more (lifecycle: sling)."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One assignment of one bead to one polecat, with its own clone, branch and fate."""

    id: int
    bead: str
    rig: str
    polecat: str | None
    runtime: str
    number: int
    tries: int
    state: str
    priority: int
    branch: str | None
    base_commit: str | None
    head_commit: str | None
    clone: str | None
    reason: str | None
    host: str | None
    not_before: datetime | None
    hooked_at: datetime
    acked_at: datetime | None
    seen_at: datetime | None
    ended_at: datetime | None
    cleaned_at: datetime | None

    @property
    def live(self) -> bool:
        return self.state in LIVE

    @property
    def worker(self) -> str:
        """The assignee that clients of the issue store see: `rig/polecat`, or the rig while it waits."""
        return f"{self.rig}/{self.polecat}" if self.polecat else self.rig

    @property
    def safety_ref(self) -> str:
        """Where this attempt's commits are kept in the rig's repository, for good."""
        return f"refs/gastown/attempts/{self.id}"


@dataclass(frozen=True, slots=True)
class Session:
    """One run of a runtime's program for one attempt. `ended` says how it ended, in words."""

    id: int
    attempt: int
    name: str
    host: str
    transcript: str
    started_at: datetime
    acked_at: datetime | None
    nudged_at: datetime | None
    ended_at: datetime | None
    ended: str | None


@dataclass(frozen=True, slots=True)
class MergeRequest:
    """One submitted head waiting for the refinery. `candidate` is the commit that the gates saw."""

    id: int
    attempt: int
    bead: str
    rig: str
    branch: str
    head_commit: str
    target: str
    priority: int
    state: str
    verdict: str | None
    evidence: str | None
    candidate: str | None
    tries: int
    retry_at: datetime | None
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class RigRow:
    """What the store remembers of a rig; its settings are in town.toml."""

    name: str
    prefix: str
    created_at: datetime
    parked_at: datetime | None
