"""Types of tables: columns and rules for pandas and Polars alike, with the rows that break them in the failure.

`create_dataframe_type` takes `Column`s; `create_structured_dataframe_type` takes functions; `pandera_schema_to_type` takes a pandera
schema (pandera is an extra: ``pip install 'nbasset[pandera]'``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from nbasset.definitions.table_columns import Column, ConstraintViolationException, DataFrameConstraint, Violation
from nbasset.definitions.table_failures import failed
from nbasset.definitions.table_frames import frame_of
from nbasset.definitions.table_pandera import pandera_schema_to_type
from nbasset.definitions.value_annotations import shown_value
from nbasset.definitions.value_types import Type, TypeCheck, TypeLoader
from nbasset.errors import InvalidDefinitionError
from nbasset.metadata import MetadataValue, TableConstraints, TableSchema

__all__ = ["create_dataframe_type", "create_structured_dataframe_type", "pandera_schema_to_type"]


def create_dataframe_type(
    name: str,
    description: str | None = None,
    columns: Sequence[Column] | None = None,
    metadata_fn: Callable[[Any], Mapping[str, Any]] | None = None,
    dataframe_constraints: Sequence[DataFrameConstraint] | None = None,
    loader: TypeLoader | None = None,
) -> Type:
    """A type for pandas and Polars tables with these columns and rules.

    All broken promises are reported at once, with the first 20 offending rows as a table. `metadata_fn` gives facts about a table that
    passed.

    >>> import pandas as pd
    >>> Flights = create_dataframe_type("Flights", columns=[Column.integer_column("distance", min_value=0)])
    >>> Flights.check(pd.DataFrame({"distance": [3, -1]})).description
    "column 'distance' has 1 of 2 rows not at least 0"
    """
    listed = list(columns or ())
    rules = list(dataframe_constraints or ())
    _check_definition(name, listed, rules)

    def check(value: Any) -> TypeCheck:
        frame = frame_of(value)
        if frame is None:
            return TypeCheck(False, f"expected a pandas or Polars table, got {shown_value(value)}")
        found = [violation for column in listed for violation in column.validate(value)]
        for rule in rules:
            try:
                rule.validate(value)
            except ConstraintViolationException as error:
                found.append(error.violation)
        if found:
            return failed(found, frame)
        return TypeCheck(True, metadata=dict(metadata_fn(value)) if metadata_fn is not None else {})

    schema = TableSchema(
        [column.as_table_column() for column in listed], TableConstraints(tuple(rule.markdown_description for rule in rules))
    )
    words = description or _words(listed, rules)
    return Type(
        check, name=name, description=words, loader=loader, metadata={"schema": MetadataValue.table_schema(schema)} if listed else None
    )


def create_structured_dataframe_type(
    name: str,
    description: str | None = None,
    columns_validator: Any = None,
    columns_aggregate_validator: Any = None,
    dataframe_validator: Any = None,
    loader: TypeLoader | None = None,
) -> Type:
    """A type for tables that three kinds of functions check: each value of a column, a column as a whole, the whole table.

    The validators are those of `table_validators` (``MultiColumnConstraintWithMetadata`` and its siblings).

    >>> import pandas as pd
    >>> from nbasset.definitions.table_validators import MultiColumnConstraintWithMetadata, column_range_validation_factory
    >>> rule = MultiColumnConstraintWithMetadata("fares", {"fare": [column_range_validation_factory(0, 500)]})
    >>> create_structured_dataframe_type("Fares", columns_validator=rule).check(pd.DataFrame({"fare": [20, 900]})).success
    False
    """
    validators = [item for item in (columns_validator, columns_aggregate_validator, dataframe_validator) if item is not None]
    for item in validators:
        if not callable(getattr(item, "violations", None)):
            raise InvalidDefinitionError(f"type '{name}' has the validator {item!r:.60}; give a ...ConstraintWithMetadata.")

    def check(value: Any) -> TypeCheck:
        frame = frame_of(value)
        if frame is None:
            return TypeCheck(False, f"expected a pandas or Polars table, got {shown_value(value)}")
        found: list[Violation] = []
        metadata: dict[str, Any] = {}
        for item in validators:
            broken, facts = item.violations(value, frame)
            found += broken
            metadata |= facts
        if not found:
            return TypeCheck(True)
        outcome = failed(found, frame)
        return TypeCheck(False, outcome.description, {**metadata, **outcome.metadata})

    words = description or "; ".join(item.description for item in validators) or None
    return Type(check, name=name, description=words, loader=loader)


def _check_definition(name: str, columns: Iterable[Column], rules: Iterable[DataFrameConstraint]) -> None:
    seen: set[str] = set()
    for column in columns:
        if not isinstance(column, Column):
            raise InvalidDefinitionError(f"type '{name}' has the column {column!r:.60}; give Column.integer_column('x') and the like.")
        if column.name in seen:
            raise InvalidDefinitionError(f"type '{name}' has two columns '{column.name}'.")
        seen.add(column.name)
    for rule in rules:
        if not isinstance(rule, DataFrameConstraint):
            raise InvalidDefinitionError(f"type '{name}' has the rule {rule!r:.60}, which is no DataFrameConstraint.")


def _words(columns: Sequence[Column], rules: Sequence[DataFrameConstraint]) -> str | None:
    """A description made from the promises, as markdown."""
    lines = [f"- **{column.name}**: {column.describe() or 'any'}" for column in columns]
    lines += [f"- {rule.markdown_description}" for rule in rules]
    return "a table with\n\n" + "\n".join(lines) if lines else None
