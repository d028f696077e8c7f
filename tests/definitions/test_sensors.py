"""Sensors: cursors, requests, targets, and those that watch assets and runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from nbasset import (
    AssetCheckResult,
    AssetKey,
    AssetMaterialization,
    AutomationCondition,
    AutomationConditionSensorDefinition,
    DailyPartitionsDefinition,
    DefaultSensorStatus,
    Definitions,
    DynamicPartitionsDefinition,
    Instance,
    InvalidDefinitionError,
    InvariantViolationError,
    ResourceParam,
    RunRequest,
    RunStatus,
    SensorDefinition,
    SensorResult,
    SkipReason,
    TimeWindowPartitionMapping,
    asset,
    asset_sensor,
    build_multi_asset_sensor_context,
    build_run_status_sensor_context,
    build_sensor_context,
    materialize,
    multi_asset_sensor,
    run_failure_sensor,
    run_status_sensor,
    sensor,
)
from nbasset.definitions.asset_job import define_asset_job
from nbasset.definitions.specs import AssetIn
from nbasset.events.facts import AssetMaterialized, CheckEvaluated
from nbasset.serde import dumps, loads

first, second = define_asset_job("first", ["a"]), define_asset_job("second", ["b"])


def run_keys(data: Any) -> list[str | None]:
    return [request.run_key for request in data.run_requests]


def test_a_sensor_yields_requests_and_leaves_a_cursor() -> None:
    @sensor(job=first, tags={"team": "data"})
    def files(context: Any) -> Iterator[RunRequest]:
        """Looks for files."""
        begin = int(context.cursor or 0)
        for number in range(begin, begin + 2):
            yield RunRequest(run_key=f"file {number}")
        context.update_cursor(str(begin + 2))

    once = files.evaluate_tick(build_sensor_context())
    again = files.evaluate_tick(build_sensor_context(cursor=once.cursor))
    assert (run_keys(once), once.cursor, run_keys(again)) == (["file 0", "file 1"], "2", ["file 2", "file 3"])
    assert once.run_requests[0].tags == {"nbasset/sensor_name": "files", "team": "data"}
    assert once.run_requests[0].job_name == "first"
    assert (files.minimum_interval_seconds, files.description, files.default_status) == (
        30,
        "Looks for files.",
        DefaultSensorStatus.STOPPED,
    )


def test_a_result_says_everything_at_once() -> None:
    customers = DynamicPartitionsDefinition("customers")

    @sensor(target="per_customer")
    def arrivals(context: Any) -> SensorResult:
        return SensorResult(
            run_requests=[RunRequest(partition_key="ada")],
            cursor="7",
            dynamic_partitions_requests=[customers.build_add_request(["ada"])],
            asset_events=[AssetMaterialization("lake"), AssetCheckResult(True, asset_key="lake", check_name="there")],
        )

    @asset(partitions_def=customers)
    def per_customer() -> int:
        return 1

    defs = Definitions([per_customer], sensors=[arrivals])
    with Instance.ephemeral() as instance:
        data = arrivals.evaluate_tick(build_sensor_context(instance, definitions=defs))
    assert (data.cursor, data.run_requests[0].partition_key) == ("7", "ada")
    assert data.dynamic_partitions_requests == (customers.build_add_request(["ada"]),)
    assert [type(one) for one in data.asset_events] == [AssetMaterialized, CheckEvaluated]
    assert loads(dumps(data)) == data


def test_nothing_and_a_reason_are_skips() -> None:
    given: list[Any] = [None, SkipReason("nothing new"), [], SensorResult(skip_reason="later"), SensorResult()]

    @sensor(target="a")
    def look() -> Any:
        return given.pop(0)

    messages = [look.evaluate_tick(build_sensor_context()).skip_message for _ in range(5)]
    assert messages == ["sensor 'look' asked for nothing", "nothing new", "sensor 'look' asked for nothing", "later",
                        "sensor 'look' asked for nothing"]  # fmt: skip


def test_with_several_targets_a_request_says_which() -> None:
    given: list[Any] = [RunRequest(job_name="second"), RunRequest(), RunRequest(job_name="secnd")]

    @sensor(jobs=[first, second])
    def look() -> Any:
        return given.pop(0)

    assert look.evaluate_tick(build_sensor_context()).run_requests[0].job_name == "second"
    with pytest.raises(InvariantViolationError, match=r"has several targets \(first, second\)"):
        look.evaluate_tick(build_sensor_context())
    with pytest.raises(InvariantViolationError, match="Did you mean 'second'"):
        look.evaluate_tick(build_sensor_context())


def test_a_request_names_only_assets_of_the_target() -> None:
    @asset
    def a() -> int:
        return 1

    @asset
    def b() -> int:
        return 1

    @sensor(asset_selection=["a"])
    def look() -> RunRequest:
        return RunRequest(asset_selection=["b"])

    with pytest.raises(InvariantViolationError, match="asks for a run of 'b', which is not among its assets"):
        look.evaluate_tick(build_sensor_context(definitions=Definitions([a, b], sensors=[look])))


def test_a_sensor_without_target_starts_nothing() -> None:
    @sensor()
    def look() -> RunRequest:
        return RunRequest()

    with pytest.raises(InvariantViolationError, match="has no target"):
        look.evaluate_tick(build_sensor_context())


def test_what_contradicts_itself_is_refused() -> None:
    given: list[Any] = [
        [RunRequest(), SkipReason("x")],
        [SensorResult(), RunRequest()],
        [SkipReason("x"), SkipReason("y")],
        ["a.csv"],
    ]

    @sensor(target="a")
    def look() -> Any:
        return given.pop(0)

    for text in ("one or the other", "A SensorResult says everything", "2 reasons to skip", "gave a str"):
        with pytest.raises(InvariantViolationError, match=text):
            look.evaluate_tick(build_sensor_context())


def test_two_cursors_in_one_evaluation_are_refused() -> None:
    @sensor()
    def look(context: Any) -> SensorResult:
        context.update_cursor("1")
        return SensorResult(cursor="2")

    with pytest.raises(InvariantViolationError, match="another cursor"):
        look.evaluate_tick(build_sensor_context())


def test_the_context_tells_what_was_before() -> None:
    context = build_sensor_context(last_run_key="k", last_tick_completion_time=5.0, last_sensor_start_time=6.0, sensor_name="s")
    assert (context.last_run_key, context.last_completion_time, context.is_first_tick_since_sensor_start) == ("k", 5.0, True)
    assert build_sensor_context(last_tick_completion_time=7.0, last_sensor_start_time=6.0).is_first_tick_since_sensor_start is False


def test_resources_and_definitions_are_at_hand() -> None:
    @sensor(required_resource_keys={"db"})
    def look(context: Any, limit: ResourceParam[int]) -> SkipReason:
        return SkipReason(f"{context.resources.db} {limit} {len(context.repository_def.catalog.sensors)}")

    defs = Definitions(sensors=[look], resources={"db": "sqlite", "limit": 3})
    assert look.evaluate_tick(build_sensor_context(definitions=defs)).skip_message == "sqlite 3 1"
    assert look(build_sensor_context(definitions=defs, resources={"db": "other"}), limit=4).skip_message == "other 4 1"


def test_a_misspelt_target_is_among_the_problems_and_stops_no_asset() -> None:
    @asset
    def orders() -> int:
        return 1

    @sensor(target="ordrs")
    def look() -> None: ...

    defs = Definitions([orders], sensors=[look])
    (problem,) = defs.problems
    assert "Did you mean 'orders'?" in str(problem)
    assert defs.catalog.problems_of(frozenset({orders.key})) == ()


# -- one asset --------------------------------------------------------------------------------------------------------------


def test_an_asset_sensor_sees_every_new_materialization_once_in_order() -> None:
    @asset_sensor("orders", job=first)
    def on_orders(context: Any, asset_event: Any) -> RunRequest:
        return RunRequest(run_key=context.cursor, tags={"n": asset_event.asset_materialization.metadata["n"].value})

    with Instance.ephemeral() as instance:
        nothing = on_orders.evaluate_tick(build_sensor_context(instance))
        for number in range(3):
            instance.report_runless_asset_event(AssetMaterialization("orders", metadata={"n": number}))
        newest = on_orders.evaluate_tick(build_sensor_context(instance))
        for number in range(3, 6):
            instance.report_runless_asset_event(AssetMaterialization("orders", metadata={"n": number}))
        more = on_orders.evaluate_tick(build_sensor_context(instance, cursor=newest.cursor))
        end = on_orders.evaluate_tick(build_sensor_context(instance, cursor=more.cursor))
    assert nothing.skip_message == "there is no new materialization of 'orders'"
    assert [request.tags["n"] for request in newest.run_requests] == ["2"]
    assert [request.tags["n"] for request in more.run_requests] == ["3", "4", "5"]
    assert len(set(run_keys(more))) == 3
    assert end.run_requests == ()


def test_an_asset_sensor_may_see_only_the_newest() -> None:
    @asset_sensor("orders", job=first, latest_only=True)
    def on_orders(asset_event: Any) -> RunRequest:
        return RunRequest(tags={"key": str(asset_event.asset_key)})

    with Instance.ephemeral() as instance:
        for _ in range(3):
            instance.report_runless_asset_event(AssetMaterialization("orders"))
        data = on_orders.evaluate_tick(build_sensor_context(instance, cursor="0"))
        assert [request.tags["key"] for request in data.run_requests] == ["orders"]
        assert on_orders.evaluate_tick(build_sensor_context(instance, cursor=data.cursor)).run_requests == ()


def test_partitions_made_in_one_step_are_all_seen() -> None:
    from nbasset import BackfillPolicy

    daily = DailyPartitionsDefinition("2024-01-01", "2024-01-04")

    @asset(partitions_def=daily, backfill_policy=BackfillPolicy.single_run())
    def days() -> None: ...

    @asset_sensor(days, job=first)
    def on_days(context: Any, asset_event: Any) -> RunRequest:
        return RunRequest(run_key=f"{asset_event.partition_key}")

    with Instance.ephemeral() as instance:
        materialize([days], instance=instance, partition_keys=["2024-01-01", "2024-01-02", "2024-01-03"])
        data = on_days.evaluate_tick(build_sensor_context(instance, cursor="0"))
        assert run_keys(data) == ["2024-01-01", "2024-01-02", "2024-01-03"]
        assert on_days.evaluate_tick(build_sensor_context(instance, cursor=data.cursor)).run_requests == ()


def test_reasons_to_skip_give_way_to_requests_of_other_materializations() -> None:
    @asset_sensor("orders", job=first)
    def on_orders(context: Any, asset_event: Any) -> Any:
        return RunRequest("x") if asset_event.storage_id % 2 else SkipReason("even")

    with Instance.ephemeral() as instance:
        for _ in range(2):
            instance.report_runless_asset_event(AssetMaterialization("orders"))
        data = on_orders.evaluate_tick(build_sensor_context(instance, cursor="0"))
    assert (run_keys(data), data.skip_message) == (["x"], None)


# -- several assets -----------------------------------------------------------------------------------------------------------


def test_a_multi_asset_sensor_sees_what_it_has_not_taken_in() -> None:
    @multi_asset_sensor(["a", "b"], request_assets=["both"])
    def when_both(context: Any) -> Any:
        records = context.latest_materialization_records_by_key()
        if not all(records.values()):
            return SkipReason("not yet")
        context.advance_cursor(records)
        return RunRequest()

    with Instance.ephemeral() as instance:
        instance.report_runless_asset_event(AssetMaterialization("a"))
        once = when_both.evaluate_tick(build_sensor_context(instance))
        instance.report_runless_asset_event(AssetMaterialization("b"))
        twice = when_both.evaluate_tick(build_sensor_context(instance, cursor=once.cursor))
        third = when_both.evaluate_tick(build_sensor_context(instance, cursor=twice.cursor))
    assert (once.skip_message, len(twice.run_requests), third.skip_message) == ("not yet", 1, "not yet")


def test_asking_for_runs_without_taking_anything_in_is_refused() -> None:
    @multi_asset_sensor(["a"], request_assets=["both"])
    def greedy() -> RunRequest:
        return RunRequest()

    with Instance.ephemeral() as instance, pytest.raises(InvariantViolationError, match="takes nothing in"):
        greedy.evaluate_tick(build_sensor_context(instance))


def test_partitions_that_were_passed_over_stay_open() -> None:
    daily = DailyPartitionsDefinition("2024-01-01", "2024-01-04")

    @asset(partitions_def=daily)
    def days() -> None: ...

    @asset(partitions_def=daily, ins={"days": AssetIn(partition_mapping=TimeWindowPartitionMapping(start_offset=-1))})
    def after(days: Any) -> None: ...

    defs = Definitions([days, after])
    with Instance.ephemeral() as instance:
        materialize([days], instance=instance, partition_keys=["2024-01-01", "2024-01-02"])
        context = build_multi_asset_sensor_context(monitored_assets=["days"], instance=instance, definitions=defs)
        by_partition = context.latest_materialization_records_by_partition("days")
        assert list(by_partition) == ["2024-01-01", "2024-01-02"]
        assert context.get_downstream_partition_keys("2024-01-01", "days", "after") == ["2024-01-01", "2024-01-02"]
        assert context.all_partitions_materialized("days", ["2024-01-01"])
        assert not context.all_partitions_materialized("days")
        context.advance_cursor({"days": by_partition["2024-01-02"]})
        assert [one.partition_key for one in context.get_trailing_unconsumed_events("days")] == ["2024-01-01"]
        assert list(context.latest_materialization_records_by_partition("days", after_cursor_partition=True)) == []
        assert json.loads(context.cursor or "")["days"][1].keys() == {"2024-01-01"}
        context.advance_all_cursors()
        assert context.latest_materialization_records_by_partition("days") == {}


# -- runs -------------------------------------------------------------------------------------------------------------------


@asset
def good() -> int:
    return 1


@asset
def bad() -> int:
    raise ValueError("no luck")


def test_a_failure_sensor_is_called_for_each_run_that_fails_after_it_was_switched_on() -> None:
    told: list[str] = []

    @run_failure_sensor
    def alarm(context: Any) -> None:
        told.append(f"{context.failure_event.message} / {[event.step for event in context.get_step_failure_events()]}")

    with Instance.ephemeral() as instance:
        materialize([bad], instance=instance, raise_on_error=False)
        start = alarm.evaluate_tick(build_sensor_context(instance))
        materialize([bad], instance=instance, raise_on_error=False)
        materialize([good], instance=instance)
        data = alarm.evaluate_tick(build_sensor_context(instance, cursor=start.cursor))
        again = alarm.evaluate_tick(build_sensor_context(instance, cursor=data.cursor))
    assert (len(data.run_reactions), len(told), again.run_reactions) == (1, 1, ())
    assert "no luck" in told[0]
    assert told[0].endswith("['bad']")


def test_a_status_sensor_waits_for_its_state_and_may_start_another_job() -> None:
    @run_status_sensor(RunStatus.SUCCESS, request_job=first)
    def follow(context: Any) -> RunRequest:
        return RunRequest(run_key=context.run.run_id, tags={"partition": context.partition_key or ""})

    with Instance.ephemeral() as instance:
        start = follow.evaluate_tick(build_sensor_context(instance))
        run_id = materialize([good], instance=instance, tags={"nbasset/partition": "p"}).run_id
        materialize([good], instance=instance, tags={"nbasset/sensor_name": "follow"})
        data = follow.evaluate_tick(build_sensor_context(instance, cursor=start.cursor))
    assert [(one.run_key, one.job_name, one.tags["partition"]) for one in data.run_requests] == [(run_id, "first", "p")]


def test_only_runs_of_the_watched_jobs_count() -> None:
    @run_status_sensor("failure", monitored_jobs=[first])
    def watch() -> None: ...

    with Instance.ephemeral() as instance:
        materialize([bad], instance=instance, raise_on_error=False)
        assert watch.evaluate_tick(build_sensor_context(instance, cursor="0")).run_reactions == ()
    assert watch.to_catalog().monitored_jobs == ("first",)


def test_a_function_that_fails_for_one_run_is_told_of_and_called_for_the_next() -> None:
    @run_status_sensor(RunStatus.SUCCESS)
    def shaky(context: Any) -> None:
        if context.run.tags["n"] == "0":
            raise ValueError("cannot")

    with Instance.ephemeral() as instance:
        for number in range(2):
            materialize([good], instance=instance, tags={"n": str(number)})
        data = shaky.evaluate_tick(build_sensor_context(instance, cursor="0"))
    assert [one.error for one in data.run_reactions] == ["ValueError: cannot", None]


def test_a_status_sensor_is_called_by_hand_with_a_run_of_a_test() -> None:
    @run_failure_sensor
    def alarm(context: Any) -> str:
        return f"{context.sensor_name}: {context.failure_event.reason}"

    with Instance.ephemeral() as instance:
        result = materialize([bad], instance=instance, raise_on_error=False)
        run = instance.get_run_by_id(result.run_id)
        context = build_run_status_sensor_context("alarm", result.all_events[-1], instance, run)
        assert alarm(context) == "alarm: steps-failed"
        assert alarm(context.for_run_failure()) == "alarm: steps-failed"


# -- conditions -------------------------------------------------------------------------------------------------------------


def test_assets_with_conditions_have_a_sensor_by_default() -> None:
    @asset(automation_condition=AutomationCondition.eager(), group_name="raw")
    def one() -> int:
        return 1

    @asset(automation_condition=AutomationCondition.eager())
    def two() -> int:
        return 1

    assert [one.name for one in Definitions([one, two]).catalog.sensors] == ["default_automation_condition_sensor"]
    own = AutomationConditionSensorDefinition("raw", target="group:raw", run_tags={"a": "b"})
    raw, rest = Definitions([one, two], sensors=[own]).catalog.sensors
    assert (raw.name, raw.run_tags) == ("raw", {"a": "b"})
    assert rest.selection is not None
    assert rest.selection.resolve(Definitions([one, two]).catalog) == {AssetKey("two")}
    everything = AutomationConditionSensorDefinition("all", target="*")
    assert [one.name for one in Definitions([one, two], sensors=[everything]).catalog.sensors] == ["all"]


def test_an_automation_sensor_asks_for_what_the_conditions_ask_for() -> None:
    daily = DailyPartitionsDefinition("2024-01-01", "2024-01-04")

    @asset(partitions_def=daily, automation_condition=AutomationCondition.missing())
    def days() -> int:
        return 1

    @asset(automation_condition=AutomationCondition.missing())
    def whole() -> int:
        return 1

    one_by_one = AutomationConditionSensorDefinition("each", target="*", emit_backfills=False, run_tags={"by": "each"})
    together = AutomationConditionSensorDefinition("together", target="*")
    defs = Definitions([days, whole], sensors=[one_by_one, together])
    with Instance.ephemeral() as instance:
        each = one_by_one.evaluate_tick(build_sensor_context(instance, definitions=defs))
        backfill = together.evaluate_tick(build_sensor_context(instance, definitions=defs))
        fresh = loads(dumps(backfill))
    assert [(request.partition_key, request.tags["by"]) for request in each.run_requests] == [
        (None, "each"), ("2024-01-01", "each"), ("2024-01-02", "each"), ("2024-01-03", "each")
    ]  # fmt: skip
    assert [request.asset_selection for request in backfill.run_requests] == [(AssetKey("whole"),)]
    assert [(str(key), len(ordinals)) for key, ordinals in backfill.backfill] == [("days", 3)]
    assert fresh == backfill


def test_a_sensor_is_no_schedule() -> None:
    @sensor()
    def look() -> None: ...

    with pytest.raises(InvalidDefinitionError, match=r"give it in Definitions\(sensors=\[...\]\)"):
        Definitions(schedules=[look])


def test_a_sensor_tells_its_jobs_and_a_copy_has_others() -> None:
    first, second = define_asset_job("first", ["a"]), define_asset_job("second", ["a"])
    made = SensorDefinition("s", evaluation_fn=lambda context: None, jobs=[first])
    copy = made.with_attributes(jobs=[second], metadata={"n": 1})
    assert ([one.name for one in made.jobs], [one.name for one in copy.jobs]) == (["first"], ["second"])
    assert (copy.metadata["n"].value, copy.name) == (1, "s")


def test_a_context_built_by_hand_takes_its_arguments_in_the_order_of_the_field() -> None:
    with Instance.ephemeral() as instance:
        context = build_sensor_context(instance, "7", "shop", Definitions(), "look")
        assert (context.cursor, context.repository_name, context.sensor_name) == ("7", "shop", "look")
    assert build_sensor_context(repository_name="shop").sensor_name is None
