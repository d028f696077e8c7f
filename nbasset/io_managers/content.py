"""What a table *is*, as a short text: the hash of its names, types and values (`data_version`).

Equal tables hash equal however they lie in memory: chunks, slices, dictionary encoding, 32- or 64-bit offsets, views, bytes under nulls
and payloads of NaN do not count; names, logical types with unit and time zone, order of rows and columns, and every value do. Schema
metadata does not count: pandas writes its own version there. Positive and negative zero differ, since ``1 / x`` does.

Columns are fed in blocks of `BLOCK` rows counted from the first, so a stream in any pieces gives the hash of the whole table. The hash is
XXH3 of 128 bits: it runs as fast as memory is read, where SHA-256 would take a fifth of the time of writing the file. It tells changes
apart, not attacks: who can write the data can change it anyway. The tag ``c1:`` names this very procedure.
"""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import pyarrow as pa

TAG = "c1:"
BLOCK = 65_536
_Hash = Any


def data_version(table: pa.Table) -> str:
    """The content hash of a table: ``c1:`` and 32 hexadecimal digits.

    >>> import pyarrow as pa
    >>> data_version(pa.table({"a": [1, None]})) == data_version(pa.table({"a": pa.chunked_array([[1], pa.array([None], "int64")])}))
    True
    """
    content = ContentHash(table.schema)
    content.update(table)
    return content.digest()


def schema_id(schema: pa.Schema) -> str:
    """Names and logical types of columns, in order, as ``s1:`` and 16 hexadecimal digits."""
    text = "\n".join(f"{len(field.name)}:{field.name}:{type_name(field.type)}" for field in schema)
    return "s1:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class ContentHash:
    """The content hash of a table that comes in pieces."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        room = _Room()
        self._columns = [_Column(room) for _ in schema]
        self._rows = 0

    def update(self, rows: pa.Table | pa.RecordBatch) -> None:
        """Take in the next rows."""
        self._rows += rows.num_rows
        for state, column in zip(self._columns, rows.columns, strict=True):
            state.update(column)

    def digest(self) -> str:
        """The hash of all rows so far. Nothing can be added afterwards."""
        top = _new_hash()
        top.update(struct.pack("<qq", self._rows, len(self._columns)))
        for field, state in zip(self._schema, self._columns, strict=True):
            for text in (field.name, type_name(field.type)):
                data = text.encode("utf-8", "surrogatepass")
                top.update(struct.pack("<q", len(data)) + data)
            top.update(state.digest())
        return f"{TAG}{top.hexdigest()}"


class _Column:
    """One column's hash: whole blocks are fed at once, the rest waits for more."""

    def __init__(self, room: _Room) -> None:
        self._into = _Sink(_new_hash(), room)
        self._waiting: list[pa.Array] = []
        self._waiting_rows = 0

    def update(self, column: pa.ChunkedArray | pa.Array) -> None:
        for chunk in getattr(column, "chunks", (column,)):
            at = 0
            while at < len(chunk):
                piece = chunk.slice(at, BLOCK - self._waiting_rows)
                at += len(piece)
                self._waiting.append(piece)
                self._waiting_rows += len(piece)
                if self._waiting_rows == BLOCK:
                    self._feed_waiting()

    def digest(self) -> bytes:
        if self._waiting:
            self._feed_waiting()
        return bytes(self._into.hash.digest())

    def _feed_waiting(self) -> None:
        import pyarrow as pa

        pieces = self._waiting
        _feed(self._into, pieces[0] if len(pieces) == 1 else pa.concat_arrays([_plain(piece) for piece in pieces]))
        self._waiting, self._waiting_rows = [], 0


class _Room:
    """Memory for what is made of one block: fresh pages for each would cost more than hashing them."""

    def __init__(self) -> None:
        self._bytes: Any = None

    def __call__(self, count: int, kind: str) -> Any:
        """Room for so many numbers; what was in it is lost."""
        import numpy as np

        if count > BLOCK:  # what is in lists
            return np.empty(count, kind)
        if self._bytes is None:
            self._bytes = np.empty(BLOCK, "u8")
        return self._bytes.view(kind)[:count]


class _Sink(NamedTuple):
    """Where a block goes."""

    hash: _Hash
    room: _Room

    def update(self, data: Any) -> None:
        self.hash.update(data)


def _new_hash() -> _Hash:
    import xxhash

    return xxhash.xxh3_128()


def type_name(kind: pa.DataType) -> str:
    """A logical type in words: one name for the forms of text, of bytes and of lists; a dictionary is what it holds.

    >>> import pyarrow as pa
    >>> type_name(pa.dictionary(pa.int8(), pa.large_string())), type_name(pa.large_list(pa.field("x", pa.timestamp("ms", "UTC"))))
    ('string', 'list<timestamp[ms, tz=UTC]>')
    """
    import pyarrow.types as t

    if is_extension(kind):
        return f"extension<{kind.extension_name}, {kind}, {type_name(kind.storage_type)}>"
    if t.is_dictionary(kind) or t.is_run_end_encoded(kind):
        return type_name(kind.value_type)
    if t.is_string(kind) or t.is_large_string(kind) or t.is_string_view(kind):
        return "string"
    if t.is_binary(kind) or t.is_large_binary(kind) or t.is_binary_view(kind):
        return "binary"
    if t.is_fixed_size_list(kind):
        return f"list[{kind.list_size}]<{type_name(kind.value_type)}>"
    if _is_any_list(kind):
        return f"list<{type_name(kind.value_type)}>"
    if t.is_map(kind):
        return f"map<{type_name(kind.key_type)}, {type_name(kind.item_type)}>"
    if t.is_struct(kind):
        fields = (kind.field(at) for at in range(kind.num_fields))
        return "struct<" + ", ".join(f"{len(field.name)}:{field.name}: {type_name(field.type)}" for field in fields) + ">"
    return str(kind)


def is_extension(kind: pa.DataType) -> bool:
    """Whether this is an extension type, of Python or of Arrow itself."""
    import pyarrow as pa

    return isinstance(kind, pa.BaseExtensionType)


def _is_any_list(kind: pa.DataType) -> bool:
    import pyarrow.types as t

    return bool(t.is_list(kind) or t.is_large_list(kind) or t.is_list_view(kind) or t.is_large_list_view(kind))


def _plain(array: pa.Array) -> pa.Array:
    """The same values without encodings: dictionaries and runs decoded, views as plain text, extensions as their storage."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as t

    kind = array.type
    if is_extension(kind):
        return _plain(array.storage)
    if t.is_dictionary(kind):
        return _plain(array.dictionary_decode())
    if t.is_run_end_encoded(kind):
        return _plain(pc.run_end_decode(array))
    if t.is_string_view(kind):
        return array.cast(pa.large_string())
    if t.is_binary_view(kind):
        return array.cast(pa.large_binary())
    if t.is_list_view(kind):
        return array.cast(pa.list_(kind.value_type))
    if t.is_large_list_view(kind):
        return array.cast(pa.large_list(kind.value_type))
    return array


def _feed(into: _Sink, array: pa.Array) -> None:
    """Feed one array: its length, where it is null, and its values in a form that depends on nothing else."""
    import pyarrow.types as t

    array = _plain(array)
    kind, rows = array.type, len(array)
    if t.is_null(kind):
        into.update(struct.pack("<q", rows))
        return
    valid = _validity(into, array) if not t.is_union(kind) else None
    if t.is_boolean(kind):
        bits = _bits(array.buffers()[1], array.offset, rows)
        into.update(bits.tobytes() if valid is None else (bits & _packed(valid)).tobytes())
    elif t.is_string(kind) or t.is_large_string(kind) or t.is_binary(kind) or t.is_large_binary(kind):
        _feed_texts(into, array, valid)
    elif t.is_fixed_size_list(kind):
        _feed(into, array.flatten())
    elif _is_any_list(kind):
        _feed_lists(into, array)
    elif t.is_map(kind):
        _feed_map(into, array)
    elif t.is_struct(kind):
        for child in array.flatten():
            _feed(into, child)
    elif t.is_union(kind):
        into.update(repr(array.to_pylist()).encode("utf-8", "surrogatepass"))
    else:
        _feed_fixed(into, array, valid)


def _validity(into: _Sink, array: pa.Array) -> Any:
    """Feed the length and the mask of nulls; the mask as booleans, or None when nothing is null."""
    import numpy as np

    into.update(struct.pack("<qq", len(array), array.null_count))
    if not array.null_count:
        return None
    packed = _bits(array.buffers()[0], array.offset, len(array))
    into.update(packed.tobytes())
    return np.unpackbits(packed, count=len(array), bitorder="little").view(bool)


def valid_rows(array: pa.Array) -> Any:
    """Where an array that has nulls is not null, as booleans."""
    import numpy as np

    return np.unpackbits(_bits(array.buffers()[0], array.offset, len(array)), count=len(array), bitorder="little").view(bool)


def _bits(buffer: Any, offset: int, rows: int) -> Any:
    """`rows` bits from `offset` on, packed from the first byte, the last byte filled with zeros."""
    import numpy as np

    start, stop = offset // 8, (offset + rows + 7) // 8
    raw = np.frombuffer(buffer, np.uint8, stop - start, start) if rows else np.empty(0, np.uint8)
    if offset % 8 == 0 and rows % 8 == 0:
        return raw
    return _packed(np.unpackbits(raw, bitorder="little")[offset % 8 : offset % 8 + rows])


def _packed(flags: Any) -> Any:
    import numpy as np

    return np.packbits(flags, bitorder="little")


def _feed_fixed(into: _Sink, array: pa.Array, valid: Any) -> None:
    import numpy as np
    import pyarrow.types as t

    kind, rows = array.type, len(array)
    width = kind.bit_width // 8
    if not rows or not width:
        return
    raw = np.frombuffer(array.buffers()[1], np.uint8, rows * width, array.offset * width)
    if width not in (1, 2, 4, 8):
        values = raw.reshape(rows, width)
        if valid is not None:
            values = values.copy()
            values[~valid] = 0
        into.update(values)
        return
    values = raw.view(f"i{width}")
    if valid is not None:
        ones = into.room(rows, f"i{width}")
        np.negative(valid.view("i1"), out=ones, dtype=ones.dtype)  # -1 is all bits
        values = np.bitwise_and(values, ones, out=ones)
    if t.is_floating(kind):
        floats = values.view(f"f{width}")
        nans = np.isnan(floats)
        if nans.any():
            values = floats.copy()
            values[nans] = np.nan
    into.update(values)


def _feed_texts(into: _Sink, array: pa.Array, valid: Any) -> None:
    import numpy as np
    import pyarrow.compute as pc

    offsets = _offsets(array)
    if valid is not None and np.diff(offsets)[~valid].any():  # a null may have bytes of its own: leave them out
        array = pc.fill_null(array, b"" if "binary" in str(array.type) else "")
        offsets = _offsets(array)
    first, last = int(offsets[0]), int(offsets[-1])
    into.update(_ends(into.room, offsets))
    if last > first:
        into.update(memoryview(array.buffers()[2])[first:last])


def _offsets(array: pa.Array) -> Any:
    import numpy as np

    width = 8 if "large" in str(array.type)[:6] else 4
    if not len(array):
        return np.zeros(1, np.int64)
    return np.frombuffer(array.buffers()[1], f"i{width}", len(array) + 1, array.offset * width)


def _ends(room: _Room, offsets: Any) -> Any:
    """Where each value ends, counted from the first; in 32 bits when that is enough, which the values decide, not their storage."""
    import numpy as np

    small = int(offsets[-1]) - int(offsets[0]) < 2**32
    return np.subtract(offsets[1:], offsets[0], out=room(len(offsets) - 1, "u4" if small else "u8"), casting="unsafe")


def _feed_lists(into: _Sink, array: pa.Array) -> None:
    import numpy as np
    import pyarrow.compute as pc

    lengths = pc.fill_null(pc.list_value_length(array), 0).to_numpy(zero_copy_only=False)
    into.update(_ends(into.room, np.concatenate(([0], np.cumsum(lengths, dtype=np.int64)))))
    _feed(into, array.flatten())


def _feed_map(into: _Sink, array: pa.Array) -> None:
    import numpy as np
    import pyarrow as pa

    if array.offset or array.null_count:
        array = array.take(pa.array(np.arange(len(array))))
    offsets = array.offsets.to_numpy()
    first, length = int(offsets[0]), int(offsets[-1] - offsets[0])
    into.update(_ends(into.room, offsets))
    _feed(into, array.keys.slice(first, length))
    _feed(into, array.items.slice(first, length))
