"""What `list`, `search` and `count` have in common: the options that narrow them, and how they print."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.beads.conftest import Bd, call, issue


@pytest.fixture
def filed(bd: Bd) -> Bd:
    bd(
        "create",
        "word one",
        "--id",
        "gt-one",
        "-d",
        "Deep",
        "-l",
        "a,tech-x",
        "--external-ref",
        "gh-12",
        "--spec-id",
        "web-1",
    )
    bd(
        "create",
        "word two",
        "--id",
        "gt-two",
        "--notes",
        "Noted",
        "-a",
        "ann",
        "--external-ref",
        "gh-1",
        "--spec-id",
        "we",
    )
    bd("create", "word three", "--id", "gt-three", "--parent", "gt-two")
    return bd


OPTIONS = {
    "--title-contains ONE": "one",
    "--desc-contains deep": "one",
    "--notes-contains note": "two",
    "--external-contains gh-1": "one two",
    "--external-ref gh-1": "two",
    "--empty-description": "two three",
    "--no-assignee": "one three",
    "--unassigned": "one three",
    "--no-labels": "two three",
    "--label-exact a": "one",
    "--label-exact tech": "",
    "--label-pattern tech-*": "one",
    "--label-regex ^tech": "one",
    "--spec web": "one",
    "--spec we": "one two",
    "--id gt-one,three": "one three",
    "--parent two": "three",
    "--assignee ann --no-labels": "two",
}  # fmt: skip


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("verb", ["list", "search word", "count"])
def test_options_that_narrow(filed: Bd, verb: str, options: str) -> None:
    done = filed(*verb.split(), *options.split(), "--json")
    assert done.code == 0, done.err
    wanted = {f"gt-{name}" for name in OPTIONS[options].split()}
    if verb == "count":
        assert done.json["count"] == len(wanted)
    else:
        assert {each["id"] for each in done.json} == wanted


@pytest.mark.parametrize("verb", ["list", "search", "count"])
def test_what_nothing_could_match(filed: Bd, verb: str) -> None:
    for options in (["--label-regex", "("], ["--id", "gt-none"], ["--metadata-field", "x"]):
        assert filed(verb, "word"[: 4 * (verb == "search")] or "--all", *options).code in (1, 2), options


def ids(found: Any) -> list[str]:
    return [each["id"] for each in found.json]


def test_a_list_in_portions(bd: Bd) -> None:
    every = [issue(bd, str(number), "-p", str(number)) for number in range(5)]
    assert ids(bd("list", "--limit", "2", "--json")) == every[:2]
    assert ids(bd("list", "--limit", "2", "--offset", "2", "--json")) == every[2:4]
    assert ids(bd("list", "--offset", "4", "--json")) == every[4:]
    assert ids(bd("list", "--ready", "--limit", "2", "--offset", "1", "--json")) == every[1:3]
    assert bd("list", "--offset", "-1").code == 2


def test_a_tree(bd: Bd) -> None:
    bd("create", "a", "--id", "gt-a")
    for number in range(3):
        bd("create", "below", "--parent", "gt-a", "--id", f"gt-b{number}")
    bd("create", "deeper", "--parent", "gt-b1", "--id", "gt-c")
    lines = [
        line[: line.index(" P")].rstrip() for line in bd("list", "--tree", "--sort", "id").out.splitlines()
    ]
    assert lines == ["gt-a", "  gt-b0", "  gt-b1", "    gt-c", "  gt-b2"]
    assert bd("list", "--pretty", "--sort", "id").out == bd("list", "--tree", "--sort", "id").out
    assert bd("children", "gt-a", "--pretty").out.count("gt-b") == 3
    assert bd("list", "--tree", "--status", "closed").out == "no issues\n"
    assert bd("list", "--tree=false").out.startswith("gt-")


def test_pages(filed: Bd) -> None:
    for line in (["list", "--long"], ["search", "word", "--long"], ["query", "priority=2", "--long"]):
        assert "Deep" in filed(*line).out
        assert "Deep" not in filed(*line[:-1]).out


def test_words_that_an_import_has_brought_can_be_looked_for(bd: Bd) -> None:
    call("import", "-", input='{"id":"gt-c","title":"c","issue_type":"convoy","status":"landed"}\n')
    for line in (
        ["list", "--type", "convoy"], ["list", "--status", "landed"], ["list", "--status", "Landed,open"],
        ["search", "c", "--type", "convoy"], ["query", "type=convoy AND status=landed"],
        ["stale", "-s", "landed", "-d", "0"],
    ):  # fmt: skip
        assert ids(bd(*line, "--json")) == ["gt-c"], line
    assert bd("list", "--exclude-type", "convoy", "--json").json == []
    assert bd("list", "--type", "convoi").code == bd("list", "--status", "lande").code == 1
    assert bd("create", "x", "-t", "convoy").code == bd("update", "gt-c", "-s", "landed2").code == 1
