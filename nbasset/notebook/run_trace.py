"""One run as its events tell it, step by step: what panels draw, and what the lineage and the grid lay over the records.

Records say how assets stand once a step has ended. While a run goes on its steps say more: which wait, which run, which try again. A
`RunTrace` folds the entries of one run, each once, whatever was asked before; `Traces` keeps one for every run that is not over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import field, replace
from typing import TypeAlias

from nbasset import serde
from nbasset.dataclass import dataclass
from nbasset.definitions.catalog import Catalog
from nbasset.definitions.partitions import PartitionsView
from nbasset.drawing.picture import State
from nbasset.errors import Error
from nbasset.events.facts import AssetMaterialized, ErrorInfo, Fact
from nbasset.events.kinds import (
    Event,
    RunCancelled,
    RunFailed,
    RunRequested,
    RunStarted,
    RunSucceeded,
    StepFailed,
    StepRetried,
    StepReused,
    StepSkipped,
    StepStarted,
    StepSucceeded,
)
from nbasset.events.records import Entry, RunRecord
from nbasset.keys import AssetKey, RunId
from nbasset.notebook.wire_views import Attempt
from nbasset.ordinals import OrdinalSet
from nbasset.planning.plan import RunPlan
from nbasset.storage.protocol import StorageReader

_PAGE = 2_000
_RUN_STATES: Mapping[str, State] = {
    "queued": "queued", "not_started": "queued", "starting": "queued", "started": "running", "canceling": "running", "success": "fresh",
    "failure": "failed", "canceled": "canceled",
}  # fmt: skip
_SKIPPED: Mapping[str, State] = {"fresh": "fresh", "cancelled": "canceled"}
OVER: frozenset[State] = frozenset({"fresh", "failed", "skipped", "canceled"})
"""States of a step from which it does not come back."""


@dataclass(frozen=True, slots=True)
class StepTrace:
    """One step: what it makes, where it is, each of its tries. `waits` names the steps that it comes after."""

    key: str
    assets: tuple[AssetKey, ...] = ()
    partitions: OrdinalSet | None = None
    label: str | None = None
    waits: frozenset[str] = frozenset()
    state: State = "queued"
    attempts: tuple[Attempt, ...] = ()
    error: ErrorInfo | None = None
    facts: tuple[Fact, ...] = ()
    note: str = ""

    @property
    def name(self) -> str:
        """What people call it: the asset it makes, else its own key without partitions."""
        return str(self.assets[0]) if self.assets else self.key.partition("[")[0]


@dataclass(slots=True)
class RunTrace:
    """A run and its steps in order. `read` takes in what is new; `changed` are the steps that it touched since somebody last took them.

    With `keeps_events` the events pile up in `events`, for who writes a log of them.
    """

    run_id: RunId
    keeps_events: bool = False
    record: RunRecord | None = None
    steps: dict[str, StepTrace] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    has_plan: bool = False
    _after: int = 0

    @property
    def state(self) -> State:
        """Where the whole run is."""
        return _RUN_STATES[self.record.status] if self.record is not None else "queued"

    @property
    def is_over(self) -> bool:
        """Whether it has reached its end."""
        return self.record is not None and self.record.is_over

    def read(self, reader: StorageReader, catalog: Catalog, view: PartitionsView) -> bool:
        """Take in what was written since; whether there was anything."""
        before = self.record
        self.record = reader.run(self.run_id) or self.record
        if self.record is not None and not self._after:
            self._expect(reader, catalog, view, self.record)
            self._after = max(0, self.record.first_seq - 1)
        found = False
        while entries := reader.entries(after=self._after, run=self.run_id, limit=_PAGE):
            found = True
            self._after = entries[-1].seq
            for entry in entries:
                self._take(entry, catalog, view)
            if len(entries) < _PAGE:
                break
        return found or self.record != before

    def take_changed(self) -> list[StepTrace]:
        """Steps that are different from when this was last asked, in order."""
        changed, self.changed = self.changed, set()
        return [step for key, step in self.steps.items() if key in changed]

    # -- inside ------------------------------------------------------------------------------------------------------------

    def _expect(self, reader: StorageReader, catalog: Catalog, view: PartitionsView, record: RunRecord) -> None:
        """Steps that are to come: those of the stored plan, else what the targets of the run need."""
        plan = plan_of(reader, record)
        if plan is not None:
            self.has_plan = True
            for step in plan.steps:
                label = _label(step.key)
                self._set(StepTrace(step.key, step.assets, step.partitions, label, step.after))
            return
        for target in record.targets:
            asset = catalog.by_key.get(target.asset)
            node = catalog.nodes_by_name.get(asset.node) if asset is not None and asset.node is not None else None
            handle = node.steps[0].handle if node is not None and len(node.steps) == 1 else str(target.asset)
            definition = asset.partitions_def if asset is not None else None
            if target.partitions is None or definition is None:
                self._set(StepTrace(handle, (target.asset,)))
                continue
            for ref in definition.refs_of(target.partitions, view.table):
                self._set(StepTrace(f"{handle}[{ref.key}]", (target.asset,), OrdinalSet.between(ref.ordinal, ref.ordinal + 1), ref.key))

    def _set(self, step: StepTrace) -> None:
        known = self.steps.get(step.key)
        if known is not None and known.assets != step.assets and not known.attempts:
            step = replace(step, assets=(*known.assets, *(one for one in step.assets if one not in known.assets)))
        self.steps[step.key] = step
        self.changed.add(step.key)

    def _take(self, entry: Entry, catalog: Catalog, view: PartitionsView) -> None:
        event = entry.event
        if self.keeps_events:
            self.events.append(event)
        if not isinstance(event, (StepStarted, StepSucceeded, StepFailed, StepRetried, StepSkipped, StepReused)):
            if isinstance(event, (RunSucceeded, RunFailed, RunCancelled)):
                self._close(event)
            return
        before = self.steps.get(event.step) or _unexpected(event, catalog, view)
        self._set(after(before, event, self._began()))

    def _close(self, event: RunSucceeded | RunFailed | RunCancelled) -> None:
        """The run is over: whatever has no end of its own ends with it."""
        end: State = "canceled" if isinstance(event, RunCancelled) else "failed" if isinstance(event, RunFailed) else "skipped"
        for key, step in list(self.steps.items()):
            if step.state in OVER:
                continue
            if not self.has_plan and not step.attempts and step.state == "queued":
                del self.steps[key]  # it was a guess
                self.changed.discard(key)
                continue
            state: State = end if step.attempts else "canceled" if end == "canceled" else "skipped"
            self._set(replace(step, state=state, attempts=_ended(step.attempts, state, event.at_us / 1e6)))

    def _began(self) -> float | None:
        return self.record.started_us / 1e6 if self.record is not None and self.record.started_us else None


def after(step: StepTrace, event: Event, began: float | None) -> StepTrace:
    """The step after one of its events. Pure."""
    if isinstance(event, StepStarted):
        at = event.at_us / 1e6
        attempt = Attempt(_waits_since(step, began, at), None, at, at, state="running")
        return replace(step, state="running", attempts=_with(step.attempts, event.attempt, attempt))
    if isinstance(event, StepSucceeded):
        attempts = _with(step.attempts, event.attempt, _whole(step, event, began))
        return replace(step, state="fresh", attempts=attempts, error=None, facts=event.facts, note=_made(event.facts))
    if isinstance(event, StepFailed):
        state: State = "canceled" if event.cancelled else "failed"
        attempts = _with(step.attempts, event.attempt, _broken(step, event.started_us, event.at_us, state, began))
        return replace(step, state=state, attempts=attempts, error=None if event.cancelled else event.error, facts=event.facts, note="")
    if isinstance(event, StepRetried):
        attempts = _with(step.attempts, event.attempt, _broken(step, event.started_us, event.at_us, "failed", began))
        return replace(step, state="retrying", attempts=attempts, error=event.error, note=f"try {event.attempt + 1} follows")
    if isinstance(event, StepSkipped):
        return replace(step, state=_SKIPPED.get(event.reason, "skipped"), note=_skip_note(event))
    if isinstance(event, StepReused):
        return replace(step, state="fresh", facts=event.facts, note="taken from the run before")
    return step


def plan_of(reader: StorageReader, record: RunRecord) -> RunPlan | None:
    """The plan of a run, if one was stored and can be read."""
    text = reader.text(record.plan_id) if record.plan_id else None
    if text is None:
        return None
    try:
        plan: RunPlan = serde.loads(text)
    except Error:
        return None
    return plan


Overlay: TypeAlias = tuple[tuple[State, OrdinalSet | None], ...]


class Traces:
    """A trace for each run that is not over, kept up to date by `read`."""

    def __init__(self) -> None:
        self.runs: dict[RunId, RunTrace] = {}

    def read(self, reader: StorageReader, catalog: Catalog, view: PartitionsView) -> None:
        """Take in what happened; runs that ended go."""
        active = {record.run_id for record in reader.active_runs()}
        self.runs = {run_id: self.runs.get(run_id) or RunTrace(run_id) for run_id in sorted(active)}
        for trace in self.runs.values():
            trace.read(reader, catalog, view)

    def overlays(self) -> dict[AssetKey, Overlay]:
        """What goes on with each asset: states with their partitions (None: all of it), the one that matters more first."""
        runs: dict[AssetKey, dict[State, list[tuple[int, int]] | None]] = {}
        for trace in self.runs.values():
            for step in trace.steps.values():
                if step.state in OVER:
                    continue
                for key in step.assets:
                    held = runs.setdefault(key, {}).setdefault(step.state, [])
                    if step.partitions is None:
                        runs[key][step.state] = None
                    elif held is not None:
                        held.extend(step.partitions.runs)
        return {
            key: tuple((state, _united(states[state])) for state in ("running", "retrying", "queued") if state in states)
            for key, states in runs.items()
        }

    def touching(self, keys: Collection[AssetKey]) -> list[RunTrace]:
        """Runs that make any of these, the newest last."""
        wanted = frozenset(keys)
        return [trace for trace in self.runs.values() if any(wanted.intersection(step.assets) for step in trace.steps.values())]


def _united(runs: list[tuple[int, int]] | None) -> OrdinalSet | None:
    return None if runs is None else OrdinalSet.of(ordinal for start, stop in runs for ordinal in range(start, stop))


def _unexpected(event: Event, catalog: Catalog, view: PartitionsView) -> StepTrace:
    """A step that nobody announced, by what its key says."""
    key: str = getattr(event, "step", "")
    label = _label(key)
    handle = key.partition("[")[0]
    assets = next((node.assets for node in catalog.nodes_by_name.values() if any(step.handle == handle for step in node.steps)), ())
    made = tuple(fact.asset for fact in getattr(event, "facts", ()) if isinstance(fact, AssetMaterialized))
    made = tuple(dict.fromkeys(made)) or assets
    definition = catalog.by_key[made[0]].partitions_def if made and made[0] in catalog.by_key else None
    partitions: OrdinalSet | None = None
    if label is not None and definition is not None and "..." not in label:
        try:
            ordinal = definition.ordinal_of(label, view.table)
            partitions = OrdinalSet.between(ordinal, ordinal + 1)
        except Error:
            partitions = None
    return StepTrace(key, made, partitions, label)


def _label(key: str) -> str | None:
    """The partitions in the key of a step: ``orders[2013-01-01]``."""
    _, bracket, rest = key.partition("[")
    return rest.removesuffix("]") if bracket else None


def _with(attempts: tuple[Attempt, ...], number: int, attempt: Attempt) -> tuple[Attempt, ...]:
    return (*attempts[: max(0, number - 1)], attempt)


def _waits_since(step: StepTrace, began: float | None, start: float) -> float | None:
    last = step.attempts[-1].ended_at if step.attempts else None
    if step.attempts and step.attempts[-1].ended_at is None:
        return step.attempts[-1].queued_at
    since = last or began
    return since if since is not None and since < start else None


def _whole(step: StepTrace, event: StepSucceeded, began: float | None) -> Attempt:
    start = (event.started_us or event.at_us) / 1e6
    loaded = start + event.load_us / 1e6
    worked = loaded + event.work_us / 1e6
    end = event.at_us / 1e6
    return Attempt(_waits_since(step, began, start), None, start, min(loaded, end), min(worked, end), end, "fresh")


def _broken(step: StepTrace, started_us: int, at_us: int, state: State, began: float | None) -> Attempt:
    start = (started_us or at_us) / 1e6
    return Attempt(_waits_since(step, began, start), None, start, start, at_us / 1e6, at_us / 1e6, state)


def _ended(attempts: tuple[Attempt, ...], state: State, at: float) -> tuple[Attempt, ...]:
    if not attempts or attempts[-1].ended_at is not None:
        return attempts
    return (*attempts[:-1], replace(attempts[-1], ended_at=at, state=state))


def _made(facts: Iterable[Fact]) -> str:
    from nbasset.commands.words import counted

    rows = [fact.rows for fact in facts if isinstance(fact, AssetMaterialized) and fact.rows is not None]
    return counted(sum(rows), "row") if rows else ""


def _skip_note(event: StepSkipped) -> str:
    because = event.because.partition("[")[0]
    return {
        "fresh": "nothing changed", "cancelled": "", "upstream-failed": f"{because} failed" if because else "what it reads failed",
        "upstream-skipped": f"{because} was skipped" if because else "what it reads was skipped",
        "check-failed": f"check {because} failed", "not-yielded": "its output was not given",
    }.get(event.reason, event.reason)  # fmt: skip


def is_event_of_run(event: Event) -> bool:
    """Whether it tells of the run as a whole."""
    return isinstance(event, (RunRequested, RunStarted, RunSucceeded, RunFailed, RunCancelled))
