"""Assets and nodes of a catalog, put together from checked definitions when somebody first asks for them.

Most functions read other assets by their names alone. What the catalog says of these is in their definitions already, so nothing is kept
of them until then; for the others the resolver found out which asset fills which input (`Sources`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from nbasset.definitions.asset import AssetsDefinition
from nbasset.definitions.asset_input import AssetInput
from nbasset.definitions.catalog import CatalogAsset, CatalogDep, CatalogNode, NodeInput, NodeOutput, NodeStep
from nbasset.definitions.graph_body import GraphBody
from nbasset.definitions.graph_steps import asset_steps
from nbasset.definitions.op import OpDefinition
from nbasset.definitions.results import DEFAULT_OUTPUT
from nbasset.keys import AssetKey

Sources: TypeAlias = Mapping[str, Mapping[str, AssetKey | None]]
"""The asset that fills each input, by the name of the definition; one that reads by names alone is not among them."""


def assets_of(entries: Sequence[AssetsDefinition | CatalogAsset]) -> list[CatalogAsset]:
    """The assets, of which those that read by names alone come as definitions. Those who read an asset in one way share the edge."""
    edges: dict[str, CatalogDep] = {}
    found = []
    for entry in entries:
        if isinstance(entry, CatalogAsset):
            found.append(entry)
            continue
        spec, deps = entry.said, []
        assert not isinstance(spec, tuple)
        for item in entry.takes:
            edge = edges.get(item.name)
            if edge is None:
                edge = edges[item.name] = CatalogDep(AssetKey(item.name), item.name)
            deps.append(edge)
        found.append(CatalogAsset(spec, tuple(deps), entry.name, DEFAULT_OUTPUT, entry.execution, entry.place))
    return found


def nodes_of(definitions: Iterable[AssetsDefinition], sources: Sources, places: Mapping[str | None, str | None]) -> list[CatalogNode]:
    """The nodes of the definitions that run. Those who read an asset by its name alone share the input; `places` are those of assets, which
    their nodes share.
    """
    known: dict[int, NodeInput] = {}
    return [
        _node(one, one.node, sources.get(one.name), known, places.get(one.name) or one.place) for one in definitions if one.node is not None
    ]


def _node(
    definition: AssetsDefinition,
    node: OpDefinition | GraphBody,
    sources: Mapping[str, AssetKey | None] | None,
    known: dict[int, NodeInput],
    place: str | None,
) -> CatalogNode:
    if isinstance(node, OpDefinition):
        steps: tuple[NodeStep, ...] = (_op_step(definition, node, sources, known),)
    else:
        steps = asset_steps(definition, node, sources or {})
    kind: Any = "observe" if definition.execution == "observe" else "compute" if definition.said else "check"
    return CatalogNode(
        definition.name,
        steps,
        definition.keys,
        definition.check_keys if definition.check_specs_by_output else (),
        kind,
        definition.can_subset,
        definition.partitions_def,
        definition.backfill_policy,
        place,
    )


def _op_step(
    definition: AssetsDefinition, op: OpDefinition, sources: Mapping[str, AssetKey | None] | None, known: dict[int, NodeInput]
) -> NodeStep:
    inputs = []
    for item in definition.takes:
        found = known.get(id(item)) if sources is None else _input(sources[item.name], item)
        if found is None:
            found = known[id(item)] = _input(AssetKey(item.name), item)
        inputs.append(found)
    outputs = []
    for output, made in definition.keys_by_output.items():
        spec = definition.spec_of(made) or definition.get_asset_spec(made)
        outputs.append(NodeOutput(output, made, None, not spec.skippable, False, spec.io_manager_key))
    for output, check in definition.check_specs_by_output.items():
        outputs.append(NodeOutput(output, None, check.key, False))
    return NodeStep(
        definition.name, tuple(inputs), tuple(outputs), op.retry_policy, op.pool, op.tags, op.resource_keys, op.config_schema is not None
    )


def _input(key: AssetKey | None, item: AssetInput) -> NodeInput:
    if key is None:
        return NodeInput(item.name, "default")
    return NodeInput(item.name, "asset", key, (), item.partition_mapping, item.input_manager_key, missing_allowed=item.missing_allowed)
