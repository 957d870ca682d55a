"""Town: the workspace folder. Its root, its settings, its store, its tmux server; create, find, open."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from beads.errors import Invalid, NotFound, NoWorkspace, Refused
from beads.text import nearest

if TYPE_CHECKING:
    from beads.store import Store
    from gastown.config import Rig, Settings
    from gastown.model import Attempt
    from gastown.sessions.tmux import Tmux

FILE = "town.toml"
PREFIX = "hq"
TYPES = "agent,role,rig,convoy,merge-request"


class NoTown(NoWorkspace):
    """There is no town here."""


class Town:
    """A town's folder and what belongs to it; opens things when they are first used."""

    def __init__(self, root: Path) -> None:
        self.root = root

    file = property(lambda self: self.root / FILE)
    beads_dir: Path = property(lambda self: self.root / ".beads")  # type: ignore[assignment]
    state_dir: Path = property(lambda self: self.root / ".gt")  # type: ignore[assignment]
    logs: Path = property(lambda self: self.root / "logs")  # type: ignore[assignment]
    bin_dir: Path = property(lambda self: self.state_dir / "bin")  # type: ignore[assignment]

    @property
    def settings(self) -> Settings:
        """Read anew when the file has changed, so that a running daemon follows an edit."""
        from gastown.config import load

        mark = self.file.stat().st_mtime_ns
        if self._settings is None or self._settings[0] != mark:
            self._settings = (mark, load(self.file))
        return self._settings[1]

    _settings: tuple[int, Settings] | None = None

    def log(self, text: str) -> None:
        """Note in the daemon's log what a tick decided and what failed."""
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        try:
            with (self.logs / "daemon.log").open("a") as file:
                file.write(f"{stamp} {text.rstrip()}\n")
        except OSError:
            pass  # a full disk must not stop the town; what matters is in the store

    @cached_property
    def store(self) -> Store:
        from beads.store import Store

        return Store.open(self.beads_dir)

    @cached_property
    def tmux(self) -> Tmux:
        from beads.bell import FOLDER
        from gastown.sessions.tmux import Tmux

        return Tmux(self.root, self.state_dir, self.beads_dir / FOLDER)

    def rig(self, name: str) -> Rig:
        """A rig's settings. :raises NotFound: with the nearest name."""
        rigs = self.settings.rigs
        if name not in rigs:
            close = nearest(name, rigs)
            hint = f"did you mean '{close}'?" if close else "gt rig list"
            raise NotFound(f"there is no rig '{name[:40]}'", hint=hint)
        return rigs[name]

    def rig_dir(self, name: str) -> Path:
        return self.root / "rigs" / name

    def mirror(self, name: str) -> Path:
        """The rig's bare repository."""
        return self.rig_dir(name) / "repo.git"

    # By names, and not as the store has them: so a town that is down may be moved.

    def clone(self, attempt: Attempt) -> Path:
        """An attempt's clone; what else it needs lies beside it."""
        folder = f"{attempt.bead}-{attempt.number}"
        return self.rig_dir(attempt.rig) / "polecats" / str(attempt.polecat) / folder / attempt.rig

    def transcript(self, session: str) -> Path:
        """What a session of that name has printed."""
        return self.logs / "sessions" / f"{session}.log"


def find_root(start: Path | None = None, environ: Mapping[str, str] = os.environ) -> Path:
    """GT_TOWN, else the nearest folder at or above `start` with a town.toml. :raises NoTown: there is none."""
    if named := environ.get("GT_TOWN"):
        # The one real path, whoever says it: processes and the tmux server are found by it.
        root = Path(named).resolve()
        if not (root / FILE).is_file():
            raise NoTown(f"GT_TOWN names {named}, which is no town", hint="unset GT_TOWN, or: gt init PATH")
        return root
    here = (start or Path.cwd()).absolute()
    for folder in (here, *here.parents):
        if (folder / FILE).is_file():
            return folder
    raise NoTown(f"not in a town: no {FILE} at or above {here}", hint="gt init PATH makes one")


def find(start: Path | None = None, environ: Mapping[str, str] = os.environ) -> Town:
    return Town(find_root(start, environ))


def create(root: Path, name: str) -> Town:
    """Make a town in an empty or new folder. What fails half-way is taken away again.

    :raises Refused: there is a town already, here or above; the folder has other things in it."""
    from beads.store import Store

    root = root.expanduser().resolve()
    if (root / FILE).exists():
        raise Refused(f"{root} is a town already", hint=f"cd {root} && gt status")
    with suppress(NoTown):
        outer = find_root(root, {})
        raise Refused(f"{root} would be a town inside the town {outer}", hint="choose a folder outside of it")
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise Refused(f"{root} is not an empty folder", hint="gt init PATH with a new folder")
    if any(ord(c) < 32 for c in str(root)):
        raise Invalid("the path has control characters in it", hint="gt init PATH")
    if not name.isprintable() or not name.strip():
        raise Invalid(
            "the town's name is blank or has control characters in it", hint="gt init PATH --name NAME"
        )
    made = [p for p in (root, *root.parents) if not p.exists()]
    try:
        root.mkdir(parents=True, exist_ok=True)
        # Of two at once one makes the town, and neither takes away what the other has made.
        Town(root).state_dir.mkdir()
    except OSError as error:
        raise Refused(f"{root} cannot be made: {error.strerror}", hint="gt init PATH") from error
    try:
        _fill(Town(root), name, Store)
    except BaseException:
        _take_back(root, made)
        raise
    return Town(root)


def _fill(town: Town, name: str, store_type: type[Store]) -> None:
    from gastown.config import replace
    from gastown.host.environment import write_shims

    store = store_type.create(town.beads_dir, PREFIX)
    with store.write("gt") as change:
        change.set_config("types.custom", TYPES)
    store.close()
    for folder in (town.logs, town.root / "rigs"):
        folder.mkdir()
    write_shims(town.bin_dir)
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    # Last: a folder is a town from the moment that this file is there, and then it is a whole one.
    replace(town.file, _TEMPLATE.format(name=quoted))


def _take_back(root: Path, made: list[Path]) -> None:
    import shutil

    for entry in (".beads", ".gt", "logs", "rigs", FILE):
        path = root / entry
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
    for folder in made:
        with suppress(OSError):
            folder.rmdir()


_TEMPLATE = """\
# The settings of this town. Every key is explained in town.example.toml:
# print it with `gt config example`. State is not here but in .beads/beads.db.

[town]
name = "{name}"
max_polecats = 16          # sessions at once in the whole town
default_runtime = "shell"  # for rigs made without --runtime

# Rigs are added by: gt rig create NAME --repo URL [--runtime R]
"""
