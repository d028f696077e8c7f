"""A profile counts exactly, estimates honestly and fits a footer."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbasset.io_managers.profile import LONGEST_TEXT, MOST_COLUMNS, SAMPLE, ColumnProfile, Profile, Profiler


def profile(table: pa.Table, *, pieces: int | None = None, preview_rows: int = 10) -> Profile:
    profiler = Profiler(table.schema, preview_rows=preview_rows)
    for at in range(0, table.num_rows, pieces or max(table.num_rows, 1)):
        profiler.update(table.slice(at, pieces))
    return profiler.profile()


def test_a_small_table_is_described_exactly() -> None:
    table = pa.table({"n": [3, 1, None, 1], "t": ["b", "a", "a", None], "l": [[1], None, [], [2]]})
    assert profile(table) == Profile(
        4,
        (
            ColumnProfile("n", "int64", 1, 1, 3, 2, True, (2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)),
            ColumnProfile("t", "string", 1, "a", "b", 2, True, (), (("a", 0.6667), ("b", 0.3333))),
            ColumnProfile("l", "list<int64>", 1),
        ),
        ((3, "b", "[1]"), (1, "a", None), (None, "a", "[]"), (1, None, "[2]")),
        3,
    )


@pytest.mark.parametrize("ends", [(-1.2e303, 1.797e308), (-1.7e308, 1.7e308), (0.0, 5e-324), (1e9, 1e9 + 1e-6)], ids=str)
def test_numbers_at_the_ends_of_their_range_have_a_profile(ends: tuple[float, float]) -> None:
    described = profile(pa.table({"n": list(ends)})).columns[0]
    assert (described.low, described.high) == ends
    assert sum(described.counts) in (0, 2)


VALUES = st.lists(st.integers(-(2**60), 2**60) | st.none(), max_size=50)


@given(VALUES, st.integers(1, 20))
def test_pieces_and_the_whole_have_one_profile(values: list[int | None], pieces: int) -> None:
    table = pa.table({"n": pa.array(values, pa.int64()), "s": pa.array([None if one is None else str(one) for one in values], pa.string())})
    assert profile(table, pieces=pieces) == profile(table)
    if any(one is not None for one in values):
        known = [one for one in values if one is not None]
        column = profile(table).columns[0]
        small = [min(known), max(known)]
        assert [column.low, column.high] == [one if abs(one) < 2**53 else str(one) for one in small]
        assert (column.nulls, column.distinct) == (len(values) - len(known), len(set(known)))


@given(st.lists(st.floats() | st.none(), max_size=20), st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=20))
def test_a_profile_is_json_and_reads_back(floats: list[float | None], texts: list[str]) -> None:
    rows = min(len(floats), len(texts))
    found = profile(pa.table({"f": pa.array(floats[:rows], pa.float64()), "t": pa.array(texts[:rows], pa.string())}))
    assert Profile.from_json(found.to_json()) == found


def test_every_type_has_a_profile() -> None:
    table = pa.table({
        "b": [True, None], "d": [dt.date(2020, 1, 1), dt.date(2021, 1, 1)], "ts": pa.array([1, 10**18], pa.timestamp("ns", "UTC")),
        "du": [dt.timedelta(1), None], "tm": [dt.time(1), dt.time(2)], "dec": [Decimal("1.5"), Decimal("2.5")],
        "h": pa.array([np.float16(1), None], pa.float16()), "cat": pa.array(["x", "y"]).dictionary_encode(),
        "ci": pa.array([7, 5]).dictionary_encode(), "st": [{"a": 1}, None], "n": pa.nulls(2), "bin": [b"a", b"b"],
        "sv": pa.array(["p", "q"], pa.string_view()), "m": pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64())),
        "u": pa.array([0, 2**64 - 1], pa.uint64()), "t32": pa.array([1, 2], pa.time32("s")),
    })  # fmt: skip
    found = {column.name: column for column in profile(table).columns}
    assert (found["d"].low, found["d"].high, found["d"].distinct) == ("2020-01-01", "2021-01-01", 2)
    assert (found["ts"].low, found["ts"].high) == ("1970-01-01 00:00:00.000000001Z", "2001-09-09 01:46:40.000000000Z")
    assert (found["cat"].low, found["cat"].type, found["cat"].top) == ("x", "string", (("x", 0.5), ("y", 0.5)))
    assert (found["ci"].low, found["ci"].high, found["h"].high, found["u"].high) == (5, 7, 1.0, str(2**64 - 1))
    assert sum(found["dec"].counts) == 2
    assert found["n"].nulls == 2
    assert Profile.from_json(profile(table).to_json()) == profile(table)


@pytest.mark.parametrize("distinct", [1, 10, 1_000, 300_000])
def test_the_number_of_different_values_is_estimated_within_a_factor_of_two(distinct: int) -> None:
    rows = 300_000
    values = np.arange(rows) * 7919 % distinct
    column = profile(pa.table({"n": values})).columns[0]
    assert not column.exact
    assert distinct / 2 <= (column.distinct or 0) <= distinct * 2


def test_a_long_stream_keeps_a_bounded_sample() -> None:
    profiler = Profiler(pa.schema([("n", pa.int64())]))
    for at in range(60):
        profiler.update(pa.table({"n": np.arange(at * 1_000, (at + 1) * 1_000)}))
    found = profiler.profile()
    assert (found.rows, found.columns[0].high) == (60_000, 59_999)
    assert 0 < sum(found.columns[0].counts) <= 2 * SAMPLE


def test_a_wide_table_with_long_text_stays_small() -> None:
    table = pa.table({f"c{at}": ["x" * 10_000] * 20 for at in range(MOST_COLUMNS + 50)})
    found = profile(table)
    assert (len(found.columns), found.columns_in_all) == (MOST_COLUMNS, MOST_COLUMNS + 50)
    assert len(found.to_json()) < 300_000
    assert all(len(str(cell)) <= LONGEST_TEXT for row in found.preview for cell in row)


def test_without_a_preview_no_text_of_the_table_stands_in_the_profile() -> None:
    text = profile(pa.table({"t": ["secret"], "c": pa.array(["hidden"]).dictionary_encode()}), preview_rows=0).to_json()
    assert "secret" not in text
    assert "hidden" not in text


def test_an_empty_table_has_a_profile() -> None:
    assert profile(pa.table({"n": pa.array([], pa.int64())})) == Profile(0, (ColumnProfile("n", "int64", distinct=0),), (), 1)
    assert profile(pa.table({})) == Profile(0, ())


def test_what_is_no_profile_is_refused() -> None:
    with pytest.raises(ValueError, match="no profile"):
        Profile.from_json("{}")


def test_long_tables_with_columns_that_cannot_be_sampled_have_a_profile() -> None:
    table = pa.table({"v": pa.array(["x"] * (2 * SAMPLE), pa.string_view()), "n": np.arange(2 * SAMPLE)})
    described = profile(table).columns
    assert [(column.name, column.low, column.high) for column in described] == [("v", None, None), ("n", 0, 2 * SAMPLE - 1)]


@pytest.mark.parametrize("kind", [pa.float32(), pa.float64()], ids=str)
def test_what_lies_under_a_null_or_is_not_a_number_is_no_extreme(kind: pa.DataType) -> None:
    values = np.arange(200_000, dtype=kind.to_pandas_dtype())
    values[7] = np.nan
    hidden = (values < 10) | (values > 150_000)
    chunk = pa.array(values, mask=hidden, from_pandas=False)
    column = profile(pa.table({"f": pa.chunked_array([chunk.slice(3), chunk.slice(0, 3)])})).columns[0]
    assert (column.low, column.high) == (10, 150_000)
    only = profile(pa.table({"f": pa.array([float("nan"), None], kind)})).columns[0]
    assert (only.low, only.high) == ("nan", "nan")


def test_extremes_of_categories_are_of_those_in_use() -> None:
    codes = pa.array([1, None, 2] * 50_000, pa.int8())
    column = profile(pa.table({"c": pa.DictionaryArray.from_arrays(codes, pa.array(["a", "b", "c", "d"]))})).columns[0]
    assert (column.low, column.high) == ("b", "c")
