"""`bd lint`, and looking at an issue while it is made; settings that would be no use later."""

from __future__ import annotations

from typing import Any

import pytest

from beads import linting
from tests.unit.beads.conftest import Bd, issue


def lacking(bd: Bd, name: str) -> list[str]:
    [found] = bd("lint", name, "--json").json["results"] or [{"missing": []}]
    return [heading.removeprefix("## ") for heading in found["missing"]]


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        (["-t", "bug"], ["Steps to Reproduce", "Acceptance Criteria"]),
        (["-t", "bug", "-d", "## steps TO reproduce\nx"], ["Acceptance Criteria"]),
        (["-t", "bug", "-d", "Steps to reproduce", "--acceptance", "it is gone"], []),
        (["-t", "task"], ["Acceptance Criteria"]),
        (["-t", "task", "--acceptance", "done"], []),
        (["-t", "feature", "-d", "Acceptance criteria: done"], []),
        (["-t", "story"], ["Acceptance Criteria"]),
        (["-t", "epic"], ["Success Criteria"]),
        (["-t", "epic", "-d", "# Acceptance Criteria"], []),
        (["-t", "chore"], []),
        (["-t", "decision", "-d", "## Decision\n## Rationale"], ["Alternatives Considered"]),
        (["-t", "spike"], ["Goal", "Findings"]),
    ],
)
def test_what_each_type_should_say(bd: Bd, options: list[str], missing: list[str]) -> None:
    assert lacking(bd, issue(bd, "x", *options)) == missing


def test_which_issues_and_how_it_answers(bd: Bd) -> None:
    bug, task = issue(bd, "a bug", "-t", "bug"), issue(bd, "a task")
    closed = issue(bd, "closed")
    bd("close", closed)
    found = bd("lint", "--json")
    assert (found.code, found.json["total"], found.json["issues"]) == (0, 3, 2)
    assert found.json["results"][0] == {
        "id": task, "title": "a task", "type": "task", "missing": ["## Acceptance Criteria"], "warnings": 1,
    }  # fmt: skip

    def linted(*options: str) -> set[str]:
        return {each["id"] for each in bd("lint", *options, "--json").json["results"]}

    assert linted("--type", "bug") == {bug}
    assert linted("--status", "all") == {bug, task, closed}
    assert linted("-s", "closed") == linted(closed) == {closed}
    told = bd("lint")
    assert (told.code, told.out.splitlines()[-1]) == (1, "3 found in 2 of 2 issues")
    assert bd("lint", "--type", "chore").code == 0
    assert "did you mean 'bug'?" in bd("lint", "--type", "buug").err
    assert bd("lint", "gt-none").code == 1


def test_settings_ask_for_more(bd: Bd) -> None:
    one = issue(bd, "One", "-t", "chore", "--design", "much too long")
    assert lacking(bd, one) == []
    bd("config", "set", "lint.sections.chore", "Cost, ## Risk, ,cost")
    assert lacking(bd, one) == ["Cost", "Risk"]
    bd("config", "set", "lint.max-chars.design", "5")
    bd("config", "set", "lint.max-chars-hint.design", "split it")
    [found] = bd("lint", one, "--json").json["results"]
    assert found["too_long"] == [{"field": "design", "chars": 13, "max": 5, "hint": "split it"}]
    assert found["warnings"] == 3
    assert "design has 13 characters, and at most 5 are allowed: split it" in bd("lint", one).out
    bd("config", "set", "lint.max-chars.design", "none")
    assert "too_long" not in bd("lint", one, "--json").json["results"][0]


def test_while_it_is_made(bd: Bd) -> None:
    refused = bd("create", "x", "--validate", "--json")
    assert (refused.code, refused.error["error"]) == (1, "a task should say: Acceptance Criteria")
    assert bd("list", "--json").json == []
    assert bd("create", "x", "--validate", "--acceptance", "done").code == 0
    bd("config", "set", "validation.on-create", "warn")
    warned = bd("create", "y")
    assert (warned.code, "warning: a task should say" in warned.err) == (0, True)
    bd("config", "set", "validation.on-create", "error")
    assert bd("create", "z").code == 1
    assert bd("create", "z", "-t", "chore").code == 0


def test_every_type_with_sections_is_one(bd: Bd) -> None:
    from beads.model import TYPES

    assert set(linting.SECTIONS) <= set(TYPES)


WRONG: list[tuple[str, str, str]] = [
    ("status.custom", "Bad", "cannot be a status"),
    ("status.custom", "review:activ", "did you mean 'active'?"),
    ("status.custom", "open:wip", "is a status already"),
    ("status.custom", ",".join(f"s{i}" for i in range(51)), "51 statuses"),
    ("types.custom", "my type", "cannot be a type"),
    ("issue_prefix", "x--y", "cannot be a prefix"),
    ("issue_prefix", "", "cannot be a prefix"),
    ("issue_id_mode", "count", "did you mean 'counter'?"),
    ("min_hash_length", "abc", "a whole number from 3 to 8"),
    ("max_hash_length", "9", "a whole number from 3 to 8"),
    ("max_collision_prob", "2", "between 0 and 1"),
    ("hierarchy.max-depth", "0", "from 1 to 50"),
    ("validation.on-create", "yes", "one of: none, warn, error"),
]


@pytest.mark.parametrize(("key", "value", "words"), WRONG)
def test_settings_that_would_be_no_use_are_refused(bd: Bd, key: str, value: str, words: str) -> None:
    before = bd("config", "list", "--json").out
    for line in (["set", key, value], ["set-many", "a=b", f"{key}={value}"]):
        done = bd("config", *line)
        assert (done.code, words in done.err) == (1, True), done.err
    assert bd("config", "list", "--json").out == before


def test_settings_that_mean_something(bd: Bd) -> None:
    right: dict[str, Any] = {
        "status.custom": "review:active,on_hold", "types.custom": '["agent","rig"]', "issue_id_mode": "counter",
        "min_hash_length": "4", "max_collision_prob": "0.1", "anything.else": "what ever",
    }  # fmt: skip
    for key, value in right.items():
        assert bd("config", "set", key, value).code == 0, key
    assert bd("create", "x", "--status", "on_hold", "-t", "agent", "--json").json["status"] == "on_hold"
    many = bd("config", "set-many", "a.b=1", "a.c=x=y", "--json")
    assert many.json == [
        {"key": "a.b", "value": "1", "location": "database"}, {"key": "a.c", "value": "x=y", "location": "database"},
    ]  # fmt: skip
    assert bd("config", "get", "a.c").out == "x=y\n"
    assert bd("config", "set-many", "a").code == 2
