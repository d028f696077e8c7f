"""What schedules and sensors would start, and why not: each is called to see what it asks for, and nothing is started or written.

A schedule is asked for each tick of the coming days, at the partitions that will exist by then. A sensor is asked once, now, at the cursor
that is given (none: as the first time). One whose function fails is told with the line that failed, and hides no other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from nbasset.commands.automation import evaluate_sensor
from nbasset.commands.carrying_out import checked_config
from nbasset.commands.forecast_facts import Asked, AskedRun, Forecast, ScheduleForecast, SensorForecast
from nbasset.commands.job_verbs import named
from nbasset.commands.looking import looking_at
from nbasset.commands.scope import Scope
from nbasset.commands.words import counted, days_text
from nbasset.definitions.automation_sensors import AutomationConditionSensorDefinition
from nbasset.definitions.catalog_instigators import SensorExecutionData
from nbasset.definitions.job import validate_run_config
from nbasset.definitions.listed_partitions import AddDynamicPartitionsRequest
from nbasset.definitions.local_time import wall_of, zone_of
from nbasset.definitions.partitions import PartitionsView
from nbasset.definitions.requests import RUN_KEY_TAG, RunRequest
from nbasset.definitions.schedules import ScheduleDefinition, ScheduleEvaluationContext
from nbasset.definitions.selection import AssetSelection
from nbasset.definitions.sensors import SensorEvaluationContext
from nbasset.definitions.targets import AutomationTarget
from nbasset.errors import Error, InvalidInvocationError
from nbasset.events.kinds import PartitionsAdded, PartitionsDeleted
from nbasset.events.records import RunQuery, RunRecord
from nbasset.execution.failures import error_info
from nbasset.planning.asked_partitions import asked_partitions
from nbasset.planning.automation_state import ConditionNode
from nbasset.planning.ticks import (
    Decided,
    PreviewedTick,
    decide_schedule_requests,
    decide_sensor_requests,
    next_due,
    preview,
    schedule_run_tags,
    sensor_run_tags,
)
from nbasset.secrets import mask_data, mask_secrets

_MOST_RUNS = 1000
_DAY_S = 86_400.0


def forecast(scope: Scope, *, days: float = 7, limit: int = 10, now: datetime | None = None) -> Forecast:
    """Schedules of the next days and sensors of now."""
    moment = now or scope.view().now
    return Forecast(
        scope.location.name,
        moment,
        moment + timedelta(seconds=days * _DAY_S),
        tuple(schedule_forecast(scope, name, days=days, limit=limit, now=moment) for name in sorted(scope.resolved.schedules)),
        tuple(sensor_forecast(scope, name, now=moment) for name in sorted(scope.resolved.sensors)),
    )


def schedule_forecast(scope: Scope, name: str, *, days: float = 7, limit: int = 10, now: datetime | None = None) -> ScheduleForecast:
    """The next ticks of a schedule, at most `limit` in so many days.

    Raises
    ------
    UnknownJob
        If there is no such schedule.
    """
    definition: ScheduleDefinition = named(scope, "schedule", name)
    entry = definition.to_catalog()
    moment = now or scope.view().now
    until = moment + timedelta(seconds=days * _DAY_S)
    looking = _Looking(scope)
    found = preview(definition, moment, limit + 1, until=until, context=looking.context_of(definition))
    following = _on_clock(next_due(entry, moment), definition)
    note = ""
    if not found:
        note = "no tick ever" if following is None else f"no tick within {days_text(days)}; the next one is {following:%Y-%m-%d %H:%M %Z}"
    ticks = tuple(looking.tick(definition, one) for one in found[:limit])
    return ScheduleForecast(entry, ticks, len(found) > limit, following, note)


def evaluate_schedule(scope: Scope, name: str, *, at: str = "", now: datetime | None = None) -> ScheduleForecast:
    """One tick of a schedule: that of the moment `at` (on its clock, where it names no zone), by default the next.

    Raises
    ------
    UnknownJob
        If there is no such schedule.
    InvalidInvocationError
        If `at` is no moment, or there is no next tick.
    """
    definition: ScheduleDefinition = named(scope, "schedule", name)
    entry = definition.to_catalog()
    following = _on_clock(next_due(entry, now or scope.view().now), definition)
    moment = _moment(at, definition) if at else following
    if moment is None:
        raise InvalidInvocationError(f"schedule '{name}' has no tick any more. Name a moment: --at 2013-06-01T06:00.")
    looking = _Looking(scope)
    before = datetime.fromtimestamp(moment.timestamp() - 1, UTC)
    is_tick = any(tick.timestamp() == moment.timestamp() for tick in definition.ticks(before, 1))
    note = "" if is_tick else f"{moment:%Y-%m-%d %H:%M %Z} is no tick of {' or '.join(definition.crons)}"
    tick = looking.tick(definition, looking.evaluated(definition, moment))
    return ScheduleForecast(entry, (tick,), False, following, note)


def sensor_forecast(scope: Scope, name: str, *, cursor: str | None = None, now: datetime | None = None) -> SensorForecast:
    """What a sensor asks for at a cursor. The cursor that it would leave is told, not kept.

    Raises
    ------
    UnknownJob
        If there is no such sensor.
    """
    definition = named(scope, "sensor", name)
    looking = _Looking(scope)
    moment = now or scope.view().now
    conditions: list[tuple[str, bool, str]] = []
    try:
        if isinstance(definition, AutomationConditionSensorDefinition):
            asked = looking.automation(definition, cursor, moment, conditions)
        else:
            asked = looking.sensor(definition, cursor, moment)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the user's function raises is told
        asked = Asked(moment, error=error_info(error))
    return SensorForecast(definition.to_catalog(), asked, tuple(conditions))


class _Looking:
    """A scope that is only looked at, and how what is asked for in it is read."""

    def __init__(self, scope: Scope) -> None:
        self.scope, self.store = looking_at(scope)
        self.definitions = self.scope.location.definitions
        self._told = 0

    # -- schedules ---------------------------------------------------------------------------------------------------------

    def context_of(self, definition: ScheduleDefinition) -> Callable[[datetime], ScheduleEvaluationContext]:
        """What makes the context of a tick."""

        def make(at: datetime) -> ScheduleEvaluationContext:
            return ScheduleEvaluationContext(
                instance=self.scope.instance, scheduled_execution_time=at, resources=self.scope.resources, definitions=self.definitions,
                schedule_name=definition.name,
            )  # fmt: skip

        return make

    def evaluated(self, definition: ScheduleDefinition, at: datetime) -> PreviewedTick:
        """One tick."""
        context = self.context_of(definition)(at)
        with context:
            try:
                return PreviewedTick(at, definition.evaluate_tick(context))
            except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the user's function raises is told
                return PreviewedTick(at, error=str(error), failure=error)

    def tick(self, definition: ScheduleDefinition, tick: PreviewedTick) -> Asked:
        """A tick with the runs that would come of it."""
        if tick.failure is not None or tick.data is None:
            return Asked(tick.at, error=error_info(tick.failure or Error(tick.error or "")))
        decided = decide_schedule_requests(tick.data.run_requests, definition.name, tick.at, self._known_of_tick(definition.name, tick.at))
        view = self.scope.instance.partitions_view(tick.at)
        targets = [definition.target] if definition.target is not None else []
        runs = tuple(self._run(one, targets, view) for one in decided)
        return Asked(
            tick.at, runs, mask_secrets(tick.data.skip_message or ""), also=self._written(), log_lines=_masked(tick.data.log_lines)
        )

    def _known_of_tick(self, name: str, at: datetime) -> dict[str | None, RunRecord]:
        query = RunQuery(tags=schedule_run_tags(name, at), limit=_MOST_RUNS)
        return {run.tags.get(RUN_KEY_TAG): run for run in self.scope.instance.reader.runs(query).items}

    # -- sensors -----------------------------------------------------------------------------------------------------------

    def sensor(self, definition: Any, cursor: str | None, now: datetime) -> Asked:
        """What a sensor asks for."""
        context = SensorEvaluationContext(
            instance=self.scope.instance, cursor=cursor, resources=self.scope.resources, definitions=self.definitions,
            sensor_name=definition.name,
        )  # fmt: skip
        with context:
            data: SensorExecutionData = definition.evaluate_tick(context)
        decided = decide_sensor_requests(data.run_requests, definition.name, self._known_keys(definition.name, data.run_requests))
        self._note(data)
        view = self.scope.instance.partitions_view(None)
        runs = tuple(self._run(one, definition.targets, view) for one in decided)
        failed = next((one for one in data.run_reactions if one.error), None)
        also = [
            *self._written(),
            *([f"{counted(len(data.asset_events), 'fact')} about assets would be reported"] if data.asset_events else []),
        ]
        also += [f"its function was called for {counted(len(data.run_reactions), 'run')}"] if data.run_reactions else []
        also += [f"it failed for run {failed.run_id[:8]}: {mask_secrets(failed.error or '')}"] if failed is not None else []
        return Asked(now, runs, mask_secrets(data.skip_message or ""), None, tuple(also), _masked(data.log_lines), data.cursor)

    def _known_keys(self, name: str, requests: Sequence[RunRequest]) -> dict[str, RunRecord]:
        keys = {one.run_key for one in requests if one.run_key is not None}
        found: dict[str, RunRecord] = {}
        for key in keys:
            for run in self.scope.instance.reader.runs(RunQuery(tags=sensor_run_tags(name, key), limit=1)).items:
                found[key] = run
        return found

    def _note(self, data: SensorExecutionData) -> None:
        """Let partitions that an evaluation adds and deletes be there, as they would be for its runs."""
        for one in data.dynamic_partitions_requests:
            if isinstance(one, AddDynamicPartitionsRequest):
                self.scope.instance.add_dynamic_partitions(one.partitions_def_name, one.partition_keys)
                continue
            for key in one.partition_keys:
                self.scope.instance.delete_dynamic_partition(one.partitions_def_name, key)

    def _written(self) -> tuple[str, ...]:
        """What the function would have changed, in words; asked for once."""
        events, self._told = self.store.written[self._told :], len(self.store.written)
        said = [f"adds {_keys(event)} to '{event.name}'" for event in events if isinstance(event, PartitionsAdded)]
        said += [f"deletes {_keys(event)} from '{event.name}'" for event in events if isinstance(event, PartitionsDeleted)]
        others = len(events) - len(said)
        return (*said, *([f"{counted(others, 'more fact')} would be recorded"] if others else []))

    def automation(
        self, definition: AutomationConditionSensorDefinition, cursor: str | None, now: datetime, conditions: list[tuple[str, bool, str]]
    ) -> Asked:
        """What conditions ask for; how each stands is put into `conditions`."""
        result, asked, space = evaluate_sensor(self.scope, definition, cursor)
        for entity, node in sorted(result.nodes.items(), key=lambda item: str(item[0])):
            ordinals = result.requested.get(entity)
            own = space.partitions_def(entity)
            keys = _short(own.keys_of(ordinals, space.view.table)) if own is not None and ordinals else ""
            error = result.errors.get(entity)
            why = error or (keys or "asked for" if ordinals else unmet(node))
            conditions.append((str(entity), bool(ordinals), mask_secrets(why)))
        runs = [self._run(Decided(request, "new"), (), space.view) for request in asked.runs]
        also = []
        for key, ordinals in asked.backfill.items():
            part = self.scope.catalog.by_key[key].partitions_def
            assert part is not None
            also.append(
                f"a backfill would make {counted(len(ordinals), 'partition')} of {key}: {_short(part.keys_of(ordinals, space.view.table))}"
            )
        skipped = "" if runs or also else "no condition is true"
        return Asked(now, tuple(runs), skipped, None, tuple(also))

    # -- both --------------------------------------------------------------------------------------------------------------

    def _run(self, decided: Decided, targets: Sequence[AutomationTarget], view: PartitionsView) -> AskedRun:
        request = decided.request
        job = self.scope.resolved.jobs.get(request.job_name) if request.job_name is not None else None
        made = AskedRun(
            request.job_name, request.partition_key, run_key=request.run_key, run_config=mask_data(request.run_config),
            checks=tuple(map(str, request.asset_check_keys or ())), tags=mask_data(dict(request.tags)),
            only_stale=request.stale_assets_only, ran=decided.run_id if decided.what == "spent" else None,
        )  # fmt: skip
        try:
            return self._filled(made, request, job, targets, view)
        except Error as error:
            return replace(made, problem=mask_secrets(str(error)))

    def _filled(self, made: AskedRun, request: RunRequest, job: Any, targets: Sequence[AutomationTarget], view: PartitionsView) -> AskedRun:
        catalog = self.scope.catalog
        if request.job_name is not None and job is None:
            raise InvalidInvocationError(f"job '{request.job_name}' is not defined in {self.scope.location.name}.")
        if job is not None and not job.is_asset_job:
            validate_run_config(job, request.run_config or None)
            return replace(made, ops=tuple(step.handle for step in job.steps))
        if request.asset_selection is not None:
            keys = frozenset(request.asset_selection)
        else:
            selection = job.selection if job is not None else next((one.selection for one in targets if one.selection is not None), None)
            keys = AssetSelection.from_coercible(selection).resolve(catalog) if selection is not None else frozenset()
        ordinals = {}
        key = request.partition_key
        if key is not None and keys:
            ordinals = asked_partitions(catalog, keys, keys, lambda one: one.ordinals_of([key], view), view, words=repr(key))
        parted = [one for one in catalog.order if one in keys and catalog.by_key[one].partitions_def is not None]
        if key is None and parted:
            raise InvalidInvocationError(f"'{parted[0]}' has partitions, and the request names none: RunRequest(partition_key=...).")
        nodes = frozenset(str(catalog.by_key[one].node) for one in keys)
        checked_config(self.scope, nodes, request.run_config or None)
        assets = []
        for one in (one for one in catalog.order if one in keys):
            own = catalog.by_key[one].partitions_def
            assets.append((one, tuple(own.keys_of(ordinals[one], view.table)) if own is not None and one in ordinals else ()))
        return replace(made, assets=tuple(assets))


def unmet(node: ConditionNode, *, is_whole: bool = True) -> str:
    """The part of a condition that does not hold and keeps it from asking, in words. A part with a label is named by it."""
    if not node.parts or (node.label is not None and not is_whole):
        return f"not: {node.label or node.name}"
    false = [part for part in node.parts if not part.true]
    if _is_or(node) and len(false) > 1:
        return "none of: " + "; ".join(part.label or part.name for part in false)
    return unmet(false[0], is_whole=False) if false else f"not: {node.label or node.name}"


def _is_or(node: ConditionNode) -> bool:
    return len(node.parts) > 1 and f"{node.parts[0].name} | " in node.name


def _on_clock(moment: datetime | None, definition: ScheduleDefinition) -> datetime | None:
    return zone_of(definition.execution_timezone).datetime(int(moment.timestamp())) if moment is not None else None


def _moment(text: str, definition: ScheduleDefinition) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInvocationError(
            f"{text!r} is no moment. Write --at 2013-06-01T06:00, or with a zone 2013-06-01T06:00+02:00."
        ) from None
    zone = zone_of(definition.execution_timezone)
    seconds = zone.instant(wall_of(found)) if found.tzinfo is None else int(found.timestamp())
    return zone.datetime(seconds)


def _keys(event: PartitionsAdded | PartitionsDeleted) -> str:
    return _short([ref.key for ref in event.partitions])


def _short(keys: Sequence[str], most: int = 5) -> str:
    return ", ".join(keys[:most]) + (f" and {len(keys) - most} more" if len(keys) > most else "")


def _masked(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(map(mask_secrets, lines))
