"""Schedules and sensors after events, one law at a time; that the stores keep to them is tested with the stores."""

from __future__ import annotations

from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from nbasset.events.facts import InstigatorId
from nbasset.events.instigators import instigator_after, tick_of
from nbasset.events.kinds import (
    CursorSet,
    InstigatorEvent,
    InstigatorSet,
    Owner,
    RunCancelRequested,
    RunQueued,
    RunRequested,
    RunStarted,
    RunStarting,
    TickEvaluated,
    TickMissed,
)
from nbasset.events.records import InstigatorRecord
from nbasset.events.reducers import run_after
from nbasset.keys import RunId
from nbasset.serde import dumps, loads

NIGHTLY = InstigatorId("flights", "schedule", "nightly")
INBOX = InstigatorId("flights", "sensor", "inbox")
RUN = RunId("1" * 32)
ME = Owner("here", 1, 10)

times = st.integers(0, 1000)
words = st.none() | st.text(max_size=3)
ids = st.sampled_from([NIGHTLY, INBOX])


def events_of(one: InstigatorId) -> st.SearchStrategy[InstigatorEvent]:
    return st.one_of(
        st.builds(InstigatorSet, times, st.just(one), st.sampled_from([None, "RUNNING", "STOPPED"]), times, st.text(max_size=2)),
        st.builds(CursorSet, times, st.just(one), words),
        ticks_of(one),
        st.builds(TickMissed, times, st.just(one), st.integers(1, 5), times, times),
    )


def ticks_of(one: InstigatorId) -> st.SearchStrategy[TickEvaluated]:
    statuses = st.sampled_from(["success", "skipped", "failure"])
    options = {"cursor": words, "last_run_key": words, "will_retry": st.booleans(), "attempt": st.integers(0, 3)}
    return st.builds(TickEvaluated, times, st.just(one), statuses, times, st.none() | times, **options)


def folded(events: list[InstigatorEvent]) -> InstigatorRecord | None:
    start: InstigatorRecord | None = None
    return reduce(lambda record, numbered: instigator_after(record, *numbered), enumerate(events, 1), start)


histories = ids.flatmap(lambda one: st.lists(events_of(one), min_size=1, max_size=8))


@given(histories, st.data())
def test_a_failed_tick_moves_neither_cursor_nor_run_key(events: list[InstigatorEvent], data: st.DataObject) -> None:
    before = folded(events)
    assert before is not None
    tick = data.draw(ticks_of(before.instigator).filter(lambda one: one.status == "failure"))
    after = instigator_after(before, 99, tick)
    assert (after.cursor, after.last_run_key) == (before.cursor, before.last_run_key)
    assert (after.last_status, after.last_started_us, after.seq) == ("failure", tick.started_us, 99)


@given(histories)
def test_a_schedule_never_goes_back_and_a_record_travels(events: list[InstigatorEvent]) -> None:
    reached = [folded(events[: count + 1]) for count in range(len(events))]
    known = [record for record in reached if record is not None]
    if known[0].instigator.kind == "schedule":
        assert [record.last_tick_us for record in known] == sorted(record.last_tick_us for record in known)
    assert loads(dumps(known[-1])) == known[-1]
    assert [loads(dumps(event)) for event in events] == events


def test_a_tick_that_is_tried_again_counts_its_tries_and_holds_the_schedule() -> None:
    failed = TickEvaluated(5, NIGHTLY, "failure", 4, 3, will_retry=True)
    twice = folded([failed, failed])
    assert twice is not None
    assert (twice.failures, twice.last_tick_us) == (2, 0)
    given_up = instigator_after(twice, 3, TickEvaluated(9, NIGHTLY, "failure", 8, 3, attempt=2))
    assert (given_up.failures, given_up.last_tick_us, given_up.last_status) == (0, 3, "failure")


def test_a_sensor_counts_failures_in_a_row_and_reaches_the_start_of_each_evaluation() -> None:
    failing = folded([TickEvaluated(5, INBOX, "failure", 4), TickEvaluated(8, INBOX, "failure", 7)])
    assert failing is not None
    assert (failing.failures, failing.last_tick_us) == (2, 7)
    assert instigator_after(failing, 3, TickEvaluated(10, INBOX, "skipped", 9)).failures == 0


def test_missed_ticks_are_dealt_with_and_are_no_evaluation() -> None:
    record = folded([TickEvaluated(5, NIGHTLY, "success", 4, 3), TickMissed(50, NIGHTLY, 4, 10, 40)])
    assert record is not None
    assert (record.last_tick_us, record.last_status, record.last_started_us) == (40, "success", 4)
    tick = tick_of(2, TickMissed(50, NIGHTLY, 4, 10, 40))
    assert (tick.status, tick.missed, tick.first_us, tick.last_us, tick.ended_us) == ("missed", 4, 10, 40, 50)


def test_resetting_goes_by_the_definition_again_and_keeps_cursor_and_beginning() -> None:
    on = InstigatorSet(1, INBOX, "RUNNING", since_us=1, by="ada")
    record = folded([on, CursorSet(2, INBOX, "c7"), InstigatorSet(3, INBOX, None, by="bob")])
    assert record == InstigatorRecord(INBOX, None, 3, "bob", 1, "c7", seq=3)


def test_a_tick_that_says_nothing_of_the_cursor_leaves_one_that_was_set_meanwhile() -> None:
    record = folded([CursorSet(2, INBOX, "by hand"), TickEvaluated(3, INBOX, "success", 1)])
    assert record is not None
    assert record.cursor == "by hand"


def test_each_name_has_a_text_of_its_own_on_one_line() -> None:
    alike = [InstigatorId("c", "schedule", "a@b"), InstigatorId("b@c", "schedule", "a"), InstigatorId("b\nc", "sensor", "a\x00")]
    texts = [one.text for one in alike]
    assert len(set(texts)) == len(texts)
    assert all(text.isprintable() for text in texts)


@given(st.tuples(st.text(max_size=3), st.text(max_size=3)), st.tuples(st.text(max_size=3), st.text(max_size=3)))
def test_texts_are_alike_only_for_the_same_name(one: tuple[str, str], other: tuple[str, str]) -> None:
    first, second = (InstigatorId(location, "sensor", name).text for location, name in (one, other))
    assert (first == second) == (one == other)


def test_a_run_starts_once_its_process_was_started_and_is_told_what_to_carry_out() -> None:
    asked = run_after(None, 1, RunRequested(1, RUN, launch_id="abc"))
    queued = run_after(asked, 2, RunQueued(2, RUN))
    starting = run_after(queued, 3, RunStarting(3, RUN, ME))
    assert (starting.status, starting.owner, starting.launch_id, starting.is_over) == ("starting", ME, "abc", False)
    assert run_after(starting, 4, RunStarted(4, RUN, ME)).status == "started"


def test_a_process_that_was_faster_than_the_word_of_it_stays_started() -> None:
    started = run_after(None, 1, RunStarted(1, RUN, ME))
    assert run_after(started, 2, RunStarting(2, RUN, Owner("there", 2, 2))) == started


def test_a_run_that_is_to_stop_learns_its_process_and_still_stops() -> None:
    stopping = run_after(None, 1, RunCancelRequested(1, RUN))
    starting = run_after(stopping, 2, RunStarting(2, RUN, ME))
    assert (starting.status, starting.owner) == ("canceling", ME)
