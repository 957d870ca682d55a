"""`bd doctor` and `bd repair-deps`: what is wrong, and putting it right."""

from typing import Any

import click

from beads import shapes
from beads.cli.call import Call, current
from beads.cli.jsonl import as_json
from beads.cli.verb import Verb
from beads.errors import Refused
from beads.version import BEADS_VERSION

_CHECKS = click.Choice(["all", "pollution", "validate"])


@click.command(cls=Verb)
@click.argument("path", required=False, type=click.Path())
@click.option("--check", type=_CHECKS, default="all", help="Examine only this.")
@click.option("--fix", is_flag=True, help="Put right what can be put right.")
@click.option("--clean", is_flag=True, help="With --check=pollution: delete what was found.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--agent", is_flag=True, help="With --json: also as diagnoses, each with what to do.")
def doctor(path: str | None, check: str, fix: bool, clean: bool, yes: bool, agent: bool) -> None:
    """Examine the store."""
    call = current()
    if path:
        call.flags["directory"] = path
    if check == "pollution":
        return _pollution(call, clean, yes)
    return _examine(call, check, fix, agent)


def _examine(call: Call, check: str, fix: bool, agent: bool) -> None:
    from beads import health

    if fix:
        with call.writing() as change:
            health.repair_orphans(change)
            health.repair_readiness(change)
            health.repair_counts(change)
    with call.reading() as view:
        checks = health.validate(view) if check == "validate" else health.examine(view)
    fine = all(each["status"] != health.ERROR for each in checks)
    answer = {"path": str(call.beads_dir), "checks": checks, "overall_ok": fine, "cli_version": BEADS_VERSION}
    if call.json:
        call.emit(answer | (_diagnoses(checks) if agent else {}))
    else:
        for each in checks:
            call.say(f"{each['status']:<8} {each['name']}: {each['message']}")
    if not fine:
        if call.json:
            _tell(checks)
        click.get_current_context().exit(1)


_SEVERITIES = {"error": "blocking", "warning": "degraded"}


def _diagnoses(checks: list[dict[str, Any]]) -> dict[str, Any]:
    wrong = [each for each in checks if each["status"] in _SEVERITIES]
    found = [
        {
            "name": each["name"],
            "status": each["status"],
            "severity": _SEVERITIES[each["status"]],
            "category": "Issue store",
            "explanation": each["message"],
            "observed": each.get("detail", each["message"]),
            "commands": [each["fix"]] if each.get("fix", "").startswith("bd ") else [],
        }
        for each in wrong
    ]
    return {"summary": f"{len(wrong)} of {len(checks)} examinations found something", "diagnostics": found}


def _tell(checks: list[dict[str, Any]]) -> None:
    """Name what is wrong on stderr too: clients read nothing else of a command that fails."""
    from beads import health

    wrong = [each for each in checks if each["status"] == health.ERROR]
    error = "; ".join(f"{each['name']}: {each['message']}" for each in wrong)
    hint = "; ".join(each["fix"] for each in wrong if "fix" in each)
    click.echo(as_json({"error": error, **({"hint": hint} if hint else {})}, indent=None), err=True)


def _pollution(call: Call, clean: bool, yes: bool) -> None:
    from beads import health
    from beads.deletion import delete

    with call.reading() as view:
        found = health.pollution(view)
    if clean and found and not yes:
        raise Refused(f"{len(found)} issues would be deleted", "look at them first, then say --yes as well")
    if clean and found:
        with call.writing() as change:
            delete(change, [issue.id for issue in found])
    answer: dict[str, Any] = {
        "polluted_count": len(found),
        "issues": [shapes.issue(issue) for issue in found],
    }
    if clean:
        answer["deleted"] = len(found)
    if call.json:
        call.emit(answer)
        return
    for issue in found:
        call.say(f"{issue.id}  {issue.title}")
    call.say(f"{len(found)} issues look like left by tests" + (", deleted" if clean and found else ""))


@click.command("repair-deps", cls=Verb)
@click.option("--fix", is_flag=True, help="Remove them.")
def repair_deps(fix: bool) -> None:
    """Find dependencies that lead nowhere."""
    from beads import health

    call = current()
    if fix:
        with call.writing() as change:
            found = health.repair_orphans(change)
    else:
        with call.reading() as view:
            found = health.orphans(view)
    edges = [shapes.edge(link) for link in found]
    if call.json:
        call.emit({"orphaned_count": len(found), "orphans": edges, "fixed": len(found) if fix else 0})
        return
    for link in found:
        call.say(f"{link.issue_id} -> {link.depends_on_id} ({link.type})")
    call.say(f"{len(found)} dependencies lead nowhere" + (", removed" if fix and found else ""))
