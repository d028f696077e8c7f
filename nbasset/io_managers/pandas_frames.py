"""pandas frames and series to Arrow and back, with everything pandas knows about them.

pyarrow restores most of a frame from the metadata pandas writes. What it does not restore is noted here and put right on load: object
columns that hold text or numbers, Arrow-backed and Python-backed types, seconds as unit of time, the frequency of an index, dictionaries
in columns. A plain ``pd.read_parquet`` of the file still works.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nbasset.errors import UnstorableValue
from nbasset.io_managers.pandas_categories import restored_categories, with_restored_level, with_text_categories
from nbasset.io_managers.pandas_columns import packed, unpacked, with_text_columns
from nbasset.io_managers.refusals import HALF_LETTER, MENDED_LETTER, STORABLE, mismatch
from nbasset.serde import Json

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_LOG = logging.getLogger("nbasset.io_managers")
_VALUE = "value"
# Starting threads costs more than they save below some hundred thousand values.
_WORTH_THREADS = 500_000


def pandas_to_arrow(obj: pd.DataFrame | pd.Series[Any] | pd.Index[Any], *, label: str) -> tuple[pa.Table, dict[str, Json]]:
    """A frame, series or index as a table, and the notes that restore it.

    Raises
    ------
    UnstorableValue
        If a column cannot be stored: it is named, with the types found in it.
    """
    import pandas as pd

    value: dict[str, Json] = {"kind": "pandas"}
    if isinstance(obj, pd.Index):
        obj = obj.to_series(index=pd.RangeIndex(len(obj)))
    if isinstance(obj, pd.Series):
        value = {"kind": "pandas_series", "name": _name_to_json(obj.name)}
        obj = obj.to_frame(obj.name if isinstance(obj.name, str) and obj.name not in obj.index.names else _VALUE)
    frame, columns, levels = with_text_categories(_with_plain_attrs(obj))
    _check_labels(frame, label)
    frame, labels = with_text_columns(frame)
    if labels is not None:
        kept, notes = pandas_to_arrow(labels, label=label)
        value["columns"] = {"arrow": packed(kept), "value": notes}
    table = _convert(frame, label)
    value.update(_notes(frame, table))
    if columns:
        value["dtypes"] = {**value.get("dtypes", {}), **{table.column_names[at]: note for at, note in columns.items()}}
    if levels:
        value["index"] = {**value.get("index", {}), **{str(at): note for at, note in levels.items()}}
    return _readable_by_all(table, frame), value


def arrow_to_pandas(table: pa.Table, value: Mapping[str, Json]) -> pd.DataFrame:
    """The frame that was stored, or a frame of a table that was stored as something else."""
    import pandas as pd

    if value.get("extensions"):
        import pandas.core.arrays.arrow.extension_types  # registers period and interval with Arrow
    if not table.num_columns and value.get("range"):
        return pd.DataFrame(index=pd.RangeIndex(*value["range"]))
    frame = table.to_pandas()
    places = _places(table)
    for name, spec in value.get("dtypes", {}).items():
        if name in places:
            _restore_column(frame, places[name], spec, table.column(name))
    for level, spec in value.get("index", {}).items():
        _restore_index(frame, int(level), spec)
    if value.get("freq"):
        frame.index.freq = value["freq"]
    if value.get("columns"):
        labels = arrow_to_pandas(unpacked(value["columns"]["arrow"]), value["columns"]["value"]).index
        if len(labels) == len(frame.columns):  # parts in one piece have columns for their keys besides: then all labels stay text
            frame.columns = labels
    return frame


def _places(table: pa.Table) -> dict[str, int]:
    """Where each stored column stands in the frame: columns of the table in order, without those of the index."""
    metadata = json.loads((table.schema.metadata or {}).get(b"pandas", b"{}"))
    of_index = {name for name in metadata.get("index_columns", ()) if isinstance(name, str)}
    return {name: at for at, name in enumerate(name for name in table.column_names if name not in of_index)}


def arrow_to_series(table: pa.Table, value: Mapping[str, Json], *, label: str) -> pd.Series[Any]:
    """The series that was stored, or the only column of a table that was stored as something else."""
    frame = arrow_to_pandas(table, value)
    if frame.shape[1] != 1:
        raise mismatch(table, "a pandas Series", label=label)
    series = frame.iloc[:, 0]
    return series.rename(_name_from_json(value["name"])) if "name" in value else series


def _with_plain_attrs(frame: pd.DataFrame) -> pd.DataFrame:
    if not frame.attrs:
        return frame
    try:
        json.dumps(frame.attrs)
    except (TypeError, ValueError):
        _LOG.warning("the attrs of a frame hold objects that JSON has no form for; the frame is stored without attrs")
        frame = frame.copy(deep=False)
        frame.attrs = {}
    return frame


def _check_labels(frame: pd.DataFrame, label: str) -> None:
    columns = frame.columns
    if not columns.is_unique:
        twice = sorted({str(name) for name in columns[columns.duplicated()]})
        raise UnstorableValue(
            f"{label} returned a frame with {len(twice)} column name(s) used twice: {', '.join(twice[:5])}. "
            "Give each column a name of its own."
        )
    if columns.inferred_type.startswith("mixed") and columns.nlevels == 1:
        kinds = sorted({type(name).__name__ for name in columns})
        raise UnstorableValue(
            f"{label} returned a frame whose column names mix {' and '.join(kinds)}; a file keeps them as one type. "
            "Make them text: frame.columns = frame.columns.map(str)."
        )


def _convert(frame: pd.DataFrame, label: str) -> pa.Table:
    import pyarrow as pa

    try:
        return pa.Table.from_pandas(frame, nthreads=1 if frame.size < _WORTH_THREADS else None)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise _named(frame, label, error) from error


def _named(frame: pd.DataFrame, label: str, error: Exception) -> UnstorableValue:
    """The error that names the first column which does not convert."""
    import pyarrow as pa

    where = [(f"column '{name}'", frame.iloc[:, at]) for at, name in enumerate(frame.columns)]
    where += [("the index", frame.index.get_level_values(at)) for at in range(frame.index.nlevels)]
    for name, values in where:
        try:
            pa.array(values, from_pandas=True)
        except (pa.ArrowException, TypeError, ValueError, OverflowError) as cause:
            why, remedy = _reason(values, cause)
            return UnstorableValue(
                f"{label} returned a frame that cannot be stored: {name} {why}.\n{remedy}\n{STORABLE}\n"
                "Any Python object can be kept with io_manager_key='pickle'."
            )
    return UnstorableValue(f"{label} returned a frame that cannot be stored: {_first_line(error)}\n{STORABLE}")


def _reason(values: Any, cause: Exception) -> tuple[str, str]:
    """What is wrong with a column, and what would mend it."""
    import pandas as pd

    kinds = sorted({type(item).__name__ for item in values.dropna()[:10_000]}) if values.dtype == object else [str(values.dtype)]
    if isinstance(cause, UnicodeEncodeError):
        return f"holds {HALF_LETTER}", MENDED_LETTER
    if len(kinds) > 1:
        together = f"holds {' and '.join(kinds[:4])} together; a column in a file has one type"
        return together, "Make them one type, for example frame[name] = frame[name].astype('string')."
    if isinstance(cause, OverflowError) and kinds == ["int"]:
        return "holds whole numbers of more than 64 bits", "Make them decimals or text: frame[name].map(decimal.Decimal)."
    if isinstance(values.dtype, pd.SparseDtype):
        return f"is sparse ({kinds[0]}), and a column in a file is not", "Make it dense: frame[name] = frame[name].sparse.to_dense()."
    why = f"holds {kinds[0] if kinds else 'nothing'}, which has no form in Parquet ({_first_line(cause)})"
    return why, "Turn it into numbers, text, dates, lists or dicts first, or leave it out."


def _first_line(error: Exception) -> str:
    text = str(error.args[0]) if error.args else str(error)
    return text.strip().splitlines()[0] if text.strip() else type(error).__name__


def _notes(frame: pd.DataFrame, table: pa.Table) -> dict[str, Json]:
    """What pyarrow does not restore: types of columns by stored name, types of index levels by number, the frequency of the index."""
    import pandas as pd

    notes: dict[str, Json] = {}
    levels = _levels(frame.index)
    columns = zip(table.column_names, frame.dtypes, strict=False)
    dtypes = {name: _spec(dtype, table.column(name).type) for name, dtype in columns}
    index = {str(level): _spec(dtype, None) for level, dtype in enumerate(levels)}
    for name, found in (("dtypes", dtypes), ("index", index)):
        special = {key: spec for key, spec in found.items() if spec is not None}
        if special:
            notes[name] = special
    if any(isinstance(dtype, (pd.PeriodDtype, pd.IntervalDtype)) for dtype in (*frame.dtypes, *levels)):
        notes["extensions"] = True
    freq = getattr(frame.index, "freq", None)
    if freq is not None and isinstance(frame.index, (pd.DatetimeIndex, pd.TimedeltaIndex)):
        notes["freq"] = freq.freqstr
    if not table.num_columns and isinstance(frame.index, pd.RangeIndex):
        notes["range"] = [frame.index.start, frame.index.stop, frame.index.step]
    return notes


def _levels(index: pd.Index[Any]) -> list[Any]:
    import pandas as pd

    if isinstance(index, pd.RangeIndex):
        return []
    return [level.dtype for level in index.levels] if isinstance(index, pd.MultiIndex) else [index.dtype]


def _spec(dtype: Any, arrow_type: pa.DataType | None) -> str | None:
    """How to restore a type, or None when pyarrow does."""
    import pandas as pd
    import pyarrow.types as t

    if isinstance(dtype, pd.ArrowDtype):
        return "arrow"
    if isinstance(dtype, pd.StringDtype):
        return f"{'str' if dtype.na_value is not pd.NA else 'string'}[{dtype.storage}]"
    if isinstance(dtype, pd.CategoricalDtype):
        inner = _spec(dtype.categories.dtype, None)
        return None if inner is None else f"category:{inner}"
    if pd.api.types.is_object_dtype(dtype):
        if arrow_type is None:
            return "object"
        plain = t.is_string(arrow_type) or t.is_large_string(arrow_type) or t.is_primitive(arrow_type) or t.is_boolean(arrow_type)
        return "object" if plain or _has_struct(arrow_type) else None
    return str(dtype) if str(dtype).startswith(("datetime64[s", "timedelta64[s")) else None


def _has_struct(kind: pa.DataType) -> bool:
    import pyarrow.types as t

    if t.is_struct(kind):
        return True
    return any(_has_struct(kind.field(at).type) for at in range(kind.num_fields)) if t.is_nested(kind) and not t.is_map(kind) else False


def _readable_by_all(table: pa.Table, frame: pd.DataFrame) -> pa.Table:
    """The table with pandas metadata that pandas itself can read back: it has no parser for the names of nested Arrow types."""
    import pandas as pd

    if not any(isinstance(dtype, pd.ArrowDtype) for dtype in frame.dtypes):
        return table
    metadata = json.loads(table.schema.metadata[b"pandas"])
    for column in metadata["columns"]:
        if str(column["numpy_type"]).endswith("[pyarrow]"):
            try:
                pd.api.types.pandas_dtype(column["numpy_type"])
            except (TypeError, NotImplementedError, ValueError):
                column["numpy_type"] = "object"
    return table.replace_schema_metadata({**table.schema.metadata, b"pandas": json.dumps(metadata).encode()})


def _restore_column(frame: pd.DataFrame, at: int, spec: str | dict[str, Json], column: pa.ChunkedArray) -> None:
    import pandas as pd

    now = frame.dtypes.iloc[at]
    if isinstance(spec, dict):
        values: Any = restored_categories(frame.iloc[:, at].array, spec)
    elif spec == "arrow":
        values = pd.arrays.ArrowExtensionArray(column)
    elif spec.startswith("category:"):
        values = _with_categories(frame.iloc[:, at].array, spec)
    elif spec == "object":
        if pd.api.types.is_object_dtype(now) and not _has_struct(column.type):
            return
        values = pd.Series(_objects(column), index=frame.index, dtype=object)
    else:
        dtype = _dtype(spec)
        if now == dtype:
            return
        values = frame.iloc[:, at].astype(dtype).array
    frame.isetitem(at, values)


def _objects(column: pa.ChunkedArray) -> Any:
    import numpy as np
    import pyarrow.types as t

    if t.is_string(column.type) or t.is_large_string(column.type):
        return column.to_numpy()
    values = np.empty(len(column), object)
    values[:] = column.to_pylist()
    return values


def _restore_index(frame: pd.DataFrame, level: int, spec: str | dict[str, Json]) -> None:
    import pandas as pd

    if isinstance(spec, dict):
        frame.index = with_restored_level(frame.index, level, spec)
        return
    index = frame.index
    values = index.levels[level] if isinstance(index, pd.MultiIndex) else index
    if spec == "arrow":
        import pyarrow as pa

        restored = pd.Index(pd.arrays.ArrowExtensionArray(pa.chunked_array([pa.array(values, from_pandas=True)])), name=values.name)
    elif spec.startswith("category:"):
        restored = pd.CategoricalIndex(_with_categories(values.array, spec), name=values.name)
    else:
        restored = values.astype(_dtype(spec))
    frame.index = index.set_levels(restored, level=level) if isinstance(index, pd.MultiIndex) else restored


def _with_categories(values: Any, spec: str) -> Any:
    """The same codes with categories of the type they had."""
    wanted = _dtype(spec.partition(":")[2])
    return values if values.categories.dtype == wanted else values.rename_categories(values.categories.astype(wanted))


def _dtype(spec: str) -> Any:
    import numpy as np
    import pandas as pd

    word, _, storage = spec.removesuffix("]").partition("[")
    if word in ("str", "string"):
        return pd.StringDtype(storage, na_value=np.nan) if word == "str" else pd.StringDtype(storage)
    return pd.api.types.pandas_dtype(spec)


def _name_to_json(name: Any) -> Json:
    if name is None or isinstance(name, (str, bool, int, float)):
        return name
    return {"tuple": [_name_to_json(part) for part in name]} if isinstance(name, tuple) else str(name)


def _name_from_json(name: Json) -> Any:
    return tuple(_name_from_json(part) for part in name["tuple"]) if isinstance(name, dict) else name
