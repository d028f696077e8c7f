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
from nbasset.events.records import RunQuery, RunStatus
from nbasset.keys import AssetKey, RunId


@dataclass(frozen=True, slots=True)
class RunsFilter:
    """Which runs; all conditions hold together. Times are aware.

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
    tags: Mapping[str, str] = field(default_factory=dict)
    created_after: datetime | None = None
    created_before: datetime | None = None
    asset_key: AssetKey | None = None

    def query(self, *, before: str | None, limit: int) -> RunQuery:
        """The same as the store takes it."""
        return RunQuery(
            tuple(RunId(run_id) for run_id in self.run_ids), tuple(_status(one) for one in self.statuses), self.job_name, dict(self.tags),
            self.asset_key,
            since_us=_us(self.created_after), until_us=_us(self.created_before), before=before, limit=limit,
        )  # fmt: skip


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
    """Which events: by the name of their class (``StepFailed``) or of a fact in them (``AssetMaterialized``), by asset, by number.

    >>> from nbasset import AssetMaterialization, Instance
    >>> with Instance.ephemeral() as instance:
    ...     instance.report_runless_asset_event(AssetMaterialization("orders"))
    ...     [record.asset_key for record in instance.get_event_records(EventRecordsFilter("AssetReported"))]
    [AssetKey('orders')]
    """

    event_type: str | type | None = None
    asset_key: AssetKey | None = None
    asset_partitions: Sequence[str] | None = None
    after_cursor: int | None = None
    before_cursor: int | None = None


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
    def asset_materialization(self) -> AssetMaterialized | None:
        """The materialization, if it is one."""
        return self.fact if isinstance(self.fact, AssetMaterialized) else None

    @property
    def asset_observation(self) -> AssetObserved | None:
        """The observation, if it is one."""
        return self.fact if isinstance(self.fact, AssetObserved) else None


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
