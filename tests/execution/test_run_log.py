"""Ends of quick steps are written together, and still nobody sees less than they should."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from nbasset import DailyPartitionsDefinition, asset, materialize
from nbasset.errors import StorageUnavailable
from nbasset.events.facts import AssetMaterialized
from nbasset.events.kinds import Event, StepStarted, StepSucceeded
from nbasset.execution.run_log import MOST_HELD, RunLog
from nbasset.instance import Instance
from nbasset.keys import AssetKey, new_run_id
from nbasset.storage.memory import MemoryStorage

RUN = new_run_id()
DAILY = DailyPartitionsDefinition("2013-01-01", "2014-01-01")


class Counting(MemoryStorage):
    """A store that counts its transactions, and refuses them when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []
        self.is_full = False

    def append(self, events: Sequence[Event], **how: Any) -> int:
        if self.is_full:
            raise StorageUnavailable("the disk is full")
        self.sizes.append(len(events))
        return super().append(events, **how)


def ended(number: int) -> StepSucceeded:
    return StepSucceeded(number, RUN, f"step{number}", (AssetMaterialized(AssetKey(f"asset{number}")),))


def test_what_is_held_is_written_before_anything_else_in_one_transaction_and_told_afterwards() -> None:
    store, told = Counting(), list[Event]()
    log = RunLog(store, told.append)
    log.hold(ended(1))
    log.hold(ended(2))
    assert (store.sizes, told, log.holds(frozenset({"step2"}))) == ([], [], True)
    written, _ = log.write([StepStarted(3, RUN, "x")])
    assert (store.sizes, [type(event).__name__ for event in written]) == ([3], ["StepSucceeded", "StepSucceeded", "StepStarted"])
    assert [entry.seq for entry in store.entries()] == [1, 2, 3]
    assert [(str(fact.asset), seq) for fact, seq in log.take_made()] == [("asset1", 1), ("asset2", 2)]
    assert (log.take_made(), log.holds(frozenset({"step2"}))) == ([], False)


def test_no_more_than_so_many_are_held() -> None:
    store, told = Counting(), list[Event]()
    log = RunLog(store, told.append)
    for number in range(MOST_HELD):
        log.hold(ended(number))
    assert (store.sizes, len(told)) == ([MOST_HELD], MOST_HELD)


def test_what_could_not_be_written_is_still_held() -> None:
    store, told = Counting(), list[Event]()
    log = RunLog(store, told.append)
    log.hold(ended(1))
    store.is_full = True
    with pytest.raises(StorageUnavailable):
        log.settle()
    store.is_full = False
    log.settle()
    assert (store.sizes, told) == ([1], [ended(1)])


def test_a_step_sees_in_the_instance_what_the_run_made_before_it() -> None:
    seen = []

    @asset(io_manager_key="memory")
    def first() -> int:
        return 1

    @asset(io_manager_key="memory")
    def second(context: Any) -> int:
        seen.append(context.instance.get_latest_materialization_event(AssetKey("first")) is not None)
        return 2

    with Instance.ephemeral() as instance:
        materialize([first, second], instance=instance)
    assert seen == [True]


def test_quick_partitions_share_transactions() -> None:
    @asset(partitions_def=DAILY, io_manager_key="memory")
    def quick(context: Any) -> str:
        return str(context.partition_key)

    @asset(partitions_def=DAILY, io_manager_key="memory")
    def after(quick: str) -> str:
        return quick

    store = Counting()
    with Instance.ephemeral() as instance:
        instance._store = store
        result = materialize([quick, after], instance=instance, partition_range=("2013-01-01", "2013-12-31"))
        assert result.success
        assert result.asset_value("after", partition_key="2013-06-01") == "2013-06-01"
    assert sum(store.sizes) >= 2 * 365 + 3  # more when a step lasts long enough to be announced
    assert len(store.sizes) < 365
