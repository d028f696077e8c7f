"""What may be configured for a run: of a job, or of everything that a location makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbasset.commands.scope import Scope
from nbasset.definitions.io_config import asset_schemas
from nbasset.definitions.job import JobDefinition

if TYPE_CHECKING:
    from nbasset.definitions.run_config_schema import RunConfigSchema


def schema_of_job(scope: Scope, job: JobDefinition) -> RunConfigSchema:
    """What may be configured for a run of a job."""
    resolved = scope.resolved
    resources = {**resolved.resources, **scope.resources}
    nodes = {}
    if job.is_asset_job and job.selection is not None:
        made = {resolved.catalog.by_key[key].node for key in job.selection.resolve(resolved.catalog)}
        nodes = asset_schemas(resolved.nodes, made, {**resources, **job.resource_defs})
    return job.run_config_schema(resources, nodes)


def schema_of_assets(scope: Scope) -> RunConfigSchema:
    """What may be configured for a run of any assets of the location."""
    from nbasset.definitions.loggers import logger_schemas
    from nbasset.definitions.resources import resource_schema
    from nbasset.definitions.run_config_schema import RunConfigSchema

    resolved = scope.resolved
    resources = {**resolved.resources, **scope.resources}
    nodes = {asset.node for asset in resolved.catalog.assets if asset.node is not None}
    return RunConfigSchema(
        asset_schemas(resolved.nodes, nodes, resources), {key: resource_schema(one) for key, one in resources.items()},
        logger_schemas(resolved.loggers),
    )  # fmt: skip
