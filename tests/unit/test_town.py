"""Where a town is: one real path, whichever way it was said."""

from __future__ import annotations

from pathlib import Path

import pytest

from gastown import town
from tests.support.sandbox import Sandbox


@pytest.fixture
def real(sandbox: Sandbox) -> Path:
    return town.create(sandbox.home / "town", "town").root.resolve()


def test_a_link_and_a_relative_path_name_the_real_folder(
    sandbox: Sandbox, real: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = sandbox.home / "link"
    link.symlink_to(real)
    monkeypatch.chdir(sandbox.home)
    for said in (str(link), "town", "./link/../town"):
        assert town.find_root(environ={"GT_TOWN": said}) == real
    monkeypatch.chdir(link / "rigs")
    assert town.find_root(environ={}) == real


def test_a_town_beside_the_town_is_outside_of_it(
    sandbox: Sandbox, real: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(real)
    assert town.create(Path("../other"), "other").root == sandbox.home.resolve() / "other"
