"""Instants: always UTC, kept to the microsecond, written the same way everywhere.

The stored form has a fixed width, so that comparing text compares time; the shown form is RFC 3339 as Go
writes it, with no fraction when there is none.
"""

from datetime import UTC, datetime


def now() -> datetime:
    """Return this instant."""
    return datetime.now(UTC)


def stored(instant: datetime) -> str:
    """Write an instant as the store keeps it: 27 characters that sort by time."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0")


def shown(instant: datetime) -> str:
    """Write an instant as clients read it."""
    text = stored(instant)
    return text[:-1].rstrip("0").rstrip(".") + "Z" if "." in text else text


def parse(text: str) -> datetime:
    """Read an RFC 3339 instant; one without a zone is UTC; digits beyond the microsecond are dropped.

    :raises ValueError: when it is not one.
    """
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return instant.astimezone(UTC)
