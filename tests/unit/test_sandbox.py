"""The tests' own tools: what is scrubbed, what is ended, what is waited for."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.environment import end_tmux_servers, scrubbed
from tests.support.sandbox import CommandFailed, Sandbox, eventually


def test_the_persons_own_settings_are_scrubbed_and_the_machines_kept() -> None:
    kept = {
        "PATH": "/bin",
        "HTTPS_PROXY": "p",
        "NODE_EXTRA_CA_CERTS": "c",
        "npm_config_registry": "r",
        "GIT_SSL_CAINFO": "c",
    }
    gone = {
        "BD_ACTOR",
        "BEADS_DIR",
        "GT_TOWN",
        "GIT_DIR",
        "TMUX",
        "TMUX_PANE",
        "CLAUDECODE",
        "MAKEFLAGS",
        "XDG_CONFIG_HOME",
    }
    assert scrubbed(kept | dict.fromkeys(gone | {"PYTHONDONTWRITEBYTECODE", "SOME_API_KEY"}, "x")) == kept


def test_git_knows_nobody_but_the_test_person(sandbox: Sandbox) -> None:
    repository = sandbox.repo("project")
    assert (
        sandbox.git("log", "--format=%an %s", cwd=repository)
        == "Test Person Add src/app.py\nTest Person Add README.md"
    )
    assert Path(os.environ["HOME"]) == sandbox.home


def test_a_failing_command_says_what_it_printed(sandbox: Sandbox) -> None:
    with pytest.raises(CommandFailed, match=r"(?s)exit code 3: sh -c .*out.*err"):
        sandbox.run("sh", "-c", "echo out; echo err >&2; exit 3")
    assert sandbox.run("sh", "-c", "exit 3", check=False).returncode == 3


def test_a_command_that_leaves_its_output_open_is_found_out(sandbox: Sandbox) -> None:
    with pytest.raises(CommandFailed, match=r"(?s)not ended after 0 s.*started"):
        sandbox.run("sh", "-c", "sleep 60 & echo started", timeout=0.3)


def test_detached_processes_are_ended(sandbox: Sandbox) -> None:
    stubborn = "trap '' TERM HUP; while :; do sleep 0.1; done"
    sandbox.run(
        "sh", "-c", f'(cd /; setsid sh -c "{stubborn}" >/dev/null 2>&1 &)' if shutil.which("setsid") else ":"
    )
    background = sandbox.start("sleep", "60")
    eventually(lambda: len(sandbox.processes()) >= 2)
    sandbox.end_processes()
    assert sandbox.processes() == set()
    assert background.wait() != 0


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_private_tmux_servers_are_ended(private_environment: Path) -> None:
    subprocess.run(["tmux", "-L", "town", "-f", "/dev/null", "new-session", "-d", "sleep 60"], check=True)
    (socket,) = (private_environment / "tmux").glob("tmux-*/town")
    end_tmux_servers(private_environment / "tmux")
    assert subprocess.run(["tmux", "-S", socket, "has-session"], capture_output=True).returncode == 1


def test_waiting_ends_with_the_reason(sandbox: Sandbox) -> None:
    def never() -> bool:
        assert sandbox.folder == Path("/")
        return True

    began = time.monotonic()
    with pytest.raises(
        AssertionError, match=r"not within 0 s: a miracle; .*folder|not within 0 s: a miracle; "
    ):
        eventually(never, deadline=0.1, what="a miracle")
    assert 0.1 <= time.monotonic() - began < 5
    assert eventually(lambda: 7) == 7


def test_a_command_can_be_taken_off_the_path(sandbox: Sandbox) -> None:
    sandbox.without("tmux")
    assert sandbox.run("sh", "-c", "command -v tmux", check=False).returncode != 0
    assert sandbox.run("git", "--version").stdout.startswith("git version")
