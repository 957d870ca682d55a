"""Verb: a command that takes the global flags too, wherever on the line they stand."""

import re
from itertools import islice
from typing import Any

import click

from beads.cli.call import Call


def _note(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    if value not in (None, False, 0, ()):
        call = ctx.find_root().ensure_object(Call)
        assert isinstance(call, Call) and param.name is not None
        call.flags[param.name.removeprefix("global_")] = value


def _option(*names: str, hidden: bool = True, **more: Any) -> click.Option:
    return click.Option([*names], expose_value=False, callback=_note, hidden=hidden, **more)


# The last line: what upstream removed and its clients still send. Accepted, and without effect.
GLOBALS: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (("--json",), {"is_flag": True, "help": "Answer in JSON.", "hidden": False}),
    (("--actor",), {"help": "In whose name to act.", "hidden": False}),
    (("-C", "--directory"), {"help": "Act as if started in this directory.", "type": click.Path()}),
    (("--db",), {"help": "The database to work on.", "type": click.Path()}),
    (("-q", "--quiet"), {"is_flag": True, "help": "Say only what was asked for."}),
    (("-v", "--verbose"), {"is_flag": True, "help": "Say more."}),
    (("--readonly",), {"is_flag": True, "help": "Refuse to change anything."}),
    (("--format",), {"type": click.Choice(["json", "text"])}),
    (("--sandbox",), {"is_flag": True}),
    (("--global",), {"is_flag": True}),
    (("--dolt-auto-commit",), {}),
    (("--profile",), {"is_flag": True}),
    (("--ignore-schema-skew",), {"is_flag": True}),
    (("--no-color",), {"is_flag": True}),
    *(
        ((flag,), {"is_flag": True})
        for flag in ("--no-daemon", "--no-auto-flush", "--no-auto-import", "--no-db")
    ),
)


def global_options(taken: set[str]) -> list[click.Option]:
    """Return the global options, without the spellings that a command uses for itself."""
    found = []
    for names, more in GLOBALS:
        free = [name for name in names if name not in taken]
        if any(name.startswith("--") for name in free):
            plain = names[-1].lstrip("-").replace("-", "_")
            found.append(_option(*free, f"global_{plain}", **more))
    return found


# Begins as an option does and can be none: an item of a Markdown list, a negative number, a rule.
_TEXT = re.compile(r"--?[^-A-Za-z]|---")


def _text_last(args: list[str], valued: set[str]) -> list[str]:
    """Put arguments behind `--` from the first on that would be taken for an option and is text.

    `valued` has the options whose value, whatever it looks like, is the next word.
    """
    first: list[str] = []
    last: list[str] = []
    rest = iter(args)
    for arg in rest:
        if arg == "--":
            last += rest
        elif arg in valued:
            first += (arg, *islice(rest, 1))
        elif _TEXT.match(arg) or (last and not arg.startswith("-")):
            last.append(arg)
        else:
            first.append(arg)
    return [*first, "--", *last] if last else args


class Verb(click.Command):
    """A command of `bd`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        taken = {name for param in self.params for name in (*param.opts, *param.secondary_opts)}
        self.params += global_options(taken)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse what was typed; a text that begins with a hyphen is a text."""
        options = [param for param in self.params if isinstance(param, click.Option)]
        valued = {name for each in options if not (each.is_flag or each.count) for name in each.opts}
        return super().parse_args(ctx, _text_last(args, valued))


class Nouns(click.Group):
    """A group of verbs, such as `dep` or `label`."""

    command_class = Verb

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params += global_options(set())
