"""Whose partitions somebody means who names some and selects several assets."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import pytest

from nbasset import (
    AssetDep,
    AssetSelection,
    DailyPartitionsDefinition,
    Definitions,
    MonthlyPartitionsDefinition,
    MultiPartitionsDefinition,
    StaticPartitionsDefinition,
    TimeWindowPartitionMapping,
    WeeklyPartitionsDefinition,
    asset,
)
from nbasset.definitions.catalog import Catalog
from nbasset.definitions.partition_ranges import format_ranges, parse_ranges
from nbasset.definitions.partitions import PartitionsView
from nbasset.errors import InvalidPartitionRange, UnknownAsset, UnknownPartitionError
from nbasset.keys import AssetKey
from nbasset.planning.asked_partitions import asked_partitions, named_in

DAILY = DailyPartitionsDefinition("2013-01-01", "2014-01-01")
WEEKLY = WeeklyPartitionsDefinition("2013-01-01", "2014-01-01")
MONTHLY = MonthlyPartitionsDefinition("2013-01-01", "2014-01-01")
ORIGINS = StaticPartitionsDefinition(["EWR", "JFK", "LGA"])
BOTH = MultiPartitionsDefinition({"day": DAILY, "origin": ORIGINS})


@asset
def raw() -> int:
    return 1


@asset(partitions_def=DAILY, deps=["raw"])
def day() -> int:
    return 1


@asset(partitions_def=DAILY, deps=[AssetDep("day", partition_mapping=TimeWindowPartitionMapping(-2, 0))])
def rolling() -> int:
    return 1


@asset(partitions_def=WEEKLY, deps=["day"])
def week() -> int:
    return 1


@asset(partitions_def=MONTHLY, deps=["day"])
def month() -> int:
    return 1


@asset(partitions_def=BOTH, deps=["day"])
def by_origin() -> int:
    return 1


@asset(deps=["month"])
def summary() -> int:
    return 1


@asset(partitions_def=DAILY, deps=["summary"])
def after_all() -> int:
    return 1


@asset(partitions_def=ORIGINS)
def airport() -> int:
    return 1


CATALOG: Catalog = Definitions([raw, day, rolling, week, month, by_origin, summary, after_all, airport]).resolve().catalog


def meant(selection: str, words: str) -> dict[str, str]:
    view = PartitionsView(datetime(2025, 1, 1, tzinfo=UTC))
    chosen = AssetSelection.from_string(selection)
    found = asked_partitions(
        CATALOG, chosen.resolve(CATALOG), named_in(chosen, CATALOG), lambda one: parse_ranges(words, one, view), view, words=repr(words)
    )
    return {str(key): format_ranges(ordinals, CATALOG.by_key[key].partitions_def, view) for key, ordinals in found.items()}  # type: ignore[arg-type]


def test_what_follows_a_named_asset_gets_the_partitions_that_read_what_is_meant() -> None:
    assert meant("day+1", "2013-06-05") == {
        "day": "2013-06-05", "rolling": "2013-06-05..2013-06-07", "week": "2013-06-02", "month": "2013-06-01",
        "by_origin": "2013-06-05|EWR, 2013-06-05|JFK, 2013-06-05|LGA",
    }  # fmt: skip


def test_what_a_named_asset_reads_gets_the_partitions_that_are_read() -> None:
    assert meant("+week", "2013-06-02") == {"day": "2013-06-02..2013-06-08", "week": "2013-06-02"}
    assert meant("+month", "2013-06-01") == {"day": "2013-06-01..2013-06-30", "month": "2013-06-01"}
    assert meant("+by_origin", "2013-06-05|JFK") == {"day": "2013-06-05", "by_origin": "2013-06-05|JFK"}


def test_each_named_asset_takes_the_words_itself_if_it_can() -> None:
    assert meant("day, rolling", "2013-06-05") == {"day": "2013-06-05", "rolling": "2013-06-05"}
    assert meant("day, month", "2013-06-05..2013-07-02") == {"day": "2013-06-05..2013-07-02", "month": "2013-06-01..2013-07-01"}


def test_without_a_named_partitioned_asset_those_at_the_top_take_the_words() -> None:
    assert meant("raw+2 and not by_origin", "2013-06-05") == meant("day+1 and not by_origin", "2013-06-05")


def test_an_asset_behind_one_without_partitions_takes_the_words_itself() -> None:
    assert meant("day, month+", "2013-06-05")["after_all"] == "2013-06-05"


@pytest.mark.parametrize(
    ("selection", "words", "error", "said"),
    [
        ("day", "2013-06-31", UnknownPartitionError, "2013-06-31"),
        ("day", "2013-06-05..2013-06-01", InvalidPartitionRange, "Did you mean 2013-06-01...2013-06-05"),
        ("day", "EWR", UnknownPartitionError, "Keys look like '2013-01-01'"),
        ("by_origin", "JFK|2013-06-05", UnknownPartitionError, "JFK"),
        ("by_origin", "JFK", UnknownPartitionError, "JFK"),
        ("by_origin", "2013-06-05|JKF", UnknownPartitionError, "JKF"),
        ("month", "2013-06-05", UnknownPartitionError, "2013-06-05"),
        ("day, airport", "2013-06-05", UnknownPartitionError, "2013-06-05"),
        ("raw", "2013-06-05", UnknownPartitionError, "'raw' has no partitions"),
        ("dya", "2013-06-05", UnknownAsset, "Did you mean 'day'"),
    ],
)
def test_words_that_mean_nothing_are_refused(selection: str, words: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said.replace("|", r"\|")):
        meant(selection, words)


def test_a_selection_starts_from_what_stands_in_it_without_its_walks() -> None:
    def named(text: str) -> Iterable[str]:
        return sorted(map(str, named_in(AssetSelection.from_string(text), CATALOG)))

    assert (named("day+"), named("+day+1 and not rolling"), named("+month or week+"), named("*")) == (
        ["day"], ["day"], ["month", "week"], sorted(str(key) for key in CATALOG.by_key),
    )  # fmt: skip
    assert named_in(AssetSelection.assets("day").upstream(), CATALOG) == {AssetKey("day")}
