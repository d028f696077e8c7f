"""Running jobs, graphs and ops from Python: `job.execute_in_process` and `execute_job`, anew or from where another run stopped."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import field, replace
from importlib import import_module
from typing import Any

from nbasset.commands.carrying_out import DEFAULT, Manner, carry_out, checked_config, executor_for, raise_error
from nbasset.commands.planning import Which, Wish, make_plan
from nbasset.commands.promoted_jobs import by_asset, carry_out_promoted, promoted_of, what_is_meant
from nbasset.commands.reexecution import Again, plan_again
from nbasset.commands.run_rules import RETRY_NUMBER_TAG, next_try, tries_so_far
from nbasset.commands.scope import Scope
from nbasset.dataclass import dataclass
from nbasset.definitions.composition import InputHandle, NodeCall, OutputHandle
from nbasset.definitions.config_mapping import ConfigMapping
from nbasset.definitions.definitions import Definitions
from nbasset.definitions.executors import ExecutorChoice, ExecutorDefinition
from nbasset.definitions.graph_body import GraphBody
from nbasset.definitions.io_config import takes_io_config
from nbasset.definitions.job import JobDefinition
from nbasset.definitions.node_config import Part, config_of_part, opened_config
from nbasset.definitions.op import OpDefinition, is_nothing
from nbasset.definitions.op_selection import select_ops
from nbasset.definitions.partitions import PartitionsView
from nbasset.definitions.reexecution import ReexecutionOptions
from nbasset.definitions.requests import PARTITION_TAG, checked_tags
from nbasset.definitions.run_config import RunConfigLike, run_config_data
from nbasset.definitions.selection import AssetSelection
from nbasset.errors import InvalidConfigError, InvalidDefinitionError, InvalidInvocationError, ProblemsFound, did_you_mean, kind_of
from nbasset.events.facts import CheckKey
from nbasset.execution.input_slots import base_name
from nbasset.execution.inputs import given_in_config, no_value
from nbasset.execution.result import ExecuteInProcessResult
from nbasset.instance import Instance
from nbasset.keys import AssetKey, RunId, new_run_id
from nbasset.locations.plain import location_of
from nbasset.ordinals import OrdinalSet
from nbasset.planning.asked_partitions import asked_partitions
from nbasset.planning.job_plan import JobRequest, plan_job
from nbasset.planning.plan import RunPlan


@dataclass(frozen=True)
class JobOptions:
    """How a job is to run, as the caller gave it. `checks` None means those of its assets; `which` leaves out what is not stale, say.

    `partitions` are those of a promoted job: a word of its file, or keys and ranges.
    """

    run_config: Any = None
    partition_key: str | None = None
    op_selection: Any = None
    asset_selection: Any = None
    run_id: str | None = None
    input_values: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, Any] = field(default_factory=dict)
    checks: frozenset[CheckKey] | None = None
    which: Which = "all"
    partitions: str = ""


AS_DEFINED = JobOptions()


def execute_in_process(
    definition: Any,
    *,
    run_config: RunConfigLike = None,
    instance: Instance | None = None,
    partition_key: str | None = None,
    raise_on_error: bool = True,
    op_selection: Any = None,
    asset_selection: Any = None,
    run_id: str | None = None,
    input_values: Mapping[str, Any] | None = None,
    tags: Mapping[str, Any] | None = None,
    resources: Mapping[str, Any] | None = None,
) -> ExecuteInProcessResult:
    """Run a job, graph or op in this thread, one step after the other, whatever its executor. See `JobDefinition.execute_in_process`."""
    __tracebackhide__ = True  # IPython and pytest show the user's frames, not this one
    job = job_of(definition)
    home = instance if instance is not None else Instance.ephemeral()
    options = JobOptions(run_config, partition_key, op_selection, asset_selection, run_id, dict(input_values or {}), dict(tags or {}))
    scope = scope_of_job(job, home, resources)
    result = run_job(scope, job, options, replace(DEFAULT, executor="inline", keeps_plan=True, keeps_values=True))
    if raise_on_error:
        raise_error(result)
    return result


def execute_job(
    job: Any,
    instance: Instance | None = None,
    run_config: RunConfigLike = None,
    tags: Mapping[str, Any] | None = None,
    raise_on_error: bool = False,
    op_selection: Any = None,
    reexecution_options: ReexecutionOptions | None = None,
    asset_selection: Any = None,
    *,
    partition_key: str | None = None,
) -> ExecuteInProcessResult:
    """Run a job with the executor that it names, and record it in the instance (that of the current folder by default).

    With `reexecution_options` it goes on from an earlier run: config and tags are those of that run unless given here.

    >>> from nbasset import Instance, job, op
    >>> @op
    ... def one(): return 1
    >>> @job
    ... def small(): one()
    >>> with Instance.ephemeral() as instance:
    ...     execute_job(small, instance).success
    True

    Raises
    ------
    InvalidConfigError
        Before any step, with every error at once.
    InvalidInvocationError
        If the run to go on from is not there, or needs no going on.
    """
    __tracebackhide__ = True  # IPython and pytest show the user's frames, not this one
    made = job_of(job)
    home = instance if instance is not None else Instance.get()
    options = JobOptions(run_config, partition_key, op_selection, asset_selection, None, {}, dict(tags or {}))
    scope = scope_of_job(made, home, None)
    result = run_with_executor(scope, made, options, replace(DEFAULT, keeps_plan=True), reexecution_options)
    if raise_on_error:
        raise_error(result)
    return result


def reconstructable(target: Any) -> JobDefinition:
    """The job itself: code that was written for executors of other processes passes its jobs through this. A function is called for one.

    >>> from nbasset import job, op
    >>> @op
    ... def one(): return 1
    >>> def make():
    ...     @job
    ...     def small(): one()
    ...     return small
    >>> reconstructable(make).name
    'small'
    """
    return job_of(target() if callable(target) and not isinstance(target, (JobDefinition, GraphBody, OpDefinition)) else target)


def build_reconstructable_job(
    reconstructor_module_name: str,
    reconstructor_function_name: str,
    reconstructable_args: tuple[Any, ...] | None = None,
    reconstructable_kwargs: Mapping[str, Any] | None = None,
    reconstructor_working_directory: str | None = None,
) -> JobDefinition:
    """The job that a function of a module makes. Modules of the working directory can be imported from then on.

    >>> from nbasset import job, op
    >>> @op
    ... def one(): return 1
    >>> @job
    ... def small(): one()
    >>> build_reconstructable_job("nbasset", "reconstructable", (small,)).name
    'small'

    Raises
    ------
    InvalidInvocationError
        If the module has no such function, or it makes no job.
    """
    if reconstructor_working_directory is not None and reconstructor_working_directory not in sys.path:
        sys.path.insert(0, reconstructor_working_directory)
    module = import_module(reconstructor_module_name)
    make = getattr(module, reconstructor_function_name, None)
    if make is None:
        near = did_you_mean(reconstructor_function_name, dir(module))
        raise InvalidInvocationError(
            f"module '{reconstructor_module_name}' has no function '{reconstructor_function_name}'. {near}".rstrip()
        )
    return job_of(make(*(reconstructable_args or ()), **(reconstructable_kwargs or {})))


def job_of(definition: Any) -> JobDefinition:
    """A job, or the job that runs a graph or an op.

    Raises
    ------
    InvalidInvocationError
        If it is none of these.
    """
    if isinstance(definition, JobDefinition):
        return definition
    if isinstance(definition, GraphBody):
        return JobDefinition(definition)
    if isinstance(definition, OpDefinition):
        return JobDefinition(_graph_of(definition))
    raise InvalidInvocationError(f"{definition!r:.60} is no job, graph or op, so it cannot be run as one.")


def scope_of_job(job: JobDefinition, instance: Instance, resources: Mapping[str, Any] | None) -> Scope:
    """The scope of a job: the definitions that it was got from, or itself alone.

    Raises
    ------
    InvalidInvocationError
        If it is an asset job that knows no assets.
    """
    if job.definitions is None and job.is_asset_job:
        raise InvalidInvocationError(
            f"job '{job.name}' selects assets, but does not know any. Get it from the definitions that hold them: "
            f"Definitions(assets=[...], jobs=[{job.name}]).get_job_def({job.name!r})."
        )
    before = job.definitions if job.definitions is not None else Definitions()
    definitions = before.with_job(job if not resources else job.with_resources(resources))
    return Scope(location_of(definitions, home=lambda: instance.home.root), instance, dict(resources or {}))


def run_job(
    scope: Scope, job: JobDefinition, options: JobOptions = AS_DEFINED, manner: Manner = DEFAULT,
    again: ReexecutionOptions | None = None,
) -> ExecuteInProcessResult:  # fmt: skip
    """Run a job of a scope's location to its end. A failed step is in the result. `manner` says where; the job's executor is not asked."""
    plan, view, changed = plan_of_job(scope, job, options, manner, again)
    return carry_out(scope, plan, view, changed)


def run_with_executor(
    scope: Scope, job: JobDefinition, options: JobOptions = AS_DEFINED, manner: Manner = DEFAULT,
    again: ReexecutionOptions | None = None, *, on_plan: Callable[[RunPlan], None] = lambda plan: None,
) -> ExecuteInProcessResult:  # fmt: skip
    """Run a job with the executor that it names, unless `manner` names another. `on_plan` hears each plan before anything of it runs.

    A run that failed is followed by others as its tags ask (`run_rules`); the result is that of the last one.
    """
    first = _run_with_executor(scope, job, options, manner, again, on_plan)
    return tried_again(scope, job, first, options, manner, on_plan=on_plan)


def tried_again(
    scope: Scope, job: JobDefinition, result: ExecuteInProcessResult, options: JobOptions = AS_DEFINED, manner: Manner = DEFAULT,
    *, on_plan: Callable[[RunPlan], None] = lambda plan: None,
) -> ExecuteInProcessResult:  # fmt: skip
    """The result of a run of a job, or of the last of those that follow it as its tags ask."""
    while (following := next_try(scope.instance, result)) is not None:
        number = str(tries_so_far(result.plan.tags) + 1)
        options = replace(options, run_id=None, tags={**options.tags, RETRY_NUMBER_TAG: number})
        result = _run_with_executor(scope, job, options, manner, following, on_plan)
    return result


def _run_with_executor(
    scope: Scope, job: JobDefinition, options: JobOptions, manner: Manner, again: ReexecutionOptions | None,
    on_plan: Callable[[RunPlan], None],
) -> ExecuteInProcessResult:  # fmt: skip
    plan, view, changed = plan_of_job(scope, job, options, manner, again)
    on_plan(plan)
    return carry_out_job(scope, job, plan, view, changed, run_config=options.run_config)


def carry_out_job(
    scope: Scope, job: JobDefinition, plan: RunPlan, view: PartitionsView, manner: Manner, *, run_config: Any = None
) -> ExecuteInProcessResult:  # fmt: skip
    """Carry a plan of a job out with the executor that it names (or its run config), unless `manner` names another; a promoted one by
    papermill.
    """
    promoted = promoted_of(scope, job.name)
    if promoted is not None and plan.steps:
        return carry_out_promoted(scope, promoted, plan, manner)
    if manner.executor:
        return carry_out(scope, plan, view, manner)
    chosen = _chosen_executor(job, scope, run_config)
    executor, owned = _executor(scope, chosen)
    try:
        return carry_out(scope, plan, view, replace(manner, executor=executor, tag_limits=chosen.tag_limits))
    finally:
        if owned:
            executor.shutdown()


def plan_of_job(
    scope: Scope, job: JobDefinition, options: JobOptions = AS_DEFINED, manner: Manner = DEFAULT,
    again: ReexecutionOptions | None = None, *, view: PartitionsView | None = None,
) -> tuple[RunPlan, PartitionsView, Manner]:  # fmt: skip
    """What a run of a job would do, the partitions it knows, and the manner to carry it out in. Nothing runs and nothing is written.

    `view` are the partitions that there are, where they are not those of now.

    Raises
    ------
    InvalidConfigError
        If the run config does not fit, or an input has no value: with every error at once.
    ProblemsFound
        If the job, or what it makes, is spoilt by a problem.
    """
    _ = scope.instance.storage  # the store gives partition keys their numbers, so it is there before they are asked for
    view = view if view is not None else scope.view()
    if again is not None and promoted_of(scope, job.name) is not None:
        again = by_asset(again)
    known = Again.of(again, scope.instance) if again is not None else None
    if known is not None:
        options = replace(
            options,
            run_config=known.parent.config if options.run_config is None else options.run_config,
            partition_key=options.partition_key or known.parent.tags.get(PARTITION_TAG),
            tags={**known.tags, **options.tags},
        )
    if options.partition_key is None and job.partitions_def is not None:
        options = replace(options, partition_key=options.tags.get(PARTITION_TAG))
    if options.partition_key is not None and job.partitions_def is None and not job.is_asset_job:
        raise InvalidInvocationError(
            f"job '{job.name}' has no partitions, so {options.partition_key!r} names none. "
            "Give it partitions_def, or leave partition_key out."
        )
    plan = _asset_plan(scope, job, options, view, known) if job.is_asset_job else _op_plan(scope, job, options, view, known)
    given = {**job.input_values, **options.input_values}
    _check_inputs(scope, job, plan, given)
    if known is not None:
        plan, reused = plan_again(scope, plan, known)
        manner = replace(manner, parent_run_id=known.parent.run_id, root_run_id=known.root_run_id, reused=reused)
    return plan, view, replace(manner, given=given)


# -- ops ---------------------------------------------------------------------------------------------------------------------


def _op_plan(scope: Scope, job: JobDefinition, options: JobOptions, view: PartitionsView, again: Again | None) -> RunPlan:
    entry = scope.catalog.jobs_by_name[job.name]
    ordinal = None
    if options.partition_key is not None and job.partitions_def is not None:
        ordinal = next(iter(job.partitions_def.ordinals_of([options.partition_key], view)))
    selected = frozenset(step.handle for step in again.plan.steps) if again is not None and again.plan is not None else None
    if options.op_selection is not None:
        upstream = {step.handle: {ref.step for item in step.inputs for ref in _refs(item)} for step in job.steps}
        selected = select_ops(options.op_selection, upstream, of=f"job '{job.name}'")
    if options.asset_selection is not None:
        raise InvalidInvocationError(f"job '{job.name}' runs ops, so asset_selection selects nothing. Use op_selection.")
    request = JobRequest(RunId(options.run_id) if options.run_id else new_run_id(), {}, _tags(job, options), ordinal, selected)
    plan = plan_job(scope.catalog, entry, request, view)
    part = None
    if selected is not None:
        cut_off = {step.key: frozenset(base_name(item) for item in step.leaves() if item.kind == "config") for step in plan.steps}
        part = Part(frozenset(step.handle for step in plan.steps), cut_off)
    return replace(plan, config=_job_config(scope, job, options, part))


def _job_config(scope: Scope, job: JobDefinition, options: JobOptions, part: Part | None) -> dict[str, Any]:
    """The run config to record: checked as it will be used, but what a mapping of the job hides is left as it was given."""
    given = options.run_config
    config = job.config_for(given, options.partition_key)
    resources = {**scope.resolved.resources, **scope.resources}
    if not config and not job.needs_config and not takes_io_config({**resources, **job.resource_defs}):
        return {}
    assert job.graph is not None
    schema = job.run_config_schema(resources, part=part)
    if part is not None:
        config = config_of_part(config, job.graph, schema.ops)
    data = schema.validate(config or None)
    opened_config(schema.ops, data.get("ops") or {})
    if isinstance(job.config, ConfigMapping):
        return run_config_data(given)
    return data


def _refs(item: Any) -> list[Any]:
    return [*item.outputs, *(ref for part in item.parts for ref in _refs(part))]


# -- assets ------------------------------------------------------------------------------------------------------------------


def _asset_plan(scope: Scope, job: JobDefinition, options: JobOptions, view: PartitionsView, again: Again | None) -> RunPlan:
    problems = scope.catalog.problems_of_job(job.name)
    if problems:
        raise ProblemsFound(problems)
    if options.op_selection is not None:
        raise InvalidInvocationError(f"job '{job.name}' makes assets, so op_selection selects nothing. Use asset_selection.")
    assert job.selection is not None
    chosen = job.selection
    if options.asset_selection is not None:
        chosen = AssetSelection.from_coercible(options.asset_selection)
        outside = chosen.resolve(scope.catalog) - job.selection.resolve(scope.catalog)
        if outside:
            first = str(min(outside))
            near = did_you_mean(first, map(str, job.selection.resolve(scope.catalog)))
            raise InvalidInvocationError(f"asset '{first}' is not in the selection of job '{job.name}'. {near}".rstrip())
    keys = chosen.resolve(scope.catalog)
    checks = options.checks
    if checks is None and chosen.says_checks:
        checks = chosen.resolve_checks(scope.catalog)
    key = options.partition_key
    promoted = promoted_of(scope, job.name) if key is None and again is None else None
    partitions = partitions_with_key(scope, keys, checks, key, view) if key is not None else {}
    which = options.which
    if promoted is not None:
        partitions, which = what_is_meant(scope, promoted, options.partitions, which, keys | {one.asset for one in checks or ()}, view)
    if again is not None:
        chosen, partitions, checks = again.narrowed(chosen, partitions, checks)
    nodes = frozenset(str(scope.catalog.by_key[one].node) for one in keys)
    config = checked_config(scope, nodes, job.config_for(options.run_config, key) or None)
    wish = Wish(
        chosen, partitions, which, with_upstream=False, run_config=config,
        tags=_tags(job, options), job=job.name, checks=checks, run_id=RunId(options.run_id) if options.run_id else None,
    )  # fmt: skip
    plan = make_plan(scope, wish, view=view).plan
    if job.op_retry_policy is None:
        return plan
    return replace(plan, steps=tuple(replace(step, retry=step.retry or job.op_retry_policy) for step in plan.steps))


def partitions_with_key(
    scope: Scope, keys: frozenset[AssetKey], checks: frozenset[CheckKey] | None, key: str, view: PartitionsView
) -> dict[AssetKey, OrdinalSet]:
    """The partitions that one key means, of assets and of those that only checks look at.

    Raises
    ------
    UnknownPartitionError, InvalidDefinitionError
        If it means none.
    """
    meant = keys | {check.asset for check in checks or ()}
    return asked_partitions(scope.catalog, meant, meant, lambda one: one.ordinals_of([key], view), view, words=repr(key))


# -- both --------------------------------------------------------------------------------------------------------------------


def _tags(job: JobDefinition, options: JobOptions) -> dict[str, str]:
    own = job.run_tags if job.run_tags is not None else job.tags
    partition = job.get_tags_for_partition_key(options.partition_key) if options.partition_key is not None else {}
    return {**own, **partition, **checked_tags(options.tags, f"job '{job.name}'")}


def _check_inputs(scope: Scope, job: JobDefinition, plan: RunPlan, given: Mapping[str, Any]) -> None:
    """Refuse a plan in which an input has nothing to fill it: all of them at once, before any step.

    Raises
    ------
    InvalidConfigError
        With each such input and how to fill it.
    """
    graph = job.graph
    unknown = [name for name in given if graph is None or name not in graph.ins]
    if unknown:
        have = ", ".join(graph.ins) if graph is not None and graph.ins else "none"
        raise InvalidInvocationError(f"input_values speaks of '{unknown[0]}', which is no input of job '{job.name}'. It has: {have}.")
    config = job.config_for(plan.config) if isinstance(job.config, ConfigMapping) else plan.config
    lacking = []
    for step in plan.steps:
        owner = scope.resolved.nodes.get(step.node)
        ops = owner.node if owner is not None else graph
        for item in step.leaves():
            if (
                item.kind != "config"
                or item.graph_input in given
                or given_in_config(config, item, step.handle, owner.name if owner else None)
            ):
                continue
            path = step.handle if owner is None else step.handle.removeprefix(f"{owner.name}.")
            declared = ops.op_at(path).ins.get(item.name.partition("[")[0]) if isinstance(ops, GraphBody) else None
            if declared is not None and not (declared.has_default or declared.input_manager_key or is_nothing(declared.value_type)):
                lacking.append(no_value(item, step.handle))
    if lacking:
        raise InvalidConfigError(lacking, of=f"the inputs of job '{job.name}'")


def _chosen_executor(job: JobDefinition, scope: Scope, run_config: Any) -> ExecutorChoice:
    definition = job.executor_def or scope.resolved.executor
    execution = (
        job.config_for(run_config).get("execution") if run_config is not None and not isinstance(job.config, ConfigMapping) else None
    )
    given = execution.get("config", execution) if isinstance(execution, Mapping) else {}
    choice = definition.choice(given) if isinstance(definition, ExecutorDefinition) else ExecutorChoice("default")
    settings = scope.instance.settings.executor
    if choice.kind == "default":
        return replace(choice, kind="inline" if settings.kind == "dask" else settings.kind, max_workers=settings.max_workers)
    return choice


def _executor(scope: Scope, choice: ExecutorChoice) -> tuple[Any, bool]:
    if choice.make is not None:
        made = choice.make()
        if not hasattr(made, "submit"):
            raise InvalidDefinitionError(f"the executor gave {kind_of(made)}; give a concurrent.futures.Executor.")
        return made, True
    return executor_for(scope, choice.kind, choice.max_workers)


def _graph_of(op: OpDefinition) -> GraphBody:
    """A graph of one op, with the op's inputs and outputs."""
    open_ins = {name: item for name, item in op.ins.items() if item.asset_key is None and not is_nothing(item.value_type)}
    call = NodeCall(op.name, op, {name: InputHandle(name) for name in open_ins})
    results = {output: OutputHandle(op.name, output, out.is_dynamic) for output, out in op.outs.items()}
    return GraphBody(op.name, {op.name: call}, open_ins, op.outs, results, op.description, fn=op.fn)
