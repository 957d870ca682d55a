"""One call of `bd`: the flags that every verb takes, the store it works on, in whose name, and how it answers."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from beads import workspace
from beads.cli.jsonl import as_json
from beads.errors import BeadsError, Refused
from beads.text import safe, safe_block

if TYPE_CHECKING:
    from beads.store import Change, Store, View


class TakenBack(Exception):
    """Ends the transaction of a dry run."""


class Call:
    """What is known about this call, whichever side of the verb it was said on."""

    owns_stdin = True

    def __init__(self) -> None:
        self.flags: dict[str, Any] = {}

    @property
    def json(self) -> bool:
        """Whether the answer is to be JSON."""
        return bool(self.flags.get("json")) or self.flags.get("format") == "json"

    @property
    def quiet(self) -> bool:
        """Whether to say only what was asked for."""
        return bool(self.flags.get("quiet"))

    @property
    def cwd(self) -> Path:
        """Where the call is made, `-C` included."""
        return Path(self.flags.get("directory") or ".").absolute()

    @cached_property
    def environ(self) -> dict[str, str]:
        """The environment, in which `--db` counts as BEADS_DB does and beats it."""
        environ = dict(os.environ)
        if named := self.flags.get("db"):
            environ.pop("BEADS_DIR", None)
            environ["BEADS_DB"] = str(self.cwd / named)
        return environ

    @cached_property
    def beads_dir(self) -> Path:
        """The store's directory."""
        return workspace.find(self.cwd, self.environ)

    @cached_property
    def actor(self) -> str:
        """In whose name the call is made."""
        return workspace.actor(self.environ, self.flags.get("actor"), lambda _: self._identity)

    @cached_property
    def owner(self) -> str:
        """Who answers for what is made here: the address of git's author."""
        return self._identity[1]

    @cached_property
    def _identity(self) -> tuple[str, str]:
        # Asked of git once: each question is a process.
        return workspace.git_identity(self.environ)

    @cached_property
    def store(self) -> "Store":
        """The store, opened."""
        from beads.store import Store

        return Store.open(self.beads_dir)

    @contextmanager
    def reading(self) -> Iterator["View"]:
        """Look at the store."""
        with self.store.read() as view:
            yield view

    @contextmanager
    def writing(self, dry_run: bool = False) -> Iterator["Change"]:
        """Change the store, unless the call is read-only. A dry run does everything and takes it back."""
        if self.flags.get("readonly"):
            raise Refused("this call was made with --readonly, and it would write", "leave the flag out")
        actor = self.actor  # asks git, which is slow, so before anybody has to wait for this transaction
        mirrored = False
        with suppress(TakenBack), self.store.write(actor) as change:
            yield change
            if dry_run:
                raise TakenBack
            mirrored = change.config("export.auto") == "true"
        if mirrored:
            from beads.cli import autoexport

            autoexport.keep_up(self.store, self.note)

    # the last issue touched

    def touched(self, issue_id: str) -> None:
        """Remember an issue, so that the next call need not name it."""
        try:
            (self.beads_dir / "last-touched").write_text(issue_id + "\n")
        except OSError:
            pass

    def last_touched(self) -> str:
        """Return the issue last touched.

        :raises Refused: when there is none.
        """
        try:
            return (self.beads_dir / "last-touched").read_text().strip()
        except OSError:
            raise Refused("no issue was named, and none was touched before", "name one") from None

    # answers

    def emit(self, value: Any) -> None:
        """Answer with JSON: a list bare, an object with its schema's version."""
        if os.environ.get("BD_JSON_ENVELOPE") == "1":
            value = {"schema_version": 1, "data": value}
        elif isinstance(value, dict):
            value = {**value, "schema_version": 1}
        click.echo(as_json(value).encode())

    def say(self, text: str = "") -> None:
        """Answer a person with one line."""
        click.echo(safe(text))

    def say_block(self, text: str) -> None:
        """Answer a person with several lines."""
        click.echo(safe_block(text))

    def note(self, text: str) -> None:
        """Tell a person something beside the answer."""
        if not self.quiet:
            click.echo(safe(text), err=True)

    def failed(self, error: BeadsError) -> None:
        """Tell of what went wrong with one of several issues; the others go on."""
        told = (
            as_json({"error": error.message}, indent=None) if self.json else f"error: {safe(error.message)}"
        )
        click.echo(told, err=True)


def current() -> Call:
    """Return the call being made."""
    found = click.get_current_context().find_root().ensure_object(Call)
    assert isinstance(found, Call)
    return found
