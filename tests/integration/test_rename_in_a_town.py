"""Ids may change in a town: what it has recorded about a bead follows, and nobody is disturbed at work."""

from __future__ import annotations

from tests.support.sandbox import Sandbox
from tests.support.town_at_work import TownAtWork


def test_a_bead_is_renamed_when_nobody_is_at_work_on_it(sandbox: Sandbox) -> None:
    work = TownAtWork(sandbox)
    bead = work.bead("Make a file", "echo x >made.txt")
    work.sling(bead)
    refused = sandbox.run("bd", "rename", bead, "ap-login", check=False)
    assert refused.returncode == 1
    assert f"gt unsling {bead}" in refused.stderr
    work.up()
    work.state_is(bead, "merged")
    convoy = next(each for each in sandbox.json("bd", "show", bead, "--json")[0]["dependents"])
    sandbox.run("bd", "rename", bead, "ap-login")
    assert work.attempt("ap-login").state == "merged"
    assert [each["id"] for each in sandbox.json("bd", "show", convoy["id"], "--json")[0]["dependencies"]] == [
        "ap-login"
    ]
    assert sandbox.run("bd", "show", bead, check=False).returncode == 1
    assert "ap-login" in sandbox.run("gt", "convoy", "status", convoy["id"]).stdout
    assert sandbox.json("bd", "doctor", "--json")["overall_ok"]


def test_the_towns_own_prefix_may_change_and_its_rigs_keep_theirs(sandbox: Sandbox) -> None:
    work = TownAtWork(sandbox)
    bead = work.bead("Make a file", "echo x >made.txt")
    work.sling(bead)
    convoy = next(each["id"] for each in sandbox.json("bd", "show", bead, "--json")[0]["dependents"])
    done = sandbox.json("bd", "rename-prefix", "main", "--json")
    assert (done["old_prefix"], done["issues_count"]) == ("hq", 1)
    work.up()
    work.state_is(bead, "merged")
    renamed = convoy.replace("hq-", "main-")
    sandbox.run("gt", "convoy", "status", renamed)
    taken = sandbox.run(
        "gt", "rig", "create", "other", "--prefix", "main", "--repo", sandbox.repo("other"), check=False
    )
    assert (taken.returncode, "is taken" in taken.stderr) == (1, True)
