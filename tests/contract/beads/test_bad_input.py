"""Every verb, every argument and option, given what nobody should: told clearly, and then nothing has changed.

The verbs are read from the table, so that a new one is tried too. What is refused in which words is in the unit tests.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from beads.cli.root import bd as group
from beads.store import Store
from benchmarks.measure import BD, ENV
from tests.unit.beads.conftest import Answer, call

NASTY = (
    "a\udcffb",
    "'); DROP TABLE issues; -- \x1b]0;x\x07\r\n\u202e",
    "",
    "-1",
    "9" * 30,
    "--json",
    "(" * 2000,
)
# They make or replace stores, or are said in other words above.
APART = ("init", "migrate", "new", "view", "done", "stats", "daemon", "dolt")


def leaves(
    commands: click.Group, above: click.Context, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name in commands.list_commands(above):
        command = commands.get_command(above, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from leaves(command, click.Context(command, above, name), (*path, name))
        else:
            yield (*path, name), command


VERBS = [found for found in leaves(group, click.Context(group)) if found[0][0] not in APART]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    beads_dir = tmp_path_factory.mktemp("template") / ".beads"
    store = Store.create(beads_dir, "gt")
    store.close()
    return beads_dir


@pytest.fixture
def folder(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(template, tmp_path / ".beads")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BEADS_ACTOR", "tester")
    return tmp_path


def dump(folder: Path) -> dict[str, list[str]]:
    """Return every row of every table, and what stands in the search index."""
    raw = sqlite3.connect(folder / ".beads" / "beads.db")
    try:
        tables = raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {name: sorted(map(repr, raw.execute(f"SELECT * FROM [{name}]"))) for (name,) in tables}
    finally:
        raw.close()


def lines(path: tuple[str, ...], command: click.Command, keeper: str) -> Iterator[list[str]]:
    """Yield calls of a verb in which one parameter is nasty and the arguments beside it are not."""
    arguments = [each for each in command.params if isinstance(each, click.Argument)]
    options = [
        each
        for each in command.params
        if isinstance(each, click.Option) and not each.is_flag and not str(each.name).startswith("global_")
    ]
    for wanted in (*arguments, *options):
        for nasty in NASTY:
            given = [nasty if each is wanted else keeper for each in arguments]
            option = [wanted.opts[-1], nasty] if wanted in options else []
            yield [*path, *option, *(["--"] if wanted in arguments else []), *given]


def wrong(answer: Answer) -> str | None:
    """Return what is wrong with how a refusal was told."""
    if answer.code not in (0, 1, 2):
        return f"exit code {answer.code}: {answer.err}"
    if answer.code == 0:
        return None
    # A note may stand before it.
    found: Any = json.loads(answer.err[answer.err.index("{") :]) if "{" in answer.err else {}
    return None if found.get("error") else f"no error in JSON: {answer.err}"


@pytest.mark.parametrize(("path", "command"), VERBS, ids=[" ".join(path) for path, _ in VERBS])
def test_every_parameter_of(folder: Path, path: tuple[str, ...], command: click.Command) -> None:
    keeper = call("create", "keeper", "--silent").out.strip()
    watch = sqlite3.connect(folder / ".beads" / "beads.db")
    for line in lines(path, command, keeper):
        before = watch.execute("PRAGMA data_version").fetchone()
        answer = call("--json", *line, input=b"")
        assert not wrong(answer), (line, wrong(answer))
        if answer.code:
            assert watch.execute("PRAGMA data_version").fetchone() == before, f"refused, and changed: {line}"
    watch.close()
    for line in (["list", "--all", "--json"], ["export", "--all"], ["doctor", "--json"]):
        assert call(*line).code in (0, 1), line
    assert {"issues", "events", "config"} <= dump(folder).keys()


# What cannot be tried but with a process of its own.


def bd(folder: Path, *line: str | bytes, input: bytes = b"") -> Answer:
    env = {**ENV, "BEADS_ACTOR": "tester", "PYTHONPATH": str(Path(__file__).parents[3])}
    done = subprocess.run([*BD, *line], cwd=folder, env=env, input=input, capture_output=True, timeout=120)
    return Answer(done.returncode, done.stdout.decode(), done.stderr.decode())


REAL: dict[str, tuple[tuple[str | bytes, ...], bytes, str]] = {
    "bad UTF-8 as title": (("create", b"caf\xe9"), b"", "title is not valid UTF-8"),
    "bad UTF-8 as id": (("show", b"gt-\xff"), b"", "what was given is not valid UTF-8"),
    "bad UTF-8 on standard input": (
        ("create", "x", "--stdin"),
        b"caf\xe9",
        "standard input is not UTF-8 (byte 3)",
    ),
    "bad UTF-8 in a file": (("create", "x", "--body-file", "latin.txt"), b"", "latin.txt is not UTF-8"),
    "bad UTF-8 in an import": (("import", "latin.txt"), b"", "latin.txt is not UTF-8"),
    "bad UTF-8 in a batch": (("batch",), b"create caf\xe9\n", "not UTF-8"),
    "NUL on standard input": (("create", "x", "--stdin"), b"a\0b", "description contains a NUL character"),
    "10 MB on standard input": (("create", "x", "--stdin"), b"x" * 10_000_000, "has 10000000 bytes; at most"),
    "10 MB in an import": (
        ("import", "-"),
        b'{"id":"gt-a","title":"A","notes":"' + b"x" * 10_000_000 + b'"}',
        "notes",
    ),
    "a line of more than 64 MiB": (
        ("import", "-"),
        b'"' + b"x" * (64 * 1024 * 1024) + b'"',
        "is longer than",
    ),
    "a truncated import": (
        ("import", "-"),
        b'{"id":"gt-a","title":"A"}\n{"id":"gt-b","ti',
        "line 2 is not JSON",
    ),
    "a truncated list": (("import", "-"), b'[{"number":1,"title":"A"}', "the file is not JSON"),
    "an id that is an option": (("show", "--", "--json"), b"", "no issue found matching '--json'"),
    "another one": (("close", "--", "-x"), b"", "no issue found matching '-x'"),
    "an id to be made that is one": (("create", "x", "--id", "-x-1"), b"", "is not an id"),
    "an over-long id": (("create", "x", "--id", "gt-" + "a" * 300), b"", "is not an id"),
    "a child's number beyond all measure": (("create", "x", "--id", "gt-a." + "9" * 20), b"", "is not an id"),
    "an inverted range": (("list", "--priority-min", "3", "--priority-max", "1"), b"", "nothing could match"),
    "a negative limit": (("list", "--limit", "-1"), b"", "-1 is negative"),
    "an unknown flag": (("list", "--statsu", "open"), b"", "--statsu"),
    "a directory to write to": (("export", "-o", "."), b"", "directory"),
}


@pytest.mark.parametrize(("line", "input", "words"), REAL.values(), ids=REAL)
def test_by_the_real_command(folder: Path, line: tuple[str | bytes, ...], input: bytes, words: str) -> None:
    call("create", "keeper")
    (folder / "latin.txt").write_bytes(b"caf\xe9")
    before = dump(folder)
    marked = line.index("--") if "--" in line else len(line)
    told = bd(folder, *line[:marked], "--json", *line[marked:], input=input)
    assert told.code in (1, 2) and words in told.error["error"], told
    assert dump(folder) == before
    assert {path.name for path in folder.iterdir()} == {".beads", "latin.txt"}, "nothing is left lying about"


def test_eight_megabytes_are_no_bad_input(folder: Path) -> None:
    text = "ä" * (4 * 1024 * 1024)
    made = bd(folder, "create", "x", "--stdin", "--json", input=text.encode())
    assert json.loads(made.out)["description"] == text
    assert json.loads(bd(folder, "export").out)["description"] == text
