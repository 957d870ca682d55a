"""A machine without git is told so; what needs no git works there."""

from __future__ import annotations

from tests.support.sandbox import Sandbox


def test_without_git_a_rig_cannot_be_made_and_the_rest_goes_on(sandbox: Sandbox) -> None:
    town = sandbox.town()
    repo = sandbox.repo("backend")
    sandbox.without("git")
    done = sandbox.run("gt", "rig", "create", "backend", "--repo", repo, check=False)
    assert (done.returncode, "git is not on PATH" in done.stderr) == (1, True)
    assert list((town / "rigs").iterdir()) == []
    assert sandbox.json("gt", "rig", "list") == []
