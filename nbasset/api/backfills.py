"""Backfills: which there are, how each stands partition by partition, and asking for them, holding, stopping and repeating them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from nbasset.api.asset_queries import ranges_in
from nbasset.api.config_types import invalid
from nbasset.api.context import ApiContext
from nbasset.api.partition_sets import job_of_set
from nbasset.api.run_tags import taken, told
from nbasset.api.runs import Run, runs_of
from nbasset.api.wire import Wire, key_of, micros, page, python_error, seconds, tags, tags_in, typed
from nbasset.api.workspace import LocationSnapshot
from nbasset.commands.answering import Answer, Refusal
from nbasset.commands.asked_backfill import AskedAgain, AskedBackfill
from nbasset.commands.backfill import cancel_backfill
from nbasset.commands.backfill_records import BackfillStatus, backfill_of, last_runs, status_in
from nbasset.commands.background_backfill import can_pause, held_state, pause_backfill
from nbasset.errors import Error, InvalidInvocationError, UnknownBackfill
from nbasset.events.records import BackfillRecord, RunQuery
from nbasset.keys import AssetKey, RunId
from nbasset.ordinals import OrdinalSet
from nbasset.planning.backfill import AssetStanding

STATUSES = {
    "requested": "REQUESTED", "canceling": "CANCELING", "completed_success": "COMPLETED_SUCCESS", "completed_failed": "COMPLETED_FAILED",
    "cancelled": "CANCELED", "failed": "FAILED",
}  # fmt: skip
_RUN_STATUS = {
    "requested": "STARTED", "canceling": "CANCELING", "completed_success": "SUCCESS", "completed_failed": "FAILURE",
    "cancelled": "CANCELED", "failed": "FAILURE",
}  # fmt: skip
_OF_STATUS = {"COMPLETED": ("completed_success", "completed_failed"), "FAILING": ()}
_PARTS = (("done", "SUCCESS"), ("failed", "FAILURE"), ("blocked", "CANCELED"), ("skipped", "CANCELED"), ("running", "STARTED"))
_JOB_TITLE = "job "
_MOST_READ = 10_000
_PAGE_ROWS = 100


class PartitionBackfill:
    """One backfill. How its partitions stand is worked out when somebody asks."""

    typename = "PartitionBackfill"
    is_valid_serialization = True
    is_asset_backfill = True

    def __init__(self, context: ApiContext, record: BackfillRecord) -> None:
        self.context = context
        self.record = record
        self.id = record.backfill_id

    # -- what was asked for ------------------------------------------------------------------------------------------------

    @property
    def tags(self) -> list[Wire]:
        return tags(told(self.record.tags))

    @property
    def title(self) -> str | None:
        return self.record.title or None

    @property
    def job_name(self) -> str | None:
        """The job whose assets it makes, if one was named."""
        title = self.record.title
        return title.removeprefix(_JOB_TITLE) if title.startswith(_JOB_TITLE) else None

    @property
    def partition_set_name(self) -> str | None:
        return f"{self.job_name}_partition_set" if self.job_name is not None else None

    @property
    def asset_selection(self) -> list[AssetKey]:
        return list(dict.fromkeys(target.asset for target in self.record.targets))

    @cached_property
    def _keys(self) -> list[str] | None:
        """The keys of all partitions that are meant, over all assets; None where a location is gone that could tell them."""
        known, view = self.context.snapshot.assets, self.context.view
        found: dict[str, None] = {}
        for target in self.record.targets:
            if target.partitions is None:
                continue
            defined = known.get(target.asset)
            definition = defined.asset.partitions_def if defined is not None else None
            if definition is None:
                return None
            found.update(dict.fromkeys(definition.keys_of(target.partitions, view.table)))
        return list(found)

    @property
    def partition_names(self) -> list[str] | None:
        return self._keys

    @property
    def num_partitions(self) -> int | None:
        return len(self._keys) if self._keys is not None else None

    # -- how it stands -----------------------------------------------------------------------------------------------------

    @property
    def status(self) -> str:
        return STATUSES[self.record.status]

    @property
    def run_status(self) -> str:
        return _RUN_STATUS[self.record.status]

    @property
    def timestamp(self) -> float:
        return self.record.requested_us / 1_000_000

    creation_time = start_time = timestamp

    @property
    def end_timestamp(self) -> float | None:
        return seconds(self.record.ended_us)

    end_time = end_timestamp

    @property
    def error(self) -> Wire | None:
        """Why it could not go on."""
        if self.record.status != "failed":
            return None
        return python_error(Refusal("BackfillFailed", self.record.message or "it could not go on."))

    def runs(self, info: Any, limit: int | None = None) -> list[Run]:
        """Its runs, newest first."""
        ids = list(reversed(self.record.run_ids))[: page(limit)]
        if not ids:
            return []
        found = {run.run_id: run for run in self.context.reader.runs(RunQuery(run_ids=tuple(ids), limit=len(ids))).items}
        return runs_of(self.context, [found[RunId(one)] for one in ids if RunId(one) in found])

    @property
    def num_cancelable(self) -> int:
        """How many of its runs can be stopped."""
        own = (run for run in self.context.active_runs if run.backfill_id == self.id)
        return sum(run.status != "canceling" for run in own)

    @property
    def has_cancel_permission(self) -> bool:
        return not self.context.is_read_only

    @property
    def is_paused(self) -> bool:
        """Whether it is open and nobody carries it out."""
        return not self.record.ended_us and held_state(self.context.instance, self.record) != ""

    @property
    def can_pause(self) -> bool:
        """Whether a process of its own carries it out, which can be held."""
        return can_pause(self.context.instance, self.record)

    @cached_property
    def standing(self) -> BackfillStatus | None:
        """How its assets stand; None where they are defined no more, or otherwise partitioned."""
        location = location_of(self.context, self.record)
        try:
            return status_in(self.context.instance, location.catalog, self.record, failures=False) if location is not None else None
        except Error:
            return None

    @property
    def partition_status_counts(self) -> list[Wire]:
        """How many partitions stand how, over all assets."""
        if self.standing is None:
            return []
        found: dict[str, int] = {}
        for one in self.standing.assets.values():
            for status, ordinals in _by_status(one):
                found[status] = found.get(status, 0) + len(ordinals)
        return [{"runStatus": status, "count": count} for status, count in found.items() if count]

    @property
    def asset_backfill_data(self) -> Wire | None:
        """How each asset stands."""
        if self.standing is None:
            return None
        catalog = self.standing.plan.catalog
        return {
            "assetBackfillStatuses": [
                _of_asset(key, one, is_partitioned=catalog.by_key[key].partitions_def is not None)
                for key, one in self.standing.assets.items()
            ]
        }

    @property
    def eta_seconds(self) -> float | None:
        """How long the rest takes at its own pace so far; None before there is one, and when it does not go on."""
        standing = self.standing
        if standing is None or standing.is_over or not standing.is_driven or not standing.ended:
            return None
        took = (self.context.now_us - self.record.requested_us) / 1_000_000
        return took / standing.ended * (standing.total - standing.ended)

    @property
    def partition_statuses(self) -> Wire | None:
        """Each partition with its run: of the only asset, or of the one with most that is not done."""
        standing = self.standing
        if standing is None:
            return None
        parted = {key: one for key, one in standing.assets.items() if standing.plan.catalog.by_key[key].partitions_def is not None}
        if not parted:
            return None
        key = max(parted, key=lambda one: (len(parted[one].failed), len(parted[one].blocked), len(parted[one].open)))
        definition = standing.plan.catalog.by_key[key].partitions_def
        assert definition is not None
        runs = last_runs(self.context.reader, standing, key)
        told_of: dict[int, str] = {ordinal: status for status, ordinals in _by_status(parted[key]) for ordinal in ordinals}
        refs = definition.refs_of(parted[key].requested, standing.plan.view.table)
        results = [
            {"partitionName": ref.key, "runId": runs.get(ref.key), "runStatus": told_of.get(ref.ordinal, "NOT_STARTED")} for ref in refs
        ]
        return typed("PartitionStatuses", results=results)


def _by_status(one: AssetStanding) -> list[tuple[str, OrdinalSet]]:
    return [*((status, getattr(one, name)) for name, status in _PARTS), ("NOT_STARTED", one.waiting)]


def _of_asset(key: AssetKey, one: AssetStanding, *, is_partitioned: bool) -> Wire:
    if not is_partitioned:
        return typed(
            "UnpartitionedAssetStatus", assetKey=key, inProgress=bool(one.running), materialized=bool(one.done),
            failed=bool(one.failed or one.blocked),
        )  # fmt: skip
    return typed(
        "AssetPartitionsStatusCounts", assetKey=key, numPartitionsTargeted=len(one.requested), numPartitionsInProgress=len(one.running),
        numPartitionsMaterialized=len(one.done), numPartitionsFailed=len(one.failed) + len(one.blocked),
    )  # fmt: skip


def location_of(context: ApiContext, record: BackfillRecord) -> LocationSnapshot | None:
    """The location that a backfill is of: the one it names, or that makes its first asset."""
    named = context.snapshot.by_name.get(record.location or "")
    if named is not None or not record.targets:
        return named
    defined = context.snapshot.assets.get(record.targets[0].asset)
    return defined.location if defined is not None else None


def find_backfills(
    context: ApiContext,
    statuses: Sequence[str] | None,
    cursor: str | None,
    limit: int | None,
    *,
    before: float | None = None,
    after: float | None = None,
) -> list[BackfillRecord]:
    """Backfills of these states and this time, newest first; those after the one whose id the cursor is."""
    own = None if statuses is None else {one for name in statuses for one in _own_statuses(name)}
    most = page(limit, _PAGE_ROWS)
    is_plain = own is None and cursor is None and before is None and after is None
    found = context.reader.backfills(limit=most if is_plain else _MOST_READ)
    if cursor:
        places = [at for at, record in enumerate(found) if record.backfill_id == cursor]
        found = found[places[0] + 1 :] if places else []
    earliest, latest = micros(after), micros(before)
    return [
        record
        for record in found
        if (own is None or record.status in own)
        and (earliest is None or record.requested_us > earliest)
        and (latest is None or record.requested_us < latest)
    ][:most]


def _own_statuses(name: str) -> Sequence[str]:
    return _OF_STATUS.get(name) or [own for own, told_name in STATUSES.items() if told_name == name]


# -- queries ----------------------------------------------------------------------------------------------------------------------


def _backfills(
    parent: Any, info: Any, status: str | None = None, cursor: str | None = None, limit: int | None = None, filters: Wire | None = None
) -> Wire:  # fmt: skip
    context: ApiContext = info.context
    given = filters or {}
    statuses = [status] if status is not None else given.get("statuses")
    found = find_backfills(context, statuses, cursor, limit, before=given.get("created_before"), after=given.get("created_after"))
    return typed("PartitionBackfills", results=[PartitionBackfill(context, record) for record in found])


def _backfill(parent: Any, info: Any, backfill_id: str) -> Any:
    try:
        return PartitionBackfill(info.context, backfill_of(info.context.reader, backfill_id))
    except UnknownBackfill as error:
        return typed("BackfillNotFoundError", message=str(error))


# -- asking for them --------------------------------------------------------------------------------------------------------------


def _launch(parent: Any, info: Any, backfill_params: Wire) -> Wire:
    """Start a backfill of assets, or of a job by its partition set. A process of its own carries it out."""
    context: ApiContext = info.context
    if backfill_params.get("reexecution_steps"):
        raise InvalidInvocationError("a backfill makes assets, not single steps: leave out reexecutionSteps and name assetSelection.")
    selector = backfill_params.get("selector")
    asked = _asked(context, backfill_params)
    if selector is not None and selector.get("partition_set_name"):
        place, job = job_of_set(context, selector)
        if place is None or job is None:
            return typed("PartitionSetNotFoundError", message=f"there is no partition set '{selector['partition_set_name']}'.")
        return _started(place.ask("asked_backfill:launch_asked", replace(asked, job=job)), asked, job)
    keys, ranges = _named_assets(backfill_params)
    if not keys:
        raise InvalidInvocationError("a backfill is of assets or of a job: give assetSelection, partitionsByAssets, or a selector.")
    location = _one_location(context, keys)
    if isinstance(location, str):
        return typed("InvalidSubsetError", message=location)
    return _started(location.ask("asked_backfill:launch_asked", replace(asked, assets=tuple(keys), ranges=ranges)), asked, "")


def _asked(context: ApiContext, given: Wire) -> AskedBackfill:
    return AskedBackfill(
        partitions=tuple(given.get("partition_names") or ()), everything=bool(given.get("all_partitions")),
        only_failed=bool(given.get("from_failure")), config=given.get("run_config_data"), tags=taken(tags_in(given.get("tags"))),
        title=given.get("title") or given.get("description") or "", user=context.user,
    )  # fmt: skip


def _named_assets(given: Wire) -> tuple[list[AssetKey], dict[str, tuple[tuple[str, str], ...]]]:
    """The assets that are named, and ranges of partitions of those for which some are."""
    keys = [key_of(one) for one in given.get("asset_selection") or ()]
    ranges: dict[str, tuple[tuple[str, str], ...]] = {}
    for one in given.get("partitions_by_assets") or ():
        if one is None:
            continue
        key = key_of(one["asset_key"])
        keys.append(key)
        own = tuple((each.start, each.end) for each in ranges_in(one.get("partitions")))
        if own:
            ranges[str(key)] = own
    return list(dict.fromkeys(keys)), ranges


def _one_location(context: ApiContext, keys: Sequence[AssetKey]) -> LocationSnapshot | str:
    """The location that makes all of these, or why there is none."""
    known = context.snapshot.assets
    unknown = [key for key in keys if key not in known]
    if unknown:
        return f"no asset '{unknown[0]}' is defined."
    places = {known[key].location.name: known[key].location for key in keys}
    if len(places) > 1:
        return f"these assets are made by several locations ({', '.join(sorted(places))}): ask for a backfill of each."
    return next(iter(places.values()))


def _started(answer: Answer, asked: AskedBackfill, job: str) -> Wire:
    """The backfill that was started, or why there is none."""
    if answer.refusal is None:
        runs = list(answer.value.run_ids)
        return typed("LaunchBackfillSuccess", backfillId=answer.value.backfill_id, launchedRunIds=runs)
    return _refused(answer.refusal, asked.partitions, job)


def _refused(refusal: Refusal, partitions: Sequence[str], job: str) -> Wire:
    if refusal.cls in ("UnknownPartitionError", "InvalidPartitionRange"):
        wrong = [one for one in partitions if repr(one) in refusal.message]
        return typed("PartitionKeysNotFoundError", message=refusal.message, partitionKeys=wrong)
    if refusal.cls in ("UnknownAsset", "InvalidSelection"):
        return typed("InvalidSubsetError", message=refusal.message)
    if refusal.cls == "InvalidConfigError":
        return invalid(refusal, job)
    found = python_error(refusal)
    assert found is not None
    return found


def _again(parent: Any, info: Any, reexecution_params: Mapping[str, Any] | None = None) -> Wire:
    """Do a backfill again: all of it, or what it has not made."""
    context: ApiContext = info.context
    if reexecution_params is None:
        raise InvalidInvocationError("nothing says which backfill to do again: give reexecutionParams.")
    record = backfill_of(context.reader, reexecution_params["parent_run_id"])
    asked = AskedAgain(
        record.backfill_id, reexecution_params["strategy"] != "ALL_STEPS", taken(tags_in(reexecution_params.get("extra_tags"))),
        context.user,
    )  # fmt: skip
    answer = _place_of(context, record).ask("asked_backfill:launch_again", asked)
    if answer.refusal is not None:
        return _refused(answer.refusal, (), "")
    return typed("LaunchBackfillSuccess", backfillId=answer.value, launchedRunIds=[])


def _place_of(context: ApiContext, record: BackfillRecord) -> LocationSnapshot:
    found = location_of(context, record)
    if found is None:
        raise InvalidInvocationError(f"backfill {record.backfill_id[:8]} is of {record.location}, which is no location of this project.")
    return found


# -- holding and stopping them ------------------------------------------------------------------------------------------------------


def _cancel(parent: Any, info: Any, backfill_id: str) -> Wire:
    record = cancel_backfill(info.context.instance, backfill_id, by=info.context.user)
    return typed("CancelBackfillSuccess", backfillId=record.backfill_id)


def _resume(parent: Any, info: Any, backfill_id: str) -> Wire:
    context: ApiContext = info.context
    record = backfill_of(context.reader, backfill_id)
    answer = _place_of(context, record).ask("asked_backfill:resume", record.backfill_id)
    if answer.refusal is not None:
        return python_error(answer.refusal) or {}
    return typed("ResumeBackfillSuccess", backfillId=record.backfill_id)


def _pause(parent: Any, info: Any, backfill_id: str) -> Wire:
    record = pause_backfill(info.context.instance, backfill_id)
    return typed("PauseBackfillSuccess", backfillId=record.backfill_id)


RESOLVERS = {
    "Query.partitionBackfillsOrError": _backfills,
    "Query.partitionBackfillOrError": _backfill,
    "Mutation.launchPartitionBackfill": _launch,
    "Mutation.reexecutePartitionBackfill": _again,
    "Mutation.cancelPartitionBackfill": _cancel,
    "Mutation.resumePartitionBackfill": _resume,
    "Mutation.pausePartitionBackfill": _pause,
}
