"""From a request of a schedule or sensor to the plan of its run: planned as ``job run`` and ``run`` would plan it, and nothing starts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nbasset.commands.carrying_out import checked_config
from nbasset.commands.jobs import JobOptions, partitions_with_key, plan_of_job
from nbasset.commands.planning import Wish, make_plan
from nbasset.commands.promoted_jobs import promoted_of
from nbasset.commands.scope import Scope
from nbasset.definitions.job import JobDefinition
from nbasset.definitions.partitions import PartitionsView
from nbasset.definitions.requests import RunRequest
from nbasset.definitions.selection import AssetSelection
from nbasset.definitions.targets import AutomationTarget
from nbasset.errors import InvalidInvocationError, UnknownJob, did_you_mean
from nbasset.events.facts import CheckKey
from nbasset.keys import AssetKey
from nbasset.planning.plan import RunPlan


def plan_of_request(scope: Scope, request: RunRequest, targets: Sequence[AutomationTarget], view: PartitionsView) -> RunPlan:
    """The plan of the run that a request asks for. It has no steps if only what is stale was asked for and nothing is.

    `targets` are those of the schedule or sensor: a request that names neither a job nor assets is for the assets of one of them.

    Raises
    ------
    UnknownJob
        If its job is not defined here.
    InvalidInvocationError
        If what it asks for has partitions and it names none.
    InvalidConfigError, UnknownPartitionError, ProblemsFound, UnknownAsset
        As for a run.
    """
    if request.job_name is not None:
        return _plan_of_job(scope, request, view)
    selection = _selection(request, targets)
    keys = selection.resolve(scope.catalog)
    checks = _checks(request)
    if checks is None and selection.says_checks:
        checks = selection.resolve_checks(scope.catalog)
    _refuse_without_partition(scope, keys, request)
    key = request.partition_key
    partitions = partitions_with_key(scope, keys, checks, key, view) if key is not None else {}
    config = checked_config(scope, frozenset(str(scope.catalog.by_key[one].node) for one in keys), request.run_config or None)
    wish = Wish(
        selection, partitions, "stale" if request.stale_assets_only else "all", with_upstream=False, run_config=config, tags=request.tags,
        checks=checks,
    )  # fmt: skip
    return make_plan(scope, wish, view=view).plan


def request_text(request: RunRequest) -> str:
    """A request in a few words, for errors: ``the request of job 'etl', run key 'a.csv'``.

    >>> request_text(RunRequest(run_key="a.csv", partition_key="2013-01-01", job_name="etl"))
    "the request of job 'etl', partition '2013-01-01', run key 'a.csv'"
    """
    parts = [f"job '{request.job_name}'"] if request.job_name is not None else []
    if request.asset_selection:
        more = f" and {len(request.asset_selection) - 3} more" if len(request.asset_selection) > 3 else ""
        parts.append(f"assets {', '.join(map(str, request.asset_selection[:3]))}{more}")
    parts += [f"partition {request.partition_key!r}"] if request.partition_key is not None else []
    parts += [f"run key {request.run_key!r}"] if request.run_key is not None else []
    return f"the request of {', '.join(parts)}" if parts else "its request"


def _plan_of_job(scope: Scope, request: RunRequest, view: PartitionsView) -> RunPlan:
    job: JobDefinition | None = scope.resolved.jobs.get(str(request.job_name))
    if job is None:
        known = scope.resolved.jobs
        hint = did_you_mean(str(request.job_name), known) or (f"There are: {', '.join(sorted(known)[:8])}." if known else "")
        raise UnknownJob(f"job '{request.job_name}' is not defined in {scope.location.name}. {hint}".rstrip())
    if job.selection is not None and promoted_of(scope, job.name) is None:  # a promoted one says itself which partitions it means
        chosen: Any = job.selection if request.asset_selection is None else list(request.asset_selection)
        _refuse_without_partition(scope, AssetSelection.from_coercible(chosen).resolve(scope.catalog), request)
    options = JobOptions(
        request.run_config or None, request.partition_key, None,
        None if request.asset_selection is None else list(request.asset_selection),
        tags=request.tags, checks=_checks(request), which="stale" if request.stale_assets_only else "all",
    )  # fmt: skip
    return plan_of_job(scope, job, options, view=view)[0]


def _selection(request: RunRequest, targets: Sequence[AutomationTarget]) -> AssetSelection:
    if request.asset_selection is not None:
        return AssetSelection.from_coercible(list(request.asset_selection))
    found = next((one.selection for one in targets if one.selection is not None), None)
    if found is None:
        raise InvalidInvocationError("a request names no job and no assets, so there is nothing to run: RunRequest(job_name=...).")
    return found


def _checks(request: RunRequest) -> frozenset[CheckKey] | None:
    return None if request.asset_check_keys is None else frozenset(request.asset_check_keys)


def _refuse_without_partition(scope: Scope, keys: frozenset[AssetKey], request: RunRequest) -> None:
    if request.partition_key is not None:
        return
    parted = [key for key in scope.catalog.order if key in keys and scope.catalog.by_key[key].partitions_def is not None]
    if parted:
        raise InvalidInvocationError(f"'{parted[0]}' has partitions, and the request names none: RunRequest(partition_key=...).")
