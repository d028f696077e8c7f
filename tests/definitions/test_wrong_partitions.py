"""Partitions, ranges and mappings that cannot be: each is refused, and the error says what is wrong, what the rule is, what is right."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from nbasset import (
    AllPartitionMapping,
    AssetDep,
    AssetIn,
    DailyPartitionsDefinition,
    Definitions,
    DimensionPartitionMapping,
    DynamicPartitionsDefinition,
    HourlyPartitionsDefinition,
    IdentityPartitionMapping,
    LastPartitionMapping,
    MonthlyPartitionsDefinition,
    MultiPartitionKey,
    MultiPartitionMapping,
    MultiPartitionsDefinition,
    MultiToSingleDimensionPartitionMapping,
    PartitionKeyRange,
    SpecificPartitionsPartitionMapping,
    StaticPartitionMapping,
    StaticPartitionsDefinition,
    TimeWindowPartitionMapping,
    TimeWindowPartitionsDefinition,
    asset,
)
from nbasset.definitions.partition_ranges import parse_ranges
from nbasset.definitions.partitions import PartitionsDefinition, PartitionsView
from nbasset.errors import InvalidDefinitionError, InvalidPartitionRange, UnknownPartitionError

DAILY = DailyPartitionsDefinition("2013-01-01", "2013-02-01")
MONTHLY = MonthlyPartitionsDefinition("2013-01-01", "2013-03-01")
BERLIN = DailyPartitionsDefinition("2013-01-01", "2013-02-01", timezone="Europe/Berlin")
LETTERS = StaticPartitionsDefinition(["a", "b"])
MULTI = MultiPartitionsDefinition({"day": DAILY, "origin": StaticPartitionsDefinition(["EWR", "JFK"])})


@pytest.mark.parametrize(
    ("definition", "key", "says"),
    [
        (
            DAILY,
            "2013-05-01",
            "There are 31 from '2013-01-01' to '2013-01-31'. It lies after the end.",
        ),
        (DAILY, "2013-1-1", "Keys look like '2013-01-01' (%Y-%m-%d). Did you mean '2013-01-01'?"),
        (DAILY, "2013-02-29", "'2013-02-29' is no partition key of daily"),
        (LETTERS, "aa", "no partition 'aa' in static: a, b. There are 2 from 'a' to 'b'. Did you mean 'a'?"),
        (MULTI, "EWR|2013-01-01", "dimension 'day' of 'EWR|2013-01-01' (day|origin): 'EWR' is no partition key of daily"),
        (MULTI, "2013-01-01", "'2013-01-01' has 1 parts, a key here has 2: day|origin."),
        (MULTI, "2013-01-01|LGA", "dimension 'origin' of '2013-01-01|LGA' (day|origin): no partition 'LGA' in static: EWR, JFK"),
        (
            MULTI,
            MultiPartitionKey({"day": "2013-01-01", "dest": "EWR"}),
            "'2013-01-01|EWR' has the dimensions day, dest, a key here has day, origin.",
        ),
        (
            HourlyPartitionsDefinition("2013-01-01"),
            "2013-01-01",
            "'2013-01-01' is no partition key of hourly from 2013-01-01-00:00. Keys look like '2013-01-01-00:00'",
        ),
    ],
)
def test_a_key_that_is_none_is_told_with_what_there_is(definition: PartitionsDefinition, key: str, says: str) -> None:
    with pytest.raises(UnknownPartitionError) as raised:
        definition.validate_partition_key(key, datetime(2014, 1, 1, tzinfo=UTC))
    assert says in str(raised.value)


@pytest.mark.parametrize(
    ("definition", "text", "says"),
    [
        (
            DAILY,
            "2013-01-05..2013-01-01",
            "ends before it starts (daily from 2013-01-01 to 2013-01-31). Did you mean 2013-01-01...2013-01-05?",
        ),
        (LETTERS, "b..a", "the range b...a ends before it starts (static: a, b). Did you mean a...b?"),
        (MULTI, "2013-01-01|JFK..2013-01-05|EWR", "the range JFK...EWR ends before it starts (static: EWR, JFK). Did you mean EWR...JFK?"),
        (DAILY, "2013-01-01..", "is neither a key nor a range. Write a..b"),
    ],
)
def test_a_range_that_is_none_is_told_with_the_right_one(definition: PartitionsDefinition, text: str, says: str) -> None:
    with pytest.raises(InvalidPartitionRange) as raised:
        parse_ranges(text, definition, PartitionsView(datetime(2014, 1, 1, tzinfo=UTC)))
    assert says in str(raised.value)


def test_an_end_of_a_range_that_is_no_key_is_told() -> None:
    with pytest.raises(UnknownPartitionError, match="no partition '2013-05-01'"):
        DAILY.get_partition_keys_in_range(PartitionKeyRange("2013-01-05", "2013-05-01"))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (
            lambda: TimeWindowPartitionsDefinition("2013-01-01", "%Y-%m-%d", cron_schedule=["0 0 * * *", "0 12 * * *"]),  # type: ignore[arg-type]
            "cron_schedule of partitions is one cron, not ['0 0 * * *', '0 12 * * *']: windows of several would overlap",
        ),
        (
            lambda: TimeWindowPartitionsDefinition("2013-01-01", "%Y-%m-%d", cron_schedule="0 6,18 * * *"),
            "the format '%Y-%m-%d' is too coarse for '0 6,18 * * *'",
        ),
        (
            lambda: TimeWindowPartitionsDefinition("2013-01-01", "%Y-%m-%d", cron_schedule="0 0 31 4 *"),
            "'0 0 31 4 *' never fires: Apr has no day 31.",
        ),
        (lambda: DailyPartitionsDefinition("2013-01-01", timezone="Europe/Berln"), "Did you mean 'Europe/Berlin'?"),
        (lambda: DailyPartitionsDefinition("2013-01-01", "2012-01-01"), "partitions end (2012-01-01) before they begin (2013-01-01)."),
        (lambda: DailyPartitionsDefinition("2013-13-01"), "start '2013-13-01' cannot be read. Write it like '2025-01-31'"),
        (lambda: DailyPartitionsDefinition("2013-01-01", hour_offset=25), "hour_offset is a whole number from 0 to 23, not 25."),
        (lambda: AssetDep("day", partition_mapping="daily"), "partition_mapping is a mapping such as LastPartitionMapping(), not 'daily'"),  # type: ignore[arg-type]
        (
            lambda: AssetIn(partition_mapping=LastPartitionMapping),  # type: ignore[arg-type]
            "partition_mapping is a mapping such as LastPartitionMapping(), not <class",
        ),
        (
            lambda: asset(name="day", partitions_def="daily")(lambda: 1),  # type: ignore[call-overload]
            "partitions_def of asset 'day' is a definition such as DailyPartitionsDefinition('2013-01-01'), not 'daily'.",
        ),
    ],
)
def test_a_definition_that_is_none_is_refused(make: Callable[[], Any], says: str) -> None:
    with pytest.raises(InvalidDefinitionError) as raised:
        make()
    assert says in str(raised.value)


@pytest.mark.parametrize(
    ("upstream", "downstream", "mapping", "says"),
    [
        (
            BERLIN,
            DAILY,
            None,
            "time windows of two zones do not fit: upstream is in Europe/Berlin, downstream in UTC. Give both one timezone.",
        ),
        (BERLIN, MONTHLY, TimeWindowPartitionMapping(), "time windows of two zones do not fit"),
        (
            LETTERS,
            DAILY,
            None,
            "upstream is static: a, b, downstream daily from 2013-01-01 to 2013-01-31. Partitions of the same key are of one kind.",
        ),
        (LETTERS, DAILY, IdentityPartitionMapping(), "no partition reads the one of the same key upstream"),
        (DAILY, MONTHLY, IdentityPartitionMapping(), "upstream is daily from 2013-01-01 to 2013-01-31, downstream monthly"),
        (
            LETTERS,
            StaticPartitionsDefinition(["c"]),
            None,
            "they have no key in common: upstream is static: a, b, downstream static: c. Say which",
        ),
        (
            LETTERS,
            StaticPartitionsDefinition(["x"]),
            StaticPartitionMapping({"a": "x", "bb": "x"}),
            "the mapping names 'bb' upstream: no partition 'bb' in static: a, b. There are 2 from 'a' to 'b'. Did you mean 'b'?",
        ),
        (
            LETTERS,
            StaticPartitionsDefinition(["x"]),
            StaticPartitionMapping({"a": "y"}),
            "the mapping names 'y' downstream: no partition 'y' in static: x",
        ),
        (
            DAILY,
            LETTERS,
            StaticPartitionMapping({"a": "a"}),
            "a static mapping stands between lists of keys, but the upstream asset is daily",
        ),
        (DAILY, LETTERS, TimeWindowPartitionMapping(), "a mapping of time windows cannot be: static: a, b is not time."),
        (
            MULTI,
            DynamicPartitionsDefinition("regions"),
            None,
            "not exactly one dimension of day (daily from 2013-01-01 to 2013-01-31) x origin (static: EWR, JFK) is like dynamic",
        ),
        (MULTI, DAILY, MultiToSingleDimensionPartitionMapping("dag"), "no dimension 'dag'. There are day, origin. Did you mean 'day'?"),
        (
            MULTI,
            MULTI,
            MultiPartitionMapping({"dya": DimensionPartitionMapping("day", IdentityPartitionMapping())}),
            "no dimension 'dya'. There are day, origin. Did you mean 'day'?",
        ),
        (
            MULTI,
            MULTI,
            MultiPartitionMapping({"day": DimensionPartitionMapping("origine", IdentityPartitionMapping())}),
            "no dimension 'origine'. There are day, origin. Did you mean 'origin'?",
        ),
        (
            MULTI,
            MULTI,
            MultiPartitionMapping({"day": DimensionPartitionMapping("origin", IdentityPartitionMapping())}),
            "no partition reads the one of the same key upstream",
        ),
        (
            MULTI,
            DAILY,
            MultiPartitionMapping({"day": DimensionPartitionMapping("day", IdentityPartitionMapping())}),
            "a mapping by dimensions stands between two assets with several",
        ),
        (
            DAILY,
            LETTERS,
            SpecificPartitionsPartitionMapping(["2013-99-01"]),
            "the mapping names '2013-99-01' upstream: '2013-99-01' is no partition key of daily",
        ),
        (None, DAILY, LastPartitionMapping(), "an upstream asset without partitions has no last one. Leave the partition_mapping out."),
        (None, DAILY, IdentityPartitionMapping(), "needs partitions on both sides, but the upstream asset has none"),
    ],
)
@pytest.mark.parametrize("how", ["deps", "ins"])
def test_assets_whose_partitions_do_not_go_together_have_a_problem_and_are_drawn(
    upstream: Any, downstream: Any, mapping: Any, says: str, how: str
) -> None:
    above = asset(name="above", partitions_def=upstream)(lambda: 1)
    if how == "deps":
        below = asset(name="below", partitions_def=downstream, deps=[AssetDep("above", partition_mapping=mapping)])(lambda: 1)
    else:
        below = asset(name="below", partitions_def=downstream, ins={"above": AssetIn(partition_mapping=mapping)})(lambda above: 1)
    catalog = Definitions([above, below]).resolve().catalog
    (problem,) = catalog.problems
    assert (problem.asset, problem.rule) == ("below", "partition-mapping")
    assert "asset 'below' cannot read 'above' partition by partition: " in problem.message
    assert says in problem.message
    assert "AssetDep(..., partition_mapping=...)" in str(problem.hint)
    assert len(catalog.assets) == 2


def test_a_mapping_to_all_goes_with_everything() -> None:
    above = asset(name="above", partitions_def=LETTERS)(lambda: 1)
    below = asset(name="below", partitions_def=DAILY, deps=[AssetDep("above", partition_mapping=AllPartitionMapping())])(lambda: 1)
    assert Definitions([above, below]).resolve().catalog.problems == ()
