"""What runs inside a `shell` polecat's session: hook, the bead's script, commit, done, in one interpreter.

It is an agent like any other: it uses the same steps, is fenced by the same attempt id, and may be killed anywhere.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from beads.errors import BeadsError, Refused
from gastown import done, hook
from gastown.host import git, processes, snapshots
from gastown.runtimes import shell
from gastown.town import Town, find


def work() -> int:
    town = find()
    id = hook.attempt_id()
    work = hook.hooked(town, id)
    clone = town.clone(work.attempt)
    print(f"{work.issue.id}: {work.issue.title!r} on {work.attempt.branch}", flush=True)
    script = shell.script_of(work.issue.metadata, work.issue.description)
    if script is None:
        return _escalate(town, id, "the bead has no script for the shell runtime")
    finished = clone / ".git" / "gt-script-done"
    if not finished.exists():
        code = _run(
            script, town.mirror(work.attempt.rig), clone, work.attempt.base_commit, work.attempt.safety_ref
        )
        if code != 0:
            log = processes.tail(clone / ".git" / "gt-script.log")
            return _escalate(town, id, f"the script exited {code}; it ended with:\n{log}")
        finished.touch()
    changed = git.dirty(clone) or git.differs(clone, work.attempt.base_commit or "HEAD")
    try:
        result = done.done(town, id, no_merge=not changed)
    except hook.StaleAttempt:
        raise
    except Refused as error:  # which it would be each time that it is tried
        return _escalate(town, id, error.message)
    print(f"{result.state} {(result.head or '')[:10]}", flush=True)
    return 0


def _escalate(town: Town, id: int, why: str) -> int:
    done.done(town, id, status=done.ESCALATED, message=why)
    print(why, flush=True)
    return 1


def _run(script: str, mirror: Path, clone: Path, base: str | None, safety_ref: str) -> int:
    """Run the script on the clean base. What an earlier run, killed half-way, left behind is saved first: a script
    need not bear being run twice on its own output."""
    if base and (git.dirty(clone) or git.head(clone) != base):
        snapshots.save(clone, mirror, safety_ref, base)
        git.reset_to(clone, base)
    path = clone / ".git" / "gt-script.sh"
    path.write_text(script)
    with (clone / ".git" / "gt-script.log").open("wb") as log:
        process = subprocess.Popen(
            ["/bin/sh", "-e", str(path)],
            cwd=clone,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert process.stdout is not None
        while part := process.stdout.read1(65536):  # type: ignore[attr-defined]
            log.write(part)
            sys.stdout.buffer.write(part)
            sys.stdout.flush()
    return process.wait()


if __name__ == "__main__":
    try:
        sys.exit(work())
    except BeadsError as error:
        print(f"gt: {error.message}", file=sys.stderr)
        sys.exit(error.exit_code)
