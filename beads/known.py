"""Words to look for: those that may be set, and those that an import has brought and some issue has."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Column, select

from beads import words
from beads.errors import Invalid
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
