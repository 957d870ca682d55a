"""The only GitPython: repositories of a rig, clones of attempts, merges of the refinery.

Every function is one step that is safe to repeat. Nothing here asks a question on a terminal, runs a hook of the
person's configuration, or signs; nothing moves a branch without saying from which commit.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from beads.errors import BeadsError, Invalid

if TYPE_CHECKING:
    from git.exc import GitCommandError

# A `gt` called from inside a git hook must not work on that hook's repository.
for _name in [
    k for k in os.environ if k.startswith("GIT_") and k.endswith(("_DIR", "_TREE", "_FILE", "_PREFIX"))
]:
    if _name not in ("GIT_CEILING_DIRECTORIES", "GIT_EXEC_PATH"):
        os.environ.pop(_name, None)

QUIET = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
    # Whoever would ask a question is answered with nothing; the person's own ssh command and keys stay as they are.
    "SSH_ASKPASS": "false",
    "SSH_ASKPASS_REQUIRE": "force",
    "LC_ALL": "C",
}
# Where a person's own settings would make git refuse, ask, or say something else than what is read here.
_OURS = {
    "advice.detachedHead": "false",
    "clone.defaultRemoteName": "origin",
    "commit.cleanup": "whitespace",  # a title may begin with '#'
    "commit.gpgSign": "false",
    "core.hooksPath": "/dev/null",
    "core.quotePath": "true",
    "gc.auto": "0",
    "log.showSignature": "false",
    "merge.ff": "true",  # with either other value nothing can be squashed
    "merge.verifySignatures": "false",
    "push.followTags": "false",
    "push.gpgSign": "false",
    "push.recurseSubmodules": "no",
    "rerere.enabled": "false",
    "safe.bareRepository": "all",  # a rig's repository is one
    "status.showUntrackedFiles": "normal",
    "submodule.recurse": "false",
}
_SETTINGS = [word for key, value in _OURS.items() for word in ("-c", f"{key}={value}")]
REFINERY = {
    "GIT_AUTHOR_NAME": "Gas Town refinery",
    "GIT_AUTHOR_EMAIL": "refinery@gastown.invalid",
    "GIT_COMMITTER_NAME": "Gas Town refinery",
    "GIT_COMMITTER_EMAIL": "refinery@gastown.invalid",
}

# Agents push to their own branches only; a target branch is moved by the refinery, which does not push.
_UPDATE_HOOK = """\
#!/bin/sh
case "$1" in
  refs/heads/polecat/*|refs/gastown/*) exit 0 ;;
esac
echo "only the refinery moves $1: commit on your own branch and run: gt done" >&2
exit 1
"""


class GitTrouble(BeadsError):
    """git did not do what it was asked to."""


class Moved(GitTrouble):
    """A branch was not where it had to be, so it was left alone."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A merged tree, committed but on no branch yet."""

    commit: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Why two heads do not merge: the paths, and git's own words with the conflicting lines."""

    paths: tuple[str, ...]
    text: str


ORIGIN_LIMIT = 300.0
"""Seconds for one talk with an origin: a connection that has died must not keep a rig's merges waiting for ever."""


def run(
    cwd: Path,
    *args: str,
    env: Mapping[str, str] | None = None,
    strip: bool = True,
    limit: float | None = None,
) -> str:
    """Run git in a repository's own folder, for at most `limit` seconds.

    :raises GitTrouble: with git's own last words."""
    try:
        import git  # not above: 45 ms, and two runs of git, that `gt sling` and others would spend for nothing
    except ImportError as error:  # what it raises where there is no git
        raise _no_git() from error
    command = git.Git(
        "/"
    )  # given the folder, it would put in the value of what looks like a variable in its name
    # Where there is no repository any more, one that happens to lie above must not be taken for it.
    command.update_environment(**QUIET, GIT_CEILING_DIRECTORIES=str(cwd.parent), **(env or {}))
    words = ["git", "-C", str(cwd), *_SETTINGS, *args]
    try:
        out: bytes = command.execute(
            words, strip_newline_in_stdout=strip, kill_after_timeout=limit, stdout_as_string=False
        )
    except git.exc.GitCommandNotFound as error:
        raise _no_git() from error
    except git.exc.GitCommandError as error:
        raise GitTrouble(f"git {args[0]}: {_said(error)}") from error
    # Paths, subjects and conflicting lines are any bytes; what is read here is stored and shown.
    return out.decode("utf-8", "replace")


def _no_git() -> GitTrouble:
    return GitTrouble("git is not on PATH", hint="apt-get install git   (macOS: xcode-select --install)")


def _said(error: GitCommandError) -> str:
    text = str(error.stderr).encode("utf-8", "replace").decode().strip()
    text = text.removeprefix("stderr: '").removesuffix("'").strip()
    return text or f"exit {error.status}"


def ask(cwd: Path, *args: str, limit: float | None = None) -> str | None:
    """The same; None where git fails."""
    try:
        return run(cwd, *args, limit=limit)
    except GitTrouble:
        return None


def lines(told: str) -> list[str]:
    """What git told line by line. `splitlines` would also cut at marks that a subject or a name may have in it."""
    return [line for line in told.split("\n") if line]


# a rig's repository


def mirror(url: str, path: Path) -> None:
    """Make a rig's bare repository from the person's own. :raises Invalid: the URL gives no repository."""
    try:
        run(path.parent, "clone", "--bare", "--quiet", "--", url, str(path))
    except GitTrouble as error:
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


def tip(repo: Path, ref: str) -> str | None:
    """The commit at a ref, or None where there is no such ref."""
    return ask(repo, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")


def default_branch(mirror: Path) -> str | None:
    """The branch that the origin's HEAD names."""
    return ask(mirror, "symbolic-ref", "--short", "HEAD")


def is_ancestor(repo: Path, old: str, new: str) -> bool:
    return ask(repo, "merge-base", "--is-ancestor", old, new) is not None


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
    """Compare-and-swap of a branch. :raises Moved: it is not at `old`."""
    try:
        run(mirror, "update-ref", "-m", "gastown", f"refs/heads/{branch}", new, old)
    except GitTrouble as error:
        if tip(mirror, f"refs/heads/{branch}") == new:
            return
        raise Moved(f"{branch} moved meanwhile: {error.message}") from error


def fetch_commit(mirror: Path, clone: Path, commit: str, ref: str) -> None:
    """Bring a commit of the refinery's clone into the rig's repository, under a ref that keeps it."""
    run(mirror, "fetch", "--quiet", "--no-tags", str(clone), f"+{commit}:{ref}")
    if tip(mirror, ref) != commit:
        raise GitTrouble(f"{commit[:10]} did not arrive in {mirror}")


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


# a person's repository


def begin(path: Path, name: str, email: str) -> None:
    """A new repository that knows its own author, for machines where git knows none."""
    run(path.parent, "init", "--quiet", "--", str(path))
    run(path, "symbolic-ref", "HEAD", "refs/heads/main")
    run(path, "config", "user.name", name)
    run(path, "config", "user.email", email)


def copy(source: Path, path: Path) -> None:
    """What is checked out in a repository, with its history, as branch main of a new one that knows nothing of the
    first. :raises GitTrouble: there is no commit, or git will not read it (it is another user's)."""
    run(path.parent, "clone", "--quiet", "--no-checkout", "--", str(source), str(path))
    run(path, "checkout", "--quiet", "-B", "main", head(path))
    run(path, "remote", "remove", "origin")


# an attempt's clone


def clone(mirror: Path, path: Path, target: str, branch: str) -> str:
    """A clone of its own on a fresh branch from the target's newest commit, which is returned.

    `--local` hard-links the objects, which costs nothing, and leaves refs, index and gc independent."""
    run(
        mirror,
        "clone",
        "--local",
        "--quiet",
        "--no-checkout",
        "--single-branch",
        "--branch",
        target,
        "--",
        str(mirror),
        str(path),
    )
    base = tip(path, f"refs/remotes/origin/{target}")
    if base is None:
        raise GitTrouble(f"{target} has no commit in {mirror}")
    run(path, "checkout", "--quiet", "-b", branch, base)
    run(path, "config", "commit.gpgsign", "false")
    run(path, "config", "push.default", "current")
    return base


def exclude(clone: Path, patterns: list[str]) -> None:
    """Keep the town's own files out of the rig's commits."""
    path = clone / ".git" / "info" / "exclude"
    path.parent.mkdir(parents=True, exist_ok=True)
    have = path.read_text().splitlines() if path.exists() else []
    path.write_text("\n".join([*have, *(p for p in patterns if p not in have)]) + "\n")


def nested(clone: Path) -> list[str]:
    """Repositories of their own within a clone, of which git would take nothing but a link: `lib/`."""
    told = run(clone, "status", "--porcelain", "-z", "--untracked-files=all", strip=False)
    return [path[3:] for path in told.split("\0") if path.startswith("?? ") and path.endswith("/")]


def dirty(clone: Path) -> list[str]:
    """Changed, deleted and new paths, as `git status --porcelain` says them."""
    return lines(run(clone, "status", "--porcelain", strip=False))


def commit_all(clone: Path, message: str) -> None:
    run(clone, "add", "--all")
    run(clone, "commit", "--quiet", "--no-verify", "-m", message)


def head(clone: Path) -> str:
    commit = tip(clone, "HEAD")
    if commit is None:
        raise GitTrouble(f"{clone} has no commit")
    return commit


def commits(clone: Path, base: str, head: str = "HEAD") -> list[str]:
    """Short hash and subject of the commits since the base, newest first."""
    return lines(run(clone, "log", "--format=%h %s", f"{base}..{head}"))


def differs(clone: Path, base: str, head: str = "HEAD") -> bool:
    """Whether two commits have another tree."""
    return run(clone, "diff", "--raw", "--no-renames", base, head) != ""


def current_branch(clone: Path) -> str | None:
    return ask(clone, "symbolic-ref", "--short", "--quiet", "HEAD")


def unfinished(clone: Path) -> str | None:
    """A merge, rebase or cherry-pick that stands half done, by name."""
    marks = {
        "MERGE_HEAD": "merge",
        "rebase-merge": "rebase",
        "rebase-apply": "rebase",
        "CHERRY_PICK_HEAD": "cherry-pick",
    }
    return next((what for name, what in marks.items() if (clone / ".git" / name).exists()), None)


def push_branch(clone: Path, mirror: Path, commit: str, refs: list[str]) -> None:
    """Push one commit under several refs of the rig's repository and read them back.
    :raises GitTrouble: one of them does not stand there afterwards."""
    run(
        clone,
        "push",
        "--quiet",
        "--no-verify",
        "--force",
        "--",
        str(mirror),
        *(f"{commit}:{ref}" for ref in refs),
    )
    for ref in refs:
        if tip(mirror, ref) != commit:
            raise GitTrouble(f"{ref} was pushed but does not stand at {commit[:10]} in {mirror}")


def mend(clone: Path, mirror: Path) -> None:
    """Make a clone usable again after its session has ended, and perhaps the town was moved: what killed git processes
    have locked is free. Only where none can be at work in it any more."""
    ask(clone, "remote", "set-url", "origin", str(mirror))
    for lock in [*(clone / ".git").glob("*.lock"), *(clone / ".git" / "refs").rglob("*.lock")]:
        lock.unlink(missing_ok=True)


def reset_to(clone: Path, commit: str) -> None:
    """The clone as it was made. Only ever after `save`."""
    run(clone, "checkout", "--quiet", "--force", "-B", current_branch(clone) or "work", commit)
    run(clone, "clean", "-ffdq")


# the refinery's clone


def candidate(
    clone: Path, mirror: Path, target: str, head: str, head_ref: str, strategy: str, message: str
) -> Candidate | Conflict:
    """Build the merged tree of `head` onto commit `target` in the refinery's clone and leave it checked out there,
    with nothing else in the folder. :raises GitTrouble: it could not be built, which is no conflict."""
    try:
        _prepare(clone, mirror, target, head_ref)
    except GitTrouble:
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
    except GitTrouble:
        paths = tuple(lines(run(clone, "diff", "--name-only", "--diff-filter=U")))
        if not paths:
            raise
        return Conflict(paths, run(clone, "diff", "--no-color")[:4000].replace("\0", "\ufffd"))
    return None
