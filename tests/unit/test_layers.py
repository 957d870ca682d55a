"""Which module may name a vendor's library. The directions between layers are checked by import-linter."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.environment import CHECKOUT

SOURCES = ("beads", "gastown", "migrations")
PLACES = {
    "libtmux": {"gastown/sessions/tmux.py"},
    "git": {"gastown/host/git/command.py"},
    "alembic": {"beads/migrate.py", "migrations/"},
    "click": {"beads/cli/", "gastown/cli/"},
}


def imported(path: Path) -> Iterator[str]:
    """The first names of all that a module imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def modules_naming(vendor: str) -> set[str]:
    paths = (path for source in SOURCES for path in (CHECKOUT / source).glob("**/*.py"))
    return {str(path.relative_to(CHECKOUT)) for path in paths if vendor in imported(path)}


@pytest.mark.parametrize("vendor", PLACES)
def test_a_vendors_library_is_named_in_its_place_only(vendor: str) -> None:
    found = modules_naming(vendor)
    assert {path for path in found if not any(path.startswith(place) for place in PLACES[vendor])} == set()
    assert {place for place in PLACES[vendor] if not any(path.startswith(place) for path in found)} == set()


def floors_of_sql() -> set[str]:
    """The issue store's modules from its transactions down to its tables, as the layers contract has them."""
    settings = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    contracts = settings["tool"]["importlinter"]["contracts"]
    (floors,) = (contract["layers"] for contract in contracts if contract.get("containers") == ["beads"])
    names = [re.findall(r"\w+", floor) for floor in floors]
    first, last = (next(i for i, floor in enumerate(names) if name in floor) for name in ("store", "schema"))
    return {f"beads/{name}.py" for floor in names[first : last + 1] for name in floor}


def test_only_the_stores_speak_sql() -> None:
    others = modules_naming("sqlalchemy") - floors_of_sql()
    assert {path for path in others if not path.startswith("migrations/")} == {
        "gastown/store.py",
        "gastown/schema.py",
    }
