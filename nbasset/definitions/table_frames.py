"""One face for pandas and Polars tables, as far as checks need it: columns, kinds, and the rows where something is wrong.

Rows go by position. Neither library is loaded here: a table brings its own.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, Literal, Protocol

from nbasset.metadata import TableRecord

Kind = Literal["integer", "float", "boolean", "string", "datetime", "date", "duration", "category", "other"]
_LONGEST_CELL = 200


class Frame(Protocol):
    """What a table is asked."""

    @property
    def columns(self) -> list[str]:
        """Names, in order; a name may repeat."""
        ...

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        ...

    def kind(self, column: str) -> Kind:
        """What a column holds."""
        ...

    def dtype(self, column: str) -> str:
        """The library's word for the type of a column."""
        ...

    def timezone(self, column: str) -> str | None:
        """The zone of a column of moments; None for wall-clock times."""
        ...

    def missing(self, column: str) -> list[int]:
        """Rows without a value. NaN counts as missing."""
        ...

    def repeated(self, column: str, *, ignore_missing: bool) -> list[int]:
        """Rows whose value occurs more than once: all of them, not only the later ones."""
        ...

    def outside(self, column: str, low: Any, high: Any) -> list[int]:
        """Rows whose value is below `low` or above `high`; None is no bound. A missing value is never outside."""
        ...

    def not_among(self, column: str, allowed: Collection[Any], *, ignore_missing: bool) -> list[int]:
        """Rows whose value is none of `allowed`."""
        ...

    def values(self, column: str) -> list[Any]:
        """The values of a column as Python objects."""
        ...

    def native(self, column: str) -> Any:
        """The column as the library has it: a pandas or Polars Series."""
        ...


def frame_of(table: Any) -> Frame | None:
    """The face of a pandas or Polars table; None for anything else. A lazy Polars table is collected."""
    kinds = {f"{cls.__module__.split('.')[0]}.{cls.__name__}" for cls in type(table).__mro__}
    if "pandas.DataFrame" in kinds:
        return _PandasFrame(table)
    if "polars.LazyFrame" in kinds:
        return _PolarsFrame(table.collect())
    return _PolarsFrame(table) if "polars.DataFrame" in kinds else None


def records_of(frame: Frame, rows: Sequence[int], extra: dict[int, dict[str, Any]] | None = None) -> list[TableRecord]:
    """These rows for people to see, each with its position and the entries of `extra`."""
    columns = {column: frame.values(column) for column in dict.fromkeys(frame.columns)} if rows else {}
    return [
        TableRecord({"row": row, **(extra or {}).get(row, {}), **{str(name): _cell(values[row]) for name, values in columns.items()}})
        for row in rows
    ]


def _cell(value: Any) -> str | int | float | bool | None:
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (datetime, date)):
        return value.isoformat() if value == value else None
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        return _cell(value.item())
    text = str(value)
    return text if len(text) <= _LONGEST_CELL else text[:_LONGEST_CELL] + "…"


class _PandasFrame:
    def __init__(self, table: Any) -> None:
        self._table = table

    @property
    def columns(self) -> list[str]:
        return list(self._table.columns)

    @property
    def row_count(self) -> int:
        return len(self._table)

    def native(self, column: str) -> Any:
        found = self._table[column]
        return found if getattr(found, "ndim", 1) == 1 else found.iloc[:, 0]

    def kind(self, column: str) -> Kind:
        pd = sys.modules["pandas"]
        series = self.native(column)
        test = pd.api.types
        if isinstance(series.dtype, pd.CategoricalDtype):
            return "category"
        if test.is_bool_dtype(series.dtype):
            return "boolean"
        if test.is_integer_dtype(series.dtype):
            return "integer"
        if test.is_float_dtype(series.dtype):
            return "float"
        if test.is_datetime64_any_dtype(series.dtype):
            return "datetime"
        if test.is_timedelta64_dtype(series.dtype):
            return "duration"
        inferred = test.infer_dtype(series, skipna=True)
        found: Kind = {"string": "string", "empty": "string", "date": "date", "boolean": "boolean", "datetime": "datetime"}.get(
            inferred, "other"
        )  # type: ignore[assignment]
        return found

    def dtype(self, column: str) -> str:
        return str(self.native(column).dtype)

    def timezone(self, column: str) -> str | None:
        zone = getattr(self.native(column).dtype, "tz", None)
        return str(zone) if zone is not None else None

    def missing(self, column: str) -> list[int]:
        return _true(self.native(column).isna())

    def repeated(self, column: str, *, ignore_missing: bool) -> list[int]:
        series = self.native(column)
        mask = series.duplicated(keep=False)
        return _true(mask & series.notna() if ignore_missing else mask)

    def outside(self, column: str, low: Any, high: Any) -> list[int]:
        series = self.native(column)
        wrong = None
        for mask in ([] if low is None else [series < low]) + ([] if high is None else [series > high]):
            wrong = mask if wrong is None else wrong | mask
        return [] if wrong is None else _true(wrong)

    def not_among(self, column: str, allowed: Collection[Any], *, ignore_missing: bool) -> list[int]:
        series = self.native(column)
        mask = ~series.isin(list(allowed))
        return _true(mask & series.notna() if ignore_missing else mask)

    def values(self, column: str) -> list[Any]:
        pd = sys.modules["pandas"]
        return [None if value is pd.NA or value is pd.NaT else value for value in self.native(column).tolist()]


def _true(mask: Any) -> list[int]:
    found: list[int] = mask.fillna(False).to_numpy(dtype=bool).nonzero()[0].tolist()
    return found


class _PolarsFrame:
    def __init__(self, table: Any) -> None:
        self._table = table

    @property
    def columns(self) -> list[str]:
        return list(self._table.columns)

    @property
    def row_count(self) -> int:
        return int(self._table.height)

    def native(self, column: str) -> Any:
        return self._table[column]

    def kind(self, column: str) -> Kind:
        dtype = self.native(column).dtype
        name = dtype.base_type().__name__
        if dtype.is_integer():
            return "integer"
        if dtype.is_float() or name == "Decimal":
            return "float"
        found: Kind = {
            "Boolean": "boolean", "String": "string", "Utf8": "string", "Datetime": "datetime", "Date": "date", "Duration": "duration",
            "Categorical": "category", "Enum": "category", "Null": "string",
        }.get(name, "other")  # type: ignore[assignment]  # fmt: skip
        return found

    def dtype(self, column: str) -> str:
        return str(self.native(column).dtype)

    def timezone(self, column: str) -> str | None:
        zone: str | None = getattr(self.native(column).dtype, "time_zone", None)
        return zone

    def missing(self, column: str) -> list[int]:
        return self._rows(self._missing(self.native(column)))

    def repeated(self, column: str, *, ignore_missing: bool) -> list[int]:
        series = self.native(column)
        mask = series.is_duplicated()
        return self._rows(mask & ~self._missing(series) if ignore_missing else mask)

    def outside(self, column: str, low: Any, high: Any) -> list[int]:
        series = self.native(column)
        wrong = self._missing(series) & False
        if low is not None:
            wrong = wrong | (series < low).fill_null(False)
        if high is not None:
            wrong = wrong | ((series > high).fill_null(False) & ~self._missing(series))
        return self._rows(wrong)

    def not_among(self, column: str, allowed: Collection[Any], *, ignore_missing: bool) -> list[int]:
        series = self.native(column)
        wanted = set(allowed)
        missing = set(self.missing(column))
        wrong = [row for row, value in enumerate(series.to_list()) if value not in wanted]
        return [row for row in wrong if not (ignore_missing and row in missing)]

    def values(self, column: str) -> list[Any]:
        found: list[Any] = self.native(column).to_list()
        return found

    @staticmethod
    def _missing(series: Any) -> Any:
        return series.is_null() | series.is_nan().fill_null(False) if series.dtype.is_float() else series.is_null()

    @staticmethod
    def _rows(mask: Any) -> list[int]:
        found: list[int] = mask.arg_true().to_list()
        return found
