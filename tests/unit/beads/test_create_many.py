"""`bd create --file` and `--graph`: what a file says becomes issues, all of them or none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.beads.conftest import Bd, call, issue

MARKDOWN = """\
# What is to be done

Text before the first issue is nobody's.

## Fix the login ##

It fails for some.

### Priority
P1

### Type
bug

### Acceptance Criteria
- it works
- it is tested

### Labels
web, urgent

### Assignee
ann

### Dependencies
gt-old, related:gt-other

## Write it down
### Description
How it works now:

```sh
## this is no heading
```
### Design
A page
### Remarks
Stays with the description
"""


def shown(bd: Bd, name: str) -> dict[str, Any]:
    [found] = bd("show", name, "--json").json
    return dict(found)


def test_markdown(bd: Bd, tmp_path: Path) -> None:
    for name in ("old", "other"):
        bd("create", name, "--id", f"gt-{name}")
    (tmp_path / "plan.md").write_text(MARKDOWN)
    done = bd("create", "-f", "plan.md", "--json", "-l", "all")
    assert done.code == 0, done.err
    one, two = done.json
    assert (one["title"], one["priority"], one["issue_type"]) == ("Fix the login", 1, "bug")
    assert (one["assignee"], one["labels"]) == ("ann", ["all", "urgent", "web"])
    assert one["acceptance_criteria"] == "- it works\n- it is tested"
    assert one["description"] == "It fails for some."
    assert "dependencies" not in one
    edges = {(each["id"], each["dependency_type"]) for each in shown(bd, one["id"])["dependencies"]}
    assert edges == {("gt-old", "blocks"), ("gt-other", "related")}
    assert (two["title"], two["priority"], two["issue_type"]) == ("Write it down", 2, "task")
    assert two["description"] == (
        "How it works now:\n\n```sh\n## this is no heading\n```\n\n### Remarks\nStays with the description"
    )
    assert two["design"] == "A page"
    assert "'Remarks' is kept in the description" in done.err
    assert bd("create", "-f", "plan.md", "--silent").out.count("\n") == 2
    assert bd("create", "-f", str(tmp_path / "plan.md")).out.startswith("created gt-")


def test_markdown_dry_run_and_options_for_all(bd: Bd, tmp_path: Path) -> None:
    epic = issue(bd, "epic", "-t", "epic")
    (tmp_path / "plan.MARKDOWN").write_text("## One\n## Two\n")
    before = bd("export", "--all").out
    dry = bd("create", "--file", "plan.MARKDOWN", "--dry-run", "--json")
    assert [(each["title"], each["dry_run"]) for each in dry.json] == [("One", True), ("Two", True)]
    assert bd("export", "--all").out == before
    made = bd("create", "--file", "plan.MARKDOWN", "--parent", epic, "--json").json
    assert [each["id"] for each in made] == [f"{epic}.1", f"{epic}.2"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nothing", "there is no issue in this file"),
        ("## One\n## Two\n### Priority\nhigh\n", "line 2, 'Two': priority 'high' is not one of"),
        ("## One\n### Type\nbuug\n", "line 1, 'One': unknown issue type 'buug'"),
        ("## One\n### Deps\ngt-none\n", "line 1, 'One': no issue found matching 'gt-none'"),
        ("## One\n## " + "x" * 501, "501 bytes"),
    ],
)
def test_markdown_that_is_wrong_makes_nothing(bd: Bd, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "plan.md").write_text(text)
    done = bd("create", "-f", "plan.md", "--json")
    assert done.code == 1
    assert message in done.error["error"]
    assert bd("list", "--json").json == []


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        (("-f", "plan.txt"), 1, "is not Markdown"),
        (("-f", "../plan.md"), 1, "leads upwards"),
        (("-f", "none.md"), 1, "cannot be read"),
        (("-f", "a.md", "A title"), 2, "a title cannot be given with --file"),
        (("-f", "a.md", "-p", "1"), 2, "--priority cannot be given with --file"),
        (("-f", "a.md", "--graph", "b.json"), 2, "exclude each other"),
        (("--graph", "b.json", "-l", "x"), 2, "--labels cannot be given with --graph"),
        (("--graph", "none.json"), 1, "cannot be read"),
    ],
)
def test_files_that_are_refused(
    bd: Bd, tmp_path: Path, line: tuple[str, ...], code: int, message: str
) -> None:
    done = bd("create", *line)
    assert (done.code, message in done.err) == (code, True), done.err


PLAN: dict[str, Any] = {
    "commit_message": "why",
    "nodes": [
        {
            "key": "child", "title": "A child", "type": "bug", "priority": 0, "labels": ["b", "a"],
            "description": "d", "parent_key": "epic", "metadata": {"n": 1}, "metadata_refs": {"of": "epic"},
            "estimate": 30, "due_at": "2030-01-15T10:00:00Z", "notes": "n",
        },
        {"key": "epic", "title": "The epic", "type": "epic"},
        {"key": "last", "title": "Last", "parent": "epic", "assignee": "ann", "assign_after_create": True},
        {"key": "under", "title": "Under", "parent_id": "gt-old", "assignee": "bob", "deps": ["last"]},
    ],
    "edges": [
        {"from_key": "last", "to_key": "child"},
        {"from_key": "last", "to_id": "gt-old", "type": "related"},
        {"from_key": "under", "to_key": "epic", "type": "waits-for", "gate": "any-children"},
    ],
}  # fmt: skip


def graph(plan: Any, *options: str) -> Any:
    return call("create", "--graph", "-", *options, input=plan if isinstance(plan, str) else json.dumps(plan))


def test_graph(bd: Bd) -> None:
    bd("create", "old", "--id", "gt-old")
    done = graph(PLAN, "--json")
    assert done.code == 0, done.err
    ids = done.json["ids"]
    assert set(ids) == {"child", "epic", "last", "under"}
    child = shown(bd, ids["child"])
    assert (child["title"], child["issue_type"], child["priority"], child["parent"]) == (
        "A child",
        "bug",
        0,
        ids["epic"],
    )
    assert (child["labels"], child["metadata"]) == (["a", "b"], {"n": 1, "of": ids["epic"]})
    assert (child["estimated_minutes"], child["due_at"]) == (30, "2030-01-15T10:00:00Z")
    assert shown(bd, ids["last"])["assignee"] == "ann"
    edges = {(each["id"], each["dependency_type"]) for each in shown(bd, ids["last"])["dependencies"]}
    assert edges == {(ids["epic"], "parent-child"), (ids["child"], "blocks"), ("gt-old", "related")}
    assert shown(bd, ids["under"])["parent"] == "gt-old"
    assert {each["id"] for each in bd("ready", "--json").json} == {"gt-old", ids["child"], ids["epic"]}
    assert bd("doctor").code == 0
    assert graph(PLAN).out.startswith("created 4 issues\n  child -> gt-")


def test_graph_dry_run(bd: Bd) -> None:
    bd("create", "old", "--id", "gt-old")
    before = bd("export", "--all").out
    odd = {
        **PLAN,
        "nodes": [
            *PLAN["nodes"],
            {"key": "x", "title": "X", "titel": "?", "id": "gt-x", "status": "blocked"},
        ],
    }
    found = graph(odd, "--dry-run", "--json").json
    assert (found["dry_run"], found["node_count"], found["edge_count"], found["parent_deps"]) == (
        True,
        5,
        3,
        3,
    )
    assert found["nodes"][0] == {
        "key": "child", "title": "A child", "type": "bug", "priority": 0, "parent_key": "epic",
    }  # fmt: skip
    assert found["nodes"][3]["parent_id"] == "gt-old"
    assert found["nodes"][4] == {
        "key": "x", "id": "gt-x", "title": "X", "type": "task", "status": "blocked", "priority": 2,
    }  # fmt: skip
    assert found["validation_notes"] == ["node 'x' has an unknown field 'titel'; did you mean 'title'?"]
    assert bd("export", "--all").out == before
    assert graph(PLAN, "--dry-run").out.startswith("would create 4 issues, 3 edges and 3 parents\n")
    assert "did you mean 'title'?" in graph(odd).err


def two(**edge: Any) -> dict[str, Any]:
    nodes = [{"key": "a", "title": "A"}, {"key": "b", "title": "B"}]
    return {"nodes": nodes, "edges": [{"from_key": "a", "to_key": "b"}, *([edge] if edge else [])]}


def one(**fields: Any) -> dict[str, Any]:
    return {"nodes": [{"key": "a", "title": "A"}, {"key": "b", "title": "B", **fields}]}


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ("{", "the plan is not JSON"),
        ("[" * 100_000, "the plan is not JSON"),
        ([], "the plan is not a JSON object"),
        ({}, "the plan has no nodes"),
        ({"nodes": {}}, "nodes of the plan is not a list"),
        ({"nodes": [{"title": "A"}]}, "nodes[0] has no key"),
        ({"nodes": [{"key": "a"}]}, "nodes[0] has no title"),
        ({"nodes": [1]}, "nodes[0] is not a JSON object"),
        ({"nodes": [{"key": "a", "title": "A"}] * 2}, "two nodes have the key 'a'"),
        (one(type="buug"), "node 'b': unknown issue type 'buug'"),
        (one(priority="1"), "priority of node 'b' is \"1\", not a whole number"),
        (one(priority=True), "priority of node 'b' is true"),
        (one(priority=7), "node 'b': priority '7' is not one of"),
        (one(title=" "), "node 'b': the title is blank"),
        (one(status="opne"), "node 'b': unknown status 'opne'"),
        (one(due_at="soon"), "due_at of node 'b' is not a time"),
        (one(id="?"), "node 'b': '?' is not an id"),
        (one(metadata=[1]), "metadata of node 'b' is [1], not an object"),
        (one(parent_key="aa"), "node 'b' names the unknown key 'aa'"),
        (one(metadata_refs={"x": "q"}), "node 'b' names the unknown key 'q'"),
        (one(parent_id="gt-none"), "no issue found matching 'gt-none'"),
        (one(deps=[{"type": "blocks"}]), "deps of node 'b': one has no target"),
        (one(deps=["gt-none"]), "no issue found matching 'gt-none'"),
        (two(from_key="b"), "edges[1] has neither to_key nor to_id"),
        (two(from_key="b", to_key="z"), "edges[1] names the unknown key 'z'"),
        (two(from_key="b", to_key="a", type="blokcs"), "unknown dependency type 'blokcs'"),
        (two(from_key="b", to_key="a"), "edges[1]: this dependency would make a cycle: b -> a -> b"),
        (two(from_key="b", to_key="b"), "edges[1]: b cannot depend on itself"),
        (two(from_key="a", to_key="b", type="related"), "edges[1]: a depends on b already, by 'blocks'"),
        (two(from_key="b", to_key="a", gate="all"), "the gate of edges[1]"),
        ({**one(parent="a"), "edges": [{"from_key": "b", "to_key": "a"}]}, "edges[0]: b is below a"),
    ],
    ids=lambda value: json.dumps(value)[:40],
)
def test_a_plan_that_is_wrong_makes_nothing(bd: Bd, plan: Any, message: str) -> None:
    done = graph(plan, "--json")
    assert done.code == 1
    assert message in done.error["error"]
    assert bd("list", "--json").json == []
