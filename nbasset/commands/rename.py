"""``rename``: an asset goes on under another key. Its files move, its history, its checks and its runs are found by the new key."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from nbasset import clock
from nbasset.arguments.options_time import RenameArguments
from nbasset.commands.managers import manager_of, place_of
from nbasset.commands.scope import Scope, user_name
from nbasset.commands.versions import current_ids, history_of
from nbasset.dataclass import dataclass
from nbasset.definitions.catalog import CatalogAsset
from nbasset.errors import InvalidInvocationError, StorageUnavailable, UnknownAsset, did_you_mean
from nbasset.events.kinds import AssetRenamed
from nbasset.io_managers.publishing import Folder, LocalFolder
from nbasset.keys import AssetKey
from nbasset.serde import Json

_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class RenameResult:
    """What moved. `is_defined` tells whether the code already calls the asset by its new key."""

    old: AssetKey
    new: AssetKey
    files: int = 0
    is_defined: bool = False

    def to_json(self) -> Json:
        """Plain data."""
        return {"old": str(self.old), "new": str(self.new), "files": self.files, "defined": self.is_defined}


def rename(scope: Scope, arguments: RenameArguments) -> RenameResult:
    """Let the asset `old` go on as `new`. The code is yours to change, before or after; earlier versions stay where they are.

    Files get their new names first, lose their old ones last, and the event stands in between: a reader finds them at any time.

    Raises
    ------
    UnknownAsset
        If nothing is recorded of the old key.
    InvalidInvocationError
        If the new key has a history of its own, or a run is making either of them.
    """
    old, new = AssetKey.from_user_string(arguments.asset), AssetKey.from_user_string(arguments.new)
    storage = scope.instance.storage
    _refuse(scope, old, new)
    names = sorted({f"asset/{old}", f"asset/{new}"})
    with storage.lock(names[0], timeout_s=_TIMEOUT_S), storage.lock(names[-1], timeout_s=_TIMEOUT_S):
        moves, folder = _moves(scope, old, new)
        for source, target in moves:
            _second_name(folder, source, target)
        storage.append([AssetRenamed(clock.now_us(), old, new, user_name())], flush=True)
        for source, target in moves:
            if source != target:
                folder.discard(source)
        if isinstance(folder, LocalFolder):
            for parent in {Path(source).parent for source, _ in moves}:
                with suppress(OSError):
                    if str(parent) != folder.base:
                        parent.rmdir()
    return RenameResult(old, new, len(moves), new in scope.catalog.by_key)


def _refuse(scope: Scope, old: AssetKey, new: AssetKey) -> None:
    reader = scope.instance.reader
    records = reader.latest([old, new])
    if old == new:
        raise InvalidInvocationError(f"'{old}' is called that already.")
    if old not in records:
        near = did_you_mean(str(old), map(str, reader.assets())) or "Nothing was ever made of it: just change the name in the code."
        raise UnknownAsset(f"nothing is recorded of asset '{old}'. {near}")
    there = records.get(new)
    if there is not None and there.materialization is not None:
        raise InvalidInvocationError(
            f"'{new}' has a history of its own. Give up one of the two first: drop {new}, or choose another name."
        )  # fmt: skip
    for run in reader.active_runs():
        if {target.asset for target in run.targets} & {old, new}:
            raise InvalidInvocationError(f"run {run.run_id[:8]} is making it now. Wait for its end, or cancel it.")


def _moves(scope: Scope, old: AssetKey, new: AssetKey) -> tuple[list[tuple[str, str]], Any]:
    """Current files with their new places, and the folder they are in; none for what another manager stores in its own way."""
    by_key = scope.catalog.by_key
    asset: CatalogAsset | None = by_key.get(old) or by_key.get(new)
    manager = manager_of(scope, asset.key) if asset is not None else scope.manager("io_manager")
    folder = getattr(manager, "folder", None)
    if folder is None:
        return [], folder
    definition = asset.partitions_def if asset is not None else None
    wanted = {(ordinal, version) for ordinal, version in current_ids(scope.instance.reader, old).items() if version}
    found: list[tuple[str, str]] = []
    for made in history_of(scope.instance.reader, old):
        at = (made.fact.partition.ordinal if made.fact.partition is not None else None, made.fact.version_id)
        if at not in wanted:
            continue
        wanted.discard(at)
        source, target = place_of(manager, made.fact, old, definition), place_of(manager, made.fact, new, definition)
        if source is not None and target is not None and folder.exists(source):
            found.append((source, target))
        if not wanted:
            break
    return found, folder


def _second_name(folder: Folder, source: str, target: str) -> None:
    """Let a file be found under another name as well."""
    if isinstance(folder, LocalFolder):
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError, OSError):
            os.link(source, target)
            return
    if folder.exists(target):
        return
    try:
        with folder.open_to_read(source) as reading, folder.writing(target) as writing:
            while chunk := reading.read(1 << 22):
                writing.write(chunk)
    except FileNotFoundError as error:
        raise StorageUnavailable(f"{source} cannot be copied to {target}: {error}") from error
