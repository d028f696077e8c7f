"""Schedules: crons that start a job or a selection of assets, as they are or as a function decides at each tick.

Defining one starts nothing; the daemon does, for those that are switched on. `evaluate_tick` says what one tick would ask for.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field
from datetime import UTC, datetime
from typing import Any, TypeVar

from nbasset.dataclass import dataclass
from nbasset.definitions.catalog_instigators import CatalogSchedule, DefaultScheduleStatus, ScheduleExecutionData
from nbasset.definitions.cron import cron_notes, parse_crons, ticks, ticks_of
from nbasset.definitions.evaluating import items_of, requests_or_skip, resolved_requests
from nbasset.definitions.instigator_context import InstigatorContext, InstigatorFunction
from nbasset.definitions.local_time import zone_of
from nbasset.definitions.partitions import PartitionsView
from nbasset.definitions.requests import SCHEDULE_TAG, SCHEDULED_TIME_TAG, RunRequest, checked_tags
from nbasset.definitions.run_config import RunConfig, RunConfigLike, run_config_data
from nbasset.definitions.specs import owners_of
from nbasset.definitions.targets import AutomationTarget, one_target
from nbasset.errors import InvalidDefinitionError, InvalidInvocationError, InvariantViolationError
from nbasset.metadata import MetadataValue, RawMetadataValue, normalize
from nbasset.ordinals import MemoryKeyTable
from nbasset.places import place_of
from nbasset.secrets import remember_named

T = TypeVar("T")
_NAME = re.compile(r"[A-Za-z0-9_]+\Z")


class ScheduleEvaluationContext(InstigatorContext):
    """What a schedule's function gets: the nominal time of the tick, in the schedule's zone, and what all instigators get.

    >>> ScheduleEvaluationContext(scheduled_execution_time=datetime(2025, 1, 1, tzinfo=UTC)).scheduled_execution_time.year
    2025
    """

    def __init__(
        self,
        *,
        instance: Any = None,
        scheduled_execution_time: datetime | None = None,
        resources: Mapping[str, Any] | None = None,
        definitions: Any = None,
        schedule_name: str | None = None,
    ) -> None:
        super().__init__(instance=instance, resources=resources, definitions=definitions, name=schedule_name)
        if scheduled_execution_time is not None and scheduled_execution_time.tzinfo is None:
            scheduled_execution_time = scheduled_execution_time.replace(tzinfo=UTC)
        self._time = scheduled_execution_time
        self.schedule_name = schedule_name

    @property
    def scheduled_execution_time(self) -> datetime:
        """The nominal time of the tick, aware.

        Raises
        ------
        InvariantViolationError
            If the context was built without one.
        """
        if self._time is None:
            raise InvariantViolationError(
                "this context has no scheduled_execution_time. Pass one: build_schedule_context(scheduled_execution_time=datetime(...))."
            )
        return self._time

    @property
    def has_time(self) -> bool:
        """Whether the time of the tick is known."""
        return self._time is not None

    def at_zone(self, timezone: str, name: str) -> ScheduleEvaluationContext:
        """The same context with the time on a zone's clock. Resources stay open with this one."""
        self.schedule_name = self.schedule_name or name
        if self._time is not None:
            self._time = (
                ticks_of("* * * * *", timezone).zone.datetime(int(self._time.timestamp())).replace(microsecond=self._time.microsecond)
            )
        return self


def build_schedule_context(
    instance: Any = None,
    scheduled_execution_time: datetime | None = None,
    resources: Mapping[str, Any] | None = None,
    repository_def: Any = None,
    *,
    definitions: Any = None,
) -> ScheduleEvaluationContext:
    """A context for calling or evaluating a schedule by hand. A time without a zone is UTC.

    >>> build_schedule_context(scheduled_execution_time=datetime(2025, 1, 1)).scheduled_execution_time.isoformat()
    '2025-01-01T00:00:00+00:00'
    """
    return ScheduleEvaluationContext(
        instance=instance, scheduled_execution_time=scheduled_execution_time, resources=resources, definitions=definitions or repository_def
    )


@dataclass(frozen=True, eq=False)
class ScheduleDefinition:
    """When to start what. `cron_schedule` is one cron or several (united), on the clock of `execution_timezone`.

    Without functions each tick starts the target with `run_config` and `tags`. `run_config_fn`, `tags_fn` and `should_execute` take the
    context and decide at the tick; `execution_fn` decides everything. While they are called `environment_vars` are set.

    >>> nightly = ScheduleDefinition("nightly", cron_schedule="0 2 * * *", target="group:raw+", execution_timezone="Europe/Berlin")
    >>> [tick.isoformat() for tick in nightly.ticks(datetime(2025, 3, 29, tzinfo=UTC), 2)]
    ['2025-03-29T02:00:00+01:00', '2025-03-30T03:00:00+02:00']

    Raises
    ------
    InvalidDefinitionError
        If the cron or zone cannot be read, the target is said twice, or functions exclude each other.
    """

    name: str
    cron_schedule: str | tuple[str, ...]
    target: AutomationTarget | None
    execution_timezone: str
    default_status: DefaultScheduleStatus
    description: str | None
    tags: Mapping[str, str]
    metadata: Mapping[str, MetadataValue]
    owners: tuple[str, ...]
    run_config: Mapping[str, Any]
    functions: Mapping[str, InstigatorFunction] = field(repr=False)
    environment_vars: Mapping[str, str] = field(default_factory=dict, repr=False)
    catch_up: int = 1
    place: str | None = None

    def __init__(
        self,
        name: str | None = None,
        *,
        cron_schedule: str | Sequence[str] | None = None,
        job_name: str | None = None,
        run_config: RunConfigLike = None,
        run_config_fn: Callable[..., Any] | None = None,
        tags: Mapping[str, Any] | None = None,
        tags_fn: Callable[..., Any] | None = None,
        metadata: Mapping[str, RawMetadataValue] | None = None,
        should_execute: Callable[..., bool] | None = None,
        environment_vars: Mapping[str, str] | None = None,
        execution_timezone: str | None = None,
        execution_fn: Callable[..., Any] | None = None,
        description: str | None = None,
        job: Any = None,
        default_status: DefaultScheduleStatus = DefaultScheduleStatus.STOPPED,
        required_resource_keys: set[str] | frozenset[str] | None = None,
        target: Any = None,
        owners: Sequence[str] | None = None,
        catch_up: int = 1,
    ) -> None:
        what = f"schedule '{name}'" if name else "the schedule"
        found = one_target(what, job_name=job_name, job=job, target=target)
        if name is None:
            if found is None or found.job_name is None:
                raise InvalidDefinitionError(
                    'a schedule of assets needs a name: ScheduleDefinition("nightly", cron_schedule=..., target=...).'
                )
            name = f"{found.job_name}_schedule"
        what = f"schedule '{name}'"
        put = object.__setattr__
        put(self, "name", checked_name(name, "schedule"))
        put(self, "cron_schedule", _crons(cron_schedule, execution_timezone or "UTC", what))
        put(self, "target", found)
        put(self, "execution_timezone", zone_of(execution_timezone or "UTC").name)
        put(self, "default_status", _status(default_status, what))
        put(self, "description", description)
        put(self, "tags", checked_tags(tags, what))
        put(self, "metadata", normalize(metadata, of=what))
        put(self, "owners", owners_of(owners, what))
        put(self, "run_config", run_config_data(run_config))
        given = {"run_config_fn": run_config_fn, "tags_fn": tags_fn, "should_execute": should_execute, "execution_fn": execution_fn}
        put(self, "functions", _functions(given, run_config, tags, what, required_resource_keys))
        put(self, "environment_vars", checked_tags(environment_vars, f"environment_vars of {what}"))
        put(self, "catch_up", catch_up)
        first = execution_fn or run_config_fn or tags_fn or should_execute
        put(self, "place", place_of(first) if first is not None else None)
        if found is None and execution_fn is None:
            raise InvalidDefinitionError(f"{what} starts nothing. Give it a target: target=..., job=... or job_name=...")

    @property
    def crons(self) -> tuple[str, ...]:
        """The crons, one or several."""
        return (self.cron_schedule,) if isinstance(self.cron_schedule, str) else self.cron_schedule

    @property
    def job_name(self) -> str | None:
        """The job it starts, if it starts one."""
        return self.target.job_name if self.target is not None else None

    @property
    def job(self) -> Any:
        """The job it was given.

        Raises
        ------
        InvalidDefinitionError
            If it was given the name of a job, or assets.
        """
        if self.target is None or self.target.job is None:
            raise InvalidDefinitionError(f"schedule '{self.name}' was given no job. Ask the definitions: defs.get_job_def(...).")
        return self.target.job

    @property
    def required_resource_keys(self) -> frozenset[str]:
        """Keys of the resources that its functions need."""
        return frozenset().union(*(one.resource_keys for one in self.functions.values()))

    @property
    def notes(self) -> tuple[str, ...]:
        """What is legal in the crons but may not be meant."""
        return cron_notes(self.crons)

    def ticks(self, after: datetime, count: int) -> list[datetime]:
        """The next ticks strictly after a moment, on the schedule's clock."""
        found: list[datetime] = []
        upcoming: Iterator[datetime] = ticks(self.crons, self.execution_timezone, after)
        zone = ticks_of(self.crons, self.execution_timezone).zone
        for _ in range(count):
            tick = next(upcoming, None)
            if tick is None:
                break
            found.append(zone.datetime(int(tick.timestamp())))
        return found

    def evaluate_tick(self, context: ScheduleEvaluationContext) -> ScheduleExecutionData:
        """What a tick asks for. No run is started.

        Raises
        ------
        InvariantViolationError
            If its function gives what cannot be read, or several requests without distinct run keys.
        """
        context = context.at_zone(self.execution_timezone, self.name)
        what = f"schedule '{self.name}'"
        with _environment(self.environment_vars):
            requests, skipped = self._requests(context, what)
        if len(requests) > 1:
            _check_run_keys(requests, what)
        tags = {SCHEDULE_TAG: self.name, **self.tags}
        if context.has_time:
            tags[SCHEDULED_TIME_TAG] = context.scheduled_execution_time.isoformat()
        view = _view(context)
        resolved = resolved_requests(requests, [self.target] if self.target else [], context, what, tags=tags, view=view)
        return ScheduleExecutionData(resolved, skipped, tuple(context.log_lines))

    def _requests(self, context: ScheduleEvaluationContext, what: str) -> tuple[list[RunRequest], str | None]:
        decide = self.functions.get("should_execute")
        if decide is not None and not decide.call(context):
            return [], f"should_execute of {what} said no"
        function = self.functions.get("execution_fn")
        if function is None:
            config, tags = self.functions.get("run_config_fn"), self.functions.get("tags_fn")
            data = config.call(context) if config is not None else self.run_config
            return [RunRequest(run_config=data, tags=tags.call(context) if tags is not None else None)], None
        items = [_as_request(one) for one in items_of(function.call(context))]
        tags_fn = self.functions.get("tags_fn")
        if tags_fn is not None:
            more = checked_tags(tags_fn.call(context), what)
            items = [one.with_tags(more) if isinstance(one, RunRequest) else one for one in items]
        if not items:
            return [], f"{what} asked for nothing"
        return requests_or_skip(items, what)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run its function on a context, as in a test, and give back what it gives back."""
        function = self.functions.get("execution_fn")
        if function is None:
            raise InvalidInvocationError(f"schedule '{self.name}' has no function to call. Use evaluate_tick(build_schedule_context()).")
        return call_by_hand(function, args, kwargs, "build_schedule_context")

    def with_attributes(
        self, *, job: Any = None, metadata: Mapping[str, RawMetadataValue] | None = None, **changes: Any
    ) -> ScheduleDefinition:
        """A copy with another job, other metadata or other attributes."""
        what = f"schedule '{self.name}'"
        if job is not None:
            changes["target"] = one_target(what, job_name=None, job=job, target=None)
        if metadata is not None:
            changes["metadata"] = normalize(metadata, of=what)
        return replace_frozen(self, changes)

    def to_catalog(self) -> CatalogSchedule:
        """The same as data."""
        return CatalogSchedule(
            self.name,
            self.crons,
            self.execution_timezone,
            self.target.to_catalog() if self.target is not None else None,
            self.default_status,
            self.description,
            self.tags,
            self.metadata,
            self.owners,
            self.required_resource_keys,
            self.catch_up,
            self.place,
        )


def schedule(
    cron_schedule: str | Sequence[str],
    *,
    job_name: str | None = None,
    name: str | None = None,
    tags: Mapping[str, Any] | None = None,
    tags_fn: Callable[..., Any] | None = None,
    metadata: Mapping[str, RawMetadataValue] | None = None,
    should_execute: Callable[..., bool] | None = None,
    environment_vars: Mapping[str, str] | None = None,
    execution_timezone: str | None = None,
    description: str | None = None,
    job: Any = None,
    default_status: DefaultScheduleStatus = DefaultScheduleStatus.STOPPED,
    required_resource_keys: set[str] | frozenset[str] | None = None,
    target: Any = None,
    owners: Sequence[str] | None = None,
) -> Callable[[Callable[..., Any]], ScheduleDefinition]:
    """Make a schedule of a function that decides at each tick what to run.

    It returns or yields `RunRequest`s, a `SkipReason`, a run config, or nothing. Several requests need distinct run keys.

    >>> @schedule("0 6 * * *", target="orders")
    ... def morning(context):
    ...     return RunRequest(tags={"day": context.scheduled_execution_time.strftime("%a")})
    >>> data = morning.evaluate_tick(build_schedule_context(scheduled_execution_time=datetime(2025, 1, 1, 6)))
    >>> data.run_requests[0].tags["day"]
    'Wed'
    """
    if callable(cron_schedule):
        raise InvalidDefinitionError('@schedule needs a cron: @schedule("0 6 * * *", target=...).')

    def make(fn: Callable[..., Any]) -> ScheduleDefinition:
        return ScheduleDefinition(
            name or fn.__name__, cron_schedule=cron_schedule, job_name=job_name, tags=tags, tags_fn=tags_fn, metadata=metadata,
            should_execute=should_execute, environment_vars=environment_vars, execution_timezone=execution_timezone, execution_fn=fn,
            description=description or (fn.__doc__ or "").strip() or None, job=job, default_status=default_status,
            required_resource_keys=required_resource_keys, target=target, owners=owners,
        )  # fmt: skip

    return make


def checked_name(name: Any, what: str) -> str:
    """The name of a schedule or sensor, if it can be one.

    Raises
    ------
    InvalidDefinitionError
        If it holds anything but letters, digits and ``_``.
    """
    if not isinstance(name, str) or not _NAME.match(name):
        fixed = re.sub(r"[^A-Za-z0-9_]+", "_", str(name)).strip("_")
        hint = f" Try {fixed!r}." if fixed else ""
        raise InvalidDefinitionError(f"{name!r} cannot be the name of a {what}: only letters, digits and '_' can stand in it.{hint}")
    return name


def call_by_hand(function: InstigatorFunction, args: Sequence[Any], kwargs: Mapping[str, Any], builder: str) -> Any:
    """Call a schedule's or sensor's function as a test does: context first (by position or name), then what else it takes.

    Raises
    ------
    InvalidInvocationError
        If it takes a context and none was passed.
    """
    given = dict(kwargs)
    rest = list(args)
    names = [name for name in (function.parameters.context, *function.parameters.inputs) if name is not None]
    context = rest.pop(0) if rest and isinstance(rest[0], InstigatorContext) else None
    for name in names:
        if context is None and isinstance(given.get(name), InstigatorContext):
            context = given.pop(name)
    if context is None:
        if function.positional:
            raise InvalidInvocationError(f"{function.what} takes a context. Pass one: {builder}(...).")
        context = InstigatorContext()
    leading = rest + [given.pop(name) for name in names if name in given]
    for name in given:
        if name not in function.parameters.resources:
            raise InvalidInvocationError(f"{function.what} has no parameter '{name}'.")
    return function.call(context, *leading, **given)


def replace_frozen(value: T, changes: Mapping[str, Any]) -> T:
    """A copy of a frozen value with its own `__init__`, some attributes changed."""
    copy = object.__new__(type(value))
    for name, item in {**vars(value), **changes}.items():
        object.__setattr__(copy, name, item)
    return copy


def _crons(cron: Any, timezone: str, what: str) -> str | tuple[str, ...]:
    if cron is None:
        raise InvalidDefinitionError(f'{what} has no cron_schedule, such as "0 6 * * *".')
    try:
        parse_crons(cron)
        ticks_of(cron, timezone)
    except InvalidDefinitionError as error:
        raise type(error)(f"{what}: {error}") from None
    return cron if isinstance(cron, str) else tuple(cron)


def _status(status: Any, what: str) -> DefaultScheduleStatus:
    if isinstance(status, DefaultScheduleStatus):
        return status
    raise InvalidDefinitionError(f"{what}: default_status is DefaultScheduleStatus.RUNNING or STOPPED, not {status!r}.")


def _functions(
    given: Mapping[str, Callable[..., Any] | None], run_config: Any, tags: Any, what: str, required: Any
) -> dict[str, InstigatorFunction]:
    if given["execution_fn"] is not None:
        if given["run_config_fn"] is not None or run_config:
            raise InvalidDefinitionError(
                f"{what}: its function decides the run config, so run_config and run_config_fn have no say. "
                "Return RunRequest(run_config=...)."
            )
    elif given["run_config_fn"] is not None and run_config:
        raise InvalidDefinitionError(f"{what} has run_config and run_config_fn. Keep one.")
    if given["tags_fn"] is not None and tags:
        raise InvalidDefinitionError(f"{what} has tags and tags_fn. Keep one: the function can return the fixed ones too.")
    return {
        name: InstigatorFunction(fn, what=f"{name} of {what}" if name != "execution_fn" else what, required=required)
        for name, fn in given.items()
        if fn is not None
    }


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Variables of the process's environment, set for a while; what is secret by its name is masked from then on."""
    remember_named(variables)
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _as_request(value: Any) -> Any:
    """A run config, returned plainly, is a request for one run with it."""
    return RunRequest(run_config=value) if isinstance(value, (Mapping, RunConfig)) else value


def _check_run_keys(requests: Sequence[RunRequest], what: str) -> None:
    seen: set[str] = set()
    for request in requests:
        if request.run_key is None:
            raise InvariantViolationError(
                f"{what} asks for {len(requests)} runs at one tick, so each needs a run_key of its own: RunRequest(run_key=...)."
            )
        if request.run_key in seen:
            raise InvariantViolationError(f"{what} asks for two runs with the run_key {request.run_key!r}. Give each its own.")
        seen.add(request.run_key)


def _view(context: ScheduleEvaluationContext) -> PartitionsView | None:
    """Which partitions exist at the tick; None where the time is not known."""
    if not context.has_time:
        return None
    at = context.scheduled_execution_time
    if context.has_instance:
        found: PartitionsView = context.instance.partitions_view(at)
        return found
    return PartitionsView(at, MemoryKeyTable())
