"""A tick of a cron and an update that are seen by one evaluation: which of the two came first decides."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nbasset import (
    AssetMaterialization,
    AutomationCondition,
    Definitions,
    Instance,
    StaticPartitionsDefinition,
    asset,
    clock,
    evaluate_automation_conditions,
)


@pytest.mark.parametrize("parts", [None, StaticPartitionsDefinition(["x", "y"])])
def test_an_update_right_after_a_tick_of_a_cron_counts_for_that_tick(parts: StaticPartitionsDefinition | None) -> None:
    @asset(partitions_def=parts)
    def up() -> int:
        return 1

    @asset(partitions_def=parts, automation_condition=AutomationCondition.on_cron("0 0 1 1 *"))
    def down(up: int) -> int:
        return up

    defs, key, new_year = Definitions([up, down]), "x" if parts else None, datetime(clock.now().year, 1, 1, tzinfo=UTC)
    with Instance.ephemeral() as instance:
        instance.know(defs.catalog)

        def requested(now: datetime, cursor: Any) -> tuple[set[str | None], Any]:
            found = evaluate_automation_conditions(defs, instance, evaluation_time=now, cursor=cursor)
            return (found.get_requested_partitions(down.key) if found.total_requested else set()), found.cursor

        _, cursor = requested(new_year - timedelta(minutes=1), None)
        instance.report_runless_asset_event(AssetMaterialization("up", partition=key))
        found, cursor = requested(clock.now() + timedelta(seconds=1), cursor)
        assert found == {key}, "the tick, then the update, are seen together"
        instance.report_runless_asset_event(AssetMaterialization("up", partition=key))
        found, cursor = requested(new_year + timedelta(days=367), cursor)
        assert found == set(), "the update, then the tick"
