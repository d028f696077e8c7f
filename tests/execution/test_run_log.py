"""Ends of quick steps are written together, and still nobody sees less than they should."""

from __future__ import annotations

from threading import Event as Event_
from threading import Thread
from typing import Any

import pytest

from nbasset import DailyPartitionsDefinition, asset, materialize
from nbasset.errors import StorageUnavailable
from nbasset.events.facts import AssetMaterialized, InputUsed
from nbasset.events.kinds import Event, RunStarted, StepStarted, StepSucceeded
from nbasset.execution.run_log import MOST_HELD, RunLog
from nbasset.instance import Instance
from nbasset.keys import AssetKey, new_run_id
from nbasset.storage.memory import MemoryStorage
from nbasset.storage.protocol import Events

RUN = new_run_id()
DAILY = DailyPartitionsDefinition("2013-01-01", "2014-01-01")


class Counting(MemoryStorage):
    """A store that counts its transactions, and refuses them when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []
        self.is_full = False

    def append(self, events: Events, **how: Any) -> int:
        if self.is_full:
            raise StorageUnavailable("the disk is full")
        before = self.last_seq()
        last = super().append(events, **how)
        self.sizes.append(last - before)
        return last


def ended(number: int, *, reads: int = 0, as_of: int = 0, log: RunLog | None = None) -> StepSucceeded:
    inputs = [InputUsed(AssetKey(f"asset{reads}"), None, "digest", as_of)] if reads else []
    if log is not None:
        log.number_later(inputs[0])
    return StepSucceeded(number, RUN, f"step{number}", (AssetMaterialized(AssetKey(f"asset{number}"), inputs=tuple(inputs)),))


def used(event: Any) -> dict[str, int]:
    return {str(one.asset): one.as_of_seq for fact in event.facts for one in fact.inputs}


def test_what_is_held_is_written_before_anything_else_in_one_transaction_and_told_afterwards() -> None:
    store, told = Counting(), list[Event]()
    log = RunLog(store, told.append)
    log.hold(ended(1))
    log.hold(ended(2))
    assert (store.sizes, told, log.as_of(1)) == ([], [], -2)
    log.write([StepStarted(3, RUN, "x")])
    assert told == []
    log.tell()
    assert (store.sizes, [type(event).__name__ for event in told]) == ([3], ["StepSucceeded", "StepSucceeded", "StepStarted"])
    assert [entry.seq for entry in store.entries()] == [1, 2, 3]
    assert [log.as_of(place) for place in range(3)] == [1, 2, 3]


def test_what_is_read_of_a_version_without_a_number_gets_it_when_both_are_written() -> None:
    store = Counting()
    store.append([RunStarted(0, RUN)])  # of somebody else
    log = RunLog(store, lambda event: None)
    log.hold(ended(1))
    log.hold(ended(2, reads=1, as_of=log.as_of(0), log=log))
    log.settle()
    assert used(store.entries()[-1].event) == used(log.events[-1]) == {"asset1": 2}
    log.hold(ended(3))
    later = ended(4, reads=2, as_of=log.as_of(1))
    assert used(later) == {"asset2": 3}
    log.hold(ended(5, reads=3, as_of=log.as_of(2), log=log))
    log.settle()
    assert used(store.entries()[-1].event) == {"asset3": 4}


def test_a_place_that_was_named_before_it_was_written_gets_its_number_afterwards() -> None:
    store = Counting()
    log = RunLog(store, lambda event: None)
    log.hold(ended(1))
    place = log.as_of(0)
    log.settle()
    store.append([RunStarted(0, RUN)])
    log.write([ended(2, reads=1, as_of=place, log=log)])
    assert used(store.entries()[-1].event) == {"asset1": 1}


def test_steps_that_read_each_other_share_transactions_and_know_what_they_read() -> None:
    @asset(io_manager_key="memory")
    def first() -> int:
        return 1

    @asset(io_manager_key="memory")
    def second(first: int) -> int:
        return first + 1

    @asset(io_manager_key="memory")
    def third(first: int, second: int) -> int:
        return first + second

    store = Counting()
    with Instance.ephemeral() as instance:
        instance._store = store
        materialize([first, second, third], instance=instance)
        seqs = {str(key): record.seq for key, record in store.latest([AssetKey(name) for name in ("first", "second", "third")]).items()}
        made = store.latest([AssetKey("third")])[AssetKey("third")].materialization
        assert made is not None
        assert {str(one.asset): one.as_of_seq for one in made.inputs} == {"first": seqs["first"], "second": seqs["second"]}
    assert len(store.sizes) < 5


def test_what_two_threads_write_is_told_in_the_order_of_the_log() -> None:
    store, told, begun, may_go_on = Counting(), list[Event](), Event_(), Event_()

    def listener(event: Event) -> None:
        if not told:
            begun.set()
            assert may_go_on.wait(60)
        told.append(event)

    log = RunLog(store, listener)
    log.hold(ended(1))
    other = Thread(target=log.settle)
    other.start()
    assert begun.wait(60)
    log.write([ended(2)])  # written while the other thread still tells of the first
    may_go_on.set()
    log.tell()
    other.join(60)
    assert told == [ended(1), ended(2)]


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
