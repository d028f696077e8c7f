"""The thread beside a run: it comes when the run lasts, and is then there for as long as the run."""

from __future__ import annotations

import os
import threading

import pytest

from nbasset.events.kinds import RunRequested
from nbasset.execution.cancel import CancelToken
from nbasset.execution.watch import Watch
from nbasset.keys import RunId
from nbasset.storage.memory import MemoryStorage

RUN = RunId("0" * 32)


def watched(settled: threading.Event) -> Watch:
    """A watch that says when it settles, which is the first thing that it does."""
    store = MemoryStorage()
    store.append([RunRequested(1, RUN, (), 0)])
    return Watch(RUN, store, CancelToken(), on_event=lambda event: None, interrupts=False, settle=settled.set)


def test_what_a_run_holds_is_written_though_nothing_more_happens_in_it() -> None:
    for _ in range(2):  # also of the second run, which finds the thread that looks after the first one
        settled = threading.Event()
        with watched(settled):
            assert settled.wait(60)


def test_each_of_several_runs_that_last_is_watched() -> None:
    first, second = threading.Event(), threading.Event()
    with watched(first), watched(second):
        assert first.wait(60)
        assert second.wait(60)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_run_in_a_forked_process_is_watched_too() -> None:
    with watched(threading.Event()):
        child = os.fork()
        if not child:
            settled = threading.Event()
            with watched(settled):
                os._exit(0 if settled.wait(60) else 1)
    assert os.waitpid(child, 0)[1] == 0
