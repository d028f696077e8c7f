"""The pool of worker processes: stopping it ends what is busy then, and nothing that begins later."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any

import pytest

from nbasset.errors import WorkerLost
from nbasset.execution.worker_pool import WorkerPool

#: A worker runs functions of the package only; this one of them is handed a line for a shell.
SHELL: Any = SimpleNamespace(__module__="nbasset.worker", __qualname__="os.system")

Begin = Callable[..., tuple[Future[int], IO[str]]]


class _Timer(threading.Timer):
    """One that fires when the test says so."""

    made: list[_Timer] = []  # noqa: RUF012 - emptied by the fixture

    def start(self) -> None:
        self.made.append(self)

    def fire(self) -> None:
        self.function(*self.args, **self.kwargs)


@pytest.fixture
def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkerPool]:
    """One worker, and timers that wait for the test."""
    monkeypatch.setattr("nbasset.execution.worker_pool.threading.Timer", _Timer)
    _Timer.made.clear()
    made = WorkerPool(1, folder=str(tmp_path))
    yield made
    made.shutdown()


@pytest.fixture
def begin(pool: WorkerPool, tmp_path: Path) -> Iterator[Begin]:
    """Begin a call and wait until it is busy; its future, and the file whose end is its own."""
    with ExitStack() as stack:

        def make(name: str, *, is_stubborn: bool = False) -> tuple[Future[int], IO[str]]:
            told, said = tmp_path / f"{name}.told", tmp_path / f"{name}.said"
            os.mkfifo(told)
            os.mkfifo(said)
            trap = "trap '' INT; " if is_stubborn else ""
            future = pool.submit(SHELL, f"{trap}exec cat < {told.name} > {said.name}")
            until = stack.enter_context(told.open("w"))
            heard = stack.enter_context(said.open())
            until.write("busy\n")
            until.flush()
            assert heard.readline() == "busy\n"
            return future, until

        yield make


def test_a_pool_that_was_stopped_leaves_alone_what_begins_later(pool: WorkerPool, begin: Begin) -> None:
    first, _ = begin("first")
    pool.stop()
    assert first.result(60) == signal.SIGINT
    second, until = begin("second")
    (timer,) = _Timer.made
    timer.fire()
    until.close()
    assert second.result(60) == 0


def test_what_does_not_heed_the_interrupt_is_killed_after_a_while(pool: WorkerPool, begin: Begin) -> None:
    stubborn, _ = begin("stubborn", is_stubborn=True)
    pool.stop()
    (timer,) = _Timer.made
    timer.fire()
    with pytest.raises(WorkerLost, match="SIGKILL"):
        stubborn.result(60)
    assert pool.pids == []
