"""Done: hand in the work. Every step is safe to repeat, so a killed `gt done` finishes when it is run again.

commit what is not committed → push and read back → merge request and state in one transaction → the session ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from beads.errors import Refused
from gastown import hook, store
from gastown.config import Rig
from gastown.host import git, snapshots
from gastown.model import Attempt
from gastown.town import Town

COMPLETED, ESCALATED, DEFERRED = "completed", "escalated", "deferred"
STATUSES = (COMPLETED, ESCALATED, DEFERRED)
# What a bead becomes when its attempt ends without a merge request.
BEAD_STATUS = {ESCALATED: "blocked", DEFERRED: "deferred"}


@dataclass(frozen=True, slots=True)
class Done:
    """What was handed in: `head` is on the rig's repository; `repeated` when it had been already."""

    attempt: Attempt
    state: str
    head: str | None
    repeated: bool = False


def done(town: Town, id: int, *, message: str = "", status: str = COMPLETED, no_merge: bool = False) -> Done:
    """Hand in, escalate or defer the work of an attempt.

    :raises hook.StaleAttempt: the attempt is over, and nothing was changed. :raises Refused: nothing to hand in."""
    with town.store.read() as view:
        attempt = store.attempt(view.conn, id)
        issue = view.get(attempt.bead)
    if attempt.state in ("submitted", "merging", "merged") and status == COMPLETED:
        return Done(attempt, attempt.state, attempt.head_commit, repeated=True)
    hook.fenced(attempt, id)
    settings = town.rig(attempt.rig)
    clone, mirror = town.clone(attempt), town.mirror(attempt.rig)
    if status != COMPLETED:
        return _give_up(town, attempt, clone, mirror, status, message)
    head = _commit(attempt, clone, message or f"{issue.title} ({issue.id})", no_merge)
    if no_merge:
        return _nothing_to_merge(town, attempt, message)
    # Past this line the commits are in the rig's repository under two refs; only then does the store say so.
    git.push_branch(
        clone, mirror, head, [f"refs/heads/{attempt.branch}", f"{attempt.safety_ref}/{head[:12]}"]
    )
    return _submit(town, attempt, settings, head, message)


def _commit(attempt: Attempt, clone: Path, message: str, no_merge: bool) -> str:
    """HEAD of the clone with everything committed. :raises Refused: half-done merges; nothing done; commits that
    `--no-merge` would leave behind."""
    base = attempt.base_commit or ""
    if half := git.unfinished(clone):
        raise Refused(
            f"a {half} stands half done in this clone", hint=f"git {half} --continue, then: gt done"
        )
    if git.dirty(clone) and not no_merge:
        _take_in(clone, message)
    head = git.head(clone)
    branch = git.current_branch(clone)
    own = git.tip(clone, f"refs/heads/{attempt.branch}")
    if (
        branch != attempt.branch
        and own not in (None, base, head)
        and not git.is_ancestor(clone, str(own), head)
    ):
        raise Refused(
            f"{attempt.branch} has commits that HEAD has not",
            hint=f"git checkout {attempt.branch}, then: gt done",
        )
    # Of commits that change nothing in sum there is nothing to merge.
    changed = git.differs(clone, base, head)
    if no_merge and (changed or git.dirty(clone)):
        raise Refused("there are changes in this clone, and --no-merge would leave them", hint="gt done")
    if not changed and not no_merge:
        raise Refused(
            f"nothing is changed since {base[:10]}: there is nothing to hand in",
            hint="commit your work, or say that none is needed: gt done --no-merge --message WHY",
        )
    return head


def _take_in(clone: Path, message: str) -> None:
    """Commit what is there. :raises Refused: git would take in no more than a link to a part of it."""
    if links := git.nested(clone):
        raise Refused(
            f"{', '.join(links)} in this clone is a git repository of its own: its files would not be handed in",
            hint=f"remove {links[0]}.git, or have git ignore {links[0]}, then: gt done",
        )
    git.commit_all(clone, message)


def _submit(town: Town, attempt: Attempt, settings: Rig, head: str, message: str) -> Done:
    with town.store.write(attempt.worker) as change:
        hook.acknowledge(change, attempt.id)
        moved = store.move(change.conn, attempt.id, "submitted", change.now, head_commit=head)
        store.add_merge_request(
            change.conn,
            attempt=attempt.id,
            bead=attempt.bead,
            rig=attempt.rig,
            branch=attempt.branch,
            head_commit=head,
            target=settings.branch,
            priority=change.get(attempt.bead).priority,
            created_at=change.now,
        )
        if message:
            change.add_comment(attempt.bead, message)
        change.record(attempt.bead, "submitted", new=f"{head[:10]} by attempt {attempt.id}")
    return Done(moved, "submitted", head)


def _nothing_to_merge(town: Town, attempt: Attempt, message: str) -> Done:
    with town.store.write(attempt.worker) as change:
        hook.acknowledge(change, attempt.id)
        moved = store.move(
            change.conn, attempt.id, COMPLETED, change.now, reason=message or "nothing to merge"
        )
        change.close(attempt.bead, reason=message or "done; there was nothing to merge", force=True)
    return Done(moved, COMPLETED, None)


def _give_up(town: Town, attempt: Attempt, clone: Path, mirror: Path, status: str, message: str) -> Done:
    try:
        saved = snapshots.save(clone, mirror, attempt.safety_ref, attempt.base_commit)
    except snapshots.Unreadable:
        saved = []  # a broken clone must not keep an agent from saying so; it is kept as it is
    with town.store.write(attempt.worker) as change:
        hook.acknowledge(change, attempt.id)
        reason = message or f"{status} by {attempt.worker}"
        moved = store.move(change.conn, attempt.id, status, change.now, reason=reason)
        change.update(attempt.bead, status=BEAD_STATUS[status], assignee="")
        kept = f"\nWork so far: gt polecat restore {attempt.id} DIR" if saved else ""
        change.add_comment(attempt.bead, f"{status}: {reason}{kept}")
        change.record(attempt.bead, status, new=f"attempt {attempt.id}")
    return Done(moved, status, saved[0] if saved else None)
