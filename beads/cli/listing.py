"""`bd list`."""

import os
import re
from typing import TYPE_CHECKING, Any

import click

from beads import shapes, words
from beads.cli import narrow, render, texts
from beads.cli.call import Call, current
from beads.cli.verb import Verb
from beads.errors import Invalid
from beads.model import INFRA_TYPES
from beads.text import safe

if TYPE_CHECKING:
    from beads.filters import Filter
    from beads.store import View

_USUAL, _USUAL_FOR_AGENTS = 50, 20


@click.command("list", cls=Verb)
@click.argument("text", nargs=-1, metavar="")
@click.option("-s", "--status", help="Only these statuses; comma list, or `all`.")
@click.option("--all", "every", is_flag=True, help="Closed ones too, and no limit.")
@click.option("--id", "ids", multiple=True, help="Only these ids; comma list.")
@click.option("--title", help="Only with this in the title.")
@click.option("--title-contains", help="Only with this in the title.")
@click.option("--desc-contains", help="Only with this in the description.")
@click.option("--notes-contains", help="Only with this in the notes.")
@click.option("--empty-description", is_flag=True, help="Only without a description.")
@click.option("--no-assignee", "--unassigned", "unassigned", is_flag=True, help="Only nobody's.")
@click.option("--no-labels", is_flag=True, help="Only without labels.")
@click.option("--no-parent", is_flag=True, help="Only without a parent.")
@click.option("--label-pattern", default="", help="Only with a label like this: tech-*.")
@click.option("--label-regex", default="", help="Only with a label that matches this.")
@click.option("--ready", "only_ready", is_flag=True, help="Only what can be started now.")
@click.option("--deferred", is_flag=True, help="Only what is put off.")
@click.option("--overdue", is_flag=True, help="Only what is late.")
@click.option("--pinned/--no-pinned", default=None, help="Only, or without, what is pinned.")
@click.option("--include-gates", is_flag=True, help="Gates too.")
@click.option("--include-infra", is_flag=True, help="Agents, roles, rigs and messages too.")
@click.option("--include-templates", is_flag=True, help="Templates too.")
@click.option("--include-ephemeral", is_flag=True, help="Wisps too.")
@click.option("--wisp-type", default="", help="Only this kind of wisp.")
@click.option("--spec", "spec_id", default="", help="Only of this specification.")
@click.option("--sort", help="priority, created, updated, closed, status, id, title, type, assignee.")
@click.option("-r", "--reverse", is_flag=True, help="In the opposite order.")
@click.option("-n", "--limit", type=int, help="At most so many; 0 for all.")
@click.option(
    "--tree", is_flag=False, flag_value="true", default="false", help="Children below their parents."
)
@click.option("--flat", "--long", "--no-pager", "ignored", is_flag=True, hidden=True)
@click.option(
    "--skip-labels", is_flag=True, help="Without labels, which is quicker; JSON gets {issues, meta}."
)
@narrow.common_options
@narrow.range_options
def list_issues(text: tuple[str, ...], tree: str, skip_labels: bool, **given: Any) -> None:
    """List issues: open ones, fifty of them, unless told otherwise."""
    if text:
        raise click.UsageError(f"list takes options only, not {safe(text[0])!r}")
    call = current()
    with call.reading() as view:
        wanted = _filter(view, given)
        found = view.ready(wanted, limit=wanted.limit) if given["only_ready"] else view.find(wanted)
        shown = shapes.counted(view, found)
        cut = wanted.limit is not None and len(found) == wanted.limit
        note = (
            narrow.truncated(found, wanted, view.count(wanted)) if cut and not given["only_ready"] else None
        )
    _answer(call, shown, tree == "true", skip_labels)
    if note:
        call.note(note)


def _answer(call: Call, shown: list[dict[str, Any]], tree: bool, skip_labels: bool) -> None:
    if not call.json:
        _tree(shown) if tree else render.lines(shown, "no issues")
    elif skip_labels:
        bare = [{key: value for key, value in each.items() if key != "labels"} for each in shown]
        call.emit({"issues": bare, "meta": {"labels_skipped": True}})
    else:
        call.emit(shown)


def _tree(shown: list[dict[str, Any]]) -> None:
    present = {each["id"] for each in shown}

    def write(parent: str | None, depth: int) -> None:
        for each in shown:
            mine = each.get("parent")
            if (mine if mine in present else None) == parent:
                click.echo("  " * depth + render.line(each))
                write(each["id"], depth + 1)

    write(None, 0)


def _filter(view: "View", given: dict[str, Any]) -> "Filter":
    from beads.filters import SORTS, Filter

    agent = os.environ.get("BD_AGENT_MODE") == "1" or bool(os.environ.get("CLAUDE_CODE"))
    usual = 0 if given["every"] else _USUAL_FOR_AGENTS if agent else _USUAL
    fields = narrow.common(view, given) | narrow.ranges(given, view.now)
    fields |= _statuses(view, given) | _contains(given) | _hidden(view, given, fields)
    try:
        re.compile(given["label_regex"])
    except re.error as error:
        raise Invalid(f"--label-regex is not a regular expression: {error}") from None
    return Filter(
        **fields,
        ids=tuple(view.resolve(id) for id in texts.joined(given["ids"])),
        parent=view.resolve(given["parent"]) if given["parent"] else None,
        orphan=given["no_parent"],
        unassigned=given["unassigned"],
        unlabelled=given["no_labels"],
        label_pattern=given["label_pattern"],
        label_regex=given["label_regex"],
        empty_description=given["empty_description"],
        deferred=given["deferred"],
        overdue=view.now if given["overdue"] else None,
        wisp_type=given["wisp_type"],
        spec_id=given["spec_id"],
        sort=narrow.checked_sort(given["sort"], SORTS, "priority"),
        reverse=given["reverse"],
        limit=narrow.limit(given["limit"], usual),
    )


def _contains(given: dict[str, Any]) -> dict[str, Any]:
    parts = {
        "title": given["title_contains"] or given["title"],
        "description": given["desc_contains"],
        "notes": given["notes_contains"],
    }
    return {"contains": {name: part for name, part in parts.items() if part}}


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
