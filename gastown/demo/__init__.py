"""The demo: a town with three rigs, linked beads and a convoy, all of it real; and the proof of what was merged."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import gastown
from beads.errors import Refused
from gastown import convoys, rigs, town
from gastown.demo.projects import HANDBOOK, OURSELVES, REPORT, WORDS, WORK, Project
from gastown.host import git
from gastown.town import Town

TITLE = "A first day in town"
AUTHOR = ("Demo", "demo@gastown.invalid")


@dataclass(frozen=True, slots=True)
class RigMade:
    """A rig of the demo as it was before the work: its project, and how many commits it had."""

    project: Project
    commits: int
    gate: str


@dataclass(frozen=True, slots=True)
class Merged:
    """A bead's commit on its rig's target branch, as git itself says."""

    bead: str
    line: str


@dataclass(frozen=True, slots=True)
class Demo:
    town: Town
    rigs: list[RigMade]
    convoy: str
    beads: int


def prepare(folder: Path) -> Demo:
    """Make everything in a new or empty folder, up to the point where only the work is left to do. What fails half-way
    is taken away again. :raises Refused: the folder is in use, or inside a town; tmux is missing."""
    folder = folder.expanduser().absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refused(f"{folder} is not an empty folder", hint="gt demo NEW-FOLDER")
    Town(folder / "town").tmux.require()
    existed = folder.exists()
    try:
        made = town.create(folder / "town", "demo")
        (folder / "code").mkdir()
        added = [_rig(made, folder / "code", project) for project in _projects(folder / "code")]
        beads = _file(made, [rig.project for rig in added])
    except BaseException:
        for part in (folder / "town", folder / "code"):
            shutil.rmtree(part, ignore_errors=True)
        if not existed:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    convoy = convoys.create(made, TITLE, beads)
    return Demo(made, added, convoy.id, len(beads))


def _projects(code: Path) -> list[Project]:
    return [_made_up(code, WORDS), _made_up(code, REPORT), _ourselves(code) or _made_up(code, HANDBOOK)]


def _made_up(code: Path, project: Project) -> Project:
    path = code / project.name
    git.begin(path, *AUTHOR)
    for subject, files in project.history:
        for name, text in files.items():
            (path / name).parent.mkdir(exist_ok=True)
            (path / name).write_text(text)
        git.commit_all(path, subject)
    return project


def _ourselves(code: Path) -> Project | None:
    """A clone of the checkout that this runs from; None when there is none, or none with a commit that git reads."""
    checkout = Path(gastown.__file__).resolve().parents[1]
    path = code / OURSELVES.name
    if not (checkout / ".git").exists():
        return None
    try:
        git.copy(checkout, path)
    except git.GitError:
        shutil.rmtree(path, ignore_errors=True)
        return None
    return OURSELVES


def _rig(made: Town, code: Path, project: Project) -> RigMade:
    rigs.create(made, project.name, str(code / project.name), "shell", project.prefix)
    value = project.gate.format(python=_python())
    gates = rigs.set_setting(made, project.name, "gates", f"[{value}]").gate_list()
    return RigMade(project, git.count(made.mirror(project.name), "refs/heads/main"), gates[0].run)


def _python() -> str:
    """How a gate calls Python: by its usual name where that works, which it need not in a virtual environment."""
    try:
        done = subprocess.run(["python3", "-c", ""], capture_output=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return shlex.quote(sys.executable)
    return "python3" if done.returncode == 0 else shlex.quote(sys.executable)


def _file(made: Town, projects: list[Project]) -> list[str]:
    """The beads with their dependencies, in one transaction."""
    from beads.model import Draft

    ids: dict[str, str] = {}
    with made.store.write("demo") as change:
        for work in WORK:
            needs = tuple((ids[key], "blocks") for key in work.needs)
            rig = projects[work.rig].name
            draft = Draft(title=work.title, rig=rig, description=work.description, depends_on=needs)
            ids[work.key] = change.create(draft).id
    return list(ids.values())


def merged(demo: Demo) -> dict[str, list[Merged]]:
    """By rig, every bead whose commit stands on the target branch now, oldest first. Asked of git, not of the store."""
    commits = {b.bead: b.commit for b in convoys.show(demo.town, demo.convoy).beads if b.commit}
    return {rig.project.name: _merged(demo.town, rig.project, commits) for rig in demo.rigs}


def _merged(made: Town, project: Project, commits: dict[str, str]) -> list[Merged]:
    mirror, branch = made.mirror(project.name), f"refs/heads/{made.rig(project.name).branch}"
    found: list[tuple[int, Merged]] = []
    for bead, commit in commits.items():
        if bead.startswith(f"{project.prefix}-") and git.is_ancestor(mirror, commit, branch):
            found.append((git.count(mirror, commit), Merged(bead, git.log(mirror, commit, 1)[0])))
    return [one for _, one in sorted(found, key=lambda pair: pair[0])]
