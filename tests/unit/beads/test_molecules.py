"""Molecules and wisps: poured, worked off, squashed, burnt, collected."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.unit.beads.conftest import Bd, issue


def ids(found: Any) -> list[str]:
    return [each["id"] for each in found]


def show(bd: Bd, issue_id: str) -> Any:
    return bd("show", issue_id, "--json").json[0]


@pytest.fixture
def release(bd: Bd) -> str:
    """A template: three steps one after the other, and a gate before the last."""
    root = issue(bd, "Release {{version}}", "--template", "-t", "epic", "-d", "Of {{what}}", "-l", "rel")
    one = issue(bd, "Test {{what}}", "--parent", root)
    two = issue(bd, "Tag {{version}}", "--parent", root, "--deps", one, "-p", "1")
    three = issue(bd, "Tell", "--parent", root, "--deps", two, "--notes", "{{version}}, {{version}}")
    assert (one, two, three) == (f"{root}.1", f"{root}.2", f"{root}.3")
    return root


def pour(bd: Bd, template: str, *options: str) -> Any:
    done = bd("mol", *options, template, "--var", "version=1.0", "--var", "what=all of {{it}}", "--json")
    assert done.code == 0, done.err
    return done.json


def make_older(beads_dir: Path, by: timedelta, *issue_ids: str) -> None:
    then = (datetime.now(UTC) - by).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    with sqlite3.connect(beads_dir / "beads.db") as connection:
        for issue_id in issue_ids:
            connection.execute("UPDATE issues SET updated_at = ? WHERE id = ?", (then, issue_id))
    connection.close()


def is_sound(bd: Bd) -> bool:
    checks = {each["name"]: each["status"] for each in bd("doctor", "--json").json["checks"]}
    return checks["Counts of ids"] == checks["Readiness"] == checks["Dependencies"] == "ok"


# templates


def test_a_template_and_what_is_below_it_is_no_work(bd: Bd, release: str) -> None:
    assert bd("list", "--json").json == bd("ready", "--json").json == bd("blocked", "--json").json == []
    assert len(bd("list", "--include-templates", "--json").json) == 4
    assert show(bd, f"{release}.1")["is_template"]
    assert "it is a template" in bd("close", release).err
    [found] = bd("mol", "list", "--json").json
    assert (found["id"], found["steps"], found["variables"]) == (release, 3, ["version", "what"])
    assert "{version, what}" in bd("mol", "list").out
    assert bd("export").out == ""


def test_a_tree_becomes_a_template_as_a_whole_and_stops_being_one(bd: Bd) -> None:
    root = issue(bd)
    child = issue(bd, "child", "--parent", issue(bd, "middle", "--parent", root))
    bd("update", root, "--template")
    assert show(bd, child)["is_template"]
    assert bd("ready", "--json").json == []
    bd("undo")
    assert len(bd("ready", "--json").json) == 3
    bd("update", root, "--template")
    bd("update", root, "--no-template")
    assert len(bd("ready", "--json").json) == 3


def test_templates_are_found_by_their_title_too(bd: Bd, release: str) -> None:
    for name in ("release", "Release {{version}}", release[3:]):
        assert bd("mol", "pour", name, "--dry-run", "--var", "version=1", "--var", "what=x").code == 0
    issue(bd, "Another release", "--template")
    assert "is in the title of 2 templates" in bd("mol", "pour", "release").err
    plain = issue(bd)
    assert f"{plain} is no template" in bd("mol", "pour", plain).err
    assert "there is no template 'nothing'" in bd("mol", "pour", "nothing").err


# pouring


def test_what_is_poured(bd: Bd, release: str) -> None:
    done = pour(bd, release, "pour", "--assignee", "ann")
    root = done["new_epic_id"]
    assert root.startswith("gt-mol-")
    assert done["id_mapping"] == {release: root, **{f"{release}.{n}": f"{root}.{n}" for n in (1, 2, 3)}}
    assert (done["created"], done["phase"]) == (4, "liquid")
    made = show(bd, root)
    assert (made["issue_type"], made["title"], made["assignee"]) == ("molecule", "Release 1.0", "ann")
    assert made["description"] == "Of all of {{it}}", "a value is not looked through again"
    assert (made["labels"], made["source_formula"], "is_template" in made) == (["rel"], release, False)
    assert show(bd, f"{root}.3")["notes"] == "1.0, 1.0"
    assert show(bd, f"{root}.2")["priority"] == 1
    assert ids(bd("ready", "--json").json) == [f"{root}.1"]
    assert set(ids(bd("blocked", "--json").json)) == {f"{root}.2", f"{root}.3"}
    assert ids(bd("ready", "--mol", root, "--json").json) == [f"{root}.1"]
    assert is_sound(bd)
    assert pour(bd, release, "pour")["new_epic_id"] != root
    bd("undo")
    bd("undo")
    assert bd("show", root).code == 1


def test_variables_are_all_given_and_no_others(bd: Bd, release: str) -> None:
    missing = bd("mol", "pour", release, "--var", "what=x", "--json")
    assert missing.code == 1
    assert (missing.error["error"], missing.error["hint"]) == (
        "1 variables have no value: version",
        "--var version=…",
    )
    unknown = bd("mol", "pour", release, "--var", "what=x", "--var", "version=1", "--var", "verison=2")
    assert "did you mean 'version'?" in unknown.err
    assert "gives no variable a value" in bd("mol", "pour", release, "--var", "x").err
    assert bd("mol", "wisp", "list", "--json").json["count"] == 0
    assert bd("list", "--json").json == []


def test_a_dry_run_makes_nothing(bd: Bd, release: str) -> None:
    assert pour(bd, release, "pour", "--dry-run")["created"] == 4
    assert bd("list", "--json").json == []


def test_ids_and_settings_of_a_rig_and_of_counters(bd: Bd) -> None:
    bd("config", "set", "rig.backend.prefix", "be")
    template = issue(bd, "t", "--template", "--rig", "backend")
    assert bd("mol", "pour", template, "--json").json["new_epic_id"].startswith("be-mol-")
    again = bd("mol", "wisp", template, "--json").json["new_epic_id"]
    assert again.startswith("be-wisp-")
    bd("config", "set", "issue_id_mode", "counter")
    assert bd("mol", "wisp", template, "--json").json["new_epic_id"].startswith("be-wisp-")
    assert bd("dep", "add", issue(bd), "be-wisp-none").code == 1, "an id of ours that is not here"
    assert is_sound(bd)


# wisps


def test_a_wisp_is_work_for_whoever_asks_for_it_and_never_exported(bd: Bd, release: str) -> None:
    done = pour(bd, release, "wisp")
    root = done["new_epic_id"]
    assert (root.startswith("gt-wisp-"), done["phase"]) == (True, "vapor")
    assert show(bd, f"{root}.1")["ephemeral"]
    assert bd("ready", "--json").json == bd("list", "--json").json == []
    assert ids(bd("ready", "--mol", root, "--json").json) == [f"{root}.1"]
    assert bd("export").out == ""
    listed = bd("mol", "wisp", "list", "--json").json
    assert (listed["count"], {"id", "title", "type", "updated_at"} <= listed["wisps"][0].keys()) == (4, True)
    assert pour(bd, release, "wisp", "create")["created"] == 4
    assert "Root issue: gt-wisp-" in bd("mol", "wisp", release, "--var", "version=1", "--var", "what=x").out
    assert "bd mol wisp" in bd("mol", "wisp", "--help").out.replace("\n", " ")


def test_a_wisp_without_its_steps(bd: Bd, release: str) -> None:
    done = bd("mol", "wisp", release, "--root-only", "--var", "version=1", "--var", "what=x", "--json")
    assert done.json["created"] == 1


def test_how_far_it_has_come_and_that_it_closes_with_its_last_step(bd: Bd, release: str) -> None:
    root = pour(bd, release, "wisp")["new_epic_id"]
    assert bd("mol", "current", "--json").json == []
    bd("update", f"{root}.1", "--claim")
    [found] = bd("mol", "current", "--json").json
    assert [each["status"] for each in found["steps"]] == ["current", "pending", "pending"]
    assert (found["molecule_id"], found["current_step"]["id"]) == (root, f"{root}.1")
    step = bd("close", f"{root}.1", "--continue", "--json").json["continue"]["next_step"]
    assert (step["id"], step["status"]) == (f"{root}.2", "in_progress")
    [found] = bd("mol", "current", root, "--json").json
    assert (found["completed"], found["total"]) == (1, 3)
    assert "1 of 3 steps are done" in bd("mol", "current").out
    bd("close", f"{root}.2")
    assert f"1 open children: {root}.3" in bd("close", root).err
    [found] = bd("mol", "current", root, "--json").json
    assert found["next_step"]["id"] == f"{root}.3"
    bd("update", f"{root}.3", "--status", "closed")
    assert show(bd, root)["status"] == "closed"
    assert "is done" in bd("mol", "current").out or "no molecule" in bd("mol", "current").out


def test_show(bd: Bd, release: str) -> None:
    found = bd("mol", "show", release, "--json").json
    assert ids(found["issues"]) == [release, *(f"{release}.{n}" for n in (1, 2, 3))]
    assert found["variables"] == ["version", "what"]
    assert {each["type"] for each in found["dependencies"]} == {"parent-child", "blocks"}
    assert "varies: version, what" in bd("mol", "show", release).out


def test_squash(bd: Bd, release: str) -> None:
    root = pour(bd, release, "wisp")["new_epic_id"]
    bd("close", f"{root}.1", "-r", "all green")
    assert bd("mol", "squash", root, "--dry-run", "--json").json["squashed_count"] == 3
    done = bd("mol", "squash", root, "--json").json
    assert (done["squashed_count"], done["deleted_count"], done["wisp_squash"]) == (3, 3, True)
    digest = show(bd, done["digest_id"])
    assert (digest["title"], digest["status"]) == ("Digest: Release 1.0", "closed")
    assert "1 of 3 steps completed" in digest["description"]
    assert "all green" in digest["description"]
    assert show(bd, root)["status"] == "closed"
    [line] = (json.loads(line) for line in bd("export").out.splitlines())
    assert (line["id"], "dependencies" in line) == (done["digest_id"], False)
    bd("undo")
    assert ids(bd("ready", "--mol", root, "--json").json) == [f"{root}.2"]


def test_squash_with_words_of_ones_own_keeps_what_it_shall(bd: Bd, release: str) -> None:
    root = pour(bd, release, "wisp")["new_epic_id"]
    done = bd("mol", "squash", root, "--summary", "went well", "--keep-children", "--json").json
    assert show(bd, done["digest_id"])["description"] == "went well"
    assert (done["deleted_count"], done["kept_children"]) == (0, True)
    assert bd("show", f"{root}.1").code == 0
    lasting = pour(bd, release, "pour")["new_epic_id"]
    assert bd("mol", "squash", lasting, "--json").json["squashed_count"] == 0


def test_burn(bd: Bd, release: str) -> None:
    one, two = (pour(bd, release, kind)["new_epic_id"] for kind in ("wisp", "pour"))
    assert "nothing was deleted yet" in bd("mol", "burn", one).out
    assert bd("mol", "burn", one, "--dry-run", "--json").json["deleted_count"] == 4
    assert bd("show", one).code == 0
    done = bd("mol", "burn", one, two, "gt-nope", "--force", "--json").json
    assert (done["total_deleted"], done["failed_count"]) == (8, 1)
    assert bd("show", one).code == bd("show", f"{two}.1").code == 1
    assert "is no molecule but a task" in bd("mol", "burn", issue(bd), "--force").err


# collecting


@pytest.mark.parametrize(
    ("kind", "hours", "goes"),
    [
        ("heartbeat", 7, True), ("ping", 5, False), ("patrol", 23, False), ("gc_report", 25, True),
        ("recovery", 25, False), ("error", 170, True), ("escalation", 160, False), ("", 23, False), ("", 25, True),
    ],
)  # fmt: skip
def test_a_wisp_goes_when_the_time_of_its_type_has_passed(
    bd: Bd, beads_dir: Path, kind: str, hours: int, goes: bool
) -> None:
    wisp = issue(bd, "w", "--ephemeral", "--wisp-type", kind)
    make_older(beads_dir, timedelta(hours=hours), wisp)
    assert bd("mol", "wisp", "gc", "--dry-run", "--json").json["cleaned_ids"] == [wisp] * goes
    done = bd("mol", "wisp", "gc", "--json").json
    assert (done["cleaned_ids"], done["cleaned_count"]) == ([wisp] * goes, int(goes))
    assert (bd("show", wisp).code == 1) == goes


def test_a_molecule_goes_as_a_whole_or_not_at_all(bd: Bd, beads_dir: Path, release: str) -> None:
    root = pour(bd, release, "wisp")["new_epic_id"]
    every = [root, *(f"{root}.{n}" for n in (1, 2, 3))]
    bd("close", f"{root}.1")

    def going(*options: str) -> list[str]:
        return bd("mol", "wisp", "gc", "--dry-run", *options, "--json").json["cleaned_ids"]

    make_older(beads_dir, timedelta(days=2), root, f"{root}.1", f"{root}.2")
    assert going() == [], "one step is new"
    assert going("--closed") == []
    make_older(beads_dir, timedelta(days=2), f"{root}.3")
    assert sorted(going()) == every
    assert going("--age", "49h") == going("--exclude-type", "task,molecule") == []
    for status in ("in_progress", "hooked", "deferred", "pinned"):
        bd("update", f"{root}.2", "--status", status)
        make_older(beads_dir, timedelta(days=2), f"{root}.2")
        assert going() == [], status
    bd("update", f"{root}.2", "--status", "open")
    outside = issue(bd, "waits", "--deps", root)
    make_older(beads_dir, timedelta(days=2), *every)
    assert going() == [], "somebody waits for it"
    bd("close", outside, "--force")
    assert sorted(going()) == every
    bd("dep", "add", f"{root}.2", issue(bd))
    make_older(beads_dir, timedelta(days=2), *every)
    assert going() == [], "it waits for somebody"


def test_closed_wisps_go_on_demand_and_leave_no_trace(bd: Bd) -> None:
    lasting = issue(bd)
    wisp, pinned = (issue(bd, "w", "--ephemeral") for _ in range(2))
    bd("close", wisp)
    bd("close", pinned)
    bd("sql", "--write", f"UPDATE issues SET pinned = 1 WHERE id = '{pinned}'")
    assert bd("mol", "wisp", "gc", "--closed", "--json").json["dry_run"]
    assert bd("show", wisp).code == 0
    assert bd("mol", "wisp", "gc", "--closed", "--force", "--json").json["cleaned_ids"] == [wisp]
    assert bd("history", wisp).code == 1
    assert bd("show", lasting).code == bd("show", pinned).code == 0
    assert is_sound(bd)
