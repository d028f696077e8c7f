"""Names that are written otherwise, or twice."""

from __future__ import annotations

from typing import Any

import pytest

from nbasset import (
    BackfillPolicy,
    DailyPartitionsDefinition,
    Definitions,
    Instance,
    InvalidDefinitionError,
    MultiPartitionsDefinition,
    PartitionKeyRange,
    RunRequest,
    ScheduleDefinition,
    SkipReason,
    StaticPartitionsDefinition,
    asset,
    job,
    materialize,
    op,
    schedule,
    sensor,
)
from nbasset.errors import ProblemsFound


@op
def work():
    return 1


@job
def working():
    work()


@pytest.mark.parametrize(("written", "name"), [("utc", "UTC"), ("europe/paris", "Europe/Paris"), ("us/central", "US/Central")])
def test_a_time_zone_is_found_in_whatever_case_and_spelt_right(written: str, name: str) -> None:
    assert DailyPartitionsDefinition("2024-01-01", timezone=written) == DailyPartitionsDefinition("2024-01-01", timezone=name)
    assert DailyPartitionsDefinition("2024-01-01", timezone=written).timezone == name
    assert ScheduleDefinition(job=working, cron_schedule="@daily", execution_timezone=written).execution_timezone == name


def test_a_time_zone_that_is_none_is_refused_with_a_near_one() -> None:
    with pytest.raises(InvalidDefinitionError, match="Europe/Paris"):
        DailyPartitionsDefinition("2024-01-01", timezone="Europe/Pariss")


def test_a_schedule_and_a_sensor_of_one_name_are_refused_with_both_places() -> None:
    @schedule(job=working, cron_schedule="@daily", name="nightly")
    def first():
        return RunRequest()

    @sensor(job=working, name="nightly")
    def second():
        return SkipReason("nothing")

    problems = Definitions(schedules=[first], sensors=[second]).problems
    (problem,) = [one for one in problems if one.rule == "duplicate-name"]

    assert first.place is not None
    assert first.place in problem.message
    assert problem.where == second.place
    with pytest.raises(ProblemsFound, match="both called 'nightly'"):
        Definitions.validate_loadable(Definitions(schedules=[first], sensors=[second]))


def test_a_run_of_one_partition_has_no_range() -> None:
    seen = []

    @asset(partitions_def=StaticPartitionsDefinition(["a", "b"]), backfill_policy=BackfillPolicy.single_run())
    def letters(context):
        seen.append((context.has_partition_key, context.has_partition_key_range, context.partition_key_range))
        return dict.fromkeys(context.partition_keys, 1)

    with Instance.ephemeral() as instance:
        materialize([letters], instance=instance, partition_key="a")
        materialize([letters], instance=instance, partition_range=PartitionKeyRange("a", "b"))

    assert seen == [(True, False, PartitionKeyRange("a", "a")), (False, True, PartitionKeyRange("a", "b"))]


def test_dimensions_are_a_mapping_whose_names_know_their_partitions() -> None:
    days, letters = DailyPartitionsDefinition("2024-01-01"), StaticPartitionsDefinition(["a", "b"])
    both = MultiPartitionsDefinition({"day": days, "letter": letters})

    names: list[Any] = list(both.partitions_defs)
    assert [(one.name, one.partitions_def) for one in names] == [("day", days), ("letter", letters)]
    assert dict(both.partitions_defs) == {"day": days, "letter": letters}
    assert both.partitions_defs["day"] is days
