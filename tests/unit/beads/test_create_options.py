"""Options of `bd create` and `bd q` beside the plain fields."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.beads.conftest import Bd, call, issue


def test_an_id_of_another_prefix_needs_force(bd: Bd) -> None:
    refused = bd("create", "x", "--id", "zz-1", "--json")
    assert (refused.code, "zz-1 begins with none of this store's prefixes: gt" in refused.error["error"]) == (
        1,
        True,
    )
    assert bd("create", "x", "--id", "zz-1", "--force", "--silent").out == "zz-1\n"
    assert bd("create", "y", "--id", "zz-2", "--silent").out == "zz-2\n", "now it is in use"
    bd("config", "set", "allowed_prefixes", "aa,bb")
    assert bd("create", "x", "--id", "bb-1").code == 0
    bd("config", "set", "rig.web.prefix", "we")
    assert bd("create", "x", "--id", "we-1").code == bd("create", "x", "--id", "gt-mol-x").code == 0


def test_status_and_event(bd: Bd) -> None:
    assert bd("create", "x", "--status", "blocked", "--json").json["status"] == "blocked"
    assert "closed_at" in bd("create", "x", "-s", "closed", "--json").json
    assert bd("create", "x", "-s", "opne").code == 1
    made = bd(
        "create", "x", "-t", "event", "--event-category", "patrol.muted", "--event-actor", "me", "--json"
    ).json
    assert (made["event_kind"], made["actor"]) == ("patrol.muted", "me")


def test_the_owner_is_gits_author(bd: Bd, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Ann")
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", "ann@example.org")
    (tmp_path / "p.md").write_text("## One\n")
    (tmp_path / "p.json").write_text(
        '{"nodes": [{"key": "a", "title": "A"}, {"key": "b", "title": "B", "owner": "bob"}]}'
    )
    assert bd("create", "x", "--json").json["owner"] == "ann@example.org"
    assert bd("create", "-f", "p.md", "--json").json[0]["owner"] == "ann@example.org"
    quick = bd("q", "y").out.strip()
    batched = call("batch", "--json", input="create z").json["results"][0]["target"]
    ids = bd("create", "--graph", "p.json", "--json").json["ids"]
    owners = {each["id"]: each["owner"] for each in bd("list", "--json").json}
    assert {owners[quick], owners[batched], owners[ids["a"]]} == {"ann@example.org"}
    assert owners[ids["b"]] == "bob"


def test_git_is_asked_once(bd: Bd, monkeypatch: pytest.MonkeyPatch) -> None:
    from beads import workspace

    asked: list[object] = []

    def git(environ: object) -> dict[str, str]:
        asked.append(environ)
        return {"user.name": "Zoe", "user.email": "zoe@example.org"}

    for name in ("BEADS_ACTOR", "GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(workspace, "_git_config", git)
    made = bd("create", "x", "--json").json
    assert (made["created_by"], made["owner"], len(asked)) == ("Zoe", "zoe@example.org", 1)


def test_metadata_from_a_file(bd: Bd, tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text('{"k": 1}')
    made = bd("create", "x", "--metadata", "@m.json", "--json").json
    assert made["metadata"] == {"k": 1}
    (tmp_path / "m.json").write_text('{"l": 2}')
    assert bd("update", made["id"], "--metadata", "@m.json", "--json").json[0]["metadata"] == {"k": 1, "l": 2}
    assert bd("create", "x", "--metadata", "@none.json").code == 1


def test_into_the_store_of_another_directory(bd: Bd, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    assert bd("-C", "other", "init", "-p", "ot", "-q").code == 0
    made = bd("create", "x", "--repo", "other", "--silent").out.strip()
    assert made.startswith("ot-")
    assert bd("list", "--json").json == []
    assert bd("-C", "other", "show", made).code == 0


def test_a_quick_child(bd: Bd) -> None:
    parent = issue(bd, "parent")
    assert bd("q", "child", "--parent", parent, "-l", "a").out == f"{parent}.1\n"
    assert bd("q", "child", "--parent", "gt-none").code == 1
