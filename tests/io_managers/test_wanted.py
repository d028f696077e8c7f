"""What an annotation asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, NamedTuple, TypedDict

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from nbasset.io_managers.wanted import load_as, of_each_partition, wanted


@dataclass
class Order:
    id: int


class Pair(NamedTuple):
    a: int


class Row(TypedDict):
    a: int


class Mine(pd.DataFrame):
    pass


@pytest.mark.parametrize(
    ("annotation", "form"),
    [
        (pd.DataFrame, "pandas"), (Mine, "pandas"), (pd.Series, "pandas_series"), (pl.DataFrame, "polars"), (pl.LazyFrame, "polars_lazy"),
        (pl.Series, "polars_series"), (pa.Table, "arrow"), (pa.RecordBatchReader, "arrow_reader"), (ds.Dataset, "arrow_dataset"),
        (np.ndarray, "numpy"), (np.ndarray[Any, Any], "numpy"), (list[dict], "records"), (list[dict[str, int]], "records"),
        (list[Order], "records"), (list[Pair], "records"), (list[Row], "records"), (list, "list"), (list[int], "list"), (tuple, "tuple"),
        (dict, "dict"), (dict[str, int], "dict"), (Order, "dict"), (dict[str, pd.DataFrame], "by_partition"),
        (dict[str, "pl.DataFrame"], "by_partition"), (int, "scalar"), (str, "scalar"), (date, "scalar"), (None, "any"), (Any, "any"),
        (object, "any"), (pd.DataFrame | None, "pandas"), (Annotated[pa.Table, "big"], "arrow"),
        ("pd.DataFrame", "pandas"), ("pandas.DataFrame", "pandas"), ("pl.LazyFrame", "polars_lazy"), ("pa.Table | None", "arrow"),
        ("Optional[pd.DataFrame]", "pandas"), ("dict[str, pd.DataFrame]", "by_partition"), ("list[dict]", "records"), ("list[int]", "list"),
        ("dict", "dict"), ("int", "scalar"), ("Whatever", "any"), ("'pd.Series'", "pandas_series"),
    ],
)  # fmt: skip
def test_an_annotation_names_a_form(annotation: Any, form: str) -> None:
    assert wanted(annotation).form == form


def test_a_union_of_frames_keeps_its_members_in_order() -> None:
    assert [option.form for option in wanted(pd.DataFrame | pl.DataFrame).options] == ["pandas", "polars"]


@pytest.mark.parametrize(
    ("annotation", "several", "expected"),
    [
        (None, False, "single"), (None, True, "dict"), (pd.DataFrame, False, "single"), (pd.DataFrame, True, "frame"),
        (dict, False, "single"), (dict, True, "dict"), (dict[str, pd.DataFrame], False, "dict"), (dict[str, pd.DataFrame], True, "dict"),
        (int, True, "dict"), (list[dict], True, "frame"), ("pl.DataFrame", True, "frame"),
    ],
)  # fmt: skip
def test_partitions_become_what_the_annotation_says_and_never_depend_on_their_number(annotation: Any, several: bool, expected: str) -> None:
    assert load_as(annotation, several=several) == expected


def test_the_entry_of_a_dict_has_the_type_of_its_values() -> None:
    assert of_each_partition(dict[str, pl.DataFrame]) is pl.DataFrame
    assert of_each_partition("dict[str, pl.DataFrame]") == "pl.DataFrame"
    assert of_each_partition(dict) is None
