"""`gt daemon run|start|stop|status`, `gt up`, `gt down`."""

from __future__ import annotations

import click

from gastown.cli.output import json_option, print_json, some


@click.group()
def daemon() -> None:
    """The daemon gives out work, watches sessions, merges and lands convoys. It spends no tokens."""


@daemon.command()
def run() -> None:
    """Run in the foreground until SIGTERM or Ctrl-C."""
    from gastown import daemon as loop
    from gastown import town

    loop.run(town.find())


@daemon.command()
def start() -> None:
    """Start in the background."""
    _start()


def _start() -> None:
    from gastown import daemon as loop
    from gastown import town

    here = town.find()
    running = loop.holder(here)
    process = loop.start(here)
    click.echo(
        f"daemon {process} runs already"
        if running
        else f"daemon {process} started; log: {here.logs / 'daemon.log'}"
    )


@daemon.command()
def stop() -> None:
    """Stop it; sessions go on by themselves."""
    from gastown import daemon as loop
    from gastown import town

    click.echo("daemon stopped" if loop.stop(town.find()) else "no daemon runs")


@daemon.command()
@json_option
def status(as_json: bool) -> None:
    """Whether it runs. Exit code 1 where it does not."""
    from gastown import daemon as loop
    from gastown import town

    process = loop.holder(town.find())
    if as_json:
        print_json({"running": process is not None, "pid": process})
    else:
        click.echo(f"daemon {process} runs" if process else "no daemon runs: gt up")
    if process is None:
        raise SystemExit(1)


@click.command()
def up() -> None:
    """Start the daemon; whatever was left half-way is taken up again."""
    _start()


@click.command()
def down() -> None:
    """Stop the daemon and end every session. Clones stay; gt up goes on with them."""
    from gastown import daemon as loop
    from gastown import town

    ended = loop.down(town.find())
    kept = (
        f"{some(ended, 'session')} ended, and what they did is kept: gt up goes on"
        if ended
        else "no session ran"
    )
    click.echo(f"the town is down; {kept}")
