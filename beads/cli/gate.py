"""`bd gate`: what work has to wait for, beside other work."""

from typing import TYPE_CHECKING, Any

import click

from beads import shapes, when
from beads.cli import narrow, render
from beads.cli.call import Call, current
from beads.cli.verb import Nouns
from beads.text import safe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from beads.gates import Verdict
    from beads.model import Issue

_USUAL, _USUAL_TO_CHECK = 50, 100


@click.group(cls=Nouns)
def gate() -> None:
    """What work has to wait for, beside other work: a person, a time, a run, a pull request, an issue."""


@gate.command()
@click.option("--blocks", "held", required=True, metavar="ID", help="The issue that has to wait.")
@click.option("-t", "--type", "kind", default="human", help="human, timer, gh:run, gh:pr, bead, mail.")
@click.option("--await-id", default="", help="Which run, pull request or issue.")
@click.option("--timeout", default="", help="How long a timer runs: 30m, 2h, 1d.")
@click.option("--title", default="", help="Its title, when not made of its type.")
@click.option("-r", "--reason", default="", help="Why.")
@click.option("--silent", is_flag=True, help="Print only the id.")
def create(held: str, kind: str, await_id: str, timeout: str, title: str, reason: str, silent: bool) -> None:
    """Let an issue wait until a gate opens."""
    from beads import gates

    call = current()
    nanoseconds = when.duration(timeout) if timeout else 0
    with call.writing() as change:
        issue_id = change.resolve(held)
        made = gates.create(change, issue_id, kind, await_id, nanoseconds, title, reason)
    if silent:
        click.echo(made.id)
    elif call.json:
        call.emit(shapes.issue(made))
    else:
        call.say(f"Created gate {made.id} (type: {made.await_type})")
        call.say(f"  {issue_id} waits until it opens: bd gate resolve {made.id}")


@gate.command("list")
@click.argument("issue", required=False)
@click.option("-a", "--all", "every", is_flag=True, help="Those that have opened too.")
@click.option("-n", "--limit", type=int, help="At most so many; 0 for all.")
def list_gates(issue: str | None, every: bool, limit: int | None) -> None:
    """List the gates that are shut; with an issue, those that hold it up."""
    from beads import gates

    call = current()
    with call.reading() as view:
        of = view.resolve(issue) if issue else ""
        found = [shapes.issue(each) for each in gates.listed(view, every, of, narrow.limit(limit, _USUAL))]
    if call.json:
        call.emit(found)
    else:
        render.lines(found, "no gates", lambda each: f"  ({_awaited(each)})")


def _awaited(issue: "Mapping[str, Any]") -> str:
    return safe(f"{issue.get('await_type', '')} {issue.get('await_id', '')}".strip())


@gate.command()
@click.argument("name", metavar="GATE")
def show(name: str) -> None:
    """Show a gate, and who waits for it."""
    from beads import gates

    call = current()
    with call.reading() as view:
        found = shapes.detailed(view, gates.get(view, name))
    if call.json:
        call.emit(found)
        return
    click.echo(render.full(found))
    call.say(f"  waits for: {_awaited(found)}")
    for waiter in found.get("waiters", ()):
        call.say(f"  to be told: {waiter}")


@gate.command("add-waiter")
@click.argument("name", metavar="GATE")
@click.argument("waiter")
def add_waiter(name: str, waiter: str) -> None:
    """Note who is to be told when a gate opens."""
    from beads import gates

    call = current()
    with call.writing() as change:
        found = gates.get(change, name)
        new = gates.add_waiter(change, found, waiter)
        shown = shapes.issue(change.get(found.id))
    if call.json:
        call.emit([shown])
    else:
        call.say(f"{waiter} {'now waits' if new else 'waits already'} for {found.id}")


@gate.command()
@click.argument("name", metavar="GATE")
@click.option("-r", "--reason", default="", help="Why it may open.")
def resolve(name: str, reason: str) -> None:
    """Open a gate by hand."""
    from beads import gates

    call = current()
    with call.writing() as change:
        done = shapes.issue(gates.resolve(change, gates.get(change, name), reason))
    if call.json:
        call.emit([done])
    else:
        call.say(f"Gate resolved: {done['id']}")


@gate.command()
@click.option("-t", "--type", "kind", default="", help="Only timer, bead, gh:run, gh:pr, or gh for both.")
@click.option("-e", "--escalate", is_flag=True, help="Mark the gates that can no longer open by themselves.")
@click.option("--dry-run", is_flag=True, help="Only tell.")
@click.option("-l", "--limit", type=int, help="At most so many; 0 for all.")
def check(kind: str, escalate: bool, dry_run: bool, limit: int | None) -> None:
    """Find out which gates may open, and open them."""
    from beads import gates, github, words

    known = ("all", "gh", *gates.TYPES)
    if kind and kind not in known:
        raise words.unknown("kind of gate", kind, known)
    call = current()
    with call.reading() as view:
        shut = gates.listed(view, limit=narrow.limit(limit, _USUAL_TO_CHECK))
    shut = [each for each in shut if gates.is_checkable(each, kind)]
    # GitHub answers slowly, so it is asked while nobody has to wait for us.
    answers = {each.id: github.ask(each, call.cwd) for each in shut if each.await_type in gates.GITHUB}
    with call.reading() as view:
        found = [(each, gates.verdict(view, each, answers)) for each in shut]
    if not dry_run:
        _settle(call, found, escalate)
    _answer(call, found, dry_run)


def _settle(call: Call, found: "list[tuple[Issue, Verdict]]", escalate: bool) -> None:
    from beads import gates

    acting = (gates.RESOLVED, gates.FAILED) if escalate else (gates.RESOLVED,)
    wanted = [(each, verdict) for each, verdict in found if verdict.outcome in acting]
    if wanted:
        with call.writing() as change:
            for each, verdict in wanted:
                gates.settle(change, each.id, verdict, escalate)


def _answer(call: Call, found: "list[tuple[Issue, Verdict]]", dry_run: bool) -> None:
    from beads import gates

    outcomes = [verdict.outcome for _, verdict in found]
    answer = {
        "checked": len(found),
        "resolved": outcomes.count(gates.RESOLVED),
        "escalated": outcomes.count(gates.FAILED),
        "errors": outcomes.count(gates.UNCHECKED),
        "dry_run": dry_run,
        "gates": [
            {
                "id": each.id,
                "await_type": each.await_type,
                "outcome": verdict.outcome,
                "reason": verdict.reason,
            }
            for each, verdict in found
        ],
    }
    if call.json:
        call.emit(answer)
        return
    for each, verdict in found:
        call.say(f"{each.id}: {_said(verdict, dry_run)} - {verdict.reason}")
    call.say(
        f"checked {answer['checked']} gates: {answer['resolved']} resolved, {answer['escalated']} failed, "
        f"{answer['errors']} could not be checked"
    )


def _said(verdict: "Verdict", dry_run: bool) -> str:
    words = {"unchecked": "could not be checked", "resolved": "would be resolved" if dry_run else "resolved"}
    return words.get(verdict.outcome, verdict.outcome)
