"""A whole export through `bd`: imported in one go, exported, imported again into an empty store; nothing may differ."""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from beads import ids
from benchmarks import sample
from benchmarks.measure import BD, ENV, options, run, seconds, table

COUNT, QUICK, GONE = 6_000, 300, 0.5
_DERIVED = ("_type", "dependency_count", "dependent_count", "comment_count", "parent", "schema_version")
_INSTANTS = frozenset(
    ("created_at", "updated_at", "started_at", "closed_at", "due_at", "defer_until", "compacted_at")
)
Records = dict[str, dict[str, Any]]


@dataclass
class Trip:
    """What came of a file."""

    lines: int
    told: dict[str, Any]
    live: Records
    kept: Records
    identical: list[bool] = field(default_factory=list)
    times: dict[str, float] = field(default_factory=dict)

    def differing(self) -> Counter[str]:
        """Return how many issues differ from the file, by field; dependencies that were told as left out apart."""
        left_out = {line.partition(" (")[0] for line in self.told.get("skipped_dependencies", ())}
        found: Counter[str] = Counter()
        for id in self.live.keys() | self.kept.keys():
            before, after = (_plain(each.get(id, {}), left_out) for each in (self.live, self.kept))
            found.update(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
        return found


def main(argv: Sequence[str]) -> None:
    asked = options("An export, in and out.", argv, rounds=1, quick=1)
    with tempfile.TemporaryDirectory(prefix="bd-bench-") as name:
        folder = Path(name)
        file = asked.file or made_up(folder / "sample.jsonl", QUICK if asked.quick else COUNT)
        trip = travel(file.resolve(), folder)
    _report(file, trip)
    if not all(trip.identical) or trip.differing():
        raise SystemExit("what came out is not what went in")


def made_up(file: Path, count: int) -> Path:
    """Write an export of so many records."""
    file.write_text(
        "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in sample.records(count, GONE))
    )
    return file


def travel(file: Path, folder: Path) -> Trip:
    """Import a file, and then twice what was exported."""
    lines = [json.loads(line) for line in file.read_text().splitlines() if line.strip()]
    live = {each["id"]: each for each in lines if "id" in each and each.get("status") != "tombstone"}
    first, told, times = _through(file, folder / "first")
    kept = {found["id"]: found for found in map(json.loads, first.read_text().splitlines())}
    trip = Trip(len(lines), told, live, kept, times=times)
    trip.times["json.loads alone"] = seconds(lambda: [json.loads(each) for each in file.open()])
    before = first
    for again in ("second", "third"):
        after, _, _ = _through(before, folder / again)
        trip.identical.append(after.read_bytes() == before.read_bytes())
        before = after
    return trip


def _through(file: Path, folder: Path) -> tuple[Path, dict[str, Any], dict[str, float]]:
    """Import a file into an empty store; return its export, what was told, and the times."""
    folder.mkdir()
    out, told = folder / "out.jsonl", folder / "told.json"
    run(*BD, "init", "--prefix", _prefix(file), cwd=folder, env=ENV)
    times = {
        "bd import": seconds(
            lambda: told.write_text(run(*BD, "import", file, "--json", cwd=folder, env=ENV))
        ),
        "bd export": seconds(lambda: run(*BD, "export", "--all", "-o", out, cwd=folder, env=ENV)),
    }
    return out, json.loads(told.read_text()), times


def _prefix(file: Path) -> str:
    """Return the prefix of most ids: a target of that prefix that is not there is missing, and not elsewhere."""
    found = Counter(ids.prefix_of(json.loads(line).get("id", "")) for line in file.open())
    return found.most_common(1)[0][0]


def _plain(record: Mapping[str, Any], left_out: Iterable[str]) -> dict[str, Any]:
    """Return a record so that what means the same is the same: instants, order, numbers as ids."""
    found = {
        name: value for name, value in record.items() if name not in _DERIVED and value not in (None, "", [])
    }
    for name in _INSTANTS & found.keys():
        found[name] = datetime.fromisoformat(found[name])
    edges = [_plain(each, ()) for each in found.get("dependencies", ())]
    ends = {f"{each['issue_id']} -> {each['depends_on_id']}": each for each in edges}
    for name in left_out:
        ends.pop(name, None)
    said = {str(each["id"]): _plain(each | {"id": str(each["id"])}, ()) for each in found.get("comments", ())}
    labels = sorted(found.get("labels", ()))
    return found | {"dependencies": ends, "comments": said, "labels": labels}


# the report


def _report(file: Path, trip: Trip) -> None:
    told = trip.told
    print(
        f"{file.name}: {trip.lines} lines; {told['created']} imported, {told['skipped']} tombstones or older, "
        f"{len(told.get('skipped_dependencies', ()))} dependencies left out and told"
    )
    bare = trip.times["json.loads alone"]
    rows = [(name, f"{took * 1000:.0f}", f"{took / bare:.1f}") for name, took in trip.times.items()]
    table(("", "ms", "/ json.loads"), rows)
    for name, of in (
        ("status", _words("status")),
        ("issue_type", _words("issue_type")),
        ("dependency", _kinds),
    ):
        before, after = (Counter(of(found)) for found in (trip.live, trip.kept))
        counts = [(word, str(before[word]), str(after[word])) for word, _ in before.most_common()]
        print()
        table((name, "in the file", "in the store"), counts)
    print(f"\nfields that differ: {dict(trip.differing()) or 'none'}")
    again = " and ".join("identical" if same else "DIFFERENT" for same in trip.identical)
    print(f"exported and imported into an empty store, twice: {again}")


def _words(name: str) -> Any:
    return lambda found: (each.get(name, "") for each in found.values())


def _kinds(found: Records) -> Iterable[str]:
    return (edge["type"] for each in found.values() for edge in each.get("dependencies") or ())


if __name__ == "__main__":
    main(sys.argv[1:])
