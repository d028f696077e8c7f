"""The store in memory folds events when somebody looks: who looks sees all that was appended."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from nbasset.events.facts import AssetMaterialized
from nbasset.events.kinds import StepSucceeded
from nbasset.keys import AssetKey, RunId
from nbasset.storage.memory import MemoryStorage

RUN = RunId("0" * 32)


def made(number: int) -> StepSucceeded:
    return StepSucceeded(number, RUN, f"step{number}", (AssetMaterialized(AssetKey(f"asset{number}"), version_id=f"v{number}"),))


def test_threads_that_look_at_once_see_all_that_was_appended() -> None:
    threads, rounds, events = 4, 20, 50
    for _ in range(rounds):
        store, begin = MemoryStorage(), Barrier(threads)
        store.append([made(number) for number in range(events)])

        def look(store: MemoryStorage = store, begin: Barrier = begin) -> tuple[object, int, int]:
            begin.wait(60)
            last = store.entry(events)
            return last.event if last is not None else None, len(store.assets()), len(store.entries(run=RUN))

        with ThreadPoolExecutor(threads) as pool:
            seen = [future.result() for future in [pool.submit(look) for _ in range(threads)]]
        assert seen == [(made(events - 1), events, events)] * threads


def test_who_waits_hears_of_what_nobody_has_looked_at() -> None:
    store, begin = MemoryStorage(), Barrier(2)

    def wait() -> int:
        begin.wait(60)
        return store.wait(0, 60)

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait)
        begin.wait(60)
        assert store.append([made(1), made(2)]) == 2
        assert waiting.result(10) == 2
