"""Which steps of a plan an earlier run did already, so that only the others have to run.

The rule of the reference: run again what failed, what was cut off, what never began, and everything downstream of these. It is not written
down as such here: the plan is played through with the ends that the earlier run recorded, and what cannot be reached that way has to run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import field, replace

from nbasset.dataclass import dataclass
from nbasset.definitions.op_selection import select_ops
from nbasset.errors import InvalidSelection
from nbasset.events.facts import AssetMaterialized, CheckEvaluated, Fact, OutputStored
from nbasset.events.kinds import Event, StepFailed, StepReused, StepSkipped, StepSucceeded
from nbasset.keys import AssetKey, RunId
from nbasset.ordinals import OrdinalSet
from nbasset.planning.plan import RunPlan, Step
from nbasset.planning.progress import RunProgress


@dataclass(frozen=True, slots=True)
class Done:
    """A step that ended well: in which run, and what it gave."""

    run_id: RunId
    facts: tuple[Fact, ...] = ()


@dataclass(slots=True)
class EarlierRun:
    """What an earlier run came to, folded from its events."""

    done: dict[str, Done] = field(default_factory=dict)
    made: list[AssetMaterialized] = field(default_factory=list)

    @staticmethod
    def of(events: Iterable[Event]) -> EarlierRun:
        """From the run's events in order. A step whose blocking check failed counts as failed."""
        found = EarlierRun()
        for event in events:
            if isinstance(event, (StepSucceeded, StepReused)):
                run_id = event.run_id if isinstance(event, StepSucceeded) else event.from_run_id
                found.made += [fact for fact in event.facts if isinstance(fact, AssetMaterialized)]
                if not any(map(_blocks, event.facts)):
                    found.done[event.step] = Done(run_id, tuple(fact for fact in event.facts if isinstance(fact, _KEPT)))
            elif isinstance(event, (StepFailed, StepSkipped)):
                found.done.pop(event.step, None)
                if isinstance(event, StepSkipped) and event.reason == "fresh":
                    found.done[event.step] = Done(event.run_id)
        return found

    def unmade(self, targets: Mapping[AssetKey, OrdinalSet | None]) -> dict[AssetKey, OrdinalSet | None]:
        """What of these targets the run did not make."""
        found: dict[AssetKey, OrdinalSet | None] = {}
        for asset, partitions in targets.items():
            ordinals = [fact.partition.ordinal for fact in self.made if fact.asset == asset and fact.partition is not None]
            if partitions is None:
                if not any(fact.asset == asset for fact in self.made):
                    found[asset] = None
            elif left := partitions - OrdinalSet.of(ordinals):
                found[asset] = left
        return found


_KEPT = (OutputStored, AssetMaterialized, CheckEvaluated)


def reused_steps(plan: RunPlan, earlier: EarlierRun, *, again: Collection[str] = (), at_us: int) -> tuple[StepReused, ...]:
    """The ends to record for steps that need not run, each after those it reads. Steps in `again` run whatever they came to.

    An output that could not be stored cannot be read back: if anything that runs reads it, the step that gave it runs too.
    """
    rerun = set(again)
    while True:
        progress, reused = _played(plan, earlier, rerun, at_us)
        lost = _lost(progress, reused, earlier)
        if not lost:
            return tuple(reused)
        rerun |= lost


def _played(plan: RunPlan, earlier: EarlierRun, rerun: Collection[str], at_us: int) -> tuple[RunProgress, list[StepReused]]:
    progress = RunProgress(plan)
    reused: list[StepReused] = []
    while (step := progress.ready()) is not None:
        done = earlier.done.get(step.key)
        if done is None or step.key in rerun:
            continue
        event = StepReused(at_us, plan.run_id, step.key, done.run_id, done.facts)
        progress.apply(event)
        reused.append(event)
    return progress, reused


def _lost(progress: RunProgress, reused: list[StepReused], earlier: EarlierRun) -> set[str]:
    """Reused steps with an output that nobody stored and that a step which runs wants."""
    lost = {
        (event.step, fact.output)
        for event in reused
        for fact in event.facts
        if isinstance(fact, OutputStored) and fact.kept == "not-storable"
    }
    if not lost:
        return set()
    running = [step for step in progress.steps if progress.status[step.key] in ("waiting", "running")]
    return {ref.step for step in running for leaf in step.leaves() for ref in leaf.outputs if (ref.step, ref.output) in lost}


def selected_steps(plan: RunPlan, earlier: EarlierRun, selection: Iterable[str]) -> tuple[RunPlan, frozenset[str]]:
    """The plan cut down to selected steps and what they read of others; and the keys of the selected ones.

    Raises
    ------
    InvalidSelection
        If a selected step reads one that is not selected and did not end well in the earlier run.
    """
    progress, _ = _played(plan, earlier, (), 0)
    known = {step.key: step for step in (*plan.steps, *progress.steps)}
    chosen = select_ops(selection, {key: step.after for key, step in known.items()}, of="the run")
    wanted = {_template(known[key]) for key in chosen}
    by_key = plan.by_key
    kept = set(wanted)
    front = list(wanted)
    while front:
        key = front.pop()
        for one in by_key[key].after:
            if one not in kept:
                kept.add(one)
                front.append(one)
                if one not in earlier.done and not by_key[one].is_template:
                    raise InvalidSelection(
                        f"step '{key}' reads '{one}', which did not end well in the earlier run, so there is nothing to read. "
                        f"Select it too: '+{key}'."
                    )
    steps = tuple(replace(step, after=step.after & kept) for step in plan.steps if step.key in kept)
    again = {key for key in chosen if not known[key].is_template} | {key for key in known if _template(known[key]) in wanted & set(chosen)}
    return replace(plan, steps=steps), frozenset(again)


def _template(step: Step) -> str:
    return step.key.removesuffix(f"[{step.mapping_key}]") if step.mapping_key is not None else step.key


def _blocks(fact: Fact) -> bool:
    return isinstance(fact, CheckEvaluated) and fact.blocking and not fact.passed and fact.severity == "ERROR"
