"""`bd batch`: many changes in one transaction, all of them or none."""

import contextlib
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from beads.cli import boundary, texts
from beads.cli.call import Call, TakenBack, current
from beads.cli.verb import Verb
from beads.errors import BeadsError, Invalid
from beads.text import nearest, safe

if TYPE_CHECKING:
    from beads.store import Change, View

ALLOWED = (
    *("create", "new", "q", "update", "close", "done", "reopen", "dep", "link", "label", "comment", "note"),
    *(
        "assign",
        "unclaim",
        "priority",
        "tag",
        "defer",
        "undefer",
        "supersede",
        "duplicate",
        "delete",
        "set-state",
    ),
)
_NOUNS = ("dep", "label")
MAX_LINES = 5000  # everybody else's writing waits for the whole of it
_HELP = """Make many changes in one transaction: all of them, or none.

Each line is a command of bd without the word bd: create, update, close, reopen, dep, label, comment, note, assign,
unclaim, priority, tag, defer, undefer, link, supersede, duplicate, delete, set-state. Words that hold blanks stand in
double quotation marks. Empty lines and lines that begin with # are left out.

\b
  create "Fix the login" --type bug --id gt-login
  update gt-a1f --status in_progress --assignee ann
  dep add gt-login gt-a1f
  label add gt-login gt-a1f web

A line without options may also be of a short form:

\b
  create TYPE PRIORITY TITLE…
  update ID KEY=VALUE…
  close ID REASON…
  dep add ID ID TYPE

The first line that fails is told, and nothing is done."""
_TOKEN = re.compile(r'(?:"(?:\\.|[^"\\])*"|[^\s"])+')
_QUOTED = re.compile(r'"((?:\\.|[^"\\])*)"')


@dataclass(frozen=True)
class Line:
    """One line of a batch."""

    number: int
    text: str
    tokens: list[str]

    @property
    def op(self) -> str:
        """The command, as answers name it: `close`, `dep.add`."""
        return ".".join(self.tokens[: 2 if self.tokens[0] in _NOUNS else 1])


class Failed(BeadsError):
    """A line that could not be carried out, for which the whole batch was left."""

    def __init__(self, line: Line, message: str, hint: str | None) -> None:
        super().__init__(f"line {line.number}: {message}", hint or safe(line.text[:200]))
        self.details = {"line": line.number}


class Joined(Call):
    """A call that joins a transaction which others began, and whose answer is kept rather than printed."""

    owns_stdin = False

    def __init__(self, outer: Call, change: "Change") -> None:
        super().__init__()
        self._change = change
        self.beads_dir, self.actor, self.owner = outer.beads_dir, change.actor, outer.owner
        self.answer: Any = None
        self.last = ""

    @property
    def json(self) -> bool:
        """Whether the answer is to be JSON: it is kept as it is."""
        return True

    @contextmanager
    def reading(self) -> Iterator["View"]:
        """Look at the store as the lines before have left it."""
        yield self._change

    @contextmanager
    def writing(self, dry_run: bool = False) -> Iterator["Change"]:
        """Change the store in the transaction of all."""
        if said := sorted(self.flags.keys() - {"json"}):
            raise Invalid(f"--{said[0]} cannot be said in a line", f"say it to all: bd batch --{said[0]} …")
        with suppress(TakenBack), self._change.conn.begin_nested():
            yield self._change
            if dry_run:
                raise TakenBack

    def touched(self, issue_id: str) -> None:
        """Remember an issue, so that the next line need not name it."""
        self.last = issue_id

    def last_touched(self) -> str:
        """Return the issue that a line before, or a call before, touched."""
        return self.last or super().last_touched()

    def emit(self, value: Any) -> None:
        """Keep the answer."""
        self.answer = value

    def note(self, text: str) -> None:
        """Nobody reads remarks on a single line."""

    def failed(self, error: BeadsError) -> None:
        """Give up: what fails for one issue fails for all."""
        raise error


@click.command(cls=Verb, help=_HELP, short_help="Make many changes in one transaction.")
@click.option("-f", "--file", default="-", help="Read the lines from a file; else from standard input.")
@click.option("--dry-run", is_flag=True, help="Carry everything out, and take it back.")
@click.option("-m", "--message", hidden=True)
def batch(file: str, dry_run: bool, message: str | None) -> None:
    """Make many changes in one transaction."""
    call = current()
    lines = _lines(texts.read_file(file))
    results: list[dict[str, Any]] = []
    if lines:
        call.owner  # noqa: B018 asks git, which is slow, so before anybody has to wait for this transaction
        with call.writing(dry_run) as change:
            joined = Joined(call, change)
            results += [_carry_out(joined, line) for line in lines]
        if joined.last and not dry_run:
            call.touched(joined.last)
    _answer(call, results, dry_run)


def _lines(text: str) -> list[Line]:
    found = []
    for number, raw in enumerate(text.splitlines(), 1):
        stripped = raw.strip()
        if stripped and not stripped.startswith("#"):
            found.append(_line(number, stripped))
    if len(found) > MAX_LINES:
        raise Invalid(
            f"{len(found)} lines are too many for one batch; at most {MAX_LINES}", "cut it in several"
        )
    return found


def _line(number: int, text: str) -> Line:
    line = Line(number, text, [])
    if _TOKEN.sub("", text).strip():
        raise Failed(line, "a quotation is opened and not closed", None)
    raw = _TOKEN.findall(text)
    tokens = [_QUOTED.sub(lambda match: re.sub(r'\\(["\\])', r"\1", match[1]), token) for token in raw]
    if tokens[0] not in ALLOWED:
        near = nearest(tokens[0], ALLOWED)
        hint = f"did you mean {near!r}? " if near else ""
        raise Failed(
            line, f"{safe(tokens[0][:40])!r} cannot stand in a batch", f"{hint}one of: {', '.join(ALLOWED)}"
        )
    short = not any(token.startswith("-") for token in raw)
    return Line(number, text, _SHORT[tokens[0]](tokens) if short and tokens[0] in _SHORT else tokens)


def _create(tokens: list[str]) -> list[str]:
    verb, kind, priority, *title = tokens if len(tokens) > 3 else [*tokens, "", "", ""]
    if not re.fullmatch(r"[Pp]?\d", priority):
        return tokens
    return [verb, "--type", kind, "--priority", priority, "--title", " ".join(title)]


def _update(tokens: list[str]) -> list[str]:
    return [f"--{token}" if re.match(r"[a-z][a-z_-]*=", token) else token for token in tokens]


def _close(tokens: list[str]) -> list[str]:
    return [*tokens[:2], "--reason", " ".join(tokens[2:])] if len(tokens) > 2 else tokens


def _dep(tokens: list[str]) -> list[str]:
    verb = ["dep", "remove"] if tokens[1:2] == ["rm"] else tokens[:2]
    return [*verb, *tokens[2:4], *(["--type", tokens[4]] if len(tokens) == 5 else tokens[4:])]


_SHORT: dict[str, Callable[[list[str]], list[str]]] = {
    "create": _create,
    "update": _update,
    "close": _close,
    "dep": _dep,
}


def _carry_out(joined: Joined, line: Line) -> dict[str, Any]:
    from beads.cli.root import bd

    joined.flags, joined.answer = {}, None
    printed = io.StringIO()
    try:
        with (
            contextlib.redirect_stdout(printed),
            bd.make_context("bd", list(line.tokens), obj=joined) as context,
        ):
            bd.invoke(context)
    except click.exceptions.NoArgsIsHelpError:
        raise Failed(line, f"more is needed after {line.op!r}", f"bd {line.op} --help") from None
    except click.exceptions.Exit:
        raise Failed(line, "this does nothing in a batch", None) from None
    except click.ClickException as error:
        raise Failed(line, boundary.usage(error), getattr(error, "hint", None)) from None
    except BeadsError as error:
        raise Failed(line, error.message, error.hint) from error
    target = _target(joined.answer) or printed.getvalue().strip()
    return {"line": line.number, "op": line.op, **({"target": target} if target else {})}


def _target(answer: Any) -> str:
    """Return the id that an answer is about."""
    if isinstance(answer, list):
        return ", ".join(filter(None, (_target(each) for each in answer)))
    if not isinstance(answer, dict):
        return ""
    if "depends_on_id" in answer:
        return f"{answer['issue_id']}->{answer['depends_on_id']}"
    names = ("issue_id", "superseded", "duplicate", "id", "deleted", "closed")
    found = next((answer[name] for name in names if name in answer), "")
    return found if isinstance(found, str) else _target(found) or ", ".join(map(str, found))


def _answer(call: Call, results: list[dict[str, Any]], dry_run: bool) -> None:
    if call.json:
        status = {"dry_run": True} if dry_run else {"status": "ok"}
        return call.emit({"operations": len(results), **status, "results": results})
    done = "would be carried out" if dry_run else "committed"
    call.say(f"batch: {len(results)} operations {done}")
    for each in results:
        call.say(f"  line {each['line']}: {each['op']} {each.get('target', '')}".rstrip())
    return None
