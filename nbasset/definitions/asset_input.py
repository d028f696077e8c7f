"""What an asset's function wants of another asset."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from nbasset.dataclass import NOTHING, dataclass, seldom
from nbasset.definitions.specs import AssetIn
from nbasset.keys import AssetKey
from nbasset.metadata import MetadataValue

if TYPE_CHECKING:
    from nbasset.definitions.mappings import PartitionMapping

NO_DEFAULT: Any = inspect.Parameter.empty


@dataclass(frozen=True, slots=True)
class AssetInput:
    """What a parameter wants: an asset by explicit `key`, or whatever asset its `name` (below `key_prefix`) finds.

    `annotation` chooses the type it is loaded as; `default` is what stands for an asset that is not there, `NO_DEFAULT` for nothing.
    """

    name: str
    annotation: Any = None
    default: Any = seldom(NO_DEFAULT)
    key: AssetKey | None = seldom(None)
    key_prefix: tuple[str, ...] = seldom(())
    value_type: Any = seldom(None)
    metadata: Mapping[str, MetadataValue] = seldom(NOTHING)
    input_manager_key: str | None = seldom(None)
    partition_mapping: PartitionMapping | None = seldom(None)

    @property
    def has_default(self) -> bool:
        """Whether it may stay empty."""
        return self.default is not NO_DEFAULT

    @property
    def missing_allowed(self) -> bool:
        """Whether partitions that are not there are left out (metadata ``allow_missing_partitions``)."""
        found = self.metadata.get("allow_missing_partitions") if self.metadata else None
        return found is not None and bool(found.value)


def plain_input(name: str, annotation: Any, default: Any = NO_DEFAULT) -> AssetInput:
    """The input of a parameter that says no more than its name. Equal ones without a default are one object: an asset has many readers."""
    if default is NO_DEFAULT and (annotation is None or type(annotation) is type):
        return _shared(name, annotation)
    return AssetInput(name, annotation, default)


def input_from(wanted: Any, name: str, annotation: Any, default: Any = NO_DEFAULT) -> AssetInput:
    """The input of a parameter of which `wanted` says more: an `AssetIn`, or the key alone."""
    said = wanted if isinstance(wanted, AssetIn) else AssetIn(key=wanted)
    return AssetInput(
        name, annotation, default, said.key, said.key_prefix, said.value_type, said.metadata, said.input_manager_key, said.partition_mapping
    )


@lru_cache(maxsize=256)
def _shared(name: str, annotation: Any) -> AssetInput:
    return AssetInput(name, annotation)
