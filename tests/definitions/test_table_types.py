from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbasset.definitions.table_columns import (
    Column,
    ColumnConstraint,
    DataFrameConstraint,
    PandasColumn,
    RowCountConstraint,
    StrictColumnsConstraint,
)
from nbasset.definitions.table_types import create_dataframe_type, create_structured_dataframe_type, pandera_schema_to_type
from nbasset.definitions.table_validators import (
    ConstraintWithMetadata,
    MultiAggregateConstraintWithMetadata,
    MultiColumnConstraintWithMetadata,
    MultiConstraintWithMetadata,
    all_unique_validator,
    categorical_column_validator_factory,
    column_range_validation_factory,
    dtype_in_set_validation_factory,
    non_null_validation,
)
from nbasset.definitions.value_types import check_value
from nbasset.errors import InvalidDefinitionError, TypeCheckDidNotPass

LIBRARIES = pytest.mark.parametrize("table", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
Table = Callable[[dict[str, Any]], Any]


def problem(column: Column, table: Any) -> str | None:
    return create_dataframe_type("T", columns=[column]).check(table).description


@LIBRARIES
def test_a_table_that_keeps_its_promises_passes(table: Table) -> None:
    flights = create_dataframe_type(
        "Flights",
        columns=[
            Column.string_column("carrier", non_nullable=True),
            Column.integer_column("distance", min_value=0, unique=True),
            Column.float_column("delay"),
            Column.boolean_column("cancelled"),
            Column.datetime_column("at", min_datetime=datetime(2013, 1, 1)),
            Column.categorical_column("origin", ["JFK", "LGA"]),
            Column.numeric_column("fare", max_value=500),
            Column.exists("carrier_id"),
        ],
        dataframe_constraints=[RowCountConstraint(2)],
        metadata_fn=lambda table: {"rows": len(table)},
    )
    found = flights.check(
        table(
            {
                "carrier": ["UA", "AA"],
                "distance": [1, 2],
                "delay": [1.5, None],
                "cancelled": [True, False],
                "at": [datetime(2013, 1, 1), datetime(2014, 1, 1)],
                "origin": ["JFK", "LGA"],
                "fare": [1, 2],
                "carrier_id": [1, 2],
            }
        )
    )
    assert found.success, found.description
    assert found.metadata["rows"].value == 2


@LIBRARIES
@pytest.mark.parametrize(
    ("column", "values", "text"),
    [
        (Column.integer_column("x", min_value=0), [1, -1], "column 'x' has 1 of 2 rows not at least 0"),
        (Column.integer_column("x", min_value=0, max_value=5), [1, 9], "column 'x' has 1 of 2 rows not from 0 to 5"),
        (Column.float_column("x", max_value=1.5), [1.0, 2.0], "column 'x' has 1 of 2 rows not at most 1.5"),
        (Column.integer_column("x", unique=True), [1, 2, 1], "column 'x' has 2 of 3 rows with a value that occurs more than once"),
        (Column.string_column("x", non_nullable=True), ["a", None], "column 'x' has 1 of 2 rows without a value"),
        (Column.float_column("x", non_nullable=True), [1.0, math.nan], "column 'x' has 1 of 2 rows without a value"),
        (Column.categorical_column("x", ["a", "b"]), ["a", "c"], "column 'x' has 1 of 2 rows that are not one of a, b"),
        (Column.exists("x", unique=True), ["a", "a"], "column 'x' has 2 of 2 rows with a value that occurs more than once"),
        (Column.exists("y", is_required=True), [1], "column 'y' is missing"),
        (Column.exists("xs", is_required=True), [1], "column 'xs' is missing (Did you mean 'x'?)"),
    ],
)
def test_a_broken_promise_reads_the_same_for_pandas_and_polars(table: Table, column: Column, values: list[Any], text: str) -> None:
    assert problem(column, table({"x": values})) == text


@pytest.mark.parametrize(
    ("column", "dtypes"),
    [
        (Column.integer_column("x"), ("str", "String")),
        (Column.float_column("x"), ("str", "String")),
        (Column.boolean_column("x"), ("str", "String")),
        (Column.datetime_column("x"), ("str", "String")),
    ],
)
def test_a_column_of_another_kind_is_named_by_the_librarys_own_word(column: Column, dtypes: tuple[str, str]) -> None:
    kind = column.describe()
    assert problem(column, pd.DataFrame({"x": pd.Series(["a"], dtype="str")})) == f"column 'x' is {dtypes[0]}, expected {kind}"
    assert problem(column, pl.DataFrame({"x": ["a"]})) == f"column 'x' is {dtypes[1]}, expected {kind}"


@pytest.mark.parametrize("dtype", ["str", "object", "string"])
def test_text_is_text_in_every_dtype_of_pandas(dtype: str) -> None:
    assert problem(Column.string_column("x"), pd.DataFrame({"x": pd.Series(["a", None], dtype=dtype)})) is None


def test_an_object_column_of_mixed_things_is_no_text() -> None:
    assert (
        problem(Column.string_column("x"), pd.DataFrame({"x": pd.Series(["a", 1], dtype=object)}))
        == "column 'x' is object, expected string"
    )


def test_nullable_integers_of_pandas_are_integers() -> None:
    table = pd.DataFrame({"x": pd.array([1, None, -3], dtype="Int64")})
    assert problem(Column.integer_column("x", min_value=0), table) == "column 'x' has 1 of 3 rows not at least 0"


@LIBRARIES
def test_moments_must_be_in_the_zone_asked_for(table: Table) -> None:
    moments = [datetime(2013, 1, 1), datetime(2013, 1, 2)]
    assert problem(Column.datetime_column("x", tz="UTC"), table({"x": moments})) == "column 'x' is in no time zone, expected UTC"
    assert problem(Column.datetime_column("x", max_datetime=datetime(2013, 1, 1)), table({"x": moments})) is not None


def test_a_missing_value_is_within_any_bounds_and_a_category_only_if_ignored() -> None:
    table = pd.DataFrame({"x": [1.0, math.nan], "c": ["a", None]})
    assert problem(Column.float_column("x", min_value=0), table) is None
    assert problem(Column.categorical_column("c", ["a"]), table) == "column 'c' has 1 of 2 rows that are not one of a"
    assert problem(Column.categorical_column("c", ["a"], ignore_missing_vals=True), table) is None


def test_missing_values_repeat_each_other_unless_ignored() -> None:
    table = pd.DataFrame({"x": [None, None, 1.0]})
    assert problem(Column.exists("x", unique=True), table) is not None
    assert problem(Column.exists("x", unique=True, ignore_missing_vals=True), table) is None


def test_a_column_that_is_not_required_may_be_absent() -> None:
    assert problem(Column.integer_column("y"), pd.DataFrame({"x": [1]})) == "column 'y' is missing"
    assert problem(Column.integer_column("y", is_required=False), pd.DataFrame({"x": [1]})) is None


@LIBRARIES
def test_every_broken_promise_is_reported_with_the_offending_rows(table: Table) -> None:
    kind = create_dataframe_type(
        "Trips", columns=[Column.integer_column("fare", min_value=0), Column.integer_column("id", unique=True)],
        dataframe_constraints=[StrictColumnsConstraint(["fare", "id"])],
    )  # fmt: skip
    found = kind.check(table({"fare": [5, -1, 7, -3], "id": [1, 2, 1, 4], "odd": ["a", "b", "c", "d"]}))
    assert not found.success
    assert found.description == (
        "column 'fare' has 2 of 4 rows not at least 0; column 'id' has 2 of 4 rows with a value that occurs more than once; "
        "unexpected column 'odd'"
    )
    records = [record.data for record in found.metadata["offending_rows"].value["records"]]
    assert records == [
        {"row": 0, "problem": "id: UniqueColumnConstraint", "fare": 5, "id": 1, "odd": "a"},
        {"row": 1, "problem": "fare: InRangeColumnConstraint", "fare": -1, "id": 2, "odd": "b"},
        {"row": 2, "problem": "id: UniqueColumnConstraint", "fare": 7, "id": 1, "odd": "c"},
        {"row": 3, "problem": "fare: InRangeColumnConstraint", "fare": -3, "id": 4, "odd": "d"},
    ]
    assert found.metadata["offending_row_count"].value == 4


@LIBRARIES
def test_at_most_twenty_offending_rows_are_shown(table: Table) -> None:
    found = create_dataframe_type("T", columns=[Column.integer_column("x", max_value=0)]).check(table({"x": list(range(1, 101))}))
    assert len(found.metadata["offending_rows"].value["records"]) == 20
    assert found.metadata["offending_row_count"].value == 100


def test_the_order_of_columns_is_checked_when_asked() -> None:
    kind = create_dataframe_type("T", dataframe_constraints=[StrictColumnsConstraint(["a", "b"], enforce_ordering=True)])
    assert kind.check(pd.DataFrame({"b": [1], "a": [1]})).description == "columns stand as b, a, expected a, b"
    assert kind.check(pd.DataFrame({"a": [1], "b": [1]})).success


def test_an_unexpected_column_names_the_one_that_was_meant() -> None:
    kind = create_dataframe_type("T", dataframe_constraints=[StrictColumnsConstraint(["distance"])])
    assert kind.check(pd.DataFrame({"distanse": [1]})).description == "unexpected column 'distanse' (Did you mean 'distance'?)"


def test_row_counts_allow_a_tolerance() -> None:
    kind = create_dataframe_type("T", dataframe_constraints=[RowCountConstraint(10, error_tolerance=2)])
    assert kind.check(pd.DataFrame({"a": range(8)})).success
    assert kind.check(pd.DataFrame({"a": range(7)})).description == "has 7 rows, expected 10 ± 2"


def test_rules_of_ones_own_raise_through_refuse() -> None:
    class NoShouting(ColumnConstraint):
        def validate(self, dataframe: Any, column_name: str) -> None:
            rows = [row for row, text in enumerate(dataframe[column_name]) if text.isupper()]
            self.refuse(column_name, "holds capitals only", rows)

    class Balanced(DataFrameConstraint):
        def validate(self, dataframe: Any) -> None:
            if dataframe["credit"].sum() != dataframe["debit"].sum():
                self.refuse("credit and debit differ")

    kind = create_dataframe_type("T", columns=[Column("name", [NoShouting()])], dataframe_constraints=[Balanced()])
    found = kind.check(pd.DataFrame({"name": ["ada", "BOB"], "credit": [1, 2], "debit": [1, 1]}))
    assert found.description == "column 'name' holds capitals only; credit and debit differ"
    assert [record.data["row"] for record in found.metadata["offending_rows"].value["records"]] == [1]


def test_a_lazy_polars_table_is_collected_for_the_check() -> None:
    assert problem(Column.integer_column("x", min_value=0), pl.LazyFrame({"x": [-1]})) == "column 'x' has 1 of 1 rows not at least 0"


def test_something_that_is_no_table_is_refused_in_words() -> None:
    assert create_dataframe_type("T").check([1, 2]).description == "expected a pandas or Polars table, got a list of 2"


def test_bounds_of_another_kind_are_a_problem_and_no_crash() -> None:
    column = Column("x", Column.numeric_column("x", min_value=0).constraints[1:])
    assert problem(column, pd.DataFrame({"x": ["a"]})) == "column 'x' is str, which cannot be compared with at least 0 (TypeError)"


def test_duplicate_column_names_of_pandas_are_checked_by_the_first() -> None:
    table = pd.DataFrame([[1, "a"]], columns=["x", "x"])
    assert problem(Column.integer_column("x", min_value=2), table) == "column 'x' has 1 of 1 rows not at least 2"


def test_a_type_describes_its_columns_for_people() -> None:
    kind = create_dataframe_type("T", columns=[Column.integer_column("x", min_value=0, non_nullable=True, unique=True)])
    (column,) = kind.metadata["schema"].value.columns
    assert (column.name, column.type, column.constraints.nullable, column.constraints.unique) == ("x", "integer", False, True)
    assert column.constraints.other == ("at least 0",)
    assert kind.description == "a table with\n\n- **x**: integer, no missing values, no value twice, at least 0"
    assert PandasColumn is Column


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: create_dataframe_type("T", columns=[Column.exists("x"), Column.exists("x")]), "type 'T' has two columns 'x'."),
        (lambda: create_dataframe_type("T", columns=["x"]), "type 'T' has the column 'x'; give Column.integer_column('x') and the like."),
        (lambda: create_dataframe_type("T", dataframe_constraints=[3]), "type 'T' has the rule 3, which is no DataFrameConstraint."),
        (lambda: Column.integer_column("x", min_value=3, max_value=1), "the bounds 3 to 1 hold no value: the lower is above the upper."),
        (lambda: RowCountConstraint(1, 5), "a tolerance of 5 around 1 rows allows any table: make it smaller."),
        (lambda: Column("x", [3]), "column 'x' has the constraint 3, which is no ColumnConstraint."),
        (
            lambda: create_structured_dataframe_type("T", columns_validator=3),
            "type 'T' has the validator 3; give a ...ConstraintWithMetadata.",
        ),
        (lambda: pandera_schema_to_type(3), "3 is no pandera schema. Give a DataFrameSchema or a DataFrameModel."),
    ],
)
def test_a_wrong_definition_is_refused_with_the_remedy(make: Any, text: str) -> None:
    with pytest.raises(InvalidDefinitionError) as error:
        make()
    assert str(error.value) == text


def test_a_failed_table_type_raises_in_a_run_with_the_rows() -> None:
    kind = create_dataframe_type("Flights", "trips by air", [Column.integer_column("distance", min_value=0)])
    with pytest.raises(TypeCheckDidNotPass) as error:
        check_value(kind, pd.DataFrame({"distance": [-1]}), of="output 'result' of asset 'flights'")
    assert str(error.value) == (
        "output 'result' of asset 'flights' is not of type Flights: column 'distance' has 1 of 1 rows not at least 0. "
        "Flights is trips by air."
    )
    assert "offending_rows" in error.value.metadata


@LIBRARIES
def test_functions_check_values_columns_and_tables(table: Table) -> None:
    kind = create_structured_dataframe_type(
        "T",
        columns_validator=MultiColumnConstraintWithMetadata(
            "values",
            {
                "fare": [column_range_validation_factory(0, 100), non_null_validation],
                "origin": [categorical_column_validator_factory({"JFK"}), dtype_in_set_validation_factory(str)],
            },
        ),
        columns_aggregate_validator=MultiAggregateConstraintWithMetadata("columns", {"id": [all_unique_validator]}),
        dataframe_validator=MultiConstraintWithMetadata("tables", [lambda table: (len(table) > 5, {"length": len(table)})]),
    )
    found = kind.check(table({"fare": [1.0, 500.0, None], "origin": ["JFK", "LGA", "JFK"], "id": [1, 1, 2]}))
    assert found.description == (
        "column 'fare' has 2 of 3 rows that break 'from 0 to 100'; column 'fare' has 1 of 3 rows that break 'a value is there'; "
        "column 'origin' has 1 of 3 rows that break 'one of JFK'; column 'id' breaks 'no value twice'; tables"
    )
    assert found.metadata["length"].value == 3
    assert found.metadata["id.repeated"].value == ["1"]
    assert [record.data["row"] for record in found.metadata["offending_rows"].value["records"]] == [1, 2]


def test_a_function_about_a_table_passes_when_it_says_so() -> None:
    kind = create_structured_dataframe_type(
        "T", dataframe_validator=ConstraintWithMetadata("not empty", lambda table: (len(table) > 0, {}))
    )
    assert kind.check(pd.DataFrame({"a": [1]})).success
    assert kind.description == "not empty"


def test_a_pandera_schema_over_pandas_shows_its_reasons_and_rows() -> None:
    pa = pytest.importorskip("pandera.pandas")
    schema = pa.DataFrameSchema({"a": pa.Column(int, pa.Check.ge(0), unique=True), "b": pa.Column(str, nullable=True)}, name="Trips")
    kind = pandera_schema_to_type(schema)
    table = pd.DataFrame({"a": [3, -1, 4], "b": ["x", None, "y"]}, index=[10, 20, 30])
    found = kind.check(table)
    assert kind.name == "Trips"
    assert found.description == "column 'a' has 1 of 3 rows that break greater_than_or_equal_to(0)"
    (record,) = found.metadata["offending_rows"].value["records"]
    assert record.data == {"row": 1, "problem": "a: greater_than_or_equal_to(0)", "a": -1, "b": None}
    assert kind.check(table[table["a"] > 0]).success
    assert [(column.name, column.type) for column in kind.metadata["schema"].value.columns] == [("a", "int64"), ("b", "string")]


def test_a_pandera_schema_names_a_missing_column() -> None:
    pa = pytest.importorskip("pandera.pandas")
    found = pandera_schema_to_type(pa.DataFrameSchema({"a": pa.Column(int)})).check(pd.DataFrame({"b": [1]}))
    assert found.description == "breaks column_in_dataframe: a"


def test_a_pandera_model_over_polars_is_a_type_too() -> None:
    pp = pytest.importorskip("pandera.polars")

    class Trips(pp.DataFrameModel):  # type: ignore[misc, name-defined]
        a: int = pp.Field(ge=0)

    Trips.__annotations__ = {"a": int}
    kind = pandera_schema_to_type(Trips)
    found = kind.check(pl.DataFrame({"a": [1, -1]}))
    assert kind.name == "Trips"
    assert found.description == "column 'a' has 1 of 2 rows that break greater_than_or_equal_to(0)"


@given(st.lists(st.one_of(st.none(), st.integers(-100, 100)), max_size=30), st.integers(-50, 50), st.integers(0, 50))
def test_pandas_and_polars_find_the_same_rows(values: list[int | None], low: int, width: int) -> None:
    column = Column.integer_column("x", min_value=low, max_value=low + width, unique=True, non_nullable=True)
    kind = create_dataframe_type("T", columns=[column])
    one = kind.check(pd.DataFrame({"x": pd.array(values, dtype="Int64")}))
    other = kind.check(pl.DataFrame({"x": pl.Series(values, dtype=pl.Int64)}))
    assert (one.success, one.description) == (other.success, other.description)
    if not one.success:
        rows = [[record.data["row"] for record in found.metadata["offending_rows"].value["records"]] for found in (one, other)]
        assert rows[0] == rows[1]


def test_rules_take_the_arguments_of_the_reference_for_raising() -> None:
    def short(table: Any) -> tuple[bool, dict[str, Any]]:
        return len(table) < 2, {"rows": len(table)}

    bounds = MultiColumnConstraintWithMetadata(
        "bounds", {"x": [column_range_validation_factory(0, 1)]}, ValueError, raise_or_typecheck=False
    )
    few = ConstraintWithMetadata("few rows", short, ValueError, False, "short")
    every = MultiConstraintWithMetadata("few rows", [short], ValueError, raise_or_typecheck=True, name="all")
    table = pd.DataFrame({"x": [1, 2]})

    assert (few.name, every.name, bounds.name) == ("short", "all", None)
    assert not create_structured_dataframe_type("Few", columns_validator=bounds).check(table).success
    assert not create_structured_dataframe_type("Few", dataframe_validator=every).check(table).success
