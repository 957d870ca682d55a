"""`bd comment`, `bd comments`, `bd note`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from beads import shapes
from beads.cli import render, texts
from beads.cli.call import Call, current
from beads.cli.verb import Verb
from beads.text import safe

if TYPE_CHECKING:
    from beads.model import Comment


def _text(parts: tuple[str, ...], file: str | None, stdin: bool) -> str:
    found = texts.one_of(" ".join(parts) if parts else None, "-" if stdin else file, "the text")
    if found is None:
        raise click.UsageError("a text is needed: as argument, by --file or by --stdin")
    return found


def _add(call: Call, name: str, text: str, author: str | None) -> None:
    with call.writing() as change:
        said = change.add_comment(change.resolve(name), text, author)
    if call.json:
        call.emit(shapes.comment(said))
    else:
        call.say(f"commented on {said.issue_id}")


@click.command(cls=Verb)
@click.argument("issue")
@click.argument("text", nargs=-1)
@click.option("-a", "--author", help="Who says it; else you.")
@click.option("-f", "--file", type=Path, help="Read it from a file; - is stdin.")
@click.option("--stdin", is_flag=True, help="Read it from standard input.")
def comment(issue: str, text: tuple[str, ...], author: str | None, file: Path | None, stdin: bool) -> None:
    """Say something about an issue."""
    _add(current(), issue, _text(text, str(file) if file else None, stdin), author)


@click.command(cls=Verb)
@click.argument("words", nargs=-1, required=True, metavar="ID | add ID TEXT")
@click.option("-a", "--author", help="With add: who says it; else you.")
@click.option("-f", "--file", type=Path, help="With add: read it from a file; - is stdin.")
@click.option("--local-time", "ignored", is_flag=True, hidden=True)
def comments(words: tuple[str, ...], author: str | None, file: Path | None, ignored: bool) -> None:
    """Read what was said about an issue, or add to it."""
    call = current()
    if words[0] == "add" and len(words) > 1:
        return _add(call, words[1], _text(words[2:], str(file) if file else None, False), author)
    names = words[1:] if words[0] == "list" and len(words) > 1 else words
    if len(names) > 1:
        raise click.UsageError(
            f"one issue, not {len(names)}; to say something: bd comment {safe(names[0])} TEXT"
        )
    with call.reading() as view:
        found = view.comments(view.get(view.resolve(names[0])).id)
    return _answer(call, found)


def _answer(call: Call, found: "list[Comment]") -> None:
    if call.json:
        call.emit([shapes.comment(said) for said in found])
        return
    click.echo("\n\n".join(render.comment(shapes.comment(said)) for said in found) or "no comments")


@click.command(cls=Verb)
@click.argument("issue")
@click.argument("text", nargs=-1)
@click.option("-f", "--file", type=Path, help="Read it from a file; - is stdin.")
@click.option("--stdin", is_flag=True, help="Read it from standard input.")
def note(issue: str, text: tuple[str, ...], file: Path | None, stdin: bool) -> None:
    """Add to an issue's notes."""
    call = current()
    added = _text(text, str(file) if file else None, stdin)
    with call.writing() as change:
        before = change.get(change.resolve(issue))
        notes = f"{before.notes}\n{added}" if before.notes else added
        done = change.update(before.id, notes=notes)
    if call.json:
        call.emit(shapes.issue(done))
    else:
        click.echo("noted on " + render.line(shapes.issue(done)))
