"""`bd mol`: work poured from templates."""

from typing import TYPE_CHECKING, Any

import click

from beads import shapes
from beads.cli import many, render
from beads.cli.call import Call, current
from beads.cli.verb import Nouns
from beads.cli.wisp import pour_options, poured, wisp

if TYPE_CHECKING:
    from beads.molecules import Progress

_SHOWN = 12


@click.group(cls=Nouns)
def mol() -> None:
    """Work poured from templates: molecules, and wisps, those that are never exported."""


mol.add_command(wisp)


@mol.command("list")
def list_templates() -> None:
    """List the templates, and what varies in each."""
    from beads import molecules

    call = current()
    with call.reading() as view:
        parts = [molecules.members(view, each.id) for each in molecules.templates(view)]
        found = [
            {**shapes.issue(each[0]), "steps": len(each) - 1, "variables": molecules.variables(each)}
            for each in parts
        ]
    if call.json:
        call.emit(found)
        return
    for each in found:
        varies = f"  {{{', '.join(each['variables'])}}}" if each["variables"] else ""
        click.echo(render.line(each, more=f"  {each['steps']} steps{varies}"))
    if not found:
        click.echo("no templates; make one: bd create TITLE --template, then its steps with --parent")


@mol.command()
@click.argument("name", metavar="TEMPLATE")
@pour_options
@click.option("-a", "--assignee", default="", help="Whose it is.")
def pour(name: str, values: tuple[str, ...], dry_run: bool, assignee: str) -> None:
    """Make a molecule from a template, by its id or title."""
    poured(name, values, dry_run, assignee=assignee)


@mol.command()
@click.argument("name", metavar="MOLECULE")
def show(name: str) -> None:
    """Show a molecule or a template with its parts."""
    from beads import molecules

    call = current()
    with call.reading() as view:
        parts = molecules.members(view, view.resolve(name))
        links = [shapes.edge(link) for link in molecules.inner_links(view, parts)]
        varies = molecules.variables(parts)
        how_far = molecules.progress(view, parts[0].id)
    root = shapes.issue(parts[0])
    if call.json:
        call.emit(
            {
                "root": root,
                "issues": [shapes.issue(part) for part in parts],
                "dependencies": links,
                "variables": varies,
                "is_compound": bool(root.get("bonded_from")),
                "bonded_from": root.get("bonded_from"),
            }
        )
        return
    _say(how_far)
    if varies:
        call.say(f"varies: {', '.join(varies)}")


@mol.command("current")
@click.argument("name", required=False, metavar="[MOLECULE]")
@click.option("--for", "assignee", help="Whose, when not mine.")
@click.option("-n", "--limit", type=click.IntRange(0), default=0, help="Only the first so many steps.")
def show_current(name: str | None, assignee: str | None, limit: int) -> None:
    """Show how far a molecule has come; without one, those in which I have a step."""
    from beads import molecules

    call = current()
    with call.reading() as view:
        roots = [view.resolve(name)] if name else molecules.worked_on(view, assignee or call.actor)
        found = [molecules.progress(view, root) for root in roots]
    if call.json:
        call.emit([_shape(each, limit) for each in found])
        return
    for each in found:
        _say(each)
    if not found:
        click.echo("no molecule is being worked on; take a step: bd ready --claim --mol ID")


def _shape(how_far: "Progress", limit: int) -> dict[str, Any]:
    steps = [
        {"issue": shapes.issue(step), "status": standing, "is_current": standing == "current"}
        for step, standing in how_far.steps
    ]
    found = {
        "molecule_id": how_far.root.id,
        "molecule_title": how_far.root.title,
        "steps": steps[: limit or None],
        "completed": sum(standing == "done" for _, standing in how_far.steps),
        "total": len(steps),
    }
    if how_far.root.assignee:
        found["assignee"] = how_far.root.assignee
    for key, standing in (("current_step", "current"), ("next_step", "ready")):
        if step := how_far.first(standing):
            found[key] = shapes.issue(step)
    return found


def _say(how_far: "Progress") -> None:
    call = current()
    click.echo(render.line(shapes.issue(how_far.root)))
    for step, standing in how_far.steps:
        call.say(f"  {standing:<8} {step.id}  {step.title}")
    done = sum(standing == "done" for _, standing in how_far.steps)
    call.say(f"  {done} of {len(how_far.steps)} steps are done")


@mol.command()
@click.argument("name", metavar="MOLECULE")
@click.option("--summary", default="", help="What the digest says, when not made of the steps.")
@click.option("--keep-children", "keep", is_flag=True, help="Do not delete the wisps.")
@click.option("--dry-run", is_flag=True, help="Only tell.")
def squash(name: str, summary: str, keep: bool, dry_run: bool) -> None:
    """Let one digest take the place of a molecule's wisps."""
    from beads import molecules, wisps

    call = current()
    if dry_run:
        with call.reading() as view:
            root, *parts = molecules.members(view, molecules.checked(view, name).id)
        going = [part for part in parts if part.ephemeral]
        done = wisps.Squashed(root.id, "", [part.id for part in going], keep, False)
    else:
        with call.writing() as change:
            done = wisps.squash(change, molecules.checked(change, name), summary, keep)
    answer: dict[str, Any] = {
        "molecule_id": done.root,
        "digest_id": done.digest,
        "squashed_ids": done.wisps,
        "squashed_count": len(done.wisps),
        "deleted_count": 0 if done.kept or dry_run else len(done.wisps),
        "kept_children": done.kept,
    }
    answer |= {"wisp_squash": True} if done.closed else {}
    if call.json:
        call.emit(answer | ({"dry_run": True} if dry_run else {}))
    elif dry_run or not done.digest:
        call.say(f"{'would squash' if dry_run else 'there was nothing to squash:'} {_listed(done.wisps)}")
    else:
        call.say(f"squashed {len(done.wisps)} wisps of {done.root} into {done.digest}")


def _listed(ids: list[str]) -> str:
    return (", ".join(ids[:_SHOWN]) + (", …" if len(ids) > _SHOWN else "")) or "no wisps"


@mol.command()
@click.argument("names", nargs=-1, required=True, metavar="MOLECULE...")
@click.option("-y", "--force", "--yes", "force", is_flag=True, help="Delete; without it, only tell.")
@click.option("--dry-run", is_flag=True, help="Only tell.")
def burn(names: tuple[str, ...], force: bool, dry_run: bool) -> None:
    """Delete molecules, leaving no digest."""
    from beads import molecules, wisps

    call = current()
    # As upstream: whoever asks for JSON is a program, and has made up its mind.
    really = (force or call.json) and not dry_run

    def one(view: Any, name: str) -> dict[str, Any]:
        root = molecules.checked(view, name)
        gone = wisps.burn(view, root) if really else wisps.burnable(view, root)
        return {"molecule_id": root.id, "deleted_ids": gone, "deleted_count": len(gone)}

    with call.writing() if really else call.reading() as view:
        results = many.each(call, names, lambda name: one(view, name))
    _answer_burnt(call, results, len(names), really)


def _answer_burnt(call: Call, results: list[dict[str, Any]], wanted: int, really: bool) -> None:
    if call.json:
        total = sum(each["deleted_count"] for each in results)
        several = {"results": results, "total_deleted": total, "failed_count": wanted - len(results)}
        call.emit((results[0] if wanted == 1 else several) | ({} if really else {"dry_run": True}))
        return
    for each in results:
        call.say(f"{'burnt' if really else 'would burn'} {_listed(each['deleted_ids'])}")
    if not really:
        call.say("nothing was deleted yet: this is what --force would do")
