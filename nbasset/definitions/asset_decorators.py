"""`@asset` and `@multi_asset`: from a function to an `AssetsDefinition`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

from nbasset.dataclass import NOTHING
from nbasset.definitions.asset import AssetsDefinition
from nbasset.definitions.asset_input import AssetInput, input_from
from nbasset.definitions.hooks import checked_hooks
from nbasset.definitions.op import (
    OpDefinition,
    Out,
    check_resource_keys,
    first_paragraph,
    only_out,
    output_annotation,
    plain_in,
    types_of_outputs,
)
from nbasset.definitions.parameters import Parameters, parameters_of, schema_of
from nbasset.definitions.policies import BackfillPolicy, FreshnessPolicy, RetryPolicy
from nbasset.definitions.specs import AssetCheckSpec, AssetDep, AssetIn, AssetOut, AssetSpec, parts_of
from nbasset.errors import InvalidDefinitionError, did_you_mean
from nbasset.keys import AssetKey
from nbasset.metadata import RawMetadataValue

if TYPE_CHECKING:
    from nbasset.definitions.partitions import PartitionsDefinition
    from nbasset.keys import CoercibleToAssetKey


@overload
def asset(compute_fn: Callable[..., Any], /) -> AssetsDefinition: ...


@overload
def asset(
    *,
    name: str | None = ...,
    key_prefix: str | Sequence[str] | None = ...,
    ins: Mapping[str, AssetIn] | None = ...,
    deps: Iterable[AssetDep | CoercibleToAssetKey] | None = ...,
    metadata: Mapping[str, RawMetadataValue] | None = ...,
    tags: Mapping[str, str] | None = ...,
    description: str | None = ...,
    config_schema: Any = ...,
    required_resource_keys: set[str] | frozenset[str] | None = ...,
    resource_defs: Mapping[str, Any] | None = ...,
    hooks: Iterable[Any] | None = ...,
    io_manager_def: Any = ...,
    io_manager_key: str | None = ...,
    value_type: Any = ...,
    partitions_def: PartitionsDefinition | None = ...,
    op_tags: Mapping[str, str] | None = ...,
    group_name: str | None = ...,
    output_required: bool = ...,
    automation_condition: Any = ...,
    freshness_policy: FreshnessPolicy | None = ...,
    backfill_policy: BackfillPolicy | None = ...,
    retry_policy: RetryPolicy | None = ...,
    code_version: str | None = ...,
    key: CoercibleToAssetKey | None = ...,
    check_specs: Iterable[AssetCheckSpec] | None = ...,
    owners: Sequence[str] | None = ...,
    kinds: Iterable[str] | None = ...,
    pool: str | None = ...,
    is_virtual: bool = ...,
    compute_kind: str | None = ...,
) -> Callable[[Callable[..., Any]], AssetsDefinition]: ...


def asset(
    compute_fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    key_prefix: str | Sequence[str] | None = None,
    ins: Mapping[str, AssetIn] | None = None,
    deps: Iterable[AssetDep | CoercibleToAssetKey] | None = None,
    metadata: Mapping[str, RawMetadataValue] | None = None,
    tags: Mapping[str, str] | None = None,
    description: str | None = None,
    config_schema: Any = None,
    required_resource_keys: set[str] | frozenset[str] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    hooks: Iterable[Any] | None = None,
    io_manager_def: Any = None,
    io_manager_key: str | None = None,
    value_type: Any = None,
    partitions_def: PartitionsDefinition | None = None,
    op_tags: Mapping[str, str] | None = None,
    group_name: str | None = None,
    output_required: bool = True,
    automation_condition: Any = None,
    freshness_policy: FreshnessPolicy | None = None,
    backfill_policy: BackfillPolicy | None = None,
    retry_policy: RetryPolicy | None = None,
    code_version: str | None = None,
    key: CoercibleToAssetKey | None = None,
    check_specs: Iterable[AssetCheckSpec] | None = None,
    owners: Sequence[str] | None = None,
    kinds: Iterable[str] | None = None,
    pool: str | None = None,
    is_virtual: bool = False,
    compute_kind: str | None = None,
) -> AssetsDefinition | Callable[[Callable[..., Any]], AssetsDefinition]:
    """Make an asset of a function: its name is the asset's, its parameters are the assets it reads, its result is stored.

    The first parameter may be ``context``. The docstring is the description. `deps` orders after other assets without loading them. With
    ``output_required=False`` the function may yield nothing, and what is downstream is skipped. `compute_kind` is an older word for one
    of `kinds`.

    >>> @asset(group_name="sales")
    ... def totals(orders):
    ...     return sum(orders)
    >>> totals.key, totals([1, 2])
    (AssetKey('totals'), 3)

    Raises
    ------
    InvalidDefinitionError
        If arguments contradict each other or name parameters that the function does not have.
    """

    def make(fn: Callable[..., Any]) -> AssetsDefinition:
        asset_key = _asset_key(fn, name, key_prefix, key)
        what = f"asset '{asset_key}'"
        parameters = parameters_of(fn, what=what, ins=ins or ())
        inputs = _inputs(parameters, ins, what) if ins else None
        manager, resources = _io_manager(io_manager_def, io_manager_key, asset_key, resource_defs)
        spec = AssetSpec(
            asset_key,
            deps=deps,
            description=description or first_paragraph(fn.__doc__),
            metadata=metadata,
            skippable=not output_required,
            group_name=group_name,
            code_version=code_version,
            automation_condition=automation_condition,
            owners=owners,
            tags=tags,
            kinds=_kinds(kinds, compute_kind, what),
            partitions_def=partitions_def,
            freshness_policy=freshness_policy,
            is_virtual=is_virtual,
            io_manager_key=manager,
        )
        node_name = asset_key.to_python_identifier()
        annotation = output_annotation(parameters.returns)
        outs = only_out(value_type if value_type is not None else annotation, spec.description, output_required, manager)
        op = _op(node_name, fn, inputs, outs, parameters, spec.description, config_schema, required_resource_keys,
                 op_tags, retry_policy, code_version, pool, hooks)  # fmt: skip
        return AssetsDefinition(
            node_name,
            op,
            spec,
            None,
            inputs,
            _checks(check_specs, {asset_key}, what) if check_specs else NOTHING,
            partitions_def=partitions_def,
            backfill_policy=backfill_policy,
            resource_defs=resources,
        )

    if compute_fn is None:
        return make
    if not callable(compute_fn):
        raise InvalidDefinitionError(f"@asset takes its settings by name: @asset(name={compute_fn!r}).")
    return make(compute_fn)


def multi_asset(
    *,
    outs: Mapping[str, AssetOut] | None = None,
    name: str | None = None,
    ins: Mapping[str, AssetIn] | None = None,
    deps: Iterable[AssetDep | CoercibleToAssetKey] | None = None,
    description: str | None = None,
    config_schema: Any = None,
    required_resource_keys: set[str] | frozenset[str] | None = None,
    internal_asset_deps: Mapping[str, set[AssetKey]] | None = None,
    partitions_def: PartitionsDefinition | None = None,
    hooks: Iterable[Any] | None = None,
    backfill_policy: BackfillPolicy | None = None,
    op_tags: Mapping[str, str] | None = None,
    can_subset: bool = False,
    resource_defs: Mapping[str, Any] | None = None,
    group_name: str | None = None,
    retry_policy: RetryPolicy | None = None,
    code_version: str | None = None,
    specs: Sequence[AssetSpec] | None = None,
    check_specs: Iterable[AssetCheckSpec] | None = None,
    pool: str | None = None,
    compute_kind: str | None = None,
) -> Callable[[Callable[..., Any]], AssetsDefinition]:
    """Make several assets of one function.

    With `outs` the function returns a tuple in that order, a dict by output name, or yields `Output`s. With `specs` it returns or yields
    `MaterializeResult(asset_key=...)`. With ``can_subset=True`` it must look at ``context.selected_asset_keys``.
    `compute_kind` is the kind of those that have none of their own.

    >>> @multi_asset(outs={"airlines": AssetOut(), "airports": AssetOut(group_name="raw")})
    ... def tables():
    ...     return [1], [2]
    >>> tables.keys
    (AssetKey('airlines'), AssetKey('airports'))
    """
    if (outs is None) == (specs is None):
        raise InvalidDefinitionError("@multi_asset takes outs={name: AssetOut()} or specs=[AssetSpec(...)], exactly one of them.")

    def make(fn: Callable[..., Any]) -> AssetsDefinition:
        node_name = name or fn.__name__
        what = f"multi-asset '{node_name}'"
        parameters = parameters_of(fn, what=what, ins=ins or ())
        inputs = _inputs(parameters, ins, what) if ins else None
        by_output = _output_specs(
            outs,
            specs,
            what,
            group_name=group_name,
            code_version=code_version,
            partitions_def=partitions_def,
            deps=deps,
            kinds=_kinds(None, compute_kind, what),
        )
        specs_by_key = {spec.key: spec for spec in by_output.values()}
        types = {} if outs is None else types_of_outputs(parameters.returns, list(outs))
        types |= {output: one.value_type for output, one in (outs or {}).items() if one.value_type is not None}
        op_outs = {
            output: Out(types.get(output), spec.description, not (spec.skippable or can_subset), spec.io_manager_key)
            for output, spec in by_output.items()
        }
        op = _op(node_name, fn, inputs, op_outs, parameters, description or first_paragraph(fn.__doc__), config_schema,
                 required_resource_keys, op_tags, retry_policy, code_version, pool, hooks)  # fmt: skip
        keys_by_output = {output: spec.key for output, spec in by_output.items()}
        return AssetsDefinition(
            node_name,
            op,
            tuple(specs_by_key.values()),
            keys_by_output,
            inputs,
            _checks(check_specs, set(specs_by_key), what) if check_specs else NOTHING,
            can_subset,
            _internal(internal_asset_deps, keys_by_output, specs_by_key, what),
            partitions_def if partitions_def is not None else next(iter(specs_by_key.values())).partitions_def,
            backfill_policy,
            dict(resource_defs) if resource_defs else NOTHING,
            returns_nothing=specs is not None,
        )

    return make


def _asset_key(fn: Callable[..., Any], name: str | None, key_prefix: Any, key: Any) -> AssetKey:
    if key is not None:
        if name is not None or key_prefix is not None:
            raise InvalidDefinitionError(f"@asset on {fn.__name__}: give key, or name and key_prefix, not both.")
        return AssetKey.from_coercible(key)
    last = name or fn.__name__
    return AssetKey(last) if key_prefix is None else AssetKey([*parts_of(key_prefix), last])


def _inputs(parameters: Parameters, ins: Mapping[str, AssetIn], what: str) -> dict[str, AssetInput]:
    given = dict(ins)
    inputs: dict[str, AssetInput] = {}
    for item in parameters.takes:
        wanted = given.pop(item.name, None)
        inputs[item.name] = item if wanted is None else input_from(wanted, item.name, item.annotation, item.default)
    for name, wanted in given.items():
        if not parameters.keywords:
            hint = did_you_mean(name, parameters.inputs) or f"Add a parameter: def ...({name})."
            raise InvalidDefinitionError(f"{what} has no parameter '{name}' that ins speaks of. {hint}")
        inputs[name] = input_from(wanted, name, None)
    return inputs


def _io_manager(
    io_manager_def: Any, io_manager_key: str | None, key: AssetKey, resource_defs: Mapping[str, Any] | None
) -> tuple[str, Mapping[str, Any]]:
    if io_manager_def is None:
        return io_manager_key or "io_manager", dict(resource_defs) if resource_defs else NOTHING
    if io_manager_key is not None:
        raise InvalidDefinitionError(f"asset '{key}': give io_manager_def or io_manager_key, not both.")
    manager = f"{key.to_python_identifier()}__io_manager"
    return manager, {**(resource_defs or {}), manager: io_manager_def}


def _op(
    name: str,
    fn: Callable[..., Any],
    inputs: Mapping[str, AssetInput] | None,
    outs: Mapping[str, Out],
    parameters: Parameters,
    description: str | None,
    config_schema: Any,
    required_resource_keys: Any,
    op_tags: Mapping[str, str] | None,
    retry_policy: RetryPolicy | None,
    code_version: str | None,
    pool: str | None,
    hooks: Iterable[Any] | None,
) -> OpDefinition:
    ins = {
        key: plain_in(item.value_type if item.value_type is not None else item.annotation, item.default)
        for key, item in (inputs or {}).items()
    }
    return OpDefinition(
        name,
        fn,
        outs,
        parameters,
        description,
        ins or None,
        schema_of(config_schema, parameters, f"'{name}'"),
        check_resource_keys(required_resource_keys),
        dict(op_tags) if op_tags else NOTHING,
        retry_policy,
        code_version,
        pool,
        checked_hooks(hooks, f"asset '{name}'"),
    )


def _checks(specs: Iterable[AssetCheckSpec], keys: set[AssetKey], what: str) -> dict[str, AssetCheckSpec]:
    found: dict[str, AssetCheckSpec] = {}
    for spec in specs:
        if spec.asset_key not in keys:
            raise InvalidDefinitionError(
                f"{what}: check '{spec.name}' is about '{spec.asset_key}', which this function does not make. "
                f"Name one that it does, or write the check as a function of its own: @asset_check(asset={str(spec.asset_key)!r})."
            )
        output = f"{spec.asset_key.to_python_identifier()}_{spec.name}"
        if output in found:
            raise InvalidDefinitionError(f"{what} has two checks called '{spec.name}' on '{spec.asset_key}'. Rename one.")
        found[output] = spec
    return found


def _output_specs(
    outs: Mapping[str, AssetOut] | None, specs: Sequence[AssetSpec] | None, what: str, *, deps: Any, **defaults: Any
) -> dict[str, AssetSpec]:
    given = {name: value for name, value in defaults.items() if value is not None}
    if specs is not None:
        if deps is not None:
            raise InvalidDefinitionError(f"{what}: with specs, each AssetSpec has its own deps; deps= has no meaning.")
        by_output = {spec.key.to_python_identifier(): spec.replace_attributes(**_unset(spec, given)) for spec in specs}
    else:
        by_output = {output: out.to_spec(output, deps=deps, **given) for output, out in (outs or {}).items()}
    if not by_output:
        raise InvalidDefinitionError(f"{what} makes no asset. Name at least one in outs or specs.")
    if len({spec.key for spec in by_output.values()}) < len(specs or by_output):
        raise InvalidDefinitionError(f"{what} names one asset key twice. Name each asset once.")
    return by_output


def _unset(spec: AssetSpec, defaults: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in defaults.items() if getattr(spec, name) in (None, ())}


def _kinds(kinds: Iterable[str] | None, compute_kind: str | None, what: str) -> Iterable[str] | None:
    """The kinds, of which `compute_kind` may be the only one."""
    if compute_kind is None:
        return kinds
    if kinds is not None:
        raise InvalidDefinitionError(f"{what}: compute_kind is one of kinds, so give kinds alone: kinds={{{compute_kind!r}, ...}}.")
    return (compute_kind,)


def _internal(
    given: Mapping[str, set[AssetKey]] | None,
    keys_by_output: Mapping[str, AssetKey],
    specs: Mapping[AssetKey, AssetSpec],
    what: str,
) -> dict[AssetKey, frozenset[AssetKey]]:
    """Which assets of one function come from which others of it: as given, and from the deps of the specs."""
    found = {key: frozenset(dep.asset for dep in spec.deps if dep.asset in specs) for key, spec in specs.items()}
    for output, upstream in (given or {}).items():
        if output not in keys_by_output:
            raise InvalidDefinitionError(
                f"{what}: internal_asset_deps speaks of '{output}', which is no output. {did_you_mean(output, keys_by_output)}".rstrip()
            )
        found[keys_by_output[output]] = frozenset(AssetKey.from_coercible(key) for key in upstream)
    return {key: deps for key, deps in found.items() if deps}
