"""Whatever is asked, `bd query` finds what a plain reading of the same tree over the same issues finds."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beads import expressions, querying
from beads.expressions import Comparison, Node, Not, Several
from beads.filters import Filter
from beads.model import Draft, Issue
from beads.store import Store

EXAMPLES = int(os.environ.get("GT_PROPERTY_EXAMPLES", "200"))
NOW = datetime(2026, 3, 4, tzinfo=UTC)
PEOPLE, LABELS, WORDS = ("ann", "Bob", ""), ("web", "tech-debt", "later"), ("log in", "100%", "a_b", "ann")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    made = Store.create(tmp_path_factory.mktemp("property") / ".beads", "gt")
    with made.write("tester") as change:
        for number in range(40):
            change.create(
                Draft(
                    title=f"{WORDS[number % 4]} {number}",
                    priority=number % 5,
                    assignee=PEOPLE[number % 3],
                    labels=LABELS[: number % 4],
                    estimated_minutes=None if number % 3 else number,
                    notes=WORDS[number % 5] if number % 5 < 4 else "",
                    due_at=None if number % 4 else NOW.replace(day=1 + number % 28),
                    status=("open", "in_progress", "blocked", "closed")[number % 4],
                    metadata={"n": number % 3} if number % 2 else None,
                )
            )
    yield made
    made.close()


ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
SAYS = st.sampled_from(["=", "!=", "~", "!~"])
DAYS = st.integers(1, 28)
ATOMS = st.one_of(
    st.tuples(st.just("priority"), st.sampled_from(list(ORDER)), st.integers(0, 4).map(str)),
    st.tuples(st.just("estimate"), st.sampled_from(list(ORDER)), st.integers(0, 40).map(str)),
    st.tuples(
        st.just("due"),
        st.sampled_from(["<", ">", ">="]),
        DAYS.map(lambda day: f'"2026-03-{day:02}T00:00:00Z"'),
    ),
    st.tuples(
        st.just("status"), st.sampled_from(["=", "!="]), st.sampled_from(["open", "blocked", "closed"])
    ),
    st.tuples(st.just("assignee"), SAYS, st.sampled_from(["ANN", "bob", "none", "o"])),
    st.tuples(st.just("label"), SAYS, st.sampled_from(["WEB", "tech-*", "none", "e"])),
    st.tuples(
        st.sampled_from(["title", "notes"]), SAYS, st.sampled_from(["'log in'", "%", "_", "ANN", "none"])
    ),
    st.tuples(st.just("metadata.n"), st.sampled_from(["=", "!="]), st.sampled_from(["1", "2", "x"])),
).map(lambda atom: "".join(atom))
QUERIES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        inner.map(lambda text: f"NOT ({text})"),
        st.lists(inner, min_size=2, max_size=4).map(lambda parts: "(" + " AND ".join(parts) + ")"),
        st.lists(inner, min_size=2, max_size=4).map(lambda parts: "(" + " or ".join(parts) + ")"),
    ),
    max_leaves=12,
)


def holds(node: Node, issue: Issue) -> bool:
    if isinstance(node, Not):
        return not holds(node.operand, issue)
    if isinstance(node, Several):
        return (all if node.word == "AND" else any)(holds(part, issue) for part in node.parts)
    return compared(node, issue)


def compared(said: Comparison, issue: Issue) -> bool:
    value = "" if said.value in ("none", "") else said.value
    negated, content = said.op.startswith("!"), said.op in ("~", "!~")
    match said.field:
        case "priority":
            return ORDER[said.op](issue.priority, int(value))
        case "estimate":
            return issue.estimated_minutes is not None and ORDER[said.op](issue.estimated_minutes, int(value))
        case "due":
            return issue.due_at is not None and ORDER[said.op](issue.due_at, datetime.fromisoformat(value))
        case "status":
            found = issue.status == value
        case "assignee":
            found = (
                value.lower() in issue.assignee.lower()
                if content
                else issue.assignee.lower() == value.lower()
            )
        case "label" if not value:
            found = not issue.labels
        case "label":
            part = value.lower().removesuffix("*")
            alike = [part in name if content or "*" in value else part == name for name in issue.labels]
            found = any(alike)
        case "title" | "notes":
            text = getattr(issue, said.field)
            found = value.lower() in text.lower() if value else text == ""
        case _:
            found = str((issue.metadata or {}).get("n", "")) == value
    return found != negated


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=QUERIES)
def test_a_query_finds_what_a_plain_reading_finds(store: Store, text: str) -> None:
    tree = expressions.parse(text)
    with store.read() as view:
        found = {issue.id for issue in querying.query(view, text, Filter(), everything=True)}
        every = view.find(Filter())
    assert found == {issue.id for issue in every if holds(tree, issue)}


@settings(max_examples=EXAMPLES, deadline=None)
@given(text=st.text(alphabet="()=!<>~ \"'\\aANDORstus.*-1", max_size=40))
def test_any_text_is_a_query_or_an_error_that_points_into_it(text: str) -> None:
    from beads.errors import Invalid

    try:
        expressions.parse(text)
    except expressions.Misread as error:
        assert 1 <= error.details["position"] <= len(text) + 1
    except Invalid as error:
        assert "empty" in error.message
