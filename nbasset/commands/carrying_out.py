"""Carrying a plan out in this process: resources opened, steps run, files published, events written."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import field, replace
from functools import partial
from typing import Any, Literal

from nbasset.commands.launching import start_queued
from nbasset.commands.made_with import MadeWith
from nbasset.commands.old_runs import retain_outputs
from nbasset.commands.retention import retain
from nbasset.commands.run_rules import check_rules, time_limit
from nbasset.commands.scope import Scope, user_name
from nbasset.dataclass import dataclass
from nbasset.definitions.catalog import NodeOutput
from nbasset.definitions.executors import TagLimit
from nbasset.definitions.io_config import takes_io_config, with_io
from nbasset.definitions.node_config import node_schema, opened_config, takes_config
from nbasset.definitions.partitions import PartitionsView
from nbasset.errors import InvalidConfigError, InvariantViolationError, RunCancelled, RunFailure
from nbasset.events.kinds import Event, RunFailed, StepReused
from nbasset.execution.cancel import CancelToken
from nbasset.execution.displays import keep_displays
from nbasset.execution.environment import Observe, observe_nothing
from nbasset.execution.executors import InlineExecutor, ThreadExecutor
from nbasset.execution.result import ExecuteInProcessResult
from nbasset.execution.run import RunLoop
from nbasset.execution.run_options import RunOptions, RunOutcome, tell_nobody
from nbasset.execution.run_resources import RunResources
from nbasset.execution.step import StepRunner
from nbasset.execution.task import CodeRef
from nbasset.execution.worker_pool import WorkerPool
from nbasset.io_managers.protocol import InputContext, OutputContext
from nbasset.keys import AssetKey, RunId
from nbasset.locations import host
from nbasset.locations.shell import shell_in_use
from nbasset.planning.plan import RunPlan
from nbasset.secrets import remember_named
from nbasset.serde import dumps
from nbasset.storage.processes import this_process

OnEvent = Callable[[Event], None]
RunKind = Literal["interactive", "background", "papermill", "command", "scheduled"]


@dataclass(frozen=True, slots=True)
class Manner:
    """How a plan is carried out. `executor` is a kind of the settings, or an executor object; empty takes what the settings say.

    `echo` shows what steps print. `on_event` hears each event after it was written. `observe` watches what steps display. With `is_part`
    the plan is a part of a run that others began and will end. `along` are events to write together with the request of the run, such as
    that it belongs to `backfill_id`. With `is_requested` the request was recorded before; `keeps_plan` stores the plan, so that the run can
    be drawn with what it waits for and be repeated. `given` are values for the inputs of a job, `reused` steps whose outputs an earlier run
    stored, `tag_limits` how many steps with a tag go at once. With `keeps_values` the result knows the very values of assets that an I/O
    manager of the user's own took.
    """

    kind: RunKind = "interactive"
    executor: str | Executor = ""
    echo: bool = True
    on_event: OnEvent = tell_nobody
    cancel: CancelToken | None = None
    parent_run_id: RunId | None = None
    root_run_id: RunId | None = None
    is_part: bool = False
    observe: Observe = observe_nothing
    backfill_id: str | None = None
    along: tuple[Event, ...] = ()
    is_requested: bool = False
    keeps_plan: bool = False
    given: Mapping[str, Any] = field(default_factory=dict)
    reused: tuple[StepReused, ...] = ()
    tag_limits: tuple[TagLimit, ...] = ()
    keeps_values: bool = False


DEFAULT = Manner()


def carry_out(scope: Scope, plan: RunPlan, view: PartitionsView, manner: Manner = DEFAULT) -> ExecuteInProcessResult:
    """Run a plan to its end. A failed step is in the result; an interrupt is raised again when the run was recorded as cancelled."""
    instance = scope.instance
    storage = instance.storage
    check_rules(plan.tags)
    remember_named(os.environ)
    observe = manner.observe
    if observe is observe_nothing and not instance.is_ephemeral:
        observe = keep_displays(shell_in_use, instance.home.runs)
    io_version = _Memo(scope.io_version).__getitem__
    environment = scope.environment(echo=manner.echo, observe=observe, io_version=io_version)
    settings = instance.settings

    executor, owned = executor_for(scope, manner.executor or settings.executor.kind, settings.executor.max_workers)
    elsewhere = isinstance(executor, WorkerPool)
    catalog_id = storage.put_text(dumps(scope.catalog)) if elsewhere else ""

    code: Callable[[str], CodeRef] = partial(scope.location.code_ref, keep=storage.put_text)
    cancel = manner.cancel if manner.cancel is not None else CancelToken()
    made = MadeWith(scope, environment, plan.config)
    with RunResources(environment, plan.config, job=plan.job) as resources:
        runner = StepRunner(environment, resources, keeps_values=manner.keeps_values)
        runner.give(manner.given, manner.reused)
        options = RunOptions(
            scope.catalog,
            view,
            resources.manager,
            _Memo((lambda node: replace(code(node), catalog_id=catalog_id)) if elsewhere else code).__getitem__,
            made.config,
            io_version,
            made.packages,
            kind=manner.kind,
            location=scope.location.name or None,
            user=user_name(),
            owner=this_process(),
            parent_run_id=manner.parent_run_id,
            root_run_id=manner.root_run_id,
            backfill_id=manner.backfill_id,
            plan_id=storage.put_text(dumps(plan)) if manner.keeps_plan else None,
            requested=manner.is_requested,
            along=manner.along,
            is_part=manner.is_part,
            reused=manner.reused,
            tag_limits=manner.tag_limits,
            home=str(instance.home.root) if elsewhere else "",
            pool_limits=_pool_limits(plan, settings.queue.pools, settings.queue.default_pool_limit),
            on_event=manner.on_event,
        )
        run_step = host.run_step if elsewhere else runner.run
        try:
            loop = RunLoop(plan, storage=storage, run_step=run_step, options=options, executor=executor, cancel=cancel)
            with instance.before_reading(loop.log.settle), time_limit(plan.tags, cancel):
                outcome = loop.run()
        finally:
            if owned:
                executor.shutdown()
    if outcome.has_published:
        retain(scope, outcome.events)
        retain_outputs(instance, outcome.events)
    if not (instance.is_ephemeral or manner.is_requested or manner.is_part):  # whoever ends the run does it after that
        start_queued(instance)
    return _result(scope, plan, outcome, runner)


class _Memo(dict[str, Any]):
    """What a function of one text answered, each asked for once; made anew for each run, which `functools.cache` takes its time for."""

    __slots__ = ("answer",)

    def __init__(self, answer: Callable[[str], Any]) -> None:
        self.answer = answer

    def __missing__(self, text: str) -> Any:
        found = self[text] = self.answer(text)
        return found


def raise_failure(result: ExecuteInProcessResult) -> None:
    """Raise what ended a run that did not succeed.

    Raises
    ------
    RunCancelled
        If somebody stopped it.
    RunFailure
        With the first error, its place first.
    """
    if result.success:
        return
    if result.status == "canceled":
        raise RunCancelled(f"run {result.run_id[:8]} was cancelled.")
    said = next((event.message for event in reversed(result.all_events) if isinstance(event, RunFailed)), "")
    failure = RunFailure(said or f"run {result.run_id[:8]} failed.")
    failure.result = result  # type: ignore[attr-defined]
    raise failure


def raise_error(result: ExecuteInProcessResult) -> None:
    """Raise what made a run fail: the error of the first step that failed, as the user's code raised it, with a note on the run."""
    __tracebackhide__ = True  # IPython and pytest show the user's frames, not this one
    if result.success:
        return
    failed = [event.step for event in result.get_step_failure_events() if event.step in result.errors]
    if failed:
        error = result.errors[failed[0]]
        error.__traceback__ = _users_part(error.__traceback__)
        note = f"Step '{failed[0]}' of run {result.run_id[:8]} raised this" + (
            f"; {len(failed) - 1} more failed." if len(failed) > 1 else "."
        )
        if note not in getattr(error, "__notes__", ()):
            error.add_note(note)
        raise error
    raise_failure(result)


def checked_config(scope: Scope, plan_nodes: frozenset[str | None] | None, run_config: Any) -> dict[str, Any]:
    """A run config as plain data, checked against the nodes that will run (None: all) and the resources.

    Raises
    ------
    InvalidConfigError
        With every error at once, before any step.
    """
    resolved = scope.resolved
    given = {**resolved.resources, **scope.resources}
    if not run_config and not takes_io_config(given):
        running = resolved.nodes.values() if plan_nodes is None else [one for name, one in resolved.nodes.items() if name in plan_nodes]
        if True not in [takes_config(one.node) for one in running if one.node is not None]:
            return {}
    nodes = {name: one.node for name, one in resolved.nodes.items() if one.node is not None}
    from nbasset.definitions.loggers import logger_schemas
    from nbasset.definitions.resources import resource_schema
    from nbasset.definitions.run_config import run_config_data
    from nbasset.definitions.run_config_schema import RunConfigSchema

    named = run_config_data(run_config).get("ops") or {}
    wanted = {
        name: one for name, one in nodes.items() if plan_nodes is None or name in plan_nodes or not takes_config(one) or name in named
    }
    configured = {name: resolved.nodes[name] for name in wanted if plan_nodes is None or name in plan_nodes or name in named}
    schema = RunConfigSchema(
        with_io({name: node_schema(one) for name, one in wanted.items()}, configured, given),
        {key: resource_schema(resource) for key, resource in given.items()},
        logger_schemas(resolved.loggers),
    )
    data = schema.validate(run_config or None)
    opened_config({name: one for name, one in schema.ops.items() if name in named or one.mapping is not None}, data.get("ops") or {})
    if not run_config:
        return {}
    return data


def _result(scope: Scope, plan: RunPlan, outcome: RunOutcome, runner: StepRunner) -> ExecuteInProcessResult:
    kept = runner.asset_values

    def load(key: AssetKey, partition_key: str | None) -> Any:
        if (key, partition_key) in kept:
            return kept[key, partition_key]
        return scope.instance.load_asset_value(scope.resolved, key, partition_key=partition_key, resources=scope.resources)

    job = scope.resolved.jobs.get(plan.job) if plan.job is not None else None
    given = {**scope.resolved.resources, **(job.resource_defs if job is not None else {}), **scope.resources}

    def load_output(output: NodeOutput, run_id: RunId, step: str, mapping_key: str | None) -> Any:
        manager: Any = given.get(output.manager) if output.manager in given else scope.instance.manager(output.manager)
        if not hasattr(manager, "load_input"):
            raise InvariantViolationError(f"the I/O manager '{output.manager}' is closed by now. Read the output in a later step instead.")
        upstream = OutputContext(step_key=step, run_id=run_id, name=output.name, mapping_key=mapping_key)
        return manager.load_input(InputContext(name=output.name, upstream_output=upstream))

    return ExecuteInProcessResult(
        outcome.run_id, outcome.status, plan, outcome.events, outcome.error, load, runner.values, outcome.steps, runner.errors, job,
        scope.instance, load_output,
    )  # fmt: skip


def executor_for(scope: Scope, wanted: str | Executor, max_workers: int) -> tuple[Executor, bool]:
    """An executor of a kind, and whether it was made here, so that whoever asked shuts it down.

    Raises
    ------
    InvalidConfigError
        If there is no such kind, or worker processes could not do what is asked.
    """
    if isinstance(wanted, Executor):
        return wanted, False
    if wanted == "inline":
        return InlineExecutor(), True
    workers = max_workers or os.cpu_count() or 1
    if wanted == "threads":
        return ThreadExecutor(workers), True
    if wanted == "processes":
        if scope.resources or scope.instance.is_ephemeral:
            what = "resources given to this call live" if scope.resources else "an ephemeral instance lives"
            raise InvalidConfigError(
                [f"executor: {what} in this process only, so worker processes cannot use it. Choose inline or threads."], of="the run"
            )
        return WorkerPool(workers, folder=str(scope.location.folder) if scope.location.folder is not None else None), True
    raise InvalidConfigError([f"executor: there is none called {wanted!r} here. Choose inline, threads or processes."], of="the run")


def _pool_limits(plan: RunPlan, pools: Mapping[str, int], default: int) -> dict[str, int]:
    named = {step.pool for step in plan.steps if step.pool}
    return {pool: pools.get(pool, default) for pool in named if pools.get(pool, default)}


def _users_part(trace: Any) -> Any:
    """A traceback from the first frame that is not ours on."""
    from nbasset.execution.failures import is_ours

    at = trace
    while at is not None and is_ours(at.tb_frame.f_code.co_filename):
        at = at.tb_next
    return at if at is not None else trace
