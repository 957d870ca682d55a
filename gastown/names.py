"""Which names may become a folder, a branch, a tmux target or an option's value; and the polecats' names."""

from __future__ import annotations

import os
import re
from pathlib import Path

from beads.errors import Invalid

RIG_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}", re.IGNORECASE)
PREFIX = re.compile(r"[a-z][a-z0-9]{0,11}(-[a-z0-9]{1,11}){0,2}")
BRANCH = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/-]{0,199}")
REMOTE = re.compile(
    r"(https?|ssh|git|file)://[^\s-][^\s]*|[A-Za-z0-9_.][A-Za-z0-9_.-]*@[A-Za-z0-9.-]+:[^\s-][^\s]*"
)
# A password, or a user name as long as a token.
SECRET = re.compile(r"https?://([^/@]*:[^/@]+|[^/@]{20,})@")

# Short, easy to tell apart in a tmux status line; after these come numbered ones.
POLECATS = (
    "toast", "nux", "slit", "rictus", "angharad", "capable", "dag", "cheedo", "valkyrie", "keeper",
    "morsov", "ace", "furiosa", "max", "organic", "coma", "corpus", "miss", "goose", "jedediah",
)  # fmt: skip


def rig_name(text: str) -> str:
    """:raises Invalid: for what could escape a folder, a tmux target or an option."""
    if not RIG_NAME.fullmatch(text):
        shown = text if len(text) <= 40 else f"{text[:40]}…"
        raise Invalid(
            f"'{shown}' is no rig name",
            hint="1 to 40 letters, digits, '-' and '_', beginning with a letter or digit, such as 'backend'",
        )
    return text


def prefix(text: str) -> str:
    if not PREFIX.fullmatch(text):
        raise Invalid(
            f"'{text[:40]}' is no bead prefix",
            hint="lower-case letters and digits, such as 'be': --prefix be",
        )
    return text


def branch(text: str) -> str:
    bad = ".." in text or text.endswith(("/", ".", ".lock")) or "//" in text or "/." in text
    if bad or not BRANCH.fullmatch(text):
        raise Invalid(f"'{text[:60]}' is no branch name", hint="such as --branch main")
    return text


def repository(text: str) -> str:
    """A URL or a path that git may be given: no option, no remote helper (`ext::sh -c …`).

    Paths come back absolute. :raises Invalid: saying what is wrong with it."""
    if not text.strip():
        raise Invalid("the repository is empty", hint="--repo URL or --repo PATH")
    if text.startswith("-"):
        raise Invalid(f"'{text[:60]}' is no repository: it begins with '-'", hint="--repo URL or --repo PATH")
    if any(ord(c) < 32 or ord(c) == 127 for c in text):
        raise Invalid("the repository has control characters in it", hint="--repo URL or --repo PATH")
    if "::" in text.split("/", 1)[0]:
        transport = text.split("::", 1)[0]
        raise Invalid(f"git transport '{transport}::' is refused", hint="https, ssh, git, file, or a path")
    if SECRET.match(text):
        raise Invalid(
            f"the URL of {text.rpartition('@')[2][:80]} has a password or token in it, which every agent could read",
            hint="leave it out of the URL; git asks a credential helper (git help credentials), or use ssh",
        )
    if REMOTE.fullmatch(text):
        return text
    if "://" in text:
        raise Invalid(f"'{text[:80]}' is no repository URL", hint="https, ssh, git, file, or a path")
    path = Path(os.path.normpath(Path(text).expanduser().absolute()))
    if not path.exists():
        raise Invalid(f"there is no repository at {path}", hint="--repo URL or --repo PATH")
    return str(path)


def number(text: str) -> int | None:
    """The number of an attempt, as the store can count; None for any other text."""
    return int(text) if re.fullmatch("[0-9]{1,18}", text) else None


def guess_prefix(rig: str, taken: set[str]) -> str:
    """A short prefix from a rig's name: `ml-pipeline` → `mp`, `backend` → `ba`, longer while it is taken."""
    words = [w for w in re.split(r"[^a-z0-9]+", rig.lower()) if w]
    letters = "".join(words).lstrip("0123456789") or "rig"
    initials = "".join(w[0] for w in words if w[0].isalpha())
    candidates = [initials] if len(initials) > 1 else []
    candidates += [letters[:n] for n in range(2, min(len(letters), 8) + 1)] or [letters]
    candidates += [f"{letters[:6]}{n}" for n in range(2, 100)]
    return next(c for c in candidates if c not in taken)


def next_polecat(known: list[str], busy: set[str]) -> tuple[str, bool]:
    """A free worker's name, and whether it is a new one."""
    for name in known:
        if name not in busy:
            return name, False
    numbered = (f"polecat-{n}" for n in range(len(known) + 1, len(known) + 1000))
    return next(n for n in (*POLECATS, *numbered) if n not in known), True
