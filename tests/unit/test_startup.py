"""What `gt` imports, seen from a child process: agents start it thousands of times."""

from __future__ import annotations

import json
import sys

import pytest

from tests.support.sandbox import Sandbox

REPORT = """
import atexit, json, sys
atexit.register(lambda: print("\\n" + json.dumps(sorted(sys.modules)), file=sys.stderr))
from gastown.cli import main
sys.argv = {argv!r}
main()
"""
HEAVY = {"sqlalchemy", "alembic", "git", "libtmux", "msgspec", "tomlkit", "rich"}
NEVER_ON_A_HOT_PATH = {
    *("alembic", "sqlalchemy.orm", "sqlalchemy.dialects.postgresql", "git", "libtmux", "tomlkit", "rich"),
}


def imported(sandbox: Sandbox, command: str) -> set[str]:
    code = REPORT.format(argv=command.split())
    done = sandbox.run(sys.executable, "-P", "-c", code, check=False)
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.mark.parametrize("command", ["gt --help", "gt --version", "gt rig --help"])
def test_help_imports_nothing_heavy(command: str, sandbox: Sandbox) -> None:
    assert imported(sandbox, command) & HEAVY == set()


@pytest.mark.parametrize("command", ["gt hook", "gt hook --json", "gt sling be-none"])
def test_hot_commands_import_the_store_and_little_else(command: str, sandbox: Sandbox) -> None:
    sandbox.town()
    modules = imported(sandbox, command)
    assert "sqlalchemy" in modules
    assert modules & NEVER_ON_A_HOT_PATH == set()
