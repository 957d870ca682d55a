"""`gt demo`: what it promises on its last lines is true, on a machine that knows nothing of the person."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import gastown
from tests.support.environment import CHECKOUT
from tests.support.sandbox import Sandbox

PREFIXES = {"words": "wo", "report": "re", "gastown": "gt"}


@pytest.fixture
def no_identity(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """git knows no name and no address here."""
    (sandbox.home / ".gitconfig").write_text("[safe]\n\tdirectory = *\n[user]\n\tuseConfigOnly = true\n")
    return sandbox


def test_the_demo_lands_and_leaves_nothing_running(no_identity: Sandbox) -> None:
    sandbox = no_identity
    folder = sandbox.home / "demo"
    shown = sandbox.run("gt", "demo", folder, timeout=120).stdout
    assert sandbox.processes() == set()
    sandbox.cwd = folder / "town"
    assert {r["name"]: r["prefix"] for r in sandbox.json("gt", "rig", "list")} == PREFIXES
    (convoy,) = sandbox.json("gt", "convoy", "list", "--all")
    assert (convoy["status"], convoy["done"]) == ("landed", convoy["total"])
    assert convoy["total"] >= 6
    assert f"Convoy {convoy['id']} landed" in shown
    for bead in convoy["beads"]:
        log = sandbox.git("log", "--format=%H %s%n%b", "main", cwd=_repo(sandbox, bead["bead"]))
        assert f"{bead['commit']} {bead['title']}" in log
        assert f"Bead: {bead['bead']}" in log
        assert f"{bead['commit'][:7]} {bead['title']}" in shown
    links = [d for b in convoy["beads"] for d in sandbox.json("bd", "dep", "list", b["bead"])]
    assert len(links) >= 3
    for line in shown.partition("look around:\n")[2].splitlines():
        if "NAME" not in line:
            sandbox.run("/bin/sh", "-ec", line)


def _repo(sandbox: Sandbox, bead: str) -> Path:
    rig = {prefix: name for name, prefix in PREFIXES.items()}[bead.partition("-")[0]]
    return sandbox.cwd / "rigs" / rig / "repo.git"


def test_a_folder_in_use_is_left_as_it_is(sandbox: Sandbox) -> None:
    (sandbox.home / "mine").mkdir()
    (sandbox.home / "mine" / "notes").write_text("precious")
    done = sandbox.run("gt", "demo", "mine", check=False)
    assert (done.returncode, "not an empty folder" in done.stderr) == (1, True)
    assert [p.name for p in (sandbox.home / "mine").iterdir()] == ["notes"]


def test_without_tmux_nothing_is_made(sandbox: Sandbox) -> None:
    sandbox.without("tmux")
    done = sandbox.run("gt", "demo", "new", check=False)
    assert (done.returncode, "tmux is not on PATH" in done.stderr) == (1, True)
    assert not (sandbox.home / "new").exists()


def test_inside_a_town_nothing_is_made(sandbox: Sandbox) -> None:
    town = sandbox.town()
    done = sandbox.run("gt", "demo", "new", check=False)
    assert (done.returncode, "inside the town" in done.stderr) == (1, True)
    assert not (town / "new").exists()


@pytest.mark.parametrize("kind", ["a wheel", "a repository without a commit"])
def test_elsewhere_than_in_a_checkout_the_third_project_is_made_up(
    kind: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    _pretend_to_run_from(sandbox.home / "lib", monkeypatch)
    if kind != "a wheel":
        sandbox.git("init", "--quiet", sandbox.home / "lib")
    assert "handbook" in _demo(sandbox)


def test_a_shallow_checkout_with_a_detached_head_is_cloned(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gastown import demo

    full = sandbox.repo("full", {"a": "1\n", "b": "2\n", "c": "3\n"})
    sandbox.git("clone", "--quiet", "--depth=2", f"file://{full}", sandbox.home / "lib")
    sandbox.git("checkout", "--quiet", "--detach", cwd=sandbox.home / "lib")
    _pretend_to_run_from(sandbox.home / "lib", monkeypatch)
    monkeypatch.setattr(demo, "OURSELVES", demo.Project("gastown", "gt", '"test -f c"'))
    shown = _demo(sandbox)
    assert "2 commits" in shown
    assert "gastown (main)" in shown


def _pretend_to_run_from(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (CHECKOUT / "gastown").is_dir()
    monkeypatch.setattr(gastown, "__file__", str(folder / "gastown" / "__init__.py"))


def _demo(sandbox: Sandbox) -> str:
    from gastown.cli.demo import demo

    result = CliRunner().invoke(demo, [str(sandbox.home / "demo")], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output
