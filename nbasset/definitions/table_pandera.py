"""pandera schemas as types. pandera is loaded here, and only here."""

from __future__ import annotations

from typing import Any

from nbasset.definitions.table_columns import Violation
from nbasset.definitions.table_failures import failed
from nbasset.definitions.table_frames import frame_of
from nbasset.definitions.value_annotations import shown_value
from nbasset.definitions.value_types import Type, TypeCheck
from nbasset.errors import InvalidDefinitionError
from nbasset.metadata import MetadataValue, TableColumn, TableColumnConstraints, TableSchema


def pandera_schema_to_type(schema: Any, name: str | None = None) -> Type:
    """A type from a pandera schema (a ``DataFrameSchema`` or a ``DataFrameModel``), for pandas or Polars.

    Failures show pandera's reasons and the offending rows.

    >>> import pandas as pd
    >>> import pandera.pandas as pa
    >>> Ages = pandera_schema_to_type(pa.DataFrameSchema({"age": pa.Column(int, pa.Check.ge(0))}))
    >>> Ages.check(pd.DataFrame({"age": [30, -1]})).description
    "column 'age' has 1 of 2 rows that break greater_than_or_equal_to(0)"

    Raises
    ------
    InvalidDefinitionError
        If pandera is not installed, or this is no schema of its.
    """
    try:
        from pandera.errors import SchemaError, SchemaErrors
    except ImportError as error:
        raise InvalidDefinitionError("pandera is not installed. Install it: pip install 'nbasset[pandera]'.") from error
    made = schema.to_schema() if hasattr(schema, "to_schema") else schema
    if not hasattr(made, "validate") or not hasattr(made, "columns"):
        raise InvalidDefinitionError(f"{schema!r:.60} is no pandera schema. Give a DataFrameSchema or a DataFrameModel.")
    title = name or made.title or made.name or "PanderaTable"

    def check(value: Any) -> TypeCheck:
        frame = frame_of(value)
        if frame is None:
            return TypeCheck(False, f"expected a pandas or Polars table, got {shown_value(value)}")
        try:
            made.validate(value, lazy=True)
        except SchemaErrors as error:
            return failed(_violations(value, error.failure_cases, frame.row_count), frame)
        except SchemaError as error:
            return TypeCheck(False, str(error).splitlines()[0])
        except Exception as error:  # noqa: BLE001 - a table of another library than the schema's fails deep inside pandera
            return TypeCheck(
                False,
                f"pandera could not check {shown_value(value)}: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}",
            )
        return TypeCheck(True)

    columns = [_column(column, str(key)) for key, column in made.columns.items()]
    return Type(
        check, name=str(title), description=made.description or f"a table that fits the pandera schema {title}",
        metadata={"schema": MetadataValue.table_schema(TableSchema(columns))},
    )  # fmt: skip


def _violations(table: Any, cases: Any, row_count: int) -> list[Violation]:
    """pandera's failure cases, one for each check of each column, with the positions of their rows."""
    rows = cases.to_dicts() if hasattr(cases, "to_dicts") else cases.to_dict("records")
    positions = _positions(table)
    grouped: dict[tuple[str | None, str], list[Any]] = {}
    samples: dict[tuple[str | None, str], Any] = {}
    for case in rows:
        context = str(case.get("schema_context") or "")
        column = str(case["column"]) if context == "Column" and case.get("column") is not None else None
        key = (column, str(case["check"]))
        samples.setdefault(key, case.get("failure_case"))
        grouped.setdefault(key, []).append(case.get("index"))
    found = []
    for (column, rule), indexes in grouped.items():
        where = tuple(sorted({positions[index] for index in indexes if _known(index, positions)}))
        count = f"{len(where)} of {row_count} rows" if where else ""
        message = f"has {count} that break {rule}" if where else f"breaks {rule}: {samples[column, rule]}"
        found.append(Violation(message, column, rule, where))
    return found


def _positions(table: Any) -> Any:
    """From pandera's index of a row to its position: labels in pandas, positions already in Polars."""
    index = getattr(table, "index", None)
    if index is None:
        return range(2**62)
    return {label: position for position, label in reversed(list(enumerate(index)))}


def _known(index: Any, positions: Any) -> bool:
    if index is None or index != index:
        return False
    try:
        return index in positions
    except TypeError:
        return False


def _column(column: Any, key: str) -> TableColumn:
    checks = tuple(str(getattr(check, "error", None) or getattr(check, "name", check)) for check in column.checks)
    nullable, unique = bool(getattr(column, "nullable", True)), bool(getattr(column, "unique", False))
    dtype = str(column.dtype) if column.dtype is not None else "any"
    # Which storage pandas chose for texts is nobody's promise.
    dtype = "string" if dtype.startswith(("string", "str")) else dtype
    return TableColumn(str(column.name or key), dtype, column.description, TableColumnConstraints(nullable, unique, checks))
