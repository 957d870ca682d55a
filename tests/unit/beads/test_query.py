"""`bd query`: what each comparison means, how they join, and errors that point at the word."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from beads import expressions
from tests.unit.beads.conftest import Bd, call

ISSUES = (
    "bug -t bug -p 0 -l urgent,tech-debt -a ann -d crash-here --spec-id web-1 -e 60",
    'task -p 1 -l Later -a rig/Toast --due +3d --metadata {"team":"web","ok":true,"n":2.5}',
    "child -p 3 --parent gt-task --no-inherit-labels --defer +10d",
    "epic -t epic -p 2 --notes see_the%notes --external-ref gh-7",
    "old -t chore -p 4",
    "done -t task",
    "wisp --ephemeral",
)


@pytest.fixture(scope="module")
def filled(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with these issues, made once."""
    folder = tmp_path_factory.mktemp("filled")
    shutil.copytree(template, folder / ".beads")
    for line in ISSUES:
        title, *options = line.split()
        done = call("-C", str(folder), "create", title, "--id", f"gt-{title}", *options)
        assert done.code == 0, done.err
    assert call("-C", str(folder), "close", "gt-done").code == 0
    with closing(sqlite3.connect(folder / ".beads/beads.db")) as connection, connection:
        connection.execute("UPDATE issues SET created_at = '2025-01-15T12:00:00.000000Z' WHERE id = 'gt-old'")
    return folder


@pytest.fixture
def filed(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bd:
    shutil.copytree(filled / ".beads", tmp_path / ".beads")
    monkeypatch.chdir(tmp_path)
    return call


MEANINGS = {
    "status=open": "bug task epic old",
    "status!=open": "child done",
    "status=closed": "done",
    "NOT status=closed AND priority<2": "bug task",
    "priority=1": "task",
    "priority!=2": "bug task child old",
    "priority<P2": "bug task",
    "priority>=3": "child old",
    "type=bug OR type=epic": "bug epic",
    "type=enhancement": "",
    "(type=bug OR label=later) AND NOT assignee=ann": "task",
    "type=bug OR type=epic AND priority=2": "bug epic",
    "not not type=bug": "bug",
    "assignee=ANN": "bug",
    "assignee=rig/toast": "task",
    "assignee~toast": "task",
    "assignee=none": "child epic old",
    "assignee!=none": "bug task",
    "label=urgent": "bug",
    "label=URGENT": "bug",
    "label=tech-*": "bug",
    "label~debt": "bug",
    "label!=urgent": "task child epic old",
    "label=none": "child epic old",
    "title=U": "bug",
    "title~chil": "child",
    "title!~u": "task child epic old",
    "description=none": "task child epic old",
    "desc='crash-HERE'": "bug",
    "notes~_the%": "epic",
    "notes~x_": "",
    "spec=web-*": "bug",
    "spec=web": "",
    "spec!=none": "bug",
    "external_ref=gh-7": "epic",
    "id=gt-*": "bug task child epic old",
    "id=gt-bug": "bug",
    "id=bug": "",
    "parent=gt-task": "child",
    "parent=task": "child",
    "parent=none": "bug task epic old",
    "parent!=none": "child",
    "created>7d": "bug task child epic",
    "created<7d": "old",
    "created=2025-01-15": "old",
    "created!=2025-01-15": "bug task child epic",
    "created<=2025-01-15": "old",
    "created<2025-01-15": "",
    "created>=2025-01-16": "bug task child epic",
    'created<"next monday"': "bug task child epic old",
    "closed>1h": "done",
    "NOT closed>1h": "bug task child epic old",
    "closed=none": "bug task child epic old",
    "due<7d": "task",
    "due>+1w": "",
    "due=none": "bug child epic old",
    "NOT due<7d": "bug child epic old",
    "defer>7d": "child",
    "estimate>=60": "bug",
    "NOT estimate>60": "bug task child epic old",
    "estimate=none": "task child epic old",
    "metadata.team=web": "task",
    "metadata.TEAM=web": "",
    "metadata.ok=true": "task",
    "metadata.n=2.5": "task",
    "metadata.team!=web": "bug child epic old",
    "metadata.team~WE": "task",
    "has_metadata_key=ok": "task",
    "has_metadata_key!=ok": "bug child epic old",
    "ephemeral=true": "wisp",
    "pinned=no": "bug task child epic old",
    "blocked=true": "",
}  # fmt: skip


@pytest.mark.parametrize("text", MEANINGS)
def test_what_a_query_means(filed: Bd, text: str) -> None:
    done = filed("query", text, "--json")
    assert done.code == 0, done.err
    wanted = {f"gt-{name}" for name in MEANINGS[text].split()}
    assert {each["id"] for each in done.json} == wanted


def test_every_field_can_be_asked_for(bd: Bd) -> None:
    values = {
        "priority": "1",
        "status": "open",
        "type": "task",
        "number": "1",
        "parent": "none",
        "flag": "true",
    }
    for name, (kind, _) in expressions.FIELDS.items():
        for op in expressions.KINDS[kind]:
            value = "2025-01-15" if kind in ("recorded", "planned") else values.get(kind, "x")
            done = bd("query", f"{name}{op}{value}", "--json")
            assert (done.code, done.out) == (0, "[]\n"), (name, op, done.err)


def test_limits_order_and_shapes(filed: Bd) -> None:
    def ids(*options: str) -> list[str]:
        return [each["id"] for each in filed("query", "priority>=0", "--json", *options).json]

    assert ids() == ["gt-bug", "gt-task", "gt-epic", "gt-child", "gt-old"]
    assert ids("--limit", "2") == ["gt-bug", "gt-task"]
    assert ids("--limit", "2", "--offset", "1") == ["gt-task", "gt-epic"]
    assert ids("--sort", "id", "-r", "-n", "1") == ["gt-task"]
    assert ids("--all") == ["gt-bug", "gt-task", "gt-done", "gt-epic", "gt-child", "gt-old"]
    cut = filed("query", "priority>=0", "-n", "1")
    assert (len(cut.out.splitlines()), "first 1" in cut.err) == (1, True)
    assert "first" not in filed("query", "priority>=0", "-n", "5").err
    [found] = filed("query", "id=gt-child", "--json").json
    assert (found["parent"], found["dependent_count"], found["comment_count"]) == ("gt-task", 0, 0)
    assert filed("query", "type=bug").out.startswith("gt-bug")
    assert filed("query", "type", "=", "bug").out.startswith("gt-bug"), "one argument or several"
    assert "crash-here" in filed("query", "type=bug", "--long").out
    assert filed("query", "type=spike").out == "nothing found\n"
    assert filed("query", "a", "--parse-only").code == 1
    parsed = filed("query", "NOT type=bug and (label=a or desc~'b c')", "--parse-only").out
    assert parsed == "Parsed query: (NOT type=bug AND (label=a OR description~b c))\n"


ERRORS = [
    ("statsu=open", "unknown field 'statsu', at character 1", "did you mean 'status'?"),
    ("type=bug AND asignee=x", "unknown field 'asignee', at character 14", "did you mean 'assignee'?"),
    ("status=opne", "unknown status 'opne', at character 8", "did you mean 'open'?"),
    ("type=buug", "unknown issue type 'buug', at character 6", "did you mean 'bug'?"),
    ("priority=7", "priority '7' is not one of", "0 is the most urgent"),
    ("status>open", "status cannot be compared by '>', at character 7", "status takes = !="),
    ("title<a", "title cannot be compared by '<'", "title takes = != ~ !~"),
    ("status open", "status is followed by 'open'", "= != <"),
    ("status=", "a value is needed, not the end, at character 8", 'status=""'),
    ("status=open type=bug", "'type' comes unexpectedly, at character 13", "AND or OR"),
    ("status=open AND", "a field is needed, not the end", "one of: id"),
    ("AND status=open", "a field is needed, not 'AND', at character 1", "one of: id"),
    ("status=open)", "')' comes unexpectedly, at character 12", "AND or OR"),
    ("(status=open", "opened here and not closed before the end, at character 1", "close it"),
    ("title='a", "a quotation is opened here and not closed, at character 7", "quote"),
    ("title!a", "'!' says nothing, at character 6", "quote"),
    ("created>soon", "'soon' is not a time, at character 9", "write +6h"),
    ("estimate=-1", "'-1' is not a whole number", "such as 60"),
    ("pinned=maybe", "'maybe' is neither true nor false", "true or false"),
    ("parent=gt-none", "no issue found matching 'gt-none'", "bd list"),
    ("", "the query is empty", "bd query"),
    ("(" * 60 + "status=open" + ")" * 60, "nested more than 50 deep", "parentheses"),
    (" OR ".join(["status=open"] * 201), "more than 200 times", "less"),
]


@pytest.mark.parametrize(("text", "what", "hint"), ERRORS, ids=lambda value: str(value)[:30])
def test_an_error_points_at_the_word(bd: Bd, text: str, what: str, hint: str) -> None:
    done = bd("query", text, "--json")
    assert done.code == 1
    assert what in done.error["error"]
    assert hint in done.error["hint"]
    assert done.out == "" or "no issue found" in what


def test_the_pointer_stands_below_the_word(bd: Bd) -> None:
    lines = bd("query", "type=bug AND  asignee=x").err.splitlines()
    assert lines[1:3] == ["  type=bug AND  asignee=x", "                ^^^^^^^"]
    long = bd("query", "title=" + "a" * 300 + " AND asignee=x").err.splitlines()
    start = long[2].index("^")
    assert long[1][start : start + 7] == "asignee"
    assert bd("query", "a=b", "--json").error["position"] == 1


def test_many_comparisons_are_no_trouble(bd: Bd) -> None:
    assert bd("query", " AND ".join(["label=x"] * 200)).code == 0
    assert bd("query", "(" * 49 + "status=open" + ")" * 49).code == 0
    assert bd("query", " OR ".join(["(status=open)"] * 100)).code == 0, "beside each other is not within"


def test_sql_in_a_value_is_only_text(filed: Bd) -> None:
    for field in ("title", "assignee", "label", "id", "spec", "metadata.a'b"):
        done = filed("query", f"""{field}="'; DROP TABLE issues; --" """, "--json")
        assert done.code in (0, 1), done.err
    assert len(filed("query", "priority>=0", "--json").json) == 5
