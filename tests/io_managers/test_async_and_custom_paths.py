"""Managers that read several files at a time, and files at paths of one's own."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from nbasset import (
    AssetIn,
    DailyPartitionsDefinition,
    Instance,
    InvalidDefinitionError,
    MissingValue,
    Out,
    StaticPartitionsDefinition,
    UPathIOManager,
    asset,
    custom_path_fs_io_manager,
    job,
    materialize,
    op,
)

SIDES = StaticPartitionsDefinition(["north", "south", "west"])


class AsyncTexts(UPathIOManager):
    """Texts, read with an `async def`; `most` is how many were open at one time."""

    extension = ".txt"

    def __init__(self, base_path: str) -> None:
        super().__init__(base_path)
        self.open = self.most = 0

    def dump_to_path(self, context: Any, obj: str, path: Path) -> None:
        path.write_text(obj)

    async def load_from_path(self, context: Any, path: Path) -> str:
        self.open += 1
        self.most = max(self.most, self.open)
        await asyncio.sleep(0)
        self.open -= 1
        return path.read_text()


@asset(partitions_def=SIDES)
def side(context: Any) -> str:
    return str(context.partition_key)


@asset
def all_sides(side: dict[str, str]) -> str:
    return ",".join(side)


def test_partitions_are_read_several_at_a_time_by_an_async_manager_also_inside_a_running_loop(tmp_path: Path) -> None:
    manager = AsyncTexts(str(tmp_path))

    async def cell() -> None:
        with Instance.ephemeral() as instance:
            materialize([side], partition_keys=["north", "south", "west"], resources={"io_manager": manager}, instance=instance)
            result = materialize([side, all_sides], selection="all_sides", resources={"io_manager": manager}, instance=instance)
            assert result.asset_value("all_sides") == "north,south,west"
            assert result.load(side.key, "south") == "south"

    asyncio.run(cell())
    assert manager.most == 3


def test_an_async_manager_says_what_is_missing_or_leaves_it_out(tmp_path: Path) -> None:
    @asset(ins={"side": AssetIn(metadata={"allow_missing_partitions": True})})
    def some(side: dict[str, str]) -> str:
        return ",".join(side)

    manager = {"io_manager": AsyncTexts(str(tmp_path))}
    with Instance.ephemeral() as instance:
        materialize([side], partition_keys=["north", "west"], resources=manager, instance=instance)
        assert materialize([side, some], selection="some", resources=manager, instance=instance).asset_value("some") == "north,west"
        with pytest.raises(MissingValue, match="asset 'side', partition 'south' was never"):
            materialize([side, all_sides], selection="all_sides", resources=manager, instance=instance)


def test_the_name_of_a_partition_can_be_chosen(tmp_path: Path) -> None:
    class ByMonth(AsyncTexts):
        def make_safe_partition_path(self, context: Any, partition_path: str) -> str:
            year, month, day = context.asset_partition_key.split("-")
            return f"{year}/{month}/{day}"

    @asset(partitions_def=DailyPartitionsDefinition("2024-01-01"))
    def day() -> str:
        return "rain"

    materialize([day], partition_key="2024-01-03", resources={"io_manager": ByMonth(str(tmp_path))}, instance=Instance.ephemeral())
    assert (tmp_path / "day" / "2024" / "01" / "03.txt").read_text() == "rain"


def test_assets_and_outputs_stand_where_their_metadata_say(tmp_path: Path) -> None:
    manager = {"io_manager": custom_path_fs_io_manager.configured({"base_dir": str(tmp_path)})}

    @asset(metadata={"path": "kept/words"}, partitions_def=SIDES)
    def words(context: Any) -> set[str]:
        return {str(context.partition_key)}

    @op(out=Out(metadata={"path": "steps/one"}))
    def one() -> int:
        return 1

    @op(out=Out(metadata={"path": "steps/two"}))
    def two(one: int) -> int:
        return one + 1

    @job(resource_defs=manager)
    def both() -> None:
        two(one())

    @asset
    def lost() -> int:
        return 1

    with Instance.ephemeral() as instance:
        materialize([words], partition_key="north", resources=manager, instance=instance)
        assert both.execute_in_process(instance=instance).output_for_node("two") == 2
        with pytest.raises(InvalidDefinitionError, match="does not say where"):
            materialize([lost], resources=manager, instance=instance)
    kept = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert {"kept/words/north", "steps/one", "steps/two"} <= kept
