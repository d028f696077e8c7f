"""Resources of the locations: of what kind each is, how it is configured, and who uses it."""

from __future__ import annotations

from typing import Any

from nbasset.api.assets import AssetNode
from nbasset.api.config_types import ConfigType
from nbasset.api.context import ApiContext
from nbasset.api.locations import find_location, no_repository
from nbasset.api.wire import Wire, python_error, typed
from nbasset.api.workspace import LocationSnapshot
from nbasset.commands.asked_resources import ResourceFacts
from nbasset.errors import did_you_mean
from nbasset.keys import AssetKey


class Resource:
    """A resource of a location."""

    typename = "ResourceDetails"
    is_top_level = True

    def __init__(self, context: ApiContext, location: LocationSnapshot, facts: ResourceFacts) -> None:
        self.context = context
        self.location = location
        self.facts = facts
        self.name = facts.name
        self.description = facts.description
        self.resource_type = facts.kind

    @property
    def id(self) -> str:
        return f"{self.location.name}:{self.name}"

    @property
    def config_fields(self) -> list[Wire]:
        """What a run may configure of it."""
        schema = self.facts.json_schema
        return ConfigType(schema, self.name, schema).fields if isinstance(schema, dict) else []

    @property
    def configured_values(self) -> list[Wire]:
        """What its definition configures; secrets are hidden, variables of the environment are told by their names."""
        return [{"key": key, "value": value, "type": "ENV_VAR" if is_name else "VALUE"} for key, value, is_name in self.facts.values]

    @property
    def asset_keys_using(self) -> list[AssetKey]:
        """The assets whose functions need it, or that are stored by it."""
        catalog = self.location.catalog
        needed = {node.name for node in catalog.nodes if any(self.name in step.resources for step in node.steps)}
        return [one.key for one in catalog.assets if one.node in needed or (one.node and one.spec.io_manager_key == self.name)]

    @property
    def job_names_using(self) -> list[str]:
        """The jobs of ops that need it."""
        return [job.name for job in self.location.catalog.jobs if any(self.name in step.resources for step in job.steps)]

    @property
    def schedules_using(self) -> list[str]:
        return [one.name for one in self.location.catalog.schedules if self.name in one.resources]

    @property
    def sensors_using(self) -> list[str]:
        return [one.name for one in self.location.catalog.sensors if self.name in one.resources]


def _resources(parent: Any, info: Any, repository_selector: Wire) -> Wire | None:
    context: ApiContext = info.context
    location = find_location(context, repository_selector)
    if location is None:
        return no_repository(context, repository_selector)
    answer = location.ask("asked_resources:resource_facts")
    if answer.refusal is not None:
        return python_error(answer.refusal)
    return typed("ResourceDetailsList", results=[Resource(context, location, one) for one in answer.value])


def _resource(parent: Any, info: Any, resource_selector: Wire) -> Any:
    found = _resources(parent, info, resource_selector)
    if found is None or found["__typename"] == "PythonError":
        return found
    name, known = resource_selector["resource_name"], {one.name: one for one in found.get("results", ())}
    if name in known:
        return known[name]
    place = resource_selector["repository_location_name"]
    return typed("ResourceNotFoundError", message=f"no resource '{name}' is defined in {place}. {did_you_mean(name, known)}".rstrip())


def _required(parent: AssetNode, info: Any) -> list[Wire]:
    """The resources that the function of an asset needs, and the I/O manager that stores it."""
    node = parent.location.catalog.nodes_by_name.get(parent.asset.node or "")
    if node is None:
        return []
    keys = {*(key for step in node.steps for key in step.resources), parent.spec.io_manager_key}
    return [{"resourceKey": key} for key in sorted(keys)]


RESOLVERS = {
    "Query.allTopLevelResourceDetailsOrError": _resources,
    "Query.topLevelResourceDetailsOrError": _resource,
    "AssetNode.requiredResources": _required,
}
