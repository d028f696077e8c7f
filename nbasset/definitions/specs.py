"""What is said of an asset without its function: key, inputs, outputs, checks, and every fact that surfaces show."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from nbasset.dataclass import NOTHING, as_subclass, dataclass, filled_by, seldom
from nbasset.definitions.policies import FreshnessPolicy
from nbasset.errors import InvalidDefinitionError, did_you_mean, kind_of
from nbasset.events.facts import CheckKey
from nbasset.keys import AssetKey
from nbasset.metadata import MetadataValue, RawMetadataValue, normalize, written
from nbasset.serde import serializable

if TYPE_CHECKING:
    from nbasset.definitions.mappings import PartitionMapping
    from nbasset.definitions.partitions import PartitionsDefinition
    from nbasset.keys import CoercibleToAssetKey

DEFAULT_GROUP = "default"
_GROUP = re.compile(r"[A-Za-z0-9_]+\Z")
_TAG_KEY = re.compile(r"([A-Za-z0-9_.-]{1,63}/)?[A-Za-z0-9_.-]{1,63}\Z")
_TEAM = re.compile(r"team:[A-Za-z0-9_-]+\Z")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+\Z")


@serializable
@dataclass(frozen=True, slots=True)
class AssetDep:
    """An upstream asset that orders but is not loaded, and how its partitions map.

    >>> from nbasset import LastPartitionMapping
    >>> AssetDep("daily_orders", partition_mapping=LastPartitionMapping()).asset_key
    AssetKey('daily_orders')
    """

    asset: AssetKey
    partition_mapping: PartitionMapping | None = None
    metadata: Mapping[str, MetadataValue] = NOTHING

    def __init__(
        self,
        asset: CoercibleToAssetKey,
        *,
        partition_mapping: PartitionMapping | None = None,
        metadata: Mapping[str, RawMetadataValue] | None = None,
    ) -> None:
        object.__setattr__(self, "asset", AssetKey.from_coercible(asset))
        object.__setattr__(self, "partition_mapping", _checked_mapping(partition_mapping))
        object.__setattr__(self, "metadata", normalize(metadata, of="AssetDep") if metadata else NOTHING)

    @property
    def asset_key(self) -> AssetKey:
        """The upstream's key: the reference's name for `asset`."""
        return self.asset

    @staticmethod
    def from_coercible(value: AssetDep | CoercibleToAssetKey) -> AssetDep:
        """A dependency from itself, or from anything that names an asset."""
        return value if isinstance(value, AssetDep) else AssetDep(value)


@dataclass(frozen=True, slots=True)
class AssetIn:
    """How one parameter of an asset function finds and loads its upstream asset.

    >>> from nbasset import asset
    >>> @asset(ins={"rows": AssetIn("raw_orders")})
    ... def orders(rows):
    ...     return len(rows)
    >>> orders([1, 2])
    2
    """

    key: AssetKey | None = None
    metadata: Mapping[str, MetadataValue] = NOTHING
    key_prefix: tuple[str, ...] = ()
    input_manager_key: str | None = None
    partition_mapping: PartitionMapping | None = None
    value_type: Any = None

    def __init__(
        self,
        key: CoercibleToAssetKey | None = None,
        metadata: Mapping[str, RawMetadataValue] | None = None,
        key_prefix: str | Sequence[str] | None = None,
        input_manager_key: str | None = None,
        partition_mapping: PartitionMapping | None = None,
        value_type: Any = None,
    ) -> None:
        if key is not None and key_prefix is not None:
            raise InvalidDefinitionError("AssetIn takes key or key_prefix, not both: the prefix is a part of the key.")
        object.__setattr__(self, "key", None if key is None else AssetKey.from_coercible(key))
        object.__setattr__(self, "metadata", normalize(metadata, of="AssetIn") if metadata else NOTHING)
        object.__setattr__(self, "key_prefix", parts_of(key_prefix))
        object.__setattr__(self, "input_manager_key", input_manager_key)
        object.__setattr__(self, "partition_mapping", _checked_mapping(partition_mapping))
        object.__setattr__(self, "value_type", value_type)


@serializable
@dataclass(frozen=True, slots=True)
class AssetCheckSpec:
    """What is said of an asset check without its function.

    A blocking check that fails with severity ERROR keeps everything downstream of the asset from running.

    >>> AssetCheckSpec("unique_ids", asset="orders", blocking=True).key
    CheckKey(asset=AssetKey('orders'), name='unique_ids')
    """

    name: str
    asset_key: AssetKey
    description: str | None = None
    additional_deps: tuple[AssetDep, ...] = ()
    blocking: bool = False
    metadata: Mapping[str, Any] = NOTHING
    automation_condition: Any = None
    partitions_def: PartitionsDefinition | None = None

    def __init__(
        self,
        name: str,
        *,
        asset: CoercibleToAssetKey | None = None,
        asset_key: CoercibleToAssetKey | None = None,
        description: str | None = None,
        additional_deps: Iterable[AssetDep | CoercibleToAssetKey] | None = None,
        blocking: bool = False,
        metadata: Mapping[str, RawMetadataValue] | None = None,
        automation_condition: Any = None,
        partitions_def: PartitionsDefinition | None = None,
    ) -> None:
        target = asset if asset is not None else asset_key
        if target is None:
            raise InvalidDefinitionError(f"check '{name}' names no asset: AssetCheckSpec({name!r}, asset=...).")
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "asset_key", AssetKey.from_coercible(target))
        object.__setattr__(self, "description", description)
        object.__setattr__(self, "additional_deps", tuple(AssetDep.from_coercible(dep) for dep in additional_deps or ()))
        object.__setattr__(self, "blocking", blocking)
        object.__setattr__(self, "metadata", written(metadata, of=f"check '{name}'") if metadata else NOTHING)
        object.__setattr__(self, "automation_condition", automation_condition)
        object.__setattr__(self, "partitions_def", partitions_def)

    @property
    def key(self) -> CheckKey:
        """The asset and the name together."""
        return CheckKey(self.asset_key, self.name)


@serializable
@dataclass(init=False, frozen=True, slots=True)
class AssetSpec:
    """Everything said of one asset but how it is made.

    By itself in `Definitions(assets=[...])` it is an external asset: in the lineage and loadable, made elsewhere. `skippable`: its function
    may yield nothing for it. Kinds are short labels of technology (``pandas``, ``duckdb``). `metadata` gives back what was written, but for
    what had to be masked or has no form of its own.

    >>> spec = AssetSpec("orders", group_name="sales", owners=["team:data"])
    >>> spec.replace_attributes(group_name="raw").group_name, spec.merge_attributes(kinds={"csv"}).kinds
    ('raw', ('csv',))
    """

    key: AssetKey
    deps: tuple[AssetDep, ...] = seldom(())
    description: str | None = None
    metadata: Mapping[str, Any] = seldom(NOTHING)
    skippable: bool = seldom(False)
    group_name: str | None = None
    code_version: str | None = seldom(None)
    automation_condition: Any = seldom(None)
    owners: tuple[str, ...] = seldom(())
    tags: Mapping[str, str] = seldom(NOTHING)
    kinds: tuple[str, ...] = seldom(())
    partitions_def: PartitionsDefinition | None = seldom(None)
    freshness_policy: FreshnessPolicy | None = seldom(None)
    is_virtual: bool = seldom(False)
    io_manager_key: str = seldom("io_manager")

    def __new__(
        cls,
        key: CoercibleToAssetKey,
        *,
        deps: Iterable[AssetDep | CoercibleToAssetKey] | None = None,
        description: str | None = None,
        metadata: Mapping[str, RawMetadataValue] | None = None,
        skippable: bool = False,
        group_name: str | None = None,
        code_version: str | None = None,
        automation_condition: Any = None,
        owners: Sequence[str] | None = None,
        tags: Mapping[str, str] | None = None,
        kinds: Iterable[str] | None = None,
        partitions_def: PartitionsDefinition | None = None,
        freshness_policy: FreshnessPolicy | None = None,
        is_virtual: bool = False,
        io_manager_key: str = "io_manager",
    ) -> AssetSpec:
        asset_key = key if isinstance(key, AssetKey) else AssetKey.from_coercible(key)
        checked_deps = _distinct_deps(deps, asset_key) if deps else ()
        if partitions_def is not None and (isinstance(partitions_def, type) or not hasattr(partitions_def, "ordinals_of")):
            raise InvalidDefinitionError(
                f"partitions_def of asset '{asset_key}' is a definition such as DailyPartitionsDefinition('2013-01-01'), "
                f"not {partitions_def!r}."
            )
        made = _spec(
            asset_key,
            checked_deps,
            description,
            written(metadata, of=f"asset '{asset_key}'") if metadata else NOTHING,
            skippable,
            _group(group_name, asset_key) if group_name is not None else None,
            code_version,
            _checked_condition(automation_condition, asset_key) if automation_condition is not None else None,
            owners_of(owners, f"asset '{asset_key}'") if owners else (),
            _tags(tags, asset_key) if tags else NOTHING,
            tuple(sorted({str(kind) for kind in kinds})) if kinds else (),
            partitions_def,
            freshness_policy,
            is_virtual,
            io_manager_key,
        )
        return made if cls is AssetSpec else as_subclass(cls, made)

    @property
    def group(self) -> str:
        """The group it is shown in; ``default`` when none was given."""
        return self.group_name or DEFAULT_GROUP

    def replace_attributes(self, **changes: Any) -> AssetSpec:
        """A copy with these attributes instead: any argument of `AssetSpec`.

        >>> AssetSpec("a").replace_attributes(group_name="raw").group
        'raw'
        """
        known = {item.name for item in fields(self)}
        for name in changes:
            if name not in known:
                raise InvalidDefinitionError(f"AssetSpec has no attribute '{name}'. {did_you_mean(name, known)}".rstrip())
        current = {name: getattr(self, name) for name in known}
        return AssetSpec(**{**current, **changes})

    def merge_attributes(
        self,
        *,
        deps: Iterable[AssetDep | CoercibleToAssetKey] = (),
        metadata: Mapping[str, RawMetadataValue] | None = None,
        owners: Sequence[str] = (),
        tags: Mapping[str, str] | None = None,
        kinds: Iterable[str] = (),
    ) -> AssetSpec:
        """A copy with these added to what is there; the new value wins where both say something."""
        return self.replace_attributes(
            deps=[*self.deps, *deps],
            metadata={**self.metadata, **(metadata or {})},
            owners=[*self.owners, *(owner for owner in owners if owner not in self.owners)],
            tags={**self.tags, **(tags or {})},
            kinds={*self.kinds, *kinds},
        )

    def with_io_manager_key(self, io_manager_key: str) -> AssetSpec:
        """A copy that is loaded through that I/O manager."""
        return self.replace_attributes(io_manager_key=io_manager_key)


_spec = filled_by(AssetSpec)


@dataclass(frozen=True, slots=True)
class AssetOut:
    """One asset of a `multi_asset`, as an output of its function.

    >>> from nbasset import multi_asset
    >>> @multi_asset(outs={"large": AssetOut(group_name="orders"), "small": AssetOut()})
    ... def split():
    ...     return [100], [1]
    >>> split.keys
    (AssetKey('large'), AssetKey('small'))
    """

    key_prefix: tuple[str, ...] = ()
    key: AssetKey | None = None
    value_type: Any = None
    description: str | None = None
    is_required: bool = True
    io_manager_key: str = "io_manager"
    backfill_policy: Any = None
    attributes: Mapping[str, Any] = NOTHING

    def __init__(
        self,
        key_prefix: str | Sequence[str] | None = None,
        key: CoercibleToAssetKey | None = None,
        value_type: Any = None,
        description: str | None = None,
        is_required: bool = True,
        io_manager_key: str | None = None,
        metadata: Mapping[str, RawMetadataValue] | None = None,
        group_name: str | None = None,
        code_version: str | None = None,
        automation_condition: Any = None,
        backfill_policy: Any = None,
        owners: Sequence[str] | None = None,
        tags: Mapping[str, str] | None = None,
        kinds: Iterable[str] | None = None,
        freshness_policy: FreshnessPolicy | None = None,
    ) -> None:
        if key is not None and key_prefix is not None:
            raise InvalidDefinitionError("AssetOut takes key or key_prefix, not both: the prefix is a part of the key.")
        put = object.__setattr__
        put(self, "key_prefix", parts_of(key_prefix))
        put(self, "key", None if key is None else AssetKey.from_coercible(key))
        put(self, "value_type", value_type)
        put(self, "description", description)
        put(self, "is_required", is_required)
        put(self, "io_manager_key", io_manager_key or "io_manager")
        put(self, "backfill_policy", backfill_policy)
        attributes = {
            "metadata": metadata,
            "group_name": group_name,
            "code_version": code_version,
            "automation_condition": automation_condition,
            "owners": owners,
            "tags": tags,
            "kinds": kinds,
            "freshness_policy": freshness_policy,
        }
        put(self, "attributes", {name: value for name, value in attributes.items() if value is not None})

    @staticmethod
    def from_spec(
        spec: AssetSpec, value_type: Any = None, is_required: bool = True, io_manager_key: str | None = None, backfill_policy: Any = None
    ) -> AssetOut:
        """The output that a spec describes.

        Raises
        ------
        InvalidDefinitionError
            If the spec names what the asset depends on: that is said for the function as a whole.
        """
        if spec.deps:
            raise InvalidDefinitionError(
                f"the spec of '{spec.key}' has deps, which an output cannot have: say them once, @multi_asset(deps=..., outs=...)."
            )
        return AssetOut(
            key=spec.key, value_type=value_type, description=spec.description, is_required=is_required,
            io_manager_key=io_manager_key or spec.io_manager_key, metadata=spec.metadata or None, group_name=spec.group_name,
            code_version=spec.code_version, automation_condition=spec.automation_condition, backfill_policy=backfill_policy,
            owners=spec.owners or None, tags=spec.tags or None, kinds=spec.kinds or None, freshness_policy=spec.freshness_policy,
        )  # fmt: skip

    def to_spec(self, name: str, *, prefix: Sequence[str] = (), **defaults: Any) -> AssetSpec:
        """The spec of this output; `name` is the last part of the key where no key was given."""
        key = self.key or AssetKey([*(self.key_prefix or prefix), name])
        return AssetSpec(
            key,
            **{**defaults, **self.attributes},
            description=self.description,
            skippable=not self.is_required,
            io_manager_key=self.io_manager_key,
        )


def parts_of(prefix: str | Sequence[str] | None) -> tuple[str, ...]:
    """A key prefix as parts: ``"raw"``, ``["raw", "sales"]`` or nothing."""
    if prefix is None:
        return ()
    return (prefix,) if isinstance(prefix, str) else tuple(prefix)


def owners_of(owners: Sequence[str] | None, what: str) -> tuple[str, ...]:
    """Owners as given: addresses and teams. `what` names the owned thing in errors."""
    for owner in owners or ():
        if not (isinstance(owner, str) and (_EMAIL.match(owner) or _TEAM.match(owner))):
            raise InvalidDefinitionError(
                f"{what}: {owner!r} cannot be an owner. Give an address such as 'ann@example.org' or a team such as 'team:data'."
            )
    return tuple(owners or ())


def _distinct_deps(deps: Iterable[AssetDep | CoercibleToAssetKey], key: AssetKey) -> tuple[AssetDep, ...]:
    found: dict[AssetKey, AssetDep] = {}
    for value in deps:
        dep = AssetDep.from_coercible(value)
        if dep.asset in found and found[dep.asset] != dep:
            raise InvalidDefinitionError(f"asset '{key}' names '{dep.asset}' twice in deps, with different settings. Keep one.")
        found[dep.asset] = dep
    return tuple(found.values())


def _checked_condition(condition: Any, key: AssetKey) -> Any:
    if callable(condition):
        raise InvalidDefinitionError(f"asset '{key}': automation_condition is a function. Call it: AutomationCondition.eager().")
    return condition


def _group(name: str, key: AssetKey) -> str:
    if not isinstance(name, str) or not _GROUP.match(name):
        raise InvalidDefinitionError(
            f"asset '{key}': {name!r} cannot be a group: only letters, digits and '_' can stand in a group's name."
        )
    return name


def _tags(tags: Mapping[str, str], key: AssetKey) -> dict[str, str]:
    for name, value in tags.items():
        if not isinstance(name, str) or not _TAG_KEY.match(name):
            raise InvalidDefinitionError(
                f"asset '{key}': {name!r} cannot be a tag: letters, digits, '_', '-' and '.', at most 63 of them, "
                "with one prefix and '/' if wished."
            )
        if not isinstance(value, str):
            raise InvalidDefinitionError(f"asset '{key}': tag '{name}' has {kind_of(value)} as value; give text: {str(value)!r}.")
    return dict(tags)


def _checked_mapping(mapping: Any) -> Any:
    if mapping is not None and (isinstance(mapping, type) or not hasattr(mapping, "upstream_of")):
        raise InvalidDefinitionError(
            f"partition_mapping is a mapping such as LastPartitionMapping(), not {mapping!r}: it says which partitions upstream are read."
        )
    return mapping
