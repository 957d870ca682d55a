"""`bd export` and `bd import`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from beads.cli import jsonl, texts
from beads.cli.call import Call, current
from beads.cli.verb import Verb
from beads.errors import Invalid
from beads.text import safe

if TYPE_CHECKING:
    from beads.store import View

_SHOWN = 10


@click.command("export", cls=Verb)
@click.option(
    "-o", "--output", type=Path, help="Write to this file, whole or not at all; else standard output."
)
@click.option("--all", "everything", is_flag=True, help="Infrastructure, templates, wisps and memories too.")
@click.option("--include-infra", is_flag=True, help="Agents, roles, rigs and messages too.")
@click.option("--include-memories", is_flag=True, help="Memories too.")
@click.option("--scrub", is_flag=True, help="Without what looks as if a test had left it.")
@click.option("--exclude-owner", multiple=True, help="Without the issues of this owner or creator.")
@click.option("--force", "--no-memories", "ignored", is_flag=True, hidden=True)
def export(
    output: Path | None,
    everything: bool,
    include_infra: bool,
    include_memories: bool,
    scrub: bool,
    exclude_owner: tuple[str, ...],
    ignored: bool,
) -> None:
    """Write every issue as one line of JSON."""
    from beads import interchange

    call = current()
    with call.reading() as view:
        left_out = _polluted(view) if scrub else frozenset[str]()
        whole = interchange.exported(view, everything, include_infra, include_memories)
        found = (each for each in whole if _wanted(each, left_out, exclude_owner))
        lines = (jsonl.as_json(each, indent=None) + "\n" for each in found)
        count = jsonl.to_file(call.cwd / output, lines) if output else jsonl.to_stdout(lines)
    where = str(output) if output else "standard output"
    if call.json and output:
        call.emit({"exported": count, "path": where})
    else:
        call.note(f"exported {count} lines to {where}")


def _polluted(view: "View") -> frozenset[str]:
    from beads import health

    return frozenset(issue.id for issue in health.pollution(view))


def _wanted(each: dict[str, Any], left_out: frozenset[str], owners: tuple[str, ...]) -> bool:
    return each.get("id") not in left_out and not {each.get("owner"), each.get("created_by")} & set(owners)


@click.command("import", cls=Verb)
@click.argument("file", required=False)
@click.option("-i", "--input", "source", help="The file; - is stdin.")
@click.option("--dry-run", is_flag=True, help="Only tell what it would do.")
@click.option("--dedup", is_flag=True, help="Leave out issues whose title an open one has.")
@click.option("--force", "--skip-existing", "ignored", is_flag=True, hidden=True)
def import_issues(file: str | None, source: str | None, dry_run: bool, dedup: bool, ignored: bool) -> None:
    """Merge issues from a file: JSONL, or what `gh issue list --json` writes."""
    call = current()
    name = file or source or usual(call)
    answer = load(call, name, dry_run, dedup)
    if call.json:
        call.emit(answer)
        return
    deleted = f" ({answer['tombstones']} deleted where it comes from)" if "tombstones" in answer else ""
    done = "would import" if dry_run else "imported"
    call.say(f"{done} {answer['created']}, skipped {answer['skipped']}{deleted}")
    skipped = answer.get("skipped_dependencies", ())
    for each in skipped[:_SHOWN]:
        call.note(f"dependency left out: {each}")
    if len(skipped) > _SHOWN:
        call.note(f"… and {len(skipped) - _SHOWN} more; --json names them all")
    for name in ("fields", "records"):
        if unknown := answer.get(f"ignored_{name}"):
            call.note(f"unknown {name} left out: {', '.join(unknown)}")


def usual(call: Call) -> str:
    """Return the file that lies where exports usually do.

    :raises Invalid: when there is none.
    """
    for name in (jsonl.EXPORT, "beads.jsonl"):
        if (call.beads_dir / name).is_file():
            return str(call.beads_dir / name)
    raise Invalid(
        f"no file was named, and {safe(str(call.beads_dir))} has no {jsonl.EXPORT}", "bd import FILE"
    )


def load(call: Call, name: str, dry_run: bool = False, dedup: bool = False) -> dict[str, Any]:
    """Import a file, and return what was done as it is answered."""
    from beads import interchange

    path = name if name == "-" else str(call.cwd / name)
    raw = interchange.parsed(texts.read_file(path))
    with call.writing(dry_run) as change:
        done = interchange.load(change, raw, dedup)
    answer: dict[str, Any] = {
        "source": "stdin" if name == "-" else name,
        "created": len(done.created),
        "skipped": done.tombstones + len(done.stale),
    }
    more = {
        "tombstones": done.tombstones,
        "dedup_skipped": done.duplicates,
        "memories": done.memories,
        "ids": done.created,
        "stale_skipped_ids": done.stale,
        "skipped_dependencies": done.skipped_dependencies,
        "ignored_fields": dict(done.unknown),
        "ignored_records": dict(done.unknown_kinds),
        "dry_run": dry_run,
    }
    return answer | {name: value for name, value in more.items() if value}
