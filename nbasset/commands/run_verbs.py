"""``runs delete`` and ``runs reexecute``: what becomes of a run that is over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from nbasset.arguments.options_jobs import RunsDeleteArguments, RunsReexecuteArguments
from nbasset.commands.background import start_background
from nbasset.commands.carrying_out import DEFAULT, Manner, carry_out, checked_config
from nbasset.commands.configuration import merged_config
from nbasset.commands.job_verbs import job_named
from nbasset.commands.jobs import JobOptions, plan_of_job, run_with_executor
from nbasset.commands.old_runs import forget_runs
from nbasset.commands.planning import Wish, make_plan
from nbasset.commands.promoted_jobs import values_of
from nbasset.commands.reexecution import Again, plan_again
from nbasset.commands.runs import find_run
from nbasset.commands.scope import Scope
from nbasset.dataclass import NOTHING, dataclass
from nbasset.definitions.partitions import PartitionsView
from nbasset.definitions.reexecution import ReexecutionOptions, ReexecutionStrategy
from nbasset.definitions.selection import AssetSelection
from nbasset.errors import InvalidInvocationError, UnknownAsset
from nbasset.events.records import RunRecord
from nbasset.execution.result import ExecuteInProcessResult
from nbasset.instance import Instance
from nbasset.keys import AssetKey, RunId, keys_text
from nbasset.planning.plan import RunPlan
from nbasset.serde import Json


@dataclass(frozen=True, slots=True)
class RunsDeleted:
    """Runs that are forgotten."""

    runs: tuple[RunRecord, ...]

    def to_json(self) -> Json:
        """Plain data."""
        return {"deleted": [str(run.run_id) for run in self.runs]}


def runs_to_delete(instance: Instance, arguments: RunsDeleteArguments) -> tuple[RunRecord, ...]:
    """The runs that are named, each once, or all that are over.

    Raises
    ------
    UnknownRun
        If there is none such.
    InvalidInvocationError
        If one could be several, or goes on.
    """
    if arguments.all:
        return tuple(run for run in instance.get_runs() if run.is_over)
    found = {run.run_id: run for run in (find_run(instance, text) for text in arguments.runs)}
    for run in found.values():
        if not run.is_over:
            raise InvalidInvocationError(f"run {run.run_id[:8]} is {run.status}. Stop it first: cancel {run.run_id[:8]}.")
    return tuple(found.values())


def delete_runs(instance: Instance, arguments: RunsDeleteArguments) -> RunsDeleted:
    """Forget runs, their logs and the outputs of their ops; what they materialized stays."""
    runs = runs_to_delete(instance, arguments)
    forget_runs(instance, [run.run_id for run in runs])
    return RunsDeleted(runs)


def short_ids(runs: Sequence[RunRecord], most: int = 5) -> str:
    """The beginnings of the runs' ids, of the first few."""
    said = ", ".join(run.run_id[:8] for run in runs[:most])
    return f"{said} and {len(runs) - most} more" if len(runs) > most else said


def reexecute(
    scope: Scope,
    arguments: RunsReexecuteArguments,
    manner: Manner = DEFAULT,
    *,
    on_plan: Callable[[RunPlan], None] = lambda plan: None,
) -> ExecuteInProcessResult:
    """Run again what a run ran. A failed step is in the result.

    Raises
    ------
    UnknownRun, InvalidInvocationError, UnknownJob, UnknownAsset
        Before anything runs: if there is no such run, nothing of it is left to do, or what it ran is not defined here.
    """
    again = _again(scope.instance, arguments)
    parent = find_run(scope.instance, arguments.run)
    scope = values_of(scope, parent)
    kept = replace(manner, keeps_plan=True)
    if parent.job is not None:
        options = _options(_given(arguments), arguments.tags)
        return run_with_executor(scope, job_named(scope, parent.job), options, kept, again, on_plan=on_plan)
    plan, view, changed = _plan_of_assets(scope, parent, _given(arguments), arguments.tags, again, kept)
    on_plan(plan)
    return carry_out(scope, plan, view, changed)


def start_again(scope: Scope, arguments: RunsReexecuteArguments, *, user: str | None = None) -> RunId:
    """The same in a process of its own; the id of the new run."""
    return start_reexecution(scope, _again(scope.instance, arguments), run_config=_given(arguments), tags=arguments.tags, user=user)


def start_reexecution(
    scope: Scope, again: ReexecutionOptions, *, run_config: Mapping[str, Any] | None = None, tags: Mapping[str, str] = NOTHING,
    user: str | None = None,
) -> RunId:  # fmt: skip
    """Run again in a process of its own what the options say; the id of the new run. Without a `run_config` it has that of the earlier one.

    Raises
    ------
    UnknownRun, InvalidInvocationError, UnknownJob, UnknownAsset
        If there is no such run, nothing of it is left to do, or what it ran is not defined here.
    """
    parent = find_run(scope.instance, again.parent_run_id)
    scope = values_of(scope, parent)
    if parent.job is not None:
        plan, view, changed = plan_of_job(scope, job_named(scope, parent.job), _options(run_config, tags), DEFAULT, again)
    else:
        plan, view, changed = _plan_of_assets(scope, parent, run_config, tags, again, DEFAULT)
    return start_background(scope, plan, view, parent=parent, reused=changed.reused, user=user)


def _again(instance: Instance, arguments: RunsReexecuteArguments) -> ReexecutionOptions:
    run_id = str(find_run(instance, arguments.run).run_id)
    if arguments.from_failure:
        return ReexecutionOptions.from_failure(run_id, instance)
    return ReexecutionOptions(run_id, arguments.steps, strategy=ReexecutionStrategy.ALL_STEPS)


def _given(arguments: RunsReexecuteArguments) -> Mapping[str, Any] | None:
    return merged_config(arguments.config) if arguments.config else None


def _options(run_config: Mapping[str, Any] | None, tags: Mapping[str, str]) -> JobOptions:
    return JobOptions(run_config=run_config, tags=dict(tags))


def _plan_of_assets(
    scope: Scope, parent: RunRecord, run_config: Mapping[str, Any] | None, tags: Mapping[str, str], options: ReexecutionOptions,
    manner: Manner,
) -> tuple[RunPlan, PartitionsView, Manner]:  # fmt: skip
    """The plan of a run that no job made: the assets and partitions that it meant to make, without anything upstream of them."""
    _ = scope.instance.storage  # the store gives partition keys their numbers, so it is there before they are asked for
    if options.strategy is ReexecutionStrategy.FROM_FAILURE:  # assets are read from where they are stored: no step is taken over
        options = ReexecutionOptions(options.parent_run_id, strategy=ReexecutionStrategy.FROM_ASSET_FAILURE)
    known = Again.of(options, scope.instance)
    gone = [target.asset for target in parent.targets if target.asset not in scope.catalog.by_key]
    if gone or not parent.targets:
        what = keys_text(gone) if gone else "nothing"
        raise UnknownAsset(f"run {parent.run_id[:8]} made {what}, which {scope.location.name or 'this location'} does not define.")
    nothing: Mapping[AssetKey, Any] = {}
    chosen, partitions, checks = known.narrowed(AssetSelection.keys(*(target.asset for target in parent.targets)), nothing, None)
    given = dict(parent.config) if run_config is None else run_config
    nodes = frozenset(str(scope.catalog.by_key[key].node) for key in chosen.resolve(scope.catalog))
    wish = Wish(
        chosen, partitions, with_upstream=False, run_config=checked_config(scope, nodes, given or None), tags={**known.tags, **tags},
        checks=checks,
    )  # fmt: skip
    planned = make_plan(scope, wish)
    plan, reused = plan_again(scope, planned.plan, known)
    changed = replace(manner, parent_run_id=known.parent.run_id, root_run_id=known.root_run_id, reused=reused)
    return plan, planned.standing.view, changed
