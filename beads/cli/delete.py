"""`bd delete`."""

from typing import Any

import click

from beads.cli import texts
from beads.cli.call import current
from beads.cli.verb import Verb


@click.command(cls=Verb)
@click.argument("ids", nargs=-1)
@click.option("-f", "--force", is_flag=True, help="Delete; without it, only what would be deleted is told.")
@click.option("--cascade", is_flag=True, help="What depends on them as well.")
@click.option("--from-file", help="Ids from a file, one a line; - is stdin.")
@click.option("--dry-run", is_flag=True, help="Only tell.")
@click.option("--hard", "--reason", "_ignored", is_flag=True, hidden=True, expose_value=False)
def delete(ids: tuple[str, ...], force: bool, cascade: bool, from_file: str | None, dry_run: bool) -> None:
    """Delete issues for good."""
    from beads import deletion

    call = current()
    if from_file:
        lines = (line.strip() for line in texts.read_file(from_file).splitlines())
        ids = (*ids, *(line for line in lines if line and not line.startswith("#")))
    if not ids:
        raise click.UsageError("at least one id is needed")
    really = force and not dry_run
    if really:
        with call.writing() as change:
            done = deletion.delete(change, [change.resolve(name) for name in ids], cascade)
    else:
        with call.reading() as view:
            done = deletion.preview(view, [view.resolve(name) for name in ids], cascade)
    answer: dict[str, Any] = {
        "deleted": done.ids[0] if len(done.ids) == 1 else done.ids,
        "dependencies_removed": done.dependencies,
        "references_updated": done.references,
    }
    if len(done.ids) > 1:
        answer |= {
            "deleted_count": len(done.ids),
            "labels_removed": done.labels,
            "events_removed": done.events,
            "orphaned_issues": done.orphaned,
        }
    if not really:
        answer |= {"dry_run": True, "would_delete": done.ids}
        answer.pop("deleted")
    if call.json:
        call.emit(answer)
        return
    call.say(f"{'deleted' if really else 'would delete'} {', '.join(done.ids)}")
    call.say(f"  {done.dependencies} dependencies, {done.references} references in other issues' texts")
    if not really:
        call.say("nothing was deleted yet: this is what --force would do")
