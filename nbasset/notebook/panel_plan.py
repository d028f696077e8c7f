"""What a panel wants run: from a target to a wish, a plan that is shown first, and the run that carries it out."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from nbasset import serde
from nbasset.commands.background import start_background
from nbasset.commands.carrying_out import checked_config
from nbasset.commands.plan import PlannedNode, plan_result
from nbasset.commands.planning import Planned, Which, Wish, make_plan, select
from nbasset.commands.words import counted
from nbasset.drawing.picture import State
from nbasset.errors import InvalidInvocationError, UnknownRun
from nbasset.events.records import RunRecord
from nbasset.keys import AssetKey, RunId
from nbasset.notebook import panel_backfill
from nbasset.notebook.look import Look
from nbasset.notebook.panel_grid import at_once, space_of, usual_cost
from nbasset.notebook.run_trace import RunTrace, plan_of
from nbasset.notebook.wire import Started
from nbasset.notebook.wire_cards import PlanRow, PlanView
from nbasset.notebook.wire_commands import RunAgain, Target
from nbasset.ordinals import OrdinalSet
from nbasset.planning.plan import RunPlan

_STATES: dict[str, State] = {"asked": "queued", "missing": "missing", "failed": "failed", "check": "checkfailed"}
_FLAGS = {"all": "", "stale": " --stale", "missing": " --missing", "failed": " --failed"}


def plan_view(at: Look, target: Target) -> PlanView:
    """What would run."""
    if target.grouping == "backfill":
        return replace(panel_backfill.plan_view(at, target), command=_command(target))
    planned = planned_for(at, target)
    result = plan_result(planned, at.scope.catalog)
    rows = tuple(_row(at, node) for node in result.nodes)
    known = [row.seconds for row in rows if row.seconds is not None]
    sizes = [cost.bytes * node.steps for node in result.nodes for key in node.assets if (cost := usual_cost(at, key)) and cost.bytes]
    workers = at_once(at)
    notes = [f"{counted(len(result.fresh), 'asset')} fresh and left out."] if result.fresh else []
    notes += ["Stops early where data does not change."] if any(node.perhaps for node in result.nodes) else []
    notes += (
        [f"{counted(len(rows) - len(known), 'asset')} never ran here, so the time is a lower bound."]
        if known and len(known) < len(rows)
        else []
    )
    steps = sum(node.partition_count or 1 for node in result.nodes if node.assets)
    return PlanView(
        target.selection, rows, 1, round(sum(known) / max(1, min(workers, len(planned.plan.steps) or 1)), 3) if known else None, workers,
        steps or None, round(sum(sizes)) if sizes else None, _command(target), tuple(notes), digest_of(planned.plan),
    )  # fmt: skip


def materialize(at: Look, target: Target, digest: str) -> Started:
    """Run it in the background.

    Raises
    ------
    InvalidInvocationError
        If there is nothing to do, or the plan that was shown is no longer what would run.
    """
    if target.grouping == "backfill":
        return panel_backfill.start(at, target, digest)
    planned = planned_for(at, target)
    if digest and digest_of(planned.plan) != digest:
        raise InvalidInvocationError(panel_backfill.CHANGED)
    return _start(at, planned)


def run_again(at: Look, asked: RunAgain) -> Started:
    """Run the same once more, or the part of it that did not succeed, with the code as it is now.

    Raises
    ------
    UnknownRun, InvalidInvocationError
        If there is no such run, or nothing of it is left to do.
    """
    reader = at.scope.instance.reader
    record = reader.run(RunId(asked.run))
    if record is None:
        raise UnknownRun(f"there is no run {asked.run[:12]} in this home.")
    wanted = _wanted_again(at, asked, record)
    gone = [key for key in wanted if key not in at.scope.catalog.by_key]
    if gone or not wanted:
        what = f"'{gone[0]}' is no longer defined here" if gone else "nothing of it is left to do"
        raise InvalidInvocationError(f"run {asked.run[:8]} cannot be repeated: {what}.")
    partitions = {key: one for key, one in wanted.items() if one is not None}
    wish = Wish(sorted(wanted), partitions, with_upstream=False, run_config=dict(record.config), tags=dict(record.tags), job=record.job)
    return _start(at, make_plan(at.scope, wish), record)


def planned_for(at: Look, target: Target) -> Planned:
    """The plan of a target.

    Raises
    ------
    InvalidSelection, UnknownAsset, HiddenState, ProblemsFound
        If it cannot be planned.
    """
    _ = at.scope.instance.storage  # the store gives partition keys their numbers, so it is there before they are asked for
    catalog = at.scope.catalog
    chosen = select(at.scope, target.selection or None, at.now)
    partitioned = [key for key in sorted(chosen) if catalog.by_key[key].partitions_def is not None]
    partitions: dict[AssetKey, OrdinalSet] = {}
    if target.spans:
        if len(partitioned) != 1:
            raise InvalidInvocationError(
                f"partitions were chosen of {counted(len(partitioned), 'partitioned asset')}; they are those of one."
            )
        partitions = {partitioned[0]: space_of(at, partitioned[0]).chosen(target.spans)}
    which: Which = "all" if target.only in ("all", "failed_or_missing") else target.only  # type: ignore[assignment]
    if target.only == "failed_or_missing":
        states = at.now.states
        partitions = {
            key: (states[key].failed | states[key].missing) & partitions.get(key, states[key].failed | states[key].missing)
            for key in partitioned
        }
    elif which == "all":
        partitions = {key: partitions.get(key, catalog.by_key[key].partitions_def.ordinals(at.now.view)) for key in partitioned}  # type: ignore[union-attr]
    wish = Wish(target.selection or None, partitions, which, single_run=target.grouping == "at_once")
    return make_plan(at.scope, wish)


def digest_of(plan: RunPlan) -> str:
    """What tells two plans apart, whatever their runs are called."""
    return hashlib.blake2b(serde.dumps(replace(plan, run_id=RunId(""))).encode(), digest_size=8).hexdigest()


def _start(at: Look, planned: Planned, parent: RunRecord | None = None) -> Started:
    checked_config(at.scope, frozenset(step.node for step in planned.plan.steps), dict(planned.plan.config) or None)
    run_id = start_background(at.scope, planned.plan, planned.standing.view, parent=parent)
    assets = {key for step in planned.plan.steps for key in step.assets}
    return Started(str(run_id), f"{counted(len(assets), 'asset')}, {counted(len(planned.plan.steps), 'step')}")


def _wanted_again(at: Look, asked: RunAgain, record: RunRecord) -> dict[AssetKey, OrdinalSet | None]:
    trace = RunTrace(record.run_id)
    trace.read(at.scope.instance.reader, at.scope.catalog, at.now.view)
    steps = list(trace.steps.values())
    if asked.what == "failed":
        steps = [step for step in steps if step.state != "fresh"]
    elif asked.what == "steps":
        steps = [step for step in steps if step.key in asked.steps]
    wanted: dict[AssetKey, OrdinalSet | None] = {}
    for step in steps:
        for key in step.assets:
            before = wanted.get(key)
            wanted[key] = step.partitions if before is None or step.partitions is None else before | step.partitions
    if not wanted and asked.what != "steps" and plan_of(at.scope.instance.reader, record) is None:
        return {target.asset: target.partitions for target in record.targets}
    return wanted


def _row(at: Look, node: PlannedNode) -> PlanRow:
    costs = [cost.seconds for key in node.assets if (cost := usual_cost(at, key)) is not None]
    count = node.partition_count or 1
    seconds = round(max(costs) * count, 3) if costs else None
    return PlanRow(node.name, _state(node), _why(node), count, node.partitions, tuple(map(str, node.reads)), seconds)


def _state(node: PlannedNode) -> State:
    return "stale" if node.perhaps or not node.why else _STATES.get(node.why[0].kind, "stale")


def _why(node: PlannedNode) -> str:
    if node.perhaps:
        return "only if what it reads changes"
    if not node.why:
        return ""
    more = f", and {counted(len(node.why) - 1, 'more reason')}" if len(node.why) > 1 else ""
    return f"{node.why[0].text or node.why[0].kind}{more}"


def _command(target: Target) -> str:
    """The same as a line that can be typed; empty when it cannot be said in one."""
    if target.only == "failed_or_missing":
        return ""
    keys = f' -p "{target.keys}"' if target.keys else ""
    words = target.selection
    verb, more = ("backfill", f" --chunk {target.chunk}" if target.chunk else "") if target.grouping == "backfill" else ("run", " --bg")
    said = f' --select "{words}"' if '"' not in words and words else f" --select '{words}'" if words else ""
    flag = f" --only {target.only}" if verb == "backfill" and target.only != "all" else _FLAGS[target.only]
    return f"%asset {verb}{said}{keys}{flag}{more}"
