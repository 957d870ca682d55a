"""`bd lint`: issues that do not say when they are done."""

from typing import TYPE_CHECKING, Any

import click

from beads import linting
from beads.cli import many, narrow
from beads.cli.call import Call, current
from beads.cli.verb import Verb
from beads.errors import Invalid

if TYPE_CHECKING:
    from beads.model import Issue
    from beads.store import View


@click.command(cls=Verb)
@click.argument("ids", nargs=-1)
@click.option("-t", "--type", "kind", help="Only this type.")
@click.option("-s", "--status", help="Only these statuses; comma list, or `all` (the default is open).")
def lint(ids: tuple[str, ...], kind: str | None, status: str | None) -> None:
    """Find issues that lack what their type should say; exit 1 when there are any, unless with --json."""
    call = current()
    with call.reading() as view:
        settings = view.config_items("lint.")
        found = _asked_for(call, view, ids, kind, status)
    results = [result for issue in found if (result := _examined(issue, settings))]
    total = sum(result["warnings"] for result in results)
    if call.json:
        return call.emit({"total": total, "issues": len(results), "results": results})
    for result in results:
        call.say(f"{result['id']} [{result['type']}]: {result['title']}")
        for heading in result.get("missing", ()):
            call.say(f"  lacks {heading}")
        for each in result.get("too_long", ()):
            hint = f": {each['hint']}" if "hint" in each else ""
            call.say(
                f"  {each['field']} has {each['chars']} characters, and at most {each['max']} are allowed{hint}"
            )
    call.say(f"{total} found in {len(results)} of {len(found)} issues")
    if results:
        click.get_current_context().exit(1)
    return None


def _asked_for(
    call: Call, view: "View", ids: tuple[str, ...], kind: str | None, status: str | None
) -> "list[Issue]":
    from beads import known
    from beads.filters import Filter

    if ids:
        return many.each(call, ids, lambda name: view.get(view.resolve(name)))
    every = status is not None and status.lower() == "all"
    return view.find(
        Filter(
            statuses=() if every else narrow.statuses(view, status or "open"),
            types=(known.issue_type(view, kind),) if kind else (),
            ephemeral=False,
            templates=False,
        )
    )


def _examined(issue: "Issue", settings: dict[str, str]) -> dict[str, Any] | None:
    missing = [f"## {heading}" for heading, _ in linting.missing(issue, settings)]
    too_long = linting.too_long(issue, settings)
    if not missing and not too_long:
        return None
    result: dict[str, Any] = {"id": issue.id, "title": issue.title, "type": issue.type}
    result |= {name: found for name, found in (("missing", missing), ("too_long", too_long)) if found}
    return {**result, "warnings": len(missing) + len(too_long)}


def check_new(call: Call, view: "View", issue: "Issue", asked: bool) -> None:
    """Look at an issue that is being made, where that is asked for here or by `validation.on-create`.

    :raises Invalid: naming the sections that it lacks.
    """
    policy = "error" if asked else view.config("validation.on-create")
    lacking = linting.missing(issue, view.config_items("lint.")) if policy in ("error", "warn") else []
    if not lacking:
        return
    message = f"a {issue.type} should say: {', '.join(heading for heading, _ in lacking)}"
    if policy == "error":
        hint = "; ".join(f"## {heading}: {why}" for heading, why in lacking)
        raise Invalid(message, f"put into the description {hint}")
    call.note(f"warning: {message}")
