"""The rules of readiness a second time: from nothing but the rows of the tables, without the store's code."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

NOT_WORK = {"merge-request", "gate", "molecule", "message", "agent", "role", "rig"}


@dataclass(frozen=True)
class Facts:
    """What the tables say, read without the store's code."""

    issues: dict[str, dict[str, Any]]
    links: list[dict[str, Any]]
    rest: list[tuple[Any, ...]]

    @classmethod
    def of(cls, path: Path) -> Facts:
        connection = sqlite3.connect(path)
        connection.row_factory = sqlite3.Row
        rows = {name: [dict(row) for row in connection.execute(f"SELECT * FROM {name}")] for name in
                ("issues", "dependencies", "labels", "comments")}  # fmt: skip
        connection.close()
        rest = [tuple(row.values()) for name in ("labels", "comments") for row in rows[name]]
        return cls({row["id"]: row for row in rows["issues"]}, rows["dependencies"], sorted(rest))

    def content(self) -> Any:
        """Everything but what says when and where a row was written."""
        left_out = ("seq", "updated_at")
        bare = [{name: row[name] for name in row if name not in left_out} for row in self.issues.values()]
        return (
            sorted(bare, key=lambda row: str(row["id"])),
            sorted(self.links, key=lambda link: (link["issue_id"], link["depends_on_id"])),
            self.rest,
        )

    # the rules

    def targets(self, issue_id: str, *kinds: str) -> list[str]:
        return sorted(
            link["depends_on_id"]
            for link in self.links
            if link["issue_id"] == issue_id and link["type"] in kinds and link["depends_on_id"] in self.issues
        )

    def children(self, issue_id: str) -> list[str]:
        return [
            link["issue_id"]
            for link in self.links
            if link["type"] == "parent-child" and link["depends_on_id"] == issue_id
        ]

    def settled(self, issue_id: str) -> bool:
        return self.issues[issue_id]["status"] in ("closed", "pinned")

    def blockers(self, issue_id: str) -> list[str]:
        """What holds an issue up by a dependency of its own."""
        if self.settled(issue_id):
            return []
        blocking = self.targets(issue_id, "blocks", "conditional-blocks")
        found = [target for target in blocking if not self.settled(target)]
        for link in self.links:
            if link["issue_id"] == issue_id and link["type"] == "waits-for" and self.waited_for(link):
                found.append(link["depends_on_id"])
        return sorted(found)

    def waited_for(self, link: dict[str, Any]) -> bool:
        children = self.children(link["depends_on_id"])
        one_is_enough = "any-children" in (link["metadata"] or "")
        if one_is_enough and any(self.issues[child]["status"] == "closed" for child in children):
            return False
        return any(not self.settled(child) for child in children)

    def blocked(self) -> dict[str, list[str]]:
        """Everything that is held up, with what by: its own blockers, or else its blocked parents."""
        found = {issue_id: by for issue_id in self.issues if (by := self.blockers(issue_id))}
        direct = set(found)
        grown = True
        while grown:
            grown = False
            for issue_id in self.issues.keys() - direct:
                by = [parent for parent in self.targets(issue_id, "parent-child") if parent in found]
                if by and not self.settled(issue_id) and found.get(issue_id) != by:
                    found[issue_id], grown = by, True
        return found

    def blocked_work(self) -> dict[str, list[str]]:
        """What of it a person is told: neither wisps nor templates."""
        rows = self.issues
        return {
            id: by
            for id, by in self.blocked().items()
            if not (rows[id]["ephemeral"] or rows[id]["is_template"])
        }

    def ready(self) -> list[str]:
        now = datetime.now(UTC).isoformat()
        blocked = self.blocked()

        def later(issue_id: str) -> bool:
            return bool(self.issues[issue_id]["defer_until"]) and self.issues[issue_id]["defer_until"] > now

        found = [
            issue_id
            for issue_id, row in self.issues.items()
            if row["status"] == "open"
            and issue_id not in blocked
            and not (row["pinned"] or row["ephemeral"] or row["is_template"])
            and row["issue_type"] not in NOT_WORK
            and not later(issue_id)
            and not any(later(parent) for parent in self.targets(issue_id, "parent-child"))
        ]
        return self.in_order(found)

    def in_order(self, ids: list[str]) -> list[str]:
        """By priority, the newest first."""
        found = sorted(ids)
        found.sort(key=lambda each: str(self.issues[each]["created_at"]), reverse=True)
        return sorted(found, key=lambda each: int(self.issues[each]["priority"]))

    def circles(self, *kinds: str) -> bool:
        """Whether anybody would come back to where they started along dependencies of these types."""
        left = dict.fromkeys(self.issues)
        while left:
            free = [each for each in left if not any(target in left for target in self.targets(each, *kinds))]
            if not free:
                return True
            for each in free:
                del left[each]
        return False

    def walk(self, root: str) -> set[tuple[str, str, str]]:
        """The dependencies on every way down from an issue."""
        found: set[tuple[str, str, str]] = set()
        open_ends, seen = [root], {root}
        while open_ends:
            here = open_ends.pop()
            for link in self.links:
                if link["issue_id"] == here and (target := link["depends_on_id"]) in self.issues:
                    found.add((here, target, link["type"]))
                    open_ends += [] if target in seen else [target]
                    seen.add(target)
        return found
