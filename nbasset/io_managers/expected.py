"""Columns that an asset promises, compared with those it returned, before anything is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbasset.errors import SchemaMismatch, did_you_mean
from nbasset.io_managers.content import type_name
from nbasset.metadata import TableSchema

if TYPE_CHECKING:
    import pyarrow as pa

_WORDS = {"str": "string", "utf8": "string", "large_string": "string", "object": "string", "float64": "double", "float": "double",
          "float32": "float", "boolean": "bool", "int": "int64", "datetime64[ns]": "timestamp[ns]", "bytes": "binary"}  # fmt: skip


def check_columns(rows: pa.Table | pa.RecordBatchReader, expected: Any, *, label: str) -> None:
    """Compare a table's columns with a declared `TableSchema`; anything else declares nothing. Nulls of a stream are not looked for.

    Every declared column has to be there with its type; more columns are allowed. Types are Arrow's words, or Python's and pandas' for the
    common ones (``str``, ``float64``).

    Raises
    ------
    SchemaMismatch
        If a column is absent, has another type, or holds nulls where none are allowed: column, expected and found are named.
    """
    if not isinstance(expected, TableSchema):
        return
    schema = rows.schema
    for column in expected.columns:
        at = schema.get_field_index(column.name)
        if at < 0:
            near = did_you_mean(column.name, schema.names)
            raise SchemaMismatch(
                f"{label} declares a column '{column.name}' ({column.type}), which the returned table lacks. {near}\n"
                f"It has: {', '.join(schema.names[:20])}. Nothing was written; the previous version is still there."
            )
        found, wanted = type_name(schema.field(at).type), _word(column.type)
        if _word(found) != wanted:
            raise SchemaMismatch(
                f"{label} declares column '{column.name}' as {column.type}, but the returned table has it as {found}.\n"
                "Convert it before returning, or change the declared schema. Nothing was written; the previous version is still there."
            )
        nulls = rows.column(at).null_count if not column.constraints.nullable and hasattr(rows, "column") else 0
        if nulls:
            raise SchemaMismatch(
                f"{label} declares column '{column.name}' without nulls, but the returned table has {nulls}.\n"
                "Drop or fill them before returning. Nothing was written; the previous version is still there."
            )


def _word(kind: str) -> str:
    return _WORDS.get(kind.lower(), kind)
