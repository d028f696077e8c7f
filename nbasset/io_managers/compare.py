"""What differs between two stored tables: schema, rows, keys, columns, numbers.

Rows are matched by key columns: those that were given, else the fewest that tell all rows of both tables apart, else by position. Both
tables are read piece by piece (`compare_rows`), so the memory needed is that of a piece, however long they are. Equal content hashes in the
footers answer without reading anything.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any, Literal

from nbasset.dataclass import dataclass
from nbasset.errors import InvalidInvocationError, did_you_mean
from nbasset.io_managers import parquet_files
from nbasset.io_managers.compare_rows import Keys, Limits, Matched, Piece, matched, pieces
from nbasset.io_managers.content import type_name
from nbasset.serde import Json

if TYPE_CHECKING:
    import numpy as np
    import pyarrow.parquet as pq

_MOST_NESTED = 200_000  # rows; beyond it cells that Arrow cannot compare are not compared one by one
_ROUNDING = 1e-12  # sums of the same numbers in another order differ by as much
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """A column that one side lacks, or that has another type; texts are types, empty on the side that lacks it."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ColumnDiff:
    """A column of both tables. `changed` counts cells that differ among rows that both have; None when cells cannot be compared.

    Means, spreads and extremes are of numbers; `drift` is by how many standard deviations (of before) the mean moved.
    """

    name: str
    type: str
    changed: int | None = 0
    nulls: tuple[int, int] = (0, 0)
    mean: tuple[float | None, float | None] = (None, None)
    low: tuple[Any, Any] = (None, None)
    high: tuple[Any, Any] = (None, None)
    drift: float | None = None


@dataclass(frozen=True, slots=True)
class RowDiff:
    """An example: ``+`` a row that is new, ``-`` one that went, ``~`` one with other values. `key` is what it is found by.

    `values` are texts: (column, before, after), None on the side that lacks the row.
    """

    sign: Literal["+", "-", "~"]
    key: str
    values: tuple[tuple[str, str | None, str | None], ...] = ()


@dataclass(frozen=True, slots=True)
class TableDiff:
    """All differences of two tables. `key` is empty when rows were matched by position; `is_guessed` tells that nobody named it."""

    rows: tuple[int, int]
    key: tuple[str, ...] = ()
    is_guessed: bool = False
    schema: tuple[SchemaChange, ...] = ()
    added: int = 0
    removed: int = 0
    changed: int = 0
    columns: tuple[ColumnDiff, ...] = ()
    examples: tuple[RowDiff, ...] = ()
    is_same: bool = False
    notes: tuple[str, ...] = field(default=())

    @property
    def first(self) -> str:
        """The first difference in words; empty when there is none."""
        if self.is_same:
            return ""
        if self.schema:
            one = self.schema[0]
            if not one.before:
                return f"column `{one.name}` is new"
            return f"column `{one.name}` is gone" if not one.after else f"column `{one.name}` is {one.after}, was {one.before}"
        for example in self.examples:
            if example.sign == "~" and example.values:
                name, before, after = example.values[0]
                return f"column `{name}` at {example.key}: {before} and {after}"
        for example in self.examples:
            return f"the row at {example.key} is {'new' if example.sign == '+' else 'gone'}"
        return f"{self.rows[0]:,} and {self.rows[1]:,} rows" if self.rows[0] != self.rows[1] else "the order of rows or columns"

    def to_json(self) -> Json:
        """Plain data."""
        return {
            "same": self.is_same, "rows": list(self.rows), "key": list(self.key), "key_guessed": self.is_guessed,
            "schema": [{"column": one.name, "before": one.before or None, "after": one.after or None} for one in self.schema],
            "added": self.added, "removed": self.removed, "changed": self.changed,
            "columns": [
                {"column": one.name, "type": one.type, "changed": one.changed, "nulls": list(one.nulls), "mean": list(one.mean),
                 "low": [_plain(value) for value in one.low], "high": [_plain(value) for value in one.high], "drift": one.drift}
                for one in self.columns
            ],
            "examples": [
                {"sign": one.sign, "key": one.key,
                 "values": [{"column": name, "before": before, "after": after} for name, before, after in one.values]}
                for one in self.examples
            ],
            "notes": list(self.notes), "first": self.first,
        }  # fmt: skip


def compare_files(
    before: pq.ParquetFile, after: pq.ParquetFile, *, key: Sequence[str] = (), examples: int = 5, limits: Limits | None = None
) -> TableDiff:
    """The differences of two open Parquet files.

    Raises
    ------
    InvalidInvocationError
        If a key column is not in both tables, or the given key does not tell rows apart.
    StorageUnavailable
        If the tables are too large for memory and the temporary folder has no room for them.
    """
    rows = (before.metadata.num_rows, after.metadata.num_rows)
    versions = [parquet_files.footer(file).get(parquet_files.DATA_VERSION) for file in (before, after)]
    if versions[0] is not None and versions[0] == versions[1]:
        return TableDiff(rows, is_same=True)
    return _Comparison((before, after), tuple(key), examples, limits or Limits()).diff()


class _Comparison:
    """One comparison: what is counted while the pieces go by."""

    def __init__(self, files: tuple[pq.ParquetFile, pq.ParquetFile], key: tuple[str, ...], examples: int, limits: Limits) -> None:
        self.files = files
        self.limits = limits
        self.schemas = (files[0].schema_arrow, files[1].schema_arrow)
        self.rows = (files[0].metadata.num_rows, files[1].metadata.num_rows)
        self.shared = [name for name in self.schemas[0].names if name in self.schemas[1].names]
        self.columns = {name: _Column(name, type_name(self.schemas[1].field(name).type), max(self.rows)) for name in self.shared}
        self.notes: list[str] = []
        self.is_guessed = False
        self.key = self._key(key)
        self.examples = {sign: _Examples(examples) for sign in "~+-"}
        self.added = self.removed = self.changed = 0
        self.is_in_order = True

    def diff(self) -> TableDiff:
        for piece in pieces(self.files, self.key, self.limits):
            self._take(piece)
        schema = self._schema_changes()
        differs = bool(schema or self.changed or self.added or self.removed)
        is_same = not differs and self.schemas[0].names == self.schemas[1].names and self.is_in_order
        if not differs and not self.is_in_order:
            self.notes.append("The rows are the same in another order.")
        shown = tuple(example for sign in "~+-" for example in self.examples[sign].first())
        return TableDiff(
            self.rows, self.key, self.is_guessed, schema, self.added, self.removed, self.changed,
            tuple(column.diff() for column in self.columns.values()), shown, is_same, tuple(self.notes),
        )  # fmt: skip

    def _key(self, given: tuple[str, ...]) -> tuple[str, ...]:
        """The columns to match rows by; empty for matching by position."""
        for name in given:
            if name not in self.shared:
                near = did_you_mean(name, self.shared) or f"Both have: {', '.join(self.shared[:10])}."
                raise InvalidInvocationError(f"'{name}' cannot be the key: it is not a column of both tables. {near}")
        keys = Keys(self.files, self.shared, self.limits)
        if not given and self.rows == (1, 1):
            return ()  # one row each: they belong together whatever is in them
        if not given:
            found = keys.guess()
            self.is_guessed = bool(found)
            if not found:
                self.notes.append("No columns tell the rows apart, so they were compared by position.")
            return found
        for side, where in enumerate(("before", "after")):
            alike = keys.alike(given, side)
            if alike:
                raise InvalidInvocationError(
                    f"{', '.join(given)} does not tell the rows apart: {alike:,} rows ({where}) have the key of another one. "
                    "Name more columns: --key A,B."
                )
        return given

    def _take(self, piece: Piece) -> None:
        """Count what differs in one piece."""
        import numpy as np

        found = matched(piece, self.key)
        rows = piece.rows[0][found.left]
        self.is_in_order = self.is_in_order and bool(np.array_equal(rows, piece.rows[1][found.right]))
        touched = np.zeros(len(rows), dtype=bool)
        cells: dict[str, np.ndarray] = {}
        for name, column in self.columns.items():
            mask = column.take(piece, found)
            if mask is not None and name not in self.key and mask.any():
                cells[name] = mask
                touched |= mask
        self.changed += int(np.count_nonzero(touched))
        self.added += len(found.only_right)
        self.removed += len(found.only_left)
        self._keep_examples(piece, found, touched, cells)

    def _keep_examples(self, piece: Piece, found: Matched, touched: np.ndarray, cells: dict[str, np.ndarray]) -> None:
        import numpy as np

        left, right = piece.tables
        numbers, some = piece.rows, self.examples["~"].most
        for at in np.flatnonzero(touched)[:some].tolist():
            before, after = int(found.left[at]), int(found.right[at])
            values = tuple((name, _text(left, name, before), _text(right, name, after)) for name, mask in cells.items() if mask[at])
            self.examples["~"].add(int(numbers[0][before]), RowDiff("~", self._name(piece, 0, before), values))
        for at in found.only_right[:some].tolist():
            new = tuple((name, None, _text(right, name, at)) for name in self._columns_of(1))
            self.examples["+"].add(int(numbers[1][at]), RowDiff("+", self._name(piece, 1, at), new))
        for at in found.only_left[:some].tolist():
            gone = tuple((name, _text(left, name, at), None) for name in self._columns_of(0))
            self.examples["-"].add(int(numbers[0][at]), RowDiff("-", self._name(piece, 0, at), gone))

    def _columns_of(self, side: int) -> list[str]:
        return [*self.shared, *(name for name in self.schemas[side].names if name not in self.shared)]

    def _name(self, piece: Piece, side: int, at: int) -> str:
        """How a row is called: its key, or its number counted from one."""
        if not self.key:
            return f"row {piece.rows[side][at] + 1:,}"
        return ", ".join(f"{name}={_text(piece.tables[side], name, at)}" for name in self.key)

    def _schema_changes(self) -> tuple[SchemaChange, ...]:
        left, right = self.schemas
        gone = [SchemaChange(name, type_name(left.field(name).type), "") for name in left.names if name not in right.names]
        new = [SchemaChange(name, "", type_name(right.field(name).type)) for name in right.names if name not in left.names]
        other = [
            SchemaChange(name, type_name(left.field(name).type), type_name(right.field(name).type))
            for name in self.shared
            if type_name(left.field(name).type) != type_name(right.field(name).type)
        ]
        return (*new, *gone, *other)


class _Examples:
    """The first few rows of one kind, by their numbers, in whatever order they come."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._found: dict[int, RowDiff] = {}

    def add(self, number: int, example: RowDiff) -> None:
        """One more; what is not among the first any more is forgotten."""
        self._found[number] = example
        if len(self._found) > self.most:
            del self._found[max(self._found)]

    def first(self) -> list[RowDiff]:
        """The first ones, in order."""
        return [self._found[number] for number in sorted(self._found)]


class _Column:
    """What is counted of one column of both tables."""

    def __init__(self, name: str, kind: str, rows: int) -> None:
        self.name = name
        self.one_by_one = rows <= _MOST_NESTED
        self.kind = kind
        self.changed: int | None = 0
        self.nulls = [0, 0]
        self.numbers: tuple[_Numbers, _Numbers] | None = (_Numbers(), _Numbers())

    def take(self, piece: Piece, found: Matched) -> np.ndarray | None:
        """Which of the matched rows differ here; None when its cells cannot be compared."""
        import pyarrow as pa
        import pyarrow.compute as pc

        left, right = (_flat(table.column(self.name)) for table in piece.tables)
        self.nulls[0] += left.null_count
        self.nulls[1] += right.null_count
        if self.numbers is not None:
            if all(_is_number(column.type) for column in (left, right)):
                self.numbers[0].take(left)
                self.numbers[1].take(right)
            else:
                self.numbers = None
        mask = _differs(left.take(pa.array(found.left)), right.take(pa.array(found.right)), one_by_one=self.one_by_one)
        if mask is None or self.changed is None:
            self.changed = None
            return None
        self.changed += int(pc.sum(mask).as_py() or 0)
        differing: np.ndarray = mask.to_numpy(zero_copy_only=False)
        return differing

    def diff(self) -> ColumnDiff:
        """What was counted."""
        nulls = (self.nulls[0], self.nulls[1])
        if self.numbers is None:
            return ColumnDiff(self.name, self.kind, self.changed, nulls)
        before, after = self.numbers
        means = [one.mean if one.count and math.isfinite(one.mean) else None for one in self.numbers]
        if means[0] is not None and means[1] is not None and math.isclose(means[0], means[1], rel_tol=_ROUNDING):
            means[1] = means[0]
        spread = math.sqrt(before.squares / before.count) if before.count > 1 and math.isfinite(before.squares) else 0.0
        one, two = means
        drift = (two - one) / spread if one is not None and two is not None and spread else None
        return ColumnDiff(
            self.name, self.kind, self.changed, nulls, (one, two), (before.low, after.low), (before.high, after.high), drift
        )  # fmt: skip


class _Numbers:
    """Mean, spread and extremes of numbers that come in pieces; what is no number (null, NaN) does not count (Chan et al. 1979)."""

    def __init__(self) -> None:
        self.count = 0
        self.mean = 0.0
        self.squares = 0.0
        self.low: Any = None
        self.high: Any = None

    def take(self, column: Any) -> None:
        """Count a piece in."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if pa.types.is_floating(column.type):
            column = column.filter(pc.invert(pc.is_nan(column)))
        count = len(column) - column.null_count
        if not count:
            return
        mean, ends = float(pc.mean(column).as_py()), pc.min_max(column).as_py()
        squares = float(pc.variance(column).as_py()) * count
        moved = mean - self.mean
        total = self.count + count
        self.squares += squares + moved * moved * self.count * count / total
        self.mean += moved * count / total
        self.count = total
        self.low = ends["min"] if self.low is None else min(self.low, ends["min"])
        self.high = ends["max"] if self.high is None else max(self.high, ends["max"])


def _is_number(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _flat(column: Any) -> Any:
    """A chunked column as one array."""
    import pyarrow as pa

    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0) if array.num_chunks else pa.array([], array.type)
    return array


def _differs(a: Any, b: Any, *, one_by_one: bool) -> Any:
    """Which cells differ, as a mask without nulls; None when the types cannot be compared."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if a.type != b.type:
        try:
            a = a.cast(b.type)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            try:
                a, b = a.cast("string"), b.cast("string")
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
                return None
    try:
        other = pc.not_equal(a, b)
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        if not one_by_one:
            return None
        return pa.array([x != y for x, y in zip(a.to_pylist(), b.to_pylist(), strict=True)], "bool")
    one_null = pc.xor(pc.is_null(a), pc.is_null(b))
    mask = pc.or_(pc.fill_null(other, False), one_null)
    if pa.types.is_floating(a.type):
        both_nan = pc.and_(pc.fill_null(pc.is_nan(a), False), pc.fill_null(pc.is_nan(b), False))
        mask = pc.and_not(mask, both_nan)
    return mask


def _text(table: Any, name: str, row: int) -> str:
    value = table.column(name)[row].as_py()
    if value is None:
        return "null"
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _plain(value: Any) -> Json:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, (int, float, str, bool, type(None))) else str(value)
