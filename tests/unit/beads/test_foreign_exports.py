"""What other programs have exported: read as they wrote it, and the same again the next time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.beads.conftest import Bd

NANOS = "2026-08-04T05:47:45.219884793Z"
MICROS = "2026-08-04T05:47:45.219884Z"
BASE: dict[str, Any] = {
    "id": "gt-a", "title": "A", "status": "open", "priority": 1, "issue_type": "task",
    "created_at": NANOS, "updated_at": NANOS,
}  # fmt: skip


def put(folder: Path, *lines: dict[str, Any], start: str = "", end: str = "\n") -> str:
    path = folder / "in.jsonl"
    path.write_bytes((start + "".join(json.dumps(line) + end for line in lines)).encode())
    return str(path)


def shown(bd: Bd, issue_id: str = "gt-a") -> dict[str, Any]:
    [found] = bd("show", issue_id, "--json", "--include-comments").json
    assert isinstance(found, dict)
    return found


def test_an_old_export(bd: Bd, tmp_path: Path) -> None:
    """With content hashes, tombstones, agents' columns that are gone, numbers as ids of comments, and `wisp`."""
    tombstone = BASE | {
        "id": "gt-dead", "status": "tombstone", "deleted_at": NANOS, "deleted_by": "x", "delete_reason": "batch",
        "original_type": "task",
    }  # fmt: skip
    old = BASE | {
        "content_hash": "0" * 64, "source_repo": ".", "agent_state": "idle", "hook_bead": "gt-x", "wisp": True,
        "comments": [{"id": 7, "issue_id": "gt-a", "author": "ann", "text": "hi", "created_at": NANOS}],
        "dependencies": [{"issue_id": "gt-a", "depends_on_id": "gt-dead", "type": "blocks", "created_at": NANOS}],
    }  # fmt: skip
    done = bd("import", put(tmp_path, tombstone, old), "--json").json
    assert (done["created"], done["skipped"]) == (1, 1)
    assert done["ignored_fields"] == {"agent_state": 1, "hook_bead": 1}
    assert done["skipped_dependencies"] == ["gt-a -> gt-dead (blocks): its end is not here"]
    assert (shown(bd)["comments"][0]["id"], shown(bd)["ephemeral"]) == ("7", True)
    told = bd("import", put(tmp_path, tombstone, old))
    assert "imported 1, skipped 1" in told.out
    assert "unknown fields left out: agent_state, hook_bead" in told.err


def test_an_export_newer_than_this_program(bd: Bd, tmp_path: Path) -> None:
    """A header line, records of kinds yet unheard of, and a mark of byte order with the line ends of Windows."""
    lines = ({"_schema": "beads-jsonl/1", "sort": "stable-v1"}, {"_type": "gizmo", "id": "gt-z"}, BASE)
    done = bd("import", put(tmp_path, *lines, start="\ufeff", end="\r\n"), "--json").json
    assert (done["ids"], done["ignored_records"]) == (["gt-a"], {"gizmo": 1})


def test_an_export_of_br(bd: Bd, tmp_path: Path) -> None:
    """Nanoseconds, `dep_type`, metadata of dependencies as text, numbers as ids of comments, an outer reference."""
    edge = {
        "issue_id": "gt-b",
        "depends_on_id": "gt-a",
        "created_at": NANOS,
        "metadata": "{}",
        "thread_id": "",
    }
    other = BASE | {
        "id": "gt-b", "external_ref": "JIRA-1", "compaction_level": 0, "original_size": 0, "source_repo": ".",
        "dependencies": [edge | {"dep_type": "blocks", "created_by": "me"}],
        "comments": [{"id": n, "issue_id": "gt-b", "author": "me", "text": "t", "created_at": NANOS} for n in (1, 2)],
    }  # fmt: skip
    for _ in range(2):
        done = bd("import", put(tmp_path, BASE, other), "--json").json
        assert (done["created"], "skipped_dependencies" in done, "ignored_fields" in done) == (
            2,
            False,
            False,
        )
    found = shown(bd, "gt-b")
    assert (found["created_at"], found["external_ref"], len(found["comments"])) == (MICROS, "JIRA-1", 2)
    assert [each["id"] for each in bd("ready", "--json").json] == ["gt-a"]


def test_a_time_that_was_never_set_is_absent(bd: Bd, tmp_path: Path) -> None:
    bd("import", put(tmp_path, BASE | {"due_at": "0001-01-01T00:00:00Z", "defer_until": None}))
    assert "due_at" not in shown(bd)
    assert bd("list", "--overdue", "--json").json == []


GITHUB: dict[str, Any] = {
    "number": 9, "title": "Crash", "body": "boom", "state": "CLOSED", "labels": [{"name": "bug", "color": "f00"}],
    "assignees": [{"login": "ann"}], "author": {"login": "bob"}, "createdAt": "2025-01-01T00:00:00Z",
    "updatedAt": "2025-01-02T00:00:00Z", "closedAt": "2025-01-02T00:00:00Z", "url": "https://x/one/issues/9",
    "comments": [{"id": "IC_1", "author": None, "body": "hi", "createdAt": "2025-01-01T00:00:00Z"}],
}  # fmt: skip


@pytest.mark.parametrize("as_list", [True, False])
def test_github_issues(bd: Bd, tmp_path: Path, as_list: bool) -> None:
    (tmp_path / "gh.json").write_text(json.dumps([GITHUB] if as_list else GITHUB))
    for _ in range(2):
        [issue_id] = bd("import", "gh.json", "--json").json["ids"]
    [found] = bd("list", "--all", "--json").json
    assert (found["id"], found["external_ref"], found["issue_type"], found["assignee"], found["status"]) == (
        issue_id, "gh-9", "bug", "ann", "closed",
    )  # fmt: skip
    assert [each["text"] for each in bd("comments", issue_id, "--json").json] == ["hi"]


def test_the_same_number_of_another_repository_is_another_issue(bd: Bd, tmp_path: Path) -> None:
    other = GITHUB | {"url": "https://x/two/issues/9", "title": "Other"}
    ids = [bd("import", put(tmp_path, each), "--json").json["ids"] for each in (GITHUB, other, GITHUB, other)]
    assert ids[0] == ids[2] != ids[1] == ids[3]
    assert {each["title"] for each in bd("list", "--all", "--json").json} == {"Crash", "Other"}


def test_a_title_longer_than_ours_may_be_is_cut_and_kept(bd: Bd, tmp_path: Path) -> None:
    title = "長" * 250
    [issue_id] = bd("import", put(tmp_path, GITHUB | {"title": title}), "--json").json["ids"]
    found = shown(bd, issue_id)
    assert found["title"].endswith("長…") and len(found["title"].encode()) <= 500
    assert found["description"] == f"{title}\n\nboom"
