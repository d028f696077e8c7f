"""How a run of a notebook ended, from its events and from where its cells stopped. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nbasset.dataclass import dataclass
from nbasset.events.facts import ErrorInfo
from nbasset.events.kinds import (
    Event,
    RunCancelled,
    RunFailed,
    RunReason,
    RunSucceeded,
    StepFailed,
    StepReused,
    StepSkipped,
    StepStarted,
    StepSucceeded,
)
from nbasset.execution.run_messages import blocked_text, failure_text
from nbasset.locations.document import INJECTED, NotebookDocument
from nbasset.planning.plan import RunPlan, Step
from nbasset.planning.progress import RunProgress, Skip, SkipReason
from nbasset.promotion.prepare import Part, made_in, run_cell_id

_DEATHS: dict[str, RunReason] = {"DeadKernel": "kernel-died", "CellTimeoutError": "timeout"}


@dataclass(slots=True)
class Stop:
    """The cell that ended an execution: its place in the executed notebook, its id, its error. Nothing, if all cells ran."""

    index: int | None = None
    cell: str = ""
    name: str = ""
    value: str = ""

    def note(self, index: int, cell: str, name: str, value: str) -> None:
        """This cell failed."""
        self.index, self.cell, self.name, self.value = index, cell, name, value


def ending(
    plan: RunPlan,
    events: Sequence[Event],
    stop: Stop,
    part: Part,
    document: NotebookDocument,
    *,
    cancelled_by: str,
    at_us: int,
) -> list[Event]:
    """The events that end the run: an end for each step that has none, then the run's own.

    `cancelled_by` is empty when nobody stopped it.
    """
    progress = RunProgress(plan)
    skips = _fold(progress, events)
    ends: list[Event] = []
    is_cancelled = bool(cancelled_by) and (stop.index is not None or bool(progress.unfinished()))
    started = {event.step for event in events if isinstance(event, StepStarted)}
    if stop.index is not None or is_cancelled:
        broken = _broken(progress, plan, stop, part, document, started)
        for step in broken:
            event = StepFailed(at_us, plan.run_id, step.key, ErrorInfo(stop.name, stop.value), step.targets, cancelled=is_cancelled)
            ends.append(event)
            skips += progress.apply(event)
    ends += [StepSkipped(at_us, plan.run_id, skip.step.key, skip.reason, skip.because, skip.step.targets) for skip in skips]
    where = _label(stop, document)
    for step in progress.unfinished():
        needs = any(place.cell == stop.cell for place in part.nodes.get(step.node, ()))
        reason: SkipReason = "upstream-failed" if needs and not is_cancelled else "cancelled"
        ends.append(StepSkipped(at_us, plan.run_id, step.key, reason, where, step.targets))
    ends.append(_last(plan, progress, [*events, *ends], stop, where, cancelled_by if is_cancelled else "", at_us))
    return ends


def _fold(progress: RunProgress, events: Iterable[Event]) -> list[Skip]:
    """Take in what happened; steps that cannot run because of it and of which nothing is recorded."""
    known = {event.step for event in events if isinstance(event, (StepSucceeded, StepFailed, StepReused, StepSkipped))}
    skips: list[Skip] = []
    for event in events:
        if isinstance(event, (StepSucceeded, StepFailed, StepReused, StepSkipped)):
            skips += [skip for skip in progress.apply(event) if skip.step.key not in known]
    return skips


def _broken(progress: RunProgress, plan: RunPlan, stop: Stop, part: Part, document: NotebookDocument, started: set[str]) -> list[Step]:
    """Steps that were under way when the cell ended, and did not live to say so: those that had started, else the cell's first one."""
    open_steps = progress.unfinished()
    under_way = [step for step in open_steps if step.key in started]
    if under_way or not stop.cell or progress.failed:
        return under_way
    nodes = made_in(stop.cell, document.cells(), part, plan)
    return [step for step in open_steps if step.node in nodes][:1]


def _label(stop: Stop, document: NotebookDocument) -> str:
    """What people call the cell: its own name, or that of the cell it was generated for."""
    cells = {cell.id: cell.label for cell in document.cells()}
    if stop.cell in cells:
        return cells[stop.cell]
    if stop.cell == INJECTED:
        return "the parameters"
    return next((label for cell, label in cells.items() if stop.cell == run_cell_id(cell)), stop.cell)


def _last(plan: RunPlan, progress: RunProgress, events: Sequence[Event], stop: Stop, where: str, cancelled_by: str, at_us: int) -> Event:
    if cancelled_by:
        return RunCancelled(at_us, plan.run_id, f"cancelled by {cancelled_by}")
    reason = _DEATHS.get(stop.name)
    failed = [(event.step, event.error) for event in events if isinstance(event, StepFailed)]
    if failed and reason is None:
        return RunFailed(at_us, plan.run_id, "steps-failed", failure_text(failed, len(plan.steps)), failed[0][1])
    if progress.blocking_failures and reason is None:
        return RunFailed(at_us, plan.run_id, "steps-failed", blocked_text(progress.blocking_failures, events))
    if stop.index is None:
        return RunSucceeded(at_us, plan.run_id)
    text = f"{where}: {stop.name}: {stop.value}" if reason is None else f"{where}: {stop.value}"
    return RunFailed(at_us, plan.run_id, reason or "error", text, ErrorInfo(stop.name, stop.value))
