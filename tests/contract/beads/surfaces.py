"""What `bd` tells about a store, compared with what the plain rules say about its rows."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from tests.contract.beads.plain_rules import Facts
from tests.unit.beads.conftest import call


class Surfaces:
    """The surfaces of the store in `folder/store`, as clients see them. `empty` is a store with nothing in it."""

    def __init__(self, folder: Path, empty: Path) -> None:
        self.folder = folder
        self.empty = empty

    def facts(self, store: str = "store") -> Facts:
        return Facts.of(self.folder / store / ".beads" / "beads.db")

    def bd(self, *line: str) -> Any:
        return json.loads(self.told(*line, "--json"))

    def told(self, *line: str, store: str = "store", input: str | None = None) -> str:
        done = call("-C", str(self.folder / store), *line, input=input)
        assert done.code == 0, (line, done.err)
        return done.out

    def agree(self) -> None:
        facts = self.facts()
        ready_ids, blocked = facts.ready(), facts.blocked_work()
        assert [each["id"] for each in self.bd("ready", "--limit", "0")] == ready_ids
        assert {each["id"]: each["blocked_by"] for each in self.bd("blocked")} == blocked
        explained = self.bd("ready", "--explain", "--limit", "0")
        assert [each["id"] for each in explained["ready"]] == ready_ids
        assert {each["id"] for each in explained["blocked"]} == set(blocked)
        self.lists_agree(facts)
        self.numbers_agree(facts)
        self.pages_agree(facts)
        self.trees_agree(facts)

    def lists_agree(self, facts: Facts) -> None:
        every = self.bd("list", "--all", "--include-gates", "--include-templates", "--include-ephemeral")
        assert [each["id"] for each in every] == facts.in_order(list(facts.issues))
        for each in every:
            assert self.counts(each) == self.expected_counts(facts, each["id"])
            assert each["status"] == facts.issues[each["id"]]["status"]
        usual = [
            id
            for id, row in facts.issues.items()
            if row["status"] not in ("closed", "pinned")
            and row["issue_type"] != "gate"
            and not (row["pinned"] or row["ephemeral"] or row["is_template"])
        ]
        assert [each["id"] for each in self.bd("list", "--limit", "0")] == facts.in_order(usual)

    def counts(self, each: dict[str, Any]) -> tuple[int, int, int, str]:
        names = ("dependency_count", "dependent_count", "comment_count")
        return (*(each[name] for name in names), each.get("parent", ""))  # type: ignore[return-value]

    def expected_counts(self, facts: Facts, issue_id: str) -> tuple[int, int, int, str]:
        down = [link for link in facts.links if link["issue_id"] == issue_id]
        up = [link for link in facts.links if link["depends_on_id"] == issue_id]
        said = [row for row in facts.rest if len(row) > 2 and row[0] == issue_id]
        parents = facts.targets(issue_id, "parent-child")
        there = [link for link in down if link["depends_on_id"] in facts.issues]
        return len(there), len(up), len(said), next(iter(parents), "")

    def numbers_agree(self, facts: Facts) -> None:
        rows = [row for row in facts.issues.values() if not row["ephemeral"]]
        statuses = [row["status"] for row in rows]
        summary = self.bd("stats", "--no-activity")["summary"]
        expected = {
            "total_issues": len(rows),
            "ready_issues": len(facts.ready()),
            "blocked_issues": len(facts.blocked_work()),
            "pinned_issues": sum(bool(row["pinned"]) or row["status"] == "pinned" for row in rows),
            **{
                f"{name}_issues": statuses.count(name)
                for name in ("open", "in_progress", "closed", "deferred")
            },
        }
        assert {name: summary[name] for name in expected} == expected
        counted = self.bd("count", "--by-status")
        assert {each["group"]: each["count"] for each in counted["groups"]} == {
            name: statuses.count(name) for name in statuses
        }
        for each in self.bd("epic", "status"):
            children = facts.children(each["epic"]["id"])
            closed = sum(facts.issues[child]["status"] == "closed" for child in children)
            assert (each["total_children"], each["closed_children"]) == (len(children), closed)

    def pages_agree(self, facts: Facts) -> None:
        pages = self.bd("show", *facts.issues) if facts.issues else []
        assert [page["id"] for page in pages] == list(facts.issues)
        for page in pages:
            self.page_agrees(facts, page)

    def page_agrees(self, facts: Facts, page: dict[str, Any]) -> None:
        issue_id = page["id"]
        assert self.counts(page) == self.expected_counts(facts, issue_id)
        ends = {
            (link["issue_id"], link["depends_on_id"], link["type"])
            for link in facts.links
            if issue_id in (link["issue_id"], link["depends_on_id"]) and link["depends_on_id"] in facts.issues
        }
        down = {(issue_id, each["id"], each["dependency_type"]) for each in page.get("dependencies", ())}
        up = {(each["id"], issue_id, each["dependency_type"]) for each in page["dependents"]}
        assert down | up == ends
        for each in (*page.get("dependencies", ()), *page["dependents"]):
            assert each["status"] == facts.issues[each["id"]]["status"]

    def trees_agree(self, facts: Facts) -> None:
        most = sorted(facts.issues, key=lambda each: (-len(facts.walk(each)), each))
        for issue_id in most[:3]:
            tree = self.bd("dep", "tree", issue_id)
            assert {
                (each["parent_id"], each["id"], each["edge_from_parent"]) for each in tree[1:]
            } == facts.walk(issue_id)
            children = [each["id"] for each in self.bd("children", issue_id)]
            assert sorted(children) == sorted(facts.children(issue_id))

    def come_back_from_an_export(self) -> None:
        shutil.copytree(self.empty, self.folder / "copy" / ".beads")
        exported = self.told("export", "--all")
        imported = json.loads(self.told("import", "-", "--json", store="copy", input=exported))
        assert imported["created"] == len(exported.splitlines())
        assert "skipped_dependencies" not in imported
        assert self.told("export", "--all", store="copy") == exported
        assert self.facts("copy").content() == self.facts().content()
        if ids := list(self.facts().issues):
            shown = ("show", *ids, "--include-comments", "--json")
            assert self.told(*shown, store="copy") == self.told(*shown)
        self.told("import", "-", input=exported)
        assert self.told("export", "--all") == exported, "what is there already is imported without effect"
