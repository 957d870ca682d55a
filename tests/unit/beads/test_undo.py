"""What undoing must not do: make a circle, break what others have built, or take back more than was done."""

from __future__ import annotations

from typing import Any

from tests.unit.beads.conftest import Bd, issue


def shown(bd: Bd, issue_id: str) -> Any:
    return bd("show", issue_id, "--json").json[0]


def undo(bd: Bd, actor: str = "me") -> Any:
    return bd("undo", "--actor", actor, "--json")


def test_a_dependency_does_not_come_back_as_part_of_a_circle(bd: Bd) -> None:
    one, two = issue(bd), issue(bd)
    bd("dep", "add", one, two, "--actor", "me")
    bd("dep", "remove", one, two, "--actor", "me")
    bd("dep", "add", two, one, "--actor", "you")
    refused = undo(bd)
    assert (refused.code, "would make a cycle" in refused.error["error"]) == (1, True)
    assert bd("dep", "cycles", "--json").json == []


def test_a_deleted_issue_does_not_come_back_as_part_of_a_circle(bd: Bd) -> None:
    one, two, three = issue(bd), issue(bd), issue(bd)
    bd("dep", "add", one, two)
    bd("dep", "add", two, three)
    bd("delete", two, "--force", "--actor", "me")
    bd("dep", "add", three, one, "--actor", "you")
    assert "would make a cycle" in undo(bd).error["error"]
    assert bd("show", two).code == 1
    bd("dep", "remove", three, one, "--actor", "you")
    assert undo(bd).code == 0
    assert bd("blocked", "--json").json != []


def test_a_dependency_whose_end_has_gone_does_not_come_back(bd: Bd) -> None:
    one, two = issue(bd), issue(bd)
    bd("dep", "add", one, two, "--actor", "me")
    bd("dep", "remove", one, two, "--actor", "me")
    bd("delete", two, "--force", "--actor", "you")
    assert undo(bd).code == 0
    assert bd("repair-deps", "--json").code == 0
    assert "dependencies" not in shown(bd, one)
    assert undo(bd).code == 0, "what was added has gone with its end"


def test_an_issue_that_others_depend_on_stays(bd: Bd) -> None:
    two = issue(bd)
    one = issue(bd, "mine", "--actor", "me")
    bd("dep", "add", two, one, "--actor", "you")
    assert undo(bd).error["error"] == f"{two} depends on {one} by now"
    assert shown(bd, one)["title"] == "mine"


def test_what_waited_for_an_id_before_it_was_here_still_does(bd: Bd) -> None:
    held = issue(bd, "held", "--deps", "zz-far", "-d", "see zz-far")
    bd("create", "far", "--id", "zz-far", "--actor", "me")
    assert undo(bd).code == 0
    assert shown(bd, held)["description"] == "see zz-far"
    assert '"depends_on_id":"zz-far"' in bd("export").out


def test_the_texts_that_spoke_of_a_deleted_issue_speak_of_it_again(bd: Bd) -> None:
    one = issue(bd)
    two = issue(bd, "two", "-d", f"see {one}")
    bd("delete", one, "--force", "--actor", "me")
    assert shown(bd, two)["description"] == f"see [deleted:{one}]"
    assert bd("history", two, "--json").json[-1]["event_type"] == "updated"
    undo(bd)
    assert shown(bd, two)["description"] == f"see {one}"


def test_only_my_own_of_two_equal_comments_goes(bd: Bd) -> None:
    one = issue(bd)
    bd("comment", one, "same", "--actor", "me")
    bd("comment", one, "same", "--actor", "me")
    undo(bd)
    assert len(bd("comments", one, "--json").json) == 1


def test_what_was_undone_is_not_undone_again_after_a_deletion(bd: Bd) -> None:
    one, two = issue(bd), issue(bd)
    bd("update", one, two, "--title", "changed", "--actor", "me")
    undo(bd)
    bd("delete", one, "--force", "--actor", "you")
    bd("update", two, "--title", "later", "--actor", "you")
    assert "nothing that could be undone" in undo(bd).error["error"]
    assert shown(bd, two)["title"] == "later"


def test_undoing_sets_back_what_was_changed_and_nothing_with_it(bd: Bd) -> None:
    one = issue(bd)
    exported = bd("export").out.replace('"status":"open"', '"status":"in_progress"')
    bd("import", "-", input=exported)
    bd("update", one, "--status", "open", "--actor", "me")
    undo(bd)
    assert shown(bd, one)["status"] == "in_progress"
    assert "started_at" not in shown(bd, one)
