"""Functions that check tables, for `create_structured_dataframe_type`.

A function returns ``(fits, facts)``: a bool and a dict of metadata about what is wrong. Functions about values get one value, functions
about a column get the column as its library has it, functions about the table get the table.

The reference is told what to raise (`resulting_exception`, `raise_or_typecheck`). That is taken and not needed: what is broken always
becomes a failed type check, with all else that is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from nbasset.definitions.table_columns import Violation
from nbasset.definitions.table_frames import Frame

Outcome = tuple[bool, Mapping[str, Any]]
ValidationFn = Callable[[Any], Outcome]


class ConstraintWithMetadata:
    """A function about the whole table."""

    def __init__(
        self, description: str, validation_fn: ValidationFn, resulting_exception: Any = None, raise_or_typecheck: bool = True,
        name: str | None = None,
    ) -> None:  # fmt: skip
        self.description = description
        self.validation_fn = validation_fn
        self.name = str(name or getattr(validation_fn, "__name__", "constraint"))

    def violations(self, table: Any, frame: Frame) -> tuple[list[Violation], dict[str, Any]]:
        """What is broken, and the facts the function gave."""
        fits, facts = self.validation_fn(table)
        return ([], {}) if fits else ([Violation(self.description, constraint=self.name)], dict(facts))


class MultiConstraintWithMetadata:
    """Several functions about the whole table."""

    def __init__(
        self, description: str, validation_fn_arr: Sequence[ValidationFn], resulting_exception: Any = None,
        raise_or_typecheck: bool = True, name: str | None = None,
    ) -> None:  # fmt: skip
        self.description = description
        self.name = name
        self._parts = [ConstraintWithMetadata(getattr(fn, "__doc__", None) or description, fn) for fn in validation_fn_arr]

    def violations(self, table: Any, frame: Frame) -> tuple[list[Violation], dict[str, Any]]:
        """What is broken, by any of the functions."""
        return _joined(part.violations(table, frame) for part in self._parts)


class ColumnConstraintWithMetadata:
    """A function about each value of some columns."""

    def __init__(self, description: str, validation_fn: ValidationFn, columns: Sequence[str], name: str | None = None) -> None:
        self.description = description
        self.validation_fn = validation_fn
        self.columns = list(columns)
        self.name = str(name or getattr(validation_fn, "__name__", "constraint"))

    def violations(self, table: Any, frame: Frame) -> tuple[list[Violation], dict[str, Any]]:
        """The rows whose value does not fit."""
        found: list[Violation] = []
        for column in self.columns:
            if column not in frame.columns:
                found.append(Violation("is missing", column, self.name))
                continue
            rows = tuple(row for row, value in enumerate(frame.values(column)) if not self.validation_fn(value)[0])
            if rows:
                found.append(
                    Violation(f"has {len(rows)} of {frame.row_count} rows that break '{self.description}'", column, self.name, rows)
                )
        return found, {}


class ColumnAggregateConstraintWithMetadata:
    """A function about some columns, each as a whole."""

    def __init__(self, description: str, validation_fn: ValidationFn, columns: Sequence[str], name: str | None = None) -> None:
        self.description = description
        self.validation_fn = validation_fn
        self.columns = list(columns)
        self.name = str(name or getattr(validation_fn, "__name__", "constraint"))

    def violations(self, table: Any, frame: Frame) -> tuple[list[Violation], dict[str, Any]]:
        """The columns that do not fit."""
        found: list[Violation] = []
        facts: dict[str, Any] = {}
        for column in self.columns:
            if column not in frame.columns:
                found.append(Violation("is missing", column, self.name))
                continue
            fits, more = self.validation_fn(frame.native(column))
            if not fits:
                found.append(Violation(f"breaks '{self.description}'", column, self.name))
                facts |= {f"{column}.{key}": value for key, value in more.items()}
        return found, facts


class MultiColumnConstraintWithMetadata:
    """Functions about values, by column: ``{"fare": [column_range_validation_factory(0, 500)]}``."""

    part: type[ColumnConstraintWithMetadata] | type[ColumnAggregateConstraintWithMetadata] = ColumnConstraintWithMetadata

    def __init__(
        self, description: str, fn_and_columns_dict: Mapping[str, Sequence[ValidationFn]], resulting_exception: Any = None,
        raise_or_typecheck: bool = True, name: str | None = None,
    ) -> None:  # fmt: skip
        self.description = description
        self.name = name
        self._parts = [
            self.part(getattr(fn, "__doc__", None) or description, fn, [column])
            for column, fns in fn_and_columns_dict.items()
            for fn in fns
        ]

    def violations(self, table: Any, frame: Frame) -> tuple[list[Violation], dict[str, Any]]:
        """What is broken, by any of the functions."""
        return _joined(part.violations(table, frame) for part in self._parts)


class MultiAggregateConstraintWithMetadata(MultiColumnConstraintWithMetadata):
    """Functions about whole columns, by column: ``{"id": [all_unique_validator]}``."""

    part = ColumnAggregateConstraintWithMetadata


def non_null_validation(value: Any) -> Outcome:
    """a value is there"""
    return not _missing(value), {}


def all_unique_validator(column: Any, ignore_missing_vals: bool = False) -> Outcome:
    """no value twice"""
    values = [value for value in column.to_list() if not (ignore_missing_vals and _missing(value))]
    seen: set[Any] = set()
    twice = []
    for value in values:
        key = None if _missing(value) else value
        if key in seen:
            twice.append(value)
        seen.add(key)
    return not twice, {"repeated": [str(value) for value in twice[:20]]} if twice else {}


def column_range_validation_factory(minim: Any = None, maxim: Any = None, ignore_missing_vals: bool = False) -> ValidationFn:
    """A function for values from `minim` to `maxim`, both included."""

    def in_range(value: Any) -> Outcome:
        if _missing(value):
            return ignore_missing_vals, {}
        return (minim is None or value >= minim) and (maxim is None or value <= maxim), {}

    in_range.__doc__ = f"from {minim} to {maxim}"
    return in_range


def categorical_column_validator_factory(categories: Collection[Any], ignore_missing_vals: bool = False) -> ValidationFn:
    """A function for values that are one of `categories`."""

    def is_category(value: Any) -> Outcome:
        return (ignore_missing_vals if _missing(value) else value in categories), {}

    is_category.__doc__ = f"one of {', '.join(map(str, categories))}"
    return is_category


def dtype_in_set_validation_factory(datatypes: type | tuple[type, ...], ignore_missing_vals: bool = False) -> ValidationFn:
    """A function for values of one of these Python types."""

    def is_type(value: Any) -> Outcome:
        return (True if ignore_missing_vals and _missing(value) else isinstance(value, datatypes)), {}

    is_type.__doc__ = f"of type {datatypes}"
    return is_type


def _missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value)


def _joined(parts: Any) -> tuple[list[Violation], dict[str, Any]]:
    found: list[Violation] = []
    facts: dict[str, Any] = {}
    for broken, more in parts:
        found += broken
        facts |= more
    return found, facts
