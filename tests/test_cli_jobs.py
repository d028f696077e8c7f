"""Jobs, runs, schedules, sensors and the instance on the command line: what is printed, JSON, exit codes."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbasset.cli import DONE, FAILED, USAGE
from nbasset.instance import Instance

CODE = '''
from nbasset import *

daily = DailyPartitionsDefinition("2013-06-01", end_date="2013-07-01")

@asset(partitions_def=daily)
def day(context):
    return [context.partition_key]

@asset
def orders():
    return [1, 2]

@asset(deps=[orders])
def broken():
    print("in broken")
    raise ValueError("no disk")

class Size(Config):
    n: int

@op
def load(config: Size):
    return config.n

@op
def double(context, x):
    """Twice as much."""
    context.log.info("doubled")
    return 2 * x

@job(tags={"team": "data"})
def etl():
    """Loads and doubles."""
    double(load())

days = define_asset_job("days", selection="day")
breaking = define_asset_job("breaking", selection=["orders", "broken"])
daily_days = build_schedule_from_partitioned_job(days)

@schedule("30 6 * * *", job=etl, execution_timezone="Europe/Berlin", default_status=DefaultScheduleStatus.RUNNING)
def mornings(context):
    print("called")
    if context.scheduled_execution_time.weekday() > 4:
        return SkipReason("weekend")
    return {"ops": {"load": {"config": {"n": context.scheduled_execution_time.day}}}}

@schedule("0 * * * *", target="orders")
def failing(context):
    return 1 / 0

@sensor(job=etl, minimum_interval_seconds=60)
def files(context):
    seen = context.cursor or ""
    context.update_cursor("b.csv")
    if seen == "b.csv":
        return SkipReason("no new files")
    return [RunRequest(name, run_config={"ops": {"load": {"config": {"n": 1}}}}) for name in ("a.csv", "b.csv")]
'''
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def home(own_folder: Path) -> Path:
    """A project with one module."""
    (own_folder / "nbasset.toml").write_text("")
    (own_folder / "shop_jobs.py").write_text(CODE)
    return own_folder


def _json(printed: tuple[int, str, str]) -> Any:
    return json.loads(printed[1])


def test_jobs_are_listed_with_what_they_make_and_what_starts_them(call: Call) -> None:
    code, out, _ = call("job", "list")
    assert code == DONE
    assert "days      day" in out
    assert "daily from 2013-06-01" in out
    assert "2 ops" in out
    assert "schedule mornings, sensor files (off)" in out
    jobs = {one["name"]: one for one in _json(call("job", "list", "--json"))["locations"][0]["jobs"]}
    assert jobs["breaking"]["assets"] == ["orders", "broken"]
    assert jobs["etl"]["ops"] == ["load", "double"]


def test_a_job_is_shown_with_a_configuration_to_fill_in(call: Call) -> None:
    code, out, _ = call("job", "show", "etl")
    assert code == DONE
    assert "Loads and doubles." in out
    assert "tags: team=data" in out
    printed = call("job", "show", "etl", "--config")
    assert printed[1] == "ops:\n  load:\n    config:\n      n: 1\n"
    assert _json(call("job", "show", "etl", "--config", "--json")) == {"ops": {"load": {"config": {"n": 1}}}}


def test_a_job_of_ops_runs_with_configuration_and_tags(call: Call, home: Path) -> None:
    code, out, _ = call("job", "run", "etl", "-c", "ops.load.config.n=21", "-t", "why=test")
    assert code == DONE
    assert "✓ double" in out
    assert "✓ done: 2 steps in" in out
    (home / "run.yaml").write_text("ops: {load: {config: {n: 3}}}")
    assert call("job", "execute", "etl", "--config", "run.yaml")[0] == DONE
    with Instance.open(home) as instance:
        newest, first = instance.get_runs()
        assert (first.job, first.kind, first.tags["why"], first.tags["team"]) == ("etl", "command", "test", "data")
        assert newest.config["ops"]["load"]["config"]["n"] == 3


def test_a_wrong_configuration_is_told_before_anything_runs(call: Call, home: Path) -> None:
    code, _, err = call("job", "run", "etl", "-c", "ops.load.config.n=many")
    assert code == USAGE
    assert "ops.load.config.n: expected int" in err
    assert call("job", "run", "etl")[0] == USAGE
    with Instance.open(home) as instance:
        assert instance.get_runs() == []


def test_a_job_runs_in_a_process_of_its_own(call: Call, home: Path) -> None:
    started = _json(call("job", "run", "etl", "-c", "ops.load.config.n=2", "--bg", "--json"))["started"]
    assert call("runs", started[0], "--follow")[0] == DONE
    with Instance.open(home) as instance:
        run = instance.get_run_by_id(started[0])
        assert run is not None
        assert (run.status, run.job, run.kind) == ("success", "etl", "background")


def test_a_part_of_a_job_runs(call: Call) -> None:
    done = _json(call("job", "run", "etl", "-c", "ops.load.config.n=1", "--ops", "load", "--json"))
    assert done["runs"][0]["steps"] == 1
    made = _json(call("job", "run", "breaking", "--assets", "orders", "--json"))["runs"][0]["materialized"]
    assert [one["asset"] for one in made] == ["orders"]


def test_of_several_partitions_each_has_a_run(call: Call) -> None:
    done = _json(call("job", "run", "days", "-p", "2013-06-02..2013-06-03", "--json"))
    assert [[one["partition"] for one in run["materialized"]] for run in done["runs"]] == [["2013-06-02"], ["2013-06-03"]]


def test_a_job_of_assets_is_backfilled_and_one_of_ops_has_a_run_for_each_partition(call: Call, home: Path) -> None:
    (home / "shop_jobs.py").write_text(
        CODE + "\n@op\ndef tell(context):\n    context.log.info(context.partition_key)\n\n"
        "@job(partitions_def=StaticPartitionsDefinition(['a', 'b', 'c']))\ndef told():\n    tell()\n"
    )
    planned = _json(call("job", "backfill", "days", "-s", "2013-06-01", "-e", "2013-06-03", "--dry-run", "--json"))["backfills"][0]
    assert planned["assets"] == {"day": 3}
    assert call("job", "backfill", "days", "-s", "2013-06-01", "-e", "2013-06-03", "-t", "why=test", "--quiet")[0] == DONE
    assert _json(call("backfill", "--list", "--json"))["backfills"][0]["title"] == "job days"
    assert len(_json(call("job", "backfill", "told", "--all", "--json"))["runs"]) == 3
    with Instance.open(home) as instance:
        assert [run.tags.get("why") for run in instance.get_runs() if run.job is None] == ["test"]
        assert sorted(run.tags["nbasset/partition"] for run in instance.get_runs() if run.job == "told") == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("job", "backfill", "days"), USAGE, "say which partitions"),
        (("job", "backfill", "etl", "--all"), USAGE, "has no partitions"),
        (("job", "run", "elt"), USAGE, "Did you mean 'etl'?"),
        (("job", "rnu", "etl"), USAGE, "Did you mean 'job run'?"),
        (("job", "run"), USAGE, "name one job"),
        (("job", "run", "etl", "days"), USAGE, "2 were named"),
        (("job", "list", "etl"), USAGE, "takes no selection"),
        (("job", "run", "days", "-p", "2014-06-02"), USAGE, "2014-06-02"),
        (("job", "run", "days"), FAILED, "say which partitions"),
        (("job", "run", "etl", "-p", "2013-06-02"), USAGE, "has no partitions"),
        (("job", "run", "days", "-p", "2013-06-02..2013-06-04", "--bg"), USAGE, "names 3 partitions"),
        (("job", "run", "days", "--assets", "orders", "-p", "2013-06-02"), USAGE, "not in the selection"),
        (("schedule", "evaluate", "morning"), USAGE, "Did you mean 'mornings'?"),
        (("schedule", "evaluate", "mornings", "--at", "tomorrow"), USAGE, "is no moment"),
        (("sensor", "evaluate", "fils"), USAGE, "Did you mean 'files'?"),
        (("sensor", "evaluate", "--cursor", "x"), USAGE, "Name it"),
        (("runs", "delete", "ffff"), USAGE, "no run"),
        (("runs", "delete"), USAGE, "say --all"),
        (("runs", "reexecute", "last"), USAGE, "nothing ever ran"),
        (("schedules",), USAGE, "Did you mean 'schedule'?"),
    ],
)
def test_mistakes_end_with_the_nearest_right_thing(call: Call, words: tuple[str, ...], code: int, message: str) -> None:
    ended, _, err = call(*words)
    assert message in err
    assert ended == code


@pytest.mark.parametrize("kind", ["job", "schedule", "sensor", "instance"])
def test_the_first_word_alone_lists_what_can_follow(call: Call, kind: str) -> None:
    code, out, _ = call(kind, "--help")
    assert code == DONE
    assert f"{kind} " in out
    assert call(kind)[0] == USAGE


def test_a_failed_job_ends_with_1_and_is_finished_from_its_failure(call: Call, home: Path) -> None:
    code, out, _ = call("job", "run", "breaking")
    assert code == FAILED
    assert "ValueError: no disk" in out
    (home / "shop_jobs.py").write_text(CODE.replace('raise ValueError("no disk")', "return [3]"))
    sys.modules.pop("shop_jobs", None)  # the next command is a process of its own
    again = _json(call("runs", "reexecute", "last", "--from-failure", "--json"))["runs"][0]
    assert again["status"] == "success"
    assert "broken" in [one["asset"] for one in again["materialized"]]
    with Instance.open(home) as instance:
        newest, first = instance.get_runs()
        assert newest.parent_run_id == first.run_id
        assert newest.job == "breaking"


def test_a_run_that_is_tried_again_says_so(call: Call) -> None:
    code, out, _ = call("job", "run", "breaking", "--tag", "nbasset/max_retries=1")
    assert code == FAILED
    assert out.count("↻ the run failed, and is tried again (1 of 1)") == 1


def test_a_run_of_assets_is_run_again_without_a_job(call: Call, home: Path) -> None:
    assert call("run", "orders", "broken", "--tag", "a=b")[0] == FAILED
    (home / "shop_jobs.py").write_text(CODE.replace('raise ValueError("no disk")', "return [3]"))
    again = _json(call("runs", "reexecute", "last", "--from-failure", "--json"))["runs"][0]
    assert [one["asset"] for one in again["materialized"]] == ["broken"]
    whole = _json(call("runs", "reexecute", "last", "--json"))["runs"][0]
    assert [one["asset"] for one in whole["materialized"]] == ["broken"]
    assert call("runs", "reexecute", "last", "--from-failure")[0] == USAGE
    with Instance.open(home) as instance:
        runs = instance.get_runs()
        assert runs[1].parent_run_id == runs[2].run_id
        assert runs[0].root_run_id == runs[2].run_id
        assert runs[0].tags == {"a": "b"}


def test_runs_are_forgotten_when_that_was_confirmed(call: Call, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call("run", "orders")
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert call("runs", "delete", "last")[0] == FAILED
    assert call("runs", "delete", "last", "--yes")[:2] == (DONE, "1 run forgotten; what they made is kept\n")
    assert call("runs", "list")[1] == "Nothing ran yet.\n"
    call("run", "orders")
    assert call("runs", "delete", "--all", "--json")[0] == USAGE
    assert len(_json(call("runs", "wipe", "--yes", "--json"))["deleted"]) == 1
    assert call("runs", "wipe", "--yes")[1] == "0 runs forgotten; what they made is kept\n"
    with Instance.open(home) as instance:
        assert [str(one.key) for one in instance.get_asset_records() if one.materialization] == ["orders"]


def test_schedules_and_sensors_are_listed(call: Call) -> None:
    code, out, _ = call("schedule", "list")
    assert code == DONE
    assert "mornings       30 6 * * * (Europe/Berlin)  job etl" in out
    assert "job etl   on, by its definition  " in out
    assert "files  sensor  every 60 s  job etl  off, by its definition" in call("sensor", "list")[1]
    listed = _json(call("schedule", "list", "--json"))["locations"][0]["schedules"]
    assert [one["name"] for one in listed] == ["days_schedule", "failing", "mornings"]


def test_a_tick_of_a_moment_says_what_it_would_start(call: Call, home: Path) -> None:
    code, out, _ = call("schedule", "evaluate", "mornings", "--at", "2013-06-03T06:30")
    assert code == DONE
    assert "Mon 2013-06-03 06:30 CEST\n    job etl: 2 ops" in out
    assert "skipped: weekend" in call("schedule", "evaluate", "mornings", "--at", "2013-06-01T06:30")[1]
    tick = _json(call("schedule", "tick", "mornings", "--at", "2013-06-03T06:30", "--json"))["ticks"][0]
    assert tick["runs"][0]["run_config"] == {"ops": {"load": {"config": {"n": 3}}}}
    assert not (home / ".nbasset").exists()


def test_a_failing_schedule_shows_its_line_and_hides_no_other(call: Call) -> None:
    code, out, _ = call("schedule", "preview", "--days", "3", "--limit", "2")
    assert code == FAILED
    assert "return 1 / 0" in out
    assert "job etl: 2 ops" in out or "skipped: weekend" in out
    assert "and more ticks" in out
    assert call("schedule", "preview", "mornings", "--days", "3")[0] == DONE


def test_a_sensor_is_evaluated_without_keeping_anything(call: Call, home: Path) -> None:
    code, out, _ = call("sensor", "evaluate", "files")
    assert code == DONE
    assert out.count("job etl: 2 ops") == 2
    assert "cursor: b.csv" in out
    assert "skipped: no new files" in call("sensor", "preview", "files", "--cursor", "b.csv")[1]
    assert not (home / ".nbasset").exists()


def test_the_plan_of_days_holds_all_of_it(call: Call, home: Path) -> None:
    code, out, _ = call("plan", "--days", "2")
    assert code == FAILED
    assert "3 schedules with" in out
    assert "1 sensor looked at now" in out
    printed = call("plan", "--days", "2", "--json")
    found = _json(printed)["forecasts"][0]
    assert {one["name"] for one in found["schedules"]} == {"days_schedule", "failing", "mornings"}
    assert found["sensors"][0]["evaluation"]["cursor"] == "b.csv"
    assert not (home / ".nbasset").exists()


def test_the_instance_says_what_it_is(call: Call, home: Path) -> None:
    code, out, _ = call("instance", "info")
    assert code == DONE
    assert "warehouse" in out
    assert not (home / ".nbasset").exists()
    assert _json(call("instance", "info", "--json"))["entries"] == 0
    assert call("instance", "migrate")[0] == DONE
    assert (home / ".nbasset").exists()
    assert _json(call("instance", "migrate", "--json"))["schema"] >= 1


def test_a_name_in_two_locations_has_to_be_said_with_its_location(call: Call, home: Path) -> None:
    (home / "shop_other.py").write_text(CODE)
    code, _, err = call("job", "show", "etl")
    assert code == USAGE
    assert "is defined in" in err
    assert call("job", "show", "shop_other.py", "etl")[0] == DONE


def test_definitions_are_validated_and_a_broken_location_hides_no_other(call: Call, home: Path) -> None:
    code, out, _ = call("definitions", "validate")
    assert (code, out) == (DONE, "✓ shop_jobs: 3 assets, 3 jobs, 3 schedules, 1 sensor\n")
    (home / "shop_broken.py").write_text("from nbasset import asset\n1 / 0\n")
    (home / "shop_wrong.py").write_text("from nbasset import asset\n\n@asset\ndef total(ordres):\n    return 1\n")
    code, out, _ = call("definitions", "validate")
    assert code == FAILED
    assert "✗ shop_broken cannot be loaded" in out.replace(".py", "")
    assert "✗ shop_wrong" in out
    assert "no asset 'ordres'" in out
    assert "✓ shop_jobs" in out
    found = _json(call("definitions", "validate", "--json"))
    assert found["valid"] is False
    assert [one["valid"] for one in found["locations"]] == [False, True, False]
