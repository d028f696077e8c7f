"""For tests of pipelines: assets of a notebook as plain functions, contexts, instances that are gone afterwards.

Assets, ops and checks are called like the functions they are made from; `load_notebook` brings those of a notebook without running its
scratch cells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import Any

from nbasset.commands.materialize import materialize_to_memory
from nbasset.definitions.asset import AssetsDefinition
from nbasset.definitions.definitions import Definitions
from nbasset.definitions.job import validate_run_config
from nbasset.definitions.resources_open import build_init_resource_context, build_resources
from nbasset.errors import UnknownAsset, did_you_mean
from nbasset.execution.direct_contexts import build_asset_check_context, build_asset_context, build_op_context
from nbasset.execution.hooks import build_hook_context
from nbasset.instance import Instance, instance_for_test
from nbasset.io_managers.protocol import build_input_context, build_output_context
from nbasset.keys import AssetKey
from nbasset.locations.location import Location
from nbasset.locations.notebook import load_notebook as load_location

__all__ = [
    "Instance",
    "LoadedNotebook",
    "build_asset_check_context",
    "build_asset_context",
    "build_hook_context",
    "build_init_resource_context",
    "build_input_context",
    "build_op_context",
    "build_output_context",
    "build_resources",
    "instance_for_test",
    "load_notebook",
    "materialize_to_memory",
    "validate_run_config",
]


class LoadedNotebook(Mapping[str, Any]):
    """What a notebook defines: assets by key, everything else that its cells bind by name, as attributes or entries.

    An asset is called with values for what it reads: ``notebook.daily_sales(orders=table)``.
    """

    def __init__(self, location: Location) -> None:
        self.location = location
        self._resolved = location.definitions.resolve()

    @property
    def definitions(self) -> Definitions:
        """All of it, to be materialized or put together with fakes."""
        return self.location.definitions

    def asset(self, key: Any) -> AssetsDefinition:
        """The definition that makes an asset.

        Raises
        ------
        UnknownAsset
            If the notebook does not make it; the nearest key is named.
        """
        return self._resolved.maker(AssetKey.from_coercible(key))

    def __getitem__(self, name: str) -> Any:
        for key, maker in self._resolved.makers.items():
            if name in (str(key), key.last):
                return maker
        found = next((one for one in self._resolved.nodes.values() if one.name == name), None)
        if found is None and name in self.location.namespace:
            return self.location.namespace[name]
        if found is None:
            raise KeyError(name)
        return found

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            near = did_you_mean(name, self)
            raise UnknownName(f"{self.location.name} defines no '{name}' that loads without scratch cells. {near}".rstrip()) from None

    def __iter__(self) -> Iterator[str]:
        names = [str(key) for key in self._resolved.makers]
        names += [name for name in self._resolved.nodes if name not in names]
        names += [name for name in self.location.namespace if not name.startswith("_") and name not in names]
        return iter(names)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"LoadedNotebook({self.location.name})"


class UnknownName(UnknownAsset, AttributeError):
    """A name that a notebook does not define."""


def load_notebook(path: str | PathLike[str]) -> LoadedNotebook:
    """The definitions of a notebook, for plain tests; scratch cells do not run.

    Raises
    ------
    LocationError
        If the notebook cannot be loaded.
    ProblemsFound
        If something in it is wrong: the tests would test something else than what runs.
    """
    location = load_location(Path(path).resolve()).check()
    Definitions.validate_loadable(location.definitions)
    return LoadedNotebook(location)
