"""An export of the shape that upstream writes, through real commands: in one go, all of it, and the same twice."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.interchange import Trip, made_up, travel

COUNT = 300


@pytest.fixture(scope="module")
def trip(tmp_path_factory: pytest.TempPathFactory) -> Trip:
    folder = tmp_path_factory.mktemp("trip")
    return travel(made_up(folder / "export.jsonl", COUNT), folder)


def test_every_living_issue_is_imported_and_every_other_told(trip: Trip) -> None:
    assert trip.lines == COUNT
    assert trip.told["created"] == len(trip.live) == len(trip.kept)
    assert trip.told["skipped"] == COUNT - len(trip.live) > 100
    for name in ("status", "issue_type"):
        assert Counter(each[name] for each in trip.kept.values()) == Counter(
            each[name] for each in trip.live.values()
        )


def test_dependencies_are_kept_but_for_those_on_issues_that_are_gone(trip: Trip) -> None:
    def ends(found: dict[str, dict[str, list[dict[str, str]]]]) -> set[str]:
        return {
            f"{edge['issue_id']} -> {edge['depends_on_id']} ({edge['type']})"
            for each in found.values()
            for edge in each.get("dependencies", ())
        }

    left_out = set(trip.told["skipped_dependencies"])
    gone = {line for line in ends(trip.live) if line.split()[2] not in trip.live}
    assert left_out == {f"{line}: its end is not here" for line in gone}
    assert ends(trip.kept) == ends(trip.live) - gone


def test_no_field_differs(trip: Trip) -> None:
    assert trip.differing() == Counter()


def test_exported_and_imported_again_it_is_identical_twice(trip: Trip) -> None:
    assert trip.identical == [True, True]


def test_a_difference_would_be_seen(trip: Trip) -> None:
    changed = json.loads(json.dumps(trip.kept))
    id = next(iter(changed))
    changed[id] |= {"title": "other", "labels": ["more"]}
    found = Trip(trip.lines, trip.told, trip.live, changed).differing()
    assert found == {"title": 1, "labels": 1}


def test_the_sample_has_what_a_real_export_has(tmp_path: Path) -> None:
    records = [json.loads(line) for line in made_up(tmp_path / "x", COUNT).read_text().splitlines()]
    assert {"tombstone", "closed", "open", "hooked", "deferred"} <= {each["status"] for each in records}
    assert any(edge["type"] == "blocks" for each in records for edge in each.get("dependencies", ()))
    assert any("comments" in each for each in records) and any("labels" in each for each in records)
