"""`bd label`."""

import click

from beads.cli import many
from beads.cli.call import Call, current
from beads.cli.verb import Nouns


@click.group(cls=Nouns)
def label() -> None:
    """Labels: what an issue is about."""


def _change(ids: tuple[str, ...], name: str, status: str) -> None:
    call = current()
    with call.writing() as change:
        act = change.add_label if status == "added" else change.remove_label

        def one(issue: str) -> dict[str, str]:
            issue_id = change.resolve(issue)
            act(issue_id, name)
            return {"status": status, "issue_id": issue_id, "label": name}

        done = many.each(call, ids, one)
    _answer(call, done)


def _answer(call: Call, done: list[dict[str, str]]) -> None:
    if call.json:
        call.emit(done)
    else:
        for each in done:
            call.say(f"{each['status']} {each['label']}: {each['issue_id']}")


@label.command()
@click.argument("ids", nargs=-1, required=True)
@click.argument("name")
def add(ids: tuple[str, ...], name: str) -> None:
    """Put a label on issues."""
    _change(ids, name, "added")


@label.command()
@click.argument("ids", nargs=-1, required=True)
@click.argument("name")
def remove(ids: tuple[str, ...], name: str) -> None:
    """Take a label off issues."""
    _change(ids, name, "removed")


@label.command("list")
@click.argument("issue")
def list_labels(issue: str) -> None:
    """List an issue's labels."""
    call = current()
    with call.reading() as view:
        found = list(view.get(view.resolve(issue)).labels)
    if call.json:
        call.emit(found)
    else:
        for name in found:
            call.say(name)


@label.command("list-all")
def list_all() -> None:
    """List every label and how many issues carry it."""
    from beads import statistics

    call = current()
    with call.reading() as view:
        found = statistics.label_counts(view)
    if call.json:
        call.emit([{"label": name, "count": count} for name, count in found])
    else:
        for name, count in found:
            call.say(f"{count:>6}  {name}")
