"""Graphs from a table: nodes, and for each input where its value comes from. For graphs that a program puts together.

The table is turned into the calls that the body of a `@graph` would make, so both kinds of graph are one from here on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from graphlib import CycleError, TopologicalSorter
from typing import Any, TypeAlias

from nbasset.dataclass import dataclass
from nbasset.definitions.composition import CollectedHandle, Composer, InputHandle, OutputHandle, PendingCall, composing
from nbasset.definitions.hooks import checked_hooks
from nbasset.definitions.policies import RetryPolicy
from nbasset.definitions.results import DEFAULT_OUTPUT
from nbasset.errors import InvalidDefinitionError, did_you_mean


@dataclass(frozen=True, slots=True)
class NodeInvocation:
    """One use of a node in a table of dependencies, under a name of its own. Two are the same when they have the same name there.

    >>> from nbasset import GraphDefinition, op
    >>> @op
    ... def one(): return 1
    >>> twice = GraphDefinition("twice", node_defs=[one], dependencies={"one": {}, NodeInvocation("one", alias="again"): {}})
    >>> list(twice.calls)
    ['one', 'again']
    """

    name: str
    alias: str | None = None
    tags: Mapping[str, Any] = field(default_factory=dict)
    hook_defs: frozenset[Any] = frozenset()
    retry_policy: RetryPolicy | None = None

    def __init__(
        self,
        name: str,
        alias: str | None = None,
        tags: Mapping[str, Any] | None = None,
        hook_defs: Iterable[Any] | None = None,
        retry_policy: RetryPolicy | None = None,
    ) -> None:
        put = object.__setattr__
        put(self, "name", name)
        put(self, "alias", alias)
        put(self, "tags", dict(tags or {}))
        put(self, "hook_defs", checked_hooks(hook_defs, f"node '{alias or name}'"))
        put(self, "retry_policy", retry_policy)

    @property
    def place(self) -> str:
        """The name that it has in the graph."""
        return self.alias or self.name

    def __hash__(self) -> int:
        return hash((self.name, self.alias))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NodeInvocation) and (self.name, self.alias) == (other.name, other.alias)


@dataclass(frozen=True, slots=True)
class DependencyDefinition:
    """An output of a node, as the source of an input. Of a dynamic output: each of its values, one after the other.

    >>> from nbasset import GraphDefinition, op
    >>> @op
    ... def one(): return 1
    >>> @op
    ... def double(x): return 2 * x
    >>> doubled = GraphDefinition("doubled", node_defs=[one, double], dependencies={"double": {"x": DependencyDefinition("one")}})
    >>> doubled.execute_in_process().output_for_node("double")
    2
    """

    node: str
    output: str = DEFAULT_OUTPUT
    description: str | None = None


@dataclass(frozen=True, slots=True)
class DynamicCollectDependencyDefinition:
    """All values of a dynamic output, or all results of mapping over one, as a list.

    >>> DynamicCollectDependencyDefinition("split", "parts").output
    'parts'
    """

    node: str
    output: str = DEFAULT_OUTPUT


@dataclass(frozen=True, slots=True)
class MultiDependencyDefinition:
    """Several outputs as the source of one input: a list, in this order.

    >>> from nbasset import DependencyDefinition, GraphDefinition, op
    >>> @op
    ... def one(): return 1
    >>> @op
    ... def total(xs): return sum(xs)
    >>> sources = MultiDependencyDefinition([DependencyDefinition("one"), DependencyDefinition("one")])
    >>> graph = GraphDefinition("sums", node_defs=[one, total], dependencies={"total": {"xs": sources}})
    >>> graph.execute_in_process().output_for_node("total")
    2
    """

    dependencies: tuple[DependencyDefinition, ...]

    def __init__(self, dependencies: Sequence[DependencyDefinition]) -> None:
        object.__setattr__(self, "dependencies", tuple(dependencies))


@dataclass(frozen=True, slots=True)
class InputMapping:
    """Which input of which node an input of the graph is.

    >>> from nbasset import GraphDefinition, op
    >>> @op
    ... def double(x): return 2 * x
    >>> graph = GraphDefinition("doubled", node_defs=[double], input_mappings=[InputMapping("number", "double", "x")])
    >>> graph.execute_in_process(input_values={"number": 4}).output_for_node("double")
    8
    """

    graph_input_name: str
    mapped_node_name: str
    mapped_node_input_name: str


@dataclass(frozen=True, slots=True)
class OutputMapping:
    """Which output of which node an output of the graph is.

    >>> from nbasset import GraphDefinition, op
    >>> @op
    ... def one(): return 1
    >>> ones = GraphDefinition("ones", node_defs=[one], output_mappings=[OutputMapping("answer", "one")])
    >>> ones.execute_in_process().output_value("answer")
    1
    """

    graph_output_name: str
    mapped_node_name: str
    mapped_node_output_name: str = DEFAULT_OUTPUT


Dependency: TypeAlias = DependencyDefinition | MultiDependencyDefinition | DynamicCollectDependencyDefinition
Dependencies: TypeAlias = Mapping[str | NodeInvocation, Mapping[str, Dependency]]


def composed(
    graph: str,
    node_defs: Sequence[Any],
    dependencies: Dependencies,
    input_mappings: Sequence[InputMapping],
    output_mappings: Sequence[OutputMapping],
) -> tuple[Composer, dict[str, OutputHandle | CollectedHandle]]:
    """The calls that a table stands for, each after those that it reads, and the outputs of the graph by name.

    Raises
    ------
    InvalidDefinitionError
        If the table names a node, input or output that there is not, or goes in a circle.
    """
    nodes = {node.name: node for node in node_defs}
    uses = _uses(graph, nodes, dependencies)
    handles: dict[str, dict[str, OutputHandle]] = {}
    with composing(graph) as composer:
        for place in _in_order(graph, uses):
            use, inputs = uses[place]
            given: dict[str, Any] = {name: _source(graph, handles, one, f"input '{name}' of '{place}'") for name, one in inputs.items()}
            for mapping in input_mappings:
                if mapping.mapped_node_name == place:
                    given[mapping.mapped_node_input_name] = InputHandle(mapping.graph_input_name)
            node = nodes[use.name]
            result = PendingCall(node, place, {k: str(v) for k, v in use.tags.items()}, use.hook_defs, use.retry_policy)(**given)
            found = [result] if isinstance(result, OutputHandle) else list(result)
            handles[place] = dict(zip(node.outs, found, strict=False))
    outputs: dict[str, OutputHandle | CollectedHandle] = {
        one.graph_output_name: _output(
            graph, handles, one.mapped_node_name, one.mapped_node_output_name, f"output '{one.graph_output_name}'"
        )
        for one in output_mappings
    }
    for mapping in input_mappings:
        _known(graph, uses, mapping.mapped_node_name, f"input '{mapping.graph_input_name}'")
    return composer, outputs


def _uses(graph: str, nodes: Mapping[str, Any], table: Dependencies) -> dict[str, tuple[NodeInvocation, Mapping[str, Dependency]]]:
    """Each use of a node by its name in the graph; a node that the table does not speak of is used once."""
    found: dict[str, tuple[NodeInvocation, Mapping[str, Dependency]]] = {}
    for key, inputs in table.items():
        use = key if isinstance(key, NodeInvocation) else NodeInvocation(key)
        if use.name not in nodes:
            hint = did_you_mean(use.name, nodes) or f"There are: {', '.join(nodes) or 'none'}."
            raise InvalidDefinitionError(f"graph '{graph}': dependencies speak of '{use.name}', which is not among node_defs. {hint}")
        if use.place in found:
            raise InvalidDefinitionError(f"graph '{graph}' uses two nodes as '{use.place}'. Give one of them another alias.")
        found[use.place] = (use, inputs)
    used = {use.name for use, _ in found.values()}
    return {**{name: (NodeInvocation(name), {}) for name in nodes if name not in used}, **found}


def _in_order(graph: str, uses: Mapping[str, tuple[NodeInvocation, Mapping[str, Dependency]]]) -> list[str]:
    order: TopologicalSorter[str] = TopologicalSorter()
    for place, (_, inputs) in uses.items():
        sources = [source.node for one in inputs.values() for source in _sources(one)]
        for source in sources:
            _known(graph, uses, source, f"node '{place}'")
        order.add(place, *sources)
    try:
        return list(order.static_order())
    except CycleError as error:
        raise InvalidDefinitionError(
            f"graph '{graph}' goes in a circle: {' -> '.join(error.args[1])}. Let one of them read something else."
        ) from None


def _sources(one: Dependency) -> Sequence[DependencyDefinition | DynamicCollectDependencyDefinition]:
    return one.dependencies if isinstance(one, MultiDependencyDefinition) else (one,)


def _source(graph: str, handles: Mapping[str, Mapping[str, OutputHandle]], one: Dependency, what: str) -> Any:
    if isinstance(one, MultiDependencyDefinition):
        return [_source(graph, handles, part, what) for part in one.dependencies]
    handle = _output(graph, handles, one.node, one.output, what)
    if isinstance(one, DynamicCollectDependencyDefinition):
        return handle.collect()
    return handle.map(lambda each: each) if handle.is_dynamic else handle


def _output(graph: str, handles: Mapping[str, Mapping[str, OutputHandle]], node: str, output: str, what: str) -> OutputHandle:
    _known(graph, handles, node, what)
    outputs = handles[node]
    if not outputs and output == DEFAULT_OUTPUT:  # nothing is given but order
        return OutputHandle(node, "")
    if output not in outputs:
        hint = did_you_mean(output, outputs) or f"Its outputs: {', '.join(outputs) or 'none'}."
        raise InvalidDefinitionError(f"graph '{graph}': {what} comes from output '{output}' of '{node}', which has none such. {hint}")
    return outputs[output]


def _known(graph: str, places: Mapping[str, Any], node: str, what: str) -> None:
    if node not in places:
        hint = did_you_mean(node, places) or f"There are: {', '.join(places) or 'none'}."
        raise InvalidDefinitionError(f"graph '{graph}': {what} speaks of the node '{node}', which is not in the graph. {hint}")
