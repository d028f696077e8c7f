"""Asset checks: what they load, what their verdicts do, how they are selected."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from nbasset import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetIn,
    AssetKey,
    AssetSelection,
    AssetSpec,
    Config,
    DailyPartitionsDefinition,
    Definitions,
    ExecuteInProcessResult,
    Instance,
    InvalidDefinitionError,
    asset,
    asset_check,
    load_asset_checks_from_modules,
    materialize,
    multi_asset_check,
)
from nbasset.events.facts import CheckKey
from nbasset.events.kinds import RunFailed, StepSkipped


class Limit(Config):
    most: int = 2


@asset
def orders() -> list[int]:
    return [1, 2, 3]


@asset
def total(orders: list[int]) -> int:
    return sum(orders)


def run(*definitions: Any, instance: Instance | None = None, **options: Any) -> ExecuteInProcessResult:
    with instance or Instance.ephemeral() as home:
        return materialize(list(definitions), instance=home, raise_on_error=False, **options)


def verdicts(result: ExecuteInProcessResult) -> dict[str, bool]:
    return {str(one.check): one.passed for one in result.get_asset_check_evaluations()}


def test_a_check_loads_its_asset_by_a_parameter_of_any_name() -> None:
    @asset_check(asset=orders)
    def has_three(values: list[int]) -> AssetCheckResult:
        return AssetCheckResult(passed=len(values) == 3, metadata={"rows": len(values)})

    result = run(orders, has_three)
    (verdict,) = result.get_asset_check_evaluations()
    assert (str(verdict.check), verdict.passed, verdict.metadata["rows"].value) == ("orders:has_three", True, 3)


def test_a_plain_true_or_false_is_a_verdict() -> None:
    @asset_check(asset="orders")
    def positive(orders: list[int]) -> bool:
        return min(orders) > 0

    assert verdicts(run(orders, positive)) == {"orders:positive": True}


def test_additional_inputs_load_other_assets() -> None:
    @asset_check(asset=total, additional_ins={"parts": AssetIn("orders")})
    def adds_up(total: int, parts: list[int]) -> bool:
        return total == sum(parts)

    assert verdicts(run(orders, total, adds_up)) == {"total:adds_up": True}


def test_a_check_waits_for_its_additional_deps() -> None:
    @asset_check(asset=orders, additional_deps=[total])
    def after_total() -> bool:
        return True

    plan = run(orders, total, after_total).plan
    assert plan.by_key["orders_after_total"].after == {"orders", "total"}


def test_a_failed_blocking_check_skips_what_is_downstream_with_the_reason_and_fails_the_run() -> None:
    @asset_check(asset=orders, blocking=True)
    def small(orders: list[int]) -> AssetCheckResult:
        return AssetCheckResult(passed=False, description="too many")

    result = run(orders, total, small)
    skipped = [(event.step, event.reason, event.because) for event in result.all_events if isinstance(event, StepSkipped)]
    assert skipped == [("total", "check-failed", "orders:small")]
    (end,) = [event for event in result.all_events if isinstance(event, RunFailed)]
    assert end.message == "the blocking check 'orders:small' failed: too many. 1 downstream step did not run."


def test_a_warning_never_blocks() -> None:
    @asset_check(asset=orders, blocking=True)
    def small(orders: list[int]) -> AssetCheckResult:
        return AssetCheckResult(passed=False, severity=AssetCheckSeverity.WARN)

    result = run(orders, total, small)
    assert result.success
    assert result.is_node_success("total")


def test_a_failed_check_that_does_not_block_lets_everything_run() -> None:
    @asset_check(asset=orders)
    def small(orders: list[int]) -> bool:
        return False

    result = run(orders, total, small)
    assert result.success
    assert verdicts(result) == {"orders:small": False}


def test_a_check_that_raises_fails_its_own_step_only() -> None:
    @asset_check(asset=orders)
    def broken(orders: list[int]) -> bool:
        raise ValueError("no verdict")

    result = run(orders, total, broken)
    assert not result.success
    assert result.is_node_success("total")


def test_a_check_of_a_partitioned_asset_gives_a_verdict_for_each_partition_and_blocks_only_that() -> None:
    daily = DailyPartitionsDefinition("2024-01-01", "2024-01-04")

    @asset(partitions_def=daily)
    def days(context: Any) -> str:
        return str(context.partition_key)

    @asset(partitions_def=daily)
    def after(days: str) -> str:
        return days

    @asset_check(asset=days, blocking=True)
    def not_the_second(days: str) -> bool:
        return days != "2024-01-02"

    result = run(days, after, not_the_second, partition_keys=["2024-01-01", "2024-01-02"])
    found = {one.partition.key: one.passed for one in result.get_asset_check_evaluations() if one.partition}
    assert found == {"2024-01-01": True, "2024-01-02": False}
    assert [event.step for event in result.get_step_skipped_events()] == ["after[2024-01-02]"]


def test_the_newest_verdict_is_on_record() -> None:
    @asset_check(asset=orders)
    def small(orders: list[int]) -> bool:
        return len(orders) < 2

    with Instance.ephemeral() as instance:
        materialize([orders, small], instance=instance)
        record = instance.reader.checks([orders.key])[CheckKey(orders.key, "small")]
        made = instance.reader.latest([orders.key])[orders.key].materialization
        assert made is not None
        assert (record.evaluation.passed, record.evaluation.version_id) == (False, made.version_id)


def test_checks_can_be_evaluated_alone_and_left_out() -> None:
    @asset_check(asset=orders)
    def small(orders: list[int]) -> bool:
        return True

    with Instance.ephemeral() as instance:
        both = [orders, small]
        assert [step.key for step in materialize(both, instance=instance).plan.steps] == ["orders", "orders_small"]
        for selection, expected in (
            (AssetSelection.checks_for_assets("orders"), ["orders_small"]),
            (AssetSelection.checks(small), ["orders_small"]),
            (AssetSelection.assets("orders").without_checks(), ["orders"]),
            (AssetSelection.assets("orders"), ["orders", "orders_small"]),
            (AssetSelection.assets("orders").without_checks() | AssetSelection.checks(small), ["orders", "orders_small"]),
        ):
            plan = materialize(both, instance=instance, selection=selection).plan
            assert [step.key for step in plan.steps] == expected, str(selection)


def test_a_check_that_comes_with_its_asset_cannot_be_had_alone() -> None:
    @asset(check_specs=[AssetCheckSpec("fine", asset="made")])
    def made() -> Any:
        return AssetCheckResult(passed=True)

    with Instance.ephemeral() as instance, pytest.raises(InvalidDefinitionError, match="cannot be had alone"):
        materialize([made], instance=instance, selection=AssetSelection.checks_for_assets("made"))


def test_one_function_gives_the_verdicts_of_several_checks() -> None:
    @multi_asset_check(specs=[AssetCheckSpec("a", asset="orders"), AssetCheckSpec("b", asset="total")])
    def several(orders: list[int], total: int) -> Any:
        yield AssetCheckResult(passed=bool(orders), asset_key="orders", check_name="a")
        yield AssetCheckResult(passed=total > 100, asset_key="total", check_name="b")

    assert verdicts(run(orders, total, several)) == {"orders:a": True, "total:b": False}


def test_a_check_takes_config_and_resources() -> None:
    @asset_check(asset=orders, required_resource_keys={"factor"})
    def few(context: Any, config: Limit, orders: list[int]) -> bool:
        return len(orders) <= config.most * context.resources.factor

    assert verdicts(run(orders, few, resources={"factor": 1})) == {"orders:few": False}
    config = {"ops": {"orders_few": {"config": {"most": 5}}}}
    assert verdicts(run(orders, few, resources={"factor": 1}, run_config=config)) == {"orders:few": True}


def test_checks_stand_in_the_catalog_with_what_is_said_of_them() -> None:
    @asset_check(asset="orders", metadata={"team": "sales"}, blocking=True, additional_deps=["total"])
    def small(orders: list[int]) -> bool:
        """Orders are few."""
        return True

    catalog = Definitions([orders, total], asset_checks=[small]).catalog
    (check,) = catalog.checks
    assert (check.spec.description, check.spec.blocking, check.node) == ("Orders are few.", True, "orders_small")
    assert catalog.checks_by_asset == {AssetKey("orders"): (CheckKey(AssetKey("orders"), "small"),)}


def test_an_asset_made_elsewhere_can_be_checked() -> None:
    @asset_check(asset="lake/orders")
    def seen(context: Any) -> bool:
        return not context.instance.get_asset_records(["lake/orders"])

    assert verdicts(run(AssetSpec("lake/orders"), seen)) == {"lake/orders:seen": True}


def test_a_misspelt_asset_of_a_check_is_told_of() -> None:
    @asset_check(asset="ordrs")
    def small() -> bool:
        return True

    (problem,) = Definitions([orders], asset_checks=[small]).problems
    assert problem.severity == "note"
    assert "Did you mean 'orders'?" in str(problem)


def test_checks_are_collected_from_modules() -> None:
    @asset_check(asset="orders")
    def small(orders: list[int]) -> bool:
        return True

    module = ModuleType("checks")
    module.small = small  # type: ignore[attr-defined]
    module.orders = orders  # type: ignore[attr-defined]
    assert load_asset_checks_from_modules([module]) == [small]
    (below,) = load_asset_checks_from_modules([module], asset_key_prefix="shop")
    assert str(below.check_keys[0]) == "shop/orders:small"


def test_a_check_is_called_like_the_function_it_is() -> None:
    @asset_check(asset=orders)
    def small(orders: list[int]) -> bool:
        return len(orders) < 2

    assert small([1]) is True


def test_a_check_without_a_verdict_says_so() -> None:
    @asset_check(asset=orders)
    def unsure(orders: list[int]) -> Any:
        return None

    result = run(orders, unsure)
    assert result.failure_data_for_node("orders_unsure") is not None
    assert "A check returns AssetCheckResult(passed=...)" in str(result.failure_data_for_node("orders_unsure"))
