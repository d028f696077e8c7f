"""``backfill``: make many partitions by several runs, from a request that is frozen to an end that is recorded.

`plan_of` says what would run and what it takes, `launch_backfill` records the wish, `backfill_driver.drive` carries it out,
`backfill_status` tells how it stands, `cancel_backfill` stops it for good, from whichever process.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbasset import clock
from nbasset.arguments.options import BackfillArguments
from nbasset.commands.backfill_records import (
    BackfillStatus,
    alone,
    backfill_of,
    lost_runs,
    status_of,
)
from nbasset.commands.carrying_out import checked_config, executor_for
from nbasset.commands.configuration import run_config_of
from nbasset.commands.planning import Wish, named_assets, partitions_of, select, wanted_of
from nbasset.commands.scope import Scope, user_name
from nbasset.commands.states import standing as states_of
from nbasset.dataclass import dataclass
from nbasset.errors import (
    BackfillBusy,
    InvalidInvocationError,
)
from nbasset.events.kinds import (
    BackfillCancelRequested,
    BackfillEnded,
    BackfillRequested,
    RunCancelRequested,
)
from nbasset.events.records import BackfillRecord, Entry
from nbasset.instance import Instance
from nbasset.keys import AssetKey, new_run_id
from nbasset.planning.backfill import (
    WHOLE,
    BackfillOptions,
    BackfillPlan,
    plan_backfill,
)
from nbasset.planning.estimates import Estimate, cost_of, estimate
from nbasset.serde import Json
from nbasset.storage.protocol import StorageReader

_SAMPLES = 20
_WHICH = "-s FIRST -e LAST, -p KEYS, --all, or --only missing, failed or stale"


@dataclass(frozen=True, eq=False)
class PlannedBackfill:
    """What a backfill would make, by which runs, and what that takes. `fresh` was asked for and is left out, since `only` leaves it out."""

    plan: BackfillPlan
    estimate: Estimate
    fresh: tuple[AssetKey, ...] = ()
    workers: int = 1
    config: Mapping[str, Any] | None = None
    only: str = ""

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
        If nobody said what to make, or partitioned assets are selected and nobody said which partitions.
    HiddenState, ProblemsFound, UnknownAsset, UnknownPartitionError, InvalidConfigError
        As for a run.
    """
    if not (arguments.select or arguments.partitions.text or arguments.all or arguments.only):
        raise InvalidInvocationError(
            f"say what to make: a selection such as 'daily_flights+', or {_WHICH}. All that is stale: --only stale."
        )
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
            raise InvalidInvocationError(f"say which partitions: {_WHICH}.")
        given = {key: one.ordinals(now.view) for key in chosen if (one := catalog.by_key[key].partitions_def) is not None}
    wish = Wish(selection, text, arguments.only or "all", arguments.upstream)
    wanted, fresh = wanted_of(catalog, chosen, given, wish, now)
    options = BackfillOptions(arguments.chunk, max(1, arguments.concurrency), arguments.newest_first)
    sets = {key: WHOLE if ordinals is None else ordinals for key, ordinals in wanted.items()}
    plan = plan_backfill(catalog, sets, options, now.view)
    nodes = frozenset(str(catalog.by_key[key].node) for key in plan.wanted)
    checked_config(scope, nodes, config)
    workers = max(1, arguments.workers)
    if max(workers, options.at_once) > 1:
        executor_for(scope, "processes", 1)[0].shutdown()  # says now if worker processes cannot do it
    told = estimate_of(scope.instance.reader, plan, workers=max(workers, options.at_once))
    return PlannedBackfill(plan, told, fresh, workers, config, arguments.only)


def estimate_of(reader: StorageReader, plan: BackfillPlan, *, workers: int = 1) -> Estimate:
    """What a planned backfill takes, told from the newest materializations of its assets."""

    def history(key: AssetKey) -> list[Entry]:
        return reader.materializations(key, None, limit=_SAMPLES)

    costs = {key: cost for key in plan.wanted if (cost := cost_of(key, history(key))) is not None}
    counts = {key: len(ordinals) for key, ordinals in plan.wanted.items()}
    return estimate(counts, costs, runs=len(plan.chunks), workers=workers)


def launch_backfill(
    scope: Scope, planned: PlannedBackfill, *, title: str = "", tags: Mapping[str, str] | None = None, by: str | None = None
) -> str:
    """Record the wish; its id. The wanted partitions and what counts as now are frozen with it. Nothing runs until somebody drives it."""
    event = backfill_request(scope, planned.plan, workers=planned.workers, config=planned.config, title=title, tags=tags, by=by)
    scope.instance.storage.append([event], flush=True)
    return event.backfill_id


def backfill_request(
    scope: Scope, plan: BackfillPlan, *, workers: int = 1, config: Mapping[str, Any] | None = None, title: str = "",
    tags: Mapping[str, str] | None = None, by: str | None = None,
) -> BackfillRequested:  # fmt: skip
    """The wish as the event that records it; `by` is who wishes, by default the user of this process. Nothing is written."""
    options: dict[str, Json] = {
        "chunk": plan.options.chunk, "newest_first": plan.options.newest_first, "workers": workers, "at_once": plan.options.at_once,
        "config": dict(config or {}), "now_us": round(plan.view.now.timestamp() * 1_000_000),
    }  # fmt: skip
    return BackfillRequested(
        clock.now_us(), str(new_run_id()), plan.targets_of(plan.wanted), scope.location.name or None, dict(tags or {}), options, title,
        user_name() if by is None else by,
    )  # fmt: skip


# -- while it goes on ---------------------------------------------------------------------------------------------------------


def backfill_status(scope: Scope, backfill_id: str) -> BackfillStatus:
    """How a backfill stands, partition by partition."""
    return status_of(scope, backfill_of(scope.instance.reader, backfill_id))


def cancel_backfill(instance: Instance, backfill_id: str, *, by: str = "") -> BackfillRecord:
    """Stop a backfill for good: runs that go on are cancelled, nothing more is started. One that nobody drives ends at once.

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
        with alone(storage, record.backfill_id):
            storage.append([*lost_runs(storage, record, at), BackfillEnded(at, record.backfill_id, "cancelled", f"by {who}")], flush=True)
    except BackfillBusy:
        pass  # whoever drives it ends it
    return backfill_of(storage, record.backfill_id)
