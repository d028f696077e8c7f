"""The steps of runs, and runs in numbers: folded from their events, which are read for all runs of a list at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cached_property

from nbasset.api.asset_events import MaterializationEvent, materialization_of
from nbasset.api.context import ApiContext, Batch
from nbasset.api.wire import Wire, metadata_entries, seconds, typed
from nbasset.events.facts import AssetMaterialized, ExpectationEvaluated
from nbasset.events.fold import steps_of
from nbasset.events.kinds import RunQueued, RunStarting
from nbasset.events.records import Entry, RunRecord, StepRecord
from nbasset.events.reducers import facts_of
from nbasset.keys import RunId

STEP_STATUS = {
    "running": "IN_PROGRESS", "retrying": "IN_PROGRESS", "succeeded": "SUCCESS", "failed": "FAILURE", "cancelled": "FAILURE",
    "skipped": "SKIPPED", "reused": "SUCCESS",
}  # fmt: skip
_PAGE = 1000


def entries_of_runs(context: ApiContext) -> Batch[str, list[Entry]]:
    """The entries of runs, by the ids of the runs."""

    def read(ids: list[str]) -> Mapping[str, list[Entry]]:
        return {run_id: _entries(context, RunId(run_id)) for run_id in ids}

    return context.batch("entries of runs", read)


def _entries(context: ApiContext, run_id: RunId) -> list[Entry]:
    found: list[Entry] = []
    while page := context.reader.entries(after=found[-1].seq if found else 0, run=run_id, limit=_PAGE):
        found += page
        if len(page) < _PAGE:
            break
    return found


class RunStepStats:
    """One step of a run."""

    typename = "RunStepStats"

    def __init__(self, context: ApiContext, run_id: str, step: StepRecord) -> None:
        self._context = context
        self.run_id = run_id
        self.step_key = step.step
        self._step = step

    @property
    def status(self) -> str | None:
        """How it stands; None while it waits."""
        return STEP_STATUS.get(self._step.status)

    @property
    def start_time(self) -> float | None:
        """When its last attempt began."""
        return seconds(self._step.started_us)

    @property
    def end_time(self) -> float | None:
        """When its last attempt ended."""
        return seconds(self._step.ended_us) if self._step.status not in ("running", "retrying") else None

    @property
    def materializations(self) -> list[MaterializationEvent]:
        """What it made."""
        return [
            materialization_of(self._context, entry.seq, entry.event, fact)
            for entry in _entries_by_step(self._context, self.run_id).get(self.step_key, ())
            for fact in facts_of(entry.event)
            if isinstance(fact, AssetMaterialized)
        ]

    @property
    def expectation_results(self) -> list[Wire]:
        """What it expected, and whether that held."""
        return [expectation(fact) for fact in self._step.facts if isinstance(fact, ExpectationEvaluated)]


def _entries_by_step(context: ApiContext, run_id: str) -> Mapping[str, list[Entry]]:
    """The entries of a run that end steps, by step."""

    def read(ids: list[str]) -> Mapping[str, Mapping[str, list[Entry]]]:
        found: dict[str, dict[str, list[Entry]]] = {run: {} for run in ids}
        for run in ids:
            for entry in entries_of_runs(context).get(run) or ():
                if facts_of(entry.event):
                    found[run].setdefault(getattr(entry.event, "step", ""), []).append(entry)
        return found

    by_step: Mapping[str, list[Entry]] = context.batch("entries by step", read).get(run_id) or {}
    return by_step


def expectation(fact: ExpectationEvaluated) -> Wire:
    """An `ExpectationResult` of the wire."""
    return typed(
        "ExpectationResult", label=fact.label, description=fact.description, success=fact.success,
        metadataEntries=metadata_entries(fact.metadata),
    )  # fmt: skip


def steps_of_run(context: ApiContext, run_id: str) -> list[RunStepStats]:
    """The steps of a run of which anything was recorded, in the order in which they were first heard of."""
    return [RunStepStats(context, run_id, step) for step in step_records(context, run_id).values()]


def step_records(context: ApiContext, run_id: str) -> Mapping[str, StepRecord]:
    """The same as they are folded."""

    def read(ids: list[str]) -> Mapping[str, Mapping[str, StepRecord]]:
        entries = entries_of_runs(context)
        entries.expect(ids)
        return {one: steps_of(entries.get(one) or ()) for one in ids}

    found: Mapping[str, StepRecord] = context.batch("steps of runs", read).get(run_id) or {}
    return found


def step_counts(context: ApiContext, run: RunRecord) -> list[Wire]:
    """How many steps of a run stand how; of one that is over from its record alone."""
    going = 0 if run.is_over else sum(step.status in ("running", "retrying") for step in step_records(context, str(run.run_id)).values())
    counts = Counter({"SUCCESS": run.succeeded, "FAILURE": run.failed, "SKIPPED": run.skipped, "IN_PROGRESS": going})
    return [typed("StepCount", status=status, count=count) for status, count in counts.items() if count]


class RunStats:
    """A run in numbers. Its events are read only for what its record does not say."""

    typename = "RunStatsSnapshot"

    def __init__(self, context: ApiContext, run: RunRecord) -> None:
        self._context = context
        self._run = run
        self.id = f"stats-{run.run_id}"
        self.run_id = str(run.run_id)

    @property
    def steps_succeeded(self) -> int:
        """How many steps ended well."""
        return self._run.succeeded

    @property
    def steps_failed(self) -> int:
        """How many did not."""
        return self._run.failed

    @cached_property
    def _entries(self) -> list[Entry]:
        return entries_of_runs(self._context).get(self.run_id) or []

    def _facts(self, kind: type) -> int:
        return sum(isinstance(fact, kind) for entry in self._entries for fact in facts_of(entry.event))

    def _time(self, kind: type) -> float | None:
        return next((seconds(entry.event.at_us) for entry in self._entries if isinstance(entry.event, kind)), None)

    @property
    def materializations(self) -> int:
        """How many versions it made."""
        return self._facts(AssetMaterialized)

    @property
    def expectations(self) -> int:
        """How many expectations it looked at."""
        return self._facts(ExpectationEvaluated)

    @property
    def enqueued_time(self) -> float | None:
        """When it was put into the queue."""
        return self._time(RunQueued)

    @property
    def launch_time(self) -> float | None:
        """When its process was started."""
        return self._time(RunStarting)

    @property
    def start_time(self) -> float | None:
        """When it began."""
        return self._run.start_time

    @property
    def end_time(self) -> float | None:
        """When it ended."""
        return self._run.end_time
