"""`bd list`."""

import os
from typing import TYPE_CHECKING, Any

import click

from beads import shapes, words
from beads.cli import narrow, render
from beads.cli.call import Call, current
from beads.cli.verb import Verb
from beads.model import INFRA_TYPES
from beads.text import safe

if TYPE_CHECKING:
    from beads.filters import Filter
    from beads.model import Issue
    from beads.store import View

_USUAL, _USUAL_FOR_AGENTS = 50, 20


@click.command("list", cls=Verb)
@click.argument("text", nargs=-1, metavar="")
@click.option("-s", "--status", help="Only these statuses; comma list, or `all`.")
@click.option("--all", "every", is_flag=True, help="Closed ones too, and no limit.")
@click.option("--title", default="", help="Only with this in the title.")
@click.option("--no-parent", is_flag=True, help="Only without a parent.")
@click.option("--ready", "only_ready", is_flag=True, help="Only what can be started now.")
@click.option("--deferred", is_flag=True, help="Only what is put off.")
@click.option("--overdue", is_flag=True, help="Only what is late.")
@click.option("--pinned/--no-pinned", default=None, help="Only, or without, what is pinned.")
@click.option("--include-gates", is_flag=True, help="Gates too.")
@click.option("--include-infra", is_flag=True, help="Agents, roles, rigs and messages too.")
@click.option("--include-templates", is_flag=True, help="Templates too.")
@click.option("--include-ephemeral", is_flag=True, help="Wisps too.")
@click.option("--wisp-type", default="", help="Only this kind of wisp.")
@click.option("--sort", help="priority, created, updated, closed, status, id, title, type, assignee.")
@click.option("-r", "--reverse", is_flag=True, help="In the opposite order.")
@click.option("-n", "--limit", type=int, help="At most so many; 0 for all.")
@click.option("--offset", type=click.IntRange(0), default=0, help="Leave out the first so many.")
@click.option(
    "--tree", is_flag=False, flag_value="true", default="false", help="Children below their parents."
)
@click.option("--pretty", is_flag=True, help="The same as --tree.")
@click.option("--long", is_flag=True, help="A page each.")
@click.option("--flat", "--no-pager", "ignored", is_flag=True, hidden=True)
@click.option(
    "--skip-labels", is_flag=True, help="Without labels, which is quicker; JSON gets {issues, meta}."
)
@narrow.common_options
@narrow.content_options
@narrow.range_options
def list_issues(text: tuple[str, ...], skip_labels: bool, **given: Any) -> None:
    """List issues: open ones, fifty of them, unless told otherwise."""
    if text:
        raise click.UsageError(f"list takes options only, not {safe(text[0])!r}")
    call = current()
    with call.reading() as view:
        wanted = _filter(view, given)
        found = _ready(view, wanted) if given["only_ready"] else view.find(wanted)
        shown = shapes.counted(view, found)
        cut = wanted.limit is not None and len(found) == wanted.limit
        note = narrow.truncated(view, found, wanted) if cut and not given["only_ready"] else None
    _answer(call, shown, skip_labels, given)
    if note:
        call.note(note)


def _ready(view: "View", wanted: "Filter") -> "list[Issue]":
    most = None if wanted.limit is None else wanted.limit + wanted.offset
    return view.ready(wanted, limit=most)[wanted.offset :]


def _answer(call: Call, shown: list[dict[str, Any]], skip_labels: bool, given: dict[str, Any]) -> None:
    if not call.json:
        if given["long"] and shown:
            render.pages(shown)
        elif shown and (given["pretty"] or given["tree"] == "true"):
            render.tree(shown, "no issues")
        else:
            render.lines(shown, "no issues")
    elif skip_labels:
        bare = [{key: value for key, value in each.items() if key != "labels"} for each in shown]
        call.emit({"issues": bare, "meta": {"labels_skipped": True}})
    else:
        call.emit(shown)


def _filter(view: "View", given: dict[str, Any]) -> "Filter":
    from beads.filters import SORTS, Filter

    agent = os.environ.get("BD_AGENT_MODE") == "1" or bool(os.environ.get("CLAUDE_CODE"))
    usual = 0 if given["every"] else _USUAL_FOR_AGENTS if agent else _USUAL
    fields = narrow.common(view, given) | narrow.ranges(given, view.now)
    fields |= narrow.content(view, given) | _statuses(view, given) | _hidden(view, given, fields)
    if given["title"]:
        fields["contains"] = {"title": given["title"], **fields["contains"]}
    return Filter(
        **fields,
        parent=view.resolve(given["parent"]) if given["parent"] else None,
        orphan=given["no_parent"],
        deferred=given["deferred"],
        overdue=view.now if given["overdue"] else None,
        wisp_type=given["wisp_type"],
        sort=narrow.checked_sort(given["sort"], SORTS, "priority"),
        reverse=given["reverse"],
        limit=narrow.limit(given["limit"], usual),
        offset=given["offset"],
    )


def _statuses(view: "View", given: dict[str, Any]) -> dict[str, Any]:
    text = given["status"]
    if text and "all" not in words.split(text.lower()):
        return {"statuses": narrow.statuses(view, text)}
    everything = text or given["every"] or given["ids"] or given["closed_after"] or given["closed_before"]
    return {} if everything else {"not_statuses": ("closed",)}


def _hidden(view: "View", given: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    """Leave out what is no work, unless it is asked for."""
    hidden = list(fields["not_types"])
    if not given["include_gates"]:
        hidden.append("gate")
    if not given["include_infra"]:
        hidden += words.split(view.config("types.infra") or "") or INFRA_TYPES
    pinned = given["pinned"]
    if pinned is None and not (given["every"] or given["status"] or given["ids"]):
        pinned = False
    return {
        "not_types": tuple(name for name in hidden if name not in fields["types"]),
        "templates": None if given["include_templates"] else False,
        "ephemeral": None if given["include_ephemeral"] or given["wisp_type"] else False,
        "pinned": pinned,
    }
