"""Merged trees, built in the refinery's clone."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from gastown.host.git.command import REFINERY, GitError, ask, lines, run


@dataclass(frozen=True, slots=True)
class Candidate:
    """A merged tree, committed but on no branch yet."""

    commit: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Why two heads do not merge: the paths, and git's own words with the conflicting lines."""

    paths: tuple[str, ...]
    text: str


def candidate(
    clone: Path, mirror: Path, target: str, head: str, head_ref: str, strategy: str, message: str
) -> Candidate | Conflict:
    """Build the merged tree of `head` onto commit `target` in the refinery's clone and leave it checked out there,
    with nothing else in the folder. :raises GitError: it could not be built, which is no conflict."""
    try:
        _prepare(clone, mirror, target, head_ref)
    except GitError:
        # Somebody was killed in it, or a gate has spoilt it; it holds nothing that is not in the mirror.
        shutil.rmtree(clone, ignore_errors=True)
        _prepare(clone, mirror, target, head_ref)
    return _STRATEGIES[strategy](clone, target, head, message)


def _prepare(clone: Path, mirror: Path, target: str, head_ref: str) -> None:
    if not (clone / ".git").exists():
        run(mirror, "clone", "--local", "--quiet", "--no-checkout", "--", str(mirror), str(clone))
    run(
        clone,
        "fetch",
        "--quiet",
        "--no-tags",
        "origin",
        "+refs/heads/*:refs/remotes/origin/*",
        f"+{head_ref}:refs/gt/head",
    )
    for leftover in ("merge", "rebase", "cherry-pick"):
        ask(clone, leftover, "--abort")
    run(clone, "checkout", "--quiet", "--force", "--detach", target)
    run(clone, "clean", "-ffdxq")


def _squash(clone: Path, target: str, head: str, message: str) -> Candidate | Conflict:
    conflict = _merge(clone, "merge", "--squash", "--quiet", head)
    if conflict:
        run(clone, "reset", "--quiet", "--hard", target)
        return conflict
    if ask(clone, "diff", "--cached", "--quiet") is not None:
        return Candidate(target)  # its changes are on the target already
    author = run(clone, "log", "-1", "--format=%an <%ae>", head)
    run(clone, "commit", "--quiet", "--no-verify", "--author", author, "-m", message, env=REFINERY)
    return Candidate(run(clone, "rev-parse", "HEAD"))


def _merge_commit(clone: Path, target: str, head: str, message: str) -> Candidate | Conflict:
    conflict = _merge(clone, "merge", "--no-ff", "--quiet", "--no-verify", "-m", message, head)
    if conflict:
        run(clone, "merge", "--abort")
        return conflict
    return Candidate(run(clone, "rev-parse", "HEAD"))


def _rebase(clone: Path, target: str, head: str, message: str) -> Candidate | Conflict:
    run(clone, "checkout", "--quiet", "--detach", head)
    conflict = _merge(clone, "rebase", "--quiet", target)
    if conflict:
        run(clone, "rebase", "--abort")
        return conflict
    return Candidate(run(clone, "rev-parse", "HEAD"))


_STRATEGIES = {"squash": _squash, "merge": _merge_commit, "rebase": _rebase}


def _merge(clone: Path, *args: str) -> Conflict | None:
    """None when it went through; a Conflict when paths are unmerged; any other failure is raised as such."""
    try:
        run(clone, *args, env=REFINERY)
    except GitError:
        paths = tuple(lines(run(clone, "diff", "--name-only", "--diff-filter=U")))
        if not paths:
            raise
        return Conflict(paths, run(clone, "diff", "--no-color")[:4000].replace("\0", "\ufffd"))
    return None
