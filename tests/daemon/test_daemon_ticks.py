"""What one pass after the other does, with a clock that is given: no tick twice, none lost without a word."""

from __future__ import annotations

from typing import Any

from nbasset.events.facts import InstigatorId
from nbasset.events.kinds import RunQueued, RunRequested, TickEvaluated

HOURLY = """
hourly = ScheduleDefinition(name="hourly", cron_schedule="0 * * * *", job=job, default_status=RUNNING)
defs = Definitions([numbers], jobs=[job], schedules=[hourly])
"""
DAILY = """
days = DailyPartitionsDefinition("2025-01-01")

@asset(partitions_def=days)
def daily():
    return [1]

partitioned = define_asset_job("partitioned", ["daily"], partitions_def=days)
every_day = build_schedule_from_partitioned_job(partitioned, name="every_day", default_status=RUNNING)
defs = Definitions([daily], jobs=[partitioned], schedules=[every_day])
"""
COUNTING = """
@sensor(job=job, minimum_interval_seconds=30, default_status=ON)
def counting(context):
    number = int(context.cursor or 0)
    if number == 2:
        raise RuntimeError("no more")
    context.update_cursor(str(number + 1))
    context.log.info("saw %s", number)
    return RunRequest(run_key=str(number))

defs = Definitions([numbers], jobs=[job], sensors=[counting])
"""
FLAKY = """
from pathlib import Path

@schedule(cron_schedule="0 * * * *", job=job, default_status=RUNNING)
def flaky():
    seen = Path(__file__).with_name("seen")
    tries = len(seen.read_text()) if seen.exists() else 0
    seen.write_text("x" * (tries + 1))
    if tries < {bad}:
        raise ValueError("not yet")
    return RunRequest()

defs = Definitions([numbers], jobs=[job], schedules=[flaky])
"""
HANGING = """
import threading

@schedule(cron_schedule="0 * * * *", job=job, default_status=RUNNING)
def hanging():
    threading.Event().wait()

hourly = ScheduleDefinition(name="hourly", cron_schedule="0 * * * *", job=job, default_status=RUNNING)
defs = Definitions([numbers], jobs=[job], schedules=[hanging, hourly])
"""
DYING = """
import os, signal

@sensor(job=job, default_status=ON)
def dying():
    os.kill(os.getpid(), signal.SIGKILL)

defs = Definitions([numbers], jobs=[job], sensors=[dying])
"""


def scheduled(project: Any, name: str) -> list[str]:
    """The hours, or days, of ticks that were evaluated."""
    from nbasset import clock

    return [clock.from_us(tick.scheduled_us).isoformat()[:16] for tick in project.ticks(name) if tick.scheduled_us]


def test_a_tick_fires_once_over_restarts(project: Any, given: Any) -> None:
    project.write("code.py", HOURLY)
    given.set("2025-03-01T10:30")
    assert project.once() == 0
    assert project.ticks("hourly") == []  # it is on since now
    for moment in ("2025-03-01T11:00", "2025-03-01T11:00:01", "2025-03-01T11:59:59"):
        given.set(moment)
        project.once()
    assert scheduled(project, "hourly") == ["2025-03-01T11:00"]
    (run,) = project.runs()
    assert (run.status, run.kind, run.job, run.tags["nbasset/schedule_name"]) == ("queued", "scheduled", "nightly", "hourly")
    assert project.ticks("hourly")[0].run_ids == (run.run_id,)


def test_of_seven_missed_hours_the_newest_fires_and_six_are_recorded_as_missed(project: Any, given: Any) -> None:
    project.write("code.py", HOURLY)
    given.set("2025-03-01T10:30")
    project.once()
    given.set("2025-03-01T17:30")
    project.once()
    missed, fired = project.ticks("hourly")
    assert (missed.status, missed.missed, fired.status) == ("missed", 6, "success")
    assert scheduled(project, "hourly") == ["2025-03-01T17:00"]
    assert any("missed 6 ticks from 2025-03-01 11:00 UTC to" in line for line in project.lines)
    project.once()
    assert len(project.ticks("hourly")) == 2


def test_of_nine_missed_days_the_last_five_partitions_are_made_up_for(project: Any, given: Any) -> None:
    project.write("code.py", DAILY)
    given.set("2025-03-01T10:30")
    project.once()
    given.set("2025-03-10T10:30")
    project.once()
    assert [tick.missed for tick in project.ticks("every_day") if tick.status == "missed"] == [4]
    assert scheduled(project, "every_day") == [f"2025-03-{day:02}T00:00" for day in range(6, 11)]
    assert [run.tags["nbasset/partition"] for run in project.runs()] == [f"2025-03-{day:02}" for day in range(5, 10)]


def test_a_clock_that_is_set_back_fires_nothing_again(project: Any, given: Any) -> None:
    project.write("code.py", HOURLY)
    for moment in ("10:30", "11:10", "10:40", "10:59", "11:00", "11:05", "11:59"):
        given.set(f"2025-03-01T{moment}")
        project.once()
    assert scheduled(project, "hourly") == ["2025-03-01T11:00"]
    given.set("2025-03-01T12:00")
    project.once()
    assert scheduled(project, "hourly") == ["2025-03-01T11:00", "2025-03-01T12:00"]
    assert len(project.runs()) == 2


def test_a_failed_tick_is_tried_again_and_then_given_up(project: Any, given: Any) -> None:
    project.write("code.py", FLAKY.format(bad=3))
    for moment in ("10:30", "11:00", "11:00:04", "11:00:05", "11:00:30", "11:01:30", "11:30"):
        given.set(f"2025-03-01T{moment}")
        project.once()
    found = [(tick.status, tick.attempt, tick.will_retry) for tick in project.ticks("flaky")]
    assert found == [("failure", 0, True), ("failure", 1, True), ("failure", 2, False)]
    assert project.runs() == []
    given.set("2025-03-01T12:00")
    project.once()
    assert project.ticks("flaky")[-1].status == "success"


def test_a_tick_that_failed_once_makes_its_run_at_the_second_try(project: Any, given: Any) -> None:
    project.write("code.py", FLAKY.format(bad=1))
    for moment in ("10:30", "11:00", "11:00:30", "11:02"):
        given.set(f"2025-03-01T{moment}")
        project.once()
    assert [tick.status for tick in project.ticks("flaky")] == ["failure", "success"]
    assert len(project.runs()) == 1


def test_a_sensor_moves_its_cursor_with_the_runs_it_caused_and_not_when_it_fails(project: Any, given: Any) -> None:
    project.write("code.py", COUNTING)
    for second in (0, 10, 30, 59, 60, 90):
        given.set(f"2025-03-01T10:{second // 60:02}:{second % 60:02}")
        project.once()
    assert [(tick.status, tick.cursor) for tick in project.ticks("counting", kind="sensor")] == [
        ("success", "1"), ("success", "2"), ("failure", None), ("failure", None),
    ]  # fmt: skip
    record = project.instance.reader.instigators()[InstigatorId("code", "sensor", "counting")]
    assert (record.cursor, record.last_run_key, record.failures) == ("2", "1", 2)
    kinds = [type(entry.event) for entry in project.instance.storage.entries()]
    first = kinds.index(RunRequested)
    assert kinds[first : first + 3] == [RunRequested, RunQueued, TickEvaluated]
    log = project.ticks("counting", kind="sensor")[0].log
    assert "saw 0" in (project.instance.home.state / log).read_text()


def test_a_function_that_hangs_is_ended_and_others_go_on(project: Any, given: Any) -> None:
    project.configure("[queue]\nmax_concurrent_runs = 0\n[daemon]\ntick_seconds = 1\nmax_tick_retries = 0\n")
    project.write("code.py", HANGING)
    project.write("other.py", HOURLY)
    for moment in ("10:30", "11:00"):
        given.set(f"2025-03-01T{moment}")
        project.once()
    (tick,) = project.ticks("hanging")
    assert (tick.status, tick.error.cls, tick.will_retry) == ("failure", "TickTimeout", False)
    assert [one.status for one in project.ticks("hourly")] == ["success"]
    assert [one.status for one in project.ticks("hourly", location="other")] == ["success"]


def test_a_function_that_kills_its_process_fails_its_tick_only(project: Any, given: Any) -> None:
    project.write("code.py", DYING)
    given.set("2025-03-01T10:30")
    project.once()
    (tick,) = project.ticks("dying", kind="sensor")
    assert (tick.status, tick.error.cls) == ("failure", "WorkerLost")
    assert "SIGKILL" in tick.error.message


def test_what_is_told_cannot_command_a_terminal(project: Any, given: Any) -> None:
    project.write("code.py", "raise ValueError('\\x1b[31mred\\nnext')\n")
    given.set("2025-03-01T10:30")
    project.once()
    (line,) = [line for line in project.lines if "left out" in line]
    assert "\x1b" not in line
    assert "\n" not in line


def test_a_setting_that_is_wrong_is_told_when_the_daemon_starts(project: Any) -> None:
    import pytest

    from nbasset.errors import InvalidConfigError

    project.configure("[daemon]\ntick_second = 1\n")
    with pytest.raises(InvalidConfigError, match="tick_seconds"):
        project.once()
    project.configure("")
