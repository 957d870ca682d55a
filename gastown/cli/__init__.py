"""`gt`: the command line of the town. One module a noun, imported when it is called; this one imports Click alone."""

from __future__ import annotations

import click

from beads.cli.lazy import LazyGroup
from beads.version import __version__

COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("gastown.cli.town:init", "Make a town in a new or empty folder."),
    "install": ("gastown.cli.town:init", ""),
    "status": ("gastown.cli.town:status", "The town at a glance: rigs, workers, merges, convoys."),
    "rig": ("gastown.cli.rig:rig", "Rigs: create, list, info, config, remove, park, unpark."),
    "sling": ("gastown.cli.work:sling", "Put beads on polecats' hooks."),
    "unsling": ("gastown.cli.work:unsling", "Take a bead back from its polecat."),
    "convoy": ("gastown.cli.convoy:convoy", "Convoys: create, add, list, status, run, close."),
    "polecat": ("gastown.cli.polecat:polecat", "Polecats: list, status, peek, attach, nuke, saved, restore."),
    "hook": ("gastown.cli.work:hook", "In an agent's session: the bead to work on."),
    "prime": ("gastown.cli.work:prime", "In an agent's session: everything needed to begin."),
    "done": ("gastown.cli.work:done", "In an agent's session: hand in the work."),
    "daemon": ("gastown.cli.daemon:daemon", "The daemon: run, start, stop, status."),
    "up": ("gastown.cli.daemon:up", "Start the daemon; what was left is taken up again."),
    "down": ("gastown.cli.daemon:down", "Stop the daemon and every session; nothing is lost."),
    "runtime": ("gastown.cli.runtime:runtime", "Runtimes: list."),
    "config": ("gastown.cli.config:config", "Settings in town.toml: get, set, example."),
    "demo": ("gastown.cli.demo:demo", "A whole town at work on example repositories, in a minute."),
}


@click.group(
    cls=LazyGroup,
    table=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 done, 1 refused or failed, 2 usage, 3 a bug of gt, 4 nothing on the hook, 130 interrupted.",
)
@click.version_option(__version__, "-V", "--version", prog_name="gt", message="%(prog)s %(version)s")
def gt() -> None:
    """Put many coding agents to work on many repositories."""


def main() -> None:
    """Run `gt`; the console script's entry."""
    from beads.cli.boundary import leave, run

    leave(run(gt, "gt"))
