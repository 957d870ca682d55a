"""`bd init`."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import click

from beads import ids
from beads.cli.call import Call, current
from beads.cli.verb import Verb
from beads.errors import Refused
from beads.workspace import DATABASE, FOLDER, follow

PARTS = ("", "-wal", "-shm")


class ExistsAlready(Refused):
    """There is an issue store here already."""

    exit_code = 11


class TokenNeeded(Refused):
    """Somebody would lose sight of issues, and has not said that they know it."""

    exit_code = 12


@click.command(cls=Verb)
@click.option("-p", "--prefix", help="What ids begin with; else the directory's name.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing.")
@click.option("--stealth", is_flag=True, help="Keep the store out of git's sight, for this clone only.")
@click.option("--from-jsonl", is_flag=True, help="Fill it from .beads/issues.jsonl.")
@click.option(
    "--reinit-local", "--force", is_flag=True, help="Put the store that is here aside, and make a new one."
)
@click.option(
    "--destroy-token", default="", metavar="DESTROY-PREFIX", help="Needed for that when it holds issues."
)
@click.option("--skip-hooks", "--skip-agents", "--non-interactive", "ignored", is_flag=True, hidden=True)
@click.option("--role", hidden=True)
@click.option("--backend", hidden=True)
def init(
    prefix: str | None,
    quiet: bool,
    stealth: bool,
    from_jsonl: bool,
    reinit_local: bool,
    destroy_token: str,
    ignored: bool,
    role: str | None,
    backend: str | None,
) -> None:
    """Make an issue store in `.beads` here. Never asks anything."""
    from beads.store import Store

    call = current()
    beads_dir = _place(call)
    there = Store.there(beads_dir)
    if there and not reinit_local:
        raise ExistsAlready(f"{beads_dir} has an issue store already", "look at it: bd info")
    name = prefix.rstrip("-") if prefix else _prefix_of(beads_dir.parent)
    with _put_aside(call, beads_dir, destroy_token) if there else nullcontext():
        Store.create(beads_dir, name).close()
        if from_jsonl:
            _fill(beads_dir, call)
    if stealth:
        _hide(beads_dir)
    if not quiet and not call.quiet:
        call.say(f"made an issue store in {beads_dir}; ids begin with {name}-")


@contextmanager
def _put_aside(call: Call, beads_dir: Path, token: str) -> Iterator[None]:
    """Rename the database, so that nothing is lost and no client takes it for the store; back, if no new one comes."""
    from beads.filters import Filter
    from beads.store import Store
    from beads.turnstile import Turnstile

    with Store.open(beads_dir).read() as view:
        count, prefix = view.count(Filter()), view.prefix()
        rigs = view.config_items("rig.")
    if rigs:
        raise Refused(f"{beads_dir} belongs to a town with rigs", "make a new town elsewhere: gt init PATH")
    if count and token != f"DESTROY-{prefix}":
        raise TokenNeeded(
            f"{beads_dir} holds {count} issues, which the new store would not have",
            f"save them first: bd export -o issues.jsonl; then say --destroy-token DESTROY-{prefix}",
        )
    old = f"{DATABASE}.backup-{time.strftime('%Y%m%d-%H%M%S')}"
    with Turnstile(beads_dir).held():
        _rename(beads_dir, DATABASE, old)
    try:
        yield
    except BaseException:
        _rename(beads_dir, old, DATABASE)
        raise
    call.note(f"the store that was here is now {beads_dir / old}")


def _rename(beads_dir: Path, name: str, to: str) -> None:
    for end in PARTS:
        if (beads_dir / f"{name}{end}").exists():
            (beads_dir / f"{name}{end}").rename(beads_dir / f"{to}{end}")


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
        for end in PARTS:
            (beads_dir / f"{DATABASE}{end}").unlink(missing_ok=True)
        raise
