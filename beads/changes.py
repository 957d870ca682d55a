"""Change: a transaction that writes. Every change of the issue store, its events, and readiness kept true."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import select, update

from beads import clock, closing, creation, links, queries, ready, remarks, rows, words
from beads.errors import NotFound, Refused
from beads.model import GATING, PARENT, SETTLED, Draft, Issue
from beads.remarks import Remarks
from beads.schema import issues
from beads.text import safe

_READ_ONLY = frozenset(("id", "created_at", "created_by", "updated_at", "labels", "is_blocked"))


class Change(Remarks):
    """A transaction that writes, in somebody's name."""

    # issues

    def create(self, draft: Draft) -> Issue:
        """Make an issue, with its labels, parent and dependencies.

        :raises Invalid: for a word that is not allowed.
        :raises NotFound: for an unknown parent, rig or target.
        """
        if draft.parent and self._is_template(draft.parent):
            draft = replace(draft, is_template=True)
        issue_id = creation.insert_issue(self, draft, self.actor)
        self.record(issue_id, "created")
        if early := ready.held_by(self.conn, issue_id):
            ready.refresh(self.conn, early)  # they waited for it when it was not here yet
        if draft.parent:
            self.add_dependency(issue_id, draft.parent, PARENT)
        for target, kind in draft.depends_on:
            self.add_dependency(issue_id, target, kind)
        for held in draft.blocks:
            self.add_dependency(held, issue_id)
        return self.get(issue_id)

    def _is_template(self, issue_id: str) -> bool:
        return bool(self.conn.execute(select(issues.c.is_template).where(issues.c.id == issue_id)).scalar())

    def update(self, issue_id: str, **fields: Any) -> Issue:
        """Set fields of an issue; what is equal already is left alone. Guards of `close` do not apply.

        :raises NotFound: when there is no such issue. :raises Invalid: for a value that is not allowed.
        """
        before = self.get(issue_id)
        wanted = self._allowed(fields)
        changed = {name: value for name, value in wanted.items() if getattr(before, name) != value}
        if "status" in changed:
            changed |= self._stamps(before, changed["status"], fields)
        if changed:
            self._write(before, changed, _event_type(before.status, changed.get("status")))
        if "is_template" in changed:
            for child in self.children(issue_id):
                self.update(child.id, is_template=changed["is_template"])
        if changed.get("status") == "closed":
            self._close_finished_molecule(issue_id)
        return self.get(issue_id)

    def restore(self, issue_id: str, fields: Mapping[str, Any]) -> None:
        """Set fields back to what they were, and no others with them."""
        before = self.get(issue_id)
        changed = {name: value for name, value in fields.items() if getattr(before, name) != value}
        if changed:
            self._write(before, changed, _event_type(before.status, changed.get("status")))

    def _allowed(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        for name in fields:
            if name in _READ_ONLY or name not in rows.NAMES:
                raise words.unknown("field", name, [known for known in rows.NAMES if known not in _READ_ONLY])
        checks: dict[str, Callable[[Any], Any]] = {
            "title": words.title,
            "priority": words.priority,
            "status": lambda value: words.status(value, self.config("status.custom")),
            "type": lambda value: words.issue_type(value, self.config("types.custom")),
            "waiters": tuple,
        }
        creation.check_texts(dict(fields))
        return {name: checks[name](value) if name in checks else value for name, value in fields.items()}

    def _stamps(self, before: Issue, status: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the instants and reasons that go with a change of status."""
        stamps: dict[str, Any] = {}
        if status == "closed":
            stamps["closed_at"] = given.get("closed_at") or self.now
        elif before.status == "closed":
            stamps |= {"closed_at": None, "close_reason": "", "closed_by_session": ""}
        if status == "in_progress" and before.started_at is None:
            stamps["started_at"] = self.now
        return {name: value for name, value in stamps.items() if getattr(before, name) != value}

    def _write(
        self, before: Issue, changed: Mapping[str, Any], event: str, comment: str | None = None
    ) -> None:
        settles = "status" in changed and _settled(before.status) != _settled(changed["status"])
        affected = ready.affected_by_settling(self.conn, before.id) if settles else set()
        values = rows.columns(changed)
        if changed.get("status") in SETTLED:
            values["is_blocked"] = 0
        query = update(issues).where(issues.c.id == before.id)
        self.conn.execute(query.values(**values, updated_at=clock.stored(self.now)))
        if settles:
            ready.refresh(self.conn, affected)
        old = {name: rows.plain(getattr(before, name)) for name in changed}
        new = {name: rows.plain(value) for name, value in changed.items()}
        self.record(before.id, event, rows.dumps(old), rows.dumps(new), comment)

    def close(self, issue_id: str, reason: str = "", force: bool = False, session: str = "") -> Issue:
        """Close an issue; closing a closed one is a success and changes nothing.

        :raises Refused: when it is blocked, an epic with open children, pinned, a template, or a gate
            still shut; not when forced.
        """
        before = self.get(issue_id)
        if before.status == "closed":
            return before
        if not force:
            closing.check(self, before)
        creation.check_texts({"close reason": reason})
        changed = {
            "status": "closed",
            "closed_at": self.now,
            "close_reason": reason,
            "closed_by_session": session,
        }
        differing = {name: value for name, value in changed.items() if getattr(before, name) != value}
        self._write(before, differing, "closed", reason or None)
        self._close_finished_molecule(issue_id)
        return self.get(issue_id)

    def _close_finished_molecule(self, issue_id: str) -> None:
        parent = self.parent(issue_id)
        if parent is None:
            return
        molecule = self.get(parent)
        if molecule.type != "molecule" or molecule.status == "closed":
            return
        if all(step.status == "closed" for step in self.children(parent)):
            self.close(parent, "all steps complete", force=True)

    def reopen(self, issue_id: str, reason: str = "") -> Issue:
        """Open a closed issue again; an open one is left as it is."""
        before = self.get(issue_id)
        if before.status != "closed":
            return before
        changed: dict[str, Any] = {"status": "open", "defer_until": None}
        changed |= self._stamps(before, "open", {})
        changed = {name: value for name, value in changed.items() if getattr(before, name) != value}
        self._write(before, changed, "reopened", reason or None)
        if reason:
            self.add_comment(issue_id, f"Reopened: {reason}")
        return self.get(issue_id)

    def claim(self, issue_id: str) -> Issue:
        """Take an open, unassigned issue: exactly one of many callers gets it. Mine already is a success.

        :raises Refused: when somebody else has it, or it is not open.
        """
        before = self.get(issue_id)
        if before.assignee == self.actor and before.status == "in_progress":
            return before
        if before.assignee not in ("", self.actor):
            raise Refused(
                f"{issue_id} is already claimed by {safe(before.assignee)}", "pick another: bd ready"
            )
        if before.status != "open":
            raise Refused(
                f"{issue_id} cannot be claimed: its status is {before.status}", "pick another: bd ready"
            )
        changed: dict[str, Any] = {"status": "in_progress", "assignee": self.actor}
        changed |= self._stamps(before, "in_progress", {})
        changed = {name: value for name, value in changed.items() if getattr(before, name) != value}
        self._write(before, changed, "claimed")
        return self.get(issue_id)

    # dependencies

    def add_dependency(
        self, issue_id: str, depends_on_id: str, type: str = "blocks", metadata: str = "", check: bool = True
    ) -> bool:
        """Let one issue depend on another; say whether it is new. The same dependency again changes nothing.

        :raises Refused: when another type joins the two already, or a cycle would arise.
        """
        kind = words.dependency_type(type)
        old = links.existing(self.conn, issue_id, depends_on_id)
        if old == kind:
            return False
        if old is not None:
            raise Refused(
                f"{issue_id} depends on {depends_on_id} already, by {old!r}",
                f"remove that first: bd dep remove {issue_id} {depends_on_id}",
            )
        if check:
            links.check(self, issue_id, depends_on_id, kind)
        links.put(self, issue_id, depends_on_id, kind, self.actor, metadata)
        self._relinked(issue_id, depends_on_id, kind, "dependency_added")
        return True

    def remove_dependency(self, issue_id: str, depends_on_id: str) -> None:
        """Take a dependency away.

        :raises NotFound: when there is none.
        """
        kind = links.existing(self.conn, issue_id, depends_on_id)
        if kind is None:
            raise NotFound(
                f"{safe(issue_id)} does not depend on {safe(depends_on_id)}", f"bd dep list {safe(issue_id)}"
            )
        whole = links.drop(self.conn, issue_id, depends_on_id)
        self._relinked(issue_id, depends_on_id, kind, "dependency_removed", whole)

    def restore_dependency(self, edge: Mapping[str, str]) -> None:
        """Put a dependency back as it was, with its own time and author; one that is there is left alone.

        :raises Refused: when others that came since would make it a circle.
        """
        issue_id, target, kind = edge["issue_id"], edge["depends_on_id"], edge["type"]
        if links.existing(self.conn, issue_id, target) is None:
            links.check_circle(self.conn, issue_id, target, kind)
            links.restore(self.conn, edge)
            self._relinked(issue_id, target, kind, "dependency_added")

    def _relinked(
        self, issue_id: str, target: str, kind: str, event: str, whole: Mapping[str, str] | None = None
    ) -> None:
        if kind in GATING:
            ready.refresh(self.conn, ready.affected_by_link(self.conn, issue_id, target, kind))
        value = rows.dumps(whole or {"depends_on_id": target, "type": kind})
        added = event == "dependency_added"
        self.record(issue_id, event, None if added else value, value if added else None)
        self._touch(issue_id)

    def set_parent(self, issue_id: str, parent: str) -> None:
        """Put an issue under another parent; the empty string takes it out."""
        old = self.parent(issue_id)
        if old == (parent or None):
            return
        if old is not None:
            self.remove_dependency(issue_id, old)
        if parent:
            self.add_dependency(issue_id, parent, PARENT)


def _settled(status: str) -> str:
    # Closed and pinned are told apart: only a closed child clears the gate `any-children`.
    return status if status in SETTLED else ""


def ahead() -> Iterator[tuple[Any, Iterable[str]]]:
    """Yield the statements of most writes, with the names of their values."""
    for part in (ready, queries, remarks, creation):
        yield from part.ahead()


def _event_type(before: str, after: str | None) -> str:
    if after is None:
        return "updated"
    if after == "closed":
        return "closed"
    return "reopened" if before == "closed" else "status_changed"
