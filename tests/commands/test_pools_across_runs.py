"""Pools hold over all runs of a home, in whichever process they are."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from nbasset.arguments.options import RunArguments
from nbasset.commands.background import start_background
from nbasset.commands.planning import make_plan, wish_of
from nbasset.commands.scope import Scope
from nbasset.events.kinds import StepSucceeded
from nbasset.keys import RunId

Until = Callable[[Scope, Callable[[], bool], str], None]
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


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose pool has one place."""
    (tmp_path / "nbasset.toml").write_text("[queue.pools]\ndb = 1\n")
    (tmp_path / "pools_shop.py").write_text(SOURCE)
    for name in "abc":
        os.mkfifo(tmp_path / name)
    return tmp_path


@pytest.fixture
def scope(home: Path, module_scope: Callable[[Path, Path], Scope]) -> Scope:
    """The code and the home."""
    return module_scope(home, home / "pools_shop.py")


def _start(scope: Scope, assets: str) -> RunId:
    planned = make_plan(scope, wish_of(RunArguments(assets), {}))
    return start_background(scope, planned.plan, planned.standing.view)


def _begun(home: Path) -> str:
    return (home / "begun").read_text() if (home / "begun").exists() else ""


def _has_made(scope: Scope, run_id: RunId, step: str) -> bool:
    return any(isinstance(one.event, StepSucceeded) and one.event.step == step for one in scope.instance.reader.entries(run=run_id))


def _is_over(scope: Scope, run_id: RunId) -> bool:
    record = scope.instance.reader.run(run_id)
    assert record is not None
    return record.is_over


def test_a_step_waits_for_a_place_that_a_step_of_another_process_has_while_the_others_go_on(scope: Scope, home: Path, until: Until) -> None:
    one = _start(scope, "first")
    until(scope, lambda: _begun(home) == "a", "the first step begins")
    other = _start(scope, "second, free")
    until(scope, lambda: _has_made(scope, other, "free"), "a step without a pool is made")
    assert _begun(home) == "a"
    (home / "a").write_text("on")
    until(scope, lambda: _begun(home) == "ab", "the second step begins")
    (home / "b").write_text("on")
    until(scope, lambda: _is_over(scope, one) and _is_over(scope, other), "both runs end")
    assert [scope.instance.reader.run(run_id).status for run_id in (one, other)] == ["success"] * 2  # type: ignore[union-attr]


def test_a_process_that_is_killed_gives_its_place_back(scope: Scope, home: Path, until: Until) -> None:
    one = _start(scope, "first")
    until(scope, lambda: _begun(home) == "a", "the first step begins")
    other = _start(scope, "second")
    until(scope, lambda: scope.instance.reader.run(other).status == "started", "the second run is there")  # type: ignore[union-attr]
    owner = scope.instance.reader.run(one).owner  # type: ignore[union-attr]
    assert owner is not None
    os.killpg(owner.pid, signal.SIGKILL)
    until(scope, lambda: _begun(home) == "ab", "the second step begins")
    (home / "b").write_text("on")
    until(scope, lambda: _is_over(scope, other), "the second run ends")


def test_a_step_that_is_tried_again_takes_a_place_anew(scope: Scope, home: Path, until: Until) -> None:
    run_id = _start(scope, "flaky")
    until(scope, lambda: _begun(home) == "c", "the step begins")
    (home / "c").write_text("fail")
    until(scope, lambda: _begun(home) == "cc", "it is tried again")
    (home / "c").write_text("on")
    until(scope, lambda: _is_over(scope, run_id), "the run ends")
    assert scope.instance.reader.run(run_id).status == "success"  # type: ignore[union-attr]
