"""A wheel works without the checkout: it carries migrations and example settings, and its commands run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.support.environment import CHECKOUT

pytestmark = pytest.mark.xdist_group("wheel")  # built once
NEEDED = {
    "gastown/town.example.toml",
    "beads/_migrations/env.py",
    *(f"beads/_migrations/versions/{path.name}" for path in (CHECKOUT / "migrations/versions").glob("*.py")),
}


def python(*arguments: str | Path, cwd: Path) -> None:
    done = subprocess.run([sys.executable, *map(str, arguments)], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built without a network: the build back end is among the locked packages."""
    folder = tmp_path_factory.mktemp("wheel")
    python("-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=CHECKOUT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def commands(wheel: Path) -> Path:
    """The folder with `gt` and `bd` of an environment with the wheel in it, and the packages borrowed."""
    environment = wheel.parent / "environment"
    venv.create(environment, with_pip=False, symlinks=True)
    python(
        "-m",
        "pip",
        "--python",
        environment,
        "install",
        "-q",
        "--no-deps",
        "--no-index",
        wheel,
        cwd=wheel.parent,
    )
    (site_packages,) = environment.glob("lib/python*/site-packages")
    # A path that comes from a .pth file is not searched for .pth files: the editable checkout stays out.
    (site_packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return environment / "bin"


def run(command: Path, *arguments: str, cwd: Path) -> str:
    environment = {**os.environ, "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [command, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, f"{command.name} {' '.join(arguments)}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_the_wheel_holds_what_is_read_at_run_time(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert names >= NEEDED
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"beads", "gastown"}


def test_bd_makes_its_database_from_the_wheels_own_migrations(commands: Path, tmp_path: Path) -> None:
    origin = "import beads, gastown; print(beads.__file__, gastown.__file__)"
    assert str(CHECKOUT) not in run(commands / "python", "-c", origin, cwd=tmp_path)
    run(commands / "bd", "init", "--prefix", "wh", cwd=tmp_path)
    run(commands / "bd", "create", "From a wheel", cwd=tmp_path)
    (issue,) = json.loads(run(commands / "bd", "list", "--json", cwd=tmp_path))
    assert (issue["title"], issue["id"][:3]) == ("From a wheel", "wh-")


def test_gt_makes_a_town_from_the_wheel(commands: Path, tmp_path: Path) -> None:
    assert "sling" in run(commands / "gt", "--help", cwd=tmp_path)
    run(commands / "gt", "init", "town", cwd=tmp_path)
    assert (tmp_path / "town/town.toml").is_file()
