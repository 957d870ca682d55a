"""What a call imports, seen in a child process: names and help cost nothing, and nothing pays for migrations."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CHECK = """
import sys
sys.argv = ["bd", *{line!r}]
from beads.cli.boundary import run
from beads.cli.root import bd
code = run(bd, "bd", json_to_stdout=True)
print(code, *sorted(sys.modules), file=sys.stderr)
"""


def imported(cwd: Path, *line: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", CHECK.format(line=line)], cwd=cwd, capture_output=True, text=True,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[3]), "HOME": "/nonexistent"},
    )  # fmt: skip
    code, *modules = done.stderr.splitlines()[-1].split()
    assert code == "0", done.stderr
    return set(modules)


@pytest.mark.parametrize("line", [("--help",), ("--version",), ("-V",), ("version",)])
def test_names_and_help_import_no_database(tmp_path: Path, line: tuple[str, ...]) -> None:
    heavy = {"sqlalchemy", "alembic", "sqlite3", "git", "libtmux", "asyncio", "pydantic", "rich"}
    assert not heavy & imported(tmp_path, *line)


@pytest.mark.parametrize("line", [("ready",), ("list", "--json"), ("create", "x")])
def test_a_normal_call_imports_what_it_uses(beads_dir: Path, line: tuple[str, ...]) -> None:
    found = imported(beads_dir.parent, *line)
    assert "sqlalchemy" in found
    unwanted = {
        "alembic",
        "sqlalchemy.orm",
        "sqlalchemy.dialects.postgresql",
        "git",
        "libtmux",
        "pydantic",
        "rich",
    }
    assert not unwanted & found


def test_every_verb_of_the_table_can_be_loaded() -> None:
    import click

    from beads.cli.root import VERBS, bd

    for name in VERBS:
        assert isinstance(bd.get_command(click.Context(bd), name), click.Command), name
