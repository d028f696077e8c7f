"""Equal tables have one hash, however they lie in memory; different tables have different ones."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbasset.io_managers.content import BLOCK, ContentHash, data_version, schema_id, type_name

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1))
KINDS: list[tuple[pa.DataType, st.SearchStrategy]] = [
    (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    (pa.uint8(), st.integers(0, 255)),
    (pa.float64(), st.floats()),
    (pa.float32(), st.floats(width=32)),
    (pa.bool_(), st.booleans()),
    (pa.string(), TEXTS),
    (pa.binary(), st.binary(max_size=8)),
    (pa.timestamp("us"), MOMENTS),
    (pa.timestamp("us", "Europe/Berlin"), MOMENTS.map(lambda moment: moment.replace(tzinfo=UTC))),
    (pa.date32(), st.dates()),
    (pa.duration("us"), st.timedeltas(timedelta(-1000), timedelta(1000))),
    (pa.decimal128(9, 2), st.integers(-(10**6), 10**6).map(lambda cents: Decimal(cents) / 100)),
    (pa.list_(pa.int32()), st.lists(st.integers(-5, 5) | st.none(), max_size=4)),
    (pa.list_(pa.string()), st.lists(TEXTS | st.none(), max_size=3)),
    (pa.list_(pa.int8(), 2), st.lists(st.integers(-5, 5), min_size=2, max_size=2)),
    (pa.struct([("x", pa.int64()), ("y", pa.string())]), st.fixed_dictionaries({"x": st.integers(0, 9) | st.none(), "y": TEXTS})),
    (pa.map_(pa.string(), pa.int64()), st.lists(st.tuples(TEXTS, st.integers(0, 9)), max_size=3)),
    (pa.binary(3), st.binary(min_size=3, max_size=3)),
]


@st.composite
def columns(draw: st.DrawFn) -> pa.Array:
    kind, values = draw(st.sampled_from(KINDS))
    return pa.array(draw(st.lists(values | st.none(), max_size=20)), kind)


@st.composite
def tables(draw: st.DrawFn) -> pa.Table:
    rows = draw(st.integers(0, 20))
    chosen = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=4))
    arrays = [pa.array(draw(st.lists(values | st.none(), min_size=rows, max_size=rows)), kind) for kind, values in chosen]
    return pa.table(arrays, names=[f"c{at}" for at in range(len(arrays))])


def chunked(draw: st.DrawFn, array: pa.Array) -> pa.ChunkedArray:
    """The array in pieces, each a slice of something longer."""
    cuts = sorted(draw(st.lists(st.integers(0, len(array)), max_size=4)))
    bounds = [0, *cuts, len(array)]
    return pa.chunked_array([array.slice(a, b - a) for a, b in pairwise(bounds)], type=array.type)


@given(st.data(), columns())
def test_chunks_and_slices_do_not_count(data: st.DataObject, array: pa.Array) -> None:
    padded = pa.concat_arrays([array.slice(0, len(array) // 2), array, array.slice(1)])
    inner = padded.slice(len(array) // 2, len(array))
    expected = data_version(pa.table({"a": array}))
    assert data_version(pa.table({"a": inner})) == expected
    assert data_version(pa.table({"a": chunked(data.draw, inner)})) == expected


@given(st.data(), st.lists(TEXTS | st.none(), max_size=20))
def test_the_form_of_text_does_not_count(data: st.DataObject, values: list[str | None]) -> None:
    array = pa.array(values, pa.string())
    forms = [array, array.cast(pa.large_string()), array.cast(pa.string_view()), array.dictionary_encode()]
    assert len({data_version(pa.table({"a": chunked(data.draw, form)})) for form in forms}) == 1


@given(st.data(), st.lists(st.integers(0, 3) | st.none(), max_size=20))
def test_dictionaries_hash_as_what_they_hold(data: st.DataObject, values: list[int | None]) -> None:
    array = pa.array(values, pa.int64())
    reordered = pa.DictionaryArray.from_arrays(
        pa.array([None if one is None else 3 - one for one in values], pa.int8()), pa.array([3, 2, 1, 0])
    )
    assert data_version(pa.table({"a": chunked(data.draw, reordered)})) == data_version(pa.table({"a": array}))


@given(st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=20), st.data())
def test_bytes_under_nulls_do_not_count(values: list[int], data: st.DataObject) -> None:
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(values), max_size=len(values))))
    noise = np.array(data.draw(st.lists(st.integers(0, 2**63 - 1), min_size=len(values), max_size=len(values))))
    plain = pa.array([None if hidden else value for value, hidden in zip(values, mask, strict=True)], pa.int64())
    noisy = pa.array(np.where(mask, noise, values), pa.int64(), mask=mask)
    assert data_version(pa.table({"a": plain})) == data_version(pa.table({"a": noisy}))


def test_text_and_lists_under_nulls_do_not_count() -> None:
    validity = pa.array([True, False, True]).buffers()[1]
    texts = pa.StringArray.from_buffers(3, pa.py_buffer(struct.pack("<4i", 0, 1, 3, 4)), pa.py_buffer(b"aXXb"), validity)
    lists = pa.ListArray.from_buffers(
        pa.list_(pa.int8()), 3, [validity, pa.py_buffer(struct.pack("<4i", 0, 1, 3, 4))], children=[pa.array([1, 9, 9, 2], pa.int8())]
    )
    assert data_version(pa.table({"a": texts, "l": lists})) == data_version(
        pa.table({"a": ["a", None, "b"], "l": pa.array([[1], None, [2]], pa.list_(pa.int8()))})
    )


def test_the_payload_of_a_nan_does_not_count_but_null_and_the_sign_of_zero_do() -> None:
    other_nan = np.frombuffer(struct.pack("<Q", 0x7FF8_0000_0000_0123), "f8")[0]
    hashes = [data_version(pa.table({"a": pa.array([value], pa.float64())})) for value in (float("nan"), other_nan, None, 0.0, -0.0)]
    assert hashes[0] == hashes[1]
    assert len(set(hashes[1:])) == 4


@given(tables())
def test_a_list_view_is_a_list(table: pa.Table) -> None:
    large = pa.schema(
        [field.with_type(pa.large_list(field.type.value_type)) if pa.types.is_list(field.type) else field for field in table.schema]
    )
    assert data_version(table.cast(large)) == data_version(table)


@given(tables(), st.sampled_from(["snappy", "zstd", "none"]))
@settings(max_examples=40)
def test_a_trip_through_parquet_or_ipc_changes_nothing(table: pa.Table, compression: str) -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression=compression, row_group_size=3)
    assert data_version(pq.read_table(pa.BufferReader(sink.getvalue()))) == data_version(table)
    stream = pa.BufferOutputStream()
    with pa.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)
    assert data_version(pa.ipc.open_stream(stream.getvalue()).read_all()) == data_version(table)


@given(
    st.sampled_from(KINDS).flatmap(lambda kind: st.tuples(st.just(kind[0]), st.lists(kind[1] | st.none(), min_size=1, max_size=8))),
    st.data(),
)
def test_one_changed_value_changes_the_hash(case: tuple[pa.DataType, list[object]], data: st.DataObject) -> None:
    kind, values = case
    at = data.draw(st.integers(0, len(values) - 1))
    strategy = next(values for known, values in KINDS if known == kind)
    before = pa.array(values, kind)
    after = pa.array([*values[:at], data.draw(strategy | st.none()), *values[at + 1 :]], kind)
    same = repr(before.to_pylist()) == repr(after.to_pylist())
    assert (data_version(pa.table({"a": before})) == data_version(pa.table({"a": after}))) is same


@given(tables(), st.data())
def test_order_of_rows_and_columns_and_their_names_count(table: pa.Table, data: st.DataObject) -> None:
    expected = data_version(table)
    assert data_version(table.rename_columns([f"{name}x" for name in table.column_names])) != expected
    order = data.draw(st.permutations(range(table.num_rows)))
    shuffled = table.take(pa.array(order, pa.int64()))
    assert (data_version(shuffled) == expected) is (repr(shuffled.to_pylist()) == repr(table.to_pylist()))
    if table.num_columns > 1:
        assert data_version(table.select(table.column_names[::-1])) != expected


def test_units_zones_and_widths_count_and_schema_metadata_does_not() -> None:
    moment = [datetime(2020, 1, 1)]
    kinds = [pa.timestamp("s"), pa.timestamp("ms"), pa.timestamp("us"), pa.timestamp("us", "UTC"), pa.timestamp("us", "Europe/Berlin")]
    tables = [pa.table({"a": pa.array(moment, kind)}) for kind in kinds] + [
        pa.table({"a": pa.array([1], kind)}) for kind in (pa.int32(), pa.int64())
    ]
    assert len({data_version(table) for table in tables}) == len(tables)
    assert data_version(tables[0].replace_schema_metadata({"written by": "pandas 9"})) == data_version(tables[0])


def test_lists_that_are_cut_elsewhere_differ() -> None:
    assert data_version(pa.table({"a": [[1], [2, 3]]})) != data_version(pa.table({"a": [[1, 2], [3]]}))
    assert data_version(pa.table({"a": ["a", "bc"]})) != data_version(pa.table({"a": ["ab", "c"]}))
    assert data_version(pa.table({"a": [[], None]})) != data_version(
        pa.table({"a": [None, []]}).cast(pa.schema([("a", pa.list_(pa.null()))]))
    )


@pytest.mark.parametrize("pieces", [1, 1_000, BLOCK - 1, BLOCK, BLOCK + 1])
def test_a_stream_in_any_pieces_hashes_like_the_table(pieces: int) -> None:
    rows = 2 * BLOCK + 17
    table = pa.table({"n": np.arange(rows), "t": pa.array([f"t{at % 997}" for at in range(rows)]), "f": pa.array(np.arange(rows) % 3 == 0)})
    table = table if pieces > 1 else table.slice(BLOCK - 300, 600)
    content = ContentHash(table.schema)
    for at in range(0, table.num_rows, pieces):
        content.update(table.slice(at, pieces))
    assert content.digest() == data_version(table)


def test_a_table_without_columns_still_has_its_rows() -> None:
    assert data_version(pa.table({"a": [1, 2]}).select([])) == data_version(pa.table({"b": [3, 4]}).select([]))


def test_extension_types_are_told_apart_from_their_storage() -> None:
    plain = pa.array([b"0123456789abcdef"], pa.binary(16))
    assert data_version(pa.table({"a": pa.ExtensionArray.from_storage(pa.uuid(), plain)})) != data_version(pa.table({"a": plain}))


def test_the_hash_of_a_known_table_never_changes() -> None:
    table = pa.table(
        {"n": [1, None, 3], "t": ["a", "", None], "f": [1.5, float("nan"), None], "b": [True, None, False], "l": [[1], [], None]}
    )
    assert data_version(table) == "c1:1dc4b981e74b0d652c829fd2a08f7fe0"


def test_a_schema_id_names_columns_and_logical_types_in_order() -> None:
    one, other = pa.schema([("a", pa.string()), ("b", pa.int64())]), pa.schema([("a", pa.large_string()), ("b", pa.int64())])
    assert schema_id(one) == schema_id(other) == schema_id(one.with_metadata({"x": "y"}))
    assert schema_id(one) != schema_id(pa.schema([("b", pa.int64()), ("a", pa.string())]))
    assert type_name(pa.dictionary(pa.int32(), pa.float64())) == "double"


def test_dictionaries_inside_lists_that_differ_by_chunk_are_the_same_values() -> None:
    kind = pa.list_(pa.dictionary(pa.int8(), pa.string()))
    chunks = [pa.array([["a", "b"], None], kind), pa.array([["b", "c"]], kind)]
    plain = pa.array([["a", "b"], None, ["b", "c"]], pa.list_(pa.string()))
    assert data_version(pa.table({"a": pa.chunked_array(chunks)})) == data_version(pa.table({"a": plain}))


def test_the_hash_of_a_known_long_table_never_changes() -> None:
    at = np.arange(BLOCK + 5_000)
    hidden = at % 7 == 0
    table = pa.table({
        "f8": pa.array(at / 3, mask=hidden), "f4": np.where(hidden, np.nan, at).astype("f4"), "i1": pa.array(at.astype("i1"), mask=hidden),
        "i2": pa.array(at.astype("i2"), mask=hidden), "u4": pa.array(at.astype("u4"), mask=hidden), "b": pa.array(hidden, mask=at % 3 == 0),
        "t": pa.array(at, mask=hidden).cast(pa.string()), "d": pa.array(at % 97, mask=hidden).cast(pa.large_string()).dictionary_encode(),
        "m": pa.array(at, mask=hidden).cast(pa.timestamp("us", "UTC")), "n": pa.array(at, mask=hidden).cast(pa.decimal128(21, 2)),
        "l": pa.array([[int(one)] * (one % 3) for one in at]), "h": pa.array((at % 9).astype("f2"), mask=hidden),
    })  # fmt: skip
    assert data_version(table) == "c1:ef2c2d5d32cdd80a0672992d63d67533"
