"""One attempt of one step: load, check, call, check, stage. It gives a `StepReport`; nothing is published and no event written here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    DataVersion,
    DataVersionsByPartition,
)
from nbasset.definitions.value_types import Nothing
from nbasset.errors import Failure, InvariantViolationError, RetryRequested, UnknownAsset, UnstorableValue, kind_of
from nbasset.events.facts import (
    AssetMaterialized,
    AssetObserved,
    CheckEvaluated,
    CheckKey,
    Fact,
    OutputStored,
)
from nbasset.events.kinds import StepReused
from nbasset.execution.calls import Call, Shared
from nbasset.execution.capture import Capture, capturing_python
from nbasset.execution.context import AssetCheckExecutionContext, AssetExecutionContext, OpExecutionContext, RunView, Told
from nbasset.execution.environment import StepEnvironment, observe_nothing
from nbasset.execution.failures import error_info
from nbasset.execution.hooks import StepHooks
from nbasset.execution.inputs import GIVEN, InputLoader, Reading
from nbasset.execution.results import Given, Item, ResultReader, fact_of, is_plain, with_told
from nbasset.execution.run_loggers import RunLoggers
from nbasset.execution.run_resources import RunResources
from nbasset.execution.task import NOT_TOLD, StepReport, StepTask
from nbasset.execution.type_checks import SIMPLE, check_input, check_output
from nbasset.io_managers.memory import InMemoryIOManager
from nbasset.io_managers.protocol import OutputContext, Staged, StagingIOManager, split_output
from nbasset.io_managers.step_facts import StepFacts
from nbasset.keys import AssetKey, PartitionRef, new_version_id
from nbasset.metadata import MetadataValue
from nbasset.ordinals import OrdinalSet


class StepRunner:
    """Runs steps of one run in this process. Values that ops hand to each other stay here, so a run in one process never rereads them."""

    def __init__(self, environment: StepEnvironment, resources: RunResources, *, keeps_values: bool = False) -> None:
        self.environment = environment
        self.resources = resources
        self.keeps_values = keeps_values
        self.asset_values: dict[tuple[AssetKey, str | None], Any] = {}
        self.values: dict[tuple[str, str, str | None], Any] = {}
        self.errors: dict[str, BaseException] = {}
        self.loader = InputLoader(environment, self.values, resources.own_manager, resources.manager_config)
        self.loggers = RunLoggers(environment)
        self._calls: dict[tuple[str, str], Call] = {}
        self._shared = Shared()

    def run(self, task: StepTask) -> StepReport:
        """One attempt. Errors of the user's code are in the report; an interrupt ends the attempt as cancelled.

        The error itself is kept in `errors`, for who runs in this process and wants to raise it.
        """
        attempt = _Attempt(self, task)
        return attempt.run()

    def call(self, task: StepTask) -> Call:
        """What all steps that call the same function have in common."""
        step = task.step
        place = (step.node, step.handle)
        found = self._calls.get(place)
        if found is None or found.outputs != step.outputs:
            found = self._calls[place] = Call(*self._node(task), step, self.environment, self.resources.for_call, self._shared)
        return found

    def _node(self, task: StepTask) -> tuple[AssetsDefinition | None, OpDefinition]:
        """The definition behind a step: the assets it belongs to, and the op that is called."""
        found = self.environment.definitions.definition(task.step.node)
        if found is None:
            what = f"'{task.step.node}' of step '{task.step.key}'"
            raise UnknownAsset(
                f"{what} is not defined here. Was the code changed while the run went on? A worker finds what stands at the top level "
                "of a module or cell, not what a function makes."
            )
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
    """One attempt. What the function's call needs is found first, then everything else only if something asks for it."""

    __slots__ = (
        "call", "capture", "config", "context", "environment", "facts", "hooks", "keys", "load_us", "runner", "staged", "started_us",
        "step", "task", "work_us", "write_us",
    )  # fmt: skip
    call: Call
    config: tuple[Any, Any]

    def __init__(self, runner: StepRunner, task: StepTask) -> None:
        self.runner = runner
        self.environment = runner.environment
        self.task = task
        self.step = task.step
        self.started_us = clock.now_us()
        self.load_us = self.work_us = self.write_us = 0
        self.facts: list[Fact] = []
        self.staged: list[tuple[str, Staged]] = []
        self.keys: list[AddDynamicPartitionsRequest | DeleteDynamicPartitionsRequest] = []
        self.context: OpExecutionContext | None = None
        job = runner.job(task) if task.job is not None else None
        self.hooks = StepHooks(runner.environment, task, job.hook_defs) if job is not None and job.hook_defs else None
        self.capture = Capture(self.environment, task)

    def run(self) -> StepReport:
        with self.capture as capture:
            try:
                loggers = self.runner.loggers
                capture.loggers = loggers.made if loggers.made is not None else loggers.for_step(self.task)
                if self.environment.observe is observe_nothing and not self.environment.python_loggers:
                    self._execute()
                else:
                    self._execute_observed()
                if self.hooks is not None:
                    self.facts.extend(self.hooks.after_success())
            except KeyboardInterrupt as error:
                return self._report(error, cancelled=True)
            except Exception as error:  # noqa: BLE001 - every failure of the user's code becomes data in the report
                self.runner.errors[self.step.key] = error
                if self.hooks is not None:
                    self.facts.extend(self.hooks.after_failure(error))
                return self._report(error)
            return self._report(None)

    def _execute_observed(self) -> None:
        names = self.environment.python_loggers
        with self.environment.observe(self.task) as observed:
            if names:
                with capturing_python(self.environment.python_level, names):
                    self._execute()
            else:
                self._execute()
        self.facts.extend(observed.facts())

    def _execute(self) -> None:
        self._prepare()
        call, op = self.call, self.call.op
        takes = op.parameters
        began = self.started_us
        values = {}
        if self.step.inputs:
            values = self._load()
            began = clock.now_us()
            self.load_us = began - self.started_us
        for name, key in takes.resources.items():
            values[name] = call.resources[key]
        if takes.config is not None:
            values[takes.config] = self.config[1]
        if takes.context is not None:
            result = op.fn(self._context(), **values)
        else:
            self.capture.maker = self._context
            result = op.fn(**values)
        if call.sole is not None and is_plain(result):
            self._keep_value(Given(call.sole.name, result, NONE, None, NONE), call.sole)
        else:
            reader = ResultReader(
                self.step.outputs, what=call.what, annotated_none=call.annotated_none, is_check=self.step.kind == "check"
            )  # fmt: skip
            for item in reader.read(result):
                self._keep(item)
        self.work_us = clock.now_us() - began - self.write_us
        if self.context is not None:
            self._finish(self.context.told)

    def _prepare(self) -> None:
        """Find the function, its resources and its configuration, and tell the hooks of them."""
        call = self.call = self.runner.call(self.task)
        if self.hooks is None and call.op.hooks:
            self.hooks = StepHooks(self.environment, self.task)
        if self.hooks is not None:
            self.hooks.of(call.op)
        if self.hooks is not None or call.op.resource_keys or call.sole is None or call.sole.manager not in call.managers:
            call.open(self.hooks.resource_keys if self.hooks is not None else ())
        self.config = self.runner.resources.config_for(self.step, call.op) if call.op.config_schema is not None else _NO_CONFIG
        if self.hooks is not None:
            self.hooks.with_surroundings(call.resources, self.config[0], self.capture.log)

    def _context(self) -> OpExecutionContext:
        task, owner = self.task, self.call.owner
        kind = AssetExecutionContext if owner is not None else OpExecutionContext
        self.context = self.capture.context = (AssetCheckExecutionContext if self.step.kind == "check" else kind)(
            name=self.call.op.name,
            run=RunView(task.run_id, task.tags, task.job, task.config),
            step_key=self.step.key,
            assets_by_output={output.name: output.asset for output in self.step.outputs if output.asset is not None},
            selected_checks=self.step.checks,
            partitions_def=owner.partitions_def if owner is not None else getattr(self.runner.job(task), "partitions_def", None),
            partitions=task.refs,
            config=self.config[0],
            config_value=self.config[1],
            resources=self.call.resources,
            log=self.capture.log,
            instance=self.environment.instance,
            attempt=task.attempt,
            outputs=[output.name for output in self.step.outputs if output.check is None],
            input_partitions={item.name: item.refs for item in task.inputs if item.refs},
            loader=self.runner.loader.load_any,
            definition=owner,
            mapping_key=task.mapping_key,
            op=self.call.op,
            job=self.runner.job(task),
            input_assets={item.name: item.asset for item in task.inputs},
        )
        return self.context

    def _load(self) -> dict[str, Any]:
        call, load = self.call, self.runner.loader.load
        versions = {one.name: one for one in self.task.inputs}
        reading = Reading(self.task, call, self.capture, self.runner.resources.run_config, versions)
        values: dict[str, Any] = {}
        for item in self.step.inputs:
            if item.kind in ("default", "order"):
                continue
            slot = call.slots.get(item.name) or call.new_slot(item)
            value, fact = load(reading, item, slot)
            if value is Nothing:
                continue
            if type(value) is not slot.value_type or slot.value_type not in SIMPLE:
                check_input(value, item.name, call, partitions=versions.get(item.name))
            values[item.name] = value
            if fact is not None:
                self.facts.append(fact)
        return values

    # -- what came out -----------------------------------------------------------------------------------------------------

    def _keep(self, item: Item) -> None:
        if isinstance(item, Given):
            self._keep_value(item, next(one for one in self.step.outputs if one.name == item.output))
        elif isinstance(item, AssetCheckResult):
            self.facts.append(self._verdict(item))
        elif isinstance(item, (AddDynamicPartitionsRequest, DeleteDynamicPartitionsRequest)):
            self.keys.append(item)
        else:
            self.facts.append(fact_of(item))

    def _keep_value(self, item: Given, output: NodeOutput) -> None:
        at = clock.now_us()
        if self.hooks is not None:
            self.hooks.gave(item)
        is_split = bool(self.task.refs) and self.call.is_split(item.value, output, self.task.refs)
        if item.value is not NO_VALUE and (type(item.value) is not self.call.sole_type or self.call.sole_type not in SIMPLE):
            check_output(item.value, item.output, self.call, by_partition=is_split)
        if is_split and len(self.task.refs) == 1:
            item = replace(item, value=item.value[self.task.refs[0].key])
        self._store(item, output)
        self.write_us += clock.now_us() - at

    def _store(self, item: Given, output: NodeOutput) -> None:
        told = self.context.told.metadata.get(item.output) if self.context is not None else None
        metadata = {**item.metadata, **told} if told else item.metadata
        if self.step.kind == "observe" and output.asset is not None:
            self._observe(output.asset, item, metadata)
            return
        if output.asset is None or self.step.handle != self.step.node:
            value = None if item.value is NO_VALUE else item.value
            self.runner.values[self.step.key, output.name, item.mapping_key] = value
        refs = self.task.refs
        if item.value is NO_VALUE:
            self._record(output, item, refs, metadata)
            return
        manager = self.call.managers.get(output.manager) or self.call.manager(output.manager)
        if type(manager) is InMemoryIOManager and output.asset is not None and len(refs) <= 1:
            manager.keep(output.asset.to_user_string(), refs[0].key if refs else None, item.value)
            if self.runner.keeps_values:
                self._remember(output, item.value)
            self._record(output, item, refs, metadata, new_version_id())
            return
        base = self._output_context(item, output, metadata)
        if not isinstance(manager, StagingIOManager):
            manager.handle_output(base, item.value)
            if self.runner.keeps_values:
                self._remember(output, item.value)
            self._record(output, item, refs, {**metadata, **base.added_metadata}, base.version_id, data_version=base.data_version)
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
            self.staged.append((self.call.staging_key(output), staged))
            also = {**metadata, **one.added_metadata, **staged.metadata}
            self._record(output, item, one.partitions, also, staged.version_id, data_version=staged.data_version, staged=staged)

    def _remember(self, output: NodeOutput, value: Any) -> None:
        """Values of assets that no file of ours holds, for the result of a run whose caller asks for them."""
        refs = self.task.refs
        if output.asset is None:
            return
        if not refs:
            self.runner.asset_values[output.asset, None] = value
        elif len(refs) > 1 and isinstance(value, Mapping):
            self.runner.asset_values.update({(output.asset, ref.key): value.get(ref.key) for ref in refs})
        else:
            self.runner.asset_values.update({(output.asset, ref.key): value for ref in refs})

    def _output_context(self, item: Given, output: NodeOutput, metadata: Mapping[str, MetadataValue]) -> OutputContext:
        owner, op = self.call.owner, self.call.op
        spec = owner.specs_by_key.get(output.asset) if owner is not None and output.asset is not None else None
        out = op.outs.get(output.name)
        step = self.step
        own = self.runner.resources.manager_config(owner, step.node, step.handle, "outputs", output.name, output.manager)
        return OutputContext(
            key=output.asset,
            partitions=self.task.refs if output.asset is not None else (),
            asset_partitions_def=owner.partitions_def if owner is not None else None,
            run_partition_key=self.task.refs[0].key if len(self.task.refs) == 1 else None,
            name=output.name,
            definition_metadata=spec.metadata if spec is not None else (out.metadata if out is not None else {}),
            declared_type=out.value_type if out is not None else None,
            config=self.config[0] if own is None else own,
            resources=self.call.resources,
            log=self.capture.log,
            around=StepFacts(op, self.task.job, self.environment.instance, spec),
            step_key=step.key,
            run_id=self.task.run_id,
            mapping_key=item.mapping_key,
            output_metadata=metadata,
        )

    def _record(
        self,
        output: NodeOutput,
        item: Given,
        refs: tuple[PartitionRef, ...],
        metadata: Mapping[str, MetadataValue],
        version_id: str = "",
        *,
        data_version: str | None = None,
        staged: Staged | None = None,
    ) -> None:
        """The fact that an output is there: one for each of its partitions. `version_id` is empty for what the function stored itself.

        What it came from is for the run to tell (`Provenance`).
        """
        rows, size, uri, schema = (staged.rows, staged.size_bytes, staged.uri, staged.schema_id) if staged is not None else _UNKNOWN
        if output.asset is None:
            kept: Any = "stored" if version_id else "nothing"
            self.facts.append(OutputStored(output.name, item.mapping_key, uri, version_id, rows, size, metadata, kept))
            return
        told = self.context.told.data_versions.get(str(output.asset)) if self.context is not None else None
        io = self.environment.io_version(output.manager) if version_id else "none"
        version, code, hidden = (
            item.data_version or told or data_version or "",
            self.task.code,
            self.environment.hidden_state(self.step.node),
        )
        tags = dict(item.tags) if item.tags else NONE
        for ref in refs or (None,):
            self.facts.append(
                AssetMaterialized(
                    output.asset, ref, version_id, version, code.version, "", io, NOT_TOLD, code.source_id, (), rows, size, schema, uri,
                    metadata, tags, hidden,
                )
            )  # fmt: skip

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
                f"{self.step.key} looked at '{asset}' and returned {kind_of(value)}. Return DataVersion(...), "
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
            key, result.passed, result.severity, spec.blocking, only, self._checked_version(key), result.metadata, result.description
        )

    def _checked_version(self, key: CheckKey) -> str:
        for item in self.task.inputs:
            if item.asset == key.asset and item.version_ids:
                return item.version_ids[0]
        for fact in self.facts:
            if isinstance(fact, AssetMaterialized) and fact.asset == key.asset:
                return fact.version_id
        return ""

    def _finish(self, told: Told) -> None:
        """What was told through the context after outputs were recorded is added to their facts."""
        self.keys += told.keys
        for event in told.events:
            self.facts.append(self._verdict(event) if isinstance(event, AssetCheckResult) else fact_of(event))
        if told.asset_metadata or told.metadata:
            self.facts = [with_told(fact, told.asset_metadata, told.metadata, self.step.outputs) for fact in self.facts]

    def _report(self, error: BaseException | None, *, cancelled: bool = False) -> StepReport:
        if self.capture.has_spoken:
            logs = self.capture.fact()
            if logs is not None:
                self.facts.append(logs)
        facts, staged = tuple(self.facts), tuple(self.staged)
        if error is None:
            return StepReport(
                self.step.key, facts, staged, None, self.started_us, self.load_us, self.work_us, self.write_us, keys=tuple(self.keys)
            )  # fmt: skip
        retry = (error.max_retries, error.seconds_to_wait) if isinstance(error, RetryRequested) else None
        allowed = error.allow_retries if isinstance(error, Failure) else True
        return StepReport(
            self.step.key, facts, staged, error_info(error), self.started_us, self.load_us, self.work_us, self.write_us, cancelled, retry,
            allowed,
        )  # fmt: skip


_NO_CONFIG = (None, None)
NONE: Mapping[str, Any] = {}
"""The metadata and the tags of what has none: one mapping for all, which nobody fills."""
_UNKNOWN: tuple[None, None, None, None] = (None, None, None, None)


def _set(refs: tuple[PartitionRef, ...]) -> OrdinalSet:
    return OrdinalSet.of(ref.ordinal for ref in refs)
