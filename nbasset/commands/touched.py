"""A cheap look at the warehouse: which files are not those that were recorded.

A file whose time is not newer than its record, and whose size is the recorded one, is taken as it is. Only the others are opened: one that
says another version, or none, was changed by hand; one that says the right version is read in full, once, and compared with the hash in its
footer, so that a file that was only touched is none. Only what the built-in Parquet manager keeps on this machine is looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from nbasset.commands.scope import Scope
from nbasset.definitions.catalog import CatalogAsset
from nbasset.definitions.partitions import PartitionsView
from nbasset.errors import CorruptData, MissingValue, StorageUnavailable
from nbasset.events.records import AssetRecord, PartitionTable, Status
from nbasset.io_managers.protocol import InputContext
from nbasset.io_managers.publishing import LocalFolder
from nbasset.keys import AssetKey, PartitionRef
from nbasset.ordinals import OrdinalSet
from nbasset.planning.states import Touched

MOST_FILES = 20_000
_SEEN: dict[str, tuple[tuple[int, int, int], str, bool]] = {}


def touched_files(
    scope: Scope,
    keys: Iterable[AssetKey],
    records: Mapping[AssetKey, AssetRecord],
    tables: Mapping[AssetKey, PartitionTable],
    view: PartitionsView,
    *,
    at_most: int = MOST_FILES,
) -> dict[AssetKey, Touched]:
    """The assets among `keys` with a file that is changed or gone. After `at_most` files no more are looked at."""
    found: dict[AssetKey, Touched] = {}
    given = {**scope.resolved.resources, **scope.resources}
    for key in keys:
        asset = scope.catalog.by_key[key]
        manager_key = asset.spec.io_manager_key
        record = records.get(key)
        if record is None or not asset.is_executable or manager_key in given or manager_key not in ("io_manager", "parquet"):
            continue
        manager = scope.manager("parquet")
        if not isinstance(manager.folder, LocalFolder):
            return {}
        table = tables.get(key)
        if asset.partitions_def is None:
            at_most -= 1
            look = _whole(manager, asset, record)
        elif table is not None:
            at_most -= len(table)
            look = _parts(manager, asset, table, view) if at_most >= 0 else None
        else:
            continue
        if look is not None:
            found[key] = look
        if at_most <= 0:
            break
    return found


def _whole(manager: Any, asset: CatalogAsset, record: AssetRecord) -> Touched | None:
    made = record.materialization
    if made is None or not made.version_id or made.partition is not None:
        return None
    context = InputContext(key=asset.key, version_ids=(made.version_id,))
    place = manager.folder.place(manager.relative_path(context))
    state = _state(manager, place, made.version_id, record.at_us, made.size_bytes, context)
    if state == "same":
        return None
    return Touched(is_changed=state == "changed", is_gone=state == "gone")


def _parts(manager: Any, asset: CatalogAsset, table: PartitionTable, view: PartitionsView) -> Touched | None:
    definition = asset.partitions_def
    assert definition is not None
    rows = {ordinal: row for row, ordinal in enumerate(table.ordinals) if table.status[row] == Status.MATERIALIZED}
    changed: list[int] = []
    gone: list[int] = []
    for ref in definition.refs_of(OrdinalSet.of(rows) & definition.ordinals(view), view.table):
        row = rows[ref.ordinal]
        version = table.texts[table.version_id[row]]
        if not version:
            continue
        context = InputContext(
            key=asset.key, partitions=(PartitionRef(*ref),), asset_partitions_def=definition, version_ids=(version,)
        )  # fmt: skip
        place = manager.folder.place(manager.relative_path(context))
        state = _state(manager, place, version, table.at_us[row], None, context)
        if state != "same":
            (gone if state == "gone" else changed).append(ref.ordinal)
    return Touched(OrdinalSet.of(changed), OrdinalSet.of(gone)) if changed or gone else None


def _state(manager: Any, place: str, version: str, at_us: int, size: int | None, context: InputContext) -> str:
    try:
        found = Path(place).stat()
    except OSError:
        return "gone"
    if found.st_mtime_ns // 1000 <= at_us and size in (None, found.st_size):
        return "same"
    mark = (found.st_ino, found.st_mtime_ns, found.st_size)
    seen = _SEEN.get(place)
    if seen is None or seen[:2] != (mark, version):
        seen = _SEEN[place] = (mark, version, _is_same(manager, place, version, context))
    return "same" if seen[2] else "changed"


def _is_same(manager: Any, place: str, version: str, context: InputContext) -> bool:
    """Whether the file holds what was written under this version."""
    if manager.version_at(place) != version:
        return False
    try:
        manager.verify(context)
    except (CorruptData, MissingValue, StorageUnavailable):
        return False
    return True
