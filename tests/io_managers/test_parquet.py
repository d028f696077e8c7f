"""The default manager: footers, versions, changes by hand, damage, rollback, schemas."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nbasset.definitions.listed_partitions import StaticPartitionsDefinition
from nbasset.definitions.multi_partitions import MultiPartitionKey, MultiPartitionsDefinition
from nbasset.errors import ChangedByHand, CorruptData, MissingValue, PathOutsideHome, SchemaMismatch
from nbasset.io_managers.content import data_version
from nbasset.io_managers.parquet import ParquetIOManager
from nbasset.io_managers.protocol import Staged, build_input_context, build_output_context
from nbasset.keys import AssetKey, PartitionRef
from nbasset.metadata import MetadataValue, TableColumn, TableColumnConstraints, TableSchema


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "warehouse"


@pytest.fixture
def manager(folder: Path) -> ParquetIOManager:
    return ParquetIOManager(folder)


def publish(manager: ParquetIOManager, value: Any, key: str = "a", previous: str | None = None, **options: Any) -> Staged:
    staged = manager.stage(build_output_context(asset_key=key, **options), value)
    manager.publish(staged, previous)
    return staged


def load(manager: ParquetIOManager, key: str = "a", **options: Any) -> Any:
    return manager.load_input(build_input_context(asset_key=key, **options))


def test_the_footer_says_what_the_file_is(manager: ParquetIOManager, folder: Path) -> None:
    staged = publish(manager, pd.DataFrame({"n": [1, 2]}), "raw/orders", partition_key="2013-01-01", run_id="r1")
    said = pq.read_metadata(folder / "raw" / "orders" / "2013-01-01.parquet").metadata
    expected = {"version": staged.version_id, "asset": "raw/orders", "partition": "2013-01-01", "run": "r1"}
    assert {name: said[f"nbasset.{name}".encode()].decode() for name in expected} == expected
    assert said[b"nbasset.data_version"].decode() == staged.data_version == data_version(pa.table({"n": [1, 2]}))
    assert (staged.rows, staged.uri) == (2, str(folder / "raw" / "orders" / "2013-01-01.parquet"))


def test_readers_of_parquet_see_current_data_only(manager: ParquetIOManager, folder: Path) -> None:
    for number in (1, 2, 3):
        publish(manager, pd.DataFrame({"n": [number]}), "a", partition_key="x")
    publish(manager, pd.DataFrame({"n": [10]}), "a", partition_key="y")
    manager.stage(build_output_context(asset_key="a", partition_key="z"), pd.DataFrame({"n": [100]}))
    with duckdb.connect() as database:
        assert database.sql(f"select sum(n) from '{folder}/**/*.parquet'").fetchall() == [(13,)]
    assert pd.read_parquet(folder / "a")["n"].tolist() == [3, 10]


def test_a_file_changed_by_hand_is_told_and_the_kept_versions_are_untouched(manager: ParquetIOManager, folder: Path) -> None:
    first = publish(manager, pd.DataFrame({"n": [1]}))
    second = publish(manager, pd.DataFrame({"n": [2]}))
    pd.DataFrame({"n": [999]}).to_parquet(folder / "a.parquet")
    with pytest.raises(ChangedByHand, match=r"a\.parquet was changed by hand[\s\S]*%asset run a"):
        load(manager, version_ids=[second.version_id])
    assert load(manager, version_ids=[first.version_id])["n"].tolist() == [1]
    third = publish(manager, pd.DataFrame({"n": [3]}))
    assert load(manager, version_ids=[third.version_id])["n"].tolist() == [3]
    assert [one.version_id for one in manager.folder.versions() if one.version_id.startswith("unknown-")]


def test_writing_into_the_current_file_by_hand_reaches_no_kept_version(manager: ParquetIOManager, folder: Path) -> None:
    first = publish(manager, pd.DataFrame({"n": [1]}))
    publish(manager, pd.DataFrame({"n": [2]}))
    assert (folder / "a.parquet").stat().st_nlink == 1
    with (folder / "a.parquet").open("r+b") as file:
        file.write(b"garbage")
    assert load(manager, version_ids=[first.version_id])["n"].tolist() == [1]


def test_a_version_that_is_not_kept_any_more_is_told(manager: ParquetIOManager) -> None:
    first = publish(manager, [1])
    second = publish(manager, [2])
    manager.folder.remove_version(first.version_id)
    with pytest.raises(MissingValue, match=f"version {first.version_id} of 'a' is not kept any more; .* holds version {second.version_id}"):
        load(manager, version_ids=[first.version_id])


def test_a_reader_that_was_told_an_older_version_gets_it_after_a_newer_one_was_published(manager: ParquetIOManager) -> None:
    first = publish(manager, [1])
    recorded = first.version_id
    publish(manager, [2], previous=first.version_id)
    assert load(manager, version_ids=[recorded]) == [1]


@pytest.mark.parametrize("damage", ["truncated", "flipped", "text", "empty", "footer"])
def test_damage_is_told_with_the_earlier_versions(damage: str, manager: ParquetIOManager, folder: Path) -> None:
    frame = pd.DataFrame({"n": range(50_000)})
    first = publish(manager, frame)
    second = publish(manager, frame * 3)
    path = folder / "a.parquet"
    data = bytearray(path.read_bytes())
    if damage == "truncated":
        data = data[: len(data) // 2]
    elif damage == "flipped":
        data[len(data) // 3] ^= 0xFF
    elif damage == "footer":
        data[-6] ^= 0xFF  # the length of the footer
    else:
        data = bytearray(b"a,b\n1,2\n" if damage == "text" else b"")
    path.write_bytes(data)
    with pytest.raises(CorruptData) as told:
        load(manager, version_ids=[second.version_id])
    assert str(path) in str(told.value)
    assert first.version_id in str(told.value)
    assert "%asset run a" in str(told.value)
    pd.testing.assert_frame_equal(load(manager, version_ids=[first.version_id]), frame)


def test_a_stored_value_can_be_verified(manager: ParquetIOManager, folder: Path) -> None:
    staged = publish(
        manager, pd.DataFrame({"n": [1, None], "c": pd.Categorical(["x", "y"]), "t": pd.Series([1, 2]).astype("datetime64[s]")})
    )
    assert manager.verify(build_input_context(asset_key="a")) == staged.data_version
    table, said = pq.read_table(folder / "a.parquet"), pq.read_metadata(folder / "a.parquet").metadata
    pq.write_table(table.slice(1).replace_schema_metadata(said), folder / "a.parquet")
    with pytest.raises(CorruptData, match="not those that were written"):
        manager.verify(build_input_context(asset_key="a"))


def test_a_version_is_brought_back_under_its_own_id(manager: ParquetIOManager) -> None:
    ids = [publish(manager, [number], partition_key="x").version_id for number in range(3)]
    back = manager.stage_version(AssetKey("a"), PartitionRef("x", 0), ids[0])
    manager.publish(back, ids[-1])
    assert (back.version_id, load(manager, partition_key="x", version_ids=[ids[0]])) == (ids[0], [0])
    assert load(manager, partition_key="x") == [0]
    assert load(manager, partition_key="x", version_ids=[ids[2]]) == [2]
    with pytest.raises(MissingValue, match="not kept any more"):
        manager.stage_version(AssetKey("a"), None, "0" * 20)


def test_versions_can_be_found_without_records(manager: ParquetIOManager) -> None:
    ids = [publish(manager, [number], partition_key="x").version_id for number in range(3)]
    publish(manager, [0], partition_key="y")
    publish(manager, [1], partition_key="y")
    assert set(manager.versions_of(AssetKey("a"), "x")) == set(ids[:2])
    assert manager.versions_of(AssetKey("b")) == []


def test_a_profile_is_read_from_the_footer_or_made_from_a_foreign_file(manager: ParquetIOManager, folder: Path) -> None:
    first = publish(manager, pd.DataFrame({"n": [1, 2, 3]}))
    publish(manager, pd.DataFrame({"n": [4]}))
    assert manager.profile(AssetKey("a")).rows == 1
    assert manager.profile(AssetKey("a"), version_id=first.version_id).columns[0].high == 3
    pq.write_table(pa.table({"n": [7, 8]}), folder / "foreign.parquet")
    assert manager.profile(AssetKey("foreign")).columns[0].low == 7


def test_a_crash_between_link_and_rename_is_made_good_by_publishing_again(manager: ParquetIOManager, folder: Path) -> None:
    first = publish(manager, [1])
    staged = manager.stage(build_output_context(asset_key="a"), [2])
    (folder / ".versions").mkdir()
    (folder / ".versions" / first.version_id).hardlink_to(folder / "a.parquet")
    assert load(manager) == [1]
    manager.publish(staged, first.version_id)
    assert load(manager) == [2]
    assert load(manager, version_ids=[first.version_id]) == [1]


def test_a_file_whose_event_was_lost_becomes_a_version_and_the_recorded_one_stays(manager: ParquetIOManager) -> None:
    recorded = publish(manager, [1])
    orphan = publish(manager, [2], previous=recorded.version_id)  # killed before the event
    assert load(manager, version_ids=[recorded.version_id]) == [1]
    after = publish(manager, [3], previous=recorded.version_id)
    assert [load(manager, version_ids=[one.version_id]) for one in (recorded, orphan, after)] == [[1], [2], [3]]


def test_several_dimensions_are_folders_and_columns(manager: ParquetIOManager, folder: Path) -> None:
    places = MultiPartitionsDefinition(
        {"origin": StaticPartitionsDefinition(["JFK", "EWR"]), "day": StaticPartitionsDefinition(["2013-01-01"])}
    )
    texts = ["2013-01-01|JFK", "2013-01-01|EWR"]
    publish(manager, pd.DataFrame({"n": [0]}), partition_key=MultiPartitionKey({"origin": "JFK", "day": "2013-01-01"}))
    publish(manager, pd.DataFrame({"n": [1]}), partition_key=texts[1], asset_partitions_def=places)
    assert (folder / "a" / "day=2013-01-01" / "origin=JFK" / "part.parquet").is_file()
    frame = load(manager, asset_partition_keys=texts, asset_partitions_def=places, annotation=pd.DataFrame)
    pd.testing.assert_frame_equal(frame, pd.DataFrame({"n": [0, 1], "day": ["2013-01-01"] * 2, "origin": ["JFK", "EWR"]}))
    files = f"read_parquet('{folder}/a/**/*.parquet', hive_partitioning = true)"
    assert duckdb.sql(f"select day::varchar, origin, n from {files} order by n").fetchall() == [
        ("2013-01-01", "JFK", 0), ("2013-01-01", "EWR", 1),
    ]  # fmt: skip


def test_partitions_of_one_frame_keep_categories_index_and_rows(manager: ParquetIOManager) -> None:
    parts = {key: pd.DataFrame({"c": pd.Categorical([key]), "t": ["a"]}, index=pd.Index([key], name="k")) for key in "xyz"}
    for key, part in parts.items():
        publish(manager, part, partition_key=key)
    frame = load(manager, asset_partition_keys=list(parts), annotation=pd.DataFrame, definition_metadata={"partition_column": "which"})
    assert (frame.index.tolist(), frame["c"].tolist(), frame["which"].tolist()) == (list("xyz"), list("xyz"), list("xyz"))
    assert frame["c"].dtype == pd.CategoricalDtype(["x", "y", "z"])


def test_partitions_whose_types_differ_name_column_and_partitions(manager: ParquetIOManager) -> None:
    publish(manager, pd.DataFrame({"n": [1]}), partition_key="x")
    publish(manager, pd.DataFrame({"n": ["one"]}), partition_key="y")
    with pytest.raises(SchemaMismatch, match=r"column 'n' is int64 in partition 'x' and large_string in 'y'"):
        load(manager, asset_partition_keys=["x", "y"], annotation=pd.DataFrame)
    publish(manager, pd.DataFrame({"n": [None], "new": [1.5]}), partition_key="y")
    assert load(manager, asset_partition_keys=["x", "y"], annotation=pd.DataFrame)["new"].tolist()[1] == 1.5


def test_no_partition_gives_nothing(manager: ParquetIOManager) -> None:
    assert load(manager, asset_partition_keys=[], asset_partitions_def=object(), load_as="dict") == {}
    assert load(manager, asset_partition_keys=[], asset_partitions_def=object(), annotation=pd.DataFrame) is None


SCHEMA = TableSchema(
    [TableColumn("n", "int64"), TableColumn("t", "string", constraints=TableColumnConstraints(nullable=False)), TableColumn("f", "float64")]
)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (pd.DataFrame({"n": ["1"], "t": ["x"], "f": [1.0]}), ["column 'n' as int64", "has it as string"]),
        (pd.DataFrame({"n": [1], "text": ["x"], "f": [1.0]}), ["declares a column 't'", "It has: n, text, f"]),
        (pd.DataFrame({"n": [1], "t": [None], "f": [1.0]}).astype({"t": "str"}), ["column 't' without nulls", "has 1"]),
    ],
)
def test_a_declared_schema_is_checked_before_anything_is_written(
    frame: pd.DataFrame, words: list[str], manager: ParquetIOManager, folder: Path
) -> None:
    declared = {"column_schema": MetadataValue.table_schema(SCHEMA)}
    good = publish(manager, pd.DataFrame({"n": [1], "t": ["x"], "f": [1.0], "more": [0]}), definition_metadata=declared)
    before = (folder / "a.parquet").read_bytes()
    with pytest.raises(SchemaMismatch) as told:
        publish(manager, frame, definition_metadata=declared)
    assert all(word in str(told.value) for word in words)
    assert (folder / "a.parquet").read_bytes() == before
    assert load(manager, version_ids=[good.version_id])["more"].tolist() == [0]


def test_a_link_out_of_the_warehouse_is_refused(manager: ParquetIOManager, folder: Path, tmp_path: Path) -> None:
    folder.mkdir()
    outside = tmp_path / "warehouse-secret"
    outside.mkdir()
    (folder / "a").symlink_to(outside)
    with pytest.raises(PathOutsideHome, match="symbolic link"):
        publish(manager, [1], partition_key="x")
    with pytest.raises(PathOutsideHome, match="symbolic link"):
        load(manager, partition_key="x")
    assert list(outside.iterdir()) == []
    with pytest.raises(PathOutsideHome, match="leads out"):
        manager.folder.place("../x")


class Case(NamedTuple):
    key: str
    number: int


def test_many_hostile_partition_keys_each_have_one_file(manager: ParquetIOManager, folder: Path) -> None:
    keys = ["..", ".", "/etc/x", "a/b", "a\\b", "", " ", "x" * 300, "y" * 300, "con", "*", "\ud800", "a\nb", "A", "a", "é", "e\u0301"]
    cases = [Case(key, number) for number, key in enumerate(keys)]
    for case in cases:
        publish(manager, [case.number], partition_key=case.key)
    assert [load(manager, partition_key=case.key) for case in cases] == [[case.number] for case in cases]
    assert len(list((folder / "a").iterdir())) == len(keys)
    assert {path.name for path in folder.iterdir()} == {"a"}


def test_in_an_object_store_the_version_object_comes_first_and_the_copy_after(tmp_path: Path) -> None:
    manager = ParquetIOManager(f"memory://{uuid4().hex}/w")
    staged = manager.stage(build_output_context(asset_key="a"), [1])
    assert manager.folder.exists(manager.folder.version_place(staged.version_id))
    assert not manager.folder.exists(staged.uri)
    manager.publish(staged, None)
    newer = publish(manager, [2])
    assert load(manager) == [2]
    assert [load(manager, version_ids=[one.version_id]) for one in (staged, newer)] == [[1], [2]]
    assert {one.version_id for one in manager.folder.versions()} == {staged.version_id, newer.version_id}
    manager.publish(manager.stage_version(AssetKey("a"), None, staged.version_id), newer.version_id)
    assert load(manager) == [1]


def test_a_stream_goes_on_reading_its_version_when_another_is_published(manager: ParquetIOManager) -> None:
    publish(manager, pa.table({"n": range(200_000)}))
    stream = load(manager, annotation=pa.RecordBatchReader)
    publish(manager, pa.table({"n": [0]}))
    assert stream.read_all().num_rows == 200_000


def test_a_large_table_written_beside_its_hash_says_the_same_as_a_small_one(manager: ParquetIOManager) -> None:
    table = pa.table({"n": range(400_000), "t": [f"t{at % 1000:03}" for at in range(400_000)], "none": pa.nulls(400_000, pa.string())})
    assert table.nbytes > 2_000_000
    staged = publish(manager, table)
    assert staged.data_version == data_version(table)
    number, text, none = manager.profile(AssetKey("a")).columns
    assert (number.high, text.low, text.high, none.low, none.nulls) == (399_999, "t000", "t999", None, 400_000)


def test_without_a_preview_no_value_of_a_row_stands_in_the_footer(folder: Path) -> None:
    manager = ParquetIOManager(folder, preview_rows=0)
    publish(manager, pd.DataFrame({"name": ["Ada Lovelace"]}))
    assert manager.profile(AssetKey("a")).preview == ()
    assert b"Lovelace" not in pq.read_metadata(folder / "a.parquet").metadata[b"nbasset.profile"]


def test_facts_of_the_user_travel_with_the_staged_value(manager: ParquetIOManager) -> None:
    context = build_output_context(asset_key="a")
    context.add_output_metadata({"source": "api"})
    assert manager.stage(context, [1]).metadata == {"source": MetadataValue.text("api")}
