"""Carrying out a part of a run that somebody else began: what a generated cell of a prepared notebook does.

The plan is read from the store, by the run's record. What earlier parts came to counts as it would in one run: a failed blocking check or
an output that did not come skips what waits for it.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import replace

from nbasset import clock, serde
from nbasset.commands.carrying_out import DEFAULT, Manner, carry_out
from nbasset.commands.scope import Scope
from nbasset.errors import InvalidInvocationError, UnknownAsset, did_you_mean
from nbasset.events.kinds import StepFailed, StepReused, StepSkipped, StepSucceeded
from nbasset.execution.result import ExecuteInProcessResult
from nbasset.keys import AssetKey, RunId
from nbasset.planning.plan import RunPlan
from nbasset.planning.progress import DONE, RunProgress, Skip
from nbasset.planning.run_plan import only_steps
from nbasset.secrets import remember_named
from nbasset.storage.protocol import StorageReader

SECRETS_VARIABLE = "NBASSET_SECRETS"
"""Names the variables of the environment, separated by commas, that the notebook refers to as secrets."""
_PAGE = 1000


def run_part(scope: Scope, run_id: RunId, keys: Collection[AssetKey], manner: Manner = DEFAULT) -> ExecuteInProcessResult:
    """Carry out those steps of the run `run_id` that make `keys` or check them, and that have not ended. A failed step is in the result.

    Steps of nodes that are not defined here are left for a later part.

    Raises
    ------
    InvalidInvocationError
        If there is no such run, or it is over.
    UnknownAsset
        If the run has nothing to do with one of the keys.
    """
    remember_named(os.environ, os.environ.get(SECRETS_VARIABLE, "").split(","))
    remember_named(scope.location.namespace)
    plan = plan_of(scope.instance.reader, run_id)
    _refuse_strangers(plan, keys)
    progress = RunProgress(plan)
    ends = _ends(scope.instance.reader, run_id)
    unrecorded: dict[str, Skip] = {}
    for event in ends:
        if progress.status.get(event.step) not in DONE:
            unrecorded.update((skip.step.key, skip) for skip in progress.apply(event))
    for event in ends:
        unrecorded.pop(event.step, None)
    known = scope.catalog.nodes_by_name
    nodes = {step.node for step in plan.steps if _is_about(step.assets, step.checks, keys)}
    wanted = [step for step in plan.steps if step.node in nodes and step.node in known]  # with the ops of a graph that make no asset
    at = clock.now_us()
    skips = [unrecorded[step.key] for step in wanted if step.key in unrecorded]
    skipped = [StepSkipped(at, run_id, skip.step.key, skip.reason, skip.because, skip.step.targets) for skip in skips]
    if skipped:
        scope.instance.storage.append(skipped)
    part = only_steps(plan, [step.key for step in wanted if progress.status[step.key] not in DONE])
    if not part.steps:
        return ExecuteInProcessResult(run_id, "success", part, tuple(skipped))
    result = carry_out(scope, part, scope.view(), replace(manner, kind="papermill", is_part=True))
    return replace(result, all_events=(*skipped, *result.all_events))


def plan_of(reader: StorageReader, run_id: RunId) -> RunPlan:
    """The plan of a run that is under way.

    Raises
    ------
    InvalidInvocationError
        If there is no such run, or it is over, or no plan was kept.
    """
    record = reader.run(run_id)
    if record is None:
        raise InvalidInvocationError(f"there is no run {run_id!r} in this home. Without --run the assets are made in a run of their own.")
    if record.is_over:
        raise InvalidInvocationError(
            f"run {run_id[:8]} is over ({record.status}), so no part of it can be made any more. Leave out --run to make the assets anew."
        )
    text = reader.text(record.plan_id) if record.plan_id else None
    plan = serde.loads(text) if text is not None else None
    if not isinstance(plan, RunPlan):
        raise InvalidInvocationError(f"no plan was kept of run {run_id[:8]}, so no part of it can be made. Leave out --run.")
    return plan


def _refuse_strangers(plan: RunPlan, keys: Collection[AssetKey]) -> None:
    about = {key for step in plan.steps for key in (*step.assets, *(check.asset for check in step.checks))}
    for key in keys:
        if key not in about:
            near = did_you_mean(str(key), map(str, about))
            raise UnknownAsset(f"run {plan.run_id[:8]} has nothing to do with '{key}'. {near}".rstrip())


def _is_about(assets: Collection[AssetKey], checks: Collection[object], keys: Collection[AssetKey]) -> bool:
    return any(key in keys for key in assets) or any(getattr(check, "asset", None) in keys for check in checks)


def _ends(reader: StorageReader, run_id: RunId) -> list[StepSucceeded | StepFailed | StepReused | StepSkipped]:
    found: list[StepSucceeded | StepFailed | StepReused | StepSkipped] = []
    after = 0
    while entries := reader.entries(after=after, run=run_id, limit=_PAGE):
        found += [entry.event for entry in entries if isinstance(entry.event, (StepSucceeded, StepFailed, StepReused, StepSkipped))]
        after = entries[-1].seq
    return found
