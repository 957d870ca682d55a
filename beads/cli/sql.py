"""`bd sql`: a question in SQL. It can only read, unless told otherwise."""

import csv
import sys

import click

from beads.cli.call import current
from beads.cli.verb import Verb
from beads.text import safe


@click.command(cls=Verb)
@click.argument("statement")
@click.option("--csv", "as_csv", is_flag=True, help="Answer in CSV.")
@click.option("--write", is_flag=True, help="Let the statement change the store.")
def sql(statement: str, as_csv: bool, write: bool) -> None:
    """Run one SQL statement."""
    from beads import sql

    call = current()
    if write:
        with call.writing() as change:
            answer = sql.change(change, statement)
    else:
        with call.reading() as view:
            answer = sql.ask(view, statement)
    if answer.columns is None:
        if call.json:
            call.emit({"rows_affected": answer.affected})
        else:
            call.say(f"{answer.affected} rows changed")
    elif call.json:
        call.emit([dict(zip(answer.columns, row, strict=True)) for row in answer.rows])
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(answer.columns)
        writer.writerows(answer.rows)
    else:
        for row in answer.rows:
            call.say("  ".join(safe(str(value)) for value in row))
