"""Definitions after resolving: the catalog, and the functions behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any

from nbasset.cached import cached_property
from nbasset.dataclass import dataclass
from nbasset.definitions.asset import AssetsDefinition
from nbasset.definitions.catalog import Catalog
from nbasset.keys import AssetKey


class ResolvedFunctions:
    """The definitions that count, as they are bound to each other; the maps are made when somebody runs or loads one of them."""

    def __init__(self, definitions: Iterable[AssetsDefinition]) -> None:
        self._definitions = tuple(definitions)

    @cached_property
    def by_name(self) -> dict[str, AssetsDefinition]:
        """By the name of the node; a function counts before an external asset of its name."""
        functions = {one.name: one for one in self._definitions if one.node is not None}
        if len(functions) == len(self._definitions):
            return functions
        return {one.name: one for one in self._definitions if one.node is None} | functions

    @cached_property
    def by_key(self) -> dict[AssetKey, AssetsDefinition]:
        """By the asset that is made; of an external definition and a function that makes its asset the function counts."""
        externals = {key: one for one in self._definitions if one.execution == "external" for key in one.keys}
        return externals | {key: one for one in self._definitions if one.execution != "external" for key in one.keys}


@dataclass(frozen=True, eq=False)
class ResolvedDefinitions:
    """Definitions after resolving: the catalog, and the functions behind it by node name."""

    catalog: Catalog
    functions: ResolvedFunctions
    resources: Mapping[str, Any]
    jobs: Mapping[str, Any] = field(default_factory=dict)
    loggers: Mapping[str, Any] = field(default_factory=dict)
    executor: Any = None
    schedules: Mapping[str, Any] = field(default_factory=dict)
    sensors: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def nodes(self) -> Mapping[str, AssetsDefinition]:
        """Assets and checks by the name of their node."""
        return self.functions.by_name

    @cached_property
    def makers(self) -> Mapping[AssetKey, AssetsDefinition]:
        """What makes each asset."""
        return self.functions.by_key

    def definition(self, node: str) -> Any:
        """What the steps of a node belong to: its assets or checks, or the job; None for a node that is not defined here."""
        return self.jobs.get(node.removeprefix("job:")) if node.startswith("job:") else self.nodes.get(node)

    def maker(self, key: AssetKey) -> AssetsDefinition:
        """The definition that makes an asset.

        Raises
        ------
        UnknownAsset
            If nobody does; the nearest key is named.
        """
        self.catalog.asset(key)
        return self.makers[key] if key in self.makers else AssetsDefinition.external(self.catalog.asset(key).spec)
