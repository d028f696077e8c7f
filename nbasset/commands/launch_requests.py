"""Runs that an interface asks for: of a job, or of assets, with a configuration and tags. They wait in the queue as every background run.

Arguments are plain data, since the interface has no user code: these functions are called in the process of the location (`answering`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any

from nbasset.commands.background import start_background
from nbasset.commands.carrying_out import checked_config
from nbasset.commands.job_verbs import job_named
from nbasset.commands.jobs import JobOptions, partitions_with_key, plan_of_job
from nbasset.commands.planning import Wish, make_plan
from nbasset.commands.run_verbs import start_reexecution
from nbasset.commands.scope import Scope
from nbasset.dataclass import dataclass
from nbasset.definitions.partitions import PartitionKeyRange, PartitionsView
from nbasset.definitions.reexecution import ReexecutionOptions
from nbasset.definitions.requests import PARTITION_TAG, RANGE_END_TAG, RANGE_START_TAG
from nbasset.definitions.selection import AssetSelection
from nbasset.errors import InvalidInvocationError, InvalidSelection
from nbasset.events.facts import CheckKey
from nbasset.keys import AssetKey
from nbasset.ordinals import OrdinalSet
from nbasset.planning.plan import RunPlan
from nbasset.serde import Json, serializable


@serializable
@dataclass(frozen=True, slots=True)
class LaunchRequest:
    """What is to run: a job, or without one assets (all of the location, if none are named). `checks` None means those of the assets.

    `ops` are a selection of the ops of a job. Which partition is meant stands in the tags, as for every run: ``nbasset/partition``, or a
    first and a last one. `user` is who asks; empty for who runs this process.
    """

    job: str = ""
    run_config: Json = None
    tags: Mapping[str, str] = field(default_factory=dict)
    assets: tuple[AssetKey, ...] | None = None
    checks: tuple[CheckKey, ...] | None = None
    ops: tuple[str, ...] | None = None
    user: str = ""


@serializable
@dataclass(frozen=True, slots=True)
class AgainRequest:
    """A run that is to be done again. Without a `run_config` it has that of the earlier one; `tags` are added."""

    options: ReexecutionOptions
    run_config: Json = None
    tags: Mapping[str, str] = field(default_factory=dict)
    user: str = ""


def launch(scope: Scope, request: LaunchRequest) -> str:
    """Ask for a run; its id. It is carried out in a process of its own.

    Raises
    ------
    UnknownJob, UnknownAsset, InvalidSelection, InvalidConfigError, UnknownPartitionError, InvalidInvocationError, ProblemsFound
        Before anything is recorded.
    """
    plan, view = plan_of(scope, request)
    return str(start_background(scope, plan, view, user=request.user or None))


def launch_again(scope: Scope, request: AgainRequest) -> str:
    """Ask for a run that repeats another; its id.

    Raises
    ------
    UnknownRun, UnknownJob, UnknownAsset, InvalidInvocationError, InvalidConfigError
        Before anything is recorded.
    """
    given: Any = request.run_config
    return str(start_reexecution(scope, request.options, run_config=given, tags=request.tags, user=request.user or None))


def plan_of(scope: Scope, request: LaunchRequest) -> tuple[RunPlan, PartitionsView]:
    """The plan of the run that is asked for. Nothing is recorded."""
    _ = scope.instance.storage  # the store gives partition keys their numbers, so it is there before they are asked for
    view = scope.view()
    if request.job:
        return _plan_of_job(scope, request, view), view
    return _plan_of_assets(scope, request, view), view


def _plan_of_job(scope: Scope, request: LaunchRequest, view: PartitionsView) -> RunPlan:
    job = job_named(scope, request.job)
    if RANGE_START_TAG in request.tags and job.selection is not None:
        keys = job.selection.resolve(scope.catalog) if request.assets is None else request.assets
        return replace(_plan_of_assets(scope, replace(request, assets=tuple(keys)), view), job=job.name)
    options = JobOptions(
        request.run_config or None, request.tags.get(PARTITION_TAG), request.ops, request.assets, tags=request.tags,
        checks=None if request.checks is None else frozenset(request.checks),
    )  # fmt: skip
    return plan_of_job(scope, job, options, view=view)[0]


def _plan_of_assets(scope: Scope, request: LaunchRequest, view: PartitionsView) -> RunPlan:
    if request.ops:
        raise InvalidSelection(f"assets are selected by their keys, not by ops such as '{request.ops[0]}'.")
    catalog = scope.catalog
    keys = frozenset(request.assets) if request.assets is not None else frozenset(one.key for one in catalog.assets if one.is_executable)
    unknown = [key for key in keys if key not in catalog.by_key]
    if unknown:
        catalog.asset(unknown[0])
    checks = None if request.checks is None else frozenset(request.checks)
    config = checked_config(scope, frozenset(str(catalog.by_key[key].node) for key in keys), request.run_config or None)
    wish = Wish(
        AssetSelection.keys(*sorted(keys)), _partitions(scope, request, keys, checks, view), with_upstream=False, run_config=config,
        tags=request.tags, checks=checks,
    )  # fmt: skip
    return make_plan(scope, wish, view=view).plan


def _partitions(
    scope: Scope, request: LaunchRequest, keys: frozenset[AssetKey], checks: frozenset[CheckKey] | None, view: PartitionsView
) -> dict[AssetKey, OrdinalSet]:
    """The partitions that the tags name.

    Raises
    ------
    InvalidInvocationError
        If what is asked for has partitions and none is named: a run for all of them is a backfill.
    """
    key = request.tags.get(PARTITION_TAG)
    if key is not None:
        return partitions_with_key(scope, keys, checks, key, view)
    parted = {one: asset.partitions_def for one in sorted(keys) if (asset := scope.catalog.by_key[one]).partitions_def is not None}
    if parted and RANGE_START_TAG not in request.tags:
        raise InvalidInvocationError(
            f"'{next(iter(parted))}' has partitions, and the run names none: give the tag {PARTITION_TAG}, or launch a backfill."
        )
    if not parted:
        return {}
    first, last = request.tags[RANGE_START_TAG], request.tags.get(RANGE_END_TAG, request.tags[RANGE_START_TAG])
    asked = PartitionKeyRange(first, last)
    return {one: definition.ordinals_in_range(asked, view) for one, definition in parted.items() if definition is not None}
