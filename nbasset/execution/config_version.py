"""The version of a node's configuration: what staleness compares. One word a part, ``part=digest``, so that it can tell which part changed.

Parts are ``config`` (of its ops), ``resource.NAME`` for each resource they use, ``parameter.NAME`` for each parameter of the notebook that
its code reads. Secrets count by reference, never by value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbasset.definitions.op import OpDefinition
from nbasset.execution.environment import StepEnvironment
from nbasset.planning.digests import digest_of
from nbasset.serde import Json, dumps

_LENGTH = 16


def config_version(environment: StepEnvironment, run_config: Mapping[str, Json], node: str, parameters: Mapping[str, str]) -> str:
    """The version for a node of the catalog; empty when nothing of it is configured. `parameters` are digests by name."""
    definition = environment.definitions.nodes.get(node)
    inside: Any = definition.node if definition is not None else None
    if not run_config and not parameters and isinstance(inside, OpDefinition) and inside.config_schema is None and not inside.resource_keys:
        return ""  # so it is with most
    parts: dict[str, list[str]] = {}
    given = _given(environment, run_config, node)
    if given:
        parts["config"] = given
    elif getattr(inside, "config_schema", None) is not None:
        parts["config"] = ["defaults"]
    keys: frozenset[str] = getattr(inside, "resource_keys", frozenset())
    if keys and definition is not None:
        from nbasset.definitions.resources_open import resource_digest

        resources = {**environment.definitions.resources, **environment.resources, **definition.resource_defs}
        launched = run_config.get("resources")
        launched = launched if isinstance(launched, Mapping) else {}
        for key in sorted(keys & resources.keys()):
            parts[f"resource.{key}"] = [resource_digest(resources[key]), *([dumps(launched[key])] if key in launched else [])]
    words = [f"{name}={digest_of(texts)[:_LENGTH]}" for name, texts in parts.items()]
    words += [f"parameter.{name}={digest}" for name, digest in sorted(parameters.items())]
    return " ".join(words)


def _given(environment: StepEnvironment, run_config: Mapping[str, Json], node: str) -> list[str]:
    """What a run config says of a node and its steps, as text."""
    ops = run_config.get("ops")
    if not isinstance(ops, Mapping) or not ops:
        return []
    known = environment.definitions.catalog.nodes_by_name.get(node)
    handles = dict.fromkeys([node, *(step.handle for step in known.steps)] if known is not None else [node])
    return [dumps(ops[handle]) for handle in handles if ops.get(handle)]
