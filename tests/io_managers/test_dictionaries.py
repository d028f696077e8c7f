"""A column is kept as a dictionary where that pays, and readers see no difference."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbasset.io_managers.dictionaries import worth_a_dictionary
from nbasset.io_managers.parquet_files import Options, open_file, read_table, write_file

ROWS = 400_000
RANDOM = np.random.default_rng(7)


def kept(values: object, group_rows: int | None = None) -> bool:
    found = worth_a_dictionary(pa.table({"a": values}), group_rows)
    return found is True or found == ["a"]


def test_values_that_are_mostly_different_are_not() -> None:
    assert not kept(RANDOM.normal(size=ROWS))
    assert not kept(np.arange(ROWS))
    assert not kept([f"order-{at}" for at in range(ROWS)])
    assert not kept(RANDOM.integers(0, 1_000_000, ROWS))


def test_values_that_come_again_are_wherever_equal_ones_stand() -> None:
    codes = RANDOM.integers(0, 20_000, ROWS)
    assert kept(codes)
    assert kept(np.sort(codes))
    assert kept([f"customer-{code}" for code in codes])
    assert kept(np.round(RANDOM.normal(size=ROWS), 2))
    assert kept(RANDOM.integers(0, 60_000, ROWS).astype("i2"))


def test_a_few_values_and_many_single_ones_keep_the_dictionary() -> None:
    values = RANDOM.normal(size=ROWS)
    values[RANDOM.random(ROWS) < 0.5] = 0
    assert kept(values)


def test_each_row_group_has_a_dictionary_of_its_own() -> None:
    in_order = np.arange(1_200_000) // 4
    assert kept(in_order, 100_000)
    assert not kept(in_order)


def test_long_values_fill_a_dictionary_sooner() -> None:
    codes = RANDOM.integers(0, 40_000, 120_000)
    assert kept([f"{code}" for code in codes])
    assert not kept([f"{code:099}" for code in codes])


def test_nulls_are_no_values() -> None:
    hidden = RANDOM.random(ROWS) < 0.9
    assert not kept(pa.array(RANDOM.normal(size=ROWS), mask=hidden))
    assert kept(pa.array(RANDOM.integers(0, 9, ROWS), mask=hidden))
    assert kept(pa.nulls(ROWS, pa.int64()))


@pytest.mark.parametrize("kind", [pa.null(), pa.bool_(), pa.string_view(), pa.decimal128(9, 2), pa.float16(), pa.uuid()], ids=str)
def test_every_type_has_an_answer(kind: pa.DataType) -> None:
    assert kept(pa.nulls(5_000, kind))


def test_parts_of_nested_columns_are_named_as_parquet_names_them() -> None:
    rows = 3_000
    table = pa.table({
        "few": [at % 5 for at in range(rows)],
        "many": np.arange(rows),
        "list": [[at % 3, at % 5] for at in range(rows)],
        "large": pa.array([[at % 3] for at in range(rows)], pa.large_list(pa.int16())),
        "fixed": pa.array([[at % 3, at % 5] for at in range(rows)], pa.list_(pa.int32(), 2)),
        "map": pa.array([[("a", at % 3)] for at in range(rows)], pa.map_(pa.string(), pa.int64())),
        "struct": [{"x": at % 3, "deep": [{"y": at, "z": "z"}]} for at in range(rows)],
        "with.dot": [at % 7 for at in range(rows)],
        "category": pa.array([str(at % 7) for at in range(rows)]).dictionary_encode(),
    })  # fmt: skip
    sink = io.BytesIO()
    pq.write_table(table, sink)
    schema = pq.ParquetFile(sink).metadata.schema
    paths = [schema.column(at).path for at in range(len(schema))]
    assert worth_a_dictionary(table) == [path for path in paths if path not in ("many", "struct.deep.list.element.y")]


@given(st.integers(0, 2), st.integers(0, 40_000), st.integers(1, 40_000))
def test_the_answer_names_columns_of_the_table(columns: int, rows: int, different: int) -> None:
    table = pa.table({f"c{at}": np.arange(rows) % different for at in range(columns)})
    found = worth_a_dictionary(table)
    assert found is True or set(found) <= set(table.column_names)  # type: ignore[arg-type]


@pytest.mark.parametrize("as_stream", [False, True], ids=["table", "stream"])
def test_a_file_without_a_dictionary_reads_back_the_same_and_is_not_larger(as_stream: bool) -> None:
    table = pa.table({"f": RANDOM.normal(size=ROWS), "n": RANDOM.integers(0, 9, ROWS)})
    mine, raw = io.BytesIO(), io.BytesIO()
    write_file(mine, table.to_reader(50_000) if as_stream else table, value={"kind": "arrow"}, footer={}, options=Options())
    pq.write_table(table, raw)
    file = open_file(mine)
    assert read_table(file).equals(table)
    group = file.metadata.row_group(0)
    assert ["RLE_DICTIONARY" in group.column(at).encodings for at in range(2)] == [False, True]
    assert len(mine.getvalue()) <= len(raw.getvalue())


def test_an_empty_stream_is_an_empty_table() -> None:
    sink, schema = io.BytesIO(), pa.schema([("a", pa.int64())])
    written = write_file(sink, pa.RecordBatchReader.from_batches(schema, []), value={"kind": "arrow"}, footer={}, options=Options())
    assert written.rows == 0
    assert read_table(open_file(sink)).equals(schema.empty_table())
