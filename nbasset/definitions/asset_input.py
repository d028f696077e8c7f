"""What an asset's function wants of another asset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from nbasset.dataclass import dataclass
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
        found = self.metadata.get("allow_missing_partitions") if self.metadata else None
        return found is not None and bool(found.value)


def plain_input(name: str, annotation: Any, *, has_default: bool = False) -> AssetInput:
    """The input of a parameter that says no more than its name. Equal ones are one object: an asset has many readers."""
    if annotation is None or type(annotation) is type:
        return _shared(name, annotation, has_default)
    return AssetInput(name, annotation=annotation, has_default=has_default)


@lru_cache(maxsize=1024)
def _shared(name: str, annotation: Any, has_default: bool) -> AssetInput:
    return AssetInput(name, annotation=annotation, has_default=has_default)
