"""Other ids for issues: everything that refers to them follows, in the same transaction.

Other tables of the same database may refer to issues too; theirs is the convention that such a column is named `bead`.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import bindparam, column, inspect, or_, select, table, update

from beads import clock, filters, health, ids, ready, rows, schema
from beads.changes import Change
from beads.errors import Invalid, Refused
from beads.links import id_prefixes, known_prefixes
from beads.queries import View
from beads.schema import (
    SEARCH_COLUMNS,
    child_counters,
    comments,
    config,
    dependencies,
    events,
    issues,
    prefixes,
)
from beads.text import safe

BEAD = "bead"
_AT_WORK = ("hooked", "in_progress")
_TEXTS = (*SEARCH_COLUMNS, "close_reason")
_ID = re.compile(
    r"(?<![A-Za-z0-9_.:-])([A-Za-z0-9][A-Za-z0-9_]*(?:-[A-Za-z0-9_]+)+(?:\.\d+)*)(?![A-Za-z0-9_-])"
)
_SHOWN = 5

Renamed = Mapping[str, str]


# which ids


def one(view: View, old: str, new: str) -> dict[str, str]:
    """Return the new ids for one issue and what lies below it by its id.

    :raises Invalid: when the new one cannot be. :raises Refused: when it is taken or belongs elsewhere.
    """
    if not ids.is_id(new):
        raise Invalid(
            f"{safe(new)!r} is not an id", f"ids look like {view.prefix()}-a3f or {view.prefix()}-login"
        )
    known = id_prefixes(view)
    if _owner(new, known) is None:
        raise Refused(
            f"{new} begins with none of this store's prefixes", f"one of: {', '.join(sorted(known))}"
        )
    before, after = (_owner(id, known_prefixes(view)) for id in (old, new))
    if before != after and before is not None:
        raise Refused(f"{new} would belong to another rig than {old}", f"an id that begins with {before}-")
    query = select(issues.c.id).where(
        or_(issues.c.id == old, issues.c.id.startswith(f"{old}.", autoescape=True))
    )
    return {id: new + id[len(old) :] for id in view.conn.execute(query).scalars()}


def all_of(view: View, new: str, repair: bool = False) -> tuple[str, dict[str, str]]:
    """Return this store's prefix, and the new ids for what begins with it; with `repair`, for strays as well.

    What belongs to a rig of a town keeps its id.

    :raises Refused: when the new prefix is a rig's, or there are strays and nothing was said of them.
    """
    if not ids.is_prefix(new):
        raise Invalid(
            f"{safe(new)!r} cannot be a prefix", "letters, digits and single hyphens, a letter first"
        )
    old = view.prefix()
    rigs = known_prefixes(view) - {old}
    if new in rigs:
        raise Refused(f"{new} is the prefix of a rig of this store", "choose another")
    mine, strays = [], []
    for id in view.conn.execute(select(issues.c.id).order_by(issues.c.id)).scalars():
        owner = _owner(id, {old, new, *rigs})
        if owner is None:
            strays.append(id)
        elif owner == old:
            mine.append(id)
    if strays and not repair:
        found = Counter(ids.prefix_of(id) for id in strays)
        listed = ", ".join(f"{prefix} ({count})" for prefix, count in found.most_common(_SHOWN))
        raise Refused(
            f"{len(strays)} issues have other prefixes: {listed}", "to rename those as well: --repair"
        )
    renamed = {} if old == new else {id: new + id[len(old) :] for id in mine}
    taken = {*view.conn.execute(select(issues.c.id)).scalars()} - renamed.keys() | set(renamed.values())
    for id in strays:
        renamed[id] = _adopted(view, id, new, renamed, taken)
        taken.add(renamed[id])
    return old, renamed


def _owner(issue_id: str, known: Iterable[str]) -> str | None:
    """Return the longest prefix that an id begins with."""
    return max((prefix for prefix in known if issue_id.startswith(f"{prefix}-")), key=len, default=None)


def _adopted(view: View, issue_id: str, prefix: str, renamed: Renamed, taken: set[str]) -> str:
    """Return an id of another prefix: the same behind the hyphen, or, where that is taken, a new hash."""
    parent = ids.parent_of(issue_id)
    if parent is not None and parent in renamed:
        return renamed[parent] + issue_id[len(parent) :]
    same = f"{prefix}-{issue_id[len(ids.prefix_of(issue_id)) + 1 :]}"
    issue = view.get(issue_id)
    nanos = int(issue.created_at.timestamp() * 1_000_000) * 1000
    hashed = ids.candidates(
        prefix, issue.title, issue.description, issue.created_by, nanos, len(taken), ids.Lengths()
    )
    for candidate in (same, *hashed):
        if candidate not in taken:
            return candidate
    raise Refused(f"no free id was found for {issue_id}", f"bd rename {issue_id} {prefix}-NAME")


# renaming


def rename(change: Change, renamed: Renamed) -> int:
    """Give issues their new ids; return how many texts elsewhere were changed.

    :raises Refused: when a new id is taken, or somebody is at work on one of the issues.
    """
    _check_free(change, renamed)
    others = list(_other_tables(change))
    _check_idle(change, renamed, others)
    pairs = [{"old": old, "new": new} for old, new in renamed.items()]
    if not pairs:
        return 0
    now = clock.stored(change.now)
    for owner, name in (
        (issues, "id"),  # labels, comments and an issue's own dependencies follow by their foreign key
        (dependencies, "depends_on_id"),
        (events, "issue_id"),
        (child_counters, "parent_id"),
        (issues, "await_id"),
        *((other, BEAD) for other in others),
    ):
        where = owner.c[name] == bindparam("old")
        values: dict[str, Any] = {name: bindparam("new"), **({"updated_at": now} if name == "id" else {})}
        change.conn.execute(update(owner).where(where).values(values), pairs)
    references = _rewrite(change, renamed)
    for old, new in renamed.items():
        change.record(new, "renamed", old=old, new=new)
    _recount(change)
    return references


def move_prefix(change: Change, old: str, new: str) -> None:
    """Let new ids of this store begin with another prefix."""
    change.set_config("issue_prefix", new)
    last = change.conn.execute(select(prefixes.c.last_number).where(prefixes.c.prefix == old)).scalar() or 0
    if last:
        change.conn.execute(update(prefixes).where(prefixes.c.prefix == new).values(last_number=last))


def _check_free(view: View, renamed: Renamed) -> None:
    twice = [new for new, count in Counter(renamed.values()).items() if count > 1]
    taken = [new for new in renamed.values() if view.exists(new)]
    for new in (*twice, *taken):
        raise Refused(f"{new} exists already", f"bd show {new}")


def _other_tables(view: View) -> Iterator[Any]:
    """Yield the tables beside ours that have a column for issues."""
    database = inspect(view.conn)
    for name in database.get_table_names():
        if name not in schema.metadata.tables and any(
            each["name"] == BEAD for each in database.get_columns(name)
        ):
            yield table(name, column(BEAD))


def _check_idle(view: View, renamed: Renamed, others: list[Any]) -> None:
    for chunk in ready.chunks(renamed):
        for other in others:
            used = select(other.c[BEAD]).where(other.c[BEAD].in_(chunk))
            query = select(issues.c.id).where(issues.c.id.in_(used), issues.c.status.in_(_AT_WORK)).limit(1)
            if (busy := view.conn.execute(query).scalar()) is not None:
                raise Refused(f"{busy} is being worked on, under this id", f"first: gt unsling {busy}")


def _recount(change: Change) -> None:
    """Know again how full each prefix is: what an id is made of depends on it."""
    health.repair_counts(change)


# texts


def _rewrite(change: Change, renamed: Renamed) -> int:
    """Replace the ids wherever they stand as whole words; return in how many issues' texts."""

    def said(text: str) -> str:
        return _ID.sub(lambda match: renamed.get(match[1], match[1]), text)

    needles = (
        sorted(renamed) if len(renamed) <= _SHOWN else sorted({f"{ids.prefix_of(id)}-" for id in renamed})
    )
    changed = set(_rewrite_issues(change, needles, said)) | _rewrite_column(
        change, comments, "text", needles, said
    )
    for name in ("old_value", "new_value", "comment"):
        _rewrite_column(change, events, name, needles, said)
    _rewrite_column(change, config, "value", needles, said)
    for name in ("metadata", "bonded_from", "waiters"):
        _rewrite_column(change, issues, name, needles, said)
    return len(changed)


def _mentioning(columns: Iterable[Any], needles: list[str]) -> Any:
    return or_(*(filters.containing(column, needle) for column in columns for needle in needles))


def _rewrite_issues(change: Change, needles: list[str], said: Any) -> Iterator[str]:
    columns = [issues.c[name] for name in _TEXTS]
    found = change.conn.execute(select(issues.c.id, *columns).where(_mentioning(columns, needles))).all()
    for id, *texts in found:
        new = {name: said(text) for name, text in zip(_TEXTS, texts, strict=True)}
        old = dict(zip(_TEXTS, texts, strict=True))
        differing = {name: text for name, text in new.items() if text != old[name]}
        if differing:
            stamp = {"updated_at": clock.stored(change.now)}
            change.conn.execute(update(issues).where(issues.c.id == id).values({**differing, **stamp}))
            before = {name: old[name] for name in differing}
            change.record(id, "updated", rows.dumps(before), rows.dumps(differing))
            yield id


def _rewrite_column(change: Change, owner: Any, name: str, needles: list[str], said: Any) -> set[str]:
    """Replace ids in one column; return the issues that the rows belong to."""
    keys = list(owner.primary_key.columns)
    found = change.conn.execute(
        select(owner.c[name], *keys).where(_mentioning([owner.c[name]], needles))
    ).all()
    touched = set()
    for text, *key in found:
        if text and (new := said(text)) != text:
            same = [column == value for column, value in zip(keys, key, strict=True)]
            change.conn.execute(update(owner).where(*same).values({name: new}))
            touched.add(str(key[0]))
    return touched
