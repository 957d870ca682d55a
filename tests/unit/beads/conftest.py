"""A store per test, copied from one that was made once; and `bd`, called in this process."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from beads.cli.boundary import run
from beads.cli.root import bd as group
from beads.store import Store


@dataclass(frozen=True)
class Answer:
    """What a call of `bd` answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        return json.loads(self.err)


Bd = Callable[..., Answer]


def call(*argv: str, input: str | bytes | None = None) -> Answer:
    """Call `bd` in this process, with its error boundary."""
    with CliRunner().isolation(input=input) as (out, err, _):
        code = run(group, "bd", argv, json_to_stdout=True)
    return Answer(code, out.getvalue().decode(), err.getvalue().decode())


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    beads_dir = tmp_path_factory.mktemp("template") / ".beads"
    Store.create(beads_dir, "gt").close()
    return beads_dir


@pytest.fixture
def beads_dir(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty store in the current directory, whose ids begin with `gt-`."""
    shutil.copytree(template, tmp_path / ".beads")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BEADS_ACTOR", "tester")
    return tmp_path / ".beads"


@pytest.fixture
def store(beads_dir: Path) -> Iterator[Store]:
    opened = Store.open(beads_dir)
    yield opened
    opened.close()


@pytest.fixture
def bd(beads_dir: Path) -> Bd:
    return call


def issue(bd: Bd, title: str = "An issue", *options: str) -> str:
    """File an issue and return its id."""
    done = bd("create", title, "--silent", *options)
    assert done.code == 0, done.err
    return done.out.strip()
