"""Words to look for: those that may be set, those that an import has brought and some issue has, and rigs."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Column, select

from beads import words
from beads.errors import Invalid, NotFound
from beads.queries import View
from beads.schema import issues
from beads.text import safe


def status(view: View, word: str) -> str:
    """Return a status to look for.

    :raises Invalid: with the nearest one.
    """
    return _known(view, words.status, "status.custom", issues.c.status, word)


def issue_type(view: View, word: str) -> str:
    """Return a type to look for.

    :raises Invalid: with the nearest one.
    """
    return _known(view, words.issue_type, "types.custom", issues.c.issue_type, word)


def rig_prefix(view: View, name: str) -> str:
    """Return the prefix of a rig's issues.

    :raises NotFound: with the nearest rig.
    """
    rigs = _rigs(view)
    if not rigs:
        raise NotFound(
            f"there is no rig {safe(name)!r}: this store has none", "gt rig create NAME --repo URL"
        )
    if name not in rigs:
        near = words.unknown("rig", name, rigs)
        raise NotFound(near.message, near.hint)
    return rigs[name]


def prefixes_within(view: View, prefix: str) -> tuple[str, ...]:
    """Return the prefixes of other rigs that begin with this one."""
    return tuple(other for other in _rigs(view).values() if other.startswith(f"{prefix}-"))


def _rigs(view: View) -> dict[str, str]:
    return {key[4:-7]: prefix for key, prefix in view.config_items("rig.").items() if key.endswith(".prefix")}


def _known(
    view: View, read: Callable[[str, str | None], str], setting: str, where: Column[Any], word: str
) -> str:
    try:
        return read(word, view.config(setting))
    except Invalid:
        name = word.strip().lower()
        if view.conn.execute(select(issues.c.id).where(where == name).limit(1)).first() is None:
            raise
        return name
