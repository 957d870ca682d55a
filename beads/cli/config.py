"""`bd config`."""

import click

from beads import settings
from beads.cli.call import current
from beads.cli.verb import Nouns
from beads.errors import Invalid
from beads.text import safe

_MAX_KEY = 255


@click.group(cls=Nouns)
def config() -> None:
    """Settings of this issue store."""


def _key(key: str) -> str:
    if not key.strip() or len(key) > _MAX_KEY or not key.isprintable():
        raise Invalid(f"{safe(key[:60])!r} cannot be the name of a setting")
    return key


@config.command("set")
@click.argument("key")
@click.argument("value")
def set_value(key: str, value: str) -> None:
    """Set a setting."""
    call = current()
    settings.check(key, value)
    with call.writing() as change:
        change.set_config(_key(key), value)
    if call.json:
        call.emit({"key": key, "value": value, "location": "database"})
    else:
        call.say(f"{key} = {value}")


@config.command("set-many")
@click.argument("pairs", nargs=-1, required=True, metavar="KEY=VALUE…")
def set_many(pairs: tuple[str, ...]) -> None:
    """Set several settings: all of them, or none."""
    call = current()
    found = dict(_pair(pair) for pair in pairs)
    with call.writing() as change:
        for key, value in found.items():
            change.set_config(key, value)
    if call.json:
        call.emit([{"key": key, "value": value, "location": "database"} for key, value in found.items()])
    else:
        for key, value in found.items():
            call.say(f"{key} = {value}")


def _pair(pair: str) -> tuple[str, str]:
    key, equals, value = pair.partition("=")
    if not equals:
        raise click.UsageError(f"{safe(pair[:60])!r} is no KEY=VALUE")
    settings.check(_key(key), value)
    return key, value


@config.command("get")
@click.argument("key")
def get_value(key: str) -> None:
    """Read a setting."""
    call = current()
    with call.reading() as view:
        value = view.config(key)
    if call.json:
        call.emit({"key": key, "value": value or ""})
    else:
        call.say(f"{key} (not set)" if value is None else value)


@config.command("list")
def list_values() -> None:
    """List the settings."""
    call = current()
    with call.reading() as view:
        found = {key: value for key, value in view.config_items().items() if not key.startswith("kv.")}
    if call.json:
        call.emit(found)
    else:
        for key, value in found.items():
            call.say(f"{key} = {value}")


@config.command()
@click.argument("key")
def unset(key: str) -> None:
    """Forget a setting."""
    call = current()
    with call.writing() as change:
        change.unset_config(_key(key))
    if call.json:
        call.emit({"key": key, "location": "database"})
    else:
        call.say(f"{key} unset")
