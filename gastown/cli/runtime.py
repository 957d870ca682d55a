"""`gt runtime list`."""

from __future__ import annotations

import click

from gastown.cli.output import json_option, print_json, table


@click.group()
def runtime() -> None:
    """Runtimes: the programs that polecats run."""


@runtime.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Every runtime, and whether it is ready here."""
    from gastown import runtimes, town
    from gastown.config import Settings

    try:
        settings = town.find().settings
    except town.NoTown:
        settings = Settings()
    rows = []
    for name in runtimes.names(settings):
        found = runtimes.get(name, settings)
        missing = found.missing()
        rows.append({"name": name, "state": "missing" if missing else "ready", "command": found.command,
                     "about": missing or found.about})  # fmt: skip
    rows += [
        {"name": name, "state": "not yet", "command": "", "about": "known, not complete in this version"}
        for name in runtimes.NOT_YET
        if name not in settings.runtimes
    ]
    if as_json:
        print_json(rows)
        return
    table(("name", "state", "about"), [(r["name"], r["state"], r["about"]) for r in rows], "")
