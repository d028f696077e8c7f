"""Loading the stored values of several assets of some definitions, outside a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nbasset.dataclass import dataclass

if TYPE_CHECKING:
    from nbasset.keys import CoercibleToAssetKey


@dataclass(frozen=True, slots=True)
class AssetValueLoader:
    """Loads stored values of the assets of some definitions. Made by `Definitions.get_asset_value_loader`.

    >>> from nbasset import Definitions, Instance, asset, materialize
    >>> @asset
    ... def orders():
    ...     return [1, 2]
    >>> with Instance.ephemeral() as instance:
    ...     _ = materialize([orders], instance=instance)
    ...     with Definitions(assets=[orders]).get_asset_value_loader(instance) as loader:
    ...         loader.load_asset_value("orders")
    [1, 2]
    """

    definitions: Any
    instance: Any

    def load_asset_value(
        self,
        asset_key: CoercibleToAssetKey,
        *,
        python_type: type | None = None,
        partition_key: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Any:
        """The stored value of an asset, or of one partition of it."""
        return self.definitions.load_asset_value(
            asset_key, python_type=python_type, instance=self.instance, partition_key=partition_key, metadata=metadata
        )
