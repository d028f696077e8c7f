"""Schedules: when they fire, what a tick asks for, what cannot be one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from nbasset import (
    AssetSelection,
    DailyPartitionsDefinition,
    DefaultScheduleStatus,
    Definitions,
    DynamicPartitionsDefinition,
    HourlyPartitionsDefinition,
    Instance,
    InvalidDefinitionError,
    InvariantViolationError,
    MultiPartitionsDefinition,
    ResourceParam,
    RunConfig,
    RunRequest,
    ScheduleDefinition,
    SkipReason,
    StaticPartitionsDefinition,
    UnknownPartitionError,
    WeeklyPartitionsDefinition,
    asset,
    build_schedule_context,
    build_schedule_from_partitioned_job,
    schedule,
)
from nbasset.definitions.asset_job import define_asset_job
from nbasset.definitions.job import job
from nbasset.definitions.op_decorator import op
from nbasset.serde import dumps, loads

NOON = datetime(2025, 6, 2, 12, tzinfo=UTC)


@asset
def orders() -> int:
    return 1


@op
def work() -> None: ...


@job
def nightly() -> None:
    work()


def at(moment: datetime = NOON, **options: Any) -> Any:
    return build_schedule_context(scheduled_execution_time=moment, **options)


def test_a_schedule_of_a_job_is_called_after_it_and_starts_it_with_its_config_and_tags() -> None:
    made = ScheduleDefinition(job=nightly, cron_schedule="0 2 * * *", run_config={"ops": {}}, tags={"team": "data"})
    (request,) = made.evaluate_tick(at()).run_requests
    assert (made.name, made.execution_timezone, made.default_status) == ("nightly_schedule", "UTC", DefaultScheduleStatus.STOPPED)
    assert (request.job_name, request.run_key) == ("nightly", None)
    assert request.tags == {
        "nbasset/schedule_name": "nightly_schedule",
        "nbasset/scheduled_time": "2025-06-02T12:00:00+00:00",
        "team": "data",
    }


@pytest.mark.parametrize("target", ["group:raw+", AssetSelection.groups("raw"), ["orders", "other"], orders, [orders]])
def test_assets_are_a_target_in_every_form(target: Any) -> None:
    made = ScheduleDefinition("s", cron_schedule="@daily", target=target)
    assert made.target is not None
    assert made.target.selection == AssetSelection.from_coercible(target)


def test_a_target_brings_its_assets_and_jobs_into_the_definitions() -> None:
    by_assets = ScheduleDefinition("a", cron_schedule="@daily", target=[orders])
    by_job = ScheduleDefinition(job=nightly, cron_schedule="@daily")
    defs = Definitions(schedules=[by_assets, by_job])
    assert [str(key) for key in defs.catalog.by_key] == ["orders"]
    assert [one.name for one in defs.catalog.jobs] == ["nightly"]
    assert defs.problems == ()


def test_functions_decide_config_tags_and_whether_to_run_at_the_tick() -> None:
    made = ScheduleDefinition(
        "s",
        cron_schedule="0 * * * *",
        job=nightly,
        run_config_fn=lambda context: {"ops": {"work": {"config": {"hour": context.scheduled_execution_time.hour}}}},
        tags_fn=lambda context: {"day": context.scheduled_execution_time.strftime("%a")},
        should_execute=lambda context: context.scheduled_execution_time.hour > 6,
    )
    assert made.evaluate_tick(at(NOON.replace(hour=5))).skip_message == "should_execute of schedule 's' said no"
    (request,) = made.evaluate_tick(at()).run_requests
    assert request.run_config == {"ops": {"work": {"config": {"hour": 12}}}}
    assert request.tags["day"] == "Mon"


def test_a_function_returns_requests_a_reason_a_config_or_nothing() -> None:
    returned: list[Any] = [
        RunRequest(run_key="a"),
        [RunRequest("a"), RunRequest("b")],
        SkipReason("weekend"),
        {"ops": {}},
        RunConfig(ops={"work": {"config": {"n": 1}}}),
        None,
    ]

    @schedule("0 6 * * *", job=nightly)
    def morning(context: Any) -> Any:
        return returned.pop(0)

    found = [morning.evaluate_tick(at()) for _ in range(6)]
    assert [[request.run_key for request in one.run_requests] for one in found] == [["a"], ["a", "b"], [], [None], [None], []]
    assert [one.skip_message for one in found] == [None, None, "weekend", None, None, "schedule 'morning' asked for nothing"]
    assert found[4].run_requests[0].run_config == {"ops": {"work": {"config": {"n": 1}}}}


def test_a_generator_yields_requests() -> None:
    @schedule("0 6 * * *", target="orders")
    def morning() -> Iterator[RunRequest]:
        yield RunRequest("a")
        yield RunRequest("b")

    assert [one.run_key for one in morning.evaluate_tick(at()).run_requests] == ["a", "b"]


@pytest.mark.parametrize("keys", [("a", None), ("a", "a"), (None, None)])
def test_several_requests_need_distinct_run_keys(keys: tuple[str | None, str | None]) -> None:
    @schedule("0 6 * * *", target="orders")
    def morning() -> Any:
        return [RunRequest(run_key=key) for key in keys]

    with pytest.raises(InvariantViolationError, match="run_key"):
        morning.evaluate_tick(at())


def test_the_time_of_a_tick_is_on_the_clock_of_the_schedule() -> None:
    seen: list[datetime] = []

    @schedule("0 6 * * *", target="orders", execution_timezone="America/New_York")
    def morning(context: Any) -> None:
        seen.append(context.scheduled_execution_time)

    morning.evaluate_tick(at())
    assert seen[0].isoformat() == "2025-06-02T08:00:00-04:00"


def test_a_tick_that_the_clock_skips_moves_to_the_end_of_the_gap_and_one_that_comes_twice_fires_at_the_later() -> None:
    made = ScheduleDefinition("s", cron_schedule="30 2 * * *", target="orders", execution_timezone="America/New_York")
    assert made.ticks(datetime(2025, 3, 9, tzinfo=UTC), 1)[0].isoformat() == "2025-03-09T03:00:00-04:00"
    made = ScheduleDefinition("s", cron_schedule="30 1 * * *", target="orders", execution_timezone="America/New_York")
    assert made.ticks(datetime(2025, 11, 2, tzinfo=UTC), 1)[0].isoformat() == "2025-11-02T01:30:00-05:00"


def test_several_crons_are_united_and_fire_once_where_they_coincide() -> None:
    made = ScheduleDefinition("s", cron_schedule=["0 0 * * *", "0 */12 * * *"], target="orders")
    assert [tick.hour for tick in made.ticks(datetime(2025, 1, 1, 1, tzinfo=UTC), 3)] == [12, 0, 12]


@pytest.mark.parametrize("cron", ["* * * * * *", "0 0 30 2 *", "61 * * * *", "", [], "@never"])
def test_crons_that_cannot_be_are_refused_with_the_name_of_the_schedule(cron: Any) -> None:
    with pytest.raises(InvalidDefinitionError, match="schedule 's'"):
        ScheduleDefinition("s", cron_schedule=cron, target="orders")


def test_crons_that_may_not_be_meant_are_noted() -> None:
    assert "every 90 minutes" in ScheduleDefinition("s", cron_schedule="*/90 * * * *", target="orders").notes[0]


def test_resources_reach_a_schedule_by_parameter_and_by_key() -> None:
    @schedule("0 6 * * *", target="orders", required_resource_keys={"limit"})
    def morning(context: Any, db: ResourceParam[str]) -> RunRequest:
        return RunRequest(tags={"db": db, "limit": context.resources.limit})

    given = {"db": "sqlite", "limit": 3, "other": 1}
    (request,) = morning.evaluate_tick(at(resources=given)).run_requests
    assert (request.tags["db"], request.tags["limit"]) == ("sqlite", "3")
    defs = Definitions([orders], schedules=[morning], resources=given)
    assert morning.evaluate_tick(at(definitions=defs)).run_requests[0].tags["db"] == "sqlite"
    (problem, _) = Definitions([orders], schedules=[morning]).problems
    assert "schedule 'morning' needs the resource 'db'" in str(problem)


def test_a_schedule_is_called_like_the_function_it_is() -> None:
    @schedule("0 6 * * *", target="orders")
    def morning(context: Any, db: ResourceParam[str]) -> Any:
        return f"{db} {context.scheduled_execution_time.hour}"

    assert morning(at(), db="here") == "here 12"
    assert morning(context=at(resources={"db": "there"})) == "there 12"


def test_what_a_function_logs_is_kept_with_the_tick() -> None:
    @schedule("0 6 * * *", target="orders")
    def morning(context: Any) -> None:
        context.log.info("looked at %d files", 3)

    assert morning.evaluate_tick(at()).log_lines == ("INFO: looked at 3 files",)


def test_a_partition_is_checked_against_the_target_and_tagged() -> None:
    daily = DailyPartitionsDefinition("2025-01-01")

    @asset(partitions_def=daily)
    def days() -> int:
        return 1

    @schedule("0 6 * * *", target="days")
    def morning(context: Any) -> RunRequest:
        return RunRequest(partition_key="2025-06-01" if context.scheduled_execution_time.hour else "2025-06-02")

    defs = Definitions([days], schedules=[morning])
    (request,) = morning.evaluate_tick(at(definitions=defs)).run_requests
    assert request.tags["nbasset/partition"] == "2025-06-01"
    with pytest.raises(UnknownPartitionError, match=r"asks for a partition that assets .* does not have"):
        morning.evaluate_tick(at(NOON.replace(hour=0), definitions=defs))


def test_a_catalog_entry_goes_through_json() -> None:
    made = ScheduleDefinition(
        "s", cron_schedule=["@daily", "0 12 * * *"], target="group:raw", owners=["team:data"], metadata={"n": 1}, tags={"a": "b"}
    ).to_catalog()
    assert loads(dumps(made)) == made


# -- partitions -------------------------------------------------------------------------------------------------------------


def asset_job(partitions_def: Any, name: str = "daily") -> Any:
    return define_asset_job(name, ["days"], partitions_def=partitions_def)


def keys(made: Any, moment: datetime, **options: Any) -> list[str | None] | str | None:
    data = made.evaluate_tick(at(moment, **options))
    return [request.partition_key for request in data.run_requests] or data.skip_message


def test_a_schedule_of_partitions_asks_for_the_window_that_has_just_ended_in_their_zone() -> None:
    made = build_schedule_from_partitioned_job(
        asset_job(DailyPartitionsDefinition("2025-01-01", timezone="Europe/Berlin")), hour_of_day=3, minute_of_hour=30
    )
    assert (made.cron_schedule, made.execution_timezone, made.catch_up) == ("30 3 * * *", "Europe/Berlin", 5)
    assert keys(made, datetime(2025, 1, 10, 2, 30, tzinfo=UTC)) == ["2025-01-09"]
    (request,) = made.evaluate_tick(at(datetime(2025, 1, 10, 2, 30, tzinfo=UTC))).run_requests
    assert (request.run_key, request.tags["nbasset/partition"]) == ("2025-01-09", "2025-01-09")


def test_the_pace_of_a_schedule_is_that_of_the_partitions() -> None:
    assert build_schedule_from_partitioned_job(asset_job(HourlyPartitionsDefinition("2025-01-01")), minute_of_hour=5).crons == (
        "5 * * * *",
    )
    weekly = build_schedule_from_partitioned_job(asset_job(WeeklyPartitionsDefinition("2025-01-01")), day_of_week=1, hour_of_day=6)
    assert weekly.crons == ("0 6 * * 1",)


def test_before_the_first_window_has_ended_there_is_nothing_to_ask_for() -> None:
    made = build_schedule_from_partitioned_job(asset_job(DailyPartitionsDefinition("2025-01-01")))
    assert keys(made, datetime(2025, 1, 1, tzinfo=UTC)) == "no partition had ended at the tick"


def test_excluded_windows_are_skipped() -> None:
    made = build_schedule_from_partitioned_job(asset_job(DailyPartitionsDefinition("2025-01-01", exclusions=["0 0 * * 6,0"])))
    assert keys(made, datetime(2025, 1, 4, tzinfo=UTC)) == ["2025-01-03"]
    assert keys(made, datetime(2025, 1, 5, tzinfo=UTC)) == "the window that has just ended is excluded from the partitions"


def test_of_several_dimensions_all_partitions_with_the_newest_time_are_asked_for() -> None:
    both = MultiPartitionsDefinition({"day": DailyPartitionsDefinition("2025-01-01"), "origin": StaticPartitionsDefinition(["EWR", "JFK"])})
    made = build_schedule_from_partitioned_job(asset_job(both))
    assert keys(made, datetime(2025, 1, 3, tzinfo=UTC)) == ["2025-01-02|EWR", "2025-01-02|JFK"]


def test_static_partitions_need_a_cron_and_are_all_asked_for() -> None:
    origins = asset_job(StaticPartitionsDefinition(["EWR", "JFK"]))
    made = build_schedule_from_partitioned_job(origins, cron_schedule="0 6 * * *", execution_timezone="Asia/Tokyo")
    assert (keys(made, NOON), made.execution_timezone) == (["EWR", "JFK"], "Asia/Tokyo")
    with pytest.raises(InvalidDefinitionError, match="do not say when to run"):
        build_schedule_from_partitioned_job(origins)
    with pytest.raises(InvalidDefinitionError, match="hour_of_day moves the end of a time window"):
        build_schedule_from_partitioned_job(origins, hour_of_day=3, cron_schedule="0 6 * * *")


def test_dynamic_partitions_are_asked_of_the_instance() -> None:
    made = build_schedule_from_partitioned_job(asset_job(DynamicPartitionsDefinition("customers")), cron_schedule="@daily")
    with Instance.ephemeral() as instance:
        instance.add_dynamic_partitions("customers", ["ada", "bob"])
        assert keys(made, NOON, instance=instance) == ["ada", "bob"]


def test_time_partitions_say_zone_and_cron_themselves() -> None:
    daily = asset_job(DailyPartitionsDefinition("2025-01-01"))
    with pytest.raises(InvalidDefinitionError, match="execution_timezone has no say"):
        build_schedule_from_partitioned_job(daily, execution_timezone="Europe/Berlin")
    with pytest.raises(InvalidDefinitionError, match="cron_schedule has no say"):
        build_schedule_from_partitioned_job(daily, cron_schedule="@daily")


def test_the_partitions_of_a_job_of_assets_are_found_in_the_definitions() -> None:
    @asset(partitions_def=DailyPartitionsDefinition("2025-01-01"))
    def days() -> int:
        return 1

    implied = define_asset_job("implied", ["days"])
    made = build_schedule_from_partitioned_job(implied, hour_of_day=2)
    defs = Definitions([days], schedules=[made])
    assert defs.problems == ()
    resolved = defs.get_schedule_def("implied_schedule")
    assert (resolved.crons, keys(resolved, datetime(2025, 1, 3, 2, tzinfo=UTC), definitions=defs)) == (("0 2 * * *",), ["2025-01-02"])
    unpartitioned = Definitions([orders], schedules=[build_schedule_from_partitioned_job(define_asset_job("plain", ["orders"]))])
    assert "job 'plain' has no partitions" in str(unpartitioned.problems[0])


def test_a_job_without_partitions_has_no_schedule_of_partitions() -> None:
    with pytest.raises(InvalidDefinitionError, match="job 'nightly' has no partitions"):
        build_schedule_from_partitioned_job(nightly)


def test_variables_of_the_environment_are_set_while_its_functions_are_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP", "outside")
    monkeypatch.delenv("REGION", raising=False)

    @schedule("0 6 * * *", job=nightly, environment_vars={"SHOP": "inside", "REGION": "eu"})
    def mornings(context: Any) -> RunRequest:
        return RunRequest(tags={"shop": os.environ["SHOP"], "region": os.environ["REGION"]})

    (request,) = mornings.evaluate_tick(at()).run_requests
    assert (request.tags["shop"], request.tags["region"]) == ("inside", "eu")
    assert (os.environ["SHOP"], os.environ.get("REGION")) == ("outside", None)
    assert "inside" not in dumps(mornings.to_catalog())


def test_a_schedule_of_partitions_has_metadata_and_owners() -> None:
    daily = define_asset_job("daily", ["orders"], partitions_def=DailyPartitionsDefinition("2025-01-01"))
    made = build_schedule_from_partitioned_job(daily, metadata={"runbook": "r.md"}, owners=["team:shop"])
    assert (made.metadata["runbook"].value, made.owners) == ("r.md", ("team:shop",))


def test_a_copy_of_a_schedule_starts_another_job_and_has_other_metadata() -> None:
    made = ScheduleDefinition("s", cron_schedule="0 6 * * *", job=nightly)
    copy = made.with_attributes(job=define_asset_job("other", ["orders"]), metadata={"a": 1})
    assert (copy.job_name, copy.metadata["a"].value, copy.name, made.job_name) == ("other", 1, "s", "nightly")


def test_definitions_are_what_a_schedule_asks_for_jobs() -> None:
    defs = Definitions([orders], jobs=[nightly])
    context = build_schedule_context(repository_def=defs.get_repository_def())
    assert context.repository_def.get_job("nightly").name == "nightly"
    assert (defs.has_job("nightly"), defs.has_job("nobody")) == (True, False)
