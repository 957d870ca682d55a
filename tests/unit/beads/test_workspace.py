"""Where the store is found, and in whose name one acts."""

import json
import subprocess
from pathlib import Path

import pytest

from beads import workspace
from beads.errors import NoWorkspace


def _mark(folder: Path) -> Path:
    beads_dir = folder / ".beads"
    beads_dir.mkdir(parents=True)
    (beads_dir / "metadata.json").write_text(json.dumps({}))
    return beads_dir


def test_the_nearest_above(tmp_path: Path) -> None:
    beads_dir = _mark(tmp_path)
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / "a" / ".beads").mkdir()  # of that name, and no store
    assert workspace.find(below, {}) == beads_dir


def test_the_environment_comes_first(tmp_path: Path) -> None:
    here, there, third = (_mark(tmp_path / name) for name in ("here", "there", "third"))
    assert workspace.find(here, {"BEADS_DIR": str(there), "BEADS_DB": str(third / "beads.db")}) == there
    assert workspace.find(here, {"BEADS_DB": str(third / "beads.db")}) == third
    with pytest.raises(NoWorkspace, match="BEADS_DIR names"):
        workspace.find(here, {"BEADS_DIR": str(tmp_path / "none")})


def test_a_redirect_is_relative_to_the_workspaces_root(tmp_path: Path) -> None:
    town = _mark(tmp_path / "town")
    clone = tmp_path / "town" / "rigs" / "clone"
    (clone / ".beads").mkdir(parents=True)
    (clone / ".beads" / "redirect").write_text("../../.beads\n")
    assert workspace.find(clone, {}) == town


def test_redirects_in_a_circle_lead_nowhere(tmp_path: Path) -> None:
    for name, other in (("a", "b"), ("b", "a")):
        (tmp_path / name / ".beads").mkdir(parents=True)
        (tmp_path / name / ".beads" / "redirect").write_text(f"../{other}/.beads")
    with pytest.raises(NoWorkspace, match="leads to no store"):
        workspace.find(tmp_path / "a", {})


def test_a_linked_worktree_uses_the_repositorys_store(tmp_path: Path) -> None:
    main = tmp_path / "main"
    subprocess.run(["git", "init", "-q", str(main)], check=True)
    subprocess.run(["git", "-C", str(main), "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    subprocess.run(["git", "-C", str(main), "worktree", "add", "-q", str(tmp_path / "linked")], check=True)
    beads_dir = _mark(main)
    assert workspace.find(tmp_path / "linked", {}) == beads_dir


def test_nothing_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(NoWorkspace) as missing:
        workspace.find(tmp_path, {})
    assert missing.value.hint == "run `bd init` to create one"


def test_the_actor() -> None:
    import os

    git = dict(os.environ)
    assert workspace.actor(git | {"BEADS_ACTOR": "a", "BD_ACTOR": "b"}, "explicit") == "explicit"
    assert workspace.actor(git | {"BEADS_ACTOR": "a", "BD_ACTOR": "b"}) == "a"
    assert workspace.actor(git | {"BD_ACTOR": "b"}) == "b"
    assert workspace.actor(git) == "Test Person"
    empty = {"PATH": git["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1"}
    assert workspace.actor(empty | {"USER": "u"}) == "u"
    assert workspace.actor(empty) == "unknown"
