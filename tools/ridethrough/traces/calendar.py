"""Where the days and months of a calendar begin in a trace that knows its date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise

from ridethrough.support.errors import BadInput

_US = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def zone_of(name: str) -> tzinfo:
    """The time zone of that name, of the IANA's database. BadInput if there is none."""
    from zoneinfo import ZoneInfo

    if name.upper() == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError) as e:
        raise BadInput(
            f"'{name[:40]}' is no time zone that this machine knows: write it like Europe/London, or UTC"
        ) from e


def periods(unit: str, epoch_us: int, zone: tzinfo, end_us: int) -> list[tuple[int, int]]:
    """Each `unit` ("day" or "month") of which some part lies in 0 to `end_us`, from midnight to midnight in `zone`, as
    (from, to); the first may begin before 0. `epoch_us`: what moment 0 is, in us since 1970 UTC."""
    first = (_EPOCH + epoch_us * _US).astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if unit == "month":
        first = first.replace(day=1)
    begins = [first]
    while _at_us(begins[-1], epoch_us) < end_us:
        begins.append(_next(begins[-1], unit))
    at = [_at_us(begin, epoch_us) for begin in begins]
    return list(pairwise(at))


def _next(begin: datetime, unit: str) -> datetime:
    # arithmetic within a zone goes by its wall clock: a day may have 23 hours
    after = begin + timedelta(days=1 if unit == "day" else 32)
    return after if unit == "day" else after.replace(day=1)


def _at_us(moment: datetime, epoch_us: int) -> int:
    return (moment.astimezone(UTC) - _EPOCH) // _US - epoch_us
