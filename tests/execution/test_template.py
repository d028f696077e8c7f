"""Processes that are forked from a template: as separate as those that are started whole."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from nbasset.errors import WorkerLost
from nbasset.execution import template
from nbasset.execution.worker_pool import Worker

SHELL = "nbasset.worker:os.system"

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="templates are there on Linux")

Start = Callable[..., Worker]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Starts a worker that is forked; what it prints is in the file `said` of the test's folder."""
    monkeypatch.setattr(template, "LIBRARIES", ())
    monkeypatch.setattr(template, "_CURRENT", [])
    monkeypatch.setattr(template, "_FIRST", [])
    with ExitStack() as stack:
        stack.callback(template._forget)
        said = stack.enter_context((tmp_path / "said").open("ab"))

        def make(**environment: str) -> Worker:
            worker = Worker(folder=str(tmp_path), environment=environment, output=said, is_forked=True)
            stack.callback(worker.close)
            return worker

        yield make


def test_a_fork_has_the_folder_environment_output_and_session_that_it_was_given(start: Start, tmp_path: Path) -> None:
    worker = start(GREETING="good morning")
    assert worker.call(SHELL, 'pwd; echo "$GREETING"; echo "$PPID"; ps -o sid= -p "$PPID"') == 0
    folder, greeting, pid, session = (tmp_path / "said").read_text().split("\n")[:4]
    assert Path(folder) == tmp_path
    assert greeting == "good morning"
    assert int(pid) == int(session) == worker.pid != os.getpid()
    assert isinstance(worker._process, template.Forked)


def test_forks_come_from_one_template_and_end_without_each_other(start: Start) -> None:
    one, other = start(), start()
    parent = template._CURRENT[0].pid
    one.kill()
    assert not one.is_alive
    assert other.call(SHELL, f'test "$(ps -o ppid= -p "$PPID")" -eq {parent}') == 0


def test_a_fork_that_is_killed_tells_by_what(start: Start) -> None:
    worker = start()
    with pytest.raises(WorkerLost, match="killed by SIGKILL"):
        worker.call(SHELL, 'kill -9 "$PPID"')
    assert not worker.is_alive
    assert start().call(SHELL, "true") == 0


def test_a_fork_is_told_its_exit_code(start: Start) -> None:
    worker = start()
    with pytest.raises(WorkerLost, match="exited with code 7"):
        worker.call("nbasset.worker:os._exit", 7)


def test_a_template_that_is_gone_is_made_again_and_its_forks_live_on(start: Start) -> None:
    before = start()
    os.kill(template._CURRENT[0].pid, signal.SIGKILL)
    after = start()
    assert isinstance(after._process, template.Forked)
    assert after.call(SHELL, "true") == before.call(SHELL, "true") == 0
    before.kill()
    assert not before.is_alive


def test_another_python_path_needs_another_template(start: Start, tmp_path: Path) -> None:
    start()
    before = template._CURRENT[0]
    start(GREETING="hello")
    assert template._CURRENT[0] is before
    start(PYTHONPATH=f"{os.environ.get('PYTHONPATH', '')}{os.pathsep}{tmp_path}")
    assert template._CURRENT[0] is not before


def test_the_first_process_is_started_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(template, "_FIRST", ["is still to come"])
    worker = Worker(folder=str(tmp_path), is_forked=True)
    assert not isinstance(worker._process, template.Forked)
    worker.close()
