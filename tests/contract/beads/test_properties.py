"""After any sequence of changes every surface says the same, and what the rules of readiness say.

`GT_PROPERTY_EXAMPLES=1000` plays that many sequences.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from datetime import timedelta
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

from beads import gates, interchange, molecules, ready, undoing, wisps
from beads.deletion import delete
from beads.errors import BeadsError
from beads.filters import Filter
from beads.model import Draft
from beads.store import Change, Store
from tests.contract.beads.plain_rules import Facts
from tests.contract.beads.surfaces import Surfaces

EXAMPLES = int(os.environ.get("GT_PROPERTY_EXAMPLES", "20"))  # read before the tests' environment is scrubbed
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


class Changes(RuleBasedStateMachine):
    """Two people change one store; after every change the rules are compared, at the end every surface."""

    template: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="gt-"))
        shutil.copytree(self.template, self.folder / "store" / ".beads")
        self.store = Store.open(self.folder / "store" / ".beads")
        self.past: list[tuple[str, Facts]] = []
        self.sound = False
        self.made = 0
        self.known: Facts | None = None
        with self.store.write("setup") as change:
            change.set_config("status.custom", "qa:wip")

    def facts(self) -> Facts:
        if self.known is None:
            self.known = Facts.of(self.store.path)
        return self.known

    def one(self, number: int) -> str:
        known = list(self.facts().issues)
        return known[number % len(known)]

    def written(self, actor: str, act: Callable[[Change], Any]) -> bool:
        """Change the store; a refusal leaves it as it was."""
        self.sound = False
        before, events = self.facts(), self.events()
        self.known = None
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
        facts = self.facts()
        rank = {issue_id: number for number, issue_id in enumerate(facts.issues)}
        links = sorted(
            facts.links, key=lambda link: (rank[link["issue_id"]], rank.get(link["depends_on_id"], -1))
        )
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

    @precondition(lambda self: any(row["is_template"] for row in self.facts().issues.values()))
    @rule(who=ACTORS, one=ANY, wisp=st.booleans())
    def pour(self, who: str, one: int, wisp: bool) -> None:
        templates = [id for id, row in self.facts().issues.items() if row["is_template"]]
        source = templates[one % len(templates)]
        self.written(who, lambda change: molecules.pour(change, source, {}, wisp))

    @rule(who=ACTORS)
    def collect(self, who: str) -> None:
        """Delete the wisps that nobody works on, however new."""
        self.written(who, lambda change: wisps.collect(change, wisps.spent(change, timedelta(0))))
        self.past = []  # it leaves no trace, so what was done before cannot be taken back wholly

    @precondition(lambda self: self.facts().issues)
    @rule(who=ACTORS, held=ANY, awaited=ANY, settle=st.booleans())
    def gate(self, who: str, held: int, awaited: int, settle: bool) -> None:
        """Let an issue wait for another one by a gate, or open the gates that may open."""
        ends = self.one(held), self.one(awaited)

        def act(change: Change) -> None:
            if not settle:
                gates.create(change, ends[0], gates.BEAD, ends[1])
                return
            for shut in gates.listed(change):
                gates.settle(change, shut.id, gates.verdict(change, shut, {}))

        self.written(who, act)

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
                surfaces = Surfaces(self.folder, self.template)
                surfaces.agree()
                surfaces.come_back_from_an_export()
        finally:
            self.store.close()
            shutil.rmtree(self.folder)


def test_any_sequence_of_changes_leaves_every_surface_in_agreement(tmp_path: Path) -> None:
    template = tmp_path / ".beads"
    Store.create(template, "gt").close()
    machine = type("Machine", (Changes,), {"template": template})
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
