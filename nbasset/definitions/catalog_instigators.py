"""Schedules and sensors as plain data: what a catalog says of them, and what one evaluation of them gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import Enum
from typing import Literal

from nbasset.dataclass import dataclass
from nbasset.definitions.conditions import AutomationCondition
from nbasset.definitions.listed_partitions import AddDynamicPartitionsRequest, DeleteDynamicPartitionsRequest
from nbasset.definitions.requests import RunRequest
from nbasset.definitions.selection import AssetSelection
from nbasset.events.facts import AssetMaterialized, AssetObserved, CheckEvaluated
from nbasset.keys import AssetKey
from nbasset.metadata import MetadataValue
from nbasset.ordinals import OrdinalSet
from nbasset.serde import serializable

SensorKind = Literal["sensor", "asset", "multi_asset", "run_status", "automation", "freshness"]


@serializable
class DefaultScheduleStatus(Enum):
    """Whether a schedule runs until somebody starts or stops it.

    >>> DefaultScheduleStatus.STOPPED.value
    'STOPPED'
    """

    RUNNING = "RUNNING"
    STOPPED = "STOPPED"


@serializable
class DefaultSensorStatus(Enum):
    """Whether a sensor runs until somebody starts or stops it.

    >>> DefaultSensorStatus.RUNNING.value
    'RUNNING'
    """

    RUNNING = "RUNNING"
    STOPPED = "STOPPED"


@serializable
@dataclass(frozen=True, slots=True)
class CatalogTarget:
    """What is started: a job by name, or a selection of assets."""

    job: str | None = None
    selection: AssetSelection | None = None


@serializable
@dataclass(frozen=True, slots=True)
class CatalogSchedule:
    """A schedule as data. `crons` are united; `catch_up` is how many missed ticks are made up for, newest first."""

    name: str
    crons: tuple[str, ...]
    timezone: str = "UTC"
    target: CatalogTarget | None = None
    default_status: DefaultScheduleStatus = DefaultScheduleStatus.STOPPED
    description: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, MetadataValue] = field(default_factory=dict)
    owners: tuple[str, ...] = ()
    resources: frozenset[str] = frozenset()
    catch_up: int = 1
    place: str | None = None


@serializable
@dataclass(frozen=True, slots=True)
class CatalogSensor:
    """A sensor as data. `monitored` are the assets, `monitored_jobs` the jobs that it watches; `statuses` those that it waits for.

    For an automation sensor `selection` says whose conditions it evaluates, and `condition` is that of assets without one.
    """

    name: str
    kind: SensorKind = "sensor"
    targets: tuple[CatalogTarget, ...] = ()
    minimum_interval_s: int = 30
    default_status: DefaultSensorStatus = DefaultSensorStatus.STOPPED
    description: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, MetadataValue] = field(default_factory=dict)
    owners: tuple[str, ...] = ()
    resources: frozenset[str] = frozenset()
    monitored: tuple[AssetKey, ...] = ()
    statuses: tuple[str, ...] = ()
    monitored_jobs: tuple[str, ...] = ()
    all_locations: bool = False
    selection: AssetSelection | None = None
    run_tags: Mapping[str, str] = field(default_factory=dict)
    emit_backfills: bool = True
    condition: AutomationCondition | None = None
    place: str | None = None


@serializable
@dataclass(frozen=True, slots=True)
class ScheduleExecutionData:
    """What one evaluation of a schedule gave: runs to start, or why there are none; and what it logged."""

    run_requests: tuple[RunRequest, ...] = ()
    skip_message: str | None = None
    log_lines: tuple[str, ...] = ()


@serializable
@dataclass(frozen=True, slots=True)
class RunReaction:
    """That a run-status sensor was called for a run; `error` is set when its function failed on it."""

    run_id: str
    error: str | None = None


@serializable
@dataclass(frozen=True, slots=True)
class SensorExecutionData:
    """What one evaluation of a sensor gave. `cursor` is the one to keep if everything that is asked for here was recorded.

    `backfill` are assets and partitions that an automation sensor wants made by one backfill.
    """

    run_requests: tuple[RunRequest, ...] = ()
    skip_message: str | None = None
    cursor: str | None = None
    dynamic_partitions_requests: tuple[AddDynamicPartitionsRequest | DeleteDynamicPartitionsRequest, ...] = ()
    asset_events: tuple[AssetMaterialized | AssetObserved | CheckEvaluated, ...] = ()
    run_reactions: tuple[RunReaction, ...] = ()
    log_lines: tuple[str, ...] = ()
    backfill: tuple[tuple[AssetKey, OrdinalSet], ...] = ()
