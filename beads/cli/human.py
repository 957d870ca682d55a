"""`bd human`: what a person needs most; and the issues that wait for one, which carry the label `human`."""

from typing import TYPE_CHECKING, Any

import click

from beads import shapes
from beads.cli import narrow, render, texts
from beads.cli.call import Call, current
from beads.cli.verb import Nouns
from beads.errors import Invalid, Refused

if TYPE_CHECKING:
    from beads.model import Issue
    from beads.store import Change, View

LABEL = "human"
RESPONDED, DISMISSED = "Responded", "Dismissed"
_GUIDE = """\
Working with issues
  bd create TITLE           file an issue
  bd list                   list them: --status, --priority, --label
  bd show ID                read one
  bd update ID              change one: --status, --priority, --assignee
  bd comment ID TEXT        say something about it
  bd close ID               close it; bd reopen ID opens it again
  bd undo                   take back your last change

Finding work
  bd ready                  what can be started now
  bd blocked                what is held up, and by what
  bd search WORDS           find issues by their words
  bd query "status=open AND priority<=1"
  bd status                 how many there are

What depends on what
  bd dep add ID ID          the first waits for the second
  bd dep tree ID            what it waits for, and that in turn
  bd graph ID               the same as a picture: --html, --dot

What waits for you
  bd human list             issues with the label `human`
  bd human respond ID TEXT  answer one and close it
  bd human dismiss ID       close one without an answer

bd --help lists every command.
"""


@click.group(cls=Nouns, invoke_without_command=True)
@click.pass_context
def human(context: click.Context) -> None:
    """What a person needs most; and the issues that wait for one."""
    if context.invoked_subcommand is None:
        click.echo(_GUIDE, nl=False)


@human.command("list")
@click.option(
    "-s", "--status", help="Only these statuses; comma list, or `all` (the default is all but closed)."
)
def list_waiting(status: str | None) -> None:
    """List the issues that wait for a person, whatever their type."""
    call = current()
    with call.reading() as view:
        found = [shapes.issue(issue) for issue in _waiting(view, status)]
    if call.json:
        call.emit(found)
    else:
        render.lines(found, "nothing waits for a person")


def _waiting(view: "View", status: str | None) -> "list[Issue]":
    from beads.filters import Filter

    every = status is not None and status.lower() == "all"
    chosen = narrow.statuses(view, status) if status and not every else ()
    return view.find(
        Filter(
            labels=(LABEL,),
            statuses=chosen,
            not_statuses=() if status else ("closed", "pinned", "deferred"),
            pinned=None if status else False,
        )
    )


def _open(call: Call, change: "Change", name: str) -> "Issue":
    issue = change.get(change.resolve(name))
    if issue.status == "closed":
        raise Refused(f"{issue.id} is closed already", f"bd show {issue.id}")
    if LABEL not in issue.labels:
        call.note(f"{issue.id} does not have the label {LABEL!r}")
    return issue


def _answer(call: Call, issue: "Issue", what: str) -> None:
    if call.json:
        call.emit(shapes.issue(issue))
    else:
        call.say(f"{what} {issue.id}, and closed it")


@human.command()
@click.argument("issue")
@click.argument("words", nargs=-1, metavar="[TEXT]")
@click.option("-r", "--response", help="The answer, when not given as argument.")
@click.option("-f", "--file", help="Read it from a file; - is stdin.")
@click.option("--stdin", is_flag=True, help="Read it from standard input.")
def respond(issue: str, words: tuple[str, ...], response: str | None, file: str | None, stdin: bool) -> None:
    """Answer an issue that waits for a person, and close it."""
    call = current()
    if words and response is not None:
        raise click.UsageError("the answer is given twice, as argument and as --response")
    given = response if response is not None else " ".join(words) or None
    text = texts.one_of(given, "-" if stdin else file, "the answer")
    if not (text or "").strip():
        raise Invalid("there is no answer", f'bd human respond {issue} "what you have to say"')
    with call.writing() as change:
        found = _open(call, change, issue)
        change.add_comment(found.id, f"Response: {text}")
        done = change.close(found.id, RESPONDED, force=True)
    _answer(call, done, "answered")


@human.command()
@click.argument("issue")
@click.argument("words", nargs=-1, metavar="[REASON]")
@click.option("-r", "--reason", default="", help="Why, when not given as argument.")
def dismiss(issue: str, words: tuple[str, ...], reason: str) -> None:
    """Close an issue that waits for a person, without an answer."""
    call = current()
    why = (reason or " ".join(words)).strip()
    with call.writing() as change:
        found = _open(call, change, issue)
        done = change.close(found.id, f"{DISMISSED}: {why}" if why else DISMISSED, force=True)
    _answer(call, done, "dismissed")


@human.command()
def stats() -> None:
    """Count what waits, what was answered and what was dismissed."""
    call = current()
    with call.reading() as view:
        found = _waiting(view, "all")
    closed = [issue for issue in found if issue.status == "closed"]
    dismissed = sum(issue.close_reason.startswith(DISMISSED) for issue in closed)
    counts: dict[str, Any] = {
        "total": len(found),
        "pending": len(found) - len(closed),
        "responded": len(closed) - dismissed,
        "dismissed": dismissed,
    }
    if call.json:
        call.emit(counts)
    else:
        for name, count in counts.items():
            call.say(f"{count:>6}  {name}")
