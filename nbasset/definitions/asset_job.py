"""`define_asset_job`: a job that makes a selection of assets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from nbasset.definitions.job import JobDefinition
from nbasset.definitions.partitions import PartitionsDefinition
from nbasset.definitions.policies import RetryPolicy
from nbasset.definitions.selection import AssetSelection
from nbasset.metadata import RawMetadataValue

EPHEMERAL_JOB = "__ephemeral_asset_job__"
"""The job of a run that makes assets without one."""


def define_asset_job(
    name: str,
    selection: Any = None,
    config: Any = None,
    description: str | None = None,
    tags: Mapping[str, Any] | None = None,
    run_tags: Mapping[str, Any] | None = None,
    metadata: Mapping[str, RawMetadataValue] | None = None,
    partitions_def: PartitionsDefinition | None = None,
    executor_def: Any = None,
    hooks: Iterable[Any] | None = None,
    op_retry_policy: RetryPolicy | None = None,
    owners: Iterable[str] | None = None,
    automation_condition: Any = None,
) -> JobDefinition:
    """A job that makes the selected assets, all of them without a selection. Which ones they are depends on what else is defined.

    `selection` is an `AssetSelection`, text (``"group:raw+"``), keys, assets, or a list of these.

    >>> str(define_asset_job("nightly", "group:raw+", tags={"team": "data"}).selection)
    'group:"raw"+'
    """
    return JobDefinition(
        name=name, selection=AssetSelection.all() if selection is None else selection, description=description, config=config, tags=tags,
        run_tags=run_tags, metadata=metadata, partitions_def=partitions_def, executor_def=executor_def, hooks=hooks,
        op_retry_policy=op_retry_policy, owners=owners, automation_condition=automation_condition,
    )  # fmt: skip
