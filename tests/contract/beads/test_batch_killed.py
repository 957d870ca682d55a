"""Batches that are killed in their midst, while others write: each is there as a whole or not at all."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from beads import health
from beads.filters import Filter
from beads.store import Store

LINES = 150
MOMENTS = (0.45, 0.6, 0.75, 0.9)  # of the time that a batch takes


def begin(folder: Path, name: str) -> subprocess.Popen[bytes]:
    lines = folder / f"{name}.txt"
    lines.write_text("".join(f'create "{line} of {name}" --labels {name}\n' for line in range(LINES)))
    command = [sys.executable, "-c", "from beads.cli import main; main()", "batch", "--actor", name, "--file"]
    return subprocess.Popen([*command, str(lines)], cwd=folder, stdout=subprocess.DEVNULL)


def test_a_killed_batch_leaves_all_or_nothing(tmp_path: Path) -> None:
    store = Store.create(tmp_path / ".beads", "gt")
    started = time.perf_counter()
    assert begin(tmp_path, "alone").wait(120) == 0
    taken = time.perf_counter() - started
    finished = {"alone"}
    for number, moment in enumerate(MOMENTS):
        killed = begin(tmp_path, f"killed-{number}")
        time.sleep(taken * moment)  # what is tested is death in the midst, so nothing is waited for
        other = begin(tmp_path, f"other-{number}")
        killed.send_signal(signal.SIGKILL)
        finished |= {process.args[5] for process in (killed, other) if process.wait(120) == 0}  # type: ignore[index]
    with store.read() as view:
        counts = Counter(issue.labels[0] for issue in view.find(Filter()))
        assert set(counts.values()) == {LINES}
        assert finished <= counts.keys(), "what was answered for is there"
        assert {f"other-{number}" for number in range(len(MOMENTS))} <= finished
        assert all(each["status"] != health.ERROR for each in health.examine(view))
    store.close()
