"""Which issues: the conditions that `list`, `ready` and their kin share, as data and as SQL."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, or_, select, text
from sqlalchemy import func as fn

from beads import clock
from beads.model import PARENT, SETTLED
from beads.schema import dependencies as links
from beads.schema import issues, labels

SORTS = ("priority", "created", "updated", "closed", "status", "id", "title", "type", "assignee")
READY_SORTS = ("priority", "hybrid", "oldest")
TEXTS = ("title", "description", "notes")
# Spelt as in the partial index: with a bound value the planner would not use it.
UNFINISHED: Any = text("issues.status <> 'closed'")
TIMES = ("created_at", "updated_at", "closed_at", "due_at", "defer_until")


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Conditions that all hold. An empty tuple, None or False means: any."""

    ids: tuple[str, ...] = ()
    prefix: str = ""
    not_prefixes: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    not_statuses: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    not_types: tuple[str, ...] = ()
    priority: int | None = None
    priority_min: int | None = None
    priority_max: int | None = None
    assignee: str | None = None
    unassigned: bool = False
    labels: tuple[str, ...] = ()
    labels_any: tuple[str, ...] = ()
    not_labels: tuple[str, ...] = ()
    unlabelled: bool = False
    label_pattern: str = ""
    label_regex: str = ""
    parent: str | None = None
    orphan: bool = False
    contains: dict[str, str] = field(default_factory=dict)  # field of TEXTS → part of it
    empty_description: bool = False
    after: dict[str, datetime] = field(default_factory=dict)  # field of TIMES → instant
    before: dict[str, datetime] = field(default_factory=dict)
    overdue: datetime | None = None
    deferred: bool = False
    pinned: bool | None = None
    ephemeral: bool | None = None
    templates: bool | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    metadata_key: str = ""
    mol_type: str = ""
    wisp_type: str = ""
    spec_id: str = ""  # its beginning
    external_ref: str = ""
    sort: str = "priority"
    reverse: bool = False
    limit: int | None = None
    offset: int = 0


def narrowed(query: Select[Any], wanted: Filter) -> Select[Any]:
    """Add the conditions of a filter to a query on issues."""
    conditions = [*_words(wanted), *_labels(wanted), *_texts(wanted), *_times(wanted), *_flags(wanted)]
    return query.where(and_(*conditions)) if conditions else query


def ordered(query: Select[Any], wanted: Filter) -> Select[Any]:
    """Add the order and the limit of a filter."""
    column: Any = {
        "created": issues.c.created_at.desc(),
        "updated": issues.c.updated_at.desc(),
        "closed": issues.c.closed_at.desc(),
        "type": issues.c.issue_type,
    }.get(wanted.sort)
    keys: list[Any] = [issues.c[wanted.sort] if column is None else column]
    if wanted.sort == "priority":
        keys.append(issues.c.created_at.desc())
    keys.append(issues.c.id)
    if wanted.reverse:
        keys = [_reversed(key) for key in keys]
    return query.order_by(*keys).limit(wanted.limit).offset(wanted.offset or None)


def _reversed(key: Any) -> Any:
    return key.element if getattr(key, "modifier", None) is not None else key.desc()


def _words(wanted: Filter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    columns = (
        (issues.c.id, wanted.ids),
        (issues.c.status, wanted.statuses),
        (issues.c.issue_type, wanted.types),
    )
    found += [column.in_(values) for column, values in columns if values]
    if wanted.prefix:
        found.append(issues.c.id.startswith(f"{wanted.prefix}-", autoescape=True))
    found += [~issues.c.id.startswith(f"{prefix}-", autoescape=True) for prefix in wanted.not_prefixes]
    if "closed" in wanted.not_statuses:
        found.append(UNFINISHED)
    if others := [name for name in wanted.not_statuses if name != "closed"]:
        found.append(issues.c.status.not_in(others))
    if wanted.not_types:
        found.append(issues.c.issue_type.not_in(wanted.not_types))
    exact = (("assignee", wanted.assignee), ("priority", wanted.priority))
    found += [issues.c[name] == value for name, value in exact if value is not None]
    if wanted.spec_id:
        found.append(issues.c.spec_id.like(f"{like(wanted.spec_id)}%", escape="\\"))
    for name in ("mol_type", "wisp_type", "external_ref"):
        if getattr(wanted, name):
            found.append(issues.c[name] == getattr(wanted, name))
    if wanted.priority_min is not None:
        found.append(issues.c.priority >= wanted.priority_min)
    if wanted.priority_max is not None:
        found.append(issues.c.priority <= wanted.priority_max)
    return found + ([issues.c.assignee == ""] if wanted.unassigned else []) + _family(wanted)


def _family(wanted: Filter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    mine = and_(links.c.issue_id == issues.c.id, links.c.type == PARENT)
    if wanted.parent is not None:
        children = select(links.c.issue_id).where(
            links.c.depends_on_id == wanted.parent, links.c.type == PARENT
        )
        found.append(issues.c.id.in_(children))
    if wanted.orphan:
        found.append(~exists().where(mine))
    return found


def _labels(wanted: Filter) -> list[ColumnElement[bool]]:
    def has(condition: ColumnElement[bool]) -> ColumnElement[bool]:
        return exists().where(labels.c.issue_id == issues.c.id, condition)

    found = [has(labels.c.label == name) for name in wanted.labels]
    if wanted.labels_any:
        found.append(has(labels.c.label.in_(wanted.labels_any)))
    if wanted.not_labels:
        found.append(~has(labels.c.label.in_(wanted.not_labels)))
    if wanted.unlabelled:
        found.append(~exists().where(labels.c.issue_id == issues.c.id))
    if wanted.label_pattern:
        found.append(has(labels.c.label.like(pattern(wanted.label_pattern), escape="\\")))
    if wanted.label_regex:
        found.append(has(labels.c.label.regexp_match(wanted.label_regex)))
    return found


def like(part: str) -> str:
    """Escape what LIKE would take for a pattern."""
    return part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def pattern(glob: str) -> str:
    """Return what LIKE is asked for a text with `*` and `?` in it."""
    return like(glob).replace("*", "%").replace("?", "_")


def containing(column: Any, part: str) -> ColumnElement[bool]:
    """Return the condition that a text contains a part, in whatever case."""
    found: ColumnElement[bool] = column.ilike(f"%{like(part)}%", escape="\\")
    return found


def _texts(wanted: Filter) -> list[ColumnElement[bool]]:
    found = [containing(issues.c[name], part) for name, part in wanted.contains.items()]
    if wanted.empty_description:
        found.append(issues.c.description == "")
    for key, value in wanted.metadata.items():
        found.append(metadata_text(key) == value)
    if wanted.metadata_key:
        found.append(fn.json_type(issues.c.metadata, json_path(wanted.metadata_key)).is_not(None))
    return found


def metadata_text(key: str) -> Any:
    """Return the value of a top-level key as it reads: text without quotation marks, `true` rather than 1."""
    path = json_path(key)
    kind = fn.json_type(issues.c.metadata, path)
    plain = fn.json_extract(issues.c.metadata, path).cast(issues.c.title.type)
    return case((kind.in_(("true", "false")), kind), else_=plain)


def json_path(key: str) -> str:
    """Return the path of a top-level key of a JSON object."""
    return '$."' + key.replace('"', '""') + '"'


def _times(wanted: Filter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    found += [issues.c[name] > clock.stored(instant) for name, instant in wanted.after.items()]
    found += [issues.c[name] < clock.stored(instant) for name, instant in wanted.before.items()]
    if wanted.overdue is not None:
        late = issues.c.due_at < clock.stored(wanted.overdue)
        found.append(and_(late, issues.c.status.not_in(SETTLED)))
    if wanted.deferred:
        found.append(or_(issues.c.status == "deferred", issues.c.defer_until.is_not(None)))
    return found


def _flags(wanted: Filter) -> list[ColumnElement[bool]]:
    asked = ((issues.c.ephemeral, wanted.ephemeral), (issues.c.is_template, wanted.templates))
    found: list[ColumnElement[bool]] = [column.is_(value) for column, value in asked if value is not None]
    if wanted.pinned is not None:
        pinned = or_(issues.c.pinned.is_(True), issues.c.status == "pinned")
        found.append(pinned if wanted.pinned else ~pinned)
    return found
