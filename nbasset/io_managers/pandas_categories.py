"""Categories that are ranges or periods, as `pd.cut` and `pd.qcut` make them: text in the file, and what they were on load.

Parquet has categories of plain values only. As text (``(3.0, 6.0]``) every reader can use them; the bounds stand in the notes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbasset.serde import Json

if TYPE_CHECKING:
    import pandas as pd


def with_text_categories(frame: pd.DataFrame) -> tuple[pd.DataFrame, dict[int, Json], dict[int, Json]]:
    """The frame with such categories as text, and what restores them: by place of the column, and by level of the index."""
    import pandas as pd

    columns = {at: note for at, dtype in enumerate(frame.dtypes) if (note := _note(dtype)) is not None}
    index = frame.index
    levels = list(index.levels) if isinstance(index, pd.MultiIndex) else [index]
    found = {at: note for at, level in enumerate(levels) if (note := _note(level.dtype)) is not None}
    if not columns and not found:
        return frame, {}, {}
    frame = frame.copy(deep=False)
    for at in columns:
        frame.isetitem(at, _as_text(frame.iloc[:, at].array))
    for at in found:
        frame.index = _with_level(frame.index, at, _as_text(levels[at].array))
    return frame, columns, found


def restored_categories(values: Any, note: Json) -> Any:
    """The categorical values with the categories that `note` describes; as text when they are others, since parts were put together."""
    import pandas as pd

    if "period" in note:
        restored: pd.Index[Any] = pd.PeriodIndex(note["values"], freq=note["period"])
        return values.rename_categories(restored) if list(restored.astype(str)) == list(values.categories) else values
    left, right = (pd.Index(note[side], dtype=str).astype(note["of"]) for side in ("left", "right"))
    restored = pd.IntervalIndex.from_arrays(left, right, closed=note["closed"])
    return values.rename_categories(restored) if list(restored.astype(str)) == list(values.categories) else values


def with_restored_level(index: pd.Index[Any], at: int, note: Json) -> pd.Index[Any]:
    """The index with one level as it was."""
    import pandas as pd

    level = index.levels[at] if isinstance(index, pd.MultiIndex) else index
    return _with_level(index, at, restored_categories(level.array, note))


def _note(dtype: Any) -> Json:
    """What restores the categories of a type; None when they need nothing, or would not stay apart as text."""
    import pandas as pd

    if not isinstance(dtype, pd.CategoricalDtype):
        return None
    categories = dtype.categories
    if isinstance(categories, pd.PeriodIndex):
        return {"period": categories.freqstr, "values": [str(one) for one in categories]}
    if not isinstance(categories, pd.IntervalIndex) or not categories.astype(str).is_unique:
        return None
    left, right = ([str(bound) for bound in side] for side in (categories.left, categories.right))
    return {"closed": categories.closed, "of": str(categories.left.dtype), "left": left, "right": right}


def _as_text(values: Any) -> Any:
    return values.rename_categories(values.categories.astype(str))


def _with_level(index: pd.Index[Any], at: int, values: Any) -> pd.Index[Any]:
    import pandas as pd

    level = pd.CategoricalIndex(values, name=index.names[at])
    return index.set_levels(level, level=at) if isinstance(index, pd.MultiIndex) else level
