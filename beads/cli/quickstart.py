"""`bd quickstart`: the shortest introduction."""

import click

from beads.cli.verb import Verb

TEXT = """\
bd: issues that agents and people work from

  bd init                            make an issue store here
  bd create "Fix the login" -p 1     file an issue
  bd create "Test it" --deps ID      … that waits for another
  bd ready                           what can be started now
  bd update ID --claim               take it; only one caller gets it
  bd show ID                         everything about it
  bd close ID --reason "Fixed"       done: what waited for it is ready
  bd blocked                         what is held up, and by what

Add --json to any of them for programs. `bd VERB --help` tells the rest.
"""


@click.command(cls=Verb)
def quickstart() -> None:
    """Show the shortest introduction."""
    click.echo(TEXT, nl=False)
