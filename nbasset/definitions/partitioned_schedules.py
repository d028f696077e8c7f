"""Schedules that follow the partitions of a job: at the end of each window they ask for its partition."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any

from nbasset.dataclass import dataclass
from nbasset.definitions.catalog import Catalog
from nbasset.definitions.catalog_instigators import CatalogSchedule, DefaultScheduleStatus
from nbasset.definitions.listed_partitions import DynamicPartitionsDefinition, StaticPartitionsDefinition
from nbasset.definitions.local_time import seconds_of
from nbasset.definitions.multi_partitions import MultiPartitionsDefinition
from nbasset.definitions.partitions import PartitionsDefinition
from nbasset.definitions.requests import RunRequest, SkipReason, checked_tags
from nbasset.definitions.schedules import ScheduleDefinition, ScheduleEvaluationContext, checked_name
from nbasset.definitions.targets import AutomationTarget, one_target
from nbasset.definitions.time_windows import TimeWindows
from nbasset.errors import InvalidDefinitionError
from nbasset.metadata import RawMetadataValue

PARTITIONED_CATCH_UP = 5
"""How many missed ticks of a schedule of partitions are made up for: each stands for data of its own."""
NO_TAGS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Pace:
    """When a schedule of partitions fires, as far as its partitions leave that open."""

    minute_of_hour: int | None = None
    hour_of_day: int | None = None
    day_of_week: int | None = None
    day_of_month: int | None = None
    cron_schedule: str | Sequence[str] | None = None
    execution_timezone: str | None = None

    @property
    def offsets(self) -> dict[str, int]:
        """The fields of the cron that were given."""
        names = ("minute_of_hour", "hour_of_day", "day_of_week", "day_of_month")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


@dataclass(frozen=True, eq=False)
class UnresolvedPartitionedSchedule:
    """A schedule of a job whose partitions are those of its assets, which only the definitions can tell: see `resolve`."""

    name: str
    target: AutomationTarget
    pace: Pace
    description: str | None
    default_status: DefaultScheduleStatus
    tags: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, RawMetadataValue] = field(default_factory=dict)
    owners: tuple[str, ...] = ()

    def resolve(self, catalog: Catalog) -> ScheduleDefinition:
        """The schedule, once it is known what the assets of the job are.

        Raises
        ------
        InvalidDefinitionError
            If the job has no partitions.
        """
        return _schedule(self, self.target.partitions_def(catalog))

    def to_catalog(self, catalog: Catalog | None = None) -> CatalogSchedule:
        """The same as data."""
        return self.resolve(catalog or Catalog()).to_catalog()


def build_schedule_from_partitioned_job(
    job: Any,
    description: str | None = None,
    name: str | None = None,
    minute_of_hour: int | None = None,
    hour_of_day: int | None = None,
    day_of_week: int | None = None,
    day_of_month: int | None = None,
    default_status: DefaultScheduleStatus = DefaultScheduleStatus.STOPPED,
    tags: Mapping[str, Any] | None = None,
    cron_schedule: str | Sequence[str] | None = None,
    execution_timezone: str | None = None,
    metadata: Mapping[str, RawMetadataValue] | None = None,
    owners: Sequence[str] | None = None,
) -> Any:
    """A schedule that runs each partition of a job when its window has ended, at the pace and in the zone of the partitions.

    The arguments of time move it later: ``hour_of_day=6`` for daily partitions runs yesterday's at six. Of several dimensions one must be
    time: all partitions with the newest time are asked for. Static and dynamic partitions have no pace: `cron_schedule` says when, and
    all partitions are asked for.

    >>> from nbasset import DailyPartitionsDefinition
    >>> from nbasset.definitions.asset_job import define_asset_job
    >>> job = define_asset_job("daily", "flights", partitions_def=DailyPartitionsDefinition("2025-01-01", timezone="Europe/Berlin"))
    >>> made = build_schedule_from_partitioned_job(job, hour_of_day=6)
    >>> made.name, made.cron_schedule, made.execution_timezone
    ('daily_schedule', '0 6 * * *', 'Europe/Berlin')

    Raises
    ------
    InvalidDefinitionError
        If the job has no partitions, or an argument says what the partitions say already.
    """
    target = one_target("build_schedule_from_partitioned_job", job_name=None, job=job, target=None)
    if target is None:
        raise InvalidDefinitionError("build_schedule_from_partitioned_job needs a job with partitions.")
    found = UnresolvedPartitionedSchedule(
        checked_name(name or f"{target.job_name}_schedule", "schedule"),
        target,
        Pace(minute_of_hour, hour_of_day, day_of_week, day_of_month, cron_schedule, execution_timezone),
        description,
        default_status,
        checked_tags(tags, f"schedule '{name or target.job_name}'"),
        dict(metadata or {}),
        tuple(owners or ()),
    )
    known = target.partitions_def(None)
    if known is not None:
        return _schedule(found, known)
    # The partitions of a job of assets are those of its assets: known when the definitions are put together.
    if getattr(job, "selection", None) is None:
        raise _without_partitions(found)
    return found


def asks_for_latest(
    target: AutomationTarget, partitions_def: PartitionsDefinition, tags: Mapping[str, str] = NO_TAGS
) -> Callable[[ScheduleEvaluationContext], Any]:
    """The function of a schedule that asks at each tick for what has come to its end by then; without a pace, for all there is."""

    def decide(context: ScheduleEvaluationContext) -> Any:
        tick = context.scheduled_execution_time
        store = context.instance if context.has_instance else None
        time, dimension = _time_of(partitions_def)
        keys = partitions_def.get_partition_keys(tick, store) if time is None or dimension is not None else ()
        asked = keys_at(partitions_def, tick, keys)
        return asked if isinstance(asked, SkipReason) else [_request(target, tags, key, tick, store) for key in asked]

    return decide


def keys_at(partitions_def: PartitionsDefinition, tick: datetime, keys: Sequence[str]) -> list[str] | SkipReason:
    """The partitions that a tick asks for, of the `keys` that exist then."""
    time, dimension = _time_of(partitions_def)
    if time is None:
        return list(keys) if keys else SkipReason("the job has no partitions")
    newest = _newest(time, tick)
    if newest is None:
        return SkipReason("no partition had ended at the tick")
    key, is_excluded = newest
    if is_excluded:
        return SkipReason("the window that has just ended is excluded from the partitions")
    if dimension is None:
        return [key]
    assert isinstance(partitions_def, MultiPartitionsDefinition)
    at = partitions_def.partition_dimension_names.index(dimension)
    wanted = [one for one in keys if partitions_def.parts_of(one)[at] == key]
    return wanted or SkipReason(f"there is no partition with '{key}'")


def _schedule(wanted: UnresolvedPartitionedSchedule, partitions_def: PartitionsDefinition | None) -> ScheduleDefinition:
    if partitions_def is None:
        raise _without_partitions(wanted)
    cron, timezone = _when(wanted, partitions_def)

    target = wanted.target
    return ScheduleDefinition(
        wanted.name,
        cron_schedule=cron,
        job=target.job,
        tags=wanted.tags,
        execution_timezone=timezone,
        execution_fn=asks_for_latest(target, partitions_def, wanted.tags),
        description=wanted.description,
        default_status=wanted.default_status,
        metadata=wanted.metadata,
        owners=wanted.owners,
        catch_up=PARTITIONED_CATCH_UP,
    )


def _when(wanted: UnresolvedPartitionedSchedule, partitions_def: PartitionsDefinition) -> tuple[Any, str]:
    pace, what = wanted.pace, f"schedule '{wanted.name}'"
    time, _ = _time_of(partitions_def)
    if time is not None:
        for name in ("cron_schedule", "execution_timezone"):
            if getattr(pace, name) is not None:
                raise InvalidDefinitionError(
                    f"{what}: the partitions ({partitions_def.describe()}) say when it runs and in which zone, so {name} has no say. "
                    "Use minute_of_hour, hour_of_day, day_of_week or day_of_month to run later than the window ends."
                )
        return time.get_cron_schedule(**pace.offsets), time.timezone or "UTC"
    if pace.offsets:
        raise InvalidDefinitionError(
            f"{what}: {' and '.join(pace.offsets)} moves the end of a time window, but the partitions ({partitions_def.describe()}) "
            'are no time windows. Say when it runs: cron_schedule="0 6 * * *".'
        )
    if pace.cron_schedule is None:
        raise InvalidDefinitionError(
            f'{what}: the partitions ({partitions_def.describe()}) do not say when to run. Give a cron: cron_schedule="0 6 * * *".'
        )
    return pace.cron_schedule, pace.execution_timezone or "UTC"


def _time_of(partitions_def: PartitionsDefinition) -> tuple[TimeWindows | None, str | None]:
    """The partitions by time in it, and the dimension they are of."""
    if isinstance(partitions_def, TimeWindows):
        return partitions_def, None
    if isinstance(partitions_def, MultiPartitionsDefinition):
        name = partitions_def.time_window_dimension
        found = partitions_def.get_partitions_def_for_dimension(name) if name is not None else None
        return (found, name) if isinstance(found, TimeWindows) else (None, None)
    if isinstance(partitions_def, (StaticPartitionsDefinition, DynamicPartitionsDefinition)):
        return None, None
    return None, None


def _newest(time: TimeWindows, tick: datetime) -> tuple[str, bool] | None:
    """The window that should be asked for at a tick, and whether it is excluded; None if there is none yet."""
    calendar = time.calendar
    newest = calendar.ticks.before(calendar.stop(seconds_of(tick)))
    if newest is None or newest < calendar.first:
        return None
    return calendar.keys.write(newest), calendar.is_excluded(newest)


def _request(target: AutomationTarget, tags: Mapping[str, str], key: str, tick: datetime, store: Any) -> RunRequest:
    job = target.job
    if job.partitions_def is None:
        return RunRequest(run_key=key, run_config=job.config_for(None), tags=tags, job_name=job.name, partition_key=key)
    found: RunRequest = job.run_request_for_partition(
        partition_key=key, run_key=key, tags=dict(tags), current_time=tick, dynamic_partitions_store=store
    )
    return found


def _without_partitions(wanted: UnresolvedPartitionedSchedule) -> InvalidDefinitionError:
    return InvalidDefinitionError(
        f"schedule '{wanted.name}': job '{wanted.target.job_name}' has no partitions. Use ScheduleDefinition, which takes any job."
    )
