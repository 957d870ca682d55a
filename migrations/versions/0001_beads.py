"""The issue store: issues, what they depend on, what was said and done about them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

READY = sa.text("status = 'open' AND is_blocked = 0")
BLOCKED = sa.text("is_blocked = 1")
UNFINISHED = sa.text("status <> 'closed'")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default="")


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.text("0"))


def _number(name: str, default: str = "0") -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False, server_default=sa.text(default))


def _instant(name: str, nullable: bool = True) -> sa.Column[str]:
    return sa.Column(name, sa.String(27), nullable=nullable)


def _issue() -> sa.Column[str]:
    reference = sa.ForeignKey("issues.id", ondelete="CASCADE", onupdate="CASCADE")
    return sa.Column("issue_id", sa.String(255), reference, primary_key=True, nullable=False)


def upgrade() -> None:
    _issues()
    _links()
    _log()
    _settings()
    if op.get_bind().dialect.name == "sqlite":
        _search()


def _issues() -> None:
    op.create_table(
        "issues",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("id", sa.String(255), nullable=False, unique=True),
        _text("title"),
        _text("description"),
        _text("design"),
        _text("acceptance_criteria"),
        _text("notes"),
        _text("spec_id"),
        sa.Column("status", sa.String(64), nullable=False, server_default="open"),
        _number("priority", "2"),
        sa.Column("issue_type", sa.String(64), nullable=False, server_default="task"),
        _text("assignee"),
        _text("owner"),
        sa.Column("estimated_minutes", sa.Integer),
        _instant("created_at", nullable=False),
        _text("created_by"),
        _instant("updated_at", nullable=False),
        _instant("started_at"),
        _instant("closed_at"),
        _text("close_reason"),
        _text("closed_by_session"),
        _instant("due_at"),
        _instant("defer_until"),
        _text("external_ref"),
        _text("source_system"),
        sa.Column("metadata", sa.Text),
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
        sa.Column("bonded_from", sa.Text),
        _text("await_type"),
        _text("await_id"),
        _number("timeout"),
        sa.Column("waiters", sa.Text),
        _text("source_formula"),
        _text("source_location"),
        _text("mol_type"),
        _text("work_type"),
        _text("event_kind"),
        _text("actor"),
        _text("target"),
        _text("payload"),
        _number("is_blocked"),
        sa.CheckConstraint("priority BETWEEN 0 AND 4", name=op.f("issues_priority")),
        sa.CheckConstraint("title <> ''", name=op.f("issues_title")),
        sa.CheckConstraint("(status = 'closed') = (closed_at IS NOT NULL)", name=op.f("issues_closed_at")),
        sa.CheckConstraint(
            "is_blocked = 0 OR status NOT IN ('closed', 'pinned')", name=op.f("issues_is_blocked")
        ),
    )
    order: list[str | sa.TextClause] = ["priority", sa.text("created_at DESC"), "id"]
    ready: list[str | sa.TextClause] = ["status", "is_blocked", *order]
    blocked: list[str | sa.TextClause] = ["is_blocked", *order]
    op.create_index("issues_ready", "issues", ready, sqlite_where=READY, postgresql_where=READY)
    op.create_index("issues_blocked", "issues", blocked, sqlite_where=BLOCKED, postgresql_where=BLOCKED)
    op.create_index(
        "issues_unfinished", "issues", order, sqlite_where=UNFINISHED, postgresql_where=UNFINISHED
    )
    op.create_index("issues_status", "issues", ["status", *order])
    op.create_index("issues_order", "issues", order)
    op.create_index("issues_type", "issues", ["issue_type", "status"])
    op.create_index("issues_assignee", "issues", ["assignee", "status"])
    op.create_index("issues_updated", "issues", ["updated_at"])


def _links() -> None:
    op.create_table(
        "dependencies",
        _issue(),
        sa.Column("depends_on_id", sa.String(255), primary_key=True),
        sa.Column("type", sa.String(64), nullable=False, server_default="blocks"),
        _instant("created_at", nullable=False),
        _text("created_by"),
        _text("metadata"),
        _text("thread_id"),
        sa.CheckConstraint("issue_id <> depends_on_id", name=op.f("dependencies_self")),
        sqlite_with_rowid=False,
    )
    op.create_index("dependencies_reverse", "dependencies", ["depends_on_id", "type", "issue_id"])
    op.create_table(
        "labels",
        _issue(),
        sa.Column("label", sa.String(255), primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_index("labels_label", "labels", ["label", "issue_id"])
    op.create_table(
        "comments",
        _issue(),
        sa.Column("id", sa.String(64), primary_key=True),
        _text("author"),
        _text("text"),
        _instant("created_at", nullable=False),
    )


def _log() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("change", sa.Integer, nullable=False),
        sa.Column("issue_id", sa.String(255), nullable=False),
        sa.Column("event_type", sa.String(64), nullable=False),
        _text("actor"),
        sa.Column("old_value", sa.Text),
        sa.Column("new_value", sa.Text),
        sa.Column("comment", sa.Text),
        _instant("created_at", nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("events_issue", "events", ["issue_id", "id"])
    op.create_index("events_actor", "events", ["actor", "id"])


def _settings() -> None:
    op.create_table(
        "config",
        sa.Column("key", sa.String(255), primary_key=True),
        _text("value"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "child_counters",
        sa.Column("parent_id", sa.String(255), primary_key=True),
        sa.Column("last_child", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "prefixes",
        sa.Column("prefix", sa.String(64), primary_key=True),
        _number("issue_count"),
        _number("last_number"),
        sqlite_with_rowid=False,
    )


def _search() -> None:
    columns = ("title", "description", "design", "acceptance_criteria", "notes")
    names = ", ".join(columns)
    new = ", ".join(f"new.{name}" for name in columns)
    old = ", ".join(f"old.{name}" for name in columns)
    add = f"INSERT INTO issue_search(rowid, {names}) VALUES (new.seq, {new});"
    remove = f"INSERT INTO issue_search(issue_search, rowid, {names}) VALUES ('delete', old.seq, {old});"
    op.execute(
        f"CREATE VIRTUAL TABLE issue_search USING fts5({names}, content='issues', content_rowid='seq')"
    )
    op.execute(f"CREATE TRIGGER issue_search_insert AFTER INSERT ON issues BEGIN {add} END")
    op.execute(f"CREATE TRIGGER issue_search_delete AFTER DELETE ON issues BEGIN {remove} END")
    op.execute(
        f"CREATE TRIGGER issue_search_update AFTER UPDATE OF {names} ON issues BEGIN {remove} {add} END"
    )
