"""Assets that are made elsewhere: `SourceAsset`, and functions that look at them and tell which version is there now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

from nbasset.dataclass import dataclass
from nbasset.definitions.asset import AssetsDefinition
from nbasset.definitions.op import OpDefinition, Out, check_resource_keys, first_paragraph
from nbasset.definitions.parameters import Parameters, parameters_of
from nbasset.definitions.policies import FreshnessPolicy
from nbasset.definitions.results import DEFAULT_OUTPUT
from nbasset.definitions.specs import AssetCheckSpec, AssetSpec, parts_of
from nbasset.errors import InvalidDefinitionError
from nbasset.keys import AssetKey
from nbasset.metadata import RawMetadataValue

if TYPE_CHECKING:
    from nbasset.definitions.partitions import PartitionsDefinition
    from nbasset.keys import CoercibleToAssetKey


@overload
def observable_source_asset(observe_fn: Callable[..., Any], /) -> AssetsDefinition: ...


@overload
def observable_source_asset(
    *,
    key: CoercibleToAssetKey | None = ...,
    name: str | None = ...,
    key_prefix: str | Sequence[str] | None = ...,
    metadata: Mapping[str, RawMetadataValue] | None = ...,
    io_manager_key: str | None = ...,
    io_manager_def: Any = ...,
    description: str | None = ...,
    group_name: str | None = ...,
    required_resource_keys: set[str] | frozenset[str] | None = ...,
    resource_defs: Mapping[str, Any] | None = ...,
    partitions_def: PartitionsDefinition | None = ...,
    freshness_policy: FreshnessPolicy | None = ...,
    automation_condition: Any = ...,
    op_tags: Mapping[str, str] | None = ...,
    tags: Mapping[str, str] | None = ...,
) -> Callable[[Callable[..., Any]], AssetsDefinition]: ...


def observable_source_asset(
    observe_fn: Callable[..., Any] | None = None,
    *,
    key: CoercibleToAssetKey | None = None,
    name: str | None = None,
    key_prefix: str | Sequence[str] | None = None,
    metadata: Mapping[str, RawMetadataValue] | None = None,
    io_manager_key: str | None = None,
    io_manager_def: Any = None,
    description: str | None = None,
    group_name: str | None = None,
    required_resource_keys: set[str] | frozenset[str] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    partitions_def: PartitionsDefinition | None = None,
    freshness_policy: FreshnessPolicy | None = None,
    automation_condition: Any = None,
    op_tags: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
) -> AssetsDefinition | Callable[[Callable[..., Any]], AssetsDefinition]:
    """Make an external asset of a function that looks at it and returns a `DataVersion`, versions by partition, or an `ObserveResult`.

    What reads the asset is out of date when the version changed. Run it with `observe`.

    >>> from nbasset.definitions.results import DataVersion
    >>> @observable_source_asset(group_name="raw")
    ... def upload():
    ...     return DataVersion("2013-06-01")
    >>> upload.key, upload.execution
    (AssetKey('upload'), 'observe')

    Raises
    ------
    InvalidDefinitionError
        If the function takes inputs: it looks at one asset and reads no other.
    """

    def make(fn: Callable[..., Any]) -> AssetsDefinition:
        if key is not None and (name is not None or key_prefix is not None):
            raise InvalidDefinitionError(f"@observable_source_asset on {fn.__name__}: give key, or name and key_prefix, not both.")
        asset_key = AssetKey.from_coercible(key) if key is not None else AssetKey([*parts_of(key_prefix), name or fn.__name__])
        resources = dict(resource_defs or {})
        manager = io_manager_key or "io_manager"
        if io_manager_def is not None:
            manager = f"{asset_key.to_python_identifier()}__io_manager"
            resources[manager] = io_manager_def
        spec = AssetSpec(
            asset_key, description=description or first_paragraph(fn.__doc__), metadata=metadata, group_name=group_name, tags=tags,
            automation_condition=automation_condition, partitions_def=partitions_def, freshness_policy=freshness_policy,
            io_manager_key=manager,
        )  # fmt: skip
        return _observable(
            asset_key.to_python_identifier(),
            fn,
            {DEFAULT_OUTPUT: spec},
            {},
            False,
            partitions_def,
            resources,
            required_resource_keys,
            op_tags,
        )

    return make if observe_fn is None else make(observe_fn)


def multi_observable_source_asset(
    *,
    specs: Sequence[AssetSpec],
    name: str | None = None,
    description: str | None = None,
    partitions_def: PartitionsDefinition | None = None,
    can_subset: bool = False,
    required_resource_keys: set[str] | frozenset[str] | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    group_name: str | None = None,
    check_specs: Iterable[AssetCheckSpec] | None = None,
    op_tags: Mapping[str, str] | None = None,
) -> Callable[[Callable[..., Any]], AssetsDefinition]:
    """Make several external assets of one function that yields an `ObserveResult` for each.

    >>> from nbasset.definitions.results import DataVersion, ObserveResult
    >>> @multi_observable_source_asset(specs=[AssetSpec("a"), AssetSpec("b")])
    ... def look():
    ...     yield ObserveResult("a", data_version=DataVersion("1"))
    ...     yield ObserveResult("b", data_version=DataVersion("7"))
    >>> look.keys
    (AssetKey('a'), AssetKey('b'))
    """
    if not specs:
        raise InvalidDefinitionError('@multi_observable_source_asset has no asset: specs=[AssetSpec("a"), ...].')
    by_output: dict[str, AssetSpec] = {}
    for spec in specs:
        changes: dict[str, Any] = {"group_name": group_name} if group_name is not None and spec.group_name is None else {}
        if partitions_def is not None and spec.partitions_def is None:
            changes["partitions_def"] = partitions_def
        output = spec.key.to_python_identifier()
        if output in by_output:
            raise InvalidDefinitionError(f"@multi_observable_source_asset names the asset '{spec.key}' twice.")
        by_output[output] = spec.replace_attributes(**changes) if changes else spec

    def make(fn: Callable[..., Any]) -> AssetsDefinition:
        keys = {spec.key for spec in by_output.values()}
        checks = {f"{one.asset_key.to_python_identifier()}_{one.name}": one for one in check_specs or ()}
        for one in checks.values():
            if one.asset_key not in keys:
                raise InvalidDefinitionError(f"check '{one.key}' is about an asset that '{name or fn.__name__}' does not observe.")
        own = partitions_def if partitions_def is not None else next(iter(by_output.values())).partitions_def
        made = _observable(
            name or fn.__name__, fn, by_output, checks, can_subset, own, dict(resource_defs or {}), required_resource_keys, op_tags
        )
        return made if description is None else _described(made, description)

    return make


@dataclass(frozen=True)
class SourceAsset:
    """An asset that is made elsewhere, in the older way of writing; `AssetSpec` says the same.

    >>> SourceAsset("raw_orders", group_name="raw").to_assets_definition().keys
    (AssetKey('raw_orders'),)
    """

    key: AssetKey
    spec: AssetSpec
    resource_defs: Mapping[str, Any]
    observe_fn: Callable[..., Any] | None = None
    op_tags: Mapping[str, str] | None = None

    def __init__(
        self,
        key: CoercibleToAssetKey,
        metadata: Mapping[str, RawMetadataValue] | None = None,
        io_manager_key: str | None = None,
        io_manager_def: Any = None,
        description: str | None = None,
        partitions_def: PartitionsDefinition | None = None,
        group_name: str | None = None,
        resource_defs: Mapping[str, Any] | None = None,
        observe_fn: Callable[..., Any] | None = None,
        op_tags: Mapping[str, str] | None = None,
        *,
        automation_condition: Any = None,
        freshness_policy: FreshnessPolicy | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        put = object.__setattr__
        asset_key = AssetKey.from_coercible(key)
        resources = dict(resource_defs or {})
        manager = io_manager_key or "io_manager"
        if io_manager_def is not None:
            if io_manager_key is not None:
                raise InvalidDefinitionError(f"SourceAsset '{asset_key}': give io_manager_def or io_manager_key, not both.")
            manager = f"{asset_key.to_python_identifier()}__io_manager"
            resources[manager] = io_manager_def
        put(self, "key", asset_key)
        put(self, "resource_defs", resources)
        put(self, "observe_fn", observe_fn)
        put(self, "op_tags", op_tags)
        spec = AssetSpec(
            asset_key, metadata=metadata, description=description, partitions_def=partitions_def, group_name=group_name,
            io_manager_key=manager, automation_condition=automation_condition, freshness_policy=freshness_policy, tags=tags,
        )  # fmt: skip
        put(self, "spec", spec)

    def to_assets_definition(self) -> AssetsDefinition:
        """The same as a definition: external, or observable if it has a function."""
        if self.observe_fn is None:
            return AssetsDefinition.external(self.spec).with_resources(self.resource_defs)
        name = self.key.to_python_identifier()
        return _observable(
            name,
            self.observe_fn,
            {DEFAULT_OUTPUT: self.spec},
            {},
            False,
            self.spec.partitions_def,
            dict(self.resource_defs),
            None,
            self.op_tags,
        )


def _observable(
    name: str,
    fn: Callable[..., Any],
    specs: Mapping[str, AssetSpec],
    checks: Mapping[str, AssetCheckSpec],
    can_subset: bool,
    partitions_def: PartitionsDefinition | None,
    resources: Mapping[str, Any],
    required: Iterable[str] | None,
    tags: Mapping[str, str] | None,
) -> AssetsDefinition:
    what = f"observation '{name}'"
    parameters = parameters_of(fn, what=what)
    _refuse_inputs(parameters, what)
    outs = {output: Out(is_required=not spec.skippable) for output, spec in specs.items()}
    outs.update({output: Out(is_required=False) for output in checks})
    op = OpDefinition(
        name, fn, outs, parameters, first_paragraph(fn.__doc__), None, parameters.config_type, check_resource_keys(required),
        dict(tags or {}),
    )  # fmt: skip
    return AssetsDefinition(
        name,
        op,
        tuple(specs.values()) if len(specs) != 1 else next(iter(specs.values())),
        {output: spec.key for output, spec in specs.items()},
        None,
        checks,
        can_subset,
        partitions_def=partitions_def,
        resource_defs=resources,
        execution="observe",
    )


def _refuse_inputs(parameters: Parameters, what: str) -> None:
    if parameters.inputs:
        names = ", ".join(f"'{name}'" for name in parameters.inputs)
        raise InvalidDefinitionError(
            f"{what} has the inputs {names}, but what only looks at an asset reads no other. "
            "Take resources (annotated as such) or the context, or make it an @asset."
        )


def _described(made: AssetsDefinition, description: str) -> AssetsDefinition:
    return made.map_asset_specs(lambda spec: spec if spec.description else spec.replace_attributes(description=description))
