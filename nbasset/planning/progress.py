"""Progress of one run, as a fold of its events.

`ready()` lists the steps that may start now, `apply` takes in what happened. No I/O and no clock: the run loop performs what this decides,
and a run that was cut off resumes by folding the events it left behind.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from nbasset.events.facts import AssetMaterialized, AssetObserved, CheckEvaluated, CheckKey, OutputStored
from nbasset.events.kinds import Event, StepFailed, StepReused, StepSkipped, StepSucceeded
from nbasset.events.records import StepStatus
from nbasset.planning.plan import RunPlan, Step

SkipReason = Literal["upstream-failed", "upstream-skipped", "check-failed", "not-yielded", "fresh", "cancelled"]
DONE: frozenset[StepStatus] = frozenset({"succeeded", "failed", "skipped", "reused", "cancelled"})


@dataclass(frozen=True, slots=True)
class Skip:
    """A step that can no longer run, and why: the arguments of `StepSkipped`."""

    step: Step
    reason: SkipReason
    because: str


class RunProgress:
    """The state of every step of a plan. Not frozen: one run loop owns it.

    Failures and skips spread at once: `apply` returns the steps that cannot run any more because of the event, for the loop to record.
    """

    def __init__(self, plan: RunPlan) -> None:
        self.plan = plan
        self.status: dict[str, StepStatus] = dict.fromkeys((step.key for step in plan.steps), "waiting")
        self.failed: list[str] = []
        self._open = len(plan.steps)
        self._steps = dict(plan.by_key)
        self._order = {step.key: at for at, step in enumerate(plan.steps)}
        self._dependents = {key: list(keys) for key, keys in plan.dependents.items()}
        self._waiting = {step.key: len(step.after) for step in plan.steps}
        self._ready = [(at, step.key) for at, step in enumerate(plan.steps) if not step.after]
        self._gone: dict[str, frozenset[str]] = {}
        self._failed_checks: dict[str, set[CheckKey]] = {}
        self.blocking_failures: list[CheckEvaluated] = []
        self.mapping_keys: dict[tuple[str, str], tuple[str, ...]] = {}
        heapq.heapify(self._ready)

    def step(self, key: str) -> Step:
        """A step of the plan, or one that a dynamic output brought."""
        return self._steps[key]

    def ready(self) -> Step | None:
        """The next step that may start, in order of the plan; it counts as running from now on. None when none may."""
        while self._ready:
            _, key = heapq.heappop(self._ready)
            if self.status[key] == "waiting":
                self.status[key] = "running"
                return self._steps[key]
        return None

    def put_back(self, step: Step) -> None:
        """A step that `ready` gave could not start after all (its pool is full): it may start later."""
        self.status[step.key] = "waiting"
        heapq.heappush(self._ready, (self._order[step.key], step.key))

    @property
    def is_over(self) -> bool:
        """Whether every step has ended."""
        return self._open == 0

    def unfinished(self) -> list[Step]:
        """Steps without an end, in order of the plan."""
        return [self._steps[key] for key, status in self.status.items() if status not in DONE]

    def apply(self, event: Event) -> list[Skip]:
        """Take in the end of a step; the steps that cannot run any more because of it, upstream ones first."""
        if isinstance(event, (StepSucceeded, StepReused)):
            self._end(event.step, "succeeded" if isinstance(event, StepSucceeded) else "reused")
            self._note_outputs(self._steps[event.step], event.facts)
            return self._release(event.step)
        if isinstance(event, StepFailed):
            self._end(event.step, "cancelled" if event.cancelled else "failed")
            self.failed.append(event.step)
            return self._spread(event.step)
        if isinstance(event, StepSkipped):
            self._end(event.step, "skipped")
            if event.reason == "cancelled":
                return []  # the whole run ends: each step gets a line of its own
            if event.reason == "fresh":
                return self._release(event.step)
            return self._spread(event.step, event.reason)
        return []

    # -- inside ------------------------------------------------------------------------------------------------------------

    def _end(self, key: str, status: StepStatus) -> None:
        if self.status[key] not in DONE:
            self._open -= 1
        self.status[key] = status

    def _note_outputs(self, step: Step, facts: Iterable[object]) -> None:
        came: set[str] = set()
        assets = set()
        keys: dict[str, list[str]] = {}
        for fact in facts:
            if isinstance(fact, OutputStored):
                came.add(fact.output)
                if fact.mapping_key is not None:
                    keys.setdefault(fact.output, []).append(fact.mapping_key)
            elif isinstance(fact, (AssetMaterialized, AssetObserved)):
                assets.add(fact.asset)
            elif isinstance(fact, CheckEvaluated) and fact.blocking and not fact.passed and fact.severity == "ERROR":
                self._failed_checks.setdefault(step.key, set()).add(fact.check)
                self.blocking_failures.append(fact)
        gone = set()
        for output in step.outputs:
            if output.is_dynamic:
                self.mapping_keys[step.key, output.name] = tuple(keys.get(output.name, ()))
            elif output.check is None and output.name not in came and output.asset not in assets and not output.is_required:
                gone.add(output.name)
        if gone:
            self._gone[step.key] = frozenset(gone)

    def _release(self, key: str) -> list[Skip]:
        skips: list[Skip] = []
        for name in list(self._dependents[key]):
            self._waiting[name] -= 1
            if self.status[name] != "waiting":
                continue
            skip = self._must_skip(self._steps[name], key)
            if skip is not None:
                self._end(name, "skipped")
                skips.append(skip)
                skips.extend(self._spread(name, skip.reason))
            elif self._waiting[name] == 0:
                heapq.heappush(self._ready, (self._order[name], name))
        return skips

    def _must_skip(self, step: Step, after: str) -> Skip | None:
        failed = step.blocked_by & self._failed_checks.get(after, frozenset())
        if failed:
            return Skip(step, "check-failed", str(min(failed)))
        gone = self._gone.get(after)
        if not gone:
            return None
        made = {output.asset: output.name for output in self._steps[after].outputs if output.asset is not None}
        for item in step.inputs:
            if item.kind == "fan_in":
                if all(ref.output in self._gone.get(ref.step, ()) or self.status[ref.step] == "skipped" for ref in item.outputs):
                    return Skip(step, "not-yielded", after)
                continue
            needs_gone = any(ref.step == after and ref.output in gone for ref in item.outputs)
            if needs_gone or (item.asset is not None and made.get(item.asset) in gone):
                return Skip(step, "not-yielded", after)
        return None

    def _spread(self, key: str, reason: str = "upstream-failed") -> list[Skip]:
        """Everything downstream of a step that did not end well cannot run. A fan-in of which some part came still can."""
        said: SkipReason = "upstream-failed" if reason in ("upstream-failed", "check-failed", "cancelled") else "upstream-skipped"
        skips: list[Skip] = []
        front = [key]
        while front:
            at = front.pop(0)
            for name in self._dependents[at]:
                if self.status[name] != "waiting":
                    continue
                if said == "upstream-skipped" and self._has_other_source(self._steps[name], at):
                    self._waiting[name] -= 1
                    if self._waiting[name] == 0:
                        heapq.heappush(self._ready, (self._order[name], name))
                    continue
                self._end(name, "skipped")
                skips.append(Skip(self._steps[name], said, at))
                front.append(name)
        return skips

    def _has_other_source(self, step: Step, skipped: str) -> bool:
        """Whether the skipped step only fed a fan-in that has other sources left."""
        touched = [item for item in step.inputs if any(ref.step == skipped for ref in item.outputs)]
        return bool(touched) and all(
            item.kind == "fan_in" and any(self.status[ref.step] != "skipped" and ref.step != skipped for ref in item.outputs)
            for item in touched
        )
