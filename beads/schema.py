"""The tables of the issue store, declared once; `migrations/` builds exactly these.

Instants are text of fixed width in UTC (`beads.clock.stored`), which compares as time on every database.
Absent text is the empty string, not NULL, so that a comparison never has three outcomes.
"""

from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    text,
)

REVISION = "0002"

metadata = MetaData()


def _id(*, key: bool = False, unique: bool = False) -> Column[Any]:
    name = "id" if unique else "issue_id"
    return Column(name, String(255), primary_key=key, nullable=False, unique=unique or None)


def _text(name: str) -> Column[Any]:
    return Column(name, Text, nullable=False, server_default="")


def _flag(name: str) -> Column[Any]:
    return Column(name, Boolean, nullable=False, server_default=text("0"))


def _number(name: str, default: str = "0") -> Column[Any]:
    return Column(name, Integer, nullable=False, server_default=text(default))


def _instant(name: str, *, always: bool = False) -> Column[Any]:
    return Column(name, String(27), nullable=not always)


def _owner(*, key: bool = True) -> Column[Any]:
    reference = ForeignKey("issues.id", ondelete="CASCADE", onupdate="CASCADE")
    return Column("issue_id", String(255), reference, primary_key=key, nullable=False)


issues = Table(
    "issues",
    metadata,
    # The search index refers to this number, which, unlike a rowid, survives VACUUM.
    Column("seq", Integer, primary_key=True),
    _id(unique=True),
    _text("title"),
    _text("description"),
    _text("design"),
    _text("acceptance_criteria"),
    _text("notes"),
    _text("spec_id"),
    Column("status", String(64), nullable=False, server_default="open"),
    _number("priority", "2"),
    Column("issue_type", String(64), nullable=False, server_default="task"),
    _text("assignee"),
    _text("owner"),
    Column("estimated_minutes", Integer),
    _instant("created_at", always=True),
    _text("created_by"),
    _instant("updated_at", always=True),
    _instant("started_at"),
    _instant("closed_at"),
    _text("close_reason"),
    _text("closed_by_session"),
    _instant("due_at"),
    _instant("defer_until"),
    _text("external_ref"),
    _text("source_system"),
    # JSON as text: its numbers and the order of its keys come back as they went in.
    Column("metadata", Text),
    _number("compaction_level"),
    _instant("compacted_at"),
    _text("compacted_at_commit"),
    _number("original_size"),
    _text("sender"),
    _flag("ephemeral"),
    _flag("no_history"),
    _text("wisp_type"),
    _flag("pinned"),
    _flag("is_template"),
    Column("bonded_from", Text),
    _text("await_type"),
    _text("await_id"),
    _number("timeout"),
    Column("waiters", Text),
    _text("source_formula"),
    _text("source_location"),
    _text("mol_type"),
    _text("work_type"),
    _text("event_kind"),
    _text("actor"),
    _text("target"),
    _text("payload"),
    # Kept by beads.ready in the transaction that changes what it follows from.
    _number("is_blocked"),
    CheckConstraint("priority BETWEEN 0 AND 4", name="issues_priority"),
    CheckConstraint("title <> ''", name="issues_title"),
    CheckConstraint("(status = 'closed') = (closed_at IS NOT NULL)", name="issues_closed_at"),
    CheckConstraint("is_blocked = 0 OR status NOT IN ('closed', 'pinned')", name="issues_is_blocked"),
)

# The planner uses a partial index only when the query spells the same literals: see READY in beads.ready; and it
# prefers this one to `issues_status` only when the literals are its first columns. (Another database's `…_where`
# would be said here too, were not that whole dialect imported for it: 25 ms.)
Index(
    "issues_ready",
    issues.c.status,
    issues.c.is_blocked,
    issues.c.priority,
    issues.c.created_at.desc(),
    issues.c.id,
    sqlite_where=text("status = 'open' AND is_blocked = 0"),
)
Index(
    "issues_blocked",
    issues.c.is_blocked,
    issues.c.priority,
    issues.c.created_at.desc(),
    issues.c.id,
    sqlite_where=text("is_blocked = 1"),
)
# What is done piles up, and most questions are about the rest.
Index(
    "issues_unfinished",
    issues.c.priority,
    issues.c.created_at.desc(),
    issues.c.id,
    sqlite_where=text("status <> 'closed'"),
)
Index("issues_status", issues.c.status, issues.c.priority, issues.c.created_at.desc(), issues.c.id)
Index("issues_order", issues.c.priority, issues.c.created_at.desc(), issues.c.id)
Index("issues_type", issues.c.issue_type, issues.c.status)
Index("issues_assignee", issues.c.assignee, issues.c.status)
Index("issues_updated", issues.c.updated_at)

dependencies = Table(
    "dependencies",
    metadata,
    _owner(),
    # No foreign key: a target may lie in another store, or outside every store.
    Column("depends_on_id", String(255), primary_key=True),
    Column("type", String(64), nullable=False, server_default="blocks"),
    _instant("created_at", always=True),
    _text("created_by"),
    _text("metadata"),
    _text("thread_id"),
    CheckConstraint("issue_id <> depends_on_id", name="dependencies_self"),
    sqlite_with_rowid=False,
)
Index("dependencies_reverse", dependencies.c.depends_on_id, dependencies.c.type, dependencies.c.issue_id)

labels = Table(
    "labels",
    metadata,
    _owner(),
    Column("label", String(255), primary_key=True),
    sqlite_with_rowid=False,
)
Index("labels_label", labels.c.label, labels.c.issue_id)

comments = Table(
    "comments",
    metadata,
    _owner(),
    Column("id", String(64), primary_key=True),
    _text("author"),
    _text("text"),
    _instant("created_at", always=True),
)

# Outlives its issue: what was deleted can be told, and undone.
events = Table(
    "events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("change", Integer, nullable=False),
    _id(),
    Column("event_type", String(64), nullable=False),
    _text("actor"),
    Column("old_value", Text),
    Column("new_value", Text),
    Column("comment", Text),
    _instant("created_at", always=True),
    sqlite_autoincrement=True,
)
Index("events_issue", events.c.issue_id, events.c.id)
Index("events_actor", events.c.actor, events.c.id)

config = Table(
    "config",
    metadata,
    Column("key", String(255), primary_key=True),
    _text("value"),
    sqlite_with_rowid=False,
)

child_counters = Table(
    "child_counters",
    metadata,
    Column("parent_id", String(255), primary_key=True),
    Column("last_child", Integer, nullable=False),
    sqlite_with_rowid=False,
)

# How full each prefix is, so that the length of a new id is known without counting; and its last number.
prefixes = Table(
    "prefixes",
    metadata,
    Column("prefix", String(64), primary_key=True),
    _number("issue_count"),
    _number("last_number"),
    sqlite_with_rowid=False,
)

SEARCH_COLUMNS = ("title", "description", "design", "acceptance_criteria", "notes")
_NEW = ", ".join(f"new.{name}" for name in SEARCH_COLUMNS)
_OLD = ", ".join(f"old.{name}" for name in SEARCH_COLUMNS)
_ALL = ", ".join(SEARCH_COLUMNS)
# Full-text search, which Core cannot declare. External content: the words are kept once.
SEARCH = (
    f"CREATE VIRTUAL TABLE issue_search USING fts5({_ALL}, content='issues', content_rowid='seq')",
    "CREATE TRIGGER issue_search_insert AFTER INSERT ON issues BEGIN "
    f"INSERT INTO issue_search(rowid, {_ALL}) VALUES (new.seq, {_NEW}); END",
    "CREATE TRIGGER issue_search_delete AFTER DELETE ON issues BEGIN "
    f"INSERT INTO issue_search(issue_search, rowid, {_ALL}) VALUES ('delete', old.seq, {_OLD}); END",
    f"CREATE TRIGGER issue_search_update AFTER UPDATE OF {_ALL} ON issues BEGIN "
    f"INSERT INTO issue_search(issue_search, rowid, {_ALL}) VALUES ('delete', old.seq, {_OLD}); "
    f"INSERT INTO issue_search(rowid, {_ALL}) VALUES (new.seq, {_NEW}); END",
)
