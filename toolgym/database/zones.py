"""What DuckDB asks the package ``pytz`` for, without it: every moment comes out in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo


class Utc(tzinfo):
    """UTC, as ``pytz`` has it."""

    def localize(self, moment: datetime) -> datetime:
        """A moment that says that it is in UTC."""
        return moment.replace(tzinfo=UTC)

    def fromutc(self, moment: datetime) -> datetime:
        """See tzinfo."""
        return moment.replace(tzinfo=UTC)

    def utcoffset(self, moment: datetime | None) -> timedelta:
        """See tzinfo."""
        return timedelta(0)

    def dst(self, moment: datetime | None) -> timedelta:
        """See tzinfo."""
        return timedelta(0)

    def tzname(self, moment: datetime | None) -> str:
        """See tzinfo."""
        return "UTC"


utc = Utc()


def timezone(name: str) -> Utc:
    """The zone of whatever name: UTC."""
    return utc
