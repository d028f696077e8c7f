"""From what user code tells of an asset to the fact that is recorded."""

from __future__ import annotations

from typing import Any

from nbasset.definitions.partitions import PartitionsDefinition
from nbasset.definitions.results import AssetCheckResult, AssetMaterialization, AssetObservation
from nbasset.errors import InvalidInvocationError, UnknownPartitionError
from nbasset.events.facts import AssetMaterialized, AssetObserved, CheckEvaluated
from nbasset.keys import PartitionRef
from nbasset.ordinals import KeyTable

DATA_VERSION_TAG = "nbasset/data_version"


def reported_fact(
    event: Any, partitions_def: PartitionsDefinition | None, table: KeyTable | None
) -> AssetMaterialized | AssetObserved | CheckEvaluated:
    """The fact of an event; `partitions_def` and `table` give a partition its ordinal.

    Raises
    ------
    InvalidInvocationError
        If it is no event about an asset, or a check result that does not say of which check.
    UnknownPartitionError
        If it names a partition, and how the asset is partitioned is not known.
    """
    if isinstance(event, (AssetMaterialized, AssetObserved, CheckEvaluated)):
        return event
    if isinstance(event, AssetCheckResult):
        if event.key is None:
            raise InvalidInvocationError("a reported check result needs asset_key and check_name, since no check says them here.")
        return CheckEvaluated(event.key, event.passed, event.severity, metadata=event.metadata, description=event.description)
    if not isinstance(event, (AssetMaterialization, AssetObservation)):
        raise InvalidInvocationError(
            f"{event!r:.60} cannot be reported. Give an AssetMaterialization, an AssetObservation or an AssetCheckResult."
        )
    ref = None
    if event.partition is not None:
        if partitions_def is None or table is None:
            raise UnknownPartitionError(
                f"the partition {event.partition!r} of '{event.asset_key}' is told of, but how the asset is partitioned is not known here."
            )
        ref = PartitionRef(event.partition, partitions_def.ordinal_of(event.partition, table))
    kind = AssetMaterialized if isinstance(event, AssetMaterialization) else AssetObserved
    version = event.tags.get(DATA_VERSION_TAG, "")
    return kind(event.asset_key, ref, data_version=version, metadata=event.metadata, tags=event.tags, description=event.description)
