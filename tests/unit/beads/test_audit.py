"""`bd audit`: a record that only grows."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from beads.cli import audit
from beads.cli.call import Call
from tests.unit.beads.conftest import Bd, call, issue


def entries(beads_dir: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (beads_dir / audit.FILE).read_text().splitlines()]


def test_entries_and_what_is_thought_of_them(bd: Bd, beads_dir: Path) -> None:
    one = issue(bd, "one")
    made = bd(
        "audit",
        "record",
        "--kind",
        "tool_call",
        "--issue-id",
        one,
        "--tool-name",
        "pytest",
        "--exit-code",
        "0",
        "--json",
    )
    number = made.json["id"]
    assert made.json["kind"] == "tool_call"
    text = json.dumps({"kind": "llm_call", "model": "m", "prompt": "a\nb", "extra": {"k": [1]}})
    other = call("audit", "record", "--stdin", "--error", "none", input=text)
    assert other.code == 0, other.err
    labelled = bd("audit", "label", number, "--label", "good", "--reason", "fast", "--json").json
    assert (labelled["parent_id"], labelled["label"]) == (number, "good")
    first, second, third = entries(beads_dir)
    assert {key: first[key] for key in ("id", "kind", "actor", "issue_id", "tool_name", "exit_code")} == {
        "id": number, "kind": "tool_call", "actor": "tester", "issue_id": one, "tool_name": "pytest", "exit_code": 0,
    }  # fmt: skip
    assert (second["id"], second["prompt"], second["extra"], second["error"]) == (
        other.out.strip(), "a\nb", {"k": [1]}, "none",
    )  # fmt: skip
    assert (third["kind"], third["parent_id"], third["reason"]) == ("label", number, "fast")


def test_what_is_refused_adds_nothing(bd: Bd, beads_dir: Path) -> None:
    assert bd("audit", "record").code == 1
    for text in ("{", "[]", '{"kind": "x", "knd": 1}'):
        assert call("audit", "record", "--stdin", input=text).code == 1
    assert bd("audit", "label", "int-none", "--label", "x").code == 1
    assert bd("audit", "label", "int-none").code == 2
    assert bd("audit", "record", "--kind", "x", "--readonly").code == 1
    assert (beads_dir / audit.FILE).read_text() == ""


def test_many_at_once_do_not_mix(beads_dir: Path) -> None:
    def add(number: int) -> None:
        one = Call()
        one.flags["actor"] = "me"
        audit._add(one, {"kind": "x", "response": str(number) * 5000})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(200)))
    assert {each["response"] for each in entries(beads_dir)} == {str(number) * 5000 for number in range(200)}
