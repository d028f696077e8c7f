"""Records after an event: one small pure function each. `fold.apply` says which of them an event calls.

- A run that is over stays as it ended, whatever comes later.
- `changed_seq` moves only when the data version is another one; an unknown data version counts as another.
- A failure keeps the version before it: `status`, `at_us` and `run` tell of the failure, all else of the last good version.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, NamedTuple

from nbasset.events.facts import AssetMaterialized, AssetObserved, CheckEvaluated, Fact
from nbasset.events.kinds import (
    AssetReported,
    AssetRolledBack,
    BackfillCancelRequested,
    BackfillEnded,
    BackfillEvent,
    BackfillRequested,
    Event,
    RunCancelRequested,
    RunEvent,
    RunFailed,
    RunQueued,
    RunRequested,
    RunStarted,
    RunStarting,
    RunSucceeded,
    RunTagged,
    StepEvent,
    StepFailed,
    StepRetried,
    StepReused,
    StepSkipped,
    StepStarted,
    StepSucceeded,
    Target,
)
from nbasset.events.recipes import recipe_text
from nbasset.events.records import AssetRecord, BackfillRecord, PartitionTable, RunRecord, Status, StepRecord
from nbasset.keys import AssetKey, RunId
from nbasset.ordinals import OrdinalSet


class PartitionRow(NamedTuple):
    """One partition of one asset as it stands: a row of `PartitionTable`, its texts written out."""

    status: int = 0
    seq: int = 0
    changed_seq: int = 0
    at_us: int = 0
    run: str = ""
    code: str = ""
    data_version: str = ""
    input_digest: str = ""
    version_id: str = ""
    recipe: str = ""


# -- Runs ---------------------------------------------------------------------------------------------------------------------


def run_after(record: RunRecord | None, seq: int, event: RunEvent) -> RunRecord:
    """The run after one of its own events. An end state is never left; a request that comes twice changes nothing."""
    if isinstance(event, RunRequested):
        return _requested(record, seq, event)
    before = record or RunRecord(event.run_id, "not_started", first_seq=seq)
    if isinstance(event, RunTagged):
        return replace(before, tags={**before.tags, **event.tags}, added_tags={**before.added_tags, **event.tags})
    if before.is_over:
        return before
    if isinstance(event, RunQueued):
        return replace(before, status="queued") if before.status == "not_started" else before
    if isinstance(event, RunStarting):
        return _starting(before, event)
    if isinstance(event, RunStarted):
        status = before.status if before.status == "canceling" else "started"
        return replace(before, status=status, owner=event.owner, started_us=before.started_us or event.at_us)
    if isinstance(event, RunCancelRequested):
        return replace(before, status="canceling")
    if isinstance(event, RunSucceeded):
        return replace(before, status="success", ended_us=event.at_us)
    if isinstance(event, RunFailed):
        return replace(before, status="failure", ended_us=event.at_us, reason=event.reason, message=event.message, error=event.error)
    return replace(before, status="canceled", ended_us=event.at_us, reason="cancelled", message=event.message)


def _starting(before: RunRecord, event: RunStarting) -> RunRecord:
    """The process may be faster than who started it: a run that it has taken on already is past this."""
    if before.status == "started":
        return before
    status = before.status if before.status == "canceling" else "starting"
    return replace(before, status=status, owner=before.owner if before.started_us else event.owner)


def _requested(record: RunRecord | None, seq: int, event: RunRequested) -> RunRecord:
    if record is None:
        return RunRecord(
            event.run_id, "not_started", event.job, event.kind, event.location, event.targets, event.tags, event.config, event.plan_id,
            event.parent_run_id, event.root_run_id, event.backfill_id, event.user, requested_us=event.at_us, steps=event.steps,
            first_seq=seq, launch_id=event.launch_id,
        )  # fmt: skip
    if record.requested_us:
        return record
    return replace(
        record,
        job=event.job,
        kind=event.kind,
        location=event.location,
        targets=event.targets,
        tags={**event.tags, **record.added_tags} if record.added_tags else event.tags,
        config=event.config,
        plan_id=event.plan_id,
        parent_run_id=event.parent_run_id,
        root_run_id=event.root_run_id,
        backfill_id=event.backfill_id,
        user=event.user,
        requested_us=event.at_us,
        steps=event.steps,
        launch_id=event.launch_id,
    )


# -- Assets -------------------------------------------------------------------------------------------------------------------


def data_version_of(record: AssetRecord | None) -> str:
    """The data version that an unpartitioned asset is known to have now: made, or seen by the last observation; empty when unknown."""
    if record is None:
        return ""
    if record.changed_seq > record.seq:  # an observation was the last to find another version
        return (record.observation.data_version if record.observation else None) or ""
    return record.materialization.data_version if record.materialization else ""


def asset_made(
    record: AssetRecord | None, key: AssetKey, seq: int, at_us: int, run_id: RunId | None, fact: AssetMaterialized, *, changed: bool
) -> AssetRecord:
    """The asset after a version of it, or of one partition, was made; `changed` says whether the data version is another one."""
    before = record or _NEVER_MADE
    return AssetRecord(
        key,
        Status.MATERIALIZED,
        seq,
        seq if changed else before.changed_seq,
        at_us,
        run_id,
        fact,
        before.observation,
        before.observed_us,
        before.failed_us,
        before.failed_run_id,
        before.failed_step,
        None,
        False,
        before.first_us or at_us,
        before.materializations + 1,
    )


_NEVER_MADE = AssetRecord(AssetKey("any"))
"""What there is of an asset before its first version, whatever its key."""


def asset_observed(record: AssetRecord | None, key: AssetKey, seq: int, at_us: int, fact: AssetObserved, *, changed: bool) -> AssetRecord:
    """The asset after an observation. One that says nothing of the data version leaves the known one in place."""
    before = record or AssetRecord(key)
    if fact.data_version is None and before.changed_seq > before.seq and fact.partition is None:
        fact = replace(fact, data_version=data_version_of(before) or None)
    changed_seq = seq if changed else before.changed_seq
    first_us = before.first_us or at_us
    return replace(before, observation=fact, observed_us=at_us, changed_seq=changed_seq, first_us=first_us, retired=False)


def asset_failed(record: AssetRecord | None, key: AssetKey, event: StepFailed) -> AssetRecord:
    """The asset after the step that should have made it failed."""
    before = record or AssetRecord(key)
    return replace(
        before,
        status=Status.FAILED,
        failed_us=event.at_us,
        failed_run_id=event.run_id,
        failed_step=event.step,
        error=event.error,
        first_us=before.first_us or event.at_us,
    )


def asset_unmade(record: AssetRecord) -> AssetRecord:
    """The asset after everything that was made of it was given up: what was observed of it stays."""
    return AssetRecord(
        record.key,
        changed_seq=record.changed_seq if record.changed_seq > record.seq else 0,
        observation=record.observation,
        observed_us=record.observed_us,
        retired=record.retired,
        first_us=record.first_us,
    )


def asset_merged(old: AssetRecord, new: AssetRecord | None, key: AssetKey) -> AssetRecord:
    """One asset that goes on as another: the newer of both where both have a say, under the new key."""
    newest = old if new is None or old.seq > new.seq else new
    other = new if newest is old else old
    return replace(
        newest,
        key=key,
        materialization=newest.materialization and replace(newest.materialization, asset=key),
        observation=newest.observation and replace(newest.observation, asset=key),
        retired=False,
        first_us=min(newest.first_us, other.first_us) if other else newest.first_us,
        materializations=newest.materializations + (other.materializations if other else 0),
    )


# -- Partitions ---------------------------------------------------------------------------------------------------------------


def row_made(
    row: PartitionRow | None, seq: int, at_us: int, run_id: RunId | None, fact: AssetMaterialized, *, as_of: int = 0
) -> PartitionRow:
    """The partition after a version of it was made; `as_of` is as in `Recipe`."""
    version = fact.data_version
    same = row is not None and version != "" and row.data_version == version
    changed_seq = row.changed_seq if row is not None and same else seq
    recipe = recipe_text(fact, as_of=as_of)
    return PartitionRow(1, seq, changed_seq, at_us, run_id or "", fact.code_version, version, fact.input_digest, fact.version_id, recipe)


def row_observed(row: PartitionRow | None, seq: int, at_us: int, run_id: RunId | None, fact: AssetObserved) -> PartitionRow:
    """The partition after an observation: only its data version can change."""
    before = row or PartitionRow(at_us=at_us, run=run_id or "")
    if fact.data_version is None or fact.data_version == before.data_version:
        return before
    return before._replace(data_version=fact.data_version, changed_seq=seq)


def row_failed(row: PartitionRow | None, event: StepFailed) -> PartitionRow:
    """The partition after the step that should have made it failed."""
    return (row or PartitionRow())._replace(status=2, at_us=event.at_us, run=event.run_id)


def rows_of(table: PartitionTable) -> dict[int, PartitionRow]:
    """The rows of a table by ordinal, texts written out: for a few partitions or for tests; thousands are better read by column."""
    texts = table.texts
    columns = (table.run, table.code, table.data_version, table.input_digest, table.version_id, table.recipe)
    written = ([texts[index] for index in column] for column in columns)
    rows = zip(table.status, table.seq, table.changed_seq, table.at_us, *written, strict=True)
    return {ordinal: PartitionRow(*row) for ordinal, row in zip(table.ordinals, rows, strict=True)}


# -- Backfills ----------------------------------------------------------------------------------------------------------------


def backfill_after(record: BackfillRecord | None, event: BackfillEvent) -> BackfillRecord | None:
    """The backfill after one of its events. Nothing changes one that ended, or one that nobody asked for."""
    if isinstance(event, BackfillRequested):
        return record or BackfillRecord(
            event.backfill_id,
            "requested",
            event.targets,
            location=event.location,
            tags=event.tags,
            options=event.options,
            title=event.title,
            by=event.by,
            requested_us=event.at_us,
        )
    if record is None or record.ended_us:
        return record
    if isinstance(event, BackfillCancelRequested):
        return replace(record, status="canceling")
    if isinstance(event, BackfillEnded):
        return replace(record, status=event.status, ended_us=event.at_us, message=event.message)
    return record


def launched(chunks: Iterable[tuple[Target, ...]]) -> tuple[Target, ...]:
    """What went to runs altogether: one target an asset, in order of first launch."""
    together: dict[AssetKey, OrdinalSet | None] = {}
    for targets in chunks:
        for target in targets:
            known = together.get(target.asset)
            together[target.asset] = target.partitions if known is None or target.partitions is None else known | target.partitions
    return tuple(Target(asset, partitions) for asset, partitions in together.items())


# -- Steps --------------------------------------------------------------------------------------------------------------------


def step_after(record: StepRecord | None, event: StepEvent) -> StepRecord:
    """The step after one of its events. The end of a step says all of its last attempt, so what was before is not needed."""
    if isinstance(event, StepStarted):
        before = record or StepRecord(event.step)
        return replace(before, status="running", attempt=event.attempt, started_us=event.at_us, ended_us=0)
    if isinstance(event, StepSucceeded):
        return StepRecord(
            event.step,
            "succeeded",
            event.attempt,
            started_us=event.started_us or event.at_us,
            ended_us=event.at_us,
            load_us=event.load_us,
            work_us=event.work_us,
            write_us=event.write_us,
            facts=event.facts,
        )
    if isinstance(event, StepFailed):
        started_us = event.started_us or (record.started_us if record else 0) or event.at_us
        return StepRecord(
            event.step,
            "cancelled" if event.cancelled else "failed",
            event.attempt,
            started_us,
            event.at_us,
            error=event.error,
            facts=event.facts,
        )
    if isinstance(event, StepRetried):
        started_us = event.started_us or (record.started_us if record else 0)
        return StepRecord(event.step, "retrying", event.attempt, started_us, event.at_us, error=event.error)
    if isinstance(event, StepSkipped):
        return StepRecord(event.step, "skipped", ended_us=event.at_us, reason=event.reason, because=event.because)
    return StepRecord(event.step, "reused", ended_us=event.at_us, because=event.from_run_id, facts=event.facts)


# -- Facts --------------------------------------------------------------------------------------------------------------------


def facts_of(event: Event) -> tuple[Fact, ...]:
    """Facts that ride in an event, of a step or from outside; those of a rollback are the materialization that is current again."""
    if isinstance(event, (StepSucceeded, StepFailed, StepReused)):
        return event.facts
    if isinstance(event, AssetReported):
        return (event.fact,)
    if isinstance(event, AssetRolledBack):
        return (event.materialization,)
    return ()


def materialized_in(event: Event) -> tuple[AssetMaterialized, ...]:
    """What an event made. A reused step made nothing: its outputs are those of the run before."""
    if isinstance(event, StepReused):
        return ()
    return tuple(fact for fact in facts_of(event) if isinstance(fact, AssetMaterialized))


def renamed(event: Event, former: frozenset[AssetKey], key: AssetKey) -> Event:
    """The event as it reads since the asset is called `key`: its facts under the new name."""
    if isinstance(event, (StepSucceeded, StepFailed, StepReused)):
        return replace(event, facts=tuple(_renamed(fact, former, key) for fact in event.facts))
    if isinstance(event, AssetReported):
        return replace(event, fact=_renamed(event.fact, former, key))
    if isinstance(event, AssetRolledBack):
        return replace(event, materialization=_renamed(event.materialization, former, key))
    return event


def _renamed(fact: Any, former: frozenset[AssetKey], key: AssetKey) -> Any:
    if isinstance(fact, (AssetMaterialized, AssetObserved)) and fact.asset in former:
        return replace(fact, asset=key)
    if isinstance(fact, CheckEvaluated) and fact.check.asset in former:
        return replace(fact, check=replace(fact.check, asset=key))
    return fact
