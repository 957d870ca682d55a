"""Finding issues by their words: ids and titles by any part, all texts by whole words and beginnings of words."""

import re

from sqlalchemy import or_, select, text

from beads import filters, rows
from beads.filters import Filter
from beads.model import Issue
from beads.queries import View
from beads.schema import issues

_ID_LIKE = re.compile(r"[A-Za-z0-9_]+-[A-Za-z0-9_.-]+|#?\d+")


def search(view: View, words: str, wanted: Filter) -> list[Issue]:
    """Return the issues that a person may mean by these words, within a filter and in its order."""
    conditions = [filters.containing(issues.c.id, words), filters.containing(issues.c.title, words)]
    if _ID_LIKE.fullmatch(words):
        conditions.append(filters.containing(issues.c.external_ref, words))
    pattern = match(words)
    if pattern:
        found = text("SELECT rowid FROM issue_search WHERE issue_search MATCH :pattern").bindparams(
            pattern=pattern
        )
        conditions.append(issues.c.seq.in_(found.columns(issues.c.seq).scalar_subquery()))
    query = filters.narrowed(select(*rows.COLUMNS).where(or_(*conditions)), wanted)
    return view.issues_of(filters.ordered(query, wanted))


def match(words: str) -> str:
    """Return what FTS5 is asked: each word quoted, so that none is taken for its syntax, and as a beginning."""
    parts = re.findall(r"\w+", words)
    return " AND ".join(f'"{part}"*' for part in parts)
