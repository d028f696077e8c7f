"""What tests of programs share: seeing the end of processes that are no children of the test."""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Iterable

import pytest

PATIENCE_S = 120
AwaitEnd = Callable[[], None]


@pytest.fixture
def watch() -> Callable[[Iterable[int]], AwaitEnd]:
    """Takes hold of processes by their numbers, before these can mean others; what it gives waits until all have ended."""

    def begin(pids: Iterable[int]) -> AwaitEnd:
        handles = [os.pidfd_open(pid) for pid in pids]

        def await_end() -> None:
            for handle in handles:
                assert select.select([handle], [], [], PATIENCE_S)[0], "it lives on"
                os.close(handle)

        return await_end

    return begin
