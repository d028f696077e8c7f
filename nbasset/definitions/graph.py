"""Graphs: ops connected to each other, nested as deep as one likes. `@graph` makes one of a function whose body calls ops."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, overload

from nbasset.dataclass import dataclass
from nbasset.definitions.composition import NodeCall, PendingCall, current_composer
from nbasset.definitions.graph_body import GraphBody, GraphIn, GraphOut, Result, compose, config_of, inner_in, out_of
from nbasset.definitions.graph_table import Dependencies, InputMapping, OutputMapping, composed
from nbasset.definitions.job import JobDefinition
from nbasset.definitions.op import In, Out, checked_name
from nbasset.definitions.policies import RetryPolicy
from nbasset.definitions.runtime import runtime
from nbasset.errors import InvalidDefinitionError, InvalidInvocationError


@dataclass(frozen=True, eq=False)
class GraphDefinition(GraphBody):
    """A graph that can be a node of other graphs, a job, or run as it is. Made with `@graph`, or from a table of dependencies:
    ``GraphDefinition("name", node_defs=[...], dependencies={"node": {"input": DependencyDefinition("source")}})``.

    >>> from nbasset import op
    >>> @op
    ... def one(): return 1
    >>> @graph
    ... def ones(): return one()
    >>> ones.to_job("count").execute_in_process().output_value()
    1
    """

    def __init__(
        self,
        name: str,
        calls: Mapping[str, NodeCall] | None = None,
        ins: Mapping[str, In] | None = None,
        outs: Mapping[str, Out] | None = None,
        results: Mapping[str, Result] | None = None,
        description: str | None = None,
        config: Any = None,
        tags: Mapping[str, Any] | None = None,
        fn: Callable[..., Any] | None = None,
        *,
        node_defs: Sequence[Any] | None = None,
        dependencies: Dependencies | None = None,
        input_mappings: Sequence[InputMapping] | None = None,
        output_mappings: Sequence[OutputMapping] | None = None,
    ) -> None:
        label = f"graph '{checked_name(name, 'graph')}'"
        if node_defs is not None:
            composer, results = composed(name, node_defs, dependencies or {}, input_mappings or (), output_mappings or ())
            calls = composer.calls
            names = dict.fromkeys(one.graph_input_name for one in input_mappings or ())
            ins = {one: inner_in(composer, one, None) for one in names}
            outs = {output: out_of(composer, handle, None) for output, handle in results.items()}
        if not calls:
            raise InvalidDefinitionError(f"{label} has no nodes, so there is nothing to run. Name them: node_defs=[...].")
        put = object.__setattr__
        put(self, "name", name)
        put(self, "calls", dict(calls))
        put(self, "ins", dict(ins or {}))
        put(self, "outs", dict(outs or {}))
        put(self, "results", dict(results or {}))
        put(self, "description", description)
        put(self, "config", config_of(config, calls, label))
        put(self, "tags", {key: str(value) for key, value in (tags or {}).items()})
        put(self, "fn", fn)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if current_composer() is None:
            raise InvalidInvocationError(
                f"graph '{self.name}' is composed, not called. Run it with {self.name}.execute_in_process(), or call it in another graph."
            )
        return PendingCall(self)(*args, **kwargs)

    def alias(self, name: str) -> PendingCall:
        """Call it by another name in the graph that is being composed."""
        return PendingCall(self).alias(name)

    def tag(self, tags: Mapping[str, Any]) -> PendingCall:
        """Add tags to each step of the next call."""
        return PendingCall(self).tag(tags)

    def with_hooks(self, hook_defs: Iterable[Any]) -> PendingCall:
        """Run these hooks after each step of the next call."""
        return PendingCall(self).with_hooks(hook_defs)

    def with_retry_policy(self, retry_policy: RetryPolicy) -> PendingCall:
        """Retry so each step of the next call that has no rule of its own."""
        return PendingCall(self).with_retry_policy(retry_policy)

    def to_job(
        self,
        name: str | None = None,
        description: str | None = None,
        resource_defs: Mapping[str, Any] | None = None,
        config: Any = None,
        tags: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        logger_defs: Mapping[str, Any] | None = None,
        executor_def: Any = None,
        hooks: Iterable[Any] | None = None,
        op_retry_policy: RetryPolicy | None = None,
        partitions_def: Any = None,
        input_values: Mapping[str, Any] | None = None,
        run_tags: Mapping[str, Any] | None = None,
        owners: Iterable[str] | None = None,
    ) -> JobDefinition:
        """A job that runs the graph."""
        return JobDefinition(
            self, name=name, description=description, resource_defs=resource_defs, config=config, tags=tags, run_tags=run_tags,
            metadata=metadata, logger_defs=logger_defs, executor_def=executor_def, hooks=hooks, op_retry_policy=op_retry_policy,
            partitions_def=partitions_def, input_values=input_values, owners=owners,
        )  # fmt: skip

    def execute_in_process(
        self, run_config: Any = None, instance: Any = None, resources: Mapping[str, Any] | None = None, raise_on_error: bool = True,
        op_selection: Any = None, run_id: str | None = None, input_values: Mapping[str, Any] | None = None,
    ) -> Any:  # fmt: skip
        """Run the graph here and now; an `ExecuteInProcessResult`."""
        __tracebackhide__ = True  # IPython and pytest show the user's frames, not this one
        return runtime().execute_in_process(
            self, run_config=run_config, instance=instance, resources=resources, raise_on_error=raise_on_error, op_selection=op_selection,
            run_id=run_id, input_values=input_values,
        )  # fmt: skip


@overload
def graph(compose_fn: Callable[..., Any], /) -> GraphDefinition: ...
@overload
def graph(
    *, name: str | None = ..., description: str | None = ..., ins: Mapping[str, GraphIn] | None = ...,
    out: GraphOut | Mapping[str, GraphOut] | None = ..., tags: Mapping[str, Any] | None = ..., config: Any = ...,
) -> Callable[[Callable[..., Any]], GraphDefinition]: ...  # fmt: skip
def graph(
    compose_fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    ins: Mapping[str, GraphIn] | None = None,
    out: GraphOut | Mapping[str, GraphOut] | None = None,
    tags: Mapping[str, Any] | None = None,
    config: Any = None,
) -> GraphDefinition | Callable[[Callable[..., Any]], GraphDefinition]:
    """Make a graph of a function whose body calls ops and graphs. It runs once, now, to see what is connected to what.

    Its parameters are the graph's inputs, what it returns are the outputs. `config` is a `ConfigMapping` that hides the config of the ops
    inside behind a simpler one, or a dict that fixes it.

    >>> from nbasset.definitions.op_decorator import op
    >>> @op
    ... def one(): return 1
    >>> @op
    ... def double(x): return 2 * x
    >>> @graph
    ... def doubled(): return double(one())
    >>> [path for path, _ in doubled.ops()]
    ['one', 'double']

    Raises
    ------
    InvalidDefinitionError
        If the body does more than connect, or returns what is no output of a node.
    """

    def make(fn: Callable[..., Any]) -> GraphDefinition:
        return compose(fn, GraphDefinition, name=name, ins=ins, out=out, tags=tags, config=config, description=description)

    return make if compose_fn is None else make(compose_fn)


__all__ = ["GraphDefinition", "GraphIn", "GraphOut", "graph"]
