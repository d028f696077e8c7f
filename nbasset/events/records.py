"""What the events add up to: the newest state of assets, partitions, checks, runs, backfills, schedules and sensors.

Records are folded by `fold` in the transaction that writes the events, so reading one costs what it holds, not what was ever logged.
Statuses of the moment (queued, running) are not folded into assets: they follow from the runs that are not over (`RunRecord.targets`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime
from enum import IntEnum
from typing import Generic, Literal, TypeVar

from nbasset.dataclass import dataclass
from nbasset.events.facts import AssetMaterialized, AssetObserved, CheckEvaluated, CheckKey, ErrorInfo, InstigatorId
from nbasset.events.kinds import Event, Owner, Target
from nbasset.keys import AssetKey, RunId
from nbasset.ordinals import OrdinalSet
from nbasset.serde import Json, serializable

T = TypeVar("T")
RunStatus = Literal["queued", "not_started", "starting", "started", "canceling", "success", "failure", "canceled"]
END_STATES: frozenset[RunStatus] = frozenset({"success", "failure", "canceled"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log: its number, strictly rising, and the event."""

    seq: int
    event: Event


class Status(IntEnum):
    """What is known of an asset or a partition. A failed one may still have an earlier version (`AssetRecord.materialization`)."""

    MISSING = 0
    MATERIALIZED = 1
    FAILED = 2


@dataclass(frozen=True, slots=True)
class AssetRecord:
    """The newest state of one asset over all its partitions.

    `changed_seq` is the number of the last event that changed the *data version*, `seq` that of the last materialization: a rerun with
    equal data moves `seq` alone. For a partitioned asset the `materialization` is the newest of any partition.
    """

    key: AssetKey
    status: Status = Status.MISSING
    seq: int = 0
    changed_seq: int = 0
    at_us: int = 0
    run_id: RunId | None = None
    materialization: AssetMaterialized | None = None
    observation: AssetObserved | None = None
    observed_us: int = 0
    failed_us: int = 0
    failed_run_id: RunId | None = None
    failed_step: str | None = None
    error: ErrorInfo | None = None
    retired: bool = False
    first_us: int = 0
    materializations: int = 0

    @property
    def has_anything(self) -> bool:
        """Whether anything is known of it: not, once all was given up."""
        return self.status != Status.MISSING or self.retired or bool(self.materialization or self.observation or self.failed_us)

    @property
    def asset_entry(self) -> AssetEntry:
        """The newest events of the asset, as the reference tells them."""
        made, seen = self.materialization, self.observation
        return AssetEntry(
            self.key, self.run_id, LatestEvent(self.seq, made, self.at_us, self.run_id) if made is not None else None,
            LatestEvent(self.changed_seq, seen, self.observed_us) if seen is not None else None,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class LatestEvent:
    """The newest materialization or observation of an asset; a record and its entry are one here.

    An observation carries the number of the last event that changed the data version.
    """

    storage_id: int
    fact: AssetMaterialized | AssetObserved
    at_us: int
    run_id: RunId | None = None

    @property
    def timestamp(self) -> float:
        """Seconds since 1970."""
        return self.at_us / 1_000_000

    @property
    def asset_materialization(self) -> AssetMaterialized | None:
        """The materialization, if it is one."""
        return self.fact if isinstance(self.fact, AssetMaterialized) else None

    @property
    def asset_observation(self) -> AssetObserved | None:
        """The observation, if it is one."""
        return self.fact if isinstance(self.fact, AssetObserved) else None

    @property
    def partition_key(self) -> str | None:
        """The partition that it is of."""
        return self.fact.partition.key if self.fact.partition is not None else None

    @property
    def event_log_entry(self) -> LatestEvent:
        """The same."""
        return self


@dataclass(frozen=True, slots=True)
class AssetEntry:
    """The newest events of one asset, whatever their partition."""

    asset_key: AssetKey
    last_run_id: RunId | None = None
    last_materialization_record: LatestEvent | None = None
    last_observation_record: LatestEvent | None = None

    @property
    def last_materialization(self) -> LatestEvent | None:
        """The newest materialization."""
        return self.last_materialization_record

    @property
    def last_observation(self) -> LatestEvent | None:
        """The newest observation."""
        return self.last_observation_record


@dataclass(frozen=True, slots=True)
class PartitionTable:
    """State of all partitions of one asset as parallel columns, ordered by ordinal: one row a partition that ever had an event.

    `status` is one byte a row (`Status`); `seq`, `changed_seq`, `at_us` are numbers; `run`, `code`, `data_version`, `input_digest`,
    `version_id` and `recipe` (`recipes.recipe_of`) are indexes into `texts`, where one that is unknown is the empty text. All columns are
    of one length and only read. Each run, code and recipe stands in `texts` once; of the other three each row has its own text, written
    out when it is asked for.
    """

    ordinals: OrdinalSet
    status: bytes
    seq: Sequence[int]
    changed_seq: Sequence[int]
    at_us: Sequence[int]
    run: Sequence[int]
    code: Sequence[int]
    data_version: Sequence[int]
    input_digest: Sequence[int]
    version_id: Sequence[int]
    recipe: Sequence[int]
    texts: Sequence[str]

    def __len__(self) -> int:
        return len(self.status)

    def with_status(self, status: Status) -> OrdinalSet:
        """The ordinals in this status; for MISSING use the definition's set minus the others."""
        alike = self.status.count(status)
        if alike in (0, len(self.status)):
            return self.ordinals if alike else OrdinalSet()
        runs: list[tuple[int, int]] = []
        row = 0
        wanted = int(status)
        for start, stop in self.ordinals.runs:
            begin: int | None = None
            for ordinal in range(start, stop):
                if self.status[row] == wanted:
                    begin = ordinal if begin is None else begin
                elif begin is not None:
                    runs.append((begin, ordinal))
                    begin = None
                row += 1
            if begin is not None:
                runs.append((begin, stop))
        return OrdinalSet(tuple(runs))


@dataclass(frozen=True, slots=True)
class CheckRecord:
    """The newest verdict of one check (on one partition, or the whole asset)."""

    check: CheckKey
    seq: int
    at_us: int
    run_id: RunId | None
    evaluation: CheckEvaluated


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run as it stands. Counters are of finished steps; `root_run_id` is the first of a chain of re-executions. `added_tags` are
    those of the `tags` that were given after it was requested.

    >>> from nbasset import Instance, asset, materialize
    >>> @asset
    ... def orders():
    ...     return [1]
    >>> with Instance.ephemeral() as instance:
    ...     run = instance.get_run_by_id(materialize([orders], instance=instance).run_id)
    ...     run.status, run.succeeded
    ('success', 1)
    """

    run_id: RunId
    status: RunStatus
    job: str | None = None
    kind: str = "interactive"
    location: str | None = None
    targets: tuple[Target, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    config: Mapping[str, Json] = field(default_factory=dict)
    plan_id: str | None = None
    parent_run_id: RunId | None = None
    root_run_id: RunId | None = None
    backfill_id: str | None = None
    user: str = ""
    owner: Owner | None = None
    requested_us: int = 0
    started_us: int = 0
    ended_us: int = 0
    heartbeat_us: int = 0
    steps: int = 0
    succeeded: int = 0
    failed: int = 0
    skipped: int = 0
    reason: str = ""
    message: str = ""
    error: ErrorInfo | None = None
    first_seq: int = 0
    last_seq: int = 0
    launch_id: str | None = None
    added_tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        """Whether the run reached its end state; there is no way out of one."""
        return self.status in END_STATES

    @property
    def is_finished(self) -> bool:
        """The same."""
        return self.is_over

    @property
    def is_success(self) -> bool:
        """Whether it ended well."""
        return self.status == "success"

    @property
    def is_failure(self) -> bool:
        """Whether it failed."""
        return self.status == "failure"

    @property
    def is_failure_or_canceled(self) -> bool:
        """Whether it ended otherwise than well."""
        return self.status in ("failure", "canceled")

    @property
    def start_time(self) -> float | None:
        """When it began, in seconds since 1970; None before."""
        return self.started_us / 1_000_000 if self.started_us else None

    @property
    def end_time(self) -> float | None:
        """When it ended, in seconds since 1970; None before."""
        return self.ended_us / 1_000_000 if self.ended_us else None

    @property
    def create_timestamp(self) -> datetime:
        """When it was requested, aware."""
        return datetime.fromtimestamp(self.requested_us / 1_000_000, UTC)

    @property
    def asset_selection(self) -> frozenset[AssetKey]:
        """The assets that it was to make."""
        return frozenset(target.asset for target in self.targets)

    @property
    def job_name(self) -> str | None:
        """The job, if the run is of one."""
        return self.job

    @property
    def run_config(self) -> Mapping[str, Json]:
        """The configuration of the run, secrets as references."""
        return self.config


Run = RunRecord
"""The same, as users of the field call it."""


StepStatus = Literal["waiting", "running", "retrying", "succeeded", "failed", "skipped", "reused", "cancelled"]


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step of a run as it stands: times of the last attempt, in microseconds."""

    step: str
    status: StepStatus = "waiting"
    attempt: int = 1
    started_us: int = 0
    ended_us: int = 0
    load_us: int = 0
    work_us: int = 0
    write_us: int = 0
    reason: str = ""
    because: str = ""
    error: ErrorInfo | None = None
    facts: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True)
class BackfillRecord:
    """One backfill as it stands: what was asked, what went to which run."""

    backfill_id: str
    status: Literal["requested", "canceling", "completed_success", "completed_failed", "cancelled", "failed"]
    targets: tuple[Target, ...]
    launched: tuple[Target, ...] = ()
    run_ids: tuple[RunId, ...] = ()
    location: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Json] = field(default_factory=dict)
    title: str = ""
    by: str = ""
    requested_us: int = 0
    ended_us: int = 0
    message: str = ""


@serializable
@dataclass(frozen=True, slots=True)
class InstigatorRecord:
    """A schedule or sensor as it stands. A `status` of None: as its definition says.

    Ticks before `since_us` never count. `last_tick_us` is up to where its ticks were dealt with: of a schedule the time for which the last
    one was scheduled that did not fail, was given up or was missed; of a sensor the start of the last evaluation. `failures` are the failed
    tries in a row: of the same tick of a schedule, of a sensor whatever it was asked. `last_status` is that of the last evaluation.
    """

    instigator: InstigatorId
    status: Literal["RUNNING", "STOPPED"] | None = None
    set_us: int = 0
    set_by: str = ""
    since_us: int = 0
    cursor: str | None = None
    last_run_key: str | None = None
    last_tick_us: int = 0
    last_started_us: int = 0
    last_status: Literal["success", "skipped", "failure"] | None = None
    failures: int = 0
    seq: int = 0


TickStatus = Literal["success", "skipped", "failure", "missed"]


@dataclass(frozen=True, slots=True)
class TickRecord:
    """One evaluation of a schedule or sensor, or ticks that were missed together: `missed` of them, from `first_us` to `last_us`.

    `seq` is the entry of the log; the other fields are those of `TickEvaluated`, whose time is `ended_us`.
    """

    seq: int
    instigator: InstigatorId
    status: TickStatus
    scheduled_us: int | None = None
    started_us: int = 0
    ended_us: int = 0
    run_ids: tuple[RunId, ...] = ()
    spent: tuple[tuple[str, str], ...] = ()
    skip_message: str | None = None
    error: ErrorInfo | None = None
    cursor: str | None = None
    attempt: int = 0
    backfill_id: str | None = None
    also: tuple[str, ...] = ()
    log: str = ""
    will_retry: bool = False
    missed: int = 0
    first_us: int = 0
    last_us: int = 0


@dataclass(frozen=True, slots=True)
class RunQuery:
    """Which runs, newest first. All conditions hold together; empty ones do not limit. `before` is the cursor of the page before."""

    run_ids: tuple[RunId, ...] = ()
    statuses: tuple[RunStatus, ...] = ()
    job: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    asset: AssetKey | None = None
    backfill_id: str | None = None
    root_run_id: RunId | None = None
    since_us: int | None = None
    until_us: int | None = None
    before: str | None = None
    limit: int = 25


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some of a list; `cursor` is what to ask with for the next ones, None at the end."""

    items: tuple[T, ...]
    cursor: str | None = None
