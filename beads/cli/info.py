"""`bd where`, `bd info`, `bd context`, `bd version`: what is this, and where."""

import click

from beads import workspace
from beads.cli.call import current
from beads.cli.root import version_line
from beads.cli.verb import Verb
from beads.errors import NoWorkspace
from beads.version import BEADS_VERSION, __version__

_SAMPLE = 5


class NoDirectory(NoWorkspace):
    """What `bd where` answers when there is no store: a shape of its own."""

    def __init__(self, error: NoWorkspace) -> None:
        super().__init__("no_beads_directory", error.hint)
        self.details = {"message": error.message}


@click.command(cls=Verb)
def where() -> None:
    """Tell where the issue store is."""
    call = current()
    try:
        unfollowed = workspace.find_unfollowed(call.cwd, call.environ)
        beads_dir = workspace.follow(unfollowed)
    except NoWorkspace as error:
        raise (NoDirectory(error) if call.json else error) from None
    answer = {"path": str(beads_dir)}
    if beads_dir != unfollowed:
        answer["redirected_from"] = str(unfollowed)
    path = beads_dir / workspace.DATABASE
    if path.is_file():
        with call.reading() as view:
            answer |= {"prefix": view.prefix(), "database_path": str(path)}
    if call.json:
        call.emit(answer)
    else:
        for name, value in answer.items():
            call.say(value if name == "path" else f"  {name.replace('_', ' ')}: {value}")


@click.command(cls=Verb)
@click.option("--schema", is_flag=True, help="With the tables and some ids.")
def info(schema: bool) -> None:
    """Tell about the database."""
    from beads.filters import Filter
    from beads.schema import metadata

    call = current()
    with call.reading() as view:
        settings = view.config_items()
        answer = {
            "database_path": str(call.store.path),
            "mode": "direct",
            "issue_count": view.count(Filter()),
            "config": settings,
        }
        if schema:
            answer["schema"] = {
                "tables": sorted(metadata.tables),
                "schema_version": view.revision(),
                "config": settings,
                "sample_issue_ids": [issue.id for issue in view.find(Filter(limit=_SAMPLE))],
                "detected_prefix": view.prefix(),
            }
    if call.json:
        call.emit(answer)
        return
    call.say(
        f"{answer['database_path']}: {answer['issue_count']} issues, prefix {settings.get('issue_prefix')}"
    )


@click.command(cls=Verb)
def context() -> None:
    """Tell which store a call would work on, and why that one."""
    call = current()
    unfollowed = workspace.find_unfollowed(call.cwd, call.environ)
    beads_dir = workspace.follow(unfollowed)
    answer = {
        "beads_dir": str(beads_dir),
        "repo_root": str(beads_dir.parent),
        "is_redirected": beads_dir != unfollowed,
        "backend": "sqlite",
        "dolt_mode": "embedded",
        "database": workspace.DATABASE,
        "role": "maintainer",
        "bd_version": BEADS_VERSION,
    }
    if call.json:
        return call.emit(answer)
    for name in ("beads_dir", "repo_root", "is_redirected", "backend", "database", "bd_version"):
        call.say(f"{name.replace('_', ' ')}: {answer[name]}")
    return None


@click.command(cls=Verb)
def version() -> None:
    """Tell the version: first that of the Beads command line that this one answers like."""
    call = current()
    if call.json:
        call.emit({"version": BEADS_VERSION, "build": f"gastown {__version__}"})
    else:
        click.echo(version_line())
