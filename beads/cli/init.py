"""`bd init`."""

import re
from pathlib import Path

import click

from beads import ids
from beads.cli.call import Call, current
from beads.cli.verb import Verb
from beads.errors import Refused
from beads.workspace import DATABASE, FOLDER, follow


class ExistsAlready(Refused):
    """There is an issue store here already."""

    exit_code = 11


@click.command(cls=Verb)
@click.option("-p", "--prefix", help="What ids begin with; else the directory's name.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing.")
@click.option("--stealth", is_flag=True, help="Keep the store out of git's sight, for this clone only.")
@click.option("--from-jsonl", is_flag=True, help="Fill it from .beads/issues.jsonl.")
@click.option("--skip-hooks", "--skip-agents", "--non-interactive", "ignored", is_flag=True, hidden=True)
@click.option("--role", hidden=True)
@click.option("--backend", hidden=True)
def init(
    prefix: str | None,
    quiet: bool,
    stealth: bool,
    from_jsonl: bool,
    ignored: bool,
    role: str | None,
    backend: str | None,
) -> None:
    """Make an issue store in `.beads` here. Never asks anything."""
    from beads.store import Store

    call = current()
    beads_dir = _place(call)
    if (beads_dir / DATABASE).exists():
        raise ExistsAlready(f"{beads_dir} has an issue store already", "look at it: bd info")
    name = prefix.rstrip("-") if prefix else _prefix_of(beads_dir.parent)
    Store.create(beads_dir, name).close()
    if from_jsonl:
        _fill(beads_dir, call)
    if stealth:
        _hide(beads_dir)
    if not quiet and not call.quiet:
        call.say(f"made an issue store in {beads_dir}; ids begin with {name}-")


def _place(call: Call) -> Path:
    if named := call.environ.get("BEADS_DIR"):
        return (call.cwd / named).absolute()
    if named := call.environ.get("BEADS_DB"):
        return (call.cwd / named).absolute().parent
    here = call.cwd / FOLDER
    return follow(here) if (here / "redirect").is_file() else here


def _prefix_of(folder: Path) -> str:
    """Return a prefix made of a directory's name."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", folder.name).strip("-").lower()[: ids.MAX_PREFIX].strip("-")
    return name if ids.is_prefix(name) else "bd"


def _hide(beads_dir: Path) -> None:
    exclude = beads_dir.parent / ".git" / "info" / "exclude"
    if exclude.parent.is_dir():
        with exclude.open("a") as file:
            file.write(f"{FOLDER}/\n")


def _fill(beads_dir: Path, call: Call) -> None:
    from beads.cli.interchange import load, usual

    call.beads_dir = beads_dir
    try:
        load(call, usual(call))
    except BaseException:
        # An empty store would stand in the way of the next try.
        call.store.close()
        for part in beads_dir.glob(f"{DATABASE}*"):
            part.unlink()
        raise
