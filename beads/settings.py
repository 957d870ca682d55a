"""Which settings mean something to the issue store, and what they may be; any others are kept as they are."""

from collections.abc import Callable

from beads import ids
from beads.errors import Invalid
from beads.model import ACTIVE, DONE, FROZEN, MAX_WORD, STATUSES, WIP
from beads.text import safe
from beads.words import STATUS, custom_types, split, unknown

CATEGORIES = (ACTIVE, WIP, DONE, FROZEN)
MAX_CUSTOM = 50


def check(key: str, value: str) -> None:
    """Refuse a value that would be no use later.

    :raises Invalid: saying what the setting may be.
    """
    if key in _CHECKS:
        _CHECKS[key](key, value)


def _statuses(_: str, value: str) -> None:
    entries = split(value)
    if len(entries) > MAX_CUSTOM:
        raise Invalid(f"{len(entries)} statuses of your own are too many; at most {MAX_CUSTOM} are allowed")
    for entry in entries:
        name, _colon, category = entry.partition(":")
        if not STATUS.fullmatch(name) or len(name) > MAX_WORD:
            raise Invalid(
                f"{safe(name[:60])!r} cannot be a status", "small letters, digits, - and _; a letter first"
            )
        if name in STATUSES:
            raise Invalid(f"{name} is a status already", f"built in: {', '.join(STATUSES)}")
        if category and category not in CATEGORIES:
            raise unknown("category", category, CATEGORIES)


def _types(_: str, value: str) -> None:
    for name in custom_types(value):
        if not STATUS.fullmatch(name) or len(name) > MAX_WORD:
            raise Invalid(
                f"{safe(name[:60])!r} cannot be a type", "small letters, digits, - and _; a letter first"
            )


def _prefixes(_: str, value: str) -> None:
    for prefix in split(value) or ("",):
        if not ids.is_prefix(prefix.rstrip("-")):
            raise Invalid(
                f"{safe(prefix[:60])!r} cannot be a prefix",
                "letters, digits and single hyphens, a letter first",
            )


def _number(least: int, most: int) -> Callable[[str, str], None]:
    def check_number(key: str, value: str) -> None:
        if not value.isdecimal() or not least <= int(value[:9]) <= most:
            raise Invalid(f"{key} cannot be {safe(value[:60])!r}", f"a whole number from {least} to {most}")

    return check_number


def _one_of(*known: str) -> Callable[[str, str], None]:
    def check_word(key: str, value: str) -> None:
        if value not in known:
            raise unknown(f"value of {key}", value, known)

    return check_word


def _share(key: str, value: str) -> None:
    try:
        right = 0 < float(value) < 1
    except ValueError:
        right = False
    if not right:
        raise Invalid(f"{key} cannot be {safe(value[:60])!r}", "a number between 0 and 1, such as 0.25")


_CHECKS: dict[str, Callable[[str, str], None]] = {
    "status.custom": _statuses,
    "types.custom": _types,
    "types.infra": _types,
    "issue_prefix": _prefixes,
    "allowed_prefixes": _prefixes,
    "issue_id_mode": _one_of("hash", "counter"),
    "min_hash_length": _number(3, 8),
    "max_hash_length": _number(3, 8),
    "max_collision_prob": _share,
    "hierarchy.max-depth": _number(1, 50),
    "hierarchy.max_depth": _number(1, 50),
    "export.auto": _one_of("true", "false"),
    "validation.on-create": _one_of("none", "warn", "error"),
}
