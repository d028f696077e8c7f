"""Runs of promoted jobs as processes: by a tick, cut off, cancelled, tried again; and what is kept of each."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nbasset.arguments.options_jobs import JobRunArguments
from nbasset.commands.background import cancel_run
from nbasset.commands.job_verbs import run_job_verb, start_job
from nbasset.commands.old_runs import forget_runs
from nbasset.commands.promoted_jobs import kept_notebook
from nbasset.commands.scope import Scope
from nbasset.errors import InvalidConfigError, KernelUnavailable
from nbasset.locations.promoted import load_promoted
from nbasset.storage.processes import is_alive, this_process

from .conftest import named

pytestmark = pytest.mark.slow

LOAD = "import os\nfrom pathlib import Path\nfrom nbasset import *"
FIRST = "@asset\ndef first() -> list:\n    return [year]"
WAITS = """@asset
def waits(first) -> list:
    flag = Path("flag")
    if not flag.exists():
        flag.write_text(str(os.getpid()))
        sum(range(10**12))
    return first"""
FAILS = """@asset
def waits(first) -> list:
    tries = len(Path("flag").read_text()) if Path("flag").exists() else 0
    Path("flag").write_text("x" * (tries + 1))
    if not tries:
        raise ValueError("not yet")
    return first"""
DAYS = "@asset(partitions_def=DailyPartitionsDefinition('2025-01-01', end_date='2025-01-06'))\ndef days(context) -> list:\n    return [1]"
JOB = 'name = "work"\nnotebook = "work.ipynb"\nfolder = "../notebooks"\nselect = "{}"\n'
RETRIES = "[retries]\nmax_retries = 1\n"
HOURLY = '[schedule]\ncron = "0 * * * *"\n'


def promote(project: Any, last: str, more: str = "", *, select: str = "*") -> None:
    """Write the files of a job by hand."""
    load, _, _ = named(f"{LOAD}\n{FIRST}\n{last}").partition("\n" + FIRST)
    sources = [(load, []), ("year = 2013", ["parameters"]), (FIRST, []), (last, [])]
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "id": f"c{number}", "metadata": {"tags": tags}, "source": source, "outputs": [], "execution_count": None}
        for number, (source, tags) in enumerate(sources, 1)
    ]
    for name in ("jobs", "notebooks"):
        (project.folder / name).mkdir()
    text = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    (project.folder / "jobs" / "work.ipynb").write_text(text)
    (project.folder / "jobs" / "work.toml").write_text(JOB.format(select) + more)
    project.configure("")


def scope_of(project: Any) -> Scope:
    return Scope(load_promoted(project.folder / "jobs" / "work.toml", home=project.folder), project.instance)


def flag(project: Any) -> int:
    """The kernel's process, as soon as its cell is busy."""
    path: Path = project.folder / "notebooks" / "flag"
    return int(project.wait(lambda: path.exists() and path.read_text()))


def sources(project: Any, run: Any) -> str:
    path = kept_notebook(project.instance, run)
    assert path is not None
    return path.read_text()


def test_a_worker_that_is_killed_takes_its_kernel_along_and_the_rest_is_made_by_the_next_try(project: Any, start: Any) -> None:
    promote(project, WAITS, RETRIES)
    start_job(scope_of(project), JobRunArguments("work", parameters={"year": "2020"}))
    kernel = replace(this_process(), pid=flag(project), started=0)
    (run,) = project.runs()
    os.kill(run.owner.pid, signal.SIGKILL)
    project.wait(lambda: not is_alive(kernel))
    daemon = start()
    first, second = project.wait(lambda: runs if len(runs := project.runs()) == 2 and runs[1].is_over else None)
    assert (first.status, first.reason) == ("failure", "worker-lost")
    assert (second.status, second.parent_run_id, [str(one.asset) for one in second.targets]) == ("success", first.run_id, ["waits"])
    assert "year = 2020" in sources(project, first)
    assert "year = 2020" in sources(project, second)
    assert daemon.end() == 0


def test_a_cancelled_run_stops_its_cell_and_keeps_the_notebook_as_far_as_it_got(project: Any) -> None:
    promote(project, WAITS)
    start_job(scope_of(project), JobRunArguments("work"))
    kernel = replace(this_process(), pid=flag(project), started=0)
    (run,) = project.runs()
    cancel_run(project.instance, run.run_id)
    (over,) = project.wait(lambda: runs if (runs := project.runs())[0].is_over else None)
    assert (over.status, over.succeeded) == ("canceled", 1)
    project.wait(lambda: not is_alive(kernel))
    assert "The run was stopped" in sources(project, over)
    forget_runs(project.instance, [over.run_id])
    assert kept_notebook(project.instance, over) is None


def test_a_kernel_that_is_killed_is_a_run_that_was_cut_off(project: Any) -> None:
    promote(project, WAITS, RETRIES + "on_failure = false\n")
    start_job(scope_of(project), JobRunArguments("work"))
    os.kill(flag(project), signal.SIGKILL)
    first, second = project.wait(lambda: runs if len(runs := project.runs()) == 2 and runs[1].is_over else None)
    assert (first.reason, second.status, second.kind) == ("kernel-died", "success", "background")


def test_a_failed_cell_is_tried_again_and_each_try_keeps_its_notebook(project: Any) -> None:
    promote(project, FAILS, RETRIES)
    (result,) = run_job_verb(scope_of(project), JobRunArguments("work"))
    first, second = project.runs()
    assert (first.status, second.status, result.run_id) == ("failure", "success", second.run_id)
    assert "The run failed" in sources(project, first)
    assert "The run failed" not in sources(project, second)


def test_with_on_failure_off_a_failed_cell_is_not_tried_again(project: Any) -> None:
    promote(project, FAILS, RETRIES + "on_failure = false\n")
    (result,) = run_job_verb(scope_of(project), JobRunArguments("work"))
    assert not result.success
    assert len(project.runs()) == 1


def test_a_tick_runs_the_notebook_for_the_partition_that_has_ended(project: Any, given: Any) -> None:
    promote(project, DAYS, HOURLY, select="days")
    given.set("2025-01-03T00:30")
    project.once()
    given.set("2025-01-03T01:00")
    project.once()
    (run,) = project.wait(lambda: runs if (runs := project.runs()) and runs[0].is_over else None)
    assert (run.status, run.kind, run.location, run.tags["nbasset/partition"]) == ("success", "scheduled", "jobs/work", "2025-01-02")
    assert kept_notebook(project.instance, run) is not None


def test_stale_means_what_is_not_fresh_and_nothing_is_started_when_all_is(project: Any, given: Any) -> None:
    rule = 'partitions = "stale"\n'
    promote(project, DAYS, rule + HOURLY, select="days")
    (done,) = run_job_verb(scope_of(project), JobRunArguments("work"))
    assert len(done.get_asset_materialization_events()) == 5
    given.set("2025-02-03T00:30")
    project.once()
    given.set("2025-02-03T01:00")
    project.once()
    assert len(project.runs()) == 1
    assert project.ticks("work", location="jobs/work")[-1].status == "skipped"


def test_several_partitions_are_made_in_one_run(project: Any) -> None:
    promote(project, DAYS, select="days")
    (result,) = run_job_verb(scope_of(project), JobRunArguments("work", partition="2025-01-01..2025-01-03"))
    assert len(result.get_asset_materialization_events()) == 3


def test_another_environment_is_told_with_the_run_and_refused_by_a_strict_job(project: Any) -> None:
    promote(project, DAYS, '[environment]\npython = "2.7"\n', select="first")
    (result,) = run_job_verb(scope_of(project), JobRunArguments("work"))
    (run,) = project.runs()
    assert "promoted with 2.7" in run.tags["nbasset/environment"]
    assert "promoted with 2.7" in sources(project, run)
    assert result.notebook == kept_notebook(project.instance, run)
    file = project.folder / "jobs" / "work.toml"
    file.write_text(file.read_text() + "strict = true\n")
    with pytest.raises(InvalidConfigError, match=r"promoted with 2\.7"):
        run_job_verb(scope_of(project), JobRunArguments("work"))


def test_a_secret_that_is_not_set_and_a_kernel_that_is_not_there_stop_it_with_a_word(project: Any) -> None:
    promote(project, DAYS, 'secrets = ["NOWHERE_TO_BE_FOUND"]\n', select="first")
    with pytest.raises(InvalidConfigError, match="the environment has no NOWHERE_TO_BE_FOUND"):
        run_job_verb(scope_of(project), JobRunArguments("work"))
    (project.folder / "jobs" / "work.toml").write_text(JOB.format("first") + 'kernel = "gone"\n')
    with pytest.raises(KernelUnavailable, match="gone"):
        run_job_verb(scope_of(project), JobRunArguments("work"))
    (run,) = project.runs()
    assert run.status == "failure"
