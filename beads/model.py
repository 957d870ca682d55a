"""Issues, dependencies, comments and events as plain data, and the words that are allowed in them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

ACTIVE, WIP, DONE, FROZEN, UNSPECIFIED = "active", "wip", "done", "frozen", "unspecified"

STATUSES = {
    "open": ACTIVE,
    "in_progress": WIP,
    "blocked": WIP,
    "hooked": WIP,
    "closed": DONE,
    "deferred": FROZEN,
    "pinned": FROZEN,
}
# A target in one of these holds nobody up, and an issue in one of these is not held up.
SETTLED = ("closed", "pinned")

TYPES = (
    "bug", "feature", "task", "epic", "chore", "decision", "message", "molecule", "gate", "spike", "story",
    "milestone", "event",
)  # fmt: skip
TYPE_ALIASES = {
    "enhancement": "feature",
    "feat": "feature",
    "dec": "decision",
    "adr": "decision",
    "investigation": "spike",
    "timebox": "spike",
    "user-story": "story",
    "ms": "milestone",
    "mr": "merge-request",
    "mol": "molecule",
}
INFRA_TYPES = ("agent", "role", "rig", "message")
# Never offered as work, unless asked for by name.
NOT_WORK = ("merge-request", "gate", "molecule", "message", "agent", "role", "rig")

BLOCKING = ("blocks", "conditional-blocks")
PARENT = "parent-child"
WAITS_FOR = "waits-for"
RELATES, REPLY = "relates-to", "replies-to"
GATING = (*BLOCKING, PARENT, WAITS_FOR)
DEPENDENCY_TYPES = (
    *("blocks", "parent-child", "conditional-blocks", "waits-for"),
    *("related", "discovered-from", "replies-to", "relates-to", "duplicates", "supersedes"),
    *("authored-by", "assigned-to", "approved-by", "attests", "tracks", "until", "caused-by"),
    *("validates", "delegated-from"),
)
PRIORITIES = range(5)
MAX_TITLE_BYTES = 500
MAX_WORD = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One issue. An absent text is the empty string, an absent instant or number is None."""

    id: str
    title: str
    description: str = ""
    design: str = ""
    acceptance_criteria: str = ""
    notes: str = ""
    spec_id: str = ""
    status: str = "open"
    priority: int = 2
    type: str = "task"
    assignee: str = ""
    owner: str = ""
    estimated_minutes: int | None = None
    created_at: datetime
    created_by: str = ""
    updated_at: datetime
    started_at: datetime | None = None
    closed_at: datetime | None = None
    close_reason: str = ""
    closed_by_session: str = ""
    due_at: datetime | None = None
    defer_until: datetime | None = None
    external_ref: str = ""
    source_system: str = ""
    metadata: Any = None
    compaction_level: int = 0
    compacted_at: datetime | None = None
    compacted_at_commit: str = ""
    original_size: int = 0
    sender: str = ""
    ephemeral: bool = False
    no_history: bool = False
    wisp_type: str = ""
    pinned: bool = False
    is_template: bool = False
    bonded_from: Any = None
    await_type: str = ""
    await_id: str = ""
    timeout: int = 0
    waiters: tuple[str, ...] = ()
    source_formula: str = ""
    source_location: str = ""
    mol_type: str = ""
    work_type: str = ""
    event_kind: str = ""
    actor: str = ""
    target: str = ""
    payload: str = ""
    labels: tuple[str, ...] = ()
    is_blocked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What an issue is created from. `depends_on` holds (target id, type); `blocks` the ids it holds up."""

    title: str
    type: str = "task"
    priority: int = 2
    id: str = ""
    prefix: str = ""
    rig: str = ""
    infix: str = ""
    parent: str = ""
    inherit_labels: bool = True
    depends_on: tuple[tuple[str, str], ...] = ()
    blocks: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    description: str = ""
    design: str = ""
    acceptance_criteria: str = ""
    notes: str = ""
    spec_id: str = ""
    status: str = "open"
    assignee: str = ""
    owner: str = ""
    created_by: str = ""
    estimated_minutes: int | None = None
    due_at: datetime | None = None
    defer_until: datetime | None = None
    external_ref: str = ""
    source_system: str = ""
    metadata: Any = None
    sender: str = ""
    ephemeral: bool = False
    no_history: bool = False
    wisp_type: str = ""
    pinned: bool = False
    is_template: bool = False
    bonded_from: Any = None
    await_type: str = ""
    await_id: str = ""
    timeout: int = 0
    waiters: tuple[str, ...] = ()
    source_formula: str = ""
    source_location: str = ""
    mol_type: str = ""
    work_type: str = ""
    event_kind: str = ""
    actor: str = ""
    target: str = ""
    payload: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """`issue_id` depends on `depends_on_id`; of a `parent-child`, `issue_id` is the child."""

    issue_id: str
    depends_on_id: str
    type: str
    created_at: datetime
    created_by: str = ""
    metadata: str = ""
    thread_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """What somebody said about an issue. The id is text, unique within the issue."""

    id: str
    issue_id: str
    author: str
    text: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that was done. Events with the same `change` were done in one transaction."""

    id: int
    issue_id: str
    event_type: str
    actor: str
    old_value: str | None
    new_value: str | None
    comment: str | None
    created_at: datetime
    change: int


def is_external(target: str) -> bool:
    """Say whether a dependency's target lies outside every store."""
    return target.startswith("external:")
