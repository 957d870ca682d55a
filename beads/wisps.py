"""The end of molecules and wisps: squashed into a digest, burnt, or collected when their time has passed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from beads import deletion, ids, words
from beads.changes import Change
from beads.errors import Refused
from beads.filters import Filter
from beads.model import (
    BLOCKING,
    FROZEN,
    INFRA_TYPES,
    MAX_TITLE_BYTES,
    SETTLED,
    STATUSES,
    WAITS_FOR,
    WIP,
    Draft,
    Issue,
)
from beads.molecules import members
from beads.queries import View

OLD = timedelta(hours=24)
# How long a wisp of each type is kept after it was last changed.
KEPT = {
    **dict.fromkeys(("heartbeat", "ping"), timedelta(hours=6)),
    **dict.fromkeys(("patrol", "gc_report"), timedelta(hours=24)),
    **dict.fromkeys(("recovery", "error", "escalation"), timedelta(days=7)),
}


@dataclass(frozen=True)
class Squashed:
    """A molecule's wisps, and the digest that they have become, if there were any."""

    root: str
    digest: str
    wisps: list[str]
    kept: bool
    closed: bool


def squash(change: Change, root: Issue, summary: str = "", keep: bool = False) -> Squashed:
    """Let a digest take the place of a molecule's wisps; a root that is a wisp itself is closed."""
    parts = members(change, root.id)
    wisps = [part for part in parts[1:] if part.ephemeral]
    if not wisps and not root.ephemeral:
        return Squashed(root.id, "", [], keep, False)
    # What is exported must not hang on what is not.
    lasting = {"metadata": {"squashed_from": root.id}} if root.ephemeral else {"parent": root.id}
    draft = Draft(
        title=f"Digest: {root.title}".encode()[:MAX_TITLE_BYTES].decode(errors="ignore"),
        description=summary or digest(root, wisps),
        priority=root.priority,
        prefix=ids.home_of(root.id),
        **lasting,
    )
    made = change.create(draft)
    change.close(made.id, f"Squashed from {len(wisps)} wisps", force=True)
    if not keep:
        deletion.delete(change, [wisp.id for wisp in wisps])
    if root.ephemeral:
        change.close(root.id, f"Squashed into {made.id}", force=True)
    return Squashed(root.id, made.id, [wisp.id for wisp in wisps], keep, root.ephemeral)


def digest(root: Issue, steps: list[Issue]) -> str:
    """Return what a molecule's steps have come to, as Markdown."""
    done = sum(step.status == "closed" for step in steps)
    lines = [f"## {root.title}", "", f"{done} of {len(steps)} steps completed", ""]
    for number, step in enumerate(steps, 1):
        lines.append(f"{number}. **{step.status}** {step.title}")
        if step.close_reason:
            lines.append(f"   {step.close_reason}")
    return "\n".join(lines)


def burnable(view: View, root: Issue) -> list[str]:
    """Return what burning a molecule deletes: all of it, but of a wisp only what is ephemeral."""
    parts = members(view, root.id)
    return [part.id for part in parts if part.ephemeral or not root.ephemeral]


def burn(change: Change, root: Issue) -> list[str]:
    """Delete a molecule without a digest; return what was deleted.

    :raises Refused: when it is pinned, or part of it is.
    """
    gone = burnable(change, root)
    kept = [part.id for part in change.many(gone).values() if part.pinned or part.status == "pinned"]
    if kept:
        raise Refused(f"{root.id} is not burnt: {', '.join(sorted(kept))} is pinned", f"bd show {root.id}")
    deletion.delete(change, gone)
    return gone


# collecting


def spent(
    view: View, age: timedelta | None = None, closed_only: bool = False, not_types: tuple[str, ...] = ()
) -> list[str]:
    """Return the wisps whose time has passed; one in which somebody still works is never among them.

    A wisp goes together with those below it, or stays with them. `age` takes the place of the times of their
    types; `closed_only` asks for those that are closed, however new.
    """
    wisps = {
        wisp.id: wisp for wisp in view.find(Filter(ephemeral=True, not_types=(*INFRA_TYPES, *not_types)))
    }
    going = []
    for top, group in _groups(view, wisps).items():
        if closed_only:
            goes = all(wisp.status == "closed" and not wisp.pinned for wisp in group)
        else:
            goes = _is_over(wisps[top], group, age, view.now) and not _is_live(view, group)
        if goes:
            going += [wisp.id for wisp in group]
    return going


def _groups(view: View, wisps: dict[str, Issue]) -> dict[str, list[Issue]]:
    """Return the wisps by the highest one above each."""
    parents = view.parents(wisps)
    groups: dict[str, list[Issue]] = {}
    for wisp in wisps.values():
        top = wisp.id
        while parents.get(top) in wisps:
            top = parents[top]
        groups.setdefault(top, []).append(wisp)
    return groups


def _is_over(top: Issue, group: Iterable[Issue], age: timedelta | None, now: datetime) -> bool:
    kept = KEPT.get(top.wisp_type, OLD) if age is None else age
    return now - max(wisp.updated_at for wisp in group) > kept


def _is_live(view: View, group: list[Issue]) -> bool:
    """Say whether somebody works on these, has put them aside for later, or waits for them."""
    categories = {**STATUSES, **words.custom_statuses(view.config("status.custom"))}
    if any(wisp.pinned or categories.get(wisp.status) in (WIP, FROZEN) for wisp in group):
        return True
    inside = {wisp.id for wisp in group}
    outside = {blocker for by in view.blockers_of(inside).values() for blocker in by} - inside
    return bool(outside) or _is_waited_for(view, group, inside)


def _is_waited_for(view: View, group: list[Issue], inside: set[str]) -> bool:
    waiting = [
        link.issue_id
        for wisp in group
        if wisp.status not in SETTLED
        for link in view.dependents(wisp.id)
        if link.type in (*BLOCKING, WAITS_FOR) and link.issue_id not in inside
    ]
    return any(issue.status not in SETTLED for issue in view.many(waiting).values())


def collect(change: Change, wanted: Iterable[str]) -> None:
    """Delete wisps without a trace."""
    deletion.remove(change, wanted, kept=False)
