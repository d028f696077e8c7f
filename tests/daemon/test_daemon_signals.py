"""A daemon hears a signal at whatever moment it comes."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from nbasset.daemon.loop import Daemon, _Ended
from nbasset.home import Home


def interrupted_everywhere(act: Callable[[], object], heard: Callable[[], object]) -> Callable[[], None]:
    """Do something, and at each of its lines in Python what a signal would do then, in the same thread as a signal does it."""

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        sys.settrace(None)
        heard()
        sys.settrace(trace)
        return trace

    def run() -> None:
        sys.settrace(trace)
        try:
            act()
        finally:
            sys.settrace(None)

    return run


@pytest.mark.parametrize("resting", [lambda daemon: daemon._rest(0.01), lambda daemon: daemon._sleep(0.01)], ids=["a pass", "a standby"])
def test_a_signal_in_the_middle_of_a_rest_does_not_lock_it_up(tmp_path: Path, resting: Callable[[Daemon], object]) -> None:
    daemon, ended = Daemon(Home(tmp_path), on_line=lambda line: None), threading.Event()

    def act() -> None:
        with suppress(_Ended):
            resting(daemon)

    def run() -> None:
        interrupted_everywhere(act, daemon.stop)()
        ended.set()

    threading.Thread(target=run, daemon=True).start()
    assert ended.wait(60)
    with pytest.raises(_Ended):
        daemon._sleep(60)
