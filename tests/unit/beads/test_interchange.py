"""JSONL in and out: nothing is lost on the way, newer wins, and a wrong file changes nothing."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beads import interchange
from beads.store import Store
from tests.unit.beads.conftest import Bd, call, issue

OLD = "2025-12-20T03:25:59.727107-08:00"
FULL: dict[str, Any] = {
    "id": "gt-full", "title": "Full", "description": "d", "design": "de", "acceptance_criteria": "a", "notes": "n",
    "spec_id": "s", "status": "closed", "priority": 0, "issue_type": "convoy", "assignee": "me", "owner": "o@x",
    "estimated_minutes": 5, "created_at": OLD, "created_by": "c", "updated_at": OLD, "started_at": OLD,
    "closed_at": OLD, "close_reason": "r", "closed_by_session": "cs", "due_at": OLD, "defer_until": OLD,
    "external_ref": "gh-1", "source_system": "ss", "metadata": {"b": 1, "a": [1.50, None, "x"]},
    "compaction_level": 1, "compacted_at": OLD, "compacted_at_commit": "abc", "original_size": 9, "labels": ["b", "a"],
    "sender": "se", "ephemeral": True, "no_history": True, "wisp_type": "patrol", "pinned": True, "is_template": True,
    "bonded_from": [{"source_id": "x", "bond_type": "y", "bond_point": "z"}], "await_type": "timer", "await_id": "i",
    "timeout": 3_600_000_000_000, "waiters": ["w"], "source_formula": "f", "source_location": "l", "mol_type": "swarm",
    "work_type": "mutex", "event_kind": "k", "actor": "ac", "target": "t", "payload": "p",
    "dependencies": [
        {"issue_id": "gt-full", "depends_on_id": "external:a:b", "type": "blocks", "created_at": OLD, "created_by": "x",
         "metadata": '{"k":1}', "thread_id": "th"}
    ],
    "comments": [{"id": 7, "issue_id": "gt-full", "author": "a", "text": "t", "created_at": OLD}],
}  # fmt: skip


def write(path: Path, found: Iterable[dict[str, Any]]) -> str:
    path.write_text("".join(json.dumps(each) + "\n" for each in found))
    return str(path)


def minimal(issue_id: str, **more: Any) -> dict[str, Any]:
    return {"id": issue_id, "title": issue_id, "created_at": OLD, "updated_at": OLD, **more}


def exported(*options: str) -> list[dict[str, Any]]:
    done = call("export", *options)
    assert done.code == 0, done.err
    return [json.loads(line) for line in done.out.splitlines()]


def test_every_field_survives(bd: Bd, tmp_path: Path) -> None:
    done = bd("import", write(tmp_path / "in.jsonl", [FULL]), "--json").json
    assert (done["created"], done["ids"], "ignored_fields" in done) == (1, ["gt-full"], False)
    [found] = exported("--all")
    at = "2025-12-20T11:25:59.727107Z"
    wanted = json.loads(json.dumps(FULL).replace(OLD, at))
    wanted |= {
        "_type": "issue",
        "labels": ["a", "b"],
        "dependency_count": 0,
        "dependent_count": 0,
        "comment_count": 1,
    }
    wanted["comments"][0]["id"] = "7"
    assert found == wanted


def test_what_is_left_out_by_default(bd: Bd, tmp_path: Path) -> None:
    bd("remember", "key", "value")
    records = [
        minimal("gt-work"), minimal("gt-agent", issue_type="agent"), minimal("gt-tpl", is_template=True),
        minimal("gt-wisp", wisp=True), minimal("gt-dead", status="tombstone"),
    ]  # fmt: skip
    done = bd("import", write(tmp_path / "in.jsonl", records), "--json").json
    assert (done["created"], done["skipped"]) == (4, 1)
    assert {each["id"] for each in exported()} == {"gt-work"}
    assert {each["id"] for each in exported("--include-infra")} == {"gt-work", "gt-agent"}
    assert {each["id"] for each in exported("--all") if "id" in each} == {
        "gt-work",
        "gt-agent",
        "gt-tpl",
        "gt-wisp",
    }


def test_what_is_missing_gets_upstreams_values(bd: Bd, tmp_path: Path) -> None:
    bd("import", write(tmp_path / "in.jsonl", [{"_schema": "beads-jsonl/1"}, {"id": "gt-a", "title": "A"}]))
    [found] = bd("show", "gt-a", "--json").json
    assert (found["status"], found["issue_type"], found["priority"]) == ("open", "task", 0)


def test_newer_wins_and_equal_overwrites(bd: Bd, tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    bd("import", write(file, [minimal("gt-a", labels=["x"], assignee="ann")]))
    bd("import", write(file, [minimal("gt-a") | {"title": "equal"}]))
    [found] = bd("show", "gt-a", "--json").json
    assert (found["title"], "labels" in found, "assignee" in found) == ("equal", False, False)
    older = minimal("gt-a", title="older") | {"updated_at": "2025-01-01T00:00:00Z", "title": "older"}
    done = bd("import", write(file, [older]), "--json").json
    assert (done["created"], done["stale_skipped_ids"]) == (0, ["gt-a"])
    assert bd("show", "gt-a", "--json").json[0]["title"] == "equal"


def test_readiness_is_right_after_an_import(bd: Bd, tmp_path: Path, store: Store) -> None:
    held = {"issue_id": "gt-b", "depends_on_id": "gt-a", "type": "blocks"}
    gone = {"issue_id": "gt-b", "depends_on_id": "gt-gone", "type": "blocks"}
    done = bd(
        "import", write(tmp_path / "in.jsonl", [minimal("gt-b", dependencies=[held, gone]), minimal("gt-a")]), "--json"
    ).json  # fmt: skip
    assert done["skipped_dependencies"] == ["gt-b -> gt-gone (blocks): its end is not here"]
    assert [each["id"] for each in bd("ready", "--json").json] == ["gt-a"]
    later = "2026-01-01T00:00:00Z"
    bd("import", write(tmp_path / "in.jsonl", [minimal("gt-a", status="closed") | {"updated_at": later}]))
    assert [each["id"] for each in bd("ready", "--json").json] == ["gt-b"]
    assert bd("doctor").code == 0


def test_new_ids_keep_clear_of_imported_ones(bd: Bd, tmp_path: Path) -> None:
    bd("import", write(tmp_path / "in.jsonl", [minimal("gt-a"), minimal("gt-a.4")]))
    assert issue(bd, "next", "--parent", "gt-a") == "gt-a.5"


def test_dry_run_and_dedup(bd: Bd, tmp_path: Path) -> None:
    file = write(tmp_path / "in.jsonl", [minimal("gt-a"), minimal("gt-b")])
    assert bd("import", file, "--dry-run", "--json").json["created"] == 2
    assert bd("list", "--json").json == []
    issue(bd, "GT-A")
    done = bd("import", file, "--dedup", "--json").json
    assert (done["ids"], done["dedup_skipped"]) == (["gt-b"], 1)


def test_of_one_id_said_twice_the_newer_counts(bd: Bd, tmp_path: Path) -> None:
    newer = minimal("gt-a", title="newer") | {"updated_at": "2026-01-01T00:00:00Z"}
    done = bd("import", write(tmp_path / "in.jsonl", [newer, minimal("gt-a", title="older")]), "--json").json
    assert (done["ids"], done["stale_skipped_ids"]) == (["gt-a"], ["gt-a"])
    assert bd("show", "gt-a", "--json").json[0]["title"] == "newer"


@pytest.mark.parametrize("kind", ["blocks", "parent-child"])
def test_a_circle_is_opened_and_told(bd: Bd, tmp_path: Path, kind: str) -> None:
    ring = [("gt-a", "gt-b"), ("gt-b", "gt-c"), ("gt-c", "gt-a"), ("gt-d", "gt-a")]
    records = [minimal(one, dependencies=[{"depends_on_id": other, "type": kind}]) for one, other in ring]
    done = bd("import", write(tmp_path / "in.jsonl", records), "--json").json
    assert done["skipped_dependencies"] == [f"gt-c -> gt-a ({kind}): it would close a circle"]
    assert bd("dep", "cycles", "--json").json == []
    assert bd("doctor").code == 0


def test_a_circle_that_the_store_has_half_of_is_opened_too(bd: Bd, tmp_path: Path) -> None:
    held = minimal("gt-a", dependencies=[{"depends_on_id": "gt-b"}])
    bd("import", write(tmp_path / "in.jsonl", [held, minimal("gt-b")]))
    done = bd(
        "import", write(tmp_path / "in.jsonl", [minimal("gt-b", dependencies=[{"depends_on_id": "gt-a"}])]), "--json"
    ).json  # fmt: skip
    assert done["skipped_dependencies"] == ["gt-b -> gt-a (blocks): it would close a circle"]
    assert bd("doctor").code == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"id":"gt-a","title":"A"}\n{"id":"gt-b","tit', "line 2 is not JSON"),
        ('{"id":"gt-a","title":"A"}\n[1]', "line 2 is not a JSON object"),
        ('{"id":"gt-a","title":5}', "line 1: title is 5, not text"),
        ('{"id":"gt-a","title":"A","priority":"high"}', "priority is \"high\", not a whole number"),
        ('{"id":"gt-a","title":"A","priority":7}', "priority 7 is not one of"),
        ('{"id":"gt-a","title":"A","created_at":"yesterday"}', "created_at 'yesterday' is not a time"),
        ('{"id":"--all","title":"A"}', "'--all' is not an id"),
        ('{"title":"A"}', "None is not an id"),
        ('{"id":"gt-a","title":" "}', "the title is blank"),
        ('{"id":"gt-a","title":"A","labels":"x"}', "labels is \"x\", not a list"),
        ('{"id":"gt-a","title":"A","dependencies":[3]}', "a dependency is 3"),
        ('{"id":"gt-a","title":"A","comments":[{"id":1}]}', "text is missing"),
        ('{"id":"gt-a","title":"A","ephemeral":1}', "ephemeral is 1, not true or false"),
        ('{"id":"gt-a","title":"A","status":"very closed"}', "status 'very closed' is no word"),
        ('{"id":"gt-a","title":"A\\u0000"}', "NUL"),
        ('{"_type":"memory","key":"k"}', "value is missing"),
        ('{"_type":"memory","key":"k","value":[1]}', "value is [1], not text"),
        ('{"_type":"memory","key":" ","value":"v"}', "the key of a memory is blank"),
        ('{"id":"gt-a","title":"A","estimated_minutes":99999999999999999999}', "is beyond 64 bits"),
        ('{"id":"gt-a","title":"A","metadata":{"a":NaN}}', "NaN is not JSON"),
        ('{"id":"gt-a","title":"A","metadata":' + "[" * 101 + "]" * 101 + "}", "nested too deeply"),
        ('{"id":"gt-a","title":"A","metadata":["\\ud800"]}', "line 1 has half a character"),
        ('{"id":"gt-a","title":"A","\\ud800":1}', "line 1 has half a character"),
        ('{"id":"gt-a","title":"A","labels":[1]}', "labels has 1, which is not text"),
        ('{"id":"gt-a","title":"A","waiters":"me"}', "waiters is \"me\", not a list"),
        ('{"id":"gt-a","title":"A","comments":[{"text":"x","author":{}}]}', "author is {}, not text"),
        ('{"id":"gt-a","title":"A","comments":[{"text":"x","id":true}]}', "a comment's id is true"),
        ('{"id":"gt-a","title":"A","dependencies":[{"depends_on_id":"gt-b","type":["x"]}]}', "type is [\"x\"]"),
        ('{"id":"gt-a","title":"A","dependencies":[{"depends_on_id":"' + "x" * 256 + '"}]}', "1 to 255 characters"),
        ('{"id":"gt-a","title":"A","dependencies":[{}]}', "depends_on_id is missing"),
        ('{"number":1,"title":"x","author":"bob"}', "author is \"bob\", not an object"),
        ('{"number":1,"title":"x","labels":5}', "labels is 5, not a list"),
        ('{"number":true,"title":"x"}', "number is true, not a whole number"),
        ("[" * 100_000, "is not JSON"),
        (b"\xff\xfe{}", "is not UTF-8"),
    ],
)  # fmt: skip
def test_a_wrong_file_changes_nothing(bd: Bd, tmp_path: Path, content: str | bytes, words: str) -> None:
    (tmp_path / "in.jsonl").write_bytes(content if isinstance(content, bytes) else content.encode())
    done = bd("import", "in.jsonl", "--json")
    assert done.code == 1
    assert words in done.error["error"]
    assert bd("list", "--all", "--json").json == []


def test_export_to_a_file_is_whole_or_not_at_all(bd: Bd, tmp_path: Path) -> None:
    issue(bd)
    assert bd("export", "-o", "out.jsonl", "--json").json["exported"] == 1
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 1
    assert bd("export", "-o", "none/out.jsonl").code == 1
    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == ["out.jsonl"]


def test_init_from_a_wrong_file_leaves_no_store(bd: Bd, tmp_path: Path) -> None:
    there = tmp_path / "clone"
    (there / ".beads").mkdir(parents=True)
    assert bd("-C", str(there), "init", "--from-jsonl").code == 1
    (there / ".beads" / "issues.jsonl").write_text('{"id":"cl-a"}')
    assert bd("-C", str(there), "init", "--from-jsonl").code == 1
    assert not list((there / ".beads").glob("*.db*"))
    write(there / ".beads" / "issues.jsonl", [minimal("cl-a")])
    assert bd("-C", str(there), "init", "--from-jsonl").code == 0


def test_init_from_jsonl(bd: Bd, tmp_path: Path) -> None:
    there = tmp_path / "clone"
    (there / ".beads").mkdir(parents=True)
    write(there / ".beads" / "issues.jsonl", [minimal("cl-a")])
    assert bd("-C", str(there), "init", "--prefix", "cl", "--from-jsonl").code == 0
    assert [each["id"] for each in bd("-C", str(there), "list", "--json").json] == ["cl-a"]


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
RECORD = st.fixed_dictionaries(
    {
        "title": TEXT.filter(lambda text: bool(text.strip())),
        "status": st.sampled_from(["open", "closed", "in_progress", "deferred", "hooked", "odd"]),
        "issue_type": st.sampled_from(["task", "bug", "agent", "own"]),
        "priority": st.integers(0, 4),
        "description": TEXT,
        "metadata": st.none() | st.recursive(
            st.booleans() | st.integers() | TEXT, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
            max_leaves=5,
        ),
        "labels": st.lists(st.sampled_from(["a", "ä", "x y"]), unique=True),
        "targets": st.lists(st.integers(0, 4), unique=True),
        "kind": st.sampled_from(["blocks", "parent-child", "waits-for", "related"]),
    }
)  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(found=st.lists(RECORD, min_size=1, max_size=5))
def test_export_then_import_is_the_identity(template: Path, found: list[dict[str, Any]]) -> None:
    raw = [_record(number, each, len(found)) for number, each in enumerate(found)]
    first = _through(template, raw)
    assert _through(template, first) == first
    assert len(first) == len(raw)


def _record(number: int, each: dict[str, Any], count: int) -> dict[str, Any]:
    targets, kind = each.pop("targets"), each.pop("kind")
    edges = [
        {"issue_id": f"gt-{number}", "depends_on_id": f"gt-{target}", "type": kind}
        for target in targets
        if target != number and target < count
    ]
    return {**minimal(f"gt-{number}"), **each, "dependencies": edges}


def _through(template: Path, raw: list[dict[str, Any]]) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(template, Path(folder) / ".beads")
        store = Store.open(Path(folder) / ".beads")
        with store.write("me") as change:
            interchange.load(change, interchange.parsed("\n".join(json.dumps(each) for each in raw)))
        with store.read() as view:
            exported = list(interchange.exported(view, everything=True))
        store.close()
        return exported
