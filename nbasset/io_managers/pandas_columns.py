"""Column labels that are no text, numbers or times: categories, periods, dates, flags, as pivot tables have them.

The metadata that pandas writes for such labels cannot be read back, by pandas neither. They stand in the file as text, which every reader
can use, and what they were stands in the notes: as the index of a small table, so that all that an index may hold comes back.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from nbasset.serde import Json

if TYPE_CHECKING:
    import pandas as pd

_READ_BACK = frozenset({"string", "integer", "floating", "empty"})


def with_text_columns(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """The frame with labels that can be read back, and a frame whose index is what they were; None when nothing had to be done."""
    import pandas as pd

    labels = frame.columns
    levels = list(labels.levels) if isinstance(labels, pd.MultiIndex) else [labels]
    if all(_is_read_back(level) for level in levels) and not (len(levels) > 1 and labels.to_frame().isna().any(axis=None)):
        return frame, None
    if isinstance(labels, pd.MultiIndex):
        texts: pd.Index[str] = pd.MultiIndex.from_arrays(
            [[str(label) for label in labels.get_level_values(at)] for at in range(labels.nlevels)], names=labels.names
        )
    else:
        texts = pd.Index([str(label) for label in labels], dtype=str, name=labels.name)
    if not texts.is_unique:
        return frame, None
    kept = pd.DataFrame(index=labels)
    frame = frame.copy(deep=False)
    frame.columns = texts
    return frame, kept


def _is_read_back(level: pd.Index[object]) -> bool:
    import pandas as pd

    if isinstance(level, pd.DatetimeIndex):
        return level.tz is None
    return level.inferred_type in _READ_BACK and not isinstance(level, (pd.CategoricalIndex, pd.IntervalIndex))


def packed(table: object) -> Json:
    """A small table as text."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:  # type: ignore[attr-defined]
        writer.write_table(table)
    return base64.b64encode(sink.getvalue()).decode()


def unpacked(text: str) -> object:
    """The table that `packed` made text of."""
    import pyarrow as pa

    return pa.ipc.open_stream(base64.b64decode(text)).read_all()
