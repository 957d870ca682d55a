"""After any sequence of changes every surface says the same, and what the rules of readiness say.

The rules are written here a second time, from nothing but the rows of the tables, and share no code with the
store. `GT_PROPERTY_EXAMPLES=1000` plays that many sequences.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from beads import interchange, ready, undoing
from beads.deletion import delete
from beads.errors import BeadsError
from beads.filters import Filter
from beads.model import Draft
from beads.store import Change, Store
from tests.unit.beads.conftest import call

EXAMPLES = int(os.environ.get("GT_PROPERTY_EXAMPLES", "30"))  # read before the tests' environment is scrubbed
NOT_WORK = {"merge-request", "gate", "molecule", "message", "agent", "role", "rig"}
ELSEWHERE = "zz-far"  # of another prefix, so it may be depended on before it exists

ACTORS = st.sampled_from(["ann", "bob"])
ANY = st.integers(0, 7)  # an issue: this one of those there are, going round
KINDS = st.sampled_from(
    ["blocks", "conditional-blocks", "parent-child", "parent-child", "waits-for", "waits-for", "related"]
)
GATES = st.sampled_from(["", '{"gate":"any-children"}', '{"gate":"all-children"}'])
TYPES = st.sampled_from(["task", "task", "task", "epic", "bug", "gate", "molecule"])
STATUSES = st.sampled_from(
    ["open", "open", "in_progress", "blocked", "hooked", "pinned", "deferred", "closed", "qa"]
)
TEXTS = st.sampled_from(["plain", "see {other}", 'said "{other}", é\n<b>&'])


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


class Surfaces(RuleBasedStateMachine):
    """Two people change one store; after every change the rules are compared, at the end every surface."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="gt-"))
        self.store = self.opened("store")
        self.past: list[tuple[str, Facts]] = []
        self.sound = False
        self.made = 0
        with self.store.write("setup") as change:
            change.set_config("status.custom", "qa:wip")

    def opened(self, name: str) -> Store:
        shutil.copytree(self.template, self.folder / name / ".beads")
        return Store.open(self.folder / name / ".beads")

    def facts(self) -> Facts:
        return Facts.of(self.store.path)

    def one(self, number: int) -> str:
        known = list(self.facts().issues)
        return known[number % len(known)]

    def written(self, actor: str, act: Callable[[Change], Any]) -> bool:
        """Change the store; a refusal leaves it as it was."""
        self.sound = False
        before, events = self.facts(), self.events()
        try:
            with self.store.write(actor) as change:
                act(change)
        except BeadsError as error:
            assert error.message
            assert self.facts() == before
            return False
        if self.events() != events:
            self.past.append((actor, before))
        return True

    def events(self) -> int:
        connection = sqlite3.connect(self.store.path)
        (last,) = connection.execute("SELECT max(id) FROM events").fetchone()
        connection.close()
        return last or 0

    @initialize(
        edges=st.lists(st.tuples(ANY, ANY, KINDS, GATES), min_size=4, max_size=10),
        epics=st.sets(ANY, max_size=2),
    )
    def grow(self, edges: list[tuple[int, int, str, str]], epics: set[int]) -> None:
        """Some issues that hang together and speak of one another."""
        names = [*(f"gt-{letter}" for letter in "abcde"), ELSEWHERE]
        for number, name in enumerate(names[:-1]):
            kind, text = "epic" if number in epics else "task", f"after {names[number - 1]}"
            self.make("ann", Draft(title=name, id=name, type=kind, description=text))
        for one, other, kind, gate in edges:
            self.link("bob", names[one % 5], names[other % 6], kind, gate)

    def make(self, who: str, draft: Draft) -> None:
        self.written(who, lambda change: change.create(draft))

    def new_id(self) -> str:
        """An id that is the same whenever this sequence is played."""
        self.made += 1
        return f"gt-{self.made}"

    def link(self, who: str, one: str, other: str, kind: str, gate: str) -> None:
        self.written(who, lambda change: change.add_dependency(one, other, kind, gate))

    # what anybody may do

    @rule(
        who=ACTORS, kind=TYPES, text=TEXTS, other=ANY, priority=st.integers(0, 4),
        link=st.one_of(st.none(), KINDS), far=st.integers(0, 9),
    )  # fmt: skip
    def create(
        self, who: str, kind: str, text: str, other: int, priority: int, link: str | None, far: int
    ) -> None:
        known = list(self.facts().issues)
        target = ELSEWHERE if far == 0 or not known else self.one(other)
        draft = Draft(
            title="An issue",
            type=kind,
            priority=priority,
            description=text.format(other=target),
            labels=("x",) if priority == 0 else (),
            id=ELSEWHERE if far == 1 else self.new_id(),
            depends_on=((target, link),) if link else (),
        )
        self.make(who, draft)

    @precondition(lambda self: self.facts().issues)
    @rule(
        who=ACTORS,
        parent=ANY,
        waits=st.booleans(),
        held=ANY,
        flag=st.sampled_from(["", "", "pinned", "ephemeral"]),
    )
    def child(self, who: str, parent: int, waits: bool, held: int, flag: str) -> None:
        """A child, with somebody else waiting for it."""
        draft = Draft(
            title="A child", parent=self.one(parent), blocks=(self.one(held),) if waits else (),
            pinned=flag == "pinned", ephemeral=flag == "ephemeral",
        )  # fmt: skip
        self.make(who, draft)

    @precondition(lambda self: len(self.facts().issues) > 1)
    @rule(who=ACTORS, one=ANY, other=ANY, kind=KINDS, gate=GATES)
    def depend(self, who: str, one: int, other: int, kind: str, gate: str) -> None:
        self.link(who, self.one(one), self.one(other), kind, gate)

    @precondition(lambda self: self.facts().links)
    @rule(who=ACTORS, number=ANY)
    def part(self, who: str, number: int) -> None:
        links = self.facts().links
        link = links[number % len(links)]
        self.written(who, lambda change: change.remove_dependency(link["issue_id"], link["depends_on_id"]))

    @precondition(lambda self: self.facts().issues)
    @rule(who=ACTORS, one=ANY, force=st.booleans())
    def close(self, who: str, one: int, force: bool) -> None:
        issue_id = self.one(one)
        held = issue_id in self.facts().blocked()
        done = self.written(who, lambda change: change.close(issue_id, "done", force))
        assert done or not force, "a forced close is never refused"
        assert force or not (done and held), "what is held up is not closed"

    @precondition(lambda self: self.facts().issues)
    @rule(who=ACTORS, one=ANY)
    def reopen(self, who: str, one: int) -> None:
        issue_id = self.one(one)
        self.written(who, lambda change: change.reopen(issue_id, "again"))

    @precondition(lambda self: self.facts().issues)
    @rule(who=ACTORS, one=ANY, status=STATUSES)
    def set_status(self, who: str, one: int, status: str) -> None:
        issue_id = self.one(one)
        self.written(who, lambda change: change.update(issue_id, status=status))

    @precondition(lambda self: self.facts().issues)
    @rule(who=ACTORS, one=ANY, days=st.sampled_from([-1, 1, None]))
    def defer(self, who: str, one: int, days: int | None) -> None:
        issue_id = self.one(one)

        def act(change: Change) -> None:
            until = None if days is None else change.now + timedelta(days=days)
            change.update(issue_id, defer_until=until)

        self.written(who, act)

    @precondition(lambda self: self.facts().issues)
    @rule(who=ACTORS, one=ANY, flag=st.sampled_from(["pinned", "ephemeral", "is_template"]), to=st.booleans())
    def mark(self, who: str, one: int, flag: str, to: bool) -> None:
        issue_id = self.one(one)
        self.written(who, lambda change: change.update(issue_id, **{flag: to}))

    @precondition(lambda self: self.facts().issues)
    @rule(
        who=ACTORS, one=ANY, what=st.sampled_from(["label", "comment", "type", "claim", "parent"]), other=ANY
    )
    def other_change(self, who: str, one: int, what: str, other: int) -> None:
        issue_id, second = self.one(one), self.one(other)
        acts: dict[str, Callable[[Change], Any]] = {
            "label": lambda change: change.add_label(issue_id, "y"),
            "comment": lambda change: change.add_comment(issue_id, f"about {second}"),
            "type": lambda change: change.update(issue_id, type="epic" if other % 2 else "task"),
            "claim": lambda change: change.claim(issue_id),
            "parent": lambda change: change.set_parent(issue_id, second),
        }
        self.written(who, acts[what])

    @precondition(lambda self: self.facts().issues)
    @rule(who=ACTORS, one=ANY, cascade=st.booleans())
    def remove(self, who: str, one: int, cascade: bool) -> None:
        issue_id = self.one(one)
        assert self.written(who, lambda change: delete(change, [issue_id], cascade))
        self.past = self.past[-1:]  # its own earlier events are gone with it

    @rule(who=ACTORS)
    def undo(self, who: str) -> None:
        past = self.past
        if self.written(who, lambda change: undoing.undo(change, who)):
            if past[:-1] and past[-2][0] == who:
                assert self.facts().content() == past[-2][1].content(), "as it was before"
                self.past = past[:-2]
            else:
                self.past = []

    @precondition(lambda self: len(self.facts().issues) > 1)
    @rule(who=ACTORS, one=ANY, other=ANY, kind=KINDS, status=STATUSES)
    def merge(self, who: str, one: int, other: int, kind: str, status: str) -> None:
        """Import two issues whose file says otherwise than the store: another status, more dependencies."""
        first, second = self.one(one), self.one(other)

        def act(change: Change) -> None:
            every = {each.get("id"): each for each in interchange.exported(change, everything=True)}
            found = [every[first], every[second]]
            for issue, target in ((found[0], second), (found[1], first)):
                link = {"issue_id": issue["id"], "depends_on_id": target, "type": kind}
                issue["dependencies"] = [*issue.get("dependencies", ()), link]
            found[0]["status"] = status
            interchange.load(change, found)

        self.written(who, act)
        self.past = []  # an import cannot be undone

    # what holds after every change

    @invariant()
    def the_rules_hold(self) -> None:
        facts = self.facts()
        blocked = facts.blocked()
        stored = {issue_id for issue_id, row in facts.issues.items() if row["is_blocked"]}
        assert stored == set(blocked), "the stored column"
        assert not facts.circles("blocks", "conditional-blocks")
        assert not facts.circles("parent-child")
        with self.store.read() as view:
            assert ready.recompute(view.conn) == {id: id in blocked for id in facts.issues}, "the doctor"
            assert [issue.id for issue in view.ready()] == facts.ready()
            assert {issue.id: by for issue, by in view.blocked()} == facts.blocked_work()
            assert {issue.id: issue.is_blocked for issue in view.find(Filter())} == {
                id: id in blocked for id in facts.issues
            }
        self.sound = True

    # what holds at the end: every surface, as clients see it

    def teardown(self) -> None:
        try:
            if self.sound:
                self.surfaces_agree()
                self.export_and_import_is_the_identity()
        finally:
            self.store.close()
            shutil.rmtree(self.folder)

    def bd(self, *line: str) -> Any:
        return json.loads(self.told(*line, "--json"))

    def told(self, *line: str, store: str = "store", input: str | None = None) -> str:
        done = call("-C", str(self.folder / store), *line, input=input)
        assert done.code == 0, (line, done.err)
        return done.out

    def surfaces_agree(self) -> None:
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

    def export_and_import_is_the_identity(self) -> None:
        copy = self.opened("copy")
        copy.close()
        exported = self.told("export", "--all")
        imported = json.loads(self.told("import", "-", "--json", store="copy", input=exported))
        assert imported["created"] == len(exported.splitlines())
        assert "skipped_dependencies" not in imported
        assert self.told("export", "--all", store="copy") == exported
        assert Facts.of(copy.path).content() == self.facts().content()
        if ids := list(self.facts().issues):
            shown = ("show", *ids, "--include-comments", "--json")
            assert self.told(*shown, store="copy") == self.told(*shown)
        self.told("import", "-", input=exported)
        assert self.told("export", "--all") == exported, "what is there already is imported without effect"


def test_any_sequence_of_changes_leaves_every_surface_in_agreement(tmp_path: Path) -> None:
    template = tmp_path / ".beads"
    Store.create(template, "gt").close()
    machine = type("Machine", (Surfaces,), {"template": template})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=25,
            deadline=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
