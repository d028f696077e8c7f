"""What every store keeps to, in memory, in SQLite and in PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from nbasset.events.facts import AssetMaterialized, AssetObserved, CheckEvaluated, CheckKey, ErrorInfo
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
    Event,
    Owner,
    PartitionsAdded,
    PartitionsDeleted,
    RunCancelRequested,
    RunFailed,
    RunQueued,
    RunRequested,
    RunStarted,
    RunSucceeded,
    StepFailed,
    StepSkipped,
    StepStarted,
    StepSucceeded,
    Target,
)
from nbasset.events.records import AssetRecord, Entry, RunQuery, RunRecord, Status
from nbasset.events.reducers import PartitionRow, rows_of
from nbasset.keys import AssetKey, PartitionRef, RunId
from nbasset.metadata import MetadataValue
from nbasset.ordinals import OrdinalSet
from nbasset.storage.protocol import Storage

A, B, C = AssetKey("a"), AssetKey(["raw", "b"]), AssetKey("c")
RUN, OTHER = RunId("1" * 32), RunId("2" * 32)
ME, YOU = Owner("here", 1, 10), Owner("there", 2, 20)


def made(asset: AssetKey = A, data: str = "c1:aa", partition: int | None = None, version: str = "00ff") -> AssetMaterialized:
    ref = None if partition is None else PartitionRef(f"day {partition}", partition)
    return AssetMaterialized(asset, ref, version_id=version, data_version=data, code_version="n1:cc", input_digest="dd", rows=3)


def step(*facts: AssetMaterialized | AssetObserved | CheckEvaluated, run: RunId = RUN, at: int = 5) -> StepSucceeded:
    return StepSucceeded(at, run, "step", facts)


# -- The log


def test_an_empty_store_knows_nothing(store: Storage) -> None:
    assert (store.last_seq(), store.entries(), store.entry(1), store.latest([A]), store.assets(), store.run(RUN)) == (
        0,
        [],
        None,
        {},
        [],
        None,
    )
    assert (rows_of(store.partitions(A)), store.checks([A]), store.active_runs(), store.backfills(), store.text("x")) == (
        {},
        {},
        [],
        [],
        None,
    )


def test_entries_are_numbered_from_one_without_gaps(store: Storage) -> None:
    assert store.append([StepStarted(1, RUN, "x"), StepStarted(2, RUN, "y")]) == 2
    assert store.append([StepStarted(3, OTHER, "z")], flush=True) == 3
    assert store.entries() == [
        Entry(1, StepStarted(1, RUN, "x")),
        Entry(2, StepStarted(2, RUN, "y")),
        Entry(3, StepStarted(3, OTHER, "z")),
    ]
    assert store.entries(after=1, limit=1) == [Entry(2, StepStarted(2, RUN, "y"))]
    assert store.entries(run=OTHER) == [store.entry(3)]
    assert store.append([]) == 3


def test_events_come_back_as_they_went_in(store: Storage) -> None:
    hostile = "\x1b[31m'; DROP TABLE events; -- \ud800 <script> ${HOME}"
    error = ErrorInfo("ValueError", hostile, metadata={"n": MetadataValue.int(2**60)})
    events: list[Event] = [
        RunRequested(
            1, RUN, (Target(A, OrdinalSet.between(-5, 9)),), config={"a": [1, None, {"$x": 2.5}]}, tags={hostile: hostile}, job=hostile
        ),
        step(made(partition=-3), AssetObserved(B, data_version=hostile, metadata={"t": MetadataValue.text(hostile)})),
        StepFailed(7, RUN, hostile, error, (Target(B),)),
        AssetReported(8, made(C), by=hostile),
        BackfillProgressed(9, "b", RUN, ()),
    ]
    store.append(events)
    assert [entry.event for entry in store.entries()] == events
    assert store.runs(RunQuery(tags={hostile: hostile}, job=hostile)).items == (store.run(RUN),)


def test_a_batch_that_cannot_be_stored_leaves_no_trace(shared: Callable[[], Storage]) -> None:
    store = shared()
    store.append([step(made())])
    with pytest.raises(TypeError, match="cannot be stored"):
        store.append([step(made(data="c1:bb")), RunRequested(1, RUN, config={"x": object()})])
    assert store.last_seq() == 1
    assert store.append([StepStarted(1, RUN, "x")]) == 2


# -- Runs


def test_a_run_is_followed_from_request_to_end(store: Storage) -> None:
    request = RunRequested(1, RUN, (Target(A),), steps=3, job="j", tags={"k": "v"}, user="ada", plan_id="p", kind="background")
    store.append([request])
    asked = RunRecord(
        RUN,
        "not_started",
        "j",
        "background",
        targets=(Target(A),),
        tags={"k": "v"},
        plan_id="p",
        user="ada",
        requested_us=1,
        steps=3,
        first_seq=1,
        last_seq=1,
    )
    assert store.run(RUN) == asked
    assert store.active_runs() == [asked]
    store.append([RunQueued(2, RUN), RunStarted(3, RUN, ME)])
    store.append([step(made()), StepFailed(6, RUN, "s2", ErrorInfo("E", "m")), StepSkipped(7, RUN, "s3", "upstream-failed")])
    store.heartbeat(RUN, 8)
    store.append([RunFailed(9, RUN, "steps-failed", "one step failed", ErrorInfo("E", "m"))])
    run = store.run(RUN)
    assert run is not None
    assert (run.status, run.owner, run.started_us, run.ended_us, run.heartbeat_us) == ("failure", ME, 3, 9, 8)
    assert (run.succeeded, run.failed, run.skipped, run.last_seq) == (1, 1, 1, 7)
    assert (run.reason, run.message, run.error) == ("steps-failed", "one step failed", ErrorInfo("E", "m"))
    assert store.active_runs() == []


def test_an_end_state_is_never_left(store: Storage) -> None:
    store.append([RunRequested(1, RUN), RunStarted(2, RUN), RunSucceeded(3, RUN)])
    store.append([RunFailed(4, RUN), RunStarted(5, RUN, ME), RunCancelRequested(6, RUN)])
    store.append([RunRequested(7, RUN, user="eve")])
    run = store.run(RUN)
    assert run is not None
    assert (run.status, run.ended_us, run.owner, run.user, run.reason) == ("success", 3, None, "", "")


def test_runs_are_found_by_all_their_conditions_newest_first(store: Storage) -> None:
    ids = [RunId(f"{number:032x}") for number in range(6)]
    for number, run_id in enumerate(ids):
        tags = {"parity": str(number % 2), "all": "yes"}
        store.append(
            [
                RunRequested(
                    number * 10,
                    run_id,
                    (Target(A if number < 3 else B),),
                    job=f"job{number % 3}",
                    tags=tags,
                    root_run_id=ids[0] if number else None,
                )
            ]
        )
    store.append([RunSucceeded(100, ids[4])])

    def found(**query: object) -> list[int]:
        asked = RunQuery(**query)  # type: ignore[arg-type]
        items = store.runs(asked).items
        assert store.count_runs(replace(asked, limit=1)) == len(items)
        return [ids.index(run.run_id) for run in items]

    assert found() == [5, 4, 3, 2, 1, 0]
    assert found(tags={"parity": "1", "all": "yes"}) == [5, 3, 1]
    assert found(tags={"parity": "2"}) == []
    assert found(asset=B, tags={"parity": "1"}) == [5, 3]
    assert found(asset=C) == []
    assert found(statuses=("success", "failure")) == [4]
    assert found(job="job1", since_us=20) == [4]
    assert found(until_us=20) == [1, 0]
    assert found(run_ids=(ids[2], ids[0])) == [2, 0]
    assert found(root_run_id=ids[0]) == [5, 4, 3, 2, 1, 0]
    first = store.runs(RunQuery(limit=4))
    second = store.runs(RunQuery(limit=4, before=first.cursor))
    assert [ids.index(run.run_id) for run in (*first.items, *second.items)] == [5, 4, 3, 2, 1, 0]
    assert (first.cursor is None, second.cursor) == (False, None)
    assert [ids.index(run.run_id) for run in store.active_runs()] == [5, 3, 2, 1, 0]


def test_forgotten_runs_take_their_entries_but_not_what_they_made(store: Storage) -> None:
    check = CheckKey(A, "ok")
    store.append([RunRequested(1, RUN, (Target(A),), tags={"k": "v"}), RunStarted(2, RUN)])
    store.append([step(made()), step(CheckEvaluated(check, True)), step(AssetObserved(A)), RunSucceeded(6, RUN)])
    store.append([RunRequested(7, OTHER, (Target(A),), tags={"k": "v"})])
    last = store.append([StepStarted(8, RUN, "late")])
    before = store.latest([A])
    store.delete_runs([RUN])
    assert (store.run(RUN), [run.run_id for run in store.runs(RunQuery(tags={"k": "v"}, asset=A)).items]) == (None, [OTHER])
    assert [entry.seq for entry in store.entries()] == [3, 7]
    assert [entry.seq for entry in store.materializations(A, None)] == [3]
    assert [entry.seq for entry in store.entries(asset=A)] == [3]
    assert store.check_history(check) == []
    assert (store.latest([A]), store.last_seq()) == (before, last)
    assert store.append([StepStarted(9, OTHER, "x")]) == last + 1


# -- Assets


def test_equal_data_moves_seq_and_leaves_changed_seq(store: Storage) -> None:
    store.append([step(made(data="c1:aa"), at=1)])
    store.append([step(made(data="c1:aa"), at=2)])
    store.append([step(made(B, data=""), made(B, data=""), run=OTHER, at=3)])
    assert store.latest([A, B, C]) == {
        A: AssetRecord(A, Status.MATERIALIZED, 2, 1, 2, RUN, made(data="c1:aa"), first_us=1, materializations=2),
        B: AssetRecord(B, Status.MATERIALIZED, 3, 3, 3, OTHER, made(B, data=""), first_us=3, materializations=2),
    }
    store.append([step(made(data="c1:bb"))])
    assert store.latest([A])[A].changed_seq == 4


def test_an_observation_of_another_version_counts_as_a_change(store: Storage) -> None:
    seen = [AssetObserved(A, data_version=version) for version in ("v1", "v1", "v2")]
    changes = []
    for fact in (
        *seen,
        AssetObserved(A),
        made(data="v2"),
        made(data="v1"),
        AssetObserved(A, data_version="v2"),
        AssetObserved(A, data_version="v2"),
    ):
        store.append([step(fact)])
        changes.append(store.latest([A])[A].changed_seq)
    assert changes == [1, 1, 3, 3, 3, 6, 7, 7]


def test_a_failure_keeps_the_version_before_it(store: Storage) -> None:
    error = ErrorInfo("ValueError", "no")
    store.append([step(made(), made(B, partition=3))])
    store.append([StepFailed(9, OTHER, "bad", error, (Target(A), Target(B, OrdinalSet.of([3, 300]))))])
    record = store.latest([A])[A]
    assert (record.status, record.seq, record.materialization) == (Status.FAILED, 1, made())
    assert (record.failed_us, record.failed_run_id, record.failed_step, record.error) == (9, OTHER, "bad", error)
    assert rows_of(store.partitions(B)) == {
        3: PartitionRow(2, 1, 1, 9, OTHER, "n1:cc", "c1:aa", "dd", "00ff"),
        300: PartitionRow(2, 0, 0, 9, OTHER),
    }
    assert store.partitions(B).with_status(Status.FAILED) == OrdinalSet.of([3, 300])
    store.append([step(made(), at=10)])
    assert (store.latest([A])[A].status, store.latest([A])[A].error) == (Status.MATERIALIZED, None)


def test_a_cancelled_step_leaves_statuses_alone(store: Storage) -> None:
    store.append([step(made())])
    store.append([StepFailed(9, RUN, "s", ErrorInfo("Cancelled", ""), (Target(A), Target(B)), cancelled=True)])
    assert store.latest([A, B])[A].status == Status.MATERIALIZED
    assert B not in store.latest([A, B])
    assert [entry.seq for entry in store.entries(asset=A)] == [1, 2]


def test_a_rollback_is_a_new_entry_with_the_old_version(store: Storage) -> None:
    store.append([step(made(data="c1:aa", version="01")), step(made(data="c1:bb", version="02"))])
    store.append([AssetRolledBack(9, made(data="c1:aa", version="01"), from_version_id="02", by="ada")])
    record = store.latest([A])[A]
    assert (record.seq, record.changed_seq, record.run_id, record.materialization) == (3, 3, None, made(data="c1:aa", version="01"))
    assert [entry.seq for entry in store.materializations(A, None)] == [3, 2, 1]


def test_partitions_are_kept_over_any_range_of_ordinals(store: Storage) -> None:
    ordinals = [-129, -128, -1, 0, 127, 128, 300, 19_000, 500_000]
    store.append([step(*(made(partition=ordinal, version=f"{number:04x}") for number, ordinal in enumerate(ordinals)))])
    store.append([step(made(partition=0, data="c1:bb", version="ffff"), run=OTHER, at=6)])
    table = store.partitions(A)
    assert table.ordinals == OrdinalSet.of(ordinals)
    found = rows_of(table)
    assert found[-129] == PartitionRow(1, 1, 1, 5, RUN, "n1:cc", "c1:aa", "dd", "0000")
    assert found[0] == PartitionRow(1, 2, 2, 6, OTHER, "n1:cc", "c1:bb", "dd", "ffff")
    assert [found[ordinal].version_id for ordinal in ordinals if ordinal] == [f"{n:04x}" for n in range(9) if n != 3]
    assert [entry.seq for entry in store.materializations(A, 0)] == [2, 1]
    assert [entry.seq for entry in store.materializations(A, 0, before=2)] == [1]
    assert [entry.seq for entry in store.materializations(A, None, limit=1)] == [2]
    assert store.materializations(A, 5) == []


def test_many_tables_come_at_once(store: Storage) -> None:
    store.append([step(made(A, partition=1), made(B, partition=2), made(C))])
    tables = store.partition_tables([A, B, C])
    assert {key: rows_of(table) for key, table in tables.items()} == {A: rows_of(store.partitions(A)), B: rows_of(store.partitions(B))}
    store.append([step(made(A, partition=2))])
    assert set(rows_of(store.partition_tables([A, B])[A])) == {1, 2}


def test_assets_are_listed_by_name(store: Storage) -> None:
    store.append([RunRequested(1, RUN, (Target(AssetKey("only_asked_for")),))])
    store.append([step(made(C), made(B), made(A), made(AssetKey("a-b")))])
    assert [str(key) for key in store.assets()] == ["a", "a-b", "c", "raw/b"]
    assert store.assets(prefix="raw/") == [B]
    assert store.assets(prefix="a", limit=1) == [A]


def test_a_retired_asset_keeps_its_history_until_it_is_made_again(store: Storage) -> None:
    store.append([AssetRetired(1, B), step(made())])
    store.append([AssetRetired(2, A)])
    assert (store.latest([A])[A].retired, store.latest([B]), store.assets()) == (True, {}, [A])
    store.append([step(made())])
    assert not store.latest([A])[A].retired


def test_a_renamed_asset_goes_on_with_its_history(store: Storage) -> None:
    check = CheckKey(A, "ok")
    store.append(
        [RunRequested(1, RUN, (Target(A),)), step(made(), made(partition=4), CheckEvaluated(check, True)), AssetReported(6, made())]
    )
    store.append([AssetRenamed(7, A, B)])
    store.append([step(made(A, data="new"), made(A, partition=9))])
    record = store.latest([B])[B]
    assert (record.key, record.seq, record.materialization, record.materializations) == (B, 3, made(B), 3)
    assert set(rows_of(store.partitions(B))) == {4}
    assert [entry.event for entry in store.materializations(B, None)] == [
        AssetReported(6, made(B)),
        step(made(B), made(B, partition=4), CheckEvaluated(CheckKey(B, "ok"), True)),
    ]
    assert [entry.seq for entry in store.entries(asset=B)] == [2, 3, 4]
    assert store.checks([A, B]).keys() == {CheckKey(B, "ok")}
    assert [entry.seq for entry in store.check_history(CheckKey(B, "ok"))] == [2]
    assert [run.run_id for run in store.runs(RunQuery(asset=B)).items] == [RUN]
    assert (store.latest([A])[A].seq, [entry.seq for entry in store.entries(asset=A)], set(rows_of(store.partitions(A)))) == (5, [5], {9})


def test_renaming_onto_an_asset_joins_both(store: Storage) -> None:
    store.append([step(made(A, partition=1), made(A, partition=2), made(B, partition=2), CheckEvaluated(CheckKey(B, "ok"), True))])
    store.append([step(made(A, partition=2, data="newer"), CheckEvaluated(CheckKey(A, "ok"), False)), step(made(B, partition=3))])
    store.append([AssetRenamed(9, A, B)])
    assert {ordinal: row.seq for ordinal, row in rows_of(store.partitions(B)).items()} == {1: 1, 2: 2, 3: 3}
    assert (store.latest([A, B])[B].seq, store.latest([B])[B].materializations, store.latest([A])) == (3, 5, {})
    assert not store.checks([B])[CheckKey(B, "ok")].evaluation.passed
    assert [entry.seq for entry in store.materializations(B, 2)] == [2, 1]


def test_a_wiped_asset_is_missing_and_its_log_stays(store: Storage) -> None:
    store.append([step(made(), made(partition=1)), step(AssetObserved(A, data_version="seen"))])
    store.append([AssetWiped(9, A)])
    record = store.latest([A])[A]
    assert (record.status, record.seq, record.materialization, record.materializations) == (Status.MISSING, 0, None, 0)
    assert (rows_of(store.partitions(A)), store.materializations(A, None), store.materializations(A, 1)) == ({}, [], [])
    assert [entry.seq for entry in store.entries(asset=A)] == [1, 2, 3]
    store.append([step(made(data="c1:aa"))])
    assert (store.latest([A])[A].seq, store.latest([A])[A].changed_seq) == (4, 4)


def test_wiping_partitions_leaves_the_newest_of_the_others(store: Storage) -> None:
    for ordinal in (1, 2, 200):
        store.append([step(made(partition=ordinal), at=ordinal)])
    store.append([step(made(partition=1), made(partition=2), at=300)])
    store.append([AssetWiped(400, A, OrdinalSet.between(1, 2))])
    record = store.latest([A])[A]
    assert (record.seq, record.at_us, record.materialization) == (4, 300, made(partition=2))
    assert set(rows_of(store.partitions(A))) == {2, 200}
    assert ([e.seq for e in store.materializations(A, None)], store.materializations(A, 1)) == ([4, 3, 2], [])
    store.append([AssetWiped(500, A, OrdinalSet.of([2, 5]))])
    assert (store.latest([A])[A].seq, store.latest([A])[A].materialization) == (3, made(partition=200))
    store.append([AssetWiped(600, A, OrdinalSet.of([200]))])
    assert (store.latest([A])[A].status, store.latest([A])[A].materialization) == (Status.MISSING, None)


def test_wiping_a_version_touches_the_current_one_only(store: Storage) -> None:
    store.append([step(made(version="01"), made(B, partition=1, version="01"), made(B, partition=2, version="02"))])
    store.append([step(made(version="02"))])
    store.append([AssetWiped(8, A, version_id="01"), AssetWiped(9, B, version_id="02")])
    assert (store.latest([A])[A].seq, set(rows_of(store.partitions(B)))) == (2, {1})
    assert store.latest([B])[B].materialization == made(B, partition=1, version="01")
    store.append([AssetWiped(10, A, version_id="02"), AssetWiped(11, B, OrdinalSet.of([1]), version_id="01")])
    assert (store.latest([A])[A].status, store.latest([B])[B].status, rows_of(store.partitions(B))) == (Status.MISSING, Status.MISSING, {})
    assert len(store.materializations(A, None)) == 2


# -- Checks, backfills, keys, texts


def test_the_newest_verdict_of_each_check_is_known(store: Storage) -> None:
    ok, rare = CheckKey(A, "ok"), CheckKey(B, "rare")
    store.append([step(CheckEvaluated(ok, True), CheckEvaluated(rare, True))])
    store.append([step(CheckEvaluated(ok, False, "WARN", partition=PartitionRef("x", 4)), at=7)])
    verdicts = store.checks([A, C])
    assert {check: (record.seq, record.at_us, record.run_id, record.evaluation.passed) for check, record in verdicts.items()} == {
        ok: (2, 7, RUN, False)
    }
    assert [entry.seq for entry in store.check_history(ok)] == [2, 1]
    assert [entry.seq for entry in store.check_history(ok, before=2, limit=5)] == [1]
    assert store.latest([A]) == {}


def test_a_backfill_gathers_what_was_launched(store: Storage) -> None:
    asked = (Target(A, OrdinalSet.between(0, 10)),)
    store.append(
        [BackfillRequested(1, "b1", asked, tags={"k": "v"}, options={"n": 2}, title="t", by="ada"), BackfillRequested(1, "b2", asked)]
    )
    store.append([BackfillProgressed(2, "b1", RUN, (Target(A, OrdinalSet.between(0, 3)),)), BackfillProgressed(2, "nobody", RUN, asked)])
    store.append([BackfillProgressed(3, "b1", OTHER, (Target(A, OrdinalSet.between(3, 5)), Target(B)))])
    record = store.backfill("b1")
    assert record is not None
    assert (record.status, record.targets, record.run_ids) == ("requested", asked, (RUN, OTHER))
    assert record.launched == (Target(A, OrdinalSet.between(0, 5)), Target(B))
    assert (record.tags, record.options, record.title, record.by, record.requested_us) == ({"k": "v"}, {"n": 2}, "t", "ada", 1)
    store.append([BackfillCancelRequested(4, "b1"), BackfillEnded(5, "b1", "cancelled", "stopped"), BackfillEnded(6, "b1", "failed")])
    ended = store.backfill("b1")
    assert ended is not None
    assert (ended.status, ended.ended_us, ended.message, ended.run_ids) == ("cancelled", 5, "stopped", (RUN, OTHER))
    assert [record.backfill_id for record in store.backfills()] == ["b2", "b1"]
    assert [record.backfill_id for record in store.backfills(active=True)] == ["b2"]
    assert [record.backfill_id for record in store.backfills(limit=1)] == ["b2"]
    assert store.backfill("b3") is None


def test_dynamic_keys_keep_their_order_of_arrival(store: Storage) -> None:
    refs = [PartitionRef(key, ordinal) for ordinal, key in enumerate("zyx")]
    store.append([PartitionsAdded(1, "d", (refs[2], refs[0])), PartitionsAdded(2, "d", (refs[0], refs[1]))])
    assert store.dynamic_keys("d") == (refs[2], refs[0], refs[1])
    store.append([PartitionsDeleted(3, "d", (refs[2],)), PartitionsAdded(4, "d", (refs[2],))])
    assert store.dynamic_keys("d") == (refs[0], refs[1], refs[2])
    assert store.dynamic_keys("other") == ()


def test_the_key_table_numbers_keys_in_order_of_first_use(store: Storage) -> None:
    assert store.key_table.ordinals(["b", "a", "b"]) == [0, 1, 0]
    assert store.key_table.ordinals(["c", "a"]) == [2, 1]
    assert store.key_table.keys([2, 0]) == ["c", "b"]
    with pytest.raises(KeyError):
        store.key_table.keys([3])


def test_texts_are_found_by_their_content(store: Storage) -> None:
    text = "def f():\n    return '\ud800\x00é'\n" * 50
    address = store.put_text(text)
    assert store.put_text(text) == address
    assert store.text(address) == text
    assert store.put_text("") != address
