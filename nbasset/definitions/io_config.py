"""Config that an I/O manager takes for one output or input: ``ops: {clean: {outputs: {result: ...}, inputs: {rows: ...}}}``.

What may be given is said by the manager (``output_config_schema``, ``input_config_schema``), so it depends on the resources of a run.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Literal

from nbasset.definitions.asset import AssetsDefinition
from nbasset.definitions.config_errors import Path
from nbasset.definitions.config_ports import ConfigSchema
from nbasset.definitions.graph_body import GraphBody
from nbasset.definitions.node_config import node_schema
from nbasset.definitions.op import OpDefinition
from nbasset.definitions.run_config_schema import NodeConfigSchema

Section = Literal["outputs", "inputs"]


def io_schema(manager: Any, section: Section) -> ConfigSchema | None:
    """What the definition of an I/O manager lets a run configure of each output, or of each input; None where nothing."""
    schema = getattr(manager, "output_config_schema" if section == "outputs" else "input_config_schema", None)
    return schema if isinstance(schema, ConfigSchema) else None


def takes_io_config(resources: Mapping[str, Any]) -> bool:
    """Whether any resource is an I/O manager with config for single outputs or inputs."""
    return any(io_schema(one, "outputs") is not None or io_schema(one, "inputs") is not None for one in resources.values())


def with_io(
    schemas: Mapping[str, NodeConfigSchema], nodes: Mapping[str, AssetsDefinition | OpDefinition | GraphBody], resources: Mapping[str, Any]
) -> dict[str, NodeConfigSchema]:
    """The schemas of nodes with what the I/O managers among the resources take for their outputs and inputs."""
    return {name: _with_io(schema, nodes[name], resources) if name in nodes else schema for name, schema in schemas.items()}


def asset_schemas(
    nodes: Mapping[str, AssetsDefinition], names: Collection[str | None], resources: Mapping[str, Any]
) -> dict[str, NodeConfigSchema]:
    """What may be configured for the nodes of these names, those that only stand for assets made elsewhere left out."""
    made = {name: one for name, one in nodes.items() if name in names}
    return with_io({name: node_schema(one.node) for name, one in made.items() if one.node is not None}, made, resources)


def io_config(run_config: Mapping[str, Any], handle: str, section: Section, name: str, schema: ConfigSchema) -> Any:
    """The config of one output or input of a step for its run, references read, defaults filled in.

    Raises
    ------
    InvalidConfigError
        With every error at its path.
    """
    entry: Any = {"ops": run_config.get("ops") or {}}
    path: Path = ()
    for part in handle.split("."):
        entry, path = _inside(_inside(entry, "ops"), part), (*path, "ops", part)
    what = "output" if section == "outputs" else "input"
    data = _inside(entry, section).get(name)
    return schema.resolve(data, (*path, section, name), of=f"the config of {what} '{name}' of '{handle}'")


def _inside(entry: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = entry.get(name)
    return found if isinstance(found, Mapping) else {}


def _with_io(schema: NodeConfigSchema, node: AssetsDefinition | OpDefinition | GraphBody, resources: Mapping[str, Any]) -> NodeConfigSchema:
    owner = node if isinstance(node, AssetsDefinition) else None
    given = {**resources, **owner.resource_defs} if owner is not None else resources
    if not takes_io_config(given):
        return schema
    called: Any = owner.node if owner is not None else node
    if isinstance(called, GraphBody):
        inner: dict[str, Any] = {name: call.node for name, call in called.calls.items()}
        return replace(schema, ops=with_io(schema.ops, inner, given))
    if called is None:
        return schema
    outputs = {name: io_schema(given.get(_output_manager(owner, name, out.io_manager_key)), "outputs") for name, out in called.outs.items()}
    inputs = {name: io_schema(given.get(_input_manager(owner, name, one.input_manager_key)), "inputs") for name, one in called.ins.items()}
    return replace(
        schema,
        outputs={name: one for name, one in outputs.items() if one is not None},
        managed={name: one for name, one in inputs.items() if one is not None},
    )


def _output_manager(owner: AssetsDefinition | None, name: str, declared: str) -> str:
    key = owner.keys_by_output.get(name) if owner is not None else None
    return owner.specs_by_key[key].io_manager_key if owner is not None and key is not None else declared


def _input_manager(owner: AssetsDefinition | None, name: str, declared: str | None) -> str:
    wanted = owner.inputs.get(name) if owner is not None else None
    return (wanted.input_manager_key if wanted is not None else None) or declared or ""
