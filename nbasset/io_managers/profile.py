"""What is in a table, for people: rows, columns, types, nulls, smallest and largest, how values spread, the first rows.

Counts, nulls and extremes are exact. The number of different values and their spread come from a sample of at most `SAMPLE` rows spread
over the table (all rows of a small one). A `Profiler` takes a table whole or in pieces; the `Profile` travels in the footer of the Parquet
file as plain JSON, so that any reader of Parquet can show it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from nbasset.dataclass import dataclass
from nbasset.io_managers.content import BLOCK, type_name, valid_rows

if TYPE_CHECKING:
    import pyarrow as pa

Plain: TypeAlias = str | int | float | bool | None
SAMPLE = 5_000
_SAMPLE_BYTES = 1 << 25
BINS = 12
TOP = 6
LONGEST_TEXT = 80
MOST_COLUMNS = 300  # of a wider table only these are described
_PREVIEW_COLUMNS = 60


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column. `low` and `high` are None for types without an order; dates and times are ISO text.

    `distinct` is exact when `exact` is true, else an estimate. Numbers and times spread over `counts`, one count a bin, the bins of equal
    width from `low` to `high`; text and flags have `top`, the commonest values with their share of the non-null rows.
    """

    name: str
    type: str
    nulls: int = 0
    low: Plain = None
    high: Plain = None
    distinct: int | None = None
    exact: bool = True
    counts: tuple[int, ...] = ()
    top: tuple[tuple[Plain, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """A table in numbers. `preview` holds the first rows, cells as numbers, flags or short text, for the first columns only."""

    rows: int
    columns: tuple[ColumnProfile, ...]
    preview: tuple[tuple[Plain, ...], ...] = ()
    columns_in_all: int = 0

    def to_json(self) -> str:
        """Compact JSON; what is at its default is left out."""
        columns = [{"name": column.name, "type": column.type, **_facts(column)} for column in self.columns]
        data = {"rows": self.rows, "columns_in_all": self.columns_in_all, "columns": columns, "preview": self.preview}
        return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)

    @staticmethod
    def from_json(text: str | bytes) -> Profile:
        """The profile that `to_json` wrote.

        Raises
        ------
        ValueError
            If the text is no profile.
        """
        data = json.loads(text)
        try:
            columns = tuple(_column_from(one) for one in data["columns"])
            preview = tuple(tuple(row) for row in data["preview"])
            return Profile(data["rows"], columns, preview, data["columns_in_all"])
        except (KeyError, TypeError) as error:
            raise ValueError(f"no profile of a table: {error}") from error


class Profiler:
    """Takes in a table, whole or piece by piece, and gives its profile.

    `preview_rows` first rows are kept as they are; 0 keeps values of rows out of the profile, also the commonest ones. Comparing texts is
    the dearest part of it: without `text_extremes` they are left to whoever has them already, as the writer of a Parquet file does.
    """

    def __init__(self, schema: pa.Schema, *, preview_rows: int = 10, text_extremes: bool = True) -> None:
        self._schema = schema
        self._preview_rows = preview_rows
        self._columns = [_Column(text_extremes) for _ in range(min(len(schema), MOST_COLUMNS))]
        self._spread = [at for at in range(len(self._columns)) if _has_order(_held(schema.field(at).type))]
        self._rows = 0
        self._samples: list[pa.Table] = []
        self._sampled = 0
        self._step = 1
        self._head: pa.Table | None = None

    def update(self, rows: pa.Table | pa.RecordBatch) -> None:
        """Take in the next rows."""
        import pyarrow as pa

        table = rows if isinstance(rows, pa.Table) else pa.Table.from_batches([rows])
        if len(table.schema) > MOST_COLUMNS:
            table = table.select(range(MOST_COLUMNS))
        if self._head is None or self._head.num_rows < self._preview_rows:
            more = table.slice(0, self._preview_rows - (self._head.num_rows if self._head else 0))
            self._head = more if self._head is None else pa.concat_tables([self._head, more])
        for state, column in zip(self._columns, table.columns, strict=True):
            state.update(column)
        self._take_sample(table)
        self._rows += table.num_rows

    @property
    def rows(self) -> int:
        """Rows taken in so far."""
        return self._rows

    def profile(self) -> Profile:
        """The profile of all rows so far."""
        import pyarrow as pa

        sample = pa.concat_tables(self._samples) if self._samples else self._schema.empty_table().select(self._spread)
        sampled = dict(zip(self._spread, sample.columns, strict=True))
        described = tuple(
            _describe(field, state, sampled.get(at), self._rows, values=self._preview_rows > 0)
            for at, (field, state) in enumerate(zip(self._schema, self._columns, strict=False))
        )
        return Profile(self._rows, described, self._preview(), len(self._schema))

    def _take_sample(self, table: pa.Table) -> None:
        import numpy as np
        import pyarrow as pa

        if not table.num_rows or not self._spread:
            return
        table = table.select(self._spread)
        of_each = table.nbytes / table.num_rows
        most = SAMPLE if of_each * SAMPLE <= _SAMPLE_BYTES else max(1, int(_SAMPLE_BYTES / of_each))
        step = max(self._step, -(-table.num_rows // most)) if table.num_rows > SAMPLE else self._step
        piece = table if step == 1 else table.take(pa.array(self._places(table.num_rows, step)))
        self._samples.append(piece)
        self._sampled += piece.num_rows
        if self._sampled > 2 * SAMPLE:  # a long stream: thin what was kept, and keep less of what comes
            kept = pa.concat_tables(self._samples)
            self._samples = [kept.take(pa.array(np.arange(0, kept.num_rows, 2)))]
            self._sampled = self._samples[0].num_rows
            self._step = step * 2

    def _places(self, rows: int, step: int) -> Any:
        """One place in every `step` rows, by lot: at equal distances a column with a rhythm would show one beat only."""
        import numpy as np

        starts = np.arange(0, rows, step)
        return np.minimum(starts + np.random.default_rng(self._rows).integers(0, step, len(starts)), rows - 1)

    def _preview(self) -> tuple[tuple[Plain, ...], ...]:
        if self._head is None or not self._preview_rows:
            return ()
        shown = [_cells(column) for column in self._head.columns[:_PREVIEW_COLUMNS]]
        return tuple(zip(*shown, strict=True))


class _Column:
    """Nulls and extremes of one column so far."""

    def __init__(self, text_extremes: bool) -> None:
        self._text_extremes = text_extremes
        self.nulls = 0
        self.low: Any = None
        self.high: Any = None

    def update(self, column: pa.ChunkedArray) -> None:
        import pyarrow as pa
        import pyarrow.types as t

        self.nulls += column.null_count
        kind = column.type
        if not self._text_extremes and is_text(kind):
            return
        if t.is_dictionary(kind):
            used = [chunk.dictionary.take(_used(chunk)) for chunk in column.chunks]
            column, kind = pa.chunked_array(used, type=kind.value_type), kind.value_type
        if not _has_order(kind) or len(column) == column.null_count:
            return
        low, high = _extremes(column)
        self.low = low if self.low is None or _less(low, self.low) else self.low
        self.high = high if self.high is None or _less(self.high, high) else self.high


def _used(chunk: pa.DictionaryArray) -> pa.Array:
    """The places of a dictionary that are in use; most often a first look at the rows meets them all."""
    import numpy as np
    import pyarrow as pa

    met = np.zeros(len(chunk.dictionary), bool)
    for at in range(0, len(chunk), BLOCK):
        codes = chunk.indices.slice(at, BLOCK)
        met[(codes.drop_null() if codes.null_count else codes).to_numpy()] = True
        if met.all():
            break
    return pa.array(np.flatnonzero(met))


def _extremes(column: pa.ChunkedArray) -> tuple[pa.Scalar, pa.Scalar]:
    """Smallest and largest; Arrow knows no order of durations and half floats, but one of what they are made of."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as t

    kind = column.type
    if t.is_duration(kind):
        found = pc.min_max(column.cast(pa.int64()))
        return found["min"].cast(kind), found["max"].cast(kind)
    if t.is_float32(kind) or t.is_float64(kind):  # NumPy compares several at a time
        low, high = zip(*(_float_extremes(chunk) for chunk in column.chunks if len(chunk)), strict=True)
        return pa.scalar(np.fmin.reduce(low), kind), pa.scalar(np.fmax.reduce(high), kind)
    found = pc.min_max(column.cast(pa.float32()) if t.is_float16(kind) else column)
    return found["min"], found["max"]


def _float_extremes(chunk: pa.Array) -> tuple[Any, Any]:
    """Smallest and largest of one array, NaN only when there is nothing else."""
    import numpy as np

    width = chunk.type.bit_width // 8
    values = np.frombuffer(chunk.buffers()[1], f"f{width}", len(chunk), chunk.offset * width)
    if not chunk.null_count:
        return np.fmin.reduce(values), np.fmax.reduce(values)
    low, high = [], []
    room = np.empty(min(len(chunk), BLOCK), f"i{width}")
    for at in range(0, len(chunk), BLOCK):
        piece = chunk.slice(at, BLOCK)
        filled = room[: len(piece)]
        if piece.null_count:  # all bits of a null set: that is NaN
            np.subtract(valid_rows(piece).view("i1"), 1, out=filled, dtype=filled.dtype)
            np.bitwise_or(filled, values[at : at + BLOCK].view(filled.dtype), out=filled)
        part = filled.view(values.dtype) if piece.null_count else values[at : at + BLOCK]
        low.append(np.fmin.reduce(part))
        high.append(np.fmax.reduce(part))
    return np.fmin.reduce(low), np.fmax.reduce(high)


def _less(one: pa.Scalar, other: pa.Scalar) -> bool:
    import pyarrow.compute as pc

    return bool(pc.less(one, other).as_py())


def _has_order(kind: pa.DataType) -> bool:
    import pyarrow.types as t

    return bool(t.is_integer(kind) or t.is_floating(kind) or t.is_boolean(kind) or t.is_decimal(kind) or _is_time(kind) or is_text(kind))


def is_text(kind: pa.DataType) -> bool:
    """Whether values are text that compares byte by byte."""
    import pyarrow.types as t

    return bool(t.is_string(kind) or t.is_large_string(kind))


def _is_time(kind: pa.DataType) -> bool:
    import pyarrow.types as t

    return bool(t.is_temporal(kind) and not t.is_interval(kind))


def _describe(field: pa.Field, state: _Column, sample: pa.ChunkedArray | None, rows: int, *, values: bool) -> ColumnProfile:
    import pyarrow.types as t

    low, high = (None, None) if state.low is None else (plain(state.low), plain(state.high))
    told = _held(field.type)
    if not values and (is_text(told) or t.is_dictionary(field.type)):
        low = high = None
    counted = None if sample is None else _counted(sample.cast(told).drop_null())
    if counted is None:
        return ColumnProfile(field.name, type_name(field.type), state.nulls, low, high)
    different, times = counted
    filled = rows - state.nulls
    distinct = _distinct(times, filled)
    is_number = not (is_text(told) or t.is_boolean(told))
    bins = _histogram(different, times, state.low, state.high) if is_number and filled else ()
    top = _commonest(different, times) if values and not is_number else ()
    return ColumnProfile(
        field.name, type_name(field.type), state.nulls, low, high, distinct, int(times.sum()) == filled, bins, top
    )  # fmt: skip


def _held(kind: pa.DataType) -> pa.DataType:
    """The type of the values: of a dictionary what it holds."""
    import pyarrow.types as t

    return kind.value_type if t.is_dictionary(kind) else kind


def _counted(sample: pa.ChunkedArray) -> tuple[pa.Array, Any] | None:
    """The different values and how often each is there; None for types that cannot be counted."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as t

    kind = sample.type
    if len(sample) and t.is_primitive(kind) and kind.bit_width in (32, 64):  # sorting is faster than hashing what differs
        is_float = t.is_floating(kind)
        native = sample.combine_chunks()
        if not is_float:
            native = native.view(pa.int64() if kind.bit_width == 64 else pa.int32())
        different, times = np.unique(native.to_numpy(), return_counts=True)
        return (pa.array(different) if is_float else pa.array(different).view(kind)), times
    try:
        counted = pc.value_counts(sample)
    except pa.ArrowNotImplementedError:
        return None
    return counted.field("values"), counted.field("counts").to_numpy()


def _distinct(times: Any, rows: int) -> int:
    """How many values a column has, from how often each was met in a sample. Haas and Stokes 1998, estimator D_uj1."""
    seen, sampled = len(times), int(times.sum())
    if sampled in (0, rows):
        return seen
    once = int((times == 1).sum())
    return min(rows, round(sampled * seen / (sampled - once + once * sampled / rows)))


def _histogram(values: pa.Array, times: Any, low: pa.Scalar, high: pa.Scalar) -> tuple[int, ...]:
    """How many sampled rows fall into each of `BINS` bins of equal width; nothing when a bound is not finite."""
    import numpy as np

    first, last = _as_number(low), _as_number(high)
    if first is None or last is None or not math.isfinite(first) or not math.isfinite(last):
        return ()
    half = last / 2 - first / 2  # the whole range may be more than a number can hold
    if not half > 0:
        return ()
    numbers = _numbers(values)
    good = np.isfinite(numbers)
    places = ((numbers[good] / 2 - first / 2) / half * BINS).astype(np.int64).clip(0, BINS - 1)
    return tuple(int(count) for count in np.bincount(places, weights=times[good], minlength=BINS))


def _numbers(values: pa.Array) -> Any:
    import numpy as np
    import pyarrow as pa
    import pyarrow.types as t

    kind = values.type
    if t.is_decimal(kind):
        values = values.cast(pa.float64())
    elif _is_time(kind):
        values = values.view(pa.int64() if kind.bit_width == 64 else pa.int32())
    return values.to_numpy(zero_copy_only=False).astype(np.float64)


def _as_number(value: pa.Scalar) -> float | None:
    return float(_numbers(_one(value))[0]) if value.is_valid else None


def _one(value: pa.Scalar) -> pa.Array:
    """An array of one scalar, made without Python's times, which have no nanoseconds."""
    import pyarrow as pa

    return pa.repeat(value, 1)


def _commonest(values: pa.Array, times: Any) -> tuple[tuple[Plain, float], ...]:
    import numpy as np

    total = int(times.sum())
    order = np.lexsort((np.arange(len(times)), -times))[:TOP]
    return tuple((plain(values[int(at)]), round(int(times[at]) / total, 4)) for at in order)


def _cells(column: pa.ChunkedArray) -> list[Plain]:
    return [plain(value) for value in column]


def plain(value: pa.Scalar) -> Plain:
    """A value as JSON can say it: numbers and flags as they are, all else as short text."""
    import pyarrow.types as t

    if not value.is_valid:
        return None
    if _is_time(value.type):
        return str(_one(value).cast("string")[0].as_py()) if not t.is_duration(value.type) else str(value)
    try:
        found = value.as_py()
    except (ValueError, OverflowError):
        return str(value)[:LONGEST_TEXT]
    if isinstance(found, float):
        return found if math.isfinite(found) else repr(found)
    if isinstance(found, bool) or (isinstance(found, int) and abs(found) < 2**53):
        return found
    return shortened(found if isinstance(found, str) else str(found))


def shortened(text: str) -> str:
    """At most `LONGEST_TEXT` characters of a text."""
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def _facts(column: ColumnProfile) -> Mapping[str, Any]:
    facts = {
        "nulls": column.nulls or None, "low": column.low, "high": column.high, "distinct": column.distinct,
        "estimated": None if column.exact else True, "counts": column.counts or None, "top": column.top or None,
    }  # fmt: skip
    return {name: fact for name, fact in facts.items() if fact is not None}


def _column_from(data: Mapping[str, Any]) -> ColumnProfile:
    return ColumnProfile(
        data["name"], data["type"], data.get("nulls", 0), data.get("low"), data.get("high"), data.get("distinct"),
        not data.get("estimated", False), tuple(data.get("counts", ())), tuple((value, share) for value, share in data.get("top", ())),
    )  # fmt: skip
