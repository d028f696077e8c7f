"""Backfills that an interface without the user's code asks the location's process for: plain data in, the id of the backfill out.

They are planned and started as ``backfill --bg`` does it, for the assets that are named and nothing upstream of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace

from nbasset.arguments.options_jobs import JobRunArguments
from nbasset.commands.backfill import PlannedBackfill, estimate_of
from nbasset.commands.backfill_driver import BACKFILL_TAG
from nbasset.commands.backfill_records import backfill_of, status_of
from nbasset.commands.background_backfill import resume_backfill, start_backfill
from nbasset.commands.carrying_out import checked_config
from nbasset.commands.job_verbs import job_named, start_job
from nbasset.commands.launch_requests import LaunchRequest, launch
from nbasset.commands.promoted_jobs import promoted_of
from nbasset.commands.scope import Scope
from nbasset.commands.states import standing
from nbasset.dataclass import dataclass
from nbasset.definitions.partition_ranges import quoted
from nbasset.definitions.partitions import PartitionKeyRange, PartitionsDefinition, PartitionsView
from nbasset.definitions.requests import PARTITION_TAG
from nbasset.errors import InvalidInvocationError, UnknownPartitionError
from nbasset.keys import AssetKey, new_run_id
from nbasset.locations.promoted import ALL
from nbasset.ordinals import OrdinalSet
from nbasset.planning.asked_partitions import asked_partitions
from nbasset.planning.backfill import WHOLE, BackfillOptions, plan_backfill
from nbasset.planning.backfill import sets_of as sets_of_targets
from nbasset.planning.states import AssetState
from nbasset.serde import Json, serializable

_MOST_RUNS = 500


@serializable
@dataclass(frozen=True, slots=True)
class AskedBackfill:
    """Assets with partitions, or a job with partitions.

    `partitions` are keys for all of the assets, `ranges` (first and last key) for single ones; with `everything` all that there are are
    meant, `only_failed` leaves out what did not fail. `user` is who asks; empty for who runs this process.
    """

    assets: tuple[AssetKey, ...] = ()
    job: str = ""
    partitions: tuple[str, ...] = ()
    ranges: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    everything: bool = False
    only_failed: bool = False
    config: Json = None
    tags: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    user: str = ""


@serializable
@dataclass(frozen=True, slots=True)
class BackfillStarted:
    """The id of a backfill; a job of ops has instead a run for each partition, which the id is a tag of."""

    backfill_id: str
    run_ids: tuple[str, ...] = ()


@serializable
@dataclass(frozen=True, slots=True)
class AskedAgain:
    """A backfill to do again: all of it, or what it has not made."""

    backfill_id: str
    only_left: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)
    user: str = ""


def launch_asked(scope: Scope, asked: AskedBackfill) -> BackfillStarted:
    """Start a backfill.

    Raises
    ------
    UnknownAsset, UnknownJob, UnknownPartitionError, InvalidPartitionRange, InvalidConfigError, InvalidInvocationError, LocationError
        Before anything is recorded.
    """
    _ = scope.instance.storage  # the store gives partition keys their numbers, so it is there before they are asked for
    if not asked.job:
        return BackfillStarted(_start(scope, asked))
    job = job_named(scope, asked.job)
    if promoted_of(scope, job.name) is not None:
        return _promoted(scope, asked)
    if job.selection is None or job.partitioned_config is not None:
        return _run_for_each(scope, asked)
    keys = tuple(sorted(job.selection.resolve(scope.catalog)))
    own = job.run_tags if job.run_tags is not None else job.tags
    config = asked.config or job.config_for(None)
    return BackfillStarted(
        _start(scope, replace(asked, assets=keys, config=config, tags={**own, **asked.tags}, title=asked.title or f"job {job.name}"))
    )


def launch_again(scope: Scope, asked: AskedAgain) -> str:
    """Start a backfill of what another one was for, or of what that one has not made; its id.

    Raises
    ------
    UnknownBackfill
        If there is no such backfill.
    InvalidInvocationError
        If nothing is left.
    """
    record = backfill_of(scope.instance.reader, asked.backfill_id)
    sets = sets_of_targets(record.targets)
    if asked.only_left:
        known = status_of(scope, record, failures=False).assets
        sets = {key: ordinals - known[key].done - known[key].skipped for key, ordinals in sets.items() if key in known}
    tags = {**record.tags, **asked.tags}
    config = record.options.get("config")
    return _started(scope, sets, scope.view(), config, tags, record.title, asked.user)


def resume(scope: Scope, backfill_id: str) -> str:
    """Let a backfill go on that was paused or whose process is gone; its id.

    Raises
    ------
    UnknownBackfill, InvalidInvocationError, LocationError
        If it cannot go on.
    """
    return resume_backfill(scope, backfill_id).backfill_id


def _start(scope: Scope, asked: AskedBackfill) -> str:
    view = scope.view()
    keys = frozenset(asked.assets)
    for key in asked.assets:
        scope.catalog.asset(key)
    sets = _sets(scope, asked, keys, view)
    if asked.only_failed:
        states = standing(scope, keys=keys, view=view).states
        sets = {key: _failed(states[key], ordinals) for key, ordinals in sets.items()}
    return _started(scope, sets, view, asked.config, asked.tags, asked.title, asked.user)


def _failed(state: AssetState, wanted: OrdinalSet) -> OrdinalSet:
    """Those of the wanted partitions that failed; an asset without partitions, if it did."""
    if state.is_partitioned:
        return wanted & state.failed
    return wanted if state.status == "failed" else OrdinalSet()


def _started(
    scope: Scope, sets: Mapping[AssetKey, OrdinalSet], view: PartitionsView, config: Json, tags: Mapping[str, str], title: str, user: str
) -> str:
    catalog = scope.catalog
    if not any(sets.values()):
        raise InvalidInvocationError("there is nothing to do, so no backfill was started.")
    nodes = frozenset(str(catalog.asset(key).node) for key in sets)
    checked = checked_config(scope, nodes, config or None)
    plan = plan_backfill(catalog, dict(sets), BackfillOptions(), view)
    planned = PlannedBackfill(plan, estimate_of(scope.instance.reader, plan), config=checked)
    return start_backfill(scope, planned, title=title, tags=tags, by=user or None)


def _sets(scope: Scope, asked: AskedBackfill, keys: frozenset[AssetKey], view: PartitionsView) -> dict[AssetKey, OrdinalSet]:
    """The wanted partitions of each asset. Keys are read by the assets that have them all, for the others they follow by mapping."""
    catalog = scope.catalog
    definitions = {key: one for key in keys if (one := catalog.by_key[key].partitions_def) is not None}
    found = {key: WHOLE for key in keys if key not in definitions}
    if asked.everything:
        return found | {key: one.ordinals(view) for key, one in definitions.items()}
    if asked.ranges:
        for key, one in definitions.items():
            given = asked.ranges.get(str(key))
            found[key] = one.ordinals(view) if not given else _ranges(one, given, view)
        return found
    if not asked.partitions:
        if definitions:
            raise InvalidInvocationError("say which partitions: partitionNames, partitionsByAssets, or allPartitions: true.")
        return found
    named = frozenset(key for key, one in definitions.items() if _has_all(one, asked.partitions, view))
    words = ", ".join(map(repr, asked.partitions[:5]))
    return found | asked_partitions(catalog, keys, named or keys, lambda one: one.ordinals_of(asked.partitions, view), view, words=words)


def _has_all(definition: PartitionsDefinition, keys: tuple[str, ...], view: PartitionsView) -> bool:
    try:
        definition.ordinals_of(keys, view)
    except UnknownPartitionError:
        return False
    return True


def _ranges(definition: PartitionsDefinition, given: tuple[tuple[str, str], ...], view: PartitionsView) -> OrdinalSet:
    found = OrdinalSet()
    for start, end in given:
        found |= definition.ordinals_in_range(PartitionKeyRange(start, end), view)
    return found


def _promoted(scope: Scope, asked: AskedBackfill) -> BackfillStarted:
    """A promoted notebook makes all the partitions in one run."""
    if asked.config:
        raise InvalidInvocationError(f"job '{asked.job}' is a promoted notebook: it takes parameters, not a run configuration.")
    text = ALL if asked.everything else ", ".join(map(quoted, asked.partitions))
    backfill_id = str(new_run_id())
    arguments = JobRunArguments(
        asked.job, tags={**asked.tags, BACKFILL_TAG: backfill_id}, partition=text, only="failed" if asked.only_failed else ""
    )
    return BackfillStarted(backfill_id, tuple(map(str, start_job(scope, arguments))))


def _run_for_each(scope: Scope, asked: AskedBackfill) -> BackfillStarted:
    """A job whose runs cannot be joined: a run for each partition, all of which wait in the queue. All are checked before the first."""
    definition = scope.catalog.jobs_by_name[asked.job].partitions_def
    if definition is None:
        raise InvalidInvocationError(f"job '{asked.job}' has no partitions, so there is nothing to fill. Launch it.")
    view = scope.view()
    ordinals = definition.ordinals(view) if asked.everything else definition.ordinals_of(asked.partitions, view)
    keys = definition.keys_of(ordinals, view.table)
    if len(keys) > _MOST_RUNS:
        raise InvalidInvocationError(f"{len(keys)} partitions would be as many runs; at most {_MOST_RUNS} are started at once.")
    if not keys:
        raise InvalidInvocationError("there is nothing to do, so no run was started.")
    backfill_id = str(new_run_id())
    tags = {**asked.tags, BACKFILL_TAG: backfill_id}
    runs = [launch(scope, LaunchRequest(asked.job, asked.config, {**tags, PARTITION_TAG: key}, user=asked.user)) for key in keys]
    return BackfillStarted(backfill_id, tuple(runs))
