"""Rigs: a repository, a bead prefix, a runtime. Made whole or not at all; removed without deleting a commit."""

from __future__ import annotations

import shutil
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from beads import clock
from beads.errors import Invalid, NotFound, Refused
from gastown import config, locks, names, runtimes, store
from gastown.config import Rig
from gastown.host import git
from gastown.model import RigRow
from gastown.town import Town


@dataclass(frozen=True, slots=True)
class RigInfo:
    """A rig as a person sees it: its settings, its state in the store, its live attempts by state."""

    name: str
    settings: Rig
    parked: bool
    attempts: dict[str, int]
    tip: str | None


def prefix_key(rig: str) -> str:
    """Where the issue store keeps the prefix that `bd create --rig` uses."""
    return f"rig.{rig}.prefix"


def create(
    town: Town,
    name: str,
    repo: str,
    runtime: str | None = None,
    prefix: str | None = None,
    branch: str | None = None,
) -> Rig:
    """Clone the repository and add the rig. Nothing is left behind when any step fails.

    :raises Invalid: a name, prefix, branch or repository that cannot be. :raises Refused: it exists already."""
    with _alone(town):
        return _create(town, name, repo, runtime, prefix, branch)


def _alone(town: Town) -> AbstractContextManager[None]:
    """Rigs come and go one at a time: each goes by which names, prefixes and folders the others have taken."""
    return locks.held(town.state_dir / "rigs.lock")


def _create(
    town: Town, name: str, repo: str, runtime: str | None, prefix: str | None, branch: str | None
) -> Rig:
    names.rig_name(name)
    settings = town.settings
    chosen = runtime or settings.town.default_runtime
    runtimes.get(chosen, settings)
    if name in settings.rigs:
        raise Refused(f"there is a rig '{name}' already", hint=f"gt rig info {name}")
    source = names.repository(repo)
    with town.store.read() as view:
        rows = store.rig_rows(view.conn)
        taken = {view.prefix(), *(r.prefix for r in settings.rigs.values())}
    taken |= {row.prefix for row in rows.values() if row.name != name}
    chosen_prefix = names.prefix(prefix) if prefix else names.guess_prefix(name, taken)
    if chosen_prefix in taken:
        raise Refused(f"prefix '{chosen_prefix}' is taken", hint="choose another: --prefix P")
    if branch is not None:
        names.branch(branch)
    folder = _clone(town, name, source, branch, rows)
    try:
        found = branch or git.default_branch(folder / "repo.git") or "main"
        _record(town, name, chosen_prefix)
        return _write(town, name, source, chosen_prefix, chosen, found)
    except BaseException:
        _forget(town, name)
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _clone(town: Town, name: str, source: str, branch: str | None, rows: dict[str, RigRow]) -> Path:
    """The rig's folder with its bare repository, made beside its place and moved there when it is whole."""
    place = town.rig_dir(name)
    if place.exists():
        if name in rows or (any(place.glob("*/*/*")) and not (place / "repo.git").exists()):
            raise Refused(f"{place} is there already", hint="move it away, then try again")
        shutil.rmtree(place)  # a creation that was killed: a clone that never held work
    work = town.root / "rigs" / f".new-{name}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        repo = work / "repo.git"
        git.mirror(source, repo)
        _require_branch(repo, source, branch)
        work.rename(place)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    return place


def _require_branch(repo: Path, source: str, branch: str | None) -> None:
    wanted = branch or git.default_branch(repo)
    if wanted is None or git.tip(repo, f"refs/heads/{wanted}") is None:
        if not git.log(repo, "--all", 1) and branch is None:
            raise Invalid(
                f"{source} is empty: there is no commit to start from", hint="push a first commit to it"
            )
        raise Invalid(f"{source} has no branch '{wanted}'", hint="--branch with one that it has")


def _record(town: Town, name: str, prefix: str) -> None:
    with town.store.write("gt") as change:
        store.remove_rig(change.conn, name)
        store.add_rig(change.conn, name, prefix, change.now)
        change.set_config(prefix_key(name), prefix)


def _forget(town: Town, name: str) -> None:
    with town.store.write("gt") as change:
        store.remove_rig(change.conn, name)
        change.unset_config(prefix_key(name))


def _write(town: Town, name: str, source: str, prefix: str, runtime: str, branch: str) -> Rig:
    table = {"repo": source, "prefix": prefix, "branch": branch, "runtime": runtime}

    def add(document: Any) -> None:
        import tomlkit

        if "rigs" not in document:
            document["rigs"] = tomlkit.table(is_super_table=True)
        rig = tomlkit.table()
        rig.update(table)
        document["rigs"][name] = rig

    return config.edit(town.file, add).rigs[name]


def info(town: Town, name: str) -> RigInfo:
    settings = town.rig(name)
    with town.store.read() as view:
        row = store.rig_rows(view.conn).get(name)
        live = store.counts(view.conn, name)
    tip = git.log(town.mirror(name), f"refs/heads/{settings.branch}", 1)
    return RigInfo(name, settings, bool(row and row.parked_at), live, tip[0] if tip else None)


def set_setting(town: Town, name: str, key: str, value: str) -> Rig:
    """Change one setting of a rig. :raises Invalid: unknown key or value. :raises Refused: one that is fixed."""
    town.rig(name)
    if key in ("prefix", "repo"):
        raise Refused(
            f"the {key} of a rig is fixed: its beads and commits go by it", hint="gt rig create makes another"
        )
    if key == "runtime":
        runtimes.get(value, town.settings)
    if key == "branch":
        names.branch(value)
        if git.tip(town.mirror(name), f"refs/heads/{value}") is None:
            raise Invalid(f"rig {name} has no branch '{value}'", hint=f"git -C {town.mirror(name)} branch")
    return config.set_value(town.file, ("rigs", name, key), value).rigs[name]


def park(town: Town, name: str, parked: bool) -> bool:
    """Stop or resume giving out work; running work goes on. Returns False when it was so already."""
    town.rig(name)
    with town.store.write("gt") as change:
        row = store.rig_rows(change.conn).get(name)
        if row is None:
            raise NotFound(
                f"the store knows no rig '{name}'", hint=f"remove [rigs.{name}] and: gt rig create {name}"
            )
        if bool(row.parked_at) == parked:
            return False
        store.park_rig(change.conn, name, change.now if parked else None)
    return True


def remove(town: Town, name: str) -> Path:
    """Take a rig out of the town; its folder, with every commit and safety ref, is moved to `removed/`.

    :raises Refused: it has live attempts."""
    with _alone(town):
        return _remove(town, name)


def _remove(town: Town, name: str) -> Path:
    town.rig(name)
    with town.store.write("gt") as change:
        live = store.live_attempts(change.conn, name)
        if live:
            beads = " ".join(a.bead for a in live)
            raise Refused(f"rig {name} is still at work", hint=f"wait for it, or: gt unsling {beads}")
        if any(a.rig == name for a in store.unclean_attempts(change.conn)):
            raise Refused(
                f"rig {name} has clones that are not cleared yet", hint=f"gt rig remove {name} once more"
            )
        store.remove_rig(change.conn, name)
        change.unset_config(prefix_key(name))
    place = town.root / "removed" / f"{name}-{clock.stored(clock.now())[:19].replace(':', '')}"
    place.parent.mkdir(exist_ok=True)
    if town.rig_dir(name).exists():
        town.rig_dir(name).rename(place)

    def drop(document: Any) -> None:
        del document["rigs"][name]

    config.edit(town.file, drop)
    return place


def of_bead(rows: dict[str, RigRow], bead: str) -> str | None:
    """The rig whose prefix a bead's id has; the longest where several fit."""
    fitting = [row for row in rows.values() if bead.startswith(row.prefix + "-")]
    return max(fitting, key=lambda row: len(row.prefix)).name if fitting else None
