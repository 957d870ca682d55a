"""`bd status` (`bd stats`), `bd count`, `bd stale`, `bd ping`: numbers."""

import time
from typing import TYPE_CHECKING, Any

import click

from beads import shapes
from beads.cli import narrow, render
from beads.cli.call import Call, current
from beads.cli.verb import Verb
from beads.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Iterable


@click.command(cls=Verb)
@click.option("--assigned", is_flag=True, help="Only mine.")
@click.option("--no-activity", is_flag=True, help="Without what was done lately.")
@click.option("--all", "ignored", is_flag=True, hidden=True)
def status(assigned: bool, no_activity: bool, ignored: bool) -> None:
    """Count issues by state."""
    from beads import statistics
    from beads.filters import Filter

    call = current()
    mine = call.actor if assigned else None
    with call.reading() as view:
        wanted = Filter(assignee=mine, ephemeral=False)
        answer: dict[str, Any] = {"summary": statistics.summary(view, wanted)}
        by_status = statistics.grouped(view, wanted, "status")
        if not no_activity:
            answer["recent_activity"] = statistics.activity(view)
    if call.json:
        call.emit(answer)
        return
    _tell(call, answer, by_status)


def _tell(call: Call, answer: dict[str, Any], by_status: "Iterable[tuple[str, int]]") -> None:
    summary = answer["summary"]
    numbers = [
        (summary["total_issues"], "issues"),
        *((count, status.replace("_", " ")) for status, count in by_status),
        (summary["ready_issues"], "ready: can be started now"),
        (summary["blocked_issues"], "held up by others"),
        (summary["epics_eligible_for_closure"], "epics with all children closed"),
        (summary["average_lead_time_hours"], "hours from creation to closing, on average"),
    ]
    for number, what in numbers:
        call.say(f"{number:>8}  {what}")
    if lately := answer.get("recent_activity"):
        kinds = ("created", "closed", "reopened", "updated")
        done = ", ".join(f"{lately[f'issues_{kind}']} {kind}" for kind in kinds)
        call.say(f"in the last {lately['hours_tracked']} hours: {done}")


@click.command(cls=Verb)
@click.option("-s", "--status", "statuses", help="Only these statuses; comma list.")
@click.option("--title", default="", help="Only with this in the title.")
@click.option("--by-status", "by", flag_value="status", help="For each status.")
@click.option("--by-priority", "by", flag_value="priority", help="For each priority.")
@click.option("--by-type", "by", flag_value="type", help="For each type.")
@click.option("--by-assignee", "by", flag_value="assignee", help="For each assignee.")
@click.option("--by-label", "by", flag_value="label", help="For each label.")
@click.option("--include-infra", is_flag=True, help="Wisps too.")
@narrow.common_options
@narrow.content_options
@narrow.range_options
def count(by: str | None, statuses: str | None, title: str, **given: Any) -> None:
    """Count issues."""
    from beads import statistics
    from beads.filters import Filter

    call = current()
    with call.reading() as view:
        fields = narrow.common(view, given) | narrow.content(view, given) | narrow.ranges(given, view.now)
        if title:
            fields["contains"] = {"title": title, **fields["contains"]}
        wanted = Filter(
            **fields,
            statuses=narrow.statuses(view, statuses) if statuses else (),
            parent=view.resolve(given["parent"]) if given["parent"] else None,
            ephemeral=None if given["include_infra"] else False,
        )
        total = view.count(wanted)
        groups = statistics.grouped(view, wanted, by) if by else []
    if call.json:
        found = [{"group": _group(by, name), "count": number} for name, number in groups]
        call.emit({"total": total, "groups": found} if by else {"count": total})
        return
    for name, number in groups:
        call.say(f"{number:>8}  {_group(by, name)}")
    call.say(f"{total:>8}  in all" if by else str(total))


def _group(by: str | None, name: Any) -> str:
    if by == "priority":
        return f"P{name}"
    return str(name) or "(unassigned)"


@click.command(cls=Verb)
@click.option("-d", "--days", type=int, default=30, help="Unchanged for so many days.")
@click.option("-s", "--status", "wanted_status", help="Only this status.")
@click.option("-n", "--limit", type=int, help="At most so many; 0 for all.")
def stale(days: int, wanted_status: str | None, limit: int | None) -> None:
    """List issues that nobody has changed for long."""
    from beads import known, statistics

    if not 0 <= days <= 36500:
        raise Invalid(f"{days} days cannot be", "give a number from 0 to 36500")
    call = current()
    with call.reading() as view:
        named = known.status(view, wanted_status) if wanted_status else None
        found = shapes.counted(
            view, statistics.stale(view, days, named, narrow.limit(limit, 50)), edges=False
        )
    if call.json:
        call.emit(found)
    else:
        render.lines(found, f"nothing is older than {days} days")


@click.command(cls=Verb)
def ping() -> None:
    """Answer, and tell how long it took."""
    call = current()
    started = time.perf_counter()
    call.beads_dir  # noqa: B018 finding it is what is timed
    resolved = time.perf_counter()
    store = call.store
    opened = time.perf_counter()
    with store.read() as view:
        view.prefix()
    asked = time.perf_counter()
    steps = {"resolve_ms": resolved - started, "store_ms": opened - resolved, "query_ms": asked - opened}
    times = {name: round(seconds * 1000, 2) for name, seconds in steps.items()}
    answer = {"status": "ok", **times, "total_ms": round((asked - started) * 1000, 2)}
    if call.json:
        call.emit(answer)
    else:
        call.say(f"ok, {answer['total_ms']} ms")
