"""Saving: what a clone holds and is nowhere else goes under refs of the rig's repository, before anything is removed.

Refs are named by commit, and a commit of the dirty tree is dated like the one it stands on: saving twice saves once.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from gastown.host import git

LINK = "160000"
"""git's mode of a repository within a repository."""


class Unreadable(git.GitError):
    """git cannot read the clone: it is broken, or is no repository any more."""


def save(clone: Path, mirror: Path, prefix: str, base: str | None) -> list[str]:
    """Keep every commit that is on a branch, a tag or the stash, at HEAD, or was until it was reset or amended away;
    and the dirty tree as a commit on HEAD. Returns the commits whose refs now hold all of it.

    :raises Unreadable: git cannot say what there is. :raises git.GitError: something did not arrive. Nothing may be
        removed then."""
    try:
        wanted = _tips(clone, base)
        if snapshot := _snapshot(clone, base):
            wanted.append(snapshot)
    except (git.GitError, OSError) as error:
        raise Unreadable(f"{clone} cannot be read: {error}") from error
    for commit in wanted:
        git.push_branch(clone, mirror, commit, [f"{prefix}/{commit[:12]}"])
    return wanted


def _tips(clone: Path, base: str | None) -> list[str]:
    """What is not in the rig's repository already: every commit that has a name, and of the others the latest."""
    known = [*([base] if base else []), "--exclude=origin/polecat/*", "--remotes=origin"]
    told = git.run(clone, "log", "--all", "--reflog", "--format=%H %P%x09%D", "--not", *known)
    parts = [line.partition("\t") for line in git.lines(told)]
    commits = [(*hashes.split(" "), names) for hashes, _, names in parts]
    parents = {parent for _, *others, _ in commits for parent in others}
    return sorted(commit for commit, *_, names in commits if names or commit not in parents)


def _snapshot(clone: Path, base: str | None) -> str | None:
    """The dirty tree as a commit, made beside the clone's own index, which stays as it is."""
    if not git.dirty(clone):
        return None
    parent = git.tip(clone, "HEAD") or base
    real = clone / ".git" / "index"
    with TemporaryDirectory(prefix="gt-snapshot-", dir=clone / ".git") as folder:
        index = Path(folder) / "index"
        if real.exists():
            index.write_bytes(real.read_bytes())
        env = {"GIT_INDEX_FILE": str(index)}
        others = [f":(exclude,literal){path}" for path in git.nested(clone)]
        git.run(clone, "add", "--all", "--", ".", *others, env=env)
        tree = git.run(clone, "write-tree", env=env)
    if parent and tree == git.run(clone, "rev-parse", f"{parent}^{{tree}}"):
        return None
    return _commit(clone, tree, parent)


def _commit(clone: Path, tree: str, parent: str | None) -> str:
    date = git.run(clone, "log", "-1", "--format=%cI", parent) if parent else "2000-01-01T00:00:00Z"
    dates = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    onto = ["-p", parent] if parent else []
    words = ["-m", "Uncommitted work, saved by Gas Town"]
    return git.run(clone, "commit-tree", tree, *onto, *words, env=git.REFINERY | dates)


def left(clone: Path, base: str) -> list[str]:
    """What no commit of a clone can hold: repositories within it that the base does not have just so."""
    words = ["--raw", "-z", "--no-renames", "--ignore-submodules=none"]
    told = git.run(clone, "diff", *words, base, strip=False).split("\0")
    links = [path for modes, path in zip(told[::2], told[1::2], strict=False) if modes.split()[1] == LINK]
    return sorted({*git.nested(clone), *(path for path in links if (clone / path).is_dir())})


def saved(mirror: Path, prefix: str) -> list[tuple[str, str]]:
    """What `save` kept under a prefix, oldest first: (ref, subject)."""
    words = ["--sort=committerdate", "--format=%(refname) %(subject)"]
    told = git.lines(git.run(mirror, "for-each-ref", *words, prefix))
    return [(ref, subject) for ref, _, subject in (line.partition(" ") for line in told)]


def restore(mirror: Path, ref: str, path: Path, branch: str) -> None:
    """Bring a saved commit back, in a new clone on a branch of its own."""
    git.run(mirror, "clone", "--local", "--quiet", "--no-checkout", "--", str(mirror), str(path))
    git.run(path, "fetch", "--quiet", "origin", ref)
    git.run(path, "checkout", "--quiet", "-b", branch, "FETCH_HEAD")
