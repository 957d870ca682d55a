"""The export that is kept beside the store, for viewers that read nothing else: `bd config set export.auto true`."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from beads.cli import jsonl
from beads.errors import BeadsError

if TYPE_CHECKING:
    from beads.store import Store, View

SECONDS = 60
"""At most one export in this time, as upstream: a store of many thousand issues takes a second to write out."""


def keep_up(store: "Store", note: Callable[[str], None]) -> None:
    """Export after a change, unless the file is younger than a minute, or has issues this store never had.

    What goes wrong is told and undoes nothing: the change is in the store."""
    path = store.dir / jsonl.EXPORT
    try:
        if path.exists() and time.time() - path.stat().st_mtime < SECONDS:
            return
        with store.read() as view:
            if strange := _strange(view, path):
                note(
                    f"{path} is left as it is: {strange} of its issues are not in this store; bd import takes them"
                )
            else:
                jsonl.write(view, path)
    except (BeadsError, OSError) as error:
        note(f"{path} was not brought up to date: {error}")


def _strange(view: "View", path: Path) -> int:
    """Count the issues of a file that are not in the store, and were never deleted from it."""
    if not path.exists():
        return 0
    with path.open(encoding="utf-8", errors="replace") as file:
        return sum(not view.exists(id) and not view.events(id) for id in map(_id, file) if id)


def _id(line: str) -> str:
    try:
        found = json.loads(line)
    except ValueError:
        return ""
    return str(found.get("id", "")) if isinstance(found, dict) and found.get("status") != "tombstone" else ""
