"""What runs of a backfill came to, partition by partition: from the events of a run, or from what is recorded of assets."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from nbasset.events.facts import AssetMaterialized, CheckEvaluated
from nbasset.events.kinds import Event, StepFailed, StepReused, StepSkipped, StepStarted, StepSucceeded
from nbasset.events.records import AssetRecord, PartitionTable, RunRecord, Status
from nbasset.keys import AssetKey, RunId
from nbasset.ordinals import OrdinalSet
from nbasset.planning.backfill import EMPTY, WHOLE, Outcomes, Sets, sets_of, united, without

BY_ITSELF = frozenset({"", "steps-failed"})
"""Reasons with which a run ends that went on to its last step."""
BY_INTERRUPT = "cancelled by interrupt"
"""What a run says that ended since whoever carried it out was interrupted. Nobody gave its partitions up."""


def outcomes_of_events(events: Iterable[Event], targets: Sets, *, is_over: bool = True, was_cancelled: bool = False) -> Outcomes:
    """What one run did with its targets. Of a run that went on to its end, what has no word about it was left out on purpose.

    When somebody cancelled the run alone, what it did not get to counts as failed: nobody is to start it again unasked.
    """
    done: dict[AssetKey, list[int]] = {}
    failed: Sets = {}
    blocked: Sets = {}
    skipped: Sets = {}
    bad_checks = False
    for event in events:
        if isinstance(event, (StepSucceeded, StepReused)):
            for fact in event.facts:
                if isinstance(fact, AssetMaterialized):
                    done.setdefault(fact.asset, []).append(0 if fact.partition is None else fact.partition.ordinal)
                elif isinstance(fact, CheckEvaluated):
                    bad_checks = bad_checks or (fact.blocking and not fact.passed and fact.severity == "ERROR")
        elif isinstance(event, StepFailed) and not event.cancelled:
            failed = united(failed, sets_of(event.targets))
        elif isinstance(event, StepSkipped) and event.reason in ("upstream-failed", "check-failed"):
            blocked = united(blocked, sets_of(event.targets))
        elif isinstance(event, StepSkipped) and event.reason != "cancelled":
            skipped = united(skipped, sets_of(event.targets))
    made = {key: OrdinalSet.of(ordinals) for key, ordinals in done.items()}
    failed = without(failed, made)
    rest = without(without(without(without(targets, made), failed), blocked), skipped)
    if was_cancelled:
        failed = united(failed, rest)
    elif is_over:
        skipped = united(skipped, rest)
    return Outcomes(made, failed, blocked, skipped, {}, bad_checks)


def outcomes_of_run(run: RunRecord, events: Iterable[Event], *, wants_to_stop: bool = False) -> Outcomes:
    """The same for a run that is over, from its record: one that was lost or interrupted leaves its rest to be done."""
    by_itself = run.status == "success" or (run.status == "failure" and run.reason in BY_ITSELF)
    was_cancelled = run.status == "canceled" and not wants_to_stop and run.message != BY_INTERRUPT
    return outcomes_of_events(events, sets_of(run.targets), is_over=by_itself, was_cancelled=was_cancelled)


def recorded_outcomes(
    wanted: Sets, run_ids: Collection[RunId], tables: Mapping[AssetKey, PartitionTable], records: Mapping[AssetKey, AssetRecord]
) -> Outcomes:
    """What the newest state of the assets says of these runs: everything, but for what was never made or was made again by others."""
    ids = frozenset(run_ids)
    done: dict[AssetKey, OrdinalSet] = {}
    failed: dict[AssetKey, OrdinalSet] = {}
    for key, ordinals in wanted.items():
        table, record = tables.get(key), records.get(key)
        if table is not None and table.ordinals:
            ours = {at for at in set(table.run) if table.texts[at] in ids}
            for status, found in ((Status.MATERIALIZED, done), (Status.FAILED, failed)):
                found[key] = _rows(table, ours, int(status)) & ordinals
        elif record is not None and ordinals == WHOLE:
            done[key] = WHOLE if record.run_id in ids else EMPTY
            failed[key] = WHOLE if record.failed_run_id in ids and record.status is Status.FAILED and not done[key] else EMPTY
    return Outcomes(_some(done), _some(failed))


def interrupted(events: Iterable[Event]) -> set[str]:
    """Steps that began and have no end: what a process was at when it died."""
    begun: set[str] = set()
    for event in events:
        if isinstance(event, StepStarted):
            begun.add(event.step)
        elif isinstance(event, (StepSucceeded, StepFailed, StepSkipped)):
            begun.discard(event.step)
    return begun


def _rows(table: PartitionTable, ours: set[int], status: int) -> OrdinalSet:
    rows = zip(table.ordinals, table.status, table.run, strict=True)
    return OrdinalSet.of([ordinal for ordinal, known, run in rows if known == status and run in ours])


def _some(sets: dict[AssetKey, OrdinalSet]) -> Sets:
    return {key: ordinals for key, ordinals in sets.items() if ordinals}
