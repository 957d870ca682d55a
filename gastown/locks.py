"""A lock between processes that dies with its holder: `flock` on a file that stays."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Wait for the lock, and hold it meanwhile. Nothing slow belongs inside but the thing that it guards."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
