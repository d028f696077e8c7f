"""Runs in the background within the limits of the home, with real worker processes and no daemon."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nbasset import serde
from nbasset.arguments.options import RunArguments
from nbasset.arguments.options_watch import RunsArguments
from nbasset.commands.background import cancel_run, request_run, run_background, start_background
from nbasset.commands.carrying_out import Manner
from nbasset.commands.launching import run_lock, start_queued, why_waiting
from nbasset.commands.planning import make_plan, wish_of
from nbasset.commands.run import run
from nbasset.commands.runs import runs, runs_text, started_sentence
from nbasset.commands.scope import Scope
from nbasset.events.kinds import RunQueued
from nbasset.events.records import RunRecord
from nbasset.keys import RunId

Until = Callable[[Scope, RunId, Callable[[RunRecord], bool]], RunRecord]
SOURCE = '''
from pathlib import Path

from nbasset import asset, job, op

HERE = Path(__file__).parent


@asset
def slow():
    """Ends when somebody writes into the pipe."""
    (HERE / "begun").open("a").write("x")
    return (HERE / "go").open().read()


@asset
def quick():
    return 1


@op
def hello():
    (HERE / "greeted").write_text("hello")


@job
def greet():
    hello()
'''
WAIT_S = 60.0


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose limit is one run at a time."""
    (tmp_path / "nbasset.toml").write_text("[queue]\nmax_concurrent_runs = 1\n")
    (tmp_path / "queue_shop.py").write_text(SOURCE)
    os.mkfifo(tmp_path / "go")
    return tmp_path


@pytest.fixture
def scope(home: Path, module_scope: Callable[[Path, Path], Scope]) -> Scope:
    """The code and the home."""
    return module_scope(home, home / "queue_shop.py")


@pytest.fixture
def until_run(until: Callable[[Scope, Callable[[], bool], str], None]) -> Until:
    """The record of a run when it is so."""

    def wait(scope: Scope, run_id: RunId, is_so: Callable[[RunRecord], bool]) -> RunRecord:
        found: list[RunRecord] = []

        def look() -> bool:
            record = scope.instance.reader.run(run_id)
            assert record is not None
            found[:] = [record]
            return is_so(record)

        until(scope, look, f"run {run_id} is as it should be")
        return found[0]

    return wait


def _start(scope: Scope, asset: str) -> RunId:
    planned = make_plan(scope, wish_of(RunArguments(asset), {}))
    return start_background(scope, planned.plan, planned.standing.view)


def test_a_run_beyond_the_limit_waits_and_the_end_of_another_starts_it(scope: Scope, home: Path, until_run: Until) -> None:
    first = _start(scope, "slow")
    second = _start(scope, "quick")
    why = "1 run is going on; limit max_concurrent_runs = 1"
    assert why_waiting(scope.instance) == {second: why}
    assert started_sentence(scope.instance, first) == f"run {first[:8]} was started"
    assert started_sentence(scope.instance, second) == f"run {second[:8]} is queued: {why}"
    listed = runs(scope.instance, RunsArguments())
    assert f"quick ({why})" in runs_text(listed)
    assert [one["waits_for"] for one in listed.to_json()["runs"]] == [why, None]
    (home / "go").write_text("on")
    assert until_run(scope, second, lambda run: run.is_over).status == "success"
    ended, begun = scope.instance.reader.run(first), scope.instance.reader.run(second)
    assert ended is not None
    assert begun is not None
    assert ended.ended_us <= begun.started_us
    assert (home / "begun").read_text() == "x"


def test_a_queued_run_that_is_cancelled_never_starts(scope: Scope, home: Path, until_run: Until) -> None:
    first = _start(scope, "slow")
    second = _start(scope, "quick")
    assert cancel_run(scope.instance, second, force=True).status == "canceled"
    (home / "go").write_text("on")
    until_run(scope, first, lambda run: run.is_over)
    assert start_queued(scope.instance) == ()
    assert scope.instance.reader.run(second).started_us == 0  # type: ignore[union-attr]


def test_a_run_in_the_foreground_takes_a_place_and_gives_it_back(scope: Scope, home: Path, until_run: Until) -> None:
    waiting: list[RunId] = []

    def submit(event: object) -> None:
        if not waiting and type(event).__name__ == "RunStarted":
            waiting.append(_start(scope, "quick"))
            assert list(why_waiting(scope.instance)) == waiting

    result = run(scope, RunArguments("quick"), Manner(on_event=submit))
    assert result.success
    assert until_run(scope, waiting[0], lambda run: run.is_over).status == "success"


def test_a_job_of_ops_waits_and_runs_like_any_other(scope: Scope, home: Path, until_run: Until) -> None:
    from nbasset.arguments.options_jobs import JobRunArguments
    from nbasset.commands.job_verbs import start_job

    first = _start(scope, "slow")
    [second] = start_job(scope, JobRunArguments("greet"))
    assert second in why_waiting(scope.instance)
    (home / "go").write_text("on")
    assert until_run(scope, second, lambda run: run.is_over).status == "success"
    assert (home / "greeted").read_text() == "hello"
    assert until_run(scope, first, lambda run: run.is_over).status == "success"


def test_two_processes_never_carry_out_one_run(scope: Scope, home: Path, until_run: Until) -> None:
    planned = make_plan(scope, wish_of(RunArguments("slow"), {}))
    request = request_run(scope, planned.plan, planned.standing.view)
    assert request.launch_id is not None
    scope.instance.storage.append([request, RunQueued(request.at_us, request.run_id)], flush=True)
    words = [sys.executable, "-m", "nbasset.worker", "--run", request.launch_id, str(home)]
    both = [subprocess.Popen(words, cwd=home, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for _ in range(2)]
    until_run(scope, request.run_id, lambda run: run.status == "started")
    assert start_queued(scope.instance) == ()
    (home / "go").write_text("on")
    assert [one.communicate(timeout=WAIT_S)[1] for one in both] == [b"", b""]
    assert [one.returncode for one in both] == [0, 0]
    assert (home / "begun").read_text() == "x"
    assert until_run(scope, request.run_id, lambda run: run.is_over).status == "success"


def test_who_dies_between_starting_a_process_and_saying_so_loses_and_doubles_nothing(scope: Scope, home: Path, until_run: Until) -> None:
    planned = make_plan(scope, wish_of(RunArguments("quick"), {}))
    request = request_run(scope, planned.plan, planned.standing.view)
    scope.instance.storage.append([request, RunQueued(request.at_us, request.run_id)], flush=True)
    with scope.instance.storage.lock(run_lock(request.run_id), timeout_s=0):  # its process is there, and nobody said so
        assert start_queued(scope.instance) == ()
        assert run_background(request.launch_id or "", str(home)) == 0  # a second process leaves
        assert scope.instance.reader.run(request.run_id).status == "queued"  # type: ignore[union-attr]
    assert start_queued(scope.instance) == (request.run_id,)  # that process died: another one does it
    assert until_run(scope, request.run_id, lambda run: run.is_over).status == "success"


def test_a_run_without_what_a_process_needs_ends_with_a_sentence(scope: Scope) -> None:
    planned = make_plan(scope, wish_of(RunArguments("quick"), {}))
    request = request_run(scope, planned.plan, planned.standing.view)
    lacking = serde.loads(serde.dumps(request).replace(str(request.launch_id), "0" * 64))
    scope.instance.storage.append([lacking, RunQueued(request.at_us, request.run_id)], flush=True)
    assert start_queued(scope.instance) == ()
    record = scope.instance.reader.run(request.run_id)
    assert record is not None
    assert (record.status, record.message) == ("failure", "it was recorded without what a process needs to carry it out")
