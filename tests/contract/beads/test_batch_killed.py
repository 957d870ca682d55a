"""Batches that are killed at any moment, while others write: each is there as a whole or not at all."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from beads import health
from beads.filters import Filter
from beads.store import Store

LINES = 60
BATCHES = 9


def test_a_killed_batch_leaves_all_or_nothing(tmp_path: Path) -> None:
    store = Store.create(tmp_path / ".beads", "gt")
    chance = random.Random(7)
    command = [sys.executable, "-c", "from beads.cli import main; main()", "batch", "--actor"]
    finished = set()
    for first in range(0, BATCHES, 3):
        running = {}
        for number in range(first, first + 3):
            path = tmp_path / f"{number}.txt"
            path.write_text(
                "".join(f'create "{number} of {line}" --labels b{number}\n' for line in range(LINES))
            )
            running[number] = subprocess.Popen(
                [*command, f"writer-{number}", "--file", str(path)], cwd=tmp_path, stdout=subprocess.DEVNULL
            )
        time.sleep(
            chance.uniform(0.2, 1.5)
        )  # what is tested is death at any moment, so nothing is waited for
        running[first].send_signal(signal.SIGKILL)
        finished |= {number for number, process in running.items() if process.wait(120) == 0}
    with store.read() as view:
        counts = Counter(issue.labels[0] for issue in view.find(Filter()))
        assert set(counts.values()) == {LINES}
        assert {f"b{number}" for number in finished} <= counts.keys(), "what was answered for is there"
        assert len(finished) >= BATCHES * 2 // 3
        assert all(each["status"] != health.ERROR for each in health.examine(view))
    store.close()
