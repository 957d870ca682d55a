"""The built-in runtime: runs the bead's own script in the clone, commits, calls done. No vendor, no model.

Made for codemods and mechanical chores. The script is `script` in the bead's metadata, or the first fenced `sh` block
of its description.
"""

from __future__ import annotations

import re
import sys
from typing import Any

from gastown.runtimes.base import Assignment, Launch

command = "sh"
env: tuple[str, ...] = ()
instruction_file = ""
nudges = False
about = "built in: runs the bead's own script (metadata 'script', or a fenced sh block)"

_FENCE = re.compile(r"^```(?:sh|bash|shell)[ \t]*\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)


def launch(assignment: Assignment) -> Launch:
    # One interpreter for hook, script and done; -P: the clone may hold a package of our own name.
    return Launch([sys.executable, "-P", "-m", "gastown.shell_worker"])


def missing() -> str | None:
    return None


def script_of(metadata: Any, description: str) -> str | None:
    """The bead's script, or None when it has none."""
    if isinstance(metadata, dict) and isinstance(metadata.get("script"), str):
        return str(metadata["script"])
    found = _FENCE.search(description)
    return found.group(1) if found else None
