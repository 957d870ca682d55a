"""`bd label`."""

import click

from beads import words
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

        def one(issue: str) -> list[dict[str, str]]:
            issue_id = change.resolve(issue)
            # A label that an import has brought may itself hold a comma.
            whole = status == "removed" and name in change.get(issue_id).labels
            for each in (name,) if whole else _names(name):
                act(issue_id, each)
            return [{"status": status, "issue_id": issue_id, "label": each} for each in _names(name)]

        done = many.each(call, ids, one)
    _answer(call, [each for part in done for each in part])


def _names(text: str) -> tuple[str, ...]:
    return words.split(text) or (words.label(text.replace(",", " ")),)


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


@label.command()
@click.argument("issue")
@click.argument("name")
def propagate(issue: str, name: str) -> None:
    """Put a label on the children of an issue."""
    call = current()
    with call.writing() as change:
        found = change.children(change.get(change.resolve(issue)).id)
        added = [child.id for child in found if change.add_label(child.id, name)]
    _answer(call, [{"status": "added", "issue_id": issue_id, "label": name} for issue_id in added])


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
        for name in found or ["no labels"]:
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
        if not found:
            call.say("no labels")
