"""Homes whose runs go on in processes of their own, and waiting for what they do."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nbasset.commands.background import cancel_run
from nbasset.commands.scope import Scope
from nbasset.instance import Instance
from nbasset.locations.module import load_module_file

_WAIT_S = 60.0


@pytest.fixture
def module_scope() -> Iterator[Callable[[Path, Path], Scope]]:
    """Makes the scope of a module file in a home. However a test goes, it leaves no process behind."""
    opened: list[Instance] = []

    def make(home: Path, file: Path) -> Scope:
        opened.append(Instance.open(home))
        return Scope(load_module_file(file, home=home).check(), opened[-1])

    yield make
    for instance in opened:
        for run in instance.reader.active_runs():
            if run.owner is not None and run.owner.pid != os.getpid():
                cancel_run(instance, run.run_id, force=True)
        instance.close()


@pytest.fixture
def until() -> Callable[[Scope, Callable[[], bool], str], None]:
    """Waits until it is so; looks when something was recorded, and otherwise a few times a second."""

    def wait(scope: Scope, is_so: Callable[[], bool], told: str) -> None:
        reader, storage = scope.instance.reader, scope.instance.storage
        late = threading.Event()
        timer = threading.Timer(_WAIT_S, late.set)
        timer.daemon = True
        timer.start()
        while not late.is_set():
            seq = reader.last_seq()
            if is_so():
                timer.cancel()
                return
            storage.wait(seq, 0.05)
        raise AssertionError(f"never: {told}; {reader.entries(limit=100)}")

    return wait
