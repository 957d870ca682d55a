"""Progress of some beads until they are settled: a live table on a terminal, a line a change elsewhere."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from beads.text import safe
from gastown import convoys, daemon, store
from gastown.model import LIVE
from gastown.town import Town

if TYPE_CHECKING:
    from beads.store import View

MARKS = {"closed": "✓", "merged": "✓", "waiting": "…", "deferred": "…"}


@dataclass(frozen=True, slots=True)
class Row:
    bead: str
    title: str
    state: str
    worker: str
    """Who works on it, or, where it is waiting, for what."""
    commit: str


def rows(town: Town, beads: list[str]) -> list[Row]:
    """Where each bead stands now."""
    with town.store.read() as view:
        blockers = view.blockers_of(beads)
        return [_row(view, bead, blockers.get(bead, [])) for bead in beads]


def _row(view: View, bead: str, blockers: list[str]) -> Row:
    if not view.exists(bead):
        return Row(bead, "", "gone", "", "")  # deleted meanwhile, or of another store
    issue = view.get(bead)
    if issue.status == "closed":
        commit = store.merged_commit(view.conn, issue.id)
        return Row(
            issue.id, issue.title, "merged" if commit else "closed", issue.assignee, (commit or "")[:10]
        )
    tried = store.attempts_of(view.conn, issue.id)
    if tried and (tried[-1].live or not blockers):
        return Row(issue.id, issue.title, tried[-1].state, tried[-1].worker, "")
    if blockers:
        return Row(issue.id, issue.title, "waiting", f"for {', '.join(blockers)}", "")
    return Row(issue.id, issue.title, issue.status, issue.assignee, "")


def follow(
    town: Town,
    beads: Callable[[], list[str]],
    *,
    more: Callable[[], bool] = lambda: False,
    quiet: bool = False,
) -> bool:
    """Work, or look on, until no bead has a live attempt. True: all of them are closed. After every look `more` may
    start what has become ready; it says whether it did.

    Ctrl-C stops looking; what runs goes on with the daemon, or with the next `gt up`."""
    view = _Quiet() if quiet else _Table() if sys.stdout.isatty() else _Lines()
    latest: list[Row] = []

    def look() -> None:
        latest[:] = rows(town, beads())
        view.show(latest)

    def settled() -> bool:
        # After the look: what a merge made ready since is started here, and not taken for the end.
        return not more() and all(row.state not in LIVE for row in latest)

    stop = daemon.Stop(town)
    before = {n: signal.signal(n, stop) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        with view:
            daemon.drive(town, settled, look, stop=stop)
            convoys.land(town)  # the last merge may have come after the tick's own look at the convoys
            look()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if stop.asked:
        click.echo("stopped looking; nothing is lost: gt up goes on, gt status shows it", err=True)
        raise KeyboardInterrupt
    for row in latest:
        if row.state not in ("merged", "closed") and not quiet:
            click.echo(f"{row.bead} is {row.state}: bd show {row.bead}", err=True)
    return all(row.state in ("merged", "closed") for row in latest)


class _Quiet:
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...

    def show(self, rows: list[Row]) -> None: ...


class _Lines(_Quiet):
    def __init__(self) -> None:
        self._seen: dict[str, str] = {}

    def show(self, rows: list[Row]) -> None:
        for row in rows:
            if self._seen.get(row.bead) != row.state:
                self._seen[row.bead] = row.state
                tail = f" {row.commit}" if row.commit else f" {row.worker}" if row.worker else ""
                click.echo(f"{row.bead} {row.state}{tail}")


class _Table(_Quiet):
    def __init__(self) -> None:
        from rich.live import Live

        self._live = Live(auto_refresh=False)

    def __enter__(self) -> None:
        self._live.start()

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, rows: list[Row]) -> None:
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, pad_edge=False)
        # As wide as they can become, so that the table does not jump about.
        for heading, width in (
            ("", 1),
            ("bead", 6),
            ("state", 9),
            ("worker", 14),
            ("commit", 10),
            ("title", 0),
        ):
            table.add_column(heading, no_wrap=True, header_style="dim", min_width=width)
        for row in rows:
            style = {"merged": "green", "closed": "green", "escalated": "red", "failed": "red"}.get(
                row.state, "cyan"
            )
            mark = MARKS.get(row.state, "•" if row.state in LIVE else "!")
            cells = (mark, row.bead, row.state, row.worker, row.commit, safe(row.title))
            table.add_row(*(Text(c, style=style if i in (0, 2) else "") for i, c in enumerate(cells)))
        self._live.update(table, refresh=True)
