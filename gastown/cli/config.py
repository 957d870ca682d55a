"""`gt config get|set|example`."""

from __future__ import annotations

import click

from gastown.cli.output import as_setting, json_option, print_json


@click.group()
def config() -> None:
    """Settings in town.toml, by dotted key: town.max_polecats, rigs.backend.gates."""


@config.command()
@click.argument("key")
@json_option
def get(key: str, as_json: bool) -> None:
    """The value of KEY, defaults included."""
    from gastown import config as settings
    from gastown import town

    value = settings.get_value(town.find().settings, tuple(key.split(".")))
    if as_json or isinstance(value, dict):
        print_json({"key": key, "value": value})
    else:
        click.echo(as_setting(value))


@config.command("set", context_settings={"ignore_unknown_options": True})  # a value may be -1
@click.argument("key")
@click.argument("value")
def set_(key: str, value: str) -> None:
    """Set KEY; comments and order in town.toml are kept."""
    from beads import bell
    from beads.errors import Invalid
    from gastown import config as settings
    from gastown import rigs, runtimes, town

    here = town.find()
    keys = tuple(key.split("."))
    if len(keys) < 2 or not all(keys):
        raise Invalid(f"'{key}' is no dotted key", hint="such as town.max_polecats or rigs.NAME.gates")
    if keys[0] == "rigs" and len(keys) == 3:
        rigs.set_setting(here, keys[1], keys[2], value)
    else:
        if keys == ("town", "default_runtime"):
            runtimes.get(value, here.settings)
        settings.set_value(here.file, keys, value)
    bell.ring(here.beads_dir)
    click.echo(f"{key} = {as_setting(settings.get_value(here.settings, keys))}")


@config.command()
def example() -> None:
    """Print town.example.toml, in which every key is explained."""
    from pathlib import Path

    import gastown

    here = Path(gastown.__file__).parent
    path = next(p for p in (here / "town.example.toml", here.parent / "town.example.toml") if p.exists())
    click.echo(path.read_text(encoding="utf-8"), nl=False)
