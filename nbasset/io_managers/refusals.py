"""What is said of a value that has no form in Parquet, or of a table that cannot be what a consumer asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbasset.errors import SchemaMismatch, UnstorableValue

if TYPE_CHECKING:
    import pyarrow as pa

STORABLE = (
    "Parquet keeps tables (pandas, Polars, Arrow), NumPy arrays of one or two dimensions, records (dicts, lists of dicts, dataclasses), "
    "lists, numbers, dates and text."
)

HALF_LETTER = "text with half a letter in it (a lone surrogate), which UTF-8, and so Parquet, has no form for"
MENDED_LETTER = "Replace it: text.encode('utf-8', 'replace').decode()."
_FIGURES = frozenset({"matplotlib", "plotly", "altair", "bokeh", "seaborn", "plotnine", "holoviews", "hvplot"})
_OF_FIGURES = (
    "A figure that is drawn while an asset runs is kept with its run: end with the table it shows, "
    "or give nothing back (None; in a cell %%asset NAME --no-value)."
)


def mismatch(table: pa.Table, asked: str, *, label: str) -> SchemaMismatch:
    """The error for a table that cannot be what a consumer asked for."""
    return SchemaMismatch(
        f"{label} is stored as a table of {table.num_rows} rows and {table.num_columns} columns, which cannot be given as {asked}. "
        "Annotate the input as a table (pd.DataFrame, pl.DataFrame, pa.Table) or leave the annotation out."
    )


def unstorable(label: str, obj: Any, why: str, hint: str = "") -> UnstorableValue:
    """The error for a value without a form in Parquet, saying what has one."""
    kind = _type_text(obj)
    article = "an" if kind[:1].lower() in "aeiou" else "a"
    if type(obj).__module__.partition(".")[0] in _FIGURES:
        hint = hint or _OF_FIGURES
    text = f"{label} returned {article} {kind}: {why}\n{hint or STORABLE}\nAny Python object can be kept with io_manager_key='pickle'."
    return UnstorableValue(text)


def _type_text(obj: Any) -> str:
    cls = type(obj)
    return cls.__qualname__ if cls.__module__ in ("builtins", "__main__") else f"{cls.__module__.split('.')[0]}.{cls.__qualname__}"
