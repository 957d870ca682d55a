"""The end of an attempt: end its sessions, save what is nowhere else, and only then remove its clone; bring it back."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

from beads.errors import Refused
from gastown import locks, sling, store
from gastown.host import processes, snapshots
from gastown.model import WITH_SESSION, Attempt
from gastown.town import Town


def end_sessions(town: Town, id: int, how: str) -> None:
    """End what runs for an attempt; its clone stays."""
    with town.store.read() as view:
        running = [s for s in store.sessions_of(view.conn, [id])[id] if s.ended_at is None]
    for session in running:
        town.tmux.kill(session.name)
    if running:
        # What does not hear the hang-up, or has left the session, would go on writing into the clone.
        processes.end_marked({"GT_TOWN": str(town.root), "GT_ATTEMPT": str(id)})
        with town.store.write("gt") as change:
            for session in running:
                store.change_session(change.conn, session.id, ended_at=change.now, ended=how)


def clear(town: Town, id: int) -> None:
    """After an attempt is over: end its session, save what is nowhere else, and only then remove its clone.

    :raises git.GitError: it could not be saved; the clone stays where it is and this is tried again."""
    # The daemon and a person's `gt unsling` may both be at it.
    with locks.held(town.state_dir / "clear.lock"):
        with town.store.read() as view:
            attempt = store.attempt(view.conn, id)
        if attempt.state in WITH_SESSION or attempt.state == "hooked" or attempt.cleaned_at:
            return
        end_sessions(town, id, attempt.state)
        trash = None
        if attempt.clone:
            clone = town.clone(attempt)
            processes.end_orphan(clone.parent / "setup.lock")
            # Before its base was known no agent had seen it.
            why = _keep(town, attempt, clone) if attempt.base_commit and clone.exists() else None
            if why is None:
                trash = set_aside(clone.parent)
            else:
                _put_by(town, attempt, clone.parent, why)
        with town.store.write("gt") as change:
            store.change_attempt(change.conn, id, cleaned_at=change.now)
    if trash is not None:
        shutil.rmtree(trash, ignore_errors=True)


def _keep(town: Town, attempt: Attempt, clone: Path) -> str | None:
    """Save what git can save; returns why the folder itself has to stay, if it has to."""
    try:
        snapshots.save(clone, town.mirror(attempt.rig), attempt.safety_ref, attempt.base_commit)
        rest = snapshots.left(clone, attempt.base_commit or "")
    except snapshots.Unreadable as error:
        return error.message
    return f"no commit can hold {', '.join(rest)}" if rest else None


def put_by(town: Town, attempt: Attempt) -> Path:
    """Where an attempt's whole folder is kept, if it had to be."""
    return town.root / "removed" / f"{attempt.rig}-attempt-{attempt.id}"


def _put_by(town: Town, attempt: Attempt, folder: Path, why: str) -> None:
    """Keep an attempt's whole folder where no other attempt needs the place, and say so on the bead."""
    place = put_by(town, attempt)
    place.parent.mkdir(exist_ok=True)
    folder.rename(place)
    with town.store.write("gt") as change:
        if change.exists(attempt.bead):
            text = f"the clone of attempt {attempt.id} is kept in {place}: {why}"
            change.add_comment(attempt.bead, text, author="gastown")


def discard(folder: Path) -> None:
    """Take a folder out of the way at once, then delete it."""
    trash = set_aside(folder)
    if trash is not None:
        shutil.rmtree(trash, ignore_errors=True)


def set_aside(folder: Path) -> Path | None:
    """Rename a folder to where it can be deleted at leisure."""
    trash = folder.with_name(f".trash-{folder.name}-{os.getpid()}-{threading.get_ident()}")
    try:
        return folder.rename(trash)
    except FileNotFoundError:
        return None


def sweep(town: Town) -> None:
    """Delete what was set aside by somebody who was killed before it was deleted."""
    for trash in town.root.glob("rigs/*/polecats/*/.trash-*"):
        shutil.rmtree(trash, ignore_errors=True)


def retire(town: Town, rig: str) -> None:
    """Clear what is left of a rig's ended attempts, so that the rig can be moved."""
    with town.store.read() as view:
        left = [a for a in store.unclean_attempts(view.conn) if a.rig == rig]
    for attempt in left:
        clear(town, attempt.id)


def nuke(town: Town, attempt: Attempt, actor: str) -> None:
    """End a polecat at once. Its commits and its dirty tree are saved first, and its bead is open again."""
    if attempt.live:
        sling.unsling(town, attempt.bead, actor=actor)
    clear(town, attempt.id)


def saved(town: Town, attempt: Attempt) -> list[tuple[str, str]]:
    """Refs in the rig's repository that keep an attempt's work: (ref, subject)."""
    return snapshots.saved(town.mirror(attempt.rig), attempt.safety_ref)


def restore(town: Town, attempt: Attempt, path: Path) -> tuple[str, list[tuple[str, str]]]:
    """Bring an attempt's saved work back, in a new clone. Returns the branch, and every ref that is kept.

    :raises Refused: nothing is saved, or the folder is there already."""
    kept = saved(town, attempt)
    if not kept:
        raise Refused(
            f"nothing is saved of attempt {attempt.id} on {attempt.bead}", hint=f"bd show {attempt.bead}"
        )
    if path.exists():
        raise Refused(f"{path} is there already", hint=f"gt polecat restore {attempt.id} NEW-FOLDER")
    uncommitted = [ref for ref, subject in kept if subject.startswith("Uncommitted work")]
    handed_in = [ref for ref, _ in kept if attempt.head_commit and ref.endswith(attempt.head_commit[:12])]
    ref = (uncommitted or handed_in or [kept[-1][0]])[0]
    branch = f"restored/{attempt.bead}-{attempt.number}"
    snapshots.restore(town.mirror(attempt.rig), ref, path, branch)
    return branch, kept
