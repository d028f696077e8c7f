"""What one tick comes to, found out in a process that has the code; nothing of it is written here.

`evaluate_tick` calls the function of a schedule or sensor and plans each run that it asks for, exactly as ``job run`` and ``run`` would.
The outcome is plain data. Whoever asked appends `TickOutcome.events_of_tick` in one transaction: runs, cursor, partitions and the tick
itself are recorded together or not at all, so a tick that was lost is simply evaluated again, and one that was kept makes nothing twice:
its runs have spent their keys.

Texts that the runs need are stored before. They are addressed by their content, and nobody asks for one that no event names.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal

from nbasset.commands.asked_runs import plan_of_request, request_text
from nbasset.commands.backfill import backfill_request
from nbasset.commands.background import request_run
from nbasset.commands.background_backfill import backfill_text
from nbasset.commands.evaluations import Evaluation, Evaluator, SensorMoment, effects_text
from nbasset.commands.job_verbs import named
from nbasset.commands.scope import Scope
from nbasset.commands.words import counted
from nbasset.dataclass import dataclass
from nbasset.definitions.requests import SENSOR_TAG, RunRequest
from nbasset.errors import Error, InvalidInvocationError, StorageCorrupt, StorageUnavailable
from nbasset.events.facts import ErrorInfo, InstigatorId
from nbasset.events.kinds import BackfillRequested, Event, RunQueued, RunRequested, TickEvaluated
from nbasset.execution.failures import error_info
from nbasset.keys import RunId
from nbasset.planning.backfill import WHOLE, BackfillOptions, plan_backfill
from nbasset.planning.plan import RunPlan
from nbasset.serde import serializable

_MOST_SPENT = 100
_MOST_ALSO = 50
_MOST_LINES = 5_000


@serializable
@dataclass(frozen=True, slots=True)
class TickTask:
    """One tick to evaluate: of which schedule or sensor, and what its record said when it became due.

    `scheduled_us` is the nominal time of a schedule's tick. `since_us` is when it was switched on.
    """

    instigator: InstigatorId
    now_us: int
    scheduled_us: int | None = None
    cursor: str | None = None
    last_run_key: str | None = None
    since_us: int = 0
    last_started_us: int = 0


@serializable
@dataclass(frozen=True, slots=True)
class TickOutcome:
    """What a tick comes to: runs to start, or why there are none.

    `resumed` are recorded runs that were never started and are now. `spent` are run keys that were asked for again, with the run that has
    spent each. `events` are what the function wrote: partitions, facts. `backfill` is driven from the text `backfill_text`
    (`background_backfill.spawn_backfill`). With an `error` nothing else counts.
    """

    runs: tuple[RunRequested, ...] = ()
    resumed: tuple[RunId, ...] = ()
    spent: tuple[tuple[str, str], ...] = ()
    events: tuple[Event, ...] = ()
    backfill: BackfillRequested | None = None
    backfill_text: str = ""
    skip_message: str | None = None
    cursor: str | None = None
    last_run_key: str | None = None
    also: tuple[str, ...] = ()
    log_lines: tuple[str, ...] = ()
    error: ErrorInfo | None = None

    @property
    def status(self) -> Literal["success", "skipped", "failure"]:
        """How the tick ended: it asked for something or did something, it had no reason to, or it failed."""
        if self.error is not None:
            return "failure"
        did = self.runs or self.resumed or self.backfill is not None or self.events
        return "success" if did or not self.skip_message else "skipped"

    def events_of_tick(
        self, task: TickTask, *, started_us: int, at_us: int, attempt: int = 0, log: str = "", will_retry: bool = False
    ) -> tuple[Event, ...]:
        """All that is to be appended, in one transaction. A tick that failed leaves only that it did.

        `attempt` counts the failed tries of the same tick before this one, `will_retry` says that there is another one if it failed; `log`
        is the file of its log lines below the home's state.
        """
        if self.error is not None:
            failed = TickEvaluated(
                at_us, task.instigator, "failure", started_us, task.scheduled_us, error=self.error, attempt=attempt, log=log,
                will_retry=will_retry,
            )  # fmt: skip
            return (failed,)
        starting = [event for run in self.runs for event in (run, RunQueued(at_us, run.run_id))]
        starting += [RunQueued(at_us, run_id) for run_id in self.resumed]
        left_out = len(self.spent) - _MOST_SPENT
        also = (*self.also, f"{counted(left_out, 'more run key')} had been spent") if left_out > 0 else self.also
        evaluated = TickEvaluated(
            at_us, task.instigator, self.status, started_us, task.scheduled_us,
            run_ids=(*(run.run_id for run in self.runs), *self.resumed), spent=self.spent[:_MOST_SPENT], skip_message=self.skip_message,
            cursor=self.cursor, last_run_key=self.last_run_key, attempt=attempt,
            backfill_id=self.backfill.backfill_id if self.backfill is not None else None, also=also, log=log,
        )  # fmt: skip
        return (*self.events, *starting, *((self.backfill,) if self.backfill is not None else ()), evaluated)


def evaluate_tick(scope: Scope, task: TickTask) -> TickOutcome:
    """What a tick comes to. What the function raises, and a request that cannot be run, is the outcome's `error`.

    Raises
    ------
    StorageUnavailable, StorageCorrupt
        If the records cannot be read: that is no fault of the tick, which is to be evaluated again.
    """
    evaluator = Evaluator(scope, keeps_texts=True)
    try:
        found = _evaluated(scope, evaluator, task)
        outcome = _outcome(scope, evaluator, task, found)
    except (KeyboardInterrupt, StorageUnavailable, StorageCorrupt):
        raise
    except BaseException as error:  # noqa: BLE001 - whatever the user's function raises is the outcome, also SystemExit
        return TickOutcome(log_lines=_bounded(evaluator.take_log_lines(), _MOST_LINES), error=error_info(error))
    return outcome


def _evaluated(scope: Scope, evaluator: Evaluator, task: TickTask) -> Evaluation:
    definition = named(scope, task.instigator.kind, task.instigator.name)
    if task.instigator.kind == "schedule":
        at_us = task.scheduled_us if task.scheduled_us is not None else task.now_us
        return evaluator.schedule(definition, _moment(at_us), _moment(task.now_us))
    moment = SensorMoment(_moment(task.now_us), task.cursor, task.last_run_key, task.since_us, task.last_started_us)
    return evaluator.sensor(definition, moment)


def _outcome(scope: Scope, evaluator: Evaluator, task: TickTask, found: Evaluation) -> TickOutcome:
    runs: list[RunRequested] = []
    resumed: list[RunId] = []
    spent: list[tuple[str, str]] = []
    also = [*effects_text(found.events), *found.also]
    fresh = 0
    by_key: dict[str, str] = {}
    for one in found.decided:
        key = one.request.run_key
        if one.what == "resume" and one.run_id is not None:
            resumed.append(one.run_id)
            by_key[key or ""] = one.run_id
        elif one.what == "spent":
            spent.append((key or "", one.run_id or by_key.get(key or "", "")))
            by_key.setdefault(key or "", spent[-1][1])
        else:
            plan = _plan(evaluator.scope, one.request, found)
            if not plan.steps:
                also.append(f"{request_text(one.request)}: nothing is stale, so there is no run")
                fresh += 1
                continue
            run = request_run(scope, plan, found.view, kind="scheduled", user="")
            runs.append(run)
            by_key[key or ""] = run.run_id
    backfill, text = _backfill(scope, task, found)
    skipped = found.skipped
    if not (runs or resumed or backfill or skipped) and (spent or fresh):
        skipped = f"{counted(len(spent), 'run key')} had been spent" if spent else "nothing that was asked for is stale"
    return TickOutcome(
        tuple(runs), tuple(resumed), tuple(spent), found.events, backfill, text, skipped or None, found.cursor, found.last_run_key,
        _bounded(also, _MOST_ALSO), _bounded(evaluator.take_log_lines(), _MOST_LINES),
    )  # fmt: skip


def _plan(scope: Scope, request: RunRequest, found: Evaluation) -> RunPlan:
    """The plan of a request; a wrong one is named."""
    try:
        return plan_of_request(scope, request, found.targets, found.view)
    except (StorageUnavailable, StorageCorrupt):
        raise
    except Error as error:
        raise InvalidInvocationError(f"{request_text(request)} cannot be run: {error}") from None


def _backfill(scope: Scope, task: TickTask, found: Evaluation) -> tuple[BackfillRequested | None, str]:
    """The backfill that conditions want, and the text that it is driven from."""
    if not found.backfill:
        return None, ""
    catalog = scope.catalog
    wanted = {key: WHOLE if catalog.by_key[key].partitions_def is None else ordinals for key, ordinals in found.backfill.items()}
    plan = plan_backfill(catalog, wanted, BackfillOptions(), found.view)
    tags = {**found.tags, SENSOR_TAG: task.instigator.name}
    event = backfill_request(scope, plan, title=f"sensor {task.instigator.name}", tags=tags, by="")
    return event, backfill_text(scope, event.backfill_id, plan)


def _moment(at_us: int) -> datetime:
    return datetime.fromtimestamp(at_us / 1_000_000, UTC)


def _bounded(lines: Iterable[str], most: int) -> tuple[str, ...]:
    found = tuple(lines)
    return found if len(found) <= most else (*found[:most], f"... {len(found) - most} more")
