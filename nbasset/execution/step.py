"""One attempt of one step: load, check, call, check, stage. It gives a `StepReport`; nothing is published and no event written here."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

from nbasset import clock
from nbasset.definitions.asset import AssetsDefinition
from nbasset.definitions.catalog import NodeOutput
from nbasset.definitions.listed_partitions import AddDynamicPartitionsRequest, DeleteDynamicPartitionsRequest
from nbasset.definitions.op import OpDefinition
from nbasset.definitions.results import (
    NO_VALUE,
    AssetCheckResult,
    AssetMaterialization,
    AssetObservation,
    DataVersion,
    DataVersionsByPartition,
    ExpectationResult,
)
from nbasset.definitions.value_types import Nothing
from nbasset.errors import Failure, InvariantViolationError, RetryRequested, UnknownAsset, UnstorableValue
from nbasset.events.facts import (
    AssetMaterialized,
    AssetObserved,
    CheckEvaluated,
    CheckKey,
    ExpectationEvaluated,
    Fact,
    OutputStored,
)
from nbasset.events.kinds import StepReused
from nbasset.execution.capture import Capture, capturing_python
from nbasset.execution.context import AssetCheckExecutionContext, AssetExecutionContext, OpExecutionContext, RunView
from nbasset.execution.environment import StepEnvironment
from nbasset.execution.failures import error_info
from nbasset.execution.hooks import StepHooks
from nbasset.execution.inputs import GIVEN, InputLoader, Reading
from nbasset.execution.results import Given, Item, ResultReader
from nbasset.execution.run_loggers import RunLoggers
from nbasset.execution.run_resources import RunResources
from nbasset.execution.task import NOT_TOLD, StepReport, StepTask
from nbasset.execution.type_checks import check_input, check_output
from nbasset.io_managers.protocol import OutputContext, Staged, StagingIOManager, split_output
from nbasset.keys import AssetKey, PartitionRef
from nbasset.metadata import MetadataValue
from nbasset.ordinals import OrdinalSet


class StepRunner:
    """Runs steps of one run in this process. Values that ops hand to each other stay here, so a run in one process never rereads them."""

    def __init__(self, environment: StepEnvironment, resources: RunResources) -> None:
        self.environment = environment
        self.resources = resources
        self.values: dict[tuple[str, str, str | None], Any] = {}
        self.errors: dict[str, BaseException] = {}
        self.loader = InputLoader(environment, self.values)
        self.loggers = RunLoggers(environment)

    def run(self, task: StepTask) -> StepReport:
        """One attempt. Errors of the user's code are in the report; an interrupt ends the attempt as cancelled.

        The error itself is kept in `errors`, for who runs in this process and wants to raise it.
        """
        attempt = _Attempt(self, task)
        return attempt.run()

    def node(self, task: StepTask) -> tuple[AssetsDefinition | None, OpDefinition]:
        """The definition behind a step: the assets it belongs to, and the op that is called."""
        found = self.environment.definitions.definition(task.step.node)
        if found is None:
            what = f"'{task.step.node}' of step '{task.step.key}'"
            raise UnknownAsset(f"{what} is not defined here. Was the code changed while the run went on?")
        owner = found if isinstance(found, AssetsDefinition) else None
        if isinstance(found.node, OpDefinition):
            return owner, found.node
        path = task.step.handle if owner is None else task.step.handle.removeprefix(f"{owner.name}.")
        op: OpDefinition = found.node.op_at(path)
        return owner, op

    def give(self, values: Mapping[str, Any], reused: Sequence[StepReused] = ()) -> None:
        """Values for the inputs of a job; and what steps gave in an earlier run that gave nothing to be stored."""
        self.values.update({(GIVEN, name, None): value for name, value in values.items()})
        for event in reused:
            for fact in event.facts:
                if isinstance(fact, OutputStored) and fact.kept == "nothing":
                    self.values[event.step, fact.output, fact.mapping_key] = None

    def job(self, task: StepTask) -> Any:
        """The job that the run is of; None without one, and where its definition is not at hand."""
        return self.environment.definitions.jobs.get(task.job) if task.job is not None else None


class _Attempt:
    def __init__(self, runner: StepRunner, task: StepTask) -> None:
        self.runner = runner
        self.environment = runner.environment
        self.task = task
        self.step = task.step
        self.started_us = clock.now_us()
        self.load_us = self.work_us = self.write_us = 0
        self.facts: list[Fact] = []
        self.staged: list[tuple[str, Staged]] = []
        self.keys: tuple[AddDynamicPartitionsRequest | DeleteDynamicPartitionsRequest, ...] = ()
        self.hooks = StepHooks(runner.environment, task, runner.job(task))

    def run(self) -> StepReport:
        folder = self.environment.runs_folder
        with Capture(folder, self.task, echo=self.environment.echo, level=self.environment.log_level) as capture:
            try:
                capture.loggers = self.runner.loggers.for_step(self.task)
                with self.environment.observe(self.task) as observed, self._listening():
                    self._execute(capture.log)
                self.facts.extend(observed.facts())
                self.facts.extend(self.hooks.after_success())
            except KeyboardInterrupt as error:
                return self._report(capture, error, cancelled=True)
            except Exception as error:  # noqa: BLE001 - every failure of the user's code becomes data in the report
                self.runner.errors[self.step.key] = error
                self.facts.extend(self.hooks.after_failure(error))
                return self._report(capture, error)
            return self._report(capture, None)

    def _listening(self) -> AbstractContextManager[None]:
        names = self.environment.python_loggers
        return capturing_python(self.environment.python_level, names) if names else nullcontext()

    def _execute(self, log: logging.LoggerAdapter[Any]) -> None:
        owner, op = self.runner.node(self.task)
        self.hooks.of(op)
        resources = self.runner.resources.for_step(owner, op, self.step, also=self.hooks.resource_keys)
        config, config_value = self.runner.resources.config_for(self.step, op)
        self.hooks.with_surroundings(resources, config, log)
        context = self._context(owner, op, config, config_value, resources, log)
        at = clock.now_us()
        inputs = self._load(op, owner, resources, log)
        values = {**inputs, **{name: resources[key] for name, key in op.parameters.resources.items()}}
        if op.parameters.config is not None:
            values[op.parameters.config] = config_value
        self.load_us = clock.now_us() - at
        at = clock.now_us()
        what = _what(self.step, op)
        returns = op.parameters.returns
        reader = ResultReader(
            self.step.outputs, what=what, annotated_none=returns is None or returns is Nothing or returns is type(None),
            is_check=self.step.kind == "check",
        )  # fmt: skip
        result = op.fn(context, **values) if op.parameters.context is not None else op.fn(**values)
        for item in reader.read(result):
            self._keep(item, op, owner, context, resources)
        self.work_us = clock.now_us() - at - self.write_us
        self._finish(context)

    def _context(
        self, owner: AssetsDefinition | None, op: OpDefinition, config: Any, config_value: Any, resources: Any, log: Any
    ) -> OpExecutionContext:
        task = self.task
        kind = AssetExecutionContext if owner is not None else OpExecutionContext
        return (AssetCheckExecutionContext if self.step.kind == "check" else kind)(
            name=op.name,
            run=RunView(task.run_id, task.tags, task.job, task.config),
            step_key=self.step.key,
            assets_by_output={output.name: output.asset for output in self.step.outputs if output.asset is not None},
            selected_checks=self.step.checks,
            partitions_def=owner.partitions_def if owner is not None else getattr(self.runner.job(task), "partitions_def", None),
            partitions=task.refs,
            config=config,
            config_value=config_value,
            resources=resources,
            log=log,
            instance=self.environment.instance,
            attempt=task.attempt,
            outputs=[output.name for output in self.step.outputs if output.check is None],
            input_partitions={item.name: item.refs for item in task.inputs if item.refs},
            loader=self.runner.loader.load_any,
            definition=owner,
            mapping_key=task.mapping_key,
        )

    def _load(self, op: OpDefinition, owner: AssetsDefinition | None, resources: Any, log: Any) -> dict[str, Any]:
        versions = {item.name: item for item in self.task.inputs}
        reading = Reading(self.task, op, owner, resources, log, self.runner.resources.run_config)
        values: dict[str, Any] = {}
        for item in self.step.inputs:
            if item.kind in ("default", "order"):
                continue
            value, fact = self.runner.loader.load(reading, item)
            if value is Nothing:
                continue
            values[item.name] = check_input(value, item.name, op, _what(self.step, op), partitions=versions.get(item.name))
            if fact is not None:
                self.facts.append(fact)
        return values

    # -- what came out -----------------------------------------------------------------------------------------------------

    def _keep(self, item: Item, op: OpDefinition, owner: AssetsDefinition | None, context: OpExecutionContext, resources: Any) -> None:
        if isinstance(item, Given):
            at = clock.now_us()
            output = next(one for one in self.step.outputs if one.name == item.output)
            self.hooks.gave(item)
            is_split = len(self.task.refs) > 1 or _is_split_for_one(item.value, output, owner, self.task.refs)
            if item.value is not NO_VALUE:
                check_output(item.value, item.output, op, _what(self.step, op), by_partition=is_split)
            if is_split and len(self.task.refs) == 1:
                item = replace(item, value=item.value[self.task.refs[0].key])
            self._store(item, output, op, owner, context, resources)
            self.write_us += clock.now_us() - at
        elif isinstance(item, AssetCheckResult):
            self.facts.append(self._verdict(item))
        elif isinstance(item, (AddDynamicPartitionsRequest, DeleteDynamicPartitionsRequest)):
            context.told.keys.append(item)
        else:
            self.facts.append(_fact(item))

    def _store(
        self, item: Given, output: NodeOutput, op: OpDefinition, owner: AssetsDefinition | None, context: OpExecutionContext, resources: Any
    ) -> None:
        told = context.told.metadata.get(item.output, {})
        metadata = {**item.metadata, **told}
        if self.step.kind == "observe" and output.asset is not None:
            self._observe(output.asset, item, metadata)
            return
        if output.asset is None or self.step.handle != self.step.node:
            value = None if item.value is NO_VALUE else item.value
            self.runner.values[self.step.key, output.name, item.mapping_key] = value
        if item.value is NO_VALUE:
            self._record(output, item, self.task.refs, None, metadata, context)
            return
        manager = resources[output.manager] if output.manager in resources else self.environment.manager(output.manager)
        base = self._output_context(item, output, op, owner, context, resources, metadata)
        if not isinstance(manager, StagingIOManager):
            manager.handle_output(base, item.value)
            self._record(output, item, self.task.refs, base, {**metadata, **base.added_metadata}, context)
            return
        for one, value in split_output(base, item.value):
            if item.data_version is not None:
                one.set_data_version(item.data_version)
            try:
                staged = manager.stage(one, value)
            except UnstorableValue:
                if output.asset is not None:
                    raise
                self.facts.append(OutputStored(output.name, item.mapping_key, metadata=metadata, kept="not-storable"))
                continue
            self.staged.append((output.manager, staged))
            self._record(output, item, one.partitions, one, {**metadata, **one.added_metadata, **staged.metadata}, context, staged)

    def _output_context(
        self, item: Given, output: NodeOutput, op: OpDefinition, owner: AssetsDefinition | None, context: OpExecutionContext,
        resources: Any, metadata: Mapping[str, MetadataValue],
    ) -> OutputContext:  # fmt: skip
        spec = owner.specs_by_key.get(output.asset) if owner is not None and output.asset is not None else None
        out = op.outs.get(output.name)
        return OutputContext(
            key=output.asset,
            partitions=self.task.refs if output.asset is not None else (),
            asset_partitions_def=owner.partitions_def if owner is not None else None,
            run_partition_key=self.task.refs[0].key if len(self.task.refs) == 1 else None,
            name=output.name,
            definition_metadata=spec.metadata if spec is not None else (out.metadata if out is not None else {}),
            value_type=out.value_type if out is not None else None,
            config=context.op_config,
            resources=resources,
            log=context.log,
            step_key=self.step.key,
            run_id=self.task.run_id,
            mapping_key=item.mapping_key,
            output_metadata=metadata,
        )

    def _record(
        self,
        output: NodeOutput,
        item: Given,
        refs: tuple[PartitionRef, ...],
        stored: OutputContext | None,
        metadata: Mapping[str, MetadataValue],
        context: OpExecutionContext,
        staged: Staged | None = None,
    ) -> None:
        """The fact that an output is there: one for each of its partitions. What it came from is for the run to tell (`Provenance`)."""
        version_id = staged.version_id if staged is not None else stored.version_id if stored is not None else ""
        if output.asset is None:
            uri, rows, size = (staged.uri, staged.rows, staged.size_bytes) if staged is not None else (None, None, None)
            kept: Any = "stored" if stored is not None else "nothing"
            self.facts.append(OutputStored(output.name, item.mapping_key, uri, version_id, rows, size, metadata, kept))
            return
        told = context.told.data_versions.get(str(output.asset))
        stored_version = staged.data_version if staged is not None else stored.data_version if stored is not None else None
        io = self.environment.io_version(output.manager) if stored is not None else "none"
        for ref in refs or (None,):
            self.facts.append(
                AssetMaterialized(
                    output.asset,
                    ref,
                    version_id,
                    item.data_version or told or stored_version or "",
                    self.task.code.version,
                    "",
                    io,
                    NOT_TOLD,
                    self.task.code.source_id,
                    (),
                    staged.rows if staged is not None else None,
                    staged.size_bytes if staged is not None else None,
                    staged.schema_id if staged is not None else None,
                    staged.uri if staged is not None else None,
                    metadata,
                    dict(item.tags),
                    self.environment.hidden_state(self.step.node),
                )
            )

    def _observe(self, asset: AssetKey, item: Given, metadata: Mapping[str, MetadataValue]) -> None:
        """What was seen of an asset: one fact, or one for each partition that the function told of (of those asked for, if any were)."""
        value, version = item.value, item.data_version
        if isinstance(value, DataVersionsByPartition):
            partitions_def = self.environment.definitions.catalog.asset(asset).partitions_def
            if partitions_def is None:
                raise InvariantViolationError(
                    f"'{asset}' has no partitions, but versions by partition were seen of it. Return DataVersion(...)."
                )
            asked = {ref.key for ref in self.task.refs}
            for key, seen in value.data_versions_by_partition.items():
                if not asked or key in asked:
                    ref = PartitionRef(key, partitions_def.ordinal_of(key, self.environment.key_table))
                    self.facts.append(AssetObserved(asset, ref, seen.value, metadata, dict(item.tags)))
            return
        if isinstance(value, DataVersion):
            version = version or value.value
        elif value is not NO_VALUE and value is not None:
            raise InvariantViolationError(
                f"{self.step.key} looked at '{asset}' and returned a {type(value).__name__}. Return DataVersion(...), "
                "DataVersionsByPartition({...}) or ObserveResult(...)."
            )
        for one in self.task.refs or (None,):
            self.facts.append(AssetObserved(asset, one, version, metadata, dict(item.tags)))

    def _verdict(self, result: AssetCheckResult) -> CheckEvaluated:
        keys = self.step.checks
        key = result.key
        if key is None:
            name, asset = result.check_name, result.asset_key
            matching = [one for one in keys if name in (None, one.name) and asset in (None, one.asset)]
            if len(matching) != 1:
                names = ", ".join(map(str, keys)) or "none"
                raise InvariantViolationError(
                    f"a check result of {self.step.key} says neither asset nor check clearly enough; the checks are {names}. "
                    "Give AssetCheckResult(asset_key=..., check_name=...)."
                )
            key = matching[0]
        if key not in keys:
            raise InvariantViolationError(f"{self.step.key} gave a verdict for '{key}', which it does not declare in check_specs.")
        spec = self.environment.definitions.catalog.checks_by_key[key].spec
        only = self.task.refs[0] if len(self.task.refs) == 1 else None
        return CheckEvaluated(
            key, result.passed, result.severity.value, spec.blocking, only, self._checked_version(key), result.metadata, result.description
        )

    def _checked_version(self, key: CheckKey) -> str:
        for item in self.task.inputs:
            if item.asset == key.asset and item.version_ids:
                return item.version_ids[0]
        for fact in self.facts:
            if isinstance(fact, AssetMaterialized) and fact.asset == key.asset:
                return fact.version_id
        return ""

    def _finish(self, context: OpExecutionContext) -> None:
        """What was told through the context after outputs were recorded is added to their facts."""
        told = context.told
        self.keys = tuple(told.keys)
        for event in told.events:
            self.facts.append(self._verdict(event) if isinstance(event, AssetCheckResult) else _fact(event))
        if told.asset_metadata or told.metadata:
            self.facts = [_with_told(fact, told.asset_metadata, told.metadata, self.step.outputs) for fact in self.facts]

    def _report(self, capture: Capture, error: BaseException | None, *, cancelled: bool = False) -> StepReport:
        logs = capture.fact()
        facts = (*self.facts, *((logs,) if logs is not None else ()))
        if error is None:
            return StepReport(
                self.step.key, facts, tuple(self.staged), None, self.started_us, self.load_us, self.work_us, self.write_us, keys=self.keys
            )  # fmt: skip
        retry = (error.max_retries, error.seconds_to_wait) if isinstance(error, RetryRequested) else None
        allowed = error.allow_retries if isinstance(error, Failure) else True
        return StepReport(
            self.step.key, facts, tuple(self.staged), error_info(error), self.started_us, self.load_us, self.work_us, self.write_us,
            cancelled, retry, allowed,
        )  # fmt: skip


def _what(step: Any, op: OpDefinition) -> str:
    if step.kind == "check":
        return f"check '{op.name}'"
    if len(step.assets) == 1 and step.kind == "observe":
        return f"observation of '{step.assets[0]}'"
    if len(step.assets) == 1:
        return f"asset '{step.assets[0]}'"
    return f"multi-asset '{op.name}'" if step.assets else f"op '{op.name}'"


def _set(refs: tuple[PartitionRef, ...]) -> OrdinalSet:
    return OrdinalSet.of(ref.ordinal for ref in refs)


def _fact(item: Any) -> Fact:
    if isinstance(item, ExpectationResult):
        return ExpectationEvaluated(item.success, item.label, item.description, item.metadata)
    ref = PartitionRef(item.partition, -1) if item.partition is not None else None
    if isinstance(item, AssetMaterialization):
        return AssetMaterialized(item.asset_key, ref, metadata=item.metadata, tags=item.tags, description=item.description)
    if isinstance(item, AssetObservation):
        version = item.tags.get("nbasset/data_version")
        return AssetObserved(item.asset_key, ref, version, item.metadata, item.tags, item.description)
    raise InvariantViolationError(f"{type(item).__name__} cannot be recorded with a step.")


def _with_told(
    fact: Fact,
    by_asset: Mapping[tuple[AssetKey, str | None], Mapping[str, MetadataValue]],
    by_output: Mapping[str, Mapping[str, MetadataValue]],
    outputs: tuple[NodeOutput, ...],
) -> Fact:
    if not isinstance(fact, AssetMaterialized):
        return fact
    partition = fact.partition.key if fact.partition is not None else None
    output = next((one.name for one in outputs if one.asset == fact.asset), "")
    told = {
        **by_output.get(output, {}),
        **by_asset.get((fact.asset, None), {}),
        **(by_asset.get((fact.asset, partition), {}) if partition else {}),
    }
    return replace(fact, metadata={**fact.metadata, **told}) if told else fact


def _is_split_for_one(value: Any, output: NodeOutput, owner: AssetsDefinition | None, refs: tuple[PartitionRef, ...]) -> bool:
    """Whether a function that makes many partitions in a call, and was asked for one, returned its dict by key all the same."""
    policy = owner.backfill_policy if owner is not None and output.asset is not None else None
    makes_many = policy is not None and policy.max_partitions_per_run != 1
    return makes_many and len(refs) == 1 and isinstance(value, Mapping) and list(value) == [refs[0].key]
