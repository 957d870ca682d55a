"""A graph of issues that is made as a whole: nodes with keys of their own, and edges between keys and ids."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from beads import clock, links, words
from beads.changes import Change
from beads.errors import BeadsError, Invalid
from beads.model import PARENT, WAITS_FOR, Draft, Issue
from beads.text import nearest, safe

_PLAN = ("commit_message", "nodes", "edges")
# What a node says → the field of the issue.
_TEXTS = {
    "id": "id", "title": "title", "type": "type", "status": "status", "description": "description",
    "design": "design", "acceptance_criteria": "acceptance_criteria", "notes": "notes", "spec_id": "spec_id",
    "external_ref": "external_ref", "assignee": "assignee", "owner": "owner", "wisp_type": "wisp_type",
    "mol_type": "mol_type", "event_kind": "event_kind", "actor": "actor", "target": "target",
    "payload": "payload",
}  # fmt: skip
_NUMBERS = {"priority": "priority", "estimate": "estimated_minutes", "estimated_minutes": "estimated_minutes"}
_FLAGS = {"ephemeral": "ephemeral", "no_history": "no_history", "pinned": "pinned"}
_INSTANTS = {"due_at": "due_at", "defer_until": "defer_until"}
_RELATIONS = (
    *("key", "labels", "metadata", "metadata_refs", "parent", "parent_key", "parent_id", "deps"),
    "assign_after_create",
)
_NODE = (*_TEXTS, *_NUMBERS, *_FLAGS, *_INSTANTS, *_RELATIONS)
_EDGE = ("from_key", "from_id", "to_key", "to_id", "type", "gate")
_GATES = ("all-children", "any-children")


@dataclass
class Node:
    """One issue to be made, and how it hangs together with others."""

    key: str
    fields: dict[str, Any]
    parent_key: str = ""
    parent_id: str = ""
    deps: list[dict[str, Any]] = field(default_factory=list)
    metadata_refs: dict[str, str] = field(default_factory=dict)
    assignee_later: str = ""


@dataclass
class Plan:
    """What is to be made. `notes` tell what the file says that means nothing."""

    nodes: list[Node]
    edges: list[dict[str, Any]]
    notes: list[str]

    @property
    def parents(self) -> int:
        """How many nodes have a parent."""
        return sum(bool(node.parent_key or node.parent_id) for node in self.nodes)


def read(text: str) -> Plan:
    """Read a plan from JSON.

    :raises Invalid: naming the node or edge that is wrong.
    """
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Invalid(
            f"the plan is not JSON: {error}", '{"nodes": [{"key": "a", "title": "…"}], "edges": []}'
        ) from None
    whole = _object(raw, "the plan")
    notes = _unknown(whole, _PLAN, "the plan")
    nodes = [_node(each, f"nodes[{i}]", notes) for i, each in enumerate(_list(whole, "nodes", "the plan"))]
    edges = [_edge(each, f"edges[{i}]", notes) for i, each in enumerate(_list(whole, "edges", "the plan"))]
    if not nodes:
        raise Invalid("the plan has no nodes", '{"nodes": [{"key": "a", "title": "…"}]}')
    _check_keys(nodes, edges)
    return Plan(nodes, edges, notes)


def _object(raw: Any, where: str) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise Invalid(f"{where} is not a JSON object")
    return {name: value for name, value in raw.items() if value is not None}


def _list(found: Mapping[str, Any], name: str, where: str) -> list[Any]:
    value = found.get(name, [])
    if not isinstance(value, list):
        raise Invalid(f"{name} of {where} is not a list")
    return value


def _typed(found: Mapping[str, Any], name: str, kind: type, where: str) -> Any:
    value = found[name]
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        kinds = {str: "text", int: "a whole number", bool: "true or false", dict: "an object"}
        raise Invalid(f"{name} of {where} is {safe(json.dumps(value)[:60])}, not {kinds[kind]}")
    return value


def _unknown(found: Iterable[str], known: tuple[str, ...], where: str) -> list[str]:
    notes = []
    for name in found:
        if name not in known:
            near = nearest(name, known)
            notes.append(
                f"{where} has an unknown field {safe(name)!r}" + (f"; did you mean {near!r}?" if near else "")
            )
    return notes


def _node(raw: Any, where: str, notes: list[str]) -> Node:
    found = _object(raw, where)
    for name in ("key", "title"):
        if not found.get(name):
            raise Invalid(f"{where} has no {name}", "each node needs a key of its own, and a title")
    key = _typed(found, "key", str, where)
    where = f"node {safe(key)!r}"
    notes += _unknown(found, _NODE, where)
    fields: dict[str, Any] = {}
    for names, kind in ((_TEXTS, str), (_NUMBERS, int), (_FLAGS, bool)):
        fields |= {to: _typed(found, name, kind, where) for name, to in names.items() if name in found}
    fields |= {to: _instant(found, name, where) for name, to in _INSTANTS.items() if name in found}
    fields["labels"] = tuple(str(name) for name in _list(found, "labels", where))
    if "metadata" in found:
        fields["metadata"] = _typed(found, "metadata", dict, where)
    later = fields.pop("assignee", "") if found.get("assign_after_create") else ""
    return Node(
        key,
        fields,
        str(found.get("parent_key") or found.get("parent") or ""),
        str(found.get("parent_id", "")),
        [_dep(each, f"deps of {where}") for each in _list(found, "deps", where)],
        _typed({"metadata_refs": {}, **found}, "metadata_refs", dict, where),
        later,
    )


def _instant(found: Mapping[str, Any], name: str, where: str) -> Any:
    try:
        return clock.parse(_typed(found, name, str, where))
    except (ValueError, OverflowError):
        raise Invalid(f"{name} of {where} is not a time", "write it as 2025-01-15T10:00:00Z") from None


def _dep(raw: Any, where: str) -> dict[str, Any]:
    found = {"target": raw} if isinstance(raw, str) else _object(raw, where)
    if not found.get("target"):
        raise Invalid(f"{where}: one has no target", '{"target": "KEY or ID", "type": "blocks"}')
    return {"target": str(found["target"]), "type": _kind(found)}


def _edge(raw: Any, where: str, notes: list[str]) -> dict[str, Any]:
    found = _object(raw, where)
    notes += _unknown(found, _EDGE, where)
    for end in ("from", "to"):
        if not found.get(f"{end}_key") and not found.get(f"{end}_id"):
            raise Invalid(f"{where} has neither {end}_key nor {end}_id")
    if "gate" in found and (found["gate"] not in _GATES or _kind(found) != WAITS_FOR):
        raise Invalid(f"the gate of {where} is not one of {', '.join(_GATES)} of a {WAITS_FOR} edge")
    return {**found, "type": _kind(found)}


def _kind(found: Mapping[str, Any]) -> str:
    return words.dependency_type(str(found.get("type") or "blocks"), well_known=True)


def _check_keys(nodes: list[Node], edges: list[dict[str, Any]]) -> None:
    keys: set[str] = set()
    for node in nodes:
        if node.key in keys:
            raise Invalid(f"two nodes have the key {safe(node.key)!r}")
        keys.add(node.key)
    for node in nodes:
        for key in filter(None, (node.parent_key, *node.metadata_refs.values())):
            _check_key(str(key), keys, f"node {safe(node.key)!r}")
    for i, edge in enumerate(edges):
        for key in filter(None, (edge.get("from_key"), edge.get("to_key"))):
            _check_key(str(key), keys, f"edges[{i}]")


def _check_key(key: str, keys: set[str], where: str) -> None:
    if key not in keys:
        error = words.unknown("key", key, sorted(keys))
        raise Invalid(f"{where} names the {error.message}", error.hint)


# making it


def make(change: Change, plan: Plan, usual: Mapping[str, Any]) -> dict[str, Issue]:
    """Make every issue of a plan; return them by key. `usual` are fields of those that do not say otherwise.

    :raises BeadsError: naming the node or edge that could not be made; then nothing may be kept.
    """
    made = {node.key: _made(change, node, usual) for node in plan.nodes}
    ids = {key: issue.id for key, issue in made.items()}
    links_wanted = [*_parents(change, plan, ids), *_edges(change, plan, ids)]
    # Parents first, so that every other edge is checked against the whole tree.
    for where, issue_id, target, kind, note in sorted(links_wanted, key=lambda link: link[3] != PARENT):
        try:
            links.check_ancestor(change, issue_id, target, kind)
            change.add_dependency(issue_id, target, kind, note)
        except BeadsError as error:
            raise Invalid(
                f"{where}: {_by_keys(error.message, ids)}", _by_keys(error.hint or "", ids)
            ) from None
    for node in plan.nodes:
        _complete(change, node, ids)
    return {key: change.get(issue_id) for key, issue_id in ids.items()}


def _made(change: Change, node: Node, usual: Mapping[str, Any]) -> Issue:
    try:
        return change.create(Draft(**{**usual, **node.fields}))
    except BeadsError as error:
        raise Invalid(f"node {safe(node.key)!r}: {error.message}", error.hint) from None


_Link = tuple[str, str, str, str, str]


def _parents(change: Change, plan: Plan, ids: Mapping[str, str]) -> Iterable[_Link]:
    for node in plan.nodes:
        if node.parent_key or node.parent_id:
            parent = ids[node.parent_key] if node.parent_key else change.resolve(node.parent_id)
            yield f"parent of node {safe(node.key)!r}", ids[node.key], parent, PARENT, ""


def _edges(change: Change, plan: Plan, ids: Mapping[str, str]) -> Iterable[_Link]:
    for i, edge in enumerate(plan.edges):
        ends = [
            change.resolve(str(edge[f"{end}_id"])) if edge.get(f"{end}_id") else ids[str(edge[f"{end}_key"])]
            for end in ("from", "to")
        ]
        gate = json.dumps({"gate": edge["gate"]}) if "gate" in edge else ""
        yield f"edges[{i}]", ends[0], ends[1], edge["type"], gate
    for node in plan.nodes:
        for dep in node.deps:
            target = ids.get(dep["target"]) or links.resolve_target(change, dep["target"])
            yield f"deps of node {safe(node.key)!r}", ids[node.key], target, dep["type"], ""


def _by_keys(message: str, ids: Mapping[str, str]) -> str:
    """Say keys instead of ids that nobody will ever see."""
    keys = {issue_id: key for key, issue_id in ids.items()}
    return re.sub(r"[\w.-]+", lambda match: safe(keys.get(match[0], match[0])), message)


def _complete(change: Change, node: Node, ids: Mapping[str, str]) -> None:
    wanted: dict[str, Any] = {"assignee": node.assignee_later} if node.assignee_later else {}
    if node.metadata_refs:
        refs = {name: ids[key] for name, key in node.metadata_refs.items()}
        wanted["metadata"] = {**(node.fields.get("metadata") or {}), **refs}
    if wanted:
        change.update(ids[node.key], **wanted)
