"""Which columns a Parquet file keeps as a dictionary, decided from a sample before anything is written.

Parquet's writers try a dictionary for every column and give it up once it is full: for numbers that are mostly different, such as
measurements, that is half of the time of writing, and no byte saved. How often two rows of a sample agree tells how many different values
there are, wherever equal ones stand: the birthday problem turned around. The sample comes from one row group, since each of them has its
own dictionary. In doubt a column keeps it; readers see no difference.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

SAMPLE = 5_000
FULL = 1 << 20
"""Bytes at which pyarrow gives up a dictionary."""
ROWS_OF_GROUP = 1 << 20
"""Rows of a row group by pyarrow's own choice."""
_FEWEST_ROWS = 2_000  # below, neither way costs anything
_MOST_DIFFERENT = 0.7  # of all rows: above, codes and dictionary together are as large as the values
_OVERFULL = 1.5  # a dictionary that is full after most rows has paid all the same


def worth_a_dictionary(table: pa.Table, group_rows: int | None = None) -> list[str] | bool:
    """Paths of the columns to keep as a dictionary, in Parquet's words (``a``, ``a.list.element``); True for all of them.

    >>> import pyarrow as pa
    >>> worth_a_dictionary(pa.table({"id": range(10_000), "kind": [at % 7 for at in range(10_000)]}))
    ['kind']
    """
    import pyarrow as pa

    rows = min(table.num_rows, group_rows or ROWS_OF_GROUP)
    if rows < _FEWEST_ROWS or not table.num_columns:
        return True
    group = table.slice((table.num_rows - rows) // 2, rows)
    try:
        sample = group.take(_places(rows))
    except pa.ArrowNotImplementedError:  # of views, for one
        return True
    leaves = [
        (path, _is_worth(values, rows / sample.num_rows))
        for field, column in zip(sample.schema, sample.columns, strict=True)
        for path, values in _leaves(field.name, column.combine_chunks())
    ]
    return True if all(worth for _, worth in leaves) else [path for path, worth in leaves if worth]


def _places(rows: int) -> pa.Array:
    """Rows to look at, in order: by lot, always the same ones, and as many as tell a worthy dictionary from another.

    Each one on its own: one in every few would part equal values that stand together.
    """
    import numpy as np
    import pyarrow as pa

    wanted = min(SAMPLE, math.isqrt(200 * rows))
    drawn = np.sort(np.random.default_rng(rows).integers(0, rows, wanted))
    return pa.array(drawn[np.diff(drawn, prepend=-1) > 0])


def _leaves(path: str, values: pa.Array) -> Iterator[tuple[str, pa.Array]]:
    """The columns that Parquet makes of one, with their paths."""
    import pyarrow as pa
    import pyarrow.types as t

    kind = values.type
    if isinstance(kind, pa.BaseExtensionType):
        yield from _leaves(path, values.storage)
    elif t.is_map(kind):
        yield from _leaves(f"{path}.key_value.key", values.keys)
        yield from _leaves(f"{path}.key_value.value", values.items)
    elif t.is_struct(kind):
        for at, child in enumerate(values.flatten()):
            yield from _leaves(f"{path}.{kind.field(at).name}", child)
    elif t.is_nested(kind) and kind.num_fields == 1:
        yield from _leaves(f"{path}.list.element", values.flatten())
    else:
        yield path, values


def _is_worth(sample: pa.Array, of_each: float) -> bool:
    """Whether a dictionary of these values pays, when each of the sample stands for so many in the row group."""
    import pyarrow.types as t

    if t.is_dictionary(sample.type) or t.is_boolean(sample.type):
        return True
    if sample.null_count:
        sample = sample.drop_null()
    rows = len(sample) * of_each
    sample = sample.slice(0, SAMPLE)  # lists may hold many
    size, different = len(sample), _different(sample)
    if not size or different is None:
        return True
    most = min(_MOST_DIFFERENT * rows, _OVERFULL * FULL * size / max(sample.nbytes, 1))
    # Two rows of N, each value on N/D of them, agree with probability (N/D - 1) / (N - 1).
    agreeing = size * (size - 1) / 2 * (rows / most - 1) / max(rows - 1, 1)
    return bool(agreeing < 1 or size - different > agreeing)


def _different(sample: pa.Array) -> int | None:
    """How many different values there are; None for types that cannot be counted."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as t

    kind = sample.type
    if t.is_primitive(kind) and kind.bit_width in (16, 32, 64) and len(sample):
        width = kind.bit_width // 8
        in_order = np.sort(np.frombuffer(sample.buffers()[1], f"u{width}", len(sample), sample.offset * width))
        return 1 + int(np.count_nonzero(in_order[1:] != in_order[:-1]))
    try:
        return int(pc.count_distinct(sample).as_py())
    except pa.ArrowNotImplementedError:
        return None
