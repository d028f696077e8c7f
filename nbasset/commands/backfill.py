"""``backfill``: make many partitions by several runs, from a request that is frozen to an end that is recorded.

`plan_of` says what would run and what it takes, `launch_backfill` records the wish, `drive` carries it out, `backfill_status` tells how it
stands, `cancel_backfill` stops it, from whichever process. Whoever drives holds a lock of the backfill, which a dying process lets go:
another one may then drive on from what is recorded, and makes nothing twice that was recorded once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from nbasset import clock
from nbasset.arguments.options import BackfillArguments
from nbasset.commands.backfill_records import (
    BackfillStatus,
    backfill_of,
    lost_runs,
    number,
    plan_of_record,
    read_outcomes,
    status_of,
    view_of_record,
)
from nbasset.commands.carrying_out import DEFAULT, Manner, carry_out, checked_config, executor_for
from nbasset.commands.configuration import run_config_of
from nbasset.commands.planning import Wish, named_assets, partitions_of, select, wanted_of
from nbasset.commands.scope import Scope, user_name
from nbasset.commands.states import standing as states_of
from nbasset.errors import (
    BackfillBusy,
    HiddenState,
    InvalidConfigError,
    InvalidDefinitionError,
    InvalidInvocationError,
    PartitionBusy,
    ProblemsFound,
)
from nbasset.events.kinds import (
    BackfillCancelRequested,
    BackfillEnded,
    BackfillProgressed,
    BackfillRequested,
    Event,
    RunCancelRequested,
    RunStarted,
)
from nbasset.events.records import BackfillRecord, Entry
from nbasset.execution.cancel import CancelToken
from nbasset.instance import Instance
from nbasset.keys import AssetKey, new_run_id
from nbasset.planning.backfill import (
    WHOLE,
    BackfillOptions,
    BackfillPlan,
    Chunk,
    Outcomes,
    ending,
    next_chunks,
    plan_backfill,
    standing,
)
from nbasset.planning.backfill_outcomes import outcomes_of_events
from nbasset.planning.estimates import Estimate, cost_of, estimate
from nbasset.planning.plan import PlanRequest, Reason
from nbasset.planning.run_plan import plan_run
from nbasset.serde import Json
from nbasset.storage.protocol import Storage, StorageReader

BACKFILL_TAG = "nbasset/backfill"
_SAMPLES = 20
_LOCK_S = 1.0
_WAIT_S = 1.0


@dataclass(frozen=True, eq=False)
class PlannedBackfill:
    """What a backfill would make, by which runs, and what that takes. `fresh` was asked for and is left out."""

    plan: BackfillPlan
    estimate: Estimate
    fresh: tuple[AssetKey, ...] = ()
    workers: int = 1
    config: Mapping[str, Any] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.plan.chunks

    def to_json(self) -> Json:
        """Plain data."""
        return {
            "estimate": self.estimate.to_json(),
            "assets": {str(key): len(ordinals) for key, ordinals in self.plan.wanted.items()},
            "fresh": [str(key) for key in self.fresh],
        }


# -- before it begins -----------------------------------------------------------------------------------------------------------


def plan_of(scope: Scope, arguments: BackfillArguments) -> PlannedBackfill:
    """What the arguments ask for. Nothing runs and nothing is written but numbers of partition keys that were never used before.

    Raises
    ------
    InvalidInvocationError
        If partitioned assets are selected and nobody said which partitions.
    HiddenState, ProblemsFound, UnknownAsset, UnknownPartitionError, InvalidConfigError
        As for a run.
    """
    _ = scope.instance.storage  # the store gives partition keys their numbers, so it is there before they are asked for
    catalog = scope.catalog
    config = run_config_of(arguments.config, scope)
    now = states_of(scope, run_config=config)
    selection = arguments.select or None
    chosen = frozenset(key for key in select(scope, selection, now) if catalog.by_key[key].is_executable)
    text = arguments.partitions.text
    given = partitions_of(catalog, chosen, text, now.view, named=named_assets(selection, catalog))
    if not text:
        if not arguments.all and not arguments.only and any(catalog.by_key[key].partitions_def is not None for key in chosen):
            raise InvalidInvocationError("say which partitions: -s FIRST -e LAST, -p KEYS, --all, or --only missing, failed or stale.")
        given = {key: one.ordinals(now.view) for key in chosen if (one := catalog.by_key[key].partitions_def) is not None}
    wish = Wish(selection, text, arguments.only or "all", arguments.upstream)
    wanted, fresh = wanted_of(catalog, chosen, given, wish, now)
    options = BackfillOptions(arguments.chunk, 1, arguments.newest_first)
    sets = {key: WHOLE if ordinals is None else ordinals for key, ordinals in wanted.items()}
    plan = plan_backfill(catalog, sets, options, now.view)
    nodes = frozenset(str(catalog.by_key[key].node) for key in plan.wanted)
    checked_config(scope, nodes, config)
    workers = max(1, arguments.workers)
    return PlannedBackfill(plan, estimate_of(scope.instance.reader, plan, workers=workers), fresh, workers, config)


def estimate_of(reader: StorageReader, plan: BackfillPlan, *, workers: int = 1) -> Estimate:
    """What a planned backfill takes, told from the newest materializations of its assets."""

    def history(key: AssetKey) -> list[Entry]:
        return reader.materializations(key, None, limit=_SAMPLES)

    costs = {key: cost for key in plan.wanted if (cost := cost_of(key, history(key))) is not None}
    counts = {key: len(ordinals) for key, ordinals in plan.wanted.items()}
    return estimate(counts, costs, runs=len(plan.chunks), workers=workers)


def launch_backfill(scope: Scope, planned: PlannedBackfill, *, title: str = "", tags: Mapping[str, str] | None = None) -> str:
    """Record the wish; its id. The wanted partitions and what counts as now are frozen with it. Nothing runs until somebody drives it."""
    backfill_id = str(new_run_id())
    options: dict[str, Json] = {
        "chunk": planned.plan.options.chunk, "newest_first": planned.plan.options.newest_first, "workers": planned.workers,
        "config": dict(planned.config or {}), "now_us": round(planned.plan.view.now.timestamp() * 1_000_000),
    }  # fmt: skip
    event = BackfillRequested(
        clock.now_us(), backfill_id, planned.plan.targets_of(planned.plan.wanted), scope.location.name or None, dict(tags or {}), options,
        title, user_name(),
    )  # fmt: skip
    scope.instance.storage.append([event], flush=True)
    return backfill_id


# -- while it goes on ---------------------------------------------------------------------------------------------------------


def drive(
    scope: Scope, backfill_id: str, manner: Manner = DEFAULT, *, on_status: Callable[[BackfillStatus], None] | None = None
) -> BackfillStatus:
    """Carry a backfill out to its end, from wherever it stands. An interrupt cancels it and is raised again.

    `on_status` hears how it stands at the beginning and after each run.

    Raises
    ------
    UnknownBackfill
        If nobody asked for it.
    BackfillBusy
        If another process carries it out.
    """
    storage = scope.instance.storage
    backfill_of(storage, backfill_id)
    with _alone(storage, backfill_id):
        record = backfill_of(storage, backfill_id)
        if record.ended_us:
            return status_of(scope, record)
        driver = _Driver(scope, record, manner, on_status or (lambda status: None))
        try:
            return driver.run()
        finally:
            driver.close()


def backfill_status(scope: Scope, backfill_id: str) -> BackfillStatus:
    """How a backfill stands, partition by partition."""
    return status_of(scope, backfill_of(scope.instance.reader, backfill_id))


def cancel_backfill(instance: Instance, backfill_id: str, *, by: str = "") -> BackfillRecord:
    """Stop a backfill: the run that goes on is cancelled, nothing more is started. One that nobody drives ends at once.

    Raises
    ------
    UnknownBackfill
        If nobody asked for it.
    """
    storage = instance.storage
    record = backfill_of(storage, backfill_id)
    if record.ended_us:
        return record
    at = clock.now_us()
    who = by or user_name()
    storage.append([BackfillCancelRequested(at, record.backfill_id, who)], flush=True)
    runs = [run for run in storage.active_runs() if run.backfill_id == record.backfill_id]
    if runs:
        storage.append([RunCancelRequested(at, run.run_id, who) for run in runs])
    try:
        with _alone(storage, record.backfill_id):
            storage.append([*lost_runs(storage, record, at), BackfillEnded(at, record.backfill_id, "cancelled", f"by {who}")], flush=True)
    except BackfillBusy:
        pass  # whoever drives it ends it
    return backfill_of(storage, record.backfill_id)


class _Driver:
    """One process that carries out one backfill, run after run."""

    def __init__(self, scope: Scope, record: BackfillRecord, manner: Manner, on_status: Callable[[BackfillStatus], None]) -> None:
        self.scope = scope
        self.storage: Storage = scope.instance.storage
        self.record = record
        self.manner = manner
        self.on_status = on_status
        self.view = view_of_record(scope, record)
        self.outcomes = Outcomes()
        self.plan: BackfillPlan
        self._executor: Executor | None = None
        self._is_own = False

    def run(self) -> BackfillStatus:
        storage, backfill_id = self.storage, self.record.backfill_id
        at = clock.now_us()
        lost = lost_runs(storage, self.record, at)
        if lost:
            storage.append(lost, flush=True)
        try:
            self.plan = plan_of_record(self.scope.catalog, self.record, self.view)
            self.outcomes = read_outcomes(storage, self.record, self.plan)
            self._say()
            while True:
                self.record = backfill_of(storage, backfill_id)
                if self.record.status == "canceling":
                    return self._end("cancelled", "somebody asked")
                now = standing(self.plan, self.outcomes)
                end = ending(now, self.outcomes)
                if end is not None:
                    return self._end(end)
                chunks = next_chunks(self.plan, now)
                if chunks:
                    self._carry_out(chunks[0])
                else:  # a run of another process goes on
                    storage.wait(storage.last_seq(), _WAIT_S)
                    self.outcomes = read_outcomes(storage, self.record, self.plan)
                self._say()
        except KeyboardInterrupt:
            self._end("cancelled", "interrupted")
            raise
        except (InvalidDefinitionError, ProblemsFound, InvalidConfigError, HiddenState) as error:
            self._end("failed", str(error))  # asked again, it would fail again; after any other error it can be resumed
            raise

    def close(self) -> None:
        """End the workers."""
        if self._executor is not None and self._is_own:
            self._executor.shutdown()

    def _carry_out(self, chunk: Chunk) -> None:
        catalog, record = self.plan.catalog, self.record
        run_id = new_run_id()
        partitions = {key: ordinals for key, ordinals in chunk.sets.items() if catalog.by_key[key].partitions_def is not None}
        given = record.options.get("config")
        config = dict(given) if isinstance(given, Mapping) else {}
        why = (Reason("asked", record.backfill_id, f"backfill {record.backfill_id[:8]} makes it"),)
        request = PlanRequest(
            run_id, frozenset(chunk.sets), partitions, why=dict.fromkeys(chunk.sets, why), config=config,
            tags={**record.tags, BACKFILL_TAG: record.backfill_id},
        )  # fmt: skip
        plan = plan_run(catalog, request, self.view)
        told = BackfillProgressed(clock.now_us(), record.backfill_id, run_id, self.plan.targets_of(chunk.sets))
        cancel = CancelToken()
        manner = replace(
            self.manner, executor=self._executor_of_all(), cancel=cancel, backfill_id=record.backfill_id, along=(told,),
            on_event=self._watching(self.manner.on_event, cancel),
        )  # fmt: skip
        result = carry_out(self.scope, plan, self.view, manner)
        stopping = result.status == "canceled" and backfill_of(self.storage, record.backfill_id).status == "canceling"
        self.outcomes = self.outcomes | outcomes_of_events(
            result.all_events, chunk.sets, is_over=not stopping, was_cancelled=result.status == "canceled" and not stopping
        )  # fmt: skip

    def _watching(self, on_event: Callable[[Event], None], cancel: CancelToken) -> Callable[[Event], None]:
        """The listener, which also sees whether somebody cancelled the backfill just before the run was known."""

        def hear(event: Event) -> None:
            if isinstance(event, RunStarted) and backfill_of(self.storage, self.record.backfill_id).status == "canceling":
                cancel.cancel("request")
            on_event(event)

        return hear

    def _executor_of_all(self) -> str | Executor:
        """Worker processes are started once for all runs."""
        workers = number(self.record, "workers")
        if self._executor is None and workers > 1 and not self.manner.executor:
            self._executor, self._is_own = executor_for(self.scope, "processes", workers)
        return self._executor or self.manner.executor

    def _end(self, status: Any, message: str = "") -> BackfillStatus:
        event = BackfillEnded(clock.now_us(), self.record.backfill_id, status, message)
        self.storage.append([event], flush=True)
        self.manner.on_event(event)
        self.record = backfill_of(self.storage, self.record.backfill_id)
        said = status_of(self.scope, self.record)
        self.on_status(said)
        return said

    def _say(self) -> None:
        self.on_status(status_of(self.scope, self.record, self.plan, self.outcomes, failures=False))


@contextmanager
def _alone(storage: Storage, backfill_id: str) -> Iterator[None]:
    try:
        with storage.lock(f"backfill/{backfill_id}", timeout_s=_LOCK_S):
            yield
    except PartitionBusy as error:
        if f"backfill/{backfill_id}" not in str(error):
            raise
        raise BackfillBusy(
            f"backfill {backfill_id[:8]} is carried out by another process right now. See how it stands: backfill --status "
            f"{backfill_id[:8]}; stop it: backfill --cancel {backfill_id[:8]}."
        ) from None
