"""`bd batch`: every line in one transaction; the first that fails is named, and then nothing was done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from beads.cli.batch import ALLOWED
from beads.store import Store
from tests.unit.beads.conftest import Answer, Bd, call, issue


def batch(text: str, *options: str) -> Answer:
    return call("batch", *options, input=text)


def shown(bd: Bd, name: str) -> dict[str, Any]:
    [found] = bd("show", name, "--json").json
    return dict(found)


def test_lines_are_commands(bd: Bd) -> None:
    one, two = issue(bd, "one"), issue(bd, "two")
    done = batch(
        f"""
        # what a person would type, without `bd`
        create "Fix the \\"login\\"" --type bug --id gt-login -l a,b
        update {one} --status in_progress --assignee ann --append-notes "first \\\\ note"
        dep add gt-login {one}
        label add gt-login {one} web
        comment {one} "two words"
        close {two} -r why
        reopen {two}
        new Another one
        """,
        "--json",
    )
    assert done.code == 0, done.err
    assert (done.json["operations"], done.json["status"]) == (8, "ok")
    results = done.json["results"]
    assert [each["line"] for each in results] == [3, 4, 5, 6, 7, 8, 9, 10]
    assert [each["op"] for each in results][:4] == ["create", "update", "dep.add", "label.add"]
    assert [each["target"] for each in results][:6] == [
        "gt-login", one, f"gt-login->{one}", f"gt-login, {one}", one, two,
    ]  # fmt: skip
    assert shown(bd, "gt-login")["title"] == 'Fix the "login"'
    assert shown(bd, "gt-login")["labels"] == ["a", "b", "web"]
    assert shown(bd, one)["notes"] == "first \\ note"
    assert shown(bd, two)["status"] == "open"
    assert shown(bd, results[-1]["target"])["title"] == "Another one"
    assert bd("doctor").code == 0


def test_the_short_forms(bd: Bd) -> None:
    one, two = issue(bd, "one"), issue(bd, "two")
    done = batch(
        f'create bug 1 It\'s a new one\nupdate {one} status=blocked title="New title" assignee=\n'
        f"dep add {one} {two} related\ndep rm {one} {two}\nclose {two} it's done, really\nq quick one\n",
        "--json",
    )
    assert done.code == 0, done.err
    made = shown(bd, done.json["results"][0]["target"])
    assert (made["title"], made["issue_type"], made["priority"]) == ("It's a new one", "bug", 1)
    assert shown(bd, two)["close_reason"] == "it's done, really"
    assert (shown(bd, one)["title"], shown(bd, one)["status"]) == ("New title", "blocked")
    assert bd("dep", "list", one, "--json").json == []
    assert shown(bd, done.json["results"][-1]["target"])["title"] == "quick one"


FAILURES = [
    ("close gt-nope", "line 2: no issue found matching 'gt-nope'"),
    ("close gt-kept gt-nope -f", "line 2: no issue found matching 'gt-nope'"),
    ("cloze gt-kept", "line 2: 'cloze' cannot stand in a batch"),
    ("show gt-kept", "line 2: 'show' cannot stand in a batch"),
    ("init", "line 2: 'init' cannot stand in a batch"),
    ("batch", "line 2: 'batch' cannot stand in a batch"),
    ("create buug 1 x", "line 2: unknown issue type 'buug'"),
    ("create bug 9 x", "line 2: priority '9'"),
    ("create", "line 2: A title is needed"),
    ("update gt-kept colour=red", "line 2: unknown flag: --"),
    ("update gt-kept --nope", "line 2: unknown flag: --"),
    ("update gt-kept -s opne", "line 2: unknown status 'opne'"),
    ("dep add gt-kept gt-kept", "line 2: gt-kept cannot depend on itself"),
    ("dep", "line 2: more is needed after 'dep'"),
    ("dep ad a b", "line 2: no such command"),
    ("create x --help", "line 2: this does nothing in a batch"),
    ('create "x', "line 2: a quotation is opened and not closed"),
    ("update gt-kept -p 1 --actor zoe", "line 2: --actor cannot be said in a line"),
    ("comment gt-kept --stdin", "line 2: standard input holds the batch itself"),
    ("create x --body-file none.md", "line 2: none.md cannot be read"),
]


@pytest.mark.parametrize(("line", "message"), FAILURES)
def test_a_line_that_fails_is_named_and_nothing_is_done(
    bd: Bd, store: Store, line: str, message: str
) -> None:
    bd("create", "kept", "--id", "gt-kept")
    before = bd("export", "--all").out, bd("history", "gt-kept", "--json").out
    done = batch(f"create first --id gt-first\n{line}\nclose gt-kept\n", "--json")
    assert done.code == 1
    assert message.lower() in done.error["error"].lower()
    assert (done.error["line"], bool(done.error["hint"])) == (2, True)
    assert (bd("export", "--all").out, bd("history", "gt-kept", "--json").out) == before
    assert batch(line).err.startswith("error: line 1: ")


def test_a_wrong_word_is_answered_with_the_nearest(bd: Bd) -> None:
    assert "did you mean 'close'?" in batch("cloze gt-a").err


def test_dry_run(bd: Bd) -> None:
    one = issue(bd, "one")
    before = bd("export", "--all").out
    lines = f"create x --id gt-x\ndep add {one} gt-x\nclose gt-x\n"
    done = batch(lines, "--dry-run", "--json")
    assert (done.code, done.json["dry_run"], done.json["operations"]) == (0, True, 3)
    assert "status" not in done.json
    assert batch(lines, "--dry-run").out.startswith(
        "batch: 3 operations would be carried out\n  line 1: create gt-x"
    )
    assert bd("export", "--all").out == before
    assert batch("create x --dry-run\nclose gt-none", "--dry-run").code == 1
    assert batch("create x --id gt-y --dry-run\n").code == 0
    assert bd("show", "gt-y").code == 1, "a dry run in a line makes nothing either"


def test_a_batch_has_an_end(bd: Bd) -> None:
    assert "5001 lines are too many" in batch("create x\n" * 5001).err


def test_a_file_and_nothing_at_all(bd: Bd, tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("create from-a-file --id gt-f\nupdate -p 0\ncomment gt-f x --file -\n")
    assert "line 3" in bd("batch", "-f", "b.txt").err
    (tmp_path / "b.txt").write_text("create from-a-file --id gt-f\nupdate -p 0\n")
    assert bd("batch", "--file", "b.txt", "-m", "why").out == (
        "batch: 2 operations committed\n  line 1: create gt-f\n  line 2: update gt-f\n"
    )
    assert shown(bd, "gt-f")["priority"] == 0, "a line without an id means the issue of the line before"
    assert bd("update", "-p", "3").out.startswith("updated gt-f")
    assert batch("\n# nothing\n", "--json").json == {
        "operations": 0, "status": "ok", "results": [], "schema_version": 1,
    }  # fmt: skip
    assert bd("batch", "-f", "none.txt").code == 1
    assert call("batch", input=b"\xff").code == 1
    assert call("batch", "--readonly", input="create x").code == 1


def test_one_change_one_undo(bd: Bd) -> None:
    before = bd("export", "--all").out
    assert batch("create a --id gt-a\ncreate b --id gt-b --deps gt-a\nclose gt-a\n").code == 0
    assert bd("undo").code == 0
    assert bd("export", "--all").out == before


def test_every_verb_of_a_batch_is_a_verb(bd: Bd) -> None:
    from beads.cli.root import VERBS

    assert set(ALLOWED) <= VERBS.keys()
