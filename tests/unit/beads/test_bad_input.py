"""Bad input: each a clear error on stderr, in JSON when asked for, and the store as it was."""

from __future__ import annotations

import pytest

from tests.unit.beads.conftest import Bd, issue

BAD = [
    (("create", "   "), 1, "the title is blank"),
    (("create", "é" * 251), 1, "502 bytes; at most 500"),
    (("create", "x", "--type", "buug"), 1, "unknown issue type 'buug'"),
    (("create", "x", "-p", "5"), 1, "priority '5' is not one of"),
    (("create", "x", "-p", "-1"), 1, "priority '-1' is not one of"),
    (("create", "x", "-d", "a\0b"), 1, "description contains a NUL"),
    (("create", "x", "-d", "\udcff"), 1, "description is not valid UTF-8"),
    (("create", "\udcff"), 1, "title is not valid UTF-8"),
    (("create", "x", "-d", "y" * (8 * 1024 * 1024 + 1)), 1, "at most 8388608"),
    (("create", "x", "--metadata", "{nope"), 1, "metadata is not JSON"),
    (("create", "x", "--metadata", "NaN"), 1, "metadata is not JSON"),
    (("create", "x", "--metadata", "[" * 100_000), 1, "metadata is"),
    (("create", "x", "-l", "a\nb"), 1, "label"),
    (("create", "x", "-e", "-5"), 1, "-5 minutes is negative"),
    (("create", "x", "-e", "soon"), 2, "not a valid integer"),
    (("create", "x", "--due", "soon"), 1, "'soon' is not a time"),
    (("create", "x", "--parent", "gt-nope"), 1, "no issue found matching 'gt-nope'"),
    (("create", "x", "--deps", "gt-nope"), 1, "no issue found matching 'gt-nope'"),
    (("create", "x", "--deps", "blocks:"), 1, "names no issue"),
    (("create", "x", "--rig", "none"), 1, "there is no rig 'none'"),
    (("create", "x", "--id", "--json"), 1, "is not an id"),
    (("create", "x", "--nope"), 2, "unknown flag: --nope"),
    (("list", "--limit", "-1"), 1, "a limit of -1 is negative"),
    (("ready", "--limit", "-1"), 1, "a limit of -1 is negative"),
    (("list", "--status", "opne"), 1, "unknown status 'opne'"),
    (("list", "--sort", "prio"), 1, "unknown order 'prio'"),
    (("list", "--priority-min", "3", "--priority-max", "1"), 1, "nothing could match"),
    (("list", "--created-after", "+2d", "--created-before", "+1d"), 1, "nothing could match"),
    (("list", "--label-regex", "("), 1, "not a regular expression"),
    (("list", "--metadata-field", "x"), 1, "takes KEY=VALUE"),
    (("show", "'; DROP TABLE issues; --"), 1, "no issue found matching"),
    (("show", "\x1b[31m"), 1, "no issue found matching"),
    (("close", "gt-nope"), 1, "no issue found"),
    (("update", "gt-nope", "--status", "open"), 1, "no issue found"),
    (("comments", "gt-nope"), 1, "no issue found"),
    (("label", "list", "gt-nope"), 1, "no issue found"),
    (("config", "set", " ", "x"), 1, "cannot be the name"),
    (("raedy",), 2, "unknown command 'raedy'"),
    (("dep", "tre", "x"), 2, "tre"),
]


@pytest.mark.parametrize(("line", "code", "words"), BAD, ids=lambda value: str(value)[:40])
def test_bad_input(bd: Bd, line: tuple[str, ...], code: int, words: str) -> None:
    keeper = issue(bd, "keeper")
    before = bd("show", keeper, "--json").out, bd("list", "--json", "--all").out
    plain, told = bd(*line), bd("--json", *line)
    assert (plain.code, told.code) == (code, code)
    assert words in plain.err
    assert words in told.error["error"]
    assert "\x1b" not in plain.err
    assert "Traceback" not in plain.err
    assert (bd("show", keeper, "--json").out, bd("list", "--json", "--all").out) == before


def test_json_may_be_asked_for_in_other_words(bd: Bd) -> None:
    for line in (("--format", "json"), ("--format=json",), ("--json",)):
        assert bd("show", "gt-nope", *line).error["error"] == bd(*line, "show", "gt-nope").error["error"]
    assert bd("show", "gt-nope", "--format", "text").err.startswith("error: ")


def test_an_unknown_word_names_the_nearest(bd: Bd) -> None:
    assert bd("raedy").err.endswith("bd ready\n")
    assert "did you mean 'bug'?" in bd("create", "x", "--type", "buug").err
    assert "did you mean 'in_progress'?" in bd("list", "--status", "in-progres").err
    assert bd("list", "--status", "in-progress").code == 0


def test_sql_in_every_field_is_only_text(bd: Bd) -> None:
    text = "'); DROP TABLE issues; -- \" %s :x"
    made = bd(
        "create", text, "-d", text, "--design", text, "--acceptance", text, "--notes", text, "-a", text, "-l", "a'b",
        "--external-ref", text, "--json",
    ).json  # fmt: skip
    [found] = bd("show", made["id"], "--json").json
    for field in (
        "title",
        "description",
        "design",
        "acceptance_criteria",
        "notes",
        "assignee",
        "external_ref",
    ):
        assert found[field] == text
    assert [each["id"] for each in bd("list", "--title", text, "--json").json] == [made["id"]]
    bd("comment", made["id"], text)
    assert bd("comments", made["id"], "--json").json[0]["text"] == text


def test_no_control_character_reaches_the_terminal(bd: Bd) -> None:
    nasty = "a\x1b[31mred\x07\r\nb\u202egnp\x9bc"
    one = issue(bd, nasty, "-d", nasty, "-a", nasty)
    bd("comment", one, nasty)
    other = issue(bd, "x", "--deps", one)
    for line in (
        ("list",),
        ("show", one),
        ("ready",),
        ("blocked",),
        ("dep", "tree", other),
        ("comments", one),
    ):
        out = bd(*line).out
        assert not set("\x1b\x07\r\u202e\x9b") & set(out), line
    assert len(bd("list").out.splitlines()) == 2, "a line break in a title breaks no line"
    assert bd("show", one, "--json").json[0]["title"] == nasty


def test_ids_that_look_like_options(bd: Bd) -> None:
    assert bd("show", "--", "--json").code == 1
    assert bd("close", "--", "-r").code == 1
