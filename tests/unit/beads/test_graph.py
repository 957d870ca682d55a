"""`bd graph`: what hangs together, in which order it can be worked off, and how it is drawn."""

from __future__ import annotations

import random
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest

from beads.layouts import layout
from tests.unit.beads.conftest import Bd, issue

NASTY = '"</script><b> \\ a\x1b[31m'


@pytest.fixture
def joined(bd: Bd) -> Bd:
    """An epic with three children, one after another and one beside; something related; and something apart."""
    bd("create", "epic", "--id", "gt-e", "-t", "epic")
    for name, more in (("a", []), ("b", ["--deps", "gt-a"]), ("c", ["--deps", "gt-b"]), ("d", [])):
        bd("create", NASTY if name == "b" else name, "--id", f"gt-{name}", "--parent", "gt-e", *more)
    bd("create", "related", "--id", "gt-r", "--deps", "related:gt-c")
    bd("create", "apart", "--id", "gt-x")
    return bd


def test_layers() -> None:
    found = layout(["c", "b", "a", "d"], [("b", "a"), ("c", "b"), ("c", "a"), ("a", "elsewhere")])
    assert found.layers == [["a", "d"], ["b"], ["c"]]
    assert found.depends_on == {"c": ["b", "a"], "b": ["a"], "a": [], "d": []}
    assert found.places()["d"] == (0, 1)
    circle = layout("abcd", [("a", "b"), ("b", "a"), ("c", "b")])
    assert circle.layers == [["d"], ["a", "b", "c"]], "a circle hides nothing"
    assert layout([], []).layers == []


def test_nothing_comes_before_what_it_waits_for() -> None:
    chance = random.Random(1)
    ids = [str(i) for i in range(200)]
    pairs = [(str(i), str(chance.randrange(i))) for i in range(1, 200) for _ in range(3)]
    places = layout(ids, pairs).places()
    assert places.keys() == set(ids)
    for one, other in pairs:
        assert places[one][0] > places[other][0]
    for one in ids:  # each stands as early as it can
        assert places[one][0] == max((places[b][0] + 1 for a, b in pairs if a == one), default=0)


def test_json_of_one(joined: Bd) -> None:
    for name in ("gt-e", "gt-c", "gt-r"):
        found = joined("graph", name, "--json").json
        assert found["root"]["id"] == found["layout"]["RootID"] == name
        assert {each["id"] for each in found["issues"]} == {"gt-e", "gt-a", "gt-b", "gt-c", "gt-d", "gt-r"}
        drawn = found["layout"]
        assert drawn["Layers"][1:] == [["gt-b"], ["gt-c"]]
        assert drawn["MaxLayer"] == 2
        node = drawn["Nodes"]["gt-c"]
        assert (node["Layer"], node["Position"], node["DependsOn"]) == (2, 0, ["gt-b"])
        assert node["Issue"]["id"] == "gt-c"
    assert [each["id"] for each in joined("graph", "gt-x", "--json").json["issues"]] == ["gt-x"]
    joined("close", "gt-a")
    assert "gt-a" in joined("graph", "gt-e").out
    assert "gt-a " not in joined("graph", "gt-e", "--open").out


def test_json_of_all(joined: Bd) -> None:
    joined("close", "gt-r")
    first, second = joined("graph", "--all", "--json").json
    assert (first["Root"]["id"], second["Root"]["id"]) == ("gt-e", "gt-x"), (
        "the largest first, named after its epic"
    )
    assert (
        {each["id"] for each in first["Issues"]}
        == first["IssueMap"].keys()
        == {"gt-e", "gt-a", "gt-b", "gt-c", "gt-d"}
    )
    assert {(each["issue_id"], each["type"]) for each in first["Dependencies"]} >= {
        ("gt-c", "blocks"),
        ("gt-d", "parent-child"),
    }


def test_drawn_for_a_terminal(joined: Bd) -> None:
    lines = joined("graph", "gt-e").out.splitlines()
    assert lines[0] == "gt-e: 6 issues"
    assert [line for line in lines if "layer" in line] == [
        "  layer 0, needs nothing else", "  layer 1, after layer 0", "  layer 2, after layer 1",
    ]  # fmt: skip
    assert lines[-1].endswith("<- gt-b")
    tree = joined("graph", "gt-e", "--compact").out.splitlines()
    assert {line.split()[0] for line in tree} == {f"gt-{name}" for name in "eabcdr"}
    assert sum(line.startswith("  gt-") for line in tree) == 4
    box = joined("graph", "gt-e", "--box").out
    assert len({len(line) for line in box.splitlines() if line.startswith("  ")}) == 1, (
        "boxes have straight edges"
    )
    assert "\x1b" not in box + joined("graph", "--all").out


def test_dot(joined: Bd) -> None:
    drawn = joined("graph", "gt-e", "--dot").out
    assert '  "gt-a" -> "gt-b" [style=solid];' in drawn
    assert '  "gt-e" -> "gt-a" [style=dashed' in drawn
    assert 'label="gt-b\\n\\"</script><b> \\\\ a�[31m"' in drawn
    assert joined("graph", "--all", "--dot").out.count("digraph") == 1
    if shutil.which("dot"):
        subprocess.run(["dot", "-Tsvg"], input=drawn.encode(), check=True, capture_output=True)


def test_html(joined: Bd) -> None:
    page = joined("graph", "--all", "--html").out
    assert page.count("<script>") == 1
    assert "&lt;/script&gt;&lt;b&gt;" in page
    assert "<b>" not in page
    svg = ElementTree.fromstring(page[page.index("<svg") : page.index("</svg>") + 6])
    assert {each.get("data-id") for each in svg.iter("g")} == {
        "gt-e",
        "gt-a",
        "gt-b",
        "gt-c",
        "gt-d",
        "gt-r",
        "gt-x",
    }
    assert sum("data-ends" in each.attrib for each in svg.iter("path")) == 7
    assert "http" not in page, "it needs nothing from elsewhere"


def test_nothing_and_mistakes(bd: Bd) -> None:
    assert bd("graph", "--all").out == "nothing is open\n"
    assert bd("graph", "--all", "--json").json == []
    assert "</svg>" in bd("graph", "--all", "--html").out
    assert bd("graph").code == bd("graph", "a", "b").code == bd("graph", "gt-a", "--all").code == 2
    assert bd("graph", "gt-none").code == 1


def test_check(bd: Bd) -> None:
    assert bd("graph", "check", "--json").json == {
        "clean": True, "cycles": [], "summary": {"cycle_count": 0}, "schema_version": 1,
    }  # fmt: skip
    a, b = issue(bd, "a"), issue(bd, "b")
    bd("dep", "add", a, b)
    values = f"VALUES ('{b}', '{a}', '2025-01-15T12:00:00.000000Z')"
    bd("sql", f"INSERT INTO dependencies (issue_id, depends_on_id, created_at) {values}", "--write")
    found = bd("graph", "check", "--json")
    assert (found.code, found.json["clean"], found.json["cycles"]) == (1, False, [sorted((a, b))])
    assert bd("graph", "check").out.startswith(sorted((a, b))[0])
    assert bd("graph", a, "--json").json["layout"]["Layers"] == [[a, b]]
