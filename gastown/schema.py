"""The town's own tables, beside the issue store's in the same database.

Indexes carry the rules that must hold under any race: one live attempt on a bead, one on a polecat, one open
merge request for an attempt. `migrations/` builds exactly these tables; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    text,
)

from gastown.model import ATTEMPT_STATES, LIVE, MERGE_STATES

metadata = MetaData()


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(v) for v in values)})"


# Times are RFC 3339 text in UTC with microseconds, so that they compare as text on every database.
rigs = Table(
    "rigs",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("prefix", String(32), nullable=False, unique=True),
    Column("created_at", String(32), nullable=False),
    Column("parked_at", String(32)),
)

polecats = Table(
    "polecats",
    metadata,
    Column("rig", String(64), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("created_at", String(32), nullable=False),
)

attempts = Table(
    "attempts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("bead", String(128), nullable=False),
    Column("rig", String(64), nullable=False),
    Column("polecat", String(64)),
    Column("runtime", String(64), nullable=False),
    Column("number", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("branch", String(255)),
    Column("base_commit", String(64)),
    Column("head_commit", String(64)),
    Column("clone", Text),
    Column("reason", Text),
    Column("host", String(255)),
    Column("not_before", String(32)),
    Column("hooked_at", String(32), nullable=False),
    Column("acked_at", String(32)),
    Column("seen_at", String(32)),
    Column("ended_at", String(32)),
    Column("cleaned_at", String(32)),
    CheckConstraint(_one_of("state", ATTEMPT_STATES), name="attempts_state"),
    sqlite_autoincrement=True,  # the id fences an agent's calls: it must never be given out twice
)
# The migrations say these conditions for PostgreSQL too; said here, they would have its whole dialect imported: 25 ms.
_LIVE = text(_one_of("state", LIVE))
Index("attempts_live_bead", attempts.c.bead, unique=True, sqlite_where=_LIVE)
Index(
    "attempts_live_polecat",
    attempts.c.rig,
    attempts.c.polecat,
    unique=True,
    sqlite_where=_LIVE,
)
Index("attempts_bead", attempts.c.bead, attempts.c.number)
_UNCLEAN = text("cleaned_at IS NULL")
Index("attempts_unclean", attempts.c.state, sqlite_where=_UNCLEAN)

sessions = Table(
    "sessions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("attempt", Integer, nullable=False),
    Column("name", String(128), nullable=False),
    Column("host", String(255), nullable=False),
    Column("transcript", Text, nullable=False),
    Column("started_at", String(32), nullable=False),
    Column("acked_at", String(32)),
    Column("nudged_at", String(32)),
    Column("ended_at", String(32)),
    Column("ended", Text),
)
Index("sessions_attempt", sessions.c.attempt)

merge_requests = Table(
    "merge_requests",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("attempt", Integer, nullable=False),
    Column("bead", String(128), nullable=False),
    Column("rig", String(64), nullable=False),
    Column("branch", String(255), nullable=False),
    Column("head_commit", String(64), nullable=False),
    Column("target", String(255), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("verdict", String(32)),
    Column("evidence", Text),
    Column("candidate", String(64)),
    Column("tries", Integer, nullable=False),
    Column("retry_at", String(32)),
    Column("created_at", String(32), nullable=False),
    Column("ended_at", String(32)),
    CheckConstraint(_one_of("state", MERGE_STATES), name="merge_requests_state"),
)
_OPEN = text("state IN ('open', 'merging')")
Index("merge_requests_open", merge_requests.c.attempt, unique=True, sqlite_where=_OPEN)
Index("merge_requests_queue", merge_requests.c.rig, sqlite_where=_OPEN)
