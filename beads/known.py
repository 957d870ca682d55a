"""Words to look for: those that may be set, those that an import has brought and some issue has, and rigs."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Column, select

from beads import words
from beads.errors import Invalid, NotFound
from beads.queries import View
from beads.schema import issues


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


def rig_prefix(view: View, name: str) -> tuple[str, tuple[str, ...]]:
    """Return the prefix of a rig, and those longer ones of other rigs that begin with it.

    :raises NotFound: with the nearest rig.
    """
    rigs = {key[4:-7]: prefix for key, prefix in view.config_items("rig.").items() if key.endswith(".prefix")}
    if name not in rigs:
        error = words.unknown("rig", name, rigs)
        raise NotFound(error.message, error.hint if rigs else "this store has none")
    mine = rigs[name]
    return mine, tuple(prefix for prefix in rigs.values() if prefix.startswith(f"{mine}-"))


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
