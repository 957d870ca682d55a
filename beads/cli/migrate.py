"""`bd migrate`: bring an older store up to this version."""

import click

from beads.cli.call import current
from beads.cli.verb import Verb
from beads.errors import Refused, StoreTooNew


@click.command(cls=Verb)
@click.option("--inspect", is_flag=True, help="Only tell.")
@click.option("--dry-run", is_flag=True, help="Only tell.")
@click.option("--yes", "--cleanup", "--update-repo-id", "ignored", is_flag=True, hidden=True)
def migrate(inspect: bool, dry_run: bool, ignored: bool) -> None:
    """Bring the store's schema to this version's."""
    from beads.schema import REVISION
    from beads.store import Store

    call = current()
    if call.flags.get("readonly") and not (inspect or dry_run):
        raise Refused("this call was made with --readonly, and it would write", "leave the flag out")
    store = Store.found(call.beads_dir)
    before = store.revision()
    if before > REVISION:
        raise StoreTooNew(
            f"{store.path} is at revision {before}; this program knows {REVISION}",
            "install the newer version",
        )
    if not (inspect or dry_run):
        store.migrate()
    answer = {
        "database_path": str(store.path),
        "current_revision": store.revision(),
        "latest_revision": REVISION,
        "pending": before != REVISION and (inspect or dry_run),
        "status": "current" if store.revision() == REVISION else "outdated",
    }
    if call.json:
        call.emit(answer)
    elif before == REVISION:
        call.say(f"nothing to do: {store.path} is at revision {before}")
    else:
        call.say(
            f"{store.path}: from revision {before} to {REVISION}"
            + (" (not done)" if answer["pending"] else "")
        )
