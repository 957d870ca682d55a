"""What a query asks for, as SQL. A comparison with what an issue does not have is false, and its negation true."""

import re
from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, not_, or_, select
from sqlalchemy import func as fn

from beads import clock, expressions, filters, known, rows, when, words
from beads.errors import Ambiguous, Invalid, NotFound
from beads.expressions import METADATA, Comparison, Misread, Node, Not
from beads.filters import Filter
from beads.model import PARENT, Issue
from beads.queries import View
from beads.schema import dependencies as links
from beads.schema import issues, labels
from beads.text import safe

Condition = ColumnElement[bool]
_NOTHING = ("", "none", "null")
_DURATION = re.compile(r"\d+\s*[a-z]+", re.IGNORECASE)
_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def query(view: View, text: str, wanted: Filter, *, everything: bool = False) -> list[Issue]:
    """Return the issues that a query means, in the order of a filter and within its limit.

    Closed issues and wisps are left out, unless the query speaks of them or everything is wanted.

    :raises Misread: when it is not understood.
    """
    tree = expressions.parse(text)
    named = {comparison.field for comparison in expressions.comparisons(tree)}
    conditions = [_condition(view, tree, text)]
    if not everything and not named & {"status", "closed", "close_reason"}:
        conditions.append(issues.c.status != "closed")
    if "ephemeral" not in named:
        conditions.append(issues.c.ephemeral.is_(False))
    return view.issues_of(filters.ordered(select(*rows.COLUMNS).where(and_(*conditions)), wanted))


def _condition(view: View, node: Node, text: str) -> Condition:
    if isinstance(node, Comparison):
        return _compared(view, node, text)
    if isinstance(node, Not):
        return not_(_condition(view, node.operand, text))
    parts = [_condition(view, part, text) for part in node.parts]
    return and_(*parts) if node.word == "AND" else or_(*parts)


def _compared(view: View, comparison: Comparison, text: str) -> Condition:
    try:
        return _KINDS[comparison.kind](view, comparison)
    except (Invalid, NotFound, Ambiguous) as error:
        raise Misread(error.message, text, comparison.value_place, error.hint or "") from None


def _column(comparison: Comparison) -> Any:
    name = expressions.FIELDS[comparison.field][1]
    return issues.c["issue_type" if name == "type" else name]


def _equal(column: Any, op: str, value: Any) -> Condition:
    found: Condition = column == value
    return not_(found) if op.startswith("!") else found


def _status(view: View, comparison: Comparison) -> Condition:
    return _equal(issues.c.status, comparison.op, known.status(view, comparison.value))


def _type(view: View, comparison: Comparison) -> Condition:
    return _equal(issues.c.issue_type, comparison.op, known.issue_type(view, comparison.value))


def _ordered(column: Any, op: str, value: Any) -> Condition:
    conditions: dict[str, Condition] = {
        "=": column == value,
        "!=": column != value,
        "<": column < value,
        "<=": column <= value,
        ">": column > value,
        ">=": column >= value,
    }
    return conditions[op]


def _priority(_: View, comparison: Comparison) -> Condition:
    return _ordered(issues.c.priority, comparison.op, words.priority(comparison.value))


def _present(column: Any, op: str) -> Condition:
    absent: Condition = column.is_(None)
    return not_(absent) if op == "!=" else absent


def _number(_: View, comparison: Comparison) -> Condition:
    column = _column(comparison)
    if comparison.value.lower() in _NOTHING and comparison.op in expressions.EQUALITY:
        return _present(column, comparison.op)
    if not comparison.value.isdecimal() or len(comparison.value) > 9:
        raise Invalid(f"{safe(comparison.value[:40])!r} is not a whole number", "such as 60")
    return and_(column.is_not(None), _ordered(column, comparison.op, int(comparison.value)))


def _person(_: View, comparison: Comparison) -> Condition:
    value = "" if comparison.value.lower() in _NOTHING else comparison.value
    column = _column(comparison)
    if comparison.op in ("~", "!~"):
        return _contains(column, comparison.op, value)
    return _equal(fn.lower(column), comparison.op, value.lower())


def _contains(column: Any, op: str, part: str) -> Condition:
    found = filters.containing(column, part)
    return not_(found) if op.startswith("!") else found


def _text(_: View, comparison: Comparison) -> Condition:
    column = _column(comparison)
    if comparison.value.lower() in _NOTHING:
        return _equal(column, comparison.op, "")
    return _contains(column, comparison.op, comparison.value)


def _word(_: View, comparison: Comparison) -> Condition:
    value = "" if comparison.value.lower() in _NOTHING else comparison.value
    column = _column(comparison)
    if comparison.op in ("~", "!~"):
        return _contains(column, comparison.op, value)
    found: Condition = column.like(filters.pattern(value), escape="\\") if "*" in value else column == value
    return not_(found) if comparison.op == "!=" else found


def _label(_: View, comparison: Comparison) -> Condition:
    mine = labels.c.issue_id == issues.c.id
    if comparison.value.lower() in _NOTHING:
        found: Condition = ~exists().where(mine)
    else:
        part = f"*{comparison.value}*" if comparison.op in ("~", "!~") else comparison.value
        found = exists().where(mine, labels.c.label.like(filters.pattern(part), escape="\\"))
    return not_(found) if comparison.op.startswith("!") else found


def _parent(view: View, comparison: Comparison) -> Condition:
    mine = (links.c.issue_id == issues.c.id, links.c.type == PARENT)
    if comparison.value.lower() in _NOTHING:
        found: Condition = ~exists().where(*mine)
    else:
        found = exists().where(*mine, links.c.depends_on_id == view.resolve(comparison.value))
    return not_(found) if comparison.op == "!=" else found


def _flag(_: View, comparison: Comparison) -> Condition:
    wanted = _BOOLEANS.get(comparison.value.lower())
    if wanted is None:
        raise Invalid(f"{safe(comparison.value[:40])!r} is neither true nor false", "true or false")
    column = _column(comparison)
    found = or_(column == 1, issues.c.status == "pinned") if comparison.field == "pinned" else column == 1
    return found if wanted == (comparison.op == "=") else not_(found)


def _recorded(view: View, comparison: Comparison) -> Condition:
    return _instant(view, comparison, "-")


def _planned(view: View, comparison: Comparison) -> Condition:
    return _instant(view, comparison, "+")


def _instant(view: View, comparison: Comparison, sign: str) -> Condition:
    """Compare an instant. `7d` alone is a week ago for what was recorded, and a week ahead for what is planned."""
    column, op, value = _column(comparison), comparison.op, comparison.value
    if value.lower() in _NOTHING and op in expressions.EQUALITY:
        return _present(column, op)
    at = when.parse(sign + value if _DURATION.fullmatch(value) else value, view.now)
    day = datetime.combine(at.astimezone().date(), time.min).astimezone()
    after = clock.stored(day + timedelta(days=1))
    if op in expressions.EQUALITY:
        within = and_(column.is_not(None), column >= clock.stored(day), column < after)
        return not_(within) if op == "!=" else within
    if op == "<=" and at == day:  # a day is meant, and it counts to its end
        return and_(column.is_not(None), column < after)
    return and_(column.is_not(None), _ordered(column, op, clock.stored(at)))


def _metadata(_: View, comparison: Comparison) -> Condition:
    column = fn.coalesce(filters.metadata_text(comparison.field[len(METADATA) :]), "")
    if comparison.op in ("~", "!~"):
        return _contains(column, comparison.op, comparison.value)
    return _equal(column, comparison.op, comparison.value)


def _metadata_key(_: View, comparison: Comparison) -> Condition:
    kind = fn.json_type(issues.c.metadata, filters.json_path(comparison.value))
    return _present(kind, "!=" if comparison.op == "=" else "=")


_KINDS: dict[str, Callable[[View, Comparison], Condition]] = {
    "status": _status,
    "type": _type,
    "priority": _priority,
    "number": _number,
    "person": _person,
    "text": _text,
    "word": _word,
    "label": _label,
    "id": _word,
    "parent": _parent,
    "flag": _flag,
    "recorded": _recorded,
    "planned": _planned,
    "metadata": _metadata,
    "metadata key": _metadata_key,
}
