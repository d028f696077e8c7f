"""What an interface without the user's code asks the location's process of a job: what may be configured, whether a configuration fits,
and what its ops are called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbasset.commands.job_verbs import job_named
from nbasset.commands.scope import Scope
from nbasset.dataclass import dataclass
from nbasset.definitions.graph_body import GraphBody
from nbasset.definitions.io_config import asset_schemas
from nbasset.definitions.job import JobDefinition
from nbasset.definitions.run_config_schema import RunConfigSchema
from nbasset.definitions.selection import AssetSelection
from nbasset.keys import AssetKey
from nbasset.secrets import looks_secret, mask_data
from nbasset.serde import Json, serializable


@serializable
@dataclass(frozen=True, slots=True)
class JobConfig:
    """A job, or assets of it alone, and a configuration for a run. Without a job all assets are meant, or those that are named."""

    job: str = ""
    assets: tuple[AssetKey, ...] | None = None
    config: Json = None


@serializable
@dataclass(frozen=True, slots=True)
class ConfigFacts:
    """What may be configured: a JSON schema, the least configuration that fits with an example in each place, and the job's own."""

    json_schema: Json
    scaffold: Json
    own: Json


def config_facts(scope: Scope, asked: JobConfig) -> ConfigFacts:
    """What may be configured for a run of a job.

    Raises
    ------
    UnknownJob, UnknownAsset
        If there is none such.
    """
    job = _job(scope, asked.job)
    schema = _schema(scope, job, asked.assets)
    own = job.config_for(None) if job is not None else {}
    return ConfigFacts(without_secrets(schema.json_schema()), schema.scaffold(), without_secrets(own))


def without_secrets(data: Any) -> Any:
    """Data in which texts under names that probably hold a secret are hidden, and in a JSON schema the defaults of such fields.

    >>> without_secrets({"url": "x", "password": "hunter2"})
    {'url': 'x', 'password': '***'}
    >>> without_secrets({"properties": {"api_key": {"type": "string", "default": "abc"}}})
    {'properties': {'api_key': {'type': 'string', 'default': '***'}}}
    """
    return mask_data(_hidden(data))


def _hidden(data: Any) -> Any:
    if isinstance(data, Mapping):
        return {name: _hidden_at(str(name), value) for name, value in data.items()}
    return [_hidden(item) for item in data] if isinstance(data, (list, tuple)) else data


def _hidden_at(name: str, value: Any) -> Any:
    if not looks_secret(name):
        return _hidden(value)
    if isinstance(value, str) and value:
        return "***"
    if isinstance(value, Mapping) and isinstance(value.get("default"), str) and value["default"]:
        return {**value, "default": "***"}
    return _hidden(value)


def check_config(scope: Scope, asked: JobConfig) -> None:
    """Nothing, if the configuration would be accepted; without one, that of the job itself is looked at.

    Raises
    ------
    InvalidConfigError
        With every error at once.
    UnknownJob, UnknownAsset
        If there is none such.
    """
    job = _job(scope, asked.job)
    given: Any = asked.config or None
    schema = _schema(scope, job, asked.assets)
    schema.validate(job.config_for(given) if job is not None else given)


def op_names(scope: Scope, argument: object = None) -> dict[str, dict[str, str]]:
    """The name of the op behind each handle, by job: a call may have another name than what it calls."""
    return {name: dict(_names(job.graph)) for name, job in scope.resolved.jobs.items() if job.graph is not None}


def _names(graph: GraphBody) -> Mapping[str, str]:
    return {path: op.name for path, op in graph.ops()}


def _job(scope: Scope, name: str) -> JobDefinition | None:
    """The job; None for all assets, which no job need stand for."""
    return job_named(scope, name) if name else None


def _schema(scope: Scope, job: JobDefinition | None, assets: tuple[AssetKey, ...] | None) -> RunConfigSchema:
    resolved = scope.resolved
    given = {**resolved.resources, **scope.resources}
    if job is not None and not job.is_asset_job:
        return job.run_config_schema(given)
    own = job.resource_defs if job is not None else {}
    selection = AssetSelection.keys(*assets) if assets is not None else job.selection if job is not None else AssetSelection.all()
    assert selection is not None
    made = {node for key in selection.resolve(resolved.catalog) if (node := resolved.catalog.by_key[key].node) is not None}
    nodes = asset_schemas(resolved.nodes, made, {**given, **own})
    if job is not None:
        return job.run_config_schema(given, nodes)
    return JobDefinition(name="assets", selection=selection).run_config_schema(given, nodes)
