"""Any Python object as a pickle: chosen by hand, for models and other values that are no tables.

Loading a pickle runs code that stands in it. So no other part of nbasset reads these files, and an asset is only kept this way when its
definition says so. A pickle is tied to the versions of the libraries that made it; what shall last belongs in Parquet.

The version id follows the pickle as a line of its own: plain ``pickle.load`` stops before it.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from nbasset.errors import ChangedByHand, CorruptData, InvalidDefinitionError, MissingValue, UnstorableValue, kind_of
from nbasset.io_managers.frames import ArrowForm, to_arrow
from nbasset.io_managers.partitions import load_partitions, missing
from nbasset.io_managers.paths import asset_path, dimensions, op_path
from nbasset.io_managers.protocol import InputContext, OutputContext, Staged, StagingIOManager, plain
from nbasset.io_managers.publishing import Folder, open_folder
from nbasset.metadata import MetadataValue

_MARK = b"\nnbasset "
_LONGEST_LINE = 4_096


class FilesystemIOManager(StagingIOManager):
    """Keeps any object that can be pickled, one file each, below `base_dir`: a path or an fsspec address.

    >>> FilesystemIOManager("models")  # doctest: +ELLIPSIS
    FilesystemIOManager('...models')
    """

    extension = ".pickle"
    says_version = True

    def __init__(self, base_dir: str | os.PathLike[str] = "warehouse", *, storage_options: Mapping[str, Any] | None = None) -> None:
        self.folder: Folder = open_folder(base_dir, dict(storage_options or {}))

    def __repr__(self) -> str:
        return f"FilesystemIOManager({self.folder.base!r})"

    def stage(self, context: OutputContext, obj: Any) -> Staged:
        """Pickle the value to a durable file that nobody reads yet.

        Raises
        ------
        UnstorableValue
            If the value cannot be pickled.
        StorageUnavailable
            If the disk is full, read-only or not there.
        """
        try:
            data = pickle.dumps(obj, protocol=5)
        except (pickle.PicklingError, TypeError, AttributeError, RecursionError) as error:
            raise UnstorableValue(
                f"{context.label} returned {kind_of(obj)}, which cannot be pickled: {error}\n"
                "Objects that hold open files, connections, locks or functions without a name cannot. Return the data they are made from."
            ) from error
        found = _hash(data)
        said = json.dumps({"version": context.version_id, "data_version": found})
        final = self.stable_place(context)
        place = self.folder.staging_place(context.version_id)
        with self.folder.writing(place) as file:
            file.write(data)
            file.write(_MARK + said.encode())
        return Staged(
            asset=context.key,
            partition=context.partitions[0] if context.partitions else None,
            staged_uri=place,
            uri=final,
            version_id=context.version_id,
            data_version=context.data_version or found,
            size_bytes=self.folder.size(place),
            metadata={"path": MetadataValue.path(final), **context.added_metadata},
        )

    def publish(self, staged: Staged, previous: str | None) -> None:
        """Make the staged file the visible one; the superseded one stays under its version id."""
        self.folder.publish(staged.staged_uri, staged.uri, staged.version_id, previous=previous, identify=self._version_at)

    def discard(self, staged: Staged) -> None:
        """Remove the staged file."""
        self.folder.discard(staged.staged_uri)

    def stable_place(self, context: OutputContext | InputContext) -> str:
        """The path of the current pickle."""
        return self.folder.place(self._relative(context))

    def holds(self, place: str, version_id: str, data_version: str) -> bool:
        """Whether the file says that it is this version, and its bytes have the hash that it names. Nothing in it is run."""
        data = self._read(place)
        said = _said(data) if data is not None else {}
        return data is not None and said.get("version") == version_id and said.get("data_version") == _hash(data[: data.rfind(_MARK)])

    def load_input(self, context: InputContext) -> Any:
        """The object that was stored.

        Raises
        ------
        MissingValue
            If it was never stored, or the wanted version is no longer kept.
        CorruptData
            If the file is damaged, or was made by libraries that are not here.
        """
        if not context.has_asset_partitions:
            return self._load_one(context)
        return load_partitions(context, self._load_one, self._load_table)

    def _load_table(self, context: InputContext) -> ArrowForm:
        return to_arrow(self._load_one(context), label=context.label)

    def _load_one(self, context: InputContext) -> Any:
        place = self.stable_place(context)
        wanted_id = context.version_of(0)
        data = self._read(place)
        there = _said(data).get("version") if data is not None else None
        if wanted_id is not None and there != wanted_id:
            kept = self._read(self.folder.version_place(wanted_id))
            if kept is None and data is not None:
                raise _other_version(context, place, there, wanted_id)
            data = kept
        if data is None:
            raise missing(context, place)
        return self._loaded(data, place)

    def load_at(self, context: InputContext, place: str) -> Any:
        """The object in a pickle of this manager's folder."""
        data = self._read(place)
        if data is None:
            raise missing(context, place)
        return self._loaded(data, place)

    def _loaded(self, data: bytes, place: str) -> Any:
        try:
            return pickle.loads(data)  # noqa: S301  # this manager is chosen by hand for this asset, and says so
        except Exception as error:
            raise CorruptData(
                f"{place} cannot be unpickled: {type(error).__name__}: {error}\n"
                "It is damaged, or was made with classes or library versions that are not here. Materialize the asset again."
            ) from error

    def _read(self, place: str) -> bytes | None:
        try:
            with closing(self.folder.open_to_read(place)) as file:
                return bytes(file.read())
        except FileNotFoundError:
            return None

    def _version_at(self, place: str) -> str | None:
        try:
            with closing(self.folder.open_to_read(place)) as file:
                file.seek(max(0, self.folder.size(place) - _LONGEST_LINE))
                return _said(file.read()).get("version")
        except FileNotFoundError:
            return None

    def _relative(self, context: OutputContext | InputContext) -> str:
        if not context.has_asset_key:
            return op_path(context.get_identifier(), extension=self.extension)
        where = dimensions(context.asset_partition_key, context.asset_partitions_def) if context.partitions else None
        return asset_path(context.asset_key, where, extension=self.extension)


class CustomPathIOManager(FilesystemIOManager):
    """The same at paths of one's own: metadata ``path`` of an asset or output says where, below `base_dir`."""

    def _relative(self, context: OutputContext | InputContext) -> str:
        said = context.definition_metadata.get("path")
        if said is None and isinstance(context, InputContext) and context.upstream_output is not None:
            said = context.upstream_output.definition_metadata.get("path")
        if said is None:
            raise InvalidDefinitionError(
                f"{context.label} is stored by custom_path_fs_io_manager, but does not say where. Give it metadata={{'path': 'some/file'}}."
            )
        if not context.partitions:
            return str(plain(said))
        where = dimensions(context.asset_partition_key, context.asset_partitions_def)
        below = asset_path(context.asset_key, where, extension="").removeprefix(asset_path(context.asset_key, extension="") + "/")
        return f"{plain(said)}/{below}"


def _hash(data: bytes) -> str:
    return "p1:" + hashlib.sha256(data).hexdigest()[:32]


def _said(data: bytes) -> dict[str, str]:
    """What the line after the pickle says; nothing for a file from elsewhere."""
    at = data.rfind(_MARK)
    try:
        said: dict[str, str] = json.loads(data[at + len(_MARK) :]) if at >= 0 else {}
    except ValueError:
        return {}
    return said


def _other_version(context: InputContext, place: str, there: str | None, wanted_id: str) -> Exception:
    if there is None:
        return ChangedByHand(f"{place} was changed by hand: it is not the file that was recorded for {context.label} as {wanted_id}.")
    return MissingValue(f"version {wanted_id} of {context.label} is not kept any more; {place} holds version {there}.")
