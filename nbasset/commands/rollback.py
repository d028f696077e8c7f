"""``rollback``: an earlier version is current again. A new event says so; nothing that was there is destroyed."""

from __future__ import annotations

from typing import Any

from nbasset import clock
from nbasset.arguments.options_time import RollbackArguments
from nbasset.commands.managers import manager_of, place_of
from nbasset.commands.scope import Scope, user_name
from nbasset.commands.show import one_asset
from nbasset.commands.versions import current_ids, fact_of, made_of
from nbasset.commands.words import counted, moment
from nbasset.dataclass import dataclass
from nbasset.definitions.partition_ranges import parse_ranges
from nbasset.errors import InvalidInvocationError, MissingValue, UnknownPartitionError
from nbasset.events.facts import AssetMaterialized
from nbasset.events.kinds import AssetRolledBack
from nbasset.io_managers.protocol import Staged, StagingIOManager
from nbasset.io_managers.publishing import Folder
from nbasset.keys import AssetKey
from nbasset.serde import Json

_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class BroughtBack:
    """One partition (or the asset) with the version that was current before and the one that is now."""

    partition: str | None
    before: str
    now: str
    rows: int | None = None

    def to_json(self) -> Json:
        """Plain data."""
        return {"partition": self.partition, "before": self.before, "now": self.now, "rows": self.rows}


@dataclass(frozen=True, slots=True)
class RollbackResult:
    """What was brought back; `same` are partitions that were at that version already."""

    asset: AssetKey
    done: tuple[BroughtBack, ...]
    same: tuple[str | None, ...] = ()

    def to_json(self) -> Json:
        """Plain data."""
        return {"asset": str(self.asset), "brought_back": [one.to_json() for one in self.done], "unchanged": len(self.same)}


def rollback(scope: Scope, arguments: RollbackArguments) -> RollbackResult:
    """Bring back the version that is named, of the asset or of each partition named. Partitions that are there already stay as they are.

    Raises
    ------
    MissingValue
        If there was no such version, or its file is not kept any more. What was brought back until then stays so.
    InvalidInvocationError
        If partitions must be named, or the asset's I/O manager keeps no versions.
    PartitionBusy
        If somebody writes the asset now.
    """
    key = one_asset(scope, arguments.asset)
    asset = scope.catalog.by_key[key]
    ordinals = _ordinals(scope, key, arguments)
    manager = manager_of(scope, key)
    if not isinstance(manager, StagingIOManager) or getattr(manager, "folder", None) is None:
        raise InvalidInvocationError(f"the I/O manager of '{key}' keeps no earlier versions, so none can be brought back.")
    targets = [fact_of(scope, key, ordinal, arguments.to) for ordinal in ordinals]
    done: list[BroughtBack] = []
    same: list[str | None] = []
    storage = scope.instance.storage
    with storage.lock(f"asset/{key}", timeout_s=_TIMEOUT_S):
        current = current_ids(storage, key)
        for ordinal, fact in zip(ordinals, targets, strict=True):
            name = fact.partition.key if fact.partition is not None else None
            before = current.get(ordinal, "")
            if before == fact.version_id:
                same.append(name)
                continue
            _bring_back(manager, fact, key, asset.partitions_def, before)
            storage.append([AssetRolledBack(clock.now_us(), fact, before, user_name())], flush=True)
            done.append(BroughtBack(name, before, fact.version_id, fact.rows))
    return RollbackResult(key, tuple(done), tuple(same))


def question(scope: Scope, arguments: RollbackArguments) -> str:
    """What somebody is asked before it is done, with what is known of the version.

    Raises
    ------
    MissingValue, InvalidInvocationError
        As `rollback`; so that nobody confirms what cannot be done.
    """
    key = one_asset(scope, arguments.asset)
    ordinals = _ordinals(scope, key, arguments)
    found = [made_of(scope, key, ordinal, arguments.to) for ordinal in ordinals]
    of = f"'{key}'" + (f", {counted(len(ordinals), 'partition')}," if ordinals != [None] else "")
    if len({one.fact.version_id for one in found}) != 1:
        return f"Bring {of} back to how {'they were' if len(found) > 1 else 'it was'} at {arguments.to}?"
    fact = found[0].fact
    rows = f", {counted(fact.rows, 'row')}" if fact.rows is not None else ""
    return f"Make version {fact.version_id[:8]} of {of.rstrip(',')} (made {moment(found[0].at_us)}{rows}) the current one?"


def _ordinals(scope: Scope, key: AssetKey, arguments: RollbackArguments) -> list[int | None]:
    """The partitions that are named; [None] for an asset without any."""
    asset = scope.catalog.by_key[key]
    if asset.partitions_def is not None:
        if not arguments.partitions.text:
            raise InvalidInvocationError(f"asset '{key}' is partitioned: say which partitions to bring back, -p KEY or -s FIRST -e LAST.")
        return list(parse_ranges(arguments.partitions.text, asset.partitions_def, scope.view()))
    if arguments.partitions.text:
        raise UnknownPartitionError(f"asset '{key}' has no partitions, so {arguments.partitions.text!r} names none. Leave -p out.")
    return [None]


def _bring_back(manager: Any, fact: AssetMaterialized, key: AssetKey, partitions_def: Any, before: str) -> None:
    stage = getattr(manager, "stage_version", None)
    if stage is not None:
        staged = stage(key, fact.partition, fact.version_id, partitions_def=partitions_def)
    else:
        staged = _staged(manager.folder, fact, place_of(manager, fact, key, partitions_def), key)
    try:
        manager.publish(staged, before or None)
    except BaseException:
        if not staged.staged_uri.startswith(manager.folder.version_place(fact.version_id)):  # in an object store that is the version itself
            manager.discard(staged)
        raise


def _staged(folder: Folder, fact: AssetMaterialized, place: str | None, key: AssetKey) -> Staged:
    """A kept version staged again, for a manager that knows no better way: its file copied as it is."""
    kept = folder.version_place(fact.version_id)
    if place is None or not folder.exists(kept):
        raise MissingValue(f"version {fact.version_id} of asset '{key}' is not kept any more, so it cannot be brought back.")
    staging = folder.staging_place(fact.version_id)
    if staging != kept:
        with folder.open_to_read(kept) as source, folder.writing(staging) as target:
            while chunk := source.read(1 << 22):
                target.write(chunk)
    return Staged(
        asset=key, partition=fact.partition, staged_uri=staging, uri=place, version_id=fact.version_id, data_version=fact.data_version,
        rows=fact.rows, size_bytes=fact.size_bytes, schema_id=fact.schema_id,
    )  # fmt: skip
