"""`gt rig`: create, list, info, config, remove, park, unpark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gastown.cli.output import as_setting, json_option, print_json, table

if TYPE_CHECKING:
    from gastown.rigs import RigInfo
    from gastown.town import Town


@click.group()
def rig() -> None:
    """Rigs: a repository, a bead prefix, a runtime."""


def _town() -> Town:
    from gastown import town

    return town.find()


@rig.command()
@click.argument("name")
@click.option("--repo", required=True, metavar="URL|PATH", help="The repository to work on.")
@click.option("--runtime", help="What its polecats run: see gt runtime list.")
@click.option("--prefix", help="The prefix of its beads' ids, such as 'be'.")
@click.option("--branch", help="The branch to merge into; the repository's default one.")
@json_option
def create(
    name: str, repo: str, runtime: str | None, prefix: str | None, branch: str | None, as_json: bool
) -> None:
    """Add a repository to the town under NAME."""
    from gastown import rigs, runtimes

    town = _town()
    made = rigs.create(town, name, repo, runtime, prefix, branch)
    if as_json:
        _json(rigs.info(town, name))
        return
    click.echo(f"made rig {name}: prefix {made.prefix}, runtime {made.runtime}, branch {made.branch}")
    if problem := runtimes.get(made.runtime, town.settings).missing():
        click.echo(f"note: {problem}", err=True)
    if not made.gates:
        click.echo(
            f'no gate yet: work is merged untested. To test it first: gt rig config {name} gates "make test"'
        )
    click.echo(f'next: bd create --rig {name} --title "…"')


@rig.command("list")
@json_option
def list_(as_json: bool) -> None:
    """Every rig of the town."""
    from gastown import rigs

    town = _town()
    infos = [rigs.info(town, name) for name in town.settings.rigs]
    if as_json:
        print_json([_facts(i) for i in infos])
        return
    rows = [
        (i.name, i.settings.prefix, i.settings.runtime, "parked" if i.parked else "active", i.settings.repo)
        for i in infos
    ]
    table(("name", "prefix", "runtime", "state", "repo"), rows, "no rigs yet: gt rig create NAME --repo URL")


def _facts(info: RigInfo) -> dict[str, Any]:
    import msgspec

    settings = msgspec.to_builtins(info.settings)
    return {"name": info.name, **settings, "parked": info.parked, "attempts": info.attempts, "tip": info.tip}


def _json(info: RigInfo) -> None:
    print_json(_facts(info))


@rig.command()
@click.argument("name")
@json_option
def info(name: str, as_json: bool) -> None:
    """One rig: settings, sessions, the newest merged commit."""
    from beads.text import safe
    from gastown import rigs, store
    from gastown.model import WITH_SESSION

    town = _town()
    found = rigs.info(town, name)
    if as_json:
        _json(found)
        return
    with town.store.read() as view:
        live = [a for a in store.live_attempts(view.conn, name) if a.state in WITH_SESSION]
        last = store.sessions_of(view.conn, [a.id for a in live])
    s = found.settings
    lines = {
        "Rig": name + (" (parked)" if found.parked else ""),
        "Runtime": s.runtime,
        "Session": ", ".join(sessions[-1].name for sessions in last.values() if sessions) or "none",
        "Repository": s.repo,
        "Prefix": s.prefix,
        "Branch": f"{s.branch} ({found.tip})" if found.tip else s.branch,
        "Gates": ", ".join(g.run for g in s.gate_list()) or "none",
        "Polecats": f"at most {s.max_polecats}",
        "Live": ", ".join(f"{n} {state}" for state, n in found.attempts.items()) or "none",
        "Merged work": town.mirror(name),
    }
    width = max(map(len, lines)) + 1
    for key, value in lines.items():
        click.echo(f"{key + ':':<{width}} {safe(str(value))}")


@rig.command(context_settings={"ignore_unknown_options": True})  # a value may be -1
@click.argument("name")
@click.argument("key", required=False)
@click.argument("value", required=False)
@json_option
def config(name: str, key: str | None, value: str | None, as_json: bool) -> None:
    """Read or set a rig's settings in town.toml: NAME [KEY [VALUE]].

    VALUE is read as TOML where it is TOML: 4, true, '["make lint", "make test"]'."""
    import msgspec

    from beads import bell
    from gastown import config as settings
    from gastown import rigs

    town = _town()
    town.rig(name)
    if key is not None and value is not None:
        changed = rigs.set_setting(town, name, key, value)
        bell.ring(town.beads_dir)
        shown = msgspec.to_builtins(changed)[key]
        print_json({key: shown}) if as_json else click.echo(f"{name}: {key} = {as_setting(shown)}")
        return
    if key is not None:
        found = settings.get_value(town.settings, ("rigs", name, key))
        print_json({key: found}) if as_json else click.echo(as_setting(found))
        return
    everything = msgspec.to_builtins(town.rig(name))
    if as_json:
        print_json(everything)
        return
    for k, v in everything.items():
        click.echo(f"{k} = {as_setting(v)}".rstrip())


@rig.command()
@click.argument("name")
def park(name: str) -> None:
    """Give out no more work of this rig; what runs goes on."""
    from gastown import rigs

    changed = rigs.park(_town(), name, True)
    click.echo(f"{name} is parked" if changed else f"{name} was parked already")


@rig.command()
@click.argument("name")
def unpark(name: str) -> None:
    """Give out work of this rig again."""
    from gastown import rigs

    changed = rigs.park(_town(), name, False)
    click.echo(f"{name} is active" if changed else f"{name} was active already")


@rig.command()
@click.argument("name")
def remove(name: str) -> None:
    """Take a rig out of the town. Its repository and everything saved there are moved aside, not deleted."""
    from gastown import cleanup, rigs

    town = _town()
    cleanup.retire(town, name)
    place = rigs.remove(town, name)
    click.echo(f"removed {name}; its repository is kept in {place}")
