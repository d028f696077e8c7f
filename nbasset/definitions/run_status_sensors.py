"""Sensors that are called for runs which reached a state: succeeded, failed, started."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any, overload

from nbasset.definitions.asset_sensors import joined
from nbasset.definitions.catalog_instigators import (
    CatalogSensor,
    DefaultSensorStatus,
    RunReaction,
    SensorExecutionData,
)
from nbasset.definitions.evaluating import items_of
from nbasset.definitions.instigator_context import InstigatorContext
from nbasset.definitions.requests import PARTITION_TAG, SENSOR_TAG, SkipReason
from nbasset.definitions.run_status import STATUS_OF_EVENT, RunStatus
from nbasset.definitions.schedules import call_by_hand
from nbasset.definitions.sensors import SensorDefinition, SensorEvaluationContext
from nbasset.errors import InvalidDefinitionError, InvariantViolationError
from nbasset.metadata import RawMetadataValue

_OURS = __file__.removesuffix("run_status_sensors.py")
_PAGE = 1000
_RUNS_PER_TICK = 100


class RunStatusSensorContext(InstigatorContext):
    """What a run-status sensor's function gets: the run, the event that brought the state about, and what all instigators get.

    >>> from types import SimpleNamespace
    >>> run = SimpleNamespace(run_id="r", tags={"nbasset/partition": "2025-01-01"})
    >>> RunStatusSensorContext(sensor_name="s", event=None, run=run).partition_key
    '2025-01-01'
    """

    def __init__(
        self,
        *,
        sensor_name: str,
        event: Any,
        run: Any,
        instance: Any = None,
        resources: Mapping[str, Any] | None = None,
        definitions: Any = None,
        partition_key: str | None = None,
    ) -> None:
        super().__init__(instance=instance, resources=resources, definitions=definitions, name=sensor_name)
        self.sensor_name = sensor_name
        self.event = event
        self.run = run
        self._partition_key = partition_key

    @property
    def partition_key(self) -> str | None:
        """The partition of the run, if it was of one."""
        if self._partition_key is not None:
            return self._partition_key
        found: str | None = self.run.tags.get(PARTITION_TAG)
        return found

    def for_run_failure(self) -> RunFailureSensorContext:
        """The same for a failed run: with its failure.

        Raises
        ------
        InvariantViolationError
            If the event is no failure.
        """
        if type(self.event).__name__ not in ("RunFailed", "StepFailed"):
            raise InvariantViolationError(f"run {self.run.run_id[:8]} did not fail: its event is {type(self.event).__name__}.")
        return RunFailureSensorContext(
            sensor_name=self.sensor_name, event=self.event, run=self.run, instance=self._instance, resources=self._given,
            definitions=self._definitions, partition_key=self._partition_key,
        )  # fmt: skip


class RunFailureSensorContext(RunStatusSensorContext):
    """The context of a run-failure sensor.

    >>> from types import SimpleNamespace
    >>> failure = SimpleNamespace(message="1 of 2 steps failed")
    >>> RunFailureSensorContext(sensor_name="s", event=failure, run=None).failure_event.message
    '1 of 2 steps failed'
    """

    @property
    def failure_event(self) -> Any:
        """The event that tells of the failure: its `message` is for people, `error` what was raised."""
        return self.event

    def get_step_failure_events(self) -> list[Any]:
        """The events of the steps that failed."""
        found: list[Any] = self.instance.all_logs(self.run.run_id, "StepFailed")
        return found


def build_run_status_sensor_context(
    sensor_name: str,
    event: Any,
    instance: Any,
    run: Any,
    context: SensorEvaluationContext | None = None,
    resources: Mapping[str, Any] | None = None,
    *,
    partition_key: str | None = None,
    definitions: Any = None,
) -> RunStatusSensorContext:
    """A context for calling a run-status sensor by hand, with a run and its last event: ``result.all_events[-1]``.

    >>> from nbasset import Instance, asset, materialize
    >>> @asset
    ... def orders(): return 1
    >>> with Instance.ephemeral() as instance:
    ...     result = materialize([orders], instance=instance)
    ...     run = instance.get_run_by_id(result.run_id)
    ...     build_run_status_sensor_context("cheer", result.all_events[-1], instance, run).run.status
    'success'
    """
    known = definitions or (context.definitions if context is not None and context.has_definitions else None)
    return RunStatusSensorContext(
        sensor_name=sensor_name,
        event=event,
        run=run,
        instance=instance,
        resources=resources,
        definitions=known,
        partition_key=partition_key,
    )


class RunStatusSensorDefinition(SensorDefinition):
    """A sensor whose function is called for each run that reached `run_status` since it was switched on.

    Runs of all jobs of the location count, or those of `monitored_jobs`, or (`monitor_all_code_locations`) of every location. A run that
    the sensor itself started never does. A function that fails for one run is told of, and called for the others.

    >>> RunStatusSensorDefinition("cheer", "success", lambda context: None, monitored_jobs=["nightly"]).monitored_jobs
    ('nightly',)
    """

    run_status: RunStatus
    monitored_jobs: tuple[str, ...]
    monitor_all: bool

    def __init__(
        self,
        name: str | None,
        run_status: RunStatus | str,
        run_status_sensor_fn: Callable[..., Any],
        *,
        monitored_jobs: Sequence[Any] | None = None,
        monitor_all_code_locations: bool = False,
        request_job: Any = None,
        request_jobs: Sequence[Any] | None = None,
        **options: Any,
    ) -> None:
        what = f"sensor '{name or run_status_sensor_fn.__name__}'"
        if request_job is not None and request_jobs is not None:
            raise InvalidDefinitionError(f"{what} was given request_job and request_jobs. Keep one.")
        if monitored_jobs and monitor_all_code_locations:
            raise InvalidDefinitionError(f"{what} watches some jobs and everything in all locations. Keep one of the two.")
        super().__init__(name, evaluation_fn=run_status_sensor_fn, job=request_job, jobs=request_jobs, kind="run_status", **options)
        put = object.__setattr__
        put(self, "run_status", _checked_status(run_status, what))
        put(self, "monitored_jobs", tuple(_job_name(one, what) for one in monitored_jobs or ()))
        put(self, "monitor_all", monitor_all_code_locations)

    def evaluate_tick(self, context: SensorEvaluationContext) -> SensorExecutionData:
        """Call the function for the runs that reached the state since the cursor, and since the sensor was switched on.

        Without a cursor, and where it is not known when it was switched on, an evaluation only notes where the log ends.
        """
        context.sensor_name = context.sensor_name or self.name
        reader = context.instance.reader
        since_us = round((context.last_sensor_start_time or 0) * 1_000_000)
        if context.cursor is None and not since_us:
            data = self._data([SkipReason(f"from now on runs that reach '{self.run_status}' are looked at")], context)
            return replace(data, cursor=str(reader.last_seq()))
        if context.cursor is not None and not context.cursor.isdecimal():
            raise InvariantViolationError(f"the cursor {context.cursor!r} of a run-status sensor is no number of a log entry. Reset it.")
        after = max(int(context.cursor or 0), _last_entry_before(reader, since_us) if since_us else 0)
        items: list[Any] = []
        reactions: list[RunReaction] = []
        lines: list[str] = []
        reached, seen = self._reached(context, after, since_us)
        for event, run in reached:
            given, reaction, said = self._call(context, event, run)
            items.extend(given)
            reactions.append(reaction)
            lines.extend(said)
        if not reactions:
            items = [SkipReason(f"no run reached '{self.run_status}'")]
        data = self._data(joined(items), context)
        skipped = None if reactions and not items else data.skip_message
        return replace(data, cursor=str(seen), run_reactions=tuple(reactions), log_lines=(*data.log_lines, *lines), skip_message=skipped)

    def _reached(self, context: SensorEvaluationContext, after: int, since_us: int) -> tuple[list[tuple[Any, Any]], int]:
        """Events and runs that reached the state after a log entry, at most `_RUNS_PER_TICK`; and the entry up to which was looked."""
        found: list[tuple[Any, Any]] = []
        while page := context.instance.reader.entries(after=after, limit=_PAGE):
            for entry in page:
                after = entry.seq
                if STATUS_OF_EVENT.get(type(entry.event).__name__) is self.run_status and entry.event.at_us >= since_us:
                    run = context.instance.get_run_by_id(entry.event.run_id)
                    if run is not None and self._watches(run, context):
                        found.append((entry.event, run))
                if len(found) == _RUNS_PER_TICK:
                    return found, after
        return found, after

    def _watches(self, run: Any, context: SensorEvaluationContext) -> bool:
        if run.tags.get(SENSOR_TAG) == self.name:
            return False
        if self.monitored_jobs:
            return run.job in self.monitored_jobs
        here = context.repository_name
        return self.monitor_all or here is None or run.location in (None, here)

    def _call(self, context: SensorEvaluationContext, event: Any, run: Any) -> tuple[list[Any], RunReaction, list[str]]:
        own = RunStatusSensorContext(
            sensor_name=self.name, event=event, run=run, instance=context.instance, resources=context._given,
            definitions=context._definitions,
        )  # fmt: skip
        with own:
            try:
                given = items_of(self.function.call(self._fitting(own)))
            except (Exception, SystemExit) as error:
                own.log.error("it failed for run %s", run.run_id[:8], exc_info=(type(error), error, _users_part(error)))
                return [], RunReaction(run.run_id, f"{type(error).__name__}: {error}"), own.log_lines
        return given, RunReaction(run.run_id), own.log_lines

    def _fitting(self, context: RunStatusSensorContext) -> RunStatusSensorContext:
        return context

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run its function on a context, as in a test, and give back what it gives back."""
        return call_by_hand(self.function, args, kwargs, "build_run_status_sensor_context")

    def to_catalog(self) -> CatalogSensor:
        """The same as data."""
        return replace(
            super().to_catalog(), statuses=(str(self.run_status),), monitored_jobs=self.monitored_jobs, all_locations=self.monitor_all
        )


class RunFailureSensorDefinition(RunStatusSensorDefinition):
    """A run-status sensor for failures, whose function gets a `RunFailureSensorContext`."""

    def _fitting(self, context: RunStatusSensorContext) -> RunStatusSensorContext:
        return context if isinstance(context, RunFailureSensorContext) else context.for_run_failure()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run its function on a context, as in a test, and give back what it gives back."""
        fitting = [self._fitting(one) if isinstance(one, RunStatusSensorContext) else one for one in args]
        return super().__call__(*fitting, **kwargs)


def run_status_sensor(
    run_status: RunStatus | str,
    name: str | None = None,
    minimum_interval_seconds: int | None = None,
    description: str | None = None,
    monitored_jobs: Sequence[Any] | None = None,
    monitor_all_code_locations: bool = False,
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
    request_job: Any = None,
    request_jobs: Sequence[Any] | None = None,
    tags: Mapping[str, Any] | None = None,
    metadata: Mapping[str, RawMetadataValue] | None = None,
    owners: Sequence[str] | None = None,
) -> Callable[[Callable[..., Any]], RunStatusSensorDefinition]:
    """Make a sensor of a function that is called for each run that reached a state.

    >>> @run_status_sensor(RunStatus.SUCCESS)
    ... def cheer(context):
    ...     context.log.info("run %s succeeded", context.run.run_id)
    >>> cheer.to_catalog().statuses
    ('success',)
    """
    if callable(run_status) and not isinstance(run_status, str):
        raise InvalidDefinitionError("@run_status_sensor needs the state it waits for: @run_status_sensor(RunStatus.SUCCESS).")

    def make(fn: Callable[..., Any]) -> RunStatusSensorDefinition:
        return RunStatusSensorDefinition(
            name or fn.__name__, run_status, fn, monitored_jobs=monitored_jobs, monitor_all_code_locations=monitor_all_code_locations,
            request_job=request_job, request_jobs=request_jobs, minimum_interval_seconds=minimum_interval_seconds,
            description=description or (fn.__doc__ or "").strip() or None, default_status=default_status, tags=tags, metadata=metadata,
            owners=owners,
        )  # fmt: skip

    return make


@overload
def run_failure_sensor(name: Callable[..., Any], /) -> RunFailureSensorDefinition: ...
@overload
def run_failure_sensor(
    name: str | None = ..., minimum_interval_seconds: int | None = ..., description: str | None = ...,
    monitored_jobs: Sequence[Any] | None = ..., monitor_all_code_locations: bool = ..., default_status: DefaultSensorStatus = ...,
    request_job: Any = ..., request_jobs: Sequence[Any] | None = ..., tags: Mapping[str, Any] | None = ...,
    metadata: Mapping[str, RawMetadataValue] | None = ..., owners: Sequence[str] | None = ...,
) -> Callable[[Callable[..., Any]], RunFailureSensorDefinition]: ...  # fmt: skip
def run_failure_sensor(
    name: Callable[..., Any] | str | None = None,
    minimum_interval_seconds: int | None = None,
    description: str | None = None,
    monitored_jobs: Sequence[Any] | None = None,
    monitor_all_code_locations: bool = False,
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
    request_job: Any = None,
    request_jobs: Sequence[Any] | None = None,
    tags: Mapping[str, Any] | None = None,
    metadata: Mapping[str, RawMetadataValue] | None = None,
    owners: Sequence[str] | None = None,
) -> RunFailureSensorDefinition | Callable[[Callable[..., Any]], RunFailureSensorDefinition]:
    """Make a sensor of a function that is called for each run that failed; it may be written without parentheses.

    >>> @run_failure_sensor
    ... def alarm(context):
    ...     context.log.error("%s", context.failure_event.message)
    >>> alarm.name
    'alarm'
    """

    def make(fn: Callable[..., Any]) -> RunFailureSensorDefinition:
        return RunFailureSensorDefinition(
            name if isinstance(name, str) else fn.__name__, RunStatus.FAILURE, fn, monitored_jobs=monitored_jobs,
            monitor_all_code_locations=monitor_all_code_locations, request_job=request_job, request_jobs=request_jobs,
            minimum_interval_seconds=minimum_interval_seconds, description=description or (fn.__doc__ or "").strip() or None,
            default_status=default_status, tags=tags, metadata=metadata, owners=owners,
        )  # fmt: skip

    return make(name) if callable(name) else make


def _users_part(error: BaseException) -> TracebackType | None:
    """The traceback from the function of the user on."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None and trace.tb_frame.f_code.co_filename.startswith(_OURS):
        trace = trace.tb_next
    return trace


def _last_entry_before(reader: Any, at_us: int) -> int:
    """The number of the last log entry from before a moment, found by halving."""
    low, high = 0, reader.last_seq()
    while low < high:
        middle = (low + high + 1) // 2
        page = reader.entries(after=middle - 1, limit=1)
        if page and page[0].event.at_us < at_us:
            low = max(middle, page[0].seq)
        else:
            high = middle - 1
    return low


def _checked_status(status: Any, what: str) -> RunStatus:
    try:
        return RunStatus(status)
    except ValueError:
        known = ", ".join(f"RunStatus.{one.name}" for one in RunStatus)
        raise InvalidDefinitionError(f"{what}: {status!r} is no state of a run. There are {known}.") from None


def _job_name(job: Any, what: str) -> str:
    found = job if isinstance(job, str) else getattr(job, "name", getattr(job, "job_name", None))
    if not isinstance(found, str):
        raise InvalidDefinitionError(f"{what}: monitored_jobs holds {job!r:.60}, which is no job. Give jobs or their names.")
    return found
