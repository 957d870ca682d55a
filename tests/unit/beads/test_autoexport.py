"""The export that is kept beside the store."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from beads.cli import autoexport
from tests.unit.beads.conftest import Bd


@pytest.fixture
def path(beads_dir: Path, bd: Bd) -> Path:
    bd("config", "set", "export.auto", "true")
    path = beads_dir / "issues.jsonl"
    path.unlink(missing_ok=True)
    return path


def age(path: Path) -> None:
    before = path.stat().st_mtime - autoexport.SECONDS - 1
    os.utime(path, (before, before))


def titles(path: Path) -> list[str]:
    return [json.loads(line)["title"] for line in path.read_text().splitlines()]


def test_a_change_is_exported_at_most_once_a_minute(path: Path, bd: Bd) -> None:
    bd("create", "One")
    assert titles(path) == ["One"]
    bd("create", "Two", "-p", "3")
    assert titles(path) == ["One"], "the file is young"
    age(path)
    bd("list")
    assert titles(path) == ["One"], "nothing was changed"
    bd("create", "Three", "-p", "4")
    assert titles(path) == ["One", "Two", "Three"]


def test_what_was_deleted_leaves_the_file_too(path: Path, bd: Bd) -> None:
    one = bd("create", "One", "--json").json["id"]
    age(path)
    bd("delete", one, "--force")
    assert titles(path) == []


def test_a_file_with_issues_that_the_store_never_had_is_left_alone(path: Path, bd: Bd) -> None:
    richer = '{"id": "gt-zzz", "title": "Of another clone"}\n'
    path.write_text(richer)
    age(path)
    done = bd("create", "Mine")
    assert done.code == 0 and "1 of its issues are not in this store" in done.err
    assert path.read_text() == richer


def test_a_file_that_cannot_be_written_undoes_nothing(path: Path, bd: Bd) -> None:
    path.mkdir()
    age(path)
    done = bd("create", "Mine")
    assert done.code == 0 and "was not brought up to date" in done.err
    assert [issue["title"] for issue in bd("list", "--json").json] == ["Mine"]


def test_it_is_off_until_it_is_asked_for(beads_dir: Path, bd: Bd) -> None:
    bd("create", "One")
    assert not (beads_dir / "issues.jsonl").exists()
    refused = bd("config", "set", "export.auto", "maybe")
    assert refused.code == 1
