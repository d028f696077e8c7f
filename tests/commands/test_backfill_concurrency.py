"""Several runs of one backfill at a time: what runs beside what, how it stops, how it goes on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from nbasset import AssetDep, DailyPartitionsDefinition, MonthlyPartitionsDefinition, TimeWindowPartitionMapping, asset
from nbasset.arguments.options import BackfillArguments
from nbasset.commands.backfill import backfill_status, cancel_backfill, launch_backfill, plan_of
from nbasset.commands.backfill_driver import drive
from nbasset.commands.backfill_records import BackfillStatus
from nbasset.commands.carrying_out import Manner
from nbasset.commands.scope import Scope, scope_of
from nbasset.errors import InvalidConfigError
from nbasset.events.kinds import Event, StepSucceeded
from nbasset.instance import Instance, instance_for_test
from nbasset.keys import AssetKey

DAILY = DailyPartitionsDefinition("2013-01-01", "2013-02-01")
DAY = AssetKey("day")
IN_THREADS = Manner(executor="threads", echo=False)


@pytest.fixture
def instance() -> Iterator[Instance]:
    """A home on disk for one test."""
    with instance_for_test() as made:
        yield made


class Together:
    """How many are inside at once, at most."""

    def __init__(self) -> None:
        self.most = self._now = 0
        self._lock = threading.Lock()

    @contextmanager
    def inside(self) -> Iterator[None]:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        yield
        with self._lock:
            self._now -= 1


def make(scope: Scope, arguments: BackfillArguments, manner: Manner = IN_THREADS) -> BackfillStatus:
    return drive(scope, launch_backfill(scope, plan_of(scope, arguments)), manner)


def test_so_many_runs_go_on_at_a_time_and_each_partition_is_made_once(instance: Instance) -> None:
    meeting = threading.Barrier(3, timeout=60)

    @asset(partitions_def=DAILY)
    def day(context: Any) -> int:
        if context.partition_key <= "2013-01-03":
            meeting.wait()  # passes only when three runs of one partition are here at once
        if context.partition_key == "2013-01-05":
            raise ValueError("no")
        return 1

    @asset(partitions_def=MonthlyPartitionsDefinition("2013-01-01", "2013-02-01"))
    def month(day: dict[str, int]) -> int:
        return len(day)

    status = make(scope_of([day, month], instance=instance), BackfillArguments("day+", all=True, chunk=1, concurrency=3))
    assert {str(key): (len(one.done), len(one.failed), len(one.blocked)) for key, one in status.assets.items()} == {
        "day": (30, 1, 0), "month": (0, 0, 1),
    }  # fmt: skip
    assert len(status.record.run_ids) == 31
    made = instance.storage.materializations(DAY, None, limit=1000)
    assert len(made) == 30


def test_by_default_each_of_the_runs_has_its_share(instance: Instance) -> None:
    @asset(partitions_def=DAILY)
    def day() -> int:
        return 1

    planned = plan_of(scope_of([day], instance=instance), BackfillArguments("day", all=True, concurrency=4))
    assert [len(chunk.sets[DAY]) for chunk in planned.plan.chunks] == [8, 8, 8, 7]


def test_an_asset_that_reads_itself_has_one_run_at_a_time(instance: Instance) -> None:
    seen, together = [], Together()

    @asset(partitions_def=DAILY, deps=[AssetDep("day", partition_mapping=TimeWindowPartitionMapping(-1, -1))])
    def day(context: Any) -> int:
        with together.inside():
            seen.append(context.partition_key)
        return 1

    assert make(scope_of([day], instance=instance), BackfillArguments("day", all=True, chunk=4, concurrency=3)).success
    assert (seen, together.most) == (DAILY.get_partition_keys(), 1)


def test_a_pool_holds_over_all_runs_of_a_backfill(tmp_path: Path) -> None:
    (tmp_path / "nbasset.toml").write_text("[queue.pools]\ndb = 1\n")
    together = Together()

    @asset(partitions_def=DAILY, pool="db")
    def day() -> int:
        with together.inside():
            return 1

    with Instance.open(tmp_path) as instance:
        assert make(scope_of([day], instance=instance), BackfillArguments("day", all=True, chunk=3, concurrency=3)).success
    assert together.most == 1


@pytest.mark.parametrize("concurrency", [1, 2])
def test_how_it_stands_is_told_while_a_run_lasts(instance: Instance, concurrency: int) -> None:
    told: list[tuple[int, int, int]] = []
    many = threading.Event()

    @asset(partitions_def=DAILY)
    def day(context: Any) -> int:
        if context.partition_key[-2:] in ("15", "31"):
            many.wait(60)  # until it was told that others are done
        return 1

    def hear(status: BackfillStatus) -> None:
        told.append((status.count("done"), status.count("running"), status.count("waiting")))
        if 0 < status.count("done") < 31:
            many.set()

    scope = scope_of([day], instance=instance)
    chunk = 31 if concurrency == 1 else 16
    backfill_id = launch_backfill(scope, plan_of(scope, BackfillArguments("day", all=True, chunk=chunk, concurrency=concurrency)))
    assert drive(scope, backfill_id, IN_THREADS, on_status=hear, every_s=0.01).success
    assert told[0] == (0, 0, 31)
    assert [sum(each) for each in told] == [31] * len(told)
    assert any(0 < done < 31 and running for done, running, _ in told)


def test_an_interrupt_stops_all_runs_and_the_rest_is_made_later(instance: Instance) -> None:
    count = 0

    @asset(partitions_def=DAILY)
    def day() -> int:
        return 1

    def stop(event: Event) -> None:
        nonlocal count
        count += isinstance(event, StepSucceeded)
        if count == 7:
            raise KeyboardInterrupt

    scope = scope_of([day], instance=instance)
    backfill_id = launch_backfill(scope, plan_of(scope, BackfillArguments("day", all=True, chunk=5, concurrency=2)))
    with pytest.raises(KeyboardInterrupt):
        drive(scope, backfill_id, Manner(executor="threads", echo=False, on_event=stop))
    assert instance.storage.active_runs() == []
    status = backfill_status(scope, backfill_id)
    assert (status.record.status, status.count("failed"), status.count("running")) == ("requested", 0, 0)
    assert drive(scope, backfill_id, IN_THREADS).success
    assert len(instance.storage.materializations(DAY, None, limit=1000)) == 31


def test_a_cancel_stops_all_runs(instance: Instance) -> None:
    begun, hold = threading.Semaphore(0), threading.Event()

    @asset(partitions_def=DAILY)
    def day() -> int:
        begun.release()
        hold.wait(60)
        return 1

    scope = scope_of([day], instance=instance)
    backfill_id = launch_backfill(scope, plan_of(scope, BackfillArguments("day", all=True, chunk=1, concurrency=2)))

    def cancel() -> None:
        assert begun.acquire(timeout=60)
        assert begun.acquire(timeout=60)
        cancel_backfill(instance, backfill_id, by="ada")
        hold.set()

    canceller = threading.Thread(target=cancel)
    canceller.start()
    status = drive(scope, backfill_id, IN_THREADS)
    canceller.join()
    assert (status.record.status, status.count("failed")) == ("cancelled", 0)
    assert len(status.record.run_ids) <= 4
    assert instance.storage.active_runs() == []


def test_what_worker_processes_cannot_do_is_said_before_anything_is_recorded() -> None:
    @asset(partitions_def=DAILY)
    def day() -> int:
        return 1

    with Instance.ephemeral() as instance:
        with pytest.raises(InvalidConfigError, match="worker processes cannot use it"):
            plan_of(scope_of([day], instance=instance), BackfillArguments("day", all=True, concurrency=2))
        assert instance.storage.backfills() == []
