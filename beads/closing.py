"""When an issue may be closed: not while something holds it up, and not what was meant to stay."""

from datetime import datetime, timedelta

from sqlalchemy import select

from beads.errors import Refused
from beads.model import Issue
from beads.queries import View
from beads.schema import issues

_SHOWN = 10


def check(view: View, issue: Issue) -> None:
    """Refuse to close what is blocked, unfinished (epics, molecules), pinned, a template, or a gate still shut.

    :raises Refused: saying which.
    """
    show = f"bd show {issue.id}"
    if issue.is_blocked:
        blockers = ", ".join(view.blockers(issue.id))
        raise Refused(f"cannot close {issue.id}: blocked by {blockers}", "close those first, or say --force")
    if issue.pinned or issue.status == "pinned":
        raise Refused(f"cannot close {issue.id}: it is pinned", show)
    if issue.is_template:
        raise Refused(f"cannot close {issue.id}: it is a template", show)
    if issue.type in ("epic", "molecule"):
        _check_children(view, issue)
    if issue.type == "gate" and issue.await_type and not gate_open(view, issue):
        awaited = f"{issue.await_type} {issue.await_id}".strip()
        raise Refused(
            f"cannot close {issue.id}: its gate is not satisfied ({awaited})",
            f"see whether it is: bd gate check; to open it all the same: bd gate resolve {issue.id}",
        )


def _check_children(view: View, epic: Issue) -> None:
    unfinished = [child.id for child in view.children(epic.id) if child.status != "closed"]
    if unfinished:
        listed = ", ".join(unfinished[:_SHOWN]) + (", …" if len(unfinished) > _SHOWN else "")
        raise Refused(
            f"cannot close {epic.id}: {len(unfinished)} open children: {listed}", "close those first"
        )


def gate_open(view: View, gate: Issue) -> bool:
    """Say whether a gate may be closed, as far as the store alone can tell; one for people is theirs to close."""
    match gate.await_type:
        case "timer":
            return bool(gate.timeout) and view.now >= timer_ends(gate)
        case "bead":
            query = select(issues.c.status).where(issues.c.id == awaited_bead(gate))
            return view.conn.execute(query).scalar() == "closed"
        case kind:
            return not kind.startswith("gh:")


def timer_ends(gate: Issue) -> datetime:
    """Return when a gate's timer runs out."""
    return gate.created_at + timedelta(microseconds=gate.timeout // 1000)


def awaited_bead(gate: Issue) -> str:
    """Return the id of the issue that a gate waits for, which may be said as `rig:id`."""
    return gate.await_id.rpartition(":")[2]
