"""How JSON is written, and files of it."""

import json
import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beads.errors import Invalid
from beads.text import safe

if TYPE_CHECKING:
    from beads.store import View

EXPORT = "issues.jsonl"
# Go's encoder writes these so; what reads our JSON may have been tested on nothing else.
_GO = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)


def as_json(value: Any, indent: int | None = 2) -> str:
    """Write JSON as Go does: indented by two, with `<`, `>` and `&` escaped."""
    separators = None if indent else (",", ":")
    return json.dumps(value, ensure_ascii=False, indent=indent, separators=separators).translate(_GO)


def write(view: "View", path: Path) -> int:
    """Write the usual export to a file, whole or not at all; return how many lines."""
    from beads import interchange

    return to_file(path, (as_json(each, indent=None) + "\n" for each in interchange.exported(view)))


def to_stdout(lines: Iterable[str]) -> int:
    """Write lines to standard output; return how many."""
    count = 0
    for line in lines:
        sys.stdout.buffer.write(line.encode())
        count += 1
    return count


def to_file(path: Path, lines: Iterable[str]) -> int:
    """Write beside the file and rename, so that nobody ever reads half an export; return how many lines."""
    count = 0
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except FileNotFoundError:
        raise Invalid(f"there is no directory {safe(str(path.parent))}") from None
    try:
        with os.fdopen(handle, "wb") as file:
            for line in lines:
                file.write(line.encode())
                count += 1
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return count
