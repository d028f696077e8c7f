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
from nbasset.errors import Failure, InvariantViolationError, RetryRequested, UnknownAsset, UnstorableValue, kind_of
from nbasset.events.facts import (
    AssetMaterialized,
    AssetObserved,
    CheckEvaluated,
    CheckKey,
    Fact,
    OutputStored,
)
from nbasset.events.kinds import StepReused, StepSucceeded
from nbasset.execution.calls import Call, Shared
from nbasset.execution.capture import Capture, capturing_python
from nbasset.execution.context import AssetCheckExecutionContext, AssetExecutionContext, OpExecutionContext, RunView, Told
from nbasset.execution.environment import StepEnvironment, observe_nothing
from nbasset.execution.failures import error_info
from nbasset.execution.hooks import StepHooks
from nbasset.execution.inputs import GIVEN, InputLoader
from nbasset.execution.results import Given, Item, ResultReader, fact_of, is_plain, with_told
from nbasset.execution.run_loggers import RunLoggers
from nbasset.execution.run_resources import RunResources
from nbasset.execution.task import NOT_TOLD, StepReport, StepTask, report_failure
from nbasset.execution.type_checks import check_output
from nbasset.io_managers.memory import InMemoryIOManager
from nbasset.io_managers.protocol import OutputContext, Staged, StagingIOManager, split_output
from nbasset.io_managers.step_facts import StepFacts
from nbasset.keys import AssetKey, PartitionRef, new_version_id
from nbasset.metadata import MetadataValue
from nbasset.planning.plan import Step


class StepRunner:
    """Runs steps of one run in this process. Values that ops hand to each other stay here, so a run in one process never rereads them."""

    def __init__(self, environment: StepEnvironment, resources: RunResources, *, keeps_values: bool = False) -> None:
        self.environment = environment
        self.resources = resources
        self.keeps_values = keeps_values
        self.asset_values: dict[tuple[AssetKey, str | None], Any] = {}
        self.values: dict[tuple[str, str, str | None], Any] = {}
        self.errors: dict[str, BaseException] = {}
        self._shared = Shared(environment, resources.for_call)
        self.loader = InputLoader(
            environment, self.values, self._shared, resources.run_config, resources.own_manager, resources.manager_config
        )  # fmt: skip
        self.loggers = RunLoggers(environment)
        self.is_observed = environment.observe is not observe_nothing or bool(environment.python_loggers)
        self._calls: dict[str, Call] = {}

    def run(self, task: StepTask) -> StepReport:
        """One attempt. Errors of the user's code are in the report; an interrupt ends the attempt as cancelled.

        The error itself is kept in `errors`, for who runs in this process and wants to raise it.
        """
        return _Attempt(self, task).run()

    def call(self, step: Step) -> Call:
        """What all steps that call the same function have in common."""
        found = self._calls.get(step.handle)
        if found is None or found.node != step.node or found.outputs != step.outputs:
            owner, op = self._node(step)
            found = self._calls[step.handle] = Call(owner, op, step, self._shared)
        return found

    def _node(self, step: Step) -> tuple[AssetsDefinition | None, OpDefinition]:
        """The definition behind a step: the assets it belongs to, and the op that is called."""
        definitions = self.environment.definitions
        found: Any = definitions.nodes.get(step.node) or definitions.definition(step.node)
        if found is None:
            what = f"'{step.node}' of step '{step.key}'"
            raise UnknownAsset(
                f"{what} is not defined here. Was the code changed while the run went on? A worker finds what stands at the top level "
                "of a module or cell, not what a function makes."
            )
        owner = found if isinstance(found, AssetsDefinition) else None
        if isinstance(found.node, OpDefinition):
            return owner, found.node
        path = step.handle if owner is None else step.handle.removeprefix(f"{owner.name}.")
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
        return self.environment.definitions.jobs.get(task.run.job) if task.run.job is not None else None


class _Attempt:
    """One attempt. What the function's call needs is found first, then everything else only if something asks for it."""

    __slots__ = (
        "call", "capture", "config", "context", "ended_us", "environment", "facts", "hooks", "keys", "load_us", "runner", "staged",
        "started_us", "step", "task", "work_us", "write_us",
    )  # fmt: skip
    call: Call

    def __init__(self, runner: StepRunner, task: StepTask) -> None:
        self.runner = runner
        self.environment = runner.environment
        self.task = task
        self.step = task.step
        self.started_us = clock.now_us()
        self.ended_us = self.load_us = self.work_us = self.write_us = 0
        self.facts: list[Fact] = []
        self.staged: list[tuple[str, Staged]] = []
        self.keys: list[AddDynamicPartitionsRequest | DeleteDynamicPartitionsRequest] = []
        self.config: tuple[Any, Any] = _NO_CONFIG
        self.context: OpExecutionContext | None = None
        job = runner.job(task) if task.run.job is not None else None
        self.hooks = StepHooks(runner.environment, task, job.hook_defs) if job is not None and job.hook_defs else None
        self.capture = Capture(self.environment, task)

    def run(self) -> StepReport:
        with self.capture as capture:
            try:
                loggers = self.runner.loggers
                capture.loggers = loggers.made if loggers.made is not None else loggers.for_step(self.task)
                if self.runner.is_observed:
                    self._execute_observed()
                else:
                    self._execute()
                if self.hooks is not None:
                    self.facts.extend(self.hooks.after_success())
                    self.ended_us = 0
            except KeyboardInterrupt as error:
                return self._failed(error, cancelled=True)
            except Exception as error:  # noqa: BLE001 - every failure of the user's code becomes data in the report
                self.runner.errors[self.step.key] = error
                if self.hooks is not None:
                    self.facts.extend(self.hooks.after_failure(error))
                return self._failed(error)
            return self._succeeded()

    def _execute_observed(self) -> None:
        names = self.environment.python_loggers
        with self.environment.observe(self.task) as observed:
            if names:
                with capturing_python(self.environment.python_level, names):
                    self._execute()
            else:
                self._execute()
        self.facts.extend(observed.facts())
        self.ended_us = 0

    def _execute(self) -> None:
        call = self.call = self.runner.call(self.step)
        op, sole = call.op, call.sole
        takes = op.parameters
        if sole is None or not call.is_bare or self.hooks is not None or sole.manager not in call.managers:
            self._prepare(call)
        began = self.started_us
        values: dict[str, Any] = {}
        if self.step.inputs:
            values = self.runner.loader.load_all(self.task, call, self.capture, self.facts)
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
        if sole is not None and is_plain(result):
            called = clock.now_us()
            self.work_us = called - began
            self._keep_value(result, sole, _NOTHING_SAID)
            self.ended_us = clock.now_us()
            self.write_us = self.ended_us - called
        else:
            reader = ResultReader(
                self.step.outputs, what=call.what, annotated_none=call.annotated_none, is_check=self.step.kind == "check"
            )  # fmt: skip
            for item in reader.read(result):
                self._keep(item)
            self.ended_us = clock.now_us()
            self.work_us = self.ended_us - began - self.write_us
        if self.context is not None:
            self._finish(self.context.told)

    def _prepare(self, call: Call) -> None:
        """Find the resources and the configuration of the call, and tell the hooks of them."""
        op = call.op
        if self.hooks is None and op.hooks:
            self.hooks = StepHooks(self.environment, self.task)
        if self.hooks is not None:
            self.hooks.of(op)
        if self.hooks is not None or op.resource_keys or call.sole is None or call.sole.manager not in call.managers:
            call.open(self.hooks.resource_keys if self.hooks is not None else ())
        if op.config_schema is not None:
            self.config = self.runner.resources.config_for(self.step, op)
        if self.hooks is not None:
            self.hooks.with_surroundings(call.resources, self.config[0], self.capture.log)

    def _context(self) -> OpExecutionContext:
        task, owner = self.task, self.call.owner
        kind = AssetExecutionContext if owner is not None else OpExecutionContext
        self.context = self.capture.context = (AssetCheckExecutionContext if self.step.kind == "check" else kind)(
            name=self.call.op.name,
            run=RunView(task.run.run_id, task.run.tags, task.run.job, task.run.config),
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
            mapping_key=task.step.mapping_key,
            op=self.call.op,
            job=self.runner.job(task),
            input_assets={item.name: item.asset for item in task.inputs},
        )
        return self.context

    # -- what came out -----------------------------------------------------------------------------------------------------

    def _keep(self, item: Item) -> None:
        if isinstance(item, Given):
            at = clock.now_us()
            self._keep_value(item.value, next(one for one in self.step.outputs if one.name == item.output), item)
            self.write_us += clock.now_us() - at
        elif isinstance(item, AssetCheckResult):
            self.facts.append(self._verdict(item))
        elif isinstance(item, (AddDynamicPartitionsRequest, DeleteDynamicPartitionsRequest)):
            self.keys.append(item)
        else:
            self.facts.append(fact_of(item))

    def _keep_value(self, value: Any, output: NodeOutput, said: Given) -> None:
        """Check and store a value; `said` is what else was said of it."""
        call, refs, asset, step = self.call, self.task.refs, output.asset, self.step
        if self.hooks is not None:
            self.hooks.gave(output.name, value, said)
        is_split = bool(refs) and call.is_split(value, output, refs)
        if value is not NO_VALUE and type(value) is not call.sole_exactly:
            check_output(value, output.name, call, by_partition=is_split)
        if is_split and len(refs) == 1:
            value = value[refs[0].key]
        told = self.context.told.metadata.get(output.name) if self.context is not None else None
        metadata = {**said.metadata, **told} if told else said.metadata
        if asset is not None and step.kind == "observe":
            self._observe(asset, value, said, metadata)
            return
        if asset is None or step.handle != step.node:
            self.runner.values[step.key, output.name, said.mapping_key] = None if value is NO_VALUE else value
        if value is NO_VALUE:
            self._record(output, said, refs, metadata)
            return
        manager = call.managers.get(output.manager) or call.manager(output.manager)
        if type(manager) is InMemoryIOManager and asset is not None and len(refs) <= 1:
            manager.values[manager.place(asset, refs[0].key if refs else None)] = value
            if self.runner.keeps_values:
                self._remember(output, value)
            self._record(output, said, refs, metadata, new_version_id())
            return
        self._store(manager, value, output, said, metadata)

    def _store(self, manager: Any, value: Any, output: NodeOutput, said: Given, metadata: Mapping[str, MetadataValue]) -> None:
        base = self._output_context(said.mapping_key, output, metadata)
        if not isinstance(manager, StagingIOManager):
            manager.handle_output(base, value)
            if self.runner.keeps_values:
                self._remember(output, value)
            also = {**metadata, **base.added_metadata}
            self._record(output, said, self.task.refs, also, base.version_id, data_version=base.data_version)
            return
        for one, part in split_output(base, value):
            if said.data_version is not None:
                one.set_data_version(said.data_version)
            try:
                staged = manager.stage(one, part)
            except UnstorableValue:
                if output.asset is not None:
                    raise
                self.facts.append(OutputStored(output.name, said.mapping_key, metadata=metadata, kept="not-storable"))
                continue
            self.staged.append((self.call.staging_key(output), staged))
            also = {**metadata, **one.added_metadata, **staged.metadata}
            self._record(output, said, one.partitions, also, staged.version_id, data_version=staged.data_version, staged=staged)

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

    def _output_context(self, mapping_key: str | None, output: NodeOutput, metadata: Mapping[str, MetadataValue]) -> OutputContext:
        owner, op = self.call.owner, self.call.op
        spec = owner.spec_of(output.asset) if owner is not None else None
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
            around=StepFacts(op, self.task.run.job, self.environment.instance, spec),
            step_key=step.key,
            run_id=self.task.run.run_id,
            mapping_key=mapping_key,
            output_metadata=metadata,
        )

    def _record(
        self, output: NodeOutput, said: Given, refs: tuple[PartitionRef, ...], metadata: Mapping[str, MetadataValue], version_id: str = "",
        *, data_version: str | None = None, staged: Staged | None = None,
    ) -> None:  # fmt: skip
        """The fact that an output is there: one for each of its partitions. `version_id` is empty for what the function stored itself.

        What it came from is for the run to tell (`Provenance`).
        """
        rows, size, uri, schema = (staged.rows, staged.size_bytes, staged.uri, staged.schema_id) if staged is not None else _UNKNOWN
        asset = output.asset
        if asset is None:
            kept: Any = "stored" if version_id else "nothing"
            self.facts.append(OutputStored(output.name, said.mapping_key, uri, version_id, rows, size, metadata, kept))
            return
        told = self.context.told.data_versions.get(str(asset)) if self.context is not None else None
        version, code = said.data_version or told or data_version or "", self.task.code
        io = self.environment.io_version(output.manager) if version_id else "none"
        hidden = self.environment.hidden_state(self.step.node)
        tags = dict(said.tags) if said.tags else NONE
        for ref in refs or _WHOLE:
            self.facts.append(
                AssetMaterialized(
                    asset, ref, version_id, version, code.version, "", io, NOT_TOLD, code.source_id, (), rows, size, schema, uri, metadata,
                    tags, hidden,
                )
            )  # fmt: skip

    def _observe(self, asset: AssetKey, value: Any, said: Given, metadata: Mapping[str, MetadataValue]) -> None:
        """What was seen of an asset: one fact, or one for each partition that the function told of (of those asked for, if any were)."""
        version = said.data_version
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
                    self.facts.append(AssetObserved(asset, ref, seen.value, metadata, dict(said.tags)))
            return
        if isinstance(value, DataVersion):
            version = version or value.value
        elif value is not NO_VALUE and value is not None:
            raise InvariantViolationError(
                f"{self.step.key} looked at '{asset}' and returned {kind_of(value)}. Return DataVersion(...), "
                "DataVersionsByPartition({...}) or ObserveResult(...)."
            )
        for one in self.task.refs or (None,):
            self.facts.append(AssetObserved(asset, one, version, metadata, dict(said.tags)))

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

    def _succeeded(self) -> StepReport:
        if self.capture.has_spoken:
            self._note_logs()
        ended = StepSucceeded(
            self.ended_us or clock.now_us(), self.task.run.run_id, self.step.key, tuple(self.facts), self.task.attempt, self.started_us,
            self.load_us, self.work_us, self.write_us,
        )  # fmt: skip
        return StepReport(ended, tuple(self.staged), tuple(self.keys))

    def _failed(self, error: BaseException, *, cancelled: bool = False) -> StepReport:
        self._note_logs()
        report = report_failure(self.task, error_info(error), self.started_us, facts=self.facts, cancelled=cancelled)
        retry = (error.max_retries, error.seconds_to_wait) if isinstance(error, RetryRequested) else None
        allowed = error.allow_retries if isinstance(error, Failure) else True
        return replace(report, staged=tuple(self.staged), wants_retry=retry, retries_allowed=allowed)

    def _note_logs(self) -> None:
        logs = self.capture.fact()
        if logs is not None:
            self.facts.append(logs)


_NO_CONFIG = (None, None)
NONE: Mapping[str, Any] = {}
"""The metadata and the tags of what has none: one mapping for all, which nobody fills."""
_UNKNOWN: tuple[None, None, None, None] = (None, None, None, None)
_NOTHING_SAID = Given("", None, NONE, None, NONE)
_WHOLE = (None,)
