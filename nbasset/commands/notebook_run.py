"""``run --papermill``: materialize the assets of a notebook by executing it, and keep the executed notebook."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbasset.arguments.options import RunArguments
from nbasset.commands.carrying_out import DEFAULT, Manner, checked_config
from nbasset.commands.configuration import run_config_of
from nbasset.commands.launching import start_queued
from nbasset.commands.plan import PlanResult, plan_result
from nbasset.commands.planning import make_plan, wish_of
from nbasset.commands.run import RunResult
from nbasset.commands.scope import Scope, user_name
from nbasset.execution.cancel import CancelToken
from nbasset.execution.result import ExecuteInProcessResult
from nbasset.keys import AssetKey
from nbasset.promotion.notebook_run import NotebookOptions, keep_copy, run_notebook, with_parameters


def run_by_papermill(
    scope: Scope,
    arguments: RunArguments = RunArguments(),  # noqa: B008 - frozen
    manner: Manner = DEFAULT,
    *,
    parameters: Mapping[str, object] | None = None,
    kernel_name: str | None = None,
    output: Path | None = None,
    on_plan: Callable[[PlanResult], None] = lambda plan: None,
) -> RunResult:
    """Make what the arguments ask for in a kernel of its own, cell after cell. A failed cell is in the result.

    Of `manner`, what says where steps run does not count: they run where the notebook does. When there is nothing to do, no kernel starts.
    The executed notebook is kept with the run and, if asked for, copied to `output`.

    Raises
    ------
    HiddenState, ProblemsFound, UnknownAsset, InvalidConfigError, InvalidNotebook
        Before anything runs.
    KernelUnavailable
        If the notebook's kernel is not here or does not start.
    """
    _ = scope.instance.storage  # the store gives partition keys their numbers, so it is there before they are asked for
    location, values = with_parameters(scope.location, parameters or {})
    scope = replace(scope, location=location)
    config = run_config_of(arguments.config, scope)
    planned = make_plan(scope, wish_of(arguments, config))
    checked_config(scope, frozenset(step.node for step in planned.plan.steps), config)
    summed_up = plan_result(planned, scope.catalog)
    on_plan(summed_up)
    if not planned.plan.steps:
        return RunResult(summed_up)
    options = NotebookOptions(
        values, kernel_name, user=user_name(), parent_run_id=manner.parent_run_id, root_run_id=manner.root_run_id,
        cancel=manner.cancel or CancelToken(), on_event=manner.on_event,
    )  # fmt: skip
    try:
        outcome = run_notebook(scope.location, scope.catalog, planned.plan, instance=scope.instance, options=options)
    finally:
        start_queued(scope.instance)

    def load(key: AssetKey, partition_key: str | None) -> Any:
        return scope.instance.load_asset_value(scope.resolved, key, partition_key=partition_key, resources=scope.resources)

    if output is not None:
        keep_copy(outcome.notebook, output)
    result = ExecuteInProcessResult(outcome.run_id, outcome.status, planned.plan, outcome.events, outcome.error, load)
    return RunResult(summed_up, result, outcome.notebook)
