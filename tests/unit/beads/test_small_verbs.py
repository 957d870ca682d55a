"""Verbs that do one small thing: human, state, shortcuts, vocabulary, relations, labels in bulk, show in other ways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.beads.conftest import Bd, call, issue


def shown(bd: Bd, name: str) -> dict[str, Any]:
    [found] = bd("show", name, "--json").json
    return dict(found)


def ids(found: Any) -> list[str]:
    return [each["id"] for each in found]


# human


def test_the_guide_needs_no_store(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = call("human")
    assert done.code == 0
    from beads.cli.root import VERBS

    named = {line.split()[1] for line in done.out.splitlines() if line.startswith("  bd ")}
    assert named - {"--help"} <= VERBS.keys()


def test_what_waits_for_a_person(bd: Bd) -> None:
    ask = issue(bd, "ask", "-l", "human", "-p", "0")
    gate = issue(bd, "gate", "-t", "gate", "-l", "human")
    drop = issue(bd, "drop", "-l", "human")
    issue(bd, "other")
    assert ids(bd("human", "list", "--json").json) == [ask, drop, gate]
    done = bd("human", "respond", ask, "Use", "OAuth", "--json")
    assert (done.json["id"], done.json["status"], done.json["close_reason"]) == (ask, "closed", "Responded")
    assert [said["text"] for said in bd("comments", ask, "--json").json] == ["Response: Use OAuth"]
    assert call("human", "respond", drop, "--stdin", input="from stdin").code == 0
    assert bd("human", "dismiss", gate, "no longer needed").out == f"dismissed {gate}, and closed it\n"
    assert shown(bd, gate)["close_reason"] == "Dismissed: no longer needed"
    assert bd("human", "list").out == "nothing waits for a person\n"
    assert len(bd("human", "list", "--status", "all", "--json").json) == 3
    counts = {"total": 3, "pending": 0, "responded": 2, "dismissed": 1}
    assert bd("human", "stats", "--json").json == {**counts, "schema_version": 1}


def test_a_person_is_told_what_is_wrong(bd: Bd) -> None:
    one = issue(bd, "one")
    assert bd("human", "respond", one).code == 1
    assert bd("human", "respond", one, " ").code == 1
    assert bd("human", "respond", one, "x", "-r", "y").code == 2
    assert "does not have the label" in bd("human", "dismiss", one, "-r", "why").err
    assert "is closed already" in bd("human", "respond", one, "x").err
    assert bd("human", "lst").code == 2


# states


def test_a_state_is_a_label_with_a_record(bd: Bd) -> None:
    one = issue(bd, "agent", "-l", "health:good,web")
    assert bd("state", one, "health").out == "good\n"
    done = bd("set-state", one, "health=bad", "--reason", "errors", "--json").json
    event = done["event_id"]
    assert done == {
        "issue_id": one, "dimension": "health", "old_value": "good", "new_value": "bad", "event_id": event,
        "changed": True, "schema_version": 1,
    }  # fmt: skip
    record = shown(bd, event)
    assert (record["status"], record["issue_type"], record["parent"]) == ("closed", "event", one)
    assert record["description"] == "Changed health from good to bad\n\nReason: errors"
    assert record.get("labels", []) == []
    assert shown(bd, one)["labels"] == ["health:bad", "web"]
    again = bd("set-state", one, "health=bad", "--json").json
    assert (again["changed"], again["value"]) == (False, "bad")
    assert bd("set-state", one, "mode=fast", "--json").json["old_value"] is None
    assert bd("state", "list", one, "--json").json["states"] == {"health": "bad", "mode": "fast"}
    assert bd("state", one, "none", "--json").json["value"] is None
    assert bd("state", one, "none").out == "(no none state set)\n"
    assert bd("undo").code == 0
    assert shown(bd, one)["labels"] == ["health:bad", "web"]
    for wrong in ("health", "health=", "=bad", "a:b=c"):
        assert bd("set-state", one, wrong).code == 1, wrong
    assert bd("state", one).code == 2


def test_a_state_has_its_record_however_deep_the_issue_lies(bd: Bd) -> None:
    deep = issue(bd, "0")
    for level in "123":
        deep = issue(bd, level, "--parent", deep)
    assert bd("create", "4", "--parent", deep).code == 1
    event = bd("set-state", deep, "health=bad", "--json").json["event_id"]
    assert shown(bd, event)["parent"] == deep


# shortcuts


def test_shortcuts(bd: Bd) -> None:
    one = issue(bd, "one")
    assert bd("priority", one, "P0", "--json").json[0]["priority"] == 0
    assert bd("tag", one, "web", "--json").json[0]["labels"] == ["web"]
    assert bd("assign", one, "ann", "--json").json[0]["assignee"] == "ann"
    assert "assignee" not in bd("assign", one, "", "--json").json[0]
    assert bd("priority", one, "9").code == bd("tag", one, " ").code == 1


def test_unclaim(bd: Bd) -> None:
    one, two = issue(bd, "one"), issue(bd, "two")
    bd("update", one, two, "--claim")
    assert bd("unclaim", one, "--actor", "other").code == 1
    assert bd("unclaim", one, "--if-assignee", "other").code == 1
    assert (
        bd("unclaim", one, "--if-assignee", "").code
        == bd("unclaim", one, "--if-assignee", "x", "--force").code
        == 1
    )
    [back] = bd("unclaim", one, "-r", "crashed", "--json").json
    assert (back["status"], "assignee" in back) == ("open", False)
    assert bd("comments", one, "--json").json[0]["text"] == "crashed"
    assert "is not claimed: its status is open" in bd("unclaim", one).err
    assert bd("unclaim", two, "--actor", "other", "--if-assignee", "tester").code == 0
    bd("update", two, "--claim")
    assert bd("unclaim", two, "--actor", "other", "--force").code == 0


# vocabulary


def test_vocabulary(bd: Bd) -> None:
    from beads.model import STATUSES

    bd("config", "set", "status.custom", "review:active,odd")
    bd("config", "set", "types.custom", "agent")
    found = bd("statuses", "--json").json
    assert {each["name"]: each["category"] for each in found["built_in_statuses"]} == STATUSES
    assert found["custom_statuses"] == [
        {"name": "review", "category": "active"}, {"name": "odd", "category": "unspecified"},
    ]  # fmt: skip
    types = bd("types", "--json").json
    assert (len(types["core_types"]), types["custom_types"]) == (9, ["agent"])
    for each in types["core_types"]:
        assert bd("create", "x", "-t", each["name"]).code == 0
    assert "bug          something is wrong: Steps to Reproduce" in bd("types", "--sections").out
    assert "review" in bd("statuses").out


# dependencies and labels


def test_dependencies_said_in_other_ways(bd: Bd) -> None:
    a, b, c = issue(bd, "a"), issue(bd, "b"), issue(bd, "c")
    assert bd("dep", a, "--blocks", b, "--json").json == {
        "status": "added", "issue_id": b, "depends_on_id": a, "type": "blocks", "schema_version": 1,
    }  # fmt: skip
    assert bd("dep", a, "-b", c).code == 0
    assert ids(bd("ready", "--json").json) == [a]
    assert bd("dep", "rm", b, a).code == 0
    assert bd("dep", "relate", b, c, "--json").json["related"] is True
    assert bd("dep", "relate", b, c).code == 0, "again changes nothing"
    assert {
        each["dependency_type"] for each in shown(bd, b)["dependencies"] + shown(bd, b)["dependents"]
    } == {"relates-to"}
    assert bd("dep", "unrelate", c, b, "--json").json["unrelated"] is True
    assert "dependencies" not in shown(bd, b)
    assert bd("dep", "unrelate", b, c).code == 1
    assert bd("dep", a, "--blocks").code == 2


def test_labels_in_bulk(bd: Bd) -> None:
    parent = issue(bd, "parent")
    one, two = issue(bd, "one", "--parent", parent), issue(bd, "two", "--parent", parent, "-l", "x")
    assert bd("label", "propagate", parent, "x", "--json").json == [
        {"status": "added", "issue_id": one, "label": "x"}
    ]
    done = bd("label", "add", one, two, "a, b", "--json").json
    assert [(each["issue_id"], each["label"]) for each in done] == [
        (one, "a"),
        (one, "b"),
        (two, "a"),
        (two, "b"),
    ]
    assert shown(bd, two)["labels"] == ["a", "b", "x"]
    bd("label", "remove", two, "a,b")
    assert shown(bd, two)["labels"] == ["x"]
    bd("sql", f"INSERT INTO labels VALUES ('{two}', 'p,q')", "--write")
    bd("label", "remove", two, "p,q")
    assert shown(bd, two)["labels"] == ["x"]
    assert bd("label", "add", one, " , ").code == 1


# show and update


def test_what_i_have_in_hand(bd: Bd) -> None:
    one, two, three = issue(bd, "one"), issue(bd, "two"), issue(bd, "three")
    assert ids(bd("show", "--current", "--json").json) == [three]
    assert bd("show", one).code == 0
    assert ids(bd("show", "--json").json) == [one], "what was shown is touched"
    assert bd("show", two, "--json").code == 0
    assert ids(bd("show", "--json").json) == [one], "not by programs"
    bd("update", two, "--status", "hooked", "-a", "tester")
    assert ids(bd("show", "--current", "--json").json) == [two]
    bd("update", three, "--claim")
    assert ids(bd("show", "--current", "--json").json) == [three]


def test_a_conversation(bd: Bd) -> None:
    ask = issue(bd, "ask", "-t", "message", "-d", "why?")
    answer = issue(bd, "answer", "-t", "message", "--deps", f"replies-to:{ask}")
    more = issue(bd, "more", "-t", "message", "--deps", f"replies-to:{answer},related:{issue(bd, 'else')}")
    for name in (ask, answer, more):
        assert ids(bd("show", name, "--thread", "--json").json) == [ask, answer, more]
    assert "why?" in bd("show", more, "--thread").out


def test_update_in_other_ways(bd: Bd) -> None:
    one = issue(bd, "one", "-d", "kept")
    assert bd("update", one, "--no-history", "--json").json[0]["no_history"] is True
    assert "no_history" not in bd("update", one, "--history", "--json").json[0]
    refused = call("update", one, "--stdin", input=" \n")
    assert (refused.code, "is empty" in refused.err) == (1, True)
    assert shown(bd, one)["description"] == "kept"
    assert call("update", one, "--stdin", "--allow-empty-description", input="").code == 0
    assert "description" not in shown(bd, one)


# export and init


def test_an_export_without_some(bd: Bd) -> None:
    kept = issue(bd, "Fix the login")
    issue(bd, "test issue 3")
    bd("create", "of another", "--actor", "zoe")
    assert [
        line.count(kept) for line in bd("export", "--scrub", "--exclude-owner", "zoe").out.splitlines()
    ] == [1]
    assert len(bd("export").out.splitlines()) == 3


@pytest.mark.parametrize("wrong", [("-p", "no prefix!"), ("--from-jsonl",)])
def test_a_new_store_that_cannot_be_made_leaves_the_old_one(
    bd: Bd, beads_dir: Path, wrong: tuple[str, ...]
) -> None:
    one = issue(bd, "one")
    (beads_dir / "issues.jsonl").write_text("{half")
    failed = bd("init", "--reinit-local", "--destroy-token", "DESTROY-gt", *wrong)
    assert failed.code == 1 and "Traceback" not in failed.err
    assert bd("show", one).code == 0
    assert [path.name for path in beads_dir.glob("beads.db*") if "-" not in path.name] == ["beads.db"]


def test_a_new_store_in_place_of_an_old_one(bd: Bd, beads_dir: Any) -> None:
    assert bd("init", "-p", "new").code == 11
    one = issue(bd, "one")
    for token in ([], ["--destroy-token", "DESTROY-xx"]):
        refused = bd("init", "-p", "new", "--reinit-local", *token, "--json")
        assert (refused.code, "DESTROY-gt" in refused.error["hint"]) == (12, True)
    assert bd("show", one).code == 0
    assert bd("init", "-p", "new", "--reinit-local", "--destroy-token", "DESTROY-gt").code == 0
    assert bd("list", "--json").json == []
    assert issue(bd, "x").startswith("new-")
    assert [path.name for path in beads_dir.glob("*.db")] == ["beads.db"], (
        "clients take any *.db for the store"
    )
    [aside] = beads_dir.glob("beads.db.backup-*[0-9]")
    aside.rename(beads_dir / "beads.db")
    for end in ("-wal", "-shm"):
        (beads_dir / f"beads.db{end}").unlink(missing_ok=True)
        if (wal := aside.with_name(aside.name + end)).exists():
            wal.rename(beads_dir / f"beads.db{end}")
    assert bd("show", one).code == 0, "nothing was lost"
    bd("config", "set", "rig.web.prefix", "we")
    assert "belongs to a town" in bd("init", "--reinit-local", "--destroy-token", "DESTROY-gt").err
