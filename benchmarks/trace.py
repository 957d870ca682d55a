"""When git ran: read from git's own trace (GIT_TRACE2_EVENT), so that nothing of ours has to be instrumented."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

VARIABLE = "GIT_TRACE2_EVENT"


@dataclass(frozen=True, slots=True)
class Span:
    """One run of git, in seconds since the epoch."""

    begin: float
    end: float
    argv: tuple[str, ...]


def spans(path: Path) -> list[Span]:
    """Every git that somebody started, oldest first; not those that git itself starts."""
    begun: dict[str, tuple[float, tuple[str, ...]]] = {}
    found: list[Span] = []
    for line in path.read_text().splitlines():
        event = json.loads(line)
        session = event["sid"]
        if "/" in session:
            continue
        if event["event"] == "start":
            begun[session] = (_seconds(event["time"]), tuple(event["argv"]))
        elif event["event"] == "atexit" and session in begun:
            begin, argv = begun.pop(session)
            found.append(Span(begin, _seconds(event["time"]), argv))
    return sorted(found, key=lambda span: span.begin)


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def covered(found: Iterable[Span], begin: float, end: float) -> float:
    """For how long, between two moments, at least one git ran."""
    total, reached = 0.0, begin
    for span in sorted(found, key=lambda span: span.begin):
        first, last = max(span.begin, reached), min(span.end, end)
        if last > first:
            total += last - first
            reached = last
    return total
