"""Jobs: what is run as a whole, with its configuration, tags, partitions, hooks and executor. A job runs a graph of ops or makes assets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, overload

from nbasset.dataclass import dataclass
from nbasset.definitions.catalog import Catalog, CatalogJob, NodeStep
from nbasset.definitions.config_mapping import ConfigMapping, mapping_of_job
from nbasset.definitions.executors import ExecutorDefinition, checked_executor
from nbasset.definitions.graph_body import GraphBody, compose
from nbasset.definitions.graph_steps import job_steps
from nbasset.definitions.hooks import HookDefinition, checked_hooks
from nbasset.definitions.io_config import asset_schemas, with_io
from nbasset.definitions.job_nodes import JobNodes
from nbasset.definitions.loggers import logger_schemas
from nbasset.definitions.node_config import Part, graph_schemas, loader_schema, takes_config
from nbasset.definitions.op import checked_name
from nbasset.definitions.partitioned_config import PartitionedConfig
from nbasset.definitions.partitions import PartitionsDefinition
from nbasset.definitions.policies import RetryPolicy
from nbasset.definitions.requests import RunRequest, checked_tags, partition_tags
from nbasset.definitions.run_config import RunConfigLike, run_config_data
from nbasset.definitions.run_config_schema import RunConfigSchema
from nbasset.definitions.runtime import runtime
from nbasset.definitions.selection import AssetSelection
from nbasset.definitions.targets import shared_partitions
from nbasset.errors import Error, InvalidConfigError, InvalidDefinitionError, InvalidInvocationError, Problem, did_you_mean
from nbasset.metadata import RawMetadataValue, normalize

BUILT_IN_RESOURCES = frozenset({"io_manager", "parquet", "memory", "pickle"})


@dataclass(frozen=True, eq=False)
class JobDefinition(JobNodes):
    """A graph of ops or a selection of assets, as something to run. Made with `@job`, `graph.to_job` or `define_asset_job`.

    `config` is what a run gets that names none: data, or one that follows from the partition; a `ConfigMapping` makes the whole run config
    from a simpler one. `tags` describe the job and go to its runs, unless there are `run_tags`. `definitions` is where an asset job finds
    its assets, once it was got from there.

    >>> from nbasset import op
    >>> @op
    ... def one(): return 1
    >>> @job(tags={"team": "data"})
    ... def count(): one()
    >>> count.name, count.execute_in_process().success
    ('count', True)
    """

    name: str
    graph: GraphBody | None = None
    selection: AssetSelection | None = None
    description: str | None = None
    resource_defs: Mapping[str, Any] = field(default_factory=dict)
    config: Any = None
    tags: Mapping[str, str] = field(default_factory=dict)
    run_tags: Mapping[str, str] | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    logger_defs: Mapping[str, Any] = field(default_factory=dict)
    executor_def: ExecutorDefinition | None = None
    hook_defs: frozenset[HookDefinition] = frozenset()
    op_retry_policy: RetryPolicy | None = None
    partitions_def: PartitionsDefinition | None = None
    input_values: Mapping[str, Any] = field(default_factory=dict)
    owners: tuple[str, ...] = ()
    automation_condition: Any = None
    definitions: Any = None

    def __init__(
        self,
        graph: GraphBody | None = None,
        *,
        name: str | None = None,
        selection: Any = None,
        description: str | None = None,
        resource_defs: Mapping[str, Any] | None = None,
        config: Any = None,
        tags: Mapping[str, Any] | None = None,
        run_tags: Mapping[str, Any] | None = None,
        metadata: Mapping[str, RawMetadataValue] | None = None,
        logger_defs: Mapping[str, Any] | None = None,
        executor_def: Any = None,
        hooks: Iterable[Any] | None = None,
        op_retry_policy: RetryPolicy | None = None,
        partitions_def: PartitionsDefinition | None = None,
        input_values: Mapping[str, Any] | None = None,
        owners: Iterable[str] | None = None,
        automation_condition: Any = None,
    ) -> None:
        put = object.__setattr__
        put(self, "name", checked_name(name or (graph.name if graph is not None else ""), "job"))
        what = f"job '{self.name}'"
        put(self, "graph", graph)
        put(self, "selection", AssetSelection.from_coercible(selection) if selection is not None else None)
        put(self, "description", description or (graph.description if graph is not None else None))
        put(self, "resource_defs", dict(resource_defs or {}))
        put(self, "config", _config(config, what, graph.config if graph is not None else None))
        put(self, "tags", checked_tags(tags, what))
        put(self, "run_tags", None if run_tags is None else checked_tags(run_tags, what))
        put(self, "metadata", normalize(metadata, of=what))
        put(self, "logger_defs", dict(logger_defs or {}))
        put(self, "executor_def", checked_executor(executor_def, what))
        put(self, "hook_defs", checked_hooks(hooks, what))
        put(self, "op_retry_policy", op_retry_policy)
        put(self, "partitions_def", self._partitions(partitions_def, what))
        put(self, "input_values", dict(input_values or {}))
        put(self, "owners", tuple(owners or ()))
        put(self, "automation_condition", automation_condition)
        put(self, "definitions", None)
        unknown = [one for one in self.input_values if graph is not None and one not in graph.ins]
        if unknown and graph is not None:
            raise InvalidDefinitionError(f"{what}: input_values speaks of '{unknown[0]}'. {_inputs_hint(unknown[0], graph)}")
        _ = self.steps

    def _partitions(self, given: PartitionsDefinition | None, what: str) -> PartitionsDefinition | None:
        own = self.config.partitions_def if isinstance(self.config, PartitionedConfig) else None
        if own is not None and given is not None and own != given:
            raise InvalidDefinitionError(f"{what} has one partitions_def and its config another. Leave partitions_def out.")
        return own or given

    # -- what it is --------------------------------------------------------------------------------------------------------

    @property
    def node(self) -> GraphBody | None:
        """The graph; None for an asset job."""
        return self.graph

    @property
    def place(self) -> str | None:
        """Where it is written, where that is known."""
        return self.graph.place if self.graph is not None else None

    @cached_property
    def steps(self) -> tuple[NodeStep, ...]:
        """The ops in one flat list, with what fills their inputs; nothing for an asset job."""
        return job_steps(self.graph, retry=self.op_retry_policy) if self.graph is not None else ()

    @property
    def partitioned_config(self) -> PartitionedConfig | None:
        """The config that follows from the partition, if it has one."""
        return self.config if isinstance(self.config, PartitionedConfig) else None

    @property
    def resource_keys(self) -> frozenset[str]:
        """Keys of the resources that its ops, their outputs and its hooks need."""
        hooks = frozenset(key for hook in self.hook_defs for key in hook.resource_keys)
        of_steps = {key for step in self.steps for key in step.resources}
        managers = {output.manager for step in self.steps for output in step.outputs}
        return frozenset(of_steps | managers | hooks)

    @property
    def needs_config(self) -> bool:
        """Whether anything of its ops can be configured, so that a run without config has to be checked too."""
        return self.graph is not None and takes_config(self.graph)

    # -- variants ----------------------------------------------------------------------------------------------------------

    def changed(self, **changes: Any) -> JobDefinition:
        """A copy with some attributes given anew."""
        made = object.__new__(JobDefinition)
        for name in JobDefinition.__dataclass_fields__:
            object.__setattr__(made, name, changes.get(name, getattr(self, name)))
        return made

    def with_hooks(self, hook_defs: Iterable[Any]) -> JobDefinition:
        """A copy whose steps also run these hooks."""
        return self.changed(hook_defs=self.hook_defs | checked_hooks(hook_defs, f"job '{self.name}'"))

    def with_resources(self, resource_defs: Mapping[str, Any]) -> JobDefinition:
        """A copy with these resources; they go before those of `Definitions`."""
        return self.changed(resource_defs={**self.resource_defs, **resource_defs})

    def with_executor_def(self, executor_def: ExecutorDefinition) -> JobDefinition:
        """A copy whose steps run there."""
        return self.changed(executor_def=checked_executor(executor_def, f"job '{self.name}'"))

    def bound_to(self, definitions: Any) -> JobDefinition:
        """A copy that finds its assets and resources in these `Definitions`, and has the partitions that those assets share."""
        entry = next(one for one in definitions.catalog.jobs if one.name == self.name)
        return self.changed(definitions=definitions, partitions_def=entry.partitions_def)

    # -- partitions --------------------------------------------------------------------------------------------------------

    def get_run_config_for_partition_key(self, partition_key: str) -> dict[str, Any]:
        """The run config of one partition, as plain data.

        Raises
        ------
        UnknownPartitionError
            If there is no such partition.
        InvalidDefinitionError
            If the job has no partitions.
        """
        config = self.partitioned_config
        if config is not None:
            return config.get_run_config_for_partition_key(partition_key)
        if self.partitions_def is None:
            raise InvalidDefinitionError(f"job '{self.name}' has no partitions, so {partition_key!r} names none.")
        return run_config_data(self.config) if not isinstance(self.config, ConfigMapping) else {}

    def get_tags_for_partition_key(self, partition_key: str) -> dict[str, str]:
        """The run tags of one partition."""
        own = self.partitioned_config.get_tags_for_partition_key(partition_key) if self.partitioned_config is not None else {}
        return {**partition_tags(partition_key, self.partitions_def), **own}

    def run_request_for_partition(
        self,
        partition_key: str,
        run_key: str | None = None,
        tags: Mapping[str, Any] | None = None,
        asset_selection: Iterable[Any] | None = None,
        run_config: RunConfigLike = None,
        current_time: datetime | None = None,
        dynamic_partitions_store: Any = None,
    ) -> RunRequest:
        """A request for a run of one partition, with the config and tags that follow from it.

        Raises
        ------
        UnknownPartitionError
            If there is no such partition.
        InvalidDefinitionError
            If the job has no partitions.
        """
        if self.partitions_def is None:
            raise InvalidDefinitionError(f"job '{self.name}' has no partitions, so no run of one can be asked for.")
        self.partitions_def.validate_partition_key(partition_key, current_time, dynamic_partitions_store)
        config = run_config if run_config is not None else self.get_run_config_for_partition_key(partition_key)
        said = {**(tags or {}), **self.get_tags_for_partition_key(partition_key)}
        return RunRequest(run_key, config, said, self.name, asset_selection, partition_key=partition_key)

    # -- configuration -----------------------------------------------------------------------------------------------------

    def run_config_schema(
        self, resources: Mapping[str, Any] | None = None, nodes: Mapping[str, Any] | None = None, *, part: Part | None = None
    ) -> RunConfigSchema:
        """What may be configured for a run, or for a part of the job. `nodes` are the schemas of the assets of an asset job, `resources`
        those around the job.
        """
        from nbasset.definitions.resources import resource_schema

        given = {**(resources or {}), **self.resource_defs}
        graph = self.graph
        calls = {name: call.node for name, call in graph.calls.items()} if graph is not None else {}
        return RunConfigSchema(
            with_io(graph_schemas(graph, part), calls, given) if graph is not None else dict(nodes or {}),
            {key: resource_schema(one) for key, one in given.items()},
            logger_schemas(self.logger_defs),
            inputs={name: loader_schema(item) for name, item in graph.ins.items()} if graph is not None else {},
            of=f"job '{self.name}'",
        )

    def config_for(self, run_config: RunConfigLike, partition_key: str | None = None) -> dict[str, Any]:
        """The run config of a run as plain data: what was given, else the job's own; opened by the job's mapping, if it has one.

        Raises
        ------
        InvalidConfigError
            If it does not fit the mapping.
        """
        if isinstance(self.config, ConfigMapping):
            given = dict(run_config) if isinstance(run_config, Mapping) else run_config_data(run_config)
            return self.config.run_config(given, of=f"the config of job '{self.name}'")
        if run_config is not None:
            return run_config_data(run_config)
        if self.partitioned_config is not None:
            return self.get_run_config_for_partition_key(partition_key) if partition_key is not None else {}
        return run_config_data(self.config)

    # -- in a catalog ------------------------------------------------------------------------------------------------------

    def to_catalog(self, catalog: Catalog) -> tuple[CatalogJob, list[Problem]]:
        """The job as data, and what is wrong with it in these definitions."""
        problems: list[Problem] = []
        partitions_def = self.partitions_def
        if self.selection is not None:
            partitions_def = self._asset_partitions(catalog, problems)
        else:
            self._check_ops(catalog, problems)
        config = self.config if not isinstance(self.config, (ConfigMapping, PartitionedConfig)) else None
        entry = CatalogJob(
            self.name,
            self.selection,
            self.steps,
            self.description,
            self.tags,
            self.run_tags,
            self.metadata,
            partitions_def,
            self.op_retry_policy,
            self.executor_def.name if self.executor_def is not None else None,
            self.owners,
            run_config_data(config),
            self.place,
            self.automation_condition,
        )
        return entry, problems

    def _asset_partitions(self, catalog: Catalog, problems: list[Problem]) -> PartitionsDefinition | None:
        assert self.selection is not None
        try:
            keys = self.selection.resolve(catalog)
        except Error as error:
            problems.append(self._problem("unknown-asset", f"job '{self.name}' selects what is not there: {error}", "Mend its selection."))
            return self.partitions_def
        if self.partitions_def is not None:
            for key in sorted(keys):
                own = catalog.by_key[key].partitions_def
                if own is not None and own != self.partitions_def and catalog.by_key[key].node is not None:
                    problems.append(
                        self._problem(
                            "partitions",
                            f"job '{self.name}' is partitioned {self.partitions_def.describe()}, but '{key}' {own.describe()}",
                            "Leave partitions_def out, or select assets that are partitioned alike.",
                        )
                    )
                    break
            return self.partitions_def
        try:
            return shared_partitions(keys, catalog, f"job '{self.name}'")
        except InvalidDefinitionError:
            return None  # its assets can still be made, only not by one partition key

    def _check_ops(self, catalog: Catalog, problems: list[Problem]) -> None:
        known = {*BUILT_IN_RESOURCES, *catalog.resources, *self.resource_defs}
        for key in sorted(self.resource_keys - known):
            near = did_you_mean(key, known) or (
                f"There are: {', '.join(sorted(known - BUILT_IN_RESOURCES))}." if known - BUILT_IN_RESOURCES else "None is given."
            )
            message = f"job '{self.name}' needs the resource '{key}', which is not among the resources"
            problems.append(self._problem("missing-resource", message, f'{near} Add it: Definitions(resources={{"{key}": ...}}).'))
        for step in self.steps:
            for item in step.inputs:
                if item.asset is not None and item.asset not in catalog.by_key:
                    near = did_you_mean(str(item.asset), map(str, catalog.by_key))
                    message = f"no asset '{item.asset}' for input '{item.name}' of op '{step.handle}' in job '{self.name}'"
                    hint = f'{near} To read data made elsewhere, declare AssetSpec("{item.asset}").'.strip()
                    problems.append(self._problem("unknown-asset", message, hint))
        if self.config is not None and not isinstance(self.config, (ConfigMapping, PartitionedConfig)):
            self._check_config(problems)

    def _check_config(self, problems: list[Problem]) -> None:
        assert self.graph is not None
        schema = replace(self.run_config_schema(), resources={})
        sections = {key: value for key, value in run_config_data(self.config).items() if key != "resources"}
        for error in schema.check(sections).errors:
            problems.append(self._problem("invalid-config", f"the config of job '{self.name}' does not fit: {error}", "Mend config=..."))

    def _problem(self, rule: str, message: str, hint: str) -> Problem:
        return Problem(rule, message, self.place, hint, job=self.name)

    # -- running -----------------------------------------------------------------------------------------------------------

    def execute_in_process(
        self,
        run_config: RunConfigLike = None,
        instance: Any = None,
        partition_key: str | None = None,
        raise_on_error: bool = True,
        op_selection: Any = None,
        asset_selection: Any = None,
        run_id: str | None = None,
        input_values: Mapping[str, Any] | None = None,
        tags: Mapping[str, Any] | None = None,
        resources: Mapping[str, Any] | None = None,
    ) -> Any:
        """Run it here and now, step by step; an `ExecuteInProcessResult`. Without an `instance` nothing is kept after the result.

        `op_selection` names the ops that run (``"*clean"``, ``"clean+"``, a list of these), `asset_selection` the assets of an asset job.
        `input_values` are values for the inputs of the graph.

        Raises
        ------
        InvalidConfigError
            Before any step, with every error at once.
        Exception
            The error of the step that failed, as it was raised; with ``raise_on_error=False`` the result tells.
        """
        __tracebackhide__ = True  # IPython and pytest show the user's frames, not this one
        return runtime().execute_in_process(
            self, run_config=run_config, instance=instance, partition_key=partition_key, raise_on_error=raise_on_error,
            op_selection=op_selection, asset_selection=asset_selection, run_id=run_id, input_values=input_values, tags=tags,
            resources=resources,
        )  # fmt: skip

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise InvalidInvocationError(f"job '{self.name}' is not called. Run it with {self.name}.execute_in_process().")

    def __repr__(self) -> str:
        return f"JobDefinition({self.name})"


@overload
def job(compose_fn: Callable[..., Any], /) -> JobDefinition: ...
@overload
def job(
    *, name: str | None = ..., description: str | None = ..., resource_defs: Mapping[str, Any] | None = ..., config: Any = ...,
    tags: Mapping[str, Any] | None = ..., run_tags: Mapping[str, Any] | None = ..., metadata: Mapping[str, RawMetadataValue] | None = ...,
    logger_defs: Mapping[str, Any] | None = ..., executor_def: Any = ..., hooks: Iterable[Any] | None = ...,
    op_retry_policy: RetryPolicy | None = ..., partitions_def: PartitionsDefinition | None = ...,
    input_values: Mapping[str, Any] | None = ..., owners: Iterable[str] | None = ...,
) -> Callable[[Callable[..., Any]], JobDefinition]: ...  # fmt: skip
def job(
    compose_fn: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    description: str | None = None,
    resource_defs: Mapping[str, Any] | None = None,
    config: Any = None,
    tags: Mapping[str, Any] | None = None,
    run_tags: Mapping[str, Any] | None = None,
    metadata: Mapping[str, RawMetadataValue] | None = None,
    logger_defs: Mapping[str, Any] | None = None,
    executor_def: Any = None,
    hooks: Iterable[Any] | None = None,
    op_retry_policy: RetryPolicy | None = None,
    partitions_def: PartitionsDefinition | None = None,
    input_values: Mapping[str, Any] | None = None,
    owners: Iterable[str] | None = None,
) -> JobDefinition | Callable[[Callable[..., Any]], JobDefinition]:
    """Make a job of a function whose body calls ops and graphs. It runs once, now, to see what is connected to what.

    >>> from nbasset.definitions.op_decorator import op
    >>> @op
    ... def one(): return 1
    >>> @op
    ... def double(x): return 2 * x
    >>> @job
    ... def doubled(): double(one())
    >>> [step.handle for step in doubled.steps]
    ['one', 'double']

    Raises
    ------
    InvalidDefinitionError
        If the body does more than connect, or arguments contradict each other.
    """

    def make(fn: Callable[..., Any]) -> JobDefinition:
        body = compose(fn, GraphBody, name=name, what="job", description=description)
        return JobDefinition(
            body, resource_defs=resource_defs, config=config, tags=tags, run_tags=run_tags, metadata=metadata, logger_defs=logger_defs,
            executor_def=executor_def, hooks=hooks, op_retry_policy=op_retry_policy, partitions_def=partitions_def,
            input_values=input_values, owners=owners,
        )  # fmt: skip

    return make if compose_fn is None else make(compose_fn)


def validate_run_config(job_def: JobDefinition, run_config: RunConfigLike = None) -> dict[str, Any]:
    """The run config of a job with defaults filled in, if it fits; nothing runs.

    >>> from nbasset.definitions.op_decorator import op
    >>> @op(config_schema={"n": int})
    ... def count(context): ...
    >>> @job
    ... def counting(): count()
    >>> validate_run_config(counting, {"ops": {"count": {"config": {"n": 1}}}})
    {'ops': {'count': {'config': {'n': 1}}}}

    Raises
    ------
    InvalidConfigError
        With every error at once.
    """
    resources = job_def.definitions.resources if job_def.definitions is not None else {}
    nodes = {}
    if job_def.is_asset_job and job_def.definitions is not None and job_def.selection is not None:
        resolved = job_def.definitions.resolve()
        names = {resolved.catalog.by_key[key].node for key in job_def.selection.resolve(resolved.catalog)}
        nodes = asset_schemas(resolved.nodes, names, {**resources, **job_def.resource_defs})
    return job_def.run_config_schema(resources, nodes).validate(job_def.config_for(run_config))


def _config(config: Any, what: str, of_graph: ConfigMapping | None) -> Any:
    if isinstance(config, (ConfigMapping, PartitionedConfig)):
        return config
    if config is None:
        return mapping_of_job(of_graph, {}, what) if of_graph is not None else None
    try:
        data = run_config_data(config)
    except InvalidConfigError as error:
        raise InvalidDefinitionError(f"{what}: config is no run config. {error}") from error
    return mapping_of_job(of_graph, data, what) if of_graph is not None else data


def _inputs_hint(name: str, graph: GraphBody) -> str:
    return did_you_mean(name, graph.ins) or f"Its inputs: {', '.join(graph.ins) or 'none'}."


__all__ = ["JobDefinition", "job", "validate_run_config"]
