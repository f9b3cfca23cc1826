"""What the client may send as `last_sync` (contract D12)."""

from datetime import UTC, datetime

import pytest

from services.dex.moments import Impossible, NotIso, parse_last_sync


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("2026-11-20T07:34:57.756289+00:00", datetime(2026, 11, 20, 7, 34, 57, 756289, UTC)),
        ("2026-11-20T07:34:57.756289 00:00", datetime(2026, 11, 20, 7, 34, 57, 756289, UTC)),
        ("2026-11-20 07:34:57", datetime(2026, 11, 20, 7, 34, 57, tzinfo=UTC)),
        ("2026-11-20T07:34Z", datetime(2026, 11, 20, 7, 34, tzinfo=UTC)),
        ("2026-11-20T07:34:57.5-0130", datetime(2026, 11, 20, 9, 4, 57, 500000, UTC)),
        (" 2026-11-20 ", datetime(2026, 11, 20, tzinfo=UTC)),
        ("", None),
        ("  ", None),
    ],
)
def test_moments_that_are_understood(given: str, meant: datetime | None) -> None:
    assert parse_last_sync(given) == meant


@pytest.mark.parametrize(
    "given", ["yesterday", "1763624097", "2026-11", "2026-11-20T", "٢٠٢٦-11-20", "2026-11-20T1" * 9]
)
def test_moments_that_are_none(given: str) -> None:
    with pytest.raises(NotIso):
        parse_last_sync(given)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("2026-13-01T00:00:00Z", "month must be in 1..12"),
        ("2026-02-30T00:00:00Z", "day is out of range for month"),
        ("2026-01-01T25:00:00Z", "hour must be in 0..23"),
        ("0001-01-01T00:00:00+14:00", "date value out of range"),
        ("2026-01-01T00:00:00+99:00", "offset must be in -23:59..+23:59"),
    ],
)
def test_moments_that_no_calendar_has(given: str, why: str) -> None:
    with pytest.raises(Impossible, match=why.replace("+", r"\+")):
        parse_last_sync(given)
