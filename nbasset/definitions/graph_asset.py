"""Assets made by several ops: `@graph_asset` and `@graph_multi_asset`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, overload

from nbasset.definitions.asset import AssetsDefinition
from nbasset.definitions.asset_input import AssetInput, input_from
from nbasset.definitions.graph import GraphDefinition
from nbasset.definitions.graph_body import GraphBody, GraphOut, compose
from nbasset.definitions.node_assets import arguments, check_known, checks_by_output
from nbasset.definitions.partitions import PartitionsDefinition
from nbasset.definitions.policies import BackfillPolicy, FreshnessPolicy, RetryPolicy
from nbasset.definitions.results import DEFAULT_OUTPUT
from nbasset.definitions.specs import AssetCheckSpec, AssetIn, AssetOut, AssetSpec, parts_of
from nbasset.errors import InvalidDefinitionError
from nbasset.keys import AssetKey
from nbasset.metadata import RawMetadataValue


@overload
def graph_asset(compose_fn: Callable[..., Any], /) -> AssetsDefinition: ...
@overload
def graph_asset(
    *, name: str | None = ..., description: str | None = ..., ins: Mapping[str, AssetIn] | None = ..., config: Any = ...,
    key_prefix: str | Sequence[str] | None = ..., group_name: str | None = ..., partitions_def: PartitionsDefinition | None = ...,
    hooks: Iterable[Any] | None = ..., metadata: Mapping[str, RawMetadataValue] | None = ..., tags: Mapping[str, str] | None = ...,
    owners: Sequence[str] | None = ..., kinds: Iterable[str] | None = ..., automation_condition: Any = ...,
    backfill_policy: BackfillPolicy | None = ..., resource_defs: Mapping[str, Any] | None = ..., retry_policy: RetryPolicy | None = ...,
    code_version: str | None = ..., key: Any = ..., check_specs: Iterable[AssetCheckSpec] | None = ...,
    freshness_policy: FreshnessPolicy | None = ...,
) -> Callable[[Callable[..., Any]], AssetsDefinition]: ...  # fmt: skip
def graph_asset(
    compose_fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    ins: Mapping[str, AssetIn] | None = None,
    config: Any = None,
    key_prefix: str | Sequence[str] | None = None,
    group_name: str | None = None,
    partitions_def: PartitionsDefinition | None = None,
    hooks: Iterable[Any] | None = None,
    metadata: Mapping[str, RawMetadataValue] | None = None,
    tags: Mapping[str, str] | None = None,
    owners: Sequence[str] | None = None,
    kinds: Iterable[str] | None = None,
    automation_condition: Any = None,
    backfill_policy: BackfillPolicy | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    retry_policy: RetryPolicy | None = None,
    code_version: str | None = None,
    key: Any = None,
    check_specs: Iterable[AssetCheckSpec] | None = None,
    freshness_policy: FreshnessPolicy | None = None,
) -> AssetsDefinition | Callable[[Callable[..., Any]], AssetsDefinition]:
    """Make an asset of a function whose body connects ops. Its parameters are upstream assets; each op is a step that is retried alone.

    With `check_specs` the body returns a dict: ``{"result": ..., "orders_not_empty": ...}``, the verdict of each check under asset and
    check name.

    >>> from nbasset.definitions.op_decorator import op
    >>> @op
    ... def read(): return [3, 1]
    >>> @op
    ... def order(values): return sorted(values)
    >>> @graph_asset(group_name="raw")
    ... def numbers(): return order(read())
    >>> numbers.key, [path for path, _ in numbers.node.ops()]
    (AssetKey('numbers'), ['read', 'order'])

    Raises
    ------
    InvalidDefinitionError
        If the body does more than connect, or returns several values.
    """

    def make(fn: Callable[..., Any]) -> AssetsDefinition:
        if key is not None and (name is not None or key_prefix is not None):
            raise InvalidDefinitionError(f"@graph_asset on {fn.__name__}: give key, or name and key_prefix, not both.")
        asset_key = AssetKey.from_coercible(key) if key is not None else AssetKey([*parts_of(key_prefix), name or fn.__name__])
        checks = checks_by_output(check_specs, {asset_key}, f"asset '{asset_key}'")
        out = {DEFAULT_OUTPUT: GraphOut(), **{output: GraphOut() for output in checks}} if checks else None
        graph = compose(
            fn, GraphDefinition, name=asset_key.to_python_identifier(), what="graph_asset", out=out, config=config, description=description
        )
        if len(graph.results) != 1 + len(checks):
            raise InvalidDefinitionError(
                f"graph_asset '{asset_key}' returns {len(graph.results) or 'no'} outputs; it makes one asset, so it returns one. "
                "For several assets use @graph_multi_asset."
            )
        spec = AssetSpec(
            asset_key, description=graph.description, metadata=metadata, group_name=group_name, code_version=code_version,
            automation_condition=automation_condition, owners=owners, tags=tags, kinds=kinds, partitions_def=partitions_def,
            freshness_policy=freshness_policy,
        )  # fmt: skip
        return AssetsDefinition(**arguments(
            graph, {next(one for one in graph.results if one not in checks): spec}, _inputs(graph, ins), checks, hooks=hooks,
            retry_policy=retry_policy, partitions_def=partitions_def, backfill_policy=backfill_policy, resource_defs=resource_defs,
        ))  # fmt: skip

    return make if compose_fn is None else make(compose_fn)


def graph_multi_asset(
    *,
    outs: Mapping[str, AssetOut],
    name: str | None = None,
    ins: Mapping[str, AssetIn] | None = None,
    partitions_def: PartitionsDefinition | None = None,
    hooks: Iterable[Any] | None = None,
    backfill_policy: BackfillPolicy | None = None,
    group_name: str | None = None,
    can_subset: bool = False,
    resource_defs: Mapping[str, Any] | None = None,
    check_specs: Iterable[AssetCheckSpec] | None = None,
    config: Any = None,
    retry_policy: RetryPolicy | None = None,
) -> Callable[[Callable[..., Any]], AssetsDefinition]:
    """Make several assets of a function whose body connects ops and returns a dict, or a tuple in the order of `outs`.

    With ``can_subset=True`` only the ops run that the wanted assets come from.

    >>> from nbasset.definitions.op import Out
    >>> from nbasset.definitions.op_decorator import op
    >>> @op(out={"small": Out(), "large": Out()})
    ... def split(): return 1, 100
    >>> @graph_multi_asset(outs={"small": AssetOut(), "large": AssetOut()})
    ... def numbers():
    ...     small, large = split()
    ...     return {"small": small, "large": large}
    >>> numbers.keys
    (AssetKey('small'), AssetKey('large'))
    """

    def make(fn: Callable[..., Any]) -> AssetsDefinition:
        defaults: dict[str, Any] = {"group_name": group_name, "partitions_def": partitions_def}
        specs = {output: out.to_spec(output, **{k: v for k, v in defaults.items() if v is not None}) for output, out in outs.items()}
        what = f"graph_multi_asset '{name or fn.__name__}'"
        checks = checks_by_output(check_specs, {spec.key for spec in specs.values()}, what)
        out = {output: GraphOut() for output in (*outs, *checks)}
        graph = compose(fn, GraphDefinition, name=name, what="graph_multi_asset", out=out, config=config)
        made = AssetsDefinition(**arguments(
            graph, specs, _inputs(graph, ins), checks, hooks=hooks, retry_policy=retry_policy, partitions_def=partitions_def,
            backfill_policy=backfill_policy, resource_defs=resource_defs,
        ))  # fmt: skip
        return replace(made, can_subset=can_subset)

    return make


def _inputs(graph: GraphBody, ins: Mapping[str, AssetIn] | None) -> dict[str, AssetInput]:
    given = dict(ins or {})
    check_known(given, graph.ins, f"graph '{graph.name}'", "parameter")
    found = {}
    for name, item in graph.ins.items():
        wanted = input_from(given.get(name, AssetIn()), name, item.value_type, item.default_value)
        found[name] = replace(wanted, input_manager_key=wanted.input_manager_key or item.input_manager_key)
    return found
