"""What every store keeps to of schedules, sensors, ticks, starting runs and leases."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Literal

import pytest

from nbasset.errors import LeaseLost
from nbasset.events.facts import ErrorInfo, InstigatorId
from nbasset.events.kinds import (
    CursorSet,
    Event,
    InstigatorSet,
    Owner,
    RunCancelled,
    RunQueued,
    RunRequested,
    RunStarting,
    TickEvaluated,
    TickMissed,
)
from nbasset.events.records import InstigatorRecord, RunQuery, TickRecord
from nbasset.keys import RunId
from nbasset.storage import statements as sql
from nbasset.storage.opening import open_storage
from nbasset.storage.protocol import Lease, Storage

NIGHTLY = InstigatorId("flights", "schedule", "nightly")
INBOX = InstigatorId("flights", "sensor", "inbox")
ELSEWHERE = InstigatorId("trains", "sensor", "inbox")
RUN, OTHER = RunId("1" * 32), RunId("2" * 32)
ME, YOU = Owner("here", 1, 10), Owner("there", 2, 20)
ERROR = ErrorInfo("ValueError", "no")


def test_nothing_is_known_of_schedules_before_something_was_recorded(store: Storage) -> None:
    assert (store.instigators(), store.ticks(NIGHTLY), store.lease("daemon"), store.delete_ticks(99)) == ({}, [], None, 0)


def test_what_was_set_by_hand_is_known_for_each_location(store: Storage) -> None:
    store.append([InstigatorSet(1, INBOX, "RUNNING", since_us=1, by="ada"), CursorSet(2, ELSEWHERE, "c\x001", by="bob")])
    store.append([InstigatorSet(3, INBOX, "STOPPED", by="bob")])
    assert store.instigators() == {
        INBOX: InstigatorRecord(INBOX, "STOPPED", 3, "bob", 1, seq=3),
        ELSEWHERE: InstigatorRecord(ELSEWHERE, cursor="c\x001", seq=2),
    }


def test_a_tick_is_kept_with_all_that_came_of_it(store: Storage) -> None:
    tick = TickEvaluated(
        9, INBOX, "success", 7, None, (RUN, OTHER), (("key", OTHER),), None, None, "c2", "key2", 0, "b1", ("twin",), "ticks/1.log"
    )
    store.append([RunRequested(9, RUN, launch_id="abc"), RunQueued(9, RUN), tick], flush=True)
    assert store.ticks(INBOX) == [
        TickRecord(
            3,
            INBOX,
            "success",
            None,
            7,
            9,
            (RUN, OTHER),
            (("key", OTHER),),
            cursor="c2",
            backfill_id="b1",
            also=("twin",),
            log="ticks/1.log",
        )
    ]
    assert store.instigators()[INBOX] == InstigatorRecord(
        INBOX, cursor="c2", last_run_key="key2", last_tick_us=7, last_started_us=7, last_status="success", seq=3
    )
    record = store.run(RUN)
    assert record is not None
    assert (record.status, record.launch_id) == ("queued", "abc")


def test_a_failed_tick_leaves_the_cursor_and_says_why(store: Storage) -> None:
    store.append([CursorSet(1, INBOX, "c1")])
    store.append([TickEvaluated(3, INBOX, "failure", 2, error=ERROR, cursor="c2", last_run_key="k")])
    record = store.instigators()[INBOX]
    assert (record.cursor, record.last_run_key, record.failures) == ("c1", None, 1)
    assert store.ticks(INBOX)[0].error == ERROR


def test_missed_ticks_are_among_the_ticks(store: Storage) -> None:
    store.append([TickEvaluated(2, NIGHTLY, "success", 1, 1), TickMissed(9, NIGHTLY, 3, 4, 8)])
    newest = store.ticks(NIGHTLY)[0]
    assert (newest.status, newest.missed, newest.first_us, newest.last_us) == ("missed", 3, 4, 8)
    assert store.instigators()[NIGHTLY].last_tick_us == 8


def test_ticks_come_newest_first_in_pages_and_of_some_statuses(store: Storage) -> None:
    wanted: tuple[Literal["success", "skipped", "failure"], ...] = ("success", "skipped", "failure")
    ticks: list[Event] = [TickEvaluated(at, INBOX, wanted[at % 3], at) for at in range(1, 10)]
    store.append([*ticks, TickMissed(10, NIGHTLY, 1, 1, 1)])
    assert [tick.seq for tick in store.ticks(INBOX, limit=4)] == [9, 8, 7, 6]
    assert [tick.seq for tick in store.ticks(INBOX, before=6, limit=4)] == [5, 4, 3, 2]
    assert [tick.seq for tick in store.ticks(INBOX, statuses=["failure"])] == [8, 5, 2]
    assert [tick.seq for tick in store.ticks(INBOX, statuses=["success", "failure", "failure"], before=9, limit=3)] == [8, 6, 5]
    assert store.ticks(INBOX, statuses=["missed"]) == store.ticks(ELSEWHERE) == []


def test_old_ticks_go_but_never_the_newest_of_each(store: Storage) -> None:
    store.append([TickEvaluated(at, INBOX, "skipped", at, cursor=str(at)) for at in (1, 2, 3)])
    store.append(
        [TickEvaluated(2, NIGHTLY, "success", 1, 1), TickMissed(3, NIGHTLY, 1, 2, 2), TickEvaluated(20, NIGHTLY, "success", 19, 19)]
    )
    before = store.instigators()
    assert store.delete_ticks(3) == 3
    assert [tick.seq for tick in store.ticks(INBOX)] == [3]
    assert [tick.seq for tick in store.ticks(NIGHTLY)] == [6, 5]
    assert store.delete_ticks(100) == 1
    assert [tick.seq for tick in store.ticks(INBOX) + store.ticks(NIGHTLY)] == [3, 6]
    assert [entry.seq for entry in store.entries()] == [3, 6]
    assert (store.instigators(), store.last_seq()) == (before, 6)
    assert store.append([InstigatorSet(30, INBOX, "STOPPED")]) == 7


def test_forgetting_runs_keeps_the_ticks_that_asked_for_them(store: Storage) -> None:
    store.append([RunRequested(1, RUN), RunCancelled(2, RUN), TickEvaluated(3, INBOX, "success", 1, run_ids=(RUN,))])
    store.delete_runs([RUN])
    assert store.run(RUN) is None
    assert [tick.run_ids for tick in store.ticks(INBOX)] == [(RUN,)]


def test_a_tick_under_a_lost_lease_changes_nothing(store: Storage) -> None:
    fence = store.claim("daemon", ME, 10, now_us=0)
    assert store.claim("daemon", YOU, 10, now_us=20_000_000) is not None
    with pytest.raises(LeaseLost):
        store.append([TickEvaluated(1, INBOX, "success", 1, run_ids=(RUN,), cursor="c"), RunRequested(1, RUN)], fence=fence)
    assert (store.instigators(), store.ticks(INBOX), store.run(RUN)) == ({}, [], None)


def test_a_lease_can_be_looked_at(store: Storage) -> None:
    fence = store.claim("daemon", ME, 10, now_us=5)
    assert store.lease("daemon") == Lease(1, ME, 10_000_005)
    assert fence is not None
    store.release(fence)
    assert store.lease("daemon") == Lease(1, None, 0)


def test_a_run_whose_process_was_started_is_starting_and_active(store: Storage) -> None:
    store.append([RunRequested(1, RUN), RunQueued(1, RUN), RunRequested(2, OTHER), RunQueued(2, OTHER), RunStarting(3, RUN, ME)])
    assert [(run.run_id, run.status) for run in store.active_runs()] == [(OTHER, "queued"), (RUN, "starting")]
    found = store.runs(RunQuery(statuses=("starting",))).items
    assert [(run.run_id, run.owner) for run in found] == [(RUN, ME)]


def test_two_processes_see_and_continue_what_the_other_recorded(shared: object) -> None:
    one, other = shared(), shared()  # type: ignore[operator]
    one.append([CursorSet(1, INBOX, "c1")])
    other.append([TickEvaluated(2, INBOX, "failure", 1)])
    one.append([TickEvaluated(3, INBOX, "failure", 2)])
    assert one.instigators() == other.instigators()
    assert (other.instigators()[INBOX].cursor, other.instigators()[INBOX].failures) == ("c1", 2)


def test_a_page_of_ticks_is_found_by_index_however_many_there_are(home: Path) -> None:
    open_storage(home).close()
    statements = {
        sql.TICKS: ("x", 9, 25),
        sql.TICKS_IN: ("x", "failure", 9, 25),
        sql.OLD_TICKS: (9, 25),
        sql.INSTIGATOR: ("x",),
        sql.ADD_TICK: (1, "success", 1, "x"),
        sql.DROP_TICK: (1, 1),
    }
    with closing(sqlite3.connect(home)) as connection:
        for statement, values in statements.items():
            plan = " | ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values))
            assert "SCAN" not in plan, (statement, plan)
            assert "TEMP B-TREE" not in plan, (statement, plan)
