"""`bd close` and `bd reopen`."""

from typing import TYPE_CHECKING, Any

import click

from beads import shapes
from beads.cli import many, render, texts
from beads.cli.call import Call, current
from beads.cli.verb import Verb

if TYPE_CHECKING:
    from beads.model import Issue
    from beads.store import Change


@click.command(cls=Verb)
@click.argument("ids", nargs=-1)
@click.option(
    "-r", "--reason", "--resolution", "--message", "-m", "--comment", "reasons", multiple=True,
    help="Why; once for all ids, or once for each.",
)  # fmt: skip
@click.option("--reason-file", help="Read the reason from a file; - is stdin.")
@click.option("-f", "--force", is_flag=True, help="Close it whatever holds it up.")
@click.option("--continue", "go_on", is_flag=True, help="Then take the next step of the same molecule.")
@click.option("--no-auto", is_flag=True, help="With --continue: show the next step, but do not take it.")
@click.option("--suggest-next", is_flag=True, help="Tell what this unblocks.")
@click.option("--claim-next", is_flag=True, help="Take the next ready issue.")
@click.option("--session", default="", help="The session that closes it.")
def close(
    ids: tuple[str, ...],
    reasons: tuple[str, ...],
    reason_file: str | None,
    force: bool,
    session: str,
    **then: Any,
) -> None:
    """Close issues; without an id, the one last touched. Closing a closed one is a success."""
    call = current()
    if reason_file is not None:
        reasons = (*reasons, texts.read_file(reason_file))
    with call.writing() as change:
        names = many.named(call, change, ids)
        why = _reasons(names, reasons)
        held = _held_by(change, names) if then["suggest_next"] else set()
        done = many.each(
            call, list(why), lambda name: change.close(change.resolve(name), why[name], force, session)
        )
        shown = [shapes.issue(issue) for issue in done]
        more = _then(change, done, held, then)
    call.touched(shown[-1]["id"])
    _answer(call, shown, more)


def _reasons(names: tuple[str, ...], reasons: tuple[str, ...]) -> dict[str, str]:
    if len(reasons) > 1 and len(reasons) != len(names):
        raise click.UsageError(f"{len(reasons)} reasons for {len(names)} issues: give one, or one for each")
    if len(reasons) <= 1:
        return dict.fromkeys(names, "".join(reasons) or "Closed")
    return dict(zip(names, reasons, strict=True))


def _held_by(change: "Change", names: tuple[str, ...]) -> set[str]:
    held = set()
    for name in names:
        issue_id = change.resolve(name)
        held |= {link.issue_id for link in change.dependents(issue_id)}
    return {id for id, issue in change.many(held).items() if issue.is_blocked}


def _then(change: "Change", done: "list[Issue]", held: set[str], then: dict[str, Any]) -> dict[str, Any]:
    """Do what was asked for after closing; return it as it is answered."""
    more: dict[str, Any] = {}
    if then["suggest_next"]:
        freed = [issue for issue in change.many(held).values() if not issue.is_blocked]
        more["unblocked"] = [shapes.issue(issue) for issue in sorted(freed, key=lambda issue: issue.id)]
    if then["go_on"]:
        parent = change.parent(done[-1].id)
        steps = change.ready(below=parent, limit=1, ephemeral=True) if parent else []
        next_step = change.claim(steps[0].id) if steps and not then["no_auto"] else next(iter(steps), None)
        more["continue"] = {
            "next_step": shapes.issue(next_step) if next_step else None,
            "auto_advanced": bool(next_step) and not then["no_auto"],
        }
    if then["claim_next"]:
        free = [issue for issue in change.ready() if issue.assignee in ("", change.actor)]
        more["claimed"] = shapes.issue(change.claim(free[0].id)) if free else None
    return more


def _answer(call: Call, shown: list[dict[str, Any]], more: dict[str, Any]) -> None:
    if call.json:
        call.emit({"closed": shown, **more} if more else shown)
        return
    for each in shown:
        click.echo("closed " + render.line(each))
    for each in more.get("unblocked", ()):
        click.echo("now ready " + render.line(each))
    step = (more.get("continue") or {}).get("next_step") or more.get("claimed")
    if step:
        click.echo("next " + render.line(step))


@click.command(cls=Verb)
@click.argument("ids", nargs=-1, required=True)
@click.option("-r", "--reason", default="", help="Why.")
def reopen(ids: tuple[str, ...], reason: str) -> None:
    """Open closed issues again. One that is open is told so, and left as it is."""
    call = current()
    with call.writing() as change:
        done = many.each(call, ids, lambda name: _reopen(call, change, name, reason))
    if call.json:
        call.emit([shapes.issue(issue) for issue, _ in done])
        return
    for issue, was_closed in done:
        if was_closed:
            click.echo("reopened " + render.line(shapes.issue(issue)))


def _reopen(call: Call, change: "Change", name: str, reason: str) -> "tuple[Issue, bool]":
    issue = change.get(change.resolve(name))
    if issue.status == "closed":
        return change.reopen(issue.id, reason), True
    call.note(f"{issue.id} is {issue.status} already")
    return issue, False
