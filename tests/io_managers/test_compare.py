"""Comparing stored tables: against a plain reckoning row by row, and case by case."""

from __future__ import annotations

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbasset.errors import InvalidInvocationError
from nbasset.io_managers.compare import RowDiff, SchemaChange, TableDiff, compare_files
from nbasset.io_managers.parquet_files import Options, open_file, write_file

cells = st.one_of(st.none(), st.integers(-3, 3))
floats = st.one_of(st.none(), st.sampled_from([0.0, 1.5, float("nan"), -2.0]))
rows = st.dictionaries(st.integers(0, 12), st.tuples(cells, floats, st.sampled_from(["a", "b", None])), max_size=10)


def stored(table: pa.Table, *, compression: str = "snappy") -> pq.ParquetFile:
    sink = io.BytesIO()
    write_file(sink, table, value={}, footer={}, options=Options(compression))
    return open_file(io.BytesIO(sink.getvalue()))


def compared(before: dict[str, Any], after: dict[str, Any], **options: Any) -> TableDiff:
    return compare_files(stored(pa.table(before)), stored(pa.table(after)), **options)


def table_of(found: dict[int, tuple[Any, ...]]) -> pa.Table:
    columns = list(zip(*found.values(), strict=True)) or [(), (), ()]
    kinds = ["int64", "float64", "string"]
    values = {name: pa.array(list(column), kind) for name, column, kind in zip("xyz", columns, kinds, strict=True)}
    return pa.table({"id": pa.array(list(found), "int64"), **values})


def _alike(a: Any, b: Any) -> bool:
    return a == b or (a is not None and b is not None and a != a and b != b)


@settings(max_examples=60, deadline=None)
@given(before=rows, after=rows)
def test_counts_are_those_of_a_comparison_row_by_row(before: dict[int, Any], after: dict[int, Any]) -> None:
    found = compare_files(stored(table_of(before)), stored(table_of(after)), key=["id"])
    both = before.keys() & after.keys()
    changed = {name: sum(not _alike(before[at][place], after[at][place]) for at in both) for place, name in enumerate("xyz")}
    rows_changed = sum(any(not _alike(a, b) for a, b in zip(before[at], after[at], strict=True)) for at in both)
    if found.is_same:
        assert list(before) == list(after)
        assert rows_changed == 0
        return
    assert (found.added, found.removed, found.changed) == (
        len(after.keys() - before.keys()),
        len(before.keys() - after.keys()),
        rows_changed,
    )
    assert {one.name: one.changed for one in found.columns if one.name != "id"} == changed


def test_the_same_values_with_another_compression_are_the_same_without_reading_them() -> None:
    table = pa.table({"n": [1, 2, 3]})
    assert compare_files(stored(table), stored(table, compression="zstd")).is_same


def test_one_changed_value_is_named_with_its_key() -> None:
    found = compared({"carrier": ["AA", "UA"], "late": [3, 4]}, {"carrier": ["AA", "UA"], "late": [3, 5]})
    assert (found.key, found.is_guessed, found.first) == (("carrier",), True, "column `late` at carrier=UA: 4 and 5")
    assert found.examples == (RowDiff("~", "carrier=UA", (("late", "4", "5"),)),)


def test_rows_that_came_and_went_are_shown() -> None:
    found = compared({"k": ["a", "b"], "n": [1, 2]}, {"k": ["b", "c"], "n": [2, 3]}, key=["k"])
    assert found.examples == (
        RowDiff("+", "k=c", (("k", None, "c"), ("n", None, "3"))), RowDiff("-", "k=a", (("k", "a", None), ("n", "1", None))),
    )  # fmt: skip


def test_columns_that_came_went_or_have_another_type_are_told() -> None:
    found = compared({"k": [1, 2], "old": [1, 2], "n": [1, 2]}, {"k": [1, 2], "n": [1.0, 2.0], "new": ["x", "y"]})
    assert found.schema == (SchemaChange("new", "", "string"), SchemaChange("old", "int64", ""), SchemaChange("n", "int64", "double"))
    assert found.changed == 0


def test_numbers_that_drift_are_told_in_standard_deviations() -> None:
    found = compared({"k": [1, 2, 3, 4], "n": [0.0, 2.0, 0.0, 2.0]}, {"k": [1, 2, 3, 4], "n": [1.0, 3.0, 1.0, 3.0]})
    (_, column) = found.columns
    assert (column.mean, column.low, column.high, column.drift) == ((1.0, 2.0), (0.0, 1.0), (2.0, 3.0), 1.0)


def test_a_key_of_several_columns_is_guessed() -> None:
    table = {"day": [1, 1, 2, 2], "carrier": ["A", "B", "A", "B"], "n": [5, 5, 5, 5]}
    found = compared(table, {**table, "n": [5, 5, 6, 5]})
    assert (found.key, found.first) == (("day", "carrier"), "column `n` at day=2, carrier=A: 5 and 6")


def test_without_a_key_rows_are_compared_by_position() -> None:
    found = compared({"n": [1, 1, 2]}, {"n": [1, 1, 3, 3]})
    assert (found.key, found.added, found.changed, found.first) == ((), 1, 1, "column `n` at row 3: 2 and 3")


def test_a_key_that_does_not_tell_rows_apart_is_refused() -> None:
    with pytest.raises(InvalidInvocationError, match="does not tell the rows apart"):
        compared({"k": [1, 1]}, {"k": [1, 2]}, key=["k"])
    with pytest.raises(InvalidInvocationError, match="Did you mean 'carrier'"):
        compared({"carrier": [1]}, {"carrier": [2]}, key=["carier"])


def test_the_same_rows_in_another_order_are_no_changed_rows() -> None:
    found = compared({"k": ["a", "b"], "n": [1, 2]}, {"k": ["b", "a"], "n": [2, 1]})
    assert (found.is_same, found.changed, found.added) == (False, 0, 0)
    assert found.notes == ("The rows are the same in another order.",)


def test_lists_and_categories_are_compared_too() -> None:
    before = {"k": [1, 2], "l": [[1], [2]], "c": pa.array(["x", "y"]).dictionary_encode()}
    after = {"k": [1, 2], "l": [[1], [3]], "c": pa.array(["x", "z"]).dictionary_encode()}
    assert {one.name: one.changed for one in compared(before, after, key=["k"]).columns} == {"k": 0, "l": 1, "c": 1}
