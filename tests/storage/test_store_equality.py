"""Laws that hold for any sequence of events: the stores agree, and how events are batched makes no difference."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from nbasset.events.facts import AssetMaterialized, AssetObserved, CheckEvaluated, CheckKey, ErrorInfo, InstigatorId, OutputStored
from nbasset.events.kinds import (
    AssetRenamed,
    AssetReported,
    AssetRetired,
    AssetRolledBack,
    AssetWiped,
    BackfillCancelRequested,
    BackfillEnded,
    BackfillProgressed,
    BackfillRequested,
    CursorSet,
    Event,
    FileOrphaned,
    InstigatorSet,
    PartitionsAdded,
    PartitionsDeleted,
    RunCancelled,
    RunCancelRequested,
    RunFailed,
    RunQueued,
    RunRequested,
    RunStarted,
    RunStarting,
    RunSucceeded,
    StepFailed,
    StepRetried,
    StepReused,
    StepSkipped,
    StepStarted,
    StepSucceeded,
    Target,
    TickEvaluated,
    TickMissed,
)
from nbasset.events.records import RunQuery
from nbasset.events.reducers import rows_of
from nbasset.keys import AssetKey, PartitionRef, RunId
from nbasset.ordinals import OrdinalSet
from nbasset.storage.memory import MemoryStorage
from nbasset.storage.opening import open_storage
from nbasset.storage.protocol import Storage

KEYS = [AssetKey("a"), AssetKey("b"), AssetKey(["c", "d"])]
RUNS = [RunId(str(number) * 32) for number in range(3)]
NAMES = ["x", "y"]
ORDINALS = [-200, -1, 0, 1, 2, 127, 128, 129, 5000]

keys = st.sampled_from(KEYS)
runs = st.sampled_from(RUNS)
names = st.sampled_from(NAMES)
times = st.integers(1, 1000)
partitions = st.none() | st.sampled_from([PartitionRef(str(ordinal), ordinal) for ordinal in ORDINALS])
sets = st.frozensets(st.sampled_from(ORDINALS), max_size=4).map(OrdinalSet.of)
targets = st.lists(st.builds(Target, keys, st.none() | sets), max_size=2).map(tuple)
versions = st.sampled_from(["", "v1", "c1:" + "ab" * 16, "c1:" + "cd" * 16, "c1:" + "00" * 16])
ids = st.sampled_from(["", "00ff", "ff00", "1234"])
makes = st.builds(AssetMaterialized, keys, partitions, ids, versions, versions, input_digest=versions)
sights = st.builds(AssetObserved, keys, partitions, st.none() | versions)
verdicts = st.builds(CheckEvaluated, st.builds(CheckKey, keys, names), st.booleans(), partition=partitions)
facts = st.lists(makes | sights | verdicts | st.builds(OutputStored, names), max_size=3).map(tuple)
errors = st.builds(ErrorInfo, names, names)

INSTIGATORS = [
    InstigatorId("here", "schedule", "x"),
    InstigatorId("here", "sensor", "x"),
    InstigatorId("the\nre", "schedule", "x\x00\ud800"),
]
instigators = st.sampled_from(INSTIGATORS)

events: st.SearchStrategy[Event] = st.one_of(
    st.builds(RunRequested, times, runs, targets, job=st.none() | names, tags=st.dictionaries(names, names), backfill_id=st.none() | names),
    st.one_of(st.builds(RunStarted, times, runs), st.builds(RunStarting, times, runs)),
    st.one_of(st.builds(RunQueued, times, runs), st.builds(RunCancelRequested, times, runs)),
    st.one_of(
        st.builds(RunSucceeded, times, runs),
        st.builds(RunFailed, times, runs, error=st.none() | errors),
        st.builds(RunCancelled, times, runs, names),
    ),
    st.one_of(st.builds(StepStarted, times, runs, names), st.builds(StepRetried, times, runs, names)),
    st.builds(StepSucceeded, times, runs, names, facts),
    st.builds(StepSucceeded, times, runs, names, facts),
    st.builds(StepFailed, times, runs, names, errors, targets, facts, cancelled=st.booleans()),
    st.builds(StepSkipped, times, runs, names, st.just("fresh"), targets=targets),
    st.builds(StepReused, times, runs, names, runs, facts),
    st.builds(AssetReported, times, st.one_of(makes, sights, verdicts)),
    st.builds(AssetRolledBack, times, makes),
    st.builds(AssetRenamed, times, keys, keys),
    st.one_of(st.builds(AssetRetired, times, keys), st.builds(FileOrphaned, times, names, st.none() | keys)),
    st.builds(AssetWiped, times, keys, st.none() | sets, st.none() | ids),
    st.builds(PartitionsAdded, times, names, st.lists(partitions.filter(lambda ref: ref is not None), max_size=3).map(tuple)),
    st.builds(PartitionsDeleted, times, names, st.lists(partitions.filter(lambda ref: ref is not None), max_size=3).map(tuple)),
    st.builds(BackfillRequested, times, names, targets),
    st.one_of(st.builds(BackfillProgressed, times, names, runs, targets), st.builds(BackfillCancelRequested, times, names)),
    st.builds(BackfillEnded, times, names, st.just("completed_success"), names),
    st.one_of(
        st.builds(InstigatorSet, times, instigators, st.sampled_from([None, "RUNNING", "STOPPED"]), st.just(0) | times, names),
        st.builds(CursorSet, times, instigators, st.none() | names, names),
    ),
    st.one_of(
        st.builds(
            TickEvaluated, times, instigators, st.sampled_from(["success", "skipped", "failure"]), times, st.none() | times,
            st.lists(runs, max_size=2).map(tuple), cursor=st.none() | names, last_run_key=st.none() | names, will_retry=st.booleans(),
        ),
        st.builds(TickMissed, times, instigators, st.integers(1, 9), times, times),
    ),
)  # fmt: skip
batches = st.lists(st.lists(events, min_size=1, max_size=6), max_size=8)


def all_that_is_known(store: Storage) -> dict[str, Any]:
    """Every answer that the store gives."""
    checks = [CheckKey(key, name) for key in KEYS for name in NAMES]
    return {
        "entries": store.entries(),
        "of runs": [store.entries(run=run) for run in RUNS],
        "of assets": [store.entries(asset=key) for key in KEYS],
        "of both": [store.entries(asset=key, run=run) for key in KEYS for run in RUNS],
        "assets": store.latest(KEYS),
        "names": store.assets(),
        "partitions": {key: rows_of(store.partitions(key)) for key in KEYS},
        "made": [store.materializations(key, ordinal) for key in KEYS for ordinal in (None, *ORDINALS)],
        "checks": store.checks(KEYS),
        "history": [store.check_history(check) for check in checks],
        "runs": [store.run(run) for run in RUNS],
        "active": store.active_runs(),
        "found": [store.runs(RunQuery(asset=key, limit=2)) for key in KEYS] + [store.runs(RunQuery(tags={"x": "y"}))],
        "backfills": store.backfills(),
        "running": store.backfills(active=True),
        "instigators": store.instigators(),
        "ticks": [store.ticks(one, limit=limit) for one in INSTIGATORS for limit in (2, 100)],
        "failed": [store.ticks(one, statuses=("missed", "failure"), before=store.last_seq()) for one in INSTIGATORS],
        "dynamic": [store.dynamic_keys(name) for name in NAMES],
        "last": store.last_seq(),
    }


def fill(store: Storage, groups: Sequence[Sequence[Event]], forgotten: Sequence[RunId]) -> dict[str, Any]:
    for group in groups:
        store.append(group)
    store.delete_runs(forgotten)
    store.delete_ticks(250)
    return all_that_is_known(store)


@settings(max_examples=60, deadline=None)
@given(groups=batches, more=batches, forgotten=st.lists(runs, max_size=1))
def test_the_stores_agree_on_everything(groups: list[list[Event]], more: list[list[Event]], forgotten: list[RunId]) -> None:
    folder = Path(tempfile.mkdtemp())
    memory, sqlite, other = MemoryStorage(), open_storage(folder), open_storage(folder)
    try:
        assert fill(sqlite, groups, forgotten) == fill(memory, groups, forgotten)
        assert fill(other, more, []) == fill(memory, more, [])
        assert all_that_is_known(sqlite) == all_that_is_known(memory)
    finally:
        sqlite.close()
        other.close()
        shutil.rmtree(folder)


@settings(max_examples=100, deadline=None)
@given(groups=batches)
def test_events_fold_the_same_one_by_one_and_in_batches(groups: list[list[Event]]) -> None:
    folder = Path(tempfile.mkdtemp())
    memory, sqlite = MemoryStorage(), open_storage(folder)
    together = [event for group in groups for event in group]
    try:
        assert fill(memory, [[event] for event in together], []) == fill(sqlite, [together], [])
    finally:
        sqlite.close()
        shutil.rmtree(folder)
