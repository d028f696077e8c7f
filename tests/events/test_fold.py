"""Records after events, one law at a time; that the stores keep to them is tested with the stores."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nbasset.events.facts import AssetMaterialized, AssetObserved, ErrorInfo, OutputStored
from nbasset.events.fold import steps_of
from nbasset.events.kinds import (
    AssetReported,
    BackfillEnded,
    BackfillRequested,
    Owner,
    RunCancelled,
    RunCancelRequested,
    RunEvent,
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
)
from nbasset.events.records import AssetRecord, BackfillRecord, Entry, RunRecord, Status, StepRecord
from nbasset.events.reducers import (
    PartitionRow,
    asset_merged,
    backfill_after,
    data_version_of,
    facts_of,
    launched,
    materialized_in,
    renamed,
    row_failed,
    row_made,
    row_observed,
    run_after,
)
from nbasset.keys import AssetKey, RunId
from nbasset.ordinals import OrdinalSet

A, B = AssetKey("a"), AssetKey("b")
RUN = RunId("1" * 32)
ERROR = ErrorInfo("ValueError", "no")

run_events: st.SearchStrategy[RunEvent] = st.one_of(
    st.builds(RunRequested, st.integers(1, 9), st.just(RUN), user=st.text(max_size=2)),
    st.builds(RunQueued, st.integers(1, 9), st.just(RUN)),
    st.builds(RunStarting, st.integers(1, 9), st.just(RUN), st.none() | st.builds(Owner, st.just("h"), st.integers(1, 3), st.just(0))),
    st.builds(RunStarted, st.integers(1, 9), st.just(RUN), st.none() | st.builds(Owner, st.just("h"), st.integers(1, 3), st.just(0))),
    st.builds(RunCancelRequested, st.integers(1, 9), st.just(RUN)),
    st.builds(RunSucceeded, st.integers(1, 9), st.just(RUN)),
    st.builds(RunFailed, st.integers(1, 9), st.just(RUN)),
    st.builds(RunCancelled, st.integers(1, 9), st.just(RUN)),
)


def folded(events: list[RunEvent]) -> list[RunRecord]:
    record, seen = None, []
    for seq, event in enumerate(events, 1):
        record = run_after(record, seq, event)
        seen.append(record)
    return seen


@given(events=st.lists(run_events, min_size=1, max_size=12))
def test_a_run_reaches_one_end_state_and_keeps_it(events: list[RunEvent]) -> None:
    records = folded(events)
    ends = [(record.status, record.ended_us, record.reason, record.owner) for record in records if record.is_over]
    assert len(set(ends)) <= 1
    assert [record.is_over for record in records] == sorted(record.is_over for record in records)


@given(events=st.lists(run_events, min_size=1, max_size=12))
def test_the_first_request_of_a_run_is_the_one_that_counts(events: list[RunEvent]) -> None:
    requests = [event for event in events if isinstance(event, RunRequested)]
    last = folded(events)[-1]
    assert (last.user, last.requested_us) == ((requests[0].user, requests[0].at_us) if requests else ("", 0))


def test_a_cancelled_run_that_starts_late_goes_on_cancelling() -> None:
    records = folded(
        [RunRequested(1, RUN), RunCancelRequested(2, RUN), RunStarted(3, RUN, Owner("h", 1, 0)), RunQueued(4, RUN), RunCancelled(5, RUN)]
    )
    assert [record.status for record in records] == ["not_started", "canceling", "canceling", "canceling", "canceled"]
    assert records[-1].owner == Owner("h", 1, 0)


def test_a_row_moves_changed_seq_with_the_data_version_alone() -> None:
    first = row_made(None, 1, 10, RUN, AssetMaterialized(A, data_version="v", version_id="01"))
    again = row_made(first, 2, 20, None, AssetMaterialized(A, data_version="v", version_id="02"))
    other = row_made(again, 3, 30, RUN, AssetMaterialized(A, data_version="w", version_id="03"))
    unknown = row_made(other, 4, 40, RUN, AssetMaterialized(A))
    assert [(row.seq, row.changed_seq, row.version_id, row.run) for row in (first, again, other, unknown)] == [
        (1, 1, "01", RUN),
        (2, 1, "02", ""),
        (3, 3, "03", RUN),
        (4, 4, "", RUN),
    ]


def test_a_failed_row_keeps_its_last_version() -> None:
    row = PartitionRow(1, 5, 4, 10, "r", "c", "d", "i", "v")
    assert row_failed(row, StepFailed(20, RUN, "s", ERROR)) == PartitionRow(2, 5, 4, 20, RUN, "c", "d", "i", "v")
    assert row_observed(row, 6, 30, RUN, AssetObserved(A, data_version="e")) == row._replace(data_version="e", changed_seq=6)
    assert row_observed(row, 6, 30, RUN, AssetObserved(A)) == row


def test_the_known_data_version_is_the_newer_of_made_and_seen() -> None:
    made = AssetRecord(A, Status.MATERIALIZED, 3, 3, materialization=AssetMaterialized(A, data_version="m"))
    seen = AssetRecord(A, Status.MATERIALIZED, 3, 4, materialization=made.materialization, observation=AssetObserved(A, data_version="o"))
    assert (data_version_of(made), data_version_of(seen), data_version_of(None), data_version_of(AssetRecord(A))) == ("m", "o", "", "")


def test_two_assets_that_become_one_keep_the_newer_state() -> None:
    old = AssetRecord(A, Status.MATERIALIZED, 9, 9, materialization=AssetMaterialized(A), first_us=1, materializations=2)
    new = AssetRecord(B, Status.MATERIALIZED, 4, 4, first_us=5, materializations=3)
    assert asset_merged(old, new, B) == AssetRecord(
        B, Status.MATERIALIZED, 9, 9, materialization=AssetMaterialized(B), first_us=1, materializations=5
    )
    assert asset_merged(new, old, A).seq == 9


def test_launched_targets_are_joined_by_asset() -> None:
    chunks = [(Target(A, OrdinalSet.of([1])), Target(B)), (Target(A, OrdinalSet.of([2, 9])), Target(B))]
    assert launched(chunks) == (Target(A, OrdinalSet.of([1, 2, 9])), Target(B))


def test_an_ended_backfill_stays_ended() -> None:
    asked = backfill_after(None, BackfillRequested(1, "b", ()))
    ended = backfill_after(asked, BackfillEnded(2, "b", "cancelled", "m"))
    assert ended == BackfillRecord("b", "cancelled", (), requested_us=1, ended_us=2, message="m")
    assert backfill_after(ended, BackfillEnded(3, "b", "failed")) == ended
    assert backfill_after(None, BackfillEnded(3, "b", "failed")) is None


def test_facts_are_found_wherever_they_ride() -> None:
    made, stored = AssetMaterialized(A), OutputStored("result")
    assert facts_of(StepSucceeded(1, RUN, "s", (made, stored))) == (made, stored)
    assert facts_of(AssetReported(1, made)) == (made,)
    assert facts_of(RunSucceeded(1, RUN)) == ()
    assert materialized_in(StepSucceeded(1, RUN, "s", (stored, made))) == (made,)
    assert materialized_in(StepReused(1, RUN, "s", RUN, (made,))) == ()


def test_an_entry_reads_under_the_new_name_of_its_asset() -> None:
    event = StepSucceeded(1, RUN, "s", (AssetMaterialized(A), AssetObserved(B), OutputStored("x")))
    assert renamed(event, frozenset({A}), B) == StepSucceeded(1, RUN, "s", (AssetMaterialized(B), AssetObserved(B), OutputStored("x")))
    assert renamed(RunSucceeded(1, RUN), frozenset({A}), B) == RunSucceeded(1, RUN)


def test_steps_are_told_by_their_last_attempt() -> None:
    fact = OutputStored("result")
    events = [
        StepStarted(1, RUN, "b"),
        StepStarted(2, RUN, "a", attempt=1),
        StepRetried(4, RUN, "a", ERROR, attempt=1, wait_s=1.0),
        StepStarted(6, RUN, "a", attempt=2),
        StepSucceeded(9, RUN, "a", (fact,), attempt=2, started_us=6, load_us=1, work_us=1, write_us=1),
        StepFailed(9, RUN, "c", ERROR, started_us=7),
        StepFailed(9, RUN, "d", ERROR, cancelled=True),
        StepSkipped(9, RUN, "e", "upstream-failed", "c"),
        StepReused(9, RUN, "f", RunId("0" * 32), (fact,)),
        RunFailed(10, RUN),
    ]
    steps = steps_of(Entry(seq, event) for seq, event in enumerate(events, 1))
    assert list(steps.values()) == [
        StepRecord("b", "running", 1, started_us=1),
        StepRecord("a", "succeeded", 2, 6, 9, 1, 1, 1, facts=(fact,)),
        StepRecord("c", "failed", 1, 7, 9, error=ERROR),
        StepRecord("d", "cancelled", 1, 9, 9, error=ERROR),
        StepRecord("e", "skipped", ended_us=9, reason="upstream-failed", because="c"),
        StepRecord("f", "reused", ended_us=9, because="0" * 32, facts=(fact,)),
    ]
