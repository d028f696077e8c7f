"""Whether schedules and sensors are on, how they are switched, where a sensor goes on from, and what their ticks came to.

What was switched goes before the definition, until it is reset. Switching something on makes its ticks count from now: those that passed
while it was off are not made up for. What is on runs only while a daemon keeps watch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from datetime import datetime
from itertools import islice
from typing import Literal

from nbasset import clock
from nbasset.arguments.options_automation import Action, Kind, TicksArguments
from nbasset.commands.evaluations import LONGEST_CURSOR
from nbasset.commands.forecast_words import moment_text
from nbasset.commands.job_verbs import named
from nbasset.commands.runs import run_json
from nbasset.commands.scope import Scope, user_name
from nbasset.commands.switches import Records, instigator_id
from nbasset.commands.tick_words import LOG_LINES, ticks_text, when_text, word_text
from nbasset.dataclass import dataclass
from nbasset.definitions.catalog_instigators import CatalogSchedule, CatalogSensor
from nbasset.definitions.local_time import zone_of
from nbasset.errors import InvalidInvocationError
from nbasset.events.facts import InstigatorId
from nbasset.events.kinds import CursorSet, InstigatorSet
from nbasset.events.records import InstigatorRecord, RunRecord, TickRecord
from nbasset.instance import Instance
from nbasset.keys import RunId
from nbasset.planning.ticks import next_due
from nbasset.serde import Json

_LONGEST_LINE = 500
_STATUS: Mapping[Action, Literal["RUNNING", "STOPPED"] | None] = {"start": "RUNNING", "stop": "STOPPED", "reset": None}


@dataclass(frozen=True, slots=True)
class InstigatorState:
    """A schedule or sensor as it stands. `default_on` is what its definition says; `next_at` the next tick of a schedule, on its clock."""

    instigator: InstigatorId
    default_on: bool
    record: InstigatorRecord
    timezone: str = ""
    next_at: datetime | None = None
    last: TickRecord | None = None

    @property
    def is_on(self) -> bool:
        """Whether a daemon starts its runs."""
        return self.default_on if self.record.status is None else self.record.status == "RUNNING"

    @property
    def is_switched(self) -> bool:
        """Whether somebody switched it, so that its definition does not count."""
        return self.record.status is not None

    @property
    def text(self) -> str:
        """Whether it is on, and where that comes from: ``on, by its definition``, ``off, stopped by ada``."""
        word = "on" if self.is_on else "off"
        if not self.is_switched:
            return f"{word}, by its definition"
        by = f" by {self.record.set_by}" if self.record.set_by else ""
        return f"{word}, {'started' if self.is_on else 'stopped'}{by}"

    @property
    def last_text(self) -> str:
        """The last tick: how it ended and when; empty before the first."""
        return f"{word_text(self.last)} {when_text(self.last, self.timezone)}" if self.last is not None else ""

    def to_json(self) -> Json:
        """Plain data."""
        record = self.record
        return {
            "name": self.instigator.name, "kind": self.instigator.kind, "location": self.instigator.location, "is_on": self.is_on,
            "by": "switch" if self.is_switched else "definition", "set_us": record.set_us or None, "set_by": record.set_by or None,
            "since_us": record.since_us or None, "cursor": record.cursor, "last_tick_us": record.last_tick_us or None,
            "last_status": record.last_status, "next": self.next_at.isoformat() if self.next_at is not None else None,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Switched:
    """What switching came to: how it was before and is now."""

    action: Action
    before: InstigatorState
    now: InstigatorState

    @property
    def is_on(self) -> bool:
        """Whether it is on now."""
        return self.now.is_on

    @property
    def sentence(self) -> str:
        """What was done, and what is next."""
        one = self.now.instigator
        following = ""
        if self.now.is_on and self.now.next_at is not None:
            following = f"; its next tick is {moment_text(self.now.next_at)}"
        same = " as before" if self.before.text == self.now.text else ""
        return f"{one.kind} {one.name} is {self.now.text}{same}{following}"

    def to_json(self) -> Json:
        """Plain data."""
        return {**self.now.to_json(), "was_on": self.before.is_on}


@dataclass(frozen=True, slots=True)
class TickHistory:
    """The newest ticks of one, and the runs that they started as far as they are there still. `more` says that there are older ones.

    `logs` has the first lines of what their functions logged, by the tick's number.
    """

    state: InstigatorState
    ticks: tuple[TickRecord, ...]
    runs: Mapping[RunId, RunRecord]
    more: bool = False
    logs: Mapping[int, tuple[str, ...]] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What this is, in a few words."""
        return f"{self.state.instigator.kind} {self.state.instigator.name}"

    @property
    def facts(self) -> str:
        """Whether it is on, its next tick."""
        next_at = self.state.next_at
        return f"{self.state.text}; next {moment_text(next_at)}" if self.state.is_on and next_at is not None else self.state.text

    @property
    def note(self) -> str:
        """What stands in place of ticks, or below them."""
        if not self.ticks:
            return "no ticks yet"
        return "there are more: -n shows them" if self.more else ""

    def to_json(self) -> Json:
        """Plain data."""
        return {
            **self.state.to_json(),
            "ticks": [
                {
                    "status": one.status, "scheduled_us": one.scheduled_us, "started_us": one.started_us or None,
                    "ended_us": one.ended_us or None, "runs": [self._run(run_id) for run_id in one.run_ids],
                    "spent": [list(pair) for pair in one.spent], "backfill": one.backfill_id, "skipped": one.skip_message,
                    "error": {"text": str(one.error), "place": one.error.place} if one.error is not None else None,
                    "cursor": one.cursor, "attempt": one.attempt, "will_retry": one.will_retry, "also": list(one.also),
                    "log": one.log or None, "log_lines": list(self.logs.get(one.seq, ())),
                    "missed": one.missed, "first_us": one.first_us or None, "last_us": one.last_us or None,
                }
                for one in self.ticks
            ],
            "more": self.more,
        }  # fmt: skip

    def _run(self, run_id: RunId) -> Json:
        record = self.runs.get(run_id)
        return run_json(record) if record is not None else {"run_id": str(run_id), "status": None}


@dataclass(frozen=True, slots=True)
class SensorCursor:
    """Where a sensor goes on from."""

    name: str
    cursor: str | None
    was_set: bool = False

    @property
    def sentence(self) -> str:
        """What its cursor is."""
        if self.cursor is None:
            return f"sensor {self.name} has no cursor: its next evaluation is like the first"
        return f"sensor {self.name} {'now goes' if self.was_set else 'goes'} on from cursor {self.cursor}"

    def to_json(self) -> Json:
        """Plain data."""
        return {"name": self.name, "cursor": self.cursor}


def states(scope: Scope, kind: Kind) -> dict[str, InstigatorState]:
    """All schedules or sensors of a scope by name, in order of names."""
    records = scope.instance.reader.instigators()
    now = scope.view().now
    entries = scope.catalog.schedules if kind == "schedule" else scope.catalog.sensors
    return {one.name: _state(scope, kind, one, records, now) for one in sorted(entries, key=lambda one: one.name)}


def state_of(scope: Scope, kind: Kind, name: str) -> InstigatorState:
    """How one stands.

    Raises
    ------
    UnknownJob
        If there is none of this name.
    """
    named(scope, kind, name)
    return states(scope, kind)[name]


def set_status(scope: Scope, kind: Kind, name: str, action: Action) -> Switched:
    """Switch one on or off, or let its definition say so again.

    Raises
    ------
    UnknownJob
        If there is none of this name.
    InvalidInvocationError
        If no daemon could ever find it, since its notebook is not a file.
    """
    named(scope, kind, name)
    _check_place(scope, kind, name)
    entries = scope.catalog.schedules if kind == "schedule" else scope.catalog.sensors
    entry = next(one for one in entries if one.name == name)
    return switch(scope.instance, instigator_id(scope, kind, name), entry, action, now=scope.view().now)


def switch(
    instance: Instance, instigator: InstigatorId, entry: CatalogSchedule | CatalogSensor, action: Action, *, now: datetime, by: str = ""
) -> Switched:
    """The same for whoever knows what is defined from a catalog alone; `by` is who does it, by default the user of this process."""
    before = state_from(instance, instigator, entry, instance.reader.instigators(), now)
    status = _STATUS[action]
    will_be_on = before.default_on if status is None else status == "RUNNING"
    begins = will_be_on and not (before.is_on and before.record.since_us)
    now_us = clock.now_us()
    event = InstigatorSet(now_us, instigator, status, since_us=now_us if begins else 0, by=by or user_name())
    instance.storage.append([event], flush=True)
    return Switched(action, before, state_from(instance, instigator, entry, instance.reader.instigators(), now))


def cursor_of(scope: Scope, name: str) -> SensorCursor:
    """The cursor of a sensor.

    Raises
    ------
    UnknownJob
        If there is no such sensor.
    """
    return SensorCursor(name, state_of(scope, "sensor", name).record.cursor)


def set_cursor(scope: Scope, name: str, cursor: str | None) -> SensorCursor:
    """Have the next evaluation of a sensor go on from a cursor; None: like the first one.

    Raises
    ------
    UnknownJob
        If there is no such sensor.
    InvalidInvocationError
        If the cursor is longer than a sensor may leave one.
    """
    instigator = state_of(scope, "sensor", name).instigator
    _check_place(scope, "sensor", name)
    return move_cursor(scope.instance, instigator, cursor)


def move_cursor(instance: Instance, instigator: InstigatorId, cursor: str | None, *, by: str = "") -> SensorCursor:
    """The same for a sensor that is known by its id; `by` is who does it, by default the user of this process.

    Raises
    ------
    InvalidInvocationError
        If the cursor is longer than a sensor may leave one.
    """
    if cursor is not None and len(cursor) > LONGEST_CURSOR:
        raise InvalidInvocationError(f"this cursor has {len(cursor):,} characters; at most {LONGEST_CURSOR:,} are kept.")
    instance.storage.append([CursorSet(clock.now_us(), instigator, cursor, by=by or user_name())], flush=True)
    return SensorCursor(instigator.name, cursor, was_set=True)


def tick_history(scope: Scope, arguments: TicksArguments) -> TickHistory:
    """The newest ticks of one.

    Raises
    ------
    UnknownJob
        If there is none of this name.
    """
    state = state_of(scope, arguments.kind, arguments.name)
    reader = scope.instance.reader
    statuses = (arguments.status,) if arguments.status else ()
    found = reader.ticks(state.instigator, limit=arguments.limit + 1, statuses=statuses)
    ticks = tuple(found[: arguments.limit])
    runs = {run_id: run for tick in ticks for run_id in tick.run_ids if (run := reader.run(run_id)) is not None}
    logs = {tick.seq: first_lines(scope.instance, tick) for tick in ticks if tick.log}
    return TickHistory(state, ticks, runs, len(found) > arguments.limit, logs)


def history_text(history: TickHistory) -> str:
    """The ticks as plain text."""
    body = ticks_text(history.ticks, history.runs, history.state.timezone, history.logs)
    return "\n".join(filter(None, (f"{history.title}: {history.facts}", body, history.note)))


def first_lines(instance: Instance, tick: TickRecord) -> tuple[str, ...]:
    """The first lines of what the function of a tick logged; none if nothing was, or it is gone."""
    if not tick.log:
        return ()
    try:
        with (instance.home.state / tick.log).open(encoding="utf-8", errors="replace") as lines:
            return tuple(line.rstrip("\n")[:_LONGEST_LINE] for line in islice(lines, LOG_LINES))
    except OSError:
        return ()


def _state(scope: Scope, kind: Kind, entry: CatalogSchedule | CatalogSensor, records: Records, now: datetime) -> InstigatorState:
    return state_from(scope.instance, instigator_id(scope, kind, entry.name), entry, records, now)


def state_from(
    instance: Instance, instigator: InstigatorId, entry: CatalogSchedule | CatalogSensor, records: Records, now: datetime
) -> InstigatorState:
    """How one stands that is known from a catalog, by the records of the home."""
    record = records.get(instigator) or InstigatorRecord(instigator)
    newest = instance.reader.ticks(instigator, limit=1) if instigator in records else []
    state = InstigatorState(instigator, entry.default_status.value == "RUNNING", record, last=newest[0] if newest else None)
    if not isinstance(entry, CatalogSchedule):
        return state
    following = next_due(entry, now)
    at = zone_of(entry.timezone).datetime(int(following.timestamp())) if following is not None else None
    return replace(state, timezone=entry.timezone, next_at=at)


def _check_place(scope: Scope, kind: Kind, name: str) -> None:
    """A daemon reads files: what a session alone has, it never sees."""
    if scope.location.kind == "session" and scope.location.path is None:
        raise InvalidInvocationError(
            f"{kind} '{name}' is in this session only, where no daemon finds it. Save it in a notebook or module of the project first."
        )
