"""The registry of runtimes: a literal, so that the type checker sees every adapter."""

from __future__ import annotations

from beads.errors import NotFound, Refused
from beads.text import nearest
from gastown.config import Settings
from gastown.runtimes import codex, shell
from gastown.runtimes.base import Runtime
from gastown.runtimes.custom import Custom

BUILT_IN: dict[str, Runtime] = {
    "shell": shell,
    "codex": codex,
}

# Known by name and refused with that said, rather than accepted and broken later.
NOT_YET = ("claude-code", "gemini", "cursor", "augment", "opencode", "copilot", "amp")


def names(settings: Settings) -> list[str]:
    return sorted({*BUILT_IN, *settings.runtimes})


def get(name: str, settings: Settings) -> Runtime:
    """A town's own `[runtimes.NAME]` wins over the built-in of that name.

    :raises Refused: known, but not complete in this version. :raises NotFound: with the nearest name."""
    if name in settings.runtimes:
        return Custom(name, settings.runtimes[name])
    if name in BUILT_IN:
        return BUILT_IN[name]
    if name in NOT_YET:
        raise Refused(
            f"runtime '{name}' is known but not complete in this version",
            hint=f"use shell or codex, or describe its command under [runtimes.{name}] in town.toml",
        )
    close = nearest(name, [*names(settings), *NOT_YET])
    raise NotFound(
        f"there is no runtime '{name[:40]}'",
        hint=f"did you mean '{close}'?" if close else "gt runtime list",
    )
