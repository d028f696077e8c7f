"""One Parquet file: written with its own description in the footer, read back as it was.

The footer carries ``nbasset.version`` (which write this is), ``nbasset.asset`` and ``nbasset.partition``, ``nbasset.data_version`` (the
content hash), ``nbasset.profile`` (counts, extremes, a preview) and ``nbasset.value`` (what kind of value it was). Hash and profile of a
large table are worked out in a second thread while the first one writes. Pages carry checksums, so a flipped bit is an error and not a
number.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from nbasset.dataclass import dataclass
from nbasset.errors import SchemaMismatch
from nbasset.io_managers.content import ContentHash, schema_id
from nbasset.io_managers.dictionaries import worth_a_dictionary
from nbasset.io_managers.profile import Profile, Profiler, shortened
from nbasset.serde import Json

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

VERSION, ASSET, PARTITION, RUN = b"nbasset.version", b"nbasset.asset", b"nbasset.partition", b"nbasset.run"
DATA_VERSION, PROFILE, VALUE = b"nbasset.data_version", b"nbasset.profile", b"nbasset.value"
_WORTH_A_THREAD = 2_000_000  # bytes; below it a thread costs more than it saves
_LARGEST_DICTIONARY = 1_000_000  # bytes kept in the footer for the categories of one column


@dataclass(frozen=True, slots=True)
class Written:
    """What was written, known without reading it again."""

    rows: int
    data_version: str
    schema_id: str
    profile: Profile


@dataclass(frozen=True, slots=True)
class Options:
    """How files are written. `row_group_rows` is None for pyarrow's own choice, about a million rows."""

    compression: str = "snappy"
    preview_rows: int = 10
    row_group_rows: int | None = None


def write_file(
    sink: Any, rows: pa.Table | pa.RecordBatchReader, *, value: Mapping[str, Json], footer: Mapping[bytes, str], options: Options
) -> Written:
    """Write a table, or a stream without ever holding all of it, to an open sink.

    `footer` is added to what the file says of itself. The sink is left open; syncing is the caller's part.

    Raises
    ------
    pa.ArrowException
        If a column has a type that Parquet does not know.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = ContentHash(rows.schema)
    is_large = not isinstance(rows, pa.Table) or rows.nbytes >= _WORTH_A_THREAD
    profiler = Profiler(rows.schema, preview_rows=options.preview_rows, text_extremes=not is_large)

    def look(piece: pa.Table) -> None:
        content.update(piece)
        profiler.update(piece)

    if isinstance(rows, pa.Table):
        value = {**value, **_dictionaries(rows)}
    pieces = iter((rows,)) if isinstance(rows, pa.Table) else _of_good_size(rows)
    first = next(pieces, None)
    dictionaries = worth_a_dictionary(first, options.row_group_rows) if first is not None and is_large else True
    with closing(
        pq.ParquetWriter(sink, rows.schema, compression=options.compression, use_dictionary=dictionaries, write_page_checksum=True)
    ) as writer:
        if not is_large:
            writer.write_table(first, options.row_group_rows)
            look(first)
        elif first is not None:
            with ThreadPoolExecutor(1, "nbasset-look") as pool:
                for piece in chain((first,), pieces):
                    looked = pool.submit(look, piece)
                    writer.write_table(piece, options.row_group_rows)
                    looked.result()
        written = Written(profiler.rows, content.digest(), schema_id(rows.schema), profiler.profile())
        texts = {DATA_VERSION: written.data_version, PROFILE: written.profile.to_json(), VALUE: json.dumps(value), **footer}
        writer.add_key_value_metadata({key.decode(): text for key, text in texts.items()})
    return written


def open_file(source: Any, *, is_fetched: bool = False) -> pq.ParquetFile:
    """A Parquet file, opened once: what the footer says and what is read later belong together, whatever happens to the path meanwhile.

    `is_fetched` asks an object store for all that will be read in few requests. What was fetched so is held until the file is closed, which
    is right for reading all of it at once, and wrong for reading it piece by piece.
    """
    import pyarrow.parquet as pq

    return pq.ParquetFile(source, page_checksum_verification=True, pre_buffer=is_fetched)


def footer(file: pq.ParquetFile) -> Mapping[bytes, bytes]:
    """What the file says of itself; empty for a file from elsewhere."""
    return file.metadata.metadata or {}


def version_in(file: pq.ParquetFile) -> str | None:
    """The version id in the footer, or None when somebody else wrote the file."""
    found = footer(file).get(VERSION)
    return found.decode() if found else None


def value_of(file: pq.ParquetFile) -> Mapping[str, Json]:
    """The notes on what kind of value it was."""
    found = footer(file).get(VALUE)
    notes: Mapping[str, Json] = json.loads(found) if found else {"kind": "pandas" if b"pandas" in footer(file) else "arrow"}
    return notes


def profile_of(file: pq.ParquetFile) -> Profile | None:
    """The profile in the footer, or None when somebody else wrote the file.

    Smallest and largest texts of a large table come from the statistics that Parquet keeps itself.
    """
    found = footer(file).get(PROFILE)
    if found is None:
        return None
    profile = Profile.from_json(found)
    if not profile.preview:  # values of rows were not wanted in it
        return profile
    open_ones = {
        column.name for column in profile.columns if column.low is None and column.type == "string" and column.nulls < profile.rows
    }
    extremes = _text_extremes(file, open_ones) if open_ones else {}
    columns = tuple(
        replace(column, low=extremes[column.name][0], high=extremes[column.name][1]) if column.name in extremes else column
        for column in profile.columns
    )
    return replace(profile, columns=columns)


def _text_extremes(file: pq.ParquetFile, names: set[str]) -> dict[str, tuple[str, str]]:
    """Smallest and largest text of each of these columns; a column whose statistics are not complete is left out."""
    metadata = file.metadata
    found: dict[str, tuple[str, str]] = {}
    for at in range(metadata.num_columns):
        name = metadata.schema.column(at).path
        if name not in names:
            continue
        known = [metadata.row_group(group).column(at).statistics for group in range(metadata.num_row_groups)]
        filled = [one for one in known if one is None or one.has_min_max or one.num_values]
        if filled and all(one is not None and one.has_min_max for one in filled):
            found[name] = (shortened(min(str(one.min) for one in filled)), shortened(max(str(one.max) for one in filled)))
    return found


def read_table(file: pq.ParquetFile, columns: Iterable[str] | None = None) -> pa.Table:
    """The whole table, or some columns of it (and those of a pandas index), with the types it was written from.

    Raises
    ------
    SchemaMismatch
        If a column is asked for that is not there.
    """
    restore = _Restoration(file)
    if columns is None:
        return restore(file.read())
    wanted = list(columns)
    known = file.schema_arrow.names
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise SchemaMismatch(f"there is no column {', '.join(map(repr, unknown))}; there are {', '.join(known[:20])}.")
    return restore(file.read(columns=wanted, use_pandas_metadata=True))


def read_batches(file: pq.ParquetFile) -> pa.RecordBatchReader:
    """The table as a stream of batches."""
    import pyarrow as pa

    restore = _Restoration(file)

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in file.iter_batches():
            yield from restore(pa.Table.from_batches([batch])).to_batches()

    return pa.RecordBatchReader.from_batches(restore(file.schema_arrow.empty_table()).schema, batches())


def content_of(file: pq.ParquetFile) -> str:
    """The content hash of what the file holds now, read batch by batch."""
    rows = read_batches(file)
    found = ContentHash(rows.schema)
    for batch in rows:
        found.update(batch)
    return found.digest()


class _Restoration:
    """Puts back what Parquet itself does not keep: seconds, dictionaries of any type with all their values in order, own metadata."""

    def __init__(self, file: pq.ParquetFile) -> None:
        import pyarrow as pa

        encoded = footer(file).get(b"ARROW:schema")
        self._written = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(encoded))) if encoded else None
        self._kept = {name: _decoded(text) for name, text in value_of(file).get("dictionaries", {}).items()}

    def __call__(self, table: pa.Table) -> pa.Table:
        import pyarrow as pa

        if self._written is None:
            return table
        columns, fields = [], []
        for column, field in zip(table.columns, table.schema, strict=True):
            at = self._written.get_field_index(field.name)
            before = self._written.field(at) if at >= 0 else field
            try:
                column = self._as_before(column, before)
                field = before
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError):  # no cast leads back: Parquet's own type it is
                pass
            columns.append(column)
            fields.append(field)
        if not columns:
            return table.replace_schema_metadata(self._written.metadata)
        return pa.Table.from_arrays(columns, schema=pa.schema(fields, self._written.metadata))

    def _as_before(self, column: pa.ChunkedArray, before: pa.Field) -> pa.ChunkedArray:
        import pyarrow.types as t

        if before.name in self._kept:
            return _with_dictionary(column, before.type, self._kept[before.name])
        if column.type == before.type:
            return column
        if t.is_dictionary(before.type) and not t.is_dictionary(column.type):
            column = column.dictionary_encode()
        return column.cast(before.type)


def _with_dictionary(column: pa.ChunkedArray, kind: pa.DataType, values: pa.Array) -> pa.ChunkedArray:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as t

    chunks = []
    for chunk in column.chunks:
        if not t.is_dictionary(chunk.type):
            places = pc.index_in(chunk.cast(kind.value_type), values)
        elif (there := chunk.dictionary.cast(kind.value_type)).equals(values):
            places = chunk.indices
        else:
            places = pc.index_in(there, values).take(chunk.indices)
        chunks.append(pa.DictionaryArray.from_arrays(places.cast(kind.index_type), values, ordered=kind.ordered, safe=False))
    if not chunks:
        chunks = [pa.DictionaryArray.from_arrays(pa.array([], kind.index_type), values, ordered=kind.ordered)]
    return pa.chunked_array(chunks, type=kind)


def _dictionaries(table: pa.Table) -> dict[str, Json]:
    """The values of each dictionary column in order, used or not, as text for the footer."""
    import pyarrow as pa
    import pyarrow.types as t

    kept: dict[str, Json] = {}
    for field in table.schema:
        if not t.is_dictionary(field.type):
            continue
        column = table.column(field.name).unify_dictionaries()
        values = column.chunk(0).dictionary if column.num_chunks else pa.array([], field.type.value_type)
        if values.nbytes > _LARGEST_DICTIONARY:
            continue
        sink = pa.BufferOutputStream()
        batch = pa.record_batch({"values": values})
        with pa.ipc.new_stream(sink, batch.schema) as stream:
            stream.write_batch(batch)
        kept[field.name] = base64.b64encode(sink.getvalue()).decode()
    return {"dictionaries": kept} if kept else {}


def _decoded(text: Json) -> pa.Array:
    import pyarrow as pa

    with pa.ipc.open_stream(base64.b64decode(text)) as stream:
        return stream.read_all().column(0).combine_chunks()


def _of_good_size(rows: pa.RecordBatchReader) -> Iterator[pa.Table]:
    """The rows of a stream, small batches put together: each becomes a row group, and many small ones make a slow file."""
    import pyarrow as pa

    waiting: list[pa.RecordBatch] = []
    count = 0
    for batch in rows:
        waiting.append(batch)
        count += batch.num_rows
        if count >= _ROWS_OF_GROUP:
            yield pa.Table.from_batches(waiting).unify_dictionaries()
            waiting, count = [], 0
    if waiting:
        yield pa.Table.from_batches(waiting).unify_dictionaries()


_ROWS_OF_GROUP = 131_072
