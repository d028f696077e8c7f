"""A cheap look at the warehouse: which files are not those that were recorded.

A file whose time is not newer than its record, and whose size is the recorded one, is taken as it is. Only the others are opened, by the
I/O manager that wrote them: it reads such a file in full, once, and says whether it holds what was recorded, so that a file that was only
touched is none. Looked at is what staging managers (Parquet, pickle, those derived from `UPathIOManager`) keep on this machine. An object
store would have to be asked file by file over the network, and a manager that stores in its own way tells nothing: there a change by hand
shows when the value is loaded, or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from nbasset.commands.managers import ready_manager
from nbasset.commands.scope import Scope
from nbasset.definitions.catalog import CatalogAsset
from nbasset.definitions.partitions import PartitionsView
from nbasset.errors import CorruptData, MissingValue, StorageUnavailable
from nbasset.events.recipes import recipe_of
from nbasset.events.records import AssetRecord, PartitionTable, Status
from nbasset.io_managers.protocol import InputContext, StagingIOManager
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
    now: dict[str, str] = {}
    for key in keys:
        asset = scope.catalog.by_key[key]
        record = records.get(key)
        if record is None or not asset.is_executable:
            continue
        manager = ready_manager(scope, key)
        if not isinstance(manager, StagingIOManager) or not isinstance(getattr(manager, "folder", None), LocalFolder):
            continue
        name = asset.spec.io_manager_key
        stored_by = now[name] = now.get(name) or scope.io_version(name)
        table = tables.get(key)
        if asset.partitions_def is None:
            at_most -= 1
            look = _whole(manager, asset, record, stored_by)
        elif table is not None:
            at_most -= len(table)
            look = _parts(manager, asset, table, view, stored_by) if at_most >= 0 else None
        else:
            continue
        if look is not None:
            found[key] = look
        if at_most <= 0:
            break
    return found


def _whole(manager: StagingIOManager, asset: CatalogAsset, record: AssetRecord, stored_by: str) -> Touched | None:
    made = record.materialization
    if made is None or not made.version_id or made.partition is not None or made.io_version != stored_by:
        return None
    place = manager.stable_place(InputContext(key=asset.key, definition_metadata=asset.spec.metadata))
    state = _state(manager, place, made.version_id, record.at_us, made.size_bytes, made.data_version) if place is not None else "same"
    if state == "same":
        return None
    return Touched(is_changed=state == "changed", is_gone=state == "gone")


def _parts(manager: StagingIOManager, asset: CatalogAsset, table: PartitionTable, view: PartitionsView, stored_by: str) -> Touched | None:
    definition = asset.partitions_def
    assert definition is not None
    rows = {ordinal: row for row, ordinal in enumerate(table.ordinals) if table.status[row] == Status.MATERIALIZED}
    here = {index for index in set(table.recipe) if recipe_of(table.texts[index]).io == stored_by}
    changed: list[int] = []
    gone: list[int] = []
    for ref in definition.refs_of(OrdinalSet.of(rows) & definition.ordinals(view), view.table):
        row = rows[ref.ordinal]
        version = table.texts[table.version_id[row]]
        if not version or table.recipe[row] not in here:
            continue
        context = InputContext(
            key=asset.key, partitions=(PartitionRef(*ref),), asset_partitions_def=definition, definition_metadata=asset.spec.metadata
        )  # fmt: skip
        place = manager.stable_place(context)
        if place is None:
            return None
        state = _state(manager, place, version, table.at_us[row], None, table.texts[table.data_version[row]])
        if state != "same":
            (gone if state == "gone" else changed).append(ref.ordinal)
    return Touched(OrdinalSet.of(changed), OrdinalSet.of(gone)) if changed or gone else None


def _state(manager: StagingIOManager, place: str, version: str, at_us: int, size: int | None, data_version: str) -> str:
    try:
        found = Path(place).stat()
    except OSError:
        return "gone"
    if found.st_mtime_ns // 1000 <= at_us and size in (None, found.st_size):
        return "same"
    mark = (found.st_ino, found.st_mtime_ns, found.st_size)
    seen = _SEEN.get(place)
    if seen is None or seen[:2] != (mark, version):
        seen = _SEEN[place] = (mark, version, _is_same(manager, place, version, data_version))
    return "same" if seen[2] else "changed"


def _is_same(manager: StagingIOManager, place: str, version: str, data_version: str) -> bool:
    """Whether the file holds what was written under this version."""
    try:
        return manager.holds(place, version, data_version)
    except (CorruptData, MissingValue, StorageUnavailable, OSError):
        return False
