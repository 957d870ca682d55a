"""The town: rigs, polecats, attempts, sessions, merge requests."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

LIVE = sa.text("state IN ('hooked', 'spawning', 'working', 'submitted', 'merging')")
OPEN = sa.text("state IN ('open', 'merging')")
UNCLEAN = sa.text("cleaned_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "rigs",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("prefix", sa.String(32), nullable=False, unique=True),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("parked_at", sa.String(32)),
    )
    op.create_table(
        "polecats",
        sa.Column("rig", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("created_at", sa.String(32), nullable=False),
    )
    op.create_table(
        "attempts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("bead", sa.String(128), nullable=False),
        sa.Column("rig", sa.String(64), nullable=False),
        sa.Column("polecat", sa.String(64)),
        sa.Column("runtime", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("branch", sa.String(255)),
        sa.Column("base_commit", sa.String(64)),
        sa.Column("head_commit", sa.String(64)),
        sa.Column("clone", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("host", sa.String(255)),
        sa.Column("not_before", sa.String(32)),
        sa.Column("hooked_at", sa.String(32), nullable=False),
        sa.Column("acked_at", sa.String(32)),
        sa.Column("seen_at", sa.String(32)),
        sa.Column("ended_at", sa.String(32)),
        sa.Column("cleaned_at", sa.String(32)),
        sa.CheckConstraint(
            "state IN ('hooked', 'spawning', 'working', 'submitted', 'merging', 'merged', 'completed', "
            "'escalated', 'deferred', 'failed', 'released')",
            name="attempts_state",
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "attempts_live_bead", "attempts", ["bead"], unique=True, sqlite_where=LIVE, postgresql_where=LIVE
    )
    op.create_index(
        "attempts_live_polecat",
        "attempts",
        ["rig", "polecat"],
        unique=True,
        sqlite_where=LIVE,
        postgresql_where=LIVE,
    )
    op.create_index("attempts_bead", "attempts", ["bead", "number"])
    op.create_index("attempts_unclean", "attempts", ["state"], sqlite_where=UNCLEAN, postgresql_where=UNCLEAN)
    op.create_table(
        "sessions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("transcript", sa.Text, nullable=False),
        sa.Column("started_at", sa.String(32), nullable=False),
        sa.Column("acked_at", sa.String(32)),
        sa.Column("nudged_at", sa.String(32)),
        sa.Column("ended_at", sa.String(32)),
        sa.Column("ended", sa.Text),
    )
    op.create_index("sessions_attempt", "sessions", ["attempt"])
    op.create_table(
        "merge_requests",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("bead", sa.String(128), nullable=False),
        sa.Column("rig", sa.String(64), nullable=False),
        sa.Column("branch", sa.String(255), nullable=False),
        sa.Column("head_commit", sa.String(64), nullable=False),
        sa.Column("target", sa.String(255), nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("verdict", sa.String(32)),
        sa.Column("evidence", sa.Text),
        sa.Column("candidate", sa.String(64)),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("retry_at", sa.String(32)),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("ended_at", sa.String(32)),
        sa.CheckConstraint("state IN ('open', 'merging', 'merged', 'rejected')", name="merge_requests_state"),
    )
    op.create_index(
        "merge_requests_open",
        "merge_requests",
        ["attempt"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_index(
        "merge_requests_queue", "merge_requests", ["rig"], sqlite_where=OPEN, postgresql_where=OPEN
    )


def downgrade() -> None:
    for table in ("merge_requests", "sessions", "attempts", "polecats", "rigs"):
        op.drop_table(table)
