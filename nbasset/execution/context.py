"""What a running function can ask and tell: its partition, config, resources, log; facts to record with its output."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from nbasset import clock
from nbasset.dataclass import dataclass
from nbasset.definitions.asset_job import EPHEMERAL_JOB
from nbasset.definitions.listed_partitions import (
    AddDynamicPartitionsRequest,
    DeleteDynamicPartitionsRequest,
    DynamicPartitionsDefinition,
)
from nbasset.definitions.results import (
    DEFAULT_OUTPUT,
    AssetCheckResult,
    AssetMaterialization,
    AssetObservation,
    DataVersion,
    ExpectationResult,
)
from nbasset.errors import InvariantViolationError, did_you_mean
from nbasset.events.facts import CheckKey
from nbasset.execution.capture import current_context
from nbasset.execution.context_partitions import PartitionQuestions
from nbasset.keys import AssetKey, PartitionRef, RunId, keys_text
from nbasset.metadata import MetadataValue, RawMetadataValue, normalize

if TYPE_CHECKING:
    from nbasset.definitions.job import JobDefinition
    from nbasset.definitions.op import OpDefinition
    from nbasset.definitions.partitions import PartitionsDefinition
    from nbasset.definitions.specs import AssetCheckSpec
    from nbasset.events.facts import AssetMaterialized
    from nbasset.keys import CoercibleToAssetKey


@dataclass(frozen=True, slots=True)
class RunView:
    """What a function may know of its run."""

    run_id: RunId
    tags: Mapping[str, str] = field(default_factory=dict)
    job_name: str | None = None
    config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def run_config(self) -> Mapping[str, Any]:
        """The run's configuration, secrets as references."""
        return self.config


@dataclass(slots=True)
class Told:
    """What the function told through its context; read by the step when the function has ended."""

    metadata: dict[str, dict[str, MetadataValue]] = field(default_factory=dict)
    asset_metadata: dict[tuple[AssetKey, str | None], dict[str, MetadataValue]] = field(default_factory=dict)
    data_versions: dict[str, str] = field(default_factory=dict)
    events: list[Any] = field(default_factory=list)
    keys: list[AddDynamicPartitionsRequest | DeleteDynamicPartitionsRequest] = field(default_factory=list)


class OpExecutionContext(PartitionQuestions):
    """The context of a running op, asset or check. Its members never change what is defined; `told` collects what to record.

    `started_at` is when this attempt began, aware and in UTC: what a function takes for now.

    Partition members raise `InvariantViolationError` when the run has no partition, naming what to ask first.

    >>> from nbasset import build_op_context, op
    >>> @op
    ... def label(context: OpExecutionContext) -> str:
    ...     context.add_output_metadata({"letters": 5})
    ...     return f"attempt {context.retry_number}"
    >>> label(build_op_context())
    'attempt 0'
    """

    __nbasset_context__ = True

    def __init__(
        self,
        *,
        name: str,
        run: RunView,
        step_key: str = "",
        assets_by_output: Mapping[str, AssetKey] | None = None,
        selected_checks: Sequence[CheckKey] = (),
        partitions_def: PartitionsDefinition | None = None,
        partitions: Sequence[PartitionRef] = (),
        config: Any = None,
        config_value: Any = None,
        resources: Any = None,
        log: logging.Logger | logging.LoggerAdapter[Any] | None = None,
        instance: Any = None,
        attempt: int = 1,
        outputs: Sequence[str] = (DEFAULT_OUTPUT,),
        input_partitions: Mapping[str, Sequence[PartitionRef]] | None = None,
        loader: Any = None,
        definition: Any = None,
        mapping_key: str | None = None,
        op: OpDefinition | None = None,
        job: JobDefinition | None = None,
        input_assets: Mapping[str, AssetKey] | None = None,
    ) -> None:
        self.op_name = name
        self._op = op
        self._job = job
        self._input_assets = dict(input_assets or {})
        self.run = run
        self.step_key = step_key or name
        self.op_config = config
        self.config_value = config_value
        self.resources = resources
        self.log = log or logging.getLogger("nbasset")
        self.instance = instance
        self.started_at = clock.now()
        self.told = Told()
        self.assets_def = definition
        self.selected_asset_check_keys = frozenset(selected_checks)
        self._assets = dict(assets_by_output or {})
        self._partitions_def = partitions_def
        self._partitions = tuple(partitions)
        self._attempt = attempt
        self._outputs = tuple(outputs)
        self._input_partitions = dict(input_partitions or {})
        self._loader = loader
        self._mapping_key = mapping_key

    @classmethod
    def get(cls) -> Self:
        """The context of the function that runs now, for code that it calls; the function itself need not take one.

        Raises
        ------
        InvariantViolationError
            If nothing runs here, or it is an asset check and the context of an asset is asked for, or the other way round.
        """
        found = current_context()
        if found is None:
            raise InvariantViolationError(
                f"no {cls.__name__} is at hand: no step runs here. In a thread of your own, run the code in contextvars.copy_context()."
            )
        is_check = isinstance(found, AssetCheckExecutionContext)
        if is_check != issubclass(cls, AssetCheckExecutionContext) and cls is not OpExecutionContext:
            raise InvariantViolationError(
                f"{found.op_name} runs with an {type(found).__name__}, not {cls.__name__}. "
                f"Ask {type(found).__name__}.get(), or OpExecutionContext.get() for either."
            )
        return found  # type: ignore[no-any-return]

    # -- the run -------------------------------------------------------------------------------------------------------------

    @property
    def run_id(self) -> RunId:
        """The run's id."""
        return self.run.run_id

    @property
    def run_tags(self) -> Mapping[str, str]:
        """The run's tags."""
        return self.run.tags

    @property
    def run_config(self) -> Mapping[str, Any]:
        """The run's configuration, secrets as references."""
        return self.run.config

    @property
    def job_name(self) -> str:
        """The job; ``__ephemeral_asset_job__`` of assets that are made without one."""
        return self.run.job_name or EPHEMERAL_JOB

    @property
    def retry_number(self) -> int:
        """0 at the first attempt, 1 at the first retry."""
        return self._attempt - 1

    @property
    def op_def(self) -> OpDefinition:
        """The op whose function runs."""
        if self._op is None:
            raise InvariantViolationError("this context belongs to no op yet: pass it to the call of one.")
        return self._op

    @property
    def job_def(self) -> JobDefinition | None:
        """The definition of the job, if the run is of one and its definition is at hand."""
        return self._job

    @property
    def op_execution_context(self) -> OpExecutionContext:
        """This context: the reference tells asset and op contexts apart, here they are one."""
        return self

    def has_tag(self, key: str) -> bool:
        """Whether the run has the tag."""
        return key in self.run.tags

    def get_tag(self, key: str) -> str | None:
        """A tag of the run, None without it."""
        return self.run.tags.get(key)

    def get_mapping_key(self) -> str | None:
        """The mapping key, in a step that was mapped over a dynamic output."""
        return self._mapping_key

    # -- assets --------------------------------------------------------------------------------------------------------------

    @property
    def has_assets_def(self) -> bool:
        """Whether an asset is being made."""
        return bool(self._assets)

    @property
    def asset_key(self) -> AssetKey:
        """The one asset that is being made."""
        if len(self._assets) != 1:
            raise InvariantViolationError(
                f"'{self.op_name}' makes {len(self._assets)} assets, so context.asset_key means nothing. Use context.selected_asset_keys."
            )
        return next(iter(self._assets.values()))

    @property
    def asset_keys(self) -> list[AssetKey]:
        """The assets that this call is to make, in order of its outputs."""
        return list(self._assets.values())

    @property
    def is_subset(self) -> bool:
        """Whether the function is to make only some of its assets and checks."""
        definition = self.assets_def
        if definition is None:
            return False
        return set(self._assets.values()) != set(definition.keys) or self.selected_asset_check_keys != frozenset(definition.check_keys)

    @property
    def has_asset_checks_def(self) -> bool:
        """Whether verdicts of checks come from the function."""
        return bool(self.check_specs)

    @property
    def check_specs(self) -> list[AssetCheckSpec]:
        """What is said of the checks whose verdicts are to come from this call."""
        known = self.assets_def.check_specs if self.assets_def is not None else ()
        return [spec for spec in known if spec.key in self.selected_asset_check_keys]

    @property
    def selected_asset_keys(self) -> set[AssetKey]:
        """The assets that this call is to make."""
        return set(self._assets.values())

    @property
    def selected_output_names(self) -> set[str]:
        """The outputs that this call is to yield."""
        return set(self._outputs)

    def asset_key_for_output(self, output_name: str = DEFAULT_OUTPUT) -> AssetKey:
        """The asset that an output is."""
        if output_name not in self._assets:
            hint = did_you_mean(output_name, self._assets)
            raise InvariantViolationError(f"'{self.op_name}' has no asset for an output '{output_name}'. {hint}".rstrip())
        return self._assets[output_name]

    def output_for_asset_key(self, asset_key: CoercibleToAssetKey) -> str:
        """The output that an asset comes from."""
        key = AssetKey.from_coercible(asset_key)
        for output, made in self._assets.items():
            if made == key:
                return output
        raise InvariantViolationError(f"'{self.op_name}' does not make '{key}' here; it makes {keys_text(self._assets.values())}.")

    def asset_key_for_input(self, input_name: str) -> AssetKey:
        """The asset that an input is read from, or that is named so in `deps`."""
        if input_name not in self._input_assets:
            dep = self._dep(input_name)
            if dep is not None:
                return dep.asset
            hint = did_you_mean(input_name, self._input_assets)
            raise InvariantViolationError(f"'{self.op_name}' reads no asset for an input '{input_name}'. {hint}".rstrip())
        return self._input_assets[input_name]

    def latest_materialization_for_upstream_asset(self, key: CoercibleToAssetKey) -> AssetMaterialized | None:
        """The newest materialization of an asset that is read, with its metadata; None without one."""
        record = self.instance.get_latest_materialization_event(key)
        return record.asset_materialization if record is not None else None

    def load_asset_value(self, asset_key: CoercibleToAssetKey, *, python_type: type | None = None, partition_key: str | None = None) -> Any:
        """The stored value of any asset, also one that is no input."""
        if self._loader is None:
            raise InvariantViolationError("there is no home to load from here; pass the value in, or use materialize().")
        return self._loader(AssetKey.from_coercible(asset_key), python_type=python_type, partition_key=partition_key)

    # -- telling -------------------------------------------------------------------------------------------------------------

    def add_output_metadata(
        self, metadata: Mapping[str, RawMetadataValue], output_name: str | None = None, mapping_key: str | None = None
    ) -> None:
        """Record facts with an output; later calls add to earlier ones."""
        name = output_name or (self._outputs[0] if len(self._outputs) == 1 else None)
        if name is None:
            raise InvariantViolationError(
                f"'{self.op_name}' has the outputs {', '.join(self._outputs)}: say which, add_output_metadata(..., output_name=...)."
            )
        if name not in self._outputs:
            hint = did_you_mean(name, self._outputs)
            raise InvariantViolationError(f"'{self.op_name}' has no output '{name}'. {hint}".rstrip())
        self.told.metadata.setdefault(name, {}).update(normalize(metadata, of=f"output '{name}'"))

    def add_asset_metadata(
        self,
        metadata: Mapping[str, RawMetadataValue],
        asset_key: CoercibleToAssetKey | None = None,
        partition_key: str | None = None,
    ) -> None:
        """Record facts with an asset (with one of its partitions, if named)."""
        key = self.asset_key if asset_key is None else AssetKey.from_coercible(asset_key)
        self.output_for_asset_key(key)
        self.told.asset_metadata.setdefault((key, partition_key), {}).update(normalize(metadata, of=f"asset '{key}'"))

    def get_output_metadata(self, output_name: str = DEFAULT_OUTPUT, mapping_key: str | None = None) -> dict[str, MetadataValue] | None:
        """The metadata that was added to an output so far; None if none was."""
        found = self.told.metadata.get(output_name)
        return dict(found) if found is not None else None

    def set_data_version(self, asset_key: CoercibleToAssetKey, data_version: DataVersion) -> None:
        """Say what the content of an asset is, when you know better than a hash of it."""
        self.told.data_versions[str(AssetKey.from_coercible(asset_key))] = data_version.value

    def log_event(self, event: AssetMaterialization | AssetObservation | ExpectationResult | AssetCheckResult) -> None:
        """Record a fact with the step, as yielding it would."""
        self.told.events.append(event)

    def add_dynamic_partitions(self, partitions_def_name: str, partition_keys: Sequence[str]) -> None:
        """Add keys to dynamic partitions; they are there when this step has ended well, together with what it made.

        Raises
        ------
        InvalidDefinitionError
            If a key cannot be one.
        """
        self.told.keys.append(DynamicPartitionsDefinition(partitions_def_name).build_add_request(partition_keys))

    def delete_dynamic_partitions(self, partitions_def_name: str, partition_keys: Sequence[str]) -> None:
        """Take keys out of dynamic partitions when this step has ended well; data and history stay."""
        self.told.keys.append(DynamicPartitionsDefinition(partitions_def_name).build_delete_request(partition_keys))

    def get_asset_provenance(self, asset_key: CoercibleToAssetKey) -> Any:
        """Code version and input data versions of the newest materialization of an asset; None without one."""
        return self.instance.get_provenance(AssetKey.from_coercible(asset_key)) if self.instance is not None else None

    @property
    def pdb(self) -> Any:
        """A debugger on the terminal: ``context.pdb.set_trace()``."""
        import pdb

        return pdb.Pdb()

    @property
    def scheduled_time(self) -> datetime | None:
        """The tick that caused the run, when a schedule did."""
        text = self.run.tags.get("nbasset/scheduled_time")
        return datetime.fromisoformat(text) if text else None


class AssetExecutionContext(OpExecutionContext):
    """The context of a running asset.

    >>> from nbasset import asset, build_asset_context
    >>> @asset
    ... def orders(context: AssetExecutionContext):
    ...     return str(context.asset_key)
    >>> orders(build_asset_context())
    'orders'
    """


class AssetCheckExecutionContext(OpExecutionContext):
    """The context of a running asset check.

    >>> from nbasset import AssetCheckResult, asset_check, build_asset_check_context
    >>> @asset_check(asset="orders")
    ... def has_rows(context: AssetCheckExecutionContext):
    ...     return AssetCheckResult(passed=True)
    >>> has_rows(build_asset_check_context()).passed
    True
    """

    @property
    def asset_check_spec(self) -> AssetCheckSpec:
        """What is said of the one check that runs.

        Raises
        ------
        InvariantViolationError
            If the function gives verdicts of several.
        """
        specs = self.check_specs
        if len(specs) != 1:
            raise InvariantViolationError(f"'{self.op_name}' gives verdicts of {len(specs)} checks. Use context.check_specs.")
        return specs[0]
