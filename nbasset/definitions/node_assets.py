"""Assets that are the outputs of an op or a graph: their specs, keys and inputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from nbasset.definitions.asset_input import AssetInput
from nbasset.definitions.graph_body import GraphBody
from nbasset.definitions.hooks import checked_hooks
from nbasset.definitions.op import OpDefinition, is_nothing
from nbasset.definitions.partitions import PartitionsDefinition
from nbasset.definitions.policies import BackfillPolicy, RetryPolicy
from nbasset.definitions.results import DEFAULT_OUTPUT
from nbasset.definitions.specs import AssetCheckSpec, AssetSpec, parts_of
from nbasset.errors import InvalidDefinitionError, did_you_mean
from nbasset.keys import AssetKey


def arguments_of(
    node: Any,
    *,
    keys_by_input_name: Mapping[str, Any] | None = None,
    keys_by_output_name: Mapping[str, Any] | None = None,
    key_prefix: str | Sequence[str] | None = None,
    internal_asset_deps: Mapping[str, set[AssetKey]] | None = None,
    partitions_def: PartitionsDefinition | None = None,
    partition_mappings: Mapping[str, Any] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    group_name: str | None = None,
    metadata_by_output_name: Mapping[str, Mapping[str, Any]] | None = None,
    tags_by_output_name: Mapping[str, Mapping[str, str]] | None = None,
    descriptions_by_output_name: Mapping[str, str] | None = None,
    can_subset: bool = False,
    automation_conditions_by_output_name: Mapping[str, Any] | None = None,
    backfill_policy: BackfillPolicy | None = None,
    owners_by_output_name: Mapping[str, Sequence[str]] | None = None,
    code_versions_by_output_name: Mapping[str, str] | None = None,
    check_specs: Iterable[AssetCheckSpec] | None = None,
) -> dict[str, Any]:
    """How the outputs of an op or a graph are assets, as arguments of `AssetsDefinition`: what its `from_op` and `from_graph` use.

    The only output is named after the node, several after the outputs, unless `keys_by_output_name` says otherwise.
    """
    what = f"{'op' if isinstance(node, OpDefinition) else 'graph'} '{node.name}'"
    check_known(keys_by_input_name, node.ins, what, "input")
    outputs = list(node.outs)
    for given in (keys_by_output_name, metadata_by_output_name, tags_by_output_name, descriptions_by_output_name):
        check_known(given, node.outs, what, "output")
    if not outputs:
        raise InvalidDefinitionError(f"{what} has no output, so there is nothing to be an asset.")
    specs = {}
    for output in outputs:
        key = (keys_by_output_name or {}).get(output)
        own = AssetKey.from_coercible(key) if key is not None else AssetKey(node.name if outputs == [DEFAULT_OUTPUT] else output)
        out = node.outs[output]
        specs[output] = AssetSpec(
            own.with_prefix(parts_of(key_prefix)) if key_prefix else own,
            description=(descriptions_by_output_name or {}).get(output) or out.description or node.description,
            metadata={**out.metadata, **(metadata_by_output_name or {}).get(output, {})},
            skippable=not out.is_required,
            group_name=group_name,
            code_version=(code_versions_by_output_name or {}).get(output) or out.code_version or getattr(node, "code_version", None),
            automation_condition=(automation_conditions_by_output_name or {}).get(output),
            owners=(owners_by_output_name or {}).get(output),
            tags=(tags_by_output_name or {}).get(output),
            partitions_def=partitions_def,
            io_manager_key=out.io_manager_key,
        )
    inputs = {}
    for name, item in node.ins.items():
        if is_nothing(item.value_type) and name not in (keys_by_input_name or {}):
            continue
        key = (keys_by_input_name or {}).get(name, item.asset_key)
        inputs[name] = AssetInput(
            name, item.value_type, item.default_value, None if key is None else AssetKey.from_coercible(key),
            input_manager_key=item.input_manager_key, partition_mapping=(partition_mappings or {}).get(name),
        )  # fmt: skip
    checks = checks_by_output(check_specs, {spec.key for spec in specs.values()}, what)
    made = arguments(
        node, specs, inputs, checks, hooks=None, retry_policy=None, partitions_def=partitions_def, backfill_policy=backfill_policy,
        resource_defs=resource_defs,
    )  # fmt: skip
    internal = {specs[output].key: frozenset(keys) for output, keys in (internal_asset_deps or {}).items()}
    name = next(iter(specs.values())).key.to_python_identifier() if keys_by_output_name or key_prefix else node.name
    return {**made, "name": name, "can_subset": can_subset, "internal_deps": internal}


def arguments(
    node: OpDefinition | GraphBody,
    specs: Mapping[str, AssetSpec],
    inputs: Mapping[str, AssetInput],
    checks: Mapping[str, AssetCheckSpec],
    *,
    hooks: Iterable[Any] | None,
    retry_policy: RetryPolicy | None,
    partitions_def: PartitionsDefinition | None,
    backfill_policy: BackfillPolicy | None,
    resource_defs: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Arguments of `AssetsDefinition` for assets that are outputs of a node; hooks and retries go to the steps of a graph."""
    if len({spec.key for spec in specs.values()}) < len(specs):
        raise InvalidDefinitionError(f"'{node.name}' names one asset key twice.")
    for output in (*specs, *checks):
        if output in node.outs and node.outs[output].is_dynamic:
            raise InvalidDefinitionError(
                f"output '{output}' of '{node.name}' is dynamic, which is many values; an asset is one. Collect it into a list: .collect()."
            )
    if isinstance(node, GraphBody) and (hooks or retry_policy is not None):
        node = _with_rules(node, checked_hooks(hooks, f"'{node.name}'"), retry_policy)
    return {
        "name": node.name,
        "node": node,
        "said": tuple(specs.values()) if len(specs) != 1 else next(iter(specs.values())),
        "given_outputs": {output: spec.key for output, spec in specs.items()},
        "given_inputs": dict(inputs),
        "check_specs_by_output": dict(checks),
        "partitions_def": partitions_def,
        "backfill_policy": backfill_policy,
        "resource_defs": dict(resource_defs or {}),
    }


def _with_rules(graph: Any, hooks: frozenset[Any], retry_policy: RetryPolicy | None) -> Any:
    """The graph with hooks for each of its steps, and retries for those that have no rule of their own."""
    calls = {}
    for name, call in graph.calls.items():
        own = call.retry_policy or (call.node.retry_policy if isinstance(call.node, OpDefinition) else None)
        calls[name] = replace(call, hooks=call.hooks | hooks, retry_policy=own or retry_policy)
    return replace(graph, calls=calls)


def checks_by_output(specs: Iterable[AssetCheckSpec] | None, keys: set[AssetKey], what: str) -> dict[str, AssetCheckSpec]:
    """Check specs by the outputs that their verdicts come from, all about assets that the graph makes."""
    found = {}
    for spec in specs or ():
        if spec.asset_key not in keys:
            raise InvalidDefinitionError(f"{what}: check '{spec.name}' is about '{spec.asset_key}', which this graph does not make.")
        found[f"{spec.asset_key.to_python_identifier()}_{spec.name}"] = spec
    return found


def check_known(given: Mapping[str, Any] | None, names: Mapping[str, Any], what: str, kind: str) -> None:
    """Refuse a name that the node does not have.

    Raises
    ------
    InvalidDefinitionError
        With the nearest name.
    """
    for name in given or {}:
        if name not in names:
            hint = did_you_mean(name, names) or f"It has: {', '.join(names) or 'none'}."
            raise InvalidDefinitionError(f"{what} has no {kind} '{name}'. {hint}")
