"""Sensors: functions that look every so often whether there is something to run.

Defining one starts nothing; the daemon evaluates those that are switched on. `evaluate_tick` says what one evaluation would ask for. The
cursor is text that a sensor leaves for its next evaluation; it is kept only if the evaluation did not fail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any

from nbasset.dataclass import dataclass
from nbasset.definitions.catalog_instigators import CatalogSensor, DefaultSensorStatus, SensorExecutionData, SensorKind
from nbasset.definitions.evaluating import items_of, requests_or_skip, resolved_requests
from nbasset.definitions.instigator_context import InstigatorContext, InstigatorFunction
from nbasset.definitions.listed_partitions import AddDynamicPartitionsRequest, DeleteDynamicPartitionsRequest
from nbasset.definitions.partitions import PartitionsView
from nbasset.definitions.reported import reported_fact
from nbasset.definitions.requests import SENSOR_TAG, RunRequest, SkipReason, checked_tags
from nbasset.definitions.schedules import call_by_hand, checked_name, replace_frozen
from nbasset.definitions.specs import owners_of
from nbasset.definitions.targets import AutomationTarget, several_targets
from nbasset.errors import InvalidDefinitionError, InvariantViolationError
from nbasset.metadata import MetadataValue, RawMetadataValue, normalize
from nbasset.places import place_of

DEFAULT_INTERVAL_S = 30


class SensorEvaluationContext(InstigatorContext):
    """What a sensor's function gets: its cursor and what happened before, and what all instigators get.

    >>> context = SensorEvaluationContext(cursor="7")
    >>> context.update_cursor("8")
    >>> context.cursor
    '8'
    """

    def __init__(
        self,
        *,
        instance: Any = None,
        cursor: str | None = None,
        resources: Mapping[str, Any] | None = None,
        definitions: Any = None,
        sensor_name: str | None = None,
        last_run_key: str | None = None,
        last_tick_completion_time: float | None = None,
        last_sensor_start_time: float | None = None,
    ) -> None:
        super().__init__(instance=instance, resources=resources, definitions=definitions, name=sensor_name)
        self.sensor_name = sensor_name
        self._cursor = cursor
        self.cursor_updated = False
        self.last_run_key = last_run_key
        self.last_tick_completion_time = last_tick_completion_time
        self.last_sensor_start_time = last_sensor_start_time

    @property
    def cursor(self) -> str | None:
        """What the last evaluation left, or what this one has set since; None at the first."""
        return self._cursor

    def update_cursor(self, cursor: str | None) -> None:
        """Leave this for the next evaluation."""
        if cursor is not None and not isinstance(cursor, str):
            raise InvariantViolationError(f"a cursor is text, not {type(cursor).__name__}. Write it as text: json.dumps({cursor!r:.40}).")
        self._cursor = cursor
        self.cursor_updated = True

    @property
    def last_completion_time(self) -> float | None:
        """When the last evaluation ended, in seconds since 1970; another name of `last_tick_completion_time`."""
        return self.last_tick_completion_time

    @property
    def is_first_tick_since_sensor_start(self) -> bool:
        """Whether this is the first evaluation since the sensor was switched on."""
        if self.last_sensor_start_time is None:
            return self.last_tick_completion_time is None
        return self.last_tick_completion_time is None or self.last_tick_completion_time < self.last_sensor_start_time


def build_sensor_context(
    instance: Any = None,
    cursor: str | None = None,
    repository_name: str | None = None,
    repository_def: Any = None,
    sensor_name: str | None = None,
    resources: Mapping[str, Any] | None = None,
    definitions: Any = None,
    instance_ref: Any = None,
    last_sensor_start_time: float | None = None,
    *,
    last_run_key: str | None = None,
    last_tick_completion_time: float | None = None,
) -> SensorEvaluationContext:
    """A context for calling or evaluating a sensor by hand.

    >>> build_sensor_context(cursor="7").cursor
    '7'
    """
    context = SensorEvaluationContext(
        instance=instance or instance_ref, cursor=cursor, resources=resources, definitions=definitions or repository_def,
        sensor_name=sensor_name, last_run_key=last_run_key, last_tick_completion_time=last_tick_completion_time,
        last_sensor_start_time=last_sensor_start_time,
    )  # fmt: skip
    context._repository_name = repository_name
    return context


@dataclass(frozen=True, slots=True)
class SensorResult:
    """Everything that one evaluation asks for: runs or why none, the next cursor, partitions to add or delete, facts about assets.

    >>> SensorResult(run_requests=[RunRequest("a")], cursor="a").cursor
    'a'

    Raises
    ------
    InvalidDefinitionError
        If it gives both run requests and a reason to skip.
    """

    run_requests: tuple[RunRequest, ...] = ()
    skip_reason: SkipReason | None = None
    cursor: str | None = None
    dynamic_partitions_requests: tuple[AddDynamicPartitionsRequest | DeleteDynamicPartitionsRequest, ...] = ()
    asset_events: tuple[Any, ...] = ()

    def __init__(
        self,
        run_requests: Iterable[RunRequest] | None = None,
        skip_reason: SkipReason | str | None = None,
        cursor: str | None = None,
        dynamic_partitions_requests: Iterable[AddDynamicPartitionsRequest | DeleteDynamicPartitionsRequest] | None = None,
        asset_events: Iterable[Any] | None = None,
    ) -> None:
        requests = tuple(run_requests or ())
        if requests and skip_reason is not None:
            raise InvalidDefinitionError("SensorResult has run_requests and a skip_reason. Give one or the other.")
        if cursor is not None and not isinstance(cursor, str):
            raise InvalidDefinitionError(f"SensorResult: a cursor is text, not {type(cursor).__name__}. Write it as text: json.dumps(...).")
        put = object.__setattr__
        put(self, "run_requests", requests)
        put(self, "skip_reason", SkipReason(skip_reason) if isinstance(skip_reason, str) else skip_reason)
        put(self, "cursor", cursor)
        put(self, "dynamic_partitions_requests", tuple(dynamic_partitions_requests or ()))
        put(self, "asset_events", tuple(asset_events or ()))


@dataclass(frozen=True, eq=False)
class SensorDefinition:
    """A function that is evaluated at most every `minimum_interval_seconds`, and what it may start.

    Without a target it starts nothing, but may move its cursor, change dynamic partitions and report facts.

    >>> look = SensorDefinition("look", evaluation_fn=lambda context: RunRequest("a"), target="orders")
    >>> look.evaluate_tick(build_sensor_context()).run_requests[0].run_key
    'a'
    """

    name: str
    targets: tuple[AutomationTarget, ...]
    minimum_interval_seconds: int
    default_status: DefaultSensorStatus
    description: str | None
    tags: Mapping[str, str]
    metadata: Mapping[str, MetadataValue]
    owners: tuple[str, ...]
    function: InstigatorFunction = field(repr=False)
    kind: SensorKind = "sensor"

    def __init__(
        self,
        name: str | None = None,
        *,
        evaluation_fn: Callable[..., Any] | None = None,
        job_name: str | None = None,
        minimum_interval_seconds: int | None = None,
        description: str | None = None,
        job: Any = None,
        jobs: Sequence[Any] | None = None,
        default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
        asset_selection: Any = None,
        required_resource_keys: set[str] | frozenset[str] | None = None,
        tags: Mapping[str, Any] | None = None,
        metadata: Mapping[str, RawMetadataValue] | None = None,
        target: Any = None,
        owners: Sequence[str] | None = None,
        leading: Sequence[str] = (),
        kind: SensorKind = "sensor",
    ) -> None:
        if evaluation_fn is None:
            raise InvalidDefinitionError(f"sensor '{name or ''}' has no function: SensorDefinition(..., evaluation_fn=...).")
        put = object.__setattr__
        put(self, "name", checked_name(name or evaluation_fn.__name__, "sensor"))
        what = f"sensor '{self.name}'"
        targets = several_targets(what, job_name=job_name, job=job, jobs=jobs, asset_selection=asset_selection, target=target)
        put(self, "targets", targets)
        put(self, "minimum_interval_seconds", _interval(minimum_interval_seconds, what))
        put(self, "default_status", _status(default_status, what))
        put(self, "description", description)
        put(self, "tags", checked_tags(tags, what))
        put(self, "metadata", normalize(metadata, of=what))
        put(self, "owners", owners_of(owners, what))
        put(self, "function", InstigatorFunction(evaluation_fn, what=what, required=required_resource_keys, leading=leading))
        put(self, "kind", kind)

    @property
    def job_name(self) -> str | None:
        """The job that it starts, if it is one job."""
        return self.targets[0].job_name if len(self.targets) == 1 else None

    @property
    def job(self) -> Any:
        """The one job it was given.

        Raises
        ------
        InvalidDefinitionError
            If it was given none, several, or a name.
        """
        if len(self.targets) != 1 or self.targets[0].job is None:
            raise InvalidDefinitionError(f"sensor '{self.name}' was not given one job. See its targets.")
        return self.targets[0].job

    @property
    def jobs(self) -> list[Any]:
        """The jobs it was given, not those it knows by name alone."""
        return [target.job for target in self.targets if target.job is not None]

    @property
    def required_resource_keys(self) -> frozenset[str]:
        """Keys of the resources that its function needs."""
        return self.function.resource_keys

    @property
    def place(self) -> str | None:
        """Where its function is written."""
        return place_of(self.function.fn)

    def evaluate_tick(self, context: SensorEvaluationContext) -> SensorExecutionData:
        """What an evaluation asks for. Nothing is started or kept.

        Raises
        ------
        InvariantViolationError
            If its function gives what cannot be read.
        """
        context.sensor_name = context.sensor_name or self.name
        items = items_of(self._evaluate(context))
        return self._data(items, context)

    def _evaluate(self, context: SensorEvaluationContext) -> Any:
        return self.function.call(context)

    def _data(self, items: Sequence[Any], context: SensorEvaluationContext) -> SensorExecutionData:
        what = f"sensor '{self.name}'"
        result = _single_result(items, what)
        if result is None:
            requests, skipped = requests_or_skip(items, what)
            if not items:
                skipped = f"{what} asked for nothing"
            result = SensorResult(requests)
        else:
            requests = list(result.run_requests)
            skipped = (result.skip_reason.skip_message or "no reason was given") if result.skip_reason is not None else None
            if result.cursor is not None and context.cursor_updated and result.cursor != context.cursor:
                raise InvariantViolationError(
                    f"{what} called context.update_cursor and returned SensorResult(cursor=...) with another cursor. Keep one."
                )
            if not requests and skipped is None and not (result.dynamic_partitions_requests or result.asset_events):
                skipped = f"{what} asked for nothing"
        resolved = resolved_requests(
            requests, self.targets, context, what, tags={SENSOR_TAG: self.name, **self.tags}, view=_view(context, result)
        )
        return SensorExecutionData(
            resolved,
            skipped,
            result.cursor if result.cursor is not None else context.cursor,
            result.dynamic_partitions_requests,
            tuple(_reported(one, context) for one in result.asset_events),
            (),
            tuple(context.log_lines),
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run its function on a context, as in a test, and give back what it gives back."""
        return call_by_hand(self.function, args, kwargs, "build_sensor_context")

    def with_attributes(
        self, *, jobs: Sequence[Any] | None = None, metadata: Mapping[str, RawMetadataValue] | None = None, **changes: Any
    ) -> SensorDefinition:
        """A copy with other jobs, other metadata or other attributes."""
        what = f"sensor '{self.name}'"
        if jobs is not None:
            changes["targets"] = several_targets(what, job_name=None, job=None, jobs=jobs, asset_selection=None, target=None)
        if metadata is not None:
            changes["metadata"] = normalize(metadata, of=what)
        return replace_frozen(self, changes)

    def to_catalog(self) -> CatalogSensor:
        """The same as data."""
        return CatalogSensor(
            self.name,
            self.kind,
            tuple(target.to_catalog() for target in self.targets),
            self.minimum_interval_seconds,
            self.default_status,
            self.description,
            self.tags,
            self.metadata,
            self.owners,
            self.required_resource_keys,
            place=self.place,
        )


def sensor(
    job_name: str | None = None,
    *,
    name: str | None = None,
    minimum_interval_seconds: int | None = None,
    description: str | None = None,
    job: Any = None,
    jobs: Sequence[Any] | None = None,
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED,
    asset_selection: Any = None,
    required_resource_keys: set[str] | frozenset[str] | None = None,
    tags: Mapping[str, Any] | None = None,
    metadata: Mapping[str, RawMetadataValue] | None = None,
    target: Any = None,
    owners: Sequence[str] | None = None,
) -> Callable[[Callable[..., Any]], SensorDefinition]:
    """Make a sensor of a function that returns or yields `RunRequest`s, a `SkipReason`, a `SensorResult`, or nothing.

    What was requested under a run key is never run again by this sensor, so a function may ask for the same key again and again.

    >>> @sensor(target="orders", minimum_interval_seconds=60)
    ... def new_files(context):
    ...     files = ["a.csv", "b.csv"]
    ...     context.update_cursor(files[-1])
    ...     for name in files:
    ...         yield RunRequest(run_key=name)
    >>> data = new_files.evaluate_tick(build_sensor_context())
    >>> [request.run_key for request in data.run_requests], data.cursor
    (['a.csv', 'b.csv'], 'b.csv')
    """
    if callable(job_name):
        raise InvalidDefinitionError("@sensor is written with parentheses: @sensor(target=...), or @sensor() for one that starts nothing.")

    def make(fn: Callable[..., Any]) -> SensorDefinition:
        return SensorDefinition(
            name or fn.__name__, evaluation_fn=fn, job_name=job_name, minimum_interval_seconds=minimum_interval_seconds,
            description=description or (fn.__doc__ or "").strip() or None, job=job, jobs=jobs, default_status=default_status,
            asset_selection=asset_selection, required_resource_keys=required_resource_keys, tags=tags, metadata=metadata, target=target,
            owners=owners,
        )  # fmt: skip

    return make


def _single_result(items: Sequence[Any], what: str) -> SensorResult | None:
    results = [one for one in items if isinstance(one, SensorResult)]
    if results and len(items) > 1:
        raise InvariantViolationError(
            f"{what} gave a SensorResult and {len(items) - 1} more. A SensorResult says everything: put the requests into it."
        )
    return results[0] if results else None


def _interval(seconds: Any, what: str) -> int:
    if seconds is None:
        return DEFAULT_INTERVAL_S
    if not isinstance(seconds, int) or isinstance(seconds, bool) or seconds < 0:
        raise InvalidDefinitionError(f"{what}: minimum_interval_seconds is a whole number of seconds from 0 up, not {seconds!r}.")
    return seconds


def _status(status: Any, what: str) -> DefaultSensorStatus:
    if isinstance(status, DefaultSensorStatus):
        return status
    raise InvalidDefinitionError(f"{what}: default_status is DefaultSensorStatus.RUNNING or STOPPED, not {status!r}.")


def _view(context: SensorEvaluationContext, result: SensorResult) -> PartitionsView | None:
    """Which partitions exist, with those that this evaluation adds; None without an instance to ask."""
    if not context.has_instance:
        return None
    found: PartitionsView = context.instance.partitions_view(None)
    added: dict[str, Sequence[str]] = {}
    for one in result.dynamic_partitions_requests:
        known = added.get(one.partitions_def_name) or context.instance.get_dynamic_partitions(one.partitions_def_name)
        if isinstance(one, AddDynamicPartitionsRequest):
            added[one.partitions_def_name] = [*dict.fromkeys([*known, *one.partition_keys])]
        else:
            added[one.partitions_def_name] = [key for key in known if key not in one.partition_keys]
    return PartitionsView(found.now, found.table, _Overlaid(found.dynamic, added)) if added else found


class _Overlaid(Mapping[str, Sequence[str]]):
    def __init__(self, below: Mapping[str, Sequence[str]], above: Mapping[str, Sequence[str]]) -> None:
        self._below = below
        self._above = above

    def __getitem__(self, name: str) -> Sequence[str]:
        return self._above[name] if name in self._above else self._below[name]

    def __iter__(self) -> Any:
        return iter({*self._below, *self._above})

    def __len__(self) -> int:
        return len({*self._below, *self._above})


def _reported(event: Any, context: SensorEvaluationContext) -> Any:
    partition = getattr(event, "partition", None)
    definition = None
    if isinstance(partition, str):
        definition = context.instance.partitions_def_of(event.asset_key)
        if definition is None and context.has_definitions:
            definition = context.definitions.catalog.asset(event.asset_key).partitions_def
    return reported_fact(event, definition, context.instance.key_table if partition is not None else None)
