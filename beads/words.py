"""Words a person may type: checked, completed, and, when wrong, answered with the nearest right one."""

import re
from collections.abc import Iterable

from beads.errors import Invalid
from beads.model import (
    DEPENDENCY_TYPES,
    MAX_TITLE_BYTES,
    MAX_WORD,
    STATUSES,
    TYPE_ALIASES,
    TYPES,
    UNSPECIFIED,
)
from beads.text import nearest, safe

STATUS = re.compile(r"[a-z][a-z0-9_-]*")


def unknown(kind: str, word: str, known: Iterable[str]) -> Invalid:
    """Make the error for a word that is not one of the known ones."""
    words = list(known)
    close = nearest(word, words)
    hint = f"did you mean {close!r}? " if close else ""
    return Invalid(f"unknown {kind} {safe(word)!r}", f"{hint}one of: {', '.join(words)}")


def split(text: str) -> tuple[str, ...]:
    """Split a comma list; blanks fall out."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def custom_statuses(setting: str | None) -> dict[str, str]:
    """Read `status.custom`: `name:category,…`; a name without a category is listed and never ready."""
    found = {}
    for entry in split(setting or ""):
        name, _, category = entry.partition(":")
        if len(name) <= MAX_WORD and STATUS.fullmatch(name):
            found[name] = category or UNSPECIFIED
    return found


def status(word: str, custom: str | None = None) -> str:
    """Return a status as it is stored.

    :raises Invalid: with the nearest status.
    """
    known = {**STATUSES, **custom_statuses(custom)}
    name = word.strip().lower()
    name = name if name in known else name.replace("-", "_")
    if name not in known:
        raise unknown("status", word, known)
    return name


def issue_type(word: str, custom: str | None = None) -> str:
    """Return an issue type as it is stored, aliases resolved.

    :raises Invalid: with the nearest type.
    """
    name = word.strip().lower()
    extra = custom_types(custom)
    if name in extra:
        return name
    name = TYPE_ALIASES.get(name, name)
    if name not in TYPES and name not in extra:
        raise unknown("issue type", word, (*TYPES, *extra))
    return name


def custom_types(setting: str | None) -> tuple[str, ...]:
    """Read `types.custom`: a comma list, or a JSON list as some clients write it."""
    return split((setting or "").translate({ord(mark): "," for mark in '[]"'}))


def dependency_type(word: str, well_known: bool = False) -> str:
    """Return a dependency type; any short word will do unless it must be a well-known one.

    :raises Invalid: when it is blank, too long, or not well known and has to be.
    """
    name = word.strip()
    if not name or len(name) > MAX_WORD or not name.isprintable():
        raise Invalid(
            f"dependency type must have 1 to {MAX_WORD} printable characters, not {safe(word[:60])!r}"
        )
    if well_known and name not in DEPENDENCY_TYPES:
        raise unknown("dependency type", word, DEPENDENCY_TYPES)
    return name


def priority(word: str | int) -> int:
    """Read `0`..`4` or `P0`..`P4`.

    :raises Invalid: for anything else.
    """
    text = str(word).strip().upper().removeprefix("P")
    if text not in ("0", "1", "2", "3", "4"):
        raise Invalid(
            f"priority {safe(str(word))!r} is not one of 0-4 or P0-P4", "0 is the most urgent, 4 the least"
        )
    return int(text)


def title(text: str) -> str:
    """Return a title that can be stored.

    :raises Invalid: when blank, longer than 500 bytes, or not text.
    """
    checked(text, "title")
    if not text.strip():
        raise Invalid("the title is blank", "give a few words that say what is to be done")
    size = len(text.encode())
    if size > MAX_TITLE_BYTES:
        raise Invalid(
            f"the title has {size} bytes; at most {MAX_TITLE_BYTES} are allowed",
            "put the rest into --description",
        )
    return text


def checked(text: str, field: str) -> str:
    """Return text that is valid UTF-8 and has no NUL.

    :raises Invalid: otherwise.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Invalid(f"{field} is not valid UTF-8") from None
    if "\x00" in text:
        raise Invalid(f"{field} contains a NUL character")
    return text


def label(text: str) -> str:
    """Return a label that can be stored.

    :raises Invalid: when blank, too long or with control characters.
    """
    name = text.strip()
    if not name or len(name) > 255 or not checked(name, "label").isprintable():
        raise Invalid(f"label {safe(text[:60])!r} must have 1 to 255 printable characters")
    return name
