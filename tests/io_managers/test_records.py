"""Plain values come back as they were, or are refused with what is wrong in them."""

from __future__ import annotations

import math
from collections import namedtuple
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbasset.errors import SchemaMismatch, UnstorableValue
from nbasset.io_managers.frames import from_arrow, to_arrow
from nbasset.io_managers.records import same

Pair = namedtuple("Pair", "a b")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.dates() | st.datetimes() | st.binary(max_size=5) | st.times()
    | st.datetimes(timezones=st.just(UTC)) | st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-10**9, max_value=10**9)
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=12,
)


@dataclass
class Order:
    id: int
    name: str


def round_trip(obj: Any, annotation: Any = None) -> Any:
    form = to_arrow(obj, label="asset 'a'")
    return from_arrow(form.rows, form.value, annotation, label="asset 'a'")


@given(SCALARS)
def test_one_value_comes_back(value: Any) -> None:
    assert same(round_trip(value), value)
    assert type(round_trip(value)) is type(value)


@given(st.lists(JSON, max_size=5) | st.dictionaries(TEXTS, JSON, max_size=5))
def test_nested_values_come_back_unless_a_column_mixes_types(value: Any) -> None:
    try:
        back = round_trip(value)
    except UnstorableValue:
        assert _mixes_types(value)
        return
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value) and any(value):
        names = {name for record in value for name in record}
        value = [{name: record.get(name) for name in names} for record in value]
    assert same(back, value)


def _mixes_types(records: list[dict[str, Any]]) -> bool:
    names = {name for record in records for name in record}
    return any(len({type(record[name]) for record in records if record.get(name) is not None}) > 1 for name in names)


@pytest.mark.parametrize(
    "value",
    [
        [{"a": 1, "b": "x"}, {"a": 2, "b": None}], {"a": 1, "nested": {"deep": [1, {"x": 2}]}, "empty": {}}, (1, 2), [], {}, [[1], [2, 3]],
        {1: "a", 2: "b"}, {(1, "x"): 2.5}, {str(at): at for at in range(500)}, 2**70, [1, "two", None], timedelta(hours=3), time(1, 2),
        date(2020, 1, 1), Decimal("1.50"), datetime(2020, 1, 1, tzinfo=UTC), [{}], {"payload": [1, "x", {"y": None}]},
    ],
)  # fmt: skip
def test_records_lists_and_mappings_come_back(value: Any) -> None:
    assert round_trip(value) == value
    assert type(round_trip(value)) is type(value)


def test_records_have_all_columns_and_none_where_a_record_has_not() -> None:
    assert round_trip([{"a": 1}, {"b": "x"}]) == [{"a": 1, "b": None}, {"a": None, "b": "x"}]


def test_a_list_of_records_is_a_table_that_anything_reads() -> None:
    assert to_arrow([{"a": 1, "b": "x"}], label="a").rows.to_pydict() == {"a": [1], "b": ["x"]}
    assert to_arrow(3.5, label="a").rows.to_pydict() == {"value": [3.5]}


def test_dataclasses_and_named_tuples_come_back_when_asked_for() -> None:
    assert round_trip([Order(1, "x")]) == [{"id": 1, "name": "x"}]
    assert round_trip([Order(1, "x")], list[Order]) == [Order(1, "x")]
    assert round_trip(Order(1, "x"), Order) == Order(1, "x")
    assert round_trip([Pair(1, 2)], list[Pair]) == [Pair(1, 2)]
    assert isinstance(round_trip([Order(1, "x")], pd.DataFrame), pd.DataFrame)


def test_numpy_scalars_and_columns_of_arrays_are_plain_values() -> None:
    assert round_trip(np.int64(3)) == 3
    back = round_trip({"x": np.array([1, 2]), "y": np.array([0.5, math.nan])})
    assert list(back) == ["x", "y"]
    np.testing.assert_array_equal(back["y"], [0.5, math.nan])


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([{"p": 1}, {"p": "a"}], ["'p' holds int and str together", "asset 'a'"]),
        ({1, 2}, ["returned a set", "sorted(...)"]),
        (object(), ["returned an object", "io_manager_key='pickle'", "pandas"]),
        ({"model": object()}, ["an object in 'model'"]),
        ({"deep": [{"x": object()}]}, ["an object in 'deep'"]),
        ({"frame": pd.DataFrame({"a": [1]})}, ["a DataFrame in 'frame'", "@multi_asset"]),
        ([{"a": 1, 2: 3}], ["keys are not text"]),
        (lambda: None, ["returned a function"]),
    ],
)
def test_what_cannot_be_stored_is_named_with_what_can(value: Any, words: list[str]) -> None:
    with pytest.raises(UnstorableValue) as told:
        round_trip(value)
    for word in words:
        assert word in str(told.value)


def test_a_table_is_no_number() -> None:
    with pytest.raises(SchemaMismatch, match="2 rows and 1 columns, which cannot be given as one value"):
        round_trip([{"a": 1}, {"a": 2}], int)
