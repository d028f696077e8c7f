"""Switching schedules and sensors, moving a sensor's cursor, and looking at what a tick would come to."""

from __future__ import annotations

from typing import Any

from nbasset.api.context import ApiContext
from nbasset.api.instigators import (
    Schedule,
    Sensor,
    all_instigators,
    evaluation,
    find_schedule,
    find_sensor,
    is_meant,
    not_found,
)
from nbasset.api.wire import Wire, micros, python_error, seconds, typed
from nbasset.arguments.options_automation import Action
from nbasset.commands.asked_ticks import AskedTick
from nbasset.commands.instigators import move_cursor, switch
from nbasset.errors import InvalidInvocationError, UnknownJob


def _switched(one: Schedule | Sensor, action: Action) -> None:
    """Switch one on or off, or let its definition say so again.

    Raises
    ------
    InvalidInvocationError
        If no daemon could ever find it, since its notebook is not a file.
    """
    context = one.context
    _check_place(one)
    switch(context.instance, one.key, one.entry, action, now=context.view.now, by=context.user)
    context.kept.pop("instigators", None)


def _check_place(one: Schedule | Sensor) -> None:
    if one.location.kind == "session" and not one.location.path:
        raise InvalidInvocationError(
            f"{one.kind} '{one.name}' is in this session only, where no daemon finds it. Save it in a notebook or module of the project."
        )


def _set_schedule(context: ApiContext, selector: Wire, action: Action) -> Wire:
    found = find_schedule(context, selector)
    if found is None:
        return not_found(context, "schedule", selector)
    _switched(found, action)
    return typed("ScheduleStateResult", scheduleState=found.schedule_state)


def _set_sensor(context: ApiContext, selector: Wire, action: Action) -> Any:
    found = find_sensor(context, selector)
    if found is None:
        return not_found(context, "sensor", selector)
    _switched(found, action)
    return found


def _named(context: ApiContext, kind: str, *ids: str | None) -> Schedule | Sensor:
    """The schedule or sensor of an id, or of either half of one.

    Raises
    ------
    UnknownJob
        If there is none.
    """
    for one in all_instigators(context):
        if one.kind == kind and is_meant(one.key, *ids):
            return one
    given = next(filter(None, ids), "")
    raise UnknownJob(f"no {kind} has the id '{given}'. Ids are those of {kind}s and of their states.")


# -- resolvers --------------------------------------------------------------------------------------------------------------------


def _start_schedule(parent: Any, info: Any, schedule_selector: Wire) -> Wire:
    return _set_schedule(info.context, schedule_selector, "start")


def _reset_schedule(parent: Any, info: Any, schedule_selector: Wire) -> Wire:
    return _set_schedule(info.context, schedule_selector, "reset")


def _stop_schedule(
    parent: Any, info: Any, id: str | None = None, schedule_origin_id: str | None = None, schedule_selector_id: str | None = None  # noqa: A002
) -> Wire:  # fmt: skip
    found = _named(info.context, "schedule", id, schedule_selector_id, schedule_origin_id)
    _switched(found, "stop")
    return typed("ScheduleStateResult", scheduleState=found.state(found.entry))


def _start_sensor(parent: Any, info: Any, sensor_selector: Wire) -> Any:
    return _set_sensor(info.context, sensor_selector, "start")


def _reset_sensor(parent: Any, info: Any, sensor_selector: Wire) -> Any:
    return _set_sensor(info.context, sensor_selector, "reset")


def _stop_sensor(
    parent: Any, info: Any, id: str | None = None, job_origin_id: str | None = None, job_selector_id: str | None = None  # noqa: A002
) -> Wire:  # fmt: skip
    found = _named(info.context, "sensor", id, job_selector_id, job_origin_id)
    _switched(found, "stop")
    return typed("StopSensorMutationResult", instigationState=found.state(found.entry))


def _set_cursor(parent: Any, info: Any, sensor_selector: Wire, cursor: str | None = None) -> Any:
    context: ApiContext = info.context
    found = find_sensor(context, sensor_selector)
    if found is None:
        return not_found(context, "sensor", sensor_selector)
    _check_place(found)
    move_cursor(context.instance, found.key, cursor, by=context.user)
    context.kept.pop("instigators", None)
    return found


def _schedule_dry_run(parent: Any, info: Any, selector_data: Wire, timestamp: float | None = None) -> Any:
    """What a tick would come to: that of a moment, by default the next. Nothing is started."""
    found = find_schedule(info.context, selector_data)
    if found is None:
        return not_found(info.context, "schedule", selector_data)
    answer = found.location.ask("asked_ticks:schedule_tick", AskedTick(found.name, micros(timestamp) or 0))
    return python_error(answer.refusal) if answer.refusal is not None else _dry_run(answer)


def _sensor_dry_run(parent: Any, info: Any, selector_data: Wire, cursor: str | None = None) -> Any:
    """What an evaluation would come to at a cursor, without one as if it were the first. Nothing is started, and no cursor is kept."""
    found = find_sensor(info.context, selector_data)
    if found is None:
        return not_found(info.context, "sensor", selector_data)
    answer = found.location.ask("asked_ticks:sensor_tick", AskedTick(found.name, cursor=cursor or ""))
    return python_error(answer.refusal) if answer.refusal is not None else _dry_run(answer)


def _dry_run(answer: Any) -> Wire:
    return typed("DryRunInstigationTick", timestamp=seconds(answer.value.at_us), evaluationResult=evaluation(answer))


RESOLVERS = {
    "Mutation.startSchedule": _start_schedule,
    "Mutation.stopRunningSchedule": _stop_schedule,
    "Mutation.resetSchedule": _reset_schedule,
    "Mutation.startSensor": _start_sensor,
    "Mutation.stopSensor": _stop_sensor,
    "Mutation.resetSensor": _reset_sensor,
    "Mutation.setSensorCursor": _set_cursor,
    "Mutation.scheduleDryRun": _schedule_dry_run,
    "Mutation.sensorDryRun": _sensor_dry_run,
}
