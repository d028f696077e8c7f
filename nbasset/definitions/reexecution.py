"""Running again what a run did not finish: which of its steps, and what becomes of the others."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any

from nbasset.dataclass import dataclass
from nbasset.errors import InvalidInvocationError
from nbasset.serde import serializable


@serializable
class ReexecutionStrategy(Enum):
    """All steps again; those that failed, were cut off or never began, and what is downstream of them; or the assets that were not made.

    >>> ReexecutionOptions("3f2a", strategy=ReexecutionStrategy.FROM_FAILURE).strategy.name
    'FROM_FAILURE'
    """

    ALL_STEPS = "ALL_STEPS"
    FROM_FAILURE = "FROM_FAILURE"
    FROM_ASSET_FAILURE = "FROM_ASSET_FAILURE"


@serializable
@dataclass(frozen=True, slots=True)
class ReexecutionOptions:
    """How a run is done again: for `execute_job`.

    With a `step_selection` (``"clean+"``, ``"load[jfk]"``, a list of these) only those steps run. What they read of other steps is taken
    from the outputs that the parent run, or the runs before it, stored.

    >>> ReexecutionOptions("3f2a", step_selection="clean+").step_selection
    ('clean+',)
    """

    parent_run_id: str
    step_selection: tuple[str, ...] = ()
    use_parent_run_tags: bool | None = None
    strategy: ReexecutionStrategy = ReexecutionStrategy.ALL_STEPS

    def __init__(
        self,
        parent_run_id: str,
        step_selection: Sequence[str] | str = (),
        use_parent_run_tags: bool | None = None,
        strategy: ReexecutionStrategy = ReexecutionStrategy.ALL_STEPS,
    ) -> None:
        put = object.__setattr__
        put(self, "parent_run_id", parent_run_id)
        put(self, "step_selection", (step_selection,) if isinstance(step_selection, str) else tuple(step_selection))
        put(self, "use_parent_run_tags", use_parent_run_tags)
        put(self, "strategy", strategy)
        if self.step_selection and strategy is not ReexecutionStrategy.ALL_STEPS:
            raise InvalidInvocationError("a re-execution has a step_selection or a strategy, not both: each says which steps run.")

    @staticmethod
    def from_failure(run_id: str, instance: Any) -> ReexecutionOptions:
        """What a failed or cancelled run left undone: its failed, cut off and never started steps, and everything downstream of them.

        Raises
        ------
        InvalidInvocationError
            If there is no such run in the instance, or it neither failed nor was cancelled.
        """
        check_can_resume(instance.get_run_by_id(run_id), run_id)
        return ReexecutionOptions(run_id, strategy=ReexecutionStrategy.FROM_FAILURE)

    @staticmethod
    def from_asset_failure(run_id: str, instance: Any) -> ReexecutionOptions:
        """The assets that a failed or cancelled run meant to make and did not."""
        check_can_resume(instance.get_run_by_id(run_id), run_id)
        return ReexecutionOptions(run_id, strategy=ReexecutionStrategy.FROM_ASSET_FAILURE)


def check_can_resume(run: Any, run_id: str) -> None:
    """Refuse to go on from a run that is not over, or needs no going on.

    Raises
    ------
    InvalidInvocationError
        If there is no such run, or it neither failed nor was cancelled.
    """
    if run is None:
        raise InvalidInvocationError(f"there is no run {run_id!r} to go on from. See them: instance.get_runs().")
    if run.status not in ("failure", "canceled"):
        state = "succeeded" if run.status == "success" else f"is {run.status}"
        raise InvalidInvocationError(
            f"run {run_id[:8]} {state}, so there is nothing to go on from. To run all of it again: ReexecutionOptions({run_id[:8]!r}...)."
        )
