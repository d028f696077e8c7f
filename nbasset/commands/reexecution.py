"""Going on from an earlier run: what it did already, read from its events and those of the runs before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbasset import clock
from nbasset.commands.scope import Scope
from nbasset.dataclass import dataclass
from nbasset.definitions.reexecution import ReexecutionOptions, ReexecutionStrategy, check_can_resume
from nbasset.definitions.selection import AssetSelection
from nbasset.errors import InvalidInvocationError
from nbasset.events.facts import CheckKey
from nbasset.events.kinds import StepReused
from nbasset.events.records import RunRecord
from nbasset.instance import Instance
from nbasset.keys import AssetKey, RunId
from nbasset.ordinals import OrdinalSet
from nbasset.planning.plan import RunPlan
from nbasset.planning.reexecution import EarlierRun, reused_steps, selected_steps
from nbasset.serde import loads

_PAGE = 1000


@dataclass(frozen=True)
class Again:
    """An earlier run and what is wanted of it."""

    options: ReexecutionOptions
    parent: RunRecord
    earlier: EarlierRun
    plan: RunPlan | None = None

    @staticmethod
    def of(options: ReexecutionOptions, instance: Instance) -> Again:
        """Read the earlier run.

        Raises
        ------
        InvalidInvocationError
            If it is not there, is not over, or nothing of it is left to do.
        """
        parent = instance.get_run_by_id(options.parent_run_id)
        if parent is None:
            raise InvalidInvocationError(f"there is no run {options.parent_run_id!r} to do again. See them: instance.get_runs().")
        if options.strategy is not ReexecutionStrategy.ALL_STEPS:
            check_can_resume(parent, options.parent_run_id)
        elif not parent.is_over:
            raise InvalidInvocationError(f"run {parent.run_id[:8]} is {parent.status}. It can be done again when it is over.")
        text = instance.reader.text(parent.plan_id) if parent.plan_id else None
        plan = loads(text) if text is not None else None
        return Again(options, parent, EarlierRun.of(_events(instance, parent.run_id)), plan if isinstance(plan, RunPlan) else None)

    @property
    def root_run_id(self) -> RunId:
        """The first run of the chain."""
        return self.parent.root_run_id or self.parent.run_id

    @property
    def tags(self) -> Mapping[str, str]:
        """The tags that go on to the new run."""
        return {} if self.options.use_parent_run_tags is False else self.parent.tags

    def narrowed(
        self, chosen: AssetSelection, partitions: Mapping[AssetKey, OrdinalSet], checks: frozenset[CheckKey] | None
    ) -> tuple[AssetSelection, dict[AssetKey, OrdinalSet], frozenset[CheckKey] | None]:
        """What to make: what the earlier run meant to make, or what it did not make of that."""
        targets = {target.asset: target.partitions for target in self.parent.targets}
        if self.options.strategy is ReexecutionStrategy.FROM_ASSET_FAILURE:
            targets = self.earlier.unmade(targets)
            if not targets:
                raise InvalidInvocationError(f"run {self.parent.run_id[:8]} made every asset that it meant to make. Nothing is left to do.")
        if not targets:
            return chosen, dict(partitions), checks
        if self.plan is not None and checks is None:
            checks = frozenset(check for step in self.plan.steps for check in step.checks if check.asset in targets)
        return AssetSelection.keys(*targets), {key: ordinals for key, ordinals in targets.items() if ordinals is not None}, checks


def plan_again(scope: Scope, plan: RunPlan, again: Again) -> tuple[RunPlan, tuple[StepReused, ...]]:
    """The plan of the new run, and the steps of it that are taken over from the earlier one.

    Raises
    ------
    InvalidSelection
        If selected steps read what the earlier run did not come to.
    """
    at = clock.now_us()
    if again.options.step_selection:
        plan, chosen = selected_steps(plan, again.earlier, again.options.step_selection)
        return plan, reused_steps(plan, again.earlier, again=chosen, at_us=at)
    if again.options.strategy is ReexecutionStrategy.FROM_FAILURE:
        return plan, reused_steps(plan, again.earlier, again=_outdated(scope, plan, again), at_us=at)
    return plan, ()


def _outdated(scope: Scope, plan: RunPlan, again: Again) -> frozenset[str]:
    """Steps of graphs that read an asset which has changed since the earlier run: what they gave then is not what they would give now."""
    reads = {item.asset for step in plan.steps for item in step.leaves() if item.asset is not None}
    records = scope.instance.reader.latest(reads)
    changed = {key for key, record in records.items() if record.changed_seq > again.parent.last_seq}
    return frozenset(step.key for step in plan.steps if not step.assets and any(item.asset in changed for item in step.leaves()))


def _events(instance: Instance, run_id: RunId) -> list[Any]:
    found: list[Any] = []
    after = 0
    while entries := instance.reader.entries(after=after, run=run_id, limit=_PAGE):
        found += [entry.event for entry in entries]
        after = entries[-1].seq
    return found
