"""A class to derive from when a file format is all that is missing: write two functions, get paths, partitions, versions and safety.

    class CsvIOManager(UPathIOManager):
        extension = ".csv"

        def dump_to_path(self, context, obj, path):
            obj.to_csv(path, index=False)

        def load_from_path(self, context, path):
            return pd.read_csv(path)

`dump_to_path` writes at a staging path with the same name and ending; the value becomes visible whole, and the one before stays readable.
A format that writes a folder works, too; only there the change takes two steps.
"""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import os
import shutil
from abc import abstractmethod
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeAlias

from nbasset.errors import MissingValue
from nbasset.io_managers.frames import ArrowForm, to_arrow
from nbasset.io_managers.partitions import load_partitions, missing
from nbasset.io_managers.paths import asset_path, dimensions, op_path
from nbasset.io_managers.protocol import InputContext, OutputContext, Staged, StagingIOManager
from nbasset.io_managers.publishing import Folder, LocalFolder, open_folder, told
from nbasset.io_managers.remote_path import RemotePath
from nbasset.keys import AssetKey, PartitionRef
from nbasset.metadata import RawMetadataValue

AnyPath: TypeAlias = Path | RemotePath
_CHUNK = 1 << 20
_TAG = "b1:"


class UPathIOManager(StagingIOManager):
    """Keeps each value at a path made from asset key and partition, below `base_path`: a path or an fsspec address.

    >>> from tempfile import TemporaryDirectory
    >>> from nbasset import asset, materialize_to_memory
    >>> class TextFiles(UPathIOManager):
    ...     extension = ".txt"
    ...     def dump_to_path(self, context, obj, path):
    ...         path.write_text(obj)
    ...     def load_from_path(self, context, path):
    ...         return path.read_text()
    >>> @asset
    ... def greeting():
    ...     return "hello"
    >>> with TemporaryDirectory() as folder:
    ...     materialize_to_memory([greeting], resources={"io_manager": TextFiles(folder)}).asset_value("greeting")
    'hello'
    """

    extension: str | None = None

    def __init__(
        self, base_path: str | os.PathLike[str] | RemotePath = "warehouse", storage_options: Mapping[str, Any] | None = None
    ) -> None:
        self.storage_options = dict(storage_options or {})
        self.folder: Folder = open_folder(str(base_path), self.storage_options)
        self.base_path = self._path(self.folder.base)

    # -- what a class derived from this one writes ----------------------------------------------------------------------------

    @abstractmethod
    def dump_to_path(self, context: OutputContext, obj: Any, path: Any) -> None:
        """Write the value at this path."""

    @abstractmethod
    def load_from_path(self, context: InputContext, path: Any) -> Any:
        """Read the value at this path; `FileNotFoundError` means it was never written. As an ``async def`` it reads several at a time."""

    def get_metadata(self, context: OutputContext, obj: Any) -> dict[str, RawMetadataValue]:
        """Facts to record with the value. None by default; its path is recorded in any case."""
        return {}

    def get_path_for_partition(self, context: OutputContext | InputContext, path: Any, partition: str) -> Any:
        """Where a partition stands below the path of its asset. `partition` is a safe name, ``day=.../origin=...`` for several dimensions.

        The ending is added afterwards.
        """
        return path / partition

    def get_asset_relative_path(self, context: OutputContext | InputContext) -> str:
        """The path of the asset below the base, without ending."""
        return asset_path(context.asset_key, extension="")

    def get_op_output_relative_path(self, context: OutputContext | InputContext) -> str:
        """The path of an op's output below the base, without ending."""
        return op_path(context.get_identifier(), extension="")

    def make_safe_partition_path(self, context: OutputContext | InputContext, partition_path: str) -> str:
        """The name of a partition below its asset. What is given is safe on every file system and reads back; override it for another."""
        return partition_path

    def path_exists(self, path: Any) -> bool:
        """Whether there is something at the path."""
        return bool(path.exists())

    def unlink(self, path: Any) -> None:
        """Remove what is at the path."""
        path.unlink()

    def make_directory(self, path: Any) -> None:
        """Make a folder, and those above it."""
        path.mkdir(parents=True, exist_ok=True)

    def has_output(self, context: OutputContext) -> bool:
        """Whether a value is stored for this output."""
        return self.path_exists(self.path_of(context))

    # -- writing ------------------------------------------------------------------------------------------------------------

    def stage(self, context: OutputContext, obj: Any) -> Staged:
        """Let `dump_to_path` write at a staging path and make that durable.

        Raises
        ------
        StorageUnavailable
            If the disk is full, read-only or not there.
        """
        final = str(self.path_of(context))
        place = self.folder.staging_place(context.version_id, final.rpartition("/")[2])
        try:
            if not isinstance(self.folder, LocalFolder):
                self.make_directory(self._path(place).parent)
            with told(place):
                self.dump_to_path(context, obj, self._path(place))
            if not self.folder.exists(place):
                raise MissingValue(
                    f"{type(self).__name__}.dump_to_path wrote nothing at the path it was given ({place}) for {context.label}."
                )
            self.folder.sync(place)
            context.add_output_metadata({"path": final, **self.get_metadata(context, obj)})
            content = context.data_version or self._content(place)
        except BaseException:
            self.folder.discard(place)
            raise
        return Staged(
            asset=context.key,
            partition=context.partitions[0] if context.partitions else None,
            staged_uri=place,
            uri=final,
            version_id=context.version_id,
            data_version=content,
            size_bytes=self.folder.size(place),
            metadata=dict(context.added_metadata),
        )

    def publish(self, staged: Staged, previous: str | None) -> None:
        """Make the staged file the visible one; the superseded one stays under the id of the version before."""

        def is_published(place: str) -> bool:
            if self.folder.size(place) != staged.size_bytes:
                return False
            return not staged.data_version.startswith(_TAG) or self._content(place) == staged.data_version

        self.folder.publish(
            staged.staged_uri, staged.uri, staged.version_id, previous=previous, identify=lambda _: None, is_published=is_published
        )

    def discard(self, staged: Staged) -> None:
        """Remove the staged file."""
        self.folder.discard(staged.staged_uri)

    def stable_place(self, context: OutputContext | InputContext) -> str:
        """The path of the current value."""
        return str(self.path_of(context))

    def holds(self, place: str, version_id: str, data_version: str) -> bool:
        """Whether the bytes have the hash that was recorded; True when the asset gave a data version of its own."""
        return not data_version.startswith(_TAG) or self._content(place) == data_version

    def load_at(self, context: InputContext, place: str) -> Any:
        """The value at a path of this manager's folder."""
        return self.load_from_path(context, self._path(place))

    def stage_version(self, key: AssetKey, partition: PartitionRef | None, version_id: str, *, partitions_def: Any = None) -> Staged:
        """Stage a kept version again, as it was and under its own id: publishing it is a rollback.

        Raises
        ------
        MissingValue
            If the version is no longer kept.
        """
        context = InputContext(key=key, partitions=(partition,) if partition else (), asset_partitions_def=partitions_def)
        final = self.path_of(context)
        kept = self._kept(version_id, final.name)
        if kept is None:
            raise MissingValue(
                f"version {version_id} of asset '{key.to_user_string()}' is not kept any more, so it cannot be brought back."
            )
        place = self.folder.staging_place(version_id, final.name)
        if place != str(kept):
            _copy(kept, self._path(place))
            self.folder.sync(place)
        return Staged(
            asset=key, partition=partition, staged_uri=place, uri=str(final), version_id=version_id, data_version="",
            size_bytes=self.folder.size(place),
        )  # fmt: skip

    # -- reading ------------------------------------------------------------------------------------------------------------

    def load_input(self, context: InputContext) -> Any:
        """The value, or those of several partitions as the context asks.

        Raises
        ------
        MissingValue
            If it was never stored.
        """
        if not context.has_asset_partitions:
            return self._load_one(context)
        return self.load_partitions(context)

    def load_partitions(self, context: InputContext) -> Any:
        """Several partitions: a dict by key, or one frame when the consumer's annotation asks for one."""
        if inspect.iscoroutinefunction(self.load_from_path) and context.load_as == "dict":
            return awaited(self.load_partitions_async(context))
        return load_partitions(context, self._load_one, self._load_table)

    async def load_partitions_async(self, context: InputContext) -> dict[str, Any]:
        """Several partitions at a time, as a dict by key: for a class whose `load_from_path` is an ``async def``."""
        each = [context.for_partition(at) for at in range(len(context.partitions))]
        found = await asyncio.gather(*(self._load_async(one) for one in each), return_exceptions=True)
        values: dict[str, Any] = {}
        for ref, value in zip(context.partitions, found, strict=True):
            if isinstance(value, MissingValue) and context.missing_allowed:
                continue
            if isinstance(value, BaseException):
                raise value
            values[ref.key] = value
        return values

    def path_of(self, context: OutputContext | InputContext) -> AnyPath:
        """The stable path of the value.

        Raises
        ------
        PathOutsideHome
            If it leads out of the base.
        """
        if not context.has_asset_key:
            found: Any = self.base_path / self.get_op_output_relative_path(context)
        else:
            found = self.base_path / self.get_asset_relative_path(context)
            if context.partitions:
                name = asset_path(context.asset_key, dimensions(context.asset_partition_key, context.asset_partitions_def), extension="")
                below = name.removeprefix(asset_path(context.asset_key, extension="") + "/")
                found = self.get_path_for_partition(context, found, self.make_safe_partition_path(context, below))
        relative = str(found).removeprefix(str(self.base_path)).lstrip("/")
        return self._path(self.folder.place(relative + (self.extension or "")))

    def _load_one(self, context: InputContext) -> Any:
        if inspect.iscoroutinefunction(self.load_from_path):
            return awaited(self._load_async(context))
        path = self._path_to_read(context)
        try:
            with told(str(path)):
                return self.load_from_path(context, path)
        except FileNotFoundError as error:
            raise missing(context, str(path)) from error

    async def _load_async(self, context: InputContext) -> Any:
        path = self._path_to_read(context)
        try:
            with told(str(path)):
                return await self.load_from_path(context, path)
        except FileNotFoundError as error:
            raise missing(context, str(path)) from error

    def _path_to_read(self, context: InputContext) -> AnyPath:
        path = self.path_of(context)
        wanted_id = context.version_of(0)
        return (self._kept(wanted_id, path.name) or path) if wanted_id is not None else path

    def _load_table(self, context: InputContext) -> ArrowForm:
        return to_arrow(self._load_one(context), label=context.label)

    def _kept(self, version_id: str, name: str) -> AnyPath | None:
        """Where an earlier version is kept: under the name of its path, which is another one since the asset was renamed."""
        kept = self.folder.version_place(version_id, name)
        if self.folder.exists(kept):
            return self._path(kept)
        folder = self._path(self.folder.version_place(version_id))
        found: list[AnyPath] = list(folder.iterdir()) if folder.exists() and folder.is_dir() else []
        return found[0] if len(found) == 1 else None

    def _path(self, place: str) -> AnyPath:
        return Path(place) if isinstance(self.folder, LocalFolder) else RemotePath(place, **self.storage_options)

    def _content(self, place: str) -> str:
        """The hash of all bytes that were written, names of files in a folder included."""
        found = hashlib.sha256()
        top = self._path(place)
        for path in _files(top):
            found.update(str(path).removeprefix(str(top)).encode() + b"\0")
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    found.update(chunk)
        return _TAG + found.hexdigest()[:32]


def awaited(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """The result of a coroutine. It runs in a thread with a loop of its own, since this one may have a loop that runs (Jupyter's)."""
    with ThreadPoolExecutor(1, thread_name_prefix="nbasset-load") as pool:
        return pool.submit(asyncio.run, coroutine).result()


def _copy(source: AnyPath, target: AnyPath) -> None:
    """Copy a file, or a folder with all that is in it."""
    if isinstance(source, Path):
        if source.is_dir():
            shutil.copytree(str(source), str(target))
        else:
            shutil.copyfile(str(source), str(target))
        return
    source.fs.copy(str(source), str(target), recursive=source.is_dir())


def _files(path: Any) -> list[Any]:
    if not path.is_dir():
        return [path]
    return [file for below in sorted(path.iterdir(), key=str) for file in _files(below)]
