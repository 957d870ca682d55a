"""`gt convoy run`: work goes on as soon as it can, and one bead in trouble does not stop the others."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from gastown.cli import progress
from gastown.town import Town
from tests.support.sandbox import Sandbox, eventually


@pytest.fixture
def rig(sandbox: Sandbox) -> Sandbox:
    sandbox.town()
    sandbox.run("gt", "rig", "create", "backend", "--prefix", "be", "--repo", sandbox.repo("backend"))
    return sandbox


def bead(sandbox: Sandbox, script: str | None, *needs: str) -> str:
    argv = ["bd", "create", "--rig", "backend", f"Do {script}", "--deps", ",".join(needs)]
    if script is not None:
        argv += ["--metadata", json.dumps({"script": script})]
    return str(sandbox.json(*argv)["id"])


def convoy(sandbox: Sandbox, *beads: str) -> str:
    return str(sandbox.json("gt", "convoy", "create", "All of it", *beads)["id"])


def states(printed: str, id: str) -> list[str]:
    return [line.split()[1] for line in printed.splitlines() if line.startswith(f"{id} ")]


def test_a_slow_bead_does_not_hold_up_what_a_merge_has_made_ready(rig: Sandbox) -> None:
    """The slow bead waits for a file that only the end of the other chain makes."""
    flag = rig.home / "flag"
    slow = bead(rig, f"until test -e {flag}; do sleep 0.1; done; touch slow")
    first = bead(rig, "touch first")
    then = bead(rig, f"touch then; touch {flag}", first)
    printed = rig.run("gt", "convoy", "run", convoy(rig, slow, first, then), timeout=40).stdout
    assert f"{then} waiting for {first}\n" in printed
    assert [states(printed, id)[-1] for id in (slow, first, then)] == ["merged"] * 3
    assert states(printed, first).count("merged") == 1
    assert printed.endswith(" landed\n")


def test_a_later_bead_that_cannot_be_slung_is_told_and_the_rest_goes_on(rig: Sandbox) -> None:
    first = bead(rig, "touch first")
    without = bead(rig, None, first)
    other = bead(rig, "touch other", first)
    done = rig.run("gt", "convoy", "run", convoy(rig, first, without, other), check=False)
    assert done.returncode == 1
    assert f"{without} has no script for the shell runtime" in done.stderr
    assert states(done.stdout, other)[-1] == "merged"
    assert "2 of 3 done" in done.stdout


def test_an_id_alone_is_printed_for_scripts(rig: Sandbox) -> None:
    printed = rig.run("gt", "convoy", "create", "--silent", "All of it", bead(rig, "true")).stdout
    assert printed == rig.json("gt", "convoy", "list")[0]["id"] + "\n"


def test_what_becomes_ready_just_after_the_look_is_not_taken_for_the_end(
    rig: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A merge may end between the look at the beads and the question of what is ready."""
    seen = iter((["merging"], ["open"], ["hooked"], ["merged"], ["merged"]))
    monkeypatch.setattr(
        progress, "rows", lambda *_: [progress.Row("be-1", "", state, "", "") for state in next(seen)]
    )

    def drive(_: object, until: Callable[[], bool], look: Callable[[], None], stop: object) -> None:
        look()
        while not until():
            look()

    monkeypatch.setattr("gastown.daemon.drive", drive)
    started = iter((False, True, False, False))
    assert progress.follow(Town(rig.home / "town"), list, more=lambda: next(started), quiet=True)


def test_a_convoy_that_was_closed_by_hand_has_not_landed(rig: Sandbox) -> None:
    id = convoy(rig, bead(rig, "true"))
    rig.run("gt", "convoy", "close", id)
    assert rig.json("gt", "convoy", "status", id)["status"] == "closed"
    assert "closed with 0 of 1 done" in rig.run("gt", "convoy", "status", id).stdout
    assert f"{id}  closed" in rig.run("gt", "convoy", "list", "--all").stdout


def test_what_is_not_in_the_store_stops_no_other_convoy_and_no_overview(rig: Sandbox) -> None:
    mine, other = bead(rig, "touch mine"), bead(rig, "touch other")
    odd, good = convoy(rig, mine), convoy(rig, other)
    rig.run("bd", "dep", "add", odd, "external:elsewhere:thing", "--type", "tracks")
    assert "elsewhere" in rig.run("gt", "convoy", "status", odd).stdout
    assert odd in rig.run("gt", "status").stdout
    rig.run("gt", "convoy", "run", good)
    done = rig.run("gt", "convoy", "run", odd, check=False)
    assert states(done.stdout, mine)[-1] == "merged"
    assert done.returncode == 1 and "has not landed: 1 of 2 done" in done.stdout


def test_a_bead_that_is_deleted_while_one_waits_for_it_stops_not_the_others(rig: Sandbox) -> None:
    flag = rig.home / "flag"
    first, other = (
        bead(rig, f"until test -e {flag}; do sleep 0.1; done"),
        bead(rig, f"until test -e {flag}; do sleep 0.1; done; touch other"),
    )
    waiting = rig.start("gt", "sling", "--wait", first, other)
    eventually(lambda: rig.json("bd", "show", first)[0]["status"] == "in_progress")
    rig.run("bd", "delete", first, "--force")
    flag.touch()
    printed, _ = waiting.communicate(timeout=60)
    assert states(printed, first)[-1] == "gone" and states(printed, other)[-1] == "merged"
    assert "(deleted)" in rig.run("gt", "polecat", "status", first).stdout


def test_a_merge_after_the_last_look_at_the_convoys_lands_its_convoy_too(
    rig: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = bead(rig, "true")
    waiting = convoy(rig, last)
    monkeypatch.setattr("gastown.daemon.drive", lambda *_, **__: rig.run("bd", "close", last))
    assert progress.follow(Town(rig.home / "town"), lambda: [last], quiet=True)
    assert rig.json("gt", "convoy", "show", waiting)["status"] == "landed"
