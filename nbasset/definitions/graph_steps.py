"""A graph as plain data: its ops in one flat list of steps, each saying what fills its inputs.

Nested graphs are opened, inputs of graphs replaced by what fills them from outside, and what is mapped over a dynamic output is marked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from nbasset.definitions.asset import AssetsDefinition
from nbasset.definitions.catalog import NodeInput, NodeOutput, NodeStep, OutputRef
from nbasset.definitions.composition import Binding, CollectedHandle, InputHandle, NodeCall, OutputHandle
from nbasset.definitions.graph_body import GraphBody
from nbasset.definitions.op import In, OpDefinition, is_nothing
from nbasset.definitions.policies import RetryPolicy
from nbasset.errors import InvalidDefinitionError
from nbasset.keys import AssetKey

Place = tuple[str, str]
"""(handle of a step, name of its output)."""


def job_steps(graph: GraphBody, *, retry: RetryPolicy | None = None) -> tuple[NodeStep, ...]:
    """The steps of a job that runs the graph: handles are paths from it. Inputs of the graph are given at launch.

    Raises
    ------
    InvalidDefinitionError
        If a step is downstream of two dynamic outputs at once.
    """
    external = {name: NodeInput(name, "config", graph_input=name) for name in graph.ins}
    steps = _with_sources(_with_origins(_flat(graph, "", external), f"job '{graph.name}'"))
    return tuple(replace(step, retry=step.retry or retry) for step in steps)


def asset_steps(definition: AssetsDefinition, graph: GraphBody, sources: Mapping[str, AssetKey | None]) -> tuple[NodeStep, ...]:
    """The steps of graph-backed assets: the graph's inputs are loaded from `sources`, its outputs are the assets."""
    external = {}
    for name, key in sources.items():
        item = definition.inputs[name]
        external[name] = (
            NodeInput(name, "config", graph_input=name)
            if key is None
            else NodeInput(
                name, "asset", key, (), item.partition_mapping, item.input_manager_key, name, missing_allowed=item.missing_allowed
            )
        )
    for name in graph.ins:
        external.setdefault(name, NodeInput(name, "config", graph_input=name))
    steps = _with_origins(_flat(graph, f"{definition.name}.", external), f"graph '{graph.name}'")
    return _with_sources(_with_assets(steps, definition, graph))


def needed_steps(steps: Iterable[NodeStep], wanted: Collection[Place]) -> tuple[NodeStep, ...]:
    """Those of the steps that these outputs come from."""
    found = {handle for handle, _ in wanted}
    kept = []
    for step in reversed(tuple(steps)):
        if step.handle in found:
            kept.append(step)
            found.update(ref.step for ref in refs_of(step))
    return tuple(reversed(kept))


def refs_of(step: NodeStep) -> list[OutputRef]:
    """Every output of another step that a step reads or waits for."""
    found = [ref for item in step.inputs for ref in _refs(item)]
    return [*found, *([step.mapped_over] if step.mapped_over is not None else [])]


def _refs(item: NodeInput) -> list[OutputRef]:
    return [*item.outputs, *(ref for part in item.parts for ref in _refs(part))]


# -- opening graphs ----------------------------------------------------------------------------------------------------------


def _flat(graph: GraphBody, prefix: str, external: Mapping[str, NodeInput]) -> list[NodeStep]:
    steps: list[NodeStep] = []
    for call in graph.calls.values():
        handle = prefix + call.name
        inputs = {name: _input(graph, name, binding, prefix, external) for name, binding in call.bindings.items()}
        if isinstance(call.node, GraphBody):
            for name, item in call.node.ins.items():
                if name not in inputs:
                    inputs[name] = _open_input(name, item, graph_input=f"{handle}.{name}")
            steps.extend(_under(step, call, graph, of_graph=True) for step in _flat(call.node, f"{handle}.", inputs))
        else:
            steps.append(_under(_op_step(handle, call.node, inputs), call, graph, of_graph=False))
    return steps


def _input(graph: GraphBody, name: str, binding: Binding, prefix: str, external: Mapping[str, NodeInput]) -> NodeInput:
    if isinstance(binding, tuple):
        parts = tuple(_input(graph, f"{name}[{at}]", one, prefix, external) for at, one in enumerate(binding))
        if all(part.kind == "output" for part in parts):
            return NodeInput(name, "fan_in", None, tuple(part.outputs[0] for part in parts))
        return NodeInput(name, "fan_in", parts=parts)
    if isinstance(binding, InputHandle):
        return _renamed(external[binding.name], name)
    handle = binding.source if isinstance(binding, CollectedHandle) else binding
    path, output = graph.source_of(handle)
    ref = OutputRef(prefix + path, output)
    if isinstance(binding, CollectedHandle):
        return NodeInput(name, "collected", None, (ref,))
    if not output:
        return NodeInput(name, "order", None, (ref,))
    if _is_collected(graph, handle):
        return NodeInput(name, "collected", None, (ref,))
    return NodeInput(name, "mapped" if handle.origin == (handle.node, handle.output) else "output", None, (ref,))


def _is_collected(graph: GraphBody, handle: OutputHandle) -> bool:
    """Whether the output of a nested graph is a collected list inside."""
    node = graph.calls[handle.node].node
    if not isinstance(node, GraphBody):
        return False
    inner = node.results[handle.output]
    return isinstance(inner, CollectedHandle) or _is_collected(node, inner)


def _renamed(item: NodeInput, name: str) -> NodeInput:
    parts = tuple(replace(part, name=f"{name}[{at}]") for at, part in enumerate(item.parts))
    return replace(item, name=name, parts=parts)


def _op_step(handle: str, op: OpDefinition, inputs: Mapping[str, NodeInput]) -> NodeStep:
    filled = tuple(inputs[name] if name in inputs else _open_input(name, item) for name, item in op.ins.items())
    outputs = tuple(NodeOutput(name, None, None, out.is_required, out.is_dynamic, out.io_manager_key) for name, out in op.outs.items())
    return NodeStep(handle, filled, outputs, op.retry_policy, op.pool, op.tags, op.resource_keys, op.config_schema is not None)


def _open_input(name: str, item: In, *, graph_input: str | None = None) -> NodeInput:
    """What fills an input that nothing is connected to: an asset, or whatever is given at launch."""
    if item.asset_key is not None:
        return NodeInput(name, "asset", AssetKey.from_coercible(item.asset_key), manager=item.input_manager_key)
    if is_nothing(item.value_type):
        return NodeInput(name, "order")
    return NodeInput(name, "config", graph_input=graph_input)


def _under(step: NodeStep, call: NodeCall, graph: GraphBody, *, of_graph: bool) -> NodeStep:
    """A step with what the call and the graph around it add. What stands nearer to the op wins; a call of the op itself is nearest."""
    retry = step.retry or call.retry_policy if of_graph else call.retry_policy or step.retry
    tags = {**graph.tags, **call.tags, **step.tags} if of_graph else {**graph.tags, **step.tags, **call.tags}
    return replace(step, retry=retry, tags=tags)


# -- what is mapped ----------------------------------------------------------------------------------------------------------


def _with_origins(steps: Iterable[NodeStep], label: str) -> tuple[NodeStep, ...]:
    """Steps with the dynamic output that each is mapped over, following every edge."""
    dynamic: set[Place] = set()
    origins: dict[str, OutputRef] = {}
    found: list[NodeStep] = []
    for step in steps:
        over: dict[OutputRef, None] = {}
        inputs = tuple(_settled(item, dynamic, origins, over) for item in step.inputs)
        if len(over) > 1:
            raise InvalidDefinitionError(
                f"'{step.handle}' in {label} cannot be downstream of more than one dynamic output. Collect one of them first."
            )
        made = [output.name for output in step.outputs if output.is_dynamic]
        if over and made:
            raise InvalidDefinitionError(
                f"'{step.handle}' in {label} has a dynamic output and is itself mapped over one: '{step.handle}' cannot be downstream of "
                "more than one dynamic output. Collect the first before making the second."
            )
        dynamic.update((step.handle, name) for name in made)
        if over:
            origins[step.handle] = next(iter(over))
        found.append(replace(step, inputs=inputs, mapped_over=origins.get(step.handle)))
    return tuple(found)


def _settled(item: NodeInput, dynamic: set[Place], origins: Mapping[str, OutputRef], over: dict[OutputRef, None]) -> NodeInput:
    if item.parts:
        return replace(item, parts=tuple(_settled(part, dynamic, origins, over) for part in item.parts))
    if item.kind == "collected":
        ref = item.outputs[0]
        is_many = ref.step in origins or (ref.step, ref.output) in dynamic
        return item if is_many else replace(item, kind="fan_in")
    for ref in item.outputs:
        if ref.step in origins:
            over[origins[ref.step]] = None
    if item.kind != "mapped":
        return item
    ref = item.outputs[0]
    if ref.step in origins:
        return replace(item, kind="output")
    over[ref] = None
    return item


# -- what is an asset --------------------------------------------------------------------------------------------------------


def _with_assets(steps: Iterable[NodeStep], definition: AssetsDefinition, graph: GraphBody) -> tuple[NodeStep, ...]:
    made = {_place(definition, graph, output): key for output, key in definition.keys_by_output.items()}
    verdicts = {
        _place(definition, graph, output): spec for output, spec in definition.check_specs_by_output.items() if output in graph.results
    }
    found = []
    for step in steps:
        outputs = []
        for output in step.outputs:
            place = (step.handle, output.name)
            if place in made:
                spec = definition.specs_by_key[made[place]]
                manager = spec.io_manager_key if spec.io_manager_key != "io_manager" else output.manager
                required = output.is_required and not spec.skippable
                outputs.append(replace(output, asset=spec.key, manager=manager, is_required=required))
            elif place in verdicts:
                outputs.append(replace(output, check=verdicts[place].key, is_required=False))
            else:
                outputs.append(output)
        found.append(replace(step, outputs=tuple(outputs)))
    return tuple(found)


def _place(definition: AssetsDefinition, graph: GraphBody, output: str) -> Place:
    path, name = graph.result_at(output)
    return f"{definition.name}.{path}", name


def _with_sources(steps: Iterable[NodeStep]) -> tuple[NodeStep, ...]:
    """Steps whose references say how the output is stored, and which asset it is."""
    known: dict[Place, NodeOutput] = {}
    found = []
    for step in steps:
        found.append(replace(step, inputs=tuple(_sourced(item, known) for item in step.inputs)))
        known.update({(step.handle, output.name): output for output in step.outputs})
    return tuple(found)


def _sourced(item: NodeInput, known: Mapping[Place, NodeOutput]) -> NodeInput:
    outputs = tuple(_ref_with(ref, known.get((ref.step, ref.output))) for ref in item.outputs)
    return replace(item, outputs=outputs, parts=tuple(_sourced(part, known) for part in item.parts))


def _ref_with(ref: OutputRef, output: NodeOutput | None) -> OutputRef:
    return ref if output is None else replace(ref, manager=output.manager, asset=output.asset)
