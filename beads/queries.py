"""View: what one transaction sees. Every question that is asked of the issue store."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import cache, cached_property
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, case, column, exists, or_, select, table, text
from sqlalchemy import func as fn

from beads import clock, filters, ready, rows
from beads.errors import Ambiguous, NotFound
from beads.filters import Filter
from beads.model import NOT_WORK, PARENT, Comment, Dependency, Event, Issue
from beads.schema import comments, config, dependencies, events, issues, labels, prefixes
from beads.text import safe

HYBRID_HOURS = 48
_SHOWN_MATCHES = 10
_KEPT = "kv."
# Made once, for the same reason as those of beads.ready.
_EXISTS = select(issues.c.id).where(issues.c.id == bindparam("id"))
_LABELS = (
    select(labels.c.issue_id, labels.c.label)
    .where(labels.c.issue_id.in_(ready.IDS))
    .order_by(labels.c.issue_id, labels.c.label)
)
_PARENTS = (
    select(dependencies.c.issue_id, dependencies.c.depends_on_id)
    .where(dependencies.c.type == PARENT, dependencies.c.issue_id.in_(ready.IDS))
    .order_by(dependencies.c.depends_on_id.desc())
)
_SETTINGS = select(config.c.key, config.c.value).where(or_(config.c.key < "kv.", config.c.key >= "kv/"))
# An alias of the whole table would set up all of its columns: 15 ms.
_parent = table("issues", column("id"), column("defer_until")).alias("parent")


@cache
def _whole() -> Select[Any]:
    return select(*rows.COLUMNS).where(issues.c.id == bindparam("id"))


def ahead() -> Iterator[tuple[Any, Iterable[str]]]:
    """Yield the statements of nearly every write, with the names of their values."""
    yield from ((_SETTINGS, ()), (_EXISTS, ("id",)), (_whole(), ("id",)), (_LABELS, ("ids",)))


class View:
    """A transaction that reads. `conn` is open for others' statements; `now` is one instant for all of it."""

    def __init__(self, conn: Connection, now: datetime) -> None:
        self.conn = conn
        self.now = now

    # one issue

    def get(self, issue_id: str) -> Issue:
        """Return the issue with this whole id.

        :raises NotFound: when there is none.
        """
        found = self.conn.execute(_whole(), {"id": issue_id}).first()
        if found is None:
            raise NotFound(f"no issue found matching {safe(issue_id)!r}", "see what there is: bd list")
        return rows.issue(found, self.labels_of([issue_id]).get(issue_id, ()))

    def exists(self, issue_id: str) -> bool:
        """Say whether there is an issue with this whole id."""
        return self.conn.execute(_EXISTS, {"id": issue_id}).first() is not None

    def resolve(self, text: str) -> str:
        """Return the whole id for a whole or partial one: a bare hash, or any part that only one id has.

        :raises NotFound: when none matches. :raises Ambiguous: when several do.
        """
        text = text.strip()
        if text and self.exists(text):
            return text
        # What looks like an option was meant as one, and no part of an id begins so.
        matches = [] if text.startswith("-") else self._completed(text) or self._containing(text)
        if not matches:
            raise NotFound(f"no issue found matching {safe(text)!r}", "see what there is: bd list")
        if len(matches) > 1:
            listed = ", ".join(matches[:_SHOWN_MATCHES]) + (", …" if len(matches) > _SHOWN_MATCHES else "")
            raise Ambiguous(f"{safe(text)!r} matches {len(matches)} issues: {listed}", "give more of the id")
        return matches[0]

    def _completed(self, text: str) -> list[str]:
        """Return the ids that are this text after one of the known prefixes."""
        known = list(self.conn.execute(select(prefixes.c.prefix)).scalars())
        tails = [text] + [text[len(p) :] for p in known if text.startswith(p) and text[len(p) :]]
        wanted = {f"{prefix}-{tail.lstrip('-')}" for prefix in known for tail in tails if tail.lstrip("-")}
        query = select(issues.c.id).where(issues.c.id.in_(sorted(wanted))).order_by(issues.c.id)
        return list(self.conn.execute(query).scalars())

    def _containing(self, text: str) -> list[str]:
        if not text:
            return []
        query = select(issues.c.id).where(filters.containing(issues.c.id, text)).order_by(issues.c.id)
        return list(self.conn.execute(query.limit(1000)).scalars())

    # many issues

    def find(self, wanted: Filter) -> list[Issue]:
        """Return the issues that a filter lets through, in its order."""
        query = filters.ordered(filters.narrowed(select(*rows.COLUMNS), wanted), wanted)
        return self.issues_of(query)

    def count(self, wanted: Filter, at_most: int | None = None) -> int:
        """Return how many issues a filter lets through; no more than `at_most` are looked at."""
        found = filters.narrowed(select(issues.c.seq), wanted).limit(at_most).subquery()
        return int(self.conn.execute(select(fn.count()).select_from(found)).scalar_one())

    def issues_of(self, query: Select[Any]) -> list[Issue]:
        """Return the issues of a query on `rows.COLUMNS`."""
        found = self.conn.execute(query).all()
        mine = self.labels_of(row.id for row in found)
        return [rows.issue(row, mine.get(row.id, ())) for row in found]

    def labels_of(self, issue_ids: Iterable[str]) -> dict[str, list[str]]:
        """Return the labels of each issue that has any, sorted."""
        found: dict[str, list[str]] = {}
        for issue_id, label in ready.by_chunks(self.conn, _LABELS, issue_ids):
            found.setdefault(issue_id, []).append(label)
        return found

    def many(self, issue_ids: Iterable[str]) -> dict[str, Issue]:
        """Return those of these issues that exist, by id."""
        found = (self.find(Filter(ids=tuple(chunk))) for chunk in ready.chunks(set(issue_ids)))
        return {issue.id: issue for part in found for issue in part}

    # ready and blocked

    def ready(
        self,
        wanted: Filter | None = None,
        *,
        sort: str = "priority",
        limit: int | None = None,
        below: str | None = None,
        deferred: bool = False,
        ephemeral: bool = False,
    ) -> list[Issue]:
        """Return what can be started now. `below` keeps the descendants of one issue only."""
        query = self.ready_query(wanted or Filter(), deferred=deferred, ephemeral=ephemeral)
        if below is not None:
            query = query.where(issues.c.id.in_(self.descendants(below)))
        return self.issues_of(self._ready_order(query, sort).limit(limit))

    def ready_query(self, wanted: Filter, *, deferred: bool = False, ephemeral: bool = False) -> Select[Any]:
        """Return the query for what is ready, not yet ordered."""
        query = select(*rows.COLUMNS).where(
            ready.READY, issues.c.pinned.is_(False), issues.c.is_template.is_(False)
        )
        if not ephemeral:
            query = query.where(issues.c.ephemeral.is_(False))
        if not wanted.types:
            query = query.where(issues.c.issue_type.not_in(NOT_WORK))
        if not deferred:
            query = query.where(*self._not_deferred())
        return filters.narrowed(query, wanted)

    def _not_deferred(self) -> tuple[Any, Any]:
        now = clock.stored(self.now)
        asleep = exists().where(
            dependencies.c.issue_id == issues.c.id,
            dependencies.c.type == PARENT,
            _parent.c.id == dependencies.c.depends_on_id,
            _parent.c.defer_until > now,
        )
        return or_(issues.c.defer_until.is_(None), issues.c.defer_until <= now), ~asleep

    def _ready_order(self, query: Select[Any], sort: str) -> Select[Any]:
        newest = issues.c.created_at
        if sort == "oldest":
            return query.order_by(newest, issues.c.id)
        if sort == "hybrid":
            recent = newest >= clock.stored(self.now - timedelta(hours=HYBRID_HOURS))
            return query.order_by(
                case((recent, 0), else_=1), case((recent, issues.c.priority)), newest, issues.c.id
            )
        return query.order_by(issues.c.priority, newest.desc(), issues.c.id)

    def blocked(self, parent: str | None = None) -> list[tuple[Issue, list[str]]]:
        """Return each blocked issue with what blocks it: its own open blockers, else its blocked parent.

        Wisps and templates are no more among them than among what is ready.
        """
        wanted = Filter(parent=parent, ephemeral=False, templates=False)
        query = filters.ordered(
            filters.narrowed(select(*rows.COLUMNS).where(ready.BLOCKED), wanted), Filter()
        )
        found = self.issues_of(query)
        why = self.blockers_of(issue.id for issue in found)
        return [(issue, why.get(issue.id, [])) for issue in found]

    def blockers(self, issue_id: str) -> list[str]:
        """Return the ids that hold this issue up now."""
        return self.blockers_of([issue_id]).get(issue_id, [])

    def blockers_of(self, issue_ids: Iterable[str]) -> dict[str, list[str]]:
        """Return what holds up each issue that is held up."""
        wanted = set(issue_ids)
        why: dict[str, list[str]] = {}
        for issue_id, blocker in ready.blockers_of(self.conn, sorted(wanted)):
            why.setdefault(issue_id, []).append(blocker)
        for chunk in ready.chunks(sorted(wanted - why.keys())):
            query = (
                select(dependencies.c.issue_id, dependencies.c.depends_on_id)
                .join(issues, issues.c.id == dependencies.c.depends_on_id)
                .where(
                    and_(dependencies.c.type == PARENT, issues.c.is_blocked == 1),
                    dependencies.c.issue_id.in_(chunk),
                )
            )
            for issue_id, parent in self.conn.execute(query):
                why.setdefault(issue_id, []).append(parent)
        return {issue_id: sorted(blockers) for issue_id, blockers in why.items()}

    # what hangs together

    def dependencies(self, issue_id: str) -> list[Dependency]:
        """Return what this issue depends on."""
        query = select(dependencies).where(dependencies.c.issue_id == issue_id)
        order = (dependencies.c.created_at, dependencies.c.depends_on_id)
        return [rows.dependency(row) for row in self.conn.execute(query.order_by(*order))]

    def dependents(self, issue_id: str) -> list[Dependency]:
        """Return what depends on this issue."""
        query = select(dependencies).where(dependencies.c.depends_on_id == issue_id)
        order = (dependencies.c.created_at, dependencies.c.issue_id)
        return [rows.dependency(row) for row in self.conn.execute(query.order_by(*order))]

    def edges(self, issue_ids: Iterable[str]) -> dict[str, list[Dependency]]:
        """Return what each of these issues depends on."""
        found: dict[str, list[Dependency]] = {}
        for chunk in ready.chunks(issue_ids):
            query = select(dependencies).where(dependencies.c.issue_id.in_(chunk))
            order = (dependencies.c.issue_id, dependencies.c.created_at, dependencies.c.depends_on_id)
            for row in self.conn.execute(query.order_by(*order)):
                found.setdefault(row.issue_id, []).append(rows.dependency(row))
        return found

    def counts(self, issue_ids: Iterable[str]) -> dict[str, tuple[int, int, int]]:
        """Return, for each issue, how many issues it depends on, how many depend on it, and its comments."""
        wanted = list(issue_ids)
        mine, other = dependencies.c.issue_id, dependencies.c.depends_on_id
        # Only ends that exist are counted: as many as `show` shows.
        down = self._tally(wanted, mine, select(mine, fn.count()).join(issues, issues.c.id == other))
        up = self._tally(wanted, other, select(other, fn.count()))
        said = self._tally(wanted, comments.c.issue_id, select(comments.c.issue_id, fn.count()))
        return {id: (down.get(id, 0), up.get(id, 0), said.get(id, 0)) for id in wanted}

    def _tally(self, issue_ids: list[str], column: Any, query: Select[Any]) -> dict[str, int]:
        found: dict[str, int] = {}
        for chunk in ready.chunks(issue_ids):
            for id, count in self.conn.execute(query.where(column.in_(chunk)).group_by(column)):
                found[id] = count
        return found

    def parents(self, issue_ids: Iterable[str]) -> dict[str, str]:
        """Return the parent of each issue that has one."""
        found: dict[str, str] = {}
        for child, parent in ready.by_chunks(self.conn, _PARENTS, issue_ids):
            found[child] = parent
        return found

    def children(self, issue_id: str) -> list[Issue]:
        """Return the issues whose parent this is."""
        return self.find(Filter(parent=issue_id))

    def parent(self, issue_id: str) -> str | None:
        """Return the id of this issue's parent."""
        return self.parents([issue_id]).get(issue_id)

    def descendants(self, issue_id: str) -> list[str]:
        """Return every id below this one."""
        return sorted(ready.below(self.conn, [issue_id]))

    def comments(self, issue_id: str) -> list[Comment]:
        """Return what was said about an issue, oldest first."""
        query = select(comments).where(comments.c.issue_id == issue_id)
        return [
            rows.comment(row)
            for row in self.conn.execute(query.order_by(comments.c.created_at, comments.c.id))
        ]

    def comments_of(self, issue_ids: Iterable[str]) -> dict[str, list[Comment]]:
        """Return what was said about each of these, oldest first."""
        found: dict[str, list[Comment]] = {}
        for chunk in ready.chunks(issue_ids):
            query = select(comments).where(comments.c.issue_id.in_(chunk))
            for row in self.conn.execute(query.order_by(comments.c.created_at, comments.c.id)):
                found.setdefault(row.issue_id, []).append(rows.comment(row))
        return found

    def events(self, issue_id: str) -> list[Event]:
        """Return what was done to an issue, oldest first."""
        query = select(events).where(events.c.issue_id == issue_id).order_by(events.c.id)
        return [rows.logged(row) for row in self.conn.execute(query)]

    # settings

    def config(self, key: str) -> str | None:
        """Return one setting."""
        if key.startswith(_KEPT):
            return self.conn.execute(select(config.c.value).where(config.c.key == key)).scalar()
        return self._settings.get(key)

    @cached_property
    def _settings(self) -> dict[str, str]:
        """All of them, read once in a transaction: one write looks at half a dozen. What people keep may be large."""
        return {row.key: row.value for row in self.conn.execute(_SETTINGS)}

    def config_items(self, prefix: str = "") -> dict[str, str]:
        """Return the settings whose key begins with `prefix`."""
        query = select(config.c.key, config.c.value).order_by(config.c.key)
        if prefix:
            query = query.where(config.c.key >= prefix, config.c.key < prefix + "\U0010ffff")
        return {row.key: row.value for row in self.conn.execute(query)}

    def prefix(self) -> str:
        """Return the store's own prefix."""
        return self.config("issue_prefix") or "bd"

    def revision(self) -> str:
        """Return the revision of the schema that the database is at."""
        return str(self.conn.execute(text("SELECT version_num FROM alembic_version")).scalar())
