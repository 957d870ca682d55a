"""Text that a terminal can be trusted with, and words that are nearly right."""

import re
from collections.abc import Iterable

# Controls, line separators, and the marks that turn the direction of what is read.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word most like this one, or None when none is."""
    import difflib

    found = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return found[0] if found else None


def safe(text: str) -> str:
    """Return one line that cannot move a terminal's cursor, change its colours or reorder what is read."""
    return safe_block(
        " ".join(text.splitlines()) if "\n" in text or "\r" in text else text.replace("\t", " ")
    )


def safe_block(text: str) -> str:
    """Return the same for text of several lines."""
    return _CONTROL.sub("�", text)


def width(text: str) -> int:
    """Return how many columns of a terminal a line takes."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(character: str) -> int:
    import unicodedata

    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def fitted(text: str, room: int) -> str:
    """Return a line that takes so many columns at most, its end cut off where it is longer."""
    if width(text) <= room:
        return text
    taken = 0
    for at, character in enumerate(text):
        taken += _columns(character)
        if taken > room - 1:
            return f"{text[:at].rstrip()}…"
    return text
