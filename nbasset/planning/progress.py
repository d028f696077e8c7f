"""Progress of one run, as a fold of its events.

`ready()` lists the steps that may start now, `apply` takes in what happened. No I/O and no clock: the run loop performs what this decides,
and a run that was cut off resumes by folding the events it left behind.

A template (a step that is mapped over a dynamic output) never runs. When the output is there, the steps that do its work for each value
take its place, and whatever collects their outputs waits for all of them.

Most runs in one process take the steps of the plan one after the other, and all end well. As long as that is so (*in line*), nobody needs
to know who waits for whom: it is worked out when a second step is asked for before the first has ended, or one does not give everything.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Literal

from nbasset.dataclass import dataclass
from nbasset.definitions.catalog import NodeOutput, OutputRef
from nbasset.events.facts import AssetMaterialized, AssetObserved, CheckEvaluated, CheckKey, OutputStored
from nbasset.events.kinds import Event, StepFailed, StepReused, StepSkipped, StepSucceeded
from nbasset.events.records import StepStatus
from nbasset.keys import AssetKey
from nbasset.planning.expansion import collecting, expand
from nbasset.planning.plan import RunPlan, Step, StepInput

SkipReason = Literal["upstream-failed", "upstream-skipped", "check-failed", "not-yielded", "fresh", "cancelled"]
DONE: frozenset[StepStatus] = frozenset({"succeeded", "failed", "skipped", "reused", "cancelled"})


_SINGLE = frozenset({"asset", "output", "config", "default", "order"})
"""Kinds of inputs that are no lists and never become one."""


@dataclass(frozen=True, slots=True)
class Skip:
    """A step that can no longer run, and why: the arguments of `StepSkipped`."""

    step: Step
    reason: SkipReason
    because: str


class RunProgress:
    """The state of every step of a plan. Not frozen: one run loop owns it.

    Failures and skips spread at once: `apply` returns the steps that cannot run any more because of the event, for the loop to record. A
    template counts as succeeded once the steps of its values have taken its place.
    """

    def __init__(self, plan: RunPlan) -> None:
        self.plan = plan
        self.status: dict[str, StepStatus] = dict.fromkeys(plan.by_key, "waiting")
        self.failed: list[str] = []
        self.blocking_failures: list[CheckEvaluated] = []
        self.mapping_keys: dict[tuple[str, str], tuple[str, ...]] = {}
        self._open = len(plan.steps)
        self._steps = dict(plan.by_key)
        self._order: dict[str, tuple[int, int, str]] = {}
        self._dependents: dict[str, list[str]] = {}
        self._waiting: dict[str, int] = {}
        self._ready: list[tuple[int, int, str]] = []  # a heap, as what is in order is
        self._templates: dict[str, list[str]] = {}
        self._has_lists = self._has_checks = False
        self._gone: dict[str, frozenset[str]] = {}
        self._failed_checks: dict[str, set[CheckKey]] = {}
        self._left_out: dict[AssetKey, set[int]] = {}
        self._line: Iterator[Step] | None = iter(plan.steps)  # None once it was left
        self._ended_in_line: set[str] = set()
        self._running_in_line: str | None = None
        has_templates = False
        for step in plan.steps:
            if step.checks or step.blocked_by:
                self._has_checks = True
            if step.mapped_over is not None:
                has_templates = True
        if has_templates:
            self._leave_line()

    def _leave_line(self) -> None:
        """Work out who waits for whom, from now on for good. All that has ended by now ended well."""
        self._line = None
        self._dependents = {key: [] for key in self._steps}
        for at, step in enumerate(self.plan.steps):
            key = step.key
            place = self._order[key] = (at, 0, key)
            for one in step.after:
                self._dependents[one].append(key)
            left = self._waiting[key] = len(step.after - self._ended_in_line)
            if step.mapped_over is not None and step.is_template:
                self._templates.setdefault(step.mapped_over.step, []).append(key)
            elif not left and self.status[key] == "waiting":
                self._ready.append(place)
            for item in step.inputs:
                if item.kind not in _SINGLE:
                    self._has_lists = True

    def step(self, key: str) -> Step:
        """A step of the plan, or one that a dynamic output brought."""
        return self._steps[key]

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every step there is by now, in order: instead of a template those that took its place."""
        if not self._templates:
            return self.plan.steps if not self._has_lists else tuple(self._steps.values())
        gone = {key for keys in self._templates.values() for key in keys if self.status[key] == "succeeded"}
        return tuple(self._steps[key] for key in sorted(self._steps, key=self._order.__getitem__) if key not in gone)

    def ready(self) -> Step | None:
        """The next step that may start, in order of the plan; it counts as running from now on. None when none may."""
        if self._line is not None:
            if self._running_in_line is None:
                following = next(self._line, None)
                if following is None:
                    return None
                if self._ended_in_line.issuperset(following.after):
                    self._running_in_line = following.key
                    self.status[following.key] = "running"
                    return following
            self._leave_line()
        while self._ready:
            key = heapq.heappop(self._ready)[2]
            if self.status[key] == "waiting":
                self.status[key] = "running"
                step = self._steps[key]
                if self._has_lists:
                    step = self._steps[key] = self._with_what_came(step)
                return step
        return None

    def put_back(self, step: Step) -> None:
        """A step that `ready` gave could not start after all (its pool is full): it may start later."""
        if self._line is not None:
            self._leave_line()
        self.status[step.key] = "waiting"
        heapq.heappush(self._ready, self._order[step.key])

    @property
    def is_over(self) -> bool:
        """Whether every step has ended."""
        return self._open == 0

    def unfinished(self) -> list[Step]:
        """Steps without an end, in order of the plan."""
        keys = [key for key, status in self.status.items() if status not in DONE]
        if self._line is not None:
            return [self._steps[key] for key in keys]
        return [self._steps[key] for key in sorted(keys, key=self._order.__getitem__)]

    def apply(self, event: Event) -> list[Skip]:
        """Take in the end of a step; the steps that cannot run any more because of it, upstream ones first."""
        if isinstance(event, (StepSucceeded, StepReused)):
            self._note_outputs(self._steps[event.step], event.facts)
            if self._line is not None:
                if event.step == self._running_in_line and not (self.mapping_keys or self._gone or self._failed_checks):
                    self.status[event.step] = "succeeded" if type(event) is StepSucceeded else "reused"
                    self._open -= 1
                    self._ended_in_line.add(event.step)
                    self._running_in_line = None
                    return []
                self._leave_line()
            self._end(event.step, "succeeded" if type(event) is StepSucceeded else "reused")
            came = self._expand(event.step) if self.mapping_keys else []
            return came + self._release(event.step)
        if not isinstance(event, (StepFailed, StepSkipped)):
            return []
        if self._line is not None:
            self._leave_line()
        if isinstance(event, StepFailed):
            self._end(event.step, "cancelled" if event.cancelled else "failed")
            self.failed.append(event.step)
            return self._spread(event.step)
        self._end(event.step, "skipped")
        if event.reason == "cancelled":
            return []  # the whole run ends: each step gets a line of its own
        if event.reason == "fresh":
            return self._release(event.step)
        self._leave_out(self._steps[event.step])
        return self._spread(event.step, event.reason)

    # -- ends --------------------------------------------------------------------------------------------------------------

    def _end(self, key: str, status: StepStatus) -> None:
        if self.status[key] not in DONE:
            self._open -= 1
        self.status[key] = status

    def _note_outputs(self, step: Step, facts: Iterable[object]) -> None:
        for fact in facts if self._has_checks else ():
            if type(fact) is CheckEvaluated and fact.blocking and not fact.passed and fact.severity == "ERROR":
                self._failed_checks.setdefault(step.key, set()).add(fact.check)
                self.blocking_failures.append(fact)
        gone: set[str] | None = None
        for output in step.outputs:
            if output.is_dynamic:
                stored = [fact for fact in facts if isinstance(fact, OutputStored) and fact.output == output.name]
                self.mapping_keys[step.key, output.name] = tuple([fact.mapping_key for fact in stored if fact.mapping_key is not None])
            elif not output.is_required and output.check is None and not any(_is_of(fact, output) for fact in facts):
                gone = {output.name} if gone is None else gone | {output.name}
        if gone is not None:
            self._gone[step.key] = frozenset(gone)
            self._leave_out(step, gone)

    def _release(self, key: str) -> list[Skip]:
        skips: list[Skip] = []
        waiting, status = self._waiting, self.status
        may_stop = key in self._failed_checks or key in self._gone
        for name in self._dependents[key]:
            left = waiting[name] = waiting[name] - 1
            if (left and not may_stop) or status[name] != "waiting":
                continue
            skip = self._must_skip(self._steps[name], key) if may_stop else None
            if skip is not None:
                skips.extend(self._skipped(skip))
            else:
                self._push(name)
        return skips

    def _push(self, name: str) -> None:
        if self._waiting[name] == 0 and (self._steps[name].mapped_over is None or not self._steps[name].is_template):
            heapq.heappush(self._ready, self._order[name])

    # -- what takes the place of templates ---------------------------------------------------------------------------------

    def _expand(self, origin: str) -> list[Skip]:
        """Dynamic outputs of a step are there: put in steps for their values. Called before what waits for the step is released."""
        dynamic = {place: keys for place, keys in self.mapping_keys.items() if place[0] == origin}
        if not dynamic:
            return []
        for name in self._dependents[origin]:
            self._steps[name] = collecting(self._steps[name], frozenset(), (), dynamic)
        made: list[str] = []
        for (_, output), keys in dynamic.items():
            templates = [key for key in self._templates.get(origin, ()) if self._is_over(key, output) and self.status[key] == "waiting"]
            for key in templates:
                made.extend(self._replace(key, expand(self._steps[key], keys, frozenset(templates)), keys, origin, templates))
        skips: list[Skip] = []
        for name in made:  # what they read besides may have ended long ago without giving it
            for dep in self._steps[name].after:
                skip = self._must_skip(self._steps[name], dep) if self.status[name] == "waiting" and self.status[dep] in DONE else None
                if skip is not None:
                    skips.extend(self._skipped(skip))
        return skips

    def _is_over(self, key: str, output: str) -> bool:
        over = self._steps[key].mapped_over
        return over is not None and over.output == output

    def _replace(self, template: str, made: Sequence[Step], keys: Sequence[str], origin: str, siblings: Sequence[str]) -> list[str]:
        self._end(template, "succeeded")
        at = self._order[template][0]
        for number, step in enumerate(made, 1):
            waits = [dep for dep in step.after if dep == origin or self.status[dep] not in DONE]
            self._steps[step.key] = step
            self.status[step.key] = "waiting"
            self._order[step.key] = (at, number, step.key)
            self._dependents[step.key] = []
            self._waiting[step.key] = len(waits)
            self._open += 1
            for dep in waits:
                self._dependents[dep].append(step.key)
        for name in self._dependents[template]:
            if name in siblings or self.status[name] != "waiting":
                continue
            self._steps[name] = collecting(self._steps[name], frozenset({template}), keys, {})
            self._waiting[name] += len(made) - 1
            for step in made:
                self._dependents[step.key].append(name)
            self._push(name)
        return [step.key for step in made]

    # -- what cannot run any more ------------------------------------------------------------------------------------------

    def _skipped(self, skip: Skip) -> list[Skip]:
        self._end(skip.step.key, "skipped")
        self._leave_out(skip.step)
        return [skip, *self._spread(skip.step.key, skip.reason)]

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
                if _is_fed_by(item, after) and not self._can_do_without(item):
                    return Skip(step, "not-yielded", after)
                continue
            needs_gone = any(ref.step == after and ref.output in gone for ref in item.outputs)
            if needs_gone or (item.asset is not None and made.get(item.asset) in gone and not self._can_do_without(item)):
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
                    self._push(name)
                    continue
                self._end(name, "skipped")
                self._leave_out(self._steps[name])
                skips.append(Skip(self._steps[name], said, at))
                front.append(name)
        return skips

    def _has_other_source(self, step: Step, skipped: str) -> bool:
        """Whether the skipped step only fed lists, or gave partitions that may be missing, and there are other sources left."""
        assets = self._steps[skipped].assets
        touched = [item for item in step.inputs if item.asset in assets or _is_fed_by(item, skipped)]
        return bool(touched) and all(self._can_do_without(item) for item in touched)

    def _can_do_without(self, item: StepInput) -> bool:
        """Whether an input takes what is there, and something is."""
        if item.kind == "fan_in":
            return not self._is_empty(item)
        if not item.missing_allowed or not item.several or item.asset is None or item.partitions is None:
            return False
        left_out = self._left_out.get(item.asset, set())
        return any(ordinal not in left_out for ordinal in item.partitions)

    def _leave_out(self, step: Step, outputs: Collection[str] | None = None) -> None:
        """Note the partitions that a step was to make and did not: all, or those of some outputs."""
        if step.partitions is None:
            return
        for output in step.outputs:
            if output.asset is not None and (outputs is None or output.name in outputs):
                self._left_out.setdefault(output.asset, set()).update(step.partitions)

    def _is_empty(self, item: StepInput) -> bool:
        """Whether nothing of a list that was to have something came, or can come."""
        leaves = list(item.leaves())
        return all(leaf.outputs and all(self._is_absent(ref) for ref in leaf.outputs) for leaf in leaves)

    def _is_absent(self, ref: OutputRef) -> bool:
        return self.status.get(ref.step) == "skipped" or ref.output in self._gone.get(ref.step, ())

    def _with_what_came(self, step: Step) -> Step:
        """The step with lists of those outputs that there are."""
        if "fan_in" not in [item.kind for item in step.inputs]:
            return step
        inputs = tuple(self._came(item) for item in step.inputs)
        return replace(step, inputs=inputs) if inputs != step.inputs else step

    def _came(self, item: StepInput) -> StepInput:
        if item.kind != "fan_in":
            return item
        outputs = tuple(ref for ref in item.outputs if not self._is_absent(ref))
        parts = tuple(self._came(part) for part in item.parts if not part.outputs or not all(map(self._is_absent, part.outputs)))
        return replace(item, outputs=outputs, parts=parts)


def _is_fed_by(item: StepInput, step: str) -> bool:
    return any(ref.step == step for leaf in item.leaves() for ref in leaf.outputs)


def _is_of(fact: object, output: NodeOutput) -> bool:
    """Whether a fact tells that an output came."""
    if isinstance(fact, OutputStored):
        return fact.output == output.name
    return isinstance(fact, (AssetMaterialized, AssetObserved)) and fact.asset == output.asset
