"""Clones: an attempt's, and a person's own repository."""

from __future__ import annotations

from pathlib import Path

from gastown.host.git.command import GitError, ask, lines, run, tip


def begin(path: Path, name: str, email: str) -> None:
    """A new repository that knows its own author, for machines where git knows none."""
    run(path.parent, "init", "--quiet", "--", str(path))
    run(path, "symbolic-ref", "HEAD", "refs/heads/main")
    run(path, "config", "user.name", name)
    run(path, "config", "user.email", email)


def copy(source: Path, path: Path) -> None:
    """What is checked out in a repository, with its history, as branch main of a new one that knows nothing of the
    first. :raises GitError: there is no commit, or git will not read it (it is another user's)."""
    run(path.parent, "clone", "--quiet", "--no-checkout", "--", str(source), str(path))
    run(path, "checkout", "--quiet", "-B", "main", head(path))
    run(path, "remote", "remove", "origin")


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
        raise GitError(f"{target} has no commit in {mirror}")
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
        raise GitError(f"{clone} has no commit")
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
    :raises GitError: one of them does not stand there afterwards."""
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
            raise GitError(f"{ref} was pushed but does not stand at {commit[:10]} in {mirror}")


def repair(clone: Path, mirror: Path) -> None:
    """Make a clone usable again after its session has ended, and perhaps the town was moved: what killed git processes
    have locked is free. Only where none can be at work in it any more."""
    ask(clone, "remote", "set-url", "origin", str(mirror))
    for lock in [*(clone / ".git").glob("*.lock"), *(clone / ".git" / "refs").rglob("*.lock")]:
        lock.unlink(missing_ok=True)


def reset_to(clone: Path, commit: str) -> None:
    """The clone as it was made. Only ever after `save`."""
    run(clone, "checkout", "--quiet", "--force", "-B", current_branch(clone) or "work", commit)
    run(clone, "clean", "-ffdq")
