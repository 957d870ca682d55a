"""A graph of issues, drawn: as layers, boxes or a tree for a terminal, for Graphviz, and as a page."""

import html as markup
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from beads import layouts, shapes
from beads.cli import render
from beads.model import BLOCKING, PARENT, WAITS_FOR
from beads.text import safe

if TYPE_CHECKING:
    from beads.model import Dependency, Issue

_WIDTH = 34
_COLOURS = {
    "open": "#ffffff", "in_progress": "#fff3c4", "hooked": "#fff3c4", "blocked": "#fde2e1", "closed": "#e3e6ea",
    "deferred": "#e3eefc", "pinned": "#efe6fb",
}  # fmt: skip
_OTHER = "#ffffff"


@dataclass(frozen=True)
class Drawing:
    """What is drawn: issues by id, what joins them, and where each stands."""

    root: str
    issues: "Mapping[str, Issue]"
    edges: "Sequence[Dependency]"
    layout: layouts.Layout


def joined(parts: Sequence[Drawing]) -> Drawing:
    """Return several drawings as one."""
    layers: list[list[str]] = []
    for part in parts:
        layers += [[] for _ in range(len(part.layout.layers) - len(layers))]
        for mine, theirs in zip(layers, part.layout.layers, strict=False):
            mine += theirs
    depends_on = {id: targets for part in parts for id, targets in part.layout.depends_on.items()}
    return Drawing(
        parts[0].root if parts else "",
        {id: issue for part in parts for id, issue in part.issues.items()},
        [link for part in parts for link in part.edges],
        layouts.Layout(layers, depends_on),
    )


def _line(drawing: Drawing, issue_id: str) -> str:
    waits = ", ".join(drawing.layout.depends_on[issue_id])
    return render.line(shapes.issue(drawing.issues[issue_id]), f"  <- {safe(waits)}" if waits else "")


def layers(drawing: Drawing) -> str:
    """Draw what can be done first, then what needs that, and so on."""
    lines = [safe(f"{drawing.root}: {len(drawing.issues)} issues")]
    for number, ids in enumerate(drawing.layout.layers):
        heading = "needs nothing else" if number == 0 else f"after layer {number - 1}"
        lines += [f"  layer {number}, {heading}", *(f"    {_line(drawing, id)}" for id in ids)]
    return "\n".join(lines)


def compact(drawing: Drawing) -> str:
    """Draw a line each, children below their parents."""
    parents = {link.issue_id: link.depends_on_id for link in drawing.edges if link.type == PARENT}
    children: dict[str | None, list[str]] = {}
    for id in (id for layer in drawing.layout.layers for id in layer):
        children.setdefault(parents.get(id), []).append(id)
    lines: list[str] = []
    stack = [(id, 0) for id in reversed(children.get(None, []))]
    seen = set()
    while stack:
        id, depth = stack.pop()
        seen.add(id)
        lines.append("  " * depth + _line(drawing, id))
        stack += [(child, depth + 1) for child in reversed(children.get(id, [])) if child not in seen]
    lines += [_line(drawing, id) for id in drawing.issues if id not in seen]  # a circle of parents
    return "\n".join(lines)


def boxes(drawing: Drawing) -> str:
    """Draw a box each, layer below layer."""
    lines: list[str] = []
    for number, ids in enumerate(drawing.layout.layers):
        lines.append(f"layer {number}")
        for id in ids:
            lines += _box(drawing, id)
    return "\n".join(lines)


def _box(drawing: Drawing, issue_id: str) -> list[str]:
    issue = drawing.issues[issue_id]
    waits = ", ".join(drawing.layout.depends_on[issue_id])
    texts = [
        f"{issue_id}  P{issue.priority}  {issue.status}",
        issue.title,
        *([f"<- {waits}"] if waits else []),
    ]
    edge = "  +" + "-" * (_WIDTH + 2) + "+"
    return [edge, *(f"  | {_cut(safe(text), _WIDTH):<{_WIDTH}} |" for text in texts), edge]


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _quoted(text: str) -> str:
    return '"' + safe(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def dot(drawing: Drawing) -> str:
    """Draw for Graphviz: along the arrows is the order of the work; a dashed line leads to a parent."""
    lines = [
        "digraph beads {",
        "  rankdir=LR;",
        '  node [shape=box, style="rounded,filled", fontname="sans-serif"];',
    ]
    for id, issue in drawing.issues.items():
        colour = _COLOURS.get(issue.status, _OTHER)
        label = _quoted(id)[:-1] + "\\n" + _quoted(_cut(issue.title, 60))[1:]
        lines.append(f'  {_quoted(id)} [label={label}, fillcolor="{colour}"];')
    for link in drawing.edges:
        source, target = _quoted(link.depends_on_id), _quoted(link.issue_id)
        lines.append(f"  {source} -> {target} [{_style(link.type)}];")
    return "\n".join((*lines, "}\n"))


def _style(kind: str) -> str:
    if kind in (*BLOCKING, WAITS_FOR):
        return "style=solid"
    return 'style=dashed, color="#888888"' + ("" if kind == PARENT else f", label={_quoted(kind)}")


def html(drawing: Drawing) -> str:
    """Draw a page that needs nothing but itself: what is pointed at stands out with what it is joined to."""
    from beads.cli.page import page

    places = drawing.layout.places()
    title = f"{drawing.root}: {drawing.issues[drawing.root].title}" if drawing.issues else "nothing is open"
    edges = [_curve(link, places) for link in drawing.edges]
    nodes = [_node(issue, places[id]) for id, issue in drawing.issues.items()]
    width = 40 + 280 * max(1, len(drawing.layout.layers))
    height = 40 + 74 * max((len(layer) for layer in drawing.layout.layers), default=1)
    return page(markup.escape(safe(title)), "\n".join((*edges, *nodes)), width, height)


def _node(issue: "Issue", place: tuple[int, int]) -> str:
    x, y = 20 + 280 * place[0], 20 + 74 * place[1]
    text = markup.escape(_cut(safe(issue.title), 34))
    head = markup.escape(f"{issue.id}  P{issue.priority}  {issue.status}")
    return (
        f'<g class="issue" data-id="{markup.escape(issue.id)}" transform="translate({x} {y})">'
        f"<title>{markup.escape(safe(issue.title))}</title>"
        f'<rect width="230" height="54" rx="6" fill="{_COLOURS.get(issue.status, _OTHER)}"/>'
        f'<text x="10" y="21" class="head">{head}</text><text x="10" y="41">{text}</text></g>'
    )


def _curve(link: "Dependency", places: Mapping[str, tuple[int, int]]) -> str:
    (a, b), (c, d) = places[link.depends_on_id], places[link.issue_id]
    x, y, u, v = 250 + 280 * a, 47 + 74 * b, 20 + 280 * c, 47 + 74 * d
    kind = "waits" if link.type in (*BLOCKING, WAITS_FOR) else "other"
    return (
        f'<path class="{kind}" data-ends="{markup.escape(link.depends_on_id)} {markup.escape(link.issue_id)}" '
        f'd="M{x} {y}C{x + 40} {y} {u - 40} {v} {u} {v}"><title>{markup.escape(safe(link.type))}</title></path>'
    )
