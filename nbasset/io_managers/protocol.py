"""The contract between a step and whatever keeps its values.

An `IOManager` is two functions: `handle_output` keeps what a step returned, `load_input` gives it back to a later step. The contexts say
everything needed to build any path or query. A `StagingIOManager` splits the write in two: a worker *stages* the value in a durable file
under a name nobody reads, and the run *publishes* it in the same breath as it records the event, so that files and events keep one order
and a reader sees the old value or the new one.

Contexts are made by the run loop, or by `build_output_context` and `build_input_context` in tests.
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from nbasset.dataclass import dataclass
from nbasset.definitions.partitions import PartitionKeyRange, given_partitions
from nbasset.errors import InvariantViolationError, kind_of
from nbasset.io_managers.step_facts import NOTHING_AROUND, AroundStep, StepFacts
from nbasset.io_managers.wanted import load_as as load_as_for
from nbasset.keys import AssetKey, PartitionRef, new_run_id, new_version_id
from nbasset.metadata import MetadataValue, RawMetadataValue, as_written, normalize
from nbasset.serde import serializable

if TYPE_CHECKING:
    from nbasset.definitions.partitions import PartitionsDefinition, TimeWindow
    from nbasset.keys import CoercibleToAssetKey

LoadAs = Literal["dict", "frame", "single"]
_LOG = logging.getLogger("nbasset.io_managers")


@serializable
@dataclass(frozen=True, slots=True)
class Staged:
    """A value that is durable but not yet visible: plain data, so that a worker can hand it to the run that publishes it.

    `staged_uri` is where the bytes are now, `uri` where readers will find them. `data_version` says what the content is, `version_id` which
    write it came from. `asset` is None for the output of an op, whose place follows from the run and the step.
    """

    asset: AssetKey | None
    partition: PartitionRef | None
    staged_uri: str
    uri: str
    version_id: str
    data_version: str
    rows: int | None = None
    size_bytes: int | None = None
    schema_id: str | None = None
    metadata: Mapping[str, MetadataValue] = field(default_factory=dict)


@dataclass(kw_only=True, slots=True)
class _Context(AroundStep):
    """What both contexts know. `partitions` are those of the asset that is written or read, `run_partition_key` that of the run."""

    key: AssetKey | None = None
    partitions: tuple[PartitionRef, ...] = ()
    asset_partitions_def: PartitionsDefinition | None = None
    run_partition_key: str | None = None
    name: str = "result"
    definition_metadata: Mapping[str, Any] = field(default_factory=dict)
    declared_type: Any = None
    config: Any = None
    resource_config: Mapping[str, Any] | None = None
    resources: Any = field(default_factory=SimpleNamespace)
    log: logging.Logger | logging.LoggerAdapter[Any] = _LOG
    added_metadata: dict[str, MetadataValue] = field(default_factory=dict)
    around: StepFacts = NOTHING_AROUND

    def __post_init__(self) -> None:
        if self.definition_metadata:
            self.definition_metadata = as_written(self.definition_metadata)

    @property
    def has_asset_key(self) -> bool:
        """Whether the value belongs to an asset (else to the output of an op)."""
        return self.key is not None

    @property
    def asset_key(self) -> AssetKey:
        """The key of the asset; an error for the output of an op."""
        if self.key is None:
            raise InvariantViolationError(f"'{self.name}' belongs to no asset. Ask has_asset_key first.")
        return self.key

    @property
    def has_asset_partitions(self) -> bool:
        """Whether the asset is partitioned."""
        return bool(self.partitions) or self.asset_partitions_def is not None

    @property
    def asset_partition_keys(self) -> list[str]:
        """The partitions of the asset that are written or read, in order."""
        return [ref.key for ref in self.partitions]

    @property
    def asset_partition_key(self) -> str:
        """The one partition of the asset; an error when there are several or none."""
        if len(self.partitions) != 1:
            raise InvariantViolationError(
                f"{self.label} has {len(self.partitions)} partitions here, not one. Use asset_partition_keys, which lists them."
            )
        return self.partitions[0].key

    @property
    def asset_partition_key_range(self) -> PartitionKeyRange:
        """First and last of the partitions."""
        if not self.partitions:
            raise InvariantViolationError(f"{self.label} has no partition here.")
        return PartitionKeyRange(self.partitions[0].key, self.partitions[-1].key)

    @property
    def asset_partitions_time_window(self) -> TimeWindow:
        """From the start of the first to the end of the last partition; an error when partitions are not times."""
        find = getattr(self.asset_partitions_def, "time_window_for_partition_key", None)
        if find is None or not self.partitions:
            raise InvariantViolationError(f"{self.label} is not partitioned by time, so there is no time window to give.")
        first, last = find(self.partitions[0].key), find(self.partitions[-1].key)
        window: TimeWindow = type(first)(first.start, last.end)
        return window

    @property
    def has_partition_key(self) -> bool:
        """Whether the run is for one partition."""
        return self.run_partition_key is not None

    @property
    def partition_key(self) -> str:
        """The partition of the run; an error when the run has none."""
        if self.run_partition_key is None:
            raise InvariantViolationError(f"this run of {self.label} is not for one partition. Ask has_partition_key first.")
        return self.run_partition_key

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The older name of `definition_metadata`."""
        return self.definition_metadata

    @property
    def label(self) -> str:
        """The asset (or output) for a sentence: ``asset 'raw/orders'``."""
        return f"asset '{self.key.to_user_string()}'" if self.key is not None else f"output '{self.name}'"

    def get_asset_identifier(self) -> list[str]:
        """The parts of the asset key, then the partition key if there is one."""
        return [*self.asset_key.path, *([self.asset_partition_key] if self.has_asset_partitions else [])]


@dataclass(kw_only=True, slots=True)
class OutputContext(_Context):
    """What an I/O manager knows about a value it is asked to keep.

    `definition_metadata` was given to the asset, `output_metadata` to this very `Output`. `version_id` names this write and nothing else
    will ever carry it.

    >>> context = build_output_context(asset_key="raw/orders", partition_key="2013-01-01")
    >>> context.get_asset_identifier(), context.asset_partition_keys
    (['raw', 'orders', '2013-01-01'], ['2013-01-01'])
    """

    step_key: str = "step"
    run_id: str = ""
    mapping_key: str | None = None
    output_metadata: Mapping[str, Any] = field(default_factory=dict)
    version_id: str = field(default_factory=new_version_id)
    data_version: str | None = None

    def add_output_metadata(self, metadata: Mapping[str, RawMetadataValue]) -> None:
        """Record facts about the stored value beside it, such as where it is. Later calls add to earlier ones.

        Raises
        ------
        InvalidMetadata
            If a value has a type that cannot be recorded.
        """
        self.added_metadata.update(normalize(metadata, of=self.label))

    def set_data_version(self, data_version: str) -> None:
        """Say what the content is, when you know better than a hash: two writes with one data version count as unchanged."""
        self.data_version = data_version

    def get_identifier(self) -> list[str]:
        """Run, step and output name (and the mapping key of a dynamic output): unique among outputs of ops."""
        return [self.run_id, self.step_key, self.name, *([self.mapping_key] if self.mapping_key else [])]

    def get_run_scoped_output_identifier(self) -> list[str]:
        """The same as `get_identifier`."""
        return self.get_identifier()

    def get_logged_metadata(self) -> dict[str, MetadataValue]:
        """What was recorded with `add_output_metadata` so far."""
        return dict(self.added_metadata)

    def for_partition(self, ref: PartitionRef) -> OutputContext:
        """This context for one of its partitions, with a version id and metadata of its own."""
        return OutputContext(
            key=self.key, partitions=(ref,), asset_partitions_def=self.asset_partitions_def, run_partition_key=ref.key, name=self.name,
            definition_metadata=self.definition_metadata, declared_type=self.declared_type, config=self.config,
            resource_config=self.resource_config, resources=self.resources, log=self.log, step_key=self.step_key, run_id=self.run_id,
            mapping_key=self.mapping_key, output_metadata=self.output_metadata, around=self.around,
        )  # fmt: skip


@dataclass(kw_only=True, slots=True)
class InputContext(_Context):
    """What an I/O manager knows about a value it is asked for.

    `version_ids` are the wanted versions, one a partition in order (one for an asset without partitions); an empty entry, or none at all,
    means the newest there is. `annotation` is the type the consumer wrote; `load_as` says what several partitions become: a dict by key,
    one frame, or the bare value of the only one. `as_of` is for people: the moment the versions were chosen for.

    >>> context = build_input_context(asset_key="raw/orders", name="rows")
    >>> context.name, context.asset_key
    ('rows', AssetKey(['raw', 'orders']))
    """

    upstream_output: OutputContext | None = None
    annotation: Any = None
    load_as: LoadAs = "single"
    as_of: Any = None
    version_ids: tuple[str, ...] = ()

    def add_input_metadata(self, metadata: Mapping[str, RawMetadataValue], description: str | None = None) -> None:
        """Record facts about what was loaded.

        Raises
        ------
        InvalidMetadata
            If a value has a type that cannot be recorded.
        """
        self.added_metadata.update(normalize(metadata, of=self.label))
        if description is not None:
            self.added_metadata["description"] = MetadataValue.text(description)

    def get_identifier(self) -> list[str]:
        """The identifier of the output that is loaded."""
        if self.upstream_output is None:
            raise InvariantViolationError(f"nothing is known of the step that wrote {self.label}. Use get_asset_identifier().")
        return self.upstream_output.get_identifier()

    @property
    def missing_allowed(self) -> bool:
        """Whether partitions that were never materialized are left out (input metadata ``allow_missing_partitions``)."""
        return bool(plain(self.definition_metadata.get("allow_missing_partitions", False)))

    def version_of(self, at: int) -> str | None:
        """The wanted version of the partition at this place, or None for the newest."""
        return (self.version_ids[at] or None) if at < len(self.version_ids) else None

    def for_partition(self, at: int) -> InputContext:
        """This context for the partition at this place alone, to be loaded as a bare value. Facts added to it are added here."""
        wanted = self.version_of(at)
        return InputContext(
            key=self.key, partitions=(self.partitions[at],), asset_partitions_def=self.asset_partitions_def,
            run_partition_key=self.run_partition_key, name=self.name, definition_metadata=self.definition_metadata,
            declared_type=self.declared_type, config=self.config, resource_config=self.resource_config, resources=self.resources,
            log=self.log, added_metadata=self.added_metadata, upstream_output=self.upstream_output, annotation=self.annotation,
            as_of=self.as_of, version_ids=(wanted,) if wanted else (), around=self.around,
        )  # fmt: skip


class InputManager(ABC):
    """Loads inputs, however they were stored.

    >>> class Zeros(InputManager):
    ...     def load_input(self, context):
    ...         return [0, 0]
    >>> Zeros().load_input(build_input_context(asset_key="orders"))
    [0, 0]
    """

    @abstractmethod
    def load_input(self, context: InputContext) -> Any:
        """The value of an input."""


class OutputManager(ABC):
    """Keeps outputs."""

    @abstractmethod
    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Keep what a step returned."""


class IOManager(InputManager, OutputManager):
    """Keeps what steps return and gives it back: derive from it and write the two functions.

    What `handle_output` writes is visible at once, before the event is recorded: a run killed in between leaves a value without an event.
    Managers that stage do not have that gap.

    >>> class Notes(IOManager):
    ...     def __init__(self):
    ...         self.notes = {}
    ...     def handle_output(self, context, obj):
    ...         self.notes[context.asset_key] = obj
    ...     def load_input(self, context):
    ...         return self.notes[context.asset_key]
    >>> notes = Notes()
    >>> notes.handle_output(build_output_context(asset_key="orders"), [1, 2])
    >>> notes.load_input(build_input_context(asset_key="orders"))
    [1, 2]
    """


class StagingIOManager(IOManager):
    """An I/O manager whose writes are two-phased. Used alone, `handle_output` stages and publishes at once.

    `stage` may run in any process, and several at a time; `publish` and `discard` run in the process of the run, one at a time for an
    asset. `says_version` tells that its files say which version they are, so that it never gives one version for another.
    """

    says_version: ClassVar[bool] = False

    @abstractmethod
    def stage(self, context: OutputContext, obj: Any) -> Staged:
        """Make the value durable under a name nobody reads. Nothing that was visible changes, whether this succeeds or not."""

    @abstractmethod
    def publish(self, staged: Staged, previous: str | None) -> None:
        """Make a staged value the visible one, keeping the superseded one as version `previous`. Doing it twice is doing it once."""

    @abstractmethod
    def discard(self, staged: Staged) -> None:
        """Remove a staged value that will not be published."""

    def stable_place(self, context: OutputContext | InputContext) -> str | None:
        """Where the current value stands that a context is about: what looks after files, moves or removes them, asks this.

        None where a manager does not tell; its files are then left alone.
        """
        return None

    def holds(self, place: str, version_id: str, data_version: str) -> bool:
        """Whether at a stable place there still is what was written as this version, and not what somebody put there by hand.

        It may read all of it. True where a manager cannot tell.
        """
        return True

    def load_at(self, context: InputContext, place: str) -> Any:
        """The value in a file of this manager that is not the current one, such as a staged one; None where it cannot be told."""
        return None

    def handle_output(self, context: OutputContext, obj: Any) -> None:
        """Stage and publish, for use without a run. A dict by partition key is written partition by partition."""
        for one, value in split_output(context, obj):
            staged = self.stage(one, value)
            self.publish(staged, None)
            context.added_metadata.update(staged.metadata)
            context.data_version = staged.data_version


def plain(value: Any) -> Any:
    """A metadata value as the plain Python value in it."""
    return value.value if isinstance(value, MetadataValue) else value


def split_output(context: OutputContext, obj: Any) -> list[tuple[OutputContext, Any]]:
    """What one step returned as one value a partition, each with a context of its own.

    A run over several partitions returns a dict with one entry for each.

    Raises
    ------
    InvariantViolationError
        If the value is no such dict: the missing or unknown keys are named.
    """
    if len(context.partitions) < 2:
        return [(context, obj)]
    wanted = context.asset_partition_keys
    if not isinstance(obj, Mapping) or any(not isinstance(key, str) for key in obj):
        raise InvariantViolationError(
            f"{context.label} was run for {len(wanted)} partitions at once and returned {kind_of(obj)}. "
            "Return a dict with one value for each of context.partition_keys, or run one partition at a time."
        )
    missing = [key for key in wanted if key not in obj]
    unknown = [str(key) for key in obj if key not in set(wanted)]
    if missing or unknown:
        said = [f"{len(keys)} {what} ({', '.join(keys[:3])})" for keys, what in ((missing, "missing"), (unknown, "not asked for")) if keys]
        raise InvariantViolationError(
            f"{context.label} was run for {len(wanted)} partitions; of the dict it returned {' and '.join(said)}. "
            "Return exactly one value for each of context.partition_keys."
        )
    return [(context.for_partition(ref), obj[ref.key]) for ref in context.partitions]


def build_output_context(
    step_key: str | None = None,
    name: str | None = None,
    definition_metadata: Mapping[str, RawMetadataValue] | None = None,
    run_id: str | None = None,
    mapping_key: str | None = None,
    config: Any = None,
    value_type: Any = None,
    version: str | None = None,
    resource_config: Mapping[str, Any] | None = None,
    resources: Mapping[str, Any] | None = None,
    op_def: Any = None,
    asset_key: CoercibleToAssetKey | None = None,
    partition_key: str | None = None,
    asset_partitions_def: PartitionsDefinition | None = None,
    asset_partition_key_range: PartitionKeyRange | None = None,
    instance: Any = None,
    asset_spec: Any = None,
    metadata: Mapping[str, RawMetadataValue] | None = None,
    output_metadata: Mapping[str, RawMetadataValue] | None = None,
    *,
    partition_keys: Sequence[str] | None = None,
    version_id: str | None = None,
) -> OutputContext:
    """An output context for tests of an I/O manager. A range is between keys of `asset_partitions_def`; `metadata` is the older
    name of `definition_metadata`.

    >>> build_output_context(asset_key="raw/orders", partition_key="2013-01-01").get_asset_identifier()
    ['raw', 'orders', '2013-01-01']
    """
    key = AssetKey.from_coercible(asset_key) if asset_key is not None else None
    return OutputContext(
        key=key,
        partitions=given_partitions(partition_key, partition_keys, asset_partition_key_range, asset_partitions_def),
        asset_partitions_def=asset_partitions_def,
        run_partition_key=partition_key,
        name=name or "result",
        definition_metadata=dict(definition_metadata or metadata or {}),
        declared_type=value_type,
        config=config,
        resource_config=resource_config,
        resources=SimpleNamespace(**(resources or {})),
        step_key=step_key or (key.to_python_identifier() if key else "step"),
        run_id=run_id or new_run_id(),
        mapping_key=mapping_key,
        output_metadata=dict(output_metadata or {}),
        version_id=version_id or new_version_id(),
        around=StepFacts(op_def, None, instance, asset_spec, version),
    )


def build_input_context(
    name: str | None = None,
    config: Any = None,
    definition_metadata: Mapping[str, RawMetadataValue] | None = None,
    upstream_output: OutputContext | None = None,
    value_type: Any = None,
    resource_config: Mapping[str, Any] | None = None,
    resources: Mapping[str, Any] | None = None,
    op_def: Any = None,
    asset_key: CoercibleToAssetKey | None = None,
    partition_key: str | None = None,
    asset_partition_keys: Sequence[str] | None = None,
    asset_partitions_def: PartitionsDefinition | None = None,
    *,
    asset_partition_key_range: PartitionKeyRange | None = None,
    annotation: Any = None,
    load_as: LoadAs | None = None,
    version_ids: Sequence[str] = (),
    metadata: Mapping[str, RawMetadataValue] | None = None,
    instance: Any = None,
) -> InputContext:
    """An input context for tests of an I/O manager. Key and partitions default to those of `upstream_output`.

    A range is between keys of `asset_partitions_def`; `metadata` is the older name of `definition_metadata`.

    `load_as` defaults to what a consumer with this annotation would get: see `nbasset.io_managers.wanted.load_as`.

    >>> build_input_context(upstream_output=build_output_context(asset_key="orders")).asset_key
    AssetKey('orders')
    """
    partitions = given_partitions(partition_key, asset_partition_keys, asset_partition_key_range, asset_partitions_def)
    key = AssetKey.from_coercible(asset_key) if asset_key is not None else None
    if upstream_output is not None:
        key = key or upstream_output.key
        partitions = partitions or upstream_output.partitions
        asset_partitions_def = asset_partitions_def or upstream_output.asset_partitions_def
    return InputContext(
        key=key,
        partitions=partitions,
        asset_partitions_def=asset_partitions_def,
        run_partition_key=partition_key,
        name=name or (key.last if key else "input"),
        definition_metadata=dict(definition_metadata or metadata or {}),
        declared_type=value_type,
        config=config,
        resource_config=resource_config,
        resources=SimpleNamespace(**(resources or {})),
        upstream_output=upstream_output,
        annotation=annotation,
        load_as=load_as or load_as_for(annotation, several=len(partitions) > 1),
        version_ids=tuple(version_ids),
        around=StepFacts(op_def, instance=instance),
    )
