"""What editors, boards and libraries send that are written for upstream: their command lines, and what they read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from beads.store import Store
from tests.unit.beads.conftest import Answer, call, issue


@pytest.fixture
def beads_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    Store.create(tmp_path / ".beads", "gt").close()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BEADS_ACTOR", "tester")
    yield tmp_path / ".beads"


def bd(*line: str) -> Answer:
    done = call(*line)
    assert done.code == 0, (line, done.err)
    return done


def shown(name: str) -> dict[str, Any]:
    [found] = bd("show", name, "--json").json
    return dict(found)


def test_an_editor_that_asks_for_the_database_server_goes_through_bd(beads_dir: Path) -> None:
    found = bd("dolt", "show", "--json").json
    assert (found["embedded"], found["mode"], found["backend"]) == (True, "embedded", "sqlite")
    for words in (
        ["dolt", "status"],
        ["dolt", "start"],
        ["dolt", "push", "--force"],
        ["dolt"],
        ["daemon", "start"],
    ):
        assert "nothing" in bd(*words).out


def test_the_calls_of_an_editor(beads_dir: Path) -> None:
    made = bd(
        "create", "--title", "One", "--type", "task", "--priority", "2", "--label", "a", "--label", "b", "--json",
        "--description", "d", "--design", "x", "--acceptance", "y", "--assignee", "ann",
    ).json  # fmt: skip
    two = issue(call, "two")
    assert (made["labels"], made["assignee"]) == (["a", "b"], "ann")
    bd(
        "update",
        made["id"],
        "--json",
        "--estimate",
        "30",
        "--set-labels",
        "c",
        "--set-labels",
        "d",
        "--assignee",
        "",
    )
    assert (shown(made["id"])["labels"], shown(made["id"])["estimated_minutes"]) == (["c", "d"], 30)
    bd("dep", "add", made["id"], two, "--type", "blocks", "--json")
    wrong = call("dep", "remove", made["id"], two, "--json", "--type", "related")
    assert (wrong.code, "but by 'blocks'" in wrong.error["error"]) == (1, True)
    bd("dep", "remove", made["id"], two, "--json", "--type", "blocks")
    bd("comments", "add", made["id"], "said", "--json", "--author", "zoe")
    assert bd("comments", made["id"], "--json").json[0]["author"] == "zoe"
    assert len(bd("list", "--all", "--limit", "0", "--json").json) == 2
    assert bd("show", made["id"], "--json", "--include-dependents").json[0]["dependents"] == []


def test_the_calls_of_a_terminal_board(beads_dir: Path) -> None:
    one = issue(call, "one")
    found = bd("context", "--json").json
    assert (found["beads_dir"], found["repo_root"]) == (str(beads_dir), str(beads_dir.parent))
    assert (found["is_redirected"], found["backend"]) == (False, "sqlite")
    assert bd("show", one, "--long", "--brief-deps", "--json").json[0]["id"] == one
    refused = call("update", one, "--status=open", "--if-status=closed")
    assert (refused.code, "unknown flag: --if-status" in refused.err) == (2, True), (
        "by these words they do without"
    )
    bd("dep", "add", "--type=related", one, "--", issue(call, "two"))
    values = f"VALUES ('{one}', 'gt-gone', '2025-01-15T12:00:00.000000Z')"
    bd("sql", f"INSERT INTO dependencies (issue_id, depends_on_id, created_at) {values}", "--write")
    sick = call("doctor", "--agent", "--json")
    [diagnosis] = [each for each in sick.json["diagnostics"] if each["name"] == "Dependencies"]
    assert (sick.json["overall_ok"], diagnosis["severity"]) == (False, "blocking")
    assert diagnosis["commands"] == ["bd repair-deps --fix"]
    assert "gt-gone" in diagnosis["observed"]
    assert "found something" in sick.json["summary"]


def test_the_lists_of_one_rig(beads_dir: Path) -> None:
    for rig, prefix in (("backend", "be"), ("extra", "be-x"), ("web", "we")):
        bd("config", "set", f"rig.{rig}.prefix", prefix)
        bd("create", "x", "--id", f"{prefix}-1")
    for verb in (["list", "--json", "--limit", "0", "--all"], ["ready", "--json"], ["search", "x", "--json"]):
        assert [each["id"] for each in bd(*verb, "--rig", "backend").json] == ["be-1"]
        assert [each["id"] for each in bd(*verb, "--rig", "extra").json] == ["be-x-1"]
    assert bd("count", "--rig", "web", "--json").json["count"] == 1
    wrong = call("list", "--rig", "backen")
    assert (wrong.code, "did you mean 'backend'?" in wrong.err) == (1, True)


def test_the_calls_of_a_web_board(beads_dir: Path) -> None:
    made = bd("create", "One", "-d", "d", "-p", "1", "-t", "bug", "-a", "ann", "-l", "a,b", "--json").json
    bd(
        "--no-daemon",
        "update",
        made["id"],
        "--title",
        "New",
        "-s",
        "in_progress",
        "-l",
        "b,c",
        "--metadata",
        '{"k":1}',
    )
    assert (shown(made["id"])["labels"], shown(made["id"])["metadata"]) == (["b", "c"], {"k": 1})


def test_the_issues_as_a_file_for_git(beads_dir: Path, tmp_path: Path) -> None:
    path = beads_dir / "issues.jsonl"
    assert "no such file" in bd("sync", "--import-only").out
    one = issue(call, "one")
    assert bd("sync", "--flush-only", "--json").json == {
        "path": str(path),
        "exported": 1,
        "schema_version": 1,
    }
    bd("delete", one, "--force")
    dry = bd("sync", "--dry-run", "--json").json
    assert (dry["imported"], dry["dry_run"], "exported" in dry) == (1, True, False)
    assert bd("list", "--json").json == []
    two = issue(call, "two")
    done = bd("sync", "--json").json
    assert (done["imported"], done["exported"]) == (1, 2)
    assert {each["id"] for each in bd("list", "--json").json} == {one, two}
    assert len(path.read_text().splitlines()) == 2
    assert call("sync", "--flush-only", "--import-only").code == 2
    path.write_text("{broken\n")
    assert call("sync").code == 1
    assert path.read_text() == "{broken\n", "a file that is not understood is not overwritten"
