"""`bd mol wisp`: wisps made, listed, and collected when their time has passed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import click

from beads import shapes, when
from beads.cli import render, texts
from beads.cli.call import Call, current
from beads.cli.verb import Nouns
from beads.errors import Invalid
from beads.text import safe

F = TypeVar("F", bound=Callable[..., Any])


class _Wisps(Nouns):
    """A group whose verb `create` may be left out: `bd mol wisp TEMPLATE`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put in the verb that was left out."""
        words = [word for word in args if not word.startswith("-")]
        if words and not any(word in self.commands for word in words):
            args = ["create", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Wisps)
def wisp() -> None:
    """Molecules that are never exported. `bd mol wisp TEMPLATE` makes one."""


def pour_options(command: F) -> F:
    """Add what every way of pouring takes."""
    command = click.option("--dry-run", is_flag=True, help="Only tell what would be made.")(command)
    return click.option("--var", "values", multiple=True, metavar="NAME=VALUE", help="What varies.")(command)


def poured(name: str, values: tuple[str, ...], dry_run: bool, **how: Any) -> None:
    """Pour a template, and answer."""
    from beads import molecules

    call = current()
    named = dict(_pair(each) for each in values)
    with call.writing(dry_run) as change:
        source = molecules.template(change, name)
        made = molecules.pour(change, source.id, named, **how)
        parts = [shapes.issue(part) for part in molecules.members(change, made.root)]
    if not dry_run:
        call.touched(made.root)
    _answer(call, made.root, made.parts, parts, dry_run)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise Invalid(f"{safe(text)!r} gives no variable a value", "--var NAME=VALUE")
    return name, value


def _answer(
    call: Call, root: str, mapping: dict[str, str], parts: list[dict[str, Any]], dry_run: bool
) -> None:
    phase = "vapor" if parts[0].get("ephemeral") else "liquid"
    answer = {
        "new_epic_id": root,
        "id_mapping": mapping,
        "created": len(parts),
        "attached": 0,
        "phase": phase,
    }
    if call.json:
        call.emit(answer | ({"dry_run": True} if dry_run else {}))
        return
    for part in parts:
        click.echo(("would make " if dry_run else "made ") + render.line(part))
    # Read by scripts in just these words.
    call.say(f"Root issue: {root}")


@wisp.command()
@click.argument("name", metavar="TEMPLATE")
@pour_options
@click.option("--root-only", is_flag=True, help="Without the steps.")
def create(name: str, values: tuple[str, ...], dry_run: bool, root_only: bool) -> None:
    """Make a wisp from a template, by its id or title."""
    poured(name, values, dry_run, wisp=True, root_only=root_only)


@wisp.command("list")
@click.option("--all", "every", is_flag=True, help="Closed ones too.")
@click.option("--type", "kind", default="", help="Only this type.")
def list_wisps(every: bool, kind: str) -> None:
    """List wisps, the last changed first."""
    from beads.filters import Filter
    from beads.wisps import OLD

    call = current()
    with call.reading() as view:
        hidden = () if every else ("closed",)
        wanted = Filter(ephemeral=True, types=(kind,) if kind else (), not_statuses=hidden, sort="updated")
        found = [(shapes.issue(each), view.now - each.updated_at > OLD) for each in view.find(wanted)]
    if call.json:
        old = sum(is_old for _, is_old in found)
        listed = [_line(each, is_old) for each, is_old in found]
        call.emit({"wisps": listed, "count": len(found), **({"old_count": old} if old else {})})
        return
    for each, is_old in found:
        click.echo(render.line(each, more="  (old)" if is_old else ""))
    if not found:
        click.echo("no wisps")


def _line(each: dict[str, Any], is_old: bool) -> dict[str, Any]:
    names = ("id", "title", "status", "priority", "labels", "created_at", "updated_at", "wisp_type")
    found = {name: each[name] for name in names if name in each}
    return {**found, "type": each["issue_type"], **({"old": True} if is_old else {})}


@wisp.command("gc")
@click.option("--age", help="So long after the last change, instead of the times of their types: 1h, 24h.")
@click.option("--closed", is_flag=True, help="All that are closed, however new.")
@click.option("-f", "--force", is_flag=True, help="With --closed: delete; without it, only tell.")
@click.option("--exclude-type", "not_types", multiple=True, help="Not these types.")
@click.option("--dry-run", is_flag=True, help="Only tell.")
@click.option("--all", "ignored", is_flag=True, hidden=True, expose_value=False)
def collect(age: str | None, closed: bool, force: bool, not_types: tuple[str, ...], dry_run: bool) -> None:
    """Delete wisps whose time has passed and in which nobody works.

    6 hours after the last change for heartbeats and pings, 7 days for recoveries, errors and escalations, 24
    hours for all others.
    """
    from beads import wisps

    call = current()
    kept = None if age is None else timedelta(microseconds=when.duration(age) // 1000)
    telling = dry_run or (closed and not force)
    with call.reading() if telling else call.writing() as view:
        going = wisps.spent(view, kept, closed, texts.joined(not_types))
        if not telling:
            wisps.collect(view, going)  # type: ignore[arg-type]
    answer: dict[str, Any] = {"cleaned_ids": going, "cleaned_count": 0 if telling else len(going)}
    answer |= {"candidates": len(going), "dry_run": True} if telling else {}
    if call.json:
        call.emit(answer)
        return
    for issue_id in going:
        call.say(f"{'would delete' if telling else 'deleted'} {issue_id}")
    call.say(f"{len(going)} wisps" + ("; nothing was deleted yet" if telling and going else ""))
