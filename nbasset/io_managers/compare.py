"""What differs between two stored tables: schema, rows, keys, columns, numbers.

Rows are matched by key columns: those that were given, else the fewest that tell all rows of both tables apart, else by position. Only the
keys of both tables are held at once, then one column after the other, so the memory needed is that of a few columns, however wide the
tables are. Equal content hashes in the footers answer without reading anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from nbasset.errors import InvalidInvocationError, did_you_mean
from nbasset.io_managers import parquet_files
from nbasset.io_managers.content import type_name
from nbasset.serde import Json

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_MOST_KEY_COLUMNS = 4
_MOST_GUESSED = 5_000_000  # rows; beyond it only single columns are tried as a key
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


def compare_files(before: pq.ParquetFile, after: pq.ParquetFile, *, key: Sequence[str] = (), examples: int = 5) -> TableDiff:
    """The differences of two open Parquet files.

    Raises
    ------
    InvalidInvocationError
        If a key column is not in both tables, or the given key does not tell rows apart.
    """
    rows = (before.metadata.num_rows, after.metadata.num_rows)
    versions = [parquet_files.footer(file).get(parquet_files.DATA_VERSION) for file in (before, after)]
    if versions[0] is not None and versions[0] == versions[1]:
        return TableDiff(rows, is_same=True)
    return _Comparison(before, after, tuple(key), examples).diff()


class _Comparison:
    def __init__(self, before: pq.ParquetFile, after: pq.ParquetFile, key: tuple[str, ...], examples: int) -> None:
        self.files = (before, after)
        self.schemas = (before.schema_arrow, after.schema_arrow)
        self.rows = (before.metadata.num_rows, after.metadata.num_rows)
        self.examples = examples
        self.shared = [name for name in self.schemas[0].names if name in self.schemas[1].names]
        self.key = self._checked(key)
        self.is_guessed = False
        self.notes: list[str] = []

    def diff(self) -> TableDiff:
        pairs = self._pairs()
        columns: list[ColumnDiff] = []
        changed_rows: Any = None
        changes: dict[int, list[tuple[str, str, str]]] = {}
        lone: tuple[dict[int, list[tuple[str, str]]], dict[int, list[tuple[str, str]]]] = (
            {at: [] for at in pairs.removed[: self.examples]}, {at: [] for at in pairs.added[: self.examples]},
        )  # fmt: skip
        for name in self.shared:
            one, mask = self._column(name, pairs, changes, lone)
            columns.append(one)
            changed_rows = _either(changed_rows, mask)
        for side, schema in enumerate(self.schemas):
            for name in schema.names:
                if name not in self.shared and lone[side]:
                    self._take(name, side, lone[side])
        schema_changes = self._schema_changes()
        changed = _count(changed_rows)
        is_same = not schema_changes and not changed and self.rows[0] == self.rows[1] and not pairs.added and not pairs.removed
        is_same = is_same and self.schemas[0].names == self.schemas[1].names and pairs.is_in_order
        if not pairs.is_in_order and not (changed or pairs.added or pairs.removed or schema_changes):
            self.notes.append("The rows are the same in another order.")
        return TableDiff(
            self.rows, self.key, self.is_guessed, schema_changes, len(pairs.added), len(pairs.removed), changed, tuple(columns),
            tuple(self._examples(pairs, changes, lone)), is_same, tuple(self.notes),
        )  # fmt: skip

    # -- keys ------------------------------------------------------------------------------------------------------------------

    def _checked(self, key: tuple[str, ...]) -> tuple[str, ...]:
        for name in key:
            if name not in self.shared:
                near = did_you_mean(name, self.shared) or f"Both have: {', '.join(self.shared[:10])}."
                raise InvalidInvocationError(f"'{name}' cannot be the key: it is not a column of both tables. {near}")
        return key

    def _pairs(self) -> _Pairs:
        if self.key:
            left, right = self._keys(self.key)
            for side, table in ((0, left), (1, right)):
                twice = table.num_rows - table.group_by(list(self.key)).aggregate([]).num_rows
                if twice:
                    where = "before" if side == 0 else "after"
                    raise InvalidInvocationError(
                        f"{', '.join(self.key)} does not tell the rows apart: {twice:,} rows ({where}) have the key of another one. "
                        "Name more columns: --key A,B."
                    )
            return _joined(left, right, self.key)
        self.key = self._guess()
        self.is_guessed = bool(self.key)
        if not self.key:
            self.notes.append("No columns tell the rows apart, so they were compared by position.")
            return _by_position(*self.rows)
        return _joined(*self._keys(self.key), self.key)

    def _keys(self, names: Sequence[str]) -> tuple[pa.Table, pa.Table]:
        left, right = (_plain_keys(file.read(columns=list(names)).select(list(names))) for file in self.files)
        for at, name in enumerate(names):
            if left.schema.field(name).type != right.schema.field(name).type:
                left = left.set_column(at, name, left.column(name).cast("string"))
                right = right.set_column(at, name, right.column(name).cast("string"))
        return left, right

    def _guess(self) -> tuple[str, ...]:
        """The fewest columns that tell the rows of both tables apart; empty when there are none."""
        if not all(self.rows):
            return ()
        profiles = [parquet_files.profile_of(file) for file in self.files]
        distinct = {
            one.name: one.distinct or 0 for profile in profiles[:1] if profile is not None for one in profile.columns if not one.nulls
        }  # fmt: skip
        usable = [name for name in self.shared if _can_be_key(self.schemas[0].field(name).type) and name in (distinct or self.shared)]
        usable.sort(key=lambda name: (-distinct.get(name, 0), self.shared.index(name)))
        singles = [name for name in usable if not distinct or distinct[name] >= 0.9 * min(self.rows[0], 5000)][:8]
        for name in sorted(singles, key=self.shared.index):
            if self._tells_apart((name,)):
                return (name,)
        if max(self.rows) > _MOST_GUESSED:
            return ()
        chosen: tuple[str, ...] = ()
        best = 0
        for name in usable[:12]:
            count = self._count((*chosen, name))
            if count > best:
                chosen, best = (*chosen, name), count
            if best == self.rows[0] and self._tells_apart(chosen):
                return self._without_spare(chosen)
            if len(chosen) == _MOST_KEY_COLUMNS:
                break
        return ()

    def _without_spare(self, key: tuple[str, ...]) -> tuple[str, ...]:
        for name in key:
            fewer = tuple(one for one in key if one != name)
            if fewer and self._tells_apart(fewer):
                return self._without_spare(fewer)
        return tuple(sorted(key, key=self.shared.index))

    def _tells_apart(self, names: tuple[str, ...]) -> bool:
        return all(self._count(names, side) == self.rows[side] for side in (0, 1))

    def _count(self, names: tuple[str, ...], side: int = 0) -> int:
        table = _plain_keys(self.files[side].read(columns=list(names)))
        if any(column.null_count for column in table.columns):
            return 0
        return int(table.group_by(list(names)).aggregate([]).num_rows)

    # -- columns -----------------------------------------------------------------------------------------------------------------

    def _column(
        self, name: str, pairs: _Pairs, changes: dict[int, list[tuple[str, str, str]]], lone: tuple[dict[int, Any], dict[int, Any]]
    ) -> tuple[ColumnDiff, Any]:
        import pyarrow.compute as pc

        left, right = (_flat(file.read(columns=[name]).column(0)) for file in self.files)
        for side, column in ((0, left), (1, right)):
            for at in lone[side]:
                lone[side][at].append((name, _text(column[at].as_py())))
        one = _numbers(ColumnDiff(name, type_name(self.schemas[1].field(name).type)), left, right)
        a, b = left.take(pairs.left), right.take(pairs.right)
        mask = _differs(a, b)
        if mask is None:
            return replace(one, changed=None), None
        count = _count(mask)
        if count and name not in self.key:
            for at in pc.indices_nonzero(mask)[: self.examples].to_pylist():
                changes.setdefault(at, []).append((name, _text(a[at].as_py()), _text(b[at].as_py())))
        return replace(one, changed=count), mask

    def _take(self, name: str, side: int, into: dict[int, list[tuple[str, str]]]) -> None:
        column = self.files[side].read(columns=[name]).column(0)
        for at, values in into.items():
            values.append((name, _text(column[at].as_py())))

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

    # -- examples ------------------------------------------------------------------------------------------------------------------

    def _examples(
        self, pairs: _Pairs, changes: dict[int, list[tuple[str, str, str]]], lone: tuple[dict[int, Any], dict[int, Any]]
    ) -> Iterator[RowDiff]:
        for at in sorted(changes)[: self.examples]:
            yield RowDiff("~", self._name(pairs.left[at].as_py(), 0), tuple(changes[at]))
        for side, sign in ((1, "+"), (0, "-")):
            for at, values in lone[side].items():
                cells = tuple((name, None, value) if side else (name, value, None) for name, value in values)
                yield RowDiff(sign, self._name(at, side), cells)  # type: ignore[arg-type]

    def _name(self, row: int, side: int) -> str:
        """How a row is called: its key, or its number counted from one."""
        if not self.key:
            return f"row {row + 1:,}"
        if not hasattr(self, "_named"):
            self._named: list[Any] = [file.read(columns=list(self.key)) for file in self.files]
        table = self._named[side]
        return ", ".join(f"{name}={_text(table.column(name)[row].as_py())}" for name in self.key)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Rows of both that belong together, as two arrays of row numbers, and those that only one side has."""

    left: Any
    right: Any
    removed: list[int]
    added: list[int]
    is_in_order: bool = True


def _joined(left: pa.Table, right: pa.Table, key: Sequence[str]) -> _Pairs:
    import pyarrow as pa
    import pyarrow.compute as pc

    a = left.append_column("__left", pa.array(range(left.num_rows), "int64"))
    b = right.append_column("__right", pa.array(range(right.num_rows), "int64"))
    both = a.join(b, keys=list(key), join_type="full outer").select(["__left", "__right"])
    only_left = both.filter(pc.is_null(both.column("__right"))).column("__left")
    only_right = both.filter(pc.is_null(both.column("__left"))).column("__right")
    paired = both.filter(pc.and_(pc.is_valid(both.column("__left")), pc.is_valid(both.column("__right"))))
    paired = paired.sort_by("__left").combine_chunks()
    lefts, rights = _flat(paired.column("__left")), _flat(paired.column("__right"))
    in_order = len(rights) < 2 or bool(pc.all(pc.greater(rights[1:], rights[:-1])).as_py())
    return _Pairs(lefts, rights, sorted(only_left.to_pylist()), sorted(only_right.to_pylist()), in_order)


def _by_position(before: int, after: int) -> _Pairs:
    import pyarrow as pa

    shared = pa.array(range(min(before, after)), "int64")
    return _Pairs(shared, shared, list(range(after, before)), list(range(before, after)))


def _flat(column: Any) -> Any:
    """A chunked column as one array, dictionaries decoded."""
    import pyarrow as pa

    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0) if array.num_chunks else pa.array([], array.type)
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def _plain_keys(table: pa.Table) -> pa.Table:
    """Key columns in types that can be joined."""
    import pyarrow as pa

    for at, field_ in enumerate(table.schema):
        if pa.types.is_dictionary(field_.type):
            table = table.set_column(at, field_.name, table.column(at).cast(field_.type.value_type))
    return table


def _can_be_key(kind: pa.DataType) -> bool:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(
        pa.types.is_integer(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_date(kind)
        or pa.types.is_timestamp(kind)
    )  # fmt: skip


def _differs(a: Any, b: Any) -> Any:
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
        if len(a) > 200_000:
            return None
        return pa.array([x != y for x, y in zip(a.to_pylist(), b.to_pylist(), strict=True)], "bool")
    one_null = pc.xor(pc.is_null(a), pc.is_null(b))
    mask = pc.or_(pc.fill_null(other, False), one_null)
    if pa.types.is_floating(a.type):
        both_nan = pc.and_(pc.fill_null(pc.is_nan(a), False), pc.fill_null(pc.is_nan(b), False))
        mask = pc.and_not(mask, both_nan)
    return mask


def _numbers(one: ColumnDiff, left: Any, right: Any) -> ColumnDiff:
    """The column with its nulls, and for numbers with means, extremes and drift."""
    import pyarrow as pa
    import pyarrow.compute as pc

    one = replace(one, nulls=(left.null_count, right.null_count))
    if not all(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind) for kind in (left.type, right.type)):
        return one
    means = [pc.mean(column).as_py() for column in (left, right)]
    means = [None if mean is None else float(mean) for mean in means]
    spread = pc.stddev(left).as_py() if len(left) - left.null_count > 1 else None
    ends = [pc.min_max(column).as_py() for column in (left, right)]
    drift = None
    if means[0] is not None and means[1] is not None and spread:
        drift = (means[1] - means[0]) / float(spread)
    return replace(one, mean=(means[0], means[1]), low=(ends[0]["min"], ends[1]["min"]), high=(ends[0]["max"], ends[1]["max"]), drift=drift)


def _either(mask: Any, other: Any) -> Any:
    import pyarrow.compute as pc

    if other is None or mask is None:
        return other if mask is None else mask
    return pc.or_(mask, other)


def _count(mask: Any) -> int:
    import pyarrow.compute as pc

    return 0 if mask is None else int(pc.sum(mask).as_py() or 0)


def _text(value: Any) -> str:
    if value is None:
        return "null"
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _plain(value: Any) -> Json:
    return value if isinstance(value, (int, float, str, bool, type(None))) else str(value)
