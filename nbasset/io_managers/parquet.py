"""The default I/O manager: every value is a Parquet file that any tool can open.

Stable paths (`paths`), a new file that takes the old one's place in one step (`publishing`), a footer that says which version it is and
what is in it (`parquet_files`). A load compares the version in the footer with the one the record names: if another write came in between,
the wanted version is opened where it is kept; if somebody changed the file by hand, that is said and not served.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from nbasset.errors import ChangedByHand, CorruptData, MissingValue, StorageUnavailable, UnstorableValue
from nbasset.io_managers import parquet_files
from nbasset.io_managers.content import schema_id
from nbasset.io_managers.expected import check_columns
from nbasset.io_managers.frames import ArrowForm, from_arrow, to_arrow
from nbasset.io_managers.parquet_files import Options, Written
from nbasset.io_managers.partitions import load_partitions, missing
from nbasset.io_managers.paths import asset_path, dimensions, op_path
from nbasset.io_managers.profile import Profile
from nbasset.io_managers.protocol import InputContext, OutputContext, Staged, StagingIOManager, plain
from nbasset.io_managers.publishing import Folder, LocalFolder, open_folder, told
from nbasset.io_managers.refusals import STORABLE
from nbasset.io_managers.wanted import wanted
from nbasset.keys import AssetKey, PartitionRef

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_MOST_SEARCHED = 2_000


class ParquetIOManager(StagingIOManager):
    """Keeps tables, records, arrays and plain values as Parquet below `base_dir`: a path, or any address that fsspec knows.

    A consumer's annotation chooses the form: pandas, Polars (also lazy), Arrow (table, stream of batches, dataset), NumPy, records, plain
    values; without one it gets what was stored. Input metadata ``columns`` loads only those. Output metadata ``column_schema`` (a
    `TableSchema`) is checked before anything is written.

    `preview_rows` first rows stand in the footer for people to see; 0 keeps values out of it.

    >>> from tempfile import TemporaryDirectory
    >>> from nbasset import asset, materialize_to_memory
    >>> @asset
    ... def numbers():
    ...     return [3, 1]
    >>> with TemporaryDirectory() as folder:
    ...     result = materialize_to_memory([numbers], resources={"io_manager": ParquetIOManager(folder)})
    ...     result.asset_value("numbers")
    [3, 1]
    """

    says_version = True

    def __init__(
        self,
        base_dir: str | os.PathLike[str] = "warehouse",
        *,
        storage_options: Mapping[str, Any] | None = None,
        compression: str = "snappy",
        preview_rows: int = 10,
        row_group_rows: int | None = None,
    ) -> None:
        self.folder: Folder = open_folder(base_dir, dict(storage_options or {}))
        self._options = Options(compression, preview_rows, row_group_rows)

    def __repr__(self) -> str:
        return f"ParquetIOManager({self.folder.base!r})"

    # -- writing ------------------------------------------------------------------------------------------------------------

    def stage(self, context: OutputContext, obj: Any) -> Staged:
        """Write the value to a durable file that nobody reads yet.

        Raises
        ------
        UnstorableValue
            If the value has no form in Parquet.
        SchemaMismatch
            If its columns are not those the asset declares.
        StorageUnavailable
            If the disk is full, read-only or not there.
        """
        form = to_arrow(obj, label=context.label)
        check_columns(form.rows, plain(context.definition_metadata.get("column_schema")), label=context.label)
        final = self.folder.place(self.relative_path(context))
        place = self.folder.staging_place(context.version_id)
        written = self._write(place, form, context)
        return Staged(
            asset=context.key,
            partition=context.partitions[0] if context.partitions else None,
            staged_uri=place,
            uri=final,
            version_id=context.version_id,
            data_version=context.data_version or written.data_version,
            rows=written.rows,
            size_bytes=self.folder.size(place),
            schema_id=written.schema_id,
            metadata=dict(context.added_metadata),
        )

    def publish(self, staged: Staged, previous: str | None) -> None:
        """Make the staged file the visible one; the superseded one stays readable under its version id."""
        self.folder.publish(staged.staged_uri, staged.uri, staged.version_id, previous=previous, identify=self.version_at)

    def discard(self, staged: Staged) -> None:
        """Remove the staged file."""
        self.folder.discard(staged.staged_uri)

    def stage_version(self, key: AssetKey, partition: PartitionRef | None, version_id: str, *, partitions_def: Any = None) -> Staged:
        """Stage a kept version again, as it was and under its own id: publishing it is a rollback.

        Raises
        ------
        MissingValue
            If the version is no longer kept.
        """
        kept = self.folder.version_place(version_id)
        relative = _path(key, dimensions(partition.key, partitions_def) if partition else None)
        if not self.folder.exists(kept):
            raise MissingValue(
                f"version {version_id} of asset '{key.to_user_string()}' is not kept any more, so it cannot be brought back."
            )
        place = self.folder.staging_place(version_id)
        with closing(self._open(kept)) as file:
            said = parquet_files.footer(file)
            rows, schema = file.metadata.num_rows, file.schema_arrow
        if place != kept:
            with closing(self.folder.open_to_read(kept)) as source, self.folder.writing(place) as target:
                while chunk := source.read(1 << 22):
                    target.write(chunk)
        return Staged(
            asset=key, partition=partition, staged_uri=place, uri=self.folder.place(relative), version_id=version_id,
            data_version=said.get(parquet_files.DATA_VERSION, b"").decode(), rows=rows, size_bytes=self.folder.size(place),
            schema_id=schema_id(schema),
        )  # fmt: skip

    # -- reading ------------------------------------------------------------------------------------------------------------

    def load_input(self, context: InputContext) -> Any:
        """The stored value as the consumer's annotation asks for it.

        Raises
        ------
        MissingValue
            If it was never materialized, or the wanted version is no longer kept.
        ChangedByHand
            If the file is not the one that was recorded.
        CorruptData
            If the file cannot be read.
        """
        if not context.has_asset_partitions:
            return self._load_one(context)
        return load_partitions(context, self._load_one, self._load_table)

    def profile(
        self, key: AssetKey, partition: PartitionRef | None = None, version_id: str | None = None, partitions_def: Any = None
    ) -> Profile:
        """Counts, types, extremes and a preview of a stored value, read from the footer alone.

        A file that nbasset did not write is looked through. `version_id` is None for the current one.
        """
        with self.opened(key, partition, version_id, partitions_def=partitions_def) as file:
            found = parquet_files.profile_of(file)
            return found if found is not None else _profile_of_table(parquet_files.read_table(file), self._options.preview_rows)

    @contextmanager
    def opened(
        self, key: AssetKey, partition: PartitionRef | None = None, version_id: str | None = None, *, partitions_def: Any = None
    ) -> Iterator[pq.ParquetFile]:
        """The file of a stored value, open to read parts of it; `version_id` is None for the current one.

        Raises
        ------
        MissingValue, ChangedByHand, CorruptData
            As `load_input` does.
        """
        context = InputContext(
            key=key,
            partitions=(partition,) if partition else (),
            asset_partitions_def=partitions_def,
            version_ids=(version_id,) if version_id else (),
        )
        with self._opened(context) as file:
            yield file

    def verify(self, context: InputContext) -> str:
        """Read a value in full, compare it with the content hash in its footer, and give that hash.

        Raises
        ------
        CorruptData
            If they differ, or the file cannot be read.
        """
        with self._opened(context) as file:
            expected = parquet_files.footer(file).get(parquet_files.DATA_VERSION, b"").decode()
            found = parquet_files.content_of(file)
        if expected and found != expected:
            raise CorruptData(f"the values of {context.label} are not those that were written: their hash is {found}, not {expected}.")
        return found

    def version_at(self, place: str) -> str | None:
        """The version id in the footer of a file; None when nbasset did not write it, or it is no Parquet file."""
        try:
            with closing(self._open(place)) as file:
                return parquet_files.version_in(file)
        except (CorruptData, FileNotFoundError):
            return None

    def holds(self, place: str, version_id: str, data_version: str) -> bool:
        """Whether the file says that it is this version, and its values have the hash that it names."""
        try:
            with closing(self._open(place)) as file:
                if parquet_files.version_in(file) != version_id:
                    return False
                expected = parquet_files.footer(file).get(parquet_files.DATA_VERSION, b"").decode()
                return not expected or parquet_files.content_of(file) == expected
        except (CorruptData, FileNotFoundError, OSError):
            return False

    def stable_place(self, context: OutputContext | InputContext) -> str:
        """The path of the current file."""
        return self.folder.place(self.relative_path(context))

    def relative_path(self, context: OutputContext | InputContext) -> str:
        """Where the value stands below the base, with ``/``."""
        if not context.has_asset_key:
            return op_path(context.get_identifier())
        if not context.partitions:
            return asset_path(context.asset_key)
        return _path(context.asset_key, dimensions(context.asset_partition_key, context.asset_partitions_def))

    # -- parts --------------------------------------------------------------------------------------------------------------

    def _write(self, place: str, form: ArrowForm, context: OutputContext) -> Written:
        import pyarrow as pa

        footer = {parquet_files.VERSION: context.version_id, parquet_files.RUN: context.run_id}
        if context.has_asset_key:
            footer[parquet_files.ASSET] = context.asset_key.to_user_string()
        if context.partitions:
            footer[parquet_files.PARTITION] = context.asset_partition_key.encode("utf-8", "backslashreplace").decode()
        try:
            with self._sink(place) as sink:
                return parquet_files.write_file(sink, form.rows, value=form.value, footer=footer, options=self._options)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
            raise UnstorableValue(f"{context.label} cannot be stored: {str(error).splitlines()[0]}\n{STORABLE}") from error

    @contextmanager
    def _sink(self, place: str) -> Iterator[Any]:
        """Somewhere for pyarrow to write: its own file for a local path, which costs no trip through Python a page."""
        if not isinstance(self.folder, LocalFolder):
            with self.folder.writing(place) as file:
                yield file
            return
        import pyarrow as pa

        try:
            with told(place):
                with pa.OSFile(place, "wb") as sink:
                    yield sink
                handle = os.open(place, os.O_RDONLY)
                try:
                    os.fsync(handle)
                finally:
                    os.close(handle)
        except BaseException:
            self.folder.discard(place)
            raise

    def _load_one(self, context: InputContext) -> Any:
        if wanted(context.annotation).form == "arrow_reader":
            return self._load_stream(context)
        loaded = self._load_table(context)
        return from_arrow(loaded.rows, loaded.value, context.annotation, label=context.label)

    def _load_table(self, context: InputContext) -> ArrowForm:
        columns = plain(context.definition_metadata.get("columns"))
        columns = columns if isinstance(columns, (list, tuple)) and all(isinstance(name, str) for name in columns) else None
        with self._opened(context, is_whole=True) as file:
            return ArrowForm(parquet_files.read_table(file, columns), parquet_files.value_of(file))

    def _load_stream(self, context: InputContext) -> pa.RecordBatchReader:
        """The batches of the file as it is now: the open file stays the same when another takes its path."""
        file, place = self._find(context)
        with self._corruption_told(place, context):
            return parquet_files.read_batches(file)

    @contextmanager
    def _opened(self, context: InputContext, *, is_whole: bool = False) -> Iterator[pq.ParquetFile]:
        """The file of the wanted version, closed afterwards. Errors that come up while it is read are told, too."""
        file, place = self._find(context, is_whole=is_whole)
        with closing(file), self._corruption_told(place, context):
            yield file

    def _find(self, context: InputContext, *, is_whole: bool = False) -> tuple[pq.ParquetFile, str]:
        """The open file of the wanted version and its place: the stable path if that is it, else where versions are kept.

        `is_whole` says that all of it will be read at once.
        """
        stable = self.folder.place(self.relative_path(context))
        wanted_id = context.version_of(0)
        kept = self.folder.version_place(wanted_id) if wanted_id else None
        there: str | None = None
        trouble: CorruptData | None = None
        is_there = False
        for place in [kept, stable] if kept and not isinstance(self.folder, LocalFolder) else [stable, kept]:
            try:
                file = self._open(place, context, is_whole=is_whole) if place else None
            except FileNotFoundError:
                continue
            except CorruptData as error:
                trouble = trouble or error
                continue
            if file is None:
                continue
            said = parquet_files.version_in(file)
            if wanted_id in (None, said) or place == kept:
                return file, str(place)
            file.close()
            there, is_there = said, True
        if trouble is not None:
            raise trouble
        if not is_there:
            raise missing(context, stable)
        raise _other_version(context, stable, there, wanted_id)

    def _open(self, place: str, context: InputContext | None = None, *, is_whole: bool = False) -> pq.ParquetFile:
        """The Parquet file at a place; the caller closes it."""
        is_local = isinstance(self.folder, LocalFolder)
        source = place if is_local else self.folder.open_to_read(place)
        try:
            with self._corruption_told(place, context):
                return parquet_files.open_file(source, is_fetched=is_whole and not is_local)
        except BaseException:
            if not isinstance(source, str):
                source.close()
            raise

    @contextmanager
    def _corruption_told(self, place: str, context: InputContext | None) -> Iterator[None]:
        import pyarrow as pa

        try:
            with told(place):
                yield
        except (FileNotFoundError, StorageUnavailable):
            raise
        except (pa.ArrowException, OSError, EOFError) as error:
            raise self._corrupt(place, context, error) from error

    def _corrupt(self, place: str, context: InputContext | None, error: Exception) -> CorruptData:
        """The error for a file that cannot be read, with the earlier versions that can."""
        first_line = (str(error).strip().splitlines() or [type(error).__name__])[0]
        text = f"{place} cannot be read as Parquet: {first_line}"
        if context is None or not context.has_asset_key:
            return CorruptData(text)
        key = context.asset_key.to_user_string()
        partition = context.asset_partition_key if context.partitions else None
        earlier = [one for one in self.versions_of(context.asset_key, partition) if self.folder.version_place(one) != place]
        kept = f"Earlier versions that are kept: {', '.join(earlier[:5])}.\n" if earlier else ""
        option = f" -p {partition}" if partition else ""
        return CorruptData(f"{text}\n{kept}Materialize '{key}' again: %asset run {key}{option}.")

    def versions_of(self, key: AssetKey, partition: str | None = None) -> list[str]:
        """Kept versions of one asset or partition, newest first, found by reading footers: for when there are no records to ask."""
        said = key.to_user_string().encode()
        part = None if partition is None else partition.encode("utf-8", "backslashreplace")
        found = []
        newest_first = sorted(self.folder.versions(), key=lambda one: one.modified_us, reverse=True)
        for one in newest_first[:_MOST_SEARCHED]:
            try:
                with closing(self._open(self.folder.version_place(one.version_id))) as file:
                    footer = parquet_files.footer(file)
            except (CorruptData, FileNotFoundError, StorageUnavailable):
                continue
            if footer.get(parquet_files.ASSET) == said and footer.get(parquet_files.PARTITION) == part:
                found.append(one.version_id)
        return found


def _path(key: AssetKey, partition: str | Mapping[str, str] | None) -> str:
    """Every dimension is a folder, the last one too: DuckDB, pyarrow and Spark read names and keys of folders only.

    >>> _path(AssetKey("o"), {"origin": "JFK", "day": "2013-01-01"})
    'o/day=2013-01-01/origin=JFK/part.parquet'
    """
    return asset_path(key, partition, extension="/part.parquet" if isinstance(partition, Mapping) else ".parquet")


def _other_version(context: InputContext, place: str, there: str | None, wanted_id: str | None) -> Exception:
    partition = f", partition '{context.asset_partition_key}'" if context.partitions else ""
    key = context.asset_key.to_user_string() if context.has_asset_key else context.name
    if there is not None:
        return MissingValue(
            f"version {wanted_id} of '{key}'{partition} is not kept any more; {place} holds version {there}.\n"
            "Load it without a version or run, or keep more versions in future (versions_kept in nbasset.toml)."
        )
    option = f" -p {context.asset_partition_key}" if context.partitions else ""
    return ChangedByHand(
        f"{place} was changed by hand: it is not the file that was recorded for '{key}'{partition} as version {wanted_id}.\n"
        f"Make it again: %asset run {key}{option}. To use the changed file, read it by its path."
    )


def _profile_of_table(table: pa.Table, preview_rows: int) -> Profile:
    from nbasset.io_managers.profile import Profiler

    profiler = Profiler(table.schema, preview_rows=preview_rows)
    profiler.update(table)
    return profiler.profile()
