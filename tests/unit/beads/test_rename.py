"""`bd rename` and `bd rename-prefix`: whatever refers to an issue follows, and nothing else changes."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.unit.beads.conftest import Bd, call, issue


def state(bd: Bd) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in bd("export", "--all").out.splitlines()]
    for each in found:
        each.pop("updated_at", None)
    return sorted(found, key=lambda each: each.get("title", ""))


@pytest.fixture
def filed(bd: Bd) -> Bd:
    """Issues that refer to each other in every way there is."""
    for line in (
        "create epic -t epic --id gt-e", "create a --parent gt-e -l web", "create b --parent gt-e --deps gt-e.1",
        "create deep --parent gt-e.1", "create other --id gt-o --deps related:gt-e.1",
        "create gate -t gate --id gt-g --await-id gt-o", "comment gt-o see-gt-e.1",
    ):  # fmt: skip
        assert bd(*line.split()).code == 0, line
    text = "gt-e, gt-e.1. (gt-e.1) but not gt-elsewhere, xgt-e, gt-e-x or agt-e.1; gt-o"
    bd("update", "gt-o", "-d", text, "--notes", "[gt-e.1.1]", "--metadata", '{"after": "gt-e.1"}')
    bd("comment", "gt-o", "gt-e.2 too")
    bd("remember", "begin with gt-e", "--key", "start")
    bd("close", "gt-e.1.1", "-r", "see gt-o")
    bd("update", "gt-g", "--title", "gate for gt-e.1")
    return bd


def replaced(found: list[dict[str, Any]], renamed: dict[str, str]) -> list[dict[str, Any]]:
    """What a person would write by hand: the ids, longest first, replaced in all of it."""
    text = json.dumps(found)
    for old in sorted(renamed, key=len, reverse=True):
        for before, after in (
            ('"', '"'),
            ("", ","),
            ("", ". "),
            ("(", ")"),
            ("[", "]"),
            (" ", '"'),
            ('"', " "),
            (" ", ";"),
        ):
            text = text.replace(f"{before}{old}{after}", f"{before}{renamed[old]}{after}")
    return list(json.loads(text))


def test_a_new_id(filed: Bd) -> None:
    before = state(filed)
    done = filed("rename", "gt-e", "gt-login", "--json")
    assert done.code == 0, done.err
    renamed = {f"gt-e{tail}": f"gt-login{tail}" for tail in ("", ".1", ".2", ".1.1")}
    assert done.json["renamed"] == renamed
    assert (done.json["old_id"], done.json["new_id"], done.json["references_updated"]) == (
        "gt-e",
        "gt-login",
        2,
    )
    wanted = replaced(before, renamed)
    [other] = [each for each in wanted if each.get("title") == "other"]
    other["description"] = (
        "gt-login, gt-login.1. (gt-login.1) but not gt-elsewhere, xgt-e, gt-e-x or agt-e.1; gt-o"
    )
    wanted = [
        {**each, "title": each["title"].replace("gt-e.1", "gt-login.1")}
        if each.get("issue_type") == "gate"
        else each
        for each in wanted
    ]
    assert {json.dumps(each, sort_keys=True) for each in state(filed)} == {
        json.dumps(each, sort_keys=True) for each in wanted
    }
    assert filed("doctor").code == 0
    assert filed("show", "gt-e").code == 1
    assert filed("recall", "start").out == "begin with gt-login\n"
    assert {"created", "renamed"} <= {
        each["event_type"] for each in filed("history", "gt-login.1", "--json").json
    }
    assert filed("history", "gt-e.1").code == 1
    assert filed("create", "next", "--parent", "gt-login", "--silent").out == "gt-login.3\n"
    [ready] = [each for each in filed("blocked", "--json").json if each["title"] == "b"]
    assert ready["blocked_by"] == ["gt-login.1"]


def test_what_is_refused(filed: Bd) -> None:
    before = state(filed)
    for line, words in (
        (("gt-e", "gt-o"), "gt-o exists already"),
        (("gt-e", "login"), "'login' is not an id"),
        (("gt-e", "zz-login"), "begins with none of this store's prefixes"),
        (("gt-none", "gt-x"), "no issue found"),
    ):
        done = filed("rename", *line, "--json")
        assert (done.code, words in done.error["error"]) == (1, True), line
    assert filed("rename", "gt-e", "gt-x", "--dry-run").out.startswith("gt-e -> gt-x\n")
    assert state(filed) == before


def test_a_new_prefix(filed: Bd) -> None:
    before = state(filed)
    dry = filed("rename-prefix", "kw-", "--dry-run", "--json").json
    assert (dry["dry_run"], dry["issues_count"], dry["renamed"]["gt-e.1"]) == (True, 6, "kw-e.1")
    assert state(filed) == before
    done = filed("rename-prefix", "kw-", "--json").json
    assert done == {
        "old_prefix": "gt", "new_prefix": "kw", "issues_count": 6, "references_updated": 3, "schema_version": 1,
    }  # fmt: skip
    after = state(filed)
    assert {each["id"] for each in after if "id" in each} == {
        "kw-e",
        "kw-e.1",
        "kw-e.2",
        "kw-e.1.1",
        "kw-o",
        "kw-g",
    }
    [other] = [each for each in after if each.get("title") == "other"]
    assert (
        other["description"] == "kw-e, kw-e.1. (kw-e.1) but not gt-elsewhere, xgt-e, gt-e-x or agt-e.1; kw-o"
    )
    assert other["metadata"] == {"after": "kw-e.1"}
    assert {edge["depends_on_id"] for edge in other["dependencies"]} == {"kw-e.1"}
    assert [said["text"] for said in other["comments"]] == ["see-gt-e.1", "kw-e.2 too"]
    [gate] = [each for each in after if each.get("issue_type") == "gate"]
    assert (gate["title"], gate["await_id"]) == ("gate for kw-e.1", "kw-o")
    assert filed("doctor").code == 0
    assert issue(filed, "new").startswith("kw-")
    assert filed("where", "--json").json["prefix"] == "kw"
    assert filed("show", "--json").code == 0, "the issue last touched is known by its new id"
    assert "begin with kw- already" in filed("rename-prefix", "kw").err


def test_strays_are_told_and_adopted(bd: Bd) -> None:
    for name in ("gt-a", "gt-b", "zz-a", "zz-c", "zz-c.1"):
        assert bd("create", name[3:], "--id", name, "--force").code == 0
    refused = bd("rename-prefix", "kw", "--json")
    assert (refused.code, "3 issues have other prefixes: zz (3)" in refused.error["error"]) == (1, True)
    assert bd("rename-prefix", "gt").code == 1
    assert bd("rename-prefix", "gt", "--repair").code == 0
    found = {each["id"] for each in bd("list", "--json").json}
    assert {"gt-a", "gt-b", "gt-c", "gt-c.1"} < found
    assert len(found) == 5, "what was taken has a new hash"
    assert all(name.startswith("gt-") for name in found)
    assert bd("rename-prefix", "1x").code == bd("rename-prefix", "").code == 1


def test_the_rigs_of_a_town_keep_their_prefix(bd: Bd) -> None:
    bd("config", "set", "rig.web.prefix", "we")
    bd("config", "set", "rig.long.prefix", "gt-x")
    for name in ("gt-a", "we-a", "gt-x-a"):
        bd("create", f"see gt-a and we-a in {name}", "--id", name)
    assert "is the prefix of a rig" in bd("rename-prefix", "we").err
    for old, new in (("gt-a", "we-b"), ("we-a", "gt-b"), ("we-a", "gt-x-b")):
        assert "would belong to another rig" in bd("rename", old, new).err
    assert bd("rename-prefix", "kw").code == 0
    found = {each["id"]: each["title"] for each in bd("list", "--json").json}
    assert found.keys() == {"kw-a", "we-a", "gt-x-a"}
    assert found["we-a"] == "see kw-a and we-a in we-a"


def test_tables_of_others_follow_and_whoever_is_at_work_is_not_disturbed(bd: Bd, beads_dir: Path) -> None:
    bd("create", "one", "--id", "gt-one")
    with closing(sqlite3.connect(beads_dir / "beads.db")) as connection, connection:
        connection.execute("CREATE TABLE IF NOT EXISTS runs (id INTEGER PRIMARY KEY, bead TEXT)")
        connection.execute("INSERT INTO runs VALUES (1, 'gt-one'), (2, 'gt-other')")

    def runs() -> list[str]:
        with closing(sqlite3.connect(beads_dir / "beads.db")) as connection:
            return [row[0] for row in connection.execute("SELECT bead FROM runs ORDER BY id")]

    bd("update", "gt-one", "--claim")
    for line in (("rename", "gt-one", "gt-two"), ("rename-prefix", "kw")):
        refused = bd(*line)
        assert (refused.code, "gt-one is being worked on" in refused.err) == (1, True)
    bd("close", "gt-one")
    assert bd("rename", "gt-one", "gt-two").code == 0
    assert runs() == ["gt-two", "gt-other"]
    assert call("rename-prefix", "kw").code == 0
    assert runs() == ["kw-two", "gt-other"]


def test_numbers_go_on(bd: Bd) -> None:
    bd("config", "set", "issue_id_mode", "counter")
    assert [issue(bd, "x") for _ in range(3)] == ["gt-1", "gt-2", "gt-3"]
    bd("delete", "gt-3", "--force")
    assert bd("rename-prefix", "kw").code == 0
    assert issue(bd, "x") == "kw-4"


def test_the_number_of_a_deleted_child_is_not_given_again(bd: Bd) -> None:
    parent = issue(bd, "parent")
    last = [issue(bd, "child", "--parent", parent) for _ in range(2)][-1]
    bd("delete", last, "--force")
    bd("rename", parent, "gt-new")
    assert issue(bd, "child", "--parent", "gt-new") == "gt-new.3"


def test_every_column_of_a_town_that_holds_a_bead_is_known() -> None:
    from gastown.schema import metadata

    named = {
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        for column in table.c
        if "bead" in column.name
    }
    assert {name for name in named if not name.endswith(".bead")} == set(), (
        "renaming follows columns named `bead`"
    )
