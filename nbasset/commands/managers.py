"""The I/O managers of assets, as the verbs meet them that look after files: history, rollback, drop, rename, gc, diff."""

from __future__ import annotations

from typing import Any

from nbasset.commands.scope import Scope
from nbasset.dataclass import dataclass
from nbasset.events.facts import AssetMaterialized
from nbasset.io_managers.protocol import InputContext, StagingIOManager
from nbasset.io_managers.publishing import LocalFolder, RemoteFolder
from nbasset.keys import AssetKey, PartitionRef


def manager_of(scope: Scope, key: AssetKey) -> Any:
    """The I/O manager that stores an asset. One that a resource makes is made, and what is needed for that opened and closed."""
    found = ready_manager(scope, key)
    if found is not None:
        return found
    from nbasset.definitions.resources_open import open_resources

    name = scope.catalog.by_key[key].spec.io_manager_key
    with open_resources(_given(scope, key), [name], needed_by=f"asset '{key}'") as opened:
        return opened[name]


def ready_manager(scope: Scope, key: AssetKey) -> Any:
    """The same where nothing has to be made for it, which may take time and run code of the user's; else None."""
    given, name = _given(scope, key), scope.catalog.by_key[key].spec.io_manager_key
    if name not in given:
        return scope.manager(name)
    return given[name] if hasattr(given[name], "load_input") else None


@dataclass(frozen=True, slots=True)
class Managers:
    """The I/O managers of a location that keep versions in files, and what is to be said of those that could not be made."""

    found: tuple[Any, ...] = ()
    notes: tuple[str, ...] = ()


def managers_in(scope: Scope) -> Managers:
    """Every I/O manager of the location's assets with a folder for versions, each once."""
    found: dict[int, Any] = {}
    notes: dict[str, None] = {}
    asked: set[tuple[str, str]] = set()
    for key in scope.catalog.order:
        asset = scope.catalog.by_key[key]
        if asset.node is None:
            continue
        own = scope.resolved.maker(key).resource_defs
        name = asset.spec.io_manager_key
        which = (asset.node if name in own else "", name)
        if which in asked:
            continue
        asked.add(which)
        try:
            manager = manager_of(scope, key)
        except Exception as error:  # noqa: BLE001 - code of the user's, which may raise anything
            notes[f"I/O manager '{name}' of {scope.location.name or 'these assets'} cannot be made here: {error}"] = None
            continue
        if isinstance(getattr(manager, "folder", None), (LocalFolder, RemoteFolder)):
            found[id(manager)] = manager
    return Managers(tuple(found.values()), tuple(notes))


def _given(scope: Scope, key: AssetKey) -> dict[str, Any]:
    return {**scope.resolved.resources, **scope.resources, **scope.resolved.maker(key).resource_defs}


def place_of(manager: Any, fact: AssetMaterialized, key: AssetKey, partitions_def: Any) -> str | None:
    """Where the current file of an asset or partition stands; None when its manager does not tell."""
    if not isinstance(manager, StagingIOManager) or getattr(manager, "folder", None) is None:
        return None
    partitions = (PartitionRef(*fact.partition),) if fact.partition is not None else ()
    return manager.stable_place(InputContext(key=key, partitions=partitions, asset_partitions_def=partitions_def)) or fact.uri
