"""Where the issue store is, seen from a directory, and in whose name one acts."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from beads.errors import NoWorkspace

FOLDER = ".beads"
DATABASE = "beads.db"
_MARKS = ("metadata.json", "config.yaml", DATABASE)


def find(start: Path | None = None, environ: Mapping[str, str] = os.environ) -> Path:
    """Return the `.beads` directory: BEADS_DIR, else BEADS_DB's folder, else the nearest at or above `start`.

    :raises NoWorkspace: when there is none.
    """
    return follow(find_unfollowed(start, environ))


def find_unfollowed(start: Path | None = None, environ: Mapping[str, str] = os.environ) -> Path:
    """Return the `.beads` directory before any redirect is followed."""
    if named := environ.get("BEADS_DIR"):
        return _named("BEADS_DIR", Path(named))
    if named := environ.get("BEADS_DB") or environ.get("BD_DB"):
        return _named("BEADS_DB", Path(named).parent)
    return _above((start or Path.cwd()).absolute())


def _named(variable: str, folder: Path) -> Path:
    if not folder.is_dir():
        raise NoWorkspace(
            f"{variable} names {folder}, which is not a directory", "run `bd init` there, or unset it"
        )
    return folder.absolute()


def _above(start: Path) -> Path:
    for folder in (start, *start.parents):
        if is_workspace(folder / FOLDER):
            return folder / FOLDER
    main = _main_worktree(start)
    if main is not None and is_workspace(main / FOLDER):
        return main / FOLDER
    raise NoWorkspace(f"no {FOLDER} directory at or above {start}", "run `bd init` to create one")


def is_workspace(folder: Path) -> bool:
    """Say whether this is a store's directory, and not merely a directory of that name."""
    return any((folder / mark).exists() for mark in (*_MARKS, "redirect"))


def _main_worktree(start: Path) -> Path | None:
    """Return the repository's own checkout when `start` lies in one of its linked worktrees."""
    for folder in (start, *start.parents):
        pointer = folder / ".git"
        if pointer.is_file():
            text = pointer.read_text(errors="replace").removeprefix("gitdir:").strip()
            common = (folder / text).resolve().parent.parent
            return common.parent if common.name == ".git" else None
    return None


def follow(beads_dir: Path) -> Path:
    """Follow `.beads/redirect`, which is relative to the workspace's root.

    :raises NoWorkspace: when it leads nowhere or in a circle.
    """
    seen = {beads_dir}
    while (beads_dir / "redirect").is_file():
        target = (beads_dir / "redirect").read_text().strip()
        beads_dir = (beads_dir.parent / target).resolve()
        if beads_dir in seen or not beads_dir.is_dir():
            raise NoWorkspace(
                f"the redirect of {beads_dir.parent} leads to no store", f"look at {FOLDER}/redirect"
            )
        seen.add(beads_dir)
    return beads_dir


def actor(
    environ: Mapping[str, str] = os.environ,
    explicit: str | None = None,
    identity: Callable[[Mapping[str, str]], tuple[str, str]] | None = None,
) -> str:
    """Return in whose name one acts: explicit, BEADS_ACTOR, BD_ACTOR, git's user.name, USER, or `unknown`."""
    told = explicit or environ.get("BEADS_ACTOR") or environ.get("BD_ACTOR")
    return told or (identity or git_identity)(environ)[0] or environ.get("USER") or "unknown"


def git_identity(environ: Mapping[str, str] = os.environ) -> tuple[str, str]:
    """Return git's name and e-mail address for commits made here; empty where there is none."""
    name, email = environ.get("GIT_AUTHOR_NAME", ""), environ.get("GIT_AUTHOR_EMAIL", "")
    if name and email:
        return name, email
    found = _git_config(environ)
    return name or found.get("user.name", ""), email or found.get("user.email", "")


def _git_config(environ: Mapping[str, str]) -> dict[str, str]:
    import subprocess

    command = ["git", "config", "--null", "--get-regexp", r"^user\.(name|email)$"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", env=dict(environ))
    except OSError:
        return {}
    entries = (entry.partition("\n") for entry in done.stdout.split("\0") if entry)
    return {key.lower(): value for key, _, value in entries}
