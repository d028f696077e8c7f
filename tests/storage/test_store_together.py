"""Leases, locks and waiting: what keeps several writers of one store apart."""

from __future__ import annotations

import threading

import pytest

from nbasset.errors import LeaseLost, PartitionBusy
from nbasset.events.facts import AssetMaterialized
from nbasset.events.kinds import Owner, StepStarted, StepSucceeded
from nbasset.keys import AssetKey, PartitionRef, RunId
from nbasset.storage.protocol import Storage

RUN = RunId("1" * 32)
ME, YOU = Owner("here", 1, 10), Owner("there", 2, 20)


def test_a_lease_has_one_holder_at_a_time(store: Storage) -> None:
    mine = store.claim("daemon", ME, 10, now_us=0)
    assert mine is not None
    assert store.claim("daemon", YOU, 10, now_us=9_999_999) is None
    assert store.claim("daemon", ME, 10, now_us=9_999_999) == mine
    yours = store.claim("daemon", YOU, 10, now_us=20_000_000)
    assert yours is not None
    assert yours.token > mine.token
    assert store.claim("other", YOU, 10, now_us=0) is not None


def test_a_write_under_a_lost_lease_is_refused(store: Storage) -> None:
    mine = store.claim("daemon", ME, 1, now_us=0)
    assert mine is not None
    assert store.append([StepStarted(1, RUN, "x")], fence=mine) == 1
    yours = store.claim("daemon", YOU, 1, now_us=2_000_000)
    with pytest.raises(LeaseLost, match="process 2 on there"):
        store.append([StepStarted(2, RUN, "x")], fence=mine)
    store.release(mine)
    assert yours is not None
    assert store.append([StepStarted(3, RUN, "x")], fence=yours) == 2
    store.release(yours)
    with pytest.raises(LeaseLost, match="given back"):
        store.append([StepStarted(4, RUN, "x")], fence=yours)
    again = store.claim("daemon", YOU, 1, now_us=2_000_001)
    assert again is not None
    assert again.token > yours.token
    assert store.last_seq() == 2


def test_a_lock_is_held_by_one_and_its_holder_is_named(store: Storage) -> None:
    name = "raw/../b \x1b' *"
    with store.lock(name, timeout_s=0), store.lock("another", timeout_s=0):
        with pytest.raises(PartitionBusy, match="process") as busy, store.lock(name, timeout_s=0.01):
            pass
        assert "cancel the run" in str(busy.value)
    with store.lock(name, timeout_s=0):
        pass


def test_waiting_ends_with_the_next_entry_or_with_the_time(store: Storage) -> None:
    assert store.wait(0, 0.01) == 0
    seen: list[int] = []
    waiter = threading.Thread(target=lambda: seen.append(store.wait(0, 60)))
    waiter.start()
    store.append([StepStarted(1, RUN, "x")])
    waiter.join(60)
    assert seen == [1]
    assert store.wait(0, 60) == 1


def test_threads_append_side_by_side_without_loss(store: Storage) -> None:
    def append(number: int) -> None:
        for turn in range(20):
            fact = AssetMaterialized(AssetKey(f"t{number}"), PartitionRef(str(turn), turn))
            store.append([StepSucceeded(turn, RunId(f"{number:032x}"), "step", (fact,))])

    threads = [threading.Thread(target=append, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [entry.seq for entry in store.entries()] == list(range(1, 81))
    for number in range(4):
        assert len(store.partitions(AssetKey(f"t{number}"))) == 20
        assert store.latest([AssetKey(f"t{number}")])[AssetKey(f"t{number}")].materializations == 20
