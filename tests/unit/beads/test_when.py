"""Instants as people type them."""

from datetime import UTC, datetime, timedelta

import pytest

from beads import clock, when
from beads.errors import Invalid

NOW = datetime(2026, 3, 4, 12, 30, tzinfo=UTC)  # a Wednesday


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+6h", NOW + timedelta(hours=6)),
        ("+1d", NOW + timedelta(days=1)),
        ("2w", NOW + timedelta(weeks=2)),
        ("-30min", NOW - timedelta(minutes=30)),
        ("in 3 days", NOW + timedelta(days=3)),
        ("2 hours ago", NOW - timedelta(hours=2)),
        ("+3m", datetime(2026, 6, 4, 12, 30, tzinfo=UTC)),
        ("-3mo", datetime(2025, 12, 4, 12, 30, tzinfo=UTC)),
        ("1 month", datetime(2026, 4, 4, 12, 30, tzinfo=UTC)),
        ("2y", datetime(2028, 3, 4, 12, 30, tzinfo=UTC)),
        ("tomorrow", datetime(2026, 3, 5, tzinfo=UTC)),
        ("next monday", datetime(2026, 3, 9, tzinfo=UTC)),
        ("next wednesday", datetime(2026, 3, 11, tzinfo=UTC)),
        ("2025-01-15", datetime(2025, 1, 15, tzinfo=UTC)),
        ("2025-01-15T10:00:00-08:00", datetime(2025, 1, 15, 18, tzinfo=UTC)),
    ],
)
def test_understood(text: str, expected: datetime) -> None:
    assert when.parse(text, NOW) == expected


@pytest.mark.parametrize(
    "text", ["", "soon", "+", "+6x", "2025-13-01", "next", "+999999y", "1", "3 moons", "1dd"]
)
def test_not_understood(text: str) -> None:
    with pytest.raises(Invalid, match="is not a time"):
        when.parse(text, NOW)


def test_a_month_without_that_day_runs_over() -> None:
    assert when.parse("+1m", datetime(2026, 1, 31, tzinfo=UTC)) == datetime(2026, 3, 3, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "nanos"), [("30m", 1800 * 10**9), ("1h30m", 5400 * 10**9), ("1.5s", 1500000000)]
)
def test_durations(text: str, nanos: int) -> None:
    assert when.duration(text) == nanos


@pytest.mark.parametrize("text", ["", "5", "x", "1h x"])
def test_no_durations(text: str) -> None:
    with pytest.raises(Invalid):
        when.duration(text)


def test_shown_as_go_writes_it() -> None:
    assert clock.shown(datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)) == "2025-01-02T03:04:05Z"
    assert clock.shown(datetime(2025, 1, 2, 3, 4, 5, 120000, tzinfo=UTC)) == "2025-01-02T03:04:05.12Z"
    assert clock.parse("2025-01-02T03:04:05.123456789Z").microsecond == 123456
    assert clock.stored(datetime(1, 1, 1, tzinfo=UTC)) < clock.stored(NOW)
