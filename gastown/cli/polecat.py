"""`gt polecat`: list, status, peek, attach, nuke; and what was saved: saved, restore."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from gastown.cli.output import age, json_option, print_json, table


@click.group()
def polecat() -> None:
    """Polecats: a rig's named workers. WHO is rig/name, a name, a bead, or an attempt's number."""


@polecat.command("list")
@click.option("--all", "everything", is_flag=True, help="Ended attempts too (the last 100).")
@click.option("--rig", help="Only this rig's.")
@json_option
def list_(everything: bool, rig: str | None, as_json: bool) -> None:
    """Who works on what."""
    from gastown import store, town

    here = town.find()
    if rig is not None:
        here.rig(rig)
    with here.store.read() as view:
        found = store.recent_attempts(view.conn, 100) if everything else store.live_attempts(view.conn)
        now = view.now
    found = [a for a in found if rig in (None, a.rig)]
    if as_json:
        print_json(found)
        return
    rows = [
        (a.id, a.worker, a.bead, a.state, a.runtime, age(a.hooked_at, now), (a.reason or "").split("\n")[0])
        for a in found
    ]
    table(
        ("attempt", "worker", "bead", "state", "runtime", "age", "why"), rows, "nobody works: gt sling BEAD"
    )


@polecat.command()
@click.argument("who")
@json_option
def status(who: str, as_json: bool) -> None:
    """One worker: attempt, sessions, branch.

    Each session's transcript is named, too."""
    from gastown import polecats, store, town

    here = town.find()
    a = polecats.find(here, who)
    with here.store.read() as view:
        sessions = store.sessions_of(view.conn, [a.id])[a.id]
        title = view.get(a.bead).title if view.exists(a.bead) else "(deleted)"
    if as_json:
        print_json({"attempt": a, "sessions": sessions})
        return
    from beads.text import safe

    click.echo(f"{a.worker}  attempt {a.id} on {a.bead}: {safe(title)}")
    click.echo(f"state    {a.state}" + (f": {safe(a.reason.splitlines()[0])}" if a.reason else ""))
    click.echo(f"branch   {a.branch or 'none yet'}")
    for s in sessions:
        how = "live" if s.ended_at is None else safe(s.ended or "")
        click.echo(f"session  {s.name}  {how}  {here.transcript(s.name)}")


@polecat.command()
@click.argument("who")
@click.option(
    "-n", "--lines", type=click.IntRange(min=0), default=0, help="Lines of scrollback above the screen."
)
def peek(who: str, lines: int) -> None:
    """Show a worker's screen, or the end of its transcript."""
    from beads.text import safe_block
    from gastown import polecats, town

    here = town.find()
    click.echo(safe_block(polecats.peek(here, polecats.find(here, who), lines)), nl=False)


@polecat.command()
@click.argument("who")
def attach(who: str) -> None:
    """Go into a worker's session.

    Ctrl-B D comes back and leaves it running."""
    from beads.errors import Refused
    from gastown import polecats, town
    from gastown.sessions import tmux

    here = town.find()
    session = polecats.session_of(here, polecats.find(here, who))
    panes = here.tmux.panes()
    if panes is not None and session.name not in panes:
        raise Refused(f"the session {session.name} is over", hint=f"gt polecat peek {who}")
    if not sys.stdin.isatty():
        raise Refused("this is no terminal", hint=" ".join(here.tmux.attach_command(session.name)))
    raise SystemExit(tmux.attach(here.tmux, session.name))


@polecat.command()
@click.argument("who")
def nuke(who: str) -> None:
    """End a worker at once and put its bead back. Its commits and uncommitted work are saved first."""
    from beads.workspace import actor
    from gastown import cleanup, polecats, town

    here = town.find()
    attempt = polecats.find(here, who)
    cleanup.nuke(here, attempt, actor())
    kept = cleanup.saved(here, attempt) if attempt.clone else []
    who = attempt.worker if attempt.polecat else f"attempt {attempt.id}"
    click.echo(f"ended {who}; {attempt.bead} is open" if attempt.live else f"{who} had ended before")
    if kept:
        click.echo(f"saved {len(kept)}: gt polecat restore {attempt.id} DIR")


@polecat.command()
@click.argument("who")
@json_option
def saved(who: str, as_json: bool) -> None:
    """What is kept of an attempt's work in the rig's repository."""
    from gastown import cleanup, polecats, town

    here = town.find()
    attempt = polecats.find(here, who)
    kept = cleanup.saved(here, attempt)
    if as_json:
        print_json([{"ref": ref, "subject": subject} for ref, subject in kept])
        return
    folder = cleanup.put_by(here, attempt)
    if kept or not folder.exists():
        table(("ref", "subject"), kept, f"nothing of attempt {attempt.id} had to be saved")
    if folder.exists():
        click.echo(f"its clone is kept whole in {folder}")


@polecat.command()
@click.argument("who")
@click.argument("folder", type=click.Path(path_type=Path))
def restore(who: str, folder: Path) -> None:
    """Bring an attempt's saved work back, in a new clone in FOLDER."""
    from beads.text import safe
    from gastown import cleanup, polecats, town

    here = town.find()
    branch, kept = cleanup.restore(here, polecats.find(here, who), folder.absolute())
    click.echo(f"restored into {folder} on branch {branch}")
    for ref, subject in kept:
        click.echo(f"kept: {ref}  {safe(subject)}")
