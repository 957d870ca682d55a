"""JSONL out and in: one issue a line, merged by id and time, all of a file or none of it."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from dataclasses import fields as fields_of
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from beads import clock, creation, foreign, joining, ready, records, rows, shapes
from beads.changes import Change
from beads.errors import Invalid
from beads.filters import Filter
from beads.model import INFRA_TYPES, Issue
from beads.queries import View
from beads.records import Record
from beads.schema import comments, dependencies, events, issues, labels
from beads.words import split

MEMORY = "kv.memory."
ISSUE = "issue"
MAX_LINE = 64 * 1024 * 1024
# A few issues are followed up one by one; after many, everything is recomputed.
_FEW = 200
_DEFAULTS = {
    name.name: name.default
    for name in fields_of(Issue)
    if name.name not in ("id", "title", "labels", "is_blocked")
}


@dataclass
class Imported:
    """What an import did, or would do."""

    created: list[str] = field(default_factory=list)
    tombstones: int = 0
    stale: list[str] = field(default_factory=list)
    duplicates: int = 0
    memories: int = 0
    skipped_dependencies: list[str] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)
    unknown_kinds: Counter[str] = field(default_factory=Counter)


# out


def exported(
    view: View, everything: bool = False, infra: bool = False, memories: bool = False
) -> Iterator[Any]:
    """Yield the objects of an export: by priority, newest first; then memories."""
    hidden = split(view.config("types.infra") or "") or INFRA_TYPES
    wanted = Filter(
        not_types=() if everything or infra else tuple(hidden),
        templates=None if everything else False,
        ephemeral=None if everything else False,
    )
    for chunk in _portions(view.find(wanted)):
        said = view.comments_of(issue.id for issue in chunk)
        for found in shapes.counted(view, chunk):
            if found["id"] in said:
                found["comments"] = [shapes.comment(comment) for comment in said[found["id"]]]
            yield {"_type": ISSUE, **found}
    if memories or everything:
        for key, value in view.config_items(MEMORY).items():
            yield {"_type": "memory", "key": key.removeprefix(MEMORY), "value": value}


def _portions(found: list[Issue], size: int = 1000) -> Iterator[list[Issue]]:
    for start in range(0, len(found), size):
        yield found[start : start + size]


# in


def parsed(text: str) -> list[dict[str, Any]]:
    """Read the objects of a file: JSONL, or one JSON list such as `gh issue list --json …` writes.

    :raises Invalid: naming the line that is not JSON.
    """
    text = text.removeprefix("\ufeff")  # some editors begin a file with this mark
    if text.lstrip().startswith("["):
        found = _json(text, "the file")
        return [_object(each, f"entry {number}") for number, each in enumerate(found, 1)]
    lines = enumerate(text.split("\n"), 1)
    return [
        _object(_json(line, f"line {number}"), f"line {number}") for number, line in lines if line.strip()
    ]


def _json(text: str, where: str) -> Any:
    if len(text) > MAX_LINE:
        raise Invalid(f"{where} is longer than {MAX_LINE} characters")
    try:
        found = json.loads(text, parse_constant=_refuse)
        if "\\u" in text:
            rows.dumps(found).encode()
        return found
    except UnicodeEncodeError:
        raise Invalid(f"{where} has half a character (a lone surrogate)", "nothing was imported") from None
    except (ValueError, RecursionError) as error:
        raise Invalid(f"{where} is not JSON: {error}", "nothing was imported") from None


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def _object(found: Any, where: str) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise Invalid(f"{where} is not a JSON object", "nothing was imported")
    return {**found, "\0where": where}


def load(change: Change, raw: Iterable[dict[str, Any]], dedup: bool = False) -> Imported:
    """Merge objects into the store: an unknown id is new; a known one is overwritten unless it is newer here.

    :raises Invalid: for a record that is wrong; then nothing is imported.
    """
    done = Imported()
    found = list(_records(change, raw, done))
    local = _local(change, [record.id for record in found])
    titles = _open_titles(change) if dedup else set()
    fresh: dict[str, Record] = {}
    for record in found:
        known = local.get(record.id)
        twice = fresh.get(record.id)
        newest = max(filter(None, (known, twice and twice.fields["updated_at"])), default=None)
        if newest is not None and record.fields["updated_at"] < newest:
            done.stale.append(record.id)
        elif known is None and record.fields["title"].strip().lower() in titles:
            done.duplicates += 1
        else:
            fresh[record.id] = record
    _write(change, fresh, local.keys(), done)
    return done


def _records(change: Change, raw: Iterable[dict[str, Any]], done: Imported) -> Iterator[Record]:
    for each in raw:
        where = each.pop("\0where", "a record")
        try:
            kind = records.typed(each, "_type", str, ISSUE)
            if kind == "memory":
                _remember(change, each)
                done.memories += 1
            elif kind != ISSUE:
                done.unknown_kinds[kind] += 1
            elif each.get("status") == "tombstone":
                done.tombstones += 1
            elif "_schema" not in each:
                yield _read(change, each, done)
        except Invalid as error:
            raise Invalid(f"{where}: {error.message}", "nothing was imported") from None


def _remember(change: Change, raw: dict[str, Any]) -> None:
    key, value = records.typed(raw, "key", str), records.typed(raw, "value", str)
    creation.check_texts({"key": key, "value": value})
    if not key.strip():
        raise Invalid("the key of a memory is blank")
    change.set_config(f"{MEMORY}{key}", value)


def _read(change: Change, raw: dict[str, Any], done: Imported) -> Record:
    if foreign.is_github(raw):
        raw = foreign.from_github(change, raw)
    record = records.read(raw, change.now)
    creation.check_texts(record.fields)
    done.unknown.update(record.unknown)
    return record


def _local(change: Change, wanted: list[str]) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    for chunk in ready.chunks(wanted):
        query = select(issues.c.id, issues.c.updated_at).where(issues.c.id.in_(chunk))
        found |= {id: datetime.fromisoformat(at) for id, at in change.conn.execute(query)}
    return found


def _open_titles(view: View) -> set[str]:
    query = select(issues.c.title).where(issues.c.status != "closed")
    return {title.strip().lower() for title in view.conn.execute(query).scalars()}


def _write(change: Change, fresh: dict[str, Record], known: Iterable[str], done: Imported) -> None:
    already = set(known)
    seeds = _seeds(change, fresh.keys() & already)
    new = [record for record in fresh.values() if record.id not in already]
    creation.took(change, *(record.id for record in new))
    _put(change, new)
    for record in fresh.values():
        if record.id in already:
            change.conn.execute(update(issues).where(issues.c.id == record.id).values(**_columns(record)))
    _hang(change, fresh, done)
    _log(change, fresh, already)
    done.created = list(fresh)
    if len(fresh) > _FEW:
        ready.refresh_all(change.conn)
    else:
        ready.refresh(change.conn, seeds | _seeds(change, fresh))


def _seeds(change: Change, wanted: Iterable[str]) -> set[str]:
    few = list(wanted)
    if len(few) > _FEW:
        return set()
    return {other for id in few for other in (id, *ready.affected_by_settling(change.conn, id))}


def _columns(record: Record) -> dict[str, Any]:
    absent = {name: value for name, value in _DEFAULTS.items() if name not in record.fields}
    values = rows.columns({**absent, **record.fields})
    return {**values, "id": record.id, "is_blocked": 0}


def _put(change: Change, new: list[Record]) -> None:
    if new:
        change.conn.execute(insert(issues), [_columns(record) for record in new])


def _hang(change: Change, fresh: dict[str, Record], done: Imported) -> None:
    """Replace labels and dependencies by those of the file; add the comments that are not there yet."""
    for chunk in ready.chunks(fresh):
        change.conn.execute(delete(labels).where(labels.c.issue_id.in_(chunk)))
        change.conn.execute(delete(dependencies).where(dependencies.c.issue_id.in_(chunk)))
        for record in (fresh[id] for id in chunk):
            numbers = [said["id"] for said in record.comments]
            mine = comments.c.issue_id == record.id
            if numbers:
                change.conn.execute(delete(comments).where(mine, comments.c.id.in_(numbers)))
    tags = [{"issue_id": record.id, "label": name} for record in fresh.values() for name in record.labels]
    said = {(each["issue_id"], each["id"]): each for record in fresh.values() for each in record.comments}
    for table, found in ((labels, tags), (comments, list(said.values()))):
        if found:
            change.conn.execute(insert(table), found)
    done.skipped_dependencies = joining.join(change, (edge for each in fresh.values() for edge in each.edges))


def _log(change: Change, fresh: dict[str, Record], known: set[str]) -> None:
    shared = {"change": change.number(), "actor": change.actor, "created_at": clock.stored(change.now)}
    found = [
        {
            **shared,
            "issue_id": id,
            "event_type": "updated" if id in known else "created",
            "comment": "imported",
        }
        for id in fresh
    ]
    if found:
        change.conn.execute(insert(events), found)
