"""How git is run: the only GitPython. Nothing here asks a question on a terminal, runs a hook of the person's
configuration, or signs.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from beads.errors import BeadsError

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


class GitError(BeadsError):
    """git did not do what it was asked to."""


def run(
    cwd: Path,
    *args: str,
    env: Mapping[str, str] | None = None,
    strip: bool = True,
    limit: float | None = None,
) -> str:
    """Run git in a repository's own folder, for at most `limit` seconds.

    :raises GitError: with git's own last words."""
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
        raise GitError(f"git {args[0]}: {_said(error)}") from error
    # Paths, subjects and conflicting lines are any bytes; what is read here is stored and shown.
    return out.decode("utf-8", "replace")


def _no_git() -> GitError:
    return GitError("git is not on PATH", hint="apt-get install git   (macOS: xcode-select --install)")


def _said(error: GitCommandError) -> str:
    text = str(error.stderr).encode("utf-8", "replace").decode().strip()
    text = text.removeprefix("stderr: '").removesuffix("'").strip()
    return text or f"exit {error.status}"


def ask(cwd: Path, *args: str, limit: float | None = None) -> str | None:
    """The same; None where git fails."""
    try:
        return run(cwd, *args, limit=limit)
    except GitError:
        return None


def lines(told: str) -> list[str]:
    """What git told line by line. `splitlines` would also cut at marks that a subject or a name may have in it."""
    return [line for line in told.split("\n") if line]


def tip(repo: Path, ref: str) -> str | None:
    """The commit at a ref, or None where there is no such ref."""
    return ask(repo, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")


def is_ancestor(repo: Path, old: str, new: str) -> bool:
    return ask(repo, "merge-base", "--is-ancestor", old, new) is not None
