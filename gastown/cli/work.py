"""`gt sling`, `gt unsling`; and the three that agents call: `gt hook`, `gt prime`, `gt done`."""

from __future__ import annotations

import click

from gastown.cli.output import json_option, print_json


@click.command()
@click.argument("beads", nargs=-1, required=True, metavar="BEAD… [RIG]")
@click.option("--runtime", help="Another runtime than the rig's, for this time.")
@click.option("--wait", is_flag=True, help="Work until they are merged or need a person; needs no daemon.")
@click.option("--force", is_flag=True, help="Take over a bead that a person has claimed.")
@json_option
def sling(beads: tuple[str, ...], runtime: str | None, wait: bool, force: bool, as_json: bool) -> None:
    """Put beads on polecats' hooks. The rig goes by the bead's prefix; a RIG named last must agree."""
    from beads.workspace import actor
    from gastown import daemon, town
    from gastown import sling as station

    here = town.find()
    here.tmux.require()
    names = list(beads)
    rig = names.pop() if len(names) > 1 and names[-1] in here.settings.rigs else None
    slung, convoy = station.sling(here, names, rig=rig, runtime=runtime, actor=actor(), force=force)
    if not as_json:
        for one in slung:
            where = f"{one.attempt.rig} ({one.attempt.runtime})"
            click.echo(
                f"slung {one.bead} to {where}" if one.fresh else f"{one.bead} is on a hook of {where} already"
            )
        if convoy:
            click.echo(f"convoy {convoy} tracks {'it' if len(slung) == 1 else 'them'}")
    ok = True
    if wait:
        from gastown.cli.progress import follow

        ok = follow(here, lambda: [s.bead for s in slung], quiet=as_json)
    elif not as_json and daemon.holder(here) is None:
        click.echo("no daemon runs: gt up starts it (or: gt sling --wait)", err=True)
    if as_json:
        print_json({"slung": [{"bead": s.bead, "attempt": s.attempt.id, "rig": s.attempt.rig, "fresh": s.fresh}
                              for s in slung], "convoy": convoy})  # fmt: skip
    if not ok:
        raise SystemExit(1)


@click.command()
@click.argument("beads", nargs=-1, required=True)
def unsling(beads: tuple[str, ...]) -> None:
    """Take beads back from their polecats. Commits and uncommitted work are saved first."""
    from beads.workspace import actor
    from gastown import cleanup, town
    from gastown import sling as station

    here = town.find()
    for bead in beads:
        attempt = station.unsling(here, bead, actor=actor())
        cleanup.clear(here, attempt.id)
        kept = f"; what was done is kept: gt polecat saved {attempt.id}" if attempt.clone else ""
        click.echo(f"took {attempt.bead} back{kept}")


@click.command()
@json_option
def hook(as_json: bool) -> None:
    """The bead on this session's hook. Exit code 4 where nothing is hooked."""
    from gastown import hook as station
    from gastown import town

    id = station.attempt_id()
    work = station.hooked(town.find(), id)
    a, issue = work.attempt, work.issue
    if as_json:
        print_json({"bead": issue.id, "title": issue.title, "description": issue.description,
                    "acceptance_criteria": issue.acceptance_criteria, "priority": issue.priority, "type": issue.type,
                    "rig": a.rig, "polecat": a.polecat, "attempt": a.id, "branch": a.branch,
                    "base": a.base_commit})  # fmt: skip
        return
    from beads.text import safe

    click.echo(f"{issue.id}  {safe(issue.title)}")
    click.echo(f"branch {a.branch}, attempt {a.id}; the whole of it: gt prime; when finished: gt done")


@click.command()
def prime() -> None:
    """Everything this session needs: the work, its comments, earlier attempts, git, the rules."""
    from gastown import hook as station
    from gastown import prime as text
    from gastown import town

    click.echo(text.prime(town.find(), station.attempt_id()), nl=False)


@click.command()
@click.option("-m", "--message", default="", help="What was done, or why it was not.")
@click.option(
    "--status",
    type=click.Choice(("completed", "escalated", "deferred")),
    default="completed",
    help="How it ends: escalated for a person to look at, deferred for later.",
)
@click.option("--no-merge", is_flag=True, help="There is nothing to merge: the work left no change.")
@json_option
def done(message: str, status: str, no_merge: bool, as_json: bool) -> None:
    """Hand in the work of this session: commit, push, queue for merging. Safe to repeat."""
    from gastown import done as station
    from gastown import hook as hooks
    from gastown import town

    result = station.done(town.find(), hooks.attempt_id(), message=message, status=status, no_merge=no_merge)
    if as_json:
        print_json(
            {
                "bead": result.attempt.bead,
                "state": result.state,
                "head": result.head,
                "repeated": result.repeated,
            }
        )
        return
    again = " already" if result.repeated else ""
    click.echo(
        f"{result.attempt.bead} is {result.state}{again}" + (f" at {result.head[:10]}" if result.head else "")
    )
