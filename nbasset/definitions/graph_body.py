"""What a graph is made of: its nodes, how they are connected, and what of it comes out. How it is used stands in `graph`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, replace
from typing import Any, TypeVar

from nbasset.dataclass import dataclass
from nbasset.definitions.composition import CollectedHandle, Composer, InputHandle, NodeCall, OutputHandle, composing
from nbasset.definitions.config_mapping import ConfigMapping
from nbasset.definitions.op import In, OpDefinition, Out, checked_name, first_paragraph
from nbasset.definitions.results import DEFAULT_OUTPUT
from nbasset.definitions.value_annotations import shown_value
from nbasset.errors import InvalidDefinitionError, did_you_mean
from nbasset.places import place_of

G = TypeVar("G", bound="GraphBody")
Result = OutputHandle | CollectedHandle


@dataclass(frozen=True, slots=True)
class GraphIn:
    """An input of a graph.

    >>> from nbasset import graph, op
    >>> @op
    ... def double(x): return 2 * x
    >>> @graph(ins={"x": GraphIn("what is doubled")})
    ... def doubled(x): return double(x)
    >>> list(doubled.ins)
    ['x']
    """

    description: str | None = None


@dataclass(frozen=True, slots=True)
class GraphOut:
    """An output of a graph.

    >>> from nbasset import graph, op
    >>> @op
    ... def one(): return 1
    >>> @graph(out={"answer": GraphOut("always one")})
    ... def ones(): return {"answer": one()}
    >>> list(ones.outs)
    ['answer']
    """

    description: str | None = None


@dataclass(frozen=True, eq=False)
class GraphBody:
    """Ops and graphs connected to each other, with inputs and outputs of its own.

    `calls` are its nodes by name, each after those that it reads; `results` says which inner output is which output of the graph. `config`
    is a `ConfigMapping` that makes the config of the nodes from the graph's own, None when each node is configured for itself.
    """

    name: str
    calls: Mapping[str, NodeCall]
    ins: Mapping[str, In] = field(default_factory=dict)
    outs: Mapping[str, Out] = field(default_factory=dict)
    results: Mapping[str, Result] = field(default_factory=dict)
    description: str | None = None
    config: ConfigMapping | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    fn: Callable[..., Any] | None = None

    @property
    def place(self) -> str | None:
        """Where it is written: ``cell 7 of flights.ipynb, line 2``."""
        return place_of(self.fn) if self.fn is not None else None

    @property
    def resource_keys(self) -> frozenset[str]:
        """Keys of the resources that its ops need."""
        return frozenset(key for _, op in self.ops() for key in op.resource_keys)

    @property
    def hooks(self) -> frozenset[Any]:
        """None of its own: hooks belong to ops, calls and jobs."""
        return frozenset()

    def ops(self, prefix: str = "") -> Iterator[tuple[str, OpDefinition]]:
        """Every op inside, with its path from the graph: ``clean.trim``."""
        for call in self.calls.values():
            if isinstance(call.node, GraphBody):
                yield from call.node.ops(f"{prefix}{call.name}.")
            else:
                yield prefix + call.name, call.node

    def op_at(self, path: str) -> OpDefinition:
        """The op at a path from the graph, with the hooks of every call on the way."""
        node: Any = self
        hooks: frozenset[Any] = frozenset()
        for name in path.split("."):
            call = node.calls[name]
            hooks = hooks | call.hooks | call.node.hooks
            node = call.node
        op: OpDefinition = node
        return replace(op, hooks=hooks) if hooks != op.hooks else op

    def result_at(self, output: str) -> tuple[str, str]:
        """The path of the op that gives an output of the graph, and the op's own output."""
        handle = self.results.get(output)
        if handle is None:
            raise InvalidDefinitionError(f"graph '{self.name}' has no output '{output}'. {did_you_mean(output, self.results)}".rstrip())
        return self.source_of(handle.source if isinstance(handle, CollectedHandle) else handle)

    def source_of(self, handle: OutputHandle) -> tuple[str, str]:
        """The path of the op behind a handle, through nested graphs, and its output; of a graph without outputs its last op."""
        node = self.calls[handle.node].node
        if not isinstance(node, GraphBody):
            return handle.node, handle.output
        inner = node.results[handle.output] if handle.output else OutputHandle(list(node.calls)[-1], "")
        path, output = node.source_of(inner.source if isinstance(inner, CollectedHandle) else inner)
        return f"{handle.node}.{path}", output


def inner_output(graph: GraphBody, path: str, output: str) -> tuple[str, str] | None:
    """The op behind an output of a nested graph, by the graph's path: its own path and output. None where no graph is, or no output."""
    node: Any = graph
    for name in path.split("."):
        call = node.calls.get(name) if isinstance(node, GraphBody) else None
        node = call.node if call is not None else None
    if not isinstance(node, GraphBody) or output not in node.results:
        return None
    inner, name = node.result_at(output)
    return f"{path}.{inner}", name


def compose(
    fn: Callable[..., Any],
    kind: type[G],
    *,
    name: str | None = None,
    what: str = "graph",
    ins: Mapping[str, Any] | None = None,
    out: Any = None,
    tags: Mapping[str, Any] | None = None,
    config: Any = None,
    description: str | None = None,
) -> G:
    """The graph that a function's body composes. Its parameters are the inputs, what it returns are the outputs.

    Raises
    ------
    InvalidDefinitionError
        If the body returns something that is no output of a node, or not what `out` declares.
    """
    graph_name = checked_name(name or fn.__name__, what)
    label = f"{what} '{graph_name}'"
    parameters = _parameters(fn, label)
    for one in ins or {}:
        if one not in parameters:
            raise InvalidDefinitionError(f"{label} has no parameter '{one}' that ins speaks of. {did_you_mean(one, parameters)}".rstrip())
    with composing(graph_name) as composer:
        returned = fn(**{one: InputHandle(one) for one in parameters})
    results = _results(returned, out, label)
    _check_inputs_used(composer, parameters, label)
    if not composer.calls:
        raise InvalidDefinitionError(f"{label} calls no op in its body, so there is nothing to run ({place_of(fn)}).")
    return kind(
        graph_name,
        composer.calls,
        {one: inner_in(composer, one, getattr((ins or {}).get(one), "description", None)) for one in parameters},
        {output: out_of(composer, handle, _said_of(out, output)) for output, handle in results.items()},
        results,
        description or first_paragraph(fn.__doc__),
        config_of(config, composer.calls, label),
        {key: str(value) for key, value in (tags or {}).items()},
        fn,
    )


def config_of(config: Any, calls: Mapping[str, NodeCall], label: str) -> ConfigMapping | None:
    """A graph's ``config=``: a mapping as it is; a dict of config fixes that of its nodes, so the graph then takes none.

    Raises
    ------
    InvalidDefinitionError
        If it is neither, or names a node that the graph does not have.
    """
    if config is None or isinstance(config, ConfigMapping):
        return config
    if not isinstance(config, Mapping):
        raise InvalidDefinitionError(
            f"{label}: config={config!r:.60} is no config of a graph. Give a ConfigMapping, or a dict by node: "
            "{'clean': {'config': {...}}}."
        )
    for node in config:
        if node not in calls:
            raise InvalidDefinitionError(
                f"{label}: config speaks of '{node}', which is none of its nodes. {did_you_mean(str(node), calls)}".rstrip()
            )
    fixed = dict(config)
    return ConfigMapping(lambda given: fixed, {})


def _parameters(fn: Callable[..., Any], label: str) -> list[str]:
    found = []
    for at, (name, parameter) in enumerate(inspect.signature(fn).parameters.items()):
        if at == 0 and name in ("context", "_context"):
            raise InvalidDefinitionError(
                f"{label} takes a context, but its body only connects ops, once, when it is defined. Let an op inside take the context."
            )
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            raise InvalidDefinitionError(f"{label} takes *{name}, but each input needs a name of its own. Name the inputs.")
        found.append(name)
    return found


def _check_inputs_used(composer: Composer, parameters: list[str], label: str) -> None:
    used = {one.name for call in composer.calls.values() for one in call.sources() if isinstance(one, InputHandle)}
    unused = [one for one in parameters if one not in used]
    if unused:
        raise InvalidDefinitionError(f"{label} never passes its input '{unused[0]}' to a node. Remove it, or connect it.")


def inner_in(composer: Composer, name: str, description: str | None) -> In:
    """A graph's input as the first inner one that it goes to: its type, and whether it may stay open."""
    for call in composer.calls.values():
        for key, binding in call.bindings.items():
            if isinstance(binding, InputHandle) and binding.name == name:
                inner: In = call.node.ins[key]
                if description is None:
                    return inner
                return In(
                    inner.value_type, description, inner.default_value, inner.metadata, inner.asset_key, inner.asset_partitions,
                    inner.input_manager_key,
                )  # fmt: skip
    return In()


def _said_of(out: Any, output: str) -> str | None:
    one = out.get(output) if isinstance(out, Mapping) else out
    return getattr(one, "description", None)


def out_of(composer: Composer, handle: Result, description: str | None) -> Out:
    """A graph's output as the inner one that it is."""
    source = handle.source if isinstance(handle, CollectedHandle) else handle
    inner: Out = composer.calls[source.node].node.outs.get(source.output, Out())
    is_dynamic = isinstance(handle, OutputHandle) and (handle.is_dynamic or handle.origin is not None)
    value_type = inner.value_type if isinstance(handle, OutputHandle) else None
    made = Out(value_type, description or inner.description, inner.is_required, inner.io_manager_key, inner.metadata, inner.code_version)
    object.__setattr__(made, "is_dynamic", is_dynamic)
    return made


def _results(returned: Any, out: Any, label: str) -> dict[str, Result]:
    declared = list(out) if isinstance(out, Mapping) else None
    found = _named(returned, declared, label)
    for output, handle in found.items():
        if not isinstance(handle, (OutputHandle, CollectedHandle)):
            shown = "its own input" if isinstance(handle, InputHandle) else shown_value(handle)
            raise InvalidDefinitionError(
                f"{label} returns {shown} for '{output}', not the output of a node. Return what calling an op gave."
            )
    if declared is not None and set(found) != set(declared):
        raise InvalidDefinitionError(
            f"{label} declares the outputs {', '.join(declared)} but returns {', '.join(found) or 'nothing'}. Return each of them."
        )
    return found


def _named(returned: Any, declared: list[str] | None, label: str) -> dict[str, Any]:
    if returned is None:
        return {}
    if isinstance(returned, Mapping):
        return dict(returned)
    if not isinstance(returned, tuple):
        if declared is not None and len(declared) > 1:
            raise InvalidDefinitionError(
                f"{label} declares the outputs {', '.join(declared)} but returns one value. Return a dict: {{{declared[0]!r}: ...}}."
            )
        return {(declared[0] if declared else DEFAULT_OUTPUT): returned}
    names = declared if declared is not None else list(getattr(returned, "_fields", ()))
    if len(names) != len(returned):
        raise InvalidDefinitionError(f"{label} returns {len(returned)} outputs: name them with out={{'a': GraphOut(), 'b': GraphOut()}}.")
    return dict(zip(names, returned, strict=True))
