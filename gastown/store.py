"""The only SQL of the town. Functions take the connection of an open transaction of the issue store, so that one
transaction can move a bead and its attempt together; they return plain data of `gastown.model`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, RowMapping, Select, and_, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from beads import clock
from beads.errors import Refused
from gastown.model import LIVE, TRANSITIONS, Attempt, MergeRequest, RigRow, Session
from gastown.schema import attempts, merge_requests, polecats, rigs, sessions

T = TypeVar("T", Attempt, Session, MergeRequest, RigRow)


class IllegalTransition(Refused):
    """An attempt was asked to do what its state does not allow."""


class AlreadyLive(Refused):
    """The bead has a live attempt already; the store's unique index said so."""


def _load(kind: type[T], row: RowMapping) -> T:
    values = {f.name: row[f.name] for f in fields(kind)}
    times = {
        k: clock.parse(v) for k, v in values.items() if v is not None and k.endswith(("_at", "not_before"))
    }
    return kind(**values | times)


def _all(conn: Connection, kind: type[T], query: Select[Any]) -> list[T]:
    return [_load(kind, row) for row in conn.execute(query).mappings()]


def _one(conn: Connection, kind: type[T], query: Select[Any]) -> T | None:
    row = conn.execute(query.limit(1)).mappings().first()
    return None if row is None else _load(kind, row)


def _encode(values: Mapping[str, Any]) -> dict[str, Any]:
    return {k: clock.stored(v) if isinstance(v, datetime) else v for k, v in values.items()}


# rigs and polecats


def add_rig(conn: Connection, name: str, prefix: str, now: datetime) -> None:
    conn.execute(insert(rigs).values(_encode({"name": name, "prefix": prefix, "created_at": now})))


def remove_rig(conn: Connection, name: str) -> None:
    conn.execute(rigs.delete().where(rigs.c.name == name))
    conn.execute(polecats.delete().where(polecats.c.rig == name))


def rig_rows(conn: Connection) -> dict[str, RigRow]:
    return {row.name: row for row in _all(conn, RigRow, select(rigs).order_by(rigs.c.name))}


def park_rig(conn: Connection, name: str, at: datetime | None) -> None:
    conn.execute(update(rigs).where(rigs.c.name == name).values(parked_at=at and clock.stored(at)))


def polecat_names(conn: Connection, rig: str) -> list[str]:
    query = (
        select(polecats.c.name).where(polecats.c.rig == rig).order_by(polecats.c.created_at, polecats.c.name)
    )
    return list(conn.execute(query).scalars())


def add_polecat(conn: Connection, rig: str, name: str, now: datetime) -> None:
    conn.execute(insert(polecats).values(rig=rig, name=name, created_at=clock.stored(now)))


# attempts


def add_attempt(conn: Connection, **values: Any) -> Attempt:
    """A new attempt, `hooked`. :raises AlreadyLive: the bead has a live one (first come, first served)."""
    numbers = select(func.coalesce(func.max(attempts.c.number), 0) + 1).where(
        attempts.c.bead == values["bead"]
    )
    values["number"] = conn.execute(numbers).scalar_one()
    try:
        result = conn.execute(insert(attempts).values(_encode(values | {"state": "hooked"})))
    except IntegrityError as error:
        raise AlreadyLive(f"{values['bead']} has a live attempt already") from error
    key = result.inserted_primary_key
    assert key is not None
    return attempt(conn, key[0])


def find_attempt(conn: Connection, id: int) -> Attempt | None:
    return _one(conn, Attempt, select(attempts).where(attempts.c.id == id))


def attempt(conn: Connection, id: int) -> Attempt:
    found = find_attempt(conn, id)
    if found is None:
        raise Refused(f"there is no attempt {id}", hint="gt polecat list --all")
    return found


def attempts_of(conn: Connection, bead: str) -> list[Attempt]:
    return _all(conn, Attempt, select(attempts).where(attempts.c.bead == bead).order_by(attempts.c.number))


def live_attempt(conn: Connection, bead: str) -> Attempt | None:
    return _one(conn, Attempt, select(attempts).where(attempts.c.bead == bead, attempts.c.state.in_(LIVE)))


def live_attempts(conn: Connection, rig: str | None = None) -> list[Attempt]:
    """Every live attempt, in queue order: priority, then oldest first, so that nothing starves."""
    query = select(attempts).where(attempts.c.state.in_(LIVE))
    if rig is not None:
        query = query.where(attempts.c.rig == rig)
    return _all(conn, Attempt, query.order_by(attempts.c.priority, attempts.c.hooked_at, attempts.c.id))


def recent_attempts(conn: Connection, limit: int) -> list[Attempt]:
    return _all(conn, Attempt, select(attempts).order_by(attempts.c.id.desc()).limit(limit))


def last_attempt(conn: Connection, bead: str) -> Attempt | None:
    query = select(attempts).where(attempts.c.bead == bead).order_by(attempts.c.number.desc())
    return _one(conn, Attempt, query)


def escalated(conn: Connection) -> list[Attempt]:
    """Attempts that wait for a person: escalated, and nothing has been tried on their bead since. Whether the bead is
    still open is the issue store's to say."""
    later = attempts.alias()
    newer = select(later.c.id).where(later.c.bead == attempts.c.bead, later.c.number > attempts.c.number)
    query = select(attempts).where(attempts.c.state == "escalated", ~newer.exists())
    return _all(conn, Attempt, query.order_by(attempts.c.id))


def unclean_attempts(conn: Connection) -> list[Attempt]:
    """Attempts whose session is over by their state, and whose clone and session have not been cleared yet."""
    over = ("submitted", "merging", "merged", "completed", "escalated", "deferred", "failed", "released")
    query = select(attempts).where(attempts.c.cleaned_at.is_(None), attempts.c.state.in_(over))
    return _all(conn, Attempt, query.order_by(attempts.c.id))


def change_attempt(conn: Connection, id: int, **values: Any) -> None:
    conn.execute(update(attempts).where(attempts.c.id == id).values(_encode(values)))


def move(conn: Connection, id: int, state: str, now: datetime, **values: Any) -> Attempt:
    """Take an attempt to another state. :raises IllegalTransition: the table does not allow it."""
    before = attempt(conn, id)
    if state not in TRANSITIONS.get(before.state, frozenset()):
        raise IllegalTransition(
            f"attempt {id} on {before.bead} is {before.state}, so it cannot become {state}",
            hint=f"bd show {before.bead}",
        )
    if state not in LIVE:
        values.setdefault("ended_at", now)
    change_attempt(conn, id, state=state, **values)
    return attempt(conn, id)


# sessions


def add_session(conn: Connection, **values: Any) -> int:
    result = conn.execute(insert(sessions).values(_encode(values)))
    key = result.inserted_primary_key
    assert key is not None
    return int(key[0])


def change_session(conn: Connection, id: int, **values: Any) -> None:
    conn.execute(update(sessions).where(sessions.c.id == id).values(_encode(values)))


def sessions_of(conn: Connection, attempt_ids: Iterable[int]) -> dict[int, list[Session]]:
    """Sessions by attempt, oldest first."""
    wanted = list(attempt_ids)
    found: dict[int, list[Session]] = {id: [] for id in wanted}
    for row in _all(
        conn, Session, select(sessions).where(sessions.c.attempt.in_(wanted)).order_by(sessions.c.id)
    ):
        found[row.attempt].append(row)
    return found


def last_session(conn: Connection, attempt_id: int) -> Session | None:
    query = select(sessions).where(sessions.c.attempt == attempt_id).order_by(sessions.c.id.desc())
    return _one(conn, Session, query)


# merge requests


def add_merge_request(conn: Connection, **values: Any) -> None:
    conn.execute(insert(merge_requests).values(_encode(values | {"state": "open", "tries": 0})))


def change_merge_request(conn: Connection, id: int, **values: Any) -> None:
    conn.execute(update(merge_requests).where(merge_requests.c.id == id).values(_encode(values)))


def merge_request(conn: Connection, id: int) -> MergeRequest:
    found = _one(conn, MergeRequest, select(merge_requests).where(merge_requests.c.id == id))
    if found is None:
        raise Refused(f"there is no merge request {id}")
    return found


def merge_requests_of(conn: Connection, bead: str) -> list[MergeRequest]:
    query = select(merge_requests).where(merge_requests.c.bead == bead).order_by(merge_requests.c.id)
    return _all(conn, MergeRequest, query)


def merge_queue(conn: Connection) -> list[MergeRequest]:
    """Open and interrupted merge requests: an interrupted one first, then priority, then oldest."""
    table = merge_requests
    query = select(table).where(table.c.state.in_(("open", "merging")))
    return _all(
        conn, MergeRequest, query.order_by(table.c.state, table.c.priority, table.c.created_at, table.c.id)
    )


def next_not_before(conn: Connection, now: datetime) -> datetime | None:
    """The earliest time at which something that is pausing wants to go on."""
    text = clock.stored(now)
    a = select(func.min(attempts.c.not_before)).where(
        and_(attempts.c.state == "hooked", attempts.c.not_before > text)
    )
    m = select(func.min(merge_requests.c.retry_at)).where(
        and_(merge_requests.c.state == "open", merge_requests.c.retry_at > text)
    )
    times = [t for t in (conn.execute(a).scalar(), conn.execute(m).scalar()) if t]
    return clock.parse(min(times)) if times else None


def merged_commit(conn: Connection, bead: str) -> str | None:
    """The commit that brought a bead's work onto its target branch."""
    query = (
        select(merge_requests.c.candidate)
        .where(merge_requests.c.bead == bead, merge_requests.c.state == "merged")
        .order_by(merge_requests.c.id.desc())
    )
    return conn.execute(query.limit(1)).scalar()


def counts(conn: Connection, rig: str) -> dict[str, int]:
    """How many attempts of a rig stand in each live state."""
    query = (
        select(attempts.c.state, func.count())
        .where(attempts.c.rig == rig, attempts.c.state.in_(LIVE))
        .group_by(attempts.c.state)
    )
    return {row[0]: row[1] for row in conn.execute(query)}
