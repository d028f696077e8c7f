"""What schedules and sensors would start, and why not: each is called to see what it asks for, and nothing is started or written.

A schedule is asked for each tick of the coming days, at the partitions that will exist by then. A sensor is asked once, now, at the cursor
that it has got to, or at another one. One whose function fails is told with the line that failed, and hides no other.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from nbasset.commands.asked_runs import plan_of_request
from nbasset.commands.evaluations import Evaluation, Evaluator, SensorMoment, effects_text, short_list
from nbasset.commands.forecast_facts import Asked, AskedRun, Forecast, ScheduleForecast, SensorForecast
from nbasset.commands.instigators import InstigatorState, state_of
from nbasset.commands.job_verbs import named
from nbasset.commands.scope import Scope
from nbasset.commands.words import counted, days_text
from nbasset.definitions.automation_sensors import AutomationConditionSensorDefinition
from nbasset.definitions.local_time import wall_of, zone_of
from nbasset.definitions.schedules import ScheduleDefinition
from nbasset.errors import Error, InvalidInvocationError
from nbasset.execution.failures import error_info
from nbasset.planning.ticks import Decided, next_due
from nbasset.secrets import mask_data, mask_secrets

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
    found = [at for at in definition.ticks(moment, limit + 1) if at.timestamp() <= until.timestamp()]
    following = _on_clock(next_due(entry, moment), definition)
    note = ""
    if not found:
        note = "no tick ever" if following is None else f"no tick within {days_text(days)}; the next one is {following:%Y-%m-%d %H:%M %Z}"
    looking = Evaluator(scope)
    ticks = tuple(_tick(looking, definition, at, moment) for at in found[:limit])
    state = state_of(scope, "schedule", name)
    return ScheduleForecast(entry, ticks, len(found) > limit, following, note, state.is_on, state.text)


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
    before = datetime.fromtimestamp(moment.timestamp() - 1, UTC)
    is_tick = any(tick.timestamp() == moment.timestamp() for tick in definition.ticks(before, 1))
    note = "" if is_tick else f"{moment:%Y-%m-%d %H:%M %Z} is no tick of {' or '.join(definition.crons)}"
    tick = _tick(Evaluator(scope), definition, moment, now or scope.view().now)
    state = state_of(scope, "schedule", name)
    return ScheduleForecast(entry, (tick,), False, following, note, state.is_on, state.text)


def sensor_forecast(scope: Scope, name: str, *, cursor: str | None = None, now: datetime | None = None) -> SensorForecast:
    """What a sensor asks for at a cursor: by default where its ticks have got to, ``""`` as if for the first time.

    The cursor that it would leave is told, not kept.

    Raises
    ------
    UnknownJob
        If there is no such sensor.
    """
    definition = named(scope, "sensor", name)
    state = state_of(scope, "sensor", name)
    looking = Evaluator(scope)
    moment = now or scope.view().now
    try:
        found = looking.sensor(definition, _known(state, cursor, moment))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the user's function raises is told
        failed = Asked(moment, error=error_info(error), log_lines=looking.take_log_lines())
        return SensorForecast(definition.to_catalog(), failed, is_on=state.is_on, state=state.text)
    asked = _asked(looking, found, moment)
    cursor_after = None if isinstance(definition, AutomationConditionSensorDefinition) else found.cursor
    return SensorForecast(definition.to_catalog(), replace(asked, cursor=cursor_after), found.conditions, state.is_on, state.text)


def _known(state: InstigatorState, cursor: str | None, now: datetime) -> SensorMoment:
    """What a sensor would be told by a tick of now."""
    if cursor == "":
        return SensorMoment(now)
    record = state.record
    return SensorMoment(
        now, record.cursor if cursor is None else cursor, record.last_run_key, record.since_us if state.is_on else 0, record.last_started_us
    )  # fmt: skip


def _tick(looking: Evaluator, definition: ScheduleDefinition, at: datetime, now: datetime) -> Asked:
    """One tick with the runs that would come of it."""
    try:
        found = looking.schedule(definition, at, now)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the user's function raises is told
        return Asked(at, error=error_info(error), log_lines=looking.take_log_lines())
    return _asked(looking, found, at)


def _asked(looking: Evaluator, found: Evaluation, at: datetime) -> Asked:
    scope = looking.scope
    runs = tuple(_run(scope, one, found) for one in found.decided)
    also = [*effects_text(found.events), *found.also]
    for key, ordinals in found.backfill.items():
        part = scope.catalog.by_key[key].partitions_def
        assert part is not None
        keys = short_list(part.keys_of(ordinals, found.view.table))
        also.append(f"a backfill would make {counted(len(ordinals), 'partition')} of {key}: {keys}")
    return Asked(at, runs, found.skipped, None, tuple(also), looking.take_log_lines())


def _run(scope: Scope, decided: Decided, found: Evaluation) -> AskedRun:
    request = decided.request
    made = AskedRun(
        request.job_name, request.partition_key, run_key=request.run_key, run_config=mask_data(request.run_config),
        checks=tuple(map(str, request.asset_check_keys or ())), tags=mask_data(dict(request.tags)),
        only_stale=request.stale_assets_only, ran=decided.run_id if decided.what == "spent" else None,
    )  # fmt: skip
    try:
        plan = plan_of_request(scope, request.with_changes(stale_assets_only=False), found.targets, found.view)
    except Error as error:
        return replace(made, problem=mask_secrets(str(error)))
    job = scope.resolved.jobs.get(plan.job) if plan.job is not None else None
    if job is not None and not job.is_asset_job:
        return replace(made, ops=tuple(step.handle for step in plan.steps))
    made_by_key = {target.asset: target.partitions for target in plan.targets}
    assets = []
    for key in (key for key in scope.catalog.order if key in made_by_key):
        own, ordinals = scope.catalog.by_key[key].partitions_def, made_by_key[key]
        assets.append((key, tuple(own.keys_of(ordinals, found.view.table)) if own is not None and ordinals is not None else ()))
    return replace(made, assets=tuple(assets))


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
