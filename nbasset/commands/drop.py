"""``drop``: give up what is recorded of assets, and with ``--data`` what is stored."""

from __future__ import annotations

from collections.abc import Sequence

from nbasset import clock
from nbasset.arguments.options import DropArguments
from nbasset.commands.managers import manager_of, place_of
from nbasset.commands.planning import partitions_of
from nbasset.commands.scope import Scope, user_name
from nbasset.commands.show import one_asset
from nbasset.commands.states import standing
from nbasset.commands.versions import current_ids, fact_of, one_partition
from nbasset.commands.words import counted
from nbasset.dataclass import dataclass
from nbasset.definitions.selection import AssetSelection
from nbasset.events.facts import AssetMaterialized
from nbasset.events.kinds import AssetWiped
from nbasset.instance import Instance
from nbasset.io_managers.protocol import StagingIOManager
from nbasset.keys import AssetKey, PartitionRef
from nbasset.ordinals import OrdinalSet
from nbasset.serde import Json
from nbasset.storage.protocol import Storage

_MOST_NAMES = 5
_LOCK_S = 10.0


@dataclass(frozen=True, slots=True)
class DropResult:
    """What was given up. `files` counts those that were deleted; `kept` names assets whose files nbasset cannot delete.

    `version` is the one that was given up alone.
    """

    keys: tuple[AssetKey, ...]
    partitions: int = 0
    files: int = 0
    kept: tuple[AssetKey, ...] = ()
    version: str = ""

    @property
    def sentence(self) -> str:
        """For people."""
        names = ", ".join(map(str, self.keys)) if len(self.keys) <= _MOST_NAMES else counted(len(self.keys), "asset")
        said = f"{names} dropped"
        if self.partitions:
            said = f"{counted(self.partitions, 'partition')} of {names} dropped"
        if self.version:
            said = f"version {self.version[:8]} of {self.keys[0]} dropped"
        said += f", {counted(self.files, 'file')} deleted"
        return said + (f"; the files of {', '.join(map(str, self.kept))} are kept, nbasset cannot delete them" if self.kept else "")

    def to_json(self) -> Json:
        """Plain data."""
        return {
            "assets": [str(key) for key in self.keys], "partitions": self.partitions, "files": self.files,
            "kept": [str(key) for key in self.kept], "version": self.version or None,
        }  # fmt: skip


def drop(scope: Scope, arguments: DropArguments) -> DropResult:
    """Give up the selected assets, or the named partitions of them. The definitions stay, so they count as never materialized.

    Raises
    ------
    PartitionBusy
        If somebody writes one of them now.
    MissingValue, InvalidInvocationError
        If there is no such version.
    """
    if arguments.version:
        return _drop_version(scope, arguments)
    now = standing(scope)
    catalog = scope.catalog
    keys = tuple(sorted(AssetSelection.from_string(arguments.select).resolve(catalog, status=now.status)))
    given = partitions_of(catalog, frozenset(keys), arguments.partitions.text, now.view)
    storage = scope.instance.storage
    files, partitions, kept = 0, 0, []
    for key in keys:
        if arguments.partitions.text and key not in given:
            continue
        wanted = given.get(key)
        with storage.lock(f"asset/{key}", timeout_s=_LOCK_S):
            if arguments.data:
                deleted = _delete(scope, key, wanted)
                files += deleted or 0
                if deleted is None:
                    kept.append(key)
            _give_up(storage, key, wanted, user_name())
        partitions += len(wanted) if wanted is not None else 0
    return DropResult(keys if not given else tuple(given), partitions, files, tuple(kept))


def give_up_records(instance: Instance, wanted: Sequence[tuple[AssetKey, OrdinalSet | None]], *, by: str = "") -> None:
    """Give up what is recorded of these assets, or of these partitions of them, whether or not anybody defines them still.

    Raises
    ------
    PartitionBusy
        If somebody writes one of them now.
    """
    storage = instance.storage
    for key, partitions in wanted:
        with storage.lock(f"asset/{key}", timeout_s=_LOCK_S):
            _give_up(storage, key, partitions, by or user_name())


def _give_up(storage: Storage, key: AssetKey, partitions: OrdinalSet | None, by: str) -> None:
    storage.append([AssetWiped(clock.now_us(), key, partitions, by=by)], flush=True)


def _drop_version(scope: Scope, arguments: DropArguments) -> DropResult:
    """Give up one version, with its file. If it was the current one, the asset (or partition) counts as never materialized."""
    key = one_asset(scope, arguments.select)
    ref = one_partition(scope, key, arguments.partitions.text)
    fact = fact_of(scope, key, ref.ordinal if ref is not None else None, arguments.version)
    storage = scope.instance.storage
    manager = manager_of(scope, key)
    folder = getattr(manager, "folder", None)
    files = 0
    with storage.lock(f"asset/{key}", timeout_s=_LOCK_S):
        at = ref.ordinal if ref is not None else None
        place = place_of(manager, fact, key, scope.catalog.by_key[key].partitions_def) if folder is not None else None
        if folder is not None and folder.exists(folder.version_place(fact.version_id)):
            folder.remove_version(fact.version_id)
            files += 1
        if folder is not None and place is not None and current_ids(storage, key).get(at) == fact.version_id and folder.exists(place):
            folder.discard(place)
            files += 1
        partitions = OrdinalSet.of([ref.ordinal]) if ref is not None else None
        storage.append([AssetWiped(clock.now_us(), key, partitions, fact.version_id, user_name())], flush=True)
    return DropResult((key,), 1 if ref is not None else 0, files, version=fact.version_id)


def question(scopes: Sequence[Scope], arguments: DropArguments) -> str:
    """What somebody is asked before it is done.

    Raises
    ------
    UnknownAsset
        If there is no such asset: nobody is asked about nothing.
    """
    for scope in scopes:
        AssetSelection.from_string(arguments.select).resolve(scope.catalog, status=lambda key: "")
    of = arguments.select + (f", partitions {arguments.partitions.text}" if arguments.partitions.text else "")
    if arguments.version:
        return f"Give up version {arguments.version} of {of}, with its file?"
    return f"Give up the {'records and files' if arguments.data else 'records'} of {of}?"


def _delete(scope: Scope, key: AssetKey, wanted: OrdinalSet | None) -> int | None:
    """Delete the files of an asset, earlier versions too; how many, None if its I/O manager keeps none that can be deleted."""
    manager = manager_of(scope, key)
    folder = getattr(manager, "folder", None)
    if not isinstance(manager, StagingIOManager) or folder is None:
        return None
    places: set[str] = set()
    versions: set[str] = set()
    before: int | None = None
    while page := scope.instance.reader.materializations(key, None, before=before, limit=500):
        for entry in page:
            for fact in getattr(entry.event, "facts", ()):
                if isinstance(fact, AssetMaterialized) and fact.asset == key and _is_meant(fact.partition, wanted):
                    versions.add(fact.version_id)
                    places.update([fact.uri] if fact.uri and fact.uri.startswith(folder.base) else [])
        before = page[-1].seq
    count = 0
    for place in places:
        if folder.exists(place):
            folder.discard(place)
            count += 1
    for version in versions:
        folder.remove_version(version)
    return count


def _is_meant(partition: PartitionRef | None, wanted: OrdinalSet | None) -> bool:
    return wanted is None or (partition is not None and partition.ordinal in wanted)
