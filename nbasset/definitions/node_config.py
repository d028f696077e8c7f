"""What may be configured for a node, an op or a graph of them, and graph configs opened into those of the ops inside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from nbasset.dataclass import dataclass
from nbasset.definitions.composition import NodeCall
from nbasset.definitions.config_errors import Path
from nbasset.definitions.config_ports import ConfigSchema
from nbasset.definitions.graph_body import GraphBody
from nbasset.definitions.op import In, OpDefinition, is_nothing
from nbasset.definitions.run_config_schema import NodeConfigSchema, RunConfigSchema
from nbasset.definitions.value_types import resolve_type
from nbasset.errors import InvalidConfigError


@dataclass(frozen=True, slots=True)
class Part:
    """The part of a job that runs: paths of its ops, and the inputs of each whose source does not run."""

    ops: frozenset[str]
    cut_off: Mapping[str, frozenset[str]] = field(default_factory=dict)


def node_schema(node: OpDefinition | GraphBody, inputs: Mapping[str, In] | None = None) -> NodeConfigSchema:
    """What may be configured for a node. `inputs` are those of it that nothing is connected to: they may be given values."""
    given = {name: loader_schema(item) for name, item in (inputs or {}).items()}
    if isinstance(node, GraphBody):
        return NodeConfigSchema(None, graph_schemas(node), given, node.config)
    return NodeConfigSchema(ConfigSchema.of(node.config_schema), {}, given)


def graph_schemas(graph: GraphBody, part: Part | None = None, prefix: str = "") -> dict[str, NodeConfigSchema]:
    """The same for each node of a graph, by its name there; with a `part` for the nodes that are in it."""
    found = {}
    for name, call in graph.calls.items():
        path = prefix + name
        inputs = open_inputs(call)
        if part is None:
            found[name] = node_schema(call.node, inputs)
        elif isinstance(call.node, GraphBody):
            inner = graph_schemas(call.node, part, f"{path}.")
            if inner:
                given = {key: loader_schema(item) for key, item in inputs.items()}
                found[name] = NodeConfigSchema(None, inner, given, call.node.config)
        elif path in part.ops:
            cut_off = {key: call.node.ins[key] for key in part.cut_off.get(path, ())}
            found[name] = node_schema(call.node, {**inputs, **cut_off})
    return found


def config_of_part(config: Mapping[str, Any], graph: GraphBody, schemas: Mapping[str, NodeConfigSchema]) -> dict[str, Any]:
    """A run config without the entries of ops that do not run."""
    ops = config.get("ops")
    if not isinstance(ops, Mapping):
        return dict(config)
    return {**config, "ops": {name: entry for name, entry in ops.items() if name in schemas or name not in graph.calls}}


def open_inputs(call: NodeCall) -> dict[str, In]:
    """Inputs of a call that nothing is connected to, and that take a value."""
    return {
        name: item
        for name, item in call.node.ins.items()
        if name not in call.bindings and item.asset_key is None and not is_nothing(item.value_type)
    }


def loader_schema(item: In) -> ConfigSchema | None:
    """The schema of the loader that makes the input's value from config; None where any value is taken as it is."""
    loader = resolve_type(item.value_type).loader if item.value_type is not None else None
    return loader.config_schema if loader is not None else None


def opened_config(schemas: Mapping[str, NodeConfigSchema], ops: Mapping[str, Any], path: Path = ("ops",)) -> dict[str, Any]:
    """The section ``ops`` of a run config with the config of each mapped graph replaced by what its mapping makes for the ops inside.

    References to the environment are read where a mapping needs the value, so the result is never recorded.

    Raises
    ------
    InvalidConfigError
        If a mapping makes config that its ops do not take.
    """
    found = dict(ops)
    for name, schema in schemas.items():
        entry = dict(found.get(name) or {})
        here = (*path, name)
        if schema.mapping is not None:
            made = schema.mapping.nodes(entry.get("config"), (*here, "config"), of=f"graph '{name}'")
            checked = RunConfigSchema(schema.ops).check({"ops": made})
            if checked.errors:
                raise InvalidConfigError(
                    [error.under(here) for error in checked.errors], f"what the config mapping of graph '{name}' made for the ops inside"
                )
            found[name] = {**entry, "ops": opened_config(schema.ops, (checked.data or {}).get("ops") or {}, here)}
        elif schema.ops and _has_mapping(schema):
            found[name] = {**entry, "ops": opened_config(schema.ops, entry.get("ops") or {}, (*here, "ops"))}
    return found


def has_mapping(schemas: Mapping[str, NodeConfigSchema]) -> bool:
    """Whether any graph among them hides config behind a mapping."""
    return any(_has_mapping(schema) for schema in schemas.values())


def _has_mapping(schema: NodeConfigSchema) -> bool:
    return schema.mapping is not None or has_mapping(schema.ops)


def takes_config(node: OpDefinition | GraphBody) -> bool:
    """Whether anything of a node can be configured, inputs left aside; loads nothing of a validator."""
    if isinstance(node, GraphBody):
        return node.config is not None or any(takes_config(call.node) or open_inputs(call) for call in node.calls.values())
    return node.config_schema is not None
