"""Gates: what they hold up, what opens them, and what is said when nobody can tell."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.unit.beads.conftest import Bd, issue


def gate(bd: Bd, held: str, *options: str) -> str:
    made = bd("gate", "create", "--blocks", held, *options, "--json")
    assert made.code == 0, made.err
    return str(made.json["id"])


def ready(bd: Bd) -> set[str]:
    return {each["id"] for each in bd("ready", "--json").json}


def outcomes(bd: Bd, *options: str) -> dict[str, str]:
    done = bd("gate", "check", *options, "--json")
    assert done.code == 0, done.err
    return {each["id"]: each["outcome"] for each in done.json["gates"]}


def make_older(beads_dir: Path, issue_id: str) -> None:
    """As if the gate had been made a year ago."""
    with sqlite3.connect(beads_dir / "beads.db") as connection:
        connection.execute(
            "UPDATE issues SET created_at = '2020-01-01T00:00:00.000000Z' WHERE id = ?", (issue_id,)
        )
    connection.close()


@pytest.fixture
def gh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program `gh` that answers with the file `answer`, and notes how it was called."""
    program = tmp_path / "bin" / "gh"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/called\n. {tmp_path}/answer\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return tmp_path / "answer"


def test_a_gate_holds_an_issue_up_until_it_is_resolved(bd: Bd) -> None:
    one = issue(bd)
    shut = gate(bd, one, "--reason", "needs a look")
    shown = bd("show", shut, "--json").json[0]
    assert (shown["issue_type"], shown["await_type"], shown["title"]) == ("gate", "human", "Gate: human")
    assert "needs a look" in shown["description"]
    assert ready(bd) == set()
    assert [each["id"] for each in bd("list", "--json").json] == [one], "a gate is no work"
    assert bd("blocked", "--json").json[0]["blocked_by"] == [shut]
    assert bd("gate", "resolve", shut, "-r", "looked", "--json").json[0]["close_reason"] == "looked"
    assert ready(bd) == {one}
    assert {each["id"] for each in bd("ready", "--gated", "--json").json} == {one}


def test_an_epic_can_wait_for_a_gate(bd: Bd) -> None:
    bd("config", "set", "rig.backend.prefix", "be")
    epic = issue(bd, "all of it", "-t", "epic", "--rig", "backend")
    child = issue(bd, "part", "--parent", epic)
    made = bd("gate", "create", "--silent", "--blocks", epic).out
    assert made.startswith("be-"), "a gate is of the rig of what it holds up"
    assert child not in ready(bd)


def test_lists(bd: Bd) -> None:
    one, two = issue(bd), issue(bd)
    first, second = gate(bd, one), gate(bd, two, "--type", "timer", "--timeout", "2h")
    assert {each["id"] for each in bd("gate", "list", "--json").json} == {first, second}
    [mine] = bd("gate", "list", two, "--json").json
    assert (mine["id"], mine["timeout"]) == (second, 7_200_000_000_000)
    bd("gate", "resolve", first)
    assert [each["id"] for each in bd("gate", "list", "--json").json] == [second]
    assert len(bd("gate", "list", "--all", "--json").json) == 2
    assert "timer" in bd("gate", "list").out
    assert bd("gate", "create", "--blocks", one).out.startswith("Created gate gt-")


def test_waiters(bd: Bd) -> None:
    shut = gate(bd, issue(bd))
    for _ in range(2):
        bd("gate", "add-waiter", shut, "backend/ann")
    assert bd("gate", "show", shut, "--json").json["waiters"] == ["backend/ann"]
    assert "to be told: backend/ann" in bd("gate", "show", shut).out
    bd("gate", "add-waiter", shut, "backend/bob")
    bd("undo")
    assert bd("gate", "show", shut, "--json").json["waiters"] == ["backend/ann"]


def test_what_cannot_be_a_gate(bd: Bd) -> None:
    one = issue(bd)
    for options, said in (
        (["--type", "tmier"], "did you mean 'timer'?"),
        (["--type", "timer"], "needs a length of time"),
        (["--type", "timer", "--timeout", "soon"], "is not a length of time"),
        (["--type", "timer", "--timeout", "999999999d"], "longer than can be kept"),
        (["--type", "bead"], "needs an issue"),
        (["--type", "bead", "--await-id", "gt-nope"], "no issue found"),
        (["--type", "gh:pr"], "needs the number of a pull request"),
        (["--type", "gh:pr", "--await-id=--repo"], "looks like an option"),
    ):
        refused = bd("gate", "create", "--blocks", one, *options, "--json")
        assert refused.code == 1
        assert said in refused.err
    assert bd("gate", "create").code == 2
    assert "is no gate but a task" in bd("gate", "resolve", one).err
    assert bd("gate", "check", "--type", "tmer").code == 1
    assert ready(bd) == {one}


def test_a_timer_opens_its_gate(bd: Bd, beads_dir: Path) -> None:
    one = issue(bd)
    shut = gate(bd, one, "--type", "timer", "--timeout", "1h")
    assert outcomes(bd) == {shut: "pending"}
    assert "its gate is not satisfied (timer)" in bd("close", shut).err
    make_older(beads_dir, shut)
    assert outcomes(bd, "--type", "bead") == {}
    assert outcomes(bd, "--dry-run") == {shut: "resolved"}
    assert ready(bd) == set()
    assert outcomes(bd, "--type", "timer") == {shut: "resolved"}
    assert ready(bd) == {one}
    assert outcomes(bd) == {}, "it is open"


@pytest.mark.parametrize("form", ["{}", "backend:{}"])
def test_a_closed_bead_opens_its_gate(bd: Bd, form: str) -> None:
    one, other = issue(bd), issue(bd)
    shut = gate(bd, one, "--type", "bead", "--await-id", form.format(other))
    assert outcomes(bd) == {shut: "pending"}
    assert bd("close", shut).code == 1
    bd("close", other)
    assert outcomes(bd) == {shut: "resolved"}
    assert ready(bd) == {one}


def test_a_gate_for_people_is_theirs_to_close(bd: Bd) -> None:
    one = issue(bd)
    for kind in ("human", "mail"):
        shut = gate(bd, one, "--type", kind)
        assert outcomes(bd) == {}
        assert bd("close", shut).code == 0
    assert ready(bd) == {one}


@pytest.mark.parametrize(
    ("kind", "awaited", "answer", "outcome", "called"),
    [
        ("gh:pr", "7", '{"state":"MERGED","title":"x"}', "resolved", "pr view 7 --json state,title"),
        ("gh:pr", "7", '{"state":"OPEN"}', "pending", "pr view 7"),
        ("gh:pr", "7", '{"state":"CLOSED"}', "failed", "pr view 7"),
        ("gh:run", "7", '{"status":"completed","conclusion":"success"}', "resolved", "run view 7"),
        ("gh:run", "7", '{"status":"queued","conclusion":""}', "pending", "run view 7"),
        ("gh:run", "7", '{"status":"completed","conclusion":"failure"}', "failed", "run view 7"),
        (
            "gh:run",
            "ci",
            '[{"status":"completed","conclusion":"success"}]',
            "resolved",
            "run list --workflow ci",
        ),
        ("gh:run", "ci", "[]", "pending", "run list --workflow ci"),
        ("gh:pr", "7", "no json", "unchecked", "pr view 7"),
        ("gh:pr", "7", "[1]", "unchecked", "pr view 7"),
    ],
)
def test_github_opens_a_gate(
    bd: Bd, gh: Path, tmp_path: Path, kind: str, awaited: str, answer: str, outcome: str, called: str
) -> None:
    one = issue(bd)
    shut = gate(bd, one, "--type", kind, "--await-id", awaited)
    gh.write_text(f"echo '{answer}'")
    assert "its gate is not satisfied" in bd("close", shut).err, "closing asks nobody"
    assert outcomes(bd, "--type", "gh") == {shut: outcome}
    assert (tmp_path / "called").read_text().startswith(called)
    assert ready(bd) == ({one} if outcome == "resolved" else set())


def test_github_is_asked_about_the_repository_of_what_is_held_up(bd: Bd, gh: Path, tmp_path: Path) -> None:
    one = issue(bd, "x", "--metadata", '{"repo": "owner/name"}')
    gate(bd, one, "--type", "gh:pr", "--await-id", "7")
    gh.write_text("""echo '{"state":"OPEN"}'""")
    outcomes(bd)
    assert (tmp_path / "called").read_text().endswith("--repo owner/name\n")


def test_what_cannot_be_asked_is_said(bd: Bd, gh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shut = gate(bd, issue(bd), "--type", "gh:pr", "--await-id", "7")
    gh.write_text("echo 'no such pull request' >&2; exit 1")
    done = bd("gate", "check")
    assert f"{shut}: could not be checked - gh says: no such pull request" in done.out
    monkeypatch.setenv("PATH", "/nonexistent")
    assert "could not be checked - the program gh is not installed" in bd("gate", "check").out
    answer: Any = bd("gate", "check", "--json").json
    assert (answer["checked"], answer["errors"], answer["resolved"]) == (1, 1, 0)


def test_a_gate_that_failed_is_marked_once(bd: Bd, gh: Path) -> None:
    shut = gate(bd, issue(bd), "--type", "gh:pr", "--await-id", "7")
    gh.write_text("""echo '{"state":"CLOSED"}'""")
    bd("gate", "check")
    assert "labels" not in bd("show", shut, "--json").json[0]
    for _ in range(2):
        assert outcomes(bd, "--escalate") == {shut: "failed"}
    assert bd("show", shut, "--json").json[0]["labels"] == ["escalated"]
    assert len(bd("comments", shut, "--json").json) == 1
