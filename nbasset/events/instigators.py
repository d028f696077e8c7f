"""Schedules and sensors after an event, and their ticks as the log tells them: small pure functions, as in `reducers`.

- A failed tick never moves the cursor or the run key: what it would have asked for is asked for again.
- Ticks that were missed count as dealt with, and so does one that failed and is not tried again.
- A time that a schedule has reached is never left behind again, in whatever order ticks arrive.
"""

from __future__ import annotations

from dataclasses import replace

from nbasset.events.kinds import CursorSet, InstigatorEvent, InstigatorSet, TickEvaluated, TickEvent, TickMissed
from nbasset.events.records import InstigatorRecord, TickRecord, TickStatus


def instigator_after(record: InstigatorRecord | None, seq: int, event: InstigatorEvent) -> InstigatorRecord:
    """The schedule or sensor after one of its events.

    >>> from nbasset.events.facts import InstigatorId
    >>> nightly = InstigatorId("flights", "schedule", "nightly")
    >>> on = instigator_after(None, 1, InstigatorSet(1, nightly, "RUNNING", since_us=1))
    >>> tick = TickEvaluated(9, nightly, "failure", started_us=8, scheduled_us=7, cursor="lost", will_retry=True)
    >>> failed = instigator_after(on, 2, tick)
    >>> failed.status, failed.failures, failed.last_tick_us, failed.cursor
    ('RUNNING', 1, 0, None)
    """
    before = replace(record, seq=seq) if record is not None else InstigatorRecord(event.instigator, seq=seq)
    if isinstance(event, TickEvaluated):
        return _evaluated(before, event)
    if isinstance(event, TickMissed):
        return replace(before, last_tick_us=max(before.last_tick_us, event.last_us), failures=0)
    if isinstance(event, CursorSet):
        return replace(before, cursor=event.cursor)
    return _set(before, event)


def _set(before: InstigatorRecord, event: InstigatorSet) -> InstigatorRecord:
    since_us = event.since_us or before.since_us
    failures = before.failures if since_us == before.since_us else 0  # the tick that failed is not tried again
    return replace(before, status=event.status, set_us=event.at_us, set_by=event.by, since_us=since_us, failures=failures)


def _evaluated(before: InstigatorRecord, event: TickEvaluated) -> InstigatorRecord:
    is_sensor = event.instigator.kind == "sensor"
    after = replace(before, last_started_us=event.started_us, last_status=event.status, failures=0)
    if event.status == "failure":
        if is_sensor or event.will_retry:
            after = replace(after, failures=before.failures + 1)
    else:
        cursor = before.cursor if event.cursor is None else event.cursor
        after = replace(after, cursor=cursor, last_run_key=event.last_run_key or before.last_run_key)
    if is_sensor:
        return replace(after, last_tick_us=event.started_us)
    if event.status == "failure" and event.will_retry:
        return after
    return replace(after, last_tick_us=max(before.last_tick_us, event.scheduled_us or 0))


def tick_status(event: TickEvent) -> TickStatus:
    """What a tick came to, in one word."""
    return event.status if isinstance(event, TickEvaluated) else "missed"


def tick_of(seq: int, event: TickEvent) -> TickRecord:
    """A tick, as the entry of its number tells it.

    >>> from nbasset.events.facts import InstigatorId
    >>> nightly = InstigatorId("flights", "schedule", "nightly")
    >>> tick_of(3, TickMissed(9, nightly, 2, 5, 7)).missed
    2
    """
    if isinstance(event, TickMissed):
        return TickRecord(
            seq, event.instigator, "missed", ended_us=event.at_us, missed=event.count, first_us=event.first_us, last_us=event.last_us
        )
    return TickRecord(
        seq,
        event.instigator,
        event.status,
        event.scheduled_us,
        event.started_us,
        event.at_us,
        event.run_ids,
        event.spent,
        event.skip_message,
        event.error,
        event.cursor,
        event.attempt,
        event.backfill_id,
        event.also,
        event.log,
        event.will_retry,
    )
