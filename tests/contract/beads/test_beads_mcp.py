"""The unmodified `beads-mcp` from PyPI drives our `bd` through every one of its tools."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).parents[3]
PACKAGE = "beads-mcp==1.3.2"
# Read at import, while the environment is still the one that knows the way to the registry.
ENVIRON = dict(os.environ)
CACHE = Path(ENVIRON.get("GT_VENDOR_CACHE") or CHECKOUT / ".cache" / "vendors")
UNREACHABLE = re.compile(
    r"Could not find a version|ConnectionError|NewConnectionError|Temporary failure|timed out|SSL"
)


def installed() -> Path:
    """The programs' folder of an environment that has it; installed once per checkout."""
    folder = CACHE / PACKAGE.replace("==", "-")
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            shutil.rmtree(folder, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True, env=ENVIRON)
            done = subprocess.run(
                [str(folder / "bin" / "pip"), "install", "--quiet", "--retries", "1", PACKAGE],
                env=ENVIRON, capture_output=True, text=True, timeout=600,
            )  # fmt: skip
            if done.returncode and UNREACHABLE.search(done.stderr):
                pytest.skip("beads-mcp cannot be had: PyPI cannot be reached")
            assert done.returncode == 0, done.stderr
            (folder / "complete").touch()
    return folder / "bin"


def our_bd(folder: Path) -> Path:
    """A `bd` that is this checkout's, whatever is installed."""
    code = f"import sys; sys.path.insert(0, {str(CHECKOUT)!r}); from beads.cli import main; main()"
    program = folder / "bd"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -P -c "{code}" "$@"\n')
    program.chmod(0o755)
    return program


@pytest.fixture
def said(tmp_path: Path) -> dict[str, Any]:
    """What each tool answered, by the step of the story."""
    programs = installed()
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    driver = Path(__file__).with_name("drive_beads_mcp.py")
    done = subprocess.run(
        [str(programs / "python"), str(driver), str(programs / "beads-mcp"), str(workspace), str(our_bd(tmp_path))],
        capture_output=True, text=True, timeout=120, env=dict(os.environ), cwd=workspace,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def ids(found: Any) -> list[str]:
    return [each["id"] for each in found]


def test_every_tool(said: dict[str, Any]) -> None:
    assert said["not called"] == [], "every tool that the server has"
    expected = {"set", "init", "context", "tool", "cycle", "close_blocked", "invalid", "cleaned", "unknown"}
    failed = {step for step, answer in said.items() if "error" in json.dumps(answer).lower()}
    assert failed - expected == set(), {step: said[step] for step in failed - expected}
    epic, first, second = (said[name]["id"] for name in ("epic", "first", "second"))

    assert said["first"]["labels"] == ["x", "y"]
    assert said["first"]["description"] == "why <it>"
    assert "would make a cycle" in said["cycle"]
    assert set(ids(said["ready"])) == {epic, first}
    assert ids(said["ready_narrow"]) == [first]
    assert [(each["id"], each["blocked_by"]) for each in said["blocked"]] == [(second, [first])]
    assert ids(said["list"]) == [second]
    shown = said["show"]
    assert {(each["id"], each["dependency_type"]) for each in shown["dependencies"]} == {
        (first, "blocks"),
        (epic, "related"),
    }
    assert (said["claim"]["status"], said["claim"]["assignee"]) == ("in_progress", "mcp")
    assert (said["update"]["title"], said["update"]["priority"]) == ("First!", 1)
    assert ids(said["narrow"]) == [epic]
    assert [each["text"] for each in said["comments"]] == ["- said"]
    assert f"blocked by {first}" in said["close_blocked"]["error"], "the message comes through"
    assert [each["status"] for each in said["close"]] == ["closed"]
    assert [each["status"] for each in said["reopen"]] == ["open"]
    assert ids(said["reopen_open"]) == [first], "it was open, which is a success"
    assert ids(said["ready_after"]) == [second]
    counts = {
        "total_issues": 3,
        "in_progress_issues": 1,
        "closed_issues": 1,
        "ready_issues": 1,
        "blocked_issues": 0,
    }
    assert said["stats"]["summary"].items() >= counts.items()
    assert said["admin_validate"]["overall_ok"] is True
    assert said["admin_repair"]["orphaned_count"] == 0
    assert "no issue found matching 'mc-nope'" in said["unknown"]["error"]
    assert "bd ready" in said["quickstart"]
    damage_is_found_and_repaired(said)


def damage_is_found_and_repaired(said: dict[str, Any]) -> None:
    assert said["left"]["external_ref"] == "gh-2"
    assert "mc-orphan depends on mc-gone, which is not here" in said["invalid"]["error"]
    assert "bd repair-deps --fix" in said["invalid"]["error"]
    assert said["repair"]["orphaned_count"] == said["repair_fix"]["fixed"] == 1
    assert said["valid"]["overall_ok"] is True
    assert ids(said["ready_repaired"]) == ["mc-orphan"]
    assert (said["polluted"]["polluted_count"], said["clean"]["deleted"]) == (1, 1)
    assert "no issue found matching 'mc-left'" in said["cleaned"]["error"]
