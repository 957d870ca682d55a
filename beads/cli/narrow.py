"""The options that narrow a list, read into a Filter."""

import re
import warnings
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from beads import when, words
from beads.cli import texts
from beads.errors import Invalid
from beads.text import safe

if TYPE_CHECKING:
    from beads.filters import Filter
    from beads.store import View

F = TypeVar("F", bound=Callable[..., Any])
# To say how many more there are, no more than these are counted: a large store answers as quickly as a small one.
_COUNTED = 1000


def common_options(command: F) -> F:
    """Add what `list` and `ready` have in common."""
    options = [
        click.option("-p", "--priority", help="0-4 or P0-P4."),
        click.option("-t", "--type", "types", multiple=True, help="Only these types."),
        click.option("--exclude-type", "not_types", multiple=True, help="Not these types."),
        click.option("-a", "--assignee", help="Only whose assignee this is."),
        click.option("-l", "--label", "labels", multiple=True, help="Only with all of these labels."),
        click.option("--label-any", "labels_any", multiple=True, help="Only with any of these labels."),
        click.option("--exclude-label", "not_labels", multiple=True, help="Without these labels."),
        click.option("--parent", help="Only below this issue."),
        click.option("--rig", help="Only of this rig: its ids begin with the rig's prefix."),
        click.option("--mol-type", default="", help="Only this kind of molecule."),
        click.option(
            "--metadata-field", multiple=True, metavar="KEY=VALUE", help="Only with this in the metadata."
        ),
        click.option(
            "--has-metadata-key", default="", metavar="KEY", help="Only with this key in the metadata."
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def common(view: "View", given: dict[str, Any]) -> dict[str, Any]:
    """Read the common options into the fields of a Filter; the parent is left to the caller.

    :raises Invalid: for a word that nothing could match.
    """
    from beads import known

    pairs = [entry.partition("=") for entry in given["metadata_field"]]
    if any(not equals for _, equals, _ in pairs):
        raise Invalid("--metadata-field takes KEY=VALUE")
    prefix = known.rig_prefix(view, given["rig"]) if given["rig"] else ""
    longer = known.prefixes_within(view, prefix) if prefix else ()
    return {
        "prefix": prefix,
        "not_prefixes": longer,
        "priority": None if given["priority"] is None else words.priority(given["priority"]),
        "types": tuple(known.issue_type(view, name) for name in texts.joined(given["types"])),
        "not_types": tuple(known.issue_type(view, name) for name in texts.joined(given["not_types"])),
        "assignee": given["assignee"],
        "labels": texts.joined(given["labels"]),
        "labels_any": texts.joined(given["labels_any"]),
        "not_labels": texts.joined(given["not_labels"]),
        "mol_type": given["mol_type"],
        "metadata": {key: value for key, _, value in pairs},
        "metadata_key": given["has_metadata_key"],
    }


def content_options(command: F) -> F:
    """Add what `list`, `search` and `count` have in common beside that."""
    options = [
        click.option("--title-contains", default="", help="Only with this in the title."),
        click.option("--desc-contains", default="", help="Only with this in the description."),
        click.option("--notes-contains", default="", help="Only with this in the notes."),
        click.option("--external-contains", default="", help="Only with this in the external reference."),
        click.option("--external-ref", default="", help="Only with exactly this external reference."),
        click.option("--empty-description", is_flag=True, help="Only without a description."),
        click.option("--no-assignee", "--unassigned", "unassigned", is_flag=True, help="Only nobody's."),
        click.option("--no-labels", is_flag=True, help="Only without labels."),
        click.option("--label-exact", default="", help="Only with exactly this label."),
        click.option("--label-pattern", default="", help="Only with a label like this: tech-*."),
        click.option("--label-regex", default="", help="Only with a label that matches this."),
        click.option("--spec", "spec_id", default="", help="Only of specifications that begin so."),
        click.option("--id", "ids", multiple=True, help="Only these ids; comma list."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


_TEXTS = {
    "title_contains": "title",
    "desc_contains": "description",
    "notes_contains": "notes",
    "external_contains": "external_ref",
}


def content(view: "View", given: dict[str, Any]) -> dict[str, Any]:
    """Read these options into the fields of a Filter, over those that `common` read.

    :raises Invalid: for a regular expression that is none. :raises NotFound: for an unknown id.
    """
    try:
        with warnings.catch_warnings(action="ignore"):
            re.compile(given["label_regex"])
    except (re.error, RecursionError) as error:
        raise Invalid(f"--label-regex is not a regular expression: {error}") from None
    exactly = (given["label_exact"],) if given["label_exact"] else ()
    return {
        "ids": tuple(view.resolve(id) for id in texts.joined(given["ids"])),
        "contains": {name: given[option] for option, name in _TEXTS.items() if given[option]},
        "empty_description": given["empty_description"],
        "unassigned": given["unassigned"],
        "unlabelled": given["no_labels"],
        "labels": (*texts.joined(given["labels"]), *exactly),
        "label_pattern": given["label_pattern"],
        "label_regex": given["label_regex"],
        "external_ref": given["external_ref"],
        "spec_id": given["spec_id"],
    }


def limit(given: int | None, usual: int) -> int | None:
    """Return how many to show; 0 means all.

    :raises Invalid: when negative.
    """
    wanted = usual if given is None else given
    if wanted < 0:
        raise Invalid(f"a limit of {wanted} is negative", "0 means all")
    return wanted or None


def statuses(view: "View", text: str) -> tuple[str, ...]:
    """Read a comma list of statuses.

    :raises Invalid: for an unknown one.
    """
    from beads import known

    return tuple(known.status(view, name) for name in words.split(text))


_BOUNDS = (
    ("created", "created_at"),
    ("updated", "updated_at"),
    ("closed", "closed_at"),
    ("due", "due_at"),
    ("defer", "defer_until"),
)


def range_options(command: F) -> F:
    """Add the options that bound instants and priorities."""
    for name, _ in reversed(_BOUNDS):
        command = click.option(f"--{name}-before", help=f"Only {name} before then.")(command)
        command = click.option(f"--{name}-after", help=f"Only {name} after then.")(command)
    command = click.option("--priority-max", help="Only at most this priority.")(command)
    return click.option("--priority-min", help="Only at least this priority.")(command)


def ranges(given: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Read the bounds into the fields of a Filter.

    :raises Invalid: when a range is inverted.
    """
    after = {
        column: when.parse(given[f"{name}_after"], now) for name, column in _BOUNDS if given[f"{name}_after"]
    }
    before = {
        column: when.parse(given[f"{name}_before"], now)
        for name, column in _BOUNDS
        if given[f"{name}_before"]
    }
    for name, column in _BOUNDS:
        if column in after and column in before and after[column] >= before[column]:
            raise Invalid(
                f"--{name}-after {safe(given[f'{name}_after'])} is not before "
                f"--{name}-before {safe(given[f'{name}_before'])}: nothing could match"
            )
    lowest, highest = (
        None if given[f"priority_{end}"] is None else words.priority(given[f"priority_{end}"])
        for end in ("min", "max")
    )
    if lowest is not None and highest is not None and lowest > highest:
        raise Invalid(f"--priority-min {lowest} is above --priority-max {highest}: nothing could match")
    return {"after": after, "before": before, "priority_min": lowest, "priority_max": highest}


def checked_sort(sort: str | None, known: tuple[str, ...], usual: str) -> str:
    """Return an order by name.

    :raises Invalid: with the nearest one.
    """
    if sort is not None and sort not in known:
        raise words.unknown("order", sort, known)
    return sort or usual


def truncated(view: "View", found: list[Any], wanted: "Filter") -> str | None:
    """Return what to say when a limit cut the list."""
    total = view.count(wanted, _COUNTED + 1)
    if wanted.limit is None or total <= len(found):
        return None
    of = str(total) if total <= _COUNTED else f"more than {_COUNTED}"
    return f"showing {len(found)} of {of}; --limit 0 shows all"
