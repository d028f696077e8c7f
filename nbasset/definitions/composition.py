"""Composing graphs: inside the body of a graph, calling an op returns a handle of its output instead of running it.

A stack of `Composer`s says which graph is being composed in this thread; each call of a node becomes a `NodeCall` of the innermost one.
"""

from __future__ import annotations

import threading
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field, replace
from typing import Any, TypeAlias

from nbasset.dataclass import dataclass
from nbasset.definitions.policies import RetryPolicy
from nbasset.errors import InvalidDefinitionError, InvalidInvocationError, did_you_mean

_STATE = threading.local()


@dataclass(frozen=True, slots=True)
class OutputHandle:
    """An output of a node that was called in a graph; passing it to another node connects the two.

    `origin` is set once the value is one of many: (node, output) of the dynamic output that it comes from.
    """

    node: str
    output: str
    is_dynamic: bool = False
    origin: tuple[str, str] | None = None

    def map(self, fn: Callable[[OutputHandle], Any]) -> Any:
        """Do to each value of a dynamic output what `fn` composes; the result stands for all of them.

        Raises
        ------
        InvalidDefinitionError
            If the output is not dynamic.
        """
        if self.origin is not None:
            return fn(self)
        if not self.is_dynamic:
            raise InvalidDefinitionError(f"output '{self.output}' of '{self.node}' is not dynamic: declare it DynamicOut() to map over it.")
        return fn(OutputHandle(self.node, self.output, origin=(self.node, self.output)))

    def collect(self) -> CollectedHandle:
        """All values of a dynamic output, or all results of mapping over one, as a list."""
        if not self.is_dynamic and self.origin is None:
            raise InvalidDefinitionError(
                f"output '{self.output}' of '{self.node}' is one value: there is nothing to collect. Only a DynamicOut() has several."
            )
        return CollectedHandle(self)

    def __iter__(self) -> Iterator[Any]:
        raise InvalidDefinitionError(
            f"'{self.node}' has one output, so its result cannot be unpacked. Declare several: out={{'a': Out(), 'b': Out()}}."
        )

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise InvalidDefinitionError(
            f"'{self.node}' has not run yet: its output has no '{name}'. The body of a graph only connects; work belongs into an op."
        )

    def __bool__(self) -> bool:
        raise InvalidDefinitionError(
            f"'{self.node}' has not run yet, so its output is neither true nor false. To choose at run time, let an op have optional "
            "outputs (Out(is_required=False)) and yield only one of them."
        )


@dataclass(frozen=True, slots=True)
class CollectedHandle:
    """A dynamic output as a list."""

    source: OutputHandle


@dataclass(frozen=True, slots=True)
class InputHandle:
    """An input of the graph that is being composed."""

    name: str


Source: TypeAlias = OutputHandle | CollectedHandle | InputHandle
Binding: TypeAlias = Source | tuple[Source, ...]
_SOURCES = (OutputHandle, CollectedHandle, InputHandle)


@dataclass(frozen=True, slots=True)
class NodeCall:
    """One call of an op or a graph inside a graph, under a name of its own."""

    name: str
    node: Any
    bindings: Mapping[str, Binding] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    hooks: frozenset[Any] = frozenset()
    retry_policy: RetryPolicy | None = None

    @property
    def definition(self) -> Any:
        """The op or graph that is called."""
        return self.node

    def sources(self) -> Iterator[Source]:
        """Everything that its inputs are connected to."""
        for binding in self.bindings.values():
            if isinstance(binding, tuple):
                yield from binding
            else:
                yield binding


@dataclass(frozen=True, slots=True)
class PendingCall:
    """A node with settings for the call that follows: ``op.alias("second").tag({...})(x)``."""

    node: Any
    name: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    hooks: frozenset[Any] = frozenset()
    retry_policy: RetryPolicy | None = None

    def alias(self, name: str) -> PendingCall:
        """Call it by another name."""
        return replace(self, name=name)

    def tag(self, tags: Mapping[str, Any]) -> PendingCall:
        """Add tags to the step."""
        return replace(self, tags={**self.tags, **{key: str(value) for key, value in tags.items()}})

    def with_hooks(self, hook_defs: Iterable[Any]) -> PendingCall:
        """Run these hooks after the step."""
        return replace(self, hooks=self.hooks | frozenset(hook_defs))

    def with_retry_policy(self, retry_policy: RetryPolicy) -> PendingCall:
        """Retry the step so."""
        return replace(self, retry_policy=retry_policy)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        composer = current_composer()
        if composer is None:
            return self.node(*args, **kwargs)
        return composer.call(self, args, kwargs)


class Composer:
    """Collects the calls in the body of one graph."""

    def __init__(self, graph: str) -> None:
        self.graph = graph
        self.calls: dict[str, NodeCall] = {}

    def call(self, pending: PendingCall, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Note the call; what it returns stands for the node's outputs."""
        node = pending.node
        name = self._name(pending)
        bindings = self._bindings(node, name, args, kwargs)
        call = NodeCall(name, node, bindings, pending.tags, pending.hooks, pending.retry_policy)
        origin = self._origin(call)
        handles = [OutputHandle(name, output, out.is_dynamic, origin) for output, out in node.outs.items()]
        if origin is not None and any(handle.is_dynamic for handle in handles):
            raise InvalidDefinitionError(
                f"'{name}' in graph '{self.graph}' has a dynamic output and is itself mapped over one: '{name}' cannot be downstream of "
                "more than one dynamic output. Collect the first before making the second."
            )
        self.calls[name] = call
        if not handles:
            return OutputHandle(name, "", origin=origin)
        if len(handles) == 1:
            return handles[0]
        return namedtuple("Outputs", list(node.outs), rename=True)(*handles)

    def _name(self, pending: PendingCall) -> str:
        if pending.name is not None:
            if pending.name in self.calls:
                raise InvalidDefinitionError(f"graph '{self.graph}' calls two nodes '{pending.name}'. Give one of them another alias.")
            return pending.name
        base: str = pending.node.name
        name, number = base, 1
        while name in self.calls:
            number += 1
            name = f"{base}_{number}"
        return name

    def _bindings(self, node: Any, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Binding]:
        names = list(node.ins)
        if len(args) > len(names):
            takes = f"takes {len(names)} input{'' if len(names) == 1 else 's'}"
            raise InvalidInvocationError(
                f"'{name}' in graph '{self.graph}' {takes}, but {len(args)} were passed. "
                "A context is not passed here; it comes with the run."
            )
        given: dict[str, Any] = dict(zip(names, args, strict=False))
        for key, value in kwargs.items():
            if key not in node.ins:
                hint = did_you_mean(key, names) or f"Its inputs: {', '.join(names) or 'none'}."
                raise InvalidInvocationError(f"'{name}' in graph '{self.graph}' has no input '{key}'. {hint}")
            if key in given:
                raise InvalidInvocationError(f"'{name}' in graph '{self.graph}' was given '{key}' twice, by position and by name.")
            given[key] = value
        return {key: self._binding(value, name, key) for key, value in given.items()}

    def _binding(self, value: Any, name: str, key: str) -> Binding:
        if isinstance(value, _SOURCES):
            return self._not_many(value, name, key)
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            raise InvalidInvocationError(
                f"input '{key}' of '{name}' is given all outputs of a node. Pass one of: {', '.join(value._fields)}."
            )
        if isinstance(value, (list, tuple)) and value and all(isinstance(one, _SOURCES) for one in value):
            return tuple(self._not_many(one, name, key) for one in value)
        raise InvalidInvocationError(
            f"input '{key}' of '{name}' in graph '{self.graph}' is given the {type(value).__name__} {value!r:.40}. The body of a graph "
            "only connects outputs to inputs: make the value in an op, or give it as config."
        )

    def _not_many(self, value: Source, name: str, key: str) -> Source:
        if isinstance(value, OutputHandle) and value.is_dynamic:
            raise InvalidDefinitionError(
                f"input '{key}' of '{name}' is given a dynamic output, which is many values. Map over it: "
                f"{value.node}().map({name}), or collect it into a list: .collect()."
            )
        return value

    def _origin(self, call: NodeCall) -> tuple[str, str] | None:
        found = {one.origin for one in call.sources() if isinstance(one, OutputHandle) and one.origin is not None}
        if len(found) > 1:
            raise InvalidDefinitionError(
                f"'{call.name}' in graph '{self.graph}' cannot be downstream of more than one dynamic output. Collect one of them first."
            )
        return next(iter(found), None)


def current_composer() -> Composer | None:
    """The graph being composed in this thread, None outside any."""
    stack: list[Composer] = getattr(_STATE, "stack", [])
    return stack[-1] if stack else None


@contextmanager
def composing(graph: str) -> Iterator[Composer]:
    """While inside, calls of nodes are noted instead of run."""
    if not hasattr(_STATE, "stack"):
        _STATE.stack = []
    composer = Composer(graph)
    _STATE.stack.append(composer)
    try:
        yield composer
    finally:
        _STATE.stack.pop()
