"""What every I/O manager does: the ones that come with nbasset, and one derived from the base class."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pandas as pd
import pytest

from nbasset.errors import MissingValue
from nbasset.io_managers.memory import InMemoryIOManager
from nbasset.io_managers.parquet import ParquetIOManager
from nbasset.io_managers.pickled import FilesystemIOManager
from nbasset.io_managers.protocol import IOManager, StagingIOManager, build_input_context, build_output_context
from nbasset.io_managers.upath import UPathIOManager
from nbasset.keys import AssetKey, PartitionRef


class JsonIOManager(UPathIOManager):
    extension = ".json"

    def dump_to_path(self, context: Any, obj: Any, path: Any) -> None:
        with path.open("w") as file:
            json.dump(obj, file)

    def load_from_path(self, context: Any, path: Any) -> Any:
        with path.open("r") as file:
            return json.load(file)


class FolderIOManager(UPathIOManager):
    """A format that writes a folder."""

    def dump_to_path(self, context: Any, obj: Any, path: Any) -> None:
        self.make_directory(path / "inner")
        (path / "inner" / "value.json").write_text(json.dumps(obj))

    def load_from_path(self, context: Any, path: Any) -> Any:
        return json.loads((path / "inner" / "value.json").read_text())


MANAGERS: dict[str, Callable[[Path], IOManager]] = {
    "memory": lambda _: InMemoryIOManager(),
    "pickle": lambda folder: FilesystemIOManager(folder),
    "pickle memory://": lambda _: FilesystemIOManager(f"memory://{uuid4().hex}/w"),
    "parquet": lambda folder: ParquetIOManager(folder / "new" / "warehouse"),
    "parquet memory://": lambda _: ParquetIOManager(f"memory://{uuid4().hex}/w"),
    "upath": lambda folder: JsonIOManager(folder),
    "upath memory://": lambda _: JsonIOManager(f"memory://{uuid4().hex}/w"),
    "upath folder": lambda folder: FolderIOManager(folder),
}
STAGING = [name for name in MANAGERS if name != "memory"]


@pytest.fixture
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> IOManager:
    return MANAGERS[request.param](tmp_path)


each = pytest.mark.parametrize("manager", MANAGERS, indirect=True)
each_staging = pytest.mark.parametrize("manager", STAGING, indirect=True)


def write(manager: IOManager, value: Any, key: str = "a", **options: Any) -> str:
    context = build_output_context(asset_key=key, **options)
    manager.handle_output(context, value)
    return context.version_id


def read(manager: IOManager, key: str = "a", **options: Any) -> Any:
    return manager.load_input(build_input_context(asset_key=key, **options))


@each
def test_a_value_comes_back(manager: IOManager) -> None:
    write(manager, [{"n": 1, "t": "x"}], "raw/orders")
    assert read(manager, "raw/orders") == [{"n": 1, "t": "x"}]


@each
def test_a_later_value_takes_the_place_of_an_earlier_one(manager: IOManager) -> None:
    write(manager, [1])
    write(manager, [2])
    assert read(manager) == [2]


@each
def test_keys_and_partitions_do_not_meet(manager: IOManager) -> None:
    write(manager, ["unpartitioned"], "a/b")
    write(manager, ["partition"], "a", partition_key="c")
    write(manager, ["hostile"], "a", partition_key="../../b")
    assert read(manager, "a/b") == ["unpartitioned"]
    assert read(manager, "a", partition_key="c") == ["partition"]
    assert read(manager, "a", partition_key="../../b") == ["hostile"]


@each
def test_the_output_of_an_op_comes_back(manager: IOManager) -> None:
    output = build_output_context("clean", "out", run_id="r1")
    manager.handle_output(output, [3])
    assert manager.load_input(build_input_context(upstream_output=output)) == [3]


@each
def test_a_missing_value_is_told_with_the_way_to_make_it(manager: IOManager) -> None:
    with pytest.raises(MissingValue, match=r"asset 'orders' was never materialized[\s\S]*%asset run orders"):
        read(manager, "orders")
    with pytest.raises(MissingValue, match=r"asset 'orders', partition '2013-01-01'[\s\S]*-p 2013-01-01[\s\S]*allow_missing_partitions"):
        read(manager, "orders", partition_key="2013-01-01")


@each
def test_several_partitions_are_a_dict_with_none_kept(manager: IOManager) -> None:
    for key, value in (("x", [1]), ("y", None), ("z", [3])):
        write(manager, value, partition_key=key)
    assert read(manager, asset_partition_keys=["x", "y", "z"]) == {"x": [1], "y": None, "z": [3]}
    assert read(manager, asset_partition_keys=["y"], load_as="dict") == {"y": None}
    assert read(manager, asset_partition_keys=["x"]) == [1]


@each
def test_a_missing_partition_is_an_error_unless_it_is_allowed(manager: IOManager) -> None:
    write(manager, [1], partition_key="x")
    with pytest.raises(MissingValue, match="partition 'y'"):
        read(manager, asset_partition_keys=["x", "y"])
    assert read(manager, asset_partition_keys=["x", "y"], definition_metadata={"allow_missing_partitions": True}) == {"x": [1]}


@each
def test_partitions_become_one_frame_when_the_consumer_asks_for_one(manager: IOManager) -> None:
    for key, number in (("x", 1), ("y", 2)):
        write(manager, [{"n": number}], partition_key=key)
    frame = read(manager, asset_partition_keys=["x", "y"], annotation=pd.DataFrame)
    pd.testing.assert_frame_equal(frame, pd.DataFrame({"n": [1, 2], "partition": ["x", "y"]}))


@each
def test_one_run_over_several_partitions_writes_each(manager: IOManager) -> None:
    context = build_output_context(asset_key="a")
    context.partitions = (PartitionRef("x", 0), PartitionRef("y", 1))
    manager.handle_output(context, {"x": [1], "y": [2]})
    assert read(manager, partition_key="y") == [2]


@each_staging
def test_a_staged_value_is_not_visible_before_it_is_published(manager: StagingIOManager) -> None:
    first = write(manager, [1])
    staged = manager.stage(build_output_context(asset_key="a"), [2])
    assert read(manager) == [1]
    manager.publish(staged, first)
    assert read(manager) == [2]


@each_staging
def test_a_discarded_value_leaves_everything_as_it_was(manager: StagingIOManager) -> None:
    write(manager, [1])
    staged = manager.stage(build_output_context(asset_key="a"), [2])
    manager.discard(staged)
    manager.discard(staged)
    assert read(manager) == [1]
    with pytest.raises(MissingValue, match="is gone"):
        manager.publish(staged, None)


@each_staging
def test_publishing_twice_is_publishing_once(manager: StagingIOManager) -> None:
    first = write(manager, [1])
    staged = manager.stage(build_output_context(asset_key="a"), [2])
    manager.publish(staged, first)
    manager.publish(staged, first)
    assert read(manager) == [2]
    assert read(manager, version_ids=[first]) == [1]


@each_staging
def test_earlier_versions_stay_readable(manager: StagingIOManager) -> None:
    ids: list[str] = []
    for number in range(4):
        staged = manager.stage(build_output_context(asset_key="a"), [number])
        manager.publish(staged, ids[-1] if ids else None)
        ids.append(staged.version_id)
    assert [read(manager, version_ids=[version]) for version in ids] == [[0], [1], [2], [3]]


@each_staging
def test_a_staged_value_says_what_it_is(manager: StagingIOManager) -> None:
    output = build_output_context(asset_key="raw/orders", partition_key="x")
    staged = manager.stage(output, [{"n": 1}])
    assert (staged.asset, staged.partition) == (AssetKey(["raw", "orders"]), PartitionRef("x", 0))
    assert staged.version_id == output.version_id
    assert staged.size_bytes
    assert staged.staged_uri != staged.uri
    assert staged.data_version == manager.stage(build_output_context(asset_key="b"), [{"n": 1}]).data_version
    assert staged.data_version != manager.stage(build_output_context(asset_key="b"), [{"n": 2}]).data_version


@each_staging
def test_a_data_version_given_by_the_user_wins(manager: StagingIOManager) -> None:
    output = build_output_context(asset_key="a")
    output.set_data_version("mine")
    assert manager.stage(output, [1]).data_version == "mine"
