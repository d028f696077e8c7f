"""Asset checks: functions that look at an asset and give a verdict.

A check is an `AssetsDefinition` that makes no asset and has verdicts as outputs. It runs after the asset in the same run, or on its own
over what is stored. `blocking=True` with severity ERROR keeps everything downstream of the asset from running.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nbasset.dataclass import NOTHING
from nbasset.definitions.asset import AssetsDefinition
from nbasset.definitions.asset_input import AssetInput, input_from
from nbasset.definitions.op import OpDefinition, Out, check_resource_keys, first_paragraph, plain_in
from nbasset.definitions.parameters import Parameters, parameters_of, schema_of
from nbasset.definitions.policies import RetryPolicy
from nbasset.definitions.results import DEFAULT_OUTPUT
from nbasset.definitions.specs import AssetCheckSpec, AssetDep, AssetIn
from nbasset.errors import InvalidDefinitionError, did_you_mean
from nbasset.keys import AssetKey
from nbasset.metadata import RawMetadataValue

if TYPE_CHECKING:
    from nbasset.definitions.partitions import PartitionsDefinition
    from nbasset.keys import CoercibleToAssetKey

_CHECK_NAME = re.compile(r"[A-Za-z0-9_]+\Z")
COMPUTE_KIND_TAG = "nbasset/compute_kind"


def asset_check(
    *,
    asset: CoercibleToAssetKey | AssetsDefinition,
    name: str | None = None,
    description: str | None = None,
    blocking: bool = False,
    additional_ins: Mapping[str, AssetIn] | None = None,
    additional_deps: Iterable[AssetDep | CoercibleToAssetKey] | None = None,
    required_resource_keys: set[str] | frozenset[str] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    config_schema: Any = None,
    compute_kind: str | None = None,
    op_tags: Mapping[str, str] | None = None,
    retry_policy: RetryPolicy | None = None,
    metadata: Mapping[str, RawMetadataValue] | None = None,
    automation_condition: Any = None,
    pool: str | None = None,
    partitions_def: PartitionsDefinition | None = None,
) -> Callable[[Callable[..., Any]], AssetsDefinition]:
    """Make a check of a function that returns an `AssetCheckResult` (or plainly True or False).

    A parameter named like the asset, else the first that `additional_ins` does not name, loads the asset; a check without one only looks
    at records. One that loads a partitioned asset is evaluated for each partition, as the asset is made.

    >>> from nbasset.definitions.results import AssetCheckResult
    >>> @asset_check(asset="orders", blocking=True)
    ... def not_empty(orders):
    ...     return AssetCheckResult(passed=len(orders) > 0)
    >>> str(not_empty.check_keys[0]), not_empty([1]).passed
    ('orders:not_empty', True)

    Raises
    ------
    InvalidDefinitionError
        If the function has inputs that nobody fills, or arguments contradict each other.
    """
    if callable(asset) and not isinstance(asset, AssetsDefinition) and not hasattr(asset, "key"):
        raise InvalidDefinitionError('@asset_check needs the asset that it looks at: @asset_check(asset="orders").')
    key = _asset_key(asset)

    def make(fn: Callable[..., Any]) -> AssetsDefinition:
        check_name = name or fn.__name__
        what = f"check '{check_name}' of '{key}'"
        parameters = parameters_of(fn, what=what, ins=(*(additional_ins or ()), key.last))
        inputs = _inputs(parameters, key, additional_ins, what)
        spec = AssetCheckSpec(
            _checked_name(check_name),
            asset=key,
            description=description or first_paragraph(fn.__doc__),
            additional_deps=_additional(additional_deps, inputs, key, what),
            blocking=blocking,
            metadata=metadata,
            automation_condition=automation_condition,
            partitions_def=partitions_def,
        )
        node_name = f"{key.to_python_identifier()}_{check_name}"
        tags = {**({COMPUTE_KIND_TAG: compute_kind} if compute_kind else {}), **(op_tags or {})}
        op = check_op(node_name, fn, inputs, (DEFAULT_OUTPUT,), parameters, config_schema, required_resource_keys, tags, retry_policy, pool)
        return AssetsDefinition(
            node_name, op, (), NOTHING, inputs, {DEFAULT_OUTPUT: spec}, partitions_def=partitions_def,
            resource_defs=dict(resource_defs) if resource_defs else NOTHING,
        )  # fmt: skip

    return make


def multi_asset_check(
    *,
    specs: Sequence[AssetCheckSpec],
    name: str | None = None,
    description: str | None = None,
    can_subset: bool = False,
    compute_kind: str | None = None,
    op_tags: Mapping[str, str] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    required_resource_keys: set[str] | frozenset[str] | None = None,
    retry_policy: RetryPolicy | None = None,
    config_schema: Any = None,
    ins: Mapping[str, AssetIn] | None = None,
    pool: str | None = None,
    partitions_def: PartitionsDefinition | None = None,
) -> Callable[[Callable[..., Any]], AssetsDefinition]:
    """Make several checks of one function that yields an `AssetCheckResult` for each; they may be about different assets.

    Parameters are assets, found by name or by `ins`. With `can_subset` the function may be asked for some of its checks only
    (`context.selected_asset_check_keys`).

    >>> from nbasset.definitions.results import AssetCheckResult
    >>> @multi_asset_check(specs=[AssetCheckSpec("small", asset="a"), AssetCheckSpec("even", asset="b")])
    ... def both(a, b):
    ...     yield AssetCheckResult(a < 10, asset_key="a", check_name="small")
    ...     yield AssetCheckResult(b % 2 == 0, asset_key="b", check_name="even")
    >>> [result.passed for result in both(3, 4)]
    [True, True]
    """
    if not specs:
        raise InvalidDefinitionError('@multi_asset_check has no check: specs=[AssetCheckSpec("not_empty", asset="orders"), ...].')
    by_output: dict[str, AssetCheckSpec] = {}
    for spec in specs:
        output = f"{spec.asset_key.to_python_identifier()}_{_checked_name(spec.name)}"
        if output in by_output:
            raise InvalidDefinitionError(f"@multi_asset_check names the check '{spec.key}' twice. Rename one.")
        by_output[output] = spec

    def make(fn: Callable[..., Any]) -> AssetsDefinition:
        node_name = name or fn.__name__
        what = f"checks '{node_name}'"
        parameters = parameters_of(fn, what=what, ins=ins or ())
        given = dict(ins or {})
        inputs = {item.name: _input(item, given.pop(item.name, None)) for item in parameters.takes}
        _refuse_rest(given, parameters, what)
        tags = {**({COMPUTE_KIND_TAG: compute_kind} if compute_kind else {}), **(op_tags or {})}
        op = check_op(node_name, fn, inputs, tuple(by_output), parameters, config_schema, required_resource_keys, tags, retry_policy, pool)
        own = partitions_def if partitions_def is not None else next(iter(by_output.values())).partitions_def
        return AssetsDefinition(
            node_name,
            op,
            (),
            NOTHING,
            inputs,
            by_output,
            can_subset,
            partitions_def=own,
            resource_defs=dict(resource_defs or {}),
        )

    return make


def check_op(
    name: str, fn: Callable[..., Any], inputs: Mapping[str, AssetInput], outputs: Sequence[str], parameters: Parameters,
    config_schema: Any, resources: Iterable[str] | None, tags: Mapping[str, str], retry_policy: RetryPolicy | None, pool: str | None,
) -> OpDefinition:  # fmt: skip
    """The op behind a check: one optional output for each verdict."""
    ins = {one: plain_in(item.value_type if item.value_type is not None else item.annotation, item.default) for one, item in inputs.items()}
    return OpDefinition(
        name,
        fn,
        {output: Out(is_required=False) for output in outputs},
        parameters,
        first_paragraph(fn.__doc__),
        ins,
        schema_of(config_schema, parameters, f"check '{name}'"),
        check_resource_keys(resources),
        dict(tags),
        retry_policy,
        None,
        pool,
    )


def _asset_key(asset: Any) -> AssetKey:
    if isinstance(asset, AssetsDefinition):
        return asset.key
    return AssetKey.from_coercible(asset)


def _checked_name(name: str) -> str:
    if not _CHECK_NAME.match(name):
        raise InvalidDefinitionError(f"{name!r} cannot be the name of a check: only letters, digits and '_' can stand in it.")
    return name


def _inputs(parameters: Parameters, key: AssetKey, additional_ins: Mapping[str, AssetIn] | None, what: str) -> dict[str, AssetInput]:
    given = dict(additional_ins or {})
    own = [name for name in parameters.inputs if name not in given]
    target = key.last if key.last in own else own[0] if own else None
    for name in own:
        if name != target:
            raise InvalidDefinitionError(
                f"{what}: '{target}' loads the asset, and nobody says what '{name}' is. "
                f'Name it: additional_ins={{"{name}": AssetIn("{name}")}}.'
            )
    inputs: dict[str, AssetInput] = {}
    for item in parameters.takes:
        name = item.name
        wanted = given.pop(name, None)
        inputs[name] = _input(item, AssetIn(key=key) if name == target else wanted)
        if name != target and inputs[name].key == key:
            raise InvalidDefinitionError(f"{what} loads its own asset twice. Leave '{name}' out of additional_ins.")
    _refuse_rest(given, parameters, what, "additional_ins")
    return inputs


def _input(item: AssetInput, wanted: Any) -> AssetInput:
    return item if wanted is None else input_from(wanted, item.name, item.annotation, item.default)


def _refuse_rest(given: Mapping[str, Any], parameters: Parameters, what: str, argument: str = "ins") -> None:
    for name in given:
        hint = did_you_mean(name, parameters.inputs) or f"Add a parameter: def ...({name})."
        raise InvalidDefinitionError(f"{what} has no parameter '{name}' that {argument} speaks of. {hint}")


def _additional(
    deps: Iterable[AssetDep | CoercibleToAssetKey] | None, inputs: Mapping[str, AssetInput], key: AssetKey, what: str
) -> list[AssetDep]:
    found = [AssetDep.from_coercible(dep) for dep in deps or ()]
    for dep in found:
        if dep.asset == key:
            raise InvalidDefinitionError(f"{what} waits for its own asset anyway. Leave '{key}' out of additional_deps.")
    loaded = {item.key for item in inputs.values()}
    found.extend(
        AssetDep(one) for one in dict.fromkeys(loaded) if one is not None and one != key and one not in {dep.asset for dep in found}
    )
    return found
