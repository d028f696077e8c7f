"""Filling the inputs of a step: stored assets through their I/O managers, outputs of earlier steps, values from config."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nbasset import clock
from nbasset.definitions.asset import AssetInput, AssetsDefinition
from nbasset.definitions.catalog import OutputRef
from nbasset.definitions.op import OpDefinition
from nbasset.definitions.value_types import Nothing
from nbasset.errors import InvariantViolationError, MissingValue
from nbasset.events.facts import InputLoaded
from nbasset.execution.environment import StepEnvironment
from nbasset.execution.task import InputVersions, StepTask
from nbasset.io_managers.protocol import InputContext, OutputContext
from nbasset.io_managers.wanted import load_as
from nbasset.keys import AssetKey
from nbasset.planning.plan import StepInput

Values = Mapping[tuple[str, str, str | None], Any]


@dataclass(slots=True)
class InputLoader:
    """Loads inputs of steps. `values` holds outputs of steps that ran in this process."""

    environment: StepEnvironment
    values: Values

    def load(
        self,
        task: StepTask,
        item: StepInput,
        versions: InputVersions | None,
        op: OpDefinition,
        owner: AssetsDefinition | None,
        resources: Any,
        log: Any,
    ) -> tuple[Any, InputLoaded | None]:
        """The value of one input, and the fact that it was loaded. `Nothing` when there is no value to pass.

        Raises
        ------
        MissingValue
            If nothing was ever stored for it.
        InvariantViolationError
            If it needs partitions that the upstream does not define.
        """
        at = clock.now_us()
        if item.kind == "asset" and item.asset is not None:
            return self._asset(task, item, item.asset, versions, op, owner, resources, log, at)
        if item.kind == "config":
            return task.config.get(f"inputs:{task.step.handle}:{item.name}"), InputLoaded(item.name, "config")
        if item.kind == "mapped":
            return self._output(task, item.outputs[0], task.mapping_key, op, item, log, resources, at)
        if item.kind == "output":
            return self._output(task, item.outputs[0], None, op, item, log, resources, at)
        values = [self._output(task, ref, None, op, item, log, resources, at)[0] for ref in self._present(item)]
        if op.ins[item.name].value_type is Nothing:
            return Nothing, None
        return values, InputLoaded(item.name, ", ".join(f"{ref.step}:{ref.output}" for ref in item.outputs), (), clock.now_us() - at)

    def _present(self, item: StepInput) -> list[OutputRef]:
        return [ref for ref in item.outputs if ref.output]

    def _asset(
        self,
        task: StepTask,
        item: StepInput,
        asset: AssetKey,
        versions: InputVersions | None,
        op: OpDefinition,
        owner: AssetsDefinition | None,
        resources: Any,
        log: Any,
        at: int,
    ) -> tuple[Any, InputLoaded | None]:
        wanted = owner.inputs.get(item.name) if owner is not None else None
        declared = op.ins.get(item.name)
        if declared is not None and declared.value_type is Nothing:
            return Nothing, None
        maker = self.environment.definitions.maker(asset)
        spec = maker.get_asset_spec(asset)
        annotation = op.parameters.inputs.get(item.name)
        if item.nonexistent and not _allowed(wanted, "allow_nonexistent_partitions"):
            raise InvariantViolationError(
                f"input '{item.name}' needs {item.nonexistent} partitions of '{asset}' that its definition does not have. "
                "Start the upstream earlier, or allow it: TimeWindowPartitionMapping(allow_nonexistent_upstream_partitions=True)."
            )
        refs = versions.refs if versions is not None else ()
        how = load_as(annotation, several=item.several)
        if item.partitions is not None and not refs:
            return ({} if how == "dict" else None), InputLoaded(item.name, str(asset))
        context = InputContext(
            key=asset,
            partitions=refs,
            asset_partitions_def=spec.partitions_def,
            run_partition_key=task.refs[0].key if len(task.refs) == 1 else None,
            name=item.name,
            definition_metadata={**spec.metadata, **(wanted.metadata if wanted is not None else {})},
            value_type=declared.value_type if declared is not None else annotation,
            resources=resources,
            log=log,
            upstream_output=OutputContext(
                key=asset, partitions=refs, asset_partitions_def=spec.partitions_def, definition_metadata=spec.metadata,
                resources=resources, log=log, name="result",
            ),
            annotation=annotation,
            load_as=how,
            version_ids=versions.version_ids if versions is not None else (),
        )  # fmt: skip
        key = wanted.input_manager_key if wanted is not None and wanted.input_manager_key else spec.io_manager_key
        value = self._manager(key, resources, maker).load_input(context)
        ids = versions.version_ids if versions is not None and len(versions.version_ids) <= 100 else ()
        return value, InputLoaded(item.name, str(asset), ids, clock.now_us() - at, context.added_metadata)

    def _output(
        self, task: StepTask, ref: OutputRef, mapping_key: str | None, op: OpDefinition, item: StepInput, log: Any, resources: Any, at: int
    ) -> tuple[Any, InputLoaded | None]:
        if op.ins[item.name].value_type is Nothing:
            return Nothing, None
        found = self.values.get((ref.step, ref.output, mapping_key), _ABSENT)
        if found is _ABSENT:
            found = self._stored_output(task, ref, mapping_key, op, item, log, resources)
        return found, InputLoaded(item.name, f"{ref.step}:{ref.output}", (), clock.now_us() - at)

    def _stored_output(
        self, task: StepTask, ref: OutputRef, mapping_key: str | None, op: OpDefinition, item: StepInput, log: Any, resources: Any
    ) -> Any:
        """An output that another process or an earlier run stored. ``run:<step>`` tags say which run it is from."""
        run_id = task.tags.get(f"nbasset/output_from/{ref.step}", task.run_id)
        upstream = OutputContext(step_key=ref.step, run_id=run_id, name=ref.output, mapping_key=mapping_key, resources=resources, log=log)
        context = InputContext(
            name=item.name, value_type=op.ins[item.name].value_type, annotation=op.parameters.inputs.get(item.name), resources=resources,
            log=log, upstream_output=upstream,
        )  # fmt: skip
        key = op.ins[item.name].input_manager_key or "io_manager"
        try:
            return self._manager(key, resources, None).load_input(context)
        except MissingValue as error:
            raise MissingValue(
                f"output '{ref.output}' of step '{ref.step}' was not stored, so it cannot be read in another process or run. "
                "Return something the I/O manager can store, or run both steps in one process."
            ) from error

    def _manager(self, key: str, resources: Any, owner: AssetsDefinition | None) -> Any:
        return resources[key] if key in resources else self.environment.manager(key)

    def load_any(self, key: AssetKey, *, python_type: type | None = None, partition_key: str | None = None) -> Any:
        """The newest stored value of any asset: for `context.load_asset_value`."""
        loader: Callable[..., Any] | None = getattr(self.environment.instance, "load_asset_value", None)
        if loader is None:
            raise InvariantViolationError(f"'{key}' cannot be loaded here: this run has no instance.")
        return loader(self.environment.definitions, key, python_type=python_type, partition_key=partition_key)


_ABSENT = object()


def _allowed(wanted: AssetInput | None, name: str) -> bool:
    value = wanted.metadata.get(name) if wanted is not None else None
    return bool(getattr(value, "value", value))
