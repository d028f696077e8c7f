"""Versions of the past: history, loading as of, rollback, retention, rename, giving up; differences of the data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from nbasset import DailyPartitionsDefinition, asset, materialize
from nbasset.arguments import parse
from nbasset.commands.diff import diff, diff_text
from nbasset.commands.drop import drop
from nbasset.commands.gc import gc
from nbasset.commands.history import HistoryResult, history, history_text
from nbasset.commands.load import load
from nbasset.commands.rename import rename
from nbasset.commands.rollback import rollback
from nbasset.commands.scope import Scope, scope_of
from nbasset.commands.states import standing
from nbasset.errors import InvalidInvocationError, MissingValue, PartitionBusy, UnknownAsset
from nbasset.events.facts import AssetMaterialized
from nbasset.events.kinds import StepSucceeded
from nbasset.instance import Instance, instance_for_test
from nbasset.keys import AssetKey, RunId
from nbasset.settings import RetentionSettings, Settings

daily = DailyPartitionsDefinition("2013-01-01", end_date="2013-01-04")
KEY = AssetKey("numbers")


class World:
    """A value that the asset returns, and the home it is made in."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.value: Any = None

        @asset
        def numbers() -> pd.DataFrame:
            return self.value

        @asset(partitions_def=daily)
        def days(context: Any) -> pd.DataFrame:
            return self.value.assign(day=context.partition_key)

        @asset
        def reader(numbers: pd.DataFrame) -> pd.DataFrame:
            return numbers

        self.assets = [numbers, days, reader]

    def make(self, *values: int, asset: str = "numbers", partition: str | None = None) -> str:
        """Make a table of these numbers; its version id."""
        self.value = pd.DataFrame({"id": range(len(values)), "n": list(values)})
        done = materialize(self.assets, instance=self.instance, selection=asset, partition_key=partition)
        return done.get_asset_materialization_events()[0].version_id

    @property
    def scope(self) -> Scope:
        return scope_of(self.assets, instance=self.instance)

    def do(self, verb: Callable[..., Any], words: str) -> Any:
        return verb(self.scope, parse(words)[1])

    def load(self, words: str = "numbers") -> list[int]:
        return list(load(self.scope, parse(f"load {words}")[1])["n"])

    def versions(self, words: str = "numbers") -> HistoryResult:
        return history(self.scope, parse(f"history {words}")[1])


@pytest.fixture
def world() -> Iterator[World]:
    with instance_for_test() as instance:
        yield World(instance)


# -- history and loading ----------------------------------------------------------------------------------------------------------


def test_history_lists_versions_newest_first_with_what_became_of_them(world: World) -> None:
    first, second, third = world.make(1), world.make(2), world.make(2)
    entries = world.versions().entries
    assert [one.version_id for one in entries] == [third, second, first]
    assert [(one.is_current, one.is_kept, one.is_same, one.rows) for one in entries] == [
        (True, True, True, 1), (False, True, False, 1), (False, True, False, 1),
    ]  # fmt: skip
    assert history_text(world.versions()).startswith("numbers: 3 versions\n* ")


def test_history_goes_on_from_a_version_back(world: World) -> None:
    made = [world.make(value) for value in range(4)]
    page = world.versions("numbers -n 2")
    assert [one.version_id for one in page.entries] == made[:1:-1]
    rest = world.versions(f"numbers -n 2 --before {page.more}")
    assert ([one.version_id for one in rest.entries], rest.more) == (made[1::-1], "")


def test_a_value_is_loaded_as_of_a_version_a_run_or_a_moment(world: World) -> None:
    first = world.make(1)
    entry = world.versions().entries[0]
    world.make(2)
    assert world.load() == [2]
    assert world.load(f"numbers --as-of {first[:8]}") == [1]
    assert world.load(f"numbers --as-of {entry.run_id[:8]}") == [1]
    from nbasset.clock import from_us

    assert world.load(f"numbers --as-of {from_us(entry.at_us).isoformat()}") == [1]


def test_a_thousand_versions_list_and_load_and_the_newest_one_costs_what_it_did(world: World) -> None:
    first = world.make(1)
    storage = world.instance.storage
    fact = storage.latest([KEY])[KEY].materialization
    assert fact is not None

    def made(number: int) -> StepSucceeded:
        return StepSucceeded(
            number, RunId("r"), "numbers", (AssetMaterialized(KEY, version_id=f"{number:020x}", data_version=f"v{number}"),)
        )

    storage.append([made(number) for number in range(1, 1001)])
    assert len(world.versions("numbers -n 2000").entries) == 1001
    reads: list[str] = []
    reader = world.instance.reader
    materializations = reader.materializations
    reader.materializations = lambda *given, **more: reads.append("page") or materializations(*given, **more)  # type: ignore[method-assign]
    assert next(iter(reader.latest([KEY]).values())).materialization.version_id == f"{1000:020x}"  # type: ignore[union-attr]
    assert reads == []  # the newest version is asked for without a look at the others
    assert world.load(f"numbers --as-of {first}") == [1]
    assert len(reads) <= 20


# -- rollback -------------------------------------------------------------------------------------------------------------------------


def test_an_earlier_version_is_current_again_and_nothing_is_lost(world: World) -> None:
    first, second = world.make(1), world.make(2)
    result = world.do(rollback, f"rollback numbers --to {first[:8]} --yes")
    assert [(one.before, one.now) for one in result.done] == [(second, first)]
    assert world.load() == [1]
    assert world.load(f"numbers --as-of {second}") == [2]
    assert [(one.version_id, one.what) for one in world.versions().entries] == [(first, "brought back"), (second, "made"), (first, "made")]
    path = Path(world.instance.warehouse) / "numbers.parquet"
    assert list(pd.read_parquet(path)["n"]) == [1]


def test_what_was_made_from_the_version_that_was_left_is_stale_then(world: World) -> None:
    first = world.make(1)
    world.make(2)
    materialize(world.assets, instance=world.instance, selection="reader")
    world.do(rollback, f"rollback numbers --to {first} --yes")
    assert standing(world.scope).states[AssetKey("reader")].status == "stale"
    assert standing(world.scope).states[KEY].status == "fresh"


def test_a_partition_goes_back_alone(world: World) -> None:
    first = world.make(1, asset="days", partition="2013-01-01")
    world.make(1, asset="days", partition="2013-01-02")
    world.make(2, asset="days", partition="2013-01-01")
    world.do(rollback, f"rollback days -p 2013-01-01 --to {first} --yes")
    assert [world.load(f"days -p 2013-01-0{day}") for day in (1, 2)] == [[1], [1]]
    with pytest.raises(InvalidInvocationError, match="say which partitions"):
        world.do(rollback, f"rollback days --to {first} --yes")


def test_going_back_to_where_it_is_does_nothing(world: World) -> None:
    first = world.make(1)
    result = world.do(rollback, f"rollback numbers --to {first} --yes")
    assert (result.done, result.same) == ((), (None,))


def test_a_version_that_is_not_kept_cannot_come_back(world: World) -> None:
    first = world.make(1)
    world.make(2)
    world.instance.manager("parquet").folder.remove_version(first)
    with pytest.raises(MissingValue, match="not kept any more"):
        world.do(rollback, f"rollback numbers --to {first} --yes")
    assert world.load() == [2]


def test_a_rollback_waits_for_whoever_writes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first = world.make(1)
    world.make(2)
    monkeypatch.setattr("nbasset.commands.rollback._TIMEOUT_S", 0.05)
    with world.instance.storage.lock("asset/numbers", timeout_s=1.0), pytest.raises(PartitionBusy):
        world.do(rollback, f"rollback numbers --to {first} --yes")


# -- retention ------------------------------------------------------------------------------------------------------------------------


def stored(world: World) -> set[str]:
    return {one.version_id for one in world.instance.manager("parquet").folder.versions()}


def test_five_earlier_versions_are_kept_and_the_oldest_goes_with_each_run(world: World) -> None:
    made = [world.make(value) for value in range(9)]
    assert stored(world) == set(made[3:8])
    assert world.load() == [8]


def test_a_version_that_current_data_was_made_from_stays_however_old(world: World) -> None:
    first = world.make(1)
    materialize(world.assets, instance=world.instance, selection="reader")
    made = [world.make(value) for value in range(10, 20)]
    assert stored(world) == {first, *made[4:9]}
    assert gc(world.instance, parse("gc --keep 0")[1]).kept == 1
    assert stored(world) == {first}
    materialize(world.assets, instance=world.instance, selection="reader")
    gc(world.instance, parse("gc --keep 0")[1])
    assert stored(world) == set()


def test_gc_says_what_would_go_before_it_goes(world: World) -> None:
    made = [world.make(value) for value in range(4)]
    dry = gc(world.instance, parse("gc --keep 1 --dry-run")[1])
    assert ({one.version_id for one in dry.gone}, dry.is_dry) == (set(made[:2]), True)
    assert stored(world) == set(made[:3])
    done = gc(world.instance, parse("gc --keep 1")[1])
    assert {one.version_id for one in done.gone} == set(made[:2])
    assert stored(world) == {made[2]}
    assert world.load(f"numbers --as-of {made[2]}") == [2]
    with pytest.raises(MissingValue):
        world.load(f"numbers --as-of {made[0]}")


def test_gc_keeps_to_a_size_and_an_age(world: World) -> None:
    made = [world.make(value) for value in range(3)]
    assert gc(world.instance, parse("gc --older-than 1h")[1]).gone == ()
    size = max(one.size_bytes for one in world.instance.manager("parquet").folder.versions())
    gone = gc(world.instance, parse(f"gc --max-size {size}")[1]).gone
    assert [one.version_id for one in gone] == [made[0]]


def test_a_version_brought_back_is_current_and_never_goes(world: World) -> None:
    first = world.make(1)
    world.make(2)
    world.do(rollback, f"rollback numbers --to {first} --yes")
    gc(world.instance, parse("gc --keep 0")[1])
    assert world.load() == [1]
    assert world.load(f"numbers --as-of {first}") == [1]


def test_the_settings_say_how_many_are_kept() -> None:
    with instance_for_test(Settings(retention=RetentionSettings(versions=1))) as instance:
        world = World(instance)
        made = [world.make(value) for value in range(4)]
        assert stored(world) == {made[2]}


# -- rename and giving up ---------------------------------------------------------------------------------------------------------------


def test_a_renamed_asset_keeps_its_files_its_history_and_its_partitions(world: World) -> None:
    first = world.make(1)
    world.make(2)
    result = world.do(rename, "rename numbers figures")
    assert (result.files, result.is_defined) == (1, False)

    @asset
    def figures() -> pd.DataFrame:
        return world.value

    scope = scope_of([figures], instance=world.instance)
    assert list(load(scope, parse("load figures")[1])["n"]) == [2]
    assert list(load(scope, parse(f"load figures --as-of {first}")[1])["n"]) == [1]
    assert len(history(scope, parse("history figures")[1]).entries) == 2
    warehouse = Path(world.instance.warehouse)
    assert ((warehouse / "figures.parquet").exists(), (warehouse / "numbers.parquet").exists()) == (True, False)
    assert (warehouse / "figures.parquet").stat().st_nlink == 1


def test_partitions_move_with_their_asset(world: World) -> None:
    for day in (1, 2):
        world.make(day, asset="days", partition=f"2013-01-0{day}")
    assert world.do(rename, "rename days dates").files == 2
    warehouse = Path(world.instance.warehouse)
    assert sorted(path.name for path in (warehouse / "dates").iterdir()) == ["2013-01-01.parquet", "2013-01-02.parquet"]
    assert not (warehouse / "days").exists()


def test_a_name_that_is_taken_or_unknown_is_refused(world: World) -> None:
    world.make(1)
    materialize(world.assets, instance=world.instance, selection="reader")
    with pytest.raises(InvalidInvocationError, match="history of its own"):
        world.do(rename, "rename numbers reader")
    with pytest.raises(UnknownAsset, match="Did you mean 'numbers'"):
        world.do(rename, "rename number other")


def test_one_version_is_given_up_with_its_file(world: World) -> None:
    first = world.make(1)
    world.make(2)
    assert world.do(drop, f"drop numbers --version {first} --yes").files == 1
    assert (world.load(), stored(world)) == ([2], set())
    with pytest.raises(MissingValue):
        world.load(f"numbers --as-of {first}")


def test_giving_up_the_current_version_leaves_the_asset_missing(world: World) -> None:
    version = world.make(1)
    world.do(drop, f"drop numbers --version {version} --yes")
    assert standing(world.scope).states[KEY].status == "missing"
    assert not (Path(world.instance.warehouse) / "numbers.parquet").exists()


# -- differences -------------------------------------------------------------------------------------------------------------------------


def test_the_current_version_is_compared_with_the_last_one_of_other_data(world: World) -> None:
    first = world.make(1, 2)
    world.make(1, 3, 4)
    world.make(1, 3, 4)
    result = world.do(diff, "diff numbers")
    assert result.before.version_id == first
    assert (result.table.key, result.table.added, result.table.changed) == (("id",), 1, 1)
    assert result.table.first == "column `n` at id=1: 2 and 3"
    assert "1 added, 0 removed, 1 changed, matched by id (guessed)" in diff_text(result)


def test_two_partitions_are_compared(world: World) -> None:
    world.make(1, 2, asset="days", partition="2013-01-01")
    world.make(1, 5, asset="days", partition="2013-01-02")
    result = world.do(diff, "diff days -p 2013-01-01 -p 2013-01-02 --key id")
    assert {one.name: one.changed for one in result.table.columns} == {"id": 0, "n": 1, "day": 2}


def test_a_diff_without_two_sides_says_what_is_missing(world: World) -> None:
    with pytest.raises(MissingValue, match="never materialized"):
        world.do(diff, "diff numbers")
    world.make(1)
    with pytest.raises(MissingValue, match="never had other data"):
        world.do(diff, "diff numbers")
    with pytest.raises(InvalidInvocationError, match="say which one"):
        world.do(diff, "diff days")
