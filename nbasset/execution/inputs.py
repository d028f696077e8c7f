"""Filling the inputs of a step: stored assets through their I/O managers, outputs of earlier steps, values from config."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nbasset import clock
from nbasset.dataclass import dataclass
from nbasset.definitions.asset import AssetInput, AssetsDefinition
from nbasset.definitions.catalog import OutputRef
from nbasset.definitions.graph_body import GraphBody
from nbasset.definitions.io_config import Section
from nbasset.definitions.op import OpDefinition
from nbasset.definitions.results import DEFAULT_OUTPUT
from nbasset.definitions.specs import AssetSpec
from nbasset.definitions.value_types import Nothing, TypeCheckContext, resolve_type
from nbasset.errors import InvariantViolationError, MissingValue
from nbasset.events.facts import Fact, InputLoaded
from nbasset.execution.calls import Call, Shared
from nbasset.execution.capture import Capture
from nbasset.execution.environment import StepEnvironment
from nbasset.execution.input_slots import InputSlot, base_name, simple_class
from nbasset.execution.task import InputVersions, StepTask
from nbasset.execution.type_checks import check_input
from nbasset.io_managers.memory import InMemoryIOManager
from nbasset.io_managers.protocol import InputContext, LoadAs, OutputContext
from nbasset.io_managers.step_facts import StepFacts
from nbasset.io_managers.wanted import load_as
from nbasset.keys import AssetKey, PartitionRef
from nbasset.planning.plan import StepInput

Values = Mapping[tuple[str, str, str | None], Any]
GIVEN = ""
"""Stands for the step of values that were given for the inputs of a job: ``values["", "rows", None]``."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the inputs of one step are read with. `capture` has the log of the step, `versions` says which versions of an asset to read for
    an input.
    """

    task: StepTask
    call: Call
    capture: Capture
    versions: Mapping[str, InputVersions]


class _Read:
    """An asset that was read from the memory of this process: who reads it alike, and the same version, need not look into it again.

    Alike is by the very same `item`, which only those share whose parameters and assets say the same of it. `exactly` is a class whose
    values need no check, `is_checked` whether others do.
    """

    __slots__ = ("exactly", "fact", "is_checked", "item", "place", "values", "versions")

    def __init__(
        self, item: StepInput, slot: InputSlot, versions: InputVersions, values: Mapping[tuple[str, ...], Any], place: tuple[str, ...]
    ) -> None:  # fmt: skip
        self.item = item
        self.versions = versions
        self.values = values
        self.place = place
        self.is_checked = slot.value_type is not None
        self.exactly = simple_class(slot.value_type)
        self.fact = InputLoaded(item.name, place[0], versions.version_ids)


class InputLoader:
    """Loads inputs of steps. `values` holds outputs of steps that ran in this process, and values given for the job's own inputs; `config`
    is the run's.

    `own` gives the I/O manager that only one asset has, to who reads that asset; None where it has none of its own. `manager_config` gives
    what the run config says to a manager of one input or output of an op, None of one that takes no such config.
    """

    def __init__(
        self,
        environment: StepEnvironment,
        values: Values,
        shared: Shared,
        config: Mapping[str, Any],
        own: Callable[[AssetKey, str], Any],
        manager_config: Callable[[AssetsDefinition | None, str, str, Section, str, str], Any],
    ) -> None:
        self.environment = environment
        self.values = values
        self.config = config
        self.own = own
        self.manager_config = manager_config
        self._managers = shared.managers
        self._read: dict[str, _Read] = {}

    def load_all(self, task: StepTask, call: Call, capture: Capture, facts: list[Fact]) -> dict[str, Any]:
        """The value of each input of a step that has one. The facts that they were loaded are added to `facts`.

        Raises
        ------
        MissingValue
            If nothing was ever stored for one.
        InvariantViolationError
            If one needs partitions that the upstream does not define.
        TypeCheckDidNotPass
            If one is of another type than the op wants.
        """
        known = self._read if call.managers is self._managers else _NOTHING_READ
        inputs, versions = task.step.inputs, task.inputs
        reading: Reading | None = None
        values: dict[str, Any] = {}
        # most steps read nothing but assets; then the versions are in the order of the inputs
        for item, one in zip(inputs, versions if len(versions) == len(inputs) else [None] * len(inputs), strict=True):
            name = item.name
            read = known.get(name)
            if read is None or read.item is not item or read.versions is not one:
                if one is None or one.name != name:
                    one = next((other for other in versions if other.name == name), None)
                read = self._in_memory(call, item, one) if one is not None and item.kind == "asset" else None
            if read is not None:
                value = read.values.get(read.place, Nothing)
                if value is not Nothing:  # else the manager says what is missing
                    if type(value) is not read.exactly and read.is_checked:
                        check_input(value, name, call, partitions=read.versions)
                    values[name] = value
                    facts.append(read.fact)
                    continue
            if item.kind in ("default", "order"):
                continue
            if reading is None:
                reading = Reading(task, call, capture, {one.name: one for one in task.inputs})
            slot = call.slots.get(name) or call.new_slot(item)
            value, fact = self.load(reading, item, slot)
            if value is not Nothing:
                if type(value) is not simple_class(slot.value_type):
                    check_input(value, name, call, partitions=reading.versions.get(name))
                values[name] = value
                if fact is not None:
                    facts.append(fact)
        return values

    def load(self, reading: Reading, item: StepInput, slot: InputSlot) -> tuple[Any, InputLoaded | None]:
        """The value of one input, and the fact that it was loaded. `Nothing` when there is no value to pass."""
        if slot.is_nothing:
            return Nothing, None
        if slot.spec is not None and slot.manager is not None and item.kind == "asset":
            versions, call = reading.versions.get(item.name), reading.call
            read = self._in_memory(call, item, versions) if versions is not None else None
            if read is not None:
                value = read.values.get(read.place, _ABSENT)
                if value is not _ABSENT:
                    return value, read.fact
            return self._asset(reading, item, slot, slot.spec, self._manager(call, slot, slot.spec, slot.manager))
        at = clock.now_us()
        if item.kind == "config":
            return self._given(reading, item)
        if item.parts:
            values = [self.load(reading, part, reading.call.slot(part))[0] for part in item.parts]
            return values, InputLoaded(item.name, ", ".join(_source(part) for part in item.parts), (), clock.now_us() - at)
        if item.kind == "mapped":
            value = self._output(reading, item, item.outputs[0], reading.task.step.mapping_key)
        elif item.kind == "output":
            value = self._output(reading, item, item.outputs[0], None)
        elif item.kind == "collected":
            value = [self._output(reading, item, item.outputs[0], key) for key in item.mapping_keys]
        else:
            value = [self._output(reading, item, ref, None) for ref in item.outputs]
        return value, InputLoaded(item.name, _source(item), (), clock.now_us() - at)

    def _in_memory(self, call: Call, item: StepInput, versions: InputVersions) -> _Read | None:
        """Where an asset without partitions is kept in the memory of this process; None if it is somewhere else."""
        slot = call.slots.get(item.name) or call.looked_up(item)
        spec, key = slot.spec, slot.manager
        if spec is None or key is None or slot.is_nothing or spec.partitions_def is not None or versions.is_cut:
            return None
        manager = self._manager(call, slot, spec, key) if slot.is_own else call.managers.get(key) or call.manager(key)
        if type(manager) is not InMemoryIOManager:
            return None
        read = _Read(item, slot, versions, manager.values, manager.place(spec.key))
        if call.managers is self._managers and not slot.is_own and item.graph_input is None:
            self._read[item.name] = read
        return read

    def _manager(self, call: Call, slot: InputSlot, spec: AssetSpec, key: str) -> Any:
        return self.own(spec.key, key) if slot.is_own else call.manager(key)

    # -- stored assets -----------------------------------------------------------------------------------------------------

    def _asset(self, reading: Reading, item: StepInput, slot: InputSlot, spec: AssetSpec, manager: Any) -> tuple[Any, InputLoaded | None]:
        asset, versions = spec.key, reading.versions.get(item.name)
        if item.nonexistent and not _allowed(slot.wanted, "allow_nonexistent_partitions"):
            raise InvariantViolationError(
                f"input '{item.name}' needs {item.nonexistent} partitions of '{asset}' that its definition does not have. "
                "Start the upstream earlier, or allow it: TimeWindowPartitionMapping(allow_nonexistent_upstream_partitions=True)."
            )
        if versions is not None and versions.is_cut:
            raise MissingValue(
                f"asset '{asset}' was not materialized since it has no partitions any more, and what is stored of it from before is not "
                f"what input '{item.name}' reads. Make it first: %asset run {asset}."
            )
        refs = versions.refs if versions is not None else ()
        ids = versions.version_ids if versions is not None else ()
        if item.partitions is not None and not refs:
            how = load_as(slot.annotation, several=item.several)
            return ({} if how == "dict" else None), InputLoaded(item.name, str(asset))
        how = load_as(slot.annotation, several=item.several)
        if type(manager) is InMemoryIOManager and how == "single" and len(refs) == 1:
            value = manager.values.get(manager.place(asset, refs[0].key), _ABSENT)
            if value is not _ABSENT:
                return value, InputLoaded(item.name, asset.to_user_string(), ids)
        at = clock.now_us()
        context = self._context(reading, item, slot, spec, refs, how, ids)
        value = manager.load_input(context)
        return value, InputLoaded(item.name, str(asset), ids if len(ids) <= 100 else (), clock.now_us() - at, context.added_metadata)

    def _context(
        self, reading: Reading, item: StepInput, slot: InputSlot, spec: AssetSpec, refs: tuple[PartitionRef, ...], how: LoadAs,
        ids: tuple[str, ...],
    ) -> InputContext:  # fmt: skip
        task, log = reading.task, reading.capture.log
        extra = slot.wanted.metadata if slot.wanted is not None else slot.declared.metadata
        return InputContext(
            key=spec.key,
            partitions=refs,
            asset_partitions_def=spec.partitions_def,
            run_partition_key=task.refs[0].key if len(task.refs) == 1 else None,
            name=item.name,
            definition_metadata={**spec.metadata, **extra},
            declared_type=slot.value_type or slot.annotation,
            config=self._config(reading, item, slot.wanted.input_manager_key if slot.wanted is not None else None),
            around=StepFacts(reading.call.op, task.run.job, self.environment.instance, spec),
            resources=reading.call.resources,
            log=log,
            upstream_output=self._upstream(reading, spec, refs),
            annotation=slot.annotation,
            load_as=how,
            version_ids=ids,
        )  # fmt: skip

    def _config(self, reading: Reading, item: StepInput, manager: str | None) -> Any:
        """What the run config says of an input to the manager that it names."""
        key, step = manager or reading.call.slot(item).declared.input_manager_key, reading.task.step
        if key is None:
            return None
        return self.manager_config(reading.call.owner, step.node, step.handle, "inputs", base_name(item), key)

    def _upstream(self, reading: Reading, spec: AssetSpec, refs: tuple[PartitionRef, ...]) -> OutputContext:
        """What is known of the output that an asset is, with what this run's config says of it."""
        maker = self.environment.definitions.makers.get(spec.key)
        node = maker.node if maker is not None else None
        name, op, config = DEFAULT_OUTPUT, node if isinstance(node, OpDefinition) else None, None
        if maker is not None and node is not None:
            name = next((output for output, key in maker.keys_by_output.items() if key == spec.key), DEFAULT_OUTPUT)
            config = self.manager_config(maker, maker.name, maker.name, "outputs", name, spec.io_manager_key)
        out = op.outs.get(name) if op is not None else None
        return OutputContext(
            key=spec.key, partitions=refs, asset_partitions_def=spec.partitions_def, definition_metadata=spec.metadata, name=name,
            declared_type=out.value_type if out is not None else None, config=config, version_id="",
            around=StepFacts(op, reading.task.run.job, self.environment.instance, maker.spec_of(spec.key) if maker else None),
            resources=reading.call.resources, log=reading.capture.log,
        )  # fmt: skip

    # -- outputs of other steps --------------------------------------------------------------------------------------------

    def _output(self, reading: Reading, item: StepInput, ref: OutputRef, mapping_key: str | None) -> Any:
        """The very value where it is still in this process and nobody wants it to go through an I/O manager of theirs."""
        manager = reading.call.slot(item).declared.input_manager_key
        if manager is None and ref.manager not in reading.call.resources:
            found = self.values.get((ref.step, ref.output, mapping_key), _ABSENT)
            if found is not _ABSENT:
                return found
        return self._stored_output(reading, item, ref, mapping_key, manager or ref.manager)

    def _stored_output(self, reading: Reading, item: StepInput, ref: OutputRef, mapping_key: str | None, manager: str) -> Any:
        """An output that another process or an earlier run stored."""
        task, log, slot = reading.task, reading.capture.log, reading.call.slot(item)
        key = ref.asset
        refs = task.refs if key is not None else ()
        source, spec = self._op_of(reading, ref), None
        if key is not None:
            spec = self.environment.definitions.maker(key).get_asset_spec(key)
        definition = spec.partitions_def if spec is not None else None
        out = source.outs.get(ref.output) if source is not None else None
        upstream = OutputContext(
            key=key, partitions=refs, asset_partitions_def=definition, step_key=ref.step,
            run_id=task.origins.get(ref.step, task.run.run_id),
            name=ref.output, mapping_key=mapping_key, resources=reading.call.resources, log=log,
            definition_metadata=out.metadata if out is not None else {}, declared_type=out.value_type if out is not None else None,
            around=StepFacts(source, task.run.job, self.environment.instance, spec),
            config=self.manager_config(reading.call.owner, task.step.node, ref.step.partition("[")[0], "outputs", ref.output, ref.manager),
        )  # fmt: skip
        context = InputContext(
            key=key, partitions=refs, asset_partitions_def=definition, name=item.name, declared_type=slot.value_type,
            definition_metadata=slot.declared.metadata, annotation=slot.annotation,
            resources=reading.call.resources, log=log, upstream_output=upstream, config=self._config(reading, item, None),
            around=StepFacts(reading.call.op, task.run.job, self.environment.instance, spec),
        )  # fmt: skip
        try:
            return reading.call.manager(manager).load_input(context)
        except MissingValue as error:
            raise MissingValue(
                f"output '{ref.output}' of step '{ref.step}' was not stored, so it cannot be read in another process or run. "
                "Return something the I/O manager can store, or run both steps in one process."
            ) from error

    def _op_of(self, reading: Reading, ref: OutputRef) -> OpDefinition | None:
        """The op behind an output of another step of the same node, or of the job."""
        found = self.environment.definitions.definition(reading.task.step.node)
        graph = found.node if found is not None else None
        if not isinstance(graph, GraphBody):
            return None
        path = ref.step.partition("[")[0]
        op: OpDefinition = graph.op_at(path if reading.call.owner is None else path.removeprefix(f"{reading.call.owner.name}."))
        return op

    # -- given at launch ---------------------------------------------------------------------------------------------------

    def _given(self, reading: Reading, item: StepInput) -> tuple[Any, InputLoaded | None]:
        if item.graph_input and (GIVEN, item.graph_input, None) in self.values:
            return self.values[GIVEN, item.graph_input, None], InputLoaded(item.name, "given")
        slot = reading.call.slot(item)
        declared, data = slot.declared, _configured(self.config, reading, item)
        if declared.input_manager_key is not None:  # what is given is for the manager
            own = self._config(reading, item, None)
            given = own if own is not None else None if data is _ABSENT else data
            context = InputContext(
                name=item.name, declared_type=slot.value_type, definition_metadata=declared.metadata, annotation=slot.annotation,
                resources=reading.call.resources, log=reading.capture.log, config=given,
                around=StepFacts(reading.call.op, reading.task.run.job, self.environment.instance),
            )  # fmt: skip
            value = reading.call.manager(declared.input_manager_key).load_input(context)
            return value, InputLoaded(item.name, declared.input_manager_key, (), 0, context.added_metadata)
        if data is not _ABSENT:
            loader = resolve_type(declared.value_type).loader if declared.value_type is not None else None
            if loader is None and isinstance(data, Mapping) and list(data) == ["value"]:  # the long form of a value
                data = data["value"]
            if loader is not None:
                check = TypeCheckContext(reading.capture.log, reading.call.resources, reading.task.run.run_id)
                data = loader.load(check, data, of=f"input '{item.name}' of op '{reading.call.op.name}'")
            return data, InputLoaded(item.name, "config")
        if declared.has_default:
            return declared.default_value, InputLoaded(item.name, "default")
        raise MissingValue(no_value(item, reading.task.step.handle))

    def load_any(self, key: AssetKey, *, python_type: type | None = None, partition_key: str | None = None) -> Any:
        """The newest stored value of any asset: for `context.load_asset_value`."""
        loader: Callable[..., Any] | None = getattr(self.environment.instance, "load_asset_value", None)
        if loader is None:
            raise InvariantViolationError(f"'{key}' cannot be loaded here: this run has no instance.")
        return loader(
            self.environment.definitions, key, python_type=python_type, partition_key=partition_key, resources=self.environment.resources
        )  # fmt: skip


_ABSENT = object()
_NOTHING_READ: dict[str, _Read] = {}


def no_value(item: StepInput, handle: str) -> str:
    """What to say of an input that nothing fills."""
    name = item.graph_input or item.name
    hint = f"input_values={{'{name}': ...}}" if item.graph_input and "." not in item.graph_input else "a default"
    return (
        f"input '{base_name(item)}' of op '{handle}' is connected to nothing, and no value was given for it. Connect it to an output in "
        f"the graph, give it {hint}, or a value in the run config: inputs: {{{name.rpartition('.')[2]}: ...}}."
    )


def given_in_config(config: Mapping[str, Any], item: StepInput, handle: str, node: str | None) -> bool:
    """Whether a run config has a value for an input. `node` is the graph-backed asset that the step belongs to, None in a job."""
    return _in_config(config, item, handle, node) is not _ABSENT


def _configured(config: Mapping[str, Any], reading: Reading, item: StepInput) -> Any:
    owner = reading.call.owner
    return _in_config(config, item, reading.task.step.handle, owner.name if owner is not None else None)


def _in_config(config: Mapping[str, Any], item: StepInput, handle: str, node: str | None) -> Any:
    path, name = handle, base_name(item)
    if item.graph_input is not None:
        path, _, name = item.graph_input.rpartition(".")
        path = path or node or ""
    entry: Any = config
    for part in path.split(".") if path else ():
        ops = entry.get("ops") if isinstance(entry, Mapping) else None
        entry = ops.get(part) if isinstance(ops, Mapping) else None
    inputs = entry.get("inputs") if isinstance(entry, Mapping) else None
    return inputs.get(name, _ABSENT) if isinstance(inputs, Mapping) else _ABSENT


def _source(item: StepInput) -> str:
    if item.asset is not None:
        return str(item.asset)
    return ", ".join(f"{ref.step}:{ref.output}" for ref in item.outputs) or item.kind


def _allowed(wanted: AssetInput | None, name: str) -> bool:
    value = wanted.metadata.get(name) if wanted is not None else None
    return bool(getattr(value, "value", value))
