"""Which rows of two tables belong together, without holding both tables: they are taken apart into pieces that fit.

Two tables that are small are one piece. Larger ones are read once, batch by batch, and each row goes by the hash of its key into one of
many temporary files, the same one for both tables; a piece is then one such file of each (Kitsuregawa et al. 1983, the grace hash join).
Without a key a piece is the same stretch of rows of both. So what is held at once is one piece, however long the tables are; and the
temporary files take about as much disk as the tables do, while the comparison lasts.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from nbasset.dataclass import dataclass
from nbasset.errors import StorageUnavailable
from nbasset.io_managers import parquet_files

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

_BATCH, _FEWEST = 1 << 16, 1 << 10
_MOST_PIECES = 256
_MOST_KEY_COLUMNS = 4
_MIX = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be held at once: `piece_bytes` of decoded rows, `hashes` of rows (8 bytes each) while a key is looked for."""

    piece_bytes: int = 64_000_000
    hashes: int = 16_000_000


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows of both tables that can only belong to each other: two tables, and the number that each row has in its whole table."""

    tables: tuple[pa.Table, pa.Table]
    rows: tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, slots=True)
class Matched:
    """What belongs together in a piece: two arrays of rows of it, in the order of the first table; and the rows that only one side has."""

    left: np.ndarray
    right: np.ndarray
    only_left: np.ndarray
    only_right: np.ndarray


def pieces(files: tuple[pq.ParquetFile, pq.ParquetFile], key: Sequence[str], limits: Limits) -> Iterator[Piece]:
    """Both tables in pieces, each row in one of them.

    Raises
    ------
    StorageUnavailable
        If the temporary folder cannot take the rows.
    """
    import numpy as np

    count = _pieces_wanted(files, limits)
    if count == 1:
        left, right = (decoded(file.read()) for file in files)
        yield Piece((left, right), (np.arange(left.num_rows), np.arange(right.num_rows)))
    elif key:
        yield from _by_hash(files, key, count, limits)
    else:
        yield from _by_position(files, count)


def matched(piece: Piece, key: Sequence[str]) -> Matched:
    """The rows of a piece with equal keys (nulls count as equal); without a key those at the same place. Keys must tell rows apart."""
    import numpy as np

    left, right = piece.tables
    if not key:
        shared = np.arange(min(left.num_rows, right.num_rows))
        return Matched(shared, shared, np.arange(len(shared), left.num_rows), np.arange(len(shared), right.num_rows))
    ids_left, ids_right = _numbered(left, right, key)
    most = max(ids_left.max(initial=-1), ids_right.max(initial=-1)) + 1
    where = np.full(most, -1, dtype=np.int64)
    where[ids_left] = np.arange(left.num_rows)
    partner = where[ids_right]
    of_right = np.flatnonzero(partner >= 0)
    of_left = partner[of_right]
    order = np.argsort(of_left, kind="stable")
    alone = np.ones(left.num_rows, dtype=bool)
    alone[of_left] = False
    return Matched(of_left[order], of_right[order], np.flatnonzero(alone), np.flatnonzero(partner < 0))


def decoded(table: pa.Table) -> pa.Table:
    """The table with its dictionaries decoded, so that categories are compared by what they stand for."""
    import pyarrow as pa

    for at, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            table = table.set_column(at, field.name, table.column(at).cast(field.type.value_type))
    return table


# -- keys -------------------------------------------------------------------------------------------------------------------------


class Keys:
    """Looks for columns that tell rows apart. It counts different hashes of 64 bits, a share of them at a time when there are many."""

    def __init__(self, files: tuple[pq.ParquetFile, pq.ParquetFile], shared: Sequence[str], limits: Limits) -> None:
        self._files = files
        self._shared = list(shared)
        self._limits = limits
        self._rows = (files[0].metadata.num_rows, files[1].metadata.num_rows)

    def alike(self, names: Sequence[str], side: int) -> int:
        """How many rows of a side have the key of another one."""
        return int(self._rows[side] - self._distinct(names, side))

    def guess(self) -> tuple[str, ...]:
        """The fewest columns that tell the rows of both tables apart; empty when there are none."""
        if not all(self._rows):
            return ()
        profile = parquet_files.profile_of(self._files[0])
        distinct = {one.name: one.distinct or 0 for one in profile.columns if not one.nulls} if profile is not None else {}
        schema = self._files[0].schema_arrow
        usable = [name for name in self._shared if _can_be_key(schema.field(name).type) and name in (distinct or self._shared)]
        usable.sort(key=lambda name: (-distinct.get(name, 0), self._shared.index(name)))
        singles = [name for name in usable if not distinct or distinct[name] >= 0.9 * min(self._rows[0], 5000)][:8]
        for name in sorted(singles, key=self._shared.index):
            if self._tell_apart((name,)):
                return (name,)
        chosen: tuple[str, ...] = ()
        best = 0
        for name in usable[:12]:
            count = self._distinct((*chosen, name), 0)
            if count > best:
                chosen, best = (*chosen, name), count
            if best == self._rows[0] and self._tell_apart(chosen):
                return self._without_spare(chosen)
            if len(chosen) == _MOST_KEY_COLUMNS:
                break
        return ()

    def _without_spare(self, key: tuple[str, ...]) -> tuple[str, ...]:
        for name in key:
            fewer = tuple(one for one in key if one != name)
            if fewer and self._tell_apart(fewer):
                return self._without_spare(fewer)
        return tuple(sorted(key, key=self._shared.index))

    def _tell_apart(self, names: tuple[str, ...]) -> bool:
        return all(
            self._first_differ(names, side) and not self._has_nulls(names, side) and not self.alike(names, side) for side in (0, 1)
        )  # fmt: skip

    def _first_differ(self, names: tuple[str, ...], side: int) -> bool:
        """Whether a first few rows have different keys: most columns that are none fail here."""
        import numpy as np

        first = next(_hashes(self._files, names, side), np.empty(0))
        return len(np.unique(first)) == len(first)

    def _has_nulls(self, names: tuple[str, ...], side: int) -> bool:
        batches = self._files[side].iter_batches(_BATCH, columns=list(names))
        return any(column.null_count for batch in batches for column in batch.columns)

    def _distinct(self, names: Sequence[str], side: int) -> int:
        import numpy as np

        shares = -(-self._rows[side] // self._limits.hashes) or 1
        count = 0
        for share in range(shares):
            mine = [
                found if shares == 1 else found[found % np.uint64(shares) == np.uint64(share)]
                for found in _hashes(self._files, names, side)
            ]
            together = np.concatenate(mine) if mine else np.empty(0, dtype=np.uint64)
            del mine
            together.sort()
            count += int(len(together) > 0) + int(np.count_nonzero(together[1:] != together[:-1]))
        return count


def _can_be_key(kind: pa.DataType) -> bool:
    import pyarrow as pa

    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(
        pa.types.is_integer(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_date(kind)
        or pa.types.is_timestamp(kind)
    )  # fmt: skip


def _hashes(files: tuple[pq.ParquetFile, pq.ParquetFile], names: Sequence[str], side: int) -> Iterator[np.ndarray]:
    """Hashes of the keys of one table, batch by batch."""
    as_text = [_are_of_two_types(files, name) for name in names]
    for batch in files[side].iter_batches(_BATCH, columns=list(names)):
        yield _hash(batch, names, as_text)


def _are_of_two_types(files: tuple[pq.ParquetFile, pq.ParquetFile], name: str) -> bool:
    """Whether both tables have a key column in other types, so that its values are compared as texts."""
    left, right = (_plain_type(file.schema_arrow.field(name).type) for file in files)
    return bool(left != right)


def _plain_type(kind: pa.DataType) -> pa.DataType:
    import pyarrow as pa

    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _hash(batch: pa.RecordBatch, names: Sequence[str], as_text: Sequence[bool]) -> np.ndarray:
    """One number a row that follows from its key alone."""
    import numpy as np

    found = np.zeros(batch.num_rows, dtype=np.uint64)
    for name, is_text in zip(names, as_text, strict=True):
        column = batch.column(batch.schema.get_field_index(name))
        found = _mixed(found * np.uint64(31) + _numbers_of(column, is_text=is_text))
    return found


def _mixed(numbers: np.ndarray) -> np.ndarray:
    """Spread over all 64 bits; another number for each number (splitmix64; Steele et al. 2014)."""
    import numpy as np

    add, first, second = (np.uint64(one) for one in _MIX)
    found = numbers + add
    found = (found ^ (found >> np.uint64(30))) * first
    found = (found ^ (found >> np.uint64(27))) * second
    mixed: np.ndarray = found ^ (found >> np.uint64(31))
    return mixed


def _numbers_of(column: Any, *, is_text: bool) -> np.ndarray:
    """A number for each value: the same for equal ones, in whichever batch or table."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if is_text:
        column = column.cast("string")
    is_there = pc.is_valid(column).to_numpy(zero_copy_only=False)
    kind = column.type
    if pa.types.is_floating(kind):
        values = pc.fill_null(column.cast("float64"), 0.0).to_numpy(zero_copy_only=False) + 0.0
        found = np.where(np.isnan(values), np.nan, values).view(np.uint64)
    elif pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        found = pc.fill_null(column.cast("int64", safe=False), 0).to_numpy(zero_copy_only=False).view(np.uint64)
    elif pa.types.is_temporal(kind) and not pa.types.is_interval(kind):
        narrow = pa.types.is_date32(kind) or pa.types.is_time32(kind)
        found = pc.fill_null((column.cast("int32") if narrow else column).cast("int64"), 0).to_numpy(zero_copy_only=False).view(np.uint64)
    else:
        found = pd.util.hash_array(np.array([str(one) for one in column.to_pylist()], dtype=object), categorize=False)
    return np.where(is_there, _mixed(found), np.uint64(0))


def _numbered(left: pa.Table, right: pa.Table, key: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """A small number for each key, the same for equal keys of both tables."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    found = np.zeros(left.num_rows + right.num_rows, dtype=np.int64)
    for name in key:
        columns = [table.column(name) for table in (left, right)]
        if columns[0].type != columns[1].type:
            columns = [column.cast("string") for column in columns]
        both = pa.chunked_array([chunk for column in columns for chunk in column.chunks], columns[0].type).combine_chunks()
        both = both.chunk(0) if isinstance(both, pa.ChunkedArray) else both
        if pa.types.is_floating(both.type):
            both = pc.add(both, 0.0)  # one zero, not two
        indices = pc.dictionary_encode(both, null_encoding="encode").indices.to_numpy().astype(np.int64)
        found = indices if name == key[0] else found * (indices.max(initial=0) + 1) + indices
        if name != key[0]:
            found = np.unique(found, return_inverse=True)[1].astype(np.int64)
    return found[: left.num_rows], found[left.num_rows :]


# -- pieces -----------------------------------------------------------------------------------------------------------------------


def _pieces_wanted(files: Iterable[pq.ParquetFile], limits: Limits) -> int:
    """Into how many pieces both tables go, so that each is about as large as the limit."""
    decoded_bytes = sum(_decoded_bytes(file) for file in files)
    return max(1, min(_MOST_PIECES, -(-decoded_bytes // limits.piece_bytes)))


def _decoded_bytes(file: pq.ParquetFile) -> int:
    """About how much the table takes in memory, told from its description alone."""
    rows = file.metadata.num_rows
    found = 0
    for field in file.schema_arrow:
        try:
            found += rows * max(1, field.type.bit_width // 8)
        except ValueError:  # texts, lists and the like have no width; their pages say how much there is at least
            found += rows * 16
    packed = sum(file.metadata.row_group(at).total_byte_size for at in range(file.metadata.num_row_groups))
    return int(max(found, packed))


def _by_position(files: tuple[pq.ParquetFile, pq.ParquetFile], count: int) -> Iterator[Piece]:
    import numpy as np

    rows = [file.metadata.num_rows for file in files]
    step = -(-max(rows) // count)
    readers = [_stretches(file, step) for file in files]
    for start in range(0, max(rows), step):
        left, right = (next(reader) for reader in readers)
        yield Piece((left, right), (start + np.arange(left.num_rows), start + np.arange(right.num_rows)))


def _stretches(file: pq.ParquetFile, step: int) -> Iterator[pa.Table]:
    """The table in stretches of `step` rows, the last one shorter, then empty ones for ever."""
    import pyarrow as pa

    schema = file.schema_arrow
    waiting: list[pa.RecordBatch] = []
    count = 0
    for batch in file.iter_batches(min(step, _BATCH)):
        waiting.append(batch)
        count += batch.num_rows
        while count >= step:
            table = pa.Table.from_batches(waiting, schema)
            yield decoded(table.slice(0, step))
            waiting = table.slice(step).to_batches()
            count -= step
    while True:
        yield decoded(pa.Table.from_batches(waiting, schema))
        waiting = []


def _by_hash(files: tuple[pq.ParquetFile, pq.ParquetFile], key: Sequence[str], count: int, limits: Limits) -> Iterator[Piece]:
    as_text = [_are_of_two_types(files, name) for name in key]
    with TemporaryDirectory(prefix="nbasset-diff-") as folder:
        schemas = []
        for side, file in enumerate(files):
            try:
                batch_rows = _batch_rows(file, limits)
                schemas.append(_spread(file, key, as_text, [_place(Path(folder), at, side) for at in range(count)], batch_rows))
            except OSError as error:
                free = shutil.disk_usage(folder).free
                raise StorageUnavailable(
                    f"the tables are compared by way of temporary files, and {folder} cannot take them: {error} "
                    f"({free / 1e9:.1f} GB are free). Set TMPDIR to a folder with more room."
                ) from error
        for at in range(count):
            left, right = (_gathered(_place(Path(folder), at, side), schemas[side]) for side in (0, 1))
            yield Piece((left[0], right[0]), (left[1], right[1]))


def _place(folder: Path, at: int, side: int) -> Path:
    return folder / f"{at}-{side}"


def _batch_rows(file: pq.ParquetFile, limits: Limits) -> int:
    """Rows to read at once: fewer of a wide table, so that a batch and what is made of it stay well within a piece."""
    width = max(1, _decoded_bytes(file) // max(1, file.metadata.num_rows))
    return int(min(_BATCH, max(_FEWEST, limits.piece_bytes // (4 * width))))


def _spread(file: pq.ParquetFile, key: Sequence[str], as_text: Sequence[bool], places: Sequence[Path], batch_rows: int) -> pa.Schema:
    """Write each row to the file of its piece, with its number as a last column; gives the schema without that."""
    import numpy as np
    import pyarrow as pa

    codec = "lz4" if pa.Codec.is_available("lz4") else None
    options = pa.ipc.IpcWriteOptions(compression=codec)
    count = len(places)
    empty = decoded(file.schema_arrow.empty_table()).schema
    schema = empty.append(pa.field("", pa.int64()))
    start = 0
    with ExitStack() as stack:
        writers = [stack.enter_context(pa.ipc.new_stream(str(place), schema, options=options)) for place in places]
        for batch in file.iter_batches(batch_rows):
            whose = _hash(batch, key, as_text) >> np.uint64(32)
            whose %= np.uint64(count)
            order = np.argsort(whose, kind="stable")
            table = decoded(pa.Table.from_batches([batch])).append_column("", pa.array(start + np.arange(batch.num_rows)))
            table = table.take(pa.array(order)).combine_chunks()
            ends = np.searchsorted(whose[order], np.arange(count, dtype=np.uint64), side="right")
            first = 0
            for at, end in enumerate(ends.tolist()):
                if end > first:
                    writers[at].write_table(table.slice(first, end - first))
                first = end
            start += batch.num_rows
    return empty


def _gathered(place: Path, schema: pa.Schema) -> tuple[pa.Table, np.ndarray]:
    """The rows of one file, in the order of their numbers, and those numbers. The file is removed."""
    import pyarrow as pa

    with pa.OSFile(str(place)) as source, pa.ipc.open_stream(source) as reader:
        table = reader.read_all()
    place.unlink()
    last = table.num_columns - 1
    return table.remove_column(last).cast(schema), table.column(last).to_numpy()
