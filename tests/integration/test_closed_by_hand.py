"""A person may close or delete a bead that is on a hook: nobody starts, or starts again, on it."""

from __future__ import annotations

import os
import signal

from tests.support.sandbox import Sandbox, eventually
from tests.support.town_at_work import RIG, TownAtWork


def test_a_bead_closed_while_it_waits_is_not_started(sandbox: Sandbox) -> None:
    work = TownAtWork(sandbox)
    work.gt("rig", "park", RIG, check=False)
    bead = work.bead("Not wanted any more", "touch done.txt")
    work.gt("rig", "unpark", RIG)
    work.sling(bead)
    sandbox.run("bd", "close", bead)
    work.up()
    work.state_is(bead, "released")
    assert work.attempt(bead).polecat is None
    assert work.issue(bead).status == "closed"


def test_a_worker_that_dies_on_a_closed_bead_is_not_started_again(sandbox: Sandbox) -> None:
    work = TownAtWork(sandbox)
    note = sandbox.folder / "worker"
    bead = work.bead("Closed in the middle", f"echo $PPID > {note}; sleep 60")
    work.sling(bead)
    work.up()
    worker = int(eventually(lambda: note.exists() and note.read_text().strip()) or 0)
    sandbox.run("bd", "close", bead)
    os.kill(worker, signal.SIGKILL)
    work.state_is(bead, "released")
    assert len(work.sessions_of(bead)) == 1
