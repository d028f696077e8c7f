"""Plain Python values to Arrow and back: numbers, text, dates, lists, dicts, lists of dicts, dataclasses and named tuples.

A list of records is a table with a row for each; one record is a table of one row; a number is a table of one cell, called ``value``: any
reader of Parquet can use them. Nested values that Arrow has no exact type for stand in their column as JSON text and come back as they
were; a column that mixes numbers and text is an error, since no reader could use it.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from nbasset.errors import UnstorableValue, kind_of
from nbasset.io_managers.refusals import STORABLE, mismatch, unstorable
from nbasset.io_managers.wanted import Form, is_record_class
from nbasset.serde import Json

if TYPE_CHECKING:
    import pyarrow as pa

_VALUE = "value"
_SCALARS = (str, bytes, bool, int, float, date, time, timedelta, Decimal)
_MOST_KEYS = 200  # a dict with more keys is a table of keys and values, not one wide row
_CHECKED_ROWS = 1_000


def plain_to_arrow(obj: Any, *, label: str) -> tuple[pa.Table, dict[str, Json]]:
    """A plain value as a table, and the notes that restore it.

    Raises
    ------
    UnstorableValue
        If the value, or something in it, is not plain.
    """
    import pyarrow as pa

    if hasattr(obj, "item") and getattr(obj, "ndim", None) == 0:  # a NumPy scalar
        obj = obj.item()
    if obj is None:
        return pa.table({_VALUE: pa.nulls(1)}), {"kind": "none"}
    if isinstance(obj, _SCALARS):
        return _columns({_VALUE: [obj]}, {"kind": "scalar"}, label, obj)
    record = _record(obj)
    if record is not None:
        return _dict_to_arrow(record, label, obj)
    if isinstance(obj, (list, tuple)):
        return _list_to_arrow(obj, label)
    hint = "Return sorted(...) of it: a list keeps its order." if isinstance(obj, (set, frozenset)) else ""
    raise unstorable(label, obj, "it has no form in Parquet.", hint)


def arrow_to_plain(table: pa.Table, value: Mapping[str, Json], form: Form, item: Any, *, label: str) -> Any:
    """The plain value that was stored, or what a consumer asked for out of a table: records, a dict, a list, one number."""
    kind = str(value.get("kind", "arrow"))
    if form in ("any", "by_partition"):
        form = _NATIVE.get(kind, "records")
    if form == "scalar":
        return None if kind == "none" else _only_cell(table, value, label)
    if form in ("list", "tuple") and kind in ("list", "tuple"):
        items = _decoded(table.column(0), _VALUE in value.get("json", ()))
        return tuple(items) if (form == "tuple" or kind == "tuple") else items
    if form in ("list", "tuple", "records"):
        rows = [_as_class(row, item) for row in _rows(table, value)]
        return tuple(rows) if form == "tuple" else rows
    return _dict(table, value, kind, item)


_NATIVE: dict[str, Form] = {
    "scalar": "scalar",
    "none": "scalar",
    "list": "list",
    "tuple": "tuple",
    "dict": "dict",
    "mapping": "dict",
    "columns": "dict",
}


def _dict(table: pa.Table, value: Mapping[str, Json], kind: str, item: Any) -> Any:
    if kind == "mapping":
        nested = value.get("json", ())
        keys, values = (_decoded(table.column(at), name in nested) for at, name in enumerate(("key", _VALUE)))
        return dict(zip(map(_hashable, keys), values, strict=True))
    if kind == "columns":
        return {name: column.to_numpy() for name, column in zip(table.column_names, table.columns, strict=True)}
    if kind == "dict" or (table.num_rows == 1 and kind == "records"):
        rows = _rows(table, value)
        return _as_class(rows[0] if rows else {}, item)
    return table.to_pydict()


def _hashable(key: Any) -> Any:
    return tuple(map(_hashable, key)) if isinstance(key, list) else key


def _record(obj: Any) -> Mapping[Any, Any] | None:
    """The fields of a dict, dataclass, named tuple or pydantic model; None for anything else."""
    if isinstance(obj, Mapping):
        return obj
    if dataclasses.is_dataclass(obj) and not isinstance(obj, type):
        return {field.name: getattr(obj, field.name) for field in dataclasses.fields(obj)}
    if isinstance(obj, tuple) and hasattr(obj, "_fields"):
        return dict(zip(obj._fields, obj, strict=True))
    if hasattr(type(obj), "model_fields") and hasattr(obj, "model_dump"):
        dumped: Mapping[Any, Any] = obj.model_dump()
        return dumped
    return None


def _dict_to_arrow(record: Mapping[Any, Any], label: str, obj: Any) -> tuple[pa.Table, dict[str, Json]]:
    import pyarrow as pa

    if record and all(
        type(one).__module__.split(".")[0] in ("numpy", "pandas") and getattr(one, "ndim", 0) == 1 for one in record.values()
    ):
        lengths = {len(one) for one in record.values()}
        if len(lengths) == 1 and all(isinstance(key, str) for key in record):
            columns = {key: pa.array(one) for key, one in record.items()}
            return pa.table(columns), {"kind": "columns"}
    if all(isinstance(key, str) for key in record) and len(record) <= _MOST_KEYS:
        return _columns({key: [one] for key, one in record.items()}, {"kind": "dict"}, label, obj)
    return _columns({"key": list(record), _VALUE: list(record.values())}, {"kind": "mapping"}, label, obj)


def _list_to_arrow(items: Sequence[Any], label: str) -> tuple[pa.Table, dict[str, Json]]:
    records = [_record(one) for one in items]
    if items and all(one is not None and all(isinstance(key, str) for key in one) for one in records):
        names: dict[str, None] = {}
        for record in records:
            names.update(dict.fromkeys(record or ()))
        if names:
            columns = {name: [(record or {}).get(name) for record in records] for name in names}
            return _columns(columns, {"kind": "records"}, label, items)
    return _columns({_VALUE: list(items)}, {"kind": "tuple" if isinstance(items, tuple) else "list"}, label, items)


def _columns(columns: Mapping[str, list[Any]], value: dict[str, Json], label: str, obj: Any) -> tuple[pa.Table, dict[str, Json]]:
    import pyarrow as pa

    arrays, as_json = {}, []
    for name, values in columns.items():
        found = _typed(values)
        if found is None:
            found = _as_json(name, values, label, obj, mixed_allowed=value["kind"] in ("list", "tuple", "mapping"))
            as_json.append(name)
        arrays[name] = found
    if as_json:
        value["json"] = as_json
    return pa.table(arrays), value


def _typed(values: list[Any]) -> pa.Array | None:
    """The values in Arrow's own type, or None where that would fail or alter them."""
    import pyarrow as pa

    try:
        array = pa.array(values)
        array.validate()
    except (pa.ArrowException, TypeError, ValueError, OverflowError, AttributeError):
        return None
    if _has_empty_struct(array.type):
        return None
    head = values[:_CHECKED_ROWS]
    return array if same(array.slice(0, len(head)).to_pylist(), head) else None


def _has_empty_struct(kind: pa.DataType) -> bool:
    import pyarrow.types as t

    if t.is_struct(kind) and not kind.num_fields:
        return True
    return t.is_nested(kind) and any(_has_empty_struct(kind.field(at).type) for at in range(kind.num_fields))


def _as_json(name: str, values: list[Any], label: str, obj: Any, *, mixed_allowed: bool) -> pa.Array:
    import pyarrow as pa

    kinds = sorted({type(one).__name__ for one in values if one is not None})
    if len(kinds) > 1 and not mixed_allowed and not any(isinstance(one, (Mapping, list, tuple)) for one in values):
        raise UnstorableValue(
            f"{label} returned records that cannot be stored: '{name}' holds {' and '.join(kinds[:4])} together; "
            f"a column in a file has one type.\nMake them one type, for example text: str(record['{name}']).\n{STORABLE}"
        )
    try:
        texts = [None if one is None else json.dumps(one, ensure_ascii=False) for one in values]
        exact = same([None if text is None else json.loads(text) for text in texts], values)
    except (TypeError, ValueError, RecursionError):
        exact = False
    if not exact:
        bad = _first_not_plain(values)
        what = f"{kind_of(bad)} in '{name}' has" if bad is not None else f"'{name}' holds a dict whose keys are not text; it has"
        hint = ""
        if type(bad).__module__.split(".")[0] in ("pandas", "polars", "pyarrow"):
            hint = "For several tables, write one asset for each (@multi_asset makes them in one function), or partitions of one."
        raise unstorable(label, obj, f"{what} no form in Parquet.", hint)
    return pa.array(texts, pa.string())


def _first_not_plain(value: Any) -> Any:
    if value is None or isinstance(value, _SCALARS):
        is_no_time = isinstance(value, date) and value != value
        return value if is_no_time else None
    inner: Iterable[Any]
    record = _record(value)
    if record is not None:
        inner = record.values()
    elif isinstance(value, (list, tuple)):
        inner = value
    else:
        return value
    return next((bad for bad in map(_first_not_plain, inner) if bad is not None), None)


def same(one: Any, other: Any) -> bool:
    """Whether two plain values are equal, a list being equal to a tuple and NaN to NaN, but a flag not to a number.

    >>> same([(1, float("nan"))], [[1, float("nan")]]), same(True, 1)
    (True, False)
    """
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, Mapping):
        fields = _record(other)
        if fields is None:
            return False
        missing = [key for key in fields if key not in one]
        return not missing and all(same(value, fields.get(key)) for key, value in one.items())
    if isinstance(one, float) and isinstance(other, float) and math.isnan(one):
        return math.isnan(other)
    if isinstance(one, bool) is not isinstance(other, bool):
        return False
    return bool(one == other) and not (isinstance(one, str) ^ isinstance(other, str))


def _rows(table: pa.Table, value: Mapping[str, Json]) -> list[dict[str, Any]]:
    nested = set(value.get("json", ()))
    if not table.num_columns:
        return [{} for _ in range(table.num_rows or value.get("kind") == "dict")]
    columns = [_decoded(column, name in nested) for name, column in zip(table.column_names, table.columns, strict=True)]
    return [dict(zip(table.column_names, cells, strict=True)) for cells in zip(*columns, strict=True)]


def _decoded(column: pa.ChunkedArray, is_json: bool) -> list[Any]:
    cells: list[Any] = column.to_pylist()
    return [None if cell is None else json.loads(cell) for cell in cells] if is_json else cells


def _only_cell(table: pa.Table, value: Mapping[str, Json], label: str) -> Any:
    if table.num_rows != 1 or table.num_columns != 1:
        raise mismatch(table, "one value", label=label)
    return _decoded(table.column(0), _VALUE in value.get("json", ()))[0]


def _as_class(row: dict[str, Any], cls: Any) -> Any:
    if not is_record_class(cls) or hasattr(cls, "__total__"):
        return row
    return cls.model_validate(row) if hasattr(cls, "model_validate") else cls(**row)
