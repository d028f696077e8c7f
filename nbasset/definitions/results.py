"""What a function of the user gives back: values with facts about them, verdicts, observations.

A plain value is always enough. These classes say more about it; they are returned or yielded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from nbasset.dataclass import dataclass
from nbasset.errors import InvalidDefinitionError
from nbasset.events.facts import AssetCheckSeverity, CheckKey
from nbasset.keys import AssetKey
from nbasset.metadata import MetadataValue, RawMetadataValue, normalize
from nbasset.secrets import mask_secrets

if TYPE_CHECKING:
    from nbasset.keys import CoercibleToAssetKey

T = TypeVar("T")
DEFAULT_OUTPUT = "result"


class _NoValue(Enum):
    NO_VALUE = "no value"


NO_VALUE: Final = _NoValue.NO_VALUE
"""Stands where a result carries no value: nothing is stored by an I/O manager."""


@dataclass(frozen=True, slots=True)
class DataVersion:
    """A version of data given by the user in place of the content hash.

    >>> Output([1, 2], data_version=DataVersion("2013-06-01")).data_version.value
    '2013-06-01'
    """

    value: str


@dataclass(frozen=True, slots=True)
class DataVersionsByPartition:
    """Data versions of several partitions, from an observation.

    >>> DataVersionsByPartition({"EWR": "1", "JFK": DataVersion("2")}).data_versions_by_partition["EWR"]
    DataVersion(value='1')
    """

    data_versions_by_partition: Mapping[str, DataVersion]

    def __init__(self, data_versions_by_partition: Mapping[str, str | DataVersion]) -> None:
        versions = {
            key: value if isinstance(value, DataVersion) else DataVersion(value) for key, value in data_versions_by_partition.items()
        }
        object.__setattr__(self, "data_versions_by_partition", versions)


@dataclass(frozen=True, slots=True)
class AssetCheckResult:
    """The verdict of an asset check.

    `asset_key` and `check_name` may be left out where they are clear from the check that returns it.

    >>> AssetCheckResult(passed=False, metadata={"duplicates": 3}, description="3 orders stand there twice").passed
    False
    """

    passed: bool
    asset_key: AssetKey | None = None
    check_name: str | None = None
    metadata: Mapping[str, MetadataValue] = field(default_factory=dict)
    severity: AssetCheckSeverity = AssetCheckSeverity.ERROR
    description: str | None = None

    def __init__(
        self,
        passed: bool,
        asset_key: CoercibleToAssetKey | None = None,
        check_name: str | None = None,
        metadata: Mapping[str, RawMetadataValue] | None = None,
        severity: AssetCheckSeverity = AssetCheckSeverity.ERROR,
        description: str | None = None,
    ) -> None:
        if not isinstance(passed, bool):
            passed = _as_bool(passed)
        object.__setattr__(self, "passed", passed)
        object.__setattr__(self, "asset_key", _key(asset_key))
        object.__setattr__(self, "check_name", check_name)
        object.__setattr__(self, "metadata", normalize(metadata, of=f"check {check_name or ''}".strip()))
        object.__setattr__(self, "severity", severity)
        object.__setattr__(self, "description", _masked(description))

    @property
    def key(self) -> CheckKey | None:
        """The check's key, when both halves are known."""
        return CheckKey(self.asset_key, self.check_name) if self.asset_key and self.check_name else None


@dataclass(frozen=True, slots=True)
class Output(Generic[T]):
    """A value with facts about it. `output_name` is needed only where there are several outputs.

    >>> output = Output([1, 2], metadata={"rows": 2})
    >>> output.value, output.metadata["rows"].value
    ([1, 2], 2)
    """

    value: T
    output_name: str = DEFAULT_OUTPUT
    metadata: Mapping[str, MetadataValue] = field(default_factory=dict)
    data_version: DataVersion | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def __init__(
        self,
        value: T,
        output_name: str | None = DEFAULT_OUTPUT,
        metadata: Mapping[str, RawMetadataValue] | None = None,
        data_version: DataVersion | None = None,
        *,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        name = output_name or DEFAULT_OUTPUT
        object.__setattr__(self, "value", value)
        object.__setattr__(self, "output_name", name)
        object.__setattr__(self, "metadata", normalize(metadata, of=f"output '{name}'") if metadata else {})
        object.__setattr__(self, "data_version", data_version)
        object.__setattr__(self, "tags", dict(tags or {}))


@dataclass(frozen=True, slots=True)
class DynamicOutput(Generic[T]):
    """One of several values of a dynamic output; `mapping_key` names it among them.

    >>> DynamicOutput("a.csv", mapping_key="a").mapping_key
    'a'
    """

    value: T
    mapping_key: str
    output_name: str = DEFAULT_OUTPUT
    metadata: Mapping[str, MetadataValue] = field(default_factory=dict)

    def __init__(
        self,
        value: T,
        mapping_key: str,
        output_name: str | None = DEFAULT_OUTPUT,
        metadata: Mapping[str, RawMetadataValue] | None = None,
    ) -> None:
        if not isinstance(mapping_key, str) or not mapping_key.replace("_", "a").isalnum():
            raise InvalidDefinitionError(
                f"DynamicOutput(mapping_key={mapping_key!r}): a mapping key is text of letters, digits and '_', since it becomes part of a "
                "step's name."
            )
        name = output_name or DEFAULT_OUTPUT
        object.__setattr__(self, "value", value)
        object.__setattr__(self, "mapping_key", mapping_key)
        object.__setattr__(self, "output_name", name)
        object.__setattr__(self, "metadata", normalize(metadata, of=f"output '{name}'") if metadata else {})


@dataclass(frozen=True, slots=True)
class MaterializeResult(Generic[T]):
    """An asset was made; with a `value` the I/O manager stores it, without one the function did so itself.

    >>> from nbasset import asset, materialize_to_memory
    >>> @asset
    ... def orders():
    ...     return MaterializeResult(value=[1, 2], metadata={"rows": 2})
    >>> materialize_to_memory([orders]).asset_value("orders")
    [1, 2]
    """

    asset_key: AssetKey | None = None
    metadata: Mapping[str, MetadataValue] = field(default_factory=dict)
    check_results: tuple[AssetCheckResult, ...] = ()
    data_version: DataVersion | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    value: T | _NoValue = NO_VALUE

    def __init__(
        self,
        asset_key: CoercibleToAssetKey | None = None,
        metadata: Mapping[str, RawMetadataValue] | None = None,
        check_results: Sequence[AssetCheckResult] | None = None,
        data_version: DataVersion | None = None,
        tags: Mapping[str, str] | None = None,
        value: T | _NoValue = NO_VALUE,
    ) -> None:
        object.__setattr__(self, "asset_key", _key(asset_key))
        object.__setattr__(self, "metadata", normalize(metadata, of="MaterializeResult") if metadata else {})
        object.__setattr__(self, "check_results", tuple(check_results or ()))
        object.__setattr__(self, "data_version", data_version)
        object.__setattr__(self, "tags", dict(tags or {}))
        object.__setattr__(self, "value", value)


@dataclass(frozen=True, slots=True)
class ObserveResult:
    """An asset was looked at, not made.

    >>> ObserveResult(metadata={"files": 3}, data_version=DataVersion("v3")).metadata["files"].value
    3
    """

    asset_key: AssetKey | None = None
    metadata: Mapping[str, MetadataValue] = field(default_factory=dict)
    check_results: tuple[AssetCheckResult, ...] = ()
    data_version: DataVersion | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def __init__(
        self,
        asset_key: CoercibleToAssetKey | None = None,
        metadata: Mapping[str, RawMetadataValue] | None = None,
        check_results: Sequence[AssetCheckResult] | None = None,
        data_version: DataVersion | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        object.__setattr__(self, "asset_key", _key(asset_key))
        object.__setattr__(self, "metadata", normalize(metadata, of="ObserveResult"))
        object.__setattr__(self, "check_results", tuple(check_results or ()))
        object.__setattr__(self, "data_version", data_version)
        object.__setattr__(self, "tags", dict(tags or {}))


@dataclass(frozen=True, slots=True)
class AssetCheckEvaluation:
    """The verdict of a check, told by something outside a run: see `Instance.report_runless_asset_event`.

    >>> from nbasset import AssetCheckKey, AssetKey, Instance
    >>> with Instance.ephemeral() as instance:
    ...     instance.report_runless_asset_event(AssetCheckEvaluation("orders", "small", passed=False))
    ...     instance.get_latest_check_evaluation(AssetCheckKey(AssetKey("orders"), "small")).evaluation.passed
    False
    """

    asset_key: AssetKey
    check_name: str
    passed: bool
    metadata: Mapping[str, MetadataValue] = field(default_factory=dict)
    severity: AssetCheckSeverity = AssetCheckSeverity.ERROR
    description: str | None = None
    blocking: bool = False
    partition: str | None = None

    def __init__(
        self,
        asset_key: CoercibleToAssetKey,
        check_name: str,
        passed: bool,
        metadata: Mapping[str, RawMetadataValue] | None = None,
        severity: AssetCheckSeverity = AssetCheckSeverity.ERROR,
        description: str | None = None,
        blocking: bool = False,
        partition: str | None = None,
    ) -> None:
        put = object.__setattr__
        put(self, "asset_key", AssetKey.from_coercible(asset_key))
        put(self, "check_name", check_name)
        put(self, "passed", _as_bool(passed))
        put(self, "metadata", normalize(metadata, of=f"check '{check_name}'"))
        put(self, "severity", severity)
        put(self, "description", _masked(description))
        put(self, "blocking", blocking)
        put(self, "partition", partition)

    @property
    def key(self) -> CheckKey:
        """The check that the verdict is of."""
        return CheckKey(self.asset_key, self.check_name)


@dataclass(frozen=True, slots=True)
class AssetMaterialization:
    """The fact that an asset was made, told by user code: yielded from an op, logged, or reported from outside.

    >>> from nbasset import Instance
    >>> with Instance.ephemeral() as instance:
    ...     instance.report_runless_asset_event(AssetMaterialization("orders", metadata={"rows": 2}))
    ...     instance.get_latest_materialization_event("orders").asset_key
    AssetKey('orders')
    """

    asset_key: AssetKey
    description: str | None = None
    metadata: Mapping[str, MetadataValue] = field(default_factory=dict)
    partition: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def __init__(
        self,
        asset_key: CoercibleToAssetKey,
        description: str | None = None,
        metadata: Mapping[str, RawMetadataValue] | None = None,
        partition: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        key = AssetKey.from_coercible(asset_key)
        object.__setattr__(self, "asset_key", key)
        object.__setattr__(self, "description", _masked(description))
        object.__setattr__(self, "metadata", normalize(metadata, of=f"asset '{key}'"))
        object.__setattr__(self, "partition", partition)
        object.__setattr__(self, "tags", dict(tags or {}))


@dataclass(frozen=True, slots=True)
class AssetObservation:
    """Something learned of an asset, told by user code.

    >>> AssetObservation("orders", metadata={"rows": 2}, partition="2013-01-01").partition
    '2013-01-01'
    """

    asset_key: AssetKey
    description: str | None = None
    metadata: Mapping[str, MetadataValue] = field(default_factory=dict)
    partition: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def __init__(
        self,
        asset_key: CoercibleToAssetKey,
        description: str | None = None,
        metadata: Mapping[str, RawMetadataValue] | None = None,
        partition: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        key = AssetKey.from_coercible(asset_key)
        object.__setattr__(self, "asset_key", key)
        object.__setattr__(self, "description", _masked(description))
        object.__setattr__(self, "metadata", normalize(metadata, of=f"asset '{key}'"))
        object.__setattr__(self, "partition", partition)
        object.__setattr__(self, "tags", dict(tags or {}))


@dataclass(frozen=True, slots=True)
class ExpectationResult:
    """A verdict inside a step that never fails it.

    >>> ExpectationResult(success=True, label="row count", metadata={"rows": 2}).success
    True
    """

    success: bool
    label: str | None = None
    description: str | None = None
    metadata: Mapping[str, MetadataValue] = field(default_factory=dict)

    def __init__(
        self,
        success: bool,
        label: str | None = None,
        description: str | None = None,
        metadata: Mapping[str, RawMetadataValue] | None = None,
    ) -> None:
        object.__setattr__(self, "success", _as_bool(success))
        object.__setattr__(self, "label", label)
        object.__setattr__(self, "description", _masked(description))
        object.__setattr__(self, "metadata", normalize(metadata, of="ExpectationResult"))


def _key(asset_key: Any) -> AssetKey | None:
    return None if asset_key is None else AssetKey.from_coercible(asset_key)


def _masked(description: str | None) -> str | None:
    """The same without secrets, as `normalize` does it for metadata: what is recorded is read by others."""
    return mask_secrets(description) if isinstance(description, str) else description


def _as_bool(value: object) -> bool:
    """True and False as such, also NumPy's; anything else is a mistake, not a verdict."""
    if isinstance(value, bool):
        return value
    if type(value).__name__ in ("bool", "bool_") and hasattr(value, "item"):
        return bool(value)
    raise InvalidDefinitionError(f"a check passes or fails: give True or False, not {type(value).__name__} {value!r:.60}.")
