"""Partition state in blocks of 128 ordinals: what one row of the database holds, and how many blocks become one table.

A block is columnar, with one entry a partition that ever had an event, ordered by ordinal. An update rewrites one block (5 to 13 kB), a
table of 100,000 partitions is read as 782 rows whose columns are joined without looking at single partitions. Texts that are hexadecimal
behind a common prefix, as digests and ids are, take half their length; they are written out only when somebody asks for one.

Layout: header (format, rows, byte lengths of six text columns), ordinals modulo 128 (u8), status (u8), seq, changed_seq, at_us (i64,
little-endian), then run, code (each text once, with a u8 a row), data_version, input_digest, version_id (a text a row), recipe (as run).
"""

from __future__ import annotations

import json
import re
import struct
import sys
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import overload

from nbasset.events.records import PartitionTable
from nbasset.events.reducers import PartitionRow
from nbasset.ordinals import OrdinalSet

SHIFT = 7
SIZE = 1 << SHIFT

_HEADER = struct.Struct("<BBxx6I")
_FORMAT = 2
_SPARE_TEXTS = 16  # of a shared column: so many that no row uses any more may wait to be dropped
_HEX = re.compile(r"(?:[0-9a-f]{2}){1,200}\Z")
_IS_BIG = sys.byteorder == "big"


class Block:
    """One block, to be changed in place by the writer that holds it."""

    __slots__ = ("_code", "_data", "_digest", "_numbers", "_offsets", "_recipe", "_run", "_status", "_version")

    def __init__(self, data: bytes | None = None) -> None:
        self._offsets = bytearray()
        self._status = bytearray()
        self._numbers = (array("q"), array("q"), array("q"))
        self._run, self._code, self._recipe = _Shared(), _Shared(), _Shared()
        self._data, self._digest, self._version = _Texts(), _Texts(), _Texts()
        if data is not None:
            self._decode(data)

    def __len__(self) -> int:
        return len(self._offsets)

    def get(self, offset: int) -> PartitionRow | None:
        """The partition at `ordinal % 128`; None if it never had an event."""
        at = bisect_left(self._offsets, offset)
        if at == len(self._offsets) or self._offsets[at] != offset:
            return None
        return self._row(at)

    def rows(self) -> list[tuple[int, PartitionRow]]:
        """All partitions with their offsets."""
        return [(offset, self._row(at)) for at, offset in enumerate(self._offsets)]

    def put(self, offset: int, row: PartitionRow) -> None:
        """Set the partition at `ordinal % 128`."""
        at = bisect_left(self._offsets, offset)
        texts = self._texts
        if at == len(self._offsets) or self._offsets[at] != offset:
            self._offsets.insert(at, offset)
            self._status.insert(at, row.status)
            for numbers, number in zip(self._numbers, row[1:4], strict=True):
                numbers.insert(at, number)
            for column, text in zip(texts, row[4:], strict=True):
                column.insert(at, text)
            return
        self._status[at] = row.status
        seq, changed_seq, at_us = self._numbers
        seq[at], changed_seq[at], at_us[at] = row[1:4]
        for column, text in zip(texts, row[4:], strict=True):
            column.put(at, text)

    def drop(self, offset: int) -> None:
        """Forget the partition at `ordinal % 128`."""
        at = bisect_left(self._offsets, offset)
        if at == len(self._offsets) or self._offsets[at] != offset:
            return
        for column in (self._offsets, self._status, *self._numbers):
            del column[at]
        for texts in self._texts:
            texts.drop(at)

    def encode(self) -> bytes:
        """The block as one row of the database holds it."""
        texts = [column.encode() for column in self._texts]
        header = _HEADER.pack(_FORMAT, len(self._offsets), *map(len, texts))
        return b"".join((header, self._offsets, self._status, *map(_little_endian, self._numbers), *texts))

    @property
    def _texts(self) -> tuple[_Shared | _Texts, ...]:
        """The text columns in the order of a row, and of the layout."""
        return (self._run, self._code, self._data, self._digest, self._version, self._recipe)

    def _row(self, at: int) -> PartitionRow:
        seq, changed_seq, at_us = self._numbers
        texts = self._texts
        return PartitionRow(self._status[at], seq[at], changed_seq[at], at_us[at], *[column.get(at) for column in texts])

    def _decode(self, data: bytes) -> None:
        cut = _Cut(data)
        count = cut.rows
        self._offsets[:] = cut.offsets
        self._status[:] = cut.status
        self._numbers = (_numbers(cut.seq), _numbers(cut.changed_seq), _numbers(cut.at_us))
        self._run, self._code, self._recipe = _Shared(cut.run, count), _Shared(cut.code, count), _Shared(cut.recipe, count)
        self._data, self._digest, self._version = _Texts(cut.data, count), _Texts(cut.digest, count), _Texts(cut.version, count)


def table_of(blocks: Iterable[tuple[int, bytes]]) -> PartitionTable:
    """The table of one asset, from its blocks in order of their number. Costs a few microseconds a block."""
    runs: list[tuple[int, int]] = []
    status: list[bytes] = []
    numbers: tuple[list[bytes], list[bytes], list[bytes]] = ([], [], [])
    known: dict[str, int] = {}
    run, code, recipe = _Joined(known), _Joined(known), _Joined(known)
    cuts: list[_Cut] = []
    starts: list[int] = []
    count = 0
    for block, data in blocks:
        cut = _Cut(data)
        starts.append(count)
        count += cut.rows
        _add_runs(runs, block << SHIFT, cut.offsets)
        status.append(cut.status)
        numbers[0].append(cut.seq)
        numbers[1].append(cut.changed_seq)
        numbers[2].append(cut.at_us)
        run.add(cut.run, cut.rows)
        code.add(cut.code, cut.rows)
        recipe.add(cut.recipe, cut.rows)
        cuts.append(cut)
    seq, changed_seq, at_us = (_numbers(b"".join(parts)) for parts in numbers)
    first = len(known)
    return PartitionTable(
        OrdinalSet(tuple(runs)),
        b"".join(status),
        seq,
        changed_seq,
        at_us,
        run.indexes,
        code.indexes,
        range(first, first + count),
        range(first + count, first + 2 * count),
        range(first + 2 * count, first + 3 * count),
        recipe.indexes,
        _TextsOfBlocks(tuple(known), count, starts, cuts),
    )


class _Cut:
    """The columns of an encoded block, as slices of it."""

    __slots__ = ("at_us", "changed_seq", "code", "data", "digest", "offsets", "recipe", "rows", "run", "seq", "status", "version")

    def __init__(self, data: bytes) -> None:
        form, self.rows, run, code, content, digest, version, recipe = _HEADER.unpack_from(data)
        if form != _FORMAT:
            raise ValueError(f"a block of partition states has format {form}; this version of nbasset knows {_FORMAT}")
        rows = self.rows
        at = _HEADER.size + rows
        self.offsets = data[_HEADER.size : at]
        self.status = data[at : at + rows]
        at += rows
        wide = 8 * rows
        self.seq = data[at : at + wide]
        self.changed_seq = data[at + wide : at + 2 * wide]
        at += 3 * wide
        self.at_us = data[at - wide : at]
        self.run = data[at : at + run]
        at += run
        self.code = data[at : at + code]
        at += code
        self.data = data[at : at + content]
        at += content
        self.digest = data[at : at + digest]
        at += digest
        self.version = data[at : at + version]
        self.recipe = data[at + version : at + version + recipe]


class _Texts:
    """A text for each row. `packed` while all are hexadecimal behind one prefix (or empty), else `plain`."""

    __slots__ = ("count", "packed", "plain", "prefix", "width")

    def __init__(self, data: bytes = b"", count: int = 0) -> None:
        self.count = count
        self.prefix = ""
        self.width = 0
        self.packed: bytearray | None = bytearray()
        self.plain: list[str] = []
        if data and data[0]:
            start = 2 + data[1]
            self.prefix, self.width, self.packed = data[2:start].decode(), data[0], bytearray(data[start:])
        elif data:
            self.packed, self.plain = None, json.loads(data[1:])

    def get(self, at: int) -> str:
        if self.packed is None:
            return self.plain[at]
        return _written_out(self.prefix, self.packed[at * self.width : (at + 1) * self.width])

    def put(self, at: int, text: str) -> None:
        raw = self._pack(text)
        if raw is None or self.packed is None:
            self.plain[at] = text
        else:
            self.packed[at * self.width : (at + 1) * self.width] = raw

    def insert(self, at: int, text: str) -> None:
        raw = self._pack(text)
        if raw is None or self.packed is None:
            self.plain.insert(at, text)
        else:
            self.packed[at * self.width : at * self.width] = raw
        self.count += 1

    def drop(self, at: int) -> None:
        if self.packed is None:
            del self.plain[at]
        else:
            del self.packed[at * self.width : (at + 1) * self.width]
        self.count -= 1

    def encode(self) -> bytes:
        if self.packed is None:
            return b"\x00" + json.dumps(self.plain).encode()
        if not self.width:
            return b""
        prefix = self.prefix.encode()
        return b"".join((bytes((self.width, len(prefix))), prefix, self.packed))

    def _pack(self, text: str) -> bytes | None:
        """The packed form. A text that has none turns the whole column into a list."""
        if self.packed is None:
            return None
        if not text:
            return bytes(self.width)
        if not self.width:
            cut = text.rfind(":") + 1
            if cut < 100 and text[:cut].isascii() and _HEX.match(text, cut):
                self.prefix, self.width = text[:cut], (len(text) - cut) // 2
                self.packed = bytearray(self.count * self.width)
        cut = len(self.prefix)
        if self.width and len(text) == cut + 2 * self.width and text.startswith(self.prefix) and _HEX.match(text, cut):
            raw = bytes.fromhex(text[cut:])
            if any(raw):  # zeros stand for the empty text
                return raw
        self.plain = [self.get(at) for at in range(self.count)]
        self.packed = None
        return None


class _Shared:
    """A text for each row where few are different: each stands once, with an index a row."""

    __slots__ = ("indexes", "texts", "written")

    def __init__(self, data: bytes = b"", count: int = 0) -> None:
        self.written: bytes | None = None
        self.texts: list[str] = []
        self.indexes = bytearray(count)
        if data:
            self.written, indexes = _parted(data)
            self.texts = _listed(self.written)
            if indexes:
                self.indexes[:] = indexes
        elif count:
            self.texts = [""]

    def get(self, at: int) -> str:
        return self.texts[self.indexes[at]]

    def put(self, at: int, text: str) -> None:
        self.indexes[at] = self._index(text)

    def insert(self, at: int, text: str) -> None:
        self.indexes.insert(at, self._index(text))

    def drop(self, at: int) -> None:
        del self.indexes[at]

    def encode(self) -> bytes:
        if self.texts == [""]:
            return b""
        if self.written is None:
            texts = _Texts()
            for text in self.texts:
                texts.insert(texts.count, text)
            written = texts.encode()
            self.written = bytes((len(self.texts),)) + struct.pack("<I", len(written)) + written
        return self.written if len(self.texts) == 1 else self.written + self.indexes

    def _index(self, text: str) -> int:
        try:
            return self.texts.index(text)
        except ValueError:
            self._tidy()
            self.texts.append(text)
            self.written = None
            return len(self.texts) - 1

    def _tidy(self) -> None:
        """Drop texts that no row uses, now and then, so that the indexes stay bytes and the block small."""
        if len(self.texts) < len(self.indexes) + _SPARE_TEXTS:
            return
        kept = {index: at for at, index in enumerate(sorted(set(self.indexes)))}
        self.texts = [self.texts[index] for index in kept]
        self.indexes[:] = bytes(kept[index] for index in self.indexes)


def _parted(data: bytes) -> tuple[bytes, bytes]:
    """The texts and the indexes of an encoded shared column."""
    end = 5 + int.from_bytes(data[1:5], "little")
    return data[:end], data[end:]


def _listed(written: bytes) -> list[str]:
    texts = _Texts(written[5:], written[0])
    return [texts.get(at) for at in range(texts.count)]


class _Joined:
    """A shared column of many blocks as indexes into the texts of the table."""

    __slots__ = ("_known", "_seen", "indexes")

    def __init__(self, known: dict[str, int]) -> None:
        self.indexes = array("I")
        self._known = known
        self._seen: dict[bytes, tuple[int, ...]] = {}

    def add(self, data: bytes, rows: int) -> None:
        written, indexes = _parted(data) if data else (b"", b"")
        here = self._seen.get(written)
        if here is None:
            texts = _listed(written) if written else [""]
            here = self._seen[written] = tuple(self._known.setdefault(text, len(self._known)) for text in texts)
        if indexes:
            self.indexes.extend([here[index] for index in indexes])
        else:
            self.indexes.extend(array("I", here) * rows)


class _TextsOfBlocks(Sequence[str]):
    """Texts of a table: those of shared columns first, then one a row of each of the three others, read from the block when asked for."""

    __slots__ = ("_blocks", "_count", "_shared", "_starts")

    def __init__(self, shared: tuple[str, ...], count: int, starts: list[int], blocks: list[_Cut]) -> None:
        self._shared = shared
        self._count = count
        self._starts = starts
        self._blocks = blocks

    def __len__(self) -> int:
        return len(self._shared) + 3 * self._count

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[str, ...]: ...
    def __getitem__(self, index: int | slice) -> str | tuple[str, ...]:
        if isinstance(index, slice):
            return tuple(self[at] for at in range(*index.indices(len(self))))
        if index < 0:
            index += len(self)
        if 0 <= index < len(self._shared):
            return self._shared[index]
        column, row = divmod(index - len(self._shared), self._count) if self._count else (3, 0)
        if not 0 <= column < 3:
            raise IndexError(f"a table of {self._count} partitions has no text {index}")
        at = bisect_right(self._starts, row) - 1
        block = self._blocks[at]
        return _text_at((block.data, block.digest, block.version)[column], row - self._starts[at])


def _text_at(data: bytes, at: int) -> str:
    """One text of an encoded column."""
    if not data:
        return ""
    width = data[0]
    if not width:
        texts: list[str] = json.loads(data[1:])
        return texts[at]
    start = 2 + data[1]
    raw = data[start + at * width : start + (at + 1) * width]
    return _written_out(data[2:start].decode(), raw)


def _written_out(prefix: str, raw: bytes | bytearray) -> str:
    return prefix + raw.hex() if any(raw) else ""


def _add_runs(runs: list[tuple[int, int]], base: int, offsets: bytes) -> None:
    """Add the ordinals of a block to runs that are in order."""
    first, last = offsets[0], offsets[-1]
    pieces = [(first, last + 1)] if last - first + 1 == len(offsets) else OrdinalSet.of(offsets).runs
    for start, stop in pieces:
        if runs and runs[-1][1] == base + start:
            runs[-1] = (runs[-1][0], base + stop)
        else:
            runs.append((base + start, base + stop))


def _numbers(data: bytes) -> array[int]:
    numbers = array("q")
    numbers.frombytes(data)
    if _IS_BIG:
        numbers.byteswap()
    return numbers


def _little_endian(numbers: array[int]) -> array[int]:
    if not _IS_BIG:
        return numbers
    swapped = numbers[:]
    swapped.byteswap()
    return swapped
