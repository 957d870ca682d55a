"""`bd ready` and `bd blocked`."""

from typing import TYPE_CHECKING, Any

import click

from beads import shapes
from beads.cli import narrow, render
from beads.cli.call import Call, current
from beads.cli.verb import Verb
from beads.errors import NotFound

if TYPE_CHECKING:
    from beads.model import Issue
    from beads.store import Change, View

_USUAL = 100


@click.command(cls=Verb)
@click.option("-u", "--unassigned", is_flag=True, help="Only nobody's.")
@click.option("-s", "--sort", help="priority, hybrid, oldest.")
@click.option("-n", "--limit", type=int, help="At most so many; 0 for all.")
@click.option("--mol", help="Only the steps of this molecule.")
@click.option("--include-deferred", is_flag=True, help="Also what is put off.")
@click.option("--include-ephemeral", is_flag=True, help="Wisps too.")
@click.option("--gated", is_flag=True, help="Only what a closed gate has let through.")
@click.option("--explain", is_flag=True, help="With why, and with what is blocked by what.")
@click.option("--claim", is_flag=True, help="Take the first of them, in the same transaction.")
@click.option("--plain", "--pretty", "ignored", is_flag=True, hidden=True)
@narrow.common_options
def ready(claim: bool, explain: bool, **given: Any) -> None:
    """List what can be started now."""
    call = current()
    if claim:
        _claim(call, given)
    elif explain:
        _explain(call, given)
    else:
        _list(call, given)


def _list(call: Call, given: dict[str, Any]) -> None:
    limit = narrow.limit(given["limit"], _USUAL)
    with call.reading() as view:
        # One more than wanted tells whether there are more.
        found = _find(view, given, None if limit is None else limit + 1)
        more = limit is not None and len(found) > limit
        shown = shapes.counted(view, found[:limit])
    if call.json:
        call.emit(shown)
    else:
        render.lines(shown, "nothing is ready; see what holds it up: bd blocked")
    if more:
        call.note(f"showing the first {limit}; --limit 0 shows all")


def _find(view: "View", given: dict[str, Any], limit: int | None) -> "list[Issue]":
    from beads.filters import READY_SORTS, Filter

    wanted = Filter(**narrow.common(view, given), unassigned=given["unassigned"])
    below = given["parent"] or given["mol"]
    found = view.ready(
        wanted,
        sort=narrow.checked_sort(given["sort"], READY_SORTS, "priority"),
        limit=None if given["gated"] else limit,
        below=view.resolve(below) if below else None,
        deferred=given["include_deferred"],
        ephemeral=given["include_ephemeral"] or bool(given["mol"]),
    )
    return [issue for issue in found if _let_through(view, issue.id)][:limit] if given["gated"] else found


def _let_through(view: "View", issue_id: str) -> bool:
    targets = view.many(link.depends_on_id for link in view.dependencies(issue_id))
    return any(target.type == "gate" and target.status == "closed" for target in targets.values())


def _claim(call: Call, given: dict[str, Any]) -> None:
    with call.writing() as change:
        issue = _first(change, given)
        shown = shapes.counted(change, [change.claim(issue.id)], edges=False)
    call.touched(issue.id)
    if call.json:
        call.emit(shown)
    else:
        click.echo("claimed " + render.line(shown[0]))


def _first(change: "Change", given: dict[str, Any]) -> "Issue":
    for issue in _find(change, given, None):
        if issue.assignee in ("", change.actor):
            return issue
    raise NotFound("nothing is ready to be claimed", "see what holds it up: bd blocked")


def _explain(call: Call, given: dict[str, Any]) -> None:
    with call.reading() as view:
        found = shapes.counted(view, _find(view, given, narrow.limit(given["limit"], _USUAL)), edges=False)
        for each in found:
            each["reason"] = "open, and nothing holds it up"
        held = _blocked(view, None)
    answer = {
        "ready": found,
        "blocked": held,
        "summary": {"total_ready": len(found), "total_blocked": len(held)},
    }
    if call.json:
        call.emit(answer)
        return
    render.lines(found, "nothing is ready")
    _say_blocked(held)


@click.command(cls=Verb)
@click.option("--parent", help="Only the children of this issue.")
def blocked(parent: str | None) -> None:
    """List what is held up, and by what."""
    call = current()
    with call.reading() as view:
        held = _blocked(view, view.resolve(parent) if parent else None)
    if call.json:
        call.emit(held)
    else:
        _say_blocked(held)


def _blocked(view: "View", parent: str | None) -> list[dict[str, Any]]:
    return [
        {**shapes.issue(issue), "blocked_by_count": len(by), "blocked_by": by}
        for issue, by in view.blocked(parent)
    ]


def _say_blocked(held: list[dict[str, Any]]) -> None:
    render.lines(held, "nothing is blocked", lambda each: f"  <- {', '.join(each['blocked_by'])}")
