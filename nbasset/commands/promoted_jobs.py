"""Runs of promoted jobs: which partitions they are of, and how papermill carries them out.

A run of a promoted job executes the job's copy of the notebook in a kernel of its own, and is otherwise a run like any other: planned,
queued, cancelled and tried again in the same ways. Each attempt keeps its executed notebook.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbasset import clock, serde
from nbasset.commands.carrying_out import Manner
from nbasset.commands.launching import BackgroundRun, start_queued
from nbasset.commands.old_runs import retain_outputs
from nbasset.commands.planning import Which
from nbasset.commands.run_rules import ENVIRONMENT_TAG, check_rules, time_limit
from nbasset.commands.scope import Scope, user_name
from nbasset.definitions.partitions import PartitionsView
from nbasset.definitions.reexecution import ReexecutionOptions, ReexecutionStrategy
from nbasset.definitions.selection import AssetSelection
from nbasset.errors import InvalidConfigError
from nbasset.events.kinds import RunTagged
from nbasset.events.records import RunRecord
from nbasset.execution.cancel import CancelToken
from nbasset.execution.result import ExecuteInProcessResult
from nbasset.instance import Instance
from nbasset.keys import AssetKey
from nbasset.locations.job_file import JobFile
from nbasset.locations.location import Promoted
from nbasset.locations.promoted import LATEST, STALE, with_values
from nbasset.ordinals import OrdinalSet
from nbasset.planning.asked_partitions import named_in
from nbasset.planning.partition_rule import partitions_by_rule
from nbasset.planning.plan import RunPlan
from nbasset.promotion.environment import differences
from nbasset.promotion.notebook_run import NOTEBOOK_NAME, NotebookOptions, run_notebook


def promoted_of(scope: Scope, job: str | None) -> Promoted | None:
    """The promoted job that a job of this name is; None for any other job."""
    own = scope.location.promoted
    return own if own is not None and own.job.name == job else None


def what_is_meant(
    scope: Scope, own: Promoted, text: str, which: Which, keys: frozenset[AssetKey], view: PartitionsView
) -> tuple[dict[AssetKey, OrdinalSet], Which]:
    """The partitions that a run is of and which of them: `text` is a word of the job's file, or keys and ranges; empty, the file says it.

    What is stale, missing or failed follows from the records: then no partitions are named.
    """
    rule = text or (own.job.partitions if which == "all" else STALE)
    which = "stale" if rule == STALE and which == "all" else which
    catalog = scope.catalog
    if rule == STALE or all(catalog.by_key[key].partitions_def is None for key in keys):
        return {}, which
    named = named_in(AssetSelection.from_coercible(own.job.select), catalog) & keys
    return partitions_by_rule(rule or LATEST, catalog, keys, named or keys, view), which


def by_asset(again: ReexecutionOptions) -> ReexecutionOptions:
    """How a notebook goes on from an earlier run: with the assets that are not finished. What is finished is read from where it is."""
    if again.strategy is ReexecutionStrategy.FROM_FAILURE and not again.step_selection:
        return replace(again, strategy=ReexecutionStrategy.FROM_ASSET_FAILURE)
    return again


def carry_out_promoted(scope: Scope, own: Promoted, plan: RunPlan, manner: Manner) -> ExecuteInProcessResult:
    """Execute the job's notebook for a plan. A cell that fails is in the result.

    Of `manner`, what says where steps run does not count: they run where the notebook does.

    Raises
    ------
    InvalidConfigError
        Before anything runs: if the environment lacks a secret, or is another one and the job is strict about that.
    KernelUnavailable
        If the notebook's kernel is not here or does not start.
    """
    check_rules(plan.tags)
    told = _environment(own.job)
    at = clock.now_us()
    tagged = (RunTagged(at, plan.run_id, {ENVIRONMENT_TAG: "; ".join(told)}),) if told else ()
    cancel = manner.cancel if manner.cancel is not None else CancelToken()
    options = NotebookOptions(
        own.values,
        own.job.kernel,
        user=user_name(),
        parent_run_id=manner.parent_run_id,
        root_run_id=manner.root_run_id,
        cancel=cancel,
        on_event=manner.on_event,
        kind=manner.kind if manner.kind in ("background", "scheduled") else "papermill",
        is_requested=manner.is_requested,
        along=(*manner.along, *tagged, *manner.reused),
        secrets=own.job.secrets,
        notes=tuple(told),
    )
    instance = scope.instance
    try:
        with time_limit(plan.tags, cancel):
            outcome = run_notebook(scope.location, scope.catalog, plan, instance=instance, options=options)
    finally:
        if not manner.is_requested:  # a worker does it when it has let go of its run
            start_queued(instance)
    retain_outputs(instance, outcome.events)

    def load(key: AssetKey, partition_key: str | None) -> Any:
        return instance.load_asset_value(scope.resolved, key, partition_key=partition_key, resources=scope.resources)

    return ExecuteInProcessResult(
        outcome.run_id, outcome.status, plan, outcome.events, outcome.error, load, instance=instance, notebook=outcome.notebook
    )


def given_values(scope: Scope, job: str, values: Mapping[str, object]) -> Scope:
    """The scope of a job in which parameters of its notebook have a run's own values.

    Raises
    ------
    InvalidConfigError
        If the job takes no parameters, or not these.
    """
    if not values:
        return scope
    if promoted_of(scope, job) is None:
        raise InvalidConfigError(
            [f"{name}: job '{job}' is no promoted notebook, so it takes no parameters. Configure it: -c ops..." for name in values],
            of="the parameters",
        )
    return replace(scope, location=with_values(scope.location, values))


def values_of(scope: Scope, run: RunRecord) -> Scope:
    """The scope with the values of parameters that an earlier run of its job was given: what follows that run gets them, too."""
    if promoted_of(scope, run.job) is None:
        return scope
    text = scope.instance.reader.text(run.launch_id) if run.launch_id else None
    spec = serde.loads(text) if text is not None else None
    return given_values(scope, str(run.job), spec.code.values if isinstance(spec, BackgroundRun) else {})


def kept_notebook(instance: Instance, run: RunRecord) -> Path | None:
    """The executed notebook of a run, as far as it got; None for a run that executed none."""
    path = instance.home.run_folder(run.run_id) / NOTEBOOK_NAME
    return path if path.is_file() else None


def _environment(job: JobFile) -> list[str]:
    """In which way this environment is another one than the job was promoted with; what it cannot do without is demanded."""
    errors = [f"secrets: the environment has no {name}. Set it where the run is started, or the daemon." for name in _missing(job.secrets)]
    told = differences(job)
    if told and job.environment.strict:
        errors += [f"environment: {one}" for one in told]
    if errors:
        raise InvalidConfigError(errors, of=f"job '{job.name}'")
    return told


def _missing(names: Iterable[str]) -> list[str]:
    return [name for name in names if name not in os.environ]
