"""Daemons as processes: one a home, stopped and killed ones, and what they do for runs and backfills whose process died."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nbasset import clock
from nbasset.arguments.options import BackfillArguments, PartitionArguments
from nbasset.commands.backfill import plan_of
from nbasset.commands.background_backfill import pause_backfill, start_backfill
from nbasset.commands.daemon_status import LEASE, daemon_status, stop_daemon
from nbasset.commands.instigators import set_status
from nbasset.commands.scope import Scope
from nbasset.events.facts import AssetMaterialized
from nbasset.events.reducers import materialized_in
from nbasset.locations.module import load_module_file
from nbasset.storage.processes import is_alive, this_process

pytestmark = pytest.mark.slow

EAGER = """
@sensor(job=job, minimum_interval_seconds=1, default_status=ON)
def eager(context):
    number = int(context.cursor or 0) + 1
    context.update_cursor(str(number))
    return RunRequest(run_key=str(number))

defs = Definitions([numbers], jobs=[job], sensors=[eager])
"""
WAITING = """
import threading
from pathlib import Path

@asset
def first():
    return [1]

@asset
def waits(first):
    flag = Path(__file__).with_name("flag")
    if not flag.exists():
        flag.touch()
        threading.Event().wait()
    return first

job = define_asset_job("waiting", ["first", "waits"], tags={"nbasset/max_retries": "1"})

@sensor(job=job, minimum_interval_seconds=1, default_status=ON)
def asks():
    return RunRequest(run_key="only")

defs = Definitions([first, waits], jobs=[job], sensors=[asks])
"""
HANGS = """
import os, threading
from pathlib import Path

@sensor(job=job, default_status=ON)
def hangs():
    Path(__file__).with_name("pid").write_text(str(os.getpid()))
    os.write(1, b"")
    threading.Event().wait()

defs = Definitions([numbers], jobs=[job], sensors=[hangs])
"""


def test_a_second_daemon_says_who_is_there(project: Any, start: Any) -> None:
    project.write("code.py", EAGER)
    first = start()
    first.hears("keeps watch")
    second = start()
    assert second.wait() == 1
    assert f"process {first.popen.pid} on" in second.said
    status = daemon_status(project.instance)
    assert status.owner is not None
    assert status.owner.pid == first.popen.pid


def test_it_ends_when_it_is_asked_to_and_gives_its_lease_back(project: Any, start: Any) -> None:
    project.write("code.py", EAGER)
    running = start()
    running.hears("asks for run")
    assert stop_daemon(project.instance).has_ended
    assert running.wait() == 0
    assert not daemon_status(project.instance).is_running


def test_one_that_stands_by_takes_over(project: Any, start: Any) -> None:
    project.write("code.py", EAGER)
    first = start()
    first.hears("keeps watch")
    second = start("--standby")
    second.hears("waits and takes over")
    assert first.end() == 0
    second.hears("keeps watch over")
    assert second.end() == 0


def test_a_daemon_that_was_stopped_and_lost_its_lease_writes_nothing_when_it_goes_on(project: Any, start: Any) -> None:
    project.write("code.py", EAGER)
    paused = start()
    paused.hears("asks for run")
    paused.send(signal.SIGSTOP)
    storage = project.instance.storage
    fence = storage.claim(LEASE, this_process(), 3600, now_us=clock.now_us() + 60_000_000)
    assert fence is not None
    before = storage.last_seq()
    paused.send(signal.SIGCONT)
    assert paused.wait() == 1
    assert "another daemon took over" in paused.said
    assert storage.last_seq() == before


def test_a_killed_daemon_is_followed_by_another_before_its_lease_has_run_out_by_itself(project: Any, start: Any) -> None:
    project.write("code.py", EAGER)
    first = start()
    first.hears("asks for run")
    first.send(signal.SIGKILL)
    first.wait()
    second = start()
    second.hears("asks for run")
    assert second.end() == 0
    keys = [run.tags["nbasset/run_key"] for run in project.runs()]
    assert keys == [str(number + 1) for number in range(len(keys))]


def test_a_function_that_hangs_ends_with_a_daemon_that_is_killed(project: Any, start: Any) -> None:
    project.write("code.py", HANGS)
    running = start()
    project.wait(lambda: (project.folder / "pid").exists() and (project.folder / "pid").read_text())
    pid = int((project.folder / "pid").read_text())
    running.send(signal.SIGKILL)
    running.wait()
    gone = replace(this_process(), pid=pid, started=0)
    project.wait(lambda: not is_alive(gone))


def test_a_location_that_does_not_load_breaks_no_other_and_heals(project: Any, start: Any) -> None:
    project.write("code.py", EAGER)
    project.write("broken.py", "raise ValueError('half written')\n")
    running = start()
    assert "broken.py is left out until it is mended" in running.hears("left out")
    running.hears("eager (sensor of code): asks for run")
    wrong = project.wait(lambda: (report := daemon_status(project.instance).report) and report.locations.get("broken.py"))
    assert "half written" in wrong
    project.write("broken.py", EAGER)
    running.hears("eager (sensor of broken): asks for run")
    assert running.end() == 0
    assert running.said.count("left out") == 1


def test_a_run_whose_process_was_killed_fails_and_the_rest_of_it_is_tried_again(project: Any, start: Any) -> None:
    project.configure("")
    project.write("code.py", WAITING)
    running = start()
    project.wait(lambda: (project.folder / "flag").exists())
    (run,) = project.runs()
    os.killpg(run.owner.pid, signal.SIGKILL)
    running.hears("is tried again as run", 30)
    first, second = project.wait(lambda: runs if len(runs := project.runs()) == 2 and runs[1].is_over else None)
    assert (first.status, first.reason) == ("failure", "worker-lost")
    assert (second.status, second.parent_run_id, second.kind) == ("success", first.run_id, "scheduled")
    assert [str(target.asset) for target in second.targets] == ["waits"]
    assert second.tags["nbasset/retry_number"] == "1"
    assert running.end() == 0


BACKFILL = """
import threading
from pathlib import Path

@asset(partitions_def=DailyPartitionsDefinition("2013-01-01", end_date="2013-01-11"))
def days(context):
    flag = Path(__file__).with_name("flag")
    if context.partition_key == "2013-01-06" and not flag.exists():
        flag.touch()
        threading.Event().wait()
    return [context.partition_key]

@sensor(job=job, minimum_interval_seconds=3600, default_status=DefaultSensorStatus.STOPPED)
def never():
    return None

defs = Definitions([numbers, days], jobs=[job], sensors=[never])
"""


def begun(project: Any) -> str:
    scope = Scope(load_module_file(project.folder / "code.py", home=project.folder).check(), project.instance)
    wanted = BackfillArguments("days", PartitionArguments("2013-01-01..2013-01-10"), chunk=2)
    backfill_id = start_backfill(scope, plan_of(scope, wanted))
    project.wait(lambda: (project.folder / "flag").exists())
    return backfill_id


def driver_of(project: Any, backfill_id: str) -> int:
    return next(run.owner.pid for run in project.runs() if run.backfill_id == backfill_id and not run.is_over)


def test_a_backfill_whose_process_was_killed_goes_on_to_its_end(project: Any, start: Any) -> None:
    project.configure("")
    project.write("code.py", BACKFILL)
    backfill_id = begun(project)
    os.killpg(driver_of(project, backfill_id), signal.SIGKILL)
    running = start()
    running.hears("goes on: its process was gone")
    record = project.wait(lambda: found if (found := project.instance.reader.backfill(backfill_id)).ended_us else None)
    assert record.status == "completed_success"
    assert running.end() == 0
    made = [fact for entry in project.instance.storage.entries() for fact in materialized_in(entry.event)]
    assert all(isinstance(fact, AssetMaterialized) for fact in made)
    assert sorted(fact.partition.key for fact in made) == [f"2013-01-{day:02}" for day in range(1, 11)]


def test_a_backfill_that_was_paused_stays_so(project: Any, start: Any) -> None:
    project.configure("")
    project.write("code.py", BACKFILL)
    backfill_id = begun(project)
    pause_backfill(project.instance, backfill_id)
    os.killpg(driver_of(project, backfill_id), signal.SIGKILL)
    assert start("--once").wait() == 0
    assert not project.instance.reader.backfill(backfill_id).ended_us
    assert [run.status for run in project.runs() if not run.is_over] == []


OWN = """
import sys
from pathlib import Path

@asset
def numbers():
    Path(__file__).with_name("python").write_text(sys.executable)
    return [1]

job = define_asset_job("nightly", ["numbers"])

@sensor(job=job, minimum_interval_seconds=1, default_status=ON)
def asks():
    return RunRequest(run_key=sys.executable)

defs = Definitions([numbers], jobs=[job], sensors=[asks])
"""


def test_a_location_with_a_python_of_its_own_is_asked_and_run_with_it(project: Any, start: Any) -> None:
    own = project.folder / "env" / "bin" / "python"
    own.parent.mkdir(parents=True)
    own.symlink_to(Path(sys.executable))
    (own.parents[1] / "pyvenv.cfg").write_text((Path(sys.prefix) / "pyvenv.cfg").read_text())
    (own.parents[1] / "lib").symlink_to(Path(sys.prefix) / "lib")
    project.configure('[[locations]]\npath = "code.py"\npython = "env"\n')
    project.write("code.py", OWN)
    running = start()
    (run,) = project.wait(lambda: runs if (runs := project.runs()) and runs[0].is_over else None)
    assert (run.status, run.tags["nbasset/run_key"]) == ("success", str(own))
    assert (project.folder / "python").read_text() == str(own)
    assert running.end() == 0


LIGHT = """
import sys
from nbasset.daemon.loop import run_daemon
from nbasset.home import Home
from pathlib import Path
code = run_daemon(Home(Path(sys.argv[1])), once=True, on_line=print)
heavy = {"pandas", "pyarrow", "pydantic", "IPython", "nbformat", "papermill", "code"} & set(sys.modules)
assert not heavy, heavy
sys.exit(code)
"""


def test_the_daemon_loads_neither_code_of_users_nor_heavy_libraries(project: Any) -> None:
    project.write("code.py", "import pandas\n" + EAGER)
    done = subprocess.run([sys.executable, "-P", "-c", LIGHT, str(project.folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "asks for run" in done.stdout


def test_a_location_that_has_all_switched_off_keeps_no_process(project: Any, start: Any) -> None:
    project.write("code.py", EAGER.replace("default_status=ON", "default_status=DefaultSensorStatus.STOPPED"))
    running = start()
    project.wait(lambda: (report := daemon_status(project.instance).report) and report.locations == {"code": ""})
    scope = Scope(load_module_file(project.folder / "code.py", home=project.folder).check(), project.instance)
    set_status(scope, "sensor", "eager", "start")
    running.hears("asks for run")
    assert running.end() == 0


def test_an_evaluation_that_is_cut_off_by_the_end_of_the_daemon_is_no_failed_tick(project: Any, start: Any) -> None:
    project.write("code.py", HANGS)
    running = start()
    project.wait(lambda: (project.folder / "pid").exists() and (project.folder / "pid").read_text())
    assert running.end() == 0
    assert project.ticks("hangs", kind="sensor") == []
    assert "failed" not in running.said


PARTS = """@asset(automation_condition=AutomationCondition.eager(), partitions_def=StaticPartitionsDefinition(['a', 'b', 'c']))
def parts(context, source):
    return [context.partition_key]"""
AUTO = """auto = AutomationConditionSensorDefinition(
    'auto', target='*', default_status=DefaultSensorStatus.RUNNING, minimum_interval_seconds=1
)"""
CELLS = (
    "from nbasset import AutomationCondition, AutomationConditionSensorDefinition, DefaultSensorStatus, StaticPartitionsDefinition, asset",
    "@asset\ndef source():\n    return [1]",
    PARTS,
    AUTO,
    "raise RuntimeError('scratch')",
)


def test_conditions_of_a_notebook_are_carried_out_to_the_end(project: Any, start: Any, write_notebook: Any) -> None:
    project.configure('[[locations]]\npath = "auto.ipynb"\n')
    path = write_notebook(*CELLS, name="project/auto.ipynb")
    assert path.parent == project.folder
    running = start()
    project.wait(lambda: project.ticks("auto", kind="sensor", location="auto.ipynb"))
    command = [sys.executable, "-P", "-m", "nbasset.cli", "run", "auto.ipynb", "source", "--quiet"]
    subprocess.run(command, cwd=project.folder, check=True, stdout=subprocess.DEVNULL)

    def made() -> bool:
        facts = [fact for entry in project.instance.storage.entries() for fact in materialized_in(entry.event)]
        return {(str(fact.asset), fact.partition.key if fact.partition else "") for fact in facts} == {
            ("source", ""), ("parts", "a"), ("parts", "b"), ("parts", "c"),
        }  # fmt: skip

    project.wait(made)
    backfill = project.wait(lambda: next((one for one in project.instance.reader.backfills() if one.ended_us), None))
    assert (backfill.status, backfill.tags["nbasset/sensor_name"]) == ("completed_success", "auto")
    assert running.end() == 0
