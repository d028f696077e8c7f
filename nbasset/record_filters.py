"""What `Instance` is asked for records with, and what it answers: filters, records, states of partitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from enum import Enum
from typing import cast

from nbasset.dataclass import dataclass
from nbasset.definitions.results import DataVersion
from nbasset.events.facts import AssetMaterialized, AssetObserved, Fact
from nbasset.events.kinds import Event
from nbasset.events.records import RunQuery, RunRecord, RunStatus
from nbasset.keys import AssetKey, RunId


class EventType(Enum):
    """Kinds of events under the names of the field, for `EventRecordsFilter` and `Instance.all_logs`; `recorded` is what each stands for.

    >>> EventType.STEP_FAILURE.value, EventType.STEP_FAILURE.recorded
    ('STEP_FAILURE', 'StepFailed')
    """

    RUN_ENQUEUED = "RUN_ENQUEUED"
    RUN_START = "RUN_START"
    RUN_SUCCESS = "RUN_SUCCESS"
    RUN_FAILURE = "RUN_FAILURE"
    RUN_CANCELING = "RUN_CANCELING"
    RUN_CANCELED = "RUN_CANCELED"
    STEP_START = "STEP_START"
    STEP_SUCCESS = "STEP_SUCCESS"
    STEP_FAILURE = "STEP_FAILURE"
    STEP_SKIPPED = "STEP_SKIPPED"
    STEP_UP_FOR_RETRY = "STEP_UP_FOR_RETRY"
    ASSET_MATERIALIZATION = "ASSET_MATERIALIZATION"
    ASSET_OBSERVATION = "ASSET_OBSERVATION"
    ASSET_CHECK_EVALUATION = "ASSET_CHECK_EVALUATION"
    LOADED_INPUT = "LOADED_INPUT"
    HANDLED_OUTPUT = "HANDLED_OUTPUT"
    LOGS_CAPTURED = "LOGS_CAPTURED"

    @property
    def recorded(self) -> str:
        """The name of the class of events or facts."""
        return _RECORDED[self.value]


_RECORDED = {
    "RUN_ENQUEUED": "RunQueued", "RUN_START": "RunStarted", "RUN_SUCCESS": "RunSucceeded", "RUN_FAILURE": "RunFailed",
    "RUN_CANCELING": "RunCancelRequested", "RUN_CANCELED": "RunCancelled", "STEP_START": "StepStarted", "STEP_SUCCESS": "StepSucceeded",
    "STEP_FAILURE": "StepFailed", "STEP_SKIPPED": "StepSkipped", "STEP_UP_FOR_RETRY": "StepRetried",
    "ASSET_MATERIALIZATION": "AssetMaterialized", "ASSET_OBSERVATION": "AssetObserved", "ASSET_CHECK_EVALUATION": "CheckEvaluated",
    "LOADED_INPUT": "InputLoaded", "HANDLED_OUTPUT": "OutputStored", "LOGS_CAPTURED": "LogsCaptured",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RunsFilter:
    """Which runs; all conditions hold together. Times are aware; a run was updated when it was last heard of. A tag may have one of several
    values, given as a list.

    >>> from nbasset import Instance, asset, materialize
    >>> @asset
    ... def orders():
    ...     return [1]
    >>> with Instance.ephemeral() as instance:
    ...     _ = materialize([orders], instance=instance, tags={"team": "data"})
    ...     len(instance.get_runs(RunsFilter(tags={"team": "data"})))
    1
    """

    run_ids: Sequence[str] = ()
    job_name: str | None = None
    statuses: Sequence[RunStatus] = ()
    tags: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    created_after: datetime | None = None
    created_before: datetime | None = None
    asset_key: AssetKey | None = None
    updated_after: datetime | None = None
    updated_before: datetime | None = None

    def query(self, *, before: str | None, limit: int) -> RunQuery:
        """The same as the store takes it, which is all but what `admits` says."""
        tags = {key: value for key, value in self.tags.items() if isinstance(value, str)}
        return RunQuery(
            tuple(RunId(run_id) for run_id in self.run_ids), tuple(_status(one) for one in self.statuses), self.job_name, tags,
            self.asset_key,
            since_us=_us(self.created_after), until_us=_us(self.created_before), before=before, limit=limit,
        )  # fmt: skip

    def admits(self, run: RunRecord) -> bool:
        """Whether a run that passed the `query` is one of those asked for."""
        updated = max(run.requested_us, run.started_us or 0, run.ended_us or 0, run.heartbeat_us or 0)
        after, before = _us(self.updated_after), _us(self.updated_before)
        if (after is not None and updated <= after) or (before is not None and updated >= before):
            return False
        return all(isinstance(values, str) or run.tags.get(key) in values for key, values in self.tags.items())


@dataclass(frozen=True, slots=True)
class AssetRecordsFilter:
    """Which materializations or observations of one asset. Storage ids and times are exclusive bounds.

    >>> from nbasset import AssetMaterialization, Instance
    >>> with Instance.ephemeral() as instance:
    ...     instance.report_runless_asset_event(AssetMaterialization("orders"))
    ...     len(instance.fetch_materializations(AssetRecordsFilter(AssetKey("orders")), limit=10).records)
    1
    """

    asset_key: AssetKey
    asset_partitions: Sequence[str] | None = None
    after_timestamp: float | None = None
    before_timestamp: float | None = None
    after_storage_id: int | None = None
    before_storage_id: int | None = None


@dataclass(frozen=True, slots=True)
class EventRecordsFilter:
    """Which events: by `EventType`, by the name of their class (``StepFailed``) or of a fact in them (``AssetMaterialized``), by asset, by
    number, by time (seconds since 1970, both bounds exclusive).

    >>> from nbasset import AssetMaterialization, Instance
    >>> with Instance.ephemeral() as instance:
    ...     instance.report_runless_asset_event(AssetMaterialization("orders"))
    ...     [record.asset_key for record in instance.get_event_records(EventRecordsFilter("AssetReported"))]
    [AssetKey('orders')]
    """

    event_type: EventType | str | type | None = None
    asset_key: AssetKey | None = None
    asset_partitions: Sequence[str] | None = None
    after_cursor: int | None = None
    before_cursor: int | None = None
    after_timestamp: float | None = None
    before_timestamp: float | None = None


@dataclass(frozen=True, slots=True)
class EventRecord:
    """One fact with the event it came in. `storage_id` rises strictly; several facts of one step share theirs.

    >>> from nbasset import AssetMaterialization, Instance
    >>> with Instance.ephemeral() as instance:
    ...     instance.report_runless_asset_event(AssetMaterialization("orders"))
    ...     record = instance.get_latest_materialization_event("orders")
    ...     record.asset_key, record.run_id
    (AssetKey('orders'), None)
    """

    storage_id: int
    event: Event
    fact: Fact | None = None

    @property
    def timestamp(self) -> float:
        """Seconds since 1970."""
        return self.event.at_us / 1_000_000

    @property
    def run_id(self) -> RunId | None:
        """The run it happened in."""
        return getattr(self.event, "run_id", None)

    @property
    def asset_key(self) -> AssetKey | None:
        """The asset it is about."""
        return getattr(self.fact, "asset", None)

    @property
    def partition_key(self) -> str | None:
        """The partition it is about."""
        ref = getattr(self.fact, "partition", None)
        return ref.key if ref is not None else None

    @property
    def event_type(self) -> EventType | None:
        """What it is under the names of the field; None where those have no name for it."""
        named = {text: EventType(name) for name, text in _RECORDED.items()}
        return named.get(type(self.fact).__name__) or named.get(type(self.event).__name__)

    @property
    def event_log_entry(self) -> EventRecord:
        """This record: the reference tells records and entries apart, here they are one."""
        return self

    @property
    def asset_materialization(self) -> AssetMaterialized | None:
        """The materialization, if it is one."""
        return self.fact if isinstance(self.fact, AssetMaterialized) else None

    @property
    def asset_observation(self) -> AssetObserved | None:
        """The observation, if it is one."""
        return self.fact if isinstance(self.fact, AssetObserved) else None


EventLogEntry = EventRecord


@dataclass(frozen=True, slots=True)
class EventRecordsResult:
    """A page of records; `cursor` is what to ask with for the next one."""

    records: tuple[EventRecord, ...]
    cursor: str
    has_more: bool


@dataclass(frozen=True, slots=True)
class DataProvenance:
    """What a version was made from.

    >>> from nbasset import Instance, asset, materialize
    >>> @asset
    ... def orders():
    ...     return [1]
    >>> @asset
    ... def total(orders):
    ...     return sum(orders)
    >>> with Instance.ephemeral() as instance:
    ...     _ = materialize([orders, total], instance=instance)
    ...     list(instance.get_provenance("total").input_data_versions)
    [AssetKey('orders')]
    """

    code_version: str
    input_data_versions: Mapping[AssetKey, DataVersion]
    input_storage_ids: Mapping[AssetKey, int]
    is_user_provided: bool = False


class AssetPartitionStatus(Enum):
    """What is known of a partition; one that never ran has none.

    >>> AssetPartitionStatus.FAILED.name
    'FAILED'
    """

    MATERIALIZED = "MATERIALIZED"
    IN_PROGRESS = "IN_PROGRESS"
    FAILED = "FAILED"


def _status(status: RunStatus) -> RunStatus:
    """The text of a status; a member of the enumeration users write is one to Python, but not to every database driver."""
    return cast("RunStatus", str(status))


def _us(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1_000_000)
