"""Command groups that cost nothing until a command is run: names and short help come from a table."""

import importlib
from collections.abc import Mapping
from typing import Any

import click

from beads.text import nearest, safe


class LazyGroup(click.Group):
    """A group over `{name: ("module:attribute", "short help")}`; imported when its command runs."""

    def __init__(self, *args: Any, table: Mapping[str, tuple[str, str]] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.table = dict(table or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return every name, in the table's order."""
        return [*self.table, *(name for name in super().list_commands(ctx) if name not in self.table)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name not in self.table:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = self.table[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments name; a wrong name is answered with the nearest right one."""
        name = args[0]
        command = self.get_command(ctx, name)
        if command is not None:
            return name, command, args[1:]
        if name.startswith("-"):
            return super().resolve_command(ctx, args)
        raise UnknownCommand(name, nearest(name, self.list_commands(ctx)), ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table alone; entries without help are aliases."""
        rows = [(name, text) for name, (_, text) in self.table.items() if text]
        rows += [
            (name, command.get_short_help_str())
            for name, command in self.commands.items()
            if not command.hidden
        ]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)


class UnknownCommand(click.UsageError):
    """The word after the program's name is no command of it."""

    def __init__(self, name: str, near: str | None, ctx: click.Context) -> None:
        super().__init__(f"unknown command {safe(name)!r}", ctx)
        self.hint = f"{ctx.command_path} {near}" if near else f"{ctx.command_path} --help"
