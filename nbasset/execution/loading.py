"""Loading a stored value outside a step: for `load_asset_value`, results of a run, previews."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import Any

from nbasset.definitions.partitions import PartitionsView
from nbasset.definitions.resolved import ResolvedDefinitions
from nbasset.errors import MissingValue
from nbasset.execution.versions_read import VersionsRead
from nbasset.io_managers.protocol import InputContext, OutputContext
from nbasset.io_managers.wanted import load_as
from nbasset.keys import AssetKey, PartitionRef
from nbasset.ordinals import OrdinalSet
from nbasset.storage.protocol import StorageReader


def load_stored(
    definitions: ResolvedDefinitions,
    key: AssetKey,
    *,
    reader: StorageReader,
    view: PartitionsView,
    manager: Callable[[str], Any],
    resources: Mapping[str, Any] | None = None,
    python_type: Any = None,
    partitions: OrdinalSet | None = None,
    refs: Sequence[PartitionRef] | None = None,
    version_ids: Sequence[str] | None = None,
    metadata: Mapping[str, Any] | None = None,
) -> Any:
    """The value of an asset, or of some of its partitions: one is the bare value, several are what `python_type` asks for.

    `refs` are partitions by themselves, which the asset need not have any more (empty: the whole of an asset that had none).
    `version_ids` are earlier versions to load, one a partition in order; without them the newest there are. `manager` gives the built-in
    I/O managers; those among the resources go before it.

    Raises
    ------
    UnknownAsset
        If nobody defines it.
    MissingValue
        If it was never materialized.
    """
    maker = definitions.maker(key)
    spec = maker.get_asset_spec(key)
    versions = VersionsRead(reader, definitions.catalog, view)
    definition = None if refs is not None and not refs else spec.partitions_def
    refs = tuple(refs) if refs is not None else versions.refs(key, partitions)
    ids = tuple(version_ids) if version_ids is not None else _newest(versions, key, refs)
    if not any(ids) and maker.execution != "external" and not _has_unrecorded(reader, key):
        what = f"partition {refs[0].key!r} of asset '{key}'" if len(refs) == 1 else f"asset '{key}'"
        raise MissingValue(f"{what} was never materialized. Run it first: %asset run {key}, or materialize().")
    given = {**definitions.resources, **(resources or {}), **maker.resource_defs}
    with ExitStack() as stack:
        opened: Any = {}
        if spec.io_manager_key in given:
            from nbasset.definitions.resources_open import open_resources

            opened = stack.enter_context(open_resources(given, [spec.io_manager_key], needed_by=f"asset '{key}'"))
        context = InputContext(
            key=key,
            partitions=refs,
            asset_partitions_def=definition,
            run_partition_key=refs[0].key if len(refs) == 1 else None,
            name=key.last,
            definition_metadata={**spec.metadata, **(metadata or {})},
            declared_type=python_type,
            resources=opened,
            upstream_output=OutputContext(
                key=key, partitions=refs, asset_partitions_def=definition, definition_metadata=spec.metadata, resources=opened
            ),
            annotation=python_type,
            load_as=load_as(python_type, several=len(refs) > 1),
            version_ids=ids,
        )
        chosen = opened[spec.io_manager_key] if spec.io_manager_key in given else manager(spec.io_manager_key)
        if version_ids is not None:
            _refuse_lost(chosen, key, set(ids) - set(_newest(versions, key, refs)))
        return chosen.load_input(context)


def _newest(versions: VersionsRead, key: AssetKey, refs: tuple[PartitionRef, ...]) -> tuple[str, ...]:
    found = [versions.current(key, ref.ordinal) for ref in refs] if refs else [versions.current(key, None)]
    return tuple(version[0] if version is not None else "" for version in found)


def _has_unrecorded(reader: StorageReader, key: AssetKey) -> bool:
    """Whether the asset has a materialization whose version nobody noted: an I/O manager that stores by itself."""
    record = reader.latest([key]).get(key)
    return record is not None and record.materialization is not None


def _refuse_lost(manager: Any, key: AssetKey, earlier: Iterable[str]) -> None:
    """Earlier versions that are not kept: a manager whose files do not say which version they are would give the current one instead."""
    if getattr(manager, "says_version", False):
        return
    folder = getattr(manager, "folder", None)
    for version in filter(None, earlier):
        if folder is None:
            raise MissingValue(f"the I/O manager of asset '{key}' keeps no earlier versions, so {version} cannot be loaded.")
        if not folder.exists(folder.version_place(version)):
            raise MissingValue(f"version {version} of asset '{key}' is not kept any more. Those that are: history {key}.")
