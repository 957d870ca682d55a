"""Commands of the town's own: their end is told exactly, and nothing of them lives on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gastown.host import processes
from gastown.host.processes import Interrupted, Outcome
from tests.support.sandbox import eventually
from tests.support.town_at_work import a_long_sleep, detached, running


@pytest.fixture
def forever() -> Iterator[str]:
    yield from a_long_sleep()


@pytest.fixture(autouse=True)
def allowed() -> None:
    processes.allow_again()


def run(tmp_path: Path, command: str, timeout: float = 20) -> Outcome:
    return processes.run(
        command,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "MARK": "seen"},
        timeout=timeout,
        log=tmp_path / "command.log",
        lock=tmp_path / "command.lock",
    )


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("true", 0),
        ("exit 3", 3),
        ("kill -9 $$", 137),
        ("kill -TERM $$", 143),
        ("sh -c 'kill -9 $$'; exit $?", 137),
        ("no-such-command", 127),
        ("/etc/passwd", 126),
    ],
)
def test_the_exit_code_is_the_shells(tmp_path: Path, command: str, code: int) -> None:
    assert run(tmp_path, command).exit_code == code


def test_output_of_both_streams_is_kept_and_its_tail_told(tmp_path: Path) -> None:
    first = run(tmp_path, "echo out; echo err >&2; echo $MARK; echo $HOME; pwd")
    assert first.tail == f"out\nerr\nseen\n\n{tmp_path}"
    second = run(tmp_path, "head -c 100000 /dev/zero | tr '\\0' x; echo; echo the end")
    assert second.tail.endswith("x\nthe end") and len(second.tail) <= processes.TAIL_BYTES
    assert "out" not in second.tail, "only its own output"
    assert (tmp_path / "command.log").read_text().startswith("out\nerr\n"), "the log has the whole"


def test_a_time_limit_ends_the_whole_group(tmp_path: Path, forever: str) -> None:
    late = run(tmp_path, f"echo begun; sh -c 'trap \"\" TERM; {forever}' & {forever}", timeout=0.3)
    assert late.exit_code is None and late.tail == "begun" and late.seconds < 5
    assert running(forever) == []


@pytest.mark.parametrize("forgotten", ["FOREVER &", detached("FOREVER") + ";"])
def test_what_a_command_forgets_is_ended_with_it(tmp_path: Path, forgotten: str, forever: str) -> None:
    assert run(tmp_path, forgotten.replace("FOREVER", forever) + " echo fine").exit_code == 0
    assert running(forever) == []
    assert run(tmp_path, "true").seconds < 5, "and the next one is not kept waiting"


STARTER = """
import sys
from pathlib import Path
from gastown.host import processes
here = Path(sys.argv[1])
processes.run(sys.argv[2], cwd=here, env={"PATH": "/usr/bin:/bin"}, timeout=600, log=here / "log",
              lock=here / "command.lock")
"""


def a_starter(tmp_path: Path, command: str) -> subprocess.Popen[bytes]:
    """Another process that runs a command under the same lock; returns when the command runs."""
    starter = subprocess.Popen(
        [sys.executable, "-P", "-c", STARTER, str(tmp_path), command], start_new_session=True
    )
    eventually(lambda: (tmp_path / "begun").exists(), 20)
    return starter


def test_the_orphan_of_a_killed_starter_is_found_by_the_lock(tmp_path: Path, forever: str) -> None:
    starter = a_starter(tmp_path, f"touch begun; {detached(forever)}; {forever}")
    starter.kill()
    starter.wait()
    assert running(forever), "it outlived its starter"
    assert run(tmp_path, "echo next").tail == "next"
    assert running(forever) == []


def test_a_command_can_be_ended_from_outside_and_its_starter_lives(tmp_path: Path, forever: str) -> None:
    """As `gt unsling` does with a set-up that the daemon runs."""
    starter = a_starter(tmp_path, f"touch begun; {forever}")
    processes.end_orphan(tmp_path / "command.lock")
    assert running(forever) == []
    assert starter.wait(10) == 0, "it was told how its command ended, and went on"


def test_a_lock_that_names_somebody_elses_process_ends_nobody(tmp_path: Path) -> None:
    bystander = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        (tmp_path / "command.lock").write_text(str(bystander.pid))
        assert run(tmp_path, "true").exit_code == 0
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_stopping_is_no_verdict_on_the_command(tmp_path: Path, forever: str) -> None:
    stop = threading.Thread(
        target=lambda: (eventually(lambda: (tmp_path / "begun").exists(), 20), processes.stop_all())
    )
    stop.start()
    with pytest.raises(Interrupted):
        run(tmp_path, f"touch begun; {forever}")
    stop.join()
    assert running(forever) == []


def test_a_signal_that_a_command_handles_is_its_own_affair(tmp_path: Path) -> None:
    assert run(tmp_path, f"trap 'exit 5' TERM; kill -{signal.SIGTERM.value} $$").exit_code == 5


def test_what_was_started_with_a_mark_is_ended_by_it_and_nothing_else(tmp_path: Path, forever: str) -> None:
    marked = subprocess.Popen(["sh", "-c", detached(forever)], env={"TOWN": "/a b", "ATTEMPT": "1"})
    other = subprocess.Popen(["sleep", "60"], env={"TOWN": "/a b", "ATTEMPT": "11"})
    try:
        assert marked.wait() == 0
        eventually(lambda: running(forever), 10)
        processes.end_marked({"TOWN": "/a b", "ATTEMPT": "1"}, patience=0)
        eventually(lambda: not running(forever), 10)
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()
