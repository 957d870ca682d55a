"""`bd graph`: what hangs together with an issue, and in which order it can be worked off."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from beads import layouts, shapes
from beads.cli import drawings
from beads.cli.call import Call, current
from beads.cli.verb import Verb
from beads.model import BLOCKING
from beads.text import safe

if TYPE_CHECKING:
    from beads.model import Dependency, Issue
    from beads.store import View

_OPEN = ("open", "in_progress", "hooked", "blocked")


@dataclass(frozen=True)
class Part:
    """Issues that hang together, by id, and what joins them; `root` is what they are named after."""

    root: str
    issues: "dict[str, Issue]"
    edges: "list[Dependency]"

    def layout(self) -> layouts.Layout:
        """Return the order in which they can be worked off."""
        pairs = ((link.issue_id, link.depends_on_id) for link in self.edges if link.type in BLOCKING)
        return layouts.layout(self.issues, pairs)


@click.command(cls=Verb)
@click.argument("words", nargs=-1, metavar="ID | check")
@click.option("--all", "everything", is_flag=True, help="All that is open, in groups that hang together.")
@click.option("--open", "only_open", is_flag=True, help="Leave out what is closed or put off.")
@click.option("--compact", "form", flag_value="compact", help="One line each, children below their parents.")
@click.option("--box", "form", flag_value="box", help="Boxes, layer by layer.")
@click.option("--dot", "form", flag_value="dot", help="For Graphviz: bd graph ID --dot | dot -Tsvg.")
@click.option("--html", "form", flag_value="html", help="A page for the browser, which needs nothing else.")
def graph(words: tuple[str, ...], everything: bool, only_open: bool, form: str | None) -> None:
    """Show what hangs together with an issue, in the order in which it can be worked off; or look for circles."""
    call = current()
    if words == ("check",):
        return _check(call)
    if len(words) + everything != 1:
        raise click.UsageError("an id is needed, or --all" if not words else "one id, or --all")
    with call.reading() as view:
        parts = _all(view) if everything else [_around(view, view.resolve(words[0]), only_open)]
    if not call.json:
        return _draw(call, parts, form)
    if everything:
        return call.emit([_group(part) for part in parts])
    return call.emit(_whole(parts[0]))


def _around(view: "View", root: str, only_open: bool) -> Part:
    from beads import components

    ids = components.around(view, root)
    found = view.many(ids)
    kept = {id: found[id] for id in ids if id == root or not only_open or found[id].status in _OPEN}
    return Part(root, kept, components.within(view, kept))


def _all(view: "View") -> list[Part]:
    from beads import components
    from beads.filters import Filter

    found = {issue.id: issue for issue in view.find(Filter(statuses=_OPEN, ephemeral=False, templates=False))}
    edges = components.within(view, found)
    by_issue: dict[str, list[Dependency]] = {}
    for link in edges:
        by_issue.setdefault(link.issue_id, []).append(link)
    parts = []
    for ids in components.parts(found, edges):
        issues = {id: found[id] for id in ids}
        root = min(
            issues.values(), key=lambda issue: (issue.type != "epic", issue.priority, issue.created_at)
        )
        parts.append(Part(root.id, issues, [link for id in ids for link in by_issue.get(id, ())]))
    return parts


def _whole(part: Part) -> dict[str, Any]:
    layout = part.layout()
    places = layout.places()
    shown = {id: shapes.issue(issue) for id, issue in part.issues.items()}
    nodes = {
        id: {
            "Issue": each,
            "Layer": places[id][0],
            "Position": places[id][1],
            "DependsOn": layout.depends_on[id],
        }
        for id, each in shown.items()
    }
    drawn = {"Nodes": nodes, "Layers": layout.layers, "MaxLayer": len(layout.layers) - 1, "RootID": part.root}
    return {"root": shown[part.root], "issues": list(shown.values()), "layout": drawn}


def _group(part: Part) -> dict[str, Any]:
    shown = {id: shapes.issue(issue) for id, issue in part.issues.items()}
    edges = [shapes.edge(link) for link in part.edges]
    return {
        "Root": shown[part.root],
        "Issues": list(shown.values()),
        "Dependencies": edges,
        "IssueMap": shown,
    }


def _draw(call: Call, parts: list[Part], form: str | None) -> None:
    drawn = [drawings.Drawing(part.root, part.issues, part.edges, part.layout()) for part in parts]
    if form in ("dot", "html"):
        together = drawings.joined(drawn)
        return click.echo(drawings.dot(together) if form == "dot" else drawings.html(together), nl=False)
    draw = {"compact": drawings.compact, "box": drawings.boxes}.get(form or "", drawings.layers)
    call.say_block("\n\n".join(draw(each) for each in drawn) or "nothing is open")
    return None


def _check(call: Call) -> None:
    from beads import graph

    with call.reading() as view:
        found = graph.cycles(view)
    if call.json:
        call.emit({"clean": not found, "cycles": found, "summary": {"cycle_count": len(found)}})
    else:
        for circle in found:
            call.say(safe(" -> ".join((*circle, circle[0]))))
        if not found:
            call.say("no cycles")
    if found:
        click.get_current_context().exit(1)
