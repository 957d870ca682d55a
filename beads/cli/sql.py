"""`bd sql`: a question in SQL. It can only read, unless told otherwise."""

import csv
import io
from typing import TYPE_CHECKING, Any

import click

from beads.cli.call import Call, current
from beads.cli.verb import Verb
from beads.errors import Invalid, Refused
from beads.text import safe

if TYPE_CHECKING:
    from beads.store import View


@click.command(cls=Verb)
@click.argument("statement")
@click.option("--csv", "as_csv", is_flag=True, help="Answer in CSV.")
@click.option("--write", is_flag=True, help="Let the statement change the store.")
def sql(statement: str, as_csv: bool, write: bool) -> None:
    """Run one SQL statement."""
    call = current()
    if write:
        from beads import ready

        with call.writing() as change:
            rows, affected = _execute(change, statement)
            ready.refresh_all(change.conn)
    else:
        with call.reading() as view:
            # Refused by the database itself, whatever the statement's words are.
            view.conn.exec_driver_sql("PRAGMA query_only = ON")
            try:
                rows, affected = _execute(view, statement)
            finally:
                view.conn.exec_driver_sql("PRAGMA query_only = OFF")
    _answer(call, rows, affected, as_csv)


def _execute(view: "View", statement: str) -> tuple[list[dict[str, Any]] | None, int]:
    from sqlalchemy.exc import DatabaseError

    try:
        result = view.conn.exec_driver_sql(statement)
        rows = [dict(row) for row in result.mappings()] if result.returns_rows else None
    except DatabaseError as error:
        if "readonly" in str(error.orig):
            raise Refused(
                "this statement would change the store", "bd sql is for reading; see bd sql --help"
            ) from None
        raise Invalid(
            f"SQL: {error.orig}", "tables: issues, dependencies, labels, comments, events"
        ) from None
    return rows, result.rowcount


def _answer(call: Call, rows: list[dict[str, Any]] | None, affected: int, as_csv: bool) -> None:
    if rows is None:
        if call.json:
            call.emit({"rows_affected": affected})
        else:
            call.say(f"{affected} rows changed")
    elif call.json:
        call.emit(rows)
    elif as_csv:
        click.echo(_csv(rows), nl=False)
    else:
        for row in rows:
            call.say("  ".join(safe(str(value)) for value in row.values()))


def _csv(rows: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    if rows:
        writer = csv.DictWriter(out, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return out.getvalue()
