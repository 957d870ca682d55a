"""A rig's bare repository (the mirror) and its origin: nothing moves a branch without saying from which commit."""

from __future__ import annotations

from pathlib import Path

from beads.errors import Invalid
from gastown.host.git.command import GitError, ask, is_ancestor, lines, run, tip

ORIGIN_LIMIT = 300.0
"""Seconds for one talk with an origin: a connection that has died must not keep a rig's merges waiting for ever."""

# Agents push to their own branches only; a target branch is moved by the refinery, which does not push.
_UPDATE_HOOK = """\
#!/bin/sh
case "$1" in
  refs/heads/polecat/*|refs/gastown/*) exit 0 ;;
esac
echo "only the refinery moves $1: commit on your own branch and run: gt done" >&2
exit 1
"""


class BranchMoved(GitError):
    """A branch was not where it had to be, so it was left alone."""


def mirror(url: str, path: Path) -> None:
    """Make a rig's bare repository from the person's own. :raises Invalid: the URL gives no repository."""
    try:
        run(path.parent, "clone", "--bare", "--quiet", "--", url, str(path))
    except GitError as error:
        raise Invalid(
            f"cannot clone {url}: {error.message}", hint="check it with: git ls-remote URL"
        ) from error
    run(path, "config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
    run(path, "config", "receive.denyDeletes", "true")
    run(path, "config", "gc.auto", "0")  # hard links and safety refs: only a deliberate gc
    run(path, "config", "core.hooksPath", "hooks")  # a person's own setting of it must not open the door
    hook = path / "hooks" / "update"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(_UPDATE_HOOK)
    hook.chmod(0o755)


def default_branch(mirror: Path) -> str | None:
    """The branch that the origin's HEAD names."""
    return ask(mirror, "symbolic-ref", "--short", "HEAD")


def follow_origin(mirror: Path, branch: str) -> None:
    """Take over what the person pushed to the origin meanwhile, where that is a plain fast-forward.

    An origin that is out of reach, or has gone its own way, changes nothing."""
    if (
        ask(
            mirror,
            "fetch",
            "--quiet",
            "--no-tags",
            "origin",
            f"+refs/heads/{branch}:refs/remotes/origin/{branch}",
            limit=ORIGIN_LIMIT,
        )
        is None
    ):
        return
    theirs, ours = tip(mirror, f"refs/remotes/origin/{branch}"), tip(mirror, f"refs/heads/{branch}")
    if theirs and ours and theirs != ours and is_ancestor(mirror, ours, theirs):
        advance(mirror, branch, theirs, ours)


def advance(mirror: Path, branch: str, new: str, old: str) -> None:
    """Compare-and-swap of a branch. :raises BranchMoved: it is not at `old`."""
    try:
        run(mirror, "update-ref", "-m", "gastown", f"refs/heads/{branch}", new, old)
    except GitError as error:
        if tip(mirror, f"refs/heads/{branch}") == new:
            return
        raise BranchMoved(f"{branch} moved meanwhile: {error.message}") from error


def fetch_commit(mirror: Path, clone: Path, commit: str, ref: str) -> None:
    """Bring a commit of the refinery's clone into the rig's repository, under a ref that keeps it."""
    run(mirror, "fetch", "--quiet", "--no-tags", str(clone), f"+{commit}:{ref}")
    if tip(mirror, ref) != commit:
        raise GitError(f"{commit[:10]} did not arrive in {mirror}")


def push_to_origin(mirror: Path, branch: str, commit: str) -> None:
    """Push the tested commit to the real remote: a plain push, which the remote refuses unless it is a fast-forward."""
    wanted = f"{commit}:refs/heads/{branch}"
    run(mirror, "push", "--quiet", "--no-verify", "origin", wanted, limit=ORIGIN_LIMIT)


def delete_branch(mirror: Path, branch: str, at: str) -> None:
    """Drop a merged work branch; its commits stay under the attempt's safety refs."""
    ask(mirror, "update-ref", "-d", f"refs/heads/{branch}", at)


def log(repo: Path, ref: str, limit: int) -> list[str]:
    return lines(ask(repo, "log", f"-{limit}", "--format=%h %s", "--end-of-options", ref) or "")


def count(repo: Path, ref: str) -> int:
    """How many commits a ref has behind it, itself included."""
    return int(run(repo, "rev-list", "--count", "--end-of-options", ref))
