"""Text that comes by option, by file, or by standard input."""

import sys
from pathlib import Path

import click

from beads.cli.call import current
from beads.errors import Invalid
from beads.text import safe


def read_file(name: str) -> str:
    """Return the text of a file; `-` is standard input.

    :raises Invalid: when it cannot be read, or is not UTF-8.
    """
    if name == "-" and not current().owns_stdin:
        raise Invalid("standard input holds the batch itself", "put the text into a file")
    try:
        raw = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise Invalid(f"{safe(name)} cannot be read: {error.strerror}") from None
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        where = "standard input" if name == "-" else safe(name)
        raise Invalid(f"{where} is not UTF-8 (byte {error.start})") from None


def one_of(given: str | None, file: str | None, flag: str) -> str | None:
    """Return the text given directly or by file.

    :raises click.UsageError: when both are given.
    """
    if given is not None and file is not None:
        raise click.UsageError(f"{flag} is given twice, as text and as a file")
    return read_file(file) if file is not None else given


def joined(lists: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words of options that may be repeated and hold comma lists."""
    return tuple(part.strip() for text in lists for part in text.split(",") if part.strip())
