"""Instants as a person types them: `+6h`, `+1d`, `+2w`, `+3m`, `tomorrow`, `next monday`, `2025-01-15`, RFC 3339.

`m` is a month, as upstream has it; a minute is `min`.
"""

import re
from datetime import datetime, time, timedelta

from beads import clock
from beads.errors import Invalid
from beads.text import safe

_OFFSET = re.compile(
    r"([+-]?)(\d{1,6})\s*(min(?:ute)?s?|h(?:ours?)?|d(?:ays?)?|w(?:eeks?)?|m(?:o(?:nths?)?)?|y(?:ears?)?)( ago)?"
)
_MINUTES = {"min": 1, "h": 60, "d": 1440, "w": 10080}
_MONTHS = {"m": 1, "y": 12}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_GO_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)")
_NANOS = {"ns": 1, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "h": 3600e9, "d": 86400e9}
_LONGEST = 2**63 - 1


def parse(text: str, now: datetime) -> datetime:
    """Read an instant; a bare date or day begins at midnight, local time.

    :raises Invalid: when it is not understood.
    """
    word = text.strip().lower()
    for reader in (_offset, _day, _exact):
        try:
            found = reader(word, text.strip(), now)
        except (OverflowError, ValueError):
            found = None
        if found is not None:
            return found
    raise Invalid(
        f"{safe(text)!r} is not a time", "write +6h, +1d, +2w, tomorrow, next monday, 2025-01-15 or RFC 3339"
    )


def _offset(word: str, _: str, now: datetime) -> datetime | None:
    match = _OFFSET.fullmatch(word.removeprefix("in "))
    if match is None:
        return None
    count = int(match[2]) * (-1 if match[1] == "-" or match[4] else 1)
    unit = "min" if match[3].startswith("min") else match[3][0]
    if unit in _MONTHS:
        return _months_from(now, count * _MONTHS[unit])
    return now + timedelta(minutes=count * _MINUTES[unit])


def _months_from(now: datetime, count: int) -> datetime:
    """Return the same day of another month, or what that month's last day leaves of it, as Go counts."""
    years, month = divmod(now.month - 1 + count, 12)
    first = now.replace(year=now.year + years, month=month + 1, day=1)
    return first + timedelta(days=now.day - 1)


def _day(word: str, _: str, now: datetime) -> datetime | None:
    ahead = {"now": None, "today": 0, "tomorrow": 1, "yesterday": -1, "next week": 7, "next month": 30}
    if word == "now":
        return now
    days = ahead.get(word)
    name = word.removeprefix("next ").strip()
    if days is None and name in _DAYS:
        days = (_DAYS.index(name) - now.astimezone().weekday() - 1) % 7 + 1
    return None if days is None else _midnight(now.astimezone() + timedelta(days=days))


def _midnight(local: datetime) -> datetime:
    return datetime.combine(local.date(), time.min).astimezone()


def _exact(_: str, text: str, now: datetime) -> datetime | None:
    if _DATE.fullmatch(text):
        return _midnight(datetime.fromisoformat(text))
    return clock.parse(text)


def duration(text: str) -> int:
    """Read a length of time such as `30m`, `2h45m` or `1d`, in nanoseconds.

    :raises Invalid: when it is not one.
    """
    word = text.strip().lower()
    parts = _GO_DURATION.findall(word)
    if not parts or "".join(number + unit for number, unit in parts) != word:
        raise Invalid(f"{safe(text)!r} is not a length of time", "write 30m, 2h45m or 1d")
    found = int(sum(float(number) * _NANOS[unit] for number, unit in parts))
    if found > _LONGEST:
        raise Invalid(f"{safe(text)} is longer than can be kept", "write at most 100000d")
    return found
