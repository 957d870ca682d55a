"""What a person mistypes, and what a machine lacks: a clear error, the right exit code, nothing half done."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.support.sandbox import Sandbox, eventually

NAMES = ["../x", "a:b", "a.b", "-x", "", "x" * 300, "a b", "a/b", "a\x1bb", ".x"]
REPOSITORIES = {
    "/no/such/folder": "there is no repository at",
    "-x": "begins with '-'",
    "--upload-pack=touch pwned": "begins with '-'",
    "ext::sh -c 'touch pwned'": "is refused",
    "fd::17": "is refused",
    "": "is empty",
    "https://": "is no repository URL",
    "http://127.0.0.1:9/x.git": "cannot clone",
    "https://me:hunter2@127.0.0.1:9/x.git": "has a password or token in it",
    "https://ghp_0123456789abcdefghij@127.0.0.1:9/x.git": "has a password or token in it",
}


@pytest.fixture
def town(sandbox: Sandbox) -> Path:
    """A town with one rig, `backend`, whose beads begin with `be`."""
    repo = sandbox.repo("backend")
    path = sandbox.town()
    sandbox.run("gt", "rig", "create", "backend", "--repo", repo, "--prefix", "be")
    return path


def state(town: Path) -> tuple[str, list[str], int]:
    """What must be unchanged after a refusal: the settings, the rigs' folders, the number of issues."""
    with sqlite3.connect(f"file:{town / '.beads/beads.db'}?mode=ro", uri=True) as database:
        issues = database.execute("SELECT count(*) FROM issues").fetchone()[0]
    return (town / "town.toml").read_text(), sorted(p.name for p in (town / "rigs").iterdir()), issues


def refused(sandbox: Sandbox, *argv: str | Path, says: str, codes: tuple[int, ...] = (1, 2)) -> str:
    done = sandbox.run(*argv, check=False)
    assert done.returncode in codes, done
    assert says in done.stderr, done.stderr
    assert "Traceback" not in done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) >= 2, f"no next step is named: {done.stderr}"
    return done.stderr


def test_a_rig_name_that_could_escape_is_refused(sandbox: Sandbox, town: Path) -> None:
    before = state(town)
    repo = sandbox.home / "code/backend"
    for name in NAMES:
        refused(sandbox, "gt", "rig", "create", "--repo", repo, "--", name, says="is no rig name")
    assert state(town) == before


def test_a_repository_that_cannot_be_is_refused(sandbox: Sandbox, town: Path) -> None:
    sandbox.run("git", "init", "--quiet", "--bare", sandbox.home / "empty.git")
    before = state(town)
    for repository, says in REPOSITORIES.items():
        refused(sandbox, "gt", "rig", "create", "other", f"--repo={repository}", says=says)
    refused(sandbox, "gt", "rig", "create", "other", "--repo", sandbox.home / "empty.git", says="is empty")
    assert state(town) == before
    assert not (town / "pwned").exists()


UNKNOWN: list[tuple[tuple[str, ...], str]] = [
    (("gt", "sling", "be-zzz"), "no issue found"),
    (("gt", "rig", "info", "bakend"), "did you mean 'backend'?"),
    (("gt", "rig", "create", "x", "--repo", ".", "--runtime", "codx"), "did you mean 'codex'?"),
    (("gt", "rig", "create", "x", "--repo", ".", "--runtime", "gemini"), "not complete in this version"),
    (("gt", "rig", "config", "backend", "gatez", "true"), "did you mean 'gates'?"),
    (("gt", "rig", "config", "backend", "max_polecats", "-1"), "must be more than 0"),
    (("gt", "rig", "config", "backend", "max_polecats", "many"), "Expected `int`"),
    (("gt", "rig", "config", "backend", "prefix", "xx"), "is fixed"),
    (("gt", "rig", "config", "backend", "runtime", "nope"), "there is no runtime"),
    (("gt", "rig", "config", "backend", "branch", "nope"), "has no branch"),
    (("gt", "config", "set", "town.max_polecat", "3"), "did you mean 'max_polecats'?"),
    (("gt", "config", "get", "town.nope"), "there is no setting"),
    (("gt", "config", "set", "town.default_runtime", "shel"), "did you mean 'shell'?"),
    (("gt", "config", "set", "runtimes.mine.command", "true"), "there is no [runtimes.mine]"),
    (("gt", "convoy", "create", "T", "be-zzz"), "no issue found"),
    (("gt", "convoy", "create", "", "be-zzz"), "no issue found"),
    (("gt", "convoy", "status", "hq-zz"), "no issue found"),
    (("gt", "polecat", "peek", "nobody"), "there is no polecat"),
    (("gt", "polecat", "peek", "9" * 30), "there is no polecat"),
    (("gt", "polecat", "peek", "\u00b2"), "there is no polecat"),
    (("gt", "rig", "create", "x", "--repo", ".", "--prefix", "be"), "is taken"),
    (("gt", "rig", "create", "x", "--repo", ".", "--prefix", "-B"), "is no bead prefix"),
    (("gt", "slnig", "be-zzz"), "gt sling"),
    (("gt", "init", "inner"), "inside the town"),
    (("gt", "init", "."), "is a town already"),
    (("gt", "init", "../other", "--name", "a\nb"), "name is blank or has control characters"),
    (("gt", "init", "/dev/null/town"), "cannot be made: Not a directory"),
]


def test_a_wrong_word_names_the_nearest_right_one(sandbox: Sandbox, town: Path) -> None:
    before = state(town)
    for argv, says in UNKNOWN:
        refused(sandbox, *argv, says=says)
    assert state(town) == before


def test_what_the_machine_refuses_is_no_bug_of_ours(sandbox: Sandbox, town: Path) -> None:
    lock = town / ".gt/daemon.lock"
    lock.symlink_to(lock)
    refused(sandbox, "gt", "up", says=f"{lock}: Too many levels of symbolic links", codes=(1,))


def test_settings_are_shown_as_they_are_typed(sandbox: Sandbox, town: Path) -> None:
    for key, value, shown in (
        ("gates", "true", '["true"]'),
        (
            "gates",
            '["make lint", { run = "make test", timeout = 60 }]',
            '["make lint", { run = "make test", timeout = 60 }]',
        ),
        ("push", "true", "true"),
        ("time_limit", "600", "600"),
        ("setup", "npm ci", "npm ci"),
    ):
        assert (
            sandbox.run("gt", "rig", "config", "backend", key, value).stdout == f"backend: {key} = {shown}\n"
        )
        assert sandbox.run("gt", "config", "get", f"rigs.backend.{key}").stdout == f"{shown}\n"


def test_slinging_several_beads_is_all_or_nothing(sandbox: Sandbox, town: Path) -> None:
    good = sandbox.json("bd", "create", "--rig", "backend", "Good", "--metadata", '{"script": "true"}')["id"]
    refused(sandbox, "gt", "sling", good, "be-zzz", says="no issue found")
    assert sandbox.json("bd", "show", good)[0]["status"] == "open"
    assert sandbox.json("gt", "polecat", "list", "--all") == []


def test_what_cannot_be_slung_says_why(sandbox: Sandbox, town: Path) -> None:
    script = ("--metadata", '{"script": "true"}')
    first = sandbox.json("bd", "create", "--rig", "backend", "First", *script)["id"]
    second = sandbox.json("bd", "create", "--rig", "backend", "Second", "--deps", first, *script)["id"]
    mute = sandbox.json("bd", "create", "--rig", "backend", "No script")["id"]
    closed = sandbox.json("bd", "create", "--rig", "backend", "Closed", *script)["id"]
    claimed = sandbox.json("bd", "create", "--rig", "backend", "Claimed", *script)["id"]
    sandbox.run("bd", "close", closed)
    sandbox.run("bd", "update", claimed, "--claim", "--actor", "alice")
    refused(sandbox, "gt", "sling", second, says=f"is blocked by {first}")
    refused(sandbox, "gt", "sling", mute, says="has no script")
    refused(sandbox, "gt", "sling", closed, says="is closed")
    refused(sandbox, "gt", "sling", claimed, says="is claimed by alice")
    sandbox.run("gt", "rig", "park", "backend")
    refused(sandbox, "gt", "sling", first, says="is parked")
    assert sandbox.json("gt", "polecat", "list", "--all") == []


def test_outside_of_a_town(sandbox: Sandbox) -> None:
    for argv in (
        ("gt", "status"),
        ("gt", "sling", "x-1"),
        ("gt", "rig", "list"),
        ("gt", "up"),
        ("gt", "down"),
    ):
        refused(sandbox, *argv, says="not in a town")


def test_without_tmux_nothing_is_hooked(sandbox: Sandbox, town: Path) -> None:
    bead = sandbox.json("bd", "create", "--rig", "backend", "T", "--metadata", '{"script": "true"}')["id"]
    lean = sandbox.folder / "lean"
    lean.mkdir()
    for name in ("git", "sh", "env", "gt", "bd"):
        found = shutil.which(name, path=sandbox.env["PATH"])
        assert found
        (lean / name).symlink_to(found)
    sandbox.env["PATH"] = str(lean)
    refused(sandbox, "gt", "sling", bead, says="tmux is not on PATH")
    refused(sandbox, "gt", "up", says="tmux is not on PATH")
    assert sandbox.json("bd", "show", bead)[0]["status"] == "open"


def test_a_damaged_database_is_said_to_be_one(sandbox: Sandbox, town: Path) -> None:
    database = town / ".beads/beads.db"
    for extra in (".beads/beads.db-wal", ".beads/beads.db-shm"):
        (town / extra).unlink(missing_ok=True)
    whole = database.read_bytes()
    database.write_bytes(b"this is no database" * 100)
    for argv in (("gt", "status"), ("bd", "ready"), ("gt", "rig", "list")):
        assert "no work" not in refused(sandbox, *argv, says="database")
    database.write_bytes(whole)
    sandbox.run("gt", "status")


def test_a_newer_database_is_left_alone(sandbox: Sandbox, town: Path) -> None:
    with sqlite3.connect(town / ".beads/beads.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    refused(sandbox, "gt", "status", says="newer")
    refused(sandbox, "bd", "ready", says="newer")


def test_settings_that_are_no_toml(sandbox: Sandbox, town: Path) -> None:
    (town / "town.toml").write_text("[town\nname = 3")
    refused(sandbox, "gt", "status", says="town.toml")


def fill(path: Path) -> None:
    """Write until the disk is full."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT)
    for size in (4096, 1):
        try:
            while os.write(handle, b"x" * size):
                pass
        except OSError:
            continue
    os.close(handle)


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mount"), reason="mounting a small disk needs root")
def test_a_full_disk_loses_nothing(sandbox: Sandbox) -> None:
    disk = sandbox.folder / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(disk)], capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"no tmpfs here: {mounted.stderr.decode().strip()}")
    try:
        sandbox.run("gt", "init", disk / "town")
        sandbox.cwd = disk / "town"
        repo = sandbox.repo("backend")
        sandbox.run("gt", "rig", "create", "backend", "--repo", repo, "--prefix", "be")
        sandbox.run("bd", "create", "--rig", "backend", "Before")
        before = sandbox.json("bd", "list")
        fill(disk / "filler")
        for argv in (
            ("bd", "create", "--rig", "backend", "x" * 400, "--description", "y" * 20000),
            ("gt", "rig", "create", "other", "--repo", str(repo)),
        ):
            refused(sandbox, *argv, says="")
        (disk / "filler").unlink()
        assert sandbox.json("bd", "list") == before
        assert [p.name for p in (disk / "town/rigs").iterdir()] == ["backend"]
        sandbox.run("bd", "create", "--rig", "backend", "After")
        sandbox.run("gt", "rig", "create", "other", "--repo", repo)
    finally:
        sandbox.end_processes()
        subprocess.run(["umount", "-l", str(disk)], check=False)


def test_ctrl_c_while_waiting_loses_nothing(sandbox: Sandbox, town: Path) -> None:
    bead = sandbox.json(
        "bd", "create", "--rig", "backend", "T", "--metadata", '{"script": "sleep 3; date > d"}'
    )["id"]
    waiting = sandbox.start("gt", "sling", "--wait", bead)
    eventually(lambda: sandbox.json("bd", "show", bead)[0]["status"] == "in_progress")
    os.killpg(waiting.pid, signal.SIGINT)
    _, said = waiting.communicate(timeout=30)
    assert waiting.returncode == 130
    assert "nothing is lost" in said
    sandbox.run("gt", "up")
    eventually(lambda: sandbox.json("bd", "show", bead)[0]["status"] == "closed")
    sandbox.run("gt", "down")
