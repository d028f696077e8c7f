"""What the verbs about jobs, runs, schedules, sensors and the instance were told, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

from nbasset.arguments.options import PartitionArguments
from nbasset.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class JobListArguments:
    """``job list``."""


@dataclass(frozen=True, slots=True)
class JobShowArguments:
    """``job show``: one job; with `config` nothing but a run configuration to fill in."""

    job: str
    config: bool = False


@dataclass(frozen=True, slots=True)
class JobRunArguments:
    """``job run``. Of several `partition` keys each has a run. `ops` or `assets` choose a part of the job; `executor` overrides its own.

    `parameters` are values for those of a promoted notebook, whose partitions are made in one run; `only` leaves out some of them.
    """

    job: str
    config: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    partition: str = ""
    ops: tuple[str, ...] = ()
    assets: str = ""
    executor: str = ""
    quiet: bool = False
    background: bool = False
    parameters: Mapping[str, str] = field(default_factory=dict)
    only: Literal["", "missing", "failed", "stale"] = ""


@dataclass(frozen=True, slots=True)
class JobBackfillArguments:
    """``job backfill``. `only` leaves out what is not ``missing``, ``failed`` or ``stale`` of the assets that the job makes."""

    job: str
    partitions: PartitionArguments = PartitionArguments()
    all: bool = False
    only: Literal["", "missing", "failed", "stale"] = ""
    chunk: int = 0
    workers: int = 1
    concurrency: int = 1
    config: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    dry_run: bool = False
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class RunsDeleteArguments:
    """``runs delete``: runs by (the start of) their ids, or `all` that are over."""

    runs: tuple[str, ...] = ()
    yes: bool = False
    all: bool = False


@dataclass(frozen=True, slots=True)
class RunsReexecuteArguments:
    """``runs reexecute``. `from_failure` runs what failed and what is after it, `steps` those that are named, else everything."""

    run: str
    from_failure: bool = False
    steps: tuple[str, ...] = ()
    config: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    quiet: bool = False
    background: bool = False


@dataclass(frozen=True, slots=True)
class ScheduleListArguments:
    """``schedule list``."""


@dataclass(frozen=True, slots=True)
class SchedulePreviewArguments:
    """``schedule preview``: one schedule or all; ticks of the next `days`, at most `limit` of each."""

    schedule: str = ""
    days: float = 7
    limit: int = 10


@dataclass(frozen=True, slots=True)
class ScheduleEvaluateArguments:
    """``schedule evaluate``: one tick, by default the next one. `at` is its moment, on the schedule's clock where it names no zone."""

    schedule: str
    at: str = ""


@dataclass(frozen=True, slots=True)
class SensorListArguments:
    """``sensor list``."""


@dataclass(frozen=True, slots=True)
class SensorEvaluateArguments:
    """``sensor evaluate``: one sensor or all; `cursor` is what an earlier evaluation left."""

    sensor: str = ""
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class InstanceInfoArguments:
    """``instance info``."""


@dataclass(frozen=True, slots=True)
class InstanceMigrateArguments:
    """``instance migrate``."""


@dataclass(frozen=True, slots=True)
class DefinitionsValidateArguments:
    """``definitions validate``."""
