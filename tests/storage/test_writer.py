"""Turns of writing: groups, failures that stay with their own caller, Ctrl-C that waits for the outcome."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from nbasset.errors import InvariantViolationError
from nbasset.events.kinds import StepStarted
from nbasset.keys import RunId
from nbasset.storage.opening import open_storage
from nbasset.storage.sql import SqlStorage
from nbasset.storage.sqlite import SqliteEngine
from nbasset.storage.writer import Job, Writer

RUN = RunId("1" * 32)


def do_all(group: Sequence[Job[Any]]) -> None:
    for job in group:
        job.result = job.work()


def test_work_that_comes_while_another_commits_goes_into_one_group() -> None:
    groups: list[int] = []
    is_held, goes_on = threading.Event(), threading.Event()

    def perform(group: Sequence[Job[Any]]) -> None:
        groups.append(len(group))
        if len(groups) == 1:
            is_held.set()
            goes_on.wait(60)
        do_all(group)

    writer = Writer(perform)
    results: list[int] = []

    def write(number: int) -> None:
        results.append(writer.run(lambda: number))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(5)]
    threads[0].start()
    is_held.wait(60)
    for thread in threads[1:]:
        thread.start()
    while len(writer._waiting) < 4:  # until all four stand in line
        threads[1].join(0.001)
    goes_on.set()
    for thread in threads:
        thread.join(60)
    assert (groups, sorted(results)) == ([1, 4], [0, 1, 2, 3, 4])


def test_work_that_fails_harms_no_other_of_its_group() -> None:
    def perform(group: Sequence[Job[Any]]) -> None:
        do_all(group)

    writer = Writer(perform)
    jobs: list[Job[Any]] = [Job(lambda: 1, flush=False), Job(lambda: 1 // 0, flush=False), Job(lambda: 3, flush=False)]
    writer._waiting.extend(jobs)
    assert writer.run(lambda: 4) == 4
    assert [(job.is_done, getattr(job, "result", None), type(job.error)) for job in jobs] == [
        (True, 1, type(None)),
        (True, None, ZeroDivisionError),
        (True, 3, type(None)),
    ]
    with pytest.raises(ZeroDivisionError):
        writer.run(lambda: 1 // 0)


def test_an_append_inside_an_append_is_an_error_and_not_a_hang() -> None:
    writer = Writer(do_all)
    with pytest.raises(InvariantViolationError, match="signal handler"):
        writer.run(lambda: writer.run(lambda: 1))
    assert writer.run(lambda: 2) == 2


class Interrupted(SqliteEngine):
    """An engine whose transactions are struck by Ctrl-C, before they commit."""

    strikes = 0

    def transact(self, work: Callable[..., Any], *, flush: bool) -> Any:
        def struck(*arguments: Any) -> Any:
            result = work(*arguments)
            for _ in range(self.strikes):
                signal.raise_signal(signal.SIGINT)
            return result

        return super().transact(struck, flush=flush)


def interrupted_store(home: Path) -> tuple[SqlStorage, Interrupted]:
    engine = Interrupted(home, home.parent / "locks")
    engine.create()
    return SqlStorage(engine), engine


@pytest.mark.usefixtures("_default_sigint")
def test_ctrl_c_waits_for_the_commit_and_is_raised_then(home: Path) -> None:
    store, engine = interrupted_store(home)
    engine.strikes = 1
    with pytest.raises(KeyboardInterrupt):
        store.append([StepStarted(1, RUN, "x")])
    engine.strikes = 0
    assert (store.last_seq(), store.append([StepStarted(2, RUN, "y")])) == (1, 2)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    store.close()


@pytest.mark.usefixtures("_default_sigint")
def test_a_second_ctrl_c_rolls_back(home: Path) -> None:
    store, engine = interrupted_store(home)
    store.append([StepStarted(1, RUN, "x")])
    engine.strikes = 2
    with pytest.raises(KeyboardInterrupt):
        store.append([StepStarted(2, RUN, "y")])
    engine.strikes = 0
    assert (store.last_seq(), store.append([StepStarted(3, RUN, "z")])) == (1, 2)
    store.close()


def test_a_handler_of_ones_own_is_called_after_the_commit(home: Path) -> None:
    store, engine = interrupted_store(home)
    seen: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: seen.append(store.last_seq()))
    try:
        engine.strikes = 1
        assert store.append([StepStarted(1, RUN, "x")]) == 1
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == [1]
    store.close()


@pytest.fixture
def _default_sigint() -> Any:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_appends_of_threads_are_committed_in_groups(home: Path) -> None:
    store = open_storage(home)
    barrier = threading.Barrier(4)

    def append(number: int) -> None:
        barrier.wait(60)
        for turn in range(25):
            store.append([StepStarted(turn, RUN, f"{number}")], flush=turn == 0)

    threads = [threading.Thread(target=append, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    steps = [entry.event for entry in store.entries(run=RUN)]
    assert sorted(steps, key=lambda event: (event.step, event.at_us)) == [  # type: ignore[union-attr]
        StepStarted(turn, RUN, f"{number}") for number in range(4) for turn in range(25)
    ]
    store.close()
