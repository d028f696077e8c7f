"""What a table promises: columns with types and bounds, and rules about the whole table.

A broken promise is a `Violation`: a sentence, and the rows where it is broken. All of them are collected, so that one look says
everything that is wrong. A rule of your own subclasses `ColumnConstraint` or `DataFrameConstraint` and raises.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from nbasset.dataclass import dataclass
from nbasset.definitions.table_frames import Frame, Kind, frame_of
from nbasset.errors import Error, InvalidDefinitionError, did_you_mean, kind_of
from nbasset.metadata import TableColumn, TableColumnConstraints


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that is broken: by which column (None: the table), how, in which rows (none, if it is not about rows)."""

    message: str
    column: str | None = None
    constraint: str = ""
    rows: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"column '{self.column}' {self.message}" if self.column is not None else self.message


class ConstraintViolationException(Error):
    """Raised by a rule that a table breaks."""

    def __init__(self, message: str, *, column: str | None = None, constraint: str = "", rows: Sequence[int] = ()) -> None:
        self.violation = Violation(message, column, constraint, tuple(rows))
        super().__init__(str(self.violation))


class Constraint:
    """A promise in words: what it is called, what to say when it is broken, how it reads in a description."""

    def __init__(self, error_description: str | None = None, markdown_description: str | None = None) -> None:
        self.name = type(self).__name__
        self.error_description = error_description or f"breaks {self.name}"
        self.markdown_description = markdown_description or self.error_description


class ColumnConstraint(Constraint):
    """A promise about one column. Override `validate`.

    >>> class NoShouting(ColumnConstraint):
    ...     def validate(self, dataframe, column_name):
    ...         rows = [row for row, text in enumerate(dataframe[column_name]) if text.isupper()]
    ...         self.refuse(column_name, "holds capitals only", rows)
    """

    def validate(self, dataframe: Any, column_name: str) -> None:
        """Raise `ConstraintViolationException` (by `refuse`) if the column breaks the promise. `dataframe` is the user's own table."""
        raise InvalidDefinitionError(f"{type(self).__name__} checks nothing: override validate(self, dataframe, column_name).")

    def refuse(self, column_name: str, message: str, rows: Sequence[int] | None = None) -> None:
        """Raise, if there are rows; without `rows`, raise in any case."""
        if rows is None or len(rows):
            raise ConstraintViolationException(message, column=column_name, constraint=self.name, rows=rows or ())


class DataFrameConstraint(Constraint):
    """A promise about the whole table. Override `validate`."""

    def validate(self, dataframe: Any) -> None:
        """Raise `ConstraintViolationException` (by `refuse`) if the table breaks the promise."""
        raise InvalidDefinitionError(f"{type(self).__name__} checks nothing: override validate(self, dataframe).")

    def refuse(self, message: str, rows: Sequence[int] = ()) -> None:
        """Raise."""
        raise ConstraintViolationException(message, constraint=self.name, rows=rows)


class StrictColumnsConstraint(DataFrameConstraint):
    """Exactly these columns; with `enforce_ordering`, in this order.

    >>> import pandas as pd
    >>> from nbasset import check_type, create_dataframe_type
    >>> strict = create_dataframe_type("Strict", dataframe_constraints=[StrictColumnsConstraint(["id"])])
    >>> check_type(strict, pd.DataFrame({"id": [1], "x": [2]})).description
    "unexpected column 'x'"
    """

    def __init__(self, strict_column_list: Sequence[str], enforce_ordering: bool = False) -> None:
        self.strict_column_list = list(strict_column_list)
        self.enforce_ordering = enforce_ordering
        super().__init__(markdown_description=f"no columns but {', '.join(self.strict_column_list)}")

    def validate(self, dataframe: Any) -> None:
        """Refuse columns that were not named, and a wrong order."""
        columns = _frame(dataframe).columns
        unknown = [column for column in columns if column not in self.strict_column_list]
        if unknown:
            hint = did_you_mean(str(unknown[0]), [column for column in self.strict_column_list if column not in columns])
            self.refuse(
                f"unexpected column{'s' if len(unknown) > 1 else ''} {', '.join(map(repr, unknown))}" + (f" ({hint})" if hint else "")
            )
        if self.enforce_ordering and columns != [column for column in self.strict_column_list if column in columns]:
            self.refuse(f"columns stand as {', '.join(map(str, columns))}, expected {', '.join(self.strict_column_list)}")


class RowCountConstraint(DataFrameConstraint):
    """So many rows, give or take `error_tolerance`.

    >>> import pandas as pd
    >>> from nbasset import check_type, create_dataframe_type
    >>> check_type(create_dataframe_type("Two", dataframe_constraints=[RowCountConstraint(2)]), pd.DataFrame({"n": [1]})).description
    'has 1 rows, expected 2'
    """

    def __init__(self, num_allowed_rows: int, error_tolerance: int = 0) -> None:
        self.num_allowed_rows = num_allowed_rows
        self.error_tolerance = abs(error_tolerance)
        if self.error_tolerance > num_allowed_rows:
            raise InvalidDefinitionError(
                f"a tolerance of {error_tolerance} around {num_allowed_rows} rows allows any table: make it smaller."
            )
        super().__init__(markdown_description=f"{num_allowed_rows} rows" + (f" ± {self.error_tolerance}" if error_tolerance else ""))

    def validate(self, dataframe: Any) -> None:
        """Refuse more or fewer rows."""
        rows = _frame(dataframe).row_count
        if abs(rows - self.num_allowed_rows) > self.error_tolerance:
            give = f" ± {self.error_tolerance}" if self.error_tolerance else ""
            self.refuse(f"has {rows} rows, expected {self.num_allowed_rows}{give}")


class ColumnKindConstraint(ColumnConstraint):
    """A column of one of these kinds, whatever library and width."""

    def __init__(self, kinds: Collection[Kind], timezone: str | None = None) -> None:
        self.kinds = frozenset(kinds)
        self.timezone = timezone
        self.words = " or ".join(sorted(self.kinds)) + (f" in {timezone}" if timezone else "")
        super().__init__(markdown_description=self.words)

    def validate(self, dataframe: Any, column_name: str) -> None:
        """Refuse another kind, or moments of another zone."""
        frame = _frame(dataframe)
        if frame.kind(column_name) not in self.kinds:
            self.refuse(column_name, f"is {frame.dtype(column_name)}, expected {self.words}")
        if self.kinds == {"datetime"} and frame.timezone(column_name) != self.timezone:
            zone = frame.timezone(column_name)
            self.refuse(column_name, f"is in {zone or 'no time zone'}, expected {self.timezone or 'no time zone'}")


class ColumnDTypeInSetConstraint(ColumnConstraint):
    """A column whose dtype, by the library's own word, is one of these."""

    def __init__(self, expected_dtype_set: Collection[str]) -> None:
        self.expected_dtype_set = frozenset(expected_dtype_set)
        super().__init__(markdown_description=" or ".join(sorted(self.expected_dtype_set)))

    def validate(self, dataframe: Any, column_name: str) -> None:
        """Refuse another dtype."""
        dtype = _frame(dataframe).dtype(column_name)
        if dtype not in self.expected_dtype_set:
            self.refuse(column_name, f"is {dtype}, expected {self.markdown_description}")


class NonNullableColumnConstraint(ColumnConstraint):
    """No missing values; NaN is missing."""

    def __init__(self) -> None:
        super().__init__(markdown_description="no missing values")

    def validate(self, dataframe: Any, column_name: str) -> None:
        """Refuse missing values."""
        frame = _frame(dataframe)
        rows = frame.missing(column_name)
        self.refuse(column_name, f"has {_of(rows, frame)} without a value", rows)


class UniqueColumnConstraint(ColumnConstraint):
    """No value twice."""

    def __init__(self, ignore_missing_vals: bool = False) -> None:
        self.ignore_missing_vals = ignore_missing_vals
        super().__init__(markdown_description="no value twice")

    def validate(self, dataframe: Any, column_name: str) -> None:
        """Refuse repeated values; missing ones count as equal, unless ignored."""
        frame = _frame(dataframe)
        rows = frame.repeated(column_name, ignore_missing=self.ignore_missing_vals)
        self.refuse(column_name, f"has {_of(rows, frame)} with a value that occurs more than once", rows)


class InRangeColumnConstraint(ColumnConstraint):
    """Values from `min_value` to `max_value`, both included; None is no bound. Missing values are within any bounds."""

    def __init__(self, min_value: Any = None, max_value: Any = None, ignore_missing_vals: bool = False) -> None:
        self.min_value = _bound(min_value)
        self.max_value = _bound(max_value)
        self.ignore_missing_vals = ignore_missing_vals
        if self.min_value is not None and self.max_value is not None and self.min_value > self.max_value:
            raise InvalidDefinitionError(f"the bounds {min_value!r} to {max_value!r} hold no value: the lower is above the upper.")
        self.words = _range_words(self.min_value, self.max_value)
        super().__init__(markdown_description=self.words)

    def validate(self, dataframe: Any, column_name: str) -> None:
        """Refuse values out of bounds, and columns whose values cannot be compared with them."""
        frame = _frame(dataframe)
        try:
            rows = frame.outside(column_name, self.min_value, self.max_value)
        except Exception as error:  # noqa: BLE001 - libraries raise their own kinds when a column cannot be compared
            self.refuse(column_name, f"is {frame.dtype(column_name)}, which cannot be compared with {self.words} ({type(error).__name__})")
            return
        self.refuse(column_name, f"has {_of(rows, frame)} not {self.words}", rows)


class MinValueColumnConstraint(InRangeColumnConstraint):
    """Values not below `min_value`."""

    def __init__(self, min_value: Any, ignore_missing_vals: bool = False) -> None:
        super().__init__(min_value, None, ignore_missing_vals)


class MaxValueColumnConstraint(InRangeColumnConstraint):
    """Values not above `max_value`."""

    def __init__(self, max_value: Any, ignore_missing_vals: bool = False) -> None:
        super().__init__(None, max_value, ignore_missing_vals)


class CategoricalColumnConstraint(ColumnConstraint):
    """Only these values."""

    def __init__(self, categories: Collection[Any], ignore_missing_vals: bool = False) -> None:
        self.categories = list(categories)
        self.ignore_missing_vals = ignore_missing_vals
        shown = ", ".join(map(str, self.categories[:10])) + (", …" if len(self.categories) > 10 else "")
        super().__init__(markdown_description=f"one of {shown}")

    def validate(self, dataframe: Any, column_name: str) -> None:
        """Refuse other values; missing ones too, unless ignored."""
        frame = _frame(dataframe)
        rows = frame.not_among(column_name, self.categories, ignore_missing=self.ignore_missing_vals)
        self.refuse(column_name, f"has {_of(rows, frame)} that are not {self.markdown_description}", rows)


class Column:
    """A column of a table: its name, what it promises, whether it must be there (`is_required`, by default it must).

    >>> Column.integer_column("distance", min_value=0, non_nullable=True).describe()
    'integer, no missing values, at least 0'
    """

    def __init__(self, name: str, constraints: Sequence[ColumnConstraint] | None = None, is_required: bool | None = None) -> None:
        self.name = name
        self.constraints = list(constraints or ())
        self.is_required = is_required is None or bool(is_required)
        for constraint in self.constraints:
            if not isinstance(constraint, ColumnConstraint):
                raise InvalidDefinitionError(f"column '{name}' has the constraint {constraint!r:.60}, which is no ColumnConstraint.")

    def validate(self, dataframe: Any) -> list[Violation]:
        """Every promise that the column breaks. A column that is not there breaks one only if it is required."""
        frame = _frame(dataframe)
        if self.name not in frame.columns:
            if not self.is_required:
                return []
            hint = did_you_mean(self.name, [str(column) for column in frame.columns])
            return [Violation("is missing" + (f" ({hint})" if hint else ""), self.name, "is_required")]
        found = []
        for constraint in self.constraints:
            try:
                constraint.validate(dataframe, self.name)
            except ConstraintViolationException as error:
                found.append(error.violation)
                if isinstance(constraint, (ColumnKindConstraint, ColumnDTypeInSetConstraint)):
                    break  # bounds of a column of another kind say nothing more
        return found

    def describe(self) -> str:
        """The promises in words."""
        return ", ".join(constraint.markdown_description for constraint in self.constraints)

    def as_table_column(self) -> TableColumn:
        """For the schema shown to people."""
        kinds = [item.words for item in self.constraints if isinstance(item, ColumnKindConstraint)]
        other = tuple(item.markdown_description for item in self.constraints if not isinstance(item, _SHOWN_OTHERWISE))
        nullable = not any(isinstance(item, NonNullableColumnConstraint) for item in self.constraints)
        unique = any(isinstance(item, UniqueColumnConstraint) for item in self.constraints)
        return TableColumn(self.name, kinds[0] if kinds else "any", constraints=TableColumnConstraints(nullable, unique, other))

    @staticmethod
    def exists(
        name: str, non_nullable: bool = False, unique: bool = False, ignore_missing_vals: bool = False, is_required: bool | None = None
    ) -> Column:
        """A column of any kind."""
        return Column(name, _common(non_nullable, unique, ignore_missing_vals), is_required)

    @staticmethod
    def boolean_column(
        name: str, non_nullable: bool = False, unique: bool = False, ignore_missing_vals: bool = False, is_required: bool | None = None
    ) -> Column:
        """Yes and no."""
        return Column(name, [ColumnKindConstraint(["boolean"]), *_common(non_nullable, unique, ignore_missing_vals)], is_required)

    @staticmethod
    def numeric_column(
        name: str, min_value: float = -math.inf, max_value: float = math.inf, non_nullable: bool = False, unique: bool = False,
        ignore_missing_vals: bool = False, is_required: bool | None = None,
    ) -> Column:  # fmt: skip
        """Whole or real numbers."""
        return _ranged(name, ["integer", "float"], min_value, max_value, non_nullable, unique, ignore_missing_vals, is_required)

    @staticmethod
    def integer_column(
        name: str, min_value: float = -math.inf, max_value: float = math.inf, non_nullable: bool = False, unique: bool = False,
        ignore_missing_vals: bool = False, is_required: bool | None = None,
    ) -> Column:  # fmt: skip
        """Whole numbers."""
        return _ranged(name, ["integer"], min_value, max_value, non_nullable, unique, ignore_missing_vals, is_required)

    @staticmethod
    def float_column(
        name: str, min_value: float = -math.inf, max_value: float = math.inf, non_nullable: bool = False, unique: bool = False,
        ignore_missing_vals: bool = False, is_required: bool | None = None,
    ) -> Column:  # fmt: skip
        """Real numbers."""
        return _ranged(name, ["float"], min_value, max_value, non_nullable, unique, ignore_missing_vals, is_required)

    @staticmethod
    def datetime_column(
        name: str, min_datetime: datetime | None = None, max_datetime: datetime | None = None, non_nullable: bool = False,
        unique: bool = False, ignore_missing_vals: bool = False, is_required: bool | None = None, tz: str | None = None,
    ) -> Column:  # fmt: skip
        """Moments of the zone `tz`, or wall-clock times without a zone."""
        constraints = [ColumnKindConstraint(["datetime"], tz), *_common(non_nullable, unique, ignore_missing_vals)]
        if min_datetime is not None or max_datetime is not None:
            constraints.append(InRangeColumnConstraint(min_datetime, max_datetime, ignore_missing_vals))
        return Column(name, constraints, is_required)

    @staticmethod
    def string_column(
        name: str, non_nullable: bool = False, unique: bool = False, ignore_missing_vals: bool = False, is_required: bool | None = None
    ) -> Column:
        """Texts, whatever dtype the library keeps them in."""
        return Column(name, [ColumnKindConstraint(["string"]), *_common(non_nullable, unique, ignore_missing_vals)], is_required)

    @staticmethod
    def categorical_column(
        name: str, categories: Collection[Any], of_types: Collection[str] | None = None, non_nullable: bool = False, unique: bool = False,
        ignore_missing_vals: bool = False, is_required: bool | None = None,
    ) -> Column:  # fmt: skip
        """Only these values; of a categorical or text column, or of the dtypes in `of_types`."""
        kind: ColumnConstraint = ColumnDTypeInSetConstraint(of_types) if of_types else ColumnKindConstraint(["category", "string"])
        constraints = [
            kind,
            CategoricalColumnConstraint(categories, ignore_missing_vals),
            *_common(non_nullable, unique, ignore_missing_vals),
        ]
        return Column(name, constraints, is_required)


_SHOWN_OTHERWISE = (ColumnKindConstraint, NonNullableColumnConstraint, UniqueColumnConstraint)


def _ranged(
    name: str, kinds: list[Kind], low: float, high: float, non_nullable: bool, unique: bool, ignore_missing: bool, required: bool | None
) -> Column:
    constraints = [ColumnKindConstraint(kinds), *_common(non_nullable, unique, ignore_missing)]
    if _bound(low) is not None or _bound(high) is not None:
        constraints.append(InRangeColumnConstraint(low, high, ignore_missing))
    return Column(name, constraints, required)


def _common(non_nullable: bool, unique: bool, ignore_missing: bool) -> list[ColumnConstraint]:
    rules: list[ColumnConstraint] = [NonNullableColumnConstraint()] if non_nullable else []
    return [*rules, UniqueColumnConstraint(ignore_missing)] if unique else rules


def _bound(value: Any) -> Any:
    return None if isinstance(value, float) and math.isinf(value) else value


def _range_words(low: Any, high: Any) -> str:
    if low is None or high is None:
        return f"at least {low}" if high is None else f"at most {high}"
    return f"from {low} to {high}"


def _of(rows: Sequence[int], frame: Frame) -> str:
    return f"{len(rows)} of {frame.row_count} rows"


def _frame(dataframe: Any) -> Frame:
    found = frame_of(dataframe)
    if found is None:
        raise ConstraintViolationException(f"expected a pandas or Polars table, got {kind_of(dataframe)}")
    return found


PandasColumn = Column
