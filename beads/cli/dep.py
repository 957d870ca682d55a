"""`bd dep`: what depends on what."""

import json
from typing import TYPE_CHECKING, Any

import click

from beads import shapes, words
from beads.cli import render, texts
from beads.cli.call import Call, current
from beads.cli.verb import Nouns
from beads.errors import Invalid, NotFound
from beads.model import RELATES
from beads.text import safe

if TYPE_CHECKING:
    from beads.graph import Node
    from beads.store import Change, View

_DIRECTIONS = click.Choice(["down", "up", "both"])
_NOTHING = {
    "down": "{0} depends on nothing; what depends on it: bd dep list {0} --direction up",
    "up": "nothing depends on {}",
    "both": "{} depends on nothing, and nothing on it",
}


class _Dep(Nouns):
    """Understands `bd dep A --blocks B` as `bd dep add B A`, and `rm` as `remove`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        for flag in ("--blocks", "-b"):
            if flag in args[1:-1] and args[0] not in self.commands:
                at = args.index(flag)
                args = ["add", args[at + 1], *args[:at], *args[at + 2 :]]
        return super().parse_args(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return super().get_command(ctx, "remove" if cmd_name == "rm" else cmd_name)


@click.group(cls=_Dep)
def dep() -> None:
    """What depends on what: `bd dep A --blocks B` is the same as `bd dep add B A`."""


@dep.command()
@click.argument("issue", required=False)
@click.argument("target", required=False)
@click.option(
    "-t", "--type", "kind", default="blocks", help="blocks, parent-child, related, discovered-from, …"
)
@click.option("--blocked-by", "--depends-on", "by", help="What it depends on, when not given as argument.")
@click.option("--file", help="One dependency a line: ID ID [TYPE], or JSON; - is stdin.")
@click.option("--no-cycle-check", is_flag=True, hidden=True)
def add(
    issue: str | None, target: str | None, kind: str, by: str | None, file: str | None, no_cycle_check: bool
) -> None:
    """Let ISSUE depend on TARGET: ISSUE is held up until TARGET is closed."""
    call = current()
    bulk = _read(texts.read_file(file), kind) if file else None
    if bulk is None:
        target = target or by
        if not issue or not target:
            raise click.UsageError("two issues are needed: bd dep add ISSUE TARGET")
        bulk = [(issue, target, kind)]
    with call.writing() as change:
        done = [join(change, *entry) for entry in bulk]
    if not file:
        _answer(
            call, done[0], f"{done[0]['issue_id']} depends on {done[0]['depends_on_id']} ({done[0]['type']})"
        )
    else:
        _answer(call, {"status": "added", "count": len(done), "dependencies": done}, f"added {len(done)}")


def join(change: "Change", issue: str, target: str, kind: str) -> dict[str, Any]:
    """Let one issue depend on another; return the answer."""
    from beads import links

    issue_id, target_id = change.resolve(issue), links.resolve_target(change, target)
    kind = words.dependency_type(kind)
    links.check_ancestor(change, issue_id, target_id, kind)
    change.add_dependency(issue_id, target_id, kind)
    return {"status": "added", "issue_id": issue_id, "depends_on_id": target_id, "type": kind}


def _read(text: str, kind: str) -> list[tuple[str, str, str]]:
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            found.append(_entry(line, kind))
        except (ValueError, KeyError, AttributeError, TypeError):
            raise Invalid(f"line {number} names no dependency", "write ID ID [TYPE] on each line") from None
    return found


def _entry(line: str, kind: str) -> tuple[str, str, str]:
    if line.lstrip().startswith("{"):
        entry = json.loads(line)
        return (
            entry.get("issue_id") or entry["from"],
            entry.get("depends_on_id") or entry["to"],
            entry.get("type", kind),
        )
    issue, target, *rest = line.split()
    return issue, target, rest[0] if rest else kind


def _answer(call: Call, answer: dict[str, Any], text: str) -> None:
    if call.json:
        call.emit(answer)
    else:
        call.say(text)


@dep.command()
@click.argument("issue")
@click.argument("target")
@click.option("-t", "--type", "kind", help="Only when it is of this type.")
def remove(issue: str, target: str, kind: str | None) -> None:
    """Let ISSUE no longer depend on TARGET."""
    from beads.links import resolve_target

    call = current()
    with call.writing() as change:
        issue_id = change.resolve(issue)
        known = {link.depends_on_id: link.type for link in change.dependencies(issue_id)}
        target_id = target if target in known else resolve_target(change, target)
        if kind is not None and known.get(target_id, kind) != kind:
            raise NotFound(
                f"{issue_id} does not depend on {target_id} by {safe(kind)!r}, but by {known[target_id]!r}",
                f"bd dep list {issue_id}",
            )
        change.remove_dependency(issue_id, target_id)
    answer = {"status": "removed", "issue_id": issue_id, "depends_on_id": target_id}
    _answer(call, answer, f"{issue_id} no longer depends on {target_id}")


@dep.command()
@click.argument("one")
@click.argument("other")
def relate(one: str, other: str) -> None:
    """Let two issues speak of each other, without waiting."""
    call = current()
    with call.writing() as change:
        first, second = change.resolve(one), change.resolve(other)
        join(change, first, second, RELATES)
        join(change, second, first, RELATES)
    _answer(call, {"id1": first, "id2": second, "related": True}, f"{first} and {second} are related")


@dep.command()
@click.argument("one")
@click.argument("other")
def unrelate(one: str, other: str) -> None:
    """Let two issues no longer speak of each other."""
    call = current()
    with call.writing() as change:
        first, second = change.resolve(one), change.resolve(other)
        pairs = ((first, second), (second, first))
        joined = [pair for pair in pairs if _relates(change, *pair)]
        if not joined:
            raise NotFound(f"{first} and {second} are not related", f"bd dep list {first} --direction both")
        for pair in joined:
            change.remove_dependency(*pair)
    _answer(call, {"id1": first, "id2": second, "unrelated": True}, f"{first} and {second} are not related")


def _relates(view: "View", one: str, other: str) -> bool:
    return any(link.depends_on_id == other and link.type == RELATES for link in view.dependencies(one))


@dep.command("list")
@click.argument("ids", nargs=-1, required=True)
@click.option(
    "--direction", type=_DIRECTIONS, default="down", help="down: what it depends on; up: what on it."
)
@click.option("-t", "--type", "kind", help="Only this type.")
def list_dependencies(ids: tuple[str, ...], direction: str, kind: str | None) -> None:
    """List what issues depend on, or what depends on them."""
    from beads import graph

    call = current()
    with call.reading() as view:
        whole = [view.resolve(name) for name in ids]
        if len(whole) > 1:
            raw = [shapes.edge(link) for issue_id in whole for link in graph.edges(view, issue_id, direction)]
            found = [each for each in raw if kind in (None, each["type"])]
        else:
            found = shapes.linked(view, graph.neighbours(view, whole[0], direction))
            found = [each for each in found if kind in (None, each["dependency_type"])]
    if call.json:
        call.emit(found)
    elif len(whole) > 1:
        for each in found:
            call.say(f"{each['issue_id']} -> {each['depends_on_id']}  {each['type']}")
    else:
        render.lines(found, _NOTHING[direction].format(whole[0]), render.kind)


@dep.command()
@click.argument("issue")
@click.option(
    "--direction", type=_DIRECTIONS, default="down", help="down: what it depends on; up: what on it."
)
@click.option("--reverse", is_flag=True, help="The same as --direction up.")
@click.option("-d", "--max-depth", type=click.IntRange(0), default=50, help="How deep to look.")
@click.option("-t", "--type", "kind", help="Only this type.")
@click.option("-s", "--status", help="Only this status.")
@click.option("--format", "form", type=click.Choice(["text", "json", "mermaid"]), default="text")
@click.option("--show-all-paths", is_flag=True, hidden=True)
def tree(
    issue: str,
    direction: str,
    reverse: bool,
    max_depth: int,
    kind: str | None,
    status: str | None,
    form: str,
    show_all_paths: bool,
) -> None:
    """Show what an issue depends on, and that in turn."""
    from beads import graph

    call = current()
    direction = "up" if reverse else direction
    with call.reading() as view:
        root = view.resolve(issue)
        kinds = (words.dependency_type(kind),) if kind else ()
        nodes = graph.tree(view, root, direction, max_depth, kinds)
        found = _shapes(view, nodes)
    if status:
        found = [each for each in found if each["depth"] == 0 or each["status"] == status]
    if call.json or form == "json":
        call.emit(found)
    elif form == "mermaid":
        _mermaid(found)
    else:
        render.rows(render.Row(each, each["depth"], _branch(each)) for each in found)
        if len(found) == 1:
            call.note(_NOTHING[direction].format(found[0]["id"]))


def _branch(each: dict[str, Any]) -> str:
    by = f"  ({safe(each['edge_from_parent'])})" if each["depth"] else ""
    return by + (" …" if each["truncated"] else "")


def _shapes(view: "View", nodes: "list[Node]") -> list[dict[str, Any]]:
    issues = view.many(node.id for node in nodes)
    return [
        {
            **shapes.issue(issues[node.id]),
            "depth": node.depth,
            "parent_id": node.parent_id,
            "edge_from_parent": node.type,
            "truncated": node.truncated,
        }
        for node in nodes
        if node.id in issues
    ]


def _mermaid(found: list[dict[str, Any]]) -> None:
    click.echo("flowchart TD")
    for each in {each["id"]: each for each in found}.values():
        title = safe(each["title"]).replace('"', "'").replace("<", "‹").replace(">", "›")
        click.echo(f'  {_name(each["id"])}["{each["id"]}: {title}"]')
    for each in found:
        if each["depth"]:
            click.echo(
                f"  {_name(each['parent_id'])} -->|{safe(each['edge_from_parent'])}| {_name(each['id'])}"
            )


def _name(issue_id: str) -> str:
    return issue_id.replace("-", "_").replace(".", "_")


@dep.command()
def cycles() -> None:
    """List circles: issues that could never be worked off."""
    from beads import graph

    call = current()
    with call.reading() as view:
        found = graph.cycles(view)
        issues = view.many(id for circle in found for id in circle)
    if call.json:
        call.emit([[shapes.issue(issues[id]) for id in circle if id in issues] for circle in found])
        return
    for circle in found:
        call.say(" -> ".join((*circle, circle[0])))
    if not found:
        click.echo("no cycles")
