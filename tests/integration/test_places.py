"""Places: a town works in a folder of any name, whatever a shell, tmux or git would make of it."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from beads.bell import Bell
from gastown.town import Town
from tests.support.sandbox import Sandbox, eventually
from tests.support.town_at_work import TownAtWork, a_long_sleep, running


@pytest.fixture
def forever() -> Iterator[str]:
    yield from a_long_sleep()


@pytest.mark.parametrize("name", ["$HOME `id` 'a\"b", "%H 100%", "#{x} #(id);", "\\back ü", "-dash"])
def test_a_town_may_lie_in_a_folder_of_any_name(sandbox: Sandbox, name: str) -> None:
    sandbox.run("gt", "init", "--", sandbox.home / name)
    sandbox.cwd = sandbox.home / name
    sandbox.run("gt", "rig", "create", "app", "--repo", sandbox.repo("app"), "--prefix", "ap")
    sandbox.run("gt", "rig", "config", "app", "gates", "test -e done")
    script = json.dumps({"script": 'printf "Hello from %s\\n" "$PWD"; touch done'})
    bead = sandbox.json("bd", "create", "--rig", "app", "Do it", "--metadata", script)["id"]
    sandbox.run("gt", "sling", "--wait", bead)
    [transcript] = (sandbox.cwd / "logs/sessions").iterdir()
    told = "".join(transcript.read_text().split())
    assert "".join(f"Hello from {sandbox.cwd}".split()) in told, told
    with Bell(sandbox.cwd / ".beads") as bell:
        sandbox.run("sh", sandbox.cwd / ".gt/ring.sh")
        assert bell.wait(5), "tmux rings where a session has ended"


def test_variables_that_no_shell_can_name_do_not_reach_a_session(sandbox: Sandbox) -> None:
    sandbox.env |= {"BASH_FUNC_which%%": "() { echo\n}", "MY-VAR": "x", "MY_VAR": "mine"}
    town = TownAtWork(sandbox, env=["*"])
    bead = town.bead("Any", "env >env.txt")
    town.gt("sling", "--wait", bead)
    assert "MY_VAR=mine" in town.file("env.txt") and "which%%" not in town.file("env.txt")


def test_a_town_that_was_moved_goes_on_with_every_clone(sandbox: Sandbox, forever: str) -> None:
    town = TownAtWork(sandbox)
    flag = sandbox.folder / "flag"
    first = f"test -e {flag} || {{ echo half >half.txt; touch {flag}; {forever}; }}"
    bead = town.bead("Moved", f"{first}; git fetch -q origin; echo whole >whole.txt")
    town.up()
    town.sling(bead)
    eventually(lambda: running(forever), what="it works")
    town.gt("down")
    town.town.root.rename(sandbox.home / "elsewhere")
    town.town = Town(sandbox.home / "elsewhere")
    sandbox.cwd = town.town.root
    assert f"{sandbox.cwd}/logs/sessions" in town.gt("polecat", "status", bead).stdout
    town.gt("sling", "--wait", bead)
    assert [a.state for a in town.attempts(bead)] == ["merged"]
    assert town.file("whole.txt") == "whole"
    assert (
        list(town.safe_commits(town.attempt(bead)).values()).count("Uncommitted work, saved by Gas Town") == 1
    )
    assert not (sandbox.home / "town").exists()
