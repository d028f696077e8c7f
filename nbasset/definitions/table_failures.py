"""A table that broke promises, as a failed check: a sentence for people and the offending rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nbasset.definitions.table_columns import Violation
from nbasset.definitions.table_frames import Frame, records_of
from nbasset.definitions.value_types import TypeCheck
from nbasset.metadata import MetadataValue, TableColumn, TableSchema

_ROWS_SHOWN = 20
_PROBLEMS_SHOWN = 5


def failed(violations: Sequence[Violation], frame: Frame | None) -> TypeCheck:
    """A failed check: a sentence of the first problems, and the offending rows, each with what is wrong with it."""
    texts = [str(violation) for violation in violations]
    more = len(texts) - _PROBLEMS_SHOWN
    description = "; ".join(texts[:_PROBLEMS_SHOWN]) + (f"; and {more} more" if more > 0 else "")
    metadata: dict[str, Any] = {"problems": texts}
    problems: dict[int, list[str]] = {}
    for violation in violations:
        for row in violation.rows:
            problems.setdefault(row, []).append(f"{violation.column}: {violation.constraint}" if violation.column else violation.constraint)
    if problems and frame is not None:
        rows = sorted(problems)[:_ROWS_SHOWN]
        records = records_of(frame, rows, {row: {"problem": ", ".join(problems[row])} for row in rows})
        names = dict.fromkeys(["row", "problem", *map(str, frame.columns)])
        types = {str(column): frame.dtype(column) for column in frame.columns}
        schema = TableSchema([TableColumn(column, types.get(column, "int64" if column == "row" else "string")) for column in names])
        metadata["offending_rows"] = MetadataValue.table(records, schema)
        metadata["offending_row_count"] = len(problems)
    return TypeCheck(False, description, metadata)
