"""Making a new issue: its words checked, its id found, its place in the tree taken."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import fields
from typing import Any

from sqlalchemy import Integer, bindparam, case, insert, select, update

from beads import clock, ids, known, rows, words
from beads.errors import Invalid, NotFound, Refused
from beads.model import Draft
from beads.queries import View
from beads.schema import child_counters, issues, labels, prefixes
from beads.text import safe

_NOT_COLUMNS = frozenset(
    ("id", "prefix", "rig", "infix", "parent", "inherit_labels", "depends_on", "blocks", "labels")
)
_COLUMN_FIELDS = tuple(field.name for field in fields(Draft) if field.name not in _NOT_COLUMNS)
MAX_TEXT_BYTES = 8 * 1024 * 1024
MAX_NESTING = 100
_INSERT, _LABEL = insert(issues), insert(labels)
_OF = prefixes.c.prefix == bindparam("of")
_HOW_MANY = select(prefixes.c.issue_count).where(_OF)
_COUNT = (
    update(prefixes)
    .where(_OF)
    .values(
        issue_count=prefixes.c.issue_count + bindparam("more", type_=Integer),
        last_number=case(
            (bindparam("number", type_=Integer) > 0, bindparam("number")), else_=prefixes.c.last_number
        ),
    )
)


def ahead() -> Iterator[tuple[Any, Iterable[str]]]:
    """Yield the statements of a creation, with the names of their values."""
    values = rows.columns(dict.fromkeys(_COLUMN_FIELDS))
    yield from ((_HOW_MANY, ("of",)), (_COUNT, ("of", "more", "number")), (_LABEL, ("issue_id", "label")))
    yield _INSERT, ("id", "created_at", "updated_at", *values)


def insert_issue(view: View, draft: Draft, actor: str) -> str:
    """Write the row and the labels of a new issue; return its id. Dependencies are the caller's.

    :raises Invalid: for a word that is not allowed. :raises NotFound: for an unknown parent or rig.
    """
    values = _checked(view, draft, actor)
    issue_id = _new_id(view, draft, actor)
    now = clock.stored(view.now)
    stamps: dict[str, Any] = {"created_at": now, "updated_at": now}
    if values["status"] == "closed":
        stamps["closed_at"] = now
    if values["status"] == "in_progress":
        stamps["started_at"] = now
    view.conn.execute(_INSERT, {"id": issue_id, **values, **stamps})
    _add_labels(view, issue_id, draft)
    return issue_id


def _checked(view: View, draft: Draft, actor: str) -> dict[str, Any]:
    values = {name: getattr(draft, name) for name in _COLUMN_FIELDS}
    check_texts(values)
    values["title"] = words.title(draft.title)
    values["type"] = words.issue_type(draft.type, view.config("types.custom"))
    values["status"] = words.status(draft.status, view.config("status.custom"))
    values["priority"] = words.priority(draft.priority)
    values["created_by"] = draft.created_by or actor
    asleep = draft.defer_until is not None and draft.defer_until > view.now
    if asleep and draft.status == "open":
        values["status"] = "deferred"
    return rows.columns(values)


def check_texts(values: dict[str, Any]) -> None:
    """Refuse text that is not UTF-8, has NULs or is beyond all measure, and JSON that is nested beyond it.

    :raises Invalid: naming the field.
    """
    for name, value in values.items():
        if name in rows.DOCUMENTS and value is not None:
            _check_depth(value, name)
            value = rows.dumps(value)
        if isinstance(value, str):
            size = len(words.checked(value, name).encode())
            if size > MAX_TEXT_BYTES:
                raise Invalid(
                    f"{name} has {size} bytes; at most {MAX_TEXT_BYTES} are allowed", "attach it as a file"
                )
    if isinstance(minutes := values.get("estimated_minutes"), int) and minutes < 0:
        raise Invalid(f"an estimate of {minutes} minutes is negative")


def _check_depth(document: Any, name: str) -> None:
    # What could just be written could not be read where a few more calls are under way already.
    level = [document]
    for _ in range(MAX_NESTING + 1):
        level = [each for each in level if isinstance(each, dict | list | tuple)]
        if not level:
            return
        level = [inner for each in level for inner in (each.values() if isinstance(each, dict) else each)]
    raise Invalid(f"{name} is nested too deeply; at most {MAX_NESTING} levels are allowed")


def _add_labels(view: View, issue_id: str, draft: Draft) -> None:
    wanted = {words.label(name) for name in draft.labels}
    if draft.parent and draft.inherit_labels:
        wanted.update(view.labels_of([draft.parent]).get(draft.parent, ()))
    if wanted:
        view.conn.execute(_LABEL, [{"issue_id": issue_id, "label": name} for name in sorted(wanted)])


# ids


def _new_id(view: View, draft: Draft, actor: str) -> str:
    if draft.parent and not view.exists(draft.parent):
        raise NotFound(f"no issue found matching {safe(draft.parent)!r}", "see what there is: bd list")
    if draft.id:
        return _given(view, draft.id)
    if draft.parent:
        return _child(view, draft.parent)
    prefix = draft.prefix or (known.rig_prefix(view, draft.rig) if draft.rig else view.prefix())
    stem = f"{prefix}-{draft.infix}" if draft.infix else prefix
    return (
        _numbered(view, stem)
        if view.config("issue_id_mode") == "counter"
        else _hashed(view, draft, stem, actor)
    )


def _given(view: View, issue_id: str) -> str:
    if not ids.is_id(issue_id):
        raise Invalid(
            f"{safe(issue_id)!r} is not an id", f"ids look like {view.prefix()}-a3f or {view.prefix()}-a3f.1"
        )
    if view.exists(issue_id):
        raise Refused(f"{issue_id} exists already", f"bd show {issue_id}")
    took(view, issue_id)
    return issue_id


def took(view: View, *issue_ids: str) -> None:
    """Count ids that were not made here, so that those made here keep clear of them."""
    tops: Counter[str] = Counter()
    last: dict[str, int] = {}
    for issue_id in issue_ids:
        parent = ids.parent_of(issue_id)
        if parent is None:
            tops[ids.prefix_of(issue_id)] += 1
        else:
            last[parent] = max(last.get(parent, 0), int(issue_id.rpartition(".")[2]))
    for prefix, count in tops.items():
        _count(view, prefix, more=count)
    for parent, number in last.items():
        _set_last_child(view, parent, max(number, _last_child(view, parent)))


def _child(view: View, parent: str) -> str:
    deepest = int(view.config("hierarchy.max-depth") or view.config("hierarchy.max_depth") or ids.MAX_DEPTH)
    if ids.depth_of(parent) >= deepest:
        raise Refused(
            f"{parent} is {deepest} levels deep already; it can have no children", "give it a sibling"
        )
    number = (_last_child(view, parent) or _highest_child(view, parent)) + 1
    while view.exists(f"{parent}.{number}"):
        number += 1
    _set_last_child(view, parent, number)
    return f"{parent}.{number}"


def _last_child(view: View, parent: str) -> int:
    query = select(child_counters.c.last_child).where(child_counters.c.parent_id == parent)
    return int(view.conn.execute(query).scalar() or 0)


def _highest_child(view: View, parent: str) -> int:
    # Between `p.` and `p/` lie exactly the ids that begin with `p.`.
    query = select(issues.c.id).where(issues.c.id > f"{parent}.", issues.c.id < f"{parent}/")
    tails = (id[len(parent) + 1 :] for id in view.conn.execute(query).scalars())
    return max((int(tail) for tail in tails if tail.isdigit()), default=0)


def _set_last_child(view: View, parent: str, number: int) -> None:
    done = view.conn.execute(
        update(child_counters).where(child_counters.c.parent_id == parent).values(last_child=number)
    )
    if not done.rowcount:
        view.conn.execute(insert(child_counters).values(parent_id=parent, last_child=number))


def _count(view: View, prefix: str, number: int = 0, more: int = 1) -> None:
    """Note more ids of a prefix."""
    done = view.conn.execute(_COUNT, {"of": prefix, "more": more, "number": number})
    if not done.rowcount:
        view.conn.execute(insert(prefixes).values(prefix=prefix, issue_count=more, last_number=number))


def _numbered(view: View, prefix: str) -> str:
    last = view.conn.execute(select(prefixes.c.last_number).where(prefixes.c.prefix == prefix)).scalar() or 0
    number = last + 1
    while view.exists(f"{prefix}-{number}"):
        number += 1
    _count(view, prefix, number)
    return f"{prefix}-{number}"


def _hashed(view: View, draft: Draft, stem: str, actor: str) -> str:
    count = view.conn.execute(_HOW_MANY, {"of": stem}).scalar() or 0
    nanos = int(view.now.timestamp() * 1_000_000) * 1000
    tries = ids.candidates(stem, draft.title, draft.description, actor, nanos, count, _lengths(view))
    for candidate in tries:
        if not view.exists(candidate):
            _count(view, stem)
            return candidate
    raise Refused(f"no free id was found for prefix {stem!r}", "bd config set max_hash_length 8")


def _lengths(view: View) -> ids.Lengths:
    """Return the bounds of new hashes, as configured."""
    usual = ids.Lengths()
    return ids.Lengths(
        int(view.config("min_hash_length") or usual.shortest),
        int(view.config("max_hash_length") or usual.longest),
        float(view.config("max_collision_prob") or usual.max_collision),
    )
