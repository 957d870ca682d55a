"""One SQL statement of a person's own: a question, or with leave a change."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import DatabaseError

from beads import ready
from beads.changes import Change
from beads.errors import Invalid, Refused
from beads.queries import View


@dataclass(frozen=True)
class Answer:
    """What a statement gave. `columns` is None where it returns no rows; then `affected` counts those it changed."""

    columns: tuple[str, ...] | None
    rows: list[tuple[Any, ...]]
    affected: int


def ask(view: View, statement: str) -> Answer:
    """Run a statement that can only read: the database itself refuses any other, whatever its words are.

    :raises Refused: when it would change the store. :raises Invalid: when it is no SQL."""
    view.conn.exec_driver_sql("PRAGMA query_only = ON")
    try:
        return _run(view, statement)
    finally:
        view.conn.exec_driver_sql("PRAGMA query_only = OFF")


def change(change: Change, statement: str) -> Answer:
    """Run a statement that may change the store. :raises Invalid: when it is no SQL."""
    answer = _run(change, statement)
    ready.refresh_all(change.conn)
    return answer


def _run(view: View, statement: str) -> Answer:
    try:
        result = view.conn.exec_driver_sql(statement)
        if not result.returns_rows:
            return Answer(None, [], result.rowcount)
        return Answer(tuple(result.keys()), [tuple(row) for row in result], 0)
    except DatabaseError as error:
        if "readonly" in str(error.orig):
            raise Refused("this statement would change the store", "see: bd sql --help") from None
        raise Invalid(
            f"SQL: {error.orig}", "tables: issues, dependencies, labels, comments, events"
        ) from None
