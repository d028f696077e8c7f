"""What an asset's function wants of another asset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nbasset.keys import AssetKey
from nbasset.metadata import MetadataValue

if TYPE_CHECKING:
    from nbasset.definitions.mappings import PartitionMapping


@dataclass(frozen=True, slots=True)
class AssetInput:
    """What a parameter wants: an asset by explicit `key`, or whatever asset its `name` (below `key_prefix`) finds.

    `annotation` chooses the type it is loaded as.
    """

    name: str
    key: AssetKey | None = None
    key_prefix: tuple[str, ...] = ()
    annotation: Any = None
    value_type: Any = None
    metadata: Mapping[str, MetadataValue] = field(default_factory=dict)
    input_manager_key: str | None = None
    partition_mapping: PartitionMapping | None = None
    has_default: bool = False

    @property
    def missing_allowed(self) -> bool:
        """Whether partitions that are not there are left out (metadata ``allow_missing_partitions``)."""
        found = self.metadata.get("allow_missing_partitions")
        return found is not None and bool(found.value)
