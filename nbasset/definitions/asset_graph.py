"""`Definitions.resolve_asset_graph()`: the assets and what they read, as an object to ask."""

from __future__ import annotations

from collections.abc import Iterable

from nbasset.dataclass import dataclass
from nbasset.definitions.catalog import Catalog, CatalogAsset
from nbasset.events.facts import CheckKey
from nbasset.keys import AssetKey


@dataclass(frozen=True, slots=True)
class AssetGraph:
    """Who reads whom among the assets that are defined together.

    >>> from nbasset import AssetKey, Definitions, asset
    >>> @asset
    ... def orders(): ...
    >>> @asset
    ... def total(orders): ...
    >>> graph = Definitions(assets=[orders, total]).resolve_asset_graph()
    >>> graph.get(AssetKey("total")).parent_keys, graph.root_materializable_asset_keys
    ({AssetKey('orders')}, {AssetKey('orders')})
    """

    catalog: Catalog

    def get_all_asset_keys(self) -> set[AssetKey]:
        """Every key, those of assets made elsewhere too."""
        return set(self.catalog.by_key)

    @property
    def materializable_asset_keys(self) -> set[AssetKey]:
        """Those that can be made here."""
        return {asset.key for asset in self.catalog.assets if asset.execution == "materialize"}

    @property
    def executable_asset_keys(self) -> set[AssetKey]:
        """Those that something runs for here: they are made or observed."""
        return {asset.key for asset in self.catalog.assets if asset.is_executable}

    @property
    def external_asset_keys(self) -> set[AssetKey]:
        """Those that are made elsewhere."""
        return self.get_all_asset_keys() - self.materializable_asset_keys

    @property
    def root_materializable_asset_keys(self) -> set[AssetKey]:
        """Those that can be made here and read nothing that can."""
        made = self.materializable_asset_keys
        return {key for key in made if made.isdisjoint(self.catalog.upstream[key])}

    @property
    def asset_check_keys(self) -> set[CheckKey]:
        """Every check."""
        return set(self.catalog.checks_by_key)

    @property
    def all_group_names(self) -> set[str]:
        """Names of the groups."""
        return {asset.spec.group for asset in self.catalog.assets}

    @property
    def toposorted_asset_keys(self) -> list[AssetKey]:
        """Every key, each after those that it reads."""
        return list(self.catalog.order)

    def asset_keys_for_group(self, group_name: str) -> set[AssetKey]:
        """The assets of a group."""
        return {asset.key for asset in self.catalog.assets if asset.spec.group == group_name}

    def has(self, key: AssetKey) -> bool:
        """Whether there is such an asset."""
        return key in self.catalog.by_key

    def get(self, key: AssetKey) -> AssetGraphNode:
        """One asset.

        Raises
        ------
        UnknownAsset
            If there is none of that key; the nearest one is named.
        """
        return AssetGraphNode(self.catalog, self.catalog.asset(key))

    def get_check_keys_for_assets(self, asset_keys: Iterable[AssetKey]) -> set[CheckKey]:
        """The checks of these assets."""
        return {check for key in asset_keys for check in self.catalog.checks_by_asset.get(key, ())}


@dataclass(frozen=True, slots=True)
class AssetGraphNode:
    """One asset of an `AssetGraph`."""

    catalog: Catalog
    asset: CatalogAsset

    @property
    def key(self) -> AssetKey:
        """The asset."""
        return self.asset.key

    @property
    def parent_keys(self) -> set[AssetKey]:
        """What it reads."""
        return set(self.catalog.upstream[self.key])

    @property
    def child_keys(self) -> set[AssetKey]:
        """What reads it."""
        return set(self.catalog.downstream[self.key])

    @property
    def group_name(self) -> str:
        """Its group."""
        return self.asset.spec.group

    @property
    def is_materializable(self) -> bool:
        """Whether it can be made here."""
        return self.asset.execution == "materialize"

    @property
    def is_partitioned(self) -> bool:
        """Whether it has partitions."""
        return self.asset.partitions_def is not None
