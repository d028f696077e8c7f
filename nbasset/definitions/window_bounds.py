"""What users write for the bounds of time windows, as instants: texts and datetimes, with or without a zone, and exclusions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from nbasset.definitions.cron import parse_cron
from nbasset.definitions.local_time import Zone, seconds_of, wall_of, zone_of
from nbasset.errors import InvalidDefinitionError


def zone_for(timezone: str | None, start: object) -> Zone:
    """The zone that is named, else the one of the start, else UTC."""
    if timezone is not None:
        if not isinstance(timezone, str):
            raise InvalidDefinitionError(f"timezone is an IANA name such as 'Europe/Berlin', not {timezone!r}.")
        return zone_of(timezone)
    from zoneinfo import ZoneInfo

    if isinstance(start, datetime) and isinstance(start.tzinfo, ZoneInfo) and start.tzinfo.key:
        return zone_of(start.tzinfo.key)
    return zone_of("UTC")


def instant_of(value: object, zone: Zone, fmt: str, what: str) -> int:
    """The instant of a start or an end: a text in the keys' format or in ISO form, a date, or a datetime.

    Raises
    ------
    InvalidDefinitionError
        If it is none of these, or lies in a part of a minute.
    """
    moment = _moment(value, fmt, what)
    if moment.second or moment.microsecond:
        raise InvalidDefinitionError(f"{what} {value!r} lies within a minute. Windows begin and end at whole minutes.")
    return zone.first_instant(wall_of(moment)) if moment.tzinfo is None else seconds_of(moment)


def exclusions_of(exclusions: object, zone: Zone) -> tuple[str | datetime, ...] | None:
    """Exclusions as cron texts and aware datetimes; None when there are none.

    Raises
    ------
    InvalidDefinitionError
        If an exclusion is neither a cron text nor a datetime.
    """
    if exclusions is None:
        return None
    if isinstance(exclusions, (str, datetime)) or not isinstance(exclusions, Sequence):
        raise InvalidDefinitionError(f"exclusions are a list of cron texts and datetimes, not {exclusions!r}.")
    found: list[str | datetime] = []
    for item in exclusions:
        if isinstance(item, str):
            found.append(parse_cron(item).text)
        elif isinstance(item, datetime):
            found.append(zone.datetime(zone.first_instant(wall_of(item)) if item.tzinfo is None else seconds_of(item)))
        else:
            raise InvalidDefinitionError(f"an exclusion is a cron text or a datetime, not {item!r}.")
    return tuple(found) or None


def _moment(value: object, fmt: str, what: str) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 (the zone is the definition's)
    if isinstance(value, str):
        for read in (lambda text: datetime.strptime(text, fmt), datetime.fromisoformat):  # noqa: DTZ007
            try:
                return read(value)
            except ValueError:
                continue
        example = datetime(2025, 1, 31, 6, tzinfo=UTC).strftime(fmt)
        raise InvalidDefinitionError(f"{what} {value!r} cannot be read. Write it like {example!r} ({fmt}) or 2025-01-31T06:00.")
    raise InvalidDefinitionError(f"{what} is a datetime or a text such as '2025-01-31', not {value!r}.")
