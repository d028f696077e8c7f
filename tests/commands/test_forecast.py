"""What schedules and sensors would start: partitions, time zones, what spends a run key, conditions, and that nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from nbasset import (
    AddDynamicPartitionsRequest,
    AssetMaterialization,
    AutomationCondition,
    Config,
    DailyPartitionsDefinition,
    Definitions,
    DynamicPartitionsDefinition,
    HourlyPartitionsDefinition,
    Instance,
    RunRequest,
    ScheduleDefinition,
    SensorResult,
    SkipReason,
    asset,
    build_schedule_from_partitioned_job,
    define_asset_job,
    job,
    op,
    schedule,
    sensor,
)
from nbasset.commands.forecast import evaluate_schedule, forecast, schedule_forecast, sensor_forecast
from nbasset.commands.forecast_words import forecast_text, headline, run_text, schedule_text, sensor_text
from nbasset.commands.scope import Scope, scope_of
from nbasset.events.kinds import RunCancelled, RunRequested
from nbasset.keys import AssetKey, new_run_id
from nbasset.planning.ticks import schedule_run_tags, sensor_run_tags
from nbasset.secrets import KNOWN, remember_secret

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
CUSTOMERS = DynamicPartitionsDefinition(name="customers")


@asset(partitions_def=DailyPartitionsDefinition("2026-11-01", timezone="Europe/Berlin"))
def day() -> list[int]:
    return [1]


@asset
def orders() -> list[int]:
    return [1]


@asset(partitions_def=CUSTOMERS)
def bill() -> list[int]:
    return [1]


class Size(Config):
    n: int


@op
def load(config: Size) -> int:
    return config.n


@job
def etl() -> None:
    load()


@pytest.fixture
def instance() -> Iterator[Instance]:
    with Instance.ephemeral() as made:
        yield made


def _scope(instance: Instance, *, assets: Any = (day, orders, bill), jobs: Any = (etl,), **more: Any) -> Scope:
    return scope_of(Definitions(list(assets), jobs=list(jobs), **more), instance=instance)


def _ran(instance: Instance, tags: dict[str, str]) -> str:
    run_id = new_run_id()
    instance.storage.append([RunRequested(1, run_id, (), 0, None, "scheduled", None, tags), RunCancelled(2, run_id, "")], flush=True)
    return str(run_id)


def test_a_partitioned_schedule_names_the_partition_that_will_have_ended(instance: Instance) -> None:
    days = define_asset_job("days", selection="day")
    scope = _scope(instance, jobs=[days], schedules=[build_schedule_from_partitioned_job(days, hour_of_day=3)])
    found = schedule_forecast(scope, "days_schedule", days=2, now=NOW)
    assert [tick.at.isoformat() for tick in found.ticks] == ["2026-11-26T03:00:00+01:00", "2026-11-27T03:00:00+01:00"]
    assert [run.assets for tick in found.ticks for run in tick.runs] == [
        ((AssetKey("day"), ("2026-11-25",)),), ((AssetKey("day"), ("2026-11-26",)),),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cron", "start", "expected"),
    [
        ("30 2 * * *", datetime(2025, 3, 8, 12, tzinfo=UTC), ["2025-03-09T03:00:00-04:00", "2025-03-10T02:30:00-04:00"]),
        ("30 1 * * *", datetime(2025, 11, 1, 12, tzinfo=UTC), ["2025-11-02T01:30:00-05:00", "2025-11-03T01:30:00-05:00"]),
    ],
)
def test_ticks_keep_the_wall_clock_where_it_jumps(instance: Instance, cron: str, start: datetime, expected: list[str]) -> None:
    nightly = ScheduleDefinition("nightly", cron_schedule=cron, target="orders", execution_timezone="America/New_York")
    found = schedule_forecast(_scope(instance, schedules=[nightly]), "nightly", days=2, now=start)
    assert [tick.at.isoformat() for tick in found.ticks] == expected


def test_an_hour_that_comes_twice_is_two_partitions(instance: Instance) -> None:
    @asset(partitions_def=HourlyPartitionsDefinition("2025-11-01-00:00", timezone="America/New_York"))
    def hour() -> None: ...

    hours = define_asset_job("hours", selection="hour")
    scope = _scope(instance, assets=[hour], jobs=[hours], schedules=[build_schedule_from_partitioned_job(hours)])
    found = schedule_forecast(scope, "hours_schedule", days=4 / 24, now=datetime(2025, 11, 2, 4, 30, tzinfo=UTC))
    keys = [run.partition for tick in found.ticks for run in tick.runs]
    assert keys == ["2025-11-02-00:00", "2025-11-02-01:00", "2025-11-02-01:00-0500", "2025-11-02-02:00"]


def test_a_time_without_a_zone_is_on_the_schedules_clock(instance: Instance) -> None:
    nightly = ScheduleDefinition("nightly", cron_schedule="0 6 * * *", target="orders", execution_timezone="Europe/Berlin")
    scope = _scope(instance, schedules=[nightly])
    assert evaluate_schedule(scope, "nightly", at="2026-07-01T06:00").ticks[0].at.isoformat() == "2026-07-01T06:00:00+02:00"
    assert evaluate_schedule(scope, "nightly", at="2026-07-01T04:00+00:00").note == ""
    assert "is no tick of 0 6 * * *" in evaluate_schedule(scope, "nightly", at="2026-07-01T06:01").note
    assert evaluate_schedule(scope, "nightly", now=NOW).ticks[0].at.isoformat() == "2026-11-26T06:00:00+01:00"


@pytest.mark.parametrize("at", ["2025-03-30T03:00", "2025-03-30T02:30", "2025-10-26T02:30", "2025-10-26T02:30+01:00"])
def test_a_tick_beside_a_jump_of_the_clock_is_known_as_one(instance: Instance, at: str) -> None:
    nightly = ScheduleDefinition("nightly", cron_schedule="30 2 * * *", target="orders", execution_timezone="Europe/Berlin")
    found = evaluate_schedule(_scope(instance, schedules=[nightly]), "nightly", at=at)
    assert (found.note, len(found.ticks[0].runs)) == ("", 1)


def test_what_has_no_tick_in_time_says_when_it_has_one(instance: Instance) -> None:
    yearly = ScheduleDefinition("yearly", cron_schedule="0 6 1 1 *", target="orders")
    found = schedule_forecast(_scope(instance, schedules=[yearly]), "yearly", days=7, now=NOW)
    assert (found.ticks, found.note) == ((), "no tick within 7 days; the next one is 2027-01-01 06:00 UTC")
    assert "off, by its definition" in schedule_text(found)


def test_more_ticks_than_asked_for_are_not_evaluated(instance: Instance) -> None:
    called = []

    @schedule("* * * * *", target="orders")
    def often(context: Any) -> RunRequest:
        called.append(context.scheduled_execution_time)
        return RunRequest()

    found = schedule_forecast(_scope(instance, schedules=[often]), "often", days=7, limit=3, now=NOW)
    assert (len(found.ticks), found.more, len(called)) == (3, True, 3)


def test_a_tick_that_was_run_is_not_run_again(instance: Instance) -> None:
    nightly = ScheduleDefinition("nightly", cron_schedule="0 6 * * *", target="orders")
    scope = _scope(instance, schedules=[nightly])
    at = datetime(2026, 11, 24, 6, tzinfo=UTC)
    before = evaluate_schedule(scope, "nightly", at="2026-11-24T06:00").ticks[0]
    assert before.runs[0].starts
    run_id = _ran(instance, schedule_run_tags("nightly", at))
    after = evaluate_schedule(scope, "nightly", at="2026-11-24T06:00").ticks[0]
    assert (after.runs[0].ran, after.runs[0].starts) == (run_id, False)


def test_a_spent_run_key_of_a_sensor_names_its_run(instance: Instance) -> None:
    @sensor(target="orders")
    def files() -> list[RunRequest]:
        return [RunRequest("a"), RunRequest("b"), RunRequest("b")]

    run_id = _ran(instance, sensor_run_tags("files", "a"))
    found = sensor_forecast(_scope(instance, sensors=[files]), "files")
    assert [(run.run_key, run.ran) for run in found.asked.runs][:2] == [("a", run_id), ("b", None)]
    assert f"its run key 'a' was run as {run_id[:8]}" in sensor_text(found)


def test_a_run_that_would_not_begin_says_why(instance: Instance) -> None:
    @schedule("0 6 * * *", job=etl)
    def unset(context: Any) -> RunRequest:
        return RunRequest(run_config={"ops": {"load": {"config": {"n": "many"}}}})

    keyless = ScheduleDefinition("keyless", cron_schedule="0 6 * * *", target="day")
    scope = _scope(instance, schedules=[unset, keyless])
    assert "ops.load.config.n: expected int" in schedule_forecast(scope, "unset", days=1, now=NOW).ticks[0].runs[0].problem
    assert "the request names none" in schedule_forecast(scope, "keyless", days=1, now=NOW).ticks[0].runs[0].problem


def test_a_sensor_sees_the_partitions_that_it_adds_and_nothing_is_kept(instance: Instance) -> None:
    @sensor(target="bill")
    def by_result(context: Any) -> SensorResult:
        return SensorResult(
            [RunRequest(partition_key="ada")], cursor="1", dynamic_partitions_requests=[CUSTOMERS.build_add_request(["ada"])]
        )

    @sensor(target="bill")
    def by_hand(context: Any) -> RunRequest:
        context.instance.add_dynamic_partitions("customers", ["bob"])
        assert context.instance.has_dynamic_partition("customers", "bob")
        return RunRequest(partition_key="bob")

    scope = _scope(instance, sensors=[by_result, by_hand])
    first, second = sensor_forecast(scope, "by_result").asked, sensor_forecast(scope, "by_hand").asked
    assert (first.also, second.also) == (("adds ada to 'customers'",), ("adds bob to 'customers'",))
    assert [run.assets for run in (*first.runs, *second.runs)] == [((AssetKey("bill"), ("ada",)),), ((AssetKey("bill"), ("bob",)),)]
    assert first.cursor == "1"
    assert (instance.get_dynamic_partitions("customers"), instance.reader.last_seq()) == ([], 0)
    assert isinstance(CUSTOMERS.build_add_request(["ada"]), AddDynamicPartitionsRequest)


def test_conditions_say_what_they_ask_for_and_what_does_not_hold(instance: Instance) -> None:
    @asset(deps=[orders], automation_condition=AutomationCondition.eager())
    def total() -> None: ...

    @asset(automation_condition=AutomationCondition.on_missing())
    def first() -> None: ...

    scope = _scope(instance, assets=[orders, total, first])
    name = "default_automation_condition_sensor"
    found = sensor_forecast(scope, name)
    stands = {key: (asked, why) for key, asked, why in found.conditions}
    assert stands["total"][0] is False
    assert stands["total"][1].startswith("not: ")
    instance.report_runless_asset_event(AssetMaterialization("orders"))
    assert found.asked.error is None
    assert instance.get_runs() == []


def test_conditions_that_hold_name_the_partitions_and_the_backfill(instance: Instance) -> None:
    @asset(
        partitions_def=DailyPartitionsDefinition("2025-01-01", end_date="2025-01-11"), automation_condition=AutomationCondition.missing()
    )
    def days() -> None: ...

    @asset(automation_condition=AutomationCondition.missing() & ~AutomationCondition.in_progress())
    def whole() -> None: ...

    @asset(automation_condition=AutomationCondition.code_version_changed() | AutomationCondition.newly_updated())
    def neither() -> None: ...

    found = sensor_forecast(_scope(instance, assets=[days, whole, neither]), "default_automation_condition_sensor")
    keys = "2025-01-01, 2025-01-02, 2025-01-03, 2025-01-04, 2025-01-05 and 5 more"
    assert found.conditions == (
        ("days", True, keys), ("neither", False, "none of: code_version_changed; newly_updated"), ("whole", True, "asked for"),
    )  # fmt: skip
    assert found.asked.also == (f"a backfill would make 10 partitions of days: {keys}",)
    assert [run.assets for run in found.asked.runs] == [((AssetKey("whole"), ()),)]


def test_one_that_fails_shows_its_line_and_hides_no_other(instance: Instance) -> None:
    @schedule("0 6 * * *", target="orders")
    def broken(context: Any) -> RunRequest:
        raise ValueError("no disk")

    @schedule("0 6 * * *", target="orders")
    def leaves(context: Any) -> RunRequest:
        raise SystemExit(3)

    @sensor(target="orders")
    def also_broken(context: Any) -> RunRequest:
        return RunRequest(partition_key="x")

    @schedule("0 6 * * *", target="orders")
    def well(context: Any) -> SkipReason:
        return SkipReason("not today")

    found = forecast(_scope(instance, schedules=[broken, leaves, well], sensors=[also_broken]), days=1, now=NOW)
    text = forecast_text(found, 1)
    assert 'raise ValueError("no disk")' in text
    assert "SystemExit" in text
    assert "skipped: not today" in text
    assert "has no partitions" in text
    assert headline(found, 1) == (
        "3 schedules with 3 ticks in the next day, 1 sensor looked at now: 0 runs would start, 3 evaluations failed. Nothing was started."
    )


def test_secrets_in_what_is_asked_for_are_masked(instance: Instance) -> None:
    remember_secret("TOKEN", "hunter2-hunter2")

    @schedule("0 6 * * *", target="orders")
    def telling(context: Any) -> RunRequest:
        context.log.info("with hunter2-hunter2")
        return RunRequest(tags={"token": "hunter2-hunter2"})

    found = schedule_forecast(_scope(instance, schedules=[telling]), "telling", days=1, now=NOW)
    KNOWN.forget()
    assert "hunter2" not in schedule_text(found)
    assert "hunter2" not in str(found.to_json())


def test_words_of_a_run_name_what_it_makes(instance: Instance) -> None:
    many = ScheduleDefinition("many", cron_schedule="0 6 * * *", target=["orders"])
    (tick,) = schedule_forecast(_scope(instance, schedules=[many]), "many", days=1, now=NOW).ticks
    assert run_text(tick.runs[0]) == "assets: orders"


def test_the_next_ticks_are_shown_with_what_they_would_ask_for(instance: Instance) -> None:
    @schedule("0 6 * * *", target="orders")
    def morning(context: Any) -> RunRequest:
        context.log.info("asked on the %s", context.scheduled_execution_time.day)
        if context.scheduled_execution_time.day == 27:
            raise ValueError("not on the 27th")
        return RunRequest(tags={"day": context.scheduled_execution_time.day})

    found = schedule_forecast(_scope(instance, schedules=[morning]), "morning", days=3, now=NOW)
    assert [tick.at.day for tick in found.ticks] == [26, 27, 28]
    assert [(tick.runs[0].tags or {})["day"] if tick.runs else str(tick.error) for tick in found.ticks] == [
        "26", "ValueError: not on the 27th", "28",
    ]  # fmt: skip
    assert [tick.log_lines for tick in found.ticks] == [(f"INFO: asked on the {day}",) for day in (26, 27, 28)]


def test_a_plain_schedule_shows_its_ticks_too(instance: Instance) -> None:
    monthly = ScheduleDefinition("s", cron_schedule="@monthly", target="orders")
    found = schedule_forecast(_scope(instance, schedules=[monthly]), "s", days=62, now=NOW)
    assert [tick.at.month for tick in found.ticks] == [12, 1]
