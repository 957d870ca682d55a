"""How `gt` prints: JSON for programs, tables on a terminal, plain lines elsewhere. Nothing an agent or a bead wrote
reaches the terminal with its control characters."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from beads.text import safe

F = TypeVar("F", bound=Callable[..., Any])


def json_option(function: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)


def print_json(value: Any) -> None:
    click.echo(json.dumps(_plain(value), indent=2, ensure_ascii=False))


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {k: _plain(v) for k, v in asdict(value).items()}
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, datetime):
        from beads import clock

        return clock.shown(value)
    return str(value) if isinstance(value, Path) else value


def table(headings: Sequence[str], rows: Sequence[Sequence[object]], empty: str) -> None:
    """Aligned columns; the last one is cut to the terminal's width. `empty`: what to say, and what to type, if none."""
    if not rows:
        click.echo(empty)
        return
    cells = [[safe(str(c)) if c is not None else "" for c in row] for row in rows]
    widths = [max(len(h), *(len(r[i]) for r in cells)) for i, h in enumerate(headings)]
    limit = shutil.get_terminal_size().columns if sys.stdout.isatty() else 10_000
    if sys.stdout.isatty():
        click.echo(click.style(_line(list(headings), widths, limit), dim=True))
    for row in cells:
        click.echo(_line(row, widths, limit))


def _line(row: Sequence[str], widths: Sequence[int], limit: int) -> str:
    text = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    return text if len(text) <= limit else text[: limit - 1] + "…"


def some(count: int, what: str) -> str:
    """`1 bead`, `2 beads`."""
    return f"{count} {what}" + ("" if count == 1 else "s")


def as_setting(value: Any) -> str:
    """A setting as a person would type it; text alone needs no quotes."""
    return value if isinstance(value, str) else _toml(value)


def _toml(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items() if v is not None) + " }"
    return f"{value:g}" if isinstance(value, float) else json.dumps(value, ensure_ascii=False)


def age(moment: datetime | None, now: datetime) -> str:
    """How long ago, in one unit."""
    if moment is None:
        return ""
    seconds = int((now - moment).total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{max(seconds, 0)}s"
