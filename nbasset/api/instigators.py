"""Schedules and sensors: what is defined, whether each is on, what its ticks came to, and what the next ones would.

An id is two digests with ``::`` between them, as clients expect to take it apart and send either half; both say location, kind and name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any, Literal, TypeAlias

from nbasset.api.context import ApiContext
from nbasset.api.jobs import Job
from nbasset.api.locations import Repository, find_location, no_repository
from nbasset.api.run_tags import told
from nbasset.api.wire import ASSET_JOB, Wire, micros, page, python_error, seconds, tags, typed, yaml_of
from nbasset.api.workspace import LocationSnapshot
from nbasset.commands.answering import Answer
from nbasset.commands.asked_ticks import AskedTick, WouldBe, WouldRun
from nbasset.commands.forecast_facts import target_text
from nbasset.commands.instigators import InstigatorState, first_lines, state_from
from nbasset.commands.tick_words import what_lines
from nbasset.definitions.catalog_instigators import CatalogSchedule, CatalogSensor, CatalogTarget
from nbasset.definitions.cron_words import describe
from nbasset.definitions.requests import PARTITION_TAG, RUN_KEY_TAG
from nbasset.errors import did_you_mean
from nbasset.events.facts import InstigatorId
from nbasset.events.records import InstigatorRecord, TickRecord, TickStatus
from nbasset.planning.ticks import next_due

Kind: TypeAlias = Literal["schedule", "sensor"]
SENSOR_TYPES = {
    "sensor": "STANDARD", "asset": "ASSET", "multi_asset": "MULTI_ASSET", "run_status": "RUN_STATUS", "automation": "AUTOMATION",
    "freshness": "FRESHNESS_POLICY",
}  # fmt: skip
_TICK_STATUS: Mapping[TickStatus, str] = {"success": "SUCCESS", "skipped": "SKIPPED", "failure": "FAILURE", "missed": "SKIPPED"}
_DAY_S = 86_400
_FUTURE = 10
_MOST_FUTURE = 500


class _Instigator:
    """What a schedule and a sensor have in common."""

    kind: Kind

    def __init__(self, context: ApiContext, location: LocationSnapshot, entry: CatalogSchedule | CatalogSensor) -> None:
        self.context = context
        self.location = location
        self.name = entry.name
        self.description = entry.description
        self.key = instigator_of(location, self.kind, entry.name)

    @property
    def id(self) -> str:
        return id_of(self.key)

    def state(self, entry: CatalogSchedule | CatalogSensor) -> State:
        """Whether it is on, and what its ticks came to."""
        found = state_from(self.context.instance, self.key, entry, records_of(self.context), self.context.view.now)
        return State(self.context, found, entry)


class Schedule(_Instigator):
    """A schedule."""

    typename = "Schedule"
    kind = "schedule"

    def __init__(self, context: ApiContext, location: LocationSnapshot, entry: CatalogSchedule) -> None:
        super().__init__(context, location, entry)
        self.entry = entry

    @property
    def cron_schedule(self) -> str:
        return cron_of(self.entry)

    @property
    def cron_text(self) -> str:
        return describe(self.entry.crons)

    @property
    def execution_timezone(self) -> str:
        return self.entry.timezone

    @property
    def pipeline_name(self) -> str:
        return job_of(self.entry.target)

    @property
    def target_text(self) -> str:
        return target_text([self.entry.target])

    @property
    def schedule_state(self) -> State:
        return self.state(self.entry)

    def future_ticks(self, info: Any, cursor: float | None = None, limit: int | None = None, until: float | None = None) -> Wire:
        """The ticks after a moment (default: now); what each would come to is found out when somebody asks."""
        start = datetime.fromtimestamp(cursor, UTC) if cursor is not None else self.context.view.now
        most = _FUTURE if limit is None and until is None else page(limit, _MOST_FUTURE)
        ticks = _ticks_after(self.entry, start, min(most, _MOST_FUTURE), until)
        return typed("DryRunInstigationTicks", results=[self._future(at) for at in ticks])

    def _future(self, at: datetime) -> Wire:
        asked = AskedTick(self.name, round(at.timestamp() * 1_000_000))
        return typed(
            "DryRunInstigationTick", timestamp=at.timestamp(),
            evaluationResult=lambda info: evaluation(self.location.ask("asked_ticks:schedule_tick", asked)),
        )  # fmt: skip


class Sensor(_Instigator):
    """A sensor."""

    typename = "Sensor"
    kind = "sensor"

    def __init__(self, context: ApiContext, location: LocationSnapshot, entry: CatalogSensor) -> None:
        super().__init__(context, location, entry)
        self.entry = entry

    @property
    def sensor_type(self) -> str:
        return SENSOR_TYPES[self.entry.kind]

    @property
    def min_interval_seconds(self) -> int:
        return self.entry.minimum_interval_s

    @property
    def targets(self) -> list[Wire]:
        return [{"pipelineName": job_of(one)} for one in self.entry.targets]

    @property
    def target_text(self) -> str:
        return target_text(self.entry.targets)

    @property
    def sensor_state(self) -> State:
        return self.state(self.entry)

    @property
    def next_tick(self) -> Wire | None:
        """When it is evaluated next, if it is on: an interval after its last evaluation began, or now."""
        found = self.sensor_state.found
        if not found.is_on:
            return None
        at_us = found.record.last_started_us + self.entry.minimum_interval_s * 1_000_000
        asked = AskedTick(self.name)
        return typed(
            "DryRunInstigationTick", timestamp=seconds(max(at_us, self.context.now_us)),
            evaluationResult=lambda info: evaluation(self.location.ask("asked_ticks:sensor_tick", asked)),
        )  # fmt: skip


class State:
    """How a schedule or sensor stands."""

    typename = "InstigationState"

    def __init__(self, context: ApiContext, found: InstigatorState, entry: CatalogSchedule | CatalogSensor) -> None:
        self.context = context
        self.found = found
        self.entry = entry
        self.name = found.instigator.name

    @property
    def id(self) -> str:
        return id_of(self.found.instigator)

    @property
    def selector_id(self) -> str:
        return self.id.partition("::")[2]

    @property
    def instigation_type(self) -> str:
        return self.found.instigator.kind.upper()

    @property
    def status(self) -> str:
        return "RUNNING" if self.found.is_on else "STOPPED"

    @property
    def type_specific_data(self) -> Wire:
        """Since when a schedule counts; where a sensor has got to."""
        record = self.found.record
        if isinstance(self.entry, CatalogSchedule):
            return typed("ScheduleData", cronSchedule=cron_of(self.entry), startTimestamp=seconds(record.since_us))
        return typed(
            "SensorData", lastTickTimestamp=seconds(record.last_started_us), lastRunKey=record.last_run_key, lastCursor=record.cursor
        )

    def ticks(
        self, info: Any, day_range: int | None = None, day_offset: int | None = None, limit: int | None = None, cursor: str | None = None,
        statuses: Sequence[str] | None = None, before_timestamp: float | None = None, after_timestamp: float | None = None,
    ) -> list[Tick]:  # fmt: skip
        """Its ticks, newest first; the cursor is the id of the last one of the page before."""
        before, after = micros(before_timestamp), micros(after_timestamp)
        if day_range is not None:
            before = self.context.now_us - (day_offset or 0) * _DAY_S * 1_000_000
            after = before - day_range * _DAY_S * 1_000_000
        wanted = [own for own, name in _TICK_STATUS.items() if statuses is None or name in statuses]
        if self.found.instigator not in records_of(self.context) or not wanted:
            return []
        found: list[Tick] = []
        most = page(limit)
        for tick in self._newest(wanted, int(cursor) if cursor else None):
            at_us = moment_of(tick)
            if (after is not None and at_us <= after) or len(found) == most:
                break
            if before is None or at_us < before:
                found.append(Tick(self.context, tick, self.found.timezone))
        self.context.runs.expect(str(run_id) for tick in found for run_id in tick.record.run_ids)
        return found

    def _newest(self, statuses: Sequence[TickStatus], before: int | None) -> Iterator[TickRecord]:
        reader = self.context.reader
        while ticks := reader.ticks(self.found.instigator, before=before, limit=100, statuses=statuses):
            yield from ticks
            before = ticks[-1].seq


class Tick:
    """One tick, or several that were missed together."""

    typename = "InstigationTick"
    log_key = None

    def __init__(self, context: ApiContext, record: TickRecord, timezone: str) -> None:
        self.context = context
        self.record = record
        self.timezone = timezone
        self.id = self.tick_id = str(record.seq)
        self.cursor = record.cursor
        self.missed = record.missed

    @property
    def status(self) -> str:
        return _TICK_STATUS[self.record.status]

    @property
    def timestamp(self) -> float:
        return moment_of(self.record) / 1_000_000

    @property
    def end_timestamp(self) -> float | None:
        return seconds(self.record.ended_us)

    @property
    def run_ids(self) -> list[str]:
        return [str(one) for one in self.record.run_ids]

    @property
    def run_keys(self) -> list[str]:
        """The keys of the runs that it started, and those that had been spent."""
        runs = [run for one in self.record.run_ids if (run := self.context.runs.get(str(one))) is not None]
        found = [run.tags[RUN_KEY_TAG] for run in runs if RUN_KEY_TAG in run.tags]
        return [*found, *(key for key, _ in self.record.spent if key)]

    @property
    def error(self) -> Wire | None:
        return python_error(self.record.error)

    @property
    def skip_reason(self) -> str | None:
        """Why nothing was started, or that nobody was there."""
        return next(what_lines(self.record, {}, self.timezone), None) if self.record.missed else self.record.skip_message

    @property
    def lines(self) -> list[str]:
        """What came of it, line by line."""
        runs = {one: run for one in self.record.run_ids if (run := self.context.runs.get(str(one))) is not None}
        log = first_lines(self.context.instance, self.record)
        return [line for text in what_lines(self.record, runs, self.timezone, log=log, is_short=True) for line in text.splitlines()]


# -- parts ------------------------------------------------------------------------------------------------------------------------


def instigator_of(location: LocationSnapshot, kind: Kind, name: str) -> InstigatorId:
    """What a daemon knows one by: a session is its notebook, whatever that was called when the session began."""
    is_file = location.kind == "session" and bool(location.path)
    return InstigatorId(PurePath(location.path).name if is_file else location.name, kind, name)


def id_of(instigator: InstigatorId) -> str:
    """The id of a schedule or sensor: ``<origin>::<selector>``."""
    return f"{_digest('origin', instigator)}::{_digest('selector', instigator)}"


def is_meant(instigator: InstigatorId, *given: str | None) -> bool:
    """Whether an id, or either half of one, is that of this schedule or sensor."""
    own = id_of(instigator)
    known = {own, *own.split("::")}
    return any(one in known for one in given if one)


def _digest(what: str, instigator: InstigatorId) -> str:
    return hashlib.sha1(f"{what}:{instigator.text}".encode(), usedforsecurity=False).hexdigest()


def records_of(context: ApiContext) -> Mapping[InstigatorId, InstigatorRecord]:
    """What is recorded of schedules and sensors, read once for a request."""
    known: Mapping[InstigatorId, InstigatorRecord] | None = context.kept.get("instigators")
    if known is None:
        known = context.kept["instigators"] = context.reader.instigators()
    return known


def job_of(target: CatalogTarget | None) -> str:
    """The job that is started; a selection of assets is started by the job of all assets."""
    return target.job if target is not None and target.job is not None else ASSET_JOB


def cron_of(entry: CatalogSchedule) -> str:
    """Its cron; of several the list of them as text."""
    return entry.crons[0] if len(entry.crons) == 1 else json.dumps(list(entry.crons))


def moment_of(tick: TickRecord) -> int:
    """The moment that a tick stands for: the nominal one of a schedule, the start of a sensor's evaluation."""
    return tick.scheduled_us or tick.first_us or tick.started_us or tick.ended_us


def _ticks_after(entry: CatalogSchedule, start: datetime, most: int, until: float | None) -> list[datetime]:
    found: list[datetime] = []
    at = next_due(entry, start)
    while at is not None and len(found) < most and (until is None or at.timestamp() <= until):
        found.append(at)
        at = next_due(entry, at)
    return found


def evaluation(answer: Answer) -> Wire:
    """What a tick would come to."""
    if answer.refusal is not None:
        return typed("TickEvaluation", runRequests=None, skipReason=None, error=python_error(answer.refusal), cursor=None)
    found: WouldBe = answer.value
    requests = [_request(one) for one in found.runs] if found.error is None else None
    return typed(
        "TickEvaluation", runRequests=requests, skipReason=found.skipped or None, error=python_error(found.error), cursor=found.cursor
    )


def _request(one: WouldRun) -> Wire:
    given = {**one.tags, **({PARTITION_TAG: one.partition} if one.partition is not None else {})}
    config = one.config if isinstance(one.config, Mapping) else {}
    return typed("RunRequest", runKey=one.run_key, tags=tags(told(given)), runConfigYaml=yaml_of(config) if config else "{}\n")


def all_instigators(context: ApiContext) -> Iterator[Schedule | Sensor]:
    """Every schedule and sensor of every location."""
    for location in context.snapshot.locations:
        yield from (Schedule(context, location, one) for one in location.catalog.schedules)
        yield from (Sensor(context, location, one) for one in location.catalog.sensors)


def schedules_of(context: ApiContext, location: LocationSnapshot) -> list[Schedule]:
    """The schedules of a location, by name."""
    return [Schedule(context, location, one) for one in sorted(location.catalog.schedules, key=lambda one: one.name)]


def sensors_of(context: ApiContext, location: LocationSnapshot) -> list[Sensor]:
    """The sensors of a location, by name."""
    return [Sensor(context, location, one) for one in sorted(location.catalog.sensors, key=lambda one: one.name)]


def find_schedule(context: ApiContext, selector: Wire) -> Schedule | None:
    """The schedule that a selector names."""
    location = find_location(context, selector)
    known = schedules_of(context, location) if location is not None else []
    return next((one for one in known if one.name == selector["schedule_name"]), None)


def find_sensor(context: ApiContext, selector: Wire) -> Sensor | None:
    """The sensor that a selector names."""
    location = find_location(context, selector)
    known = sensors_of(context, location) if location is not None else []
    return next((one for one in known if one.name == selector["sensor_name"]), None)


def not_found(context: ApiContext, kind: Kind, selector: Wire) -> Wire:
    """That there is no such schedule or sensor, with what may be meant."""
    name, place = selector.get(f"{kind}_name") or selector.get("name", ""), selector["repository_location_name"]
    location = context.snapshot.by_name.get(place)
    entries: Sequence[CatalogSchedule | CatalogSensor] = ()
    if location is not None:
        entries = location.catalog.schedules if kind == "schedule" else location.catalog.sensors
    near = did_you_mean(name, [one.name for one in entries])
    told_name = "ScheduleNotFoundError" if kind == "schedule" else "SensorNotFoundError"
    return typed(told_name, message=f"no {kind} '{name}' is defined in {place}. {near}".rstrip())


# -- resolvers --------------------------------------------------------------------------------------------------------------------


def _schedules(parent: Any, info: Any, repository_selector: Wire, schedule_status: str | None = None) -> Any:
    location = find_location(info.context, repository_selector)
    if location is None:
        return no_repository(info.context, repository_selector)
    found = schedules_of(info.context, location)
    return typed("Schedules", results=[one for one in found if schedule_status in (None, one.schedule_state.status)])


def _sensors(parent: Any, info: Any, repository_selector: Wire, sensor_status: str | None = None) -> Any:
    location = find_location(info.context, repository_selector)
    if location is None:
        return no_repository(info.context, repository_selector)
    found = sensors_of(info.context, location)
    return typed("Sensors", results=[one for one in found if sensor_status in (None, one.sensor_state.status)])


def _schedule(parent: Any, info: Any, schedule_selector: Wire) -> Any:
    return find_schedule(info.context, schedule_selector) or not_found(info.context, "schedule", schedule_selector)


def _sensor(parent: Any, info: Any, sensor_selector: Wire) -> Any:
    return find_sensor(info.context, sensor_selector) or not_found(info.context, "sensor", sensor_selector)


def _state(parent: Any, info: Any, instigation_selector: Wire, id: str | None = None) -> Any:  # noqa: A002 - the schema's name
    """How a schedule or sensor stands, by its name; by its id where one of each kind has the name."""
    context: ApiContext = info.context
    name = instigation_selector["name"]
    location = find_location(context, instigation_selector)
    found: list[Schedule | Sensor] = []
    if location is not None:
        found += [one for one in schedules_of(context, location) if one.name == name]
        found += [one for one in sensors_of(context, location) if one.name == name]
    if id and len(found) > 1:
        found = [one for one in found if is_meant(one.key, id)]
    if not found:
        place = instigation_selector["repository_location_name"]
        return typed("InstigationStateNotFoundError", message=f"no schedule or sensor '{name}' is defined in {place}.")
    first = found[0]
    return first.state(first.entry)


def _schedules_of(parent: Repository, info: Any) -> list[Schedule]:
    return schedules_of(parent.context, parent.snapshot)


def _sensors_of(parent: Repository, info: Any, sensor_type: str | None = None) -> list[Sensor]:
    return [one for one in sensors_of(parent.context, parent.snapshot) if sensor_type in (None, one.sensor_type)]


def _schedules_of_job(parent: Job, info: Any) -> list[Schedule]:
    return [one for one in schedules_of(parent.context, parent.location) if one.pipeline_name == parent.job.name]


def _sensors_of_job(parent: Job, info: Any) -> list[Sensor]:
    found = sensors_of(parent.context, parent.location)
    return [one for one in found if parent.job.name in [job_of(target) for target in one.entry.targets]]


RESOLVERS = {
    "Query.schedulesOrError": _schedules,
    "Query.scheduleOrError": _schedule,
    "Query.sensorsOrError": _sensors,
    "Query.sensorOrError": _sensor,
    "Query.instigationStateOrError": _state,
    "Repository.schedules": _schedules_of,
    "Repository.sensors": _sensors_of,
    "IPipelineSnapshot.schedules": _schedules_of_job,
    "IPipelineSnapshot.sensors": _sensors_of_job,
}
