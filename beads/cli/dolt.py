"""`bd dolt`, `bd daemon`: what upstream's servers need. There is none here; programs that ask are told so."""

import click

from beads.cli.call import current
from beads.cli.verb import Verb

_NOTHING = "nothing to do: the issues are in one SQLite file, and no server is needed"
_ELSEWHERE = (
    "nothing was sent or fetched: to share the issues with others, bd sync writes and reads a file for git"
)


@click.command(cls=Verb, context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def dolt(words: tuple[str, ...]) -> None:
    """Answer programs that look after upstream's database server: there is nothing to start, stop, push or pull."""
    call = current()
    what = words[0] if words else "status"
    text = _ELSEWHERE if what in ("push", "pull", "remote") else _NOTHING
    if not call.json:
        return call.say(text)
    # Editors choose by `embedded` whether they may go through `bd` for everything.
    path = str(call.beads_dir / "beads.db")
    state = {
        "backend": "sqlite",
        "mode": "embedded",
        "embedded": True,
        "connection_ok": True,
        "database": path,
    }
    return call.emit({**state, "message": text})
