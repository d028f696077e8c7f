"""Frames keep everything they had: index, types, categories, zones, nested values. They are written to a file and read back for it."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import polars.testing
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import pandas as hp

from nbasset.errors import SchemaMismatch, UnstorableValue
from nbasset.io_managers.parquet import ParquetIOManager
from nbasset.io_managers.protocol import build_input_context, build_output_context

S = pd.Series


@pytest.fixture(scope="module")
def manager(tmp_path_factory: pytest.TempPathFactory) -> ParquetIOManager:
    return ParquetIOManager(tmp_path_factory.mktemp("warehouse"))


def round_trip(manager: ParquetIOManager, obj: Any, annotation: Any = None, **metadata: Any) -> Any:
    manager.handle_output(build_output_context(asset_key="a"), obj)
    return manager.load_input(build_input_context(asset_key="a", annotation=annotation, definition_metadata=metadata))


ARROW = pd.ArrowDtype
FRAMES: dict[str, pd.DataFrame] = {
    "text": pd.DataFrame({"new": S(["a", None]), "object": S(["a", None], dtype=object), "string": S(["a", None], dtype="string"),
                          "python": S(["a", None], dtype=pd.StringDtype("python"))}),
    "nullable": pd.DataFrame({"i": S([1, None], dtype="Int64"), "b": S([True, None], dtype="boolean"),
                              "f": S([1.5, None], dtype="Float32")}),
    "arrow": pd.DataFrame({"i": S([1, None], dtype="int64[pyarrow]"), "l": S([[1], None], dtype=ARROW(pa.list_(pa.int64()))),
                           "t": S([dt.datetime(2020, 1, 1), None], dtype=ARROW(pa.timestamp("us", "UTC"))),
                           "s": S([{"a": 1}, None], dtype=ARROW(pa.struct([("a", pa.int64())])))}),
    "times": pd.DataFrame({"s": S([1, 2]).astype("datetime64[s]"), "ns": S([1, 2]).astype("datetime64[ns]"),
                           "ds": S([1, 2]).astype("timedelta64[s]"), "dns": S([1, 2]).astype("timedelta64[ns]"),
                           "berlin": pd.date_range("2020-03-29", periods=2, tz="Europe/Berlin"),
                           "utc": pd.date_range("2020", periods=2, tz="UTC"),
                           "fixed": pd.date_range("2020", periods=2, tz="+02:00")}),
    "categories": pd.DataFrame({"o": pd.Categorical(["a", "b"], categories=["c", "b", "a"], ordered=True),
                                "i": pd.Categorical([1, None], categories=[3, 2, 1])}),
    "no rows": pd.DataFrame({"c": pd.Categorical([], categories=["x", "y"]), "i": S([], dtype="int8")}),
    "periods": pd.DataFrame({"p": pd.period_range("2020", periods=2, freq="M"), "i": pd.interval_range(0, 2)}),
    "freq": pd.DataFrame({"a": [1, 2, 3]}, index=pd.date_range("2020", periods=3)),
    "levels": pd.DataFrame({"a": [1, 2, 3, 4]}, index=pd.MultiIndex.from_product([["x", "y"], [1, 2]], names=["k", None])),
    "range": pd.DataFrame({"a": [1, 2, 3]}, index=pd.RangeIndex(2, 8, 2, name="r")),
    "cut": pd.DataFrame({"c": pd.cut(S([1.0, 5, None]), [-np.inf, 3, np.inf]),
                         "p": pd.Categorical(pd.period_range("2020", periods=3, freq="M")),
                         "z": pd.cut(S(pd.date_range("2020", periods=3, tz="Europe/Berlin")), 2)},
                        index=pd.CategoricalIndex(pd.cut([1, 2, 3], [0, 2, 3]), name="k")),
    "cut levels": pd.DataFrame({"v": [1, 2]}, index=pd.MultiIndex.from_arrays([pd.cut([1, 3], [0, 2, 3]), ["a", "b"]], names=["k", "b"])),
    "category columns": pd.DataFrame([[1, 2]], columns=pd.CategoricalIndex(["b", "a"], name="c")),
    "cut columns": pd.DataFrame([[1, 2]], columns=pd.CategoricalIndex(pd.cut([1, 3], [0, 2, 3]))),
    "period columns": pd.DataFrame([[1, 2]], columns=pd.period_range("2020", periods=2, freq="M")),
    "date columns": pd.DataFrame([[1, 2]], columns=pd.Index([dt.date(2020, 1, 1), dt.date(2020, 1, 2)], name="d")),
    "flag columns": pd.DataFrame([[1, 2]], columns=[True, False]),
    "column levels": pd.DataFrame([[1, 2]],
                                  columns=pd.MultiIndex.from_tuples([("v", dt.date(2020, 1, 1)), ("v", None)], names=[None, "d"])),
    "object index": pd.DataFrame({"a": [1, 2]}, index=pd.Index(["a", "b"], dtype=object)),
    "category index": pd.DataFrame({"a": [1, 2]}, index=pd.CategoricalIndex(["a", "b"])),
    "index with a column's name": pd.DataFrame({"a": [1]}, index=pd.Index([5], name="a")),
    "numbers as names": pd.DataFrame({0: [1], 1: [2]}),
    "two levels of names": pd.DataFrame(np.ones((2, 2)), columns=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["u", "v"])),
    "objects": pd.DataFrame({"d": [dt.date(2020, 1, 1), None], "t": [dt.time(1, 2), None], "D": [Decimal("1.5"), None], "b": [b"x", None],
                             "n": [None, None], "u": [uuid.UUID(int=1), uuid.UUID(int=2)], "i": S([1, 2], dtype=object),
                             "flags": S([True, None], dtype=object)}),
    "nested": pd.DataFrame({"l": [[1, 2], None], "s": [{"x": 1, "y": None}, {"x": None, "y": "b"}], "a": [np.array([1.5]), None]}),
    "widths": pd.DataFrame({"h": np.array([1, 2], "f2"), "u": np.array([1, 2**64 - 1], "u8"), "i": np.array([1, -2], "i1")}),
    "not finite": pd.DataFrame({"a": [1.0, np.nan, np.inf, -np.inf]}),
    "nothing": pd.DataFrame(),
    "rows only": pd.DataFrame(index=range(3)),
    "index only": pd.DataFrame(index=["a", "b"]),
    "name of names": pd.DataFrame({"a": [1.0]}).rename_axis(columns="hey"),
}  # fmt: skip


@pytest.mark.parametrize("name", FRAMES)
def test_a_pandas_frame_comes_back_equal(name: str, manager: ParquetIOManager) -> None:
    pd.testing.assert_frame_equal(round_trip(manager, FRAMES[name]), FRAMES[name])


@pytest.mark.parametrize("name", [name for name in FRAMES if name not in ("rows only",)])
def test_pandas_reads_the_file_without_nbasset(name: str, manager: ParquetIOManager) -> None:
    round_trip(manager, FRAMES[name])
    assert len(pd.read_parquet(f"{manager.folder.base}/a.parquet")) == len(FRAMES[name])


PANDAS_COLUMNS = [
    hp.column("i", dtype=np.int64),
    hp.column("f", dtype=np.float64),
    hp.column("b", dtype=bool),
    hp.column("t", elements=st.text(st.characters(exclude_categories=["Cs"]), max_size=5)),
    hp.column("o", elements=st.text("ab", max_size=2) | st.none(), dtype=object),
    hp.column("d", elements=st.datetimes(dt.datetime(1800, 1, 1), dt.datetime(2200, 1, 1)), dtype="datetime64[us]"),
]


@given(st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_any_pandas_frame_of_these_columns_comes_back_equal(manager: ParquetIOManager, data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.sampled_from(PANDAS_COLUMNS), min_size=1, max_size=4, unique_by=lambda column: column.name))
    index = data.draw(st.sampled_from([hp.range_indexes(max_size=8), hp.indexes(dtype=np.int64, max_size=8, unique=True)]))
    frame = data.draw(hp.data_frames(chosen, index=index))
    if data.draw(st.booleans()):
        frame = frame.astype({chosen[0].name: "category"})
    pd.testing.assert_frame_equal(round_trip(manager, frame), frame)


def test_attrs_come_back_when_they_are_plain(manager: ParquetIOManager, caplog: pytest.LogCaptureFixture) -> None:
    frame = pd.DataFrame({"a": [1]})
    frame.attrs = {"unit": "m"}
    assert round_trip(manager, frame).attrs == {"unit": "m"}
    frame.attrs = {"unit": object()}
    assert round_trip(manager, frame).attrs == {}
    assert "without attrs" in caplog.text


@pytest.mark.parametrize(
    "series",
    [
        S([1, 2], name="s"),
        S(["a", None], index=[3, 4]),
        S([1], name=("a", 1)),
        S([1, 2], name=5),
        S([1], name="i", index=pd.Index([1], name="i")),
    ],
    ids=str,
)
def test_a_series_comes_back_with_name_and_index(series: pd.Series, manager: ParquetIOManager) -> None:
    pd.testing.assert_series_equal(round_trip(manager, series), series)


POLARS = pl.DataFrame({
    "i": [1, None], "s": ["x", "y"], "c": S(["a", "b"]).pipe(lambda s: pl.Series(list(s), dtype=pl.Categorical)),
    "e": pl.Series(["u", "v"], dtype=pl.Enum(["v", "u", "w"])), "l": [[1], [2, 3]], "st": [{"a": 1}, {"a": 2}],
    "d": [dt.date(2020, 1, 1)] * 2,
    "dt": pl.Series([dt.datetime(2020, 1, 1)] * 2, dtype=pl.Datetime("ms", "Europe/Berlin")), "du": [dt.timedelta(1)] * 2,
    "t": [dt.time(1)] * 2, "bin": [b"a", b"b"], "dec": [Decimal("1.5")] * 2, "n": [None, None],
    "arr": pl.Series([[1, 2], [3, 4]], dtype=pl.Array(pl.Int8, 2)), "u8": pl.Series([1, 2], dtype=pl.UInt8),
    "f32": pl.Series([1, 2], dtype=pl.Float32),
})  # fmt: skip


def test_a_polars_frame_comes_back_equal(manager: ParquetIOManager) -> None:
    polars.testing.assert_frame_equal(round_trip(manager, POLARS), POLARS)
    polars.testing.assert_frame_equal(round_trip(manager, POLARS.lazy()), POLARS)
    polars.testing.assert_frame_equal(round_trip(manager, POLARS, pl.LazyFrame).collect(), POLARS)
    polars.testing.assert_series_equal(round_trip(manager, pl.Series("q", [1, 2])), pl.Series("q", [1, 2]))
    assert round_trip(manager, pl.DataFrame()).shape == (0, 0)


ARROWS = pa.table(
    {
        "i": [1, None], "d": pa.array(["x", "y"]).dictionary_encode(), "di": pa.array([5, 6]).dictionary_encode(),
        "t": pa.array([1, 2], pa.timestamp("s", "UTC")), "l": pa.array([[1], []], pa.large_list(pa.int8())),
        "m": pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64())), "sv": pa.array(["x", "y"], pa.string_view()), "n": pa.nulls(2),
        "du": pa.array([1, None], pa.duration("s")), "d64": pa.array([86_400_000] * 2, pa.date64()),
        "t32": pa.array([1, 2], pa.time32("s")),
        "u32": pa.array([1, 2], pa.uint32()), "fsb": pa.array([b"ab", None], pa.binary(2)),
        "fsl": pa.array([[1, 2], None], pa.list_(pa.int8(), 2)),
        "st": [{"a": 1}, None], "dec": [Decimal("1.2"), None], "hf": pa.array([np.float16(1), None], pa.float16()), "b": [b"x", None],
    },
    metadata={"mine": "kept"},
)  # fmt: skip


def test_an_arrow_table_comes_back_equal_with_its_own_metadata_only(manager: ParquetIOManager) -> None:
    back = round_trip(manager, ARROWS)
    assert back.schema.equals(ARROWS.schema, check_metadata=True)
    assert back.equals(ARROWS)
    assert round_trip(manager, ARROWS.to_batches()[0]).equals(ARROWS)
    assert round_trip(manager, ds.dataset(ARROWS.select(["i"]))).equals(ARROWS.select(["i"]))


def test_a_stream_is_written_and_read_in_batches(manager: ParquetIOManager) -> None:
    schema = pa.schema([("n", pa.int64()), ("s", pa.timestamp("s"))])
    batches = (pa.record_batch({"n": pa.array([at]), "s": pa.array([at], pa.timestamp("s"))}) for at in range(50))
    reader = round_trip(manager, pa.RecordBatchReader.from_batches(schema, batches), pa.RecordBatchReader)
    assert isinstance(reader, pa.RecordBatchReader)
    assert reader.schema == schema
    assert reader.read_all()["n"].to_pylist() == list(range(50))


@pytest.mark.parametrize(
    "array",
    [np.arange(3), np.ones((2, 3), dtype="f4"), np.array(["a", "bc"]), np.array(["2020-01-01"], dtype="M8[D]"), np.array([True, False]),
     np.zeros((0, 3)), np.array([1.0, np.nan]), np.array([], dtype="i2")],
    ids=repr,
)  # fmt: skip
def test_an_array_comes_back_with_type_and_shape(array: np.ndarray, manager: ParquetIOManager) -> None:
    back = round_trip(manager, array)
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(back, array)


@pytest.mark.parametrize("annotation", [pd.DataFrame, pl.DataFrame, pa.Table, list[dict], np.ndarray, ds.Dataset, pl.LazyFrame])
@pytest.mark.parametrize(
    "stored",
    [pd.DataFrame({"a": [1, 2]}), pl.DataFrame({"a": [1, 2]}), pa.table({"a": [1, 2]}), [{"a": 1}, {"a": 2}]],
    ids=["pandas", "polars", "arrow", "records"],
)
def test_a_consumer_gets_the_form_it_asks_for(stored: Any, annotation: Any, manager: ParquetIOManager) -> None:
    got = round_trip(manager, stored, annotation)
    assert isinstance(got, list if annotation == list[dict] else annotation)


def test_of_several_forms_the_stored_one_is_given(manager: ParquetIOManager) -> None:
    assert isinstance(round_trip(manager, pl.DataFrame({"a": [1]}), pd.DataFrame | pl.DataFrame), pl.DataFrame)
    assert isinstance(round_trip(manager, [{"a": 1}], pd.DataFrame | pl.DataFrame), pd.DataFrame)


def test_only_the_wanted_columns_are_loaded_with_the_index(manager: ParquetIOManager) -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}, index=["p", "q"]).astype({"b": object})
    pd.testing.assert_frame_equal(round_trip(manager, frame, columns=["b"]), frame[["b"]])
    with pytest.raises(SchemaMismatch, match="no column 'c'; there are a, b"):
        round_trip(manager, frame, columns=["c"])


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (pd.DataFrame({"ok": [1, 2], "bad": [1, "a"]}), ["column 'bad' holds int and str together", "asset 'a'"]),
        (pd.DataFrame({"m": [object()]}), ["column 'm' holds object", "io_manager_key='pickle'"]),
        (pd.DataFrame({"c": [1j]}), ["column 'c' holds complex128"]),
        (pd.DataFrame({"s": pd.arrays.SparseArray([0, 1])}), ["column 's' is sparse", "sparse.to_dense()"]),
        (pd.DataFrame({"b": [2**70]}), ["column 'b' holds whole numbers of more than 64 bits"]),
        (pd.DataFrame({"u": S(["\ud800"], dtype=object)}), ["column 'u' holds text with half a letter"]),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), ["used twice: a"]),
        (pd.DataFrame({0: [1], "a": [2]}), ["mix int and str"]),
        (pd.DataFrame({"e": [{}, {}]}), ["'e'", "no child field"]),
        (pd.DataFrame({"a": [1]}, index=[object()]), ["the index holds object"]),
        (pl.DataFrame({"o": pl.Series([object()], dtype=pl.Object)}), ["column 'o' holds Python objects"]),
        (pl.DataFrame({"i": pl.Series([1], dtype=pl.Int128)}), ["column 'i' is Int128"]),
        (np.zeros((2, 2, 2)), ["3 dimensions"]),
        (np.array([1j]), ["complex128"]),
    ],
    ids=lambda value: "" if isinstance(value, list) else type(value).__module__.split(".")[0],
)  # fmt: skip
def test_the_column_that_cannot_be_stored_is_named(value: Any, words: list[str], manager: ParquetIOManager) -> None:
    with pytest.raises(UnstorableValue) as told:
        round_trip(manager, value)
    for word in words:
        assert word in str(told.value)
    assert not list(Path(manager.folder.base).glob(".stage-*"))


def test_a_file_from_elsewhere_is_read(manager: ParquetIOManager) -> None:
    frame = pd.DataFrame({"a": [1, 2]}, index=["x", "y"])
    frame.to_parquet(f"{manager.folder.base}/foreign.parquet")
    pd.testing.assert_frame_equal(manager.load_input(build_input_context(asset_key="foreign")), frame)
    pq.write_table(pa.table({"a": [1]}), f"{manager.folder.base}/foreign.parquet", store_schema=False)
    assert manager.load_input(build_input_context(asset_key="foreign")).to_pydict() == {"a": [1]}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("a\ud800", "half a letter"),
        ({"a": ["\ud800"]}, "half a letter"),
        (np.ma.array([1, 2], mask=[0, 1]), "array.filled(...)"),
        (pd.NaT, "a NaTType in 'value'"),
    ],
)
def test_what_cannot_be_stored_says_what_would_mend_it(value: Any, said: str, manager: ParquetIOManager) -> None:
    with pytest.raises(UnstorableValue) as raised:
        manager.handle_output(build_output_context(asset_key="a"), value)
    assert said in str(raised.value)


def test_a_figure_as_value_says_that_figures_are_kept_with_the_run(manager: ParquetIOManager) -> None:
    from matplotlib.figure import Figure

    with pytest.raises(UnstorableValue, match="--no-value"):
        manager.handle_output(build_output_context(asset_key="a"), Figure())
