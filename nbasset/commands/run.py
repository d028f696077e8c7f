"""``run``: materialize assets of a location."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from nbasset.arguments.options import RunArguments
from nbasset.commands.carrying_out import DEFAULT, Manner, carry_out, checked_config
from nbasset.commands.configuration import run_config_of
from nbasset.commands.plan import PlanResult, plan_result
from nbasset.commands.planning import make_plan, wish_of
from nbasset.commands.scope import Scope
from nbasset.dataclass import dataclass
from nbasset.execution.result import ExecuteInProcessResult
from nbasset.serde import Json


@dataclass(frozen=True)
class RunResult:
    """What was planned and what came of it; `result` is None when there was nothing to do.

    `notebook` is the executed notebook of a run through papermill.
    """

    planned: PlanResult
    result: ExecuteInProcessResult | None = None
    notebook: Path | None = None

    @property
    def success(self) -> bool:
        """Whether everything that was to run did."""
        return self.result is None or self.result.success

    def to_json(self) -> Json:
        """Plain data."""
        if self.result is None:
            return {"run_id": None, "status": "fresh", "steps": 0, "materialized": [], "failed": [], "skipped": [],
                    "fresh": [str(key) for key in self.planned.fresh]}  # fmt: skip
        kept = {"notebook": str(self.notebook)} if self.notebook is not None else {}
        return {**self.result.to_json(), "fresh": [str(key) for key in self.planned.fresh], **kept}


def run(
    scope: Scope,
    arguments: RunArguments = RunArguments(),  # noqa: B008 - frozen
    manner: Manner = DEFAULT,
    *,
    on_plan: Callable[[PlanResult], None] = lambda plan: None,
) -> RunResult:
    """Make what the arguments ask for. A failed step is in the result; `on_plan` hears the plan before anything runs.

    Raises
    ------
    HiddenState, ProblemsFound, UnknownAsset, InvalidConfigError
        Before anything runs.
    """
    _ = scope.instance.storage  # the store gives partition keys their numbers, so it is there before they are asked for
    config = run_config_of(arguments.config, scope)
    planned = make_plan(scope, wish_of(arguments, config))
    checked_config(scope, frozenset(step.node for step in planned.plan.steps), config)
    summed_up = plan_result(planned, scope.catalog)
    on_plan(summed_up)
    if not planned.plan.steps:
        return RunResult(summed_up)
    chosen = replace(manner, executor=arguments.executor) if arguments.executor else manner
    return RunResult(summed_up, carry_out(scope, planned.plan, planned.standing.view, chosen))
