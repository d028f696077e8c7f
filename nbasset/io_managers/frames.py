"""Values of user code to Arrow and back.

`to_arrow` takes what an asset returned and gives a table (or a stream of batches) with notes on what it was; `from_arrow` gives the
consumer what its annotation asks for, or what was stored when it asks for nothing. The notes are small JSON that travels in the footer of
the file (``nbasset.value``). pandas has a file of its own, `pandas_frames`, and so have plain Python values, `records`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nbasset.dataclass import dataclass
from nbasset.io_managers.pandas_frames import arrow_to_pandas, arrow_to_series, pandas_to_arrow
from nbasset.io_managers.records import arrow_to_plain, plain_to_arrow
from nbasset.io_managers.refusals import HALF_LETTER, MENDED_LETTER, mismatch, unstorable
from nbasset.io_managers.wanted import Form, Wanted, wanted
from nbasset.loaded import loaded
from nbasset.serde import Json

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

_MOST_COLUMNS_OF_ARRAY = 20_000


@dataclass(frozen=True, slots=True)
class ArrowForm:
    """A value in Arrow, and what it was before."""

    rows: pa.Table | pa.RecordBatchReader
    value: Mapping[str, Json]

    @property
    def kind(self) -> str:
        """``pandas``, ``polars``, ``arrow``, ``records``, ``scalar``, ..."""
        return str(self.value["kind"])


def to_arrow(obj: Any, *, label: str) -> ArrowForm:
    """The Arrow form of what a step returned. `label` names the asset in errors.

    Raises
    ------
    UnstorableValue
        If the value, or something in one of its columns, has no form in Parquet: the asset, the column and the types are named.
    """
    try:
        return _to_arrow(obj, label)
    except UnicodeEncodeError as error:
        raise unstorable(label, obj, f"it holds {HALF_LETTER}.", MENDED_LETTER) from error


def _to_arrow(obj: Any, label: str) -> ArrowForm:
    form = _form_of(obj)
    if form in ("pandas", "pandas_series"):
        rows, value = pandas_to_arrow(obj, label=label)
        return ArrowForm(rows, value)
    if form in ("polars", "polars_lazy", "polars_series"):
        return _polars_to_arrow(obj, form, label)
    if form in ("arrow", "arrow_reader", "arrow_dataset"):
        return ArrowForm(_arrow_rows(obj), {"kind": "arrow"})
    if form == "numpy":
        return _array_to_arrow(obj, label)
    rows, value = plain_to_arrow(obj, label=label)
    return ArrowForm(rows, value)


def from_arrow(table: pa.Table, value: Mapping[str, Json], annotation: Any, *, label: str) -> Any:
    """The stored table as the annotation asks for it, or as it was when it asks for nothing that is known.

    Raises
    ------
    SchemaMismatch
        If the table cannot be that, such as an `int` from a table of many rows.
    """
    asked = wanted(annotation)
    kind = str(value.get("kind", "arrow"))
    form = _choice(asked, kind)
    if form in ("pandas", "pandas_series"):
        return arrow_to_pandas(table, value) if form == "pandas" else arrow_to_series(table, value, label=label)
    if form in ("polars", "polars_lazy", "polars_series"):
        return _arrow_to_polars(table, value, form, label)
    if form == "arrow":
        return table
    if form == "arrow_reader":
        return table.to_reader()
    if form == "arrow_dataset":
        import pyarrow.dataset as ds

        return ds.dataset(table)
    if form == "numpy":
        return _arrow_to_array(table, value, label)
    return arrow_to_plain(table, value, form, asked.item, label=label)


def _form_of(obj: Any) -> Form:
    """The form of a value, asking only libraries that are loaded: an object of another one cannot be here."""
    pandas, polars, arrow, numpy = (loaded(name) for name in ("pandas", "polars", "pyarrow", "numpy"))
    if pandas is not None:
        if isinstance(obj, pandas.DataFrame):
            return "pandas"
        if isinstance(obj, (pandas.Series, pandas.Index)):
            return "pandas_series"
    if polars is not None:
        if isinstance(obj, polars.DataFrame):
            return "polars"
        if isinstance(obj, polars.LazyFrame):
            return "polars_lazy"
        if isinstance(obj, polars.Series):
            return "polars_series"
    if arrow is not None and _is_arrow(obj):
        return "arrow"
    if numpy is not None and isinstance(obj, numpy.ndarray):
        return "numpy"
    return "any"


def _is_arrow(obj: Any) -> bool:
    return any(cls.__module__.partition(".")[0] == "pyarrow" and cls.__name__ in _ARROW_CLASSES for cls in type(obj).__mro__)


_ARROW_CLASSES = frozenset(("Table", "RecordBatch", "RecordBatchReader", "Dataset", "Scanner"))


def _choice(asked: Wanted, kind: str) -> Form:
    """The form to give: what was asked; from several the one that was stored, else the first; as stored when nothing known was asked."""
    forms = [option.form for option in asked.options] or [asked.form]
    stored: Form = kind if kind in _KINDS_THAT_ARE_FORMS else "any"  # type: ignore[assignment]
    if stored in forms or forms == ["any"]:
        return stored
    return next((form for form in forms if form != "any"), stored)


_KINDS_THAT_ARE_FORMS = frozenset(("pandas", "pandas_series", "polars", "polars_series", "arrow", "numpy"))


# -- Arrow and Polars ---------------------------------------------------------------------------------------------------


def _arrow_rows(obj: Any) -> pa.Table | pa.RecordBatchReader:
    import pyarrow as pa

    if isinstance(obj, (pa.Table, pa.RecordBatchReader)):
        return obj
    if isinstance(obj, pa.RecordBatch):
        return pa.Table.from_batches([obj])
    return obj.to_reader() if hasattr(obj, "to_reader") else obj.scanner().to_reader()


def _polars_to_arrow(obj: Any, form: Form, label: str) -> ArrowForm:
    import polars as pl
    import pyarrow as pa

    value: dict[str, Json] = {"kind": "polars"}
    if form == "polars_lazy":
        frame = obj.collect()
    elif form == "polars_series":
        value = {"kind": "polars_series", "name": obj.name}
        frame = obj.alias(obj.name or "value").to_frame()
    else:
        frame = obj
    for name, dtype in frame.schema.items():
        if dtype == pl.Object:
            raise unstorable(label, obj, f"column '{name}' holds Python objects, which no file format but pickle can keep.")
    try:
        return ArrowForm(frame.to_arrow(compat_level=pl.CompatLevel.oldest()), value)
    except pa.ArrowException as error:
        for name, dtype in frame.schema.items():
            if str(dtype).endswith("128"):
                hint = f"Convert it, for example to a decimal or to text: frame.with_columns(pl.col('{name}').cast(pl.Utf8))."
                raise unstorable(label, obj, f"column '{name}' is {dtype}, which Arrow has no type for.", hint) from error
        raise unstorable(label, obj, str(error)) from error


def _arrow_to_polars(table: pa.Table, value: Mapping[str, Json], form: Form, label: str) -> Any:
    try:
        import polars as pl
    except ImportError as error:
        raise ImportError(
            f"{label} is wanted as a Polars frame, but Polars is not installed. Install it: pip install 'nbasset[polars]'."
        ) from error
    frame: Any = pl.from_arrow(table)
    if form == "polars_lazy":
        return frame.lazy()
    if form == "polars":
        return frame
    if frame.width != 1:
        raise mismatch(table, "a Polars Series", label=label)
    return frame.to_series().alias(str(value.get("name", frame.columns[0])))


# -- NumPy --------------------------------------------------------------------------------------------------------------


def _array_to_arrow(array: np.ndarray[Any, Any], label: str) -> ArrowForm:
    import numpy as np
    import pyarrow as pa

    if isinstance(array, np.ma.MaskedArray):
        hint = "Fill the gaps: array.filled(...). A pandas Series keeps them: pd.Series(array)."
        raise unstorable(label, array, "an array that is stored has no gaps.", hint)
    if array.ndim not in (1, 2) or array.dtype.kind in "OcV":
        what = f"it has {array.ndim} dimensions" if array.ndim not in (1, 2) else f"its values are of type {array.dtype}"
        raise unstorable(label, array, f"{what}, and a table has columns of plain values.")
    if array.ndim == 2 and array.shape[1] > _MOST_COLUMNS_OF_ARRAY:
        raise unstorable(
            label, array, f"it would be a table of {array.shape[1]} columns. Return its transpose, or a frame with the values in rows."
        )
    columns = {"value": array} if array.ndim == 1 else {str(at): array[:, at] for at in range(array.shape[1])}
    rows = pa.table({name: pa.array(column) for name, column in columns.items()})
    return ArrowForm(rows, {"kind": "numpy", "dtype": array.dtype.str, "shape": list(array.shape)})


def _arrow_to_array(table: pa.Table, value: Mapping[str, Json], label: str) -> Any:
    import numpy as np

    if value.get("kind") != "numpy":
        if table.num_columns == 1:
            return table.column(0).to_numpy()
        return table.to_pandas().to_numpy()
    dtype, shape = np.dtype(value["dtype"]), value["shape"]
    columns = [column.to_numpy().astype(dtype, copy=False) for column in table.columns]
    if len(shape) == 1:
        return columns[0]
    return np.column_stack(columns).astype(dtype, copy=False) if columns else np.empty(shape, dtype)
