"""What an interface without the user's code asks the location's process of resources: of what kind each is, and how it is configured.

Values of secrets stay where they are: a reference to the environment is told as one, and what probably is a secret not at all.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from typing import Any

from nbasset.commands.asked_config import without_secrets
from nbasset.commands.scope import Scope
from nbasset.dataclass import dataclass
from nbasset.secrets import EnvVar
from nbasset.serde import Json, serializable


@serializable
@dataclass(frozen=True, slots=True)
class ResourceFacts:
    """A resource: its class, what that says of itself, a JSON schema of what may be configured, and what is.

    `values` have of each entry its name, its value as JSON text or the name of a variable, and whether it is such a name.
    """

    name: str
    kind: str
    description: str | None = None
    json_schema: Json = None
    values: tuple[tuple[str, str, bool], ...] = ()


def resource_facts(scope: Scope, argument: object = None) -> tuple[ResourceFacts, ...]:
    """The resources of the location, by name."""
    from nbasset.definitions.resources import resource_schema

    found = []
    for name, resource in sorted(scope.resolved.resources.items()):
        schema = resource_schema(resource)
        said = getattr(resource, "description", None) or inspect.getdoc(type(resource)) if _is_own(resource) else None
        told = said if isinstance(said, str) else None
        shape = without_secrets(schema.json_schema()) if schema is not None else None
        found.append(ResourceFacts(name, type(resource).__name__, told, shape, _values(resource)))
    return tuple(found)


def _is_own(resource: object) -> bool:
    """Whether a user wrote its class: what ours say of themselves tells nobody what the resource is for."""
    return not type(resource).__module__.startswith("nbasset.") or bool(getattr(resource, "description", None))


def _values(resource: Any) -> tuple[tuple[str, str, bool], ...]:
    from nbasset.definitions.config_gate import origin_of

    origin = origin_of(resource)
    fields = getattr(resource, "model_fields_set", ())
    given: Mapping[str, Any] = dict(origin.given) if origin is not None else {name: getattr(resource, name) for name in fields}
    found = []
    for name, value in given.items():
        if isinstance(value, EnvVar):
            found.append((name, value.env_var_name, True))
        else:
            shown = without_secrets({name: value})[name]
            found.append((name, json.dumps(shown, default=lambda one: type(one).__name__), False))
    return tuple(found)
