"""Evaluating automation conditions: each operand and operator, ready-made conditions tick by tick, and laws."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nbasset import (
    AssetCheckResult,
    AssetKey,
    AssetMaterialization,
    AssetObservation,
    AssetSpec,
    AutomationCondition,
    DailyPartitionsDefinition,
    DynamicPartitionsDefinition,
    FreshnessPolicy,
    Instance,
    MultiPartitionsDefinition,
    StaticPartitionsDefinition,
    TimeWindowPartitionMapping,
    asset,
    asset_check,
    evaluate_automation_conditions,
    materialize,
    multi_asset,
)
from nbasset.commands.automation import EvaluateAutomationConditionsResult
from nbasset.definitions.specs import AssetIn
from nbasset.events.facts import CheckKey
from nbasset.events.kinds import BackfillRequested, RunRequested, RunStarted, Target
from nbasset.keys import RunId
from nbasset.ordinals import OrdinalSet
from nbasset.planning.automation_state import AutomationCursor
from nbasset.serde import dumps, loads

C = AutomationCondition
DAILY = DailyPartitionsDefinition("2024-01-01")
JAN5 = datetime(2024, 1, 5, 12, tzinfo=UTC)


@dataclass
class Ticks:
    """Evaluates definitions again and again over one instance, the clock set by hand."""

    instance: Instance
    cursor: AutomationCursor | None = None
    now: datetime = JAN5
    last: EvaluateAutomationConditionsResult | None = field(default=None)

    def tick(self, *defs: Any, after: timedelta = timedelta(minutes=1), **options: Any) -> dict[str, set[str | None]]:
        """What one evaluation requests, by asset."""
        self.now += after
        self.last = evaluate_automation_conditions(list(defs), self.instance, evaluation_time=self.now, cursor=self.cursor, **options)
        self.cursor = loads(dumps(self.last.cursor))
        assert self.last.result.errors == {}
        return {str(key): self.last.get_requested_partitions(key) for key in self.last.result.requested}  # type: ignore[arg-type]

    def report(self, key: str, partition: str | None = None, **options: Any) -> None:
        """Somebody outside made it."""
        self.instance.report_runless_asset_event(AssetMaterialization(key, partition=partition, **options))


@pytest.fixture
def ticks() -> Iterator[Ticks]:
    with Instance.ephemeral() as instance:
        yield Ticks(instance)


def one(condition: AutomationCondition, **options: Any) -> Any:
    """An asset 'a' with a condition."""

    @asset(name="a", automation_condition=condition, **options)
    def made() -> int:
        return 1

    return made


def pair(condition: AutomationCondition, **options: Any) -> tuple[Any, Any]:
    """An asset 'up' and 'down', which reads it and has the condition."""

    @asset(**options)
    def up() -> int:
        return 1

    @asset(automation_condition=condition, **options)
    def down(up: int) -> int:
        return up

    return up, down


# -- operands ---------------------------------------------------------------------------------------------------------------


def test_missing_is_what_was_never_made_nor_observed(ticks: Ticks) -> None:
    made = one(C.missing())
    assert ticks.tick(made) == {"a": {None}}
    ticks.instance.report_runless_asset_event(AssetObservation("a"))
    assert ticks.tick(made) == {}


def test_missing_partitions_are_a_set(ticks: Ticks) -> None:
    made = one(C.missing(), partitions_def=StaticPartitionsDefinition(["x", "y", "z"]))
    ticks.tick(made)
    ticks.report("a", "y")
    assert ticks.tick(made) == {"a": {"x", "z"}}


def test_a_failed_partition_is_still_missing_and_failed(ticks: Ticks) -> None:
    letters = StaticPartitionsDefinition(["x", "y"])

    @asset(partitions_def=letters, automation_condition=C.execution_failed())
    def a(context: Any) -> int:
        return 1 // (0 if context.partition_key == "x" else 1)

    materialize([a], instance=ticks.instance, partition_keys=["x", "y"], raise_on_error=False)
    assert ticks.tick(a) == {"a": {"x"}}


def test_what_runs_or_is_backfilled_is_in_progress(ticks: Ticks) -> None:
    made = one(C.in_progress(), partitions_def=StaticPartitionsDefinition(["x", "y"]))
    assert ticks.tick(made) == {}
    ordinals = OrdinalSet.of(ticks.instance.storage.key_table.ordinals(["x"]))
    ticks.instance.storage.append([RunRequested(1, RunId("r"), (Target(AssetKey("a"), ordinals),)), RunStarted(2, RunId("r"))])
    assert ticks.tick(made) == {"a": {"x"}}
    both = OrdinalSet.of(ticks.instance.storage.key_table.ordinals(["x", "y"]))
    ticks.instance.storage.append([BackfillRequested(3, "b", (Target(AssetKey("a"), both),))])
    assert ticks.tick(made) == {"a": {"x", "y"}}


def test_newly_updated_is_true_once_after_an_update(ticks: Ticks) -> None:
    made = one(C.newly_updated())
    ticks.report("a")
    assert ticks.tick(made) == {}, "nothing is new at the first evaluation"
    ticks.report("a")
    assert ticks.tick(made) == {"a": {None}}
    assert ticks.tick(made) == {}


def test_a_rerun_with_equal_data_does_not_change_the_data_version(ticks: Ticks) -> None:
    made = one(C.data_version_changed())
    ticks.tick(made)
    ticks.report("a", tags={"nbasset/data_version": "1"})
    assert ticks.tick(made) == {"a": {None}}
    ticks.report("a", tags={"nbasset/data_version": "1"})
    assert ticks.tick(made) == {}


def test_newly_requested_is_what_the_evaluation_before_asked_for(ticks: Ticks) -> None:
    made = one(C.initial_evaluation() | C.newly_requested())
    assert [ticks.tick(made) for _ in range(3)] == [{"a": {None}}] * 3
    other = one(C.initial_evaluation())
    assert ticks.tick(other) == {"a": {None}}, "another condition begins anew"
    assert ticks.tick(other) == {}


def test_a_cron_tick_is_passed_once(ticks: Ticks) -> None:
    made = one(C.cron_tick_passed("0 13 * * *"))
    assert ticks.tick(made, after=timedelta(hours=2)) == {}, "there was no evaluation before"
    ticks.now = JAN5
    ticks.cursor = None
    assert [ticks.tick(made, after=timedelta(minutes=30)) for _ in range(3)] == [{}, {"a": {None}}, {}]


def test_the_newest_window_of_time_counts_with_what_lies_back_if_asked(ticks: Ticks) -> None:
    assert ticks.tick(one(C.in_latest_time_window(), partitions_def=DAILY)) == {"a": {"2024-01-04"}}
    found = ticks.tick(one(C.in_latest_time_window(timedelta(days=2)), partitions_def=DAILY))
    assert found == {"a": {"2024-01-03", "2024-01-04"}}
    both = MultiPartitionsDefinition({"day": DAILY, "origin": StaticPartitionsDefinition(["EWR", "JFK"])})
    assert ticks.tick(one(C.in_latest_time_window(), partitions_def=both)) == {"a": {"2024-01-04|EWR", "2024-01-04|JFK"}}
    assert ticks.tick(one(C.in_latest_time_window(), partitions_def=StaticPartitionsDefinition(["x"]))) == {"a": {"x"}}
    assert ticks.tick(one(C.in_latest_time_window())) == {"a": {None}}


def test_the_tags_of_the_run_that_made_it_count(ticks: Ticks) -> None:
    made = one(C.executed_with_tags(tag_keys={"who"}, tag_values={"team": "sales"}))
    materialize([made], instance=ticks.instance, tags={"team": "sales", "who": "ada"})
    assert ticks.tick(made) == {"a": {None}}
    materialize([made], instance=ticks.instance, tags={"team": "other", "who": "ada"})
    assert ticks.tick(made) == {}


def test_a_freshness_policy_is_an_operand(ticks: Ticks) -> None:
    policy = FreshnessPolicy.time_window(fail_window=timedelta(days=2), warn_window=timedelta(days=1))
    made = one(C.freshness_failed(), freshness_policy=policy)
    assert ticks.tick(made) == {}
    ticks.report("a")
    ticks.now = ticks.instance.partitions_view().now
    assert ticks.tick(made, after=timedelta(hours=1)) == {}
    assert ticks.tick(one(C.freshness_warned(), freshness_policy=policy), after=timedelta(days=1)) == {"a": {None}}
    assert ticks.tick(made, after=timedelta(days=1)) == {"a": {None}}


# -- checks -----------------------------------------------------------------------------------------------------------------


def test_verdicts_of_checks_count(ticks: Ticks) -> None:
    made = one(C.any_checks_match(C.check_failed()))

    @asset_check(asset="a", blocking=True)
    def fine() -> bool:
        return True

    @asset_check(asset="a")
    def small() -> bool:
        return True

    assert ticks.tick(made, fine, small) == {}
    ticks.instance.report_runless_asset_event(AssetCheckResult(False, asset_key="a", check_name="small"))
    assert ticks.tick(made, fine, small) == {"a": {None}}
    blocking = one(C.any_checks_match(C.check_failed(), blocking_only=True))
    assert ticks.tick(blocking, fine, small) == {}
    everything = one(C.all_checks_match(C.check_passed()))
    assert ticks.tick(everything) == {"a": {None}}, "true without any check"
    assert ticks.tick(everything, fine, small) == {}


def test_a_verdict_on_an_older_version_does_not_count() -> None:
    with Instance.ephemeral() as instance:
        made = one(C.any_checks_match(C.check_passed()))

        @asset_check(asset="a")
        def fine(a: int) -> bool:
            return True

        ticks = Ticks(instance)
        materialize([made, fine], instance=instance)
        assert ticks.tick(made, fine) == {"a": {None}}
        from nbasset import AssetSelection

        materialize([made, fine], instance=instance, selection=AssetSelection.assets("a").without_checks())
        assert ticks.tick(made, fine) == {}


def test_a_check_has_a_condition_of_its_own(ticks: Ticks) -> None:
    made = one(C.missing() & C.newly_updated())

    @asset_check(asset="a", automation_condition=C.any_deps_match(C.newly_updated()))
    def fine() -> bool:
        return True

    ticks.tick(made, fine)
    ticks.report("a")
    ticks.tick(made, fine)
    assert ticks.last is not None
    assert ticks.last.get_num_requested(CheckKey(AssetKey("a"), "fine")) == 1


# -- looking upstream and downstream ---------------------------------------------------------------------------------------


def test_any_upstream_is_enough_and_all_need_each(ticks: Ticks) -> None:
    @asset
    def x() -> int:
        return 1

    @asset
    def y() -> int:
        return 1

    @asset(deps=[x, y], automation_condition=C.any_deps_match(C.missing()))
    def some() -> None: ...

    @asset(deps=[x, y], automation_condition=C.all_deps_match(C.missing()))
    def every() -> None: ...

    assert ticks.tick(x, y, some, every) == {"some": {None}, "every": {None}}
    ticks.report("x")
    assert ticks.tick(x, y, some, every) == {"some": {None}}
    ticks.report("y")
    assert ticks.tick(x, y, some, every) == {}


def test_partitions_go_by_their_mapping(ticks: Ticks) -> None:
    @asset(partitions_def=DAILY)
    def up() -> int:
        return 1

    @asset(
        partitions_def=DAILY,
        ins={"up": AssetIn(partition_mapping=TimeWindowPartitionMapping(start_offset=-1, end_offset=-1))},
        automation_condition=C.any_deps_match(C.newly_updated()),
    )
    def down(up: int) -> int:
        return up

    @asset(automation_condition=C.any_deps_match(C.newly_updated()))
    def summary(up: dict[str, int]) -> int:
        return sum(up.values())

    ticks.tick(up, down, summary)
    ticks.report("up", "2024-01-02")
    assert ticks.tick(up, down, summary) == {"down": {"2024-01-03"}, "summary": {None}}


def test_upstream_assets_can_be_chosen(ticks: Ticks) -> None:
    x, y = AssetSpec("x"), AssetSpec("y")
    made = one(C.any_deps_match(C.missing()).ignore("x"), deps=["x", "y"])
    assert ticks.tick(x, y, made) == {"a": {None}}
    ticks.report("y")
    assert ticks.tick(x, y, made) == {}
    assert ticks.tick(x, y, one(C.any_deps_match(C.missing()).allow("x"), deps=["x", "y"])) == {"a": {None}}


def test_another_asset_may_be_looked_at(ticks: Ticks) -> None:
    made = one(C.asset_matches("far", C.newly_updated()))
    far = AssetSpec("far")
    ticks.tick(made, far)
    ticks.report("far")
    assert ticks.tick(made, far) == {"a": {None}}


def test_what_something_downstream_asks_for_is_an_operand(ticks: Ticks) -> None:
    @asset(automation_condition=C.any_downstream_conditions())
    def up() -> int:
        return 1

    @asset(automation_condition=C.cron_tick_passed("0 13 * * *"))
    def down(up: int) -> int:
        return up

    ticks.tick(up, down)
    assert ticks.tick(up, down, after=timedelta(hours=2)) == {"up": {None}, "down": {None}}


def test_an_asset_that_reads_its_own_past_waits_for_it(ticks: Ticks) -> None:
    @asset(
        name="sums",
        partitions_def=DAILY,
        ins={"sums": AssetIn(partition_mapping=TimeWindowPartitionMapping(start_offset=-1, end_offset=-1))},
        automation_condition=C.missing() & ~C.any_deps_missing(),
    )
    def running(sums: int) -> int:
        return sums

    assert ticks.tick(running) == {"sums": {"2024-01-01"}}
    ticks.report("sums", "2024-01-01")
    assert ticks.tick(running) == {"sums": {"2024-01-02"}}


def test_assets_that_are_made_together_are_requested_together(ticks: Ticks) -> None:
    @multi_asset(specs=[AssetSpec("x", automation_condition=C.cron_tick_passed("0 13 * * *")), AssetSpec("y")])
    def both() -> Any:
        yield

    ticks.tick(both)
    assert ticks.tick(both, after=timedelta(hours=2)) == {"x": {None}, "y": {None}}


def test_partitions_whose_upstream_does_not_exist_are_left_out(ticks: Ticks) -> None:
    short = DailyPartitionsDefinition("2024-01-03")

    @asset(partitions_def=short)
    def up() -> int:
        return 1

    @asset(partitions_def=DAILY, automation_condition=C.missing())
    def down(up: int) -> int:
        return up

    assert ticks.tick(up, down) == {"down": {"2024-01-03", "2024-01-04"}}
    assert ticks.last is not None
    assert len(ticks.last.result.left_out[AssetKey("down")]) == 2


# -- ready-made -------------------------------------------------------------------------------------------------------------


def test_eager_follows_an_update_once_and_down_the_graph(ticks: Ticks) -> None:
    @asset
    def a() -> int:
        return 1

    @asset(automation_condition=C.eager())
    def b(a: int) -> int:
        return a

    @asset(automation_condition=C.eager())
    def c(b: int) -> int:
        return b

    assert ticks.tick(a, b, c) == {}, "what lies unmade at first stays so"
    ticks.report("a")
    assert ticks.tick(a, b, c) == {"b": {None}, "c": {None}}
    assert ticks.tick(a, b, c) == {}
    ticks.report("b")
    ticks.report("c")
    assert ticks.tick(a, b, c) == {}, "what was asked for was made"


def test_eager_waits_for_what_is_missing_or_under_way(ticks: Ticks) -> None:
    up, down = pair(C.eager())
    other = AssetSpec("other")
    both = one(C.eager(), deps=["up", "other"])
    ticks.tick(up, other, both)
    ticks.report("up")
    assert ticks.tick(up, other, both) == {}, "'other' is missing"
    ticks.report("other")
    assert ticks.tick(up, other, both) == {"a": {None}}
    ticks.tick(up, down)
    ticks.instance.storage.append([RunRequested(1, RunId("r"), (Target(AssetKey("up")),)), RunStarted(2, RunId("r"))])
    ticks.report("up")
    assert ticks.tick(up, down) == {}, "'up' is being made again"


def test_eager_asks_for_a_new_partition_when_its_window_has_ended(ticks: Ticks) -> None:
    up, down = pair(C.eager(), partitions_def=DAILY)
    assert ticks.tick(up, down) == {}
    ticks.now = datetime(2024, 1, 6, tzinfo=UTC)
    assert ticks.tick(up, down) == {}, "its upstream is missing"
    ticks.report("up", "2024-01-05")
    ticks.report("up", "2024-01-02")
    assert ticks.tick(up, down) == {"down": {"2024-01-05"}}, "older partitions do not count"


def test_on_cron_waits_after_each_tick_for_every_upstream_and_asks_once(ticks: Ticks) -> None:
    x, y = AssetSpec("x"), AssetSpec("y")
    made = one(C.on_cron("0 0 * * *"), deps=["x", "y"])
    ticks.report("x")
    ticks.report("y")
    assert ticks.tick(x, y, made) == {}
    assert ticks.tick(x, y, made, after=timedelta(days=1)) == {}, "a tick has passed, nothing was updated since"
    ticks.report("x")
    assert ticks.tick(x, y, made) == {}
    ticks.report("y")
    assert ticks.tick(x, y, made) == {"a": {None}}
    ticks.report("x")
    assert ticks.tick(x, y, made) == {}, "not again before the next tick"
    assert ticks.tick(x, y, made, after=timedelta(days=1)) == {}
    ticks.report("x")
    ticks.report("y")
    assert ticks.tick(x, y, made) == {"a": {None}}


def test_on_missing_makes_new_partitions_and_those_alone(ticks: Ticks) -> None:
    customers = DynamicPartitionsDefinition("customers")
    made = one(C.on_missing(), partitions_def=customers)
    ticks.instance.add_dynamic_partitions("customers", ["ada"])
    assert ticks.tick(made) == {}, "what was missing at first does not count"
    ticks.instance.add_dynamic_partitions("customers", ["bob"])
    assert ticks.tick(made) == {"a": {"bob"}}
    assert ticks.tick(made) == {}
    eager_for_all = one(C.on_missing().replace("missing_since_last_handled", C.missing()), partitions_def=customers)
    assert ticks.tick(eager_for_all) == {"a": {"ada", "bob"}}


def test_a_partitioned_downstream_of_a_requested_plain_asset_waits_for_it(ticks: Ticks) -> None:
    plain = AssetSpec("source")

    @asset(deps=["source"], automation_condition=C.eager())
    def whole() -> int:
        return 1

    @asset(partitions_def=DAILY, automation_condition=C.eager())
    def days(whole: int) -> int:
        return whole

    ticks.report("whole")
    ticks.tick(plain, whole, days)
    ticks.report("source")
    assert ticks.tick(plain, whole, days) == {"whole": {None}}
    ticks.report("whole")
    assert ticks.tick(plain, whole, days) == {"days": {"2024-01-04"}}


def test_a_condition_may_be_given_to_those_without_one(ticks: Ticks) -> None:
    @asset
    def plain() -> int:
        return 1

    assert ticks.tick(plain) == {}
    assert ticks.tick(plain, default_condition=C.missing()) == {"plain": {None}}


def test_only_selected_assets_are_evaluated(ticks: Ticks) -> None:
    up, down = pair(C.missing())
    assert ticks.tick(up, down, asset_selection=["up"]) == {}
    assert ticks.tick(up, down, asset_selection="down") == {"down": {None}}


def test_how_a_condition_came_out_is_told_part_by_part(ticks: Ticks) -> None:
    up, down = pair(C.any_deps_missing() & ~C.missing())
    ticks.tick(up, down)
    assert ticks.last is not None
    node = ticks.last.results[AssetKey("down")]
    (deps, lacking) = node.parts
    assert (deps.name, len(deps.true), deps.parts[0].entity) == ("any_deps_missing", 1, AssetKey("up"))
    assert (lacking.name, len(lacking.true)) == ("~missing", 0)
    assert loads(dumps(node)) == node
