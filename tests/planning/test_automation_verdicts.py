"""Verdicts of partitioned checks: one for each partition, for conditions and on record."""

from __future__ import annotations

from typing import Any

from nbasset import (
    AssetCheckEvaluation,
    AssetCheckKey,
    AssetKey,
    AutomationCondition,
    Instance,
    StaticPartitionsDefinition,
    asset,
    asset_check,
    evaluate_automation_conditions,
    materialize,
)

LETTERS = StaticPartitionsDefinition(["a", "b", "c"])
LATE = AssetCheckKey(AssetKey("letters"), "late")


@asset(partitions_def=LETTERS, automation_condition=AutomationCondition.any_checks_match(AutomationCondition.check_failed()))
def letters(context: Any) -> str:
    return str(context.partition_key)


@asset_check(asset=letters)
def late(letters: str) -> bool:
    return letters > "a"


def requested(instance: Instance) -> set[str | None]:
    result = evaluate_automation_conditions([letters, late], instance)
    return result.get_requested_partitions(AssetKey("letters"))


def test_each_partition_has_the_verdict_that_was_given_last_on_it() -> None:
    with Instance.ephemeral() as instance:
        materialize([letters, late], instance=instance, partition_keys=["a", "b", "c"])
        verdicts = {key: instance.get_latest_check_evaluation(LATE, key) for key in "abc"}
        assert {key: record.evaluation.passed for key, record in verdicts.items() if record} == {"a": False, "b": True, "c": True}
        assert requested(instance) == {"a"}
        instance.report_runless_asset_event(AssetCheckEvaluation("letters", "late", passed=True, partition="a"))
        instance.report_runless_asset_event(AssetCheckEvaluation("letters", "late", passed=False, partition="c"))
        assert requested(instance) == {"c"}


def test_a_verdict_on_an_older_version_of_its_partition_does_not_count() -> None:
    with Instance.ephemeral() as instance:
        materialize([letters, late], instance=instance, partition_keys=["a", "b"])
        materialize([letters], instance=instance, partition_key="a")
        assert requested(instance) == set()


def test_the_history_of_a_check_is_told_for_one_partition_too() -> None:
    with Instance.ephemeral() as instance:
        for _ in range(2):
            materialize([letters, late], instance=instance, partition_keys=["a", "b"])
        history = instance.get_asset_check_execution_history(LATE, partition_key="a")
        assert [one.evaluation.passed for one in history] == [False, False]
        newest = instance.get_asset_check_execution_history(LATE, limit=1)[0]
        assert len(instance.get_asset_check_execution_history(LATE, cursor=newest.seq)) == 3
        assert instance.get_latest_check_evaluation(LATE, "c") is None
