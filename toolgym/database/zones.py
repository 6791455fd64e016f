"""What DuckDB asks the package ``pytz`` for, without it: every moment comes out in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo


class Utc(tzinfo):
    """UTC, as ``pytz`` has it."""

    def localize(self, moment: datetime) -> datetime:
        """A moment that says that it is in UTC."""
        return moment.replace(tzinfo=UTC)

    def fromutc(self, moment: datetime) -> datetime:
        """A moment in UTC as the zone's own time."""
        return moment.replace(tzinfo=UTC)

    def utcoffset(self, moment: datetime | None) -> timedelta:
        """The zone's offset from UTC at a moment."""
        return timedelta(0)

    def dst(self, moment: datetime | None) -> timedelta:
        """The daylight saving time at a moment."""
        return timedelta(0)

    def tzname(self, moment: datetime | None) -> str:
        """The zone's name at a moment."""
        return "UTC"


utc = Utc()


def timezone(name: str) -> Utc:
    """The zone of whatever name: UTC."""
    return utc
