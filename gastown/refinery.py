"""The refinery: build the merged tree, run the gates on exactly that tree, move the branch to exactly that commit.

A gate has passed when it ran and exited 0. Everything else has a name of its own and does not merge. A bead closes when
its commit is verified on the target branch, and not before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from beads.errors import BeadsError
from gastown import polecats, sling, store
from gastown.config import Gate, Rig
from gastown.giveback import give_back
from gastown.host import git, processes
from gastown.model import MergeRequest
from gastown.town import Town

PASS, RED, MISSING, TIMEOUT, KILLED, NO_TESTS = "pass", "red", "missing", "timeout", "killed", "no-tests"
CONFLICT, SETUP, PUSH, TROUBLE = "conflict", "set-up failed", "push failed", "trouble"

# Whether another attempt by a worker could mend it; the rest needs a person.
WORKER_CAN_MEND = {CONFLICT, RED, TIMEOUT, KILLED, NO_TESTS}
MAX_TRIES = 5
"""Merges of one request that failed for no fault of its own (moved target, no network) before a person is asked."""
HIGHEST_SIGNAL = 64
RETRY = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check said of a merged tree, with the end of its output where it did not pass."""

    kind: str
    reason: str
    evidence: str = ""


PASSED = Verdict(PASS, "every gate passed")


def judge(gate: Gate, outcome: processes.Outcome) -> Verdict:
    """The verdict of one gate: a pure reading of how its command ended. 126 and 127 are the shell's words for a command
    that could not be run (POSIX 2.8.2), 128 + n for one that signal n ended."""
    code, name = outcome.exit_code, f"gate `{gate.run}`"
    if code is None:
        return Verdict(TIMEOUT, f"{name} did not end within {gate.timeout:g} s", outcome.tail)
    if code in (126, 127):
        why = "command not found" if code == 127 else "it cannot be executed"
        return Verdict(MISSING, f"{name} could not run: {why} (exit {code})", outcome.tail)
    if 128 < code <= 128 + HIGHEST_SIGNAL:
        return Verdict(KILLED, f"{name} was killed by signal {code - 128}", outcome.tail)
    if code != 0:
        return Verdict(RED, f"{name} is red (exit {code})", outcome.tail)
    if gate.tests is not None and not _tests_ran(gate.tests, outcome.tail):
        return Verdict(NO_TESTS, f"{name} exited 0 but ran no test", outcome.tail)
    return PASSED


def _tests_ran(pattern: str, output: str) -> bool:
    counts = [m.group(1) or "" for m in re.finditer(pattern, output)]
    return any(c.isdecimal() and int(c) > 0 for c in counts)


def merge(town: Town, id: int) -> None:
    """Work off one merge request, from wherever an earlier run of this was cut off."""
    request = _begin(town, id)
    if request is None:
        return
    rig = town.rig(request.rig)
    try:
        verdict = _attempt_merge(town, request, rig)
    except git.BranchMoved as error:
        _later(town, request, Verdict(TROUBLE, error.message), timedelta(0))
        return
    except processes.Interrupted:
        raise
    except (BeadsError, OSError) as error:
        _later(town, request, Verdict(TROUBLE, str(error)), RETRY)
        return
    if verdict.kind == PASS:
        _merged(town, request)
    elif verdict.kind == PUSH:
        _later(town, request, verdict, RETRY)
    else:
        _reject(town, request, verdict)


def _begin(town: Town, id: int) -> MergeRequest | None:
    with town.store.write("refinery") as change:
        request = store.merge_request(change.conn, id)
        if request.state == "open":
            store.move(change.conn, request.attempt, "merging", change.now)
            store.change_merge_request(
                change.conn, id, state="merging", tries=request.tries + 1, retry_at=None
            )
        return store.merge_request(change.conn, id) if request.state in ("open", "merging") else None


def _attempt_merge(town: Town, request: MergeRequest, rig: Rig) -> Verdict:
    mirror = town.mirror(request.rig)
    if request.candidate and _is_on_target(mirror, request, request.candidate):
        return PASSED  # we were cut off after the branch had moved
    git.follow_origin(mirror, request.target)
    target = git.tip(mirror, f"refs/heads/{request.target}")
    if target is None:
        return Verdict(TROUBLE, f"there is no branch {request.target} in the rig's repository")
    clone = town.rig_dir(request.rig) / "refinery" / request.rig
    clone.parent.mkdir(exist_ok=True)
    for lock in ("setup.lock", "gate.lock"):
        processes.end_orphan(clone.parent / lock)
    head_ref = f"refs/gastown/attempts/{request.attempt}/{request.head_commit[:12]}"
    built = git.candidate(
        clone, mirror, target, request.head_commit, head_ref, rig.merge_strategy, _message(town, request)
    )
    if isinstance(built, git.Conflict):
        where = ", ".join(built.paths)
        what = f"conflict with {request.target} at {target[:10]} in {where}"
        return Verdict(CONFLICT, what, built.text)
    verdict = _check(town, request, rig, clone)
    if verdict.kind != PASS:
        return verdict
    with town.store.write("refinery") as change:
        store.change_merge_request(change.conn, request.id, candidate=built.commit)
    git.fetch_commit(mirror, clone, built.commit, f"refs/gastown/merges/{request.id}")
    if rig.push:
        try:
            git.push_to_origin(mirror, request.target, built.commit)
        except git.GitError as error:
            return Verdict(PUSH, f"push to {rig.repo} failed: {error.message}")
    git.advance(mirror, request.target, built.commit, target)
    return PASSED


def _message(town: Town, request: MergeRequest) -> str:
    with town.store.read() as view:
        issue = view.get(request.bead)
        attempt = store.attempt(view.conn, request.attempt)
    return f"{issue.title}\n\nBead: {issue.id}\nWorked-by: {attempt.worker} ({attempt.runtime})\n"


def _check(town: Town, request: MergeRequest, rig: Rig, clone: Path) -> Verdict:
    """Set-up and every gate in order, on the tree that is checked out; the first that does not pass decides."""
    gates = rig.gate_list()
    log = town.logs / f"merge-{request.rig}-{request.id}.log"
    if gates:
        try:
            polecats.set_up(town, request.rig, clone, log)
        except polecats.SetupFailed as error:
            return Verdict(SETUP, error.message)
    env = polecats.command_env(town, request.rig)
    for gate in gates:
        outcome = processes.run(
            gate.run,
            cwd=clone,
            env=env,
            timeout=gate.timeout or rig.gate_timeout,
            log=log,
            lock=clone.parent / "gate.lock",
        )
        verdict = judge(gate, outcome)
        if verdict.kind != PASS:
            return verdict
    return PASSED


def _is_on_target(mirror: Path, request: MergeRequest, commit: str) -> bool:
    return git.tip(mirror, commit) is not None and git.is_ancestor(
        mirror, commit, f"refs/heads/{request.target}"
    )


def _merged(town: Town, request: MergeRequest) -> None:
    """Close the bead, on the evidence of the branch itself."""
    mirror = town.mirror(request.rig)
    with town.store.read() as view:
        candidate = store.merge_request(view.conn, request.id).candidate or ""
    if not _is_on_target(mirror, request, candidate):
        _later(town, request, Verdict(TROUBLE, f"{candidate[:10]} is not on {request.target}"), RETRY)
        return
    with town.store.write("refinery") as change:
        store.change_merge_request(change.conn, request.id, state="merged", verdict=PASS, ended_at=change.now)
        store.move(change.conn, request.attempt, "merged", change.now)
        if sling.wanted(change, request.bead):
            change.close(request.bead, reason=f"merged as {candidate[:10]} into {request.target}", force=True)
            change.record(request.bead, "merged", new=candidate)
    git.delete_branch(mirror, request.branch, request.head_commit)


def _reject(town: Town, request: MergeRequest, verdict: Verdict) -> None:
    with town.store.write("refinery") as change:
        store.change_merge_request(
            change.conn,
            request.id,
            state="rejected",
            verdict=verdict.kind,
            evidence=verdict.evidence,
            ended_at=change.now,
        )
        attempt = store.attempt(change.conn, request.attempt)
        evidence = f"{verdict.kind}; it ended with:\n{verdict.evidence}" if verdict.evidence else verdict.kind
        again = verdict.kind in WORKER_CAN_MEND
        give_back(change, attempt, f"not merged: {verdict.reason}", evidence, again=again, rest=False)


def _later(town: Town, request: MergeRequest, verdict: Verdict, pause: timedelta) -> None:
    """It was no fault of the work: try the same head again, a few times, then ask a person."""
    if request.tries >= MAX_TRIES:
        _reject(town, request, verdict)
        return
    with town.store.write("refinery") as change:
        store.change_merge_request(
            change.conn,
            request.id,
            state="open",
            verdict=verdict.kind,
            evidence=verdict.reason,
            retry_at=change.now + pause * 2 ** (request.tries - 1),
        )
        store.move(change.conn, request.attempt, "submitted", change.now)
