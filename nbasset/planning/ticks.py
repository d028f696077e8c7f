"""Which ticks are due, and which requests of a tick are new: decisions without clock or I/O.

Run keys make asking again harmless. For a *sensor* a key is spent for ever, whatever became of its run; for a *schedule* it is spent for
that one tick. A run that was recorded and never started is taken up again instead of made anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

from nbasset.dataclass import dataclass
from nbasset.definitions.catalog_instigators import CatalogSchedule, CatalogSensor
from nbasset.definitions.cron import next_tick, previous_tick, ticks_of
from nbasset.definitions.local_time import seconds_of
from nbasset.definitions.requests import RUN_KEY_TAG, SCHEDULE_TAG, SCHEDULED_TIME_TAG, SENSOR_TAG, RunRequest
from nbasset.events.records import RunRecord
from nbasset.keys import RunId

_MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class DueTicks:
    """The ticks to fire now, oldest first, and those that were missed: how many, the first and the last."""

    fire: tuple[datetime, ...] = ()
    missed: int = 0
    first_missed: datetime | None = None
    last_missed: datetime | None = None


def due(schedule: CatalogSchedule, since: datetime, now: datetime) -> DueTicks:
    """The ticks with ``since < tick <= now`` that a schedule fires now.

    `since` is its last tick, or when it was switched on. Of several, the newest are fired: one for an ordinary schedule, as many as
    `catch_up` says for one of partitions. The others are missed, which is a fact to record, not to hide. More than 10,000 missed ticks
    are counted as 10,000.

    >>> from datetime import UTC
    >>> hourly = CatalogSchedule("h", ("0 * * * *",))
    >>> found = due(hourly, datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 1, 1, 3, 30, tzinfo=UTC))
    >>> [tick.hour for tick in found.fire], found.missed
    ([3], 2)
    """
    ticks = ticks_of(schedule.crons, schedule.timezone)
    begin, end = seconds_of(since), seconds_of(now)
    fire: list[int] = []
    at = ticks.before(end + 1)
    while at is not None and at > begin and len(fire) < max(schedule.catch_up, 1):
        fire.append(at)
        at = ticks.before(at)
    last = at if at is not None and at > begin else None
    missed = 0
    first = last
    while at is not None and at > begin and missed < _MOST_COUNTED:
        first = at
        missed += 1
        at = ticks.before(at)
    zone = ticks.zone
    return DueTicks(
        tuple(zone.datetime(tick) for tick in reversed(fire)),
        missed,
        zone.datetime(first) if first is not None else None,
        zone.datetime(last) if last is not None else None,
    )


def is_sensor_due(sensor: CatalogSensor, last_started: datetime | None, now: datetime) -> bool:
    """Whether a sensor may be evaluated again: its interval counts from the start of the last evaluation."""
    return last_started is None or (now - last_started).total_seconds() >= sensor.minimum_interval_s


def next_due(schedule: CatalogSchedule, after: datetime) -> datetime | None:
    """When a schedule fires next; None if never again."""
    try:
        return next_tick(schedule.crons, schedule.timezone, after)
    except OverflowError:
        return None


def last_due(schedule: CatalogSchedule, before: datetime) -> datetime | None:
    """When a schedule fired, or would have fired, last before a moment."""
    try:
        return previous_tick(schedule.crons, schedule.timezone, before)
    except OverflowError:
        return None


@dataclass(frozen=True, slots=True)
class Decided:
    """What becomes of one request of a tick: a new run, a recorded one that is taken up, or nothing, since its key is spent.

    `run_id` is the run that spent the key, or that is taken up.
    """

    request: RunRequest
    what: Literal["new", "resume", "spent"]
    run_id: RunId | None = None


def decide_sensor_requests(requests: Sequence[RunRequest], sensor_name: str, known: Mapping[str, RunRecord]) -> tuple[Decided, ...]:
    """What becomes of the requests of a sensor. `known` are stored runs of this sensor by run key (`sensor_run_tags` finds them).

    A key is spent by any run, failed and cancelled ones too, and by an earlier request of the same tick; one that was never started is
    taken up. Deleting a run frees its key.
    """
    return _decide(requests, known, {SENSOR_TAG: sensor_name})


def decide_schedule_requests(
    requests: Sequence[RunRequest], schedule_name: str, tick: datetime, known: Mapping[str | None, RunRecord]
) -> tuple[Decided, ...]:
    """What becomes of the requests of a schedule's tick. `known` are stored runs of this very tick by run key (None: without one).

    The same key at a later tick runs again, and a tick that is evaluated twice makes each run once, also without run keys.
    """
    decided = _decide(requests, known, {SCHEDULE_TAG: schedule_name, SCHEDULED_TIME_TAG: tick.isoformat()})
    return tuple(_without_key(one, known) for one in decided)


def sensor_run_tags(sensor_name: str, run_key: str) -> dict[str, str]:
    """The tags that mark the run of a sensor's request; the rarest first, since stores look that one up."""
    return {RUN_KEY_TAG: run_key, SENSOR_TAG: sensor_name}


def schedule_run_tags(schedule_name: str, tick: datetime, run_key: str | None = None) -> dict[str, str]:
    """The tags that mark the run of a schedule's request; the rarest first, since stores look that one up."""
    key = {RUN_KEY_TAG: run_key} if run_key is not None else {}
    return {**key, SCHEDULED_TIME_TAG: tick.isoformat(), SCHEDULE_TAG: schedule_name}


def run_keys_of(requests: Iterable[RunRequest]) -> tuple[str, ...]:
    """The run keys that stored runs have to be looked up by."""
    return tuple(dict.fromkeys(one.run_key for one in requests if one.run_key is not None))


def last_run_key(requests: Sequence[RunRequest], before: str | None) -> str | None:
    """The run key that the next evaluation is told as the last: that of the last request that has one."""
    return next((one.run_key for one in reversed(requests) if one.run_key is not None), before)


def _decide(
    requests: Collection[RunRequest], known: Mapping[str, RunRecord] | Mapping[str | None, RunRecord], tags: Mapping[str, str]
) -> tuple[Decided, ...]:
    seen: set[str] = set()
    found = []
    for request in requests:
        key = request.run_key
        marked = request.with_changes(tags={**request.tags, **tags, **({RUN_KEY_TAG: key} if key is not None else {})})
        if key is None:
            found.append(Decided(marked, "new"))
        elif key in seen:
            found.append(Decided(marked, "spent"))
        else:
            seen.add(key)
            run = known.get(key)
            found.append(Decided(marked, "new") if run is None else _of_run(marked, run))
    return tuple(found)


def _of_run(request: RunRequest, run: RunRecord) -> Decided:
    return Decided(request, "resume" if run.status == "not_started" else "spent", run.run_id)


def _without_key(one: Decided, known: Mapping[str | None, RunRecord]) -> Decided:
    run = known.get(None) if one.request.run_key is None else None
    return one if run is None else _of_run(one.request, run)
