"""Each verb of `bd`, in this process: what it does, and the shape that clients read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from beads.cli import narrow
from tests.unit.beads.conftest import Bd, issue

REQUIRED = {"id", "title", "status", "priority", "issue_type", "created_at", "updated_at"}
COUNTS = {"dependency_count", "dependent_count", "comment_count"}


def is_issue(found: dict[str, Any]) -> None:
    """What every client needs of an issue, and what none may meet."""
    assert found.keys() >= REQUIRED
    assert not {"is_blocked", "seq", "type", "content_hash"} & found.keys()
    assert None not in found.values(), "what is empty is left out"
    assert found["created_at"].endswith("Z")


def test_create_answers_with_the_issue(bd: Bd) -> None:
    made = bd(
        "create", "Fix <it> & more", "-t", "bug", "-p", "P0", "-d", "why", "--design", "how", "--acceptance", "when",
        "--notes", "n", "-a", "ann", "-l", "b,a", "-l", "c", "--external-ref", "gh-9", "-e", "30",
        "--metadata", '{"k": [1, 2.50]}', "--json",
    )  # fmt: skip
    assert made.code == 0
    assert "Fix \\u003cit\\u003e \\u0026 more" in made.out, "escaped as Go does"
    found = made.json
    is_issue(found)
    assert "dependencies" not in found
    assert found["schema_version"] == 1
    wanted = {
        "title": "Fix <it> & more", "issue_type": "bug", "priority": 0, "description": "why", "design": "how",
        "acceptance_criteria": "when", "notes": "n", "assignee": "ann", "labels": ["a", "b", "c"],
        "external_ref": "gh-9", "estimated_minutes": 30, "metadata": {"k": [1, 2.5]}, "created_by": "tester",
    }  # fmt: skip
    assert {key: found.get(key) for key in wanted} == wanted


def test_create_by_title_option_and_words(bd: Bd) -> None:
    assert bd("create", "--title", "One", "--json").json["title"] == "One"
    assert bd("create", "two", "words", "--json").json["title"] == "two words"
    both = bd("create", "x", "--title", "y")
    assert (both.code, "twice" in both.err) == (2, True)
    assert bd("create").code == 2


def test_create_reads_files_and_standard_input(bd: Bd, tmp_path: Path) -> None:
    (tmp_path / "d.md").write_text("from a file")
    assert bd("create", "x", "--body-file", "d.md", "--json").json["description"] == "from a file"
    from tests.unit.beads.conftest import call

    assert call("create", "x", "--stdin", "--json", input="from stdin").json["description"] == "from stdin"
    assert call("create", "x", "--stdin", input=b"\xff\xfe").code == 1
    assert bd("create", "x", "--body-file", "none.md").code == 1


def test_create_dry_run_makes_nothing(bd: Bd) -> None:
    assert bd("create", "x", "--dry-run", "--json").json["dry_run"] is True
    assert bd("list", "--json").json == []


def test_create_dependencies_both_ways(bd: Bd) -> None:
    one, two, three = (issue(bd, name) for name in "abc")
    new = issue(bd, "new", "--deps", f"{one},blocked-by:{two},discovered-from:{three},external:other:cap")
    raw = {
        link["depends_on_id"]: link["type"]
        for link in bd("list", "--id", new, "--json").json[0]["dependencies"]
    }
    assert raw == {one: "blocks", two: "blocks", three: "discovered-from", "external:other:cap": "blocks"}
    reverse = issue(bd, "reverse", "--deps", f"blocks:{one}")
    assert [each["id"] for each in bd("dep", "list", one, "--json").json] == [reverse]
    wrong = bd("create", "x", "--deps", f"blcks:{one}")
    assert wrong.code == 1
    assert "did you mean 'blocks'?" in wrong.err


def test_children_take_over_labels(bd: Bd) -> None:
    parent = issue(bd, "p", "-l", "x,y", "-t", "epic")
    child = bd("create", "c", "--parent", parent, "-l", "z", "--json").json
    assert (child["id"], child["labels"]) == (f"{parent}.1", ["x", "y", "z"])
    assert "labels" not in bd("create", "c", "--parent", parent, "--no-inherit-labels", "--json").json


def test_show_has_both_directions_in_full(bd: Bd) -> None:
    epic = issue(bd, "epic", "-t", "epic")
    child, blocker = issue(bd, "child", "--parent", epic), issue(bd, "blocker")
    bd("dep", "add", child, blocker)
    bd("comment", child, "said")
    [found] = bd("show", child, "--json").json
    assert bd("show", child, "--json", "--include-comments", "--include-dependents").json == [found]
    is_issue(found)
    assert {(each["id"], each["dependency_type"]) for each in found["dependencies"]} == {
        (epic, "parent-child"),
        (blocker, "blocks"),
    }
    assert found["dependents"] == []
    assert (found["dependency_count"], found["dependent_count"], found["comment_count"]) == (2, 0, 1)
    assert found["parent"] == epic
    assert [each["text"] for each in found["comments"]] == ["said"]
    [above] = bd("show", epic, "--json").json
    assert [(each["id"], each["dependency_type"]) for each in above["dependents"]] == [
        (child, "parent-child")
    ]
    for linked in (*found["dependencies"], *above["dependents"]):
        is_issue(linked)
    assert (above["epic_total_children"], above["epic_closed_children"], above["epic_closeable"]) == (
        1,
        0,
        False,
    )


def test_show_goes_on_past_an_unknown_id(bd: Bd) -> None:
    one = issue(bd)
    partly = bd("show", one, "gt-nope", "--json")
    assert partly.code == 0
    assert [each["id"] for each in partly.json] == [one]
    assert "no issue found matching 'gt-nope'" in partly.err
    nothing = bd("show", "gt-nope", "--json")
    assert nothing.code == 1
    assert nothing.error["error"] == "no issue found matching 'gt-nope'"
    assert nothing.json == nothing.error, "some clients read the error on stdout"


def test_counts_agree_with_what_is_shown(bd: Bd) -> None:
    one, two, three = (issue(bd, name) for name in "abc")
    bd("dep", "add", one, two)
    bd("dep", "add", one, "external:x:y")
    bd("dep", "add", three, one, "-t", "related")
    [shown] = bd("show", one, "--json").json
    for listed in (*bd("list", "--id", one, "--json").json, shown):
        assert listed["dependency_count"] == len(shown["dependencies"]) == 1
        assert listed["dependent_count"] == len(shown["dependents"]) == 1


def test_list_hides_what_is_no_open_work(bd: Bd) -> None:
    bd("config", "set", "types.custom", "agent,role")
    one, closed, pinned = issue(bd, "one"), issue(bd, "closed"), issue(bd, "pinned")
    gate, agent, wisp = (
        issue(bd, "g", "-t", "gate"),
        issue(bd, "a", "-t", "agent"),
        issue(bd, "w", "--ephemeral"),
    )
    bd("close", closed)
    bd("update", pinned, "--status", "pinned")
    assert "-wisp-" in wisp

    def ids(*options: str) -> set[str]:
        return {each["id"] for each in bd("list", "--json", "--tree=false", *options).json}

    assert ids() == {one}
    assert ids("--status", "closed") == {closed}
    assert ids("--status", "all") == ids("--all") == {one, closed, pinned}
    assert ids("--include-gates") == {one, gate}
    assert ids("--type", "gate") == {gate}
    assert ids("--include-infra") == {one, agent}
    assert ids("--pinned") == {pinned}
    assert ids("--status", "open,pinned") == {one, pinned}


def test_list_narrows(bd: Bd) -> None:
    a = issue(
        bd, "Alpha 100%", "-l", "x,y", "-p", "0", "-t", "bug", "-a", "ann", "--metadata", '{"team":"core"}'
    )
    b = issue(bd, "Beta", "-l", "y,tech-debt", "-p", "3", "-d", "words", "--due", "-1d")

    def ids(*options: str) -> set[str]:
        done = bd("list", "--json", *options)
        assert done.code == 0, done.err
        return {each["id"] for each in done.json}

    assert ids("-l", "x", "-l", "y") == ids("-l", "x,y") == {a}
    assert ids("--label-any", "x,tech-debt") == {a, b}
    assert ids("--exclude-label", "x") == {b}
    assert ids("--label-pattern", "tech-*") == ids("--label-regex", "^tech") == {b}
    assert ids("-p", "P0") == ids("--priority-max", "1") == {a}
    assert ids("--priority-min", "1") == ids("--desc-contains", "WORD") == ids("--overdue") == {b}
    assert (
        ids("-a", "ann") == ids("--type", "bug") == ids("--title", "alpha") == ids("--title", "100%") == {a}
    )
    assert ids("--no-assignee") == ids("--exclude-type", "bug") == {b}
    assert ids("--title", "%") == {a}, "a percent sign is itself"
    assert ids("--metadata-field", "team=core") == ids("--has-metadata-key", "team") == {a}
    assert ids("--created-after", "+1h") == set()
    assert ids("--created-after", "-1h", "--created-before", "+1h") == {a, b}
    assert [each["id"] for each in bd("list", "--sort", "title", "-r", "--json").json] == [b, a]


def test_an_option_behind_two_hyphens_is_no_part_of_an_id(bd: Bd) -> None:
    bd("create", "One", "--id", "gt-x8w")
    assert bd("show", "x8").code == 0
    refused = bd("close", "--", "-x")
    assert refused.code == 1 and "no issue found matching '-x'" in refused.err


def test_list_is_cut_where_it_says(bd: Bd, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(52):
        issue(bd, f"n{number}")
    cut = bd("list", "--json")
    assert len(cut.json) == 50
    assert "showing 50 of 52" in cut.err
    monkeypatch.setattr(narrow, "_COUNTED", 51)
    assert "showing 50 of more than 51" in bd("list").err
    assert len(bd("list", "--json", "--limit", "0").json) == len(bd("list", "--json", "--all").json) == 52
    monkeypatch.setenv("BD_AGENT_MODE", "1")
    assert len(bd("list", "--json").json) == 20


def test_list_without_labels(bd: Bd) -> None:
    issue(bd, "x", "-l", "a")
    found = bd("list", "--skip-labels", "--json").json
    assert "labels" not in found["issues"][0]


def test_ready_and_blocked(bd: Bd) -> None:
    held, blocker = issue(bd, "held"), issue(bd, "blocker", "-p", "1")
    bd("dep", "add", held, blocker)
    [found] = bd("ready", "--limit", "10", "--json").json
    is_issue(found)
    assert found.keys() >= COUNTS
    assert found["id"] == blocker
    [waiting] = bd("blocked", "--json").json
    is_issue(waiting)
    assert (waiting["id"], waiting["blocked_by"], waiting["blocked_by_count"]) == (held, [blocker], 1)
    assert bd("blocked", "--parent", blocker, "--json").json == []
    explained = bd("ready", "--explain", "--json").json
    assert ([each["id"] for each in explained["ready"]], explained["summary"]["total_blocked"]) == (
        [blocker],
        1,
    )


def test_ready_says_when_there_is_more(bd: Bd) -> None:
    for _ in range(3):
        issue(bd)
    cut = bd("ready", "-n", "2", "--json")
    assert len(cut.json) == 2
    assert "first 2" in cut.err
    assert bd("ready", "-n", "3", "--json").err == ""


def test_ready_claim_takes_the_first(bd: Bd) -> None:
    second, first = issue(bd, "second", "-p", "3"), issue(bd, "first", "-p", "0")
    taken = [bd("ready", "--claim", "--json", "--actor", actor).json[0] for actor in ("a", "b")]
    assert [(each["id"], each["assignee"], each["status"]) for each in taken] == [
        (first, "a", "in_progress"),
        (second, "b", "in_progress"),
    ]
    none = bd("ready", "--claim", "--json")
    assert none.code == 1
    assert none.error["error"] == "nothing is ready to be claimed"


def test_claim(bd: Bd) -> None:
    one = issue(bd)
    [mine] = bd("update", one, "--claim", "--json", "--actor", "a").json
    assert (mine["status"], mine["assignee"]) == ("in_progress", "a")
    assert "dependencies" not in mine
    [again] = bd("update", one, "--claim", "--json", "--actor", "a").json
    assert again["started_at"] == mine["started_at"]
    other = bd("update", one, "--claim", "--json", "--actor", "b")
    assert other.code == 1
    assert other.error["error"] == f"{one} is already claimed by a"
    bd("close", one)
    assert bd("update", one, "--claim", "--actor", "a").code == 1


def test_update_sets_and_clears(bd: Bd) -> None:
    one = issue(bd, "x", "-a", "ann", "-l", "old")
    [found] = bd(
        "update", one, "--status", "in_progress", "--priority", "P1", "--title", "New", "--assignee", "",
        "--append-notes", "first", "--add-label", "a,b", "--remove-label", "old", "--acceptance-criteria", "ok",
        "--set-metadata", "k=v", "--json",
    ).json  # fmt: skip
    assert (found["title"], found["priority"], found["notes"], found["labels"]) == (
        "New",
        1,
        "first",
        ["a", "b"],
    )
    assert ("assignee" in found, found["acceptance_criteria"], found["metadata"]) == (False, "ok", {"k": "v"})
    assert "started_at" in found
    [more] = bd("update", one, "--append-notes", "second", "--metadata", '{"x":1}', "--json").json
    assert (more["notes"], more["metadata"]) == ("first\nsecond", {"k": "v", "x": 1})
    [less] = bd("update", one, "--unset-metadata", "k", "--set-labels", "z", "--json").json
    assert (less["metadata"], less["labels"]) == ({"x": 1}, ["z"])


def test_update_without_anything_says_so(bd: Bd) -> None:
    done = bd("update", issue(bd))
    assert (done.code, done.out) == (0, "No updates specified\n")


def test_update_status_stamps(bd: Bd) -> None:
    one = issue(bd)
    [closed] = bd("update", one, "--status", "closed", "--json").json
    assert "closed_at" in closed
    [opened] = bd("update", one, "--status", "open", "--json").json
    assert not {"closed_at", "close_reason"} & opened.keys()


def test_update_changes_one_issue_wholly_or_not(bd: Bd) -> None:
    one, two = issue(bd, "one"), issue(bd, "two")
    bd("update", two, "--claim", "--actor", "other")
    done = bd("update", one, two, "gt-nope", "--claim", "--add-label", "mine", "--json")
    assert done.code == 0
    assert [each["id"] for each in done.json] == [one]
    assert bd("label", "list", two, "--json").json == []
    assert bd("update", two, "gt-nope", "--claim").code == 1


def test_what_was_done_before_a_refusal_is_taken_back(bd: Bd) -> None:
    one, two = issue(bd, "one"), issue(bd, "two")
    done = bd("update", one, two, "--add-label", "x", "--parent", two, "--json")
    assert [each["id"] for each in done.json] == [one]
    assert bd("label", "list", two, "--json").json == []


def test_update_parent(bd: Bd) -> None:
    epic, one = issue(bd, "e", "-t", "epic"), issue(bd)
    bd("update", one, "--parent", epic)
    assert bd("list", "--parent", epic, "--json").json[0]["parent"] == epic
    bd("update", one, "--parent", "")
    assert bd("list", "--parent", epic, "--json").json == []


def test_close_answers_with_an_array_and_twice_is_no_failure(bd: Bd) -> None:
    one = issue(bd)
    for _ in range(2):
        [found] = bd("close", one, "--reason", "done", "--json").json
        assert (found["status"], found["close_reason"]) == ("closed", "done")


def test_close_guards(bd: Bd) -> None:
    epic, blocker = issue(bd, "e", "-t", "epic"), issue(bd, "b")
    child, held = issue(bd, "c", "--parent", epic), issue(bd, "h", "--deps", blocker)
    for guarded, words in ((epic, f"1 open children: {child}"), (held, f"blocked by {blocker}")):
        refused = bd("close", guarded, "--json")
        assert refused.code == 1
        assert words in refused.error["error"]
    assert bd("close", held, "--force").code == 0
    pinned = issue(bd, "p")
    bd("update", pinned, "--status", "pinned")
    assert "pinned" in bd("close", pinned).err
    bd("close", child)
    assert bd("close", epic).code == 0


def test_close_and_then(bd: Bd) -> None:
    blocker = issue(bd, "b")
    held = issue(bd, "h", "--deps", blocker)
    answer = bd("close", blocker, "--suggest-next", "--claim-next", "--json").json
    assert [each["id"] for each in answer["closed"]] == [blocker]
    assert [each["id"] for each in answer["unblocked"]] == [held]
    assert answer["claimed"]["id"] == held


def test_close_with_a_reason_for_each(bd: Bd) -> None:
    one, two = issue(bd, "1"), issue(bd, "2")
    found = bd("close", one, two, "-r", "first", "-r", "second", "--json").json
    assert [each["close_reason"] for each in found] == ["first", "second"]
    assert bd("close", one, two, "x", "-r", "1", "-r", "2").code == 2


def test_reopen(bd: Bd) -> None:
    one = issue(bd)
    bd("close", one)
    [found] = bd("reopen", one, "--reason", "not yet", "--json").json
    assert found["status"] == "open"
    assert "closed_at" not in found
    again = bd("reopen", one, "--json")
    assert (again.code, again.json) == (0, [found]), (
        "a client reads an array even when there was nothing to do"
    )
    assert "open already" in again.err
    assert bd("reopen", one).out == ""


def test_the_last_touched_issue_needs_no_name(bd: Bd) -> None:
    issue(bd, "other")
    last = issue(bd, "last")
    assert bd("show", "--json").json[0]["id"] == last
    assert bd("close", "--json").json[0]["id"] == last


def test_dependencies_from_the_command_line(bd: Bd) -> None:
    one, two, three = (issue(bd, name) for name in "abc")
    assert bd("dep", "add", one, two, "--type", "blocks", "--json").json == {
        "status": "added", "issue_id": one, "depends_on_id": two, "type": "blocks", "schema_version": 1,
    }  # fmt: skip
    assert bd("dep", "add", one, two).code == 0, "the same again is no failure"
    other = bd("dep", "add", one, two, "-t", "related", "--json")
    assert (other.code, other.error["hint"]) == (1, f"remove that first: bd dep remove {one} {two}")
    bd("dep", "add", two, "--blocked-by", three)
    assert [(each["id"], each["dependency_type"]) for each in bd("dep", "list", two, "--json").json] == [
        (three, "blocks")
    ]
    up = bd("dep", "list", two, "--direction", "up", "--json").json
    assert [each["id"] for each in up] == [one]
    assert {
        (each["issue_id"], each["depends_on_id"]) for each in bd("dep", "list", one, two, "--json").json
    } == {
        (one, two),
        (two, three),
    }
    tree = bd("dep", "tree", one, "--json").json
    assert [(each["id"], each["depth"], each["parent_id"], each["truncated"]) for each in tree] == [
        (one, 0, "", False),
        (two, 1, one, False),
        (three, 2, two, False),
    ]
    assert bd("dep", "tree", one, "-d", "1", "--json").json[-1]["truncated"] is True
    assert bd("dep", "tree", one, "--format", "mermaid").out.startswith("flowchart TD")
    assert bd("dep", "cycles", "--json").json == []
    removed = bd("dep", "remove", one, two, "--json").json
    assert (removed["status"], removed["issue_id"], removed["depends_on_id"]) == ("removed", one, two)
    assert bd("dep", "remove", one, two).code == 1


def test_dependencies_that_cannot_be(bd: Bd) -> None:
    epic, task = issue(bd, "e", "-t", "epic"), issue(bd, "t")
    child = issue(bd, "c", "--parent", epic)
    for arguments, words in (
        ((task, task), "cannot depend on itself"),
        ((task, epic), "is an epic and"),
        ((child, epic, "-t", "waits-for"), "would never end"),
        ((epic, child, "-t", "parent-child"), "would make a cycle"),
        ((task, "gt-nope"), "no issue found matching 'gt-nope'"),
        ((task, child, "-t", "x" * 51), "dependency type must have"),
    ):
        refused = bd("dep", "add", *arguments, "--json")
        assert refused.code == 1
        assert words in refused.error["error"]
    assert bd("dep", "list", task, "--json").json == []


def test_dependencies_in_bulk(bd: Bd, tmp_path: Path) -> None:
    one, two = issue(bd, "1"), issue(bd, "2")
    (tmp_path / "deps").write_text(
        f'# comment\n{one} {two} related\n{{"issue_id":"{two}","depends_on_id":"ext-9x"}}\n'
    )
    answer = bd("dep", "add", "--file", "deps", "--json").json
    assert (answer["status"], answer["count"]) == ("added", 2)
    (tmp_path / "deps").write_text(f"{one} {two}\n{one}\n")
    assert "line 2 names no dependency" in bd("dep", "add", "--file", "deps").err


def test_labels(bd: Bd) -> None:
    one, two = issue(bd, "1"), issue(bd, "2")
    assert bd("label", "add", one, two, "x", "--json").json == [
        {"status": "added", "issue_id": each, "label": "x"} for each in (one, two)
    ]
    bd("label", "add", one, "a")
    assert bd("label", "list", one, "--json").json == ["a", "x"]
    assert bd("label", "list-all", "--json").json == [{"label": "a", "count": 1}, {"label": "x", "count": 2}]
    assert bd("label", "remove", one, "x", "--json").json[0]["status"] == "removed"
    assert bd("label", "add", one, " ").code == 1


def test_comments(bd: Bd) -> None:
    one = issue(bd)
    said = bd("comment", one, "in my", "words", "--author", "ann", "--json").json
    assert {key: said[key] for key in ("issue_id", "author", "text")} == {
        "issue_id": one, "author": "ann", "text": "in my words",
    }  # fmt: skip
    assert isinstance(said["id"], str)
    bd("comments", "add", one, "more")
    found = bd("comments", one, "--json").json
    assert [(each["author"], each["text"]) for each in found] == [("ann", "in my words"), ("tester", "more")]
    assert bd("comment", one).code == 2
    assert bd("comment", one, "  ").code == 1
    bd("note", one, "noted")
    assert bd("show", one, "--json").json[0]["notes"] == "noted"


def test_a_text_that_begins_with_a_hyphen_is_a_text(bd: Bd) -> None:
    made = bd("create", "-1 is", "answered", "-p", "1", "-d", "- a", "--json").json
    one = made["id"]
    assert (made["title"], made["priority"], made["description"]) == ("-1 is answered", 1, "- a")
    for text in ("- one\n- two", "--- \nrule", "-- ann"):
        assert bd("comment", one, text, "--author", "ann", "--json").json["text"] == text
    assert bd("comment", one, "- a", "--", "--b", "--json").code == 0
    assert [each["text"] for each in bd("comments", one, "--json").json][-1] == "- a --b --json"
    assert bd("comment", one, "--auhtor", "ann").code == 2, "what looks like an option must be one"


def test_settings(bd: Bd) -> None:
    assert bd("config", "set", "a.b", "c", "--json").json["value"] == "c"
    assert bd("config", "get", "a.b", "--json").json == {"key": "a.b", "value": "c", "schema_version": 1}
    assert bd("config", "get", "a.b").out == "c\n"
    assert bd("config", "list", "--json").json["a.b"] == "c"
    bd("config", "unset", "a.b")
    assert bd("config", "get", "a.b").out == "a.b (not set)\n"


def test_where_info_and_version(bd: Bd, beads_dir: Path) -> None:
    where = bd("where", "--json").json
    assert (where["path"], where["prefix"], where["database_path"]) == (
        str(beads_dir), "gt", str(beads_dir / "beads.db"),
    )  # fmt: skip
    info = bd("info", "--schema", "--json").json
    assert (info["mode"], info["issue_count"], info["schema"]["detected_prefix"]) == ("direct", 0, "gt")
    import re

    version = re.search(r"\d+\.\d+\.\d+", bd("version").out)
    assert version is not None
    assert tuple(map(int, version[0].split("."))) >= (1, 0, 5)
    assert bd("version", "--json").json["version"] == version[0]
    assert bd("--version").out == bd("version").out


def test_nowhere(bd: Bd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    nowhere = bd("where", "--json")
    assert nowhere.code == 1
    assert nowhere.json["error"] == "no_beads_directory"
    assert {"message", "hint"} <= nowhere.json.keys()
    assert bd("list", "--json").error["hint"] == "run `bd init` to create one"


def test_init(bd: Bd, tmp_path: Path) -> None:
    there = tmp_path / "My App (new)"
    there.mkdir()
    made = bd("-C", str(there), "init", "--skip-hooks", "--non-interactive")
    assert made.code == 0
    assert "my-app-new-" in made.out
    again = bd("-C", str(there), "init")
    assert (again.code, "already" in again.err) == (11, True)
    assert bd("-C", str(there), "init", "--prefix", "../x").code in (1, 11)


def test_global_flags_stand_anywhere(bd: Bd, beads_dir: Path) -> None:
    old = ["--no-daemon", "--no-auto-flush", "--no-auto-import", "--no-db", "--sandbox"]
    for line in (["--json", *old, "list"], ["list", *old, "--json"], ["--format", "json", "list"]):
        done = bd(*line)
        assert (done.code, done.out) == (0, "[]\n")
    made = bd("--actor", "zoe", "create", "x", "--json").json
    assert made["created_by"] == "zoe"
    assert bd("--db", str(beads_dir / "beads.db"), "list").code == 0
    refused = bd("--readonly", "create", "x")
    assert (refused.code, "--readonly" in refused.err) == (1, True)


def test_the_envelope(bd: Bd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BD_JSON_ENVELOPE", "1")
    assert bd("list", "--json").json == {"schema_version": 1, "data": []}
