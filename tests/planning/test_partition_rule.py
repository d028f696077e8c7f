"""What the partition rules of a job mean, as of a moment."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from nbasset import (
    DailyPartitionsDefinition,
    Definitions,
    DynamicPartitionsDefinition,
    MonthlyPartitionsDefinition,
    MultiPartitionsDefinition,
    StaticPartitionsDefinition,
    asset,
)
from nbasset.definitions.partition_ranges import format_ranges
from nbasset.definitions.partitions import PartitionsView
from nbasset.errors import InvalidPartitionRange, UnknownPartitionError
from nbasset.keys import AssetKey
from nbasset.planning.partition_rule import latest_of, partitions_by_rule

DAYS = DailyPartitionsDefinition("2013-01-01")
BOTH = MultiPartitionsDefinition({"day": DAYS, "origin": StaticPartitionsDefinition(["EWR", "JFK"])})
NOW = datetime(2013, 2, 5, 12, tzinfo=UTC)


@asset
def raw() -> int:
    return 1


@asset(partitions_def=DAYS, deps=["raw"])
def day() -> int:
    return 1


@asset(partitions_def=BOTH, deps=["day"])
def both() -> int:
    return 1


@asset(partitions_def=MonthlyPartitionsDefinition("2013-01-01", end_offset=1), deps=["day"])
def month() -> int:
    return 1


def meant(rule: str, *, named: str = "day") -> dict[str, str]:
    catalog = Definitions([raw, day, both, month]).resolve().catalog
    view = PartitionsView(NOW)
    found = partitions_by_rule(rule, catalog, frozenset(catalog.by_key), [AssetKey(named)], view)
    definitions = {key: catalog.by_key[key].partitions_def for key in found}
    return {str(key): format_ranges(one, definition, view) for key, one in found.items() if (definition := definitions[key]) is not None}


def test_the_latest_partition_is_that_of_the_named_asset_and_the_others_follow() -> None:
    assert meant("latest") == {"day": "2013-02-04", "both": "2013-02-04|EWR, 2013-02-04|JFK", "month": "2013-02-01"}


def test_all_partitions_are_those_that_exist_now() -> None:
    assert meant("all")["day"] == "2013-01-01..2013-02-04"


def test_keys_and_ranges_are_read_as_people_write_them() -> None:
    assert meant("2013-01-01..2013-01-03, 2013-02-01")["day"] == "2013-01-01..2013-01-03, 2013-02-01"


@pytest.mark.parametrize(
    ("rule", "error"),
    [("2013-01-03..2013-01-01", InvalidPartitionRange), ("2014-01-01", UnknownPartitionError), ("newest", UnknownPartitionError)],
)
def test_what_names_no_partition_is_refused(rule: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        meant(rule)


def test_without_partitioned_assets_a_rule_has_no_sense() -> None:
    catalog = Definitions([raw]).resolve().catalog
    with pytest.raises(UnknownPartitionError, match=r"has no partitions\. Leave it out"):
        partitions_by_rule("latest", catalog, [AssetKey("raw")], [AssetKey("raw")], PartitionsView(NOW))


def test_nothing_is_latest_where_nothing_exists() -> None:
    view = PartitionsView(datetime(2013, 1, 1, 12, tzinfo=UTC))
    assert not latest_of(DAYS, view)
    assert not latest_of(BOTH, view)
    assert not latest_of(DynamicPartitionsDefinition(name="none"), view)
