"""Which module may name a vendor's library. The directions between layers are checked by import-linter."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.environment import CHECKOUT

SOURCES = ("beads", "gastown", "migrations")
# The issue store's transactions and queries: what is above and below them speaks no SQL.
STATEMENTS = {
    f"beads/{name}.py"
    for name in (
        *("store", "database", "migrate", "rows"),
        *("queries", "filters", "ready"),
        *("changes", "creation", "closing", "links", "graph"),
    )
}
PLACES = {
    "libtmux": {"gastown/sessions/tmux.py"},
    "git": {"gastown/git.py"},
    "alembic": {"beads/migrate.py", "migrations/"},
    "click": {"beads/cli/", "gastown/cli/"},
    "sqlalchemy": {*STATEMENTS, "beads/schema.py", "gastown/store.py", "gastown/schema.py", "migrations/"},
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
