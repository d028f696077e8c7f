"""Wrong checks, schedules, sensors and conditions: each text names the place, the rule and what to do instead."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from nbasset import (
    AssetCheckResult,
    AssetCheckSpec,
    AssetIn,
    AssetSelection,
    AutomationCondition,
    AutomationConditionSensorDefinition,
    Definitions,
    Error,
    RunRequest,
    ScheduleDefinition,
    SensorDefinition,
    SensorResult,
    asset,
    asset_check,
    asset_sensor,
    build_last_update_freshness_checks,
    build_schedule_context,
    build_sensor_context,
    build_sensor_for_freshness_checks,
    multi_asset_check,
    run_status_sensor,
    schedule,
    sensor,
)


@asset
def orders() -> int:
    return 1


def check(**options: Any) -> Any:
    def small(orders: int) -> bool:
        return True

    return asset_check(**{"asset": orders, **options})(small)


def two_inputs() -> None:
    @asset_check(asset=orders)
    def small(orders: int, other: int) -> bool:
        return True


def two_of_a_name() -> None:
    @multi_asset_check(specs=[AssetCheckSpec("a", asset="x"), AssetCheckSpec("a", asset="x")])
    def several() -> None: ...


def with_extra_parameter() -> None:
    @schedule("@daily", target="orders")
    def morning(context: Any, db: Any) -> None: ...


def plain(**options: Any) -> Any:
    return ScheduleDefinition(**{"name": "s", "cron_schedule": "@daily", "target": "orders", **options})


def resolved(**options: Any) -> None:
    Definitions.validate_loadable(Definitions([orders], **options))


WRONG: list[tuple[Callable[[], Any], tuple[str, ...]]] = [
    # -- checks
    (lambda: asset_check(asset=lambda: 1)(len), ("@asset_check needs the asset", '@asset_check(asset="orders")')),
    (two_inputs, ("check 'small' of 'orders'", "nobody says what 'other' is", 'additional_ins={"other": AssetIn("other")}')),
    (lambda: check(additional_ins={"othr": AssetIn("x")}), ("has no parameter 'othr'", "additional_ins", "Add a parameter")),
    (lambda: check(additional_deps=["orders"]), ("waits for its own asset anyway", "Leave 'orders' out of additional_deps")),
    (lambda: check(name="not empty"), ("'not empty' cannot be the name of a check", "letters, digits and '_'")),
    (two_of_a_name, ("the check 'x:a' twice", "Rename one")),
    (lambda: multi_asset_check(specs=[])(len), ("@multi_asset_check has no check", "AssetCheckSpec(")),
    (lambda: AssetCheckSpec("small"), ("check 'small' names no asset", "asset=...")),
    (lambda: AssetCheckResult(passed="yes"), ("True or False", "str 'yes'")),  # type: ignore[arg-type]
    (
        lambda: build_last_update_freshness_checks(assets=["a"], lower_bound_delta=timedelta(0)),
        ("lower_bound_delta 0:00:00 is no span of time",),
    ),
    (
        lambda: build_sensor_for_freshness_checks(freshness_checks=[check()]),
        ("check 'orders:small' is no freshness check", "build_last_update_freshness_checks"),
    ),
    # -- schedules
    (lambda: schedule(len), ("@schedule needs a cron", '@schedule("0 6 * * *", target=...)')),  # type: ignore[arg-type]
    (lambda: plain(cron_schedule=None), ("schedule 's' has no cron_schedule", '"0 6 * * *"')),
    (lambda: plain(cron_schedule="0 0 6 * * *"), ("schedule 's'", "0 0 6 * * *", "A cron has 5")),
    (lambda: plain(execution_timezone="Europe/Berln"), ("schedule 's'", "Europe/Berln", "Europe/Berlin")),
    (lambda: plain(job_name="j"), ("schedule 's' was given job_name and target", "Keep one")),
    (lambda: plain(target=None), ("schedule 's' starts nothing", "target=...")),
    (lambda: plain(name=None), ("a schedule of assets needs a name",)),
    (lambda: plain(name="every day"), ("'every day' cannot be the name of a schedule", "Try 'every_day'")),
    (lambda: plain(job="j", target=None), ("job='j' is no job", "define_asset_job or @job")),
    (lambda: plain(target=len), ("is a function", "@asset, @graph or @job")),
    (lambda: plain(tags={"a": "b"}, tags_fn=dict), ("tags and tags_fn", "Keep one")),
    (lambda: plain(run_config={"ops": {}}, run_config_fn=dict), ("run_config and run_config_fn", "Keep one")),
    (
        lambda: plain(execution_fn=lambda: None, run_config={"ops": {}}),
        ("its function decides the run config", "Return RunRequest(run_config=...)"),
    ),
    (lambda: plain(default_status="RUNNING"), ("DefaultScheduleStatus.RUNNING or STOPPED, not 'RUNNING'",)),
    (lambda: plain(owners=["ann"]), ("schedule 's': 'ann' cannot be an owner", "'team:data'")),
    (with_extra_parameter, ("schedule 'morning'", "nobody says what 'db' is", "db: ResourceParam[...]")),
    (
        lambda: plain(run_config_fn=lambda context: context.scheduled_execution_time.year and {}).evaluate_tick(build_schedule_context()),
        ("no scheduled_execution_time", "build_schedule_context(scheduled_execution_time=datetime(...))"),
    ),
    (lambda: plain()(), ("has no function to call", "evaluate_tick(build_schedule_context())")),
    (lambda: schedule("@daily", target="a", name="s")(lambda context: None)(), ("takes a context", "build_schedule_context")),
    (lambda: build_schedule_context(scheduled_execution_time=datetime(2025, 1, 1)).instance, ("no instance", "Instance.ephemeral()")),
    (lambda: RunRequest(asset_selection="orders"), ("give a list of keys, ['orders']",)),
    (lambda: RunRequest(tags={"a": [1]}), ("the tag 'a' has a list as value", "give text")),
    # -- sensors
    (lambda: sensor(len), ("@sensor is written with parentheses", "@sensor(target=...)")),  # type: ignore[arg-type]
    (lambda: SensorDefinition("look"), ("sensor 'look' has no function", "evaluation_fn=...")),
    (lambda: sensor(name="s", minimum_interval_seconds=-1)(lambda: None), ("minimum_interval_seconds", "from 0 up, not -1")),  # type: ignore[arg-type]
    (lambda: sensor(name="s", jobs=["j"])(lambda: None), ("jobs is a list of jobs",)),
    (lambda: sensor(name="s", job_name="j", target="a")(lambda: None), ("was given job_name and target", "Keep one")),
    (lambda: asset_sensor(len), ("@asset_sensor needs the asset that it watches",)),  # type: ignore[arg-type]
    (lambda: SensorResult([RunRequest()], "no"), ("run_requests and a skip_reason", "one or the other")),
    (lambda: SensorResult(cursor=7), ("a cursor is text, not int", "json.dumps")),  # type: ignore[arg-type]
    (lambda: build_sensor_context().update_cursor(7), ("a cursor is text, not int", "json.dumps(7)")),  # type: ignore[arg-type]
    (lambda: run_status_sensor("succeeded", name="s")(lambda: None), ("'succeeded' is no state of a run", "RunStatus.SUCCESS")),
    (lambda: run_status_sensor(len), ("@run_status_sensor needs the state", "RunStatus.SUCCESS")),  # type: ignore[arg-type]
    (
        lambda: run_status_sensor("success", "s", monitored_jobs=["j"], monitor_all_code_locations=True)(lambda: None),
        ("some jobs and everything in all locations", "Keep one"),
    ),
    (
        lambda: AutomationConditionSensorDefinition("s", "*", default_condition=AutomationCondition.eager),  # type: ignore[arg-type]
        ("default_condition is an AutomationCondition",),
    ),
    # -- together
    (
        lambda: resolved(schedules=[plain(target=None, job_name="nigtly")]),
        ("schedule 's' starts the job 'nigtly'", "Definitions(jobs=[...])"),
    ),
    (lambda: resolved(schedules=[plain(), plain()]), ("two schedules are called 's'", "Rename one")),
    (lambda: resolved(sensors=[sensor(target="ordrs", name="look")(lambda: None)]), ("sensor 'look'", "Did you mean 'orders'")),
    (
        lambda: resolved(sensors=[sensor(name="look", required_resource_keys={"db"})(lambda: None)], resources={"dbs": 1}),
        ("sensor 'look' needs the resource 'db'", "Did you mean 'dbs'"),
    ),
    (lambda: resolved(schedules=[len]), ("is no schedule", "@schedule")),
    (lambda: resolved(sensors=[plain()]), ("'s' is no sensor", "Definitions(schedules=[...])")),
    (lambda: AssetSelection.from_coercible(3), ("selects no assets",)),
]


@pytest.mark.parametrize(("make", "fragments"), WRONG, ids=[fragments[0][:40] for _, fragments in WRONG])
def test_a_wrong_definition_says_where_what_and_what_instead(make: Callable[[], Any], fragments: tuple[str, ...]) -> None:
    with pytest.raises(Error) as raised:
        make()
    text = str(raised.value)
    assert [fragment for fragment in fragments if fragment not in text] == [], text
    assert len(text) < 500
