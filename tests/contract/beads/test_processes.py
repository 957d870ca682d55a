"""`bd` as its clients call it: a process of its own, standard input closed, JSON read back."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path


def test_a_story_through_the_real_command(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), "BEADS_ACTOR": "story"}

    def bd(*line: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-c", "from beads.cli import main; main()", *line],
            cwd=tmp_path, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        return done.stdout

    bd("init", "--prefix", "st")
    first = json.loads(bd("create", "First", "-p", "1", "-t", "task", "--json"))["id"]
    second = json.loads(bd("create", "Second", "--deps", first, "--json"))["id"]
    assert [each["id"] for each in json.loads(bd("ready", "--json"))] == [first]
    bd("update", first, "--claim", "--no-auto-flush", "--no-auto-import", "--json")
    bd("close", second, code=1)
    bd("close", first, "--reason", "done", "--json")
    assert [each["id"] for each in json.loads(bd("ready", "--json"))] == [second]
    assert json.loads(bd("show", first, "--json"))[0]["close_reason"] == "done"
    assert bd("--version").startswith("bd version ")
    assert not list((tmp_path / ".beads").glob("*.db-*")), "who leaves last folds the log into the one file"
    raw = sqlite3.connect(tmp_path / ".beads" / "beads.db")
    assert raw.execute("SELECT count(*) FROM events").fetchone()[0] >= 4
    raw.close()
