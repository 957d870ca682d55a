"""Numbers, epics, the doctor and deletion."""

from __future__ import annotations

from pathlib import Path

from beads import health
from beads.store import Store
from tests.unit.beads.conftest import Bd, issue


def test_numbers_agree_with_the_lists(bd: Bd) -> None:
    bd("config", "set", "types.custom", "agent")
    a, b, c = (issue(bd, name) for name in "abc")
    issue(bd, "agent", "-t", "agent")
    issue(bd, "later", "--defer", "+1d")
    bd("dep", "add", b, a)
    bd("close", c)
    answer = bd("stats", "--json").json
    summary = answer["summary"]
    assert summary["ready_issues"] == len(bd("ready", "-n", "0", "--json").json) == 1
    assert summary["blocked_issues"] == len(bd("blocked", "--json").json) == 1
    assert summary["total_issues"] == bd("count", "--json").json["count"] == 5
    assert (summary["open_issues"], summary["closed_issues"], summary["deferred_issues"]) == (3, 1, 1)
    assert summary["average_lead_time_hours"] >= 0
    assert answer["recent_activity"]["issues_created"] == 5
    assert "recent_activity" not in bd("status", "--no-activity", "--json").json


def test_counts_in_groups(bd: Bd) -> None:
    issue(bd, "a", "-t", "bug", "-p", "0", "-l", "x", "-a", "ann")
    issue(bd, "b", "-l", "x,y")
    for by, groups in {
        "status": {"open": 2}, "type": {"bug": 1, "task": 1}, "priority": {"P0": 1, "P2": 1},
        "label": {"x": 2, "y": 1}, "assignee": {"ann": 1, "(unassigned)": 1},
    }.items():  # fmt: skip
        answer = bd("count", f"--by-{by}", "--json").json
        assert {each["group"]: each["count"] for each in answer["groups"]} == groups
        assert answer["total"] == 2
    assert bd("count", "--type", "bug", "--json").json["count"] == 1


def test_epics(bd: Bd) -> None:
    epic = issue(bd, "e", "-t", "epic")
    empty = issue(bd, "empty", "-t", "epic")
    child = issue(bd, "c", "--parent", epic)
    [found] = [each for each in bd("epic", "status", "--json").json if each["epic"]["id"] == epic]
    assert (found["total_children"], found["closed_children"], found["eligible_for_close"]) == (1, 0, False)
    assert bd("epic", "close-eligible", "--json").json["count"] == 0
    bd("close", child)
    assert [each["epic"]["id"] for each in bd("epic", "status", "--eligible-only", "--json").json] == [epic]
    assert bd("epic", "close-eligible", "--json").json["closed"] == [epic]
    assert [each["epic"]["id"] for each in bd("epic", "status", "--json").json] == [empty]


def test_stale(bd: Bd) -> None:
    one = issue(bd)
    assert [each["id"] for each in bd("stale", "-d", "0", "--json").json] == [one]
    assert bd("stale", "--json").json == []
    assert bd("stale", "-d", "-1").code == 1


def test_the_doctor_finds_and_repairs_what_is_wrong(bd: Bd, store: Store) -> None:
    one, two = issue(bd, "one"), issue(bd, "two")
    assert bd("doctor", "--json").json["overall_ok"] is True
    with store.write("me") as change:
        run = change.conn.exec_driver_sql
        run("UPDATE issues SET is_blocked = 1 WHERE id = ?", (one,))
        run(
            "INSERT INTO dependencies (issue_id, depends_on_id, type, created_at) "
            "SELECT id, 'gt-gone', 'blocks', created_at FROM issues WHERE id = ?",
            (two,),
        )
        run("UPDATE prefixes SET issue_count = 0")
    examined = bd("doctor", "--json")
    assert examined.code == 1
    wrong = {each["name"] for each in examined.json["checks"] if each["status"] != "ok"}
    assert wrong == {"Readiness", "Dependencies", "Counts of ids"}
    assert bd("repair-deps", "--json").json["orphaned_count"] == 1
    fixed = bd("doctor", "--fix", "--json")
    assert (fixed.code, fixed.json["overall_ok"]) == (0, True)
    assert {each["id"] for each in bd("ready", "--json").json} == {one, two}


def test_validation_finds_circles_and_duplicates(bd: Bd, store: Store) -> None:
    one, two = issue(bd, "Same"), issue(bd, "same ")
    with store.write("me") as change:
        change.add_dependency(one, two, check=False)
        change.add_dependency(two, one, check=False)
        assert [[each.id for each in group] for group in health.duplicates(change)] in (
            [[one, two]],
            [[two, one]],
        )
    answer = bd("doctor", "--check=validate", "--json")
    assert answer.code == 1
    assert {each["name"] for each in answer.json["checks"] if each["status"] != "ok"} == {
        "Cycles",
        "Duplicates",
    }
    assert sorted(each["id"] for each in bd("dep", "cycles", "--json").json[0]) == sorted((one, two))


def test_pollution_is_found_and_cleaned(bd: Bd) -> None:
    real, left = issue(bd, "Test the login"), issue(bd, "test issue 3")
    found = bd("doctor", "--check=pollution", "--json").json
    assert ([each["id"] for each in found["issues"]], found["polluted_count"]) == ([left], 1)
    assert bd("doctor", "--check=pollution", "--clean").code == 1, "asks for --yes"
    assert bd("doctor", "--check=pollution", "--clean", "--yes", "--json").json["deleted"] == 1
    assert [each["id"] for each in bd("list", "--json").json] == [real]


def test_deletion_is_previewed_unless_forced(bd: Bd) -> None:
    one = issue(bd, "one")
    other = issue(bd, "other", "--deps", one, "-d", f"see {one}, not {one}x or {one}.1")
    preview = bd("delete", one, "--json").json
    assert (preview["would_delete"], preview["dependencies_removed"], preview["references_updated"]) == (
        [one],
        1,
        1,
    )
    assert bd("show", one).code == 0
    assert bd("delete", one, "--force", "--json").json["deleted"] == one
    [left] = bd("show", other, "--json").json
    assert left["description"] == f"see [deleted:{one}], not {one}x or {one}.1"
    assert [each["id"] for each in bd("ready", "--json").json] == [other], "what it held up is free"
    assert bd("doctor").code == 0
    assert bd("delete", one, "--force").code == 1


def test_deletion_of_many(bd: Bd, tmp_path: Path) -> None:
    one = issue(bd, "one")
    two = issue(bd, "two", "--deps", one)
    three = issue(bd, "three", "--deps", two)
    answer = bd("delete", one, "--cascade", "--force", "--json").json
    assert set(answer["deleted"]) == {one, two, three}
    assert answer["deleted_count"] == 3
    a, b = issue(bd, "a"), issue(bd, "b")
    (tmp_path / "ids").write_text(f"# these\n{a}\n\n{b}\n")
    assert bd("delete", "--from-file", "ids", "--force", "--json").json["deleted_count"] == 2
    assert bd("delete", "gt-nope", a, "--force").code == 1


def test_migrate_and_ping_and_quickstart(bd: Bd) -> None:
    assert bd("migrate", "--inspect", "--json").json["status"] == "current"
    assert "nothing to do" in bd("migrate").out
    assert bd("ping", "--json").json["status"] == "ok"
    assert "bd ready" in bd("quickstart").out
