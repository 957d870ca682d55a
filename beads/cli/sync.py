"""`bd sync`: the issues as a file beside the code, for git to carry."""

from typing import Any

import click

from beads.cli import interchange, jsonl
from beads.cli.call import current
from beads.cli.verb import Verb


@click.command(cls=Verb)
@click.option("--flush-only", is_flag=True, help="Only write the file.")
@click.option("--import-only", "--import", "import_only", is_flag=True, help="Only read the file.")
@click.option("--dry-run", is_flag=True, help="Read the file without taking anything, and write none.")
@click.option(
    "--status", "--force", "--full", "--no-push", "--no-pull", "--flush", "ignored", is_flag=True, hidden=True
)
@click.option("-m", "--message", hidden=True)
def sync(flush_only: bool, import_only: bool, dry_run: bool, ignored: bool, message: str | None) -> None:
    """Merge `.beads/issues.jsonl` into the store, then write the store to it. What git does with it is yours."""
    if flush_only and import_only:
        raise click.UsageError("--flush-only and --import-only exclude each other")
    call = current()
    path = call.beads_dir / jsonl.EXPORT
    answer: dict[str, Any] = {"path": str(path)}
    if not flush_only and path.is_file():
        done = interchange.load(call, str(path), dry_run)
        answer |= {"imported": done["created"], "skipped": done["skipped"]}
    if not import_only and not dry_run:
        with call.reading() as view:
            answer["exported"] = jsonl.write(view, path)
    if call.json:
        return call.emit(answer | ({"dry_run": True} if dry_run else {}))
    told = [f"{answer[name]} {name}" for name in ("imported", "skipped", "exported") if name in answer]
    return call.say(f"{path}: {', '.join(told) or 'there is no such file yet'}")
