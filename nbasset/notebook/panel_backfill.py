"""Backfills of a panel: many partitions by several runs in a process of their own, started, held, set going and ended from a grid."""

from __future__ import annotations

import hashlib
import math

from nbasset.arguments.options import BackfillArguments, PartitionArguments
from nbasset.commands.backfill import PlannedBackfill, backfill_status, cancel_backfill, estimate_of, plan_of
from nbasset.commands.backfill_records import BackfillStatus, number, plan_of_record, read_outcomes, status_of, view_of_record
from nbasset.commands.background_backfill import can_pause, held_state, pause_backfill, resume_backfill, start_backfill
from nbasset.commands.words import counted
from nbasset.definitions.partition_ranges import format_ranges
from nbasset.drawing.picture import State
from nbasset.drawing.states import WORDS, in_order
from nbasset.errors import InvalidDefinitionError, InvalidInvocationError
from nbasset.events.records import BackfillRecord
from nbasset.instance import Instance
from nbasset.keys import AssetKey
from nbasset.notebook.look import Look
from nbasset.notebook.panel_grid import at_once, partitions_def, space_of, usual_cost
from nbasset.notebook.wire import Done, Result, Started
from nbasset.notebook.wire_cards import PlanRow, PlanView
from nbasset.notebook.wire_commands import CancelBackfill, PauseBackfill, ResumeBackfill, RetryBackfill, Target
from nbasset.notebook.wire_views import Progress
from nbasset.planning.backfill import BackfillOptions, plan_backfill, united

_ENDED: dict[str, State] = {"completed_success": "fresh", "completed_failed": "failed", "cancelled": "canceled", "failed": "failed"}
_KEPT = "What was made is kept."
CHANGED = "something has changed since the plan was shown, so that another one would run now. Look at it again."


def planned_backfill(at: Look, target: Target) -> PlannedBackfill:
    """What a backfill of a target would make.

    Raises
    ------
    InvalidInvocationError
        If the target is not one partitioned asset and partitions of it.
    """
    if not target.spans or target.only == "failed_or_missing":
        raise InvalidInvocationError("a backfill from a panel is of chosen partitions of one asset.")
    key = _only_asset(at, target)
    text = format_ranges(space_of(at, key).chosen(target.spans), partitions_def(at, key), at.now.view)
    only = "" if target.only == "all" else target.only
    arguments = BackfillArguments(target.selection, PartitionArguments(text), only=only, chunk=target.chunk, workers=at_once(at))
    return plan_of(at.scope, arguments)


def plan_view(at: Look, target: Target) -> PlanView:
    """What it would make: a row an asset, without a step for each partition, of which there may be very many."""
    planned = planned_backfill(at, target)
    told = planned.estimate
    rows = tuple(_row(at, planned, key) for key in planned.plan.wanted)
    notes = [f"{counted(len(planned.fresh), 'asset')} fresh and left out."] if planned.fresh else []
    notes += (
        [f"{counted(len(told.unknown), 'asset')} never ran here, so the time is a lower bound."] if told.unknown and told.seconds else []
    )
    seconds = None if told.seconds is None else round(told.seconds, 3)
    size = round(told.bytes) if told.bytes else None
    return PlanView(
        target.selection, rows, told.runs, seconds, planned.workers, told.partitions, size, "", tuple(notes), digest_of(planned)
    )


def start(at: Look, target: Target, digest: str = "") -> Started:
    """Start one.

    Raises
    ------
    InvalidInvocationError, LocationError
        If there is nothing to do, the plan that was shown is no longer what would run, or another process could not do it.
    """
    planned = planned_backfill(at, target)
    if digest and digest_of(planned) != digest:
        raise InvalidInvocationError(CHANGED)
    return _started(at, planned)


def digest_of(planned: PlannedBackfill) -> str:
    """What tells two of them apart."""
    wanted = {str(key): ordinals.runs for key, ordinals in planned.plan.wanted.items()}
    return hashlib.blake2b(repr((wanted, planned.plan.options)).encode(), digest_size=8).hexdigest()


def act(at: Look, command: PauseBackfill | ResumeBackfill | RetryBackfill) -> Result:
    """Hold a backfill, let it go on, or make another one of what it left.

    Raises
    ------
    Error
        If that cannot be done, with the reason.
    """
    if isinstance(command, PauseBackfill):
        record = pause_backfill(at.scope.instance, command.backfill)
        return Done(f"Backfill {record.backfill_id[:8]} pauses. {_KEPT}")
    if isinstance(command, ResumeBackfill):
        record = resume_backfill(at.scope, command.backfill)
        return Done(f"Backfill {record.backfill_id[:8]} goes on.")
    return _retry(at, backfill_status(at.scope, command.backfill), command.what)


def cancel(instance: Instance, command: CancelBackfill) -> Done:
    """End a backfill as it stands."""
    record = cancel_backfill(instance, command.backfill)
    return Done(f"Backfill {record.backfill_id[:8]} was {'cancelled' if record.ended_us else 'asked to stop'}. {_KEPT}")


def active_backfill(at: Look, key: AssetKey) -> BackfillRecord | None:
    """The newest backfill of an asset that is not over, also one that nobody carries out."""
    active = at.scope.instance.reader.backfills(active=True)
    mine = [record for record in active if any(target.asset == key for target in record.targets)]
    return max(mine, key=lambda record: record.requested_us, default=None)


def backfill_progress(at: Look, key: AssetKey, backfill_id: str) -> Progress | None:
    """How far a backfill is with the partitions of an asset; None if it has none of them, or no longer fits what is defined."""
    instance = at.scope.instance
    record = instance.reader.backfill(backfill_id)
    if record is None:
        return None
    try:
        plan = at.kept.get(("backfill", backfill_id)) or plan_of_record(at.scope.catalog, record, view_of_record(at.scope, record))
    except InvalidDefinitionError:
        return None
    at.kept["backfill", backfill_id] = plan
    outcomes = read_outcomes(instance.reader, record, plan)
    one = status_of(at.scope, record, plan, outcomes, failures=False, is_driven=True).assets.get(key)
    if one is None:
        return None
    left, cost = len(one.open), usual_cost(at, key)
    held = "" if record.ended_us else "canceling" if record.status == "canceling" else held_state(instance, record)
    together = max(1, number(record, "workers"))
    eta = round(cost.seconds * math.ceil(left / together), 1) if cost is not None and left and not held and not record.ended_us else None
    state = _ENDED.get(record.status) or ("queued" if held == "paused" or not record.run_ids else "running")
    return Progress(
        str(record.run_ids[-1]) if record.run_ids else "", len(one.done), len(one.requested), len(one.failed), eta, state, backfill_id,
        len(record.run_ids), held, can_pause(instance, record), len(one.blocked | one.skipped),
    )  # fmt: skip


def _row(at: Look, planned: PlannedBackfill, key: AssetKey) -> PlanRow:
    wanted, plan = planned.plan.wanted[key], planned.plan
    cost = usual_cost(at, key)
    definition = at.partitions(key)
    found = in_order((state, count) for state, ordinals in at.layers(key) if (count := len(ordinals & wanted)))
    state = found[0][0] if found else at.state(key)
    why = ", ".join(f"{count:,} {WORDS[state]}" for state, count in found) or WORDS[state]
    keys = format_ranges(wanted, definition, plan.view) if definition is not None else ""
    reads = tuple(str(upstream) for upstream, _ in plan.edges[key] if upstream != key)
    seconds = None if cost is None else round(cost.seconds * len(wanted), 3)
    return PlanRow(str(key), state, why, len(wanted), keys, reads, seconds)


def _retry(at: Look, status: BackfillStatus, what: str) -> Started:
    if not status.is_over:
        raise InvalidInvocationError(f"backfill {status.backfill_id[:8]} is not over. Cancel it, or let it go on.")
    failed = {key: one.failed | one.blocked for key, one in status.assets.items()}
    rest = {key: one.requested - one.done for key, one in status.assets.items()}
    wanted = failed if what == "failed" else united(failed, rest)
    record = status.record
    view = at.now.view
    plan = plan_backfill(at.scope.catalog, wanted, BackfillOptions(number(record, "chunk")), view)
    config = record.options.get("config")
    workers = max(1, number(record, "workers"))
    planned = PlannedBackfill(
        plan, estimate_of(at.scope.instance.reader, plan, workers=workers), (), workers, config if isinstance(config, dict) else None
    )
    return _started(at, planned, f"what backfill {record.backfill_id[:8]} left")


def _started(at: Look, planned: PlannedBackfill, title: str = "") -> Started:
    backfill_id = start_backfill(at.scope, planned, title=title)
    told = planned.estimate
    return Started("", f"{counted(told.partitions, 'partition')} in {counted(told.runs, 'run')}", backfill_id)


def _only_asset(at: Look, target: Target) -> AssetKey:
    from nbasset.commands.planning import select

    chosen = select(at.scope, target.selection or None, at.now)
    partitioned = [key for key in sorted(chosen) if at.scope.catalog.by_key[key].partitions_def is not None]
    if len(partitioned) != 1:
        raise InvalidInvocationError(f"partitions were chosen of {counted(len(partitioned), 'partitioned asset')}; they are those of one.")
    return partitioned[0]
