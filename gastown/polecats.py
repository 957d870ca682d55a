"""Polecats: named workers of a rig. Make one's clone and session, find it, look into it."""

from __future__ import annotations

import os
import re
import shlex
import socket
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from beads.errors import NotFound, Refused
from gastown import cleanup, names, runtimes, sling, store
from gastown.host import environment, git, processes
from gastown.model import WITH_SESSION, Attempt, Session
from gastown.runtimes.base import Assignment, Launch, Runtime
from gastown.town import Town

HOST = socket.gethostname()
_clones = threading.BoundedSemaphore(max(2, os.cpu_count() or 2))
"""At most one checkout per processor at once: more take longer in sum (measured)."""


READY_WITHIN = 30.0
"""Seconds that a program, which is typed to, has for showing its prompt mark."""


class SetupFailed(Refused):
    """The rig's set-up command did not succeed; the message has the end of its output."""


def dispatch(town: Town, id: int) -> Attempt | None:
    """Give a waiting attempt to a free polecat: name, clone path, branch and state in one transaction."""
    with town.store.write("gt") as change:
        attempt = store.attempt(change.conn, id)
        if attempt.state != "hooked":
            return None
        if not sling.wanted(change, attempt.bead):
            store.move(
                change.conn,
                id,
                "released",
                change.now,
                reason="its bead was closed or deleted while it waited",
            )
            return None
        live = store.live_attempts(change.conn, attempt.rig)
        unclean = [a for a in store.unclean_attempts(change.conn) if a.rig == attempt.rig]
        busy = {a.polecat for a in (*live, *unclean) if a.polecat}
        name, new = names.next_polecat(store.polecat_names(change.conn, attempt.rig), busy)
        if new:
            store.add_polecat(change.conn, attempt.rig, name, change.now)
        attempt = store.move(
            change.conn,
            id,
            "spawning",
            change.now,
            polecat=name,
            clone=str(town.clone(replace(attempt, polecat=name))),
            branch=f"polecat/{name}/{attempt.bead}-{attempt.number}",
            host=HOST,
            not_before=None,
        )
        change.update(attempt.bead, assignee=attempt.worker)
    return attempt


def spawn(town: Town, id: int) -> None:
    """Clone, set up, start the session. Safe to repeat: what a killed spawn left is made anew.

    :raises git.GitError, SetupFailed, TmuxError: nothing runs then; the caller gives the bead back."""
    with town.store.read() as view:
        attempt = store.attempt(view.conn, id)
        started = store.last_session(view.conn, id)
    if attempt.state != "spawning":
        return
    rig = town.rig(attempt.rig)
    runtime = runtimes.get(attempt.runtime, town.settings)
    clone, mirror = town.clone(attempt), town.mirror(attempt.rig)
    if started is None:
        processes.end_orphan(clone.parent / "setup.lock")
        cleanup.discard(clone.parent)
        clone.parent.mkdir(parents=True)
        (clone.parent / "tmp").mkdir()
        git.follow_origin(mirror, rig.branch)
        with _clones:
            base = git.clone(mirror, clone, rig.branch, attempt.branch or "")
        _instruct(clone, runtime)
        with town.store.write("gt") as change:
            store.change_attempt(change.conn, id, base_commit=base)
        set_up(town, attempt.rig, clone, town.logs / f"setup-{attempt.rig}-{id}.log")
    if not start_session(town, id) and started is None:
        cleanup.discard(clone.parent)  # taken back meanwhile, before any agent saw it


def set_up(town: Town, rig_name: str, clone: Path, log: Path) -> None:
    """Run the rig's `setup` command in a clone. :raises SetupFailed: with the end of its output."""
    rig = town.rig(rig_name)
    if not rig.setup.strip():
        return
    outcome = processes.run(
        rig.setup,
        cwd=clone,
        env=command_env(town, rig_name),
        timeout=rig.setup_timeout,
        log=log,
        lock=clone.parent / "setup.lock",
    )
    if outcome.exit_code != 0:
        how = "ran out of time" if outcome.exit_code is None else f"exited {outcome.exit_code}"
        raise SetupFailed(f"set-up `{rig.setup}` {how}; it ended with:\n{outcome.tail}")


def command_env(town: Town, rig: str) -> dict[str, str]:
    """The environment of set-up commands and gates: no vendor's keys, no session."""
    env = environment.allowed(town.rig(rig).env)
    return environment.with_path(env, town.bin_dir) | {
        "GIT_CEILING_DIRECTORIES": str(town.rig_dir(rig)),
        "GIT_TERMINAL_PROMPT": "0",
    }


def _instruct(clone: Path, runtime: Runtime) -> None:
    """The standing instruction, in the file that the program reads; a rig's own file of that name is left alone."""
    path = clone / runtime.instruction_file
    if runtime.instruction_file and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            "Work here is given by Gas Town. Run `gt prime` first: it shows your task and the rules.\n"
            "Commit on the branch that is checked out; do not push. When finished, run `gt done`.\n"
        )
        git.exclude(clone, [f"/{runtime.instruction_file}"])


def start_session(town: Town, id: int) -> bool:
    """One run of the runtime's program in the attempt's clone. The row comes first, so that what runs is known.

    False: the attempt is over, and nothing was started."""
    with town.store.write("gt") as change:
        attempt = store.attempt(change.conn, id)
        if attempt.state not in WITH_SESSION:
            return False
        count = len(store.sessions_of(change.conn, [id])[id])
        name = f"{attempt.rig}-{attempt.polecat}-{id}" + (f"-{count + 1}" if count else "")
        transcript = town.transcript(name)
        store.add_session(
            change.conn, attempt=id, name=name, host=HOST, transcript=str(transcript), started_at=change.now
        )
    runtime = runtimes.get(attempt.runtime, town.settings)
    clone = town.clone(attempt)
    assignment = Assignment(attempt.rig, attempt.polecat or "", attempt.bead, clone)
    launch = runtime.launch(assignment)
    script = _launch_script(town, attempt, runtime, launch)
    town.tmux.start(name, script, clone, transcript)
    if _taken_back(town, id):  # by somebody who has found no session to end yet
        town.tmux.kill(name)
    elif launch.typed is not None:
        _type_when_ready(town, id, name, launch)
    return True


def _taken_back(town: Town, id: int) -> bool:
    with town.store.read() as view:
        return store.attempt(view.conn, id).state in ("released", "failed", "escalated")


def _launch_script(town: Town, attempt: Attempt, runtime: Runtime, launch: Launch) -> Path:
    """The session's environment and command as a script that only its owner can read and that removes itself: a key
    on a command line would be in `ps` for everybody."""
    rig = town.rig(attempt.rig)
    clone = town.clone(attempt)
    env = environment.with_path(environment.allowed([*runtime.env, *rig.env]), town.bin_dir)
    email = f"{attempt.polecat}@{attempt.rig}.gastown.invalid"
    env |= {
        "TERM": "screen-256color",
        "TMPDIR": str(clone.parent / "tmp"),
        "GT_TOWN": str(town.root),
        "GT_RIG": attempt.rig,
        "GT_POLECAT": attempt.polecat or "",
        "GT_ATTEMPT": str(attempt.id),
        "GT_ROLE": "polecat",
        "GT_RUNTIME": attempt.runtime,
        "BEADS_DIR": str(town.beads_dir),
        "BD_ACTOR": attempt.worker,
        "GIT_AUTHOR_NAME": f"{attempt.polecat} ({attempt.rig})",
        "GIT_AUTHOR_EMAIL": email,
        "GIT_COMMITTER_NAME": f"{attempt.polecat} ({attempt.rig})",
        "GIT_COMMITTER_EMAIL": email,
        "GIT_CEILING_DIRECTORIES": str(clone.parent),
        "GIT_TERMINAL_PROMPT": "0",
    }
    lines = [
        'rm -f -- "$0"',
        *(f"export {k}={shlex.quote(v)}" for k, v in sorted((env | launch.env).items())),
    ]
    lines += [f"cd {shlex.quote(str(clone))} || exit 1", "export PWD"]  # some programs go by it
    command = shlex.join(launch.argv)
    lines += [
        f"exec {command}" if launch.stdin is None else f"printf %s {shlex.quote(launch.stdin)} | {command}"
    ]
    path = clone.parent / "launch.sh"
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write("\n".join(lines) + "\n")
    return path


def _type_when_ready(town: Town, id: int, name: str, launch: Launch) -> None:
    """For programs that take no prompt as an argument: wait for their prompt mark, then type. What was really taken
    in is known by the acknowledgement alone; where it has come already, nothing is typed."""
    deadline = time.monotonic() + READY_WITHIN
    while not _shows(town.tmux.capture(name), launch.ready) and time.monotonic() < deadline:
        with town.store.read() as view:
            session = store.last_session(view.conn, id)
        if processes.stopping() or session is None or session.acked_at is not None:
            return
        time.sleep(0.1)
    town.tmux.type_text(name, launch.typed or "")


def _shows(screen: str, mark: str) -> bool:
    """Whether the mark is on a screen. tmux cuts the blanks at a line's end, which a prompt mark often ends with."""
    return any(re.search(mark or r"\S", f"{line} ") for line in screen.splitlines())


def nudge(town: Town, session: Session) -> None:
    """Ring at a session that has not answered yet."""
    with town.store.write("gt") as change:
        store.change_session(change.conn, session.id, nudged_at=change.now)
    town.tmux.type_text(session.name, "Run `gt prime` now: it shows the work on your hook.")


def find(town: Town, text: str) -> Attempt:
    """The latest attempt of `rig/polecat`, of a polecat's name, of a bead, or with that number.

    :raises Refused: polecats of several rigs have that name, and are at work. :raises NotFound: nobody has."""
    number = names.number(text)
    with town.store.read() as view:
        if number is not None:
            return store.attempt(view.conn, number)
        live = [a for a in store.live_attempts(view.conn) if a.polecat and text in (a.worker, a.polecat)]
        if len(live) > 1:
            raise Refused(
                f"{len(live)} polecats are called '{text}'",
                hint=f"say which: {', '.join(a.worker for a in live)}",
            )
        known = [*live, *store.recent_attempts(view.conn, 1000)]
        named = [a for a in known if a.polecat and text in (a.worker, a.polecat)]
        found = named[:1] or store.attempts_of(view.conn, text)[-1:]
        if not found:
            with suppress(NotFound):
                found = store.attempts_of(view.conn, view.resolve(text))[-1:]
    if not found:
        raise NotFound(f"there is no polecat or attempt '{text[:60]}'", hint="gt polecat list")
    return found[0]


def session_of(town: Town, attempt: Attempt) -> Session:
    with town.store.read() as view:
        session = store.last_session(view.conn, attempt.id)
    if session is None:
        raise Refused(
            f"attempt {attempt.id} on {attempt.bead} has had no session yet", hint="gt polecat list"
        )
    return session


def peek(town: Town, attempt: Attempt, lines: int) -> str:
    """The session's screen, or the end of its transcript when it is over."""
    session = session_of(town, attempt)
    panes = town.tmux.panes() if session.ended_at is None else {}
    if panes and session.name in panes:
        return town.tmux.capture(session.name, lines)
    text = processes.tail(town.transcript(session.name))
    return "\n".join(text.splitlines()[-(lines or 50) :]) + "\n"
