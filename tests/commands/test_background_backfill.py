"""Backfills in a process of their own: they go on without who asked, are paused and resumed, and end when somebody says so."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from nbasset.arguments.options import BackfillArguments, PartitionArguments
from nbasset.commands.backfill import PlannedBackfill, backfill_status, cancel_backfill, plan_of
from nbasset.commands.backfill_records import backfill_of
from nbasset.commands.background_backfill import can_pause, held_state, pause_backfill, resume_backfill, start_backfill
from nbasset.commands.scope import Scope
from nbasset.errors import InvalidInvocationError, UnknownBackfill
from nbasset.events.records import BackfillRecord
from nbasset.instance import Instance
from nbasset.keys import AssetKey
from nbasset.locations.notebook import load_notebook

HELPERS = "import os, time\nfrom nbasset import asset, DailyPartitionsDefinition\nOPEN = 'open'"
DAYS = """@asset(partitions_def=DailyPartitionsDefinition('2013-01-01', end_date='2013-01-11'))
def days(context):
    if context.partition_key == '2013-01-02':
        raise ValueError('no such day')
    while context.partition_key > '2013-01-06' and not os.path.exists(OPEN):
        time.sleep(0.02)
    return [context.partition_key]"""


@pytest.fixture
def scope(write_notebook: Callable[..., Path]) -> Scope:
    path = write_notebook(HELPERS.replace("'open'", repr(str(write_notebook("1").parent / "open"))), DAYS)
    instance = Instance.open(path.parent)
    return Scope(load_notebook(path, home=instance.home.root).check(), instance)


def planned(scope: Scope, keys: str = "2013-01-01..2013-01-10", chunk: int = 3) -> PlannedBackfill:
    return plan_of(scope, BackfillArguments("days", PartitionArguments(keys), chunk=chunk))


def when(scope: Scope, backfill_id: str, wanted: Callable[[BackfillRecord], bool]) -> BackfillRecord:
    """Wait for what the log says of a backfill."""
    storage = scope.instance.storage
    for _ in range(900):
        record = backfill_of(storage, backfill_id)
        if wanted(record):
            return record
        storage.wait(storage.last_seq(), 0.1)
    raise AssertionError(f"the backfill is {record}, held: {held_state(scope.instance, record)}")


def open_door(scope: Scope) -> None:
    (scope.instance.home.root / "open").touch()


def counts(scope: Scope, backfill_id: str) -> tuple[int, int, int]:
    status = backfill_status(scope, backfill_id)
    return status.count("done"), status.count("failed"), status.count("waiting")


def test_it_runs_in_chunks_elsewhere_and_tells_how_it_stands(scope: Scope) -> None:
    open_door(scope)
    backfill_id = start_backfill(scope, planned(scope), title="from a grid")
    record = when(scope, backfill_id, lambda record: bool(record.ended_us))
    assert (record.status, record.title, len(record.run_ids)) == ("completed_failed", "from a grid", 4)
    assert counts(scope, backfill_id) == (9, 1, 0)
    runs = [scope.instance.reader.run(run_id) for run_id in record.run_ids]
    assert {(run.kind, run.owner and run.owner.pid != os.getpid(), bool(run.plan_id)) for run in runs if run} == {
        ("background", True, True)
    }
    assert scope.instance.load_asset_value(scope.resolved, AssetKey("days"), partition_key="2013-01-09") == ["2013-01-09"]


def test_it_is_paused_in_the_middle_and_resumed_without_repeating_what_was_made(scope: Scope) -> None:
    backfill_id = start_backfill(scope, planned(scope))
    when(scope, backfill_id, lambda record: len(record.run_ids) == 3)
    record = pause_backfill(scope.instance, backfill_id)
    when(scope, backfill_id, lambda record: held_state(scope.instance, record) == "paused")
    done, failed, waiting = counts(scope, backfill_id)
    assert (done >= 5, failed, done + failed + waiting) == (True, 1, 10)
    assert backfill_of(scope.instance.reader, backfill_id).status == "requested"
    open_door(scope)
    resume_backfill(scope, backfill_id)
    record = when(scope, backfill_id, lambda record: bool(record.ended_us))
    assert counts(scope, backfill_id) == (9, 1, 0)
    made = scope.instance.reader.materializations(AssetKey("days"), None, limit=100)
    assert len(made) == 9
    assert not can_pause(scope.instance, record)


def test_a_killed_process_is_only_another_way_to_be_paused(scope: Scope) -> None:
    backfill_id = start_backfill(scope, planned(scope))
    record = when(scope, backfill_id, lambda record: len(record.run_ids) == 3)
    run = scope.instance.reader.run(record.run_ids[-1])
    assert run is not None
    when(scope, backfill_id, lambda _: (one := scope.instance.reader.run(run.run_id)) is not None and one.owner is not None)
    owner = scope.instance.reader.run(run.run_id).owner  # type: ignore[union-attr]
    os.kill(owner.pid, signal.SIGKILL)  # type: ignore[union-attr]
    when(scope, backfill_id, lambda record: held_state(scope.instance, record) == "paused")
    assert sum(counts(scope, backfill_id)) == 10  # nothing is said to be running
    open_door(scope)
    resume_backfill(scope, backfill_id)
    when(scope, backfill_id, lambda record: bool(record.ended_us))
    assert counts(scope, backfill_id) == (9, 1, 0)


def test_one_that_is_cancelled_ends_and_cannot_be_resumed_or_paused(scope: Scope) -> None:
    backfill_id = start_backfill(scope, planned(scope))
    when(scope, backfill_id, lambda record: len(record.run_ids) == 3)
    cancel_backfill(scope.instance, backfill_id)
    record = when(scope, backfill_id, lambda record: bool(record.ended_us))
    assert record.status == "cancelled"
    with pytest.raises(InvalidInvocationError, match="is over; run again what is left"):
        resume_backfill(scope, backfill_id)
    with pytest.raises(InvalidInvocationError, match="nothing to pause"):
        pause_backfill(scope.instance, backfill_id)


def test_what_cannot_be_started_or_is_not_known_is_refused(scope: Scope) -> None:
    with pytest.raises(UnknownBackfill):
        pause_backfill(scope.instance, "ffffffff")
    with pytest.raises(InvalidInvocationError, match="nothing to do"):
        start_backfill(scope, plan_of(scope, BackfillArguments("days", PartitionArguments("2013-01-01"), only="failed")))
