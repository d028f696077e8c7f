"""Pools hold over all runs of a home, in whichever process they are."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nbasset.arguments.options import RunArguments
from nbasset.commands.background import cancel_run, start_background
from nbasset.commands.planning import make_plan, wish_of
from nbasset.commands.scope import Scope
from nbasset.events.kinds import StepSucceeded
from nbasset.instance import Instance
from nbasset.keys import RunId
from nbasset.locations.module import load_module_file

SOURCE = """
from pathlib import Path

from nbasset import RetryPolicy, asset

HERE = Path(__file__).parent


def wait(name):
    with (HERE / "begun").open("a") as file:
        file.write(name)
    return (HERE / name).open().read()


@asset(pool="db")
def first():
    return wait("a")


@asset(pool="db")
def second():
    return wait("b")


@asset
def free():
    return 1


@asset(pool="db", retry_policy=RetryPolicy(max_retries=1))
def flaky():
    if wait("c") == "fail":
        raise ValueError("once more")
    return 1
"""
WAIT_S = 60.0


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose pool has one place."""
    (tmp_path / "nbasset.toml").write_text("[queue.pools]\ndb = 1\n")
    (tmp_path / "pools_shop.py").write_text(SOURCE)
    for name in "abc":
        os.mkfifo(tmp_path / name)
    return tmp_path


@contextmanager
def ending(instance: Instance) -> Iterator[None]:
    """Leave no process behind, however a test went."""
    try:
        yield
    finally:
        for run in instance.reader.active_runs():
            if run.owner is not None and run.owner.pid != os.getpid():
                cancel_run(instance, run.run_id, force=True)


@pytest.fixture
def scope(home: Path) -> Iterator[Scope]:
    """The code and the home."""
    with Instance.open(home) as instance, ending(instance):
        yield Scope(load_module_file(home / "pools_shop.py", home=home).check(), instance)


def _start(scope: Scope, assets: str) -> RunId:
    planned = make_plan(scope, wish_of(RunArguments(assets), {}))
    return start_background(scope, planned.plan, planned.standing.view)


def _until(scope: Scope, is_so: Callable[[], bool], *, told: str) -> None:
    reader = scope.instance.reader
    late = threading.Event()
    timer = threading.Timer(WAIT_S, late.set)
    timer.daemon = True
    timer.start()
    while not late.is_set():
        seq = reader.last_seq()
        if is_so():
            timer.cancel()
            return
        scope.instance.storage.wait(seq, 0.05)
    raise AssertionError(f"never: {told}; {reader.entries(limit=100)}")


def _begun(home: Path) -> str:
    return (home / "begun").read_text() if (home / "begun").exists() else ""


def _has_made(scope: Scope, run_id: RunId, step: str) -> bool:
    return any(isinstance(one.event, StepSucceeded) and one.event.step == step for one in scope.instance.reader.entries(run=run_id))


def _is_over(scope: Scope, run_id: RunId) -> bool:
    record = scope.instance.reader.run(run_id)
    assert record is not None
    return record.is_over


def test_a_step_waits_for_a_place_that_a_step_of_another_process_has_while_the_others_go_on(scope: Scope, home: Path) -> None:
    one = _start(scope, "first")
    _until(scope, lambda: _begun(home) == "a", told="the first step begins")
    other = _start(scope, "second, free")
    _until(scope, lambda: _has_made(scope, other, "free"), told="a step without a pool is made")
    assert _begun(home) == "a"
    (home / "a").write_text("on")
    _until(scope, lambda: _begun(home) == "ab", told="the second step begins")
    (home / "b").write_text("on")
    _until(scope, lambda: _is_over(scope, one) and _is_over(scope, other), told="both runs end")
    assert [scope.instance.reader.run(run_id).status for run_id in (one, other)] == ["success"] * 2  # type: ignore[union-attr]


def test_a_process_that_is_killed_gives_its_place_back(scope: Scope, home: Path) -> None:
    one = _start(scope, "first")
    _until(scope, lambda: _begun(home) == "a", told="the first step begins")
    other = _start(scope, "second")
    _until(scope, lambda: scope.instance.reader.run(other).status == "started", told="the second run is there")  # type: ignore[union-attr]
    owner = scope.instance.reader.run(one).owner  # type: ignore[union-attr]
    assert owner is not None
    os.killpg(owner.pid, signal.SIGKILL)
    _until(scope, lambda: _begun(home) == "ab", told="the second step begins")
    (home / "b").write_text("on")
    _until(scope, lambda: _is_over(scope, other), told="the second run ends")


def test_a_step_that_is_tried_again_takes_a_place_anew(scope: Scope, home: Path) -> None:
    run_id = _start(scope, "flaky")
    _until(scope, lambda: _begun(home) == "c", told="the step begins")
    (home / "c").write_text("fail")
    _until(scope, lambda: _begun(home) == "cc", told="it is tried again")
    (home / "c").write_text("on")
    _until(scope, lambda: _is_over(scope, run_id), told="the run ends")
    assert scope.instance.reader.run(run_id).status == "success"  # type: ignore[union-attr]
