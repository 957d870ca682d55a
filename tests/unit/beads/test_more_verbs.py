"""Search, history and undo, memory, SQL, deferral, and issues among one another."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.beads.conftest import Bd, issue


def ids(found: Any) -> set[str]:
    return {each["id"] for each in found}


def state(bd: Bd) -> list[dict[str, Any]]:
    """Everything in the store but when it was last changed."""
    found = [json.loads(line) for line in bd("export", "--all").out.splitlines()]
    return [{key: value for key, value in each.items() if key != "updated_at"} for each in found]


def test_search(bd: Bd) -> None:
    one = issue(bd, "Login breaks", "-d", "The authentication token expires", "--external-ref", "gh-77")
    two = issue(bd, "Other", "--notes", "about logins", "-t", "bug")
    closed = issue(bd, "Login again")
    bd("close", closed)

    def found(*line: str) -> set[str]:
        done = bd("search", *line, "--json")
        assert done.code == 0, done.err
        return ids(done.json)

    assert found("LOGIN") == {one, two}
    assert found("ogin br") == {one}, "any part of a title"
    assert found("authen", "tok") == {one}, "beginnings of words, anywhere"
    assert found(one) == found(one[3:]) == found("gh-77") == {one}
    assert found("login", "--status", "all") == {one, two, closed}
    assert found("login", "--type", "bug") == {two}
    for odd in ('"', "a OR b*", "NEAR(", "%", "title:login", "'; --"):
        found(odd)
    assert found("%") == set()
    bd("update", one, "--title", "Sign-on breaks", "-d", "none")
    assert found("login") == {two}, "the index follows changes"
    bd("delete", two, "--force")
    assert found("login") == set()
    assert bd("search").code == bd("search", " ").code == 1


CHANGES = {
    "create": ["create", "new", "--deps", "gt-two", "-l", "x", "--parent", "gt-epic"],
    "update": [
        "update",
        "gt-one",
        "--title",
        "t",
        "--priority",
        "0",
        "--assignee",
        "",
        "--status",
        "blocked",
    ],
    "labels": ["update", "gt-one", "--set-labels", "z"],
    "metadata": ["update", "gt-one", "--metadata", '{"k":1}', "--due", "+1d"],
    "claim": ["update", "gt-two", "--claim"],
    "close": ["close", "gt-two", "-r", "why"],
    "reopen": ["reopen", "gt-closed", "-r", "why"],
    "link": ["dep", "add", "gt-three", "gt-one"],
    "unlink": ["dep", "remove", "gt-one", "gt-two"],
    "comment": ["comment", "gt-one", "text"],
    "delete": ["delete", "gt-two", "--force"],
    "defer": ["defer", "gt-two", "--until", "+1d"],
}


@pytest.mark.parametrize("name", CHANGES)
def test_undo_takes_back_the_last_change(bd: Bd, name: str) -> None:
    for line in (
        ["create", "one", "--id", "gt-one", "-a", "ann", "-l", "a,b"], ["create", "two", "--id", "gt-two"],
        ["create", "three", "--id", "gt-three"], ["create", "epic", "--id", "gt-epic", "-t", "epic"],
        ["create", "closed", "--id", "gt-closed"], ["close", "gt-closed", "-r", "done"],
        ["dep", "add", "gt-one", "gt-two"], ["comment", "gt-two", "said"], ["label", "add", "gt-two", "q"],
    ):  # fmt: skip
        assert bd(*line, "--actor", "setup").code == 0
    before = state(bd)
    assert bd(*CHANGES[name], "--actor", "me").code == 0
    assert state(bd) != before
    undone = bd("undo", "--actor", "me", "--json")
    assert undone.code == 0, undone.err
    assert state(bd) == before
    assert bd("doctor").code == 0
    nothing = bd("undo", "--actor", "me")
    assert (nothing.code, "nothing that could be undone" in nothing.err) == (1, True)


def test_undo_goes_back_step_by_step_and_not_over_others(bd: Bd) -> None:
    one = issue(bd, "first")
    bd("update", one, "--title", "second", "--actor", "me")
    bd("update", one, "--title", "third", "--actor", "me")
    bd("undo", "--actor", "me")
    assert bd("show", one, "--json").json[0]["title"] == "second"
    bd("undo", "--actor", "me")
    assert bd("show", one, "--json").json[0]["title"] == "first"
    bd("update", one, "--title", "mine", "--actor", "me")
    bd("update", one, "--priority", "0", "--actor", "you")
    refused = bd("undo", "--actor", "me", "--json")
    assert refused.code == 1
    assert refused.error["error"] == f"{one} was changed again since, by you"
    assert bd("show", one, "--json").json[0]["title"] == "mine"


def test_history(bd: Bd) -> None:
    one = issue(bd)
    bd("update", one, "--claim")
    bd("close", one, "-r", "why")
    found = bd("history", one, "--json").json
    assert [each["event_type"] for each in found] == ["created", "claimed", "closed"]
    assert {"id", "issue_id", "actor", "created_at"} <= found[0].keys()
    assert bd("history", one, "-n", "1", "--json").json == found[-1:]
    bd("delete", one, "--force")
    assert bd("history", one, "--json").json[-1]["event_type"] == "deleted"
    assert bd("history", "gt-nope").code == 1


def test_memory(bd: Bd, tmp_path: Path) -> None:
    assert bd("remember", "Use", "uv", "not pip", "--json").json["key"] == "use-uv-not-pip"
    assert bd("remember", "again", "--key", "use-uv-not-pip", "--json").json["action"] == "updated"
    assert bd("recall", "use-uv-not-pip").out == "again\n"
    assert bd("memories", "AGAIN", "--json").json["use-uv-not-pip"] == "again"
    assert "again" in bd("prime").out
    assert "again" not in bd("config", "list").out
    assert bd("forget", "use-uv-not-pip").code == 0
    assert bd("recall", "use-uv-not-pip").code == bd("forget", "nope").code == 1
    bd("kv", "set", "k", "v")
    assert bd("kv", "get", "k").out == "v\n"
    assert bd("kv", "list", "--json").json["k"] == "v"
    bd("kv", "clear", "k")
    assert bd("kv", "get", "k").code == 1


def test_prime(bd: Bd, beads_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "bd ready" in bd("prime").out
    assert bd("prime", "--hook-json").json["hookSpecificOutput"]["hookEventName"] == "SessionStart"
    (beads_dir / "PRIME.md").write_text("Our own")
    assert bd("prime").out == "Our own\n"
    monkeypatch.chdir("/")
    nowhere = bd("prime")
    assert (nowhere.code, nowhere.out) == (0, "")


def test_sql_reads_and_does_not_write(bd: Bd) -> None:
    one = issue(bd, "a,b")
    assert bd("sql", "select id, title from issues", "--json").json == [{"id": one, "title": "a,b"}]
    assert bd("sql", "select id, title from issues", "--csv").out == f'id,title\n{one},"a,b"\n'
    for statement in (
        "delete from issues",
        "drop table issues",
        "update issues set title = 'x'",
        "attach 'x.db' as x",
    ):
        bd("sql", statement)
    refused = bd("sql", "delete from issues", "--json")
    assert (refused.code, refused.error["error"]) == (1, "this statement would change the store")
    assert bd("sql", "selec").code == 1
    assert ids(bd("list", "--json").json) == {one}
    assert bd("sql", "update issues set priority = 0", "--write", "--json").json["rows_affected"] == 1


def test_defer(bd: Bd) -> None:
    one = issue(bd)
    [found] = bd("defer", one, "--until", "+1d", "--json").json
    assert found["status"] == "deferred"
    assert "defer_until" in found
    assert bd("ready", "--json").json == []
    [again] = bd("undefer", one, "--json").json
    assert (again["status"], "defer_until" in again) == ("open", False)
    bd("close", one)
    assert bd("defer", one).code == 1


def test_issues_among_one_another(bd: Bd) -> None:
    one, two, three = (issue(bd, name) for name in ("Same", "same", "other"))
    found = bd("duplicates", "--json").json
    assert found["duplicate_groups"] == 1
    assert len(found["merge_commands"]) == 1
    assert bd("duplicates", "--auto-merge", "--json").json["merged"] == 1
    assert len(bd("list", "--json").json) == 2
    left = one if bd("show", one, "--json").json[0]["status"] == "open" else two
    assert bd("supersede", left, "--with", three, "--json").json["replacement"] == three
    assert bd("show", left, "--json").json[0]["close_reason"] == f"Superseded by {three}"
    assert bd("duplicate", three, "--of", three).code == 1
    assert bd("assign", three, "ann", "--json").json[0]["assignee"] == "ann"
    child = issue(bd, "c", "--parent", three)
    assert ids(bd("children", three, "--json").json) == {child}
    assert bd("link", child, one, "--type", "related", "--json").json["type"] == "related"
